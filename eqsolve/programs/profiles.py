"""Pure equilibria as a search over profiles: minimise the largest regret."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ProfilesProgram:
    """Find a profile at which no player gains by another action.

    Attributes
    ----------
    payoffs : ndarray (players, actions_1, ..., actions_players)
    game : object
        What the program was compiled from.

    Examples
    --------
    >>> ProfilesProgram(np.array([[[3, 1], [4, 2]], [[3, 4], [1, 2]]])).regrets.tolist()
    [[1, 1], [1, 0]]
    """

    payoffs: Array
    game: Any = field(default=None, repr=False)
    kind = "profiles"

    @property
    def problem(self) -> ProfilesProgram:
        """The search itself: it has no form beneath."""
        return self

    @cached_property
    def regrets(self) -> Array:
        """At every profile, what the player with most regret gains by its best action."""
        each = [own.max(axis=k, keepdims=True) - own for k, own in enumerate(self.payoffs)]
        return np.asarray(np.max(np.stack(each), axis=0))

    def describe(self) -> str:
        """The search in one sentence."""
        sizes = " x ".join(map(str, self.payoffs.shape[1:]))
        return f"Among {sizes} profiles, find one of least regret."
