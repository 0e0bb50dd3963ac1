"""Each dynamics against a hand-written loop, a closed form or a published value."""

import cvxpy as cp
import numpy as np
import pytest

import eqsolve as eq
from eqsolve import dynamics as dy
from eqsolve.dynamics.exploration import Exploration
from eqsolve.testing import check_dynamics


def cournot(costs, intercept=1.0, slope=1.0):
    quantities = [cp.Variable(nonneg=True, name=f"q{i}") for i in range(len(costs))]
    price = intercept - slope * sum(quantities)
    return eq.Game(
        [
            eq.Player(f"firm{i}", cp.Maximize(q * price - c * q), [q])
            for i, (q, c) in enumerate(zip(quantities, costs, strict=True))
        ]
    )


ALL = [
    dy.GradientPlay(step=0.1),
    dy.GradientPlay(step=lambda k: 0.5 / k, noise=0.1),
    dy.ExtraGradient(step=0.1),
    dy.OptimisticGradient(step=0.1),
    dy.BestResponse(),
    dy.BestResponse(order="in turn", inertia=0.3),
    dy.PolicyGradient(step=0.05, sigma=0.1),
    dy.PolicyGradient(step=1e-3, sigma=0.1, feedback="score"),
    dy.PolicyGradient(step=1e-3, sigma=0.1, feedback="score", noise="logistic"),
    dy.PolicyGradient(step=1e-2, sigma=0.1, feedback="payoff", noise="uniform"),
    dy.Delayed(dy.OptimisticGradient(step=0.05), delay=2),
]


@pytest.mark.parametrize("learner", ALL, ids=lambda d: type(d).__name__)
def test_protocol(learner):
    check_dynamics(learner, cournot([0.0, 0.1, 0.2]))


def hand_gradient(x, costs):
    return -(1 - x.sum() - x - costs)


@pytest.mark.parametrize("method", ["gradient", "extra", "optimistic", "best", "turn"])
def test_against_a_plain_loop(method):
    costs = np.array([0.0, 0.1, 0.3])
    game, step, steps = cournot(costs), 0.15, 12
    learner = {
        "gradient": dy.GradientPlay(step=step),
        "extra": dy.ExtraGradient(step=step),
        "optimistic": dy.OptimisticGradient(step=step),
        "best": dy.BestResponse(inertia=0.5),
        "turn": dy.BestResponse(order="in turn"),
    }[method]
    start = np.array([0.05, 0.6, 0.01])
    path = eq.simulate(game, learner, start=start, steps=steps)
    x, last = start.copy(), hand_gradient(start, costs)
    for k in range(steps):
        slope = hand_gradient(x, costs)
        if method == "gradient":
            x = np.maximum(x - step * slope, 0)
        elif method == "extra":
            z = np.maximum(x - step * slope, 0)
            x = np.maximum(x - step * hand_gradient(z, costs), 0)
        elif method == "optimistic":
            x, last = np.maximum(x - step * (2 * slope - last), 0), slope
        elif method == "best":
            answer = np.maximum((1 - costs - (x.sum() - x)) / 2, 0)
            x = 0.5 * x + 0.5 * answer
        else:
            for i in range(3):
                x[i] = max((1 - costs[i] - (x.sum() - x[i])) / 2, 0)
        np.testing.assert_allclose(path.iterates[k + 1, 0], x, atol=1e-12)


def test_delay_means_others_are_seen_late():
    costs, delay, step = np.array([0.0, 0.2]), 3, 0.2
    path = eq.simulate(
        cournot(costs), dy.GradientPlay(step=step), start=[0.1, 0.5], steps=15, delay=delay
    )
    past = [np.array([0.1, 0.5])] * (delay + 1)
    for k in range(15):
        x, old = past[-1], past[-1 - delay]
        slope = [
            hand_gradient(np.array([x[0], old[1]]), costs)[0],
            hand_gradient(np.array([old[0], x[1]]), costs)[1],
        ]
        past.append(np.maximum(x - step * np.array(slope), 0))
        np.testing.assert_allclose(path.iterates[k + 1, 0], past[-1], atol=1e-12)


def test_projection_onto_own_constraints():
    x = cp.Variable(2, name="x")
    y = cp.Variable(name="y")
    game = eq.Game(
        [
            eq.Player("a", cp.Minimize(cp.sum_squares(x - 2)), [x], [cp.sum(x) <= 1, x >= 0]),
            eq.Player("b", cp.Minimize(cp.square(y - x[0])), [y]),
        ]
    )
    path = eq.simulate(game, dy.GradientPlay(step=0.3), start=[3.0, -1.0, 0.0], steps=60)
    np.testing.assert_allclose(path.final[0], [0.5, 0.5, 0.5], atol=1e-6)
    assert (path.iterates[1:, 0, :2].sum(axis=1) <= 1 + 1e-7).all()


PUBLISHED = [
    ([0, 0], 0.1, [0.33322635] * 2, [0.33323761] * 2),
    ([0, 0], 0.2, [0.31542849] * 2, [0.32033326] * 2),
    ([0, 0, 0], 0.1, [0.24899211] * 3, [0.24919887] * 3),
    ([0, 0, 0], 0.2, [0.21728093] * 3, [0.23137776] * 3),
    ([0, 0.1, 0.2], 0.05, [0.32541794, 0.22541643, 0.12363867], None),
]


@pytest.mark.parametrize(("costs", "sigma", "theta", "action"), PUBLISHED)
def test_fixed_points_of_policy_gradient(costs, sigma, theta, action):
    # Values computed from the closed form of Shi and Zhang's (2020) setting.
    game = cournot(costs)
    nash = eq.solve(game)
    learner = dy.PolicyGradient(step=0.1, sigma=sigma)
    fixed = learner.fixed_point(game, nash.vector)
    np.testing.assert_allclose(fixed.theta, theta, atol=5.1e-9)
    if action is not None:
        np.testing.assert_allclose(fixed.mean_action, action, atol=5.1e-9)
    np.testing.assert_allclose(fixed.bias(nash), fixed.mean_action - nash.vector)
    path = eq.simulate(game, learner, start=nash.vector, steps=2000)
    np.testing.assert_allclose(path.final[0], fixed.theta, atol=1e-9)


@pytest.mark.parametrize("kind", ["gaussian", "uniform", "logistic"])
@pytest.mark.parametrize("theta", [-0.3, 0.0, 0.02, 0.4, 2.0])
def test_moments_of_clipped_actions(kind, theta):
    noise, low, high = Exploration(kind, 0.5), -0.1, 0.9
    u = (np.arange(400_000) + 0.5) / 400_000
    action = np.clip(theta + noise.quantile(u), low, high)
    mean, slope = noise.clipped_mean(np.array([theta]), low, high)
    square = noise.clipped_square_slope(np.array([theta]), mean, low, high)
    np.testing.assert_allclose(mean, action.mean(), atol=1e-5)
    inside = (action > low) & (action < high)
    np.testing.assert_allclose(slope, inside.mean(), atol=1e-5)
    np.testing.assert_allclose(square, 2 * (action * inside).mean(), atol=1e-5)
    draws = np.empty(200_000)
    noise.draw(np.random.default_rng(0), draws)
    assert abs(draws.mean()) < 4 * 0.5 / np.sqrt(draws.size)
    assert draws.std() == pytest.approx(0.5, rel=0.01)


@pytest.mark.parametrize(("feedback", "noise"), [
    ("score", "gaussian"), ("score", "logistic"), ("payoff", "gaussian"), ("payoff", "uniform"),
])  # fmt: skip
def test_estimators_are_unbiased(feedback, noise):
    game, runs, step = cournot([0.0, 0.1, 0.2]), 400_000, 1e-3
    theta = np.array([0.3, 0.1, 0.02])
    learner = dy.PolicyGradient(step=step, sigma=0.1, feedback=feedback, noise=noise)
    exact = learner.expected_gradient(game, theta[None])[0]
    path = eq.simulate(game, learner, start=theta, steps=1, replications=runs, seed=3)
    estimates = (path.final - theta) / step
    error = estimates.std(axis=0) / np.sqrt(runs)
    # Two points see the others perturbed by a tenth of sigma: a bias of its square.
    allowed = 4.5 * error + (0.01 * np.abs(exact) + 1e-4 if feedback == "payoff" else 0)
    assert (np.abs(estimates.mean(axis=0) - exact) < allowed).all()


def test_expected_gradient_by_quadrature_for_curved_prices():
    # price 1 - Q^2: E of the own derivative by a dense product rule, written out here.
    q = [cp.Variable(nonneg=True, name=f"q{i}") for i in range(2)]
    price = 1 - cp.square(sum(q))
    game = eq.Game([eq.Player(f"f{i}", cp.Maximize(x * price), [x]) for i, x in enumerate(q)])
    learner = dy.PolicyGradient(step=0.1, sigma=0.05, nodes=4096)
    theta = np.array([0.35, 0.3])
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    weights = weights / weights.sum()
    a, b = np.meshgrid(theta[0] + 0.05 * nodes, theta[1] + 0.05 * nodes, indexing="ij")
    both = np.outer(weights, weights)
    total = a + b
    own = [1 - total**2 - 2 * own * total for own in (a, b)]
    expected = [(both * part).sum() for part in own]
    got = learner.expected_gradient(game, theta[None])[0]
    np.testing.assert_allclose(got, expected, atol=2e-6)


def test_uniform_noise_has_no_score():
    with pytest.raises(eq.EqsolveError, match="flat density.*feedback='payoff'"):
        dy.PolicyGradient(step=0.1, sigma=0.1, feedback="score", noise="uniform")


@pytest.mark.parametrize(("make", "sentence"), [
    (lambda: dy.GradientPlay(step=-1), "step must be positive"),
    (lambda: dy.BestResponse(order="sideways"), "order must be one of"),
    (lambda: dy.BestResponse(inertia=1.0), "inertia must lie in"),
    (lambda: dy.PolicyGradient(step=1, sigma=0), "sigma must be positive"),
    (lambda: dy.PolicyGradient(step=1, sigma=1, feedback="guess"), "feedback must be one of"),
    (lambda: dy.PolicyGradient(step=1, sigma=1, noise="pink", feedback="score"), "must be 'gaus"),
    (lambda: dy.Delayed(dy.BestResponse(), -1), "zero or more steps"),
])  # fmt: skip
def test_wrong_options_are_refused(make, sentence):
    with pytest.raises(eq.EqsolveError, match=sentence):
        make()


def test_best_step_and_flow_of_cournot():
    # Derived: factor N/(N+2) at step 2/(b(N+2)); stable iff step < 2/(b(N+1)); flow e^(-bt).
    for firms in (2, 3, 5):
        game = cournot([0.0] * firms)
        nash = eq.solve(game)
        start = nash.vector + 0.1 / firms * np.cos(np.arange(firms))
        best = dy.GradientPlay(step=2 / (firms + 2))
        report = eq.validate(eq.simulate(game, best, start=start, steps=120), nash, best)
        assert report.rate == pytest.approx(firms / (firms + 2), rel=0.02)
        assert report.agrees
        assert report.largest_stable_step == pytest.approx(2 / (firms + 1), rel=1e-6)
        slow = dy.GradientPlay(step=1e-3)
        flow = eq.validate(eq.simulate(game, slow, start=start, steps=6000), nash, slow)
        assert -np.log(flow.rate) / 1e-3 == pytest.approx(1.0, rel=0.02)
