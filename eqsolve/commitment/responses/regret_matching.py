"""Followers who play in proportion to positive regret, type by type.

After a play in which a type of a follower, mixing x, would have got u(a) from action a,

    r(a) <- max(0, r(a) + u(a) - x . u),        x(a) = r(a) / sum_b r(b), even where all are zero

(Tammelin, Burch, Johanson and Bowling 2015). No step length is to be chosen. The regret after m
plays of the type is at most S sqrt((n - 1) m), for payoffs of spread S and n actions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.commitment.batch_game import BatchGame
from eqsolve.commitment.responses.per_type import PerType, matched

Array = NDArray[np.float64]


@dataclass(frozen=True)
class RegretMatchingPlus(PerType):
    """Regret matching that forgets negative regret.

    Parameters
    ----------
    final : "last", "average_joint" or "argmax"
        How followers behave in the reward phase: the last mix, average joint play, or the
        actions of largest regret with ties split evenly.
    feedback : "sampled" or "expected"
        Types and others' actions drawn every play, or expected payoffs of every type.

    Raises
    ------
    BadCommitment
        For an unknown word.

    Examples
    --------
    >>> RegretMatchingPlus("average_joint")
    RegretMatchingPlus(final='average_joint', feedback='sampled')
    """

    final: str = "last"
    feedback: str = "sampled"

    needs_mixes = True

    def __post_init__(self) -> None:
        self._check_options()

    def regret_bound(self, plays: Any, actions: int, spread: Any) -> Array:
        """Proven regret over `plays` plays of a type, S sqrt((n - 1) m)."""
        rounds = np.asarray(plays, dtype=float)
        return np.asarray(np.asarray(spread) * np.sqrt((actions - 1) * rounds))

    def _mix(self, own: tuple[Array, ...]) -> Array:
        return matched(own[0])

    def _learn(
        self,
        game: BatchGame,
        own: tuple[Array, ...],
        mix: Array | None,
        paid: Array,
        came: NDArray[np.bool_] | None,
    ) -> tuple[Array, ...]:
        assert mix is not None
        gained = paid - (paid * mix).sum(axis=2, keepdims=True)
        regrets = np.maximum(own[0] + gained, 0.0)
        return (regrets if came is None else np.where(came[:, :, None], regrets, own[0]),)
