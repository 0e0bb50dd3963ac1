"""Proximal policy optimization by stable-baselines3, with an actor that sees less than its critic.

The leader's problem one question at a time, many copies side by side: the actor's network is given
the leader's observation of the base game alone, one-hot, and the critic's network that and
everything the setting's critic may see (phase, clock, followers). An answer stands for the whole
episode (``ask="episode"``), which makes one commitment of whatever the actor draws. Where the
leader commits to mixes, an action is a vector of weights.

Schulman and others (2017); an asymmetric critic: Pinto and others (2018). Needs the extra `rl`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.commitment.actor_critic import Standing, check_counts, stream
from eqsolve.commitment.contenders import SEASONED, Contenders
from eqsolve.commitment.questions import read_answers
from eqsolve.commitment.setting import Setting
from eqsolve.commitment.training_episodes import TrainingEpisodes
from eqsolve.errors import NotInstalled

Array = NDArray[np.float64]


@dataclass(frozen=True)
class PPO:
    """Options of stable-baselines3's PPO; further ones go to it as they are.

    Parameters
    ----------
    copies : int
        Environments side by side.
    questions : int
        Asked of each in an update (`n_steps`).
    looks : int
        Episodes in which the likeliest commitment is played by itself after each update, where
        its value is random.
    width : int
        Of both networks' two layers.
    rate : float
        Learning rate.
    bonus : float
        Of the entropy.

    Raises
    ------
    BadCommitment
        Naming the option that is out of range.

    Examples
    --------
    >>> PPO(copies=16).questions
    16
    """

    copies: int = 32
    questions: int = 16
    looks: int = 8
    width: int = 64
    rate: float = 3e-3
    bonus: float = 0.01

    name = "ppo"

    def __post_init__(self) -> None:
        check_counts(self, ("copies", "questions", "looks", "width"))

    def run(
        self,
        setting: Setting,
        seed: int,
        steps: int,
        until: float | None,
        report: Callable[[int], None],
    ) -> PPORun:
        """Train for so many episodes, or until the learned policy is worth `until`.

        Raises
        ------
        NotInstalled
            Without stable-baselines3 or torch.
        """
        try:
            from eqsolve.commitment._stable_baselines import train
        except ImportError:
            raise NotInstalled("stable-baselines3", "The learner 'ppo'", "rl") from None
        run = PPORun(self, replace(setting, ask="episode"), seed, steps, until, report)
        train(run)
        return run


@dataclass
class PPORun:
    """A run under way; as `actor_critic.Run`, for what is made of it in the end."""

    learner: PPO
    setting: Setting
    seed: int
    steps: int
    until: float | None
    report: Callable[[int], None]
    interrupted: bool = False
    done: int = 0

    def __post_init__(self) -> None:
        game = self.setting.game
        shape = (game.leader_observations, *((game.leader_actions,) * self.setting.mixed))
        self.episodes = TrainingEpisodes(self.setting)
        none = Contenders.none(shape, self.setting.mixed, self.episodes.certain)
        self.now = Standing({}, none)

    def look(self, answers: NDArray[Any]) -> bool:
        """Play the likeliest answers (observations[, actions]); whether training is over."""
        tables = read_answers(self.setting, answers)[None]
        now = self.now
        rng = stream(self.seed, "update", now.updates)
        times, known = self.learner.looks, now.contenders
        if self.setting.hide_response:
            times = SEASONED
            known = Contenders.none(tables.shape[1:], self.setting.mixed, self.episodes.certain)
        if self.episodes.certain:
            times = 1
        else:
            tables = np.concatenate([tables, known.tables])
        contenders = known.joined(tables, self.episodes.values(tables, rng, times))
        point = (self.done, contenders.value)
        self.now = Standing({}, contenders, now.updates + 1, (*now.curve, point))
        return self.done >= self.steps or (self.until is not None and point[1] >= self.until)
