"""Families of demand and cost: numbers, cvxpy expressions and refusals agree."""

from __future__ import annotations

import cvxpy as cp
import numpy as np
import pytest

import eqsolve as eq
from eqsolve.models.costs import as_cost, stack
from eqsolve.models.demand import revenue

m = eq.models
DEMANDS = [
    m.LinearDemand(10, 0.5),
    m.IsoelasticDemand(50, 1.3),
    m.IsoelasticDemand(50, 1.0),
    m.IsoelasticDemand(50, 0.7),
    m.ExponentialDemand(10, 0.2),
    m.ConcavePowerDemand(10, 0.1, 1.5),
    m.UncertainDemand([(0.4, m.LinearDemand(10, 0.5)), (0.6, m.IsoelasticDemand(50, 1.3))]),
]
COSTS = [m.LinearCost(2.0), m.QuadraticCost(2.0, 0.3), m.PowerCost(2.0, 5.0, 1.2)]


@pytest.mark.parametrize("demand", DEMANDS, ids=repr)
def test_price_of_numbers_arrays_and_expressions_agree(demand):
    totals = np.array([0.5, 2.0, 7.0])
    q = cp.Variable(3, value=totals)
    assert demand.price(q).value == pytest.approx(demand.price(totals), rel=1e-12)
    assert [demand.price(t) for t in totals] == pytest.approx(list(demand.price(totals)))


@pytest.mark.parametrize("demand", DEMANDS, ids=repr)
def test_price_falls(demand):
    assert (np.diff(demand.price(np.linspace(0.1, 8, 50))) < 0).all()


@pytest.mark.parametrize("demand", DEMANDS, ids=repr)
def test_revenue_is_quantity_times_price(demand):
    quantities, rivals = np.array([0.3, 2.0]), np.array([1.0, 4.0])
    expected = quantities * demand.price(quantities + rivals)
    assert revenue(demand, quantities, rivals) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("elasticity", "known"), [(0.9, False), (1.0, True), (1.1, True)])
def test_cvxpy_knows_that_isoelastic_revenue_is_concave(elasticity, known):
    q = cp.Variable(nonneg=True)
    earned = revenue(m.IsoelasticDemand(10.0, elasticity), q, 3.0)
    assert earned.is_concave() is known


def test_the_price_of_murphys_market():
    # Q = 5000 p^-1.1 at the published p.
    assert m.IsoelasticDemand(5000, 1.1).price(5000 * 18.3006**-1.1) == pytest.approx(18.3006)


@pytest.mark.parametrize("cost", COSTS, ids=repr)
def test_cost_of_numbers_and_expressions_agree(cost):
    amounts = np.array([0.5, 2.0, 7.0])
    q = cp.Variable(3, value=amounts)
    assert cost.cost(q).value == pytest.approx(cost.cost(amounts), rel=1e-12)
    assert cost.cost(q).is_convex()


def test_marginal_cost_of_a_power_cost():
    cost, step = m.PowerCost(2.0, 5.0, 1.2), 1e-6
    marginal = (cost.cost(3 + step) - cost.cost(3 - step)) / (2 * step)
    assert marginal == pytest.approx(2 + (3 / 5) ** (1 / 1.2), rel=1e-8)


def test_alike_costs_become_one_record():
    together = stack([m.LinearCost(1.0), m.QuadraticCost(2.0, 3.0)], (2,))
    assert together.cost(np.array([1.0, 2.0])) == pytest.approx([1.0, 10.0])
    assert stack([m.PowerCost(1, 2, 1.0), m.PowerCost(1, 2, 1.1)], (2,)) is None
    assert stack([m.LinearCost(1.0), m.PowerCost(1, 2, 1.1)], (2,)) is None


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: m.LinearDemand(-1, 1), "LinearDemand: intercept must be a positive number"),
        (lambda: m.LinearDemand(1, float("nan")), "slope must be a positive number, not nan"),
        (lambda: m.IsoelasticDemand(1, 0), "IsoelasticDemand: elasticity"),
        (lambda: m.ConcavePowerDemand(1, 1, 0.5), "power must be at least 1, not 0.5"),
        (lambda: m.UncertainDemand([(0.5, DEMANDS[0])]), "must be non-negative and sum to one"),
        (lambda: m.UncertainDemand([]), "sum to one"),
        (lambda: m.QuadraticCost(1, -1), "QuadraticCost: slope must be a finite number of at"),
        (lambda: m.LinearCost("3"), "LinearCost: marginal must be a number"),
        (lambda: m.PowerCost(1, 0.0, 1), "PowerCost: scale"),
        (lambda: as_cost("cheap", "Firm 'a'"), "Firm 'a': 'cheap' is not a cost"),
    ],
)
def test_bad_numbers_are_refused_by_name(make, says):
    with pytest.raises(eq.EqsolveError, match=says):
        make()
