"""Whether an update's fixed points form a set around one of them.

An eigenvalue one of the update's Jacobian leaves two cases: the fixed points form a set,
along which nothing has to shrink, or the update is degenerate and converges slower than
geometrically, if at all. With K the kernel of J - I, follow from a point moved along K the
part of T(z) = z that J - I can solve (Lyapunov and Schmidt's reduction; Golubitsky and
Schaeffer 1985, chapter 7): the moved point ends as a fixed point iff they form a set.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Update = Callable[[Array], Array]
FLAT = 1e-6  # singular value of J - I, relative to the largest, below which it counts as zero
DIFFERENCED = 1e-9  # the same in absolute terms: what differences leave of a zero
MOVES = (0.1, 0.01)  # how far along the kernel, relative to the point; farther ones tell more
CORRECTIONS = 100  # Newton steps with the Jacobian at the point
FIXED = 1e-11  # relative residual that counts as zero


def tangent_space(update: Update, point: Array, jacobian: Array) -> Array:
    """Orthonormal directions of the set of fixed points through a fixed point.

    Where only some directions of the kernel lead to fixed points the answer is empty: the
    others are degenerate, and the rate is one.

    Parameters
    ----------
    update : callable (replications, n) -> (replications, n)
    point : ndarray (n,)
    jacobian : ndarray (n, n)
        Of `update` at `point`.

    Returns
    -------
    ndarray (n, k)
        k = 0 where the fixed point stands alone.

    Examples
    --------
    Every point of the unit circle, and none but zero on the line:

    >>> def circle(z):
    ...     return z - 0.1 * z * ((z**2).sum(axis=1, keepdims=True) - 1)
    >>> bool(abs(tangent_space(circle, np.array([1.0, 0.0]), np.diag([0.8, 1.0]))[1, 0]) == 1)
    True
    >>> tangent_space(lambda z: z - 0.1 * z**3, np.zeros(1), np.eye(1)).shape
    (1, 0)
    """
    left, singular, right = np.linalg.svd(jacobian - np.eye(point.size))
    flat = singular <= max(FLAT * singular[0], DIFFERENCED)
    kernel, alone = right[flat].T, np.empty((point.size, 0))
    if not kernel.size:
        return alone
    # An analytic map that vanishes at a point taken at random vanishes around it.
    weights = np.random.default_rng(0).standard_normal(kernel.shape[1])
    direction = kernel @ weights / np.linalg.norm(weights)
    solve = right[~flat].T / singular[~flat] @ left[:, ~flat].T
    for share in MOVES:
        moved = point + share * (1 + np.abs(point).max()) * direction
        residual = _corrected(update, moved, solve)
        zero = FIXED * (1 + np.abs(point).max())
        if np.abs(left[:, ~flat].T @ residual).max(initial=0.0) <= zero:
            return kernel if np.abs(residual).max() <= zero else alone
    return alone


def _corrected(update: Update, start: Array, solve: Array) -> Array:
    """T(z) - z where Newton's method, with the kernel's part of the equations left out, ends."""
    z, residual = start, update(start[None])[0] - start
    for _ in range(CORRECTIONS):
        if not np.isfinite(residual).all():
            break
        z = z - solve @ residual
        residual = update(z[None])[0] - z
    return np.asarray(residual)
