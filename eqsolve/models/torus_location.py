"""Two players choose places on circles, near their favourite and far from each other."""

from __future__ import annotations

from collections.abc import Sequence
from math import pi

import cvxpy as cp

from eqsolve.errors import EqsolveError
from eqsolve.games import Game, Player


def torus_location(
    weights: Sequence[float] = (1.0, 1.3), targets: Sequence[float] = (pi / 8, pi / 8)
) -> Game:
    """Player i minimises -a_i cos(th_i - phi_i) + cos(th_i - th_j).

    Parameters
    ----------
    weights : two floats
        a: the pull towards the favourite place.
    targets : two floats
        phi, the favourite places (radians).

    Returns
    -------
    Game
        Players ``one`` and ``two``; angles are free, so every answer returns after 2 pi.

    Notes
    -----
    Against a fixed opponent a cost is one sinusoid, so its local minima are global. With
    the default numbers there are two Nash equilibria and, player one leading, two
    Stackelberg equilibria, of equal costs each.

    References
    ----------
    Fiez, Chasnov and Ratliff (2020), ICML, the location game on a torus.

    Examples
    --------
    >>> import eqsolve as eq
    >>> nash = eq.solve(torus_location(), start=[-0.8, 1.2])
    >>> [round(float(angle), 4) for angle in nash.vector]
    [-0.7833, 1.1823]
    """
    if len(weights) != 2 or len(targets) != 2:
        raise EqsolveError("torus_location: weights and targets must be two numbers each.")
    angles = [cp.Variable(name=name) for name in ("th1", "th2")]
    cos = cp.nlp.cos
    apart = cos(angles[0] - angles[1])
    return Game(
        [
            Player(name, cp.Minimize(apart - a * cos(angle - phi)), [angle])
            for name, a, phi, angle in zip(("one", "two"), weights, targets, angles, strict=True)
        ]
    )
