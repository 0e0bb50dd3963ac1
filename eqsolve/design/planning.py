"""From an experiment and what is asked of it to a sampling design.

1. What must be observed, what may run for ever, and coin flipping within it
   (`eqsolve.design.question`).
2. The program at a share of coin flipping, an engine, and from its occupancy a policy, exactly
   judged (`eqsolve.design.answer`, `eqsolve.design.certificate`).
3. Where the number of steps is known, the smallest share with which a run of that length shows
   the variance that it promises (`eqsolve.design.run_length`).
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from eqsolve.design.answer import Answer, answer_at, engine_for
from eqsolve.design.baselines import best_regenerative
from eqsolve.design.experiment import MarkovExperiment
from eqsolve.design.least_cost import least_average_cost
from eqsolve.design.occupancy import needs, usable_arms
from eqsolve.design.question import Question
from eqsolve.design.restrictions import CRITERIA, POLICIES, check_restrictions
from eqsolve.design.run_length import long_enough, slowness
from eqsolve.design.sampling_design import PROVEN, SamplingDesign
from eqsolve.errors import BadExperiment, SlowMixing

VISITED = 1e-3  # share of coin flipping that keeps every state visited: "aperiodic"


def plan(
    experiment: MarkovExperiment,
    contrast: Any = None,
    *,
    criterion: str = "sum",
    steps: Any = None,
    costs: Any = None,
    budget: Any = None,
    floor: Any = None,
    allowed: Any = None,
    share: Any = None,
    policy: str = "exact",
    solver: Any = None,
    start: Any = None,
) -> SamplingDesign:
    """What `eq.optimal_design` does; `start` is an earlier design's solution, to start from."""
    weights = experiment.contrast(contrast)
    _one_of("criterion", criterion, CRITERIA)
    _one_of("policy", policy, POLICIES)
    restrictions = check_restrictions(
        experiment,
        steps=steps,
        costs=costs,
        budget=budget,
        floor=floor,
        allowed=allowed,
        share=share,
    )
    need = needs(experiment, weights)
    usable = usable_arms(experiment, need, restrictions)
    question = Question(experiment, weights, criterion, restrictions, need, usable)
    _refuse_dear(question)
    engine = engine_for(solver)
    least = VISITED if policy == "aperiodic" else 0.0
    if restrictions.share is not None:
        answer = answer_at(question, max(restrictions.share, least), engine, start)
        trail = {"share of coin flipping": f"{answer.share:g}, as given"}
    else:
        first = answer_at(question, least, engine, start)
        answer, trail = long_enough(question, first, engine)
    return _design(question, answer, trail)


def _one_of(what: str, value: Any, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise BadExperiment(f"{what} is {value!r}; it must be {' or '.join(map(repr, choices))}.")


def _refuse_dear(question: Question) -> None:
    """Refuse a budget that no policy keeps for the steps that are asked for."""
    limit, costs = question.restrictions.average_limit, question.restrictions.costs
    if limit is None or costs is None:
        return
    coin = float((costs * question.coin).sum())
    share = question.restrictions.share or 0.0
    if coin < limit:
        return
    least = least_average_cost(question.program(0.0))
    rest = share * coin + (1.0 - share) * least
    if rest >= limit * (1.0 - 1e-9):
        steps, budget = question.restrictions.steps, question.restrictions.budget
        mixed = f" with a share of {share:g} of coin flipping" if share else ""
        raise BadExperiment(
            f"The budget of {budget:g} for {steps} steps allows an average cost of {limit:.6g}, "
            f"but no admissible policy{mixed} costs less than {rest:.6g} a step: give a budget "
            f"above {rest * (steps or 1):.6g}, or fewer steps than "
            f"{(budget or 0.0) / rest if rest > 0 else np.inf:.6g}."
        )


def _design(question: Question, answer: Answer, trail: Mapping[str, str]) -> SamplingDesign:
    """The answer as users get it, with its warnings."""
    proof, experiment = answer.proof, question.experiment
    scale = question.average_price(proof.occupancy)
    horizon = question.horizon(proof.occupancy)
    notes = []
    slow = slowness(question, answer)
    if slow:
        notes.append(slow)
        warnings.warn(slow, SlowMixing, stacklevel=4)
    if proof.relative_gap > PROVEN:
        notes.append(
            f"not proven optimal: the variance may be {proof.relative_gap:.1e} above the best"
        )
    unseen = int((proof.occupancy.sum(axis=0) == 0).sum())
    if unseen:
        notes.append(
            f"{unseen} of {experiment.states} states are never visited in the long run; with "
            f"steps= or policy='aperiodic' they are"
        )
    variances = np.asarray(experiment.variance(proof.occupancy, question.weights))
    if slow or answer.share > 0.0:
        notes += _simpler(question, variances)
    solution = answer.solution
    engine = (
        "none needed"
        if solution is None
        else f"{solution.solver}, {solution.iterations} iterations: {solution.status.value}"
    )
    explanation = {"engine": engine, **trail, "policy": answer.polish}
    variance = float(variances.sum() if question.criterion == "sum" else variances.max())
    return SamplingDesign(
        experiment=experiment,
        contrast=question.weights,
        criterion=question.criterion,
        occupancy=proof.occupancy,
        policy=proof.policy,
        variance=variance,
        variances=variances,
        bound=proof.bound / scale,
        relative_gap=proof.relative_gap,
        certificate=proof.certificate(scale),
        relaxation_time=proof.relaxation_time,
        share=answer.share,
        # A last digit of rounding must not cost a step.
        steps=None if horizon is None else int(horizon * (1 + 1e-12)),
        average_cost=question.average_cost(proof.occupancy),
        program=answer.program,
        solution=solution,
        allowed=question.restrictions.allowed,
        usable=question.usable,
        notes=tuple(notes),
        explain=lambda: explanation,
    )


def _simpler(question: Question, variances: Any) -> list[str]:
    """A note where a stationary policy has to give so much that arms in turn do better."""
    limited = question.restrictions.costs is not None or question.restrictions.floor.any()
    if limited or not question.restrictions.allowed.all():
        return []
    alone = best_regenerative(
        question.experiment.own_variances, question.weights, question.criterion
    )
    total = float(alone.sum() if question.criterion == "sum" else alone.max())
    here = float(variances.sum() if question.criterion == "sum" else variances.max())
    if total > 1.05 * here:
        return []
    return [
        f"every arm alone, one after the other, has variance x steps {total:.6g} and no such "
        f"trouble: better, where an arm may be kept for its whole part of the run"
    ]
