r"""Communicating classes and period of a finite chain.

State y is reached from x when some power of P has (P^k)(x, y) > 0. States that reach each other
form a class; a class is closed when none of its states reaches another class. A chain with one
closed class (a unichain) has one stationary law, zero on the other states, the transient ones.

Classes are the strongly connected components of the graph of P (Tarjan 1972). The period of a
closed class is the greatest common divisor of level(x) + 1 - level(y) over its transitions
x -> y, where level(x) is the least number of steps from a fixed state to x (Denardo 1977).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from eqsolve.errors import BadExperiment
from eqsolve.results import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Indices = NDArray[np.intp]

_NAMED = 3  # states of a class that an error names


@dataclass(frozen=True, eq=False)
class ChainClasses:
    """The classes of a chain.

    Attributes
    ----------
    labels : ndarray of int, shape (S,)
        Class of each state, from 0 to count - 1, in the order in which classes first occur.
    count : int
        Number of communicating classes.
    closed : tuple of ndarray of int
        The states of each closed class, in increasing order.
    transient : ndarray of int
        The states outside every closed class.
    """

    labels: Indices
    count: int
    closed: tuple[Indices, ...]
    transient: Indices

    @property
    def irreducible(self) -> bool:
        """Every state reaches every other."""
        return self.count == 1

    @property
    def unichain(self) -> bool:
        """One closed class, perhaps with transient states."""
        return len(self.closed) == 1

    def table(self) -> Table:
        """Closed classes and transient states, one a row."""
        rows = [(f"closed class {i}", c.size, _few(c)) for i, c in enumerate(self.closed)]
        if self.transient.size:
            rows.append(("transient", self.transient.size, _few(self.transient)))
        return Table(("class", "number of states", "states"), tuple(rows))

    def __repr__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def communicating_classes(transitions: Any) -> ChainClasses:
    """Classes of the chain, closed ones and transient states.

    Parameters
    ----------
    transitions : array_like or scipy.sparse array, shape (S, S)
        Only where its entries are positive counts.

    Returns
    -------
    ChainClasses

    Examples
    --------
    State 2 leaves for the pair {0, 1} and never comes back:

    >>> communicating_classes([[0, 1, 0], [1, 0, 0], [0.5, 0, 0.5]])
    class           number of states  states
    closed class 0  2                 0, 1
    transient       1                 2
    """
    matrix = sparse.csr_array(transitions)
    count, found = csgraph.connected_components(matrix, directed=True, connection="strong")
    _, first, inverse = np.unique(found, return_index=True, return_inverse=True)
    rank = np.empty(count, dtype=np.intp)
    rank[np.argsort(first)] = np.arange(count)
    labels = rank[inverse]
    sources = np.repeat(labels, np.diff(matrix.indptr))
    leaving = sources != labels[matrix.indices]
    is_open = np.zeros(count, dtype=bool)
    is_open[sources[leaving]] = True
    transient = np.flatnonzero(is_open[labels])
    states = np.argsort(labels, kind="stable")
    ends = np.concatenate([[0], np.cumsum(np.bincount(labels, minlength=count))])
    closed = tuple(states[ends[c] : ends[c + 1]] for c in np.flatnonzero(~is_open))
    return ChainClasses(labels, int(count), closed, transient)


def closed_class(
    transitions: sparse.csr_array,
    name: str = "the chain",
    states: Sequence[Any] | None = None,
) -> ChainClasses:
    """Classes of a chain that must have exactly one closed class.

    Raises
    ------
    BadExperiment
        Several closed classes; the message names `name` and states of the first two.
    """
    classes = communicating_classes(transitions)
    if not classes.unichain:
        first, second = (_few(members, states) for members in classes.closed[:2])
        raise BadExperiment(
            f"{name[0].upper()}{name[1:]} has {len(classes.closed)} closed classes, such as "
            f"{{{first}}} and {{{second}}}: a run stays in the first it enters and has no single "
            f"stationary law; keep one class, or make the others reach it."
        )
    return classes


def named(state: int, states: Sequence[Any] | None = None) -> str:
    """A state as errors call it."""
    return str(state if states is None else states[state])


def _few(members: Indices, states: Sequence[Any] | None = None) -> str:
    names = [named(int(state), states) for state in members[:_NAMED]]
    return ", ".join(names) + (f", ... ({members.size} states)" if members.size > _NAMED else "")


def period(transitions: Any) -> int:
    """Period of the chain's closed class: 1 where it is aperiodic.

    Parameters
    ----------
    transitions : array_like or scipy.sparse array, shape (S, S)
        One closed class, perhaps with transient states.

    Raises
    ------
    BadExperiment
        The chain has several closed classes.

    Examples
    --------
    >>> period([[0, 1, 0], [0, 0, 1], [1, 0, 0]]), period([[0.1, 0.9], [1, 0]])
    (3, 1)
    """
    matrix = sparse.csr_array(transitions)
    return int(cyclic_classes(matrix, closed_class(matrix).closed[0])[0])


def cyclic_classes(transitions: sparse.csr_array, members: Indices) -> tuple[int, Indices]:
    """Period d of a closed class and the cyclic class, 0 to d - 1, of each of its states."""
    inside = transitions[members, :][:, members]
    level = levels(inside, 0)
    sources = np.repeat(level, np.diff(inside.indptr))
    divisor = int(np.gcd.reduce(np.abs(sources + 1 - level[inside.indices])))
    return divisor, level % divisor


def levels(graph: sparse.csr_array, root: int) -> Indices:
    """Least number of steps from `root` to every state; all must be reachable.

    Breadth first search gives each state's predecessor; the chain of predecessors is then
    followed by doubling, so that a path of 10^6 states takes 20 passes.
    """
    order, predecessors = csgraph.breadth_first_order(graph, root, directed=True)
    position = np.empty(order.size, dtype=np.intp)
    position[order] = np.arange(order.size)
    ancestor = np.zeros(order.size, dtype=np.intp)
    ancestor[1:] = position[predecessors[order[1:]]]
    depth = np.ones(order.size, dtype=np.intp)
    depth[0] = 0
    while ancestor.any():
        depth += depth[ancestor]
        ancestor = ancestor[ancestor]
    level = np.empty(order.size, dtype=np.intp)
    level[order] = depth
    return level
