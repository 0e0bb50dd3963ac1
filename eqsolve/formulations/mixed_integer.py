"""Stackelberg games with convex quadratic followers, solved globally by branching.

The followers' first-order conditions are necessary and sufficient, so the leader's
program with complementary pairs is the game itself.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import Any

import casadi as ca
import cvxpy as cp
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.linalg import null_space

from eqsolve.concepts import Stackelberg
from eqsolve.formulations.bilevel import BilevelProgram, bilevel_program
from eqsolve.formulations.own_problem import linear_quadratic
from eqsolve.formulations.recovery import Recovered
from eqsolve.formulations.worst_answer import indifferent
from eqsolve.games.convexity import convex_players
from eqsolve.games.expressions import to_csr
from eqsolve.programs.complementarity_constrained import ComplementarityConstrainedProgram
from eqsolve.results import Solution

Array = NDArray[np.float64]
NEGATIVE = 1e-9  # relative eigenvalue that still counts as none
ROUNDING = 1e-7  # the same after a semidefinite program
REFORMULATE_UP_TO = 60  # complementary pairs; the semidefinite program grows with them


@dataclass(frozen=True)
class MixedInteger:
    """Formulation of Stackelberg equilibria with linear or convex quadratic followers."""

    name = "mixed-integer"
    kind = "mixed-integer"

    def refuses(self, game: Any, concept: Any) -> str | None:
        """None, or why this formulation does not apply."""
        if not isinstance(concept, Stackelberg):
            return "it is for a leader and followers (concept Stackelberg)."
        leaders = concept.leaders(game.player_names)
        if concept.stance != "optimistic" and not answers_are_unique(game, concept):
            return "it counts on the followers' answer that is best for the leader."
        bilevel = bilevel_program(game.symbolic, leaders)
        if not bilevel.is_linear_quadratic:
            return "costs are not quadratic, or rows not affine."
        convex = convex_players(game, game.numbers.default_start())
        for player in concept.followers(game.player_names):
            if not convex[player]:
                return f"follower {game.player_names[player]!r} has a non-convex problem."
        if convexified(matrices(bilevel)) is None:
            return "the leader's cost is not convex, even with complementary products added."
        return None

    def compile(
        self, game: Any, concept: Any, start: Array | None = None
    ) -> ComplementarityConstrainedProgram:
        """The program in matrices; branching needs no start."""
        bilevel = bilevel_program(game.symbolic, concept.leaders(game.player_names))
        program = convexified(matrices(bilevel))
        assert program is not None, "refuses() lets no such game through"
        return program

    def recover(self, program: Any, solution: Solution) -> Recovered:
        """The strategies stand first."""
        return Recovered(solution.values)


def answers_are_unique(game: Any, concept: Stackelberg) -> bool:
    """Whether there is one follower, of a strictly convex quadratic problem."""
    followers = concept.followers(game.player_names)
    if len(followers) > 1 or not linear_quadratic(game) or game.symbolic.n != game.n:
        return False
    convex = convex_players(game, game.numbers.default_start())[followers[0]]
    return bool(convex and not indifferent(game, followers[0]).size)


def matrices(bilevel: BilevelProgram) -> ComplementarityConstrainedProgram:
    """A linear-quadratic bilevel program in matrices."""
    w = bilevel.unknowns
    hessian, gradient = ca.hessian(bilevel.objective, w)
    zero = np.zeros(bilevel.size)
    constant, c = ca.Function("c", [w], [bilevel.objective, gradient])(zero)

    def affine(column: Any) -> tuple[Any, Array]:
        slopes, offset = ca.Function("f", [w], [ca.jacobian(column, w), column])(zero)
        return sp.csr_matrix(to_csr(slopes)), np.asarray(offset).ravel()

    E, e = affine(bilevel.equalities)
    G, g = affine(bilevel.inequalities)
    A, a = affine(bilevel.left)
    B, b = affine(bilevel.right)
    return ComplementarityConstrainedProgram(
        H=to_csr(ca.DM(hessian)).tocsc(), c=np.asarray(c).ravel(), constant=float(constant),
        E=E, e=-e, G=G, g=-g, lower=bilevel.lower, upper=bilevel.upper,
        A=A, a=a, B=B, b=b, pair_names=bilevel.pair_names,
        names=bilevel.names,
    )  # fmt: skip


def convexified(
    program: ComplementarityConstrainedProgram,
) -> ComplementarityConstrainedProgram | None:
    """The same program with a convex objective, or None when none of this form exists.

    Products left * right vanish at every feasible point, so adding rho_k left_k right_k
    changes no feasible value; and only directions inside E w = e count. Weights rho that
    make the Hessian positive semidefinite there come from a semidefinite program (the
    quadratic convex reformulation of Billionnet, Elloumi and Plateau 2009).
    """
    H = program.H.toarray()
    scale = max(1.0, float(np.abs(H).max(initial=0.0)))
    if np.linalg.eigvalsh(H)[0] >= -NEGATIVE * scale:
        return program
    if program.pairs > REFORMULATE_UP_TO:
        return None
    inside = null_space(program.E.toarray())
    weights = _weights(program, H, inside)
    if weights is None:
        return None
    products = program.A.T @ (weights[:, None] * program.B.toarray())
    total = H + products + products.T
    flattened = _semidefinite(inside.T @ total @ inside, scale)
    if flattened is None:
        return None
    c = program.c + program.A.T @ (weights * program.b) + program.B.T @ (weights * program.a)
    constant = program.constant + float(weights @ (program.a * program.b))
    # w = origin + (its part inside), for every w with E w = e.
    origin = np.linalg.lstsq(program.E.toarray(), program.e)[0]
    project = inside @ inside.T
    return replace(
        program,
        H=sp.csc_matrix(inside @ flattened @ inside.T),
        c=project @ (c + total @ origin),
        constant=constant + float(c @ origin + 0.5 * origin @ total @ origin),
    )


def _weights(program: ComplementarityConstrainedProgram, H: Array, inside: Array) -> Array | None:
    """rho that makes the Hessian semidefinite on the columns of `inside`, or None."""
    if not program.pairs:
        return np.zeros(0)
    products = [
        inside.T @ (np.outer(left, right) + np.outer(right, left)) @ inside
        for left, right in zip(program.A.toarray(), program.B.toarray(), strict=True)
    ]
    rho = cp.Variable(len(products))
    total = inside.T @ H @ inside + sum(rho[k] * product for k, product in enumerate(products))
    problem = cp.Problem(cp.Minimize(cp.norm1(rho)), [(total + total.T) / 2 >> 0])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # inaccuracy is measured below
            problem.solve(solver="CLARABEL")
    except cp.SolverError:
        return None
    return None if rho.value is None else np.asarray(rho.value)


def _semidefinite(matrix: Array, scale: float) -> Array | None:
    """The matrix without eigenvalues that are rounding, or None when it is not semidefinite."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    if not values.size:
        return matrix
    if values[0] < -ROUNDING * scale:
        return None
    values = np.where(values < ROUNDING * scale, 0.0, values)
    return np.asarray((vectors * values) @ vectors.T)
