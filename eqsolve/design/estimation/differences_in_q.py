r"""Differences in Q: what one step of the other arm would change, all further steps as before.

Under the chain that runs, with stationary law rho, mean rewards r and bias V (V - P V = r -
lambda), one step of arm l from x and the running chain after it are worth

    Q(x, l) = r(l, x) - lambda + sum_y P_l(x, y) V(y),

and the estimator is sum_x rho(x) sum_l w_l Q(x, l): the derivative of the long-run reward in the
share of the arms. It sees the interference that the naive difference misses, to first order: its
bias is of second order in how much the arms' transitions differ, and its variance may be far
smaller than that of the unbiased maximum-likelihood estimate.

Its influence, by which its standard error is computed, follows from the derivatives of rho, Q
and V: with d(x) = sum_l w_l Q(x, l), h the bias of d under the running chain, and u the bias of
nu / rho under that chain reversed in time, nu = sum_l w_l rho P_l, a step (x, l, R, y) weighs

    h(y) - (P h)(x) + w_l / p(l | x) (R + V(y) - E[. | x, l]) + u(x) (R + V(y) - E[. | x]).

Source: Farias, Li, Peng, Zheng, "Markovian interference in experiments" (NeurIPS 2022). The
standard error is derived here.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from eqsolve.design.contrasts import check_contrast, one_or_many
from eqsolve.design.estimation.counts import TransitionCounts
from eqsolve.design.estimation.mixed_chain import MixedChain
from eqsolve.design.estimation.point_estimate import PointEstimate
from eqsolve.design.experiment import MarkovExperiment
from eqsolve.errors import BadExperiment, BadLog
from eqsolve.markov import poisson

Array = NDArray[np.float64]

_MOST_LEFT_OUT = 0.05  # of the run in states where an arm was never played


def differences_in_q(counts: TransitionCounts, contrast: Any = None) -> PointEstimate:
    """The on-policy difference of Q, with the standard error of the CLT.

    States in which an arm that a contrast weighs was never played are left out.

    Parameters
    ----------
    counts : TransitionCounts
    contrast : see `MarkovExperiment.contrast`; weights that sum to zero

    Raises
    ------
    BadExperiment
        When the weights do not sum to zero.
    BadLog
        When the log never came back to where it had been, or more than 5 % of it is in states
        where an arm was never played.

    Source: Farias, Li, Peng, Zheng (NeurIPS 2022).

    Examples
    --------
    >>> log = TransitionCounts([0, 1], [0, 0], [0, 0], [100, 100], [50, 80], [50, 80], 2, 1)
    >>> differences_in_q(log)
    Differences-in-Q: 0.3 (standard error 0.0640312)
    """
    weights = _check(check_contrast(contrast, counts.arm_names or tuple(range(counts.arms))))
    chain = MixedChain.of_counts(counts)
    results, left_out = [], 0.0
    for row in weights:
        missing = _missing(chain, row)
        left_out = max(left_out, float(chain.law[missing].sum()))
        if left_out > _MOST_LEFT_OUT:
            state = int(chain.states[missing][np.argmax(chain.law[missing])])
            raise BadLog(
                f"Differences in Q compare the arms state by state, but {left_out:.0%} of the log "
                f"is in states where one of them was never played, most in state "
                f"{counts.state_name(state)}; play every arm there."
            )
        results.append(_value_and_variance(chain, row, ~missing))
    values, variances = (np.array(column) for column in zip(*results, strict=True))
    share = f"{left_out:.2%} of the log, in states where an arm was never played, is left out."
    return PointEstimate(
        "Differences-in-Q",
        one_or_many(values, contrast),
        one_or_many(np.sqrt(variances / counts.total), contrast),
        (share,) if left_out else (),
    )


def differences_in_q_value(
    experiment: MarkovExperiment, policy: ArrayLike, contrast: Any = None
) -> Any:
    """What Differences-in-Q tends to when arms are drawn by a policy.

    Parameters
    ----------
    experiment : MarkovExperiment
    policy : array_like (S, A)
        It must use every arm that a contrast weighs in every state that keeps occurring.
    contrast : see `MarkovExperiment.contrast`; weights that sum to zero

    Returns
    -------
    float, or ndarray (K,)

    Raises
    ------
    BadExperiment
        When the weights do not sum to zero, or an arm is not used in a state.

    Examples
    --------
    Arm 1 brings the system to where rewards are; the naive difference tends to -0.5 here.

    >>> drift = [[[1, 0], [1, 0]], [[0, 1], [0, 1]]]
    >>> experiment = MarkovExperiment(drift, [[0, 2], [0, 1]], 1.0)
    >>> experiment.effect(), differences_in_q_value(experiment, [[0.5, 0.5], [0.5, 0.5]])
    (1.0, 1.0)
    """
    values = [value for value, _ in _exact(experiment, policy, contrast)]
    return one_or_many(np.array(values), contrast)


def differences_in_q_variance(
    experiment: MarkovExperiment, policy: ArrayLike, contrast: Any = None
) -> Any:
    """n times the variance that Differences-in-Q tends to have under a policy.

    Parameters, returns and raises as in `differences_in_q_value`.

    Examples
    --------
    >>> alone = MarkovExperiment([[[1]], [[1]]], [[0], [1]], [[1.0], [9.0]])
    >>> differences_in_q_variance(alone, [[0.5, 0.5]])
    20.0
    """
    variances = [variance for _, variance in _exact(experiment, policy, contrast)]
    return one_or_many(np.array(variances), contrast)


def _exact(
    experiment: MarkovExperiment, policy: ArrayLike, contrast: Any
) -> list[tuple[float, float]]:
    weights = _check(experiment.contrast(contrast))
    chain = MixedChain.of_experiment(experiment, policy)
    results = []
    for row in weights:
        missing = np.flatnonzero(_missing(chain, row))
        if missing.size:
            state = int(chain.states[missing[0]])
            raise BadExperiment(
                "Differences in Q compare the arms state by state, but the policy does not use "
                f"every arm in state {experiment.state_name(state)}."
            )
        results.append(_value_and_variance(chain, row, np.ones(chain.states.size, dtype=bool)))
    return results


def _check(weights: Array) -> Array:
    wrong = np.flatnonzero(np.abs(weights.sum(axis=1)) > 1e-9 * np.abs(weights).sum(axis=1))
    if wrong.size:
        raise BadExperiment(
            "Differences in Q estimate differences: a contrast's weights should sum to zero, not "
            f"to {weights[wrong[0]].sum():.6g}."
        )
    return weights


def _missing(chain: MixedChain, weights: Array) -> NDArray[np.bool_]:
    """(k,): states in which an arm with weight is never used."""
    return np.asarray((chain.policy[:, weights != 0] == 0).any(axis=1))


def _value_and_variance(
    chain: MixedChain, weights: Array, kept: NDArray[np.bool_]
) -> tuple[float, float]:
    law, policy = chain.law, chain.policy
    bias = chain.bias(chain.mean_reward)
    value = chain.reward + bias[chain.target]
    summed = chain.per_pair(value)  # (A, k): p(l | x) (r(l, x) + P_l V (x))
    chosen = kept[:, None] & (policy > 0)
    scale = np.divide(weights, policy, out=np.zeros_like(policy), where=chosen).T  # (A, k)
    difference = (scale * summed).sum(axis=0)
    centre = float(law @ difference)
    per_row = scale[chain.arm, chain.source]
    given_arm = np.divide(summed, policy.T, out=np.zeros_like(summed), where=policy.T > 0)
    given_state = summed.sum(axis=0)
    # nu / rho, and the chain reversed in time.
    flow = law[chain.source] * chain.probability
    arrivals = np.bincount(chain.target, flow * per_row, minlength=law.size)
    shape = (law.size, law.size)
    back = sparse.csr_array((flow / law[chain.target], (chain.target, chain.source)), shape=shape)
    later = poisson(back, arrivals / law, law).bias
    ahead = chain.bias(difference)
    influence = ahead[chain.target] - (ahead - difference + centre)[chain.source]
    influence += per_row * (value - given_arm[chain.arm, chain.source])
    influence += later[chain.source] * (value - given_state[chain.source])
    return centre, chain.variance(per_row + later[chain.source], influence)
