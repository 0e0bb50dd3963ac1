"""The theory of the estimate against runs by the plainest simulation."""

import numpy as np
import pytest

from eqsolve.design.estimation.counts import TransitionCounts
from eqsolve.design.estimation.estimate import estimate
from eqsolve.design.estimation.intervals import anytime_multiple
from eqsolve.design.estimation.replicated import estimate_many
from eqsolve.design.experiment import MarkovExperiment
from eqsolve.errors import BadExperiment, BadLog
from tests.design.simulated import EFFECT_A, counted, instance_a, random_pair

COIN = np.full((3, 2), 0.5)
ONES = np.ones((2, 3))


def test_variance_and_coverage_of_twenty_random_pairs():
    """n Var against the formula in Monte Carlo standard errors: twenty draws of a normal number."""
    distances, ratios, covered = [], [], []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        transitions, by_next, deviations, policy = random_pair(rng, states=int(rng.integers(2, 5)))
        experiment = MarkovExperiment(transitions, by_next, deviations**2)
        formula, truth = experiment.variance(policy), experiment.effect()
        steps, runs = 1000, 1000
        ((_, *cells),) = counted(transitions, by_next, deviations, policy, steps, runs, rng)
        many = estimate_many(*cells)
        squares = steps * (many.effect - many.effect.mean()) ** 2
        distances.append((squares.mean() - formula) / (squares.std() / np.sqrt(runs)))
        ratios.append(squares.mean() / formula)
        covered.append(np.abs(many.effect - truth) <= 1.959964 * many.standard_error)
    distances = np.array(distances)
    assert (np.abs(distances) < 2).sum() >= 17  # 19.1 are expected, fewer than 17 once in 86 times
    assert np.abs(distances).max() < 3.5
    assert np.mean(ratios) == pytest.approx(1, abs=0.03)  # three of its standard errors
    assert 0.94 < np.mean(covered) < 0.96


def test_intervals_of_instance_a_and_peeking():
    """2,000 runs, looked at 40 times each: CLT intervals are right once, anytime ones always."""
    transitions, rewards = instance_a()
    rng = np.random.default_rng(5)
    looks = np.unique(np.geomspace(200, 5000, 40).astype(int))
    missed = {"clt": np.zeros(2000, dtype=bool), "anytime": np.zeros(2000, dtype=bool)}
    for step, *cells in counted(transitions, rewards, ONES, COIN, 5000, 2000, rng, looks):
        many = estimate_many(*cells)
        # Where 200 steps do not identify the effect yet, there is no interval and no miss.
        assert many.identified.mean() >= 0.999
        distance = np.nan_to_num(np.abs(many.effect - EFFECT_A) / many.standard_error)
        missed["clt"] |= distance > 1.959964
        missed["anytime"] |= distance > anytime_multiple(step, tightest_at=2000)
    last = distance <= 1.959964
    assert 0.93 <= last.mean() <= 0.97
    assert missed["clt"].mean() > 0.25
    assert missed["anytime"].mean() < 0.05
    np.testing.assert_allclose(5000 * np.mean(many.standard_error**2), 15.83, rtol=0.02)


def as_counts(cells):
    arm, state, after = np.nonzero(cells[0])
    columns = (cell[arm, state, after] for cell in cells)
    return TransitionCounts(arm, state, after, *columns, cells[0].shape[0], cells[0].shape[1])


@pytest.mark.parametrize("steps", [4, 12, 40, 200])
def test_many_at_once_are_the_estimates_one_by_one(steps):
    """Short runs too, whose chains are reducible or not identified."""
    transitions, rewards = instance_a()
    rng = np.random.default_rng(6)
    ((_, *cells),) = counted(transitions, rewards, ONES, COIN, steps, 60, rng)
    many = estimate_many(*cells)
    refused = 0
    for run in range(60):
        try:
            one = estimate(as_counts([cell[run] for cell in cells]))
        except BadLog:
            refused += 1
            assert np.isnan(many.effect[run])
            assert not many.identified[run]
            continue
        assert many.effect[run] == pytest.approx(one.effect, rel=1e-9, abs=1e-12)
        assert many.standard_error[run] == pytest.approx(one.standard_error, rel=1e-9, abs=1e-12)
        assert many.steps[run] == steps
    assert refused == 0 if steps == 200 else 0 < refused < 60


def test_rewards_by_state_alone_are_shared_out_over_next_states():
    transitions, rewards = instance_a()
    ((_, *cells),) = counted(
        transitions, rewards, 0 * ONES, COIN, 300, 20, np.random.default_rng(7)
    )
    full = estimate_many(*cells)
    short = estimate_many(cells[0], cells[1].sum(axis=3), cells[2].sum(axis=3))
    np.testing.assert_allclose(short.effect, full.effect, rtol=1e-12)
    np.testing.assert_allclose(short.standard_error, full.standard_error, rtol=1e-9)


def test_contrasts_of_many_estimates():
    rng = np.random.default_rng(8)
    transitions, by_next, deviations, policy = random_pair(rng, arms=3)
    ((_, *cells),) = counted(transitions, by_next, deviations, policy, 400, 5, rng)
    named = estimate_many(*cells, {"c": 1, "a": -1}, arm_names=("a", "b", "c"))
    rows = estimate_many(*cells)
    assert named.effect.shape == (5,)
    assert rows.effect.shape == (5, 2)
    np.testing.assert_array_equal(named.effect, rows.effect[:, 1])
    np.testing.assert_array_equal(named.standard_error, rows.standard_error[:, 1])


def test_shapes_that_cannot_be_are_refused():
    with pytest.raises(BadLog, match=r"counts has shape \(2, 2\); it should be"):
        estimate_many(np.ones((2, 2)), np.ones(2), np.ones(2))
    cells = np.ones((1, 2, 2, 2))
    with pytest.raises(BadLog, match=r"reward_squares has shape \(3,\)"):
        estimate_many(cells, cells, np.ones(3))
    with pytest.raises(BadExperiment, match="A contrast needs one weight"):
        estimate_many(cells, cells, cells, [1, 2, 3])
