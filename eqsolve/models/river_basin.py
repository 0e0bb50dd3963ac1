"""The river basin pollution game of Krawczyk and Uryasev (2000)."""

from __future__ import annotations

import cvxpy as cp
import numpy as np

from eqsolve.games import Game, Player

LINEAR_COST = (0.10, 0.12, 0.15)
QUADRATIC_COST = (0.01, 0.05, 0.01)
EMISSION = np.array([0.50, 0.25, 0.75])  # pollutant per unit of output
DECAY = np.array([[6.5, 5.0, 5.5], [4.583, 6.25, 3.75]])  # share arriving at each station
LIMIT = 100.0  # pollutant allowed at each of the two stations


def river_basin() -> Game:
    """Three polluters along a river share two limits on what arrives downstream.

    Firm i minimises (c1_i + c2_i x_i) x_i - (3 - 0.01 (x_1 + x_2 + x_3)) x_i over x_i >= 0.
    Two stations measure sum_i u_il e_i x_i <= 100, l = 1, 2, and these bind all three.

    Returns
    -------
    Game
        With two shared constraints: a generalized Nash game.

    Notes
    -----
    The variational equilibrium (one multiplier for all at each station) is unique:
    (21.1448, 16.0279, 2.7260) with multipliers (0.57436, 0). The often printed
    (21.149, 16.028, 2.722) is off by 4e-3.

    References
    ----------
    Krawczyk and Uryasev (2000), "Relaxation algorithms to find Nash equilibria with economic
    applications", Environmental Modeling and Assessment 5, 63-73. Facchinei and Kanzow
    (2009), "Penalty methods for the solution of generalized Nash equilibrium problems",
    problem A.13.

    Examples
    --------
    >>> import eqsolve as eq
    >>> equilibrium = eq.solve(river_basin(), eq.VariationalEquilibrium())
    >>> [round(float(x), 3) for x in equilibrium.vector]
    [21.145, 16.028, 2.726]
    """
    outputs = [cp.Variable(nonneg=True, name=f"x{j}") for j in (1, 2, 3)]
    price = 3 - 0.01 * sum(outputs)
    players = [
        Player(f"polluter{j}", cp.Minimize((c1 + c2 * x) * x - price * x), [x])
        for j, (x, c1, c2) in enumerate(
            zip(outputs, LINEAR_COST, QUADRATIC_COST, strict=True), start=1
        )
    ]
    arriving = (DECAY * EMISSION) @ cp.hstack(outputs)
    return Game(players, shared_constraints=[(arriving <= LIMIT).set_label("pollution")])
