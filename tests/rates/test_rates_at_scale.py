"""Kinds and intervals counted over many random runs; predictions against closed forms."""

import numpy as np
import pytest

import eqsolve as eq
from eqsolve import dynamics as dy

EACH = 150  # random runs of every kind


def spiral(rate, angle, squeeze, k):
    turn = np.stack([np.cos(angle * k + 0.3), squeeze * np.sin(angle * k + 0.3)], axis=1)
    return (rate**k)[:, None, None] * turn[:, None]


def draw(kind, rng):
    """A random run of 60 to 1,500 records, 1 to 20 replications, and its rate or order."""
    k = np.arange(rng.choice([60, 200, 400, 1500]))
    away = rng.normal(size=(1, rng.choice([1, 5, 20]), 2))
    rate = np.exp(-rng.uniform(6, 60) / k.size)
    disturbed = np.exp(0.2 * rng.normal(size=(k.size, away.shape[1], 1)))
    angle = rng.uniform(0.05, 3.0)
    if kind == "linear":
        return rate, away * (rate**k)[:, None, None]
    if kind == "linear, disturbed":
        return rate, away * (rate**k)[:, None, None] * disturbed
    if kind == "linear, two modes":
        faster = rate ** rng.uniform(1.5, 6)
        other = rng.normal(size=away.shape) * (faster**k)[:, None, None]
        return rate, away * (rate**k)[:, None, None] + other
    if kind == "linear, complex":
        return rate, spiral(rate, angle, rng.uniform(), k).repeat(away.shape[1], axis=1)
    if kind == "sublinear":
        order = rng.uniform(0.5, 2)
        return order, away * ((k + 1.0) ** -order)[:, None, None]
    growth = np.exp(rng.uniform(2, 40) / k.size)
    if kind == "diverging":
        return growth, away * (growth**k)[:, None, None]
    return growth, spiral(growth, angle, rng.uniform(0.1, 1), k).repeat(away.shape[1], axis=1)


@pytest.mark.parametrize("kind", [
    "linear", "linear, disturbed", "linear, two modes", "linear, complex", "sublinear",
    "diverging", "diverging, complex",
])  # fmt: skip
def test_kinds_and_intervals_over_random_runs(kind):
    rng = np.random.default_rng(7)
    misread = missed = 0
    for _ in range(EACH):
        truth, path = draw(kind, rng)
        report = eq.validate(path, np.zeros(2))
        misread += report.kind != kind.split(",")[0]
        if report.kind == "linear":
            low, high = report.rate_interval
            missed += not low - 1e-9 <= truth <= high + 1e-9
        if report.kind == "sublinear":
            assert report.order == pytest.approx(truth, rel=0.1)
    assert misread <= 0.02 * EACH, f"{misread} of {EACH} misread"
    assert missed <= 0.07 * EACH, f"{missed} of {EACH} intervals miss the rate"


@pytest.mark.parametrize("every", [2, 7])
def test_disturbed_runs_recorded_now_and_then(every):
    rng, covered = np.random.default_rng(3), 0
    k = np.arange(0, 800, every)
    for _ in range(200):
        size = 0.98**k * np.exp(0.2 * rng.normal(size=k.size))
        path = dy.Trajectory.from_array(size[:, None] * np.ones(2), steps=k)
        low, high = eq.validate(path, np.zeros(2)).rate_interval
        covered += low <= 0.98 <= high
    assert covered >= 0.9 * 200, f"{covered} of 200 intervals hold the rate"


@pytest.mark.parametrize("step", [1e-3, 0.1, 0.5])
def test_gradient_play_in_a_duopoly_by_algebra(step):
    # Cost -q_i (A - Q) + c_i q_i: pseudo-gradient Jacobian I + 11', eigenvalues 1 and 3.
    found = eq.predict_rate(dy.GradientPlay(step=step), eq.solve(eq.models.load("duopoly")))
    assert sorted(found.eigenvalues.real) == pytest.approx(sorted([1 - 3 * step, 1 - step]))
    assert found.rate == pytest.approx(max(abs(1 - step), abs(1 - 3 * step)))
    assert found.largest_stable_step == pytest.approx(2 / 3, rel=1e-6)
    assert found.is_fixed_point
    assert found.is_stable


def test_memory_is_part_of_the_map():
    # x+ = x - s (2 M x - M y), y+ = x for M = I + 11' (y: where the last gradient was seen):
    # per eigenvalue m, z^2 - (1 - 2 s m) z - s m = 0.
    step = 0.1
    found = eq.predict_rate(dy.OptimisticGradient(step=step), eq.solve(eq.models.load("duopoly")))
    wanted = np.concatenate([np.roots([1, -(1 - 2 * step * m), -step * m]) for m in (1, 3)])
    assert found.eigenvalues.size == 4
    assert found.rate == pytest.approx(np.abs(wanted).max(), rel=1e-6)


def test_delay_is_part_of_the_map():
    # Own part now, the other's seen d steps late: z^(d+1) - (1 - 2 s) z^d +- s = 0.
    step, delay = 0.1, 2
    learner = dy.Delayed(dy.GradientPlay(step=step), delay)
    found = eq.predict_rate(learner, eq.solve(eq.models.load("duopoly")))
    wanted = [np.roots([1, -(1 - 2 * step), 0, sign * step]) for sign in (1, -1)]
    assert found.rate == pytest.approx(np.abs(np.concatenate(wanted)).max(), rel=1e-6)


def test_turning_maps_and_expanding_maps_by_closed_form():
    quarter = np.array([[0.0, -1.0], [1.0, 0.0]])
    turning = eq.predict_rate(lambda x: x @ quarter.T, np.zeros(2))
    # |1 + s (i - 1)| < 1 iff s < 1.
    assert turning.largest_stable_step == pytest.approx(1.0)
    assert not turning.is_stable
    assert eq.predict_rate(lambda x: 1.5 * x, np.zeros(2)).largest_stable_step is None
    assert eq.predict_rate(lambda x: -2.0 * x, np.zeros(2)).largest_stable_step == pytest.approx(
        2 / 3
    )


def test_functions_of_one_point_are_told_from_batched_ones():
    matrix = np.array([[0.5, 0.4], [0.0, 0.3]])
    for point in (np.zeros(2), np.ones(2)):
        found = eq.predict_rate(lambda x: matrix @ x, point)
        assert found.eigenvalues.real == pytest.approx([0.5, 0.3])
    assert not found.is_fixed_point
    assert found.residual == pytest.approx(0.7)


def test_runs_with_gaps_are_diverging_and_still_shown():
    path = np.ones((50, 2))
    path[20:] = np.nan
    report = eq.validate(path, np.zeros(2))
    assert report.kind == "diverging"
    assert report.iterations_to(1e-3) == np.inf
    assert "diverging" in repr(report)
    report.plot()
