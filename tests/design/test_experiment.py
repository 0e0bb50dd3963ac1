"""An experiment's laws, biases and variances against dense formulas, and its door."""

import numpy as np
import pytest
from known_answers.experiments import (
    FIRST,
    SECOND,
    dense_variance,
    opposite_drifts,
    random_pair,
    three_states,
    without_states,
)
from scipy import sparse

from eqsolve.design import MarkovExperiment
from eqsolve.errors import BadExperiment


def test_the_published_three_state_pair():
    experiment = three_states()
    assert experiment.effect() == pytest.approx(-0.9729730, abs=5e-8)
    assert experiment.own_variances == pytest.approx([2.642746, 3.119124], abs=5e-7)
    assert 2 * experiment.own_variances.sum() == pytest.approx(11.523740, abs=5e-7)


def test_variance_of_a_policy_against_dense_formulas():
    for seed in range(5):
        experiment = random_pair(6, arms=3, seed=seed)
        policy = np.random.default_rng(seed).dirichlet(np.ones(3), 6)
        for weights in ([-1, 1, 0], [1, 1, -2.5]):
            expected = dense_variance(experiment, policy, weights)
            assert experiment.variance(policy, weights) == pytest.approx(expected, rel=1e-9)
            occupancy = experiment.occupancy(policy)
            assert experiment.variance(occupancy, weights) == pytest.approx(expected, rel=1e-9)


def test_an_arm_alone_has_the_variance_of_a_long_average():
    """By autocovariances, which know nothing of Poisson's equation."""
    experiment = random_pair(5, seed=3)
    for arm in range(2):
        kernel = experiment.transitions[arm].toarray()
        law, reward = experiment.stationary[arm], experiment.rewards[arm]
        centred = reward - law @ reward
        total = law @ (experiment.reward_variances[arm] + centred**2)
        carried = centred
        for _ in range(2000):
            carried = kernel @ carried
            total += 2 * law @ (centred * carried)
        assert experiment.own_variances[arm] == pytest.approx(total, rel=1e-9)


def test_rewards_of_the_next_state_are_rewards_on_pairs_of_states():
    """The chain of pairs (x, y) with reward r(x, y) is an experiment with plain rewards."""
    rng = np.random.default_rng(4)
    size = 4
    kernel = rng.dirichlet(np.ones(size), size)
    kernel[0] = [0.0, 0.0, 0.7, 0.3]
    rewards = rng.normal(size=(size, size))
    experiment = MarkovExperiment([kernel], [rewards], 0.25)
    pairs = np.zeros((size * size, size * size))
    for x in range(size):
        for y in range(size):
            pairs[x * size + y, y * size : (y + 1) * size] = kernel[y]
    on_pairs = MarkovExperiment([pairs], rewards.reshape(1, -1), 0.25)
    assert experiment.effect() == pytest.approx(on_pairs.effect(), rel=1e-12)
    assert experiment.own_variances == pytest.approx(on_pairs.own_variances, rel=1e-10)


def test_rewards_that_do_not_depend_on_the_next_state_may_be_given_either_way():
    plain = three_states()
    spread = [np.repeat(row[:, None], 3, axis=1) for row in plain.rewards]
    for rewards in (spread, np.array(spread), [sparse.csr_array(one) for one in spread]):
        same = MarkovExperiment([FIRST, SECOND], rewards, 1.0)
        assert same.step_variances == pytest.approx(plain.step_variances, rel=1e-12)
        assert same.effect() == pytest.approx(plain.effect())


def test_a_reward_of_a_step_that_is_never_made_does_not_count():
    rewards = np.zeros((2, 3, 3))
    rewards[0, 0, 2] = np.nan  # the first arm cannot go from 0 to 2
    assert np.isfinite(MarkovExperiment([FIRST, SECOND], rewards, 1.0).step_variances).all()


def test_a_shift_of_rewards_leaves_every_digit_of_the_variances():
    experiment = three_states()
    shifted = MarkovExperiment([FIRST, SECOND], experiment.rewards + 1e6, 1.0)
    assert shifted.step_variances == pytest.approx(experiment.step_variances, rel=1e-8)


def test_transient_states_have_no_mass_and_no_influence():
    leaves = [[0.5, 0.5, 0.0], [0.5, 0.5, 0.0], [0.2, 0.3, 0.5]]
    quiet = MarkovExperiment([leaves, SECOND], [[1, 0, 0], [0, 1, 3]], 1.0)
    loud = MarkovExperiment([leaves, SECOND], [[1, 0, 99], [0, 1, 3]], 1.0)
    assert quiet.stationary[0, 2] == 0
    assert quiet.effect() == loud.effect()
    coin = np.full((3, 2), 0.5)
    assert quiet.variance(coin) == pytest.approx(loud.variance(coin))
    # Not even an arm that never sees its transient state there is missed.
    assert np.isfinite(quiet.variance([[0.5, 0.5], [0.5, 0.5], [0.0, 1.0]]))


def test_masses_far_below_the_smallest_double_squared():
    experiment = opposite_drifts(400)  # masses down to 1e-190, their squares vanish
    value = experiment.variance(np.full((400, 2), 0.5))
    # Where each arm lives coin flipping spends half of 1/400 of its time in each state.
    assert value == pytest.approx(2 * 800 * 0.5, rel=1e-9)


def test_a_pair_that_is_needed_but_never_used_makes_the_variance_infinite():
    experiment = three_states()
    assert experiment.variance([[1.0, 0.0], [0.5, 0.5], [0.5, 0.5]]) == np.inf
    assert experiment.variance([[1.0, 0.0], [0.5, 0.5], [0.5, 0.5]], [1, 0]) < np.inf


def test_policy_and_occupancy_are_told_apart_in_as_many_states_as_arms():
    experiment = MarkovExperiment(
        [[[0.5, 0.5], [0.2, 0.8]], [[0.9, 0.1], [0.3, 0.7]]], [[0, 1], [2, 0]], 1.0
    )
    policy = np.array([[0.3, 0.7], [0.6, 0.4]])
    occupancy = experiment.occupancy(policy)
    assert experiment.variance(policy) == pytest.approx(experiment.variance(occupancy), rel=1e-12)
    assert occupancy.sum() == pytest.approx(1)


def test_occupancies_are_in_balance():
    experiment = random_pair(7, arms=3, seed=8)
    gamma = experiment.occupancy(np.random.default_rng(1).dirichlet(np.ones(3), 7))
    inflow = sum(kernel.T @ gamma[arm] for arm, kernel in enumerate(experiment.transitions))
    assert inflow == pytest.approx(gamma.sum(axis=0), abs=1e-14)


def test_default_contrasts():
    assert without_states([1.0]).contrast().tolist() == [[1.0]]
    assert without_states([1.0, 1.0]).contrast().tolist() == [[-1.0, 1.0]]
    assert without_states([1.0] * 3).contrast().tolist() == [[-1.0, 1.0, 0.0], [-1.0, 0.0, 1.0]]


def test_one_contrast_gives_a_number_and_rows_of_them_an_array():
    experiment = three_states(arm_names=("old", "new"))
    assert isinstance(experiment.effect(), float)
    assert experiment.effect({"new": 1, "old": -1}) == experiment.effect()
    assert experiment.effect([[1, 0], [0, 1]]) == pytest.approx(experiment.averages)
    assert experiment.variance(np.full((3, 2), 0.5), [[-1, 1]]).shape == (1,)


def test_names_appear():
    experiment = three_states(arm_names=("old", "new"), state_names=("low", "mid", "high"))
    assert repr(experiment) == "MarkovExperiment: 2 arms ('old', 'new') on 3 states"
    assert "old" in str(experiment.table())
    assert experiment.state_name(2) == "'high'"
    assert (experiment.state_title(2), experiment.arm_name(0)) == ("high", "old")
    assert three_states().state_title(2) == "2"


OK = {"transitions": [FIRST, SECOND], "rewards": [[1, 0, 2], [0, 1, 3]], "reward_variances": 1.0}
HALVES = [[0.5, 0.5, 0.0], [0.5, 0.5, 0.0], [0.0, 0.0, 1.0]]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"transitions": np.array(FIRST)}, "one (S, S) matrix an arm"),
        ({"transitions": []}, "at least one arm"),
        ({"transitions": [FIRST, [[1.0]]]}, "arm 0 3, arm 1 1"),
        (
            {"transitions": [FIRST, HALVES]},
            "Arm 1 has 2 closed classes of states, among them {0, 1} and {2}",
        ),
        (
            {
                "transitions": [FIRST, HALVES],
                "arm_names": ("a", "b"),
                "state_names": ("x", "y", "z"),
            },
            "Arm 'b' has 2 closed classes of states, among them {'x', 'y'} and {'z'}",
        ),
        (
            {"transitions": [FIRST, [[0.5, 0.4, 0.0], *SECOND[1:]]]},
            "Row 0 of the transitions of arm 1 sums to 0.9",
        ),
        ({"transitions": [FIRST, [[1.2, -0.2, 0.0], *SECOND[1:]]]}, "must not be negative"),
        ({"transitions": [FIRST, [[np.nan, 1.0, 0.0], *SECOND[1:]]]}, "arm 1 is nan"),
        (
            {"rewards": [[1, 0], [0, 1]]},
            "rewards needs one row an arm and one column a state, (A, S) = (2, 3)",
        ),
        ({"rewards": [[1, 0, 2], [0, 1]]}, "rewards must be numbers"),
        ({"rewards": [[1, 0, np.inf], [0, 1, 3]]}, "rewards of arm 0 in state 2 is inf"),
        ({"rewards": np.zeros((3, 3, 3))}, "rewards has 3 matrices for 2 arms"),
        (
            {"rewards": [sparse.eye_array(3), sparse.eye_array(2)]},
            "rewards of arm 1 have shape (2, 2)",
        ),
        (
            {"rewards": np.full((2, 3, 3), np.nan)},
            "reward of arm 0 for the step from state 0 to 0 is nan",
        ),
        (
            {"reward_variances": [[1, 1, 1], [1, -2, 1]]},
            "arm 1 in state 1 is -2; a variance cannot be negative",
        ),
        ({"reward_variances": [1, 1]}, "reward_variances needs one row an arm"),
        ({"arm_names": ("a",)}, "There are 2 arms but 1 arm_names"),
        ({"arm_names": ("a", "a")}, "arm name 'a' is given twice"),
        ({"state_names": ("a", "b")}, "There are 3 states but 2 state_names"),
    ],
)
def test_the_door_names_the_culprit(change, sentence):
    with pytest.raises(BadExperiment) as error:
        MarkovExperiment(**(OK | change))
    assert sentence in str(error.value)


@pytest.mark.parametrize(
    ("contrast", "sentence"),
    [
        ([1, 2, 3], "one weight for each of the 2 arms"),
        ([[0, 0]], "Row 0 of the contrast is all zero"),
        ([1, np.nan], "Row 0 of the contrast has an entry that is not finite"),
        ({"third": 1}, "weighs arm 'third', which is none of the arms (0, 1)"),
        ("ab", "A contrast is 2 numbers"),
    ],
)
def test_contrasts_that_are_none(contrast, sentence):
    with pytest.raises(BadExperiment) as error:
        three_states().effect(contrast)
    assert sentence in str(error.value)


@pytest.mark.parametrize(
    ("policy", "sentence"),
    [
        (np.full((3, 2), 0.6), "row of state 0 sums to 1.2, not to 1"),
        ([[0.5, 0.5], [1.5, -0.5], [0.5, 0.5]], "probability of arm 1 in state 1 is -0.5"),
        ([[0.5, 0.5], [np.nan, 1], [0.5, 0.5]], "probability of arm 0 in state 1 is nan"),
        (np.full((4, 2), 0.5), "Neither a policy (S, A) = (3, 2) nor an occupancy (A, S) = (2, 3)"),
        (np.full((2, 3), 0.5), "these add up to 3"),
    ],
)
def test_policies_that_are_none(policy, sentence):
    with pytest.raises(BadExperiment) as error:
        three_states().variance(policy)
    assert sentence in str(error.value)


def test_a_policy_that_gets_stuck_in_one_of_two_places():
    stay = [[1.0, 0.0], [1.0, 0.0]], [[0.0, 1.0], [0.0, 1.0]]
    with pytest.raises(BadExperiment, match="policy has 2 closed classes"):
        MarkovExperiment(stay, [[0, 0], [0, 0]], 1.0).occupancy([[1, 0], [0, 1]])
