"""The small games: other arguments than the instances', and refusals."""

from __future__ import annotations

import numpy as np
import pytest

import eqsolve as eq

m = eq.models


@pytest.mark.parametrize("users", [2, 5])
@pytest.mark.parametrize("capacity", [1.0, 4.0])
def test_equal_users_of_a_switch(users, capacity):
    nash = eq.solve(m.internet_switching(users, capacity))
    expected = np.full(users, capacity * (users - 1) / users**2)
    assert nash.vector == pytest.approx(expected, rel=1e-6)


def test_a_switch_pays_the_share_of_what_gets_through():
    game = m.internet_switching(3, capacity=2.0)
    traffic = np.array([0.1, 0.2, 0.4])
    total = traffic.sum()
    expected = traffic / total * (1 - total / 2)
    assert game.numbers.payoffs(traffic)[0] == pytest.approx(expected)


def test_best_responses_in_a_switch_are_known_to_be_global():
    assert eq.solve(m.internet_switching(3)).certificate.scope == "global"


def test_rock_paper_scissors_like_matrices():
    weights = np.array([[0, 1, -2], [-3, 0, 1], [2, -1, 0]], dtype=float)
    game = m.bilinear_zero_sum(weights, row=0.0, column=0.0, lower=-1.0, upper=1.0)
    nash = eq.solve(game)
    x, y = nash["row"], nash["column"]
    # At a saddle point on the box |A'x|_1 = -value = ... = 0 by symmetry of the box.
    assert np.abs(weights @ y).sum() == pytest.approx(nash.payoffs["row"], abs=1e-7)
    assert -np.abs(weights.T @ x).sum() == pytest.approx(nash.payoffs["row"], abs=1e-7)


def test_zero_sum_pseudo_gradient_turns():
    matrix, _ = m.bilinear_zero_sum().numbers.affine
    assert matrix == pytest.approx(np.array([[0, -4], [4, 0]]))


def test_symmetric_matrices_give_potential_games():
    symmetric = np.array([[4, 1, 1], [1, 3, -1], [1, -1, 2.0]])
    game = m.quadratic_game({"a": 2, "b": 1}, symmetric, [1, 2, 3])
    found, offset = game.numbers.affine
    assert found == pytest.approx(symmetric)
    assert offset == pytest.approx([1, 2, 3])
    assert eq.solve(game, formulation="potential").vector == pytest.approx(
        -np.linalg.solve(symmetric, [1, 2, 3])
    )


def test_costs_of_a_quadratic_game():
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(3, 3))
    matrix[:2, :2] += matrix[:2, :2].T
    offset, point = rng.normal(size=3), rng.normal(size=3)
    game = m.quadratic_game({"a": 2, "b": 1}, matrix, offset, start=point)
    own = matrix[:2, :2]
    x, y = point[:2], point[2]
    expected = [
        x @ own @ x / 2 + x @ (matrix[:2, 2] * y + offset[:2]),
        matrix[2, 2] * y**2 / 2 + y * (matrix[2, :2] @ x + offset[2]),
    ]
    assert game.numbers.costs(point)[0] == pytest.approx(expected)
    assert game.numbers.default_start() == pytest.approx(point)


def test_a_production_limit_that_does_not_bind_changes_nothing():
    free = eq.solve(m.murphy_sherali_soyster())
    wide = eq.solve(m.murphy_sherali_soyster(production_limit=1000.0))
    assert wide.vector == pytest.approx(free.vector, abs=1e-6)


@pytest.mark.parametrize("limit", [75, 150, 200])
def test_production_limits_of_facchinei_and_kanzow(limit):
    # Problem A.16 as printed; the penalty method is right to about 1e-4.
    printed = {
        75: [10.403965, 13.035817, 15.407354, 17.381556, 18.771308],
        150: [23.588799, 28.684248, 32.021533, 33.287258, 32.418182],
        200: [35.785329, 40.748959, 42.802485, 41.966381, 38.696846],
    }[limit]
    equilibrium = eq.solve(m.murphy_sherali_soyster(production_limit=limit))
    assert equilibrium.vector == pytest.approx(printed, abs=1.5e-4)


def test_shifting_prices_and_costs_together_changes_no_quantity():
    one = eq.solve(m.cournot(costs=[1.0, 2.0], demand=m.LinearDemand(10, 1)))
    two = eq.solve(m.cournot(costs=[4.0, 5.0], demand=m.LinearDemand(13, 1)))
    assert one.vector == pytest.approx(two.vector, abs=1e-9)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: m.internet_switching(1), "users must be at least 2"),
        (lambda: m.bilinear_zero_sum([[1, 2]], column=[1, 2, 3]), "must have 1 and 2 entries"),
        (lambda: m.bilinear_zero_sum(lower=1.0, upper=0.0), "lower 1.0 must be below upper 0.0"),
        (lambda: m.bilinear_zero_sum([[np.nan]]), "finite matrix"),
        (lambda: m.murphy_sherali_soyster(production_limit=-1.0), "production_limit must be"),
        (lambda: m.murphy_sherali_soyster(elasticity=0.0), "elasticity must be a positive"),
        (lambda: m.quadratic_game({}, [], []), "players must map names to positive"),
        (lambda: m.quadratic_game({"a": 1}, [[1, 2]], [1]), r"matrix must be finite of shape"),
        (lambda: m.quadratic_game({"a": 1}, "x", [1]), "matrix must be an array of numbers"),
        (lambda: m.quadratic_game({"a": 2}, [[1, 2], [0, 1]], [1, 1]), "'a' is not symmetric"),
        (
            lambda: m.quadratic_game({"a": 1}, [[1]], [1], shared={"matrix": [[1]]}),
            "shared must hold exactly 'matrix' and 'bound'",
        ),
        (
            lambda: m.quadratic_game({"a": 1}, [[1]], [1], limits={"b": {}}),
            "limits names the unknown player 'b'",
        ),
        (lambda: m.quadratic_game({"a": 1}, [[1]], [1], lower=[0, 0]), "lower must be a number"),
    ],
)
def test_what_does_not_fit_is_refused(make, says):
    with pytest.raises(eq.EqsolveError, match=says):
        make()
