"""assert_no_regret says who has regret, how much, and what should have been played."""

import numpy as np
import pytest

import eqsolve as eq
from eqsolve import dynamics as dy

GAME = eq.NormalFormGame.bimatrix(
    [[3, 0], [1, 2]],
    [[1, 4], [0, 1]],
    player_names=["row", "column"],
    action_names=[["up", "down"], ["left", "right"]],
)


def test_learners_without_regret_pass():
    path = eq.simulate(GAME, dy.RegretMatching(), steps=500)
    eq.testing.assert_no_regret(path)
    eq.testing.assert_no_regret(path, 0.01, bound=dy.RegretMatching(), min_order=0.3)
    eq.testing.assert_no_regret(path, bound=lambda rounds, actions: 2 / np.sqrt(rounds))


def test_the_player_and_the_action_are_named():
    stubborn = dy.RepeatedPlay.from_actions(GAME, np.tile([[0, 1]], (100, 1)))
    sentence = "player 'row' has average regret 0.667 .* always playing 'down' would have paid"
    with pytest.raises(AssertionError, match=sentence):
        eq.testing.assert_no_regret(stubborn)
    eq.testing.assert_no_regret(stubborn, players="column")
    with pytest.raises(AssertionError, match="player 'row' has average regret") as failure:
        eq.testing.assert_no_regret(stubborn, players=[0, "column"])
    assert "'column'" not in str(failure.value).split("\n")[0]
    assert "coarse correlated gap" in str(failure.value)


def test_a_bound_that_breaks_at_one_round_is_found():
    actions = np.array([[0, 0]] * 20 + [[0, 1]] * 40)
    path = dy.RepeatedPlay.from_actions(GAME, actions)
    regrets = path.relative_regrets()[1:, 0, 0]
    with pytest.raises(AssertionError, match="after 60 rounds .*, over its bound 0.1"):
        eq.testing.assert_no_regret(path, bound=lambda rounds, n: np.full(60, 0.1), players=0)
    eq.testing.assert_no_regret(path, bound=lambda rounds, n: regrets, players=0)
    with pytest.raises(AssertionError, match="over its bound"):
        eq.testing.assert_no_regret(path, bound=lambda rounds, n: regrets - 1e-9, players=0)


def test_regret_that_does_not_fall_fails_by_its_order():
    stubborn = dy.RepeatedPlay.from_actions(GAME, np.tile([[0, 1]], (100, 1)))
    with pytest.raises(AssertionError, match=r"player 'row''s regret falls like k\^-.*, slower"):
        eq.testing.assert_no_regret(stubborn, min_order=0.25)
    eq.testing.assert_no_regret(stubborn, 1.0)


def test_no_player_of_that_name():
    path = eq.simulate(GAME, dy.RegretMatching(), steps=5)
    with pytest.raises(eq.NotAGame, match="There is no player 'nobody'"):
        eq.testing.assert_no_regret(path, players="nobody")


@pytest.mark.parametrize("broken", ["impure", "negative", "forgetful", "rounds"])
def test_check_dynamics_finds_broken_learners_of_finite_games(broken):
    class Broken:
        def start(self, game, profile):
            return (np.zeros(profile.shape[0]),)

        def step(self, game, profile, state, rng):
            if broken == "impure":
                state[0][:] = 1
            if broken == "negative":
                profile = profile + np.array([0.8, -0.8, 0.0, 0.0])
            return profile.copy(), () if broken == "forgetful" else state

        def rounds(self, game, replications):
            if broken != "rounds" or replications > 1:
                return None

            def play(profile, state, count):
                played = np.repeat(profile[None], count, axis=0)
                played[-1, 0] = [1, 0, 1, 0]
                return played, profile, state

            return play

    sentence = {
        "impure": "changed the memory",
        "negative": "no mixed strategy",
        "forgetful": "memory of the same parts",
        "rounds": "differs from its steps",
    }[broken]
    with pytest.raises((AssertionError, eq.EqsolveError), match=sentence):
        eq.testing.check_dynamics(Broken(), GAME)
