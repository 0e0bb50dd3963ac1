"""The maximum-likelihood estimate of one arm's long-run mean reward, with its variance.

On the recurrent class of the arm's estimated chain, with frequencies P and mean rewards r,

    pi P = pi,    alpha = pi r,    g - P g = r - alpha.

alpha is a smooth function of P and r. Its derivative at the truth gives, for steps taken at
random, the influence of one step from x to y with reward R as

    pi(x) / gamma(x) * (R + g(y) - alpha - g(x)),

a martingale difference; so the estimate has variance sum_x pi(x)^2 sigma2(x) / N(x) in N(x)
steps from x, where sigma2(x) = Var(R + g(Y) | x) is taken as an average over those steps.
This holds also where R depends on the next state Y (Glynn, Johari, Rasouli, NeurIPS 2020, for
rewards that do not).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from eqsolve.design.estimation.counts import TransitionCounts
from eqsolve.design.estimation.recurrent_class import recurrent_class
from eqsolve.markov import poisson, stationary_law

Array = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ArmEstimate:
    """What a log says of one arm used alone.

    Attributes
    ----------
    arm : int
    mean : float
        Long-run mean reward.
    variance : float
        Of the estimate of the mean (not times the steps).
    states : ndarray of int (k,)
        The recurrent class; the other arrays and the chain are on it, in this order.
    law, bias, step_variances, visits : ndarray (k,)
        pi, g, sigma2, and steps taken from each state (that stayed in the class).
    transitions : scipy.sparse.csr_array (k, k)
    left_out : float
        Share of the long run's steps that left the class for states from which no way back was
        seen; these steps are left out.
    left_for : ndarray of int
        Those states.
    """

    arm: int
    mean: float
    variance: float
    states: Integers
    law: Array
    bias: Array
    step_variances: Array
    visits: Array
    transitions: sparse.csr_array
    left_out: float
    left_for: Integers

    @property
    def influence(self) -> Array:
        """(k,): pi(x) / N(x), how much one step from each state weighs in the mean."""
        return self.law / self.visits

    @property
    def effective_sample(self) -> float:
        """1 / sum_x pi(x)^2 / N(x): steps drawn from the arm's own law that would tell as much.

        Kish's effective sample size.
        """
        return float(1.0 / np.sum(self.law**2 / self.visits))


def estimate_arm(counts: TransitionCounts, arm: int) -> ArmEstimate:
    """Estimate one arm's long-run mean.

    Raises
    ------
    BadLog
        When the log does not identify it; see `recurrent_class`.

    Examples
    --------
    Independent rewards in one state: the mean, and the variance of a mean.

    >>> alone = estimate_arm(TransitionCounts([0], [0], [0], [100], [50], [50], 1, 1), 0)
    >>> alone.mean, alone.variance
    (0.5, 0.0025)
    """
    states = recurrent_class(counts, arm)
    place = np.full(counts.states, -1)
    place[states] = np.arange(states.size)
    first, last = np.searchsorted(counts.arm, (arm, arm + 1))
    source, target = place[counts.state[first:last]], place[counts.next_state[first:last]]
    inside = (source >= 0) & (target >= 0)
    rows = np.arange(first, last)[inside]
    source, target = source[inside], target[inside]
    steps = counts.count[rows].astype(np.float64)
    sums, squares = counts.reward_sum[rows], counts.reward_squares[rows]

    def per_state(values: Array) -> Array:
        return np.asarray(np.bincount(source, values, minlength=states.size), dtype=np.float64)

    visits = per_state(steps)
    shape = (states.size, states.size)
    transitions = sparse.csr_array((steps / visits[source], (source, target)), shape=shape)
    rewards = per_state(sums) / visits
    law = stationary_law(transitions)
    solution = poisson(transitions, rewards, law)
    bias = solution.bias
    means = rewards + transitions @ bias
    # Spread within each transition plus that between them: squares of small differences rather
    # than small differences of squares.
    within = np.maximum(squares - sums**2 / steps, 0.0)
    between = steps * (sums / steps + bias[target] - means[source]) ** 2
    variances = per_state(within + between) / visits
    all_visits = counts.visits[arm, states]
    outside = (place[counts.state[first:last]] >= 0) & (place[counts.next_state[first:last]] < 0)
    return ArmEstimate(
        arm=arm,
        mean=float(solution.average),
        variance=float(np.sum(law**2 * variances / visits)),
        states=states,
        law=law,
        bias=bias,
        step_variances=variances,
        visits=visits,
        transitions=transitions,
        left_out=float(law @ (1.0 - visits / all_visits)),
        left_for=np.unique(counts.next_state[first:last][outside]),
    )
