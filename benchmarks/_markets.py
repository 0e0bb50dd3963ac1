"""Markets of the equilibrium benchmark, and the one judge of every answer.

Both judges see strategies only. They maximise each player's own problem exactly, with the
others held fixed, by formulas written here: nothing of eqsolve or of any peer is used.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import lsq_linear

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Verdict:
    """Largest gain any player has from deviating, as a share of the largest payoff."""

    gain: float
    infeasibility: float

    def holds(self, tolerance: float = 1e-6) -> bool:
        return self.gain <= tolerance and self.infeasibility <= tolerance


@dataclass(frozen=True)
class Cournot:
    """Firm i earns q_i (intercept - slope sum q) - cost_i q_i with 0 <= q_i <= capacity_i."""

    cost: Array
    capacity: Array
    intercept: float
    slope: float

    @property
    def firms(self) -> int:
        return self.cost.size

    def __str__(self) -> str:
        return f"Cournot, {self.firms:,} firms with capacities"

    def judge(self, answer: tuple[Array]) -> Verdict:
        """Own profit is a parabola: its peak, clipped to the capacity, is the best response."""
        q = answer[0]
        others = q.sum() - q
        peak = (self.intercept - self.slope * others - self.cost) / (2 * self.slope)
        best = np.clip(peak, 0.0, self.capacity)

        def profit(own: Array) -> Array:
            return own * (self.intercept - self.slope * (others + own) - self.cost)

        earned = profit(q)
        outside = np.maximum(-q, q - self.capacity).max(initial=0.0)
        scale = max(1.0, np.abs(earned).max())
        return Verdict(max(0.0, (profit(best) - earned).max()) / scale, max(0.0, outside))


def cournot(firms: int) -> Cournot:
    """About a third of the firms at capacity, some out of the market."""
    rng = np.random.default_rng(firms)
    return Cournot(
        cost=rng.uniform(10.0, 60.0, firms),
        capacity=rng.uniform(0.5, 12.0, firms),
        intercept=100.0,
        slope=10.0 / firms,
    )


@dataclass(frozen=True)
class Network:
    """Firms with one plant each sell at every node; lines carry limited power.

    Firm f earns sum_k (a_k - b_k S_k - w_k) s_fk - (c_f g_f + d_f g_f^2 / 2) + w_node(f) g_f
    with sum_k s_fk = g_f <= capacity_f; w_k is what moving power to node k costs. The system
    operator moves y_k = S_k - (generation at k) and maximises sum_k w_k y_k over the line
    limits, so that w = factors' (prices of the full lines) (Hobbs 2001).
    """

    intercept: Array
    slope: Array
    node: NDArray[np.int_]
    cost: Array
    cost_slope: Array
    capacity: Array
    factors: Array
    limits: Array
    graph: nx.Graph

    @property
    def firms(self) -> int:
        return self.cost.size

    @property
    def nodes(self) -> int:
        return self.intercept.size

    @property
    def plants(self) -> Array:
        """(nodes, firms): 1 where a firm's plant stands."""
        out = np.zeros((self.nodes, self.firms))
        out[self.node, np.arange(self.firms)] = 1.0
        return out

    def __str__(self) -> str:
        return f"Electricity network, {self.firms} firms x {self.nodes} nodes, limited lines"

    def judge(self, answer: tuple[Array, Array]) -> Verdict:
        sales, generation = answer
        flow = self.factors @ (sales.sum(axis=0) - self.plants @ generation)
        outside = max(
            -sales.min(),
            -generation.min(),
            (generation - self.capacity).max(),
            np.abs(sales.sum(axis=1) - generation).max(),
            (np.abs(flow) - self.limits).max(),
            0.0,
        )
        up, down = self._line_prices(sales, generation, flow)
        price = (up - down) @ self.factors
        residual = self.intercept - self.slope * (sales.sum(axis=0) - sales) - price
        best_sales, best_generation = self._best(residual, price[self.node])

        def profit(own: Array, output: Array) -> Array:
            cost = (self.cost - price[self.node]) * output + self.cost_slope * output**2 / 2
            return ((residual - self.slope * own) * own).sum(axis=1) - cost

        earned = profit(sales, generation)
        gains = profit(best_sales, best_generation) - earned
        # The operator's problem is linear: what complementary slackness lacks is its gain.
        idle = np.maximum(self.limits - flow, 0) @ up + np.maximum(self.limits + flow, 0) @ down
        scale = max(1.0, np.abs(earned).max())
        return Verdict(max(0.0, gains.max(), idle) / scale, outside)

    def full_lines(self, answer: tuple[Array, Array]) -> int:
        sales, generation = answer
        flow = self.factors @ (sales.sum(axis=0) - self.plants @ generation)
        return int((np.abs(flow) >= self.limits - 1e-5 * (1 + self.limits)).sum())

    def _line_prices(self, sales: Array, generation: Array, flow: Array) -> tuple[Array, Array]:
        """Prices of full lines that explain what firms sell and produce best (least squares)."""
        near = 1e-4 * (1 + self.limits)
        up = np.flatnonzero(flow >= self.limits - near)
        down = np.flatnonzero(flow <= -self.limits + near)
        lines = np.vstack([self.factors[up], -self.factors[down]])  # w = lines' prices
        f, k = np.nonzero(sales > 1e-4)
        total = sales.sum(axis=0)
        selling = np.zeros((f.size, len(lines) + self.firms))
        selling[:, : len(lines)] = lines[:, k].T
        selling[np.arange(f.size), len(lines) + f] = 1.0  # the firm's own value of power
        margin = self.intercept[k] - self.slope[k] * (total[k] + sales[f, k])
        g = np.flatnonzero((generation > 1e-4) & (generation < self.capacity - 1e-4))
        making = np.zeros((g.size, len(lines) + self.firms))
        making[:, : len(lines)] = lines[:, self.node[g]].T
        making[np.arange(g.size), len(lines) + g] = 1.0
        marginal = self.cost[g] + self.cost_slope[g] * generation[g]
        least = np.r_[np.zeros(len(lines)), np.full(self.firms, -np.inf)]
        matrix, target = np.vstack([selling, making]), np.r_[margin, marginal]
        fitted = lsq_linear(matrix, target, bounds=(least, np.inf), method="bvls", tol=1e-14).x
        prices = np.zeros((2, self.limits.size))
        prices[0, up], prices[1, down] = fitted[: up.size], fitted[up.size : len(lines)]
        return prices[0], prices[1]

    def _best(self, residual: Array, at_plant: Array) -> tuple[Array, Array]:
        """Every firm's best sales and output: bisection for its own value of power."""

        def sold(value: Array) -> Array:
            return np.maximum(residual - value[:, None], 0.0) / (2 * self.slope)

        def made(value: Array) -> Array:
            wanted = (value + at_plant - self.cost) / self.cost_slope
            return np.clip(wanted, 0.0, self.capacity)

        low = np.minimum(self.cost - at_plant, residual.min(axis=1)) - 1.0
        high = np.maximum(residual.max(axis=1), self.cost - at_plant) + 1.0
        for _ in range(200):
            middle = (low + high) / 2
            short = sold(middle).sum(axis=1) > made(middle)
            low, high = np.where(short, middle, low), np.where(short, high, middle)
        sales = sold(high)
        return sales, sales.sum(axis=1)


def network(firms: int, nodes: int) -> Network:
    """A small-world grid; a fifth of its lines are full in equilibrium."""
    rng = np.random.default_rng(firms + nodes)
    graph = nx.connected_watts_strogatz_graph(nodes, 4, 0.3, seed=1)
    for k in graph:
        graph.nodes[k].update(intercept=rng.uniform(50.0, 100.0), slope=rng.uniform(0.5, 2.0))
    for line in graph.edges:
        graph.edges[line]["limit"] = float(rng.uniform(5.0, 30.0))
    return Network(
        intercept=np.array([graph.nodes[k]["intercept"] for k in graph]),
        slope=np.array([graph.nodes[k]["slope"] for k in graph]),
        node=rng.integers(0, nodes, firms),
        cost=rng.uniform(5.0, 20.0, firms),
        cost_slope=np.full(firms, 0.1),
        capacity=rng.uniform(5.0, 50.0, firms),
        factors=distribution_factors(graph),
        limits=np.array([graph.edges[line]["limit"] for line in graph.edges]),
        graph=graph,
    )


def distribution_factors(graph: nx.Graph) -> Array:
    """Flow on each line per unit moved from the first node to each node (equal reactances)."""
    count = graph.number_of_nodes()
    incidence = nx.incidence_matrix(graph, oriented=True).toarray().T * -1.0
    laplacian = incidence.T @ incidence
    factors = np.zeros((incidence.shape[0], count))
    factors[:, 1:] = -incidence[:, 1:] @ np.linalg.inv(laplacian[1:, 1:])
    return factors


Market: Any = Cournot | Network
