"""Batches of finite games: each game of a batch is the game alone."""

import itertools

import numpy as np
import pytest

import eqsolve as eq
from eqsolve.games.batch import GameBatch
from eqsolve.games.finite import NormalFormGame

SHAPES = [(3,), (2, 3), (4, 4), (2, 3, 4), (2, 1, 3, 2)]


def by_enumeration(payoffs, profile, blocks):
    """What every action pays against the others, profile of actions by profile."""
    players, out = payoffs.shape[0], np.zeros(profile.size)
    for actions in itertools.product(*map(range, payoffs.shape[1:])):
        for own in range(players):
            chance = np.prod([profile[blocks[j]][actions[j]] for j in range(players) if j != own])
            out[blocks[own].start + actions[own]] += payoffs[(own, *actions)] * chance
    return out


@pytest.mark.parametrize("actions", SHAPES)
def test_deviation_payoffs_by_enumeration(actions):
    rng = np.random.default_rng(len(actions))
    payoffs = rng.standard_normal((3, len(actions), *actions))
    batch, game = GameBatch(payoffs), NormalFormGame(payoffs[0])
    profile = rng.random((2, 3, batch.n))
    for order in ("C", "F"):
        given = np.asarray(profile[0], order=order)
        wanted = [by_enumeration(payoffs[g], given[g], batch.blocks) for g in range(3)]
        np.testing.assert_allclose(batch.deviation_payoffs(given), wanted, atol=1e-12)
        wanted = [by_enumeration(payoffs[0], row, game.blocks) for row in given]
        np.testing.assert_allclose(game.deviation_payoffs(given), wanted, atol=1e-12)
    both = batch.deviation_payoffs(profile)
    np.testing.assert_allclose(both[1], batch.deviation_payoffs(profile[1]), atol=1e-12)
    alone = game.deviation_payoffs(profile[0, 0])
    np.testing.assert_allclose(alone, game.deviation_payoffs(profile)[0, 0], atol=1e-12)


def test_a_batch_and_its_games():
    payoffs = np.random.default_rng(0).random((4, 2, 2, 3))
    batch = GameBatch.of([NormalFormGame(p, player_names=["a", "b"]) for p in payoffs])
    assert len(batch) == 4
    assert batch.player_names == ("a", "b")
    np.testing.assert_array_equal(batch[2].payoffs, payoffs[2])
    np.testing.assert_array_equal(batch.rows([3, 1]).payoffs, payoffs[[3, 1]])
    for k in range(4):
        np.testing.assert_array_equal(batch.spreads[k], batch[k].spreads)
        np.testing.assert_array_equal(batch.coordinate_spreads[k], batch[k].coordinate_spreads)
    assert "4 games of 2 players" in repr(batch)


def test_spreads_of_constant_payoffs_count_as_one():
    game = NormalFormGame([np.zeros((2, 2)), [[0, 3], [1, 0]]])
    assert game.coordinate_spreads.tolist() == [1.0, 1.0, 3.0, 3.0]
    assert game.spread == 3.0


@pytest.mark.parametrize(
    ("payoffs", "sentence"),
    [
        ([[[1.0, 2.0]], [[1.0]]], "ragged or no numbers"),
        (np.zeros((3, 2, 2)), r"shape \(games, players, actions_1, ..., actions_players\), not"),
        (np.zeros((0, 2, 2, 2)), "not \\(0, 2, 2, 2\\)"),
        (np.full((2, 1, 2), np.nan), r"Game 0: player 0's payoff at profile \(0,\) is nan"),
    ],
)
def test_batches_that_are_none(payoffs, sentence):
    with pytest.raises(eq.NotAGame, match=sentence):
        GameBatch(payoffs)


def test_games_of_different_shapes_make_no_batch():
    pennies, other = NormalFormGame(np.zeros((2, 2, 2))), NormalFormGame(np.zeros((2, 2, 3)))
    with pytest.raises(eq.NotAGame, match=r"Game 1 has actions \(2, 3\) and game 0 \(2, 2\)"):
        GameBatch.of([pennies, other])
    with pytest.raises(eq.NotAGame, match="at least one game"):
        GameBatch.of([])
    with pytest.raises(eq.NotAGame, match=r"end in \(2, 4\)"):
        GameBatch.of([pennies, pennies]).deviation_payoffs(np.zeros((3, 4)))


def test_finite_games_have_no_gradients():
    with pytest.raises(eq.NotAGame, match="learners of finite games are"):
        eq.simulate(NormalFormGame(np.zeros((2, 2, 2))), eq.dynamics.GradientPlay(step=1), steps=1)
