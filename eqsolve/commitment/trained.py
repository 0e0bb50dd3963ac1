"""What a leader has learned: the policy, its value, and the curve that led there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from eqsolve.commitment.optimum import CommittedPolicy
from eqsolve.commitment.setting import Setting
from eqsolve.dynamics.trajectory import Trajectory
from eqsolve.results import Table, format_number


@dataclass(frozen=True, eq=False, repr=False)
class TrainedLeader:
    """A commitment that was learned.

    Attributes
    ----------
    value : float
        What `policy` earns the leader in the reward phase, in its own payoff: exact where
        `exact`, else the mean over fresh episodes.
    interval : tuple of float, or None
        95 % interval of the value where it is no exact one.
    exact : bool
    policy : CommittedPolicy
        One commitment; `StackelbergPOMDP.play` takes it, and it prints.
    curve : Trajectory
        Value of the policy that would have been given out (T, 1, 1), over episodes played.
    episodes : int
        Learned from, in all.
    plays : int
        Of the base game in these, at most: episodes times response and reward plays.
    learner : str
    setting : Setting
    interrupted : bool
        Ctrl-C came before the last step.
    notes : tuple of str

    Examples
    --------
    >>> import eqsolve as eq
    >>> learners = eq.commitment.MultiplicativeWeights(final="argmax")
    >>> lead = eq.StackelbergPOMDP(
    ...     eq.models.load("conitzer"), response=learners, response_plays=20
    ... )
    >>> learned = eq.train_leader(lead, seed=0, steps=512)
    >>> learned.value, learned.exact, learned.episodes_to(2.0)
    (2.0, True, 256.0)
    """

    value: float
    interval: tuple[float, float] | None
    exact: bool
    policy: CommittedPolicy
    curve: Trajectory
    episodes: int
    plays: int
    learner: str
    setting: Setting
    interrupted: bool = False
    notes: tuple[str, ...] = ()

    def episodes_to(self, value: float) -> float:
        """Episodes after which the learned policy was first worth `value`; inf if it never was."""
        there = np.flatnonzero(self.curve.iterates[:, 0, 0] >= value)
        return float(self.curve.steps[there[0]]) if there.size else float("inf")

    def table(self) -> Table:
        """Value, how it was found, and before which followers."""
        setting = self.setting
        rows: list[tuple[str, Any]] = [("value", self.value)]
        if self.interval is not None:
            low, high = map(format_number, self.interval)
            rows.append(("  95 % interval", f"[{low}, {high}]"))
        rows += [
            ("game", setting.game.name),
            ("commits to", "a mix" if setting.mixed else "actions"),
            ("followers", repr(setting.response)),
            ("response plays", setting.response_plays),
            ("learner", self.learner),
            ("episodes", self.episodes),
            ("plays of the game, at most", self.plays),
        ]
        taken = self.policy.table().rows
        if len(taken) <= 12:
            rows += [
                (f"at observation {o}, action {a}", "yes" if p == 1 else p) for o, a, p in taken
            ]
        notes = self.notes
        if self.interrupted:
            notes = (*notes, "Interrupted: the run can go on from its checkpoint.")
        return Table(("learned commitment", ""), tuple(rows), notes=notes)

    def __repr__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()

    def plot(self, optimum: Any = None, ax: Any = None) -> Any:
        """The curve over episodes, with the optimum where it is given; returns the axes.

        Parameters
        ----------
        optimum : float or CommitmentOptimum, optional
        ax : matplotlib axes, optional
        """
        from eqsolve import plotting

        ax = plotting.axes() if ax is None else ax
        steps, values = self.curve.steps, self.curve.iterates[:, 0, 0]
        ax.plot(steps, values, color=plotting.COLOURS[0], drawstyle="steps-post", label="learned")
        if optimum is not None:
            best = float(getattr(optimum, "value", optimum))
            ax.axhline(best, color=plotting.GREY, linestyle="--", label="optimum")
            ax.legend(frameon=False)
        ax.set_xlabel("episodes")
        ax.set_ylabel("the leader's value")
        return ax


def curve_of(points: Any, setting: Setting, interrupted: bool) -> Trajectory:
    """A learning curve as a trajectory with one coordinate, the value."""
    array = np.array(points, dtype=float).reshape(-1, 2)
    return Trajectory(
        steps=array[:, 0].astype(np.int64),
        iterates=array[:, 1][:, None, None],
        players={str(setting.game.leader_name): np.array([0])},
        coordinate_names=("value",),
        interrupted=interrupted,
    )
