"""The same markets, as each package wants them: functions from a market to strategies.

Cournot answers are (quantities,), networks' (sales, generation). Each declares, solves and
returns; imports stand inside, so that no package is paid for by another.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from _markets import Cournot, Network


class TooBig(Exception):
    """The peer's own input or working memory would not fit."""


# ------------------------------------------------------------------ eqsolve


def eqsolve_model(market: Any, formulation: str | None = None) -> Any:
    """Declared by the ready-made model (one vector expression for many firms)."""
    import eqsolve as eq

    if isinstance(market, Cournot):
        game = eq.models.cournot(
            costs=market.cost.tolist(),
            demand=eq.models.LinearDemand(market.intercept, market.slope),
            capacities=market.capacity.tolist(),
        )
        return (eq.solve(game, formulation=formulation).vector,)
    plants = {
        f"firm{f}": eq.models.Plant(
            int(market.node[f]),
            eq.models.QuadraticCost(float(market.cost[f]), float(market.cost_slope[f])),
            float(market.capacity[f]),
        )
        for f in range(market.firms)
    }
    game = eq.models.networked_cournot(market.graph, plants, network="power")
    found = eq.solve(game, eq.VariationalEquilibrium(), formulation=formulation)
    return found.values["sales"], found.values["generation"].ravel()


def eqsolve_population(market: Cournot) -> Any:
    """Declared by hand: one vector expression."""
    import cvxpy as cp

    import eqsolve as eq

    q = cp.Variable(market.firms, bounds=[0, market.capacity], name="q")
    price = market.intercept - market.slope * cp.sum(q)
    profit = cp.multiply(q, price) - cp.multiply(market.cost, q)
    return (eq.solve(eq.Game([eq.Population("firm", q, maximize=profit)])).vector,)


def eqsolve_players(market: Cournot) -> Any:
    """Declared by hand: one Player at a time."""
    import cvxpy as cp

    import eqsolve as eq

    quantities = [
        cp.Variable(bounds=[0, capacity], name=f"q{i}")
        for i, capacity in enumerate(market.capacity.tolist())
    ]
    price = market.intercept - market.slope * cp.sum(cp.hstack(quantities))
    players = [
        eq.Player(f"firm{i}", cp.Maximize(q * price - cost * q), [q])
        for i, (q, cost) in enumerate(zip(quantities, market.cost.tolist(), strict=True))
    ]
    return (eq.solve(eq.Game(players)).vector,)


# ------------------------------------------------------------------ cvxpy by hand


def cvxpy_potential(market: Any, solver: str, **options: Any) -> Any:
    """The potential program as an expert writes it, sums lifted into variables of their own."""
    import cvxpy as cp

    if isinstance(market, Cournot):
        q = cp.Variable(market.firms)
        total = cp.sum(q)
        squares = cp.square(total) + cp.sum_squares(q)
        value = market.intercept * total - market.slope / 2 * squares - market.cost @ q
        problem = cp.Problem(cp.Maximize(value), [q >= 0, q <= market.capacity])
        problem.solve(solver=solver, **options)
        return (q.value,)
    sales, generation = cp.Variable((market.firms, market.nodes)), cp.Variable(market.firms)
    total, moved = cp.Variable(market.nodes), cp.Variable(market.nodes)
    weighted = cp.multiply(np.sqrt(market.slope)[None, :], sales)
    value = (
        market.intercept @ total
        - market.slope @ cp.square(total) / 2
        - cp.sum_squares(weighted) / 2
        - market.cost @ generation
        - market.cost_slope @ cp.square(generation) / 2
    )
    flow = market.factors @ moved
    constraints = [
        sales >= 0,
        generation >= 0,
        generation <= market.capacity,
        cp.sum(sales, axis=1) == generation,
        total == cp.sum(sales, axis=0),
        moved == total - market.plants @ generation,
        flow <= market.limits,
        -flow <= market.limits,
    ]
    cp.Problem(cp.Maximize(value), constraints).solve(solver=solver, **options)
    return sales.value, generation.value


# ------------------------------------------------------------------ nashopt


def nashopt_linear_quadratic(market: Any, solver: str) -> Any:
    """Bemporad's GNEP_LQ: one dense matrix a player."""
    sizes, quadratic, linear, arguments = _dense_players(market)
    from nashopt import GNEP_LQ

    if solver == "highs":  # mixed-integer: equal multipliers need shared rows
        arguments["variational"] = isinstance(market, Network)
    elif isinstance(market, Cournot):
        # Its other solvers want a shared row; capacities are written as rows for them.
        arguments["A"], arguments["b"] = np.eye(market.firms), market.capacity
        arguments["ub"] = np.full(market.firms, np.inf)
    answer = GNEP_LQ(sizes, quadratic, linear, solver=solver, **arguments).solve()
    return _split(market, np.asarray(answer.x, dtype=float))


def _dense_players(market: Any) -> tuple[list[int], list[Any], list[Any], dict[str, Any]]:
    each = 1 if isinstance(market, Cournot) else market.nodes + 1
    n = market.firms * each
    if market.firms * n**2 * 8 > 1e9:
        raise TooBig(f"its input alone, {market.firms} matrices {n} x {n}, is too big")
    quadratic, linear = [], []
    for i in range(market.firms):
        matrix, vector = np.zeros((n, n)), np.zeros(n)
        if isinstance(market, Cournot):
            matrix[i, :] = matrix[:, i] = market.slope
            matrix[i, i] = 2 * market.slope
            vector[i] = market.cost[i] - market.intercept
        else:
            own = i * each + np.arange(market.nodes)
            for j in range(market.firms):
                theirs = j * each + np.arange(market.nodes)
                matrix[own, theirs] = matrix[theirs, own] = market.slope
            matrix[own, own] = 2 * market.slope
            vector[own] = -market.intercept
            matrix[own[-1] + 1, own[-1] + 1] = market.cost_slope[i]
            vector[own[-1] + 1] = market.cost[i]
        quadratic.append(matrix)
        linear.append(vector)
    if isinstance(market, Cournot):
        return (
            [1] * n, quadratic, linear,
            {"lb": np.zeros(n), "ub": market.capacity, "variational": True},
        )  # fmt: skip
    sold = np.tile(np.hstack([np.eye(market.nodes), np.zeros((market.nodes, 1))]), market.firms)
    fed = np.zeros((market.nodes, n))
    fed[market.node, market.nodes + each * np.arange(market.firms)] = 1.0
    flow = market.factors @ (sold - fed)
    balance = np.kron(np.eye(market.firms), np.r_[np.ones(market.nodes), -1.0][None, :])
    upper = np.full((market.firms, each), np.inf)
    upper[:, -1] = market.capacity
    arguments = {
        "lb": np.zeros(n),
        "ub": upper.ravel(),
        "A": np.vstack([flow, -flow]),
        "b": np.r_[market.limits, market.limits],
        "Aeq": balance,
        "beq": np.zeros(market.firms),
        "variational": True,
    }
    return [each] * market.firms, quadratic, linear, arguments


def _split(market: Any, x: Any) -> Any:
    if isinstance(market, Cournot):
        return (x,)
    table = x.reshape(market.firms, market.nodes + 1)
    return table[:, :-1], table[:, -1]


def nashopt_nonlinear(market: Cournot) -> Any:
    """Bemporad's GNEP: KKT residuals differentiated by JAX, any smooth costs."""
    from nashopt import GNEP

    if market.firms > 1000:
        raise TooBig("it traces one function a player")

    def of(i: int) -> Any:
        def loss(q: Any) -> Any:
            price = market.intercept - market.slope * q.sum()
            return -q[i] * (price - market.cost[i])

        return loss

    game = GNEP(
        [1] * market.firms,
        f=[of(i) for i in range(market.firms)],
        lb=np.zeros(market.firms),
        ub=market.capacity,
    )
    answer = game.solve(x0=np.full(market.firms, 1.0).clip(max=market.capacity / 2), verbose=0)
    return (np.asarray(answer.x),)


# ------------------------------------------------------------------ quantecon


def quantecon_lemke(market: Any) -> Any:
    """Lemke's pivots on the linear complementarity problem, in a dense tableau."""
    from quantecon.optimize import lcp_lemke

    size = 2 * market.firms
    if isinstance(market, Network):
        size = market.firms * (market.nodes + 3) + 2 * market.limits.size
    if size > 10_000:
        raise TooBig(f"its tableau, {size:,} x {2 * size:,}, takes {16e-9 * size**2:.0f} GB")
    matrix, vector = _lcp(market)
    answer = lcp_lemke(matrix, vector)
    if not answer.success:
        raise RuntimeError(f"ended with status {answer.status}")
    z = answer.z
    if isinstance(market, Cournot):
        return (z[: market.firms],)
    sold = market.firms * market.nodes
    return z[:sold].reshape(market.firms, market.nodes), z[sold : sold + market.firms]


def _lcp(market: Any) -> tuple[Any, Any]:
    if isinstance(market, Cournot):
        n = market.firms
        eye = np.eye(n)
        matrix = np.block([[market.slope * (eye + 1), eye], [-eye, np.zeros((n, n))]])
        return matrix, np.r_[market.cost - market.intercept, market.capacity]
    # Unknowns: sales, generation, values of power, rents of capacity, prices of lines.
    firms, nodes, lines = market.firms, market.nodes, 2 * market.limits.size
    eye = np.eye(firms)
    each = np.kron(np.ones((firms, firms)) + eye, np.diag(market.slope))
    both = np.vstack([market.factors, -market.factors])
    by_sales, by_plant = np.tile(both, firms), both[:, market.node]
    used = np.kron(eye, np.ones((1, nodes)))
    sold = firms * nodes

    def nothing(rows: int, columns: int) -> Any:
        return np.zeros((rows, columns))

    matrix = np.block([
        [each, nothing(sold, firms), used.T, nothing(sold, firms), by_sales.T],
        [nothing(firms, sold), np.diag(market.cost_slope), -eye, eye, -by_plant.T],
        [-used, eye, nothing(firms, 2 * firms + lines)],
        [nothing(firms, sold), -eye, nothing(firms, 2 * firms + lines)],
        [-by_sales, by_plant, nothing(lines, 2 * firms + lines)],
    ])  # fmt: skip
    vector = np.r_[
        np.tile(-market.intercept, firms), market.cost, np.zeros(firms), market.capacity,
        market.limits, market.limits,
    ]  # fmt: skip
    return matrix, vector
