"""The naive difference: mean reward of the steps under each arm, compared as they stand.

With gamma(l, x) the share of the run in which arm l is used in state x, it tends to

    sum_l w_l sum_x gamma(l, x) r(l, x) / p_l,    p_l = sum_x gamma(l, x),

the arms' rewards in the states where both of them together have brought the system, not where
each would bring it. The difference between that and the effect is its bias, which no number of
steps reduces: temporal interference.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eqsolve.design.contrasts import check_contrast, one_or_many
from eqsolve.design.estimation.counts import TransitionCounts
from eqsolve.design.estimation.mixed_chain import MixedChain
from eqsolve.design.estimation.point_estimate import PointEstimate
from eqsolve.design.experiment import MarkovExperiment
from eqsolve.errors import BadExperiment, BadLog

Array = NDArray[np.float64]


def naive(counts: TransitionCounts, contrast: Any = None) -> PointEstimate:
    """Difference of the arms' mean rewards per step, with the standard error of the CLT.

    The standard error takes account of the dependence between steps; what it surrounds is the
    biased limit, not the effect.

    Parameters
    ----------
    counts : TransitionCounts
    contrast : see `MarkovExperiment.contrast`

    Raises
    ------
    BadLog
        When an arm that a contrast weighs was never played, or the log never came back to where
        it had been.

    Examples
    --------
    >>> log = TransitionCounts([0, 1], [0, 0], [0, 0], [100, 100], [50, 80], [50, 80], 2, 1)
    >>> naive(log)
    naive difference: 0.3 (standard error 0.0640312)
    """
    weights = check_contrast(contrast, counts.arm_names or tuple(range(counts.arms)))
    played = counts.visits.sum(axis=1)
    missing = np.flatnonzero(weights.any(axis=0) & (played == 0))
    if missing.size:
        raise BadLog(
            f"Arm {counts.arm_label(int(missing[0]))} was never played in this log: its mean "
            "reward is unknown."
        )
    sums = counts.summed(counts.reward_sum).sum(axis=1)
    means = np.divide(sums, played, out=np.zeros(counts.arms), where=played > 0)
    chain = MixedChain.of_counts(counts)
    errors = np.sqrt([_variance(chain, row) / counts.total for row in weights])
    return PointEstimate(
        "naive difference",
        one_or_many(weights @ means, contrast),
        one_or_many(errors, contrast),
    )


def naive_value(experiment: MarkovExperiment, policy: ArrayLike, contrast: Any = None) -> Any:
    """What the naive difference tends to when arms are drawn by a policy.

    Parameters
    ----------
    experiment : MarkovExperiment
    policy : array_like (S, A)
    contrast : see `MarkovExperiment.contrast`

    Returns
    -------
    float, or ndarray (K,)

    Raises
    ------
    BadExperiment
        When the policy never uses an arm that a contrast weighs.

    Examples
    --------
    Arm 1 earns nothing itself, but brings the system to where arm 0 earns: naive sees only that
    arm 0 has the rewards.

    >>> drift = [[[1, 0], [1, 0]], [[0, 1], [0, 1]]]
    >>> experiment = MarkovExperiment(drift, [[0, 2], [0, 1]], 1.0)
    >>> experiment.effect(), naive_value(experiment, [[0.5, 0.5], [0.5, 0.5]])
    (1.0, -0.5)
    """
    weights = experiment.contrast(contrast)
    chain = MixedChain.of_experiment(experiment, policy)
    share = chain.policy.T @ chain.law
    missing = np.flatnonzero(weights.any(axis=0) & (share == 0))
    if missing.size:
        raise BadExperiment(
            f"The policy never uses arm {experiment.arm_names[missing[0]]!r}: its steps have no "
            "mean reward."
        )
    return one_or_many(weights @ _means(chain), contrast)


def naive_variance(experiment: MarkovExperiment, policy: ArrayLike, contrast: Any = None) -> Any:
    """n times the variance that the naive difference tends to have under a policy.

    Parameters and returns as in `naive_value`.

    Examples
    --------
    >>> alone = MarkovExperiment([[[1]], [[1]]], [[0], [1]], [[1.0], [9.0]])
    >>> naive_variance(alone, [[0.5, 0.5]])
    20.0
    """
    naive_value(experiment, policy, contrast)
    chain = MixedChain.of_experiment(experiment, policy)
    values = np.array([_variance(chain, row) for row in experiment.contrast(contrast)])
    return one_or_many(values, contrast)


def _means(chain: MixedChain) -> Array:
    """(A,): mean reward of the steps under each arm."""
    share = chain.policy.T @ chain.law
    earned = chain.per_pair(chain.reward) @ chain.law
    return np.asarray(np.divide(earned, share, out=np.zeros_like(share), where=share > 0))


def _variance(chain: MixedChain, weights: Array) -> float:
    share = chain.policy.T @ chain.law
    scale = np.divide(weights, share, out=np.zeros_like(share), where=share > 0)[chain.arm]
    direct = scale * (chain.reward - _means(chain)[chain.arm])
    ahead = chain.bias(chain.per_pair(direct).sum(axis=0))
    return chain.variance(scale, direct + ahead[chain.target] - ahead[chain.source])
