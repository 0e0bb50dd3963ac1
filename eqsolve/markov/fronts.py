r"""Where the dense blocks of a sparse elimination stand: worked out once, before any arithmetic.

The *front* of a block is the block's own states (pivots) with the later states they meet, also
through states eliminated before (its boundary, all in blocks above). Eliminating a block is dense
work on its front: entries of the chain and what the blocks below passed up come in, and what is
left between boundary states goes to the block above (multifrontal method: Duff and Reid 1983).

Fronts of one depth do not meet. Those whose sizes, rounded up a little, agree form a group and are
handled together; padding states have number S.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eqsolve.markov.dissection import Dissection

    Indices = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Group:
    """Fronts of one depth and one (padded) size.

    Attributes
    ----------
    blocks : ndarray of int, shape (fronts,)
        Their blocks, counted from the first block of the depth.
    pivots : ndarray of int, shape (fronts, p)
        States of the blocks; S where padded.
    boundary : ndarray of int, shape (fronts, q)
        Later states that they meet; S where padded.
    start : int
        Where the first of them stands in the memory of the depth.
    """

    blocks: Indices
    pivots: Indices
    boundary: Indices
    start: int


@dataclass(frozen=True, eq=False)
class Layer:
    """All fronts of one depth.

    Attributes
    ----------
    groups : tuple of Group
    first : int
        Number of the first block.
    above : ndarray of int, shape (blocks,)
        The block above, counted from the first block of its own depth.
    sibling : ndarray of int, shape (blocks,)
        0, 1, 2, ... among the blocks below the same block.
    start, width, pivots : ndarray of int, shape (blocks,)
        Where the front begins in memory, its number of rows, and of rows for pivots.
    size : int
        Numbers that the fronts take together.
    """

    groups: tuple[Group, ...]
    first: int
    above: Indices
    sibling: Indices
    start: Indices
    width: Indices
    pivots: Indices
    size: int
    _keys: Indices
    _begins: Indices

    def addresses(
        self, tree: FrontTree, blocks: Indices, rows: Indices, columns: Indices
    ) -> Indices:
        """Where entries (rows, columns) of the fronts of `blocks` stand in memory."""
        row, column = self.positions(tree, blocks, rows), self.positions(tree, blocks, columns)
        return self.start[blocks] + row * self.width[blocks] + column

    def positions(self, tree: FrontTree, blocks: Indices, states: Indices) -> Indices:
        """Rows of `states` in the fronts of `blocks`."""
        own = tree.block[states] == blocks + self.first
        found = np.searchsorted(self._keys, blocks * tree.states + states)
        return np.where(own, tree.place[states], self.pivots[blocks] + found - self._begins[blocks])


class FrontTree:
    """The fronts of a dissected chain, deepest first, and what eliminating them costs.

    Parameters
    ----------
    pattern : scipy.sparse.csr_array, shape (S, S)
        Symmetric; nonzero where two states are neighbours.
    dissection : Dissection

    Attributes
    ----------
    states : int
        S.
    last : int
        The state that is never eliminated.
    block, place : ndarray of int, shape (S,)
        Block of each state, and which of the block's pivots it is.
    layers : tuple of Layer
        Deepest first, the root left out.
    work : float
        Multiplications and additions of the elimination.
    memory : float
        Numbers that are kept, and what the largest front takes while it is worked on.
    """

    def __init__(self, pattern: sparse.csr_array, dissection: Dissection) -> None:
        self.states = pattern.shape[0]
        self.block = dissection.block
        self.depth_first = dissection.first
        sizes = np.bincount(self.block, minlength=dissection.parent.size)
        members = np.argsort(self.block, kind="stable")
        begins = np.cumsum(sizes) - sizes
        self.last = int(members[0])
        self.place = np.empty(self.states, dtype=np.intp)
        self.place[members] = np.arange(self.states) - np.repeat(begins, sizes)
        self.layers = tuple(
            self._layer(dissection, depth, keys, members, begins, sizes)
            for depth, keys in _boundaries(pattern, dissection)
        )
        p, q = (
            np.concatenate(
                [np.broadcast_to(getattr(g, what).shape[1], g.blocks.size) for g in self._groups()]
                or [np.zeros(0)]
            ).astype(np.float64)
            for what in ("pivots", "boundary")
        )
        largest = float(((p + q) ** 2).max(initial=0.0))
        self.memory = float((p * p + 2 * p * q).sum()) + 3.0 * largest
        self.work = float((2 * p * (p + q) ** 2).sum())

    def _groups(self) -> list[Group]:
        return [group for layer in self.layers for group in layer.groups]

    def _layer(
        self,
        dissection: Dissection,
        depth: int,
        keys: Indices,
        members: Indices,
        begins: Indices,
        sizes: Indices,
    ) -> Layer:
        lowest, highest = dissection.first[depth], dissection.first[depth + 1]
        count = int(highest - lowest)
        p = sizes[lowest:highest]
        starts = np.searchsorted(keys, np.arange(count + 1) * self.states)
        q = np.diff(starts)
        padded = _padded(p), _padded(q)
        width = padded[0] + padded[1]
        code = padded[0] * (self.states + 1) + padded[1]
        order = np.argsort(code, kind="stable")
        start = np.empty(count, dtype=np.intp)
        start[order] = np.cumsum(width[order] ** 2) - width[order] ** 2
        boundary = keys % self.states
        groups = []
        for blocks in np.split(order, np.flatnonzero(np.diff(code[order])) + 1):
            one = blocks[0]
            inside = _table(members, begins[lowest + blocks], p[blocks], padded[0][one])
            edge = _table(boundary, starts[blocks], q[blocks], padded[1][one])
            pads = [np.where(found < 0, self.states, found) for found in (inside, edge)]
            groups.append(Group(blocks, pads[0], pads[1], int(start[one])))
        above = dissection.parent[lowest:highest] - dissection.first[depth - 1]
        return Layer(
            tuple(groups),
            int(lowest),
            above,
            _ranks(above),
            start,
            width,
            padded[0],
            int((width**2).sum()),
            keys,
            starts[:-1],
        )


def _boundaries(pattern: sparse.csr_array, dissection: Dissection) -> list[tuple[int, Indices]]:
    """For each depth, deepest first: its pairs (block, boundary state) as sorted numbers.

    The pair is block * S + state, blocks counted from the first of the depth. A state that a
    block meets is met by the block above too, unless it belongs to it.
    """
    n = pattern.shape[0]
    block, first = dissection.block, dissection.first
    depth = np.searchsorted(first, block, side="right") - 1
    row = np.repeat(np.arange(n), np.diff(pattern.indptr))
    deeper = depth[row] > depth[pattern.indices]
    row, column = row[deeper], pattern.indices[deeper].astype(np.intp)
    order = np.argsort(depth[row], kind="stable")
    row, column = row[order], column[order]
    ends = np.searchsorted(depth[row], np.arange(first.size))
    passed = np.empty(0, dtype=np.intp)
    found = []
    for d in range(first.size - 2, 0, -1):
        part = slice(ends[d], ends[d + 1])
        met = (block[row[part]] - first[d]) * n + column[part]
        keys = np.unique(np.concatenate([met, passed]))
        found.append((d, keys))
        owner, state = np.divmod(keys, n)
        above = dissection.parent[owner + first[d]]
        further = block[state] != above
        passed = (above[further] - first[d - 1]) * n + state[further]
    return found


def _padded(sizes: Indices) -> Indices:
    """Sizes rounded up by at most an eighth, so that many fronts share one."""
    step = np.where(sizes > 256, 1, 2 ** np.maximum(np.frexp(sizes / 16.0)[1], 0))
    return -(-sizes // step) * step


def _table(values: Indices, begins: Indices, counts: Indices, width: int) -> Indices:
    """Row i holds values[begins[i]], ... of which there are counts[i]; -1 beyond."""
    column = np.arange(width)
    where = begins[:, None] + column
    inside = column < counts[:, None]
    return np.where(inside, values[np.where(inside, where, 0)] if values.size else -1, -1)


def _ranks(labels: Indices) -> Indices:
    """0, 1, 2, ... among the entries with the same label."""
    order = np.argsort(labels, kind="stable")
    counts = np.bincount(labels)
    rank = np.empty(labels.size, dtype=np.intp)
    rank[order] = np.arange(labels.size) - np.repeat(np.cumsum(counts) - counts, counts)
    return rank
