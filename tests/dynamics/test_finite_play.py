"""What repeated play remembers and measures, against loops over rounds and profiles."""

import itertools
import os
import signal
from dataclasses import dataclass

import numpy as np
import pytest

import eqsolve as eq
from eqsolve import dynamics as dy
from eqsolve.dynamics import account
from eqsolve.games.batch import GameBatch
from eqsolve.games.finite import NormalFormGame
from eqsolve.games.finite_players import FinitePlayers

PENNIES = NormalFormGame.bimatrix([[1, -1], [-1, 1]])


def random_game(*actions, seed=0):
    rng = np.random.default_rng(seed)
    return NormalFormGame(rng.standard_normal((len(actions), *actions)) * 3 + 1)


def measured_by_hand(game, profiles):
    """Joint play, regrets, gaps, welfare after all rounds, by enumeration of profiles."""
    joint = np.zeros(game.actions)
    for profile in profiles:
        for actions in itertools.product(*map(range, game.actions)):
            chance = 1.0
            for block, action in zip(game.blocks, actions, strict=True):
                chance *= profile[block][action]
            joint[actions] += chance / len(profiles)
    regrets, swaps, welfare = [], [], 0.0
    for player, size in enumerate(game.actions):
        value, fixed, rule = 0.0, np.zeros(size), np.zeros((size, size))
        for actions in itertools.product(*map(range, game.actions)):
            value += joint[actions] * game.payoffs[(player, *actions)]
            for other in range(size):
                changed = list(actions)
                changed[player] = other
                paid = joint[actions] * game.payoffs[(player, *changed)]
                fixed[other] += paid
                rule[actions[player], other] += paid
        regrets.append(fixed.max() - value)
        swaps.append(rule.max(axis=1).sum() - value)
        welfare += value
    return joint, regrets, max(swaps), welfare


@pytest.mark.parametrize("actions", [(3,), (2, 3), (3, 3), (2, 3, 2)])
@pytest.mark.parametrize("learner", [dy.RegretMatchingPlus(), dy.Exp3()], ids=repr)
def test_measures_by_enumeration(actions, learner):
    game = random_game(*actions)
    path = eq.simulate(game, learner, steps=25, replications=2, seed=1)
    for run, step in itertools.product(range(2), (1, 7, 25)):
        joint, regrets, swap, welfare = measured_by_hand(game, path.iterates[:step, run])
        np.testing.assert_allclose(path.joint_play()[step, run], joint, atol=1e-12)
        np.testing.assert_allclose(path.regrets()[step, run], regrets, atol=1e-12)
        assert path.regret()[step, run] == pytest.approx(max(regrets), abs=1e-12)
        gap = path.coarse_correlated_gap()[step, run]
        assert gap == pytest.approx(max(0, *regrets, 0), abs=1e-12)
        assert path.correlated_gap()[step, run] == pytest.approx(swap, abs=1e-12)
        assert path.social_welfare()[step, run] == pytest.approx(welfare, abs=1e-12)
        weights = np.arange(1, step + 1) ** learner.averaging
        average = np.average(path.iterates[:step, run], axis=0, weights=weights)
        np.testing.assert_allclose(path.average_strategies[step, run], average, atol=1e-12)
        for of, profile in (("average", average), ("last", path.iterates[step, run])):
            paid = game.deviation_payoffs(profile)
            gains = [paid[b].max() - paid[b] @ profile[b] for b in game.blocks]
            found = path.exploitability(of)[step, run]
            assert found == pytest.approx(max(gains), abs=1e-12)
            found = path.exploitability(of, total=True)[step, run]
            assert found == pytest.approx(sum(gains), abs=1e-12)
    assert np.isnan(path.regret()[0]).all()
    assert np.isnan(path.joint_play()[0]).all()


def test_average_joint_play_is_no_product_of_averages():
    actions = np.tile([[0, 0], [1, 1]], (50, 1))
    stop_and_go = NormalFormGame.bimatrix([[0, 7], [2, 6]], [[0, 2], [7, 6]])
    path = dy.RepeatedPlay.from_actions(stop_and_go, 1 - actions @ [[1, 0], [0, 1]])
    np.testing.assert_allclose(path.joint_play()[-1, 0], [[0.5, 0], [0, 0.5]])
    turns = dy.RepeatedPlay.from_actions(stop_and_go, np.tile([[0, 1], [1, 0]], (50, 1)))
    assert turns.correlated_gap()[-1, 0] == 0.0
    assert turns.exploitability()[-1, 0] > 0.2


@pytest.mark.parametrize("every", [1, 3, 50, 400])
def test_recording_does_not_change_what_is_recorded(every):
    for game, learner, runs in (
        (random_game(3, 4), dy.MultiplicativeWeights(), 1),
        (random_game(3, 3), dy.RegretMatchingPlus(), 4),
        (random_game(2, 2, 2), dy.QLearning(), 3),
    ):
        whole = eq.simulate(game, learner, steps=400, replications=runs, seed=2, record_every=400)
        path = eq.simulate(game, learner, steps=400, replications=runs, seed=2, record_every=every)
        assert path.steps[-1] == 400
        np.testing.assert_array_equal(path.final, whole.final)
        np.testing.assert_allclose(path.joint_play()[-1], whole.joint_play()[-1], rtol=1e-12)
        np.testing.assert_allclose(path.regret()[-1], whole.regret()[-1], atol=1e-12)
        np.testing.assert_allclose(
            path.average_strategies[-1], whole.average_strategies[-1], rtol=1e-11
        )


@pytest.mark.parametrize(
    ("game", "learner", "runs"),
    [
        (random_game(3, 3), dy.MultiplicativeWeights(), 1),
        (random_game(3, 3), dy.PredictiveRegretMatchingPlus(), 1),
        (random_game(2, 4), dy.Exp3(), 600),
        (random_game(2, 2, 3), dy.RegretMatching(feedback="sampled"), 5),
        (GameBatch(np.random.default_rng(0).random((7, 2, 2, 2))), dy.QLearning(), 3),
    ],
    ids=["weights", "predictive", "two blocks", "three players", "batch"],
)
def test_a_run_resumes_from_a_file_to_the_same_numbers(game, learner, runs, tmp_path):
    how = {"replications": runs, "seed": 5, "record_every": 30}
    whole = eq.simulate(game, learner, steps=330, **how)
    half = eq.simulate(game, learner, steps=150, **how)
    saved = dy.Trajectory.load(half.save(tmp_path / "half.npz"))
    assert isinstance(saved, dy.RepeatedPlay)
    np.testing.assert_array_equal(saved.regret(), half.regret())
    np.testing.assert_array_equal(saved.correlated_gap(), half.correlated_gap())
    assert saved.game.player_names == half.game.player_names
    rest = eq.simulate(game, learner, steps=330, record_every=30, resume=saved)
    np.testing.assert_array_equal(rest.steps, whole.steps)
    np.testing.assert_array_equal(rest.iterates, whole.iterates)
    np.testing.assert_allclose(rest.regret(), whole.regret(), atol=1e-12)
    np.testing.assert_allclose(rest.joint_play(), whole.joint_play(), atol=1e-12)
    np.testing.assert_allclose(rest.exploitability(), whole.exploitability(), atol=1e-12)


def test_threads_do_not_change_the_numbers():
    game = random_game(3, 3)
    runs = [
        eq.simulate(game, dy.Exp3(), steps=40, replications=1100, seed=1, workers=w) for w in (1, 3)
    ]
    np.testing.assert_array_equal(runs[0].iterates, runs[1].iterates)
    np.testing.assert_array_equal(runs[0].regret(), runs[1].regret())
    other = eq.simulate(game, dy.Exp3(), steps=40, replications=1100, seed=2)
    assert not np.array_equal(other.final, runs[0].final)


def test_a_batch_plays_every_game_as_if_alone():
    payoffs = np.random.default_rng(3).random((6, 2, 3, 4))
    batch = GameBatch(payoffs)
    path = eq.simulate(batch, dy.PredictiveRegretMatchingPlus(), steps=60, replications=2)
    assert path.replications == 12
    for g in range(6):
        alone = eq.simulate(batch[g], dy.PredictiveRegretMatchingPlus(), steps=60)
        for row in (2 * g, 2 * g + 1):
            np.testing.assert_allclose(path.iterates[:, row], alone.iterates[:, 0], atol=1e-10)
            np.testing.assert_allclose(path.regret()[1:, row], alone.regret()[1:, 0], atol=1e-10)
            gap = path.correlated_gap()[1:, row]
            np.testing.assert_allclose(gap, alone.correlated_gap()[1:, 0], atol=1e-10)
        one = path.rows(2 * g)
        np.testing.assert_array_equal(one.regret()[1:, 0], path.regret()[1:, 2 * g])
        np.testing.assert_array_equal(one.game.payoffs, payoffs[g])
    assert path.rows(slice(0, 4)).correlated_gap().shape == (61, 4)


def test_batches_larger_than_a_block():
    payoffs = np.random.default_rng(3).random((700, 2, 2, 2))
    path = eq.simulate(GameBatch(payoffs), dy.RegretMatching(), steps=10)
    alone = eq.simulate(NormalFormGame(payoffs[650]), dy.RegretMatching(), steps=10)
    np.testing.assert_allclose(path.iterates[:, 650], alone.iterates[:, 0], atol=1e-12)


def test_without_joint_play_regret_is_the_same(monkeypatch):
    game = random_game(2, 3, 2)
    how = {"steps": 50, "replications": 3, "seed": 0}
    kept = eq.simulate(game, dy.RegretMatchingPlus(feedback="sampled"), **how)
    monkeypatch.setattr(account, "JOINT_SIZE", 10)
    path = eq.simulate(game, dy.RegretMatchingPlus(feedback="sampled"), **how)
    assert path.average_joint is None
    np.testing.assert_allclose(path.regrets(), kept.regrets(), atol=1e-12)
    np.testing.assert_allclose(path.average_strategies, kept.average_strategies, atol=1e-12)
    np.testing.assert_allclose(path.social_welfare(), kept.social_welfare(), atol=1e-12)
    with pytest.raises(eq.EqsolveError, match="does not fit in memory and was not kept"):
        path.correlated_gap()
    uniform = eq.simulate(game, dy.RegretMatching(), **how)
    np.testing.assert_allclose(uniform.average_strategies[1], uniform.iterates[0], atol=1e-12)


def test_where_joint_play_of_all_records_does_not_fit_the_last_is_kept(monkeypatch):
    game = random_game(3, 3)
    whole = eq.simulate(game, dy.RegretMatching(), steps=40)
    monkeypatch.setattr(account, "RECORDED", 60)
    path = eq.simulate(game, dy.RegretMatching(), steps=40)
    assert path.average_joint.shape == (1, 1, 3, 3)
    np.testing.assert_array_equal(path.average_joint[-1], whole.joint_play()[-1])
    np.testing.assert_array_equal(path.regret(), whole.regret())
    with pytest.raises(eq.EqsolveError, match="recorded at the last of 41 records only"):
        path.correlated_gap()
    half = eq.simulate(game, dy.RegretMatching(), steps=20, record_every=20)
    rest = eq.simulate(game, dy.RegretMatching(), steps=40, resume=half)
    np.testing.assert_allclose(rest.average_joint[-1], whole.joint_play()[-1], atol=1e-12)
    profiles = dy.RepeatedPlay.from_profiles(game, whole.iterates[:-1])
    np.testing.assert_allclose(profiles.average_joint[-1], whole.joint_play()[-1], atol=1e-12)


def test_recorded_profiles_are_measured_as_simulated_ones():
    game = random_game(2, 3, 2)
    path = eq.simulate(game, dy.RegretMatching(), steps=30, replications=2)
    again = dy.RepeatedPlay.from_profiles(game, path.iterates[:-1], learner=dy.RegretMatching())
    np.testing.assert_allclose(again.regrets(), path.regrets(), atol=1e-12)
    np.testing.assert_allclose(again.joint_play(), path.joint_play(), atol=1e-12)
    np.testing.assert_allclose(again.exploitability(), path.exploitability(), atol=1e-12)
    assert again.regret_bound().shape == (31, 3)


def test_a_game_without_tensor_needs_the_game_to_be_loaded(tmp_path):
    tensor = np.random.default_rng(0).random((2, 2, 2))

    class Formula(FinitePlayers):
        """Knows what actions pay, and holds no tensor."""

        actions, player_names = (2, 2), (0, 1)
        action_names = (("0", "1"), ("0", "1"))
        spreads = np.ones(2)

        def deviation_payoffs(self, vector):
            return NormalFormGame(tensor).deviation_payoffs(vector)

    game = Formula()
    path = eq.simulate(game, dy.RegretMatching(), steps=20)
    wanted = eq.simulate(NormalFormGame(tensor), dy.RegretMatching(), steps=20)
    np.testing.assert_allclose(path.regret(), wanted.regret(), atol=1e-12)
    file = path.save(tmp_path / "formula.npz")
    with pytest.raises(eq.EqsolveError, match="give game="):
        dy.Trajectory.load(file)
    with pytest.raises(eq.EqsolveError, match="Formula has no payoff_range"):
        eq.simulate(game, dy.Exp3(), steps=1)
    again = dy.RepeatedPlay.load(file, game)
    np.testing.assert_array_equal(again.exploitability(), path.exploitability())


def test_plain_functions_play_too():
    def towards_the_first(x):
        moved = 0.9 * x
        moved[[0, 2]] += 0.1
        return moved

    path = eq.simulate(PENNIES, towards_the_first, steps=50)
    assert path.regret(player=1)[-1, 0] > 1.0
    assert path.regret_bound() is None
    with pytest.raises(eq.EqsolveError, match="player 0 is no mixed strategy"):
        eq.simulate(PENNIES, lambda x: x * 2, steps=3)


def test_delay_and_interruption_of_finite_games():
    late = eq.simulate(PENNIES, dy.RegretMatching(), start=[0, 1], steps=20, delay=3)
    weighed = eq.simulate(PENNIES, dy.RegretMatchingPlus(), start=[0, 1], steps=20, delay=3)
    wanted = np.average(weighed.iterates[:20, 0], axis=0, weights=np.arange(1, 21))
    np.testing.assert_allclose(weighed.average_strategies[-1, 0], wanted, atol=1e-12)
    assert late.regret().shape == (21, 1)
    assert not np.array_equal(
        late.iterates, eq.simulate(PENNIES, dy.RegretMatching(), start=[0, 1], steps=20).iterates
    )


@dataclass(frozen=True)
class StopsItself:
    """A learner that presses Ctrl-C once, in the middle of its 300th step."""

    inner: object
    pressed: list

    def start(self, game, profile):
        return self.inner.start(game, profile)

    def step(self, game, profile, state, rng):
        self.pressed.append(1)
        if len(self.pressed) == 300:
            os.kill(os.getpid(), signal.SIGINT)
        return self.inner.step(game, profile, state, rng)


@pytest.mark.parametrize("replications", [2, 1100], ids=["one block", "three blocks"])
def test_ctrl_c_keeps_what_was_played_and_resumes_to_the_same_numbers(replications):
    game, learner = random_game(2, 3), dy.QLearning()
    how = {"replications": replications, "seed": 5, "record_every": 100}
    stopped = eq.simulate(game, StopsItself(learner, []), steps=100_000, **how)
    assert stopped.interrupted
    assert 0 < stopped.resume.step < 100_000
    assert stopped.steps[-1] == stopped.resume.step
    end = stopped.resume.step + 150
    whole = eq.simulate(game, learner, steps=end, **how)
    rest = eq.simulate(game, learner, steps=end, resume=stopped, record_every=100)
    assert not rest.interrupted
    np.testing.assert_array_equal(rest.final, whole.final)
    np.testing.assert_allclose(rest.joint_play()[-1], whole.joint_play()[-1], atol=1e-12)


def test_figures_and_tables():
    start = [[0.5, 0.5], [0.2, 0.8]]
    path = eq.simulate(PENNIES, dy.MultiplicativeWeights(), start=start, steps=50, replications=2)
    axes = path.plot_regret()
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == ["player 0", "player 1", "bound"]
    assert sum(line.get_linestyle() == "--" for line in axes.get_lines()) == 2
    bound = next(line for line in axes.get_lines() if line.get_label() == "bound")
    np.testing.assert_allclose(bound.get_ydata()[50], np.sqrt(np.log(2) / 50))
    assert path.plot_play().images[0].get_array().shape == (2, 2)
    assert "coarse correlated gap" in str(path.table())
    assert "of a finite game" in repr(path)
    oblong = eq.simulate(random_game(2, 5), dy.RegretMatching(), steps=5).plot_regret()
    assert sum(line.get_linestyle() == "--" for line in oblong.get_lines()) == 2


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: eq.simulate(PENNIES, dy.RegretMatching(), steps=1, start=[0.5, 0.5]), "Player"),
        (
            lambda: eq.simulate(
                PENNIES, dy.RegretMatching(), steps=1, start=[[0.5, 0.6], [0.5, 0.5]]
            ),
            "The start of player 0 is no mixed strategy",
        ),
        (
            lambda: eq.simulate(PENNIES, dy.RegretMatching(), steps=1, replications=0),
            "replications must be at least 1",
        ),
        (
            lambda: eq.simulate(PENNIES, dy.RegretMatching(), steps=1, start=np.zeros((2, 4))),
            r"start has shape \(2, 4\)",
        ),
        (
            lambda: eq.simulate(
                random_game(3, 3),
                dy.RegretMatching(),
                steps=2,
                resume=eq.simulate(PENNIES, dy.RegretMatching(), steps=1),
            ),
            "has 4 coordinates; the game has 6",
        ),
        (
            lambda: eq.simulate(
                PENNIES, dy.RegretMatching(), steps=2, resume=dy.Trajectory.from_array(np.eye(4))
            ),
            "no state to resume from",
        ),
        (
            lambda: eq.simulate(
                NormalFormGame.bimatrix([[2, -1], [-1, 1]]),
                dy.RegretMatching(),
                steps=2,
                resume=eq.simulate(PENNIES, dy.RegretMatching(), steps=1),
            ),
            "of a game with other payoffs",
        ),
        (lambda: dy.RepeatedPlay.from_profiles(PENNIES, np.eye(3)), r"shape \(T, 4\)"),
        (
            lambda: dy.RepeatedPlay.from_profiles(PENNIES, [[1, 0, 0.5, 0.6]]),
            "strategy of player 1 is no mixed strategy",
        ),
        (lambda: dy.RepeatedPlay.from_actions(PENNIES, [[0.5, 1.0]]), "whole numbers of shape"),
        (
            lambda: dy.RepeatedPlay.from_actions(PENNIES, [[0, 2]]),
            "Player 1 has actions 0 to 1; the record holds 2 to 2",
        ),
        (
            lambda: eq.simulate(PENNIES, dy.RegretMatching(), steps=1).exploitability("middle"),
            "'average' or 'last'",
        ),
        (
            lambda: eq.simulate(PENNIES, dy.RegretMatching(), steps=1).regret("nobody"),
            "There is no player 'nobody'",
        ),
    ],
)
def test_wrong_inputs(call, sentence):
    with pytest.raises(eq.EqsolveError, match=sentence):
        call()
