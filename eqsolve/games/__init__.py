"""Declarations: who plays, what they want, what they may do."""

from __future__ import annotations

from eqsolve.games.game import Game
from eqsolve.games.player import Player, Population

__all__ = ["Game", "Player", "Population"]
