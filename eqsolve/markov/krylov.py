r"""Chains that neither fall apart into small blocks nor mix at once: BiCGSTAB and sweeps.

Such are grids of four dimensions and more, and networks with many far connections: elimination
fills in, and steps take thousands. The jump chain J (P without its holds, rows rescaled) has law
w = pi * out; its equations w (I - J) = 0 and (I - J) h = b / out are singular, consistent and, on
such graphs, solved in a few hundred products by BiCGSTAB (van der Vorst 1992).

That is accurate against the largest mass only. Sweeps w <- (w + w J) / 2 from there have only
additions and carry accuracy to the rare states: a relative error travels as the reversed chain
does, which is soon where the mass is. Two starts must come to the same law in every state.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import LinearOperator, bicgstab

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Indices = NDArray[np.intp]

_ROUNDS = 8  # restarts with the residual computed afresh
_PRODUCTS = 2000  # iterations a round
_SWEEPS = 5000
_STEADY = 1e-14  # relative change a sweep at which a law has settled
_SAME = 1e-9  # relative difference up to which two laws are the same
_RESIDUAL = 1e-14
_ROUNDING = 1e-15


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
    """

    jumps: sparse.csr_array
    out: Array
    law: Array
    name = "BiCGSTAB"

    def solve(self, right: Array) -> Array | None:
        """g (S, k) with g - P g = right, which is centred; None where it is not reached."""
        weights = self.law * self.out
        weights = weights / weights.sum()
        solved = []
        for column in (right / self.out[:, None]).T:
            g = _solve(lambda x: x - self.jumps @ x, column, lambda x: x - weights @ x)
            if g is None:
                return None
            solved.append(g)
        return np.column_stack(solved)


def krylov_chain(
    transitions: sparse.csr_array, members: Indices, likely: int
) -> KrylovChain | None:
    """The chain's law by BiCGSTAB and sweeps, or None where it is not reached for certain."""
    out = _leaving(transitions)
    if not out.all():  # an absorbing state has no jumps
        return None
    jumps = sparse.csr_array(
        sparse.diags_array(1.0 / out) @ (transitions - sparse.diags_array(transitions.diagonal()))
    )
    inside = jumps[members, :][:, members]
    forward = sparse.csr_array(inside.T)
    starts = np.full((2, members.size), 1.0 / members.size)
    starts[1] = members == likely
    found = []
    for start in starts:
        mass = _law(forward, start)
        if mass is None:
            return None
        found.append(mass)
    if not (np.abs(found[0] - found[1]) <= _SAME * np.minimum(*found)).all():
        return None
    law = np.zeros(out.size)
    law[members] = found[0] / out[members]
    return KrylovChain(jumps, out, law / law.sum())


def _leaving(transitions: sparse.csr_array) -> Array:
    """Probability of leaving each state, summed, not subtracted from one."""
    row = np.repeat(np.arange(transitions.shape[0]), np.diff(transitions.indptr))
    off = row != transitions.indices
    out = np.bincount(row[off], transitions.data[off], minlength=transitions.shape[0])
    return out.astype(np.float64)


def _law(forward: sparse.csr_array, start: Array) -> Array | None:
    mass = start
    for _ in range(50):
        mass = (mass + forward @ mass) / 2
    found = _solve(
        lambda x: x - forward @ x,
        forward @ mass - mass,
        lambda x: x - x.sum() * mass,
        negligible=_ROUNDING * float(mass.max()),
    )
    if found is None:
        return None
    mass = np.maximum(mass + found, 1e-300)
    for sweep in range(1, _SWEEPS + 1):
        new = (mass + forward @ mass) / 2
        if sweep % 20 == 0 and (np.abs(new - mass) <= _STEADY * new).all():
            return np.asarray(new / new.sum())
        mass = new
    return None


def _solve(
    product: Callable[[Array], Array],
    right: Array,
    centred: Callable[[Array], Array],
    negligible: float = 0.0,
) -> Array | None:
    """Solution of a consistent singular system, refined until its residual is small.

    Small against the right side, or against the solution where that is larger.
    """
    operator = LinearOperator((right.size, right.size), matvec=product, dtype=np.float64)
    solution = np.zeros(right.size)
    size = float(np.abs(right).max(initial=0.0))
    for _ in range(_ROUNDS):
        rest = centred(right - product(solution))
        error = float(np.abs(rest).max(initial=0.0))
        large = max(size, float(np.abs(solution).max(initial=0.0)))
        if error <= max(_RESIDUAL * large, negligible):
            return solution
        step, _ = bicgstab(operator, rest, rtol=1e-8, atol=0.0, maxiter=_PRODUCTS)
        if not np.isfinite(step).all():
            return None
        solution = solution + step
    return None
