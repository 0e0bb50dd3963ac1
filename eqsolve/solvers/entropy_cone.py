"""Maximum entropy through cvxpy's exponential cone, to tight tolerances."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from eqsolve.programs.convex import ConvexProgram
from eqsolve.results import Solution, Status
from eqsolve.solvers.convex import STATUSES


@dataclass(frozen=True)
class EntropyCone:
    """Options of Clarabel for programs with entropies.

    Parameters
    ----------
    tolerance : float
        On feasibility and duality gap. Where rounding stops progress before, the best point
        is returned and the certificate judges it.
    max_iterations : int
    """

    tolerance: float = 1e-12
    max_iterations: int = 500

    name: ClassVar[str] = "entropy-cone"
    kinds: ClassVar[frozenset[str]] = frozenset({"entropy"})

    def solve(self, program: ConvexProgram, start: Any = None) -> Solution:
        """Solve; multipliers are those of the program's first constraint."""
        import cvxpy as cp  # slow to import

        problem = program.problem
        settings = {
            "tol_gap_abs": self.tolerance,
            "tol_gap_rel": self.tolerance,
            "tol_feas": self.tolerance,
            "reduced_tol_gap_abs": 1e-7,
            "reduced_tol_gap_rel": 1e-7,
            "reduced_tol_feas": 1e-7,
            "max_iter": self.max_iterations,
        }
        size = sum(variable.size for variable in program.variables)
        failed = Solution(np.full(size, np.nan), Status.FAILED, np.inf, 0, self.name)
        try:
            with warnings.catch_warnings():
                # An inaccurate answer is told by its status; the certificate judges it.
                warnings.simplefilter("ignore", UserWarning)
                problem.solve(solver=cp.CLARABEL, **settings)
        except cp.SolverError:
            return failed
        values = [variable.value for variable in program.variables]
        if any(value is None for value in values):
            return failed
        duals = problem.constraints[0].dual_value
        return Solution(
            values=np.concatenate([np.ravel(value) for value in values]),
            status=STATUSES.get(problem.status, Status.FAILED),
            residual=0.0,
            iterations=int(problem.solver_stats.num_iters or 0),
            solver=self.name,
            multipliers=None if duals is None else np.ravel(duals),
            objective=float(problem.value),
        )
