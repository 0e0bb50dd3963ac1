"""The account of a repeated game: what any learner's play has added up to.

Kept are sums over rounds of

    w_t x_t                     strategies, weighed for the average the learner asks for
    x_t,1 (x) ... (x) x_t,n     joint play, where it fits in memory; from it follow
    u_i(b, x_t,-i), u_i(x_t)    deviation payoffs and payoffs, which are kept alone otherwise.

Sums take in whole chunks of rounds at a time, as matrix products, whoever the learner is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.rates.regret import deviations_of_joint, payoffs_of_joint

Array = NDArray[np.float64]
JOINT_SIZE = 2**24  # numbers of joint play, all replications together, that are kept (128 MB)
RECORDED = 2**25  # numbers of joint play that are recorded, over all records (256 MB)
WORK_SIZE = 2**20  # numbers of intermediate products


@dataclass(frozen=True)
class Averages:
    """What an account shows after K numbers of rounds; not a number before the first.

    Attributes
    ----------
    strategies : ndarray (K, replications, n)
    deviations : ndarray (K, replications, n)
    payoffs : ndarray (K, replications, players)
    joint : ndarray (K, replications, actions_1, ..., actions_n) or None
    """

    strategies: Array
    deviations: Array
    payoffs: Array
    joint: Array | None


def keeps_joint(game: Any, replications: int) -> bool:
    """Whether joint play of so many replications is kept."""
    sizes = np.prod([float(size) for size in game.actions])
    return hasattr(game, "payoffs") and bool(replications * sizes <= JOINT_SIZE)


def records_joint(game: Any, replications: int, records: int) -> bool:
    """Whether joint play is shown at every one of so many records, and not at the last alone."""
    sizes = np.prod([float(size) for size in game.actions])
    return bool(records * replications * sizes <= RECORDED)


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

    def take_recording(
        self, played: Array, first: int, places: Sequence[int], *, joint_too: bool
    ) -> Averages:
        """Add rounds, and show the averages after the numbers of them in `places`, (K, ...).

        Parameters
        ----------
        played : ndarray (rounds, replications, n)
        first : int
            Rounds taken in before.
        places : sequence of int
            Rising, from 1 to the number of rounds.
        joint_too : bool
            Show joint play where it is kept.
        """
        every = len(places) == len(played)
        if every and self.joint.shape[1] and len(played) * self.joint.size <= 4 * WORK_SIZE:
            return self._take_recording_all(played, first, joint_too)
        sums, start = [], 0
        for place in places:
            self.take(played[start:place], first + start)
            sums.append([part.copy() for part in self.parts])
            start = place
        self.take(played[start:], first + start)
        strategies, joint, deviations, payoffs = (
            np.stack(part) for part in zip(*sums, strict=True)
        )
        return self._shown(
            first + np.asarray(places), strategies, joint, deviations, payoffs, joint_too
        )

    def _take_recording_all(self, played: Array, first: int, joint_too: bool) -> Averages:
        """The same where every round is recorded: running sums instead of a loop."""
        outer = np.ones(played.shape[:2])
        for block in self.game.blocks:
            own = played[:, :, block]
            outer = outer[..., None] * own.reshape(*own.shape[:2], *(1,) * (outer.ndim - 2), -1)
        joint = np.cumsum(outer, axis=0) + self.joint
        rounds = first + np.arange(1, len(played) + 1)
        strategies = self.strategies[None]  # the margins of joint play, where rounds count alike
        if self.power:
            weights = rounds.astype(float)[:, None, None] ** self.power
            strategies = np.cumsum(weights * played, axis=0) + self.strategies
            self.strategies = strategies[-1].copy()
        self.joint = joint[-1].copy()
        kept = self.deviations[None], self.payoffs[None]  # empty beside joint play
        return self._shown(rounds, strategies, joint, *kept, joint_too)

    def averages(self, rounds: int, *, joint_too: bool = True) -> Averages:
        """Averages over the rounds taken in so far, which number `rounds`, (1, ...)."""
        strategies, joint, deviations, payoffs = (part[None] for part in self.parts)
        return self._shown(np.array([rounds]), strategies, joint, deviations, payoffs, joint_too)

    def _shown(
        self,
        rounds: NDArray[np.int64],
        strategies: Array,
        joint: Array,
        deviations: Array,
        payoffs: Array,
        joint_too: bool,
    ) -> Averages:
        """Averages from sums after numbers of rounds (K,)."""
        count = np.where(rounds > 0, rounds, np.nan)
        weights = np.array([total_weight(int(k), self.power) or np.nan for k in rounds])
        if not joint.shape[2]:
            return Averages(
                _divided(strategies, weights),
                _divided(deviations, count),
                _divided(payoffs, count),
                None,
            )
        average = _divided(joint, count)
        return Averages(
            _divided(strategies, weights) if self.power else margins(average),
            deviations_of_joint(self.game, average),
            payoffs_of_joint(self.game, average),
            average if joint_too else None,
        )


def _divided(sums: Array, by: Array) -> Array:
    """Sums (K, ...) over one number each."""
    return sums / by.reshape(-1, *(1,) * (sums.ndim - 1))


def margins(joint: Array) -> Array:
    """Every player's margin of joint play (K, replications, actions_1, ...), (K, ..., n)."""
    axes = range(2, joint.ndim)
    each = [joint.sum(axis=tuple(k for k in axes if k != own)) for own in axes]
    return np.concatenate(each, axis=-1)
