"""The interior point for sampling designs: known values, cvxpy's answers, and its own proofs."""

from dataclasses import replace

import numpy as np
import pytest
from sampling_cases import exact, program_of, proven_gap, random_program
from scipy import sparse

import eqsolve as eq
from eqsolve.programs.sampling import SamplingProgram, dual_bound
from eqsolve.results import Status
from eqsolve.solvers.design_convex import DesignConvex
from eqsolve.solvers.design_interior_point import DesignInteriorPoint, reference_flow

ENGINE = DesignInteriorPoint()


def best(program):
    """The answer, checked by its proof."""
    solution = ENGINE.solve(program)
    assert solution.status is Status.SOLVED
    assert abs(proven_gap(program, solution)) <= 1e-8
    return solution


def test_three_states_to_all_printed_digits():
    program = program_of(eq.models.three_state_pair())
    solution = best(program)
    printed = [[0.04037814, 0.14001788, 0.31093176], [0.32309295, 0.14161175, 0.04396752]]
    occupancy = solution.values.reshape(2, 3)
    assert solution.objective == pytest.approx(11.350081, abs=5e-7)
    # The variance is flat at its optimum: digits of the occupancy are half of its own.
    sharp = DesignInteriorPoint(tolerance=1e-14).solve(program).values.reshape(2, 3)
    assert np.abs(occupancy - printed).max() < 2e-5
    assert np.abs(sharp - printed).max() < 6e-9
    shares = sharp[1] / sharp.sum(axis=0)
    assert np.abs(shares - [0.88890962, 0.50282973, 0.12388732]).max() < 6e-9


@pytest.mark.parametrize(("states", "value"), [(3, 7.00), (5, 9.00), (8, 9.78), (10, 9.93)])
def test_walks_to_opposite_ends_stop_growing_with_the_states(states, value):
    solution = best(program_of(eq.models.birth_death_pair(states)))
    assert solution.objective == pytest.approx(value, abs=6e-3)


@pytest.mark.parametrize("states", [3, 4, 10, 37, 200])
def test_opposite_cycles_have_their_closed_form(states):
    identity = sparse.eye_array(states, format="csr")
    forth = sparse.csr_array(identity[:, np.roll(np.arange(states), 1)])
    noise = np.zeros((2, states))
    noise[:, 0] = [0.3 * 0.7, 0.6 * 0.4]
    laws = np.full((2, states), 1 / states)
    program = SamplingProgram(
        (forth, sparse.csr_array(forth.T)), laws, noise, np.ones((1, 2)), laws / 2
    )
    found = best(program).objective * states**2
    assert found == pytest.approx(2 * np.sqrt(noise[:, 0]).sum() ** 2, rel=1e-8)


@pytest.mark.parametrize(
    ("size", "value"), [(10, 2885.4185372), (32, 24002.713995), (50, 27066.615265)]
)
def test_symmetric_queues(size, value):
    program = program_of(eq.models.queue_pair(size))
    solution = best(program)
    assert solution.objective == pytest.approx(value, rel=2e-9)
    assert solution.iterations <= 10


def test_a_large_queue_is_solved_on_its_core_and_proven_on_the_whole():
    program = program_of(eq.models.queue_pair(60), floor=np.full(2, 0.05))
    whole = replace(ENGINE, max_steps=60)
    solution = best(program)
    direct = whole._cold(program, reference_flow(program))
    assert solution.values.shape == (2 * 3600,)
    assert solution.objective == pytest.approx(direct.objective, rel=3e-9)


def test_random_programs_with_every_restriction_are_proven(share):
    outcomes, tried = [], round(320 * share)
    for seed in range(tried):
        program = random_program(seed)
        solution = ENGINE.solve(program)
        outcomes.append(solution.status)
        if solution.status is Status.INFEASIBLE:
            assert dual_bound(program, solution.multipliers, program.coin) == np.inf
            continue
        assert abs(proven_gap(program, solution)) <= 1e-8, seed
        feasible(program, exact(program, solution.values.reshape(program.arms, -1)))
    assert outcomes.count(Status.SOLVED) + outcomes.count(Status.INFEASIBLE) == tried
    assert outcomes.count(Status.INFEASIBLE) <= 10


def feasible(program, occupancy):
    """Share, floors and cost limit are met."""
    rest = occupancy - program.share * program.coin
    assert rest.min() >= -1e-9
    assert (rest - program.floor[:, None] * rest.sum(axis=0)).min() >= -1e-9
    if program.costs is not None:
        assert (program.costs * occupancy).sum() <= program.cost_limit * (1 + 1e-7)


@pytest.mark.parametrize("seed", range(0, 40, 2))
def test_cvxpy_finds_the_same_value(seed):
    program = random_program(seed)
    ours, theirs = ENGINE.solve(program), DesignConvex().solve(program)
    if Status.INFEASIBLE in (ours.status, theirs.status):
        assert ours.status is theirs.status
    else:
        assert ours.objective == pytest.approx(theirs.objective, rel=1e-5)


def test_an_infeasible_cost_limit_is_proven_infeasible():
    program = program_of(eq.models.three_state_pair(), costs=np.ones((2, 3)), cost_limit=0.5)
    solution = ENGINE.solve(program)
    assert solution.status is Status.INFEASIBLE
    assert dual_bound(program, solution.multipliers, program.coin) == np.inf


def test_a_slack_cost_limit_changes_nothing_and_a_tight_one_binds():
    costs = np.array([[1.0, 1.0, 1.0], [0.0, 0.0, 0.0]])
    pair = eq.models.three_state_pair()
    free = best(program_of(pair)).objective
    slack = best(program_of(pair, costs=costs, cost_limit=0.9)).objective
    tight = best(program_of(pair, costs=costs, cost_limit=0.4))
    assert slack == pytest.approx(free, rel=1e-8)
    assert tight.objective > free * 1.001
    assert (costs.ravel() * tight.values).sum() == pytest.approx(0.4, rel=1e-8)


@pytest.mark.parametrize("share", [0.0, 0.2, 0.7, 0.99, 0.999999, 1.0])
def test_a_share_of_coin_flipping_costs_no_more_than_it_leaves(share):
    program = program_of(eq.models.birth_death_pair(8), share=share)
    solution = best(program)
    alone = best(replace(program, share=0.0)).objective
    assert (solution.values >= share * program.coin.ravel() * (1 - 1e-12)).all()
    assert solution.objective <= alone / max(1 - share, 1e-9) * (1 + 1e-8)
    if share == 1.0:
        assert np.array_equal(solution.values, program.coin.ravel())


@pytest.mark.parametrize("slack", [1e-2, 1e-4, 1e-6])
def test_floors_close_to_one_half_leave_coin_flipping(slack):
    pair = eq.models.three_state_pair()
    program = program_of(pair, floor=np.full(2, 0.5 - slack))
    solution = best(program)
    coin = program.value(program.coin)
    assert solution.objective <= coin * (1 + 1e-12)
    assert solution.objective == pytest.approx(coin, rel=20 * slack)


def test_an_arm_may_be_forbidden_where_it_is_not_needed():
    pair = eq.models.birth_death_pair(5)
    allowed = np.ones((2, 5))
    allowed[0, 2] = 0
    program = program_of(pair, allowed=allowed)
    solution = best(program)
    assert solution.values.reshape(2, 5)[0, 2] == 0.0
    # There only the arm that walks down runs: no way back up.
    assert solution.objective > best(program_of(pair)).objective


def test_states_outside_every_end_component_stay_empty():
    # State 2 leads into {0, 1} for good under both arms.
    first = sparse.csr_array([[0.5, 0.5, 0.0], [0.5, 0.5, 0.0], [0.0, 1.0, 0.0]])
    second = sparse.csr_array([[0.9, 0.1, 0.0], [0.1, 0.9, 0.0], [1.0, 0.0, 0.0]])
    laws = np.array([[0.5, 0.5, 0.0]] * 2)
    program = SamplingProgram((first, second), laws, np.ones((2, 3)), np.ones((1, 2)), laws / 2)
    solution = ENGINE.solve(program)
    assert solution.solved
    assert not program.usable[:, 2].any()
    assert solution.values.reshape(2, 3)[:, 2].tolist() == [0.0, 0.0]
    assert solution.objective == pytest.approx(4.0, rel=1e-9)  # two laws alike


def test_nothing_to_learn_is_answered_by_coin_flipping():
    pair = eq.models.three_state_pair()
    program = program_of(pair, weights=np.zeros((1, 2)))
    solution = ENGINE.solve(program)
    assert solution.solved
    assert solution.objective == 0.0
    assert np.array_equal(solution.values, program.coin.ravel())


def test_masses_of_1e_minus_48_do_no_harm():
    up, down = np.full(100, 0.75), np.full(100, 0.25)
    kernels = []
    for rise, fall in ((up, down), (down, up)):
        hold = np.zeros(100)
        hold[0], hold[-1] = fall[0], rise[-1]
        kernels.append(
            sparse.csr_array(sparse.diags_array([fall[1:], hold, rise[:-1]], offsets=[-1, 0, 1]))
        )
    laws = 3.0 ** np.array([np.arange(100.0) - 99, -np.arange(100.0)])
    laws /= laws.sum(axis=1, keepdims=True)
    program = SamplingProgram(
        tuple(kernels), laws, np.ones((2, 100)), np.ones((1, 2)), np.full((2, 100), 1 / 200)
    )
    assert laws.min() < 1e-47
    solution = ENGINE.solve(program)
    assert solution.solved
    assert solution.objective == pytest.approx(4.0, rel=1e-8)
    assert solution.iterations <= 15


def test_duplicate_contrasts_weigh_as_often_as_they_stand_in_a_sum_and_once_in_a_maximum():
    pair = eq.models.three_state_pair()
    one = best(program_of(pair)).objective
    twice = program_of(pair, weights=np.ones((2, 2)))
    largest = program_of(pair, weights=np.ones((3, 2)), criterion="minimax")
    assert best(twice).objective == pytest.approx(2 * one, rel=1e-8)
    assert best(largest).objective == pytest.approx(one, rel=1e-8)


def test_minimax_balances_the_contrasts_it_weighs():
    weights = np.array([[1.0, 0.0], [0.0, 1.0]])
    program = program_of(eq.models.three_state_pair(), weights=weights, criterion="minimax")
    solution = best(program)
    variances = program.variances(solution.values)
    assert variances[0] == pytest.approx(variances[1], rel=1e-6)
    mix = solution.multipliers[-2:]
    assert mix.sum() == pytest.approx(1.0, abs=1e-6)


def test_prices_buy_more_steps_where_they_are_cheap():
    pair = eq.models.three_state_pair()
    prices = np.array([[1.0] * 3, [5.0] * 3])
    program = program_of(pair, prices=prices)
    solution = best(program)
    assert (prices.ravel() * solution.values).sum() == pytest.approx(1.0)
    # All prices k times as high: the same policy, k times the variance per unit of budget.
    scaled = best(program_of(pair, prices=7 * prices))
    assert scaled.objective == pytest.approx(7 * solution.objective, rel=1e-8)


def test_a_warm_start_reaches_the_same_answer_in_no_more_steps_than_cold():
    pair = eq.models.queue_pair(12)
    program = program_of(pair)
    before = ENGINE.solve(program)
    noisier = replace(program, step_variances=program.step_variances * 1.01)
    warm, cold = ENGINE.solve(noisier, before), ENGINE.solve(noisier)
    assert warm.solved
    assert warm.objective == pytest.approx(cold.objective, rel=1e-8)
    assert warm.iterations <= cold.iterations + 3


def test_a_warm_start_of_another_shape_is_passed_over():
    before = ENGINE.solve(program_of(eq.models.queue_pair(4)))
    program = program_of(eq.models.three_state_pair())
    assert ENGINE.solve(program, before).objective == pytest.approx(11.350081, abs=5e-7)


def test_relabelled_states_and_arms_leave_the_value():
    program = random_program(11)
    order = np.random.default_rng(0).permutation(program.states)
    turned = replace(
        program,
        kernels=tuple(sparse.csr_array(k[order][:, order]) for k in program.kernels[::-1]),
        laws=program.laws[::-1, order],
        step_variances=program.step_variances[::-1, order],
        weights=program.weights[:, ::-1],
        coin=program.coin[::-1, order],
        prices=program.prices[::-1, order],
        floor=program.floor[::-1],
        allowed=program.allowed[::-1, order],
        costs=None if program.costs is None else program.costs[::-1, order],
    )
    assert best(turned).objective == pytest.approx(best(program).objective, rel=1e-8)


def test_stopped_early_it_says_so_and_its_bound_still_holds():
    program = program_of(eq.models.queue_pair(10))
    stopped = DesignInteriorPoint(max_steps=1).solve(program)
    assert stopped.status is Status.ITERATION_LIMIT
    assert dual_bound(program, stopped.multipliers, program.coin) <= 2885.4185372 * (1 + 1e-9)


def test_sparse_random_chains_need_no_factorization():
    program = program_of(eq.models.random_sparse_pair(2000, successors=10, seed=3))
    from eqsolve.solvers.design_newton import DesignEquations

    equations = DesignEquations(program, reference_flow(program))
    solution = ENGINE._iterate(equations, equations.start(), 1.0)
    assert solution.solved
    assert equations.normal.factorizations == 0
    assert equations.normal.steps > 0
    assert abs(proven_gap(program, solution)) <= 1e-8
