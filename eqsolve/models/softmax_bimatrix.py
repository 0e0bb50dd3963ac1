"""A matrix game whose players choose logits: what policy-gradient learners see."""

from __future__ import annotations

from typing import Any

import cvxpy as cp
import numpy as np

from eqsolve.errors import EqsolveError
from eqsolve.games import Game, Player

PENNIES = ((1.0, -1.0), (-1.0, 1.0))


def softmax_bimatrix(row: Any = PENNIES, column: Any = None, *, penalty: float = 0.0) -> Game:
    """Mixed strategies softmax(0, x) and softmax(0, y); players choose x and y.

    Parameters
    ----------
    row : array_like, shape (m, n)
        Payoffs of the row player, who chooses x in R^(m-1).
    column : array_like, shape (m, n), optional
        Payoffs of the column player, who chooses y in R^(n-1); default ``-row`` (zero-sum).
    penalty : float
        Each player also pays penalty / 2 times the squared length of its logits, which
        gives flat games an isolated equilibrium.

    Returns
    -------
    Game
        Players ``row`` and ``column``. The first action's logit is zero, so that no two
        logits mean the same mixed strategy.

    References
    ----------
    Fiez, Chasnov and Ratliff (2019), "Convergence of learning dynamics in Stackelberg
    games", section on parameterized bimatrix games.

    Examples
    --------
    >>> import eqsolve as eq
    >>> nash = eq.solve(softmax_bimatrix(penalty=0.1), start=[0.3, -0.2])
    >>> bool(abs(nash.vector).max() < 1e-6)
    True
    """
    first = np.atleast_2d(np.asarray(row, dtype=float))
    second = -first if column is None else np.atleast_2d(np.asarray(column, dtype=float))
    if first.shape != second.shape or min(first.shape) < 2:
        raise EqsolveError(
            "softmax_bimatrix: row and column must be matrices of one shape, with two actions "
            f"or more each, not {first.shape} and {second.shape}."
        )
    if penalty < 0:
        raise EqsolveError(f"softmax_bimatrix: penalty must not be negative, not {penalty:g}.")
    m, n = first.shape
    x, y = cp.Variable(m - 1, name="x"), cp.Variable(n - 1, name="y")
    p, q = cp.exp(cp.hstack([0.0, x])), cp.exp(cp.hstack([0.0, y]))
    both = cp.sum(p) * cp.sum(q)
    return Game(
        [
            Player(name, cp.Maximize((p @ A @ q) / both - penalty / 2 * cp.sum_squares(z)), [z])
            for name, A, z in (("row", first, x), ("column", second, y))
        ]
    )
