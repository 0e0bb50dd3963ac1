"""Arguments of a log checked at the door: columns that exist, of kinds that make sense."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from eqsolve.design.logs.query import SORTED, STREAMED, UNORDERED, LogColumns
from eqsolve.design.logs.tables import OpenTable, load_ibis
from eqsolve.errors import BadLog

Names = str | Sequence[str]


def check_columns(
    source: OpenTable,
    *,
    state: Names,
    arm: str,
    reward: str,
    next_state: Names | None,
    time: Names | None,
    run: Names | None,
) -> LogColumns:
    """Which column is what, all of them there and of a kind that can be it.

    Raises
    ------
    BadLog
        Naming the argument and the column.
    """
    columns = LogColumns(
        state=_names(state, "state"),
        arm=_name(arm, "arm"),
        reward=_name(reward, "reward"),
        next_state=() if next_state is None else _names(next_state, "next_state"),
        time=() if time is None else _names(time, "time"),
        run=() if run is None else _names(run, "run"),
    )
    if columns.next_state and len(columns.next_state) != len(columns.state):
        raise BadLog(
            f"state= and next_state= name {len(columns.state)} and {len(columns.next_state)} "
            "columns; they should be as many, in the same order."
        )
    found = {(what, name): source.column(name, what) for what, name in columns}
    for (what, name), column in found.items():
        _check_kind(source, column, what, name)
    for name, after in zip(columns.state, columns.next_state, strict=False):
        now, then = found["state", name].type(), found["next_state", after].type()
        if _family(now) != _family(then):
            raise BadLog(
                f"Column {name!r} holds {_family(now)} and column {after!r}, its next_state=, "
                f"{_family(then)}; they should hold the same states."
            )
    return columns


def first_order(source: OpenTable, columns: LogColumns) -> str:
    """In which order rows are to be read.

    Raises
    ------
    BadLog
        Where the next row cannot be known.
    """
    if source.keeps_order:
        return STREAMED
    if columns.time:
        return SORTED
    if columns.next_state:
        return UNORDERED
    raise BadLog(
        f"{source.subject} comes from {source.engine}, which keeps no order of rows here, so that "
        "the next state cannot be read from the next row; give time= or next_state=."
    )


def check_arms(found: Sequence[Hashable], declared: Sequence[Hashable] | None) -> list[Hashable]:
    """The arms in their order: as declared, else as found; at least two.

    Declared arms are matched by value, or by how they are written (``"1"`` is 1).

    Raises
    ------
    BadLog
        For an arm that was not declared, one that never occurs, and for a single arm.

    Examples
    --------
    >>> check_arms(["new", "old"], ["old", "new"])
    ['old', 'new']
    """
    if declared is None:
        order = list(found)
    else:
        written = {str(arm): arm for arm in found}
        order = [arm if arm in found else written.get(str(arm), arm) for arm in declared]
        absent = [arm for arm in order if arm not in found]
        unknown = [arm for arm in found if arm not in order]
        if unknown:
            raise BadLog(
                f"Arm {unknown[0]!r} occurs in the log but is not among arms={list(declared)!r}."
            )
        if absent:
            raise BadLog(
                f"Arm {absent[0]!r} is among arms={list(declared)!r} but never occurs in the log; "
                f"there are {', '.join(map(repr, found))}."
            )
        if len(set(order)) < len(order):
            raise BadLog(f"arms={list(declared)!r} names an arm twice.")
    if len(order) == 1:
        raise BadLog(f"The log has only one arm, {order[0]!r}; an effect needs two to compare.")
    return order


def listed(names: Names | None) -> tuple[str, ...]:
    """One name, several or none, as a tuple.

    >>> listed("queue"), listed(None)
    (('queue',), ())
    """
    if names is None:
        return ()
    return (names,) if isinstance(names, str) else tuple(names)


def _names(given: Names, what: str) -> tuple[str, ...]:
    names = listed(given)
    if not names or not all(isinstance(name, str) for name in names):
        raise BadLog(f"{what}= is the name of a column, or several; not {given!r}.")
    if len(set(names)) < len(names):
        raise BadLog(f"{what}={given!r} names a column twice.")
    return names


def _name(given: str, what: str) -> str:
    if not isinstance(given, str):
        raise BadLog(f"{what}= is the name of one column; not {given!r}.")
    return given


def _check_kind(source: OpenTable, column: Any, what: str, name: str) -> None:
    kind = column.type()
    if what == "reward" and not (kind.is_numeric() or kind.is_boolean()):
        raise BadLog(
            f"Column {name!r}, the reward, holds {_family(kind)}{_example(source, column)}; "
            "rewards are numbers."
        )
    if _family(kind) not in ("numbers", "text", "truth values", "times"):
        raise BadLog(f"Column {name!r}, {what}=, holds {_family(kind)}, which cannot be compared.")


def _example(source: OpenTable, column: Any) -> str:
    """The first value that is no number, with its row where rows have numbers.

    Raises
    ------
    BadLog
        Where there are no rows: an empty file does not tell kinds.
    """
    rows = source.table.select(value=column)
    if not source.arrow(rows.limit(1)).num_rows:
        raise BadLog(f"{source.subject} is empty: it has no rows.")
    if not (source.keeps_order and column.type().is_string()):
        return ""
    rows = rows.mutate(row=load_ibis().row_number())
    wrong = rows.filter(rows.value.notnull() & rows.value.try_cast("float64").isnull())
    found = source.arrow(wrong.order_by("row").limit(1)).to_pylist()
    return f", such as {found[0]['value']!r} in row {found[0]['row']}" if found else ""


def _family(kind: Any) -> str:
    """What a type is, in a word."""
    if kind.is_numeric():
        return "numbers"
    if kind.is_boolean():
        return "truth values"
    if kind.is_string() or kind.is_uuid():
        return "text"
    if kind.is_temporal():
        return "times"
    return str(kind)
