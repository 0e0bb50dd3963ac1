"""A finite game as the text of a Gambit file, for programs outside that read it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, eq=False)
class StrategicFile:
    """The text of an .nfg file.

    Attributes
    ----------
    problem : str
        The text.
    players : int
    game : object
        What the program was compiled from.
    """

    problem: str
    players: int
    game: Any = field(default=None, repr=False)
    kind = "strategic file"

    def describe(self) -> str:
        """The text itself."""
        return self.problem
