"""The sampling-design program through cvxpy's conic solvers, in its scaled form.

Right up to about 10^4 states, and a second opinion on the interior point; whatever the solver
says of itself, the answer is judged by `dual_bound`.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, ClassVar

import cvxpy as cp
import numpy as np

from eqsolve.programs.sampling import SamplingProgram, dual_bound
from eqsolve.programs.sampling_cvxpy import DeclaredSampling
from eqsolve.results import Solution, Status
from eqsolve.solvers.convex import STATUSES

# Tight tolerances: the default ones of Clarabel leave a gap of 1e-7, which a design inherits.
OPTIONS: dict[str, dict[str, Any]] = {
    "CLARABEL": {"tol_gap_rel": 1e-11, "tol_gap_abs": 1e-11, "tol_feas": 1e-11},
    "SCS": {"eps_abs": 1e-9, "eps_rel": 1e-9},
}


@dataclass(frozen=True)
class DesignConvex:
    """Solve a `SamplingProgram` as declared in cvxpy.

    Parameters
    ----------
    engines : tuple of str
        cvxpy solver names; the answer with the smallest proven gap is kept, and the later ones
        are asked only while that is above `tolerance`.
    tolerance : float
        Relative gap that is good enough.
    """

    engines: tuple[str, ...] = ("CLARABEL", "SCS")
    tolerance: float = 1e-8

    name: ClassVar[str] = "design-convex"
    kinds: ClassVar[frozenset[str]] = frozenset({"sampling"})

    def solve(self, program: SamplingProgram, start: Solution | None = None) -> Solution:
        """Solve; conic solvers make no use of `start`.

        Returns
        -------
        Solution
            `values` is gamma (A, S) flattened, `multipliers` (S + 2 + K,) are h, nu, kappa and
            lambda as `dual_bound` reads them, `residual` the relative gap they prove.
        """
        declared = program.declared
        size = program.arms * program.states
        best = Solution(np.full(size, np.nan), Status.FAILED, np.inf, 0, self.name)
        for engine in self.engines:
            found = self._ask(engine, program, declared)
            if found.status in (Status.INFEASIBLE, Status.UNBOUNDED):
                return found
            if found.residual < best.residual:
                best = found
            if best.residual <= self.tolerance:
                break
        return best

    def _ask(self, engine: str, program: SamplingProgram, declared: DeclaredSampling) -> Solution:
        size = program.arms * program.states
        nothing = np.full(size, np.nan)
        try:
            with warnings.catch_warnings():
                # An inaccurate answer is told by its proven gap.
                warnings.simplefilter("ignore", UserWarning)
                declared.problem.solve(solver=engine, **OPTIONS.get(engine, {}))
        except cp.SolverError:
            return Solution(nothing, Status.FAILED, np.inf, 0, engine.lower())
        status = STATUSES.get(declared.problem.status, Status.FAILED)
        if declared.shares.value is None:
            return Solution(nothing, status, np.inf, 0, engine.lower())
        occupancy = declared.occupancy(size)
        multipliers = declared.multipliers()
        value = program.value(occupancy)
        bound = dual_bound(program, multipliers, occupancy)
        gap = abs(value - bound) / value if 0 < value < np.inf else float(value > 0)
        return Solution(
            values=occupancy,
            status=status,
            residual=gap,
            iterations=int(declared.problem.solver_stats.num_iters or 0),
            solver=engine.lower(),
            multipliers=multipliers,
            objective=value,
        )
