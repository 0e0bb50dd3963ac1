"""Allocate an item on somebody's word: how much a leader can learn from a few messages."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.commitment.batch_game import BatchGame, State
from eqsolve.errors import BadCommitment

Array = NDArray[np.float64]
Integers = NDArray[np.int64]


class SimpleAllocation(BatchGame):
    """The follower sends a message, then the leader gives out an item.

    Attributes
    ----------
    messages : int
    """

    horizon = 2

    def __init__(self, types: int, messages: int) -> None:
        for name, count in (("types", types), ("messages", messages)):
            if count < 1:
                raise BadCommitment(f"simple_allocation: {name} must be 1 or more, not {count!r}.")
        self.messages = messages
        self.leader_observations, self.leader_actions = messages, types
        self.types, self.actions = (types,), (messages,)
        self.prior = np.full(types, 1.0 / types)
        self.title = f"Simple allocation, {types} types and {messages} messages"

    def start(self, deals: NDArray[Any]) -> State:
        """The type, and no message yet."""
        return np.asarray(deals), np.full(len(deals), -1)

    def leader_observation(self, state: State) -> Integers:
        """The message."""
        return state[1]

    def follower_observations(self, state: State) -> Integers:
        """The type, until a message is sent."""
        return np.where(state[1] < 0, state[0], -1)[:, None]

    def step(
        self, state: State, leader_action: Integers, follower_actions: Integers
    ) -> tuple[State, Array, NDArray[np.bool_]]:
        """A message is sent; then an item is given."""
        kind, message = state
        given = message >= 0
        right = (given & (leader_action == kind)).astype(float)
        moved = np.where(given, message, follower_actions[:, 0])
        return (kind, moved), np.stack([right, right], axis=1), given


def simple_allocation(types: int = 3, messages: int = 3) -> SimpleAllocation:
    """One follower who knows which item is right, and a leader who is told by messages.

    Parameters
    ----------
    types : int
        Equally probable; as many items.
    messages : int
        How many the follower can choose from; with one it can say nothing.

    Returns
    -------
    SimpleAllocation
        A `BatchGame`. Both are paid 1 if the item given is the follower's type, else 0. The
        best commitment gives min(messages, types) / types: at most so many items are ever
        given, and messages can name them.

    References
    ----------
    Brero, Eden, Chakrabarti, Gerstgrasser, Greenwald, Li and Parkes (2022), "Stackelberg
    POMDP: a reinforcement learning approach for economic design", section 6.

    Examples
    --------
    >>> import eqsolve as eq
    >>> game = simple_allocation(types=3, messages=2)
    >>> lead = eq.StackelbergPOMDP(game, response=eq.commitment.BestResponse())
    >>> lead.play(np.array([0, 2]), exact=True).rewards.round(3)
    array([0.667])
    """
    return SimpleAllocation(types, messages)
