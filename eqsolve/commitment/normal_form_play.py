"""Normal-form games with one player as the leader: one step, nobody knows anything."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.commitment.batch_game import BatchGame, State
from eqsolve.errors import BadCommitment
from eqsolve.games.finite import NormalFormGame

Array = NDArray[np.float64]
Integers = NDArray[np.int64]


class NormalFormPlay(BatchGame):
    """A normal-form game played once, all players together.

    Attributes
    ----------
    base : NormalFormGame
    leader : int
        The player who leads; followers are the others, in their order.
    """

    def __init__(self, base: NormalFormGame, leader: Any = 0) -> None:
        if base.players < 2:
            raise BadCommitment("A leader needs a follower; the game has one player.")
        self.base, self.leader = base, base.player(leader)
        others = [k for k in range(base.players) if k != self.leader]
        self.leader_observations, self.leader_actions = 1, base.actions[self.leader]
        self.actions = tuple(base.actions[k] for k in others)
        self.types = (1,) * len(others)
        self.prior = np.ones(1)
        self.title = base.title or f"Normal-form game led by {base.player_names[self.leader]!r}"
        self.leader_name = base.player_names[self.leader]
        self.follower_names = tuple(base.player_names[k] for k in others)
        order = [self.leader, *others]
        # Leader first, among the payoffs as among the actions.
        self._payoffs = np.moveaxis(base.payoffs[order], 1 + self.leader, 1)

    def start(self, deals: NDArray[Any]) -> State:
        """Nothing happens before the only step."""
        return (np.zeros(len(deals), dtype=np.int64),)

    def leader_observation(self, state: State) -> Integers:
        """Zero: there is nothing to see."""
        return np.zeros(state[0].size, dtype=np.int64)

    def follower_observations(self, state: State) -> Integers:
        """Zero for everybody."""
        return np.zeros((state[0].size, self.followers), dtype=np.int64)

    def step(
        self, state: State, leader_action: Integers, follower_actions: Integers
    ) -> tuple[State, Array, NDArray[np.bool_]]:
        """Everybody is paid, and the play ends."""
        paid = self._payoffs[(slice(None), leader_action, *follower_actions.T)].T
        return state, paid, np.ones(state[0].size, dtype=bool)


def from_normal_form(game: NormalFormGame, leader: Any = 0) -> NormalFormPlay:
    """A normal-form game in which one player commits.

    Parameters
    ----------
    game : NormalFormGame
    leader : player
        Name or index.

    Raises
    ------
    BadCommitment
        When there is nobody to follow.
    NotAGame
        When there is no such player.

    Examples
    --------
    >>> from_normal_form(NormalFormGame.bimatrix([[1, 3], [0, 2]], [[1, 0], [0, 1]])).actions
    (2,)
    """
    return NormalFormPlay(game, leader)
