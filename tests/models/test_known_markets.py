"""The table of known answers on markets, against the instances and against its formulas."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm

import eqsolve as eq

KNOWN = runpy.run_path(str(Path(__file__).parents[1] / "known_answers" / "markets.py"))


@pytest.mark.parametrize("known", KNOWN["EQUILIBRIA"], ids=lambda k: k.instance)
def test_digits_of_equilibria(known):
    equilibrium = eq.solve(eq.models.load(known.instance))
    assert equilibrium.vector == pytest.approx(known.vector, abs=known.digits)
    if known.multipliers:
        (found,) = [v for name, v in equilibrium.multipliers.items() if "shared" in name]
        assert np.ravel(found) == pytest.approx(known.multipliers, abs=max(6e-6, known.digits))


@pytest.mark.parametrize("known", KNOWN["POLICY_GRADIENT"], ids=repr)
def test_policy_gradient_rests_at_its_fixed_points(known):
    theta, costs, s = np.array(known.theta), np.array(known.costs), known.sigma
    chance = norm.cdf(theta / s)
    mean = theta * chance + s * norm.pdf(theta / s)
    gradient = chance * (1 - costs - (mean.sum() - mean)) - 2 * mean
    assert gradient == pytest.approx(np.zeros(theta.size), abs=10 * known.digits)
    if known.mean_action:
        assert mean == pytest.approx(known.mean_action, abs=2 * known.digits)


def test_closed_form_of_linear_markets():
    quantities, total = KNOWN["linear_cournot"](100.0, 2.0, (10.0, 20.0, 25.0))
    market = eq.models.cournot(costs=[10.0, 20.0, 25.0], demand=eq.models.LinearDemand(100, 2))
    assert eq.solve(market).vector == pytest.approx(quantities, abs=1e-9)
    assert sum(quantities) == pytest.approx(total)


@pytest.mark.parametrize("firms", [2, 3, 10])
def test_rates_follow_from_the_jacobian(firms):
    market = eq.models.cournot(firms, costs=0.0, demand=eq.models.LinearDemand(1.0, 0.5))
    matrix, _ = market.numbers.affine
    values = np.linalg.eigvalsh(matrix)
    rates = KNOWN["gradient_play_rates"](0.5, firms)
    assert values.min() == pytest.approx(rates["continuous"])
    assert 2 / values.max() == pytest.approx(rates["largest_stable_step"])
    assert 2 / (values.min() + values.max()) == pytest.approx(rates["best_step"])
    step = np.abs(1 - rates["best_step"] * values).max()
    assert step == pytest.approx(rates["best_contraction"])
