"""Diagnostics: figures by hand, and every problem named when it is there and only then."""

import numpy as np
import pytest

from eqsolve.design.estimation.counts import TransitionCounts
from eqsolve.design.estimation.diagnostics import diagnose
from eqsolve.design.estimation.estimate import estimate
from eqsolve.design.estimation.recorded_steps import RecordedSteps
from eqsolve.errors import BadLog
from tests.design.simulated import instance_a, one_run


def steps_of_instance_a(seed, steps=3000):
    transitions, rewards = instance_a()
    rng = np.random.default_rng(seed)
    run = one_run(transitions, rewards, np.ones((2, 3)), np.full((3, 2), 0.5), steps, rng)
    return RecordedSteps(*run, number_of_arms=2, number_of_states=3)


def test_a_good_log_has_no_problems():
    found = estimate(steps_of_instance_a(0)).diagnostics
    assert found.problems == ()
    assert "No problem found." in str(found)
    assert len(found.tests) == 3
    assert found.left_out.tolist() == [0.0, 0.0]
    assert [states.size for states in found.unvisited] == [0, 0]
    assert found._repr_html_().count("<table>") == 2


def test_relaxation_times_and_effective_samples_by_hand():
    """Two states: the second eigenvalue of a chain is its trace minus one."""
    counts = TransitionCounts(
        arm=[0] * 4 + [1] * 4,
        state=[0, 0, 1, 1] * 2,
        next_state=[0, 1] * 4,
        count=[90, 10, 10, 90, 50, 50, 20, 80],
        reward_sum=[0.0] * 8,
        reward_squares=[1.0] * 8,
        arms=2,
        states=2,
    )
    found = diagnose(estimate(counts))
    np.testing.assert_allclose(found.arm_relaxation_times, [1 / 0.2, 1 / 0.7])
    pooled = 140 / 200 + 170 / 200 - 1
    assert found.relaxation_time == pytest.approx(1 / (1 - pooled))
    np.testing.assert_allclose(
        found.effective_samples, [200, 1 / ((2 / 7) ** 2 / 100 + (5 / 7) ** 2 / 100)]
    )
    assert found.tests == ()


def moves(*rows, arms=2, states=3):
    arm, state, after, count = map(list, zip(*rows, strict=True))
    spread = np.array(count) * (1.0 + np.array(state))
    names = ("old", "new")
    return TransitionCounts(arm, state, after, count, spread * 0, spread, arms, states, names)


def test_what_is_missing_is_named_with_its_weight():
    counts = moves(
        *((0, 0, 0, 50), (0, 0, 1, 50), (0, 1, 0, 50), (0, 1, 1, 50), (0, 2, 0, 3)),
        *((1, 0, 0, 50), (1, 0, 1, 50), (1, 1, 0, 47), (1, 1, 1, 50), (1, 1, 2, 3)),
    )
    found = estimate(counts).diagnostics
    assert found.unvisited[1].tolist() == [2]
    in_state_1 = 0.5 / (0.5 + 47 / 97)
    np.testing.assert_allclose(found.left_out, [0.0, 0.03 * in_state_1])
    (problem,) = found.problems
    assert problem.startswith(
        "Arm 'new' was not seen to come back from {2}, where it was never played in 1 of them: "
        "1.52% of its long run is left out."
    )
    assert problem.endswith("less than its standard error; that is tolerable.")


def test_missing_states_that_could_matter_ask_for_play():
    counts = moves((0, 0, 1, 100), (0, 1, 0, 100), (1, 0, 1, 100), (1, 1, 0, 97), (1, 1, 2, 3))
    sure = TransitionCounts(
        *(counts.arm, counts.state, counts.next_state, counts.count),
        reward_sum=counts.count * counts.state * 50.0,
        reward_squares=counts.count * (counts.state * 50.0) ** 2,
        arms=2,
        states=3,
    )
    (problem,) = estimate(sure).diagnostics.problems
    # Bias of the two states: half a reward of 50 each way; 1.5 % of the run; no noise at all.
    assert "the effect would move by up to 0.375, more than its standard error; play" in problem


def test_thin_states_are_named():
    counts = moves(
        *((0, 0, 1, 100), (0, 1, 0, 100)),
        *((1, 0, 0, 20), (1, 0, 2, 4), (1, 2, 0, 4)),
    )
    found = estimate(counts).diagnostics
    assert found.thin[0] == 0.0
    assert found.thin[1] == pytest.approx(1 / 7)
    assert found.problems == (
        "Arm 'new' spends 14% of its long run in states where it was played fewer than 5 times: "
        "its standard error may be too small; take more steps, or fewer states.",
    )


def test_a_log_of_few_relaxation_times_is_called_short():
    counts = moves(
        *((0, 0, 0, 95), (0, 0, 1, 5), (0, 1, 1, 95), (0, 1, 0, 5)),
        *((1, 0, 0, 95), (1, 0, 1, 5), (1, 1, 1, 95), (1, 1, 0, 5)),
    )
    found = estimate(counts).diagnostics
    assert found.relaxation_time == pytest.approx(10)
    assert found.problems == ()
    shorter = TransitionCounts(
        *(counts.arm, counts.state, counts.next_state, counts.count * 0.7),
        *(counts.reward_sum * 0.7, counts.reward_squares * 0.7, 2, 3),
    )
    (problem,) = estimate(shorter).diagnostics.problems
    assert problem == (
        "The log lasts 28 of its own relaxation times of 10 steps; the standard error can be "
        "trusted from about 30 on."
    )


def test_a_state_that_leaves_something_out_is_named():
    rng = np.random.default_rng(1)
    steps = steps_of_instance_a(2)
    reward = steps.rewards + 2.0 * (np.append(0, steps.states[:-1]) == 2) * (steps.states == 1)
    forgetful = RecordedSteps(steps.arms, steps.states, reward, steps.next_states)
    found = estimate(forgetful).diagnostics
    assert [test.outcome for test in found.tests if test.p_value < 0.001] == [
        "reward",
        "reward plus bias",
    ]
    assert "the reward depends on the previous step" in found.problems[0]
    assert "most in state 1" in found.problems[0]
    assert "leaves something out; make it finer." in found.problems[0]
    finer = rng.integers(0, 2, steps.total)
    tests = diagnose(estimate(steps), finer).tests
    assert [test.group for test in tests] == ["previous step"] * 3 + ["finer state"] * 3


def test_rewards_that_lose_their_digits_are_reported():
    rng = np.random.default_rng(3)
    steps = steps_of_instance_a(4)
    far = RecordedSteps(steps.arms, steps.states, 1e8 + rng.normal(size=3000), steps.next_states)
    assert any(
        "large beside their spread" in problem for problem in estimate(far).diagnostics.problems
    )
    # Rewards fixed by the step, of which rounding alone is left within a transition, are fine.
    fixed = RecordedSteps(steps.arms, steps.states, 0.1 * steps.next_states, steps.next_states)
    assert estimate(fixed).diagnostics.problems == ()
    near = RecordedSteps(steps.arms, steps.states, 1e3 + rng.normal(size=3000), steps.next_states)
    assert estimate(near).diagnostics.problems == ()


def test_a_passage_is_no_sample():
    """Each state after the other, but for what the arms are lent everywhere."""
    counts = moves((0, 0, 0, 9), (0, 0, 1, 1), (1, 1, 2, 1), (0, 2, 2, 1), states=3)
    found = diagnose(estimate(counts, {"old": 1.0}, prior=50.0))
    assert np.isnan(found.relaxation_time)
    assert found.problems[-1] == (
        "The log never came back to where it had been: it is one passage, not a sample."
    )


def test_finer_states_need_the_order_of_steps():
    with pytest.raises(BadLog, match="Finer states can be tested only with the steps in their"):
        diagnose(estimate(steps_of_instance_a(0).counts), finer=[0] * 3000)
