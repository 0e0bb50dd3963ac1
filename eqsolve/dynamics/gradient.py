"""First-order learning: every player follows the gradient of its own cost.

With F the pseudo-gradient and P the projection on the feasible set:

    gradient play       x <- P(x - g F(x))
    extra-gradient      z = P(x - g F(x)),  x <- P(x - g F(z))          (Korpelevich 1976)
    optimistic          x <- P(x - g (2 F(x) - F(x_previous)))          (Popov 1980)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.dynamics.protocol import Schedule, State, Stepped, at, counter

Array = NDArray[np.float64]


def noisy(slope: Array, noise: float, rng: np.random.Generator) -> Array:
    """A gradient seen with Gaussian noise of standard deviation `noise`."""
    return slope + noise * rng.standard_normal(slope.shape) if noise else slope


@dataclass(frozen=True, init=False, repr=False)
class GradientPlay(Stepped):
    """Simultaneous gradient descent, each player on its own cost.

    Parameters
    ----------
    step : float or callable k -> float
        Step length; a schedule is called with k = 1, 2, ...
    noise : float
        Standard deviation of Gaussian noise added to every gradient coordinate.

    Examples
    --------
    >>> GradientPlay(step=0.1)
    GradientPlay(step=0.1, noise=0.0)
    """

    step_length: Schedule
    noise: float

    def __init__(self, step: Schedule, noise: float = 0.0) -> None:
        self._set(step, noise=noise)

    def start(self, game: Any, profile: Array) -> State:
        """A step counter."""
        return (counter(profile),)

    def step(
        self, game: Any, profile: Array, state: State, rng: np.random.Generator
    ) -> tuple[Array, State]:
        """x <- P(x - g F(x))."""
        slope = noisy(game.numbers.pseudo_gradient(profile), self.noise, rng)
        moved = game.numbers.project(profile - at(self.step_length, state[0]) * slope)
        return moved, (state[0] + 1,)


@dataclass(frozen=True, init=False, repr=False)
class ExtraGradient(Stepped):
    """A trial step, then a step from the start with the trial point's gradient.

    Converges in monotone games where gradient play circles (Korpelevich 1976).

    Parameters
    ----------
    step : float or callable k -> float
    noise : float
        Standard deviation of Gaussian noise added to both gradients.

    Examples
    --------
    >>> ExtraGradient(step=0.1).step_length
    0.1
    """

    step_length: Schedule
    noise: float

    def __init__(self, step: Schedule, noise: float = 0.0) -> None:
        self._set(step, noise=noise)

    def start(self, game: Any, profile: Array) -> State:
        """A step counter."""
        return (counter(profile),)

    def step(
        self, game: Any, profile: Array, state: State, rng: np.random.Generator
    ) -> tuple[Array, State]:
        """z = P(x - g F(x)), x <- P(x - g F(z))."""
        numbers, length = game.numbers, at(self.step_length, state[0])
        slope = noisy(numbers.pseudo_gradient(profile), self.noise, rng)
        trial = numbers.project(profile - length * slope)
        slope = noisy(numbers.pseudo_gradient(trial), self.noise, rng)
        return numbers.project(profile - length * slope), (state[0] + 1,)


@dataclass(frozen=True, init=False, repr=False)
class OptimisticGradient(Stepped):
    """One gradient a step, extrapolated by the last one.

    Keeps extra-gradient's convergence at half its price (Popov 1980; Daskalakis and
    others 2018).

    Parameters
    ----------
    step : float or callable k -> float
    noise : float
        Standard deviation of Gaussian noise added to every gradient coordinate.

    Examples
    --------
    >>> OptimisticGradient(step=0.1).noise
    0.0
    """

    step_length: Schedule
    noise: float

    def __init__(self, step: Schedule, noise: float = 0.0) -> None:
        self._set(step, noise=noise)

    def start(self, game: Any, profile: Array) -> State:
        """A step counter and the gradient at the start."""
        return counter(profile), game.numbers.pseudo_gradient(profile)

    def step(
        self, game: Any, profile: Array, state: State, rng: np.random.Generator
    ) -> tuple[Array, State]:
        """x <- P(x - g (2 F(x) - F(x_previous)))."""
        numbers, (count, previous) = game.numbers, state
        slope = noisy(numbers.pseudo_gradient(profile), self.noise, rng)
        length = at(self.step_length, count)
        moved = numbers.project(profile - length * (2 * slope - previous))
        return moved, (count + 1, slope)
