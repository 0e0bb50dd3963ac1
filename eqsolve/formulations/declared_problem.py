"""One player's problem as declared, handed to cvxpy with the others put in as numbers.

The last resort of a certificate: it needs no derivatives, so it also answers where the cost
has a kink that is no maximum of smooth pieces, as a Euclidean norm at zero.
"""

from __future__ import annotations

from typing import Any

import cvxpy as cp
import numpy as np
from numpy.typing import NDArray

from eqsolve.games.game import Game
from eqsolve.games.player import Player
from eqsolve.games.traversal import mentions
from eqsolve.programs.convex import ConvexProgram
from eqsolve.solvers.convex import Convex

Array = NDArray[np.float64]


def as_declared(game: Game, player: int, point: Array) -> Array | None:
    """The player's best answer to `point` (n,), or None where cvxpy finds none.

    None too for members of a `Population` and for games declared in Pyomo.
    """
    name = game.player_names[player]
    block = next((b for b in game.players if b.names == (name,)), None)
    if not isinstance(block, Player):
        return None
    before = [variable.value for variable in game.variables]
    place = 0
    try:
        for variable in game.variables:
            variable.save_value(point[place : place + variable.size].reshape(variable.shape))
            place += variable.size
        problem = _problem(game, block)
    finally:
        for variable, value in zip(game.variables, before, strict=True):
            variable.save_value(value)
    if not problem.is_dcp():
        return None
    solution = Convex().solve(ConvexProgram(problem, block.variables))
    return solution.values if solution.solved and np.isfinite(solution.values).all() else None


def _problem(game: Game, block: Player) -> Any:
    own = {variable.id for variable in block.variables}
    constraints = [
        constraint.copy([_others_put_in(argument, own) for argument in constraint.args])
        for constraint in (*block.constraints, *game.shared_constraints)
        if mentions(constraint, own)
    ]
    cost = block.sign * _others_put_in(block.expression, own)
    return cp.Problem(cp.Minimize(cost), constraints)


def _others_put_in(node: Any, own: set[int]) -> Any:
    if not mentions(node, own):
        return cp.Constant(node.value)
    if isinstance(node, cp.Variable):
        return node
    return node.copy([_others_put_in(argument, own) for argument in node.args])
