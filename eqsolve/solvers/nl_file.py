"""Pyomo models into CasADi expressions by way of an .nl file, and solutions back.

Pyomo's writer knows every Pyomo model; CasADi's reader takes what it writes, except for
what is refused here by name. Reference for the format: Gay, "Writing .nl files", Sandia
report 2005-7907P (2005).
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import casadi as ca
import numpy as np
import pyomo.environ as pyo
from pyomo.common.errors import InfeasibleConstraintException
from pyomo.core.expr import identify_variables
from pyomo.gdp import Disjunct, Disjunction
from pyomo.mpec import Complementarity
from pyomo.repn.plugins.nl_writer import NLWriter

from eqsolve.errors import EqsolveError, UnsupportedFunction
from eqsolve.programs.nonlinear import NonlinearProgram
from eqsolve.programs.smooth import SmoothProgram, vector
from eqsolve.results import Solution, Status

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

# Operation codes of the format that the reader lacks, with what to write instead.
_UNREADABLE = {
    "o35": ("Expr_if", "write it with abs, or solve by the complementarity formulation"),
    "o47": ("atanh", "write atanh(x) as log((1 + x)/(1 - x))/2"),
    "o50": ("asinh", "write asinh(x) as log(x + sqrt(x**2 + 1))"),
    "o52": ("acosh", "write acosh(x) as log(x + sqrt(x**2 - 1))"),
}
# Components beyond smooth constraints, with what turns them into such.
_REFUSED = (
    (Complementarity, "apply pyo.TransformationFactory('mpec.simple_nonlinear') to it, or "),
    (Disjunction, ""),
    (Disjunct, ""),
    (pyo.LogicalConstraint, ""),
    (pyo.SOSConstraint, ""),
)
# Rounding allowed in rows without variables, the same that Pyomo's writer allows.
_CONSTANT_TOLERANCE = 1e-8


@dataclass(frozen=True)
class Reading:
    """A Pyomo model as a smooth program, and which of its parts the columns and rows are.

    Attributes
    ----------
    program : SmoothProgram
        Its variables in the order of `columns`, its constraints in that of `rows`. The
        objective is negated where the model maximizes.
    columns, rows : tuple
        Pyomo variables and constraints.
    """

    program: SmoothProgram
    columns: tuple[Any, ...]
    rows: tuple[Any, ...]


def read_model(program: NonlinearProgram, start: ArrayLike | None = None) -> Reading | Solution:
    """Read a Pyomo model into CasADi.

    Returns
    -------
    Reading, or the `Solution` at once where every row of the model is constant

    Raises
    ------
    UnsupportedFunction
        The reader of .nl files lacks a function of the model.
    EqsolveError
        The model has free integer variables, or components that .nl files cannot hold.
    """
    variables = program.variables
    values = _start_values(variables, start)
    for variable in variables:
        if not variable.fixed and not variable.is_continuous():
            raise EqsolveError(
                f"'{variable.name}' is an integer variable and Ipopt solves continuous programs: "
                "fix it, relax it, or take a solver for integers by eq.solvers.PyomoSolver."
            )
    for component, remedy in _REFUSED:
        for data in program.problem.component_data_objects(component, active=True):
            raise EqsolveError(
                f"'{data.name}' is a {component.__name__} and Ipopt takes smooth constraints only: "
                f"{remedy}take another solver by eq.solvers.PyomoSolver."
            )
    active = [] if program.objective is None else [program.objective]
    active += program.constraints
    if not any(_varies(row) for row in active):
        return _constant_solution(program, values)
    text = io.StringIO()
    try:
        # Without presolve and scaling every column and row is one of the model's own.
        info = NLWriter().write(program.problem, text, linear_presolve=False, scale_model=False)
    except InfeasibleConstraintException:
        # The writer met a constant row that fails.
        return _unsolved(program, values, Status.INFEASIBLE, np.inf)
    except ValueError as error:
        raise EqsolveError(f"Pyomo cannot write the model as an .nl file: {error}") from error
    nlp = _import(_without_suffixes(text.getvalue().splitlines()))
    symbols = ca.SX.sym("x", len(nlp.x))
    # The reader leaves the objective empty where the model has none.
    objective = nlp.f if program.objective is not None else ca.MX(0)
    function = ca.Function("program", [ca.vertcat(*nlp.x)], [objective, ca.vertcat(*nlp.g)])
    value, rows = function.expand()(symbols)
    place = {id(variable): k for k, variable in enumerate(variables)}
    for variable in info.variables:
        if id(variable) not in place:
            raise EqsolveError(f"'{variable.name}' is used by the model but belongs to another.")
    smooth = SmoothProgram(
        variables=symbols,
        objective=value,
        constraints=rows,
        lower=np.array(nlp.x_lb),
        upper=np.array(nlp.x_ub),
        constraint_lower=np.array(nlp.g_lb),
        constraint_upper=np.array(nlp.g_ub),
        start=values[[place[id(variable)] for variable in info.variables]],
    )
    return Reading(smooth, tuple(info.variables), tuple(info.constraints))


def write_back(program: NonlinearProgram, reading: Reading, found: Solution) -> Solution:
    """The solution in the model's own order, set in the model if one was reached."""
    assert found.multipliers is not None
    values = dict(zip(map(id, reading.columns), found.values, strict=True))
    # CasADi: gradient f + multipliers' gradient g = 0 for the minimized f. Pyomo: change of
    # the declared objective per unit of right-hand side, which turns the sign when minimizing.
    maximized = program.objective is not None and program.objective.sense == pyo.maximize
    sign = 1.0 if maximized else -1.0
    duals = dict(zip(map(id, reading.rows), sign * found.multipliers, strict=True))
    # Rows that the writer left out are constant: nothing depends on their right-hand sides.
    multipliers = np.array([duals.get(id(row), 0.0) for row in program.constraints]) + 0.0
    start = _start_values(program.variables, None)
    point = np.array(
        [values.get(id(v), begun) for v, begun in zip(program.variables, start, strict=True)]
    )
    if found.status in (Status.SOLVED, Status.STALLED):
        _set_values(program, point)
        suffix = program.problem.component("dual")
        if isinstance(suffix, pyo.Suffix) and suffix.import_enabled():
            suffix.update(zip(program.constraints, multipliers.tolist(), strict=True))
    goal = None
    if program.objective is not None and found.objective is not None:
        goal = -sign * found.objective
    return Solution(
        values=point,
        status=found.status,
        residual=found.residual,
        iterations=found.iterations,
        solver=found.solver,
        multipliers=multipliers,
        objective=goal,
    )


def _start_values(variables: Sequence[Any], start: ArrayLike | None) -> NDArray[np.float64]:
    """`start`, or the values the variables hold; zero moved into the bounds where there is none."""
    if start is not None:
        return vector(start, len(variables), "'start'")
    return np.array(
        [
            min(max(0.0, -np.inf if v.lb is None else v.lb), np.inf if v.ub is None else v.ub)
            if v.value is None
            else v.value
            for v in variables
        ],
        dtype=np.float64,
    )


def _varies(row: Any) -> bool:
    return any(True for _ in identify_variables(row.expr, include_fixed=False))


def _constant_solution(program: NonlinearProgram, values: NDArray[np.float64]) -> Solution:
    """With nothing left to choose the present values either meet every row or none can."""
    worst = 0.0
    for row in program.constraints:
        body = pyo.value(row.body)
        worst = max(
            worst,
            0.0 if row.lb is None else row.lb - body,
            0.0 if row.ub is None else body - row.ub,
        )
    if worst > _CONSTANT_TOLERANCE:
        return _unsolved(program, values, Status.INFEASIBLE, worst)
    _set_values(program, values)
    return _unsolved(program, values, Status.SOLVED, worst)


def _set_values(program: NonlinearProgram, values: NDArray[np.float64]) -> None:
    for variable, value in zip(program.variables, values.tolist(), strict=True):
        if not variable.fixed:
            variable.set_value(value, skip_validation=True)


def _unsolved(
    program: NonlinearProgram, values: NDArray[np.float64], status: Status, residual: float
) -> Solution:
    """The `Solution` of a program that no solver had to see."""
    known = program.objective is not None and status is Status.SOLVED
    return Solution(
        values=values,
        status=status,
        residual=float(residual),
        iterations=0,
        solver="ipopt",
        multipliers=np.zeros(len(program.constraints)),
        objective=float(pyo.value(program.objective)) if known else None,
    )


def _without_suffixes(lines: list[str]) -> list[str]:
    """Drop the segments of exported suffixes: notes to solvers that the reader stops at."""
    kept: list[str] = []
    skip = 0
    for line in lines:
        if skip:
            skip -= 1
        elif line.startswith("S"):
            skip = int(line.split()[1])
        else:
            kept.append(line)
    return kept


def _import(lines: list[str]) -> ca.NlpBuilder:
    for line in lines:
        if line.startswith("F"):
            raise UnsupportedFunction(
                f"Ipopt cannot call the external function '{line.split()[3]}': its compiled code "
                "gives no derivatives here. Write it with Pyomo's own functions."
            )
        code = line.split(maxsplit=1)[0] if line.startswith("o") else ""
        if code in _UNREADABLE:
            name, remedy = _UNREADABLE[code]
            raise UnsupportedFunction(f"The reader of .nl files lacks {name}: {remedy}.")
    nlp = ca.NlpBuilder()
    with tempfile.TemporaryDirectory(prefix="eqsolve-") as folder:
        path = Path(folder) / "program.nl"
        path.write_text("\n".join(lines) + "\n")
        nlp.import_nl(str(path))
    return nlp
