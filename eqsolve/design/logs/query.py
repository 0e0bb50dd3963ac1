"""The queries on a log: rows made steps, and steps counted, all by the engine of the table.

A row t says: state X_t, arm L_t, reward R_t. Its step leads to X_{t+1}: the state of the next
row of the same run, or what the column `next_state` says. Counting is one grouped query,

    SELECT arm, state, next_state, count(*), sum(R - c), sum((R - c)^2), flags ... GROUP BY 1, 2, 3

with X_{t+1} by LEAD where it is not a column. The flags count what is wrong: absent values,
rewards that are no number, rows that contradict their next row, rows out of order. A sound log
is thus read once; only a bad one is read again, to name its first bad row.

Where rows lie in the order of their runs and times, LEAD needs no sorting: DuckDB streams
through the file in constant memory. That is tried first and the same query counts rows for which
it was wrong; only if there are any is the log sorted, on disk if need be.

The constant c is zero unless rewards are large beside their spread, when squares would cancel.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from functools import reduce
from operator import and_, or_
from typing import Any

from eqsolve.design.logs.tables import OpenTable, load_ibis, number

STREAMED, SORTED, UNORDERED = "streamed", "sorted", "unordered"
FLAGS = ("last", "contradiction", "tie", "disorder", "lost")


@dataclass(frozen=True)
class LogColumns:
    """Which column of the table is what; several columns together may be one state."""

    state: tuple[str, ...]
    arm: str
    reward: str
    next_state: tuple[str, ...] = ()
    time: tuple[str, ...] = ()
    run: tuple[str, ...] = ()

    def __iter__(self) -> Any:
        """Pairs of (argument, column)."""
        yield from (("state", name) for name in self.state)
        yield ("arm", self.arm)
        yield ("reward", self.reward)
        yield from (("next_state", name) for name in self.next_state)
        yield from (("time", name) for name in self.time)
        yield from (("run", name) for name in self.run)


@dataclass(frozen=True)
class LogQuery:
    """The queries on one log.

    Attributes
    ----------
    source : OpenTable
    columns : LogColumns
    edges : dict of int to tuple of float
        Place of a state column to the points it is cut at.
    order : str
        "streamed": the next row of the table is the next row of its run, if it has one.
        "sorted": by run, then by time (by row where no time is given).
        "unordered": the engine keeps no order and no time is given.
    origin : float
        Taken off every reward.
    """

    source: OpenTable
    columns: LogColumns
    edges: dict[int, tuple[float, ...]] = field(default_factory=dict)
    order: str = STREAMED
    origin: float = 0.0

    def rows(self, *, bins: bool = True, numbered: bool = False) -> Any:
        """One row a row of the log, under plain names, with the step it stands for.

        Columns `arm`, `reward`, `state_0`, ..., `next_0`, ..., `run_0`, ..., `time_0`, ...;
        `last` (the last row of its run), `contradiction`, `tie` and `disorder` where they mean
        anything. States as bins if `bins`; `row` (from 0) if `numbered` and rows have an order.
        """
        table = self._plain(numbered or (self.order == SORTED and not self.columns.time))
        # Given next states are compared as they stand, and binned afterwards.
        early = bins and not self.columns.next_state
        if early:
            table = self._binned(table, "state")
        if self.order != UNORDERED:
            table = self._with_next_row(table)
        table = self._with_flags(table)
        return self._binned(table, "state", "next") if bins and not early else table

    def grouped(self, table: Any = None, extra: tuple[Any, ...] = ()) -> Any:
        """The counts, one row an (arm, state, next state); further keys by `extra`."""
        table = self.rows() if table is None else table
        width = range(len(self.columns.state))
        keys = ["arm", *(f"state_{i}" for i in width), *(f"next_{i}" for i in width)]
        reward = table.reward - number(self.origin) if self.origin else table.reward
        sums = {
            "steps": table.count(),
            "rewards": table.reward.count(),
            "reward_sum": reward.sum(),
            "reward_squares": (reward * reward).sum(),
        }
        for flag in FLAGS:
            if flag in table.columns:
                sums[flag] = table[flag].cast("int64").sum()
        return table.group_by([*keys, *extra]).aggregate(**sums)

    def first(self, condition: Any) -> dict[str, Any] | None:
        """The first row (states as they stand, not as bins) for which a condition holds."""
        table = self.rows(bins=False, numbered=True)
        found = table.filter(condition(table))
        if "row" in table.columns:
            found = found.order_by("row")
        elif self.order == SORTED:
            found = found.order_by([*_all(found, "run"), *_all(found, "time")])
        rows: list[dict[str, Any]] = self.source.arrow(found.limit(1)).to_pylist()
        return rows[0] if rows else None

    def _binned(self, table: Any, *which: str) -> Any:
        names = [(name, place) for name in which for place in self.edges]
        found = {f"{n}_{i}": _bin(table[f"{n}_{i}"], self.edges[i]) for n, i in names}
        return table.mutate(**found) if found else table

    def runs(self) -> int:
        """How many runs there are."""
        names = [f"run_{i}" for i in range(len(self.columns.run))]
        runs = self._plain(numbered=False).select(names).distinct()
        return int(self.source.arrow(runs.aggregate(n=runs.count()))["n"][0].as_py())

    def _plain(self, numbered: bool) -> Any:
        """The columns under plain names, floats that are no number made null.

        Rewards stay as narrow as they are: where the log is sorted, every byte counts.
        """
        ibis, given, table = load_ibis(), self.columns, self.source.table
        names: dict[str, Any] = {
            "arm": self.source.present(table[given.arm]),
            "reward": table[given.reward],
        }
        for prefix, columns in (
            ("state", given.state), ("next", given.next_state),
            ("run", given.run), ("time", given.time),
        ):  # fmt: skip
            names |= {f"{prefix}_{i}": self.source.present(table[c]) for i, c in enumerate(columns)}
        if numbered and self.source.keeps_order:
            names["row"] = ibis.row_number()
        return table.select(**names)

    def _with_next_row(self, table: Any) -> Any:
        """`following_0`, ... (the next row's state), and what tells whether it is a next row."""
        ibis, given = load_ibis(), self.columns
        runs, times = _all(table, "run"), _all(table, "time")
        sort = self.order == SORTED
        window = (
            ibis.window(
                group_by=runs or None,
                order_by=times or [table.row],
            )
            if sort
            else None
        )

        def following(column: Any) -> Any:
            return column.lead() if window is None else column.lead().over(window)

        ahead = {f"following_{i}": following(c) for i, c in enumerate(_all(table, "state"))}
        ahead |= {f"time_ahead_{i}": following(c) for i, c in enumerate(times)}
        if not sort:
            ahead |= {f"run_ahead_{i}": following(c) for i, c in enumerate(runs)}
        table = table.mutate(**ahead)
        if not sort and runs:
            # A run's last row is followed by another run's first, or by none.
            same = reduce(
                and_,
                [table[f"run_{i}"] == table[f"run_ahead_{i}"] for i in range(len(given.run))],
            )
            last = ~same.fill_null(False)
            gone = {
                name: ibis.ifelse(last, ibis.null(table[name].type()), table[name])
                for name in table.columns
                if name.startswith(("following_", "time_ahead_"))
            }
            return table.mutate(last=last, **gone)
        return table.mutate(last=table.following_0.isnull())

    def _with_flags(self, table: Any) -> Any:
        """Next states where they are not a column, and flags of rows that are wrong."""
        width = range(len(self.columns.state))
        flags = {"reward": self.source.present(table.reward.cast("float64"))}
        ordered = self.order != UNORDERED
        if not self.columns.next_state:
            flags |= {f"next_{i}": table[f"following_{i}"] for i in width}
        elif ordered:
            apart = [table[f"next_{i}"] != table[f"following_{i}"] for i in width]
            flags["contradiction"] = reduce(or_, apart).fill_null(False)
        if ordered and self.columns.time:
            now, ahead = _all(table, "time"), _all(table, "time_ahead")
            pairs = list(zip(now, ahead, strict=True))
            same = reduce(and_, [a == b for a, b in pairs]).fill_null(False)
            flags["tie"] = same
            if self.order == STREAMED:
                flags["disorder"] = _later(pairs).fill_null(False)
        lost = [column.isnull() for column in (*_all(table, "run"), *_all(table, "time"))]
        if lost:
            flags["lost"] = reduce(or_, lost)
        return table.mutate(**flags)


def _all(table: Any, prefix: str) -> list[Any]:
    """Columns prefix_0, prefix_1, ... of a table."""
    names = itertools.takewhile(
        lambda name: name in table.columns, (f"{prefix}_{i}" for i in itertools.count())
    )
    return [table[name] for name in names]


def _later(pairs: list[tuple[Any, Any]]) -> Any:
    """Whether times now come after times ahead, the first that differ deciding."""
    (now, ahead), rest = pairs[0], pairs[1:]
    later = now > ahead
    return later | ((now == ahead) & _later(rest)) if rest else later


def _bin(column: Any, points: tuple[float, ...]) -> Any:
    """How many points a value has reached: the number of its bin, from 0; null stays null.

    Found by halving, since fifty comparisons a row take ten times as long as counting.
    """
    ibis, value = load_ibis(), column.cast("float64")

    def place(low: int, high: int) -> Any:
        if low == high:
            return ibis.literal(low, "int64")
        middle = (low + high) // 2
        reached = value >= number(points[middle])
        return ibis.ifelse(reached, place(middle + 1, high), place(low, middle))

    return ibis.ifelse(column.isnull(), ibis.null("int64"), place(0, len(points)))
