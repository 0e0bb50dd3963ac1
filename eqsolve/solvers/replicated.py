"""Linear systems known by their products alone, one for each replication.

symmetric      conjugate gradients (Hestenes and Stiefel 1952), all replications at once;
               where the curvature turns out not to be positive, GMRES takes over
otherwise      GMRES (Saad and Schultz 1986), replication by replication
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.linalg import LinearOperator, gmres

from eqsolve.solvers.linear_systems import solve_dense

Array = NDArray[np.float64]
OVERFLOWING = 1e30  # a run beyond this is lost, and what it computes may overflow
Product = Callable[[Array, NDArray[np.int_]], Array]
TIGHT = 1e-13  # relative residual aimed at
ENOUGH = 1e-8  # relative residual that must be reached
BASIS = 200  # GMRES restarts after so many products
RESTARTS = 20


def solve(product: Product, right: Array, symmetric: bool) -> Array:
    """v with A_r v_r = right_r for every replication r.

    Parameters
    ----------
    product : callable (v (k, n), which (k,)) -> (k, n)
        A_r v_r for the replications `which`.
    right : ndarray (replications, n)
    symmetric : bool

    Returns
    -------
    ndarray (replications, n)
        nan where the right side is not finite or no answer was reached, as in singular
        systems.

    Examples
    --------
    >>> solve(lambda v, which: 4.0 * v, np.array([[8.0, 2.0]]), symmetric=True)
    array([[2. , 0.5]])
    """
    answer = np.full_like(right, np.nan)
    fine = np.flatnonzero(np.isfinite(right).all(axis=1))
    open_ = fine
    if symmetric:
        answer[fine], solved = conjugate_gradients(product, right[fine], fine)
        open_ = fine[~solved]
    for place in open_:
        answer[place] = _gmres(product, right[place], int(place))
    return answer


def solve_formed(matrices: Array, right: Array) -> Array:
    """Answers (replications, n) of systems (replications, n, n); nan where singular.

    Examples
    --------
    >>> solve_formed(np.array([[[2.0]], [[0.0]]]), np.ones((2, 1))).ravel()
    array([0.5, nan])
    """
    try:
        return np.asarray(np.linalg.solve(matrices, right[:, :, None])[:, :, 0])
    except np.linalg.LinAlgError:
        answers = (solve_dense(m, side) for m, side in zip(matrices, right, strict=True))
        nothing = np.full(right.shape[1], np.nan)
        return np.stack([nothing if answer is None else answer for answer in answers])


def conjugate_gradients(
    product: Product, right: Array, which: NDArray[np.int_]
) -> tuple[Array, NDArray[np.bool_]]:
    """Answers of positive definite systems, and which of them were reached.

    Parameters
    ----------
    product : callable
        As in `solve`.
    right : ndarray (k, n)
    which : ndarray of int (k,)
    """
    answer = np.zeros_like(right)
    residual, direction = right.copy(), right.copy()
    square = (residual**2).sum(axis=1)
    goal = TIGHT**2 * square
    solved = square == 0.0
    running = np.flatnonzero(~solved)
    for _ in range(2 * right.shape[1] + 10):
        if not running.size:
            break
        image = product(direction[running], which[running])
        curvature = (direction[running] * image).sum(axis=1)
        positive = curvature > 0
        running, image, curvature = running[positive], image[positive], curvature[positive]
        length = (square[running] / curvature)[:, None]
        answer[running] += length * direction[running]
        residual[running] -= length * image
        after = (residual[running] ** 2).sum(axis=1)
        direction[running] = (
            residual[running] + (after / square[running])[:, None] * (direction[running])
        )
        square[running] = after
        solved[running] = after <= goal[running]
        running = running[~solved[running]]
    return answer, solved


def _gmres(product: Product, right: Array, place: int) -> Array:
    which = np.array([place])
    size = right.size
    scale = float(np.abs(right).max())
    if scale == 0.0:
        return np.zeros(size)
    operator = LinearOperator(
        (size, size), matvec=lambda v: product(v.reshape(1, -1), which)[0], dtype=np.float64
    )
    answer, _ = gmres(
        operator, right / scale, rtol=TIGHT, atol=0.0, restart=min(size, BASIS), maxiter=RESTARTS
    )
    answer = np.asarray(answer) * scale
    gap = np.linalg.norm(product(answer[None], which)[0] - right) / np.linalg.norm(right)
    return answer if gap <= ENOUGH else np.full(size, np.nan)
