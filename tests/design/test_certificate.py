"""Proofs trust no solver: bounds of any policy hold, and those of the best are tight."""

import numpy as np
import pytest
from known_answers.experiments import random_pair, three_states

import eqsolve as eq
from eqsolve.design.certificate import infeasibility, prove
from eqsolve.design.occupancy import coin_flipping
from eqsolve.design.question import Question
from eqsolve.design.restrictions import check_restrictions


def program_of(experiment, share=0.0, criterion="sum", contrast=None, **options):
    weights = experiment.contrast(contrast)
    every = np.ones((experiment.arms, experiment.states), dtype=bool)
    restrictions = check_restrictions(experiment, **options)
    question = Question(experiment, weights, criterion, restrictions, every * 1.0, every)
    return question.program(share)


@pytest.mark.parametrize("seed", range(5))
def test_no_policy_is_below_the_bound_of_any_other(seed):
    experiment = random_pair(5, seed=seed)
    program = program_of(experiment)
    rng = np.random.default_rng(seed)
    best = eq.optimal_design(experiment).variance
    for _ in range(10):
        proof = prove(experiment, program, rng.dirichlet(np.ones(2), 5))
        assert 0 <= proof.bound <= best * (1 + 1e-9) <= proof.value * (1 + 1e-8)


@pytest.mark.parametrize("floor", [0.0, 0.15])
def test_the_best_policy_proves_itself_without_a_solver(floor):
    experiment = random_pair(5, arms=3, seed=7)
    weights = [1.0, -2.0, 0.7]
    design = eq.optimal_design(experiment, weights, floor=floor)
    program = program_of(experiment, contrast=weights, floor=floor)
    proof = prove(experiment, program, design.policy)
    assert proof.relative_gap < 1e-6
    assert proof.value == pytest.approx(design.variance, rel=1e-9)


def test_random_multipliers_give_bounds_that_hold():
    experiment = three_states()
    program = program_of(experiment)
    design = eq.optimal_design(experiment)
    rng = np.random.default_rng(0)
    for _ in range(20):
        wild = rng.normal(size=3 + 2 + 1) * 10
        proof = prove(experiment, program, design.policy, wild)
        assert proof.bound <= design.variance * (1 + 1e-9)


def test_what_violates_a_restriction_is_measured():
    experiment = three_states()
    policy = np.array([[0.05, 0.95], [0.5, 0.5], [0.5, 0.5]])
    occupancy = experiment.occupancy(policy)
    visits = occupancy.sum(axis=0)
    below = infeasibility(program_of(experiment, floor=0.2), occupancy)
    assert below == pytest.approx(0.15 * visits[0], rel=1e-9)
    costs = np.array([[1.0] * 3, [3.0] * 3])
    spent = float((costs * occupancy).sum())
    dear = program_of(experiment, costs=costs, budget=100 * spent / 1.1, steps=100)
    assert infeasibility(dear, occupancy) == pytest.approx(0.1, rel=1e-9)
    assert infeasibility(program_of(experiment), occupancy) == 0


def test_a_design_certifies_its_restrictions():
    experiment = random_pair(6, arms=3, seed=9)
    design = eq.optimal_design(
        experiment, floor=0.1, costs=[1, 2, 3], budget=1900, steps=1000, share=0.2
    )
    assert design.certificate.infeasibility < 1e-9
    assert design.certificate.holds(1e-7)
    assert design.average_cost <= 1.9 * (1 + 1e-9)


def test_coin_flipping_above_floors():
    every = np.ones((3, 2), dtype=bool)
    coin = coin_flipping(every, every, np.array([0.6, 0.0, 0.1]))
    assert coin == pytest.approx(np.array([[0.7, 0.1, 0.2]] * 2))
    only = np.array([[True, True], [False, True], [False, False]])
    coin = coin_flipping(only, only, np.array([0.6, 0.2, 0.1]))
    assert coin == pytest.approx(np.array([[1.0, 0.0, 0.0], [0.7, 0.3, 0.0]]))
