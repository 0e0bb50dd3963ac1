"""Naive difference and Differences-in-Q of many replications of one small experiment at once.

The same numbers as `naive` and `differences_in_q` give one log at a
time, without standard errors. Of the logged chain, with frequencies P, rewards r and, u uniform,

    Z = (I - P + 1 u')^-1,    rho' = u' Z,    V = Z (r - rho' r),

one batched inverse gives the stationary law and the bias (see `replicated`), and

    sum_x rho(x) sum_l w_l (r(l, x) + sum_y P_l(x, y) V(y))

is the difference of Q.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

POSITIVE = 1e-9  # stationary mass, times the states, that is told from rounding
AT_ONCE = 4_000_000  # entries of the arrays worked on together


def naive_many(counts: Array, sums: Array, contrast: Array) -> Array:
    """Difference of mean rewards of each replication (replications,).

    Parameters
    ----------
    counts, sums : ndarray (replications, A, S, S)
        Steps, and sums of their rewards.
    contrast : ndarray (A,)

    Returns
    -------
    ndarray (replications,)
        nan where an arm with weight was never played.

    Examples
    --------
    >>> steps = np.full((1, 2, 1, 1), 100.0)
    >>> naive_many(steps, np.array([[[[50.0]], [[80.0]]]]), np.array([-1.0, 1.0])).round(12)
    array([0.3])
    """
    used = contrast != 0
    with np.errstate(invalid="ignore"):
        means = sums.sum(axis=(2, 3))[:, used] / counts.sum(axis=(2, 3))[:, used]
    return np.asarray(means @ contrast[used])


def differences_in_q_many(counts: Array, sums: Array, contrast: Array) -> Array:
    """Differences-in-Q of each replication (replications,).

    Parameters and example as in `naive_many`.

    Returns
    -------
    ndarray (replications,)
        nan where an arm with weight was never played in some state, or the log does not come
        back to every state: such logs want the slower, careful route of single logs.
    """
    values = np.full(counts.shape[0], np.nan)
    together = max(1, AT_ONCE // max(1, int(np.prod(counts.shape[1:]))))
    for first in range(0, counts.shape[0], together):
        part = slice(first, first + together)
        values[part] = _values(counts[part], sums[part], contrast)
    return values


def _values(counts: Array, sums: Array, contrast: Array) -> Array:
    used = np.flatnonzero(contrast)
    states = counts.shape[-1]
    visits = counts.sum(axis=3)
    complete = (visits[:, used] > 0).all(axis=(1, 2))
    values = np.full(counts.shape[0], np.nan)
    counts, sums, visits = counts[complete], sums[complete], visits[complete]
    together = visits.sum(axis=1)
    chain = counts.sum(axis=1) / together[:, :, None]
    reward = sums.sum(axis=(1, 3)) / together
    start = np.full(states, 1 / states)
    resolvent = np.linalg.inv(np.eye(states) - chain + start)
    law = start @ resolvent
    bias = np.einsum("rxy,ry->rx", resolvent, reward - (law * reward).sum(axis=1)[:, None])
    ahead = np.einsum("raxy,ry->rax", counts[:, used], bias)
    worth = (sums[:, used].sum(axis=3) + ahead) / visits[:, used]
    differences = np.einsum("a,rax->rx", contrast[used], worth)
    returns = (law * states > POSITIVE).all(axis=1)
    values[complete] = np.where(returns, (law * differences).sum(axis=1), np.nan)
    return values
