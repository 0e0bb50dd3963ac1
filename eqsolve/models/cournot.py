"""Cournot competition: firms choose quantities of one good, the market sets its price.

Firm i chooses q_i in [0, cap_i] to maximise

    q_i p(q_1 + ... + q_N) - C_i(q_i) - tax_i q_i.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from numbers import Real
from typing import Any

import cvxpy as cp
import numpy as np
from numpy.typing import NDArray

from eqsolve.errors import EqsolveError
from eqsolve.games import Game, Player, Population
from eqsolve.models._quantities import firm_names, non_negative, per_firm, quantities
from eqsolve.models.costs import as_cost, stack
from eqsolve.models.demand import InverseDemand, revenue

Array = NDArray[np.float64]
MANY = 50  # firms; from here on alike firms are declared by one vector expression


def cournot(
    firms: int | Sequence[str] | None = None,
    *,
    costs: Any,
    demand: InverseDemand,
    capacities: Any = None,
    taxes: Any = 0.0,
) -> Game:
    """A Cournot market.

    Parameters
    ----------
    firms : int or sequence of str, optional
        How many firms (then called ``firm1``, ``firm2``, ...) or their names. By default
        the keys of `costs`, or as many as it has entries.
    costs : number, cost record, or sequence or mapping of them by firm
        Production costs: `LinearCost`, `QuadraticCost`, `PowerCost`, any object with a
        method ``cost``, or a number for a constant marginal cost (money per unit). A list
        in a firm's place gives it several plants, one cost each; its strategy is then the
        vector of their outputs.
    demand : InverseDemand
        `LinearDemand`, `IsoelasticDemand`, `ExponentialDemand`, `ConcavePowerDemand`,
        `UncertainDemand` (scenarios with probabilities; firms maximise expected profit), or
        any object with a method ``price``.
    capacities : number, or sequence or mapping by firm, optional
        Largest outputs (units); for a firm with several plants a list. None: no limit.
    taxes : number, or sequence or mapping by firm
        Tax on each unit sold (money per unit); negative for a subsidy.

    Returns
    -------
    Game
        Below 50 firms, or when costs differ in kind, one `Player` a firm with a variable
        named after it; otherwise one `Population` with variable ``q`` of shape (firms,).
        Player names are the same either way. Every variable carries a start: the symmetric
        equilibrium of the firm with average costs.

    Raises
    ------
    EqsolveError
        When entries and firms do not match or a number is out of range.

    Notes
    -----
    With linear demand p = a - b Q and constant marginal costs c_i, all active, the Nash
    equilibrium is Q = (N a - sum c) / (b (N + 1)), q_i = (a - c_i - b Q) / b, and firm i
    earns b q_i^2.

    References
    ----------
    Cournot (1838), "Recherches sur les principes mathematiques de la theorie des richesses",
    chapter 7.

    Examples
    --------
    >>> import eqsolve as eq
    >>> market = eq.models.cournot(
    ...     costs={"north": 5.0, "south": eq.models.QuadraticCost(2.0, slope=1.0)},
    ...     demand=eq.models.LinearDemand(intercept=100, slope=1),
    ...     capacities={"north": 20.0, "south": None},
    ... )
    >>> market.player_names
    ('north', 'south')
    >>> nash = eq.solve(market)
    >>> [round(float(nash[firm][0]), 4) for firm in market.player_names]
    [20.0, 26.0]
    """
    names = firm_names(firms, costs)
    plants = [
        [as_cost(cost, f"Firm {name!r}") for cost in (entry if _several(entry) else [entry])]
        for name, entry in zip(names, per_firm(costs, names, "costs"), strict=True)
    ]
    limits = [
        _plant_limits(entry, len(own), name)
        for name, own, entry in zip(
            names, plants, per_firm(capacities, names, "capacities"), strict=True
        )
    ]
    tax = np.array(
        [
            _tax(entry, name)
            for name, entry in zip(names, per_firm(taxes, names, "taxes"), strict=True)
        ]
    )
    if len(names) >= MANY and all(len(own) == 1 for own in plants):
        together = stack([own[0] for own in plants], (len(names),))
        if together is not None:
            return _population(names, together, demand, np.concatenate(limits), tax)
    return _players(names, plants, demand, limits, tax)


def _tax(value: Any, name: str) -> float:
    if not isinstance(value, Real) or not np.isfinite(float(value)):
        raise EqsolveError(f"Firm {name!r}: the tax must be a number, not {value!r}.")
    return float(value)


def _several(entry: Any) -> bool:
    return isinstance(entry, (list, tuple, np.ndarray))


def _plant_limits(entry: Any, count: int, name: str) -> Array:
    values = list(entry) if _several(entry) else [entry] * count
    if len(values) != count:
        raise EqsolveError(f"Firm {name!r}: {len(values)} capacities for {count} plants.")
    return np.array([non_negative(v, f"Firm {name!r}: the capacity") for v in values])


def _players(
    names: Sequence[str],
    plants: Sequence[Sequence[Any]],
    demand: InverseDemand,
    limits: Sequence[Array],
    tax: Array,
) -> Game:
    declared = [
        quantities(name, limit if len(own) > 1 else limit.reshape(()))
        for name, own, limit in zip(names, plants, limits, strict=True)
    ]
    sold = [cp.sum(q) if q.shape else q for q, _ in declared]

    def average_cost(total: float) -> float:
        # Each firm spreads its share evenly over its plants.
        share = total / len(names)
        costs = [sum(c.cost(share / len(own)) for c in own) for own in plants]
        return float(np.mean(costs) + share * tax.mean())

    start = symmetric_start(demand, average_cost, len(names))
    total = cp.sum(cp.hstack(sold)) if len(names) >= MANY else None
    players = []
    for j, (name, own, (q, rows)) in enumerate(zip(names, plants, declared, strict=True)):
        if len(names) < MANY:
            earned = revenue(demand, sold[j], sum(sold[:j] + sold[j + 1 :]))
        else:  # one shared total, lest N firms cost N^2 terms
            earned = sold[j] * demand.price(total)
        parts = [own[0].cost(q)] if not q.shape else [c.cost(q[k]) for k, c in enumerate(own)]
        profit = earned - sum(parts) - (tax[j] * sold[j] if tax[j] else 0)
        if start is not None:
            q.value = np.minimum(np.full(q.shape, start / len(own)), limits[j].reshape(q.shape))
        players.append(Player(name, cp.Maximize(profit), [q], rows))
    return Game(players)


def _population(
    names: Sequence[str], costs: Any, demand: InverseDemand, limits: Array, tax: Array
) -> Game:
    q, rows = quantities("q", limits)
    profit = cp.multiply(q, demand.price(cp.sum(q))) - costs.cost(q)
    if tax.any():
        profit = profit - cp.multiply(tax, q)

    def average_cost(total: float) -> float:
        share = np.full(len(names), total / len(names))
        return float(np.mean(costs.cost(share)) + share[0] * tax.mean())

    start = symmetric_start(demand, average_cost, len(names))
    if start is not None:
        q.value = np.minimum(start, limits)
    return Game([Population("firm", q, maximize=profit, constraints=rows, names=names)])


def symmetric_start(
    demand: InverseDemand, average_cost: Callable[[float], float], firms: int
) -> float | None:
    """Output of each of `firms` equal firms at their common equilibrium, or None.

    Bisection, on a logarithmic scale, for the total Q at which the marginal revenue
    p(Q) + p'(Q) Q / N meets the marginal cost of the average firm. None when no sign change
    is found, as for a monopoly facing an elasticity below one.
    """

    def slope(function: Callable[[float], Any], total: float) -> float:
        step = 1e-6 * total
        return float(function(total + step) - function(total - step)) / (2 * step)

    def margin(total: float) -> float:
        marginal_revenue = demand.price(total) + slope(demand.price, total) * total / firms
        return float(marginal_revenue) - firms * slope(average_cost, total)

    low, high = 1e-9, 1e12
    with np.errstate(all="ignore"):
        if not margin(low) > 0 > margin(high):
            return None
        for _ in range(100):
            middle = float(np.sqrt(low * high))
            low, high = (middle, high) if margin(middle) > 0 else (low, middle)
    return float(np.sqrt(low * high)) / firms
