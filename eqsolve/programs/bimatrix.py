"""Nash equilibrium of two players as a linear complementarity problem.

    0 <= x  complementary to  v - A y >= 0,      sum x = 1,
    0 <= y  complementary to  w - B'x >= 0,      sum y = 1,

A the row player's payoffs, B the column player's, v and w what both get (Lemke and Howson 1964).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.programs.complementarity import ComplementarityProblem

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class BimatrixProgram:
    """Two payoff matrices, (own rows, others' columns) each (actions_1, actions_2).

    Attributes
    ----------
    rows, columns : ndarray (m, k)
        Payoffs A and B.
    names : tuple of str
        Of the m + k actions.
    start : ndarray (m + k,) or None
        A profile to begin from, where an engine takes one.
    game : object
        What the program was compiled from.

    Examples
    --------
    >>> BimatrixProgram(np.eye(2), np.eye(2)).problem.n
    6
    """

    rows: Array
    columns: Array
    names: tuple[str, ...] = ()
    start: Array | None = None
    game: Any = field(default=None, repr=False)
    kind = "bimatrix"

    @cached_property
    def problem(self) -> ComplementarityProblem:
        """In the unknowns x, y, v, w."""
        m, k = self.rows.shape
        n = m + k
        matrix = np.zeros((n + 2, n + 2))
        matrix[:m, m:n], matrix[m:n, :m] = -self.rows, -self.columns.T
        matrix[:m, n] = matrix[m:n, n + 1] = 1.0
        matrix[n, :m] = matrix[n + 1, m:n] = 1.0
        offset = np.append(np.zeros(n), [-1.0, -1.0])
        free = np.append(np.zeros(n), [-np.inf, -np.inf])
        names = self.names or tuple(
            f"{who}[{a}]" for who, c in (("x", m), ("y", k)) for a in range(c)
        )
        return ComplementarityProblem(
            function=lambda z: matrix @ z + offset,
            jacobian=lambda z: matrix,
            lower=free,
            upper=np.full(n + 2, np.inf),
            names=(*names, "value of the first", "value of the second"),
        )

    def describe(self) -> str:
        """The complementarity problem as text."""
        return self.problem.describe()


@dataclass(frozen=True, eq=False)
class SupportsProgram(BimatrixProgram):
    """The same problem when all its extreme solutions are wanted, best first.

    Attributes
    ----------
    weights : ndarray (m, k) or None
        What counts as best: the largest expectation.
    """

    weights: Array | None = None
    kind = "supports"
