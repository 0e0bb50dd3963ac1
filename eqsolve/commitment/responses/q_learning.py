"""Followers who learn the value of their actions from what they were paid: Q-learning.

In state s (its own observation, and with memory what everybody did in the last play) a follower
takes action a, is paid r, and comes to state s':

    Q(s, a) <- Q(s, a) + alpha (r + gamma max_b Q(s', b) - Q(s, a))

(Watkins and Dayan 1992). Without memory a play is an episode of its own: its last step has no
s'. With memory plays hang together, as prices do that answer yesterday's (Calvano, Calzolari,
Denicolo and Pastorello 2020); next play's type is not known yet and is averaged over. Exploration:

    epsilon      the best action (ties evenly), but with probability epsilon_t any one
    boltzmann    in proportion to exp(Q / temperature_t)

Schedules are functions of the number of plays, k = 1, 2, ..., such as ``lambda k: exp(-k / 500)``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.commitment.batch_game import BatchGame, State
from eqsolve.commitment.responses.per_type import check_option, even_best, softmax
from eqsolve.commitment.responses.protocol import Behaviour, Outcome, Path, Response
from eqsolve.errors import BadCommitment

Array = NDArray[np.float64]
Integers = NDArray[np.int64]
Schedule = float | Callable[[int], float]
EXPLORATIONS = ("epsilon", "boltzmann")
FINALS = ("greedy", "exploring")


@dataclass(frozen=True)
class QLearning(Response):
    """Action values learned from realised payoffs alone.

    Parameters
    ----------
    rate : float
        alpha, in (0, 1].
    discount : float
        gamma, in [0, 1): of next plays with memory, of next steps where followers act
        repeatedly within a play (there 1 is allowed too).
    exploration : "epsilon" or "boltzmann"
    epsilon, temperature : float or callable k -> float
        How much is explored in the k-th play.
    memory : 0 or 1
        Whether followers remember everybody's actions in the last play (first play: as if all
        had taken action 0).
    initial : float or sequence of float
        Value of every action at the start, of all followers or of each.
    final : "greedy" or "exploring"
        How followers behave in the reward phase.

    Raises
    ------
    BadCommitment
        For rates, probabilities or a memory out of range, or an unknown word.

    Examples
    --------
    >>> QLearning(rate=0.5, epsilon=lambda k: 1 / k).queries
    'outcome'
    """

    rate: float = 0.1
    discount: float = 0.0
    exploration: str = "epsilon"
    epsilon: Schedule = 0.1
    temperature: Schedule = 0.1
    memory: int = 0
    initial: float | tuple[float, ...] = 0.0
    final: str = "greedy"

    queries = "outcome"

    def __post_init__(self) -> None:
        check_option(self, "exploration", EXPLORATIONS)
        check_option(self, "final", FINALS)
        for name, value, low, top in (
            ("rate", self.rate, 0.0, 1.0),
            ("epsilon", self.epsilon, -1.0, 1.0),
            ("temperature", self.temperature, 0.0, np.inf),
            ("discount", self.discount, -1.0, 1.0),
        ):
            if not callable(value) and not (low < value <= top and (low >= 0 or value >= 0)):
                raise BadCommitment(
                    f"QLearning: {name} must be {'positive' if low == 0 else '0 or more'} and at "
                    f"most {top:g}, not {value!r}."
                )
        if self.memory not in (0, 1):
            raise BadCommitment(f"QLearning: memory must be 0 or 1, not {self.memory!r}.")
        if self.memory and self.discount == 1.0:
            raise BadCommitment("QLearning: with memory discount must be less than 1.")

    @property
    def memoryless(self) -> bool:  # type: ignore[override]
        """Whether followers behave alike in every play."""
        return not self.memory

    def check(self, game: BatchGame) -> None:
        """Refuse memory between plays in which followers act repeatedly."""
        super().check(game)
        if self.memory and not game.acts_once:
            raise BadCommitment(
                f"QLearning: followers of {game.name} act repeatedly in a play and see there what "
                "they see; memory=1 is for plays in which they act once."
            )
        if self.memory and game.prior is None and max(game.types) > 1:
            raise BadCommitment(
                f"QLearning: with memory the next play's types are averaged over, and "
                f"{game.name} has no finite prior."
            )
        if not isinstance(self.initial, (int, float)) and len(self.initial) != game.followers:
            raise BadCommitment(
                f"QLearning: initial has {len(self.initial)} values for {game.followers} followers."
            )

    def start(self, game: BatchGame, batch: int) -> State:
        """The number of plays (B,), the last profile (B,), and each follower's values.

        Values are (B, types, profiles, actions), with one profile where there is no memory.
        """
        given = self.initial
        each = [given] * game.followers if isinstance(given, (int, float)) else list(given)
        profiles = int(np.prod(game.actions)) if self.memory else 1
        values = [
            np.full((batch, t, profiles, a), float(value))
            for t, a, value in zip(game.types, game.actions, each, strict=True)
        ]
        return (np.zeros(batch, dtype=np.int64), np.zeros(batch, dtype=np.int64), *values)

    def behaviour(self, game: BatchGame, state: State) -> Behaviour:
        """Values with exploration."""
        count = state[0] + 1
        return Behaviour(tuple(self._explored(own, count) for own in self._current(state)))

    def final_behaviour(self, game: BatchGame, state: State) -> Behaviour:
        """The best actions, ties evenly; or as explored after the last play."""
        if self.final == "exploring":
            return self.behaviour(game, state)
        return Behaviour(tuple(even_best(own) for own in self._current(state)))

    def update(self, game: BatchGame, state: State, outcome: Outcome) -> State:
        """Values of what was done move towards what it paid."""
        count, last, *values = state
        if outcome.path is not None:
            for k, own in enumerate(values):
                self._learn_steps(own, outcome.path, k)
            return (count + 1, last, *values)
        assert outcome.payoffs is not None
        moved = self._remembered(game, outcome, last)
        rows = np.arange(count.size)
        for k, own in enumerate(values):
            target = outcome.payoffs[:, 1 + k]
            if self.memory and self.discount:
                best = own[rows, :, moved].max(axis=2)
                ahead = best[:, 0] if best.shape[1] == 1 else best @ type_law(game, k)
                target = target + self.discount * ahead
            flat = own.reshape(-1)
            at = (rows * own.shape[1] + outcome.types[:, k]) * own.shape[2] + last
            at = at * own.shape[3] + outcome.actions[:, k]
            flat[at] += self.rate * (target - flat[at])
        return (count + 1, moved, *values)

    def carry(self, game: BatchGame, state: State, outcome: Outcome) -> State:
        """What was done in the last play is remembered."""
        return (state[0], self._remembered(game, outcome, state[1]), *state[2:])

    def features(self, game: BatchGame, state: State) -> Array:
        """The values in the current memory."""
        batch = state[0].size
        return np.concatenate([own.reshape(batch, -1) for own in self._current(state)], axis=1)

    def feature_names(self, game: BatchGame) -> tuple[str, ...]:
        """One name a feature."""
        return tuple(name.replace("probability", "value") for name in super().feature_names(game))

    def _current(self, state: State) -> list[Array]:
        """Values (B, types, actions) in the current memory."""
        if not self.memory:
            return [own[:, :, 0] for own in state[2:]]
        rows = np.arange(state[0].size)
        return [own[rows, :, state[1]] for own in state[2:]]

    def _remembered(self, game: BatchGame, outcome: Outcome, last: Integers) -> Integers:
        if not self.memory:
            return last
        return np.asarray(np.ravel_multi_index(tuple(outcome.actions.T), game.actions))

    def _explored(self, values: Array, count: Integers) -> Array:
        if self.exploration == "boltzmann":
            return softmax(values / scheduled(self.temperature, count))
        chance = scheduled(self.epsilon, count)
        return np.asarray((1 - chance) * even_best(values) + chance / values.shape[2])

    def _learn_steps(self, values: Array, path: Path, follower: int) -> None:
        """Learn within plays, from the last step to the first."""
        seen, done, paid = (
            part[:, :, follower] for part in (path.observations, path.actions, path.rewards)
        )
        rows = np.arange(values.shape[0])
        ahead, owed = np.zeros(rows.size), np.zeros(rows.size)
        for step in reversed(range(seen.shape[0])):
            owed = owed + paid[step]
            acts = np.flatnonzero(done[step] >= 0)
            at = (acts, seen[step, acts], 0, done[step, acts])
            target = owed[acts] + self.discount * ahead[acts]
            values[at] += self.rate * (target - values[at])
            ahead[acts] = values[acts, seen[step, acts], 0].max(axis=1)
            owed[acts] = 0.0


def scheduled(schedule: Schedule, count: Integers) -> Any:
    """A schedule's value in the plays of these numbers, a float or (B, 1, 1)."""
    if not callable(schedule):
        return float(schedule)
    if count.size and (count == count[0]).all():
        return float(schedule(int(count[0])))
    numbers, places = np.unique(count, return_inverse=True)
    values = np.array([float(schedule(int(k))) for k in numbers])
    return values[places.ravel()][:, None, None]


def type_law(game: BatchGame, follower: int) -> Array:
    """A follower's own law of types, (types,)."""
    axes = tuple(k for k in range(game.followers) if k != follower)
    return np.asarray(game.type_prior.sum(axis=axes))
