"""Followers who know the leader's commitment and answer it best.

Each type of each follower takes an action of largest expected payoff in the subgame, against
the others' current behaviour; followers move in turn, round after round, until nobody wants to
move. With one follower that is one round, and the answer is exact. With several, where it comes
to rest is a Bayesian Nash equilibrium in pure strategies of the subgame (with ties, a mixed one
that the ties leave best); it need not come to rest.

Ties are split in one of three ways:

    optimistic    for the leader: the strong Stackelberg equilibrium
    pessimistic   against it: the weak one (von Stengel and Zamir 2010)
    uniform       evenly over all that are tied
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eqsolve.commitment.batch_game import BatchGame, State
from eqsolve.commitment.responses.per_type import check_option, tied
from eqsolve.commitment.responses.protocol import Behaviour, Outcome, Response
from eqsolve.errors import BadCommitment

Array = NDArray[np.float64]
TIES = ("optimistic", "pessimistic", "uniform")
UNFINISHED = ("raise", "say")


@dataclass(frozen=True)
class BestResponse(Response):
    """Exact best responses, in turn where there are several followers.

    Parameters
    ----------
    ties : "optimistic", "pessimistic" or "uniform"
        In the leader's favour, against it, or even. Actions that tie for the leader as well
        are mixed evenly.
    rounds : int
        Rounds after which followers who still move are given up.
    unfinished : "raise" or "say"
        What then happens: `ResponseNotFinished`, or ``finished`` is False in what is returned.

    Raises
    ------
    BadCommitment
        For an unknown word, or no round.

    Examples
    --------
    >>> from eqsolve.commitment import StackelbergPOMDP
    >>> from eqsolve.games import NormalFormGame
    >>> conitzer = NormalFormGame.bimatrix([[1, 3], [0, 2]], [[1, 0], [0, 1]])
    >>> lead = StackelbergPOMDP(conitzer, response=BestResponse(), mixed=True)
    >>> lead.play([[0.5, 0.5]], exact=True).rewards
    array([2.5])
    """

    ties: str = "optimistic"
    rounds: int = 100
    unfinished: str = "raise"

    queries = "table"

    def __post_init__(self) -> None:
        check_option(self, "ties", TIES)
        check_option(self, "unfinished", UNFINISHED)
        if self.rounds < 1:
            raise BadCommitment(f"BestResponse: rounds must be 1 or more, not {self.rounds!r}.")

    @property
    def horizon(self) -> int:  # type: ignore[override]
        """As many plays as there are rounds."""
        return self.rounds

    @property
    def demands_end(self) -> bool:  # type: ignore[override]
        """Whether followers who do not come to rest are an error."""
        return self.unfinished == "raise"

    def start(self, game: BatchGame, batch: int) -> State:
        """Everybody mixes evenly; nobody is at rest."""
        even = [
            np.full((batch, t, a), 1.0 / a) for t, a in zip(game.types, game.actions, strict=True)
        ]
        return (np.ones(batch, dtype=bool), *even)

    def behaviour(self, game: BatchGame, state: State) -> Behaviour:
        """The current best responses."""
        return Behaviour(tuple(state[1:]))

    def update(self, game: BatchGame, state: State, outcome: Outcome) -> State:
        """One round: followers answer in turn."""
        mixes = list(state[1:])
        moved = np.zeros(state[0].size, dtype=bool)
        for k in range(game.followers):
            answer = self._answer(outcome, k, tuple(mixes))
            moved |= (np.abs(answer - mixes[k]) > 0).any(axis=(1, 2))
            mixes[k] = answer
        if game.followers == 1:
            # What answers nobody but the leader need not be answered again.
            moved = np.zeros_like(moved)
        return (moved, *mixes)

    def finished(self, game: BatchGame, state: State) -> NDArray[np.bool_]:
        """Nobody has moved in the last round."""
        return ~state[0]

    def _answer(self, outcome: Outcome, follower: int, mixes: tuple[Array, ...]) -> Array:
        own = outcome.subgame.deviation_payoffs_of(follower, mixes)
        best = tied(own)
        if self.ties != "uniform":
            leads = outcome.subgame.deviation_payoffs_of(follower, mixes, of_leader=True)
            if self.ties == "pessimistic":
                leads = -leads
            best = best & tied(np.where(best, leads, -np.inf))
        return np.asarray(best / best.sum(axis=2, keepdims=True))
