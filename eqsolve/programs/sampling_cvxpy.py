"""The sampling-design program in cvxpy, scaled so that conic solvers can read it.

Stationary masses span many powers of ten. Written in u = gamma / coin, with the rows of the
balance equations scaled to unit norm, generic solvers are right up to about 10^4 states; written
in gamma they report wrong objectives from 10^3 on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cvxpy as cp
import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eqsolve.programs.sampling import SamplingProgram


@dataclass(frozen=True, eq=False)
class DeclaredSampling:
    """A `cp.Problem`, the variable u, and what turns its answer into the program's own.

    Attributes
    ----------
    problem : cp.Problem
        In u, one entry for each arm and state that may go together for ever.
    shares : cp.Variable
        u, the occupancy in units of `unit`.
    unit : ndarray, shape (size of u,)
        gamma = unit * u.
    places : int ndarray, shape (size of u,)
        Where each entry of u stands in the flattened (A, S) occupancy.
    scale : float
        The criterion is the problem's value times `scale`.
    """

    problem: Any
    shares: Any
    unit: NDArray[np.float64]
    places: NDArray[np.intp]
    scale: float
    balance: Any
    row_sizes: NDArray[np.float64]
    budget: Any
    limit: Any
    limit_size: float
    contrasts: tuple[Any, ...]
    count: int

    def occupancy(self, size: int) -> NDArray[np.float64]:
        """gamma, flattened: zero where arm and state do not go together."""
        occupancy = np.zeros(size)
        occupancy[self.places] = self.unit * self.shares.value
        return occupancy

    def multipliers(self) -> NDArray[np.float64]:
        """h, nu, kappa and lambda as `dual_bound` reads them."""
        h = self.scale * np.asarray(self.balance.dual_value) / self.row_sizes
        nu = self.scale * float(self.budget.dual_value)
        kappa = 0.0
        if self.limit is not None:
            kappa = self.scale * float(self.limit.dual_value) / self.limit_size
        mix = [float(row.dual_value) for row in self.contrasts] or [1.0] * self.count
        return np.concatenate([h, [nu, kappa], mix])


def declare(program: SamplingProgram) -> DeclaredSampling:
    """Write a `SamplingProgram` in cvxpy."""
    places = np.flatnonzero(program.usable.ravel())
    coin = program.coin.ravel()[places]
    unit = np.where(coin > 0, coin, 1.0 / coin.size)
    share = program.share
    balance = sparse.hstack(
        [sparse.eye_array(program.states) - kernel.T for kernel in program.kernels], format="csr"
    )[:, places] @ sparse.diags_array(unit)
    sizes = np.sqrt(np.asarray(balance.power(2).sum(axis=1)).ravel())
    sizes = np.where(sizes > 0, sizes, 1.0)
    u = cp.Variable(places.size, name="u")
    rows = sparse.csr_array(sparse.diags_array(1.0 / sizes) @ balance)
    constraints: list[Any] = [
        cp.Constant(rows, name="balance") @ u == 0,
        cp.Constant(unit * program.prices.ravel()[places], name="price") @ u == 1,
        u >= share * coin / unit,
    ]
    floors = _floors(program, places, unit)
    if floors is not None:
        constraints.append(cp.Constant(floors, name="floor") @ (u - share * coin / unit) >= 0)
    limit, size = None, 1.0
    if program.costs is not None and program.cost_limit is not None:
        price = unit * program.costs.ravel()[places]
        size = float(np.abs(price).max(initial=0.0)) or 1.0
        limit = cp.Constant(price / size, name="cost") @ u <= program.cost_limit / size
        constraints.append(limit)
    scale = program.value(program.coin)
    roots = program.scales.reshape(program.contrasts, -1)[:, places]
    terms = [_variance(root, unit, u, scale) for root in roots]
    tops: tuple[Any, ...] = ()
    if program.criterion == "sum" or len(terms) == 1:
        root = np.sqrt((roots**2).sum(axis=0)) if len(terms) > 1 else roots[0]
        objective = _variance(root, unit, u, scale)
    else:
        objective = cp.Variable(name="largest")
        tops = tuple(term <= objective for term in terms)
    problem = cp.Problem(cp.Minimize(objective), [*constraints, *tops])
    return DeclaredSampling(
        problem=problem,
        shares=u,
        unit=unit,
        places=places,
        scale=scale,
        balance=constraints[0],
        row_sizes=sizes,
        budget=constraints[1],
        limit=limit,
        limit_size=size,
        contrasts=tops,
        count=program.contrasts,
    )


def _variance(root: Any, unit: Any, u: Any, scale: float) -> Any:
    """The variance as a share of coin flipping's."""
    # The root is divided first: its square may underflow where the quotient does not.
    amount = (root / np.sqrt(unit * scale)) ** 2 if scale > 0 else np.zeros_like(root)
    kept = np.flatnonzero(amount > 0)
    return cp.sum(cp.multiply(amount[kept], cp.inv_pos(u[kept]))) if kept.size else cp.Constant(0.0)


def _floors(program: SamplingProgram, places: Any, unit: Any) -> Any:
    """Rows gamma_l - floor_l sum_m gamma_m, for the arms with a floor; None without."""
    floor = np.repeat(program.floor, program.states)[places]
    if not floor.any():
        return None
    state = places % program.states
    same = sparse.csr_array(
        (np.ones(places.size), (np.arange(places.size), state)),
        shape=(places.size, program.states),
    )
    # In u the own entry keeps coefficient one: a row is divided by its unit.
    rows = sparse.eye_array(places.size) - sparse.diags_array(floor / unit) @ (
        same @ (same.T @ sparse.diags_array(unit))
    )
    return sparse.csr_array(sparse.csr_array(rows)[np.flatnonzero(floor > 0)])
