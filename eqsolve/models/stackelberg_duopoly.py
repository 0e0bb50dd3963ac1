"""Two firms choose quantities, the first of them first (von Stackelberg 1934)."""

from __future__ import annotations

from collections.abc import Sequence

from eqsolve.errors import EqsolveError
from eqsolve.games import Game
from eqsolve.models.cournot import cournot
from eqsolve.models.demand import LinearDemand


def stackelberg_duopoly(
    intercept: float = 100.0, slope: float = 1.0, costs: Sequence[float] = (5.0, 2.0)
) -> Game:
    """Firms ``leader`` and ``follower`` sell at the price intercept - slope (q1 + q2).

    Parameters
    ----------
    intercept, slope : float
        Of the inverse demand (money per unit, money per unit squared).
    costs : two floats
        Unit costs of leader and follower.

    Returns
    -------
    Game
        Solve it with ``eq.Stackelberg("leader")``, or as a Nash game to see what moving
        first is worth.

    Notes
    -----
    With both active, the follower answers q2 = (a - c2 - b q1) / 2b, so that the leader
    chooses q1 = (a - 2 c1 + c2) / 2b. The defaults are those of Fiez, Chasnov and Ratliff:
    q = (46, 26) with profits (1058, 676), against (92/3, 101/3) for simultaneous play.

    References
    ----------
    Fiez, Chasnov and Ratliff (2020), "Implicit learning dynamics in Stackelberg games:
    equilibria characterization, convergence analysis, and empirical study", ICML.

    Examples
    --------
    >>> import eqsolve as eq
    >>> lead = eq.solve(stackelberg_duopoly(), eq.Stackelberg("leader"))
    >>> [round(float(q), 6) for q in lead.vector], round(lead.payoffs["leader"], 6)
    ([46.0, 26.0], 1058.0)
    """
    if len(costs) != 2:
        raise EqsolveError(f"stackelberg_duopoly: costs must be two numbers, not {costs!r}.")
    return cournot(["leader", "follower"], costs=list(costs), demand=LinearDemand(intercept, slope))
