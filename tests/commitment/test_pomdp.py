"""The POMDP in its three forms: one question at a time, side by side, and whole policies."""

import itertools

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import eqsolve as eq
from eqsolve import commitment as co
from eqsolve.errors import BadCommitment

MAINTAIN = eq.NormalFormGame.bimatrix(
    [[20, 0, 0], [30, 10, 0], [0, 0, 5]], [[15, 0, 0], [0, 5, 0], [0, 0, 10]]
)
THREE = eq.NormalFormGame(np.random.default_rng(0).random((3, 2, 3, 4)))
LAW = np.random.default_rng(1).dirichlet(np.ones(8)).reshape(2, 2, 2)
CORRELATED = eq.BayesianGame(LAW, np.random.default_rng(2).random((3, 2, 2, 2, 2, 3, 2)))
GAMES = {
    "one follower": co.from_normal_form(MAINTAIN),
    "two followers": co.from_normal_form(THREE, leader=1),
    "correlated types": co.from_bayesian(CORRELATED, leader=2),
    "promises": eq.models.matrix_design(),
    "price": eq.models.message_sequential_price("asymmetric", messages=2),
}
RESPONSES = [
    co.MultiplicativeWeights(),
    co.MultiplicativeWeights(final="average_joint", feedback="expected"),
    co.OptimisticMultiplicativeWeights(),
    co.RegretMatchingPlus(final="argmax"),
    co.BestResponse("uniform", unfinished="say"),
    co.QLearning(rate=0.3, memory=1, discount=0.5),
    co.Certified(co.RegretMatchingPlus(), gap=0.2, every=3),
]


def pomdp(game, response=None, **options):
    options = {"response_plays": 6, "reward_plays": 3, **options}
    return eq.StackelbergPOMDP(GAMES[game], response=response or RESPONSES[0], **options)


def stream_of(seed):
    """The random numbers of an environment that is reset with a seed."""
    return gymnasium.utils.seeding.np_random(seed)[0]


def run(env, table, seed):
    """Total reward, observations and rewards of an episode with a table of actions."""
    observation, _ = env.reset(seed=seed)
    seen, rewards, over = [], [], False
    while not over:
        seen.append(int(observation))
        observation, reward, over, cut, _ = env.step(table[observation])
        assert not cut
        rewards.append(reward)
    return sum(rewards), seen, rewards


@pytest.mark.parametrize("response", RESPONSES, ids=repr)
@pytest.mark.parametrize("game", GAMES)
@pytest.mark.parametrize("ask", ["play", "episode"])
def test_questions_and_whole_episodes_give_the_same_numbers(game, response, ask):
    env = pomdp(game, response, ask=ask)
    rng = np.random.default_rng(3)
    for seed in range(2):
        table = rng.integers(env.game.leader_actions, size=env.game.leader_observations)
        total, seen, _ = run(env, table, seed)
        known = env.play(table, seed=stream_of(seed), record_asked=True)
        assert total == pytest.approx(known.rewards[0], abs=1e-12)
        asked = known.response_asked[0] | known.reward_asked[0]
        assert set(seen) == set(np.flatnonzero(asked).tolist())
        if ask == "episode":
            assert len(seen) == len(set(seen))


@pytest.mark.parametrize("game", GAMES)
@pytest.mark.parametrize("mixed", [False, True])
def test_gymnasium_accepts_the_environment(game, mixed):
    env = pomdp(game, mixed=mixed, response_plays=3)
    check_env(env, skip_render_check=True)
    check_env(co.CommitmentEnv(env), skip_render_check=True)


def test_rewards_come_in_the_reward_phase_and_add_up_to_the_average():
    env = pomdp("one follower", response_plays=6, reward_plays=3)
    total, seen, rewards = run(env, [1], seed=0)
    assert seen == [0] * 9
    assert rewards[:6] == [0.0] * 6
    assert total == pytest.approx(np.sum(rewards[6:]))
    assert {round(3 * r) for r in rewards[6:]} <= {30, 10, 0}


def test_the_leader_is_asked_off_the_path_in_the_response_phase_alone():
    """Promises: every cell that a follower could move to; afterwards only the one that came."""
    env = pomdp("promises", response_plays=1, reward_plays=1)
    _, seen, _ = run(env, [0, 0, 0, 0], seed=1)
    first, *others, last = seen
    # Both followers' alternatives differ from the first cell in one digit of two.
    assert sorted(others) == sorted([first ^ 1, first ^ 2])
    assert 0 <= last <= 3


def test_mixed_answers_are_weights_in_proportion():
    env = pomdp("one follower", co.BestResponse(), mixed=True, response_plays=2, reward_plays=40)
    env.reset(seed=0)
    total, over = 0.0, False
    while not over:
        _, reward, over, _, info = env.step(np.array([0.2, 0.6, 0.0]))
        total += reward
    # The follower ties at (1/4, 3/4, 0) and is optimistic: the leader's mix is its expectation.
    assert total == pytest.approx(27.5)
    assert info["finished"]
    env.reset(seed=0)
    _, reward, *_ = env.step(np.zeros(3))
    _, reward, *_ = env.step(np.zeros(3))
    even = env.play(np.full((1, 3), 1 / 3), exact=True).rewards[0]
    assert 40 * reward == pytest.approx(even)


def test_exact_rewards_are_what_plays_average_to():
    for game, response in itertools.product(GAMES, RESPONSES[:2]):
        env = pomdp(game, response, reward_plays=500)
        rng = np.random.default_rng(4)
        table = rng.integers(env.game.leader_actions, size=(20, env.game.leader_observations))
        drawn, exact = env.play(table, seed=5).rewards, env.play(table, seed=5, exact=True).rewards
        spread = np.ptp(env.game.graph.rewards[0]) + 1e-12
        assert np.abs(drawn - exact).max() < 4.5 * spread / 2 / np.sqrt(500)


def test_a_policy_draws_one_commitment_an_episode_and_seeds_are_honoured():
    env = pomdp("correlated types")
    policy = co.TabularPolicy(np.zeros((2, 2)))
    first = env.play(policy, seed=1, batch=40)
    again = env.play(policy, seed=1, batch=40)
    np.testing.assert_array_equal(first.rewards, again.rewards)
    assert (env.play(policy, seed=2, batch=40).rewards != first.rewards).any()
    assert "40 episodes" not in str(first)
    assert "mean reward" in str(first)
    assert first._repr_html_().startswith("<table>")


def test_followers_responses_may_finish_early_in_their_own_time():
    env = pomdp("correlated types", RESPONSES[-1], response_plays=500)
    found = env.play(np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), seed=0)
    assert found.finished.all()
    assert len(set(found.plays.tolist())) > 1
    assert found.plays.max() < 500


def test_a_response_with_a_horizon_needs_no_number_of_plays():
    env = eq.StackelbergPOMDP(MAINTAIN, response=co.BestResponse(rounds=5))
    assert env.setting.response_plays == 5
    # One follower is through after one round: a question for the response, one for the reward.
    assert len(run(env, [1], seed=0)[1]) == 2


def test_players_are_chosen_by_name():
    game = eq.NormalFormGame(THREE.payoffs, player_names=["x", "y", "z"])
    env = eq.StackelbergPOMDP(game, "y", response=co.MultiplicativeWeights(), response_plays=2)
    assert env.game.follower_names == ("x", "z")
    assert env.action_space.n == 3


# Side by side


def copies(env, tables, seed, steps):
    envs = co.VectorStackelbergPOMDP(env, len(tables))
    observations, _ = envs.reset(seed=seed)
    totals, ends = np.zeros(len(tables)), [[] for _ in tables]
    for _ in range(steps):
        actions = tables[np.arange(len(tables)), observations]
        observations, rewards, over, cut, infos = envs.step(actions)
        assert not cut.any()
        totals += rewards
        for row in np.flatnonzero(over):
            ends[row].append(totals[row])
            totals[row] = 0.0
        if over.any():
            np.testing.assert_array_equal(infos["_final_obs"], over)
            assert infos["finished"].dtype == bool
    return ends


@pytest.mark.parametrize("response", RESPONSES[:4], ids=repr)
@pytest.mark.parametrize("game", ["one follower", "two followers"])
def test_copies_that_keep_step_give_the_numbers_of_whole_episodes(game, response):
    env = pomdp(game, response, ask="episode")
    tables = np.random.default_rng(6).integers(env.game.leader_actions, size=(16, 1))
    known = env.play(tables, seed=stream_of(9)).rewards
    ends = copies(env, tables, seed=9, steps=1)
    np.testing.assert_allclose([row[0] for row in ends], known, atol=1e-12)


@pytest.mark.parametrize("game", ["price", "promises", "correlated types"])
def test_copies_that_ask_different_numbers_of_questions_have_the_right_mean(game):
    env = pomdp(game, co.BestResponse("uniform", unfinished="say"), reward_plays=4)
    tables = np.random.default_rng(7).integers(
        env.game.leader_actions, size=(12, env.game.leader_observations)
    )
    exact = env.play(tables, exact=True, seed=0)
    ends = copies(env, tables, seed=1, steps=500)
    lengths = [len(row) for row in ends]
    assert min(lengths) > 5
    spread = np.ptp(env.game.graph.rewards[0]) + 1e-12
    for row, value in zip(ends, exact.rewards, strict=True):
        assert abs(np.mean(row) - value) < 4 * spread / 2 / np.sqrt(4 * len(row))


def test_copies_have_spaces_features_and_checks():
    env = pomdp("price")
    envs = co.VectorStackelbergPOMDP(env, 5)
    assert envs.observation_space.shape == (5,)
    assert envs.single_action_space == env.action_space
    with pytest.raises(BadCommitment, match=r"Call reset\(\) before step\(\)"):
        envs.step(np.zeros(5, dtype=int))
    observations, infos = envs.reset(seed=0)
    assert envs.observation_space.contains(observations)
    assert infos["critic"].shape == (5, len(envs.critic_names))
    with pytest.raises(BadCommitment, match="The leader has actions 0 to 7, not 8"):
        envs.step(np.full(5, 8))
    with pytest.raises(BadCommitment, match="num_envs must be 1 or more"):
        co.VectorStackelbergPOMDP(env, 0)


# What a critic sees


def test_the_critic_sees_phase_clock_and_followers_and_the_actor_does_not():
    env = pomdp("one follower", co.MultiplicativeWeights(epsilon=0.5, unit=10), response_plays=2)
    names = env.critic_names
    assert names[:2] == ("phase", "clock")
    assert names[2] == "1's probability of action 0 at type 0"
    _, info = env.reset(seed=0)
    seen = [info["critic"]]
    for _ in range(3):
        *_, info = env.step(0)
        seen.append(info["critic"])
    assert [float(row[0]) for row in seen] == [0, 0, 1, 1]
    np.testing.assert_allclose([row[1] for row in seen], [0, 0.5, 0, 1 / 3], atol=1e-6)
    weights = np.array([1.5**1.5, 1.0, 1.0])
    np.testing.assert_allclose(seen[1][2:5], weights / weights.sum(), rtol=1e-6)
    assert env.critic_space.contains(seen[1])
    assert env.observation_space == gymnasium.spaces.Discrete(1)


def test_a_critic_may_see_nothing():
    env = pomdp("price", critic="none")
    _, info = env.reset(seed=0)
    assert info == {}
    assert env.critic_space.shape == (0,)
    assert env.critic_observation().size == 0


# The ablation that hides the response phase


@pytest.mark.parametrize("ask", ["play", "episode"])
def test_a_hidden_response_phase_is_run_against_the_policy_that_was_given(ask):
    for leader in (
        co.TabularPolicy([[-50.0, 0.0, -50.0]]),
        co.Commitment(np.array([[1]])),
        lambda seen: np.ones(seen.size, dtype=int),
    ):
        env = pomdp(
            "one follower",
            co.MultiplicativeWeights(final="argmax"),
            hide_response=True,
            response_plays=9,
            reward_plays=2,
            ask=ask,
        )
        env.answer_with(leader)
        total, seen, _ = run(env, [0], seed=0)
        # The follower has learned to meet row 1, and meets row 0: nothing for the leader.
        assert (total, seen) == (0.0, [0, 0] if ask == "play" else [0])


def test_copies_have_hidden_commitments_of_their_own():
    env = pomdp(
        "one follower", co.MultiplicativeWeights(final="argmax"), hide_response=True, reward_plays=1
    )
    envs = co.VectorStackelbergPOMDP(env, 300)
    envs.answer_with(co.TabularPolicy(np.log([[0.5, 0.5, 1e-9]])))
    envs.reset(seed=0)
    _, rewards, over, _, _ = envs.step(np.ones(300, dtype=int))
    assert over.all()
    # Row 1 against followers who expect row 0 pays 30, against those who expect it 10.
    assert set(rewards.tolist()) == {30.0, 10.0}
    assert (rewards == 30).mean() == pytest.approx(0.5, abs=0.1)


def test_predicting_models_may_answer_the_hidden_phase():
    class Model:
        def predict(self, observation):
            return np.full(np.shape(observation), 2), None

    env = pomdp("one follower", co.BestResponse(), hide_response=True, reward_plays=1)
    env.answer_with(Model())
    assert run(env, [2], seed=0)[0] == 5.0


class Sometimes(co.BatchGame):
    """The leader is asked only when the first deal comes; otherwise all get 1 at once."""

    leader_observations, leader_actions, types, actions = 1, 2, (1,), (1,)
    horizon, prior = 2, np.array([0.5, 0.5])

    def start(self, deals):
        return np.asarray(deals), np.zeros(len(deals), dtype=int)

    def leader_observation(self, state):
        return np.where((state[0] == 0) & (state[1] == 1), 0, -1)

    def follower_observations(self, state):
        return np.where(state[1] == 0, 0, -1)[:, None]

    def step(self, state, leader_action, follower_actions):
        done = (state[1] == 1) | (state[0] == 1)
        paid = np.where(state[0] == 1, 1.0, np.where(state[1] == 1, 3.0 * leader_action, 0.0))
        return (state[0], state[1] + 1), np.stack([paid, paid], axis=1), done


@pytest.mark.parametrize("hidden", [False, True])
@pytest.mark.parametrize("ask", ["play", "episode"])
def test_rewards_before_the_first_question_are_not_lost(hidden, ask):
    env = eq.StackelbergPOMDP(
        Sometimes(),
        response=co.QLearning(),
        response_plays=2,
        reward_plays=2,
        hide_response=hidden,
        ask=ask,
    )
    env.answer_with(co.Commitment(np.array([[1]])))
    totals = [run(env, [1], seed)[0] for seed in range(300)]
    assert np.mean(totals) == pytest.approx(2.0, abs=0.2)
    assert set(np.round(totals, 9)) == {1.0, 2.0, 3.0}
    envs = co.VectorStackelbergPOMDP(env, 50)
    envs.answer_with(co.Commitment(np.array([[1]])))
    envs.reset(seed=0)
    paid = ended = 0.0
    for _ in range(60):
        _, rewards, over, _, _ = envs.step(np.ones(50, dtype=int))
        paid, ended = paid + rewards.sum(), ended + over.sum()
    assert paid / ended == pytest.approx(2.0, abs=0.1)


# Whole policies


def test_one_step_takes_a_whole_policy():
    env = co.CommitmentEnv(pomdp("price", co.BestResponse("optimistic")))
    assert env.exact
    assert env.action_space.nvec.tolist() == [8] * 12
    env.reset(seed=0)
    table = np.array([5, 0, 0, 5, 0, 0, 2, 0, 0, 2, 0, 0])
    observation, reward, over, cut, info = env.step(table)
    assert (observation, over, cut) == (0, True, False)
    assert reward == pytest.approx(0.0, abs=1e-12)
    assert info["finished"]
    many, infos = env.values(np.stack([table, np.zeros(12, dtype=int)]))
    assert many[0] == pytest.approx(0.0, abs=1e-12)
    assert many[1] < 0
    assert infos["finished"].shape == (2,)


def test_whole_policies_are_drawn_where_there_is_no_exact_value():
    drawn = pomdp("one follower", co.QLearning(memory=1), reward_plays=50)
    env = co.CommitmentEnv(drawn)
    assert not env.exact
    env.reset(seed=3)
    known = drawn.play(np.array([1]), seed=stream_of(3))
    assert env.step(np.array([1]))[1] == known.rewards[0]
    with pytest.raises(BadCommitment, match="cannot be computed exactly; leave out exact=True"):
        co.CommitmentEnv(drawn, exact=True)


# Errors


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"game": 3}, "int is no game with a leader: give a NormalFormGame"),
        ({"game": eq.models.matrix_design(), "leader": 1}, "Matrix design has a leader already"),
        ({"response": "best"}, "response must be a policy-interactive response, .* not 'best'"),
        ({"response_plays": None}, "never finishes by itself; give response_plays="),
        ({"response_plays": 0}, "response_plays must be a whole number, 1 or more, not 0"),
        ({"reward_plays": 1.5}, "reward_plays must be a whole number"),
        ({"critic": "half"}, "critic must be one of .*not 'half'"),
        ({"ask": "once"}, "ask must be one of"),
        (
            {"game": eq.models.repeated_game(), "response": co.QLearning(), "mixed": True},
            "followers can be shown a mix only where plays can be listed",
        ),
    ],
)
def test_errors_at_the_door(change, sentence):
    given = {
        "game": MAINTAIN,
        "response": co.MultiplicativeWeights(),
        "response_plays": 3,
        **change,
    }
    with pytest.raises(BadCommitment, match=sentence):
        eq.StackelbergPOMDP(given.pop("game"), **given)


def test_errors_in_an_episode():
    env = pomdp("one follower")
    with pytest.raises(BadCommitment, match=r"The episode is over; call reset\(\) first"):
        env.step(0)
    env.reset(seed=0)
    with pytest.raises(BadCommitment, match="The leader has actions 0 to 2, not 3"):
        env.step(3)
    with pytest.raises(BadCommitment, match="The leader has actions 0 to 2, not 0.5"):
        env.step(0.5)
    weights = pomdp("one follower", mixed=True)
    weights.reset(seed=0)
    with pytest.raises(BadCommitment, match="3 nonnegative weights, not"):
        weights.step(np.array([-1.0, 1, 1]))
    with pytest.raises(BadCommitment, match="a table of shape .1,., not .2,."):
        co.CommitmentEnv(env).step(np.array([0, 1]))
    hidden = pomdp("one follower", hide_response=True)
    with pytest.raises(BadCommitment, match=r"An environment without a leader: with hide_response"):
        hidden.reset(seed=0)
    repeated = eq.StackelbergPOMDP(
        eq.models.repeated_game(rounds=2), response=co.QLearning(), response_plays=2
    )
    with pytest.raises(BadCommitment, match="act repeatedly; they can be shown pure commitments"):
        repeated.play(np.full((5, 2), 0.5))
