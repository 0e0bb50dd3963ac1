"""Power lines in the direct-current approximation.

With reactances x_l, voltage angles v and the lines' incidence matrix A (+1 at the first
end, -1 at the second), the flow on line l is (A v)_l / x_l, positive from first to second
end. Power moved from the hub to node k spreads over the lines in fixed shares, the power
transfer distribution factors. Losses, voltages and reactive power are left out.

References
----------
Schweppe, Caramanis, Tabors and Bohn (1988), "Spot Pricing of Electricity", appendix D.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.linalg import splu

from eqsolve.errors import EqsolveError

if TYPE_CHECKING:
    import networkx as nx

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Grid:
    """Nodes and lines with their distribution factors.

    Attributes
    ----------
    nodes : tuple, length K
        In the graph's order.
    lines : tuple of pairs of nodes, length L
        First and second end of each line, in the graph's order.
    hub : node
        Where power is thought to pass; moving power to it costs nothing.
    factors : ndarray, shape (L, K)
        Flow on each line per unit moved from the hub to each node; zero in the hub's column.
    limits : ndarray, shape (L,)
        Largest flow either way (units of power); inf where the line has none.
    """

    nodes: tuple[Hashable, ...]
    lines: tuple[tuple[Hashable, Hashable], ...]
    hub: Hashable
    factors: Array
    limits: Array

    @classmethod
    def read(cls, graph: nx.Graph, hub: Hashable | None = None) -> Grid:
        """The grid of a graph whose edges carry ``reactance`` (default 1) and ``limit``.

        Parameters
        ----------
        graph : networkx.Graph
            Connected and undirected, without parallel lines.
        hub : node, optional
            By default the first node.

        Raises
        ------
        EqsolveError
            Naming the line or node at fault.

        Examples
        --------
        >>> import networkx as nx
        >>> grid = Grid.read(nx.Graph([("a", "b"), ("b", "c"), ("a", "c")]), hub="a")
        >>> grid.flows({"b": 30.0, "c": -30.0})
        {('a', 'b'): 10.0, ('a', 'c'): -10.0, ('b', 'c'): -20.0}
        """
        import networkx as nx

        if graph.is_directed() or graph.is_multigraph():
            raise EqsolveError("A power grid is an undirected networkx.Graph without parallels.")
        nodes = tuple(graph.nodes)
        if not nodes or not nx.is_connected(graph):
            raise EqsolveError("A power grid must be connected; this graph falls into parts.")
        hub = nodes[0] if hub is None else hub
        if hub not in graph:
            raise EqsolveError(f"The hub {hub!r} is not a node of the graph.")
        lines = tuple((a, b) for a, b in graph.edges)
        for line in lines:
            if line[0] == line[1]:
                raise EqsolveError(f"Line {line} joins a node to itself.")
        data = [graph.edges[line] for line in lines]
        reactance = [
            _positive(line, "reactance", d.get("reactance", 1.0))
            for line, d in zip(lines, data, strict=True)
        ]
        limits = [
            _positive(line, "limit", d.get("limit", np.inf))
            for line, d in zip(lines, data, strict=True)
        ]
        factors = _factors(nodes, lines, hub, np.array(reactance))
        return cls(nodes, lines, hub, factors, np.array(limits))

    def flows(self, moved: Any) -> dict[tuple[Hashable, Hashable], float]:
        """Flow on each line, by line, when `moved` units go from the hub to each node.

        Parameters
        ----------
        moved : mapping of node to float, or array_like of shape (K,)
            Consumption less generation at each node; nodes left out count as zero.
        """
        if isinstance(moved, dict):
            unknown = [node for node in moved if node not in self.nodes]
            if unknown:
                raise EqsolveError(f"{unknown[0]!r} is not a node of the grid.")
            moved = [moved.get(node, 0.0) for node in self.nodes]
        flow = self.factors @ np.asarray(moved, dtype=float)
        return {line: float(f) for line, f in zip(self.lines, flow.round(12), strict=True)}


def _positive(line: tuple[Hashable, Hashable], what: str, value: Any) -> float:
    if not isinstance(value, Real) or isinstance(value, bool) or not float(value) > 0:
        raise EqsolveError(f"Line {line}: {what} must be a positive number, not {value!r}.")
    return float(value)


def _factors(
    nodes: tuple[Hashable, ...],
    lines: tuple[tuple[Hashable, Hashable], ...],
    hub: Hashable,
    reactance: Array,
) -> Array:
    place = {node: k for k, node in enumerate(nodes)}
    count = len(lines)
    first = [place[a] for a, _ in lines]
    second = [place[b] for _, b in lines]
    rows = np.arange(count)
    incidence = sp.csr_matrix(
        (np.r_[np.ones(count), -np.ones(count)], (np.r_[rows, rows], np.r_[first, second])),
        shape=(count, len(nodes)),
    )
    weighted = sp.diags(1 / reactance) @ incidence
    others = [k for k in range(len(nodes)) if k != place[hub]]
    factors = np.zeros((count, len(nodes)))
    if others:
        # Angles per unit injected at each node and taken out at the hub.
        laplacian = (incidence.T @ weighted).tocsc()[:, others][others, :]
        angles = splu(laplacian.tocsc()).solve(np.eye(len(others)))
        factors[:, others] = -(weighted[:, others] @ angles)
    return factors
