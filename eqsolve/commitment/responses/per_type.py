"""What learners have in common who keep one mix for every type.

Told what every action would have paid, all else equal, in one of two ways:

    sampled    types are drawn anew every play, others' actions from their mixes, and the type
               that has come learns
    expected   every type learns, from expected payoffs in the subgame, exactly

and read off after the response phase in one of three:

    last            the last mix
    average_joint   average joint play given types: one of the plays so far, drawn evenly, is
                    followed by everybody (not the product of averages, which is another thing)
    argmax          the actions of largest score, ties split evenly

Arrays are (B, types, actions), kept with the plays contiguous.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.commitment.batch_game import BatchGame, State
from eqsolve.commitment.responses.protocol import Behaviour, Outcome, Response, joint_of
from eqsolve.errors import BadCommitment

Array = NDArray[np.float64]
Integers = NDArray[np.int64]
FINALS = ("last", "average_joint", "argmax")
FEEDBACKS = ("sampled", "expected")
TIED = 1e-9  # difference of scores, relative to their size, within which actions are tied
MOST_JOINT = 100_000  # entries of joint play given types up to which its average is kept


class PerType(Response):
    """A learner that keeps scores for every type and action of every follower.

    The state is the number of plays (B,), then each follower's scores (B, types_i, actions_i),
    then each follower's further memory of the same shape, if any; last the sum of joint play,
    where its average is asked for.
    """

    final: str
    feedback: str
    memories = 0  # further arrays a follower

    @property
    def queries(self) -> str:  # type: ignore[override]
        """Alternatives of the plays drawn, or the leader's whole table."""
        return "table" if self.feedback == "expected" else "alternatives"

    @property
    def averages(self) -> bool:
        """Whether joint play is averaged."""
        return self.final == "average_joint"

    def start(self, game: BatchGame, batch: int) -> State:
        """Nothing has been learned."""
        zeros = [
            plays_contiguous(batch, types, actions)
            for _ in range(1 + self.memories)
            for types, actions in zip(game.types, game.actions, strict=True)
        ]
        joint = [np.zeros((batch, *game.types, *game.actions))] if self.averages else []
        return (np.zeros(batch, dtype=np.int64), *zeros, *joint)

    def behaviour(self, game: BatchGame, state: State) -> Behaviour:
        """Each follower's own mix."""
        return Behaviour(self._mixes(game, state))

    def update(self, game: BatchGame, state: State, outcome: Outcome) -> State:
        """Scores take in what actions would have paid."""
        F = game.followers
        expected = self.feedback == "expected"
        mixes = self._mixes(game, state) if expected or self.averages or self.needs_mixes else None
        if expected:
            told = outcome.subgame.deviation_payoffs(mixes)
        else:
            assert outcome.alternatives is not None
            told = outcome.alternatives
        scores, memories = [], []
        for k in range(F):
            paid, came = told[k], None
            if not expected and game.types[k] > 1:
                came = outcome.types[:, k, None] == np.arange(game.types[k])
            if paid.ndim == 2:
                paid = paid[:, None]
            own = tuple(state[1 + k + F * m] for m in range(1 + self.memories))
            new, *rest = self._learn(game, own, None if mixes is None else mixes[k], paid, came)
            scores.append(new)
            memories.append(rest)
        kept = [memories[k][m] for m in range(self.memories) for k in range(F)]
        joint = []
        if self.averages:
            assert mixes is not None
            joint = [state[-1] + joint_of(mixes)]
        return (state[0] + 1, *scores, *kept, *joint)

    def final_behaviour(self, game: BatchGame, state: State) -> Behaviour:
        """As `final` says."""
        if self.final == "argmax":
            return Behaviour(tuple(even_best(own) for own in state[1 : 1 + game.followers]))
        if self.averages and (state[0] > 0).all():
            return self.average_joint(game, state)
        return self.behaviour(game, state)

    def average_joint(self, game: BatchGame, state: State) -> Behaviour:
        """Average joint play given types so far; needs ``final="average_joint"``."""
        if not self.averages:
            raise BadCommitment(
                f"{type(self).__name__}: average joint play is kept with final='average_joint'."
            )
        count = state[0].reshape(-1, *(1,) * (state[-1].ndim - 1))
        return Behaviour(joint=state[-1] / count)

    def check(self, game: BatchGame) -> None:
        """Refuse games in which followers act repeatedly, or joint play is too large to keep."""
        super().check(game)
        size = float(np.prod(game.types, dtype=float) * np.prod(game.actions, dtype=float))
        if self.averages and size > MOST_JOINT:
            raise BadCommitment(
                f"{type(self).__name__}: joint play of {game.name} has {size:.3g} entries, more "
                f"than the {MOST_JOINT} of which an average is kept; use another final."
            )

    @abstractmethod
    def regret_bound(self, plays: Any, actions: int, spread: Any) -> Array:
        """Proven regret of a type that has come in so many plays, in the payoffs' own unit.

        Parameters
        ----------
        plays : array_like
        actions : int
        spread : array_like
            Largest payoff less smallest.
        """

    def gap_bound(self, subgame: Any, plays: int, confidence: float = 0.95) -> Array:
        """How large the coarse correlated gap of average joint play can be.

        Parameters
        ----------
        subgame : Subgame
            The followers' game under B policies.
        plays : int
            T, of the response phase.
        confidence : float
            With sampled feedback, the probability that the bound holds for all types together.
            With expected feedback it holds for sure.

        Returns
        -------
        ndarray (B,)

        Notes
        -----
        A type of probability p comes m times, at most p T + sqrt(T ln(1/d) / 2) (Hoeffding).
        Its gains summed over the plays, each in [-S, S], are less than its regret plus
        S sqrt(2 T ln(1/d)) (Azuma), and on average p times those given the type; d is what is
        left of the confidence, shared among all types and actions.
        """
        game, T = subgame.game, float(plays)
        sampled = self.feedback == "sampled"
        events = sum(t * (1 + a) for t, a in zip(game.types, game.actions, strict=True))
        log = np.log(events / (1.0 - confidence)) if sampled else 0.0
        out = np.zeros(subgame.batch)
        for k, (law, size) in enumerate(zip(subgame.type_laws, game.actions, strict=True)):
            spread = subgame.spreads[:, 1 + k]
            for p in law[law > 0]:
                if not sampled:
                    bound = self.regret_bound(T, size, spread) / T
                else:
                    most = np.minimum(T, p * T + np.sqrt(T * log / 2))
                    regret = self.regret_bound(most, size, spread)
                    bound = (regret + spread * np.sqrt(2 * T * log)) / (p * T)
                out = np.maximum(out, bound)
        return out

    needs_mixes = False  # whether learning from sampled payoffs depends on one's own mix

    def _mixes(self, game: BatchGame, state: State) -> tuple[Array, ...]:
        F = game.followers
        return tuple(
            self._mix(tuple(state[1 + k + F * m] for m in range(1 + self.memories)))
            for k in range(F)
        )

    def _check_options(self) -> None:
        check_option(self, "final", FINALS)
        check_option(self, "feedback", FEEDBACKS)

    @abstractmethod
    def _mix(self, own: tuple[Array, ...]) -> Array:
        """The mixes (B, types, actions) of one follower's scores and memories."""

    @abstractmethod
    def _learn(
        self,
        game: BatchGame,
        own: tuple[Array, ...],
        mix: Array | None,
        paid: Array,
        came: NDArray[np.bool_] | None,
    ) -> tuple[Array, ...]:
        """One follower's scores and memories after a play.

        Parameters
        ----------
        own : tuple of ndarray (B, types, actions)
        mix : ndarray (B, types, actions) or None
        paid : ndarray (B, types or 1, actions)
        came : ndarray (B, types) of bool, or None
            Which type has come; None where all learn.
        """


def check_option(response: Any, name: str, choices: tuple[str, ...]) -> None:
    """Refuse words that are no option."""
    value = getattr(response, name)
    if value not in choices:
        raise BadCommitment(
            f"{type(response).__name__}: {name} must be one of {choices}, not {value!r}."
        )


def plays_contiguous(batch: int, types: int, actions: int) -> Array:
    """Zeros (B, types, actions), the plays next to each other in memory."""
    return np.zeros((actions, types, batch)).T


def softmax(scores: Array) -> Array:
    """exp(scores) over the last axis, normalised, however large they are."""
    columns = scores.T
    out = np.exp(columns - columns.max(axis=0))
    out /= out.sum(axis=0)
    return np.asarray(out.T)


def matched(regrets: Array) -> Array:
    """In proportion to nonnegative regrets over the last axis; even where all are zero."""
    columns = regrets.T
    total = columns.sum(axis=0)
    none = total <= 0
    out = (columns + none) / (total + none * columns.shape[0])
    return np.asarray(out.T)


def tied(scores: Array) -> NDArray[np.bool_]:
    """Which scores are largest over the last axis, up to rounding."""
    top = scores.max(axis=-1, keepdims=True)
    return np.asarray(scores >= top - TIED * np.maximum(1.0, np.abs(top)))


def even_best(scores: Array) -> Array:
    """The largest scores over the last axis, tied ones evenly."""
    best = tied(scores)
    return np.asarray(best / best.sum(axis=-1, keepdims=True))
