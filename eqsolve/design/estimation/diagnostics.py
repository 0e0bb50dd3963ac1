"""What stands against an estimate: what the log lacks, how slowly it mixes, whether it is Markov.

Every figure is there to be read; those that should worry a reader also make a sentence in
`problems`, which says what to do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.design.estimation.arm_estimate import ArmEstimate
from eqsolve.design.estimation.counts import TransitionCounts
from eqsolve.design.estimation.dependence import DependenceTest, lumping_tests, markov_tests
from eqsolve.design.estimation.mixed_chain import MixedChain
from eqsolve.design.estimation.recurrent_class import name_states
from eqsolve.errors import BadLog
from eqsolve.markov import relaxation_time
from eqsolve.results import Table

if TYPE_CHECKING:
    from eqsolve.design.estimation.estimate import EffectEstimate

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

ENOUGH_RELAXATIONS = 30  # relaxation times that a log should last; 11 were seen to be too few
SURE = 0.001  # p-value below which a test is held against the log
MATTERS = 0.01  # share of variance from which a violation is more than detectable
_FEW_VISITS = 5  # steps that hardly tell a variance
_THIN = 0.05  # share of an arm's long run in pairs of few visits, from which it is said
_DIGITS = 1e-11  # step variance beside squared rewards, below which sums of squares lose it


@dataclass(frozen=True, eq=False, repr=False)
class Diagnostics:
    """Figures on a log and the estimate from it.

    Attributes
    ----------
    steps : int or float
    relaxation_time : float
        Of the chain as logged, all arms together, in steps.
    arm_relaxation_times : ndarray (A,)
        Of each arm's estimated chain; nan for an arm that is not identified.
    effective_samples : ndarray (A,)
        Steps drawn from the arm's own stationary law that would tell as much.
    left_out : ndarray (A,)
        Share of the arm's long run that goes to states from which it was not seen to come back.
    unvisited : tuple of ndarray of int
        For each arm, the states that it was seen to enter from where it settles, but in which it
        was never played.
    thin : ndarray (A,)
        Share of the arm's long run in states where it was played fewer than 5 times.
    tests : tuple of DependenceTest
        Of the Markov assumption, and of lumped states where a finer state was given; empty
        without the order of steps.
    problems : tuple of str
        What should worry a reader, and what to do.
    arm_names : tuple of str
    """

    steps: int | float
    relaxation_time: float
    arm_relaxation_times: Array
    effective_samples: Array
    left_out: Array
    unvisited: tuple[Integers, ...]
    thin: Array
    tests: tuple[DependenceTest, ...]
    problems: tuple[str, ...]
    arm_names: tuple[str, ...]

    def table(self) -> Table:
        """One row an arm, the problems below."""
        headers = (
            "arm",
            "effective sample",
            "relaxation time",
            "entered, never played",
            "left out",
            "in thin states",
        )
        columns = (
            self.arm_names,
            self.effective_samples,
            self.arm_relaxation_times,
            [float(states.size) for states in self.unvisited],
            [f"{share:.2%}" for share in self.left_out],
            [f"{share:.2%}" for share in self.thin],
        )
        title = (
            f"Diagnostics of {self.steps:.10g} steps: the log relaxes in "
            f"{self.relaxation_time:.4g} steps"
        )
        notes = self.problems or ("No problem found.",)
        return Table(headers, tuple(zip(*columns, strict=True)), title=title, notes=notes)

    def tests_table(self) -> Table:
        """One row a test."""
        headers = ("outcome", "group", "chi-square", "degrees", "p-value", "explained")
        rows = [test.table().rows[0] for test in self.tests]
        return Table(headers, tuple(rows), title="Does anything beyond arm and state matter?")

    def __repr__(self) -> str:
        parts = [str(self.table())] + ([str(self.tests_table())] if self.tests else [])
        return "\n\n".join(parts)

    def _repr_html_(self) -> str:
        return self.table()._repr_html_() + (self.tests_table()._repr_html_() if self.tests else "")


def diagnose(estimate: EffectEstimate, finer: Any = None) -> Diagnostics:
    """Look for what stands against an estimate.

    Parameters
    ----------
    estimate : EffectEstimate
    finer : array_like of int (n,), optional
        Code of a finer state at each step, where states are lumps of it: whether it matters is
        then tested. Needs RecordedSteps.

    Raises
    ------
    BadLog
        For `finer` without the order of steps, or not one code for each.

    Examples
    --------
    >>> from eqsolve.design.estimation.estimate import estimate
    >>> counts = TransitionCounts(
    ...     arm=[0, 0, 0, 0, 1, 1, 1, 1], state=[0, 0, 1, 1] * 2, next_state=[0, 1] * 4,
    ...     count=[60, 40, 70, 30, 60, 40, 10, 90], reward_sum=[0, 0, 70, 30, 0, 0, 10, 90],
    ...     reward_squares=[0, 0, 70, 30, 0, 0, 10, 90], arms=2, states=2,
    ... )
    >>> print(diagnose(estimate(counts)))
    Diagnostics of 400 steps: the log relaxes in 1.25 steps
    arm  effective sample  relaxation time  entered, never played  left out  in thin states
    0    186.154           1.11111          0                      0.00%     0.00%
    1    147.059           2                0                      0.00%     0.00%
    No problem found.
    """
    counts, arms = estimate.counts, estimate.arms
    tests = _tests(estimate, finer)
    found = Diagnostics(
        steps=counts.total,
        relaxation_time=_logged_relaxation_time(counts),
        arm_relaxation_times=_each(arms, lambda arm: relaxation_time(arm.transitions, arm.law)),
        effective_samples=_each(arms, lambda arm: arm.effective_sample),
        left_out=_each(arms, lambda arm: arm.left_out),
        unvisited=tuple(_unvisited(counts, arm) for arm in arms),
        thin=_each(arms, lambda arm: arm.law[arm.visits < _FEW_VISITS].sum()),
        tests=tests,
        problems=(),
        arm_names=tuple(counts.arm_name(arm) for arm in range(counts.arms)),
    )
    return replace(found, problems=tuple(_problems(found, estimate)))


def _tests(estimate: EffectEstimate, finer: Any) -> tuple[DependenceTest, ...]:
    if estimate.recorded is None:
        if finer is not None:
            raise BadLog(
                "Finer states can be tested only with the steps in their order: estimate from "
                "RecordedSteps, not from counts."
            )
        return ()
    tests = markov_tests(estimate.recorded, estimate.arms)
    if finer is not None:
        tests += lumping_tests(estimate.recorded, finer, estimate.arms)
    return tests


def _each(arms: tuple[ArmEstimate | None, ...], figure: Any) -> Array:
    return np.array([np.nan if arm is None else float(figure(arm)) for arm in arms])


def _logged_relaxation_time(counts: TransitionCounts) -> float:
    """Of the state under the arms as they were drawn; nan where the log never came back."""
    try:
        return float(relaxation_time(MixedChain.of_counts(counts).kernel))
    except BadLog:
        return float("nan")


def _unvisited(counts: TransitionCounts, arm: ArmEstimate | None) -> Integers:
    if arm is None:
        return np.zeros(0, dtype=np.int64)
    return np.asarray(arm.left_for[counts.visits[arm.arm, arm.left_for] == 0])


def _problems(found: Diagnostics, estimate: EffectEstimate) -> list[str]:
    return [
        *_missing(found, estimate),
        *_thin(found, estimate),
        *_slow(found),
        *_dependent(found, estimate.counts),
        *_inexact(estimate),
    ]


def _missing(found: Diagnostics, estimate: EffectEstimate) -> list[str]:
    """Steps left out, with how much they could matter."""
    counts, sentences = estimate.counts, []
    largest = np.abs(estimate.contrast).max(axis=0)
    for arm in estimate.arms:
        if arm is None or not arm.left_for.size:
            continue
        # If those states were as good or as bad as the best or worst seen.
        reach = largest[arm.arm] * arm.left_out * float(np.ptp(arm.bias))
        error = float(np.min(estimate.standard_error))
        unplayed = found.unvisited[arm.arm]
        there = f", where it was never played in {unplayed.size} of them" if unplayed.size else ""
        verdict = "more than" if reach > error else "less than"
        sentences.append(
            f"Arm {counts.arm_label(arm.arm)} was not seen to come back from "
            f"{name_states(counts, arm.left_for)}{there}: {arm.left_out:.2%} of its long run is "
            f"left out. Were those states as bad or good as any seen, the effect would move by up "
            f"to {reach:.3g}, {verdict} its standard error; "
            + ("play the arm there." if reach > error else "that is tolerable.")
        )
    return sentences


def _thin(found: Diagnostics, estimate: EffectEstimate) -> list[str]:
    return [
        f"Arm {estimate.counts.arm_label(arm)} spends {share:.0%} of its long run in states where "
        f"it was played fewer than {_FEW_VISITS} times: its standard error may be too small; take "
        "more steps, or fewer states."
        for arm, share in enumerate(found.thin)
        if share > _THIN
    ]


def _slow(found: Diagnostics) -> list[str]:
    if np.isnan(found.relaxation_time):
        return ["The log never came back to where it had been: it is one passage, not a sample."]
    lasting = found.steps / found.relaxation_time
    if lasting >= ENOUGH_RELAXATIONS:
        return []
    return [
        f"The log lasts {lasting:.3g} of its own relaxation times of {found.relaxation_time:.4g} "
        f"steps; the standard error can be trusted from about {ENOUGH_RELAXATIONS} on."
    ]


def _dependent(found: Diagnostics, counts: TransitionCounts) -> list[str]:
    sentences = []
    for test in found.tests:
        if not (test.p_value < SURE and test.worst is not None):
            continue
        arm, state = test.worst
        weight = "" if test.explained >= MATTERS else ", too little to matter much"
        sentences.append(
            f"Given arm and state, the {test.outcome} depends on the {test.group} (p = "
            f"{test.p_value:.1g}; {test.explained:.2%} of its variance{weight}), most in state "
            f"{counts.state_name(state)} under arm {counts.arm_label(arm)}: the state leaves "
            "something out; make it finer."
        )
    return sentences


def _inexact(estimate: EffectEstimate) -> list[str]:
    counts = estimate.counts
    known = [arm for arm in estimate.arms if arm is not None]
    spread = sum(float(arm.law @ arm.step_variances) for arm in known) / len(known)
    if not 0 < spread < _DIGITS * counts.reward_squares.sum() / counts.total:
        return []
    return [
        "Rewards are large beside their spread, so that sums of squares lose its digits: take a "
        "constant off all rewards before counting; the effect does not change."
    ]
