"""An interior-point method for the sampling-design program, for up to 10^6 states.

Generic conic solvers stop being right at 10^4 states: masses span 50 powers of ten. Here the
steps are those of `design_newton`, the start is a feasible mixture of coin flipping and of each
arm run alone (which holds q / gamma within the standard deviations of single steps), and the
answer is judged by `dual_bound`, never by the method's own residuals.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from eqsolve.programs.sampling import SamplingProgram, dual_bound
from eqsolve.results import Solution, Status
from eqsolve.solvers.design_core import Core, core_of
from eqsolve.solvers.design_newton import DesignEquations, Iterate, Point

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

SHORT = 1e-8  # a step no better than none
ENOUGH = 4.0  # times the tolerance: what the states left out may add to it


@dataclass(frozen=True)
class DesignInteriorPoint:
    """Solve a `SamplingProgram`.

    Parameters
    ----------
    tolerance : float
        Relative gap between the criterion and its dual bound to stop at.
    max_steps : int
        Most Newton steps.
    boundary : float
        Part of the way to the boundary that a step may go.
    """

    tolerance: float = 1e-9
    max_steps: int = 100
    boundary: float = 0.99

    name: ClassVar[str] = "design-interior-point"
    kinds: ClassVar[frozenset[str]] = frozenset({"sampling"})

    def solve(self, program: SamplingProgram, start: Solution | None = None) -> Solution:
        """Solve.

        Parameters
        ----------
        program : SamplingProgram
        start : Solution, optional
            The answer to a similar program, of the same shape.

        Returns
        -------
        Solution
            `values` is gamma (A, S) flattened, `multipliers` (S + 2 + K,) are h, nu, kappa and
            lambda as `dual_bound` reads them, `residual` the relative gap they prove.
            `Status.INFEASIBLE` when they prove that no occupancy meets the cost limit.
        """
        if program.share >= 1.0 or not (program.scales * program.usable).any():
            return self._coin(program)
        reference = reference_flow(program)
        core = core_of(program, reference)
        if core is not None:
            inner = reference[:, core.states]
            found = self._cold(core.program, inner / float((core.program.prices * inner).sum()))
            extended = self._extended(core, found)
            if extended.solved:
                return extended
        if start is None:
            return self._cold(program, reference)
        equations = DesignEquations(program, reference)
        return self._iterate(equations, *_warm(equations, start))

    def _cold(self, program: SamplingProgram, reference: Array) -> Solution:
        equations = DesignEquations(program, reference)
        return self._iterate(equations, equations.start(), 1.0)

    def _extended(self, core: Core, found: Solution) -> Solution:
        """The core's answer for all states, solved if the whole program's own bound says so."""
        if not found.solved or found.multipliers is None:
            return found
        inside = found.values.reshape(core.program.arms, -1)
        occupancy = core.extended_flow(inside)
        multipliers = core.extended_multipliers(found.multipliers, inside)
        value = core.whole.value(occupancy)
        gap = abs(value - dual_bound(core.whole, multipliers, occupancy)) / value
        return replace(
            found,
            values=occupancy.ravel(),
            multipliers=multipliers,
            objective=value,
            residual=gap,
            status=Status.SOLVED if gap <= ENOUGH * self.tolerance else Status.STALLED,
        )

    def _iterate(self, equations: DesignEquations, point: Point, mu: float) -> Solution:
        best: Iterate | None = None
        status, steps, stuck = Status.ITERATION_LIMIT, 0, 0
        for steps in range(self.max_steps + 1):
            iterate = Iterate(equations, point, mu)
            if iterate.lower == np.inf:
                status, best = Status.INFEASIBLE, iterate
                break
            if best is None or _worth(iterate) < _worth(best):
                best = iterate
            if _worth(iterate) <= self.tolerance:
                status = Status.SOLVED
                break
            if steps == self.max_steps:
                break
            point, mu, length = self._advance(iterate)
            stuck = stuck + 1 if length < SHORT else 0
            if stuck == 3 or not np.isfinite(mu):
                status = Status.STALLED
                break
        assert best is not None
        return Solution(
            values=best.occupancy.ravel(),
            status=status,
            residual=abs(best.gap),
            iterations=steps,
            solver=self.name,
            multipliers=best.multipliers(),
            objective=best.upper,
        )

    def _advance(self, iterate: Iterate) -> tuple[Point, float, float]:
        """The next point, its mu, and how long the step was."""
        iterate.factorize()
        predicted = iterate.direction(0.0)
        reach = min(1.0, *iterate.longest(predicted))
        # mu may fall as fast as the prediction goes far, yet not outrun the proven gap: points
        # far off the path converge slowly.
        behind = 0.01 * abs(iterate.gap) * iterate.worth / iterate.mu
        centring = max((1.0 - reach) ** 3, 1e-4, behind)
        target = min(1.0, centring) * iterate.mu
        step = iterate.direction(target, predicted, trust=reach**2)
        primal, dual = (min(1.0, self.boundary * reach) for reach in iterate.longest(step))
        if iterate.equations.minimax:
            # Weights of contrasts and variances multiply each other: one length for both.
            primal = dual = min(primal, dual)
        length = min(primal, dual)
        mu = iterate.mu - length * (iterate.mu - target)
        return iterate.point.moved(step, primal, dual), mu, length

    def _coin(self, program: SamplingProgram) -> Solution:
        """Coin flipping, where nothing is to be chosen or nothing to be learned."""
        coin = program.coin
        multipliers = np.concatenate(
            [np.zeros(program.states), [0.0, 0.0], np.ones(program.contrasts)]
        )
        variances = program.variances(coin)
        if program.share >= 1.0 and variances.any():
            mix = np.ones(program.contrasts)
            if program.criterion == "minimax":
                mix = (np.arange(mix.size) == variances.argmax()).astype(float)
            slopes = np.zeros(coin.shape)
            squares = np.einsum("k,kls->ls", mix, program.scales**2)
            np.divide(squares, coin**2, out=slopes, where=squares > 0)
            # A price so high that coin flipping is the best that is left.
            multipliers[program.states] = 2 * float(slopes.sum(axis=0).max() / program.prices.min())
            multipliers[program.states + 2 :] = mix
        value = program.value(coin)
        bound = dual_bound(program, multipliers, coin)
        return Solution(
            values=coin.ravel(),
            status=Status.SOLVED,
            residual=abs(value - bound) / value if value > 0 else 0.0,
            iterations=0,
            solver=self.name,
            multipliers=multipliers,
            objective=value,
        )


def _worth(iterate: Iterate) -> float:
    return max(abs(iterate.gap), iterate.residual)


def reference_flow(program: SamplingProgram) -> Array:
    """A flow that is positive wherever arms are usable, in balance, of price one; shape (A, S).

    Half coin flipping, half the arms that may run alone: where one arm alone stays far more than
    a coin does, coin flipping by itself would be powers of ten away from any good design.
    """
    usable = program.usable
    coin = np.where(usable, program.coin, 0.0)
    if not (coin[usable] > 0).all():
        coin = _coin_flips(program)
    alone = ~np.asarray((program.laws > 0) & ~usable).any(axis=1, keepdims=True)
    runs = np.where(alone & usable, program.laws, 0.0)
    flow = coin / coin.sum() + runs / program.arms
    return np.asarray(flow / float((program.prices * flow).sum()))


def _coin_flips(program: SamplingProgram) -> Array:
    """Occupancy of flipping coins between usable arms, in the states that have some."""
    from scipy import sparse

    from eqsolve.markov import stationary_law

    usable = program.usable
    policy = usable / np.maximum(usable.sum(axis=0), 1)
    live = np.flatnonzero(usable.any(axis=0))
    chain = sum(
        sparse.diags_array(policy[arm]) @ kernel for arm, kernel in enumerate(program.kernels)
    )
    law = np.zeros(program.states)
    law[live] = stationary_law(sparse.csr_array(chain)[live][:, live])
    return np.asarray(policy * law)


def _warm(equations: DesignEquations, start: Solution) -> tuple[Point, float]:
    """An earlier answer, drawn away from the boundary."""
    program, point = equations.program, equations.start()
    shape = (program.arms, program.states)
    if start.multipliers is None or start.values.size != point.delta.size:
        return point, 1.0
    flow = (start.values.reshape(shape) - program.share * program.coin) / (1.0 - program.share)
    kept = np.maximum(np.where(program.usable, equations.floors.lowered(flow), 0.0), 0.0)
    if not np.isfinite(kept).all() or kept.sum() <= 0:
        return point, 1.0
    kept = 0.9 * kept / float((program.prices * equations.floors.raised(kept)).sum())
    point.delta = kept + 0.1 * point.delta
    h, nu = start.multipliers[: program.states], start.multipliers[program.states]
    if not nu > 0:
        return point, 1.0
    # The variances' unit may have changed; nu tells in which the multipliers are.
    flow = equations.occupancy(point.delta)
    value = program.value(flow) / equations.unit
    point.h = h * (value / nu)
    point.multipliers[0] = value
    equations.lift(point, 0.01 * value)
    offered = equations.slopes(point.h, point.multipliers)
    spare = float((offered * flow).sum()) - value
    return point, min(1.0, max(spare, 0.01 * value))
