"""A convex quadratic program with complementary pairs, in matrices.

min   1/2 w'H w + c'w + constant
s.t.  E w = e,   G w <= g,   lower <= w <= upper,
      0 <= A w + a  _|_  B w + b >= 0
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


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

    kind: ClassVar[str] = "mixed-integer"

    @property
    def problem(self) -> ComplementarityConstrainedProgram:
        """The matrices are the program."""
        return self

    @property
    def pairs(self) -> int:
        """How many complementary pairs."""
        return int(self.a.size)

    def objective(self, w: Array) -> float:
        """Value at w (m,)."""
        return float(0.5 * w @ (self.H @ w) + self.c @ w + self.constant)

    def describe(self) -> str:
        """Sizes, and what each pair says."""
        head = (
            f"Quadratic program with {self.c.size} unknowns, {self.e.size} equations, "
            f"{self.g.size} inequalities and {self.pairs} complementary pairs:"
        )
        return "\n".join([head, *(f"  multiplier _|_ slack of {name}" for name in self.pair_names)])
