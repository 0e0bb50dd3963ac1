"""The nonlinear program: a Pyomo model that can be read, written to file and solved anywhere.

    minimize or maximize  f(x)   subject to   lower <= x <= upper,  a <= g(x) <= b.

A system of equations, such as first-order conditions, is a nonlinear program without an
objective.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from eqsolve._lazy import LazyModule
from eqsolve.errors import EqsolveError
from eqsolve.results import format_number

pyo: Any = LazyModule("pyomo.environ")
mpec: Any = LazyModule("pyomo.mpec")
visitor: Any = LazyModule("pyomo.core.expr.visitor")

_FORMATS = (".nl", ".lp")


@dataclass(frozen=True)
class NonlinearProgram:
    """A nonlinear program, kept as the Pyomo model itself.

    Parameters
    ----------
    problem : pyomo.environ.ConcreteModel
        The model. Solvers write the values they find into its variables, as Pyomo's do;
        multipliers go to its ``dual`` suffix where it has one.

    Raises
    ------
    EqsolveError
        The model is abstract or has several active objectives.

    Examples
    --------
    >>> model = pyo.ConcreteModel("cheapest box")
    >>> model.side, model.height = pyo.Var(bounds=(0, 3)), pyo.Var(bounds=(0, None))
    >>> model.volume = pyo.Constraint(expr=model.side**2 * model.height >= 4)
    >>> model.area = pyo.Objective(expr=model.side**2 + 4 * model.side * model.height)
    >>> print(NonlinearProgram(model).describe())
    Nonlinear program 'cheapest box': 2 variables, 1 constraint.
    minimize
      area: side**2 + 4*side*height
    subject to
      volume: 4 <= side**2*height
    where
      0 <= side <= 3
      0 <= height
    """

    problem: Any

    kind: ClassVar[str] = "nonlinear"

    def __post_init__(self) -> None:
        if not isinstance(self.problem, pyo.ConcreteModel):
            raise EqsolveError(
                f"A nonlinear program is a pyomo ConcreteModel, not {type(self.problem).__name__}."
            )
        names = [objective.name for objective in self._active(pyo.Objective)]
        if len(names) > 1:
            raise EqsolveError(
                f"The model has {len(names)} active objectives ({', '.join(names)}): "
                "deactivate all but one."
            )

    def _active(self, component: Any) -> tuple[Any, ...]:
        return tuple(self.problem.component_data_objects(component, active=True))

    @property
    def variables(self) -> tuple[Any, ...]:
        """The model's variables in declared order, fixed ones included: the order of solutions."""
        return tuple(self.problem.component_data_objects(pyo.Var))

    @property
    def constraints(self) -> tuple[Any, ...]:
        """The active constraints in declared order: the order of multipliers."""
        return self._active(pyo.Constraint)

    @property
    def objective(self) -> Any:
        """The active objective, or None where the model is a system of equations."""
        return next(iter(self._active(pyo.Objective)), None)

    def describe(self, max_rows: int = 40) -> str:
        """The whole program as text: objective, constraints, definitions and bounds.

        Parameters
        ----------
        max_rows : int
            Longest list printed in full; of a longer one this many rows are shown, and then
            how many were left out.
        """
        variables, constraints = self.variables, self.constraints
        definitions = tuple(self.problem.component_data_objects(pyo.Expression))
        text = _Text(definitions)
        conditions = self._active(mpec.Complementarity)
        counts = [_count(len(variables), "variable"), _count(len(constraints), "constraint")]
        if conditions:
            counts.append(_count(len(conditions), "complementarity condition"))
        objective = self.objective
        sections: list[tuple[str, list[str]]] = []
        if objective is not None:
            goal = "minimize" if objective.sense == pyo.minimize else "maximize"
            sections.append((goal, [f"{objective.name}: {text(objective.expr)}"]))
        rows = [f"{constraint.name}: {text(constraint.expr)}" for constraint in constraints]
        rows += [
            f"{condition.name}: {text(condition._args[0])}  complements  {text(condition._args[1])}"
            for condition in conditions
        ]
        sections.append(("subject to" if objective is not None else "find values such that", rows))
        sections.append(("with", [f"{piece.name} = {text(piece.expr)}" for piece in definitions]))
        bounds = [row for variable in variables if (row := _bounds(variable))]
        sections.append(("where", bounds))
        label = "" if self.problem.name == "unknown" else f" '{self.problem.name}'"
        lines = [f"Nonlinear program{label}: {', '.join(counts)}."]
        for header, entries in sections:
            if entries:
                lines.append(header)
                lines += [f"  {entry}" for entry in entries[:max_rows]]
                if len(entries) > max_rows:
                    lines.append(f"  ... {len(entries) - max_rows} more")
        return "\n".join(lines)

    def write(self, path: str | Path) -> Path:
        """Write the program to a file that other solvers read.

        Parameters
        ----------
        path : path ending in ".nl" (any program; names go to .row and .col beside it) or in
            ".lp" (linear and quadratic programs)

        Returns
        -------
        pathlib.Path
            Where it was written.

        Raises
        ------
        EqsolveError
            The ending is another one, or the program does not fit the format.
        """
        path = Path(path)
        if path.suffix not in _FORMATS:
            raise EqsolveError(
                f"'{path.name}' ends in none of {', '.join(_FORMATS)}: "
                "the ending says in which format to write."
            )
        if path.suffix == ".lp":
            self._refuse_beyond_quadratic()
        self.problem.write(str(path), io_options={"symbolic_solver_labels": True})
        return path

    def _refuse_beyond_quadratic(self) -> None:
        for row in (*self._active(pyo.Objective), *self.constraints):
            body = row.expr if row.ctype is pyo.Objective else row.body
            if not pyo.is_fixed(body) and body.polynomial_degree() not in (0, 1, 2):
                raise EqsolveError(
                    f"'{row.name}' is not linear or quadratic, which is all that the .lp format "
                    "holds: write to a path that ends in .nl."
                )

    def __repr__(self) -> str:
        return self.describe()


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


class _Text:
    """Expressions as text, in which named pieces stand by name (Pyomo writes them out)."""

    def __init__(self, pieces: tuple[Any, ...]) -> None:
        self.stand_ins: dict[int, Any] = {}
        self.names: dict[int, str] = {}
        for piece in pieces:
            stand_in = pyo.Var()
            stand_in.construct()
            self.stand_ins[id(piece)] = stand_in
            self.names[id(stand_in)] = piece.name

    def __call__(self, expression: Any) -> str:
        if self.stand_ins:
            expression = visitor.replace_expressions(
                expression, self.stand_ins, descend_into_named_expressions=False
            )
        written = visitor.expression_to_string(expression, labeler=self._label)
        # Pyomo sets two blanks around relations.
        return str(written).replace("  ", " ")

    def _label(self, part: Any) -> str:
        return self.names.get(id(part)) or str(part.name)


def _bounds(variable: Any) -> str:
    if variable.fixed:
        return f"{variable.name} = {format_number(variable.value)}  (fixed)"
    lower = "" if variable.lb is None else f"{format_number(variable.lb)} <= "
    upper = "" if variable.ub is None else f" <= {format_number(variable.ub)}"
    return f"{lower}{variable.name}{upper}" if lower or upper else ""
