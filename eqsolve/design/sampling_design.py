"""A sampling policy with its proof: what to do in each state, and what it will show how soon."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from eqsolve.design.comparison import Comparison, compare, steps_for
from eqsolve.design.mixing import PASSES, averaging_time
from eqsolve.errors import BadExperiment
from eqsolve.results import MAX_ROWS, Certificate, Solution, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eqsolve.design.experiment import MarkovExperiment

    Array = NDArray[np.float64]
    Mask = NDArray[np.bool_]

MANY = 200  # states up to which a table shows all
PROVEN = 1e-6  # relative gap above which a design says that it is not proven


@dataclass(frozen=True, eq=False, repr=False)
class SamplingDesign:
    """A stationary policy, exactly judged, and proof of how near it is to the best.

    Attributes
    ----------
    experiment : MarkovExperiment
        What it was made for.
    contrast : ndarray (K, A)
        What is to be learned, one row a contrast.
    criterion : str
        "sum" or "minimax" over the contrasts.
    occupancy : ndarray (A, S)
        Share of a long run spent with each arm in each state; sums to one. That of the policy's
        exact stationary law.
    policy : ndarray (S, A)
        Probability of each arm in each state; rows sum to one. In states that a long run never
        visits the allowed arms are drawn alike.
    variance : float
        n times the variance of the estimate after n steps, for n large; over several contrasts
        their sum or the largest.
    variances : ndarray (K,)
        The same for each contrast.
    bound : float
        No admissible policy (of the same average cost, where a budget alone ends the run) has a
        smaller variance.
    relative_gap : float
        (variance - bound) / bound.
    certificate : Certificate
    relaxation_time : float
        Of averages along the designed chain, in steps (`eqsolve.design.mixing`). A run should
        last 30 of them.
    share : float
        Of coin flipping mixed in.
    steps : int or None
        Given, or what the budget buys.
    average_cost : float or None
        Of a step.
    program : SamplingProgram
        `program.problem` is the declarative `cp.Problem`, scaled.
    solution : Solution or None
        What the solver said; None where coin flipping is the only choice or all are perfect.
    allowed, usable : bool ndarray (A, S)
        Arms that may run; arms that may run for ever while everything needed is observed.
    notes : tuple of str
        What a reader of the table should know.
    explain : callable
        Gives `explanation`.

    Examples
    --------
    >>> import eqsolve as eq
    >>> two = eq.MarkovExperiment([[[1.0]], [[1.0]]], [[0], [1]], [[1.0], [9.0]])
    >>> design = eq.optimal_design(two)
    >>> design.policy.round(6).tolist(), round(design.variance, 6)
    ([[0.25, 0.75]], 16.0)
    >>> design.sample_size(half_width=0.1)
    6147
    """

    experiment: MarkovExperiment
    contrast: Array
    criterion: str
    occupancy: Array
    policy: Array
    variance: float
    variances: Array
    bound: float
    relative_gap: float
    certificate: Certificate
    relaxation_time: float
    share: float
    steps: int | None
    average_cost: float | None
    program: Any
    solution: Solution | None
    allowed: Mask
    usable: Mask
    notes: tuple[str, ...] = ()
    explain: Callable[[], Mapping[str, str]] = field(default=dict)

    @property
    def explanation(self) -> Mapping[str, str]:
        """How the design came about: engine, share of coin flipping, polishing, proof."""
        return self.explain()

    @cached_property
    def coin_relaxation_time(self) -> float:
        """Relaxation time of coin flipping among the allowed arms, in steps."""
        from eqsolve.design.occupancy import coin_flipping

        return averaging_time(self.experiment.chain(coin_flipping(self.allowed, self.usable)))

    def total(self, variances: Array) -> float:
        """The criterion of the contrasts' variances (K,): their sum or the largest."""
        return float(variances.sum() if self.criterion == "sum" else variances.max())

    def standard_error(self, steps: int | None = None) -> Any:
        """Standard error of the estimate after `steps` steps: a float, or (K,) for several.

        Parameters
        ----------
        steps : int, optional
            The design's own by default.

        Raises
        ------
        BadExperiment
            Without steps, where the design has none of its own.
        """
        length = self.steps if steps is None else steps
        if length is None or not length > 0:
            raise BadExperiment(
                f"steps is {length}; a standard error needs the number of steps of the run."
            )
        errors = np.sqrt(self.variances / length)
        return float(errors[0]) if errors.size == 1 else errors

    def half_width(self, steps: int | None = None, level: float = 0.95) -> Any:
        """Half the length of the interval after `steps` steps: a float, or (K,) for several."""
        from scipy.stats import norm

        return self.standard_error(steps) * float(norm.ppf(0.5 + _level(level) / 2))

    def sample_size(self, half_width: float, level: float = 0.95) -> int:
        """Steps after which every contrast's interval is estimate +- `half_width` or shorter.

        The larger of what the asymptotic variance asks for and of the 30 relaxation times of
        the designed chain that a run needs for that variance to hold.

        Parameters
        ----------
        half_width : float
            In units of the rewards.
        level : float
            Of the interval.
        """
        if not half_width > 0:
            raise BadExperiment(f"half_width is {half_width}; it must be positive.")
        needed = steps_for(self.variances, half_width, _level(level))
        if not np.isfinite(needed):
            raise BadExperiment("The design's variance is infinite: no run is long enough.")
        return int(max(needed, np.ceil(PASSES * self.relaxation_time)))

    def compare(
        self,
        block_length: int | None = None,
        *,
        half_width: float | None = None,
        level: float = 0.95,
    ) -> Comparison:
        """The design beside coin flipping, a switchback, arms on their own, best regenerative.

        Parameters
        ----------
        block_length : int, optional
            Of the switchback, in steps; by default the relaxation time of the slowest arm.
        half_width : float, optional
            Of the interval for which steps are counted. By default what the design reaches in
            its own steps; without steps a tenth of the (smallest) effect.
        level : float
            Of the interval.

        Returns
        -------
        Comparison
            Floors, costs and budget bind the optimal design only; forbidden arms bind all.
        """
        if half_width is not None and not half_width > 0:
            raise BadExperiment(f"half_width is {half_width}; it must be positive.")
        return compare(self, block_length, half_width, _level(level))

    def table(self) -> Table:
        """One row a state: probability of each arm, and share of the run spent there.

        Of more than 200 states the 40 that a run visits most.
        """
        names = tuple(self.experiment.arm_name(arm) for arm in range(self.experiment.arms))
        visits = self.occupancy.sum(axis=0)
        shown = np.arange(visits.size)
        notes = (self._verdict(), *self.notes)
        if visits.size > MANY:
            shown = np.sort(np.argsort(-visits, kind="stable")[:MAX_ROWS])
            part = float(visits[shown].sum())
            notes = (
                f"{shown.size} of {visits.size} states, where {100 * part:.3g} % of a run is spent",
                *notes,
            )
        rows = tuple(
            (self.experiment.state_title(state), *self.policy[state], visits[state])
            for state in shown.tolist()
        )
        return Table(
            ("state", *names, "share of run"),
            rows,
            title="Sampling design: probability of each arm",
            notes=notes,
        )

    def _verdict(self) -> str:
        mixed = f", {100 * self.share:.3g} % coin flipping" if self.share else ""
        return (
            f"variance x steps {self.variance:.8g}, at most {self.relative_gap:.1e} above the "
            f"best possible; relaxation time {self.relaxation_time:.3g} steps{mixed}"
        )

    def summary(self) -> str:
        """The policy, its figures, its proof and how it was found, as text."""
        figures: list[tuple[Any, ...]] = [
            ("variance x steps", self.variance),
            ("  lower bound", self.bound),
            ("  relative gap", self.relative_gap),
            ("relaxation time", self.relaxation_time),
            ("  of coin flipping", self.coin_relaxation_time),
            ("least steps to trust it", np.ceil(PASSES * self.relaxation_time)),
            ("share of coin flipping", self.share),
        ]
        if self.variances.size > 1:
            figures[1:1] = [
                (f"  contrast {row.tolist()}", value)
                for row, value in zip(self.contrast, self.variances, strict=True)
            ]
        if self.steps is not None:
            figures.append(("steps", self.steps))
            figures.append(("standard error after them", self.standard_error()))
        if self.average_cost is not None:
            figures.append(("average cost of a step", self.average_cost))
        parts = [self.table(), Table(("design", "value"), tuple(figures))]
        if self.explanation:
            parts.append(Table(("stage", "what was done"), tuple(self.explanation.items())))
        return "\n\n".join(map(str, parts))

    def to_csv(self, path: str | Path, *, state_columns: Sequence[str] | None = None) -> Path:
        """Write the policy as a table a service can read: the state, and one column an arm.

        Parameters
        ----------
        path : str or Path
            Written whole or not at all.
        state_columns : sequence of str, optional
            Headers of the state's columns, where states are tuples of several; "state" by default.

        Raises
        ------
        BadExperiment
            When the number of headers is not that of a state's parts.
        """
        names = self.experiment.state_names or range(self.experiment.states)
        parts = [name if isinstance(name, tuple) else (name,) for name in names]
        width = len(parts[0])
        headers = list(state_columns) if state_columns is not None else _state_headers(width)
        if any(len(part) != len(headers) for part in parts):
            raise BadExperiment(
                f"state_columns has {len(headers)} names, but states have {width} parts."
            )
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(headers + [str(name) for name in self.experiment.arm_names])
        for part, row in zip(parts, self.policy, strict=True):
            writer.writerow([*part, *(repr(float(value)) for value in row)])
        target = Path(path)
        unfinished = target.with_name(target.name + ".part")
        unfinished.write_text(text.getvalue(), encoding="utf-8")
        unfinished.replace(target)
        return target

    def plot(self, ax: Any = None) -> Any:
        """Probability of each arm by state over the share of the run spent there; the axes."""
        from eqsolve.plotting.design import plot_design

        return plot_design(self, ax=ax)

    def __repr__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def _level(level: float) -> float:
    if not 0 < level < 1:
        raise BadExperiment(f"level is {level}; it must lie between 0 and 1, such as 0.95.")
    return float(level)


def _state_headers(width: int) -> list[str]:
    return ["state"] if width == 1 else [f"state_{k + 1}" for k in range(width)]
