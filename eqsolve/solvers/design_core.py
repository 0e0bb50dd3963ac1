"""The states that matter, solved for alone, and the answer carried back to all.

In a stable queue of 10^5 states a few thousand carry all the mass that 16 digits can tell; the
others cost time, and their tiny flows keep steps short. So the program is solved on a *core*,
whose moves to the outside become holding, and then extended:

- outside, the policy is that of the reference flow (any would do);
- outside, h must leave every slack nonnegative. The least such h is the value of a decision
  problem, running until the core is reached (by policy iteration):

      h(x) = max_l (P_l h - price_l)(x) outside,   h as solved inside,

  where with floors P_l means running arm l as much as the floors of the others allow. Where
  slacks near the core's border become negative, the state joins the outside.

Nothing here needs to be believed: the extension is judged by the dual bound of the whole program.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph
from scipy.sparse import linalg as sparse_linalg

from eqsolve.solvers.linear_systems import elimination_order

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eqsolve.programs.sampling import SamplingProgram

    Array = NDArray[np.float64]

LITTLE = 1e-15  # of the occupancy, a state of the core whose h is found anew
LEFT_OUT = 1e-13  # of the reference's mass and variance, all states outside together
MANY = 3000  # states below which it is not worth while
WORTH = 0.15  # least part of the states that must fall away
IMPROVEMENTS = 60
SWEEPS = 100
EPSILON = float(np.finfo(np.float64).eps)
TOLERANCE = 1e-12  # of nu, on slacks outside


@dataclass(frozen=True, eq=False)
class Core:
    """A smaller program and where its states stand in the whole.

    Attributes
    ----------
    whole, program : SamplingProgram
    states : int ndarray
        The core's states in the whole's numbering.
    reference : ndarray, shape (A, S)
        The reference flow of the whole.
    """

    whole: SamplingProgram
    program: SamplingProgram
    states: NDArray[np.intp]
    reference: Array

    def extended_flow(self, occupancy: Array) -> Array:
        """The core's occupancy, and outside the reference flow, which is next to nothing."""
        flow = self.reference.copy()
        flow[:, self.states] = occupancy
        return np.asarray(flow / float((self.whole.prices * flow).sum()))

    def extended_multipliers(self, multipliers: Array, occupancy: Array) -> Array:
        """h outside such that no slack is negative; the other multipliers as they are.

        Near the border, where the core's `occupancy` (A, states) is next to nothing, its h says
        little: there too it is found anew.
        """
        h, rest = multipliers[: self.states.size], multipliers[self.states.size :]
        known = occupancy.sum(axis=0) > LITTLE * occupancy.sum()
        return np.concatenate([self._potential(h, known, rest[0], rest[1]), rest])

    def _potential(self, h: Array, known: NDArray[np.bool_], nu: float, kappa: float) -> Array:
        program = self.whole
        states, h = self.states[known], h[known]
        h = h - h.max()
        full = np.full(program.states, float(h.min()))
        full[states] = h
        kernels, prices = _with_floors(program, nu, kappa)
        usable = program.usable
        outside = np.ones(program.states, dtype=bool)
        outside[states] = False
        outside &= usable.any(axis=0)
        # Each price is a little lower than it is, so that rounding leaves no slack negative.
        margin = 8 * EPSILON * float(np.abs(h).max()) + TOLERANCE * nu
        prices = prices - margin
        places = np.flatnonzero(outside)
        # The first chain draws arms as the reference flow does; the later ones choose.
        drawn = np.where(usable, self.reference, 0.0)
        drawn = drawn / np.maximum(drawn.sum(axis=0), 1e-300)
        order = None
        for _ in range(IMPROVEMENTS):
            chain = _drawn(kernels, drawn, places)
            inner = sparse.csc_array(sparse.eye_array(places.size, format="csr") - chain[:, places])
            if order is None:
                order = elimination_order(sparse.csc_array(inner + inner.T))
            fixed = full.copy()
            fixed[places] = 0.0
            right = chain @ fixed - (drawn * prices)[:, places].sum(axis=0)
            factors = sparse_linalg.splu(
                sparse.csc_array(inner[order][:, order]),
                permc_spec="NATURAL",
                diag_pivot_thresh=0.0,
                options={"SymmetricMode": True},
            )
            solved = np.empty(places.size)
            solved[order] = factors.solve(right[order])
            full[places] = solved
            slack = _slacks(kernels, prices, usable, full)
            low = slack.min(axis=0) < -margin
            if not low.any():
                break
            joining = low & ~outside
            if joining.any():
                outside |= joining
                places, order = np.flatnonzero(outside), None
            # Some sweeps of value iteration before the policy is improved: what is better far
            # away is heard of at once.
            for _ in range(SWEEPS):
                full[places] -= np.minimum(slack.min(axis=0), 0.0)[places]
                slack = _slacks(kernels, prices, usable, full)
            worst = slack.argmin(axis=0)
            drawn = np.where(outside, np.arange(len(kernels))[:, None] == worst, drawn)
        return full


def core_of(program: SamplingProgram, reference: Array) -> Core | None:
    """The core of a program, or None where most states matter."""
    if program.states < MANY:
        return None
    usable = program.usable
    root = np.sqrt((program.scales**2).sum(axis=0)) * usable
    ratios = np.zeros(root.shape)
    np.divide(root, reference, out=ratios, where=reference > 0)
    variance = root * ratios
    weight = (reference + variance / variance.sum()).sum(axis=0)
    weight /= weight.sum()
    order = np.argsort(weight)
    cumulated = np.cumsum(weight[order])
    for part in LEFT_OUT * 1e-3 ** np.arange(4):
        out = order[: int(np.searchsorted(cumulated, part))]
        if out.size < WORTH * program.states:
            return None
        inside = np.setdiff1d(np.flatnonzero(usable.any(axis=0)), out)
        core = _restricted(program, inside)
        if core is not None:
            return Core(program, core, inside, reference)
    return None


def _restricted(program: SamplingProgram, inside: NDArray[np.intp]) -> SamplingProgram | None:
    """The program on some states, moves to others held; None where these fall apart."""
    kernels = []
    for kernel in program.kernels:
        kept = sparse.csr_array(kernel[inside][:, inside])
        lost = np.maximum(1.0 - np.asarray(kept.sum(axis=1)).ravel(), 0.0)
        kernels.append(sparse.csr_array(kept + sparse.diags_array(lost)))
    union = sum(
        sparse.diags_array(program.usable[arm, inside].astype(float)) @ kernel
        for arm, kernel in enumerate(kernels)
    )
    if csgraph.connected_components(union, directed=True, connection="strong")[0] > 1:
        return None
    return replace(
        program,
        kernels=tuple(kernels),
        laws=program.laws[:, inside],
        step_variances=program.step_variances[:, inside],
        coin=program.coin[:, inside],
        prices=program.prices[:, inside],
        allowed=program.usable[:, inside],
        costs=None if program.costs is None else program.costs[:, inside],
    )


def _with_floors(program: SamplingProgram, nu: float, kappa: float) -> tuple[list[Any], Array]:
    """Each arm run as much as the floors of the others allow: kernels and prices."""
    prices = nu * program.prices
    if program.costs is not None:
        prices = prices + kappa * program.costs
    floor = np.where(program.usable, program.floor[:, None], 0.0)
    if not floor.any():
        return list(program.kernels), prices
    free = 1.0 - floor.sum(axis=0)
    mean = sum(sparse.diags_array(floor[arm]) @ k for arm, k in enumerate(program.kernels))
    kernels = [sparse.csr_array(sparse.diags_array(free) @ k + mean) for k in program.kernels]
    return kernels, free * prices + (floor * prices).sum(axis=0)


def _slacks(kernels: list[Any], prices: Array, usable: NDArray[np.bool_], h: Array) -> Array:
    """price_l + h - P_l h, infinite where an arm is not usable."""
    rows = [price + h - kernel @ h for price, kernel in zip(prices, kernels, strict=True)]
    return np.where(usable, np.array(rows), np.inf)


def _drawn(kernels: list[Any], drawn: Array, places: NDArray[np.intp]) -> Any:
    """Rows `places` of the chain that draws arm l in state x with probability drawn(l, x)."""
    rows = sum(
        sparse.diags_array(drawn[arm, places]) @ kernel[places]
        for arm, kernel in enumerate(kernels)
    )
    return sparse.csr_array(rows)
