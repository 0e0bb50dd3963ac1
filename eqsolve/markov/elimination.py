r"""Elimination of a sparse chain block by block, each number computed without a subtraction.

Skip the states of a block K (censor the chain on the rest R). With the block's expected visits G
(see `censoring`), V = G P_KR and W = P_RK G, the rest is a chain with rates P_RR + P_RK V, and

    law:  pi_K = pi_R W,        Poisson's equation (I - P) g = b:
                                b_R <- b_R + W b_K,  then  g_K = G b_K + V g_R.

Every G, V and W is nonnegative and known to high relative accuracy entry by entry, so is pi; the
error of g is a small multiple of rounding times (I - P)^-1 |b|, the chain stopped in its last
state, which is what the data deserve. Nothing depends on how rare states or how slow the chain.
Transient states may be eliminated among the others: their pi comes out as zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from eqsolve.markov.censoring import expected_visits
from eqsolve.markov.dissection import nested_dissection
from eqsolve.markov.fronts import FrontTree, Group, Layer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Indices = NDArray[np.intp]

_TRAPPED = 1e290  # expected visits beyond which exit rates have lost their digits
_CHUNK = 1 << 17  # numbers handled at once: they should stay in the processor's cache


class Trapped(Exception):
    """A set of states is left with a probability that floating point cannot hold.

    Attributes
    ----------
    state : int
        The likeliest of them.
    """

    def __init__(self, state: int) -> None:
        super().__init__(state)
        self.state = state


def _trapped(values: Array, longest: Array) -> Trapped:
    """Values overflowed: of the states where they did, the one where the chain stays longest."""
    return Trapped(int(np.argmax(np.where(np.isfinite(values), 0.0, longest))))


@dataclass(frozen=True, eq=False)
class _Factor:
    """G, V and W of the fronts of a group, shapes (fronts, p, p), (., p, q) and (., q, p)."""

    pivots: Indices
    boundary: Indices
    visits: Array
    onward: Array
    behind: Array


class Elimination:
    """The chain with all states but the last of `tree` eliminated.

    Parameters
    ----------
    transitions : scipy.sparse.csr_array, shape (S, S)
        Nonnegative; diagonals are ignored: what a row holds off its diagonal is what leaves.
    tree : FrontTree
        Of a pattern that covers `transitions`.

    Attributes
    ----------
    last, states : int
    longest : ndarray, shape (S,)
        Expected time in each state before its block is left, from where it is longest.

    Raises
    ------
    Trapped
        Some states lead to the last one with probability below 1e-290.

    Examples
    --------
    >>> chain = sparse.csr_array([[0.5, 0.5, 0.0], [0.25, 0.25, 0.5], [0.0, 1.0, 0.0]])
    >>> Elimination(chain, front_tree(chain, last=0)).law()
    array([0.25, 0.5 , 0.25])
    """

    name = "elimination"

    def __init__(self, transitions: sparse.csr_array, tree: FrontTree) -> None:
        self.last = tree.last
        self.states = tree.states
        self.longest = np.zeros(tree.states + 1)
        self._factors: list[_Factor] = []
        entries = _entries_by_layer(transitions, tree)
        passed: list[tuple[Indices, Indices, Array]] = []
        below: Layer | None = None
        for layer, (block, row, column, value) in zip(tree.layers, entries, strict=True):
            memory = np.zeros(layer.size + 1)  # the last number takes what padding sends
            memory[layer.addresses(tree, block, row, column)] = value
            for blocks, boundary, rates in passed:
                assert below is not None
                _receive(memory, tree, layer, below, blocks, boundary, rates)
            passed = []
            for group in layer.groups:
                factor, left = _eliminate(memory, group, self.states, layer is tree.layers[-1])
                self._factors.append(factor)
                self.longest[factor.pivots] = factor.visits.max(axis=1)
                if left is not None:
                    passed.append((group.blocks, group.boundary, left))
            below = layer
        self.longest = self.longest[:-1]

    def law(self) -> Array:
        """Stationary law (S,); zero where a mass is below 1e-308 of the largest."""
        law = np.zeros(self.states + 1)
        law[self.last] = 1.0
        for factor in reversed(self._factors):
            with np.errstate(over="ignore", invalid="ignore"):
                part: Array = (law[factor.boundary][:, None, :] @ factor.behind)[:, 0, :]
            law[factor.pivots] = part
            law[-1] = 0.0
            largest = float(part.max(initial=0.0))
            if not np.isfinite(largest):
                raise _trapped(law[:-1], self.longest)
            if largest > 1e100:
                law /= largest
        law = law[:-1]
        law /= law.max()
        return np.asarray(law / law.sum())

    def solve(self, right: Array) -> Array:
        """g (S, k) with (I - P) g = right everywhere but in the last state, where g = 0.

        Parameters
        ----------
        right : ndarray, shape (S, k)

        Raises
        ------
        Trapped
            Where g overflows.
        """
        columns = right.shape[1]
        g = np.vstack([right, np.zeros((1, columns))])
        flat, column = g.reshape(-1), np.arange(columns)
        with np.errstate(over="ignore", invalid="ignore"):
            for factor in self._factors:
                sent = factor.behind @ g[factor.pivots]
                np.add.at(flat, factor.boundary[:, :, None] * columns + column, sent)
                g[-1] = 0.0
            g[self.last] = 0.0
            for factor in reversed(self._factors):
                inside, edge = g[factor.pivots], g[factor.boundary]
                g[factor.pivots] = factor.visits @ inside + factor.onward @ edge
                g[-1] = 0.0
        if not np.isfinite(g).all():
            raise _trapped(g[:-1].sum(axis=1), self.longest)
        return g[:-1]


class DenseElimination:
    """The same for a chain so small that all states but the last make one block.

    Parameters
    ----------
    rates : ndarray, shape (S, S)
        Nonnegative; diagonals are ignored.
    last : int
        The state that is never eliminated.

    Raises
    ------
    Trapped
        Some states lead to the last one with probability below 1e-290.

    Examples
    --------
    >>> DenseElimination(np.array([[0.5, 0.5, 0.0], [0.25, 0.25, 0.5], [0.0, 1.0, 0.0]]), 0).law()
    array([0.25, 0.5 , 0.25])
    """

    name = "elimination"

    def __init__(self, rates: Array, last: int) -> None:
        self.last = last
        self._others = np.delete(np.arange(rates.shape[0]), last)
        inside = rates[self._others][:, self._others]
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            self._visits = expected_visits(inside[None], rates[None, self._others, last])[0]
        self.longest = np.zeros(rates.shape[0])
        self.longest[self._others] = self._visits.max(axis=0, initial=0.0)
        if not (self.longest <= _TRAPPED).all():
            raise Trapped(int(np.argmax(self.longest)))
        self._behind = rates[last, self._others] @ self._visits

    def law(self) -> Array:
        """Stationary law (S,)."""
        law = np.ones(self._others.size + 1)
        law[self._others] = self._behind
        law /= law.max()
        return np.asarray(law / law.sum())

    def solve(self, right: Array) -> Array:
        """g (S, k) with (I - P) g = right everywhere but in the last state, where g = 0."""
        g = np.zeros(right.shape)
        with np.errstate(over="ignore", invalid="ignore"):
            g[self._others] = self._visits @ right[self._others]
        if not np.isfinite(g).all():
            raise _trapped(g.sum(axis=1), self.longest)
        return g


def front_tree(transitions: sparse.csr_array, last: int) -> FrontTree:
    """The fronts in which to eliminate a chain, all states but `last`."""
    ones = sparse.csr_array(
        (np.ones(transitions.nnz), transitions.indices, transitions.indptr),
        shape=transitions.shape,
    )
    pattern = sparse.csr_array(ones + ones.T)
    return FrontTree(pattern, nested_dissection(pattern, last))


def _entries_by_layer(
    transitions: sparse.csr_array, tree: FrontTree
) -> list[tuple[Indices, Indices, Indices, Array]]:
    """Entries off the diagonal by the layer of the front that they belong to.

    That is the block of whichever of the two states is eliminated first.
    """
    row = np.repeat(np.arange(tree.states), np.diff(transitions.indptr))
    column, value = transitions.indices.astype(np.intp), transitions.data
    off = row != column
    row, column, value = row[off], column[off], value[off]
    block = np.maximum(tree.block[row], tree.block[column])  # blocks are numbered by depth
    order = np.argsort(block, kind="stable")
    row, column, value, block = row[order], column[order], value[order], block[order]
    parts = []
    for layer in tree.layers:
        ends = np.searchsorted(block, [layer.first, layer.first + layer.above.size])
        part = slice(ends[0], ends[1])
        parts.append((block[part] - layer.first, row[part], column[part], value[part]))
    return parts


def _receive(
    memory: Array,
    tree: FrontTree,
    layer: Layer,
    below: Layer,
    blocks: Indices,
    boundary: Indices,
    rates: Array,
) -> None:
    """Add what blocks of the layer below left between their boundary states."""
    width = boundary.shape[1]
    for some in _chunks(blocks.size, width * width):
        above, states = below.above[blocks[some]], boundary[some]
        padding = states == tree.states
        row = layer.positions(
            tree, np.repeat(above, width), np.where(padding, 0, states).ravel()
        ).reshape(states.shape)
        start, line = layer.start[above][:, None, None], layer.width[above][:, None, None]
        where = start + row[:, :, None] * line + row[:, None, :]
        where[padding[:, :, None] | padding[:, None, :]] = memory.size - 1
        sibling = below.sibling[blocks[some]]
        for rank in np.unique(sibling):  # fronts of one rank share no address
            same = sibling == rank
            memory[where[same]] += rates[some][same]


def _eliminate(
    memory: Array, group: Group, states: int, topmost: bool
) -> tuple[_Factor, Array | None]:
    """G, V, W of a group's fronts, and the rates left between their boundary states."""
    count, p = group.pivots.shape
    width = p + group.boundary.shape[1]
    front = memory[group.start : group.start + count * width * width].reshape(count, width, width)
    visits = np.empty((count, p, p))
    onward, behind = np.empty((count, p, width - p)), np.empty((count, width - p, p))
    rates = None if topmost else np.empty((count, width - p, width - p))
    for some in _chunks(count, width * width):
        inside, out = front[some, :p, :p], front[some, :p, p:]
        into = front[some, p:, :p]
        exits = out.sum(axis=-1)
        exits[group.pivots[some] == states] = 1.0  # a state that only pads is left at once
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            visits[some] = expected_visits(inside, exits)
            np.matmul(visits[some], out, out=onward[some])
            np.matmul(into, visits[some], out=behind[some])
            if rates is not None:
                np.matmul(into, onward[some], out=rates[some])
                rates[some] += front[some, p:, p:]
    longest = visits.max(axis=1)
    if not (longest <= _TRAPPED).all():  # NaN too
        stuck = int(np.argmin((longest <= _TRAPPED).all(axis=1)))
        raise Trapped(int(group.pivots[stuck, np.argmax(longest[stuck])]))
    return _Factor(group.pivots, group.boundary, visits, onward, behind), rates


def _chunks(count: int, size: int) -> list[slice]:
    step = max(1, _CHUNK // max(size, 1))
    return [slice(start, start + step) for start in range(0, count, step)]
