"""Between which values any followers without regret end up, given a leader's policy.

For a policy of the leader what the followers play among themselves is a Bayesian game
(`eqsolve.commitment.Subgame`). Average joint play q of learners without regret comes near its
Bayesian coarse correlated equilibria (Hartline, Syrgkanis and Tardos 2015), so that in the limit
the leader's payoff lies in

    [ min, max ]  of  sum over theta, a  P(theta) q(a | theta) U_0(theta, a)

over those equilibria: two linear programs. If q still gains g, the leader's payoff may lie
outside by a multiple of g, the multipliers of the programs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.commitment.policy import as_commitment
from eqsolve.commitment.responses.protocol import Behaviour
from eqsolve.commitment.setting import Setting, as_batch_game
from eqsolve.commitment.subgame import Subgame
from eqsolve.errors import BadCommitment
from eqsolve.results import Equilibrium, Table

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class ResponseInterval:
    """The leader's worst and best payoff over what followers without regret may play.

    Attributes
    ----------
    worst, best : float
    worst_play, best_play : Equilibrium
        Of the followers' game, each with its certificate; `.distribution` holds probabilities of
        types and actions together, (types_1, ..., types_F, actions_1, ..., actions_F).
    subgame : Subgame
        The followers' game.
    mediator : str
    """

    worst: float
    best: float
    worst_play: Equilibrium
    best_play: Equilibrium
    subgame: Subgame
    mediator: str = "omniscient"

    @property
    def width(self) -> float:
        """How much the followers' choice of equilibrium decides."""
        return self.best - self.worst

    def contains(self, value: Any, tolerance: float = 1e-9) -> Any:
        """Whether values lie in the interval, up to `tolerance`."""
        v = np.asarray(value, dtype=float)
        return (v >= self.worst - tolerance) & (v <= self.best + tolerance)

    def excess(self, behaviour: Behaviour) -> Array:
        """By how much the leader's payoffs (B,) under joint behaviours lie outside, or zero."""
        paid = self.subgame.leader_value(behaviour)
        return np.asarray(np.maximum(np.maximum(self.worst - paid, paid - self.best), 0.0))

    def plot(self, path: Any = None, ax: Any = None) -> Any:
        """The interval as a band, with what the leader gets on the way; returns the axes.

        Parameters
        ----------
        path : GapPath, optional
            From `coarse_correlated_path` with the same policy.
        ax : matplotlib axes, optional
        """
        from eqsolve import plotting

        ax = plotting.axes(ax)
        ax.axhspan(self.worst, self.best, color=plotting.GREY, alpha=0.25, label="equilibria")
        if path is not None:
            ax.semilogx(path.plays, path.leader, color=plotting.COLOURS[0], linewidth=0.9)
            ax.lines[0].set_label("average joint play")
            ax.set_xlabel("plays")
        ax.set_ylabel("the leader's payoff")
        ax.legend(frameon=False)
        return ax

    def table(self) -> Table:
        """Both ends, with the followers' largest gain there."""
        rows = tuple(
            (name, value, play.certificate.max_gain)
            for name, value, play in (
                ("worst", self.worst, self.worst_play),
                ("best", self.best, self.best_play),
            )
        )
        title = f"Leader's payoff over coarse correlated play of {self.subgame.game.name}"
        return Table(("end", "leader's payoff", "followers' largest gain"), rows, title=title)

    def __repr__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def response_interval(
    game: Any, policy: Any, leader: Any = None, *, mediator: str = "omniscient"
) -> ResponseInterval:
    """The interval of a leader's policy that any followers without regret must fall into.

    Parameters
    ----------
    game : BatchGame, NormalFormGame, BayesianGame, StackelbergPOMDP or Setting
    policy : Commitment, MixedCommitment, LeaderPolicy or array_like
        One policy, as `as_commitment` takes it.
    leader : player, optional
        Of a NormalFormGame or BayesianGame.
    mediator : "omniscient" or "blind"
        Whether followers' joint play may depend on all their types together (the larger set), or
        on each type of one's own alone, as of learners who learn type by type.

    Returns
    -------
    ResponseInterval

    Raises
    ------
    BadCommitment
        More than one policy, or plays that cannot be listed.

    Examples
    --------
    A leader who commits to its second row in Conitzer's game leaves nothing open:

    >>> import eqsolve as eq
    >>> interval = response_interval(eq.models.load("conitzer"), [0, 1][1:])
    >>> round(interval.worst, 9), round(interval.best, 9)
    (2.0, 2.0)
    """
    from eqsolve._solve import solve
    from eqsolve.concepts import BayesCoarseCorrelated

    setting = getattr(game, "setting", game)
    played = setting.game if isinstance(setting, Setting) else as_batch_game(setting, leader)
    commitment = as_commitment(np.asarray(policy) if isinstance(policy, list) else policy, played)
    if commitment.batch != 1:
        raise BadCommitment(
            f"The interval is that of one policy; {commitment.batch} were given. Take one at a "
            "time."
        )
    subgame = Subgame(played, commitment)
    followers, goal = subgame.bayesian(0), subgame.payoffs[0, 0]
    worst, best = (
        solve(followers, BayesCoarseCorrelated(goal, sense, mediator)) for sense in ("min", "max")
    )
    assert worst.value is not None
    assert best.value is not None
    return ResponseInterval(
        min(worst.value, best.value), best.value, worst, best, subgame, mediator
    )
