"""Optimal commitments: published values, brute force over whole tables, and every refusal."""

import itertools

import numpy as np
import pytest

import eqsolve as eq
from eqsolve import commitment as co
from eqsolve.commitment.blocks import blocks_of, cell_law
from eqsolve.commitment.enumeration import best_pure
from eqsolve.commitment.optimum import pure_policy
from eqsolve.commitment.smooth_mixes import smooth_value
from eqsolve.commitment.team import all_plans, asks_once, forgetful_bound, team_bound
from eqsolve.errors import BadCommitment, ResponseNotFinished

ARGMAX = co.MultiplicativeWeights(final="argmax", feedback="expected")
TOLD = co.MultiplicativeWeights(final="argmax", unit=30.0)
price = eq.models.message_sequential_price


def lead(game, response=ARGMAX, plays=50, **options):
    return eq.StackelbergPOMDP(game, response=response, response_plays=plays, **options)


PURE = [
    ("escape", eq.models.load("escape"), 30.0),
    ("maintain", eq.models.load("maintain"), 20.0),
    ("conitzer", eq.models.load("conitzer"), 2.0),
    ("prisoners", eq.models.load("prisoners_dilemma"), 2.0),
    ("sexes", eq.models.load("battle_of_the_sexes"), 2.0),
    ("allocation 1", eq.models.simple_allocation(3, 1), 1 / 3),
    ("allocation 2", eq.models.simple_allocation(3, 2), 2 / 3),
    ("allocation 3", eq.models.simple_allocation(3, 3), 1.0),
    ("matrix design", eq.models.matrix_design(), 10.0),
    ("price 3", price(3), -1 / 18),
    ("price 5", price(5), -1 / 20),
    ("price asymmetric", price("asymmetric"), -0.06),
    ("price asymmetric, messages", price("asymmetric", messages=2), 0.0),
    ("price 3, messages", price(3, messages=2), 0.0),
]


@pytest.mark.parametrize(("name", "game", "value"), PURE, ids=[case[0] for case in PURE])
@pytest.mark.parametrize("response", [ARGMAX, co.BestResponse()], ids=["weights", "best"])
def test_published_optima_of_pure_commitments_are_exact(name, game, value, response):
    pomdp = lead(game, response, 100)
    optimum = eq.optimal_commitment(pomdp)
    assert optimum.value == pytest.approx(value, abs=1e-12)
    assert optimum.bound == pytest.approx(value, abs=1e-12)
    assert optimum.exact
    # What is printed is what was played: the policy gives its value, as policy and commitment.
    for given in (optimum.policy, optimum.commitment):
        assert pomdp.play(given, exact=True, seed=1).rewards == pytest.approx(value, abs=1e-12)


MIXED = [("escape", 30.0), ("maintain", 27.5), ("conitzer", 2.5), ("prisoners_dilemma", 2.0)]


@pytest.mark.parametrize(("name", "value"), MIXED)
@pytest.mark.parametrize("plays", [33, 400])
def test_mixed_optima_against_learners_read_as_argmax(name, value, plays):
    pomdp = lead(eq.models.load(name), TOLD, plays, mixed=True)
    optimum = eq.optimal_commitment(pomdp)
    assert optimum.bound == pytest.approx(value, abs=1e-9)
    assert value - 1e-6 < optimum.value <= optimum.bound
    assert optimum.exact
    assert pomdp.play(optimum.policy, exact=True).rewards[0] == pytest.approx(optimum.value)
    assert optimum.attained == (name in ("escape", "prisoners_dilemma"))
    assert ("approached and not attained" in str(optimum)) == (not optimum.attained)


@pytest.mark.parametrize("name", ["escape", "maintain", "conitzer"])
@pytest.mark.parametrize("commitment", ["pure", "mixed"])
def test_games_and_pomdps_agree_where_one_follower_answers_best(name, commitment):
    game = eq.models.load(name)
    by_game = eq.optimal_commitment(game, commitment=commitment)
    pomdp = lead(game, co.BestResponse(), None, mixed=commitment == "mixed")
    assert by_game.value == pytest.approx(eq.optimal_commitment(pomdp).value, abs=1e-9)
    assert by_game.exact
    assert by_game.equilibrium.certificate.bound == pytest.approx(by_game.value)


@pytest.mark.parametrize("seed", range(6))
def test_mixed_optima_of_random_games_are_those_of_multiple_linear_programs(seed):
    rng = np.random.default_rng(seed)
    game = eq.NormalFormGame(rng.integers(-4, 5, (2, 3, 4)).astype(float))
    kind = eq.optimal_commitment(game)
    cruel = eq.optimal_commitment(game, stance="pessimistic")
    values = {
        ties: eq.optimal_commitment(lead(game, co.BestResponse(ties), None, mixed=True))
        for ties in ("optimistic", "pessimistic", "uniform")
    }
    assert values["optimistic"].value == pytest.approx(kind.value, abs=1e-8)
    assert values["pessimistic"].bound == pytest.approx(cruel.bound, abs=1e-5)
    low, middle, high = (values[t].bound for t in ("pessimistic", "uniform", "optimistic"))
    assert low - 1e-9 <= middle <= high + 1e-9
    # No mix of a fine grid does better against followers who split ties evenly.
    grid = np.array([m for m in itertools.product(range(21), repeat=3) if sum(m) == 20]) / 20
    pomdp = lead(game, co.BestResponse("uniform"), None, mixed=True)
    assert pomdp.play(grid[:, None], exact=True).rewards.max() <= middle + 1e-9
    learned = eq.optimal_commitment(lead(game, TOLD, 7, mixed=True))
    assert learned.bound == pytest.approx(middle, abs=1e-9)


def bayesian(seed, types=(1, 2, 2), actions=(3, 2, 2)):
    rng = np.random.default_rng(seed)
    prior = rng.dirichlet(np.ones(np.prod(types))).reshape(types)
    return eq.BayesianGame(prior, rng.random((len(types), *types, *actions)))


@pytest.mark.parametrize("seed", range(4))
def test_enumeration_is_brute_force_over_all_tables(seed):
    game = co.from_bayesian(bayesian(seed, types=(2, 2, 2)))
    pomdp = lead(game)
    tables = np.array(list(itertools.product(range(3), repeat=2)))
    values = pomdp.play(tables, exact=True).rewards
    optimum = eq.optimal_commitment(pomdp)
    assert optimum.commitments == 9
    assert (optimum.value, optimum.worst) == pytest.approx((values.max(), values.min()))
    # Nobody gets more from these or any other followers than a leader whom they obey.
    team = team_bound(blocks_of(game))
    best = max(
        float(co.Subgame(game, table).leader_value(co.Behaviour(mixes))[0])
        for table in tables
        for mixes in _plans_as_mixes(game)
    )
    assert team.value == pytest.approx(best)
    assert optimum.value <= team.value + 1e-12


def _plans_as_mixes(game):
    plans = all_plans(game)
    for s in range(plans[0].shape[0]):
        yield tuple(np.eye(a)[own[s]][None] for own, a in zip(plans, game.actions, strict=True))


def test_reduced_commitments_of_the_price_mechanism_are_all_there_are():
    game = price(3)
    pomdp = lead(game)
    every = np.array(list(itertools.product(range(6), repeat=3)))
    blocks = blocks_of(game)
    values = pomdp.play(every, exact=True).rewards
    few = blocks.commitments(np.arange(int(blocks.total)))
    reduced = pomdp.play(few, exact=True).rewards
    assert np.allclose(np.unique(values.round(9)), np.unique(reduced.round(9)))
    assert blocks.total < every.shape[0] / 10


def test_decomposition_finds_what_enumeration_does():
    pomdp = lead(price("asymmetric", messages=2))
    found = best_pure(pomdp.setting)
    assert found.method == "decomposition over observations"
    assert found.commitments < 5000
    assert found.value == found.bound == 0.0
    # Where the room is too small that is said, and the value is what was found.
    short = best_pure(lead(price(5, messages=2), plays=20).setting, most=9000)
    assert short.bound == 0.0
    assert -0.05 < short.value < 0.0
    assert "9216 were played out" in str(short)
    loose = best_pure(lead(price(5, messages=2), plays=20).setting, gap=0.5)
    assert loose.value >= -0.5
    assert loose.commitments < short.commitments


@pytest.mark.parametrize("seed", range(5))
def test_what_is_not_played_out_could_not_have_been_better(seed, monkeypatch):
    rng = np.random.default_rng(seed)
    prior = rng.dirichlet(np.ones(12)).reshape(3, 2, 2)
    paid = rng.random((3, 3, 2, 2, 3, 2, 2))
    game = co.from_bayesian(eq.BayesianGame(prior, paid))
    for response in (ARGMAX, co.MultiplicativeWeights(0.5, feedback="expected")):
        pomdp = lead(game, response, 30)
        every = eq.optimal_commitment(pomdp)
        assert every.method == "enumeration"
        with monkeypatch.context() as patch:
            patch.setattr("eqsolve.commitment.enumeration.LISTED", 0)
            patch.setattr("eqsolve.commitment.search.FIRST", 2)
            patch.setattr("eqsolve.commitment.search.PLANS", 1)
            found = eq.optimal_commitment(pomdp)
        assert found.method == "decomposition over observations"
        assert found.value == pytest.approx(every.value, abs=1e-12)
        assert found.bound == pytest.approx(every.value, abs=1e-8)


class Told(co.Response):
    """A response of somebody's own, in which followers know each other's types."""

    queries = "table"
    horizon = 1
    deterministic = True

    def start(self, game, batch):
        """Nothing to remember."""
        return (np.zeros(batch),)

    def behaviour(self, game, state):
        """The first follower's action tells whether types are equal."""
        joint = np.zeros((state[0].size, *game.types, *game.actions))
        for one in range(2):
            for other in range(2):
                joint[:, one, other, int(one == other), 0] = 1.0
        return co.Behaviour(joint=joint)

    def update(self, game, state, outcome):
        """Nothing is learned."""
        return state


def test_followers_who_correlate_types_are_not_bounded_by_plans():
    paid = np.zeros((3, 1, 2, 2, 2, 2, 2))
    paid[0, 0, [0, 0, 1, 1], [0, 1, 0, 1], :, [1, 0, 0, 1], :] = 1.0
    game = co.from_bayesian(eq.BayesianGame(np.full((1, 2, 2), 0.25), paid))
    assert team_bound(blocks_of(game)).value == pytest.approx(0.5)
    optimum = eq.optimal_commitment(lead(game, Told(), None))
    assert optimum.value == optimum.bound == pytest.approx(1.0)


def test_two_messages_suffice_for_five_values_before_best_responses():
    optimum = eq.optimal_commitment(lead(price(5, messages=2), co.BestResponse(), None))
    assert optimum.value == optimum.bound == pytest.approx(0.0)
    assert optimum.commitments < 1000


def test_laws_of_cells_are_those_of_the_plans():
    game = price(3, messages=2)
    laws = cell_law(game, all_plans(game))
    assert laws.shape == (64, 36)
    assert np.allclose(laws.sum(axis=1), 1.0)


def test_observations_asked_twice_loosen_the_bound_of_mixes():
    game = co.in_plans(eq.models.repeated_game([[[2, 0], [3, 1]], [[2, 3], [0, 1]]], rounds=2))
    blocks = blocks_of(game)
    assert asks_once(blocks_of(price(3)))
    assert asks_once(blocks)
    assert forgetful_bound(blocks) >= team_bound(blocks).value - 1e-12


def test_followers_who_play_at_random_are_sampled_with_an_interval():
    pomdp = lead(eq.models.simple_allocation(3, 2), co.MultiplicativeWeights(), 60)
    with pytest.raises(BadCommitment, match="is random: it learns from plays that are drawn"):
        eq.optimal_commitment(pomdp)
    with pytest.raises(BadCommitment, match="replications must be 1 or more, not 0"):
        eq.optimal_commitment(pomdp, replications=0)
    optimum = eq.optimal_commitment(pomdp, replications=20, seed=3)
    low, high = optimum.interval
    assert low < optimum.value < high
    assert high - low < 0.1
    assert 0.5 < optimum.value < optimum.bound <= 2 / 3 + 1e-12
    assert "sampled" in optimum.method
    assert "200 fresh ones" in str(optimum)
    again = eq.optimal_commitment(pomdp, replications=20, seed=3)
    assert again.interval == optimum.interval
    learner = lead(eq.models.load("escape"), co.QLearning(epsilon=0.3), 60, reward_plays=5)
    with pytest.raises(BadCommitment, match="it explores at random"):
        eq.optimal_commitment(learner)
    assert eq.optimal_commitment(learner, replications=30).value == pytest.approx(30.0)
    mixed = lead(eq.models.simple_allocation(3, 2), co.MultiplicativeWeights(), 9, mixed=True)
    with pytest.raises(BadCommitment, match="Mixes are not judged by sampling here"):
        eq.optimal_commitment(mixed, replications=9)


def test_refusals_name_what_is_wrong():
    with pytest.raises(BadCommitment, match="takes a NormalFormGame, .* not MatrixDesign"):
        eq.optimal_commitment(eq.models.matrix_design())
    with pytest.raises(BadCommitment, match="stance are options of finite games"):
        eq.optimal_commitment(lead(eq.models.matrix_design()), stance="optimistic")
    with pytest.raises(BadCommitment, match="A correlation device is no policy"):
        eq.optimal_commitment(eq.models.load("escape"), commitment="correlated")
    certified = co.Certified(co.MultiplicativeWeights(feedback="expected"), 1e-9, 3, 1, "raise")
    with pytest.raises(ResponseNotFinished, match="under any of 3 commitments"):
        eq.optimal_commitment(lead(eq.models.load("escape"), certified, None))
    repeated = eq.models.repeated_game([[[2, 0], [3, 1]], [[2, 3], [0, 1]]], rounds=2)
    with pytest.raises(BadCommitment, match="cannot be listed"):
        eq.optimal_commitment(
            eq.StackelbergPOMDP(repeated, response=co.QLearning(), response_plays=5),
            replications=2,
        )


def test_restless_followers_are_not_admitted_and_counted():
    optimum = eq.optimal_commitment(lead(eq.models.matrix_design(), co.BestResponse(), None))
    assert "Under 648 of 6561 commitments followers do not come to an end" in str(optimum)


def test_several_followers_and_mixes_have_value_and_bound():
    matrix = eq.optimal_commitment(lead(eq.models.matrix_design(), mixed=True))
    assert matrix.value == matrix.bound == 10.0
    assert matrix.mixed
    assert matrix.method == "enumeration"
    last = co.RegretMatchingPlus(final="last")
    optimum = eq.optimal_commitment(lead(eq.models.load("maintain"), last, 33, mixed=True))
    assert 20.0 < optimum.value < 27.6
    assert optimum.bound == 30.0
    assert not optimum.exact
    assert "the bound is that of followers who do as the leader wishes" in str(optimum)


def test_games_of_several_followers_are_closed_by_branch_and_bound():
    game = eq.NormalFormGame(np.random.default_rng(0).random((3, 2, 2, 2)))
    optimum = eq.optimal_commitment(game, leader=1)
    assert optimum.exact or optimum.gap < 1e-3
    assert "commitment-coarse" in optimum.method
    assert optimum.policy.observations == 1


def test_progress_bars_go_to_standard_error(capsys):
    eq.optimal_commitment(lead(eq.models.matrix_design(), plays=5), progress=True)
    shown = capsys.readouterr()
    assert not shown.out
    assert "100%" in shown.err


def test_fractions_count_from_zero_or_from_the_worst():
    positive = eq.optimal_commitment(lead(eq.models.load("maintain"), TOLD))
    assert positive.fraction([20.0, 5.0]) == pytest.approx([1.0, 0.25])
    loss = eq.optimal_commitment(lead(price(3)))
    assert loss.worst == pytest.approx(-2 / 9)
    assert loss.fraction([-1 / 18, -2 / 9]) == pytest.approx([1.0, 0.0])
    unknown = eq.optimal_commitment(lead(price("asymmetric", messages=2)))
    assert unknown.worst is None
    assert unknown.fraction([-0.1, 0.0, -0.2], start=-0.2) == pytest.approx([0.5, 1.0, 0.0])
    assert unknown.fraction([0.0, 0.0]) == pytest.approx([1.0, 1.0])


def test_policies_print_what_can_be_asked():
    policy = pure_policy([1, 0, 0], 2, [True, False, True])
    assert str(policy).splitlines()[1:] == ["0            1       1", "2            0       1"]
    assert "<table>" in policy._repr_html_()
    optimum = eq.optimal_commitment(lead(price("asymmetric", messages=2)))
    assert "<table>" in optimum._repr_html_()
    assert "at observation 0" in repr(optimum)


def test_learning_curves_are_validated_against_the_optimum():
    optimum = eq.optimal_commitment(lead(price(3)))
    steps = 10 * np.arange(30)
    share = 1 - 0.7 ** np.arange(30)[:, None, None] * np.array([1.0, 0.5])[None, :, None]
    values = optimum.worst + share * (optimum.value - optimum.worst)
    curve = eq.Trajectory.from_array(values, steps=steps)
    report = eq.validate(curve, optimum)
    assert report.kind == "linear"
    assert report.rate == pytest.approx(0.7**0.1, abs=1e-4)
    assert report.fractions == pytest.approx(share[:, :, 0])
    assert report.fraction > 0.9999
    assert report.reached() == 2
    assert report.steps_to(0.99).tolist() == [130.0, 110.0]
    assert "2 of 2" in str(report)
    assert "share of the optimum" in report._repr_html_()
    behind = eq.validate(curve.iterates[:8], optimum)
    assert behind.reached() == 0
    assert np.isinf(behind.steps_to()).all()


def test_learning_curves_that_cannot_be_told_are_refused():
    optimum = eq.optimal_commitment(lead(price(3)))
    with pytest.raises(eq.EqsolveError, match="one coordinate, or one called 'value'"):
        eq.validate(np.zeros((9, 2)), optimum)
    with pytest.raises(eq.EqsolveError, match="leave out dynamics and distance"):
        eq.validate(np.zeros((9, 1)), optimum, dynamics=lambda x: x)
    named = eq.Trajectory(np.arange(9), np.zeros((9, 1, 2)), coordinate_names=("entropy", "value"))
    assert eq.validate(named, optimum).values.shape == (9, 1)


READ = [("last", 33, 14.2), ("last", 3300, 27.2), ("average_joint", 330, 21.2)]


@pytest.mark.parametrize(("final", "plays", "value"), READ)
def test_mixed_optima_against_learners_read_as_they_play(final, plays, value):
    response = co.MultiplicativeWeights(unit=30.0, final=final)
    pomdp = lead(eq.models.load("maintain"), response, plays, mixed=True)
    optimum = eq.optimal_commitment(pomdp, gap=1e-4)
    assert optimum.value == pytest.approx(value, abs=0.05)
    assert optimum.gap < 3e-3
    assert optimum.method == "branch and bound over mixes"
    # A fine grid comes near the value, and stays below the bound.
    grid = np.array([m for m in itertools.product(range(151), repeat=3) if sum(m) == 150]) / 150
    values = smooth_value(pomdp.setting)(grid)
    assert optimum.value - 0.1 < values.max() <= optimum.bound


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("final", ["last", "average_joint"])
@pytest.mark.parametrize("kind", [co.MultiplicativeWeights, co.OptimisticMultiplicativeWeights])
def test_smooth_values_are_what_is_played_and_bounded(seed, final, kind):
    rng = np.random.default_rng(seed)
    game = eq.NormalFormGame(rng.normal(size=(2, 2, 3)))
    pomdp = lead(game, kind(0.3, final, "expected"), 40, mixed=True)
    value = smooth_value(pomdp.setting)
    mixes = rng.dirichlet(np.ones(2), 9)
    assert value(mixes) == pytest.approx(pomdp.play(mixes[:, None], exact=True).rewards, abs=1e-12)
    p = np.linspace(0, 1, 20001)
    points = np.stack([p, 1 - p], axis=1)
    values = value(points)
    optimum = eq.optimal_commitment(pomdp, gap=1e-6)
    assert optimum.value - 1e-5 <= values.max() <= optimum.bound
    assert optimum.gap < 3e-6
    first = np.array([0, 7000, 19500])
    bounds = value.bound(np.stack([points[first], points[first + 500]], axis=1))
    for k, bound in zip(first, bounds, strict=True):
        assert values[k : k + 501].max() <= bound + 1e-12


def test_the_search_over_mixes_says_where_it_stopped(monkeypatch):
    monkeypatch.setattr("eqsolve.commitment.smooth_mixes.MOST_CELLS", 20)
    response = co.MultiplicativeWeights(unit=30.0)
    optimum = eq.optimal_commitment(lead(eq.models.load("maintain"), response, 33, mixed=True))
    assert "before the gap was closed" in str(optimum)
    assert optimum.value <= 14.19 <= optimum.bound


def informed(seed):
    """A leader who knows nothing before a follower with two types."""
    rng = np.random.default_rng(seed)
    return eq.BayesianGame([[0.3, 0.7]], rng.integers(-3, 4, (2, 1, 2, 3, 3)).astype(float))


@pytest.mark.parametrize("seed", range(4))
def test_types_of_a_follower_by_two_routes(seed):
    game = informed(seed)
    by_game = eq.optimal_commitment(game)
    pomdp = lead(game, co.BestResponse(), None, mixed=True)
    by_programs = eq.optimal_commitment(pomdp)
    assert by_programs.bound == pytest.approx(by_game.value, abs=1e-7)
    assert by_programs.attained
    assert by_programs.policy.probabilities().shape == (1, 3)


def test_a_leader_with_types_commits_for_each():
    rng = np.random.default_rng(5)
    game = co.from_bayesian(eq.BayesianGame([[0.4], [0.6]], rng.random((2, 2, 1, 2, 2))))
    pomdp = lead(game, co.BestResponse(), None, mixed=True)
    optimum = eq.optimal_commitment(pomdp)
    grid = np.linspace(0, 1, 101)
    first, second = (part.ravel() for part in np.meshgrid(grid, grid))
    tables = np.stack([np.stack([p, 1 - p], axis=1) for p in (first, second)], axis=1)
    values = pomdp.play(tables, exact=True).rewards
    assert values.max() <= optimum.bound + 1e-9
    assert values.max() > optimum.value - 0.02


def test_twin_actions_of_a_follower_are_always_tied():
    paid = np.array([[[4.0, 0.0], [1.0, 1.0]], [[1.0, 1.0], [0.0, 0.0]]])
    pomdp = lead(eq.NormalFormGame(paid), TOLD, 9, mixed=True)
    optimum = eq.optimal_commitment(pomdp)
    assert optimum.value == optimum.bound == 2.0
    assert optimum.attained


def test_too_many_sets_of_best_answers_are_searched():
    rng = np.random.default_rng(0)
    pomdp = lead(eq.NormalFormGame(rng.random((2, 2, 15))), TOLD, 9, mixed=True)
    optimum = eq.optimal_commitment(pomdp)
    assert "3.28e+04 sets of best answers, too many to list" in str(optimum)
    kind = eq.optimal_commitment(pomdp.game.base)
    assert 0.9 * kind.value < optimum.value <= kind.value + 1e-9 <= optimum.bound + 2e-9


@pytest.mark.parametrize(("factor", "shift"), [(1e4, 0.0), (1e-4, 0.0), (1.0, 1e5)])
@pytest.mark.parametrize("ties", ["optimistic", "uniform"])
def test_units_and_origins_of_payoffs_do_not_matter(factor, shift, ties):
    game = eq.models.load("maintain")
    other = eq.NormalFormGame(factor * game.payoffs + shift)
    optimum = eq.optimal_commitment(lead(other, co.BestResponse(ties), None, mixed=True))
    assert (optimum.bound - shift) / factor == pytest.approx(27.5, abs=1e-6)
    assert (optimum.value - shift) / factor == pytest.approx(27.5, abs=1e-3)


def test_what_a_trained_leader_has_learned_is_validated():
    pomdp = lead(eq.models.load("escape"), TOLD, 33)
    learned = eq.train_leader(pomdp, seed=0, steps=2000)
    report = eq.validate(learned, eq.optimal_commitment(pomdp))
    assert isinstance(report, eq.LearningReport)
    assert report.fraction == learned.value / 30.0


def test_what_is_given_out_is_admissible():
    pomdp = lead(price("asymmetric", messages=2))
    optimum = eq.optimal_commitment(pomdp)
    eq.check_admissible(optimum.policy, pomdp)


def test_mixes_before_several_followers_who_need_not_come_to_rest():
    optimum = eq.optimal_commitment(
        lead(co.from_bayesian(bayesian(3)), co.BestResponse(), None, mixed=True)
    )
    pure = eq.optimal_commitment(lead(co.from_bayesian(bayesian(3)), co.BestResponse(), None))
    assert pure.value - 1e-12 <= optimum.value <= optimum.bound


@pytest.mark.parametrize(("plays", "words"), [(5, "their end: "), (20, "short of it")])
def test_followers_who_have_not_finished_are_told_of(plays, words):
    slow = co.Certified(co.MultiplicativeWeights(feedback="expected"), gap=1e-9)
    game = eq.models.load("conitzer")
    problem = eq.StackelbergPOMDP(game, response=slow, response_plays=plays)
    learned = eq.train_leader(problem, seed=0, steps=256)
    for answer in (eq.optimal_commitment(problem), learned):
        assert f"After {plays} plays the followers have not come to their end" in str(answer)
        assert words in str(answer)
    quick = co.Certified(co.MultiplicativeWeights(feedback="expected"), gap=0.5)
    done = eq.StackelbergPOMDP(game, response=quick, response_plays=plays * 10)
    assert "their end" not in str(eq.optimal_commitment(done))
