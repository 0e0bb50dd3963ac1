"""Of several best answers a follower has, the one that is worst for the leader.

For a convex quadratic problem  min 1/2 z'Pz + q'z over a polyhedron the best answers are
{z feasible : P z = P z*, q'z = q'z*} (Mangasarian 1988). Among them the leader's cost is
maximised, a convex program where that cost is concave in z along the kernel of P.
"""

from __future__ import annotations

from typing import Any

import casadi as ca
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.linalg import null_space

from eqsolve.formulations.own_problem import OwnProblem, own_problem
from eqsolve.games.game import Game
from eqsolve.results import Status
from eqsolve.solvers.quadratic import solve_quadratic

Array = NDArray[np.float64]
FLAT = 1e-9  # relative eigenvalue of the follower's Hessian, and of the leader's, that is none


def indifferent(game: Game, follower: int) -> Array:
    """Directions (own, k) in which the follower's quadratic cost is not curved."""
    P, *_ = own_problem(game, follower)._matrices(game.numbers.default_start())
    dense = P.toarray()
    return np.asarray(
        null_space(dense, rcond=FLAT) if np.abs(dense).max() > 0 else np.eye(len(dense))
    )


def leaders_pieces(game: Game, leaders: tuple[int, ...], follower: int) -> Any:
    """Function of x (n,): slope and Hessian of the leaders' cost in the follower's coordinates."""
    symbolic = game.declared
    lifted = ca.mtimes(ca.DM(sp.csc_matrix(symbolic.matrix)), symbolic.x) + ca.DM(symbolic.offset)
    cost = ca.sum1(symbolic.costs[list(leaders)])
    cost = ca.substitute(cost, symbolic.y, lifted) if symbolic.aggregates else cost
    own = np.flatnonzero(symbolic.owner == follower).tolist()
    hessian, gradient = ca.hessian(cost, symbolic.x)
    return ca.Function("leader", [symbolic.x], [gradient[own], hessian[own, own]])


def worst_answer(game: Game, leaders: tuple[int, ...], follower: int, point: Array) -> Array | None:
    """`point` (n,) with the follower at its best answer that is worst for the leaders, or None.

    None where the follower's problem, or the choice among its answers, was not solved.
    """
    problem = own_problem(game, follower)
    answer = problem.respond(point, convex=True)
    if answer.status is not Status.SOLVED:
        return None
    moved = point.copy()
    moved[problem.own] = answer.values
    return worst_alike(game, leaders, follower, moved)


def worst_alike(game: Game, leaders: tuple[int, ...], follower: int, point: Array) -> Array | None:
    """Of the answers that are as good for the follower as its own in `point`, the leaders' worst.

    The follower's problem is not solved again, so that no tolerance of a solver comes between
    the two answers; whether its own is a best one is for the certificate's gain to say.
    """
    problem, moved = own_problem(game, follower), point.copy()
    free = indifferent(game, follower)
    if not free.size:
        return moved
    slope, hessian = (np.asarray(part) for part in leaders_pieces(game, leaders, follower)(moved))
    A, room, equalities, q = _polyhedron(problem, point, point[problem.own])
    chosen = solve_quadratic(
        sp.csc_matrix(_convex(-free.T @ hessian @ free)),
        -free.T @ slope.ravel(),
        sp.csc_matrix(np.vstack([q @ free, A @ free])),
        np.concatenate([[0.0], room]),
        equalities + 1,
    )
    if chosen.status is not Status.SOLVED:
        return None
    moved[problem.own] += free @ chosen.values
    return moved


def _polyhedron(problem: OwnProblem, point: Array, z: Array) -> tuple[Array, Array, int, Array]:
    """A, what room each row leaves at z, how many are equations, and the cost's slope at z."""
    symbolic = problem.symbolic
    P, q, offset, matrix = problem._matrices(problem.complete(point))
    equal = symbolic.equality[problem.rows]
    low, high = symbolic.lower[problem.own], symbolic.upper[problem.own]
    eye = np.eye(problem.own.size)
    dense = matrix.toarray()
    room = np.maximum(-(offset + dense @ z), 0.0)
    above, below = np.isfinite(high), np.isfinite(low)
    A = np.vstack([dense[equal], dense[~equal], eye[above], -eye[below]])
    limits = [np.zeros(equal.sum()), room[~equal], (high - z)[above], (z - low)[below]]
    return A, np.maximum(np.concatenate(limits), 0.0), int(equal.sum()), P @ z + q


def _convex(matrix: Array) -> Array:
    """The matrix without the rounding that would make it indefinite."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    return np.asarray((vectors * np.maximum(values, 0.0)) @ vectors.T)


def is_concave_along(hessian: Array, free: Array) -> bool:
    """Whether the leaders' cost is concave in the directions the follower does not care about."""
    inner = free.T @ hessian @ free
    if not inner.size:
        return True
    largest = max(1.0, float(np.abs(hessian).max()))
    return bool(np.linalg.eigvalsh((inner + inner.T) / 2)[-1] <= FLAT * largest)
