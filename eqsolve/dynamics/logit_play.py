"""Logit response: better actions are likelier, in proportion to exp(precision times payoff).

    x_i  <-  (1 - w) x_i + w softmax(lambda u_i(. , y_-i)),

y the others' present mixes, or their averages (smooth fictitious play: Fudenberg and Levine
1995, its limit points logit equilibria: Hofbauer and Sandholm 2002). Fixed points are the
logit quantal response equilibria of McKelvey and Palfrey (1995).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.dynamics.finite_learner import FiniteLearner
from eqsolve.dynamics.protocol import State
from eqsolve.dynamics.simplices import softmax
from eqsolve.errors import EqsolveError

Array = NDArray[np.float64]
AGAINST = ("current", "average")


@dataclass(frozen=True)
class LogitResponse(FiniteLearner):
    """Smoothed best responses to present or to average play.

    Parameters
    ----------
    precision : float
        lambda, per unit of payoff: 0 mixes evenly, infinity would best-respond.
    against : "current" or "average"
    inertia : float in [0, 1)
        Share of the old strategy that is kept (1 - w).
    feedback : "expected" or "sampled"
        Sampled feedback is averaged for ``against="average"``.
    unit : float or "spread"
        What payoffs are divided by; 1.0 leaves them as they are.

    Raises
    ------
    EqsolveError
        For a negative precision, an inertia outside [0, 1), or an unknown word.

    Examples
    --------
    >>> import eqsolve as eq
    >>> pennies = eq.NormalFormGame.bimatrix([[1, -1], [-1, 1]])
    >>> learner = LogitResponse(precision=0.5, inertia=0.5)
    >>> path = eq.simulate(pennies, learner, start=[0, 1], steps=200)
    >>> path.final.round(6)
    array([[0.5, 0.5, 0.5, 0.5]])
    """

    precision: float
    against: str = "current"
    inertia: float = 0.0
    feedback: str = "expected"
    unit: str | float = 1.0

    def __post_init__(self) -> None:
        self._check_options()
        if not (np.isfinite(self.precision) and self.precision >= 0):
            raise EqsolveError(
                f"LogitResponse: precision must be 0 or more, not {self.precision!r}."
            )
        if not 0 <= self.inertia < 1:
            raise EqsolveError(f"LogitResponse: inertia must lie in [0, 1), not {self.inertia!r}.")
        if self.against not in AGAINST:
            raise EqsolveError(
                f"LogitResponse: against must be one of {AGAINST}, not {self.against!r}."
            )

    def _memory(self, game: Any, profile: Array) -> State:
        return (np.zeros_like(profile),) if self.against == "average" else ()

    def _answer(self, game: Any, profile: Array, told: Array, state: State) -> tuple[Array, State]:
        memory: State = ()
        if self.against == "average":
            # Averaging payoffs is averaging the others' joint play, whatever their number.
            memory = (state[1] + told,)
            told = memory[0] / (state[0][0] + 1)
        answer = softmax(self.precision * told, game.blocks)
        return self.inertia * profile + (1 - self.inertia) * answer, memory
