"""What is done today, against simulation and hand calculation."""

import cvxpy as cp
import numpy as np
import pytest
from known_answers.experiments import opposite_cycles, random_pair, three_states
from scipy import sparse

import eqsolve.design.baselines as baselines
from eqsolve.design.baselines import (
    alone_in_equal_shares,
    best_regenerative,
    switchback_occupancy,
)
from eqsolve.errors import BadExperiment


def dense_switchback(kernels, length):
    """From the stationary law of the averaged powers, formed in full."""
    dense = [kernel.toarray() for kernel in kernels]
    mean = sum(np.linalg.matrix_power(kernel, length) for kernel in dense) / len(dense)
    values, vectors = np.linalg.eig(mean.T)
    start = np.real(vectors[:, np.argmin(np.abs(values - 1))])
    start /= start.sum()
    shares = [
        sum(start @ np.linalg.matrix_power(kernel, t) for t in range(length)) for kernel in dense
    ]
    return np.array(shares) / (len(dense) * length)


@pytest.mark.parametrize("length", [1, 2, 7, 30])
def test_switchback_against_powers_in_full(length):
    kernels = random_pair(6, arms=3, seed=1).transitions
    expected = dense_switchback(kernels, length)
    assert switchback_occupancy(kernels, length) == pytest.approx(expected, rel=1e-9)


def test_switchback_by_iteration_agrees_with_elimination(monkeypatch):
    kernels = random_pair(6, seed=2).transitions
    whole = switchback_occupancy(kernels, 5)
    monkeypatch.setattr(baselines, "DIRECT", 0)
    assert switchback_occupancy(kernels, 5) == pytest.approx(whole, rel=1e-9)


def test_blocks_of_one_step_are_coin_flipping():
    experiment = three_states()
    coin = experiment.occupancy(np.full((3, 2), 0.5))
    assert switchback_occupancy(experiment.transitions, 1) == pytest.approx(coin, rel=1e-12)


def test_long_blocks_are_each_arm_on_its_own():
    experiment = three_states()
    blocks = switchback_occupancy(experiment.transitions, 3000)
    assert blocks == pytest.approx(experiment.stationary / 2, abs=1e-3)
    assert experiment.variance(blocks) == pytest.approx(11.523740, rel=1e-3)


def test_blocks_in_a_simulated_run():
    kernels = [kernel.toarray() for kernel in three_states().transitions]
    rng = np.random.default_rng(0)
    counts, x, arm = np.zeros((2, 3)), np.zeros(2000, dtype=int), np.zeros(2000, dtype=int)
    ends = np.cumsum(kernels, axis=2)
    for step in range(400):
        if step % 4 == 0:
            arm = rng.integers(0, 2, 2000)
        if step >= 80:
            np.add.at(counts, (arm, x), 1)
        x = (rng.random((2000, 1)) > ends[arm, x]).sum(axis=1)
    shares = switchback_occupancy(three_states().transitions, 4)
    assert counts / counts.sum() == pytest.approx(shares, abs=3e-3)


def test_where_the_arm_of_a_block_is_forbidden_the_others_stand_in():
    kernels = random_pair(4, arms=3, seed=3).transitions
    allowed = np.ones((3, 4), dtype=bool)
    allowed[0, 2] = False
    shares = switchback_occupancy(kernels, 3, allowed)
    assert shares[0, 2] == 0
    assert shares.sum() == pytest.approx(1)
    inflow = sum(kernel.T @ shares[arm] for arm, kernel in enumerate(kernels))
    assert inflow == pytest.approx(shares.sum(axis=0), abs=1e-12)


def test_a_switchback_with_a_period_is_found_too():
    """After two steps a cycle of even length is back at its parity: blocks keep to one of two."""
    kernels = opposite_cycles(6).transitions
    assert switchback_occupancy(kernels, 2) == pytest.approx(np.full((2, 6), 1 / 12))


def test_block_lengths_that_are_none():
    for length in (0, 2.5, -1):
        with pytest.raises(BadExperiment, match="whole number of steps"):
            switchback_occupancy(three_states().transitions, length)


def test_published_regenerative_figures():
    own = three_states().own_variances
    contrast = np.array([[-1.0, 1.0]])
    assert alone_in_equal_shares(own, contrast)[0] == pytest.approx(11.523740, abs=5e-7)
    assert best_regenerative(own, contrast)[0] == pytest.approx(11.504013, abs=5e-7)


@pytest.mark.parametrize("seed", range(5))
def test_best_shares_for_several_contrasts_against_cvxpy(seed):
    rng = np.random.default_rng(seed)
    own, contrast = rng.uniform(0.1, 5, 4), rng.normal(size=(3, 4))
    shares = cp.Variable(4)
    rows = [cp.sum(cp.multiply(row**2 * own, cp.inv_pos(shares))) for row in contrast]
    for criterion, goal in (("sum", sum(rows)), ("minimax", cp.maximum(*rows))):
        value = cp.Problem(cp.Minimize(goal), [cp.sum(shares) == 1]).solve(solver="CLARABEL")
        found = best_regenerative(own, contrast, criterion)
        mine = found.sum() if criterion == "sum" else found.max()
        assert mine == pytest.approx(value, rel=1e-6)


def test_an_arm_that_no_contrast_weighs_gets_no_steps():
    own = np.array([1.0, 4.0, 9.0])
    assert alone_in_equal_shares(own, np.array([[1.0, 0.0, -1.0]]))[0] == pytest.approx(20)
    assert best_regenerative(own, np.array([[1.0, 0.0, -1.0]]))[0] == pytest.approx(16)
    assert best_regenerative(own * 0, np.array([[1.0, 0.0, -1.0]]))[0] == 0


def test_a_chain_too_slow_to_settle_is_refused(monkeypatch):
    monkeypatch.setattr(baselines, "BLOCKS", 2000)
    sticky = sparse.csr_array([[1 - 1e-9, 1e-9], [2e-9, 1 - 2e-9]])
    other = sparse.csr_array([[1 - 3e-9, 3e-9], [1e-9, 1 - 1e-9]])
    monkeypatch.setattr(baselines, "DIRECT", 0)
    monkeypatch.setattr(baselines, "SETTLED", 0.0)
    with pytest.raises(BadExperiment, match="choose a longer block"):
        switchback_occupancy((sticky, other), 1000)
