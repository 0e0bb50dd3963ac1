"""The rate a run did have: transient, decay and floor told apart in its distances.

Distances d_k decay geometrically (d ~ a r^k), like a power (d ~ a k^-p), settle at a
floor, keep cycling, or grow. The floor is where the tail has no trend left; the decay is
fitted between transient and floor, on peaks where complex eigenvalues make it
oscillate; intervals allow for autocorrelated residuals (Newey and West 1987) and for
the spread between replications.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from eqsolve.errors import EqsolveError

Array = NDArray[np.float64]
SHORTEST = 5  # records
TAIL = 0.4  # share of the run judged for a floor
EXACT = 1e-13  # distance, relative to the size of the iterates, that counts as zero
STILL = 1e-3  # movement a record, relative to the distance, below which iterates stand still
PREDICTABLE = 0.35  # share of the movement a cycle may leave unexplained by the last two points


@dataclass(frozen=True)
class Measurement:
    """What the distances of a run say.

    Attributes
    ----------
    kind : str
        "linear", "sublinear", "stalled", "cycling" or "diverging".
    rate : float or None
        Contraction a step, for linear (and diverging) runs.
    rate_interval : (float, float) or None
        95 % interval of the rate.
    order : float or None
        p of k^-p, for sublinear runs.
    floor : float or None
        Distance at which the run levels off; None when it had not yet.
    window : (int, int)
        Records between which the decay was fitted.
    intercept : float
        Fitted log distance at step zero (linear) or one (sublinear).
    """

    kind: str
    rate: float | None
    rate_interval: tuple[float, float] | None
    order: float | None
    floor: float | None
    window: tuple[int, int]
    intercept: float


def measure(steps: NDArray[np.int64], distances: Array, iterates: Array) -> Measurement:
    """Classify a run and measure its rate.

    Parameters
    ----------
    steps : ndarray of int (T,)
    distances : ndarray (T, replications)
    iterates : ndarray (T, replications, n)
        Needed to tell a cycle from standing still.

    Raises
    ------
    EqsolveError
        With fewer than five records.
    """
    if steps.size < SHORTEST:
        raise EqsolveError(
            f"A rate needs at least {SHORTEST} records; this run has {steps.size}. "
            "Record more often or run longer."
        )
    whole = (0, steps.size)
    if not np.isfinite(distances).all():
        return Measurement("diverging", np.inf, None, None, None, whole, 0.0)
    # The smaller end of the run sets the size of rounding: a diverging run ends huge.
    size = 1.0 + float(min(np.abs(iterates[0]).max(), np.abs(iterates[-1]).max()))
    zero = EXACT * size
    logs = np.log(np.maximum(distances, zero)).mean(axis=1)
    time = steps.astype(float)
    tail = slice(min(int(steps.size * (1 - TAIL)), steps.size - 3), None)
    slope, error = trend(time[tail], logs[tail])
    change = slope * (time[-1] - time[tail][0])
    flat = abs(change) <= max(3 * error * (time[-1] - time[tail][0]), 1e-6)
    level = float(np.exp(np.median(logs[tail])))
    if not flat and change > 0 and logs[-1] > logs.min() + 0.05 and logs[-1] > logs[0] - 0.05:
        return _growing(time, logs)
    if level <= 10 * zero:
        floor: float | None = float(np.median(distances[tail]))
    else:
        floor = level if flat else None
        if flat:
            settled = _settled_kind(distances[tail], iterates[tail], level, logs)
            if settled is not None:
                return Measurement(settled, None, None, None, floor, whole, 0.0)
    return _decay(time, logs, distances, floor, level if flat else zero, zero)


def trend(time: Array, values: Array, blocks: int = 8) -> tuple[float, float]:
    """Slope of a series and its standard error from block means, robust to autocorrelation."""
    count = min(blocks, time.size)
    means = [
        (float(t.mean()), float(v.mean()))
        for t, v in zip(np.array_split(time, count), np.array_split(values, count), strict=True)
    ]
    t, v = np.array(means).T
    centred = t - t.mean()
    slope = float(centred @ v / (centred @ centred))
    left = v - v.mean() - slope * centred
    freedom = max(count - 2, 1)
    return slope, float(np.sqrt((left @ left) / freedom / (centred @ centred)))


def _growing(time: Array, logs: Array) -> Measurement:
    half = slice(time.size // 2, None)
    slope, error = trend(time[half], logs[half])
    interval = (float(np.exp(slope - 2.5 * error)), float(np.exp(slope + 2.5 * error)))
    window = (time.size // 2, time.size)
    intercept = float(logs[-1] - slope * time[-1])
    return Measurement("diverging", float(np.exp(slope)), interval, None, None, window, intercept)


def _settled_kind(distances: Array, iterates: Array, level: float, logs: Array) -> str | None:
    """ "stalled", "cycling", or None for a noise floor reached by a decay."""
    moves = np.diff(iterates, axis=0)
    movement = float(np.sqrt((moves**2).sum(axis=2).mean()))
    if movement <= STILL * level:
        return "stalled"
    if iterates.shape[0] >= 8 and _unpredicted(iterates) <= PREDICTABLE:
        return "cycling"
    # A run that fluctuates where it began never came closer.
    return "stalled" if logs[0] - np.log(level) < np.log(2.0) else None


def _unpredicted(iterates: Array) -> float:
    """Share of the movement that the last two points do not explain, over all replications."""
    now, before, after = iterates[1:-1], iterates[:-2], iterates[2:]
    explained, moved = 0.0, 0.0
    for r in range(iterates.shape[1]):
        design = np.column_stack([np.ones(now.shape[0]), now[:, r], before[:, r]])
        target = after[:, r] - now[:, r]
        if design.shape[1] >= 0.5 * design.shape[0]:
            return 1.0
        fit, *_ = np.linalg.lstsq(design, target, rcond=None)
        explained += float(((target - design @ fit) ** 2).sum())
        moved += float((target**2).sum())
    return float(np.sqrt(explained / moved)) if moved else 0.0


def _decay(
    time: Array, logs: Array, distances: Array, floor: float | None, level: float, zero: float
) -> Measurement:
    """Fit the decay between transient and floor."""
    # Two e-folds above the floor its noise no longer bends the decay.
    above = np.flatnonzero(logs <= np.log(level) + (2.0 if floor is not None else -np.inf))
    end = int(above[0]) if above.size else time.size
    if floor is None:
        end = time.size
    # Rounding bends the decay even where too few records have reached it to make a floor.
    rounded = np.flatnonzero(logs <= np.log(10 * zero))
    end = min(end, int(rounded[0])) if rounded.size else end
    if end < 3:
        return _at_once(time, logs, floor, zero)
    log_time = np.log(np.maximum(time - time[0], 1.0))
    first = min(max(1, end // 10), max(end - 3, 0))
    window = slice(first, end)
    linear = _misfit(time[window], logs[window])
    power = _misfit(log_time[window], logs[window])
    if power < 0.5 * linear and end - first >= 5:
        half = slice(max(first, end // 4), end)
        slope, intercept = np.polyfit(log_time[half], logs[half], 1)
        return Measurement(
            "sublinear", 1.0, None, float(-slope), floor, (half.start, end), float(intercept)
        )
    start = _after_transient(time, logs, end)
    slope, error, intercept = slope_with_error(time[start:end], logs[start:end])
    if distances.shape[1] >= 5:
        with_floor = np.log(np.maximum(distances[start:end], zero))
        slopes = np.polyfit(time[start:end], with_floor, 1)[0]
        error = max(error, float(slopes.std(ddof=1) / np.sqrt(slopes.size)))
    half_width = float(student.ppf(0.975, max(end - start - 2, 2))) * error
    # What is left of faster modes bends the decay: the second half tells by how much.
    half_width = max(half_width + _bend(time, logs, start, end, slope), 1e-9 * abs(slope))
    interval = (float(np.exp(slope - half_width)), float(np.exp(slope + half_width)))
    return Measurement(
        "linear", float(np.exp(slope)), interval, None, floor, (start, end), intercept
    )


def _bend(time: Array, logs: Array, start: int, end: int, slope: float) -> float:
    """How much steeper or flatter the last half of the window is than all of it."""
    half = (start + end) // 2
    if end - half < 4:
        return 0.0
    return 2 * abs(slope_with_error(time[half:end], logs[half:end])[0] - slope)


def _at_once(time: Array, logs: Array, floor: float | None, zero: float) -> Measurement:
    """Convergence within a record or two: only an upper bound on the rate can be told."""
    drop = (logs[1] - logs[0]) / (time[1] - time[0])
    reached = float(np.exp(logs[1])) <= 10 * zero
    rate = 0.0 if reached else float(np.exp(drop))
    interval = (0.0, float(np.exp(min(drop, 0.0))))
    return Measurement("linear", rate, interval, None, floor, (0, 2), float(logs[0]))


def _misfit(x: Array, y: Array) -> float:
    """Mean squared residual of a straight line."""
    if x.size < 3 or np.ptp(x) == 0:
        return np.inf
    fit = np.polyfit(x, y, 1)
    return float(((y - np.polyval(fit, x)) ** 2).mean())


def _after_transient(time: Array, logs: Array, end: int) -> int:
    """First record from which the slope is that of the window's second half."""
    half = max(end // 2, 0)
    if end - half < 4:
        return 0
    reference, error, _ = slope_with_error(time[half:end], logs[half:end])
    for share in (0.0, 0.05, 0.1, 0.2, 0.3, 0.4):
        start = int(share * end)
        if half - start < 3:
            break
        early, _, _ = slope_with_error(time[start:half], logs[start:half])
        # Judged by the later half's error alone: a transient would inflate the earlier one's.
        allowed = 4 * error + 1e-3 * abs(reference)
        if abs(early - reference) <= allowed:
            return start
    # Still bending: faster modes fade geometrically, so ever later halves are looked at.
    while end - half >= 24:
        later = (half + end) // 2
        slope, noise, _ = slope_with_error(time[later:end], logs[later:end])
        if abs(slope - reference) <= 3 * np.hypot(error, noise) + 1e-3 * abs(reference):
            break
        half, reference, error = later, slope, noise
    return half


def slope_with_error(time: Array, logs: Array) -> tuple[float, float, float]:
    """Slope, its standard error allowing for autocorrelation, and intercept.

    Where the decay oscillates, the slope is that of its peaks.
    """
    peaks = _peaks(logs)
    slope, intercept = np.polyfit(time, logs, 1)
    left = logs - (slope * time + intercept)
    if peaks.size >= 4 and left.std() > 0.15 and left.min() < -3 * max(left.max(), 0.1):
        time, logs = time[peaks], logs[peaks]
        slope, intercept = np.polyfit(time, logs, 1)
        left = logs - (slope * time + intercept)
    if time.size < 4:
        return float(slope), 0.0, float(intercept)
    centred = time - time.mean()
    score = centred * left
    lags = min(int(4 * (time.size / 100) ** (2 / 9)) + int(time.size ** (1 / 3)), time.size - 2)
    variance = float(score @ score)
    for lag in range(1, lags + 1):
        variance += 2 * (1 - lag / (lags + 1)) * float(score[lag:] @ score[:-lag])
    plain = float(left @ left) / max(time.size - 2, 1) * float(centred @ centred)
    variance = max(variance * time.size / max(time.size - 2, 1), plain)
    return float(slope), float(np.sqrt(variance) / (centred @ centred)), float(intercept)


def _peaks(logs: Array) -> NDArray[np.int_]:
    inner = (logs[1:-1] >= logs[:-2]) & (logs[1:-1] > logs[2:])
    return np.flatnonzero(inner) + 1
