"""The experiment that a log suggests."""

import numpy as np
import pytest

from eqsolve.design.estimation.counts import TransitionCounts
from eqsolve.design.estimation.estimate import estimate
from eqsolve.design.estimation.plug_in import smoothed
from eqsolve.errors import BadExperiment, BadLog
from tests.design.simulated import one_run, random_pair


def random_counts(seed, states=4, steps=800):
    rng = np.random.default_rng(seed)
    transitions, by_next, deviations, policy = random_pair(rng, states=states)
    run = one_run(transitions, by_next, deviations, policy, steps, rng)
    return TransitionCounts.from_steps(*run, number_of_arms=2, number_of_states=states)


@pytest.mark.parametrize("seed", range(4))
def test_it_has_the_effect_and_the_variance_of_the_estimate(seed):
    counts = random_counts(seed)
    found, experiment = estimate(counts), counts.experiment()
    assert experiment.effect() == pytest.approx(found.effect, rel=1e-10)
    occupancy = counts.visits / counts.total
    assert experiment.variance(occupancy) == pytest.approx(found.variance, rel=1e-10)
    for arm in found.arms:
        np.testing.assert_allclose(
            experiment.step_variances[arm.arm, arm.states], arm.step_variances, rtol=1e-9
        )


def test_with_pseudo_steps_its_effect_is_that_of_the_estimate_with_them():
    counts = random_counts(5)
    found = estimate(counts, prior=3.0)
    assert counts.experiment(prior=3.0).effect() == pytest.approx(found.effect, rel=1e-10)


def test_where_an_arm_was_never_played_it_takes_the_row_of_the_others():
    counts = TransitionCounts.from_steps(
        [0, 0, 1, 0, 1], [0, 1, 0, 1, 0], [1.0, 2.0, 0.0, 4.0, 5.0], [1, 0, 1, 1, 0]
    )
    experiment = counts.experiment()
    np.testing.assert_array_equal(experiment.transitions[1].toarray()[1], [0.5, 0.5])
    assert experiment.rewards[1, 1] == 3.0


def test_a_state_never_left_goes_back_and_one_never_met_goes_home():
    counts = TransitionCounts(
        [0, 0, 0], [0, 0, 0], [0, 1, 2], [7, 2, 1], [0.0] * 3, [0.0] * 3, 1, 4
    )
    kernel = counts.experiment().transitions[0].toarray()
    np.testing.assert_array_equal(kernel[1:], [[1, 0, 0, 0]] * 3)


def test_single_steps_take_the_variance_within_pairs_of_the_whole_log():
    # State 0: 101 steps of variance 4; state 1: one step, of which nothing can be seen.
    counts = TransitionCounts([0, 0], [0, 1], [1, 0], [101, 1], [0.0, 5.0], [404.0, 25.0], 1, 2)
    overall = 404.0 / 100
    np.testing.assert_allclose(counts.experiment().reward_variances, [[4.0, 0.0]])
    np.testing.assert_allclose(
        counts.experiment(prior=1.0).reward_variances,
        [[(404 / 101 * 102 + overall) / 103, overall / 3]],
    )


def test_pseudo_steps_are_added_for_every_arm_where_any_arm_was():
    counts = random_counts(6)
    lent = smoothed(counts, 2.5)
    np.testing.assert_allclose(lent.visits, counts.visits + 2.5)
    pooled = counts.visits.sum(axis=0)
    together = sum(counts.matrix(arm, counts.count).toarray() for arm in (0, 1))
    for arm in (0, 1):
        own = counts.matrix(arm, counts.count).toarray()
        wanted = own + 2.5 * together / pooled[:, None]
        np.testing.assert_allclose(lent.matrix(arm, lent.count).toarray(), wanted)
    assert smoothed(counts, 0.0) is counts


def test_what_cannot_be_an_experiment_is_refused():
    with pytest.raises(BadLog, match="holds no steps"):
        TransitionCounts.empty(2, 2).experiment()
    with pytest.raises(BadLog, match="prior=nan"):
        random_counts(0).experiment(prior=np.nan)
    apart = TransitionCounts.from_steps([0, 0], [0, 1], [0.0, 0.0], [0, 1])
    with pytest.raises(BadExperiment, match="2 closed classes"):
        apart.experiment()
