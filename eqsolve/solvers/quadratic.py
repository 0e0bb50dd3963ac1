"""Convex quadratic programs in matrices, by Clarabel's interior point (brought by cvxpy).

min 1/2 d' P d + q' d   s.t.  A d <= b (first `equalities` rows: = b)
"""

from __future__ import annotations

from typing import Any

import clarabel
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from eqsolve.results import Solution, Status

Array = NDArray[np.float64]

TOLERANCE = 1e-12
ACCEPTED = 1e-9  # where rounding stops progress, answers this good still count as solved

STATUSES = {
    "Solved": Status.SOLVED,
    "AlmostSolved": Status.SOLVED,
    "PrimalInfeasible": Status.INFEASIBLE,
    "AlmostPrimalInfeasible": Status.INFEASIBLE,
    "DualInfeasible": Status.UNBOUNDED,
    "AlmostDualInfeasible": Status.UNBOUNDED,
    "MaxIterations": Status.ITERATION_LIMIT,
    "InsufficientProgress": Status.STALLED,
}


def solve_quadratic(
    P: Any, q: Array, A: Any, b: Array, equalities: int = 0, tolerance: float = TOLERANCE
) -> Solution:
    """Solve one convex quadratic program.

    Parameters
    ----------
    P : sparse (n, n), positive semidefinite
    q : ndarray (n,)
    A : sparse (m, n)
    b : ndarray (m,)
    equalities : int
        The first so many rows hold with equality.
    tolerance : float
        On residuals and duality gap.

    Returns
    -------
    Solution
        `multipliers` (m,) are nonnegative on inequalities: P d + q + A' multipliers = 0.

    Examples
    --------
    >>> one = sp.identity(1, format="csc")
    >>> solve_quadratic(one, np.array([-2.0]), one, np.array([1.0])).values.round(6)
    array([1.])
    """
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = tolerance
    settings.reduced_tol_gap_abs = settings.reduced_tol_gap_rel = max(tolerance, ACCEPTED)
    settings.reduced_tol_feas = max(tolerance, ACCEPTED)
    settings.max_iter = 200
    cones = [clarabel.ZeroConeT(equalities), clarabel.NonnegativeConeT(A.shape[0] - equalities)]
    upper = sp.triu(P, format="csc")
    answer = clarabel.DefaultSolver(upper, q, sp.csc_matrix(A), b, cones, settings).solve()
    return Solution(
        values=np.asarray(answer.x),
        status=STATUSES.get(str(answer.status), Status.FAILED),
        residual=float(max(answer.r_prim, answer.r_dual)),
        iterations=int(answer.iterations),
        solver="clarabel",
        multipliers=np.asarray(answer.z),
        objective=float(answer.obj_val),
    )
