"""Finite games on the shelf: known answers by two routes, families by their closed forms."""

from __future__ import annotations

import itertools

import networkx as nx
import numpy as np
import pytest
from scipy.optimize import linprog

import eqsolve as eq
from eqsolve.models._families import FAMILIES
from eqsolve.models.congestion_game import rosenthal_potential

m = eq.models
NAMES = m.instances("finite")
KNOWN = {name: m.published(name) for name in NAMES}


def answers(part):
    return [name for name in NAMES if getattr(KNOWN[name], part)]


# --- instances ------------------------------------------------------------------------------


def test_kinds_of_instances_do_not_overlap():
    assert set(NAMES).isdisjoint(m.instances("game"))
    assert set(NAMES) | set(m.instances("game")) <= set(m.instances())
    assert {known.name for known in eq.testing.known_games()} == set(m.instances("game"))
    with pytest.raises(eq.EqsolveError, match="kind must be 'game', 'finite' or .*, not 'matrix'"):
        m.instances("matrix")


@pytest.mark.parametrize("name", answers("equilibria"))
def test_nobody_gains_at_a_known_equilibrium(name):
    game = m.load(name)
    for mixes in KNOWN[name].equilibria:
        sure = eq.certify(game, np.concatenate(mixes), eq.Nash())
        assert max(sure.max_gain, sure.infeasibility) <= KNOWN[name].tolerance


@pytest.mark.parametrize("name", answers("complete"))
def test_all_equilibria_are_found(name):
    found = eq.find_equilibria(m.load(name), formulation="support-enumeration")
    assert len(found) == len(KNOWN[name].equilibria)
    for mixes in KNOWN[name].equilibria:
        apart = [np.abs(one.vector - np.concatenate(mixes)).max() for one in found]
        assert min(apart) <= KNOWN[name].tolerance


@pytest.mark.parametrize(
    ("name", "kind"), [(name, kind) for name in NAMES for kind in KNOWN[name].commitment]
)
def test_commitment_earns_what_is_known(name, kind):
    known = KNOWN[name]
    found = eq.solve(m.load(name), eq.Stackelberg(known.leader, commitment=kind))
    assert found.value == pytest.approx(known.commitment[kind], abs=known.tolerance)
    assert found.payoffs[found.game.player_names[found.game.player(known.leader)]] == found.value
    if kind == "mixed" and known.mix is not None:
        assert found[known.leader] == pytest.approx(known.mix, abs=known.tolerance)


@pytest.mark.parametrize("name", [n for n in NAMES if "pure" in KNOWN[n].commitment])
def test_commitment_by_brute_force(name):
    """Every action, and for mixes every vertex of every region where an answer is best."""
    game, known = m.load(name), KNOWN[name]
    own, other = game.payoffs
    pure = []
    for row, pays in zip(own, other, strict=True):
        pure.append(row[pays == pays.max()].max())
    assert max(pure) == pytest.approx(known.commitment["pure"])
    best = -np.inf
    for answer in range(own.shape[1]):
        worse = other - other[:, [answer]]
        done = linprog(-own[:, answer], A_ub=worse.T, b_ub=np.zeros(own.shape[1]),
                       A_eq=np.ones((1, own.shape[0])), b_eq=[1.0])  # fmt: skip
        best = max(best, -done.fun) if done.status == 0 else best
    assert best == pytest.approx(known.commitment["mixed"])


def program(game, coarse):
    """Rows of A p <= 0, written profile by profile."""
    profiles = list(itertools.product(*map(range, game.actions)))
    rows = []
    for i, size in enumerate(game.actions):
        for told in [None] if coarse else range(size):
            for other in range(size):
                row = np.zeros(len(profiles))
                for place, profile in enumerate(profiles):
                    if told is None or profile[i] == told:
                        swapped = (*profile[:i], other, *profile[i + 1 :])
                        row[place] = game.payoffs[i][swapped] - game.payoffs[i][profile]
                rows.append(row)
    return np.array(rows)


@pytest.mark.parametrize(
    ("name", "kind"), [(name, kind) for name in NAMES for kind in KNOWN[name].welfare]
)
def test_ends_of_welfare_by_an_independent_program(name, kind):
    game, known = m.load(name), KNOWN[name]
    rows = program(game, kind == "coarse")
    total = game.payoffs.sum(axis=0).ravel()
    concept = {"correlated": eq.Correlated, "coarse": eq.CoarseCorrelated}[kind]
    for sense, sign, wanted in zip(("min", "max"), (1, -1), known.welfare[kind], strict=True):
        done = linprog(sign * total, A_ub=rows, b_ub=np.zeros(len(rows)),
                       A_eq=np.ones((1, total.size)), b_eq=[1.0])  # fmt: skip
        assert sign * done.fun == pytest.approx(wanted, abs=1e-7)
        found = eq.solve(game, concept("welfare", sense))
        assert found.value == pytest.approx(wanted, abs=1e-7)


@pytest.mark.parametrize("name", NAMES)
def test_every_answer_says_where_it_is_from_and_can_be_asked_for(name):
    known = KNOWN[name]
    assert {"authors", "title"} <= set(known.source)
    assert known.title in repr(known)
    if known.status == "published":
        assert known.source["authors"] != "eqsolve"
        assert "where" in known.source
    found = eq.solve(m.load(name), known.asked)
    assert found.certificate.max_gain <= 1e-7


# --- congestion and routing -----------------------------------------------------------------


def random_congestion(seed, players=3):
    rng = np.random.default_rng(seed)
    delays = {r: np.cumsum(rng.random(players)) for r in "abcd"}
    sets = [
        [list(rng.choice(list("abcd"), size=rng.integers(1, 4), replace=False)) for _ in range(3)]
        for _ in range(players)
    ]
    return delays, sets


@pytest.mark.parametrize("seed", range(4))
def test_payoffs_by_counting_who_is_where(seed):
    delays, sets = random_congestion(seed)
    game = m.congestion_game(delays, sets)
    for profile in np.ndindex(game.actions):
        chosen = [sets[i][a] for i, a in enumerate(profile)]
        for i, own in enumerate(chosen):
            cost = sum(delays[r][sum(r in other for other in chosen) - 1] for r in own)
            assert game.payoffs[(i, *profile)] == pytest.approx(-cost)


@pytest.mark.parametrize("seed", range(4))
def test_rosenthals_potential_changes_as_the_movers_cost(seed):
    delays, sets = random_congestion(seed, players=4)
    game, potential = m.congestion_game(delays, sets), rosenthal_potential(delays, sets)
    for i in range(4):
        moves = game.payoffs[i] - game.payoffs[i].take([0], axis=i)
        assert moves == pytest.approx(potential.take([0], axis=i) - potential)
    lowest = np.unravel_index(potential.argmin(), potential.shape)
    assert eq.certify(game, game.pack(list(lowest)), eq.Nash()).max_gain <= 1e-12


def braess(bridge=True):
    road = nx.DiGraph()
    road.add_edge("home", "north", congestion=10)
    road.add_edge("home", "south", time=50, congestion=1)
    road.add_edge("north", "work", time=50, congestion=1)
    road.add_edge("south", "work", congestion=10)
    if bridge:
        road.add_edge("north", "south", time=10, congestion=1)
    return road


@pytest.mark.parametrize(("bridge", "minutes"), [(True, 92), (False, 83)])
def test_braess_bridge_slows_everybody(bridge, minutes):
    game = m.routing_game(braess(bridge), [("home", "work", 6)])
    nash = eq.solve(game)
    assert list(nash.payoffs.values()) == pytest.approx([-minutes] * 6)
    pure = [
        profile
        for profile in np.ndindex(game.actions)
        if eq.certify(game, game.pack(list(profile)), eq.Nash()).max_gain <= 1e-12
    ] if not bridge else []  # fmt: skip
    assert len(pure) == (0 if bridge else 20)  # three of six drivers a path


def test_roads_without_direction_are_one_road_both_ways():
    road = nx.Graph()
    road.add_edge("a", "b", delays=[1, 10])
    game = m.routing_game(road, [("a", "b", 1), ("b", "a", 1)])
    assert game.payoffs.ravel().tolist() == [-10, -10]
    assert game.action_names == (("a-b",), ("b-a",))


def test_learners_settle_in_a_pure_equilibrium_of_a_routing_game():
    game = m.load("two_roads")
    start = game.pack([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8]])
    path = eq.simulate(game, eq.dynamics.MultiplicativeWeights(), start=start, steps=400)
    assert path.exploitability("last")[-1, 0] < 0.1
    assert path.social_welfare()[-1, 0] == pytest.approx(-65, abs=3)


# --- families -------------------------------------------------------------------------------


def shape(family, players=3, actions=3):
    return FAMILIES[family].players or players, FAMILIES[family].actions or actions


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_is_drawn_solved_and_repeatable(family):
    players, actions = shape(family)
    game = m.random_game(family, players, actions, seed=3, normalized=True)
    assert game.actions == (actions,) * players
    assert (game.payoffs.min(), game.payoffs.max()) == pytest.approx((0, 1))
    assert np.array_equal(
        game.payoffs, m.random_game(family, players, actions, seed=3, normalized=True).payoffs
    )
    assert eq.solve(game).certificate.max_gain < 1e-7
    if family != "dispersion":
        other = m.random_game(family, players, actions, seed=4).payoffs
        assert not np.array_equal(other, m.random_game(family, players, actions, seed=3).payoffs)
    assert FAMILIES[family].what
    assert repr(family)[1:-1] in m.random_game.__doc__


def pure_equilibria(game):
    return [
        profile
        for profile in np.ndindex(game.actions)
        if eq.certify(game, game.pack(list(profile)), eq.Nash()).max_gain <= 1e-12
    ]


@pytest.mark.parametrize("players", [2, 3])
@pytest.mark.parametrize("seed", range(3))
def test_families_have_the_equilibria_that_name_them(players, seed):
    def draw(family, actions=3):
        return m.random_game(family, players, actions, seed=seed)

    assert pure_equilibria(draw("travellers-dilemma", 4)) == [(0,) * players]
    same = [(k,) * players for k in range(3)]
    assert pure_equilibria(draw("minimum-effort")) == same
    assert set(same) <= set(pure_equilibria(draw("coordination")))
    apart = pure_equilibria(draw("dispersion"))
    assert set(itertools.permutations(range(3), players)) <= set(apart)
    assert pure_equilibria(draw("congestion"))
    assert (0,) * players in pure_equilibria(draw("two-thirds", 2))


@pytest.mark.parametrize("seed", range(5))
def test_two_by_two_families(seed):
    def draw(family):
        return m.random_game(family, seed=seed)

    assert pure_equilibria(draw("prisoners-dilemma")) == [(1, 1)]
    assert pure_equilibria(draw("chicken")) == [(0, 1), (1, 0)]
    assert pure_equilibria(draw("battle-of-the-sexes")) == [(0, 0), (1, 1)]
    assert pure_equilibria(draw("stag-hunt")) == [(0, 0), (1, 1)]
    assert draw("zero-sum").is_zero_sum


def test_facts_of_the_larger_families():
    grab = m.random_game("grab-the-dollar", 2, 4, seed=1).payoffs
    assert len(np.unique(grab)) == 3
    assert grab[0].diagonal().max() == grab.min()
    war = m.random_game("war-of-attrition", 2, 5, seed=1)
    assert war.payoffs[0, 0, 0] == pytest.approx(war.payoffs[0, 1, 0] / 2, rel=0.3)
    sellers = m.random_game("location", 3, 4, seed=1).payoffs
    assert sellers.sum(axis=0) == pytest.approx(np.ones((4, 4, 4)))
    votes = m.random_game("majority-voting", 3, 3, seed=1).payoffs
    assert votes[:, 2, 2, 0] == pytest.approx(votes[:, 2, 2, 2])
    shared = m.random_game("common-interest", 3, 2, seed=1).payoffs
    assert (shared == shared[0]).all()


@pytest.mark.parametrize("players", [2, 4])
def test_covariant_games_range_from_conflict_to_common_interest(players):
    found = []
    for seed in range(30):
        payoffs = m.random_game("covariant", players, 5, seed=seed).payoffs.reshape(players, -1)
        found.append(np.corrcoef(payoffs)[0, 1])
    assert min(found) < -0.6 / (players - 1)
    assert max(found) > 0.7


# --- graphs and security --------------------------------------------------------------------


def test_a_game_on_a_graph_is_the_sum_over_neighbours():
    graph = nx.path_graph(4)
    graph[1][2]["weight"] = 2.0
    graph[2][3]["matrix"] = [[0, 5], [5, 0]]
    game = m.graph_game(graph, [[1, 2], [3, 4]])
    assert game.player_names == (0, 1, 2, 3)
    point = game.pack([0, 1, 1, 0])
    assert game.expected_payoffs(point).tolist() == [2, 3 + 2 * 4, 2 * 4 + 5, 5]


def test_a_directed_edge_pays_its_tail():
    game = m.graph_game(nx.DiGraph([(2, 1), (1, 2), (3, 1)]))
    assert game.player_names == (2, 1, 3)
    assert game.expected_payoffs(game.pack([0, 0, 0])).tolist() == [1, 1, 1]


@pytest.mark.parametrize("name", ["two_checkpoints", "four_targets"])
def test_coverage_agrees_with_all_sets_of_guarded_targets(name):
    game = m.load(name)
    lead = eq.solve(game, eq.Stackelberg("defender"))
    whole = eq.solve(game.normal_form(), eq.Stackelberg("defender"))
    assert whole.value == pytest.approx(lead.value, abs=1e-7)
    drawn = game.allocations(lead["defender"])
    assert drawn.guarded.sum(axis=1).max() <= game.resources
    assert drawn.coverage == pytest.approx(lead["defender"])


# --- what is refused ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: m.bimatrix([[1, 2], [3]]), "Player 0: payoffs are ragged"),
        (lambda: m.bimatrix([[1, 2]], row_actions=["a", "b"]), "action_names"),
        (lambda: m.random_game("unifrom"), "no family 'unifrom'; did you mean 'uniform'"),
        (lambda: m.random_game("zero-sum", 3), "zero-sum games have 2 players, not 3"),
        (lambda: m.random_game("chicken", 2, 5), "chicken games have 2 actions, not 5"),
        (lambda: m.random_game(actions=0), "actions must be a whole number, not 0"),
        (lambda: m.random_game("uniform", 30, 3), "graph_game takes many players"),
        (lambda: m.congestion_game({"a": [1]}, [["a"]], players=2), "'a' may carry 2 players"),
        (lambda: m.congestion_game({"a": [1]}, [[["b"]]]), "uses 'b', which has no delays"),
        (lambda: m.congestion_game({"a": ["x"]}, [[["a"]]]), "delays of 'a' must be numbers"),
        (lambda: m.congestion_game({"a": [1]}, [["a"]]), "must be sets of resources"),
        (lambda: m.congestion_game({"a": [1]}, [[]]), "player 0 has no set of resources"),
        (lambda: m.congestion_game({"a": [1]}, []), "there are no players"),
        (lambda: m.congestion_game({"a": [1]}, [["a"]], players=0), "players must be a whole"),
        (lambda: m.congestion_game({"a": [1]}, [["a"], []], players=40), "need 4.4e.13 payoffs"),
        (lambda: m.routing_game(braess(), [("home", "sea", 1)]), "'sea', which is no node"),
        (lambda: m.routing_game(braess(), [("work", "home", 1)]), "no path leads from 'work'"),
        (lambda: m.routing_game(braess(), [("home", "home", 1)]), "begins and ends at 'home'"),
        (lambda: m.routing_game(braess(), [("home", "work", 0.5)]), "a whole number of drivers"),
        (lambda: m.routing_game(braess(), [("home", "work")]), "must be .origin, destination, drivers."),
        (lambda: m.routing_game(nx.Graph([(0, 1, {"time": "x"})]), []), "time of road"),
        (lambda: m.graph_game(nx.empty_graph(3)), "the graph has no edges"),
        (lambda: m.graph_game(nx.Graph([(0, 1)]), [[1, 2]]), "Player 1 has 2 actions in one matrix and 1"),
        (lambda: m.graph_game(nx.Graph([(0, 1)]), [[1, 2], [3]]), "0 and 1: payoffs are ragged"),
        (lambda: m.graph_game(nx.Graph([("a", "b", {"weight": "x"})])), "'a' and 'b': payoffs are"),
        (lambda: m.security_game([1.0], 0), "resources must be a whole number"),
    ],
)  # fmt: skip
def test_arguments_that_make_no_game_are_named(make, says):
    with pytest.raises(eq.EqsolveError, match=says):
        make()


HEAD = 'model = "bimatrix"\n[arguments]\nrows = [[1, 0], [0, 1]]\n[published]\nconcept = "finite"\n'


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ('status = "rumour"', "published.status must be one of published, derived, computed"),
        ('status = "derived"\ncolour = 1', "unknown key published.colour"),
        ('status = "derived"', "must hold equilibria, commitment or welfare"),
        ('status = "derived"\ncommitment = {sure = 1}', "a table with pure, mixed, correlated"),
        ('status = "derived"\ncommitment = {pure = "1"}\nmix = 3', "published.mix must be numbers"),
        ('status = "derived"\ncommitment = {pure = [1]}', "commitment.pure must be a number"),
        ('status = "derived"\nwelfare = {coarse = [2, 1]}', "must be the worst and the best"),
        ('status = "derived"\nequilibria = [["a", "b"]]', r"equilibria\[0\] must be numbers"),
    ],
)
def test_what_is_wrong_in_an_answer_is_named(tmp_path, table, says):
    path = tmp_path / "mine.toml"
    path.write_text(HEAD + table, encoding="utf-8")
    with pytest.raises(eq.EqsolveError, match=says):
        m.published(path)


def test_an_answer_of_a_users_file(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(HEAD + 'status = "derived"\ncommitment = {mixed = 0.5}\nnote = "By hand."')
    known = m.published(path)
    assert (known.name, known.asked) == ("mine", eq.Stackelberg(0))
    assert "mixed commitment: 0.5" in repr(known)
    assert "Note: By hand." in repr(known)
    found = eq.solve(m.load(path), known.asked)
    assert found.value == pytest.approx(0.5)
