"""Training a leader: known optima reached, gradients against exact ones, ablations, refusals."""

import itertools

import numpy as np
import pytest

import eqsolve as eq
from eqsolve import commitment as co
from eqsolve.commitment.contenders import SEASONED, Contenders
from eqsolve.commitment.mixed_actor import MixedActor, ranked
from eqsolve.commitment.pure_actor import RIDGE, PureActor, _ridge
from eqsolve.commitment.training_episodes import TrainingEpisodes
from eqsolve.errors import BadCommitment, ResponseNotFinished


def weights(unit=1.0, feedback="expected", **options):
    return co.MultiplicativeWeights(final="argmax", unit=unit, feedback=feedback, **options)


def lead(game, response=None, plays=33, **options):
    return eq.StackelbergPOMDP(
        game, response=response or weights(), response_plays=plays, **options
    )


def known(name, **options):
    return lead(eq.models.load(name), weights(30.0), **options)


SETTINGS = {
    "escape": (lambda: known("escape"), 30),
    "escape, mixed": (lambda: known("escape", mixed=True), 30),
    "maintain": (lambda: known("maintain"), 20),
    "maintain, mixed": (lambda: known("maintain", mixed=True), 27.5),
    "conitzer": (lambda: lead(eq.models.load("conitzer")), 2),
    "conitzer, mixed": (lambda: lead(eq.models.load("conitzer"), mixed=True), 2.5),
    "one message": (lambda: lead(eq.models.simple_allocation(3, 1)), 1 / 3),
    "two messages": (lambda: lead(eq.models.simple_allocation(3, 2)), 2 / 3),
    "three messages": (lambda: lead(eq.models.simple_allocation(3, 3)), 1),
    "promises": (lambda: lead(eq.models.matrix_design(), weights(10.0)), 10),
    "prices of three": (lambda: lead(eq.models.message_sequential_price(3), plays=5), -1 / 18),
    "prices of five": (lambda: lead(eq.models.message_sequential_price(5), plays=5), -1 / 20),
    "prices, messages": (
        lambda: lead(eq.models.message_sequential_price("asymmetric", 2), plays=100),
        0,
    ),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_published_optima_are_reached_from_every_seed(name):
    make, optimum = SETTINGS[name]
    pomdp = make()
    least = optimum - 0.01 * abs(optimum)
    for seed in range(3):
        learned = eq.train_leader(pomdp, seed=seed, steps=12_000, until=least)
        assert least - 1e-9 <= learned.value <= optimum + 1e-9
        assert learned.exact
        assert learned.interval is None
        # The policy is worth what is said, and is a commitment.
        again = pomdp.play(learned.policy, seed=1, exact=True).rewards[0]
        assert again == pytest.approx(learned.value, abs=1e-12)


def test_the_policy_is_admissible_and_prints():
    pomdp = lead(eq.models.simple_allocation(3, 2))
    learned = eq.train_leader(pomdp, seed=0, steps=500)
    eq.check_admissible(learned.policy, pomdp)
    shown = str(learned)
    assert "0.666667" in shown
    assert "MultiplicativeWeights" in shown
    assert "observation 1, action" in shown
    assert learned._repr_html_().startswith("<table>")
    assert learned.plays == learned.episodes * 34
    assert learned.episodes == 512


def test_random_followers_leave_an_interval_that_holds_the_value():
    pomdp = lead(eq.models.matrix_design(), weights(10.0, "sampled"), plays=15)
    learned = eq.train_leader(pomdp, seed=3, steps=2000)
    low, high = learned.interval
    assert not learned.exact
    assert low < learned.value < high or low == learned.value == high
    many = pomdp.play(learned.policy, seed=9, batch=20_000, exact=True).rewards
    error = many.std() / np.sqrt(512)
    assert abs(learned.value - many.mean()) < 5 * error + 1e-12


def test_a_curve_is_a_trajectory_and_is_validated_against_the_optimum():
    pomdp = known("maintain", mixed=True)
    learned = eq.train_leader(pomdp, seed=0, steps=12_000)
    curve = learned.curve
    assert isinstance(curve, eq.Trajectory)
    assert curve.iterates.shape == (len(curve), 1, 1)
    assert np.array_equal(curve.steps, 256 * np.arange(1, len(curve) + 1))
    assert (np.diff(curve.iterates[:, 0, 0]) >= 0).all()  # values are certain: the best stays
    best = eq.optimal_commitment(pomdp)
    report = eq.validate(curve, best)
    assert report.fraction > 0.99
    assert report.steps_to(0.99)[0] == learned.episodes_to(0.99 * 27.5)
    assert learned.episodes_to(28) == np.inf
    axes = learned.plot(best)
    assert axes.get_xlabel() == "episodes"
    assert len(axes.lines) == 2


def test_the_same_seed_gives_the_same_numbers():
    pomdp = lead(eq.models.matrix_design(), weights(10.0, "sampled"), plays=20)
    first, second = (eq.train_leader(pomdp, seed=5, steps=1500) for _ in range(2))
    assert first.value == second.value
    assert np.array_equal(first.curve.iterates, second.curve.iterates)
    assert np.array_equal(first.policy.probabilities(), second.policy.probabilities())
    third = eq.train_leader(pomdp, seed=np.random.default_rng(5), steps=1500)
    fourth = eq.train_leader(pomdp, seed=np.random.default_rng(5), steps=1500)
    assert np.array_equal(third.curve.iterates, fourth.curve.iterates)
    assert not np.array_equal(third.curve.iterates, first.curve.iterates)


def test_a_longer_run_begins_as_a_shorter_one():
    pomdp = known("maintain", mixed=True)
    short = eq.train_leader(pomdp, seed=2, steps=2000).curve.iterates
    long = eq.train_leader(pomdp, seed=2, steps=4000).curve.iterates
    assert np.array_equal(long[: len(short)], short)


def test_a_start_that_settled_on_less_begins_anew(monkeypatch):
    begin, calls = PureActor.begin, []

    def biased(self, rng, starts):
        state = begin(self, rng, starts)
        if not calls:
            state["scores"][:, 0] = [8.0, 0.0, 0.0]  # Escape's 15, and no look elsewhere
        calls.append(starts)
        return state

    monkeypatch.setattr(PureActor, "begin", biased)
    learned = eq.train_leader(known("escape"), seed=0, steps=600, starts=1)
    assert learned.curve.iterates[0, 0, 0] == 15
    assert learned.value == 30
    assert len(calls) > 1


@pytest.mark.parametrize("critic", ["full", "none"])
def test_the_gradient_is_exact_in_expectation_whatever_the_critic_believes(critic):
    rng = np.random.default_rng(0)
    seen, acts = 3, 2
    tables = np.array(list(itertools.product(range(acts), repeat=seen)))
    paid = rng.standard_normal(len(tables))
    asked = np.ones((len(tables), seen), dtype=bool)
    asked[:, 2] = tables[:, 0] == 1  # whether the last is asked depends on the first answer
    paid = np.where(asked[:, 2], paid, paid[tables @ np.array([4, 2, 0])])
    actor = PureActor(seen, acts, critic=critic)
    # All commitments once each: their probabilities under even scores, so means are exact.
    mixes = np.full((1, seen, acts), 0.5)
    chosen = (tables[..., None] == np.arange(acts))[None]
    slope, _ = actor._slope(
        rng.standard_normal((1, seen, acts)),
        np.array([0.7]),
        chosen,
        asked[None],
        paid[None],
        mixes,
    )
    step, wanted = 1e-6, np.zeros((seen, acts))
    for o, a in itertools.product(range(seen), range(acts)):
        ends = []
        for sign in (1, -1):
            scores = np.zeros((seen, acts))
            scores[o, a] = sign * step
            law = co.TabularPolicy(scores)
            ends.append(np.exp(law.log_probability(co.Commitment(tables))) @ paid)
        wanted[o, a] = (ends[0] - ends[1]) / (2 * step)
    assert slope[0] == pytest.approx(wanted, abs=1e-8)


def test_the_full_critic_makes_the_gradient_quieter():
    # Rewards add up over observations, so that one answer drowns in the noise of the others.
    rng = np.random.default_rng(1)
    seen, acts, batch = 10, 2, 32
    parts = rng.standard_normal((seen, acts))
    spread = {}
    for critic in ("full", "none"):
        actor = PureActor(seen, acts, critic=critic)
        state = actor.begin(np.random.default_rng(0), 200)
        state["scores"][:] = 0.0
        slopes = []
        for _ in range(6):
            _, drawn = actor.draw(state, rng, batch)
            paid = parts[np.arange(seen), drawn].sum(axis=2)
            asked = np.ones(drawn.shape, dtype=bool)
            chosen = drawn[..., None] == np.arange(acts)
            slope, worth = actor._slope(
                state["worth"], paid.mean(axis=1), chosen, asked, paid, actor.probabilities(state)
            )
            state["worth"] = worth
            slopes.append(slope)
        spread[critic] = slopes[-1].std(axis=0).mean()
    assert spread["full"] < 0.5 * spread["none"]


def test_both_forms_of_the_critics_fit_are_the_same():
    rng = np.random.default_rng(0)
    wide, left = rng.standard_normal((2, 5, 9)), rng.standard_normal((2, 5))
    for s in range(2):
        square = wide[s].T @ wide[s] + RIDGE * 5 * np.eye(9)
        wanted = np.linalg.solve(square, wide[s].T @ left[s])
        assert _ridge(wide, left)[s, :, 0] == pytest.approx(wanted)
    tall, more = wide.transpose(0, 2, 1), rng.standard_normal((2, 9))
    for s in range(2):
        square = tall[s].T @ tall[s] + RIDGE * 9 * np.eye(5)
        wanted = np.linalg.solve(square, tall[s].T @ more[s])
        assert _ridge(tall, more)[s, :, 0] == pytest.approx(wanted)


def test_ranks_weigh_ties_alike_and_add_to_zero():
    paid = np.array([[3.0, 1.0, 2.0, 2.0, 0.0, 3.0], [1.0] * 6])
    found = ranked(paid)
    assert found.sum(axis=1) == pytest.approx(0)
    assert found[1] == pytest.approx(np.zeros(6))
    assert found[0, 0] == found[0, 5] > 0 > found[0, 2] == found[0, 3] > found[0, 1] == found[0, 4]


def test_mixes_drawn_mirror_each_other_and_zeros_are_tried():
    actor = MixedActor(2, 3)
    state = actor.begin(np.random.default_rng(0), 4)
    commitment, noise = actor.draw(state, np.random.default_rng(1), 5)
    assert commitment.table.shape == (20, 2, 3)
    assert np.array_equal(noise[:, 1], -noise[:, 0])
    state["scores"][0, 0] = [0.0, 5.0, -5.0]
    modes = actor.modes(state)
    assert modes.shape == (8, 2, 3)
    assert modes[4, 0].tolist() == [0.0, 1.0, 0.0]
    assert modes.sum(axis=2) == pytest.approx(np.ones((8, 2)))


def test_contenders_that_were_lucky_fall_behind():
    none = Contenders.none((2,), mixed=False)
    first = none.joined(np.array([[0, 0], [1, 1], [0, 0]]), np.array([[1.0], [3.0], [2.0]]))
    assert first.tables.tolist() == [[1, 1], [0, 0]]
    assert first.means.tolist() == [3.0, 1.5]
    known = first.joined(np.array([[0, 0]]), np.full((1, SEASONED), 2.0))
    # The other leads by one look, this one by many.
    assert known.best == known.tables.tolist().index([0, 0])
    later = known.joined(np.array([[1, 1]]), np.full((1, SEASONED), 1.0))
    assert later.value == pytest.approx((1 + 2 + 2 * SEASONED) / (2 + SEASONED))
    sure = Contenders.none((2,), mixed=False, certain=True)
    once = sure.joined(np.array([[0, 0], [1, 1], [1, 1]]), np.array([[3.0], [1.0], [1.0]]))
    assert once.value == 3  # seen once is enough where values are certain
    many = none.joined(np.arange(40).reshape(20, 2), np.arange(20.0)[:, None])
    assert many.means.tolist() == [19, 18, 17, 16, 15, 14, 13, 12]


@pytest.mark.parametrize("name", ["prices, messages", "promises", "three messages"])
def test_observations_that_count_are_those_that_are_asked(name):
    pomdp = SETTINGS[name][0]()
    sampled = eq.StackelbergPOMDP(
        pomdp.game, response=weights(feedback="sampled"), response_plays=60, reward_plays=5
    )
    game, rng = pomdp.game, np.random.default_rng(0)
    shape = (50, game.leader_observations)
    tables = co.Commitment(rng.integers(game.leader_actions, size=shape))
    _, reached = TrainingEpisodes(pomdp.setting).rewards(tables, rng)
    went = sampled.play(tables, seed=1, record_asked=True)
    asked = went.response_asked | went.reward_asked
    assert (reached | ~asked).all()  # nothing asked is left out
    assert (reached == asked).mean() > 0.95  # and hardly anything besides is counted
    if name == "prices, messages":
        assert not reached.all()


def test_a_learner_that_does_not_see_the_response_phase_fails():
    game = eq.models.matrix_design(transfers=(0, 1, 2))
    paid, one = {}, co.ActorCritic(starts=1, batch=128)
    for hidden in (False, True):
        pomdp = lead(game, weights(10.0), hide_response=hidden)
        # One start: of several the luckiest could be chosen by what it is paid.
        runs = [eq.train_leader(pomdp, seed=seed, steps=2560, learner=one) for seed in range(8)]
        paid[hidden] = np.array([run.value for run in runs])
    assert (paid[False] == 10).all()
    error = paid[True].std(ddof=1) / np.sqrt(8)
    assert paid[True].mean() + 2.4 * error < 9.9


def test_followers_who_explore_in_a_game_that_cannot_be_listed():
    # Tit for tat makes a learner cooperate; the first observation is before the first round.
    game = eq.models.repeated_game([[[3, 0], [4, 1]], [[3, 4], [0, 1]]], rounds=4, memory=1)
    pomdp = lead(game, co.QLearning(rate=0.3, discount=0.9), plays=150)
    assert game.graph is None
    learner = co.ActorCritic(starts=2, batch=16, looks=4)
    learned = eq.train_leader(pomdp, seed=0, steps=320, learner=learner)
    always = pomdp.play(np.ones(game.leader_observations, dtype=int), seed=1, batch=200)
    low, high = learned.interval
    assert low > always.rewards.mean()
    assert not learned.exact
    assert high - low < 2


def cycling(reward):
    """Two followers who chase each other, except where the leader's second action pins them."""
    first = np.zeros((2, 2, 2))
    first[0] = [[1, -1], [-1, 1]]
    first[1] = [[1, 1], [0, 0]]
    second = np.zeros((2, 2, 2))
    second[0] = -first[0]
    second[1] = [[1, 0], [1, 0]]
    leads = np.zeros((2, 2, 2))
    leads[1] = reward
    return eq.NormalFormGame(np.stack([leads, first, second]))


def test_commitments_to_which_followers_find_no_answer_are_never_given_out():
    first = eq.StackelbergPOMDP(cycling(-5.0), response=co.BestResponse(ties="uniform"))
    # Where everybody mixes evenly nobody wants to move: start them apart by a bias.
    biased = cycling(-5.0)
    payoffs = biased.payoffs.copy()
    payoffs[1, 0, 0, 0] = 2
    pomdp = eq.StackelbergPOMDP(eq.NormalFormGame(payoffs), response=co.BestResponse(rounds=20))
    with pytest.raises(ResponseNotFinished):
        pomdp.play(np.array([0]), exact=True)
    assert eq.train_leader(pomdp, seed=0, steps=600).value == -5
    assert eq.train_leader(first, seed=0, steps=600).value == 0


def test_followers_who_never_finish_are_an_error():
    payoffs = cycling(0.0).payoffs.copy()
    payoffs[:, 1] = payoffs[:, 0]
    payoffs[1, :, 0, 0] = 2
    pomdp = eq.StackelbergPOMDP(eq.NormalFormGame(payoffs), response=co.BestResponse(rounds=20))
    with pytest.raises(ResponseNotFinished, match="did not finish after 20 plays against any"):
        eq.train_leader(pomdp, seed=0, steps=300)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"steps": 0}, "steps must be a whole number of episodes, 1 or more, not 0"),
        ({"steps": 10.5}, "steps must be a whole number"),
        ({"learner": "sarsa"}, r"learner must be one of \('actor-critic', 'ppo'\), not 'sarsa'"),
        ({"learner": 3}, "or an ActorCritic or PPO with options, not 3"),
        ({"seed": -1}, "seed must not be negative"),
        ({"seed": "x"}, "seed must be a whole number, a Generator or None, not 'x'"),
        ({"starts": 0}, "starts must be a whole number, 1 or more, not 0"),
        ({"learner": "ppo", "starts": 2}, "starts= is for the learner 'actor-critic'"),
        ({"learner": "ppo", "checkpoint": "x.npz"}, "checkpoint= is for the learner"),
    ],
)
def test_what_is_refused(options, sentence):
    with pytest.raises(BadCommitment, match=sentence):
        eq.train_leader(known("escape"), **options)


def test_what_is_no_leaders_problem_is_refused():
    with pytest.raises(BadCommitment, match="takes a StackelbergPOMDP, not NormalFormGame"):
        eq.train_leader(eq.models.load("escape"))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"batch": 1}, "batch must be 2 or more"),
        ({"looks": True}, "looks must be a whole number"),
        ({"rate": -1.0}, "rate must not be negative"),
        ({"fading": np.inf}, "fading must not be negative, but is inf"),
    ],
)
def test_options_out_of_range(options, sentence):
    with pytest.raises(BadCommitment, match=sentence):
        co.ActorCritic(**options)


def test_vector_environments_and_settings_are_leaders_problems_too():
    pomdp = known("escape")
    for problem in (pomdp.setting, co.VectorStackelbergPOMDP(pomdp, 3)):
        assert eq.train_leader(problem, seed=0, steps=600).value == 30
