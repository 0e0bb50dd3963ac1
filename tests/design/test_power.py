"""Power against the test it describes, and its inverses."""

import numpy as np
import pytest
from scipy import stats

from eqsolve.design.estimation.counts import TransitionCounts
from eqsolve.design.estimation.estimate import estimate
from eqsolve.design.estimation.power import detectable_effect, power, sample_size
from eqsolve.design.experiment import MarkovExperiment
from eqsolve.errors import BadExperiment
from tests.design.simulated import instance_a


def test_power_is_how_often_a_normal_estimate_rejects_no_effect():
    """chi-square with one degree of freedom, not central: the square of the test statistic."""
    for level, shift in ((0.95, 0.7), (0.9, 2.0), (0.99, 3.0)):
        wanted = stats.ncx2.sf(stats.chi2.ppf(level, 1), 1, shift**2)
        found = power(4.0, shift * np.sqrt(4.0 / 100), 100, level=level)
        assert found == pytest.approx(wanted, rel=1e-9)


def test_detectable_effects_and_sample_sizes_undo_power():
    for wanted in (0.3, 0.8, 0.99):
        effect = detectable_effect(2.5, 700, power=wanted, level=0.9)
        assert power(2.5, effect, 700, level=0.9) == pytest.approx(wanted, rel=1e-9)
        steps = sample_size(2.5, effect, power=wanted, level=0.9)
        assert steps in (700, 701)
        assert power(2.5, 0.05, sample_size(2.5, 0.05, power=wanted)) >= wanted
        assert power(2.5, 0.05, sample_size(2.5, 0.05, power=wanted) - 1) < wanted


def test_power_of_arrays_grows_with_effect_and_steps():
    table = power(1.0, np.array([[0.1], [0.2]]), np.array([100, 1000]))
    assert table.shape == (2, 2)
    assert (np.diff(table, axis=0) > 0).all()
    assert (np.diff(table, axis=1) > 0).all()
    assert power(1.0, -0.1, 100) == power(1.0, 0.1, 100)


def test_experiments_estimates_and_designs_bring_their_variance():
    transitions, rewards = instance_a()
    experiment = MarkovExperiment(transitions, rewards, 1.0)
    policy = np.array([[0.2, 0.8]] * 3)
    assert power(experiment, 0.1, 5000) == power(experiment.variance([[0.5, 0.5]] * 3), 0.1, 5000)
    assert sample_size(experiment, 0.1, policy=policy, contrast=[1, 1]) == sample_size(
        experiment.variance(policy, [1, 1]), 0.1
    )
    counts = TransitionCounts([0, 1], [0, 0], [0, 0], [50, 50], [0, 50], [50, 100], 2, 1)
    found = estimate(counts)
    assert found.variance == pytest.approx(4.0)
    assert detectable_effect(found, 400) == pytest.approx(detectable_effect(4.0, 400))

    class Design:
        variances = np.array([4.0])

    assert power(Design(), 0.1, 400) == power(4.0, 0.1, 400)


def test_without_variance_every_effect_shows():
    assert power(0.0, 1e-9, 1) == 1.0
    assert power(0.0, 0.0, 1) == pytest.approx(0.05)
    assert sample_size(0.0, 1.0) == 1
    assert detectable_effect(0.0, 10) == 0.0


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: power(-1.0, 1, 1), "variance=-1.0: a variance is zero or more."),
        (lambda: power(np.nan, 1, 1), "variance=nan"),
        (lambda: power([1.0, 2.0], 1, 1), "variances of 2 contrasts; power is asked of one"),
        (lambda: power(1.0, 1, 0), "steps=0: the number of steps of a run is positive."),
        (lambda: power(1.0, 1, 1, level=1.0), "level=1.0: it is a probability"),
        (lambda: power(1.0, 1, 1, policy=[[1.0]]), "A policy and a contrast belong to an exp"),
        (lambda: detectable_effect(1.0, -5), "steps=-5"),
        (lambda: detectable_effect(1.0, 5, power=0.01), "power=0.01: it is a probability above"),
        (lambda: sample_size(1.0, 0.0), "effect=0.0: no run is long enough to show that."),
        (lambda: sample_size(np.inf, 1.0), "The variance is infinite: no run is long enough."),
    ],
)
def test_requests_that_cannot_be_met_are_refused(call, sentence):
    with pytest.raises(BadExperiment) as refusal:
        call()
    assert sentence in str(refusal.value)
