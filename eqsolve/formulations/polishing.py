"""The last digits of a mixed equilibrium: its supports kept, its equations solved again.

On supports S and T both players are indifferent,

    A[S, T] y = v,  sum y = 1        and        x B[S, T] = w,  sum x = 1,

linear in (y, v) and (x, w) (Lemke and Howson 1964). Several solutions are left where the
supports differ in size; the one nearest to what was given is taken.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
SUPPORT = 1e-7  # probability from which an action counts as played


def gains(game: Any, vector: Array) -> Array:
    """What every player gains by its best action, in its own units, (players,)."""
    pays = game.deviation_payoffs(vector)
    return np.array(
        [float(pays[block].max() - pays[block] @ vector[block]) for block in game.blocks]
    )


def polished_bimatrix(game: Any, vector: Array) -> Array:
    """The profile (n,) with its supports' equations solved; unchanged where that is no better."""
    rows, columns = (vector[block] for block in game.blocks)
    first = np.flatnonzero(rows > SUPPORT)
    second = np.flatnonzero(columns > SUPPORT)
    payoffs, others = game.payoffs
    y = _indifferent(payoffs[np.ix_(first, second)], columns[second])
    x = _indifferent(others[np.ix_(first, second)].T, rows[first])
    if x is None or y is None:
        return vector
    better = np.zeros_like(vector)
    better[game.blocks[0]][first] = x
    better[game.blocks[1]][second] = y
    return better if gains(game, better).max() <= gains(game, vector).max() else vector


def _indifferent(matrix: Array, near: Array) -> Array | None:
    """The mix nearest to `near` with equal entries of matrix @ mix, or None."""
    m, k = matrix.shape
    system = np.zeros((m + 1, k + 1))
    system[:m, :k], system[:m, k], system[m, :k] = matrix, -1.0, 1.0
    value = float(matrix.mean(axis=0) @ near)
    guess = np.append(near, value)
    wanted = np.append(np.zeros(m), 1.0)
    try:
        for _ in range(2):  # the second round removes the rounding of the first
            guess = guess + np.linalg.lstsq(system, wanted - system @ guess, rcond=None)[0]
    except np.linalg.LinAlgError:
        return None
    mix = guess[:k]
    if mix.min() < -1e-12 or abs(mix.sum() - 1) > 1e-9:
        return None
    mix = np.maximum(mix, 0.0)
    return np.asarray(mix / mix.sum())
