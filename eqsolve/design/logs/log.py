"""A log of any length and origin, counted where it lies.

    log --one grouped query--> counts N(l, x, y), sums of R and R^2 --> effect, interval, design

The counts are all that estimation needs (`counts`); the log itself stays on disk
or on its engine and is asked again only for what needs its order: the bootstrap, tests of the
Markov assumption, the effect as it grew over time.

Source: Glynn, Johari and Rasouli, "Adaptive experimental design with temporal interference: a
maximum likelihood approach" (NeurIPS 2020), section 3.
"""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from eqsolve.design.estimation.counts import TransitionCounts
from eqsolve.design.estimation.estimate import EffectEstimate
from eqsolve.design.estimation.estimate import estimate as estimate_effect
from eqsolve.design.estimation.recorded_steps import RecordedSteps
from eqsolve.design.experiment import MarkovExperiment
from eqsolve.design.logs.bins import Edges, coarser, find_edges, finer
from eqsolve.design.logs.door import Names, check_columns, first_order, listed
from eqsolve.design.logs.labels import bin_names
from eqsolve.design.logs.over_time import EffectOverTime, effect_over_time
from eqsolve.design.logs.query import UNORDERED, LogColumns, LogQuery
from eqsolve.design.logs.read import ReadLog, read
from eqsolve.design.logs.steps import read_codes, read_steps
from eqsolve.design.logs.tables import open_table
from eqsolve.design.planning import plan
from eqsolve.errors import BadExperiment, BadLog, BinsMatter
from eqsolve.results import Table

if TYPE_CHECKING:
    from eqsolve.design.estimation.diagnostics import Diagnostics
    from eqsolve.design.sampling_design import SamplingDesign

IN_MEMORY = 1_000_000  # steps that estimates read in their order too
MOST_STEPS = 20_000_000  # steps that `steps()` takes into memory unless told otherwise
LENT = (
    "for the design every arm was lent one step in every state, spread as the steps of all arms "
    "there: by its own steps alone some arm would never leave where it happened to be last"
)
_BEARABLE = 0.5  # standard errors by which other bins may move the effect


@dataclass(frozen=True, eq=False, repr=False)
class TransitionLog:
    """A counted log; made by `TransitionLog.from_table`.

    Attributes
    ----------
    counts : TransitionCounts
        One row an (arm, state, next state) that occurred; rewards less `reward_origin`.
    states, arms : tuple
        Labels, in the order of their codes: values of a column, tuples of several.
    bins : dict of str to tuple of float
        Binned column to the points it is cut at.
    reward_origin : float
        Taken off every reward in `counts`: zero unless rewards are so large beside their spread
        that their squares would cancel. Estimates have it put back.
    name : str
        Where the log came from.

    Examples
    --------
    >>> import pandas as pd
    >>> log = TransitionLog.from_table(
    ...     pd.DataFrame(
    ...         {
    ...             "queue": [0, 1, 2, 1, 0, 1, 0, 0],
    ...             "rule": ["old", "old", "new", "new", "new", "old", "old", "old"],
    ...             "profit": [1.0, 2.0, 1.5, 0.5, 1.0, 2.5, 1.0, 0.0],
    ...         }
    ...     ),
    ...     state="queue",
    ...     arm="rule",
    ...     reward="profit",
    ... )
    >>> log
    TransitionLog of the log: 7 steps, 2 arms ('new', 'old'), 3 states
    >>> print(log.table())
    arm  steps  mean reward  states
    new  3      1            3
    old  4      1.625        2
    """

    counts: TransitionCounts
    states: tuple[Hashable, ...]
    arms: tuple[Hashable, ...]
    bins: dict[str, tuple[float, ...]]
    reward_origin: float
    name: str
    _read: ReadLog

    @classmethod
    def from_table(
        cls,
        table: Any,
        *,
        state: Names,
        arm: str,
        reward: str,
        next_state: Names | None = None,
        time: Names | None = None,
        run: Names | None = None,
        bins: Any = None,
        arms: Sequence[Hashable] | None = None,
    ) -> TransitionLog:
        """Count a log.

        Parameters
        ----------
        table : pandas or polars frame, Arrow table, path, or ibis.Table
            A path of a .parquet, .csv or .tsv file, a pattern (``"logs/*.parquet"``) or a folder
            of Parquet files. An Ibis table is counted by its own engine.
        state : str or sequence of str
            Column or columns that together are the state met.
        arm, reward : str
            Column of the arm played there, and of the number it earned.
        next_state : str or sequence of str, optional
            Columns of the state it led to. Default: the state of the next row of the same run; a
            run's last row then leads nowhere and is dropped.
        time : str or sequence of str, optional
            Columns that order the rows of a run. Default: as the rows lie, where the table keeps
            their order (files, frames, DuckDB).
        run : str or sequence of str, optional
            Columns that tell runs apart: several systems, days, cities. Default: one run.
        bins : int, sequence of float, or mapping of column to either, optional
            Cut numeric state columns: at quantiles into so many bins, or at points. Coarse states
            bias the effect; `bin_sensitivity` tells by how much other bins would move it.
        arms : sequence, optional
            The arms in their order; the effect is the second minus the first. Default: those of
            the log, by size or by letters.

        Raises
        ------
        BadLog
            In one sentence that names the column or row (counted from 0): a column that is not
            there, rewards of text, absent or infinite values, an empty log, an undeclared arm, a
            single arm, a next_state that is not the state of the next row, two rows of one time.
        NotInstalled
            Without ibis: ``pip install 'eqsolve[logs]'``.
        """
        given = (state, arm, reward, next_state, time, run)
        source = open_table(table, [name for names in given for name in listed(names)])
        columns = check_columns(
            source, state=state, arm=arm, reward=reward, next_state=next_state, time=time, run=run
        )
        edges = find_edges(source, columns.state, bins)
        return cls._of(read(LogQuery(source, columns, edges, first_order(source, columns)), arms))

    @classmethod
    def _of(cls, found: ReadLog) -> TransitionLog:
        query = found.query
        return cls(
            counts=found.counts,
            states=found.states.labels,
            arms=found.counts.arm_names or (),
            bins={query.columns.state[place]: cut for place, cut in query.edges.items()},
            reward_origin=query.origin,
            name=query.source.name,
            _read=found,
        )

    @property
    def length(self) -> int:
        """Steps counted."""
        return int(self.counts.total)

    @property
    def columns(self) -> LogColumns:
        """Which column of the table is what."""
        return self._read.query.columns

    @property
    def state_columns(self) -> tuple[str, ...]:
        """Columns that together are the state."""
        return self.columns.state

    @property
    def engine(self) -> str:
        """What counted the log: "duckdb", "pyspark", ..."""
        return self._read.query.source.engine

    @property
    def axes(self) -> tuple[list[Hashable], ...]:
        """For each state column the values (or bins) that occur, in their order."""
        places = self._read.query.edges
        return tuple(
            [bin_names(places[k])[code] for code in values.to_pylist()]
            if k in places
            else values.to_pylist()
            for k, values in enumerate(self._read.states.values)
        )

    @property
    def next_states_checked(self) -> bool:
        """Whether next states are known to be the next rows' states.

        False where they are given but the engine keeps no order and no time is given.
        """
        return self._read.query.order != UNORDERED

    def estimate(
        self, contrast: Any = None, *, prior: float = 0.0, ordered: bool | None = None
    ) -> EffectEstimate:
        """The effect of the second arm against the first, or of any contrast.

        Parameters
        ----------
        contrast : array_like (A,) or (K, A), mapping of arm to weight, optional
            By default the second arm minus the first; with more each minus the first.
        prior : float
            Pseudo-steps lent to each arm in each state; see `estimate.estimate`.
        ordered : bool, optional
            Read the steps in their order too, for the bootstrap and for tests of the Markov
            assumption. Default: where there are at most 10^6 and they have an order.

        Raises
        ------
        BadLog
            For an arm whose long-run mean the log does not identify.
        BadExperiment
            For a contrast that is none.

        Warns
        -----
        BinsMatter
            When bins were asked for and other bins move the effect by over half its standard
            error; see `bin_sensitivity`.
        """
        found = self._estimate(contrast, prior, ordered)
        if self.bins:
            sensitivity = self.bin_sensitivity(contrast, prior=prior)
            if sensitivity.matters:
                warnings.warn(sensitivity.sentence, BinsMatter, stacklevel=2)
        return found

    def bin_sensitivity(self, contrast: Any = None, *, prior: float = 0.0) -> BinSensitivity:
        """The effect with half and with twice as many bins; the log is counted again for each.

        Raises
        ------
        BadLog
            When no column is binned.
        """
        if not self.bins:
            raise BadLog("No state column of the log is binned: there are no bins to change.")
        rows: list[BinnedEffect] = []
        for name, log in (("as given", self), *self._other_bins):
            try:
                found = log._estimate(contrast, prior, ordered=False)
            except BadLog as error:
                nothing = np.full(len(rows[0].effect) if rows else 1, np.nan)
                rows.append(
                    BinnedEffect(name, log.bins, len(log.states), nothing, nothing, f"{error}")
                )
                continue
            effect, spread = np.atleast_1d(found.effect), np.atleast_1d(found.standard_error)
            rows.append(BinnedEffect(name, log.bins, len(log.states), effect, spread))
        return BinSensitivity(tuple(rows))

    def with_bins(self, bins: Any) -> TransitionLog:
        """The same log with its states cut otherwise; see `from_table`.

        Raises
        ------
        BadLog
        """
        query = self._read.query
        return self._recounted(find_edges(query.source, query.columns.state, bins))

    def experiment(self, *, prior: float = 0.0) -> MarkovExperiment:
        """The experiment whose chains and rewards are those estimated; see `plug_in`."""
        found = self.counts.experiment(prior=prior)
        if not self.reward_origin:
            return found
        return MarkovExperiment(
            found.transitions,
            [_plus(self.reward_origin, found, arm) for arm in range(found.arms)],
            found.reward_variances,
            arm_names=found.arm_names,
            state_names=found.state_names,
        )

    def next_design(
        self, contrast: Any = None, *, prior: float | None = None, **options: Any
    ) -> SamplingDesign:
        """The sampling policy that would pin the effect down fastest, were the estimates true.

        Parameters
        ----------
        contrast : see `estimate`
        prior : float, optional
            Pseudo-steps lent to each arm in each state. Default: none, unless an arm's estimated
            chain falls apart into several classes, as in seldom visited corners; then one.
        **options
            As of `eq.optimal_design`: floor, costs, budget, allowed, share, policy, solver.
            `steps` is the length of the log unless given, so that enough coin flipping is mixed
            in for a run as long as this one.

        Raises
        ------
        BadLog, BadExperiment
        """
        options.setdefault("steps", None if "budget" in options else self.length)
        experiment, borrowed = self._experiment_to_design(prior)
        design = plan(experiment, contrast, **options)
        return replace(design, notes=(*design.notes, LENT)) if borrowed else design

    def _experiment_to_design(self, prior: float | None) -> tuple[MarkovExperiment, bool]:
        """The estimated experiment, and whether arms had to borrow steps for it to be one."""
        if prior is not None:
            return self.experiment(prior=prior), False
        try:
            return self.experiment(), False
        except BadExperiment:  # an arm with several closed classes; see `plug_in`
            return self.experiment(prior=1.0), True

    def diagnose(self, contrast: Any = None, *, prior: float = 0.0) -> Diagnostics:
        """What stands against the estimate: missing pairs, slow mixing, dependence, bins.

        Where the log is short enough to be read in its order, the Markov assumption is tested,
        and for binned states also whether finer bins matter for what comes next.

        Raises
        ------
        BadLog, BadExperiment
        """
        from eqsolve.design.estimation.diagnostics import diagnose

        found = self._estimate(contrast, prior, ordered=None)
        own = []
        within = None
        if self.bins:
            sensitivity = self.bin_sensitivity(contrast, prior=prior)
            own += [sensitivity.sentence] if sensitivity.matters else []
            if found.recorded is not None:
                within = read_codes(self._finer._read)
        if not self.next_states_checked:
            own.append(
                f"Next states were taken as they stand: {self.engine} keeps no "
                "order of rows; give time= to have them checked against the next rows."
            )
        result = diagnose(found, within)
        return replace(result, problems=(*result.problems, *own)) if own else result

    def interval_over_time(
        self, points: int = 20, contrast: Any = None, *, level: float = 0.95, prior: float = 0.0
    ) -> EffectOverTime:
        """The effect and its intervals as the log grew, by one grouped query.

        Parameters
        ----------
        points : int
            Growing parts of the log: of equally many rows, or of equally much time where time is
            given and rows do not lie in its order.
        contrast : see `estimate`
        level : float
            Of the intervals: of the CLT at each point alone, and anytime-valid at all together.
        prior : float

        Raises
        ------
        BadLog
            When the log has no order, or does not identify the effect even as a whole.
        """
        return effect_over_time(self._read, points, contrast, level, prior)

    def steps(self, most: int = MOST_STEPS) -> RecordedSteps:
        """The steps in their order, as arrays; rewards less `reward_origin`.

        Parameters
        ----------
        most : int
            Steps that may be taken into memory, at some 40 bytes each.

        Raises
        ------
        BadLog
            When there are more, or the log has no order.
        """
        return read_steps(self._read, most)

    def table(self) -> Table:
        """One row an arm."""
        counts = self.counts
        rows = tuple(
            (
                counts.arm_name(arm),
                float(counts.visits[arm].sum()),
                self.reward_origin
                + counts.reward_sum[counts.arm == arm].sum() / max(counts.visits[arm].sum(), 1),
                float(np.count_nonzero(counts.visits[arm])),
            )
            for arm in range(counts.arms)
        )
        return Table(("arm", "steps", "mean reward", "states"), rows)

    def __repr__(self) -> str:
        arms = ", ".join(map(repr, self.arms[:6])) + (", ..." if len(self.arms) > 6 else "")
        cut = ", ".join(f"{name} in {len(at) + 1} bins" for name, at in self.bins.items())
        return (
            f"TransitionLog of {self.name}: {self.length:,} steps, {len(self.arms)} arms ({arms}), "
            f"{len(self.states):,} states{f' ({cut})' if cut else ''}"
        )

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()

    def _estimate(self, contrast: Any, prior: float, ordered: bool | None) -> EffectEstimate:
        if ordered is None:
            ordered = self.length <= IN_MEMORY and self._read.query.order != UNORDERED
        found = estimate_effect(self.steps() if ordered else self.counts, contrast, prior=prior)
        return _put_back(found, self.reward_origin) if self.reward_origin else found

    @cached_property
    def _other_bins(self) -> tuple[tuple[str, TransitionLog], ...]:
        edges = self._read.query.edges
        return ("half as many", self._recounted(coarser(edges))), ("twice as many", self._finer)

    @cached_property
    def _finer(self) -> TransitionLog:
        query = self._read.query
        return self._recounted(finer(query.edges, query.source, query.columns.state))

    def _recounted(self, edges: Edges) -> TransitionLog:
        return self._of(read(replace(self._read.query, edges=edges), self.arms))


@dataclass(frozen=True, eq=False)
class BinnedEffect:
    """The effect with one choice of bins; nan, with the reason, where they do not identify it."""

    name: str
    bins: dict[str, tuple[float, ...]]
    states: int
    effect: Any
    standard_error: Any
    reason: str = ""


@dataclass(frozen=True, eq=False, repr=False)
class BinSensitivity:
    """How much the effect moves when bins change.

    Attributes
    ----------
    rows : tuple of BinnedEffect
        As given, with half, and with twice as many bins.
    """

    rows: tuple[BinnedEffect, ...]

    @property
    def largest_move(self) -> float:
        """The largest move of any contrast's effect, in its standard errors as binned; nan where
        no other bins identify it."""
        given = self.rows[0]
        safe = np.maximum(given.standard_error, 1e-300)
        moves = [np.abs(row.effect - given.effect) / safe for row in self.rows[1:]]
        known = np.concatenate(moves)[~np.isnan(np.concatenate(moves))]
        return float(known.max()) if known.size else float("nan")

    @property
    def matters(self) -> bool:
        """Whether the effect moves by over half its standard error, or cannot be told to."""
        return not self.largest_move <= _BEARABLE

    @property
    def sentence(self) -> str:
        """What to make of it."""
        given = self.rows[0]
        cut = ", ".join(f"{name} in {len(points) + 1}" for name, points in given.bins.items())
        if np.isnan(self.largest_move):
            return (
                f"Bins ({cut}) may bias the effect, and neither coarser nor finer ones identify "
                f"it: {self.rows[-1].reason}"
            )
        told = ", ".join(
            f"{float(row.effect[0]):.4g} with {row.name}" for row in self.rows[1:] if not row.reason
        )
        return (
            f"Bins matter ({cut}): the effect is {float(given.effect[0]):.4g} as given, {told}, up "
            f"to {self.largest_move:.2g} standard errors away; states that are too coarse bias it. "
            "Take finer bins until it no longer moves."
        )

    def table(self) -> Table:
        """One row a choice of bins and contrast."""
        rows = tuple(
            (row.name, float(row.states), effect, error, row.reason)
            for row in self.rows
            for effect, error in zip(row.effect, row.standard_error, strict=True)
        )
        headers = ("bins", "states", "effect", "standard error", "")
        return Table(headers, rows, notes=(self.sentence,) if self.matters else ())

    def __repr__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def _plus(origin: float, experiment: MarkovExperiment, arm: int) -> Any:
    """Rewards by next state of an arm, with what was taken off put back."""
    rewards = experiment.transitions[arm].copy()
    if experiment.next_state_rewards is None:
        rewards.data = np.repeat(experiment.rewards[arm], np.diff(rewards.indptr)) + origin
    else:
        rewards.data = experiment.next_state_rewards[arm] + origin
    return rewards


def _put_back(found: EffectEstimate, origin: float) -> EffectEstimate:
    """What was taken off every reward, in the arms' means and in contrasts of unequal weights."""
    shift = found.contrast.sum(axis=1) * origin
    moved = bool(np.any(shift != 0))
    effect = found.effect + (shift if np.ndim(found.effect) else float(shift[0]))
    return replace(
        found,
        effect=effect,
        arm_means=found.arm_means + origin,
        # The bootstrap would draw the effect around what it was before.
        recorded=None if moved else found.recorded,
    )
