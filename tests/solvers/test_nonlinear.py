"""Ipopt on Pyomo models and on CasADi programs: known answers, signs, statuses, refusals.

HS problems: W. Hock and K. Schittkowski, "Test Examples for Nonlinear Programming Codes",
Lecture Notes in Economics and Mathematical Systems 187, Springer 1981.
"""

from __future__ import annotations

import os
from math import sqrt

import casadi as ca
import numpy as np
import pyomo.environ as pyo
import pytest
from pyomo.common.collections import ComponentMap
from pyomo.gdp import Disjunct, Disjunction
from pyomo.mpec import Complementarity, complements

from eqsolve.errors import EqsolveError, UnsupportedFunction
from eqsolve.programs.nonlinear import NonlinearProgram
from eqsolve.programs.pyomo_to_casadi import casadi_expression
from eqsolve.programs.smooth import SmoothProgram
from eqsolve.results import Status
from eqsolve.solvers.nonlinear import Ipopt
from eqsolve.solvers.pyomo_solver import PyomoSolver, SolverNotFound


def model_in(start, bounds=(None, None)):
    model = pyo.ConcreteModel()
    model.x = pyo.Var(
        range(1, len(start) + 1),
        bounds=bounds,
        initialize=dict(enumerate(start, 1)),
    )
    model.dual = pyo.Suffix(direction=pyo.Suffix.IMPORT)
    model.rows = pyo.ConstraintList()
    return model, model.x


def hs006():
    model, x = model_in([-1.2, 1])
    model.goal = pyo.Objective(expr=(1 - x[1]) ** 2)
    model.rows.add(10 * (x[2] - x[1] ** 2) == 0)
    return model, 0.0, [1, 1]


def hs012():
    model, x = model_in([0, 0])
    model.goal = pyo.Objective(expr=0.5 * x[1] ** 2 + x[2] ** 2 - x[1] * x[2] - 7 * x[1] - 7 * x[2])
    model.rows.add(25 - 4 * x[1] ** 2 - x[2] ** 2 >= 0)
    return model, -30.0, [2, 3]


def hs024():
    model, x = model_in([1, 0.5], (0, None))
    model.goal = pyo.Objective(expr=((x[1] - 3) ** 2 - 9) * x[2] ** 3 / (27 * sqrt(3)))
    model.rows.add(x[1] / sqrt(3) - x[2] >= 0)
    model.rows.add(x[1] + sqrt(3) * x[2] >= 0)
    model.rows.add(-x[1] - sqrt(3) * x[2] + 6 >= 0)
    return model, -1.0, [3, sqrt(3)]


def hs028():
    model, x = model_in([-4, 1, 1])
    model.goal = pyo.Objective(expr=(x[1] + x[2]) ** 2 + (x[2] + x[3]) ** 2)
    model.rows.add(x[1] + 2 * x[2] + 3 * x[3] == 1)
    return model, 0.0, [0.5, -0.5, 0.5]


def hs035():
    model, x = model_in([0.5, 0.5, 0.5], (0, None))
    model.goal = pyo.Objective(
        expr=9 - 8 * x[1] - 6 * x[2] - 4 * x[3] + 2 * x[1] ** 2 + 2 * x[2] ** 2 + x[3] ** 2
        + 2 * x[1] * x[2] + 2 * x[1] * x[3]
    )  # fmt: skip
    model.rows.add(x[1] + x[2] + 2 * x[3] <= 3)
    return model, 1 / 9, [4 / 3, 7 / 9, 4 / 9]


def hs043():
    model, x = model_in([0, 0, 0, 0])
    squares = {k: x[k] ** 2 for k in x}
    model.goal = pyo.Objective(
        expr=squares[1] + squares[2] + 2 * squares[3] + squares[4]
        - 5 * x[1] - 5 * x[2] - 21 * x[3] + 7 * x[4]
    )  # fmt: skip
    model.rows.add(8 - sum(squares.values()) - x[1] + x[2] - x[3] + x[4] >= 0)
    model.rows.add(
        10 - squares[1] - 2 * squares[2] - squares[3] - 2 * squares[4] + x[1] + x[4] >= 0
    )
    model.rows.add(5 - 2 * squares[1] - squares[2] - squares[3] - 2 * x[1] + x[2] + x[4] >= 0)
    return model, -44.0, [0, 1, 2, -1]


def hs071():
    model, x = model_in([1, 5, 5, 1], (1, 5))
    model.goal = pyo.Objective(expr=x[1] * x[4] * (x[1] + x[2] + x[3]) + x[3])
    model.rows.add(x[1] * x[2] * x[3] * x[4] >= 25)
    model.rows.add(sum(x[k] ** 2 for k in x) == 40)
    return model, 17.0140173, [1, 4.7429994, 3.8211503, 1.3794082]


def hs076():
    model, x = model_in([0.5] * 4, (0, None))
    model.goal = pyo.Objective(
        expr=x[1] ** 2 + 0.5 * x[2] ** 2 + x[3] ** 2 + 0.5 * x[4] ** 2 - x[1] * x[3] + x[3] * x[4]
        - x[1] - 3 * x[2] + x[3] - x[4]
    )  # fmt: skip
    model.rows.add(x[1] + 2 * x[2] + x[3] + x[4] <= 5)
    model.rows.add(3 * x[1] + x[2] + 2 * x[3] - x[4] <= 4)
    model.rows.add(x[2] + 4 * x[3] >= 1.5)
    return model, -4.681818181, [0.2727273, 2.090909, 0, 0.5454545]


def hs100():
    model, x = model_in([1, 2, 0, 4, 0, 1, 1])
    model.goal = pyo.Objective(
        expr=(x[1] - 10) ** 2 + 5 * (x[2] - 12) ** 2 + x[3] ** 4 + 3 * (x[4] - 11) ** 2
        + 10 * x[5] ** 6 + 7 * x[6] ** 2 + x[7] ** 4 - 4 * x[6] * x[7] - 10 * x[6] - 8 * x[7]
    )  # fmt: skip
    model.rows.add(127 - 2 * x[1] ** 2 - 3 * x[2] ** 4 - x[3] - 4 * x[4] ** 2 - 5 * x[5] >= 0)
    model.rows.add(282 - 7 * x[1] - 3 * x[2] - 10 * x[3] ** 2 - x[4] + x[5] >= 0)
    model.rows.add(196 - 23 * x[1] - x[2] ** 2 - 6 * x[6] ** 2 + 8 * x[7] >= 0)
    model.rows.add(
        -4 * x[1] ** 2 - x[2] ** 2 + 3 * x[1] * x[2] - 2 * x[3] ** 2 - 5 * x[6] + 11 * x[7] >= 0
    )
    return model, 680.6300573, [2.330499, 1.951372, -0.4775414, 4.365726, -0.6244870, 1.038131, 1.594227]  # fmt: skip


PROBLEMS = [hs006, hs012, hs024, hs028, hs035, hs043, hs071, hs076, hs100]


def smooth_version(model):
    """The same program through CasADi's expressions instead of an .nl file."""
    variables = list(model.x.values())
    symbols = ComponentMap((v, ca.SX.sym(v.name)) for v in variables)
    rows = list(model.rows.values())
    infinite = float("inf")
    return SmoothProgram(
        ca.vertcat(*symbols.values()),
        casadi_expression(model.goal.expr, symbols),
        ca.vertcat(*(casadi_expression(row.body, symbols) for row in rows)),
        lower=[-infinite if v.lb is None else v.lb for v in variables],
        upper=[infinite if v.ub is None else v.ub for v in variables],
        constraint_lower=[-infinite if row.lb is None else row.lb for row in rows],
        constraint_upper=[infinite if row.ub is None else row.ub for row in rows],
        start=[v.value for v in variables],
    )


@pytest.mark.parametrize("write", PROBLEMS)
def test_published_answers_by_both_routes(write):
    model, optimum, point = write()
    smooth = Ipopt().solve(smooth_version(model))
    solution = Ipopt().solve(NonlinearProgram(model))
    for found in (solution, smooth):
        assert found.status is Status.SOLVED
        assert found.residual < 1e-6
        assert found.objective == pytest.approx(optimum, rel=1e-8, abs=1e-8)
        np.testing.assert_allclose(found.values, point, rtol=1e-6, atol=1e-5)
    np.testing.assert_allclose(solution.multipliers, -smooth.multipliers, rtol=1e-5, atol=1e-6)
    # What the solution says stands in the model.
    np.testing.assert_array_equal([v.value for v in model.x.values()], solution.values)
    np.testing.assert_array_equal([model.dual[row] for row in model.rows.values()], solution.multipliers)  # fmt: skip
    assert pyo.value(model.goal) == pytest.approx(optimum, rel=1e-8, abs=1e-8)


@pytest.mark.parametrize("sense", [pyo.minimize, pyo.maximize], ids=["minimize", "maximize"])
@pytest.mark.parametrize("relation", ["<=", ">=", "==", "range above", "range below"])
def test_dual_is_the_change_of_the_optimum_per_unit_of_right_hand_side(relation, sense):
    def solved(right):
        model = pyo.ConcreteModel()
        model.x, model.y = pyo.Var(), pyo.Var()
        model.dual = pyo.Suffix(direction=pyo.Suffix.IMPORT)
        # Convex, with its own optimum at (0, 0) or (4, 4) so that the row always binds.
        centre = 4 if relation in ("<=", "range above") else 0
        cost = (model.x - centre) ** 2 + 2 * (model.y - centre) ** 2
        model.goal = pyo.Objective(expr=cost if sense == pyo.minimize else -cost, sense=sense)
        body = model.x + model.y
        model.row = pyo.Constraint(
            expr={
                "<=": body <= right,
                ">=": body >= right,
                "==": body == right,
                "range above": (-100, body, right),
                "range below": (right, body, 100),
            }[relation]
        )
        solution = Ipopt().solve(NonlinearProgram(model))
        assert solution.solved
        return solution.objective, model.dual[model.row], solution.multipliers

    step = 1e-3
    _, dual, multipliers = solved(3.0)
    measured = (solved(3.0 + step)[0] - solved(3.0 - step)[0]) / (2 * step)
    assert dual == pytest.approx(measured, rel=1e-6)
    assert multipliers == pytest.approx([dual])
    assert abs(dual) > 1.0


def test_duals_agree_with_another_solver():
    def model():
        model, x = model_in([0, 0], (0, None))
        model.goal = pyo.Objective(expr=3 * x[1] + 2 * x[2], sense=pyo.maximize)
        model.rows.add(x[1] + x[2] <= 4)
        model.rows.add(x[1] + 3 * x[2] <= 6)
        model.rows.add(x[1] - x[2] <= 3)
        return NonlinearProgram(model)

    ours, theirs = Ipopt().solve(model()), PyomoSolver("highs").solve(model())
    np.testing.assert_allclose(ours.values, theirs.values, atol=1e-7)
    np.testing.assert_allclose(ours.multipliers, theirs.multipliers, atol=1e-7)
    assert ours.objective == pytest.approx(theirs.objective, rel=1e-8)


def test_values_come_back_in_declared_order():
    """The .nl format moves nonlinear columns and rows first; nothing of that is seen."""
    model = pyo.ConcreteModel()
    model.idle = pyo.Var(bounds=(2, 5))
    model.linear = pyo.Var()
    model.fixed = pyo.Var(initialize=7.0)
    model.fixed.fix()
    model.curved = pyo.Var(initialize=1.0)
    model.line = pyo.Constraint(expr=model.linear == 3 * model.fixed)
    model.trivial = pyo.Constraint(expr=model.fixed <= 10)
    model.curve = pyo.Constraint(expr=model.curved**3 == 8)
    model.goal = pyo.Objective(expr=model.linear + model.curved**2)
    program = NonlinearProgram(model)
    solution = Ipopt().solve(program)
    assert [v.name for v in program.variables] == ["idle", "linear", "fixed", "curved"]
    np.testing.assert_allclose(solution.values, [2.0, 21.0, 7.0, 2.0], atol=1e-9)
    np.testing.assert_allclose(solution.multipliers, [1.0, 0.0, 4 / 12], atol=1e-8)
    assert model.idle.value == 2.0


def test_system_of_equations_without_objective():
    """First-order conditions of two firms facing 100 - x - y with costs 10 and 20."""
    for constant_objective in (False, True):
        model = pyo.ConcreteModel()
        model.x, model.y = pyo.Var(), pyo.Var()
        model.first = pyo.Constraint(expr=90 - 2 * model.x - model.y == 0)
        model.second = pyo.Constraint(
            expr=(80 - model.x - 2 * model.y) * pyo.exp(model.x / 50) == 0
        )
        if constant_objective:
            model.nothing = pyo.Objective(expr=0.0)
        solution = Ipopt().solve(NonlinearProgram(model))
        assert solution.solved
        np.testing.assert_allclose(solution.values, [100 / 3, 70 / 3], rtol=1e-10)
        assert solution.objective == (0.0 if constant_objective else None)


def test_start_decides_between_solutions():
    model = pyo.ConcreteModel()
    model.x = pyo.Var(initialize=1.0)
    model.root = pyo.Constraint(expr=model.x**2 == 4)
    program = NonlinearProgram(model)
    assert Ipopt().solve(program).values == pytest.approx([2.0])
    assert Ipopt().solve(program, start=[-1.0]).values == pytest.approx([-2.0])


@pytest.mark.parametrize("equations", ["repeated", "of a fixed point", "contradictory"])
def test_more_equations_than_free_variables(equations, capfd):
    model, x = model_in([3, 1], (-5, 5))
    model.rows.add(x[1] ** 2 + x[2] ** 2 == 2)
    model.rows.add(x[1] == x[2])
    if equations == "of a fixed point":
        x[1].setlb(1)
        x[1].setub(1)
    else:
        model.rows.add(x[1] + x[2] == (2 if equations == "repeated" else 3))
    solution = Ipopt().solve(NonlinearProgram(model))
    if equations == "contradictory":
        assert solution.status is Status.INFEASIBLE
    else:
        assert solution.solved
        np.testing.assert_allclose(solution.values, [1, 1], atol=1e-7)
    assert capfd.readouterr() == ("", "")


def test_complementarity_written_as_products():
    """Pyomo's own rewriting of 0 <= x, 0 <= y - 1, one of them zero; x + y = 1."""
    model = pyo.ConcreteModel()
    model.x, model.y = pyo.Var(bounds=(0, None)), pyo.Var(bounds=(0, None))
    model.pair = Complementarity(expr=complements(model.x >= 0, model.y - 1 >= 0))
    model.sum = pyo.Constraint(expr=model.x + model.y == 1)
    program = NonlinearProgram(model)
    assert "pair: 0 <= x  complements  0 <= y - 1" in program.describe()
    with pytest.raises(EqsolveError, match=r"'pair' is a Complementarity.*mpec.simple_nonlinear"):
        Ipopt().solve(program)
    pyo.TransformationFactory("mpec.simple_nonlinear").apply_to(model)
    solution = Ipopt().solve(program)
    assert solution.solved
    np.testing.assert_allclose(solution.values[:2], [0, 1], atol=1e-6)


# --- statuses -------------------------------------------------------------------------


def test_infeasible_unbounded_and_iteration_limit_leave_the_model_alone(capfd):
    model, x = model_in([1, 1])
    model.goal = pyo.Objective(expr=x[1])
    model.rows.add(x[1] ** 2 + x[2] ** 2 <= -1)
    assert Ipopt().solve(NonlinearProgram(model)).status is Status.INFEASIBLE

    free, x = model_in([1, 1])
    free.goal = pyo.Objective(expr=x[1] - x[2] ** 2, sense=pyo.maximize)
    unbounded = Ipopt().solve(NonlinearProgram(free))
    assert unbounded.status is Status.UNBOUNDED
    assert unbounded.objective > 1e10

    slow = hs100()[0]
    limited = Ipopt(max_iterations=2).solve(NonlinearProgram(slow))
    assert limited.status is Status.ITERATION_LIMIT
    assert limited.iterations == 2
    assert not limited.solved

    for untouched in (model, free):
        assert [v.value for v in untouched.x.values()] == [1, 1]
        assert len(untouched.dual) == 0
    assert capfd.readouterr() == ("", "")


def test_a_point_short_of_the_tolerance_is_stalled_and_set_in_the_model():
    model, optimum, _ = hs071()
    easily_content = Ipopt(options={"acceptable_tol": 1e-2, "acceptable_iter": 1})
    stalled = easily_content.solve(NonlinearProgram(model))
    assert stalled.status is Status.STALLED
    assert 0 < abs(stalled.objective - optimum) < 0.1
    np.testing.assert_array_equal([v.value for v in model.x.values()], stalled.values)


def test_undefined_at_the_start_fails_quietly(capfd):
    model, x = model_in([-1.0])
    model.goal = pyo.Objective(expr=x[1] - pyo.log(x[1]))
    failed = Ipopt().solve(NonlinearProgram(model))
    assert failed.status is Status.FAILED
    assert failed.residual == np.inf
    assert Ipopt().solve(NonlinearProgram(model), start=[3.0]).values == pytest.approx([1.0])
    assert capfd.readouterr() == ("", "")


def test_constant_models():
    model, x = model_in([2.0])
    x[1].fix()
    model.goal = pyo.Objective(expr=3 * x[1])
    assert Ipopt().solve(NonlinearProgram(model)).objective == 6.0
    model.rows.add(x[1] <= 2)
    assert Ipopt().solve(NonlinearProgram(model)).solved
    model.rows.add(x[1] <= 1.5)
    failed = Ipopt().solve(NonlinearProgram(model))
    assert (failed.status, failed.residual) == (Status.INFEASIBLE, 0.5)
    # One row still varies, another is constant and fails.
    model.y = pyo.Var(initialize=0.0)
    model.rows.add(model.y >= 1)
    assert Ipopt().solve(NonlinearProgram(model)).status is Status.INFEASIBLE


# --- refusals -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("asinh", lambda x: pyo.asinh(x)),
        ("acosh", lambda x: pyo.acosh(x + 2)),
        ("atanh", lambda x: pyo.atanh(x / 9)),
        ("Expr_if", lambda x: pyo.Expr_if(x <= 1, x, x**2)),
    ],
)
def test_functions_the_reader_lacks_are_refused_by_name(name, write):
    model, x = model_in([0.5])
    model.goal = pyo.Objective(expr=write(x[1]) + x[1] ** 2)
    with pytest.raises(UnsupportedFunction, match=rf"lacks {name}: .*write"):
        Ipopt().solve(NonlinearProgram(model))


def test_parts_that_are_not_smooth_are_refused_by_name():
    model, x = model_in([0.5, 0.5], (0, 1))
    model.rows.add(x[1] + x[2] >= 1)
    program = NonlinearProgram(model)
    model.choice = Disjunction(expr=[[x[1] >= 1], [x[2] >= 1]])
    with pytest.raises(EqsolveError, match="'choice' is a Disjunction"):
        Ipopt().solve(program)
    model.choice.deactivate()
    with pytest.raises(EqsolveError, match="is a Disjunct and Ipopt"):
        Ipopt().solve(program)
    for part in model.component_data_objects(Disjunct):
        part.deactivate()
    model.pick = pyo.SOSConstraint(var=model.x, sos=1)
    with pytest.raises(EqsolveError, match="'pick' is a SOSConstraint"):
        Ipopt().solve(program)
    model.pick.deactivate()
    x[2].domain = pyo.Binary
    with pytest.raises(EqsolveError, match=r"'x\[2\]' is an integer variable"):
        Ipopt().solve(program)
    x[2].fix(1)
    assert Ipopt().solve(program).solved


def test_variables_of_another_model_are_refused_by_name():
    model, x = model_in([0.5])
    other = pyo.ConcreteModel()
    other.z = pyo.Var()
    model.rows.add(x[1] + other.z == 1)
    with pytest.raises(EqsolveError, match="'z' is used by the model but belongs to another"):
        Ipopt().solve(NonlinearProgram(model))


def test_suffixes_meant_for_other_solvers_do_no_harm():
    model, optimum, _ = hs071()
    model.scaling_factor = pyo.Suffix(direction=pyo.Suffix.EXPORT)
    model.scaling_factor[model.x[1]] = 10.0
    model.scaling_factor[model.x[3]] = 2.0
    model.priority = pyo.Suffix(direction=pyo.Suffix.EXPORT, datatype=pyo.Suffix.INT)
    model.priority[model.rows[1]] = 3
    assert Ipopt().solve(NonlinearProgram(model)).objective == pytest.approx(optimum)


def test_bad_options_and_bad_starts_are_refused():
    with pytest.raises(EqsolveError, match="No such IPOPT option: no_such_thing"):
        Ipopt(options={"no_such_thing": 1}).solve(NonlinearProgram(hs071()[0]))
    with pytest.raises(EqsolveError, match="'start' needs 4 numbers, not 2"):
        Ipopt().solve(NonlinearProgram(hs071()[0]), start=[1, 2])
    with pytest.raises(EqsolveError, match="'start' holds NaN at place 1"):
        Ipopt().solve(NonlinearProgram(hs071()[0]), start=[1, np.nan, 1, 1])


def test_an_options_file_in_the_working_directory_is_ignored(tmp_path, monkeypatch, capfd):
    (tmp_path / "ipopt.opt").write_text("max_iter 1\nprint_level 5\n")
    monkeypatch.chdir(tmp_path)
    assert Ipopt().solve(NonlinearProgram(hs071()[0])).solved
    assert capfd.readouterr() == ("", "")
    assert os.listdir(tmp_path) == ["ipopt.opt"]


# --- the program itself ---------------------------------------------------------------


def test_describe_lists_everything_and_shortens_long_lists():
    model = pyo.ConcreteModel("market")
    model.q = pyo.Var(range(50), bounds=(0, None))
    model.tax = pyo.Var(initialize=1.5)
    model.tax.fix()
    model.welfare = pyo.Objective(expr=100 * model.q[0] - model.q[0] ** 2, sense=pyo.maximize)
    model.cap = pyo.Constraint(range(50), rule=lambda m, k: m.q[k] <= k + m.tax)
    text = NonlinearProgram(model).describe(max_rows=2)
    assert text == (
        "Nonlinear program 'market': 51 variables, 50 constraints.\n"
        "maximize\n"
        "  welfare: 100*q[0] - q[0]**2\n"
        "subject to\n"
        "  cap[0]: q[0] <= tax\n"
        "  cap[1]: q[1] <= 1 + tax\n"
        "  ... 48 more\n"
        "where\n"
        "  0 <= q[0]\n"
        "  0 <= q[1]\n"
        "  ... 49 more"
    )
    assert NonlinearProgram(model).describe(max_rows=60).endswith("\n  tax = 1.5  (fixed)")
    assert repr(NonlinearProgram(model)).count("\n") == 86


def test_several_objectives_and_abstract_models_are_refused():
    model, x = model_in([1.0])
    model.one, model.two = pyo.Objective(expr=x[1]), pyo.Objective(expr=-x[1])
    with pytest.raises(EqsolveError, match=r"2 active objectives \(one, two\)"):
        NonlinearProgram(model)
    with pytest.raises(EqsolveError, match="not AbstractModel"):
        NonlinearProgram(pyo.AbstractModel())


def test_files_for_other_solvers(tmp_path):
    program = NonlinearProgram(hs071()[0])
    path = program.write(tmp_path / "hs071.nl")
    assert path.read_text().startswith("g3")
    assert (tmp_path / "hs071.col").read_text().splitlines() == ["x[1]", "x[2]", "x[3]", "x[4]"]
    with pytest.raises(EqsolveError, match="'goal' is not linear or quadratic"):
        program.write(tmp_path / "hs071.lp")
    with pytest.raises(EqsolveError, match=r"'hs071.txt' ends in none of .nl, .lp"):
        program.write(tmp_path / "hs071.txt")
    quadratic = NonlinearProgram(hs076()[0])
    assert "min" in quadratic.write(tmp_path / "hs076.lp").read_text()


# --- programs solved many times -------------------------------------------------------


def best_reply(**options):
    """A firm with price 100 - q - rival, cost 10 q and capacity 60 (as a constraint)."""
    q, rival = ca.SX.sym("q"), ca.SX.sym("rival")
    cost = -q * (100 - q - rival) + 10 * q
    return SmoothProgram(q, cost, q - 60, parameters=rival, lower=0.0, **options)


def test_one_prepared_solver_serves_many_parameters():
    prepared = Ipopt().prepare(best_reply())
    for rival in np.linspace(-60, 120, 19):
        solution = prepared.solve(parameters=rival)
        assert solution.solved
        # At -30 and 90 a limit binds with multiplier zero: there slack and multiplier are each
        # about the root of the tolerance on their product.
        accuracy = 2e-5 if rival in (-30, 90) else 1e-7
        assert solution.residual < accuracy
        assert solution.values == pytest.approx([np.clip((90 - rival) / 2, 0, 60)], abs=accuracy)


def test_multipliers_of_constraints_and_bounds():
    prepared = Ipopt().prepare(best_reply())
    # d cost / d q = 2 q + rival - 90.
    crowded = prepared.solve(parameters=150.0)
    assert crowded.multipliers == pytest.approx([0.0], abs=1e-8)
    assert crowded.bound_multipliers == pytest.approx([-60.0])
    alone = prepared.solve(parameters=-60.0)
    assert alone.multipliers == pytest.approx([30.0])
    assert alone.bound_multipliers == pytest.approx([0.0], abs=1e-8)


def test_bounds_may_be_replaced():
    prepared = Ipopt().prepare(best_reply())
    assert prepared.solve(parameters=0.0, upper=20.0).values == pytest.approx([20.0])
    assert prepared.solve(parameters=0.0, lower=[50.0]).values == pytest.approx([50.0])
    held = prepared.solve(parameters=0.0, lower=7.0, upper=7.0)
    assert held.solved
    assert held.values == pytest.approx([7.0], abs=1e-12)
    assert held.bound_multipliers == pytest.approx([76.0])
    looser = prepared.solve(parameters=-60.0, constraint_upper=5.0)
    assert looser.values == pytest.approx([65.0])
    assert prepared.solve(parameters=0.0, lower=3.0, upper=2.0).status is Status.INFEASIBLE


def test_start_and_warm_start():
    x = ca.SX.sym("x")
    wells = Ipopt().prepare(SmoothProgram(x, (x**2 - 1) ** 2))
    assert wells.solve([0.5]).values == pytest.approx([1.0])
    assert wells.solve([-0.5]).values == pytest.approx([-1.0])

    cold, warm = Ipopt().prepare(best_reply()), Ipopt(warm_start=True).prepare(best_reply())
    before = cold.solve(parameters=-40.0)
    after, again = cold.solve(parameters=-41.0), warm.solve(parameters=-41.0, previous=before)
    assert again.solved
    assert again.values == pytest.approx(after.values, abs=1e-7)
    assert again.iterations < after.iterations


def test_programs_without_constraints_or_with_constant_rows():
    x = ca.SX.sym("x", 2)
    free = Ipopt().solve(SmoothProgram(x, ca.sumsqr(x - 3)))
    assert free.values == pytest.approx([3.0, 3.0])
    assert free.multipliers.shape == (0,)
    rows = ca.vertcat(ca.SX(1), x[0] - 1, ca.SX(1, 1))
    limited = Ipopt().solve(SmoothProgram(x, ca.sumsqr(x - 3), rows, constraint_upper=[2, 0, 0]))
    assert limited.values == pytest.approx([1.0, 3.0])
    assert limited.multipliers[:2] == pytest.approx([0.0, 4.0], abs=1e-7)
    # A feasibility problem: any point of the constraints will do.
    anywhere = SmoothProgram(x, 0, x[0] + x[1], constraint_lower=1.0, constraint_upper=np.inf)
    found = Ipopt().solve(anywhere)
    assert found.solved
    assert found.values.sum() >= 1.0


def test_smooth_programs_are_checked_at_the_door():
    x, p = ca.SX.sym("x", 2), ca.SX.sym("p")
    with pytest.raises(EqsolveError, match="uses p, neither a variable nor a parameter"):
        SmoothProgram(x, p * x[0])
    with pytest.raises(EqsolveError, match="one number, not 2 values"):
        SmoothProgram(x, x)
    with pytest.raises(EqsolveError, match="'lower' needs 2 numbers, not 3"):
        SmoothProgram(x, x[0], lower=[0, 0, 0])
    with pytest.raises(EqsolveError, match="plain symbols"):
        SmoothProgram(2 * x, x[0])
    with pytest.raises(EqsolveError, match="'parameters' needs 1 numbers, not 0"):
        Ipopt().prepare(SmoothProgram(x, p * ca.sumsqr(x), parameters=p)).solve()
    assert SmoothProgram(x, ca.sumsqr(x), x[0] - x[1], lower=0, upper=[1, 0]).describe() == (
        "Smooth program in x_0, x_1.\n"
        "minimize (sq(x_0)+sq(x_1))\n"
        "subject to\n"
        "  (x_0-x_1) <= 0\n"
        "  0 <= x_0 <= 1\n"
        "  x_1 = 0"
    )


# --- other solvers --------------------------------------------------------------------


def test_absent_solvers_are_refused_by_name_and_quietly(capfd):
    for name in ("no-such-solver", "ipopt_of_nobody"):
        with pytest.raises(SolverNotFound, match=f"no solver '{name}' on this machine"):
            PyomoSolver(name).solve(NonlinearProgram(hs071()[0]))
    assert capfd.readouterr() == ("", "")


def test_statuses_of_other_solvers(capfd):
    model, x = model_in([0, 0], (0, None))
    model.goal = pyo.Objective(expr=x[1] + x[2], sense=pyo.maximize)
    highs = PyomoSolver("highs")
    assert highs.solve(NonlinearProgram(model)).status is Status.UNBOUNDED
    model.rows.add(x[1] + x[2] <= 1)
    solved = highs.solve(NonlinearProgram(model), start=[0.2, 0.3])
    assert (solved.status, solved.objective, solved.residual) == (Status.SOLVED, 1.0, 0.0)
    model.rows.add(x[1] >= 2)
    assert highs.solve(NonlinearProgram(model)).status is Status.INFEASIBLE
    with pytest.raises(EqsolveError, match="'highs' refused the model"):
        highs.solve(NonlinearProgram(hs071()[0]))
    assert capfd.readouterr() == ("", "")
