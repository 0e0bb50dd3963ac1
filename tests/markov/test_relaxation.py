"""Relaxation times: closed forms, all eigenvalues, periodic, lopsided and barely connected chains."""

import numpy as np
import pytest
from known_chains import double_well, nearly_apart, queues, random_sparse, walk
from scipy import sparse

from eqsolve.errors import BadExperiment
from eqsolve.markov import period, relaxation_time, solve_chain
from eqsolve.markov.censoring import expected_visits


def cycle(states, hold=0.0):
    here = np.arange(states)
    entries = (
        np.repeat([hold, 1 - hold], states),
        (np.tile(here, 2), np.append(here, (here + 1) % states)),
    )
    return sparse.csr_array(entries, shape=(states, states))


@pytest.mark.parametrize("states", [2, 10, 100, 299, 301, 1_000, 10_000])
def test_symmetric_walks(states):
    wanted = 1 / (1 - np.cos(np.pi / states))
    assert relaxation_time(walk(states, 0.5)) == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("states", [10, 100, 299, 1_000, 10_000])
def test_drifted_walks_whose_computed_eigenvalues_would_be_nonsense(states):
    wanted = 1 / (1 - 2 * np.sqrt(0.75 * 0.25) * np.cos(np.pi / states))
    assert relaxation_time(walk(states, 0.75)) == pytest.approx(wanted, rel=2e-3)


@pytest.mark.parametrize("hold", [1e-3, 0.3])
@pytest.mark.parametrize("states", [7, 60, 800])
def test_lazy_cycles_have_complex_eigenvalues(states, hold):
    wanted = 1 / (1 - np.abs(hold + (1 - hold) * np.exp(2j * np.pi / states)))
    assert relaxation_time(cycle(states, hold)) == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize("states", [1, 2, 3, 50, 2_000])
def test_cycles_have_no_eigenvalues_but_those_of_their_period(states):
    assert relaxation_time(cycle(states)) == 1.0


@pytest.mark.parametrize("seed", range(25))
def test_random_chains_against_all_eigenvalues(seed):
    rng = np.random.default_rng(seed)
    states = int(rng.integers(2, 30))
    matrix = random_sparse(states, int(rng.integers(1, 4)), seed).toarray()
    divisor = period(matrix)
    moduli = np.sort(np.abs(np.linalg.eigvals(matrix)))[::-1]
    assert moduli[divisor - 1] == pytest.approx(1.0)
    second = moduli[divisor] if divisor < states else 0.0
    assert relaxation_time(matrix) == pytest.approx(1 / (1 - second), rel=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_large_chains_against_all_eigenvalues(seed):
    for chain in (
        random_sparse(350, 3, seed),
        random_sparse(350, 10, seed),
        queues((19, 18), (0.2, 0.1), (0.3, 0.25)),
    ):
        second = np.sort(np.abs(np.linalg.eigvals(chain.toarray())))[-2]
        assert relaxation_time(chain) == pytest.approx(1 / (1 - second), rel=0.03)


@pytest.mark.parametrize("exponent", [5, 20, 100, 200])
def test_two_states_far_beyond_rounding(exponent):
    weak = 10.0**-exponent
    chain = sparse.csr_array([[1 - weak, weak], [weak, 1 - weak]])
    assert relaxation_time(chain) == pytest.approx(1 / (2 * weak), rel=1e-12)


@pytest.mark.parametrize("states", [20, 80, 250, 600])
def test_double_wells_relax_as_slowly_as_their_barrier_says(states):
    chain = double_well(states)
    found = relaxation_time(chain)
    # The slow mode is odd about the middle: on the left half the chain that, when it would
    # cross with probability 1/4, is taken out with 1/2. Its inverse has few large eigenvalues.
    half = states // 2
    exits = np.zeros(half)
    exits[-1] = 0.5
    visits = expected_visits(chain.toarray()[None, :half, :half], exits[None])[0]
    mode = np.ones(half)
    for _ in range(30):
        mode = visits @ (mode / mode.max())
    assert found == pytest.approx(mode.max(), rel=1e-10)
    assert found > 3.0 ** (half - 1)
    if states == 80:
        assert found > 1e19


def test_an_unmeasurable_barrier_takes_for_ever_and_is_refused():
    with pytest.raises(BadExperiment, match="beyond floating point"):
        relaxation_time(double_well(1_500))


@pytest.mark.parametrize("coupling", [1e-4, 1e-10, 1e-16])
def test_nearly_decomposable_chains(coupling):
    chain = solve_chain(nearly_apart(400, coupling))
    law = chain.law
    first = law[:400].sum()
    wanted = 1 / (law[0] * coupling * (1 / first + 1 / (1 - first)))
    found = chain.relaxation_time()
    # Nearly: the walk to the one exit takes a few hundred steps more.
    assert found == pytest.approx(wanted, rel=0.02)
    assert found >= wanted * 0.98


def test_almost_periodic_chains_are_slow():
    assert relaxation_time([[1e-9, 1 - 1e-9], [1, 0]]) == pytest.approx(1e9, rel=1e-6)
    states = 1_001
    path = sparse.csr_array(
        sparse.diags_array([np.full(states - 1, 0.3), np.full(states - 1, 0.7)], offsets=[-1, 1])
    )
    path = path.tolil()
    path[0, 1], path[states - 1, states - 2] = 1.0, 1.0
    assert period(path) == 2
    small = path.copy()
    small[states - 1, states - 2], small[states - 1, states - 1] = 0.999, 0.001
    matrix = small.tocsr()
    law = solve_chain(matrix).law
    root = np.sqrt(law)
    seen = law > 1e-200
    balanced = (matrix.toarray()[np.ix_(seen, seen)] * root[seen, None]) / root[None, seen]
    values = np.linalg.eigvalsh((balanced + balanced.T) / 2)
    assert -values[0] > values[-2]
    assert relaxation_time(matrix) == pytest.approx(1 / (1 + values[0]), rel=1e-3)


def test_periodic_parts_are_left_out_in_large_chains():
    states = 900
    odd = cycle(3, 0.0)
    fast = sparse.csr_array(np.full((states // 3, states // 3), 3 / states))
    assert relaxation_time(sparse.kron(odd, fast)) == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize("hold", [0.2, 1 - 2.0**-40])
def test_a_transient_state_must_be_left(hold):
    chain = [[0.5, 0.5, 0], [0.5, 0.5, 0], [1 - hold, 0, hold]]
    assert relaxation_time(chain) == pytest.approx(max(1.0, 1 / (1 - hold)), rel=1e-12)


def test_classes_of_transient_states_have_perrons_eigenvalue():
    rng = np.random.default_rng(0)
    states, closed = 40, 3
    matrix = np.zeros((states, states))
    matrix[:closed, :closed] = 1 / closed
    matrix[closed:, closed:] = rng.dirichlet(np.ones(states - closed), states - closed) * 0.999
    matrix[closed:, 0] = 1 - matrix[closed:, closed:].sum(axis=1)
    perron = np.abs(np.linalg.eigvals(matrix[closed:, closed:])).max()
    assert relaxation_time(matrix) == pytest.approx(1 / (1 - perron), rel=1e-5)


def test_a_long_transient_corridor_is_no_slower_than_its_slowest_room():
    states = 500
    hold = np.full(states, 0.5)
    hold[0], hold[77] = 1.0, 0.9
    chain = sparse.diags_array([1 - hold[1:], hold], offsets=[-1, 0])
    assert relaxation_time(chain) == pytest.approx(10.0, rel=1e-12)


@pytest.mark.parametrize("states", [100, 1_000])
def test_a_drift_among_transient_states_is_bounded_from_above(states):
    chain = walk(states, 0.4).tolil()
    chain[0, 0], chain[0, 1] = 1.0, 0.0
    exact = 1 / (1 - 2 * np.sqrt(0.24) * np.cos(np.pi / states))
    found = relaxation_time(chain)
    assert exact * 0.999 <= found <= exact * (1.02 if states == 100 else 2.0)


def test_a_state_that_is_left_for_good_hardly_ever():
    chain = sparse.csr_array([[1.0, 0.0], [1e-100, 1.0]])
    assert relaxation_time(chain) == pytest.approx(1e100, rel=1e-12)


def test_a_large_slow_queue_in_which_iteration_alone_would_stall():
    one = walk(100, 0.45)
    eye = sparse.eye_array(100)
    both = (sparse.kron(one, eye) + sparse.kron(eye, one)) / 2
    wanted = 2 / (1 - 2 * np.sqrt(0.45 * 0.55) * np.cos(np.pi / 100))
    assert relaxation_time(both) == pytest.approx(wanted, rel=1e-4)


def test_bad_chains_are_refused():
    with pytest.raises(BadExperiment, match="2 closed classes"):
        relaxation_time(np.eye(2))
    with pytest.raises(BadExperiment, match="sums to 0.5"):
        relaxation_time([[0.5, 0.0], [0.5, 0.5]])
