"""Different learners for different players: one learner against another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.dynamics.protocol import Dynamics, State
from eqsolve.errors import EqsolveError

Array = NDArray[np.float64]


@dataclass(frozen=True)
class PlayerByPlayer:
    """Each player moves as its own dynamics would.

    Every dynamics is run for the whole profile and only its player's part is taken, so that
    a step costs as much as all of them together.

    Parameters
    ----------
    learners : sequence of Dynamics
        One a player.

    Examples
    --------
    >>> import eqsolve as eq
    >>> duel = PlayerByPlayer([eq.dynamics.RegretMatching(), eq.dynamics.FictitiousPlay()])
    >>> pennies = eq.NormalFormGame.bimatrix([[1, -1], [-1, 1]])
    >>> path = eq.simulate(pennies, duel, start=[0, 1], steps=1000, record_every=1000)
    >>> bool(path.regret(player=0)[-1, 0] < 0.04)
    True
    """

    learners: Sequence[Dynamics]

    def __post_init__(self) -> None:
        object.__setattr__(self, "learners", tuple(self.learners))
        for player, learner in enumerate(self.learners):
            if not isinstance(learner, Dynamics):
                raise EqsolveError(f"The learner of player {player} lacks start() or step().")

    def start(self, game: Any, profile: Array) -> State:
        """All dynamics' memories, and how many parts each has."""
        if len(self.learners) != len(game.actions):
            raise EqsolveError(
                f"{len(self.learners)} learners are given for {len(game.actions)} players."
            )
        memories = [learner.start(game, profile) for learner in self.learners]
        sizes = np.tile([len(memory) for memory in memories], (profile.shape[0], 1))
        return (sizes, *(part for memory in memories for part in memory))

    def opening(
        self, game: Any, profile: Array, state: State, rng: np.random.Generator
    ) -> tuple[Array, State]:
        """The start, but for players whose learners open with something else."""
        return self._together("opening", game, profile, state, rng)

    def step(
        self, game: Any, profile: Array, state: State, rng: np.random.Generator
    ) -> tuple[Array, State]:
        """One move of everybody, each by its own dynamics."""
        return self._together("step", game, profile, state, rng)

    def _together(
        self, what: str, game: Any, profile: Array, state: State, rng: np.random.Generator
    ) -> tuple[Array, State]:
        moved, begin = profile.copy(order="K"), 1
        kept: list[Any] = []
        for learner, size, block in zip(self.learners, state[0][0], game.blocks, strict=True):
            memory = state[begin : begin + size]
            begin += size
            if hasattr(learner, what):
                answer, memory = getattr(learner, what)(game, profile, memory, rng)
                moved[:, block] = answer[:, block]
            kept.extend(memory)
        return moved, (state[0], *kept)
