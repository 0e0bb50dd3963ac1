"""Quantal response: better actions are played more often, not always."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from eqsolve.errors import NotAGame


@dataclass(frozen=True)
class QuantalResponse:
    """Every player's mix is the logit answer to the others' (McKelvey and Palfrey 1995).

    x_i(a) is proportional to exp(precision u_i(a, x_-i)). At precision 0 everybody mixes
    evenly; as it grows the path that begins there leads to a Nash equilibrium. The answer is
    the one on that path, and `equilibrium.solution` holds the path: `precisions` (points,) in
    one over the game's spread, and `profiles` (points, n).

    Parameters
    ----------
    precision : float
        In one over the units of payoff; nonnegative.

    Raises
    ------
    NotAGame
        A precision that is negative or not finite.

    Examples
    --------
    >>> QuantalResponse(precision=2.0)
    QuantalResponse(precision=2.0)
    """

    precision: float = 1.0

    def __post_init__(self) -> None:
        if not (np.isfinite(self.precision) and self.precision >= 0):
            raise NotAGame(
                f"QuantalResponse: precision must be a nonnegative number, not {self.precision!r}."
            )
