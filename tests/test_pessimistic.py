"""Leaders who count on the worst of the follower's best answers, against grids of linear programs."""

import cvxpy as cp
import numpy as np
import pytest
from scipy.optimize import linprog

import eqsolve as eq

WORST = eq.Stackelberg("leader", stance="pessimistic")


def random_game(seed):
    """A leader on [0, 2], a follower with a linear program that is often indifferent."""
    rng = np.random.default_rng(seed)
    cost, slope, care = rng.integers(-2, 3, (3, 2))
    A, b, wish = rng.integers(0, 3, (2, 2)).astype(float), rng.uniform(1, 3, 2), rng.uniform(0, 2)
    x = cp.Variable(name="x", bounds=[0, 2])
    y = cp.Variable(2, name="y", bounds=[0, 2])
    game = eq.Game(
        [
            eq.Player("leader", cp.Minimize(cp.square(x - wish) + care @ y), [x]),
            eq.Player("follower", cp.Minimize((cost + slope * x) @ y), [y], [A @ y <= b]),
        ]
    )

    def value(v, sign=1):
        """The leader's cost at x = v when the follower chooses for (-1) or against (1) it."""
        q, box = cost + slope * v, [(0, 2)] * 2
        best = linprog(q, A_ub=A, b_ub=b, bounds=box).fun
        rows, room = np.vstack([A, q]), np.append(b, best + 1e-10)
        return (v - wish) ** 2 - sign * linprog(-sign * care, A_ub=rows, b_ub=room, bounds=box).fun

    return game, value


@pytest.mark.parametrize("seed", range(25))
def test_random_linear_followers_against_a_grid(seed):
    game, value = random_game(seed)
    found = eq.solve(game, WORST)
    x, paid = found["leader"][0], found.payoffs["leader"]
    assert paid == pytest.approx(value(x), abs=1e-4)
    assert paid <= min(value(v) for v in np.linspace(0, 2, 201)) + 1e-4
    hopeful = eq.solve(game, eq.Stackelberg("leader"))
    assert hopeful.payoffs["leader"] <= paid + 1e-6
    assert hopeful.payoffs["leader"] == pytest.approx(value(hopeful["leader"][0], -1), abs=1e-4)


def split(weight):
    """The follower makes its total equal to x and does not care how; the leader does."""
    x, y = cp.Variable(name="x", bounds=[0, 2]), cp.Variable(2, name="y", nonneg=True)
    leader = cp.square(x - 2) + y[0] + weight * y[1]
    return eq.Game(
        [
            eq.Player("leader", cp.Minimize(leader), [x]),
            eq.Player("follower", cp.Minimize(cp.square(cp.sum(y) - x)), [y]),
        ]
    )


def test_an_indifferent_quadratic_follower():
    # Derived: the total is x, all of it on the dearer part: (x - 2)^2 + 3 x is least at 1/2.
    found = eq.solve(split(3.0), WORST)
    np.testing.assert_allclose(found.vector, [0.5, 0.0, 0.5], atol=1e-4)
    assert found.payoffs["leader"] == pytest.approx(3.75, abs=1e-5)
    assert found.certificate.scope == "local"
    hopeful = eq.solve(split(3.0), eq.Stackelberg("leader"))
    assert hopeful.payoffs["leader"] == pytest.approx(1.75, abs=1e-6)
    certificate = eq.certify(split(3.0), hopeful.vector, WORST)
    assert certificate.gains["leader"] > 1


def test_an_infimum_that_is_not_attained():
    # x > 0 makes the follower choose y = -1, and at x = 0 it may choose 1: the infimum is -1.
    x, y = cp.Variable(name="x", bounds=[-1, 1]), cp.Variable(name="y", bounds=[-1, 1])
    game = eq.Game(
        [
            eq.Player("leader", cp.Minimize(cp.square(x) + y), [x]),
            eq.Player("follower", cp.Minimize(x * y), [y]),
        ]
    )
    found = eq.solve(game, WORST)
    assert found["leader"][0] > 0
    assert found.payoffs["leader"] == pytest.approx(-1, abs=1e-4)
    assert eq.certify(game, [0.0, -1.0], WORST).gains["leader"] == pytest.approx(2, abs=1e-6)


def test_one_best_answer_makes_the_stances_agree():
    found = eq.solve(
        eq.models.stackelberg_duopoly(), eq.Stackelberg("leader", stance="pessimistic")
    )
    np.testing.assert_allclose(found.vector, [46, 26], atol=1e-6)
    assert found.certificate.bound == pytest.approx(1058)
    assert found.certificate.scope == "global"


def test_what_the_stance_refuses():
    with pytest.raises(eq.NoFormulation, match="costs are not quadratic"):
        eq.solve(
            eq.models.torus_location(),
            eq.Stackelberg("one", stance="pessimistic"),
            formulation="pessimistic",
        )
    with pytest.raises(eq.NoFormulation, match="for one follower, and there are 4"):
        eq.solve(eq.models.oligopoly_with_leader(), eq.Stackelberg("firm1", stance="pessimistic"))
