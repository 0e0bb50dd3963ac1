"""The answers again, by routes that use nothing of eqsolve but the data files."""

from __future__ import annotations

import tomllib
from fractions import Fraction
from importlib import resources

import cvxpy as cp
import numpy as np
import pytest
from scipy.optimize import brentq

from eqsolve.models import published


def data(name):
    folder = resources.files("eqsolve.models") / "instances"
    return tomllib.loads((folder / f"{name}.toml").read_text())


def joined(known):
    return np.concatenate(list(known.strategies.values()))


def isoelastic_oligopoly(marginal, scale, supply, elasticity, price_cut=0.0):
    """Quantities by two nested bisections: each firm's for a given total, then the total.

    Firm i equates c_i + (q / K_i)^(1 / b_i) with p(Q) (1 - q / (g Q)) - price_cut.
    """

    def each(total):
        price = (total / 5000) ** (-1 / elasticity)

        def quantity(c, k, b):
            def excess(q):
                marginal_revenue = price * (1 - q / (elasticity * total))
                return c + (q / k) ** (1 / b) - marginal_revenue + price_cut

            return 0.0 if excess(0.0) >= 0 else brentq(excess, 0, total * elasticity, xtol=1e-14)

        return np.array([quantity(*firm) for firm in zip(marginal, scale, supply, strict=True)])

    total = brentq(lambda t: each(t).sum() - t, 1e-3, 1e4, xtol=1e-13)
    return each(total)


FIVE = ((10, 8, 6, 4, 2), (5,) * 5, (1.2, 1.1, 1.0, 0.9, 0.8))


@pytest.mark.parametrize(
    ("name", "elasticity"),
    [("murphy_sherali_soyster", 1.1), ("murphy_sherali_soyster_unit_elastic", 1.0)],
)
def test_five_firms(name, elasticity):
    quantities, known = isoelastic_oligopoly(*FIVE, elasticity), published(name)
    assert quantities == pytest.approx(joined(known), abs=known.tolerance)
    price = (quantities.sum() / 5000) ** (-1 / elasticity)
    assert price == pytest.approx(known.quantities["price"], abs=5e-5)


def test_five_firms_under_a_production_limit():
    known = published("murphy_sherali_soyster_limited")
    (rent,) = known.multipliers
    quantities = isoelastic_oligopoly(*FIVE, 1.1, price_cut=rent)
    assert quantities.sum() == pytest.approx(100.0, abs=1e-8)
    assert quantities == pytest.approx(joined(known), abs=known.tolerance)


def test_ten_firms_of_harker():
    rows = data("harker_ten_firms")["arguments"]["costs"]
    columns = ([r[key] for r in rows] for key in ("marginal", "scale", "elasticity"))
    known = published("harker_ten_firms")
    assert isoelastic_oligopoly(*columns, 1.2) == pytest.approx(joined(known), abs=known.tolerance)


QUADRATIC = (
    "facchinei_kanzow_a3",
    "facchinei_kanzow_a5",
    "facchinei_kanzow_a8",
    "facchinei_kanzow_a17",
    "harker_1991",
    "rosen",
    "quadratic_potential",
)


@pytest.mark.parametrize("name", QUADRATIC)
def test_each_player_best_responds_in_the_quadratic_games(name):
    """Each player's quadratic program written out in cvxpy, the others held fixed."""
    arguments, known = data(name)["arguments"], published(name)
    matrix = np.array(arguments["matrix"], dtype=float)
    offset = np.array(arguments["offset"], dtype=float)
    n = offset.size
    lower = np.broadcast_to(arguments.get("lower", -np.inf), n)
    upper = np.broadcast_to(arguments.get("upper", np.inf), n)
    shared = [arguments["shared"]] if "shared" in arguments else []
    for point in (joined(known), *(np.concatenate(list(o.values())) for o in known.others)):
        first = 0
        for player, size in arguments["players"].items():
            own = np.arange(first, first + size)
            first += size
            tables = shared + [t for p, t in arguments.get("limits", {}).items() if p == player]
            others = np.setdiff1d(np.arange(n), own)
            tilt = matrix[np.ix_(own, others)] @ point[others] + offset[own]
            block = matrix[np.ix_(own, own)]
            x = cp.Variable(size)
            cost = 0.5 * cp.quad_form(x, block) + tilt @ x
            rows = []
            for table in tables:
                weights = np.array(table["matrix"], dtype=float)
                room = np.array(table["bound"]) - weights[:, others] @ point[others]
                # The printed point may overstep a limit by its rounding.
                room = np.maximum(room, weights[:, own] @ point[own])
                rows.append(weights[:, own] @ x <= room)
            for k, i in enumerate(own):
                rows += [x[k] >= min(lower[i], point[i])] if np.isfinite(lower[i]) else []
                rows += [x[k] <= upper[i]] if np.isfinite(upper[i]) else []
            problem = cp.Problem(cp.Minimize(cost), rows)
            problem.solve(solver="CLARABEL")
            here = 0.5 * point[own] @ block @ point[own] + tilt @ point[own]
            assert here - problem.value < 1e-6 * (1 + abs(here)), player


def test_three_generating_companies_by_linear_equations():
    slope = [0.04, 0.035, 0.125, 0.0166, 0.05, 0.05]
    marginal = np.array([2, 1.75, 1, 3.25, 3, 3])
    owner = np.array([0, 1, 1, 2, 2, 2])
    matrix = 2.0 + 2.0 * (owner[:, None] == owner) + np.diag(slope)
    units = np.linalg.solve(matrix, 378.4 - marginal)
    known = published("contreras_ieee30")
    assert units == pytest.approx(joined(known), abs=known.tolerance)
    assert (units < [80, 80, 50, 55, 30, 40]).all()


def test_river_basin_by_its_potential():
    linear, quadratic = np.array([0.1, 0.12, 0.15]), np.array([0.01, 0.05, 0.01])
    arriving = np.array([[6.5, 5, 5.5], [4.583, 6.25, 3.75]]) * [0.5, 0.25, 0.75]
    x = cp.Variable(3, nonneg=True)
    own = (linear - 3) @ x + (quadratic + 0.005) @ cp.square(x)
    limits = arriving @ x <= 100
    cp.Problem(cp.Minimize(own + 0.005 * cp.square(cp.sum(x))), [limits]).solve(
        solver="CLARABEL", tol_gap_abs=1e-12, tol_gap_rel=1e-12, tol_feas=1e-12
    )
    known = published("river_basin")
    assert x.value == pytest.approx(joined(known), abs=1e-6)
    assert limits.dual_value == pytest.approx(known.multipliers, abs=1e-6)


def test_internet_switching_by_its_quadratic_equation():
    total = (8 + np.sqrt(64 + 10.8)) / 18
    known = published("internet_switching_privileged")
    assert known.strategies["user2"] == pytest.approx([total - total**2], abs=1e-11)


def test_three_node_network_in_exact_fractions():
    """Duopoly in every market at costs c_f - w_i + w_k; the line price fills the line."""
    intercept, slope = (
        (Fraction(40), Fraction(40), Fraction(32)),
        (
            Fraction(8, 100),
            Fraction(8, 100),
            Fraction(5, 100),
        ),
    )
    cost = (Fraction(15), Fraction(20))

    def market(line_price):
        w = (-line_price / 3, line_price / 3, Fraction(0))
        delivered = [[cost[f] - w[f] + w[k] for k in range(3)] for f in range(2)]
        sales = [
            [
                (intercept[k] - 2 * delivered[f][k] + delivered[1 - f][k]) / (3 * slope[k])
                for k in range(3)
            ]
            for f in range(2)
        ]
        moved = [sales[0][k] + sales[1][k] - (sum(sales[k]) if k < 2 else 0) for k in range(3)]
        return w, sales, moved, (moved[1] - moved[0]) / 3

    flow0, flow1 = market(Fraction(0))[3], market(Fraction(1))[3]
    w, sales, moved, flow = market((25 - flow0) / (flow1 - flow0))
    known = published("three_node_network")
    assert flow == 25
    assert [float(v) for v in w] == pytest.approx(list(known.multipliers))
    for f, name in enumerate(("first", "second")):
        expected = [float(v) for v in (*sales[f], sum(sales[f]))]
        assert known.strategies[name] == pytest.approx(expected)
    assert known.strategies["operator"] == pytest.approx([float(v) for v in moved])


def test_three_node_network_with_arbitrage_by_its_active_set():
    """One price apart from congestion: eight linear equations with the line full."""
    a, b, c = np.array([40, 40, 32.0]), np.array([0.08, 0.08, 0.05]), (15.0, 20.0)
    # Unknowns: p (price at the hub), t (line price). p_k = p + w_k; all else follows:
    # s_fk = (p_k - w_k - c_f + w_f) / b_k, since firms hold what is traded fixed.
    direction = np.array([-1, 1, 0]) / 3

    def state(p, t):
        w = direction * t
        sales = np.array([(p - c[f] + w[f]) / b for f in range(2)])
        traded = (a - p - w) / b - sales.sum(axis=0)
        generation = sales.sum(axis=1)
        moved = sales.sum(axis=0) + traded - np.array([*generation, 0.0])
        return sales, traded, moved, np.array([traded.sum(), direction @ moved - 25])

    zero = state(0.0, 0.0)[3]
    matrix = np.column_stack([state(1.0, 0.0)[3] - zero, state(0.0, 1.0)[3] - zero])
    p, t = np.linalg.solve(matrix, -zero)
    sales, traded, moved, _ = state(p, t)
    known = published("three_node_arbitrage")
    assert t == pytest.approx(90 / 23)
    assert known.strategies["arbitrager"] == pytest.approx(traded, abs=1e-8)
    assert known.strategies["operator"] == pytest.approx(moved, abs=1e-8)
    for f, name in enumerate(("first", "second")):
        assert known.strategies[name][:3] == pytest.approx(sales[f], abs=1e-8)


def test_three_region_market_by_its_potential_and_by_its_active_set():
    a, b = np.array([40, 35, 32.0]), np.array([0.08, 0.0875, 0.16 / 3])
    s = cp.Variable((2, 3), nonneg=True)
    total = cp.sum(s, axis=0)
    price = a - cp.multiply(b, total)
    potential = (
        a @ total - b / 2 @ cp.square(total) - cp.sum(cp.square(s) @ (b / 2)) - 15 * cp.sum(s)
    )
    i, j = np.triu_indices(3, 1)
    limits = [cp.sum(s, axis=1) <= 150, cp.abs(price[i] - price[j]) <= 1]
    cp.Problem(cp.Maximize(potential), limits).solve(
        solver="CLARABEL", tol_gap_abs=1e-12, tol_gap_rel=1e-12, tol_feas=1e-12
    )
    known = published("three_region_market").quantities
    assert s.value == pytest.approx(np.tile(known["sales_by_market"], (2, 1)), abs=1e-5)
    assert price.value == pytest.approx(known["prices"], abs=1e-6)
    # Both firms sell t_k with 2 b t = a - p; capacity and p_1 - p_3 = 1 are tight, with
    # multipliers mu and nu: a - 3 b t - 15 - mu + nu b (+1 at node 1, -1 at node 3) = 0.
    rows, right = np.zeros((5, 5)), np.zeros(5)
    for k, sign in enumerate((1, 0, -1)):
        rows[k, [k, 3, 4]] = 3 * b[k], 1, -sign * b[k]
        right[k] = a[k] - 15
    rows[3, :3], right[3] = 1, 150
    rows[4, [0, 2]], right[4] = (-2 * b[0], 2 * b[2]), 1 - a[0] + a[2]
    sold = np.linalg.solve(rows, right)
    assert sold[:3] == pytest.approx(known["sales_by_market"], abs=1e-9)
    assert sold[3:].min() > 0
