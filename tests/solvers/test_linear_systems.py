"""Linear systems of Newton steps against dense LAPACK, easy, bordered, dependent and hopeless."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from eqsolve.solvers.linear_systems import elimination_order, solve_dense, solve_sparse


def solve_ordered(matrix, right, shift=None, thorough=False):
    """Solve as Newton's method does: in elimination order."""
    order = elimination_order(matrix)
    assert sorted(order) == list(range(len(right)))
    shift = None if shift is None else shift[order]
    found = solve_sparse(matrix[:, order][order, :], right[order], shift, thorough)
    if found is None:
        return None
    solution = np.empty_like(found)
    solution[order] = found
    return solution


def random_pattern(n, rng):
    entries = sparse.random_array((n, n), density=3 / n, rng=rng, data_sampler=rng.standard_normal)
    return entries - entries.T + sparse.diags_array(rng.uniform(0.5, 2.0, n))


@pytest.mark.parametrize("thorough", [False, True])
@pytest.mark.parametrize("seed", range(20))
def test_agrees_with_lapack(seed, thorough):
    rng = np.random.default_rng(seed)
    matrix = sparse.csc_array(random_pattern(200, rng))
    right = rng.standard_normal(200)
    expected = np.linalg.solve(matrix.toarray(), right)
    found = solve_ordered(matrix, right, np.ones(200), thorough)
    assert np.allclose(found, expected, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("borders", [1, 3])
@pytest.mark.parametrize("seed", range(10))
def test_dense_rows_and_columns_go_last(seed, borders):
    rng = np.random.default_rng(seed)
    n = 600
    matrix = random_pattern(n, rng).tolil()
    for k in range(borders):
        matrix[:, [n - 1 - k]] = rng.standard_normal((n, 1))
        matrix[[n - 1 - k], :] = rng.standard_normal((1, n))
    matrix = sparse.csc_array(matrix)
    right = rng.standard_normal(n)
    expected = np.linalg.solve(matrix.toarray(), right)
    assert np.allclose(solve_ordered(matrix, right), expected, rtol=1e-6, atol=1e-8)


def test_arrow_with_a_hundred_thousand_points():
    n = 100_000
    ones = sparse.csc_array(np.ones((n, 1)))
    matrix = sparse.csc_array(
        sparse.block_array([[2 * sparse.eye_array(n), ones], [-ones.T, sparse.eye_array(1)]])
    )
    found = solve_ordered(matrix, np.append(np.ones(n), 0.0), np.ones(n + 1))
    # 2 q + Q = 1 and Q = n q.
    assert np.allclose(found, np.append(np.full(n, 1 / (n + 2)), n / (n + 2)), rtol=1e-9)


def test_dependent_but_consistent_equations_are_solved():
    rng = np.random.default_rng(0)
    block = random_pattern(150, rng)
    twice = sparse.csc_array(sparse.block_array([[block, block], [block, block]]))
    right = np.tile(rng.standard_normal(150), 2)
    found = solve_ordered(twice, right, np.ones(300))
    assert np.abs(twice @ found - right).max() < 1e-8


@pytest.mark.parametrize("thorough", [False, True])
def test_inconsistent_equations_are_given_up(thorough):
    matrix = sparse.csc_array(np.ones((4, 4)))
    assert solve_sparse(matrix, np.array([1.0, 2, 3, 4]), np.ones(4), thorough) is None
    assert solve_sparse(sparse.csc_array((4, 4)), np.ones(4), thorough=thorough) is None
    assert solve_dense(np.ones((2, 2)), np.array([1.0, 2.0])) is None


def test_numbers_that_are_none_are_given_up():
    matrix = sparse.csc_array(np.diag([1.0, np.nan]))
    assert solve_sparse(matrix, np.ones(2)) is None
    assert solve_dense(np.diag([1.0, 1e-320]), np.array([1.0, 1e300])) is None


def test_full_pivoting_is_the_way_out():
    # Every diagonal pivot is tiny, and eliminating on it would wipe out all digits.
    rng = np.random.default_rng(1)
    n = 120
    swap = sparse.csc_array(np.eye(n)[rng.permutation(n)])
    matrix = sparse.csc_array(swap * 1.0 + 1e-14 * sparse.eye_array(n))
    right = rng.standard_normal(n)
    found = solve_ordered(matrix, right, thorough=True)
    assert np.allclose(found, np.linalg.solve(matrix.toarray(), right), rtol=1e-8)


def test_nothing_but_dense_rows():
    rng = np.random.default_rng(2)
    n = 200
    matrix = sparse.csc_array(rng.standard_normal((n, n)) + 20 * np.eye(n))
    right = rng.standard_normal(n)
    assert np.allclose(solve_ordered(matrix, right), np.linalg.solve(matrix.toarray(), right))


def test_the_order_serves_every_part_of_the_pattern():
    """Fill of a part, in the order found for the whole, is no more than that of the whole."""
    rng = np.random.default_rng(3)
    n = 1000
    matrix = sparse.csc_array(random_pattern(n, rng))
    order = elimination_order(matrix)
    for share in (0.3, 0.6, 0.9):
        part = order[rng.random(n) < share]
        block, right = matrix[:, part][part, :], rng.standard_normal(part.size)
        found = solve_sparse(block, right)
        assert np.allclose(found, np.linalg.solve(block.toarray(), right), rtol=1e-7, atol=1e-9)
