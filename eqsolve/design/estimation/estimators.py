"""Estimators side by side on one log, so that their bias is seen.

The maximum-likelihood estimate tends to the effect. The naive difference, Differences-in-Q and
the switchback estimator tend to something else wherever arms interfere; what, is computed
exactly where the experiment is known.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from eqsolve.design.estimation.counts import TransitionCounts
from eqsolve.design.estimation.differences_in_q import differences_in_q, differences_in_q_value
from eqsolve.design.estimation.estimate import EffectEstimate, estimate
from eqsolve.design.estimation.naive import naive, naive_value
from eqsolve.design.estimation.point_estimate import PointEstimate
from eqsolve.design.estimation.recorded_steps import RecordedSteps
from eqsolve.design.estimation.switchback import switchback, switchback_value
from eqsolve.design.experiment import MarkovExperiment
from eqsolve.errors import BadExperiment, BadLog
from eqsolve.results import Table


@dataclass(frozen=True)
class ComparedEstimator:
    """One estimator's line.

    Attributes
    ----------
    name : str
    estimate, standard_error : float
        nan where the log does not allow it; `note` says why.
    limit : float
        What it tends to; nan where the experiment is not known.
    note : str
    """

    name: str
    estimate: float
    standard_error: float
    limit: float = float("nan")
    note: str = ""


@dataclass(frozen=True, eq=False, repr=False)
class EstimatorComparison:
    """Estimates of one contrast from one log.

    Attributes
    ----------
    rows : tuple of ComparedEstimator
        The maximum-likelihood estimate first.
    truth : float or None
        The effect, where the experiment is known.
    """

    rows: tuple[ComparedEstimator, ...]
    truth: float | None

    def __getitem__(self, name: str) -> ComparedEstimator:
        """The line of the estimator called `name`."""
        for row in self.rows:
            if row.name == name:
                return row
        raise KeyError(name)

    def table(self) -> Table:
        """One row an estimator; limit and bias where the experiment is known."""
        notes = tuple(f"{row.name}: {row.note}" for row in self.rows if row.note)
        headers: tuple[str, ...] = ("estimator", "estimate", "standard error")
        rows: list[tuple[Any, ...]] = [
            (row.name, row.estimate, row.standard_error) for row in self.rows
        ]
        if self.truth is not None:
            headers += ("tends to", "bias")
            truth = self.truth
            rows = [
                (*line, row.limit, row.limit - truth)
                for line, row in zip(rows, self.rows, strict=True)
            ]
            notes = (f"true effect {truth:.6g}", *notes)
        return Table(headers, tuple(rows), notes=notes)

    def __repr__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()

    def plot(self, ax: Any = None, level: float = 0.95) -> Any:
        """Estimates with intervals, and what they tend to; returns the axes."""
        from eqsolve.plotting.estimates import plot_comparison

        return plot_comparison(self, ax=ax, level=level)


def compare_estimators(
    log: TransitionCounts | RecordedSteps,
    contrast: Any = None,
    *,
    experiment: MarkovExperiment | None = None,
    policy: ArrayLike | None = None,
    block: int | None = None,
    burn_in: int = 0,
) -> EstimatorComparison:
    """Estimate one contrast by every estimator that the log allows.

    Parameters
    ----------
    log : TransitionCounts or RecordedSteps
    contrast : see `MarkovExperiment.contrast`; one contrast
    experiment : MarkovExperiment, optional
        What the log is a sample of, where that is known: limits and biases are then given.
    policy : array_like (S, A), optional
        By which arms were drawn, where that is known, for the limits of the naive difference
        and of Differences-in-Q.
    block, burn_in : int, optional
        Of a switchback, which needs RecordedSteps.

    Raises
    ------
    BadExperiment
        For several contrasts at once.

    Examples
    --------
    Arm 1 earns little itself, but brings the system to where arm 0 earns:

    >>> drift = [[[0.9, 0.1], [0.9, 0.1]], [[0.1, 0.9], [0.1, 0.9]]]
    >>> experiment = MarkovExperiment(drift, [[0, 2], [0, 1]], 1.0)
    >>> rng = np.random.default_rng(0)
    >>> arm = rng.integers(0, 2, 4001)
    >>> state = np.append(0, np.where(rng.random(4000) < 0.1, 1 - arm[:-1], arm[:-1]))
    >>> reward = experiment.rewards[arm, state] + rng.normal(size=4001)
    >>> steps = RecordedSteps(arm, state, reward)
    >>> compared = compare_estimators(steps, experiment=experiment, policy=[[0.5, 0.5]] * 2)
    >>> [(row.name, round(row.limit, 6)) for row in compared.rows]
    [('maximum likelihood', 0.7), ('naive difference', -0.5), ('Differences-in-Q', 0.7)]
    >>> row = compared["naive difference"]
    >>> abs(row.estimate - row.limit) < 2 * row.standard_error
    True
    """
    counts = log.counts if isinstance(log, RecordedSteps) else log
    if contrast is not None and np.ndim(contrast) > 1:
        raise BadExperiment("Estimators are compared on one contrast at a time, not on rows.")
    if block is not None and not isinstance(log, RecordedSteps):
        raise BadLog("A switchback needs the steps in their order: give RecordedSteps.")
    makers: dict[str, Callable[[], EffectEstimate | PointEstimate]] = {
        "maximum likelihood": lambda: estimate(log, contrast),
        "naive difference": lambda: naive(counts, contrast),
        "Differences-in-Q": lambda: differences_in_q(counts, contrast),
    }
    limits: dict[str, Callable[[], Any]] = {}
    truth = None
    if experiment is not None:
        truth = float(experiment.effect(contrast))
        limits["maximum likelihood"] = lambda: truth
        if policy is not None:
            limits["naive difference"] = lambda: naive_value(experiment, policy, contrast)
            limits["Differences-in-Q"] = lambda: differences_in_q_value(
                experiment, policy, contrast
            )
    if block is not None and isinstance(log, RecordedSteps):
        makers["switchback"] = lambda: switchback(log, block, contrast, burn_in=burn_in)
        if experiment is not None:
            limits["switchback"] = lambda: switchback_value(
                experiment, block, contrast, burn_in=burn_in
            )
    rows = tuple(_line(name, make, limits.get(name)) for name, make in makers.items())
    return EstimatorComparison(rows, truth)


def _line(
    name: str,
    make: Callable[[], EffectEstimate | PointEstimate],
    limit: Callable[[], Any] | None,
) -> ComparedEstimator:
    """What the estimator says, or why it says nothing."""
    value = effect = error = float("nan")
    try:
        found = make()
        effect, error = float(found.effect), float(found.standard_error)
        notes = list(found.notes)
    except (BadLog, BadExperiment) as reason:
        notes = [str(reason)]
    try:
        value = value if limit is None else float(limit())
    except BadExperiment as reason:
        notes.append(f"no limit: {reason}")
    return ComparedEstimator(name, effect, error, value, " ".join(notes))
