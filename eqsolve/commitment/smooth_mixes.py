"""The best mix against one follower who learns by multiplicative weights and is read as it plays.

The leader has one mix x, and the follower no types. Told expected payoffs u(x) = G x it plays
after t rounds softmax(t eta u(x)), so that the leader's value is, with l_a(x) the leader's payoff
when the follower takes a,

    v(x) = mean over the rounds t that are read of  sum over a  softmax_a(t eta u(x)) l_a(x).

That is smooth, and has many local optima. Branch and bound over the simplex of mixes finds the
best one: on a cell with corners V score differences and l_a are linear, so that their extremes
lie at corners, a follower's probability is at most

    p_a <= 1 / (1 + sum over b != a  exp(t eta min over V of (u_b - u_a))),       at least likewise,

and v is at most the largest sum of p_a max_V l_a with such p adding up to one. Cells are halved at
their longest edge until no bound exceeds the best value by more than the gap.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.commitment.enumeration import randomness
from eqsolve.commitment.episodes import play_episodes
from eqsolve.commitment.optimum import CommitmentOptimum, CommittedPolicy
from eqsolve.commitment.policy import MixedCommitment
from eqsolve.commitment.responses.multiplicative_weights import (
    MultiplicativeWeights,
    OptimisticMultiplicativeWeights,
)
from eqsolve.commitment.setting import Setting

Array = NDArray[np.float64]
MOST_ACTIONS = 4  # of the leader; cells multiply with the dimension
MOST_CELLS = 3_000_000
GAP = 1e-5  # relative gap at which the search ends
CHUNK = 4_000_000  # numbers held at once


@dataclass(frozen=True, eq=False)
class SmoothValue:
    """v as a function of the mix.

    Attributes
    ----------
    follower, leader : ndarray (follower's actions, leader's actions)
    scales : ndarray (rounds,)
        t eta of the rounds that are read.
    """

    follower: Array
    leader: Array
    scales: Array

    def __call__(self, mixes: Array) -> Array:
        """v (N,) at mixes (N, actions)."""
        u, paid = mixes @ self.follower.T, mixes @ self.leader.T
        out = np.zeros(len(mixes))
        for scale in self.scales:
            scores = scale * u
            weight = np.exp(scores - scores.max(axis=1, keepdims=True))
            out += (weight * paid).sum(axis=1) / weight.sum(axis=1)
        return out / self.scales.size

    def bound(self, corners: Array) -> Array:
        """What v does not exceed on simplices with corners (N, corners, actions), (N,)."""
        u = corners @ self.follower.T
        most = (corners @ self.leader.T).max(axis=1)
        apart = u[:, :, None, :] - u[:, :, :, None]  # (N, corners, a, b): u_b - u_a
        near, far = apart.min(axis=1), apart.max(axis=1)
        order = np.argsort(-most, axis=1)
        sorted_most = np.take_along_axis(most, order, axis=1)
        out = np.zeros(len(corners))
        for scale in self.scales:
            with np.errstate(over="ignore"):
                high = 1.0 / np.exp(scale * near).sum(axis=2)
                low = 1.0 / np.exp(scale * far).sum(axis=2)
            low, high = (np.take_along_axis(p, order, axis=1) for p in (low, high))
            # Everybody gets the least; what is left goes to the largest payoffs first.
            left = 1.0 - low.sum(axis=1)
            before = np.cumsum(high - low, axis=1) - (high - low)
            extra = np.clip(left[:, None] - before, 0.0, high - low)
            out += ((low + extra) * sorted_most).sum(axis=1)
        return out / self.scales.size


def smooth_value(setting: Setting) -> SmoothValue | None:
    """The function of a setting, or None where its followers are of another kind."""
    game, response = setting.game, setting.response
    graph = game.graph
    if not isinstance(response, (MultiplicativeWeights, OptimisticMultiplicativeWeights)):
        return None
    if response.final == "argmax" or randomness(setting) is not None or graph is None:
        return None
    if game.followers != 1 or game.types != (1,) or game.prior is None or game.prior.size != 1:
        return None
    if not graph.blind or game.leader_actions > MOST_ACTIONS:
        return None
    node = graph.roots[: graph.profiles]
    paid = graph.rewards[:, node] + graph.root_rewards[:, : graph.profiles, None]
    plays = setting.response_plays
    rounds = np.array([plays]) if response.final == "last" else np.arange(plays)
    if isinstance(response, OptimisticMultiplicativeWeights):
        rounds = np.where(rounds > 0, rounds + 1, 0)  # the last payoffs count once more
    return SmoothValue(paid[1], paid[0], rounds * np.log1p(response.epsilon) / response.unit)


def best_smooth_mix(
    setting: Setting,
    value: SmoothValue,
    gap: float = GAP,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> CommitmentOptimum:
    """The best mix by branch and bound.

    Parameters
    ----------
    setting : Setting
    value : SmoothValue
        As `smooth_value` gives it.
    gap : float
        Relative to max(1, |value|).

    Examples
    --------
    >>> import eqsolve as eq
    >>> from eqsolve.commitment.responses import MultiplicativeWeights
    >>> lead = eq.StackelbergPOMDP(
    ...     eq.models.load("maintain"), mixed=True, response_plays=33,
    ...     response=MultiplicativeWeights(unit=30.0),
    ... )
    >>> optimum = best_smooth_mix(lead.setting, smooth_value(lead.setting))
    >>> round(optimum.value, 1), optimum.gap < 2e-3
    (14.2, True)
    """
    game = setting.game
    cells = np.eye(game.leader_actions)[None]
    best, mix = -np.inf, cells[0, 0]
    bounds = _chunked(value.bound, cells, value)
    seen, bound, dropped = 1, float(bounds.max()), -np.inf
    while True:
        points = np.concatenate([cells.mean(axis=1), cells[:, 0]])
        values = _chunked(value, points, value)
        at = int(values.argmax())
        if values[at] > best:
            best, mix = float(values[at]), points[at]
        open_ = bounds > best + gap * max(1.0, abs(best))
        if (~open_).any():
            dropped = max(dropped, float(bounds[~open_].max()))
        cells, bounds = cells[open_], bounds[open_]
        bound = max(best, dropped, float(bounds.max()) if bounds.size else -np.inf)
        report(seen, MOST_CELLS)
        if not cells.shape[0] or seen + 2 * cells.shape[0] > MOST_CELLS:
            break
        cells = _halved(cells)
        bounds = np.minimum(_chunked(value.bound, cells, value), np.repeat(bounds, 2))
        seen += cells.shape[0]
    table = np.zeros((game.leader_observations, game.leader_actions))
    table[:, 0] = 1.0
    table[int(game.graph.observations[0])] = mix
    went = play_episodes(
        setting, MixedCommitment(table[None]), np.random.default_rng(0), exact=True
    )
    reached = float(went.rewards[0])
    notes: tuple[str, ...] = ()
    if bound - reached > 2 * gap * max(1.0, abs(reached)):
        notes = (f"The search ended after {seen} cells, before the gap was closed.",)
    return CommitmentOptimum(
        value=reached,
        bound=max(bound, reached),
        policy=CommittedPolicy(table),
        method="branch and bound over mixes",
        mixed=True,
        commitments=seen,
        attained=True,
        notes=notes,
        problem=setting,
    )


def _chunked(function: Any, points: Array, value: SmoothValue) -> Array:
    """A function of many points or cells, some at a time."""
    size = int(np.prod(points.shape[1:])) * value.follower.shape[0] ** 2
    step = max(1, CHUNK // size)
    return np.concatenate([function(points[k : k + step]) for k in range(0, len(points), step)])


def _halved(cells: Array) -> Array:
    """Every simplex (N, corners, n) as two, cut at the middle of its longest edge."""
    count = cells.shape[1]
    one, other = np.triu_indices(count, 1)
    edges = np.linalg.norm(cells[:, one] - cells[:, other], axis=2)
    longest = edges.argmax(axis=1)
    rows = np.arange(len(cells))
    i, j = one[longest], other[longest]
    middle = (cells[rows, i] + cells[rows, j]) / 2
    halves = np.repeat(cells, 2, axis=0)
    halves[2 * rows, i] = middle
    halves[2 * rows + 1, j] = middle
    return halves
