"""Commitment to a correlation device: the leader draws a profile and tells every follower its part.

    maximise  sum of p U_leader   s.t.   the followers' obedience rows p >= 0,  p a distribution

The leader needs no rows, it is bound by its word (Conitzer and Korzhyk 2011, "Commitment to
correlated strategies", AAAI). Against one follower the device is worth as much as a mix; against
followers that play to a coarse correlated equilibrium it bounds what any mix is worth.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from eqsolve.concepts import CoarseCorrelated, Correlated, Stackelberg
from eqsolve.formulations.correlated_program import (
    ObedienceProgram,
    obedience_program,
    read_distribution,
    size_refusal,
)
from eqsolve.formulations.finite_answer import FiniteAnswer
from eqsolve.formulations.obedience import Obedience
from eqsolve.games.finite import NormalFormGame
from eqsolve.results import Solution


@dataclass(frozen=True)
class CommitmentDevice:
    """Formulation of commitment to a correlated strategy as one linear program."""

    name = "commitment-device"
    kind = "linear"
    games = "finite"

    def refuses(self, game: Any, concept: Any) -> str | None:
        """None, or why this formulation does not apply."""
        if not isinstance(concept, Stackelberg):
            return f"a device that one player is bound to does not express {concept!r}."
        if not isinstance(game, NormalFormGame):
            return f"it needs every profile's payoffs, and a {type(game).__name__} has none."
        if concept.commitment != "correlated":
            return f"the commitment is {concept.commitment}, not to a device."
        if len(concept.leaders(game.player_names)) > 1:
            return "one player leads."
        if concept.stance == "pessimistic":
            return "followers who are told what to do break ties as they are told."
        return size_refusal(game)

    def compile(self, game: Any, concept: Any, start: Any = None) -> ObedienceProgram:
        """The linear program; nothing to start from."""
        (leader,) = concept.leaders(game.player_names)
        coarse = concept.response == "coarse correlated"
        obedience = Obedience.of(game, coarse)
        asked = (CoarseCorrelated if coarse else Correlated)(objective=game.payoffs[leader])
        whole = obedience_program(game, asked, obedience)
        bound = np.append(obedience.owners == leader, np.zeros(1, dtype=bool))
        return replace(
            whole,
            row_lower=np.where(bound, -np.inf, whole.row_lower),
            write=lambda: _written(game, obedience, leader),
        )

    def recover(self, program: ObedienceProgram, solution: Solution) -> FiniteAnswer:
        """The device, its marginals and the multipliers of the followers' rows."""
        return read_distribution(program, solution)


def _written(game: Any, obedience: Obedience, leader: int) -> Any:
    import cvxpy as cp  # slow to import, needed only by who reads the program

    p = cp.Variable(obedience.outcomes, nonneg=True, name="p")
    rows = obedience.rows[obedience.owners != leader]
    return cp.Problem(
        cp.Maximize(game.payoffs[leader].ravel() @ p), [rows @ p >= 0, cp.sum(p) == 1]
    )
