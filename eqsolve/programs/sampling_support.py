"""Which arms may run for ever in which states.

In the long run a policy stays in an *end component*: states and arms such that no arm of it
leads out and every state reaches every other (de Alfaro, *Formal Verification of Probabilistic
Systems*, 1997). Everywhere else occupancies are zero, whatever the policy. An arm with a floor
runs in every state it is allowed in: where it leads out, the state is left for good.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]


def end_components(
    kernels: tuple[Any, ...], allowed: Mask, forced: Mask
) -> tuple[Mask, NDArray[np.intp]]:
    """Maximal end components.

    Parameters
    ----------
    kernels : tuple of scipy.sparse.csr_array, each (S, S)
        One row-stochastic matrix an arm.
    allowed, forced : bool ndarray, shape (A, S)
        Arms that may run, and those that must run now and then.

    Returns
    -------
    usable : bool ndarray, shape (A, S)
        Arms that may run for ever, by state.
    labels : int ndarray, shape (S,)
        Number of the component of each state, -1 where no arm may run for ever.

    Examples
    --------
    One arm stays, the other leaves for good:

    >>> stay, leave = sparse.csr_array(np.eye(2)), sparse.csr_array([[0.0, 1.0], [0.0, 1.0]])
    >>> usable, labels = end_components(
    ...     (stay, leave), np.ones((2, 2), bool), np.zeros((2, 2), bool)
    ... )
    >>> usable.tolist(), labels.tolist()
    ([[True, True], [False, True]], [0, 1])
    """
    edges = [(kernel.tocoo().coords, kernel.data > 0) for kernel in kernels]
    moves = [(rows[kept], columns[kept]) for (rows, columns), kept in edges]
    states = kernels[0].shape[0]
    usable = allowed.copy()
    while True:
        live = usable.any(axis=0)
        sources = np.concatenate([rows[usable[arm, rows]] for arm, (rows, _) in enumerate(moves)])
        targets = np.concatenate(
            [columns[usable[arm, rows]] for arm, (rows, columns) in enumerate(moves)]
        )
        graph = sparse.csr_array(
            (np.ones(sources.size), (sources, targets)), shape=(states, states)
        )
        labels = csgraph.connected_components(graph, directed=True, connection="strong")[1]
        labels = np.where(live, labels, -1)
        kept = usable.copy()
        for arm, (rows, columns) in enumerate(moves):
            kept[arm, rows[labels[rows] != labels[columns]]] = False
        kept[:, (forced & ~kept).any(axis=0)] = False
        if (kept == usable).all():
            return usable, np.asarray(labels, dtype=np.intp)
        usable = kept
