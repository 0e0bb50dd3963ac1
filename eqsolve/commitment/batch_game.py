"""The batched contract of games with a leader: thousands of plays as arrays, no loop over them.

Conventions, here and in all of `eqsolve.commitment`:

- B plays at once; every array has the plays first: (B,), (B, F), (B, types, actions). Arrays of
  states are best kept in Fortran's order, so that operations run over the plays.
- Observations, types and actions are whole numbers from 0; -1 means "has nothing to decide now"
  among observations, and "does nothing" among actions.
- F followers, numbered 0 to F - 1. Rewards and payoffs have the leader first: (B, 1 + F).
- A *type* is what a follower knows when it acts: its own observation. Followers' strategies are
  (B, types_i, actions_i) for follower i.
- All chance is drawn before a play begins. A *deal* is nature's draw: everybody's types and
  whatever else is random. Given the deal and everybody's actions nothing in a play is random, so
  that a play can be run again with other actions, all else equal.

To declare a game subclass `BatchGame`: set the attributes, write `start`, `leader_observation`,
`follower_observations` and `step`. With a finite `prior` over deals and followers who act once,
at the start, the game is compiled into lookup tables (`play_graph.py`) and solved exactly as
well as learned; otherwise it is stepped.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.errors import BadCommitment

Array = NDArray[np.float64]
Integers = NDArray[np.int64]
State = tuple[NDArray[Any], ...]
SUM = 1e-9  # departure of a prior's sum from one that counts as rounding


class BatchGame(ABC):
    """A finite partially observable Markov game with a leader, B plays at a time.

    Attributes
    ----------
    leader_observations, leader_actions : int
        How many there are; a leader's pure policy is a table (leader_observations,).
    types, actions : tuple of int, (F,)
        How many observations and actions each follower has.
    horizon : int
        Steps after which every play has ended.
    prior : ndarray (deals,) or None
        Probability of every deal; None where deals are not finitely many: then override `draw`.
    acts_once : bool
        Every follower acts exactly once a play, in the first step, so that its observation
        there is settled by the deal. Responses that weigh actions ask for this; games in which
        followers act repeatedly may be wrapped (`eqsolve.commitment.in_plans`).
    title : str
    leader_name : hashable
    follower_names : tuple, (F,)
    """

    leader_observations: int
    leader_actions: int
    types: tuple[int, ...]
    actions: tuple[int, ...]
    horizon: int = 1
    prior: Array | None = None
    acts_once: bool = True
    title: str = ""
    leader_name: Any = "leader"

    @abstractmethod
    def start(self, deals: NDArray[Any]) -> State:
        """The state in which plays begin.

        Parameters
        ----------
        deals : ndarray (B,), or (B, ...) as `draw` gives them

        Returns
        -------
        tuple of ndarray, each (B, ...)
        """

    @abstractmethod
    def leader_observation(self, state: State) -> Integers:
        """What the leader sees, (B,); -1 in plays where it has nothing to decide now."""

    @abstractmethod
    def follower_observations(self, state: State) -> Integers:
        """What every follower sees, (B, F); -1 where it has nothing to decide now."""

    @abstractmethod
    def step(
        self, state: State, leader_action: Integers, follower_actions: Integers
    ) -> tuple[State, Array, NDArray[np.bool_]]:
        """Everybody acts. Nothing is random here, and the given state is left as it is.

        Parameters
        ----------
        state : tuple of ndarray, each (B, ...)
        leader_action : ndarray (B,)
        follower_actions : ndarray (B, F)

        Returns
        -------
        state : tuple of ndarray, each (B, ...)
        rewards : ndarray (B, 1 + F)
            Of this step, the leader's first.
        done : ndarray (B,) of bool
        """

    def draw(self, rng: np.random.Generator, batch: int) -> NDArray[Any]:
        """Deals of `batch` plays, from the prior."""
        if self.prior is None:
            raise BadCommitment(f"{self.name}: a game without prior must define draw(rng, batch).")
        if self.prior.size == 1:
            return np.zeros(batch, dtype=np.int64)
        return np.searchsorted(self._reached, rng.random(batch), side="right")

    def reset(self, rng: np.random.Generator, batch: int) -> State:
        """Draw deals and begin plays: ``start(draw(rng, batch))``."""
        return self.start(self.draw(rng, batch))

    @property
    def name(self) -> str:
        """The title, or the class."""
        return self.title or type(self).__name__

    @property
    def followers(self) -> int:
        """F."""
        return len(self.actions)

    @cached_property
    def follower_names(self) -> tuple[Any, ...]:
        return tuple(f"follower {k}" for k in range(self.followers))

    @cached_property
    def deal_types(self) -> Integers:
        """The types of every deal, (deals, F); needs a finite prior.

        Raises
        ------
        BadCommitment
            When a follower does not act at the start.
        """
        if self.prior is None:
            raise BadCommitment(f"{self.name}: deals are not finitely many.")
        types = self.follower_observations(self.start(np.arange(self.prior.size)))
        if self.acts_once and types.min() < 0:
            late = self.follower_names[int(np.argwhere(types < 0)[0, 1])]
            raise BadCommitment(
                f"{self.name}: {late} does not act in the first step; games in which followers "
                "act later or repeatedly say acts_once = False."
            )
        return np.asarray(types, dtype=np.int64)

    @cached_property
    def type_prior(self) -> Array:
        """Probability of every profile of the followers' types, (types_1, ..., types_F)."""
        assert self.prior is not None
        out = np.zeros(self.types)
        np.add.at(out, tuple(self.deal_types.T), self.prior)
        return out

    @cached_property
    def graph(self) -> Any:
        """The plays as tables, a `PlayGraph`; None where they cannot be listed."""
        from eqsolve.commitment.play_graph import compile_game

        return compile_game(self)

    @cached_property
    def _reached(self) -> Array:
        """Cumulated prior, short of its last entry, so that no draw falls behind the end."""
        assert self.prior is not None
        return np.asarray(np.cumsum(self.prior)[:-1] / self.prior.sum())

    def __repr__(self) -> str:
        return (
            f"{self.name}: leader with {self.leader_observations} observations and "
            f"{self.leader_actions} actions, followers with types {self.types} and actions "
            f"{self.actions}"
        )


def checked_prior(prior: Any, name: str) -> Array:
    """Probabilities as float64, summing to one, or the sentence that says what is wrong.

    Raises
    ------
    BadCommitment
    """
    law = np.asarray(prior, dtype=np.float64)
    if law.size == 0 or not np.isfinite(law).all() or law.min() < 0:
        raise BadCommitment(f"{name}: the prior must hold nonnegative probabilities.")
    if abs(law.sum() - 1.0) > SUM:
        raise BadCommitment(f"{name}: the prior sums to {law.sum():.9g}; it must sum to one.")
    return np.asarray(law / law.sum())


def check_game(game: Any) -> None:
    """Refuse what is no game with a leader, naming what it lacks.

    Raises
    ------
    BadCommitment
    """
    name = type(game).__name__
    if not isinstance(game, BatchGame):
        raise BadCommitment(
            f"{name} is no game with a leader: give a NormalFormGame or a BayesianGame with "
            "leader=, or a BatchGame; from_pettingzoo(make, leader=) makes one of a parallel "
            "environment."
        )
    if not getattr(game, "leader_actions", 0) or not getattr(game, "leader_observations", 0):
        raise BadCommitment(
            f"{game.name} is an environment without a leader: leader_observations and "
            "leader_actions must be 1 or more."
        )
    if not game.followers or len(game.types) != game.followers:
        raise BadCommitment(
            f"{game.name}: types and actions must have one entry a follower, not {game.types} and "
            f"{game.actions}."
        )
