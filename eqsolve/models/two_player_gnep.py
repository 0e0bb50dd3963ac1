"""The smallest generalized Nash game with a continuum of equilibria."""

from __future__ import annotations

import cvxpy as cp

from eqsolve.games import Game, Player


def two_player_gnep() -> Game:
    """Two players pull towards (1, 1/2) and share x + y <= 1.

    Player x minimises (x - 1)^2, player y minimises (y - 1/2)^2.

    Returns
    -------
    Game

    Notes
    -----
    Every (a, 1 - a) with 1/2 <= a <= 1 is a generalized equilibrium: nobody can gain alone.
    Only (3/4, 1/4) is variational, with multiplier 1/2 for both.

    References
    ----------
    Facchinei and Kanzow (2009), "Penalty methods for the solution of generalized Nash
    equilibrium problems", problem A.11.

    Examples
    --------
    >>> import eqsolve as eq
    >>> equilibrium = eq.solve(two_player_gnep(), eq.VariationalEquilibrium())
    >>> [round(float(x), 6) for x in equilibrium.vector]
    [0.75, 0.25]
    """
    x, y = cp.Variable(name="x"), cp.Variable(name="y")
    return Game(
        [
            Player("x", cp.Minimize(cp.square(x - 1)), [x]),
            Player("y", cp.Minimize(cp.square(y - 0.5)), [y]),
        ],
        shared_constraints=[x + y <= 1],
    )
