"""The quadratic start against the same program written in cvxpy, and where it must not exist."""

import cvxpy as cp
import numpy as np
import pytest

import eqsolve as eq
from eqsolve.formulations.complementarity import Complementarity
from eqsolve.formulations.kkt import optimality_conditions
from eqsolve.formulations.quadratic_start import quadratic_start


def start_of(game, weights=None):
    """(strategies, residual of the first-order conditions) at the start, or None."""
    players = len(game.player_names)
    weights = np.ones(players) if weights is None else weights
    conditions = optimality_conditions(game.symbolic, weights)
    z = quadratic_start(conditions)
    if z is None:
        return None
    program = Complementarity().compile(game, eq.Nash())
    return z[: game.n], program.problem.residual(z)


def market(firms, goods=1, shared=(), own=None):
    """Cournot with one price a good, b = 1; returns (game, costs)."""
    rng = np.random.default_rng(firms)
    costs = rng.uniform(5, 40, (firms, goods))
    q = cp.Variable((firms, goods), nonneg=True, name="q")
    price = 100 - cp.reshape(cp.sum(q, axis=0), (1, goods), order="C")
    profit = cp.sum(cp.multiply(q, price - costs), axis=1)
    rows = [] if own is None else own(q)
    players = [eq.Population("firm", q, maximize=profit, constraints=rows)]
    return eq.Game(players, [limit(q) for limit in shared]), costs


def by_hand(costs, limits):
    """The market's potential minimised in cvxpy: 1/2 sum q^2 + 1/2 Q^2 + (c - 100) q."""
    q = cp.Variable(costs.shape, nonneg=True)
    cost = 0.5 * (cp.sum_squares(q) + cp.sum_squares(cp.sum(q, axis=0)))
    cost = cost + cp.sum(cp.multiply(costs - 100, q))
    problem = cp.Problem(cp.Minimize(cost), [limit(q) for limit in limits])
    problem.solve(solver=cp.CLARABEL, tol_gap_abs=1e-12, tol_gap_rel=1e-12, tol_feas=1e-12)
    return q.value.ravel()


LIMITS = {
    "none": [],
    "a total": [lambda q: cp.sum(q[:, 0]) <= 40],
    "an equality": [lambda q: cp.sum(q[:, 0]) == 40],
    "a total twice": [lambda q: cp.sum(q[:, 0]) <= 40] * 2,
    "no interior": [lambda q: cp.sum(q[:, 0]) <= 40, lambda q: cp.sum(q[:, 0]) >= 40],
    "a floor and a total": [lambda q: q[0, 0] >= 3, lambda q: cp.sum(q) <= 120],
}


@pytest.mark.parametrize("limits", LIMITS)
@pytest.mark.parametrize(("firms", "goods"), [(4, 2), (120, 1)])  # dense, and a lifted total
def test_markets(limits, firms, goods):
    game, costs = market(firms, goods, LIMITS[limits])
    x, residual = start_of(game)
    np.testing.assert_allclose(x, by_hand(costs, LIMITS[limits]), atol=1e-3)
    assert residual < 1e-3  # prices are about 100: Newton's method begins next to a solution


def test_own_rows_stay_with_their_firm():
    def own(q):
        return [q[:, 0] + 2 * q[:, 1] <= 5, q[:, 0] - q[:, 1] == 1]

    game, costs = market(60, 2, own=own)
    x, residual = start_of(game)
    np.testing.assert_allclose(
        x, by_hand(costs, [lambda q: own(q)[0], lambda q: own(q)[1]]), atol=1e-3
    )
    assert residual < 1e-3


def test_fixed_quantities_are_kept():
    n = 30
    q = cp.Variable(n, nonneg=True, name="q")
    high = np.where(np.arange(n) % 3 == 0, 2.0, 5.0)
    low = np.where(np.arange(n) % 3 == 0, 2.0, 0.0)
    profit = cp.multiply(q, 100 - cp.sum(q) - np.linspace(5, 40, n))
    game = eq.Game([eq.Population("firm", q, maximize=profit, constraints=[q <= high, q >= low])])
    x, residual = start_of(game)
    np.testing.assert_array_equal(x[::3], np.full(10, 2.0))
    assert residual < 1e-4


def test_zero_objectives():
    q = cp.Variable(3, name="q")
    idle = [eq.Population("p", q, minimize=0 * q, constraints=[q >= -1, q <= 1])]
    x, residual = start_of(eq.Game(idle, [cp.sum(q) == 1]))
    assert x.sum() == pytest.approx(1, abs=1e-6)
    assert residual < 1e-6


def test_games_above_the_threshold_begin_there():
    game, _ = market(120)
    x, _ = start_of(game)
    begun = Complementarity().compile(game, eq.Nash()).problem.start
    np.testing.assert_array_equal(begun[: game.n], x)
    given = Complementarity().compile(game, eq.Nash(), np.full(120, 0.5)).problem.start
    np.testing.assert_array_equal(given[: game.n], np.full(120, 0.5))
    small, _ = market(50)
    begun = Complementarity().compile(small, eq.Nash()).problem.start
    np.testing.assert_array_equal(begun[: small.n], small.numbers.default_start())


def pair(cost_x, cost_y, x, y, shared=()):
    players = [
        eq.Player("a", cp.Minimize(cost_x), [x], [x >= -1, x <= 1]),
        eq.Player("b", cp.Minimize(cost_y), [y], [y >= -1, y <= 1]),
    ]
    return eq.Game(players, shared)


def test_no_start_without_such_a_program():
    x, y = cp.Variable(name="x"), cp.Variable(name="y")
    symmetric = pair(x**2 + x * y, y**2 + x * y, x, y, [x + y <= 1])
    assert start_of(symmetric) is not None
    assert start_of(symmetric, weights=np.array([1.0, 2.0])) is None
    assert start_of(pair(x**2 + x * y, y**2 - x * y, x, y)) is None  # not symmetric
    assert start_of(pair(x * y - x**2, y**2 + x * y, x, y)) is None  # concave in x
    assert start_of(pair(x**2 + cp.exp(x), y**2, x, y)) is None  # not quadratic
    curved = pair(x**2, y**2, x, y, [cp.square(x) + y <= 1])
    assert start_of(curved) is None


def test_no_start_where_nothing_is_feasible():
    x, y = cp.Variable(name="x"), cp.Variable(name="y")
    assert start_of(pair(x**2, y**2, x, y, [x + y >= 3])) is None


def test_no_start_where_the_total_acts_unevenly():
    n = 120
    q = cp.Variable(n, nonneg=True, name="q")
    slopes = np.linspace(0.5, 2, n)  # firm i sells at 100 - slope_i Q: no potential
    profit = cp.multiply(q, 100 - cp.multiply(slopes, cp.sum(q) * np.ones(n)))
    game = eq.Game([eq.Population("firm", q, maximize=profit, constraints=[q <= 4])])
    assert start_of(game) is None
    assert eq.solve(game).certificate.holds(1e-8)
