"""The gradient of a player's expected payoff in the mean of its noisy, clipped action.

    d/dtheta_i E u_i(a) = E [ d u_i / d a_i (a) ; theta_i + X_i strictly inside the bounds ]

For payoffs a_i (B_i . a + s_i) it has a closed form in the moments of a clipped action.
Otherwise the expectation is taken over fixed quasi-Monte Carlo nodes (Sobol points
through the noise's quantiles, mirrored so that odd moments vanish and whitened to the
exact covariance), which is exact for quadratic payoffs away from the bounds.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

from eqsolve.dynamics.exploration import Exploration
from eqsolve.dynamics.payoff_kernel import bilinear_payoffs

Array = NDArray[np.float64]


def expected_gradient(game: Any, noise: Exploration, theta: Array, nodes: int) -> Array:
    """d E u_i / d theta_i with u_i player i's profit (minus its cost).

    Parameters
    ----------
    game : Game
    noise : Exploration
    theta : ndarray (replications, n)
    nodes : int
        Quadrature nodes where there is no closed form.

    Returns
    -------
    ndarray (replications, n)
    """
    numbers = game.numbers
    form = bilinear_payoffs(game)
    if form is None:
        return np.stack([_by_quadrature(numbers, noise, row, nodes) for row in theta])
    mean, slope = noise.clipped_mean(theta, numbers.lower, numbers.upper)
    square = noise.clipped_square_slope(theta, mean, numbers.lower, numbers.upper)
    own = np.diag(form.slopes)
    others = mean @ form.slopes.T - own * mean
    return np.asarray(slope * (form.margins + others) + own * square)


def _by_quadrature(numbers: Any, noise: Exploration, theta: Array, nodes: int) -> Array:
    raw = theta + noise_nodes(noise, theta.size, nodes)
    inside = (raw > numbers.lower) & (raw < numbers.upper)
    actions = np.clip(raw, numbers.lower, numbers.upper)
    slopes = -numbers.pseudo_gradient(actions)
    return np.asarray(np.where(inside, slopes, 0.0).mean(axis=0))


@lru_cache(maxsize=32)
def noise_nodes(noise: Exploration, dimension: int, count: int) -> Array:
    """Mirrored Sobol nodes of noise, (count, dimension): mean zero, exact covariance."""
    half = max(count // 2, 1)
    unit = qmc.Sobol(dimension, scramble=True, rng=np.random.default_rng(0))
    points = unit.random_base2(int(np.ceil(np.log2(half))))
    x = noise.quantile(np.clip(points, 1e-12, 1 - 1e-12))
    x = np.concatenate([x, -x])
    # Whitened, so that second moments are exact too.
    spread = np.linalg.cholesky(x.T @ x / x.shape[0])
    return np.asarray(noise.sigma * np.linalg.solve(spread, x.T).T)
