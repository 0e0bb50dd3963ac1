"""Stackelberg games with smooth interior followers: the total-derivative program.

    min over x_L  c_L(x_L, r(x_L)),   F_F(x_L, r(x_L)) = 0

written with the followers' stationarity as equations, so that Newton's method on its
first-order conditions is Newton's method on the total gradient
D c_L = d c_L / d x_L - (d F_F / d x_L)' (d F_F / d x_F)^-T d c_L / d x_F.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import casadi as ca
import numpy as np
from numpy.typing import NDArray

from eqsolve.concepts import Stackelberg
from eqsolve.formulations.bilevel import bilevel_program
from eqsolve.formulations.recovery import Recovered
from eqsolve.games.symbolic import SHARED
from eqsolve.programs.mpec import EquilibriumConstrainedProgram
from eqsolve.results import Solution

Array = NDArray[np.float64]
SINGULAR = 1e-12  # reciprocal condition number below which the response has no derivative


@dataclass(frozen=True)
class Implicit:
    """The leader's total-derivative program, for followers strictly inside their bounds."""

    name = "implicit"
    kind = "mpec"

    def refuses(self, game: Any, concept: Any) -> str | None:
        """None, or why this formulation does not apply."""
        if not isinstance(concept, Stackelberg):
            return "it is for a leader and followers (concept Stackelberg)."
        if concept.stance != "optimistic":
            return "it follows one answer of the followers and does not look for the worst."
        leaders = concept.leaders(game.player_names)
        symbolic = game.symbolic
        if symbolic.n != symbolic.declared:
            return "a player's problem has kinks."
        if not np.isin(symbolic.row_owner, leaders).all():
            shared = (symbolic.row_owner == SHARED).any()
            return (
                "shared constraints bind the followers."
                if shared
                else "the followers have constraints besides bounds."
            )
        following = np.flatnonzero(~np.isin(symbolic.owner, leaders))
        if (symbolic.lower[following] == symbolic.upper[following]).any():
            return "a follower's variable is fixed by its bounds."
        start = game.numbers.default_start()
        hessian = game.numbers.jacobian(start).toarray()[np.ix_(following, following)]
        if 1 / np.linalg.cond(hessian) < SINGULAR:
            return (
                "the followers' own Hessian is singular at the start, so their answer has no "
                "derivative there; give the variables other values or use formulation='mpec'."
            )
        return None

    def compile(
        self, game: Any, concept: Any, start: Array | None = None
    ) -> EquilibriumConstrainedProgram:
        """The program, begun at the strategies `start` (n,)."""
        symbolic = game.symbolic
        leaders = concept.leaders(game.player_names)
        bilevel = bilevel_program(symbolic, leaders)
        keep = symbolic.n + symbolic.aggregates
        # Interior followers: multipliers of their bounds are zero.
        signed = bilevel.unknowns[keep:]
        interior = ca.substitute([bilevel.equalities], [signed], [ca.SX.zeros(signed.shape[0], 1)])[
            0
        ]
        x = symbolic.start if start is None else np.asarray(start, dtype=float)
        return EquilibriumConstrainedProgram(
            unknowns=bilevel.unknowns[:keep],
            objective=bilevel.objective,
            equalities=interior,
            inequalities=bilevel.inequalities,
            left=ca.SX(0, 1),
            right=ca.SX(0, 1),
            lower=bilevel.lower[:keep],
            upper=bilevel.upper[:keep],
            start=bilevel.start(x)[:keep],
            names=bilevel.names[:keep],
        )

    def recover(self, program: Any, solution: Solution) -> Recovered:
        """The strategies stand first."""
        return Recovered(solution.values)
