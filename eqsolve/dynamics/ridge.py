"""Follow the ridge: when the leaders move, the followers are moved along their response.

    d = -(g / tau) D c_L,   x_L <- x_L + d,   x_F <- x_F - g F_F - (d_F F_F)^{-1} d_L F_F d

The correction makes the update's Jacobian triangular, without rotation (Wang, Zhang and
Ba 2019).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.dynamics.gradient import noisy
from eqsolve.dynamics.leading import Responding
from eqsolve.dynamics.protocol import Schedule, State

Array = NDArray[np.float64]


@dataclass(frozen=True, init=False, repr=False)
class FollowTheRidge(Responding):
    """Gradient steps with a correction that keeps the followers on their response.

    Parameters
    ----------
    leader : str or sequence of str
    step : float or callable k -> float
        The followers' step; a schedule is called with k = 1, 2, ...
    timescale : float
        The leaders' step is the followers' divided by it.
    leader_gradient : "total" or "partial"
        What the leaders descend: the total derivative, right for every game, or their own
        partial derivative, the form published for zero-sum games and right only for them.
    regularization : float
        Added to the diagonal of the followers' Hessian.
    noise : float
        Standard deviation of Gaussian noise added to every gradient coordinate.
    leader_step : float or callable k -> float, optional
        Instead of `timescale`.

    Raises
    ------
    NotAGame
        When the run starts: the leader is no player, or constraints other than bounds bind
        followers.
    EqsolveError
        Where the followers' Hessian is singular and not regularized.

    Notes
    -----
    Wang, Zhang and Ba (2019), algorithm 1: in zero-sum games the only stable points are the
    local minimax points (theorem 1).

    Examples
    --------
    >>> FollowTheRidge("a", step=0.1, leader_gradient="partial").leader_gradient
    'partial'
    """

    step_length: Schedule
    leader: Any
    timescale: float
    leader_gradient: str
    regularization: float
    noise: float
    leader_step: Schedule | None

    def __init__(
        self,
        leader: Any,
        step: Schedule,
        timescale: float = 1.0,
        leader_gradient: str = "total",
        regularization: float = 0.0,
        noise: float = 0.0,
        leader_step: Schedule | None = None,
    ) -> None:
        self._set(
            step,
            leader=leader,
            timescale=timescale,
            leader_gradient=leader_gradient,
            regularization=regularization,
            noise=noise,
            leader_step=leader_step,
        )
        self._among("leader_gradient", leader_gradient, ("total", "partial"))

    def step(
        self, game: Any, profile: Array, state: State, rng: np.random.Generator
    ) -> tuple[Array, State]:
        """The module's update, projected on the feasible set."""
        total = self._total(game)
        slope = self._slopes(game, profile, partial=self.leader_gradient == "partial")
        move = -self._lengths(game, state[0]) * noisy(slope, self.noise, rng)
        along = total.response.moved(profile, slope[:, total.following], move[:, total.leading])
        self._solved(profile, along)
        move[:, total.following] += along
        return game.numbers.project(profile + move), (state[0] + 1,)
