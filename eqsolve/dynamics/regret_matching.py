"""Regret matching: actions are played in proportion to how much they are regretted.

With r_t(b) = u_t(b) - <u_t, x_t> the regret of round t for not having played b,

    regret matching         R_t = R_{t-1} + r_t       x_{t+1} ~ R_t^+
    regret matching plus    Q_t = (Q_{t-1} + r_t)^+   x_{t+1} ~ Q_t
    predictive, plus        the same Q_t              x_{t+1} ~ (Q_t + r_t)^+

(Hart and Mas-Colell 2000; Tammelin and others 2015; Farina, Kroer and Sandholm 2021),
all with even mixing where nothing is positive. No step length is to be chosen. The average
regret after T rounds is at most the root of sum_t |r_t|^2, over T, and |r_t|^2 <= n - 1 for
payoffs in [0, 1] and n actions: sqrt((n - 1) / T). Predictive, it is at most sqrt(2) times the
root of sum_t |r_t - r_{t-1}|^2, over T (there, theorem 3): sqrt(8 (n - 1) / T) against anybody,
and far less when the others' play changes little from round to round.
"""

from __future__ import annotations

from abc import ABC
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.dynamics.finite_learner import FiniteLearner, Rounds
from eqsolve.dynamics.protocol import State
from eqsolve.dynamics.simplices import block_sums, matched
from eqsolve.dynamics.two_player_rounds import plays_in_rounds, regret_rounds
from eqsolve.errors import EqsolveError

Array = NDArray[np.float64]
AVERAGES = {"uniform": 0, "linear": 1, "quadratic": 2}


class _Regrets(FiniteLearner, ABC):
    """What the three have in common."""

    alternating: bool
    average: str
    clipped = False
    predictive = False
    unit = 1.0  # regret matching plays the same whatever the payoffs' unit

    def __post_init__(self) -> None:
        self._check_options()
        if self.average not in AVERAGES:
            raise EqsolveError(
                f"{type(self).__name__}: average must be one of {tuple(AVERAGES)}, not "
                f"{self.average!r}."
            )

    @property
    def averaging(self) -> int:  # type: ignore[override]
        """Power of the round's number that weighs it in the average strategy."""
        return AVERAGES[self.average]

    def regret_bound(self, rounds: Any, actions: int) -> Array:
        """Proven average regret after `rounds` rounds, in units of the player's spread.

        Parameters
        ----------
        rounds : int or array_like of int
        actions : int
            Of the player.
        """
        T = np.asarray(rounds, dtype=float)
        squares = (actions - 1) * (2 * (1 + 4 * (T - 1)) if self.predictive else T)
        return np.asarray(np.sqrt(squares) / T)

    def step(
        self, game: Any, profile: Array, state: State, rng: np.random.Generator
    ) -> tuple[Array, State]:
        """One round; with `alternating`, each player sees the moves already made in it."""
        if not self.alternating:
            return super().step(game, profile, state, rng)
        moved, memory = profile.copy(order="K"), [part.copy(order="K") for part in state[1:]]
        for block in game.blocks:
            told = self._told(game, moved, rng)
            answer, after = self._answer(game, moved, told, state)
            moved[:, block] = answer[:, block]
            for part, new in zip(memory, after, strict=True):
                part[:, block] = new[:, block]
        return moved, (state[0] + 1, *memory)

    def rounds(self, game: Any, replications: int) -> Rounds | None:
        """Many rounds of two players at once, without allocating."""
        if self.feedback != "expected" or self.alternating:
            return None
        if not plays_in_rounds(game, replications):
            return None
        return regret_rounds(game, clipped=self.clipped, predictive=self.predictive)

    def _memory(self, game: Any, profile: Array) -> State:
        zero = np.zeros_like(profile)
        return (zero, zero.copy(order="K")) if self.predictive else (zero,)

    def _answer(self, game: Any, profile: Array, told: Array, state: State) -> tuple[Array, State]:
        now = told - block_sums(told * profile, game.blocks)
        regrets = state[1] + now
        if self.clipped:
            np.maximum(regrets, 0.0, out=regrets)
        if self.predictive:
            return matched(regrets + now, game.blocks), (regrets, now)
        return matched(regrets, game.blocks), (regrets,)


@dataclass(frozen=True)
class RegretMatching(_Regrets):
    """Play in proportion to positive regret.

    Parameters
    ----------
    feedback : "expected" or "sampled"
    alternating : bool
        Players move in turn within a round, each seeing the moves already made. The
        regret bound is for moving together.
    average : "uniform", "linear" or "quadratic"
        How rounds are weighed in the average strategy; regret always weighs them alike.

    Notes
    -----
    Hart and Mas-Colell (2000), in its external-regret form.

    Examples
    --------
    >>> RegretMatching().regret_bound(300, 4)
    array(0.1)
    """

    feedback: str = "expected"
    alternating: bool = False
    average: str = "uniform"


@dataclass(frozen=True)
class RegretMatchingPlus(_Regrets):
    """Regret matching that forgets negative regret.

    Parameters
    ----------
    feedback : "expected" or "sampled"
    alternating : bool
        With linear averaging, as in the published form.
    average : "uniform", "linear" or "quadratic"

    Notes
    -----
    Tammelin, Burch, Johanson and Bowling (2015).

    Examples
    --------
    >>> RegretMatchingPlus().averaging
    1
    """

    feedback: str = "expected"
    alternating: bool = False
    average: str = "linear"

    clipped = True


@dataclass(frozen=True)
class PredictiveRegretMatchingPlus(_Regrets):
    """Regret matching plus that expects the last round's regrets once more.

    Parameters
    ----------
    feedback : "expected" or "sampled"
    alternating : bool
    average : "uniform", "linear" or "quadratic"
        Quadratic in the published experiments.

    Notes
    -----
    Farina, Kroer and Sandholm (2021), algorithm 4.

    Examples
    --------
    >>> PredictiveRegretMatchingPlus().predictive
    True
    """

    feedback: str = "expected"
    alternating: bool = False
    average: str = "quadratic"

    clipped = True
    predictive = True
