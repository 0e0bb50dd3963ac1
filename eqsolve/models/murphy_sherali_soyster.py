"""The five-firm oligopoly of Murphy, Sherali and Soyster (1982)."""

from __future__ import annotations

import cvxpy as cp

from eqsolve.errors import EqsolveError
from eqsolve.games import Game
from eqsolve.models.costs import PowerCost
from eqsolve.models.cournot import cournot
from eqsolve.models.demand import IsoelasticDemand

MARGINAL = (10.0, 8.0, 6.0, 4.0, 2.0)
ELASTICITY = (1.2, 1.1, 1.0, 0.9, 0.8)


def murphy_sherali_soyster(elasticity: float = 1.1, production_limit: float | None = None) -> Game:
    """Five firms facing a demand of constant elasticity, Q = 5000 p^-elasticity.

    Firm i's cost is c_i q + b_i / (1 + b_i) 5^(-1/b_i) q^((1+b_i)/b_i) with
    c = (10, 8, 6, 4, 2) and b = (1.2, 1.1, 1, 0.9, 0.8).

    Parameters
    ----------
    elasticity : float
        Of demand. 1.1 in the paper; 1 is another usual test.
    production_limit : float, optional
        A limit on the sum of all quantities that binds every firm: with it the game is
        generalized Nash (Facchinei and Kanzow 2009, problem A.16).

    Returns
    -------
    Game

    References
    ----------
    Murphy, Sherali and Soyster (1982), "A mathematical programming approach for determining
    oligopolistic market equilibrium", Mathematical Programming 24, 92-106. Harker (1984),
    "A variational inequality approach for the determination of oligopolistic market
    equilibrium", Mathematical Programming 30, 105-111.

    Examples
    --------
    >>> import eqsolve as eq
    >>> nash = eq.solve(murphy_sherali_soyster())
    >>> [round(float(q), 2) for q in nash.vector]
    [36.93, 41.82, 43.71, 42.66, 39.18]
    """
    costs = [PowerCost(c, 5.0, b) for c, b in zip(MARGINAL, ELASTICITY, strict=True)]
    market = cournot(costs=costs, demand=IsoelasticDemand(5000.0, elasticity))
    if production_limit is None:
        return market
    if not production_limit > 0:
        raise EqsolveError(f"production_limit must be positive, not {production_limit!r}.")
    for q in market.variables:
        q.value = min(float(q.value), production_limit / len(MARGINAL))
    total = cp.sum(cp.hstack(market.variables))
    limit = (total <= production_limit).set_label("production limit")
    return Game(market.players, shared_constraints=[limit])
