"""The verdict on a leader's learning: how much of the optimum it reached, and how fast.

A learning curve holds values v_k of the leader's policy after k steps. Compared with the optimum
v* its distances are v* - v_k (zero where a sampled value exceeds it), and what `ConvergenceReport`
measures of distances holds of regret.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from eqsolve.errors import EqsolveError
from eqsolve.rates.measurement import measure
from eqsolve.rates.report import ConvergenceReport
from eqsolve.results import Table

Array = NDArray[np.float64]


@runtime_checkable
class LeaderOptimum(Protocol):
    """What a learning curve is compared with (`eqsolve.commitment.CommitmentOptimum`)."""

    value: float
    bound: float
    worst: float | None

    @property
    def target(self) -> float:
        """What a learner may reach."""

    def fraction(self, values: Any, start: Any = None) -> Any:
        """Which share of the optimum values are."""


@dataclass(frozen=True, eq=False, repr=False)
class LearningReport(ConvergenceReport):
    """A learning curve compared with the optimum.

    Attributes
    ----------
    values : ndarray (T, replications)
        Of the leader's policy.
    fractions : ndarray (T, replications)
        Their share of the optimum (`CommitmentOptimum.fraction`).
    optimum : LeaderOptimum

    Examples
    --------
    >>> import eqsolve as eq
    >>> best = eq.optimal_commitment(eq.models.load("conitzer"))
    >>> curve = 2.5 - 1.5 * 0.8 ** np.arange(40)[:, None]
    >>> report = eq.validate(curve, best)
    >>> report.kind, round(report.rate, 6), round(report.fraction, 3), report.steps_to(0.99)
    ('linear', 0.8, 1.0, array([19.]))
    """

    values: Any = None
    fractions: Any = None
    optimum: Any = None

    @property
    def fraction(self) -> float:
        """Mean share of the optimum at the last record."""
        return float(self.fractions[-1].mean())

    def reached(self, share: float = 0.99) -> int:
        """How many replications end with at least this share of the optimum."""
        return int((self.fractions[-1] >= share - 1e-9).sum())

    def steps_to(self, share: float = 0.99) -> Array:
        """The first recorded step (replications,) from which on the share is kept; else inf."""
        kept = np.logical_and.accumulate(self.fractions[::-1] >= share - 1e-9)[::-1]
        first = self.steps[kept.argmax(axis=0)].astype(float)
        return np.where(kept.any(axis=0), first, np.inf)

    def table(self) -> Table:
        """The figures of the learning curve, then those of its regret."""
        of_regret = super().table()
        count = self.fractions.shape[1]
        rows = (
            ("optimum", self.optimum.target),
            ("value reached", float(self.values[-1].mean())),
            ("share of the optimum", self.fraction),
            ("replications at 99 %", f"{self.reached()} of {count}"),
            ("median steps to 99 %", float(np.median(self.steps_to()))),
        )
        return Table(("learning", "value"), (*rows, *of_regret.rows))


def learning_report(trajectory: Any, optimum: LeaderOptimum) -> LearningReport:
    """Compare a learning curve with an optimum; see `eq.validate`.

    Parameters
    ----------
    trajectory : Trajectory
        Its coordinate called "value", or its only one, is the curve.
    optimum : LeaderOptimum

    Raises
    ------
    EqsolveError
        When it is not clear which coordinate is the curve, or records are too few.
    """
    names = list(trajectory.coordinate_names)
    if "value" not in names and len(names) != 1:
        raise EqsolveError(
            f"A learning curve has one coordinate, or one called 'value'; this run has "
            f"{', '.join(map(repr, names))}."
        )
    place = names.index("value") if "value" in names else 0
    values = trajectory.iterates[:, :, place]
    distances = np.maximum(optimum.target - values, 0.0)
    start = float(values[0].mean()) if optimum.worst is None else None
    fractions = np.asarray(optimum.fraction(values, start=start))
    measured = measure(trajectory.steps, distances, values[:, :, None])
    return LearningReport(
        trajectory.steps,
        distances,
        measured,
        None,
        values=values,
        fractions=fractions,
        optimum=optimum,
    )
