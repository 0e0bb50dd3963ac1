"""Stackelberg games as a program with equilibrium constraints: local, for smooth followers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.concepts import Stackelberg
from eqsolve.formulations.bilevel import bilevel_program
from eqsolve.formulations.recovery import Recovered
from eqsolve.programs.mpec import EquilibriumConstrainedProgram
from eqsolve.results import Solution

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Mpec:
    """The followers' first-order conditions as complementarity in the leader's program."""

    name = "mpec"
    kind = "mpec"

    def refuses(self, game: Any, concept: Any) -> str | None:
        """None, or why this formulation does not apply."""
        if not isinstance(concept, Stackelberg):
            return "it is for a leader and followers (concept Stackelberg)."
        if concept.stance != "optimistic":
            return "it counts on the followers' answer that is best for the leader."
        concept.leaders(game.player_names)
        return None

    def compile(
        self, game: Any, concept: Any, start: Array | None = None
    ) -> EquilibriumConstrainedProgram:
        """The program, begun at the strategies `start` (n,)."""
        symbolic = game.symbolic
        bilevel = bilevel_program(symbolic, concept.leaders(game.player_names))
        x = symbolic.start.copy()
        if start is not None:
            x[: symbolic.declared] = start
        return EquilibriumConstrainedProgram(
            unknowns=bilevel.unknowns,
            objective=bilevel.objective,
            equalities=bilevel.equalities,
            inequalities=bilevel.inequalities,
            left=bilevel.left,
            right=bilevel.right,
            lower=bilevel.lower,
            upper=bilevel.upper,
            start=bilevel.start(x, 0.1),
            names=bilevel.names,
        )

    def recover(self, program: Any, solution: Solution) -> Recovered:
        """The strategies stand first."""
        return Recovered(solution.values)
