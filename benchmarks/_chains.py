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
    steps = [_walk(np.full(states, up)) for up in (0.75, 0.25)]
    return eq.MarkovExperiment(steps, np.zeros((2, states)), 1.0)


def double_well(states: int) -> eq.MarkovExperiment:
    """Walks in a plane with two valleys, tilted to one or to the other; places to the right pay.

    In one dimension 10^5 states would take 10^10 steps to mix, and sixteen digits could not tell
    whether flows are in balance.
    """
    size = round(states**0.5)
    across, along = np.meshgrid(*[np.linspace(-1, 1, size)] * 2, indexing="ij")
    shape = 24 * (across**2 - 0.25) ** 2 + 4 * along**2
    kernels = [_descents(shape + tilt * across) for tilt in (2.0, -2.0)]
    pay = across.ravel()
    return eq.MarkovExperiment(kernels, [pay, pay], 1.0)


def _descents(height: np.ndarray) -> sparse.csr_array:
    """A quarter for each neighbour, accepted with odds exp(-rise); else the walk stays."""
    size, states = height.shape[0], height.size
    here = np.arange(states).reshape(size, size)
    rows, columns = [], []
    for low, high in ((here[:-1], here[1:]), (here[:, :-1], here[:, 1:])):
        rows += [low.ravel(), high.ravel()]
        columns += [high.ravel(), low.ravel()]
    start, end = np.concatenate(rows), np.concatenate(columns)
    moves = 0.25 / (1 + np.exp(height.ravel()[end] - height.ravel()[start]))
    kernel = sparse.csr_array((moves, (start, end)), shape=(states, states))
    stay = 1.0 - np.asarray(kernel.sum(axis=1)).ravel()
    return sparse.csr_array(kernel + sparse.diags_array(stay))


def random_sparse(states: int) -> eq.MarkovExperiment:
    """Ten random successors for each state."""
    return eq.models.random_sparse_pair(states, successors=10, seed=0)


def _walk(up: np.ndarray) -> sparse.csr_array:
    """A walk on a line with these probabilities of a step up, else down, held at its ends."""
    down, hold = 1.0 - up, np.zeros(up.size)
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
