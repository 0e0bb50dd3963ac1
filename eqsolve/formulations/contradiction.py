"""Linear constraints that cannot hold together: found by one linear program, named by its duals.

    min sum s   s.t.  a_r'x - s_r <= b_r,  |a_r'x - b_r| <= s_r (equalities),  bounds

Rows are scaled to unit norm. Where the least sum is positive no point meets every
constraint, so there is no equilibrium of any kind; rows with multipliers are in conflict.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from scipy.optimize import linprog

from eqsolve.games.game import Game

POSITIVE = 1e-6  # least total violation, and multipliers, that are no rounding


def contradiction(game: Game) -> str | None:
    """A sentence that names constraints no point can meet together, or None.

    Curved constraints are left out: they are neither proven to fit nor to contradict.

    Examples
    --------
    >>> import cvxpy as cp
    >>> from eqsolve import Player
    >>> x = cp.Variable(2, name="x")
    >>> torn = [cp.sum(x) <= 0, cp.sum(x) >= 1]
    >>> contradiction(Game([Player("a", cp.Minimize(cp.sum_squares(x)), [x], torn)]))
    'No strategies meet these constraints together: a: Sum(x, None, False) <= 0.0; \
a: 1.0 <= Sum(x, None, False).'
    """
    symbolic, numbers = game.declared, game.numbers
    linear = np.flatnonzero(symbolic.linear_rows)
    if not linear.size:
        return None
    zero = np.zeros(symbolic.n)
    with np.errstate(all="ignore"):
        slopes = sp.csr_array(numbers.row_jacobian(zero))[linear]
        values = numbers.rows(zero)[linear]
    size = sp.linalg.norm(slopes, axis=1)
    scale = 1.0 / np.where(size > 0, size, 1.0)
    A, b = sp.diags_array(scale) @ slopes, -scale * values
    equal = symbolic.equality[linear]
    answer = _least_violation(A, b, equal, np.column_stack([symbolic.lower, symbolic.upper]))
    if answer.status != 0 or answer.fun <= POSITIVE * (1 + np.abs(b).max()):
        return None
    active = np.zeros(linear.size, dtype=bool)
    both = np.concatenate([answer.ineqlin.marginals, answer.eqlin.marginals])
    active[np.concatenate([np.flatnonzero(~equal), np.flatnonzero(equal)])] = (
        np.abs(both) > POSITIVE
    )
    return _sentence(game, set(linear[active].tolist()), answer)


def _least_violation(A: Any, b: Any, equal: Any, bounds: Any) -> Any:
    below, same = int((~equal).sum()), int(equal.sum())
    down, up = -sp.eye_array(below), sp.eye_array(same)
    return linprog(
        np.concatenate([np.zeros(A.shape[1]), np.ones(below + 2 * same)]),
        A_ub=sp.hstack([A[~equal], down, sp.csr_array((below, 2 * same))], format="csr"),
        b_ub=b[~equal],
        A_eq=sp.hstack([A[equal], sp.csr_array((same, below)), up, -up], format="csr"),
        b_eq=b[equal],
        bounds=np.concatenate([bounds, np.tile([0.0, np.inf], (below + 2 * same, 1))]),
        method="highs",
    )


def _sentence(game: Game, rows: set[int], answer: Any) -> str:
    symbolic = game.declared
    torn = [
        place.label
        for place in symbolic.places
        if any(k == "row" and r in rows for k, r in zip(place.kind, place.index, strict=True))
    ]
    marginals = np.abs(answer.lower.marginals) + np.abs(answer.upper.marginals)
    tied = [symbolic.names[j] for j in np.flatnonzero(marginals[: symbolic.n] > POSITIVE)]
    bounds = f"; the bounds of {', '.join(tied[:5])}" if tied else ""
    return f"No strategies meet these constraints together: {'; '.join(torn[:5])}{bounds}."
