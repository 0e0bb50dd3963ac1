"""The maximum-likelihood estimate of many replications of one small experiment at once.

For every replication and arm the frequencies P, the mean rewards r and, with u uniform on the
closed class,

    Z = (I - P + 1 u')^-1,    pi' = u' Z,    alpha = pi' r,    g = Z (r - alpha),

so that pi' P = pi', (I - P) g = r - alpha and u' g = 0: one batched inverse gives the stationary
law and the solution of Poisson's equation (Paige, Styan, Wachter, J. Statist. Comput. Simul. 4,
1975). Variances follow as for a single log, of which this is the same estimate, number by number
(see `arm_estimate`). A chain with more than one class that was entered and never
left goes the slower, careful way of single logs.

Meant for Monte Carlo studies and bootstraps: time grows as replications x arms x states^3.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eqsolve.design.contrasts import check_contrast
from eqsolve.design.estimation.arm_estimate import estimate_arm
from eqsolve.design.estimation.counts import TransitionCounts
from eqsolve.design.estimation.recurrent_class import SETTLED
from eqsolve.errors import BadLog

Array = NDArray[np.float64]

_AT_ONCE = 4_000_000  # entries of the arrays worked on together


@dataclass(frozen=True, eq=False, repr=False)
class ReplicatedEstimates:
    """Estimates from many logs of one experiment.

    Attributes
    ----------
    arm_means, arm_variances : ndarray (replications, arms)
        Long-run mean rewards, and the variances of their estimates (not times the steps); nan
        where a log does not identify the arm's chain.
    contrast : ndarray (K, arms)
    steps : ndarray (replications,)
        Length of each log.
    single : bool
        One contrast was asked for, not rows of them: `effect` has one number a replication.
    """

    arm_means: Array
    arm_variances: Array
    contrast: Array
    steps: Array
    single: bool

    @property
    def effect(self) -> Array:
        """(replications,) or (replications, K); nan where not identified."""
        return self._combined(self.arm_means, self.contrast)

    @property
    def standard_error(self) -> Array:
        """(replications,) or (replications, K), of the CLT."""
        return np.sqrt(self._combined(self.arm_variances, self.contrast**2))

    @property
    def identified(self) -> NDArray[np.bool_]:
        """(replications,): whether every arm that the contrasts weigh is identified."""
        used = self.contrast.any(axis=0)
        return np.asarray(~np.isnan(self.arm_means[:, used]).any(axis=1))

    def _combined(self, values: Array, weights: Array) -> Array:
        # An arm without weight may be unidentified without harm.
        used = weights.any(axis=0)
        combined = values[:, used] @ weights[:, used].T
        return np.asarray(combined[:, 0] if self.single else combined)

    def __repr__(self) -> str:
        found = int(self.identified.sum())
        return f"ReplicatedEstimates: {self.steps.size} logs, {found} of which identify the effect"


def estimate_many(
    counts: ArrayLike,
    reward_sums: ArrayLike,
    reward_squares: ArrayLike,
    contrast: Any = None,
    *,
    arm_names: Sequence[Hashable] | None = None,
) -> ReplicatedEstimates:
    """Estimate the effect from each of many logs of few states.

    Parameters
    ----------
    counts : array_like (replications, arms, states, states)
        Steps from each state to each other under each arm.
    reward_sums, reward_squares : array_like, of the same shape, or (replications, arms, states)
        Sums of the rewards of those steps, and of their squares. The short form is for rewards
        that do not depend on the next state given arm and state.
    contrast : see `MarkovExperiment.contrast`
    arm_names : sequence, optional
        For contrasts by name.

    Raises
    ------
    BadLog
        When shapes differ.
    BadExperiment
        For a contrast that is none.

    Examples
    --------
    >>> counts = np.array([[[[60, 40], [50, 50]], [[50, 50], [20, 80]]]])
    >>> rewards = np.array([[[100.0, 0.0], [100.0, 0.0]]])
    >>> many = estimate_many(counts, rewards, rewards)
    >>> many
    ReplicatedEstimates: 1 logs, 1 of which identify the effect
    >>> many.arm_means.round(4).tolist(), many.effect.round(4).tolist()
    ([[0.5556, 0.2857]], [-0.2698])
    """
    steps = np.asarray(counts, dtype=np.float64)
    sums = np.asarray(reward_sums, dtype=np.float64)
    squares = np.asarray(reward_squares, dtype=np.float64)
    if steps.ndim != 4 or steps.shape[2] != steps.shape[3]:
        raise BadLog(f"counts has shape {steps.shape}; it should be (replications, A, S, S).")
    for name, given in (("reward_sums", sums), ("reward_squares", squares)):
        if given.shape not in (steps.shape, steps.shape[:3]):
            raise BadLog(
                f"{name} has shape {given.shape}; it should be {steps.shape}, as counts has, or "
                f"{steps.shape[:3]}."
            )
    replications, arms, states, _ = steps.shape
    names = tuple(range(arms)) if arm_names is None else tuple(arm_names)
    weights = check_contrast(contrast, names)
    means, variances = np.empty((2, replications, arms))
    together = max(1, _AT_ONCE // max(1, arms * states * states))
    for first in range(0, replications, together):
        part = slice(first, first + together)
        cells = steps[part]
        means[part], variances[part] = _estimate(
            cells, _by_next_state(sums[part], cells), _by_next_state(squares[part], cells)
        )
    single = len(weights) == 1 and (contrast is None or np.ndim(contrast) < 2)
    return ReplicatedEstimates(means, variances, weights, steps.sum(axis=(1, 2, 3)), single)


def _by_next_state(values: Array, cells: Array) -> Array:
    """Sums of a state shared out over its next states, where they are given by state alone."""
    if values.shape == cells.shape:
        return values
    visits = cells.sum(axis=3)
    mean = np.divide(values, visits, out=np.zeros_like(values), where=visits > 0)
    return np.asarray(cells * mean[..., None])


def _estimate(steps: Array, sums: Array, squares: Array) -> tuple[Array, Array]:
    """Means and variances (replications, arms)."""
    inside, settled = _closed_class(steps)
    visits = np.where(inside, steps.sum(axis=3), 1.0)
    start = inside / np.maximum(inside.sum(axis=2, keepdims=True), 1)
    # States outside the class go back into it, which keeps the system regular.
    frequencies = np.where(inside[..., None], steps / visits[..., None], start[:, :, None, :])
    system = np.eye(steps.shape[-1]) - frequencies + start[:, :, None, :]
    resolvent = np.linalg.inv(system)
    law = np.einsum("rax,raxy->ray", start, resolvent)
    law = np.where(inside, np.maximum(law, 0.0), 0.0)
    total = law.sum(axis=2, keepdims=True)
    law = np.divide(law, total, out=np.zeros_like(law), where=total > 0)
    rewards = np.where(inside, sums.sum(axis=3) / visits, 0.0)
    mean = (law * rewards).sum(axis=2)
    bias = np.einsum("raxy,ray->rax", resolvent, rewards - mean[..., None])
    ahead = rewards + np.einsum("raxy,ray->rax", frequencies, bias)
    seen = np.where(steps > 0, steps, 1.0)
    within = np.maximum(squares - sums**2 / seen, 0.0)
    between = steps * (sums / seen + bias[:, :, None, :] - ahead[..., None]) ** 2
    spread = np.where(inside, (within + between).sum(axis=3), 0.0)
    variance = (law**2 * spread / visits**2).sum(axis=2)
    for replication, arm in np.argwhere(~settled):
        mean[replication, arm], variance[replication, arm] = _one_by_one(
            steps[replication, arm], sums[replication, arm], squares[replication, arm]
        )
    return mean, variance


def _closed_class(steps: Array) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """The closed class, (replications, arms, states), and whether it is beyond doubt.

    It is what every state met can reach; empty where there are several, or where it is in doubt.
    """
    moved = steps > 0
    states = steps.shape[-1]
    reaches = (moved | np.eye(states, dtype=bool)).astype(np.float32)
    for _ in range(max(1, int(np.ceil(np.log2(states))) if states > 1 else 1)):
        reaches = (reaches @ reaches > 0).astype(np.float32)
    visits = steps.sum(axis=3)
    met = (visits > 0) | moved.any(axis=2)
    inside = ((reaches > 0) | ~met[..., None]).all(axis=2) & met
    held = np.where(inside, visits, 0.0).sum(axis=2)
    settled = (held >= SETTLED * visits.sum(axis=2)) & (held > 0)
    return inside & settled[..., None], settled


def _one_by_one(steps: Array, sums: Array, squares: Array) -> tuple[float, float]:
    state, after = np.nonzero(steps)
    cells = (state, after)
    log = TransitionCounts(
        np.zeros_like(state), *cells, steps[cells], sums[cells], squares[cells], 1, len(steps)
    )
    try:
        found = estimate_arm(log, 0)
    except BadLog:
        return np.nan, np.nan
    return found.mean, found.variance
