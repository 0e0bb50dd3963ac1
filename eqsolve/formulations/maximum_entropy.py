"""Correlated play of largest entropy: the least that obedience alone lets one assume.

    maximise  - sum of p log p     s.t.   obedience rows p >= 0,  p has the law of types

An exponential cone program (Ortiz, Schapire and Kakade 2007, "Maximum entropy correlated
equilibria", AISTATS). Its multipliers y give the bound log sum exp(rows' y).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from eqsolve.concepts import (
    BayesCoarseCorrelated,
    BayesCorrelated,
    CoarseCorrelated,
    Correlated,
)
from eqsolve.formulations.correlated_program import ObedienceProof, read_distribution
from eqsolve.formulations.finite_answer import FiniteAnswer
from eqsolve.formulations.obedience import Obedience
from eqsolve.formulations.objectives import is_word
from eqsolve.games.bayesian import BayesianGame
from eqsolve.games.finite import NormalFormGame
from eqsolve.programs.convex import ConvexProgram
from eqsolve.results import Solution

MOST_OUTCOMES = 20_000


@dataclass(frozen=True, eq=False)
class EntropyProgram(ConvexProgram):
    """The cone program beside the rows it was written from.

    Attributes
    ----------
    obedience : Obedience
    game : finite game
    egalitarian : bool
        Never; as for linear programs of obedience.
    """

    obedience: Any = field(default=None, repr=False)
    game: Any = field(default=None, repr=False)
    egalitarian: bool = False
    kind = "entropy"


@dataclass(frozen=True)
class MaximumEntropy:
    """Formulation of the correlated, or coarse correlated, equilibrium of largest entropy."""

    name = "maximum-entropy"
    kind = "entropy"
    games = "finite"

    def refuses(self, game: Any, concept: Any) -> str | None:
        """None, or why this formulation does not apply."""
        if not isinstance(concept, Correlated):
            return f"a distribution over profiles does not express {concept!r}."
        if not is_word(concept.objective, "entropy"):
            return "the objective is not entropy."
        if concept.sense == "min":
            return "the least entropy is not a convex program's."
        typed = isinstance(concept, (BayesCorrelated, BayesCoarseCorrelated))
        if not isinstance(game, BayesianGame if typed else NormalFormGame):
            wanted = "with types" if typed else "in normal form"
            return f"{concept!r} is for games {wanted}, not for a {type(game).__name__}."
        if getattr(concept, "mediator", "omniscient") == "blind":
            return "the mediator is blind, and this one sees the types."
        size = int(np.prod(game.payoffs.shape[1:]))
        if size > MOST_OUTCOMES:
            return f"there are {size} outcomes, more than {MOST_OUTCOMES}."
        return None

    def compile(self, game: Any, concept: Any, start: Any = None) -> EntropyProgram:
        """The cone program; nothing to start from."""
        import cvxpy as cp  # slow to import

        coarse = isinstance(concept, (CoarseCorrelated, BayesCoarseCorrelated))
        obedience = Obedience.of(game, coarse)
        law, masses = obedience.types_law
        p = cp.Variable(obedience.outcomes, name="p")
        rows = obedience.rows
        constraints = [rows @ p >= 0] if rows.shape[0] else []
        problem = cp.Problem(cp.Maximize(cp.sum(cp.entr(p))), [*constraints, law @ p == masses])
        return EntropyProgram(problem, (p,), obedience, game)

    def recover(self, program: EntropyProgram, solution: Solution) -> FiniteAnswer:
        """The distribution, its marginals, and the multipliers of its rows."""
        answer = read_distribution(program, solution)
        if answer.distribution is None or solution.multipliers is None:
            return answer
        y = solution.multipliers if program.obedience.rows.shape[0] else np.zeros(0)
        return FiniteAnswer(answer.vector, answer.distribution, ObedienceProof(y))
