"""The last digits of an occupancy, by Newton steps on its optimality conditions.

An engine that stops at a relative gap of 1e-10 leaves errors of 1e-5 in the occupancy: the
variance is flat around its minimum. In small problems whose every pair is needed, and where
nothing binds but balance, the minimum is a smooth one and Newton's method on

    minimise  sum q^2 / gamma   subject to balance and total

finds it to rounding in a few steps, whatever engine came near it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eqsolve.programs.sampling import SamplingProgram

    Array = NDArray[np.float64]

SMALL = 600  # pairs and states up to which the dense system is solved
STEPS = 4


def can_be_polished(program: SamplingProgram) -> bool:
    """Whether the optimum is smooth, free of inequalities, and small."""
    smooth = program.criterion == "sum" or program.contrasts == 1
    free = program.share == 0.0 and program.cost_limit is None and not program.floor.any()
    small = (program.arms + 1) * program.states <= SMALL
    needed = (program.scales > 0).any(axis=0)
    return bool(smooth and free and small and (needed == program.usable).all())


def polished(program: SamplingProgram, occupancy: Array) -> Array | None:
    """The occupancy (A, S) after Newton steps; None where they lead out of it.

    Examples
    --------
    >>> from scipy import sparse
    >>> from eqsolve.programs.sampling import SamplingProgram
    >>> one, both = sparse.csr_array([[1.0]]), np.ones((2, 1))
    >>> program = SamplingProgram((one, one), both, [[1.0], [9.0]], [[1.0, 1.0]], both)
    >>> polished(program, np.array([[0.251], [0.749]])).round(9).ravel().tolist()
    [0.25, 0.75]
    """
    usable = program.usable.ravel()
    squares = (program.scales**2).sum(axis=0).ravel()[usable]
    balance = np.hstack([np.eye(program.states) - kernel.toarray().T for kernel in program.kernels])
    rows = np.vstack([balance, program.prices.reshape(1, -1)])[:, usable]
    gamma = occupancy.ravel()[usable]
    gamma = gamma / float(rows[-1] @ gamma)
    if not (gamma > 0).all():
        return None
    total = np.zeros(rows.shape[0])
    total[-1] = 1.0
    for _ in range(STEPS):
        # In steps relative to gamma the Hessian is the pair's own part of the variance.
        part = squares / gamma
        scaled = rows * gamma
        normal = scaled / (2.0 * part) @ scaled.T
        right = total - rows @ gamma - 0.5 * scaled.sum(axis=1)
        multipliers = np.linalg.lstsq(normal, right, rcond=1e-14)[0]
        step = 0.5 + (scaled.T @ multipliers) / (2.0 * part)
        if not np.isfinite(step).all() or np.abs(step).max() > 0.5:
            return None
        gamma = gamma * (1.0 + step)
    result = np.zeros(usable.size)
    result[usable] = gamma
    return result.reshape(occupancy.shape)
