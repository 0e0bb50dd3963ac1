"""Declarations: who plays, what they want, what they may do."""

from __future__ import annotations

from eqsolve.games.batch import GameBatch
from eqsolve.games.bayesian import AgentForm, BayesianGame
from eqsolve.games.finite import NormalFormGame
from eqsolve.games.game import Game
from eqsolve.games.player import Player, Population
from eqsolve.games.polymatrix import PolymatrixGame
from eqsolve.games.security import Allocations, SecurityGame

__all__ = [
    "AgentForm",
    "Allocations",
    "BayesianGame",
    "Game",
    "GameBatch",
    "NormalFormGame",
    "Player",
    "PolymatrixGame",
    "Population",
    "SecurityGame",
]
