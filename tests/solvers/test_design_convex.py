"""The sampling program in cvxpy, solved by conic solvers and judged by its dual bound."""

import numpy as np
import pytest
from sampling_cases import program_of, proven_gap, random_program

import eqsolve as eq
from eqsolve.programs.sampling import dual_bound
from eqsolve.results import Status
from eqsolve.solvers.design_convex import DesignConvex


def test_three_states_to_the_printed_digits():
    program = program_of(eq.models.three_state_pair())
    solution = DesignConvex().solve(program)
    assert solution.objective == pytest.approx(11.350081, abs=5e-7)
    assert abs(proven_gap(program, solution)) <= 1e-8
    printed = [0.04037814, 0.14001788, 0.31093176, 0.32309295, 0.14161175, 0.04396752]
    assert np.abs(solution.values - printed).max() < 2e-5


@pytest.mark.parametrize(("states", "value"), [(3, 7.00), (5, 9.00), (8, 9.78), (10, 9.93)])
def test_walks_to_opposite_ends(states, value):
    solution = DesignConvex().solve(program_of(eq.models.birth_death_pair(states)))
    assert solution.objective == pytest.approx(value, abs=6e-3)


@pytest.mark.parametrize("seed", range(1, 40, 3))
def test_multipliers_of_cvxpy_prove_what_it_found(seed):
    program = random_program(seed)
    solution = DesignConvex().solve(program)
    if solution.status is Status.INFEASIBLE:
        return
    bound = dual_bound(program, solution.multipliers, solution.values)
    # A valid bound may pass the value only by what the occupancy lacks in balance.
    assert bound == pytest.approx(solution.objective, rel=1e-4)


def test_an_infeasible_cost_limit_is_told():
    program = program_of(eq.models.three_state_pair(), costs=np.ones((2, 3)), cost_limit=0.5)
    assert DesignConvex().solve(program).status is Status.INFEASIBLE


def test_an_engine_that_is_not_there_fails_without_values():
    solution = DesignConvex(engines=("NO_SUCH_SOLVER",)).solve(
        program_of(eq.models.three_state_pair())
    )
    assert solution.status is Status.FAILED
    assert np.isnan(solution.values).all()
