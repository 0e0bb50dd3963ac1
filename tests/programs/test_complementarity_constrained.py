"""The leader's program with complementary pairs: printed, and taken to another solver."""

import cvxpy as cp
import pyomo.environ as pyo
import pyscipopt
import pytest

import eqsolve as eq


def candler_townsley():
    """Bard (1998), a linear leader and follower: optimum -49."""
    x, y = cp.Variable(nonneg=True, name="x"), cp.Variable(nonneg=True, name="y")
    rows = [-x + 2 * y <= 10, x - 2 * y <= 6, 2 * x - y <= 21, x + 2 * y <= 38, x + 2 * y >= 18]
    return eq.Game(
        [
            eq.Player("leader", cp.Minimize(-x - 3 * y), [x]),
            eq.Player("follower", cp.Minimize(y), [y], rows),
        ]
    )


def quadratic_follower():
    """Bard (1988), example 1: optimum 17 at (1, 0)."""
    x, y = cp.Variable(nonneg=True, name="x"), cp.Variable(nonneg=True, name="y")
    rows = [-3 * x + y <= -3, x - 0.5 * y <= 4, x + y <= 7]
    return eq.Game(
        [
            eq.Player("leader", cp.Minimize(cp.square(x - 5) + cp.square(2 * y + 1)), [x]),
            eq.Player("follower", cp.Minimize(cp.square(y - 1) - 1.5 * x * y), [y], rows),
        ]
    )


@pytest.mark.parametrize(
    ("build", "value"), [(candler_townsley, -49.0), (quadratic_follower, 17.0)]
)
def test_the_pyomo_model_solved_by_scip_from_a_file(build, value, tmp_path):
    found = eq.solve(build(), eq.Stackelberg("leader"), formulation="mixed-integer")
    file = str(tmp_path / "leader.nl" if value > 0 else tmp_path / "leader.lp")
    found.program.problem.write(file, io_options={"symbolic_solver_labels": False})
    elsewhere = pyscipopt.Model()
    elsewhere.hideOutput()
    elsewhere.readProblem(file)
    elsewhere.optimize()
    assert elsewhere.getStatus() == "optimal"
    assert elsewhere.getObjVal() == pytest.approx(value, abs=1e-5)
    assert found.payoffs["leader"] == pytest.approx(value, abs=1e-6)
    pairs = list(found.program.problem.component_data_objects(pyo.SOSConstraint))
    assert len(pairs) == found.program.pairs > 0


def test_the_program_as_text():
    found = eq.solve(candler_townsley(), eq.Stackelberg("leader"), formulation="mixed-integer")
    assert found.program.describe().splitlines()[:4] == [
        "minimize -x - 3 y",
        "subject to",
        "  2 multiplier[0] - 2 multiplier[1] - multiplier[2] + 2 multiplier[3] - 2 multiplier[4]"
        " - at_lower[y] == -1",
        "  0 <= multiplier[0]  _|_  x - 2 y + 10 >= 0",
    ]


def test_large_programs_print_their_pairs_only():
    q, x = cp.Variable(30, nonneg=True, name="q"), cp.Variable(nonneg=True, name="x")
    total = cp.sum(q) + x
    game = eq.Game(
        [
            eq.Player("leader", cp.Maximize(x * (100 - total)), [x]),
            eq.Population("follower", q, maximize=cp.multiply(q, 100 - total)),
        ]
    )
    text = eq.solve(game, eq.Stackelberg("leader"), formulation="mixed-integer").program.describe()
    assert text.startswith("Quadratic program with 61 unknowns")
    assert text.count("multiplier _|_ slack") == 30
