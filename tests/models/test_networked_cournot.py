"""Networked markets: distribution factors, and equilibria checked against the statement.

The statement of a power market (Hobbs 2001) is checked player by player with the
congestion prices held fixed, which the game as declared never does.
"""

from __future__ import annotations

import cvxpy as cp
import networkx as nx
import numpy as np
import pytest

import eqsolve as eq

m = eq.models


def random_market(seed, *, lines=True, firms=4, nodes=5):
    """A connected graph with demand everywhere, tight lines and random plants."""
    rng = np.random.default_rng(seed)
    graph = nx.connected_watts_strogatz_graph(nodes, 4, 0.3, seed=seed)
    for node in graph:
        graph.nodes[node].update(intercept=rng.uniform(30, 60), slope=rng.uniform(0.5, 2))
    for edge in graph.edges:
        name, low, high = ("limit", 1.0, 6.0) if lines else ("cost", 0.5, 3.0)
        graph.edges[edge][name] = rng.uniform(low, high)
        graph.edges[edge]["reactance"] = rng.uniform(0.5, 2)
    plants = {
        f"firm{f}": [
            m.Plant(
                int(rng.integers(nodes)),
                m.QuadraticCost(rng.uniform(5, 15), rng.uniform(0.1, 0.5)),
                rng.uniform(5, 40),
            )
            for _ in range(1 + f % 2)
        ]
        for f in range(firms)
    }
    return graph, plants


def multiplier(equilibrium, name):
    (value,) = [v for k, v in equilibrium.multipliers.items() if k.endswith(name)]
    return np.ravel(value)


# --- the grid ---------------------------------------------------------------------------


def test_flows_obey_both_of_kirchhoffs_laws():
    graph, _ = random_market(3)
    grid = m.Grid.read(graph, hub=2)
    moved = np.random.default_rng(0).normal(size=5)
    moved -= moved.mean()
    flows = grid.flows(moved)
    for place, node in enumerate(grid.nodes):
        arriving = sum(f * ((b == node) - (a == node)) for (a, b), f in flows.items())
        assert arriving == pytest.approx(moved[place], abs=1e-9)
    for cycle in nx.cycle_basis(graph):
        drop = 0.0
        for a, b in zip(cycle, cycle[1:] + cycle[:1], strict=True):
            flow = flows[a, b] if (a, b) in flows else -flows[b, a]
            drop += flow * graph.edges[a, b]["reactance"]
        assert drop == pytest.approx(0, abs=1e-9)


def test_the_hub_changes_no_flow_of_balanced_power():
    graph, _ = random_market(4)
    moved = {0: 3.0, 1: -1.0, 4: -2.0}
    flows = [m.Grid.read(graph, hub=hub).flows(moved) for hub in graph]
    for other in flows[1:]:
        assert other == pytest.approx(flows[0], abs=1e-9)


@pytest.mark.parametrize(
    ("graph", "hub", "says"),
    [
        (nx.DiGraph([("a", "b")]), None, "undirected"),
        (nx.MultiGraph([("a", "b"), ("a", "b")]), None, "without parallels"),
        (nx.Graph([("a", "b"), ("c", "d")]), None, "falls into parts"),
        (nx.Graph([("a", "b")]), "z", "hub 'z' is not a node"),
        (nx.Graph([("a", "a")]), None, "joins a node to itself"),
        (nx.Graph([("a", "b", {"limit": -1})]), None, r"\('a', 'b'\): limit must be"),
        (nx.Graph([("a", "b", {"reactance": 0})]), None, "reactance must be"),
    ],
)
def test_bad_grids_are_refused(graph, hub, says):
    with pytest.raises(eq.EqsolveError, match=says):
        m.Grid.read(graph, hub)


def test_unknown_nodes_are_refused_in_flows():
    with pytest.raises(eq.EqsolveError, match="'z' is not a node"):
        m.Grid.read(nx.Graph([("a", "b")])).flows({"z": 1.0})


# --- power lines ------------------------------------------------------------------------


def hobbs_gains(graph, plants, equilibrium, prices_w, hub=None):
    """What each player could gain in Hobbs's market, congestion prices given."""
    grid = m.Grid.read(graph, hub)
    place = {node: k for k, node in enumerate(grid.nodes)}
    intercept = np.array([graph.nodes[k]["intercept"] for k in grid.nodes])
    slope = np.array([graph.nodes[k]["slope"] for k in grid.nodes])
    sales, generation = equilibrium.values["sales"], equilibrium.values["generation"]
    traded = equilibrium.values.get("traded", np.zeros(len(place)))
    gains = {}
    for f, (name, own) in enumerate(plants.items()):
        others = sales.sum(axis=0) - sales[f] + traded
        at = [place[p.node] for p in own]
        limit = [p.capacity for p in own]

        def profit(s, g, others=others, at=at, own=own):
            revenue = (intercept - slope * others - prices_w) @ s - slope @ cp.square(s)
            return revenue - sum(
                p.cost.cost(g[j]) - prices_w[at[j]] * g[j] for j, p in enumerate(own)
            )

        s, g = cp.Variable(len(place), nonneg=True), cp.Variable(len(own), nonneg=True)
        problem = cp.Problem(cp.Maximize(profit(s, g)), [cp.sum(s) == cp.sum(g), g <= limit])
        problem.solve(solver="CLARABEL")
        s.value, g.value = sales[f], generation[f][: len(own)]
        gains[name] = problem.value - profit(s, g).value
    moved = cp.Variable(len(place))
    limited = np.isfinite(grid.limits)
    flow = grid.factors[limited] @ moved
    away = [moved[place[grid.hub]] == 0]  # moving power to the hub is free and idle
    problem = cp.Problem(
        cp.Maximize(prices_w @ moved), [cp.abs(flow) <= grid.limits[limited], *away]
    )
    problem.solve(solver="CLARABEL")
    gains["operator"] = problem.value - prices_w @ equilibrium.values["moved"]
    return gains


@pytest.mark.parametrize("arbitrage", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_the_variational_equilibrium_is_hobbs_market(seed, arbitrage):
    graph, plants = random_market(seed)
    game = m.networked_cournot(graph, plants, network="power", arbitrage=arbitrage)
    equilibrium = eq.solve(game, eq.VariationalEquilibrium())
    prices_w = multiplier(equilibrium, "clearing")
    gains = hobbs_gains(graph, plants, equilibrium, prices_w)
    assert max(gains.values()) < 1e-5, gains
    assert np.abs(prices_w).max() > 0.1, "some line should be full"
    flows = m.Grid.read(graph).flows(equilibrium.values["moved"])
    for line, flow in flows.items():
        assert abs(flow) <= graph.edges[line]["limit"] + 1e-7


@pytest.mark.parametrize("seed", range(3))
def test_firms_sharing_the_line_limits_without_an_operator_agree(seed):
    """The other way to state it: no operator, the line limits shared by the firms."""
    graph, plants = random_market(seed)
    game = m.networked_cournot(graph, plants, network="power")
    equilibrium = eq.solve(game, eq.VariationalEquilibrium())
    grid = m.Grid.read(graph)
    intercept = np.array([graph.nodes[k]["intercept"] for k in grid.nodes])
    slope = np.array([graph.nodes[k]["slope"] for k in grid.nodes])
    s = cp.Variable((len(plants), 5), nonneg=True)
    outputs = {
        (f, j): cp.Variable(nonneg=True)
        for f, own in enumerate(plants.values())
        for j in range(len(own))
    }
    total, fed = cp.sum(s, axis=0), [0] * 5
    constraints, cost = [], 0
    for f, own in enumerate(plants.values()):
        for j, plant in enumerate(own):
            fed[grid.nodes.index(plant.node)] += outputs[f, j]
            cost += plant.cost.cost(outputs[f, j])
            constraints.append(outputs[f, j] <= plant.capacity)
        constraints.append(cp.sum(s[f]) == sum(outputs[f, j] for j in range(len(own))))
    flow = grid.factors @ (total - cp.hstack(fed))
    potential = (
        intercept @ total - slope / 2 @ cp.square(total) - cp.sum(cp.square(s) @ (slope / 2)) - cost
    )
    limits = [flow <= grid.limits, -flow <= grid.limits]
    cp.Problem(cp.Maximize(potential), constraints + limits).solve(solver="CLARABEL")
    assert equilibrium.values["sales"] == pytest.approx(s.value, abs=1e-4)
    line_prices = limits[0].dual_value - limits[1].dual_value
    assert multiplier(equilibrium, "clearing") == pytest.approx(
        grid.factors.T @ line_prices, abs=1e-4
    )


def test_the_hub_moves_prices_not_quantities():
    graph, plants = random_market(1)
    first, second = (
        eq.solve(m.networked_cournot(graph, plants, network="power", hub=hub)) for hub in (0, 3)
    )
    assert first.values["sales"] == pytest.approx(second.values["sales"], abs=1e-6)
    difference = multiplier(first, "clearing") - multiplier(second, "clearing")
    assert np.ptp(difference) < 1e-5


def test_arbitrage_leaves_only_congestion_between_prices():
    equilibrium = eq.solve(m.load("three_node_arbitrage"))
    known = m.published("three_node_arbitrage")
    here = equilibrium.values["sales"].sum(axis=0) + equilibrium.values["traded"]
    prices = np.array([40, 40, 32]) - np.array([0.08, 0.08, 0.05]) * here
    assert prices == pytest.approx(known.quantities["prices"], abs=1e-6)
    assert np.ptp(prices - multiplier(equilibrium, "clearing")) < 1e-6


def test_prices_flows_and_rents_of_the_three_node_network():
    equilibrium, known = eq.solve(m.load("three_node_network")), m.published("three_node_network")
    prices = np.array([40, 40, 32]) - np.array([0.08, 0.08, 0.05]) * equilibrium.values[
        "sales"
    ].sum(axis=0)
    assert prices == pytest.approx(known.quantities["prices"], abs=1e-8)
    assert multiplier(equilibrium, "clearing") == pytest.approx(known.multipliers, abs=1e-8)
    assert multiplier(equilibrium, "line limit") == pytest.approx([135 / 32], abs=1e-8)
    graph = nx.Graph([("1", "2"), ("1", "3"), ("2", "3")])
    flows = m.Grid.read(graph, hub="3").flows(equilibrium.values["moved"])
    assert flows["1", "2"] == pytest.approx(25.0)


def test_wide_lines_make_one_market_at_each_node():
    graph, plants = random_market(2)
    for edge in graph.edges:
        del graph.edges[edge]["limit"]
    equilibrium = eq.solve(m.networked_cournot(graph, plants, network="power"))
    assert multiplier(equilibrium, "clearing") == pytest.approx(np.zeros(5), abs=1e-7)


# --- transport --------------------------------------------------------------------------


def test_shipments_pay_the_cheapest_path():
    graph, plants = random_market(5, lines=False)
    game = m.networked_cournot(graph, plants)
    equilibrium = eq.solve(game)
    lengths = dict(nx.all_pairs_dijkstra_path_length(graph, weight="cost"))
    intercept = np.array([graph.nodes[k]["intercept"] for k in graph])
    slope = np.array([graph.nodes[k]["slope"] for k in graph])
    shipped = equilibrium.values["shipments"].reshape(4, 2, 5)
    for f, (name, own) in enumerate(plants.items()):
        others = shipped.sum(axis=(0, 1)) - shipped[f].sum(axis=0)
        x = cp.Variable((len(own), 5), nonneg=True)
        sold = cp.sum(x, axis=0)
        profit = (intercept - slope * others) @ sold - slope @ cp.square(sold)
        for j, plant in enumerate(own):
            carriage = np.array([lengths[plant.node][k] for k in graph])
            profit -= plant.cost.cost(cp.sum(x[j])) + carriage @ x[j]
        limits = [cp.sum(x, axis=1) <= [p.capacity for p in own]]
        problem = cp.Problem(cp.Maximize(profit), limits)
        problem.solve(solver="CLARABEL")
        assert equilibrium.payoffs[name] == pytest.approx(problem.value, abs=1e-5)


def test_a_market_no_road_leads_to_is_not_served():
    graph = nx.DiGraph()
    graph.add_nodes_from(["a", "b"], intercept=10.0, slope=1.0)
    graph.add_edge("a", "b", cost=1.0)
    game = m.networked_cournot(graph, {"up": m.Plant("a", 1.0), "down": m.Plant("b", 1.0)})
    equilibrium = eq.solve(game)
    assert equilibrium.values["shipments"][1, 0] == pytest.approx(0.0)
    assert equilibrium.values["shipments"][0] == pytest.approx([4.5, 8 / 3 - 1 / 3], abs=1e-9)


def test_limited_price_differences():
    equilibrium, known = eq.solve(m.load("three_region_market")), m.published("three_region_market")
    shipped = equilibrium.values["shipments"].reshape(2, 2, 3).sum(axis=1)
    assert shipped == pytest.approx(
        np.tile(known.quantities["sales_by_market"], (2, 1)), abs=known.tolerance
    )
    prices = np.array([40, 35, 32]) - np.array([0.08, 0.0875, 0.16 / 3]) * shipped.sum(axis=0)
    assert prices == pytest.approx(known.quantities["prices"], abs=1e-6)


def test_towns_without_demand_are_only_passed_through():
    graph = nx.path_graph(["mine", "pass", "town"])
    graph.nodes["town"].update(intercept=10.0, slope=1.0)
    nx.set_edge_attributes(graph, 2.0, "cost")
    equilibrium = eq.solve(m.networked_cournot(graph, {"miner": m.Plant("mine", 0.0)}))
    assert equilibrium.vector == pytest.approx([3.0], abs=1e-9)


def test_sizes_of_the_benchmarks():
    for firms, nodes in ((50, 20), (200, 50)):
        graph, _ = random_market(0, nodes=nodes)
        plants = {f"f{j}": m.Plant(j % nodes, 5.0 + j / firms, 10.0) for j in range(firms)}
        game = m.networked_cournot(graph, plants, network="power")
        assert game.n == firms * nodes + firms + nodes


# --- refusals ---------------------------------------------------------------------------

HERE = m.Plant("a", 1.0)


def town(**edge):
    graph = nx.Graph()
    graph.add_nodes_from(["a", "b"], intercept=10.0, slope=1.0)
    graph.add_edge("a", "b", **edge)
    return graph


@pytest.mark.parametrize(
    ("graph", "firms", "options", "says"),
    [
        (nx.Graph([("a", "b")]), {"f": HERE}, {}, "no node has demand"),
        (town(), {}, {}, "firms must map names"),
        (town(), {"f": []}, {}, "Firm 'f' has no plants"),
        (town(), {"f": 3.0}, {}, "Firm 'f': 3.0 is not a Plant"),
        (town(), {"f": m.Plant("z", 1.0)}, {}, "Firm 'f': 'z' is not a node"),
        (town(), {"f": m.Plant("a", "dear")}, {}, "Firm 'f': 'dear' is not a cost"),
        (town(), {"f": m.Plant("a", 1.0, -1.0)}, {}, "Firm 'f': the capacity must be"),
        (
            town(),
            {"f": m.Plant("a", m.PowerCost(1, 1, 1)), "g": HERE},
            {},
            "costs must be linear or quadratic",
        ),
        (town(limit=3.0), {"f": HERE}, {}, "has a limit; transport has none"),
        (town(cost=-3.0), {"f": HERE}, {}, "cost must be at least zero"),
        (town(), {"f": HERE}, {"network": "pipes"}, "'transport' or 'power', not 'pipes'"),
        (town(), {"f": HERE}, {"arbitrage": True}, "need network='power'"),
        (town(), {"f": HERE}, {"network": "power", "price_gap": 1.0}, "needs network='tran"),
        (
            town(),
            {"f": m.Plant("a", 1.0, 5.0), "g": HERE},
            {},
            "give every plant a capacity or none",
        ),
    ],
)
def test_what_does_not_fit_is_refused(graph, firms, options, says):
    with pytest.raises(eq.EqsolveError, match=says):
        m.networked_cournot(graph, firms, **options)


def test_a_market_with_a_price_but_no_slope_is_refused():
    graph = town()
    del graph.nodes["b"]["slope"]
    with pytest.raises(eq.EqsolveError, match="Node 'b': slope must be positive, not None"):
        m.networked_cournot(graph, {"f": HERE})
