"""Correlated play as linear programs: bounds against programs written here, and known values."""

import itertools

import numpy as np
import pytest
from scipy.optimize import linprog

import eqsolve as eq
from eqsolve.errors import NotAGame

# Aumann (1974): chicken.
CHICKEN = [[[6, 2], [7, 0]], [[6, 7], [2, 0]]]


def independent_bound(game, weights, coarse, sense):
    """Best or worst expectation, by a program with one row a deviation, written in loops."""
    profiles = list(itertools.product(*map(range, game.actions)))
    rows = []
    for k in range(game.players):
        for told in [None] if coarse else range(game.actions[k]):
            for other in range(game.actions[k]):
                row = []
                for profile in profiles:
                    away = (*profile[:k], other, *profile[k + 1 :])
                    gain = game.payoffs[(k, *away)] - game.payoffs[(k, *profile)]
                    row.append(gain if told in (None, profile[k]) else 0.0)
                rows.append(row)
    sign = -1.0 if sense == "max" else 1.0
    answer = linprog(
        sign * np.array([weights[profile] for profile in profiles]),
        A_ub=np.array(rows),
        b_ub=np.zeros(len(rows)),
        A_eq=np.ones((1, len(profiles))),
        b_eq=[1.0],
    )
    assert answer.status == 0
    return sign * answer.fun


def draw(seed):
    rng = np.random.default_rng(seed)
    players = 2 + seed % 2
    shape = (players, *rng.integers(2, 4, players))
    return eq.NormalFormGame(rng.integers(0, 3, shape) if seed % 4 == 3 else rng.random(shape))


@pytest.mark.parametrize("seed", range(24))
@pytest.mark.parametrize("sense", ["max", "min"])
@pytest.mark.parametrize("concept", [eq.Correlated, eq.CoarseCorrelated])
def test_bounds_agree_with_an_independent_program(seed, sense, concept):
    game = draw(seed)
    rng = np.random.default_rng(seed)
    objectives = {
        "welfare": game.payoffs.sum(axis=0),
        1: game.payoffs[1],
        "array": rng.normal(size=game.actions),
    }
    for objective, weights in objectives.items():
        asked = weights if objective == "array" else objective
        found = eq.solve(game, concept(asked, sense))
        wanted = independent_bound(game, weights, concept is eq.CoarseCorrelated, sense)
        assert found.value == pytest.approx(wanted, abs=1e-8)
        assert found.certificate.bound == pytest.approx(found.value, abs=1e-8)
        assert found.certificate.max_gain < 1e-9
        assert (found.distribution * weights).sum() == pytest.approx(found.value, abs=1e-12)


def test_chicken_has_the_published_best_welfare():
    game = eq.NormalFormGame(CHICKEN)
    # (dare, chicken), (chicken, dare) a quarter each and half on (chicken, chicken): 10.5.
    best = eq.solve(game, eq.Correlated())
    assert best.value == pytest.approx(10.5)
    np.testing.assert_allclose(best.distribution, [[0.5, 0.25], [0.25, 0]], atol=1e-9)


def test_nash_lies_between_worst_and_best():
    for seed in range(10):
        game = draw(seed)
        nash = eq.solve(game)
        welfare = sum(nash.payoffs.values())
        values = [
            eq.solve(game, concept("welfare", sense)).value
            for concept, sense in (
                (eq.CoarseCorrelated, "min"),
                (eq.Correlated, "min"),
                (eq.Correlated, "max"),
                (eq.CoarseCorrelated, "max"),
            )
        ]
        inside = [values[0], values[1], welfare, values[2], values[3]]
        assert (np.diff(inside) >= -1e-9).all()


def test_the_egalitarian_objective_is_the_smallest_payoff():
    for seed in range(8):
        game = draw(seed)
        found = eq.solve(game, eq.Correlated("egalitarian"))
        assert found.value == pytest.approx(min(found.payoffs.values()), abs=1e-9)
        assert found.certificate.bound == pytest.approx(found.value, abs=1e-8)
        best = eq.solve(game, eq.Correlated()).payoffs
        assert found.value >= min(best.values()) - 1e-9


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("concept", [eq.Correlated, eq.CoarseCorrelated])
def test_entropy_is_largest(seed, concept):
    game = draw(seed)
    found = eq.solve(game, concept("entropy"))
    assert found.certificate.max_gain < 1e-8
    assert found.certificate.bound == pytest.approx(found.value, abs=1e-6)
    # No mixture with another equilibrium has more entropy.
    other = eq.solve(game, concept()).distribution
    for share in (0.01, 0.1):
        p = ((1 - share) * found.distribution + share * other).ravel()
        p = p[p > 0]
        assert -(p @ np.log(p)) <= found.value + 1e-7


def test_entropy_without_incentives_is_that_of_even_play():
    game = eq.NormalFormGame(np.zeros((2, 3, 2)))
    found = eq.solve(game, eq.Correlated("entropy"))
    np.testing.assert_allclose(found.distribution, 1 / 6, atol=1e-7)


@pytest.mark.parametrize(
    "payoffs",
    [np.zeros((2, 2, 3)), np.ones((3, 2, 1, 2)), [[[5.0]], [[1.0]]], np.array(CHICKEN) * 1e8],
)
def test_degenerate_games_have_correlated_equilibria(payoffs):
    game = eq.NormalFormGame(payoffs)
    for concept in (eq.Correlated, eq.CoarseCorrelated):
        found = eq.solve(game, concept())
        assert found.certificate.holds(1e-9)
        assert found.distribution.sum() == pytest.approx(1.0)


def test_marginals_are_the_strategies_and_joint_play_is_kept():
    found = eq.solve(eq.NormalFormGame(CHICKEN), eq.Correlated())
    np.testing.assert_allclose(found[0], found.distribution.sum(axis=1))
    np.testing.assert_allclose(found[1], found.distribution.sum(axis=0))
    product = np.outer(found[0], found[1])
    assert np.abs(product - found.distribution).max() > 0.05
    assert eq.certify(found.game, product, eq.Correlated()).max_gain > 0.05


def test_certificates_by_hand():
    game = eq.NormalFormGame([[[3, 0], [5, 1]], [[3, 5], [0, 1]]])
    cooperate = np.array([[1.0, 0], [0, 0]])
    # Each gains 2 by defecting, told or not.
    for concept in (eq.Correlated(), eq.CoarseCorrelated()):
        sure = eq.certify(game, cooperate, concept)
        assert sure.gains == {0: 2.0, 1: 2.0}
        assert not sure.holds()
    swap = np.array([[0.5, 0], [0, 0.5]])
    assert eq.certify(game, swap, eq.Correlated()).gains[0] == pytest.approx(1.0)
    assert eq.certify(game, 2 * swap, eq.Correlated()).infeasibility == pytest.approx(1.0)
    with pytest.raises(NotAGame, match=r"needs a joint distribution of shape \(2, 2\), or mixes"):
        eq.certify(game, np.ones(7), eq.Correlated())


def test_an_equilibrium_is_certified_again_from_itself():
    game = draw(1)
    found = eq.solve(game, eq.CoarseCorrelated(sense="min"))
    assert eq.certify(game, found, eq.CoarseCorrelated()).max_gain < 1e-10
    nash = eq.solve(game)
    assert eq.certify(game, nash, eq.Correlated()).max_gain < 1e-10


def test_the_cvxpy_form_has_the_same_value():
    game = draw(2)
    for asked in (eq.Correlated(), eq.CoarseCorrelated(0, "min"), eq.Correlated("egalitarian")):
        found = eq.solve(game, asked)
        assert found.program.problem.solve(solver="HIGHS") == pytest.approx(found.value, abs=1e-6)
        assert "p" in found.program.describe()


def test_three_players_of_twenty_actions_fit():
    game = eq.NormalFormGame(np.random.default_rng(0).random((3, 20, 20, 20)))
    found = eq.solve(game, eq.CoarseCorrelated())
    assert found.certificate.bound == pytest.approx(found.value, abs=1e-9)
    assert found.certificate.max_gain < 1e-10


@pytest.mark.parametrize(
    ("concept", "sentence"),
    [
        (eq.Correlated("egalitarian", "min"), "one program a player"),
        (eq.Correlated("entropy", "min"), "least entropy is not a convex program's"),
        (eq.BayesCorrelated(), "it is for games with types, and a NormalFormGame has none"),
        (eq.BayesCorrelated("entropy"), "is for games with types, not for a NormalFormGame"),
    ],
)
def test_what_is_no_program_is_refused(concept, sentence):
    with pytest.raises(eq.NoFormulation, match=sentence):
        eq.solve(draw(0), concept)


def test_polymatrix_games_have_no_profiles_to_correlate():
    game = eq.PolymatrixGame({(0, 1): np.eye(2), (1, 0): np.eye(2)})
    with pytest.raises(eq.NoFormulation, match="it needs every profile's payoffs"):
        eq.solve(game, eq.Correlated())
    assert eq.solve(game.normal_form(), eq.Correlated()).value == pytest.approx(2.0)


def test_games_whose_rows_do_not_fit_are_refused():
    game = eq.NormalFormGame(np.zeros((2, 900, 900)))
    for asked in (eq.Correlated(), eq.Stackelberg(0, commitment="correlated")):
        with pytest.raises(eq.NoFormulation, match="its rows hold 1456380000 numbers, more than"):
            eq.solve(game, asked)


def test_concepts_are_equal_when_they_ask_for_the_same():
    assert eq.Correlated(np.eye(2)) == eq.Correlated(np.eye(2))
    assert eq.Correlated(np.eye(2)) != eq.Correlated()
    assert eq.Correlated() != eq.CoarseCorrelated()
    assert eq.Nash() == eq.Nash()
    assert len({eq.Nash(), eq.Nash(), eq.Nash(0)}) == 2
    assert repr(eq.Correlated(np.eye(2))) == "Correlated(objective=<array (2, 2)>)"


def test_senses_and_mediators_are_checked():
    with pytest.raises(NotAGame, match="Correlated: sense must be one of"):
        eq.Correlated(sense="most")
    with pytest.raises(NotAGame, match="BayesCoarseCorrelated: mediator must be one of"):
        eq.BayesCoarseCorrelated(mediator="deaf")
    with pytest.raises(NotAGame, match="precision must be a nonnegative number"):
        eq.QuantalResponse(-1.0)
