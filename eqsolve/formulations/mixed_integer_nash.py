"""Nash equilibria of bimatrix games as one mixed-integer linear program, with an objective.

For the row player, with payoffs A, value v, and a binary b_a a row:

    0 <= v - (A y)_a <= M_a b_a,      x_a <= 1 - b_a,      sum x = 1,

so that a row is unplayed (b = 1) or a best response (b = 0); the column player likewise. At an
equilibrium v and w are the players' payoffs, and any function linear in v, w may be optimised
(Sandholm, Gilpin and Conitzer 2005, "Mixed-integer programming methods for finding Nash
equilibria", AAAI, formulation 1). M_a = largest A_a'b - A_ab is exact: v never exceeds a row's
payoff by more.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.sparse as sp

from eqsolve.formulations.bimatrix_nash import bimatrix_refusal
from eqsolve.formulations.finite_answer import FiniteAnswer, clean
from eqsolve.formulations.objectives import is_word
from eqsolve.formulations.polishing import polished_bimatrix
from eqsolve.programs.linear import LinearProgram
from eqsolve.results import Solution


@dataclass(frozen=True, eq=False, kw_only=True)
class MixedIntegerNashProgram(LinearProgram):
    """The program; its variables are x, y, the binaries of both, v, w and the smaller of them.

    Attributes
    ----------
    unit : float
        By which values of the program are multiplied for the game's units.
    shift : float
        What is added to them then.
    """

    unit: float = field(default=1.0)
    shift: float = field(default=0.0)


@dataclass(frozen=True)
class MixedIntegerNash:
    """Formulation of the best or worst Nash equilibrium of a bimatrix game."""

    name = "mixed-integer-nash"
    kind = "mixed-integer linear"
    games = "finite"

    def refuses(self, game: Any, concept: Any) -> str | None:
        """None, or why this formulation does not apply."""
        reason = bimatrix_refusal(game, concept)
        if reason is not None:
            return reason
        objective = concept.objective
        if is_word(objective, "entropy"):
            return "entropy is not linear."
        if is_word(objective, "egalitarian") and concept.sense == "min":
            return (
                "the least of the smallest payoff is one program a player: ask for every player "
                'as objective with sense="min".'
            )
        if objective is None or isinstance(objective, (str, int, np.integer)):
            return None
        return "an array over profiles is bilinear in two mixes, not linear."

    def compile(self, game: Any, concept: Any, start: Any = None) -> MixedIntegerNashProgram:
        """The program in payoffs of both players over one common unit; no start."""
        unit = game.spread or 1.0
        low = game.payoffs.reshape(2, -1).min(axis=1)
        rows, columns = ((game.payoffs[k] - low[k]) / unit for k in range(2))
        system = _System(rows, columns)
        objective, shift = system.objective(game, concept.objective, low)
        gap = 0.0
        if is_word(concept.objective, "egalitarian"):
            gap = float(low[1] - low[0]) / unit
        matrix, lower, upper = system.rows(gap)
        return MixedIntegerNashProgram(
            objective=objective,
            rows=matrix,
            row_lower=lower,
            row_upper=upper,
            lower=np.append(np.zeros(system.size - 1), -np.inf),
            upper=system.upper(),
            sense=concept.sense,
            integer=system.binaries(),
            write=lambda: _written(game, concept),
            unit=unit,
            shift=shift,
            game=game,
        )

    def recover(self, program: MixedIntegerNashProgram, solution: Solution) -> FiniteAnswer:
        """Both mixes, and the bound on the objective in the game's units."""
        game = program.game
        if not np.isfinite(solution.values).all():
            return FiniteAnswer(np.full(game.n, np.nan))
        m, k = game.actions
        n = m + k
        # A row counts as played only where its binary lets it.
        allowed = solution.values[n : 2 * n] < 0.5
        mixes = np.where(allowed, solution.values[:n], 0.0)
        vector = np.concatenate([clean(mixes[:m]), clean(mixes[m:])])
        bound = getattr(solution, "bound", None)
        if bound is not None and program.objective.any():
            bound = bound * program.unit + program.shift
        else:
            bound = None
        return FiniteAnswer(polished_bimatrix(game, vector), bound=bound)


class _System:
    """Columns: x (m), y (k), binaries (m + k), v, w, t."""

    def __init__(self, rows: Any, columns: Any) -> None:
        self.first, self.second = rows, columns
        self.m, self.k = rows.shape
        self.n = self.m + self.k
        self.size = 2 * self.n + 3
        self.v, self.w, self.t = 2 * self.n, 2 * self.n + 1, 2 * self.n + 2

    def binaries(self) -> Any:
        whole = np.zeros(self.size, dtype=bool)
        whole[self.n : 2 * self.n] = True
        return whole

    def upper(self) -> Any:
        out = np.ones(self.size)
        out[2 * self.n :] = np.inf
        return out

    def rows(self, gap: float) -> tuple[Any, Any, Any]:
        """Sparse rows with their lower and upper sides; t <= v and t <= w + gap."""
        m, n = self.m, self.n
        eye = sp.identity(n, format="csr")
        pays = sp.block_array(
            [[None, sp.csr_array(self.first)], [sp.csr_array(self.second.T), None]], format="csr"
        )
        values = np.zeros((n, 3))
        values[:m, 0] = values[m:, 1] = 1.0
        values = sp.csr_array(values)
        limits = np.concatenate([_largest_regret(self.first), _largest_regret(self.second.T)])
        zero = sp.csr_array((n, n))
        best = sp.hstack([-pays, zero, values])
        either = sp.hstack([-pays, -sp.diags_array(limits), values])
        played = sp.hstack([eye, eye, sp.csr_array((n, 3))])
        total = np.zeros((4, self.size))
        total[0, :m] = total[1, m:n] = 1.0
        total[2, [self.v, self.t]] = total[3, [self.w, self.t]] = 1.0, -1.0
        matrix = sp.vstack([best, either, played, sp.csr_array(total)], format="csr")
        open_ = np.full(n, np.inf)
        lower = np.concatenate([np.zeros(n), -open_, -open_, [1.0, 1.0, 0.0, -gap]])
        upper = np.concatenate([open_, np.zeros(n), np.ones(n), [1.0, 1.0, np.inf, np.inf]])
        return matrix, lower, upper

    def objective(self, game: Any, objective: Any, low: Any) -> tuple[Any, float]:
        """Coefficients, and what turns the scaled value into the game's units besides the unit."""
        out = np.zeros(self.size)
        if objective is None:
            return out, 0.0
        if is_word(objective, "welfare"):
            out[[self.v, self.w]] = 1.0
            return out, float(low.sum())
        if is_word(objective, "egalitarian"):
            out[self.t] = 1.0
            return out, float(low[0])
        place = game.player(objective)
        out[self.v + place] = 1.0
        return out, float(low[place])


def _largest_regret(payoffs: Any) -> Any:
    """Of every row, how much another row's payoff may exceed its own at one column, (rows,)."""
    return (payoffs.max(axis=0) - payoffs).max(axis=1)


def _written(game: Any, concept: Any) -> Any:
    """The same program in cvxpy, in the game's own payoffs."""
    import cvxpy as cp  # slow to import, needed only by who reads the program

    (m, k), (rows, columns) = game.actions, game.payoffs
    x, y = cp.Variable(m, nonneg=True, name="x"), cp.Variable(k, nonneg=True, name="y")
    unplayed = cp.Variable(m, boolean=True, name="row_unplayed")
    avoided = cp.Variable(k, boolean=True, name="column_unplayed")
    v, w = cp.Variable(name="v"), cp.Variable(name="w")
    constraints = [
        v >= rows @ y,
        v - rows @ y <= cp.multiply(_largest_regret(rows), unplayed),
        x <= 1 - unplayed,
        w >= columns.T @ x,
        w - columns.T @ x <= cp.multiply(_largest_regret(columns.T), avoided),
        y <= 1 - avoided,
        cp.sum(x) == 1,
        cp.sum(y) == 1,
    ]
    objective = concept.objective
    if objective is None:
        return cp.Problem(cp.Minimize(0), constraints)
    if is_word(objective, "welfare"):
        worth = v + w
    elif is_word(objective, "egalitarian"):
        worth = cp.minimum(v, w)
    else:
        worth = (v, w)[game.player(objective)]
    goal = cp.Maximize if concept.sense == "max" else cp.Minimize
    return cp.Problem(goal(worth), constraints)
