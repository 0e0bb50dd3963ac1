"""An authority sets road tolls; drivers then take the routes that are cheapest to them."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any, Literal

import cvxpy as cp
import numpy as np

from eqsolve.errors import EqsolveError
from eqsolve.games import Game, Player

if TYPE_CHECKING:
    import networkx as nx

    Trips = Mapping[tuple[Hashable, Hashable], float]


def toll_setting(
    graph: nx.DiGraph,
    trips: Trips | Any,
    *,
    aim: Literal["revenue", "time"] = "revenue",
    largest_toll: float | None = None,
) -> Game:
    """Leader ``authority`` with tolls, follower ``drivers`` with flows in Wardrop equilibrium.

    Parameters
    ----------
    graph : networkx.DiGraph or networkx.MultiDiGraph
        Roads are edges with ``time`` (money's worth of the empty road, default 0) and
        ``congestion`` (its increase per unit of flow, default 0); a road with ``toll=True``
        may be tolled.
    trips : mapping of (origin, destination) to float, or a list of [origin, destination, flow]
        Flow units between nodes.
    aim : "revenue" or "time"
        The authority maximises what it earns, or minimises total travel time.
    largest_toll : float, optional
        Bound of every toll (money per unit of flow); none by default.

    Returns
    -------
    Game
        Solve it with ``eq.Stackelberg("authority")``. Tolls stand in the order of
        ``graph.edges``, flows by trip and road.

    Raises
    ------
    EqsolveError
        Naming the road or trip at fault.

    Notes
    -----
    With road times t_e(v) = time + congestion v, Wardrop flows minimise
    sum_e int_0^v_e t_e + toll_e v_e (Beckmann, McGuire and Winsten 1956), a convex problem
    of one player. Without congestion it is the linear toll-setting problem of Brotcorne and
    others (2001): drivers choose among shortest paths the one the authority prefers.

    References
    ----------
    Labbe, Marcotte and Savard (1998), "A bilevel model of taxation and its application to
    optimal highway pricing", Management Science 44, 1608-1622. Brotcorne, Labbe, Marcotte and
    Savard (2001), "A bilevel model for toll optimization on a multicommodity transportation
    network", Transportation Science 35, 345-358.

    Examples
    --------
    Pigou's two roads: the toll that earns most is also the one that wastes least time.

    >>> import networkx as nx, eqsolve as eq
    >>> roads = nx.MultiDiGraph()
    >>> _ = roads.add_edge("home", "work", time=1.0)
    >>> _ = roads.add_edge("home", "work", congestion=1.0, toll=True)
    >>> game = toll_setting(roads, {("home", "work"): 1.0})
    >>> lead = eq.solve(game, eq.Stackelberg("authority"))
    >>> [round(float(value), 4) for value in lead.vector], round(lead.payoffs["authority"], 4)
    ([0.5, 0.5, 0.5], 0.25)
    """
    roads = [(tail, head, data) for tail, head, data in graph.edges(data=True)]
    tolled = np.array([bool(data.get("toll", False)) for _, _, data in roads])
    if not tolled.any():
        raise EqsolveError("toll_setting: no road may be tolled; give some edge toll=True.")
    time, congestion = (_numbers(roads, key) for key in ("time", "congestion"))
    demands = _trips(graph, trips)
    bounds = [0.0, np.inf if largest_toll is None else float(largest_toll)]
    tolls = cp.Variable(int(tolled.sum()), bounds=bounds, name="tolls")
    flows = cp.Variable((len(demands), len(roads)), nonneg=True, name="flows")
    volume = cp.sum(flows, axis=0)
    charges = tolls @ volume[np.flatnonzero(tolled)]
    beckmann = time @ volume + cp.sum(cp.multiply(congestion / 2, cp.square(volume)))
    travelled = time @ volume + cp.sum(cp.multiply(congestion, cp.square(volume)))
    goals = {"revenue": cp.Maximize(charges), "time": cp.Minimize(travelled)}
    if aim not in goals:
        raise EqsolveError(f"toll_setting: aim must be 'revenue' or 'time', not {aim!r}.")
    # What holds at all nodes but one holds at the last.
    moved = flows @ _incidence(graph, roads)[:-1].T
    arrive = (moved == np.array([row[:-1] for _, row in demands])).set_label("trips arrive")
    return Game(
        [
            Player("authority", goals[aim], [tolls]),
            Player("drivers", cp.Minimize(beckmann + charges), [flows], [arrive]),
        ]
    )


def _numbers(roads: list[Any], key: str) -> Any:
    values = np.array([float(data.get(key, 0.0)) for _, _, data in roads])
    for (tail, head, _), value in zip(roads, values, strict=True):
        if not (np.isfinite(value) and value >= 0):
            raise EqsolveError(
                f"toll_setting: road {tail!r} to {head!r} has {key} {value:g}; it must be a "
                "number of at least zero."
            )
    return values


def _trips(graph: Any, trips: Any) -> list[tuple[Any, Any]]:
    """Each trip with what leaves (positive) and enters every node but its destination."""
    import networkx as nx

    listed = trips.items() if isinstance(trips, Mapping) else [((a, b), f) for a, b, f in trips]
    nodes, out = list(graph.nodes), []
    for (origin, destination), flow in listed:
        trip = f"toll_setting: the trip from {origin!r} to {destination!r}"
        if origin not in graph or destination not in graph:
            raise EqsolveError(f"{trip} names a node that the graph does not have.")
        if not flow > 0:
            raise EqsolveError(f"{trip} must have a positive flow, not {flow!r}.")
        if origin == destination or not nx.has_path(graph, origin, destination):
            raise EqsolveError(f"{trip} has no way to go.")
        row = np.zeros(len(nodes))
        row[nodes.index(origin)], row[nodes.index(destination)] = flow, -flow
        out.append(((origin, destination), row))
    if not out:
        raise EqsolveError("toll_setting: give at least one trip.")
    return out


def _incidence(graph: Any, roads: list[Any]) -> Any:
    """What each road takes from (+1) and brings to (-1) each node, (nodes, roads)."""
    nodes = {node: place for place, node in enumerate(graph.nodes)}
    matrix = np.zeros((len(nodes), len(roads)))
    for place, (tail, head, _) in enumerate(roads):
        matrix[nodes[tail], place] += 1.0
        matrix[nodes[head], place] -= 1.0
    return matrix
