"""A program with equilibrium constraints: complementary pairs in symbols.

min f(w)  s.t.  E(w) = 0,  G(w) <= 0,  lower <= w <= upper,  0 <= left(w) _|_ right(w) >= 0
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import casadi as ca
import numpy as np
from numpy.typing import NDArray

from eqsolve._lazy import LazyModule
from eqsolve.programs.casadi_to_pyomo import pyomo_expressions

pyo: Any = LazyModule("pyomo.environ")
mpec: Any = LazyModule("pyomo.mpec")

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class EquilibriumConstrainedProgram:
    """See the module's docstring; everything is CasADi SX in `unknowns`.

    Attributes
    ----------
    start : ndarray (m,)
    names : tuple of str
        One a component of w.
    """

    unknowns: Any
    objective: Any
    equalities: Any
    inequalities: Any
    left: Any
    right: Any
    lower: Array
    upper: Array
    start: Array
    names: tuple[str, ...]

    kind: ClassVar[str] = "mpec"

    @cached_property
    def problem(self) -> Any:
        """The same as a Pyomo model with `pyomo.mpec` complementarity, to print or take away."""
        model = pyo.ConcreteModel("leader's program")
        bound = dict(zip(self.names, zip(self.lower, self.upper, strict=True), strict=True))

        def bounds(_: Any, name: str) -> tuple[float | None, float | None]:
            low, high = bound[name]
            return (
                float(low) if np.isfinite(low) else None,
                float(high) if np.isfinite(high) else None,
            )

        values = dict(zip(self.names, self.start.tolist(), strict=True))
        model.w = pyo.Var(list(self.names), bounds=bounds, initialize=values)
        parts = [self.equalities, self.inequalities, self.left, self.right]
        written = pyomo_expressions(
            ca.vertcat(self.objective, *parts), [self.unknowns], list(model.w.values())
        )
        model.cost = pyo.Objective(expr=written[0])
        sizes = np.cumsum([1, *(part.shape[0] for part in parts)])
        equal, less, left, right = (written[a:b] for a, b in itertools.pairwise(sizes))
        model.equalities = pyo.ConstraintList()
        for expression in equal:
            model.equalities.add(expression == 0)
        model.inequalities = pyo.ConstraintList()
        for expression in less:
            model.inequalities.add(expression <= 0)
        model.pairs = mpec.Complementarity(
            range(len(left)), rule=lambda m, k: mpec.complements(left[k] >= 0, right[k] >= 0)
        )
        return model

    def describe(self) -> str:
        """The leader's program, pair by pair."""
        lines = [f"minimize {self.objective}", "subject to"]
        lines += [f"  {e} == 0" for e in ca.vertsplit(self.equalities)]
        lines += [f"  {e} <= 0" for e in ca.vertsplit(self.inequalities)]
        pairs = zip(ca.vertsplit(self.left), ca.vertsplit(self.right), strict=True)
        lines += [f"  0 <= {a}  _|_  {b} >= 0" for a, b in pairs]
        return "\n".join(lines)
