"""Semismooth Newton for mixed complementarity problems, dense and sparse.

From each starting point three phases follow one another until one succeeds:

1. Newton's method on the minimum map, which solves F = 0 on the coordinates off their bounds:
   a few steps end most linear problems exactly, but it is not globally safe;
2. Newton's method on the Fischer-Burmeister equation, searched along its merit |Phi|^2, damped
   where the matrix is singular, downhill where that does not help (Munson, Facchinei, Ferris,
   Fischer and Kanzow 2001, "The semismooth algorithm for large scale complementarity
   problems", INFORMS Journal on Computing 13, 294-311);
3. implicit steps of growing length along the projected flow x' = -F(x), the proximal
   perturbation that gets past local minima of the merit (Billups and Ferris 1997, "QPCOMP",
   Mathematical Programming 76, 533-562; lengths after Kelley and Keyes 1998, "Convergence
   analysis of pseudo-transient continuation", SIAM Journal on Numerical Analysis 35, 508-523).

If all three fail, perturbed starts follow. What was found is polished on its active set.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from eqsolve.errors import EqsolveError
from eqsolve.results import Solution, Status
from eqsolve.solvers.complementarity_equations import ComplementarityEquations, inner, largest, norm

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from eqsolve.programs.complementarity import ComplementarityProblem

    Vector = NDArray[np.float64]

_MEMORY = 5  # recent residuals and merits of which a step need only undercut the worst
_POLISHING_STEPS = 20
_SMALLEST_WEIGHT = 1e-9  # first proximal weight tried on a singular matrix (rows have length 1)
_SHORTEST_FLOW = 0.1  # flow steps that shrink with a rising residual stop shrinking here


@dataclass(frozen=True)
class SemismoothNewton:
    """Options of the semismooth Newton method.

    Parameters
    ----------
    tolerance : float
        Residual below which a point counts as solved: the largest
        |x_i - clip(x_i - F_i / c_i, lower_i, upper_i)| with c_i = max(1, sum_j |dF_i/dx_j x_j|),
        the size of the terms that cancel in F_i. Once below it, Newton steps on the active set
        go on to the rounding error wherever the Jacobian allows.
    max_iterations : int
        Newton steps from each starting point.
    restarts : int
        Perturbed starting points tried after the given one.
    seed : int
        Seed of the perturbations; the same seed gives the same numbers.

    Raises
    ------
    EqsolveError
        An option is out of range.

    Examples
    --------
    Two firms, price 10 - q1 - q2, costs 1 and 7: the second stays out.

    >>> import numpy as np
    >>> from eqsolve.programs.complementarity import ComplementarityProblem
    >>> slopes = np.array([[2.0, 1.0], [1.0, 2.0]])
    >>> market = ComplementarityProblem(
    ...     lambda q: slopes @ q - [9, 3], lambda q: slopes, [0, 0], [np.inf, np.inf]
    ... )
    >>> solution = SemismoothNewton().solve(market)
    >>> solution.solved, solution.values.tolist()
    (True, [4.5, 0.0])
    """

    tolerance: float = 1e-10
    max_iterations: int = 200
    restarts: int = 8
    seed: int = 0

    name: ClassVar[str] = "semismooth-newton"
    kinds: ClassVar[frozenset[str]] = frozenset({"complementarity"})

    def __post_init__(self) -> None:
        if not self.tolerance > 0:
            raise EqsolveError(f"tolerance is {self.tolerance}; it must be positive.")
        if self.max_iterations < 1 or self.restarts < 0:
            raise EqsolveError("max_iterations must be at least 1 and restarts at least 0.")

    def solve(self, program: ComplementarityProblem, start: ArrayLike | None = None) -> Solution:
        """Solve `program`.

        Parameters
        ----------
        program : ComplementarityProblem
            The problem.
        start : array_like, shape (n,), optional
            Where to begin, moved into the bounds; default `program.start`.

        Returns
        -------
        Solution
            `values` (n,) lie within the bounds: the best point met. `residual` is the one
            that `tolerance` speaks of. `iterations` counts Newton steps, restarts included.
            `status` is SOLVED; ITERATION_LIMIT where some start used up its steps; STALLED
            where every start ended before; FAILED where F is undefined wherever it was tried.

        Raises
        ------
        EqsolveError
            `start` is not a vector of n finite numbers.
        """
        x = program.start if start is None else np.asarray(start, dtype=np.float64)
        if x.shape != program.start.shape or not np.isfinite(x).all():
            raise EqsolveError(f"start must be {program.n} finite numbers.")
        with np.errstate(all="ignore"):  # trials far out may overflow; they are rejected
            return self._attempts(program, np.clip(x, program.lower, program.upper))

    def _attempts(self, program: ComplementarityProblem, x: Vector) -> Solution:
        """From x and, where that fails, from perturbed points."""
        rng = np.random.default_rng(self.seed)
        equations = ComplementarityEquations(program)
        best, natural, residual, limited = x, np.inf, float("inf"), False
        for attempt in range(self.restarts + 1):
            centre = best if attempt % 2 else x
            begin = equations.enter(centre if attempt == 0 else _perturbed(program, centre, rng))
            if begin is None:
                continue
            limit = equations.steps + self.max_iterations
            point, solved = self._from(equations, begin, limit)
            limited |= equations.steps >= limit
            reached = equations.residual(point)
            if solved:
                return Solution(point, Status.SOLVED, reached, equations.steps, self.name)
            if equations.natural(point) < natural:
                best, natural, residual = point, equations.natural(point), reached
        status = Status.ITERATION_LIMIT if limited else Status.STALLED
        if not np.isfinite(residual):
            status = Status.FAILED
        return Solution(best, status, residual, equations.steps, self.name)

    def _from(
        self, equations: ComplementarityEquations, x: Vector, limit: int
    ) -> tuple[Vector, bool]:
        """A solution where the phases find one from x, else the best point they met."""
        best = first = x
        for phase in (_minimum_map, _fischer_burmeister, _flow):
            if equations.steps >= limit:
                break
            # Where the merit has led may be a local minimum or a pole; the flow starts afresh.
            begin = first if phase is _flow else best
            slopes = equations.derivative(begin)
            if slopes is not None:
                equations.rescale(slopes)
            x, done = phase(equations, begin, self.tolerance, limit)
            if done or equations.residual(x) <= self.tolerance:
                x = equations.snap(_polish(equations, x), self.tolerance)
            solved = equations.residual(x) <= self.tolerance
            if solved and not equations.fades_out(x, self.tolerance):
                return x, True
            if equations.natural(x) < equations.natural(best) and not equations.far(x):
                best = x
        return best, False


# Phases take and return a point of the box; True says that the minimum map of the scaled F is
# below the tolerance there. F and its Jacobian are defined at the point they are given.


def _minimum_map(
    equations: ComplementarityEquations, x: Vector, tolerance: float, limit: int
) -> tuple[Vector, bool]:
    """Newton on the minimum map, given up as soon as a short search finds no decrease."""
    best, least, weight = x, np.inf, 0.0
    recent: deque[float] = deque(maxlen=_MEMORY)
    patience = _Patience(0.7, 5)
    limit -= (limit - equations.steps) // 2  # the rest is left to the other phases
    while equations.steps < limit:
        here = equations.at(x)
        if here is None:
            break
        value, slopes, rescaled = here
        if rescaled:
            least = np.inf
            recent.clear()
            patience.renew()
        phi, by_x, by_f = equations.minimum_map(x, value)
        size = norm(phi)
        recent.append(size)
        if size < least:
            best, least = x, size
        if largest(phi) <= tolerance:
            return x, True
        if patience.spent(size):
            break
        step = equations.direction(slopes, phi, by_x, by_f, weight)
        if step is None:
            weight = max(10 * weight, 1.0)
            step = equations.direction(slopes, phi, by_x, by_f, weight)
        if step is None:
            break
        weight = 0.1 * weight if weight > _SMALLEST_WEIGHT else 0.0
        ahead = _undercut(equations, x, step, 0.9999 * max(recent))
        if ahead is None:
            break
        x = ahead
    return best, False


def _undercut(
    equations: ComplementarityEquations, x: Vector, step: Vector, bar: float
) -> Vector | None:
    """The longest of four steps whose minimum map is below `bar`."""
    for length in (1.0, 0.5, 0.25, 0.125):
        trial = equations.clip(x + length * step)
        value = equations.value(trial)
        if value is not None and norm(equations.gap(trial, value)) < bar:
            return trial
    return None


def _polish(equations: ComplementarityEquations, x: Vector) -> Vector:
    """Full steps on the minimum map for as long as they halve the residual."""
    value = equations.value(x)
    size = np.inf
    for _ in range(_POLISHING_STEPS):
        if value is None:
            break
        phi, by_x, by_f = equations.minimum_map(x, value)
        before, size = size, largest(phi)
        slopes = equations.derivative(x)
        if size == 0 or size > 0.5 * before or slopes is None:
            break
        step = equations.direction(slopes, phi, by_x, by_f)
        if step is None:
            break
        trial = equations.clip(x + step)
        value = equations.value(trial)
        if value is None or largest(equations.gap(trial, value)) >= size:
            break
        x = trial
    return x


def _fischer_burmeister(
    equations: ComplementarityEquations, x: Vector, tolerance: float, limit: int
) -> tuple[Vector, bool]:
    """Newton on Phi, searched along the merit; damped, then downhill, where it fails."""
    best, least, weight = x, np.inf, 0.0
    recent: deque[float] = deque(maxlen=_MEMORY)
    patience = _Patience(0.5, 25)
    limit -= (limit - equations.steps) // 3  # the rest is left to the flow
    while equations.steps < limit:
        here = equations.at(x)
        if here is None:
            break
        value, slopes, rescaled = here
        phi = equations.burmeister(x, value)
        merit = inner(phi, phi)
        if rescaled:
            least = np.inf
            recent.clear()
            patience.renew()
        recent.append(merit)
        reached = max(largest(equations.gap(x, value)), largest(x - equations.clip(x)))
        if reached < least:
            best, least = x, reached
        if reached <= tolerance or patience.spent(merit):
            break
        by_x, by_f = equations.burmeister_slopes(x, value, slopes)
        gradient = equations.gradient(slopes, phi, by_x, by_f)
        for attempt in range(4):
            step = equations.direction(slopes, phi, by_x, by_f, weight, thorough=attempt > 1)
            if step is not None and inner(gradient, step) < -1e-8 * merit:
                break
            weight = max(100 * weight, _SMALLEST_WEIGHT)
        else:
            steepness = inner(gradient, gradient)
            if steepness <= 1e-24 * merit:  # a stationary point of the merit
                break
            step = -gradient * (0.5 * merit / steepness)
        weight = 0.1 * weight if weight > 1e-12 else 0.0
        ahead, length = _descend(equations, x, step, max(recent))
        if ahead is None:
            break
        if length < 1e-2:  # a nearly singular matrix sends steps far past where they hold
            weight = max(10 * weight, 1e-3)
        x = ahead
    return equations.clip(best), least <= tolerance


def _descend(
    equations: ComplementarityEquations, x: Vector, step: Vector, merit: float
) -> tuple[Vector | None, float]:
    """The first point along `step`, halved from 1, whose merit is low enough.

    Points are put back into the box. That spoils descent where a sum follows thousands of
    unknowns of which some were put back, so a step may also leave the box, as long as F is
    defined where it would have been put back: roots beyond a pole at the bound do not attract.
    """
    length = 1.0
    while length > 1e-10:
        ahead = x + length * step
        for trial in (equations.clip(ahead), ahead):
            value = equations.value(trial)
            if value is None:
                break
            phi = equations.burmeister(trial, value)
            if inner(phi, phi) <= (1 - 1e-4 * length) * merit:
                return trial, length
        length *= 0.5
    return None, length


def _flow(
    equations: ComplementarityEquations, x: Vector, tolerance: float, limit: int
) -> tuple[Vector, bool]:
    """Implicit Euler steps of x' = -F(x) in the box, longer as the residual falls."""
    best, least, before, length = x, np.inf, np.nan, 1.0
    while equations.steps < limit and length > 1e-12:
        here = equations.at(x)
        if here is None:
            break
        value, slopes, rescaled = here
        gap = equations.gap(x, value)
        size = norm(gap)
        if rescaled:
            least = np.inf
        elif np.isfinite(before):
            fall = before / max(size, 1e-300)
            length *= min(max(1.2 * fall if fall > 0.99 else fall * fall, 0.1), 5.0)
            length = min(max(length, _SHORTEST_FLOW), 1e12)
        before = size
        if largest(gap) < least:
            best, least = x, largest(gap)
        if least <= tolerance:
            break
        ahead, by_x, by_f = equations.minimum_map(x, min(length, 1.0) * value)
        phi = np.where(by_x > 0, ahead, value)
        step = equations.direction(slopes, phi, by_x, by_f, 1.0 / length)
        trial = None if step is None else equations.clip(x + step)
        if trial is None or equations.value(trial) is None:
            length, before = 0.25 * length, np.nan
        else:
            x = trial
    return best, least <= tolerance


class _Patience:
    """Runs out when a quantity has not fallen to `share` of its last milestone in `steps`."""

    def __init__(self, share: float, steps: int) -> None:
        self._share, self._steps = share, steps
        self.renew()

    def renew(self) -> None:
        """Forget the past: what comes is not comparable with it."""
        self._milestone, self._since = float("inf"), 0

    def spent(self, size: float) -> bool:
        if size <= self._share * self._milestone:
            self._milestone, self._since = size, 0
        else:
            self._since += 1
        return self._since >= self._steps


def _perturbed(problem: ComplementarityProblem, centre: Vector, rng: np.random.Generator) -> Vector:
    """A random point of the box, at a random distance from `centre`."""
    spread = 10.0 ** rng.uniform(-1.0, 1.5) * (1.0 + np.abs(centre))
    x = centre + spread * rng.standard_normal(centre.size)
    # One bound reflects; what then lies beyond the other is drawn anew between the two.
    x = np.where(x < problem.lower, 2 * problem.lower - x, x)
    x = np.where(x > problem.upper, 2 * problem.upper - x, x)
    beyond = (x < problem.lower) | (x > problem.upper)
    x[beyond] = rng.uniform(problem.lower[beyond], problem.upper[beyond])
    return np.asarray(x)
