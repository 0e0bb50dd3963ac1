"""Exact potential games as one convex program.

If the pseudo-gradient is a gradient, F = grad Phi, then minimising Phi over everyone's
constraints yields an equilibrium (Monderer and Shapley 1996), variational where
constraints are shared. With costs

    c_i(x) = s_i(x_i) + (quadratic coupling),

Phi(x) = sum_i s_i(x_i) + 1/2 x'D x + b'x + 1/2 y'W y,  y = R x + r: the coupling's
pseudo-gradient D x + b + T y must have D symmetric and T = R'W with W symmetric.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import casadi as ca
import cvxpy as cp
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.linalg import ArpackError, eigsh

from eqsolve.concepts import Nash, VariationalEquilibrium
from eqsolve.formulations.recovery import Recovered, weights_of
from eqsolve.games.affine import aggregate_weights, is_symmetric
from eqsolve.games.expressions import Walker
from eqsolve.games.from_cvxpy import read_game
from eqsolve.games.numbers import GameNumbers
from eqsolve.games.player import Player, Population
from eqsolve.games.symbolic import SHARED
from eqsolve.games.terms import split
from eqsolve.programs.convex import ConvexProgram
from eqsolve.results import Solution

Array = NDArray[np.float64]
SLACK = 1e-9  # relative asymmetry and negative curvature forgiven as rounding
DENSE_UP_TO = 2000  # coordinates; larger couplings must factor through the aggregates


class NoPotential(Exception):
    """Carries the sentence that says why a game has no convex potential of this form."""


@dataclass(frozen=True)
class Potential:
    """Formulation of potential games as a `cp.Problem` in the players' variables."""

    name = "potential"
    kind = "convex"

    def refuses(self, game: Any, concept: Any) -> str | None:
        """None, or why the game is no convex exact potential game."""
        if not isinstance(concept, (Nash, VariationalEquilibrium)):
            return f"a potential's minimum does not express {concept!r}."
        if game.language != "cvxpy":
            return "the game is declared in Pyomo, and the potential is written in cvxpy."
        if (weights_of(game, concept) != 1).any():
            return "players weigh shared multipliers differently, so no single minimum is meant."
        coupled = _coupled_own_rows(game)
        if coupled is not None:
            return f"player {coupled!r} has constraints of its own that move with the others."
        try:
            problem = potential_problem(game)
        except NoPotential as reason:
            return str(reason)
        return None if problem.is_dcp() else "the potential, or a constraint, is not convex."

    def compile(self, game: Any, concept: Any, start: Array | None = None) -> ConvexProgram:
        """The convex program; `start` is not needed by its solvers."""
        return ConvexProgram(potential_problem(game), game.variables)

    def recover(self, program: ConvexProgram, solution: Solution) -> Recovered:
        """The strategies; multipliers come with the polishing of first-order conditions."""
        return Recovered(solution.values)


def potential_problem(game: Any) -> Any:
    """The `cp.Problem` whose minimum is an equilibrium.

    Raises
    ------
    NoPotential
        With the reason in one sentence.
    """
    if "_potential" not in game.__dict__:
        game.__dict__["_potential"] = _build(game)
    return game.__dict__["_potential"]


def _build(game: Any) -> Any:
    separable: list[Any] = []
    couplings: list[Any] = []
    for block in game.players:
        own, coupling = _parts(game, block)
        separable += own
        couplings.append(coupling)
    constraints = [c for block in game.players for c in block.constraints]
    constraints += list(game.shared_constraints)
    objective, extra = _quadratic_potential(game, couplings)
    total = sum(separable[1:], separable[0]) if separable else 0.0
    if objective is not None:
        total = objective + total
    return cp.Problem(cp.Minimize(total), [*extra, *constraints])


def _coupled_own_rows(game: Any) -> str | None:
    declared = game.declared
    places = declared.row_pattern.tocoo()
    row_owner, owner = declared.row_owner[places.row], declared.owner[places.col]
    foreign = np.flatnonzero((row_owner != SHARED) & (row_owner != owner))
    return str(game.player_names[row_owner[foreign[0]]]) if foreign.size else None


def _parts(game: Any, block: Any) -> tuple[list[Any], Any]:
    """(own convex terms, quadratic rest) of a block's cost."""
    own, quadratic = [], []
    for factor, term in split(block.expression, float(block.sign)):
        if term.is_quadratic() or term.is_affine():
            quadratic.append(factor * term)
        elif _is_own(game, block, term):
            part = factor * term
            own.append(cp.sum(part) if part.shape else part)
        else:
            text = str(term)
            raise NoPotential(
                f"player {block.name!r}: the term "
                f"{text if len(text) < 50 else text[:47] + '...'} couples players and is "
                "not quadratic."
            )
    rest = sum(quadratic[1:], quadratic[0]) if quadratic else None
    return own, rest


def _is_own(game: Any, block: Any, term: Any) -> bool:
    """Whether each entry of `term` depends on its own player's variables alone."""
    declared, place, leaves = game.declared, 0, {}
    for variable in game.variables:
        leaves[variable.id] = declared.x[place : place + variable.size]
        place += variable.size
    column = Walker(leaves, declared.x)(term)
    sparsity = ca.jacobian_sparsity(column, declared.x)
    first = game.player_names.index(block.names[0])
    players = first + np.asarray(sparsity.row(), dtype=int)
    return bool((declared.owner[np.asarray(sparsity.get_col(), dtype=int)] == players).all())


def _quadratic_potential(game: Any, couplings: list[Any]) -> tuple[Any, list[Any]]:
    """Objective and lifting constraints of the quadratic part."""
    blocks = [
        _with_objective(block, coupling)
        for block, coupling in zip(game.players, couplings, strict=True)
    ]
    symbolic = read_game(blocks, (), epigraphs=False)
    if not symbolic.is_affine:
        raise NoPotential("the quadratic part's derivative is not affine.")
    numbers = GameNumbers(symbolic, game.signs)
    zero = np.zeros(symbolic.n)
    direct, through = numbers.jacobian_parts(zero)
    offset = numbers.gradient(zero) - through @ symbolic.offset
    if symbolic.aggregates:
        weights = aggregate_weights(symbolic.matrix, through)
        if weights is None or not is_symmetric(direct) or not _convex(direct, weights):
            if symbolic.n > DENSE_UP_TO:
                raise NoPotential("the coupling through aggregates is not symmetric and convex.")
            offset = offset + through @ symbolic.offset
            direct, weights = sp.csr_matrix(direct + through @ symbolic.matrix), None
    else:
        weights = None
    if not is_symmetric(direct):
        raise NoPotential(
            "the players' effects on each other are not symmetric "
            "(d2 c_i / dx_i dx_j differs from d2 c_j / dx_j dx_i)."
        )
    if not _positive(direct):
        raise NoPotential("its exact potential is not convex.")
    x = cp.hstack([cp.vec(v, order="C") for v in game.variables])
    objective = _half_square(x, direct) + offset @ x
    if weights is None:
        return objective, []
    y = cp.Variable(symbolic.aggregates, name="aggregate")
    lifting = [y == symbolic.matrix @ x + symbolic.offset]
    return objective + _half_square(y, weights), lifting


def _with_objective(block: Any, coupling: Any) -> Any:
    """The block with its quadratic cost alone and no constraints."""
    if isinstance(block, Player):
        expression = cp.Constant(0.0) if coupling is None else coupling
        return Player(block.name, cp.Minimize(expression), block.variables)
    expression = cp.Constant(np.zeros(block.size)) if coupling is None else coupling
    return Population(block.name, block.variables, minimize=expression, names=block.names)


def _convex(direct: Any, weights: Any) -> bool:
    return _positive(direct) and _positive(weights)


def _positive(matrix: Any) -> bool:
    """Positive semidefinite up to rounding."""
    scale = max(1.0, float(np.abs(matrix.data).max(initial=0.0)))
    if (matrix - sp.diags(matrix.diagonal())).nnz == 0:
        return bool(matrix.diagonal().min(initial=0.0) >= -SLACK * scale)
    if matrix.shape[0] <= DENSE_UP_TO:
        return bool(np.linalg.eigvalsh(matrix.toarray())[0] >= -SLACK * scale)
    try:
        smallest = eigsh(matrix, k=1, which="SA", return_eigenvectors=False, tol=1e-6)[0]
    except ArpackError:
        return False
    return bool(smallest >= -1e-6 * scale)


def _half_square(x: Any, matrix: Any) -> Any:
    """1/2 x' matrix x as cvxpy recognises it."""
    diagonal = matrix.diagonal()
    if (matrix - sp.diags(diagonal)).nnz == 0:
        return 0.5 * cp.sum_squares(cp.multiply(np.sqrt(np.maximum(diagonal, 0.0)), x))
    return 0.5 * cp.quad_form(x, cp.psd_wrap(sp.csc_matrix((matrix + matrix.T) / 2)))
