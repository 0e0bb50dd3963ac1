"""First-order residuals against bounded least squares, spreads against algebra.

The residual vector F + A' lambda - low + high of least length is a projection onto a cone,
hence unique: its largest entry is what `first_order` must report, whatever the multipliers.
"""

import cvxpy as cp
import numpy as np
import pytest
from scipy.optimize import lsq_linear

import eqsolve as eq
from eqsolve.formulations.first_order import (
    NNLS_UP_TO,
    completed,
    first_order,
    follower_residual,
)


def targets(wanted, shared, low=-5.0, high=5.0):
    """Player i wants x_i = wanted_i: cost (x_i - wanted_i)^2, so F = 2 (x - wanted)."""
    xs = [cp.Variable(name=f"x{i}") for i in range(len(wanted))]
    players = [
        eq.Player(f"p{i}", cp.Minimize(cp.square(x - t)), [x], [x >= low, x <= high])
        for i, (x, t) in enumerate(zip(xs, wanted, strict=True))
    ]
    return eq.Game(players, [limit(cp.hstack(xs)) for limit in shared])


def least_squares(gradient, columns, free, at_lower, at_upper):
    """Largest entry of the shortest F + A' lambda - low + high."""
    eye = np.eye(gradient.size)
    everything = np.hstack([columns, -eye[:, at_lower], eye[:, at_upper]])
    floor = np.zeros(everything.shape[1])
    floor[: free.size][free] = -np.inf
    fit = lsq_linear(everything, -gradient, (floor, np.inf), method="bvls", tol=1e-15)
    return np.abs(gradient + everything @ fit.x).max()


def random_case(rng):
    """A linear-quadratic game with active bounds and rows at a point, and its pieces."""
    players, width = int(rng.integers(2, 5)), int(rng.integers(1, 4))
    n = players * width
    matrix, q = rng.normal(size=(n, n)), rng.normal(size=n)
    owner = np.repeat(np.arange(players), width)
    for i in range(players):
        mine = np.ix_(owner == i, owner == i)
        matrix[mine] = matrix[mine] @ matrix[mine].T
    point = rng.choice([-1.0, 1.0, 0.0, 0.4], n)
    count = int(rng.integers(1, 4))
    rows, equality = rng.normal(size=(count, n)), rng.random(count) < 0.3
    active = equality | (rng.random(count) < 0.7)
    right = rows @ point + np.where(active, 0.0, 0.5)
    own_rows = rng.normal(size=(players, width))
    xs = [cp.Variable(width, name=f"x{i}") for i in range(players)]
    declared = []
    for i, x in enumerate(xs):
        mine = owner == i
        cost = 0.5 * cp.quad_form(x, matrix[np.ix_(mine, mine)], assume_PSD=True) + q[mine] @ x
        for j, other in enumerate(xs):
            if j != i:
                cost = cost + x @ (matrix[np.ix_(mine, owner == j)] @ other)
        limit = own_rows[i] @ x <= own_rows[i] @ point[mine]
        declared.append(eq.Player(f"p{i}", cp.Minimize(cost), [x], [x >= -1, x <= 1, limit]))
    stacked = cp.hstack(xs)
    shared = [
        rows[k] @ stacked == right[k] if equality[k] else rows[k] @ stacked <= right[k]
        for k in range(count)
    ]
    own = np.zeros((players, n))
    for i in range(players):
        own[i, owner == i] = own_rows[i]
    pieces = matrix @ point + q, owner, rows[active], equality[active], own
    return eq.Game(declared, shared), point, pieces


@pytest.mark.parametrize("seed", range(25))
def test_residuals_of_random_games(seed):
    game, point, (gradient, owner, rows, equality, own) = random_case(np.random.default_rng(seed))
    weights = np.random.default_rng(seed).uniform(0.5, 2, len(game.player_names))
    low, high = point == -1, point == 1
    each = []
    for i in range(own.shape[0]):
        mine = owner == i
        columns = np.vstack([rows, own[i]])[:, mine].T
        free = np.append(equality, False)
        each.append(least_squares(gradient[mine], columns, free, low[mine], high[mine]))
    free = np.append(equality, np.zeros(own.shape[0], dtype=bool))

    def common(w):
        columns = np.vstack([rows / w[owner], own]).T
        return least_squares(gradient, columns, free, low, high)

    plain, weighted = first_order(game, point), first_order(game, point, weights)
    assert plain.residual == pytest.approx(max(each), abs=1e-6)
    assert plain.variational == pytest.approx(common(np.ones(own.shape[0])), abs=1e-6)
    assert weighted.normalized == pytest.approx(common(weights), abs=1e-6)
    assert weighted.variational == pytest.approx(plain.variational, abs=1e-12)
    for followers in ((0,), (0, 1)):
        expected = max(each[i] for i in followers)
        assert follower_residual(game, point, followers) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("players", [2, 5, 30])  # thirty first ask for all multipliers at once
def test_spread_of_one_shared_row_is_algebra(players):
    # Player i's multiplier of sum x <= c is 2 (wanted_i - x_i), whatever the others do.
    rng = np.random.default_rng(players)
    point = rng.uniform(-1, 1, players)
    own = rng.uniform(0.5, 2, players)
    game = targets(point + own / 2, [lambda x: cp.sum(x) <= point.sum()])
    found = first_order(game, point)
    assert found.residual == pytest.approx(0, abs=1e-9)
    assert found.spread == pytest.approx(own.max() - own.min(), abs=1e-6)
    # One multiplier for all: the mean, which leaves the largest deviation from it.
    assert found.variational == pytest.approx(np.abs(own - own.mean()).max(), abs=1e-8)
    # Weights w_i = 1 / lambda_i make w_i lambda_i = 1 for everyone.
    weighted = first_order(game, point, 1 / own)
    assert weighted.normalized == pytest.approx(0, abs=1e-8)
    assert weighted.spread == pytest.approx(0, abs=1e-6)


def test_spread_over_two_rows_by_a_program_written_here():
    rng = np.random.default_rng(0)
    n, slopes, point = 4, rng.uniform(0.2, 1, (2, 4)), rng.uniform(-1, 1, 4)
    pull = rng.uniform(0.5, 2, n)
    game = targets(point + pull / 2, [lambda x: slopes @ x <= slopes @ point])
    lam = cp.Variable((n, 2), nonneg=True)
    stationary = [cp.sum(cp.multiply(lam[i], slopes[:, i])) == pull[i] for i in range(n)]
    spread = cp.max(cp.max(lam, axis=0) - cp.min(lam, axis=0))
    problem = cp.Problem(cp.Minimize(spread), stationary)
    problem.solve(solver=cp.CLARABEL)
    assert first_order(game, point).spread == pytest.approx(problem.value, abs=1e-6)


def test_duplicate_shared_rows_leave_more_freedom():
    # With the row twice, one player may split its multiplier: any sum over the copies will do.
    # lambda = (2, 1): one row spreads by 1; over two equal rows each half spreads by 1/2.
    def limit(x):
        return cp.sum(x) <= 0

    once = first_order(targets([1.0, 0.5], [limit]), np.zeros(2))
    twice = first_order(targets([1.0, 0.5], [limit, limit]), np.zeros(2))
    assert once.spread == pytest.approx(1.0, abs=1e-6)
    assert twice.spread == pytest.approx(0.5, abs=1e-6)
    assert twice.variational == pytest.approx(once.variational, abs=1e-9) == pytest.approx(0.5)


def test_an_empty_interior_frees_the_sign():
    # x + y <= 0 and >= 0: the multipliers of both together may have any sign.
    equal = targets([-1.0, -1.0], [lambda x: cp.sum(x) == 0])
    pinched = targets([-1.0, -1.0], [lambda x: cp.sum(x) <= 0, lambda x: cp.sum(x) >= 0])
    for game in (equal, pinched):
        assert first_order(game, np.zeros(2)).variational == pytest.approx(0, abs=1e-9)
    one_sided = targets([-1.0, -1.0], [lambda x: cp.sum(x) <= 0])
    assert first_order(one_sided, np.zeros(2)).residual == pytest.approx(2.0)


def test_an_equality_counts_wherever_the_point_is():
    # (-2, -1) breaks x + y = 0 by 3; the pull of both, 2, is still absorbed by its multiplier.
    game = targets([-1.0, 0.0], [lambda x: cp.sum(x) == 0])
    assert first_order(game, np.array([-2.0, -1.0])).residual == pytest.approx(0, abs=1e-9)


def test_spread_of_an_equality_may_span_zero():
    # Multipliers 2 (wanted - x) = (2, -4) of x + y = 0: their difference is 6.
    found = first_order(targets([1.0, -2.0], [lambda x: cp.sum(x) == 0]), np.zeros(2))
    assert found.residual == pytest.approx(0, abs=1e-9)
    assert found.spread == pytest.approx(6, abs=1e-6)


def test_players_without_rows_count_beside_those_with():
    # a's pull (-2, -2) is held by its row, b is free and pulled by 2 (1 - 4) = -6.
    x, y = cp.Variable(2, name="x"), cp.Variable(2, name="y")
    players = [
        eq.Player("a", cp.Minimize(cp.sum_squares(x - 1)), [x], [cp.sum(x) <= 0]),
        eq.Player("b", cp.Minimize(cp.sum_squares(y - 4)), [y]),
    ]
    found = first_order(eq.Game(players), np.array([0.0, 0.0, 1.0, 4.0]))
    assert found.residual == pytest.approx(6.0)


def test_inactive_rows_help_nobody():
    game = targets([1.0, 1.0], [lambda x: cp.sum(x) <= 3])
    found = first_order(game, np.zeros(2))
    assert (found.residual, found.variational, found.spread) == (2.0, 2.0, 0.0)


def test_without_shared_rows_there_is_nothing_to_share():
    found = first_order(targets([1.0, 7.0], []), np.array([1.0, 5.0]))
    assert (found.residual, found.variational, found.normalized, found.spread) == (
        0,
        None,
        None,
        None,
    )
    outward = first_order(targets([1.0, 7.0], []), np.array([1.0, -5.0]))
    assert outward.residual == 24.0  # at the lower bound, but pulled up


def test_fixed_variables_and_zero_objectives():
    fixed = targets([9.0, 9.0], [], low=2.0, high=2.0)
    assert first_order(fixed, np.full(2, 2.0)).residual == 0.0
    x, y = cp.Variable(name="x"), cp.Variable(name="y")
    idle = [eq.Player("a", cp.Minimize(0 * x), [x]), eq.Player("b", cp.Maximize(0 * y), [y])]
    found = first_order(eq.Game(idle, [x + y == 1]), np.array([0.2, 0.8]))
    assert (found.residual, found.variational, found.spread) == (0, 0, 0)


def test_large_games_are_fitted_as_small_ones_are():
    """Above the dense limit: bounds, inequalities of both fates and equalities at once."""
    n, rng = NNLS_UP_TO + 20, np.random.default_rng(0)
    rows = rng.normal(size=(6, n)) / np.sqrt(n)
    point = rng.choice([-1.0, 0.0, 1.0], n)
    pull = 0.3 * rng.normal(size=n) - rows.T @ np.array([2.0, -2.0, 1.0, -1.0, 3.0, -3.0])
    x = cp.Variable(n, name="x")
    cost = cp.square(x - (point - pull / 2))
    members = eq.Population("p", x, minimize=cost, constraints=[x >= -1, x <= 1])
    right = rows @ point
    game = eq.Game([members], [rows[:4] @ x <= right[:4], rows[4:] @ x == right[4:]])
    free = np.repeat([False, True], [4, 2])
    expected = least_squares(pull, rows.T, free, point == -1, point == 1)
    assert expected > 0.1
    assert first_order(game, point).variational == pytest.approx(expected, abs=1e-6)


def test_many_rows_by_the_sparse_fit():
    # 400 players, each with a row of its own: more columns than the dense fit takes.
    n = 400
    rng = np.random.default_rng(5)
    x = cp.Variable(n, name="x")
    point, pull = rng.uniform(-1, 1, n), rng.uniform(-1, 1, n)
    cost = cp.square(x - (point + pull / 2))
    game = eq.Game(
        [eq.Population("p", x, minimize=cost, constraints=[2 * x + x**2 <= 2 * point + point**2])]
    )
    # The row's slope 2 + 2 x >= 0 absorbs any pull upward, and none downward.
    expected = np.where(2 + 2 * point > 0, np.maximum(-pull, 0), np.abs(pull)).max()
    assert first_order(game, point).residual == pytest.approx(expected, abs=1e-6)


def test_a_kink_is_completed_by_its_best_epigraph():
    x = cp.Variable(name="x")
    game = eq.Game([eq.Player("a", cp.Minimize(cp.abs(x - 1) + cp.square(x - 3) / 2), [x])])
    # For x > 1 the derivative is 1 + (x - 3): zero at 2.
    assert first_order(game, np.array([2.0])).residual == pytest.approx(0, abs=1e-7)
    full = completed(game, np.array([2.5]))
    assert full[0] == 2.5
    assert full[1:] == pytest.approx(1.5, abs=1e-6)  # the epigraph variable is |x - 1|
