"""The players' first-order conditions, joined into one system of symbols.

    F_j(x, y) + sum_{rows r of j's owner} lambda_r d g_r / d x_j
              + (1 / w_i) sum_{shared r} lambda_r d g_r / d x_j     _|_  lower <= x <= upper
    y = R x + r
    v = (d g_shared / d y)' lambda                       (prices of the aggregates)
    0 <= lambda  _|_  -g(x, y) >= 0                      (lambda free where g = 0 is asked)

One multiplier for all players on a shared row makes the solution variational
(weights w_i one) or Rosen's normalized equilibrium (any weights w_i).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import casadi as ca
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from eqsolve.games.affine import same_owner, same_owner_product
from eqsolve.games.symbolic import SHARED, SymbolicGame, to_dm
from eqsolve.programs.smooth import take

Array = NDArray[np.float64]


@dataclass(frozen=True)
class OptimalityConditions:
    """The system above: in symbols when asked for, in matrices where it is linear.

    Attributes
    ----------
    game : SymbolicGame
    weights : ndarray, shape (players,)
    """

    game: SymbolicGame
    weights: Array

    @cached_property
    def prices(self) -> Any:
        """The v above, SX (aggregates, 1), or (0, 1) where no shared row uses an aggregate."""
        return ca.SX.sym("aggregate_price", self._sizes[0])

    @cached_property
    def multipliers(self) -> Any:
        """SX (rows, 1)."""
        return ca.SX.sym("multiplier", self._sizes[1])

    @cached_property
    def _sizes(self) -> tuple[int, int]:
        """How many prices and multipliers there are."""
        game, sparsity = self.game, self.game.row_jacobian.sparsity()
        row = np.asarray(sparsity.row(), dtype=int)
        column = np.asarray(sparsity.get_col(), dtype=int)
        through = bool((game.row_owner[row[column >= game.n]] == SHARED).any())
        return game.aggregates if through else 0, int(game.row_owner.size)

    @cached_property
    def stationarity(self) -> Any:
        """SX (n, 1)."""
        game, entries = self.game, self._entries
        shared = _shared_terms(game, entries, self.multipliers)
        if self.prices.shape[0]:
            shared = shared + ca.mtimes(to_dm(game.matrix.T), self.prices)
        own = _own_terms(game, entries, self.multipliers)
        return game.gradient + own + ca.DM(1.0 / self.weights[game.owner]) * shared

    @cached_property
    def price_residual(self) -> Any:
        """SX, shape of `prices`."""
        return _price_residual(self.game, self._entries, self.multipliers, self.prices)

    @cached_property
    def _entries(self) -> _Triplets:
        return _triplets(self.game.row_jacobian)

    @cached_property
    def unknowns(self) -> Any:
        """x, y, v, lambda in one column."""
        return ca.vertcat(self.game.x, self.game.y, self.prices, self.multipliers)

    @cached_property
    def residual(self) -> Any:
        """The functions facing the unknowns, in the same order."""
        game = self.game
        lifted = game.y - ca.mtimes(to_dm(game.matrix), game.x) - ca.DM(game.offset)
        return ca.vertcat(self.stationarity, lifted, self.price_residual, -game.rows)

    @cached_property
    def jacobian(self) -> Any:
        """d residual / d unknowns, sparse SX, block by block.

        Taken whole, the dense row of an aggregate together with its dense column would
        defeat the colouring that keeps differentiation cheap.
        """
        game = self.game
        others = sum(self._sizes)
        lifted = ca.horzcat(
            to_dm(-game.matrix), ca.DM.eye(game.aggregates), ca.DM(game.aggregates, others)
        )
        rows = ca.horzcat(-game.row_jacobian, ca.SX(self._sizes[1], others))
        return ca.vertcat(
            ca.jacobian(self.stationarity, self.unknowns),
            ca.SX(lifted),
            ca.jacobian(self.price_residual, self.unknowns),
            rows,
        )

    @cached_property
    def linear(self) -> tuple[Any, Array] | None:
        """(matrix, offset) where costs are quadratic and rows affine, else None.

        The residual is then matrix @ unknowns + offset, the matrix csc. Put together from the
        game's own matrices: joining and differentiating symbols would take longer than solving.
        """
        game = self.game
        cost, row = game.affine_gradient, game.affine_rows
        if cost is None or row is None:
            return None
        prices, rows = self._sizes
        shared = game.row_owner == SHARED
        common, single = sp.diags_array(1.0 * shared), sp.diags_array(1.0 * ~shared)
        own = same_owner(single @ row.direct, game.row_owner, game.owner)
        own += same_owner_product(single @ row.through, game.matrix, game.row_owner, game.owner)
        inverse = sp.diags_array(1.0 / self.weights[game.owner])
        by_row = own.T + inverse @ (common @ row.direct).T
        by_price, of_price = inverse @ game.matrix.T, -(common @ row.through).T
        if not prices:
            by_price, of_price = sp.csr_array((game.n, 0)), sp.csr_array((0, rows))
        blocks = [
            [cost.direct, cost.through, by_price, by_row],
            [-game.matrix, sp.eye_array(game.aggregates), None, None],
            [None, None, sp.eye_array(prices), of_price],
            [-row.direct, -row.through, None, sp.csr_array((rows, rows))],
        ]
        offset = [cost.constant, -game.offset, np.zeros(prices), -row.constant]
        return sp.block_array(blocks, format="csc"), np.concatenate(offset)

    @cached_property
    def bounds(self) -> tuple[Array, Array]:
        """Lower and upper bounds of the unknowns."""
        game = self.game
        free = np.full(game.aggregates + self._sizes[0], np.inf)
        lowest = np.where(game.equality, -np.inf, 0.0)
        lower = np.concatenate([game.lower, -free, lowest])
        upper = np.concatenate([game.upper, free, np.full(lowest.size, np.inf)])
        return lower, upper

    def start(self, x: Array, multipliers: Array | None = None) -> Array:
        """Unknowns at the strategies x (n,), with multipliers (rows,) given or zero."""
        if multipliers is None:
            return np.concatenate([x, self.game.lift(x), np.zeros(sum(self._sizes))])
        row, prices = self.game.affine_rows, np.zeros(0)
        if self._sizes[0] and row is not None:
            prices = row.through.T @ np.where(self.game.row_owner == SHARED, multipliers, 0.0)
        return np.concatenate([x, self.game.lift(x), prices, multipliers])

    @cached_property
    def names(self) -> tuple[str, ...]:
        """A name for each unknown."""
        game = self.game
        return (
            *game.names,
            *(f"aggregate[{k}]" for k in range(game.aggregates)),
            *(f"aggregate_price[{k}]" for k in range(self._sizes[0])),
            *(f"multiplier[{r}]" for r in range(self._sizes[1])),
        )


def optimality_conditions(game: SymbolicGame, weights: Array) -> OptimalityConditions:
    """Join the players' first-order conditions; `weights` has shape (players,)."""
    return OptimalityConditions(game, np.asarray(weights, dtype=float))


@dataclass(frozen=True)
class _Triplets:
    row: NDArray[np.int_]
    col: NDArray[np.int_]
    value: Any


def _triplets(jacobian: Any) -> _Triplets:
    sparsity = jacobian.sparsity()
    row = np.asarray(sparsity.row(), dtype=int)
    return _Triplets(row, np.asarray(sparsity.get_col(), dtype=int), ca.vec(jacobian.nz[:]))


def _collect(size: int, target: NDArray[np.int_], factor: Array, value: Any) -> Any:
    """Column (size, 1) of sums of factor * value by target."""
    count = int(np.size(target))
    if not count:
        return ca.SX.zeros(size, 1)
    spread = sp.csc_matrix((factor, (target, np.arange(count))), shape=(size, count))
    return ca.densify(ca.mtimes(to_dm(spread), value))


def _own_terms(game: SymbolicGame, entries: _Triplets, multipliers: Any) -> Any:
    """Multiplier terms of rows that bind one player, by that player's coordinates."""
    row, col, n = entries.row, entries.col, game.n
    own = game.row_owner[row] != SHARED
    direct = own & (col < n)
    direct[direct] = game.owner[col[direct]] == game.row_owner[row[direct]]
    places = np.flatnonzero(direct)
    total = _collect(
        n,
        col[places],
        np.ones(places.size),
        take(entries.value, places) * take(multipliers, row[places]),
    )
    via = np.flatnonzero(own & (col >= n))
    if via.size:
        # A row of player i that uses aggregate k reaches i's coordinates j through R_kj.
        reach = sp.csr_matrix(game.matrix)
        place, target, factor = [], [], []
        for e in via:
            k = col[e] - n
            span = slice(reach.indptr[k], reach.indptr[k + 1])
            mine = game.owner[reach.indices[span]] == game.row_owner[row[e]]
            target.append(reach.indices[span][mine])
            factor.append(reach.data[span][mine])
            place.append(np.full(mine.sum(), e))
        chosen = np.concatenate(place)
        total += _collect(
            n,
            np.concatenate(target),
            np.concatenate(factor),
            take(entries.value, chosen) * take(multipliers, row[chosen]),
        )
    return total


def _shared_terms(game: SymbolicGame, entries: _Triplets, multipliers: Any) -> Any:
    """Multiplier terms of shared rows through the coordinates they mention directly."""
    places = np.flatnonzero((game.row_owner[entries.row] == SHARED) & (entries.col < game.n))
    value = take(entries.value, places) * take(multipliers, entries.row[places])
    return _collect(game.n, entries.col[places], np.ones(places.size), value)


def _price_residual(game: SymbolicGame, entries: _Triplets, multipliers: Any, prices: Any) -> Any:
    """v minus (d g_shared / d y)' lambda."""
    if not prices.shape[0]:
        return ca.SX(0, 1)
    places = np.flatnonzero((game.row_owner[entries.row] == SHARED) & (entries.col >= game.n))
    value = take(entries.value, places) * take(multipliers, entries.row[places])
    target = entries.col[places] - game.n
    return prices - _collect(game.aggregates, target, np.ones(places.size), value)
