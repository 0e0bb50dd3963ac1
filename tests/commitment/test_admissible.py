"""What a leader may not read is found out and named."""

import gymnasium
import numpy as np
import pytest
from gymnasium.wrappers import FlattenObservation, TimeAwareObservation, TimeLimit

import eqsolve as eq
from eqsolve import check_admissible
from eqsolve import commitment as co
from eqsolve.errors import BadCommitment, NotAdmissible

MAINTAIN = eq.NormalFormGame.bimatrix(
    [[20, 0, 0], [30, 10, 0], [0, 0, 5]], [[15, 0, 0], [0, 5, 0], [0, 0, 10]]
)


def pomdp(game=MAINTAIN, **options):
    options = {
        "response": co.MultiplicativeWeights(epsilon=0.3, unit=10),
        "response_plays": 12,
        "reward_plays": 4,
        **options,
    }
    return eq.StackelbergPOMDP(game, **options)


PRICE = eq.models.message_sequential_price("asymmetric", messages=2)


@pytest.mark.parametrize("game", [MAINTAIN, eq.models.matrix_design(), PRICE])
@pytest.mark.parametrize("mixed", [False, True])
def test_commitments_are_admissible(game, mixed):
    env = pomdp(game, mixed=mixed)
    seen, acts = env.game.leader_observations, env.game.leader_actions
    rng = np.random.default_rng(0)
    policy = co.TabularPolicy(rng.standard_normal((seen, acts)))
    drawn = policy.sample_commitment(rng, 1)
    table = drawn.table[0]
    for subject in (
        policy,
        drawn,
        policy.mixed_commitment(),
        lambda observation: table[observation],
    ):
        check_admissible(subject, env, questions=150)
    check_admissible(env, questions=150)


def test_a_model_is_asked_by_its_predict():
    class Model:
        def predict(self, observation, state=None, episode_start=None, deterministic=False):
            assert deterministic
            return np.asarray(observation) % 2, None

    check_admissible(Model(), pomdp(PRICE))


def reading(env, name, cut=0.5):
    """A policy that looks into the environment behind its observation."""
    place = env.critic_names.index(name)
    return lambda observation: int(env.critic_observation()[place] > cut)


def test_a_policy_that_reads_the_phase_is_refused_by_name():
    env = pomdp()
    with pytest.raises(
        NotAdmissible,
        match="The policy reads the phase: at observation 0 it answers 0 in the response phase "
        "and 1 in the reward phase. A commitment depends on the observation alone.",
    ):
        check_admissible(reading(env, "phase"), env)


def test_a_policy_that_reads_the_clock_is_refused_by_name():
    env = pomdp()
    with pytest.raises(NotAdmissible, match="The policy reads the clock: .* play 0 and 1 .*play 7"):
        check_admissible(reading(env, "clock"), env)


@pytest.mark.parametrize("action", [0, 2])
def test_a_policy_that_reads_what_followers_learn_is_refused_by_name(action):
    env = pomdp()
    name = f"1's probability of action {action} at type 0"
    with pytest.raises(NotAdmissible, match=rf"the followers' state \({name}\)"):
        check_admissible(reading(env, name, 0.34), env)


def test_a_policy_that_reads_types_is_refused_by_name():
    env = pomdp(PRICE, response=co.QLearning())
    with pytest.raises(NotAdmissible, match=r"the followers' state \(type of buyer 1\)"):
        check_admissible(reading(env, "type of buyer 1"), env)


def test_a_policy_with_a_memory_of_its_own_is_refused():
    env = pomdp()
    asked = []

    def remembers(observation):
        """Two answers of a kind, so that asking twice in a row does not tell."""
        asked.append(observation)
        return (len(asked) // 2 + (len(asked) // 2) // 3) % 2

    with pytest.raises(NotAdmissible, match="differently twice in a row"):
        check_admissible(remembers, env)
    last = {}

    def follows(observation):
        """Changes when the environment has learned something, by no feature in particular."""
        key = env.critic_observation().tobytes()
        return last.setdefault(key, hash(key) % 2)

    with pytest.raises(NotAdmissible, match="The policy reads the episode so far"):
        check_admissible(follows, env)


def test_policies_that_draw_anew_every_time_are_told_to_commit_first():
    rng = np.random.default_rng(0)
    with pytest.raises(NotAdmissible, match=r"drawn once an episode \(LeaderPolicy.sample_"):
        check_admissible(lambda observation: int(rng.integers(3)), pomdp())


def test_commitments_that_change_within_an_episode_are_refused():
    env = pomdp()

    class Shifting(co.LeaderPolicy):
        observations, actions = 1, 3

        def scores(self):
            return np.zeros((1, 3))

        def sample_commitment(self, rng, batch):
            phase = reading(env, "phase")

            class Looking(co.Commitment):
                def act(self, observation):
                    return np.array([phase(observation)])

            return Looking(np.zeros((batch, 1), dtype=int))

    with pytest.raises(NotAdmissible, match="The policy reads the phase"):
        check_admissible(Shifting(), env)


def test_policies_that_ask_for_more_than_an_observation_are_refused_unseen():
    env = pomdp()
    with pytest.raises(NotAdmissible, match="reads 'phase': a commitment takes the observation"):
        check_admissible(lambda observation, phase: 0, env)

    class Clocked:
        def act(self, observation, *, clock):
            return observation

    with pytest.raises(NotAdmissible, match="reads 'clock'"):
        check_admissible(Clocked(), env)
    with pytest.raises(NotAdmissible, match="reads nothing at all"):
        check_admissible(lambda: 0, env)
    check_admissible(lambda observation, temperature=1.0: 0, env)


def test_environments_that_show_more_than_the_game_are_refused():
    check_admissible(FlattenObservation(pomdp(PRICE)))
    with pytest.raises(NotAdmissible, match="The environment shows the clock: at observation 0"):
        check_admissible(TimeAwareObservation(TimeLimit(pomdp(), 50)))

    class Phase(gymnasium.ObservationWrapper):
        def observation(self, observation):
            return {"seen": observation, "phase": self.unwrapped.critic_observation()[0]}

    with pytest.raises(NotAdmissible, match="The environment shows the phase"):
        check_admissible(Phase(pomdp()))


class Asymmetric(gymnasium.ObservationWrapper):
    """What stable-baselines3 needs for a critic of its own."""

    def observation(self, observation):
        return {"actor": observation, "critic": self.unwrapped.critic_observation()}


def test_what_the_critic_is_shown_does_not_count_unless_the_actor_reads_it():
    env = Asymmetric(pomdp())
    check_admissible(env)
    check_admissible(lambda shown: 2 * shown["actor"], env)
    with pytest.raises(NotAdmissible, match="The policy reads the phase"):
        check_admissible(lambda shown: int(shown["critic"][0]), env)


def test_a_hidden_response_phase_can_be_checked_too():
    env = pomdp(hide_response=True)
    check_admissible(co.TabularPolicy(np.zeros((1, 3))), env)
    with pytest.raises(NotAdmissible, match="The policy reads the clock"):
        check_admissible(reading(env, "clock", 0.3), env)


def test_there_must_be_something_to_check():
    with pytest.raises(BadCommitment, match="needs a StackelbergPOMDP to ask"):
        check_admissible(co.TabularPolicy(np.zeros((1, 3))))
    with pytest.raises(BadCommitment, match="needs a StackelbergPOMDP to ask"):
        check_admissible(gymnasium.make("CartPole-v1"))
    with pytest.raises(BadCommitment, match="3 is no policy: give a LeaderPolicy"):
        check_admissible(3, pomdp())
