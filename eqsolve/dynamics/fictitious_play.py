"""Fictitious play: each player best-responds to how the others have played on average.

With m_t the average of the profiles played up to round t (the start counts as the first),

    x_{t+1, i}  in  argmax u_i(. , m_{t, -i}).

The averages converge to equilibrium in zero-sum games (Robinson 1951), potential games
(Monderer and Shapley 1996) and 2 x n games, and cycle in Shapley's (1964); it is not without
regret against arbitrary opponents.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.dynamics.finite_learner import FiniteLearner
from eqsolve.dynamics.protocol import State
from eqsolve.dynamics.simplices import best_actions, drawn
from eqsolve.errors import EqsolveError

Array = NDArray[np.float64]
TIES = ("first", "even")


@dataclass(frozen=True)
class FictitiousPlay(FiniteLearner):
    """Best responses to average play (Brown 1951).

    With more than two players the others are believed to mix independently.

    Parameters
    ----------
    ties : "first" or "even"
        Among actions that pay the same, the first is played, or all are mixed evenly.
    alternating : bool
        Players move in turn within a round, each counting the moves already made in it
        (Brown's original form).
    feedback : "expected" or "sampled"
        Sampled: what is averaged are actions drawn from the profile.

    Examples
    --------
    >>> import eqsolve as eq
    >>> pennies = eq.NormalFormGame.bimatrix([[1, -1], [-1, 1]])
    >>> path = eq.simulate(pennies, FictitiousPlay(), start=[0, 0], steps=5000)
    >>> bool(path.exploitability()[-1, 0] < 0.02)
    True
    """

    ties: str = "first"
    alternating: bool = False
    feedback: str = "expected"

    def __post_init__(self) -> None:
        self._check_options()
        if self.ties not in TIES:
            raise EqsolveError(f"FictitiousPlay: ties must be one of {TIES}, not {self.ties!r}.")

    def step(
        self, game: Any, profile: Array, state: State, rng: np.random.Generator
    ) -> tuple[Array, State]:
        """Everybody's average takes in the profile; everybody answers the averages."""
        count, totals = state
        seen = profile if self.feedback == "expected" else drawn(profile, game.blocks, rng)
        totals = totals + seen
        if not self.alternating:
            paid = game.deviation_payoffs(totals / (count[0] + 1))
            return best_actions(paid, game.blocks, self.ties), (count + 1, totals)
        moved, believed = profile.copy(order="K"), totals / (count[0] + 1)
        for block in game.blocks:
            paid = game.deviation_payoffs(believed)
            moved[:, block] = best_actions(paid, game.blocks, self.ties)[:, block]
            # Those who come later in the round count this move already.
            believed[:, block] = (totals[:, block] + moved[:, block]) / (count[0] + 2)
        return moved, (count + 1, totals)

    def _memory(self, game: Any, profile: Array) -> State:
        return (np.zeros_like(profile),)

    def _answer(self, game: Any, profile: Array, told: Array, state: State) -> tuple[Array, State]:
        raise AssertionError("fictitious play answers averages, in step()")
