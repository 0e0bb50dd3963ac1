"""A finite game played for several rounds by players who remember the last few."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.commitment.batch_game import BatchGame, State
from eqsolve.errors import BadCommitment
from eqsolve.games.finite import NormalFormGame

Array = NDArray[np.float64]
Integers = NDArray[np.int64]
DILEMMA = (((3.0, 1.0), (4.0, 2.0)), ((3.0, 4.0), (1.0, 2.0)))


class RepeatedGame(BatchGame):
    """Rounds of a normal-form game; everybody sees the last profiles of actions.

    Attributes
    ----------
    base : NormalFormGame
    leader : int
    rounds, memory : int
        With P profiles an observation is 0 in the first round; after t rounds the last
        min(t, memory) profiles, the latest least significant in base P, behind the
        observations of shorter histories. Profiles are numbered in C order, players in the
        order of the base game.
    """

    acts_once = False

    def __init__(self, base: NormalFormGame, rounds: int, memory: int, leader: Any) -> None:
        self.base, self.leader = base, base.player(leader)
        self.rounds, self.memory, self.horizon = rounds, memory, rounds
        others = [k for k in range(base.players) if k != self.leader]
        self.profiles = int(np.prod(base.actions))
        # Histories of 0, 1, ..., memory rounds begin at these observations.
        self._begins = np.cumsum([0, *(self.profiles**t for t in range(memory + 1))])
        self.leader_observations = int(self._begins[-1])
        self.leader_actions = base.actions[self.leader]
        self.actions = tuple(base.actions[k] for k in others)
        self.types = (self.leader_observations,) * len(others)
        self.prior = np.ones(1)
        self.leader_name = base.player_names[self.leader]
        self.follower_names = tuple(base.player_names[k] for k in others)
        self.title = f"{base.title or 'Game'}, {rounds} rounds with memory {memory}"
        self._order = [self.leader, *others]

    def start(self, deals: NDArray[Any]) -> State:
        """Round zero, nothing remembered."""
        return np.zeros(len(deals), dtype=np.int64), np.zeros(len(deals), dtype=np.int64)

    def leader_observation(self, state: State) -> Integers:
        """The last profiles."""
        return state[1]

    def follower_observations(self, state: State) -> Integers:
        """The same for everybody."""
        return np.repeat(state[1][:, None], self.followers, axis=1)

    def step(
        self, state: State, leader_action: Integers, follower_actions: Integers
    ) -> tuple[State, Array, NDArray[np.bool_]]:
        """A round is played; payoffs are averages over the rounds."""
        count, seen = state
        acts = np.empty((count.size, self.base.players), dtype=np.int64)
        acts[:, self.leader] = leader_action
        acts[:, self._order[1:]] = follower_actions
        paid = self.base.payoffs[(slice(None), *acts.T)][self._order].T / self.rounds
        length = np.minimum(count, self.memory)
        history = seen - self._begins[length]
        profile = np.ravel_multi_index(tuple(acts.T), self.base.actions)
        after = np.minimum(count + 1, self.memory)
        kept = (history * self.profiles + profile) % self.profiles**after
        return (count + 1, self._begins[after] + kept), paid, count + 1 == self.rounds


def repeated_game(
    game: Any = DILEMMA, rounds: int = 10, memory: int = 1, *, leader: Any = 0
) -> RepeatedGame:
    """A normal-form game, repeated; the leader commits to a strategy with memory.

    Parameters
    ----------
    game : NormalFormGame or array_like (players, actions_1, ..., actions_n)
        By default the prisoners' dilemma (3, 3), (1, 4) / (4, 1), (2, 2).
    rounds : int
        Of a play.
    memory : int
        How many rounds back everybody sees; 0 for none.
    leader : player
        Name or index.

    Returns
    -------
    RepeatedGame
        A `BatchGame` in which followers act in every round: they may learn by `QLearning`, or
        choose plans (`eqsolve.commitment.in_plans`). Payoffs are averages over the rounds.

    Raises
    ------
    BadCommitment
        No round, a negative memory, or nobody to follow.
    NotAGame
        When `game` is none, or has no such player.

    References
    ----------
    Commitment in repeated games: Conitzer and Sandholm (2006), "Computing the optimal strategy
    to commit to"; learned with memory by Brero and others (2022).

    Examples
    --------
    A leader who cooperates unless it has just been let down makes cooperation the best plan:

    >>> import eqsolve as eq
    >>> game = eq.commitment.in_plans(repeated_game(rounds=10))
    >>> lead = eq.StackelbergPOMDP(game, response=eq.commitment.BestResponse())
    >>> tit_for_tat = np.array([0, 0, 1, 0, 1])
    >>> lead.play(tit_for_tat, exact=True).rewards
    array([3.])
    """
    base = game if isinstance(game, NormalFormGame) else NormalFormGame(game)
    if base.players < 2:
        raise BadCommitment("A leader needs a follower; the game has one player.")
    if rounds < 1:
        raise BadCommitment(f"repeated_game: rounds must be 1 or more, not {rounds!r}.")
    if memory < 0:
        raise BadCommitment(f"repeated_game: memory must be 0 or more, not {memory!r}.")
    return RepeatedGame(base, rounds, memory, leader)
