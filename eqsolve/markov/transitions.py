"""Transition matrices checked at the door: square, finite, nonnegative, rows that sum to one."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from eqsolve.errors import BadExperiment

_ROUNDING = 1e-8  # how far a row may be from one before it counts as a mistake


def check_transitions(transitions: Any, name: str = "the chain") -> sparse.csr_array:
    """One row-stochastic matrix, checked, as CSR with sorted indices and rows that sum to one.

    Parameters
    ----------
    transitions : array_like or scipy.sparse array or matrix, shape (S, S)
        Entry (x, y) is the probability of going from state x to state y in one step.
    name : str
        What the matrix belongs to, as the subject of an error: ``"arm 'b'"``.

    Returns
    -------
    scipy.sparse.csr_array, shape (S, S)
        A copy: duplicates added up, zeros left out, rows divided by their sums.

    Raises
    ------
    BadExperiment
        Not square, empty, not numbers, NaN or infinite or negative entries, or a row whose
        sum is further than 1e-8 from one; the first such row is named.

    Examples
    --------
    >>> check_transitions([[0.5, 0.5], [0.0, 1.0]]).nnz
    3
    >>> check_transitions([[0.5, 0.4], [0.0, 1.0]], "arm 'b'")
    Traceback (most recent call last):
    ...
    eqsolve.errors.BadExperiment: Row 0 of the transitions of arm 'b' sums to 0.9, not to one.
    """
    matrix = _as_csr(transitions, name)
    rows, columns = matrix.shape
    if rows != columns or rows == 0:
        raise BadExperiment(
            f"The transitions of {name} must be a square matrix, one row and one column a "
            f"state, not of shape ({rows}, {columns})."
        )
    _refuse(~np.isfinite(matrix.data), matrix, name, "must be a finite number")
    _refuse(matrix.data < 0, matrix, name, "must not be negative")
    sums = np.asarray(matrix.sum(axis=1)).ravel()
    wrong = np.flatnonzero(np.abs(sums - 1.0) > _ROUNDING)
    if wrong.size:
        more = f" ({wrong.size - 1} more rows do not either)" if wrong.size > 1 else ""
        raise BadExperiment(
            f"Row {wrong[0]} of the transitions of {name} sums to {sums[wrong[0]]:.10g}, "
            f"not to one{more}."
        )
    matrix.data /= np.repeat(sums, np.diff(matrix.indptr))
    return matrix


def _as_csr(transitions: Any, name: str) -> sparse.csr_array:
    try:
        source = transitions if sparse.issparse(transitions) else np.asarray(transitions)
        if np.iscomplexobj(source):
            raise TypeError("complex")
        if source.ndim != 2:
            raise BadExperiment(
                f"The transitions of {name} must be a square matrix, one row and one column a "
                f"state, not an array of {source.ndim} dimensions."
            )
        matrix = sparse.csr_array(source, dtype=np.float64, copy=True)
    except (TypeError, ValueError) as error:
        raise BadExperiment(
            f"The transitions of {name} must be a matrix of real numbers, shape (S, S), "
            f"dense or scipy.sparse."
        ) from error
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    return matrix


def _refuse(bad: np.ndarray, matrix: sparse.csr_array, name: str, rule: str) -> None:
    found = np.flatnonzero(bad)
    if found.size:
        row = int(np.searchsorted(matrix.indptr, found[0], side="right")) - 1
        raise BadExperiment(
            f"Row {row}, column {matrix.indices[found[0]]} of the transitions of {name} is "
            f"{matrix.data[found[0]]:.10g}; a transition probability {rule}."
        )
