"""The game as numbers: payoffs, pseudo-gradient and Jacobian over batches of profiles.

The pseudo-gradient stacks each player's derivative of its own cost by its own
coordinates, F(x) = (d c_i / d x_i)_i. When its Jacobian is constant it becomes one
matrix product.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import cached_property
from typing import Any, TypeVar, cast

import casadi as ca
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from eqsolve.games.affine import same_owner, same_owner_product
from eqsolve.games.expressions import to_csr
from eqsolve.games.projection import Projection
from eqsolve.games.symbolic import SymbolicGame

Array = NDArray[np.float64]
T = TypeVar("T")
DENSE_UP_TO = 4000  # coordinates; above this a dense Jacobian would not fit


class GameNumbers:
    """Numerical face of a game; arrays are (replications, n) in and out.

    Parameters
    ----------
    symbolic : SymbolicGame
        The game as declared, kinks included.
    signs : ndarray, shape (players,)
        +1 where a player minimises, -1 where it maximises.
    """

    def __init__(self, symbolic: SymbolicGame, signs: NDArray[np.int_]) -> None:
        self.symbolic = symbolic
        self.signs = signs
        self.owner, self.lower, self.upper = symbolic.owner, symbolic.lower, symbolic.upper
        self._kept: dict[Hashable, Any] = {}

    def once(self, key: Hashable, build: Callable[[SymbolicGame], T]) -> T:
        """What `build` makes of the game, made at the first call with `key` and kept.

        Dynamics are records without memory: what they compile lives with the game.
        """
        if key not in self._kept:
            self._kept[key] = build(self.symbolic)
        return cast("T", self._kept[key])

    @cached_property
    def _costs(self) -> Any:
        return self._function("costs", self.symbolic.costs)

    @cached_property
    def _gradient(self) -> Any:
        return self._function("gradient", self.symbolic.gradient)

    @cached_property
    def _gradient_jacobian(self) -> Any:
        return self._function("jacobian", self.symbolic.gradient_jacobian)

    @cached_property
    def _rows(self) -> Any:
        return self._function("rows", self.symbolic.rows)

    @cached_property
    def _row_jacobian(self) -> Any:
        return self._function("row_jacobian", self.symbolic.row_jacobian)

    def _function(self, name: str, value: Any) -> Any:
        return ca.Function(name, [self.symbolic.x, self.symbolic.y], [value])

    def _batch(self, function: Any, profiles: Array) -> Array:
        profiles = np.atleast_2d(np.asarray(profiles, dtype=float))
        aggregates = self.symbolic.matrix @ profiles.T + self.symbolic.offset[:, None]
        return np.asarray(function(profiles.T, aggregates)).T

    def costs(self, profiles: Array) -> Array:
        """What each player minimises: (replications, n) to (replications, players)."""
        return self._batch(self._costs, profiles)

    def payoffs(self, profiles: Array) -> Array:
        """Objectives in their declared sense: (replications, n) to (replications, players)."""
        return self.signs * self.costs(profiles)

    def pseudo_gradient(self, profiles: Array) -> Array:
        """Each coordinate's own derivative of its owner's cost, (replications, n)."""
        if self.affine is not None:
            matrix, offset = self.affine
            return np.atleast_2d(profiles) @ matrix.T + offset
        return self._batch(self._gradient, profiles)

    def _at(self, function: Any, point: Array) -> Any:
        return function(point, self.symbolic.lift(np.asarray(point, dtype=float)))

    def gradient(self, point: Array) -> Array:
        """The pseudo-gradient at one point, (n,) to (n,), of any size."""
        if self.symbolic.affine_gradient is not None:
            return self.symbolic.affine_gradient(point, self.symbolic.lift(point))
        return np.asarray(self._at(self._gradient, point)).ravel()

    def jacobian_parts(self, point: Array) -> tuple[Any, Any]:
        """d F / d x with aggregates held, and d F / d y; both sparse csr."""
        if self.symbolic.affine_gradient is not None:
            return self.symbolic.affine_gradient.direct, self.symbolic.affine_gradient.through
        joint = to_csr(self._at(self._gradient_jacobian, point))
        n = self.symbolic.n
        return joint[:, :n].tocsr(), joint[:, n:].tocsr()

    def jacobian(self, point: Array) -> Any:
        """Jacobian of the pseudo-gradient at `point`: csr (n, n), aggregates expanded."""
        direct, through = self.jacobian_parts(point)
        return sp.csr_matrix(direct + through @ self.symbolic.matrix)

    def own_hessians(self, point: Array) -> Any:
        """Every player's Hessian by its own coordinates at `point`, in one csr matrix (n, n)."""
        if self.symbolic.is_affine:
            return self._constant_own_hessians
        return self._own_hessians(*self.jacobian_parts(point))

    def own_curvature(self, point: Array) -> Array:
        """Smallest eigenvalue of each player's own Hessian block at `point`, (players,)."""
        if self.symbolic.is_affine:
            return self._constant_own_curvature
        return _curvature(self.own_hessians(point), self.owner, self.symbolic.players)

    @cached_property
    def _constant_own_hessians(self) -> Any:
        return self._own_hessians(*self.jacobian_parts(np.zeros(self.symbolic.n)))

    @cached_property
    def _constant_own_curvature(self) -> Array:
        return _curvature(self._constant_own_hessians, self.owner, self.symbolic.players)

    def _own_hessians(self, direct: Any, through: Any) -> Any:
        owner = self.owner
        blocks = same_owner(direct, owner, owner)
        blocks = blocks + same_owner_product(through, self.symbolic.matrix, owner, owner)
        return sp.csr_matrix((blocks + blocks.T) / 2)

    @cached_property
    def affine(self) -> tuple[Array, Array] | None:
        """(matrix, offset) of an affine pseudo-gradient, or None.

        None too for affine games of more than 4,000 coordinates, whose matrix is
        dense through the aggregates.
        """
        if not self.symbolic.is_affine or self.symbolic.n > DENSE_UP_TO:
            return None
        zero = np.zeros(self.symbolic.n)
        return np.asarray(self.jacobian(zero).toarray()), self.gradient(zero)

    def rows(self, point: Array) -> Array:
        """General constraint rows at `point`, (rows,): <= 0, or = 0 for equalities."""
        if self.symbolic.affine_rows is not None:
            return self.symbolic.affine_rows(point, self.symbolic.lift(point))
        return np.asarray(self._at(self._rows, point)).ravel()

    def row_jacobian(self, point: Array) -> Any:
        """d rows / d x at `point`: csr (rows, n), aggregates expanded."""
        if self.symbolic.affine_rows is not None:
            return self._constant_row_jacobian
        joint = to_csr(self._at(self._row_jacobian, point))
        n = self.symbolic.n
        return sp.csr_matrix(joint[:, :n] + joint[:, n:] @ self.symbolic.matrix)

    @cached_property
    def _constant_row_jacobian(self) -> Any:
        rows = self.symbolic.affine_rows
        assert rows is not None
        return sp.csr_matrix(rows.direct + rows.through @ self.symbolic.matrix)

    def infeasibility(self, point: Array) -> float:
        """Largest violation of any bound or row, in the units of the declared constraint."""
        rows, (low, high) = self.rows(point), self._bound_units
        broken = np.where(self.symbolic.equality, np.abs(rows), rows)
        below, above = low * (self.lower - point), high * (point - self.upper)
        return float(max(part.max(initial=0.0) for part in (broken, below, above)))

    @cached_property
    def _bound_units(self) -> tuple[Array, Array]:
        """What one unit beyond the lower and upper bound is in the constraint that set it, (n,).

        1000 q <= 1 is broken by 1000 times what q exceeds the bound by.
        """
        low, high = np.ones(self.symbolic.n), np.ones(self.symbolic.n)
        for place in self.symbolic.places:
            for units, kinds in ((low, ("lower", "both")), (high, ("upper", "both"))):
                holds = np.isin(place.kind, kinds)
                np.maximum.at(units, place.index[holds], np.abs(place.scale[holds]))
        return low, high

    def default_start(self) -> Array:
        """A point inside the bounds: the variables' values where set."""
        return self.symbolic.start.copy()

    @cached_property
    def _projection(self) -> Projection:
        return Projection(self)

    def project(self, profiles: Array) -> Array:
        """Nearest points of the feasible set, (replications, n) to (replications, n)."""
        return self._projection(np.atleast_2d(profiles))


def _curvature(hessians: Any, owner: NDArray[np.int_], players: int) -> Array:
    """Smallest eigenvalue of each player's block, (players,)."""
    smallest = np.full(players, np.inf)
    np.minimum.at(smallest, owner, hessians.diagonal())
    entries = hessians.tocoo()
    coupled = owner[entries.row[(entries.row != entries.col) & (entries.data != 0)]]
    for player in np.unique(coupled):
        places = np.flatnonzero(owner == player)
        smallest[player] = np.linalg.eigvalsh(hessians[places][:, places].toarray())[0]
    return smallest
