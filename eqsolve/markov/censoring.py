r"""Expected visits inside a block of states that a chain leaves: dense, without a subtraction.

A block has nonnegative rates a(i, j), i != j, and exit rates e(i): everything that leads out of it.
G(i, j) = expected time spent in j before the block is left, started in i, solves

    (diag(out) - a) G = I,    out(i) = sum of a(i, j) over j != i, plus e(i).

A diagonal that is *computed as a sum of what leaves* needs no subtraction, here and in every
chain that is left when some states are skipped (censored), so that each entry of G has a small
relative error whatever the sizes of the rates: Grassmann, Taksar and Heyman (1985); O'Cinneide
(1993) bounds the error. Diagonals of `rates` are never read.

Two halves are skipped one after the other. With V = G1 a12 (where the first half leads to) and
W = a21 G1 (time spent in it per unit in the second half), the second half alone is a chain with
rates a22 + a21 V and exits e2 + W e1; its visits G2 give all of G:

    [[G1 + V G2 W, V G2], [G2 W, G2]].
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

_ONE_BY_ONE = 16  # blocks up to this size are eliminated state by state


def expected_visits(rates: Array, exits: Array) -> Array:
    """Expected time in each state of a block before it is left, for many blocks at once.

    Parameters
    ----------
    rates : ndarray, shape (blocks, p, p)
        Nonnegative rates inside each block; diagonals are ignored.
    exits : ndarray, shape (blocks, p)
        Nonnegative rates out of each block; every state reaches one that is positive.

    Returns
    -------
    ndarray, shape (blocks, p, p)
        Row i: started in state i. Infinite or NaN where a block is never left.

    Examples
    --------
    Left from its second state only, once in 10^60 steps:

    >>> rates = np.array([[[0.0, 1.0], [1.0, 0.0]]])
    >>> expected_visits(rates, np.array([[0.0, 1e-60]]))[0]
    array([[1.e+60, 1.e+60],
           [1.e+60, 1.e+60]])
    """
    size = rates.shape[-1]
    if size <= _ONE_BY_ONE:
        return _one_by_one(rates.copy(), exits.copy())
    half = size // 2
    across, back = rates[:, :half, half:], rates[:, half:, :half]
    first = expected_visits(rates[:, :half, :half], exits[:, :half] + across.sum(axis=-1))
    onward = first @ across
    behind = back @ first
    second = expected_visits(
        rates[:, half:, half:] + back @ onward,
        exits[:, half:] + (behind @ exits[:, :half, None])[:, :, 0],
    )
    visits = np.empty_like(rates)
    visits[:, half:, half:] = second
    visits[:, half:, :half] = second @ behind
    visits[:, :half, half:] = onward @ second
    visits[:, :half, :half] = first + onward @ visits[:, half:, :half]
    return visits


def _one_by_one(a: Array, exits: Array) -> Array:
    """Each state in turn is skipped; rows and columns of skipped states hold V, W and G."""
    for k in range(a.shape[-1]):
        out = a[:, k, k + 1 :].sum(axis=-1) + exits[:, k]
        onward = a[:, k, :] / out[:, None]
        onward[:, k] = 1.0 / out
        into = a[:, :, k].copy()
        into[:, k] = 0.0
        exits[:, k + 1 :] += into[:, k + 1 :] * (exits[:, k] / out)[:, None]
        a[:, :, k] = 0.0
        a += into[:, :, None] * onward[:, None, :]
        a[:, k, :] = onward
    return a
