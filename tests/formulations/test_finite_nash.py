"""Nash equilibria of finite games: every route against the others, and against pygambit."""

import io

import numpy as np
import pygambit
import pytest

import eqsolve as eq
from eqsolve.errors import EqsolveError, NotInstalled
from eqsolve.formulations.bimatrix_nash import LemkeHowsonPath, SupportEnumerationOfNash
from eqsolve.formulations.catalogue import formulations
from eqsolve.formulations.multilinear import Multilinear
from eqsolve.formulations.pure_nash import pure_equilibria
from eqsolve.games.nfg_file import nfg_text
from eqsolve.programs.bimatrix import BimatrixProgram
from eqsolve.solvers.gambit import Gambit
from eqsolve.solvers.lemke_howson import LemkeHowson
from eqsolve.solvers.many_starts import ManyStarts

BIMATRIX = ("lemke-howson", "mixed-integer-nash", "support-enumeration", "multilinear", "logit")
DEGENERATE = {
    "zeros": np.zeros((2, 3, 4)),
    "one row twice": np.array([[[1, 2], [1, 2], [0, 3]], [[3, 0], [3, 0], [1, 1.0]]]),
    "ties everywhere": np.array([[[1, 1], [1, 1]], [[0, 1], [1, 0.0]]]),
    "one action each": np.array([[[5.0]], [[-2.0]]]),
    "one action against three": np.array([[[1, 2, 3]], [[2, 2, 0.0]]]),
    "weakly dominated": np.array([[[1, 1], [1, 0]], [[1, 1], [1, 0.0]]]),
    "large payoffs": 1e9 * np.array([[[3, 1], [0, 2]], [[2, 1], [0, 3.0]]]),
    "small payoffs": 1e-9 * np.array([[[3, 1], [0, 2]], [[2, 1], [0, 3.0]]]),
    "far from zero": 1e6 + np.array([[[3, 1], [0, 2]], [[2, 1], [0, 3.0]]]),
}


def random_bimatrix(seed):
    rng = np.random.default_rng(seed)
    shape = (2, *rng.integers(2, 6, 2))
    if seed % 3 == 1:
        return eq.NormalFormGame(rng.integers(0, 4, shape))
    return eq.NormalFormGame(rng.random(shape))


def by_gambit(game):
    """All extreme equilibria, by pygambit's own enumeration."""
    theirs = pygambit.read_nfg(io.BytesIO(nfg_text(game).encode()))
    found = pygambit.nash.enummixed_solve(theirs, rational=False).equilibria
    return np.array([[share for mix in profile for _, share in mix] for profile in found])


@pytest.mark.parametrize("name", DEGENERATE)
@pytest.mark.parametrize("route", BIMATRIX)
def test_degenerate_games_are_solved_by_every_route(name, route):
    game = eq.NormalFormGame(DEGENERATE[name])
    found = eq.solve(game, formulation=route)
    assert found.certificate.max_gain <= 1e-8 * (game.spread or 1.0)
    assert found.explanation[route] == "used."


@pytest.mark.parametrize("block", range(4))
def test_answers_are_among_pygambits_on_200_random_games(block):
    for seed in range(50 * block, 50 * block + 50):
        game = random_bimatrix(seed)
        all_of_them = by_gambit(game)
        best = max(game.expected_payoffs(point).sum() for point in all_of_them)
        pivoted = eq.solve(game, formulation="lemke-howson")
        welfare = eq.solve(game, eq.Nash("welfare"), formulation="mixed-integer-nash")
        assert welfare.value == pytest.approx(best, abs=1e-7)
        assert welfare.certificate.bound == pytest.approx(best, abs=1e-6)
        if seed % 3 != 1:
            # Without ties equilibria are isolated, and every one is extreme.
            assert np.abs(all_of_them - pivoted.vector).max(axis=1).min() < 1e-7
        else:
            assert pivoted.certificate.max_gain < 1e-10


@pytest.mark.parametrize("seed", range(30))
def test_enumeration_finds_what_pygambit_finds(seed):
    game = random_bimatrix(seed)
    ours = np.array([one.vector for one in eq.find_equilibria(game)])
    theirs = by_gambit(game)
    near = np.abs(ours[:, None] - theirs[None]).max(axis=2) < 1e-6
    assert near.any(axis=1).all()
    assert near.any(axis=0).all()


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("objective", ["welfare", 0, 1])
@pytest.mark.parametrize("sense", ["max", "min"])
def test_best_and_worst_equilibria_by_two_routes(seed, objective, sense):
    game = random_bimatrix(seed)
    asked = eq.Nash(objective, sense)
    program = eq.solve(game, asked, formulation="mixed-integer-nash")
    listed = eq.solve(game, asked, formulation="support-enumeration")
    assert program.value == pytest.approx(listed.value, abs=1e-7)
    assert program.certificate.bound == pytest.approx(program.value, abs=1e-6)


@pytest.mark.parametrize("seed", range(0, 12, 3))
def test_the_egalitarian_equilibrium_is_the_best_of_all_in_generic_games(seed):
    game = random_bimatrix(seed)
    best = max(game.expected_payoffs(point).min() for point in by_gambit(game))
    found = eq.solve(game, eq.Nash("egalitarian"))
    assert found.value == pytest.approx(best, abs=1e-7)


def test_an_array_over_profiles_chooses_among_equilibria():
    game = eq.NormalFormGame.bimatrix(np.eye(3), np.eye(3))
    weights = np.diag([1.0, 3.0, 2.0])
    found = eq.solve(game, eq.Nash(weights))
    np.testing.assert_allclose(found.vector, [0, 1, 0, 0, 1, 0])
    worst = eq.solve(game, eq.Nash(weights, "min"))
    # Even mixes over all three: (1 + 3 + 2) / 9.
    assert worst.value == pytest.approx(2 / 3)


@pytest.mark.parametrize("seed", range(6))
def test_zero_sum_values_by_three_routes(seed):
    matrix = np.random.default_rng(seed).normal(size=(4, 6))
    game = eq.NormalFormGame.bimatrix(matrix)
    values = [
        eq.solve(game, formulation=route).payoffs[0]
        for route in ("zero-sum", "lemke-howson", "multilinear")
    ]
    np.testing.assert_allclose(values, values[0], atol=1e-10)
    program = eq.solve(game, formulation="zero-sum").program
    assert program.problem.solve(solver="CLARABEL") == pytest.approx(values[0], abs=1e-6)


def test_constant_sum_counts_as_zero_sum():
    game = eq.NormalFormGame.bimatrix([[3, 1], [0, 2]], [[1, 3], [4, 2]])
    assert eq.solve(game).explanation["zero-sum"] == "used."
    assert sum(eq.solve(game).payoffs.values()) == pytest.approx(4.0)


@pytest.mark.parametrize("seed", range(8))
def test_games_of_three_and_four_players_by_every_route(seed):
    rng = np.random.default_rng(seed)
    players = 3 + seed % 2
    game = eq.NormalFormGame(rng.random((players, *rng.integers(2, 4, players))))
    for route in ("multilinear", "logit"):
        assert eq.solve(game, formulation=route).certificate.max_gain < 1e-9
    if len(pure_equilibria(game)):
        assert eq.solve(game).explanation["pure"] == "used."


@pytest.mark.parametrize("seed", range(3))
def test_equilibria_of_three_players_hold_and_are_odd_in_number(seed):
    game = eq.NormalFormGame(np.random.default_rng(seed).random((3, 2, 2, 2)))
    listed = eq.find_equilibria(game, starts=12)
    assert "Gambit's enumeration" in listed.note
    # Generic games have an odd number of equilibria (Wilson 1971; Harsanyi 1973).
    assert len(listed) % 2 == 1
    assert max(one.certificate.max_gain for one in listed) < 1e-9
    one = eq.solve(game, formulation="multilinear").vector
    assert min(np.abs(one - other.vector).max() for other in listed) < 1e-6
    for row in pure_equilibria(game):
        pure = game.pack([int(k) for k in row])
        assert min(np.abs(pure - other.vector).max() for other in listed) < 1e-9


@pytest.mark.parametrize("method", ["lcp", "enumpure", "gnm", "enummixed"])
def test_methods_of_gambit_may_be_asked_for(method):
    game = eq.NormalFormGame([[[3, 0], [5, 1]], [[3, 5], [0, 1]]])
    found = eq.solve(game, solver=Gambit(method), tolerance=1e-3)
    np.testing.assert_allclose(found.vector, [0, 1, 0, 1], atol=1e-3)


def test_the_compiled_engine_agrees():
    rng = np.random.default_rng(0)
    for _ in range(5):
        program = BimatrixProgram(rng.random((12, 9)), rng.random((12, 9)))
        compiled = LemkeHowson(engine="quantecon").solve(program)
        assert compiled.solver == "quantecon"
        assert compiled.residual < 1e-12
    game = eq.NormalFormGame(rng.random((2, 12, 9)))
    assert eq.solve(game, solver="quantecon").certificate.max_gain < 1e-12


@pytest.mark.parametrize("label", range(5))
def test_every_label_leads_to_an_equilibrium(label):
    rng = np.random.default_rng(3)
    program = BimatrixProgram(rng.random((2, 3)), rng.random((2, 3)))
    assert LemkeHowson(engine="numpy", label=label).solve(program).residual < 1e-12


def test_a_game_of_100_by_100_is_solved_to_the_last_digits():
    game = eq.NormalFormGame(np.random.default_rng(1).random((2, 100, 100)))
    assert eq.solve(game, solver=LemkeHowson(engine="numpy")).certificate.max_gain < 1e-12


def test_a_path_without_pivots_says_so():
    game = eq.NormalFormGame(np.random.default_rng(1).random((2, 5, 5)))
    with pytest.raises(eq.EquilibriumNotFound, match="ran out of iterations"):
        eq.solve(game, formulation="lemke-howson", max_pivots=1)


def test_the_complementarity_problem_of_two_matrices_holds_at_the_answer():
    game = random_bimatrix(0)
    found = eq.solve(game, formulation="lemke-howson")
    z = np.concatenate([found.vector, [found.payoffs[0], found.payoffs[1]]])
    assert found.program.problem.residual(z) < 1e-12
    assert "value of the second" in found.program.describe()


def test_the_mixed_integer_program_in_cvxpy_has_the_same_value():
    game = random_bimatrix(4)
    for asked in (eq.Nash("welfare"), eq.Nash("egalitarian"), eq.Nash(1, "min")):
        found = eq.solve(game, asked, formulation="mixed-integer-nash")
        assert found.program.problem.solve(solver="HIGHS") == pytest.approx(found.value, abs=1e-6)
        assert "row_unplayed" in found.program.describe()


def test_starts_choose_the_equilibrium():
    game = eq.NormalFormGame.bimatrix(np.eye(2), np.eye(2))
    for action in (0, 1):
        near = eq.solve(game, start=[[0.9 - 0.8 * action, 0.1 + 0.8 * action]] * 2)
        assert near[0][action] == pytest.approx(1.0)


def test_many_starts_find_several_equilibria():
    game = eq.NormalFormGame.bimatrix(np.eye(2), np.eye(2))
    found = eq.find_equilibria(game, formulation="multilinear", starts=30)
    assert len(found) == 3
    given = eq.find_equilibria(game, starts=[[0, 0], [1, 1]])
    assert len(given) == 2
    assert "distinct from 2 starts" in repr(given)


@pytest.mark.parametrize("precision", [0.0, 0.3, 2.0, 20.0])
def test_quantal_responses_are_fixed_points_of_softmax(precision):
    rng = np.random.default_rng(1)
    game = eq.NormalFormGame(rng.random((3, 2, 3, 2)))
    found = eq.solve(game, eq.QuantalResponse(precision))
    pays = precision * game.deviation_payoffs(found.vector)
    for block in game.blocks:
        odds = np.exp(pays[block] - pays[block].max())
        np.testing.assert_allclose(found.vector[block], odds / odds.sum(), atol=1e-10)
    assert found.certificate.kind == "quantal response"


def test_the_logit_path_of_a_symmetric_game_leaves_it_where_mckelvey_and_palfrey_say():
    # 2 x 2 asymmetric matching pennies: x solves log(x / (1 - x)) = precision times the
    # difference of payoffs, checked by bisection.
    game = eq.NormalFormGame([[[9, 0], [0, 1]], [[0, 1], [1, 0]]])
    precision = 3.0

    def first(x):
        y = 1 / (1 + np.exp(-precision * ((1 - x) - x)))
        return 1 / (1 + np.exp(-precision * (9 * y - (1 - y)))) - x

    low, high = 0.0, 1.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if first(middle) > 0 else (low, middle)
    found = eq.solve(game, eq.QuantalResponse(precision))
    assert found[0][0] == pytest.approx(1 - low, abs=1e-9) or found[0][0] == pytest.approx(
        low, abs=1e-9
    )


def test_quantal_responses_approach_an_equilibrium_along_their_path():
    game = random_bimatrix(2)
    path = eq.solve(game, formulation="logit").solution
    assert path.precisions[0] == 0
    np.testing.assert_allclose(path.profiles[0], game.uniform())
    gains = [eq.certify(game, point).max_gain for point in path.profiles]
    assert gains[-1] < gains[0]
    assert (np.diff(path.precisions) > 0).all()


def test_a_wrong_quantal_response_does_not_pass():
    game = random_bimatrix(0)
    sure = eq.certify(game, game.uniform(), eq.QuantalResponse(3.0))
    assert sure.max_gain > 1e-4
    assert eq.certify(game, game.uniform(), eq.QuantalResponse(0.0)).max_gain < 1e-14


@pytest.mark.parametrize(
    ("route", "sentence"),
    [
        ("zero-sum", "do not add to a constant"),
        ("lemke-howson", "it takes two players, and there are 3"),
        ("support-enumeration", "it takes two players"),
        ("potential", "it is for games with continuous variables"),
        ("correlated", "a recommendation that must be obeyed does not express Nash"),
        ("dobss", "answers of every type of a follower do not express Nash"),
    ],
)
def test_routes_say_why_they_do_not_apply(route, sentence):
    game = eq.NormalFormGame(np.random.default_rng(0).random((3, 2, 2, 2)))
    with pytest.raises(eq.NoFormulation, match=sentence):
        eq.solve(game, formulation=route)


def test_an_objective_over_three_players_is_refused_by_all_with_reasons():
    game = eq.NormalFormGame(np.random.default_rng(0).random((3, 2, 2, 2)))
    with pytest.raises(eq.NoFormulation, match="finds one equilibrium, not the best") as refusal:
        eq.solve(game, eq.Nash("welfare"))
    assert set(refusal.value.reasons) == set(formulations("finite"))


def test_games_too_large_to_enumerate_are_refused():
    game = eq.NormalFormGame(np.zeros((2, 20, 20)))
    reason = SupportEnumerationOfNash().refuses(game, eq.Nash())
    assert reason == "there are 1.38e+11 sets of supports, more than 200000."


def test_objectives_that_need_another_program_are_refused():
    game = random_bimatrix(0)
    route = formulations("finite")["mixed-integer-nash"]
    assert "bilinear in two mixes" in route.refuses(game, eq.Nash(np.zeros(game.actions)))
    assert "one program a player" in route.refuses(game, eq.Nash("egalitarian", "min"))
    assert "entropy is not linear" in route.refuses(game, eq.Nash("entropy"))
    with pytest.raises(eq.NotAGame, match="'nobody' is not known; it may be one of 'welfare'"):
        eq.solve(game, eq.Nash("nobody"), formulation="support-enumeration")
    with pytest.raises(eq.NotAGame, match="needs one finite number for every outcome"):
        eq.solve(game, eq.Nash(np.zeros((9, 9))))
    with pytest.raises(eq.NotAGame, match="An objective of type"):
        eq.solve(game, eq.Nash({"a": 1}))
    with pytest.raises(eq.NotAGame, match="Nash: sense must be one of"):
        eq.Nash("welfare", sense="best")


def test_engines_are_called_by_name_and_unknown_ones_named():
    game = random_bimatrix(0)
    assert eq.solve(game, solver="support-enumeration").solution.solver == "support-enumeration"
    with pytest.raises(EqsolveError, match="There is no solver called 'simplex' for finite games"):
        eq.solve(game, solver="simplex")
    with pytest.raises(eq.NoFormulation, match="solver 'highs' does not take bimatrix programs"):
        eq.solve(game, solver="highs", formulation="lemke-howson")
    with pytest.raises(EqsolveError, match="Solver 'lemke-howson' has no option 'speed'"):
        eq.solve(game, formulation="lemke-howson", speed=3)
    with pytest.raises(EqsolveError, match="engine must be one of"):
        LemkeHowson(engine="fortran")
    with pytest.raises(EqsolveError, match="method must be one of"):
        Gambit("guess")


def test_absent_extras_are_named_with_the_line_that_installs_them(monkeypatch):
    monkeypatch.setattr("eqsolve.solvers.lemke_howson.find_spec", lambda name: None)
    monkeypatch.setattr("eqsolve.solvers.gambit.find_spec", lambda name: None)
    game = random_bimatrix(0)
    with pytest.raises(NotInstalled, match=r"needs quantecon: pip install 'eqsolve\[games\]'"):
        eq.solve(game, solver="quantecon")
    with pytest.raises(eq.NoFormulation, match=r"needs pygambit: pip install 'eqsolve\[games\]'"):
        eq.solve(game, formulation="gambit")
    program = formulations("finite")["gambit"].compile(game, eq.Nash())
    with pytest.raises(NotInstalled, match="Gambit's methods needs pygambit"):
        Gambit().solve(program)


def test_starts_that_fail_leave_the_best_point_and_a_status():
    game = eq.NormalFormGame(np.random.default_rng(5).random((3, 3, 3, 3)))
    program = Multilinear().compile(game, eq.Nash())
    stopped = ManyStarts(starts=0, max_iterations=1).solve(program)
    assert not stopped.solved
    assert np.isfinite(stopped.values).all()
    assert stopped.residual > 0


def test_the_same_seed_gives_the_same_equilibrium():
    game = eq.NormalFormGame(np.random.default_rng(8).random((3, 3, 3, 3)))
    first, second = (eq.solve(game, formulation="multilinear", seed=4).vector for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_printed_problem_of_the_path_names_actions():
    game = eq.NormalFormGame(np.eye(2)[None].repeat(2, 0), player_names=["a", "b"])
    assert "a: 0" in LemkeHowsonPath().compile(game, eq.Nash()).describe()
