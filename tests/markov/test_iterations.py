"""Chains too large for elimination: repeated steps and BiCGSTAB, against elimination where both go."""

import numpy as np
import pytest
from known_chains import nearly_apart, queues, queues_law, random_sparse, walk
from scipy import sparse

from eqsolve.errors import EqsolveError
from eqsolve.markov import engines, solve_chain
from eqsolve.markov.krylov import krylov_chain
from eqsolve.markov.repeated_steps import likely_state, repeat_steps


def steps(chain, members=None):
    members = np.arange(chain.shape[0]) if members is None else members
    forward = sparse.csr_array(chain.T)
    return repeat_steps(chain, forward, members, likely_state(forward, members))


@pytest.fixture
def eliminated(monkeypatch):
    """Solve by elimination, whatever the size."""

    def solve(chain):
        with monkeypatch.context() as patch:
            patch.setattr(engines, "_SMALL", chain.shape[0])
            return solve_chain(chain)

    return solve


@pytest.mark.parametrize("seed", range(3))
def test_steps_agree_with_elimination_entry_by_entry(seed, eliminated):
    chain = random_sparse(800, 6, seed)
    found, wanted = steps(chain), eliminated(chain)
    assert wanted.method == "elimination"
    assert found.law == pytest.approx(wanted.law, rel=1e-12, abs=0)
    right = np.random.default_rng(seed).normal(size=(800, 2))
    right -= wanted.law @ right
    bias = found.solve(right)
    assert bias - wanted.law @ bias == pytest.approx(wanted.deviation(right), abs=1e-12)


def test_steps_keep_tiny_masses():
    """A fast chain with a corridor that is entered once in 10^80 steps."""
    fast, corridor = random_sparse(500, 6, 0), 80
    size = 500 + corridor
    chain = sparse.lil_array((size, size))
    chain[:500, :500] = fast
    for k in range(corridor):
        came = 0 if k == 0 else 499 + k
        chain[came, :] = chain[[came], :] * 0.9
        chain[came, 500 + k] = 0.1
        chain[500 + k, 0] = 1.0
    chain = chain.tocsr()
    found = steps(chain)
    assert found.law[-1] / found.law[0] == pytest.approx(0.1**corridor, rel=1e-11)


@pytest.mark.parametrize("chain", [
    walk(2_000, 0.5),
    queues((40, 40), (0.2, 0.2), (0.3, 0.25)),
    nearly_apart(400, 1e-6),
    nearly_apart(400, 1e-30),
    sparse.csr_array(sparse.kron([[0, 1], [1, 0]], random_sparse(400, 6, 0))),
], ids=["walk", "queue", "nearly apart", "nearly apart beyond rounding", "periodic"])  # fmt: skip
def test_steps_are_given_up_where_they_would_mislead(chain):
    assert steps(chain) is None


def test_steps_notice_a_transient_state_that_is_hardly_left():
    chain = random_sparse(500, 6, 0).tolil()
    chain.resize((501, 501))
    chain[500, 500], chain[500, 0] = 1.0 - 1e-9, 1e-9
    assert steps(chain.tocsr(), np.arange(500)) is None
    chain[500, 500], chain[500, 0] = 0.5, 0.5
    found = steps(chain.tocsr(), np.arange(500))
    assert found.law[500] == 0


@pytest.mark.parametrize(("sizes", "arrivals", "services"), [
    ((7, 7, 7, 7), (0.05, 0.02, 0.05, 0.04), (0.1, 0.1, 0.15, 0.2)),
    ((12, 12, 12), (0.02, 0.02, 0.02), (0.2, 0.2, 0.2)),
])  # fmt: skip
def test_krylov_knows_queues_of_many_dimensions_down_to_rare_states(sizes, arrivals, services):
    chain = queues(sizes, arrivals, services)
    found = krylov_chain(chain, np.arange(chain.shape[0]))
    wanted = queues_law(sizes, arrivals, services)
    assert np.abs(found.law / wanted - 1).max() < 1e-11


@pytest.mark.parametrize("coupling", [1e-2, 1e-6, 1e-10, 1e-14])
def test_krylov_solves_nearly_decomposable_chains_in_relative_terms(coupling, eliminated):
    chain = nearly_apart(700, coupling)
    found, wanted = krylov_chain(chain, np.arange(1_400)), eliminated(chain)
    assert found.law == pytest.approx(wanted.law, rel=1e-11, abs=0)
    right = np.random.default_rng(1).normal(size=(1_400, 2))
    right -= wanted.law @ right
    bias = found.solve(right)
    exact = wanted.deviation(right)
    assert bias - wanted.law @ bias == pytest.approx(exact, abs=1e-10 * np.abs(exact).max())


def test_krylov_solves_periodic_chains(eliminated):
    chain = sparse.csr_array(sparse.kron([[0, 1], [1, 0]], random_sparse(400, 6, 0)))
    chain = sparse.csr_array(chain)
    found, wanted = krylov_chain(chain, np.arange(800)), eliminated(chain)
    assert found.law == pytest.approx(wanted.law, rel=1e-12)
    right = np.random.default_rng(1).normal(size=(800, 1))
    right -= wanted.law @ right
    bias = found.solve(right)
    assert bias - wanted.law @ bias == pytest.approx(wanted.deviation(right), abs=1e-10)


def test_krylov_counts_what_transient_states_earn(eliminated):
    chain = random_sparse(300, 6, 0).tolil()
    chain.resize((310, 310))
    for x in range(300, 310):
        chain[x, x], chain[x, x - 7] = 0.25, 0.75
    chain = sparse.csr_array(chain)
    found, wanted = krylov_chain(chain, np.arange(300)), eliminated(chain)
    assert (found.law[300:] == 0).all()
    right = np.random.default_rng(1).normal(size=(310, 1))
    right -= wanted.law @ right
    bias = found.solve(right)
    assert bias - wanted.law @ bias == pytest.approx(wanted.deviation(right), abs=1e-9)


def test_krylov_leaves_alone_what_it_cannot_do():
    assert krylov_chain(walk(1_000, 0.75), np.arange(1_000)) is None
    absorbing = sparse.csr_array([[1.0, 0.0], [0.5, 0.5]])
    assert krylov_chain(absorbing, np.array([0])) is None


def test_the_engine_is_chosen_by_what_the_chain_allows(monkeypatch):
    assert solve_chain(walk(100, 0.5)).method == "elimination"
    assert solve_chain(random_sparse(2_000, 6, 0)).method == "repeated steps"
    assert solve_chain(walk(2_000, 0.5)).method == "elimination"
    monkeypatch.setattr(engines, "_WORK", 1e5)
    assert solve_chain(queues((6, 6, 6, 6), (0.05,) * 4, (0.07,) * 4)).method == "BiCGSTAB"
    assert solve_chain(walk(2_000, 0.75)).method == "elimination"  # where BiCGSTAB gives up
    monkeypatch.setattr(engines, "_MEMORY", 1e3)
    with pytest.raises(EqsolveError) as caught:
        solve_chain(walk(2_000, 0.75), name="arm 'b'")
    assert str(caught.value) == (
        "The stationary law of arm 'b' with 2000 states is out of reach: it mixes too slowly for iteration, "
        "and its elimination would take 0 GB; fewer states or coarser bins would help."
    )


def test_the_same_chain_by_three_engines(monkeypatch, eliminated):
    chain = random_sparse(1_000, 6, 3)
    rewards = np.random.default_rng(0).normal(size=1_000)
    stepped, exact = solve_chain(chain), eliminated(chain)
    monkeypatch.setattr(engines, "repeat_steps", lambda *given: None)
    monkeypatch.setattr(engines, "_WORK", 0.0)
    krylov = solve_chain(chain)
    methods = [c.method for c in (stepped, exact, krylov)]
    assert methods == ["repeated steps", "elimination", "BiCGSTAB"]
    for other in (stepped, krylov):
        assert other.law == pytest.approx(exact.law, rel=1e-12)
        assert other.poisson(rewards).bias == pytest.approx(exact.poisson(rewards).bias, abs=1e-11)
        assert other.relaxation_time() == pytest.approx(exact.relaxation_time(), rel=0.02)


def test_a_solved_chain_shows_what_it_is():
    chain = solve_chain(walk(100, 0.75), name="arm 'b'")
    shown = str(chain).splitlines()
    assert shown[0].split() == ["arm", "'b'", "value"]
    assert shown[1].split() == ["states", "100"]
    assert shown[-1].split() == ["solved", "by", "elimination"]
    assert "<table>" in chain._repr_html_()
