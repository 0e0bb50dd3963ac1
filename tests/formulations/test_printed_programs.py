"""A duopoly's programs as they are printed, for each formulation of simultaneous play.

The texts are what a reader checks against the conditions of a paper, so a changed sign,
a lost bound or a lost row must show here. Each was compared by hand with

    profit_1 = q1 (100 - q1 - q2) - 10 q1,  0 <= q1 <= 60,
    profit_2 = q2 (100 - q1 - q2) - 20 q2,  q2 >= 0,   q1 + 2 q2 <= 90 shared.
"""

import cvxpy as cp
import numpy as np
import pytest

import eqsolve as eq
from eqsolve.formulations.complementarity import Complementarity

COMPLEMENTARITY = """\
Find unknowns within bounds, each complementary to its function:
  0 <= q1 <= 60  _|_  (multiplier[0]-(((100-(q1+q2))-q1)+-10))
  0 <= q2 <= inf  _|_  ((2.*multiplier[0])-(((100-(q1+q2))-q2)+-20))
  0 <= multiplier[0] <= inf  _|_  (-((q1+(2.*q2))+-90))"""

# The matrix is printed by numpy, whose scalars name their type.
POTENTIAL = """\
minimize 0.5 * QuadForm(Hstack(reshape(q1, (1,), C), reshape(q2, (1,), C)), psd_wrap([[2.0 1.0]
 [1.0 2.0]])) + [-90. -80.] @ Hstack(reshape(q1, (1,), C), reshape(q2, (1,), C))
subject to q1 <= 60.0
           q1 + 2.0 * q2 <= 90.0"""

NONLINEAR = """\
Nonlinear program 'equilibrium conditions': 7 variables, 3 constraints.
minimize
  gap: slack[0]*multiplier[0] + strategy[q1]*at_lower[q1] + strategy[q2]*at_lower[q2] + (60.0 - strategy[q1])*at_upper[q1]
subject to
  stationarity[q1]: multiplier[0] - 90 + 2*strategy[q1] + strategy[q2] - at_lower[q1] + at_upper[q1] == 0
  stationarity[q2]: 2*multiplier[0] - 80 + strategy[q1] + 2*strategy[q2] - at_lower[q2] == 0
  feasibility[0]: strategy[q1] + 2*strategy[q2] - 90 + slack[0] == 0
where
  0 <= strategy[q1] <= 60
  0 <= strategy[q2]
  0 <= multiplier[0]
  0 <= slack[0]
  0 <= at_lower[q1]
  0 <= at_lower[q2]
  0 <= at_upper[q1]"""

PRINTED = {"complementarity": COMPLEMENTARITY, "potential": POTENTIAL, "nonlinear": NONLINEAR}


def duopoly():
    q1, q2 = (cp.Variable(nonneg=True, name=name) for name in ("q1", "q2"))
    price = 100 - (q1 + q2)
    players = [
        eq.Player("incumbent", cp.Maximize(q1 * price - 10 * q1), [q1], [q1 <= 60]),
        eq.Player("entrant", cp.Maximize(q2 * price - 20 * q2), [q2]),
    ]
    return eq.Game(players, [q1 + 2 * q2 <= 90])


def crowd(firms):
    """One vector of quantities, a total that many use, and two shared rows."""
    q = cp.Variable(firms, nonneg=True, name="q")
    profit = cp.multiply(q, 100 - cp.sum(q) - np.arange(firms))
    limits = [cp.sum(q) <= 50, q[0] - q[1] <= 3]
    return eq.Game([eq.Population("firm", q, maximize=profit)], limits)


def without_scalar_types(text):
    return text.replace("np.float64(", "").replace(".0)", ".0")


@pytest.mark.parametrize("formulation", PRINTED)
def test_printed_program_of_a_duopoly(formulation):
    program = eq.solve(duopoly(), formulation=formulation).program
    assert without_scalar_types(program.describe()) == PRINTED[formulation]
    assert program.kind == {"potential": "convex"}.get(formulation, formulation)


def test_the_printed_complementarity_problem_is_the_one_solved():
    """The printed functions, evaluated as Python in the printed names, are the solver's."""
    for game in (duopoly(), crowd(3), crowd(70)):
        program = Complementarity().compile(game, eq.Nash())
        lines = program.describe().splitlines()[1:]
        rng = np.random.default_rng(0)
        for z in rng.normal(size=(5, len(lines))):
            known = {}
            for name, value in zip(program.problem.names, z, strict=True):
                base, _, place = name.partition("[")
                if place:
                    known.setdefault(base, {})[int(place[:-1])] = value
                else:
                    known[base] = value
            printed = [eval(line.split("_|_")[1].strip(), {}, known) for line in lines]
            np.testing.assert_allclose(printed, program.problem.evaluate(z), atol=1e-9)


def test_the_printed_potential_solved_by_cvxpy_alone_is_the_equilibrium():
    """The program a user would carry elsewhere gives what eqsolve returned."""
    found = eq.solve(duopoly(), formulation="potential")
    problem = found.program.problem
    problem.solve(solver=cp.CLARABEL)
    values = [variable.value.item() for variable in found.program.variables]
    # Both limits are slack at the unlimited duopoly's q = (100 - 2 c_i + c_j) / 3.
    np.testing.assert_allclose(values, [100 / 3, 70 / 3], atol=1e-5)
    np.testing.assert_allclose(found.vector, [100 / 3, 70 / 3], atol=1e-7)
