"""Followers who act repeatedly, as followers who choose a plan once.

A plan is an action for every observation a follower may have in a play. Chosen at the start it
settles everything the follower does, so that responses which weigh actions (multiplicative
weights, best responses) can weigh plans: the game in strategic form (Kuhn 1953). There are
actions^observations plans, so this is for small games.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.commitment.batch_game import BatchGame, State, check_game
from eqsolve.errors import BadCommitment

Array = NDArray[np.float64]
Integers = NDArray[np.int64]
MOST = 4096  # plans of a follower up to which they are listed


class InPlans(BatchGame):
    """A game whose followers choose plans in the first step.

    Attributes
    ----------
    base : BatchGame
        Plan p takes action ``(p // actions**o) % actions`` at observation o.
    """

    def __init__(self, base: BatchGame) -> None:
        check_game(base)
        if base.prior is None:
            raise BadCommitment(f"{base.name}: plans are chosen where deals are finitely many.")
        for name, seen, acts in zip(base.follower_names, base.types, base.actions, strict=True):
            if float(acts) ** seen > MOST:
                raise BadCommitment(
                    f"{base.name}: {name} has {acts}^{seen} = {float(acts) ** seen:.3g} plans, "
                    f"more than {MOST}; use QLearning on the game as it is."
                )
        self.base = base
        self.leader_observations, self.leader_actions = (
            base.leader_observations,
            base.leader_actions,
        )
        self.leader_name, self.follower_names = base.leader_name, base.follower_names
        self.actions = tuple(a**t for a, t in zip(base.actions, base.types, strict=True))
        self.horizon, self.prior = base.horizon, base.prior
        self.title = f"{base.name}, in plans"
        self._base_actions = np.array(base.actions)
        # What followers know when they choose: what they see first, numbered anew.
        first = base.follower_observations(base.start(np.arange(base.prior.size)))
        known = [np.unique(own, return_inverse=True) for own in first.T]
        self.types = tuple(int(values.size) for values, _ in known)
        self._first = np.stack([places.ravel() for _, places in known], axis=1)

    def start(self, deals: NDArray[Any]) -> State:
        """The deal, the plans (none yet), and the base game's state."""
        none = np.full((len(deals), self.followers), -1)
        return (np.asarray(deals), none, *self.base.start(deals))

    def leader_observation(self, state: State) -> Integers:
        """As in the base game."""
        return self.base.leader_observation(state[2:])

    def follower_observations(self, state: State) -> Integers:
        """What is seen first; nothing once a plan is chosen."""
        return np.where(state[1] < 0, self._first[state[0]], -1)

    def step(
        self, state: State, leader_action: Integers, follower_actions: Integers
    ) -> tuple[State, Array, NDArray[np.bool_]]:
        """The base game's step, as planned."""
        plans = np.where(state[1] < 0, follower_actions, state[1])
        seen = self.base.follower_observations(state[2:])
        own = self._base_actions
        acts = np.where(seen >= 0, plans // own ** np.maximum(seen, 0) % own, -1)
        moved, paid, done = self.base.step(state[2:], leader_action, acts)
        return (state[0], plans, *moved), paid, done


def in_plans(game: BatchGame) -> InPlans:
    """A game in which followers who act repeatedly choose a plan at the start instead.

    Parameters
    ----------
    game : BatchGame
        With finitely many deals.

    Raises
    ------
    BadCommitment
        When a follower has too many plans.

    Examples
    --------
    >>> from eqsolve.models import repeated_game
    >>> game = repeated_game([[[2, 0], [3, 1]], [[2, 3], [0, 1]]], rounds=3)
    >>> game.types, game.actions, in_plans(game).actions
    ((5,), (2,), (32,))
    """
    return InPlans(game)
