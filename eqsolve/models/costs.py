"""Production costs C(q), convex and increasing, as small frozen records.

Each has one method, `cost`, that accepts a number, an array or a cvxpy expression. Your own
family is any object with such a method. A plain number stands for a constant marginal cost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from numbers import Real
from typing import Any, ClassVar, Protocol

import cvxpy as cp
import numpy as np

from eqsolve.errors import EqsolveError


class Cost(Protocol):
    """What every cost family offers."""

    def cost(self, quantity: Any) -> Any:
        """Total cost of producing `quantity`, elementwise."""
        ...


def _times(factor: Any, quantity: Any) -> Any:
    # Between an array and a cvxpy vector, * would mean the matrix product.
    if isinstance(quantity, cp.Expression) and np.ndim(factor):
        return cp.multiply(factor, quantity)
    return factor * quantity


def _check(owner: object, least: float, **values: Any) -> None:
    for name, value in values.items():
        array = np.asarray(value)
        if array.dtype.kind not in "iuf":
            family = type(owner).__name__
            raise EqsolveError(f"{family}: {name} must be a number, not {value!r}.")
        numbers = array.astype(float)
        if not (np.isfinite(numbers).all() and (numbers >= least).all()):
            family = type(owner).__name__
            bound = "" if least == -np.inf else f" of at least {least:g}"
            raise EqsolveError(f"{family}: {name} must be a finite number{bound}, not {value!r}.")


@dataclass(frozen=True)
class LinearCost:
    """Constant marginal cost, C(q) = marginal q.

    Parameters
    ----------
    marginal : float
        Money per unit.

    Examples
    --------
    >>> LinearCost(3.0).cost(2)
    6.0
    """

    marginal: Any
    kind: ClassVar[str] = "linear"
    common: ClassVar[frozenset[str]] = frozenset()

    def __post_init__(self) -> None:
        _check(self, -np.inf, marginal=self.marginal)

    def cost(self, quantity: Any) -> Any:
        return _times(self.marginal, quantity)


@dataclass(frozen=True)
class QuadraticCost:
    """Marginal cost that rises in a straight line, C(q) = marginal q + slope q^2 / 2.

    Parameters
    ----------
    marginal : float
        Cost of the first unit (money per unit).
    slope : float
        Rise of the marginal cost per unit, at least zero (money per unit squared).

    Examples
    --------
    >>> QuadraticCost(marginal=3.0, slope=0.5).cost(2)
    7.0
    """

    marginal: Any
    slope: Any
    kind: ClassVar[str] = "quadratic"
    common: ClassVar[frozenset[str]] = frozenset()

    def __post_init__(self) -> None:
        _check(self, -np.inf, marginal=self.marginal)
        _check(self, 0.0, slope=self.slope)

    def cost(self, quantity: Any) -> Any:
        return _times(self.marginal, quantity) + _times(self.slope / 2, quantity**2)


@dataclass(frozen=True)
class PowerCost:
    """Marginal cost plus a power, C'(q) = marginal + (q / scale)^(1 / elasticity).

    In full, C(q) = marginal q + b / (1 + b) scale^(-1/b) q^((1+b)/b) with b the elasticity.

    Parameters
    ----------
    marginal : float
        Cost of the first unit (money per unit).
    scale : float
        Output at which the marginal cost has risen by one, positive.
    elasticity : float
        Elasticity of supply, positive.

    References
    ----------
    Murphy, Sherali and Soyster (1982), Mathematical Programming 24, 92-106. Harker (1988),
    Mathematical Programming 41, 29-59, writes scale^(+1/b): there take one over his scale.

    Examples
    --------
    >>> PowerCost(marginal=6.0, scale=5.0, elasticity=1.0).cost(10)
    70.0
    """

    marginal: Any
    scale: Any
    elasticity: Any
    kind: ClassVar[str] = "power"
    # cvxpy raises to one exponent at a time, so firms declared together must share it.
    common: ClassVar[frozenset[str]] = frozenset({"elasticity"})

    def __post_init__(self) -> None:
        _check(self, -np.inf, marginal=self.marginal)
        _check(self, np.finfo(float).tiny, scale=self.scale, elasticity=self.elasticity)

    def cost(self, quantity: Any) -> Any:
        exponent = 1 + 1 / self.elasticity
        factor = self.scale ** (-1 / self.elasticity) / exponent
        return _times(self.marginal, quantity) + _times(factor, quantity**exponent)


def as_cost(value: Any, owner: str) -> Any:
    """A cost record; a number becomes a constant marginal cost."""
    if isinstance(value, Real) and not isinstance(value, bool):
        return LinearCost(float(value))
    if not hasattr(value, "cost"):
        raise EqsolveError(
            f"{owner}: {value!r} is not a cost; give a number (constant marginal cost) or a "
            "record such as QuadraticCost(marginal, slope)."
        )
    return value


def stack(costs: Sequence[Any], shape: tuple[int, ...]) -> Any | None:
    """Alike costs as one record of arrays, or None when they are not alike.

    Linear costs among quadratic ones count as quadratic with slope zero.
    """
    families = {type(cost) for cost in costs}
    if families == {LinearCost, QuadraticCost}:
        costs = [QuadraticCost(c.marginal, 0.0) if isinstance(c, LinearCost) else c for c in costs]
        families = {QuadraticCost}
    if len(families) != 1:
        return None
    family = families.pop()
    if family not in COSTS.values():
        return None
    arrays: dict[str, Any] = {}
    for field in fields(family):
        values = [getattr(cost, field.name) for cost in costs]
        if field.name in family.common:
            if len(set(values)) > 1:
                return None
            arrays[field.name] = values[0]
        else:
            arrays[field.name] = np.array(values, dtype=float).reshape(shape)
    return family(**arrays)


COSTS: dict[str, type[Any]] = {
    family.kind: family for family in (LinearCost, QuadraticCost, PowerCost)
}
