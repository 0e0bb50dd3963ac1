"""Optimal coverage of a security game, as one mixed-integer linear program.

Attacker l attacks target t where a^l_t = 1. With k^l what its attack pays it and d^l what it
pays the defender,

    maximise  sum over l of p_l d^l
    s.t.      d^l <= c_t Dc^l_t + (1 - c_t) Du^l_t + (1 - a^l_t) M,
              0 <= k^l - (c_t Ac^l_t + (1 - c_t) Au^l_t) <= (1 - a^l_t) M,
              0 <= c <= 1,   sum c <= resources,   sum over t of a^l_t = 1,   a binary

(ERASER: Kiekintveld, Jain, Tsai, Pita, Ordonez and Tambe 2009). Every M is what the row can
need at most: max Dc - Du_t, and max Au - Ac_t.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from eqsolve.concepts import Stackelberg
from eqsolve.formulations.finite_answer import FiniteAnswer
from eqsolve.games.security import SecurityGame
from eqsolve.programs.linear import LinearProgram
from eqsolve.results import Solution


@dataclass(frozen=True)
class SecurityCoverage:
    """Formulation of the defender's commitment in compact form."""

    name = "security"
    kind = "mixed-integer linear"
    games = "finite"

    def refuses(self, game: Any, concept: Any) -> str | None:
        """None, or why this formulation does not apply."""
        if not isinstance(concept, Stackelberg):
            return f"attackers who see the coverage do not express {concept!r}."
        if not isinstance(game, SecurityGame):
            return f"it is for security games, and this is a {type(game).__name__}."
        if concept.leaders(game.player_names) != (0,):
            return "the defender leads in a security game."
        if concept.commitment != "mixed":
            return f"a coverage is a mixed commitment, not a {concept.commitment} one."
        if concept.stance == "pessimistic":
            return "its attackers break ties for the defender."
        return None

    def compile(self, game: Any, concept: Any, start: Any = None) -> LinearProgram:
        """The program in c, then a of all types, d, k; no start."""
        targets, types = game.targets, game.attackers
        size = targets * (1 + types) + 2 * types
        attacks = slice(targets, targets * (1 + types))
        eye, each = sp.identity(targets, format="csr"), sp.identity(types, format="csr")
        ones = np.ones((targets, 1))
        rows, low, high = [], [], []
        # Both players in units of their spread, from their smallest payoff on.
        (covered, uncovered), least, unit = _in_units(
            game.defender_covered, game.defender_uncovered
        )
        (kept, lost), *_ = _in_units(game.attacker_covered, game.attacker_uncovered)
        for t in range(types):
            worth = covered[t] - uncovered[t]
            loss = kept[t] - lost[t]
            reach = covered[t].max() - uncovered[t]
            regret = lost[t].max() - kept[t]
            chosen = np.zeros((1, types))
            chosen[0, t] = 1.0
            pick = sp.kron(chosen, eye)
            picked = sp.kron(each[[t]], ones)
            none = sp.csr_array((targets, types))
            # d - c worth + a M <= Du + M
            rows.append(
                sp.hstack([-sp.diags_array(worth), sp.diags_array(reach) @ pick, picked, none])
            )
            low.append(np.full(targets, -np.inf))
            high.append(uncovered[t] + reach)
            # k - c loss >= Au,  k - c loss + a M <= Au + M
            gain = sp.hstack([-sp.diags_array(loss), sp.csr_array(pick.shape), none, picked])
            rows.append(gain)
            low.append(lost[t])
            high.append(np.full(targets, np.inf))
            rows.append(
                sp.hstack([-sp.diags_array(loss), sp.diags_array(regret) @ pick, none, picked])
            )
            low.append(np.full(targets, -np.inf))
            high.append(lost[t] + regret)
        sums = np.zeros((1 + types, size))
        sums[0, :targets] = 1.0
        for t in range(types):
            sums[1 + t, targets * (1 + t) : targets * (2 + t)] = 1.0
        rows.append(sp.csr_array(sums))
        low.append(np.append(0.0, np.ones(types)))
        high.append(np.append(float(game.resources), np.ones(types)))
        objective = np.zeros(size)
        objective[attacks.stop : attacks.stop + types] = unit * game.probabilities
        integer = np.zeros(size, dtype=bool)
        integer[attacks] = True
        free = np.full(2 * types, np.inf)
        return LinearProgram(
            objective=objective,
            rows=sp.vstack(rows, format="csr"),
            row_lower=np.concatenate(low),
            row_upper=np.concatenate(high),
            lower=np.concatenate([np.zeros(targets * (1 + types)), -free]),
            upper=np.concatenate([np.ones(targets * (1 + types)), free]),
            sense="max",
            constant=least,
            integer=integer,
            write=lambda: _written(game),
            game=game,
        )

    def recover(self, program: LinearProgram, solution: Solution) -> FiniteAnswer:
        """The coverage, the attacks it invites, and the proven bound."""
        game = program.game
        if not np.isfinite(solution.values).all():
            return FiniteAnswer(np.full(game.n, np.nan))
        cover = _within(solution.values[: game.targets], game.resources)
        picked = solution.values[game.targets : game.n].reshape(game.attackers, game.targets)
        attacks = np.eye(game.targets)[picked.argmax(axis=1)]
        vector = np.concatenate([cover, attacks.ravel()])
        return FiniteAnswer(vector, bound=getattr(solution, "bound", None))


def _in_units(covered: Any, uncovered: Any) -> tuple[tuple[Any, Any], float, float]:
    """Payoffs moved and scaled into [0, 1], with what was taken out."""
    least = float(min(covered.min(), uncovered.min()))
    unit = float(max(covered.max(), uncovered.max())) - least or 1.0
    return ((covered - least) / unit, (uncovered - least) / unit), least, unit


def _within(coverage: Any, resources: int) -> Any:
    """Coverage within its bounds, with a solver's rounding taken off."""
    c = np.clip(coverage, 0.0, 1.0)
    return c * min(1.0, resources / c.sum()) if c.sum() > 0 else c


def _written(game: SecurityGame) -> Any:
    """The same program in cvxpy."""
    import cvxpy as cp  # slow to import, needed only by who reads the program

    c = cp.Variable(game.targets, bounds=[0, 1], name="coverage")
    d = cp.Variable(game.attackers, name="defender")
    constraints = [cp.sum(c) <= game.resources]
    for t in range(game.attackers):
        attack = cp.Variable(game.targets, boolean=True, name=f"attack{t}")
        best = cp.Variable(name=f"attacker{t}")
        covered, uncovered = game.defender_covered[t], game.defender_uncovered[t]
        pays = cp.multiply(c, covered - uncovered) + uncovered
        kept, lost = game.attacker_covered[t], game.attacker_uncovered[t]
        gets = cp.multiply(c, kept - lost) + lost
        constraints += [
            cp.sum(attack) == 1,
            d[t] <= pays + cp.multiply(covered.max() - uncovered, 1 - attack),
            best >= gets,
            best - gets <= cp.multiply(lost.max() - kept, 1 - attack),
        ]
    return cp.Problem(cp.Maximize(game.probabilities @ d), constraints)
