"""Naive, Differences-in-Q and switchback: limits by other routes, scatter against simulation."""

import numpy as np
import pytest

from eqsolve.design.estimation.counts import TransitionCounts
from eqsolve.design.estimation.differences_in_q import (
    differences_in_q,
    differences_in_q_value,
    differences_in_q_variance,
)
from eqsolve.design.estimation.estimators import compare_estimators
from eqsolve.design.estimation.naive import naive, naive_value, naive_variance
from eqsolve.design.estimation.recorded_steps import RecordedSteps
from eqsolve.design.estimation.switchback import switchback, switchback_value
from eqsolve.design.experiment import MarkovExperiment
from eqsolve.errors import BadExperiment, BadLog
from tests.design.simulated import counted, one_run, random_pair


def experiment_of(seed, states=4, arms=2):
    rng = np.random.default_rng(seed)
    transitions, by_next, deviations, policy = random_pair(rng, states=states, arms=arms)
    return MarkovExperiment(transitions, by_next, deviations**2), policy, rng


def raw(experiment):
    """Dense transitions and mean rewards."""
    return np.array([kernel.toarray() for kernel in experiment.transitions]), experiment.rewards


def test_the_naive_limit_is_the_mean_by_arm_over_the_occupancy():
    for seed in range(5):
        experiment, policy, _ = experiment_of(seed, arms=3)
        occupancy = experiment.occupancy(policy)
        means = (occupancy * experiment.rewards).sum(axis=1) / occupancy.sum(axis=1)
        wanted = [means[1] - means[0], means[2] - means[0]]
        np.testing.assert_allclose(naive_value(experiment, policy), wanted, rtol=1e-10)


def test_differences_in_q_are_the_derivative_of_the_long_run_mean():
    """Another route: change the policy a little towards one arm in all states, and divide."""
    for seed in range(5):
        experiment, _, _ = experiment_of(seed)
        transitions, rewards = raw(experiment)
        means = []
        for share in (0.4 + 1e-5, 0.4 - 1e-5):
            kernel = (1 - share) * transitions[0] + share * transitions[1]
            reward = (1 - share) * rewards[0] + share * rewards[1]
            means.append(np.linalg.matrix_power(kernel, 2000)[0] @ reward)
        slope = (means[0] - means[1]) / 2e-5
        policy = np.tile([0.6, 0.4], (4, 1))
        assert differences_in_q_value(experiment, policy) == pytest.approx(slope, rel=1e-6)


def test_the_bias_of_differences_in_q_is_of_second_order():
    experiment, _, _ = experiment_of(7)
    transitions, rewards = raw(experiment)
    coin = np.full((4, 2), 0.5)
    sizes, biases = (0.2, 0.1, 0.05), {"naive": [], "q": []}
    for size in sizes:
        other = transitions[0] + size * (transitions[1] - transitions[0])
        near = MarkovExperiment([transitions[0], other], [rewards[0], rewards[0]], 1.0)
        biases["naive"].append(naive_value(near, coin) - near.effect())
        biases["q"].append(differences_in_q_value(near, coin) - near.effect())
    halved = {name: np.array(values[1:]) / values[:-1] for name, values in biases.items()}
    np.testing.assert_allclose(halved["naive"], 1 / 2, atol=0.1)
    assert (np.abs(halved["q"]) < 0.3).all()


def test_without_states_all_estimators_are_the_difference_of_means():
    experiment = MarkovExperiment([[[1]], [[1]]], [[1.0], [3.0]], [[1.0], [4.0]])
    policy = [[0.2, 0.8]]
    for value, variance in (
        (naive_value, naive_variance),
        (differences_in_q_value, differences_in_q_variance),
    ):
        assert value(experiment, policy) == pytest.approx(2.0)
        assert variance(experiment, policy) == pytest.approx(1 / 0.2 + 4 / 0.8)
    assert switchback_value(experiment, 5) == 2.0


def as_counts(cells):
    arm, state, after = np.nonzero(cells[0])
    columns = (cell[arm, state, after] for cell in cells)
    return TransitionCounts(arm, state, after, *columns, cells[0].shape[0], cells[0].shape[1])


def test_limits_and_variances_are_those_of_simulated_runs():
    """150 runs: means within four standard errors of the limit, n Var within three of its own."""
    transitions, by_next, deviations, policy = random_pair(np.random.default_rng(0), states=3)
    experiment = MarkovExperiment(transitions, by_next, deviations**2)
    rng, runs, steps = np.random.default_rng(1), 150, 1000
    ((_, *cells),) = counted(transitions, by_next, deviations, policy, steps, runs, rng)
    logs = [as_counts([cell[run] for cell in cells]) for run in range(runs)]
    for make, value, variance in (
        (naive, naive_value, naive_variance),
        (differences_in_q, differences_in_q_value, differences_in_q_variance),
    ):
        found = [make(log) for log in logs]
        effects = np.array([one.effect for one in found])
        errors = np.array([one.standard_error for one in found])
        limit, spread = value(experiment, policy), variance(experiment, policy)
        # The limit is reached up to terms of order 1 / n.
        assert abs(effects.mean() - limit) < 4 * effects.std() / np.sqrt(runs) + 4 / steps
        assert steps * effects.var() == pytest.approx(spread, rel=3 * np.sqrt(2 / runs))
        assert steps * np.mean(errors**2) == pytest.approx(spread, rel=0.05)


def test_the_naive_estimate_is_the_mean_reward_by_arm():
    rng = np.random.default_rng(3)
    transitions, by_next, deviations, policy = random_pair(rng)
    arm, state, reward, after = one_run(transitions, by_next, deviations, policy, 300, rng)
    found = naive(TransitionCounts.from_steps(arm, state, reward, after))
    wanted = reward[arm == 1].mean() - reward[arm == 0].mean()
    assert found.effect == pytest.approx(wanted, rel=1e-12)
    assert wanted in found.interval()


def test_differences_in_q_leave_out_what_was_seldom_met_and_refuse_what_was_not():
    moves = [
        (0, 0, 1, 99),
        (1, 0, 1, 100),
        (0, 1, 0, 100),
        (1, 1, 0, 98),
        (0, 2, 0, 1),
        (0, 0, 2, 1),
    ]
    arm, state, after, steps = map(list, zip(*moves, strict=True))
    seldom = TransitionCounts(arm, state, after, steps, steps, steps, 2, 3)
    (note,) = differences_in_q(seldom).notes
    assert note.endswith("of the log, in states where an arm was never played, is left out.")
    never = TransitionCounts([0, 1, 0], [0, 0, 1], [1, 1, 0], [9, 9, 18], *[[0.0] * 3] * 2, 2, 2)
    with pytest.raises(BadLog, match="50% of the log is in states where one of them was never"):
        differences_in_q(never)
    sums = [[-1.0, 2.0]]
    with pytest.raises(BadExperiment, match="weights should sum to zero, not to 1"):
        differences_in_q(seldom, sums)


def test_limits_of_policies_that_do_not_try_the_arms_are_refused():
    experiment, _, _ = experiment_of(0)
    with pytest.raises(BadExperiment, match="The policy never uses arm 1"):
        naive_value(experiment, [[1.0, 0.0]] * 4)
    policy = [[0.5, 0.5]] * 3 + [[1.0, 0.0]]
    with pytest.raises(BadExperiment, match="does not use every arm in state 3"):
        differences_in_q_value(experiment, policy)
    with pytest.raises(BadLog, match="Arm 1 was never played"):
        naive(TransitionCounts([0], [0], [0], [5], [0.0], [0.0], 2, 1))


def switchback_run(experiment, block, blocks, rng):
    transitions, rewards = raw(experiment)
    arm = np.repeat(rng.integers(0, 2, blocks), block)
    state = np.zeros(arm.size + 1, dtype=int)
    limits, draws = np.cumsum(transitions, axis=2), rng.random(arm.size)
    for step in range(arm.size):
        state[step + 1] = np.searchsorted(limits[arm[step], state[step]], draws[step])
    reward = rewards[arm, state[:-1]] + 0.1 * rng.normal(size=arm.size)
    return RecordedSteps(arm, state[:-1], reward, state[1:], number_of_states=len(rewards[0]))


@pytest.mark.parametrize(("block", "burn_in"), [(1, 0), (4, 0), (4, 2)])
def test_the_switchback_limit_is_what_long_runs_show(block, burn_in):
    experiment, _, rng = experiment_of(4)
    steps = switchback_run(experiment, block, 60_000 // block, rng)
    found = switchback(steps, block, burn_in=burn_in)
    limit = switchback_value(experiment, block, burn_in=burn_in)
    assert abs(found.effect - limit) < 3 * found.standard_error
    assert found.standard_error < 0.02
    assert abs(limit - experiment.effect()) > 5e-4


def test_longer_burn_in_takes_the_bias_away():
    experiment, _, _ = experiment_of(5)
    biases = [
        abs(switchback_value(experiment, 40, burn_in=skipped) - experiment.effect())
        for skipped in (0, 5, 10, 20)
    ]
    assert (np.diff(biases) < 0).all()
    assert biases[-1] < 1e-5


def test_block_means_and_both_weightings_by_hand():
    arm = np.repeat([0, 1, 1, 0, 1], 2)
    reward = np.array([9.0, 1, 9, 2, 9, 4, 9, 3, 9, 6])
    steps = RecordedSteps(arm, [0] * 10, reward, [0] * 10)
    realised = switchback(steps, 2, burn_in=1)
    assert realised.effect == pytest.approx(4 - 2)
    assert realised.standard_error == pytest.approx(np.sqrt(2 / 2 + 4 / 3))
    designed = switchback(steps, 2, burn_in=1, probabilities=[0.5, 0.5])
    terms = np.array([-1, 2, 4, -3, 6]) * 2.0
    assert designed.effect == pytest.approx(terms.mean())
    assert designed.standard_error == pytest.approx(terms.std(ddof=1) / np.sqrt(5))


def test_blocks_are_counted_from_the_start_of_each_run():
    arm = [0, 0, 1, 1, 0, 1, 1, 0, 0, 1]
    new_run = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0]
    steps = RecordedSteps(arm, [0] * 10, np.arange(10.0), [0] * 10, new_run=new_run)
    # Whole blocks: rows 0-1, 2-3 of the first run, 5-6, 7-8 of the second.
    assert switchback(steps, 2).effect == pytest.approx((2.5 + 5.5) / 2 - (0.5 + 7.5) / 2)


@pytest.mark.parametrize(
    ("options", "error", "sentence"),
    [
        ({"block": 2, "burn_in": 2}, BadExperiment, "block=2, burn_in=2: a block has at least"),
        ({"block": 2.5}, BadExperiment, "block=2.5"),
        ({"block": 4}, BadLog, "Rows 0 to 3 play several arms; a switchback plays one arm in"),
        ({"block": 2, "contrast": [1, 2, 3]}, BadExperiment, "A contrast needs one weight"),
        ({"block": 2, "probabilities": [0.5, 0.6]}, BadExperiment, "probabilities should be 2"),
        ({"block": 2, "probabilities": [1.0, 0.0]}, BadExperiment, "positive for every arm"),
    ],
)
def test_switchbacks_that_cannot_be_are_refused(options, error, sentence):
    steps = RecordedSteps([0, 0, 1, 1] * 2, [0] * 8, np.zeros(8), [0] * 8)
    with pytest.raises(error, match=sentence):
        switchback(steps, **options)


def test_a_switchback_of_one_block_an_arm_is_refused():
    steps = RecordedSteps([0, 0, 1, 1], [0] * 4, np.zeros(4), [0] * 4, arm_names=("old", "new"))
    with pytest.raises(BadLog, match="Arm 'old' has 1 blocks of 2 steps"):
        switchback(steps, 2)


def test_the_comparison_shows_every_bias():
    experiment, _, rng = experiment_of(6)
    steps = switchback_run(experiment, 5, 4000, rng)
    coin = np.full((4, 2), 0.5)
    compared = compare_estimators(steps, experiment=experiment, policy=coin, block=5, burn_in=1)
    assert [row.name for row in compared.rows] == [
        "maximum likelihood",
        "naive difference",
        "Differences-in-Q",
        "switchback",
    ]
    assert compared.truth == experiment.effect()
    assert compared["switchback"].limit == switchback_value(experiment, 5, burn_in=1)
    headers = compared.table().headers
    assert headers == ("estimator", "estimate", "standard error", "tends to", "bias")
    assert compared.table().rows[0][-1] == 0.0
    assert "true effect" in str(compared)
    bare = compare_estimators(steps.counts)
    assert bare.truth is None
    assert bare.table().headers == ("estimator", "estimate", "standard error")
    assert np.isnan(bare["naive difference"].limit)
    with pytest.raises(KeyError, match="best"):
        bare["best"]
    ax = compared.plot()
    assert len(ax.get_yticklabels()) == 4


def test_an_estimator_that_the_log_does_not_allow_says_why():
    counts = TransitionCounts([0, 1, 0], [0, 0, 1], [1, 1, 0], [9, 9, 18], *[[0.0] * 3] * 2, 2, 2)
    compared = compare_estimators(counts)
    assert np.isnan(compared["maximum likelihood"].estimate)
    assert "where it settles" in compared["maximum likelihood"].note
    assert compared["naive difference"].estimate == 0.0
    assert "Differences-in-Q: Differences in Q compare the arms" in str(compared)
    with pytest.raises(BadLog, match="A switchback needs the steps in their order"):
        compare_estimators(counts, block=3)
    with pytest.raises(BadExperiment, match="one contrast at a time"):
        compare_estimators(counts, [[-1, 1]])
