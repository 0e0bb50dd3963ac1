"""Mixed strategies side by side in one vector: sums, normalisation, draws and projections.

Everything takes values (replications, n) and `blocks`, one slice a player, and returns
arrays of the same shape and memory order. With many replications the order is Fortran's, so
that each coordinate's replications are contiguous and every operation runs over them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.errors import EqsolveError

Array = NDArray[np.float64]
Blocks = Sequence[slice]
TIED = 1e-12  # relative difference within which two actions pay the same
LEAST = 1e-300  # weight of actions without any, so that no weight at all means mixing evenly
SUM = 1e-6  # how far from one the probabilities of a given strategy may add up


def block_sums(values: Array, blocks: Blocks) -> Array:
    """Each player's sum, at every one of its coordinates.

    >>> block_sums(np.array([[1.0, 2.0, 5.0]]), [slice(0, 2), slice(2, 3)])
    array([[3., 3., 5.]])
    """
    out = np.empty_like(values)
    for block in blocks:
        out[:, block] = values[:, block].sum(axis=1, keepdims=True)
    return out


def normalised(weights: Array, blocks: Blocks) -> Array:
    """Weights divided by their player's sum."""
    out = np.empty_like(weights)
    for block in blocks:
        own = weights[:, block]
        np.divide(own, own.sum(axis=1, keepdims=True), out=out[:, block])
    return out


def softmax(scores: Array, blocks: Blocks) -> Array:
    """exp(scores), normalised player by player, however large the scores."""
    out = np.empty_like(scores)
    for block in blocks:
        own = scores[:, block]
        np.subtract(own, own.max(axis=1, keepdims=True), out=out[:, block])
    return normalised(np.exp(out, out=out), blocks)


def matched(regrets: Array, blocks: Blocks) -> Array:
    """Probabilities in proportion to the positive parts; even where nothing is positive.

    >>> matched(np.array([[3.0, 1.0, -2.0], [-1.0, -1.0, 0.0]]), [slice(0, 3)])[0]
    array([0.75, 0.25, 0.  ])
    """
    out = normalised(np.maximum(regrets, LEAST), blocks)
    out[out <= LEAST] = 0.0
    return out


def best_actions(payoffs: Array, blocks: Blocks, ties: str = "first") -> Array:
    """Each player's best actions as a strategy: the first of them, or all of them evenly.

    Actions within 1e-12 of the best, relative to the payoffs' size, are tied.
    """
    out = np.zeros_like(payoffs)
    for block in blocks:
        own = payoffs[:, block]
        slack = TIED * np.abs(own).max(axis=1, keepdims=True)
        best = own >= own.max(axis=1, keepdims=True) - slack
        if ties == "first":
            place = best.argmax(axis=1)
            out[np.arange(len(own)), block.start + place] = 1.0
        else:
            out[:, block] = best / best.sum(axis=1, keepdims=True)
    return out


def drawn(profile: Array, blocks: Blocks, rng: np.random.Generator) -> Array:
    """One action of every player drawn from its mix, as pure strategies (replications, n)."""
    out = np.zeros_like(profile)
    rows = np.arange(profile.shape[0])
    for block in blocks:
        reached = np.cumsum(profile[:, block], axis=1)
        mark = rng.random(rows.size) * reached[:, -1]
        place = (reached <= mark[:, None]).sum(axis=1)
        out[rows, block.start + np.minimum(place, reached.shape[1] - 1)] = 1.0
    return out


def projected(values: Array, blocks: Blocks) -> Array:
    """The nearest mixed strategies (Held, Wolfe and Crowder 1974).

    >>> projected(np.array([[0.9, 0.3, -1.0]]), [slice(0, 3)])
    array([[0.8, 0.2, 0. ]])
    """
    out = np.empty_like(values)
    for block in blocks:
        own = values[:, block]
        falling = -np.sort(-own, axis=1)
        excess = np.cumsum(falling, axis=1) - 1.0
        size = np.arange(1, own.shape[1] + 1)
        kept = (falling * size > excess).sum(axis=1)
        threshold = excess[np.arange(len(own)), kept - 1] / kept
        np.maximum(own - threshold[:, None], 0.0, out=out[:, block])
    return out


def check_strategies(game: Any, profile: Array, what: str) -> None:
    """Refuse profiles (..., n) that are no mixed strategies, naming the player."""
    for name, block in zip(game.player_names, game.blocks, strict=True):
        own = profile[..., block]
        total = own.sum(axis=-1)
        if not (own >= -SUM).all() or not (np.abs(total - 1) <= SUM).all():
            wrong = np.unravel_index(
                int(np.argmax(np.nan_to_num(np.abs(total - 1), nan=np.inf))), total.shape
            )
            raise EqsolveError(
                f"{what} of player {name!r} is no mixed strategy: probabilities must be "
                f"nonnegative and add to one; these are {own[wrong].tolist()}."
            )
