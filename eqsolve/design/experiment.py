"""Several algorithms, each moving one system its own way, and what is to be learned of them.

Arms l = 0 .. A-1 act on states x = 0 .. S-1. Arm l moves the system by a row-stochastic P_l,
with stationary law pi_l, and earns a reward R of mean r(l, x), or r(l, x, y) where it depends
on the next state y. What is wanted is a contrast sum_l w_l alpha_l of the long-run means
alpha_l = pi_l r_l, in two arms by default their difference. Poisson's equation

    g_l - P_l g_l = r_l - alpha_l

gives the bias g_l, and with it the step variances

    sigma2(l, x) = Var(R + g_l(X1) | x, l) = s2(l, x) + Var_y(r(l, x, y) + g_l(y)).

Where arm l is used in state x for a share gamma(l, x) of one long run, the maximum-likelihood
estimate of the contrast has n times its variance tending to

    V(gamma) = sum_{l, x} w_l^2 pi_l(x)^2 sigma2(l, x) / gamma(l, x)
             = sum_{l, x} w_l^2 pi_l(x) sigma2(l, x) / u(l, x),    u = gamma / pi.

The second form neither underflows nor overflows where stationary masses are 1e-90.

Source: Glynn, Johari and Rasouli, "Adaptive experimental design with temporal interference: a
maximum likelihood approach" (NeurIPS 2020).
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from eqsolve.design.contrasts import check_contrast, listed, one_or_many
from eqsolve.design.experiment_door import (
    checked_names,
    label,
    matrices_of,
    per_pair,
    refuse_reducible,
    rewards_of,
)
from eqsolve.errors import BadExperiment
from eqsolve.markov import (
    check_transitions,
    solve_chain,
    stationary_law,
)
from eqsolve.results import Table

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from eqsolve.markov import SolvedChain

    Array = NDArray[np.float64]

SUMS = 1e-8  # how far a policy's row may be from one before it is refused


@dataclass(frozen=True, eq=False, init=False, repr=False)
class MarkovExperiment:
    """Arms that share one system, with their rewards.

    Parameters
    ----------
    transitions : sequence of A matrices, each (S, S)
        Row-stochastic, dense or scipy.sparse, one an arm; or an array (A, S, S). An arm may have
        transient states, but only one closed class.
    rewards : array_like (A, S), or A matrices (S, S)
        Mean reward of a step from a state by an arm; or of a step from x to y, which only counts
        where the arm can make it.
    reward_variances : array_like (A, S) or float
        Variance of the reward given arm and state; given the next state too, averaged over it,
        where rewards depend on it.
    arm_names : sequence, optional
        One an arm; 0, 1, ... by default.
    state_names : sequence, optional
        One a state; 0, 1, ... by default.

    Attributes
    ----------
    transitions : tuple of scipy.sparse.csr_array (S, S)
    rewards : ndarray (A, S)
        Means over the next state.
    reward_variances : ndarray (A, S)
    next_state_rewards : tuple of ndarray, or None
        Where rewards depend on the next state: one value an entry of `transitions[l].data`.
    arm_names : tuple
    state_names : tuple or None

    Raises
    ------
    BadExperiment
        Naming the arm, state or row: wrong shapes, entries that are negative or not finite, rows
        that do not sum to one, an arm with several closed classes, names given twice.

    Examples
    --------
    >>> experiment = MarkovExperiment(
    ...     transitions=[
    ...         [[0.5, 0.5, 0.0], [0.1, 0.4, 0.5], [0.0, 0.2, 0.8]],
    ...         [[0.8, 0.2, 0.0], [0.5, 0.4, 0.1], [0.0, 0.5, 0.5]],
    ...     ],
    ...     rewards=[[1, 0, 2], [0, 1, 3]],
    ...     reward_variances=1.0,
    ... )
    >>> experiment
    MarkovExperiment: 2 arms (0, 1) on 3 states
    >>> round(experiment.effect(), 7)
    -0.972973
    >>> experiment.own_variances.round(6).tolist()
    [2.642746, 3.119124]
    """

    transitions: tuple[Any, ...]
    rewards: Array
    reward_variances: Array
    next_state_rewards: tuple[Array, ...] | None
    arm_names: tuple[Hashable, ...]
    state_names: tuple[Hashable, ...] | None

    def __init__(
        self,
        transitions: Any,
        rewards: Any,
        reward_variances: ArrayLike,
        *,
        arm_names: Sequence[Hashable] | None = None,
        state_names: Sequence[Hashable] | None = None,
    ) -> None:
        given = matrices_of(transitions)
        names = checked_names(arm_names, len(given), "arm") or tuple(range(len(given)))
        kernels = tuple(
            check_transitions(matrix, f"arm {name!r}")
            for name, matrix in zip(names, given, strict=True)
        )
        sizes = {kernel.shape[0] for kernel in kernels}
        if len(sizes) > 1:
            each = ", ".join(
                f"arm {name!r} {kernel.shape[0]}"
                for name, kernel in zip(names, kernels, strict=True)
            )
            raise BadExperiment(
                f"Every arm must act on the same states; their numbers are: {each}."
            )
        size = sizes.pop()
        labels = checked_names(state_names, size, "state")
        for name, kernel in zip(names, kernels, strict=True):
            refuse_reducible(kernel, name, labels)
        variances = per_pair(reward_variances, "reward_variances", names, size, labels)
        if (variances < 0).any():
            arm, state = np.argwhere(variances < 0)[0]
            raise BadExperiment(
                f"The reward variance of arm {names[arm]!r} in state {label(labels, state)} is "
                f"{variances[arm, state]:g}; a variance cannot be negative."
            )
        means, by_next = rewards_of(rewards, kernels, names, labels)
        fields = {
            "transitions": kernels,
            "rewards": means,
            "reward_variances": variances,
            "next_state_rewards": by_next,
            "arm_names": names,
            "state_names": labels,
        }
        for field, value in fields.items():
            object.__setattr__(self, field, value)

    @property
    def arms(self) -> int:
        """Number of arms, A."""
        return len(self.transitions)

    @property
    def states(self) -> int:
        """Number of states, S."""
        return int(self.transitions[0].shape[0])

    def state_name(self, state: int) -> str:
        """How a state is called in sentences."""
        return label(self.state_names, state)

    def state_title(self, state: int) -> str:
        """How a state is called in tables and figures."""
        return str(state if self.state_names is None else self.state_names[state])

    def arm_name(self, arm: int) -> str:
        """How an arm is called in tables and figures."""
        return str(self.arm_names[arm])

    @cached_property
    def _chains(self) -> tuple[SolvedChain, ...]:
        return tuple(
            solve_chain(kernel, name=f"arm {name!r}", states=self.state_names)
            for name, kernel in zip(self.arm_names, self.transitions, strict=True)
        )

    @cached_property
    def stationary(self) -> Array:
        """Stationary law of each arm used alone (A, S); zero in its transient states."""
        return np.array([chain.law for chain in self._chains])

    @cached_property
    def bias(self) -> Array:
        """Solutions g of Poisson's equation (A, S), each of mean zero under its own law."""
        _ = self.stationary
        solved = zip(self._chains, self.rewards, strict=True)
        values = np.array([chain.poisson(reward).bias for chain, reward in solved])
        # Nothing else needs the factors, which fill gigabytes for a million states.
        self.__dict__.pop("_chains", None)
        return values

    @cached_property
    def averages(self) -> Array:
        """Long-run mean reward of each arm used alone, alpha (A,)."""
        return np.asarray((self.stationary * self.rewards).sum(axis=1))

    @cached_property
    def step_variances(self) -> Array:
        """sigma2(l, x) = Var(R + g_l(X1) | x, l), shape (A, S)."""
        spreads = []
        for arm, kernel in enumerate(self.transitions):
            values = self.bias[arm][kernel.indices]
            if self.next_state_rewards is not None:
                values = values + self.next_state_rewards[arm]
            spreads.append(_row_variances(kernel, values))
        return self.reward_variances + np.array(spreads)

    @cached_property
    def own_variances(self) -> Array:
        """n times the variance of each arm's mean when only that arm is used (A,)."""
        return np.asarray((self.stationary * self.step_variances).sum(axis=1))

    def contrast(self, contrast: Any = None) -> Array:
        """Weights of the arms' means, checked, one row a contrast (K, A).

        Parameters
        ----------
        contrast : array_like (A,) or (K, A), mapping of arm name to weight, or None
            None means the second arm minus the first; with more arms each arm minus the first;
            with one arm its mean.

        Raises
        ------
        BadExperiment
            When the shape is wrong, an entry is not finite, a row is all zero, or an arm unknown.

        Examples
        --------
        >>> two = MarkovExperiment([[[1.0]], [[1.0]]], [[0], [1]], 1.0, arm_names=("old", "new"))
        >>> two.contrast(), two.contrast({"new": 2})
        (array([[-1.,  1.]]), array([[0., 2.]]))
        """
        return check_contrast(contrast, self.arm_names)

    def effect(self, contrast: Any = None) -> Any:
        """The contrast of long-run means: a float, or (K,) for several contrasts."""
        return one_or_many(self.contrast(contrast) @ self.averages, contrast)

    def chain(self, policy: ArrayLike) -> Any:
        """Transitions of the state when arms are drawn by `policy` (S, A): a csr_array (S, S)."""
        return self._mixed(self.check_policy(policy))

    def occupancy(self, policy: ArrayLike) -> Array:
        """Share of a long run in which each arm is used in each state, gamma (A, S).

        Parameters
        ----------
        policy : array_like (S, A)
            Probability of each arm in each state; rows sum to one.

        Raises
        ------
        BadExperiment
            When the policy is none, or splits the states into several closed classes.

        Examples
        --------
        >>> drift = [[0.5, 0.5], [0.0, 1.0]], [[1.0, 0.0], [1.0, 0.0]]
        >>> shares = MarkovExperiment(drift, [[0, 1], [0, 0]], 1.0).occupancy([[1, 0], [0, 1]])
        >>> shares.round(4).tolist()
        [[0.6667, 0.0], [0.0, 0.3333]]
        """
        checked = self.check_policy(policy)
        law = stationary_law(self._mixed(checked), name="the chain of the policy")
        return np.asarray(law * checked.T)

    def variance(self, policy_or_occupancy: ArrayLike, contrast: Any = None) -> Any:
        """n times the variance of the maximum-likelihood estimate over a long run of n steps.

        Parameters
        ----------
        policy_or_occupancy : array_like (S, A) or (A, S)
            A policy, whose rows sum to one; or an occupancy, whose entries together do (where
            A = S the sums tell which it is).
        contrast : see `contrast`

        Returns
        -------
        float, or ndarray (K,) for several contrasts
            Infinite where an arm is never used in a state that its own mean needs.

        Examples
        --------
        Drawing without states: each arm half of the time doubles each variance.

        >>> two = MarkovExperiment([[[1.0]], [[1.0]]], [[0], [1]], [[1.0], [9.0]])
        >>> two.variance([[0.5, 0.5]]), two.variance([[0.25, 0.75]])
        (20.0, 16.0)
        """
        occupancy = self.as_occupancy(policy_or_occupancy)
        weights = self.contrast(contrast)
        squares = weights**2
        # An arm that no contrast weighs may never run: its variance is infinite and counts nothing.
        each = np.where(squares > 0, squares, 1.0) * self.arm_variances(occupancy)
        return one_or_many(np.where(squares > 0, each, 0.0).sum(axis=1), contrast)

    def arm_variances(self, occupancy: Array) -> Array:
        """n times the variance of each arm's estimated mean under an occupancy (A, S): (A,)."""
        needed = self.stationary * self.step_variances
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            terms = needed / (occupancy / self.stationary)
        return np.asarray(np.where(needed > 0, terms, 0.0).sum(axis=1))

    def as_occupancy(self, policy_or_occupancy: ArrayLike) -> Array:
        """The occupancy (A, S) of what is either a policy (S, A) or an occupancy already."""
        array = np.asarray(policy_or_occupancy, dtype=np.float64)
        arms, states = self.arms, self.states
        if array.shape == (states, arms) and (arms != states or abs(array.sum() - 1) > 1e-6):
            return self.occupancy(array)
        if array.shape != (arms, states):
            raise BadExperiment(
                f"Neither a policy (S, A) = ({states}, {arms}) nor an occupancy (A, S) = "
                f"({arms}, {states}): the shape is {array.shape}."
            )
        if not np.isfinite(array).all() or (array < 0).any() or abs(array.sum() - 1) > 1e-6:
            raise BadExperiment(
                f"An occupancy (A, S) holds shares of a run, nonnegative and together one; these "
                f"add up to {array.sum():g}, the smallest being {array.min():g}."
            )
        return array

    def check_policy(self, policy: ArrayLike) -> Array:
        """A policy (S, A) as probabilities that sum to one in each state, or BadExperiment."""
        array = np.asarray(policy, dtype=np.float64)
        if array.shape != (self.states, self.arms):
            raise BadExperiment(
                f"A policy has one row a state and one column an arm, (S, A) = ({self.states}, "
                f"{self.arms}); this one has shape {array.shape}."
            )
        wrong = ~np.isfinite(array) | (array < 0)
        if wrong.any():
            state, arm = np.argwhere(wrong)[0]
            raise BadExperiment(
                f"The policy's probability of arm {self.arm_names[arm]!r} in state "
                f"{self.state_name(state)} is {array[state, arm]:g}; it must be from 0 to 1."
            )
        sums = array.sum(axis=1)
        off = np.abs(sums - 1)
        if off.max() > SUMS:
            state = int(off.argmax())
            raise BadExperiment(
                f"The policy's row of state {self.state_name(state)} sums to {sums[state]:.10g}, "
                f"not to 1."
            )
        return np.asarray(array / sums[:, None])

    def _mixed(self, policy: Array) -> Any:
        mixed = sum(
            sparse.diags_array(policy[:, arm], format="csr") @ kernel
            for arm, kernel in enumerate(self.transitions)
        )
        kernel = sparse.csr_array(mixed)
        # A move of an arm that is never used is no edge of the chain.
        kernel.eliminate_zeros()
        return kernel

    def table(self) -> Table:
        """One row an arm: its long-run mean, and n times that mean's variance on its own."""
        rows = tuple(zip(map(str, self.arm_names), self.averages, self.own_variances, strict=True))
        title = f"Experiment: {self.arms} arms on {self.states} states"
        return Table(("arm", "long-run mean", "variance x steps"), rows, title=title)

    def __repr__(self) -> str:
        # Not the table: on a million states that would be a computation.
        plural = "" if self.arms == 1 else "s"
        return (
            f"MarkovExperiment: {self.arms} arm{plural} {listed(self.arm_names)} on "
            f"{self.states} state{'' if self.states == 1 else 's'}"
        )


def _row_variances(kernel: Any, values: Array) -> Array:
    """Variance over each row's next states of the values at the kernel's entries (S,).

    Deviations from the mean are squared, rather than squares subtracted, which would leave no
    digit of a small variance of large biases.
    """
    size = kernel.shape[0]
    rows = np.repeat(np.arange(size), np.diff(kernel.indptr))
    means = np.bincount(rows, kernel.data * values, minlength=size)
    spread = kernel.data * (values - means[rows]) ** 2
    return np.asarray(np.bincount(rows, spread, minlength=size), dtype=np.float64)
