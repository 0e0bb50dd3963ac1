"""Followers who learn until their play is nearly an equilibrium of what the leader has set.

The Bayesian coarse correlated gap of average joint play (see `eqsolve.commitment.subgame`) is
measured from the subgame itself, exactly, every few plays. Once it is below a bound they stop,
and behave in the reward phase as they did on average: jointly, one of the plays so far drawn
evenly and followed by all. Where the bound is not met in the plays there are, that is said.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from eqsolve.commitment.batch_game import BatchGame, State
from eqsolve.commitment.responses.per_type import PerType, check_option
from eqsolve.commitment.responses.protocol import Behaviour, Outcome, Response
from eqsolve.errors import BadCommitment

Array = NDArray[np.float64]
UNFINISHED = ("say", "raise")


@dataclass(frozen=True)
class Certified(Response):
    """A learner that plays until the coarse correlated gap is below a bound.

    Parameters
    ----------
    inner : MultiplicativeWeights, OptimisticMultiplicativeWeights or RegretMatchingPlus
        Its ``final`` is taken as "average_joint", which is what is certified.
    gap : float
        The bound, in the payoffs' own unit.
    most_plays : int
        Plays after which it is given up, unless the POMDP's response_plays say otherwise.
    every : int
        Plays between two measurements.
    unfinished : "say" or "raise"
        When it is given up: ``finished`` is False and ``shortfall`` positive in what is
        returned, or `ResponseNotFinished` is raised.

    Raises
    ------
    BadCommitment
        For an inner response that keeps no mixes, a bound that is not positive, an unknown word.

    Examples
    --------
    >>> import numpy as np
    >>> from eqsolve.commitment import MultiplicativeWeights, StackelbergPOMDP
    >>> from eqsolve.games import NormalFormGame
    >>> conitzer = NormalFormGame.bimatrix([[1, 3], [0, 2]], [[1, 0], [0, 1]])
    >>> lead = StackelbergPOMDP(conitzer, response=Certified(MultiplicativeWeights(), gap=0.05))
    >>> episodes = lead.play(np.array([1]), exact=True)
    >>> bool(episodes.finished[0]), bool(episodes.shortfall[0] <= 0), episodes.plays
    (True, True, array([160]))
    """

    inner: PerType
    gap: float = 0.05
    most_plays: int = 10_000
    every: int = 10
    unfinished: str = "say"

    queries = "table"

    def __post_init__(self) -> None:
        if not isinstance(self.inner, PerType):
            raise BadCommitment(
                f"Certified: inner must be a learner with a mix for every type, such as "
                f"MultiplicativeWeights, not {self.inner!r}."
            )
        if not (np.isfinite(self.gap) and self.gap > 0):
            raise BadCommitment(f"Certified: gap must be positive, not {self.gap!r}.")
        for name in ("most_plays", "every"):
            if getattr(self, name) < 1:
                raise BadCommitment(
                    f"Certified: {name} must be 1 or more, not {getattr(self, name)!r}."
                )
        check_option(self, "unfinished", UNFINISHED)
        twin = copy.copy(self.inner)
        object.__setattr__(twin, "final", "average_joint")
        object.__setattr__(self, "inner", twin)

    @property
    def horizon(self) -> int:  # type: ignore[override]
        """`most_plays`."""
        return self.most_plays

    @property
    def demands_end(self) -> bool:  # type: ignore[override]
        """Whether a bound that is not met is an error."""
        return self.unfinished == "raise"

    def needs_actions(self, game: BatchGame) -> bool:
        """As the inner learner does."""
        return self.inner.needs_actions(game)

    def check(self, game: BatchGame) -> None:
        """Refuse what the inner learner refuses, and games whose plays cannot be listed."""
        super().check(game)
        self.inner.check(game)
        if game.graph is None:
            raise BadCommitment(
                f"Certified: the gap is measured from expected payoffs, and the plays of "
                f"{game.name} cannot be listed."
            )

    def start(self, game: BatchGame, batch: int) -> State:
        """The inner state, and the gap (B,), unknown at first."""
        return (*self.inner.start(game, batch), np.full(batch, np.inf))

    def behaviour(self, game: BatchGame, state: State) -> Behaviour:
        """As the inner learner."""
        return self.inner.behaviour(game, state[:-1])

    def update(self, game: BatchGame, state: State, outcome: Outcome) -> State:
        """The inner learner learns; now and then the gap is measured."""
        subgame = outcome.subgame
        if self.inner.queries == "alternatives":
            told = subgame.alternatives(outcome.deals, outcome.actions)
            outcome = replace(outcome, alternatives=told)
        inner = self.inner.update(game, state[:-1], outcome)
        due = inner[0] % self.every == 0
        gap = state[-1]
        if due.any():
            measured = subgame.coarse_correlated_gap(self.inner.average_joint(game, inner))
            gap = np.where(due, measured, gap)
        return (*inner, gap)

    def final_behaviour(self, game: BatchGame, state: State) -> Behaviour:
        """Average joint play given types."""
        return self.inner.final_behaviour(game, state[:-1])

    def finished(self, game: BatchGame, state: State) -> NDArray[np.bool_]:
        """The gap is within the bound."""
        return np.asarray(state[-1] <= self.gap)

    def shortfall(self, game: BatchGame, state: State) -> Array:
        """By how much the gap exceeds the bound, as last measured; negative when it is met."""
        return np.asarray(state[-1] - self.gap)

    def features(self, game: BatchGame, state: State) -> Array:
        """As of the inner learner."""
        return self.inner.features(game, state[:-1])
