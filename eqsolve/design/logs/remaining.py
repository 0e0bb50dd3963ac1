"""How many more steps until an interval is as narrow as wanted, the log so far kept.

With N(l, x) steps of the log and n more at an occupancy gamma, the estimate from all of them has

    variance(n) = sum_{l, x} w_l^2 pi_l(x)^2 sigma2(l, x) / (N(l, x) + n gamma(l, x)),

which falls with n; the least n that reaches the wanted half width is found by halving. Laws and
step variances are those estimated. Where arms go on as in the log, the standard error falls with
the root of the length. A run shorter than thirty relaxation times of its chain would
not reach its occupancy, so that at least so many steps are asked for where any are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.design.estimation.intervals import normal_quantile
from eqsolve.design.mixing import PASSES, averaging_time
from eqsolve.errors import BadExperiment
from eqsolve.results import Table

if TYPE_CHECKING:
    from eqsolve.design.logs.log import TransitionLog
    from eqsolve.design.sampling_design import SamplingDesign

Array = NDArray[np.float64]

_MOST = 1e18  # steps, beyond which none are said to be enough
_POWER = 0.8


@dataclass(frozen=True, eq=False, repr=False)
class StepsNeeded:
    """Steps still needed, by how they are sampled.

    Attributes
    ----------
    half_width : float
        Of the interval wanted.
    level : float
    reason : str
        Why this half width.
    designed, coin_flipping, as_logged : float
        Steps, after those of the log, with the design, with arms drawn alike in every state, and
        with arms as in the log; inf where no number is enough.
    """

    half_width: float
    level: float
    reason: str
    designed: float
    coin_flipping: float
    as_logged: float

    def table(self) -> Table:
        """One row a way of sampling."""
        rows = (
            ("the designed policy", self.designed),
            ("coin flipping", self.coin_flipping),
            ("arms as in the log", self.as_logged),
        )
        title = f"Steps still needed for +- {self.half_width:.4g}: {self.reason}"
        shown = tuple((name, steps_as_text(steps)) for name, steps in rows)
        return Table(("sampling from now on", "steps"), shown, title=title)

    def __repr__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def steps_needed(
    log: TransitionLog,
    design: SamplingDesign,
    estimate: Any,
    half_width: float | None = None,
    level: float = 0.95,
) -> tuple[StepsNeeded, ...]:
    """Steps needed for a half width, and to tell the effect from zero where the log does not.

    Parameters
    ----------
    log : TransitionLog
    design : SamplingDesign
        Of the same log.
    estimate : EffectEstimate
        Of the same contrast.
    half_width : float, optional
        Default: half of what the log has reached; of several contrasts the widest.
    level : float

    Returns
    -------
    tuple of StepsNeeded
        Where one contrast is asked for and its interval holds zero, a second says when it would
        no longer, with probability 0.8, were the effect as estimated.

    Raises
    ------
    BadExperiment
        For a half width that is not positive.
    """
    if half_width is not None and not 0 < half_width < math.inf:
        raise BadExperiment(f"half_width is {half_width}; it must be positive.")
    now = float(np.max(np.atleast_1d(estimate.interval(level).half_width)))
    if half_width is not None:
        reason = f"as asked for, after +- {now:.4g} so far"
    else:
        half_width, reason = now / 2, f"half of the +- {now:.4g} so far"
    wanted = [(half_width, reason)]
    effects = np.atleast_1d(estimate.effect)
    if effects.size == 1 and effects[0] != 0 and 0.0 in estimate.interval(level):
        quantile = normal_quantile(level)
        telling = abs(float(effects[0])) * quantile / (quantile + normal_quantile(2 * _POWER - 1))
        reason = (
            f"to tell the effect from zero with probability {_POWER:g}, were it "
            f"{float(effects[0]):.4g} as estimated"
        )
        wanted.append((telling, reason))
    visits = np.asarray(log.counts.visits, dtype=np.float64)
    coin = np.where(design.allowed, 1.0, 0.0).T
    coin /= coin.sum(axis=1, keepdims=True)
    ways = (
        (design.occupancy, design.relaxation_time),
        (design.experiment.occupancy(coin), averaging_time(design.experiment.chain(coin))),
    )
    found = []
    for width, why in wanted:
        designed, coin_flips = (
            _steps(design, visits, gamma, tau, width, level) for gamma, tau in ways
        )
        logged = max(0, math.ceil(log.length * ((now / width) ** 2 - 1)))
        found.append(StepsNeeded(width, level, why, designed, coin_flips, float(logged)))
    return tuple(found)


def steps_as_text(steps: float) -> str:
    """Steps for a reader: four digits, none as "none", too many as "no number is enough".

    >>> [steps_as_text(steps) for steps in (0.0, 123_456.0, float("inf"))]
    ['none', '123,500', 'no number is enough']
    """
    if math.isinf(steps):
        return "no number is enough"
    if not steps:
        return "none"
    digits = max(0, math.floor(math.log10(steps)) - 3)
    return f"{math.ceil(steps / 10**digits) * 10**digits:,}"


def _steps(
    design: SamplingDesign, visits: Array, gamma: Array, tau: float, half_width: float, level: float
) -> float:
    """The least number that is enough for every contrast."""
    goal = (half_width / normal_quantile(level)) ** 2
    experiment = design.experiment
    need = experiment.stationary**2 * experiment.step_variances

    def enough(steps: float) -> bool:
        known = visits + steps * gamma
        with np.errstate(divide="ignore", invalid="ignore"):
            each = np.where(need > 0, need / known, 0.0).sum(axis=1)
        squares = design.contrast**2
        used = squares > 0
        # An arm that no contrast weighs may stay unknown.
        totals = (np.where(used, squares, 0.0) * np.where(used, each, 0.0)).sum(axis=1)
        return bool(totals.max() <= goal)

    if enough(0.0):
        return 0.0
    if not enough(_MOST):
        return math.inf
    low, high = 0.0, 1.0
    while not enough(high):
        low, high = high, 2 * high
    while high - low > max(1.0, 1e-9 * high):
        middle = (low + high) / 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return max(math.ceil(high), math.ceil(PASSES * tau))
