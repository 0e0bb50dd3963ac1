"""Polymatrix games: the same as their full tensors, where those can be held."""

import numpy as np
import pytest

import eqsolve as eq
from eqsolve.errors import NotAGame


def draw(seed, players=4):
    rng = np.random.default_rng(seed)
    actions = rng.integers(2, 4, players)
    pairs = [(i, (i + step) % players) for i in range(players) for step in (1, players - 1)]
    return eq.PolymatrixGame({(i, j): rng.normal(size=(actions[i], actions[j])) for i, j in pairs})


@pytest.mark.parametrize("seed", range(3))
def test_payoffs_are_those_of_the_full_tensor(seed):
    game = draw(seed)
    full = game.normal_form()
    rng = np.random.default_rng(seed)
    batch = np.concatenate([rng.dirichlet(np.ones(size), 5) for size in game.actions], axis=1)
    np.testing.assert_allclose(
        game.deviation_payoffs(batch), full.deviation_payoffs(batch), atol=1e-13
    )
    np.testing.assert_allclose(
        game.expected_payoffs(batch), full.expected_payoffs(batch), atol=1e-13
    )
    # Along changes that keep every mix a distribution.
    change = batch[1] - batch[0]
    np.testing.assert_allclose(
        game.deviation_slopes(batch[0]) @ change,
        full.deviation_slopes(batch[0]) @ change,
        atol=1e-12,
    )
    assert (game.spreads >= full.spreads - 1e-12).all()


@pytest.mark.parametrize("seed", range(3))
def test_equilibria_hold_in_the_full_game(seed):
    game = draw(seed)
    nash = eq.solve(game)
    assert eq.certify(game.normal_form(), nash.vector).max_gain < 1e-9


def test_sixty_players_are_solved_without_a_tensor():
    rng = np.random.default_rng(0)
    matrices = {}
    for i in range(60):
        for j in ((i + 1) % 60, (i - 1) % 60):
            matrices[i, j] = rng.normal(size=(3, 3))
    game = eq.PolymatrixGame(matrices)
    nash = eq.solve(game)
    assert nash.certificate.max_gain < 1e-8 * game.spread
    with pytest.raises(NotAGame, match="too many to hold"):
        game.normal_form()


def test_players_may_have_names():
    game = eq.PolymatrixGame(
        {("a", "b"): np.eye(2), ("b", "a"): [[1, 0], [0, 2]]}, player_names=["a", "b"]
    )
    assert "gets payoffs from" in repr(game)
    assert eq.solve(game).payoffs["b"] >= 0.5


@pytest.mark.parametrize(
    ("matrices", "sentence"),
    [
        ({}, "at least one pair"),
        ({(0, 0): np.eye(2)}, "Player 0 cannot be its own neighbour"),
        ({(0, 1): [[1, 2], [3]]}, r"Pair \(0, 1\): payoffs are ragged"),
        ({(0, 1): [1, 2]}, r"Pair \(0, 1\): payoffs need one row an own action"),
        ({(0, 1): [[np.nan]]}, r"Pair \(0, 1\): payoffs must be finite"),
        ({(0, 1): np.eye(2), (1, 0): np.eye(3)}, "Player 1 has 2 actions in one matrix and 3"),
        ({(0, 2): np.eye(2)}, "Player 1 meets nobody"),
        ({("a", "b"): np.eye(2)}, "The player 'a' is no index; give player_names"),
        ({3: np.eye(2)}, "The player 3 is no index"),
    ],
)
def test_what_makes_no_game_is_refused(matrices, sentence):
    with pytest.raises(NotAGame, match=sentence):
        eq.PolymatrixGame(matrices)


def test_a_pair_that_is_none_and_a_stranger_are_named():
    with pytest.raises(NotAGame, match="keyed by pairs of players, not by 'ab'"):
        eq.PolymatrixGame({"ab": np.eye(2)}, player_names=["a", "b"])
    with pytest.raises(NotAGame, match="There is no player 'c'"):
        eq.PolymatrixGame({("a", "c"): np.eye(2)}, player_names=["a", "b"])
