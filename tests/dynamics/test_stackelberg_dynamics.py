"""Learning with a leader, and against rotation: updates, rates and limits known otherwise.

Values are published by, or derived in the setting of, Fiez, Chasnov and Ratliff (2020).
"""

from dataclasses import dataclass

import cvxpy as cp
import numpy as np
import pytest
from scipy.linalg import block_diag
from scipy.optimize import root

import eqsolve as eq
from eqsolve import dynamics as dy
from eqsolve.testing import check_dynamics

CENTRE = np.array([1.0, -2.0, 0.5, 0.0, 3.0])
LEADING = np.array([[2.0, 0.3], [0.3, 1.0]])
ACROSS = np.array([[1.0, -0.5, 0.3], [0.2, 0.8, -1.0]])
FOLLOWING = np.diag([1.5, 1.0, 2.0]) + 0.2


@dataclass(frozen=True)
class Linearised:
    """A game with its two solutions, and by hand at each: J, and the rows of D c_L."""

    game: eq.Game
    leaders: int
    nash: np.ndarray
    stackelberg: np.ndarray
    jacobians: tuple[np.ndarray, np.ndarray]
    total: np.ndarray
    around: float = 0.1

    def point(self, learner):
        """What the learner should find, and J there."""
        follows = isinstance(learner, dy.StackelbergGradient) or (
            getattr(learner, "leader_gradient", "") == "total"
        )
        return (self.stackelberg, self.jacobians[1]) if follows else (self.nash, self.jacobians[0])


def quadratic_zero_sum():
    """x'A x / 2 + x'B y - y'C y / 2 around CENTRE: its Schur complement is A + B C^-1 B'."""
    x, y = cp.Variable(2, name="x"), cp.Variable(3, name="y")
    u, v = x - CENTRE[:2], y - CENTRE[2:]
    cost = cp.quad_form(u, LEADING) / 2 + u @ (ACROSS @ v) - cp.quad_form(v, FOLLOWING) / 2
    game = eq.Game(
        [
            eq.Player("leader", cp.Minimize(cost), [x]),
            eq.Player("follower", cp.Maximize(cost), [y]),
        ]
    )
    jacobian = np.block([[LEADING, ACROSS], [-ACROSS.T, FOLLOWING]])
    schur = LEADING + ACROSS @ np.linalg.inv(FOLLOWING) @ ACROSS.T
    total = np.hstack([schur, np.zeros((2, 3))])
    return Linearised(game, 2, CENTRE, CENTRE, (jacobian, jacobian), total)


def duopoly():
    """Price 100 - Q, costs 5 and 2: D c_1 = 3 q1 / 2 + q2 - 95, both Hessians 2."""
    q1, q2 = (cp.Variable(nonneg=True, name=name) for name in ("q1", "q2"))
    price = 100 - q1 - q2
    game = eq.Game(
        [
            eq.Player("leader", cp.Maximize(q1 * price - 5 * q1), [q1]),
            eq.Player("follower", cp.Maximize(q2 * price - 2 * q2), [q2]),
        ]
    )
    jacobian = np.array([[2.0, 1.0], [1.0, 2.0]])
    points = np.array([92 / 3, 101 / 3]), np.array([46.0, 26.0])
    return Linearised(game, 1, *points, (jacobian, jacobian), np.array([[1.5, 1.0]]), around=5.0)


def torus():
    """Location on a torus; the hand derivatives are of the published costs."""
    a, phi = np.array([1.0, 1.3]), np.pi / 8
    one, two = cp.Variable(name="one"), cp.Variable(name="two")
    cos = cp.nlp.cos
    game = eq.Game(
        [
            eq.Player("leader", cp.Minimize(-a[0] * cos(one - phi) + cos(one - two)), [one]),
            eq.Player("follower", cp.Minimize(-a[1] * cos(two - phi) + cos(two - one)), [two]),
        ]
    )

    def slopes(t):
        return a * np.sin(t - phi) - np.sin(t - t[::-1])

    def jacobian(t):
        bend = np.cos(t[0] - t[1])
        return np.diag(a * np.cos(t - phi) - bend) + bend * (1 - np.eye(2))

    def total(t):
        gap = t[0] - t[1]
        through = np.cos(gap) / (a[1] * np.cos(t[1] - phi) - np.cos(gap))
        return slopes(t)[0] - through * np.sin(gap)

    nash = root(slopes, [-0.7833, 1.1823]).x
    lead = root(lambda t: [total(t), slopes(t)[1]], [-0.5252, 1.2465]).x
    np.testing.assert_allclose(nash, [-0.7833, 1.1823], atol=5e-5)
    np.testing.assert_allclose(lead, [-0.5252, 1.2465], atol=5e-5)
    width = 1e-5 * np.eye(2)
    row = np.array([[(total(lead + w) - total(lead - w)) / 2e-5 for w in width]])
    return Linearised(game, 1, nash, lead, (jacobian(nash), jacobian(lead)), row)


GAMES = {"zero-sum": quadratic_zero_sum(), "duopoly": duopoly(), "torus": torus()}
STEP, TAU, WEIGHT = 0.15, 3.0, 0.4
METHODS = {
    "simultaneous": dy.GradientPlay(STEP),
    "two time scales": dy.TimescaleGradient("leader", STEP, TAU),
    "Stackelberg": dy.StackelbergGradient("leader", STEP, TAU),
    "ridge": dy.FollowTheRidge("leader", STEP, TAU),
    "ridge, partial": dy.FollowTheRidge("leader", STEP, TAU, leader_gradient="partial"),
    "consensus": dy.ConsensusOptimization(STEP, WEIGHT),
    "symplectic": dy.SymplecticAdjustment(STEP, WEIGHT),
    "symplectic, unaligned": dy.SymplecticAdjustment(STEP, WEIGHT, aligned=False),
    "competitive": dy.CompetitiveGradient(STEP),
    "extra": dy.ExtraGradient(STEP),
    "optimistic": dy.OptimisticGradient(STEP),
}


def update_matrix(name, known, learner):
    """The Jacobian of the method's update as its papers give it, from J and D c_L."""
    _, jacobian = known.point(learner)
    n, lead = jacobian.shape[0], slice(0, known.leaders)
    follow = slice(known.leaders, n)
    one = np.eye(n)
    turn = (jacobian - jacobian.T) / 2
    steps = STEP * np.where(np.arange(n) < known.leaders, 1 / TAU, 1.0)[:, None]
    slopes = jacobian.copy()
    if name in ("Stackelberg", "ridge"):
        slopes[lead] = known.total
    if name.startswith("ridge"):
        move = steps * slopes
        response = -np.linalg.solve(jacobian[follow, follow], jacobian[follow, lead])
        move[follow] += response @ move[lead]
        return one - move
    own = block_diag(jacobian[lead, lead], jacobian[follow, follow])
    return {
        "simultaneous": one - STEP * jacobian,
        "two time scales": one - steps * jacobian,
        "Stackelberg": one - steps * slopes,
        "consensus": one - STEP * (one + WEIGHT * jacobian.T) @ jacobian,
        "symplectic": one - STEP * (one + WEIGHT * turn.T) @ jacobian,
        "symplectic, unaligned": one - STEP * (one + WEIGHT * turn.T) @ jacobian,
        "competitive": one - STEP * np.linalg.solve(one + STEP * (jacobian - own), jacobian),
        "extra": one - STEP * jacobian + STEP**2 * jacobian @ jacobian,
        "optimistic": np.block([[one - 2 * STEP * jacobian, STEP * one], [jacobian, 0 * one]]),
    }[name]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", GAMES)
def test_predicted_rate_is_the_published_updates_and_measured(name, method):
    known, learner = GAMES[name], METHODS[method]
    point, _ = known.point(learner)
    wanted = np.abs(np.linalg.eigvals(update_matrix(method, known, learner))).max()
    start = point + known.around * np.random.default_rng(1).standard_normal((8, point.size))
    path = eq.simulate(known.game, learner, start=start, replications=8, steps=800)
    report = eq.validate(path, point, learner, game=known.game)
    assert report.is_fixed_point
    assert report.predicted_rate == pytest.approx(wanted, rel=1e-7)
    assert report.kind == "linear"
    low, high = report.rate_interval
    assert low <= report.predicted_rate <= high
    assert high - low < 0.02
    assert report.final_distance < 1e-9 * known.around


@pytest.mark.parametrize("method", METHODS)
def test_protocol(method):
    check_dynamics(METHODS[method], GAMES["torus"].game)


def flow_eigenvalues(game, learner, point):
    """Of the Stackelberg flow, from the update x - g times it, smallest first."""
    prediction = eq.predict_rate(learner, point, game)
    values = (1 - prediction.eigenvalues) / learner.step_length
    assert np.abs(values.imag).max() < 1e-6
    return prediction, np.sort(values.real)


def indefinite_zero_sum():
    """A saddle for the leader alone that leading makes a minimum: Stackelberg, not Nash."""
    x, y = cp.Variable(2, name="x"), cp.Variable(3, name="y")
    own = LEADING - 2.1 * np.eye(2)
    cost = own[0, 1] * x[0] * x[1] + own[0, 0] / 2 * cp.square(x[0])
    cost = cost + own[1, 1] / 2 * cp.square(x[1]) + x @ (ACROSS @ y)
    cost = cost - cp.quad_form(y, FOLLOWING) / 2
    game = eq.Game(
        [
            eq.Player("leader", cp.Minimize(cost), [x]),
            eq.Player("follower", cp.Maximize(cost), [y]),
        ]
    )
    return game, own + ACROSS @ np.linalg.inv(FOLLOWING) @ ACROSS.T


@pytest.mark.parametrize("tau", [1.0, 4.0])
def test_the_stackelberg_flow_does_not_rotate_in_zero_sum_games(tau):
    game, schur = indefinite_zero_sum()
    wanted = np.sort([*np.linalg.eigvalsh(schur) / tau, *np.linalg.eigvalsh(FOLLOWING)])
    assert wanted[0] > 0  # a differential Stackelberg equilibrium
    found = eq.classify(game, np.zeros(5))
    assert "leader" in found.stackelberg_leaders
    assert not found.is_nash
    slow, fast = wanted[0], wanted[-1]
    for step in (0.3 / fast, 1 / fast, 1.5 / fast):
        learner = dy.StackelbergGradient("leader", step, tau)
        prediction, values = flow_eigenvalues(game, learner, np.zeros(5))
        np.testing.assert_allclose(values, wanted, rtol=1e-6)
        assert prediction.rate == pytest.approx(np.abs(1 - step * wanted).max(), rel=1e-7)
        assert prediction.largest_stable_step == pytest.approx(2 / fast, rel=1e-6)
    best = eq.predict_rate(dy.StackelbergGradient("leader", 1 / fast, tau), np.zeros(5), game)
    assert best.rate == pytest.approx(1 - slow / fast, rel=1e-7)


def test_steps_beyond_two_over_the_largest_eigenvalue_diverge():
    game, schur = indefinite_zero_sum()
    fast = max(np.linalg.eigvalsh(schur).max(), np.linalg.eigvalsh(FOLLOWING).max())
    start = np.random.default_rng(0).standard_normal(5)
    for factor, kind in ((0.99, "linear"), (1.01, "diverging")):
        learner = dy.StackelbergGradient("leader", factor * 2 / fast)
        path = eq.simulate(game, learner, start=start, steps=2000)
        report = eq.validate(path, np.zeros(5), learner, game=game)
        assert report.kind == kind
        assert report.rate == pytest.approx(report.predicted_rate, rel=1e-4)
        assert report.agrees


def polynomial_zero_sum():
    """-exp(-0.01 |x|^2) ((a x1^2 + x2)^2 + (b x2^2 + x1)^2), a = 0.15, b = 0.25."""
    one, two = cp.Variable(name="one"), cp.Variable(name="two")
    bump = cp.exp(-0.01 * (cp.square(one) + cp.square(two)))
    hills = cp.square(0.15 * cp.square(one) + two) + cp.square(0.25 * cp.square(two) + one)
    return eq.Game(
        [
            eq.Player("leader", cp.Minimize(-bump * hills), [one]),
            eq.Player("follower", cp.Maximize(-bump * hills), [two]),
        ]
    )


@pytest.mark.parametrize("near", [
    (-2.50151, -2.33986), (-13.33918, -9.99170), (12.18858, -5.42317), (-10.41662, 8.48055),
])  # fmt: skip
def test_published_polynomial_attracts_at_the_rate_of_its_schur_complement(near):
    game = polynomial_zero_sum()
    learner = dy.StackelbergGradient("leader", step=2.5e-2, timescale=100)
    box = np.subtract(near, 0.01), np.add(near, 0.01)
    (found,) = eq.critical_points(game, box, 4, leader="leader")
    point = found.point
    np.testing.assert_allclose(point, near, atol=2e-5)
    wanted = np.sort(
        [
            found.orders["leader"].leader_eigenvalues[0] / 100,
            found.orders["leader"].follower_eigenvalues["follower"][0],
        ]
    )
    prediction, values = flow_eigenvalues(game, learner, point)
    np.testing.assert_allclose(values, wanted, rtol=1e-5)
    assert prediction.is_stable


NOISE = np.sqrt(10.0)  # published: gradients seen with noise N(0, 10)


@pytest.mark.parametrize(("learner", "point"), [
    (dy.GradientPlay(lambda k: 1 / k, NOISE), [92 / 3, 101 / 3]),
    (dy.StackelbergGradient("leader", lambda k: k ** (-2 / 3), noise=NOISE,
                            leader_step=lambda k: 1 / k), [46, 26]),
], ids=["simultaneous", "Stackelberg"])  # fmt: skip
def test_noisy_duopoly_with_the_published_steps(learner, point):
    """Where no bound holds the game is linear: the mean of runs is the run without noise."""
    game, start, runs = GAMES["duopoly"].game, np.array([30.0, 30.0]), 200
    noisy = eq.simulate(
        game, learner, start=start, steps=5000, replications=runs, seed=0, record_every=5000
    ).final
    mean = eq.simulate(game, learner.noiseless(), start=start, steps=5000).final[0]
    np.testing.assert_allclose(mean, point, atol=0.05)
    error = noisy.std(axis=0, ddof=1) / np.sqrt(runs)
    assert (error < 0.05).all()
    assert (np.abs(noisy.mean(axis=0) - mean) < 4 * error).all()
    assert (np.abs(noisy - point).max(axis=1) < 3).all()  # each run, fifteen away from the other


def test_noise_is_what_keeps_constant_steps_away():
    learner = dy.StackelbergGradient("leader", 0.1, noise=1.0)
    game = GAMES["duopoly"].game
    path = eq.simulate(game, learner, start=[46.0, 26.0], steps=3000, replications=50, seed=1)
    update = np.eye(2) - 0.1 * np.array([[1.5, 1.0], [1.0, 2.0]])
    # Stationary covariance S = U S U' + step^2 noise^2 I, solved by its series.
    wanted, power = np.zeros((2, 2)), np.eye(2)
    for _ in range(2000):
        wanted += 0.1**2 * power @ power.T
        power = update @ power
    sample = path.iterates[500:].reshape(-1, 2)
    np.testing.assert_allclose(np.cov(sample.T), wanted, rtol=0.05)


@dataclass(frozen=True)
class Covariance:
    """The covariance game: sum W * (S - VV') against itself plus (eta / 2) |W|^2, eta = m / 5.

    Its equilibria are the V with VV' = S, W = 0: every root of S times every rotation.
    """

    game: eq.Game
    covariance: np.ndarray
    root: np.ndarray

    def distance(self, iterates):
        """|S - VV'|, of (..., n)."""
        m = self.root.shape[0]
        v = iterates[..., : m * m].reshape(*iterates.shape[:-1], m, m)
        return np.linalg.norm(self.covariance - v @ np.swapaxes(v, -1, -2), axis=(-2, -1))

    def equilibrium(self, rotation):
        """(V, W) = (root times rotation, 0)."""
        turned = self.root @ rotation
        return np.concatenate([turned.ravel(), np.zeros(turned.size)])


def covariance_game(m, rng):
    root = rng.standard_normal((m, m))
    covariance = root @ root.T
    v, w = cp.Variable((m, m), name="V"), cp.Variable((m, m), name="W")
    score = cp.sum(cp.multiply(w, covariance - v @ v.T))
    game = eq.Game(
        [
            eq.Player("leader", cp.Minimize(score), [v]),
            eq.Player("follower", cp.Minimize(-score + m / 10 * cp.sum_squares(w)), [w]),
        ]
    )
    return Covariance(game, covariance, root)


def test_covariance_game_cycles_or_converges_by_the_order_of_play():
    # Published steps: 0.015 for the leader, twice that for the follower.
    rng = np.random.default_rng(2)
    known = covariance_game(3, rng)
    start = rng.standard_normal(18)
    kinds = {}
    for learner in (
        dy.TimescaleGradient("leader", 0.03, 2),
        dy.GradientPlay(0.015),
        dy.StackelbergGradient("leader", 0.03, 2),
    ):
        path = eq.simulate(known.game, learner, start=start, steps=3000)
        report = eq.validate(
            path, known.equilibrium(np.eye(3)), learner, known.distance, game=known.game
        )
        assert report.is_fixed_point
        assert report.agrees
        assert report.predicted.set_dimension == 3  # rotations of space
        kinds[type(learner).__name__] = report.kind
    assert kinds == {
        "TimescaleGradient": "cycling",
        "GradientPlay": "cycling",
        "StackelbergGradient": "linear",
    }
    low, high = report.rate_interval
    assert low <= report.predicted_rate <= high
    assert report.final_distance < 1e-12


def test_covariance_games_rate_is_that_of_every_rotation():
    known = covariance_game(3, np.random.default_rng(2))
    learner = dy.StackelbergGradient("leader", 0.03, 2)
    turn, _ = np.linalg.qr(np.random.default_rng(0).standard_normal((3, 3)))
    here, there = (
        eq.predict_rate(learner, known.equilibrium(r), known.game) for r in (np.eye(3), turn)
    )
    np.testing.assert_allclose(np.abs(here.eigenvalues), np.abs(there.eigenvalues), atol=1e-6)
    # The same directions by hand: V times a skew matrix.
    skew = [np.zeros((3, 3)) for _ in range(3)]
    for part, (i, j) in zip(skew, ((0, 1), (0, 2), (1, 2)), strict=True):
        part[i, j], part[j, i] = 1, -1
    tangent = np.stack([np.concatenate([(known.root @ s).ravel(), np.zeros(9)]) for s in skew], 1)
    given = eq.predict_rate(learner, known.equilibrium(np.eye(3)), known.game, tangent=tangent)
    assert given.rate == pytest.approx(here.rate, rel=1e-9)
    kept = eq.predict_rate(
        learner, known.equilibrium(np.eye(3)), known.game, tangent=np.empty((18, 0))
    )
    assert np.sum(np.abs(kept.eigenvalues - 1) < 1e-6) == 3


def test_covariance_games_total_derivative_is_the_published_one():
    rng = np.random.default_rng(5)
    known = covariance_game(4, rng)
    point = rng.standard_normal(32)
    v, w = point[:16].reshape(4, 4), point[16:].reshape(4, 4)
    gap = known.covariance - v @ v.T
    wanted = -(w + w.T) @ v - 2 / 0.8 * gap @ v
    step = 1e-3
    learner = dy.StackelbergGradient("leader", step)
    moved = eq.simulate(known.game, learner, start=point, steps=1).final[0]
    np.testing.assert_allclose((point - moved)[:16] / step, wanted.ravel(), rtol=1e-9)
    np.testing.assert_allclose((point - moved)[16:] / step, (0.8 * w - gap).ravel(), rtol=1e-9)


def scalar_zero_sum(own, between, against):
    """own x^2 / 2 + between x y - against y^2 / 2."""
    x, y = cp.Variable(name="x"), cp.Variable(name="y")
    cost = own / 2 * cp.square(x) + between * x * y - against / 2 * cp.square(y)
    return eq.Game(
        [
            eq.Player("leader", cp.Minimize(cost), [x]),
            eq.Player("follower", cp.Maximize(cost), [y]),
        ]
    )


@pytest.mark.parametrize(("tau", "stable"), [(1.0, False), (2.4, False), (2.6, True), (50.0, True)])
def test_slow_leaders_find_local_minimax_points(tau, stable):
    # Fiez and Ratliff (2021): trace c + a / tau > 0 is tau > 2.5 for a = -1/2, c = 1/5.
    game = scalar_zero_sum(-0.5, 1.0, 0.2)
    learner = dy.TimescaleGradient("leader", 1e-3, tau)
    prediction = eq.predict_rate(learner, np.zeros(2), game)
    assert prediction.is_stable is stable
    assert (prediction.largest_stable_step is not None) is stable


@pytest.mark.parametrize("form", ["total", "partial"])
def test_the_ridge_attracts_only_local_minimax_points(form):
    # Wang, Zhang and Ba (2019), theorem 1: Schur complement a + b^2 / c against a follower's
    # curvature c; both must be positive.
    learner = dy.FollowTheRidge("leader", 0.05, leader_gradient=form)
    for own, against, minimax in ((-0.5, 0.2, True), (-6.0, 0.2, False), (1.0, -0.2, False)):
        found = eq.predict_rate(learner, np.zeros(2), scalar_zero_sum(own, 1.0, against))
        assert found.is_stable is minimax
        assert np.abs(found.eigenvalues.imag).max() < 1e-9


@pytest.mark.parametrize("name", GAMES)
def test_the_ridge_turns_nowhere_in_any_game(name):
    # In (x_L, x_F - r(x_L)) its Jacobian is triangular: spec(S) / tau and spec(J_FF), derived.
    known, learner = GAMES[name], METHODS["ridge"]
    point, jacobian = known.point(learner)
    lead, follow = slice(0, known.leaders), slice(known.leaders, None)
    response = -np.linalg.solve(jacobian[follow, follow], jacobian[follow, lead])
    second = known.total[:, lead] + known.total[:, follow] @ response
    flow = [*np.linalg.eigvals(second) / TAU, *np.linalg.eigvals(jacobian[follow, follow])]
    found = eq.predict_rate(learner, point, known.game)
    np.testing.assert_allclose(np.sort(found.eigenvalues), np.sort(1 - STEP * np.array(flow)),
                               rtol=1e-7)  # fmt: skip


def test_consensus_attracts_even_maxima():
    # Mescheder and others (2017): |F|^2 falls towards every critical point.
    game = scalar_zero_sum(-1.0, 0.5, -1.0)  # the leader is at a maximum, the follower at a minimum
    assert not eq.predict_rate(dy.GradientPlay(0.1), np.zeros(2), game).is_stable
    assert eq.predict_rate(dy.ConsensusOptimization(0.1, 5.0), np.zeros(2), game).is_stable


def test_aligned_adjustment_leaves_unstable_points():
    # Balduzzi and others (2018), section 3.5: without alignment the weak repeller attracts.
    game = scalar_zero_sum(-0.1, 1.0, -0.1)
    ends = {}
    for aligned in (True, False):
        learner = dy.SymplecticAdjustment(0.05, 1.0, aligned=aligned)
        path = eq.simulate(game, learner, start=[3.0, 0.0], steps=400)
        ends[aligned] = np.linalg.norm(path.final)
    assert ends[False] < 1e-3
    assert ends[True] > 10


def test_competitive_moves_of_large_and_many_player_games():
    """More coordinates than the matrix is formed for, and three players."""
    n = 40
    x = [cp.Variable(n, name=name) for name in "abc"]
    rng = np.random.default_rng(4)
    mix = rng.standard_normal((3, 3, n, n)) / n
    costs = [
        cp.sum_squares(x[i]) / 2 + sum(x[i] @ (mix[i, j] @ x[j]) for j in range(3) if j != i)
        for i in range(3)
    ]
    game = eq.Game([eq.Player(k, cp.Minimize(costs[i]), [x[i]]) for i, k in enumerate("abc")])
    off = np.block([[(i != j) * mix[i, j] for j in range(3)] for i in range(3)])
    start, step = rng.standard_normal((2, 3 * n)), 0.7
    moved = eq.simulate(
        game, dy.CompetitiveGradient(step), start=start, replications=2, steps=1
    ).final
    slope = start @ (np.eye(3 * n) + off).T
    wanted = start - step * np.linalg.solve(np.eye(3 * n) + step * off, slope.T).T
    np.testing.assert_allclose(moved, wanted, atol=1e-9)


def test_several_leaders_add_their_costs():
    q = [cp.Variable(name=f"q{i}") for i in range(3)]
    price = 100 - sum(q)
    game = eq.Game([eq.Player(f"f{i}", cp.Maximize(x * price), [x]) for i, x in enumerate(q)])
    learner = dy.StackelbergGradient(["f0", "f1"], 0.2)
    path = eq.simulate(game, learner, start=[20.0, 20.0, 20.0], steps=500)
    # (q0 + q1)(100 - q0 - q1) / 2 is best at q0 + q1 = 50; the follower answers 25.
    assert path.final[0, :2].sum() == pytest.approx(50, abs=1e-9)
    assert path.final[0, 2] == pytest.approx(25, abs=1e-9)
    found = eq.predict_rate(learner, path.final[0], game)
    assert found.set_dimension == 1  # only the leaders' sum matters
    assert found.is_stable


def test_leaders_steps():
    learner = dy.StackelbergGradient("leader", 0.2, leader_step=0.05)
    assert learner.with_step(0.4).leader_step == pytest.approx(0.1)
    game = GAMES["duopoly"].game
    by_ratio = dy.StackelbergGradient("leader", 0.2, timescale=4)
    paths = [eq.simulate(game, one, start=[30.0, 30.0], steps=20) for one in (learner, by_ratio)]
    np.testing.assert_allclose(paths[0].iterates, paths[1].iterates)
    assert not dy.StackelbergGradient("leader", 0.2, leader_step=lambda k: 1 / k).is_constant


def bound_followers():
    x, y = cp.Variable(name="x"), cp.Variable(2, name="y")
    follower = eq.Player("follower", cp.Minimize(cp.sum_squares(y - x)), [y], [cp.sum(y) <= 1])
    return eq.Game([eq.Player("leader", cp.Minimize(cp.square(x)), [x]), follower])


def shared_cost():
    """2 x y for both: I + g J' has determinant 1 - 4 g^2, so a step of 1/2 leaves no move."""
    x, y = cp.Variable(name="x"), cp.Variable(name="y")
    return eq.Game([eq.Player(n, cp.Minimize(2 * x * y), [v]) for n, v in (("a", x), ("b", y))])


@pytest.mark.parametrize(("game", "learner", "sentence"), [
    (duopoly().game, dy.StackelbergGradient("nobody", 0.1), "nobody"),
    (duopoly().game, dy.TimescaleGradient("nobody", 0.1), "nobody"),
    (bound_followers(), dy.StackelbergGradient("leader", 0.1), "constraints that bind followers"),
    (bound_followers(), dy.FollowTheRidge("leader", 0.1), "constraints that bind followers"),
    (shared_cost(), dy.CompetitiveGradient(0.5), "no single equilibrium; give a smaller step"),
    (scalar_zero_sum(1, 1, 0), dy.StackelbergGradient("leader", 0.1), "Hessian is singular"),
    (scalar_zero_sum(1, 1, 0), dy.FollowTheRidge("leader", 0.1), "Hessian is singular"),
], ids=str)  # fmt: skip
def test_runs_that_are_refused(game, learner, sentence):
    with pytest.raises(eq.EqsolveError, match=sentence):
        eq.simulate(game, learner, start=np.full(game.n, 0.3), steps=3)


@pytest.mark.parametrize(("make", "sentence"), [
    (lambda: dy.StackelbergGradient("a", 0.1, timescale=0), "timescale must be positive"),
    (lambda: dy.StackelbergGradient("a", 0.1, 2, leader_step=0.1), "both set the leader's step"),
    (lambda: dy.StackelbergGradient("a", 0.1, regularization=-1), "regularization must be 0 or"),
    (lambda: dy.FollowTheRidge("a", 0.1, leader_gradient="full"), "leader_gradient must be one"),
    (lambda: dy.ConsensusOptimization(0.1, -1), "consensus must be 0 or more"),
    (lambda: dy.SymplecticAdjustment(0.1, np.nan), "adjustment must be 0 or more"),
    (lambda: dy.CompetitiveGradient(0.0), "step must be positive"),
    (lambda: dy.TimescaleGradient("a", 0.1, noise=-1), "noise must be 0 or more"),
])  # fmt: skip
def test_wrong_options_are_refused(make, sentence):
    with pytest.raises(eq.EqsolveError, match=sentence):
        make()
