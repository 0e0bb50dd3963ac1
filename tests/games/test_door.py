"""Everything that is refused at the door, and the sentence it is refused with."""

import cvxpy as cp
import numpy as np
import pytest

import eqsolve as eq


def variables(*names, **attributes):
    return [cp.Variable(name=name, **attributes) for name in names]


def player(name="a", variable=None, **how):
    variable = cp.Variable(name="x") if variable is None else variable
    return eq.Player(name, cp.Minimize(cp.sum_squares(variable)), [variable], **how)


def test_no_players():
    with pytest.raises(eq.NotAGame, match="at least one player"):
        eq.Game([])


def test_doubly_owned_variable():
    (q,) = variables("q1")
    with pytest.raises(
        eq.NotAGame, match=r"Player 'entrant': variable 'q1' already belongs to 'incumbent'\."
    ):
        eq.Game([player("incumbent", q), player("entrant", q)])


@pytest.mark.parametrize("where", ["objective", "constraint", "shared"])
def test_unowned_variable(where):
    x, stray = variables("x", "stray")
    objective = cp.Minimize(x**2 + (stray if where == "objective" else 0))
    constraints = [x + stray <= 1] if where == "constraint" else []
    shared = [x + stray <= 1] if where == "shared" else []
    with pytest.raises(eq.NotAGame, match="'stray', which belongs to no player"):
        eq.Game([eq.Player("a", objective, [x], constraints)], shared)


def test_same_name_twice():
    with pytest.raises(eq.NotAGame, match="Two players are called 'a'"):
        eq.Game([player("a"), player("a")])


def test_objective_without_sense():
    (x,) = variables("x")
    with pytest.raises(eq.NotAGame, match="Player 'a': the objective must be cp.Minimize"):
        eq.Player("a", x**2, [x])


@pytest.mark.parametrize("attribute", ["integer", "boolean"])
def test_discrete_variable(attribute):
    (x,) = variables("x", **{attribute: True})
    with pytest.raises(eq.NotAGame, match=f"'x' is {attribute}; players choose continuous"):
        player("a", x)


@pytest.mark.parametrize("attribute", ["PSD", "symmetric", "diag"])
def test_structured_variable(attribute):
    matrix = cp.Variable((2, 2), name="M", **{attribute: True})
    with pytest.raises(eq.NotAGame, match="write the condition as constraints"):
        player("a", matrix)


def test_no_variables():
    (x,) = variables("x")
    with pytest.raises(eq.NotAGame, match="Player 'a' owns no variables"):
        eq.Player("a", cp.Minimize(x), [])


def test_not_a_variable():
    (x,) = variables("x")
    with pytest.raises(eq.NotAGame, match="is not a cp.Variable"):
        eq.Player("a", cp.Minimize(x), [x + 1])


def test_truth_value_as_constraint():
    (x,) = variables("x")
    with pytest.raises(eq.NotAGame, match="constraint 0 is the plain truth value True"):
        eq.Player("a", cp.Minimize(x), [x], [1 <= 2])


def test_cone_as_constraint():
    (x,) = variables("x")
    with pytest.raises(eq.NotAGame, match="constraint 0 is a SOC; write it as"):
        eq.Player("a", cp.Minimize(x), [x], [cp.SOC(x, cp.hstack([x, 1]))])


def test_constraint_on_somebody_else_is_for_leaders():
    x, y = variables("x", "y")
    game = eq.Game([player("a", x, constraints=[y <= 1]), player("b", y)])
    for act in (
        lambda: eq.solve(game),
        lambda: eq.certify(game, [0.0, 0.0]),
        lambda: eq.simulate(game, eq.dynamics.GradientPlay(step=0.1), steps=1),
    ):
        with pytest.raises(
            eq.NotAGame, match=r"constraint a: y <= 1.0 mentions none of that player"
        ):
            act()
    assert eq.solve(game, eq.Stackelberg("a")).certificate.infeasibility == 0


def test_contradictory_bounds():
    (x,) = variables("x", nonneg=True)
    with pytest.raises(eq.NotAGame, match="Variable 'x' has no feasible value"):
        eq.Game([player("a", x, constraints=[x <= -1])])


def test_population_shapes():
    q = cp.Variable(3, name="q")
    with pytest.raises(eq.NotAGame, match="one entry a player"):
        eq.Population("firm", q, maximize=cp.sum(q))
    with pytest.raises(eq.NotAGame, match="first axis must count the players"):
        eq.Population("firm", cp.Variable(2), maximize=q)
    with pytest.raises(eq.NotAGame, match="shared limits go to shared_constraints"):
        eq.Population("firm", q, maximize=q, constraints=[cp.sum(q) <= 1])
    with pytest.raises(eq.NotAGame, match="exactly one of maximize"):
        eq.Population("firm", q)


def test_strategies_that_do_not_fit():
    game = eq.Game([player("a", cp.Variable(2, name="x"))])
    with pytest.raises(eq.NotAGame, match="2"):
        eq.certify(game, [1.0])
    with pytest.raises(eq.NotAGame, match="No strategy is given for player 'a'"):
        game.pack({})


def test_pack_and_unpack_vectors_and_matrices():
    x, y = cp.Variable((2, 2), name="x"), cp.Variable(3, name="y")
    game = eq.Game([player("a", x), player("b", y)])
    vector = np.arange(7.0)
    assert game.coordinate_names[:4] == ("x[0,0]", "x[0,1]", "x[1,0]", "x[1,1]")
    np.testing.assert_array_equal(game.pack(game.unpack(vector)), vector)
    np.testing.assert_array_equal(game.values(vector)["x"], [[0, 1], [2, 3]])
    payoff = game.declared_payoffs(vector)
    np.testing.assert_allclose(payoff, [14, 77])
    np.testing.assert_allclose(game.numbers.payoffs(vector[None])[0], payoff)


def test_variables_keep_their_values():
    x = cp.Variable(name="x", nonneg=True)
    x.value = 3.0
    game = eq.Game([player("a", x)])
    eq.solve(game)
    eq.solve(game, formulation="potential")
    assert x.value == 3.0


def test_population_is_the_same_game_as_its_players():
    n, rng = 5, np.random.default_rng(0)
    cost, cap = rng.uniform(0, 2, n), rng.uniform(0.5, 3, n)
    q = cp.Variable(n, nonneg=True, name="q")
    together = eq.Game(
        [
            eq.Population(
                "firm",
                q,
                maximize=cp.multiply(q, 10 - cp.sum(q)) - cp.multiply(cost, cp.power(q, 1.5)),
                constraints=[q <= cap],
            )
        ]
    )
    single = variables(*(f"q{j}" for j in range(n)), nonneg=True)
    price = 10 - sum(single)
    apart = eq.Game(
        [
            eq.Player(
                f"firm[{j}]",
                cp.Maximize(v * price - cost[j] * cp.power(v, 1.5)),
                [v],
                [v <= cap[j]],
            )
            for j, v in enumerate(single)
        ]
    )
    point = rng.uniform(0.1, 1, (4, n))
    for part in ("payoffs", "pseudo_gradient"):
        np.testing.assert_allclose(
            getattr(together.numbers, part)(point), getattr(apart.numbers, part)(point), rtol=1e-12
        )
    np.testing.assert_allclose(eq.solve(together).vector, eq.solve(apart).vector, atol=1e-9)


def test_a_game_in_pyomo_is_the_game_in_cvxpy():
    import pyomo.environ as pyo

    m = pyo.ConcreteModel()
    m.q = pyo.Var([1, 2], within=pyo.NonNegativeReals)
    price = 100 - m.q[1] - m.q[2]
    m.one = pyo.Objective(expr=m.q[1] * price - 10 * m.q[1], sense=pyo.maximize)
    m.two = pyo.Objective(expr=pyo.exp(0.01 * m.q[2]) - m.q[2] * price)
    m.cap = pyo.Constraint(expr=m.q[1] <= 25)
    m.river = pyo.Constraint(expr=pyo.inequality(-5, m.q[1] + 2 * m.q[2], 80))
    players = {"one": (m.one, [m.q[1]], [m.cap]), "two": (m.two, m.q[2], [])}
    inside = eq.solve(eq.Game.from_pyomo(m, players))
    q1, q2 = variables("q1", "q2", nonneg=True)
    p = 100 - q1 - q2
    outside = eq.solve(
        eq.Game(
            [
                eq.Player("one", cp.Maximize(q1 * p - 10 * q1), [q1], [q1 <= 25]),
                eq.Player("two", cp.Minimize(cp.exp(0.01 * q2) - q2 * p), [q2]),
            ],
            [q1 + 2 * q2 <= 80, q1 + 2 * q2 >= -5],
        )
    )
    np.testing.assert_allclose(inside.vector, outside.vector, atol=1e-8)
    assert inside.certificate.max_gain < 1e-8


def test_pyomo_door():
    import pyomo.environ as pyo

    m = pyo.ConcreteModel()
    m.x, m.y, m.k = pyo.Var(), pyo.Var(), pyo.Var(within=pyo.Integers)
    m.f = pyo.Objective(expr=m.x**2 + m.y)
    with pytest.raises(eq.NotAGame, match="'y', which belongs to no player"):
        eq.Game.from_pyomo(m, {"a": (m.f, m.x, [])})
    with pytest.raises(eq.NotAGame, match="already belongs to 'a'"):
        eq.Game.from_pyomo(m, {"a": (m.f, [m.x, m.y], []), "b": (m.f, m.y, [])})
    with pytest.raises(eq.NotAGame, match="'k' is integer"):
        eq.Game.from_pyomo(m, {"a": (m.f, [m.x, m.y, m.k], [])})
