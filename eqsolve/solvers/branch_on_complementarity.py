"""Branch and bound on complementary pairs: global, without bounds on multipliers.

Each node drops the pairs' products, so that a convex quadratic program bounds the
optimum from below; the most violated pair is split into "left = 0" and "right = 0"
(Bard and Moore 1990). Multipliers need no big-M, because a pair is branched on, not
switched by a binary.
"""

from __future__ import annotations

import heapq
import itertools
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.optimize import linprog

from eqsolve.programs.complementarity_constrained import ComplementarityConstrainedProgram
from eqsolve.results import Solution, Status
from eqsolve.solvers.quadratic import solve_quadratic

Array = NDArray[np.float64]
_Node = tuple[float, int, frozenset[int], frozenset[int], Array | None]
LINPROG = {
    0: Status.SOLVED,
    1: Status.ITERATION_LIMIT,
    2: Status.INFEASIBLE,
    3: Status.UNBOUNDED,
    4: Status.FAILED,
}


@dataclass(frozen=True)
class BoundedSolution(Solution):
    """A solution with a proven lower bound on the objective.

    Attributes
    ----------
    bound : float
        No feasible point is better than this.
    nodes : int
        Convex programs solved.
    """

    bound: float = -np.inf
    nodes: int = 0


@dataclass(frozen=True)
class BranchOnComplementarity:
    """Options of the branch and bound.

    Parameters
    ----------
    gap : float
        Relative gap between incumbent and bound at which it stops.
    tolerance : float
        Relative size of a product left and right may have and still count as zero.
    max_nodes : int
        Convex programs before giving up with the bound reached.
    """

    gap: float = 1e-7
    tolerance: float = 1e-7
    max_nodes: int = 20_000

    name: ClassVar[str] = "branch-on-complementarity"
    kinds: ClassVar[frozenset[str]] = frozenset({"mixed-integer"})

    def solve(
        self, program: ComplementarityConstrainedProgram, start: Any = None
    ) -> BoundedSolution:
        """Solve to a certified gap; `bound` is valid also when it stops early."""
        return _Search(program, self).run()


class _Search:
    def __init__(
        self, program: ComplementarityConstrainedProgram, options: BranchOnComplementarity
    ) -> None:
        self.program, self.options = program, options
        self.best: Array | None = None
        self.value = np.inf
        self.nodes = 0
        self.linear = program.H.nnz == 0 or not np.abs(program.H.data).max()
        m = program.c.size
        eye = sp.identity(m, format="csr")
        finite_low, finite_high = np.isfinite(program.lower), np.isfinite(program.upper)
        self.G = sp.vstack(
            [program.G, -program.A, -program.B, eye[finite_high], -eye[finite_low]], format="csr"
        )
        self.g = np.concatenate(
            [
                program.g,
                program.a,
                program.b,
                program.upper[finite_high],
                -program.lower[finite_low],
            ]
        )

    def run(self) -> BoundedSolution:
        order = itertools.count()
        heap: list[_Node] = []

        def add(fixed: tuple[frozenset[int], frozenset[int]], below: float) -> None:
            answer = self.relax(*fixed)
            if answer.status is Status.INFEASIBLE:
                return
            # A relaxation that was not solved, or is unbounded, proves nothing of its own.
            w = answer.values if answer.status is Status.SOLVED else None
            value = below if w is None else max(self.program.objective(w), below)
            if value < self.value - self.slack():
                heapq.heappush(heap, (value, next(order), *fixed, w))

        add((frozenset(), frozenset()), -np.inf)
        bound, unproven = np.inf, False
        while heap:
            bound, _, left, right, w = heapq.heappop(heap)
            if bound >= self.value - self.slack():
                bound = self.value
                break
            if self.nodes >= self.options.max_nodes:
                return self.answer(Status.ITERATION_LIMIT, bound)
            if w is not None:
                self.round(w)
            place = self.most_violated(w, left | right)
            if place is None:
                if w is None:
                    unproven = True
                    break
                self.offer(w)
                continue
            for fixed in ((left | {place}, right), (left, right | {place})):
                add(fixed, bound)
        else:
            bound = self.value
        if unproven:
            return self.answer(Status.UNBOUNDED if bound == -np.inf else Status.STALLED, bound)
        if self.best is None:
            return self.answer(Status.INFEASIBLE, np.inf)
        return self.answer(Status.SOLVED, min(bound, self.value))

    def most_violated(self, w: Array | None, fixed: frozenset[int]) -> int | None:
        """The pair to branch on: the first free one where nothing is known; None if all hold."""
        free = [k for k in range(self.program.pairs) if k not in fixed]
        if w is None:
            return free[0] if free else None
        products = self.products(w)
        place = int(products.argmax())
        return place if products[place] > self.options.tolerance else None

    def slack(self) -> float:
        return self.options.gap * max(1.0, abs(self.value)) if np.isfinite(self.value) else 0.0

    def sides(self, w: Array) -> tuple[Array, Array]:
        program = self.program
        return program.A @ w + program.a, program.B @ w + program.b

    def products(self, w: Array) -> Array:
        """Smaller of the two sides, relative to the size of the point."""
        left, right = self.sides(w)
        if not left.size:
            return np.zeros(1)
        size = 1.0 + np.abs(w).max(initial=0.0) * 1e-3
        return np.asarray(np.minimum(left, right) / size)

    def round(self, w: Array) -> None:
        """A feasible point near w: every pair's smaller side set to zero."""
        left, right = self.sides(w)
        zero = left <= right
        answer = self.relax(
            frozenset(np.flatnonzero(zero).tolist()), frozenset(np.flatnonzero(~zero).tolist())
        )
        if answer.status is Status.SOLVED:
            self.offer(answer.values)

    def offer(self, w: Array) -> None:
        value = self.program.objective(w)
        if value < self.value:
            self.best, self.value = w, value

    def relax(self, left: frozenset[int], right: frozenset[int]) -> Solution:
        """The convex program with the given sides fixed at zero."""
        self.nodes += 1
        program = self.program
        fixed_left, fixed_right = sorted(left), sorted(right)
        E = sp.vstack([program.E, program.A[fixed_left], program.B[fixed_right]], format="csr")
        e = np.concatenate([program.e, -program.a[fixed_left], -program.b[fixed_right]])
        if self.linear:
            answer = self.linear_program(program.c, E, e)
            if LINPROG[answer.status] is Status.UNBOUNDED:
                # HiGHS may say so of programs without any feasible point.
                nothing = self.linear_program(np.zeros_like(program.c), E, e)
                answer = nothing if LINPROG[nothing.status] is Status.INFEASIBLE else answer
            values = np.full(program.c.size, np.nan) if answer.x is None else answer.x
            return Solution(values, LINPROG[answer.status], 0.0, 0, "highs")
        return solve_quadratic(
            program.H, program.c, sp.vstack([E, self.G], format="csc"),
            np.concatenate([e, self.g]), e.size,
        )  # fmt: skip

    def linear_program(self, cost: Array, E: Any, e: Array) -> Any:
        program = self.program
        return linprog(
            cost, A_ub=self.G, b_ub=self.g, A_eq=E, b_eq=e,
            bounds=np.column_stack([program.lower, program.upper]), method="highs",
        )  # fmt: skip

    def answer(self, status: Status, bound: float) -> BoundedSolution:
        values = np.full(self.program.c.size, np.nan) if self.best is None else self.best
        return BoundedSolution(
            values=values,
            status=status,
            residual=float(self.products(values).max()) if self.best is not None else np.inf,
            iterations=self.nodes,
            solver=self.options.name,
            objective=self.value if self.best is not None else None,
            bound=bound,
            nodes=self.nodes,
        )
