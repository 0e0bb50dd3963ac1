"""Best-response dynamics: players move to their best answers, together or in turn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.dynamics.protocol import State
from eqsolve.errors import EqsolveError
from eqsolve.formulations.own_problem import best_response

Array = NDArray[np.float64]
ORDERS = ("simultaneous", "in turn")


@dataclass(frozen=True)
class BestResponse:
    """Each player moves to (or towards) its best answer to the others.

    Parameters
    ----------
    order : "simultaneous" or "in turn"
        In turn, one step is a round in which every player moves once, each seeing the
        moves already made (Gauss-Seidel).
    inertia : float in [0, 1)
        Share of the old strategy that is kept.

    Raises
    ------
    EqsolveError
        When the order is unknown or the inertia outside [0, 1).

    Examples
    --------
    >>> BestResponse(order="in turn")
    BestResponse(order='in turn', inertia=0.0)
    """

    order: str = "simultaneous"
    inertia: float = 0.0

    def __post_init__(self) -> None:
        if self.order not in ORDERS:
            raise EqsolveError(f"BestResponse: order must be one of {ORDERS}, not {self.order!r}.")
        if not 0 <= self.inertia < 1:
            raise EqsolveError(f"BestResponse: inertia must lie in [0, 1), not {self.inertia!r}.")

    def start(self, game: Any, profile: Array) -> State:
        """No memory."""
        return ()

    def step(
        self, game: Any, profile: Array, state: State, rng: np.random.Generator
    ) -> tuple[Array, State]:
        """One move of everybody."""
        moved = profile.copy()
        for player, name in enumerate(game.player_names):
            places = game.coordinates[name]
            seen = moved if self.order == "in turn" else profile
            answer = best_response(game, seen, player)
            moved[:, places] = self.inertia * profile[:, places] + (1 - self.inertia) * answer
        return moved, state
