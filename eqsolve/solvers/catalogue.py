"""Engines by name, and the one each kind of program goes to by default."""

from __future__ import annotations

from typing import Any

from eqsolve.errors import EqsolveError
from eqsolve.solvers.branch_on_complementarity import BranchOnComplementarity
from eqsolve.solvers.branch_on_mix import BranchOnMix
from eqsolve.solvers.convex import Convex
from eqsolve.solvers.entropy_cone import EntropyCone
from eqsolve.solvers.gambit import Gambit
from eqsolve.solvers.highs import Highs
from eqsolve.solvers.lemke_howson import LemkeHowson
from eqsolve.solvers.logit_path import LogitPath
from eqsolve.solvers.many_starts import ManyStarts
from eqsolve.solvers.multiple_linear_programs import MultipleLinearPrograms
from eqsolve.solvers.nonlinear import Ipopt
from eqsolve.solvers.outer_approximation import OuterApproximation
from eqsolve.solvers.profile_search import ProfileSearch
from eqsolve.solvers.relaxation_path import RelaxationPath
from eqsolve.solvers.responses_in_turn import ResponsesInTurn
from eqsolve.solvers.semismooth_newton import SemismoothNewton
from eqsolve.solvers.support_enumeration import SupportEnumeration

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
# Names of their own: to continuous games "highs" is Pyomo's, for nonlinear models that are linear.
FINITE_ENGINES: dict[str, Any] = {
    "highs": Highs,
    "multiple-linear-programs": MultipleLinearPrograms,
    "lemke-howson": LemkeHowson,
    "quantecon": lambda: LemkeHowson(engine="quantecon"),
    "support-enumeration": SupportEnumeration,
    "many-starts": ManyStarts,
    "logit-path": LogitPath,
    "profile-search": ProfileSearch,
    "gambit": Gambit,
    "entropy-cone": EntropyCone,
    "branch-on-mix": BranchOnMix,
}


def finite_solver_named(name: str) -> Any:
    """The engine for programs of finite games called `name`.

    Raises
    ------
    EqsolveError
        When there is none; with the names there are.

    Examples
    --------
    >>> finite_solver_named("highs").name
    'highs'
    """
    known = {**ENGINES, **FINITE_ENGINES}
    if name not in known:
        raise EqsolveError(
            f"There is no solver called {name!r} for finite games; there are "
            f"{', '.join(FINITE_ENGINES)}."
        )
    return known[name]()


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
        "linear": Highs,
        "mixed-integer linear": Highs,
        "multiple linear": MultipleLinearPrograms,
        "bimatrix": LemkeHowson,
        "supports": SupportEnumeration,
        "multilinear": ManyStarts,
        "logit path": LogitPath,
        "profiles": ProfileSearch,
        "strategic file": Gambit,
        "entropy": EntropyCone,
        "coarse commitment": BranchOnMix,
    }
    if kind not in defaults:
        raise EqsolveError(f"No engine takes programs of kind {kind!r}.")
    return defaults[kind]()
