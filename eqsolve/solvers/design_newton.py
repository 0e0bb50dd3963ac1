r"""One primal-dual step of the sampling-design program, with everything it is linear in.

Unknowns: delta >= 0 with gamma = e coin + (1 - e) M delta, and multipliers h of the balance
equations and of a few *side rows*: the budget, the cost limit, the epigraph of each contrast.
With s_l = nu price_l + kappa cost_l + h - P_l h the optimality conditions are

    s = a + M^-T z,     a gamma^2 = q^2,     z delta = mu omega,     M's >= 0,

and in the limit mu = 0 the program's own. Two choices keep the number of steps small (measured:
3 to 15, hardly growing with the number of states, against 43 to 70 of a plain barrier):

- a and z are not unknowns of their own. What s offers in a state is shared between them as the
  central path would, a : z = q^2 / gamma^2 : mu omega / delta. So s alone must stay positive,
  and pairs with q = 0 take part in a linear program, the others in an equation that Newton's
  method solves in a few steps.
- mu omega is proportional to a feasible reference flow omega: pairs far out, of mass 1e-50, are
  asked for as much in proportion as those at the heart, and the start is central.

Eliminating delta leaves N h = r with N = B W B' and W one small block a state; the side rows
border it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from eqsolve.programs.sampling import SamplingProgram, dual_bound
from eqsolve.solvers.design_floors import Floors
from eqsolve.solvers.design_normal_equations import NormalEquations

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

RESTING = 2e-10  # of the criterion: what pairs of next to no mass may cost together
EXACT = 1e-15  # residual of the equality rows below which a direction needs no correction


def ratio(above: Array, below: Array) -> Array:
    """above / below, zero where `below` is."""
    out = np.zeros(np.broadcast_shapes(above.shape, below.shape))
    return np.divide(above, below, out=out, where=np.broadcast_to(below > 0, out.shape))


@dataclass
class Point:
    """delta (A, S), h (S,), and of the side rows the multipliers (J,) and slacks (J,); t.

    Rows without slack (the budget) hold zero there. t is the largest variance of a minimax.
    """

    delta: Array
    h: Array
    multipliers: Array
    slacks: Array
    top: float = 0.0

    def moved(self, step: Point, primal: float, dual: float) -> Point:
        return Point(
            self.delta + primal * step.delta,
            self.h + dual * step.h,
            self.multipliers + dual * step.multipliers,
            self.slacks + primal * step.slacks,
            self.top + primal * step.top,
        )


class DesignEquations:
    """The program's constants in the units of the reference: its variance is one, its budget one.

    Parameters
    ----------
    program : SamplingProgram
        The program; the share must be below one.
    reference : ndarray, shape (A, S)
        omega, positive where arms are usable, nearly in balance, of price one.
    """

    def __init__(self, program: SamplingProgram, reference: Array) -> None:
        self.program, self.reference = program, reference
        usable = program.usable
        self.floors = Floors(np.where(usable, program.floor[:, None], 0.0), usable)
        self.share = program.share
        self.normal = NormalEquations(program.kernels)
        self.minimax = program.criterion == "minimax" and program.contrasts > 1
        roots = program.scales * usable
        if not self.minimax and program.contrasts > 1:
            roots = np.sqrt((roots**2).sum(axis=0))[None]
        flow = self.occupancy(reference)
        self.unit = float((roots * ratio(roots, flow)).sum(axis=(1, 2)).max())
        self.roots = roots / np.sqrt(self.unit)
        # Side rows: the budget first, then the cost limit, then one a contrast.
        self.limited = program.costs is not None
        self.cost_unit = float(np.abs(program.costs).max()) or 1.0 if self.limited else 1.0
        self.costs = program.costs / self.cost_unit if self.limited else np.zeros((0, 0))
        self.limit = (program.cost_limit or 0.0) / self.cost_unit
        count = 1 + int(self.limited) + (len(roots) if self.minimax else 0)
        self.paired = np.arange(count) > 0
        self.mixed = np.arange(count) > int(self.limited)

    def occupancy(self, delta: Array) -> Array:
        """gamma, shape (A, S)."""
        flow = (1.0 - self.share) * self.floors.raised(delta)
        return flow + self.share * self.program.coin if self.share > 0 else flow

    def target(self, mu: float, worth: float) -> Array:
        """z delta on the central path, shape (A, S), where the criterion is about `worth`.

        Pairs of next to no mass rest where they are, and no step is short for their sake.
        """
        resting = np.minimum(self.reference, RESTING * min(1.0, worth) / self.reference.size)
        return np.maximum(mu * self.reference, resting)

    def start(self) -> Point:
        """The reference flow, and multipliers that make every slack positive."""
        delta = np.where(self.floors.usable, self.reference, 0.0)
        delta = delta / float((self.program.prices * self.floors.raised(delta)).sum())
        multipliers = np.ones(self.paired.size)
        slacks = np.zeros(self.paired.size)
        flow = self.occupancy(delta)
        if self.limited:
            multipliers[1] = 0.1
            slacks[1] = max(self.limit - float((self.costs * flow).sum()), 0.1)
        top = 0.0
        if self.minimax:
            multipliers[self.mixed] = 1.0 / self.mixed.sum()
            variances = (self.roots * ratio(self.roots, flow)).sum(axis=(1, 2))
            top = 0.1 + float(variances.max())
            slacks[self.mixed] = top - variances
        point = Point(delta, np.zeros(self.program.states), multipliers, slacks, top)
        self.lift(point, 0.1)
        return point

    def lift(self, point: Point, least: float) -> None:
        """Raise nu until every slack is at least `least` times that of the price alone."""
        offered = self.floors.gathered(self.slopes(point.h, point.multipliers))
        alone = self.floors.gathered(self.program.prices)
        lowest = float((offered / np.where(alone > 0, alone, 1.0))[self.floors.usable].min())
        point.multipliers[0] += max(0.0, least - lowest)

    def slopes(self, h: Array, multipliers: Array) -> Array:
        """nu price + kappa cost + h - P h, shape (A, S)."""
        slopes = multipliers[0] * self.program.prices + self.normal.differences(h)
        if self.limited:
            slopes = slopes + multipliers[1] * self.costs
        return np.asarray(slopes)


class Iterate:
    """All that is computed at a point.

    Attributes
    ----------
    occupancy : ndarray, shape (A, S)
    upper, lower : float
        The criterion at the occupancy, and what the multipliers prove, in the program's units.
    residual : float
        Largest violation of balance, budget and cost limit.
    """

    def __init__(self, equations: DesignEquations, point: Point, mu: float) -> None:
        self.equations, self.point, self.mu = equations, point, mu
        floors, program, share = equations.floors, equations.program, equations.share
        multipliers = point.multipliers
        self.flow = floors.raised(point.delta)
        self.occupancy = equations.occupancy(point.delta)
        self.slopes = equations.slopes(point.h, multipliers)
        self.offered = floors.gathered(self.slopes)
        mix = multipliers[equations.mixed] if equations.minimax else np.ones(1)
        self.gradients = ratio(equations.roots, self.occupancy) ** 2
        self.wanted = np.einsum("k,kls->ls", mix, self.gradients)
        self.variances = (equations.roots * ratio(equations.roots, self.occupancy)).sum(axis=(1, 2))
        self.upper = program.value(self.occupancy)
        self.worth = self.upper / equations.unit
        self._share_slopes()
        self.imbalance = equations.normal.balance(self.flow)
        self.rows = np.zeros(multipliers.size)
        self.rows[0] = float((program.prices * self.flow).sum()) - 1.0
        if equations.limited:
            spent = float((equations.costs * self.occupancy).sum())
            self.rows[1] = spent + point.slacks[1] - equations.limit
        if equations.minimax:
            self.rows[equations.mixed] = self.variances + point.slacks[equations.mixed] - point.top
        self.residual = float(
            max(np.abs(self.imbalance).max(), np.abs(self.rows[~equations.mixed]).max())
        )
        self.lower = dual_bound(program, self.multipliers(), self.occupancy)
        self.curved = 1.0 - share
        self._changes: dict[str, Array] = {}

    def multipliers(self) -> Array:
        """h, nu, kappa, lambda as `dual_bound` reads them."""
        equations, values = self.equations, self.point.multipliers
        nu = values[0] * equations.unit
        kappa = values[1] * equations.unit / equations.cost_unit if equations.limited else 0.0
        contrasts = equations.program.contrasts
        mix = values[equations.mixed] if equations.minimax else np.ones(contrasts)
        return np.concatenate([self.point.h * equations.unit, [nu, kappa], mix])

    @property
    def gap(self) -> float:
        return (self.upper - self.lower) / self.upper

    def _share_slopes(self) -> None:
        """a and z, which sum to what is offered."""
        floors = self.equations.floors
        target = self.equations.target(self.mu, self.worth)
        barrier = ratio(target, self.point.delta)
        if not floors.any:
            self.curve = self.slopes * ratio(self.wanted, barrier + self.wanted)
            self.barrier = np.where(floors.usable, self.slopes - self.curve, 0.0)
            return
        total = barrier + floors.gathered(self.wanted)
        part = np.full(total.shape, np.inf)
        np.divide(self.offered, total, out=part, where=floors.usable)
        least = part.min(axis=0)
        self.curve = np.where(np.isfinite(least), least, 0.0) * self.wanted
        self.barrier = np.where(floors.usable, self.offered - floors.gathered(self.curve), 0.0)

    # The linear system.

    def factorize(self) -> None:
        """Weights of the normal equations, and what the side rows need of them."""
        equations, normal, floors = self.equations, self.equations.normal, self.equations.floors
        barrier = ratio(self.barrier, self.point.delta)
        curvature = 2.0 * self.curved * ratio(self.curve, self.occupancy)
        self.inverse = np.zeros(0)
        if floors.any:
            self.inverse, weights = floors.inverse_curvature(barrier, curvature)
        else:
            weights = ratio(np.where(floors.usable, 1.0, 0.0), barrier + curvature)
        normal.weigh(weights)
        columns = [equations.program.prices]
        columns += [equations.costs] if equations.limited else []
        columns += [-gradient for gradient in self.gradients] if equations.minimax else []
        self.columns = np.array(columns)
        shares = [self.curved if paired else 1.0 for paired in equations.paired]
        self.row_vectors = np.array(shares)[:, None, None] * self.columns
        potentials, flows = [], []
        for column in self.columns:
            potential = normal.solve(normal.balance(normal.apply_weights(column)))
            potentials.append(potential)
            flows.append(normal.apply_weights(column - normal.differences(potential)))
        self.potentials = np.array(potentials)
        paired, count = equations.paired, len(columns)
        matrix = np.zeros((count + 1, count + 1))
        matrix[:count, :count] = -np.einsum("ils,jls->ij", self.row_vectors, np.array(flows))
        stiffness = np.zeros(count)
        stiffness[paired] = self.point.slacks[paired] / self.point.multipliers[paired]
        self.stiffness = stiffness
        matrix[range(count), range(count)] -= stiffness
        matrix[:count, count] = -equations.mixed.astype(float)
        matrix[count, :count] = equations.mixed.astype(float)
        if not equations.minimax:
            matrix[count, count] = 1.0
        self.border = matrix

    def direction(self, mu: float, predicted: Point | None = None, trust: float = 0.0) -> Point:
        """Newton's step towards the central path at `mu`.

        Parameters
        ----------
        mu : float
        predicted : Point, optional
            An earlier step, whose second-order terms are corrected for.
        trust : float
            How much of the correction to believe, in [0, 1].
        """
        equations, point, floors = self.equations, self.point, self.equations.floors
        paired, mixed = equations.paired, equations.mixed
        lack = equations.target(mu, self.worth) - self.barrier * point.delta
        curve = self.wanted - self.curve
        missing = mu - point.multipliers * point.slacks
        if predicted is not None:
            change = self._changes
            self_size = self.barrier * point.delta
            lack = lack + trust * np.clip(
                -change["barrier"] * predicted.delta, -self_size, self_size
            )
            turn = ratio(change["occupancy"], self.occupancy)
            second = -(2 * change["curve"] * turn + self.curve * turn**2)
            curve = curve + trust * np.clip(second, -self.curve, self.curve)
            missing = missing - trust * predicted.multipliers * predicted.slacks
        barrier = np.where(floors.usable, ratio(lack, point.delta), 0.0)
        curve = np.where(floors.usable, curve, 0.0)
        moved = np.zeros(paired.size)
        moved[paired] = missing[paired] / point.multipliers[paired]
        right = np.append(-self.rows - moved, 1.0 - point.multipliers[mixed].sum())
        if not equations.minimax:
            right[-1] = 0.0
        step = self._solve(barrier, curve, self.imbalance, right)
        nothing = np.zeros(curve.shape)
        for _ in range(2):
            # Elimination cancels digits of the equality rows; they are solved for once more.
            flow = floors.raised(step.delta)
            imbalance = self.imbalance + equations.normal.balance(flow)
            rest = right.copy()
            rest[:-1] -= np.einsum("jls,ls->j", self.row_vectors, flow)
            rest[:-1] += self.stiffness * step.multipliers + mixed * step.top
            rest[-1] -= step.multipliers[mixed].sum() if equations.minimax else 0.0
            if max(np.abs(imbalance).max(), np.abs(rest).max()) <= EXACT:
                break
            step = step.moved(self._solve(nothing, nothing, imbalance, rest), 1.0, 1.0)
        step.slacks = np.where(paired, moved - self.stiffness * step.multipliers, 0.0)
        mix = np.zeros(curve.shape)
        if equations.minimax:
            mix = np.einsum("k,kls->ls", step.multipliers[mixed], self.gradients)
        occupancy = self.curved * floors.raised(step.delta)
        self._changes = {
            "occupancy": occupancy,
            "curve": curve + mix - 2 * ratio(self.curve, self.occupancy) * occupancy,
            "barrier": barrier - ratio(self.barrier, point.delta) * step.delta,
        }
        return step

    def _solve(self, barrier: Array, curve: Array, imbalance: Array, right: Array) -> Point:
        """The linear system for one right side, slacks of the side rows eliminated."""
        normal, floors = self.equations.normal, self.equations.floors
        force = floors.spread(barrier) + curve
        h = normal.solve(normal.balance(normal.apply_weights(force)) + imbalance)
        flow = floors.raised(self._response(barrier, curve, normal.differences(h)))
        rest = right.copy()
        rest[:-1] -= np.einsum("jls,ls->j", self.row_vectors, flow)
        side: Array
        try:
            side = np.asarray(np.linalg.solve(self.border, rest), dtype=np.float64)
        except np.linalg.LinAlgError:  # contrasts that are copies of one another
            side = np.asarray(np.linalg.lstsq(self.border, rest)[0], dtype=np.float64)
        h = h - side[:-1] @ self.potentials
        slopes = normal.differences(h) + np.einsum("j,jls->ls", side[:-1], self.columns)
        delta = self._response(barrier, curve, slopes)
        return Point(delta, h, side[:-1], np.zeros(side.size - 1), float(side[-1]))

    def _response(self, barrier: Array, curve: Array, slopes: Array) -> Array:
        """How delta answers to a change of the slopes."""
        floors = self.equations.floors
        if not floors.any:
            return self.equations.normal.apply_weights(barrier + curve - slopes)
        force = barrier + floors.gathered(curve - slopes)
        return np.asarray(np.einsum("slm,ms->ls", self.inverse, force))

    def longest(self, step: Point) -> tuple[float, float]:
        """Largest primal and dual step lengths that keep every sign, infinite where none binds."""
        equations, point = self.equations, self.point
        usable, paired = equations.floors.usable, equations.paired
        primal = min(
            _longest(point.delta[usable], step.delta[usable]),
            _longest(point.slacks[paired], step.slacks[paired]),
        )
        slopes = equations.slopes(step.h, step.multipliers)
        dual = min(
            _longest(self.offered[usable], equations.floors.gathered(slopes)[usable]),
            _longest(point.multipliers[paired], step.multipliers[paired]),
        )
        return primal, dual


def _longest(values: Array, steps: Array) -> float:
    falling = steps < 0
    return float((values[falling] / -steps[falling]).min(initial=np.inf))
