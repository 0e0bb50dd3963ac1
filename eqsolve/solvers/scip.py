"""SCIP: the global optimum of a smooth program that need not be convex, with a proven bound.

Spatial branch and bound: every nonlinear operation is enclosed on a box, and boxes are split
until bound and best point meet (Bestuzheva, Chmiela, Mueller, Serrano, Vigerske and Wegscheider
2023, "Global optimization of mixed-integer nonlinear programs with SCIP 8"). It comes with the
wheel `pyscipopt`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from eqsolve.errors import NotInstalled
from eqsolve.programs.casadi_to_scip import scip, scip_expressions
from eqsolve.programs.smooth import SmoothProgram
from eqsolve.results import Status
from eqsolve.solvers.branch_on_complementarity import BoundedSolution

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_STATUSES = {
    "optimal": Status.SOLVED,
    "gaplimit": Status.SOLVED,
    "infeasible": Status.INFEASIBLE,
    "unbounded": Status.UNBOUNDED,
    "inforunbd": Status.UNBOUNDED,
    "timelimit": Status.ITERATION_LIMIT,
    "nodelimit": Status.ITERATION_LIMIT,
    "memlimit": Status.ITERATION_LIMIT,
}


def scip_is_installed() -> bool:
    """Whether `pyscipopt` can be imported."""
    return find_spec("pyscipopt") is not None


@dataclass(frozen=True)
class Scip:
    """Options of SCIP.

    Parameters
    ----------
    gap : float
        Gap between best point and bound at which it stops, relative to max(1, |value|).
    feasibility : float
        Largest violation a row may have.
    seconds : float
        Time before giving up with the bound reached.
    seed : int
        Of SCIP's own permutations and choices between equals.
    """

    gap: float = 1e-6
    feasibility: float = 1e-7
    seconds: float = 60.0
    seed: int = 0

    name: ClassVar[str] = "scip"

    def solve(
        self,
        program: SmoothProgram,
        parameters: ArrayLike = (),
        either: Sequence[Any] = (),
    ) -> BoundedSolution:
        """Solve to a proven gap; `bound` is valid also when it stops early.

        Parameters
        ----------
        program : SmoothProgram
        parameters : array_like (p,)
            Values of the program's parameters.
        either : sequence of casadi.SX, each (k,)
            Further conditions on the variables, each met where at least one entry is <= 0.

        Raises
        ------
        NotInstalled
            When pyscipopt is not installed.
        UnsupportedFunction
            SCIP has no such function.

        Examples
        --------
        >>> import casadi as ca
        >>> x = ca.SX.sym("x")
        >>> wave = SmoothProgram(x, ca.sin(3 * x) + x**2 / 10, lower=-5.0, upper=5.0)
        >>> Scip().solve(wave).values.round(3)
        array([-0.512])
        """
        if not scip_is_installed():
            raise NotInstalled("pyscipopt", "The global formulation", "global")
        model, variables = _model(program, np.asarray(parameters, dtype=float).ravel(), either)
        self._tune(model)
        model.optimize()
        return _answer(model, variables, program)

    def _tune(self, model: Any) -> None:
        model.setParam("limits/time", max(self.seconds, 0.0))
        model.setParam("limits/gap", self.gap)
        model.setParam("limits/absgap", self.gap)
        model.setParam("numerics/feastol", self.feasibility)
        model.setParam("randomization/randomseedshift", self.seed)


def _model(
    program: SmoothProgram, parameters: NDArray[np.float64], either: Sequence[Any]
) -> tuple[Any, list[Any]]:
    model = scip.Model()
    model.hideOutput()
    bounds = zip(np.asarray(program.lower), np.asarray(program.upper), strict=True)
    variables = [model.addVar(lb=_finite(low), ub=_finite(high)) for low, high in bounds]
    symbols = [program.variables, program.parameters]
    places = [*variables, *parameters.tolist()]

    def written(expressions: Any) -> list[Any]:
        return scip_expressions(expressions, symbols, places)

    cost = model.addVar(lb=None, ub=None)
    model.setObjective(cost)
    _at_most(model, written(program.objective)[0] - cost, 0.0)
    rows = zip(
        written(program.constraints),
        np.asarray(program.constraint_lower),
        np.asarray(program.constraint_upper),
        strict=True,
    )
    for row, low, high in rows:
        if np.isfinite(high):
            _at_most(model, row, float(high))
        if np.isfinite(low):
            _at_most(model, -1.0 * row, -float(low))
    for choice in either:
        entries = written(choice)
        if len(entries) == 1:
            _at_most(model, entries[0], 0.0)
            continue
        # The entry whose binary is one must hold; SCIP finds how large the others may get.
        binaries = [model.addVar(vtype="B") for _ in entries]
        model.addCons(sum(binaries[1:], binaries[0]) >= 1)
        for entry, binary in zip(entries, binaries, strict=True):
            _at_most(model, binary * entry, 0.0)
    return model, variables


def _at_most(model: Any, row: Any, high: float) -> None:
    """row <= high, also where the row turned out to be a number."""
    if isinstance(row, float):
        if row > high + 1e-9 * (1 + abs(high)):
            model.addCons(0 * model.addVar(lb=0, ub=0) >= 1)
        return
    model.addCons(row <= high)


def _finite(bound: float) -> float | None:
    return float(bound) if np.isfinite(bound) else None


def _answer(model: Any, variables: list[Any], program: SmoothProgram) -> BoundedSolution:
    status = _STATUSES.get(model.getStatus(), Status.FAILED)
    values, value = np.full(len(variables), np.nan), None
    if model.getNSols() and status is not Status.UNBOUNDED:
        values = np.array([model.getVal(variable) for variable in variables])
        values = np.clip(values, program.lower, program.upper)
        value = float(model.getObjVal())
    bound = float(model.getDualbound())
    infinite = model.infinity()
    return BoundedSolution(
        values=values,
        status=status,
        residual=0.0 if value is None else value - bound,
        iterations=int(model.getNTotalNodes()),
        solver=Scip.name,
        objective=value,
        bound=bound if abs(bound) < infinite else float(np.sign(bound) * np.inf),
        nodes=int(model.getNTotalNodes()),
    )


def reach(program: SmoothProgram, engine: Scip) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Bounds on every variable that the program's own rows imply, infinite where none are found.

    Each side that is infinite is asked of SCIP, as the least or largest value the rows allow.
    """
    lower, upper = np.array(program.lower), np.array(program.upper)
    for sign, side in ((1.0, lower), (-1.0, upper)):
        for place in np.flatnonzero(~np.isfinite(side)):
            objective = sign * program.variables[int(place)]
            asked = SmoothProgram(
                program.variables,
                objective,
                program.constraints,
                lower=lower,
                upper=upper,
                constraint_lower=program.constraint_lower,
                constraint_upper=program.constraint_upper,
            )
            found = engine.solve(asked)
            if found.status is not Status.UNBOUNDED and np.isfinite(found.bound):
                # Outwards by a little: the bound is exact only up to the gap.
                side[place] = sign * (found.bound - 1e-6 * (1 + abs(found.bound)))
    return lower, upper
