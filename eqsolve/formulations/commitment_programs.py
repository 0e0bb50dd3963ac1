"""Commitment against one follower by multiple linear programs, pure, mixed, either stance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from eqsolve.concepts import Stackelberg
from eqsolve.formulations.dobss import bayesian_refusal
from eqsolve.formulations.finite_answer import FiniteAnswer
from eqsolve.games.bayesian import BayesianGame
from eqsolve.games.finite import NormalFormGame
from eqsolve.programs.commitment import CommitmentProgram
from eqsolve.results import Solution

MOST_PLANS = 300  # of a follower with types; every plan is a program with as many rows


@dataclass(frozen=True)
class CommitmentPrograms:
    """Formulation of commitment in bimatrix games (Conitzer and Sandholm 2006)."""

    name = "multiple-linear-programs"
    kind = "multiple linear"
    games = "finite"

    def refuses(self, game: Any, concept: Any) -> str | None:
        """None, or why this formulation does not apply."""
        if not isinstance(concept, Stackelberg):
            return f"a program for each answer of a follower does not express {concept!r}."
        if isinstance(game, BayesianGame):
            return bayesian_refusal(game, concept) or _too_many_plans(game, concept)
        if not isinstance(game, NormalFormGame):
            return f"it needs payoff matrices, and a {type(game).__name__} has none."
        concept.leaders(game.player_names)
        if game.players != 2:
            return f"it takes one leader and one follower, and there are {game.players} players."
        if concept.commitment == "correlated":
            return "the commitment is to a device, not to a strategy of the leader."
        return None

    def compile(self, game: Any, concept: Any, start: Any = None) -> CommitmentProgram:
        """One program an answer; nothing to start from."""
        (place,) = concept.leaders(game.player_names)
        # A follower with types answers by a plan, one action for every type (Harsanyi 1967).
        matrices = game.normal_form() if isinstance(game, BayesianGame) else game
        leader, follower = matrices.payoffs[place], matrices.payoffs[1 - place]
        if place == 1:
            leader, follower = leader.T, follower.T
        return CommitmentProgram(
            np.ascontiguousarray(leader),
            np.ascontiguousarray(follower),
            optimistic=concept.stance == "optimistic",
            pure=concept.commitment == "pure",
            game=(game, place),
        )

    def recover(self, program: CommitmentProgram, solution: Solution) -> FiniteAnswer:
        """The leader's mix and the follower's answer, in the game's own order."""
        game, place = program.game
        m = program.leader.shape[0]
        mix, answer = solution.values[:m], solution.values[m:]
        if isinstance(game, BayesianGame) and np.isfinite(answer).all():
            plan = game.plans(1 - place)[int(answer.argmax())]
            answer = np.eye(game.actions[1 - place])[plan].ravel()
        elif isinstance(game, BayesianGame):
            answer = np.full(game.n - m, np.nan)
        parts = [mix, answer]
        vector = np.concatenate(parts if place == 0 else parts[::-1])
        proof = None if solution.multipliers is None or program.pure else solution.multipliers
        return FiniteAnswer(vector, proof=proof, bound=getattr(solution, "bound", None))


def _too_many_plans(game: BayesianGame, concept: Stackelberg) -> str | None:
    (place,) = concept.leaders(game.player_names)
    plans = float(game.actions[1 - place]) ** game.types[1 - place]
    if plans > MOST_PLANS:
        return f"the follower has {plans:.3g} plans, more than {MOST_PLANS}."
    return None
