"""Cournot markets: forms of declaration, capacities, taxes, plants, uncertainty."""

from __future__ import annotations

import numpy as np
import pytest

import eqsolve as eq
from eqsolve.models.cournot import MANY, symmetric_start

m = eq.models
LINEAR = m.LinearDemand(intercept=100, slope=2)


def test_closed_form_for_linear_markets():
    costs = np.array([10.0, 20.0, 25.0])
    nash = eq.solve(m.cournot(costs=costs, demand=LINEAR))
    total = (3 * 100 - costs.sum()) / (2 * 4)
    quantities = (100 - costs - 2 * total) / 2
    assert nash.vector == pytest.approx(quantities, abs=1e-9)
    assert list(nash.payoffs.values()) == pytest.approx(2 * quantities**2, abs=1e-8)


@pytest.mark.parametrize(
    "demand",
    [
        LINEAR,
        m.IsoelasticDemand(5000, 1.1),
        m.ExponentialDemand(100, 0.01),
        m.ConcavePowerDemand(100, 0.01, 2),
    ],
    ids=repr,
)
@pytest.mark.parametrize("family", ["linear", "quadratic", "power"])
def test_many_firms_declared_together_are_the_firms_declared_one_by_one(demand, family):
    rng = np.random.default_rng(0)
    marginal = rng.uniform(1, 5, MANY)
    costs = {
        "linear": list(marginal),
        "quadratic": [m.QuadraticCost(c, 0.1 * c) for c in marginal],
        "power": [m.PowerCost(c, 2.0, 1.5) for c in marginal],
    }[family]
    arguments = {"demand": demand, "capacities": list(rng.uniform(1, 3, MANY)), "taxes": 0.5}
    together = m.cournot(costs=costs, **arguments)
    assert isinstance(together.players[0], eq.Population)

    class Unlike:  # a family of one's own is declared firm by firm
        def __init__(self, cost):
            self.cost = cost.cost if hasattr(cost, "cost") else lambda q: cost * q

    apart = m.cournot(costs=[Unlike(c) for c in costs], **arguments)
    assert isinstance(apart.players[0], eq.Player)
    assert apart.player_names == together.player_names
    points = rng.uniform(0.5, 1.5, (2, MANY))
    for name in ("payoffs", "pseudo_gradient"):
        ours, theirs = getattr(together.numbers, name), getattr(apart.numbers, name)
        assert ours(points) == pytest.approx(theirs(points), rel=1e-9, abs=1e-9)


def test_ten_thousand_firms_are_one_population():
    market = m.cournot(10_000, costs=3.0, demand=LINEAR, capacities=1.0)
    assert len(market.players) == 1
    assert market.n == 10_000
    assert market.player_names[0] == "firm1"
    assert market.variables[0].value[0] == pytest.approx(97 / (2 * 10_001), rel=1e-6)


def test_names_come_from_the_keys_and_entries_follow_them():
    market = m.cournot(
        costs={"north": 5.0, "south": 2.0},
        demand=LINEAR,
        capacities={"south": None, "north": 4.0},
        taxes={"north": 0.0, "south": 1.0},
    )
    assert market.player_names == ("north", "south")
    assert [v.name() for v in market.variables] == ["north", "south"]
    nash = eq.solve(market)
    assert nash["north"] == pytest.approx([4.0])
    assert nash["south"] == pytest.approx([(100 - 8 - 3) / 4])


def test_a_tax_is_a_cost():
    taxed = eq.solve(m.cournot(costs=[5.0, 7.0], demand=LINEAR, taxes=[3.0, 0.0]))
    costly = eq.solve(m.cournot(costs=[8.0, 7.0], demand=LINEAR))
    assert taxed.vector == pytest.approx(costly.vector, abs=1e-9)


def test_a_subsidy_that_makes_output_free_is_allowed():
    nash = eq.solve(m.cournot(costs=[5.0, 5.0], demand=LINEAR, taxes=-5.0))
    assert nash.vector == pytest.approx([100 / 6, 100 / 6], abs=1e-9)


def test_plants_of_one_firm_share_its_output_at_equal_marginal_cost():
    plants = [m.QuadraticCost(2.0, 1.0), m.QuadraticCost(2.0, 3.0)]
    nash = eq.solve(m.cournot(costs={"a": plants, "b": 10.0}, demand=LINEAR))
    first, second = nash["a"]
    assert first == pytest.approx(3 * second, abs=1e-9)


def test_only_expected_demand_matters_when_linear():
    uncertain = m.UncertainDemand([(0.5, m.LinearDemand(80, 1)), (0.5, m.LinearDemand(120, 3))])
    nash = eq.solve(m.cournot(2, costs=10.0, demand=uncertain))
    sure = eq.solve(m.cournot(2, costs=10.0, demand=LINEAR))
    assert nash.vector == pytest.approx(sure.vector, abs=1e-9)


def test_uncertainty_about_curvature_matters():
    mixed = m.UncertainDemand([(0.5, LINEAR), (0.5, m.ConcavePowerDemand(100, 0.05, 2))])
    nash = eq.solve(m.cournot(2, costs=10.0, demand=mixed))
    total = nash.vector.sum()
    slope = 0.5 * -2 + 0.5 * -0.05 * 2 * total
    assert mixed.price(total) + slope * total / 2 == pytest.approx(10.0, abs=1e-6)


@pytest.mark.parametrize("firms", [1, 2, 49])
def test_the_start_is_the_symmetric_equilibrium(firms):
    start = symmetric_start(LINEAR, lambda total: 10.0 * total / firms, firms)
    assert start == pytest.approx(90 / (2 * (firms + 1)), rel=1e-6)


def test_no_start_where_a_monopolist_would_sell_nothing():
    demand = m.IsoelasticDemand(10, 0.5)
    assert symmetric_start(demand, lambda total: total, 1) is None


def test_order_of_firms_does_not_matter():
    costs = [3.0, m.QuadraticCost(1.0, 2.0), m.PowerCost(2.0, 5.0, 0.8)]
    forward = eq.solve(m.cournot(costs=costs, demand=m.ConcavePowerDemand(50, 0.1, 1.5)))
    backward = eq.solve(m.cournot(costs=costs[::-1], demand=m.ConcavePowerDemand(50, 0.1, 1.5)))
    assert forward.vector == pytest.approx(backward.vector[::-1], abs=1e-8)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"costs": 3.0}, "give a number of firms or their names"),
        ({"firms": 0, "costs": 3.0}, "at least one firm"),
        ({"firms": "ab", "costs": 3.0}, "a count or a list of names"),
        ({"firms": ["a", "a"], "costs": 3.0}, "distinct"),
        ({"firms": 3, "costs": [1.0, 2.0]}, "costs: 2 entries for 3 firms"),
        ({"costs": {"a": 1.0}, "capacities": {"b": 1.0}}, "capacities: no entry for 'a'"),
        ({"costs": {"a": 1.0}, "taxes": {"a": 1.0, "c": 0.0}}, "taxes: unknown firm 'c'"),
        ({"costs": [1.0], "capacities": [-2.0]}, "Firm 'firm1': the capacity must be"),
        ({"costs": ["free"]}, "Firm 'firm1': 'free' is not a cost"),
        ({"costs": [[1.0, 2.0]], "capacities": [[1.0]]}, "Firm 'firm1': 1 capacities for 2"),
    ],
)
def test_what_does_not_fit_is_refused(arguments, says):
    with pytest.raises(eq.EqsolveError, match=says):
        m.cournot(**arguments, demand=LINEAR)
