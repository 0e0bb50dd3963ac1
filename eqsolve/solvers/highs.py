"""HiGHS for linear and mixed-integer linear programs, without a modelling layer between.

Huangfu and Hall (2018), "Parallelizing the dual revised simplex method", Mathematical
Programming Computation 10, 119-142. It comes with cvxpy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from eqsolve._lazy import LazyModule
from eqsolve.programs.linear import LinearProgram
from eqsolve.results import Status
from eqsolve.solvers.branch_on_complementarity import BoundedSolution
from eqsolve.solvers.columns import has_many_columns, solve_by_columns

Array = NDArray[np.float64]
highspy: Any = LazyModule("highspy")
SMALL = 20_000  # nonzeros below which reducing a program costs more than it saves


@dataclass(frozen=True)
class Highs:
    """Options of HiGHS.

    Parameters
    ----------
    feasibility : float
        Largest violation of a row, of a reduced cost, and of a whole number.
    gap : float
        Relative gap between best point and bound at which mixed-integer search stops.
    seconds : float
        Time before giving up with the bound reached.
    seed : int
        Of choices between equals.

    Examples
    --------
    >>> program = LinearProgram(
    ...     objective=np.array([1.0, 2.0]), rows=sp.csr_array(np.ones((1, 2))),
    ...     row_lower=np.array([1.0]), row_upper=np.array([1.0]),
    ...     lower=np.zeros(2), upper=np.full(2, np.inf),
    ... )
    >>> Highs().solve(program).values
    array([1., 0.])
    """

    feasibility: float = 1e-9
    gap: float = 1e-9
    seconds: float = np.inf
    seed: int = 0

    name: ClassVar[str] = "highs"
    kinds: ClassVar[frozenset[str]] = frozenset({"linear", "mixed-integer linear"})

    def solve(self, program: LinearProgram, start: Any = None) -> BoundedSolution:
        """Solve.

        Returns
        -------
        BoundedSolution
            `objective` and `bound` in the program's own sense: no feasible point is better
            than the bound. `multipliers` (rows,) of linear programs: the change of the
            objective for one more unit of the side that binds.
        """
        if has_many_columns(program):
            found = solve_by_columns(program, self.engine(reduce=False), self.feasibility / 100)
            if found is not None:
                return found
        engine = self.engine(reduce=program.rows.nnz > SMALL or program.kind != "linear")
        engine.passModel(model_of(program))
        if start is not None and program.kind != "linear":
            guess = highspy.HighsSolution()
            guess.col_value = list(np.asarray(start, dtype=float))
            engine.setSolution(guess)
        engine.run()
        return answer_of(engine, program)

    def engine(self, reduce: bool = True) -> Any:
        """A silent `highspy.Highs` on one thread with these options."""
        # highspy.Highs prints a banner when the first one is made; what it derives from does not.
        engine = highspy._core._Highs()
        options = {
            "output_flag": False,
            "parallel": "off",
            "random_seed": self.seed,
            "presolve": "on" if reduce else "off",
            "primal_feasibility_tolerance": self.feasibility,
            "dual_feasibility_tolerance": self.feasibility,
            "mip_feasibility_tolerance": max(self.feasibility, 1e-9),
            "mip_rel_gap": self.gap,
            "mip_abs_gap": self.gap,
            "time_limit": self.seconds,
        }
        for name, value in options.items():
            engine.setOptionValue(name, value)
        return engine


def cost_unit(program: LinearProgram) -> float:
    """What costs are divided by: HiGHS's tolerance on reduced costs is absolute."""
    size = float(np.abs(program.objective).max(initial=0.0))
    return size if size > 1e2 or 0 < size < 1e-2 else 1.0


def model_of(program: LinearProgram) -> Any:
    """The program as `highspy.HighsLp`."""
    columns = sp.csc_array(program.rows)
    model = highspy.HighsLp()
    model.num_row_, model.num_col_ = columns.shape
    model.col_cost_ = program.objective / cost_unit(program)
    model.col_lower_, model.col_upper_ = program.lower, program.upper
    model.row_lower_, model.row_upper_ = program.row_lower, program.row_upper
    maximise = program.sense == "max"
    model.sense_ = highspy.ObjSense.kMaximize if maximise else highspy.ObjSense.kMinimize
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_ = columns.indptr
    model.a_matrix_.index_ = columns.indices
    model.a_matrix_.value_ = columns.data
    if program.integer is not None:
        kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
        model.integrality_ = [kinds[int(whole)] for whole in program.integer]
    return model


def status_of(engine: Any) -> Status:
    """HiGHS's own status in our words."""
    found = highspy.HighsModelStatus
    return {
        found.kOptimal: Status.SOLVED,
        found.kInfeasible: Status.INFEASIBLE,
        found.kUnbounded: Status.UNBOUNDED,
        found.kUnboundedOrInfeasible: Status.UNBOUNDED,
        found.kTimeLimit: Status.ITERATION_LIMIT,
        found.kIterationLimit: Status.ITERATION_LIMIT,
        found.kSolutionLimit: Status.ITERATION_LIMIT,
    }.get(engine.getModelStatus(), Status.FAILED)


def answer_of(engine: Any, program: LinearProgram) -> BoundedSolution:
    """What HiGHS has found for the program it was last run on."""
    status, facts = status_of(engine), engine.getInfo()
    whole, unit = program.kind != "linear", cost_unit(program)
    values, multipliers, objective = np.full(program.objective.size, np.nan), None, None
    worst = np.inf if program.sense == "max" else -np.inf
    bound = worst
    if facts.primal_solution_status == 2:  # a feasible point
        found = engine.getSolution()
        values = np.asarray(found.col_value)
        objective = program.value(values)
        if not whole and found.dual_valid:
            multipliers = unit * np.asarray(found.row_dual)
    if status is Status.SOLVED and objective is not None:
        bound = objective
    if whole and np.isfinite(facts.mip_dual_bound):
        bound = program.constant + unit * float(facts.mip_dual_bound)
    nodes = max(int(facts.mip_node_count), 0) if whole else 0
    return BoundedSolution(
        values=values,
        status=status,
        residual=0.0 if objective is None else abs(bound - objective),
        iterations=max(int(facts.simplex_iteration_count), 0),
        solver=Highs.name,
        multipliers=multipliers,
        objective=objective,
        bound=bound,
        nodes=nodes,
    )
