"""The leader's problem as one partially observable Markov decision process.

An episode of the Stackelberg POMDP plays the base game over and over:

    response phase   E plays, in which followers learn against the leader     reward 0
    reward phase     R plays, in which they behave as learned                 reward u_0 / R each

with discount 1 (Brero, Eden, Chakrabarti, Gerstgrasser, Greenwald, Li and Parkes 2022). In both
the leader sees what it sees in the base game and nothing else, so that a policy for this problem
is a commitment in the base game, and an optimal one is an optimal commitment against followers
who respond so. What a critic may see besides, in training, is kept apart (`critic_observation`).
"""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from eqsolve.commitment.critic import critic_names, critic_observations
from eqsolve.commitment.episodes import Episodes, play_episodes
from eqsolve.commitment.policy import LeaderPolicy, as_commitment
from eqsolve.commitment.questions import Questions, read_answers
from eqsolve.commitment.setting import Setting, make_setting
from eqsolve.errors import BadCommitment

Array = NDArray[np.float64]


class StackelbergPOMDP(gymnasium.Env[Any, Any]):
    """One episode at a time, one question to the leader a step.

    Parameters
    ----------
    game : NormalFormGame, BayesianGame or BatchGame
    leader : player, optional
        Who leads a NormalFormGame or BayesianGame; default the first player.
    response : Response
        How followers respond (`eqsolve.commitment.responses`).
    response_plays : int, optional
        E; may be left out where the response has a horizon of its own.
    reward_plays : int
        R.
    mixed : bool
        The leader commits to mixes that followers see: an action is a vector of weights
        (leader_actions,) in [0, 1], counted in proportion (evenly where all are zero). It is
        asked at every observation then, met or not.
    hide_response : bool
        Ablation: the response phase runs inside `reset`, against the policy given to
        `answer_with`, and the episode is the reward phase alone.
    critic : "full" or "none"
        What `critic_observation` holds besides the leader's observation.
    ask : "play" or "episode"
        Whether the leader's answer to an observation stands for the play, or for the whole
        episode, which makes one commitment of whatever policy answers.

    Raises
    ------
    BadCommitment
        A game without a leader, a response that does not fit or never finishes, numbers of
        plays that are not positive, or an unknown word.

    Notes
    -----
    ``info["critic"]`` holds the critic's observation; at the end of an episode
    ``info["finished"]`` says whether the response came to its own end.

    Examples
    --------
    >>> from eqsolve.commitment import MultiplicativeWeights
    >>> from eqsolve.games import NormalFormGame
    >>> conitzer = NormalFormGame.bimatrix([[1, 3], [0, 2]], [[1, 0], [0, 1]])
    >>> env = StackelbergPOMDP(
    ...     conitzer, leader=0, response=MultiplicativeWeights(final="argmax"), response_plays=9
    ... )
    >>> observation, info = env.reset(seed=0)
    >>> done = False
    >>> while not done:
    ...     observation, reward, done, truncated, info = env.step(1)
    >>> reward  # the leader plays its second row, and the follower has learned to meet it
    2.0
    """

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012 (gymnasium's own form)

    def __init__(
        self,
        game: Any,
        leader: Any = None,
        *,
        response: Any,
        response_plays: int | None = None,
        reward_plays: int = 1,
        mixed: bool = False,
        hide_response: bool = False,
        critic: str = "full",
        ask: str = "play",
    ) -> None:
        self.setting = make_setting(
            game,
            leader,
            response=response,
            response_plays=response_plays,
            reward_plays=reward_plays,
            mixed=mixed,
            hide_response=hide_response,
            critic=critic,
            ask=ask,
        )
        self.observation_space = spaces.Discrete(self.setting.game.leader_observations)
        self.action_space = action_space(self.setting)
        self.critic_space = critic_space(self.setting)
        self._questions = Questions(self.setting, 1)
        self._running = False

    @property
    def game(self) -> Any:
        """The base game, a `BatchGame`."""
        return self.setting.game

    @property
    def response(self) -> Any:
        """How followers respond."""
        return self.setting.response

    @property
    def critic_names(self) -> tuple[str, ...]:
        """What each entry of the critic's observation is."""
        return critic_names(self.setting)

    def critic_observation(self) -> NDArray[np.float32]:
        """What a critic sees now, (features,)."""
        return np.asarray(critic_observations(self.setting, self._questions)[0])

    def answer_with(self, policy: Any) -> None:
        """The leader's answers in a hidden response phase: a policy, or observations to actions.

        Parameters
        ----------
        policy : LeaderPolicy, Commitment, array_like, or callable
            A LeaderPolicy draws one commitment an episode.
        """
        self._questions.leader = policy

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin an episode, up to the leader's first question."""
        super().reset(seed=seed)
        self._questions.begin(slice(None), self.np_random)
        self._running = True
        return self._observed(), self._info()

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Answer the question; the episode goes on to the next.

        Raises
        ------
        BadCommitment
            Outside an episode, or when the action is none.
        """
        if not self._running:
            raise BadCommitment("The episode is over; call reset() first.")
        answers = read_answers(self.setting, np.asarray(action)[None])
        rewards, ended = self._questions.answer(answers, self.np_random)
        self._running = not ended[0]
        info = self._info()
        if ended[0]:
            info["finished"] = bool(self._questions.finished[0])
        return self._observed(), float(rewards[0]), bool(ended[0]), False, info

    def play(
        self,
        policy: Any,
        *,
        seed: Any = None,
        batch: int | None = None,
        exact: bool = False,
        record_asked: bool = False,
    ) -> Episodes:
        """Whole episodes against a leader's policy, B at a time.

        Parameters
        ----------
        policy : Commitment, MixedCommitment, LeaderPolicy or array_like
            As `as_commitment` takes it; a LeaderPolicy draws one commitment an episode, or is
            the mixed commitment itself where the leader commits to mixes.
        seed : int, Generator or None
        batch : int, optional
            How many episodes, where there is one policy.
        exact : bool
            The leader's expected rewards, not averages over plays of the reward phase.
        record_asked : bool
            Note at which observations the leader's answers were used.

        Examples
        --------
        >>> from eqsolve.commitment import MultiplicativeWeights
        >>> from eqsolve.games import NormalFormGame
        >>> conitzer = NormalFormGame.bimatrix([[1, 3], [0, 2]], [[1, 0], [0, 1]])
        >>> env = StackelbergPOMDP(
        ...     conitzer, response=MultiplicativeWeights(final="argmax"), response_plays=9
        ... )
        >>> env.play(np.array([[0], [1]])).rewards
        array([1., 2.])
        """
        rng = np.random.default_rng(seed)
        if isinstance(policy, LeaderPolicy) and not self.setting.mixed:
            policy = policy.sample_commitment(rng, batch or 1)
        commitment = as_commitment(policy, self.game, batch)
        return play_episodes(self.setting, commitment, rng, exact=exact, record_asked=record_asked)

    def _observed(self) -> Any:
        return self._questions.observation[0]

    def _info(self) -> dict[str, Any]:
        if self.setting.critic == "none":
            return {}
        return {"critic": self.critic_observation()}


def action_space(setting: Setting) -> spaces.Space[Any]:
    """What the leader answers: an action, or the weights of a mix."""
    count = setting.game.leader_actions
    if setting.mixed:
        return spaces.Box(0.0, 1.0, (count,), np.float64)
    return spaces.Discrete(count)


def critic_space(setting: Setting) -> spaces.Box:
    """Where the critic's observations lie."""
    return spaces.Box(-np.inf, np.inf, (len(critic_names(setting)),), np.float32)
