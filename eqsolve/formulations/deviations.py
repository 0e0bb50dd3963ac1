"""Every player's best deviation from a point, each problem re-solved on its own.

Players with one coordinate, a quadratic cost and no rows are answered together:
their best response is the Newton step from anywhere, clipped to the bounds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eqsolve.formulations.own_problem import (
    ENDED,
    linear_quadratic,
    own_problem,
    row_pattern,
)
from eqsolve.games.convexity import own_curvature
from eqsolve.games.game import Game
from eqsolve.games.symbolic import SHARED

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Deviations:
    """Gains (players,) in each player's own units, and players whose problem failed.

    Infinite where a problem is unbounded or infeasible, or was not solved: what could not be
    ruled out counts as a gain.
    """

    gains: Array
    failed: tuple[int, ...]


def deviations(
    game: Game,
    point: Array,
    convex: NDArray[np.bool_],
    among: tuple[int, ...] | None = None,
) -> Deviations:
    """Largest gain of each player from deviating alone at `point` (n,).

    Parameters
    ----------
    game : Game
    point : ndarray (n,)
    convex : ndarray of bool (players,)
        Whose problems are known to be convex: for them one local answer is global.
    among : tuple of int, optional
        Players to look at; the others' gains stay zero.
    """
    players = len(game.player_names)
    gains = np.zeros(players)
    simple = _simple_players(game)
    if simple.any():
        gains[simple] = _simple_gains(game, point)[simple]
    failed = []
    asked = np.ones(players, dtype=bool)
    if among is not None:
        asked = np.isin(np.arange(players), among)
        gains[~asked] = 0.0
    for player in np.flatnonzero(~simple & asked):
        answer = own_problem(game, int(player)).respond(point, convex=bool(convex[player]))
        gains[player] = max(answer.gain, 0.0)
        if answer.status not in ENDED:
            gains[player] = np.inf
            failed.append(int(player))
    return Deviations(gains, tuple(failed))


def _simple_players(game: Game) -> NDArray[np.bool_]:
    symbolic = game.symbolic
    if not linear_quadratic(game):
        return np.zeros(symbolic.players, dtype=bool)
    simple = np.bincount(symbolic.owner, minlength=symbolic.players) == 1
    if simple.all() and not symbolic.rows.shape[0]:
        curvature = own_curvature(game.numbers, symbolic.start[: game.n])
        return np.asarray(simple & (curvature > 0))
    pattern = row_pattern(game).tocoo()
    bound = symbolic.owner[pattern.col]
    reaches = (symbolic.row_owner[pattern.row] == SHARED) | (
        symbolic.row_owner[pattern.row] == bound
    )
    simple[bound[reaches]] = False
    if simple.any():
        simple &= own_curvature(game.numbers, symbolic.start[: game.n]) > 0
    return np.asarray(simple)


def _simple_gains(game: Game, point: Array) -> Array:
    numbers = game.numbers
    slope = own_curvature(numbers, point)[numbers.owner]
    gradient = numbers.gradient(point)
    with np.errstate(divide="ignore", invalid="ignore"):
        step = np.clip(point - gradient / slope, numbers.lower, numbers.upper) - point
        gain = -(gradient * step + 0.5 * slope * step**2)
    gains = np.zeros(numbers.symbolic.players)
    # Not a number only where an infinite bound meets a zero: no move, no gain.
    gains[numbers.owner] = np.maximum(np.nan_to_num(gain), 0.0)
    return gains
