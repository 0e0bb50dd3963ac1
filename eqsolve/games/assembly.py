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

ROUNDING = 1e-9  # relative: how far constants may contradict each other by rounding


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
    """One declared constraint: its label, how errors call it, and the owner of each entry."""

    label: str
    what: str
    equality: bool
    owners: NDArray[np.int_]


class Sorter:
    """Sends each constraint entry to the bounds or to the general rows.

    Where several entries bound one coordinate from the same side, the tightest (the first
    of equals) keeps the bound and its multiplier; the others are slack.
    """

    def __init__(
        self,
        x: Any,
        y: Any,
        owner: NDArray[np.int_],
        lower: NDArray[np.float64],
        upper: NDArray[np.float64],
    ) -> None:
        # 0.0 added, because -0.0 prints and draws random numbers otherwise than 0.0.
        self.owner, self.lower, self.upper = owner, lower + 0.0, upper + 0.0
        self.x = x
        self.xy = ca.vertcat(x, y)
        self.count = 0
        self.rows: list[Any] = []
        self.owners: list[NDArray[np.int_]] = []
        self.equality: list[NDArray[np.bool_]] = []
        # (coordinate, side) to the kinds array and entry that hold the bound.
        self._holder: dict[tuple[int, str], tuple[NDArray[Any], int]] = {}

    def place(self, row: Row, column: Any) -> Places:
        """Where each entry of `column` (<= 0, or == 0) goes.

        Raises
        ------
        NotAGame
            When an entry compares constants and fails.
        """
        size = column.shape[0]
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
        constant = ~curved & ((counts == 0) | np.isinf(offset))
        kind[constant] = "slack"
        for e in np.flatnonzero(constant).tolist():
            self._check_constant(row, e, float(offset[e]))
        single, coordinate, slope = self._bounding(row, matrix, ~curved & ~constant)
        index[single] = coordinate
        scale[single] = slope if row.equality else np.abs(slope)
        sides = np.where(slope > 0, "upper", "lower")
        kind[single] = sides = np.full(single.size, "both") if row.equality else sides
        bounds = (-offset[single] / slope + 0.0).tolist()
        entries = zip(single.tolist(), coordinate.tolist(), sides.tolist(), bounds, strict=True)
        for e, j, side, bound in entries:
            if not self._tighten(j, side, bound, (kind, e)):
                kind[e] = "slack"
        general = np.flatnonzero(kind == "row")
        index[general] = self.count + np.arange(general.size)
        self.count += general.size
        self.rows.append(column[general.tolist()] if general.size else ca.SX(0, 1))
        self.owners.append(row.owners[general])
        self.equality.append(np.full(general.size, row.equality))
        return Places(row.label, (size,), kind, index, scale, row.equality)

    def _bounding(
        self, row: Row, matrix: Any, among: NDArray[np.bool_]
    ) -> tuple[NDArray[np.int_], NDArray[np.int_], NDArray[np.float64]]:
        """Entries that bound one coordinate of their own player: which, of what, how steeply."""
        single = np.flatnonzero(among & (np.diff(matrix.indptr) == 1))
        coordinate = matrix.indices[matrix.indptr[single]]
        slope = matrix.data[matrix.indptr[single]]
        inside = (coordinate < self.owner.size) & (slope != 0.0)
        single, coordinate, slope = single[inside], coordinate[inside], slope[inside]
        owners = row.owners[single]
        binds = owners == self.owner[coordinate]
        if not row.equality:
            binds |= owners == SHARED
        return single[binds], coordinate[binds], slope[binds]

    def _tighten(self, j: int, side: str, bound: float, entry: tuple[NDArray[Any], int]) -> bool:
        """Move a bound of coordinate j; whether `entry` now holds it."""
        sides = ("lower", "upper") if side == "both" else (side,)
        holds = False
        for one in sides:
            bounds, sign = (self.lower, -1) if one == "lower" else (self.upper, 1)
            tighter = sign * bound < sign * bounds[j]
            if not tighter and (bound != bounds[j] or (j, one) in self._holder):
                continue
            before = self._holder.get((j, one))
            if before is not None:
                before[0][before[1]] = "slack"
            bounds[j] = bound
            self._holder[j, one] = entry
            holds = True
        return holds

    def _check_constant(self, row: Row, e: int, value: float) -> None:
        """An entry without variables, or compared with infinity, must hold as it stands."""
        gap = abs(value) if row.equality else value
        if gap > ROUNDING:
            which = f", entry {e}," if row.owners.size > 1 else ""
            raise NotAGame(
                f"{row.what}{which} can never be met: its sides differ by {value:g} "
                "whatever the players do."
            )

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
        rounding = ROUNDING * (1 + np.abs(np.where(np.isfinite(self.lower), self.lower, 0.0)))
        close = (self.lower > self.upper) & (self.lower <= self.upper + rounding)
        # Two ways of computing one number, as 0.1 + 0.2 and 0.3.
        self.lower[close] = self.upper[close] = (self.lower[close] + self.upper[close]) / 2
        nowhere = (self.lower > self.upper) | (self.lower == np.inf) | (self.upper == -np.inf)
        crossed = np.flatnonzero(nowhere)
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
