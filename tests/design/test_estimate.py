"""The maximum-likelihood effect: known answers, independent routes, degenerate logs, refusals."""

import numpy as np
import pytest

from eqsolve.design.estimation.counts import TransitionCounts
from eqsolve.design.estimation.estimate import estimate
from eqsolve.design.estimation.recorded_steps import RecordedSteps
from eqsolve.design.experiment import MarkovExperiment
from eqsolve.errors import BadExperiment, BadLog
from tests.design.simulated import EFFECT_A, instance_a, one_run, random_pair


def expected_counts(transitions, rewards, variances, occupancy, steps):
    """What a log of so many steps holds on average."""
    arm, state, after = np.nonzero(transitions)
    count = steps * occupancy[arm, state] * transitions[arm, state, after]
    mean = rewards[arm, state] if rewards.ndim == 2 else rewards[arm, state, after]
    squares = count * (mean**2 + variances[arm, state])
    arms, states = occupancy.shape
    return TransitionCounts(arm, state, after, count, count * mean, squares, arms, states)


def plain_effect(transitions, rewards):
    """Second minus first by one dense eigenproblem an arm: another route to long-run means."""
    means = []
    for kernel, reward in zip(transitions, rewards, strict=True):
        values, vectors = np.linalg.eig(kernel.T)
        law = np.real(vectors[:, np.argmin(np.abs(values - 1))])
        means.append(law / law.sum() @ reward)
    return means[1] - means[0]


def test_instance_a_to_all_printed_digits():
    transitions, rewards = instance_a()
    own = [np.linalg.matrix_power(kernel, 500)[0] for kernel in transitions]
    for arm, printed in enumerate((2.642746, 3.119124)):
        occupancy = np.zeros((2, 3))
        occupancy[arm] = own[arm]
        alone = expected_counts(transitions, rewards, np.ones((2, 3)), occupancy, 1e6)
        found = estimate(alone, {arm: 1.0})
        assert found.variance == pytest.approx(printed, abs=5e-7)
    halves = expected_counts(transitions, rewards, np.ones((2, 3)), np.array(own) / 2, 1e6)
    both = estimate(halves)
    assert both.effect == pytest.approx(-0.9729730, abs=5e-8)
    assert both.variance == pytest.approx(11.523740, abs=5e-7)


def test_the_estimate_of_expected_counts_is_the_experiment_itself():
    rng = np.random.default_rng(0)
    transitions, by_next, deviations, policy = random_pair(rng, states=5, arms=3)
    experiment = MarkovExperiment(transitions, by_next, deviations**2)
    occupancy = experiment.occupancy(policy)
    counts = expected_counts(transitions, by_next, deviations**2, occupancy, 1e5)
    contrasts = [[-1, 1, 0], [0.5, 0.5, -2.0]]
    found = estimate(counts, contrasts)
    np.testing.assert_allclose(found.effect, experiment.effect(contrasts), rtol=1e-9)
    np.testing.assert_allclose(found.variance, experiment.variance(policy, contrasts), rtol=1e-9)
    np.testing.assert_allclose(found.arm_means, experiment.averages, rtol=1e-9)


def test_the_variance_is_the_delta_method_by_finite_differences():
    """Another route: multinomial covariances of every estimated number, derivatives numerical."""
    rng = np.random.default_rng(1)
    transitions, _, deviations, _ = random_pair(rng, states=3)
    rewards = rng.normal(size=(2, 3))
    counts = expected_counts(transitions, rewards, deviations**2, np.full((2, 3), 1 / 6), 6000)
    variance, size = 0.0, 1e-5
    for arm, state in np.ndindex(2, 3):
        slopes = np.zeros(3)
        for after in range(3):
            ends = []
            for sign in (1, -1):
                moved = transitions.copy()
                moved[arm, state, after] += sign * size
                moved[arm, state] /= moved[arm, state].sum()
                ends.append(plain_effect(moved, rewards))
            slopes[after] = (ends[0] - ends[1]) / (2 * size)
        row = transitions[arm, state]
        # Normalising makes the slopes those of directions that sum to zero.
        variance += (row @ slopes**2 - (row @ slopes) ** 2) / 1000
        ends = []
        for sign in (1, -1):
            moved = rewards.copy()
            moved[arm, state] += sign * size
            ends.append(plain_effect(transitions, moved))
        slope = (ends[0] - ends[1]) / (2 * size)
        variance += slope**2 * deviations[arm, state] ** 2 / 1000
    assert estimate(counts).standard_error ** 2 == pytest.approx(variance, rel=1e-6)


def test_rewards_of_the_next_state_are_those_of_the_enlarged_chain():
    """States (x, y) of a step and the next: there the reward depends on the state alone."""
    rng = np.random.default_rng(2)
    transitions, by_next, _, _ = random_pair(rng, states=3, arms=1)
    kernel, reward = transitions[0], by_next[0]
    law = np.linalg.matrix_power(kernel, 500)[0]
    counts = expected_counts(transitions, by_next, np.zeros((1, 3)), law[None], 1e4)
    pairs = [(x, y) for x in range(3) for y in range(3)]
    enlarged = np.array([[kernel[y, z] * (y == w) for w, z in pairs] for _, y in pairs])
    alone = MarkovExperiment([enlarged], [[reward[x, y] for x, y in pairs]], 0.0)
    found = estimate(counts)
    assert found.effect == pytest.approx(alone.effect(), rel=1e-10)
    assert found.variance == pytest.approx(alone.own_variances[0], rel=1e-10)


@pytest.mark.parametrize("states", [3, 10, 200])
def test_opposite_cycles_in_closed_form(states):
    """Instance C: s^2 V is 2 s (d_1^2 + d_2^2) for half and half."""
    q = np.array([0.3, 0.6])
    up = np.roll(np.eye(states), 1, axis=1)
    counts = expected_counts(
        np.array([up, up.T]),
        np.outer(q, np.eye(states)[0]),
        np.outer(q * (1 - q), np.eye(states)[0]),
        np.full((2, states), 1 / (2 * states)),
        1000 * states,
    )
    found = estimate(counts)
    assert found.effect == pytest.approx(0.3 / states, rel=1e-9)
    spread = 2 * states * (q * (1 - q)).sum()
    assert states**2 * found.variance == pytest.approx(spread, rel=1e-9)


def test_rewards_without_noise_in_one_state_leave_no_doubt():
    counts = TransitionCounts([0, 1], [0, 0], [0, 0], [10, 10], [20, 30], [40, 90], 2, 1)
    found = estimate(counts)
    assert (found.effect, found.standard_error) == (1.0, 0.0)
    assert tuple(found.interval()) == (1.0, 1.0)
    assert tuple(found.interval(kind="anytime")) == (1.0, 1.0)


def test_steps_in_order_and_their_counts_say_the_same():
    transitions, rewards = instance_a()
    policy = np.full((3, 2), 0.5)
    run = one_run(transitions, rewards, np.ones((2, 3)), policy, 500, np.random.default_rng(3))
    steps = RecordedSteps(*run, number_of_states=3)
    ordered, counted = estimate(steps), estimate(steps.counts)
    assert ordered.effect == counted.effect == steps.estimate().effect
    assert ordered.standard_error == counted.standard_error
    assert ordered.recorded is steps
    assert counted.recorded is None


def random_counts(seed, states=4):
    rng = np.random.default_rng(seed)
    transitions, by_next, deviations, policy = random_pair(rng, states=states)
    run = one_run(transitions, by_next, deviations, policy, 600, rng)
    return TransitionCounts.from_steps(*run, number_of_arms=2, number_of_states=states)


def changed(counts, **columns):
    given = {
        name: getattr(counts, name)
        for name in ("arm", "state", "next_state", "count", "reward_sum", "reward_squares")
    }
    return TransitionCounts(**(given | columns), arms=counts.arms, states=counts.states)


@pytest.mark.parametrize("seed", range(5))
def test_renumbering_states_changes_nothing(seed):
    counts = random_counts(seed)
    order = np.random.default_rng(seed).permutation(4)
    moved = changed(counts, state=order[counts.state], next_state=order[counts.next_state])
    first, second = estimate(counts), estimate(moved)
    assert second.effect == pytest.approx(first.effect, rel=1e-10)
    assert second.standard_error == pytest.approx(first.standard_error, rel=1e-10)


@pytest.mark.parametrize("seed", range(5))
def test_exchanging_the_arms_changes_the_sign(seed):
    counts = random_counts(seed)
    first, second = estimate(counts), estimate(changed(counts, arm=1 - counts.arm))
    assert second.effect == -first.effect
    assert second.standard_error == first.standard_error


@pytest.mark.parametrize("seed", range(5))
def test_a_constant_on_all_rewards_changes_no_difference_and_a_factor_scales_it(seed):
    counts = random_counts(seed)
    shifted = changed(
        counts,
        reward_sum=3 * counts.reward_sum + 7 * counts.count,
        reward_squares=9 * counts.reward_squares + 42 * counts.reward_sum + 49 * counts.count,
    )
    first, second = estimate(counts), estimate(shifted)
    assert second.effect == pytest.approx(3 * first.effect, rel=1e-9)
    assert second.standard_error == pytest.approx(3 * first.standard_error, rel=1e-9)


def test_twice_the_log_halves_the_squared_standard_error():
    counts = random_counts(0)
    first, second = estimate(counts), estimate(counts + counts)
    assert second.effect == pytest.approx(first.effect, rel=1e-12)
    assert second.standard_error**2 == pytest.approx(first.standard_error**2 / 2, rel=1e-12)
    assert second.variance == pytest.approx(first.variance, rel=1e-12)


def test_states_that_only_one_arm_visits_do_not_harm_the_other():
    """Arm 1 lives in states 2 and 3, where arm 0 never goes by itself."""
    counts = TransitionCounts(
        arm=[0, 0, 0, 1, 1, 1],
        state=[0, 1, 2, 2, 3, 0],
        next_state=[1, 0, 0, 3, 2, 2],
        count=[50, 50, 9, 50, 50, 9],
        reward_sum=[50, 0, 0, 0, 100, 0],
        reward_squares=[50, 0, 0, 0, 200, 0],
        arms=2,
        states=4,
    )
    found = estimate(counts)
    assert found.arm_means.tolist() == [0.5, 1.0]
    assert [arm.states.tolist() for arm in found.arms] == [[0, 1], [2, 3]]
    assert found.notes == ()


def test_steps_that_left_for_good_are_left_out_and_said_so():
    counts = TransitionCounts(
        arm=[0, 0, 0, 1, 1],
        state=[0, 1, 1, 0, 1],
        next_state=[1, 0, 2, 1, 0],
        count=[100, 98, 2, 50, 50],
        reward_sum=[100, 0, 50, 0, 50],
        reward_squares=[100, 0, 1250, 0, 50],
        arms=2,
        states=3,
        arm_names=("old", "new"),
    )
    found = estimate(counts)
    assert found.effect == 0.0
    assert found.arms[0].left_for.tolist() == [2]
    assert found.arms[0].left_out == pytest.approx(0.5 * 0.02)
    (note,) = found.notes
    assert note == (
        "Arm 'old' was not seen to come back from {2}: 1.00% of its steps, which went there, are "
        "left out."
    )
    assert str(found).endswith(note)


def test_an_arm_without_weight_need_not_be_identified():
    counts = TransitionCounts([0, 1], [0, 0], [0, 0], [10, 10], [0, 10], [10, 20], 3, 1)
    found = estimate(counts, [-1, 1, 0])
    assert found.effect == 1.0
    assert np.isnan(found.arm_means[2])
    assert found.arms[2] is None
    with pytest.raises(BadLog, match="Arm 2 was never played"):
        estimate(counts)


def test_contrasts_by_name_and_in_rows():
    counts = TransitionCounts(
        [0, 1, 2], [0] * 3, [0] * 3, [10] * 3, [0, 10, 30], [10, 20, 100], 3, 1,
        arm_names=("old", "new", "newest"),
    )  # fmt: skip
    assert estimate(counts, {"newest": 1, "new": -1}).effect == 2.0
    rows = estimate(counts)
    assert rows.effect.tolist() == [1.0, 3.0]
    assert rows.interval().low.shape == (2,)
    labels = [row[0] for row in rows.table().rows]
    assert labels[3:] == ["new minus old", "newest minus old"]
    weighed = estimate(counts, [-0.5, -0.5, 1.0]).table().rows[-1]
    assert weighed[0] == "-0.5 old + -0.5 new + 1 newest"


def test_pseudo_steps_draw_the_arms_together_and_vanish_with_the_log():
    counts = random_counts(1)
    plain = estimate(counts).effect
    drawn = [estimate(counts, prior=prior).effect for prior in (1e-9, 10.0, 1e9)]
    assert drawn[0] == pytest.approx(plain, rel=1e-6)
    assert abs(drawn[1]) < abs(plain)
    assert drawn[2] == pytest.approx(0.0, abs=1e-5)


def test_an_empty_log_and_wrong_requests_are_refused():
    with pytest.raises(BadLog, match="The log holds no steps"):
        estimate(TransitionCounts.empty(2, 2))
    counts = random_counts(0)
    with pytest.raises(BadLog, match="prior=-1: it is a number of pseudo-steps, zero or more"):
        estimate(counts, prior=-1)
    with pytest.raises(BadExperiment, match="arm 'best', which is none of the arms"):
        estimate(counts, {"best": 1})
    found = estimate(counts)
    with pytest.raises(BadExperiment, match="an interval is one of clt, anytime, bootstrap"):
        found.interval(kind="exact")
    with pytest.raises(BadExperiment, match="level=95: it is a probability"):
        found.interval(95)
    with pytest.raises(BadLog, match="needs the steps in their order"):
        found.interval(kind="bootstrap")


def test_the_summary_holds_the_estimate_and_the_diagnostics():
    found = estimate(random_counts(0))
    assert str(found.table()) in found.summary()
    assert "Diagnostics of 600 steps" in found.summary()
    assert found._repr_html_().startswith("<table>")


def test_the_plot_draws_both_intervals_of_every_contrast():
    found = estimate(random_counts(0), [[-1, 1], [1, 1]])
    ax = found.plot()
    assert [text.get_text() for text in ax.get_yticklabels()] == ["1 minus 0", "1 0 + 1 1"]
    shown = [path.vertices for lines in ax.collections for path in lines.get_paths()]
    clt, anytime = found.interval(), found.interval(kind="anytime")
    wanted = np.concatenate([clt.low, anytime.low])
    np.testing.assert_allclose([ends[0, 0] for ends in shown], wanted)


def test_the_true_effect_of_instance_a_lies_in_the_interval_of_a_run():
    transitions, rewards = instance_a()
    policy = np.full((3, 2), 0.5)
    run = one_run(transitions, rewards, np.ones((2, 3)), policy, 3000, np.random.default_rng(4))
    found = estimate(RecordedSteps(*run))
    assert EFFECT_A in found.interval(0.99)
    assert found.interval(0.99).half_width < 0.3
