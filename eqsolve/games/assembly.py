"""Sorting declared constraints into bounds and general rows, and finishing the record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import casadi as ca
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from eqsolve.errors import NotAGame
from eqsolve.games.expressions import to_csr
from eqsolve.games.symbolic import SHARED, Places, SymbolicGame


def starting_point(
    values: Sequence[NDArray[np.float64] | None],
    sizes: NDArray[np.int_],
    lower: NDArray[np.float64],
    upper: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Variables' own values where set, else one unit inside a bound, or the middle of a box."""
    finite_lower, finite_upper = np.isfinite(lower), np.isfinite(upper)
    start = np.zeros(lower.size)
    start[finite_lower] = lower[finite_lower] + 1.0
    start[finite_upper & ~finite_lower] = upper[finite_upper & ~finite_lower] - 1.0
    both = finite_lower & finite_upper
    start[both] = np.minimum(lower[both] + 1.0, (lower[both] + upper[both]) / 2)
    firsts = np.cumsum([0, *sizes])
    for value, first, last in zip(values, firsts, firsts[1:], strict=False):
        if value is not None:
            start[first:last] = value
    return start


@dataclass(frozen=True)
class Row:
    """One declared constraint: its label, and the owner of each entry."""

    label: str
    equality: bool
    owners: NDArray[np.int_]


class Sorter:
    """Sends each constraint entry to the bounds or to the general rows."""

    def __init__(
        self,
        x: Any,
        y: Any,
        owner: NDArray[np.int_],
        lower: NDArray[np.float64],
        upper: NDArray[np.float64],
    ) -> None:
        self.owner, self.lower, self.upper = owner, lower, upper
        self.x = x
        self.xy = ca.vertcat(x, y)
        self.count = 0
        self.rows: list[Any] = []
        self.owners: list[NDArray[np.int_]] = []
        self.equality: list[NDArray[np.bool_]] = []

    def place(self, row: Row, column: Any) -> Places:
        size, n = column.shape[0], self.owner.size
        jacobian = ca.jacobian(column, self.xy)
        curved = np.asarray(ca.which_depends(column, self.xy, 2, True), dtype=bool)
        at_zero = ca.Function("at_zero", [self.xy], [column, jacobian])
        origin, slopes = at_zero(np.zeros(self.xy.shape))
        matrix = to_csr(slopes)
        kind = np.full(size, "row", dtype=object)
        index = np.zeros(size, dtype=int)
        scale = np.ones(size)
        offset = np.asarray(origin).ravel()
        counts = np.diff(matrix.indptr)
        for e in range(size):
            if curved[e] or counts[e] != 1:
                continue
            j, slope = int(matrix.indices[matrix.indptr[e]]), float(matrix.data[matrix.indptr[e]])
            if slope == 0.0 or j >= n or row.owners[e] not in (SHARED, self.owner[j]):
                continue
            if row.owners[e] == SHARED and row.equality:
                continue
            bound = -offset[e] / slope
            index[e], scale[e] = j, abs(slope)
            if row.equality:
                kind[e] = "both"
                self.lower[j] = max(self.lower[j], bound)
                self.upper[j] = min(self.upper[j], bound)
            elif slope > 0:
                kind[e] = "upper"
                self.upper[j] = min(self.upper[j], bound)
            else:
                kind[e] = "lower"
                self.lower[j] = max(self.lower[j], bound)
        general = np.flatnonzero(kind == "row")
        index[general] = self.count + np.arange(general.size)
        self.count += general.size
        self.rows.append(column[general.tolist()] if general.size else ca.SX(0, 1))
        self.owners.append(row.owners[general])
        self.equality.append(np.full(general.size, row.equality))
        return Places(row.label, (size,), kind, index, scale, row.equality)

    def game(
        self,
        *,
        y: Any,
        aggregates: Any,
        costs: Any,
        start: NDArray[np.float64],
        declared: int,
        places: tuple[Places, ...],
        names: tuple[str, ...],
    ) -> SymbolicGame:
        """The finished record, once every constraint has its place."""
        crossed = np.flatnonzero(self.lower > self.upper)
        if crossed.size:
            j = int(crossed[0])
            raise NotAGame(
                f"Variable {names[j]!r} has no feasible value: its lower bound is "
                f"{self.lower[j]:g} and its upper bound {self.upper[j]:g}."
            )
        n = self.owner.size
        return SymbolicGame(
            x=self.x,
            y=y,
            matrix=sp.csr_matrix((0, n)) if aggregates is None else aggregates.matrix(n),
            offset=np.zeros(0) if aggregates is None else aggregates.offset(),
            costs=costs,
            rows=ca.vertcat(ca.SX(0, 1), *self.rows),
            owner=self.owner,
            row_owner=np.concatenate([np.zeros(0, dtype=int), *self.owners]),
            equality=np.concatenate([np.zeros(0, dtype=bool), *self.equality]),
            lower=self.lower,
            upper=self.upper,
            start=np.clip(start, self.lower, self.upper),
            declared=declared,
            places=places,
            names=names,
        )
