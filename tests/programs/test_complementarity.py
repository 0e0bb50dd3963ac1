"""The mixed complementarity problem: what it refuses, evaluates and says of itself."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy import sparse

from eqsolve.errors import EqsolveError
from eqsolve.programs.complementarity import ComplementarityProblem

INF = np.inf


def identity_problem(**changes):
    given = {
        "function": lambda x: x - 1.0,
        "jacobian": lambda x: np.eye(2),
        "lower": [0.0, -INF],
        "upper": [INF, 2.0],
        "start": [0.0, 0.0],
        "names": ("q", "price"),
    }
    return ComplementarityProblem(**{**given, **changes})


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"lower": [[0.0], [0.0]]}, r"lower has shape \(2, 1\); it must have one dimension"),
        ({"upper": [1.0]}, r"upper has shape \(1,\); it must have shape \(2,\)"),
        ({"start": [1.0, 2.0, 3.0]}, r"start has shape \(3,\); it must have shape \(2,\)"),
        ({"lower": [0.0, np.nan]}, r"lower\[1\] is NaN"),
        ({"start": [np.nan, 0.0]}, r"start\[0\] is NaN"),
        ({"start": [0.0, -INF]}, "start of unknown 'price' is -inf; it must be finite"),
        ({"lower": [0.0, 3.0]}, "Unknown 'price': no number lies between lower 3.0 and upper 2.0"),
        ({"lower": [INF, 0.0], "upper": [INF, 1.0]}, "Unknown 'q': no number lies between"),
        ({"lower": [-INF, 0.0], "upper": [-INF, 1.0]}, "Unknown 'q': no number lies between"),
        ({"names": ("q",)}, "names has 1 entries for 2 unknowns"),
        ({"names": ("q", "q")}, "The name 'q' stands for more than one unknown"),
    ],
)
def test_refuses_at_the_door(changes, sentence):
    with pytest.raises(EqsolveError, match=sentence):
        identity_problem(**changes)


def test_refuses_functions_of_the_wrong_shape():
    problem = identity_problem(function=lambda x: x[:1], jacobian=lambda x: np.eye(3))
    with pytest.raises(EqsolveError, match=r"F returns shape \(1,\) for 2 unknowns"):
        problem.residual(np.zeros(2))
    with pytest.raises(EqsolveError, match=r"Jacobian has shape \(3, 3\) for 2 unknowns"):
        problem.differentiate(np.zeros(2))


def test_defaults_and_start_inside_the_bounds():
    problem = ComplementarityProblem(lambda x: x, lambda x: np.eye(3), [1, -INF, -3], [2, INF, -1])
    assert problem.names == ("x[0]", "x[1]", "x[2]")
    assert problem.start.tolist() == [1.0, 0.0, -1.0]
    assert problem.n == 3
    assert problem.kind == "complementarity"
    assert problem.problem is problem


def test_keeps_private_read_only_copies():
    lower = np.zeros(2)
    problem = identity_problem(lower=lower)
    lower[0] = 5.0
    assert problem.lower[0] == 0.0
    with pytest.raises(ValueError, match="read-only"):
        problem.lower[0] = 1.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        problem.start = lower
    assert dataclasses.replace(problem, start=[1.0, 1.0]).start.tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    ("x", "residual"),
    [
        ([1.0, 1.0], 0.0),
        ([0.0, 1.0], 1.0),
        ([1.0, -3.0], 4.0),
        ([3.0, 1.0], 2.0),
    ],
)
def test_natural_residual(x, residual):
    assert identity_problem().residual(np.array(x)) == residual


def test_natural_residual_at_bounds_takes_the_side_that_binds():
    problem = identity_problem(function=lambda x: np.array([7.0, -9.0]))
    assert problem.residual(np.array([0.0, 2.0])) == 0.0
    assert problem.residual(np.array([0.5, 2.0])) == 0.5
    assert problem.residual(np.array([0.0, 1.75])) == 0.25


def test_natural_residual_survives_large_unknowns():
    problem = ComplementarityProblem(lambda x: 0 * x - 1e-9, lambda x: np.zeros((1, 1)), [0], [INF])
    assert problem.residual(np.array([1e12])) == 1e-9


def test_undefined_functions_make_no_noise():
    problem = identity_problem(
        function=lambda x: np.log(x), jacobian=lambda x: np.diag(1 / x), lower=[0.0, 0.0]
    )
    assert problem.residual(np.zeros(2)) == INF
    assert np.isneginf(problem.evaluate(np.zeros(2))).all()
    assert np.isposinf(np.diag(problem.differentiate(np.zeros(2)))).all()


@pytest.mark.parametrize("convert", [sparse.csr_matrix, sparse.csc_array, sparse.coo_array])
def test_sparse_jacobians_arrive_as_columns(convert):
    problem = identity_problem(jacobian=lambda x: convert(np.eye(2)))
    slopes = problem.differentiate(np.zeros(2))
    assert slopes.format == "csc"
    assert slopes.toarray().tolist() == np.eye(2).tolist()


def test_describe_counts_the_kinds_of_unknowns():
    problem = ComplementarityProblem(
        lambda x: x,
        lambda x: np.eye(5),
        [0, -INF, 0, -INF, 2],
        [INF, 3, 1, INF, 2],
        names=("a", "b", "c", "d", "e"),
    )
    assert problem.describe().splitlines() == [
        "Mixed complementarity problem: 5 unknowns (1 free, 1 bounded below, 1 bounded above, "
        "1 bounded on both sides, 1 fixed).",
        "unknown  lower  upper  start",
        "a        0      inf    0",
        "b        -inf   3      0",
        "c        0      1      0",
        "d        -inf   inf    0",
        "e        2      2      2",
    ]
    assert repr(problem) == problem.describe()


def test_describe_stays_short_for_many_unknowns():
    n = 5000
    problem = ComplementarityProblem(
        lambda x: x, lambda x: sparse.eye_array(n, format="csc"), np.zeros(n), np.ones(n)
    )
    assert "... 4960 more" in problem.describe()
    assert len(problem.describe().splitlines()) < 50
