"""Zero-mean exploration noise: densities, scores and the moments of a clipped action.

With a = clip(theta + X, lower, upper) and H(z) = E (X - z)^+,

    E a            = lower + H(lower - theta) - H(upper - theta)
    d E a / dtheta = P(lower < theta + X < upper)
    d E a^2/dtheta = 2 (E a - lower P(theta + X <= lower) - upper P(theta + X >= upper))
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtr, ndtri

from eqsolve.errors import EqsolveError

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Exploration:
    """Noise of a kind with standard deviation `sigma`.

    Parameters
    ----------
    kind : "gaussian", "uniform" or "logistic"
    sigma : float
        Standard deviation, in the units of the action.

    Raises
    ------
    EqsolveError
        When the kind is unknown or sigma not positive.

    Examples
    --------
    >>> noise = Exploration("gaussian", 0.1)
    >>> mean, slope = noise.clipped_mean(np.array([0.0]), 0.0, np.inf)
    >>> mean.round(6), slope
    (array([0.039894]), array([0.5]))
    """

    kind: str
    sigma: float

    def __post_init__(self) -> None:
        if self.kind not in ("gaussian", "uniform", "logistic"):
            raise EqsolveError(
                f"Exploration noise must be 'gaussian', 'uniform' or 'logistic', not {self.kind!r}."
            )
        if not self.sigma > 0:
            raise EqsolveError(f"Exploration: sigma must be positive, not {self.sigma!r}.")

    @property
    def scale(self) -> float:
        """Half width of the uniform, scale of the logistic, sigma of the Gaussian."""
        factor = {"gaussian": 1.0, "uniform": np.sqrt(3.0), "logistic": np.sqrt(3.0) / np.pi}
        return float(self.sigma * factor[self.kind])

    def draw(self, rng: np.random.Generator, out: Array) -> None:
        """Fill `out` with independent noise."""
        if self.kind == "gaussian":
            rng.standard_normal(out=out)
        else:
            rng.random(out=out)
            if self.kind == "uniform":
                out *= 2.0
                out -= 1.0
            else:
                # log u / (1 - u); u = 0 has probability 2^-53 and must not become -inf.
                np.maximum(out, 1e-300, out=out)
                out[...] = np.log(out) - np.log1p(-out)
        out *= self.scale

    def quantile(self, u: Array) -> Array:
        """Inverse of the distribution function."""
        if self.kind == "gaussian":
            return np.asarray(self.scale * ndtri(u))
        if self.kind == "uniform":
            return np.asarray(self.scale * (2 * u - 1))
        return np.asarray(self.scale * (np.log(u) - np.log1p(-u)))

    def score(self, x: Array) -> Array:
        """- d log density / dx, by which REINFORCE weighs payoffs."""
        if self.kind == "gaussian":
            return x / self.scale**2
        if self.kind == "logistic":
            return np.asarray(np.tanh(x / (2 * self.scale)) / self.scale)
        raise EqsolveError(
            "Uniform exploration has a flat density, so its score says nothing; use "
            "feedback='payoff' (two points) or Gaussian or logistic noise."
        )

    def below(self, z: Array) -> Array:
        """P(X <= z)."""
        if self.kind == "gaussian":
            return np.asarray(ndtr(z / self.scale))
        if self.kind == "uniform":
            return np.asarray(np.clip((z / self.scale + 1) / 2, 0.0, 1.0))
        return np.asarray(expit(z / self.scale))

    def excess(self, z: Array) -> Array:
        """H(z) = E (X - z)^+; zero at z = inf."""
        s = self.scale
        with np.errstate(over="ignore", invalid="ignore"):
            if self.kind == "gaussian":
                density = np.exp(-0.5 * (z / s) ** 2) / np.sqrt(2 * np.pi)
                value = s * density - z * ndtr(-z / s)
            elif self.kind == "uniform":
                inside = np.clip(z, -s, s)
                value = (s - inside) ** 2 / (4 * s) + np.maximum(-s - z, 0.0)
            else:
                value = s * np.logaddexp(0.0, -z / s)
        return np.where(np.isposinf(z), 0.0, value)

    def clipped_mean(self, theta: Array, lower: Any, upper: Any) -> tuple[Array, Array]:
        """E a and its derivative in theta; lower may be -inf."""
        low, high = np.broadcast_to(lower, theta.shape), np.broadcast_to(upper, theta.shape)
        finite = np.isfinite(low)
        base = np.where(finite, low, 0.0)
        mean = np.where(finite, base + self.excess(base - theta), theta)
        mean = mean - self.excess(high - theta)
        slope = self.below(high - theta) - np.where(finite, self.below(base - theta), 0.0)
        return mean, slope

    def clipped_square_slope(self, theta: Array, mean: Array, lower: Any, upper: Any) -> Array:
        """d E a^2 / d theta."""
        low, high = np.broadcast_to(lower, theta.shape), np.broadcast_to(upper, theta.shape)
        base, top = np.where(np.isfinite(low), low, 0.0), np.where(np.isfinite(high), high, 0.0)
        at_low = np.where(np.isfinite(low), self.below(base - theta), 0.0)
        at_high = np.where(np.isfinite(high), 1 - self.below(top - theta), 0.0)
        return np.asarray(2 * (mean - base * at_low - top * at_high))
