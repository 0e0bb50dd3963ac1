"""Sell one item by visiting buyers in turn, after they have sent messages."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.commitment.batch_game import BatchGame, State
from eqsolve.errors import BadCommitment

Array = NDArray[np.float64]
Integers = NDArray[np.int64]
#: Values of both buyers and their probabilities, by name.
SETTINGS: dict[str, tuple[tuple[tuple[float, ...], tuple[float, ...]], ...]] = {
    "asymmetric": (((0.2, 1.0), (0.8, 0.2)), ((0.0, 0.4), (0.5, 0.5))),
}
TIED = 1e-12


class MessageSequentialPrice(BatchGame):
    """Messages, then a visit to one buyer with a price, then to the other with another.

    Attributes
    ----------
    values : tuple of ndarray
        Each buyer's possible values for the item: its types.
    prices : ndarray (prices,)
        All values of both. The leader's action b * prices.size + p visits buyer b at
        ``prices[p]``; on the second visit b does not count, since one buyer is left.
    messages : int
        k. The leader observes (m_0 k + m_1) * 3 + v: both messages, and v = 0 before the
        first visit, v = 1 + b after buyer b has refused.
    """

    horizon = 3

    def __init__(self, values: tuple[Array, Array], laws: tuple[Array, Array], k: int) -> None:
        self.values, self.messages = values, k
        self.prices = np.unique(np.concatenate(values))
        self.leader_observations = 3 * k * k
        self.leader_actions = 2 * self.prices.size
        self.types = (values[0].size, values[1].size)
        self.actions = (k, k)
        self.prior = np.outer(*laws).ravel()
        self.title = f"Sequential price mechanism, types {self.types} and {k} messages"
        self.follower_names = ("buyer 0", "buyer 1")

    def start(self, deals: NDArray[Any]) -> State:
        """The deal, no messages yet, and nobody visited."""
        return np.asarray(deals), np.full(len(deals), -1), np.zeros(len(deals), dtype=np.int64)

    def leader_observation(self, state: State) -> Integers:
        """Messages and who has refused."""
        return np.where(state[1] < 0, -1, 3 * state[1] + state[2])

    def follower_observations(self, state: State) -> Integers:
        """The own value, until messages are sent."""
        kinds = np.stack(np.divmod(state[0], self.types[1]), axis=1)
        return np.where(state[1][:, None] < 0, kinds, -1)

    def step(
        self, state: State, leader_action: Integers, follower_actions: Integers
    ) -> tuple[State, Array, NDArray[np.bool_]]:
        """Messages are sent, or a buyer takes the price or leaves it."""
        deal, said, refused = state
        kinds = np.divmod(deal, self.types[1])
        worth = np.stack([own[kind] for own, kind in zip(self.values, kinds, strict=True)])
        talked = said >= 0
        who, level = np.divmod(np.maximum(leader_action, 0), self.prices.size)
        who = np.where(refused > 0, 2 - refused, who)
        price, value = self.prices[level], worth[who, np.arange(deal.size)]
        bought = talked & (value >= price - TIED)
        done = talked & (bought | (refused > 0))
        paid = np.zeros((deal.size, 3))
        paid[:, 0] = np.where(done, value * bought - worth.max(axis=0), 0.0)
        paid[np.arange(deal.size), 1 + who] = (value - price) * bought
        messages = follower_actions @ np.array([self.messages, 1])
        moved = (deal, np.where(talked, said, messages), np.where(talked, 1 + who, 0))
        return moved, paid, done


def message_sequential_price(values: int | str = 3, messages: int = 1) -> MessageSequentialPrice:
    """Two buyers, one item, and a leader who chooses whom to visit and at which price.

    Parameters
    ----------
    values : int or str
        How many values each buyer has, {0, 1/(n-1), ..., 1} evenly; or a published setting by
        name: "asymmetric", in which buyer 0 values the item at 0.2 (probability 0.8) or 1, and
        buyer 1 at 0 or 0.4 (evenly).
    messages : int
        How many messages a buyer can choose from, sent before the first visit; 1 means none.

    Returns
    -------
    MessageSequentialPrice
        A `BatchGame`. A buyer who is visited buys if its value is not below the price, which
        is dominant; followers learn what message to send. The leader's reward is welfare less
        the best there could have been. Best commitments give -1/18 for n = 3 and -1/20 for
        n = 5 without messages, 0 with two (n = 5: before buyers who answer best); -0.06 and 0 in
        the asymmetric setting.

    Raises
    ------
    BadCommitment
        Fewer than two values, no message, or an unknown name.

    References
    ----------
    Brero, Eden, Chakrabarti, Gerstgrasser, Greenwald, Li and Parkes (2022); sequential price
    mechanisms: Sandholm and Gilpin (2006).

    Examples
    --------
    Visit buyer 0 at price 1/2 first, then buyer 1 at price 0:

    >>> import eqsolve as eq
    >>> game = message_sequential_price(values=3)
    >>> lead = eq.StackelbergPOMDP(game, response=eq.commitment.BestResponse())
    >>> float(lead.play(np.array([1, 0, 0]), exact=True).rewards[0] * 18)
    -1.0
    """
    if messages < 1:
        raise BadCommitment(
            f"message_sequential_price: messages must be 1 (none) or more, not {messages!r}."
        )
    if isinstance(values, str):
        if values not in SETTINGS:
            known = ", ".join(map(repr, SETTINGS))
            raise BadCommitment(
                f"message_sequential_price: there is no setting {values!r}; there is {known}."
            )
        first, second = SETTINGS[values]
        return MessageSequentialPrice(
            (np.array(first[0]), np.array(second[0])),
            (np.array(first[1]), np.array(second[1])),
            messages,
        )
    if values < 2:
        raise BadCommitment(f"message_sequential_price: values must be 2 or more, not {values!r}.")
    each, law = np.arange(values) / (values - 1), np.full(values, 1.0 / values)
    return MessageSequentialPrice((each, each), (law, law), messages)
