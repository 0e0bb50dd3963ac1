r"""Chains that mix within a few hundred steps: just take the steps.

x <- x P has only additions, so masses keep their relative accuracy however small. A chain that is
nearly decomposable looks settled long before it is; two starts tell: spread evenly over all
states, and in one likely state. Sets that hardly communicate keep what they were given, and as
the first start gives mass to every state and the second to one, the two agree in every state only
when there are no such sets.

Poisson's equation is g = b + P b + P^2 b + ..., as long as b is centred.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Indices = NDArray[np.intp]

_FIRST_STEPS = 8  # before a likely state is picked
_LIMIT = 240  # steps up to which it pays
_REVIEWS = (24, 48, 96)  # when to ask whether that will do
_ALIKE = 1e-13  # relative difference at which the two starts have forgotten themselves
_SETTLED = 1e-15  # of the largest bias
_FORGOTTEN = 1e-16  # distance of the two starts at which rounding is reached


@dataclass(frozen=True, eq=False)
class RepeatedSteps:
    """A chain that mixes fast, with its law.

    Attributes
    ----------
    transitions : scipy.sparse.csr_array, shape (S, S)
    law : ndarray, shape (S,)
    steps : int
        Steps after which the start was forgotten.
    """

    transitions: sparse.csr_array
    law: Array
    steps: int
    name = "repeated steps"

    def solve(self, right: Array) -> Array | None:
        """g (S, k) with g - P g = right, which is centred; None where the sum goes on."""
        term = right - self.law @ right
        total = term.copy()
        for _ in range(4 * self.steps + 100):
            term = self.transitions @ term
            term -= self.law @ term
            total += term
            left, size = np.abs(term).max(axis=0), np.abs(total).max(axis=0)
            if (left <= _SETTLED * size).all():
                return total
        return None


def likely_state(forward: sparse.csr_array, members: Indices) -> int:
    """The state of a closed class with most mass after a few steps from everywhere.

    Parameters
    ----------
    forward : scipy.sparse.csr_array, shape (S, S)
        Transpose of the transition matrix.
    members : ndarray of int
        States of the closed class.
    """
    mass = np.full(forward.shape[0], 1.0 / forward.shape[0])
    for _ in range(_FIRST_STEPS):
        mass = forward @ mass
    return int(members[np.argmax(mass[members])])


def repeat_steps(
    transitions: sparse.csr_array, forward: sparse.csr_array, members: Indices, likely: int
) -> RepeatedSteps | None:
    """The chain's law by taking steps, or None where that would take too many.

    Examples
    --------
    >>> chain = sparse.csr_array([[0.6, 0.4], [0.2, 0.8]])
    >>> repeat_steps(chain, sparse.csr_array(chain.T), np.arange(2), 0).law.round(12)
    array([0.33333333, 0.66666667])
    """
    states = transitions.shape[0]
    masses = np.full((states, 2), 1.0 / states)
    masses[:, 1] = np.arange(states) == likely
    apart = [1.0]
    outside = np.ones(states, dtype=bool)
    outside[members] = False
    for step in range(1, _LIMIT + 1):
        masses = forward @ masses
        apart.append(float(np.abs(masses[:, 0] - masses[:, 1]).sum()) / 2)
        if step in _REVIEWS and _steps_needed(apart) > _LIMIT:
            return None
        if apart[-1] <= _ALIKE and _agree(masses[members]) and masses[outside].sum() <= _ALIKE**2:
            law = np.zeros(states)
            law[members] = masses[members, 0] / masses[members, 0].sum()
            return RepeatedSteps(transitions, law, step)
    return None


def _agree(masses: Array) -> bool:
    first, second = masses.T
    return bool((np.abs(first - second) <= _ALIKE * np.minimum(first, second)).all())


def _steps_needed(apart: list[float]) -> float:
    """Steps until the starts agree to rounding, from how fast they approached lately."""
    taken = len(apart) - 1
    now, before = max(apart[-1], 1e-18), max(apart[taken // 2], 1e-18)
    speed = np.log(before / now) / (taken - taken // 2)
    return taken + np.log(max(now / _FORGOTTEN, 1.0)) / speed if speed > 0 else np.inf
