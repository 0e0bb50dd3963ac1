"""Zero-sum games with a quadratic payoff: where learning rates are known exactly."""

from __future__ import annotations

from typing import Any

import cvxpy as cp
import numpy as np

from eqsolve.errors import EqsolveError
from eqsolve.games import Game, Player


def quadratic_zero_sum(own: Any = -1.0, coupling: Any = 2.0, other: Any = -2.0) -> Game:
    """Player ``one`` minimises f(x, y) = x'Ax / 2 + x'By + y'Cy / 2, ``two`` maximises it.

    Parameters
    ----------
    own, coupling, other : array_like, shapes (m, m), (m, n) and (n, n), or numbers
        A, B and C; A and C symmetric.

    Returns
    -------
    Game

    Notes
    -----
    The origin is a differential Stackelberg equilibrium with ``one`` leading iff C < 0 and
    A - B C^-1 B' > 0; it is a differential Nash equilibrium iff C < 0 and A > 0. The default
    is the first and not the second.

    References
    ----------
    Fiez, Chasnov and Ratliff (2020), ICML, section on zero-sum games.

    Examples
    --------
    >>> import eqsolve as eq
    >>> eq.classify(quadratic_zero_sum(), [0.0, 0.0]).kind
    "differential Stackelberg (leader 'one')"
    """
    A, B, C = (np.atleast_2d(np.asarray(part, dtype=float)) for part in (own, coupling, other))
    m, n = B.shape
    if A.shape != (m, m) or C.shape != (n, n):
        raise EqsolveError(
            f"quadratic_zero_sum: with coupling of shape {B.shape}, own must be {(m, m)} and "
            f"other {(n, n)}, not {A.shape} and {C.shape}."
        )
    if not np.allclose(A, A.T) or not np.allclose(C, C.T):
        raise EqsolveError("quadratic_zero_sum: own and other must be symmetric.")
    x, y = cp.Variable(m, name="x"), cp.Variable(n, name="y")
    # x'Ax as a product of expressions, because A need not be semidefinite.
    f = 0.5 * (x @ (A @ x)) + x @ (B @ y) + 0.5 * (y @ (C @ y))
    return Game([Player("one", cp.Minimize(f), [x]), Player("two", cp.Maximize(f), [y])])
