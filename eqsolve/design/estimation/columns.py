"""Columns of a log at the door: codes, numbers and names, refused with their row.

Everything that takes steps or counts checks them here, once.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.errors import BadLog

Array = NDArray[np.float64]
Integers = NDArray[np.int64]
Names = tuple[Hashable, ...] | None


def codes(values: Any, name: str) -> Integers:
    """One column of whole numbers.

    Raises
    ------
    BadLog
        Naming the column and its first row that is no whole number.

    Examples
    --------
    >>> codes([0.0, 2.0], "state").tolist()
    [0, 2]
    """
    given = _column(values, name)
    if given.size == 0:
        return np.zeros(0, dtype=np.int64)
    if given.dtype.kind not in "iufb":
        raise BadLog(f"Column '{name}' holds {given.dtype}; it should hold codes 0, 1, 2, ...")
    if given.dtype.kind == "f":
        whole = np.isfinite(given) & (given == np.floor(given))
        if not whole.all():
            row = int(np.argmin(whole))
            raise BadLog(f"Column '{name}', row {row}: {given[row]} is no code 0, 1, 2, ...")
    return given.astype(np.int64, copy=False)


def numbers(values: Any, name: str) -> Array:
    """One column of finite numbers.

    Raises
    ------
    BadLog
        Naming the column and its first row that is no finite number.

    Examples
    --------
    >>> numbers([1, 2], "reward").tolist()
    [1.0, 2.0]
    """
    given = _column(values, name)
    if given.size and given.dtype.kind not in "iufb":
        raise BadLog(f"Column '{name}' holds {given.dtype}; it should hold numbers.")
    column = given.astype(np.float64, copy=False)
    fine = np.isfinite(column)
    if not fine.all():
        row = int(np.argmin(fine))
        raise BadLog(f"Column '{name}', row {row}: {column[row]} is no finite number.")
    return column


def check_lengths(columns: Mapping[str, NDArray[Any]]) -> None:
    """Refuse columns of different lengths.

    >>> check_lengths({"arm": np.zeros(3), "state": np.zeros(2)})
    Traceback (most recent call last):
    eqsolve.errors.BadLog: Columns differ in length: arm 3, state 2.
    """
    if len({column.size for column in columns.values()}) > 1:
        lengths = ", ".join(f"{name} {column.size}" for name, column in columns.items())
        raise BadLog(f"Columns differ in length: {lengths}.")


def check_range(column: Integers, name: str, limit: int) -> None:
    """Refuse codes outside 0 .. limit - 1.

    >>> check_range(np.array([0, 5]), "arm", 2)
    Traceback (most recent call last):
    eqsolve.errors.BadLog: Column 'arm', row 1: 5 is not among the codes 0 to 1.
    """
    if column.size and (column.min() < 0 or column.max() >= limit):
        row = int(np.argmax((column < 0) | (column >= limit)))
        raise BadLog(
            f"Column '{name}', row {row}: {column[row]} is not among the codes 0 to {limit - 1}."
        )


def how_many(column: Integers, stated: int | None, names: Sequence[Hashable] | None) -> int:
    """How many codes there are: as stated, or as there are names, or as occur.

    >>> how_many(np.array([0, 5]), None, None), how_many(np.array([0]), None, ["old", "new"])
    (6, 2)
    """
    if stated is not None:
        return int(stated)
    return len(names) if names is not None else int(column.max(initial=-1)) + 1


def check_names(names: Sequence[Hashable] | None, count: int, what: str) -> Names:
    """Names as a tuple, or None.

    Raises
    ------
    BadLog
        Unless there are `count` of them, all different.

    Examples
    --------
    >>> check_names(["old", "new"], 2, "arm")
    ('old', 'new')
    """
    if names is None:
        return None
    listed = tuple(names)
    if len(listed) != count:
        raise BadLog(f"There are {count} {what}s but {len(listed)} {what}_names.")
    if len(set(listed)) != count:
        seen: dict[Hashable, int] = {}
        twice = next(
            name for place, name in enumerate(listed) if seen.setdefault(name, place) < place
        )
        raise BadLog(f"The {what} name {twice!r} is given twice.")
    return listed


def _column(values: Any, name: str) -> NDArray[Any]:
    given = np.asarray(values)
    if given.ndim != 1:
        raise BadLog(f"Column '{name}' has shape {given.shape}; it should be one number a row.")
    return given
