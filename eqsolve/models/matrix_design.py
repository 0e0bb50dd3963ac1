"""Promise payments so that two learners end up where their payoffs add up to most."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.commitment.batch_game import BatchGame, State
from eqsolve.errors import BadCommitment

Array = NDArray[np.float64]
Integers = NDArray[np.int64]
ROWS = ((3.0, 6.0), (4.0, 2.0))
COLUMNS = ((3.0, 4.0), (6.0, 2.0))
MOST = 10.0  # the largest promise


class MatrixDesign(BatchGame):
    """Followers play a bimatrix game; the leader sees what they did and pays as promised.

    Attributes
    ----------
    payoffs : ndarray (2, rows, columns)
        Of the followers, without promises.
    transfers : ndarray (levels,)
        What either follower may be promised. The leader's action p * levels + q pays
        ``transfers[p]`` to the first and ``transfers[q]`` to the second.
    """

    horizon = 2

    def __init__(self, payoffs: Array, transfers: Array) -> None:
        self.payoffs, self.transfers = payoffs, transfers
        rows, columns = payoffs.shape[1:]
        self.leader_observations, self.leader_actions = rows * columns, transfers.size**2
        self.types, self.actions = (1, 1), (rows, columns)
        self.prior = np.ones(1)
        self.title = "Matrix design"

    def start(self, deals: NDArray[Any]) -> State:
        """Nobody has acted."""
        return (np.full(len(deals), -1),)

    def leader_observation(self, state: State) -> Integers:
        """The joint action, row * columns + column."""
        return state[0]

    def follower_observations(self, state: State) -> Integers:
        """Nothing to know, until they have acted."""
        return np.where(state[0] < 0, 0, -1)[:, None].repeat(2, axis=1)

    def step(
        self, state: State, leader_action: Integers, follower_actions: Integers
    ) -> tuple[State, Array, NDArray[np.bool_]]:
        """Followers act; then they are paid."""
        acted = state[0] >= 0
        joint = np.where(acted, state[0], follower_actions @ np.array([self.actions[1], 1]))
        base = self.payoffs.reshape(2, -1)[:, joint]
        level = np.divmod(np.maximum(leader_action, 0), self.transfers.size)
        paid = np.stack([base.sum(axis=0), *(base + self.transfers[np.stack(level)])], axis=1)
        return (joint,), paid * acted[:, None], acted


def matrix_design(
    rows: Any = ROWS, columns: Any = COLUMNS, *, transfers: Sequence[float] = (0.0, 5.0, 10.0)
) -> MatrixDesign:
    """Two followers in a matrix game, and a leader who promises transfers.

    Parameters
    ----------
    rows, columns : array_like (actions_1, actions_2)
        The followers' payoffs. By default cells (3, 3), (6, 4) / (4, 6), (2, 2).
    transfers : sequence of float
        What the leader may promise each follower at each joint action, from [0, 10]: promises
        are any amount in the source, and are listed here, because what matters is which
        actions they make dominant. Three levels suffice by default.

    Returns
    -------
    MatrixDesign
        A `BatchGame`. The leader sees the joint action and pays what it has promised there.
        Its reward is the sum of the followers' payoffs without transfers: what it pays costs
        it nothing. The best commitment gives 10: transfers off the path make one of the
        asymmetric cells dominant, and on it nothing need be paid. Followers who are told exact
        payoffs (``feedback="expected"``) stay as equal as they began and need this; drawn
        payoffs tell them apart sooner or later without any promise.

    Raises
    ------
    BadCommitment
        Matrices of different shapes, or transfers outside [0, 10].

    References
    ----------
    Monderer and Tennenholtz (2004), "K-implementation", Journal of Artificial Intelligence
    Research 21; as a design problem for learners Brero and others (2022).

    Examples
    --------
    Promise 5 to the row player at the first cell and to the column player at the last:

    >>> import eqsolve as eq
    >>> game = matrix_design()
    >>> lead = eq.StackelbergPOMDP(
    ...     game, response=eq.commitment.MultiplicativeWeights(final="argmax"), response_plays=50
    ... )
    >>> lead.play(np.array([3, 0, 0, 1]), exact=True, seed=0).rewards
    array([10.])
    """
    both = [np.asarray(own, dtype=float) for own in (rows, columns)]
    if both[0].shape != both[1].shape or both[0].ndim != 2 or not both[0].size:
        raise BadCommitment(
            "matrix_design: rows and columns must be matrices of one shape, not "
            f"{both[0].shape} and {both[1].shape}."
        )
    levels = np.asarray(transfers, dtype=float).ravel()
    if not levels.size or not ((levels >= 0) & (levels <= MOST)).all():
        raise BadCommitment(
            f"matrix_design: transfers must lie in [0, {MOST:g}], not {list(transfers)}."
        )
    return MatrixDesign(np.stack(both), levels)
