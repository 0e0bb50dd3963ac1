"""The equations of a complementarity problem: zero where they should be, slopes that are right."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from eqsolve.programs.complementarity import ComplementarityProblem
from eqsolve.solvers.complementarity_equations import ComplementarityEquations

INF = np.inf
LOWER = np.array([0.0, -INF, -1.0, -INF, 2.0])
UPPER = np.array([INF, 1.0, 1.5, INF, 2.0])
KINDS = ["below", "above", "both", "free", "fixed"]


def affine(slopes, offset, lower=LOWER, upper=UPPER):
    problem = ComplementarityProblem(lambda x: slopes @ x + offset, lambda x: slopes, lower, upper)
    return ComplementarityEquations(problem)


@pytest.mark.parametrize("seed", range(30))
def test_both_equations_vanish_exactly_at_solutions(seed):
    rng = np.random.default_rng(seed)
    x = np.array([rng.choice([0.0, 2.0]), 0.0, rng.choice([-1.0, 0.3, 1.5]), 0.7, 2.0])
    x[1] = rng.choice([1.0, -2.0])
    force = rng.uniform(0.1, 1.0, 5)
    value = np.where(x == LOWER, force, np.where(x == UPPER, -force, 0.0))
    equations = affine(np.eye(5), value - x)
    assert np.abs(equations.burmeister(x, value)).max() < 1e-15
    assert np.abs(equations.gap(x, value)).max() == 0.0
    for i in range(4):
        moved = value.copy()
        moved[i] -= 0.3 if x[i] == LOWER[i] else -0.3 if x[i] == UPPER[i] else 0.3
        moved[i] -= value[i]  # the wrong sign, or not zero
        assert np.abs(equations.burmeister(x, moved))[i] > 1e-3
        assert np.abs(equations.gap(x, moved))[i] > 1e-3


@pytest.mark.parametrize("seed", range(30))
def test_slopes_and_gradient_against_differences(seed):
    rng = np.random.default_rng(seed)
    slopes, offset = rng.standard_normal((5, 5)), rng.standard_normal(5)
    equations = affine(slopes, offset)
    x = rng.standard_normal(5)

    def phi(point):
        return equations.burmeister(point, slopes @ point + offset)

    by_x, by_f = equations.burmeister_slopes(x, slopes @ x + offset, slopes)
    step = 1e-6
    differences = np.array(
        [(phi(x + step * e) - phi(x - step * e)) / (2 * step) for e in np.eye(5)]
    )
    assert np.allclose(np.diag(by_x) + by_f[:, None] * slopes, differences.T, atol=1e-7)
    gradient = equations.gradient(slopes, phi(x), by_x, by_f)
    assert np.allclose(gradient, differences @ phi(x), atol=1e-6)


@pytest.mark.parametrize("seed", range(30))
def test_degenerate_points_take_a_limit_of_slopes(seed):
    """At (0, 0) the slopes are those of a nearby point inside the box: the B-subdifferential."""
    rng = np.random.default_rng(seed)
    slopes = rng.standard_normal((5, 5))
    x = np.array([0.0, 1.0, rng.choice([-1.0, 1.5]), 0.4, 2.0])
    offset = -slopes @ x
    equations = affine(slopes, offset)
    value = np.zeros(5)
    into = np.array([1.0, -1.0, 1.0 if x[2] == -1.0 else -1.0, 0.0, 0.0])
    here = equations.burmeister_slopes(x, value, slopes)
    near = x + 1e-7 * into
    there = equations.burmeister_slopes(near, 1e-7 * slopes @ into, slopes)
    assert np.allclose(here, there, atol=1e-6)


def test_small_values_keep_their_digits():
    """phi(a, b) = 2ab / (a + b + sqrt(a^2 + b^2)): no cancellation beside a large argument."""
    equations = affine(np.eye(1), np.zeros(1), np.zeros(1), np.full(1, INF))
    value = equations.burmeister(np.array([1e8]), np.array([1e-9]))
    assert value[0] == pytest.approx(1e-9, rel=1e-12)


@pytest.mark.parametrize("weight", [0.0, 0.3])
@pytest.mark.parametrize("seed", range(10))
def test_directions_agree_dense_and_sparse(seed, weight):
    rng = np.random.default_rng(seed)
    n = 250
    slopes = sparse.random_array((n, n), density=0.02, rng=rng) + 3 * sparse.eye_array(n)
    slopes = sparse.csc_array(slopes)
    equations = affine(slopes, rng.standard_normal(n), np.zeros(n), np.full(n, INF))
    x = rng.uniform(0, 1, n)
    value = equations.value(x)
    assert isinstance(equations.derivative(x), sparse.csc_array)
    for by in (equations.minimum_map(x, value)[1:], equations.burmeister_slopes(x, value, slopes)):
        phi = rng.standard_normal(n)
        light = equations.direction(slopes, phi, *by, weight)
        heavy = equations.direction(slopes.toarray(), phi, *by, weight)
        assert np.allclose(light, heavy, atol=1e-9)


def test_a_step_without_function_rows_needs_no_factorization():
    n = 150
    slopes = sparse.csc_array((n, n))
    equations = affine(slopes, np.ones(n), np.zeros(n), np.full(n, INF))
    x = np.full(n, 0.5)
    phi, by_x, by_f = equations.minimum_map(x, np.ones(n))
    assert np.array_equal(equations.direction(slopes, phi, by_x, by_f), -x)


def test_infinite_slopes_are_taken_inside():
    problem = ComplementarityProblem(
        lambda q: np.sqrt(q) - 1, lambda q: np.diag(0.5 / np.sqrt(q)), [0.0], [INF]
    )
    equations = ComplementarityEquations(problem)
    assert equations.derivative(np.zeros(1)) == pytest.approx(0.5 / np.sqrt(1e-6))


def test_enters_the_domain_of_the_function():
    problem = ComplementarityProblem(
        lambda q: np.log(q - 1e-2), lambda q: np.diag(1 / (q - 1e-2)), [0.0], [INF]
    )
    equations = ComplementarityEquations(problem)
    assert equations.enter(np.zeros(1))[0] == 1.0
    assert equations.enter(np.full(1, 3.0))[0] == 3.0
    nowhere = ComplementarityProblem(lambda q: q * np.nan, lambda q: np.eye(1), [0.0], [INF])
    assert ComplementarityEquations(nowhere).enter(np.zeros(1)) is None


def test_fading_out_is_not_a_solution():
    """-1 / (1 + x) has no root; 10^9 - x has one just as far away."""
    fading = ComplementarityProblem(
        lambda x: -1 / (1 + x), lambda x: np.diag(1 / (1 + x) ** 2), [0.0], [INF]
    )
    assert ComplementarityEquations(fading).fades_out(np.array([1e11]), 1e-10)
    assert not ComplementarityEquations(fading).fades_out(np.array([1e3]), 1e-10)
    distant = ComplementarityProblem(lambda x: x - 1e9, lambda x: np.eye(1), [0.0], [INF])
    assert not ComplementarityEquations(distant).fades_out(np.array([1e9]), 1e-10)
    bounded = ComplementarityProblem(lambda x: 0 * x - 1, lambda x: 0 * np.eye(1), [0.0], [1e9])
    assert not ComplementarityEquations(bounded).fades_out(np.array([1e9]), 1e-10)


def test_poles_at_a_bound_are_not_solutions():
    """Prices of 1e-11 pass for zero, where demand is undefined; sales of 1e-11 pass for zero."""
    problem = ComplementarityProblem(
        lambda p: np.array([1 - p[1] / p[0], p[1] - 0.5 * p[0], p[2] + 3]),
        lambda p: np.array([[p[1] / p[0] ** 2, -1 / p[0], 0], [-0.5, 1, 0], [0, 0, 1]]),
        np.zeros(3),
        np.full(3, INF),
    )
    equations = ComplementarityEquations(problem)
    poor = np.array([1e-11, 0.2e-11, 1e-11])
    assert equations.residual(poor) <= 1e-10
    assert equations.residual(equations.snap(poor, 1e-10)) == INF
    good = np.array([1.0, 1.0, 1e-11])
    assert equations.snap(good, 1e-10).tolist() == [1.0, 1.0, 0.0]
    assert equations.snap(np.array([1.0, 0.7, 1.0]), 1e-10).tolist() == [1.0, 0.7, 1.0]
