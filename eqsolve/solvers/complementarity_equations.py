"""A complementarity problem written as equations, with the slopes Newton's method needs.

lower <= x <= upper, complementary to F(x), is the same as Phi(x) = 0 for either of

- the minimum map x - clip(x - F(x), lower, upper) = clip(F(x), x - upper, x - lower);
- the Fischer-Burmeister function phi(a, b) = a + b - sqrt(a^2 + b^2), zero iff a, b >= 0 and
  ab = 0. A coordinate with a lower bound gives phi(x - lower, F), with an upper bound
  -phi(upper - x, -F), with both phi(x - lower, -phi(upper - x, -F)) and with neither F
  (Billups 1995, *Algorithms for complementarity problems and generalized equations*).
  |Phi|^2 is smooth.

Rows of F are divided by the length of their gradient, so that units do not matter and a sum of
ten thousand quantities weighs as much as one of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from eqsolve.solvers.linear_systems import elimination_order, solve_dense, solve_sparse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eqsolve.programs.complementarity import ComplementarityProblem

    Vector = NDArray[np.float64]

_DENSE_BELOW = 200  # unknowns up to which LAPACK beats a sparse factorization
_DENSE_SHARE = 0.15  # share of nonzeros above which it does at any size
_OUTGROWN = 3.0  # growth of a scaled gradient that calls for new scales
_FAR = 1e6  # times the size of the start


class ComplementarityEquations:
    """The equations of one problem, with scales that follow the iterates.

    Points are (n,) and never changed in place; `steps` counts the linear systems solved.
    """

    def __init__(self, problem: ComplementarityProblem) -> None:
        self.problem = problem
        self.lower, self.upper = problem.lower, problem.upper
        self.steps = 0
        self._fixed = self.lower == self.upper
        self._low = np.flatnonzero(np.isfinite(self.lower) & ~self._fixed)
        self._high = np.flatnonzero(np.isfinite(self.upper) & ~self._fixed)
        self._scale = np.ones(problem.n)
        self._far = _FAR * max(1.0, largest(problem.start))
        # The latest point with F, and with its Jacobian: every phase asks for both twice.
        self._valued: tuple[Vector, Vector] | None = None
        self._differentiated: tuple[Vector, Any] | None = None
        self._order: tuple[int, NDArray[np.intp]] | None = None

    def clip(self, x: Vector) -> Vector:
        """The point of the box nearest to x."""
        boxed: Vector = np.clip(x, self.lower, self.upper)
        return boxed

    def value(self, x: Vector) -> Vector | None:
        """Scaled F(x), or None where it is undefined."""
        value = self._raw(x)
        return self._scale * value if np.isfinite(value).all() else None

    def _raw(self, x: Vector) -> Vector:
        if self._valued is None or self._valued[0] is not x:
            self._valued = x, self.problem.evaluate(x)
        return self._valued[1]

    def derivative(self, x: Vector) -> Any:
        """Unscaled Jacobian, an ndarray or CSC; None where it is undefined.

        Where it is infinite it is taken a little inside the box: powers below one have finite
        values and infinite slopes at zero.
        """
        if self._differentiated is not None and self._differentiated[0] is x:
            return self._differentiated[1]
        for point in (x, self._inside(x, 1e-6)):
            slopes = self.problem.differentiate(point)
            if sparse.issparse(slopes) and (
                x.size <= _DENSE_BELOW or slopes.nnz > _DENSE_SHARE * x.size**2
            ):
                slopes = slopes.toarray()
            if np.isfinite(slopes if isinstance(slopes, np.ndarray) else slopes.data).all():
                self._differentiated = x, slopes
                return slopes
        return None

    def enter(self, x: Vector) -> Vector | None:
        """x, or the best of a few points further inside the box where F is undefined at x."""
        if self.value(x) is not None and self.derivative(x) is not None:
            return x
        best, least = None, np.inf
        for margin in (1e-3, 1e-1, 1.0, 10.0):
            point = self._inside(x, margin)
            if self.natural(point) < least and self.derivative(point) is not None:
                best, least = point, self.natural(point)
        return best

    def _inside(self, x: Vector, margin: float) -> Vector:
        """x moved off its bounds by `margin` (relative), at most a quarter of the way across."""
        gap = np.minimum(margin * np.maximum(1.0, np.abs(x)), 0.25 * (self.upper - self.lower))
        moved: Vector = np.clip(x, self.lower + gap, self.upper - gap)
        return moved

    # Scales and residuals ---------------------------------------------------------------

    def rescale(self, slopes: Any) -> None:
        """Divide every row of F by the length of its gradient."""
        length = _row_lengths(slopes)
        self._scale = 1.0 / np.where(length > 0, np.clip(length, 1e-12, 1e12), 1.0)

    def at(self, x: Vector) -> tuple[Vector, Any, bool] | None:
        """Scaled F and the Jacobian at x, and whether the scales had to change for it.

        They change where some row has become far steeper than when it was scaled: merits from
        before and after cannot be compared. None where F or its Jacobian is undefined.
        """
        slopes = self.derivative(x)
        if slopes is None:
            return None
        outgrown = largest(self._scale * _row_lengths(slopes)) > _OUTGROWN
        if outgrown:
            self.rescale(slopes)
        value = self.value(x)
        return None if value is None else (value, slopes, outgrown)

    def gap(self, x: Vector, value: Vector) -> Vector:
        """The minimum map x - clip(x - value, lower, upper), without cancellation."""
        gap: Vector = np.clip(value, x - self.upper, x - self.lower)
        return gap

    def natural(self, x: Vector) -> float:
        """Natural residual in F's own units; infinite where F is undefined."""
        value = self._raw(x)
        return largest(self.gap(x, value)) if np.isfinite(value).all() else float("inf")

    def residual(self, x: Vector) -> float:
        """Natural residual relative to the size of the terms of F; infinite where undefined.

        The size of row i is c_i = max(1, sum_j |dF_i/dx_j x_j|).
        """
        value = self._raw(x)
        if not np.isfinite(value).all():
            return float("inf")
        return largest(self.gap(x, value / self._terms(x)))

    def _terms(self, x: Vector) -> Vector:
        slopes = self.derivative(x)
        terms = np.zeros_like(x) if slopes is None else abs(slopes) @ np.abs(x)
        return np.maximum(1.0, terms)

    def snap(self, x: Vector, tolerance: float) -> Vector:
        """x with unknowns that pass only for lying close to a bound put upon that bound.

        Where F has a pole at the bound, points close to it pass without being near a solution.
        """
        while np.isfinite(self._raw(x)).all():
            nonzero = np.abs(self._raw(x)) > tolerance * self._terms(x)
            low = nonzero & (x - self.lower <= tolerance) & (x > self.lower)
            high = nonzero & (self.upper - x <= tolerance) & (x < self.upper)
            if not (low.any() or high.any()):
                break
            x = np.where(low, self.lower, np.where(high, self.upper, x))
        return x

    def far(self, x: Vector) -> bool:
        """True at a distance where F may look solved because it fades out towards infinity."""
        return largest(x) > self._far

    def fades_out(self, x: Vector, tolerance: float) -> bool:
        """True where x looks solved only for being far away: twice as far does as well."""
        if not self.far(x):
            return False
        doubled = self.clip(np.where(np.abs(x) > 1e-3 * self._far, 2 * x, x))
        return bool(np.any(doubled != x)) and self.residual(doubled) <= tolerance

    # Newton steps -----------------------------------------------------------------------

    def direction(
        self,
        slopes: Any,
        phi: Vector,
        by_x: Vector,
        by_f: Vector,
        weight: float = 0.0,
        thorough: bool = False,
    ) -> Vector | None:
        """d with (diag(by_x) + diag(by_f) (scaled Jacobian + weight I)) d = -phi.

        None where the matrix is singular; `thorough` as in `solve_sparse`.
        """
        self.steps += 1
        rows, shift = by_f * self._scale, by_x + weight * by_f
        if isinstance(slopes, np.ndarray):
            matrix = rows[:, None] * slopes
            matrix.flat[:: phi.size + 1] += shift
            return solve_dense(matrix, -phi)
        # Rows without F say by themselves what their unknown does: they are taken out first.
        step = np.zeros_like(phi)
        out = by_f == 0
        step[out] = -phi[out] / by_x[out]
        order = self._elimination_order(slopes)
        kept = order[~out[order]]
        if kept.size == 0:
            return step
        right = -phi[kept] - rows[kept] * (slopes @ step)[kept]
        block = slopes[:, kept][kept, :]
        data = block.data * rows[kept][block.indices]
        scaled = sparse.csc_array((data, block.indices, block.indptr), shape=block.shape)
        matrix = scaled + sparse.diags_array(shift[kept], format="csc")
        part = solve_sparse(matrix, right, by_f[kept], thorough)
        if part is None:
            return None
        step[kept] = part
        return step

    def _elimination_order(self, slopes: Any) -> NDArray[np.intp]:
        """The order for the Jacobian, found again only if its pattern has grown."""
        if self._order is None or slopes.nnz > self._order[0]:
            self._order = slopes.nnz, elimination_order(slopes)
        return self._order[1]

    def minimum_map(self, x: Vector, value: Vector) -> tuple[Vector, Vector, Vector]:
        """The minimum map and its slopes by x and by F: 1 and 0 at a bound, 0 and 1 off it."""
        below, above = x - self.lower, x - self.upper
        at_bound = ((value >= below) | (value <= above)).astype(np.float64)
        return np.clip(value, above, below), at_bound, 1.0 - at_bound

    def burmeister(self, x: Vector, value: Vector) -> Vector:
        """The Fischer-Burmeister function Phi(x), shape (n,)."""
        phi = value.copy()
        high, low = self._high, self._low
        phi[high] = -_burmeister(self.upper[high] - x[high], -value[high])
        phi[low] = _burmeister(x[low] - self.lower[low], phi[low])
        phi[self._fixed] = (x - self.lower)[self._fixed]
        return phi

    def burmeister_slopes(self, x: Vector, value: Vector, slopes: Any) -> tuple[Vector, Vector]:
        """Slopes of Phi by x and by F, each (n,): an element of the B-subdifferential.

        Where both arguments of phi vanish, it is the limit along a direction into the box (De
        Luca, Facchinei and Kanzow 1996, "A semismooth equation approach to the solution of
        nonlinear complementarity problems", Mathematical Programming 75, 407-439).
        """
        inner, by_x, by_f = value.copy(), np.zeros_like(x), np.ones_like(x)
        high, low = self._high, self._low
        to_upper, to_lower = self.upper[high] - x[high], x[low] - self.lower[low]
        inner[high] = -_burmeister(to_upper, -value[high])
        into = np.zeros_like(x)
        into[low] = (to_lower == 0) & (inner[low] == 0)
        into[high] -= (to_upper == 0) & (value[high] == 0)
        change = self._scale * (slopes @ into) if into.any() else into
        by_x[high], by_f[high] = _slopes(to_upper, -value[high], -into[high], -change[high])
        inner_change = by_x * into + by_f * change
        first, second = _slopes(to_lower, inner[low], into[low], inner_change[low])
        by_x[low] = first + second * by_x[low]
        by_f[low] *= second
        by_x[self._fixed], by_f[self._fixed] = 1.0, 0.0
        return by_x, by_f

    def gradient(self, slopes: Any, phi: Vector, by_x: Vector, by_f: Vector) -> Vector:
        """Gradient of |Phi|^2 / 2."""
        return np.asarray(by_x * phi + slopes.T @ (self._scale * by_f * phi))


def largest(vector: Vector) -> float:
    """Largest absolute entry."""
    return float(np.abs(vector).max(initial=0.0))


def inner(first: Vector, second: Vector) -> float:
    """Inner product without BLAS, whose threads wait for one another on a busy machine."""
    return float(np.einsum("i,i->", first, second))


def norm(vector: Vector) -> float:
    """Euclidean length, like `inner` without BLAS."""
    return float(np.sqrt(inner(vector, vector)))


def _row_lengths(slopes: Any) -> Vector:
    if isinstance(slopes, np.ndarray):
        return np.asarray(np.sqrt(np.einsum("ij,ij->i", slopes, slopes)))
    return np.asarray(
        np.sqrt(np.bincount(slopes.indices, slopes.data**2, minlength=slopes.shape[0]))
    )


def _burmeister(a: Vector, b: Vector) -> Vector:
    """a + b - sqrt(a^2 + b^2), without cancellation where it is small."""
    total, length = a + b, np.sqrt(a * a + b * b)  # ten times faster than np.hypot
    positive = total > 0
    return np.where(positive, 2 * a * b / np.where(positive, total + length, 1.0), total - length)


def _slopes(a: Vector, b: Vector, along_a: Vector, along_b: Vector) -> tuple[Vector, Vector]:
    """Slopes of phi by a and b; at (0, 0) their limit along (along_a, along_b)."""
    kink = (a == 0) & (b == 0)
    if kink.any():
        a, b = np.where(kink, along_a, a), np.where(kink, along_b, b)
    length = np.sqrt(a * a + b * b)
    length = np.where(length > 0, length, 1.0)
    return 1.0 - a / length, 1.0 - b / length
