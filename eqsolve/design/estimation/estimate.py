"""The effect of one arm against another, from a log in which arms took turns on one system.

The maximum-likelihood estimate of a contrast sum_l w_l alpha_l plugs transition frequencies and
mean rewards into the long-run means alpha_l = pi_l r_l: every arm's own stationary law is put
together from the steps that it took anywhere in the log, wherever other arms had brought the
system. Its variance is the sum over arms of w_l^2 sum_x pi_l(x)^2 sigma2(l, x) / N(l, x); see
`arm_estimate`. It is consistent under every policy that goes on trying each arm
in each state, and no regular estimate has a smaller asymptotic variance.

Source: Glynn, Johari and Rasouli, "Adaptive experimental design with temporal interference: a
maximum likelihood approach" (NeurIPS 2020).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.design.contrasts import check_contrast, one_or_many
from eqsolve.design.estimation.arm_estimate import ArmEstimate, estimate_arm
from eqsolve.design.estimation.counts import TransitionCounts
from eqsolve.design.estimation.intervals import (
    TIGHTEST_AT,
    Interval,
    anytime_interval,
    clt_interval,
    normal_quantile,
)
from eqsolve.design.estimation.plug_in import smoothed
from eqsolve.design.estimation.recorded_steps import RecordedSteps
from eqsolve.design.estimation.recurrent_class import name_states
from eqsolve.errors import BadExperiment, BadLog
from eqsolve.results import Table

if TYPE_CHECKING:
    from eqsolve.design.estimation.bootstrap import BootstrapDistribution
    from eqsolve.design.estimation.diagnostics import Diagnostics

Array = NDArray[np.float64]

KINDS = ("clt", "anytime", "bootstrap")


@dataclass(frozen=True, eq=False, repr=False)
class EffectEstimate:
    """Estimated contrasts of long-run means.

    Attributes
    ----------
    effect : float, or ndarray (K,)
        One number for each contrast asked for.
    standard_error : float, or ndarray (K,)
    arm_means, arm_standard_errors : ndarray (A,)
        nan for an arm that no contrast weighs and the log does not identify.
    contrast : ndarray (K, A)
    arms : tuple of ArmEstimate or None
        What the log says of each arm.
    counts : TransitionCounts
        As observed.
    prior : float
        Pseudo-steps lent to each arm in each state.
    recorded : RecordedSteps or None
        The steps in order, where they were given.
    """

    effect: Any
    standard_error: Any
    arm_means: Array
    arm_standard_errors: Array
    contrast: Array
    arms: tuple[ArmEstimate | None, ...]
    counts: TransitionCounts
    prior: float = 0.0
    recorded: RecordedSteps | None = None

    @property
    def steps(self) -> int | float:
        """Length of the log, n."""
        return self.counts.total

    @property
    def variance(self) -> Any:
        """n times the squared standard error, what `MarkovExperiment.variance` is the limit of."""
        return self.steps * self.standard_error**2

    def interval(
        self,
        level: float = 0.95,
        kind: str = "clt",
        *,
        tightest_at: float = TIGHTEST_AT,
        replications: int = 1000,
        seed: Any = 0,
    ) -> Interval:
        """An interval for the effect.

        Parameters
        ----------
        level : float
            Probability of holding the truth.
        kind : str
            "clt" for one look at a length fixed in advance; "anytime" for as many looks as one
            likes; "bootstrap", from the regenerative bootstrap, where the log is short.
        tightest_at : float
            For "anytime": see `anytime_interval`; the same at every look.
        replications, seed
            For "bootstrap": see `bootstrap`.

        Raises
        ------
        BadExperiment
            For a level that is no probability, or an unknown kind.
        BadLog
            For "bootstrap" without the order of steps, or with too few cycles.
        """
        if kind == "clt":
            return clt_interval(self.effect, self.standard_error, level)
        if kind == "anytime":
            return anytime_interval(
                self.effect, self.standard_error, self.steps, level, tightest_at
            )
        if kind != "bootstrap":
            raise BadExperiment(f"kind={kind!r}: an interval is one of {', '.join(KINDS)}.")
        return self.bootstrap(replications=replications, seed=seed).interval(level)

    def bootstrap(
        self, *, replications: int = 1000, seed: Any = 0, **options: Any
    ) -> BootstrapDistribution:
        """The bootstrap distribution of the estimate; see `bootstrap`."""
        from eqsolve.design.estimation.bootstrap import bootstrap

        if self.recorded is None:
            raise BadLog(
                "The bootstrap resamples pieces of the run, so it needs the steps in their order: "
                "estimate from RecordedSteps, not from counts."
            )
        return bootstrap(self, replications=replications, seed=seed, **options)

    @cached_property
    def diagnostics(self) -> Diagnostics:
        """What stands against the estimate; see `Diagnostics`."""
        from eqsolve.design.estimation.diagnostics import diagnose

        return diagnose(self)

    def table(self, level: float = 0.95) -> Table:
        """Arms' means and contrasts, with standard errors and CLT intervals."""
        names = [self.counts.arm_name(arm) for arm in range(self.counts.arms)]
        labels = [f"mean of {name}" for name in names]
        labels += [_label(weights, names) for weights in self.contrast]
        values = np.concatenate([self.arm_means, np.atleast_1d(self.effect)])
        errors = np.concatenate([self.arm_standard_errors, np.atleast_1d(self.standard_error)])
        reach = normal_quantile(level) * errors
        rows = tuple(zip(labels, values, errors, values - reach, values + reach, strict=True))
        headers = ("", "estimate", "standard error", f"{100 * level:.6g} % from", "to")
        title = f"Effect estimated from {self.steps:.10g} steps"
        return Table(headers, rows, title=title, notes=self.notes)

    @property
    def notes(self) -> tuple[str, ...]:
        """A sentence for each arm of which steps were left out; see `recurrent_class`."""
        return tuple(
            f"Arm {self.counts.arm_label(arm.arm)} was not seen to come back from "
            f"{name_states(self.counts, arm.left_for)}: {arm.left_out:.2%} of its steps, which "
            "went there, are left out."
            for arm in self.arms
            if arm is not None and arm.left_for.size
        )

    def summary(self) -> str:
        """The estimate and its diagnostics, as text."""
        return f"{self.table()}\n\n{self.diagnostics}"

    def __repr__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()

    def plot(self, ax: Any = None, level: float = 0.95) -> Any:
        """Estimates with their intervals; returns the axes."""
        from eqsolve.plotting.estimates import plot_estimate

        return plot_estimate(self, ax=ax, level=level)


def estimate(
    log: TransitionCounts | RecordedSteps, contrast: Any = None, *, prior: float = 0.0
) -> EffectEstimate:
    """The maximum-likelihood estimate of a contrast of long-run means.

    Parameters
    ----------
    log : TransitionCounts or RecordedSteps
        With the latter, intervals may be bootstrapped and the Markov assumption tested.
    contrast : array_like (A,) or (K, A), mapping of arm name to weight, or None
        None means the second arm minus the first; with more arms each arm minus the first.
    prior : float
        Pseudo-steps lent to each arm in each state, spread over next states and rewards as the
        steps of all arms there together. Without, what an arm was never seen to do counts as
        impossible for it; with some, arms are drawn towards each other by their number over
        the number of visits.

    Raises
    ------
    BadLog
        For an empty log, or an arm whose long-run mean it does not identify: never played, or
        not seen to settle in one set of states.
    BadExperiment
        For a contrast that is none.

    Source: Glynn, Johari and Rasouli (NeurIPS 2020).

    Examples
    --------
    Arm 1 holds the system in state 1, where rewards are; arm 0 seldom lets it stay.

    >>> counts = TransitionCounts(
    ...     arm=[0, 0, 0, 0, 1, 1, 1, 1], state=[0, 0, 1, 1] * 2, next_state=[0, 1] * 4,
    ...     count=[60, 40, 70, 30, 60, 40, 10, 90], reward_sum=[0, 0, 70, 30, 0, 0, 10, 90],
    ...     reward_squares=[0, 0, 70, 30, 0, 0, 10, 90], arms=2, states=2,
    ... )
    >>> effect = estimate(counts)
    >>> print(effect)
    Effect estimated from 400 steps
               estimate  standard error  95 % from  to
    mean of 0  0.363636  0.0321359       0.300651   0.426622
    mean of 1  0.8       0.0518459       0.698384   0.901616
    1 minus 0  0.436364  0.0609977       0.31681    0.555917
    """
    counts = log.counts if isinstance(log, RecordedSteps) else log
    if not counts.arm.size:
        raise BadLog("The log holds no steps: there is nothing to estimate from.")
    names = counts.arm_names or tuple(range(counts.arms))
    weights = check_contrast(contrast, names)
    lent = smoothed(counts, prior)
    arms = tuple(
        _arm_or_none(lent, arm, needed=bool(weights[:, arm].any())) for arm in range(counts.arms)
    )
    means = np.array([np.nan if arm is None else arm.mean for arm in arms])
    variances = np.array([np.nan if arm is None else arm.variance for arm in arms])
    used = weights.any(axis=0)
    effects = weights[:, used] @ means[used]
    errors = np.sqrt(weights[:, used] ** 2 @ variances[used])
    return EffectEstimate(
        effect=one_or_many(effects, contrast),
        standard_error=one_or_many(errors, contrast),
        arm_means=means,
        arm_standard_errors=np.sqrt(variances),
        contrast=weights,
        arms=arms,
        counts=counts,
        prior=float(prior),
        recorded=log if isinstance(log, RecordedSteps) else None,
    )


def _arm_or_none(counts: TransitionCounts, arm: int, needed: bool) -> ArmEstimate | None:
    try:
        return estimate_arm(counts, arm)
    except BadLog:
        if needed:
            raise
        return None


def _label(weights: Array, names: list[str]) -> str:
    """ "new minus old" for a difference, the weighted arms otherwise."""
    plus, minus = np.flatnonzero(weights == 1), np.flatnonzero(weights == -1)
    if np.count_nonzero(weights) == 2 and plus.size == minus.size == 1:
        return f"{names[plus[0]]} minus {names[minus[0]]}"
    used = np.flatnonzero(weights)
    return " + ".join(f"{weights[arm]:.6g} {names[arm]}" for arm in used)
