"""Outer approximation of the follower's value function: global, for any follower SCIP can hold.

With w(x) the follower's optimal value, the bilevel problem is

    min over x, y   F(x, y)   s.t.   G(x, y) <= 0,   g(x, y) <= 0,   f(x, y) <= w(x)

Any answer y_k of the follower that stays feasible at x gives w(x) <= f(x, y_k). Keeping only
these for finitely many y_k, each as "f(x, y) <= f(x, y_k), or some g_i(x, y_k) >= 0", bounds the
optimum from below. Fixing x instead, solving the follower for w(x) and then the leader over the
follower's answers gives a point, and an answer to store (Mitsos, Lemonidis and Barton 2008,
"Global solution of bilevel programs with a nonconvex inner program").
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, ClassVar

import casadi as ca
import numpy as np
from numpy.typing import NDArray

from eqsolve.programs.bilevel_by_value import BilevelByValue
from eqsolve.programs.smooth import SmoothProgram
from eqsolve.results import Status
from eqsolve.solvers.branch_on_complementarity import BoundedSolution
from eqsolve.solvers.nonlinear import Ipopt
from eqsolve.solvers.scip import Scip

Array = NDArray[np.float64]
SHARES = (0.5, 0.1)  # of the follower's possible saving that a stored interior answer gives up
INTERIOR = 1e-7  # slack below which an answer counts as on the boundary of its rows


@dataclass(frozen=True)
class OuterApproximation:
    """Options of the outer approximation.

    Parameters
    ----------
    gap : float
        Gap between leader's value and bound at which it stops, relative to max(1, |value|).
    follower_tolerance : float
        How far from the follower's optimum an answer may be, relative to max(1, |w|).
    seconds : float
        Time before giving up with the bound reached.
    max_answers : int
        Stored answers of the follower before giving up.
    """

    gap: float = 1e-4
    follower_tolerance: float = 1e-9
    seconds: float = 60.0
    max_answers: int = 200

    name: ClassVar[str] = "outer-approximation"
    kinds: ClassVar[frozenset[str]] = frozenset({"bilevel-by-value"})

    def solve(self, program: BilevelByValue, start: Any = None) -> BoundedSolution:
        """Solve to a proven gap; `bound` is valid also when it stops early."""
        return _Search(program, self).run()


class _Search:
    def __init__(self, program: BilevelByValue, options: OuterApproximation) -> None:
        self.program, self.options = program, options
        self.cuts: list[Any] = []
        self.best = np.full(program.order.size, np.nan)
        self.value, self.bound = np.inf, -np.inf
        self.rounds = 0
        self.ends = time.monotonic() + options.seconds
        self.local = Ipopt().prepare(program.follower)
        self.follower_box = np.asarray(program.follower.lower), np.asarray(program.follower.upper)
        self.leader_cost = ca.Function("F", [program.x, program.y], [program.leader_cost])
        self.follower_cost = ca.Function("f", [program.x, program.y], [program.follower_cost])

    def run(self) -> BoundedSolution:
        while len(self.cuts) < self.options.max_answers:
            self.rounds += 1
            relaxed = self.engine(self.options.gap / 4).solve(
                self.program.relaxed, either=[*self.program.pairs, *self.cuts]
            )
            if relaxed.status is Status.INFEASIBLE:
                return self.answer(Status.INFEASIBLE if self.value == np.inf else Status.SOLVED)
            if relaxed.status is Status.UNBOUNDED:
                return self.answer(Status.UNBOUNDED)
            self.bound = max(self.bound, relaxed.bound)
            if self.closed():
                return self.answer(Status.SOLVED)
            if relaxed.status is not Status.SOLVED:
                return self.answer(relaxed.status)
            x, y, _ = np.split(relaxed.values, [self.program.leading, self.best.size])
            status = self.visit(x, y)
            if status is not None:
                return self.answer(status)
            if self.closed():
                return self.answer(Status.SOLVED)
        return self.answer(Status.ITERATION_LIMIT)

    def engine(self, gap: float) -> Scip:
        return Scip(gap=gap, seconds=self.ends - time.monotonic())

    def closed(self) -> bool:
        size = max(1.0, abs(self.value)) if np.isfinite(self.value) else 1.0
        return self.value - self.bound <= self.options.gap * size

    def visit(self, x: Array, y: Array) -> Status | None:
        """Offer points at the leader's decision x and store answers that exclude (x, y)."""
        follower = self.engine(self.options.follower_tolerance).solve(self.program.follower, x)
        if follower.status is not Status.SOLVED or follower.objective is None:
            return follower.status
        reply, least = self.sharpened(x, follower.values)
        margin = self.options.follower_tolerance * max(1.0, abs(least))
        missed = float(self.follower_cost(x, y)) - least
        if missed <= margin:
            self.offer(x, y)
            return None
        self.best_for_leader(x, least + margin)
        before = len(self.cuts)
        if not self.program.moved_by_leader.any():
            self.store(reply)
        else:
            for share in SHARES:
                answer = self.interior(x, least + share * missed)
                if answer is not None:
                    self.store(answer)
        return None if len(self.cuts) > before else Status.STALLED

    def sharpened(self, x: Array, y: Array) -> tuple[Array, float]:
        """The follower's answer and cost at x: SCIP's, or better by Ipopt's last digits."""
        local = self.local.solve(y, x)
        answers = [y]
        if local.solved:
            answers.append(np.clip(local.values, *self.follower_box))
        costs = [float(self.follower_cost(x, answer)) for answer in answers]
        place = int(np.argmin(costs))
        return answers[place], costs[place]

    def offer(self, x: Array, y: Array) -> None:
        value = float(self.leader_cost(x, y))
        if value < self.value:
            self.best, self.value = np.concatenate([x, y]), value

    def best_for_leader(self, x: Array, most: float) -> None:
        """The follower's answers at x are those with cost at most `most`: take the leader's best."""
        program = self.program
        size = x.size
        low, high = program.reach
        equal = np.concatenate([program.leader_equal, program.follower_equal, [False]])
        kept = SmoothProgram(
            program.y,
            program.leader_cost,
            ca.vertcat(program.leader_rows, program.follower_rows, program.follower_cost - most),
            parameters=program.x,
            lower=low[size:],
            upper=high[size:],
            constraint_lower=np.where(equal, 0.0, -np.inf),
            constraint_upper=np.zeros(equal.size),
        )
        found = self.engine(self.options.gap / 4).solve(kept, x)
        if found.objective is not None:
            self.offer(x, found.values)

    def interior(self, x: Array, most: float) -> Array | None:
        """An answer at x with cost at most `most`, as far as can be inside rows x enters."""
        program = self.program
        rows, moved = program.follower, program.moved_by_leader
        slack = ca.SX.sym("slack")
        inside = ca.SX(rows.constraints)
        inside[np.flatnonzero(moved).tolist()] += slack
        found = self.engine(1e-3).solve(
            SmoothProgram(
                ca.vertcat(rows.variables, slack),
                -slack,
                ca.vertcat(inside, program.follower_cost - most),
                parameters=rows.parameters,
                lower=np.append(rows.lower, 0.0),
                upper=np.append(rows.upper, 1.0),
                constraint_lower=np.append(rows.constraint_lower, -np.inf),
                constraint_upper=np.append(rows.constraint_upper, 0.0),
            ),
            x,
        )
        if found.objective is None or found.values[-1] <= INTERIOR:
            return None
        return found.values[:-1]

    def store(self, answer: Array) -> None:
        """f(x, y) <= f(x, answer) wherever the answer is feasible."""
        program = self.program
        saving = program.follower_cost - program.at(program.follower_cost, answer)
        moved = np.flatnonzero(program.moved_by_leader).tolist()
        broken = -program.at(program.follower_rows[moved], answer) if moved else ca.SX(0, 1)
        self.cuts.append(ca.vertcat(saving, broken))

    def answer(self, status: Status) -> BoundedSolution:
        found = bool(np.isfinite(self.value))
        bound = min(self.bound, self.value)
        return BoundedSolution(
            values=self.best,
            status=status,
            residual=self.value - bound if found else np.inf,
            iterations=self.rounds,
            solver=self.options.name,
            objective=self.value if found else None,
            bound=bound,
            nodes=len(self.cuts),
        )
