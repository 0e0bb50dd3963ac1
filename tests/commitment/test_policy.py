"""Commitments have the law their policy says, answer observations alone, and are checked."""

import inspect
import itertools

import numpy as np
import pytest

import eqsolve as eq
from eqsolve import commitment as co
from eqsolve.commitment.policy import as_commitment
from eqsolve.errors import BadCommitment

SCORES = np.log([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8]]) + np.array([[3.0], [-40.0]])
POLICY = co.TabularPolicy(SCORES)


def test_scores_are_log_probabilities_up_to_a_constant():
    np.testing.assert_allclose(POLICY.probabilities(), [[0.5, 0.3, 0.2], [0.1, 0.1, 0.8]])
    np.testing.assert_allclose(np.exp(POLICY.log_probabilities()).sum(axis=1), 1.0)
    np.testing.assert_array_equal(POLICY.best_commitment(2).table, [[0, 2], [0, 2]])


def test_commitments_have_the_policys_law_independently_over_observations():
    draws = POLICY.sample_commitment(np.random.default_rng(0), 200_000).table
    for pair in itertools.product(range(3), repeat=2):
        share = (draws == pair).all(axis=1).mean()
        chance = np.prod(POLICY.probabilities()[[0, 1], pair])
        assert share == pytest.approx(chance, abs=4e-3)


def test_log_probabilities_of_commitments_are_exact():
    every = np.array(list(itertools.product(range(3), repeat=2)))
    logs = POLICY.log_probability(co.Commitment(every))
    assert np.exp(logs).sum() == pytest.approx(1.0)
    np.testing.assert_allclose(
        logs, np.log([0.5, 0.3, 0.2])[every[:, 0]] + np.log([0.1, 0.1, 0.8])[every[:, 1]]
    )
    asked = np.tile([True, False], (9, 1))
    np.testing.assert_allclose(
        POLICY.log_probability(co.Commitment(every), asked), np.log([0.5, 0.3, 0.2])[every[:, 0]]
    )


def test_actions_without_probability_are_never_drawn():
    policy = co.TabularPolicy([[0.0, -np.inf], [-np.inf, 0.0]])
    table = policy.sample_commitment(np.random.default_rng(1), 1000).table
    np.testing.assert_array_equal(table, np.tile([0, 1], (1000, 1)))
    assert policy.log_probability(co.Commitment(table[:1]))[0] == 0.0


def test_the_same_seed_draws_the_same_commitments():
    first, second = (POLICY.sample_commitment(np.random.default_rng(7), 50) for _ in range(2))
    np.testing.assert_array_equal(first.table, second.table)


def test_a_commitment_takes_an_observation_and_nothing_else():
    for kind in (co.Commitment, co.MixedCommitment):
        assert list(inspect.signature(kind.act).parameters) == ["self", "observation"]
    commitment = co.Commitment(np.array([[0, 1, 2], [2, 1, 0]]))
    np.testing.assert_array_equal(commitment.act(np.array([2, 2])), [2, 0])
    np.testing.assert_array_equal(commitment.act(np.array([[0, 1], [2, 0]])), [[0, 1], [2, 2]])
    mixed = POLICY.mixed_commitment(2)
    np.testing.assert_allclose(mixed.act(np.array([1, 0])), [[0.1, 0.1, 0.8], [0.5, 0.3, 0.2]])
    assert (commitment.batch, mixed.batch) == (2, 2)


def test_policies_of_ones_own_need_say_their_scores_only():
    class Steps(co.LeaderPolicy):
        observations, actions = 2, 2

        def scores(self):
            return np.array([[0.0, 50.0], [50.0, 0.0]])

    drawn = Steps().sample_commitment(np.random.default_rng(0), 3)
    np.testing.assert_array_equal(drawn.table, [[1, 0]] * 3)


GAME = eq.models.simple_allocation(types=3, messages=2)


def test_tables_are_read_as_what_they_are():
    assert isinstance(as_commitment([0, 1], GAME), co.Commitment)
    assert as_commitment(np.array([0, 1]), GAME, batch=4).table.shape == (4, 2)
    mixed = as_commitment(np.full((2, 3), 1 / 3), GAME, batch=2)
    assert isinstance(mixed, co.MixedCommitment)
    assert mixed.table.shape == (2, 2, 3)
    np.testing.assert_allclose(
        as_commitment(POLICY, GAME).table[0], [[0.5, 0.3, 0.2], [0.1, 0.1, 0.8]]
    )
    drawn = POLICY.sample_commitment(np.random.default_rng(0), 5)
    np.testing.assert_array_equal(as_commitment(drawn, GAME, batch=5).table, drawn.table)


@pytest.mark.parametrize(
    ("policy", "batch", "sentence"),
    [
        ([0, 1, 2], None, "a pure policy has an action for each of 2 observations, not shape"),
        ([0, 3], None, "at observation 1 the policy takes action 3; there are 0 to 2"),
        ([-1, 0], None, "at observation 0 the policy takes action -1"),
        ([[0.5, 0.5], [1, 0]], None, r"a mixed policy has shape \(2, 3\)"),
        ([[1.0, 0, 0], [0.5, 0.6, 0]], None, r"at observation 1 the policy is no mix, \[0.5, 0.6"),
        ([[1.0, 0, 0], [np.nan, 1, 0]], None, "at observation 1 the policy is no mix"),
        (["a", "b"], None, "a mixed policy has shape"),
        ([[0, 1], [1, 1]], 3, "2 commitments were given for 3 episodes"),
    ],
)
def test_errors_of_policies_name_the_observation(policy, batch, sentence):
    with pytest.raises(BadCommitment, match=sentence):
        as_commitment(policy, GAME, batch)


@pytest.mark.parametrize("table", [[1.0, 2.0], np.zeros((0, 2)), [[np.nan, 0.0]]])
def test_tabular_policies_are_matrices(table):
    with pytest.raises(BadCommitment, match="needs a matrix of scores"):
        co.TabularPolicy(table)
