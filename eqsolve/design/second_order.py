r"""What the estimated stationary laws add to the variance, in runs that are not endless.

The variance of a maximum-likelihood estimate is sum a(l, x) in which

    a(l, x) = w_l^2 pi_l(x)^2 sigma2(l, x) / gamma(l, x).

Its pi_l are themselves estimated. To the next order in 1 / n (derived) the log of the estimated
pi_l(x) has variance V(l, x) / n, the asymptotic variance of an average of the reward 1_x / pi_l(x):

    V(l, x) = sum_z pi_l(z)^2 Var(g_x(X1) | z, l) / gamma(l, z),   g_x - P g_x = 1_x / pi_l(x) - 1,

and the variance grows by about the factor exp(sum (a / sum a) V / n), as that of a lognormal
estimate would. Where a mass of 1e-38 stands behind 80 transitions in a row, each estimated from a
few hundred steps, that is a factor of two and more (simulated: three), whatever the relaxation
time.

The sum over x is a trace. Where states are few every x is taken; else random signs e(x) stand for
them (Hutchinson 1990), V being quadratic: the reward is then e sqrt(a) / pi, eight times over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from eqsolve.errors import EqsolveError
from eqsolve.markov import solve_chain

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eqsolve.design.experiment import MarkovExperiment

    Array = NDArray[np.float64]

EVERY = 64  # states up to which each is taken by itself
SIGNS = 8
COUNTS = 1e-6  # share of the variance below which a pair is left out


def second_order_variance(
    experiment: MarkovExperiment, squares: Array, occupancy: Array
) -> float | None:
    """sum (a / sum a) V: divided by the steps, what the laws add to the variance, relatively.

    Parameters
    ----------
    experiment : MarkovExperiment
    squares : ndarray (A,)
        w_l^2, summed over the contrasts.
    occupancy : ndarray (A, S)

    Returns
    -------
    float or None
        None where Poisson's equation of an arm is beyond floating point.

    Examples
    --------
    Without states there are no laws to estimate:

    >>> from eqsolve.design import MarkovExperiment
    >>> two = MarkovExperiment([[[1.0]], [[1.0]]], [[0], [1]], 1.0)
    >>> second_order_variance(two, np.ones(2), np.full((2, 1), 0.5))
    0.0
    """
    root = np.sqrt(squares)[:, None] * np.sqrt(experiment.step_variances)
    seen = occupancy > 0
    # sqrt(a) / pi: what a mass's relative error is weighed with.
    weight = np.divide(root, np.sqrt(occupancy), out=np.zeros_like(root), where=seen)
    part = weight * experiment.stationary
    total = float((part**2).sum())
    if total == 0.0:
        return 0.0
    weight = np.where(part**2 >= COUNTS * total, weight, 0.0) / np.sqrt(total)
    added = 0.0
    for arm, kernel in enumerate(experiment.transitions):
        if not weight[arm].any():
            continue
        columns, mean = _columns(weight[arm])
        try:
            bias = solve_chain(kernel).poisson(columns).bias
        except EqsolveError:
            return None
        spread = _scaled_spread(kernel, bias, experiment.stationary[arm])
        met = spread > 0
        ratio = np.full(spread.shape, np.inf)
        np.divide(spread, occupancy[arm], out=ratio, where=seen[arm])
        added += mean * float(ratio[met].sum())
    return added


def _columns(weight: Array) -> tuple[Array, float]:
    """Rewards (S, k), and what the sum over them is to be multiplied with."""
    kept = np.flatnonzero(weight)
    if kept.size <= EVERY:
        columns = np.zeros((weight.size, kept.size))
        columns[kept, np.arange(kept.size)] = weight[kept]
        return columns, 1.0
    signs = np.random.default_rng(0).choice([-1.0, 1.0], size=(weight.size, SIGNS))
    return weight[:, None] * signs, 1.0 / SIGNS


def _scaled_spread(kernel: Any, bias: Array, law: Array) -> Array:
    """pi(z)^2 Var(g(X1) | z), summed over the columns (S,)."""
    size = law.size
    rows = np.repeat(np.arange(size), np.diff(kernel.indptr))
    total = np.zeros(size)
    for g in bias.T:
        values = g[kernel.indices]
        means = np.bincount(rows, kernel.data * values, minlength=size)
        # Multiplied before it is squared: g may be 1e200 where pi is 1e-200.
        moved = law[rows] * (values - means[rows])
        total += np.bincount(rows, kernel.data * moved**2, minlength=size)
    return total
