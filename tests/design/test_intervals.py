"""Intervals against formulas worked out by hand and by minimisation."""

import numpy as np
import pytest
from scipy import optimize, stats

from eqsolve.design.estimation.intervals import (
    Interval,
    anytime_interval,
    anytime_multiple,
    clt_interval,
    normal_quantile,
)
from eqsolve.errors import BadExperiment


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.999])
def test_clt_intervals_use_the_normal_quantile(level):
    quantile = stats.norm.ppf(1 - (1 - level) / 2)
    assert normal_quantile(level) == pytest.approx(quantile, rel=1e-12)
    interval = clt_interval(2.0, 0.5, level)
    assert interval.low == pytest.approx(2 - 0.5 * quantile)
    assert interval.half_width == pytest.approx(0.5 * quantile)


@pytest.mark.parametrize("alpha", [0.01, 0.05, 0.2])
def test_the_anytime_multiple_is_smallest_where_it_was_asked_to_be(alpha):
    """Over rho, by a numerical search in the published formula."""
    steps = 5000.0

    def published(log_rho):
        scaled = steps * np.exp(2 * log_rho)
        return np.sqrt(2 * (scaled + 1) / scaled * np.log(np.sqrt(scaled + 1) / alpha))

    best = optimize.minimize_scalar(published, bounds=(-10, 2), method="bounded")
    found = anytime_multiple(steps, 1 - alpha, tightest_at=steps)
    assert found == pytest.approx(best.fun, rel=1e-9)
    for factor in (0.5, 2.0):
        assert anytime_multiple(steps, 1 - alpha, tightest_at=factor * steps) > found


def test_anytime_intervals_are_wider_than_for_one_look_but_shrink():
    steps = np.geomspace(10, 1e9, 50)
    multiples = anytime_multiple(steps)
    assert (multiples > 3.03).all()
    widths = multiples / np.sqrt(steps)
    assert (np.diff(widths) < 0).all()
    interval = anytime_interval(1.0, 2.0, 1e4)
    assert interval.half_width == pytest.approx(2 * anytime_multiple(1e4))
    assert interval.kind == "anytime"


def test_a_random_walk_stays_inside_at_all_looks():
    """Exact normal steps, standard error known: the boundary itself, without an estimate."""
    rng = np.random.default_rng(0)
    steps = np.arange(1, 3001)
    walks = np.cumsum(rng.normal(size=(2000, 3000)), axis=1) / np.sqrt(steps)
    missed = (np.abs(walks) > anytime_multiple(steps, 0.9, tightest_at=300)).any(axis=1)
    assert 0.02 < missed.mean() < 0.1


def test_an_interval_unpacks_holds_and_prints():
    interval = Interval(np.array([0.0, 1.0]), np.array([1.0, 3.0]), 0.9, "clt")
    low, high = interval
    assert (low.tolist(), high.tolist()) == ([0, 1], [1, 3])
    assert interval.holds([0.5, 0.5]).tolist() == [True, False]
    assert [0.5, 0.5] not in interval
    assert repr(interval) == "[0, 1], [1, 3] (90 %, clt)"
    assert interval.table().rows == ((0.0, 1.0), (1.0, 3.0))


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: clt_interval(0.0, 1.0, 0.0), "level=0.0: it is a probability"),
        (lambda: anytime_interval(0.0, 1.0, 0), "steps must be positive for an anytime interval"),
        (lambda: anytime_multiple(5, tightest_at=-1), "tightest_at must be positive"),
    ],
)
def test_levels_and_steps_that_cannot_be_are_refused(call, sentence):
    with pytest.raises(BadExperiment, match=sentence):
        call()
