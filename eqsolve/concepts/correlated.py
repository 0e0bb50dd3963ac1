"""Correlated equilibria: a mediator draws a profile and tells each player its own action.

A distribution p over profiles is a *correlated equilibrium* (Aumann 1974) when no player gains
by playing b whenever it is told a, and a *coarse correlated equilibrium* (Moulin and Vial 1978)
when none gains by playing b whatever it would be told. With private types drawn from a prior
the same conditions hold for every type.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from eqsolve.concepts.objective import check_sense, same, shown
from eqsolve.errors import NotAGame

MEDIATORS = ("omniscient", "blind")


@dataclass(frozen=True, repr=False, eq=False)
class Correlated:
    """No player gains by answering its recommendation with another action.

    Parameters
    ----------
    objective : str, player or array_like
        Which of all correlated equilibria is wanted: of largest "welfare", of largest
        smallest payoff ("egalitarian"), of largest "entropy", the best for a player (name or
        index), or of largest expectation of an array over profiles (actions_1, ...).
    sense : "max" or "min"
        Best or worst.

    Raises
    ------
    NotAGame
        A sense that is neither.

    Examples
    --------
    >>> Correlated(), Correlated(objective=0, sense="min")
    (Correlated(), Correlated(objective=0, sense='min'))
    """

    objective: Any = "welfare"
    sense: str = "max"

    def __post_init__(self) -> None:
        check_sense(type(self).__name__, self.sense)

    __repr__ = shown
    __eq__ = same

    def __hash__(self) -> int:
        return hash((type(self), self.sense))


@dataclass(frozen=True, repr=False, eq=False)
class CoarseCorrelated(Correlated):
    """No player gains by one fixed action instead of whatever would be recommended.

    Average joint play of learners without regret comes arbitrarily close to this set.
    Parameters as for `Correlated`.

    Examples
    --------
    >>> CoarseCorrelated("egalitarian")
    CoarseCorrelated(objective='egalitarian')
    """


@dataclass(frozen=True, repr=False, eq=False)
class BayesCorrelated(Correlated):
    """No type of any player gains by answering its recommendation with another action.

    The mediator sees everybody's type (Bergemann and Morris 2016). Parameters as for
    `Correlated`; an array is over types and actions, (types_1, ..., actions_1, ...).

    Examples
    --------
    >>> BayesCorrelated()
    BayesCorrelated()
    """


@dataclass(frozen=True, repr=False, eq=False)
class BayesCoarseCorrelated(Correlated):
    """No type of any player gains by one fixed action instead of what would be recommended.

    Parameters
    ----------
    objective, sense
        As for `BayesCorrelated`.
    mediator : "omniscient" or "blind"
        An omniscient mediator sees the types (Hartline, Syrgkanis and Tardos 2015): the
        largest set. A blind one draws plans, one action for every type of every player,
        before types are drawn: what learners reach that learn type by type.

    Examples
    --------
    >>> BayesCoarseCorrelated("welfare", mediator="blind")
    BayesCoarseCorrelated(mediator='blind')
    """

    mediator: str = "omniscient"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.mediator not in MEDIATORS:
            raise NotAGame(
                f"BayesCoarseCorrelated: mediator must be one of {MEDIATORS}, "
                f"not {self.mediator!r}."
            )
