"""Kinks (abs, max, norms): replaced where that is right, kept where it is not."""

import cvxpy as cp
import numpy as np
import pyomo.environ as pyo
import pytest

import eqsolve as eq


def duel(cost, x, rows=(), *, target=0.0):
    """`cost` against a player who follows x[0] at a distance."""
    y = cp.Variable(name="y", bounds=[-3, 3])
    return eq.Game(
        [
            eq.Player("a", cp.Minimize(cost(x, y)), [x], list(rows)),
            eq.Player(
                "b",
                cp.Minimize(cp.square(y - 0.3 * cp.reshape(x, (x.size,), order="C")[0] - target)),
                [y],
            ),
        ]
    )


@pytest.mark.parametrize("seed", range(12))
def test_lasso_duels_agree_in_both_languages_and_with_soft_thresholding(seed):
    rng = np.random.default_rng(seed)
    a, b, slope = rng.normal(size=2), rng.normal(), rng.uniform(-0.4, 0.4, 2)
    weight = rng.uniform(0, 1)
    x, y = cp.Variable(2, name="x"), cp.Variable(name="y")
    cost = cp.sum_squares(x - a) / 2 + weight * cp.norm1(x) + slope[0] * x[0] * y
    game = eq.Game(
        [
            eq.Player("a", cp.Minimize(cost), [x]),
            eq.Player("b", cp.Minimize(cp.square(y - b) / 2 + slope[1] * y * x[1]), [y]),
        ]
    )
    m = pyo.ConcreteModel()
    m.x, m.y = pyo.Var([0, 1]), pyo.Var()
    lasso = sum((m.x[i] - a[i]) ** 2 / 2 + weight * abs(m.x[i]) for i in (0, 1))
    m.fa = pyo.Objective(expr=lasso + slope[0] * m.x[0] * m.y)
    m.fb = pyo.Objective(expr=(m.y - b) ** 2 / 2 + slope[1] * m.y * m.x[1])
    twin = eq.Game.from_pyomo(m, {"a": (m.fa, m.x, []), "b": (m.fb, m.y, [])})
    shrink = lambda v: np.sign(v) * max(abs(v) - weight, 0.0)  # noqa: E731
    x1 = shrink(a[1])
    y_star = b - slope[1] * x1
    expected = [shrink(a[0] - slope[0] * y_star), x1, y_star]
    for one in (game, twin):
        np.testing.assert_allclose(eq.solve(one).vector, expected, atol=1e-7)


def test_a_kink_that_is_good_for_the_player_is_kept():
    x = cp.Variable(1, name="x", bounds=[-1, 2])
    found = eq.solve(duel(lambda x, y: -cp.abs(x[0]), x))
    np.testing.assert_allclose(found.vector, [2.0, 0.6], atol=1e-8)


def test_a_kink_in_an_equality_holds_from_both_sides():
    x = cp.Variable(1, name="x")
    found = eq.solve(duel(lambda x, y: cp.square(x[0] - 0.3), x, [cp.abs(x[0]) == 1]))
    np.testing.assert_allclose(found.vector, [1.0, 0.3], atol=1e-8)


def test_a_kink_whose_direction_the_other_player_decides():
    x = cp.Variable(1, name="x", bounds=[-1, 2])
    found = eq.solve(duel(lambda x, y: cp.square(x[0] - 0.1) + y * cp.abs(x[0]), x, target=1.0))
    np.testing.assert_allclose(found.vector, [0.0, 1.0], atol=1e-8)


def test_a_euclidean_norm_at_zero_is_reached_by_best_responses():
    x = cp.Variable(2, name="x")
    found = eq.solve(duel(lambda x, y: cp.norm(x) + 0.1 * y * x[0], x, target=1.0))
    np.testing.assert_allclose(found.vector, [0.0, 0.0, 1.0], atol=1e-8)
    assert found.certificate.scope == "global"


@pytest.mark.parametrize("sign", [1, -1])
def test_max_and_min_in_pyomo(sign):
    """a wants sign * max(sign * (1 - x), sign * (x - 2 y)) low: the kink, or a bound."""
    from pyomo.core.expr import MaxExpression, MinExpression

    m = pyo.ConcreteModel()
    m.x, m.y = pyo.Var(bounds=(0, 3)), pyo.Var(bounds=(0, 1))
    pieces = [1 - m.x, m.x - 2 * m.y]
    m.fa = pyo.Objective(expr=(MaxExpression if sign > 0 else MinExpression)(pieces))
    m.fb = pyo.Objective(expr=(m.y - 0.5) ** 2)
    game = eq.Game.from_pyomo(m, {"a": (m.fa, m.x, []), "b": (m.fb, m.y, [])})
    expected = 1.0 if sign > 0 else 3.0
    np.testing.assert_allclose(eq.solve(game).vector, [expected, 0.5], atol=1e-7)
    assert game.n == 2


def test_constraints_that_contradict_each_other_are_named():
    x, y = cp.Variable(2, name="x"), cp.Variable(name="y")
    game = eq.Game(
        [
            eq.Player("a", cp.Minimize(cp.sum_squares(x) + y * x[0]), [x], [cp.sum(x) >= 1]),
            eq.Player("b", cp.Minimize(cp.square(y - x[0])), [y], [y >= 0]),
        ],
        [cp.sum(x) + y <= 0],
    )
    with pytest.raises(
        eq.EquilibriumNotFound, match=r"No strategies meet.*a: 1.0 <= Sum.*bounds of y"
    ):
        eq.solve(game)


def test_a_player_without_a_best_response_is_named():
    x, y = cp.Variable(name="x"), cp.Variable(name="y")
    game = eq.Game(
        [
            eq.Player("greedy", cp.Minimize(x), [x]),
            eq.Player("b", cp.Minimize(cp.square(y - x)), [y]),
        ]
    )
    with pytest.raises(eq.EquilibriumNotFound, match="player 'greedy' has no best response"):
        eq.solve(game)
