"""Labels of states and arms, and their codes 0, 1, 2, ... in a fixed order.

A state is a value of one column or a tuple of values of several; a binned column's value is its
interval. Labels are ordered column by column, numbers by size, bins by place, text by letters,
so that the same log has the same codes on every engine.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.errors import BadLog

Integers = NDArray[np.int64]

_MOST = 2**62  # combinations of values that have numbers


@dataclass(frozen=True, eq=False)
class Coding:
    """Values of one or more columns as codes.

    Attributes
    ----------
    values : tuple of pyarrow arrays
        For each column its values, in order.
    present : ndarray of int (codes,)
        Mixed-radix numbers of the combinations that occur, in order.
    labels : tuple
        What each code stands for.
    """

    values: tuple[Any, ...]
    present: Integers
    labels: tuple[Hashable, ...]

    @classmethod
    def of(cls, parts: Sequence[Sequence[Any]], names: Mapping[int, Sequence[str]]) -> Coding:
        """The coding of all combinations that occur in any of the parts.

        Parameters
        ----------
        parts : sequence of sequences of pyarrow arrays
            Each part one array a column, without nulls: states, and next states.
        names : dict of int to sequence of str
            Place of a binned column to the names of its bins.
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        values = []
        for columns in zip(*parts, strict=True):
            alike = [_plain(column) for column in columns]
            kind = _common([column.type for column in alike])
            every = pa.chunked_array([column.cast(kind) for column in alike])
            distinct = pc.unique(every)
            values.append(distinct.take(pc.sort_indices(distinct)))
        sizes = [len(column) for column in values]
        if math.prod(sizes) > _MOST:
            raise BadLog(
                f"The state columns take {' x '.join(map(str, sizes))} values: too many "
                "combinations to be numbered; cut them with bins=."
            )
        coding = cls(tuple(values), np.zeros(0, dtype=np.int64), ())
        mixed = np.unique(np.concatenate([coding._mixed(part) for part in parts]))
        shown = [
            [names[place][k] for k in column.to_pylist()] if place in names else column.to_pylist()
            for place, column in enumerate(values)
        ]
        places = np.unravel_index(mixed, sizes) if mixed.size else [mixed] * len(sizes)
        each = [
            [names_here[k] for k in place] for names_here, place in zip(shown, places, strict=True)
        ]
        labels = tuple(each[0]) if len(each) == 1 else tuple(zip(*each, strict=True))
        return cls(tuple(values), mixed, labels)

    def __call__(self, columns: Sequence[Any]) -> Integers:
        """Codes of rows; every combination must be one that occurs."""
        return np.searchsorted(self.present, self._mixed(columns)).astype(np.int64)

    def _mixed(self, columns: Sequence[Any]) -> Integers:
        import pyarrow as pa
        import pyarrow.compute as pc

        number = np.zeros(len(columns[0]), dtype=np.int64)
        for column, known in zip(columns, self.values, strict=True):
            plain = _plain(column).cast(known.type)
            place = pc.index_in(plain, value_set=known)
            flat = place.combine_chunks() if isinstance(place, pa.ChunkedArray) else place
            number = number * len(known) + flat.to_numpy(zero_copy_only=False)
        return number


def bin_names(points: Sequence[float]) -> list[str]:
    """What to call the bins between points.

    >>> bin_names([3.0, 7.5])
    ['< 3', '[3, 7.5)', '>= 7.5']
    >>> bin_names([])
    ['any']
    """
    if not points:
        return ["any"]
    shown = [f"{point:.12g}" for point in points]
    between = [f"[{low}, {high})" for low, high in itertools.pairwise(shown)]
    return [f"< {shown[0]}", *between, f">= {shown[-1]}"]


def _plain(column: Any) -> Any:
    """Dictionaries, decimals and times as text and numbers; whole floats as integers."""
    import pyarrow as pa
    import pyarrow.types as kinds

    kind = column.type
    if kinds.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    if kinds.is_boolean(kind):
        return column
    number = kinds.is_decimal(kind) or kinds.is_floating(kind)
    if number or kinds.is_integer(kind):
        # pandas makes floats of integers when one of a column is absent.
        wide = column.cast(pa.float64()) if number else column
        try:
            return wide.cast(pa.int64())
        except pa.ArrowInvalid:  # fractions, or integers beyond 2^63
            return wide if number else column.cast(pa.large_string())
    return column.cast(pa.large_string())


def _common(kinds_given: Sequence[Any]) -> Any:
    """One type for the values of a column and of its next states."""
    import pyarrow as pa

    distinct = set(kinds_given)
    if len(distinct) == 1:
        return distinct.pop()
    return pa.large_string() if pa.large_string() in distinct else pa.float64()
