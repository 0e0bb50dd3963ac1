"""Linear and mixed-integer linear programs as arrays, and as cvxpy prints them.

    maximise (or minimise)  c'z + constant
    subject to              row_lower <= A z <= row_upper,   lower <= z <= upper,
                            z_k whole where integer[k]

The arrays go to the solver as they are. `problem` writes the same program in cvxpy, when
somebody asks for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class LinearProgram:
    """A linear program, mixed-integer where `integer` says so.

    Attributes
    ----------
    objective : ndarray (n,)
        Coefficients c.
    rows : sparse array (m, n)
        A.
    row_lower, row_upper : ndarray (m,)
        Infinite where a side is open.
    lower, upper : ndarray (n,)
        Bounds of the variables.
    sense : "max" or "min"
    constant : float
        Added to the objective.
    integer : ndarray of bool (n,) or None
        Variables that must be whole.
    write : callable, optional
        Gives the program as a `cp.Problem` in the words of the game; by default its matrices
        are written out.
    game : object
        What the program was compiled from, for reading its answer back.

    Examples
    --------
    >>> program = LinearProgram(
    ...     objective=np.array([1.0, 2.0]), rows=sp.csr_array(np.ones((1, 2))),
    ...     row_lower=np.array([-np.inf]), row_upper=np.array([1.0]),
    ...     lower=np.zeros(2), upper=np.full(2, np.inf), sense="max",
    ... )
    >>> program.kind, float(program.problem.solve(solver="HIGHS"))
    ('linear', 2.0)
    """

    objective: Array
    rows: Any
    row_lower: Array
    row_upper: Array
    lower: Array
    upper: Array
    sense: str = "min"
    constant: float = 0.0
    integer: NDArray[np.bool_] | None = None
    write: Callable[[], Any] | None = field(default=None, repr=False)
    game: Any = field(default=None, repr=False)

    @property
    def kind(self) -> str:
        """ "linear" or "mixed-integer linear"."""
        whole = self.integer is not None and bool(self.integer.any())
        return "mixed-integer linear" if whole else "linear"

    @cached_property
    def problem(self) -> Any:
        """The program as a `cp.Problem`."""
        return (self.write or self._as_matrices)()

    def describe(self) -> str:
        """The program as cvxpy prints it."""
        return str(self.problem)

    def value(self, z: Array) -> float:
        """Objective at z (n,)."""
        return float(self.objective @ z) + self.constant

    def _as_matrices(self) -> Any:
        import cvxpy as cp  # slow to import, needed only by who reads the program

        whole = () if self.integer is None else np.flatnonzero(self.integer)
        z = cp.Variable(
            self.objective.size, name="z", integer=[tuple(whole)] if len(whole) else False
        )
        equal = self.row_lower == self.row_upper
        below = np.isfinite(self.row_upper) & ~equal
        above = np.isfinite(self.row_lower) & ~equal
        rows = sp.csr_array(self.rows)
        constraints = [rows[equal] @ z == self.row_upper[equal]] if equal.any() else []
        constraints += [rows[below] @ z <= self.row_upper[below]] if below.any() else []
        constraints += [rows[above] @ z >= self.row_lower[above]] if above.any() else []
        low, high = np.isfinite(self.lower), np.isfinite(self.upper)
        constraints += [z[low] >= self.lower[low]] if low.any() else []
        constraints += [z[high] <= self.upper[high]] if high.any() else []
        goal = cp.Maximize if self.sense == "max" else cp.Minimize
        return cp.Problem(goal(self.objective @ z + self.constant), constraints)
