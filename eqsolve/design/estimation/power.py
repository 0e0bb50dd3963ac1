"""What a run can show, before it is run: power, the effect it can detect, the steps it needs.

The estimate of a contrast over n steps is nearly normal with variance V / n. A two-sided test at
level alpha (level = 1 - alpha) of "no effect", when the effect is d, rejects with probability

    Phi(-z + d sqrt(n / V)) + Phi(-z - d sqrt(n / V)),    z = Phi^{-1}(1 - alpha / 2).

V is n times the variance: of a design, of an experiment under a policy, of an earlier estimate
(as if its run went on), or a number.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from eqsolve.design.estimation.estimate import EffectEstimate
from eqsolve.design.estimation.intervals import check_level, normal_quantile
from eqsolve.design.experiment import MarkovExperiment
from eqsolve.errors import BadExperiment

Array = NDArray[np.float64]


def power(
    variance: Any,
    effect: Any,
    steps: Any,
    *,
    level: float = 0.95,
    policy: Any = None,
    contrast: Any = None,
) -> Any:
    """Probability that a run shows an effect of the given size.

    Parameters
    ----------
    variance : float, MarkovExperiment, EffectEstimate, or what has `variance`, such as a
        SamplingDesign
        n times the variance of the estimate.
    effect : float or ndarray
        Size of the effect, in units of the contrast.
    steps : float or ndarray
    level : float
        Of the interval that should not hold zero.
    policy : array_like (S, A), optional
        With an experiment: how arms are drawn. Default: coin flipping.
    contrast : see `MarkovExperiment.contrast`
        With an experiment; one contrast.

    Returns
    -------
    float or ndarray

    Raises
    ------
    BadExperiment
        For a variance, a level or steps that cannot be, or several contrasts.

    Examples
    --------
    >>> round(power(4.0, effect=0.1, steps=4000), 4)
    0.8854
    >>> round(power(4.0, effect=0.0, steps=4000), 4)
    0.05
    """
    spread = _variance(variance, policy, contrast)
    count = np.asarray(steps, dtype=np.float64)
    if not (count > 0).all():
        raise BadExperiment(f"steps={steps}: the number of steps of a run is positive.")
    shift = np.abs(np.asarray(effect, dtype=np.float64))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(shift == 0, 0.0, shift * np.sqrt(count / spread))
    shown = _power(ratio, normal_quantile(level))
    return float(shown) if shown.ndim == 0 else shown


def detectable_effect(
    variance: Any,
    steps: float,
    *,
    power: float = 0.8,
    level: float = 0.95,
    policy: Any = None,
    contrast: Any = None,
) -> float:
    """The smallest effect that a run of `steps` steps shows with probability `power`.

    Parameters as in `power`.

    Examples
    --------
    >>> round(detectable_effect(4.0, steps=4000), 5)
    0.08859
    """
    spread = _variance(variance, policy, contrast)
    if not steps > 0:
        raise BadExperiment(f"steps={steps}: the number of steps of a run is positive.")
    return _needed_ratio(power, level) * math.sqrt(spread / steps)


def sample_size(
    variance: Any,
    effect: float,
    *,
    power: float = 0.8,
    level: float = 0.95,
    policy: Any = None,
    contrast: Any = None,
) -> int:
    """Steps after which an effect of the given size is shown with probability `power`.

    The asymptotic variance holds in runs of some thirty relaxation times or more: compare with
    `SamplingDesign.sample_size`, which asks for a half width and takes account of that.

    Parameters as in `power`.

    Examples
    --------
    >>> sample_size(4.0, effect=0.1)
    3140
    """
    spread = _variance(variance, policy, contrast)
    if not (math.isfinite(effect) and effect != 0):
        raise BadExperiment(f"effect={effect}: no run is long enough to show that.")
    if not math.isfinite(spread):
        raise BadExperiment("The variance is infinite: no run is long enough.")
    return max(1, math.ceil(spread * (_needed_ratio(power, level) / effect) ** 2))


def _power(ratio: Any, quantile: float) -> Any:
    return special.ndtr(-quantile + ratio) + special.ndtr(-quantile - ratio)


def _needed_ratio(wanted: float, level: float) -> float:
    """Effect in standard errors at which the power is as wanted."""
    quantile = normal_quantile(check_level(level))
    if not 1 - level < wanted < 1:
        raise BadExperiment(
            f"power={wanted}: it is a probability above 1 - level = {1 - level:.6g}, and below 1."
        )
    found = optimize.brentq(lambda ratio: _power(ratio, quantile) - wanted, 0.0, quantile + 40.0)
    return float(found)


def _variance(given: Any, policy: Any, contrast: Any) -> float:
    if isinstance(given, MarkovExperiment):
        rule = policy
        if rule is None:
            rule = np.full((given.states, given.arms), 1.0 / given.arms)
        given = given.variance(rule, contrast)
    elif policy is not None or contrast is not None:
        raise BadExperiment("A policy and a contrast belong to an experiment; none was given.")
    elif hasattr(given, "variances"):
        given = given.variances
    elif isinstance(given, EffectEstimate):
        given = given.variance
    values = np.asarray(given, dtype=np.float64)
    if values.size != 1:
        raise BadExperiment(
            f"There are variances of {values.size} contrasts; power is asked of one at a time."
        )
    if not values.item() >= 0:
        raise BadExperiment(f"variance={values.item()}: a variance is zero or more.")
    return float(values.item())
