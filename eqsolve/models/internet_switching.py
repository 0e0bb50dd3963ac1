"""The internet switching game of Kesselman, Leonardi and Bonifaci (2005)."""

from __future__ import annotations

from collections.abc import Sequence

import cvxpy as cp

from eqsolve.errors import EqsolveError
from eqsolve.games import Game, Player


def internet_switching(
    users: int = 10,
    capacity: float = 1.0,
    least: float = 0.01,
    privileged: Sequence[float] | None = None,
) -> Game:
    """Users send traffic through one buffer; what is lost grows with the total.

    User i sends x_i >= least and maximises x_i / S (1 - S / capacity), with
    S = x_1 + ... + x_N: its share of the buffer times the share of the buffer left free.

    Parameters
    ----------
    users : int
        N, at least two.
    capacity : float
        Size B of the buffer; S <= B binds every user.
    least : float
        Smallest traffic, positive, so that S never vanishes.
    privileged : (float, float), optional
        Bounds of the first user's traffic in place of the others'; it then is not bound by
        S <= B (Facchinei and Kanzow 2009, problem A.1). Without it all users are alike and
        the limit is a shared constraint (problem A.14).

    Returns
    -------
    Game

    Notes
    -----
    Alike users send B (N - 1) / N^2 each. With a privileged user held at its lower bound l,
    the others send S - S^2 / B each, where (N - 1)(S - S^2 / B) = S - l.

    The payoff is written 1 - (S - x_i) / S - x_i / B, which cvxpy knows to be concave in x_i.

    Examples
    --------
    >>> import eqsolve as eq
    >>> nash = eq.solve(internet_switching())
    >>> round(float(nash.vector[0]), 6)
    0.09
    """
    if users < 2 or not capacity > 0 or not least > 0:
        raise EqsolveError(
            "internet_switching: users must be at least 2, capacity and least positive; "
            f"got {users}, {capacity} and {least}."
        )
    bounds = [(least, capacity)] * users
    if privileged is not None:
        bounds[0] = (float(privileged[0]), float(privileged[1]))
    traffic = [
        cp.Variable(bounds=list(pair), name=f"x{j}") for j, pair in enumerate(bounds, start=1)
    ]
    total = sum(traffic)
    players = []
    for j, x in enumerate(traffic):
        x.value = max(bounds[j][0], capacity / (2 * users))
        others = sum(traffic[:j] + traffic[j + 1 :])
        payoff = 1 - others * cp.inv_pos(x + others) - x / capacity
        limit = [total <= capacity] if privileged is not None and j > 0 else []
        players.append(Player(f"user{j + 1}", cp.Maximize(payoff), [x], limit))
    return Game(players, [] if privileged is not None else [total <= capacity])
