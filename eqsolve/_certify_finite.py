"""Certificates of finite games: from payoffs and strategies alone.

A deviation is tried for every player, every action, every type and every recommendation, so
gains are exact up to rounding and the scope is global. Gains count in each player's own units;
relative gains are shares of that player's spread, its largest difference of payoffs.

Optimality of an objective is proven by weak duality: whatever nonnegative multipliers a solver
gives, a valid bound is computed of them here.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from eqsolve._certify_commitment import certify_commitment
from eqsolve.concepts import (
    BayesCoarseCorrelated,
    CoarseCorrelated,
    Correlated,
    Nash,
    QuantalResponse,
    Stackelberg,
)
from eqsolve.errors import NoFormulation, NotAGame
from eqsolve.formulations.bayesian_correlated import PlansProof, distance_from_plans
from eqsolve.formulations.certificates import finite_certificate, nash_gains, simplex_infeasibility
from eqsolve.formulations.finite_answer import FiniteAnswer
from eqsolve.formulations.obedience import Obedience
from eqsolve.formulations.objectives import is_word, weights_over
from eqsolve.results import Certificate

Array = NDArray[np.float64]


def certify_finite(
    game: Any, point: Any, concept: Any, answer: FiniteAnswer | None = None
) -> Certificate:
    """How far a profile, or a joint distribution, is from what a concept asks.

    Parameters
    ----------
    game : finite game
    point : profile, joint distribution (for correlated play), or Equilibrium
    concept : concept
    answer : FiniteAnswer, optional
        With multipliers, or the bound of a search, where a formulation has them.

    Raises
    ------
    NotAGame
        When the point does not fit the game.
    NoFormulation
        When the concept is not one of finite games.
    """
    if isinstance(concept, Stackelberg):
        return certify_commitment(game, point, concept, answer)
    if isinstance(concept, Correlated):
        return _certify_correlated(game, point, concept, answer)
    if isinstance(concept, Nash):
        vector = game.pack(getattr(point, "vector", point))
        bound = None if answer is None else answer.bound
        return finite_certificate(
            game, nash_gains(game, vector), simplex_infeasibility(game, vector), bound=bound
        )
    if isinstance(concept, QuantalResponse):
        return _certify_response(game, game.pack(getattr(point, "vector", point)), concept)
    raise NoFormulation(f"There is no certificate of {concept!r} for finite games.")


def objective_of(game: Any, concept: Any, vector: Array, distribution: Array | None) -> Any:
    """The value of a concept's objective at an answer, or None where it has none."""
    objective = getattr(concept, "objective", None)
    if objective is None:
        return None
    obedience = Obedience.of(game, coarse=False)
    joint = game.joint(vector) if distribution is None else distribution
    p = np.ravel(joint)
    if is_word(objective, "entropy"):
        return float(-(p[p > 0] @ np.log(p[p > 0])))
    if is_word(objective, "egalitarian"):
        return float((obedience.payoffs.reshape(game.players, -1) @ p).min())
    return float(weights_over(game, objective, obedience.shape).ravel() @ p)


def _certify_correlated(
    game: Any, point: Any, concept: Correlated, answer: FiniteAnswer | None
) -> Certificate:
    coarse = isinstance(concept, (CoarseCorrelated, BayesCoarseCorrelated))
    obedience = Obedience.of(game, coarse)
    distribution = _joint(game, point, obedience)
    proof = None if answer is None else answer.proof
    infeasible = obedience.infeasibility(distribution)
    if getattr(concept, "mediator", "") == "blind":
        infeasible = max(infeasible, distance_from_plans(game, distribution))
    return finite_certificate(
        game,
        obedience.gains(distribution),
        infeasible,
        kind="coarse correlated" if coarse else "correlated",
        bound=None if proof is None else _bound(game, concept, obedience, proof),
    )


def _joint(game: Any, point: Any, obedience: Obedience) -> Array:
    """A joint distribution as given, of an equilibrium, or of independent mixes."""
    given = getattr(point, "distribution", None)
    if given is None:
        given = getattr(point, "vector", point)
    if isinstance(given, np.ndarray) and given.size == obedience.outcomes and given.ndim > 1:
        return given.reshape(obedience.shape)
    try:
        return np.asarray(game.joint(game.pack(given))).reshape(obedience.shape)
    except NotAGame as reason:
        shape = tuple(getattr(game, "types", ())) + tuple(game.actions)
        raise NotAGame(
            f"Correlated play needs a joint distribution of shape {shape}, or mixes. {reason}"
        ) from None


def _bound(game: Any, concept: Correlated, obedience: Obedience, proof: Any) -> float:
    """What the objective cannot exceed (or fall below), by weak duality."""
    if is_word(concept.objective, "entropy"):
        tilt = (obedience.rows.T @ np.abs(proof.rows)).reshape(obedience.prior.size, -1)
        law = obedience.prior.ravel()
        known = law > 0
        free = logsumexp(tilt[known], axis=1) - np.log(law[known])
        return float(law[known] @ free)
    if is_word(concept.objective, "egalitarian"):
        weights = np.tensordot(proof.players, obedience.payoffs, axes=1)
    else:
        weights = weights_over(game, concept.objective, obedience.shape)
    sign = 1.0 if concept.sense == "max" else -1.0
    if isinstance(proof, PlansProof):
        reduced = sign * np.ravel(weights) + obedience.rows.T @ np.abs(proof.rows)
        return float(sign * (proof.law.T @ reduced).max())
    return sign * obedience.bound(sign * weights, proof.rows)


def _certify_response(game: Any, vector: Array, concept: QuantalResponse) -> Certificate:
    """Gains in payoff plus entropy / precision, whose best answer is the logit response.

    That gain is the relative entropy of the mix to its logit response, over the precision.
    """
    # A precision near zero asks for even mixes whatever the payoffs: their own unit is taken.
    unit = max(concept.precision, 1.0 / (game.spread or 1.0))
    pays = concept.precision * game.deviation_payoffs(vector)
    gains, residual = [], 0.0
    for block in game.blocks:
        log_response = pays[block] - logsumexp(pays[block])
        own = np.maximum(vector[block], 0.0)
        played = own > 0
        gains.append(float(own[played] @ (np.log(own[played]) - log_response[played])) / unit)
        residual = max(residual, float(np.abs(own - np.exp(log_response)).max()))
    return finite_certificate(
        game,
        np.array(gains),
        simplex_infeasibility(game, vector),
        kind="quantal response",
        residual=residual,
    )
