"""Policy gradient: players explore around a mean action and follow their expected payoff.

Action a_i = clip(theta_i + X_i, lower_i, upper_i); in Cournot games the lower bound is zero
(Shi and Zhang 2020). theta_i moves along d/dtheta_i E u_i(a), known exactly or estimated
from the player's own realised payoffs alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import root

from eqsolve.dynamics.expected_gradient import expected_gradient
from eqsolve.dynamics.exploration import Exploration
from eqsolve.dynamics.payoff_kernel import payoff_kernel
from eqsolve.dynamics.protocol import Schedule, State, Stepped, at, counter
from eqsolve.errors import EqsolveError
from eqsolve.results import Table

Array = NDArray[np.float64]
SPREAD = 0.1  # distance of the two plays from theta + X, in standard deviations
FEEDBACKS = ("exact", "score", "payoff")


@dataclass(frozen=True)
class PolicyFixedPoint:
    """Where exact policy gradient rests.

    Attributes
    ----------
    theta : ndarray (n,)
        Mean of the action before it is clipped.
    mean_action : ndarray (n,)
        E a.
    residual : float
        Largest entry of the expected gradient there.
    coordinate_names : tuple of str
    """

    theta: Array
    mean_action: Array
    residual: float
    coordinate_names: tuple[str, ...] = ()

    @property
    def vector(self) -> Array:
        """theta, so that `eq.validate` and `eq.predict_rate` take the fixed point."""
        return self.theta

    def bias(self, equilibrium: Any) -> Array:
        """E a minus the equilibrium: what exploration costs in accuracy, (n,)."""
        return np.asarray(
            self.mean_action - np.asarray(getattr(equilibrium, "vector", equilibrium))
        )

    def table(self) -> Table:
        """One row a coordinate."""
        names = self.coordinate_names or tuple(f"x[{j}]" for j in range(self.theta.size))
        rows = tuple(zip(names, self.theta, self.mean_action, strict=True))
        return Table(("coordinate", "theta", "mean action"), rows)

    def __repr__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


@dataclass(frozen=True, init=False, repr=False)
class PolicyGradient(Stepped):
    """Every player climbs its own expected payoff in the mean of its noisy action.

    Parameters
    ----------
    step : float or callable k -> float
        Step length; a schedule is called with k = 1, 2, ...
    sigma : float
        Standard deviation of the exploration noise, in the units of the action.
    feedback : "exact", "score" or "payoff"
        exact: the gradient of the expected payoff (closed form for quadratic payoffs,
        quasi-Monte Carlo quadrature otherwise). score: REINFORCE from the player's own
        realised payoff. payoff: two plays a step at theta + X + sigma v / 10 and
        theta + X - sigma v / 10, v random signs, X the exploration noise.
    noise : "gaussian", "uniform" or "logistic"
        Kind of exploration.
    baseline : float in (0, 1]
        Weight of the newest payoff in the running mean that REINFORCE subtracts.
    nodes : int
        Quadrature nodes for payoffs that are not quadratic.

    Raises
    ------
    EqsolveError
        For an unknown feedback or noise, and for score feedback with uniform noise.

    Examples
    --------
    >>> PolicyGradient(step=0.05, sigma=0.1, feedback="score").exploration
    Exploration(kind='gaussian', sigma=0.1)
    """

    step_length: Schedule
    sigma: float
    feedback: str
    noise: str
    baseline: float
    nodes: int

    def __init__(
        self,
        step: Schedule,
        sigma: float,
        feedback: str = "exact",
        noise: str = "gaussian",
        baseline: float = 0.01,
        nodes: int = 1024,
    ) -> None:
        if feedback not in FEEDBACKS:
            raise EqsolveError(
                f"PolicyGradient: feedback must be one of {FEEDBACKS}, not {feedback!r}."
            )
        self._set(step, sigma=sigma, feedback=feedback, noise=noise, baseline=baseline, nodes=nodes)
        exploration = self.exploration  # refuses an unknown noise or a sigma of zero
        if feedback == "score":
            exploration.score(np.zeros(1))
        if not 0 < baseline <= 1:
            raise EqsolveError(f"PolicyGradient: baseline must lie in (0, 1], not {baseline!r}.")

    @property
    def exploration(self) -> Exploration:
        """The noise with its moments."""
        return Exploration(self.noise, self.sigma)

    def start(self, game: Any, profile: Array) -> State:
        """A step counter and, for score feedback, each player's running mean payoff."""
        if self.feedback != "score":
            return (counter(profile),)
        payoffs = payoff_kernel(game)(self._clip(game, profile))
        return counter(profile), payoffs

    def step(
        self, game: Any, profile: Array, state: State, rng: np.random.Generator
    ) -> tuple[Array, State]:
        """theta <- theta + g (estimate of d E u_i / d theta_i)."""
        length = at(self.step_length, state[0])
        if self.feedback == "exact":
            slope = self.expected_gradient(game, profile)
            return profile + length * slope, (state[0] + 1,)
        x = np.empty_like(profile)
        self.exploration.draw(rng, x)
        if self.feedback == "payoff":
            return self._two_points(game, profile, x, length, rng), (state[0] + 1,)
        return self._reinforce(game, profile, x, length, state)

    def expected_gradient(self, game: Any, theta: Array) -> Array:
        """d E u_i / d theta_i, (replications, n) to (replications, n)."""
        return expected_gradient(game, self.exploration, theta, self.nodes)

    def _clip(self, game: Any, action: Array) -> Array:
        numbers = game.numbers
        np.maximum(action, numbers.lower, out=action)
        if np.isfinite(numbers.upper).any():
            np.minimum(action, numbers.upper, out=action)
        return action

    def _reinforce(
        self, game: Any, theta: Array, x: Array, length: float, state: State
    ) -> tuple[Array, State]:
        count, mean = state
        payoffs = payoff_kernel(game)(self._clip(game, theta + x))
        payoffs -= mean  # now the advantage
        mean = mean + self.baseline * payoffs
        weight = self.exploration.score(x)
        weight *= payoffs if payoffs.shape == x.shape else payoffs[:, game.numbers.owner]
        weight *= length
        weight += theta
        return weight, (count + 1, mean)

    def _two_points(
        self, game: Any, theta: Array, x: Array, length: float, rng: np.random.Generator
    ) -> Array:
        signs = rng.integers(0, 2, theta.shape) * 2.0 - 1.0
        kernel, centre = payoff_kernel(game), theta + x
        # Close enough that the perturbations of the others do not act as further noise.
        reach = SPREAD * self.sigma
        up = kernel(self._clip(game, centre + reach * signs))
        down = kernel(self._clip(game, centre - reach * signs))
        change = (up - down)[:, game.numbers.owner]
        return np.asarray(theta + length * change * signs / (2 * reach))

    def fixed_point(self, game: Any, start: Any = None) -> PolicyFixedPoint:
        """Where the expected gradient vanishes.

        Parameters
        ----------
        game : Game
        start : array (n,), optional
            Default: the game's default start. The Nash equilibrium is a good one.

        Raises
        ------
        EqsolveError
            When no zero is found: a firm priced out drifts to theta = -inf.
        """
        begin = game.numbers.default_start() if start is None else game.pack(start)

        def slope(theta: Array) -> Array:
            return np.asarray(self.expected_gradient(game, theta[None])[0])

        answer = root(slope, begin, method="hybr", options={"xtol": 1e-14})
        size = float(np.abs(slope(begin)).max(initial=0.0)) + 1.0
        residual = float(np.abs(slope(answer.x)).max(initial=0.0))
        if not residual <= 1e-8 * size:
            raise EqsolveError(
                f"The expected gradient has no zero near the start (smallest found "
                f"{residual:.1e}); a player whose price never covers its cost drifts to minus "
                "infinity. Give start= near the equilibrium, or a smaller sigma."
            )
        numbers = game.numbers
        mean, _ = self.exploration.clipped_mean(answer.x, numbers.lower, numbers.upper)
        return PolicyFixedPoint(answer.x, mean, residual, tuple(game.coordinate_names))
