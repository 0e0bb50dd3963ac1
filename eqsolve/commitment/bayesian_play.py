"""Bayesian games with one player as the leader: types are drawn, then one step.

The leader observes its own type (one observation where it has none), followers theirs.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.commitment.batch_game import BatchGame, State
from eqsolve.errors import BadCommitment
from eqsolve.games.bayesian import BayesianGame

Array = NDArray[np.float64]
Integers = NDArray[np.int64]


class BayesianPlay(BatchGame):
    """A Bayesian game played once, all players together.

    Attributes
    ----------
    base : BayesianGame
    leader : int
        The player who leads; followers are the others, in their order. A deal is a profile of
        types with positive probability, in C order.
    """

    def __init__(self, base: BayesianGame, leader: Any = 0) -> None:
        if base.players < 2:
            raise BadCommitment("A leader needs a follower; the game has one player.")
        self.base, self.leader = base, base.player(leader)
        others = [k for k in range(base.players) if k != self.leader]
        order = [self.leader, *others]
        self.leader_observations = base.types[self.leader]
        self.leader_actions = base.actions[self.leader]
        self.types = tuple(base.types[k] for k in others)
        self.actions = tuple(base.actions[k] for k in others)
        self.title = base.title or f"Bayesian game led by {base.player_names[self.leader]!r}"
        self.leader_name = base.player_names[self.leader]
        self.follower_names = tuple(base.player_names[k] for k in others)
        law = base.prior.transpose(order)
        coming = np.argwhere(law > 0)
        self.prior = law[tuple(coming.T)]
        self._types = coming
        n = base.players
        axes = [0, *(1 + k for k in order), *(1 + n + k for k in order)]
        paid = base.payoffs[order].transpose(axes)
        self._payoffs = paid[(slice(None), *coming.T)]  # (players, deals, actions...)

    def start(self, deals: NDArray[Any]) -> State:
        """The deal is the state."""
        return (np.asarray(deals, dtype=np.int64),)

    def leader_observation(self, state: State) -> Integers:
        """The leader's own type."""
        return np.asarray(self._types[state[0], 0])

    def follower_observations(self, state: State) -> Integers:
        """The followers' own types."""
        return np.asarray(self._types[state[0], 1:])

    def step(
        self, state: State, leader_action: Integers, follower_actions: Integers
    ) -> tuple[State, Array, NDArray[np.bool_]]:
        """Everybody is paid, and the play ends."""
        paid = self._payoffs[(slice(None), state[0], leader_action, *follower_actions.T)].T
        return state, paid, np.ones(state[0].size, dtype=bool)


def from_bayesian(game: BayesianGame, leader: Any = 0) -> BayesianPlay:
    """A Bayesian game in which one player commits, before it knows its own type.

    Parameters
    ----------
    game : BayesianGame
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
    >>> game = BayesianGame([[0.5, 0.5]], np.zeros((2, 1, 2, 3, 2)))
    >>> play = from_bayesian(game)
    >>> play.types, play.leader_actions, play.prior.size
    ((2,), 3, 2)
    """
    return BayesianPlay(game, leader)
