"""Poisson's equation: rationals, closed forms, several rewards, transient states, bad input."""

from fractions import Fraction

import numpy as np
import pytest
from known_chains import (
    double_well,
    exact_solution,
    lopsided,
    nearly_apart,
    queues,
    random_sparse,
    walk,
    walk_law,
)
from scipy import sparse

from eqsolve.errors import BadExperiment, EqsolveError
from eqsolve.markov import poisson, solve_chain, stationary_law

INSTANCE_A = [
    ([[0.5, 0.5, 0], [0.1, 0.4, 0.5], [0, 0.2, 0.8]], [1, 0, 2], 2.642746),
    ([[0.8, 0.2, 0], [0.5, 0.4, 0.1], [0, 0.5, 0.5]], [0, 1, 3], 3.119124),
]


@pytest.mark.parametrize(("transitions", "rewards", "variance"), INSTANCE_A)
def test_instance_a_has_its_published_variance(transitions, rewards, variance):
    p, law = np.array(transitions), stationary_law(transitions)
    found = poisson(p, rewards, law)
    g = found.bias
    step = 1.0 + p @ g**2 - (p @ g) ** 2
    assert law @ step == pytest.approx(variance, abs=5e-7)
    assert found.average == pytest.approx(law @ rewards, rel=1e-14)


def test_instance_a_has_its_published_effect():
    (first, r1, _), (second, r2, _) = INSTANCE_A
    effect = poisson(second, r2).average - poisson(first, r1).average
    assert effect == pytest.approx(-0.9729730, abs=5e-8)


@pytest.mark.parametrize("seed", range(40))
def test_small_chains_against_rational_arithmetic(seed):
    rng = np.random.default_rng(seed)
    matrix = lopsided(int(rng.integers(2, 9)), rng)
    rewards = rng.integers(-5, 6, len(matrix)).astype(float)
    _, exact, average = exact_solution(matrix, rewards)
    found = poisson(matrix, rewards)
    largest = max(abs(value) for value in exact)
    error = max(abs(Fraction(float(v)) - e) for v, e in zip(found.bias, exact, strict=True))
    assert error <= Fraction(1e-12) * largest
    assert abs(Fraction(found.average) - average) <= Fraction(1e-14) * Fraction(
        np.abs(rewards).max()
    )


def test_differences_within_a_well_survive_a_slow_chain():
    # Two wells of two states: the bias between wells is huge, its law-weighted mean is zero.
    weak = 2.0**-60
    chain = [
        [0.5, 0.5, 0, 0],
        [0.5, 0.5 - weak, weak, 0],
        [0, weak, 0.5 - weak, 0.5],
        [0, 0, 0.5, 0.5],
    ]
    found = poisson(chain, [1, 1, -1, -1])
    assert found.average == 0.0
    assert found.bias == pytest.approx(np.array([1, 1, -1, -1]) / weak, rel=1e-13)


@pytest.mark.parametrize("states", [20, 80, 160, 600])
def test_bias_across_a_barrier_is_right_in_relative_terms(states):
    """From the left half reward 1, from the right half -1: odd about the middle."""
    chain = double_well(states)
    rewards = np.where(np.arange(states) < states // 2, 1.0, -1.0)
    found = poisson(chain, rewards)
    # Increments of a birth and death chain: (g(x + 1) - g(x)) pi(x) up(x) = - sum of pi r to x.
    law = stationary_law(chain)
    up = chain.diagonal(1)
    increments = -np.cumsum(law * rewards)[:-1] / (law[:-1] * up)
    half = states // 2
    g = np.cumsum(np.insert(increments[:half], 0, 0.0))
    wanted = g - g[half] / 2 - g[half - 1] / 2
    assert found.bias[: half - 1] == pytest.approx(wanted[: half - 1], rel=1e-10)
    assert found.bias[::-1] == pytest.approx(-found.bias, rel=1e-10)
    assert np.abs(found.bias).max() > 3.0 ** (half - 1)


@pytest.mark.parametrize("up", [0.25, 0.5, 0.7])
@pytest.mark.parametrize("states", [10, 300, 20_000])
def test_drifted_walks_have_the_bias_of_birth_and_death(up, states):
    rewards = np.sin(np.arange(states) / 3)
    law = walk_law(states, up)
    excess = rewards - law @ rewards
    # Each increment from the side that holds less, where nothing cancels.
    below, above = np.cumsum(law * excess)[:-1], np.cumsum((law * excess)[::-1])[::-1][1:]
    left = np.cumsum(law)[:-1] < 0.5
    flow = np.maximum(law[:-1], law[1:] * (1 - up) / up) * up
    seen = flow > 1e-280
    increments = np.where(left, -below, above)[seen] / flow[seen]
    found = np.diff(poisson(walk(states, up), rewards).bias)
    assert np.abs(found[seen] - increments).max() <= 1e-9 * max(1.0, np.abs(increments).max())


def test_hitting_times_of_a_rare_state_are_huge_and_right():
    """Reward 1 in state 0 of a walk that drifts away from it, in units of its mass."""
    states = 120
    chain, law = walk(states, 0.75), walk_law(states, 0.75)
    rewards = np.zeros(states)
    rewards[0] = 1 / law[0]
    found = poisson(chain, rewards)
    assert found.average == pytest.approx(1.0, rel=1e-13)
    # g(x) - g(x + 1) is the mean number of visits to 0, in those units, before x + 1 less time.
    time_up = np.cumsum(law)[:-1] / (law[:-1] * 0.75)
    visits = 1.0 / (law[:-1] * 0.75)
    assert -np.diff(found.bias) == pytest.approx(visits - time_up, rel=1e-10)


@pytest.mark.parametrize("seed", range(15))
def test_transient_states_count_what_they_earn_on_the_way(seed):
    rng = np.random.default_rng(seed)
    closed, tail = 4, 5
    matrix = np.zeros((closed + tail,) * 2)
    matrix[:closed, :closed] = rng.dirichlet(np.ones(closed), closed)
    matrix[closed:] = rng.dirichlet(np.ones(closed + tail), tail)
    rewards = rng.normal(size=closed + tail)
    found = poisson(matrix, rewards)
    law = np.append(stationary_law(matrix[:closed, :closed]), np.zeros(tail))
    fundamental = np.linalg.inv(
        np.eye(closed + tail) - matrix + np.outer(np.ones(closed + tail), law)
    )
    assert found.bias == pytest.approx(
        fundamental @ (rewards - law @ rewards), rel=1e-10, abs=1e-12
    )


def test_several_rewards_are_the_rewards_one_by_one():
    chain = solve_chain(random_sparse(350, 3, 2))
    rewards = np.random.default_rng(0).normal(size=(350, 3))
    together = chain.poisson(rewards)
    assert together.bias.shape == (350, 3)
    for k in range(3):
        alone = chain.poisson(rewards[:, k])
        assert together.bias[:, k] == pytest.approx(alone.bias, rel=1e-11, abs=1e-13)
        assert together.average[k] == pytest.approx(alone.average, rel=1e-13)


@pytest.mark.parametrize("make", [
    lambda: walk(300, 0.5),
    lambda: double_well(60),
    lambda: random_sparse(3_000, 5, 0),
    lambda: queues((40, 40), (0.2, 0.2), (0.3, 0.25)),
])  # fmt: skip
def test_a_constant_reward_has_no_bias_whatever_the_chain(make):
    chain = make()
    found = poisson(chain, np.full(chain.shape[0], 7.3))
    assert found.average == 7.3
    assert (found.bias == 0).all()


@pytest.mark.parametrize("make", [
    lambda: queues((40, 40), (0.2, 0.2), (0.3, 0.25)),
    lambda: random_sparse(3_000, 5, 0),
    lambda: nearly_apart(300, 1e-6),
])  # fmt: skip
def test_the_bias_is_linear_and_shifts_are_forgotten(make):
    chain = solve_chain(make())
    rng = np.random.default_rng(1)
    first, second = rng.normal(size=(2, chain.law.size))
    both = chain.poisson(2 * first - 3 * second + 5)
    parts = chain.poisson(np.column_stack([first, second]))
    scale = np.abs(parts.bias).max()
    assert both.bias == pytest.approx(parts.bias @ [2, -3], abs=1e-9 * scale)
    assert chain.law @ both.bias == pytest.approx(0.0, abs=1e-12 * scale)


def test_a_periodic_chain_has_a_bias():
    found = poisson([[0, 1], [1, 0]], [1, 0])
    assert found.average == 0.5
    assert found.bias == pytest.approx([0.25, -0.25])


def test_one_state():
    found = poisson([[1.0]], [3.0])
    assert (found.average, found.bias.tolist()) == (3.0, [0.0])


def test_a_law_that_is_not_the_chains_is_refused():
    chain = [[0.5, 0.5], [0.25, 0.75]]
    assert poisson(chain, [1, 0], [1 / 3, 2 / 3]).average == pytest.approx(1 / 3)
    with pytest.raises(BadExperiment) as caught:
        poisson(chain, [1, 0], [0.5, 0.5])
    assert str(caught.value) == (
        "The law given is not the stationary law of the transitions: they differ by 0.17 in total variation."
    )
    with pytest.raises(BadExperiment, match=r"must have shape \(2,\), not \(3,\)"):
        poisson(chain, [1, 0], [1, 0, 0])
    with pytest.raises(BadExperiment, match="differ by nan"):
        poisson(chain, [1, 0], [np.nan, 1])


@pytest.mark.parametrize(("rewards", "sentence"), [
    ([1.0, 2.0, 3.0], "The rewards of the chain must have shape (2,) or (2, k), one row a state, not (3,)."),
    (1.0, "The rewards of the chain must have shape (2,) or (2, k), one row a state, not ()."),
    ([0.0, np.nan], "The reward of the chain in state 1 is not a finite number."),
    ([[0.0, 1.0], [np.inf, 1.0]], "The reward of the chain in state 1 is not a finite number."),
    (["a", "b"], "The rewards of the chain must be numbers, one a state."),
])  # fmt: skip
def test_bad_rewards_are_named(rewards, sentence):
    with pytest.raises(BadExperiment) as caught:
        poisson([[0.5, 0.5], [0.25, 0.75]], rewards)
    assert str(caught.value) == sentence


def test_a_bias_beyond_floats_is_refused():
    chain = sparse.csr_array([[1.0, 1e-200], [1e-200, 1.0]])
    with pytest.raises(
        EqsolveError, match=r"^Poisson's equation of the chain overflows: from around state"
    ):
        poisson(chain, [0.0, 1e200])


def test_the_table_shows_average_and_bias():
    found = poisson([[0.5, 0.5], [0.25, 0.75]], [3.0, 0.0])
    assert str(found).splitlines() == [
        "Poisson's equation  value",
        "average             1",
        "bias                [2.66667, -1.33333]",
    ]
    assert "<table>" in found._repr_html_()
