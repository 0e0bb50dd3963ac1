"""Cournot competition over a network of markets.

Firms produce at nodes and sell at nodes. At market k the price is
p_k(S_k) = intercept_k - slope_k S_k, with S_k what all firms (and arbitragers) sell there.

**Transport.** Firm f ships x_k from its plant at node i at the cost t_ik of the cheapest
path, and maximises sum_k (p_k - t_ik) x_k - C_f(sum_k x_k).

**Power lines** (Hobbs 2001, bilateral market). Firm f sells s_fk at node k and generates
g_fi at node i. Moving one unit of power from the hub to node k costs the congestion price
w_k, which firms take as given: firm f maximises

    sum_k (p_k(S_k) - w_k) s_fk - sum_i (C_fi(g_fi) - w_i g_fi)   s.t. sum_k s_fk = sum_i g_fi.

The system operator takes w as given too, and maximises what moving power earns,
sum_k w_k y_k, subject to the line limits -T <= D y <= T, D the distribution factors. The
congestion prices clear the market for transmission, y_k = sum_f (s_fk - g_fk).

*As a game.* Let clearing be a shared constraint of all players, and give neither firms nor
operator any term in w: firms maximise sum_k p_k s_fk - sum_i C_fi, the operator's payoff is
zero. In a variational equilibrium every player sees the same multiplier of the clearing
constraint at node k; call it w_k. Firm f's stationarity is then that of
profit - sum_k w_k (s_fk - g_fk), the operator's that of 0 + sum_k w_k y_k over its own line
limits: exactly the conditions above. Conversely Hobbs's equilibrium with its w satisfies the
variational conditions. So the variational equilibrium is the market's equilibrium and the
multipliers of clearing are its congestion prices; w = D' (multipliers of the line limits),
zero at the hub and everywhere when no line is full. A generalized equilibrium that is not
variational would let different players pay different prices on one line.

*Arbitrage.* Price-taking traders buy and sell at all nodes, a_k with sum_k a_k = 0, and
maximise sum_k (p_k - w_k) a_k. A price taker's conditions are those of maximising the area
under the demand curves, sum_k (intercept_k - slope_k S_k) a_k - slope_k a_k^2 / 2, with S_k
the firms' sales. Firms hold a_k fixed. Price differences are then congestion prices only.

The game has an exact potential: sum_k (intercept_k S_k - slope_k S_k^2 / 2
- slope_k sum_f s_fk^2 / 2) - costs, under all constraints together.

References
----------
Hobbs (2001), "Linear complementarity models of Nash-Cournot competition in bilateral and
POOLCO power markets", IEEE Transactions on Power Systems 16, 194-202. Metzler, Hobbs and
Pang (2003), "Nash-Cournot equilibria in power markets on a linearized DC network with
arbitrage: formulations and properties", Networks and Spatial Economics 3, 123-150.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import cvxpy as cp
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from eqsolve.errors import EqsolveError
from eqsolve.games import Game, Player, Population
from eqsolve.models._quantities import non_negative, quantities
from eqsolve.models.costs import LinearCost, as_cost, stack
from eqsolve.models.grid import Grid

if TYPE_CHECKING:
    import networkx as nx

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Plant:
    """Where and at what cost a firm produces.

    Parameters
    ----------
    node : node of the graph
        Where it stands.
    cost : number or cost record
        `LinearCost` or `QuadraticCost`; a number is a constant marginal cost.
    capacity : float, optional
        Largest output (units); None for no limit.

    Examples
    --------
    >>> Plant(node="north", cost=15, capacity=100)
    Plant(node='north', cost=15, capacity=100)
    """

    node: Hashable
    cost: Any
    capacity: float | None = None


def networked_cournot(
    graph: nx.Graph,
    firms: Mapping[str, Plant | Sequence[Plant]],
    *,
    network: Literal["transport", "power"] = "transport",
    arbitrage: bool = False,
    price_gap: float | None = None,
    hub: Hashable | None = None,
) -> Game:
    """Firms at the nodes of a graph compete in quantities at its markets.

    Parameters
    ----------
    graph : networkx.Graph or networkx.DiGraph
        Nodes with attributes ``intercept`` and ``slope`` (both positive) are markets; nodes
        without are only passed through. Edges carry ``cost`` (transport, money per unit;
        default 0; a DiGraph's edges lead one way) or, as power lines, ``reactance``
        (default 1) and ``limit`` (units; default none).
    firms : mapping of str to Plant or sequence of Plant
        Each firm's plants.
    network : "transport" or "power"
        Shipping at the cost of the cheapest path, or lines in the direct-current
        approximation with a price-taking system operator.
    arbitrage : bool
        With power lines: price-taking traders remove every price difference that congestion
        does not explain.
    price_gap : float, optional
        With transport: prices at any two markets may differ by at most so much, a limit all
        firms share (Pang and Hobbs 2007, where arbitragers would step in beyond it).
    hub : node, optional
        Where congestion prices are zero; by default the first node. It does not change
        quantities.

    Returns
    -------
    Game
        Transport: the firms, with variable ``shipments`` of shape (firms, plants x markets).
        Power: the firms, with ``sales`` (firms, markets) and ``generation`` (firms, plants),
        and the player ``operator`` with ``moved`` (nodes,), what goes from the hub to each
        node; with arbitrage the player ``arbitrager`` with ``traded`` (markets,). Firms with
        fewer plants than the largest have idle ones of capacity zero. Markets and nodes stand
        in the graph's order. Clearing is the one shared constraint; its multipliers are the
        congestion prices, what moving one more unit to the node costs.

    Raises
    ------
    EqsolveError
        Naming the node, edge or firm at fault.

    Notes
    -----
    See the module for the equations and for why the variational equilibrium with a shared
    clearing constraint is Hobbs's market with a price-taking operator.

    Examples
    --------
    Two nodes and one line; the cheap firm in the north cannot send all it would:

    >>> import networkx as nx, eqsolve as eq
    >>> graph = nx.Graph()
    >>> graph.add_nodes_from(["north", "south"], intercept=40.0, slope=0.1)
    >>> graph.add_edge("north", "south", limit=10.0)
    >>> market = eq.models.networked_cournot(
    ...     graph,
    ...     {"hydro": eq.models.Plant("north", 10.0), "gas": eq.models.Plant("south", 20.0)},
    ...     network="power",
    ... )
    >>> equilibrium = eq.solve(market, eq.VariationalEquilibrium())
    >>> equilibrium.values["sales"].round(2).tolist()
    [[110.83, 88.33], [78.33, 55.83]]
    >>> [w.round(2).tolist() for name, w in equilibrium.multipliers.items() if "clearing" in name]
    [[0.0, 6.75]]
    """
    markets, intercept, slope = _markets(graph)
    plants = _plants(graph, firms)
    names = tuple(plants)
    width = max(len(own) for own in plants.values())
    shape = (len(names), width)
    cost, capacity = _stacked(plants, shape)
    if network == "transport":
        if arbitrage or hub is not None:
            raise EqsolveError("networked_cournot: arbitrage and hub need network='power'.")
        return _transport(
            graph, plants, names, (markets, intercept, slope), cost, capacity, price_gap
        )
    if network != "power":
        raise EqsolveError(
            f"networked_cournot: network is 'transport' or 'power', not {network!r}."
        )
    if price_gap is not None:
        raise EqsolveError("networked_cournot: price_gap needs network='transport'.")
    grid = Grid.read(graph, hub)
    return _power(grid, plants, names, (markets, intercept, slope), cost, capacity, arbitrage)


def _markets(graph: nx.Graph) -> tuple[tuple[Hashable, ...], Array, Array]:
    markets: list[Hashable] = []
    intercepts: list[float] = []
    slopes: list[float] = []
    for node, data in graph.nodes(data=True):
        if "intercept" not in data and "slope" not in data:
            continue
        for name, into in (("intercept", intercepts), ("slope", slopes)):
            value = data.get(name)
            if not isinstance(value, (int, float)) or not value > 0:
                raise EqsolveError(f"Node {node!r}: {name} must be positive, not {value!r}.")
            into.append(float(value))
        markets.append(node)
    if not markets:
        raise EqsolveError("networked_cournot: no node has demand (intercept and slope).")
    return tuple(markets), np.array(intercepts), np.array(slopes)


def _plants(
    graph: nx.Graph, firms: Mapping[str, Plant | Sequence[Plant]]
) -> dict[str, list[Plant]]:
    if not isinstance(firms, Mapping) or not firms:
        raise EqsolveError("networked_cournot: firms must map names to a Plant or several.")
    plants = {}
    for name, own in firms.items():
        listed: list[Any] = list(own) if isinstance(own, (list, tuple)) else [own]
        for plant in listed:
            if not isinstance(plant, Plant):
                raise EqsolveError(f"Firm {name!r}: {plant!r} is not a Plant.")
            if plant.node not in graph:
                raise EqsolveError(f"Firm {name!r}: {plant.node!r} is not a node of the graph.")
        if not listed:
            raise EqsolveError(f"Firm {name!r} has no plants.")
        plants[str(name)] = listed
    return plants


def _stacked(plants: Mapping[str, list[Plant]], shape: tuple[int, int]) -> tuple[Any, Array]:
    costs, capacities = [], []
    for name, own in plants.items():
        idle = shape[1] - len(own)
        costs += [as_cost(p.cost, f"Firm {name!r}") for p in own] + [LinearCost(0.0)] * idle
        capacities += [non_negative(p.capacity, f"Firm {name!r}: the capacity") for p in own]
        capacities += [0.0] * idle
    together = stack(costs, shape)
    if together is None:
        raise EqsolveError("networked_cournot: plants' costs must be linear or quadratic.")
    return together, np.array(capacities).reshape(shape)


def _per_firm(terms: Any) -> Any:
    """Row sums: one entry a firm."""
    return cp.sum(terms, axis=1)


def _transport(
    graph: nx.Graph,
    plants: Mapping[str, list[Plant]],
    names: tuple[str, ...],
    demand: tuple[tuple[Hashable, ...], Array, Array],
    cost: Any,
    capacity: Array,
    price_gap: float | None,
) -> Game:
    markets, intercept, slope = demand
    count, width = capacity.shape
    distance = _cheapest(graph, plants, markets, width)  # (firms, plants, markets)
    limits = np.where(np.isfinite(distance), np.inf, 0.0).reshape(count, -1)
    x, rows = quantities("shipments", limits)
    # Columns of x run over plants, then markets: these add them up either way.
    by_market = sp.kron(np.ones((width, 1)), sp.eye(len(markets)), format="csr")
    by_plant = sp.kron(sp.eye(width), np.ones((len(markets), 1)), format="csr")
    sold, output = (x, None) if width == 1 else (x @ by_market, x @ by_plant)
    output = cp.sum(x, axis=1, keepdims=True) if output is None else output
    price = intercept - cp.multiply(slope, cp.sum(sold, axis=0))
    carriage = np.where(np.isfinite(distance), distance, 0.0).reshape(count, -1)
    profit = sold @ price - _per_firm(cost.cost(output))
    if carriage.any():
        profit = profit - _per_firm(cp.multiply(carriage, x))
    if np.isfinite(capacity).all():
        rows = [*rows, _named("capacity", output <= capacity)]
    elif np.isfinite(capacity).any():
        raise EqsolveError(
            "networked_cournot: give every plant a capacity or none; a plant without a "
            "limit may be given one it never reaches."
        )
    shared = []
    if price_gap is not None:
        first, second = np.triu_indices(len(markets), 1)
        difference = price[first] - price[second]
        shared = [
            _named("price gap", difference <= price_gap),
            _named("price gap, reversed", -difference <= price_gap),
        ]
    firms = Population("firm", [x], maximize=profit, constraints=rows, names=names)
    return Game([firms], shared)


def _cheapest(
    graph: nx.Graph,
    plants: Mapping[str, list[Plant]],
    markets: tuple[Hashable, ...],
    width: int,
) -> Array:
    import networkx as nx

    for a, b, data in graph.edges(data=True):
        if "limit" in data:
            raise EqsolveError(
                f"Edge {(a, b)} has a limit; transport has none: use network='power'."
            )
        if not isinstance(data.get("cost", 0.0), (int, float)) or data.get("cost", 0.0) < 0:
            raise EqsolveError(f"Edge {(a, b)}: cost must be at least zero.")
    known: dict[Hashable, Array] = {}
    out = np.full((len(plants), width, len(markets)), np.inf)
    for f, own in enumerate(plants.values()):
        for j, plant in enumerate(own):
            if plant.node not in known:
                lengths = nx.single_source_dijkstra_path_length(
                    graph, plant.node, weight=lambda a, b, data: data.get("cost", 0.0)
                )
                known[plant.node] = np.array([lengths.get(k, np.inf) for k in markets])
            out[f, j] = known[plant.node]
    return out


def _power(
    grid: Grid,
    plants: Mapping[str, list[Plant]],
    names: tuple[str, ...],
    demand: tuple[tuple[Hashable, ...], Array, Array],
    cost: Any,
    capacity: Array,
    arbitrage: bool,
) -> Game:
    markets, intercept, slope = demand
    count, width = capacity.shape
    place = {node: k for k, node in enumerate(grid.nodes)}
    sales = cp.Variable((count, len(markets)), nonneg=True, name="sales")
    generation, rows = quantities("generation", capacity)
    moved = cp.Variable(len(grid.nodes), name="moved")
    traded = cp.Variable(len(markets), name="traded") if arbitrage else None

    sold = cp.sum(sales, axis=0)
    here = sold if traded is None else sold + traded
    price = intercept - cp.multiply(slope, here)
    profit = sales @ price - _per_firm(cost.cost(generation))
    balance = _named("balance", _per_firm(sales) == _per_firm(generation))
    firms = Population(
        "firm", [sales, generation], maximize=profit, constraints=[*rows, balance], names=names
    )

    limited = np.isfinite(grid.limits)
    flow = grid.factors[limited] @ moved
    limits = []
    if limited.any():
        limits = [
            _named("line limit", flow <= grid.limits[limited]),
            _named("line limit, reversed", -flow <= grid.limits[limited]),
        ]
    operator = Player("operator", cp.Maximize(0 * cp.sum(moved)), [moved], limits)
    players: list[Any] = [firms, operator]
    if traded is not None:
        area = (intercept - cp.multiply(slope, sold)) @ traded - slope / 2 @ cp.square(traded)
        even = _named("balance", cp.sum(traded) == 0)
        players.append(Player("arbitrager", cp.Maximize(area), [traded], [even]))

    to_node = sp.csr_matrix(
        (np.ones(len(markets)), ([place[k] for k in markets], range(len(markets)))),
        shape=(len(grid.nodes), len(markets)),
    )
    stands = [
        (place[plant.node], f * width + j)
        for f, own in enumerate(plants.values())
        for j, plant in enumerate(own)
    ]
    at_node = sp.csr_matrix(
        (np.ones(len(stands)), tuple(zip(*stands, strict=True))),
        shape=(len(grid.nodes), count * width),
    )
    fed = at_node @ cp.vec(generation, order="C")
    clearing = _named("clearing", to_node @ here - fed == moved)
    return Game(players, shared_constraints=[clearing])


def _named(label: str, constraint: Any) -> Any:
    """The constraint under a short name, which multipliers are then known by."""
    return constraint.set_label(label)
