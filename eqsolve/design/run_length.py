"""The share of coin flipping that a run's length asks for, and the warning where none is enough.

Mixtures of the optimum with coin flipping tell where to look: they are admissible, cost at most a
factor 1 / (1 - share) of variance and need no solver. The optimum with that share is then solved
for. It mixes about as fast as the mixture; where it is a little slower, the share is raised.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from eqsolve.design.answer import Answer, answer_at
from eqsolve.design.least_cost import least_average_cost
from eqsolve.design.mixing import (
    PASSES,
    SLOW,
    Passage,
    averaging_time,
    is_slow,
    shares_up_to,
    smallest_share,
)
from eqsolve.design.question import Question

ROUGH = 0.2  # part of the variance that estimated laws may add without a warning
TRIES = 6  # times that a share is raised because its optimum mixes more slowly than its mixture


def long_enough(question: Question, first: Answer, engine: Any) -> tuple[Answer, dict[str, str]]:
    """The smallest share with which a run of the known length shows the variance it promises."""
    start = _passed(question, first)
    if start is None:
        return first, {"share of coin flipping": f"{first.share:g}: the run's length is unknown"}
    if start.suffices(question.bearable):
        return first, {"share of coin flipping": f"{first.share:g}: {_counted(start)}"}

    def of_mixture(share: float) -> Passage:
        if share >= 1.0:
            occupancy, tau = question.coin, question.coin_relaxation_time
        else:
            policy, occupancy = question.mixture(first.proof.occupancy, share)
            tau = averaging_time(question.experiment.chain(policy))
        reached = question.passage(occupancy, tau)
        assert reached is not None  # the length is known
        return reached

    largest = _largest_share(question, first)
    share, mixture = _share_to_try(of_mixture, question.bearable, largest)
    answer, reached = first, start
    for _ in range(TRIES):
        answer = answer_at(question, share, engine, answer.solution)
        reached = _passed(question, answer) or start
        if reached.suffices(question.bearable) or share >= largest:
            break
        if not mixture.suffices(question.bearable):
            break  # nothing suffices, and this share was the best
        # The optimum with this share mixes a little more slowly than the mixture did.
        share = min(largest, 1.1 * share)
    return answer, {"share of coin flipping": f"{answer.share:.4g}: {_counted(reached)}"}


def _passed(question: Question, answer: Answer) -> Passage | None:
    return question.passage(answer.proof.occupancy, answer.proof.relaxation_time)


def _share_to_try(
    of_mixture: Callable[[float], Passage], bearable: float, largest: float
) -> tuple[float, Passage]:
    """Smallest share whose mixture suffices; where none does, the one that mixes best."""
    tried: dict[float, Passage] = {}

    def suffices(share: float) -> bool:
        tried[share] = of_mixture(share)
        return tried[share].suffices(bearable)

    found = smallest_share(suffices, largest)
    if found is not None:
        return found, tried[found]
    # Coin flipping itself does not do; something between may.
    for share in shares_up_to(largest, every=6):
        if suffices(share):
            return share, tried[share]
    return _least_bad(tried, bearable)


def _least_bad(tried: dict[float, Passage], bearable: float) -> tuple[float, Passage]:
    """Where none suffices: one that sees enough and mixes fastest; else one that sees most."""
    seen = {share: reached for share, reached in tried.items() if reached.sees(bearable)}
    lasting = {share: reached for share, reached in tried.items() if reached.lasts}
    if lasting and not seen:
        least = min(reached.unseen for reached in lasting.values())
        best = min(share for share, reached in lasting.items() if reached.unseen <= 1.1 * least)
    else:
        pool = seen or tried
        most = max(reached.passes for reached in pool.values())
        best = min(share for share, reached in pool.items() if reached.passes >= 0.9 * most)
    return best, tried[best]


def _largest_share(question: Question, first: Answer) -> float:
    """Share of coin flipping up to which the cost limit leaves room."""
    limit, costs = question.restrictions.average_limit, question.restrictions.costs
    if limit is None or costs is None:
        return 1.0
    coin = float((costs * question.coin).sum())
    if coin <= limit:
        return 1.0
    least = least_average_cost(question.program(0.0))
    return max(first.share, 0.95 * (limit - least) / (coin - least))


def _counted(reached: Passage) -> str:
    return (
        f"{reached.steps:.6g} steps are {reached.passes:.3g} relaxation times; at most "
        f"{reached.unseen:.1e} of an arm's law stays unseen"
    )


def slowness(question: Question, answer: Answer) -> str:
    """The warning of a design that no such run brings to its variance; empty where it is well."""
    tau, reached = answer.proof.relaxation_time, _passed(question, answer)
    if reached is None:
        if tau <= SLOW or not is_slow(tau, question.coin_relaxation_time):
            return ""
        return (
            f"The design moves between the states so slowly (relaxation time {tau:.3g} steps; "
            f"coin flipping {question.coin_relaxation_time:.3g}) that runs below "
            f"{PASSES * tau:.2g} steps will not show its variance: give steps=, and as much "
            f"coin flipping as such a run needs is mixed in."
        )
    if reached.suffices(question.bearable):
        return _roughness(answer, reached.steps)
    if not reached.lasts:
        return (
            f"{reached.steps:.0f} steps are only {reached.passes:.2g} relaxation times of the "
            f"designed chain ({tau:.3g} steps each) where {PASSES:.0f} are needed: the stated "
            f"variance will not be reached; plan for {PASSES * tau:.3g} steps."
        )
    return (
        f"In {reached.steps:.0f} steps {100 * reached.unseen:.2g} % of an arm's own law is "
        f"expected to stay unseen: the stated variance will not be reached; plan for more steps, "
        f"or give a share of coin flipping."
    )


def _roughness(answer: Answer, steps: float) -> str:
    """The warning of a run in which the laws themselves are estimated too roughly."""
    added = answer.second_order / steps
    if added <= ROUGH:
        return ""
    return (
        f"In {steps:.0f} steps the arms' own laws are estimated so roughly that the variance will "
        f"be {np.exp(added):.2g} times the stated one or more: plan for "
        f"{answer.second_order / ROUGH:.2g} steps."
    )
