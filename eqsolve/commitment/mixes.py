"""The best mixed commitment against one follower who answers best: one linear program a response.

With one follower, and a leader who is asked once a play, expected payoffs are linear in the mixes
x(o, a). Say which actions S of each type are tied for best, and the leader's value is

    max  sum over types  P(type) sum over d, a  ... x(o, a) u_0      (the mean, best or worst of S)
    s.t. actions in S pay the type alike, and no less than any other,   x(o, .) a mix,

and the largest over all S is the answer (Conitzer and Sandholm 2006, with ties in the leader's
favour; von Stengel and Zamir 2010 for the others). With ties split evenly the value jumps where
actions tie, and a supremum over an open set need not be attained: S must be tied *alone*, other
actions strictly worse somewhere, and then mixes on the way there come as near as one likes. That
is how followers who learn by multiplicative weights answer when their heaviest action is read off:
their scores are multiples of expected payoffs, whatever the number of plays.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from eqsolve.commitment.batch_game import BatchGame
from eqsolve.commitment.enumeration import randomness
from eqsolve.commitment.episodes import play_episodes
from eqsolve.commitment.optimum import EXACT, CommitmentOptimum, CommittedPolicy
from eqsolve.commitment.policy import MixedCommitment
from eqsolve.commitment.responses.best_response import BestResponse
from eqsolve.commitment.responses.multiplicative_weights import (
    MultiplicativeWeights,
    OptimisticMultiplicativeWeights,
)
from eqsolve.commitment.setting import Setting
from eqsolve.programs.linear import LinearProgram
from eqsolve.solvers.highs import Highs

Array = NDArray[np.float64]
MOST_SETS = 20_000  # choices of tied actions that are listed
STRICT = 1e-8  # slack, relative to payoffs, that counts as strictly worse
SHARES = (0.0, *np.geomspace(1e-9, 1.0, 28))  # of the way back from an end not attained


def ties_of(setting: Setting) -> str | None:
    """How best answers' ties are split, where followers answer best in the end; else None."""
    response = setting.response
    if isinstance(response, BestResponse):
        return response.ties
    learners = (MultiplicativeWeights, OptimisticMultiplicativeWeights)
    if isinstance(response, learners) and response.final == "argmax":
        return "uniform" if randomness(setting) is None else None
    return None


def why_not(setting: Setting) -> str | None:
    """Why the best mix is not found by linear programs, or None where it is."""
    game = setting.game
    if game.followers != 1:
        return f"there are {game.followers} followers, whose answers depend on each other"
    if ties_of(setting) is None:
        return f"{setting.response!r} does not end at a best response"
    if game.graph is None or game.graph.depth > 1:
        return "the leader is asked more than once a play"
    # A leader who is favoured by ties need not know which other actions are tied.
    own = game.actions[0] if ties_of(setting) == "optimistic" else 2.0 ** game.actions[0] - 1
    if float(own) ** game.types[0] > MOST_SETS:
        return f"there are {float(own) ** game.types[0]:.3g} sets of best answers, too many to list"
    return None


@dataclass(frozen=True, eq=False)
class LinearPayoffs:
    """Expected payoffs of one follower's types and actions as functions of the leader's mixes.

    Attributes
    ----------
    follower, leader : ndarray (types, actions, variables)
        Weighted by the type's probability.
    follower_constant, leader_constant : ndarray (types, actions)
    observations : ndarray (o,)
        Where the leader is asked; variables are (o, leader's actions).
    """

    follower: Array
    leader: Array
    follower_constant: Array
    leader_constant: Array
    observations: NDArray[np.int64]


def linear_payoffs(game: BatchGame) -> tuple[LinearPayoffs, float]:
    """The coefficients where the leader is asked at most once a play, and the leader's unit.

    Everybody's payoffs are divided by their spread, since solvers' tolerances are absolute.
    """
    graph = game.graph
    assert game.prior is not None
    (T,), (A,) = game.types, game.actions
    width, end = graph.children.shape[1], graph.observations.size - 1
    asked = np.unique(graph.root_observations[graph.roots < end])
    place = np.full(game.leader_observations, -1)
    place[asked] = np.arange(asked.size)
    out = np.zeros((2, T, A, asked.size * width))
    constant = np.zeros((2, T, A))
    for deal, law in enumerate(game.prior):
        kind = int(game.deal_types[min(deal, len(game.deal_types) - 1), 0])
        for act in range(A):
            cell = deal * A + act
            constant[:, kind, act] += law * graph.root_rewards[[1, 0], cell]
            node = graph.roots[cell]
            if node < end:
                at = place[graph.observations[node]] * width
                out[:, kind, act, at : at + width] += law * graph.rewards[[1, 0], node]
    spread = np.ptp(graph.rewards[:, graph.roots] + graph.root_rewards[:, :, None], axis=(1, 2))
    leads, follows = np.where(spread > 0, spread, 1.0).tolist()
    found = LinearPayoffs(
        out[0] / follows, out[1] / leads, constant[0] / follows, constant[1] / leads, asked
    )
    return found, float(leads)


def best_mix(
    setting: Setting, report: Callable[[int, int], None] = lambda done, total: None
) -> CommitmentOptimum:
    """The best mixed commitment against one follower who answers best.

    Raises
    ------
    BadCommitment
        When plays cannot be listed.

    Examples
    --------
    >>> import eqsolve as eq
    >>> from eqsolve.commitment.responses import MultiplicativeWeights
    >>> lead = eq.StackelbergPOMDP(
    ...     eq.models.load("maintain"), mixed=True, response_plays=33,
    ...     response=MultiplicativeWeights(unit=30.0, final="argmax"),
    ... )
    >>> optimum = best_mix(lead.setting)
    >>> optimum.bound, optimum.attained, bool(optimum.value > 27.4999)
    (27.5, False, True)
    """
    game, ties = setting.game, ties_of(setting)
    payoffs, unit = linear_payoffs(game)
    width = game.leader_actions
    bound = -np.inf
    best: tuple[Array, Array | None] | None = None
    choices = list(_tied_sets(game.types[0], game.actions[0], ties))
    for number, sets in enumerate(choices):
        found = _best_of_set(payoffs, sets, ties, width)
        if found is not None and found[0] > bound + EXACT:
            if ties == "optimistic":
                bound, best = found[0], (found[1], None)
            else:
                inner, slack = _most_strict(payoffs, sets, width)
                if slack > STRICT:
                    bound, best = found[0], (found[1], inner)
        report(number + 1, len(choices))
    assert best is not None
    bound *= unit
    value, table, attained = _evaluated(setting, payoffs, *best)
    seen = np.zeros(game.leader_observations, dtype=bool)
    seen[payoffs.observations] = True
    return CommitmentOptimum(
        value=value,
        bound=max(bound, value),
        policy=CommittedPolicy(table, seen),
        method="linear programs, one a set of best answers",
        mixed=True,
        commitments=len(choices),
        attained=attained,
        problem=setting,
    )


def _tied_sets(types: int, actions: int, ties: str | None) -> Iterator[tuple[tuple[int, ...], ...]]:
    """The actions that are tied for best at every type; single ones suffice for a kind leader."""
    most = 1 if ties == "optimistic" else actions
    own = [
        one for size in range(1, most + 1) for one in itertools.combinations(range(actions), size)
    ]
    return itertools.product(own, repeat=types)


def _rows(payoffs: LinearPayoffs, sets: tuple[tuple[int, ...], ...]) -> tuple[Array, Array, Any]:
    """Rows, constants, and which are strict: the first of a set less every other action."""
    rows, constants, strict = [], [], []
    for kind, own in enumerate(sets):
        for act in range(payoffs.follower.shape[1]):
            if act == own[0]:
                continue
            rows.append(payoffs.follower[kind, own[0]] - payoffs.follower[kind, act])
            constants.append(
                payoffs.follower_constant[kind, own[0]] - payoffs.follower_constant[kind, act]
            )
            strict.append(act not in own)
    n = payoffs.follower.shape[2]
    return np.array(rows).reshape(-1, n), np.array(constants), np.array(strict, dtype=bool)


def _solve(
    payoffs: LinearPayoffs,
    sets: tuple[tuple[int, ...], ...],
    objective: Array,
    width: int,
    extra: tuple[Array, Array] | None = None,
    slack: bool = False,
) -> tuple[float, Array] | None:
    """One program over mixes, then further variables: `extra` rows at least zero."""
    n = payoffs.follower.shape[2]
    rows, constants, strict = _rows(payoffs, sets)
    more = objective.size - n
    wide = np.hstack([rows, np.zeros((rows.shape[0], more))])
    if slack:
        wide[strict, n] = -1.0
    mixes = np.kron(np.eye(payoffs.observations.size), np.ones(width))
    mixes = np.hstack([mixes, np.zeros((mixes.shape[0], more))])
    parts, low = [wide, mixes], [-constants, np.ones(mixes.shape[0])]
    high = [np.where(strict, np.inf, -constants), np.ones(mixes.shape[0])]
    if extra is not None:
        parts.append(extra[0])
        low.append(-extra[1])
        high.append(np.full(extra[1].size, np.inf))
    program = LinearProgram(
        objective=objective,
        rows=sp.csr_array(np.vstack(parts)),
        row_lower=np.concatenate(low),
        row_upper=np.concatenate(high),
        lower=np.concatenate([np.zeros(n), np.full(more, -np.inf)]),
        upper=np.concatenate([np.ones(n), np.full(more, 1.0 if slack else np.inf)]),
        sense="max",
    )
    solution = Highs().solve(program)
    if not solution.solved or not np.isfinite(solution.values).all():
        return None
    x = np.maximum(solution.values[:n], 0.0).reshape(-1, width)
    return program.value(solution.values), np.asarray(x / x.sum(axis=1, keepdims=True))


def _best_of_set(
    payoffs: LinearPayoffs, sets: tuple[tuple[int, ...], ...], ties: str | None, width: int
) -> tuple[float, Array] | None:
    """The leader's largest value where these actions are best, and the mixes that give it."""
    if ties == "pessimistic":
        # One variable a type: what the leader gets from the worst of the tied actions.
        n, kinds = payoffs.leader.shape[2], len(sets)
        rows, constants = [], []
        for kind, own in enumerate(sets):
            for act in own:
                rows.append(np.append(payoffs.leader[kind, act], -np.eye(kinds)[kind]))
                constants.append(payoffs.leader_constant[kind, act])
        objective = np.append(np.zeros(n), np.ones(kinds))
        return _solve(payoffs, sets, objective, width, (np.array(rows), np.array(constants)))
    weights = [payoffs.leader[k, list(own)].mean(axis=0) for k, own in enumerate(sets)]
    constant = sum(payoffs.leader_constant[k, list(own)].mean() for k, own in enumerate(sets))
    found = _solve(payoffs, sets, np.sum(weights, axis=0), width)
    return None if found is None else (found[0] + float(constant), found[1])


def _most_strict(
    payoffs: LinearPayoffs, sets: tuple[tuple[int, ...], ...], width: int
) -> tuple[Array, float]:
    """Mixes at which other actions are worst by most, and by how much (at most one)."""
    n = payoffs.follower.shape[2]
    found = _solve(payoffs, sets, np.append(np.zeros(n), 1.0), width, slack=True)
    return (np.zeros((0, width)), -np.inf) if found is None else (found[1], found[0])


def _evaluated(
    setting: Setting, payoffs: LinearPayoffs, end: Array, inner: Array | None
) -> tuple[float, Array, bool]:
    """The best of mixes at and near the end, as followers do respond, and whether at it."""
    game = setting.game
    shares = np.array(SHARES if inner is not None else (0.0,))[:, None, None]
    near = end[None] + shares * ((0 if inner is None else inner[None]) - end[None])
    tables = np.full((len(shares), game.leader_observations, game.leader_actions), 0.0)
    tables[:, :, 0] = 1.0
    tables[:, payoffs.observations] = near
    went = play_episodes(setting, MixedCommitment(tables), np.random.default_rng(0), exact=True)
    at = int(went.rewards.argmax())
    return float(went.rewards[at]), tables[at], at == 0
