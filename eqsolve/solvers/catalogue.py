"""Engines by name, and the one each kind of program goes to by default."""

from __future__ import annotations

from typing import Any

from eqsolve.errors import EqsolveError
from eqsolve.solvers.branch_on_complementarity import BranchOnComplementarity
from eqsolve.solvers.convex import Convex
from eqsolve.solvers.nonlinear import Ipopt
from eqsolve.solvers.outer_approximation import OuterApproximation
from eqsolve.solvers.relaxation_path import RelaxationPath
from eqsolve.solvers.responses_in_turn import ResponsesInTurn
from eqsolve.solvers.semismooth_newton import SemismoothNewton

ENGINES: dict[str, Any] = {
    "semismooth-newton": SemismoothNewton,
    "convex": Convex,
    "clarabel": lambda: Convex(engines=("CLARABEL",)),
    "osqp": lambda: Convex(engines=("OSQP",)),
    "scs": lambda: Convex(engines=("SCS",)),
    "ipopt": Ipopt,
    "branch-on-complementarity": BranchOnComplementarity,
    "relaxation-path": RelaxationPath,
    "responses-in-turn": ResponsesInTurn,
    "outer-approximation": OuterApproximation,
}


def solver_named(name: str) -> Any:
    """The engine called `name`; any other name is looked for among Pyomo's solvers.

    Raises
    ------
    EqsolveError
        When neither eqsolve nor Pyomo has it.

    Examples
    --------
    >>> solver_named("clarabel").engines
    ('CLARABEL',)
    """
    if name in ENGINES:
        return ENGINES[name]()
    from eqsolve.solvers.pyomo_solver import PyomoSolver  # brings Pyomo

    return PyomoSolver(name)


def default_solver(kind: str) -> Any:
    """The engine for a kind of program."""
    defaults: dict[str, Any] = {
        "complementarity": SemismoothNewton,
        "convex": Convex,
        "nonlinear": Ipopt,
        "mixed-integer": BranchOnComplementarity,
        "mpec": RelaxationPath,
        "best responses": ResponsesInTurn,
        "bilevel-by-value": OuterApproximation,
    }
    if kind not in defaults:
        raise EqsolveError(f"No engine takes programs of kind {kind!r}.")
    return defaults[kind]()
