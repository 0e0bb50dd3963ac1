"""Predict how fast a dynamics converges to an equilibrium."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.design.sampling_design import SamplingDesign
from eqsolve.errors import EqsolveError
from eqsolve.rates.prediction import PredictedRate, predict

Array = NDArray[np.float64]


def predict_rate(
    dynamics_or_function: Any, equilibrium: Any, game: Any = None, *, tangent: Any = None
) -> PredictedRate:
    """Spectral radius of an update's Jacobian at an equilibrium.

    Parameters
    ----------
    dynamics_or_function : Dynamics or callable
        From `eq.dynamics`, or anyone's ``x -> x_next``.
    equilibrium : Equilibrium, dict of str to array, or array (n,)
    game : Game, optional
        Default: the game the equilibrium was solved for.
    tangent : array (n, k), optional
        Directions along which equilibria form a set; they are left out of the rate. Default:
        found, where the update stays fixed along them; an array with k = 0 leaves none out.

    Returns
    -------
    PredictedRate

    Raises
    ------
    EqsolveError
        Without a game where one is needed, for step schedules, and where the update is
        not finite.

    Examples
    --------
    >>> predict_rate(lambda x: 0.5 * x, np.zeros(2)).rate
    0.5
    """
    game = getattr(equilibrium, "game", None) if game is None else game
    return predict(dynamics_or_function, point_of(equilibrium, game), game, tangent)


def point_of(equilibrium: Any, game: Any = None) -> Array:
    """The vector (n,) of an equilibrium given in any form; of a design, its occupancy."""
    if isinstance(equilibrium, SamplingDesign):
        return np.asarray(equilibrium.occupancy, dtype=float).ravel()
    if hasattr(equilibrium, "vector"):
        return np.asarray(equilibrium.vector, dtype=float)
    if isinstance(equilibrium, Mapping):
        if game is None:
            raise EqsolveError("Strategies by player need game= to be put in order.")
        return np.asarray(game.pack(equilibrium))
    return np.asarray(equilibrium, dtype=float).ravel()
