"""The verdict on a run: what it did, how fast, and how fast it should have been."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.rates.measurement import Measurement
from eqsolve.rates.prediction import PredictedRate
from eqsolve.results import Table

Array = NDArray[np.float64]
FORGIVEN = 0.02  # relative difference of exponents within which rates agree


@dataclass(frozen=True, eq=False)
class ConvergenceReport:
    """A run compared with an equilibrium.

    Attributes
    ----------
    steps : ndarray of int (T,)
    distances : ndarray (T, replications)
        To the equilibrium (to the nearest, where several were given).
    measured : Measurement
    predicted : PredictedRate or None
        Where a dynamics or a function was given.

    Examples
    --------
    >>> from eqsolve import validate
    >>> halving = 0.5 ** np.arange(40)[:, None]
    >>> report = validate(halving, np.zeros(1))
    >>> report.kind, round(report.rate, 6)
    ('linear', 0.5)
    """

    steps: NDArray[np.int64]
    distances: Array
    measured: Measurement
    predicted: PredictedRate | None = None

    @property
    def kind(self) -> str:
        """ "linear", "sublinear", "stalled", "cycling" or "diverging"."""
        return self.measured.kind

    @property
    def rate(self) -> float | None:
        """Measured contraction a step."""
        return self.measured.rate

    @property
    def rate_interval(self) -> tuple[float, float] | None:
        """95 % interval of the measured rate."""
        return self.measured.rate_interval

    @property
    def order(self) -> float | None:
        """p of k^-p where convergence is sublinear."""
        return self.measured.order

    @property
    def floor(self) -> float | None:
        """Distance at which the run levels off."""
        return self.measured.floor

    @property
    def final_distance(self) -> float:
        """Mean distance at the last record."""
        return float(self.distances[-1].mean())

    @property
    def predicted_rate(self) -> float | None:
        """Spectral radius of the update at the equilibrium, where it is its fixed point."""
        return None if self.predicted is None else self.predicted.rate

    @property
    def is_fixed_point(self) -> bool | None:
        """Whether the equilibrium is a fixed point of the update."""
        return None if self.predicted is None else self.predicted.is_fixed_point

    @property
    def is_stable(self) -> bool | None:
        """Whether the update contracts around the equilibrium."""
        return None if self.predicted is None else self.predicted.is_stable

    @property
    def largest_stable_step(self) -> float | None:
        """See `PredictedRate`."""
        return None if self.predicted is None else self.predicted.largest_stable_step

    @property
    def agrees(self) -> bool | None:
        """Whether measurement and prediction say the same; None without a prediction.

        For linear runs: the prediction lies in the measured interval, widened by 2 % of
        the exponent. For the others: a stable fixed point was predicted iff the run
        converged.
        """
        if self.predicted is None:
            return None
        if not self.predicted.is_fixed_point:
            return self.kind in ("stalled", "cycling", "diverging")
        if self.kind != "linear" or self.rate_interval is None:
            return self.predicted.is_stable == (self.kind in ("linear", "sublinear"))
        if not self.predicted.is_stable:
            return False
        tiny = 1e-300
        wanted = np.log(max(self.predicted.rate, tiny))
        low, high = (np.log(max(side, tiny)) for side in self.rate_interval)
        slack = FORGIVEN * abs(np.log(max(self.rate or 0.0, tiny)))
        return bool(low - slack <= wanted <= high + slack)

    def iterations_to(self, tolerance: float) -> float:
        """Steps until the distance is below `tolerance`: recorded, else extrapolated.

        inf when the run levels off above it or does not converge.
        """
        below = np.flatnonzero(self.distances.mean(axis=1) <= tolerance)
        if below.size:
            return float(self.steps[below[0]])
        found = self.measured
        if found.floor is not None and tolerance < found.floor:
            return float("inf")
        if found.kind == "linear" and found.rate is not None and 0 < found.rate < 1:
            return float(np.ceil((np.log(tolerance) - found.intercept) / np.log(found.rate)))
        if found.kind == "sublinear" and found.order is not None and found.order > 0:
            exponent = (found.intercept - np.log(tolerance)) / found.order
            return float(np.ceil(np.exp(exponent))) if exponent < 700 else float("inf")
        return float("inf")

    def table(self) -> Table:
        """The figures, one a row."""
        rows: list[tuple[Any, ...]] = [("kind", self.kind)]
        if self.rate is not None and self.kind != "sublinear":
            rows.append(("rate (contraction per step)", self.rate))
        if self.rate_interval is not None:
            low, high = self.rate_interval
            rows.append(("  95 % interval", f"[{low:.8g}, {high:.8g}]"))
        if self.order is not None:
            rows.append(("order p of k^-p", self.order))
        if self.predicted is not None:
            rows.append(("predicted rate", self.predicted.rate))
            rows.append(("agrees with the prediction", "yes" if self.agrees else "no"))
            fixed = "yes" if self.is_fixed_point else f"no (moves by {self.predicted.residual:.2g})"
            rows.append(("equilibrium is a fixed point", fixed))
            rows.append(("stable there", "yes" if self.is_stable else "no"))
            rows.append(("largest stable step", self.largest_stable_step))
        if self.floor is not None:
            rows.append(("levels off at distance", self.floor))
        rows.append(("final distance", self.final_distance))
        first, last = self.measured.window
        where = f"steps {self.steps[first]} to {self.steps[min(last, self.steps.size) - 1]}"
        rows.append(("fitted over", where))
        return Table(("convergence", "value"), tuple(rows))

    def summary(self) -> str:
        """The table as text."""
        return str(self.table())

    def __repr__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()

    def plot(self, ax: Any = None) -> Any:
        """Distance over steps with fitted and predicted lines; returns the axes."""
        from eqsolve.plotting import plot_convergence

        return plot_convergence(self, ax=ax)
