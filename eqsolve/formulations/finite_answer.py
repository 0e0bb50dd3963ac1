"""From a program's numbers back to a profile of a finite game, and to a joint distribution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class FiniteAnswer:
    """What a formulation of finite games recovers.

    Attributes
    ----------
    vector : ndarray (n,)
        Everybody's mixed strategy; of correlated play the marginals.
    distribution : ndarray (actions_1, ..., actions_players) or None
        Joint distribution over profiles where play is correlated.
    proof : object
        Multipliers from which the certificate computes a bound on the objective. Any numbers
        of the right shape give a valid bound; good ones give a tight one.
    bound : float or None
        A bound on the objective that a search over a tree has proven.
    """

    vector: Array
    distribution: Array | None = None
    proof: Any = None
    bound: float | None = None


def clean(probabilities: Array) -> Array:
    """Probabilities without the solver's dust: nothing below zero, sum one.

    >>> clean(np.array([1.0 + 1e-12, -1e-12]))
    array([1., 0.])
    """
    kept = np.maximum(probabilities, 0.0)
    return np.asarray(kept / kept.sum())
