"""Equilibrium as a mixed complementarity problem: everyone's first-order conditions at once.

For players with convex problems the conditions are sufficient; for the others the
certificate decides. Source: Facchinei and Pang (2003), chapter 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import casadi as ca
import numpy as np
from numpy.typing import NDArray

from eqsolve.concepts import Nash, VariationalEquilibrium
from eqsolve.formulations.kkt import OptimalityConditions, optimality_conditions
from eqsolve.formulations.quadratic_start import quadratic_start
from eqsolve.formulations.recovery import Recovered, constraint_multipliers, weights_of
from eqsolve.games.expressions import to_csr
from eqsolve.programs.complementarity import ComplementarityProblem
from eqsolve.results import Solution

Array = NDArray[np.float64]
QUADRATIC_START_ABOVE = 100  # coordinates; below, Newton's method alone is as fast


@dataclass(frozen=True)
class Complementarity:
    """Formulation of Nash and variational equilibria as a mixed complementarity problem."""

    name = "complementarity"
    kind = "complementarity"

    def refuses(self, game: Any, concept: Any) -> str | None:
        """None, or why this formulation does not apply."""
        if not isinstance(concept, (Nash, VariationalEquilibrium)):
            return f"first-order conditions of simultaneous play do not express {concept!r}."
        return None

    def compile(self, game: Any, concept: Any, start: Array | None = None) -> KKTProgram:
        """The complementarity problem; `start` (n,) are strategies to begin from."""
        conditions = optimality_conditions(game.symbolic, weights_of(game, concept))
        return KKTProgram(conditions, _problem(conditions, start))

    def recover(self, program: KKTProgram, solution: Solution) -> Recovered:
        """Strategies and multipliers from the unknowns."""
        conditions = program.conditions
        n, rows = conditions.game.n, conditions.game.row_owner.size
        values = solution.values
        x, multipliers = values[:n], values[values.size - rows :]
        gradient = np.asarray(program.problem.function(values)[:n])
        return Recovered(x, constraint_multipliers(conditions.game, multipliers, gradient))


@dataclass(frozen=True)
class KKTProgram:
    """A complementarity problem beside the conditions it states.

    Attributes
    ----------
    conditions : OptimalityConditions
        The conditions, in symbols.
    problem : ComplementarityProblem
        The same as functions, ready for a solver.
    """

    conditions: OptimalityConditions
    problem: ComplementarityProblem
    kind = "complementarity"

    def describe(self) -> str:
        """Each unknown between its bounds, facing its function."""
        # CasADi calls the entries of q q_0, q_1; the functions are printed in the unknowns' names.
        named = ca.vertcat(*map(ca.SX.sym, self.problem.names))
        conditions = self.conditions
        faces = ca.vertsplit(ca.substitute(conditions.residual, conditions.unknowns, named))
        lines = ["Find unknowns within bounds, each complementary to its function:"]
        rows = zip(self.problem.names, self.problem.lower, self.problem.upper, faces, strict=True)
        lines += [f"  {low:g} <= {name} <= {high:g}  _|_  {face}" for name, low, high, face in rows]
        return "\n".join(lines)


def _problem(conditions: OptimalityConditions, start: Array | None) -> ComplementarityProblem:
    lower, upper = conditions.bounds
    if conditions.linear is not None:
        matrix, offset = conditions.linear

        def function(z: Array) -> Array:
            return np.asarray(matrix @ z + offset)

        def jacobian(z: Array) -> Any:
            return matrix

    else:
        unknowns = conditions.unknowns
        evaluate = ca.Function("residual", [unknowns], [conditions.residual])
        differentiate = ca.Function("jacobian", [unknowns], [conditions.jacobian])

        def function(z: Array) -> Array:
            return np.asarray(evaluate(z)).ravel()

        def jacobian(z: Array) -> Any:
            return to_csr(differentiate(z)).tocsc()

    return ComplementarityProblem(
        function=function,
        jacobian=jacobian,
        lower=lower,
        upper=upper,
        start=_start(conditions, start),
        names=conditions.names,
    )


def _start(conditions: OptimalityConditions, start: Array | None) -> Array:
    """Unknowns to begin from: the given strategies, or a good guess in large games."""
    game = conditions.game
    if start is None and game.n > QUADRATIC_START_ABOVE:
        near = quadratic_start(conditions)
        if near is not None:
            return near
    x = game.start if start is None else _with_auxiliaries(game, start)
    return conditions.start(np.clip(x, game.lower, game.upper))


def _with_auxiliaries(game: Any, start: Array) -> Array:
    """Declared strategies (declared,) completed by the epigraph variables' own start."""
    return np.concatenate([np.asarray(start, dtype=float), game.start[game.declared :]])
