"""Certificates of commitments in finite games: the followers' gains, and what the leader misses.

The leader's gain is the difference between its payoff and a bound that no commitment exceeds.
The bound comes from multipliers by weak duality, or from a search over a tree.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.concepts import Stackelberg
from eqsolve.errors import NoFormulation, NotAGame
from eqsolve.formulations.certificates import finite_certificate, nash_gains, simplex_infeasibility
from eqsolve.formulations.commitment_coarse import CommitmentToCoarsePlay
from eqsolve.formulations.commitment_device import CommitmentDevice
from eqsolve.formulations.commitment_programs import CommitmentPrograms
from eqsolve.formulations.dobss import Dobss
from eqsolve.formulations.finite_answer import FiniteAnswer
from eqsolve.formulations.obedience import Obedience
from eqsolve.formulations.security import SecurityCoverage
from eqsolve.games.bayesian import BayesianGame
from eqsolve.games.security import SecurityGame
from eqsolve.results import Certificate
from eqsolve.solvers.catalogue import default_solver
from eqsolve.solvers.highs import Highs

Array = NDArray[np.float64]
TIED = 1e-11  # difference of a follower's payoffs, as a share of its spread, that is a tie
CLOSED = 1e-3  # distance of the leader from its bound, as a share of its spread, called closed
ROUTES: tuple[Any, ...] = (
    CommitmentPrograms(),
    Dobss(),
    SecurityCoverage(),
    CommitmentDevice(),
    CommitmentToCoarsePlay(),
)


def certify_commitment(
    game: Any, point: Any, concept: Stackelberg, answer: FiniteAnswer | None = None
) -> Certificate:
    """Followers re-examined at the commitment, the leader held against its bound.

    Raises
    ------
    NoFormulation
        When nothing bounds the leader's payoff in this game.
    """
    reasons = {route.name: route.refuses(game, concept) or "" for route in ROUTES}
    routes = [route for route in ROUTES if not reasons[route.name]]
    if not routes:
        raise NoFormulation(f"Nothing bounds the leader of {concept!r} on this game:", reasons)
    if answer is None or (answer.proof is None and answer.bound is None):
        route = routes[0]
        program = route.compile(game, concept)
        answer = route.recover(program, default_solver(route.kind).solve(program))
    if concept.commitment == "correlated":
        return _device(game, point, concept, answer)
    if any(route.name == "commitment-coarse" for route in routes) and game.players > 2:
        return _coarse(game, point, concept, answer)
    vector = game.pack(getattr(point, "vector", point))
    if isinstance(game, SecurityGame):
        return _security(game, vector, answer)
    return _one_follower(game, vector, concept, answer)


def _one_follower(
    game: Any, vector: Array, concept: Stackelberg, answer: FiniteAnswer
) -> Certificate:
    (place,) = concept.leaders(game.player_names)
    gains = nash_gains(game, vector)
    value = float(game.expected_payoffs(vector)[place])
    if concept.stance == "pessimistic":
        value = min(value, _against_the_leader(game, vector, place))
    if answer.proof is not None:
        bound = CommitmentPrograms().compile(game, concept).bound(answer.proof)
    else:
        bound = float(np.inf) if answer.bound is None else answer.bound
    gains[place] = bound - value
    infeasible = simplex_infeasibility(game, vector)
    if concept.commitment == "pure":
        infeasible = max(infeasible, float(1.0 - vector[game.blocks[place]].max()))
    return finite_certificate(game, gains, infeasible, kind="Stackelberg", bound=bound)


def _against_the_leader(game: Any, vector: Array, place: int) -> float:
    """The leader's payoff when a follower, or each of its types, breaks ties against it."""
    masses = game.type_laws[1 - place] if isinstance(game, BayesianGame) else np.ones(1)
    # (players, follower's types, actions, actions): the leader has no types.
    tables = game.payoffs.reshape(2, masses.size, *game.actions)
    if place == 1:
        tables = tables.swapaxes(2, 3)
    total = 0.0
    mix = vector[game.blocks[place]]
    for own, pays, mass in zip(tables[place], tables[1 - place], masses, strict=True):
        # Near zero, so that rounding of large payoffs hides no preference.
        gets = mix @ (pays - pays.min())
        tied = gets >= gets.max() - TIED * (float(np.ptp(pays)) or 1.0)
        total += mass * float((mix @ own)[tied].min())
    return total


def _security(game: SecurityGame, vector: Array, answer: FiniteAnswer) -> Certificate:
    cover, attacks = game.unpack(vector).values()
    defender, attacker = game.attack_payoffs(cover)
    gain = game.probabilities @ (attacker.max(axis=1) - (attacks * attacker).sum(axis=1))
    value = float(game.probabilities @ (attacks * defender).sum(axis=1))
    bound = float(np.inf) if answer.bound is None else answer.bound
    wrong = [
        -float(vector.min()),
        float(cover.max()) - 1.0,
        float(cover.sum()) - game.resources,
        float(np.abs(attacks.sum(axis=1) - 1.0).max()),
        0.0,
    ]
    gains = np.array([bound - value, float(gain)])
    return finite_certificate(game, gains, max(wrong), kind="Stackelberg", bound=bound)


def _device(game: Any, point: Any, concept: Stackelberg, answer: FiniteAnswer) -> Certificate:
    (place,) = concept.leaders(game.player_names)
    obedience = Obedience.of(game, concept.response == "coarse correlated")
    joint = _joint(game, point)
    gains = obedience.gains(joint)
    payoffs = game.payoffs[place]
    y = np.where(obedience.owners == place, 0.0, answer.proof.rows)
    bound = obedience.bound(payoffs, y)
    gains[place] = bound - float((payoffs * joint).sum())
    wrong = obedience.infeasibility(joint)
    return finite_certificate(game, gains, wrong, kind="Stackelberg, correlated", bound=bound)


def _coarse(game: Any, point: Any, concept: Stackelberg, answer: FiniteAnswer) -> Certificate:
    (place,) = concept.leaders(game.player_names)
    joint = _joint(game, point)
    others = tuple(k for k in range(game.players) if k != place)
    mix, play = joint.sum(axis=others), joint.sum(axis=place)
    product = np.moveaxis(np.multiply.outer(mix, play), 0, place)
    obedience = Obedience.of(game, coarse=True)
    wrong = max(obedience.infeasibility(joint), float(np.abs(product - joint).max()))
    if concept.commitment == "pure":
        wrong = max(wrong, float(1.0 - mix.max()))
    gains = obedience.gains(joint)
    value = float((game.payoffs[place] * joint).sum())
    if concept.stance == "pessimistic":
        program = CommitmentToCoarsePlay().compile(game, concept)
        worst = Highs().solve(program.at_mix(mix, worst=True)).objective
        value = min(value, -np.inf if worst is None else worst)
    bound = float(np.inf) if answer.bound is None else answer.bound
    gains[place] = bound - value
    certificate = finite_certificate(game, gains, wrong, kind="Stackelberg, coarse", bound=bound)
    # A search ends at a gap: whether nothing better exists is then known up to that gap only.
    near = gains[place] <= CLOSED * max(float(game.spreads[place]), 1e-300)
    return certificate if near else replace(certificate, scope="bound not reached")


def _joint(game: Any, point: Any) -> Array:
    """A joint distribution over profiles as given, of an equilibrium, or of independent mixes."""
    given = getattr(point, "distribution", None)
    given = getattr(point, "vector", point) if given is None else given
    if isinstance(given, np.ndarray) and given.shape == game.actions:
        return given
    try:
        return np.asarray(game.joint(game.pack(given)))
    except NotAGame as reason:
        raise NotAGame(
            f"This commitment needs a joint distribution of shape {game.actions}, or mixes. "
            f"{reason}"
        ) from None
