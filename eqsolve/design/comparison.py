"""A design beside what is done today: variances, steps for the same interval, relaxation times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from eqsolve.design.baselines import (
    alone_in_equal_shares,
    best_regenerative,
    switchback_occupancy,
)
from eqsolve.design.mixing import averaging_time
from eqsolve.design.occupancy import coin_flipping
from eqsolve.errors import BadExperiment
from eqsolve.results import Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eqsolve.design.sampling_design import SamplingDesign

    Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SamplingRule:
    """One way to run the experiment.

    Attributes
    ----------
    name : str
    variances : ndarray (K,)
        n times the variance of each contrast's estimate.
    variance : float
        Their sum or the largest, as the design was asked for.
    ratio : float
        To the optimal design's.
    steps : float
        For every contrast's interval to be as short as asked for.
    relaxation_time : float or None
        Steps; None where several chains run and none is the slowest to be named.
    """

    name: str
    variances: Array
    variance: float
    ratio: float
    steps: float
    relaxation_time: float | None


@dataclass(frozen=True, eq=False)
class Comparison:
    """Ways to run the experiment, the optimal one last; see `SamplingDesign.compare`.

    Attributes
    ----------
    rules : tuple of SamplingRule
    half_width : float
        Of the interval that `steps` are counted for.
    level : float
    """

    rules: tuple[SamplingRule, ...]
    half_width: float
    level: float
    notes: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> SamplingRule:
        for rule in self.rules:
            if rule.name == name:
                return rule
        raise KeyError(f"{name!r} is none of {', '.join(repr(rule.name) for rule in self.rules)}.")

    def __len__(self) -> int:
        return len(self.rules)

    def table(self) -> Table:
        """One row a rule."""
        headers = ("sampling", "variance x steps", "to optimal", "steps needed", "relaxation time")
        rows = tuple(
            (rule.name, rule.variance, rule.ratio, rule.steps, rule.relaxation_time)
            for rule in self.rules
        )
        needed = f"steps needed: for a {100 * self.level:g} % interval of +- {self.half_width:.4g}"
        return Table(headers, rows, notes=(needed, *self.notes))

    def __repr__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()

    def plot(self, ax: Any = None) -> Any:
        """Bars of variances to the optimal one; returns the matplotlib axes."""
        from eqsolve.plotting.design import plot_comparison

        return plot_comparison(self, ax=ax)


def compare(
    design: SamplingDesign, block_length: int | None, half_width: float | None, level: float
) -> Comparison:
    """See `SamplingDesign.compare`."""
    experiment, weights, allowed = design.experiment, design.contrast, design.allowed
    kernels, own = experiment.transitions, experiment.own_variances
    used = np.abs(weights).max(axis=0) > 0
    coin = coin_flipping(allowed, design.usable)
    slowest = max(averaging_time(kernels[arm]) for arm in np.flatnonzero(used))
    length = max(1, round(slowest)) if block_length is None else block_length
    lasting = np.where(design.usable.any(axis=0), design.usable, allowed)
    width = default_half_width(design, level) if half_width is None else float(half_width)
    coin_chain = experiment.chain(coin)
    found: list[tuple[str, Array, float | None]] = [
        (
            "coin flipping",
            _variances(design, experiment.occupancy(coin)),
            averaging_time(coin_chain),
        )
    ]
    notes = []
    try:
        blocks = switchback_occupancy(kernels, length, lasting)
        found.append((f"switchback, blocks of {length}", _variances(design, blocks), None))
    except BadExperiment as reason:
        notes.append(f"no switchback: {reason}")
    if allowed[used].all():
        found.append(("each arm alone", alone_in_equal_shares(own, weights), slowest))
        best = best_regenerative(own, weights, design.criterion)
        found.append(("best regenerative", best, slowest))
    else:
        notes.append("no arm runs alone here: some are not allowed in every state")
    found.append(("optimal", design.variances, design.relaxation_time))
    rules = tuple(_rule(design, name, v, tau, width, level) for name, v, tau in found)
    better = [rule.name for rule in rules if rule.ratio < 1 - 1e-6]
    if better:
        notes.append(
            f"less variance than this design, which keeps to one stationary policy, to its "
            f"restrictions and to {100 * design.share:.3g} % of coin flipping: {', '.join(better)}"
        )
    return Comparison(rules, width, level, tuple(notes))


def default_half_width(design: SamplingDesign, level: float) -> float:
    """What the design reaches in its steps; else a tenth of the effect; else of its deviation."""
    if design.steps is not None:
        return float(np.max(design.half_width(design.steps, level)))
    effect = float(np.abs(design.experiment.effect(design.contrast)).min())
    deviation = float(np.sqrt(design.variances.max()))
    return 0.1 * effect if effect > 1e-9 * deviation else (0.1 * deviation or 1.0)


def _variances(design: SamplingDesign, occupancy: Array) -> Array:
    return np.asarray(design.experiment.variance(occupancy, np.atleast_2d(design.contrast)))


def _rule(
    design: SamplingDesign,
    name: str,
    variances: Array,
    relaxation_time: float | None,
    half_width: float,
    level: float,
) -> SamplingRule:
    variance = design.total(variances)
    ratio = variance / design.variance if design.variance > 0 else np.nan
    steps = steps_for(variances, half_width, level)
    return SamplingRule(name, variances, variance, ratio, steps, relaxation_time)


def steps_for(variances: Array, half_width: float, level: float) -> float:
    """Steps after which every contrast's interval is at most +- half_width (may be infinite)."""
    from scipy.stats import norm

    quantile = float(norm.ppf(0.5 + level / 2))
    needed = quantile**2 * float(np.max(variances)) / half_width**2
    # A last digit of rounding must not cost a step.
    return float(np.ceil(needed * (1 - 1e-12))) if np.isfinite(needed) else np.inf
