"""Stackelberg games whose follower's problem is not convex, by the follower's value function.

First-order conditions of such a follower hold at points it would never choose; its optimal
value at the leader's decision tells them apart.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import casadi as ca
import numpy as np
from numpy.typing import NDArray

from eqsolve.concepts import Stackelberg
from eqsolve.formulations.recovery import Recovered
from eqsolve.games.affine import has_kinks
from eqsolve.games.convexity import convex_at_every_point
from eqsolve.games.game import Game
from eqsolve.games.symbolic import to_dm
from eqsolve.programs.bilevel_by_value import BilevelByValue
from eqsolve.programs.casadi_to_scip import refused_by_scip
from eqsolve.programs.smooth import take
from eqsolve.results import Solution
from eqsolve.solvers.scip import Scip, reach, scip_is_installed

Array = NDArray[np.float64]
SECONDS = 2.0  # for each bound that is looked for


@dataclass(frozen=True)
class ValueFunction:
    """Formulation of optimistic Stackelberg equilibria with one follower, not convex."""

    name = "value-function"
    kind = "bilevel-by-value"
    needs_start = False

    def refuses(self, game: Any, concept: Any) -> str | None:
        """None, or why this formulation does not apply."""
        if not isinstance(concept, Stackelberg):
            return "it is for a leader and followers (concept Stackelberg)."
        if concept.stance != "optimistic":
            return "it counts on the follower's answer that is best for the leader."
        leaders = concept.leaders(game.player_names)
        followers = concept.followers(game.player_names)
        if len(followers) > 1:
            return f"it is for one follower, and there are {len(followers)}."
        name = game.player_names[followers[0]]
        if convex_at_every_point(game, followers[0]):
            return f"follower {name!r} has a convex problem, which its first-order conditions hold."
        program = bilevel_by_value(game, leaders)
        whole = ca.vertcat(
            program.leader_cost, program.follower_cost, program.leader_rows, program.follower_rows
        )
        operation = refused_by_scip(whole, [program.x, program.y])
        if operation is not None:
            return f"SCIP has no function {operation}."
        if (program.follower_equal & program.moved_by_leader).any():
            return f"the leader's decision enters an equation of follower {name!r}."
        if not scip_is_installed():
            return "it needs SCIP: pip install 'eqsolve[global]'."
        return _unbounded(game, bounded(game, leaders))

    def compile(self, game: Any, concept: Any, start: Array | None = None) -> BilevelByValue:
        """The program in symbols; no start is needed."""
        return bounded(game, concept.leaders(game.player_names))

    def recover(self, program: BilevelByValue, solution: Solution) -> Recovered:
        """Back into the game's order."""
        x = np.empty_like(solution.values)
        x[program.order] = solution.values
        return Recovered(x)


def bilevel_by_value(game: Game, leaders: tuple[int, ...]) -> BilevelByValue:
    """Both levels in symbols, bounds as declared."""
    declared = game.declared
    leading = np.isin(declared.owner, leaders)
    order = np.concatenate([np.flatnonzero(leading), np.flatnonzero(~leading)])
    lifted = ca.mtimes(to_dm(declared.matrix), declared.x) + ca.DM(declared.offset)
    costs, rows = ca.Function("game", [declared.x, declared.y], [declared.costs, declared.rows])(
        declared.x, lifted
    )
    follower = next(p for p in range(declared.players) if p not in leaders)
    upper = np.isin(declared.row_owner, leaders) | declared.foreign_rows
    lower, higher = declared.lower[order], declared.upper[order]
    return BilevelByValue(
        x=take(declared.x, np.flatnonzero(leading)),
        y=take(declared.x, np.flatnonzero(~leading)),
        leader_cost=ca.sum1(take(costs, np.asarray(leaders))),
        follower_cost=costs[follower],
        leader_rows=take(rows, np.flatnonzero(upper)),
        leader_equal=declared.equality[upper],
        follower_rows=take(rows, np.flatnonzero(~upper)),
        follower_equal=declared.equality[~upper],
        lower=lower,
        upper=higher,
        reach=(lower, higher),
        order=order,
        smooth=not has_kinks(ca.vertcat(costs[follower], rows), declared.x),
    )


def bounded(game: Game, leaders: tuple[int, ...]) -> BilevelByValue:
    """The same with the bounds that both players' constraints imply, found once a game."""
    known: dict[tuple[int, ...], BilevelByValue] = game.__dict__.setdefault("_by_value", {})
    if leaders not in known:
        program = bilevel_by_value(game, leaders)
        low, high = reach(program.feasible, Scip(seconds=SECONDS))
        known[leaders] = replace(program, reach=(low, high))
    return known[leaders]


def _unbounded(game: Game, program: BilevelByValue) -> str | None:
    for side, bounds in zip(("lower", "upper"), program.reach, strict=True):
        for place in np.flatnonzero(~np.isfinite(bounds)):
            name = game.declared.names[program.order[place]]
            return (
                f"variable {name!r} has no finite {side} bound, and the constraints imply "
                "none that SCIP finds; give it one."
            )
    return None
