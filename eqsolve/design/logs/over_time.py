"""The effect as a log grew: one grouped query, counts added up part by part.

The log is cut into parts one after the other; the grouped query has the part as one key more, and
the counts of the first k parts are those of the log as it was then. Parts hold equally many
rows where rows lie in their order, and equally much time otherwise.

A fixed interval looked at again and again misses the truth far more often than it says (30 looks
at 95 % miss 39 % of the time), so both are given: the CLT interval, right at a single look chosen
in advance, and the anytime interval, right at all looks together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.design.estimation.counts import TransitionCounts
from eqsolve.design.estimation.estimate import estimate
from eqsolve.design.estimation.intervals import anytime_interval, check_level, clt_interval
from eqsolve.design.logs.query import STREAMED, UNORDERED, LogQuery
from eqsolve.design.logs.read import ReadLog, to_counts
from eqsolve.design.logs.tables import number
from eqsolve.errors import BadLog
from eqsolve.results import Table

Array = NDArray[np.float64]

_MOST_ROWS = 10_000_000  # of the grouped query, all parts together


@dataclass(frozen=True, eq=False, repr=False)
class EffectOverTime:
    """Estimates from growing parts of a log.

    Attributes
    ----------
    steps : ndarray of int (T,)
        Steps in each part, all before included.
    effects, standard_errors : ndarray (T, K)
        nan where the part does not identify the effect yet.
    level : float
    tightest_at : float
        Steps at which the anytime interval is tightest: the length of the log.
    names : tuple of str
        Of the contrasts.
    """

    steps: NDArray[np.int64]
    effects: Array
    standard_errors: Array
    level: float
    tightest_at: float
    names: tuple[str, ...]

    def interval(self, kind: str = "clt") -> tuple[Array, Array]:
        """Lower and upper ends, each (T, K); "clt" for a single look, "anytime" for all."""
        if kind == "clt":
            found = clt_interval(self.effects, self.standard_errors, self.level)
        else:
            found = anytime_interval(
                self.effects,
                self.standard_errors,
                np.broadcast_to(self.steps[:, None], self.effects.shape),
                self.level,
                self.tightest_at,
            )
        return np.asarray(found.low), np.asarray(found.high)

    def table(self) -> Table:
        """One row a part and contrast."""
        (low, high), (wide_low, wide_high) = self.interval("clt"), self.interval("anytime")
        rows = []
        for t, steps in enumerate(self.steps):
            for k, name in enumerate(self.names):
                ends = (low[t, k], high[t, k], wide_low[t, k], wide_high[t, k])
                rows.append((float(steps), name, self.effects[t, k], *ends))
        percent = f"{100 * self.level:.6g} %"
        headers = ("steps", "contrast", "effect", f"{percent} from", "to", "anytime from", "to")
        if len(self.names) == 1:
            return Table(headers[:1] + headers[2:], tuple(r[:1] + r[2:] for r in rows))
        return Table(headers, tuple(rows))

    def __repr__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()

    def plot(self, ax: Any = None) -> Any:
        """The effect over steps with both intervals; returns the axes."""
        from eqsolve.plotting.logs import plot_effect_over_time

        return plot_effect_over_time(self, ax=ax)


def effect_over_time(
    found: ReadLog, points: int, contrast: Any, level: float, prior: float
) -> EffectOverTime:
    """See `TransitionLog.interval_over_time`."""
    if points < 1:
        raise BadLog(f"points={points}: one part of the log at least is wanted.")
    check_level(level)
    parts = max(1, min(points, _MOST_ROWS // max(found.counts.arm.size, 1)))
    grouped = _by_part(found, parts)
    empty = TransitionCounts.empty(
        found.counts.arms,
        found.counts.states,
        arm_names=found.counts.arm_names,
        state_names=found.counts.state_names,
    )
    whole = estimate(found.counts, contrast, prior=prior)
    so_far = empty
    steps: list[int] = []
    effects: list[Array] = []
    errors: list[Array] = []
    for part in range(parts):
        so_far = so_far + to_counts(found, grouped.filter(grouped["part"].to_numpy() == part))
        if not so_far.total or (steps and so_far.total == steps[-1]):
            continue
        try:
            now = estimate(so_far, contrast, prior=prior)
            effect, error = np.atleast_1d(now.effect), np.atleast_1d(now.standard_error)
        except BadLog:  # an arm not yet identified
            effect = error = np.full(len(whole.contrast), np.nan)
        steps.append(int(so_far.total))
        effects.append(effect + found.query.origin * whole.contrast.sum(axis=1))
        errors.append(error)
    return EffectOverTime(
        steps=np.array(steps),
        effects=np.array(effects),
        standard_errors=np.array(errors),
        level=level,
        tightest_at=float(found.counts.total),
        names=tuple(str(row[0]) for row in whole.table().rows[found.counts.arms :]),
    )


def _by_part(found: ReadLog, parts: int) -> Any:
    """The grouped query with the part as a further key."""
    query = found.query
    if query.order == UNORDERED:
        raise BadLog(
            f"The rows of {query.source.name} have no order: {query.source.engine} keeps none; "
            "give time= to follow the effect over time."
        )
    rows = query.rows(numbered=True)
    place, first, last = _clock(query, rows)
    span = max(last - first, 1e-300)
    share = (place.cast("float64") - number(first)) / number(span)
    part = (share * parts).floor().cast("int64").clip(0, parts - 1)
    return query.source.arrow(query.grouped(rows.mutate(part=part), ("part",)))


def _clock(query: LogQuery, rows: Any) -> tuple[Any, float, float]:
    """What tells how far the log has come at a row, and where it starts and ends."""
    by_rows = not query.columns.time or (query.order == STREAMED and not query.columns.run)
    if by_rows and query.source.keeps_order:
        total = query.source.arrow(query.source.table.aggregate(n=query.source.table.count()))
        return rows.row, 0.0, float(total["n"][0].as_py())
    time = rows.time_0
    kind = time.type()
    if len(query.columns.time) > 1 or not (kind.is_numeric() or kind.is_temporal()):
        raise BadLog(
            f"time={query.columns.time!r} orders rows but does not measure time; to follow the "
            "effect over time give one column of numbers or times."
        )
    if kind.is_temporal():
        time = time.cast("timestamp").epoch_seconds()
    else:
        time = time.cast("float64")
    bounds = rows.select(t=time)
    ends = query.source.arrow(bounds.aggregate(low=bounds.t.min(), high=bounds.t.max()))
    low, high = (float(ends[name][0].as_py()) for name in ("low", "high"))
    return time, low, high + (high - low) * 1e-12
