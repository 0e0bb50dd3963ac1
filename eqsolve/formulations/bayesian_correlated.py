"""Correlated play of Bayesian games as linear programs.

An omniscient mediator sees the types theta and recommends actions: p(theta, a) sums over a to
prior(theta), and no type gains by answering a recommendation otherwise (Bergemann and Morris
2016, "Bayes correlated equilibrium and the comparison of information structures"), or by one
fixed action (Hartline, Syrgkanis and Tardos 2015, "No-regret learning in Bayesian games").

A blind mediator draws plans s, an action for every type of every player, before types are drawn:
q over plans instead of p, with p(theta, a) = prior(theta) q(plans that do a at theta). Type by
type, time averages of learners are of this kind.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.sparse as sp

from eqsolve.concepts import BayesCoarseCorrelated, BayesCorrelated
from eqsolve.formulations.correlated_program import (
    ObedienceProgram,
    ObedienceProof,
    marginals,
    obedience_program,
    objective_refusal,
    read_distribution,
    size_refusal,
)
from eqsolve.formulations.finite_answer import FiniteAnswer, clean
from eqsolve.formulations.obedience import Obedience
from eqsolve.games.bayesian import BayesianGame
from eqsolve.programs.linear import LinearProgram
from eqsolve.results import Solution
from eqsolve.solvers.highs import Highs

MOST_PLANS = 100_000  # profiles of plans of a blind mediator


@dataclass(frozen=True)
class BayesCorrelatedProgram:
    """Formulation of Bayes correlated equilibria by their obedience rows."""

    name = "bayes-correlated"
    kind = "linear"
    games = "finite"

    def refuses(self, game: Any, concept: Any) -> str | None:
        """None, or why this formulation does not apply."""
        if type(concept) is not BayesCorrelated:
            return f"recommendations to types that must be obeyed do not express {concept!r}."
        return _refusal(game, concept)

    def compile(self, game: Any, concept: Any, start: Any = None) -> ObedienceProgram:
        """The linear program; nothing to start from."""
        return obedience_program(game, concept, Obedience.of(game, coarse=False))

    def recover(self, program: ObedienceProgram, solution: Solution) -> FiniteAnswer:
        """The distribution over types and actions, and every type's mix."""
        return read_distribution(program, solution)


@dataclass(frozen=True)
class BayesCoarseCorrelatedProgram:
    """Formulation of Bayesian coarse correlated equilibria, mediator omniscient."""

    name = "bayes-coarse-correlated"
    kind = "linear"
    games = "finite"

    def refuses(self, game: Any, concept: Any) -> str | None:
        """None, or why this formulation does not apply."""
        if type(concept) is not BayesCoarseCorrelated:
            return f"a fixed action of a type does not express {concept!r}."
        if concept.mediator != "omniscient":
            return "the mediator is blind, and this one sees the types."
        return _refusal(game, concept)

    def compile(self, game: Any, concept: Any, start: Any = None) -> ObedienceProgram:
        """The linear program; nothing to start from."""
        return obedience_program(game, concept, Obedience.of(game, coarse=True))

    def recover(self, program: ObedienceProgram, solution: Solution) -> FiniteAnswer:
        """The distribution over types and actions, and every type's mix."""
        return read_distribution(program, solution)


@dataclass(frozen=True, eq=False, kw_only=True)
class PlansProgram(ObedienceProgram):
    """The program of a blind mediator.

    Attributes
    ----------
    law : sparse (outcomes, profiles of plans)
        p as a function of q.
    """

    law: Any = field(repr=False)


@dataclass(frozen=True)
class BlindMediatorProgram:
    """Formulation of Bayesian coarse correlated equilibria whose mediator draws plans."""

    name = "bayes-coarse-correlated-plans"
    kind = "linear"
    games = "finite"

    def refuses(self, game: Any, concept: Any) -> str | None:
        """None, or why this formulation does not apply."""
        if type(concept) is not BayesCoarseCorrelated:
            return f"plans for types do not express {concept!r}."
        if concept.mediator != "blind":
            return "the mediator sees the types, and this one does not."
        reason = _refusal(game, concept)
        if reason is not None:
            return reason
        count = np.prod([float(a) ** t for a, t in zip(game.actions, game.types, strict=True)])
        if count > MOST_PLANS:
            return f"there are {count:.3g} profiles of plans, more than {MOST_PLANS}."
        return None

    def compile(self, game: Any, concept: Any, start: Any = None) -> PlansProgram:
        """The omniscient program with p written through q; nothing to start from."""
        whole = obedience_program(game, concept, Obedience.of(game, coarse=True))
        law = _law_of_plans(game)
        plans, outcomes = law.shape[1], law.shape[0]
        obedience = whole.rows.tocsr()
        types = game.prior.size
        deviations = whole.obedience.rows.shape[0]
        # The law of types holds by itself; instead q sums to one.
        kept = np.r_[0:deviations, deviations + types : obedience.shape[0]]
        extra = obedience.shape[1] - outcomes
        through = sp.block_diag([law, sp.identity(extra)], format="csr") if extra else law
        rows = sp.vstack(
            [
                obedience[kept] @ through,
                sp.csr_array(np.append(np.ones(plans), np.zeros(extra))[None]),
            ],
            format="csr",
        )
        return PlansProgram(
            objective=through.T @ whole.objective,
            rows=rows,
            row_lower=np.append(whole.row_lower[kept], 1.0),
            row_upper=np.append(whole.row_upper[kept], 1.0),
            lower=np.append(np.zeros(plans), whole.lower[outcomes:]),
            upper=np.append(np.full(plans, np.inf), whole.upper[outcomes:]),
            sense=whole.sense,
            constant=whole.constant,
            game=game,
            obedience=whole.obedience,
            egalitarian=whole.egalitarian,
            law=law,
        )

    def recover(self, program: PlansProgram, solution: Solution) -> FiniteAnswer:
        """The distribution over types and actions that the plans lead to."""
        game = program.game
        plans = solution.values[: program.law.shape[1]]
        if not np.isfinite(plans).all():
            return FiniteAnswer(np.full(game.n, np.nan))
        distribution = (program.law @ clean(plans)).reshape(program.obedience.shape)
        proof = None
        if solution.multipliers is not None:
            deviations = program.obedience.rows.shape[0]
            payers = solution.multipliers[deviations:-1]
            proof = PlansProof(
                solution.multipliers[:deviations],
                clean(np.abs(payers)) if program.egalitarian else None,
                law=program.law,
            )
        return FiniteAnswer(marginals(game, distribution), distribution, proof)


@dataclass(frozen=True)
class PlansProof(ObedienceProof):
    """Multipliers of a blind mediator's program.

    Attributes
    ----------
    law : sparse (outcomes, profiles of plans)
    """

    law: Any = None


def _refusal(game: Any, concept: Any) -> str | None:
    if not isinstance(game, BayesianGame):
        return f"it is for games with types, and a {type(game).__name__} has none."
    return size_refusal(game) or objective_refusal(concept)


def _law_of_plans(game: BayesianGame) -> Any:
    """Sparse (outcomes, profiles of plans): prior(theta) where the plans do a at theta."""
    n = game.players
    plans = [game.plans(k) for k in range(n)]
    counts = [own.shape[0] for own in plans]
    number = np.arange(int(np.prod(counts)))
    which = np.unravel_index(number, counts)
    rows, columns, values = [], [], []
    for theta in np.ndindex(*game.types):
        acts = [plans[k][which[k], theta[k]] for k in range(n)]
        places = [np.full(number.size, t) for t in theta]
        rows.append(np.ravel_multi_index((*places, *acts), (*game.types, *game.actions)))
        columns.append(number)
        values.append(np.full(number.size, game.prior[theta]))
    shape = (int(np.prod((*game.types, *game.actions))), number.size)
    where = (np.concatenate(rows), np.concatenate(columns))
    return sp.csr_array((np.concatenate(values), where), shape=shape)


def distance_from_plans(game: BayesianGame, distribution: Any) -> float:
    """How far, in any one outcome, from what a blind mediator can bring about.

    The least t with |prior(theta) q(plans) - p| <= t over lotteries q.
    """
    law = _law_of_plans(game)
    outcomes, plans = law.shape
    p = np.ravel(distribution)
    slack = sp.csr_array(np.ones((outcomes, 1)))
    total = sp.csr_array(np.append(np.ones(plans), 0.0)[None])
    program = LinearProgram(
        objective=np.append(np.zeros(plans), 1.0),
        rows=sp.vstack([sp.hstack([law, slack]), sp.hstack([law, -slack]), total], format="csr"),
        row_lower=np.concatenate([p, np.full(outcomes, -np.inf), [1.0]]),
        row_upper=np.concatenate([np.full(outcomes, np.inf), p, [1.0]]),
        lower=np.zeros(plans + 1),
        upper=np.full(plans + 1, np.inf),
    )
    found = Highs().solve(program)
    return float(np.inf) if found.objective is None else max(found.objective, 0.0)
