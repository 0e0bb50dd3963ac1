"""Nash equilibria in pure strategies, by looking at every profile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from eqsolve.concepts import Nash
from eqsolve.formulations.finite_answer import FiniteAnswer
from eqsolve.games.finite import NormalFormGame
from eqsolve.programs.profiles import ProfilesProgram
from eqsolve.results import Solution


@dataclass(frozen=True)
class PureNash:
    """Formulation of pure equilibria as profiles at which nobody regrets."""

    name = "pure"
    kind = "profiles"
    games = "finite"

    def refuses(self, game: Any, concept: Any) -> str | None:
        """None, or why this formulation does not apply."""
        if not isinstance(concept, Nash):
            return f"a profile without regret does not express {concept!r}."
        if not isinstance(game, NormalFormGame):
            return f"it needs every profile's payoffs, and a {type(game).__name__} has none."
        if concept.objective is not None:
            return "the best equilibrium for an objective may be mixed."
        program = self.compile(game, concept)
        return None if program.regrets.min() <= 0 else "no pure profile is an equilibrium."

    def compile(self, game: Any, concept: Any, start: Any = None) -> ProfilesProgram:
        """The payoffs; nothing to start from."""
        return ProfilesProgram(game.payoffs, game)

    def recover(self, program: ProfilesProgram, solution: Solution) -> FiniteAnswer:
        """The profile as mixes."""
        return FiniteAnswer(program.game.pack([int(k) for k in solution.values]))


def pure_equilibria(game: NormalFormGame) -> np.ndarray:
    """All pure equilibria, (equilibria, players) numbers of actions.

    Examples
    --------
    >>> pure_equilibria(NormalFormGame([[[2, 0], [0, 1]], [[1, 0], [0, 2]]])).tolist()
    [[0, 0], [1, 1]]
    """
    return np.argwhere(ProfilesProgram(game.payoffs).regrets <= 0)
