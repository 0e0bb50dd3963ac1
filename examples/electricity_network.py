"""Where does a congested line split an electricity market? A map of flows and prices.

Run: python examples/electricity_network.py
"""

from __future__ import annotations

from pathlib import Path

import networkx as nx
import numpy as np

import eqsolve as eq
from eqsolve.plotting import axes, save

TOLERANCE = 1e-7


def market() -> nx.Graph:
    """Three nodes with demand p = intercept - slope * sales; the line 1-2 carries 25 at most."""
    graph = nx.Graph()
    graph.add_node("1", intercept=40.0, slope=0.08)
    graph.add_node("2", intercept=40.0, slope=0.08)
    graph.add_node("3", intercept=32.0, slope=0.05)
    graph.add_edge("1", "2", limit=25.0)
    graph.add_edge("1", "3")
    graph.add_edge("2", "3")
    return graph


def run(folder: Path) -> tuple[list[float], list[float]]:
    """Solve, print and draw; returns nodal prices and the congested flow, computed and known."""
    graph = market()
    firms = {"first": eq.models.Plant("1", 15.0), "second": eq.models.Plant("2", 20.0)}
    game = eq.models.networked_cournot(graph, firms, network="power", hub="3")
    found = eq.solve(game, eq.VariationalEquilibrium())
    print(found)
    sales = found.values["sales"].sum(axis=0)
    demand = [(data["intercept"], data["slope"]) for _, data in graph.nodes(data=True)]
    prices = np.array([a - b * s for (a, b), s in zip(demand, sales, strict=True)])
    flows = eq.models.Grid.read(graph, "3").flows(found.values["moved"])
    save(draw(graph, prices, sales, flows), folder / "electricity_network.png")
    known = eq.models.published("three_node_network")
    return [*prices, abs(flows["1", "2"])], [*known.quantities["prices"], 25.0]


def draw(graph: nx.Graph, prices: np.ndarray, sales: np.ndarray, flows: dict) -> object:
    """Nodes coloured by price, arrows along the flows, full lines in red."""
    place = {"1": (0.0, 1.0), "2": (2.0, 1.0), "3": (1.0, 0.0)}
    ax = axes(size=(6.4, 4.4))
    ax.grid(visible=False)
    ax.set_axis_off()
    ax.margins(0.2)
    arrows = nx.DiGraph()
    arrows.add_nodes_from(graph)
    for (a, b), flow in flows.items():
        start, end = (a, b) if flow >= 0 else (b, a)
        full = abs(flow) >= graph.edges[a, b].get("limit", np.inf) - 1e-6
        arrows.add_edge(
            start, end, label=f"{abs(flow):.1f}" + (" (full)" if full else ""), full=full
        )
    colours = ["#D55E00" if full else "#777777" for *_, full in arrows.edges(data="full")]
    nx.draw_networkx_edges(arrows, place, ax=ax, edge_color=colours, width=2, node_size=3600)
    drawn = nx.draw_networkx_nodes(
        arrows, place, ax=ax, node_color=prices, cmap="Blues", node_size=3600, edgecolors="black",
        vmin=prices.min() - 4, vmax=prices.max() + 4,
    )  # fmt: skip
    labels = {
        node: f"{node}\n{price:.2f}\n{sold:.0f} sold"
        for node, price, sold in zip(graph, prices, sales, strict=True)
    }
    nx.draw_networkx_labels(arrows, place, labels, ax=ax, font_size=9)
    names = nx.get_edge_attributes(arrows, "label")
    nx.draw_networkx_edge_labels(arrows, place, names, ax=ax, font_size=9)
    ax.get_figure().colorbar(drawn, ax=ax, label="price", shrink=0.7)
    return ax


if __name__ == "__main__":
    run(Path())
