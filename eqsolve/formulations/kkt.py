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

from eqsolve.games.expressions import to_csr
from eqsolve.games.symbolic import SHARED, SymbolicGame, to_dm

Array = NDArray[np.float64]


@dataclass(frozen=True)
class OptimalityConditions:
    """Symbols and residuals of the system above.

    Attributes
    ----------
    game : SymbolicGame
    weights : ndarray, shape (players,)
    prices : SX, shape (aggregates, 1) or (0, 1)
        The v above, present when shared rows depend on aggregates.
    multipliers : SX, shape (rows, 1)
    stationarity : SX, shape (n, 1)
    """

    game: SymbolicGame
    weights: Array
    prices: Any
    multipliers: Any
    stationarity: Any
    price_residual: Any

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
        others = self.prices.shape[0] + self.multipliers.shape[0]
        lifted = ca.horzcat(
            to_dm(-game.matrix), ca.DM.eye(game.aggregates), ca.DM(game.aggregates, others)
        )
        rows = ca.horzcat(-game.row_jacobian, ca.SX(self.multipliers.shape[0], others))
        return ca.vertcat(
            ca.jacobian(self.stationarity, self.unknowns),
            ca.SX(lifted),
            ca.jacobian(self.price_residual, self.unknowns),
            rows,
        )

    @cached_property
    def constant_jacobian(self) -> Any | None:
        """The Jacobian as a csc matrix where costs are quadratic and rows affine, else None.

        Put together from the game's own matrices: differentiating the joined system
        symbolically would take longer than solving it.
        """
        game = self.game
        if not (game.is_affine and game.linear_rows.all()):
            return None
        n, prices, rows = game.n, self.prices.shape[0], self.multipliers.shape[0]
        slopes = to_csr(ca.DM(game.gradient_jacobian))
        row_slopes = (
            to_csr(ca.DM(game.row_jacobian)) if rows else sp.csr_matrix((0, slopes.shape[1]))
        )
        by_x, by_y = row_slopes[:, :n], row_slopes[:, n:]
        shared = sp.diags((game.row_owner == SHARED).astype(float))
        own = ((sp.identity(rows) - shared) @ (by_x + by_y @ game.matrix)).tocoo()
        mine = game.owner[own.col] == game.row_owner[own.row]
        own = sp.csr_matrix((own.data[mine], (own.row[mine], own.col[mine])), shape=own.shape)
        inverse = sp.diags(1.0 / self.weights[game.owner])
        by_multiplier = own.T + inverse @ (shared @ by_x).T
        by_price = inverse @ game.matrix.T if prices else sp.csr_matrix((n, 0))
        aggregates = game.aggregates
        none = sp.csr_matrix
        blocks = [
            [sp.hstack([slopes, by_price, by_multiplier])],
            [sp.hstack([-game.matrix, sp.identity(aggregates), none((aggregates, prices + rows))])],
            [
                sp.hstack(
                    [none((prices, n + aggregates)), sp.identity(prices), -(shared @ by_y).T]
                    if prices
                    else [none((0, n + aggregates + rows))]
                )
            ],
            [sp.hstack([-row_slopes, none((rows, prices + rows))])],
        ]
        return sp.vstack([block for row in blocks for block in row], format="csc")

    @cached_property
    def bounds(self) -> tuple[Array, Array]:
        """Lower and upper bounds of the unknowns."""
        game = self.game
        free = np.full(game.aggregates + self.prices.shape[0], np.inf)
        lowest = np.where(game.equality, -np.inf, 0.0)
        lower = np.concatenate([game.lower, -free, lowest])
        upper = np.concatenate([game.upper, free, np.full(lowest.size, np.inf)])
        return lower, upper

    def start(self, x: Array) -> Array:
        """Unknowns at the strategies x (n,), multipliers zero."""
        rest = np.zeros(self.prices.shape[0] + self.multipliers.shape[0])
        return np.concatenate([x, self.game.lift(x), rest])

    @cached_property
    def names(self) -> tuple[str, ...]:
        """A name for each unknown."""
        game = self.game
        return (
            *game.names,
            *(f"aggregate[{k}]" for k in range(game.aggregates)),
            *(f"aggregate_price[{k}]" for k in range(self.prices.shape[0])),
            *(f"multiplier[{r}]" for r in range(self.multipliers.shape[0])),
        )


def optimality_conditions(game: SymbolicGame, weights: Array) -> OptimalityConditions:
    """Join the players' first-order conditions; `weights` has shape (players,)."""
    multipliers = ca.SX.sym("multiplier", game.rows.shape[0])
    shared_rows = np.flatnonzero(game.row_owner == SHARED)
    n, entries = game.n, _triplets(game.row_jacobian)
    through = bool(np.isin(entries.row[entries.col >= n], shared_rows).any())
    prices = ca.SX.sym("aggregate_price", game.aggregates if through else 0)

    terms = [_own_terms(game, entries, multipliers), _shared_terms(game, entries, multipliers)]
    shared = terms[1]
    if through:
        shared = shared + ca.mtimes(to_dm(game.matrix.T), prices)
    inverse = 1.0 / np.asarray(weights, dtype=float)[game.owner]
    stationarity = game.gradient + terms[0] + ca.DM(inverse) * shared
    return OptimalityConditions(
        game=game,
        weights=np.asarray(weights, dtype=float),
        prices=prices,
        multipliers=multipliers,
        stationarity=stationarity,
        price_residual=_price_residual(game, entries, multipliers, prices),
    )


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


def _pick(column: Any, index: NDArray[np.int_]) -> Any:
    # vec, because CasADi indexes a single entry into a row
    return ca.vec(column[index.tolist()]) if index.size else ca.SX(0, 1)


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
        _pick(entries.value, places) * _pick(multipliers, row[places]),
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
            _pick(entries.value, chosen) * _pick(multipliers, row[chosen]),
        )
    return total


def _shared_terms(game: SymbolicGame, entries: _Triplets, multipliers: Any) -> Any:
    """Multiplier terms of shared rows through the coordinates they mention directly."""
    places = np.flatnonzero((game.row_owner[entries.row] == SHARED) & (entries.col < game.n))
    value = _pick(entries.value, places) * _pick(multipliers, entries.row[places])
    return _collect(game.n, entries.col[places], np.ones(places.size), value)


def _price_residual(game: SymbolicGame, entries: _Triplets, multipliers: Any, prices: Any) -> Any:
    """v minus (d g_shared / d y)' lambda."""
    if not prices.shape[0]:
        return ca.SX(0, 1)
    places = np.flatnonzero((game.row_owner[entries.row] == SHARED) & (entries.col >= game.n))
    value = _pick(entries.value, places) * _pick(multipliers, entries.row[places])
    target = entries.col[places] - game.n
    return prices - _collect(game.aggregates, target, np.ones(places.size), value)
