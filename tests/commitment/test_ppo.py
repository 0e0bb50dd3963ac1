"""stable-baselines3 as the learner: asked for when absent, asymmetric and right when there."""

import importlib.util

import numpy as np
import pytest

import eqsolve as eq
from eqsolve import commitment as co
from eqsolve.errors import BadCommitment, NotInstalled

HERE = importlib.util.find_spec("stable_baselines3") is not None
needed = pytest.mark.skipif(not HERE, reason="stable-baselines3 is not installed")


def escape(**options):
    response = co.MultiplicativeWeights(final="argmax", unit=30.0)
    return eq.StackelbergPOMDP(
        eq.models.load("escape"), response=response, response_plays=20, **options
    )


@pytest.mark.skipif(HERE, reason="stable-baselines3 is installed")
def test_without_it_the_error_says_how_to_install_it():
    with pytest.raises(
        NotInstalled, match=r"'ppo' needs stable-baselines3: pip install 'eqsolve\[rl\]'"
    ):
        eq.train_leader(escape(), learner="ppo")


def test_options_out_of_range():
    with pytest.raises(BadCommitment, match="PPO: copies must be a whole number, 1 or more, not 0"):
        co.PPO(copies=0)


@needed
def test_it_reaches_known_optima_with_the_same_numbers_for_a_seed():
    first, second = (
        eq.train_leader(escape(), seed=1, steps=2000, learner="ppo", until=30) for _ in range(2)
    )
    assert first.value == 30
    assert np.array_equal(first.curve.iterates, second.curve.iterates)
    assert np.array_equal(first.curve.steps, second.curve.steps)
    words = eq.StackelbergPOMDP(
        eq.models.simple_allocation(3, 2),
        response=co.MultiplicativeWeights(final="argmax"),
        response_plays=20,
    )
    learned = eq.train_leader(words, seed=0, steps=4000, learner="ppo", until=0.66)
    assert learned.value == pytest.approx(2 / 3, abs=0.003)


@needed
def test_a_mix_is_an_action_of_weights():
    learned = eq.train_leader(escape(mixed=True), seed=0, steps=400, learner=co.PPO(copies=8))
    assert learned.policy.probabilities().sum() == pytest.approx(1)
    assert learned.setting.mixed


@needed
@pytest.mark.parametrize("hidden", [False, True])
def test_the_actor_sees_the_leaders_observation_alone(hidden):
    import torch
    from stable_baselines3.common.policies import ActorCriticPolicy

    from eqsolve.commitment import _stable_baselines as inside

    game = eq.models.simple_allocation(3, 2)
    pomdp = eq.StackelbergPOMDP(
        game, response=co.MultiplicativeWeights(), response_plays=5, hide_response=hidden
    )
    copies = inside.Copies(pomdp.setting, 4, 0)
    copies.leader = inside._even(pomdp.setting, 0)
    assert copies.reset().shape == (4, 2 + len(pomdp.critic_names))
    policy = inside.Policy(
        copies.observation_space, copies.action_space, lambda _: 1e-3, seen=2, width=8
    )
    assert isinstance(policy, ActorCriticPolicy)
    seen = torch.zeros((2, copies.observation_space.shape[0]))
    seen[:, 0] = 1.0
    seen[1, 2:] = torch.rand(seen.shape[1] - 2)
    with torch.no_grad():
        law = policy.get_distribution(seen).distribution.probs
        worth = policy.predict_values(seen)
    assert torch.equal(law[0], law[1])
    assert not torch.equal(worth[0], worth[1])


@needed
def test_hidden_response_phases_run():
    learned = eq.train_leader(
        escape(hide_response=True), seed=0, steps=100, learner=co.PPO(copies=4, questions=4)
    )
    assert learned.value in (15.0, 10.0, 30.0)
