"""Minimising a function of one number over an interval, convex or not.

A grid finds the best cell, and the cell is searched again, each round a hundred
points in one batched call; the width falls by fifty a round. On an unbounded side
the grid first grows; where the function falls all the way it has no minimum.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
POINTS = 101
GROWTH = 60  # doublings tried on an unbounded side before calling the function unbounded
TRUSTED = 30  # doublings within which values are no rounding noise, as cos(1e17) would be


def minimize_on_line(
    cost: Callable[[Array], Array], lower: float, upper: float, around: float
) -> tuple[float, bool]:
    """The minimiser and whether the function is bounded below.

    Parameters
    ----------
    cost : callable, (k,) -> (k,)
        NaN where undefined.
    lower, upper : float
        May be infinite.
    around : float
        Sets the scale of an unbounded side.

    Examples
    --------
    >>> z, bounded = minimize_on_line(lambda z: (z - 3) ** 2, 0.0, np.inf, 1.0)
    >>> round(z, 6), bounded
    (3.0, True)
    """

    def value(z: Array) -> Array:
        with np.errstate(all="ignore"):
            out = np.asarray(cost(z), dtype=float)
        return np.where(np.isnan(out), np.inf, out)

    scale = 1.0 + abs(around)
    grid = _grid(value, lower, upper, around, scale)
    if grid is None:
        return around, False
    best = float(around)
    for _ in range(12):
        values = value(grid)
        place = int(values.argmin())
        best = float(grid[place])
        low, high = grid[max(place - 1, 0)], grid[min(place + 1, grid.size - 1)]
        if high - low <= 1e-13 * (1 + abs(best)):
            break
        grid = np.append(np.linspace(low, high, POINTS), best)
        grid.sort()
    return best, True


def _grid(
    value: Callable[[Array], Array], lower: float, upper: float, around: float, scale: float
) -> Array | None:
    """Points over the interval, an unbounded side reached by doublings; None if unbounded."""
    anchor = min(max(around, lower), upper)
    reach = scale * 2.0 ** np.arange(-30, GROWTH)
    sides = [np.array([anchor])]
    for bound, sign in ((lower, -1.0), (upper, 1.0)):
        if np.isfinite(bound):
            sides.append(np.linspace(anchor, bound, POINTS))
            continue
        points = np.asarray(anchor + sign * reach, dtype=float)
        values = value(points)
        tail = values[-(GROWTH - TRUSTED) // 2 :]
        falling = (tail[1:] < tail[:-1]).all()
        if falling and values.argmin() == reach.size - 1 and np.isfinite(values[-1]):
            return None
        sides.append(points[reach <= scale * 2.0**TRUSTED])
    return np.unique(np.concatenate(sides))
