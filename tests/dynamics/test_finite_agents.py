"""Users' own learners, policies and training loops play finite games."""

import numpy as np
import pytest

import eqsolve as eq
from eqsolve import dynamics as dy
from eqsolve.games.finite import NormalFormGame

PENNIES = NormalFormGame.bimatrix([[1, -1], [-1, 1]])
DILEMMA = NormalFormGame([[[3, 1], [4, 2]], [[3, 4], [1, 2]]])
GAME = NormalFormGame(np.random.default_rng(0).standard_normal((2, 3, 3)))


class MyRegretMatching:
    """A user's own, for one player, with full information."""

    def __init__(self, size=3):
        self.regrets = np.zeros(size)

    def act(self, rng):
        weights = np.maximum(self.regrets, 0)
        size = weights.size
        self.mix = weights / weights.sum() if weights.sum() > 0 else np.full(size, 1 / size)
        return self.mix

    def update(self, payoffs):
        self.regrets += payoffs - self.mix @ payoffs


class MyEpsilonGreedy:
    """A user's own bandit."""

    def __init__(self):
        self.sums, self.counts = np.zeros(3), np.zeros(3)

    def act(self, rng):
        if rng.random() < 0.2:
            return int(rng.integers(3))
        return int((self.sums / np.maximum(self.counts, 1)).argmax())

    def update(self, action, payoff):
        self.sums[action] += payoff
        self.counts[action] += 1


def test_a_users_regret_matching_plays_as_ours():
    agents = dy.Agents([MyRegretMatching, MyRegretMatching], feedback="expected")
    path = eq.simulate(GAME, agents, steps=60, replications=2)
    ours = eq.simulate(GAME, dy.RegretMatching(), steps=60)
    for run in range(2):
        np.testing.assert_allclose(path.iterates[:, run], ours.iterates[:, 0], atol=1e-12)
    eq.testing.assert_no_regret(path, bound=dy.RegretMatching())


def test_bandit_agents_are_told_their_own_payoff():
    seen = []

    class Spy(MyEpsilonGreedy):
        def update(self, action, payoff):
            super().update(action, payoff)
            seen.append((action, payoff))

    agents = dy.Agents([Spy, MyEpsilonGreedy], feedback="bandit")
    path = eq.simulate(GAME, agents, steps=50, seed=3)
    actions = np.stack([path.iterates[:-1, 0, b].argmax(axis=1) for b in GAME.blocks], axis=1)
    for (action, payoff), (own, other) in zip(seen, actions, strict=True):
        assert action == own
        assert payoff == GAME.payoffs[0, own, other]
    again = eq.simulate(GAME, agents, steps=50, seed=3)
    np.testing.assert_array_equal(again.iterates, path.iterates)


def test_sampled_agents_are_told_what_drawn_actions_pay():
    told = []

    class Spy(MyRegretMatching):
        def update(self, payoffs):
            super().update(payoffs)
            told.append(payoffs)

    eq.simulate(GAME, dy.Agents([Spy, MyRegretMatching], feedback="sampled"), steps=30, seed=0)
    columns = {tuple(column) for column in GAME.payoffs[0].T}
    assert {tuple(payoffs) for payoffs in told} <= columns


def test_objects_are_copied_and_left_as_they_were():
    mine = MyRegretMatching()
    path = eq.simulate(GAME, dy.Agents([mine, MyRegretMatching()]), steps=10, replications=2)
    assert (mine.regrets == 0).all()
    agents = path.resume.state[5]  # the account's four parts and a counter come first
    assert agents.shape == (2, 2)
    assert agents[0, 0] is not agents[1, 0]


def test_runs_of_agents_resume_in_memory_and_files_hold_no_objects(tmp_path):
    agents = dy.Agents([MyRegretMatching, MyRegretMatching], feedback="expected")
    whole = eq.simulate(GAME, agents, steps=40)
    half = eq.simulate(GAME, agents, steps=20)
    file = half.save(tmp_path / "half.npz")
    rest = eq.simulate(GAME, agents, steps=40, resume=half)
    np.testing.assert_allclose(rest.iterates, whole.iterates, atol=1e-12)
    loaded = dy.Trajectory.load(file)
    assert loaded.resume is None
    with pytest.raises(eq.EqsolveError, match="no state to resume from"):
        eq.simulate(GAME, agents, steps=40, resume=loaded)


def test_a_user_against_one_of_ours():
    mine = dy.Agents([MyRegretMatching, None], feedback="expected")
    path = eq.simulate(GAME, dy.PlayerByPlayer([mine, dy.MultiplicativeWeights()]), steps=300)
    eq.testing.assert_no_regret(path, bound=dy.RegretMatching(), players=0)
    eq.testing.assert_no_regret(path, bound=dy.MultiplicativeWeights(), players=1)
    both = eq.simulate(
        GAME, dy.PlayerByPlayer([dy.RegretMatching(), dy.MultiplicativeWeights()]), steps=300
    )
    np.testing.assert_allclose(path.iterates, both.iterates, atol=1e-10)


def test_openspiel_policies_are_asked_at_one_state():
    class Policy:
        """As open_spiel.python.policy.Policy, with a mix of its own."""

        def __init__(self, mix):
            self.mix, self.asked = mix, []

        def action_probabilities(self, state, player_id=None):
            assert not state.is_terminal()
            assert not state.is_chance_node()
            assert state.history() == []
            player = state.current_player()
            assert state.information_state_string(player).endswith(
                f"Observing player: {player}. Non-terminal"
            )
            return dict(zip(state.legal_actions(), self.mix, strict=True))

    path = eq.simulate(
        GAME, dy.OpenSpielPolicies([Policy([0.2, 0.3, 0.5]), Policy([1, 0, 0])]), steps=4
    )
    np.testing.assert_allclose(path.iterates, np.tile([0.2, 0.3, 0.5, 1, 0, 0], (5, 1, 1)))

    class Learning(Policy):
        def __init__(self):
            super().__init__(np.full(3, 1 / 3))
            self.totals = np.zeros(3)

        def update(self, payoffs):
            self.totals += payoffs
            weights = np.exp(0.3 * self.totals)
            self.mix = weights / weights.sum()

    path = eq.simulate(GAME, dy.OpenSpielPolicies([Learning] * 2, feedback="expected"), steps=50)
    ours = eq.simulate(
        GAME, dy.MultiplicativeWeights(rate=0.3, schedule="fixed", unit=1.0), steps=50
    )
    np.testing.assert_allclose(path.iterates, ours.iterates, atol=1e-10)


@pytest.mark.parametrize("together", [True, False])
def test_tabular_policies_find_their_entry(together):
    class Tabular:
        """As open_spiel.python.policy.TabularPolicy: looks up the information state's text."""

        def __init__(self):
            turn = "" if together else "Current player: {0}\n"
            text = turn + "Observing player: {0}. Non-terminal"
            self.lookup = {text.format(0): [1, 0, 0], text.format(1): [0, 0.5, 0.5]}

        def action_probabilities(self, state, player_id=None):
            return dict(enumerate(self.lookup[state.information_state_string()]))

        def __deepcopy__(self, memory):
            raise RuntimeError("a game inside cannot be copied")

    path = eq.simulate(GAME, dy.OpenSpielPolicies([Tabular(), Tabular()]), steps=3)
    np.testing.assert_allclose(path.final, [[1, 0, 0, 0, 0.5, 0.5]])

    class Elsewhere:
        def action_probabilities(self, state, player_id):
            return {state: 1.0}

    asked = dy.OpenSpielPolicies([Elsewhere(), Elsewhere()], states=[1, 2])
    np.testing.assert_allclose(eq.simulate(GAME, asked, steps=1).final, [[0, 1, 0, 0, 0, 1]])


def test_pettingzoo_agents_see_last_actions_and_their_reward():
    rewards = []

    class Grim:
        def act(self, observation):
            self.angry = getattr(self, "angry", False) or observation[1] == 1
            return int(self.angry)

        def update(self, observation, action, reward, next_observation, terminated):
            assert not terminated
            assert next_observation[0] == action
            rewards.append(reward)

    def third_time_defects(observation, rounds=[0]):  # noqa: B006
        rounds[0] += 1
        return int(rounds[0] == 3)

    path = eq.simulate(DILEMMA, dy.PettingZooAgents([Grim, third_time_defects]), steps=5)
    moves = [path.iterates[:, 0, b].argmax(axis=1).tolist() for b in DILEMMA.blocks]
    assert moves == [[0, 0, 0, 1, 1, 1], [0, 0, 1, 0, 0, 0]]
    assert rewards == [3, 3, 1, 4, 4]


def test_training_loops_drive_the_repeated_game_themselves():
    env = dy.RepeatedGameEnv(GAME, rounds=40)
    rng, played = np.random.default_rng(0), []
    observations, infos = env.reset(seed=1)
    assert set(observations) == set(infos) == {"0", "1"}
    assert env.observation_space("0") is env.observation_space("0")
    assert env.action_space("1").n == 3
    while env.agents:
        actions = {agent: int(rng.integers(3)) for agent in env.agents}
        observations, rewards, ended, cut, _ = env.step(actions)
        assert env.observation_space("0").contains(observations["0"])
        played.append((actions["0"], actions["1"]))
        assert rewards["1"] == GAME.payoffs[(1, *played[-1])]
        assert not any(ended.values())
    assert all(cut.values())
    assert len(played) == 40
    same = dy.RepeatedPlay.from_actions(GAME, played)
    np.testing.assert_array_equal(env.played().regret(), same.regret())
    with pytest.raises(eq.EqsolveError, match="The episode is over"):
        env.step({"0": 0, "1": 0})
    env.reset()
    with pytest.raises(eq.EqsolveError, match="No round has been played"):
        env.played()
    with pytest.raises(eq.EqsolveError, match="Agent '1' needs an action from 0 to 2, not None"):
        env.step({"0": 0})
    with pytest.raises(eq.EqsolveError, match="There is no agent 'x'"):
        env.action_space("x")
    with pytest.raises(eq.EqsolveError, match="at least 1 round"):
        dy.RepeatedGameEnv(GAME, rounds=0)
    assert env.unwrapped is env
    env.render()
    env.close()


class Mute:
    def act(self, rng):
        return 0


class Uncopied(MyRegretMatching):
    def __deepcopy__(self, memory):
        raise TypeError("cannot pickle a lock")


class Says:
    def __init__(self, what):
        self.what = what

    def act(self, rng):
        return self.what

    def update(self, payoffs):
        pass


@pytest.mark.parametrize(
    ("agents", "sentence"),
    [
        (lambda: dy.Agents([Mute, Mute]), r"Agent 0 \(Mute\) has no update\(\)"),
        (lambda: dy.Agents([Mute]), "1 agents are given for 2 players"),
        (lambda: dy.Agents([], feedback="none"), "feedback must be one of"),
        (
            lambda: dy.Agents([Uncopied(), Says(0)]),
            r"Agent 0 \(Uncopied\) cannot be copied for every replication \(cannot pickle a lock",
        ),
        (lambda: dy.Agents([Says(0), Says(3)]), "Agent 1 plays 3; its actions are 0 to 2"),
        (lambda: dy.Agents([Says(0.5), Says(0)]), "Agent 0 plays 0.5"),
        (lambda: dy.Agents([Says([1, 0]), Says(0)]), r"gives a strategy of shape \(2,\)"),
        (lambda: dy.Agents([Says([1, 1, 0]), Says(0)]), "player 0 is no mixed strategy"),
        (lambda: dy.OpenSpielPolicies([Mute, Mute]), r"has no action_probabilities\(state\)"),
        (lambda: dy.PettingZooAgents([3, Mute]), r"Agent 0 \(int\) has no act\(observation\)"),
    ],
)
def test_agents_that_cannot_play(agents, sentence):
    with pytest.raises(eq.EqsolveError, match=sentence):
        eq.simulate(GAME, agents(), steps=2)
