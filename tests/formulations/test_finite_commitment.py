"""Commitment in finite games: published values, two routes for each kind, and brute force."""

import itertools

import numpy as np
import pytest
from scipy.optimize import linprog

import eqsolve as eq
from eqsolve.formulations.commitment_coarse import CommitmentToCoarsePlay
from eqsolve.programs.commitment import CommitmentProgram
from eqsolve.solvers.branch_on_mix import BranchOnMix
from eqsolve.solvers.highs import Highs
from eqsolve.solvers.multiple_linear_programs import MultipleLinearPrograms

# (leader, follower) payoffs, with the published values of pure and mixed commitment.
PUBLISHED = {
    "escape": (
        [[(15, 15), (10, 10), (0, 0)], [(10, 10), (10, 10), (0, 0)], [(0, 0), (0, 0), (30, 30)]],
        30.0,
        30.0,
    ),
    "maintain": (
        [[(20, 15), (0, 0), (0, 0)], [(30, 0), (10, 5), (0, 0)], [(0, 0), (0, 0), (5, 10)]],
        20.0,
        27.5,
    ),
    "conitzer": ([[(1, 1), (3, 0)], [(0, 0), (2, 1)]], 2.0, 2.5),
    "follower's rule": ([[(3, 2), (1, 3)], [(2, 0), (0, 1)]], 1.0, 1.0),
    "prisoners' dilemma": ([[(3, 3), (1, 4)], [(4, 1), (2, 2)]], 2.0, 2.0),
    "battle of the sexes": ([[(2, 1), (0, 0)], [(0, 0), (1, 2)]], 2.0, 2.0),
}


def game_of(cells):
    return eq.NormalFormGame(np.moveaxis(np.array(cells, dtype=float), -1, 0))


def random_types(seed):
    rng = np.random.default_rng(seed)
    types, m, k = int(rng.integers(1, 4)), *rng.integers(2, 5, 2)
    law = rng.random(types)
    shape = (2, 1, types, m, k)
    payoffs = rng.integers(0, 4, shape) if seed % 4 == 1 else rng.random(shape)
    return eq.BayesianGame(law[None] / law.sum(), payoffs)


def independent_commitment(leader, follower):
    """The best commitment by one program an answer, through scipy."""
    best = -np.inf
    for j in range(leader.shape[1]):
        answer = linprog(
            -leader[:, j],
            A_ub=(follower - follower[:, [j]]).T,
            b_ub=np.zeros(leader.shape[1]),
            A_eq=np.ones((1, leader.shape[0])),
            b_eq=[1.0],
        )
        if answer.status == 0:
            best = max(best, -answer.fun)
    return best


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_values_of_pure_and_mixed_commitment(name):
    cells, pure, mixed = PUBLISHED[name]
    game = game_of(cells)
    for commitment, value in (("pure", pure), ("mixed", mixed)):
        for stance in ("optimistic", "pessimistic"):
            found = eq.solve(game, eq.Stackelberg(0, stance=stance, commitment=commitment))
            assert found.value == pytest.approx(value, abs=1e-7)
            assert found.certificate.bound == pytest.approx(value, abs=1e-9)
            assert found.certificate.gains[1] < 1e-12
    device = eq.solve(game, eq.Stackelberg(0, commitment="correlated"))
    assert device.value == pytest.approx(mixed)


def test_maintain_is_committed_to_at_a_quarter():
    found = eq.solve(game_of(PUBLISHED["maintain"][0]), eq.Stackelberg(leader=0))
    np.testing.assert_allclose(found[0], [0.25, 0.75, 0], atol=1e-12)
    np.testing.assert_allclose(found[1], [1, 0, 0])
    assert found.payoffs == {0: pytest.approx(27.5), 1: pytest.approx(3.75)}


def test_either_player_may_lead_by_index_or_name():
    cells, _, mixed = PUBLISHED["conitzer"]
    turned = np.moveaxis(np.array(cells, dtype=float), -1, 0)[::-1].swapaxes(1, 2)
    game = eq.NormalFormGame(turned, player_names=["follower", "leader"])
    for leader in (1, "leader"):
        found = eq.solve(game, eq.Stackelberg(leader))
        assert found.value == pytest.approx(mixed)
        np.testing.assert_allclose(found["leader"], [0.5, 0.5])


@pytest.mark.parametrize("seed", range(40))
def test_multiple_programs_agree_with_scipy_and_with_one_program(seed):
    rng = np.random.default_rng(seed)
    shape = (2, *rng.integers(1, 7, 2))
    payoffs = rng.integers(-2, 3, shape).astype(float) if seed % 2 else rng.normal(size=shape)
    game = eq.NormalFormGame(payoffs)
    found = eq.solve(game, eq.Stackelberg(0))
    assert found.value == pytest.approx(independent_commitment(*payoffs), abs=1e-8)
    assert found.certificate.bound == pytest.approx(found.value, abs=1e-8)
    assert found.program.problem.solve(solver="HIGHS") == pytest.approx(found.value, abs=1e-6)
    assert eq.certify(game, found, eq.Stackelberg(0)).holds(1e-7)
    pure = eq.solve(game, eq.Stackelberg(0, commitment="pure"))
    answers = [np.flatnonzero(row == row.max()) for row in payoffs[1]]
    by_hand = max(payoffs[0][a][answer].max() for a, answer in enumerate(answers))
    assert pure.value == pytest.approx(by_hand)
    against = eq.solve(game, eq.Stackelberg(0, commitment="pure", stance="pessimistic"))
    by_hand = max(payoffs[0][a][answer].min() for a, answer in enumerate(answers))
    assert against.value == pytest.approx(by_hand)


@pytest.mark.parametrize("block", range(4))
def test_multiple_programs_and_dobss_agree_on_200_random_bayesian_games(block):
    for seed in range(50 * block, 50 * block + 50):
        game = random_types(seed)
        asked = eq.Stackelberg(0)
        plans = eq.solve(game, asked, formulation="multiple-linear-programs")
        mixed = eq.solve(game, asked, formulation="dobss")
        assert plans.value == pytest.approx(mixed.value, abs=1e-7)
        assert mixed.certificate.bound == pytest.approx(mixed.value, abs=1e-7)
        assert max(mixed.certificate.gains[1], plans.certificate.gains[1]) < 1e-8


def test_a_leader_that_comes_second_commits_against_types_too():
    game = random_types(3)
    turned = eq.BayesianGame(game.prior.T, game.payoffs[::-1].transpose(0, 2, 1, 4, 3))
    for route in ("dobss", "multiple-linear-programs"):
        for stance in ("optimistic", "pessimistic"):
            if route == "dobss" and stance == "pessimistic":
                continue
            first = eq.solve(game, eq.Stackelberg(0, stance), formulation=route)
            second = eq.solve(turned, eq.Stackelberg(1, stance), formulation=route)
            assert first.value == pytest.approx(second.value, abs=1e-7)
            assert second[0].shape == (game.types[1], game.actions[1])


def test_pure_commitment_against_types_is_the_best_row():
    game = random_types(6)
    found = eq.solve(game, eq.Stackelberg(0, commitment="pure"), formulation="dobss")
    law, (leader, follower) = game.prior[0], game.payoffs[:, 0]
    values = []
    for action in range(game.actions[0]):
        value = 0.0
        for kind, mass in enumerate(law):
            row = follower[kind, action]
            value += mass * leader[kind, action][row == row.max()].max()
        values.append(value)
    assert found.value == pytest.approx(max(values))
    same = eq.solve(
        game, eq.Stackelberg(0, commitment="pure"), formulation="multiple-linear-programs"
    )
    assert same.value == pytest.approx(max(values))


def test_dobss_in_cvxpy_has_the_same_value():
    game = random_types(2)
    found = eq.solve(game, eq.Stackelberg(0), formulation="dobss")
    assert found.program.problem.solve(solver="HIGHS") == pytest.approx(found.value, abs=1e-6)
    security = eq.SecurityGame([0, 0], [-3, -1], [0, 0], [3, 1], resources=1)
    covered = eq.solve(security, eq.Stackelberg("defender"))
    assert covered.program.problem.solve(solver="HIGHS") == pytest.approx(-0.75, abs=1e-6)


@pytest.mark.parametrize("seed", range(12))
def test_pessimistic_leaders_are_worth_what_a_fine_grid_says(seed):
    rng = np.random.default_rng(seed)
    payoffs = rng.integers(0, 3, (2, 2, 3)).astype(float)
    game = eq.NormalFormGame(payoffs)
    found = eq.solve(game, eq.Stackelberg(0, stance="pessimistic"))
    best = -np.inf
    # Shares off the fractions at which answers tie: the supremum is approached, not met.
    for share in np.linspace(0, 1, 2001):
        x = np.array([share, 1 - share])
        pays = x @ payoffs[1]
        tied = pays >= pays.max() - 1e-12
        best = max(best, (x @ payoffs[0])[tied].min())
    assert best <= found.certificate.bound + 1e-9
    assert found.certificate.bound <= best + 2e-3 * np.ptp(payoffs[0])
    assert found.value >= found.certificate.bound - 1e-6


def test_bounds_hold_whatever_the_multipliers():
    rng = np.random.default_rng(0)
    program = CommitmentProgram(rng.random((4, 5)), rng.random((4, 5)))
    value = MultipleLinearPrograms().solve(program).objective
    for _ in range(20):
        assert program.bound(rng.exponential(size=(5, 5))) >= value - 1e-12


def test_what_is_no_best_commitment_does_not_pass():
    game = game_of(PUBLISHED["maintain"][0])
    asked = eq.Stackelberg(0)
    pure = eq.certify(game, [0, 0], asked)
    assert pure.gains[0] == pytest.approx(7.5)
    assert not pure.holds(1e-3)
    wrong_answer = eq.certify(game, [0, 1], asked)
    assert wrong_answer.gains[1] == pytest.approx(15.0)
    mixed = eq.certify(game, [[0.25, 0.75, 0], 0], eq.Stackelberg(0, commitment="pure"))
    assert mixed.infeasibility == pytest.approx(0.25)
    on_the_tie = eq.certify(game, [[0.25, 0.75, 0], 0], eq.Stackelberg(0, stance="pessimistic"))
    assert on_the_tie.gains[0] == pytest.approx(27.5 - 7.5)


@pytest.mark.parametrize("seed", range(6))
def test_devices_agree_with_an_independent_program(seed):
    game = eq.NormalFormGame(np.random.default_rng(seed).random((3, 2, 3, 2)))
    leader = seed % 3
    for response in ("nash", "coarse correlated"):
        found = eq.solve(game, eq.Stackelberg(leader, commitment="correlated", response=response))
        rows = []
        profiles = list(itertools.product(*map(range, game.actions)))
        for k in set(range(3)) - {leader}:
            for told in range(game.actions[k]) if response == "nash" else [None]:
                for other in range(game.actions[k]):
                    rows.append(
                        [
                            (game.payoffs[(k, *p[:k], other, *p[k + 1 :])] - game.payoffs[(k, *p)])
                            * (told in (None, p[k]))
                            for p in profiles
                        ]
                    )
        answer = linprog(
            -game.payoffs[leader].ravel(),
            A_ub=rows,
            b_ub=np.zeros(len(rows)),
            A_eq=np.ones((1, len(profiles))),
            b_eq=[1.0],
        )
        assert found.value == pytest.approx(-answer.fun, abs=1e-8)
        assert found.certificate.holds(1e-8)
        assert found.certificate.gains[leader] < 1e-8


def coarse_grid(game, leader, worst, points):
    """The best value over a grid of the leader's mixes, one program a point, through scipy."""
    others = [k for k in range(game.players) if k != leader]
    moved = np.moveaxis(game.payoffs, leader + 1, 1)
    profiles = list(itertools.product(*(range(game.actions[k]) for k in others)))
    best = -np.inf
    for x in points:
        payoffs = np.tensordot(x, moved, axes=(0, 1))
        rows = []
        for place, k in enumerate(others):
            for other in range(game.actions[k]):
                rows.append(
                    [
                        payoffs[(k, *p[:place], other, *p[place + 1 :])] - payoffs[(k, *p)]
                        for p in profiles
                    ]
                )
        sign = 1.0 if worst else -1.0
        answer = linprog(
            sign * np.array([payoffs[(leader, *p)] for p in profiles]),
            A_ub=rows,
            b_ub=np.zeros(len(rows)),
            A_eq=np.ones((1, len(profiles))),
            b_eq=[1.0],
        )
        best = max(best, sign * answer.fun)
    return best


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("stance", ["optimistic", "pessimistic"])
def test_commitment_to_coarse_play_is_worth_what_a_grid_says(seed, stance):
    game = eq.NormalFormGame(np.random.default_rng(seed).random((3, 2, 2, 2)))
    leader = seed % 3
    found = eq.solve(game, eq.Stackelberg(leader, stance, response="coarse correlated"))
    grid = coarse_grid(
        game, leader, stance == "pessimistic", [[a, 1 - a] for a in np.linspace(0, 1, 101)]
    )
    spread = game.spreads[leader]
    assert found.value >= grid - 1.1e-4 * spread
    assert found.certificate.bound >= grid - 1e-9
    if found.certificate.scope == "global":
        assert found.certificate.bound - found.value <= 1e-3 * spread
    followers = [gain for who, gain in found.certificate.gains.items() if who != leader]
    assert max(followers) < 1e-8


@pytest.mark.parametrize("seed", range(4))
def test_kinds_of_commitment_to_coarse_play_are_ordered(seed):
    game = eq.NormalFormGame(np.random.default_rng(seed).random((3, 3, 2, 2)))
    kinds = {
        "pure": {"commitment": "pure"},
        "worst": {"stance": "pessimistic"},
        "mixed": {},
        "device": {"commitment": "correlated"},
    }
    value = {
        kind: eq.solve(game, eq.Stackelberg(0, response="coarse correlated", **options)).value
        for kind, options in kinds.items()
    }
    assert value["pure"] <= value["mixed"] + 1e-9
    assert value["worst"] <= value["mixed"] + 1e-4
    assert value["mixed"] <= value["device"] + 1e-9


def test_followers_that_ignore_each_other_answer_as_one_follower_would():
    # The second follower gets nothing whatever it does: what is left is a game of two.
    rng = np.random.default_rng(5)
    two = rng.random((2, 3, 3))
    payoffs = np.zeros((3, 3, 3, 2))
    payoffs[:2] = two[..., None]
    game = eq.NormalFormGame(payoffs)
    single = eq.solve(eq.NormalFormGame(two), eq.Stackelberg(0))
    for stance in ("optimistic", "pessimistic"):
        found = eq.solve(game, eq.Stackelberg(0, stance, response="coarse correlated"))
        assert found.value == pytest.approx(single.value, abs=1e-3)
        assert found.certificate.bound >= single.value - 1e-9


def test_relaxations_bound_every_mix_in_their_box():
    game = eq.NormalFormGame(np.random.default_rng(2).random((3, 3, 2, 3)))
    rng = np.random.default_rng(0)
    for stance in ("optimistic", "pessimistic"):
        asked = eq.Stackelberg(0, stance, response="coarse correlated")
        program = CommitmentToCoarsePlay().compile(game, asked)
        for _ in range(20):
            x = rng.dirichlet(np.ones(3))
            low = np.maximum(x - 0.1 * rng.random(3), 0)
            high = np.minimum(x + 0.1 * rng.random(3), 1)
            worst = stance == "pessimistic"
            value = Highs().solve(program.at_mix(x, worst)).objective
            relaxation = program.pessimistic_relaxation if worst else program.optimistic_relaxation
            found = Highs().solve(relaxation(low, high))
            assert found.objective is None or found.objective >= value - 1e-8


def test_a_point_box_has_the_value_of_its_mix():
    game = eq.NormalFormGame(np.random.default_rng(2).random((3, 3, 2, 3)))
    x = np.array([0.2, 0.3, 0.5])
    for stance in ("optimistic", "pessimistic"):
        asked = eq.Stackelberg(0, stance, response="coarse correlated")
        program = CommitmentToCoarsePlay().compile(game, asked)
        worst = stance == "pessimistic"
        value = Highs().solve(program.at_mix(x, worst)).objective
        relaxation = program.pessimistic_relaxation if worst else program.optimistic_relaxation
        assert Highs().solve(relaxation(x, x)).objective == pytest.approx(value, abs=1e-7)


def test_a_search_that_stops_early_tells_value_and_bound():
    # Where the followers' play jumps, a pessimistic bound stays open.
    game = eq.NormalFormGame(np.random.default_rng(1).random((3, 3, 3, 3)))
    asked = eq.Stackelberg(0, "pessimistic", response="coarse correlated")
    found = eq.solve(game, asked, max_nodes=10)
    assert found.certificate.scope == "bound not reached"
    assert found.certificate.bound > found.value + 0.1
    assert not found.certificate.holds(1e-3)
    hopeful = eq.solve(game, eq.Stackelberg(0, response="coarse correlated"))
    assert found.certificate.bound <= hopeful.certificate.bound + 1e-9


def test_an_optimistic_search_that_stops_early_is_no_answer():
    game = eq.NormalFormGame(np.random.default_rng(2).random((3, 3, 3, 3)))
    with pytest.raises(eq.EquilibriumNotFound, match="ran out of iterations"):
        eq.solve(game, eq.Stackelberg(0, response="coarse correlated"), max_nodes=1)
    engine = BranchOnMix(gap=0.2)
    found = eq.solve(game, eq.Stackelberg(0, response="coarse correlated"), solver=engine)
    assert found.certificate.bound - found.value <= 0.2 * game.spreads[0] + 1e-12


def test_commitments_in_joint_play_must_be_independent():
    game = eq.NormalFormGame(np.random.default_rng(0).random((3, 2, 2, 2)))
    asked = eq.Stackelberg(0, response="coarse correlated")
    found = eq.solve(game, asked)
    assert eq.certify(game, found, asked).infeasibility < 1e-12
    correlated = np.zeros((2, 2, 2))
    correlated[0, 0, 0] = correlated[1, 1, 1] = 0.5
    assert eq.certify(game, correlated, asked).infeasibility == pytest.approx(0.25)
    with pytest.raises(eq.NotAGame, match="This commitment needs a joint distribution of shape"):
        eq.certify(game, np.ones(3), asked)


@pytest.mark.parametrize(
    ("game", "concept", "sentence"),
    [
        (np.zeros((3, 2, 2, 2)), eq.Stackelberg(0), "one leader and one follower, and there are 3"),
        (np.zeros((3, 2, 2, 2)), eq.Stackelberg(0), 'ask for response="coarse correlated"'),
        (
            np.zeros((3, 2, 2, 2)),
            eq.Stackelberg(0, "pessimistic", commitment="correlated"),
            "break ties as they are told",
        ),
        (
            np.zeros((3, 2, 2, 2)),
            eq.Stackelberg([0, 1], response="coarse correlated"),
            "one player leads",
        ),
    ],
)
def test_commitments_that_nothing_expresses_are_refused(game, concept, sentence):
    with pytest.raises(eq.NoFormulation, match=sentence):
        eq.solve(eq.NormalFormGame(game), concept)


def test_leaders_with_types_and_crowds_of_plans_are_refused():
    typed = eq.BayesianGame([[0.5], [0.5]], np.zeros((2, 2, 1, 2, 2)))
    with pytest.raises(eq.NoFormulation, match="the leader has types of its own"):
        eq.solve(typed, eq.Stackelberg(0))
    many = eq.BayesianGame(np.full((1, 8), 1 / 8), np.random.default_rng(0).random((2, 1, 8, 2, 3)))
    with pytest.raises(eq.NoFormulation, match=r"the follower has 6.56e\+03 plans"):
        eq.solve(many, eq.Stackelberg(0), formulation="multiple-linear-programs")
    assert eq.solve(many, eq.Stackelberg(0)).explanation["dobss"] == "used."
    with pytest.raises(eq.NoFormulation, match="its types break ties for the leader"):
        eq.solve(many, eq.Stackelberg(0, "pessimistic"), formulation="dobss")
    with pytest.raises(eq.NotAGame, match="the leader 5 is no player"):
        eq.solve(many, eq.Stackelberg(5))


def test_options_are_checked():
    for option, wrong in (("commitment", "secret"), ("response", "random"), ("stance", "calm")):
        with pytest.raises(eq.NotAGame, match=f"Stackelberg: {option} must be one of"):
            eq.Stackelberg(0, **{option: wrong})


def test_games_of_continuous_variables_have_no_kinds_of_commitment():
    game = eq.models.load("duopoly")
    with pytest.raises(eq.NoFormulation, match="options of finite games"):
        eq.solve(game, eq.Stackelberg("firm1", commitment="pure"))
    with pytest.raises(eq.NoFormulation, match="an objective chooses among equilibria of finite"):
        eq.solve(game, eq.Nash("welfare"))
    with pytest.raises(eq.NoFormulation, match="it is for games with finitely many actions"):
        eq.solve(game, formulation="zero-sum")
