"""The chain that runs while arms are drawn by a policy: what a log is a sample of.

A step from x draws the arm l and the next state y with probability m(l, y | x) and earns a reward
of mean r(l, x, y) and variance s2(l, x, y). rho is the stationary law of the state. An estimator
that is a smooth function of the averages of such a chain has, in n steps, n times its variance
tending to

    sum_x rho(x) sum_{l, y} m(l, y | x) ( a(l, x, y)^2 s2(l, x, y) + b(l, x, y)^2 )

where a R + b - a r is the influence of a step, centred given x. The same formulas serve
estimates, on the frequencies of a log, and their limits, on a known experiment.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from eqsolve.design.estimation.counts import TransitionCounts
from eqsolve.design.estimation.recurrent_class import pooled_class
from eqsolve.design.experiment import MarkovExperiment
from eqsolve.markov import poisson, stationary_law
from eqsolve.markov.classes import closed_class

Array = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class MixedChain:
    """Steps that can occur, on the class of states (k,) that keeps occurring.

    Attributes
    ----------
    number_of_arms : int
    states : ndarray of int (k,)
    arm, source, target : ndarray of int (rows,)
        One row a (arm, state, next state); states by their place in `states`.
    probability, reward, reward_variance : ndarray (rows,)
        m, r and s2.
    """

    number_of_arms: int
    states: Integers
    arm: Integers
    source: Integers
    target: Integers
    probability: Array
    reward: Array
    reward_variance: Array

    @classmethod
    def of_counts(cls, counts: TransitionCounts) -> MixedChain:
        """As estimated from a log.

        Raises
        ------
        BadLog
            When the log is empty or never came back to where it had been.
        """
        states = pooled_class(counts)
        place = _places(counts.states, states)
        source, target = place[counts.state], place[counts.next_state]
        inside = (source >= 0) & (target >= 0)
        source, target = source[inside], target[inside]
        steps = counts.count[inside].astype(np.float64)
        mean = counts.reward_sum[inside] / steps
        spread = np.maximum(counts.reward_squares[inside] / steps - mean**2, 0.0)
        left = np.bincount(source, steps, minlength=states.size)
        arm = counts.arm[inside]
        return cls(counts.arms, states, arm, source, target, steps / left[source], mean, spread)

    @classmethod
    def of_experiment(cls, experiment: MarkovExperiment, policy: ArrayLike) -> MixedChain:
        """As it is under a policy (S, A).

        Raises
        ------
        BadExperiment
            When the policy is none, or splits the states into several closed classes.
        """
        chances = experiment.check_policy(policy)
        kernel = experiment.chain(chances)
        states = closed_class(kernel, "the chain of the policy", experiment.state_names).closed[0]
        place = _places(experiment.states, states)
        parts: list[tuple[NDArray[Any], ...]] = []
        for arm, kernel in enumerate(experiment.transitions):
            rows = np.repeat(np.arange(experiment.states), np.diff(kernel.indptr))
            probability = kernel.data * chances[rows, arm]
            by_next = experiment.next_state_rewards
            reward = experiment.rewards[arm, rows] if by_next is None else by_next[arm]
            used = (place[rows] >= 0) & (probability > 0)
            variance = experiment.reward_variances[arm, rows]
            moves = (np.full(rows.size, arm), place[rows], place[kernel.indices])
            columns = (*moves, probability, reward, variance)
            parts.append(tuple(column[used] for column in columns))
        joined = (np.concatenate(column) for column in zip(*parts, strict=True))
        return cls(experiment.arms, np.asarray(states), *joined)

    @cached_property
    def kernel(self) -> sparse.csr_array:
        """(k, k): transitions of the state."""
        shape = (self.states.size, self.states.size)
        return sparse.csr_array((self.probability, (self.source, self.target)), shape=shape)

    @cached_property
    def law(self) -> Array:
        """(k,): rho, the stationary law of the state."""
        return np.asarray(stationary_law(self.kernel, name="the chain of the policy"))

    @cached_property
    def policy(self) -> Array:
        """(k, A): probability of each arm in each state."""
        return self.per_pair(np.ones(self.arm.size)).T

    @cached_property
    def mean_reward(self) -> Array:
        """(k,): of a step from each state."""
        return np.asarray(self.per_pair(self.reward).sum(axis=0))

    def per_pair(self, values: Array) -> Array:
        """(A, k): sum over next states of m(l, y | x) times one value a row."""
        size = self.states.size
        pair = self.arm * size + self.source
        summed = np.bincount(pair, self.probability * values, minlength=self.number_of_arms * size)
        return np.asarray(summed.reshape(self.number_of_arms, size))

    def bias(self, rewards: Array) -> Array:
        """(k,): g with g - P g = rewards - rho rewards, rho g = 0."""
        return np.asarray(poisson(self.kernel, rewards, self.law).bias)

    def variance(self, weight: Array, influence: Array) -> float:
        """n times the variance of the average of steps' influences.

        Parameters
        ----------
        weight : ndarray (rows,)
            a, what multiplies the reward.
        influence : ndarray (rows,)
            b, the influence at the row's mean reward; centred given the state.
        """
        size = weight**2 * self.reward_variance + influence**2
        return float(np.sum(self.law[self.source] * self.probability * size))


def _places(size: int, states: Integers) -> Integers:
    place = np.full(size, -1)
    place[states] = np.arange(states.size)
    return place
