"""Poisson's equation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from eqsolve.markov.stationary import stationary_law
from eqsolve.markov.transitions import check_transitions

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class PoissonSolution:
    """Bias and average.

    Attributes
    ----------
    bias : ndarray, shape (S,) or (S, k)
    average : float or ndarray, shape (k,)
    """

    bias: NDArray[np.float64]
    average: Any


def poisson(transitions: Any, rewards: Any, law: Any = None) -> PoissonSolution:
    """Solution of g - P g = r - average, law @ g = 0."""
    import scipy.sparse as sp
    from scipy.sparse.linalg import splu

    matrix = check_transitions(transitions)
    pi = stationary_law(matrix) if law is None else np.asarray(law, dtype=np.float64)
    r = np.asarray(rewards, dtype=np.float64)
    average = pi @ r
    ground = int(np.argmax(pi))
    keep = np.delete(np.arange(pi.size), ground)
    system = (sp.eye_array(pi.size, format="csr") - matrix)[keep, :][:, keep].tocsc()
    bias = np.zeros(r.shape)
    if keep.size:
        factors = splu(
            system,
            permc_spec="MMD_AT_PLUS_A",
            diag_pivot_thresh=0.0,
            options={"SymmetricMode": True},
        )
        right = (r - average)[keep]
        solved = factors.solve(right)
        bias[keep] = solved + factors.solve(right - system @ solved)
    bias -= pi @ bias
    return PoissonSolution(bias, average if r.ndim > 1 else float(average))
