"""The leader's problem with one step an episode: the action is a whole policy.

    action   a table, the leader's action (or mix) at every observation
    reward   the leader's value in the reward phase, once followers have responded to it

so that bandit algorithms, evolution strategies and any other search over policies apply. It is
the same problem: what `StackelbergPOMDP` asks one observation at a time is answered at once.
"""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from eqsolve.commitment.episodes import play_episodes
from eqsolve.commitment.policy import Commitment, MixedCommitment
from eqsolve.commitment.pomdp import StackelbergPOMDP
from eqsolve.commitment.questions import read_answers
from eqsolve.errors import BadCommitment

Array = NDArray[np.float64]


class CommitmentEnv(gymnasium.Env[Any, Any]):
    """One step an episode: a policy table in, the leader's value out.

    Parameters
    ----------
    pomdp : StackelbergPOMDP
    exact : bool, optional
        Reward the leader's expected value, not an average over plays of the reward phase.
        Default: wherever it can be computed.

    Attributes
    ----------
    action_space : MultiDiscrete (observations,), or Box (observations, actions)
        The latter where the leader commits to mixes: weights in [0, 1], row by row in
        proportion, evenly where all are zero.
    observation_space : Discrete(1)
        There is nothing to see.

    Raises
    ------
    BadCommitment
        When an exact value is asked for where there is none.

    Examples
    --------
    >>> from eqsolve.commitment import BestResponse
    >>> from eqsolve.games import NormalFormGame
    >>> conitzer = NormalFormGame.bimatrix([[1, 3], [0, 2]], [[1, 0], [0, 1]])
    >>> env = CommitmentEnv(StackelbergPOMDP(conitzer, response=BestResponse(), mixed=True))
    >>> _ = env.reset(seed=0)
    >>> env.step(np.array([[0.5, 0.5]]))[1]
    2.5
    """

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012 (gymnasium's own form)

    def __init__(self, pomdp: StackelbergPOMDP, *, exact: bool | None = None) -> None:
        self.setting = pomdp.setting
        game = self.setting.game
        can = game.graph is not None and self.setting.response.memoryless
        if exact and not can:
            raise BadCommitment(
                f"The leader's value in {game.name} against {self.setting.response!r} cannot be "
                "computed exactly; leave out exact=True."
            )
        self.exact = can if exact is None else exact
        seen, acts = game.leader_observations, game.leader_actions
        self.observation_space = spaces.Discrete(1)
        self.action_space: spaces.Space[Any] = (
            spaces.Box(0.0, 1.0, (seen, acts), np.float64)
            if self.setting.mixed
            else spaces.MultiDiscrete(np.full(seen, acts))
        )

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Nothing to see."""
        super().reset(seed=seed)
        return 0, {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Commit; the episode ends.

        Raises
        ------
        BadCommitment
            When the action is no table.
        """
        rewards, infos = self.values(np.asarray(action)[None])
        return 0, float(rewards[0]), True, False, {k: v[0] for k, v in infos.items()}

    def values(self, tables: Any) -> tuple[Array, dict[str, NDArray[Any]]]:
        """Rewards (B,) of many tables (B, observations[, actions]) at once, and infos.

        Raises
        ------
        BadCommitment
            When a table has the wrong shape, or an entry that is no action.
        """
        game = self.setting.game
        given = np.asarray(tables)
        shape = (game.leader_observations, *((game.leader_actions,) * self.setting.mixed))
        if given.shape[1:] != shape:
            raise BadCommitment(
                f"A policy of {game.name} is a table of shape {shape}, not {given.shape[1:]}."
            )
        flat = given.reshape(-1, *shape[1:])
        table = read_answers(self.setting, flat).reshape(given.shape)
        commitment = MixedCommitment(table) if self.setting.mixed else Commitment(table)
        episodes = play_episodes(self.setting, commitment, self.np_random, exact=self.exact)
        return episodes.rewards, {"finished": episodes.finished}
