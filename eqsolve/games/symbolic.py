"""The game in scalars: symbols, minimised costs, bounds and rows, whatever it was declared in.

    player i:   min over x_i of  c_i(x, y),   y = R x + r
                lower <= x <= upper,
                g_r(x, y) <= 0 or = 0   for the rows r of player i and the shared ones

Formulations, certificates and simulators read this record and nothing else, so a
game declared in cvxpy and one declared in Pyomo take the same way from here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import casadi as ca
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from eqsolve.games.affine import Affine, affine

SHARED = -1  # owner of a row that binds every player


@dataclass(frozen=True)
class Places:
    """Where one declared constraint went: general rows, or bounds on single coordinates.

    Entry e of the constraint (row-major) is the general row `index[e]` when `kind[e]`
    is "row"; the bound of coordinate `index[e]` when it is "lower", "upper" or "both"
    (an equality), where the declared residual is `scale[e]` times the bound's own; and
    "slack" when another entry is tighter or nothing is asked.
    """

    label: str
    shape: tuple[int, ...]
    kind: NDArray[Any]
    index: NDArray[np.int_]
    scale: NDArray[np.float64]
    equality: bool


@dataclass(frozen=True)
class SymbolicGame:
    """See the module's docstring; `costs`, `rows` are CasADi SX in the symbols x and y.

    Attributes
    ----------
    x, y : SX, shapes (n, 1) and (aggregates, 1)
    matrix, offset : csr (aggregates, n) and ndarray (aggregates,)
        y = matrix x + offset.
    costs : SX, shape (players, 1)
        Minimised: the negative of a Maximize objective.
    rows : SX, shape (rows, 1)
        Each <= 0, or == 0 where `equality`.
    owner : ndarray of int, shape (n,)
        Player index of each coordinate.
    row_owner : ndarray of int, shape (rows,)
        Player index, or SHARED.
    declared : int
        Coordinates 0 .. declared - 1 are the user's; the rest are epigraph variables.
    """

    x: Any
    y: Any
    matrix: Any
    offset: NDArray[np.float64]
    costs: Any
    rows: Any
    owner: NDArray[np.int_]
    row_owner: NDArray[np.int_]
    equality: NDArray[np.bool_]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    start: NDArray[np.float64]
    declared: int
    places: tuple[Places, ...]
    names: tuple[str, ...]

    @property
    def n(self) -> int:
        return int(self.owner.size)

    @property
    def players(self) -> int:
        return int(self.costs.shape[0])

    @property
    def aggregates(self) -> int:
        return int(self.offset.size)

    @cached_property
    def xy(self) -> Any:
        """x above y."""
        return ca.vertcat(self.x, self.y)

    @cached_property
    def linear_rows(self) -> NDArray[np.bool_]:
        """Which rows are affine in (x, y)."""
        if self.row_jacobian.is_constant():
            return np.ones(self.rows.shape[0], dtype=bool)
        return ~np.asarray(ca.which_depends(self.rows, self.xy, 2, True), dtype=bool)

    @cached_property
    def row_jacobian(self) -> Any:
        """d rows / d(x, y), sparse SX (rows, n + aggregates)."""
        return ca.jacobian(self.rows, self.xy)

    @cached_property
    def row_pattern(self) -> Any:
        """Which coordinates each row depends on, aggregates followed: csc (rows, n) of counts."""
        pattern = entries(self.row_jacobian).astype(bool).astype(float)
        return sp.csc_matrix(pattern[:, : self.n] + pattern[:, self.n :] @ abs(self.matrix))

    @cached_property
    def foreign_rows(self) -> NDArray[np.bool_]:
        """Which rows mention none of their player's own coordinates, (rows,).

        They cannot bind that player when all choose at once; a leader's bind its followers.
        """
        places = self.row_pattern.tocoo()
        mine = self.row_owner[places.row] == self.owner[places.col]
        foreign: NDArray[np.bool_] = self.row_owner != SHARED
        foreign[places.row[mine]] = False
        return foreign

    @cached_property
    def gradient(self) -> Any:
        """The pseudo-gradient: derivative of each coordinate's owner's cost, SX (n, 1).

        Own derivatives through an aggregate follow the chain rule
        d c_i / d x_j + sum_k (d c_i / d y_k) R_kj for j owned by i.
        """
        partial = ca.jacobian(self.costs, self.xy)
        return own_chain(self, partial, np.arange(self.players))

    @cached_property
    def gradient_jacobian(self) -> Any:
        """d gradient / d(x, y), sparse SX (n, n + aggregates)."""
        return ca.jacobian(self.gradient, self.xy)

    @cached_property
    def affine_gradient(self) -> Affine | None:
        """The pseudo-gradient as matrices, or None where its Jacobian is not constant."""
        # Dependencies are followed first: a curved game's Jacobian may be dense and large.
        if any(ca.which_depends(self.gradient, self.xy, 2, True)):
            return None
        return affine(self.gradient, self.gradient_jacobian, self.xy, self.n)

    @cached_property
    def affine_rows(self) -> Affine | None:
        """The rows as matrices, or None where some row is curved."""
        return affine(self.rows, self.row_jacobian, self.xy, self.n)

    @property
    def is_affine(self) -> bool:
        """Whether the pseudo-gradient is affine, that is, its Jacobian constant."""
        return self.affine_gradient is not None

    def lift(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """The aggregates at x: (n,) to (aggregates,)."""
        return np.asarray(self.matrix @ x + self.offset)


def entries(matrix: Any) -> Any:
    """Positions of a sparse CasADi matrix: csr of (index into its nonzeros) + 1."""
    sparsity = matrix.sparsity()
    count = sparsity.nnz()
    coordinates = (np.asarray(sparsity.row()), np.asarray(sparsity.get_col()))
    return sp.csr_matrix((np.arange(1, count + 1), coordinates), shape=matrix.shape)


def own_chain(game: SymbolicGame, partial: Any, of_player: NDArray[np.int_]) -> Any:
    """Column (n, 1): coordinate j gets the own total derivative of its owner's row.

    `partial` is d(values)/d(x, y), and `of_player[i]` is the value that belongs to
    player i.
    """
    position = entries(partial)
    n, mine = game.n, of_player[game.owner]
    direct = np.asarray(position[mine, np.arange(n)]).ravel()
    nonzeros = ca.vertcat(ca.SX(1, 1), ca.vec(partial.nz[:]))
    # vec, because CasADi indexes the single entry of constant costs into a row
    total = ca.vec(nonzeros[direct.tolist()])
    if game.aggregates:
        through = game.matrix.tocoo()
        via = np.asarray(position[mine[through.col], n + through.row]).ravel()
        used = via > 0
        spread = sp.csc_matrix(
            (through.data[used], (through.col[used], np.arange(used.sum()))),
            shape=(n, int(used.sum())),
        )
        if used.any():
            total = total + ca.mtimes(to_dm(spread), nonzeros[via[used].tolist()])
    return ca.densify(total)


def to_dm(matrix: Any) -> Any:
    """A scipy sparse matrix as a CasADi DM."""
    compressed = sp.csc_matrix(matrix)
    compressed.sort_indices()
    rows, columns = compressed.shape
    sparsity = ca.Sparsity(rows, columns, compressed.indptr.tolist(), compressed.indices.tolist())
    return ca.DM(sparsity, compressed.data)
