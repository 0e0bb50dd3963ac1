"""Finite games from end to end: a thousand random ones, invariances, certificates, printing."""

import numpy as np
import pytest

import eqsolve as eq
from eqsolve.testing import assert_equilibrium


def random_game(seed):
    """Two to four players, payoffs in [0, 1]; five in seven of them degenerate or special."""
    rng = np.random.default_rng(seed)
    players = 2 if seed % 5 < 3 else 3 + seed % 2
    actions = rng.integers(1, 6 if players == 2 else 4, players)
    payoffs = rng.random((players, *actions))
    kind = seed % 7
    if kind == 1:
        payoffs = np.round(3 * payoffs) / 3
    if kind == 2:
        payoffs = (payoffs > 0.5).astype(float)
    if kind == 3:
        payoffs = 0 * payoffs
    if kind == 4:
        own = int(rng.integers(players))
        if actions[own] > 1:
            for k in range(players):
                rows = np.moveaxis(payoffs[k], own, 0)
                rows[1] = rows[0]
    if kind == 5:
        payoffs[:] = payoffs[0]
    if kind == 6 and players == 2:
        payoffs[1] = 1 - payoffs[0]
    return eq.NormalFormGame(payoffs)


def largest_gain(game, vector):
    """By hand: every action of every player against the others' mixes."""
    worst = 0.0
    for k, own in enumerate(game.blocks):
        pays = game.payoffs[k]
        for j in reversed(range(game.players)):
            if j != k:
                pays = np.tensordot(pays, vector[game.blocks[j]], axes=(j, 0))
        worst = max(worst, float(pays.max() - pays @ vector[own]))
    return worst


@pytest.mark.parametrize("block", range(10))
def test_a_thousand_random_games_are_solved(block):
    for seed in range(100 * block, 100 * block + 100):
        game = random_game(seed)
        found = eq.solve(game)
        assert largest_gain(game, found.vector) < 1e-7
        assert found.certificate.max_gain < 1e-9
        assert found.vector.min() >= 0
        for own in game.blocks:
            assert found.vector[own].sum() == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("seed", [0, 8, 13])
def test_moving_and_scaling_payoffs_moves_no_value_but_its_own(seed):
    game = random_game(seed)
    scale = np.arange(1, game.players + 1, dtype=float).reshape(-1, *[1] * game.players) * 7.0
    shift = 100.0 * scale
    moved = eq.NormalFormGame(scale * game.payoffs + shift)
    best = eq.solve(game, eq.Correlated(0))
    again = eq.solve(moved, eq.Correlated(0))
    assert again.value == pytest.approx(7.0 * best.value + 700.0, abs=1e-7)
    nash = eq.solve(game)
    assert eq.certify(moved, nash.vector).relative_gain < 1e-9


@pytest.mark.parametrize("seed", [0, 1, 7])
def test_players_and_actions_may_change_places(seed):
    game = random_game(seed)
    turned = eq.NormalFormGame(game.payoffs[::-1].swapaxes(1, 2)[:, ::-1])
    for asked, mirrored in (
        (eq.Nash("welfare"), eq.Nash("welfare")),
        (eq.Correlated(0), eq.Correlated(1)),
        (eq.CoarseCorrelated(1, "min"), eq.CoarseCorrelated(0, "min")),
        (eq.Stackelberg(0), eq.Stackelberg(1)),
    ):
        here, there = eq.solve(game, asked), eq.solve(turned, mirrored)
        assert here.value == pytest.approx(there.value, abs=1e-7)


def test_an_equilibrium_is_a_table_with_names():
    game = eq.NormalFormGame([[[3, 0], [5, 1]], [[3, 5], [0, 1]]], player_names=["row", "column"])
    found = eq.solve(game)
    assert "Nash equilibrium" in repr(found)
    assert "column" in found.summary()
    np.testing.assert_array_equal(found["row"], [0, 1])
    assert found.payoffs == {"row": 1.0, "column": 1.0}
    assert set(found.explanation) >= {"lemke-howson", "correlated", "zero-sum"}
    assert found.explanation["zero-sum"].startswith("refused: ")
    assert found.distribution is None
    assert found.value is None


def test_certificates_are_gains_by_hand():
    game = eq.NormalFormGame([[[3, 0], [5, 1]], [[3, 5], [0, 1]]])
    sure = eq.certify(game, [0, 0])
    assert sure.gains == {0: 2.0, 1: 2.0}
    assert sure.relative_gain == pytest.approx(2 / 5)
    assert sure.scope == "global"
    assert eq.certify(game, {0: 1, 1: 1}).max_gain == 0
    assert eq.certify(game, np.array([0.5, 0.6, 0, 1])).infeasibility == pytest.approx(0.1)
    assert eq.certify(game, np.array([-0.5, 1.5, 0, 1])).infeasibility == pytest.approx(0.5)
    assert eq.certify(game, np.array([np.nan, 1, 0, 1])).max_gain == np.inf
    with pytest.raises(eq.NoFormulation, match="There is no certificate of 'anything'"):
        eq.certify(game, [0, 0], "anything")


def test_users_assertions_take_finite_games():
    game = random_game(0)
    assert_equilibrium(game, eq.solve(game))
    with pytest.raises(AssertionError, match="gains"):
        assert_equilibrium(eq.NormalFormGame([[[3, 0], [5, 1]], [[3, 5], [0, 1]]]), [0, 0])


def test_a_tolerance_that_rounding_cannot_meet_is_told_with_what_was_reached():
    game = eq.NormalFormGame(np.random.default_rng(0).random((2, 7, 7)) ** 3)
    with pytest.raises(eq.EquilibriumNotFound, match="Reached: gain from deviating"):
        eq.solve(game, formulation="logit", max_steps=2)


def test_concepts_that_finite_games_do_not_have_are_refused():
    game = random_game(0)
    with pytest.raises(eq.NoFormulation, match="No formulation applies to Variational"):
        eq.solve(game, eq.VariationalEquilibrium())
    with pytest.raises(eq.NoFormulation, match="There is no formulation called 'magic'"):
        eq.solve(game, formulation="magic")


def test_batches_are_solved_game_by_game():
    batch = eq.games.GameBatch(np.random.default_rng(0).random((4, 2, 3, 3)))
    with pytest.raises(eq.NoFormulation, match="GameBatch"):
        eq.solve(batch)
    assert eq.solve(batch[2]).certificate.max_gain < 1e-12


def test_commitment_on_fifty_by_fifty_needs_few_programs():
    game = eq.NormalFormGame(np.random.default_rng(0).random((2, 50, 50)))
    found = eq.solve(game, eq.Stackelberg(0))
    assert found.certificate.bound == pytest.approx(found.value, abs=1e-9)
    # Fifty without bounds; answers that cannot beat the best found need none.
    assert found.solution.nodes <= 25


def test_files_are_solved_as_they_come(tmp_path):
    game = random_game(9)
    again = eq.NormalFormGame.from_nfg(game.to_nfg(tmp_path / "game.nfg"))
    np.testing.assert_array_equal(eq.solve(again).vector, eq.solve(game).vector)


@pytest.mark.parametrize(("scale", "shift"), [(1e8, 0.0), (1e-8, 0.0), (1.0, 1e7), (1e6, 1e9)])
def test_units_and_origins_of_payoffs_lose_no_digits(scale, shift):
    rng = np.random.default_rng(3)
    two, three = rng.random((2, 5, 5)), rng.random((3, 2, 2, 2))
    typed, parts = rng.random((2, 1, 2, 3, 3)), rng.random((4, 4))

    def security(by, add):
        covered, uncovered = by * parts[0] + add, -by * parts[1] + add
        return eq.SecurityGame(
            covered, uncovered, -by * parts[2] + add, by * parts[3] + add, resources=2
        )

    def typed_game(by, add):
        return eq.BayesianGame([[0.4, 0.6]], by * typed + add)

    cases = [
        (lambda by, add: eq.NormalFormGame(by * two + add), asked)
        for asked in (
            eq.Nash(0),
            eq.Correlated(0),
            eq.CoarseCorrelated("egalitarian"),
            eq.Stackelberg(0),
            eq.Stackelberg(0, "pessimistic"),
        )
    ]
    cases += [
        (lambda by, add: eq.NormalFormGame(by * three + add), asked)
        for asked in (
            eq.Stackelberg(0, commitment="correlated"),
            eq.Stackelberg(0, response="coarse correlated"),
        )
    ]
    cases += [(typed_game, eq.Stackelberg(0)), (security, eq.Stackelberg(0))]
    for make, asked in cases:
        plain, moved = eq.solve(make(1.0, 0.0), asked), eq.solve(make(scale, shift), asked)
        assert (moved.value - shift) / scale == pytest.approx(plain.value, abs=1e-6)
        assert (moved.certificate.bound - shift) / scale == pytest.approx(
            plain.certificate.bound, abs=1e-6
        )
