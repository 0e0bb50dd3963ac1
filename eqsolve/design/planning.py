"""From an experiment and what is asked of it to a sampling design.

1. What must be observed, what may run for ever, and coin flipping within it.
2. The program at a share of coin flipping, an engine, and from its occupancy a policy, exactly
   judged (`eqsolve.design.certificate`).
3. Where the number of steps is known, the smallest share with which a run of that length shows
   the variance that it promises (`eqsolve.design.mixing`). Mixtures of the first answer with coin
   flipping tell where to look: they are admissible and need no solver.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from eqsolve.design.certificate import Proof, prove
from eqsolve.design.least_cost import least_average_cost
from eqsolve.design.mixing import (
    PASSES,
    SLOW,
    Passage,
    averaging_time,
    is_slow,
    shares_up_to,
    smallest_share,
    unseen_mass,
)
from eqsolve.design.occupancy import (
    coin_flipping,
    needs,
    policy_of,
    usable_arms,
    without_traces,
)
from eqsolve.design.restrictions import CRITERIA, POLICIES, Restrictions, check_restrictions
from eqsolve.design.sampling_design import PROVEN, SamplingDesign
from eqsolve.errors import BadExperiment, EquilibriumNotFound, SlowMixing
from eqsolve.programs.sampling import SamplingProgram
from eqsolve.results import Solution

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eqsolve.design.experiment import MarkovExperiment

    Array = NDArray[np.float64]
    Mask = NDArray[np.bool_]

CONVEX = ("convex", "clarabel", "scs")
VISITED = 1e-3  # share of coin flipping that keeps every state visited: "aperiodic"
ENOUGH = 1e-8  # relative gap at which a policy is taken as it is
TRACES = (1e-6, 1e-8)  # probabilities and shares that an interior point may leave of nothing
TOUCHES = (1e-10, 1e-8, 1e-6)  # coin flipping that joins what the optimum would keep apart
TRIES = 6  # times that a share is raised because its optimum mixes more slowly than its mixture


@dataclass(frozen=True, eq=False)
class Question:
    """All that stays the same whatever the share of coin flipping."""

    experiment: MarkovExperiment
    weights: Array
    criterion: str
    restrictions: Restrictions
    need: Array
    usable: Mask

    @cached_property
    def coin_policy(self) -> Array:
        """Coin flipping above the floors (S, A)."""
        return coin_flipping(self.restrictions.allowed, self.usable, self.restrictions.floor)

    @cached_property
    def coin(self) -> Array:
        """Its occupancy (A, S)."""
        return self.experiment.occupancy(self.coin_policy)

    @cached_property
    def estimated(self) -> Mask:
        """Arms that some contrast weighs (A,)."""
        return np.asarray(np.abs(self.weights).max(axis=0) > 0)

    @cached_property
    def prices(self) -> Array:
        """What a step is counted at (A, S): its cost where the budget alone ends the run."""
        costs = self.restrictions.costs
        if costs is None or not self.restrictions.steps_are_free:
            return np.ones(self.need.shape)
        # A step that is not allowed may cost nothing, or anything.
        return np.where(costs > 0, costs, 1.0)

    def program(self, share: float) -> SamplingProgram:
        """The program with a share of coin flipping."""
        limited = self.restrictions.average_limit is not None
        return SamplingProgram(
            kernels=self.experiment.transitions,
            laws=self.experiment.stationary,
            step_variances=self.experiment.step_variances,
            weights=self.weights**2,
            coin=self.coin,
            criterion=self.criterion,
            prices=self.prices,
            floor=self.restrictions.floor,
            allowed=self.restrictions.allowed,
            share=share,
            costs=self.restrictions.costs if limited else None,
            cost_limit=self.restrictions.average_limit,
        )

    def average_price(self, occupancy: Array) -> float:
        """Mean price of a step under an occupancy that sums to one."""
        return float((self.prices * occupancy).sum())

    def average_cost(self, occupancy: Array) -> float | None:
        """Mean cost of a step, where there are costs."""
        costs = self.restrictions.costs
        return None if costs is None else float((costs * occupancy).sum())

    def horizon(self, occupancy: Array) -> float | None:
        """Steps of the run: given, bought by the budget, or unknown."""
        if self.restrictions.steps is not None:
            return float(self.restrictions.steps)
        if self.restrictions.budget is None:
            return None
        return self.restrictions.budget / self.average_price(occupancy)

    @cached_property
    def coin_relaxation_time(self) -> float:
        """Of coin flipping above the floors, in steps."""
        return averaging_time(self.experiment.chain(self.coin_policy))

    def passage(self, occupancy: Array, relaxation_time: float) -> Passage | None:
        """How far the run gets under an occupancy; None where its length is unknown."""
        steps = self.horizon(occupancy)
        if steps is None:
            return None
        used = self.estimated
        unseen = unseen_mass(self.experiment.stationary[used], occupancy[used], steps)
        return Passage(relaxation_time, steps, unseen)

    @cached_property
    def bearable(self) -> float:
        """Unseen mass that is let pass, because coin flipping hardly leaves less."""
        reached = self.passage(self.coin, self.coin_relaxation_time)
        return 0.0 if reached is None else 1.5 * reached.unseen

    def mixture(self, occupancy: Array, share: float) -> tuple[Array, Array]:
        """Policy and occupancy of a design with a share of coin flipping mixed in."""
        priced = occupancy / self.average_price(occupancy)
        coin = self.coin / self.average_price(self.coin)
        mixed = (1.0 - share) * priced + share * coin
        return policy_of(mixed, self.coin_policy), mixed / mixed.sum()


@dataclass(frozen=True, eq=False)
class Answer:
    """The design at one share of coin flipping."""

    share: float
    program: SamplingProgram
    solution: Solution | None
    proof: Proof
    polish: str


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
        answer = answer_at(question, restrictions.share, engine, start)
        trail = {"share of coin flipping": f"{answer.share:g}, as given"}
    else:
        first = answer_at(question, least, engine, start)
        answer, trail = _long_enough(question, first, engine)
    return _design(question, answer, trail)


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

        return DesignConvex(*([] if solver == "convex" else [(solver.upper(),)]))
    raise BadExperiment(
        f"solver is {solver!r}; it must be 'interior-point', 'convex', 'clarabel', 'scs', or an "
        f"object with solve(program, start)."
    )


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


def answer_at(question: Question, share: float, engine: Any, start: Any = None) -> Answer:
    """Solve at a share of coin flipping, and turn the occupancy into a policy with its proof."""
    program = question.program(share)
    if share >= 1.0 or not (question.need > 0).any():
        proof = prove(question.experiment, program, question.coin_policy)
        only = "no other is admissible" if share >= 1.0 else "every policy has variance zero"
        return Answer(share, program, None, proof, f"coin flipping: {only}")
    solution = engine.solve(program, start)
    if not np.isfinite(solution.values).all():
        raise EquilibriumNotFound(
            f"No design was found by {solution.solver}.",
            status=solution.status.value,
            advice="Try another engine, such as solver='convex', or a share of coin flipping.",
        )
    occupancy = np.maximum(solution.values.reshape(question.need.shape), 0.0)
    proof, polish = _realise(question, program, occupancy, solution.multipliers)
    return Answer(share, program, solution, proof, polish)


def _realise(
    question: Question, program: SamplingProgram, occupancy: Array, multipliers: Any
) -> tuple[Proof, str]:
    """The policy of an occupancy that an engine found, as good as its exact law makes it."""
    best: tuple[Proof, str] | None = None
    occupancy = occupancy / occupancy.sum()
    for candidate, how in _candidates(question, program, occupancy):
        policy = policy_of(candidate, question.coin_policy)
        try:
            proof = prove(question.experiment, program, policy, multipliers)
        except BadExperiment:  # several closed classes: what keeps them apart is not one run
            continue
        if best is None or proof.value < best[0].value * (1.0 - ENOUGH):
            best = proof, how
        if best[0].relative_gap <= ENOUGH:
            break
    if best is None:
        raise EquilibriumNotFound(
            "The engine's occupancy splits the states into several closed classes.",
            advice="Try another engine, such as solver='convex', or a share of coin flipping.",
        )
    return best


def _candidates(question: Question, program: SamplingProgram, occupancy: Array) -> Any:
    """Occupancies to make policies of, the most wanted first."""
    if program.share == 0.0 and not program.floor.any():
        last = None
        for trace in TRACES:
            purged = without_traces(occupancy, question.need > 0, trace)
            if (purged != occupancy).any() and (last is None or (purged != last).any()):
                yield purged, f"pairs that serve nothing dropped below {trace:g}"
            last = purged
    yield occupancy, "as the engine found it"
    if program.cost_limit is None:
        for touch in TOUCHES:
            mixed = question.mixture(occupancy, touch)[1]
            yield mixed, f"a share of {touch:g} of coin flipping joins what was kept apart"


def _long_enough(question: Question, first: Answer, engine: Any) -> tuple[Answer, dict[str, str]]:
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
        answer = answer_at(question, share, engine)
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
    most = max(reached.passes for reached in tried.values())
    best = min(share for share, reached in tried.items() if reached.passes >= 0.9 * most)
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


def _design(question: Question, answer: Answer, trail: Mapping[str, str]) -> SamplingDesign:
    """The answer as users get it, with its warnings."""
    proof, experiment = answer.proof, question.experiment
    scale = question.average_price(proof.occupancy)
    horizon = question.horizon(proof.occupancy)
    notes = []
    slow = _slowness(question, answer)
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
        steps=None if horizon is None else int(horizon),
        average_cost=question.average_cost(proof.occupancy),
        program=answer.program,
        solution=solution,
        allowed=question.restrictions.allowed,
        usable=question.usable,
        notes=tuple(notes),
        explain=lambda: explanation,
    )


def _slowness(question: Question, answer: Answer) -> str:
    """The warning of a design that no such run brings to its variance; empty where it is well."""
    tau, reached = answer.proof.relaxation_time, _passed(question, answer)
    if reached is None:
        if tau <= SLOW or not is_slow(tau, question.coin_relaxation_time):
            return ""
        return (
            f"The design moves between the states so slowly (relaxation time {tau:.3g} steps; "
            f"coin flipping {question.coin_relaxation_time:.3g}) that runs below "
            f"{PASSES * tau:.2g} steps will not show its variance: give steps=, and enough coin "
            f"flipping is mixed in."
        )
    if reached.suffices(question.bearable):
        return ""
    if reached.passes < PASSES:
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
