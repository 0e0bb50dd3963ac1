"""Gradient play against rotation: corrections by the pseudo-gradient's own Jacobian.

With F the pseudo-gradient, J its Jacobian and A = (J - J') / 2 the part that rotates:

    consensus optimization    x <- P(x - g (F + c J' F))        (Mescheder and others 2017)
    symplectic adjustment     x <- P(x - g (F + s A' F))        (Balduzzi and others 2018)

J' F is the gradient of |F|^2 / 2. Only products with J are taken.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.dynamics.gradient import noisy
from eqsolve.dynamics.protocol import Schedule, State, Stepped, at, counter
from eqsolve.games.products import JacobianBlock

Array = NDArray[np.float64]
TOWARDS_ALIGNED = 0.1  # Balduzzi and others (2018), algorithm 1: breaks ties of the sign


class _Corrected(Stepped, ABC):
    """Gradient play with a correction made of the gradient and the Jacobian's products."""

    noise: float

    def start(self, game: Any, profile: Array) -> State:
        """A step counter; the Jacobian's products are compiled here."""
        self._corrected(game, profile, np.random.default_rng(0))
        return (counter(profile),)

    def step(
        self, game: Any, profile: Array, state: State, rng: np.random.Generator
    ) -> tuple[Array, State]:
        """x <- P(x - g (F + correction)); noise enters the gradient, and so the correction."""
        slope = self._corrected(game, profile, rng)
        moved = game.numbers.project(profile - at(self.step_length, state[0]) * slope)
        return moved, (state[0] + 1,)

    def _corrected(self, game: Any, profile: Array, rng: np.random.Generator) -> Array:
        slope = noisy(game.numbers.pseudo_gradient(profile), self.noise, rng)
        jacobian = game.numbers.once("jacobian", JacobianBlock)
        return slope + self._correction(jacobian, profile, slope)

    @abstractmethod
    def _correction(self, jacobian: JacobianBlock, profile: Array, slope: Array) -> Array:
        """What is added to the pseudo-gradient `slope`, (replications, n)."""


@dataclass(frozen=True, init=False, repr=False)
class ConsensusOptimization(_Corrected):
    """Gradient play that also descends the size of the pseudo-gradient.

    Parameters
    ----------
    step : float or callable k -> float
    consensus : float
        Weight c of the gradient of |F|^2 / 2.
    noise : float
        Standard deviation of Gaussian noise added to every gradient coordinate.

    Notes
    -----
    Mescheder, Nowozin and Geiger (2017), equation 12. A large weight makes every critical
    point attract, maxima of a player's cost included.

    Examples
    --------
    >>> ConsensusOptimization(step=0.1, consensus=0.5)
    ConsensusOptimization(step=0.1, consensus=0.5, noise=0.0)
    """

    step_length: Schedule
    consensus: float
    noise: float

    def __init__(self, step: Schedule, consensus: float = 1.0, noise: float = 0.0) -> None:
        self._set(step, consensus=consensus, noise=noise)
        self._not_negative("consensus", consensus)

    def _correction(self, jacobian: JacobianBlock, profile: Array, slope: Array) -> Array:
        return self.consensus * jacobian.adjoint(profile, slope)


@dataclass(frozen=True, init=False, repr=False)
class SymplecticAdjustment(_Corrected):
    """Gradient play turned towards the fixed points it would circle.

    Parameters
    ----------
    step : float or callable k -> float
    adjustment : float
        Weight s of the rotating part.
    aligned : bool
        Choose the weight's sign so that stable fixed points attract and unstable ones repel.
    noise : float
        Standard deviation of Gaussian noise added to every gradient coordinate.

    Notes
    -----
    Balduzzi and others (2018), algorithm 1.

    Examples
    --------
    >>> SymplecticAdjustment(step=0.1)
    SymplecticAdjustment(step=0.1, adjustment=1.0, aligned=True, noise=0.0)
    """

    step_length: Schedule
    adjustment: float
    aligned: bool
    noise: float

    def __init__(
        self,
        step: Schedule,
        adjustment: float = 1.0,
        aligned: bool = True,
        noise: float = 0.0,
    ) -> None:
        self._set(step, adjustment=adjustment, aligned=aligned, noise=noise)
        self._not_negative("adjustment", adjustment)

    def _correction(self, jacobian: JacobianBlock, profile: Array, slope: Array) -> Array:
        uphill = jacobian.adjoint(profile, slope)
        turned = (uphill - jacobian.forward(profile, slope)) / 2
        if not self.aligned:
            return self.adjustment * turned
        agreement = (slope * uphill).sum(axis=1) * (turned * uphill).sum(axis=1)
        sign = np.sign(agreement / slope.shape[1] + TOWARDS_ALIGNED)
        return np.asarray(self.adjustment * sign[:, None] * turned)
