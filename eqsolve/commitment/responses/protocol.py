"""How followers answer a commitment: policy-interactive responses.

A response algorithm has a state of its own. In every play of the response phase it says how
followers behave, the play is run against the leader's policy, and the state moves on from the
outcome; after E plays it says how followers behave from then on (Brero and others 2022,
section 3: a *policy-interactive response algorithm*, which knows the leader's policy only through
answers to queries). `Response.queries` says which answers it needs in every play:

    "outcome"        along the path of the play alone (Q-learning)
    "alternatives"   also along the paths on which one follower acts otherwise, all else
                     equal (multiplicative weights, regret matching)
    "table"          everywhere: exact expected payoffs in the subgame (best responses)

A play's *outcome* holds what came of that. All arrays have the B plays first.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.commitment.batch_game import BatchGame, State
from eqsolve.errors import BadCommitment

Array = NDArray[np.float64]
Integers = NDArray[np.int64]
QUERIES = ("outcome", "alternatives", "table")


@dataclass(frozen=True, eq=False)
class Path:
    """The steps of plays in which followers act more than once.

    Attributes
    ----------
    observations, actions : ndarray (steps, B, F)
        -1 where a follower does not act.
    rewards : ndarray (steps, B, F)
    """

    observations: Integers
    actions: Integers
    rewards: Array


@dataclass(frozen=True, eq=False)
class Outcome:
    """What came of one play, B times.

    Attributes
    ----------
    deals : ndarray (B, ...)
    types, actions : ndarray (B, F)
        Of the followers; -1s where they act more than once (see `path`).
    payoffs : ndarray (B, 1 + F) or None
        Of the whole play, the leader's first; None where queries do not include it.
    alternatives : tuple of ndarray (B, actions_i), or None
        What follower i would have got from each action, all else equal.
    subgame : Subgame or None
        The followers' game under the leader's whole policy, where queries are "table".
    path : Path or None
    """

    deals: NDArray[Any]
    types: Integers
    actions: Integers
    payoffs: Array | None = None
    alternatives: tuple[Array, ...] | None = None
    subgame: Any = None
    path: Path | None = None


@dataclass(frozen=True, eq=False)
class Behaviour:
    """How followers act, given their types: each by its own mix, or jointly.

    Attributes
    ----------
    strategies : tuple of ndarray (B, types_i, actions_i), or None
        Independent mixes.
    joint : ndarray (B, types_1, ..., types_F, actions_1, ..., actions_F), or None
        Where play is correlated: a distribution over actions for every profile of types.
    """

    strategies: tuple[Array, ...] | None = None
    joint: Array | None = None

    def draw(self, types: Integers, rng: np.random.Generator) -> Integers:
        """Actions (B, F) of followers with types (B, F)."""
        if self.strategies is not None:
            marks = rng.random((len(self.strategies), types.shape[0]))
            drawn = [
                _drawn(given_types(own, types[:, k]), marks[k])
                for k, own in enumerate(self.strategies)
            ]
            return np.stack(drawn).T
        assert self.joint is not None
        batch, followers = types.shape
        mixes = self.joint[(np.arange(batch), *types.T)]
        flat = _drawn(mixes.reshape(batch, -1), rng.random((batch,)))
        return np.stack(np.unravel_index(flat, self.joint.shape[1 + followers :])).T

    def distribution(self) -> Array:
        """The joint form, (B, types_1, ..., types_F, actions_1, ..., actions_F)."""
        if self.joint is not None:
            return self.joint
        assert self.strategies is not None
        return joint_of(self.strategies)

    @property
    def padded(self) -> Array:
        """Independent mixes as one array (B, F, types, actions), zero where there are fewer."""
        if self.strategies is None:
            raise BadCommitment("Correlated behaviour has no mix for each follower alone.")
        parts = self.strategies
        most = max(p.shape[1] for p in parts), max(p.shape[2] for p in parts)
        out = np.zeros((parts[0].shape[0], len(parts), *most))
        for k, part in enumerate(parts):
            out[:, k, : part.shape[1], : part.shape[2]] = part
        return out


def given_types(strategies: Array, types: Integers) -> Array:
    """The rows of the types that have come, (B, actions), from (B, types, actions)."""
    if strategies.shape[1] == 1:
        return strategies[:, 0]
    return np.asarray(strategies[np.arange(types.size), types])


def joint_of(strategies: tuple[Array, ...]) -> Array:
    """Product of independent mixes, (B, types_1, ..., types_F, actions_1, ..., actions_F)."""
    F = len(strategies)
    out = np.ones(())
    for k, own in enumerate(strategies):
        shape = [own.shape[0]] + [1] * (2 * F)
        shape[1 + k], shape[1 + F + k] = own.shape[1:]
        out = out * own.reshape(shape)
    return np.asarray(out)


def _drawn(mixes: Array, marks: NDArray[Any]) -> Integers:
    """One action from each mix (B, actions), at marks (B,) uniform in [0, 1)."""
    reached = np.cumsum(mixes, axis=1)
    return np.asarray((reached[:, :-1] <= (marks * reached[:, -1])[:, None]).sum(axis=1))


class Response(ABC):
    """A policy-interactive response algorithm; subclasses are frozen records of options.

    Attributes
    ----------
    queries : "outcome", "alternatives" or "table"
    horizon : int or None
        Plays after which it is finished by itself; None when the POMDP's response_plays decide.
    demands_end : bool
        Whether not to come to its own end in the plays there are is an error.
    memoryless : bool
        Whether the final behaviour stays the same throughout the reward phase; where not,
        `carry` says how it moves on.
    """

    queries: str = "alternatives"
    horizon: int | None = None
    demands_end: bool = False
    memoryless: bool = True

    @abstractmethod
    def start(self, game: BatchGame, batch: int) -> State:
        """The state at the beginning: a tuple of arrays, each (B, ...)."""

    @abstractmethod
    def behaviour(self, game: BatchGame, state: State) -> Behaviour:
        """How followers act in the next play of the response phase."""

    @abstractmethod
    def update(self, game: BatchGame, state: State, outcome: Outcome) -> State:
        """The state after a play of the response phase.

        Arrays of the given state may be written over; it is not used again.
        """

    def carry(self, game: BatchGame, state: State, outcome: Outcome) -> State:
        """The state after a play of the reward phase: what is remembered, nothing is learned."""
        return state

    def needs_actions(self, game: BatchGame) -> bool:
        """Whether followers' actions are to be drawn in plays of the response phase.

        What one follower's actions would pay does not depend on which of them it takes.
        """
        return self.queries == "outcome" or (self.queries == "alternatives" and game.followers > 1)

    def final_behaviour(self, game: BatchGame, state: State) -> Behaviour:
        """How followers act in the reward phase."""
        return self.behaviour(game, state)

    def finished(self, game: BatchGame, state: State) -> NDArray[np.bool_] | None:
        """Plays (B,) whose followers need no more rounds; None where none ever says so."""
        return None

    def shortfall(self, game: BatchGame, state: State) -> Array | None:
        """How far (B,) from being finished followers are, where that is measured."""
        return None

    def features(self, game: BatchGame, state: State) -> Array:
        """What a critic may see of the state, (B, features): followers' current mixes."""
        strategies = self.behaviour(game, state).strategies
        assert strategies is not None
        return np.concatenate([own.reshape(own.shape[0], -1) for own in strategies], axis=1)

    def feature_names(self, game: BatchGame) -> tuple[str, ...]:
        """One name a feature."""
        return tuple(
            f"{name}'s probability of action {a} at type {t}"
            for name, types, actions in zip(
                game.follower_names, game.types, game.actions, strict=True
            )
            for t in range(types)
            for a in range(actions)
        )

    def check(self, game: BatchGame) -> None:
        """Refuse games this response cannot be played in.

        Raises
        ------
        BadCommitment
        """
        if self.queries not in QUERIES:
            raise BadCommitment(
                f"{type(self).__name__}: queries must be one of {QUERIES}, not {self.queries!r}."
            )
        if self.queries != "outcome" and not game.acts_once:
            raise BadCommitment(
                f"{type(self).__name__} weighs the actions of followers who act once a play, and "
                f"in {game.name} they act repeatedly; use QLearning, or in_plans(game), where "
                "they choose a plan for the whole play."
            )


PolicyInteractiveResponse = Response
