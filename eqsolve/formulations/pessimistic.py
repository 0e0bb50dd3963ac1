"""A leader who counts on the worst of the follower's best answers.

    inf over x of  max { c_L(x, y) : y in S(x) },   S(x) the follower's best answers

For a convex quadratic follower the answer of least c_F - epsilon c_L is, for epsilon small,
a best answer of the follower that is worst for the leader (lexicographic choice by a small
weight; Dempe and Zemkoho 2020, chapter 6). The perturbed game is solved by branching. The
infimum need not be attained: the leader then stays a little to the side on which the follower
answers well, and the certificate, which chooses the worst answer exactly, tells what is left.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Any

import casadi as ca
import numpy as np
from numpy.typing import NDArray

from eqsolve.concepts import Stackelberg
from eqsolve.formulations.bilevel import bilevel_program
from eqsolve.formulations.mixed_integer import convexified, matrices
from eqsolve.formulations.own_problem import linear_quadratic
from eqsolve.formulations.recovery import Recovered
from eqsolve.formulations.worst_answer import (
    indifferent,
    is_concave_along,
    leaders_pieces,
    worst_answer,
)
from eqsolve.games.convexity import convex_players
from eqsolve.games.symbolic import SymbolicGame
from eqsolve.programs.complementarity_constrained import ComplementarityConstrainedProgram
from eqsolve.results import Solution

Array = NDArray[np.float64]
SPITE = 1e-5  # weight of the leader's loss in the follower's cost, relative to their slopes


@dataclass(frozen=True, eq=False, kw_only=True)
class PessimisticProgram(ComplementarityConstrainedProgram):
    """The perturbed program, and the exact worst answer to a commitment of `n` coordinates."""

    settle: Callable[[Array], Array | None]
    n: int


@dataclass(frozen=True)
class Pessimistic:
    """Formulation of pessimistic Stackelberg equilibria with one convex quadratic follower."""

    name = "pessimistic"
    kind = "mixed-integer"
    proves_bound = False  # the perturbed game's bound is not the game's

    def refuses(self, game: Any, concept: Any) -> str | None:
        """None, or why this formulation does not apply."""
        if not isinstance(concept, Stackelberg):
            return "it is for a leader and followers (concept Stackelberg)."
        if concept.stance != "pessimistic":
            return 'it is for the stance "pessimistic".'
        leaders = concept.leaders(game.player_names)
        followers = concept.followers(game.player_names)
        if len(followers) > 1:
            return f"the worst answer is found for one follower, and there are {len(followers)}."
        name, start = game.player_names[followers[0]], game.numbers.default_start()
        if not linear_quadratic(game) or game.symbolic.n != game.n:
            return "costs are not quadratic, or rows not affine."
        if not convex_players(game, start)[followers[0]]:
            return f"follower {name!r} has a non-convex problem."
        if not indifferent(game, followers[0]).size:
            return f"{name!r} has one best answer only, so that both stances mean the same."
        _, hessian = leaders_pieces(game, leaders, followers[0])(start)
        if not is_concave_along(np.asarray(hessian), indifferent(game, followers[0])):
            return f"the worst answer of {name!r} is not found by a convex program."
        if convexified(matrices(self._bilevel(game, leaders))) is None:
            return "the leader's cost is not convex, even with complementary products added."
        return None

    def compile(self, game: Any, concept: Any, start: Array | None = None) -> PessimisticProgram:
        """The program in matrices; branching needs no start."""
        leaders = concept.leaders(game.player_names)
        program = convexified(matrices(self._bilevel(game, leaders)))
        assert program is not None, "refuses() lets no such game through"
        (follower,) = concept.followers(game.player_names)
        return PessimisticProgram(
            **{part.name: getattr(program, part.name) for part in fields(program)},
            settle=partial(worst_answer, game, leaders, follower),
            n=game.n,
        )

    def recover(self, program: PessimisticProgram, solution: Solution) -> Recovered:
        """The leader's part of the solution, and the follower's worst best answer to it."""
        point = solution.values[: program.n]
        settled = program.settle(point) if np.isfinite(point).all() else None
        return Recovered(point if settled is None else settled)

    def _bilevel(self, game: Any, leaders: tuple[int, ...]) -> Any:
        symbolic: SymbolicGame = game.symbolic
        (follower,) = (p for p in range(symbolic.players) if p not in leaders)
        spiteful = ca.SX(symbolic.costs)
        loss = ca.sum1(symbolic.costs[list(leaders)])
        slopes = [_size(symbolic, cost) for cost in (symbolic.costs[follower], loss)]
        weight = SPITE * slopes[0] / slopes[1]
        spiteful[follower] = symbolic.costs[follower] - weight * loss
        perturbed = bilevel_program(replace(symbolic, costs=spiteful), leaders)
        return replace(perturbed, objective=loss)


def _size(symbolic: SymbolicGame, cost: Any) -> float:
    """Largest coefficient of a quadratic cost's gradient, at least a little."""
    gradient = ca.gradient(cost, symbolic.xy)
    at_zero, slopes = ca.Function(
        "g", [symbolic.xy], [gradient, ca.jacobian(gradient, symbolic.xy)]
    )(np.zeros(symbolic.xy.shape))
    return max(
        1e-8, *(float(np.abs(np.asarray(ca.densify(part))).max()) for part in (at_zero, slopes))
    )
