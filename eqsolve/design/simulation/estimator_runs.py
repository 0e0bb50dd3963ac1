"""Bias and variance of an estimator from its values in many replications.

Both come with intervals of the Monte Carlo error. That of the variance is on its logarithm, by
the delta method with the estimated fourth moment,

    Var(log s^2) = (kurtosis - (R - 3) / (R - 1)) / R,

so that it also holds where the estimates are not normal.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eqsolve.design.estimation.intervals import Interval, normal_quantile
from eqsolve.errors import BadExperiment
from eqsolve.results import Table

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class EstimatorRuns:
    """What an estimator did over many replications.

    Attributes
    ----------
    name : str
    values : ndarray (replications,)
        nan where a run did not identify the effect.
    effect : float
        The truth.
    steps : int
        Of each run, n.
    limit : float or None
        What the estimator tends to, where it is known.
    theory : float or None
        What n times its variance tends to, where it is known.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> runs = EstimatorRuns("mean", rng.normal(2.0, 0.1, 400), 2.0, 100, 2.0, 1.0)
    >>> 0.0 in runs.bias_interval(), 1.0 in runs.variance_interval()
    (True, True)
    """

    name: str
    values: Array
    effect: float
    steps: int
    limit: float | None = None
    theory: float | None = None

    @property
    def identified(self) -> Array:
        """The values of the runs that identified the effect."""
        return np.asarray(self.values[np.isfinite(self.values)])

    @property
    def missing(self) -> int:
        """Runs that did not."""
        return int(self.values.size - self.identified.size)

    @property
    def bias(self) -> float:
        """Mean value minus the effect; nan where no run identified it."""
        found = self.identified
        return float(found.mean() - self.effect) if found.size else np.nan

    @property
    def scaled_variance(self) -> float:
        """n times the variance over the replications."""
        found = self.identified
        return float(self.steps * found.var(ddof=1)) if found.size > 1 else np.nan

    @property
    def scaled_error(self) -> float:
        """n times the mean squared error: variance and squared bias."""
        found = self.identified
        return float(self.steps * ((found - self.effect) ** 2).mean()) if found.size else np.nan

    def bias_interval(self, level: float = 0.95) -> Interval:
        """Interval of the bias."""
        found = self.identified
        error = found.std(ddof=1) / np.sqrt(found.size) if found.size > 1 else np.nan
        reach = float(normal_quantile(level) * error)
        return Interval(self.bias - reach, self.bias + reach, level, "Monte Carlo")

    def variance_interval(self, level: float = 0.95) -> Interval:
        """Interval of n times the variance.

        Raises
        ------
        BadExperiment
            With fewer than four replications.
        """
        reach = float(np.exp(normal_quantile(level) * self.variance_error))
        centre = self.scaled_variance
        return Interval(centre / reach, centre * reach, level, "Monte Carlo")

    @property
    def variance_error(self) -> float:
        """Standard error of the logarithm of the variance: about its relative error."""
        found = self.identified
        count = found.size
        if count < 4:
            raise BadExperiment(
                f"The variance of the {self.name} needs four replications or more that identify "
                f"the effect; there are {count}."
            )
        centred = found - found.mean()
        second = float((centred**2).mean())
        if second == 0:
            return 0.0
        kurtosis = float((centred**4).mean()) / second**2
        # No law has a kurtosis below one; small samples of normal ones scatter downwards.
        excess = max(kurtosis - (count - 3) / (count - 1), 0.2)
        return float(np.sqrt(excess / count))

    def table(self) -> Table:
        """One row a figure."""
        rows = [
            ("bias", self.bias),
            ("its 95 % interval", str(self.bias_interval())),
            ("n Var", self.scaled_variance),
            ("its 95 % interval", str(self.variance_interval())),
        ]
        if self.limit is not None:
            rows.append(("bias it tends to", self.limit - self.effect))
        if self.theory is not None:
            rows.append(("n Var it tends to", self.theory))
        rows.append(("runs without an estimate", self.missing))
        title = f"{self.name}: {self.values.size} replications of {self.steps} steps"
        return Table(("", "value"), tuple(rows), title=title)

    def __repr__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()
