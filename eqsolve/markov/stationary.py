"""Stationary laws."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from eqsolve.markov.classes import closed_class
from eqsolve.markov.transitions import check_transitions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def stationary_law(
    transitions: Any, *, name: str = "the chain", states: Sequence[Any] | None = None
) -> NDArray[np.float64]:
    """Stationary law (S,) of a chain with one closed class."""
    from scipy.sparse.linalg import splu

    matrix = check_transitions(transitions, name)
    members = closed_class(matrix, name, states).closed[0]
    law = np.zeros(matrix.shape[0])
    inside = matrix[members, :][:, members].tocsc()
    if members.size <= 1500:
        law[members] = _gth(inside.toarray())
        return law
    import scipy.sparse as sp

    system = (sp.eye_array(members.size, format="csc") - inside.T).tocsc()
    factors = splu(
        system[1:, 1:].tocsc(),
        permc_spec="MMD_AT_PLUS_A",
        diag_pivot_thresh=0.0,
        options={"SymmetricMode": True},
    )
    rest = factors.solve(-system[1:, [0]].toarray().ravel())
    part = np.concatenate([[1.0], np.maximum(rest, 0)])
    law[members] = part / part.sum()
    return law


def _gth(chain: NDArray[np.float64]) -> NDArray[np.float64]:
    a = chain.copy()
    for k in range(a.shape[0] - 1, 0, -1):
        a[:k, k] /= a[k, :k].sum()
        a[:k, :k] += np.outer(a[:k, k], a[k, :k])
    x = np.zeros(a.shape[0])
    x[0] = 1.0
    for k in range(1, a.shape[0]):
        x[k] = x[:k] @ a[:k, k]
        if x[k] > 1e100:
            x /= x[k]
    return x / x.sum()
