"""Zero-sum games: a strategy that guarantees the value, as one linear program.

    maximise v   s.t.   x'A >= v in every column,   x a distribution

The multipliers of the columns are the other player's strategy (von Neumann 1928; Dantzig 1951).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from eqsolve.concepts import Nash
from eqsolve.formulations.finite_answer import FiniteAnswer, clean
from eqsolve.formulations.polishing import polished_bimatrix
from eqsolve.games.finite import NormalFormGame
from eqsolve.programs.linear import LinearProgram
from eqsolve.results import Solution


@dataclass(frozen=True)
class ZeroSum:
    """Formulation of zero-sum games of two players as a linear program."""

    name = "zero-sum"
    kind = "linear"
    games = "finite"

    def refuses(self, game: Any, concept: Any) -> str | None:
        """None, or why this formulation does not apply."""
        if not isinstance(concept, Nash):
            return f"the value of a zero-sum game does not express {concept!r}."
        if not (isinstance(game, NormalFormGame) and game.is_zero_sum):
            return "payoffs of two players do not add to a constant."
        if concept.objective is not None:
            return "a linear program finds one equilibrium, not the best for an objective."
        return None

    def compile(self, game: Any, concept: Any, start: Any = None) -> LinearProgram:
        """The row player's program; nothing to start from."""
        matrix = game.payoffs[0]
        m, k = matrix.shape
        unit, middle = game.spread or 1.0, float(matrix.min() + matrix.max()) / 2
        guarantee = np.hstack([(matrix.T - middle) / unit, np.full((k, 1), -1.0)])
        total = np.append(np.ones(m), 0.0)
        return LinearProgram(
            objective=np.append(np.zeros(m), unit),
            constant=middle,
            rows=sp.csr_array(np.vstack([guarantee, total])),
            row_lower=np.append(np.zeros(k), 1.0),
            row_upper=np.append(np.full(k, np.inf), 1.0),
            lower=np.append(np.zeros(m), -np.inf),
            upper=np.full(m + 1, np.inf),
            sense="max",
            write=lambda: _written(matrix),
            game=game,
        )

    def recover(self, program: LinearProgram, solution: Solution) -> FiniteAnswer:
        """Row's strategy from the variables, column's from the multipliers."""
        game = program.game
        if solution.multipliers is None or not np.isfinite(solution.values).all():
            return FiniteAnswer(np.full(game.n, np.nan))
        rows = clean(solution.values[:-1])
        columns = clean(np.abs(solution.multipliers[:-1]))
        return FiniteAnswer(polished_bimatrix(game, np.concatenate([rows, columns])))


def _written(matrix: Any) -> Any:
    import cvxpy as cp  # slow to import, needed only by who reads the program

    x, value = cp.Variable(matrix.shape[0], nonneg=True, name="x"), cp.Variable(name="value")
    return cp.Problem(cp.Maximize(value), [matrix.T @ x >= value, cp.sum(x) == 1])
