"""Stackelberg equilibrium: a leader moves first, the followers answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from eqsolve.concepts.objective import shown
from eqsolve.errors import NotAGame

STANCES = ("optimistic", "pessimistic")
COMMITMENTS = ("mixed", "pure", "correlated")
RESPONSES = ("nash", "coarse correlated")


@dataclass(frozen=True, repr=False)
class Stackelberg:
    """The leader's best commitment when the followers answer in equilibrium.

    Parameters
    ----------
    leader : str or sequence of str
        Player, or several who decide together (their costs are added).
    stance : "optimistic" or "pessimistic"
        Which of several follower equilibria the leader counts on: its best or its worst.
    commitment : "mixed", "pure" or "correlated"
        Finite games: the leader commits to a mixed strategy, to one action, or to a device
        that draws its own action together with a recommendation to every follower.
    response : "nash" or "coarse correlated"
        Finite games: how the followers play the game that the commitment leaves them.
        One follower answers best; several may play to a coarse correlated equilibrium, as
        learners without regret do.

    Raises
    ------
    NotAGame
        An option that is not among those listed.

    Examples
    --------
    >>> Stackelberg(leader="incumbent")
    Stackelberg(leader='incumbent')
    """

    leader: Any
    stance: str = "optimistic"
    commitment: str = "mixed"
    response: str = "nash"

    __repr__ = shown

    def __post_init__(self) -> None:
        for option, known in (
            ("stance", STANCES),
            ("commitment", COMMITMENTS),
            ("response", RESPONSES),
        ):
            given = getattr(self, option)
            if given not in known:
                raise NotAGame(f"Stackelberg: {option} must be one of {known}, not {given!r}.")

    def leaders(self, player_names: Sequence[str]) -> tuple[int, ...]:
        """Indices of the leading players.

        Raises
        ------
        NotAGame
            When a leader is no player, or nobody is left to follow.
        """
        given = (self.leader,) if isinstance(self.leader, (str, int)) else tuple(self.leader)
        indices = []
        for name in given:
            if isinstance(name, int) and 0 <= name < len(player_names):
                indices.append(name)
            elif name in player_names:
                indices.append(list(player_names).index(name))
            else:
                raise NotAGame(
                    f"Stackelberg: the leader {name!r} is no player; the players are "
                    f"{', '.join(map(repr, player_names))}."
                )
        if len(set(indices)) == len(player_names):
            raise NotAGame("Stackelberg: every player leads, so nobody follows.")
        return tuple(sorted(set(indices)))

    def followers(self, player_names: Sequence[str]) -> tuple[int, ...]:
        """Indices of everybody else.

        Raises
        ------
        NotAGame
            As `leaders`.

        Examples
        --------
        >>> Stackelberg("b").followers(("a", "b", "c"))
        (0, 2)
        """
        leaders = self.leaders(player_names)
        return tuple(place for place in range(len(player_names)) if place not in leaders)
