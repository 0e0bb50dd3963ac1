"""The leaders' problems of Brero and others (2022), each with its followers and published value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from eqsolve import models
from eqsolve._optimal_commitment import optimal_commitment
from eqsolve.commitment import MultiplicativeWeights, StackelbergPOMDP
from eqsolve.commitment.optimum import CommitmentOptimum
from eqsolve.commitment.training_episodes import TrainingEpisodes

RANDOM = 512  # commitments drawn evenly, for what a leader earns who has learned nothing
REACHED = 0.01  # share of the optimum, or of the way to it, that may be missing
EPSILON = 0.1


@dataclass(frozen=True)
class LeaderSetting:
    """A leader's problem with a known answer.

    Attributes
    ----------
    name : str
    game : callable
        Returns the game.
    published : float
        The optimum.
    plays : int
        Of the response phase.
    mixed : bool
    unit : float
        Of the followers' payoffs.
    feedback : "expected" or "sampled"
        What followers learn from.
    """

    name: str
    game: Any
    published: float
    plays: int
    mixed: bool = False
    unit: float = 1.0
    feedback: str = "expected"

    @property
    def followers(self) -> str:
        """Algorithm, feedback, reading and ties, in a few words."""
        unit = "" if self.unit == 1 else f", payoffs / {self.unit:g}"
        return f"weights {EPSILON}{unit}, {self.feedback}, argmax, ties even"

    def pomdp(self, **options: Any) -> StackelbergPOMDP:
        """The leader's problem; options are those of `StackelbergPOMDP`."""
        response = MultiplicativeWeights(
            epsilon=EPSILON, final="argmax", feedback=self.feedback, unit=self.unit
        )
        return StackelbergPOMDP(
            self.game(), response=response, response_plays=self.plays, mixed=self.mixed, **options
        )

    def optimum(self) -> CommitmentOptimum:
        """The best commitment, computed; before followers who are told expected payoffs."""
        from dataclasses import replace

        certain = replace(self, feedback="expected")
        return optimal_commitment(certain.pomdp())

    def aims(self, optimum: CommitmentOptimum) -> tuple[float, float]:
        """Values at which 99 % and 99.5 % are reached.

        Of the optimum where it is positive; otherwise of the way to it from what commitments
        drawn evenly earn on average.
        """
        best = optimum.target
        width = best if best > 0 else best - self.ignorant()
        return best - REACHED * width, best - REACHED / 2 * width

    def ignorant(self) -> float:
        """What pure commitments drawn evenly earn on average."""
        setting = self.pomdp().setting
        rng, game = np.random.default_rng(0), setting.game
        shape = (RANDOM, game.leader_observations)
        tables = rng.integers(game.leader_actions, size=shape)
        committed = np.eye(game.leader_actions)[tables] if self.mixed else tables
        return float(TrainingEpisodes(setting).values(committed, rng, 1).mean())


def _known(name: str) -> Any:
    return lambda: models.load(name)


def _words(messages: int) -> Any:
    return lambda: models.simple_allocation(types=3, messages=messages)


def _prices(values: int | str, messages: int) -> Any:
    return lambda: models.message_sequential_price(values=values, messages=messages)


ALL = (
    LeaderSetting("Escape", _known("escape"), 30.0, 33, unit=30.0),
    LeaderSetting("Escape, mixed", _known("escape"), 30.0, 33, True, 30.0),
    LeaderSetting("Maintain", _known("maintain"), 20.0, 33, unit=30.0),
    LeaderSetting("Maintain, mixed", _known("maintain"), 27.5, 33, True, 30.0),
    LeaderSetting("Conitzer", _known("conitzer"), 2.0, 33),
    LeaderSetting("Conitzer, mixed", _known("conitzer"), 2.5, 33, True),
    LeaderSetting("Allocation, 1 message", _words(1), 1 / 3, 33),
    LeaderSetting("Allocation, 2 messages", _words(2), 2 / 3, 33),
    LeaderSetting("Allocation, 3 messages", _words(3), 1.0, 33),
    LeaderSetting("Matrix design", models.matrix_design, 10.0, 33, unit=10.0),
    LeaderSetting("Prices, n = 3", _prices(3, 1), -1 / 18, 10),
    LeaderSetting("Prices, n = 5", _prices(5, 1), -1 / 20, 10),
    LeaderSetting("Prices, asymmetric", _prices("asymmetric", 1), -0.06, 10),
    LeaderSetting("Prices, asymmetric, 2 messages", _prices("asymmetric", 2), 0.0, 100),
    LeaderSetting(
        "Prices, asymmetric, 2 messages, drawn",
        _prices("asymmetric", 2),
        0.0,
        100,
        feedback="sampled",
    ),
    LeaderSetting("Prices, n = 3, 2 messages", _prices(3, 2), 0.0, 100),
)
#: In which few commitments are best: promises of at most 2.
NARROW = LeaderSetting(
    "Matrix design, promises of 0, 1, 2",
    lambda: models.matrix_design(transfers=(0, 1, 2)),
    10.0,
    33,
    unit=10.0,
)
