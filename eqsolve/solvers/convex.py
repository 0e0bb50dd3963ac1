"""Convex programs through cvxpy: Clarabel first, then OSQP and SCS."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, ClassVar

import cvxpy as cp
import numpy as np

from eqsolve.programs.convex import ConvexProgram
from eqsolve.results import Solution, Status

STATUSES = {
    cp.OPTIMAL: Status.SOLVED,
    cp.OPTIMAL_INACCURATE: Status.STALLED,
    cp.INFEASIBLE: Status.INFEASIBLE,
    cp.INFEASIBLE_INACCURATE: Status.INFEASIBLE,
    cp.UNBOUNDED: Status.UNBOUNDED,
    cp.UNBOUNDED_INACCURATE: Status.UNBOUNDED,
    cp.USER_LIMIT: Status.ITERATION_LIMIT,
}


@dataclass(frozen=True)
class Convex:
    """Solve a `ConvexProgram`.

    Parameters
    ----------
    engines : tuple of str
        cvxpy solver names, tried in order until one solves.
    """

    engines: tuple[str, ...] = ("CLARABEL", "OSQP", "SCS")

    name: ClassVar[str] = "convex"
    kinds: ClassVar[frozenset[str]] = frozenset({"convex", "linear"})

    def solve(self, program: ConvexProgram, start: Any = None) -> Solution:
        """Solve; the user's variables keep the values they had."""
        before = [variable.value for variable in program.problem.variables()]
        try:
            return self._first_success(program)
        finally:
            for variable, value in zip(program.problem.variables(), before, strict=True):
                variable.save_value(value)

    def _first_success(self, program: ConvexProgram) -> Solution:
        problem = program.problem
        size = sum(variable.size for variable in program.variables)
        failed = Solution(np.full(size, np.nan), Status.FAILED, np.inf, 0, self.name)
        for engine in self.engines:
            try:
                with warnings.catch_warnings():
                    # An inaccurate answer is told by its status; the certificate judges it.
                    warnings.simplefilter("ignore", UserWarning)
                    problem.solve(solver=engine)
            except cp.SolverError:
                continue
            status = STATUSES.get(problem.status, Status.FAILED)
            if status in (Status.INFEASIBLE, Status.UNBOUNDED):
                return Solution(failed.values, status, np.inf, 0, engine.lower())
            values = [variable.value for variable in program.variables]
            if any(value is None for value in values):
                continue
            failed = Solution(
                values=np.concatenate([np.ravel(value) for value in values]),
                status=status,
                residual=0.0,
                iterations=int(problem.solver_stats.num_iters or 0),
                solver=engine.lower(),
                objective=float(problem.value),
            )
            if status is Status.SOLVED:
                break
        return failed
