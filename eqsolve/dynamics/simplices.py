"""Mixed strategies side by side in one vector: sums, normalisation, draws and projections.

Everything takes values (replications, n) and `blocks`, one slice a player, and returns
arrays of that shape in Fortran's order: each coordinate's replications are contiguous, so
that every operation runs over them, and players with equally many actions go together.
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


def grouped(values: Array, blocks: Blocks) -> list[Array]:
    """Values as (players, actions, replications), one array where all have as many actions.

    Views where `values` (replications, n) are in Fortran's order.
    """
    columns = values.T
    sizes = {block.stop - block.start for block in blocks}
    if len(sizes) == 1:
        return [columns.reshape(len(blocks), sizes.pop(), -1)]
    return [columns[block][None] for block in blocks]


def _like(values: Array) -> Array:
    """Room for an answer, in Fortran's order."""
    return np.empty(values.shape[::-1]).T


def block_sums(values: Array, blocks: Blocks) -> Array:
    """Each player's sum, at every one of its coordinates.

    >>> block_sums(np.array([[1.0, 2.0, 5.0]]), [slice(0, 2), slice(2, 3)])
    array([[3., 3., 5.]])
    """
    out = _like(values)
    for own, to in zip(grouped(values, blocks), grouped(out, blocks), strict=True):
        to[...] = own.sum(axis=1, keepdims=True)
    return out


def normalised(weights: Array, blocks: Blocks) -> Array:
    """Weights divided by their player's sum."""
    out = _like(weights)
    for own, to in zip(grouped(weights, blocks), grouped(out, blocks), strict=True):
        np.divide(own, own.sum(axis=1, keepdims=True), out=to)
    return out


def softmax(scores: Array, blocks: Blocks) -> Array:
    """exp(scores), normalised player by player, however large the scores."""
    out = _like(scores)
    for own, to in zip(grouped(scores, blocks), grouped(out, blocks), strict=True):
        np.subtract(own, own.max(axis=1, keepdims=True), out=to)
        np.exp(to, out=to)
        np.divide(to, to.sum(axis=1, keepdims=True), out=to)
    return out


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
    out = _like(payoffs)
    for own, to in zip(grouped(payoffs, blocks), grouped(out, blocks), strict=True):
        slack = TIED * np.abs(own).max(axis=1, keepdims=True)
        best = own >= own.max(axis=1, keepdims=True) - slack
        if ties == "first":
            best &= np.cumsum(best, axis=1) == 1
        np.divide(best, best.sum(axis=1, keepdims=True), out=to)
    return out


def drawn(profile: Array, blocks: Blocks, rng: np.random.Generator) -> Array:
    """One action of every player drawn from its mix, as pure strategies (replications, n)."""
    out = _like(profile)
    for own, to in zip(grouped(profile, blocks), grouped(out, blocks), strict=True):
        reached = np.cumsum(own, axis=1)
        # Less than one, so that the mark lies below the end and on no action without weight.
        mark = rng.random((own.shape[0], 1, own.shape[2])) * reached[:, -1:]
        passed = reached > mark
        to[:, 0] = passed[:, 0]
        np.not_equal(passed[:, 1:], passed[:, :-1], out=to[:, 1:])
    return out


def projected(values: Array, blocks: Blocks) -> Array:
    """The nearest mixed strategies (Held, Wolfe and Crowder 1974).

    >>> projected(np.array([[0.9, 0.3, -1.0]]), [slice(0, 3)])
    array([[0.8, 0.2, 0. ]])
    """
    out = _like(values)
    for own, to in zip(grouped(values, blocks), grouped(out, blocks), strict=True):
        falling = -np.sort(-own, axis=1)
        size = np.arange(1.0, own.shape[1] + 1)[:, None]
        thresholds = (np.cumsum(falling, axis=1) - 1.0) / size
        # The threshold rises as long as an action above it is added, and falls thereafter.
        np.subtract(own, thresholds.max(axis=1, keepdims=True), out=to)
        np.maximum(to, 0.0, out=to)
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
