"""Certify a point: re-solve every player's problem and measure what is left to gain."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve._certify_finite import certify_finite
from eqsolve.concepts import Nash, Stackelberg
from eqsolve.errors import EqsolveError, NoFormulation
from eqsolve.formulations.deviations import deviations
from eqsolve.formulations.first_order import FirstOrder, first_order, follower_residual
from eqsolve.formulations.follower_response import FollowerResponse, leader_gain
from eqsolve.formulations.own_problem import linear_quadratic, own_problem
from eqsolve.formulations.recovery import weights_of
from eqsolve.formulations.second_order import second_order
from eqsolve.formulations.worst_answer import worst_alike
from eqsolve.games.convexity import convex_at_every_point, convex_players, has_shared_rows
from eqsolve.games.finite_players import FinitePlayers
from eqsolve.games.game import Game
from eqsolve.results import Certificate

VARIATIONAL = 1e-6  # first-order residual, relative to the gradient, below which multipliers agree
REFUTED = 1e-3  # relative gain of a follower that no tolerance forgives
FAR = 1e6  # strategies from here on may hide changes of payoff in their last digit
READING = 1e-7  # relative difference allowed between cvxpy's evaluation and ours


def certify(game: Any, point: Any, concept: Any = None) -> Certificate:
    """How far `point` is from an equilibrium of `game`, from the declaration alone.

    Parameters
    ----------
    game : Game, or a finite game
    point : dict of str to array, array (n,), or Equilibrium
        Strategies by player, or all of them in `game.variables` order; for correlated play
        of finite games the joint distribution over profiles.
    concept : concept, optional
        Default Nash(). Weights of a VariationalEquilibrium decide what counts as normalized.

    Returns
    -------
    Certificate
        With the largest gain any player gets by deviating alone; `holds(tolerance)`
        says whether that and the infeasibility are small enough.

    Raises
    ------
    NotAGame
        When the point does not fit the game.

    Examples
    --------
    >>> import cvxpy as cp
    >>> from eqsolve import Game, Player
    >>> x = cp.Variable(name="x")
    >>> certify(Game([Player("a", cp.Minimize(cp.square(x - 1)), [x])]), [3.0]).max_gain
    4.0
    """
    concept = Nash() if concept is None else concept
    if isinstance(game, FinitePlayers):
        return certify_finite(game, point, concept)
    vector = game.pack(getattr(point, "vector", point))
    payoffs = game.declared_payoffs(vector)
    _check_reading(game, vector, payoffs)
    if isinstance(concept, Stackelberg):
        return _certify_commitment(game, vector, payoffs, concept)
    game.check_simultaneous()
    convex = convex_players(game, vector)
    found = deviations(game, vector, convex)
    weights = weights_of(game, concept)
    order = first_order(game, vector, weights)
    each = found.gains + _hidden_by_rounding(game, vector)
    gains = dict(zip(game.player_names, each.tolist(), strict=True))
    certain = bool(convex.all()) and not found.failed
    scales = np.maximum(1.0, np.abs(np.where(np.isfinite(payoffs), payoffs, 0.0)))
    slope = max(1.0, float(np.abs(game.numbers.gradient(vector)).max(initial=0.0)))
    return Certificate(
        max_gain=float(each.max()),
        gains=gains,
        kkt_residual=order.residual,
        infeasibility=game.numbers.infeasibility(vector),
        relative_gain=float((each / scales).max()),
        payoff_scale=float(scales.max()),
        scope="global" if certain else "local",
        second_order=second_order(game, vector),
        kind=_kind(game, order, slope, bool((weights != weights[0]).any())),
        multiplier_spread=order.spread,
        variational_residual=order.variational,
    )


def _certify_commitment(
    game: Game, vector: NDArray[np.float64], payoffs: Any, concept: Stackelberg
) -> Certificate:
    """Followers re-solved at the commitment; the leader's commitment moved, followers answering."""
    leaders = concept.leaders(game.player_names)
    convex = convex_players(game, vector)
    followers = list(concept.followers(game.player_names))
    found = deviations(game, vector, convex, tuple(followers))
    certain = bool(convex[followers].all()) and not found.failed
    gains = found.gains.copy()
    size = max(1.0, abs(float(payoffs[followers[0]])))
    # A gain that a search has found only grows: nothing is left to look for globally.
    refuted = not found.failed and gains[followers[0]] > REFUTED * size
    if len(followers) == 1 and not certain and not refuted:
        answer = own_problem(game, followers[0]).respond_globally(vector)
        if answer is not None:
            # Searches from several starts may fail where SCIP does not, and count as infinite.
            searched = 0.0 if found.failed else gains[followers[0]]
            gains[followers[0]] = max(searched, answer.gain)
            certain = True
    everywhere = all(convex_at_every_point(game, player) for player in followers)
    pessimistic = concept.stance == "pessimistic"
    if pessimistic and not (len(followers) == 1 and everywhere and linear_quadratic(game)):
        raise NoFormulation(
            "A pessimistic commitment is certified for one convex quadratic follower only."
        )
    response = FollowerResponse(game, leaders, everywhere, worst=pessimistic)
    gains[leaders[0]] = leader_gain(response, vector)
    if pessimistic:
        gains[leaders[0]] += _hoped_for(response, vector)
    scales = np.maximum(1.0, np.abs(np.where(np.isfinite(payoffs), payoffs, 0.0)))
    return Certificate(
        max_gain=float(gains.max()),
        gains=dict(zip(game.player_names, gains.tolist(), strict=True)),
        kkt_residual=follower_residual(game, vector, tuple(followers)),
        infeasibility=game.numbers.infeasibility(vector),
        relative_gain=float((gains / scales).max()),
        payoff_scale=float(scales.max()),
        scope="local",
        kind="Stackelberg" if certain else "Stackelberg, followers local",
    )


def _hoped_for(response: FollowerResponse, vector: NDArray[np.float64]) -> float:
    """What the leaders would lose by the worst answer that the follower likes as much."""
    worst = worst_alike(response.game, response.leaders, response.followers[0], vector)
    if worst is None:
        return float(np.inf)
    now, then = (
        float(response.game.numbers.costs(x[None])[0, list(response.leaders)].sum())
        for x in (vector, worst)
    )
    return max(0.0, then - now)


def _hidden_by_rounding(game: Game, vector: NDArray[np.float64]) -> NDArray[np.float64]:
    """What each player's payoff may change within the last digit of its strategy, (players,).

    Nothing for strategies of usual size. At x = 1e20 a cosine's value is chance, and no gain
    computed from it means anything.
    """
    numbers = game.numbers
    lost = np.zeros(len(game.player_names))
    far = np.abs(vector) > FAR
    if far.any():
        digit = np.where(far, np.spacing(np.abs(vector)), 0.0)
        slope = np.abs(numbers.gradient(vector))
        bend = np.abs(numbers.own_hessians(vector).diagonal())
        np.add.at(lost, numbers.owner, slope * digit + 0.5 * bend * digit**2)
    return np.where(np.isnan(lost), np.inf, lost)


def _check_reading(game: Game, vector: NDArray[np.float64], payoffs: Any) -> None:
    """The modelling language and our reading of it must give the same payoffs."""
    ours = game.numbers.payoffs(vector[None])[0]
    both = np.isfinite(ours) & np.isfinite(payoffs)
    scale = 1.0 + np.abs(payoffs[both])
    wrong = np.abs(ours[both] - payoffs[both]) > READING * scale
    if wrong.any() or (np.isfinite(ours) != np.isfinite(payoffs)).any():
        place = int(np.flatnonzero(both)[wrong][0]) if wrong.any() else int(np.argmin(both))
        name = game.player_names[place]
        raise EqsolveError(
            f"Player {name!r}: the modelling language evaluates the objective to "
            f"{payoffs[place]:.12g} and eqsolve to {ours[place]:.12g} at this point. If a "
            "Parameter was changed since the game was declared, declare the game anew."
        )


def _kind(game: Game, order: FirstOrder, slope: float, weighted: bool) -> str:
    if not has_shared_rows(game):
        return "Nash"
    # Judged by the weights that were asked for, which decide between the two names.
    residual, name = order.variational, "variational"
    if weighted:
        residual, name = order.normalized, "normalized"
    within = residual is not None and residual <= VARIATIONAL * slope
    return name if within else "generalized"
