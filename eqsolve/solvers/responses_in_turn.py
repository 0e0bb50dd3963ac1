"""Best responses in turn (Gauss-Seidel), stopped as soon as they settle or circle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from eqsolve.programs.response_map import ResponseMap
from eqsolve.results import Solution, Status

PATIENCE = 8  # sweeps over which the moves must have halved


@dataclass(frozen=True)
class ResponsesInTurn:
    """Solve a `ResponseMap`.

    Parameters
    ----------
    sweeps : int
        Rounds in which every player answers once.
    tolerance : float
        Largest move in a sweep, relative to the strategies, that counts as settled.

    Examples
    --------
    >>> halves = ResponseMap(lambda x, i: 0.5 * x[[1 - i]], (np.array([0]), np.array([1])),
    ...                      np.ones(2), ("a", "b"))
    >>> bool(np.abs(ResponsesInTurn().solve(halves).values).max() < 1e-9)
    True
    """

    sweeps: int = 200
    tolerance: float = 1e-10

    name: ClassVar[str] = "responses-in-turn"
    kinds: ClassVar[frozenset[str]] = frozenset({"best responses"})

    def solve(self, program: ResponseMap, start: object = None) -> Solution:
        """From the program's start; `residual` is the last sweep's largest relative move."""
        x = program.start.copy()
        moves: list[float] = []
        status = Status.ITERATION_LIMIT
        for _ in range(self.sweeps):
            before = x.copy()
            for player, block in enumerate(program.blocks):
                answer = program.respond(x, player)
                if answer is None:
                    return self._ended(x, Status.FAILED, np.inf, len(moves))
                x[block] = answer
            moves.append(float(np.abs(x - before).max(initial=0.0) / (1 + np.abs(x).max())))
            if moves[-1] <= self.tolerance:
                status = Status.SOLVED
                break
            if len(moves) > PATIENCE and moves[-1] > 0.5 * moves[-1 - PATIENCE]:
                status = Status.STALLED
                break
        return self._ended(x, status, moves[-1], len(moves))

    def _ended(self, x: np.ndarray, status: Status, residual: float, iterations: int) -> Solution:
        return Solution(x, status, residual, iterations, self.name)
