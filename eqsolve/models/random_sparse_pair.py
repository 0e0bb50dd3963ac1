"""Random chains in which each state leads to a few others: large, sparse, fast mixing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from eqsolve.design.experiment import MarkovExperiment
from eqsolve.errors import BadExperiment

Integers = NDArray[np.int64]


def random_sparse_pair(
    states: int = 1000, successors: int = 10, seed: int | np.random.Generator | None = 0
) -> MarkovExperiment:
    """Two random chains on the same states, for benchmarks and tests.

    Parameters
    ----------
    states : int
        Two or more.
    successors : int
        Different next states of each state under each arm; at most `states`.
    seed : int, numpy.random.Generator or None

    Returns
    -------
    MarkovExperiment
        Arms ``first`` and ``second``. Each state leads on to the next of a random round of all
        states, so that both chains are irreducible, and to others chosen uniformly; the
        probabilities are uniform on the simplex. Mean rewards are standard normal, their
        variances uniform on (1/2, 3/2).

    Raises
    ------
    BadExperiment
        When the numbers do not fit each other.

    Examples
    --------
    >>> pair = random_sparse_pair(50, successors=3, seed=1)
    >>> pair.states, [kernel.nnz for kernel in pair.transitions]
    (50, [150, 150])
    """
    if states < 2:
        raise BadExperiment(f"random_sparse_pair: states must be two or more, not {states}.")
    if not 1 <= successors <= states:
        raise BadExperiment(
            f"random_sparse_pair: successors must be from 1 to {states}, the number of states, not "
            f"{successors}."
        )
    rng = np.random.default_rng(seed)
    kernels = [_chain(states, successors, rng) for _ in range(2)]
    return MarkovExperiment(
        kernels,
        rng.standard_normal((2, states)),
        rng.uniform(0.5, 1.5, (2, states)),
        arm_names=("first", "second"),
    )


def _chain(states: int, successors: int, rng: np.random.Generator) -> sparse.csr_array:
    order = rng.permutation(states)
    onward = np.empty(states, dtype=np.int64)
    onward[order] = np.roll(order, -1)
    others = _different(states, states - 1, successors - 1, rng)
    # Numbered past the one that is taken already, so that none is drawn twice.
    others += others >= onward[:, None]
    columns = np.column_stack([onward, others])
    weights = np.asarray(rng.standard_exponential(columns.shape))
    weights /= weights.sum(axis=1, keepdims=True)
    starts = np.arange(states + 1) * successors
    kernel = sparse.csr_array((weights.ravel(), columns.ravel(), starts), shape=(states, states))
    kernel.sort_indices()
    return kernel


def _different(rows: int, among: int, count: int, rng: np.random.Generator) -> Integers:
    """(rows, count): in each row different numbers below `among`."""
    if count * count > among:
        # Few to choose from: a random order, cut off.
        return rng.permuted(np.tile(np.arange(among), (rows, 1)), axis=1)[:, :count]
    drawn = rng.integers(among, size=(rows, count))
    while True:
        ordered = np.sort(drawn, axis=1)
        again = np.flatnonzero((np.diff(ordered, axis=1) == 0).any(axis=1))
        if not again.size:
            return drawn
        drawn[again] = rng.integers(among, size=(again.size, count))
