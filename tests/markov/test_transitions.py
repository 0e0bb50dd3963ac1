"""What a transition matrix must be, and what is said when it is not."""

import numpy as np
import pytest
from scipy import sparse

from eqsolve.errors import BadExperiment
from eqsolve.markov import check_transitions


def test_every_kind_of_matrix_comes_out_as_the_same_csr():
    rows = [[0.25, 0.75, 0.0], [0.0, 0.5, 0.5], [1.0, 0.0, 0.0]]
    wanted = np.array(rows)
    kinds = [
        rows,
        wanted,
        sparse.csc_matrix(wanted),
        sparse.coo_array(wanted),
        sparse.lil_array(wanted),
    ]
    for given in kinds:
        found = check_transitions(given)
        assert isinstance(found, sparse.csr_array)
        assert found.has_sorted_indices
        assert found.nnz == 5
        assert np.array_equal(found.toarray(), wanted)


def test_integers_and_booleans_are_numbers():
    assert check_transitions(np.eye(3, dtype=int)).dtype == np.float64
    assert check_transitions(np.eye(2, dtype=bool)).nnz == 2


def test_the_matrix_given_is_left_alone():
    given = sparse.csr_array(
        ([0.5, 0.25, 0.25, 1.0, 0.0], ([0, 0, 0, 1, 1], [0, 1, 1, 0, 1])), shape=(2, 2)
    )
    before = given.copy()
    found = check_transitions(given)
    assert found.nnz == 3
    assert np.array_equal(given.data, before.data)
    assert np.array_equal(given.indices, before.indices)


def test_rows_off_by_rounding_are_made_to_sum_to_one():
    found = check_transitions([[0.5 + 4e-9, 0.5], [0.3, 0.7]])
    assert np.abs(found.sum(axis=1) - 1.0).max() <= 2.3e-16


@pytest.mark.parametrize(("given", "sentence"), [
    ([[0.5, 0.4], [0.0, 1.0]], "Row 0 of the transitions of arm 'b' sums to 0.9, not to one."),
    ([[0.5, 0.5], [0.5, 0.6]], "Row 1 of the transitions of arm 'b' sums to 1.1, not to one."),
    ([[0.0, 0.0], [0.0, 0.0]], "Row 0 of the transitions of arm 'b' sums to 0, not to one (1 more rows do not either)."),
    ([[1.0, 0.0], [np.nan, 1.0]], "Row 1, column 0 of the transitions of arm 'b' is nan; a transition probability must be a finite number."),
    ([[1.0, 0.0], [0.0, np.inf]], "Row 1, column 1 of the transitions of arm 'b' is inf; a transition probability must be a finite number."),
    ([[1.5, -0.5], [0.0, 1.0]], "Row 0, column 1 of the transitions of arm 'b' is -0.5; a transition probability must not be negative."),
    ([[0.5, 0.5]], "The transitions of arm 'b' must be a square matrix, one row and one column a state, not of shape (1, 2)."),
    (np.zeros((0, 0)), "The transitions of arm 'b' must be a square matrix, one row and one column a state, not of shape (0, 0)."),
    ([0.5, 0.5], "The transitions of arm 'b' must be a square matrix, one row and one column a state, not an array of 1 dimensions."),
    ([["a", "b"], ["c", "d"]], "The transitions of arm 'b' must be a matrix of real numbers, shape (S, S), dense or scipy.sparse."),
    ([[0.5, 0.5], [1.0]], "The transitions of arm 'b' must be a matrix of real numbers, shape (S, S), dense or scipy.sparse."),
    ([[1j, 0], [0, 1]], "The transitions of arm 'b' must be a matrix of real numbers, shape (S, S), dense or scipy.sparse."),
    (None, "The transitions of arm 'b' must be a square matrix, one row and one column a state, not an array of 0 dimensions."),
])  # fmt: skip
def test_each_mistake_has_its_sentence(given, sentence):
    with pytest.raises(BadExperiment) as caught:
        check_transitions(given, "arm 'b'")
    assert str(caught.value) == sentence


def test_a_negative_entry_that_cancels_in_its_row_is_still_named():
    with pytest.raises(BadExperiment, match="Row 2, column 0"):
        check_transitions(sparse.csr_array([[1.0, 0, 0], [0, 1.0, 0], [-0.1, 0.1, 1.0]]))
