"""An estimate of an effect by any estimator: one number, how far it scatters, and a name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from eqsolve.design.estimation.intervals import Interval, clt_interval
from eqsolve.results import Table


@dataclass(frozen=True, eq=False, repr=False)
class PointEstimate:
    """What an estimator says of the effect.

    Attributes
    ----------
    estimator : str
    effect : float, or ndarray (K,)
    standard_error : float, or ndarray (K,)
        Of the scatter around what the estimator tends to, which need not be the effect.
    notes : tuple of str

    Examples
    --------
    >>> PointEstimate("naive difference", 0.5, 0.1)
    naive difference: 0.5 (standard error 0.1)
    """

    estimator: str
    effect: Any
    standard_error: Any
    notes: tuple[str, ...] = ()

    def interval(self, level: float = 0.95) -> Interval:
        """By the CLT, around what the estimator tends to."""
        return clt_interval(self.effect, self.standard_error, level)

    def table(self) -> Table:
        """One row a contrast."""
        rows = zip(np.atleast_1d(self.effect), np.atleast_1d(self.standard_error), strict=True)
        return Table(
            ("estimate", "standard error"), tuple(rows), title=self.estimator, notes=self.notes
        )

    def __repr__(self) -> str:
        shown = [
            f"{effect:.6g} (standard error {error:.6g})"
            for effect, error in zip(
                np.atleast_1d(self.effect), np.atleast_1d(self.standard_error), strict=True
            )
        ]
        return "\n".join([f"{self.estimator}: {', '.join(shown)}", *self.notes])

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()
