"""Security games: coverage that can be checked by hand, lotteries over sets, the normal form."""

import numpy as np
import pytest

import eqsolve as eq
from eqsolve.errors import NotAGame

DEFENDER = eq.Stackelberg(leader="defender")


def draw(seed, targets=5, attackers=1, resources=2):
    rng = np.random.default_rng(seed)
    shape = (attackers, targets)
    law = rng.random(attackers)
    return eq.SecurityGame(
        rng.random(shape),
        -rng.random(shape),
        -rng.random(shape),
        rng.random(shape),
        resources=resources,
        probabilities=law / law.sum(),
    )


def test_two_targets_by_hand():
    # The attacker gets 3 (1 - c) at the first target and 1 - (1 - c) at the second: the same at
    # c = 3/4, where each attack costs the defender 3/4.
    game = eq.SecurityGame([0, 0], [-3, -1], [0, 0], [3, 1], resources=1)
    found = eq.solve(game, DEFENDER)
    np.testing.assert_allclose(found["defender"], [0.75, 0.25], atol=1e-9)
    assert found.value == pytest.approx(-0.75, abs=1e-9)
    assert found.certificate.bound == pytest.approx(-0.75, abs=1e-8)
    assert found.payoffs["attacker"] == pytest.approx(0.75, abs=1e-9)


def test_resources_stay_idle_where_guarding_drives_the_attacker_to_a_worse_place():
    game = draw(0, targets=3, resources=3)
    found = eq.solve(game, DEFENDER)
    assert found["defender"].sum() < 2.999
    everywhere = {
        "defender": np.ones(3),
        "attacker": game.attacker_covered == game.attacker_covered.max(),
    }
    assert found.value > game.expected_payoffs(game.pack(everywhere))[0] + 0.05
    assert found.value == pytest.approx(eq.solve(game.normal_form(), DEFENDER).value, abs=1e-9)


def test_one_attacker_is_made_indifferent_over_what_it_may_attack():
    # Zero-sum and guarded targets worth nothing: c_t = 1 - value / worth_t on the support.
    worth = np.array([4.0, 3.0, 2.0, 1.0])
    game = eq.SecurityGame(0 * worth, -worth, 0 * worth, worth, resources=2)
    found = eq.solve(game, DEFENDER)
    value = -found.value
    on = worth > value + 1e-9
    assert on.sum() - value * (1 / worth[on]).sum() == pytest.approx(2.0, abs=1e-9)
    np.testing.assert_allclose(
        found["defender"] @ (worth > 0), np.minimum(2.0, np.clip(1 - value / worth, 0, 1).sum())
    )


@pytest.mark.parametrize("seed", range(8))
def test_the_compact_form_is_worth_what_the_normal_form_is(seed):
    game = draw(seed, targets=4 + seed % 2, attackers=1 + seed % 3, resources=1 + seed % 3)
    compact = eq.solve(game, DEFENDER)
    full = eq.solve(game.normal_form(), DEFENDER)
    assert compact.value == pytest.approx(full.value, abs=1e-8)
    lottery = game.allocations(compact["defender"])
    np.testing.assert_allclose(lottery.coverage, compact["defender"], atol=1e-12)
    assert (lottery.guarded.sum(axis=1) <= game.resources).all()
    assert "guarded together" in repr(lottery)


def test_a_wrong_coverage_does_not_pass():
    game = draw(3)
    found = eq.solve(game, DEFENDER)
    assert eq.certify(game, found, DEFENDER).holds(1e-7)
    moved = found.vector.copy()
    moved[:2] = moved[:2][::-1]
    assert not eq.certify(game, moved, DEFENDER).holds(1e-4)
    greedy = found.vector.copy()
    greedy[: game.targets] = 1.0
    assert eq.certify(game, greedy, DEFENDER).infeasibility == pytest.approx(3.0)


def test_marginal_values_of_coverage_are_derivatives():
    game = draw(4, attackers=2)
    vector = game.uniform()
    moved = vector.copy()
    moved[1] += 0.1
    change = game.expected_payoffs(moved)[0] - game.expected_payoffs(vector)[0]
    assert change == pytest.approx(0.1 * game.deviation_payoffs(vector)[1])


@pytest.mark.parametrize(
    ("concept", "sentence"),
    [
        (eq.Nash(), "attackers who see the coverage do not express Nash"),
        (eq.Stackelberg("attacker"), "the defender leads"),
        (eq.Stackelberg("defender", commitment="pure"), "not a pure one"),
        (eq.Stackelberg("defender", stance="pessimistic"), "break ties for the defender"),
    ],
)
def test_other_concepts_are_refused(concept, sentence):
    with pytest.raises(eq.NoFormulation, match=sentence):
        eq.solve(draw(0), concept)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"resources": 0}, "resources must be a whole number from 1 on, not 0"),
        ({"resources": 1.5}, "resources must be a whole number"),
        ({"defender_covered": [-9, 0]}, "Guarding target 0 hurts the defender"),
        ({"attacker_covered": [0, 9]}, "Guarding target 1 helps an attacker"),
        ({"defender_covered": [0, 0, 0]}, "defender_uncovered has shape"),
        ({"defender_covered": [0, np.nan]}, "defender_covered must hold finite numbers"),
        ({"defender_covered": [[0], [0, 1]]}, "defender_covered is ragged"),
        ({"defender_covered": [[[0, 1]]]}, "defender_covered needs one number a target"),
        ({"probabilities": [0.5, 0.5]}, "probabilities needs one nonnegative number for each of 1"),
        ({"probabilities": [0.5]}, "probabilities sum to 0.5"),
        ({"target_names": ["a"]}, "target_names has 1 entries for 2 targets"),
    ],
)
def test_what_makes_no_game_is_refused(change, sentence):
    given = {
        "defender_covered": [0, 0],
        "defender_uncovered": [-3, -1],
        "attacker_covered": [0, 0],
        "attacker_uncovered": [3, 1],
        "resources": 1,
    }
    with pytest.raises(NotAGame, match=sentence):
        eq.SecurityGame(**{**given, **change})


def test_profiles_and_coverages_that_do_not_fit_are_refused():
    game = draw(0)
    with pytest.raises(NotAGame, match="has 10 numbers"):
        game.pack(np.ones(3))
    with pytest.raises(NotAGame, match="needs the coverage of 'defender'"):
        game.pack({"attacker": np.ones(5)})
    with pytest.raises(NotAGame, match="sum to at most 2"):
        game.allocations(np.ones(5))
    with pytest.raises(NotAGame, match="sets of guarded targets, too many"):
        draw(0, targets=30, resources=15).normal_form()
    assert "2 of 5 targets" in repr(game)
