"""A log counted, or refused with its first bad row.

The grouped query answers everything at once: the counts, and how many rows are wrong in each
way. Only where some are is the table searched for the first of them.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from eqsolve.design.estimation.counts import TransitionCounts
from eqsolve.design.logs.door import check_arms
from eqsolve.design.logs.labels import Coding, bin_names
from eqsolve.design.logs.query import FLAGS, SORTED, STREAMED, UNORDERED, LogQuery
from eqsolve.errors import BadLog

MOST_ROWS = 20_000_000  # different (arm, state, next state); beyond, states are no states
_FIRST = 1_000_000  # rows that are looked at for their order before all are counted
_PILOT = 1000  # rows whose mean tells whether squares would cancel
_FAR = 1e4  # standard deviations of the rewards from zero, from which they would


@dataclass(frozen=True, eq=False)
class ReadLog:
    """Counts with what their codes mean, and the query that gave them."""

    counts: TransitionCounts
    states: Coding
    arms: Coding
    arm_order: tuple[int, ...]
    query: LogQuery


def read(query: LogQuery, arms: Sequence[Hashable] | None) -> ReadLog:
    """Count a log.

    Parameters
    ----------
    query : LogQuery
    arms : sequence, optional
        The arms in their order; default those found, in the order of their labels.

    Raises
    ------
    BadLog
        Naming the first row or the column at fault.
    """
    query = replace(query, origin=_origin(query))
    if query.order == STREAMED and _misplaced_at_once(query):
        query = replace(query, order=SORTED)
    found = _grouped(query)
    if query.order == STREAMED and _misplaced(query, found):
        query = replace(query, order=SORTED)
        found = _grouped(query)
    _refuse(query, found)
    return _coded(query, found, arms)


def row_name(query: LogQuery, row: dict[str, Any]) -> str:
    """How to call a row in a sentence: by its number, and by run and time where given."""
    parts = []
    for what, columns in (("run", query.columns.run), ("time", query.columns.time)):
        values = [row[f"{what}_{i}"] for i in range(len(columns))]
        known = [pair for pair in zip(columns, values, strict=True) if pair[1] is not None]
        parts += [f"{name} {_shown(value)}" for name, value in known]
    if "row" in row:
        where = f"; {', '.join(parts)}" if parts else ""
        return f"row {row['row']} (counted from 0{where})"
    return f"the row of {', '.join(parts)}" if parts else "a row"


def _origin(query: LogQuery) -> float:
    """What to take off rewards so that their squares do not cancel; zero nearly always."""
    reward = query.source.table[query.columns.reward].cast("float64")
    pilot = query.source.table.select(reward=reward).limit(_PILOT)
    found = query.source.arrow(pilot)["reward"].to_pylist()
    rewards = [value for value in found if value is not None and np.isfinite(value)]
    with np.errstate(over="ignore", invalid="ignore"):
        mean, spread = float(np.mean(rewards or [0.0])), float(np.std(rewards or [0.0]))
    far = np.isfinite(mean) and abs(mean) > _FAR * spread
    return mean if far else 0.0


def _grouped(query: LogQuery) -> Any:
    """The grouped query's result as an Arrow table."""
    found = query.source.arrow(query.grouped().limit(MOST_ROWS + 1))
    if not found.num_rows:
        raise BadLog(f"{query.source.subject} is empty: it has no rows.")
    if found.num_rows > MOST_ROWS:
        raise BadLog(
            f"The states take so many values that over {MOST_ROWS:,} different transitions occur; "
            "give bins= for numeric columns, or fewer columns in state=."
        )
    return found


def _misplaced_at_once(query: LogQuery) -> bool:
    """Whether the first rows already do not lie in order, which spares a wrong count of all."""
    if not (query.columns.time or query.columns.run):
        return False
    source = replace(query.source, table=query.source.table.limit(_FIRST))
    first = replace(query, source=source)
    flags = first.rows(bins=False)
    sums = {name: flags[name].cast("int64").sum() for name in FLAGS if name in flags.columns}
    return _misplaced(first, source.arrow(flags.aggregate(**sums).fill_null(0)))


def _misplaced(query: LogQuery, found: Any) -> bool:
    """Whether rows do not lie in the order of their runs and times."""
    if _total(found, "disorder"):
        return True
    # Each run once in a row: as many ends as there are runs.
    return bool(query.columns.run) and _total(found, "last") != query.runs()


def _refuse(query: LogQuery, found: Any) -> None:
    """Raise BadLog for the first row that is wrong in any way."""
    columns = query.columns
    if _total(found, "steps") > _total(found, "rewards"):
        _absent(query, "reward", columns.reward)
    for i, name in enumerate(columns.state):
        if found[f"state_{i}"].null_count:
            _absent(query, f"state_{i}", name)
    if found["arm"].null_count:
        _absent(query, "arm", columns.arm)
    if _total(found, "lost"):
        for what, names in (("run", columns.run), ("time", columns.time)):
            for i, name in enumerate(names):
                _absent(query, f"{what}_{i}", name)
    if not np.isfinite(found["reward_sum"].drop_null().to_numpy()).all():
        row = query.first(lambda rows: rows.reward.abs() == float("inf"))
        if row is not None:
            raise BadLog(
                f"Column {columns.reward!r} is infinite in {row_name(query, row)}; rewards are "
                "finite numbers."
            )
        raise BadLog(f"Column {columns.reward!r} sums to infinity; its numbers are too large.")
    if _total(found, "tie"):
        _tied(query)
    if columns.next_state:
        _next_states(query, found)


def _absent(query: LogQuery, place: str, name: str) -> None:
    """Raise for the first row where a column is null or NaN, if there is one."""
    row = query.first(lambda rows: rows[place].isnull())
    if row is not None:
        raise BadLog(f"Column {name!r} has no value in {row_name(query, row)}.")


def _tied(query: LogQuery) -> None:
    row = query.first(lambda rows: rows.tie)
    assert row is not None
    hints = ["give a finer time="] if query.columns.run else ["give run= if several runs are mixed"]
    hints += ["leave time= out to take rows as they lie"] if query.source.keeps_order else []
    raise BadLog(
        f"Two rows of a run have the same time, so that their order is unknown: "
        f"{row_name(query, row)} and the next; {', or '.join(hints)}."
    )


def _next_states(query: LogQuery, found: Any) -> None:
    """Refuse absent next states, but a run's last, and those that are not the next row's."""
    names, width = query.columns.next_state, range(len(query.columns.next_state))
    null = np.zeros(found.num_rows, dtype=bool)
    for i in width:
        null |= found[f"next_{i}"].is_null().to_numpy(zero_copy_only=False)
    ends = found["last"].to_numpy() if query.order != UNORDERED else np.zeros(found.num_rows)
    if (found["steps"].to_numpy()[null] > ends[null]).any():
        for i in width:
            row = query.first(
                lambda rows, i=i: (
                    rows[f"next_{i}"].isnull() & (~rows["last"] if "last" in rows.columns else True)
                )
            )
            if row is not None:
                raise BadLog(f"Column {names[i]!r} has no value in {row_name(query, row)}.")
    if not _total(found, "contradiction"):
        return
    row = query.first(lambda rows: rows.contradiction)
    assert row is not None
    said = _together(row[f"next_{i}"] for i in width)
    then = _together(row[f"following_{i}"] for i in width)
    hint = "" if query.columns.run else "; give run= if a new run starts there"
    hint += "" if query.columns.time else ", or time= if rows are not in order" if hint else ""
    raise BadLog(
        f"Column {_together(names)} contradicts the next row: in {row_name(query, row)} it says "
        f"{said}, but the next row is in state {then}{hint}."
    )


def to_counts(found: ReadLog, grouped: Any) -> TransitionCounts:
    """The rows of a grouped query as counts, with the codes of a log already read."""
    return _counts(grouped, found.query, found.states, found.arms, found.arm_order)


def _coded(query: LogQuery, found: Any, arms: Sequence[Hashable] | None) -> ReadLog:
    """Labels made codes; a run's last row, which leads nowhere, is dropped."""
    width = range(len(query.columns.state))
    names = {place: bin_names(points) for place, points in query.edges.items()}
    arm_coding = Coding.of([[found["arm"]]], {})
    order = check_arms(arm_coding.labels, arms)
    places = tuple(order.index(label) for label in arm_coding.labels)
    steps = _leading(query, found)
    if not steps.num_rows:
        raise BadLog(
            f"{query.source.subject} holds no transition: no row is followed by another of its "
            "run; give next_state=, or runs of two rows or more."
        )
    parts = [[steps[f"{which}_{i}"] for i in width] for which in ("state", "next")]
    coding = Coding.of(parts, names)
    counts = _counts(found, query, coding, arm_coding, places)
    return ReadLog(counts, coding, arm_coding, places, query)


def _leading(query: LogQuery, found: Any) -> Any:
    """Groups of rows that lead somewhere: all but the last rows of runs."""
    led = np.ones(found.num_rows, dtype=bool)
    for i in range(len(query.columns.state)):
        led &= found[f"next_{i}"].is_valid().to_numpy(zero_copy_only=False)
    return found if led.all() else found.filter(led)


def _counts(
    found: Any, query: LogQuery, states: Coding, arms: Coding, places: tuple[int, ...]
) -> TransitionCounts:
    steps = _leading(query, found)
    width = range(len(query.columns.state))
    labels = [arms.labels[places.index(place)] for place in range(len(places))]
    return TransitionCounts(
        arm=np.array(places)[arms([steps["arm"]])],
        state=states([steps[f"state_{i}"] for i in width]),
        next_state=states([steps[f"next_{i}"] for i in width]),
        count=steps["steps"].to_numpy(),
        reward_sum=steps["reward_sum"].to_numpy(),
        reward_squares=steps["reward_squares"].to_numpy(),
        arms=len(labels),
        states=len(states.labels),
        arm_names=tuple(labels),
        state_names=states.labels,
    )


def _total(found: Any, name: str) -> int:
    """Sum of a flag over groups; zero where it was not counted."""
    return int(found[name].to_numpy().sum()) if name in found.column_names else 0


def _together(values: Any) -> str:
    shown = [_shown(value) for value in values]
    return shown[0] if len(shown) == 1 else f"({', '.join(shown)})"


def _shown(value: Any) -> str:
    return repr(value) if isinstance(value, (str, int, float, bool)) else str(value)
