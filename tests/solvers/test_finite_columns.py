"""Linear programs by columns: the same optimum and multipliers as all at once."""

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.optimize import linprog

from eqsolve.programs.linear import LinearProgram
from eqsolve.results import Status
from eqsolve.solvers.columns import has_many_columns, solve_by_columns
from eqsolve.solvers.highs import Highs


def program(seed, sense="max", n=3000, rows=12):
    """Rows through a point inside, so that there is a solution; the last row sums to one."""
    rng = np.random.default_rng(seed)
    matrix = np.vstack([rng.normal(size=(rows, n)), np.ones(n)])
    inside = rng.dirichlet(np.full(n, 0.01))
    low = np.append(matrix[:-1] @ inside - 0.01, 1.0)
    high = np.append(np.full(rows, np.inf), 1.0)
    high[0] = low[0] + 0.02
    return LinearProgram(
        objective=rng.normal(size=n),
        rows=sp.csr_array(matrix),
        row_lower=low,
        row_upper=high,
        lower=np.zeros(n),
        upper=np.full(n, np.inf),
        sense=sense,
        constant=3.0,
    )


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("sense", ["max", "min"])
def test_the_optimum_is_scipys(seed, sense):
    given = program(seed, sense)
    assert has_many_columns(given)
    found = solve_by_columns(given, Highs().engine(reduce=False), 1e-11)
    sign = -1.0 if sense == "max" else 1.0
    matrix = given.rows.toarray()
    theirs = linprog(
        sign * given.objective,
        A_ub=np.vstack([-matrix[:-1], matrix[:1]]),
        b_ub=np.append(-given.row_lower[:-1], given.row_upper[0]),
        A_eq=matrix[-1:],
        b_eq=[1.0],
    )
    assert found.status is Status.SOLVED
    assert found.objective == pytest.approx(3.0 + sign * theirs.fun, abs=1e-9)
    # Duality: the sides that bind, weighed by their multipliers, give the objective.
    y = found.multipliers
    side = np.where(sign * y > 0, given.row_lower, given.row_upper)
    assert 3.0 + y @ np.where(y == 0, 0.0, side) == pytest.approx(found.objective, abs=1e-8)
    assert Highs().solve(given).objective == pytest.approx(found.objective, abs=1e-8)


def test_programs_without_a_solution_are_left_to_the_whole():
    given = program(0)
    impossible = LinearProgram(
        objective=given.objective,
        rows=given.rows,
        row_lower=np.append(np.full(12, 1e3), 1.0),
        row_upper=np.append(np.full(12, np.inf), 1.0),
        lower=given.lower,
        upper=given.upper,
        sense="max",
    )
    assert solve_by_columns(impossible, Highs().engine(reduce=False), 1e-11) is None
    assert Highs().solve(impossible).status is Status.INFEASIBLE


def test_few_columns_and_other_bounds_are_left_to_the_whole():
    assert not has_many_columns(program(0, n=1000))
    assert not has_many_columns(program(0, rows=400))
