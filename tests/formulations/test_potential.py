"""The potential against its definition, and its minimum against programs written by hand.

Definition (Monderer and Shapley 1996): moving one player alone changes the potential by
exactly what that player's cost changes.
"""

import cvxpy as cp
import numpy as np
import pytest

import eqsolve as eq
from eqsolve.formulations.potential import NoPotential, Potential, potential_problem

ROUTE = Potential()


def minimum(game):
    """The potential's minimiser in the game's coordinates, by the program alone."""
    program = ROUTE.compile(game, eq.Nash())
    program.problem.solve(solver=cp.CLARABEL)
    assert program.problem.status == cp.OPTIMAL
    return np.concatenate([np.ravel(variable.value) for variable in program.variables])


def potential_at(game, point):
    """The program's objective, its lifted totals put to what their equations say."""
    problem, place = potential_problem(game), 0
    for variable in game.variables:
        variable.value = point[place : place + variable.size].reshape(variable.shape)
        place += variable.size
    for constraint in problem.constraints:
        for variable in constraint.variables():
            if variable.name() == "aggregate":
                variable.value = constraint.args[1].value
    return float(problem.objective.value)


def quadratic(rng, players, width, singular=False):
    """Symmetric M >= 0 of shape (n, n), q, and limits: everything that defines the game."""
    n = players * width
    root = rng.normal(size=(n, n // 2 if singular else n))
    return root @ root.T / n + (0 if singular else 0.1) * np.eye(n), rng.normal(size=n)


def quadratic_game(matrix, q, width, rows, room, maximize):
    """Player i: min 1/2 x_i' M_ii x_i + x_i' sum_j M_ij x_j + q_i' x_i on [-1, 1], rows shared."""
    n = q.size
    xs = [cp.Variable(width, name=f"x{i}") for i in range(n // width)]
    players = []
    for i, x in enumerate(xs):
        mine = slice(i * width, (i + 1) * width)
        cost = 0.5 * cp.quad_form(x, matrix[mine, mine], assume_PSD=True) + q[mine] @ x
        for j, other in enumerate(xs):
            if j != i:
                cost = cost + x @ (matrix[mine, j * width : (j + 1) * width] @ other)
        objective = cp.Maximize(-cost) if maximize[i] else cp.Minimize(cost)
        players.append(eq.Player(f"p{i}", objective, [x], [x >= -1, x <= 1]))
    return eq.Game(players, [rows @ cp.hstack(xs) <= room])


def quadratic_minimum(matrix, q, rows, room):
    x = cp.Variable(q.size)
    cost = 0.5 * cp.quad_form(x, matrix, assume_PSD=True) + q @ x
    problem = cp.Problem(cp.Minimize(cost), [x >= -1, x <= 1, rows @ x <= room])
    problem.solve(solver=cp.CLARABEL)
    return x.value, problem.value


def is_potential(game, rng, reach=1.0):
    """Unilateral moves change the potential and the mover's cost alike."""
    for name, places in game.coordinates.items():
        player = game.player_names.index(name)
        before = rng.uniform(0.1, reach, game.n)
        after = before.copy()
        after[places] = rng.uniform(0.1, reach, places.size)
        cost = game.signs * (game.declared_payoffs(after) - game.declared_payoffs(before))
        change = potential_at(game, after) - potential_at(game, before)
        assert change == pytest.approx(cost[player], abs=1e-9 * (1 + abs(cost[player])))


@pytest.mark.parametrize("seed", range(8))
def test_random_quadratic_games(seed):
    rng = np.random.default_rng(seed)
    width = int(rng.integers(1, 4))
    players = int(rng.integers(2, 6))
    matrix, q = quadratic(rng, players, width)
    rows, room = rng.normal(size=(2, q.size)), rng.uniform(0.1, 1, 2)
    game = quadratic_game(matrix, q, width, rows, room, rng.random(players) < 0.5)
    assert ROUTE.refuses(game, eq.Nash()) is None
    is_potential(game, rng)
    by_hand, least = quadratic_minimum(matrix, q, rows, room)
    found = minimum(game)
    np.testing.assert_allclose(found, by_hand, atol=1e-5)
    assert potential_at(game, found) == pytest.approx(least, abs=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_singular_potentials_have_the_same_least_value(seed):
    rng = np.random.default_rng(seed)
    matrix, q = quadratic(rng, 4, 2, singular=True)
    rows, room = rng.normal(size=(2, 8)), np.ones(2)
    game = quadratic_game(matrix, q, 2, rows, room, np.zeros(4, dtype=bool))
    _, least = quadratic_minimum(matrix, q, rows, room)
    assert potential_at(game, minimum(game)) == pytest.approx(least, abs=1e-6)


@pytest.mark.parametrize("firms", [3, 150])  # dense, and with a lifted total
def test_cournot_by_its_textbook_potential(firms):
    # Monderer and Shapley (1996, section 1): Phi = a Q - b sum q_i^2 - b sum_{i<j} q_i q_j
    # - sum c_i q_i, with sum_{i<j} q_i q_j = (Q^2 - sum q_i^2) / 2.
    rng = np.random.default_rng(firms)
    a, b, c = 100.0, 1.0, rng.uniform(5, 60, firms)
    q = cp.Variable(firms, nonneg=True, name="q")
    profit = cp.multiply(q, a - b * cp.sum(q) - c)
    game = eq.Game([eq.Population("firm", q, maximize=profit, constraints=[q <= 4])])
    is_potential(game, rng, reach=4.0)
    x = cp.Variable(firms, nonneg=True)
    phi = a * cp.sum(x) - c @ x - b / 2 * (cp.sum_squares(x) + cp.square(cp.sum(x)))
    cp.Problem(cp.Maximize(phi), [x <= 4]).solve(solver=cp.CLARABEL)
    np.testing.assert_allclose(minimum(game), x.value, atol=1e-4)


@pytest.mark.parametrize("slope", [1.0, -0.005])  # lifted; and written out, where W is negative
def test_totals_measured_from_elsewhere(slope):
    # c_i = q_i^2 + slope q_i sum(q - 1/5) - c_i q_i: D = 2 I + slope (I + 11'), constant -n / 5.
    n = 150
    c = np.linspace(-4, 4, n)
    q = cp.Variable(n, name="q")
    cost = cp.square(q) + slope * cp.multiply(q, cp.sum(q - 0.2)) - cp.multiply(c, q)
    game = eq.Game([eq.Population("p", q, minimize=cost, constraints=[q >= -1, q <= 1])])
    assert game.symbolic.offset == pytest.approx([-0.2 * n])
    assert any(v.name() == "aggregate" for v in potential_problem(game).variables()) == (slope > 0)
    is_potential(game, np.random.default_rng(0))
    matrix = (2 + slope) * np.eye(n) + slope * np.ones((n, n))
    by_hand, _ = quadratic_minimum(matrix, -0.2 * n * slope - c, np.zeros((1, n)), np.ones(1))
    np.testing.assert_allclose(minimum(game), by_hand, atol=1e-3)


@pytest.mark.parametrize(("pull", "convex"), [(0.9, True), (1.2, False)])
def test_large_sparse_couplings_are_judged_by_their_smallest_eigenvalue(pull, convex):
    # Neighbours on a line: 2 on the diagonal, `pull` beside it, so that the eigenvalues are
    # 2 + 2 pull cos(k pi / (n + 1)).
    n = 2100
    x = cp.Variable(n, name="x")
    neighbours = cp.hstack([x[1:], 0]) + cp.hstack([0, x[:-1]])
    cost = cp.square(x) + pull * cp.multiply(x, neighbours) - x
    game = eq.Game([eq.Population("p", x, minimize=cost, constraints=[x >= -1, x <= 1])])
    reason = ROUTE.refuses(game, eq.Nash())
    assert reason is None if convex else "not convex" in reason


def test_own_terms_need_not_be_quadratic():
    x, y = cp.Variable(2, name="x"), cp.Variable(pos=True, name="y")
    game = eq.Game(
        [
            eq.Player(
                "a",
                cp.Minimize(cp.sum(cp.exp(x)) + cp.sum_squares(x) + cp.sum(x) * y),
                [x],
                [x >= 0.1],
            ),
            eq.Player("b", cp.Maximize(3 * cp.log(y) - y**2 - cp.sum(x) * y), [y], [y <= 5]),
        ]
    )
    is_potential(game, np.random.default_rng(0))
    # On x = 0.1, b's first-order condition is 3 / y = 2 y + 0.2; a's slope is positive.
    y_star = (-0.2 + np.sqrt(0.04 + 24)) / 4
    np.testing.assert_allclose(minimum(game), [0.1, 0.1, y_star], atol=1e-4)


def pair(cost_x, cost_y, x, y, own=(), shared=()):
    players = [
        eq.Player("a", cp.Minimize(cost_x), [x], own),
        eq.Player("b", cp.Minimize(cost_y), [y]),
    ]
    return eq.Game(players, shared)


def scalars():
    return cp.Variable(name="x"), cp.Variable(name="y")


def test_fixed_variables_and_empty_interiors():
    x, y = scalars()
    game = pair(
        cp.square(x - y), cp.square(y) - 2 * x * y - y, x, y, own=[x == 2], shared=[x + y <= 5]
    )
    np.testing.assert_allclose(minimum(game), [2, 2.5], atol=1e-6)
    x, y = scalars()
    # x + y = 1 declared as two inequalities: no interior. Minimise x^2 + (y - 3)^2 on the line.
    game = pair(cp.square(x), cp.square(y - 3), x, y, shared=[x + y <= 1, x + y >= 1])
    np.testing.assert_allclose(minimum(game), [-1, 2], atol=1e-5)


def test_duplicate_constraints_change_nothing():
    x, y = scalars()
    game = pair(cp.square(x - 1), cp.square(y - 0.5), x, y, shared=[x + y <= 1] * 3)
    np.testing.assert_allclose(minimum(game), [0.75, 0.25], atol=1e-5)


def test_zero_objectives():
    x, y = scalars()
    idle = pair(0 * x, cp.square(y - 1), x, y, own=[x >= -1, x <= 1])
    assert ROUTE.refuses(idle, eq.Nash()) is None
    assert minimum(idle)[1] == pytest.approx(1, abs=1e-6)
    both = pair(cp.Constant(0.0), cp.Constant(0.0), x, y, own=[x >= -1], shared=[x + y == 1])
    assert ROUTE.refuses(both, eq.Nash()) is None
    assert minimum(both).sum() == pytest.approx(1, abs=1e-6)


def test_each_refusal_says_why():
    x, y = scalars()
    asymmetric = pair(x**2 + x * y, y**2 - x * y, x, y)
    assert "not symmetric" in ROUTE.refuses(asymmetric, eq.Nash())
    saddle = pair(x**2 + 3 * x * y, y**2 + 3 * x * y, x, y)
    assert "not convex" in ROUTE.refuses(saddle, eq.Nash())
    cubic = pair(x**2 + x * y**2, y**2, x, y)
    assert "not affine" in ROUTE.refuses(cubic, eq.Nash())
    mixed = pair(x**2 + cp.exp(x) * y, y**2, x, y)
    assert "player 'a': the term exp(x) * y couples players" in ROUTE.refuses(mixed, eq.Nash())
    moving = pair(x**2, y**2, x, y, own=[x <= y])
    assert "player 'a' has constraints of its own" in ROUTE.refuses(moving, eq.Nash())
    curved = pair(x**2 - cp.exp(x), y**2, x, y)
    assert "not convex" in ROUTE.refuses(curved, eq.Nash())
    plain = pair(x**2, y**2, x, y, shared=[x + y >= 1])
    weighted = eq.VariationalEquilibrium(weights={"a": 2.0})
    assert "weigh shared multipliers differently" in ROUTE.refuses(plain, weighted)
    assert "does not express" in ROUTE.refuses(plain, eq.Stackelberg("a"))
    with pytest.raises(NoPotential, match="not symmetric"):
        potential_problem(asymmetric)


def test_a_saddle_potentials_equilibrium_is_left_to_others():
    """Curved beyond own convexity: refused, and solved by the first-order conditions instead."""
    x, y = scalars()
    saddle = pair(x**2 + 3 * x * y - x, y**2 + 3 * x * y - y, x, y)
    with pytest.raises(eq.NoFormulation, match="No formulation applies"):
        eq.solve(saddle, formulation="potential")
    # 2 x + 3 y = 1 and 3 x + 2 y = 1.
    np.testing.assert_allclose(eq.solve(saddle).vector, [0.2, 0.2], atol=1e-9)
