"""Linear systems by their products, one for each replication."""

import numpy as np
import pytest

from eqsolve.solvers import replicated


def systems(count, n, rng, symmetric, shift):
    matrices = rng.standard_normal((count, n, n)) / np.sqrt(n)
    if symmetric:
        matrices = matrices @ matrices.transpose(0, 2, 1)
    return matrices + shift * np.eye(n)


def product_of(matrices):
    return lambda v, which: np.einsum("kij,kj->ki", matrices[which], v)


@pytest.mark.parametrize(("symmetric", "shift"), [(True, 0.3), (True, -1.0), (False, 2.0)])
def test_against_the_dense_solver(symmetric, shift):
    # With a negative shift the systems are indefinite: conjugate gradients hand over.
    rng = np.random.default_rng(0)
    matrices, right = systems(5, 40, rng, symmetric, shift), rng.standard_normal((5, 40))
    found = replicated.solve(product_of(matrices), right, symmetric)
    np.testing.assert_allclose(found, replicated.solve_formed(matrices, right), rtol=1e-7)


def test_conjugate_gradients_say_which_they_solved():
    rng = np.random.default_rng(1)
    definite = systems(2, 20, rng, True, 0.5)
    matrices = np.stack([definite[0], -definite[1], np.zeros((20, 20))])
    right = rng.standard_normal((3, 20))
    found, solved = replicated.conjugate_gradients(product_of(matrices), right, np.arange(3))
    assert solved.tolist() == [True, False, False]
    np.testing.assert_allclose(matrices[0] @ found[0], right[0], rtol=1e-9)


@pytest.mark.parametrize("symmetric", [True, False])
def test_singular_lost_and_trivial_systems(symmetric):
    matrices = np.stack([np.diag([1.0, 0.0]), np.eye(2), np.eye(2), 2 * np.eye(2)])
    right = np.array([[1.0, 1.0], [np.nan, 1.0], [0.0, 0.0], [2.0, 4.0]])
    found = replicated.solve(product_of(matrices), right, symmetric)
    assert np.isnan(found[:2]).any(axis=1).all()
    np.testing.assert_allclose(found[2:], [[0, 0], [1, 2]])


def test_one_singular_matrix_does_not_spoil_the_others():
    matrices = np.stack([np.eye(2), np.ones((2, 2)), 2 * np.eye(2)])
    found = replicated.solve_formed(matrices, np.array([[1.0, 2.0], [1.0, 0.0], [2.0, 2.0]]))
    np.testing.assert_allclose(found[[0, 2]], [[1, 2], [1, 1]])
    assert np.isnan(found[1]).all()
