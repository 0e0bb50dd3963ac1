"""Tolls on the roads of Braess: what an authority should charge, and what drivers then do.

Six drivers go from home to work. Two roads fill up with traffic, two are long, and a bridge
joins them. Without tolls the bridge makes everybody slower: 92 minutes a driver, where 83
are possible (Braess 1968).

Run: python examples/road_tolls.py
"""

from __future__ import annotations

from pathlib import Path

import networkx as nx
import numpy as np

import eqsolve as eq
from eqsolve import plotting

TOLERANCE = 1e-5
TRIPS = {("home", "work"): 6.0}


def roads():
    """Minutes = time + congestion x flow; the crowded roads and the bridge may be tolled."""
    graph = nx.DiGraph()
    graph.add_edge("home", "north", congestion=10.0, toll=True)
    graph.add_edge("home", "south", time=50.0, congestion=1.0)
    graph.add_edge("north", "work", time=50.0, congestion=1.0)
    graph.add_edge("south", "work", congestion=10.0, toll=True)
    graph.add_edge("north", "south", time=10.0, congestion=1.0, toll=True)
    return graph


def minutes(graph, flows):
    """Minutes on the road, all drivers together; flows stand in the order of graph.edges."""
    return sum(
        (data.get("time", 0.0) + data.get("congestion", 0.0) * flow) * flow
        for (_, _, data), flow in zip(graph.edges(data=True), flows, strict=True)
    )


def run(folder: Path) -> tuple[tuple[float, float], tuple[float, float]]:
    """Total minutes without tolls and with the best ones; the known 6 x 92 and 6 x 83."""
    graph = roads()
    free = eq.solve(eq.models.toll_setting(graph, TRIPS, largest_toll=0.0))["drivers"]
    game = eq.models.toll_setting(graph, TRIPS, aim="time", largest_toll=40.0)
    lead = eq.solve(game, eq.Stackelberg("authority"))
    computed = minutes(graph, free), minutes(graph, lead["drivers"])
    print(lead)
    print(f"Minutes of all drivers without tolls {computed[0]:.2f}, with them {computed[1]:.2f}")
    ax = plotting.axes()
    places = np.arange(graph.number_of_edges())
    for shift, flows, label in ((-0.2, free, "no tolls"), (0.2, lead["drivers"], "best tolls")):
        ax.bar(places + shift, flows, 0.38, label=label, color=plotting.colour(int(shift > 0)))
    ax.set_xticks(places, [f"{tail}\n{head}" for tail, head in graph.edges])
    ax.set_ylabel("drivers")
    ax.set_title("Tolls close the bridge that slows everybody down", loc="left")
    ax.legend(frameon=False)
    plotting.save(ax, folder / "road_tolls.png")
    return computed, (6 * 92.0, 6 * 83.0)


if __name__ == "__main__":
    run(Path())
