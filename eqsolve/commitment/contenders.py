"""The best policies that a learner has come by, and what is known of their values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
KEPT = 8  # policies
SEASONED = 32  # values after which a policy's mean is trusted


@dataclass(frozen=True, eq=False)
class Contenders:
    """Distinct policies with the values seen, best first.

    Attributes
    ----------
    tables : ndarray (K, observations[, actions])
    totals : ndarray (K,)
        Sums of values seen.
    counts : ndarray (K,) of int
        How many.
    needed : int
        Values after which a policy's mean is trusted: one where values are certain.
    """

    tables: NDArray[Any]
    totals: Array
    counts: NDArray[np.int64]
    needed: int = SEASONED

    @classmethod
    def none(cls, shape: tuple[int, ...], mixed: bool, certain: bool = False) -> Contenders:
        """Nobody yet."""
        tables = np.zeros((0, *shape), dtype=np.float64 if mixed else np.int64)
        counts = np.zeros(0, dtype=np.int64)
        return cls(tables, np.zeros(0), counts, 1 if certain else SEASONED)

    @property
    def means(self) -> Array:
        """Mean values (K,)."""
        return self.totals / np.maximum(self.counts, 1)

    @property
    def best(self) -> int:
        """The place of the policy to give out: the best seasoned one, if there is any."""
        means, seasoned = self.means, self.counts >= min(self.needed, self.counts.max())
        return int(np.where(seasoned, means, -np.inf).argmax())

    @property
    def value(self) -> float:
        """Its mean value."""
        return float(self.means[self.best])

    def joined(self, tables: NDArray[Any], values: Array) -> Contenders:
        """With further policies and their values (tables, times); the best `KEPT` of all.

        A policy that is known already has its values added, so that luck does not last.
        """
        everything = np.concatenate([self.tables, tables])
        totals = np.concatenate([self.totals, values.sum(axis=1)])
        counts = np.concatenate([self.counts, np.full(len(tables), values.shape[1])])
        flat = everything.reshape(len(everything), -1)
        _, first, group = np.unique(flat, axis=0, return_index=True, return_inverse=True)
        group = group.ravel()
        sums, numbers = np.zeros(first.size), np.zeros(first.size, dtype=np.int64)
        np.add.at(sums, group, totals)
        np.add.at(numbers, group, counts)
        # Of equal ones the first to come stays first, whatever the order of tables.
        order = np.lexsort((first, -(sums / numbers)))[:KEPT]
        return Contenders(everything[first[order]], sums[order], numbers[order], self.needed)
