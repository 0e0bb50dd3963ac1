"""Stackelberg games with convex quadratic followers, solved globally by branching.

The followers' first-order conditions are necessary and sufficient, so the leader's
program with complementary pairs is the game itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import casadi as ca
import cvxpy as cp
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from eqsolve.concepts import Stackelberg
from eqsolve.formulations.bilevel import BilevelProgram, bilevel_program
from eqsolve.formulations.recovery import Recovered
from eqsolve.games.convexity import convex_players
from eqsolve.games.expressions import to_csr
from eqsolve.programs.complementarity_constrained import ComplementarityConstrainedProgram
from eqsolve.results import Solution

Array = NDArray[np.float64]
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
        if concept.stance != "optimistic":
            return "it counts on the followers' answer that is best for the leader."
        leaders = concept.leaders(game.player_names)
        bilevel = bilevel_program(game.symbolic, leaders)
        if not bilevel.is_linear_quadratic:
            return "costs are not quadratic, or rows not affine."
        convex = convex_players(game, game.numbers.default_start())
        for player, name in enumerate(game.player_names):
            if player not in leaders and not convex[player]:
                return f"follower {name!r} has a non-convex problem."
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
    )  # fmt: skip


def convexified(
    program: ComplementarityConstrainedProgram,
) -> ComplementarityConstrainedProgram | None:
    """The same program with a convex objective, or None when none of this form exists.

    Products left * right vanish at every feasible point, and so does E w - e. Adding
    rho_k left_k right_k + theta ||E w - e||^2 therefore changes no feasible value, and
    weights that make the Hessian positive semidefinite come from a semidefinite program
    (the quadratic convex reformulation of Billionnet, Elloumi and Plateau 2009).
    """
    H = program.H.toarray()
    scale = max(1.0, float(np.abs(H).max(initial=0.0)))
    if np.linalg.eigvalsh(H)[0] >= -1e-9 * scale:
        return program
    if program.pairs > REFORMULATE_UP_TO:
        return None
    products = [
        (np.outer(left, right) + np.outer(right, left))
        for left, right in zip(program.A.toarray(), program.B.toarray(), strict=True)
    ]
    squares = 2 * (program.E.T @ program.E).toarray()
    rho = cp.Variable(len(products))
    theta = cp.Variable(nonneg=True)
    total = H + theta * squares + sum(rho[k] * product for k, product in enumerate(products))
    problem = cp.Problem(cp.Minimize(cp.norm1(rho) + theta), [total >> 0])
    try:
        problem.solve(solver="CLARABEL")
    except cp.SolverError:
        return None
    if problem.status not in (cp.OPTIMAL, cp.OPTIMAL_INACCURATE):
        return None
    added = np.asarray(total.value)
    added = (added + added.T) / 2
    if np.linalg.eigvalsh(added)[0] < -1e-7 * scale:
        return None
    weights, theta_value = np.asarray(rho.value), float(theta.value)
    c = program.c.copy()
    constant = program.constant + theta_value * float(program.e @ program.e)
    c -= 2 * theta_value * (program.E.T @ program.e)
    c += program.A.T @ (weights * program.b) + program.B.T @ (weights * program.a)
    constant += float(weights @ (program.a * program.b))
    return replace(program, H=sp.csc_matrix(added), c=c, constant=constant)
