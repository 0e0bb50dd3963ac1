"""Learners of finite games against hand-written loops, proofs and published facts."""

import math
import re

import cvxpy as cp
import numpy as np
import pytest

import eqsolve as eq
from eqsolve import dynamics as dy
from eqsolve.dynamics.bandit import tsallis_weights
from eqsolve.dynamics.simplices import best_actions, drawn, matched, projected, softmax
from eqsolve.games.batch import GameBatch
from eqsolve.games.finite import NormalFormGame
from eqsolve.testing import check_dynamics

PENNIES = NormalFormGame.bimatrix([[1, -1], [-1, 1]])
SHAPLEY = NormalFormGame.bimatrix(
    [[0, 1, 0], [0, 0, 1], [1, 0, 0]], [[0, 0, 1], [1, 0, 0], [0, 1, 0]]
)

ALL = [
    dy.MultiplicativeWeights(),
    dy.MultiplicativeWeights(rate=0.3, schedule="fixed", unit=2.0),
    dy.MultiplicativeWeights(schedule="fixed", horizon=50, feedback="sampled"),
    dy.OptimisticMultiplicativeWeights(),
    dy.OptimisticMultiplicativeWeights(schedule="anytime", feedback="sampled"),
    dy.RegretMatching(),
    dy.RegretMatching(alternating=True, average="linear"),
    dy.RegretMatchingPlus(),
    dy.RegretMatchingPlus(feedback="sampled"),
    dy.PredictiveRegretMatchingPlus(),
    dy.PredictiveRegretMatchingPlus(alternating=True),
    dy.FictitiousPlay(),
    dy.FictitiousPlay(ties="even", alternating=True),
    dy.FictitiousPlay(feedback="sampled"),
    dy.LogitResponse(precision=2.0, inertia=0.5),
    dy.LogitResponse(precision=2.0, against="average", feedback="sampled"),
    dy.ProjectedGradient(),
    dy.ProjectedGradient(rate=0.2, schedule="fixed"),
    dy.QLearning(),
    dy.QLearning(exploration="epsilon", epsilon=lambda k: 1 / k),
    dy.QLearning(feedback="expected", temperature=lambda k: 1 / math.log(k + 1)),
    dy.Exp3(),
    dy.Exp3(exploration=0.1),
    dy.Exp3IX(),
    dy.TsallisINF(),
    dy.PlayerByPlayer([dy.RegretMatching(), dy.Exp3()]),
    dy.Delayed(dy.MultiplicativeWeights(), delay=2),
]


def named(learner):
    """Its repr without addresses of functions, which differ from process to process."""
    return re.sub(r" at 0x[0-9a-f]+", "", repr(learner))


GAMES = {
    "square": NormalFormGame(np.random.default_rng(1).standard_normal((2, 3, 3))),
    "oblong": NormalFormGame(np.random.default_rng(2).standard_normal((2, 4, 2)) + 50),
    "lonely action": NormalFormGame(np.random.default_rng(3).random((2, 1, 3))),
    "three players": NormalFormGame(np.random.default_rng(4).random((3, 2, 3, 2))),
    "no differences": NormalFormGame(np.zeros((2, 2, 2))),
}


@pytest.mark.parametrize("learner", ALL, ids=named)
@pytest.mark.parametrize("game", GAMES)
def test_protocol(learner, game):
    if isinstance(learner, dy.PlayerByPlayer) and GAMES[game].players != 2:
        learner = dy.PlayerByPlayer([dy.RegretMatching()] * 3)
    check_dynamics(learner, GAMES[game])


def hand_played(kind, payoffs, start, rounds):
    """Profiles (rounds + 1, n) of two players, written as one would without the package."""
    A, B = payoffs
    n = A.shape[0]
    x, y = start[:n].copy(), start[n:].copy()
    U, V = np.zeros(n), np.zeros(B.shape[1])
    spread = np.ptp(A), np.ptp(B)
    out = [start]
    for t in range(1, rounds + 1):
        u, v = A @ y, x @ B
        if kind in ("anytime", "fixed", "optimistic"):
            u, v = u / spread[0], v / spread[1]
            U, V = U + u, V + v
            guess = (u, v) if kind == "optimistic" else (0, 0)

            def eta(size, t=t):
                if kind == "anytime":
                    return 2 * math.sqrt(math.log(size) / (t + 1))
                return 0.125 if kind == "optimistic" else 0.4

            p = start[:n] * np.exp(eta(n) * (U + guess[0] - U.max()))
            q = start[n:] * np.exp(eta(len(q_ := V)) * (q_ + guess[1] - V.max()))
            x, y = p / p.sum(), q / q.sum()
        elif kind.startswith("matching"):
            r, s = u - x @ u, v - y @ v
            U, V = U + r, V + s
            if kind != "matching":
                U, V = np.maximum(U, 0), np.maximum(V, 0)
            more = (r, s) if kind == "matching plus predictive" else (0, 0)
            p, q = np.maximum(U + more[0], 0), np.maximum(V + more[1], 0)
            x = p / p.sum() if p.sum() > 0 else np.full(n, 1 / n)
            y = q / q.sum() if q.sum() > 0 else np.full(len(q), 1 / len(q))
        elif kind == "fictitious":
            U, V = U + x, V + y
            x, y = np.eye(n)[np.argmax(A @ V)], np.eye(len(V))[np.argmax(U @ B)]
        elif kind == "logit":
            x = 0.3 * x + 0.7 * np.exp(1.5 * u) / np.exp(1.5 * u).sum()
            y = 0.3 * y + 0.7 * np.exp(1.5 * v) / np.exp(1.5 * v).sum()
        out.append(np.concatenate([x, y]))
    return np.array(out)


@pytest.mark.parametrize(
    ("kind", "learner"),
    [
        ("anytime", dy.MultiplicativeWeights()),
        ("fixed", dy.MultiplicativeWeights(rate=0.4, schedule="fixed")),
        ("optimistic", dy.OptimisticMultiplicativeWeights()),
        ("matching", dy.RegretMatching()),
        ("matching plus", dy.RegretMatchingPlus()),
        ("matching plus predictive", dy.PredictiveRegretMatchingPlus()),
        ("fictitious", dy.FictitiousPlay()),
        ("logit", dy.LogitResponse(precision=1.5, inertia=0.3)),
    ],
)
@pytest.mark.parametrize("game", ["square", "oblong"])
@pytest.mark.parametrize("even", [True, False])
def test_against_a_plain_loop_for_one_run_and_for_many(kind, learner, game, even):
    game = GAMES[game]
    rng = np.random.default_rng(5)
    start = game.uniform()
    if not even:
        start = np.concatenate([rng.dirichlet(np.ones(size)) for size in game.actions])
    by_hand = hand_played(kind, game.payoffs, start, 150)
    for replications in (1, 3):
        path = eq.simulate(game, learner, start=start, steps=150, replications=replications)
        for run in range(replications):
            np.testing.assert_allclose(path.iterates[:, run], by_hand, atol=1e-11)


@pytest.mark.parametrize("replications", [1, 2])
def test_actions_without_weight_at_the_start_never_get_any(replications):
    game = GAMES["oblong"]
    start = np.array([0.0, 0.5, 0.5, 0.0, 1.0, 0.0])
    path = eq.simulate(
        game, dy.MultiplicativeWeights(), start=start, steps=300, replications=replications
    )
    assert (path.iterates[..., [0, 3, 5]] == 0).all()
    assert np.isfinite(path.iterates).all()
    smaller = NormalFormGame(game.payoffs[:, 1:3, :1])
    own = dy.MultiplicativeWeights(unit=1.0, rate=0.2, schedule="fixed")
    wanted = eq.simulate(smaller, own, steps=300).iterates[:, 0, :2]
    found = eq.simulate(game, own, start=start, steps=300, replications=replications)
    np.testing.assert_allclose(found.iterates[:, 0, 1:3], wanted, atol=1e-12)


def test_rates_too_large_for_many_rounds_at_once_are_played_one_by_one():
    game, wild = GAMES["square"], dy.MultiplicativeWeights(rate=40.0, schedule="fixed")
    assert wild.rounds(game, 1) is None
    one, two = (eq.simulate(game, wild, steps=200, replications=r) for r in (1, 2))
    np.testing.assert_allclose(one.iterates[:, 0], two.iterates[:, 1], atol=1e-12)
    assert np.isfinite(one.iterates).all()


@pytest.mark.parametrize("shift", [0.0, 1e6, -1e6])
def test_a_thousand_rounds_at_once_are_the_rounds_one_by_one(shift):
    game = NormalFormGame(np.random.default_rng(6).random((2, 5, 5)) + shift)
    atol = 1e-12 if not shift else 1e-7  # of payoffs near 1e6 ten digits are left
    for learner in (
        dy.MultiplicativeWeights(),
        dy.OptimisticMultiplicativeWeights(),
        dy.RegretMatchingPlus(),
        dy.PredictiveRegretMatchingPlus(),
    ):
        profile = game.uniform()[None]
        state = learner.start(game, profile)
        played, _, _ = learner.rounds(game, 1)(profile, state, 1000)
        for one in played:
            np.testing.assert_allclose(one, profile, atol=atol)
            profile, state = learner.step(game, profile, state, np.random.default_rng(0))


def test_three_players_learn_as_in_a_loop_over_profiles():
    game = GAMES["three players"]
    path = eq.simulate(game, dy.RegretMatching(), steps=40)
    profile, regrets = game.uniform(), np.zeros(game.n)
    for t in range(40):
        np.testing.assert_allclose(path.iterates[t, 0], profile, atol=1e-12)
        x, y, z = (profile[block] for block in game.blocks)
        paid = np.concatenate(
            [
                np.einsum("abc,b,c->a", game.payoffs[0], y, z),
                np.einsum("abc,a,c->b", game.payoffs[1], x, z),
                np.einsum("abc,a,b->c", game.payoffs[2], x, y),
            ]
        )
        for block in game.blocks:
            regrets[block] += paid[block] - profile[block] @ paid[block]
            weights = np.maximum(regrets[block], 0)
            size = block.stop - block.start
            total = weights.sum()
            profile[block] = weights / total if total > 0 else np.full(size, 1 / size)


def test_alternating_players_see_the_moves_already_made():
    game = GAMES["square"]
    path = eq.simulate(game, dy.RegretMatchingPlus(alternating=True), steps=30)
    A, B = game.payoffs
    x, y, U, V = np.full(3, 1 / 3), np.full(3, 1 / 3), np.zeros(3), np.zeros(3)
    for t in range(30):
        np.testing.assert_allclose(path.iterates[t, 0], [*x, *y], atol=1e-12)
        u = A @ y
        U = np.maximum(U + u - x @ u, 0)
        x = U / U.sum() if U.sum() else np.full(3, 1 / 3)
        v = x @ B
        V = np.maximum(V + v - y @ v, 0)
        y = V / V.sum() if V.sum() else np.full(3, 1 / 3)


def test_projected_gradient_projects_as_a_quadratic_program():
    points = np.random.default_rng(0).standard_normal((4, 5)) * 2
    for point, found in zip(points, projected(points, [slice(0, 5)]), strict=True):
        x = cp.Variable(5, nonneg=True)
        cp.Problem(cp.Minimize(cp.sum_squares(x - point)), [cp.sum(x) == 1]).solve(
            solver=cp.CLARABEL
        )
        np.testing.assert_allclose(found, x.value, atol=1e-6)
    game = GAMES["oblong"]
    path = eq.simulate(game, dy.ProjectedGradient(rate=0.2, schedule="fixed"), steps=1)
    moved = game.uniform() + 0.2 * game.deviation_payoffs(game.uniform()) / np.repeat(
        game.spreads, game.actions
    )
    np.testing.assert_allclose(path.final, projected(moved[None], game.blocks))


def test_simplex_operations_on_edges():
    block = [slice(0, 3)]
    huge = softmax(np.array([[1e307, 1e307, -1e307]]), block)
    np.testing.assert_array_equal(huge, [[0.5, 0.5, 0.0]])
    np.testing.assert_allclose(matched(np.array([[-1.0, 0.0, -2.0]]), block), 1 / 3)
    tied = np.array([[1.0, 2.0, 2.0]])
    np.testing.assert_array_equal(best_actions(tied, block), [[0, 1, 0]])
    np.testing.assert_array_equal(best_actions(tied, block, "even"), [[0, 0.5, 0.5]])
    nearly = np.array([[0.3 - 1e-17, 0.1 + 0.2, 0.0]])
    np.testing.assert_array_equal(best_actions(nearly, block), [[1, 0, 0]])


def test_draws_follow_the_mix_and_never_take_what_has_no_weight():
    mix = np.array([0.0, 0.2, 0.5, 0.0, 0.3, 0.0])
    profile = np.tile(mix, (40_000, 1))
    pure = drawn(profile, [slice(0, 6)], np.random.default_rng(1))
    assert (pure.sum(axis=1) == 1).all()
    share = pure.mean(axis=0)
    assert (share[mix == 0] == 0).all()
    assert (np.abs(share - mix) <= 5 * np.sqrt(mix * (1 - mix) / 40_000)).all()


@pytest.mark.parametrize("learner", [dy.MultiplicativeWeights, dy.RegretMatching])
def test_sampled_feedback_is_right_on_average(learner):
    game, runs = GAMES["square"], 20_000
    start = np.array([0.2, 0.3, 0.5, 0.6, 0.1, 0.3])
    told = [
        each._told(game, np.tile(start, (runs, 1)), np.random.default_rng(0))
        for each in (learner(feedback="sampled"), learner())
    ]
    error = told[0].std(axis=0) / np.sqrt(runs)
    assert (np.abs(told[0].mean(axis=0) - told[1][0]) <= 5 * error + 1e-12).all()


@pytest.mark.parametrize("learner", [dy.Exp3(), dy.Exp3(exploration=0.2), dy.TsallisINF()])
def test_bandit_estimates_of_losses_are_right_on_average(learner):
    game, runs = GAMES["square"], 40_000
    profile = np.tile([0.2, 0.3, 0.5, 0.6, 0.1, 0.3], (runs, 1))
    state = learner.start(game, profile)
    _, after = learner.step(game, profile, state, np.random.default_rng(3))
    highest = np.repeat(game.payoff_range[1], game.actions)
    losses = (highest - game.deviation_payoffs(profile[0])) / game.coordinate_spreads
    error = after[1].std(axis=0) / np.sqrt(runs)
    assert (np.abs(after[1].mean(axis=0) - losses) <= 5 * error).all()
    assert after[1].min() >= 0


def test_exp3_ix_underestimates_by_its_implicit_exploration():
    game = NormalFormGame.bimatrix([[0.0, 0.0], [1.0, 1.0]], np.zeros((2, 2)))
    profile = np.array([[1.0, 0.0, 1.0, 0.0]])
    learner = dy.Exp3IX()
    _, after = learner.step(game, profile, learner.start(game, profile), np.random.default_rng(0))
    gamma = math.sqrt(math.log(2) / 2) / 2
    np.testing.assert_allclose(after[1][0, :2], [1 / (1 + gamma), 0.0])


def test_tsallis_weights_minimise_what_they_should():
    losses, eta = np.array([0.0, 1.5, 4.0]), 0.7
    x = cp.Variable(3)
    objective = cp.Minimize(losses @ x - 4 / eta * cp.sum(cp.sqrt(x)))
    cp.Problem(objective, [cp.sum(x) == 1]).solve(solver=cp.CLARABEL)
    found = tsallis_weights(eta * losses[None])[0]
    np.testing.assert_allclose(found, x.value, atol=1e-4)
    assert losses @ found - 4 / eta * np.sqrt(found).sum() <= objective.value + 1e-9
    far = tsallis_weights(np.array([[0.0, 1e9]]))
    np.testing.assert_allclose(far.sum(axis=1), 1.0)


def test_q_learning_moves_the_played_action_alone():
    game = GAMES["square"]
    profile = np.array([[0, 1.0, 0, 1.0, 0, 0]])
    learner = dy.QLearning(rate=0.25, initial=2.0, temperature=0.5)
    moved, after = learner.step(
        game, profile, learner.start(game, profile), np.random.default_rng(0)
    )
    values = np.full(6, 2.0)
    values[1] += 0.25 * (game.payoffs[0, 1, 0] - 2.0)
    values[3] += 0.25 * (game.payoffs[1, 1, 0] - 2.0)
    np.testing.assert_allclose(after[1][0], values)
    weights = np.exp(values[:3] / 0.5)
    np.testing.assert_allclose(moved[0, :3], weights / weights.sum())
    greedy = dy.QLearning(rate=0.25, exploration="epsilon", epsilon=0.3)
    moved, _ = greedy.step(game, profile, greedy.start(game, profile), np.random.default_rng(0))
    assert sorted(moved[0, :3].round(12)) == [0.1, 0.1, 0.8]


def test_boltzmann_q_learning_rests_at_the_logit_equilibrium():
    game = NormalFormGame.bimatrix([[4, -1], [-1, 1]])
    learner = dy.QLearning(rate=0.1, temperature=0.7, feedback="expected")
    final = eq.simulate(game, learner, steps=2000, record_every=2000).final[0]
    for block, paid in ((s, game.deviation_payoffs(final)[s]) for s in game.blocks):
        answer = np.exp(paid / 0.7)
        np.testing.assert_allclose(final[block], answer / answer.sum(), atol=1e-9)


# Published facts


def kullback_leibler(path):
    """From the equilibrium (1/2, 1/2) of matching pennies, over time."""
    return -0.5 * np.log(2 * path.iterates[:, 0]).sum(axis=1)


def test_multiplicative_weights_spiral_outward_in_pennies_while_their_averages_converge():
    start = [[0.6, 0.4], [0.5, 0.5]]
    learner = dy.MultiplicativeWeights(rate=0.2, schedule="fixed")
    path = eq.simulate(PENNIES, learner, start=start, steps=3000)
    far = kullback_leibler(path)
    assert (np.diff(far) >= -1e-12).all()  # Bailey and Piliouras 2018
    assert far[-1] > 10 * far[0]
    anytime = eq.simulate(
        PENNIES, dy.MultiplicativeWeights(), start=start, steps=20_000, record_every=1000
    )
    assert path.exploitability("last")[-1000:, 0].max() > 0.9
    assert anytime.exploitability()[-1, 0] < 0.01


def test_optimistic_multiplicative_weights_converge_in_their_last_iterate():
    learner = dy.OptimisticMultiplicativeWeights()
    path = eq.simulate(
        PENNIES, learner, start=[[0.9, 0.1], [0.3, 0.7]], steps=12_000, record_every=20
    )
    assert path.exploitability("last")[-1, 0] < 1e-6
    report = eq.validate(path.last_iterates(), np.full(4, 0.5))
    assert report.kind == "linear"  # Wei and others 2021
    eq.testing.assert_converges(path, np.full(4, 0.5), atol=1e-6, kind="linear")


def test_fictitious_play_converges_in_zero_sum_games_and_cycles_in_shapleys():
    payoffs = np.random.default_rng(8).random((20, 1, 3, 4))
    batch = GameBatch(np.concatenate([payoffs, -payoffs], axis=1))
    path = eq.simulate(batch, dy.FictitiousPlay(), steps=2500, record_every=500)
    far = path.exploitability()
    assert far[-1].max() < 0.04  # Robinson 1951
    turning = eq.simulate(SHAPLEY, dy.FictitiousPlay(), start=[0, 1], steps=3000)
    assert turning.exploitability()[1000:].min() > 0.1  # Shapley 1964
    assert len(np.unique(turning.iterates[20:, 0], axis=0)) == 6


def test_logit_play_reaches_the_logit_equilibrium_of_asymmetric_pennies():
    game = NormalFormGame.bimatrix([[9, 0], [0, 1]], [[0, 1], [1, 0]])
    smooth = dy.LogitResponse(precision=1.5, against="average")
    path = eq.simulate(game, smooth, steps=6000, record_every=6000)
    x, y = path.average_strategies[-1, 0, [0, 2]]
    # McKelvey and Palfrey 1995: x = logit(lambda (10 y - 1)), y = logit(lambda (1 - 2 x)).
    assert abs(x - 1 / (1 + math.exp(-1.5 * (10 * y - 1)))) < 2e-3
    assert abs(y - 1 / (1 + math.exp(-1.5 * (1 - 2 * x)))) < 2e-3


def random_games(zero_sum):
    payoffs = np.random.default_rng(5).random((64, 2, 4, 4))
    if zero_sum:
        payoffs[:, 1] = 1 - payoffs[:, 0]
    return GameBatch(payoffs)


@pytest.mark.parametrize("zero_sum", [False, True])
def test_multiplicative_weights_stay_under_the_bound_on_64_games_at_every_round(zero_sum):
    path = eq.simulate(random_games(zero_sum), dy.MultiplicativeWeights(), steps=1000)
    rounds = path.steps[1:, None]
    assert (path.relative_regrets().max(axis=2)[1:] < np.sqrt(np.log(4) / (2 * rounds))).all()
    assert (path.relative_regrets()[1:] <= path.regret_bound()[1:, None]).all()
    sharp = eq.simulate(
        random_games(zero_sum), dy.PredictiveRegretMatchingPlus(), steps=1000, record_every=1000
    )
    gaps = [each.coarse_correlated_gap()[-1].mean() for each in (path, sharp)]
    assert gaps[1] < gaps[0] / 5


class Adversary:
    """The column player sees the row player's mix and pays it as little as it can."""

    def start(self, game, profile):
        return ()

    def step(self, game, profile, state, rng):
        moved = profile.copy()
        rows, columns = game.blocks
        worst = (profile[:, rows] @ game.payoffs[0]).argmin(axis=1)
        moved[:, columns] = np.eye(game.actions[1])[worst]
        return moved, state


@pytest.mark.parametrize(
    "learner",
    [
        dy.MultiplicativeWeights(),
        dy.MultiplicativeWeights(rate=1.0),
        dy.MultiplicativeWeights(schedule="fixed", horizon=600),
        dy.MultiplicativeWeights(schedule="fixed", rate=0.3),
        dy.OptimisticMultiplicativeWeights(),
        dy.OptimisticMultiplicativeWeights(schedule="anytime"),
        dy.OptimisticMultiplicativeWeights(horizon=600),
        dy.RegretMatching(),
        dy.RegretMatchingPlus(),
        dy.PredictiveRegretMatchingPlus(),
        dy.ProjectedGradient(),
        dy.ProjectedGradient(rate=0.1, schedule="fixed"),
    ],
    ids=named,
)
def test_proven_bounds_hold_against_an_adversary(learner):
    shapes = [np.eye(5), 1 - np.eye(3), np.random.default_rng(0).random((4, 9))]
    for rows in shapes:
        game = NormalFormGame.bimatrix(10 * rows - 3)
        both = dy.PlayerByPlayer([learner, Adversary()])
        path = eq.simulate(game, both, steps=600)
        bound = learner.regret_bound(path.steps[1:], rows.shape[0])
        assert (path.relative_regrets()[1:, 0, 0] <= bound + 1e-12).all()


@pytest.mark.parametrize(
    "learner",
    [
        dy.MultiplicativeWeights(),
        dy.MultiplicativeWeights(schedule="fixed", horizon=400),
        dy.OptimisticMultiplicativeWeights(),
    ],
    ids=named,
)
def test_a_start_far_from_the_best_action_costs_its_relative_entropy(learner):
    rows = np.array([[1.0, 1.0, 1.0], [0.2, 0.1, 0.0], [0.0, 0.1, 0.2]])
    game = NormalFormGame.bimatrix(rows)
    both = dy.PlayerByPlayer([learner, Adversary()])
    start = [[1e-6, 0.5, 0.5 - 1e-6], [1, 0, 0]]
    path = eq.simulate(game, both, start=start, steps=400)
    assert eq.validate(path).holds_bound
    proven = path.regret_bound()
    np.testing.assert_allclose(proven[1:, 0], learner.regret_bound(path.steps[1:], 3, least=1e-6))
    assert (proven[1:, 1] == np.inf).all()  # of the adversary nothing is known
    # Even mixing's bound would not do: the best action is found too late.
    regret = path.relative_regrets()[1:, 0, 0]
    assert (regret > learner.regret_bound(path.steps[1:], 3)).any()
    sure = eq.simulate(game, learner, start=[1, 0], steps=5)
    assert sure.regret_bound()[-1, 0] == np.inf


@pytest.mark.parametrize("learner", [dy.Exp3(), dy.Exp3IX(), dy.TsallisINF()], ids=named)
def test_bandits_stay_under_their_bounds_on_losses_fixed_in_advance(learner):
    # One opponent action a round, fixed in advance: a cycle of three columns.
    columns = np.array([[0.0, 1.0, 0.4], [1.0, 0.0, 0.5], [0.2, 0.9, 0.6]])

    class Cycle:
        def start(self, game, profile):
            return (np.zeros(profile.shape[0], dtype=int),)

        def step(self, game, profile, state, rng):
            moved = profile.copy()
            moved[:, 3:] = np.eye(3)[(state[0] + 1) % 3]
            return moved, (state[0] + 1,)

    game = NormalFormGame.bimatrix(columns)
    path = eq.simulate(
        game,
        dy.PlayerByPlayer([learner, Cycle()]),
        start=[[1 / 3] * 3, [1, 0, 0]],
        steps=1500,
        replications=60,
        record_every=500,
        seed=4,
    )
    regret = path.relative_regrets()[1:, :, 0]
    bound = learner.regret_bound(path.steps[1:], 3)
    assert (regret.mean(axis=1) <= bound).all()
    assert regret[-1].mean() < regret[0].mean()


@pytest.mark.parametrize(
    "learner", [each for each in ALL if "sampled" not in repr(each)], ids=named
)
def test_renaming_actions_and_rescaling_payoffs_changes_nothing_else(learner):
    if isinstance(learner, (dy.QLearning, dy.PlayerByPlayer, dy.Delayed)):
        return
    if type(learner) in (dy.Exp3, dy.Exp3IX, dy.TsallisINF):
        return  # draws: renamed actions meet other random numbers
    game = GAMES["square"]
    start = np.array([0.5, 0.3, 0.2, 0.1, 0.3, 0.6])
    plain = eq.simulate(game, learner, start=start, steps=60)
    order = [2, 0, 1]
    renamed = NormalFormGame(game.payoffs[:, order][:, :, order])
    other = eq.simulate(renamed, learner, start=start[[2, 0, 1, 5, 3, 4]], steps=60)
    wanted = plain.iterates[:, :, [2, 0, 1, 5, 3, 4]]
    np.testing.assert_allclose(other.iterates, wanted, atol=1e-9)
    np.testing.assert_allclose(other.regret(), plain.regret(), atol=1e-9)
    if getattr(learner, "unit", 1.0) != "spread" and not hasattr(learner, "alternating"):
        return
    scaled = NormalFormGame([7 * game.payoffs[0] - 3, 0.2 * game.payoffs[1] + 11])
    other = eq.simulate(scaled, learner, start=start, steps=60)
    np.testing.assert_allclose(other.iterates, plain.iterates, atol=1e-8)
    np.testing.assert_allclose(other.relative_regrets(), plain.relative_regrets(), atol=1e-8)


@pytest.mark.parametrize(
    "learner",
    [
        dy.MultiplicativeWeights(),
        dy.RegretMatchingPlus(),
        dy.FictitiousPlay(),
        dy.LogitResponse(1.0, inertia=0.5),
        dy.ProjectedGradient(),
    ],
    ids=named,
)
def test_exchanging_players_exchanges_their_play(learner):
    game = GAMES["oblong"]
    turned = NormalFormGame([game.payoffs[1].T, game.payoffs[0].T])
    start = np.array([0.4, 0.3, 0.2, 0.1, 0.7, 0.3])
    one = eq.simulate(game, learner, start=start, steps=80)
    two = eq.simulate(turned, learner, start=start[[4, 5, 0, 1, 2, 3]], steps=80)
    np.testing.assert_allclose(two.iterates[..., [2, 3, 4, 5, 0, 1]], one.iterates, atol=1e-9)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: dy.MultiplicativeWeights(rate=-1), "rate must be positive, not -1"),
        (lambda: dy.MultiplicativeWeights(schedule="slow"), "schedule must be one of"),
        (lambda: dy.MultiplicativeWeights(schedule="fixed"), "needs either rate= or horizon="),
        (lambda: dy.MultiplicativeWeights(horizon=9), "horizon= belongs to schedule='fixed'"),
        (
            lambda: dy.MultiplicativeWeights(schedule="fixed", horizon=0),
            "horizon must be at least 1",
        ),
        (lambda: dy.MultiplicativeWeights(feedback="bandit"), "feedback must be one of"),
        (lambda: dy.MultiplicativeWeights(unit="mile"), "unit must be 'spread' or a positive"),
        (lambda: dy.MultiplicativeWeights(unit=0.0), "unit must be positive, not 0.0"),
        (lambda: dy.RegretMatching(average="cubic"), "average must be one of"),
        (lambda: dy.FictitiousPlay(ties="last"), "ties must be one of"),
        (lambda: dy.LogitResponse(precision=-1), "precision must be 0 or more"),
        (lambda: dy.LogitResponse(1, inertia=1), r"inertia must lie in \[0, 1\)"),
        (lambda: dy.LogitResponse(1, against="past"), "against must be one of"),
        (lambda: dy.ProjectedGradient(schedule="fixed"), "a fixed schedule needs rate="),
        (lambda: dy.ProjectedGradient(schedule="x"), "schedule must be one of"),
        (lambda: dy.ProjectedGradient(rate=0), "rate must be positive"),
        (lambda: dy.QLearning(exploration="none"), "exploration must be one of"),
        (lambda: dy.QLearning(epsilon=2.0), "epsilon must be positive and at most 1"),
        (lambda: dy.Exp3(rate=0), "rate must be positive"),
        (lambda: dy.Exp3(exploration=1.0), r"exploration must lie in \[0, 1\)"),
        (lambda: dy.TsallisINF(rate=np.nan), "rate must be positive"),
        (lambda: dy.Exp3IX(rate=2.0).regret_bound(10, 2), "proven for rate=1"),
        (lambda: dy.TsallisINF(rate=1.0).regret_bound(10, 2), "proven for rate=2"),
        (lambda: dy.PlayerByPlayer([dy.Exp3(), 3]), r"player 1 lacks start\(\) or step\(\)"),
    ],
)
def test_wrong_options(make, sentence):
    with pytest.raises(eq.EqsolveError, match=sentence):
        make()


def test_learners_of_finite_games_need_one():
    game = eq.models.load("duopoly")
    with pytest.raises(eq.EqsolveError, match="RegretMatching learns in finite games"):
        eq.simulate(game, dy.RegretMatching(), steps=1)
    with pytest.raises(eq.EqsolveError, match="1 learners are given for 2 players"):
        eq.simulate(PENNIES, dy.PlayerByPlayer([dy.Exp3()]), steps=1)
