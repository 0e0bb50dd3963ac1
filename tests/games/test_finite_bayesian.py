"""Bayesian games: strategies by type, interim payoffs, and the same game in plans."""

import itertools

import numpy as np
import pytest

import eqsolve as eq
from eqsolve.errors import NotAGame
from eqsolve.formulations.certificates import nash_gains


def draw(seed, types=(2, 3), actions=(3, 2)):
    rng = np.random.default_rng(seed)
    prior = rng.random(types)
    return eq.BayesianGame(prior / prior.sum(), rng.normal(size=(len(types), *types, *actions)))


def mixes(game, seed):
    rng = np.random.default_rng(seed)
    return np.concatenate([rng.dirichlet(np.ones(p.stop - p.start)) for p in game.simplices])


def brute_force(game, vector):
    """Ex ante payoffs by a sum over all types and actions."""
    total = np.zeros(game.players)
    by_player = list(game.unpack(vector).values())
    for theta in itertools.product(*map(range, game.types)):
        for profile in itertools.product(*map(range, game.actions)):
            chance = game.prior[theta]
            for k in range(game.players):
                chance *= by_player[k][theta[k], profile[k]]
            total += chance * game.payoffs[(slice(None), *theta, *profile)]
    return total


@pytest.mark.parametrize(("types", "actions"), [((2, 3), (3, 2)), ((2, 1, 2), (2, 3, 2))])
def test_expected_payoffs_are_sums_over_types_and_actions(types, actions):
    game = draw(0, types, actions)
    vector = mixes(game, 1)
    np.testing.assert_allclose(game.expected_payoffs(vector), brute_force(game, vector), atol=1e-13)
    flat = game.payoffs.reshape(game.players, -1)
    np.testing.assert_allclose(flat @ game.joint(vector).ravel(), brute_force(game, vector))
    stacked = game.expected_payoffs(np.stack([vector, game.uniform()]))
    np.testing.assert_allclose(stacked[1], brute_force(game, game.uniform()))


def test_interim_payoffs_are_conditional_on_the_type():
    game = draw(2)
    vector = mixes(game, 3)
    by_type = game.deviation_payoffs(vector)
    # Type 1 of player 0 plays action 2 for sure, all else equal.
    place = game.simplices[1]
    moved = vector.copy()
    moved[place] = np.eye(3)[2]
    change = game.expected_payoffs(moved)[0] - game.expected_payoffs(vector)[0]
    interim = by_type[place][2] - by_type[place] @ vector[place]
    assert change == pytest.approx(game.type_laws[0][1] * interim)


def test_slopes_are_derivatives():
    game = draw(4, (2, 1, 2), (2, 3, 2))
    vector, step = mixes(game, 5), 1e-6
    numeric = np.column_stack(
        [
            (game.deviation_payoffs(vector + step * e) - game.deviation_payoffs(vector - step * e))
            / (2 * step)
            for e in np.eye(game.n)
        ]
    )
    np.testing.assert_allclose(game.deviation_slopes(vector), numeric, atol=1e-8)


def test_the_game_in_plans_pays_the_same():
    game = draw(6)
    plans = game.normal_form()
    assert plans.actions == (9, 8)
    for first, second in ((0, 0), (4, 5), (8, 7)):
        pure = {0: game.plans(0)[first], 1: game.plans(1)[second]}
        expected = game.expected_payoffs(game.pack(pure))
        np.testing.assert_allclose(plans.payoffs[:, first, second], expected, atol=1e-13)


def test_agents_see_the_same_payoffs_and_gains_add_up():
    game = draw(7)
    agents = game.agent_form()
    vector = mixes(game, 8)
    assert agents.player_names[:3] == ((0, 0), (0, 1), (1, 0))
    np.testing.assert_array_equal(agents.deviation_payoffs(vector), game.deviation_payoffs(vector))
    by_agent = nash_gains(agents, vector)
    weighted = by_agent * game.simplex_masses
    np.testing.assert_allclose(
        nash_gains(game, vector), [weighted[:2].sum(), weighted[2:].sum()], atol=1e-14
    )


def test_types_that_never_come_are_harmless():
    payoffs = np.random.default_rng(0).random((2, 2, 2, 2, 2))
    game = eq.BayesianGame([[0.5, 0.5], [0.0, 0.0]], payoffs)
    nash = eq.solve(game)
    assert nash.certificate.max_gain < 1e-10
    assert np.isfinite(nash.vector).all()


def test_profiles_by_type_are_packed_and_unpacked():
    game = draw(9)
    pure = game.pack({0: [2, 0], 1: np.array([1, 1, 0])})
    np.testing.assert_array_equal(game.unpack(pure)[0], [[0, 0, 1], [1, 0, 0]])
    np.testing.assert_array_equal(game.pack(list(game.unpack(pure).values())), pure)
    np.testing.assert_array_equal(game.pack(pure), pure)
    assert game.coordinate_names[4] == "0, type 1: 1"
    assert "types" in repr(game)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({0: [0, 0]}, "strategy of player 1 is missing"),
        ({0: [0, 3], 1: [0, 0, 0]}, "Player 0 has actions 0 to 2"),
        ({0: np.ones(4), 1: [0, 0, 0]}, "Player 0 has 2 types with 3 actions each; 4 numbers"),
        (np.ones(5), "has 12 numbers, one an action of every type"),
    ],
)
def test_profiles_that_do_not_fit_are_refused(given, sentence):
    with pytest.raises(NotAGame, match=sentence):
        draw(0).pack(given)


@pytest.mark.parametrize(
    ("prior", "payoffs", "sentence"),
    [
        ([[0.5, 0.4]], np.zeros((2, 1, 2, 2, 2)), "prior sums to 0.9; it must sum to one"),
        ([[1.5, -0.5]], np.zeros((2, 1, 2, 2, 2)), r"prior at types \(0, 1\) is -0.5"),
        ([[0.5, np.nan]], np.zeros((2, 1, 2, 2, 2)), r"prior at types \(0, 1\) is nan"),
        ([[0.5], [0.2, 0.3]], np.zeros((2, 1, 2, 2, 2)), "prior is ragged"),
        (1.0, np.zeros((2, 1, 2, 2, 2)), "prior needs one axis a player"),
        ([[0.5, 0.5]], np.zeros((2, 2, 2, 2, 2)), r"need shape \(2, 1, 2, and one axis"),
        ([[0.5, 0.5]], np.zeros((2, 1, 2, 2)), r"need shape \(2, 1, 2, and one axis"),
        ([[0.5, 0.5]], np.zeros((2, 1, 2, 0, 2)), "Player 0 has no actions"),
        ([[1.0]], [[[[[1, 2], [3]]]], [[[[1, 2], [3, 4]]]]], "payoffs are ragged"),
        ([[1.0]], np.full((2, 1, 1, 1, 1), np.inf), r"Player 0's payoff at types \(0, 0\)"),
    ],
)
def test_what_makes_no_game_is_refused(prior, payoffs, sentence):
    with pytest.raises(NotAGame, match=sentence):
        eq.BayesianGame(prior, payoffs)


def test_too_many_plans_are_refused():
    game = eq.BayesianGame(np.full((12, 12), 1 / 144), np.zeros((2, 12, 12, 3, 3)))
    with pytest.raises(NotAGame, match="too many to hold"):
        game.normal_form()
