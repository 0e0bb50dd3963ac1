"""Designs that keep to places hardly ever left, judged by exact laws, and small ones polished."""

import warnings

import numpy as np
import pytest
from known_answers.experiments import (
    dense_variance,
    opposite_drifts,
    random_pair,
    three_states,
    walk,
)

import eqsolve as eq
from eqsolve.design import MarkovExperiment
from eqsolve.design.occupancy import needs, usable_arms
from eqsolve.design.places import can_be_shared_out, share_out
from eqsolve.design.polish import can_be_polished, polished
from eqsolve.design.question import Question
from eqsolve.design.restrictions import check_restrictions


def question_of(experiment, **options):
    weights = experiment.contrast()
    restrictions = check_restrictions(experiment, **options)
    need = needs(experiment, weights)
    usable = usable_arms(experiment, need, restrictions)
    return Question(experiment, weights, "sum", restrictions, need, usable)


def homes(leave, deviations=(1.0, 1.0)):
    """Each arm has a home it goes to at once; the policy leaves them with given probabilities."""
    experiment = MarkovExperiment(
        [[[1, 0], [1, 0]], [[0, 1], [0, 1]]],
        np.zeros((2, 2)),
        np.outer(np.square(deviations), [1, 1]),
    )
    first, second = leave
    return experiment, np.array([[1 - first, first], [second, 1 - second]])


@pytest.mark.parametrize("leave", [(3e-6, 1e-6), (1e-12, 4e-12), (1e-3, 1e-4)])
def test_two_homes_get_the_time_that_neyman_gives_them(leave):
    experiment, policy = homes(leave, deviations=(1.0, 3.0))
    program = question_of(experiment).program(0.0)
    found = share_out(experiment, program, policy)
    visits = experiment.occupancy(found).sum(axis=0)
    assert visits == pytest.approx([0.25, 0.75], abs=1e-3)
    assert experiment.variance(found) == pytest.approx(16, rel=max(1e-8, 3 * max(leave)))
    assert found.min() < 1e-3  # the places are as hard to leave as before


def test_floors_survive_the_tilt():
    experiment, policy = homes((0.3, 0.1), deviations=(1.0, 2.0))
    question = question_of(experiment, floor=0.05)
    found = share_out(experiment, question.program(0.0), policy)
    assert found.min() >= 0.05 * (1 - 1e-9)
    assert experiment.variance(found) < experiment.variance(policy)


def test_a_policy_whose_places_are_right_is_left_alone():
    experiment, policy = homes((1e-6, 1e-6))
    found = share_out(experiment, question_of(experiment).program(0.0), policy)
    assert experiment.variance(found) <= experiment.variance(policy) * (1 + 1e-12)
    assert found == pytest.approx(policy, rel=1e-3)


def test_restrictions_that_a_tilt_would_break():
    experiment = three_states()
    assert can_be_shared_out(question_of(experiment).program(0.0))
    assert not can_be_shared_out(question_of(experiment).program(0.1))
    dear = question_of(experiment, costs=[1, 2], budget=190, steps=100)
    assert not can_be_shared_out(dear.program(0.0))


@pytest.mark.parametrize("up", [0.6, 0.75])
@pytest.mark.parametrize("states", [80, 600])
def test_the_limit_of_opposite_drifts_is_certified_by_an_exact_law(states, up):
    """Each arm at its own end: no stationary policy does better than (sqrt V1 + sqrt V2)^2."""
    experiment = opposite_drifts(states, up=up, noise=0.7)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", eq.SlowMixing)
        design = eq.optimal_design(experiment)
    assert design.variance == pytest.approx(4 * 0.7, rel=2e-8)
    assert design.relative_gap < 1e-8
    exact = experiment.variance(design.policy)
    assert exact == pytest.approx(design.variance, rel=1e-12)


def test_drifts_that_coin_flipping_cannot_follow():
    """Coin flipping drifts up and never sees the second arm's home, of mass 1e-10 under it."""
    rewards = np.random.default_rng(0).random((2, 80))
    experiment = MarkovExperiment([walk(80, 0.75), walk(80, 0.4)], rewards, 0.3)
    with pytest.warns(eq.SlowMixing):
        design = eq.optimal_design(experiment)
    alone = np.sqrt(experiment.own_variances).sum() ** 2
    assert design.variance <= alone * (1 + 1e-8)
    assert design.relative_gap < 1e-8
    with pytest.warns(eq.SlowMixing, match="plan for"):
        short = eq.optimal_design(experiment, steps=100_000)
    assert any("every arm alone" in note for note in short.notes)


@pytest.mark.parametrize("seed", range(4))
def test_polishing_meets_the_optimality_conditions_to_rounding(seed):
    experiment = random_pair(5, arms=3, seed=seed)
    weights = np.array([1.0, -0.5, 2.0])
    restrictions = check_restrictions(experiment)
    every = np.ones((3, 5), dtype=bool)
    question = Question(
        experiment, weights[None], "sum", restrictions, needs(experiment, weights[None]), every
    )
    program = question.program(0.0)
    assert can_be_polished(program)
    rough = eq.optimal_design(experiment, weights).occupancy
    noise = 1 + 1e-3 * np.random.default_rng(seed).normal(size=(3, 5))
    found = polished(program, rough * noise)
    # c / gamma^2 = nu + h - P_l h for some h: the slopes lie in the span of the constraints.
    slopes = (program.scales**2).sum(axis=0) / found**2
    rows = [np.eye(5) - kernel.toarray() for kernel in experiment.transitions]
    span = np.hstack([np.vstack(rows), np.ones((15, 1))])
    rest = slopes.ravel() - span @ np.linalg.lstsq(span, slopes.ravel(), rcond=None)[0]
    assert np.abs(rest).max() < 1e-9 * slopes.max()
    policy = (found / found.sum(axis=0)).T
    assert dense_variance(experiment, policy, weights) == pytest.approx(
        program.value(found), rel=1e-9
    )


def test_what_cannot_be_polished():
    experiment = three_states()
    assert not can_be_polished(question_of(experiment, floor=0.1).program(0.0))
    assert not can_be_polished(question_of(experiment).program(0.2))
    lost = np.array([[0.9, 0.02, 0.02], [0.02, 0.02, 0.02]])
    assert polished(question_of(experiment).program(0.0), lost) is None
