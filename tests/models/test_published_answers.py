"""Every instance against its answer, and every answer against the declared game."""

from __future__ import annotations

import numpy as np
import pytest

import eqsolve as eq

m = eq.models
ANSWERS = {name: m.published(name) for name in m.instances("game")}
WITH_STRATEGIES = [name for name, known in ANSWERS.items() if known.strategies]
# From its default start the solver may find another equilibrium of these.
MANY_EQUILIBRIA = {
    "facchinei_kanzow_a3",
    "facchinei_kanzow_a8",
    "torus_location",
    "torus_location_simultaneous",
    "covariance_scalar",
}


@pytest.mark.parametrize("name", WITH_STRATEGIES)
def test_nobody_gains_much_at_the_answer(name):
    game, known = m.load(name), ANSWERS[name]
    assert tuple(known.strategies) == game.player_names
    certificate = eq.certify(game, known.strategies, known.asked)
    # Strategies off by the tolerance cost at most the slope of payoffs times it.
    point = game.pack(known.strategies)
    slope = max(1.0, np.abs(game.numbers.gradient(point)).max())
    if certificate.infeasibility <= 1e-7 or np.isfinite(certificate.max_gain):
        # Printed digits may leave a player without any feasible strategy: gain unknown.
        assert certificate.max_gain <= 3 * slope * known.tolerance
    assert certificate.infeasibility <= 5 * known.tolerance
    if known.concept == "variational":
        largest = np.abs(game.numbers.jacobian(point)).sum(axis=1).max()
        assert certificate.variational_residual <= 3 * max(1.0, largest) * known.tolerance


@pytest.mark.parametrize("name", WITH_STRATEGIES)
def test_payoffs_of_the_answer(name):
    known = ANSWERS[name]
    if known.payoffs:
        game = m.load(name)
        payoffs = game.declared_payoffs(game.pack(known.strategies))
        payoffs = dict(zip(game.player_names, payoffs, strict=True))
        assert payoffs == pytest.approx(known.payoffs, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("name", [n for n in WITH_STRATEGIES if ANSWERS[n].others])
def test_further_equilibria_are_equilibria_and_not_variational(name):
    game, known = m.load(name), ANSWERS[name]
    for other in known.others:
        certificate = eq.certify(game, other, known.asked)
        assert certificate.max_gain < 1e-6 * certificate.payoff_scale
        assert certificate.infeasibility < 1e-6
        if known.concept == "variational":
            assert certificate.kind == "generalized"


@pytest.mark.parametrize("name", WITH_STRATEGIES)
def test_solve_finds_the_answer(name):
    game, known = m.load(name), ANSWERS[name]
    start = known.strategies if name in MANY_EQUILIBRIA else None
    equilibrium = eq.solve(game, known.asked, start=start)
    assert equilibrium.certificate.relative_gain < 1e-6
    if known.concept == "generalized":
        return
    for player, strategy in known.strategies.items():
        assert equilibrium[player] == pytest.approx(strategy, abs=known.tolerance)
    if known.concept == "variational":
        assert equilibrium.certificate.kind == "variational"
    if known.multipliers:
        shared = [np.ravel(v) for k, v in equilibrium.multipliers.items() if "shared" in k]
        found = np.concatenate(shared)
        assert found == pytest.approx(known.multipliers, abs=max(1e-6, known.tolerance))


def test_the_equilibria_of_a8_form_the_segment_of_the_note():
    equilibrium = eq.solve(m.load("facchinei_kanzow_a8"))
    x, y, z = equilibrium.vector
    assert 0.5 - 1e-6 <= x <= 2 / 3 + 1e-6
    assert (y, z) == pytest.approx((1 - x, 1.5 * x), abs=1e-6)


def test_the_printed_river_basin_point_is_not_variational():
    printed = (21.149, 16.028, 2.722)
    certificate = eq.certify(m.load("river_basin"), printed)
    assert certificate.variational_residual > 1e-4


@pytest.mark.parametrize("name", m.instances("game"))
def test_every_answer_says_where_it_is_from(name):
    known = ANSWERS[name]
    assert {"authors", "title"} <= set(known.source)
    assert known.strategies or known.quantities
    assert known.title in repr(known)
    if known.status == "published":
        assert known.source["authors"] != "eqsolve"
        assert "where" in known.source
    if known.status == "computed" and not known.model.startswith("cournot"):
        assert known.note
