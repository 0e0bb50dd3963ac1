"""Nash, generalized Nash, variational and normalized equilibria."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Nash:
    """No player gains by deviating alone.

    With shared constraints this is the generalized Nash equilibrium: there is usually
    a continuum of them. The one returned is variational (all players see one
    multiplier for a shared constraint) and the certificate says so; ask for
    `VariationalEquilibrium` to insist or to weight the players.

    Examples
    --------
    >>> Nash()
    Nash()
    """


@dataclass(frozen=True)
class VariationalEquilibrium:
    """The generalized Nash equilibrium with common multipliers of shared constraints.

    With `weights` it is Rosen's normalized equilibrium: player i's multiplier of a
    shared constraint is the common multiplier divided by its weight (Rosen 1965;
    weights all one give the variational equilibrium of Facchinei and Kanzow 2007).

    Parameters
    ----------
    weights : dict of str to float, optional
        Player name to positive weight; players left out have weight one.

    Examples
    --------
    >>> VariationalEquilibrium(weights={"upstream": 2.0})
    VariationalEquilibrium(weights={'upstream': 2.0})
    """

    weights: Mapping[str, float] | None = None
