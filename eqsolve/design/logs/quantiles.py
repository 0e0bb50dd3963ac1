"""Quantiles of a column by counting, the same on every engine and in little memory.

The range of the values is divided into cells and one grouped query counts the rows in each. A
quantile in a cell that holds few rows is known well enough; a cell that holds many is divided
again. Of the numbers that cut off about as many rows, the answer is that of fewest digits.

Few engines compute exact quantiles (BigQuery and SQLite do not), those that do sort or keep all
values (DuckDB takes two minutes for 10^8 of them), and approximate ones differ from engine to
engine, and with them the bins and the effect.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from eqsolve.design.logs.tables import OpenTable, number
from eqsolve.errors import BadLog

CELLS = 4096
_DEPTH = 12  # times that a cell is divided; values over 40 decades are cut less evenly
_SLACK = 0.02  # of a bin's rows, by which a cut may miss its quantile


def quantiles(source: OpenTable, name: str, bins: int) -> tuple[float, ...]:
    """Points, growing, that cut a column into bins of about equally many rows.

    Parameters
    ----------
    source : OpenTable
    name : str
        A numeric column.
    bins : int
        At least 2. Where single values fill several bins there are fewer points than bins - 1.

    Raises
    ------
    BadLog
        Where the column has only one value, or none.

    Examples
    --------
    >>> import pandas as pd
    >>> from eqsolve.design.logs.tables import open_table
    >>> quantiles(open_table(pd.DataFrame({"queue": [0, 0, 1, 1, 2, 2, 9, 9]})), "queue", 4)
    (1.0, 2.0, 9.0)
    """
    column = source.present(source.table[name].cast("float64"))
    frame = source.table.select(x=column)
    ends = source.arrow(frame.aggregate(n=frame.x.count(), low=frame.x.min(), high=frame.x.max()))
    rows, low, high = (ends[key][0].as_py() for key in ("n", "low", "high"))
    if not rows or low == high:
        raise BadLog(f"Column {name!r} has only one value in the log; bins= cannot cut it.")
    if not np.isfinite(high - low):
        raise BadLog(f"Column {name!r} reaches from {low} to {high}; bins= needs finite numbers.")
    wanted = np.arange(1, bins) * (rows / bins)
    found = _cut(source, frame, (low, high), 0, wanted, _SLACK * rows / bins)
    return tuple(sorted(point for point in found if point > low)) or (_next(source, frame, low),)


def _cut(
    source: OpenTable,
    frame: Any,
    ends: tuple[float, float],
    below: int,
    wanted: Any,
    slack: float,
    depth: int = 0,
) -> set[float]:
    """Values before which about `wanted` rows lie, `below` of them before the ends."""
    low, high = ends
    width = (high - low) / CELLS
    inside = frame if not depth else frame.filter(frame.x.between(number(low), number(high)))
    cell = ((inside.x - number(low)) / number(width)).floor().cast("int64")
    groups = inside.group_by(cell=cell).aggregate(
        n=inside.x.count(), least=inside.x.min(), most=inside.x.max()
    )
    counted = source.arrow(groups.filter(groups.n > 0).order_by("cell"))
    n, least, most = (counted[key].to_numpy() for key in ("n", "least", "most"))
    upto = below + np.cumsum(n)
    home = np.minimum(np.searchsorted(upto, wanted), n.size - 1)
    points: set[float] = set()
    for k in np.unique(home):
        here = wanted[home == k]
        before = int(upto[k] - n[k])
        span = (float(least[k]), float(most[k]))
        if n[k] > slack and (span[1] - span[0]) / CELLS > 0 and depth < _DEPTH:
            points |= _cut(source, frame, span, before, here, slack, depth + 1)
            continue
        for goal in here:
            later = goal - before > upto[k] - goal and k + 1 < n.size
            at = k + 1 if later else k
            # Any number will do that leaves out what came before, and few rows of its own cell.
            above = most[at - 1] if at else np.nextafter(low, -np.inf)
            points.add(_shortest(float(above), float(most[at] if n[at] <= slack else least[at])))
    return points


def _shortest(above: float, upto: float) -> float:
    """The number of fewest digits in an interval, its upper end included.

    >>> _shortest(1.2391, 1.2408454323924), _shortest(-0.2, 3.0), _shortest(118.0, 131.0)
    (1.24, 0.0, 130.0)
    """
    if above < 0 <= upto:
        return 0.0
    first = -math.floor(math.log10(max(abs(above), abs(upto))))
    for digits in range(first, first + 17):
        if abs(digits) < 290:
            number_of_units = math.floor(upto * 10.0**digits)
            short = round(number_of_units / 10.0**digits, digits)
            if above < short <= upto:
                return short
    return upto


def _next(source: OpenTable, frame: Any, low: float) -> float:
    """The least value above the lowest, where that one fills all bins but the last."""
    above = frame.filter(frame.x > number(low))
    return float(source.arrow(above.aggregate(x=above.x.min()))["x"][0].as_py())
