"""Relaxation time."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse.linalg import LinearOperator, eigs

from eqsolve.markov.classes import closed_class, cyclic_classes
from eqsolve.markov.stationary import stationary_law
from eqsolve.markov.transitions import check_transitions


def relaxation_time(transitions: Any, law: Any = None) -> float:
    """1 / (1 - second largest modulus), in steps; unit-circle eigenvalues left out."""
    matrix = check_transitions(transitions)
    pi = stationary_law(matrix) if law is None else np.asarray(law, dtype=np.float64)
    members = closed_class(matrix).closed[0]
    inside = matrix[members, :][:, members]
    divisor, cyclic = cyclic_classes(matrix, members)
    weights = pi[members] * divisor

    def rest(f: Any) -> Any:
        f = np.ravel(f)
        f = f - np.bincount(cyclic, weights * f, minlength=divisor)[cyclic]
        return inside @ f

    if members.size <= 1000:
        share = np.zeros((divisor, members.size))
        share[cyclic, np.arange(members.size)] = weights
        dense = inside.toarray()
        values = np.linalg.eigvals(dense - dense @ share[cyclic])
    else:
        operator = LinearOperator(inside.shape, matvec=rest, dtype=np.float64)
        values = eigs(operator, k=1, return_eigenvectors=False, tol=1e-4)
    modulus = float(np.abs(values).max(initial=0.0))
    return 1.0 / max(1.0 - modulus, 1e-16)
