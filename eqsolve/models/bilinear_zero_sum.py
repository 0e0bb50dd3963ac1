"""Zero-sum games with a bilinear payoff on boxes, such as matching pennies."""

from __future__ import annotations

from typing import Any

import cvxpy as cp
import numpy as np

from eqsolve.errors import EqsolveError
from eqsolve.games import Game, Player


def bilinear_zero_sum(
    matrix: Any = 4.0,
    row: Any = -2.0,
    column: Any = -2.0,
    *,
    lower: float = 0.0,
    upper: float = 1.0,
) -> Game:
    """The row player maximises x'A y + r'x + c'y, the column player minimises it.

    Parameters
    ----------
    matrix : array_like, shape (m, n) or a number
        A.
    row, column : array_like, shapes (m,) and (n,), or numbers for all entries
        r and c.
    lower, upper : float
        Bounds of every entry of x and of y.

    Returns
    -------
    Game
        Players ``row`` and ``column``.

    Notes
    -----
    The defaults are matching pennies on [0, 1], with x and y the probabilities of heads:
    4 x y - 2 x - 2 y is its payoff less one, and the equilibrium is (1/2, 1/2). Gradient play
    turns around it for ever; extra-gradient steps reach it.

    References
    ----------
    Korpelevich (1976), "The extragradient method for finding saddle points", Ekonomika i
    Matematicheskie Metody 12, 747-756.

    Examples
    --------
    >>> import eqsolve as eq
    >>> nash = eq.solve(bilinear_zero_sum())
    >>> [round(float(v), 6) for v in nash.vector]
    [0.5, 0.5]
    """
    weights = np.atleast_2d(np.asarray(matrix, dtype=float))
    if weights.ndim != 2 or not np.isfinite(weights).all():
        raise EqsolveError("bilinear_zero_sum: matrix must be a finite matrix.")
    if not lower < upper:
        raise EqsolveError(f"bilinear_zero_sum: lower {lower} must be below upper {upper}.")
    rows, columns = weights.shape
    try:
        r = np.broadcast_to(np.asarray(row, dtype=float), (rows,))
        c = np.broadcast_to(np.asarray(column, dtype=float), (columns,))
    except ValueError:
        raise EqsolveError(
            f"bilinear_zero_sum: row and column must have {rows} and {columns} entries."
        ) from None
    x = cp.Variable(rows, bounds=[lower, upper], name="x")
    y = cp.Variable(columns, bounds=[lower, upper], name="y")
    payoff = x @ (weights @ y) + r @ x + c @ y
    return Game(
        [Player("row", cp.Maximize(payoff), [x]), Player("column", cp.Minimize(payoff), [y])]
    )
