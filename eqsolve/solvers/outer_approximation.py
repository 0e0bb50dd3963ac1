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
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import casadi as ca
import numpy as np
from numpy.typing import NDArray

from eqsolve.programs.bilevel_by_value import BilevelByValue
from eqsolve.programs.smooth import SmoothProgram, take
from eqsolve.results import Status
from eqsolve.solvers.branch_on_complementarity import BoundedSolution
from eqsolve.solvers.nonlinear import Ipopt
from eqsolve.solvers.scip import Scip

Array = NDArray[np.float64]
SHARES = (0.5, 0.1)  # of the follower's possible saving that a stored interior answer gives up
LARGEST_ROOM, SMALLEST_ROOM = 1e-6, 1e-9  # by which f(x, y) may exceed f(x, y_k), for SCIP's sake
ROUGH, SHARP = 1e-7, 1e-9  # the room below which SCIP is asked for more digits; how many
FEASIBLE, ADMITTED = 1e-7, 4e-7  # violation of a row that is rounding; the most there may be
NEARLY = 100  # times the room: how near to optimal an answer is when a tie is sought
STEPS = 30
ROUNDING = 1e-6  # by which SCIP's cost may be too low
INTERIOR = 1e-7  # slack below which an answer counts as on the boundary of its rows


@dataclass(frozen=True)
class OuterApproximation:
    """Options of the outer approximation.

    Parameters
    ----------
    gap : float
        Gap between leader's value and bound at which it stops, relative to max(1, |value|).
    accepted : float
        Gap that still counts as proven when no further progress is made.
    follower_tolerance : float
        How far from the follower's optimum an answer may be, relative to max(1, |w|).
    seconds : float
        Time before giving up with the bound reached.
    max_rounds : int
        Relaxations solved before giving up.
    """

    gap: float = 1e-6
    accepted: float = 1e-4
    follower_tolerance: float = 1e-9
    seconds: float = 60.0
    max_rounds: int = 200

    name: ClassVar[str] = "outer-approximation"
    kinds: ClassVar[frozenset[str]] = frozenset({"bilevel-by-value"})

    def solve(self, program: BilevelByValue, start: Any = None) -> BoundedSolution:
        """Solve to a proven gap; `bound` is valid also when it stops early."""
        return _Search(program, self).run()


@dataclass(frozen=True)
class _Reply:
    """The follower's answer with its multipliers, its cost, the most an answer may cost, and
    its problem for Ipopt."""

    values: Array
    multipliers: Any
    least: float
    most: float
    status: Status
    local: Any


class _Search:
    def __init__(self, program: BilevelByValue, options: OuterApproximation) -> None:
        self.program, self.options = program, options
        self.cuts: list[tuple[Any, Any]] = []
        self.room = LARGEST_ROOM
        self.best = np.full(program.order.size, np.nan)
        self.value, self.bound = np.inf, -np.inf
        self.rounds = 0
        self.ends = time.monotonic() + options.seconds
        xy = [program.x, program.y]
        self.leader_cost = ca.Function("F", xy, [program.leader_cost])
        self.follower_cost = ca.Function("f", xy, [program.follower_cost])
        multipliers = ca.SX.sym("multipliers", program.follower_equal.size)
        lagrangian = program.follower_cost + ca.dot(multipliers, program.follower_rows)
        slopes = ca.gradient(lagrangian, program.x)
        self.follower_slopes = ca.Function("slopes", [*xy, multipliers], [slopes])
        self.follower_box = np.asarray(program.follower.lower), np.asarray(program.follower.upper)
        self.rows = ca.Function("rows", xy, [program.leader_rows, program.follower_rows])

    def run(self) -> BoundedSolution:
        while self.rounds < self.options.max_rounds:
            self.rounds += 1
            relaxed = self.relax(seed=0)
            if relaxed.status in (Status.UNBOUNDED, Status.INFEASIBLE):
                return self.answer(relaxed.status)
            self.bound = relaxed.bound if relaxed.solved else max(self.bound, relaxed.bound)
            status: Status | None = relaxed.status
            if relaxed.solved and not self.closed():
                status = self.visit_at(relaxed)
            if self.closed():
                # SCIP's bounds are right up to rounding, mostly: another run has to agree.
                again = self.relax(seed=self.rounds)
                if not again.solved or again.bound >= self.bound - self.gap(self.options.gap):
                    return self.answer(Status.SOLVED)
                self.bound = again.bound
                status = self.visit_at(again)
            if status is not None and not (relaxed.solved and self.closed()):
                return self.answer(status)
        return self.answer(Status.ITERATION_LIMIT)

    def relax(self, seed: int) -> BoundedSolution:
        """The leader's best over what the stored answers leave."""
        cuts = [ca.vertcat(saving - self.room, broken) for saving, broken in self.cuts]
        engine = replace(self.engine(self.options.gap / 4), seed=seed)
        return engine.solve(self.program.relaxed, either=[*self.program.pairs, *cuts])

    def visit_at(self, relaxed: BoundedSolution) -> Status | None:
        x, y, _ = np.split(relaxed.values, [self.program.leading, self.best.size])
        return self.visit(x, y)

    def engine(self, gap: float) -> Scip:
        feasibility = Scip.feasibility if self.room >= ROUGH else SHARP
        seconds = self.ends - time.monotonic()
        return Scip(gap=gap, feasibility=feasibility, seconds=seconds)

    def gap(self, relative: float) -> float:
        return relative * (max(1.0, abs(self.value)) if np.isfinite(self.value) else 1.0)

    def closed(self) -> bool:
        return self.value - self.bound <= self.gap(self.options.gap)

    def visit(self, x: Array, y: Array) -> Status | None:
        """Offer points at or near the leader's decision x and store answers that exclude (x, y)."""
        reply = self.reply(x, y)
        if reply.status is not Status.SOLVED:
            return reply.status
        favoured = self.best_for_leader(x, y, reply.most)
        allowed = 2 * min(max(FEASIBLE, self.broken(x, y)), ADMITTED)
        answers = [y, reply.values]
        if favoured is not None:
            answers += [favoured, self.sharpened(reply.local, favoured, x)]
        for answer in answers:
            if self.cost(x, answer) <= reply.most:
                self.offer(x, answer, allowed)
        missed = self.cost(x, y) - reply.least
        if missed <= NEARLY * self.room:
            for follow in (True, False):
                self.settle(x, y, reply, allowed, follow)
        return self.exclude(x, reply, missed)

    def reply(self, x: Array, y: Array) -> _Reply:
        """The follower's optimum at x; rows that y breaks by rounding are widened to admit it."""
        problem = self.admitting(x, y)
        found = self.engine(self.options.follower_tolerance).solve(problem, x)
        local = Ipopt().prepare(problem)
        if found.status is not Status.SOLVED:
            return _Reply(found.values, 0.0, np.nan, np.nan, found.status, local)
        near = local.solve(found.values, x)
        multipliers = near.multipliers if near.solved else 0.0
        values = self.sharpened(local, found.values, x)
        least = self.cost(x, values)
        most = least + self.options.follower_tolerance * max(1.0, abs(least))
        return _Reply(values, multipliers, least, most, found.status, local)

    def settle(self, x: Array, y: Array, reply: _Reply, allowed: float, follow: bool) -> None:
        """Move x by Newton's steps until the follower is as ready to answer y as anything else.

        SCIP meets f(x, y) <= f(x, y_k) up to its tolerance only, so that (x, y) with a tie at
        the optimum misses it by as much. `follow` lets y move along to the optimum nearby.
        """
        low, high = (side[: x.size] for side in self.program.reach)
        for _ in range(STEPS):
            near, slopes = y, self.slopes(x, y, 0.0)
            if follow:
                solution = reply.local.solve(y, x)
                if not solution.solved:
                    return
                near = np.clip(solution.values, *self.follower_box)
                slopes = self.slopes(x, near, solution.multipliers)
            missed = self.cost(x, near) - reply.least
            if missed <= reply.most - reply.least:
                self.offer(x, near, allowed)
                return
            difference = slopes - self.slopes(x, reply.values, reply.multipliers)
            steepness = float(difference @ difference)
            if steepness == 0.0:
                return
            x, y = np.clip(x - missed / steepness * difference, low, high), near
            reply = self.reply(x, y)
            if reply.status is not Status.SOLVED:
                return

    def slopes(self, x: Array, y: Array, multipliers: Any) -> Array:
        """How the cost of an answer that keeps to its active rows changes with x."""
        return np.asarray(self.follower_slopes(x, y, multipliers)).ravel()

    def exclude(self, x: Array, reply: _Reply, missed: float) -> Status | None:
        """Store answers that (x, y), which misses the follower's optimum, does not match."""
        if missed <= 2 * self.room:
            self.room /= 10
            return None if self.room >= SMALLEST_ROOM else Status.STALLED
        if not self.program.moved_by_leader.any():
            self.store(reply.values)
            return None
        before = len(self.cuts)
        for share in SHARES:
            answer = self.interior(x, reply.least + share * missed)
            if answer is not None:
                self.store(answer)
        return None if len(self.cuts) > before else Status.STALLED

    def admitting(self, x: Array, y: Array) -> SmoothProgram:
        """The follower's problem at x, its rows wide enough for y, which breaks them by rounding.

        A feasible set without interior, as 0 <= y <= 1 - x at x = 1 + 1e-9, is not empty so.
        """
        follower = self.program.follower
        rows = np.asarray(self.rows(x, y)[1]).ravel().clip(-ADMITTED, ADMITTED)
        equal = self.program.follower_equal
        return replace(
            follower,
            constraint_lower=np.where(equal, np.minimum(rows, 0.0), -np.inf),
            constraint_upper=np.maximum(rows, 0.0),
        )

    def cost(self, x: Array, y: Array) -> float:
        return float(self.follower_cost(x, y))

    def sharpened(self, local: Any, y: Array, x: Array) -> Array:
        """The follower's answer near y, to Ipopt's last digits unless these are of another one.

        SCIP's cost is a little too low where it uses up the violation that rows may have.
        """
        near = local.solve(y, x)
        values = np.clip(near.values, *self.follower_box)
        worse = self.cost(x, values) - self.cost(x, y)
        return np.asarray(values) if near.solved and worse <= ROUNDING else y

    def offer(self, x: Array, y: Array, allowed: float) -> None:
        """Keep (x, y) when it is the best so far and breaks no row by more than `allowed`."""
        if self.broken(x, y) > allowed:
            return
        value = float(self.leader_cost(x, y))
        if value < self.value:
            self.best, self.value = np.concatenate([x, y]), value

    def broken(self, x: Array, y: Array) -> float:
        rows = np.concatenate([np.asarray(part).ravel() for part in self.rows(x, y)])
        equal = np.concatenate([self.program.leader_equal, self.program.follower_equal])
        return float(np.where(equal, np.abs(rows), rows).max(initial=0.0))

    def best_for_leader(self, x: Array, y: Array, most: float) -> Array | None:
        """The follower's answers at x are those with cost at most `most`: the leader's best."""
        program, size = self.program, x.size
        rows = [np.asarray(part).ravel() for part in self.rows(x, y)]
        low, high = program.reach
        equal = np.concatenate([program.leader_equal, program.follower_equal, [False]])
        admitted = np.append(np.concatenate(rows), 0.0).clip(-ADMITTED, ADMITTED)
        kept = SmoothProgram(
            program.y,
            program.leader_cost,
            ca.vertcat(program.leader_rows, program.follower_rows, program.follower_cost - most),
            parameters=program.x,
            lower=low[size:],
            upper=high[size:],
            constraint_lower=np.where(equal, np.minimum(admitted, 0.0), -np.inf),
            constraint_upper=np.maximum(admitted, 0.0),
        )
        found = self.engine(self.options.gap / 4).solve(kept, x)
        return None if found.objective is None else found.values

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
        rows = take(program.follower_rows, np.flatnonzero(program.moved_by_leader))
        self.cuts.append((saving, -program.at(rows, answer)))

    def answer(self, status: Status) -> BoundedSolution:
        found = bool(np.isfinite(self.value))
        bound = min(self.bound, self.value)
        missing, accepted = self.value - self.bound, self.gap(self.options.accepted)
        if missing < -accepted:
            # A bound above a point that was checked: SCIP has erred, and nothing is proven.
            status = Status.FAILED
        elif missing <= accepted:
            status = Status.SOLVED
        proven = status is Status.SOLVED
        return BoundedSolution(
            # Nothing short of a proof is an answer: other commitments may be far better.
            values=self.best if proven else np.full_like(self.best, np.nan),
            status=status,
            residual=self.value - bound if found else np.inf,
            iterations=self.rounds,
            solver=self.options.name,
            objective=self.value if found else None,
            bound=bound,
            nodes=len(self.cuts),
        )
