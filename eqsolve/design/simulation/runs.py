"""What many simulated runs of an experiment show: bias and variance of every estimator.

Over R replications of n steps each estimator's mean is compared with the true effect, and n times
its variance with what theory says it tends to:

    maximum likelihood      effect, sum w^2 pi^2 sigma2 / gamma with gamma the rule's occupancy
    naive difference        its biased limit and variance under a policy
    Differences-in-Q        likewise
    switchback              difference of arms' block means, for switchback rules
    Horvitz-Thompson        the same with the designed share of blocks, where arms are drawn

and the occupancies recorded on the way with the optimal ones.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.design.baselines import switchback_occupancy
from eqsolve.design.estimation.counts import TransitionCounts
from eqsolve.design.estimation.differences_in_q import (
    differences_in_q,
    differences_in_q_value,
    differences_in_q_variance,
)
from eqsolve.design.estimation.estimate import estimate
from eqsolve.design.estimation.intervals import normal_quantile
from eqsolve.design.estimation.naive import naive_value, naive_variance
from eqsolve.design.estimation.recorded_steps import RecordedSteps
from eqsolve.design.estimation.replicated import estimate_many
from eqsolve.design.estimation.replicated_rivals import differences_in_q_many, naive_many
from eqsolve.design.estimation.switchback import switchback_value
from eqsolve.design.simulation.estimator_runs import EstimatorRuns
from eqsolve.design.simulation.rules import Switchback
from eqsolve.design.simulation.running import Tallies
from eqsolve.dynamics.trajectory import Trajectory
from eqsolve.errors import BadExperiment, BadLog, NotInstalled, SlowMixing
from eqsolve.rates.measurement import measure
from eqsolve.rates.report import ConvergenceReport
from eqsolve.results import Table

if TYPE_CHECKING:
    from eqsolve.design.experiment import MarkovExperiment

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

TOGETHER = 64  # states up to which replications are estimated in one batch
DISTANCES = ("euclidean", "total variation")


@dataclass(frozen=True, eq=False, repr=False)
class ExperimentRuns:
    """Replications of an experiment, and what each estimator made of them.

    Attributes
    ----------
    experiment : MarkovExperiment
    rule : str
        What was run, in words.
    steps : int
        Of each replication.
    contrast : ndarray (A,)
    tallies : Tallies
        Counts of moves, sums of rewards, and occupancies on the way.
    policy : ndarray (S, A) or None
        Where one policy was in force throughout.
    switchback : Switchback or None
        The rule, where it is one.

    Examples
    --------
    >>> import eqsolve as eq
    >>> from eqsolve.models import three_state_pair
    >>> runs = eq.simulate_experiment(three_state_pair(), eq.CoinFlip(), 2000, 500, seed=1)
    >>> runs.theory["maximum likelihood"] in runs["maximum likelihood"].variance_interval(0.999)
    True
    """

    experiment: MarkovExperiment
    rule: str
    steps: int
    contrast: Array
    tallies: Tallies
    policy: Array | None = None
    switchback: Switchback | None = None

    @property
    def replications(self) -> int:
        """How many independent runs."""
        return int(self.tallies.count.shape[0])

    @cached_property
    def counts(self) -> tuple[TransitionCounts, ...]:
        """The counts of each replication, as its log would give them."""
        rows = zip(self.tallies.count, self.tallies.sums, self.tallies.squares, strict=True)
        return tuple(self.tallies.moves.counts(*row) for row in rows)

    # --- estimators --------------------------------------------------------------------------

    @property
    def estimators(self) -> tuple[str, ...]:
        """Their names."""
        names = ["maximum likelihood", "naive difference"]
        if abs(self.contrast.sum()) <= 1e-9 * np.abs(self.contrast).sum():
            names.append("Differences-in-Q")
        if self.switchback is not None:
            names.append("switchback")
            names += ["Horvitz-Thompson"] * self.switchback.randomised
        return tuple(names)

    def __getitem__(self, estimator: str) -> EstimatorRuns:
        """Bias and variance of one estimator.

        Raises
        ------
        BadExperiment
            When there is none of that name.
        """
        if estimator not in self.estimators:
            raise BadExperiment(
                f"There is no estimator {estimator!r} of these runs; there are "
                f"{', '.join(self.estimators)}."
            )
        return self._made(estimator)

    @cached_property
    def estimates(self) -> Mapping[str, Array]:
        """Estimator name to its values (replications,), worked out when asked for."""
        return _Lazily(self.estimators, lambda name: self[name].values)

    @cached_property
    def bias(self) -> Mapping[str, float]:
        """Estimator name to mean value minus the effect."""
        return _Lazily(self.estimators, lambda name: self[name].bias)

    @cached_property
    def scaled_variance(self) -> Mapping[str, float]:
        """Estimator name to n times its variance over the replications."""
        return _Lazily(self.estimators, lambda name: self[name].scaled_variance)

    @cached_property
    def theory(self) -> Mapping[str, float | None]:
        """Estimator name to what n times its variance tends to; None where it is not known."""
        return _Lazily(self.estimators, lambda name: self[name].theory)

    @cached_property
    def effect(self) -> float:
        """The true effect."""
        return float(self.experiment.effect(self.contrast))

    @cached_property
    def long_run(self) -> Array | None:
        """Occupancy that the rule tends to (A, S), where it is known."""
        if self.policy is not None:
            try:
                return self.experiment.occupancy(self.policy)
            except BadExperiment:  # several closed classes: each run ends in one of them
                return None
        if self.switchback is not None and self.switchback.randomised:
            kernels, length = self.experiment.transitions, self.switchback.block_length
            return switchback_occupancy(kernels, length)
        return None

    @cached_property
    def expected_variance(self) -> float:
        """n Var that theory gives the maximum-likelihood estimate.

        At the occupancy that the rule tends to; where that is not known, as for an online
        design, at the mean occupancy of the runs.
        """
        shares = self.occupancy[-1].mean(axis=0) if self.long_run is None else self.long_run
        return float(self.experiment.variance(shares / shares.sum(), self.contrast))

    def coverage(self, level: float = 0.95) -> float:
        """Share of the runs whose CLT interval of the maximum-likelihood estimate holds the effect.

        Runs that do not identify the effect count as misses.
        """
        values, errors = self._likelihood
        with np.errstate(invalid="ignore"):
            return float((np.abs(values - self.effect) <= normal_quantile(level) * errors).mean())

    def _made(self, name: str) -> EstimatorRuns:
        if name not in self._cache:
            values, limit, theory = {
                "maximum likelihood": self._maximum_likelihood,
                "naive difference": self._naive,
                "Differences-in-Q": self._differences_in_q,
                "switchback": self._block_means,
                "Horvitz-Thompson": self._horvitz_thompson,
            }[name]()
            self._cache[name] = EstimatorRuns(name, values, self.effect, self.steps, limit, theory)
        return self._cache[name]

    @cached_property
    def _cache(self) -> dict[str, EstimatorRuns]:
        return {}

    def _maximum_likelihood(self) -> tuple[Array, float | None, float | None]:
        return self._likelihood[0], self.effect, self.expected_variance

    @cached_property
    def _likelihood(self) -> tuple[Array, Array]:
        """Values and standard errors (replications,)."""
        made = self.tallies
        if self.experiment.states <= TOGETHER:
            count, sums, squares = map(self._dense, (made.count, made.sums, made.squares))
            many = estimate_many(count, sums, squares, self.contrast)
            return many.effect, many.standard_error
        values, errors = np.full((2, self.replications), np.nan)
        for run, counts in enumerate(self.counts):
            try:
                found = estimate(counts, self.contrast)
            except BadLog:
                continue
            values[run], errors[run] = found.effect, found.standard_error
        return values, errors

    def _dense(self, values: NDArray[Any]) -> Array:
        """One value a move, laid out as (replications, A, S, S)."""
        moves, size = self.tallies.moves, self.experiment.states
        table = np.zeros((self.replications, self.experiment.arms * size * size))
        table[:, moves.pair * size + moves.next_state] = values
        return table.reshape(self.replications, self.experiment.arms, size, size)

    def _naive(self) -> tuple[Array, float | None, float | None]:
        made = self.tallies
        arms = np.eye(self.experiment.arms)[made.moves.arm]
        counts, sums = ((rows @ arms)[:, :, None, None] for rows in (made.count, made.sums))
        values = naive_many(counts, sums, self.contrast)
        return values, *self._under_policy(naive_value, naive_variance)

    def _differences_in_q(self) -> tuple[Array, float | None, float | None]:
        values = np.full(self.replications, np.nan)
        if self.experiment.states <= TOGETHER:
            count, sums = map(self._dense, (self.tallies.count, self.tallies.sums))
            values = differences_in_q_many(count, sums, self.contrast)
        for run in np.flatnonzero(np.isnan(values)):
            try:
                found = differences_in_q(self.counts[run], self.contrast)
            except BadLog:
                continue
            values[run] = found.effect
        return values, *self._under_policy(differences_in_q_value, differences_in_q_variance)

    def _block_means(self) -> tuple[Array, float | None, float | None]:
        arms, means = self._blocks
        values = np.zeros(self.replications)
        for arm in np.flatnonzero(self.contrast):
            own = arms == arm
            with np.errstate(invalid="ignore"):
                values += self.contrast[arm] * (means * own).sum(axis=1) / own.sum(axis=1)
        return values, self._block_limit, None

    def _horvitz_thompson(self) -> tuple[Array, float | None, float | None]:
        arms, means = self._blocks
        scale = self.contrast[arms] * self.experiment.arms
        return (scale * means).mean(axis=1), self._block_limit, None

    @property
    def _blocks(self) -> tuple[Integers, Array]:
        """Arm and mean reward of each whole block (replications, blocks)."""
        rule, made = self.switchback, self.tallies
        assert rule is not None
        assert made.block_arms is not None
        assert made.block_rewards is not None
        whole = slice(self.steps // rule.block_length)
        return made.block_arms[:, whole], made.block_rewards[:, whole] / rule.block_length

    @cached_property
    def _block_limit(self) -> float | None:
        rule = self.switchback
        if rule is None or not rule.randomised:
            return None
        return float(switchback_value(self.experiment, rule.block_length, self.contrast))

    def _under_policy(
        self, limit: Callable[..., Any], variance: Callable[..., Any]
    ) -> tuple[float | None, float | None]:
        """What an estimator and n times its variance tend to, where that is known."""
        if self.policy is None:
            return None, None
        asked = (self.experiment, self.policy, self.contrast)
        try:
            return float(limit(*asked)), float(variance(*asked))
        except BadExperiment:  # such as an arm that the policy never uses
            return None, None

    # --- occupancies -------------------------------------------------------------------------

    @property
    def recorded(self) -> Integers:
        """Steps after which occupancies were recorded (T,); the last are all steps."""
        return self.tallies.recorded

    @property
    def occupancy(self) -> Array:
        """Share of the steps so far of each arm in each state (T, replications, A, S)."""
        return self.tallies.shares

    @property
    def trajectory(self) -> Trajectory:
        """The occupancies as a trajectory (T, replications, A x S), for `eq.validate`."""
        experiment = self.experiment
        names = tuple(
            f"{experiment.arm_name(arm)} in {experiment.state_name(state)}"
            for arm in range(experiment.arms)
            for state in range(experiment.states)
        )
        flat = self.occupancy.reshape(*self.occupancy.shape[:2], -1)
        return Trajectory(self.recorded, flat, coordinate_names=names)

    def validate(self, target: Any = None, distance: str = "euclidean") -> ConvergenceReport:
        """Do the occupancies converge to those wanted, and how fast?

        Parameters
        ----------
        target : SamplingDesign or array_like (A, S), optional
            Default: the optimal design of the experiment.
        distance : "euclidean" or "total variation"
            Over the pairs of arm and state.

        Raises
        ------
        BadExperiment
            For another distance, or a target of another shape.
        EqsolveError
            With fewer than five records.
        """
        if distance not in DISTANCES:
            raise BadExperiment(
                f"distance must be {' or '.join(map(repr, DISTANCES))}, not {distance!r}."
            )
        wanted = self._optimum() if target is None else getattr(target, "occupancy", target)
        wanted = np.asarray(wanted, dtype=float)
        if wanted.shape != self.occupancy.shape[2:]:
            raise BadExperiment(
                f"target has shape {wanted.shape}; occupancies have one row an arm and one column "
                f"a state, {self.occupancy.shape[2:]}."
            )
        gaps = self.occupancy - wanted
        if distance == "euclidean":
            distances = np.sqrt((gaps**2).sum(axis=(2, 3)))
        else:
            distances = np.abs(gaps).sum(axis=(2, 3)) / 2
        path = self.trajectory.iterates
        return ConvergenceReport(self.recorded, distances, measure(self.recorded, distances, path))

    def _optimum(self) -> Array:
        from eqsolve.design.planning import plan

        with warnings.catch_warnings():
            # How slowly the optimum mixes is what the report is about to show.
            warnings.simplefilter("ignore", SlowMixing)
            return plan(self.experiment, self.contrast).occupancy

    # --- logs --------------------------------------------------------------------------------

    def log(self, replication: int = 0) -> RecordedSteps:
        """One run, step by step.

        Raises
        ------
        BadExperiment
            When logs were not kept, or there is no such replication.
        """
        if not self.tallies.logs:
            raise BadExperiment(
                "The steps of these runs were not kept: simulate_experiment(..., keep_log=True)."
            )
        if not 0 <= replication < self.replications:
            raise BadExperiment(
                f"There is no replication {replication}; there are {self.replications}, from 0."
            )
        return self.tallies.logs[replication]

    def to_frame(self, replication: int = 0) -> Any:
        """One run as a pandas DataFrame with columns time, state, arm, reward, next_state.

        Raises
        ------
        NotInstalled
            Without pandas.
        BadExperiment
            As `log`.
        """
        steps = self.log(replication)
        try:
            import pandas as pd
        except ImportError:
            raise NotInstalled("pandas", "ExperimentRuns.to_frame()", "logs") from None
        columns = {"state": steps.states, "arm": steps.arms, "next_state": steps.next_states}
        frame = pd.DataFrame({"time": np.arange(steps.total)})
        for name, codes in columns.items():
            known = self.experiment.arm_names if name == "arm" else self.experiment.state_names
            frame[name] = codes if known is None else [known[code] for code in codes]
        frame.insert(3, "reward", steps.rewards)
        return frame

    # --- what it says ------------------------------------------------------------------------

    def table(self) -> Table:
        """One row an estimator: bias, n Var, their intervals, and theory."""
        rows = []
        for name in self.estimators:
            made = self[name]
            few = made.identified.size < 4
            limit = None if made.limit is None else made.limit - self.effect
            rows.append(
                (
                    name,
                    made.bias,
                    "" if few else _ends(made.bias_interval()),
                    limit,
                    made.scaled_variance,
                    "" if few else _ends(made.variance_interval()),
                    made.theory,
                    made.missing,
                )
            )
        headers = (
            "estimator", "bias", "95 % interval", "theory", "n Var", "95 % interval", "theory",
            "no estimate",
        )  # fmt: skip
        title = (
            f"{self.rule}: {self.replications} replications of {self.steps} steps, effect "
            f"{self.effect:.6g}"
        )
        return Table(headers, tuple(rows), title=title)

    def __repr__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()

    def plot(self, ax: Any = None) -> Any:
        """How each estimator scatters around the effect; returns the axes."""
        from eqsolve.plotting.runs import plot_runs

        return plot_runs(self, ax=ax)


class _Lazily(Mapping[str, Any]):
    """A mapping whose values are worked out when asked for."""

    def __init__(self, names: tuple[str, ...], make: Callable[[str], Any]) -> None:
        self._names, self._make = names, make

    def __getitem__(self, name: str) -> Any:
        if name not in self._names:
            raise KeyError(name)
        return self._make(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __repr__(self) -> str:
        return repr(dict(self))


def _ends(interval: Any) -> str:
    return f"[{interval.low:.4g}, {interval.high:.4g}]"
