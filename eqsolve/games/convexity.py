"""Which players' problems are convex once the others are fixed.

Quadratic terms are judged together by the player's own Hessian; every other term,
and every constraint, by cvxpy's rules.
"""

from __future__ import annotations

from typing import Any

import casadi as ca
import numpy as np
from cvxpy.atoms.elementwise.power import Power
from numpy.typing import NDArray

from eqsolve.games.expressions import Walker, to_csr
from eqsolve.games.game import Game
from eqsolve.games.player import Player
from eqsolve.games.symbolic import SHARED
from eqsolve.games.terms import split, with_others_fixed

SPREAD = 10.0  # how far points are tried from the start where there is no bound
TRIED = 8
SLACK = 1e-9  # relative: how negative an eigenvalue may be by rounding


def convex_players(game: Game, point: NDArray[np.float64]) -> NDArray[np.bool_]:
    """For each player, whether its problem at `point` (n,) is known to be convex.

    Source: disciplined convex programming (Grant, Boyd and Ye 2006) for the terms
    cvxpy can judge; positive semidefiniteness of the own Hessian for quadratic ones.
    """
    numbers = game.numbers
    if game.declared.is_affine and game.declared.linear_rows.all():
        curvature = numbers.own_curvature(point)
        scale = max(1.0, float(np.abs(numbers.jacobian_parts(point)[0]).max()))
        return np.asarray(curvature >= -SLACK * scale)
    if game.language != "cvxpy":
        return np.zeros(len(game.player_names), dtype=bool)
    return _by_rules(game, point)


def _by_rules(game: Game, point: NDArray[np.float64]) -> NDArray[np.bool_]:
    values, place = [], 0
    before = [variable.value for variable in game.variables]
    for variable in game.variables:
        values.append(point[place : place + variable.size].reshape(variable.shape))
        place += variable.size
    try:
        for variable, value in zip(game.variables, values, strict=True):
            variable.save_value(value)
        shared = game.shared_constraints
        verdicts = [_block_is_convex(game, block, point, shared) for block in game.players]
    finally:
        for variable, old in zip(game.variables, before, strict=True):
            variable.save_value(old)
    return np.concatenate(verdicts)


def _block_is_convex(
    game: Game, block: Any, point: NDArray[np.float64], shared: tuple[Any, ...]
) -> NDArray[np.bool_]:
    size = len(block.names)
    own = {variable.id for variable in block.variables}
    single = isinstance(block, Player)
    for constraint in (*block.constraints, *shared):
        seen = constraint.copy([with_others_fixed(a, own) for a in constraint.args])
        if not (seen if single else constraint).is_dcp() or _odd_powers(constraint):
            return np.zeros(size, dtype=bool)
    quadratic = []
    for factor, term in split(block.expression, float(block.sign)):
        seen = with_others_fixed(term, own) if single else term
        if (factor * seen).is_convex() and not _odd_powers(term):
            continue
        if not term.is_quadratic():
            return np.zeros(size, dtype=bool)
        quadratic.append(factor * term)
    if not quadratic:
        return np.ones(size, dtype=bool)
    return _quadratic_is_convex(game, block, sum(quadratic[1:], quadratic[0]), point)


def _quadratic_is_convex(
    game: Game, block: Any, expression: Any, point: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Own Hessian blocks of a quadratic expression, positive semidefinite or not."""
    declared = game.declared
    leaves, place = {}, 0
    for variable in game.variables:
        leaves[variable.id] = declared.x[place : place + variable.size]
        place += variable.size
    column = Walker(leaves, declared.x)(expression)
    first = game.player_names.index(block.names[0])
    verdicts = []
    for j in range(len(block.names)):
        places = np.flatnonzero(declared.owner == first + j).tolist()
        own = declared.x[places]
        hessian = ca.hessian(column[j], own)[0]
        # cvxpy also counts x y**2 as quadratic; with x fixed at the point it is.
        if ca.depends_on(hessian, own):
            verdicts.append(False)
            continue
        hessian = to_csr(ca.Function("H", [declared.x], [hessian])(point)).toarray()
        scale = max(1.0, float(np.abs(hessian).max(initial=0.0)))
        verdicts.append(bool(np.linalg.eigvalsh(hessian)[0] >= -SLACK * scale))
    return np.asarray(verdicts)


def _odd_powers(item: Any) -> bool:
    """Whether an odd power, as y**3, may meet a negative number.

    cvxpy counts y**3 as convex, meaning y >= 0; its value is read for every y.
    """
    if isinstance(item, Power):
        exponent = float(np.asarray(getattr(item.p, "value", item.p)))
        base = item.args[0]
        nonnegative = base.is_nonneg() or np.min(base.get_bounds()[0]) >= 0
        if exponent > 1 and exponent % 2 == 1 and not nonnegative:
            return True
    return any(_odd_powers(argument) for argument in item.args)


def convex_at_every_point(game: Game, player: int) -> bool:
    """Whether the player's problem is convex at all of some points tried, inside the bounds.

    The curvature of a linear-quadratic game is the same everywhere: one point says all.
    """
    numbers = game.numbers
    start = numbers.default_start()
    if game.declared.is_affine and game.declared.linear_rows.all():
        return bool(convex_players(game, start)[player])
    rng = np.random.default_rng(0)
    low = np.where(np.isfinite(numbers.lower), numbers.lower, start - SPREAD)
    high = np.where(np.isfinite(numbers.upper), numbers.upper, start + SPREAD)
    points = [start, *(rng.uniform(np.minimum(low, high), high + 0.0) for _ in range(TRIED))]
    return all(bool(convex_players(game, point)[player]) for point in points)


def has_shared_rows(game: Game) -> bool:
    """Whether some row binds every player."""
    return bool((game.declared.row_owner == SHARED).any())
