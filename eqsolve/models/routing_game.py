"""Atomic routing: drivers choose paths through a network, and roads fill up.

Every driver is a player of its own, an action is a path without repeated nodes, and a road takes
time + congestion x (drivers on it). A congestion game, so a potential game (Rosenthal 1973).
Adding a road may make every driver slower (Braess 1968).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from numbers import Real
from typing import Any

import networkx as nx

from eqsolve.errors import NotAGame
from eqsolve.games import NormalFormGame
from eqsolve.models.congestion_game import congestion_game


def routing_game(
    graph: nx.Graph, trips: Sequence[Sequence[Any]], *, longest: int | None = None, title: str = ""
) -> NormalFormGame:
    """Drivers on a road network, in normal form; payoffs are minus travel times.

    Parameters
    ----------
    graph : networkx Graph or DiGraph
        Edges with ``time`` and ``congestion`` (both default 0): minutes = time + congestion x
        drivers on the road. Or with ``delays``: minutes at 1, 2, ... drivers.
    trips : list of (origin, destination, drivers)
        How many drivers make each trip.
    longest : int, optional
        Most roads on a path; default any.

    Returns
    -------
    NormalFormGame
        Players are named "origin to destination 1", ..., actions by the nodes on the path.

    Raises
    ------
    NotAGame
        An unknown node, a trip without a path, a number of drivers that is not whole, a road
        without valid minutes, or a game too large to hold.

    Examples
    --------
    >>> import networkx as nx, eqsolve as eq
    >>> road = nx.DiGraph()
    >>> road.add_edge("home", "work", time=10)
    >>> road.add_edge("home", "bridge", congestion=4)
    >>> road.add_edge("bridge", "work")
    >>> game = routing_game(road, [("home", "work", 3)])
    >>> game.action_names[0], float(eq.solve(game, eq.Nash()).certificate.max_gain)
    (('home-work', 'home-bridge-work'), 0.0)
    """
    delays = {edge: _minutes(edge, data) for *edge, data in graph.edges(data=True)
              for edge in [_key(graph, *edge)]}  # fmt: skip
    strategies, players, actions = [], [], []
    for place, trip in enumerate(trips):
        start, end, drivers = _trip(graph, place, trip)
        paths = [tuple(path) for path in nx.all_simple_paths(graph, start, end, cutoff=longest)]
        paths = list(dict.fromkeys(paths))
        if not paths:
            raise NotAGame(f"routing_game: no path leads from {start!r} to {end!r}.")
        paths.sort(key=len)
        roads = [[_key(graph, *edge) for edge in pairwise(path)] for path in paths]
        for number in range(1, drivers + 1):
            strategies.append(roads)
            players.append(f"{start} to {end} {number}")
            actions.append(["-".join(map(str, path)) for path in paths])
    return congestion_game(
        delays, strategies, player_names=players, action_names=actions, title=title
    )


def _key(graph: nx.Graph, tail: Any, head: Any) -> tuple[Any, Any]:
    """One name for a road, whichever way an undirected one is driven."""
    if graph.is_directed():
        return tail, head
    first, second = sorted((tail, head), key=repr)
    return first, second


def _minutes(edge: Any, data: dict[str, Any]) -> Any:
    if "delays" in data:
        return data["delays"]
    time, congestion = data.get("time", 0.0), data.get("congestion", 0.0)
    for word, value in (("time", time), ("congestion", congestion)):
        if isinstance(value, bool) or not isinstance(value, Real):
            raise NotAGame(
                f"routing_game: {word} of road {edge!r} must be a number, not {value!r}."
            )
    return lambda load: time + congestion * load


def _trip(graph: nx.Graph, place: int, trip: Sequence[Any]) -> tuple[Any, Any, int]:
    if isinstance(trip, str) or len(trip) != 3:
        raise NotAGame(f"routing_game: trip {place} must be (origin, destination, drivers).")
    start, end, drivers = trip
    for node in (start, end):
        if node not in graph:
            raise NotAGame(f"routing_game: trip {place} names {node!r}, which is no node.")
    if start == end:
        raise NotAGame(f"routing_game: trip {place} begins and ends at {start!r}.")
    if int(drivers) != drivers or drivers < 1:
        raise NotAGame(
            f"routing_game: trip {place} needs a whole number of drivers, not {drivers!r}."
        )
    return start, end, int(drivers)
