"""Commitment against a follower of unknown type, as one mixed-integer linear program.

The leader mixes x; type l of the follower, of probability p_l, answers j where q^l_j = 1. With
z^l_ij = x_i q^l_j,

    maximise  sum over l of p_l sum over i, j of R^l_ij z^l_ij
    s.t.      sum over i of z^l_ij = q^l_j,   sum over j of z^l_ij = x_i,
              sum over i of z^l_ij (C^l_ij - C^l_ik) >= 0   for all j, k,     q binary,

R and C the leader's and the follower's payoffs: DOBSS (Paruchuri, Pearce, Marecki, Tambe,
Ordonez and Kraus 2008, "Playing games for security", AAMAS), with its big-M rows replaced by the
follower's preference within each answer, which needs no M and has the tightest relaxation of
those known (Casorran, Fortz, Labbe and Ordonez 2019).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from eqsolve.concepts import Stackelberg
from eqsolve.formulations.finite_answer import FiniteAnswer, clean
from eqsolve.games.bayesian import BayesianGame
from eqsolve.programs.linear import LinearProgram
from eqsolve.results import Solution


@dataclass(frozen=True)
class Dobss:
    """Formulation of commitment against a Bayesian follower."""

    name = "dobss"
    kind = "mixed-integer linear"
    games = "finite"

    def refuses(self, game: Any, concept: Any) -> str | None:
        """None, or why this formulation does not apply."""
        if not isinstance(concept, Stackelberg):
            return f"answers of every type of a follower do not express {concept!r}."
        if not isinstance(game, BayesianGame):
            return f"it is for followers with types, and a {type(game).__name__} has none."
        reason = bayesian_refusal(game, concept)
        if reason is None and concept.stance == "pessimistic":
            return "its types break ties for the leader."
        return reason

    def compile(self, game: Any, concept: Any, start: Any = None) -> LinearProgram:
        """The program in x, then z and q of every type; no start."""
        leader, follower, law = leader_first(game, concept)
        types, m, k = leader.shape
        unit = float(np.ptp(follower)) or 1.0
        each = m * k + k
        size = m + types * each
        rows, low, high = _rows(follower / unit)
        objective = np.zeros(size)
        low_payoff = float(leader.min())  # taken out: every type's z sums to one
        integer = np.zeros(size, dtype=bool)
        for t in range(types):
            begin = m + t * each
            objective[begin : begin + m * k] = law[t] * (leader[t].ravel() - low_payoff)
            integer[begin + m * k : begin + each] = True
        integer[:m] = concept.commitment == "pure"
        return LinearProgram(
            objective=objective,
            rows=rows,
            row_lower=low,
            row_upper=high,
            lower=np.zeros(size),
            upper=np.ones(size),
            sense="max",
            constant=low_payoff,
            integer=integer,
            write=lambda: _written(leader, follower, law),
            game=(game, concept),
        )

    def recover(self, program: LinearProgram, solution: Solution) -> FiniteAnswer:
        """The leader's mix, every type's answer to it, and the proven bound."""
        game, concept = program.game
        (place,) = concept.leaders(game.player_names)
        types, m, k = leader_first(game, concept)[0].shape
        if not np.isfinite(solution.values).all():
            return FiniteAnswer(np.full(game.n, np.nan))
        x = clean(solution.values[:m])
        each = solution.values[m:].reshape(types, m * k + k)
        answers = np.eye(k)[each[:, m * k :].argmax(axis=1)].ravel()
        parts = [x, answers] if place == 0 else [answers, x]
        return FiniteAnswer(np.concatenate(parts), bound=getattr(solution, "bound", None))


def bayesian_refusal(game: BayesianGame, concept: Stackelberg) -> str | None:
    """Why a game with types is not one leader without and one follower with types."""
    if game.players != 2:
        return f"it takes one leader and one follower, and there are {game.players} players."
    (place,) = concept.leaders(game.player_names)
    if game.types[place] != 1:
        return "the leader has types of its own."
    if concept.commitment == "correlated":
        return "the commitment is to a device, not to a strategy of the leader."
    return None


def leader_first(game: BayesianGame, concept: Stackelberg) -> tuple[Any, Any, Any]:
    """Payoffs R and C (types, leader's actions, follower's actions), and the types' law."""
    (place,) = concept.leaders(game.player_names)
    squeezed = game.payoffs.squeeze(axis=1 + place)
    if place == 1:
        squeezed = squeezed.swapaxes(-1, -2)
    return squeezed[place], squeezed[1 - place], game.type_laws[1 - place]


def _rows(follower: Any) -> tuple[Any, Any, Any]:
    """Sparse rows and their sides: x a distribution, then the rows of every type."""
    types, m, k = follower.shape
    each = m * k + k
    blocks, low, high = [sp.csr_array(np.ones((1, m)))], [np.ones(1)], [np.ones(1)]
    by_answer = sp.kron(np.ones((1, m)), sp.identity(k))  # sum over i of z_ij
    by_action = sp.kron(sp.identity(m), np.ones((1, k)))  # sum over j of z_ij
    x = sp.identity(m)
    parts = []
    for t in range(types):
        prefers = _preferences(follower[t])
        local = sp.block_array(
            [
                [None, by_answer, -sp.identity(k)],
                [-x, by_action, None],
                [None, prefers, None],
                [None, None, sp.csr_array(np.ones((1, k)))],
            ],
            format="csr",
        )
        before = sp.csr_array((local.shape[0], t * each))
        after = sp.csr_array((local.shape[0], (types - 1 - t) * each))
        parts.append(sp.hstack([local[:, :m], before, local[:, m:], after], format="csr"))
        zeros = np.zeros(k + m)
        low += [zeros, np.zeros(prefers.shape[0]), np.ones(1)]
        high += [zeros, np.full(prefers.shape[0], np.inf), np.ones(1)]
    first = sp.hstack([blocks[0], sp.csr_array((1, types * each))])
    return sp.vstack([first, *parts], format="csr"), np.concatenate(low), np.concatenate(high)


def _preferences(payoffs: Any) -> Any:
    """Sparse (k (k - 1), m k): sum over i of z_ij (C_ij - C_il) for every pair of answers."""
    m, k = payoffs.shape
    pairs = [(j, other) for j in range(k) for other in range(k) if j != other]
    rows = np.repeat(np.arange(len(pairs)), m)
    columns = np.concatenate([np.arange(m) * k + j for j, _ in pairs] or [np.zeros(0)])
    values = np.concatenate(
        [payoffs[:, j] - payoffs[:, other] for j, other in pairs] or [np.zeros(0)]
    )
    return sp.csr_array((values, (rows, columns.astype(int))), shape=(len(pairs), m * k))


def _written(leader: Any, follower: Any, law: Any) -> Any:
    """The same program in cvxpy."""
    import cvxpy as cp  # slow to import, needed only by who reads the program

    types, m, k = leader.shape
    x = cp.Variable(m, nonneg=True, name="x")
    constraints = [cp.sum(x) == 1]
    worth = 0
    for t in range(types):
        z = cp.Variable((m, k), nonneg=True, name=f"z{t}")
        q = cp.Variable(k, boolean=True, name=f"q{t}")
        constraints += [cp.sum(z, axis=0) == q, cp.sum(z, axis=1) == x, cp.sum(q) == 1]
        for j in range(k):
            better = follower[t][:, [j]] - follower[t]
            constraints += [better.T @ z[:, j] >= 0]
        worth = worth + law[t] * cp.sum(cp.multiply(leader[t], z))
    return cp.Problem(cp.Maximize(worth), constraints)
