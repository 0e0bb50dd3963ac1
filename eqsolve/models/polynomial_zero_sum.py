"""A zero-sum game on the plane whose critical points are of several kinds."""

from __future__ import annotations

import cvxpy as cp

from eqsolve.games import Game, Player


def polynomial_zero_sum(a: float = 0.15, b: float = 0.25, decay: float = 0.01) -> Game:
    """Player ``one`` minimises f, ``two`` maximises it.

        f(x1, x2) = -exp(-decay (x1^2 + x2^2)) ((a x1^2 + x2)^2 + (b x2^2 + x1)^2)

    Parameters
    ----------
    a, b : float
        Of the polynomials; with a = 0.15, b = 0.25 two Stackelberg equilibria are no Nash.
    decay : float
        Of the Gaussian factor that makes f vanish far out.

    Returns
    -------
    Game

    Notes
    -----
    Its equilibria are local: use ``eq.classify`` and ``eq.critical_points``.

    References
    ----------
    Fiez, Chasnov and Ratliff (2020), ICML, the polynomial game.

    Examples
    --------
    >>> import eqsolve as eq
    >>> eq.classify(polynomial_zero_sum(), [-2.50150872, -2.33986149]).kind
    "differential Stackelberg (leader 'one')"
    """
    x1, x2 = cp.Variable(name="x1"), cp.Variable(name="x2")
    squares = cp.square(a * cp.square(x1) + x2) + cp.square(b * cp.square(x2) + x1)
    f = -cp.exp(-decay * (cp.square(x1) + cp.square(x2))) * squares
    return Game([Player("one", cp.Minimize(f), [x1]), Player("two", cp.Maximize(f), [x2])])
