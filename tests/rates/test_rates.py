"""Measured rates on synthetic sequences whose rates are known, and predicted ones."""

import cvxpy as cp
import numpy as np
import pytest

import eqsolve as eq
from eqsolve import dynamics as dy
from eqsolve.testing import assert_converges

T = np.arange(400)


def along(direction, distances):
    return np.asarray(distances)[:, None, None] * np.asarray(direction, dtype=float)


def spiral(rate, angle, squeeze=1.0, count=400):
    k = np.arange(count)
    turn = np.stack([np.cos(angle * k + 0.3), squeeze * np.sin(angle * k + 0.3)], 1)
    return (rate**k)[:, None, None] * turn[:, None]


@pytest.mark.parametrize("rate", [0.3, 0.5, 0.9, 0.99, 0.999])
@pytest.mark.parametrize("every", [1, 5])
def test_linear(rate, every):
    path = dy.Trajectory.from_array(along([1, 2], rate**T)[::every], steps=T[::every])
    report = eq.validate(path, np.zeros(2))
    assert report.kind == "linear"
    assert report.rate == pytest.approx(rate, rel=1e-6) or rate**every < 0.01


@pytest.mark.parametrize(("rate", "angle", "squeeze"), [
    (0.97, 0.5, 1.0), (0.97, 0.5, 0.01), (0.99, 1.0, 0.0), (0.9, 2.5, 0.3), (0.995, 0.05, 1.0),
])  # fmt: skip
def test_complex_eigenvalues(rate, angle, squeeze):
    report = eq.validate(spiral(rate, angle, squeeze), np.zeros(2))
    assert report.kind == "linear"
    low, high = report.rate_interval
    assert low - 2e-3 <= rate <= high + 2e-3


@pytest.mark.parametrize("order", [0.5, 1.0, 2.0])
def test_sublinear(order):
    report = eq.validate(along([1, -1], (T + 1.0) ** -order), np.zeros(2))
    assert report.kind == "sublinear"
    assert report.order == pytest.approx(order, rel=0.02)
    wanted = 1e-8
    steps = (np.sqrt(2) / wanted) ** (1 / order)
    assert report.iterations_to(wanted) == pytest.approx(steps, rel=0.5)


def test_stalled_somewhere_else():
    report = eq.validate(along([1, 1], 0.5 + 0.5 * 0.9**T), np.zeros(2))
    assert report.kind == "stalled"
    assert report.floor == pytest.approx(0.5 * np.sqrt(2), rel=1e-3)
    assert report.iterations_to(0.1) == np.inf


@pytest.mark.parametrize("angle", [0.1, 1.0, np.pi])
@pytest.mark.parametrize("noise", [0.0, 0.01])
def test_cycling(angle, noise):
    path = spiral(1.0, angle) + noise * np.random.default_rng(0).normal(size=(400, 1, 2))
    assert eq.validate(path, np.zeros(2)).kind == "cycling"


@pytest.mark.parametrize("rate", [1.005, 1.1, 2.0, 10.0])
def test_diverging(rate):
    with np.errstate(over="ignore"):
        straight = along([1, 1], float(rate) ** T)
        turning = spiral(rate, 0.7)
    assert eq.validate(straight, np.zeros(2)).kind == "diverging"
    assert eq.validate(turning, np.zeros(2)).kind == "diverging"


def test_exact_convergence_at_once():
    report = eq.validate(np.r_[[[1.0, 1.0]], np.zeros((20, 2))], np.zeros(2))
    assert report.kind == "linear"
    assert report.rate < 1e-6
    assert report.iterations_to(1e-9) == 1


def test_classification_of_a_thousand_noisy_sequences():
    rng = np.random.default_rng(0)
    wrong = 0
    for _ in range(200):
        noise = 1e-4 * rng.normal(size=(400, 1, 2))
        cases = {
            "linear": along(rng.normal(size=2), rng.uniform(0.5, 0.985) ** T) + noise,
            "sublinear": along([1, 1], 10 * (T + 1.0) ** -rng.uniform(0.5, 1.5)) + noise,
            "stalled": along([1, 1], rng.uniform(0.3, 2) * (1 + rng.uniform(0.5, 0.9) ** T)),
            "cycling": rng.uniform(0.5, 2) * spiral(1.0, rng.uniform(0.05, 3.1)) + noise,
            "diverging": along([1, 1], rng.uniform(1.01, 1.2) ** T) + noise,
        }
        wrong += sum(eq.validate(path, np.zeros(2)).kind != kind for kind, path in cases.items())
    assert wrong <= 10, f"{wrong} of 1,000 sequences were misread"


def test_intervals_cover_the_rate():
    rng, covered, runs, rate = np.random.default_rng(1), 0, 300, 0.97
    for _ in range(runs):
        # A noisy contraction: log-distances with autocorrelated (AR 0.6) disturbances.
        shocks = rng.normal(scale=0.1, size=T.size)
        for k in range(1, T.size):
            shocks[k] += 0.6 * shocks[k - 1]
        report = eq.validate(along([1, 1], rate**T * np.exp(shocks)), np.zeros(2))
        low, high = report.rate_interval
        covered += low <= rate <= high
    assert covered / runs >= 0.93


def test_replications_and_a_noise_floor():
    rng = np.random.default_rng(0)
    path = along([1, 1], 0.9**T).repeat(20, axis=1) + 1e-6 * rng.normal(size=(400, 20, 2))
    report = eq.validate(path, np.zeros(2))
    assert report.kind == "linear"
    assert report.rate == pytest.approx(0.9, rel=5e-3)
    assert 5e-7 < report.floor < 5e-6


def test_an_update_function_is_judged():
    matrix = np.array([[0.6, 0.3], [-0.2, 0.7]])
    target = np.array([1.0, -2.0])

    def update(x):
        return target + (x - target) @ matrix.T

    path = [np.zeros(2)]
    for _ in range(60):
        path.append(update(path[-1]))
    report = eq.validate(np.array(path), target, update)
    radius = np.abs(np.linalg.eigvals(matrix)).max()
    assert report.is_fixed_point
    assert report.is_stable
    assert report.predicted_rate == pytest.approx(radius, rel=1e-6)
    assert report.agrees
    shifted = np.linalg.eigvals(matrix) - 1
    limit = (-2 * shifted.real / np.abs(shifted) ** 2).min()
    assert report.largest_stable_step == pytest.approx(limit, rel=1e-5)
    elsewhere = eq.validate(np.array(path), target + 1, update)
    assert not elsewhere.is_fixed_point
    assert elsewhere.kind == "stalled"
    assert elsewhere.agrees


@pytest.mark.parametrize("learner", [
    dy.GradientPlay(step=0.2), dy.ExtraGradient(step=0.2), dy.OptimisticGradient(step=0.08),
    dy.BestResponse(inertia=0.6), dy.BestResponse(order="in turn"),
    dy.PolicyGradient(step=0.2, sigma=0.05), dy.Delayed(dy.GradientPlay(step=0.1), 2),
], ids=lambda d: type(d).__name__)  # fmt: skip
def test_prediction_and_measurement_agree(learner):
    game = eq.models.load("three_firms_asymmetric")
    nash = eq.solve(game)
    target = learner.fixed_point(game, nash.vector) if hasattr(learner, "fixed_point") else nash
    start = nash.vector + np.array([0.02, -0.015, 0.01])
    path = eq.simulate(game, learner, start=start, steps=400)
    report = eq.validate(path, target, learner, game=game)
    assert report.kind == "linear"
    assert report.is_stable
    # Policy gradient's two slowest modes here are 0.813 and 0.800: they part only slowly.
    allowed = 0.03 if isinstance(learner, dy.PolicyGradient) else 0.02
    assert np.log(report.rate) == pytest.approx(np.log(report.predicted_rate), rel=allowed)


def test_extra_gradient_converges_where_gradient_play_circles():
    x, y = cp.Variable(name="x"), cp.Variable(name="y")
    game = eq.Game(
        [eq.Player("a", cp.Minimize(x * y), [x]), eq.Player("b", cp.Maximize(x * y), [y])]
    )
    nash = eq.solve(game)
    for learner, kind in (
        (dy.GradientPlay(step=0.1), "diverging"),
        (dy.ExtraGradient(0.1), "linear"),
    ):
        path = eq.simulate(game, learner, start=[1.0, 1.0], steps=800)
        report = eq.validate(path, nash, learner)
        assert report.kind == kind
        assert report.agrees
        assert report.rate == pytest.approx(report.predicted_rate, rel=1e-4)


def test_equilibria_that_form_a_set():
    direction = np.array([[1.0], [1.0]]) / np.sqrt(2)
    across = np.array([1.0, -1.0]) / np.sqrt(2)

    def update(x):
        return x - 0.3 * (x @ across)[..., None] * across

    whole = eq.predict_rate(update, np.zeros(2), tangent=np.empty((2, 0)))
    assert whole.rate == pytest.approx(1.0)
    for reduced in (
        eq.predict_rate(update, np.zeros(2)),
        eq.predict_rate(update, np.zeros(2), tangent=direction),
    ):
        assert reduced.rate == pytest.approx(0.7)
        assert reduced.set_dimension == 1
        assert "set of dimension" in repr(reduced)
    path = [np.array([3.0, 1.0])]
    for _ in range(40):
        path.append(update(path[-1]))
    report = eq.validate(np.array(path), np.zeros(2), distance=lambda x: np.abs(x @ across))
    assert report.rate == pytest.approx(0.7)


def test_several_equilibria_means_the_nearest():
    report = eq.validate(1 + along([1, 1], 0.8**T), [np.zeros(2), np.ones(2)])
    assert report.rate == pytest.approx(0.8)


@pytest.mark.parametrize(("run", "target", "sentence"), [
    (np.zeros((3, 2)), np.zeros(2), "at least 5 records; this run has 3"),
    (np.zeros((9, 2)), np.zeros(3), "run has 2 coordinates and the equilibrium 3"),
    ("nowhere.csv", np.zeros(2), "There is no file 'nowhere.csv'"),
    (np.zeros(4), np.zeros(2), r"shape \(T, n\) or \(T, replications, n\)"),
])  # fmt: skip
def test_wrong_inputs(run, target, sentence):
    with pytest.raises(eq.EqsolveError, match=sentence):
        eq.validate(run, target)


def test_assert_converges_says_what_failed():
    path = along([1, 1], 0.9**T)
    assert_converges(path, np.zeros(2), 1e-9, kind="linear", max_rate=0.91)
    with pytest.raises(AssertionError, match="the run is linear, not sublinear"):
        assert_converges(path, np.zeros(2), 1e-9, kind="sublinear")
    with pytest.raises(AssertionError, match="final distance"):
        assert_converges(path[:20], np.zeros(2), 1e-9)
    with pytest.raises(AssertionError, match="where at most 0.5 is allowed"):
        assert_converges(path, np.zeros(2), 1e-9, max_rate=0.5)


def test_reports_are_readable():
    report = eq.validate(along([1, 1], 0.9**T), np.zeros(2), lambda x: 0.9 * x)
    text = report.summary()
    assert "predicted rate" in text
    assert "95 % interval" in text
    assert "<table>" in report._repr_html_()
    assert report.plot().get_ylabel() == "distance to equilibrium"


def test_schedules_have_no_single_rate():
    with pytest.raises(eq.EqsolveError, match="no single rate"):
        eq.predict_rate(dy.GradientPlay(step=lambda k: 1 / k), np.zeros(2), object())
