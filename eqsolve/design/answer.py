"""From a program to a policy with its proof.

An engine stops a little short of the last digits, and a little inside: it leaves traces of arms
and states that serve nothing, and a trickle between places that the optimum would keep apart,
whose size is not to be trusted. So several policies are made of an occupancy, each is judged by
its own exact stationary law, and the first that is proven good enough is taken, else the best.
Where the exact law holds what the engine claimed, nothing but a better engine would do better.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from eqsolve.design.certificate import Proof, prove
from eqsolve.design.occupancy import policy_of, without_traces
from eqsolve.design.places import can_be_shared_out, share_out
from eqsolve.design.polish import can_be_polished, polished
from eqsolve.design.question import Question
from eqsolve.design.second_order import second_order_variance
from eqsolve.errors import BadExperiment, EqsolveError, EquilibriumNotFound
from eqsolve.programs.sampling import SamplingProgram
from eqsolve.results import Solution

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

CONVEX = ("convex", "clarabel", "scs")
ENOUGH = 1e-8  # relative gap at which a policy is taken as it is
TRACES = (1e-6, 1e-8)  # probabilities and shares that an interior point may leave of nothing
AS_FOUND = "as the engine found it"
TOUCHES = (1e-10, 1e-8, 1e-6)  # coin flipping that joins what the optimum would keep apart


@dataclass(frozen=True, eq=False)
class Answer:
    """The design at one share of coin flipping."""

    share: float
    program: SamplingProgram
    solution: Solution | None
    proof: Proof
    polish: str
    question: Question

    @cached_property
    def second_order(self) -> float:
        """What estimated laws add to the variance, relatively and times the steps."""
        squares = (self.question.weights**2).sum(axis=0)
        added = second_order_variance(self.question.experiment, squares, self.proof.occupancy)
        return 0.0 if added is None else added


def engine_for(solver: Any = None) -> Any:
    """The engine called so; an engine itself passes through.

    Raises
    ------
    BadExperiment
        When the name is none of ours.
    """
    if hasattr(solver, "solve"):
        return solver
    if solver is None or solver == "interior-point":
        from eqsolve.solvers.design_interior_point import DesignInteriorPoint

        return DesignInteriorPoint()
    if solver in CONVEX:
        from eqsolve.solvers.design_convex import DesignConvex

        return DesignConvex() if solver == "convex" else DesignConvex(engines=(solver.upper(),))
    raise BadExperiment(
        f"solver is {solver!r}; it must be 'interior-point', 'convex', 'clarabel', 'scs', or an "
        f"object with solve(program, start)."
    )


def answer_at(question: Question, share: float, engine: Any, start: Any = None) -> Answer:
    """Solve at a share of coin flipping, and turn the occupancy into a policy with its proof."""
    program = question.program(share)
    if share >= 1.0 or not (question.need > 0).any():
        proof = prove(question.experiment, program, question.coin_policy)
        only = "no other is admissible" if share >= 1.0 else "every policy has variance zero"
        return Answer(share, program, None, proof, f"coin flipping: {only}", question)
    solution = engine.solve(program, start)
    if not np.isfinite(solution.values).all():
        raise EquilibriumNotFound(
            f"No design was found by {solution.solver}.",
            status=solution.status.value,
            advice="Try another engine, such as solver='convex', or a share of coin flipping.",
        )
    occupancy = np.maximum(solution.values.reshape(question.need.shape), 0.0)
    proof, polish = _realise(question, program, occupancy, solution.multipliers)
    return Answer(share, program, solution, proof, polish, question)


def _realise(
    question: Question, program: SamplingProgram, occupancy: Array, multipliers: Any
) -> tuple[Proof, str]:
    """The policy of an occupancy that an engine found, as good as its exact law makes it."""
    best: tuple[Proof, str] | None = None
    claimed = program.value(occupancy / float((program.prices * occupancy).sum()))
    for policy, how in _candidates(question, program, occupancy / occupancy.sum(), claimed):
        try:
            proof = prove(question.experiment, program, policy, multipliers, occupancy)
        except EqsolveError:  # several closed classes, or as good as several: not one run
            continue
        if best is None or proof.value < best[0].value * (1.0 - 0.1 * ENOUGH):
            best = proof, how
        held = best[0].value <= claimed * (1.0 + 0.1 * ENOUGH)
        if best[0].relative_gap <= ENOUGH or (held and how == AS_FOUND):
            break
    if best is None:
        raise EquilibriumNotFound(
            "The engine's occupancy splits the states into several closed classes.",
            advice="Try another engine, such as solver='convex', or a share of coin flipping.",
        )
    return best


def _candidates(
    question: Question, program: SamplingProgram, occupancy: Array, claimed: float
) -> Iterator[tuple[Array, str]]:
    """Policies (S, A) of an occupancy, the most wanted first."""
    coin = question.coin_policy
    if can_be_polished(program):
        exact = polished(program, occupancy)
        if exact is not None:
            yield policy_of(exact, coin), "polished by Newton's method"
    if program.share == 0.0 and not program.floor.any():
        for trace in TRACES:
            purged = without_traces(occupancy, question.need > 0, trace)
            if (purged != occupancy).any():
                how = f"pairs that serve nothing dropped below {trace:g}"
                yield policy_of(purged, coin), how
    yield policy_of(occupancy, coin), AS_FOUND
    joined = policy_of(question.mixture(occupancy, TOUCHES[0])[1], coin)
    if can_be_shared_out(program):
        with contextlib.suppress(EqsolveError):
            tilted = share_out(question.experiment, program, joined, claimed)
            yield tilted, "time shared out between places that are hardly ever left"
    if program.cost_limit is None:
        for touch in TOUCHES:
            mixed = question.mixture(occupancy, touch)[1]
            how = f"a share of {touch:g} of coin flipping joins what was kept apart"
            yield policy_of(mixed, coin), how
        yield coin, "coin flipping, which is no worse than what the engine found"
