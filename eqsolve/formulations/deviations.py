"""Every player's best deviation from a point, each problem re-solved on its own.

Players with one coordinate, a quadratic cost and no rows are answered together:
their best response is the Newton step from anywhere, clipped to the bounds. Others with
convex quadratic costs and linear rows are joined into one quadratic program, which falls
apart into theirs; where that is not solved, each is asked alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from eqsolve.formulations.own_problem import (
    ENDED,
    admitting,
    linear_quadratic,
    own_problem,
)
from eqsolve.games.game import Game
from eqsolve.games.symbolic import SHARED
from eqsolve.solvers.quadratic import solve_quadratic

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
    asked &= ~simple
    joined = asked & convex
    if joined.sum() > 1 and linear_quadratic(game):
        together = _joint_gains(game, point, joined)
        if together is not None:
            gains[joined] = together[joined]
            asked &= ~joined
    for player in np.flatnonzero(asked):
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
        curvature = game.numbers.own_curvature(symbolic.start[: game.n])
        return np.asarray(simple & (curvature > 0))
    pattern = symbolic.row_pattern.tocoo()
    bound = symbolic.owner[pattern.col]
    reaches = (symbolic.row_owner[pattern.row] == SHARED) | (
        symbolic.row_owner[pattern.row] == bound
    )
    simple[bound[reaches]] = False
    if simple.any():
        simple &= game.numbers.own_curvature(symbolic.start[: game.n]) > 0
    return np.asarray(simple)


def _simple_gains(game: Game, point: Array) -> Array:
    numbers = game.numbers
    slope = numbers.own_curvature(point)[numbers.owner]
    gradient = numbers.gradient(point)
    with np.errstate(divide="ignore", invalid="ignore"):
        step = np.clip(point - gradient / slope, numbers.lower, numbers.upper) - point
        gain = -(gradient * step + 0.5 * slope * step**2)
    gains = np.zeros(numbers.symbolic.players)
    # Not a number only where an infinite bound meets a zero: no move, no gain.
    gains[numbers.owner] = np.maximum(np.nan_to_num(gain), 0.0)
    return gains


def _joint_gains(game: Game, point: Array, chosen: NDArray[np.bool_]) -> Array | None:
    """Gains (players,) of the `chosen`, or None where their joint program was not solved.

    Each keeps the others where they are, so no variable of one player meets another's: rows
    that all share are repeated for each player, with the others' part as a number.
    """
    symbolic, numbers = game.symbolic, game.numbers
    if symbolic is not game.declared:  # epigraph variables first need values
        return None
    owner, places = symbolic.owner, np.flatnonzero(chosen[symbolic.owner])
    P = numbers.own_hessians(point)[places][:, places]
    gradient = numbers.gradient(point)[places]
    A, b, equalities = _own_rows(game, point, places)
    z = point[places]
    right = admitting(A, b, z, equalities)
    # Costs of unlike size each get the same accuracy.
    size = np.zeros(symbolic.players)
    np.maximum.at(size, owner[places], np.maximum(np.abs(gradient), P.diagonal()))
    weight = 1.0 / np.where(size > 0, size, 1.0)[owner[places]]
    scaled = sp.diags_array(weight) @ P
    solution = solve_quadratic(scaled, weight * (gradient - P @ z), A, right, equalities)
    if not solution.solved or not np.isfinite(solution.values).all():
        return None
    step = np.clip(solution.values, symbolic.lower[places], symbolic.upper[places]) - z
    saved = -(gradient + 0.5 * (P @ step)) * step
    gains = np.bincount(owner[places], saved, minlength=symbolic.players)
    return np.maximum(gains, 0.0)


def _own_rows(game: Game, point: Array, places: NDArray[np.int_]) -> tuple[Any, Array, int]:
    """A, b and how many equalities: every player's rows and bounds with the others fixed."""
    symbolic, numbers = game.symbolic, game.numbers
    owner, z = symbolic.owner, point[places]
    entries = numbers.row_jacobian(point).tocoo()
    binds = symbolic.row_owner[entries.row]
    kept = np.isin(entries.col, places) & ((binds == SHARED) | (binds == owner[entries.col]))
    row, column, data = entries.row[kept], entries.col[kept], entries.data[kept]
    number = row.astype(np.int64) * symbolic.players + owner[column]
    copies, copy = np.unique(number, return_inverse=True)
    source = copies // symbolic.players
    shape = (copies.size, places.size)
    rows = sp.csr_matrix((data, (copy, np.searchsorted(places, column))), shape=shape)
    right = rows @ z - numbers.rows(point)[source]
    equal = symbolic.equality[source]
    low, high = symbolic.lower[places], symbolic.upper[places]
    lower, upper = np.isfinite(low), np.isfinite(high)
    eye = sp.identity(places.size, format="csr")
    A = sp.vstack([rows[equal], rows[~equal], eye[upper], -eye[lower]], format="csc")
    return (
        A,
        np.concatenate([right[equal], right[~equal], high[upper], -low[lower]]),
        int(equal.sum()),
    )
