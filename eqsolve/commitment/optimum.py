"""The best commitment of a leader, with the bound that no commitment exceeds.

A leader's problem max over commitments c of v(c) is answered by a policy whose value v is
reached, and a bound b >= v(c) for all c. They are equal where the answer is exact. Where followers
split ties, v may jump and its supremum b need not be attained: then some policy comes as near b as
one likes, and the one that is given comes near to rounding.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.commitment.policy import Commitment, MixedCommitment, TabularPolicy
from eqsolve.results import Table, format_number

Array = NDArray[np.float64]
EXACT = 1e-9  # gap between bound and value, relative to their size, that is rounding
NEAR = 1e-6  # the same, where a supremum is not attained


class CommittedPolicy(TabularPolicy):
    """A policy given by its probabilities, which prints as a table.

    Parameters
    ----------
    probabilities : array_like (observations, actions)
    asked : array_like (observations,) of bool, optional
        Where the leader can be asked at all; the rest is not printed.

    Examples
    --------
    >>> CommittedPolicy([[0.25, 0.75]])
    observation  action  probability
    0            0       0.25
    0            1       0.75
    """

    def __init__(self, probabilities: Any, asked: Any = None) -> None:
        table = np.asarray(probabilities, dtype=np.float64)
        with np.errstate(divide="ignore"):
            super().__init__(np.log(table))
        seen = np.ones(self.observations, dtype=bool) if asked is None else np.asarray(asked)
        self._mixes, self.asked = table, seen

    def probabilities(self) -> Array:
        """pi(a | o) as given, (observations, actions)."""
        return self._mixes

    @property
    def actions_taken(self) -> NDArray[np.int64]:
        """The likeliest action at every observation, (observations,)."""
        return np.asarray(self._mixes.argmax(axis=1))

    def table(self) -> Table:
        """One row an observation that can be asked, and action that is taken there."""
        at = np.argwhere((self._mixes > 0) & self.asked[:, None])
        rows = tuple((int(o), int(a), self._mixes[o, a]) for o, a in at)
        return Table(("observation", "action", "probability"), rows)

    def __repr__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


@dataclass(frozen=True, eq=False, repr=False)
class CommitmentOptimum:
    """The best a leader can commit to.

    Attributes
    ----------
    value : float
        What `policy` gives the leader, evaluated as the followers respond to it.
    bound : float
        No commitment gives more.
    policy : CommittedPolicy
        A `LeaderPolicy`, as `StackelbergPOMDP.play` takes it.
    method : str
        How it was found.
    mixed : bool
        Whether the leader commits to mixes.
    worst : float or None
        The least value of any commitment, where all were listed.
    commitments : int
        How many were evaluated.
    attained : bool
        Whether value and bound agree to rounding, not only in the limit.
    interval : (float, float) or None
        Of the value, where followers' play is random and was sampled.
    notes : tuple of str
    problem : StackelbergPOMDP, Setting or game
        What was asked.
    equilibrium : Equilibrium or None
        Where it was found as a Stackelberg equilibrium.

    Examples
    --------
    >>> import eqsolve as eq
    >>> best = eq.optimal_commitment(eq.models.load("conitzer"), commitment="pure")
    >>> best.exact, best.commitment.table.tolist(), round(float(best.fraction(1.0)), 9)
    (True, [[1]], 0.5)
    """

    value: float
    bound: float
    policy: CommittedPolicy
    method: str
    mixed: bool = False
    worst: float | None = None
    commitments: int = 0
    attained: bool = True
    interval: tuple[float, float] | None = None
    notes: tuple[str, ...] = ()
    problem: Any = None
    equilibrium: Any = None

    @property
    def gap(self) -> float:
        """What the bound leaves open; zero where the answer is exact."""
        return max(self.bound - self.value, 0.0)

    @property
    def exact(self) -> bool:
        """Whether value and bound agree, in the limit at least."""
        return self.gap <= NEAR * max(1.0, abs(self.bound))

    @property
    def commitment(self) -> Commitment | MixedCommitment:
        """The policy as a commitment, for `play_episodes`."""
        if self.mixed:
            return self.policy.mixed_commitment()
        return Commitment(self.policy.actions_taken[None])

    def fraction(self, values: Any, start: Any = None) -> Any:
        """Which share of the optimum values are.

        Parameters
        ----------
        values : array_like
        start : float, optional
            What to count from where the optimum is not positive, instead of the worst
            commitment.

        Returns
        -------
        ndarray or float
            value / optimum where the optimum is positive; otherwise the share of the way from
            `start` (or else the worst commitment, where it is known, or the least of the values)
            to the optimum. The optimum is the bound where the answer is exact, else the value.
        """
        v, best = np.asarray(values, dtype=np.float64), self.target
        if best > 0:
            return v / best
        low = self.worst if start is None else start
        low = float(v.min()) if low is None else float(low)
        width = best - low
        return 1.0 - (best - v) / width if width > 0 else np.where(v >= best, 1.0, 0.0)

    @property
    def target(self) -> float:
        """What a learner may reach: the bound where the answer is exact, else the value."""
        return self.bound if self.exact else self.value

    def table(self) -> Table:
        """Value, bound, and how they were found."""
        rows: list[tuple[Any, ...]] = [("value", self.value), ("bound", self.bound)]
        if self.interval is not None:
            low, high = map(format_number, self.interval)
            rows.append(("interval of the value", f"[{low}, {high}]"))
        rows.append(("commitment", "mixed" if self.mixed else "pure"))
        rows.append(("method", self.method))
        if self.commitments:
            rows.append(("commitments evaluated", self.commitments))
        if self.worst is not None:
            rows.append(("worst commitment", self.worst))
        at = np.flatnonzero(self.policy.asked)
        shown = self.policy.probabilities()
        for o in at[:8]:
            mix = shown[o]
            one = int(mix.argmax())
            rows.append((f"at observation {o}", f"action {one}" if mix[one] == 1.0 else mix))
        if at.size > 8:
            rows.append((f"... {at.size - 8} more observations", ""))
        notes = self.notes
        if self.exact and not self.attained:
            notes = (*notes, "The bound is approached and not attained: followers split ties.")
        return Table(("best commitment", ""), tuple(rows), notes=notes)

    def __repr__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def pure_policy(table: Any, actions: int, asked: Any = None) -> CommittedPolicy:
    """Actions (observations,) as a policy."""
    return CommittedPolicy(np.eye(actions)[np.asarray(table)], asked)
