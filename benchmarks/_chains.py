"""Families of experiments on chains of any size, for the benchmark of sampling designs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import sparse

import eqsolve as eq


def symmetric_queue(states: int) -> eq.MarkovExperiment:
    """Two queues with a server each; the arms differ in which server is fast."""
    return eq.models.queue_pair(round(states**0.5))


def priority_queue(states: int) -> eq.MarkovExperiment:
    """One server, two classes of customers; each arm serves another class first."""
    return eq.models.queue_pair(
        round(states**0.5),
        arrivals=(0.2, 0.15),
        services=((0.5, 0.4), (0.5, 0.4)),
        discipline="priority",
    )


def opposite_drifts(states: int) -> eq.MarkovExperiment:
    """Walks that step up, or down, with probability 3/4; noise alike everywhere."""
    return walks(np.full(states, 0.75), np.full(states, 0.25), np.zeros(states))


def double_well(states: int) -> eq.MarkovExperiment:
    """Walks between two valleys, tilted to one or to the other; higher states pay more."""
    place = np.linspace(-1, 1, states)

    def up(tilt: float) -> np.ndarray:
        height = 24 * (place**2 - 0.25) ** 2 + 2 * tilt * place
        return 0.5 / (1 + np.exp(np.gradient(height)))

    return walks(up(1.0), up(-1.0), place, total=0.5)


def random_sparse(states: int) -> eq.MarkovExperiment:
    """Ten random successors for each state."""
    return eq.models.random_sparse_pair(states, successors=10, seed=0)


def walks(
    first: np.ndarray, second: np.ndarray, pay: np.ndarray, total: float = 1.0
) -> eq.MarkovExperiment:
    """Walks on a line whose steps up have these probabilities; steps up and down add to `total`."""
    return eq.MarkovExperiment([_walk(up, total) for up in (first, second)], [pay, pay], 1.0)


def _walk(up: np.ndarray, total: float) -> sparse.csr_array:
    down, hold = total - up, np.full(up.size, 1.0 - total)
    hold[0] += down[0]
    hold[-1] += up[-1]
    shape = (up.size, up.size)
    steps = sparse.diags_array([down[1:], hold, up[:-1]], offsets=[-1, 0, 1], shape=shape)
    return sparse.csr_array(steps)


FAMILIES: dict[str, Callable[[int], eq.MarkovExperiment]] = {
    "symmetric queue": symmetric_queue,
    "priority queue": priority_queue,
    "opposite drifts": opposite_drifts,
    "double well": double_well,
    "random sparse": random_sparse,
}
