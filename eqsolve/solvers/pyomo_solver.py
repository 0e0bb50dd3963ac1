"""Any solver that Pyomo knows by name, for the nonlinear programs that eqsolve writes."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pyomo.environ as pyo
from pyomo.common.errors import ApplicationError, PyomoException
from pyomo.common.log import LoggingIntercept
from pyomo.opt import TerminationCondition

from eqsolve.errors import EqsolveError
from eqsolve.programs.smooth import vector
from eqsolve.results import Solution, Status

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from eqsolve.programs.nonlinear import NonlinearProgram

_STATUSES = {
    TerminationCondition.optimal: Status.SOLVED,
    TerminationCondition.locallyOptimal: Status.SOLVED,
    TerminationCondition.globallyOptimal: Status.SOLVED,
    TerminationCondition.feasible: Status.STALLED,
    TerminationCondition.minStepLength: Status.STALLED,
    TerminationCondition.maxIterations: Status.ITERATION_LIMIT,
    TerminationCondition.maxTimeLimit: Status.ITERATION_LIMIT,
    TerminationCondition.maxEvaluations: Status.ITERATION_LIMIT,
    TerminationCondition.infeasible: Status.INFEASIBLE,
    TerminationCondition.unbounded: Status.UNBOUNDED,
}


class SolverNotFound(EqsolveError):
    """Pyomo knows no such solver, or it is not installed on this machine."""


@dataclass(frozen=True)
class PyomoSolver:
    """A solver by the name Pyomo knows it by: "highs", "ipopt", "scip", "baron", "gams", ...

    Parameters
    ----------
    name : str
        What ``pyomo.environ.SolverFactory`` calls it.
    options : mapping
        The solver's own options.

    Examples
    --------
    >>> from eqsolve.programs.nonlinear import NonlinearProgram
    >>> model = pyo.ConcreteModel()
    >>> model.x = pyo.Var(bounds=(0, 4))
    >>> model.goal = pyo.Objective(expr=3 * model.x, sense=pyo.maximize)
    >>> PyomoSolver("highs").solve(NonlinearProgram(model)).objective
    12.0
    """

    name: str
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)

    kinds: ClassVar[frozenset[str]] = frozenset({"nonlinear"})

    def solve(self, program: NonlinearProgram, start: ArrayLike | None = None) -> Solution:
        """Solve a Pyomo model, setting values in it as Pyomo does.

        Parameters
        ----------
        program : NonlinearProgram
        start : array_like, shape (n,), or None
            Set in the model's free variables before solving, in the order of
            ``program.variables``. Default: the values they hold.

        Returns
        -------
        Solution
            Values in the order of ``program.variables``; `residual` is the largest violation of
            a constraint or bound; `multipliers` (in the order of ``program.constraints``, Pyomo's
            sign) where the model has a ``dual`` suffix and the solver fills it. `iterations` is
            zero: Pyomo does not pass them on.

        Raises
        ------
        SolverNotFound
            Pyomo does not know the name, or the solver is not installed.
        EqsolveError
            The solver refused the model, such as HiGHS a nonlinear one.
        """
        variables = program.variables
        if start is not None:
            begun = vector(start, len(variables), "'start'").tolist()
            for variable, value in zip(variables, begun, strict=True):
                if not variable.fixed:
                    variable.set_value(value, skip_validation=True)
        engine = self._engine()
        # Pyomo's warnings repeat what the status says.
        with LoggingIntercept(module="pyomo", level=logging.CRITICAL):
            try:
                results = engine.solve(
                    program.problem, load_solutions=False, options=dict(self.options)
                )
            except (PyomoException, ApplicationError) as error:
                raise EqsolveError(f"'{self.name}' refused the model: {error}") from error
            ended = results.solver.termination_condition
            status = _STATUSES.get(ended, Status.FAILED)
            if len(results.solution) and status in (Status.SOLVED, Status.STALLED):
                program.problem.solutions.load_from(results)
        values = [0.0 if v.value is None else float(v.value) for v in variables]
        return Solution(
            values=np.array(values),
            status=status,
            residual=_violation(program),
            iterations=0,
            solver=self.name,
            multipliers=_multipliers(program) if status is Status.SOLVED else None,
            objective=_value(program.objective),
        )

    def _engine(self) -> Any:
        # Pyomo reports an absent solver in its log as well as in what it returns.
        with LoggingIntercept(module="pyomo", level=logging.CRITICAL):
            engine = pyo.SolverFactory(self.name)
            if engine.available(exception_flag=False):
                return engine
        raise SolverNotFound(
            f"Pyomo finds no solver '{self.name}' on this machine: install it so that its program "
            "is on the PATH, or use eqsolve's own Ipopt (eq.solvers.Ipopt), which is built in."
        )


def _value(expression: Any) -> float | None:
    value = None if expression is None else pyo.value(expression, exception=False)
    return None if value is None else float(value)


def _violation(program: NonlinearProgram) -> float:
    worst = 0.0
    for row in program.constraints:
        body = _value(row.body)
        if body is None:
            return float("inf")
        worst = max(worst, *_excess(body, row.lb, row.ub))
    for variable in program.variables:
        if variable.value is not None:
            worst = max(worst, *_excess(variable.value, variable.lb, variable.ub))
    return worst


def _excess(value: float, lower: float | None, upper: float | None) -> tuple[float, float]:
    return (
        0.0 if lower is None else lower - value,
        0.0 if upper is None else value - upper,
    )


def _multipliers(program: NonlinearProgram) -> Any:
    suffix = program.problem.component("dual")
    if not isinstance(suffix, pyo.Suffix) or not len(suffix):
        return None
    return np.array([suffix.get(row, 0.0) for row in program.constraints], dtype=np.float64)
