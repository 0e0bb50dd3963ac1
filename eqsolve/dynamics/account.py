"""The account of a repeated game: what any learner's play has added up to.

Kept are sums over rounds of

    w_t x_t                     strategies, weighed for the average the learner asks for
    x_t,1 (x) ... (x) x_t,n     joint play, where it fits in memory; from it follow
    u_i(b, x_t,-i), u_i(x_t)    deviation payoffs and payoffs, which are kept alone otherwise.

Sums take in whole chunks of rounds at a time, as matrix products, whoever the learner is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.rates.regret import deviations_of_joint, payoffs_of_joint

Array = NDArray[np.float64]
JOINT_SIZE = 2**24  # numbers of joint play, all replications together, that are kept (128 MB)
WORK_SIZE = 2**20  # numbers of intermediate products


@dataclass(frozen=True)
class Averages:
    """What an account shows after some rounds; not a number before the first.

    Attributes
    ----------
    strategies : ndarray (replications, n)
    deviations : ndarray (replications, n)
    payoffs : ndarray (replications, players)
    joint : ndarray (replications, actions_1, ..., actions_n) or None
    """

    strategies: Array
    deviations: Array
    payoffs: Array
    joint: Array | None


def keeps_joint(game: Any, replications: int) -> bool:
    """Whether joint play of so many replications is kept."""
    sizes = np.prod([float(size) for size in game.actions])
    return hasattr(game, "payoffs") and bool(replications * sizes <= JOINT_SIZE)


def total_weight(rounds: int, power: int) -> float:
    """1 + 2**power + ... + rounds**power.

    >>> total_weight(3, 2)
    14.0
    """
    if power == 0:
        return float(rounds)
    if power == 1:
        return rounds * (rounds + 1) / 2
    if power == 2:
        return rounds * (rounds + 1) * (2 * rounds + 1) / 6
    return float((np.arange(1.0, rounds + 1) ** power).sum())


class Account:
    """Sums over the rounds of one block of replications.

    Parameters
    ----------
    game : finite game
    strategies : ndarray (replications, n)
    joint : ndarray (replications, actions_1, ...) or (replications, 0) where it is not kept
    deviations : ndarray (replications, n) or (replications, 0) where joint play is kept
    payoffs : ndarray (replications, players) or (replications, 0)
    power : int
        Round t weighs t**power in the average strategy.
    """

    def __init__(
        self,
        game: Any,
        strategies: Array,
        joint: Array,
        deviations: Array,
        payoffs: Array,
        power: int,
    ) -> None:
        self.game, self.power = game, power
        self.strategies, self.joint = strategies, joint
        self.deviations, self.payoffs = deviations, payoffs

    @classmethod
    def opened(cls, game: Any, replications: int, power: int, *, joint: bool) -> Account:
        """An account without any rounds."""
        empty = np.zeros((replications, 0))
        sums = np.zeros((replications, game.n))
        if joint:
            kept = np.zeros((replications, *game.actions))
            return cls(game, sums, kept, empty, empty, power)
        paid = np.zeros((replications, len(game.actions)))
        return cls(game, sums, empty, np.zeros((replications, game.n)), paid, power)

    @property
    def parts(self) -> tuple[Array, ...]:
        """What a run needs to be resumed, in the order of the constructor."""
        return self.strategies, self.joint, self.deviations, self.payoffs

    def take(self, played: Array, first: int) -> None:
        """Add rounds first + 1, first + 2, ... in which `played` (rounds, replications, n)."""
        if not len(played):
            return
        if self.power:
            weights = np.arange(first + 1, first + len(played) + 1, dtype=float) ** self.power
            self.strategies += np.tensordot(weights, played, 1)
        elif not self.joint.shape[1]:
            self.strategies += played.sum(axis=0)
        if self.joint.shape[1]:
            self._take_joint(played)
            return
        paid = self.game.deviation_payoffs(played)
        self.deviations += paid.sum(axis=0)
        held = paid * played
        for player, block in enumerate(self.game.blocks):
            self.payoffs[:, player] += held[..., block].sum(axis=(0, 2))

    def _take_joint(self, played: Array) -> None:
        """Outer products over players, summed over rounds by one matrix product a replication."""
        *others, last = self.game.blocks
        runs, size = played.shape[1], int(np.prod(self.game.actions[:-1]))
        at_once = max(1, WORK_SIZE // (runs * size))
        flat = self.joint.reshape(runs, size, -1)
        for start in range(0, len(played), at_once):
            rounds = np.ascontiguousarray(played[start : start + at_once].transpose(1, 0, 2))
            left = np.ones((runs, rounds.shape[1], 1))
            for block in others:
                left = (left[..., :, None] * rounds[..., None, block]).reshape(*left.shape[:2], -1)
            flat += left.transpose(0, 2, 1) @ rounds[..., last]

    def averages(self, rounds: int, *, joint_too: bool = True) -> Averages:
        """Averages over the rounds taken in so far, which number `rounds`."""
        total = total_weight(rounds, self.power)
        with np.errstate(invalid="ignore"):
            strategies = self._strategies() / (total or np.nan)
            joint = self.joint / (rounds or np.nan) if self.joint.shape[1] else None
            if joint is not None:
                paid = deviations_of_joint(self.game, joint)
                own = payoffs_of_joint(self.game, joint)
                return Averages(strategies, paid, own, joint if joint_too else None)
            count = rounds or np.nan
            return Averages(strategies, self.deviations / count, self.payoffs / count, None)

    def _strategies(self) -> Array:
        """Sums of weighed strategies; alike weighed, they are the margins of joint play."""
        if self.power or not self.joint.shape[1]:
            return self.strategies
        axes = range(1, self.joint.ndim)
        margins = [self.joint.sum(axis=tuple(k for k in axes if k != own)) for own in axes]
        return np.concatenate(margins, axis=1)
