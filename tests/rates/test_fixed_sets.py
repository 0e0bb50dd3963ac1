"""Fixed points that form sets, told from those that only look so to first order."""

import cvxpy as cp
import numpy as np
import pytest

import eqsolve as eq
from eqsolve import dynamics as dy


def one_player(cost):
    x = cp.Variable(2, name="x")
    return eq.Game([eq.Player("a", cp.Minimize(cost(x)), [x])])


def circle():
    """(|x|^2 - 1)^2 / 4: every point of the unit circle, curvature 2 across it."""
    return one_player(lambda x: cp.square(cp.sum_squares(x) - 1) / 4)


@pytest.mark.parametrize("learner", [
    dy.GradientPlay(0.1),
    dy.ExtraGradient(0.1),
    dy.OptimisticGradient(0.1),
    dy.Delayed(dy.GradientPlay(0.1), 2),
    lambda x: x - 0.1 * x * (x @ x - 1),
], ids=["gradient", "extra", "optimistic", "delayed", "function"])  # fmt: skip
@pytest.mark.parametrize("angle", [0.0, 1.0])
def test_a_curved_set_is_found_with_any_memory(learner, angle):
    point = np.array([np.cos(angle), np.sin(angle)])
    along = np.array([-point[1], point[0]])[:, None]
    found = eq.predict_rate(learner, point, circle())
    given = eq.predict_rate(learner, point, circle(), tangent=along)
    assert found.set_dimension == given.set_dimension == 1
    assert found.is_stable
    assert found.rate == pytest.approx(given.rate, rel=1e-6)
    whole = eq.predict_rate(learner, point, circle(), tangent=np.empty((2, 0)))
    assert not whole.is_stable
    assert whole.eigenvalues.size == found.eigenvalues.size + 1
    if not isinstance(learner, dy.OptimisticGradient):  # its memory adds a slower mode
        extra = 0.1**2 * 2**2 if isinstance(learner, dy.ExtraGradient) else 0.0
        assert found.rate == pytest.approx(1 - 0.1 * 2 + extra, rel=1e-6)


def test_the_distance_to_the_set_shrinks_at_the_predicted_rate():
    learner = dy.GradientPlay(0.1)
    path = eq.simulate(circle(), learner, start=[0.3, 0.8], steps=150)

    def to_circle(x):
        return np.abs(np.linalg.norm(x, axis=-1) - 1)

    report = eq.validate(path, [1.0, 0.0], learner, to_circle, game=circle())
    assert report.kind == "linear"
    low, high = report.rate_interval
    assert low <= report.predicted_rate <= high
    assert report.predicted_rate == pytest.approx(0.8, rel=1e-6)


@pytest.mark.parametrize("power", [4, 6])
@pytest.mark.parametrize("step", [0.1, 1e-3])
def test_a_flat_minimum_is_no_set(power, step):
    game = one_player(lambda x: cp.square(x[0]) + cp.power(x[1], power))
    found = eq.predict_rate(dy.GradientPlay(step), np.zeros(2), game)
    assert found.set_dimension == 0
    assert found.rate == pytest.approx(1.0)
    assert not found.is_stable


def test_a_set_with_a_degenerate_direction_beside_it_leaves_nothing_out():
    x = cp.Variable(3, name="x")
    cost = cp.square(x[0]) + cp.power(x[1], 4) + 0 * x[2]
    game = eq.Game([eq.Player("a", cp.Minimize(cost), [x])])
    found = eq.predict_rate(dy.GradientPlay(0.1), np.zeros(3), game)
    assert found.set_dimension == 0
    assert found.rate == pytest.approx(1.0)


def test_slow_is_not_fixed():
    game = one_player(lambda x: cp.square(x[0]) + 1e-7 * cp.square(x[1]))
    found = eq.predict_rate(dy.GradientPlay(0.1), np.zeros(2), game)
    assert found.set_dimension == 0
    assert found.rate == pytest.approx(1 - 2e-8, abs=1e-9)


def test_points_that_are_not_fixed_have_no_set():
    found = eq.predict_rate(lambda x: x + np.array([1.0, 0.0]), np.zeros(2))
    assert not found.is_fixed_point
    assert found.set_dimension == 0
    assert found.rate == pytest.approx(1.0)


@pytest.mark.parametrize("step", [1e-7, 1e-3, 0.2, 0.5])
def test_largest_stable_step_whatever_step_is_given(step):
    # x^2 + 2 y^2: curvatures 2 and 4, so gradient play is stable below 2 / 4.
    game = one_player(lambda x: cp.square(x[0]) + 2 * cp.square(x[1]))
    found = eq.predict_rate(dy.GradientPlay(step), np.zeros(2), game)
    assert found.largest_stable_step == pytest.approx(0.5, rel=1e-6)


@pytest.mark.parametrize("step", [1e-3, 0.08, 0.25])
def test_steps_that_enter_twice_are_searched(step):
    # Extra-gradient: |1 - g h + g^2 h^2| < 1 below g = 1 / h, h the largest curvature.
    game = one_player(lambda x: cp.square(x[0]) + 2 * cp.square(x[1]))
    found = eq.predict_rate(dy.ExtraGradient(step), np.zeros(2), game)
    assert found.largest_stable_step == pytest.approx(0.25, rel=1e-6)


def test_an_update_that_moves_nothing_has_no_stable_step():
    game = one_player(lambda x: 0 * x[0] + cp.power(x[1], 4))
    found = eq.predict_rate(dy.GradientPlay(0.1), np.zeros(2), game)
    assert found.largest_stable_step is None
