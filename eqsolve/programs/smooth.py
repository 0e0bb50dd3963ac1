"""A smooth program given by CasADi expressions, to be solved many times over.

    minimize over x   f(x, p)   subject to   lower <= x <= upper,  a <= g(x, p) <= b.

The parameters p change from one solution to the next while the derivatives, taken once,
stay: this is how players' problems are re-solved thousands of times.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import casadi as ca
import numpy as np

from eqsolve.errors import EqsolveError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def _nothing() -> ca.SX:
    return ca.SX(0, 1)


@dataclass(frozen=True, eq=False)
class SmoothProgram:
    """Minimize a CasADi expression subject to bounds and CasADi constraints.

    Parameters
    ----------
    variables : casadi.SX, shape (n,)
        The symbols x.
    objective : casadi.SX, scalar
        f, always minimized.
    constraints : casadi.SX, shape (m,)
        g.
    parameters : casadi.SX, shape (p,)
        Symbols whose values are given at each solution.
    lower, upper : array_like, shape (n,) or a number
        Bounds on x; infinite where there is none. Each solution may override them.
    constraint_lower, constraint_upper : array_like, shape (m,) or a number
        a and b, equal for an equation. By default ``g <= 0``.
    start : array_like, shape (n,), or None
        Where a solver begins; by default the point of the bounds nearest to zero.

    Raises
    ------
    EqsolveError
        A shape does not fit, a number is NaN, or an expression uses a symbol that is neither
        a variable nor a parameter.

    Examples
    --------
    >>> q, rival = ca.SX.sym("q"), ca.SX.sym("rival")
    >>> reply = SmoothProgram(q, -q * (100 - q - rival), parameters=rival, lower=0.0)
    >>> reply.lower, reply.names
    (array([0.]), ('q',))
    """

    variables: ca.SX
    objective: ca.SX
    constraints: ca.SX = field(default_factory=_nothing)
    parameters: ca.SX = field(default_factory=_nothing)
    lower: ArrayLike = -np.inf
    upper: ArrayLike = np.inf
    constraint_lower: ArrayLike = -np.inf
    constraint_upper: ArrayLike = 0.0
    start: ArrayLike | None = None

    kind: ClassVar[str] = "nonlinear"

    def __post_init__(self) -> None:
        for name in ("variables", "constraints", "parameters"):
            # Dense, so that structurally zero rows keep their place.
            object.__setattr__(self, name, ca.densify(ca.vec(ca.SX(getattr(self, name)))))
        object.__setattr__(self, "objective", ca.densify(ca.SX(self.objective)))
        if self.objective.numel() != 1:
            raise EqsolveError(
                f"A smooth program's objective is one number, not {self.objective.numel()} values."
            )
        n, m = self.variables.numel(), self.constraints.numel()
        for name in ("lower", "upper"):
            object.__setattr__(self, name, vector(getattr(self, name), n, f"'{name}'"))
        for name in ("constraint_lower", "constraint_upper"):
            object.__setattr__(self, name, vector(getattr(self, name), m, f"'{name}'"))
        if self.start is not None:
            object.__setattr__(self, "start", vector(self.start, n, "'start'"))
        known = ca.vertcat(self.variables, self.parameters)
        if not known.is_valid_input():
            raise EqsolveError("Variables and parameters of a smooth program are plain symbols.")
        used = ca.vertcat(self.objective, self.constraints)
        check = ca.Function("check", [known], [used], {"allow_free": True})
        if check.has_free():
            unknown = ", ".join(str(symbol) for symbol in check.free_sx())
            raise EqsolveError(
                f"The smooth program uses {unknown}, neither a variable nor a parameter of it."
            )

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the variables."""
        return tuple(str(symbol) for symbol in ca.vertsplit(self.variables))

    @property
    def first_guess(self) -> NDArray[np.float64]:
        """`start`, or the point of the bounds nearest to zero. Shape (n,)."""
        guess = np.zeros(self.variables.numel()) if self.start is None else self.start
        return np.asarray(np.clip(guess, self.lower, self.upper), dtype=np.float64)

    def describe(self) -> str:
        """The program as text."""
        rows = [
            _between(low, str(row), high)
            for low, row, high in zip(
                np.asarray(self.constraint_lower),
                ca.vertsplit(self.constraints),
                np.asarray(self.constraint_upper),
                strict=True,
            )
        ]
        rows += [
            _between(low, name, high)
            for low, name, high in zip(
                np.asarray(self.lower), self.names, np.asarray(self.upper), strict=True
            )
        ]
        lines = [f"Smooth program in {', '.join(self.names)}.", f"minimize {self.objective}"]
        return "\n".join([*lines, "subject to", *(f"  {row}" for row in rows if row)])


def _between(low: float, middle: str, high: float) -> str:
    if low == high:
        return f"{middle} = {low:g}"
    left = f"{low:g} <= " if np.isfinite(low) else ""
    right = f" <= {high:g}" if np.isfinite(high) else ""
    return left + middle + right if left or right else ""


def take(column: Any, index: Any) -> Any:
    """The entries of an SX column at `index` (list or ndarray of int), always as a column.

    Plain indexing turns a single entry, and none, into a row.

    Examples
    --------
    >>> x = ca.SX.sym("x", 3)
    >>> [take(x, index).shape for index in ([2], [], [0, 1])]
    [(1, 1), (0, 1), (2, 1)]
    """
    places = np.asarray(index, dtype=int).tolist()
    return ca.vec(column[places]) if places else ca.SX(0, 1)


def vector(values: ArrayLike, size: int, name: str) -> NDArray[np.float64]:
    """Read `values` as `size` numbers, a single number standing for all of them.

    Raises
    ------
    EqsolveError
        The length differs or a number is NaN; `name` is what the message calls them.
    """
    array = np.asarray(values, dtype=np.float64)
    flat = np.full(size, float(array)) if array.ndim == 0 else array.ravel().copy()
    if flat.size != size:
        raise EqsolveError(f"{name} needs {size} numbers, not {flat.size}.")
    if np.isnan(flat).any():
        raise EqsolveError(f"{name} holds NaN at place {int(np.argmax(np.isnan(flat)))}.")
    return flat
