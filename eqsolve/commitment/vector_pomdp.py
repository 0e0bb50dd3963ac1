"""Many episodes of the Stackelberg POMDP side by side: a `gymnasium.vector.VectorEnv`.

Every copy waits with a question of its own and the leader answers all at once. Copies may ask
different numbers of questions a play; each goes on as soon as its own is answered, and begins a
new episode in the step in which the last one ended (autoreset mode "same step").
"""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from eqsolve.commitment.critic import critic_names, critic_observations
from eqsolve.commitment.pomdp import (
    StackelbergPOMDP,
    action_space,
    critic_space,
)
from eqsolve.commitment.questions import Questions, read_answers
from eqsolve.errors import BadCommitment

Array = NDArray[np.float64]
Integers = NDArray[np.int64]


class VectorStackelbergPOMDP(VectorEnv[Any, Any, Any]):
    """B copies of a `StackelbergPOMDP`.

    Parameters
    ----------
    pomdp : StackelbergPOMDP
    num_envs : int
        B.

    Raises
    ------
    BadCommitment
        When there is no copy.

    Notes
    -----
    ``infos["critic"]`` (B, features) is what a critic sees (``critic="full"``). Where an episode
    has ended, ``infos["_final_obs"]`` is True, ``infos["final_obs"]`` its last observation and
    ``infos["finished"]`` whether its response came to its own end.

    Examples
    --------
    >>> from eqsolve.commitment import MultiplicativeWeights
    >>> from eqsolve.games import NormalFormGame
    >>> conitzer = NormalFormGame.bimatrix([[1, 3], [0, 2]], [[1, 0], [0, 1]])
    >>> one = StackelbergPOMDP(
    ...     conitzer, response=MultiplicativeWeights(final="argmax"), response_plays=4
    ... )
    >>> envs = VectorStackelbergPOMDP(one, num_envs=2)
    >>> observations, infos = envs.reset(seed=0)
    >>> for _ in range(5):
    ...     observations, rewards, ended, truncated, infos = envs.step(np.array([0, 1]))
    >>> rewards, ended
    (array([1., 2.]), array([ True,  True]))
    """

    metadata: dict[str, Any] = {  # noqa: RUF012 (gymnasium's own form)
        "render_modes": [],
        "autoreset_mode": AutoresetMode.SAME_STEP,
    }

    def __init__(self, pomdp: StackelbergPOMDP, num_envs: int) -> None:
        if num_envs < 1:
            raise BadCommitment(f"num_envs must be 1 or more, not {num_envs!r}.")
        self.setting, self.num_envs = pomdp.setting, num_envs
        self.single_observation_space = spaces.Discrete(self.setting.game.leader_observations)
        self.single_action_space = action_space(self.setting)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.critic_space = critic_space(self.setting)
        self._questions = Questions(self.setting, num_envs)
        self._running = False

    @property
    def critic_names(self) -> tuple[str, ...]:
        """What each entry of the critic's observations is."""
        return critic_names(self.setting)

    def critic_observations(self) -> NDArray[np.float32]:
        """What a critic sees now, (B, features)."""
        return critic_observations(self.setting, self._questions)

    def answer_with(self, policy: Any) -> None:
        """As `StackelbergPOMDP.answer_with`."""
        self._questions.leader = policy

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin an episode in every copy."""
        super().reset(seed=seed)
        self._questions.begin(slice(None), self.np_random)
        self._running = True
        return self._questions.observation.copy(), self._infos()

    def step(
        self, actions: Any
    ) -> tuple[Any, Array, NDArray[np.bool_], NDArray[np.bool_], dict[str, Any]]:
        """Answer every copy's question."""
        if not self._running:
            raise BadCommitment("Call reset() before step().")
        answers = read_answers(self.setting, np.asarray(actions))
        rewards, ended = self._questions.answer(answers, self.np_random)
        infos: dict[str, Any] = {}
        if ended.any():
            infos = {
                "final_obs": self._questions.observation.copy(),
                "_final_obs": ended,
                "finished": self._questions.finished & ended,
                "_finished": ended,
            }
            rows = slice(None) if ended.all() else np.flatnonzero(ended)
            self._questions.begin(rows, self.np_random)
        infos.update(self._infos())
        truncated = np.zeros(self.num_envs, dtype=bool)
        return self._questions.observation.copy(), rewards, ended, truncated, infos

    def _infos(self) -> dict[str, Any]:
        return {} if self.setting.critic == "none" else {"critic": self.critic_observations()}
