r"""Chains that neither fall apart into small blocks nor mix at once: BiCGSTAB and sweeps.

Such are grids of four dimensions and more, and networks with many far connections: elimination
fills in, and steps take thousands. The jump chain J (P without its holds, rows rescaled) has law
w = pi * out; its equations w (I - J) = 0 and (I - J) h = b / out are singular, consistent and, on
such graphs, solved in a few hundred products by BiCGSTAB (van der Vorst 1992).

That is accurate against the largest mass only. Sweeps w <- (w + w J) / 2 from there have only
additions and carry accuracy to the rare states: a relative error travels as the reversed chain
does, which is soon where the mass is. Two starts must come to the same law in every state, if
need be by way of the chain of groups of states.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import LinearOperator, bicgstab

from eqsolve.markov.elimination import DenseElimination, Trapped

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Indices = NDArray[np.intp]

_ROUNDS = 12  # restarts with the residual computed afresh
_PRODUCTS = 2000  # iterations a round
_SWEEPS = 5000
_STEADY = 1e-14  # relative change a sweep at which a law has settled
_SAME = 1e-9  # relative difference up to which two laws are the same
_RECONCILIATIONS = 50
_GROUPS = 16
_APART = 0.01  # share of the range of ratios that parts groups for good
_ROUNDING = 1e-13
_EXACT = 5e-15
_LEAST = 1e-280  # mass that is told from nothing


@dataclass(frozen=True, eq=False)
class KrylovChain:
    """A chain with its law, whose equations are solved by BiCGSTAB.

    Attributes
    ----------
    jumps : scipy.sparse.csr_array, shape (S, S)
        The jump chain.
    out : ndarray, shape (S,)
        Probability of leaving each state in one step.
    law : ndarray, shape (S,)
    groups : Groups
        Of states that hardly communicate with the others; often one group.
    """

    jumps: sparse.csr_array
    out: Array
    law: Array
    groups: Groups
    name = "BiCGSTAB"

    def solve(self, right: Array) -> Array | None:
        """g (S, k) with g - P g = right, which is centred; None where it is not reached."""
        solved = [self._solve(column) for column in (right / self.out[:, None]).T]
        found = [g for g in solved if g is not None]
        return np.column_stack(found) if len(found) == len(solved) else None

    def _solve(self, right: Array) -> Array | None:
        """Of the jump chain: a part `within` groups and a constant `level` on each.

        Levels may be huge. They are kept apart, so that the residual is not lost in their
        rounding.
        """
        groups = self.groups
        within, level = np.zeros(right.size), np.zeros(groups.total.size)
        error = np.inf
        for _ in range(_ROUNDS):
            rest = self._rest(right, within, level)
            before, error = error, float(np.abs(rest).max(initial=0.0))
            allowed = _ROUNDING * float(np.abs(right).max(initial=0.0))
            if error <= max(allowed, _EXACT * float(np.abs(within).max(initial=0.0))):
                return within + level[groups.label]
            if not error < 2 * before:
                return None
            level = level + groups.solve(rest)
            step = _bicgstab(lambda x: x - self.jumps @ x, self._rest(right, within, level))
            if step is None:
                return None
            within = within + step
            means = groups.means(within)
            within, level = within - means[groups.label], level + means
        return None

    def _rest(self, right: Array, within: Array, level: Array) -> Array:
        rest = right - (within - self.jumps @ within) - self.groups.across @ level
        return np.asarray(rest - self.groups.weights @ rest)


class Groups:
    """States taken together, and the chain of groups.

    Parameters
    ----------
    jumps : scipy.sparse.csr_array, shape (S, S)
    weights : ndarray, shape (S,)
        Law of the jumps, or what is known of it.
    label : ndarray of int, shape (S,)

    Attributes
    ----------
    total : ndarray, shape (groups,)
        Weight of each group.
    across : scipy.sparse.csr_array, shape (S, groups)
        (I - jumps) applied to the indicators of the groups, without cancellation.

    Raises
    ------
    Trapped
        A group is left with a probability that floating point cannot hold.
    """

    def __init__(self, jumps: sparse.csr_array, weights: Array, label: Indices) -> None:
        self.weights, self.label = weights, label
        count = int(label.max()) + 1
        self.total = np.bincount(label, weights, count)
        row = np.repeat(np.arange(weights.size), np.diff(jumps.indptr))
        other = np.flatnonzero(label[row] != label[jumps.indices])
        row, column, jump = row[other], label[jumps.indices[other]], jumps.data[other]
        flow = np.bincount(label[row] * count + column, weights[row] * jump, count * count)
        rates = flow.reshape(count, count) / self.total[:, None]
        self._chain = DenseElimination(rates, int(np.argmax(self.total)))
        entries = np.concatenate([jump, -jump])
        where = np.concatenate([row, row]), np.concatenate([label[row], column])
        self.across = sparse.csr_array((entries, where), shape=(weights.size, count))

    def scale(self) -> Array:
        """By how much to multiply each state's weight so that flows between groups balance."""
        return np.asarray((self._chain.law() / self.total)[self.label])

    def means(self, values: Array) -> Array:
        """Weighted mean of `values` in each group."""
        sums = np.bincount(self.label, self.weights * values, self.total.size)
        return np.asarray(sums / self.total)

    def solve(self, rest: Array) -> Array:
        """Levels (groups,) that leave no mean of `rest` in any group."""
        return self._chain.solve(self.means(rest)[:, None])[:, 0]


def krylov_chain(transitions: sparse.csr_array, members: Indices) -> KrylovChain | None:
    """The chain's law by BiCGSTAB and sweeps, or None where it is not reached for certain.

    Parameters
    ----------
    transitions : scipy.sparse.csr_array, shape (S, S)
    members : ndarray of int
        States of the one closed class.
    """
    out = _leaving(transitions)
    if not out.all():  # an absorbing state has no jumps
        return None
    jumps = sparse.csr_array(
        sparse.diags_array(1.0 / out) @ (transitions - sparse.diags_array(transitions.diagonal()))
    )
    inside = jumps[members, :][:, members]
    forward = sparse.csr_array(inside.T)
    even = np.full(members.size, 1.0 / members.size)
    uneven = np.random.default_rng(0).standard_exponential(members.size) ** 3
    try:
        found, group = _reconciled(
            inside, forward, _law(forward, even), _law(forward, uneven / uneven.sum())
        )
        if found is None:
            return None
        weights, label = np.zeros(out.size), np.zeros(out.size, dtype=np.intp)
        weights[members], label[members] = found, group
        groups = Groups(jumps, weights, label)
    except Trapped:
        return None
    law = weights / out
    return KrylovChain(jumps, out, law / law.sum(), groups)


def _leaving(transitions: sparse.csr_array) -> Array:
    """Probability of leaving each state, summed, not subtracted from one."""
    row = np.repeat(np.arange(transitions.shape[0]), np.diff(transitions.indptr))
    off = row != transitions.indices
    out = np.bincount(row[off], transitions.data[off], minlength=transitions.shape[0])
    return out.astype(np.float64)


def _law(forward: sparse.csr_array, start: Array) -> Array:
    """Law of the jump chain, up to what separates sets that hardly communicate."""
    mass = _swept(forward, start, 50)
    found, error = np.zeros(mass.size), np.inf
    for _ in range(_ROUNDS):
        rest = forward @ (mass + found) - (mass + found)
        rest = rest - rest.sum() * mass
        before, error = error, float(np.abs(rest).max())
        if error <= _ROUNDING * mass.max() or not error < before:
            break
        step = _bicgstab(lambda x: x - forward @ x, rest)
        if step is None:
            break
        found = found + step
    mass = np.maximum(mass + found, 1e-290)
    return _settled(forward, mass, plateau=_SAME)


def _settled(forward: sparse.csr_array, mass: Array, plateau: float) -> Array:
    """Sweeps until no mass changes in relative terms, or all change no faster than `plateau`.

    Mass that leaks between sets that hardly communicate does the latter, for ever.
    """
    change = np.inf
    for _ in range(_SWEEPS // 20):
        last = _swept(forward, mass, 19)
        mass = _swept(forward, last, 1)
        if mass.min() < _LEAST:
            break
        before, change = change, float((np.abs(mass - last) / mass).max())
        if change <= _STEADY or (change <= plateau and change > 0.8 * before):
            break
    return np.asarray(mass / mass.sum())


def _swept(forward: sparse.csr_array, mass: Array, sweeps: int) -> Array:
    for _ in range(sweeps):
        mass = (mass + forward @ mass) / 2
    return mass


def _reconciled(
    jumps: sparse.csr_array, forward: sparse.csr_array, first: Array, second: Array
) -> tuple[Array | None, Indices]:
    """One law from two that differ by how much they give to sets that hardly communicate.

    The ratio of the two is nearly constant on such sets. States of about the same ratio are
    taken together; the chain of groups, whose rates are sums of flows, tells how much each
    group should have (iterative aggregation: Koury, McAllister and Stewart 1984). Also given:
    the groups that stand clearly apart.
    """
    kept = np.zeros(first.size, dtype=np.intp)
    for attempt in range(_RECONCILIATIONS):
        if min(first.min(), second.min()) < _LEAST:
            return None, kept
        if _alike(first, second):
            first, second = (_settled(forward, mass, plateau=0.0) for mass in (first, second))
            return (first if _alike(first, second) else None), kept
        ratio = np.log(first / second)
        ordered = np.sort(ratio)
        gaps = np.diff(ordered)
        wide = np.argsort(gaps)[-_GROUPS:]
        even = np.linspace(0, ratio.size - 1, _GROUPS + 1).astype(np.intp)[1:-1]
        label = _parted(ratio, ordered[np.concatenate([wide, even])])
        if attempt == 0:
            apart = wide[gaps[wide] > _APART * (ordered[-1] - ordered[0])]
            kept = _parted(ratio, ordered[apart])
        first, second = (
            _swept(forward, mass * Groups(jumps, mass, label).scale(), 20)
            for mass in (first, second)
        )
        first, second = first / first.sum(), second / second.sum()
    return None, kept


def _alike(first: Array, second: Array) -> bool:
    return bool((np.abs(first - second) <= _SAME * np.minimum(first, second)).all())


def _parted(values: Array, limits: Array) -> Indices:
    """Labels 0, 1, ... of values parted at `limits`."""
    _, label = np.unique(np.searchsorted(np.unique(limits), values), return_inverse=True)
    return np.asarray(label)


def _bicgstab(product: Callable[[Array], Array], right: Array) -> Array | None:
    """An approximate solution of a consistent singular system, to about eight digits."""
    operator = LinearOperator((right.size, right.size), matvec=product, dtype=np.float64)
    length = float(np.linalg.norm(right))
    if length == 0.0:
        return np.zeros(right.size)
    # Scaled, because scipy's version gives up on numbers that are small in absolute terms.
    with np.errstate(over="ignore", invalid="ignore"):
        found, _ = bicgstab(operator, right / length, rtol=1e-8, atol=0.0, maxiter=_PRODUCTS)
    return length * found if np.isfinite(found).all() else None
