"""Followers who learn by multiplicative weights, type by type.

After a play in which follower i has type theta and would have got u(a) from action a, all else
equal, its weights for that type become

    w(theta, a) <- w(theta, a) (1 + epsilon)^(u(a) / unit),       played in proportion to them

(Freund and Schapire 1999; type by type Hartline, Syrgkanis and Tardos 2015, "No-regret learning
in Bayesian games"). What is read off after E plays changes the answer to the leader's problem,
and is an argument (`final`).

Average joint play comes near the Bayesian coarse correlated equilibria. With
eta = ln(1 + epsilon) / unit, payoffs of spread S, n actions and T plays, the regret of a type that
has come m times is at most ln n / eta + eta S^2 m / 8 (Cesa-Bianchi and Lugosi 2006, theorem 2.2);
m and the sums over plays differ from their expectations by a multiple of sqrt(T) (Hoeffding,
Azuma). `gap_bound` adds up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.commitment.batch_game import BatchGame
from eqsolve.commitment.responses.per_type import PerType, softmax
from eqsolve.errors import BadCommitment

Array = NDArray[np.float64]


@dataclass(frozen=True)
class MultiplicativeWeights(PerType):
    """Weights grow by a factor (1 + epsilon) to the power of payoffs.

    Parameters
    ----------
    epsilon : float
        Positive.
    final : "last", "average_joint" or "argmax"
        How followers behave in the reward phase: the last mix, one of the plays drawn evenly
        and followed by all, or the heaviest actions with ties split evenly.
    feedback : "sampled" or "expected"
        Types and others' actions drawn every play, or expected payoffs of every type.
    unit : float
        What payoffs are divided by, such as the largest payoff of anybody.

    Raises
    ------
    BadCommitment
        For an epsilon or a unit that is not positive, or an unknown word.

    Examples
    --------
    >>> MultiplicativeWeights(final="argmax")
    MultiplicativeWeights(epsilon=0.1, final='argmax', feedback='sampled', unit=1.0)
    """

    epsilon: float = 0.1
    final: str = "last"
    feedback: str = "sampled"
    unit: float = 1.0

    def __post_init__(self) -> None:
        _check_step(self)
        self._check_options()

    def regret_bound(self, plays: Any, actions: int, spread: Any) -> Array:
        """Proven regret over `plays` plays of a type, ln n / eta + eta S^2 m / 8."""
        return _bound(_step(self), plays, actions, spread, 1 / 8)

    def _mix(self, own: tuple[Array, ...]) -> Array:
        return softmax(own[0])

    def _learn(
        self,
        game: BatchGame,
        own: tuple[Array, ...],
        mix: Array | None,
        paid: Array,
        came: NDArray[np.bool_] | None,
    ) -> tuple[Array, ...]:
        gained = paid * _step(self)
        if came is not None:
            gained = gained * came[:, :, None]
        scores = own[0]
        scores += gained
        return (scores,)


@dataclass(frozen=True)
class OptimisticMultiplicativeWeights(PerType):
    """Multiplicative weights that expect the last payoffs once more.

    Scores are ln(1 + epsilon) / unit times (the sum of payoffs so far + the last ones), type by
    type (Rakhlin and Sridharan 2013).

    Parameters
    ----------
    epsilon, final, feedback, unit
        As for `MultiplicativeWeights`.

    Examples
    --------
    >>> OptimisticMultiplicativeWeights().memories
    1
    """

    epsilon: float = 0.1
    final: str = "last"
    feedback: str = "sampled"
    unit: float = 1.0

    memories = 1

    def __post_init__(self) -> None:
        _check_step(self)
        self._check_options()

    def regret_bound(self, plays: Any, actions: int, spread: Any) -> Array:
        """Proven regret over `plays` plays of a type, ln n / eta + eta S^2 m / 2.

        Rakhlin and Sridharan (2013), lemma 1, when payoffs change by as much as they can;
        far less when they hardly change.
        """
        return _bound(_step(self), plays, actions, spread, 1 / 2)

    def _mix(self, own: tuple[Array, ...]) -> Array:
        return softmax(own[0] + own[1])

    def _learn(
        self,
        game: BatchGame,
        own: tuple[Array, ...],
        mix: Array | None,
        paid: Array,
        came: NDArray[np.bool_] | None,
    ) -> tuple[Array, ...]:
        gained = paid * _step(self)
        if came is None:
            return own[0] + gained, np.broadcast_to(gained, own[1].shape)
        it = came[:, :, None]
        return own[0] + gained * it, np.where(it, gained, own[1])


def _step(response: MultiplicativeWeights | OptimisticMultiplicativeWeights) -> float:
    """eta, by which a score grows with a unit of payoff."""
    return float(np.log1p(response.epsilon)) / response.unit


def _bound(eta: float, plays: Any, actions: int, spread: Any, curvature: float) -> Array:
    if actions == 1:
        return np.zeros(np.shape(spread))
    growth = curvature * eta * np.asarray(spread, dtype=float) ** 2
    return np.asarray(np.log(actions) / eta + growth * np.asarray(plays, dtype=float))


def _check_step(response: MultiplicativeWeights | OptimisticMultiplicativeWeights) -> None:
    for name in ("epsilon", "unit"):
        value = getattr(response, name)
        if not (np.isfinite(value) and value > 0):
            raise BadCommitment(
                f"{type(response).__name__}: {name} must be positive, not {value!r}."
            )
