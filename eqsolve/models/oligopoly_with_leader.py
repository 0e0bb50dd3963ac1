"""The oligopoly of Murphy, Sherali and Soyster with its first firm leading."""

from __future__ import annotations

from eqsolve.games import Game
from eqsolve.models.costs import PowerCost
from eqsolve.models.cournot import cournot
from eqsolve.models.demand import IsoelasticDemand
from eqsolve.models.murphy_sherali_soyster import ELASTICITY, MARGINAL


def oligopoly_with_leader(elasticity: float = 1.1, limit: float = 150.0) -> Game:
    """Five firms as in `murphy_sherali_soyster`; the leader's quantity is at most `limit`.

    Parameters
    ----------
    elasticity : float
        Of demand, Q = 5000 p^-elasticity.
    limit : float
        Of firm 1's output.

    Returns
    -------
    Game
        Solve it with ``eq.Stackelberg("firm1")``: the other four answer in Nash equilibrium.

    References
    ----------
    Sherali, Soyster and Murphy (1983), "Stackelberg-Nash-Cournot equilibria:
    characterizations and computations", Operations Research 31, 253-276; with the data of
    Murphy, Sherali and Soyster (1982), Mathematical Programming 24, 92-106.

    Examples
    --------
    >>> import eqsolve as eq
    >>> lead = eq.solve(oligopoly_with_leader(), eq.Stackelberg("firm1"))
    >>> round(float(lead["firm1"][0]), 4), round(lead.payoffs["firm1"], 3)
    (42.5382, 203.155)
    """
    costs = [PowerCost(c, 5.0, b) for c, b in zip(MARGINAL, ELASTICITY, strict=True)]
    limits = [limit, *[None] * (len(costs) - 1)]
    return cournot(costs=costs, demand=IsoelasticDemand(5000.0, elasticity), capacities=limits)
