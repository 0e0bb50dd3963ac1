"""The leader's program over its own strategy and the followers' first-order conditions.

    min   c_L(x, y)
    s.t.  leader's bounds and rows,   y = R x + r,   v = (d g_shared / d y)' lambda
          F_j + (d g / d x_j)' lambda - a_j + b_j = 0          for followers' coordinates j
          0 <= a_j _|_ x_j - lower_j >= 0,   0 <= b_j _|_ upper_j - x_j >= 0
          0 <= lambda_r _|_ -g_r >= 0  (or g_r = 0, lambda_r free)   for followers' rows r

For followers with convex problems this is the bilevel problem itself (under a
constraint qualification); otherwise it holds more points than the followers' answers,
and the certificate decides (Dempe and Zemkoho 2020, chapter 1).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import casadi as ca
import numpy as np
from numpy.typing import NDArray

from eqsolve.formulations.kkt import OptimalityConditions, optimality_conditions
from eqsolve.games.symbolic import SymbolicGame, to_dm
from eqsolve.programs.smooth import take

Array = NDArray[np.float64]


@dataclass(frozen=True)
class BilevelProgram:
    """The program above in one vector w = (x, y, v, lambda, a, b).

    Attributes
    ----------
    game : SymbolicGame
    leaders : tuple of int
    unknowns : SX, shape (m, 1)
    lower, upper : ndarray (m,)
    objective : SX, scalar
    equalities : SX, shape (e, 1)
        = 0.
    inequalities : SX, shape (i, 1)
        The leader's rows, <= 0.
    left, right : SX, shape (c, 1)
        Complementary pairs: left >= 0, right >= 0, left * right = 0. `left` is the
        multiplier, `right` the slack.
    pair_names : tuple of str
    """

    game: SymbolicGame
    leaders: tuple[int, ...]
    unknowns: Any
    lower: Array
    upper: Array
    objective: Any
    equalities: Any
    inequalities: Any
    left: Any
    right: Any
    names: tuple[str, ...]
    pair_names: tuple[str, ...]

    @property
    def size(self) -> int:
        return int(self.unknowns.shape[0])

    @cached_property
    def is_linear_quadratic(self) -> bool:
        """Affine in everything but a quadratic objective: branching is then exact."""
        stacked = ca.vertcat(self.equalities, self.inequalities, self.left, self.right)
        curved = ca.which_depends(stacked, self.unknowns, 2, True) if stacked.shape[0] else []
        hessian = ca.hessian(self.objective, self.unknowns)[0]
        return not any(curved) and not ca.symvar(hessian)

    def start(self, x: Array, multiplier: float = 0.0) -> Array:
        """w at the strategies x (n,), multipliers as given."""
        w = np.full(self.size, multiplier)
        n, k = self.game.n, self.game.aggregates
        w[:n] = x
        w[n : n + k] = self.game.lift(x)
        return np.asarray(np.clip(w, self.lower, self.upper))


def bilevel_program(game: SymbolicGame, leaders: tuple[int, ...]) -> BilevelProgram:
    """Write the leader's program with the followers' first-order conditions."""
    conditions = optimality_conditions(game, np.ones(game.players))
    leading = np.isin(game.owner, leaders)
    # A follower's row without own variables is no part of its answer: it limits the leader.
    upper_rows = np.isin(game.row_owner, leaders) | game.foreign_rows
    followers, rows = np.flatnonzero(~leading), np.flatnonzero(~upper_rows)
    at_lower = followers[np.isfinite(game.lower[followers])]
    at_upper = followers[np.isfinite(game.upper[followers])]
    a = ca.SX.sym("at_lower", at_lower.size)
    b = ca.SX.sym("at_upper", at_upper.size)
    multipliers = take(conditions.multipliers, rows)
    stationarity = ca.SX(conditions.stationarity)
    stationarity[at_lower.tolist()] -= a
    stationarity[at_upper.tolist()] += b
    lifted = game.y - ca.mtimes(to_dm(game.matrix), game.x) - ca.DM(game.offset)
    equal, bind = rows[game.equality[rows]], rows[~game.equality[rows]]
    equalities = ca.vertcat(
        take(stationarity, followers),
        lifted,
        conditions.price_residual,
        take(game.rows, equal),
        take(game.rows, np.flatnonzero(upper_rows & game.equality)),
    )
    unknowns = ca.vertcat(game.x, game.y, conditions.prices, multipliers, a, b)
    lower, upper = _bounds(game, conditions, rows, at_lower.size + at_upper.size)
    costs = take(game.costs, np.asarray(leaders))
    labels = [f"multiplier[{r}]" for r in rows]
    names = [game.names[j] for j in at_lower], [game.names[j] for j in at_upper]
    return BilevelProgram(
        game=game,
        leaders=leaders,
        unknowns=unknowns,
        lower=lower,
        upper=upper,
        objective=ca.sum1(costs),
        equalities=equalities,
        inequalities=take(game.rows, np.flatnonzero(upper_rows & ~game.equality)),
        left=ca.vertcat(take(conditions.multipliers, bind), a, b),
        right=ca.vertcat(
            -take(game.rows, bind),
            take(game.x, at_lower) - ca.DM(game.lower[at_lower]),
            ca.DM(game.upper[at_upper]) - take(game.x, at_upper),
        ),
        names=(
            *conditions.names[: game.n + game.aggregates + conditions.prices.shape[0]],
            *labels,
            *(f"at_lower[{name}]" for name in names[0]),
            *(f"at_upper[{name}]" for name in names[1]),
        ),
        pair_names=(
            *(f"row {r}" for r in bind),
            *(f"lower bound of {name}" for name in names[0]),
            *(f"upper bound of {name}" for name in names[1]),
        ),
    )


def _bounds(
    game: SymbolicGame, conditions: OptimalityConditions, rows: NDArray[np.int_], signed: int
) -> tuple[Array, Array]:
    free = np.full(game.aggregates + conditions.prices.shape[0], np.inf)
    lowest = np.where(game.equality[rows], -np.inf, 0.0)
    lower = np.concatenate([game.lower, -free, lowest, np.zeros(signed)])
    upper = np.concatenate([game.upper, free, np.full(rows.size + signed, np.inf)])
    return lower, upper
