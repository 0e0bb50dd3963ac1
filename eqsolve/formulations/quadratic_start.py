"""Where Newton begins in large linear-quadratic potential games: at a quadratic program's answer.

Where the pseudo-gradient is D x + c + R'W y with D and W symmetric, y = R x + r, the
first-order conditions are those of

    min  1/2 x'D x + 1/2 y'W y + c'x   s.t.  y = R x + r, everyone's rows and bounds,

whose interior-point answer lies within a few Newton steps of an equilibrium. It is a start
and no more: what Newton's method makes of it is certified like any other answer.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from eqsolve.formulations.kkt import OptimalityConditions
from eqsolve.games.affine import aggregate_weights, is_symmetric
from eqsolve.results import Status
from eqsolve.solvers.quadratic import solve_quadratic

Array = NDArray[np.float64]
ACCURACY = 1e-8  # of the quadratic program; Newton's method does the rest


def quadratic_start(conditions: OptimalityConditions) -> Array | None:
    """Unknowns (m,) of the conditions near a solution, or None where there is no such program."""
    game = conditions.game
    cost, row = game.affine_gradient, game.affine_rows
    if cost is None or row is None or (conditions.weights != 1).any():
        return None
    if (cost.direct.diagonal() < 0).any() or not is_symmetric(cost.direct):
        return None
    weights = aggregate_weights(game.matrix, cost.through)
    if weights is None or (weights.diagonal() < 0).any():
        return None
    n, k = game.n, game.aggregates
    lifting = sp.hstack([-game.matrix, sp.identity(k)])
    rows = sp.hstack([row.direct, row.through], format="csr")
    equal = np.flatnonzero(game.equality)
    bind = np.flatnonzero(~game.equality)
    below, above = np.flatnonzero(np.isfinite(game.lower)), np.flatnonzero(np.isfinite(game.upper))
    box = sp.identity(n + k, format="csr")
    A = sp.vstack([lifting, rows[equal], rows[bind], box[above], -box[below]], format="csc")
    b = np.concatenate(
        [
            game.offset,
            -row.constant[equal],
            -row.constant[bind],
            game.upper[above],
            -game.lower[below],
        ]
    )
    P = sp.block_diag([cost.direct, weights], format="csc")
    q = np.concatenate([cost.constant, np.zeros(k)])
    answer = solve_quadratic(P, q, A, b, k + equal.size, ACCURACY)
    if answer.status not in (Status.SOLVED, Status.STALLED) or answer.multipliers is None:
        return None
    multipliers = np.zeros(row.constant.size)
    multipliers[equal] = answer.multipliers[k : k + equal.size]
    multipliers[bind] = answer.multipliers[k + equal.size : k + multipliers.size]
    return conditions.start(np.clip(answer.values[:n], game.lower, game.upper), multipliers)
