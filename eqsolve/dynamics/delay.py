"""Observation delay: players see the others' strategies as they were some steps ago."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.dynamics.protocol import Dynamics, State
from eqsolve.errors import EqsolveError

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Delayed:
    """Any dynamics under observation delay.

    At step k player i moves as `inner` would at the profile that holds its own current
    strategy and the others' of step k - delay (of the start, before that many steps
    have passed). Each player is advanced on its own, so a step costs as many inner
    steps as there are players.

    Parameters
    ----------
    inner : Dynamics
    delay : int
        In steps.

    Examples
    --------
    >>> from eqsolve.dynamics import GradientPlay
    >>> Delayed(GradientPlay(step=0.1), delay=3).delay
    3
    """

    inner: Dynamics
    delay: int

    def __post_init__(self) -> None:
        if self.delay < 0:
            raise EqsolveError(f"The delay must be zero or more steps, not {self.delay}.")

    def start(self, game: Any, profile: Array) -> State:
        """The last `delay` profiles (replications, delay, n), then the inner memory."""
        past = np.repeat(profile[:, None, :], self.delay, axis=1)
        return (past, *self.inner.start(game, profile))

    def step(
        self, game: Any, profile: Array, state: State, rng: np.random.Generator
    ) -> tuple[Array, State]:
        """Every player moves at its own view of the profile."""
        if self.delay == 0:
            moved, after = self.inner.step(game, profile, state[1:], rng)
            return moved, (state[0], *after)
        past, memory = state[0], state[1:]
        moved = profile.copy()
        kept = [part.copy() for part in memory]
        for places in game.coordinates.values():
            view = past[:, 0].copy()
            view[:, places] = profile[:, places]
            answer, after = self.inner.step(game, view, memory, rng)
            moved[:, places] = answer[:, places]
            for part, new in zip(kept, after, strict=True):
                # Memory with one entry a coordinate belongs to the coordinate's player.
                if part.ndim == 2 and part.shape[1] == profile.shape[1]:
                    part[:, places] = new[:, places]
                else:
                    part[...] = new
        return moved, (np.concatenate([past[:, 1:], profile[:, None]], axis=1), *kept)
