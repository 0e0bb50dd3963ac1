"""Linear systems of Newton steps: LAPACK where dense, SuperLU in a fixed order where sparse.

Equilibrium conditions have a nearly symmetric pattern, on which minimum degree on A + A' with
diagonal pivots fills in far less than COLAMD, which orders A'A (200 nodes with 50 firms: 0.6
million nonzeros against 49 million, 0.03 s against 166 s). A few dense rows or columns, such as
market totals, would ruin either order: they go last. The order takes ten times as long to find
as the factorization to compute, and what is good for a pattern is good for every part of it:
it is found once and kept. Diagonal pivots may be poor, so every answer is checked and refined,
and full pivoting is there as the way out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse
from scipy.sparse import linalg as sparse_linalg

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Vector = NDArray[np.float64]

ACCURACY = 1e-6  # relative residual up to which a step is used; far less is usual
_WANTED = 1e-11
_STATIC_SHIFT = 1e-10  # added to the diagonal of what is factored, never of what is solved


def solve_dense(matrix: NDArray[np.float64], right: Vector) -> Vector | None:
    """Solution (n,) of a dense system, or None where the matrix is singular."""
    try:
        solution = np.asarray(np.linalg.solve(matrix, right), dtype=np.float64)
    except np.linalg.LinAlgError:
        return None
    return solution if np.isfinite(solution).all() else None


def elimination_order(matrix: Any) -> NDArray[np.intp]:
    """Order (n,) in which to eliminate unknowns so that little fills in.

    Parameters
    ----------
    matrix : scipy.sparse CSC array or matrix, shape (n, n)
        Only its pattern counts.

    Examples
    --------
    In an arrow the unknown that meets all others goes last:

    >>> arrow = sparse.eye_array(50, format="lil")
    >>> arrow[3, :] = arrow[:, 3] = 1.0
    >>> int(elimination_order(sparse.csc_array(arrow))[-1])
    3
    """
    n = matrix.shape[0]
    rows, columns = np.bincount(matrix.indices, minlength=n), np.diff(matrix.indptr)
    dense = max(10 * np.sqrt(n), n / 10) if n > 400 else n / 2
    heavy = (rows > dense) | (columns > dense)
    light = np.flatnonzero(~heavy)
    pattern = sparse.csc_array(
        (np.ones(matrix.nnz), matrix.indices, matrix.indptr), shape=matrix.shape
    )
    if light.size < n:
        pattern = pattern[:, light][light, :]
    # Diagonal dominance: no pivoting can interfere with the order.
    dominant = sparse.diags_array(1.0 + (rows + columns)[light], format="csc")
    factors = sparse_linalg.splu(
        pattern + dominant,
        permc_spec="MMD_AT_PLUS_A",
        diag_pivot_thresh=0.0,
        options={"SymmetricMode": True},
    )
    return np.concatenate([light[np.argsort(factors.perm_c)], np.flatnonzero(heavy)])


def solve_sparse(
    matrix: Any, right: Vector, shift: Vector | None = None, thorough: bool = False
) -> Vector | None:
    """Solution (n,) of a sparse system, or None where no factorization was good enough.

    Parameters
    ----------
    matrix : scipy.sparse CSC array, shape (n, n)
        The matrix, rows and columns in elimination order, rows of comparable size.
    right : ndarray, shape (n,)
        The right-hand side.
    shift : ndarray, shape (n,), optional
        Direction of the tiny diagonal shift that keeps pivots away from zero where equations
        depend on one another: the sign in which the diagonal is known to be nonnegative.
    thorough : bool
        Try COLAMD with full pivoting where diagonal pivots fail; slow on networks.

    Examples
    --------
    Two copies of one equation: consistent, hence solved although singular.

    >>> twice = sparse.csc_array(np.ones((2, 2)))
    >>> solve_sparse(twice, np.array([2.0, 2.0]), shift=np.ones(2)).round(6).tolist()
    [1.0, 1.0]
    """
    if not np.isfinite(matrix.data).all():
        return None
    factored = matrix
    if shift is not None:
        factored = matrix + sparse.diags_array(_STATIC_SHIFT * shift, format="csc")
    solution = _solve(
        factored,
        matrix,
        right,
        permc_spec="NATURAL",
        diag_pivot_thresh=1e-3,
        options={"SymmetricMode": True},
    )
    if solution is None and thorough:
        solution = _solve(matrix, matrix, right, permc_spec="COLAMD")
    return solution


def _solve(factored: Any, matrix: Any, right: Vector, **options: Any) -> Vector | None:
    """Solve after up to two steps of refinement, or None where the answer stays poor."""
    try:
        factors = sparse_linalg.splu(factored, **options)
    except RuntimeError:  # SuperLU's word for an exactly singular matrix
        return None
    size = float(np.abs(right).max(initial=0.0))
    with np.errstate(all="ignore"):
        solution = factors.solve(right)
        for _ in range(2):
            rest = right - matrix @ solution
            if np.abs(rest).max(initial=0.0) <= _WANTED * size or not np.isfinite(rest).all():
                break
            solution = solution + factors.solve(rest)
        error = np.abs(right - matrix @ solution).max(initial=0.0)
    good = np.isfinite(solution).all() and error <= ACCURACY * size
    return solution if good else None
