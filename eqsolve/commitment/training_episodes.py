"""Episodes as a learner needs them: rewards of commitments drawn, and where their answers counted.

Rewards are the leader's expected values wherever those can be computed, so that the only noise is
the followers'. An answer at observation o counts if some play under the commitment comes to o; in
games whose plays cannot be listed, if one did.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.commitment.enumeration import randomness
from eqsolve.commitment.episodes import Episodes, play, play_episodes
from eqsolve.commitment.policy import Commitment, MixedCommitment
from eqsolve.commitment.responses.protocol import Behaviour
from eqsolve.commitment.setting import Setting
from eqsolve.commitment.subgame import Subgame
from eqsolve.errors import ResponseNotFinished

Array = NDArray[np.float64]
WALKED = 4_000_000  # cells times commitments up to which plays are walked to see what is asked


@dataclass(frozen=True, eq=False)
class TrainingEpisodes:
    """A setting, played out for a learner.

    Parameters
    ----------
    setting : Setting
    """

    setting: Setting

    @property
    def exact(self) -> bool:
        """Whether rewards are expected values, not averages over plays of the reward phase."""
        return self.setting.game.graph is not None and self.setting.response.memoryless

    @property
    def certain(self) -> bool:
        """Whether a commitment always earns the same."""
        return self.exact and randomness(self.setting) is None

    def commitment(self, tables: NDArray[Any]) -> Commitment | MixedCommitment:
        """Tables (B, observations) or (B, observations, actions) as a batch."""
        return MixedCommitment(tables) if self.setting.mixed else Commitment(tables)

    def rewards(
        self,
        commitment: Commitment | MixedCommitment,
        rng: np.random.Generator,
        met: Commitment | MixedCommitment | None = None,
    ) -> tuple[Array, NDArray[np.bool_]]:
        """Rewards (B,), and where answers counted, (B, observations).

        A reward is -inf where followers had to come to an end and did not.

        Parameters
        ----------
        commitment : Commitment or MixedCommitment
        rng : numpy.random.Generator
        met : Commitment or MixedCommitment, optional
            Another commitment to run the response phase against (`Setting.hide_response`).
        """
        listed = self.setting.game.graph is not None
        went = play_episodes(
            self.setting.forgiving,
            commitment if met is None else met,
            rng,
            exact=self.exact,
            record_asked=not listed,
        )
        if met is None:
            paid, asked = went.rewards, went.response_asked
            if not listed and went.reward_asked is not None and asked is not None:
                asked = asked | went.reward_asked
        else:
            paid, asked = self._paid_after(went, commitment, rng), None
        if self.setting.response.demands_end:
            paid = np.where(went.finished, paid, -np.inf)
        if listed:
            asked = self._reached(commitment)
        if asked is None:
            asked = np.ones((paid.size, self.setting.game.leader_observations), dtype=bool)
        return paid, asked

    def values(self, tables: NDArray[Any], rng: np.random.Generator, times: int) -> Array:
        """Each table's value in `times` episodes, (tables, times); -inf where unfinished."""
        many = self.commitment(np.repeat(tables, times, axis=0))
        went = play_episodes(self.setting.forgiving, many, rng, exact=self.exact)
        ended = went.finished | (not self.setting.response.demands_end)
        return np.where(ended, went.rewards, -np.inf).reshape(-1, times)

    def least(self, paid: Array) -> Array:
        """Commitments to which followers find no answer earn as little as any that was drawn.

        Raises
        ------
        ResponseNotFinished
            When they found one to none.
        """
        ended = np.isfinite(paid)
        if ended.all():
            return paid
        if not ended.any():
            raise ResponseNotFinished(
                f"{self.setting.response!r} did not finish after {self.setting.response_plays} "
                f"plays against any of {paid.size} commitments. Give it more plays, or say "
                "unfinished='say'."
            )
        return np.where(ended, paid, paid[ended].min())

    def _paid_after(
        self, went: Episodes, commitment: Commitment | MixedCommitment, rng: np.random.Generator
    ) -> Array:
        """The reward phase under one commitment, after a response phase under another."""
        setting, subgame = self.setting, Subgame(self.setting.game, commitment)
        if self.exact:
            return subgame.leader_value(went.behaviour)
        total, state = np.zeros(commitment.batch), went.state
        for _ in range(setting.reward_plays):
            now: Behaviour = setting.response.final_behaviour(setting.game, state)
            outcome = play(setting, subgame, partial(_same, now), rng, rewarded=True)
            assert outcome.payoffs is not None
            total += outcome.payoffs[:, 0]
            state = setting.response.carry(setting.game, state, outcome)
        return np.asarray(total / setting.reward_plays)

    def _reached(self, commitment: Commitment | MixedCommitment) -> NDArray[np.bool_] | None:
        """Observations that some play under a pure commitment comes to; None for everywhere."""
        game, graph = self.setting.game, self.setting.game.graph
        cells = graph.roots.size
        if graph.blind or not isinstance(commitment, Commitment):
            return None
        if cells * commitment.batch > WALKED:
            return None
        assert game.prior is not None
        dealt = np.repeat(game.prior > 0, graph.profiles)
        at = np.repeat(np.flatnonzero(dealt)[:, None], commitment.batch, axis=1)
        out = np.zeros((commitment.batch, game.leader_observations + 1), dtype=bool)
        for seen in graph.asked(at, commitment):
            out[np.arange(commitment.batch), seen] = True
        return out[:, :-1]


def _same(behaviour: Behaviour) -> Behaviour:
    return behaviour
