"""Certificates of commitments in finite games: the followers' gains, and what the leader misses.

The leader's gain is the difference between its payoff and a bound that no commitment exceeds.
The bound comes from multipliers by weak duality, or from a search over a tree.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.concepts import Stackelberg
from eqsolve.errors import NoFormulation
from eqsolve.formulations.certificates import finite_certificate, nash_gains, simplex_infeasibility
from eqsolve.formulations.commitment_programs import CommitmentPrograms
from eqsolve.formulations.finite_answer import FiniteAnswer
from eqsolve.results import Certificate
from eqsolve.solvers.multiple_linear_programs import MultipleLinearPrograms

Array = NDArray[np.float64]
TIED = 1e-11  # difference of a follower's payoffs, as a share of its spread, that is a tie


def certify_commitment(
    game: Any, point: Any, concept: Stackelberg, answer: FiniteAnswer | None = None
) -> Certificate:
    """Followers re-examined at the commitment, the leader held against its bound."""
    route = CommitmentPrograms()
    reason = route.refuses(game, concept)
    if reason is not None:
        raise NoFormulation(f"There is no certificate of {concept!r} on this game: {reason}")
    vector = game.pack(getattr(point, "vector", point))
    program = route.compile(game, concept)
    (place,) = concept.leaders(game.player_names)
    mix, response = vector[game.blocks[place]], vector[game.blocks[1 - place]]
    gains = nash_gains(game, vector)
    value = mix @ program.leader @ response
    if concept.stance == "pessimistic":
        value = min(value, _worst(program, mix))
    if answer is None or (answer.proof is None and answer.bound is None):
        answer = route.recover(program, MultipleLinearPrograms().solve(program))
    if answer.proof is not None:
        bound = program.bound(answer.proof)
    else:
        bound = float(np.inf) if answer.bound is None else answer.bound
    gains[place] = bound - value
    infeasible = simplex_infeasibility(game, vector)
    if program.pure:
        infeasible = max(infeasible, float(1.0 - mix.max()))
    return finite_certificate(game, gains, infeasible, kind="Stackelberg", bound=bound)


def _worst(program: Any, mix: Array) -> float:
    """The leader's payoff from the worst answer that the follower likes as much as its best."""
    pays = mix @ program.follower
    spread = float(np.ptp(program.follower))
    tied = pays >= pays.max() - TIED * spread
    return float((mix @ program.leader)[tied].min())
