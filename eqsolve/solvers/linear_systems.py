"""Linear systems of Newton steps: LAPACK where dense, SuperLU with a fitting order where sparse.

Equilibrium conditions have a nearly symmetric pattern, on which minimum degree on A + A' with
diagonal pivots fills in far less than COLAMD, which orders A'A (100 nodes with 50 firms: 0.01 s
against minutes). A few dense rows or columns, such as market totals, would ruin either order:
they are eliminated last, through their Schur complement. Diagonal pivots may be poor, so every
answer is checked and refined, and full pivoting is there as the way out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse
from scipy.sparse import linalg as sparse_linalg

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Vector = NDArray[np.float64]
    Solve = Callable[[Vector], Vector]

ACCURACY = 1e-6  # relative residual up to which a step is used; far less is usual
_WANTED = 1e-11
_STATIC_SHIFT = 1e-10  # added to the diagonal of what is factored, never of what is solved
_MAX_BORDER = 50  # dense rows and columns eliminated last


def solve_dense(matrix: NDArray[np.float64], right: Vector) -> Vector | None:
    """Solution (n,) of a dense system, or None where the matrix is singular."""
    try:
        solution = np.asarray(np.linalg.solve(matrix, right), dtype=np.float64)
    except np.linalg.LinAlgError:
        return None
    return solution if np.isfinite(solution).all() else None


def solve_sparse(
    matrix: Any, right: Vector, shift: Vector | None = None, thorough: bool = False
) -> Vector | None:
    """Solution (n,) of a sparse system, or None where no factorization was good enough.

    Parameters
    ----------
    matrix : scipy.sparse CSC array, shape (n, n)
        The matrix, its rows of comparable size.
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
    n = right.size
    if not np.isfinite(matrix.data).all():
        return None
    dense = 10 * np.sqrt(n)
    heavy = (np.bincount(matrix.indices, minlength=n) > dense) | (np.diff(matrix.indptr) > dense)
    shifted = (
        matrix
        if shift is None
        else matrix + sparse.diags_array(_STATIC_SHIFT * shift, format="csc")
    )
    solution = None
    if not heavy.any():
        solution = _refined(matrix, right, _factor(shifted))
    elif heavy.sum() <= _MAX_BORDER:
        solution = _refined(matrix, right, _bordered(shifted, heavy))
    elif not thorough:
        solution = _refined(matrix, right, _factor(shifted, pivoting=True))
    if solution is None and thorough:
        solution = _refined(matrix, right, _factor(matrix, pivoting=True))
    return solution


def _factor(matrix: Any, pivoting: bool = False) -> Solve | None:
    options: dict[str, Any] = {"permc_spec": "COLAMD"}
    if not pivoting:
        options = {
            "permc_spec": "MMD_AT_PLUS_A",
            "diag_pivot_thresh": 1e-3,
            "options": {"SymmetricMode": True},
        }
    try:
        solve: Solve = sparse_linalg.splu(matrix, **options).solve
    except RuntimeError:  # SuperLU's word for an exactly singular matrix
        return None
    return solve


def _bordered(matrix: Any, heavy: NDArray[np.bool_]) -> Solve | None:
    """Eliminate the light rows and columns first, the heavy ones by their Schur complement."""
    last, first = np.flatnonzero(heavy), np.flatnonzero(~heavy)
    left, right = matrix[:, first], matrix[:, last]
    inner = _factor(left[first, :])
    if inner is None:
        return None
    below, beside = left[last, :], right[first, :].toarray()
    solved = inner(beside)
    schur = right[last, :].toarray() - below @ solved

    def solve(vector: Vector) -> Vector:
        answer = np.empty_like(vector)
        upper = inner(vector[first])
        answer[last] = np.linalg.solve(schur, vector[last] - below @ upper)
        answer[first] = upper - solved @ answer[last]
        return answer

    return solve if _invertible(schur) else None


def _invertible(matrix: NDArray[np.float64]) -> bool:
    return bool(np.isfinite(matrix).all()) and int(np.linalg.matrix_rank(matrix)) == len(matrix)


def _refined(matrix: Any, right: Vector, solve: Solve | None) -> Vector | None:
    """The solution after up to two steps of refinement, or None where it stays poor."""
    if solve is None:
        return None
    size = float(np.abs(right).max(initial=0.0))
    with np.errstate(all="ignore"):
        solution = solve(right)
        for _ in range(2):
            rest = right - matrix @ solution
            if np.abs(rest).max(initial=0.0) <= _WANTED * size or not np.isfinite(rest).all():
                break
            solution = solution + solve(rest)
        error = np.abs(right - matrix @ solution).max(initial=0.0)
    good = np.isfinite(solution).all() and error <= ACCURACY * size
    return solution if good else None
