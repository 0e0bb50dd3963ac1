"""A convex program as cvxpy holds it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, eq=False)
class ConvexProgram:
    """A `cp.Problem` and the variables whose values are wanted.

    Attributes
    ----------
    problem : cp.Problem
        In the players' own variables; print it, or solve it with any cvxpy solver.
    variables : tuple of cp.Variable
        Their values, flattened in row-major order, are the solution.
    """

    problem: Any
    variables: tuple[Any, ...]
    kind = "convex"

    def describe(self) -> str:
        """The problem as cvxpy prints it."""
        return str(self.problem)
