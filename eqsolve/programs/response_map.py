"""Best responses as a map: an equilibrium is a point that everyone's best response keeps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ResponseMap:
    """Find x with x[blocks[i]] = respond(x, i) for every player i.

    Attributes
    ----------
    respond : callable, ((n,), i) -> ndarray or None
        The best answer of player i, in the order of `blocks[i]`; None where it has none.
    blocks : tuple of ndarray of int
        Each player's coordinates.
    start : ndarray (n,)
    names : tuple of str
        Of the players.
    """

    respond: Callable[[Array, int], Array | None]
    blocks: tuple[NDArray[np.int_], ...]
    start: Array
    names: tuple[str, ...]
    kind = "best responses"

    @property
    def problem(self) -> str:
        """The fixed-point problem in words; each player's own problem stands in the game."""
        return self.describe()

    def describe(self) -> str:
        """What is to be found."""
        rows = [f"  {name}: its best answer to the others" for name in self.names[:20]]
        more = [f"  ... and {len(self.names) - 20} more"] if len(self.names) > 20 else []
        return "\n".join(["Strategies that are, for each player,", *rows, *more])
