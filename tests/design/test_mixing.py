"""How long averages take to settle, against spectra and simulated averages."""

import numpy as np
import pytest
from scipy import sparse

from eqsolve.design.mixing import (
    SHARES,
    Passage,
    averaging_time,
    is_slow,
    shares_up_to,
    smallest_share,
    unseen_mass,
)


def test_for_real_eigenvalues_it_is_one_over_the_gap():
    for states in (3, 10, 40):
        line = sum(np.diag(np.full(states - 1, 0.5), k) for k in (-1, 1))
        line[0, 0] = line[-1, -1] = 0.5  # eigenvalues cos(pi k / states)
        expected = 1 / (1 - np.cos(np.pi / states))
        assert averaging_time(sparse.csr_array(line)) == pytest.approx(expected, rel=1e-6)


def test_a_period_is_not_held_against_a_chain():
    """Nor is almost a period, where the modulus of the second eigenvalue says 10^6 steps."""
    for trace in (0.0, 1e-6):
        alternating = np.array([[trace, 1 - trace], [1 - trace, trace]])
        assert averaging_time(alternating) == pytest.approx(0.5, rel=1e-5)
    wheel = np.roll(np.eye(5), 1, axis=1)
    largest = max(abs(1 + np.exp(2j * np.pi * k / 5)) / 2 for k in range(1, 5))
    assert averaging_time(wheel) == pytest.approx(1 / (2 * (1 - largest)), rel=1e-6)


def test_states_that_are_left_for_good_do_not_count():
    slow_exit = np.array([[0.5, 0.5, 0.0], [0.5, 0.5, 0.0], [1e-7, 0.0, 1 - 1e-7]])
    assert averaging_time(slow_exit) == pytest.approx(1.0, abs=1e-6)


def test_the_variance_of_an_average_is_at_most_twice_the_time():
    """For a reversible chain n Var(mean of f) <= 2 tau Var f, and the slowest f attains it."""
    chain = np.array([[0.9, 0.1], [0.2, 0.8]])
    tau = averaging_time(chain)
    law = np.array([2, 1]) / 3
    f = np.array([1.0, -2.0])  # the second eigenvector, of mean zero
    total, carried = law @ f**2, f
    for _ in range(500):
        carried = chain @ carried
        total += 2 * law @ (f * carried)
    assert total == pytest.approx((2 * tau - 1) * (law @ f**2), rel=1e-9)


def test_what_a_run_leaves_unseen():
    laws = np.array([[0.9, 0.1], [0.5, 0.5]])
    occupancy = np.array([[0.5, 0.0], [0.25, 0.25]])
    assert unseen_mass(laws, occupancy, 1000) == pytest.approx(0.1)
    assert unseen_mass(laws, occupancy, 0) == pytest.approx(1.0)


def test_a_run_suffices_by_passes_and_by_what_it_sees():
    assert Passage(100.0, 3000.0, 0.0).suffices()
    assert not Passage(100.0, 2999.0, 0.0).suffices()
    assert not Passage(100.0, 1e6, 0.01).suffices()
    assert Passage(100.0, 1e6, 0.01).suffices(bearable=0.01)
    assert Passage(100.0, 1e4, 0.0009).suffices()


def test_the_smallest_share_on_the_grid():
    assert smallest_share(lambda share: True) == SHARES[0]
    assert smallest_share(lambda share: share >= 1.0) == 1.0
    assert smallest_share(lambda share: False) is None
    for edge in (0.0012, 0.04, 0.5):
        found = smallest_share(lambda share, edge=edge: share >= edge)
        assert edge <= found < 1.16 * edge
    assert smallest_share(lambda share: share > 0.2, largest=0.25) <= 0.25
    assert smallest_share(lambda share: share > 0.3, largest=0.25) is None
    assert shares_up_to(0.5)[-1] == 0.5


def test_slow_is_slow_in_itself_and_beside_coin_flipping():
    assert is_slow(1e6, 1e3)
    assert not is_slow(500.0, 1.0)
    assert not is_slow(9e4, 2e4)
    assert is_slow(1e6, 1e6)
