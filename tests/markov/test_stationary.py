"""Stationary laws entry by entry: closed forms, rationals, other routes, degenerate chains."""

import numpy as np
import pytest
from known_chains import (
    birth_death,
    double_well,
    exact_solution,
    lopsided,
    nearly_apart,
    queues,
    queues_law,
    random_sparse,
    walk,
    walk_law,
    worst_ratio,
)
from scipy import sparse

from eqsolve.errors import BadExperiment
from eqsolve.markov import solve_chain, stationary_law

INSTANCE_A = [
    ([[0.5, 0.5, 0], [0.1, 0.4, 0.5], [0, 0.2, 0.8]], np.array([2, 10, 25]) / 37),
    ([[0.8, 0.2, 0], [0.5, 0.4, 0.1], [0, 0.5, 0.5]], np.array([25, 10, 2]) / 37),
]


@pytest.mark.parametrize(("transitions", "law"), INSTANCE_A)
def test_instance_a(transitions, law):
    assert stationary_law(transitions) == pytest.approx(law, rel=1e-15)


@pytest.mark.parametrize("up", [0.75, 0.25, 0.5, 0.999])
@pytest.mark.parametrize("states", [2, 3, 17, 100, 170, 400, 2_000])
def test_walks_have_geometric_laws(states, up):
    law, wanted = stationary_law(walk(states, up)), walk_law(states, up)
    seen = wanted > 1e-290
    assert np.abs(law[seen] / wanted[seen] - 1).max() < 1e-11
    assert law[~seen].max(initial=0.0) < 1e-280


def test_masses_of_1e_80_keep_twelve_digits():
    law = stationary_law(walk(170, 0.25))
    assert law[-1] < 1e-80
    assert np.abs(law / law[0] * 3.0 ** np.arange(170) - 1).max() < 1e-12


@pytest.mark.parametrize("seed", range(20))
def test_birth_and_death_with_rates_over_twelve_decades(seed):
    rng = np.random.default_rng(seed)
    up, down = 10.0 ** -rng.uniform(0.4, 12, (2, 150))
    law = stationary_law(birth_death(up, down))
    exponents = np.concatenate([[0.0], np.cumsum(np.log(up) - np.log(down))])
    wanted = np.exp(exponents - exponents.max())
    wanted /= wanted.sum()
    seen = wanted > 1e-290
    assert np.abs(law[seen] / wanted[seen] - 1).max() < 1e-11


@pytest.mark.parametrize(("sizes", "arrivals", "services"), [
    ((10, 10), (0.2, 0.2), (0.3, 0.25)),
    ((50, 50), (0.2, 0.2), (0.25, 0.3)),
    ((70, 3), (0.01, 0.2), (0.4, 0.3)),
    ((8, 9, 7), (0.05, 0.1, 0.02), (0.3, 0.2, 0.25)),
    ((4, 4, 4, 4), (0.05, 0.1, 0.02, 0.05), (0.2, 0.2, 0.1, 0.1)),
])  # fmt: skip
def test_queues_have_product_form_in_every_state(sizes, arrivals, services):
    law, wanted = (
        stationary_law(queues(sizes, arrivals, services)),
        queues_law(sizes, arrivals, services),
    )
    assert np.abs(law / wanted - 1).max() < 1e-11


def test_a_queue_of_1e5_states_down_to_1e_89():
    sizes, arrivals, services = (320, 320), (0.2, 0.2), (0.3, 0.25)
    chain = solve_chain(queues(sizes, arrivals, services))
    wanted = queues_law(sizes, arrivals, services)
    assert wanted.min() < 1e-85
    assert np.abs(chain.law / wanted - 1).max() < 1e-11
    assert chain.method == "elimination"
    assert chain.imbalance < 1e-13


def test_a_walk_of_1e5_states_keeps_its_digits_where_there_are_any():
    law, wanted = stationary_law(walk(100_000, 0.75)), walk_law(100_000, 0.75)
    seen = wanted > 1e-290
    assert 500 < seen.sum() < 1000
    assert np.abs(law[seen] / wanted[seen] - 1).max() < 1e-11
    assert law[~seen].max() < 1e-280


def test_a_random_chain_of_1e5_states_by_repeated_steps():
    chain = solve_chain(random_sparse(100_000, 10, seed=0))
    assert chain.method == "repeated steps"
    assert np.abs(chain.law @ chain.transitions / chain.law - 1).max() < 1e-13


@pytest.mark.parametrize("seed", range(40))
def test_small_chains_against_rational_arithmetic(seed):
    rng = np.random.default_rng(seed)
    matrix = lopsided(int(rng.integers(2, 10)), rng)
    law, _, _ = exact_solution(matrix, np.zeros(len(matrix)))
    assert worst_ratio(stationary_law(matrix), law) < 1e-13


@pytest.mark.parametrize("seed", range(20))
def test_transient_states_have_no_mass_and_spoil_none(seed):
    rng = np.random.default_rng(seed)
    closed, tail = int(rng.integers(1, 6)), int(rng.integers(1, 5))
    size = closed + tail
    matrix = np.zeros((size, size))
    matrix[:closed, :closed] = lopsided(closed, rng) if closed > 1 else 1.0
    matrix[closed:] = rng.dirichlet(np.full(size, 0.3), tail)
    matrix[closed:, 0] += 1e-9
    matrix[closed:] /= matrix[closed:].sum(axis=1, keepdims=True)
    shuffled = rng.permutation(size)
    law = stationary_law(matrix[np.ix_(shuffled, shuffled)])
    alone = stationary_law(matrix[:closed, :closed])
    assert (law[shuffled >= closed] == 0).all()
    assert law[shuffled < closed] == pytest.approx(alone[shuffled[shuffled < closed]], rel=1e-13)


def test_one_state_and_permutations():
    assert stationary_law([[1.0]]).tolist() == [1.0]
    rng = np.random.default_rng(0)
    for states in (2, 7, 200, 3_001):
        order = rng.permutation(states)
        cycle = sparse.csr_array((np.ones(states), (order, np.roll(order, 1))))
        assert stationary_law(cycle) == pytest.approx(np.full(states, 1 / states), rel=1e-12)


@pytest.mark.parametrize("weak", [1e-5, 1e-20, 1e-100, 1e-280])
def test_two_states_that_hardly_ever_change(weak):
    chain = [[1 - weak, weak], [2 * weak, 1 - 2 * weak]]
    assert stationary_law(chain) == pytest.approx([2 / 3, 1 / 3], rel=1e-14)


@pytest.mark.parametrize("states", [40, 200, 900, 1_200])
def test_double_wells_share_evenly_across_any_barrier_that_floats_can_hold(states):
    law = stationary_law(double_well(states))
    assert law[: states // 2] == pytest.approx(law[::-1][: states // 2], rel=1e-11)
    assert law[0] / law[1] == pytest.approx(3.0, rel=1e-12)


def test_a_barrier_beyond_floats_is_refused_and_both_sides_named():
    with pytest.raises(
        BadExperiment,
        match=r"^Arm 'a' goes from around state .* to around state .* and back with probabilities below 1e-300",
    ):
        stationary_law(double_well(1_500), name="arm 'a'")


def test_transient_states_that_are_never_left_are_named():
    chain = sparse.csr_array([[1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [0.0, 1e-300, 1.0]])
    with pytest.raises(BadExperiment) as caught:
        stationary_law(chain, states=["calm", "busy", "stuck"])
    assert str(caught.value) == (
        "The chain leaves transient states around stuck with a probability below 1e-290, for all purposes never: leave them out."
    )


@pytest.mark.parametrize("coupling", [1e-3, 1e-8, 1e-14])
def test_nearly_decomposable_chains_by_elimination(coupling):
    states = 150
    law = stationary_law(nearly_apart(states, coupling))
    # The cut is crossed as often one way as the other.
    assert law[0] * coupling == pytest.approx(law[states] * 2 * coupling, rel=1e-12)


def test_weights_scale_and_states_may_be_relabelled():
    rng = np.random.default_rng(3)
    matrix = random_sparse(500, 3, 1).toarray()
    order = rng.permutation(500)
    law = stationary_law(matrix)
    assert stationary_law(matrix[np.ix_(order, order)]) == pytest.approx(law[order], rel=1e-12)
    lazy = 1e-30 * matrix + (1 - 1e-30) * np.eye(500)  # off its diagonal the same chain
    assert stationary_law(sparse.csr_array(lazy)) == pytest.approx(law, rel=1e-12)


def test_hubs_and_resets_do_not_matter():
    states = 5_000
    tree = walk(states, 0.45).tolil()
    tree = 0.99 * tree.tocsr() + 0.01 * sparse.csr_array(
        (np.ones(states), (np.arange(states), np.zeros(states, dtype=int))), shape=(states,) * 2
    )
    chain = solve_chain(tree)
    assert chain.imbalance < 1e-13


def test_reducible_chains_are_refused_with_their_classes():
    with pytest.raises(BadExperiment) as caught:
        stationary_law(np.eye(3), name="arm 'new'", states=["calm", "busy", "full"])
    assert str(caught.value) == (
        "Arm 'new' has 3 closed classes, such as {calm} and {busy}: a run stays in the first it enters "
        "and has no single stationary law; keep one class, or make the others reach it."
    )


def test_bad_rows_are_named():
    with pytest.raises(
        BadExperiment, match=r"^Row 1 of the transitions of arm 'b' sums to 0\.5, not to one\.$"
    ):
        stationary_law([[1, 0], [0.5, 0]], name="arm 'b'")
