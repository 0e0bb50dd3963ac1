"""The equilibrium as a fixed point of best responses: the last resort of `solve`.

It needs no derivatives of the equilibrium conditions, so it reaches equilibria on kinks
that no multiplier describes (a Euclidean norm at zero) and some where Newton steps lead
away. It settles only where best responses contract.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.concepts import Nash, VariationalEquilibrium
from eqsolve.formulations.own_problem import own_problem
from eqsolve.formulations.recovery import Recovered
from eqsolve.games.convexity import convex_players, has_shared_rows
from eqsolve.programs.response_map import ResponseMap
from eqsolve.results import Solution, Status

Array = NDArray[np.float64]
MANY = 200  # coordinates; larger games would take minutes a sweep


@dataclass(frozen=True)
class BestResponses:
    """Formulation as a fixed point of every player's best response."""

    name = "best-responses"
    kind = "best responses"

    def refuses(self, game: Any, concept: Any) -> str | None:
        """None, or why best responses in turn do not look for this concept."""
        if not isinstance(concept, (Nash, VariationalEquilibrium)):
            return f"best responses do not express {concept!r}."
        if has_shared_rows(game):
            return "with shared constraints best responses stop anywhere on the boundary."
        if game.n > MANY:
            return f"the game has more than {MANY} variables; a sweep would take too long."
        return None

    def compile(self, game: Any, concept: Any, start: Array | None = None) -> ResponseMap:
        """The map, from `start` or the default start."""
        point = game.numbers.default_start() if start is None else start
        convex = convex_players(game, point)
        blocks = tuple(
            np.flatnonzero(game.numbers.owner == player) for player in range(len(convex))
        )

        def respond(x: Array, player: int) -> Array | None:
            problem = own_problem(game, player)
            answer = problem.respond(x, convex=bool(convex[player]))
            if answer.status in (Status.UNBOUNDED, Status.INFEASIBLE, Status.FAILED):
                return None
            return np.asarray(answer.values[problem.own < game.n])

        return ResponseMap(respond, blocks, np.array(point, dtype=float), game.player_names)

    def recover(self, program: ResponseMap, solution: Solution) -> Recovered:
        """The strategies; multipliers come with the polishing of first-order conditions."""
        return Recovered(solution.values)
