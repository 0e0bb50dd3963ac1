"""Nearest feasible points: clipping for boxes, a quadratic program otherwise.

    min 1/2 ||z - x||^2   s.t.  lower <= z <= upper,  A z <= b,  E z = e

With rows, OSQP (which cvxpy brings) is set up once and re-solved from its last
answer, so that thousands of replications are affordable.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from eqsolve.errors import NotAGame

if TYPE_CHECKING:
    from eqsolve.games.numbers import GameNumbers

Array = NDArray[np.float64]


class Projection:
    """Projects profiles (replications, n) onto the feasible set of a game's numbers."""

    def __init__(self, numbers: GameNumbers) -> None:
        self.numbers = numbers

    def __call__(self, profiles: Array) -> Array:
        clipped = np.clip(profiles, self.numbers.lower, self.numbers.upper)
        if not self.numbers.symbolic.rows.shape[0]:
            return np.asarray(clipped)
        matrix, low, high = self._rows
        inside = ((profiles @ matrix.T >= low) & (profiles @ matrix.T <= high)).all(axis=1)
        out = profiles.copy()
        for r in np.flatnonzero(~inside & np.isfinite(profiles).all(axis=1)):
            self._solver.update(q=-profiles[r])
            self._solver.warm_start(x=clipped[r])
            out[r] = np.asarray(self._solver.solve(raise_error=True).x)
        return out

    @cached_property
    def _rows(self) -> tuple[Any, Array, Array]:
        symbolic = self.numbers.symbolic
        if not symbolic.linear_rows.all():
            raise NotAGame(
                "Projection onto curved constraints is not offered; pass learning code that "
                "keeps to the constraints itself, or declare them as bounds and linear rows."
            )
        zero = np.zeros(symbolic.n)
        slopes, offset = self.numbers.row_jacobian(zero), self.numbers.rows(zero)
        matrix = sp.csc_matrix(sp.vstack([slopes, sp.identity(symbolic.n)]))
        low = np.where(symbolic.equality, -offset, -np.inf)
        return (
            matrix,
            np.concatenate([low, symbolic.lower]),
            np.concatenate([-offset, symbolic.upper]),
        )

    @cached_property
    def _solver(self) -> Any:
        import osqp

        matrix, low, high = self._rows
        n = self.numbers.symbolic.n
        solver = osqp.OSQP()
        solver.setup(
            P=sp.identity(n, format="csc"), q=np.zeros(n), A=matrix, l=low, u=high,
            verbose=False, eps_abs=1e-11, eps_rel=1e-11, max_iter=100_000, polishing=True,
        )  # fmt: skip
        return solver
