"""The mixed complementarity problem: the program that equilibrium conditions compile to.

Find x with lower <= x <= upper such that for every coordinate i one of these holds:

    x_i = lower_i and F_i(x) >= 0,   lower_i <= x_i <= upper_i and F_i(x) = 0,
    x_i = upper_i and F_i(x) <= 0.

With infinite bounds a coordinate is free and its row is the equation F_i(x) = 0; with
lower_i = upper_i it is fixed and its row may take any value. x solves the problem iff
x = clip(x - F(x), lower, upper); the largest difference is the natural residual (Facchinei
and Pang, *Finite-Dimensional Variational Inequalities*, 2003, section 1.5).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from scipy import sparse

from eqsolve.errors import EqsolveError
from eqsolve.results import Table

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False, init=False, repr=False)
class ComplementarityProblem:
    """lower <= x <= upper, complementary to F(x).

    Parameters
    ----------
    function : callable, (n,) -> (n,)
        F. Where it is undefined it returns NaN or infinity; it need not silence NumPy's
        warnings, the problem does.
    jacobian : callable, (n,) -> (n, n)
        Derivative of F, as a scipy.sparse matrix (CSC is read without a copy) or an ndarray.
    lower, upper : array_like, shape (n,)
        Bounds in the units of x; infinite where there is none, equal where x is fixed.
    start : array_like, shape (n,), optional
        Where a solver begins, moved into the bounds. Default: zero, moved into the bounds.
    names : sequence of str, optional
        One name a coordinate. Default: "x[0]", "x[1]", ...

    Raises
    ------
    EqsolveError
        A vector has the wrong length or holds NaN, a lower bound lies above its upper bound
        (or both are the same infinity), or a name is missing or repeated.

    Examples
    --------
    A monopolist facing the price 10 - q with unit cost 2 and capacity 3 wants q = 4:

    >>> import numpy as np
    >>> problem = ComplementarityProblem(
    ...     lambda q: 2 * q - 8, lambda q: np.array([[2.0]]), [0.0], [3.0], names=["q"]
    ... )
    >>> problem.residual(np.array([3.0])), problem.residual(np.array([1.0]))
    (0.0, 2.0)
    >>> print(problem.describe())
    Mixed complementarity problem: 1 unknown (1 bounded on both sides).
    unknown  lower  upper  start
    q        0      3      0
    """

    function: Callable[[Vector], Any]
    jacobian: Callable[[Vector], Any]
    lower: Vector
    upper: Vector
    start: Vector
    names: tuple[str, ...]

    kind: ClassVar[str] = "complementarity"

    def __init__(
        self,
        function: Callable[[Vector], Any],
        jacobian: Callable[[Vector], Any],
        lower: ArrayLike,
        upper: ArrayLike,
        start: ArrayLike | None = None,
        names: tuple[str, ...] | list[str] | None = None,
    ) -> None:
        low = _vector("lower", lower)
        n = low.size
        high = _vector("upper", upper, n)
        labels = tuple(f"x[{i}]" for i in range(n)) if names is None else tuple(names)
        if len(labels) != n:
            raise EqsolveError(f"names has {len(labels)} entries for {n} unknowns.")
        if len(set(labels)) != n:
            twice = next(name for name in labels if labels.count(name) > 1)
            raise EqsolveError(f"The name {twice!r} stands for more than one unknown.")
        empty = (low > high) | (low == np.inf) | (high == -np.inf)
        if np.any(empty):
            i = int(np.argmax(empty))
            raise EqsolveError(
                f"Unknown {labels[i]!r}: no number lies between lower {low[i]} and upper {high[i]}."
            )
        begin = np.zeros(n) if start is None else _vector("start", start, n)
        if not np.all(np.isfinite(begin)):
            i = int(np.argmin(np.isfinite(begin)))
            raise EqsolveError(f"start of unknown {labels[i]!r} is {begin[i]}; it must be finite.")
        values = (function, jacobian, low, high, np.clip(begin, low, high), labels)
        for field, value in zip(self.__dataclass_fields__, values, strict=False):
            if isinstance(value, np.ndarray):
                value.setflags(write=False)
            object.__setattr__(self, field, value)

    @property
    def n(self) -> int:
        """Number of unknowns."""
        return self.lower.size

    @property
    def problem(self) -> ComplementarityProblem:
        """The problem itself: it is its own form, with no modelling language beneath."""
        return self

    def evaluate(self, x: Vector) -> Vector:
        """F(x), shape (n,); NaN or infinite where F is undefined.

        Raises
        ------
        EqsolveError
            F does not return n numbers.
        """
        with np.errstate(all="ignore"):
            value = np.array(self.function(x), dtype=np.float64)
        if value.shape != x.shape:
            raise EqsolveError(f"F returns shape {value.shape} for {self.n} unknowns.")
        return value

    def differentiate(self, x: Vector) -> Any:
        """Derivative of F at x, shape (n, n): an ndarray, or a scipy.sparse CSC matrix.

        Raises
        ------
        EqsolveError
            The Jacobian is not n by n.
        """
        with np.errstate(all="ignore"):
            value = self.jacobian(x)
        if sparse.issparse(value):
            value = value if value.format == "csc" else value.tocsc()
        else:
            value = np.asarray(value, dtype=np.float64)
        if value.shape != (self.n, self.n):
            raise EqsolveError(f"The Jacobian has shape {value.shape} for {self.n} unknowns.")
        return value

    def residual(self, x: Vector) -> float:
        """Natural residual max_i |x_i - clip(x_i - F_i(x), lower_i, upper_i)|, in F's units.

        Zero iff x solves the problem; infinite where F is undefined.
        """
        x = np.asarray(x, dtype=np.float64)
        value = self.evaluate(x)
        if not np.all(np.isfinite(value)):
            return float("inf")
        # The same as x - clip(x - F, lower, upper), without cancellation where x is large.
        gap = np.clip(value, x - self.upper, x - self.lower)
        return float(np.abs(gap).max(initial=0.0))

    def describe(self) -> str:
        """What the problem is, as text: its size, its kinds of unknowns, their bounds."""
        low, high = np.isfinite(self.lower), np.isfinite(self.upper)
        fixed = self.lower == self.upper
        kinds = {
            "free": ~low & ~high,
            "bounded below": low & ~high,
            "bounded above": high & ~low,
            "bounded on both sides": low & high & ~fixed,
            "fixed": fixed,
        }
        counts = ", ".join(f"{int(m.sum())} {kind}" for kind, m in kinds.items() if m.any())
        noun = "unknown" if self.n == 1 else "unknowns"
        title = f"Mixed complementarity problem: {self.n} {noun} ({counts or 'none'})."
        rows = tuple(zip(self.names, self.lower, self.upper, self.start, strict=True))
        return str(Table(("unknown", "lower", "upper", "start"), rows, title=title))

    def __repr__(self) -> str:
        return self.describe()


def _vector(label: str, values: ArrayLike, n: int | None = None) -> Vector:
    """A private copy of `values` as a vector of floats, of length n where n is given."""
    array = np.array(values, dtype=np.float64)
    if array.ndim != 1 or (n is not None and array.size != n):
        wanted = "one dimension" if n is None else f"shape ({n},)"
        raise EqsolveError(f"{label} has shape {array.shape}; it must have {wanted}.")
    if np.isnan(array).any():
        raise EqsolveError(f"{label}[{int(np.argmax(np.isnan(array)))}] is NaN.")
    return array
