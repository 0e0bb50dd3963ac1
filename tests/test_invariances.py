"""What must not change an equilibrium: who is listed first, units, and how it is written.

The games are strongly monotone, so their (variational) equilibrium is unique and any two
declarations of one game must return the same point.
"""

import cvxpy as cp
import numpy as np
import pytest

import eqsolve as eq

SEEDS = range(6)
ROUTES = ["complementarity", "nonlinear"]


class Market:
    """Firms with several goods, curved costs, cross effects that no potential has, limits."""

    def __init__(self, seed, firms=4, goods=2):
        rng = np.random.default_rng(seed)
        self.firms, self.goods = firms, goods
        self.cross = rng.uniform(0, 0.3, (firms, firms))
        self.cost = rng.uniform(1, 6, (firms, goods))
        self.curve = rng.uniform(0.1, 1, firms)
        self.capacity = rng.uniform(0.5, 3, (firms, goods))
        self.total = rng.uniform(2, 4)

    def profit(self, i, q):
        """Firm i's profit where q is a list of expressions (goods,)."""
        rivals = sum(self.cross[i, j] * q[j] for j in range(self.firms) if j != i)
        revenue = 10 * cp.sum(q[i]) - cp.sum_squares(q[i]) - q[i] @ rivals
        return revenue - self.cost[i] @ q[i] - self.curve[i] * cp.sum(cp.exp(q[i]))

    def declare(self, order=None, scale=None, shift=False, maximize=True, limit=True, offset=None):
        order = range(self.firms) if order is None else order
        scale = np.ones(self.firms) if scale is None else scale
        offset = np.zeros((self.firms, self.goods)) if offset is None else offset
        own = [cp.Variable(self.goods, name=f"q{i}") for i in range(self.firms)]
        q = [x - offset[i] for i, x in enumerate(own)]
        players = []
        for i in order:
            profit = scale[i] * self.profit(i, q)
            if shift:
                profit = profit + 5 + cp.sum(q[(i + 1) % self.firms]) ** 3
            objective = cp.Maximize(profit) if maximize else cp.Minimize(-profit)
            limits = [q[i] >= 0, q[i] <= self.capacity[i]]
            players.append(eq.Player(f"firm {i}", objective, [own[i]], limits))
        return eq.Game(players, [sum(map(cp.sum, q)) <= self.total] if limit else [])


def by_name(found):
    return np.concatenate([found[name] for name in sorted(found.strategies)])


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("limit", [False, True])
@pytest.mark.parametrize("route", ROUTES)
def test_the_order_of_players(seed, limit, route):
    market = Market(seed)
    first = eq.solve(market.declare(limit=limit), formulation=route)
    order = np.random.default_rng(seed).permutation(4)
    other = eq.solve(market.declare(order=order, limit=limit), formulation=route)
    assert list(other.strategies) == [f"firm {i}" for i in order]
    np.testing.assert_allclose(by_name(other), by_name(first), atol=1e-7)
    assert other.payoffs == pytest.approx(dict(first.payoffs), abs=1e-6)
    if limit and route == "complementarity":
        prices = [
            found.multipliers[k]
            for found in (first, other)
            for k in found.multipliers
            if "shared" in k
        ]
        np.testing.assert_allclose(prices[0], prices[1], atol=1e-6)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("reach", [1, 4])  # units apart by factors up to 10^reach each way
def test_the_units_of_payoffs(seed, reach):
    market = Market(seed)
    scale = 10.0 ** np.random.default_rng(seed).uniform(-reach, reach, 4)
    plain = eq.solve(market.declare(limit=False))
    scaled = eq.solve(market.declare(limit=False, scale=scale))
    np.testing.assert_allclose(scaled.vector, plain.vector, atol=1e-6)
    for i in range(4):
        ratio = scaled.payoffs[f"firm {i}"] / plain.payoffs[f"firm {i}"]
        assert ratio == pytest.approx(scale[i], rel=1e-6)


@pytest.mark.parametrize("seed", SEEDS)
def test_units_of_payoffs_weigh_shared_multipliers(seed):
    # s_i F_i + lambda A_i' = 0 is F_i + (lambda / s_i) A_i' = 0: Rosen's weights are s.
    market = Market(seed)
    scale = np.random.default_rng(seed).uniform(0.2, 5, 4)
    scaled = eq.solve(market.declare(scale=scale), eq.VariationalEquilibrium())
    weights = {f"firm {i}": float(s) for i, s in enumerate(scale)}
    weighted = eq.solve(market.declare(), eq.VariationalEquilibrium(weights=weights))
    np.testing.assert_allclose(weighted.vector, scaled.vector, atol=1e-7)
    assert scaled.certificate.kind == "variational"
    assert weighted.certificate.kind in ("normalized", "variational")
    # One common factor changes nothing.
    common = eq.solve(market.declare(scale=np.full(4, 7.0)), eq.VariationalEquilibrium())
    plain = eq.solve(market.declare(), eq.VariationalEquilibrium())
    np.testing.assert_allclose(common.vector, plain.vector, atol=1e-7)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_a_player_cannot_influence(seed):
    market = Market(seed)
    plain, shifted = eq.solve(market.declare()), eq.solve(market.declare(shift=True))
    np.testing.assert_allclose(shifted.vector, plain.vector, atol=1e-7)


@pytest.mark.parametrize("seed", SEEDS)
def test_profits_or_costs(seed):
    market = Market(seed)
    profits, costs = eq.solve(market.declare()), eq.solve(market.declare(maximize=False))
    np.testing.assert_allclose(costs.vector, profits.vector, atol=1e-7)
    for name, profit in profits.payoffs.items():
        assert costs.payoffs[name] == pytest.approx(-profit, abs=1e-6)


@pytest.mark.parametrize("seed", SEEDS)
def test_where_zero_is(seed):
    market = Market(seed)
    offset = np.random.default_rng(seed).uniform(-50, 50, (4, 2))
    plain, moved = eq.solve(market.declare()), eq.solve(market.declare(offset=offset))
    np.testing.assert_allclose(moved.vector - offset.ravel(), plain.vector, atol=1e-6)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("limit", [False, True])
def test_vectors_or_scalars(seed, limit):
    market = Market(seed)
    vectors = eq.solve(market.declare(limit=limit))
    q = [[cp.Variable(name=f"q{i}{g}") for g in range(2)] for i in range(4)]
    stacked = [cp.hstack(own) for own in q]
    players = []
    for i, own in enumerate(q):
        rows = [own[g] >= 0 for g in range(2)] + [own[g] <= market.capacity[i, g] for g in range(2)]
        players.append(eq.Player(f"firm {i}", cp.Maximize(market.profit(i, stacked)), own, rows))
    total = [sum(variable for own in q for variable in own) <= market.total]
    scalars = eq.solve(eq.Game(players, total if limit else []))
    np.testing.assert_allclose(scalars.vector, vectors.vector, atol=1e-7)
    assert scalars.payoffs == pytest.approx(dict(vectors.payoffs), abs=1e-6)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("limit", [False, True])
def test_populations_or_players(seed, limit):
    market = Market(seed)
    alone = eq.solve(market.declare(limit=limit))
    q = cp.Variable((4, 2), name="q")
    away = market.cross - np.diag(np.diag(market.cross))
    curve = cp.multiply(market.curve, cp.sum(cp.exp(q), axis=1))
    margin = 10 - market.cost - q - away @ q
    profit = cp.sum(cp.multiply(q, margin), axis=1) - curve
    names = [f"firm {i}" for i in range(4)]
    rows = [q >= 0, q <= market.capacity]
    firms = eq.Population("firm", q, maximize=profit, constraints=rows, names=names)
    together = eq.solve(eq.Game([firms], [cp.sum(q) <= market.total] if limit else []))
    assert list(together.strategies) == names
    np.testing.assert_allclose(together.vector, alone.vector, atol=1e-7)
    assert together.payoffs == pytest.approx(dict(alone.payoffs), abs=1e-6)


@pytest.mark.parametrize("firms", [5, 60])  # written out, and with the total lifted
def test_a_population_of_cournot_firms_or_players_one_by_one(firms):
    cost = np.random.default_rng(firms).uniform(5, 60, firms)
    q = cp.Variable(firms, nonneg=True, name="q")
    profit = cp.multiply(q, 100 - cp.sum(q) - cost)
    population = eq.Game([eq.Population("firm", q, maximize=profit, constraints=[q <= 5])])
    each = [cp.Variable(nonneg=True, name=f"q{i}") for i in range(firms)]
    price = 100 - sum(each)
    players = [
        eq.Player(f"firm[{i}]", cp.Maximize(x * (price - c)), [x], [x <= 5])
        for i, (x, c) in enumerate(zip(each, cost, strict=True))
    ]
    together, alone = eq.solve(population), eq.solve(eq.Game(players))
    assert list(together.strategies) == list(alone.strategies)
    np.testing.assert_allclose(together.vector, alone.vector, atol=1e-7)


def test_mixed_populations_and_players_in_any_order():
    def declare(first):
        q, x = cp.Variable(3, nonneg=True, name="q"), cp.Variable(nonneg=True, name="x")
        price = 50 - cp.sum(q) - x
        fringe = eq.Population("f", q, maximize=cp.multiply(q, price - np.array([1.0, 2.0, 3.0])))
        large = eq.Player("large", cp.Maximize(x * price), [x])
        return eq.Game([fringe, large] if first else [large, fringe])

    one, two = eq.solve(declare(True)), eq.solve(declare(False))
    for name in one.strategies:
        np.testing.assert_allclose(one[name], two[name], atol=1e-9)
    # n = 4: Q = (4 * 50 - 6) / 5, and each firm sells what its margin is, 50 - Q - c.
    total = (4 * 50 - 6) / 5
    expected = [50 - total - c for c in (1, 2, 3, 0)]
    np.testing.assert_allclose(one.vector, expected, atol=1e-9)


def test_the_leader_may_stand_anywhere():
    # Cournot with P = 100 - Q, costs 5 and 2: Stackelberg (46, 26), led by the first firm.
    def declare(order):
        q = {name: cp.Variable(nonneg=True, name=name) for name in ("leader", "follower")}
        price = 100 - sum(q.values())
        cost = {"leader": 5, "follower": 2}
        return eq.Game(
            [
                eq.Player(k, cp.Maximize(q[k] * (price - cost[k])), [q[k]], [q[k] <= 90])
                for k in order
            ]
        )

    for order in (("leader", "follower"), ("follower", "leader")):
        found = eq.solve(declare(order), eq.Stackelberg("leader"))
        assert found["leader"] == pytest.approx(46, abs=1e-5)
        assert found["follower"] == pytest.approx(26, abs=1e-5)
