"""Inverse demand: the price p(Q) at which buyers take the total quantity Q.

Each family is a small frozen record with one method, `price`, that accepts a number, an
array or a cvxpy expression. Your own family is any object with such a method.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, ClassVar, Protocol

import cvxpy as cp
import numpy as np

from eqsolve.errors import EqsolveError


class InverseDemand(Protocol):
    """What every demand family offers."""

    def price(self, total: Any) -> Any:
        """Price at which the total quantity is bought, elementwise."""
        ...


def revenue(demand: InverseDemand, quantity: Any, rivals: Any) -> Any:
    """What a firm selling `quantity` earns when its rivals sell `rivals` in total.

    It is ``quantity * price(quantity + rivals)``, unless the family knows a form that
    cvxpy recognises as concave in `quantity`.
    """
    concave = getattr(demand, "concave_revenue", None)
    form = None if concave is None else concave(quantity, rivals)
    return quantity * demand.price(quantity + rivals) if form is None else form


def _positive(owner: object, **values: float) -> None:
    for name, value in values.items():
        if not (isinstance(value, Real) and math.isfinite(value) and value > 0):
            family = type(owner).__name__
            raise EqsolveError(f"{family}: {name} must be a positive number, not {value!r}.")


@dataclass(frozen=True)
class LinearDemand:
    """Straight-line inverse demand, p = intercept - slope Q.

    Parameters
    ----------
    intercept : float
        Price at which nobody buys (money per unit).
    slope : float
        Fall of the price per unit sold (money per unit squared). There is no floor:
        beyond ``intercept / slope`` units the price is negative.

    Examples
    --------
    >>> LinearDemand(intercept=100, slope=2).price(30)
    40
    """

    intercept: float
    slope: float
    kind: ClassVar[str] = "linear"

    def __post_init__(self) -> None:
        _positive(self, intercept=self.intercept, slope=self.slope)

    def price(self, total: Any) -> Any:
        return self.intercept - self.slope * total


@dataclass(frozen=True)
class IsoelasticDemand:
    """Demand of constant elasticity, Q = scale p^(-elasticity).

    Parameters
    ----------
    scale : float
        Quantity bought at a price of one.
    elasticity : float
        Fall of demand in per cent when the price rises by one per cent.

    Notes
    -----
    The price is (Q / scale)^(-1 / elasticity), infinite at Q = 0. With r the rivals' sales
    and e = 1 / elasticity, a firm's revenue q p(q + r) equals
    scale^e ((q + r)^(1 - e) - r (q + r)^(-e)). For an elasticity of at least one both terms
    are concave in q, and that form is used, so that stationarity proves a best response.

    References
    ----------
    Murphy, Sherali and Soyster (1982), "A mathematical programming approach for determining
    oligopolistic market equilibrium", Mathematical Programming 24, 92-106.

    Examples
    --------
    >>> IsoelasticDemand(scale=5000, elasticity=1.0).price(250)
    20.0
    """

    scale: float
    elasticity: float
    kind: ClassVar[str] = "isoelastic"

    def __post_init__(self) -> None:
        _positive(self, scale=self.scale, elasticity=self.elasticity)

    def price(self, total: Any) -> Any:
        return (total / self.scale) ** (-1 / self.elasticity)

    def concave_revenue(self, quantity: Any, rivals: Any) -> Any:
        """Revenue in the form of the notes, or None where it is not concave."""
        if self.elasticity < 1:
            return None
        inverse, total = 1 / self.elasticity, quantity + rivals
        grown = 1.0 if self.elasticity == 1 else total ** (1 - inverse)
        return self.scale**inverse * (grown - rivals * total ** (-inverse))


@dataclass(frozen=True)
class ExponentialDemand:
    """Inverse demand that falls exponentially, p = scale exp(-decay Q).

    Parameters
    ----------
    scale : float
        Price of the first unit (money per unit).
    decay : float
        Share of the price lost per further unit (one over units).

    Notes
    -----
    A firm's revenue rises up to 1 / decay units and is concave up to 2 / decay: every
    best response lies where it is concave, though it is not concave everywhere.

    Examples
    --------
    >>> ExponentialDemand(scale=10, decay=0.5).price(0.0)
    10.0
    """

    scale: float
    decay: float
    kind: ClassVar[str] = "exponential"

    def __post_init__(self) -> None:
        _positive(self, scale=self.scale, decay=self.decay)

    def price(self, total: Any) -> Any:
        exponent = -self.decay * total
        grown = cp.exp(exponent) if isinstance(exponent, cp.Expression) else np.exp(exponent)
        return (
            self.scale * grown if isinstance(grown, cp.Expression) else _plain(self.scale * grown)
        )


@dataclass(frozen=True)
class ConcavePowerDemand:
    """Concave inverse demand, p = intercept - slope Q^power with power >= 1.

    Parameters
    ----------
    intercept : float
        Price at which nobody buys (money per unit).
    slope : float
        Fall of the price when the first unit is sold, if ``power`` is one.
    power : float
        At least one; one gives `LinearDemand`.

    Notes
    -----
    Decreasing and concave, as Shi and Zhang (2020) assume: with convex costs the Nash
    equilibrium exists and is unique.

    Examples
    --------
    >>> ConcavePowerDemand(intercept=10, slope=1, power=2).price(3)
    1
    """

    intercept: float
    slope: float
    power: float
    kind: ClassVar[str] = "concave power"

    def __post_init__(self) -> None:
        _positive(self, intercept=self.intercept, slope=self.slope, power=self.power)
        if self.power < 1:
            raise EqsolveError(
                f"ConcavePowerDemand: power must be at least 1, not {self.power}; "
                "below 1 the price is convex in the quantity."
            )

    def price(self, total: Any) -> Any:
        return self.intercept - self.slope * total**self.power


@dataclass(frozen=True)
class UncertainDemand:
    """Demand that becomes known after the quantities are chosen.

    Parameters
    ----------
    scenarios : sequence of (float, InverseDemand)
        Probability and demand of each scenario; the probabilities sum to one.

    Notes
    -----
    Firms choose once and maximise expected profit. Costs do not depend on the scenario, so
    the expected profit is that of the expected price, sum_s probability_s p_s(Q).

    Raises
    ------
    EqsolveError
        When a probability is negative or they do not sum to one.

    Examples
    --------
    >>> demand = UncertainDemand([(0.25, LinearDemand(80, 1)), (0.75, LinearDemand(120, 1))])
    >>> demand.price(10)
    100.0
    """

    scenarios: Sequence[tuple[float, InverseDemand]]
    kind: ClassVar[str] = "uncertain"

    def __post_init__(self) -> None:
        object.__setattr__(self, "scenarios", tuple((float(p), d) for p, d in self.scenarios))
        probabilities = [probability for probability, _ in self.scenarios]
        if not probabilities or min(probabilities) < 0 or abs(sum(probabilities) - 1) > 1e-9:
            raise EqsolveError(
                f"UncertainDemand: the probabilities {probabilities} must be non-negative "
                "and sum to one."
            )

    def price(self, total: Any) -> Any:
        return sum(probability * demand.price(total) for probability, demand in self.scenarios)

    def concave_revenue(self, quantity: Any, rivals: Any) -> Any:
        """Expected revenue, each scenario in its own concave form where it has one."""
        return sum(
            probability * revenue(demand, quantity, rivals)
            for probability, demand in self.scenarios
        )


def _plain(value: Any) -> Any:
    return float(value) if np.ndim(value) == 0 else value


DEMANDS: dict[str, type[Any]] = {
    family.kind: family
    for family in (
        LinearDemand,
        IsoelasticDemand,
        ExponentialDemand,
        ConcavePowerDemand,
        UncertainDemand,
    )
}
