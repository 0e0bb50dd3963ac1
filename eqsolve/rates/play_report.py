"""The verdict on repeated play: how near it is to the (coarse) correlated equilibria.

The gap of average joint play to the set falls like k^-p; where learners have a proven regret
bound, the coarse gap stays below it. Which point of the set was reached shows in payoffs:
linear programs give the best and the worst that any equilibrium of the set pays.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.rates.measurement import slope_with_error
from eqsolve.results import Table

Array = NDArray[np.float64]
FEWEST = 5  # records to fit an order to
ROUNDING = 1e-12  # by which a bound may be missed
NORMAL = 1.959963984540054  # half width of a 95 % interval, in standard errors


@dataclass(frozen=True)
class Band:
    """Best and worst payoffs over the equilibria of a set, and what play got.

    Attributes
    ----------
    names : tuple
        Players, then "welfare".
    worst, best : ndarray (players + 1,)
        Over all equilibria of the set, by linear programs.
    measured : ndarray (replications, players + 1)
        Average payoffs of play.
    units : ndarray (players + 1,)
        Spread of each payoff.
    concept : str
    """

    names: tuple[Any, ...]
    worst: Array
    best: Array
    measured: Array
    units: Array
    concept: str

    @property
    def outside(self) -> Array:
        """How far payoffs lie outside, in spreads, (replications, players + 1); 0 inside.

        Play at a gap of e may lie outside by as much as e times a multiplier of the programs.
        """
        below, above = self.worst - self.measured, self.measured - self.best
        return np.asarray(np.maximum(np.maximum(below, above), 0.0) / self.units)

    def inside(self, tolerance: float = 1e-3) -> bool:
        """Whether every payoff of every replication is inside, but for `tolerance` spreads."""
        return bool((self.outside <= tolerance).all())

    def table(self) -> Table:
        """One row a player, and welfare."""
        rows = tuple(
            (str(name), low, mean, high, out)
            for name, low, mean, high, out in zip(
                self.names,
                self.worst,
                self.measured.mean(axis=0),
                self.best,
                self.outside.max(axis=0),
                strict=True,
            )
        )
        headers = ("payoff of", "worst", "play", "best", "outside by (spreads)")
        return Table(headers, rows, title=f"play among the {self.concept} equilibria")

    def __repr__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


@dataclass(frozen=True, eq=False)
class PlayReport:
    """Repeated play compared with the equilibria it should approach.

    Attributes
    ----------
    play : RepeatedPlay
    concept : "coarse correlated" or "correlated"
    gaps : ndarray (T, replications)
        Largest gain of any player from deviating, against average joint play.
    bound : ndarray (T,) or None
        Largest proven regret of any player, in payoffs; the coarse gap stays below.
    order : float or None
        p of k^-p, fitted to the mean gap over the later half of the run in logarithmic
        time; None where fewer than five of those records have a gap.
    order_interval : (float, float) or None
        95 %, allowing for autocorrelation.
    intercept : float
        Fitted log gap at round one.
    window : slice
        Records between which the order was fitted.
    distances : ndarray (replications, equilibria)
        From the end of the run to each equilibrium given.
    equilibria : tuple
        As given.
    find_band : callable
        Gives `band`.

    Examples
    --------
    >>> import eqsolve as eq
    >>> chicken = eq.NormalFormGame.bimatrix([[0, 7], [2, 6]], [[0, 2], [7, 6]])
    >>> learner = eq.dynamics.MultiplicativeWeights()
    >>> path = eq.simulate(chicken, learner, start=[[0.6, 0.4], [0.5, 0.5]], steps=500)
    >>> report = eq.validate(path, [chicken.pack([0, 1]), chicken.pack([1, 0])])
    >>> report.holds_bound, report.selected
    (True, array([0]))
    """

    play: Any
    concept: str
    gaps: Array
    bound: Array | None
    order: float | None
    order_interval: tuple[float, float] | None
    intercept: float
    window: slice
    distances: Array
    equilibria: tuple[Any, ...] = ()
    find_band: Callable[[], Band] | None = field(default=None, repr=False)

    @property
    def final_gap(self) -> float:
        """Largest gap of any replication at the end."""
        return float(self.gaps[-1].max())

    @property
    def converges(self) -> bool:
        """Whether the gap falls: its order's interval lies above zero, or it is zero."""
        if self.order_interval is None:
            return bool(self.final_gap <= 0.0)
        return self.order_interval[0] > 0

    @property
    def holds_bound(self) -> bool | None:
        """Whether every player's regret is below its bound at every record; None without."""
        if self.bound is None:
            return None
        played = self.play.steps > 0
        proven = self.play.regret_bound()[played, None]
        return bool((self.play.relative_regrets()[played] <= proven + ROUNDING).all())

    @property
    def selected(self) -> NDArray[np.int_]:
        """Which of the equilibria given is nearest to the end of each run, (replications,)."""
        return np.asarray(self.distances.argmin(axis=1))

    @property
    def band(self) -> Band:
        """Best and worst payoffs over the set, and what play got; solves linear programs."""
        assert self.find_band is not None
        return self.find_band()

    def table(self) -> Table:
        """The figures, one a row."""
        rows: list[tuple[Any, ...]] = [
            ("rounds", float(self.play.steps[-1])),
            (f"gap to the {self.concept} set, mean", float(self.gaps[-1].mean())),
            ("  largest of a replication", self.final_gap),
        ]
        if self.order is not None and self.order_interval is not None:
            low, high = self.order_interval
            rows.append(("order p of k^-p", self.order))
            rows.append(("  95 % interval", f"[{low:.3g}, {high:.3g}]"))
        if self.bound is not None:
            rows.append(("proven regret bound at the end", float(self.bound[-1])))
            rows.append(("held at every record", "yes" if self.holds_bound else "no"))
        rows.append(("social welfare, mean", float(self.play.social_welfare()[-1].mean())))
        for place in range(self.distances.shape[1]):
            share = float((self.selected == place).mean())
            rows.append((f"equilibrium {place}: share of runs nearest to it", share))
            rows.append(("  smallest distance", float(self.distances[:, place].min())))
        return Table(("repeated play", "value"), tuple(rows))

    def summary(self) -> str:
        """The table and the band, as text."""
        return f"{self.table()}\n\n{self.band}"

    def __repr__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()

    def plot(self, ax: Any = None) -> Any:
        """Gap over rounds with its order and bound; returns the axes."""
        from eqsolve.plotting.finite import plot_gap

        return plot_gap(self, ax=ax)


def gap_order(
    steps: NDArray[np.int64], gaps: Array
) -> tuple[float | None, tuple[float, float] | None, float, slice]:
    """Order p of k^-p with its interval, the intercept, and the records it was fitted to.

    Parameters
    ----------
    steps : ndarray of int (T,)
    gaps : ndarray (T, replications)

    Examples
    --------
    >>> k = np.arange(200)
    >>> with np.errstate(divide="ignore"):
    ...     order, *_ = gap_order(k, 3.0 * k[:, None] ** -0.5)
    >>> round(order, 6)
    0.5
    """
    first = int(np.searchsorted(steps, max(1.0, np.sqrt(float(steps[-1])))))
    window = slice(first, steps.size)
    mean = gaps[window].mean(axis=1)
    kept = mean > 0
    if kept.sum() < FEWEST:
        return None, None, 0.0, window
    time, logs = np.log(steps[window][kept].astype(float)), np.log(mean[kept])
    slope, error, intercept = slope_with_error(time, logs)
    half = NORMAL * error
    return -slope, (-slope - half, -slope + half), intercept, window
