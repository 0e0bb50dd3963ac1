"""The marketplace before sellers who learn: prices known from theory, rules that work, refusals."""

import numpy as np
import pytest

import eqsolve as eq
from eqsolve import commitment as co
from eqsolve.commitment.blocks import blocks_of
from eqsolve.commitment.team import team_bound
from eqsolve.errors import BadCommitment

platform = eq.models.platform_pricing


def fixed_point(market, alone):
    """Prices from the first-order conditions, p = c + mu / (1 - q), of alike sellers."""
    prices = market.cost + market.spread
    for _ in range(500):
        sold = market.shares(prices)
        taken = sold if alone else sold.sum()
        prices = 0.8 * prices + 0.2 * (market.cost + market.spread / (1 - taken))
    return prices


@pytest.mark.parametrize("sellers", [2, 3])
def test_benchmarks_are_those_of_the_first_order_conditions(sellers):
    game = platform(sellers, 3)
    found = game.benchmarks()
    for prices, alone in ((found.competitive, True), (found.monopoly, False)):
        assert prices == pytest.approx(fixed_point(game.market, alone), abs=1e-7)
    assert all(each.certificate.max_gain < 1e-9 for each in found.equilibria)
    assert "competition" in str(found)
    assert "<table>" in found._repr_html_()


def test_benchmarks_are_the_published_ones():
    found = platform().benchmarks()
    assert found.competitive == pytest.approx([1.473, 1.473], abs=5e-4)
    assert found.monopoly == pytest.approx([1.925, 1.925], abs=5e-4)
    assert found.profits[0] == pytest.approx([0.223, 0.223], abs=5e-4)
    assert found.profits[1] == pytest.approx([0.337, 0.337], abs=6e-4)
    assert found.surplus[0] > found.surplus[1]


def test_competitive_prices_leave_no_seller_a_better_one():
    game = platform(quality=(2.0, 1.7), cost=(1.0, 0.8))
    prices = game.benchmarks().competitive
    for k in range(2):
        other = np.tile(prices, (4001, 1))
        other[:, k] = np.linspace(0.8, 3.0, 4001)
        best = game.market.profits(other)[:, k].max()
        assert best <= game.market.profits(prices)[k] + 1e-9


def test_surplus_is_the_area_under_demand():
    market = platform().market
    prices = np.stack([np.linspace(1.3, 1.6, 20001), np.full(20001, 1.4)], axis=1)
    sold = market.shares(prices)[:, 0]
    area = float(((sold[1:] + sold[:-1]) / 2).sum() * (prices[1, 0] - prices[0, 0]))
    assert market.surplus(prices[0]) - market.surplus(prices[-1]) == pytest.approx(area, abs=1e-9)
    assert market.surplus(np.array([1.2, 1.2]), np.array([False, False])) == pytest.approx(0.0)


def test_payoffs_of_a_round_are_those_of_the_market():
    game = platform(3, 3, fees=(0.0, 0.1), fee_weight=0.5)
    assert (game.leader_observations, game.leader_actions) == (27, 14)
    rng = np.random.default_rng(0)
    rule = rng.integers(14, size=27)
    levels = rng.integers(3, size=(40, 3))
    many = co.Commitment(np.tile(rule, (40, 1)))
    paid = co.Subgame(game, many).outcome(np.zeros(40, dtype=int), levels)
    prices = game.prices[levels]
    act = rule[np.ravel_multi_index(tuple(levels.T), (3, 3, 3))]
    shown, fee = game.shown[act // 2], game.fees[act % 2]
    sold = game.market.shares(prices, shown)
    kept = fee * (prices * sold).sum(axis=1)
    assert paid[:, 0] == pytest.approx(game.market.surplus(prices, shown) + 0.5 * kept)
    earned = (prices * (1 - fee[:, None]) - game.market.cost) * sold
    assert paid[:, 1:] == pytest.approx(earned)
    assert (sold[~shown] == 0).all()
    assert shown.any(axis=1).all()


def test_rules_by_name():
    game = platform(3, 2)
    assert game.shown[game.rule("none") // 2].all()
    cheapest = game.shown[game.rule("cheapest") // 2]
    assert (cheapest.sum(axis=1) == 1).all()
    assert (game.profiles[cheapest] == game.profiles.min(axis=1)).all()
    with pytest.raises(BadCommitment, match="rule must be one of .* not 'dearest'"):
        game.rule("dearest")


def lead(plays=400, **options):
    game = platform(**options)
    return eq.StackelbergPOMDP(
        game, response=game.learners(plays), response_plays=plays, reward_plays=20
    )


def test_sellers_who_learn_collude_and_prominence_for_low_prices_prevents_it():
    pomdp = lead(600)
    game, bench = pomdp.game, pomdp.game.benchmarks()
    free = pomdp.play(game.rule("none"), seed=0, batch=128).rewards
    assert bench.surplus[1] < free.mean() < bench.surplus[0] - 0.05
    rules = [game.rule("cheapest")] * 4
    effect = co.compare_policies(pomdp, rules, game.rule("none"), episodes=64)
    assert effect.excludes_zero
    assert 0.05 < effect.interval[0] < effect.mean < 0.12


def test_a_learned_rule_raises_surplus_over_no_intervention():
    pomdp = lead(150)
    learned = eq.train_leader(pomdp, seed=0, steps=2000)
    twice = [learned.policy, learned.policy]
    effect = co.compare_policies(pomdp, twice, pomdp.game.rule("none"), episodes=256)
    assert effect.differences.min() > 0.05
    assert learned.interval[0] > effect.baseline.max()
    # No rule does better than everybody shown at the lowest prices.
    most = team_bound(blocks_of(pomdp.game)).value
    assert most == pytest.approx(float(pomdp.game.market.surplus(np.array([1.2, 1.2]))))
    assert effect.values.max() <= most + 1e-9


def test_it_cannot_be_listed_and_says_that_sellers_explore():
    with pytest.raises(BadCommitment, match="is random: it explores at random"):
        eq.optimal_commitment(lead())
    assert blocks_of(platform()).total > 1e19


def test_comparison_is_zero_against_itself_and_needs_two():
    pomdp = lead(50)
    none = pomdp.game.rule("none")
    same = co.compare_policies(pomdp, [none, none], none, episodes=4)
    assert same.mean == 0.0
    assert not same.excludes_zero
    assert "mean difference 0" in str(same)
    assert "<table>" in same._repr_html_()
    with pytest.raises(BadCommitment, match="needs two or more of them, not 1"):
        co.compare_policies(pomdp, [none], none)


def test_sellers_may_be_met_one_question_at_a_time():
    pomdp = lead(30)
    observation, _ = pomdp.reset(seed=0)
    done, rule, asked = False, pomdp.game.rule("cheapest"), 0
    while not done:
        observation, reward, done, _, _ = pomdp.step(rule[observation])
        asked += 1
    assert asked == 50
    assert 0.0 < reward < 0.1


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"sellers": 1}, "sellers must be 2 or more, not 1"),
        ({"levels": 1}, "levels must be 2 or more, not 1"),
        ({"sellers": 9, "levels": 9}, "have 3.87e[+]08 profiles, more than 100000"),
        ({"fees": (0.0, 1.0)}, r"fees must lie in \[0, 1\), not \[0.0, 1.0\]"),
        ({"fees": ()}, "fees must lie in"),
        ({"spread": 0.0}, "spread must be positive, not 0.0"),
        ({"low": 2.0, "high": 1.0}, "low must be below high, not 2.0 and 1.0"),
        ({"fee_weight": -1.0}, "fee_weight must be 0 or more, not -1.0"),
        ({"quality": (1.0, 2.0, 3.0)}, "quality must be a number, or one for each of 2 sellers"),
        ({"cost": float("nan")}, "cost must be a number"),
    ],
    ids=lambda value: "" if isinstance(value, str) else "-".join(value),
)
def test_refusals_name_the_argument(options, sentence):
    with pytest.raises(BadCommitment, match=sentence):
        platform(**options)
