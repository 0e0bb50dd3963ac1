"""First-order residuals of strategies, with the best multipliers that exist for them.

    min over multipliers  || F_i + A_i' lambda_i + (bounds) ||_inf-ish (least squares),
    lambda >= 0 on active inequalities, zero on inactive ones, free on equalities.

Players may each have their own multiplier of a shared row (generalized equilibrium) or
one in common (variational, or normalized when divided by weights).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.optimize import linprog, nnls

from eqsolve.formulations.own_problem import numbers_with_epigraphs, own_problem
from eqsolve.games.game import Game
from eqsolve.games.symbolic import SHARED
from eqsolve.solvers.quadratic import solve_quadratic

Array = NDArray[np.float64]
ACTIVE = 1e-6  # relative distance to a bound or row at which it counts as active
NNLS_UP_TO = 300  # unknown directions; larger fits go to the sparse interior point
NOTHING = 1e-9  # relative residual at which multipliers common to all players are exact
MANY = 20  # players from which multipliers are first sought for all at once
SPREAD_UP_TO = 3000  # coordinates; larger games get no multiplier spread


@dataclass(frozen=True)
class FirstOrder:
    """Residuals in the units of marginal cost.

    Attributes
    ----------
    residual : float
        Every player with its own multipliers.
    variational : float or None
        One multiplier for all (weights one); None without shared rows.
    normalized : float or None
        One multiplier divided by the given weights.
    spread : float or None
        Smallest possible largest difference between players' multipliers of one row.
    """

    residual: float
    variational: float | None = None
    normalized: float | None = None
    spread: float | None = None


def completed(game: Game, point: Array) -> Array:
    """The point with epigraph coordinates at their best, (n,) to (n + epigraphs,)."""
    symbolic = game.symbolic
    if symbolic.n == symbolic.declared:
        return np.asarray(point, dtype=float)
    full = np.concatenate([point, symbolic.start[symbolic.declared :]])
    for player in np.unique(symbolic.owner[symbolic.declared :]):
        problem = own_problem(game, int(player))
        full[problem.own] = problem.with_declared_fixed(point).values
    return full


class _Conditions:
    """Active rows and bounds at a point, as columns that multipliers may use."""

    def __init__(self, game: Game, point: Array) -> None:
        numbers = numbers_with_epigraphs(game)
        self.symbolic = symbolic = numbers.symbolic
        self.x = completed(game, point)
        self.gradient = numbers.gradient(self.x)
        values, slopes = numbers.rows(self.x), numbers.row_jacobian(self.x)
        width = ACTIVE * (1 + np.abs(self.x))
        size = np.asarray(abs(slopes) @ (1 + np.abs(self.x))).ravel() + 1
        active = symbolic.equality | (values >= -ACTIVE * size)
        self.rows = np.flatnonzero(active)
        self.slopes = slopes[self.rows]
        self.equality = symbolic.equality[self.rows]
        self.row_owner = symbolic.row_owner[self.rows]
        self.at_lower = self.x <= symbolic.lower + width
        self.at_upper = self.x >= symbolic.upper - width

    def own(self, player: int) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
        """The player's coordinates and its active rows (shared ones included)."""
        places = np.flatnonzero(self.symbolic.owner == player)
        rows = np.flatnonzero((self.row_owner == player) | (self.row_owner == SHARED))
        touched = np.diff(self.slopes[rows][:, places].indptr) > 0
        return places, rows[touched]

    def boxed(self, residual: Array, places: NDArray[np.int_] | slice) -> Array:
        """What bounds cannot absorb of a stationarity residual."""
        low = np.where(self.at_lower[places], np.minimum(residual, 0.0), residual)
        return np.asarray(np.where(self.at_upper[places], np.maximum(low, 0.0), low))

    def fit(
        self, columns: Any, free: NDArray[np.bool_], places: NDArray[np.int_] | slice
    ) -> tuple[float, Array]:
        """Least-squares multipliers and the largest residual left."""
        gradient = self.gradient[places]
        if not columns.shape[1]:
            return float(np.abs(self.boxed(gradient, places)).max(initial=0.0)), np.zeros(0)
        size = gradient.size
        eye = sp.identity(size, format="csc")
        lower, upper = np.flatnonzero(self.at_lower[places]), np.flatnonzero(self.at_upper[places])
        everything = sp.hstack([columns, -eye[:, lower], eye[:, upper]], format="csc")
        signed = np.concatenate([~free, np.ones(lower.size + upper.size, dtype=bool)])
        multipliers = _nonnegative_fit(everything, -gradient, signed)[: columns.shape[1]]
        left = gradient + columns @ multipliers
        return float(np.abs(self.boxed(left, places)).max(initial=0.0)), multipliers


def _nonnegative_fit(matrix: Any, target: Array, signed: NDArray[np.bool_]) -> Array:
    """argmin ||matrix u - target||, u >= 0 where `signed`."""
    if max(matrix.shape) <= NNLS_UP_TO:
        dense = matrix.toarray()
        split = np.hstack([dense, -dense[:, ~signed]])
        u, _ = nnls(split, target, maxiter=50 * split.shape[1] + 100)
        out = u[: matrix.shape[1]].copy()
        out[~signed] -= u[matrix.shape[1] :]
        return np.asarray(out)
    rows, columns = matrix.shape
    P = sp.block_diag([sp.csc_matrix((columns, columns)), sp.identity(rows)], format="csc")
    equal = sp.hstack([matrix, -sp.identity(rows)])
    keep = sp.csc_matrix(
        (-np.ones(signed.sum()), (np.arange(signed.sum()), np.flatnonzero(signed))),
        shape=(int(signed.sum()), columns + rows),
    )
    A = sp.vstack([equal, keep], format="csc")
    b = np.concatenate([target, np.zeros(int(signed.sum()))])
    return solve_quadratic(P, np.zeros(columns + rows), A, b, rows).values[:columns]


def first_order(game: Game, point: Array, weights: Array | None = None) -> FirstOrder:
    """Residuals of `point` (n,); see `FirstOrder`."""
    conditions = _Conditions(game, point)
    players = conditions.symbolic.players
    shared = bool((conditions.symbolic.row_owner == SHARED).any())
    if not conditions.rows.size:
        boxed = conditions.boxed(conditions.gradient, slice(None))
        residual = float(np.abs(boxed).max(initial=0.0))
        return FirstOrder(residual, *((residual, residual, 0.0) if shared else ()))
    ones = np.ones(players)
    weighted = weights is not None and bool((weights != weights[0]).any())
    variational = _common(conditions, ones) if shared or players > MANY else None
    exact = NOTHING * (1 + float(np.abs(conditions.gradient).max(initial=0.0)))
    if variational is not None and not weighted and variational <= exact:
        # Multipliers that serve all players at once serve each alone.
        return FirstOrder(variational, *((variational, variational, 0.0) if shared else ()))
    residuals = np.zeros(players)
    bound = _players_with_rows(conditions)
    boxed = np.abs(conditions.boxed(conditions.gradient, slice(None)))
    np.maximum.at(residuals, conditions.symbolic.owner, boxed)
    for player in bound:
        places, rows = conditions.own(int(player))
        columns = conditions.slopes[rows][:, places].T.tocsc()
        residuals[player], _ = conditions.fit(columns, conditions.equality[rows], places)
    residual = float(residuals.max(initial=0.0))
    if not shared or variational is None:
        return FirstOrder(residual)
    used = weights if weighted and weights is not None else ones
    normalized = _common(conditions, used) if weighted else variational
    spread = _spread(conditions, residuals, used)
    return FirstOrder(residual, variational, normalized, spread)


def follower_residual(game: Game, point: Array, followers: tuple[int, ...]) -> float:
    """First-order residual of some players alone, each with its own multipliers."""
    conditions = _Conditions(game, point)
    worst = 0.0
    for player in followers:
        places, rows = conditions.own(player)
        columns = conditions.slopes[rows][:, places].T.tocsc()
        worst = max(worst, conditions.fit(columns, conditions.equality[rows], places)[0])
    return worst


def _players_with_rows(conditions: _Conditions) -> NDArray[np.int_]:
    pattern = conditions.slopes.tocoo()
    owner = conditions.symbolic.owner[pattern.col]
    row_owner = conditions.row_owner[pattern.row]
    return np.unique(owner[(row_owner == SHARED) | (row_owner == owner)])


def _common(conditions: _Conditions, weights: Array) -> float:
    """Residual with one multiplier a row, divided by the weight of each player."""
    coordinates = conditions.slopes.T.tocoo()
    owner = conditions.symbolic.owner[coordinates.row]
    row_owner = conditions.row_owner[coordinates.col]
    kept = (row_owner == SHARED) | (row_owner == owner)
    scale = np.where(row_owner == SHARED, 1.0 / weights[owner], 1.0)
    columns = sp.csc_matrix(
        (
            (coordinates.data * scale)[kept],
            (coordinates.row[kept], coordinates.col[kept]),
        ),
        shape=coordinates.shape,
    )
    return conditions.fit(columns, conditions.equality, slice(None))[0]


def _spread(conditions: _Conditions, residuals: Array, weights: Array) -> float | None:
    """Smallest t with |w_i lambda_i - centre| <= t / 2 for all players, by linear programming."""
    shared = np.flatnonzero(conditions.row_owner == SHARED)
    if not shared.size:
        return 0.0
    if conditions.symbolic.n > SPREAD_UP_TO:
        return None
    blocks: list[Any] = []
    low: list[Array] = []
    high: list[Array] = []
    lowest: list[Array] = []
    links: list[tuple[int, int, float]] = []
    width = 0
    for player in _players_with_rows(conditions):
        places, rows = conditions.own(int(player))
        eye = sp.identity(places.size, format="csc")
        lower, upper = (
            np.flatnonzero(conditions.at_lower[places]),
            np.flatnonzero(conditions.at_upper[places]),
        )
        columns = conditions.slopes[rows][:, places].T
        blocks.append(sp.hstack([columns, -eye[:, lower], eye[:, upper]], format="csc"))
        slack = residuals[player] * (1 + 1e-6) + 1e-9 * (1 + np.abs(conditions.gradient).max())
        low.append(-conditions.gradient[places] - slack)
        high.append(-conditions.gradient[places] + slack)
        lowest.append(
            np.concatenate(
                [
                    np.where(conditions.equality[rows], -np.inf, 0.0),
                    np.zeros(lower.size + upper.size),
                ]
            )
        )
        for place, row in enumerate(rows):
            if conditions.row_owner[row] == SHARED:
                spot = int(np.flatnonzero(shared == row)[0])
                links.append((width + place, spot, float(weights[player])))
        width += blocks[-1].shape[1]
    stationarity = sp.block_diag(blocks, format="csr")
    unknowns = width + shared.size + 1
    rows_of, columns_of, data = [], [], []
    for number, (place, spot, weight) in enumerate(links):
        for sign, row in ((1.0, 2 * number), (-1.0, 2 * number + 1)):
            rows_of += [row, row, row]
            columns_of += [place, width + spot, unknowns - 1]
            data += [sign * weight, -sign, -0.5]
    near = sp.csr_matrix((data, (rows_of, columns_of)), shape=(2 * len(links), unknowns))
    padded = sp.hstack([stationarity, sp.csr_matrix((stationarity.shape[0], shared.size + 1))])
    objective = np.zeros(unknowns)
    objective[-1] = 1.0
    free = np.concatenate([*lowest, np.full(shared.size, -np.inf), [0.0]])
    answer = linprog(
        objective,
        A_ub=sp.vstack([near, padded, -padded]),
        b_ub=np.concatenate([np.zeros(near.shape[0]), *high, *(-b for b in low)]),
        bounds=np.column_stack([free, np.full(unknowns, np.inf)]),
        method="highs",
    )
    return float(answer.x[-1]) if answer.status == 0 else None
