"""Commitment against several followers that play to a coarse correlated equilibrium.

What learners without regret do once a leader has committed; see `programs.coarse_commitment`
for the program and `solvers.branch_on_mix` for how it is closed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from eqsolve.concepts import Stackelberg
from eqsolve.formulations.correlated_program import marginals
from eqsolve.formulations.finite_answer import FiniteAnswer, clean
from eqsolve.games.finite import NormalFormGame
from eqsolve.programs.coarse_commitment import CoarseCommitmentProgram
from eqsolve.results import Solution

LARGEST = 2_000_000  # numbers in the followers' losses


@dataclass(frozen=True)
class CommitmentToCoarsePlay:
    """Formulation of commitment against coarse correlated play of two or more followers."""

    name = "commitment-coarse"
    kind = "coarse commitment"
    games = "finite"

    def refuses(self, game: Any, concept: Any) -> str | None:
        """None, or why this formulation does not apply."""
        if not isinstance(concept, Stackelberg):
            return f"coarse correlated play at a leader's mix does not express {concept!r}."
        if not isinstance(game, NormalFormGame):
            return f"it needs every profile's payoffs, and a {type(game).__name__} has none."
        if concept.response != "coarse correlated":
            return 'followers answer in Nash equilibrium; ask for response="coarse correlated".'
        if concept.commitment == "correlated":
            return "the commitment is to a device, not to a strategy of the leader."
        if len(concept.leaders(game.player_names)) > 1:
            return "one player leads."
        size = game.payoffs[0].size * (game.n - game.actions[concept.leaders(game.player_names)[0]])
        if size > LARGEST:
            return f"followers' losses are {size} numbers, more than {LARGEST}."
        return None

    def compile(self, game: Any, concept: Any, start: Any = None) -> CoarseCommitmentProgram:
        """The bilinear program; nothing to start from."""
        (place,) = concept.leaders(game.player_names)
        leader, losses = followers_losses(game, place)
        return CoarseCommitmentProgram(
            leader,
            losses,
            optimistic=concept.stance == "optimistic",
            pure=concept.commitment == "pure",
            game=(game, place),
        )

    def recover(self, program: CoarseCommitmentProgram, solution: Solution) -> FiniteAnswer:
        """The leader's mix, the followers' joint play, and the proven bound."""
        game, place = program.game
        m = game.actions[place]
        if not np.isfinite(solution.values).all():
            return FiniteAnswer(np.full(game.n, np.nan))
        mix, play = clean(solution.values[:m]), clean(solution.values[m:])
        shape = tuple(size for k, size in enumerate(game.actions) if k != place)
        joint = np.moveaxis(np.multiply.outer(mix, play.reshape(shape)), 0, place)
        return FiniteAnswer(marginals(game, joint), joint, bound=getattr(solution, "bound", None))


def followers_losses(game: NormalFormGame, leader: int) -> tuple[Any, Any]:
    """U (leader's actions, followers' profiles), and the losses (rows, same) in spreads."""
    m = game.actions[leader]
    first = np.moveaxis(game.payoffs[leader], leader, 0).reshape(m, -1)
    rows = []
    for k in range(game.players):
        if k == leader:
            continue
        unit = float(game.spreads[k]) or 1.0
        own = game.payoffs[k] / unit
        for action in range(game.actions[k]):
            loss = own - own.take([action], axis=k)
            rows.append(np.moveaxis(loss, leader, 0).reshape(m, -1))
    return np.ascontiguousarray(first), np.array(rows)
