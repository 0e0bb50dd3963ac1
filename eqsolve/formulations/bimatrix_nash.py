"""Nash equilibria of bimatrix games by Lemke and Howson's path, and all of them by supports."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb
from typing import Any

import numpy as np

from eqsolve.concepts import Nash
from eqsolve.formulations.finite_answer import FiniteAnswer
from eqsolve.formulations.objectives import is_word, weights_over
from eqsolve.formulations.polishing import polished_bimatrix
from eqsolve.games.finite import NormalFormGame
from eqsolve.programs.bimatrix import BimatrixProgram, SupportsProgram
from eqsolve.results import Solution

MOST_SUPPORTS = 200_000  # pairs of supports and best responses up to which all are tried


@dataclass(frozen=True)
class LemkeHowsonPath:
    """Formulation of one Nash equilibrium of a bimatrix game as a complementarity problem."""

    name = "lemke-howson"
    kind = "bimatrix"
    games = "finite"

    def refuses(self, game: Any, concept: Any) -> str | None:
        """None, or why this formulation does not apply."""
        reason = bimatrix_refusal(game, concept)
        if reason is None and concept.objective is not None:
            return "the path ends at one equilibrium, not at the best for an objective."
        return reason

    def compile(self, game: Any, concept: Any, start: Any = None) -> BimatrixProgram:
        """The complementarity problem; the path begins where nobody plays, not at a start."""
        return BimatrixProgram(
            game.payoffs[0], game.payoffs[1], names=game.coordinate_names, game=game
        )

    def recover(self, program: BimatrixProgram, solution: Solution) -> FiniteAnswer:
        """Both mixes, the equations of their supports solved to the last digit."""
        if not np.isfinite(solution.values).all():
            return FiniteAnswer(solution.values)
        return FiniteAnswer(polished_bimatrix(program.game, solution.values))


@dataclass(frozen=True)
class SupportEnumerationOfNash:
    """Formulation of all extreme Nash equilibria of a small bimatrix game."""

    name = "support-enumeration"
    kind = "supports"
    games = "finite"

    def refuses(self, game: Any, concept: Any) -> str | None:
        """None, or why this formulation does not apply."""
        reason = bimatrix_refusal(game, concept)
        if reason is not None:
            return reason
        if is_word(concept.objective, "egalitarian") or is_word(concept.objective, "entropy"):
            return f"the {concept.objective} best need not be an extreme equilibrium."
        count = comb(game.n, game.actions[0])
        if count > MOST_SUPPORTS:
            return f"there are {count:.3g} sets of supports, more than {MOST_SUPPORTS}."
        return None

    def compile(self, game: Any, concept: Any, start: Any = None) -> SupportsProgram:
        """The matrices, and the objective over profiles where one is asked for."""
        weights = None
        if concept.objective is not None:
            weights = weights_over(game, concept.objective, game.actions)
            weights = weights if concept.sense == "max" else -weights
        return SupportsProgram(
            game.payoffs[0],
            game.payoffs[1],
            names=game.coordinate_names,
            weights=weights,
            game=game,
        )

    def recover(self, program: SupportsProgram, solution: Solution) -> FiniteAnswer:
        """The first or best equilibrium, to the last digit."""
        if not np.isfinite(solution.values).all():
            return FiniteAnswer(solution.values)
        return FiniteAnswer(polished_bimatrix(program.game, solution.values))


def bimatrix_refusal(game: Any, concept: Any) -> str | None:
    """Why a game and a concept are not Nash equilibrium of two matrices."""
    if not isinstance(concept, Nash):
        return f"Nash equilibrium of two matrices does not express {concept!r}."
    if not isinstance(game, NormalFormGame):
        return f"it needs two payoff matrices, and a {type(game).__name__} has none."
    if game.players != 2:
        return f"it takes two players, and there are {game.players}."
    return None
