"""What every stage hands to the next: tables, statuses, solutions, certificates, equilibria.

Nothing here computes. A result is a frozen record with a `repr` a person can
check against a paper, and the same table as HTML in a notebook.
"""

from __future__ import annotations

import enum
import html
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_ROWS = 40


class Status(enum.Enum):
    """How a solver ended; the value is the sentence shown to users."""

    SOLVED = "The solver reached its tolerance."
    ITERATION_LIMIT = "The solver ran out of iterations before reaching its tolerance."
    STALLED = "The solver stopped making progress before reaching its tolerance."
    INFEASIBLE = "The constraints cannot all be met."
    UNBOUNDED = "The objective improves without bound."
    FAILED = "The solver failed numerically."


@dataclass(frozen=True)
class Solution:
    """What a solver returns: numbers and how it ended, nothing about games.

    Attributes
    ----------
    values : ndarray, shape (unknowns,)
        The point reached, in the program's own order.
    status : Status
        How the solver ended.
    residual : float
        The program's own residual at `values` (its meaning is the solver's).
    iterations : int
        Iterations used, restarts included.
    solver : str
        Name of the engine.
    multipliers : ndarray or None, shape (rows,)
        Multipliers of the program's rows where the engine has them.
    objective : float or None
        Objective value, for optimization programs.
    others : tuple of Solution
        Further local answers, best first, from solvers that try many starts.
    """

    values: NDArray[np.float64]
    status: Status
    residual: float
    iterations: int
    solver: str
    multipliers: NDArray[np.float64] | None = None
    objective: float | None = None
    others: tuple[Solution, ...] = ()

    @property
    def solved(self) -> bool:
        return self.status is Status.SOLVED


def format_number(value: Any) -> str:
    """Six significant digits for numbers, short vectors in full, long ones by their ends.

    >>> format_number(30.666666667), format_number(np.arange(3.0))
    ('30.6667', '[0, 1, 2]')
    """
    if isinstance(value, (bool, str)) or value is None:
        return "" if value is None else str(value)
    array = np.asarray(value)
    if array.ndim == 0:
        return f"{float(array):.6g}"
    flat = array.ravel()
    if flat.size > 6:
        ends = [f"{v:.4g}" for v in (*flat[:3], *flat[-2:])]
        return f"[{', '.join(ends[:3])}, ..., {', '.join(ends[3:])}]"
    return "[" + ", ".join(f"{v:.6g}" for v in flat) + "]"


@dataclass(frozen=True)
class Table:
    """Rows under headers, printed as aligned text or as HTML.

    >>> print(Table(("firm", "quantity"), (("a", 1.5), ("b", 2.0))))
    firm  quantity
    a     1.5
    b     2
    """

    headers: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    title: str = ""
    notes: tuple[str, ...] = ()

    def _shown(self) -> list[list[str]]:
        rows = self.rows
        if len(rows) > MAX_ROWS:
            middle = (f"... {len(rows) - MAX_ROWS} more",) + ("",) * (len(self.headers) - 1)
            rows = (*rows[: MAX_ROWS // 2], middle, *rows[-MAX_ROWS // 2 :])
        return [[format_number(cell) for cell in row] for row in rows]

    def __str__(self) -> str:
        shown = self._shown()
        columns = list(zip(self.headers, *shown, strict=True))
        widths = [max(map(len, column)) for column in columns]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in [list(self.headers), *shown]
        ]
        return "\n".join([*([self.title] if self.title else []), *lines, *self.notes])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        def row(cells: Sequence[str], tag: str) -> str:
            return "<tr>" + "".join(f"<{tag}>{html.escape(c)}</{tag}>" for c in cells) + "</tr>"

        body = "".join(row(cells, "td") for cells in self._shown())
        caption = f"<caption>{html.escape(self.title)}</caption>" if self.title else ""
        notes = "".join(f"<p>{html.escape(note)}</p>" for note in self.notes)
        return f"<table>{caption}{row(self.headers, 'th')}{body}</table>{notes}"


@dataclass(frozen=True)
class Certificate:
    """Proof, or the lack of it, that strategies are an equilibrium of the declared game.

    Computed from the declaration and the strategies alone.

    Attributes
    ----------
    max_gain : float
        Largest gain any player gets by deviating alone, in that player's own units; infinite
        where a player's problem is unbounded, infeasible or could not be re-solved.
    gains : dict of str to float
        The same, player by player.
    kkt_residual : float
        Largest violation of the players' first-order conditions (stationarity and
        complementary slackness), with the best multipliers found for the strategies.
    infeasibility : float
        Largest violation of any constraint.
    relative_gain : float
        Largest gain as a share of that player's own payoff, max(1, |payoff|).
    payoff_scale : float
        The size of payoffs: max(1, largest |payoff|).
    scope : str
        "global" when every player's problem is convex, so that no deviation at all
        pays; "local" when deviations were searched for from many starts; "bound not
        reached" when a search for the best commitment ended far from its bound.
    second_order : str or None
        "strict", "degenerate" or "violated": the curvature of each player's problem
        along the directions its constraints leave free. None where it was not computed.
    kind : str
        "Nash" without shared constraints; with them "variational", "normalized" (the
        declared weights) or "generalized" (some equilibrium, neither of the former). Of an
        experiment's sampling policy: "design"; the gain is then what the variance of any other
        admissible policy could be less, and `bound` is what it cannot be less than.
    multiplier_spread : float or None
        With shared constraints: smallest possible largest difference between players'
        (weighted) multipliers of the same shared constraint. Zero iff variational.
    variational_residual : float or None
        With shared constraints: first-order residual with one multiplier for all.
    bound : float or None
        For a leader, in its declared sense: no commitment does better than this, as a
        global solver has proven. For an objective over equilibria: none is better.
    """

    max_gain: float
    gains: Mapping[str, float]
    kkt_residual: float
    infeasibility: float
    relative_gain: float
    payoff_scale: float = 1.0
    scope: str = "global"
    second_order: str | None = None
    kind: str = "Nash"
    multiplier_spread: float | None = None
    variational_residual: float | None = None
    bound: float | None = None

    def holds(self, tolerance: float = 1e-6) -> bool:
        """True when gain (relative to payoffs) and infeasibility are within `tolerance`."""
        return bool(self.relative_gain <= tolerance and self.infeasibility <= tolerance)

    def table(self) -> Table:
        design = self.kind == "design"
        rows: list[tuple[Any, ...]] = [
            (f"largest gain from {'another policy' if design else 'deviating'}", self.max_gain),
            (f"  as a share of {'the bound' if design else 'payoffs'}", self.relative_gain),
            ("first-order residual", self.kkt_residual),
            ("infeasibility", self.infeasibility),
            ("scope", self.scope),
            ("second order", self.second_order or "not computed"),
            ("kind", self.kind),
        ]
        if self.multiplier_spread is not None:
            rows.append(("multiplier spread", self.multiplier_spread))
        if self.variational_residual is not None:
            rows.append(("variational residual", self.variational_residual))
        if self.bound is not None:
            leads = self.kind.startswith("Stackelberg")
            of = "variance" if design else "leader" if leads else "objective"
            rows.append((f"proven bound on the {of}", self.bound))
        return Table(("certificate", "value"), tuple(rows))

    def __repr__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


@dataclass(frozen=True)
class Equilibrium:
    """Strategies that passed their certificate.

    Attributes
    ----------
    strategies : dict of str to ndarray
        Player name to that player's variables, flattened and joined in declared order.
    payoffs : dict of str to float
        In the declared sense: profit for Maximize, cost for Minimize.
    vector : ndarray, shape (n,)
        All strategies in `game.variables` order.
    certificate : Certificate
        Recomputed from the declaration.
    multipliers : dict of str to ndarray
        Constraint label to multiplier: the gain in a Maximize player's payoff (or the
        fall of a Minimize player's cost) per unit that the constraint is relaxed.
    program : Program
        The program that was solved; `.program.problem` may be printed and taken elsewhere.
    explain : callable
        Gives `explanation`.
    solution : Solution
        What the solver said.
    values : dict of str to ndarray
        Variable name to value, in the variable's own shape.
    concept : str
        What was asked for.
    game : Game
        What was solved.
    distribution : ndarray (actions_1, ..., actions_players) or None
        Finite games with correlated play: the joint distribution over profiles, whose
        marginals are the strategies.
    value : float or None
        The objective that was asked for: a leader's payoff, or what chose among equilibria.
    """

    strategies: Mapping[str, NDArray[np.float64]]
    payoffs: Mapping[str, float]
    vector: NDArray[np.float64]
    certificate: Certificate
    multipliers: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    program: Any = None
    explain: Callable[[], Mapping[str, str]] = dict
    solution: Solution | None = None
    values: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    concept: str = "Nash"
    game: Any = None
    distribution: NDArray[np.float64] | None = None
    value: float | None = None

    @property
    def explanation(self) -> Mapping[str, str]:
        """Each formulation with the reason it was passed over, or how it was used."""
        return self.explain()

    def __getitem__(self, player: str) -> NDArray[np.float64]:
        """The strategy of `player`."""
        return self.strategies[player]

    def table(self) -> Table:
        """One row a player: strategy, payoff, gain from deviating."""
        rows = tuple(
            (name, self.strategies[name], self.payoffs[name], self.certificate.gains.get(name))
            for name in self.strategies
        )
        sure = self.certificate
        note = (
            f"{sure.kind}, {sure.scope}: largest gain {sure.max_gain:.1e}, "
            f"first-order residual {sure.kkt_residual:.1e}, infeasibility {sure.infeasibility:.1e}"
        )
        headers = ("player", "strategy", "payoff", "gain from deviating")
        return Table(headers, rows, title=f"{self.concept} equilibrium", notes=(note,))

    def profiles(self) -> Table:
        """Finite games with correlated play: profiles of actions, the most likely first."""
        joint, game = self.distribution, self.game
        if joint is None:
            return Table(("probability",), (), notes=("Players mix independently.",))
        likely = [at for at in np.argsort(-joint, axis=None) if joint.flat[at] > 1e-9]
        at = np.unravel_index(likely, joint.shape)
        if joint.shape == game.actions:
            heads = tuple(str(name) for name in game.player_names)
            columns = [
                [own[k] for k in spots] for own, spots in zip(game.action_names, at, strict=True)
            ]
        else:  # types come first
            heads = tuple(
                f"{what} of {name}" for what in ("type", "action") for name in game.player_names
            )
            columns = [[str(k) for k in spots] for spots in at]
        rows = tuple(zip(*columns, joint[at], strict=True))
        return Table((*heads, "probability"), rows)

    def summary(self) -> str:
        """The equilibrium, its certificate, multipliers and how it was found, as text."""
        multipliers = Table(("constraint", "multiplier"), tuple(self.multipliers.items()))
        # Formulations of other concepts would bury the few that could have been used.
        near = [(name, why) for name, why in self.explanation.items() if " not express " not in why]
        routes = Table(("formulation", "why"), tuple(near))
        parts = [str(self.table())]
        parts += [str(self.profiles())] if self.distribution is not None else []
        parts += [f"objective: {self.value:.10g}"] if self.value is not None else []
        parts += [str(self.certificate)]
        parts += [str(multipliers)] if self.multipliers else []
        parts += [str(routes)] if routes.rows else []
        return "\n\n".join(parts)

    def __repr__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()

    def plot(self, ax: Any = None) -> Any:
        """Bars of each player's strategy; returns the matplotlib axes."""
        from eqsolve.plotting import plot_equilibrium

        return plot_equilibrium(self, ax=ax)
