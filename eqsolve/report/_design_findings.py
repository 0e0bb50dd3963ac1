"""What `eqsolve design` finds in a log: all that it prints, writes and draws, computed once."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.design.contrasts import check_contrast
from eqsolve.design.estimation.diagnostics import Diagnostics
from eqsolve.design.estimation.estimate import EffectEstimate
from eqsolve.design.estimation.estimators import EstimatorComparison, compare_estimators
from eqsolve.design.logs.log import BinSensitivity, TransitionLog
from eqsolve.design.logs.over_time import EffectOverTime
from eqsolve.design.logs.remaining import StepsNeeded, steps_needed
from eqsolve.design.sampling_design import SamplingDesign
from eqsolve.errors import BinsMatter, SlowMixing
from eqsolve.results import Table

Array = NDArray[np.float64]

POINTS = 20  # of the effect over time
SHOWN = 12  # states of the policy that are printed


@dataclass(frozen=True, eq=False)
class DesignFindings:
    """A log's answer.

    Attributes
    ----------
    log : TransitionLog
    estimate : EffectEstimate
    names : tuple of str
        Of the contrasts, such as "new minus old".
    level : float
        Of the intervals.
    estimators : tuple of EstimatorComparison
        One a contrast.
    design : SamplingDesign
    needed : tuple of StepsNeeded
    diagnostics : Diagnostics
    bins : BinSensitivity or None
        Where states are binned.
    over_time : EffectOverTime or None
        Where it was asked for, and the log has an order.
    floor : float or None
    """

    log: TransitionLog
    estimate: EffectEstimate
    names: tuple[str, ...]
    level: float
    estimators: tuple[EstimatorComparison, ...]
    design: SamplingDesign
    needed: tuple[StepsNeeded, ...]
    diagnostics: Diagnostics
    bins: BinSensitivity | None
    over_time: EffectOverTime | None
    floor: float | None

    @property
    def logged(self) -> Array:
        """(A, S): share of the log in which each arm was used in each state."""
        return np.asarray(self.log.counts.visits / self.log.counts.total)

    @property
    def effects(self) -> tuple[Effect, ...]:
        """One a contrast."""
        near, wide = (self.estimate.interval(self.level, kind) for kind in ("clt", "anytime"))
        columns = (
            self.estimate.effect, self.estimate.standard_error,
            near.low, near.high, wide.low, wide.high,
        )  # fmt: skip
        numbers = zip(*(np.atleast_1d(column).tolist() for column in columns), strict=True)
        return tuple(
            Effect(name, effect, error, (low, high), (wide_low, wide_high))
            for name, (effect, error, low, high, wide_low, wide_high) in zip(
                self.names, numbers, strict=True
            )
        )

    @property
    def problems(self) -> tuple[str, ...]:
        """What stands against the findings: of the estimate, then of the design."""
        notes = (f"{note[0].upper()}{note[1:].removesuffix('.')}." for note in self.design.notes)
        return (*self.diagnostics.problems, *notes)

    def estimators_table(self, which: int) -> Table:
        """The estimators of one contrast, with what is peculiar to the others' lines."""
        compared = self.estimators[which]
        rows = tuple(
            (row.name, rounded(row.estimate, row.standard_error), _short(row.standard_error))
            for row in compared.rows
        )
        # What the first leaves out is among the problems.
        notes = tuple(f"{row.name}: {row.note}" for row in compared.rows[1:] if row.note)
        return Table(("estimator", "estimate", "standard error"), rows, notes=notes)

    def most_visited(self, most: int = SHOWN) -> NDArray[np.intp]:
        """States where the next run will be most of the time, in their own order."""
        share = self.design.occupancy.sum(axis=0)
        return np.sort(np.argsort(-share, kind="stable")[:most])

    def policy_table(self, most: int = SHOWN) -> Table:
        """Probability of each arm in the states most visited."""
        chosen, share = self.most_visited(most), self.design.occupancy.sum(axis=0)
        rows = tuple(
            (
                state_title(self.log, int(state)),
                *(f"{probability:.3f}" for probability in self.design.policy[state]),
                f"{share[state]:.2%}",
            )
            for state in chosen
        )
        headers = ("state", *(str(arm) for arm in self.log.arms), "share of run")
        left = len(self.log.states) - len(chosen)
        notes = (f"... and {left:,} states less visited",) if left else ()
        return Table(headers, rows, title="Next policy: probability of each arm", notes=notes)


@dataclass(frozen=True)
class Effect:
    """One contrast: the estimate, its standard error, the interval, and the anytime interval."""

    name: str
    effect: float
    standard_error: float
    interval: tuple[float, float]
    anytime: tuple[float, float]

    @property
    def told_from_zero(self) -> bool:
        """Whether the interval leaves zero out."""
        return not self.interval[0] <= 0.0 <= self.interval[1]


def gather(
    log: TransitionLog,
    contrast: Any = None,
    *,
    level: float = 0.95,
    floor: float | None = None,
    half_width: float | None = None,
    steps: int | None = None,
    prior: float | None = None,
    over_time: bool = False,
) -> DesignFindings:
    """Everything that is to be said of a log.

    Parameters
    ----------
    log : TransitionLog
    contrast : see `TransitionLog.estimate`
    level : float
        Of the intervals.
    floor : float, optional
        Least probability of every arm in every state of the next policy.
    half_width : float, optional
        Of the interval wanted; default half of what the log has reached.
    steps : int, optional
        Length of the next run; default as long as the log.
    prior : float, optional
        Pseudo-steps lent to each arm in each state; default none, but see
        `TransitionLog.next_design`.
    over_time : bool
        Also follow the effect as the log grew, where it has an order.

    Raises
    ------
    BadLog, BadExperiment
    """
    with warnings.catch_warnings():
        # Both kinds are among the problems.
        warnings.simplefilter("ignore", BinsMatter)
        warnings.simplefilter("ignore", SlowMixing)
        weights = check_contrast(contrast, log.arms)
        lent = 0.0 if prior is None else prior
        found = log.estimate(weights[0] if len(weights) == 1 else weights, prior=lent)
        options: dict[str, Any] = {"floor": floor} | ({} if steps is None else {"steps": steps})
        design = log.next_design(weights, prior=prior, **options)
        source = log.counts if found.recorded is None else found.recorded
        ordered = over_time and log.next_states_checked
        return DesignFindings(
            log=log,
            estimate=found,
            names=tuple(str(row[0]) for row in found.table().rows[len(log.arms) :]),
            level=level,
            estimators=tuple(compare_estimators(source, row) for row in weights),
            design=design,
            needed=steps_needed(log, design, found, half_width, level),
            diagnostics=log.diagnose(weights, prior=lent),
            bins=log.bin_sensitivity(weights, prior=lent) if log.bins else None,
            over_time=(
                log.interval_over_time(POINTS, weights, level=level, prior=lent)
                if ordered
                else None
            ),
            floor=floor,
        )


def state_title(log: TransitionLog, state: int) -> str:
    """How a state is called: its value, or the values of its columns."""
    label = log.states[state]
    return ", ".join(map(str, label)) if isinstance(label, tuple) else str(label)


def _short(value: float) -> str:
    return f"{value:.3g}" if np.isfinite(value) else "–"


def rounded(value: float, error: float) -> str:
    """A number to the second digit of its error.

    >>> rounded(-0.972340, 0.0283344), rounded(1234.5678, 37.0), rounded(0.5, float("nan"))
    ('-0.972', '1235', '0.5')
    """
    if not np.isfinite(value):
        return "–"
    if not (np.isfinite(value) and np.isfinite(error) and error > 0):
        return f"{value:.6g}"
    digits = 1 - int(np.floor(np.log10(error)))
    return f"{value:.{max(digits, 0)}f}"
