"""Functions affine in strategies x and aggregates y = R x + r, held as matrices.

    value = direct x + through y + constant

Linear-quadratic games consist of such functions: read once, they need no symbols after.
Products through R are taken only between what belongs to the same player, because R joins
everybody: a total of ten thousand quantities would otherwise make ten thousand dense rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import casadi as ca
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from eqsolve.games.expressions import to_csr

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Affine:
    """See the module's docstring.

    Attributes
    ----------
    direct : csr (values, n)
    through : csr (values, aggregates)
    constant : ndarray (values,)
    """

    direct: Any
    through: Any
    constant: Array

    def __call__(self, x: Array, y: Array) -> Array:
        """Values at strategies x (n,) and their aggregates y."""
        return np.asarray(self.direct @ x + self.through @ y + self.constant)


# Operations whose derivative CasADi gives as constant on either side of a jump.
KINKS = frozenset(
    getattr(ca, f"OP_{name}")
    for name in (
        "FABS", "SIGN", "FMIN", "FMAX", "LT", "LE", "EQ", "NE", "IF_ELSE_ZERO",
        "FLOOR", "CEIL", "COPYSIGN",
    )
)  # fmt: skip


def has_kinks(value: Any, symbols: Any) -> bool:
    """Whether an SX expression holds a kink or a jump, so that a zero Hessian proves nothing."""
    function = ca.Function("value", [symbols], [value])
    count = function.n_instructions()
    return any(function.instruction_id(k) in KINKS for k in range(count))


def affine(value: Any, jacobian: Any, xy: Any, n: int) -> Affine | None:
    """The matrices of `value`, SX (values, 1), or None where its Jacobian is not constant.

    Parameters
    ----------
    value : SX (values, 1)
    jacobian : SX (values, n + aggregates)
        d value / d xy.
    xy : SX (n + aggregates, 1)
    n : int
        How many of xy are strategies.
    """
    if not jacobian.is_constant() and ca.symvar(jacobian):
        return None
    # A jump, as in the sign function, has slope zero; a kink has a slope that is not constant.
    if not value.is_smooth():
        return None
    slopes = to_csr(ca.DM(jacobian))
    origin = ca.Function("at_zero", [xy], [value])(0)
    return Affine(slopes[:, :n], slopes[:, n:], np.asarray(ca.densify(origin)).ravel())


def same_owner_product(
    left: Any, right: Any, row_owner: NDArray[np.int_], column_owner: NDArray[np.int_]
) -> Any:
    """Entries of left @ right whose row and column have the same owner, csr.

    Parameters
    ----------
    left : sparse (rows, k)
    right : sparse (k, columns)
    row_owner, column_owner : ndarray of int, (rows,) and (columns,)

    Examples
    --------
    >>> ones = sp.csr_matrix(np.ones((2, 1)))
    >>> same_owner_product(ones, ones.T, np.arange(2), np.arange(2)).toarray().tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    left, right = left.tocoo(), right.tocoo()
    shape = (left.shape[0], right.shape[1])
    if not left.nnz or not right.nnz:
        return sp.csr_matrix(shape)
    # A join of left's (k, owner of the row) with right's (k, owner of the column).
    # Owners count from -1 (shared), hence the shift.
    owners = 2 + int(max(row_owner.max(), column_owner.max()))
    wanted = left.col.astype(np.int64) * owners + row_owner[left.row] + 1
    offered = right.row.astype(np.int64) * owners + column_owner[right.col] + 1
    order = np.argsort(offered, kind="stable")
    offered = offered[order]
    first = np.searchsorted(offered, wanted, side="left")
    count = np.searchsorted(offered, wanted, side="right") - first
    by_left = np.repeat(np.arange(left.nnz), count)
    step = np.arange(by_left.size) - np.repeat(np.cumsum(count) - count, count)
    by_right = order[first[by_left] + step]
    values = left.data[by_left] * right.data[by_right]
    return sp.csr_matrix((values, (left.row[by_left], right.col[by_right])), shape=shape)


def same_owner(matrix: Any, row_owner: NDArray[np.int_], column_owner: NDArray[np.int_]) -> Any:
    """Entries of a sparse matrix whose row and column have the same owner, csr."""
    entries = matrix.tocoo()
    kept = row_owner[entries.row] == column_owner[entries.col]
    places = (entries.row[kept], entries.col[kept])
    return sp.csr_matrix((entries.data[kept], places), shape=matrix.shape)


SLACK = 1e-9  # relative asymmetry forgiven as rounding


def is_symmetric(matrix: Any) -> bool:
    """Whether a sparse matrix is symmetric up to rounding, relative to its largest entry."""
    scale = max(1.0, float(np.abs(matrix.data).max(initial=0.0)))
    return bool(np.abs((matrix - matrix.T).data).max(initial=0.0) <= SLACK * scale)


def aggregate_weights(rows: Any, through: Any) -> Any:
    """W, csr (k, k), with through = rows' W, or None where no symmetric one is found.

    Then the coupling through the aggregates y = rows x is the gradient of 1/2 y'W y.

    Parameters
    ----------
    rows : csr (k, n)
    through : csr (n, k)
        Derivative of the pseudo-gradient by the aggregates.

    Examples
    --------
    >>> total = sp.csr_matrix(np.ones((1, 3)))
    >>> aggregate_weights(total, 0.5 * total.T).toarray().tolist()
    [[0.5]]
    """
    used = np.flatnonzero(np.diff(through.tocsc().indptr))
    weights = sp.csr_matrix((rows.shape[0], rows.shape[0]))
    if not used.size:
        return weights
    part = rows[used]
    gram = (part @ part.T).toarray()
    found = np.linalg.lstsq(gram, (part @ through[:, used]).toarray(), rcond=None)[0]
    left = np.abs((through[:, used] - part.T @ sp.csr_matrix(found)).data).max(initial=0.0)
    if left > SLACK * max(1.0, float(np.abs(through.data).max(initial=0.0))):
        return None
    entries = sp.coo_matrix(found)
    places = (used[entries.row], used[entries.col])
    weights = sp.csr_matrix((entries.data, places), shape=weights.shape)
    return (weights + weights.T) / 2 if is_symmetric(weights) else None
