"""Bins of numeric state columns: where they are cut.

A number of bins cuts a column at its quantiles, so that every bin holds about as many rows; a
list of points cuts it there. k points make k + 1 bins: below the first, [first, second), ...,
from the last on. Nothing lies outside.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from eqsolve.design.logs.quantiles import quantiles
from eqsolve.design.logs.tables import OpenTable
from eqsolve.errors import BadLog

Edges = dict[int, tuple[float, ...]]


def find_edges(source: OpenTable, state: Sequence[str], bins: Any) -> Edges:
    """Place of each binned state column to the points it is cut at.

    Parameters
    ----------
    source : OpenTable
    state : sequence of str
        The state columns.
    bins : None, int, sequence of float, or mapping of column to int or sequence
        An int bins every numeric column; a sequence of points wants a single one.

    Raises
    ------
    BadLog
        Naming the column that cannot be binned, or the bins that are none.
    """
    return {
        state.index(name): quantiles(source, name, how) if isinstance(how, int) else how
        for name, how in _asked(source, state, bins).items()
    }


def finer(edges: Edges, source: OpenTable, state: Sequence[str]) -> Edges:
    """About twice as many bins: points halfway between, and one within each outer bin."""
    cut: Edges = {}
    for place, points in edges.items():
        within = {(a + b) / 2 for a, b in itertools.pairwise(points)}
        spread = quantiles(source, state[place], 2 * (len(points) + 1))
        outer = {p for p in (spread[0], spread[-1]) if p < points[0] or p > points[-1]}
        cut[place] = tuple(sorted({*points, *within, *outer}))
    return cut


def coarser(edges: Edges) -> Edges:
    """Half as many bins: every other point kept, one at least.

    >>> coarser({0: (1.0, 2.0, 3.0)})
    {0: (2.0,)}
    """
    return {place: points[1::2] or points[:1] for place, points in edges.items()}


def _asked(source: OpenTable, state: Sequence[str], bins: Any) -> dict[str, Any]:
    """Column to a number of bins or to checked points."""
    if bins is None:
        return {}
    numeric = [name for name in state if source.table[name].type().is_numeric()]
    if isinstance(bins, Mapping):
        given = dict(bins)
    elif isinstance(bins, (int, np.integer)) and not isinstance(bins, bool):
        given = dict.fromkeys(numeric, int(bins))
    elif len(numeric) == 1:
        given = {numeric[0]: bins}
    else:
        given = {}
    if not given:
        raise BadLog(
            f"bins={bins!r} cuts numeric state columns, a list of points only one; of "
            f"{', '.join(map(repr, state))} {len(numeric)} are numeric. Say which to cut, as in "
            "bins={'column': 10}."
        )
    for name in given:
        if name not in state:
            raise BadLog(
                f"bins= names {name!r}, which is no state column; they are "
                f"{', '.join(map(repr, state))}."
            )
        if name not in numeric:
            raise BadLog(f"bins= names {name!r}, which does not hold numbers.")
    return {name: _checked(name, how) for name, how in given.items()}


def _checked(name: str, how: Any) -> Any:
    if isinstance(how, (int, np.integer)) and not isinstance(how, bool):
        if how < 2:
            raise BadLog(f"bins= of {name!r} is {how}; at least two bins make a state.")
        return int(how)
    try:
        points = np.asarray(how, dtype=np.float64)
    except (TypeError, ValueError):
        points = np.zeros((0, 0))
    if points.ndim != 1 or not points.size or not np.isfinite(points).all():
        raise BadLog(
            f"bins= of {name!r} is a number of bins or a list of points to cut at, not {how!r}."
        )
    if (np.diff(points) <= 0).any():
        raise BadLog(f"bins= of {name!r}: the points {how!r} should grow.")
    return tuple(points.tolist())
