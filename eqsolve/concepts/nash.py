"""Nash, generalized Nash, variational and normalized equilibria."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from eqsolve.concepts.objective import check_sense, same, shown


@dataclass(frozen=True, repr=False, eq=False)
class Nash:
    """No player gains by deviating alone.

    With shared constraints this is the generalized Nash equilibrium: there is usually
    a continuum of them. The one returned is variational (all players see one
    multiplier for a shared constraint) and the certificate says so; ask for
    `VariationalEquilibrium` to insist or to weight the players.

    Parameters
    ----------
    objective : str, player or array_like, optional
        Finite games of two players: which of all equilibria is wanted, the one of largest
        "welfare" (sum of payoffs), of largest smallest payoff ("egalitarian"), the best for
        a player, or of largest expectation of an array over profiles of actions.
    sense : "max" or "min"
        Best or worst.

    Raises
    ------
    NotAGame
        A sense that is neither.

    Examples
    --------
    >>> Nash(), Nash("welfare", sense="min")
    (Nash(), Nash(objective='welfare', sense='min'))
    """

    objective: Any = None
    sense: str = "max"

    def __post_init__(self) -> None:
        check_sense("Nash", self.sense)

    __repr__ = shown
    __eq__ = same

    def __hash__(self) -> int:
        return hash((type(self), self.sense))


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
