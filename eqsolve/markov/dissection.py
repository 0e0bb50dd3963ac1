r"""Nested dissection: in which order the states of a sparse chain are eliminated.

States that separate a graph into two parts are eliminated after both, which then do not fill each
other in; the parts are dissected in the same way (George 1973). One part is the first half of a
breadth first search from a state at the periphery, the other is the rest, and the separator is
the edge of one of the two. Where no small separator is found the part stays one block.

All parts of one depth are searched together: one search from an added state that leads to one
state of each part.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Indices = NDArray[np.intp]

LEAF = 24  # parts up to this size stay whole
_WIDE = 0.3  # a separator of more than this share of its part is not worth having


@dataclass(frozen=True, eq=False)
class Dissection:
    """A tree of blocks of states, each eliminated before the block above it.

    A state has neighbours in its own block, in blocks above it and in blocks below it only.

    Attributes
    ----------
    block : ndarray of int, shape (S,)
        Block of each state. Block 0, the root, is one state, the last; blocks are numbered
        by depth.
    parent : ndarray of int, shape (blocks,)
        The block above each block; -1 for the root.
    first : ndarray of int, shape (depths + 1,)
        Blocks first[d] to first[d + 1] - 1 have d blocks above them.
    """

    block: Indices
    parent: Indices
    first: Indices


def nested_dissection(pattern: sparse.csr_array, last: int) -> Dissection:
    """Blocks in which to eliminate the states of a chain.

    Parameters
    ----------
    pattern : scipy.sparse.csr_array, shape (S, S)
        Symmetric; nonzero where two states are neighbours.
    last : int
        The state that is never eliminated.

    Examples
    --------
    A path of 101 states, the last one kept: the rest is cut in the middle, then each half is.

    >>> path = sparse.csr_array(sparse.diags_array([np.ones(100)] * 2, offsets=[-1, 1]))
    >>> tree = nested_dissection(path, last=100)
    >>> np.bincount(tree.block)[:4], tree.parent.tolist()
    (array([1, 1, 1, 1]), [-1, 0, 1, 1, 2, 2, 3, 3, 4, 4])
    """
    block = np.zeros(pattern.shape[0], dtype=np.intp)
    parents, first = [np.array([-1])], [0, 1]
    degree = np.diff(pattern.indptr)
    hub = degree > max(10.0 * np.sqrt(block.size), 5.0 * LEAF)
    hub[last] = False
    if hub.any():  # states with neighbours everywhere would defeat any separator
        block[hub] = 1
        parents.append(np.array([0]))
        first.append(2)
    is_left = ~hub
    is_left[last] = False
    states = np.flatnonzero(is_left)
    graph = pattern[states, :][:, states]
    above = np.full(states.size, first[-1] - 1)
    while states.size:
        count, label = csgraph.connected_components(graph, directed=False)
        parent = np.empty(count, dtype=np.intp)
        parent[label] = above
        now = _eliminated_here(graph, label, count)
        block[states[now]] = first[-1] + label[now]
        rest = np.flatnonzero(~now)
        above = first[-1] + label[rest]
        parents.append(parent)
        first.append(first[-1] + count)
        states = states[rest]
        graph = graph[rest, :][:, rest]
    return Dissection(block, np.concatenate(parents), np.array(first))


def _eliminated_here(graph: sparse.csr_array, label: Indices, count: int) -> NDArray[np.bool_]:
    """The separator of each part that is cut, and all of each part that is not."""
    size = np.bincount(label, minlength=count)
    if (size <= LEAF).all():
        return np.ones(label.size, dtype=bool)
    edge = _separators(graph, label, size)
    cut = (size > LEAF) & (np.bincount(label[edge], minlength=count) < _WIDE * size)
    return edge | ~cut[label]


def _separators(graph: sparse.csr_array, label: Indices, size: Indices) -> NDArray[np.bool_]:
    """States at the edge between the nearer and the farther half of each part."""
    order = _search(graph, np.unique(label, return_index=True)[1])
    farthest = np.empty(size.size, dtype=np.intp)
    farthest[label[order]] = order  # assignments run in order: the last state of a part stays
    order = _search(graph, farthest)
    grouped = order[np.argsort(label[order], kind="stable")]
    rank = np.empty(label.size, dtype=np.intp)
    rank[grouped] = np.arange(label.size) - np.repeat(np.cumsum(size) - size, size)
    far = 2 * rank >= size[label]
    row = np.repeat(np.arange(label.size), np.diff(graph.indptr))
    crossing = np.flatnonzero(far[row] & ~far[graph.indices])
    outer, inner = np.zeros((2, label.size), dtype=bool)
    outer[row[crossing]] = True
    inner[graph.indices[crossing]] = True
    widths = [np.bincount(label[edge], minlength=size.size) for edge in (outer, inner)]
    return np.where((widths[0] < widths[1])[label], outer, inner)


def _search(graph: sparse.csr_array, sources: Indices) -> Indices:
    """All states in the order of a breadth first search from several sources at once."""
    count = graph.shape[0]
    indices = np.concatenate([graph.indices, sources.astype(graph.indices.dtype)])
    ends = np.append(graph.indptr, indices.size).astype(graph.indptr.dtype)
    rooted = sparse.csr_array((np.ones(indices.size), indices, ends), shape=(count + 1, count + 1))
    order = csgraph.breadth_first_order(rooted, count, directed=True, return_predecessors=False)
    return np.asarray(order[1:], dtype=np.intp)
