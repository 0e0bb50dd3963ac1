"""Two queues fed side by side, under two ways of sharing the service."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from eqsolve.design.experiment import MarkovExperiment
from eqsolve.errors import BadExperiment

Array = NDArray[np.float64]


def queue_pair(
    size: int = 10,
    arrivals: Sequence[float] = (0.2, 0.2),
    services: Sequence[Sequence[float]] = ((0.3, 0.25), (0.25, 0.3)),
    discipline: str = "parallel",
    noise: float = 1.0,
) -> MarkovExperiment:
    """Two service policies on a pair of queues; the cost of a step is the number who wait.

    Parameters
    ----------
    size : int
        Each queue holds 0 ... size - 1, so that there are size^2 states.
    arrivals : two floats
        Probability that a step brings an arrival to each queue.
    services : two pairs of floats
        For each arm the probability that a step ends a service in each queue.
    discipline : "parallel" or "priority"
        Parallel: each queue has its server. Priority: one server, at the queue that comes first
        (the first queue under arm 0, the second under arm 1) unless that one is empty.
    noise : float
        Variance of the reward of a step.

    Returns
    -------
    MarkovExperiment
        States are named (i, j), the lengths of the queues, j changing fastest; the mean reward of
        a step from (i, j) is -(i + j). Arms ``first`` and ``second`` favour the queue of that
        name. At most one thing happens in a step: an arrival or the end of a service; arrivals to
        a full queue and services of an empty one change nothing.

    Raises
    ------
    BadExperiment
        When the probabilities of a step exceed one, or an argument is out of range.

    References
    ----------
    Puterman (1994), "Markov Decision Processes", section 11.5, on uniformization, which turns
    queues in continuous time into such steps.

    Examples
    --------
    >>> pair = queue_pair(10)
    >>> pair.states, round(abs(pair.effect()), 9)
    (100, 0.0)
    """
    arriving, served = np.asarray(arrivals, dtype=float), np.asarray(services, dtype=float)
    _check(size, arriving, served, discipline)
    first, second = (axis.ravel() for axis in np.indices((size, size)))
    kernels = []
    for arm in (0, 1):
        rates = [np.full(size * size, rate) for rate in served[arm]]
        if discipline == "priority":
            waiting = (first, second)[arm] > 0
            rates[1 - arm] = np.where(waiting, 0.0, rates[1 - arm])
        kernels.append(_kernel(size, arriving, rates))
    waits = -(first + second).astype(float)
    return MarkovExperiment(
        kernels,
        np.array([waits, waits]),
        float(noise),
        arm_names=("first", "second"),
        state_names=tuple(zip(first.tolist(), second.tolist(), strict=True)),
    )


def _check(size: int, arrivals: Array, services: Array, how: str) -> None:
    if size < 2:
        raise BadExperiment(f"queue_pair: size must be two or more, not {size}.")
    if how not in ("parallel", "priority"):
        raise BadExperiment(
            f"queue_pair: discipline must be 'parallel' or 'priority', not {how!r}."
        )
    if arrivals.shape != (2,) or services.shape != (2, 2):
        raise BadExperiment(
            "queue_pair: arrivals must be two numbers, one a queue, and services two pairs, one an "
            "arm."
        )
    if not (np.concatenate([arrivals, services.ravel()]) > 0).all():
        raise BadExperiment("queue_pair: arrivals and services must be positive probabilities.")
    busiest = services.sum(axis=1) if how == "parallel" else services.max(axis=1)
    total = float(arrivals.sum() + busiest.max())
    if total > 1 + 1e-12:
        raise BadExperiment(
            f"queue_pair: a step brings at most one event, but the probabilities of arrivals and "
            f"services sum to {total:g}; take shorter steps."
        )


def _kernel(size: int, arrivals: Array, services: list[Array]) -> sparse.csr_array:
    states = size * size
    here = np.arange(states)
    first, second = np.divmod(here, size)
    rates = (
        (np.full(states, arrivals[0]), first < size - 1, size),
        (np.full(states, arrivals[1]), second < size - 1, 1),
        (services[0], first > 0, -size),
        (services[1], second > 0, -1),
    )
    moved = [np.where(possible, rate, 0.0) for rate, possible, _ in rates]
    kernel = sum(
        sparse.csr_array((move[move > 0], (here[move > 0], here[move > 0] + step)), (states,) * 2)
        for move, (_, _, step) in zip(moved, rates, strict=True)
    )
    stay = np.maximum(1 - sum(moved), 0.0)
    kernel = sparse.csr_array(kernel + sparse.diags_array(stay, format="csr"))
    kernel.eliminate_zeros()
    return kernel
