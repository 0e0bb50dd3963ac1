"""Learning in which one side leads: two time scales, or the order of play itself.

With c_L the leaders' cost, F the pseudo-gradient, D c_L the total derivative along the
followers' response, g the followers' step and g / tau the leaders':

    two time scales        x_L <- x_L - (g / tau) F_L,     x_F <- x_F - g F_F
    Stackelberg gradient   x_L <- x_L - (g / tau) D c_L,   x_F <- x_F - g F_F
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from eqsolve.concepts import Stackelberg
from eqsolve.dynamics.gradient import noisy
from eqsolve.dynamics.protocol import Schedule, State, Stepped, at, counter
from eqsolve.errors import EqsolveError, NotAGame
from eqsolve.formulations.total_derivative import TotalDerivative
from eqsolve.solvers.replicated import OVERFLOWING

Array = NDArray[np.float64]


class Leading(Stepped):
    """A dynamics with leaders: their names, their step, and the game seen from them."""

    leader: Any
    timescale: float
    noise: float
    leader_step: Schedule | None

    def _set(self, step: Schedule, **rest: Any) -> None:
        super()._set(step, **rest)
        self._positive("timescale", self.timescale)
        self._not_negative("noise", self.noise)
        if self.leader_step is not None:
            self._positive("leader_step", self.leader_step)
            if self.timescale != 1.0:
                raise EqsolveError(
                    f"{type(self).__name__}: timescale and leader_step both set the leader's "
                    "step; give one of them."
                )

    @property
    def is_constant(self) -> bool:
        """Whether neither side's step changes."""
        return not (callable(self.step_length) or callable(self.leader_step))

    def with_step(self, step: Schedule) -> Self:
        """The same dynamics with another step; a constant leader's step keeps its ratio to it."""
        twin = super().with_step(step)
        given, before = self.leader_step, self.step_length
        if given is not None and not (callable(given) or callable(before) or callable(step)):
            object.__setattr__(twin, "leader_step", given * step / before)
        return twin

    def _leaders(self, game: Any) -> tuple[int, ...]:
        return Stackelberg(self.leader).leaders(game.player_names)

    def _lengths(self, game: Any, count: NDArray[np.int64]) -> Array:
        """The step of each coordinate, (n,)."""
        follower = at(self.step_length, count)
        given = self.leader_step
        leader = follower / self.timescale if given is None else at(given, count)
        return np.where(np.isin(game.numbers.owner, self._leaders(game)), leader, follower)


@dataclass(frozen=True, init=False, repr=False)
class TimescaleGradient(Leading):
    """Each player follows its own gradient, leaders more slowly (tau-GDA).

    Parameters
    ----------
    leader : str or sequence of str
    step : float or callable k -> float
        The followers' step; a schedule is called with k = 1, 2, ...
    timescale : float
        The leaders' step is the followers' divided by it.
    noise : float
        Standard deviation of Gaussian noise added to every gradient coordinate.
    leader_step : float or callable k -> float, optional
        Instead of `timescale`.

    Notes
    -----
    For timescales large enough its stable points are the strict local minimax points
    (Fiez and Ratliff 2021, theorem 1).

    Examples
    --------
    >>> TimescaleGradient("a", step=0.1, timescale=20)
    TimescaleGradient(step=0.1, leader='a', timescale=20, noise=0.0, leader_step=None)
    """

    step_length: Schedule
    leader: Any
    timescale: float
    noise: float
    leader_step: Schedule | None

    def __init__(
        self,
        leader: Any,
        step: Schedule,
        timescale: float = 1.0,
        noise: float = 0.0,
        leader_step: Schedule | None = None,
    ) -> None:
        self._set(step, leader=leader, timescale=timescale, noise=noise, leader_step=leader_step)

    def start(self, game: Any, profile: Array) -> State:
        """A step counter."""
        self._leaders(game)
        return (counter(profile),)

    def step(
        self, game: Any, profile: Array, state: State, rng: np.random.Generator
    ) -> tuple[Array, State]:
        """x <- P(x - g_i F_i(x)), with each side's own step g_i."""
        slope = noisy(game.numbers.pseudo_gradient(profile), self.noise, rng)
        moved = game.numbers.project(profile - self._lengths(game, state[0]) * slope)
        return moved, (state[0] + 1,)


class Responding(Leading):
    """A leading dynamics that counts on the followers' response."""

    regularization: float

    def _set(self, step: Schedule, **rest: Any) -> None:
        super()._set(step, **rest)
        self._not_negative("regularization", self.regularization)

    def _total(self, game: Any) -> TotalDerivative:
        leaders, regularization = self._leaders(game), self.regularization
        total: TotalDerivative = game.numbers.once(
            ("total derivative", leaders, regularization),
            lambda symbolic: TotalDerivative(symbolic, leaders, regularization),
        )
        return total

    def start(self, game: Any, profile: Array) -> State:
        """A step counter; what the response needs is compiled here."""
        leaders = self._leaders(game)
        owners = game.numbers.symbolic.row_owner
        if (~np.isin(owners, leaders)).any():
            raise NotAGame(
                f"{type(self).__name__}: followers' responses are differentiated inside their "
                "bounds, and this game has constraints that bind followers; declare them as "
                "bounds on single variables, or use GradientPlay."
            )
        self._slopes(game, profile)
        return (counter(profile),)

    def _slopes(self, game: Any, profile: Array, partial: bool = False) -> Array:
        """D c_L (or d_L c_L) and F_F in the game's order of coordinates, (replications, n)."""
        total = self._total(game)
        slope = np.empty_like(profile)
        both = total.partial_gradients if partial else total.gradients
        slope[:, total.leading], slope[:, total.following] = both(profile)
        self._solved(profile, slope)
        return slope

    def _solved(self, profile: Array, answer: Array) -> None:
        """Refuse what a singular system left; runs that diverged before stay as they are."""
        lost = np.isnan(answer).any(axis=1) & (np.abs(profile) < OVERFLOWING).all(axis=1)
        if lost.any():
            raise EqsolveError(
                f"{type(self).__name__}: the followers' Hessian is singular at a point of the "
                "run, so their response has no derivative there; give regularization > 0."
            )


@dataclass(frozen=True, init=False, repr=False)
class StackelbergGradient(Responding):
    """Leaders follow their total derivative along the followers' response.

    Parameters
    ----------
    leader : str or sequence of str
        Player, or several who decide together (their costs are added).
    step : float or callable k -> float
        The followers' step; a schedule is called with k = 1, 2, ...
    timescale : float
        The leaders' step is the followers' divided by it.
    regularization : float
        Added to the diagonal of the followers' Hessian in the total derivative, where that
        Hessian may be singular.
    noise : float
        Standard deviation of Gaussian noise added to every gradient coordinate.
    leader_step : float or callable k -> float, optional
        Instead of `timescale`; with noise its sum must diverge, its squares' sum converge,
        and it must be of smaller order than `step`.

    Raises
    ------
    NotAGame
        When the run starts: the leader is no player, or constraints other than bounds bind
        followers.
    EqsolveError
        Where the followers' Hessian is singular and not regularized.

    Notes
    -----
    The derivative is exact: from the declared game, by algorithmic differentiation. Several
    followers respond in Nash equilibrium among themselves; a coordinate held by its bound
    does not respond. More than 64 followers' coordinates: the Hessian is never formed, see
    `eqsolve.formulations.response`. Source: Fiez, Chasnov and Ratliff (2020), equations 6
    and 7; in zero-sum games stable points are differential Stackelberg equilibria
    (proposition 2).

    Examples
    --------
    >>> import cvxpy as cp, eqsolve as eq
    >>> q, r = cp.Variable(name="q"), cp.Variable(name="r")
    >>> game = eq.Game([
    ...     eq.Player("a", cp.Maximize(q * (95 - q - r)), [q]),
    ...     eq.Player("b", cp.Maximize(r * (98 - q - r)), [r]),
    ... ])
    >>> learner = StackelbergGradient("a", step=0.2)
    >>> eq.simulate(game, learner, start=[10.0, 10.0], steps=200).final[0].round(6)
    array([46., 26.])
    """

    step_length: Schedule
    leader: Any
    timescale: float
    regularization: float
    noise: float
    leader_step: Schedule | None

    def __init__(
        self,
        leader: Any,
        step: Schedule,
        timescale: float = 1.0,
        regularization: float = 0.0,
        noise: float = 0.0,
        leader_step: Schedule | None = None,
    ) -> None:
        self._set(
            step,
            leader=leader,
            timescale=timescale,
            regularization=regularization,
            noise=noise,
            leader_step=leader_step,
        )

    def step(
        self, game: Any, profile: Array, state: State, rng: np.random.Generator
    ) -> tuple[Array, State]:
        """x_L <- P(x_L - (g / tau) D c_L), x_F <- P(x_F - g F_F)."""
        slope = noisy(self._slopes(game, profile), self.noise, rng)
        moved = game.numbers.project(profile - self._lengths(game, state[0]) * slope)
        return moved, (state[0] + 1,)
