"""A leader's policy, and the commitment drawn from it once an episode.

A policy mixes over actions at every observation o, with log-probabilities

    log pi(a | o) = s(o, a) - log sum_b exp s(o, b).

A *commitment* is one function from observations to actions, drawn at the start of an episode and
kept to its end: with independent Gumbel noise g(o, a) for every observation and action,

    c(o) = argmax_a  s(o, a) + g(o, a)       has law pi(. | o), independently over o

(Gumbel 1954), so that log P(c) = sum_o log pi(c(o) | o) exactly. It answers an observation and
nothing else: it cannot know the phase, the clock or what followers have learned.

A *mixed* commitment is a table of mixes that followers see as such: what it answers is the mix.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.errors import BadCommitment

Array = NDArray[np.float64]
Integers = NDArray[np.int64]
SUM = 1e-6  # how far from one a mix may add up


@dataclass(frozen=True, eq=False)
class Commitment:
    """B pure policies, one an episode.

    Parameters
    ----------
    table : ndarray (B, observations) of int
        The action at every observation.

    Examples
    --------
    >>> Commitment(np.array([[0, 1], [1, 1]])).act(np.array([1, 0]))
    array([1, 1])
    """

    table: Integers

    @property
    def batch(self) -> int:
        """B."""
        return int(self.table.shape[0])

    def act(self, observation: Integers) -> Integers:
        """The actions (..., B) at observations (..., B), the last axis over the episodes."""
        if self.table.shape[1] == 1:
            only = self.table[:, 0]
            seen = np.shape(observation)
            return only if seen == only.shape else np.broadcast_to(only, seen)
        return np.asarray(self.table[np.arange(self.table.shape[0]), observation])


@dataclass(frozen=True, eq=False)
class MixedCommitment:
    """B mixed policies, whose mixes followers know.

    Parameters
    ----------
    table : ndarray (B, observations, actions)

    Examples
    --------
    >>> MixedCommitment(np.array([[[0.25, 0.75]]])).act(np.array([0]))
    array([[0.25, 0.75]])
    """

    table: Array

    @property
    def batch(self) -> int:
        """B."""
        return int(self.table.shape[0])

    def act(self, observation: Integers) -> Array:
        """The mixes (..., B, actions) at observations (..., B)."""
        return np.asarray(self.table[np.arange(self.table.shape[0]), observation])


class LeaderPolicy(ABC):
    """A policy over finitely many observations; a subclass says its scores.

    Attributes
    ----------
    observations, actions : int
    """

    observations: int
    actions: int

    @abstractmethod
    def scores(self) -> Array:
        """s(o, a), (observations, actions): log-probabilities up to a constant for each o."""

    def log_probabilities(self) -> Array:
        """log pi(a | o), (observations, actions)."""
        s = self.scores()
        top = s - s.max(axis=1, keepdims=True)
        return np.asarray(top - np.log(np.exp(top).sum(axis=1, keepdims=True)))

    def probabilities(self) -> Array:
        """pi(a | o), (observations, actions)."""
        return np.asarray(np.exp(self.log_probabilities()))

    def sample_commitment(self, rng: np.random.Generator, batch: int) -> Commitment:
        """Draw a commitment for each of `batch` episodes."""
        s = self.scores()
        noise = -np.log(rng.standard_exponential((batch, *s.shape)))
        return Commitment(np.argmax(s + noise, axis=2))

    def best_commitment(self, batch: int = 1) -> Commitment:
        """The most probable commitment, without noise."""
        return Commitment(np.tile(np.argmax(self.scores(), axis=1), (batch, 1)))

    def mixed_commitment(self, batch: int = 1) -> MixedCommitment:
        """The policy itself as a mixed commitment."""
        return MixedCommitment(np.tile(self.probabilities(), (batch, 1, 1)))

    def log_probability(
        self, commitment: Commitment, asked: NDArray[np.bool_] | None = None
    ) -> Array:
        """log P(c) of every commitment of a batch, (B,).

        Parameters
        ----------
        commitment : Commitment
        asked : ndarray (B, observations) of bool, optional
            Count only the observations that were asked.
        """
        chosen = self.log_probabilities()[np.arange(self.observations), commitment.table]
        return np.asarray((chosen if asked is None else chosen * asked).sum(axis=1))


class TabularPolicy(LeaderPolicy):
    """A policy that is a table of scores.

    Parameters
    ----------
    table : array_like (observations, actions)
        Scores; equal ones mix evenly.

    Raises
    ------
    BadCommitment
        When the table is no matrix of numbers.

    Examples
    --------
    >>> policy = TabularPolicy(np.log([[0.25, 0.75]]))
    >>> commitment = policy.sample_commitment(np.random.default_rng(0), 5)
    >>> commitment.table.ravel(), policy.log_probability(commitment).round(3)
    (array([1, 1, 1, 1, 1]), array([-0.288, -0.288, -0.288, -0.288, -0.288]))
    """

    def __init__(self, table: Any) -> None:
        self._table = np.array(table, dtype=np.float64)
        if self._table.ndim != 2 or 0 in self._table.shape or np.isnan(self._table).any():
            raise BadCommitment(
                "A tabular policy needs a matrix of scores (observations, actions), not shape "
                f"{self._table.shape}."
            )
        self.observations, self.actions = self._table.shape

    def scores(self) -> Array:
        """The table."""
        return self._table


def as_commitment(policy: Any, game: Any, batch: int | None = None) -> Commitment | MixedCommitment:
    """A commitment of a game's leader, from one, a policy, or a table.

    Parameters
    ----------
    policy : Commitment, MixedCommitment, LeaderPolicy or array_like
        A LeaderPolicy is taken as the mixed commitment it is. Whole numbers (observations,) or
        (B, observations) are pure policies, probabilities (observations, actions) or
        (B, observations, actions) mixed ones.
    game : BatchGame
    batch : int, optional
        Repeat a single commitment so often.

    Raises
    ------
    BadCommitment
        Naming the observation whose action or mix is none.

    Examples
    --------
    >>> import eqsolve as eq
    >>> game = eq.commitment.from_normal_form(eq.models.load("conitzer"))
    >>> as_commitment([1], game, batch=2).table.tolist()
    [[1], [1]]
    """
    seen, acts = game.leader_observations, game.leader_actions
    if isinstance(policy, LeaderPolicy):
        policy = policy.mixed_commitment()
    table = np.asarray(getattr(policy, "table", policy))
    if table.dtype.kind in "iu":
        table = table[None] if table.ndim == 1 else table
        if table.ndim != 2 or table.shape[1] != seen:
            raise BadCommitment(
                f"{game.name}: a pure policy has an action for each of {seen} observations, not "
                f"shape {table.shape}."
            )
        if table.min() < 0 or table.max() >= acts:
            wrong = np.argwhere((table < 0) | (table >= acts))[0]
            raise BadCommitment(
                f"{game.name}: at observation {wrong[1]} the policy takes action "
                f"{table[tuple(wrong)]}; there are 0 to {acts - 1}."
            )
        return Commitment(_repeated(table, batch))
    else:
        table = table[None] if table.ndim == 2 else table
        if table.dtype.kind != "f" or table.ndim != 3 or table.shape[1:] != (seen, acts):
            raise BadCommitment(
                f"{game.name}: a mixed policy has shape ({seen}, {acts}), observations and "
                f"actions, not {table.shape}."
            )
        if not (table >= -SUM).all() or not (np.abs(table.sum(axis=2) - 1) <= SUM).all():
            bad = ~((table >= -SUM).all(axis=2) & (np.abs(table.sum(axis=2) - 1) <= SUM))
            wrong = np.argwhere(bad)[0]
            raise BadCommitment(
                f"{game.name}: at observation {wrong[1]} the policy is no mix, "
                f"{table[tuple(wrong)].tolist()}; probabilities are nonnegative and add to one."
            )
        return MixedCommitment(_repeated(table, batch))


def _repeated(table: NDArray[Any], batch: int | None) -> NDArray[Any]:
    if batch is None or table.shape[0] == batch:
        return table
    if table.shape[0] != 1:
        raise BadCommitment(f"{table.shape[0]} commitments were given for {batch} episodes.")
    return np.repeat(table, batch, axis=0)
