"""Curvature of each player's cost along the directions its active constraints leave free."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import null_space

from eqsolve.formulations.own_problem import own_problem
from eqsolve.games.game import Game

Array = NDArray[np.float64]
ACTIVE = 1e-6
FLAT = 1e-9  # relative curvature below which a direction counts as flat


def second_order(game: Game, point: Array) -> str | None:
    """ "strict", "degenerate" or "violated"; None with kinks or curved rows.

    "violated" means some player could gain by moving along a free direction, so that
    the point is no local best response.
    """
    declared = game.declared
    if game.symbolic is not declared or not declared.linear_rows.all():
        return None
    numbers = game.numbers
    hessians = numbers.own_hessians(point)
    if not np.isfinite(hessians.data).all():  # a kink, as a Euclidean norm at zero
        return None
    width = ACTIVE * (1 + np.abs(point))
    free = (point > declared.lower + width) & (point < declared.upper - width)
    counts = np.bincount(declared.owner, minlength=declared.players)
    if counts.max(initial=1) == 1 and not declared.rows.shape[0]:
        curvature = numbers.own_curvature(point)[declared.owner][free]
        return _verdict(
            float(curvature.min(initial=np.inf)), float(np.abs(curvature).max(initial=0))
        )
    curvature = numbers.own_curvature(point)
    values, slopes = numbers.rows(point), numbers.row_jacobian(point)
    size = np.asarray(abs(slopes) @ (1 + np.abs(point))).ravel() + 1
    active = declared.equality | (values >= -ACTIVE * size)
    largest = float(np.abs(hessians.data).max(initial=0.0))
    # Curved in every direction, so in those that the active constraints leave.
    curved = curvature > FLAT * max(largest, 1e-12)
    smallest = float(curvature[curved].min(initial=np.inf))
    for player in np.flatnonzero(~curved):
        problem = own_problem(game, int(player))
        places = problem.own[free[problem.own]]
        if not places.size:
            continue
        hessian = hessians[places][:, places].toarray()
        rows = problem.rows[active[problem.rows]]
        if rows.size:
            basis = null_space(slopes[rows][:, places].toarray())
            hessian = basis.T @ hessian @ basis
        if hessian.size:
            smallest = min(smallest, float(np.linalg.eigvalsh(hessian)[0]))
    return _verdict(smallest, largest)


def _verdict(smallest: float, scale: float) -> str:
    if smallest > FLAT * max(scale, 1e-12):
        return "strict"
    return "degenerate" if smallest >= -FLAT * max(scale, 1.0) else "violated"
