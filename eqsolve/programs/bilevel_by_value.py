"""A bilevel program with one follower, in symbols: nothing is assumed to be convex.

min over x, y   F(x, y)
s.t.            G(x, y) <= 0 (or = 0),
                y minimises f(x, .) subject to g(x, .) <= 0 (or = 0)
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import casadi as ca
import numpy as np
from numpy.typing import NDArray

from eqsolve.programs.smooth import SmoothProgram, take

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class BilevelByValue:
    """See the module's docstring; expressions are CasADi SX in `x` and `y`.

    Attributes
    ----------
    x, y : SX, shapes (nx,) and (ny,)
        What the leader and the follower decide.
    leader_cost, follower_cost : SX, scalars
        F and f, minimised.
    leader_rows, follower_rows : SX, shapes (G,) and (g,)
    leader_equal, follower_equal : ndarray of bool
        Which rows are equations.
    lower, upper : ndarray (nx + ny,)
        Bounds on (x, y) as declared; infinite where there is none.
    reach : tuple of two ndarrays (nx + ny,)
        Finite bounds that every feasible (x, y) respects.
    order : ndarray of int (nx + ny,)
        Place of each entry of (x, y) in the game's own order.
    smooth : bool
        Whether f and g are differentiable in y, so that first-order conditions are necessary.
    """

    x: Any
    y: Any
    leader_cost: Any
    follower_cost: Any
    leader_rows: Any
    leader_equal: Mask
    follower_rows: Any
    follower_equal: Mask
    lower: Array
    upper: Array
    reach: tuple[Array, Array]
    order: NDArray[np.int_]
    smooth: bool

    kind: ClassVar[str] = "bilevel-by-value"

    @property
    def problem(self) -> BilevelByValue:
        """The symbols are the program."""
        return self

    @property
    def leading(self) -> int:
        """How many coordinates the leader decides."""
        return int(self.x.numel())

    @cached_property
    def feasible(self) -> SmoothProgram:
        """The leader's cost over both players' constraints; variables (x, y)."""
        equal = np.concatenate([self.leader_equal, self.follower_equal])
        return SmoothProgram(
            variables=ca.vertcat(self.x, self.y),
            objective=self.leader_cost,
            constraints=ca.vertcat(self.leader_rows, self.follower_rows),
            lower=self.reach[0],
            upper=self.reach[1],
            constraint_lower=np.where(equal, 0.0, -np.inf),
            constraint_upper=np.zeros(equal.size),
        )

    @cached_property
    def relaxed(self) -> SmoothProgram:
        """The leader's cost over what every (x, y) with y optimal satisfies; variables (x, y, m).

        Both players' constraints and, where f and g are smooth, the follower's first-order
        conditions with multipliers m; their complementary pairs are `pairs`.
        """
        stationarity, multipliers, _ = self._first_order
        wider, size, zeros = self.feasible, multipliers.numel(), np.zeros(stationarity.numel())
        return SmoothProgram(
            variables=ca.vertcat(wider.variables, multipliers),
            objective=self.leader_cost,
            constraints=ca.vertcat(wider.constraints, stationarity),
            lower=np.append(wider.lower, np.zeros(size)),
            upper=np.append(wider.upper, np.ones(size)),
            constraint_lower=np.append(wider.constraint_lower, zeros),
            constraint_upper=np.append(wider.constraint_upper, zeros),
        )

    @property
    def pairs(self) -> tuple[Any, ...]:
        """Columns of which at least one entry is <= 0 wherever the follower is optimal."""
        return self._first_order[2]

    @cached_property
    def _first_order(self) -> tuple[Any, Any, tuple[Any, ...]]:
        """Stationarity (= 0), multipliers in [0, 1] and complementary pairs."""
        if not self.smooth:
            return ca.SX(0, 1), ca.SX(0, 1), ()
        return self._fritz_john() if self.follower_equal.size else self._in_a_box()

    def _in_a_box(self) -> tuple[Any, Any, tuple[Any, ...]]:
        """Bounds alone: each slope is <= 0 or y at its lower bound, >= 0 or y at its upper."""
        slopes = ca.gradient(self.follower_cost, self.y)
        low, high = self.lower[self.leading :], self.upper[self.leading :]
        pairs = []
        for j in range(slopes.numel()):
            below = [self.y[j] - low[j]] if np.isfinite(low[j]) else []
            above = [high[j] - self.y[j]] if np.isfinite(high[j]) else []
            pairs += [ca.vertcat(slopes[j], *below), ca.vertcat(-slopes[j], *above)]
        return ca.SX(0, 1), ca.SX(0, 1), tuple(pairs)

    def _fritz_john(self) -> tuple[Any, Any, tuple[Any, ...]]:
        """Fritz John's conditions: no constraint qualification, multipliers that sum to one."""
        low, high = self.lower[self.leading :], self.upper[self.leading :]
        bind = np.flatnonzero(~self.follower_equal).tolist()
        equal = np.flatnonzero(self.follower_equal).tolist()
        at_low, at_high = (np.flatnonzero(np.isfinite(side)).tolist() for side in (low, high))
        # An equation counts as two inequalities, and needs no pair.
        gaps = ca.vertcat(
            take(self.follower_rows, bind),
            ca.DM(low[at_low]) - take(self.y, at_low),
            take(self.y, at_high) - ca.DM(high[at_high]),
        )
        equations = take(self.follower_rows, equal)
        alike = ca.vertcat(gaps, equations, -equations)
        multipliers = ca.SX.sym("multiplier", 1 + alike.numel())
        weighted = ca.vertcat(self.follower_cost, alike)
        stationarity = ca.mtimes(ca.jacobian(weighted, self.y).T, multipliers)
        pairs = tuple(ca.vertcat(multipliers[1 + k], -gaps[k]) for k in range(gaps.numel()))
        return ca.vertcat(stationarity, ca.sum1(multipliers) - 1), multipliers, pairs

    @cached_property
    def follower(self) -> SmoothProgram:
        """The follower's problem, the leader's decision as parameters."""
        return SmoothProgram(
            variables=self.y,
            parameters=self.x,
            objective=self.follower_cost,
            constraints=self.follower_rows,
            lower=self.lower[self.leading :],
            upper=self.upper[self.leading :],
            constraint_lower=np.where(self.follower_equal, 0.0, -np.inf),
            constraint_upper=np.zeros(self.follower_equal.size),
        )

    @cached_property
    def moved_by_leader(self) -> Mask:
        """Which of the follower's rows the leader's decision enters."""
        slopes = ca.jacobian_sparsity(self.follower_rows, self.x)
        moved = np.zeros(self.follower_equal.size, dtype=bool)
        moved[np.unique(np.asarray(slopes.row(), dtype=int))] = True
        return moved

    def at(self, expressions: Any, answer: Array) -> Any:
        """`expressions` with the follower's decision put in, as expressions in x."""
        return ca.substitute([ca.SX(expressions)], [self.y], [ca.DM(answer)])[0]

    def describe(self) -> str:
        """Both levels as text."""
        lines = [f"minimize {self.leader_cost}", "subject to"]
        for row, equal in zip(ca.vertsplit(self.leader_rows), self.leader_equal, strict=True):
            lines.append(f"  {row} {'==' if equal else '<='} 0")
        names = ", ".join(str(symbol) for symbol in ca.vertsplit(self.y))
        lines.append(f"  {names} minimises {self.follower_cost} subject to")
        for row, equal in zip(ca.vertsplit(self.follower_rows), self.follower_equal, strict=True):
            lines.append(f"    {row} {'==' if equal else '<='} 0")
        return "\n".join(lines)
