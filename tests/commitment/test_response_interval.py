"""The interval of Bayesian coarse correlated play, and that learners end up in it."""

import numpy as np
import pytest

import eqsolve as eq
from eqsolve import commitment as co
from eqsolve.errors import BadCommitment

LAW = np.array([[0.4, 0.1], [0.1, 0.4]])  # correlated: product of the marginals is 1/4 everywhere


def correlated(seed):
    """A leader with three actions before two followers whose types are correlated."""
    paid = np.random.default_rng(seed).random((3, 1, 2, 2, 3, 2, 2))
    return eq.BayesianGame(LAW[None], paid)


def test_types_of_the_games_below_are_correlated():
    game = co.from_bayesian(correlated(0))
    assert not np.allclose(
        game.type_prior, np.outer(game.type_prior.sum(1), game.type_prior.sum(0))
    )


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("mediator", ["omniscient", "blind"])
def test_both_ends_are_equilibria_and_nothing_lies_outside(seed, mediator):
    game = co.from_bayesian(correlated(seed))
    policy = np.random.default_rng(seed).dirichlet(np.ones(3), size=1)
    interval = co.response_interval(game, policy, mediator=mediator)
    assert interval.worst <= interval.best
    assert interval.width == interval.best - interval.worst
    for end, value in ((interval.worst_play, interval.worst), (interval.best_play, interval.best)):
        given = end.distribution / LAW[:, :, None, None]
        behaviour = co.Behaviour(joint=given[None])
        assert interval.subgame.coarse_correlated_gap(behaviour)[0] < 1e-8
        assert interval.subgame.leader_value(behaviour)[0] == pytest.approx(value, abs=1e-8)
        assert interval.excess(behaviour)[0] == pytest.approx(0.0, abs=1e-8)
    whole = co.response_interval(game, policy)
    assert whole.worst <= interval.worst + 1e-9
    assert interval.best <= whole.best + 1e-9


@pytest.mark.parametrize("seed", range(2))
def test_average_play_of_learners_comes_into_the_interval_with_correlated_types(seed):
    game = co.from_bayesian(correlated(seed))
    learner = co.MultiplicativeWeights(epsilon=0.02, final="average_joint", feedback="expected")
    policy = np.array([seed])
    path = co.coarse_correlated_path(game, policy, learner, plays=[10, 100, 1000, 4000])
    assert path.holds
    assert path.gaps[-1, 0] < path.gaps[0, 0] / 10
    pomdp = eq.StackelbergPOMDP(game, response=learner, response_plays=4000)
    interval = co.response_interval(pomdp, policy, mediator="blind")
    went = pomdp.play(policy, exact=True)
    assert path.leader[-1] == pytest.approx(went.rewards)
    assert interval.excess(went.behaviour)[0] < 20 * path.gaps[-1, 0] + 1e-9
    assert interval.contains(went.rewards, tolerance=20 * path.gaps[-1, 0] + 1e-9).all()
    # Play outside the set pays outside the interval, or gains.
    stubborn = co.Behaviour(tuple(np.tile(np.eye(2)[0], (1, 2, 1)) for _ in range(2)))
    assert interval.excess(stubborn)[0] > 0 or (
        interval.subgame.coarse_correlated_gap(stubborn)[0] > 0
    )


def test_gap_and_bound_are_drawn():
    game = co.from_bayesian(correlated(0))
    learner = co.MultiplicativeWeights(final="average_joint")
    path = co.coarse_correlated_path(
        game, np.array([0]), learner, plays=[50, 500], replications=8, seed=0
    )
    axes = path.plot()
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == ["mean gap", "proven bound"]
    assert path.holds


def test_one_follower_leaves_open_what_its_ties_do():
    game = eq.models.load("maintain")
    at_ties = co.response_interval(game, [[0.25, 0.75, 0.0]])
    assert (at_ties.worst, at_ties.best) == pytest.approx((7.5, 27.5), abs=1e-7)
    assert "leader's payoff" in str(at_ties)
    assert "<table>" in at_ties._repr_html_()
    assert at_ties.contains(27.5)
    assert not at_ties.contains(28.0)
    named = co.response_interval(game, [0], leader=0)
    assert named.worst == pytest.approx(named.best)


def test_one_policy_at_a_time():
    with pytest.raises(BadCommitment, match="that of one policy; 2 were given"):
        co.response_interval(eq.models.load("escape"), [[0], [1]])


def test_the_interval_is_drawn_as_a_band_around_what_the_leader_gets():
    game = co.from_bayesian(correlated(1))
    learner = co.MultiplicativeWeights(final="average_joint", feedback="expected")
    path = co.coarse_correlated_path(game, np.array([0]), learner, plays=[10, 100])
    axes = co.response_interval(game, np.array([0])).plot(path)
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == ["equilibria", "average joint play"]
    assert axes.lines[0].get_ydata() == pytest.approx(path.leader[:, 0])
