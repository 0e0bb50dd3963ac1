"""Deviation gains against the same problems written in cvxpy, and against grids."""

import cvxpy as cp
import numpy as np
import pytest

import eqsolve as eq
from eqsolve.formulations import deviations as module
from eqsolve.formulations.deviations import deviations
from eqsolve.formulations.own_problem import Response, admitting
from eqsolve.results import Status


def gains(game, point, convex=True, among=None):
    point = np.asarray(point, dtype=float)
    players = len(game.player_names)
    return deviations(game, point, np.full(players, convex), among).gains


def quadratic_game(rng, players, width, shared, own, population=False):
    """(game, gain_by_hand, feasible): random costs on a box, rows on demand."""
    n = players * width
    matrix = rng.normal(size=(n, n))
    matrix = matrix @ matrix.T / n + np.triu(rng.normal(size=(n, n)), 1)
    blocks = [slice(i * width, (i + 1) * width) for i in range(players)]
    for mine in blocks:
        matrix[mine, mine] = (matrix[mine, mine] + matrix[mine, mine].T) / 2
        least = np.linalg.eigvalsh(matrix[mine, mine])[0]
        matrix[mine, mine] += (0.1 + max(0.0, -least)) * np.eye(width)
    q = 2 * rng.normal(size=n)
    rows = rng.normal(size=(2, n)) if shared else np.zeros((0, n))
    own_rows = rng.normal(size=(players, width))

    def cost(i, x):
        others = [matrix[blocks[i], blocks[j]] @ x[j] for j in range(players) if j != i]
        square = cp.quad_form(x[i], matrix[blocks[i], blocks[i]], assume_PSD=True)
        return 0.5 * square + (q[blocks[i]] + sum(others)) @ x[i]

    def limits(i, x):
        return [x[i] >= -1, x[i] <= 1] + ([own_rows[i] @ x[i] <= 0.5] if own else [])

    def joint(x):
        return [sum(rows[:, blocks[j]] @ x[j] for j in range(players)) <= 0.7] if shared else []

    xs = [cp.Variable(width, name=f"x{i}") for i in range(players)]
    declared = [
        eq.Player(f"p{i}", cp.Minimize(cost(i, xs)), [x], limits(i, xs)) for i, x in enumerate(xs)
    ]

    def by_hand(point):
        values = [point[mine] for mine in blocks]
        out = []
        for i in range(players):
            mixed = list(values)
            mixed[i] = cp.Variable(width)
            problem = cp.Problem(cp.Minimize(cost(i, mixed)), limits(i, mixed) + joint(mixed))
            problem.solve(solver=cp.CLARABEL)
            now = cost(i, [cp.Constant(v) for v in values]).value
            out.append(now - problem.value)
        return np.array(out)

    def feasible(point):
        for _ in range(60):
            below = (rows @ point <= 0.69).all()
            if below and all(
                not own or own_rows[i] @ point[b] < 0.49 for i, b in enumerate(blocks)
            ):
                return point
            point = 0.8 * point
        raise AssertionError("the origin is feasible, so some multiple of the point is")

    return eq.Game(declared, joint(xs)), by_hand, feasible


@pytest.mark.parametrize("width", [1, 3])  # clipped Newton steps, and joint programs
@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("players", [1, 4])
def test_quadratic_games(width, shared, own, players):
    rng = np.random.default_rng(8 * width + 4 * shared + 2 * own + players)
    game, by_hand, feasible = quadratic_game(rng, players, width, shared, own)
    for _ in range(3):
        point = feasible(rng.uniform(-1, 1, players * width))
        expected = by_hand(point)
        assert expected.max() > 1e-3
        np.testing.assert_allclose(gains(game, point), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("shared", [False, True])
def test_jointly_and_one_by_one_agree(shared):
    rng = np.random.default_rng(1)
    game, _, feasible = quadratic_game(rng, 5, 2, shared, True)
    point = feasible(rng.uniform(-1, 1, 10))
    alone = [gains(game, point, among=(i,))[i] for i in range(5)]
    np.testing.assert_allclose(gains(game, point), alone, rtol=1e-7, atol=1e-8)


def test_only_the_players_asked_for():
    rng = np.random.default_rng(2)
    for width in (1, 2):
        game, _, feasible = quadratic_game(rng, 4, width, False, False)
        point = feasible(rng.uniform(-1, 1, 4 * width))
        everyone = gains(game, point)
        some = gains(game, point, among=(1, 3))
        assert some[0] == some[2] == 0.0
        np.testing.assert_allclose(some[[1, 3]], everyone[[1, 3]], rtol=1e-6, atol=1e-9)


def test_cournot_in_closed_form():
    # Best answer (a - c - Q_-i) / 2 with profit its square; clipped at capacity 2.
    n, a = 40, 100.0
    rng = np.random.default_rng(3)
    c = rng.uniform(20, 80, n)
    q = cp.Variable(n, nonneg=True, name="q")
    profit = cp.multiply(q, a - cp.sum(q) - c)
    game = eq.Game([eq.Population("firm", q, maximize=profit, constraints=[q <= 2])])
    point = rng.uniform(0, 2, n)
    others = point.sum() - point
    best = np.clip((a - c - others) / 2, 0, 2)

    def earned(x):
        return x * (a - c - others - x)

    np.testing.assert_allclose(gains(game, point), earned(best) - earned(point), atol=1e-9)


@pytest.mark.parametrize("convex", [True, False])
def test_curved_costs_against_a_grid(convex):
    x, y = cp.Variable(name="x"), cp.Variable(name="y")
    game = eq.Game(
        [
            eq.Player("a", cp.Minimize(cp.exp(x) - 2 * x + 0.5 * x * y), [x], [x >= -2, x <= 2]),
            eq.Player("b", cp.Minimize(cp.power(y, 4) - x * y), [y], [y >= -2, y <= 2]),
        ]
    )
    grid = np.linspace(-2, 2, 400_001)
    for point in np.random.default_rng(4).uniform(-2, 2, (5, 2)):
        u, v = point
        of_a = np.exp(grid) - 2 * grid + 0.5 * grid * v
        of_b = grid**4 - u * grid
        expected = [np.exp(u) - 2 * u + 0.5 * u * v - of_a.min(), v**4 - u * v - of_b.min()]
        np.testing.assert_allclose(gains(game, point, convex), expected, atol=1e-8)


def test_a_second_valley_is_found_when_convexity_is_not_known():
    # (x^2 - 1)^2 + 0.2 x has its lower valley near -1; from +1 only a search elsewhere finds it.
    x, y = cp.Variable(name="x"), cp.Variable(2, name="y")

    def valleys(v):
        return cp.square(cp.square(v) - 1) + 0.2 * v

    game = eq.Game(
        [
            eq.Player("line", cp.Minimize(valleys(x)), [x], [x >= -3, x <= 3]),
            eq.Player("plane", cp.Minimize(cp.sum(valleys(y))), [y], [y >= -3, y <= 3]),
        ]
    )
    grid = np.linspace(-3, 3, 600_001)
    values = (grid**2 - 1) ** 2 + 0.2 * grid
    right = grid[grid > 0][values[grid > 0].argmin()]
    step = values[grid > 0].min() - values.min()
    assert step > 0.3
    # Every search begins in the upper valley too.
    x.value, y.value = right, np.full(2, right)
    game = eq.Game(game.players)
    found = gains(game, [right] * 3, convex=False)
    np.testing.assert_allclose(found, [step, 2 * step], atol=1e-6)


def single(cost, variable, own):
    """Player a's problem as given, beside b who wants 1."""
    other = cp.Variable(name="other")
    players = [
        eq.Player("a", cp.Minimize(cost), [variable], own),
        eq.Player("b", cp.Minimize(cp.square(other - 1)), [other]),
    ]
    return eq.Game(players)


def test_no_room_to_move_no_gain():
    x = cp.Variable(name="x")
    fixed = single(cp.square(x), x, own=[x >= 3, x <= 3])
    np.testing.assert_allclose(gains(fixed, [3.0, 1.0]), [0, 0], atol=1e-12)
    x = cp.Variable(2, name="x")
    equal = single(cp.sum_squares(x), x, own=[x == np.array([1.0, 2.0])])
    np.testing.assert_allclose(gains(equal, [1.0, 2.0, 1.0]), [0, 0], atol=1e-9)


def test_no_interior_but_a_line():
    # On x1 + x2 = 1 the least of x1^2 + x2^2 is 1/2, at (1/2, 1/2); (1, 0) pays 1.
    x = cp.Variable(2, name="x")
    total = cp.sum(x)
    for own in ([total == 1], [total <= 1, total >= 1], [total == 1] * 3):
        game = single(cp.sum_squares(x), x, own=own)
        np.testing.assert_allclose(gains(game, [1.0, 0.0, 1.0]), [0.5, 0], atol=1e-8)


def test_duplicate_shared_rows():
    # b wants 1 but x + y <= 1 at x = 0.6 leaves it 0.4; from 0.1 it gains 0.9^2 - 0.6^2.
    x = cp.Variable(name="x")
    other = cp.Variable(name="other")
    players = [
        eq.Player("a", cp.Minimize(cp.square(x - 0.6)), [x]),
        eq.Player("b", cp.Minimize(cp.square(other - 1)), [other]),
    ]
    game = eq.Game(players, [x + other <= 1] * 4)
    np.testing.assert_allclose(gains(game, [0.6, 0.1]), [0, 0.81 - 0.36], atol=1e-9)


def test_zero_objectives_gain_nothing():
    x, v = cp.Variable(name="x"), cp.Variable(2, name="v")
    for cost, variable in ((0 * x, x), (cp.Constant(0.0), v)):
        game = single(cost, variable, own=[variable >= -1, variable <= 1])
        point = np.append(np.full(variable.size, 0.3), 1.0)
        np.testing.assert_allclose(gains(game, point), [0, 0], atol=1e-12)


def test_linear_costs_end_at_a_bound_or_nowhere():
    x = cp.Variable(name="x")
    bounded = single(3 * x, x, own=[x >= -1, x <= 1])
    np.testing.assert_allclose(gains(bounded, [0.5, 1.0]), [4.5, 0], atol=1e-9)
    for variable in (cp.Variable(name="x"), cp.Variable(2, name="x")):
        endless = single(cp.sum(variable), variable, own=[variable <= 1])
        found = deviations(endless, np.zeros(endless.n), np.ones(2, dtype=bool))
        assert found.gains[0] == np.inf
        assert not found.failed  # unbounded is an answer


def test_nothing_feasible_counts_as_a_gain():
    x = cp.Variable(2, name="x")
    game = single(cp.sum_squares(x), x, own=[cp.sum(x) <= -1, cp.sum(x) >= 1])
    assert gains(game, [0.0, 0.0, 1.0])[0] == np.inf


@pytest.mark.parametrize("status", list(Status))
def test_what_was_not_solved_counts_as_a_gain(status, monkeypatch):
    x = cp.Variable(2, name="x")
    game = single(cp.sum(cp.exp(x)), x, own=[x >= -1])

    class Unlucky:
        def respond(self, point, convex):
            return Response(point[:2], 0.25, status)

    monkeypatch.setattr(module, "own_problem", lambda game, player: Unlucky())
    found = deviations(game, np.zeros(3), np.ones(2, dtype=bool), among=(0,))
    ended = status in (Status.SOLVED, Status.UNBOUNDED, Status.INFEASIBLE)
    assert found.gains[0] == (0.25 if ended else np.inf)
    assert found.failed == (() if ended else (0,))


def test_right_sides_move_only_to_admit_rounding():
    matrix, z, tiny = np.eye(2), np.zeros(2), 1e-12

    def moved(b, equalities):
        return admitting(matrix, np.array(b), z, equalities).tolist()

    assert moved([-tiny, tiny], 0) == [0.0, tiny]  # broken by rounding; met
    assert moved([-tiny, tiny], 2) == [0.0, 0.0]  # equalities, either way
    assert moved([-1.0, 1.0], 1) == [-1.0, 1.0]  # broken in earnest
