"""Followers against plain loops, published figures, proofs, and exact best responses."""

import itertools
import math

import numpy as np
import pytest

import eqsolve as eq
from eqsolve import commitment as co
from eqsolve.commitment.responses.protocol import Behaviour, Response
from eqsolve.errors import BadCommitment, ResponseNotFinished

MAINTAIN = eq.NormalFormGame.bimatrix(
    [[20, 0, 0], [30, 10, 0], [0, 0, 5]], [[15, 0, 0], [0, 5, 0], [0, 0, 10]]
)
CONITZER = eq.NormalFormGame.bimatrix([[1, 3], [0, 2]], [[1, 0], [0, 1]])
THREE = eq.NormalFormGame(np.random.default_rng(0).random((3, 2, 3, 4)))
LAW = np.random.default_rng(1).dirichlet(np.ones(8)).reshape(1, 2, 2, 2)
CORRELATED = eq.BayesianGame(
    LAW.reshape(2, 2, 2), np.random.default_rng(2).random((3, 2, 2, 2, 2, 3, 2))
)
PER_TYPE = [
    co.MultiplicativeWeights(epsilon=0.4),
    co.MultiplicativeWeights(epsilon=0.4, unit=2.0, final="argmax"),
    co.MultiplicativeWeights(epsilon=0.4, final="average_joint"),
    co.OptimisticMultiplicativeWeights(epsilon=0.4),
    co.OptimisticMultiplicativeWeights(final="average_joint"),
    co.RegretMatchingPlus(),
    co.RegretMatchingPlus(final="argmax"),
    co.RegretMatchingPlus(final="average_joint"),
]


def expected(response):
    return type(response)(**{**vars(response), "feedback": "expected"})


# A slow and obvious reimplementation: one episode row at a time, one number at a time.


class SlowFollower:
    """One type of one follower."""

    def __init__(self, response, actions):
        self.response, self.n = response, actions
        self.kind = type(response).__name__
        self.weights = [1.0] * actions  # of multiplicative weights, as published
        self.hint = [1.0] * actions
        self.regrets = [0.0] * actions

    def mix(self):
        if self.kind == "RegretMatchingPlus":
            total = sum(self.regrets)
            return [r / total if total > 0 else 1 / self.n for r in self.regrets]
        held = [w * h for w, h in zip(self.weights, self.hint, strict=True)]
        return [h / sum(held) for h in held]

    def learn(self, paid):
        if self.kind == "RegretMatchingPlus":
            own = sum(p * x for p, x in zip(paid, self.mix(), strict=True))
            self.regrets = [max(0.0, r + p - own) for r, p in zip(self.regrets, paid, strict=True)]
            return
        factors = [(1 + self.response.epsilon) ** (p / self.response.unit) for p in paid]
        self.weights = [w * f for w, f in zip(self.weights, factors, strict=True)]
        if self.kind == "OptimisticMultiplicativeWeights":
            self.hint = factors

    def argmax(self):
        scores = self.regrets if self.kind == "RegretMatchingPlus" else self.weights
        best = [s >= max(scores) * (1 - 1e-12) for s in scores]
        return [b / sum(best) for b in best]


def drawn(mix, mark):
    reached = 0.0
    for action, share in enumerate(mix[:-1]):
        reached += share
        if mark < reached:
            return action
    return len(mix) - 1


def slow_episodes(game, response, tables, plays, seed):
    """Joint behaviour after the response phase, for every table, from the rules alone."""
    batch, F = len(tables), game.followers
    rng = np.random.default_rng(seed)
    subgames = [co.Subgame(game, table) for table in tables]
    followers = [
        [
            [SlowFollower(response, a) for _ in range(t)]
            for t, a in zip(game.types, game.actions, strict=True)
        ]
        for _ in range(batch)
    ]
    joint = np.zeros((batch, *game.types, *game.actions))
    for _ in range(plays):
        deals = [0] * batch
        if game.prior.size > 1:
            marks = rng.random(batch)
            deals = [drawn(list(game.prior), m) for m in marks]
        if F > 1 and response.feedback == "sampled":
            marks = rng.random((F, batch))
        for b in range(batch):
            types = game.deal_types[deals[b]]
            mixes = [[cell.mix() for cell in own] for own in followers[b]]
            for theta in np.ndindex(*game.types):
                for acts in np.ndindex(*game.actions):
                    chance = math.prod(mixes[k][theta[k]][acts[k]] for k in range(F))
                    joint[(b, *theta, *acts)] += chance / plays
            if response.feedback == "sampled":
                acts = [0] * F
                if F > 1:
                    acts = [drawn(mixes[k][types[k]], marks[k][b]) for k in range(F)]
                for k in range(F):
                    paid = []
                    for a in range(game.actions[k]):
                        other = np.array(acts)
                        other[k] = a
                        pays = subgames[b].outcome(np.array([deals[b]]), other[None])
                        paid.append(float(pays[0, 1 + k]))
                    followers[b][k][types[k]].learn(paid)
                continue
            told = []
            for k in range(F):
                for kind in range(game.types[k]):
                    paid = [0.0] * game.actions[k]
                    mass = 0.0
                    for theta in np.ndindex(*game.types):
                        if theta[k] != kind:
                            continue
                        law = subgames[b].prior[theta]
                        mass += law
                        for acts in np.ndindex(*game.actions):
                            chance = math.prod(
                                mixes[j][theta[j]][acts[j]] for j in range(F) if j != k
                            )
                            value = subgames[b].payoffs[(0, 1 + k, *theta, *acts)]
                            paid[acts[k]] += law * chance * value
                    told.append((k, kind, [p / mass for p in paid]))
            for k, kind, paid in told:
                followers[b][k][kind].learn(paid)
    if response.final == "average_joint":
        return joint
    out = np.zeros_like(joint)
    for b, theta, acts in itertools.product(
        range(batch), np.ndindex(*game.types), np.ndindex(*game.actions)
    ):
        rows = [followers[b][k][theta[k]] for k in range(F)]
        mixes = [r.argmax() if response.final == "argmax" else r.mix() for r in rows]
        out[(b, *theta, *acts)] = math.prod(mixes[k][acts[k]] for k in range(F))
    return out


GAMES = {
    "one follower": (co.from_normal_form(MAINTAIN), [[0], [1], [2]]),
    "two followers": (co.from_normal_form(THREE, leader=1), [[0], [2]]),
    "correlated types": (co.from_bayesian(CORRELATED, leader=2), [[0, 1], [1, 1]]),
    "messages": (eq.models.simple_allocation(3, 2), [[0, 1], [2, 2]]),
}


@pytest.mark.parametrize("game", GAMES)
@pytest.mark.parametrize("response", PER_TYPE, ids=repr)
@pytest.mark.parametrize("feedback", ["sampled", "expected"])
def test_learners_do_as_a_plain_loop_does(game, response, feedback):
    game, tables = GAMES[game]
    response = expected(response) if feedback == "expected" else response
    plays = 12
    lead = eq.StackelbergPOMDP(game, response=response, response_plays=plays)
    found = lead.play(np.array(tables), seed=5, exact=True)
    known = slow_episodes(game, response, np.array(tables), plays, seed=5)
    # Payoffs of Maintain are up to 30: weights grow to (1.4)^360 in the loop.
    np.testing.assert_allclose(found.behaviour.distribution(), known, atol=1e-9)
    values = co.Subgame(game, np.array(tables)).leader_value(Behaviour(joint=known))
    np.testing.assert_allclose(found.rewards, values, atol=1e-9)


@pytest.mark.parametrize(
    ("final", "plays", "value"),
    [("argmax", 33, 27.5), ("last", 33, 14.2), ("last", 3300, 27.2), ("average_joint", 330, 21.2)],
)
def test_how_followers_are_read_changes_the_published_optimum(final, plays, value):
    """Maintain in mixes, payoffs in units of the largest (30), epsilon 0.1; grid of 1/400."""
    response = co.MultiplicativeWeights(epsilon=0.1, unit=30, final=final)
    lead = eq.StackelbergPOMDP(MAINTAIN, response=response, response_plays=plays, mixed=True)
    first = np.concatenate([np.linspace(0, 1, 401), [0.25 + 1e-6]])
    mixes = np.stack([first, 1 - first, np.zeros_like(first)], axis=1)[:, None]
    assert lead.play(mixes, exact=True).rewards.max() == pytest.approx(value, abs=0.05)


def test_ties_of_the_heaviest_actions_are_split_evenly():
    lead = eq.StackelbergPOMDP(
        MAINTAIN, response=co.MultiplicativeWeights(final="argmax"), response_plays=33
    )
    found = lead.play([[0.25, 0.75, 0.0]], exact=True)
    np.testing.assert_array_equal(found.behaviour.strategies[0], [[[0.5, 0.5, 0.0]]])
    assert found.rewards[0] == pytest.approx((27.5 + 7.5) / 2)


def test_scores_that_differ_by_rounding_alone_are_tied():
    """Payoffs 0.1 + 0.2 and 0.3, summed over many plays."""
    game = eq.NormalFormGame.bimatrix([[1.0, 0.0]], [[0.1 + 0.2, 0.3]])
    lead = eq.StackelbergPOMDP(
        game, response=co.MultiplicativeWeights(final="argmax"), response_plays=500
    )
    assert lead.play(np.array([0]), exact=True).rewards[0] == 0.5


@pytest.mark.parametrize(
    "response",
    [
        co.MultiplicativeWeights(epsilon=0.05, final="average_joint"),
        co.OptimisticMultiplicativeWeights(epsilon=0.05, final="average_joint"),
        co.RegretMatchingPlus(final="average_joint"),
    ],
    ids=repr,
)
@pytest.mark.parametrize("feedback", ["sampled", "expected"])
def test_average_joint_play_comes_near_the_coarse_correlated_set_on_correlated_types(
    response, feedback
):
    response = expected(response) if feedback == "expected" else response
    game = co.from_bayesian(CORRELATED, leader=2)
    path = co.coarse_correlated_path(
        game, np.array([0, 1]), response, plays=[50, 500, 2000], replications=8, seed=3
    )
    assert path.holds
    assert path.gaps[-1].max() < 0.05
    assert path.gaps[-1].max() < path.gaps[0].max() / 2
    assert (np.diff(path.bounds) < 0).all()
    text = str(path)
    assert "Bayesian coarse correlated gap" in text
    assert len(path.table().rows) == 3
    assert path._repr_html_().startswith("<table>")


def test_gaps_are_drawn(tmp_path):
    import matplotlib

    matplotlib.use("Agg")
    learner = co.MultiplicativeWeights(final="average_joint")
    path = co.coarse_correlated_path(co.from_normal_form(CONITZER), [0], learner, plays=[5, 10])
    axes = path.plot()
    assert [line.get_label() for line in axes.lines][-2:] == ["mean gap", "proven bound"]
    matplotlib.pyplot.close(axes.figure)


def test_the_bound_is_the_regret_bound_where_nothing_is_drawn():
    """ln n / (eta T) + eta S^2 / 8, at the follower's spread under the leader's action."""
    subgame = co.Subgame(co.from_normal_form(MAINTAIN), np.array([[0], [2]]))
    learner = co.MultiplicativeWeights(epsilon=0.2, unit=3.0, feedback="expected")
    eta = math.log(1.2) / 3
    known = [math.log(3) / (eta * 70) + eta * spread**2 / 8 for spread in (15, 10)]
    np.testing.assert_allclose(learner.gap_bound(subgame, 70), known)
    sampled = co.MultiplicativeWeights(epsilon=0.2, unit=3.0)
    assert (sampled.gap_bound(subgame, 70) > known).all()
    assert (sampled.gap_bound(subgame, 70, 0.99) > sampled.gap_bound(subgame, 70, 0.9)).all()
    one = co.from_normal_form(eq.NormalFormGame.bimatrix([[1], [0]], [[1], [0]]))
    assert learner.gap_bound(co.Subgame(one, np.array([0])), 10)[0] == 0.0


# Best responses


def test_best_responses_by_ties_on_games_of_known_value():
    cells = {
        "escape": ([[15, 10, 0], [10, 10, 0], [0, 0, 30]], [[15, 10, 0], [10, 10, 0], [0, 0, 30]]),
        "unnamed": ([[3, 1], [2, 0]], [[2, 3], [0, 1]]),
        "dilemma": ([[3, 1], [4, 2]], [[3, 4], [1, 2]]),
        "sexes": ([[2, 0], [0, 1]], [[1, 0], [0, 2]]),
    }
    known = {"escape": 30, "unnamed": 1, "dilemma": 2, "sexes": 2}
    for name, (first, second) in cells.items():
        game = eq.NormalFormGame.bimatrix(first, second)
        lead = eq.StackelbergPOMDP(game, response=co.BestResponse())
        every = np.arange(game.actions[0])[:, None]
        assert lead.play(every, exact=True).rewards.max() == known[name], name


@pytest.mark.parametrize(
    ("ties", "maintain", "conitzer"),
    [("optimistic", 27.5, 2.5), ("pessimistic", 7.5, 0.5), ("uniform", 17.5, 1.5)],
)
def test_ties_at_the_best_mixes(ties, maintain, conitzer):
    for game, mix, value in (
        (MAINTAIN, [[0.25, 0.75, 0.0]], maintain),
        (CONITZER, [[0.5, 0.5]], conitzer),
    ):
        lead = eq.StackelbergPOMDP(game, response=co.BestResponse(ties), mixed=True)
        assert lead.play(mix, exact=True).rewards[0] == pytest.approx(value)


def test_actions_that_tie_for_both_are_mixed_evenly():
    game = eq.NormalFormGame.bimatrix([[1, 1, 0]], [[2, 2, 2]])
    lead = eq.StackelbergPOMDP(game, response=co.BestResponse())
    found = lead.play(np.array([0]), exact=True).behaviour.strategies[0]
    np.testing.assert_array_equal(found, [[[0.5, 0.5, 0.0]]])


def test_several_followers_come_to_rest_at_a_bayesian_equilibrium():
    """No type of any follower gains, by brute force over its actions."""
    rng = np.random.default_rng(4)
    game = co.from_bayesian(CORRELATED, leader=2)
    lead = eq.StackelbergPOMDP(game, response=co.BestResponse("uniform", unfinished="say"))
    tables = rng.integers(2, size=(4, 2))
    found = lead.play(tables, exact=True)
    assert found.finished.any()
    subgame = co.Subgame(game, tables)
    told = subgame.deviation_payoffs(found.behaviour.strategies)
    for k, own in enumerate(found.behaviour.strategies):
        gains = told[k].max(axis=2) - (told[k] * own).sum(axis=2)
        assert np.abs(gains[found.finished]).max() < 1e-9


def test_followers_who_chase_each_other_are_an_error_or_are_told():
    """Matching pennies between the followers has no equilibrium in pure strategies."""
    pennies = np.array([[1.0, -1.0], [-1.0, 1.0]])
    # The first action is best at the start, where the other mixes evenly.
    tilt = np.array([[0.1, 0.1], [0.0, 0.0]])
    game = eq.NormalFormGame(
        np.stack([np.zeros((1, 2, 2)), (pennies + tilt)[None], -pennies[None]])
    )
    lead = eq.StackelbergPOMDP(game, response=co.BestResponse(rounds=20))
    with pytest.raises(
        ResponseNotFinished, match=r"BestResponse\(.*has not finished after 20 plays in 1 of 1"
    ):
        lead.play(np.array([0]))
    lead.reset(seed=0)
    for _ in range(19):
        lead.step(0)
    with pytest.raises(ResponseNotFinished, match="has not finished after 20 plays"):
        lead.step(0)
    told = eq.StackelbergPOMDP(game, response=co.BestResponse(rounds=20, unfinished="say"))
    assert not told.play(np.array([0])).finished[0]


# Q-learning


def slow_q(game, response, table, plays, seed):
    """Values of one episode, from the rules; one type each, memory of the last profile."""
    rng = np.random.default_rng(seed)
    F = game.followers
    values = [
        {(last, a): 0.0 for last in np.ndindex(*game.actions) for a in range(n)}
        for n in game.actions
    ]
    last = (0,) * F
    for k in range(1, plays + 1):
        chance = response.epsilon(k) if callable(response.epsilon) else response.epsilon
        marks, acts = rng.random((F, 1)), []
        for i, n in enumerate(game.actions):
            own = [values[i][last, a] for a in range(n)]
            best = [v >= max(own) - 1e-9 * max(1, abs(max(own))) for v in own]
            mix = [(1 - chance) * b / sum(best) + chance / n for b in best]
            acts.append(drawn(mix, marks[i, 0]))
        acts = tuple(acts)
        paid = co.Subgame(game, table).outcome(np.zeros(1, dtype=int), np.array([acts]))[0]
        after = acts if response.memory else last
        for i, n in enumerate(game.actions):
            ahead = max(values[i][after, b] for b in range(n)) if response.memory else 0.0
            target = paid[1 + i] + response.discount * ahead
            values[i][last, acts[i]] += response.rate * (target - values[i][last, acts[i]])
        last = after
    return values, last


@pytest.mark.parametrize("memory", [0, 1])
def test_q_learning_is_watkins_rule(memory):
    game = co.from_normal_form(THREE, leader=1)
    response = co.QLearning(
        rate=0.3, discount=0.6 * memory, epsilon=lambda k: 1 / math.sqrt(k), memory=memory
    )
    lead = eq.StackelbergPOMDP(game, response=response, response_plays=200)
    found = lead.play(np.array([2]), seed=8)
    values, _ = slow_q(game, response, np.array([2]), 200, seed=8)
    for k, own in enumerate(found.state[2:]):
        for place, last in enumerate(np.ndindex(*game.actions)):
            if place < own.shape[2]:
                known = [values[k][last, a] for a in range(game.actions[k])]
                np.testing.assert_allclose(own[0, 0, place], known, atol=1e-12)


def test_q_learners_with_memory_go_on_remembering_in_the_reward_phase():
    """Each answers the other's last action with the other one: they alternate for ever."""
    game = co.from_normal_form(eq.NormalFormGame(np.arange(12.0).reshape(3, 1, 2, 2)))
    response = co.QLearning(memory=1, epsilon=0.0)
    values = np.zeros((1, 1, 4, 2))
    for place, (first, second) in enumerate(np.ndindex(2, 2)):
        values[0, 0, place, 1 - first] = 1.0
        del second
    state = (np.zeros(1, dtype=int), np.zeros(1, dtype=int), values, values.copy())
    seen = []
    for _ in range(4):
        mixes = response.final_behaviour(game, state).strategies
        acts = np.array([[int(np.argmax(own[0, 0])) for own in mixes]])
        seen.append(acts[0].tolist())
        outcome = co.Outcome(np.zeros(1, int), np.zeros((1, 2), int), acts)
        state = response.carry(game, state, outcome)
    assert seen == [[1, 1], [0, 0], [1, 1], [0, 0]]
    lead = eq.StackelbergPOMDP(game, response=response, response_plays=5)
    with pytest.raises(BadCommitment, match="has no exact value"):
        lead.play(np.array([0]), exact=True)


def test_q_learning_finds_the_best_response_by_type():
    game = eq.models.simple_allocation(types=3, messages=3)
    lead = eq.StackelbergPOMDP(
        game, response=co.QLearning(rate=0.2, epsilon=0.5), response_plays=600
    )
    assert lead.play(np.array([2, 0, 1]), seed=0, batch=20, exact=True).rewards.min() == 1.0


def test_q_learning_within_a_play_learns_to_cooperate_with_tit_for_tat():
    game = eq.models.repeated_game(rounds=8)
    response = co.QLearning(rate=0.1, discount=0.9, epsilon=0.3)
    lead = eq.StackelbergPOMDP(game, response=response, response_plays=400, reward_plays=2)
    rewards = lead.play(np.array([0, 0, 1, 0, 1]), seed=1, batch=30).rewards
    assert rewards.mean() > 2.7
    exploited = lead.play(np.array([0, 0, 0, 0, 0]), seed=1, batch=30).rewards
    assert exploited.mean() < 1.6


def test_values_within_a_play_by_hand():
    """One play of two rounds, learned backwards from the last step."""
    game = eq.models.repeated_game(rounds=2)
    response = co.QLearning(rate=0.5, discount=0.9, epsilon=0.0, final="exploring")
    state = response.start(game, 1)
    path = co.Path(np.array([[[0]], [[2]]]), np.array([[[1]], [[0]]]), np.array([[[2.0]], [[1.0]]]))
    deal, blank = np.zeros(1, dtype=int), np.full((1, 1), -1)
    state = response.update(
        game, state, co.Outcome(deal, blank, blank, np.zeros((1, 2)), path=path)
    )
    values = state[2][0, :, 0]
    assert values[2, 0] == 0.5  # 0.5 * 1
    assert values[0, 1] == 0.5 * (2 + 0.9 * 0.5)
    assert np.count_nonzero(values) == 2


def test_boltzmann_exploration_is_a_softmax_of_values():
    game = co.from_normal_form(CONITZER)
    response = co.QLearning(
        exploration="boltzmann", temperature=lambda k: 2.0 / k, final="exploring"
    )
    values = np.array([[[[0.3, 0.7]]], [[[0.0, 0.0]]]])
    state = (np.array([0, 3]), np.zeros(2, dtype=int), values)
    mixes = response.final_behaviour(game, state).strategies[0]
    np.testing.assert_allclose(mixes[0, 0], np.exp([0.15, 0.35]) / np.exp([0.15, 0.35]).sum())
    np.testing.assert_allclose(mixes[1, 0], 0.5)


def test_initial_values_may_be_optimistic_and_differ_by_follower():
    game = co.from_normal_form(THREE, leader=1)
    state = co.QLearning(initial=(5.0, 1.0)).start(game, 2)
    assert (state[2] == 5).all()
    assert (state[3] == 1).all()


# Certified


def test_certified_followers_play_until_the_gap_is_below_the_bound():
    game = co.from_bayesian(CORRELATED, leader=2)
    tables = np.array([[0, 0], [0, 1], [1, 1]])
    response = co.Certified(co.MultiplicativeWeights(epsilon=0.2), gap=0.05, every=7)
    lead = eq.StackelbergPOMDP(game, response=response)
    found = lead.play(tables, seed=2, exact=True)
    assert found.finished.all()
    assert (found.plays % 7 == 0).all()
    gaps = co.Subgame(game, tables).coarse_correlated_gap(found.behaviour)
    assert (gaps <= 0.05).all()
    np.testing.assert_allclose(found.shortfall, gaps - 0.05)
    # The same play without a certificate, up to the number of plays found.
    plain = co.MultiplicativeWeights(epsilon=0.2, final="average_joint")
    row = int(np.argmax(found.plays))
    again = eq.StackelbergPOMDP(game, response=plain, response_plays=int(found.plays[row]))
    np.testing.assert_allclose(
        again.play(tables, seed=2, exact=True).behaviour.joint[row], found.behaviour.joint[row]
    )


def test_certified_says_when_the_bound_is_not_met():
    game = co.from_normal_form(THREE, leader=1)
    inner = co.RegretMatchingPlus()
    lead = eq.StackelbergPOMDP(game, response=co.Certified(inner, gap=1e-9, most_plays=30))
    found = lead.play(np.array([1]), seed=0)
    assert not found.finished[0]
    assert found.shortfall[0] > 0
    assert found.plays[0] == 30
    stern = co.Certified(inner, gap=1e-9, most_plays=30, unfinished="raise")
    lead = eq.StackelbergPOMDP(game, response=stern)
    with pytest.raises(ResponseNotFinished, match=r"Certified\(inner=.*30 plays.*what is left is"):
        lead.play(np.array([1]), seed=0)


def test_certified_by_exact_payoffs_needs_no_draws():
    inner = co.MultiplicativeWeights(feedback="expected")
    lead = eq.StackelbergPOMDP(CONITZER, response=co.Certified(inner, gap=0.1, every=1))
    found = lead.play(np.array([1]), exact=True)
    # Average share of the worse action, 1 / (1 + 1.1^t), falls below 0.1 for the first time.
    shares = np.cumsum([1 / (1 + 1.1**t) for t in range(200)]) / np.arange(1, 201)
    assert found.plays[0] == 1 + int(np.argmax(shares <= 0.1))


# Responses of one's own


class Stubborn(Response):
    """Always the last action; through after so many plays, or never."""

    queries, demands_end = "outcome", True

    def __init__(self, patience):
        self.patience = patience

    def __repr__(self):
        return "Stubborn()"

    def start(self, game, batch):
        return (np.zeros(batch),)

    def behaviour(self, game, state):
        mixes = [
            np.zeros((state[0].size, t, a)) for t, a in zip(game.types, game.actions, strict=True)
        ]
        for own in mixes:
            own[:, :, -1] = 1.0
        return Behaviour(tuple(mixes))

    def update(self, game, state, outcome):
        assert outcome.payoffs.shape == (state[0].size, 1 + game.followers)
        return (state[0] + 1,)

    def finished(self, game, state):
        return state[0] >= self.patience


def test_a_response_of_ones_own_needs_three_methods():
    lead = eq.StackelbergPOMDP(MAINTAIN, response=Stubborn(2), response_plays=5)
    found = lead.play(np.array([[2], [0]]))
    assert found.rewards.tolist() == [5.0, 0.0]
    assert found.plays.tolist() == [2, 2]


def test_responses_that_never_finish_say_so_in_every_form():
    endless = eq.StackelbergPOMDP(MAINTAIN, response=Stubborn(np.inf), response_plays=3)
    sentence = r"Stubborn\(\) has not finished after 3 plays in 1 of 1 episodes. Give it more plays"
    with pytest.raises(ResponseNotFinished, match=sentence):
        endless.play(np.array([0]))
    endless.reset(seed=0)
    endless.step(0)
    endless.step(0)
    with pytest.raises(ResponseNotFinished, match=sentence):
        endless.step(0)
    with pytest.raises(
        BadCommitment, match=r"Stubborn\(\) never finishes by itself; give response_"
    ):
        eq.StackelbergPOMDP(MAINTAIN, response=Stubborn(np.inf))


# Behaviour


def test_actions_are_drawn_as_behaviour_says():
    rng = np.random.default_rng(0)
    joint = rng.dirichlet(np.ones(6), size=(1, 2, 1)).reshape(1, 2, 1, 2, 3)
    many = Behaviour(joint=np.repeat(joint, 60_000, axis=0))
    types = np.tile([1, 0], (60_000, 1))
    acts = many.draw(types, rng)
    shares = np.zeros((2, 3))
    np.add.at(shares, tuple(acts.T), 1 / 60_000)
    np.testing.assert_allclose(shares, joint[0, 1, 0], atol=0.01)
    mixes = (np.array([[[0.2, 0.8], [1.0, 0.0]]]), np.array([[[0.0, 0.3, 0.7]]]))
    own = Behaviour(tuple(np.repeat(m, 60_000, axis=0) for m in mixes))
    acts = own.draw(np.zeros((60_000, 2), dtype=int), rng)
    np.testing.assert_allclose(np.bincount(acts[:, 1]) / 60_000, [0, 0.3, 0.7], atol=0.01)
    assert (acts[:, 0] == 1).mean() == pytest.approx(0.8, abs=0.01)
    assert abs(np.corrcoef(acts.T)[0, 1]) < 0.02
    assert (own.draw(np.tile([1, 0], (60_000, 1)), rng)[:, 0] == 0).all()


def test_behaviour_in_its_forms():
    mixes = (np.array([[[0.2, 0.8], [1.0, 0.0]]]), np.array([[[0.0, 0.3, 0.7]]]))
    own = Behaviour(mixes)
    joint = own.distribution()
    assert joint.shape == (1, 2, 1, 2, 3)
    assert joint[0, 0, 0, 1, 2] == pytest.approx(0.8 * 0.7)
    assert own.padded.shape == (1, 2, 2, 3)
    np.testing.assert_array_equal(own.padded[0, 1, 1], 0.0)
    with pytest.raises(BadCommitment, match="no mix for each follower"):
        _ = Behaviour(joint=joint).padded


# Errors


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: co.MultiplicativeWeights(epsilon=0), "epsilon must be positive, not 0"),
        (lambda: co.MultiplicativeWeights(unit=-1.0), "unit must be positive, not -1.0"),
        (lambda: co.MultiplicativeWeights(final="mean"), "final must be one of .*not 'mean'"),
        (lambda: co.RegretMatchingPlus(feedback="bandit"), "feedback must be one of"),
        (lambda: co.BestResponse("kind"), "ties must be one of"),
        (lambda: co.BestResponse(rounds=0), "rounds must be 1 or more"),
        (lambda: co.BestResponse(unfinished="hide"), "unfinished must be one of"),
        (lambda: co.QLearning(rate=0.0), "rate must be positive and at most 1"),
        (lambda: co.QLearning(discount=1.5), "discount must be 0 or more and at most 1"),
        (lambda: co.QLearning(epsilon=-0.1), "epsilon must be 0 or more"),
        (lambda: co.QLearning(memory=2), "memory must be 0 or 1"),
        (lambda: co.QLearning(memory=1, discount=1.0), "discount must be less than 1"),
        (lambda: co.QLearning(final="last"), "final must be one of"),
        (lambda: co.QLearning(exploration="none"), "exploration must be one of"),
        (lambda: co.Certified(co.QLearning()), "inner must be a learner with a mix"),
        (lambda: co.Certified(co.RegretMatchingPlus(), gap=0), "gap must be positive"),
        (lambda: co.Certified(co.RegretMatchingPlus(), every=0), "every must be 1 or more"),
        (lambda: co.Certified(co.RegretMatchingPlus(), most_plays=0), "most_plays must be 1"),
        (lambda: co.Certified(co.RegretMatchingPlus(), unfinished="x"), "unfinished must be"),
    ],
)
def test_errors_of_options(make, sentence):
    with pytest.raises(BadCommitment, match=sentence):
        make()


def test_responses_refuse_games_they_cannot_be_played_in():
    repeated = eq.models.repeated_game()
    with pytest.raises(BadCommitment, match=r"use QLearning, or in_plans\(game\)"):
        co.MultiplicativeWeights().check(repeated)
    with pytest.raises(BadCommitment, match="memory=1 is for plays in which they act once"):
        co.QLearning(memory=1).check(repeated)
    with pytest.raises(BadCommitment, match="initial has 3 values for 1 followers"):
        co.QLearning(initial=(1.0, 2.0, 3.0)).check(repeated)
    large = co.from_normal_form(eq.NormalFormGame(np.zeros((7, 1, 8, 8, 8, 8, 8, 8))))
    with pytest.raises(BadCommitment, match=r"joint play .* has 2.62e\+05 entries"):
        co.RegretMatchingPlus(final="average_joint").check(large)
    with pytest.raises(BadCommitment, match="average joint play is kept with final="):
        co.RegretMatchingPlus().average_joint(large, ())

    class Odd(co.MultiplicativeWeights):
        queries = "everything"

    with pytest.raises(BadCommitment, match="queries must be one of"):
        Response.check(Odd(), large)
    learner = co.MultiplicativeWeights()
    with pytest.raises(BadCommitment, match="give a learner with final='average_joint'"):
        co.coarse_correlated_path(repeated, [0], learner, plays=[1])
    learner = co.MultiplicativeWeights(final="average_joint")
    with pytest.raises(BadCommitment, match="plays must be positive and increase"):
        co.coarse_correlated_path(co.from_normal_form(CONITZER), [0], learner, plays=[5, 5])
