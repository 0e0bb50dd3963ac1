"""A generator learns a covariance matrix against a quadratic discriminator."""

from __future__ import annotations

from typing import Any

import cvxpy as cp
import numpy as np

from eqsolve.errors import EqsolveError
from eqsolve.games import Game, Player


def covariance_gan(
    covariance: Any = 3, *, regularization: float | None = None, seed: int = 0
) -> Game:
    """Data x ~ N(0, Sigma), discriminator x'Wx, generator Vz with z ~ N(0, I).

    Player ``generator`` chooses V to minimise f1 = sum_ij W_ij (Sigma - VV')_ij, player
    ``discriminator`` chooses W to minimise -f1 + regularization / 2 ||W||_F^2.

    Parameters
    ----------
    covariance : int or array_like, shape (m, m)
        Sigma, or m: then Sigma = UU' with standard normal U.
    regularization : float, optional
        Default m / 5.
    seed : int
        Of U and of the standard normal starts of V and W.

    Returns
    -------
    Game
        With starts in its variables.

    Notes
    -----
    Equilibria are VV' = Sigma, W = 0: a manifold, since V may be rotated, so convergence is
    measured by ||Sigma - VV'||_F. The discriminator answers W = (Sigma - VV') / regularization,
    which leaves the leading generator with ||Sigma - VV'||_F^2 / regularization.

    References
    ----------
    Fiez, Chasnov and Ratliff (2020), ICML, learning a covariance matrix.

    Examples
    --------
    >>> import eqsolve as eq
    >>> game = covariance_gan([[4.0]])
    >>> lead = eq.solve(game, eq.Stackelberg("generator"), start=[1.5, 0.1])
    >>> [abs(round(float(value), 6)) for value in lead.vector]
    [2.0, 0.0]
    """
    rng = np.random.default_rng(seed)
    if isinstance(covariance, (int, np.integer)):
        if covariance < 1:
            raise EqsolveError(f"covariance_gan: the dimension must be positive, not {covariance}.")
        factor = rng.standard_normal((int(covariance), int(covariance)))
        sigma = factor @ factor.T
    else:
        sigma = np.asarray(covariance, dtype=float)
        if sigma.ndim != 2 or sigma.shape != sigma.T.shape or not np.allclose(sigma, sigma.T):
            raise EqsolveError("covariance_gan: covariance must be a symmetric matrix.")
    m = sigma.shape[0]
    eta = m / 5 if regularization is None else float(regularization)
    if not eta > 0:
        raise EqsolveError(f"covariance_gan: regularization must be positive, not {eta:g}.")
    V, W = cp.Variable((m, m), name="V"), cp.Variable((m, m), name="W")
    V.value, W.value = rng.standard_normal((m, m)), rng.standard_normal((m, m))
    f1 = cp.sum(cp.multiply(W, sigma)) - cp.sum(cp.multiply(W @ V, V))
    return Game(
        [
            Player("generator", cp.Minimize(f1), [V]),
            Player("discriminator", cp.Minimize(-f1 + eta / 2 * cp.sum_squares(W)), [W]),
        ]
    )
