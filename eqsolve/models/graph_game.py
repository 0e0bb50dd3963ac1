"""Everybody plays the same matrix game with each neighbour on a graph, with one mix for all."""

from __future__ import annotations

from typing import Any

import networkx as nx
import numpy as np

from eqsolve.errors import NotAGame
from eqsolve.games import PolymatrixGame

SAME = ((1.0, 0.0), (0.0, 1.0))


def graph_game(graph: nx.Graph, matrix: Any = SAME, *, title: str = "") -> PolymatrixGame:
    """Players on the nodes of a graph; edges say who plays with whom.

    Parameters
    ----------
    graph : networkx Graph or DiGraph
        A directed edge (i, j) pays i, an undirected one both. An edge's ``matrix`` and
        ``weight`` replace and multiply the common matrix.
    matrix : array_like (own actions, neighbour's actions)
        What a player gets from one neighbour; default one for doing the same.

    Returns
    -------
    PolymatrixGame
        Players are named by their nodes. No tensor is built, so thousands may play.

    Raises
    ------
    NotAGame
        A graph without edges, a node without neighbours, or matrices that do not fit.

    Examples
    --------
    >>> ring = graph_game(nx.cycle_graph(1000))
    >>> ring.players, float(ring.expected_payoffs(ring.pack([0] * 1000)).sum())
    (1000, 2000.0)
    """
    if graph.number_of_edges() == 0:
        raise NotAGame("graph_game: the graph has no edges, so nobody plays.")
    matrices: dict[tuple[Any, Any], Any] = {}
    for tail, head, data in graph.edges(data=True):
        own = _weighted(tail, head, data.get("matrix", matrix), data.get("weight", 1.0))
        matrices[tail, head] = own
        if not graph.is_directed():
            matrices[head, tail] = own
    return PolymatrixGame(matrices, player_names=list(graph), title=title)


def _weighted(tail: Any, head: Any, matrix: Any, weight: Any) -> Any:
    try:
        return float(weight) * np.asarray(matrix, dtype=float)
    except (ValueError, TypeError):
        raise NotAGame(
            f"graph_game: {tail!r} and {head!r}: payoffs are ragged, or they or the weight are no "
            "numbers."
        ) from None
