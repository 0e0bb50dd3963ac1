"""A convex quadratic program with complementary pairs, in matrices.

min   1/2 w'H w + c'w + constant
s.t.  E w = e,   G w <= g,   lower <= w <= upper,
      0 <= A w + a  _|_  B w + b >= 0
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from eqsolve._lazy import LazyModule

pyo: Any = LazyModule("pyomo.environ")

Array = NDArray[np.float64]
PRINTED = 40  # unknowns up to which a program is printed in full


@dataclass(frozen=True, eq=False)
class ComplementarityConstrainedProgram:
    """See the module's docstring; matrices are scipy.sparse, vectors ndarrays."""

    H: Any
    c: Array
    constant: float
    E: Any
    e: Array
    G: Any
    g: Array
    lower: Array
    upper: Array
    A: Any
    a: Array
    B: Any
    b: Array
    pair_names: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    kind: ClassVar[str] = "mixed-integer"

    @cached_property
    def problem(self) -> Any:
        """The same as a Pyomo model with SOS1 constraints, to print, write or solve elsewhere."""
        model = pyo.ConcreteModel("leader's program")
        bounds = {
            j: tuple(float(v) if np.isfinite(v) else None for v in pair)
            for j, pair in enumerate(zip(self.lower, self.upper, strict=True))
        }
        model.w = pyo.Var(range(self.c.size), bounds=bounds)
        w = list(model.w.values())
        sides = range(self.pairs)
        model.left, model.right = (pyo.Var(sides, bounds=(0, None)) for _ in range(2))
        curved = sp.coo_array(self.H)
        entries = zip(curved.row, curved.col, curved.data, strict=True)
        model.cost = pyo.Objective(
            expr=sum(0.5 * v * w[j] * w[k] for j, k, v in entries)
            + sum(c * w[j] for j, c in enumerate(self.c) if c)
            + self.constant
        )
        model.rows = pyo.ConstraintList()
        for matrix, limits, equal in ((self.E, self.e, True), (self.G, self.g, False)):
            for value, limit in zip(_affine(matrix, w), limits, strict=True):
                model.rows.add(pyo.inequality(float(limit) if equal else None, value, float(limit)))
        for variable, matrix, offset in (
            (model.left, self.A, self.a),
            (model.right, self.B, self.b),
        ):
            for k, value in enumerate(_affine(matrix, w)):
                model.rows.add(variable[k] - value == float(offset[k]))
        model.pairs = pyo.Block(sides)
        for k in sides:
            both = [model.left[k], model.right[k]]
            model.pairs[k].either = pyo.SOSConstraint(
                rule=lambda _, both=both: (both, [1, 2]), sos=1
            )
        return model

    @property
    def pairs(self) -> int:
        """How many complementary pairs."""
        return int(self.a.size)

    def objective(self, w: Array) -> float:
        """Value at w (m,)."""
        return float(0.5 * w @ (self.H @ w) + self.c @ w + self.constant)

    def describe(self) -> str:
        """The program as a person writes it; beyond forty unknowns its sizes and pairs alone."""
        if not self.names or self.c.size > PRINTED:
            head = (
                f"Quadratic program with {self.c.size} unknowns, {self.e.size} equations, "
                f"{self.g.size} inequalities and {self.pairs} complementary pairs:"
            )
            return "\n".join([head, *(f"  multiplier _|_ slack of {p}" for p in self.pair_names)])
        return "\n".join(["minimize " + self._cost(), "subject to", *self._lines()])

    def _cost(self) -> str:
        curved = sp.coo_array(sp.triu(self.H))
        terms = [
            (
                v / 2 if j == k else v,
                f"{self.names[j]}^2" if j == k else f"{self.names[j]} {self.names[k]}",
            )
            for j, k, v in zip(curved.row, curved.col, curved.data, strict=True)
        ]
        terms += [(c, name) for c, name in zip(self.c, self.names, strict=True)]
        return _text(terms, self.constant)

    def _lines(self) -> list[str]:
        lines = [
            f"  {self._row(row)} == {limit:g}" for row, limit in zip(self.E, self.e, strict=True)
        ]
        lines += [
            f"  {self._row(row)} <= {limit:g}" for row, limit in zip(self.G, self.g, strict=True)
        ]
        lines += [
            f"  0 <= {self._row(left, a)}  _|_  {self._row(right, b)} >= 0"
            for left, a, right, b in zip(self.A, self.a, self.B, self.b, strict=True)
        ]
        for name, low, high in zip(self.names, self.lower, self.upper, strict=True):
            below = f"{low:g} <= " if np.isfinite(low) else ""
            above = f" <= {high:g}" if np.isfinite(high) else ""
            lines += [f"  {below}{name}{above}"] if below or above else []
        return lines

    def _row(self, row: Any, offset: float = 0.0) -> str:
        values = np.asarray(row.todense()).ravel()
        return _text(list(zip(values, self.names, strict=True)), offset)


def _affine(matrix: Any, w: list[Any]) -> list[Any]:
    """Each row of the matrix times w, as Pyomo expressions."""
    rows = sp.csr_array(matrix)
    return [
        sum(
            (rows.data[k] * w[rows.indices[k]] for k in range(rows.indptr[r], rows.indptr[r + 1])),
            start=0.0 * w[0],
        )
        for r in range(rows.shape[0])
    ]


def _text(terms: list[tuple[float, str]], constant: float) -> str:
    """'2 x - y + 1'."""
    pieces = [(v, f"{'' if abs(v) == 1 else f'{abs(v):g} '}{name}") for v, name in terms if v]
    pieces += [(constant, f"{abs(constant):g}")] if constant or not pieces else []
    text = " ".join(f"{'-' if v < 0 else '+'} {piece}" for v, piece in pieces)
    return text[2:] if text.startswith("+") else f"-{text[2:]}"
