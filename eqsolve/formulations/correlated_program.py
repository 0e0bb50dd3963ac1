"""Correlated and coarse correlated equilibria as one linear program.

    maximise  sum over profiles of w(a) p(a)     (or t, with t <= every player's payoff)
    s.t.      obedience rows p >= 0,   p a distribution

Sources: Aumann (1974, 1987); Gilboa and Zemel (1989) for the program; `obedience` for the rows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from eqsolve.concepts import CoarseCorrelated, Correlated
from eqsolve.formulations.finite_answer import FiniteAnswer, clean
from eqsolve.formulations.obedience import Obedience
from eqsolve.formulations.objectives import is_word, weights_over
from eqsolve.games.finite import NormalFormGame
from eqsolve.programs.linear import LinearProgram
from eqsolve.results import Solution

Array = NDArray[np.float64]
LARGEST = 30_000_000  # numbers of obedience rows that still fit in memory


@dataclass(frozen=True, eq=False, kw_only=True)
class ObedienceProgram(LinearProgram):
    """The linear program beside the rows it was written from.

    Attributes
    ----------
    obedience : Obedience
    egalitarian : bool
        Whether the last variable is the smallest payoff.
    """

    obedience: Any = field(repr=False)
    egalitarian: bool = False


@dataclass(frozen=True)
class CorrelatedProgram:
    """Formulation of correlated equilibria by their obedience rows."""

    name = "correlated"
    kind = "linear"
    games = "finite"

    def refuses(self, game: Any, concept: Any) -> str | None:
        """None, or why this formulation does not apply."""
        if type(concept) is not Correlated:
            return f"a recommendation that must be obeyed does not express {concept!r}."
        return refusal(game, concept)

    def compile(self, game: Any, concept: Any, start: Any = None) -> ObedienceProgram:
        """The linear program; nothing to start from."""
        return obedience_program(game, concept, Obedience.of(game, coarse=False))

    def recover(self, program: ObedienceProgram, solution: Solution) -> FiniteAnswer:
        """The distribution and its marginals."""
        return read_distribution(program, solution)


@dataclass(frozen=True)
class CoarseCorrelatedProgram:
    """Formulation of coarse correlated equilibria: one row an action of every player."""

    name = "coarse-correlated"
    kind = "linear"
    games = "finite"

    def refuses(self, game: Any, concept: Any) -> str | None:
        """None, or why this formulation does not apply."""
        if type(concept) is not CoarseCorrelated:
            return f"a fixed action instead of recommendations does not express {concept!r}."
        return refusal(game, concept)

    def compile(self, game: Any, concept: Any, start: Any = None) -> ObedienceProgram:
        """The linear program; nothing to start from."""
        return obedience_program(game, concept, Obedience.of(game, coarse=True))

    def recover(self, program: ObedienceProgram, solution: Solution) -> FiniteAnswer:
        """The distribution and its marginals."""
        return read_distribution(program, solution)


def refusal(game: Any, concept: Any) -> str | None:
    """Why no linear program over the profiles of a game in normal form expresses a concept."""
    if not isinstance(game, NormalFormGame):
        return f"it needs every profile's payoffs, and a {type(game).__name__} has none."
    return size_refusal(game) or objective_refusal(concept)


def size_refusal(game: Any) -> str | None:
    """Why the rows of a game do not fit."""
    size = Obedience.entries(game)
    return f"its rows hold {size} numbers, more than {LARGEST}." if size > LARGEST else None


def objective_refusal(concept: Any) -> str | None:
    """Why an objective is no linear program's."""
    if is_word(concept.objective, "entropy"):
        return "entropy is not linear."
    if is_word(concept.objective, "egalitarian") and concept.sense == "min":
        return (
            "the least of the smallest payoff is one program a player: ask for every player as "
            'objective with sense="min".'
        )
    return None


def obedience_program(game: Any, concept: Any, obedience: Obedience) -> ObedienceProgram:
    """Best or worst obedient distribution for the concept's objective."""
    law, masses = obedience.types_law
    rows, size = obedience.rows, obedience.outcomes
    egalitarian = is_word(concept.objective, "egalitarian")
    constant = 0.0
    low = np.concatenate([np.zeros(rows.shape[0]), masses])
    high = np.concatenate([np.full(rows.shape[0], np.inf), masses])
    stacked = sp.vstack([rows, law], format="csr")
    lower, upper = np.zeros(size), np.full(size, np.inf)
    if egalitarian:
        # One more variable t, and U_i p - t >= 0 for every player.
        players = obedience.players
        payoffs = sp.csr_array(obedience.payoffs.reshape(players, -1))
        smallest = sp.csr_array(np.full((players, 1), -1.0))
        stacked = sp.block_array([[stacked, None], [payoffs, smallest]], format="csr")
        low = np.concatenate([low, np.zeros(players)])
        high = np.concatenate([high, np.full(players, np.inf)])
        lower, upper = np.append(lower, -np.inf), np.append(upper, np.inf)
        objective = np.append(np.zeros(size), 1.0)
    else:
        weights = weights_over(game, concept.objective, obedience.shape).ravel()
        # Probabilities sum to one, so that a constant may be taken out, and with it lost digits.
        constant = float((weights.min() + weights.max()) / 2)
        objective = weights - constant
    return ObedienceProgram(
        objective=objective,
        rows=stacked,
        row_lower=low,
        row_upper=high,
        lower=lower,
        upper=upper,
        sense=concept.sense,
        constant=constant,
        write=lambda: _written(game, concept, obedience),
        game=game,
        obedience=obedience,
        egalitarian=egalitarian,
    )


def _written(game: Any, concept: Any, obedience: Obedience) -> Any:
    """The same program in cvxpy, in the names of the game."""
    import cvxpy as cp  # slow to import, needed only by who reads the program

    p = cp.Variable(obedience.outcomes, nonneg=True, name="p")
    law, masses = obedience.types_law
    constraints = [obedience.rows @ p >= 0, law @ p == masses]
    if is_word(concept.objective, "entropy"):
        return cp.Problem(cp.Maximize(cp.sum(cp.entr(p))), constraints)
    if is_word(concept.objective, "egalitarian"):
        payoffs = obedience.payoffs.reshape(obedience.players, -1)
        return cp.Problem(cp.Maximize(cp.min(payoffs @ p)), constraints)
    weights = weights_over(game, concept.objective, obedience.shape).ravel()
    goal = cp.Maximize if concept.sense == "max" else cp.Minimize
    return cp.Problem(goal(weights @ p), constraints)


def read_distribution(program: Any, solution: Solution) -> FiniteAnswer:
    """The distribution, the marginals, and the multipliers that prove it optimal."""
    obedience, game = program.obedience, program.game
    raw = solution.values[: obedience.outcomes]
    if not np.isfinite(raw).all():
        return FiniteAnswer(np.full(game.n, np.nan))
    masses = obedience.prior.ravel()[:, None]
    each = np.maximum(raw.reshape(masses.size, -1), 0.0)
    sums = each.sum(axis=1, keepdims=True)
    kept = np.divide(each * masses, sums, out=np.zeros_like(each), where=sums > 0)
    distribution = kept.reshape(obedience.shape)
    return FiniteAnswer(
        vector=marginals(game, distribution),
        distribution=_without_types(game, distribution),
        proof=_multipliers(program, solution),
    )


def marginals(game: Any, distribution: Array) -> Array:
    """Every player's marginal, of every type where there are types, as one vector (n,)."""
    types = getattr(game, "types", None)
    if types is None:
        joint = distribution.reshape(game.actions)
        axes = range(game.players)
        return np.concatenate(
            [clean(joint.sum(axis=tuple(j for j in axes if j != k))) for k in axes]
        )
    parts = []
    for k in range(game.players):
        away = tuple(j for j in range(2 * game.players) if j not in (k, game.players + k))
        own = distribution.sum(axis=away)
        mass = own.sum(axis=1, keepdims=True)
        even = np.full_like(own, 1.0 / own.shape[1])  # of types that never come
        parts.append(np.divide(own, mass, out=even, where=mass > 0).ravel())
    return np.concatenate(parts)


def _without_types(game: Any, distribution: Array) -> Array:
    return distribution if hasattr(game, "types") else distribution.reshape(game.actions)


@dataclass(frozen=True)
class ObedienceProof:
    """Multipliers of obedience rows, and of the payoffs in an egalitarian objective.

    Attributes
    ----------
    rows : ndarray (rows,)
    players : ndarray (players,) or None
    """

    rows: Array
    players: Array | None = None


def _multipliers(program: ObedienceProgram, solution: Solution) -> ObedienceProof | None:
    if solution.multipliers is None:
        return None
    count = program.obedience.rows.shape[0]
    payers = solution.multipliers[-program.obedience.players :] if program.egalitarian else None
    return ObedienceProof(
        solution.multipliers[:count], None if payers is None else clean(np.abs(payers))
    )
