"""What stable-baselines3 needs: copies as its kind of environment, and an asymmetric policy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3 import PPO as Learner
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.vec_env import VecEnv

from eqsolve.commitment.critic import critic_names, critic_observations
from eqsolve.commitment.pomdp import action_space
from eqsolve.commitment.ppo import PPORun
from eqsolve.commitment.questions import Questions, read_answers
from eqsolve.commitment.setting import Setting

ENDLESS = 10**12  # steps; the callback ends training


class Copies(VecEnv):  # type: ignore[misc]
    """Copies of the leader's problem; an observation is (leader's, one-hot; critic's)."""

    def __init__(self, setting: Setting, copies: int, seed: int) -> None:
        self.setting, self._rng = setting, np.random.default_rng(seed)
        self.seen = setting.game.leader_observations
        width = self.seen + len(critic_names(setting))
        space = gymnasium.spaces.Box(-np.inf, np.inf, (width,), np.float32)
        super().__init__(copies, space, action_space(setting))
        self._questions = Questions(setting, copies)
        self.leader: Any = None

    def reset(self) -> NDArray[np.float32]:
        """New episodes everywhere."""
        self._questions.leader = self.leader
        self._questions.begin(slice(None), self._rng)
        return self._observed()

    def step_async(self, actions: NDArray[Any]) -> None:
        """Note the answers."""
        self._actions = actions

    def step_wait(self) -> Any:
        """Answer; episodes that have ended begin anew."""
        answers = read_answers(self.setting, np.asarray(self._actions))
        rewards, ended = self._questions.answer(answers, self._rng)
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        if ended.any():
            last = self._observed()
            for row in np.flatnonzero(ended):
                infos[row]["terminal_observation"] = last[row]
            self._questions.leader = self.leader
            self._questions.begin(np.flatnonzero(ended), self._rng)
        return self._observed(), rewards.astype(np.float32), ended, infos

    def _observed(self) -> NDArray[np.float32]:
        own = np.eye(self.seen, dtype=np.float32)[self._questions.observation]
        return np.concatenate([own, critic_observations(self.setting, self._questions)], axis=1)

    def close(self) -> None:
        """Nothing to close."""

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """Of all copies."""
        return [getattr(self, attr_name, None)] * self.num_envs

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Of all copies."""
        setattr(self, attr_name, value)

    def env_method(self, method_name: str, *args: Any, indices: Any = None, **options: Any) -> Any:
        """Copies have no methods of their own."""
        raise AttributeError(f"The batch of episodes has no copies with a method {method_name!r}.")

    def env_is_wrapped(self, wrapper_class: Any, indices: Any = None) -> list[bool]:
        """They are not."""
        return [False] * self.num_envs


class Asymmetric(torch.nn.Module):  # type: ignore[misc]
    """Two networks: the actor's is given the leader's observation alone."""

    def __init__(self, features: int, seen: int, width: int) -> None:
        super().__init__()
        self.seen, self.latent_dim_pi, self.latent_dim_vf = seen, width, width
        self.actor, self.critic = _network(seen, width), _network(features, width)

    def forward(self, features: Any) -> tuple[Any, Any]:
        """Both."""
        return self.forward_actor(features), self.forward_critic(features)

    def forward_actor(self, features: Any) -> Any:
        """What the policy is made of."""
        return self.actor(features[:, : self.seen])

    def forward_critic(self, features: Any) -> Any:
        """What the value is made of."""
        return self.critic(features)


def _network(inputs: int, width: int) -> torch.nn.Sequential:
    tanh = torch.nn.Tanh
    return torch.nn.Sequential(
        torch.nn.Linear(inputs, width), tanh(), torch.nn.Linear(width, width), tanh()
    )


class Policy(ActorCriticPolicy):  # type: ignore[misc]
    """stable-baselines3's policy with those two networks."""

    def __init__(self, *args: Any, seen: int, width: int, **options: Any) -> None:
        self._seen, self._width = seen, width
        super().__init__(*args, **options)

    def _build_mlp_extractor(self) -> None:
        self.mlp_extractor = Asymmetric(self.features_dim, self._seen, self._width)


class Watch(BaseCallback):  # type: ignore[misc]
    """Counts episodes, looks at the likeliest commitment after each update, and ends training."""

    def __init__(self, run: PPORun) -> None:
        super().__init__()
        self.run = run

    def _on_step(self) -> bool:
        ended = int(np.sum(self.locals["dones"]))
        self.run.done += ended
        self.run.report(ended)
        return True

    def answers(self) -> NDArray[Any]:
        """The likeliest answer at every observation."""
        copies = self.training_env
        shown = np.zeros((copies.seen, copies.observation_space.shape[0]), dtype=np.float32)
        shown[:, : copies.seen] = np.eye(copies.seen)
        return np.asarray(self.model.predict(shown, deterministic=True)[0])

    def _on_rollout_start(self) -> None:
        if self.run.setting.hide_response:
            # Followers respond to what the policy would draw now, not to the answers given.
            self.training_env.leader = self._drawn

    def _drawn(self, observations: NDArray[Any]) -> NDArray[Any]:
        copies = self.training_env
        shown = np.zeros((len(observations), copies.observation_space.shape[0]), np.float32)
        shown[np.arange(len(observations)), observations] = 1.0
        return np.asarray(self.model.predict(shown)[0])


class _Over(Exception):
    """Training has come to its end."""


class Ending(Watch):
    """Looks before every collection of episodes, which is after every update but the last."""

    def _on_rollout_start(self) -> None:
        super()._on_rollout_start()
        if self.num_timesteps and self.run.look(self.answers()):
            raise _Over


def train(run: PPORun) -> None:
    """Train until the run says that it is over."""
    options, setting = run.learner, run.setting
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # networks this small are slower on several
    copies = Copies(setting, options.copies, run.seed)
    if setting.hide_response:
        copies.leader = _even(setting, run.seed)
    size = options.copies * options.questions
    model = Learner(
        Policy,
        copies,
        n_steps=options.questions,
        batch_size=min(size, 256),
        gamma=1.0,
        gae_lambda=1.0,
        learning_rate=options.rate,
        ent_coef=options.bonus,
        policy_kwargs={"seen": copies.seen, "width": options.width},
        seed=run.seed % 2**32,
        device="cpu",
    )
    try:
        model.learn(ENDLESS, callback=Ending(run))
    except _Over:
        pass
    except KeyboardInterrupt:
        run.interrupted = True
    finally:
        torch.set_num_threads(threads)


def _even(setting: Setting, seed: int) -> Any:
    """Even answers, until there is a policy."""
    rng, count = np.random.default_rng(seed), setting.game.leader_actions

    def answer(observations: Sequence[int]) -> NDArray[Any]:
        if setting.mixed:
            return rng.random((len(observations), count))
        return rng.integers(count, size=len(observations))

    return answer
