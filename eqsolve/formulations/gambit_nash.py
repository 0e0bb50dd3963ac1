"""Nash equilibria through Gambit: all of those its methods find (extra `games`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from eqsolve.concepts import Nash
from eqsolve.formulations.finite_answer import FiniteAnswer
from eqsolve.games.finite import NormalFormGame
from eqsolve.games.nfg_file import nfg_text
from eqsolve.programs.strategic_file import StrategicFile
from eqsolve.results import Solution
from eqsolve.solvers.gambit import gambit_is_installed


@dataclass(frozen=True)
class GambitNash:
    """Formulation of Nash equilibria as a file that Gambit reads."""

    name = "gambit"
    kind = "strategic file"
    games = "finite"

    def refuses(self, game: Any, concept: Any) -> str | None:
        """None, or why this formulation does not apply."""
        if not isinstance(concept, Nash):
            return f"Gambit's methods for Nash equilibria do not express {concept!r}."
        if not isinstance(game, NormalFormGame):
            return f"it needs every profile's payoffs, and a {type(game).__name__} has none."
        if concept.objective is not None:
            return "Gambit optimises no objective."
        if not gambit_is_installed():
            return "it needs pygambit: pip install 'eqsolve[games]'."
        return None

    def compile(self, game: Any, concept: Any, start: Any = None) -> StrategicFile:
        """The file's text; nothing to start from."""
        # Numbers for names: Gambit's must be text, and different.
        plain = NormalFormGame(game.payoffs)
        return StrategicFile(nfg_text(plain), game.players, game)

    def recover(self, program: StrategicFile, solution: Solution) -> FiniteAnswer:
        """The mixes."""
        game = program.game
        size = game.n
        return FiniteAnswer(
            np.asarray(solution.values) if solution.values.size == size else np.full(size, np.nan)
        )
