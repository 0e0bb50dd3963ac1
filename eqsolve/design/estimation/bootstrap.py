"""The regenerative bootstrap: pieces of the run between visits to one state, drawn again.

Where arms are drawn anew at every step given the state, the process starts afresh whenever it
meets a given state: the pieces between visits (cycles) are independent and alike, though the
steps within are neither. Drawing as many cycles as there were, with replacement, gives a log as
another run might have given, and the estimate from it is one draw of the estimate's law:

    percentile    the interval between quantiles of the drawn estimates theta*
    studentised   theta - q s, with q quantiles of (theta* - theta) / s*: the more accurate of
                  the two, since it corrects for skewness

With few states every drawn log is estimated in full. With many, the estimate is replaced by its
linear part, the sum over cycles of their influences pi(x) / N(x) (R + g(Y) - alpha - g(x)).
The steps before the first visit and after the last are in every draw as they are, unless there
are several runs: then a run's ends are drawn too.

Sources: Athreya and Fuh, J. Statist. Plann. Inference 33 (1992); Bertail and Clemencon, Bernoulli
12 (2006).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from eqsolve.design.estimation.columns import check_lengths
from eqsolve.design.estimation.intervals import Interval, check_level
from eqsolve.design.estimation.recorded_steps import RecordedSteps
from eqsolve.design.estimation.replicated import estimate_many
from eqsolve.errors import BadExperiment, BadLog
from eqsolve.results import Table

if TYPE_CHECKING:
    from eqsolve.design.estimation.estimate import EffectEstimate

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

Draw = Callable[[Array], tuple[Array, Array]]

METHODS = ("studentised", "percentile")
_LEAST = 20  # cycles, below which resampling them says little
_MOST_GROUPS = 2000  # cycles are drawn in groups, so that there are no more of those
_FULL_STATES = 40  # states up to which drawn logs are estimated in full
_AT_ONCE = 4_000_000  # entries of the arrays worked on together
_MOST_LOST = 0.05  # of drawn logs that do not identify the effect


@dataclass(frozen=True, eq=False, repr=False)
class BootstrapDistribution:
    """Draws of the estimate.

    Attributes
    ----------
    estimate, standard_error : ndarray (K,)
        From the log itself.
    effects, standard_errors : ndarray (draws, K)
        From the drawn logs.
    cycles : int
        Pieces that the log was cut into.
    state : int or None
        The state at whose visits it was cut.
    linear : bool
        Whether the linear part of the estimate stood in for it.
    single : bool
        One contrast was asked for, not rows of them.
    """

    estimate: Array
    standard_error: Array
    effects: Array
    standard_errors: Array
    cycles: int
    state: int | None
    linear: bool
    single: bool

    def interval(self, level: float = 0.95, method: str = "studentised") -> Interval:
        """The interval of either method; see above.

        Raises
        ------
        BadExperiment
            For a level that is no probability, or an unknown method.
        """
        tail = (1 - check_level(level)) / 2
        if method == "percentile":
            low, high = np.quantile(self.effects, (tail, 1 - tail), axis=0)
        elif method == "studentised":
            safe = np.where(self.standard_errors > 0, self.standard_errors, 1.0)
            pivots = np.where(self.standard_errors > 0, (self.effects - self.estimate) / safe, 0.0)
            upper, lower = np.quantile(pivots, (tail, 1 - tail), axis=0)
            low = self.estimate - lower * self.standard_error
            high = self.estimate - upper * self.standard_error
        else:
            raise BadExperiment(f"method={method!r}: it is one of {', '.join(METHODS)}.")
        if self.single:
            low, high = float(low[0]), float(high[0])
        return Interval(low, high, level, "bootstrap")

    def table(self) -> Table:
        """One row a contrast: estimate, standard errors, intervals."""
        rows = []
        ends = [self.interval(method=method) for method in METHODS]
        for place, value in enumerate(self.estimate):
            row: list[Any] = [value, self.standard_error[place], self.effects[:, place].std()]
            for interval in ends:
                low, high = np.atleast_1d(interval.low), np.atleast_1d(interval.high)
                row.append(f"[{low[place]:.6g}, {high[place]:.6g}]")
            rows.append(tuple(row))
        headers = ("estimate", "standard error", "of the draws", *(f"95 %, {m}" for m in METHODS))
        notes = (f"{len(self.effects)} draws of {self.cycles} cycles",)
        return Table(headers, tuple(rows), notes=notes)

    def __repr__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def bootstrap(
    estimate: EffectEstimate,
    *,
    replications: int = 1000,
    seed: Any = 0,
    renewals: Any = None,
) -> BootstrapDistribution:
    """Draw cycles of a recorded log again, and estimate from each draw.

    Parameters
    ----------
    estimate : EffectEstimate
        From RecordedSteps.
    replications : int
        Draws.
    seed : int, numpy.random.Generator or None
    renewals : array_like of bool (n,), optional
        Steps at which a cycle starts. Default: visits to the state most visited. To be given
        where the arm is not drawn anew at each step (in a switchback: the starts of periods).

    Raises
    ------
    BadLog
        Without recorded steps, with fewer than 20 cycles, or when one draw in twenty does not
        identify the effect.

    Source: Athreya and Fuh (1992), Bertail and Clemencon (2006).

    Examples
    --------
    Independent rewards in one state: the classical bootstrap of a difference of means.

    >>> from eqsolve.design.estimation.estimate import estimate
    >>> rng = np.random.default_rng(0)
    >>> arm = rng.integers(0, 2, 400)
    >>> steps = RecordedSteps(arm, np.zeros(400, dtype=int), arm + rng.normal(size=400))
    >>> effect = estimate(steps)
    >>> draws = bootstrap(effect, seed=1)
    >>> draws.cycles, 1.0 in draws.interval()
    (398, True)
    >>> bool(abs(draws.effects.std() / effect.standard_error - 1) < 0.1)
    True
    """
    steps = estimate.recorded
    if steps is None:
        raise BadLog("The bootstrap needs the steps in their order: estimate from RecordedSteps.")
    units = _cut(steps, renewals)
    linear = steps.number_of_states > _FULL_STATES or estimate.prior > 0
    draw = _linear_part(estimate, steps, units) if linear else _in_full(estimate, steps, units)
    rng = np.random.default_rng(seed)
    size = max(units.total, 0 if linear else steps.number_of_arms * steps.number_of_states**2)
    parts = []
    for first in range(0, replications, max(1, _AT_ONCE // size)):
        last = min(replications, first + max(1, _AT_ONCE // size))
        parts.append(draw(units.draw(last - first, rng)))
    effects, errors = (np.concatenate(column) for column in zip(*parts, strict=True))
    fine = ~np.isnan(effects).any(axis=1)
    if fine.mean() < 1 - _MOST_LOST:
        raise BadLog(
            f"Only {fine.mean():.0%} of the drawn logs identify the effect: the log is too short "
            "for a bootstrap; use the CLT interval, or more steps."
        )
    single = np.ndim(estimate.effect) == 0
    return BootstrapDistribution(
        estimate=np.atleast_1d(estimate.effect),
        standard_error=np.atleast_1d(estimate.standard_error),
        effects=effects[fine],
        standard_errors=errors[fine],
        cycles=units.cycles,
        state=units.state,
        linear=linear,
        single=single,
    )


@dataclass(frozen=True, eq=False)
class _Units:
    """What is drawn: groups of cycles first, then the ends of runs."""

    of_step: Integers
    groups: int
    ends: int
    cycles: int
    state: int | None

    @property
    def total(self) -> int:
        return self.groups + self.ends

    def draw(self, draws: int, rng: np.random.Generator) -> Array:
        """(draws, units): how often each unit is drawn."""
        weights = np.ones((draws, self.total))
        for row in weights:
            row[: self.groups] = _drawn(self.groups, rng)
            if self.ends > 1:
                row[self.groups :] = _drawn(self.ends, rng)
        return weights


def _drawn(size: int, rng: np.random.Generator) -> Integers:
    return np.bincount(rng.integers(0, size, size), minlength=size)


def _cut(steps: RecordedSteps, renewals: Any) -> _Units:
    """Cut runs into cycles, and those into groups."""
    state = None
    if renewals is None:
        state = int(np.argmax(np.bincount(steps.states, minlength=1)))
        starts = steps.states == state
    else:
        starts = np.asarray(renewals, dtype=bool)
        check_lengths({"state": steps.states, "renewals": starts})
    run = np.cumsum(steps.new_run) - 1
    visit = np.cumsum(starts)
    # Before a run's first visit and from its last on are the run's ends.
    first = np.searchsorted(run, np.arange(steps.runs))
    before = np.append(0, visit)[first][run]
    last = np.append(visit[first[1:] - 1], visit[-1:])[run]
    in_cycle = (visit > before) & (visit < last)
    # Visits that close no cycle, the last of each run, leave gaps in the numbers.
    _, cycle = np.unique(visit[in_cycle], return_inverse=True)
    cycles = int(cycle.max(initial=-1)) + 1
    if cycles < _LEAST:
        where = "the renewals given" if state is None else f"state {_name(steps, state)}"
        raise BadLog(
            f"Between visits to {where} the log has {cycles} cycles; the bootstrap needs at least "
            f"{_LEAST}. Use the CLT interval, or more steps."
        )
    groups = min(cycles, _MOST_GROUPS)
    unit = groups + run
    unit[in_cycle] = cycle * groups // cycles
    return _Units(unit, groups, steps.runs, cycles, state)


def _name(steps: RecordedSteps, state: int) -> str:
    return repr(state if steps.state_names is None else steps.state_names[state])


def _in_full(estimate: EffectEstimate, steps: RecordedSteps, units: _Units) -> Draw:
    """The estimate itself, from the counts of what was drawn."""
    counts = estimate.counts
    size = counts.states
    key = (counts.arm * size + counts.state) * size + counts.next_state
    row = np.searchsorted(key, (steps.arms * size + steps.states) * size + steps.next_states)
    shape = (units.total, key.size)
    tables = [
        sparse.csr_array((values, (units.of_step, row)), shape=shape)
        for values in (np.ones(row.size), steps.rewards, steps.rewards**2)
    ]

    def draw(weights: Array) -> tuple[Array, Array]:
        cells = np.zeros((3, len(weights), counts.arms, size, size))
        for cell, table in zip(cells, tables, strict=True):
            cell[:, counts.arm, counts.state, counts.next_state] = weights @ table
        many = estimate_many(cells[0], cells[1], cells[2], estimate.contrast)
        return many.effect, many.standard_error

    return draw


def _linear_part(estimate: EffectEstimate, steps: RecordedSteps, units: _Units) -> Draw:
    """The sum of influences of what was drawn."""
    influence = np.zeros((units.total, len(estimate.contrast)))
    for arm in estimate.arms:
        if arm is None:
            continue
        bias = np.full(steps.number_of_states, np.nan)
        weight = np.zeros(steps.number_of_states)
        bias[arm.states] = arm.bias
        weight[arm.states] = arm.influence
        own = np.flatnonzero(steps.arms == arm.arm)
        x, y = steps.states[own], steps.next_states[own]
        values = weight[x] * (steps.rewards[own] + bias[y] - arm.mean - bias[x])
        values = np.where(np.isnan(values), 0.0, values)  # steps that the estimate left out
        added = np.bincount(units.of_step[own], values, minlength=units.total)
        influence += np.outer(added, estimate.contrast[:, arm.arm])
    effect, error = np.atleast_1d(estimate.effect), np.atleast_1d(estimate.standard_error)
    squares = influence**2
    total = np.maximum(squares.sum(axis=0), 1e-300)

    def draw(weights: Array) -> tuple[Array, Array]:
        shift = (weights - 1.0) @ influence
        return effect + shift, error * np.sqrt(weights @ squares / total)

    return draw
