"""The table of games with known answers, shared by all conformance checks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from eqsolve import models


@dataclass(frozen=True)
class KnownGame:
    """A published instance: its name, its game and its answer.

    Examples
    --------
    >>> known = KnownGame("duopoly")
    >>> known.game().player_names
    ('firm1', 'firm2')
    """

    name: str

    def game(self) -> Any:
        """A fresh game."""
        return models.load(self.name)

    def answer(self) -> Any:
        """The published answer with its source."""
        return models.published(self.name)


def known_games() -> tuple[KnownGame, ...]:
    """Every game with a known answer that `eq.models` ships."""
    return tuple(KnownGame(name) for name in models.instances("game"))
