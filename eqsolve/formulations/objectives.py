"""Objectives of concepts, read as numbers over the outcomes of a finite game."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.errors import NotAGame

Array = NDArray[np.float64]
WORDS = ("welfare", "egalitarian", "entropy")


def is_word(objective: Any, word: str) -> bool:
    """Whether an objective is one of the words, and no array or player."""
    return isinstance(objective, str) and objective == word


def weights_over(game: Any, objective: Any, shape: tuple[int, ...]) -> Array:
    """The number an objective gives every outcome, of the given shape.

    Raises
    ------
    NotAGame
        When the objective is neither a word, a player nor an array of the game's shape.
    """
    payoffs = game.payoffs.reshape(game.players, *shape)
    if is_word(objective, "welfare"):
        return np.asarray(payoffs.sum(axis=0))
    if isinstance(objective, (str, int, np.integer)):
        if isinstance(objective, str) and objective not in game.player_names:
            known = ", ".join(map(repr, (*WORDS, *game.player_names)))
            raise NotAGame(f"The objective {objective!r} is not known; it may be one of {known}.")
        return np.asarray(payoffs[game.player(objective)])
    try:
        array = np.asarray(objective, dtype=float)
    except (TypeError, ValueError):
        raise NotAGame(f"An objective of type {type(objective).__name__} is not known.") from None
    wanted = tuple(getattr(game, "types", ())) + tuple(game.actions)
    if array.shape != wanted or not np.isfinite(array).all():
        raise NotAGame(
            f"An objective given as array needs one finite number for every outcome, shape "
            f"{wanted}; this one has shape {array.shape}."
        )
    return array.reshape(shape)
