"""Games with a leader against hand-written plays, brute force over profiles, and each other."""

import itertools

import numpy as np
import pytest
from gymnasium.spaces import Box, Discrete, MultiBinary, MultiDiscrete

import eqsolve as eq
from eqsolve import commitment as co
from eqsolve.commitment.batch_game import check_game, checked_prior
from eqsolve.commitment.play_graph import compile_game
from eqsolve.commitment.stepping import fixed_actions, step_through
from eqsolve.dynamics import RepeatedGameEnv
from eqsolve.errors import BadCommitment, NotAGame

RNG = np.random.default_rng(0)
THREE = eq.NormalFormGame(RNG.random((3, 2, 3, 4)))
CORRELATED = RNG.dirichlet(np.ones(2 * 3 * 2)).reshape(2, 3, 2)
CORRELATED[0, 1, 0] = 0.0
BAYESIAN = eq.BayesianGame(
    CORRELATED / CORRELATED.sum(), RNG.random((3, 2, 3, 2, 2, 2, 3)), title="Correlated"
)
LISTED = {
    "normal form": co.from_normal_form(THREE, leader=1),
    "Bayesian": co.from_bayesian(BAYESIAN, leader=2),
    "matrix design": eq.models.matrix_design(),
    "allocation": eq.models.simple_allocation(types=3, messages=2),
    "price": eq.models.message_sequential_price(3, messages=2),
    "asymmetric price": eq.models.message_sequential_price("asymmetric", messages=2),
    "repeated, in plans": co.in_plans(eq.models.repeated_game(rounds=4)),
}


def one_play(name, deal, actions, table):
    """Payoffs of one play, written from the rules of each game and not from its class."""
    if name == "normal form":
        return THREE.payoffs[:, actions[0], table[0], actions[1]][[1, 0, 2]]
    if name == "Bayesian":
        # Types in the order leader, first, second; only those that can come.
        law = BAYESIAN.prior.transpose(2, 0, 1)
        coming = [t for t in itertools.product(range(2), range(2), range(3)) if law[t] > 0]
        lead, first, second = coming[deal]
        place = (first, second, lead, actions[0], actions[1], table[lead])
        return BAYESIAN.payoffs[(slice(None), *place)][[2, 0, 1]]
    if name == "matrix design":
        cells = {(0, 0): (3, 3), (0, 1): (6, 4), (1, 0): (4, 6), (1, 1): (2, 2)}
        base = cells[tuple(actions)]
        promise = table[2 * actions[0] + actions[1]]
        return np.array([sum(base), base[0] + 5 * (promise // 3), base[1] + 5 * (promise % 3)])
    if name == "allocation":
        return np.array([1.0, 1.0]) * (table[actions[0]] == deal)
    if name.endswith("price"):
        own = ([0, 0.5, 1], [0, 0.5, 1]) if name == "price" else ([0.2, 1], [0, 0.4])
        prices = [0, 0.5, 1] if name == "price" else [0, 0.2, 0.4, 1]
        worth = own[0][deal // len(own[1])], own[1][deal % len(own[1])]
        base = 3 * (2 * actions[0] + actions[1])
        first = table[base]
        who, price = first // len(prices), prices[first % len(prices)]
        if worth[who] < price:
            second = table[base + 1 + who]
            who, price = 1 - who, prices[second % len(prices)]
        sold = worth[who] >= price
        out = np.zeros(3)
        out[0] = worth[who] * sold - max(worth)
        out[1 + who] = (worth[who] - price) * sold
        return out
    assert name == "repeated, in plans"
    dilemma = [[(3, 3), (1, 4)], [(4, 1), (2, 2)]]
    seen, total = 0, np.zeros(2)
    for _ in range(4):
        lead, follow = table[seen], actions[0] // 2**seen % 2
        total += dilemma[lead][follow]
        seen = 1 + 2 * lead + follow
    return total / 4


def some_deals(game, rng, count=60):
    deals = rng.integers(game.prior.size, size=count)
    actions = np.stack([rng.integers(a, size=count) for a in game.actions], axis=1)
    tables = rng.integers(game.leader_actions, size=(count, game.leader_observations))
    return deals, actions, tables


@pytest.mark.parametrize("name", LISTED)
def test_plays_go_by_the_rules_in_tables_and_step_by_step(name):
    game = LISTED[name]
    deals, actions, tables = some_deals(game, np.random.default_rng(1))
    known = np.array(
        [one_play(name, d, a, t) for d, a, t in zip(deals, actions, tables, strict=True)]
    )
    listed = co.Subgame(game, tables).outcome(deals, actions)
    np.testing.assert_allclose(listed, known, atol=1e-12)
    went = step_through(game, deals, fixed_actions(actions), lambda seen, rows: tables[rows, seen])
    np.testing.assert_allclose(went.payoffs, known, atol=1e-12)
    assert (went.query == -1).all()


@pytest.mark.parametrize("name", LISTED)
def test_alternatives_change_one_followers_action_and_nothing_else(name):
    game = LISTED[name]
    deals, actions, tables = some_deals(game, np.random.default_rng(2), count=25)
    told = co.Subgame(game, tables).alternatives(deals, actions)
    for row in range(25):
        for k, size in enumerate(game.actions):
            for a in range(size):
                other = actions[row].copy()
                other[k] = a
                known = one_play(name, deals[row], other, tables[row])[1 + k]
                assert told[k][row, a] == pytest.approx(known, abs=1e-12)


@pytest.mark.parametrize("name", [n for n in LISTED if n != "repeated, in plans"])
def test_mixed_commitments_are_expectations_over_pure_ones(name):
    """Mixes at distinct observations are independent: the same as a lottery over tables."""
    game = LISTED[name]
    rng = np.random.default_rng(3)
    mix = rng.dirichlet(np.ones(game.leader_actions), size=game.leader_observations)
    deals, actions, _ = some_deals(game, rng, count=3)
    for deal, own in zip(deals, actions, strict=True):
        asked = met(game, deal, own)
        expected = np.zeros(1 + game.followers)
        for acts in itertools.product(range(game.leader_actions), repeat=len(asked)):
            table = np.zeros(game.leader_observations, dtype=int)
            table[asked] = acts
            expected += np.prod(mix[asked, acts]) * one_play(name, deal, own, table)
        found = co.Subgame(game, mix).outcome(np.array([deal]), own[None])
        np.testing.assert_allclose(found[0], expected, atol=1e-12)


def met(game, deal, own):
    """All observations that the leader may meet in a play."""
    rng, seen = np.random.default_rng(0), set()
    for _ in range(60):
        table = rng.integers(game.leader_actions, size=(1, game.leader_observations))
        went = step_through(
            game, np.array([deal]), fixed_actions(own[None]), lambda o, rows, t=table: t[rows, o]
        )
        seen |= set(went.seen.ravel().tolist()) - {-1}
    return sorted(seen)


def test_games_whose_actions_come_twice_mix_anew_at_every_step():
    """Behavioural mixing along a walk, computed as an expectation over all walks."""
    game = LISTED["repeated, in plans"]
    mix = np.random.default_rng(4).dirichlet(np.ones(2), size=5)
    plan, dilemma = 13, [[(3, 3), (1, 4)], [(4, 1), (2, 2)]]
    expected = np.zeros(2)
    for leads in itertools.product(range(2), repeat=4):
        seen, chance, total = 0, 1.0, np.zeros(2)
        for lead in leads:
            chance *= mix[seen, lead]
            follow = plan // 2**seen % 2
            total += dilemma[lead][follow]
            seen = 1 + 2 * lead + follow
        expected += chance * total / 4
    found = co.Subgame(game, mix).outcome(np.zeros(1, dtype=int), np.array([[plan]]))
    np.testing.assert_allclose(found[0], expected)


def test_subgames_are_the_bayesian_games_that_followers_play():
    """Against the Bayesian game with the leader's mix put in, player by player."""
    game = LISTED["Bayesian"]
    mix = np.random.default_rng(5).dirichlet(np.ones(3), size=2)
    subgame = co.Subgame(game, mix)
    inner = subgame.bayesian()
    rng = np.random.default_rng(6)
    strategies = [rng.dirichlet(np.ones(2), size=t) for t in (2, 3)]
    together = {0: strategies[0], 1: strategies[1], 2: mix}
    np.testing.assert_allclose(
        inner.expected_payoffs(inner.pack(strategies)),
        BAYESIAN.expected_payoffs(BAYESIAN.pack(together))[:2],
    )
    told = subgame.deviation_payoffs(tuple(s[None] for s in strategies))
    known = BAYESIAN.deviation_payoffs(BAYESIAN.pack(together))
    for k in range(2):
        np.testing.assert_allclose(told[k][0].ravel(), known[BAYESIAN.blocks[k]], atol=1e-12)
    behaviour = co.Behaviour(tuple(s[None] for s in strategies))
    everybody = subgame.expected(behaviour)[0]
    np.testing.assert_allclose(
        everybody, BAYESIAN.expected_payoffs(BAYESIAN.pack(together))[[2, 0, 1]]
    )
    assert subgame.leader_value(behaviour)[0] == pytest.approx(everybody[0])


def test_what_the_leader_gets_from_followers_deviations():
    game = LISTED["asymmetric price"]
    rng = np.random.default_rng(7)
    table = rng.integers(game.leader_actions, size=(2, game.leader_observations))
    subgame = co.Subgame(game, table)
    mixes = tuple(rng.dirichlet(np.ones(2), size=(2, 2)) for _ in range(2))
    told = subgame.deviation_payoffs(mixes, of_leader=True)
    for k in range(2):
        for kind, act in itertools.product(range(2), repeat=2):
            forced = [m.copy() for m in mixes]
            forced[k][:, kind] = np.eye(2)[act]
            before = [m.copy() for m in mixes]
            before[k][:, kind] = np.eye(2)[1 - act]
            worth = [subgame.leader_value(co.Behaviour(tuple(m))) for m in (forced, before)]
            law = subgame.type_laws[k][kind]
            step = law * (told[k][:, kind, act] - told[k][:, kind, 1 - act])
            np.testing.assert_allclose(worth[0] - worth[1], step, atol=1e-12)


def test_the_coarse_correlated_gap_by_brute_force():
    game = LISTED["Bayesian"]
    rng = np.random.default_rng(8)
    subgame = co.Subgame(game, rng.integers(3, size=(2, 2)))
    joint = rng.dirichlet(np.ones(4), size=(2, 2, 3)).reshape(2, 2, 3, 2, 2)
    gap = subgame.coarse_correlated_gap(co.Behaviour(joint=joint))
    for row in range(2):
        largest = 0.0
        for i, types in enumerate((2, 3)):
            for kind, other in itertools.product(range(types), range(2)):
                mass = gain = 0.0
                for theta in itertools.product(range(2), range(3)):
                    if theta[i] != kind:
                        continue
                    mass += subgame.prior[theta]
                    for acts in itertools.product(range(2), repeat=2):
                        moved = list(acts)
                        moved[i] = other
                        weight = subgame.prior[theta] * joint[(row, *theta, *acts)]
                        paid = subgame.payoffs[row, 1 + i]
                        gain += weight * (paid[(*theta, *moved)] - paid[(*theta, *acts)])
                largest = max(largest, gain / mass)
        assert gap[row] == pytest.approx(largest)


def test_a_subgame_at_equilibrium_has_no_gap():
    game = co.from_normal_form(eq.NormalFormGame.bimatrix([[1, 3], [0, 2]], [[1, 0], [0, 1]]))
    behaviour = co.Behaviour((np.array([[[0.0, 1.0]]]),))
    assert co.Subgame(game, [[0.25, 0.75]]).coarse_correlated_gap(behaviour)[0] == 0.0
    assert co.Subgame(game, [[0.75, 0.25]]).coarse_correlated_gap(behaviour)[0] == 0.5


def test_deals_come_from_the_prior_and_types_are_correlated():
    game = LISTED["Bayesian"]
    deals = game.draw(np.random.default_rng(9), 200_000)
    shares = np.bincount(deals, minlength=game.prior.size) / deals.size
    np.testing.assert_allclose(shares, game.prior, atol=4e-3)
    np.testing.assert_allclose(game.type_prior, BAYESIAN.prior.sum(axis=2))
    state = game.reset(np.random.default_rng(9), 10)
    np.testing.assert_array_equal(game.follower_observations(state), game.deal_types[deals[:10]])


@pytest.mark.parametrize(
    ("game", "tables", "value"),
    [
        (eq.models.message_sequential_price(3), 6**3, -1 / 18),
        (eq.models.message_sequential_price(5), 10**3, -1 / 20),
        (eq.models.message_sequential_price("asymmetric"), 8**3, -0.06),
        (eq.models.simple_allocation(3, 1), 3, 1 / 3),
        (eq.models.simple_allocation(3, 2), 9, 2 / 3),
        (eq.models.simple_allocation(3, 3), 27, 1.0),
    ],
)
def test_published_optima_by_listing_all_tables(game, tables, value):
    """All pure commitments against followers who respond best, ties in the leader's favour."""
    grid = np.indices((game.leader_actions,) * game.leader_observations)
    every = grid.reshape(game.leader_observations, -1).T
    assert len(every) == tables
    lead = eq.StackelbergPOMDP(game, response=co.BestResponse())
    assert lead.play(every, exact=True).rewards.max() == pytest.approx(value, abs=1e-12)


@pytest.mark.parametrize("ties", ["optimistic", "pessimistic", "uniform"])
def test_two_messages_lose_nothing_in_the_published_setting(ties):
    """If buyer 0 says it is high sell to it at 0.4, else try buyer 1 at 0.2, then it at 0."""
    game = LISTED["asymmetric price"]
    table = np.array([5, 0, 0, 5, 0, 0, 2, 0, 0, 2, 0, 0])
    lead = eq.StackelbergPOMDP(game, response=co.BestResponse(ties))
    assert lead.play(table, exact=True).rewards[0] == pytest.approx(0.0, abs=1e-12)


def test_two_messages_lose_nothing_with_three_values():
    """The same with a price of 1/2 for buyers who say they are high, and for buyer 1."""
    game = LISTED["price"]
    table = np.array([4, 0, 0, 4, 0, 0, 1, 0, 0, 1, 0, 0])
    lead = eq.StackelbergPOMDP(game, response=co.BestResponse("optimistic"))
    assert lead.play(table, exact=True).rewards[0] == pytest.approx(0.0, abs=1e-12)


def test_promises_off_the_path_break_the_symmetry_of_two_followers():
    """Exact payoffs keep equal followers equal: without promises both take their first action."""
    game = eq.models.matrix_design()
    learner = co.MultiplicativeWeights(final="argmax", feedback="expected")
    lead = eq.StackelbergPOMDP(game, response=learner, response_plays=60)
    promised, nothing = np.array([3, 0, 0, 1]), np.zeros(4, dtype=int)
    assert lead.play(np.stack([promised, nothing]), exact=True).rewards.tolist() == [10.0, 6.0]


def test_tit_for_tat_is_answered_by_cooperation_and_nothing_in_one_round_is():
    """All 32 strategies of memory one: the best gets the cooperative payoff, or more."""
    game = co.in_plans(eq.models.repeated_game(rounds=10))
    every = np.array(list(itertools.product(range(2), repeat=5)))
    lead = eq.StackelbergPOMDP(game, response=co.BestResponse())
    values = lead.play(every, exact=True).rewards
    assert values[np.flatnonzero((every == [0, 0, 1, 0, 1]).all(axis=1))[0]] == pytest.approx(3.0)
    assert values.max() >= 3.0
    once = co.in_plans(eq.models.repeated_game(rounds=1))
    lead = eq.StackelbergPOMDP(once, response=co.BestResponse())
    assert lead.play(every, exact=True).rewards.max() == pytest.approx(2.0)


def test_memory_keeps_the_latest_profiles():
    game = eq.models.repeated_game(rounds=5, memory=2)
    assert game.leader_observations == 1 + 4 + 16
    state, seen = game.start(np.zeros(1, dtype=int)), []
    for lead, follow in [(1, 0), (0, 1), (1, 1), (0, 0)]:
        seen.append(int(game.leader_observation(state)[0]))
        state, _, done = game.step(state, np.array([lead]), np.array([[follow]]))
        assert not done[0]
    seen.append(int(game.leader_observation(state)[0]))
    assert seen == [0, 1 + 2, 5 + 4 * 2 + 1, 5 + 4 * 1 + 3, 5 + 4 * 3 + 0]
    forgetful = eq.models.repeated_game(rounds=3, memory=0)
    state = forgetful.start(np.zeros(1, dtype=int))
    state, paid, _ = forgetful.step(state, np.array([0]), np.array([[1]]))
    assert forgetful.leader_observation(state)[0] == 0
    np.testing.assert_allclose(paid, [[1 / 3, 4 / 3]])


def test_any_player_of_a_repeated_game_may_lead():
    base = eq.NormalFormGame(np.random.default_rng(1).random((3, 2, 2, 3)), player_names="abc")
    game = eq.models.repeated_game(base, rounds=2, leader="c")
    state = game.start(np.zeros(1, dtype=int))
    _, paid, done = game.step(state, np.array([2]), np.array([[1, 0]]))
    np.testing.assert_allclose(paid[0], base.payoffs[:, 1, 0, 2][[2, 0, 1]] / 2)
    assert not done[0]
    assert (game.leader_name, game.follower_names) == ("c", ("a", "b"))


def test_plans_know_what_is_seen_first():
    """A follower with two private types, acting twice, chooses its plan knowing its type."""

    class Twice(co.BatchGame):
        leader_observations, leader_actions, types, actions = 1, 2, (4,), (2,)
        horizon, prior, acts_once = 2, np.array([0.3, 0.7]), False

        def start(self, deals):
            return np.asarray(deals), np.zeros(len(deals), dtype=int)

        def leader_observation(self, state):
            return np.zeros(state[0].size, dtype=int)

        def follower_observations(self, state):
            return (2 * state[0] + state[1])[:, None]

        def step(self, state, leader_action, follower_actions):
            right = (follower_actions[:, 0] == (state[0] + state[1]) % 2).astype(float)
            paid = np.stack([right * leader_action, right], axis=1)
            return (state[0], state[1] + 1), paid, state[1] == 1

    game = co.in_plans(Twice())
    assert game.types == (2,)
    np.testing.assert_allclose(game.type_prior, [0.3, 0.7])
    lead = eq.StackelbergPOMDP(game, response=co.BestResponse())
    assert lead.play(np.array([1]), exact=True).rewards[0] == pytest.approx(2.0)


def test_states_met_twice_are_one_node():
    graph = LISTED["repeated, in plans"].graph
    # A plan and the last profile: at most four of the latter after each of three rounds.
    assert graph.depth == 4
    assert graph.observations.size - 2 <= 32 * (1 + 3 * 4)
    assert not graph.blind
    assert LISTED["normal form"].graph.blind


# PettingZoo


def test_a_game_as_a_parallel_environment_and_back():
    game = LISTED["asymmetric price"]
    back = co.from_pettingzoo(
        lambda: co.to_pettingzoo(game), leader="leader", horizon=3, acts_once=True
    )
    assert back.leader_observations == game.leader_observations + 1
    assert back.types == (3, 3)
    table = np.random.default_rng(0).integers(8, size=(6, 13))
    deals = back.draw(np.random.default_rng(1), 6)
    actions = np.random.default_rng(2).integers(2, size=(6, 2))
    inner = np.array([game.draw(np.random.default_rng(int(s)), 1)[0] for s in deals])
    np.testing.assert_allclose(
        co.Subgame(back, table).outcome(deals, actions),
        co.Subgame(game, table[:, :12]).outcome(inner, actions),
    )
    both = co.Subgame(back, table).alternatives(deals, actions)
    known = co.Subgame(game, table[:, :12]).alternatives(inner, actions)
    for own, other in zip(both, known, strict=True):
        np.testing.assert_allclose(own, other)


def test_everybodys_environment_takes_part():
    dilemma = eq.NormalFormGame([[[3, 1], [4, 2]], [[3, 4], [1, 2]]])
    game = co.from_pettingzoo(RepeatedGameEnv(dilemma, rounds=3), leader="0", horizon=3)
    assert (game.leader_observations, game.leader_actions) == (9, 2)
    assert (game.types, game.actions, game.acts_once) == ((9,), (2,), False)
    assert game.graph is None
    # Cooperate at first and as long as the follower does; seen are the last actions plus one.
    table = np.array([0 if seen in (0, 4, 7) else 1 for seen in range(9)])
    deals = game.draw(np.random.default_rng(0), 2)
    went = step_through(
        game,
        deals,
        lambda own, rows, step: np.array([[0], [1]])[rows],
        lambda seen, rows: table[seen],
    )
    np.testing.assert_allclose(went.payoffs, [[9, 9], [1 + 2 + 2, 4 + 2 + 2]])
    assert went.path.observations.shape == (3, 2, 1)


def test_a_parallel_environment_speaks_pettingzoos_language():
    env = co.to_pettingzoo(eq.models.simple_allocation(3, 2))
    assert isinstance(env, eq.PartiallyObservableMarkovGame)
    observations, infos = env.reset(seed=3)
    assert observations["leader"] == 2
    assert not infos["leader"]["acts"]
    kind = observations["follower 0"]
    observations, rewards, ended, cut, infos = env.step({"follower 0": 1})
    assert observations == {"leader": 1, "follower 0": 3}
    assert rewards == {"leader": 0.0, "follower 0": 0.0}
    assert not any({**ended, **cut}.values())
    *_, rewards, ended, _, _ = (None, *env.step({"leader": kind}))
    assert rewards == {"leader": 1.0, "follower 0": 1.0}
    assert all(ended.values())
    assert env.agents == []
    assert env.action_space("leader") is env.action_space("leader")
    with pytest.raises(BadCommitment, match=r"The play is over; call reset\(\) first"):
        env.step({})
    env.reset(seed=0)
    with pytest.raises(BadCommitment, match="Agent 'follower 0' needs an action from 0 to 1"):
        env.step({"leader": 0})
    with pytest.raises(BadCommitment, match="There is no agent 'judge'"):
        env.action_space("judge")


def test_followers_have_an_environment_of_their_own_in_a_subgame():
    game = eq.models.simple_allocation(3, 2)
    env = co.to_pettingzoo(co.Subgame(game, np.array([2, 0])))
    observations, _ = env.reset(seed=3)
    assert list(observations) == ["follower 0"]
    kind = observations["follower 0"]
    env.step({"follower 0": 1})
    _, rewards, ended, _, _ = env.step({})
    assert rewards == {"follower 0": float(kind == 0)}
    assert ended == {"follower 0": True}
    with pytest.raises(BadCommitment, match="one pure commitment"):
        co.to_pettingzoo(co.Subgame(game, np.zeros((2, 2), dtype=int)))


class Spaces:
    """An environment of which only the spaces matter."""

    def __init__(self, space, agents=("a", "b")):
        self.possible_agents, self.space = list(agents), space

    def observation_space(self, agent):
        return self.space

    def action_space(self, agent):
        return Discrete(2, start=3)


def test_finite_spaces_are_numbered():
    game = co.from_pettingzoo(Spaces(MultiDiscrete([2, 3])), leader="b")
    assert game.leader_observations == 6
    assert game._codes[0](np.array([1, 2])) == 5
    assert co.from_pettingzoo(Spaces(MultiBinary(3)), leader="a").types == (8,)
    assert game._decoders[0](1) == 4
    coded = co.from_pettingzoo(
        Spaces(Box(0, 1, (1,))), leader="a", encode=dict.fromkeys("ab", (2, lambda x: x[0] > 0.5))
    )
    assert coded.leader_observations == 2


def test_errors_of_environments():
    with pytest.raises(BadCommitment, match="Spaces has no leader; give leader=, one of 'a', 'b'"):
        co.from_pettingzoo(Spaces(Discrete(2)))
    with pytest.raises(BadCommitment, match="leader 'c' does not take part in Spaces; there are"):
        co.from_pettingzoo(Spaces(Discrete(2)), leader="c")
    with pytest.raises(BadCommitment, match="a leader and no followers"):
        co.from_pettingzoo(Spaces(Discrete(2), agents=("a",)), leader="a")
    with pytest.raises(BadCommitment, match="no possible_agents"):
        co.from_pettingzoo(object())
    with pytest.raises(BadCommitment, match="Agent 'a' has the observation space Box.*encode="):
        co.from_pettingzoo(Spaces(Box(0, 1, (1,))), leader="a")
    with pytest.raises(BadCommitment, match="horizon must be 1 or more"):
        co.from_pettingzoo(Spaces(Discrete(2)), leader="a", horizon=0)
    dilemma = eq.NormalFormGame([[[3, 1], [4, 2]], [[3, 4], [1, 2]]])
    game = co.from_pettingzoo(RepeatedGameEnv(dilemma, rounds=3), leader="0", horizon=2)
    with pytest.raises(BadCommitment, match="plays do not end within 2 steps"):
        step_through(
            game, np.zeros(1, dtype=int), lambda o, r, s: np.zeros((1, 1), int), lambda o, r: o * 0
        )


# Errors


class Broken(co.BatchGame):
    """Two followers; the flaws of subclasses are each caught by name."""

    leader_observations, leader_actions, types, actions = 1, 2, (1,), (2,)
    prior = np.ones(1)

    def start(self, deals):
        return (np.zeros(len(deals), dtype=int),)

    def leader_observation(self, state):
        return np.zeros(state[0].size, dtype=int)

    def follower_observations(self, state):
        return np.zeros((state[0].size, 1), dtype=int)

    def step(self, state, leader_action, follower_actions):
        return state, np.zeros((state[0].size, 2)), np.ones(state[0].size, dtype=bool)


class Endless(Broken):
    def step(self, state, leader_action, follower_actions):
        return state, np.zeros((state[0].size, 2)), np.zeros(state[0].size, dtype=bool)


class Idle(Endless):
    def leader_observation(self, state):
        return np.full(state[0].size, -1)


class Late(Broken):
    def follower_observations(self, state):
        return np.full((state[0].size, 1), -1)


class Wide(Broken):
    def leader_observation(self, state):
        return np.full(state[0].size, 3)


class Leaderless(Broken):
    def leader_observation(self, state):
        return np.full(state[0].size, -1)


class Undealt(Broken):
    prior = None


def test_errors_of_games_name_what_is_wrong():
    for game, sentence in [
        (Endless(), "the leader still decides after 1 steps, its horizon"),
        (Idle(), "plays do not end within 1 steps"),
        (Late(), "follower 0 does not act in the first step"),
        (Wide(), "the leader observes 3, and has observations 0 to 0"),
    ]:
        with pytest.raises(BadCommitment, match=sentence):
            compile_game(game)
    with pytest.raises(BadCommitment, match="an environment without a leader: it never has any"):
        eq.StackelbergPOMDP(Leaderless(), response=co.BestResponse())
    with pytest.raises(BadCommitment, match=r"a game without prior must define draw"):
        Undealt().draw(np.random.default_rng(0), 1)
    with pytest.raises(BadCommitment, match="deals are not finitely many"):
        _ = Undealt().deal_types
    nobody = Broken()
    nobody.leader_actions = 0
    with pytest.raises(BadCommitment, match="is an environment without a leader"):
        check_game(nobody)
    alone = Broken()
    alone.actions = ()
    with pytest.raises(BadCommitment, match="one entry a follower"):
        check_game(alone)
    with pytest.raises(BadCommitment, match="int is no game with a leader"):
        check_game(3)


def test_errors_of_adapters_and_models():
    with pytest.raises(BadCommitment, match="A leader needs a follower"):
        co.from_normal_form(eq.NormalFormGame([[1, 2]]))
    with pytest.raises(BadCommitment, match="A leader needs a follower"):
        co.from_bayesian(eq.BayesianGame([1.0], [[[1, 2]]]))
    with pytest.raises(BadCommitment, match="A leader needs a follower"):
        eq.models.repeated_game([[1, 2]])
    with pytest.raises(NotAGame, match="no player 'x'"):
        co.from_normal_form(THREE, leader="x")
    with pytest.raises(BadCommitment, match="types must be 1 or more"):
        eq.models.simple_allocation(0, 1)
    with pytest.raises(BadCommitment, match="messages must be 1 or more"):
        eq.models.simple_allocation(1, 0)
    with pytest.raises(BadCommitment, match="matrices of one shape"):
        eq.models.matrix_design([[1, 2]], [[1], [2]])
    with pytest.raises(BadCommitment, match=r"transfers must lie in \[0, 10\]"):
        eq.models.matrix_design(transfers=(0, 11))
    with pytest.raises(BadCommitment, match="messages must be 1"):
        eq.models.message_sequential_price(3, 0)
    with pytest.raises(BadCommitment, match="no setting 'flat'; there is 'asymmetric'"):
        eq.models.message_sequential_price("flat")
    with pytest.raises(BadCommitment, match="values must be 2 or more"):
        eq.models.message_sequential_price(1)
    with pytest.raises(BadCommitment, match="rounds must be 1 or more"):
        eq.models.repeated_game(rounds=0)
    with pytest.raises(BadCommitment, match="memory must be 0 or more"):
        eq.models.repeated_game(memory=-1)
    with pytest.raises(BadCommitment, match=r"has 2\^21 = 2.1e\+06 plans, more than 4096"):
        co.in_plans(eq.models.repeated_game(memory=2))
    with pytest.raises(BadCommitment, match="plans are chosen where deals are finitely many"):
        co.in_plans(Undealt())
    with pytest.raises(BadCommitment, match="prior sums to 0.5"):
        checked_prior([0.5], "game")
    with pytest.raises(BadCommitment, match="nonnegative probabilities"):
        checked_prior([-1, 2], "game")


def test_games_too_large_for_tables_are_stepped(monkeypatch):
    game = eq.models.message_sequential_price(3, messages=2)
    deals, actions, tables = some_deals(game, np.random.default_rng(3), count=10)
    listed = co.Subgame(game, tables)
    monkeypatch.setattr("eqsolve.commitment.play_graph.LARGEST", 100)
    stepped = co.Subgame(eq.models.message_sequential_price(3, messages=2), tables)
    assert stepped.game.graph is None
    np.testing.assert_allclose(stepped.outcome(deals, actions), listed.outcome(deals, actions))
    with pytest.raises(BadCommitment, match="need its plays to be listed"):
        _ = stepped.payoffs
    mixed = co.Subgame(stepped.game, np.full((12, 6), 1 / 6))
    with pytest.raises(BadCommitment, match="Payoffs under a mixed commitment"):
        mixed.outcome(deals[:1], actions[:1])
