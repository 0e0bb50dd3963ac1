"""What learners of finite games share: what they are told, and in which unit.

Every round each player is told what its actions pay against the others:

    expected   u_i(b, x_-i), against the others' mixed strategies, exactly
    sampled    U_i(b, a_-i), against actions the others have drawn from them
    bandit     its own payoff alone, at the action it has drawn itself

Theory states rates for payoffs in [0, 1]. Payoffs are therefore counted in units of the
player's spread, its largest payoff less its smallest; `unit=1.0` leaves them as they are.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.dynamics.protocol import State, counter
from eqsolve.dynamics.simplices import block_sums, drawn
from eqsolve.errors import EqsolveError

Array = NDArray[np.float64]
FEEDBACKS = ("expected", "sampled")
Rounds = Callable[[Array, State, int], tuple[Array, Array, State]]


def per_coordinate(values: Array, game: Any) -> Array:
    """One number a player, (..., players), repeated at each of its coordinates, (..., n)."""
    return np.repeat(values, game.actions, axis=-1)


def units(game: Any, unit: str | float) -> Array:
    """The unit of every player's payoffs, (players,) or (games, players)."""
    if isinstance(unit, str):
        spreads = np.asarray(game.spreads, dtype=float)
        return np.where(spreads > 0, spreads, 1.0)
    return np.full(len(game.actions), float(unit))


@lru_cache(maxsize=256)
def rates_at_coordinates(learner: Any, actions: tuple[int, ...]) -> Array:
    """A learner's `rates` for its players' numbers of actions, at every coordinate (n,)."""
    out = np.repeat(learner.rates(actions), actions)
    out.setflags(write=False)
    return out


def pure_payoffs(game: Any, pure: Array) -> Array:
    """Every player's payoff at drawn actions, at each of its coordinates."""
    return block_sums(game.deviation_payoffs(pure) * pure, game.blocks)


class FiniteLearner(ABC):
    """A learner that answers what it is told each round; subclasses are frozen records.

    A subclass says what it remembers at the start and how it answers payoffs (in its
    unit) with the next profile.
    """

    feedback: str = "expected"
    unit: str | float = "spread"
    averaging: int = 0  # power of the round's number that weighs it in the average strategy

    def start(self, game: Any, profile: Array) -> State:
        """A counter of rounds and the learner's memory."""
        self._check_game(game)
        return (counter(profile), *self._memory(game, profile))

    def step(
        self, game: Any, profile: Array, state: State, rng: np.random.Generator
    ) -> tuple[Array, State]:
        """One round is played at `profile`; returns what is played next."""
        told = self._told(game, profile, rng)
        moved, memory = self._answer(game, profile, told, state)
        return moved, (state[0] + 1, *memory)

    def rounds(self, game: Any, replications: int) -> Rounds | None:
        """A faster way to play many rounds, or None: ``(profile, state, count) -> ...``.

        It returns the profiles played (count, replications, n), the next one, and the memory.
        """
        return None

    def _told(self, game: Any, profile: Array, rng: np.random.Generator) -> Array:
        against = profile if self.feedback == "expected" else drawn(profile, game.blocks, rng)
        paid = np.asarray(game.deviation_payoffs(against))
        return paid if self.unit == 1.0 else paid / self._units(game)

    def _units(self, game: Any) -> Array | float:
        """The unit of payoffs at every coordinate."""
        return game.coordinate_spreads if isinstance(self.unit, str) else float(self.unit)

    def _check_game(self, game: Any) -> None:
        if not hasattr(game, "deviation_payoffs"):
            raise EqsolveError(
                f"{type(self).__name__} learns in finite games; {type(game).__name__} has no "
                "deviation_payoffs."
            )

    def _check_options(self, feedbacks: tuple[str, ...] = FEEDBACKS) -> None:
        name = type(self).__name__
        if self.feedback not in feedbacks:
            raise EqsolveError(
                f"{name}: feedback must be one of {feedbacks}, not {self.feedback!r}."
            )
        if isinstance(self.unit, str):
            if self.unit != "spread":
                raise EqsolveError(
                    f"{name}: unit must be 'spread' or a positive number, not {self.unit!r}."
                )
        elif not (np.isfinite(self.unit) and self.unit > 0):
            raise EqsolveError(f"{name}: unit must be positive, not {self.unit!r}.")

    @abstractmethod
    def _memory(self, game: Any, profile: Array) -> State:
        """What is remembered at the start, replications first."""

    @abstractmethod
    def _answer(self, game: Any, profile: Array, told: Array, state: State) -> tuple[Array, State]:
        """The next profile and memory, from payoffs of all actions (replications, n)."""
