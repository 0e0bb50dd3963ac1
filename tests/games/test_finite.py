"""Games in normal form and their files: what is read, what is written, what is refused."""

import io
import itertools

import numpy as np
import pygambit
import pytest

import eqsolve as eq
from eqsolve.errors import NotAGame
from eqsolve.games.nfg_file import nfg_text, parse_nfg, read_nfg

OUTCOMES = """NFG 1 R "two outcomes" { "Alice" "Bob" }
{ { "up" "down" } { "left" "right" } }
"A comment in between"
{
{ "first" 1, 1/2 }
{ "" 0.25, -2e1 }
}
1 2 0 1
"""


def brute_force(game, vector, player, action):
    """What an action pays, by a sum over all profiles."""
    mixes = [vector[block] for block in game.blocks]
    total = 0.0
    for profile in itertools.product(*map(range, game.actions)):
        if profile[player] == action:
            chance = np.prod([mixes[j][profile[j]] for j in range(game.players) if j != player])
            total += chance * game.payoffs[(player, *profile)]
    return total


@pytest.mark.parametrize("actions", [(3,), (2, 3), (2, 3, 4), (2, 2, 3, 2)])
def test_deviation_payoffs_are_sums_over_all_profiles(actions):
    rng = np.random.default_rng(len(actions))
    game = eq.NormalFormGame(rng.normal(size=(len(actions), *actions)))
    vector = np.concatenate([rng.dirichlet(np.ones(size)) for size in actions])
    expected = [
        brute_force(game, vector, player, action)
        for player in range(game.players)
        for action in range(actions[player])
    ]
    np.testing.assert_allclose(game.deviation_payoffs(vector), expected, atol=1e-13)


@pytest.mark.parametrize("actions", [(2, 3), (2, 3, 4), (2, 2, 3, 2)])
def test_slopes_are_derivatives_of_deviation_payoffs(actions):
    rng = np.random.default_rng(len(actions))
    game = eq.NormalFormGame(rng.normal(size=(len(actions), *actions)))
    vector = rng.random(game.n)
    step = 1e-6
    numeric = np.column_stack(
        [
            (game.deviation_payoffs(vector + step * e) - game.deviation_payoffs(vector - step * e))
            / (2 * step)
            for e in np.eye(game.n)
        ]
    )
    np.testing.assert_allclose(game.deviation_slopes(vector), numeric, atol=1e-8)


def test_profiles_are_given_as_vectors_mixes_actions_or_by_name():
    game = eq.NormalFormGame(np.zeros((2, 2, 3)), player_names=["row", "column"])
    wanted = [0, 1, 1, 0, 0]
    for given in (wanted, [1, 0], {"row": 1, "column": [1, 0, 0]}, {0: [0, 1], 1: 0}):
        np.testing.assert_array_equal(game.pack(given), wanted)
    np.testing.assert_array_equal(game.unpack(game.pack(wanted))["column"], [1, 0, 0])


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (np.array([0.5, 0.5]), "has 5 numbers"),
        ({"row": 0}, "strategy of player 'column' is missing"),
        ({"row": 0, "nobody": 0}, "There is no player 'nobody'"),
        ({"row": 2, "column": 0}, "Player 'row' has actions 0 to 1"),
        ({"row": [1, 0, 0], "column": 0}, "Player 'row' has 2 actions; 3 numbers given"),
    ],
)
def test_profiles_that_do_not_fit_are_refused(given, sentence):
    game = eq.NormalFormGame(np.zeros((2, 2, 3)), player_names=["row", "column"])
    with pytest.raises(NotAGame, match=sentence):
        game.pack(given)


@pytest.mark.parametrize(
    ("payoffs", "sentence"),
    [
        ([[[1, 2], [3]], [[1, 2], [3, 4]]], "Player 0: payoffs are ragged"),
        ([[[1, 2]], [[1], [2]]], "Player 1's payoffs have shape"),
        (np.zeros((3, 2, 2)), "Payoffs for 3 players need 3 axes"),
        (np.zeros((2, 0, 2)), "Player 0 has no actions"),
        ([[[1, np.nan]], [[0, 0]]], r"Player 0's payoff at profile \(0, 1\) is nan"),
        ([[[1, 1]], [[0, np.inf]]], r"Player 1's payoff at profile \(0, 1\) is inf"),
        ([], "payoffs is empty"),
        (3.0, "one tensor a player"),
        ("text", "one tensor a player"),
    ],
)
def test_payoffs_that_make_no_game_are_refused(payoffs, sentence):
    with pytest.raises(NotAGame, match=sentence):
        eq.NormalFormGame(payoffs)


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        ({"player_names": ["a"]}, "player_names has 1 entries for 2 players"),
        ({"player_names": ["a", "a"]}, "'a' is given twice"),
        ({"action_names": [["u", "d"]]}, "action_names has 1 entries for 2 players"),
        ({"action_names": [["u"], ["l", "r"]]}, "action_names of player 0 has 1 entries"),
    ],
)
def test_names_that_do_not_fit_are_refused(names, sentence):
    with pytest.raises(NotAGame, match=sentence):
        eq.NormalFormGame(np.zeros((2, 2, 2)), **names)


def test_a_bimatrix_is_printed_with_both_payoffs_in_every_cell():
    game = eq.NormalFormGame.bimatrix([[3, 1], [4, 2]], [[3, 4], [1, 2]])
    assert "3, 3" in repr(game)
    assert "4, 1" in repr(game)
    assert "<table>" in game._repr_html_()
    large = eq.NormalFormGame(np.zeros((3, 2, 9, 4)))
    assert "3-player game with actions (2, 9, 4)" in repr(large)


def test_the_outcome_form_is_read():
    game = parse_nfg(OUTCOMES)
    assert game.player_names == ("Alice", "Bob")
    assert game.action_names == (("up", "down"), ("left", "right"))
    # The first player's action runs fastest: outcomes 1 2 0 1.
    np.testing.assert_array_equal(game.payoffs[0], [[1, 0], [0.25, 1]])
    np.testing.assert_array_equal(game.payoffs[1], [[0.5, 0], [-20, 0.5]])


def test_the_payoff_form_is_read_with_the_first_action_fastest():
    game = parse_nfg('NFG 1 R "t" { "a" "b" } { 2 3 } 1 10 2 20 3 30 4 40 5 50 6 60')
    np.testing.assert_array_equal(game.payoffs[0], [[1, 3, 5], [2, 4, 6]])
    np.testing.assert_array_equal(game.payoffs[1], [[10, 30, 50], [20, 40, 60]])


@pytest.mark.parametrize("actions", [(1,), (2, 3), (2, 1, 3), (2, 2, 2, 2)])
def test_files_keep_every_digit_and_name(actions, tmp_path):
    rng = np.random.default_rng(1)
    names = [[f'{k} "quoted" {a}' for a in range(size)] for k, size in enumerate(actions)]
    game = eq.NormalFormGame(
        rng.normal(size=(len(actions), *actions)) * 1e-3,
        player_names=[f"player {k}" for k in range(len(actions))],
        action_names=names,
        title='a "title"',
    )
    again = eq.NormalFormGame.from_nfg(game.to_nfg(tmp_path / "game.nfg"))
    np.testing.assert_array_equal(again.payoffs, game.payoffs)
    assert again.player_names == game.player_names
    assert again.action_names == game.action_names
    assert again.title == game.title


def test_gambit_reads_what_is_written():
    game = eq.NormalFormGame(np.random.default_rng(0).integers(-5, 6, (3, 2, 3, 2)))
    theirs = pygambit.read_nfg(io.BytesIO(nfg_text(game).encode()))
    vectors = np.stack([np.array(array, dtype=float) for array in theirs.to_arrays()])
    np.testing.assert_array_equal(vectors, game.payoffs)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "line 1: the file ends where 'NFG' belongs"),
        ("EFG 2 R", "line 1: expected 'NFG', found 'EFG'"),
        ("NFG 2 R", "line 1: only version 1 of the format is known, found '2'"),
        ("NFG 1 Q", r"line 1: numbers must be R \(rational\) or D \(decimal\), found 'Q'"),
        ("NFG 1 R title", "line 1: the title must stand in double quotes, found 'title'"),
        ('NFG 1 R "t"\n{ "a" b }', "line 2: a player's name must stand in double quotes"),
        ('NFG 1 R "t"\n{ "a" "b" }\n[ 2 2 ]', r"line 3: expected '{' before the players"),
        ('NFG 1 R "t" { "a" "b" }\n{ 2 }\n1 1', "line 2: 2 players but strategies of 1"),
        ('NFG 1 R "t" { "a" "b" }\n{ 2 x }', "line 2: a number of strategies must be a whole"),
        ('NFG 1 R "t" { "a" "b" }\n{ { "x" }\n{ } }', "line 3: player 2 has no strategies"),
        ('NFG 1 R "t" { "a" "b" } { 1 2 }\n1 2\n3 four', "line 3: a payoff must be a number"),
        ('NFG 1 R "t" { "a" "b" } { 1 2 }\n1 2\n3 1/0', "line 3: a payoff must be a number"),
        ('NFG 1 R "t" { "a" "b" } { 1 2 }\n1 2\n3', "line 3: the file ends where a payoff belongs"),
        ('NFG 1 R "t" { "a" "b" } { 1 2 }\n1 2\n3 4\n5', "line 4: the game is complete"),
        (OUTCOMES.replace("1 2 0 1", "1 2 0 3"), "line 8: an outcome must be a number from 0 to 2"),
        (OUTCOMES.replace("1 2 0 1", "1 2 0"), "line 8: the file ends where an outcome belongs"),
        (OUTCOMES.replace('"first"', "first"), "line 5: an outcome's name must stand in double"),
    ],
)
def test_malformed_files_name_the_line(content, sentence, tmp_path):
    path = tmp_path / "broken.nfg"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(NotAGame, match=f"broken.nfg, {sentence}"):
        read_nfg(path)


def test_a_file_that_is_not_there_is_named():
    with pytest.raises(NotAGame, match=r"There is no file 'nowhere.nfg'"):
        eq.NormalFormGame.from_nfg("nowhere.nfg")


def test_payoffs_that_are_not_finite_are_refused_in_files():
    with pytest.raises(NotAGame, match="payoff"):
        parse_nfg('NFG 1 R "t" { "a" "b" } { 1 1 } nan 1')
