"""The leader's total derivative against followers who are solved for anew."""

import cvxpy as cp
import numpy as np
import pytest
from scipy.optimize import root

import eqsolve as eq
from eqsolve import dynamics as dy
from eqsolve.formulations.response import Response
from eqsolve.formulations.total_derivative import TotalDerivative
from eqsolve.games.products import JacobianBlock

RNG = np.random.default_rng(7)
PUSH = RNG.standard_normal((2, 3))  # of the leader's two coordinates on the followers' three
PULL = RNG.standard_normal((3, 3))  # between followers, not symmetric
WISH = RNG.standard_normal(3)


def curved_game(followers):
    """A leader of two coordinates; three followers' coordinates, of one player or several.

    Costs have fourth powers and products, so that nothing about the response is linear.
    """
    x = cp.Variable(2, name="x")
    y = [cp.Variable(name=f"y{i}") for i in range(3)]
    shared = sum(cp.square(y[i] - WISH[i]) + 0.3 * cp.power(y[i], 4) for i in range(3))
    shared = shared + sum((x @ PUSH[:, i]) * y[i] for i in range(3)) + y[0] * y[1] * x[0] / 5
    lead = cp.sum_squares(x - 1) + sum(cp.square(y[i] + i) for i in range(3)) + x[0] * y[1] * y[2]
    leader = eq.Player("leader", cp.Minimize(lead), [x])
    if followers == 1:
        return eq.Game([leader, eq.Player("follower", cp.Minimize(shared), y)])
    own = [
        shared / (i + 1) + sum(PULL[i, j] / 3 * y[i] * y[j] for j in range(3) if j != i)
        for i in range(3)
    ]
    return eq.Game([leader] + [eq.Player(f"f{i}", cp.Minimize(own[i]), [y[i]]) for i in range(3)])


def respond(game, total, x, near):
    """The followers' answer to x (2,), by a root finder on the declared pseudo-gradient."""

    def equations(y):
        return game.numbers.gradient(np.concatenate([x, y]))[total.following]

    found = root(equations, near, tol=1e-13)
    assert np.abs(equations(found.x)).max() < 1e-11
    return np.concatenate([x, found.x])


@pytest.mark.parametrize("followers", [1, 3])
@pytest.mark.parametrize("x", [(0.4, -0.7), (2.0, 1.5)])
def test_first_and_second_derivative_along_the_response(followers, x):
    game = curved_game(followers)
    total = TotalDerivative(game.declared, (0,))
    here = respond(game, total, np.array(x), np.zeros(3))
    width = 1e-4

    def cost(point):
        return game.numbers.costs(point[None])[0, 0]

    slopes, bends = [], []
    for k in range(2):
        move = width * np.eye(2)[k]
        up, down = (respond(game, total, x + s * move, here[2:]) for s in (1, -1))
        slopes.append((cost(up) - cost(down)) / (2 * width))
        bends.append((total.gradient(up) - total.gradient(down)) / (2 * width))
    np.testing.assert_allclose(total.gradient(here), slopes, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(total.hessian(here), bends, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(total.follower_gradient(here), 0, atol=1e-10)


def blocks(game, total, point):
    """d_L F_F and d_F F_F at `point`, by differences of the declared pseudo-gradient."""
    width = 1e-6
    slopes = np.stack(
        [
            (game.numbers.gradient(point + move) - game.numbers.gradient(point - move))
            / (2 * width)
            for move in width * np.eye(game.n)
        ],
        axis=1,
    )[total.following]
    return slopes[:, total.leading], slopes[:, total.following]


@pytest.mark.parametrize("followers", [1, 3])
@pytest.mark.parametrize("eta", [0.0, 0.5, 10.0])
def test_regularization_adds_to_the_followers_diagonal(followers, eta):
    game = curved_game(followers)
    total = TotalDerivative(game.declared, (0,), eta)
    points = np.random.default_rng(3).standard_normal((4, game.n))
    found, _ = total.gradients(points)
    for point, slope in zip(points, found, strict=True):
        across, within = blocks(game, total, point)
        cost = [
            (game.numbers.costs((point + m)[None])[0, 0]
             - game.numbers.costs((point - m)[None])[0, 0]) / 2e-6
            for m in 1e-6 * np.eye(game.n)
        ]  # fmt: skip
        through = np.linalg.solve(within.T + eta * np.eye(3), np.array(cost)[total.following])
        wanted = np.array(cost)[total.leading] - across.T @ through
        np.testing.assert_allclose(slope, wanted, rtol=1e-6, atol=1e-6)


def test_a_singular_hessian_is_refused_and_regularized():
    x, y = cp.Variable(name="x"), cp.Variable(2, name="y")
    follower = cp.square(cp.sum(y) - x)  # only the sum matters to the follower
    game = eq.Game(
        [
            eq.Player("leader", cp.Minimize(cp.square(x - 3) + cp.sum_squares(y)), [x]),
            eq.Player("follower", cp.Minimize(follower), [y]),
        ]
    )
    start = [1.0, 0.5, 0.2]
    with pytest.raises(eq.EqsolveError, match="Hessian is singular.*regularization > 0"):
        eq.simulate(game, dy.StackelbergGradient("leader", 0.1), start=start, steps=5)
    learner = dy.StackelbergGradient("leader", 0.05, regularization=1e-6)
    path = eq.simulate(game, learner, start=start, steps=3000)
    # The difference of y never moves; the leader's best is x = y1 + y2 with y1 - y2 = 0.3:
    # minimise (x - 3)^2 + x^2 / 2 + 0.045.
    np.testing.assert_allclose(path.final[0], [2.0, 1.15, 0.85], atol=1e-5)


def test_a_follower_at_a_bound_does_not_respond():
    x, y = cp.Variable(name="x"), cp.Variable(bounds=[0, 1], name="y")
    game = eq.Game(
        [
            eq.Player("leader", cp.Minimize(cp.square(x - 2) + x * y), [x]),
            eq.Player("follower", cp.Minimize(cp.square(y - x)), [y]),
        ]
    )
    total = TotalDerivative(game.declared, (0,))
    held, pressed, free = np.array([1.5, 1.0]), np.array([0.5, 1.0]), np.array([0.5, 0.5])
    slopes, _ = total.gradients(np.stack([held, pressed, free]))
    # d_L c = 2 (x - 2) + y; y responds one to one, and x dy is added, where it is not held.
    np.testing.assert_allclose(slopes[:, 0], [0.0, -2.0 + 0.5, -2.5 + 0.5])


@pytest.mark.parametrize("followers", [1, 3])
@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("eta", [0.0, 0.7])
def test_products_alone_give_what_the_formed_matrix_gives(followers, transposed, eta):
    """Conjugate gradients (one follower) and GMRES (several) against the dense solver."""
    game = curved_game(followers).declared
    formed = Response(game, (0,), eta)
    products = Response(game, (0,), eta, formed_up_to=0)
    rng = np.random.default_rng(1)
    points, right = rng.standard_normal((6, 5)), rng.standard_normal((6, 3))
    free = np.ones((6, 3), dtype=bool)
    free[1, 2] = free[4, :2] = False
    wanted = formed.solve(points, right, free, transposed)
    np.testing.assert_allclose(products.solve(points, right, free, transposed), wanted, rtol=1e-9)
    assert (wanted[~free] == 0).all()
    moves = rng.standard_normal((6, 2))
    np.testing.assert_allclose(
        products.moved(points, right, moves), formed.moved(points, right, moves), rtol=1e-8
    )


@pytest.mark.parametrize("several", [False, True])
def test_large_followers_with_sums_lifted(several):
    """200 firms follow: linear demand, so J and the total derivative are known in closed form."""
    n, curvature = 200, np.linspace(1, 3, 200)
    lead, rest = cp.Variable(name="lead"), cp.Variable(n, name="rest")
    price = 10 - lead - cp.sum(rest)
    leader = eq.Player("leader", cp.Maximize(lead * price), [lead])
    cost = cp.multiply(curvature / 2, cp.square(rest))
    if several:
        followers = eq.Population("firms", [rest], maximize=rest * price - cost)
        slope_of_revenue = np.ones((n, n)) + np.eye(n)
    else:
        followers = eq.Player("firms", cp.Maximize(cp.sum(rest) * price - cp.sum(cost)), [rest])
        slope_of_revenue = 2 * np.ones((n, n))
    game = eq.Game([leader, followers])
    leaders = (game.player_names.index("leader"),)
    total = TotalDerivative(game.declared, leaders)
    assert game.declared.aggregates
    points = np.random.default_rng(0).standard_normal((3, n + 1))
    found, _ = total.gradients(points)
    hessian = slope_of_revenue + np.diag(curvature)
    respond_ = -np.linalg.solve(hessian, np.ones(n))
    x, total_rest = points[:, 0], points[:, 1:].sum(axis=1)
    wanted = -(10 - 2 * x - total_rest) + x * respond_.sum()
    np.testing.assert_allclose(found[:, 0], wanted, rtol=1e-9)
    block = JacobianBlock(game.declared, total.following, total.following)
    np.testing.assert_allclose(block.dense(points)[0], hessian, rtol=1e-12)
    direction = np.random.default_rng(1).standard_normal((3, n))
    np.testing.assert_allclose(block.forward(points, direction), direction @ hessian.T, rtol=1e-9)
    np.testing.assert_allclose(block.adjoint(points, direction), direction @ hessian, rtol=1e-9)
