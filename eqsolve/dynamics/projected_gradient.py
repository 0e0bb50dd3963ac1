"""Projected gradient: climb the payoff, then return to the simplex.

    x_{t+1} = P(x_t + eta_t u_t),    u_t in units of the player's spread.

Average regret after T rounds (Zinkevich 2003), with 2 the squared diameter of the simplex and
n / 4 the largest squared length of a payoff vector once its mean, which moves nobody, is left
out:

    fixed eta               1 / (eta T) + eta n / 8
    eta_t = c / sqrt(t)     (1/c + c n / 4) / sqrt(T);  c = 2 / sqrt(n) gives sqrt(n / T)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.dynamics.finite_learner import FiniteLearner, rates_at_coordinates
from eqsolve.dynamics.protocol import State
from eqsolve.dynamics.simplices import projected
from eqsolve.errors import EqsolveError

Array = NDArray[np.float64]
SCHEDULES = ("anytime", "fixed")


@dataclass(frozen=True)
class ProjectedGradient(FiniteLearner):
    """Online gradient ascent on every player's own payoff.

    Parameters
    ----------
    rate : float, optional
        Anytime: the c of eta_t = c / sqrt(t), default 2 / sqrt(n) for n actions. Fixed:
        eta itself, which must be given.
    schedule : "anytime" or "fixed"
    feedback : "expected" or "sampled"
    unit : "spread" or float

    Raises
    ------
    EqsolveError
        For a rate that is not positive, or a fixed schedule without one.

    Examples
    --------
    >>> ProjectedGradient().regret_bound(400, 4)
    array(0.1)
    """

    rate: float | None = None
    schedule: str = "anytime"
    feedback: str = "expected"
    unit: str | float = "spread"

    def __post_init__(self) -> None:
        self._check_options()
        if self.schedule not in SCHEDULES:
            raise EqsolveError(
                f"ProjectedGradient: schedule must be one of {SCHEDULES}, not {self.schedule!r}."
            )
        if self.schedule == "fixed" and self.rate is None:
            raise EqsolveError("ProjectedGradient: a fixed schedule needs rate=.")
        if self.rate is not None and not (np.isfinite(self.rate) and self.rate > 0):
            raise EqsolveError(f"ProjectedGradient: rate must be positive, not {self.rate!r}.")

    def rates(self, actions: Any) -> Array:
        """eta, or eta_t sqrt(t) for the anytime schedule, for numbers of actions."""
        sizes = np.asarray(actions, dtype=float)
        return 2 / np.sqrt(sizes) if self.rate is None else np.full(sizes.shape, self.rate)

    def regret_bound(self, rounds: Any, actions: int) -> Array:
        """Proven average regret after `rounds` rounds, in units of the player's spread."""
        T, eta = np.asarray(rounds, dtype=float), float(self.rates(actions))
        if self.schedule == "fixed":
            return np.asarray(1 / (eta * T) + eta * actions / 8)
        return np.asarray((1 / eta + eta * actions / 4) / np.sqrt(T))

    def _memory(self, game: Any, profile: Array) -> State:
        return ()

    def _answer(self, game: Any, profile: Array, told: Array, state: State) -> tuple[Array, State]:
        eta = rates_at_coordinates(self, game.actions)
        if self.schedule == "anytime":
            eta = eta / np.sqrt(int(state[0][0]) + 1)
        return projected(profile + eta * told, game.blocks), ()
