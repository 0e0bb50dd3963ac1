"""How followers' average play comes near the equilibria of what the leader has set.

Learners without regret, type by type, come near the Bayesian coarse correlated equilibria of the
subgame (Hartline, Syrgkanis and Tardos 2015), whether types are independent or correlated. What
does so is average joint play given types; it is measured by its largest gain, not by its
distance from the set (a gap of 0.018 goes together with an L1 distance of 0.53).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.commitment.episodes import play
from eqsolve.commitment.policy import as_commitment
from eqsolve.commitment.responses.per_type import PerType
from eqsolve.commitment.setting import make_setting
from eqsolve.commitment.subgame import Subgame
from eqsolve.errors import BadCommitment
from eqsolve.results import Table

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class GapPath:
    """The Bayesian coarse correlated gap of average joint play, as plays go on.

    Attributes
    ----------
    plays : ndarray (T,)
    gaps : ndarray (T, replications)
        Largest gain of any type of any follower from any fixed action.
    bounds : ndarray (T,)
        What regret bounds prove: for sure with expected feedback, else with the probability
        `confidence` at each number of plays.
    confidence : float
    leader : ndarray (T, replications)
        The leader's payoff from average joint play.
    """

    plays: NDArray[np.int64]
    gaps: Array
    bounds: Array
    confidence: float
    leader: Array

    @property
    def holds(self) -> bool:
        """Whether no gap exceeds its bound."""
        return bool((self.gaps <= self.bounds[:, None] + 1e-12).all())

    def table(self) -> Table:
        """One row a number of plays: mean and largest gap, and the bound."""
        columns = (self.plays, self.gaps.mean(axis=1), self.gaps.max(axis=1), self.bounds)
        rows = tuple(zip(*columns, strict=True))
        title = "Bayesian coarse correlated gap of average joint play"
        return Table(("plays", "mean gap", "largest gap", "bound"), rows, title=title)

    def __repr__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()

    def plot(self, ax: Any = None) -> Any:
        """Gaps and bound over the plays, on logarithmic axes; returns the matplotlib axes."""
        import matplotlib.pyplot as plt

        ax = plt.subplots()[1] if ax is None else ax
        ax.loglog(self.plays, self.gaps, color="C0", alpha=0.3, linewidth=0.8)
        ax.loglog(self.plays, self.gaps.mean(axis=1), color="C0", label="mean gap")
        ax.loglog(self.plays, self.bounds, color="C3", linestyle="--", label="proven bound")
        ax.set_xlabel("plays")
        ax.set_ylabel("coarse correlated gap")
        ax.legend()
        return ax


def coarse_correlated_path(
    game: Any,
    policy: Any,
    response: PerType,
    plays: Sequence[int],
    *,
    replications: int = 1,
    seed: Any = None,
    confidence: float = 0.95,
) -> GapPath:
    """Let followers learn against a policy, and measure the gap on the way.

    Parameters
    ----------
    game : BatchGame
    policy : Commitment, MixedCommitment, LeaderPolicy or array_like
        One policy, as `as_commitment` takes it.
    response : MultiplicativeWeights, OptimisticMultiplicativeWeights or RegretMatchingPlus
        With ``final="average_joint"``.
    plays : sequence of int
        After which plays to measure, increasing.
    replications : int
    seed : int, Generator or None
    confidence : float
        Of the bounds, with sampled feedback.

    Returns
    -------
    GapPath

    Raises
    ------
    BadCommitment
        A response that keeps no average of joint play, or numbers that do not increase.

    Examples
    --------
    >>> from eqsolve.commitment import MultiplicativeWeights, from_normal_form
    >>> from eqsolve.games import NormalFormGame
    >>> game = from_normal_form(NormalFormGame.bimatrix([[1, 3], [0, 2]], [[1, 0], [0, 1]]))
    >>> learner = MultiplicativeWeights(final="average_joint", feedback="expected")
    >>> path = coarse_correlated_path(game, np.array([1]), learner, plays=[10, 100])
    >>> path.gaps.round(3).ravel(), path.holds
    (array([0.396, 0.075]), True)
    """
    if not isinstance(response, PerType) or not response.averages:
        raise BadCommitment(
            "The gap is that of average joint play: give a learner with final='average_joint', "
            f"not {response!r}."
        )
    at = np.asarray(list(plays), dtype=np.int64)
    if not at.size or at[0] < 1 or (np.diff(at) <= 0).any():
        raise BadCommitment(f"plays must be positive and increase, not {list(plays)}.")
    setting = make_setting(game, None, response=response, response_plays=int(at[-1]))
    rng = np.random.default_rng(seed)
    subgame = Subgame(setting.game, as_commitment(policy, setting.game, replications))
    state = response.start(setting.game, replications)
    gaps, paid = [], []
    for count in range(1, int(at[-1]) + 1):
        current = partial(response.behaviour, setting.game, state)
        outcome = play(setting, subgame, current, rng)
        state = response.update(setting.game, state, outcome)
        if count in at:
            average = response.average_joint(setting.game, state)
            gaps.append(subgame.coarse_correlated_gap(average))
            paid.append(subgame.leader_value(average))
    bounds = [response.gap_bound(subgame, int(t), confidence).max() for t in at]
    return GapPath(at, np.stack(gaps), np.array(bounds), confidence, np.stack(paid))
