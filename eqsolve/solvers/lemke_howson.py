"""Lemke and Howson's path: one Nash equilibrium of a bimatrix game by pivoting.

With positive payoffs, rescaled mixes live in the polytopes B'x <= 1, x >= 0 and A y <= 1, y >= 0.
An action has its label where it is unplayed or a best response; a pair of vertices with all
labels is an equilibrium. From the pair (0, 0) one label is dropped, and pivots in the two
polytopes by turns pick up what is doubled until the dropped label comes back (Lemke and Howson
1964, "Equilibrium points of bimatrix games"). Ties in the ratio test are broken
lexicographically, so that no path returns to a pair of bases (von Stengel 2002, "Computing
equilibria for two-person games", section 2). Some labels have long paths: every label first
gets few pivots, then more (Codenotti, De Rossi and Pagan 2008).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import dger

from eqsolve.errors import EqsolveError, NotInstalled
from eqsolve.programs.bimatrix import BimatrixProgram
from eqsolve.results import Solution, Status

Array = NDArray[np.float64]
PIVOT = 1e-9  # entries of a column below this do not block it
TIE = 1e-11  # relative difference of ratios that counts as a tie
GOOD = 1e-7  # gain, of payoffs in [0, 1], above which rounding has spoilt a path
COMPILED_FROM = 60  # actions in all from which loading the compiled engine pays
ENGINES = ("auto", "numpy", "quantecon")


@dataclass(frozen=True)
class LemkeHowson:
    """Options of the Lemke-Howson method.

    Parameters
    ----------
    engine : "auto", "numpy" or "quantecon"
        Ours, or quantecon's compiled one (extra ``games``); "auto" takes the latter for large
        games where it has been imported already.
    label : int
        Action whose label is dropped first, in the order of all actions.
    max_pivots : int
        Pivots in all before giving up.

    Raises
    ------
    EqsolveError
        An unknown engine.

    Examples
    --------
    >>> pennies = np.array([[1.0, 0.0], [0.0, 1.0]])
    >>> LemkeHowson().solve(BimatrixProgram(pennies, 1 - pennies)).values
    array([0.5, 0.5, 0.5, 0.5])
    """

    engine: str = "auto"
    label: int = 0
    max_pivots: int = 200_000

    name: ClassVar[str] = "lemke-howson"
    kinds: ClassVar[frozenset[str]] = frozenset({"bimatrix"})

    def __post_init__(self) -> None:
        if self.engine not in ENGINES:
            raise EqsolveError(f"engine must be one of {ENGINES}, not {self.engine!r}.")

    def solve(self, program: BimatrixProgram, start: Any = None) -> Solution:
        """One equilibrium: `values` (m + k,) are both mixes.

        Raises
        ------
        NotInstalled
            When quantecon is asked for and absent.
        """
        rows, columns = _positive(program.rows), _positive(program.columns)
        if self._compiled(sum(rows.shape)):
            return _by_quantecon(rows, columns, self)
        labels, spent = sum(rows.shape), 0
        best, least = np.full(labels, np.nan), np.inf
        for label, cap in self._schedule(labels):
            point, pivots = _path(rows, columns, label, min(cap, self.max_pivots - spent))
            spent += pivots
            if point is not None:
                gain = _gain(rows, columns, point)
                if gain < least:
                    best, least = point, gain
                if least <= GOOD:
                    return Solution(best, Status.SOLVED, least, spent, self.name)
            if spent >= self.max_pivots:
                break
        return Solution(best, Status.ITERATION_LIMIT, least, spent, self.name)

    def _compiled(self, actions: int) -> bool:
        if self.engine == "auto":
            # Importing it takes longer than a hundred games of this size.
            return actions >= COMPILED_FROM and "quantecon" in sys.modules
        if self.engine == "quantecon" and find_spec("quantecon") is None:
            raise NotInstalled("quantecon", "The compiled Lemke-Howson engine", "games")
        return self.engine == "quantecon"

    def _schedule(self, labels: int) -> Iterator[tuple[int, int]]:
        """Labels to drop, with the pivots each may take: fourfold in every round."""
        cap = max(10, labels // 10)
        while True:
            for step in range(labels):
                yield (self.label + step) % labels, cap
            cap *= 4


def _positive(payoffs: Array) -> Array:
    """Payoffs moved and scaled into [1, 2], which moves no equilibrium."""
    width = float(np.ptp(payoffs)) or 1.0
    return np.asarray((payoffs - payoffs.min()) / width + 1.0)


class _Tableau:
    """Simplex tableau of matrix z + slack = 1: columns z, slack, and the right side."""

    def __init__(self, matrix: Array, own: NDArray[np.int_], slack: NDArray[np.int_]) -> None:
        size = matrix.shape[0]
        # Columns contiguous: BLAS then updates the table where it is, without a copy.
        self.table = np.asfortranarray(np.hstack([matrix, np.eye(size), np.ones((size, 1))]))
        self.labels = np.concatenate([own, slack])
        self.column = {int(label): place for place, label in enumerate(self.labels)}
        self.slack = np.arange(matrix.shape[1], matrix.shape[1] + size)
        self.basis = self.slack.copy()

    def enter(self, label: int) -> int:
        """Bring the variable with this label into the basis; the label of what leaves."""
        table, column = self.table, self.column[label]
        entering = table[:, column].copy()
        row = self._leaving_row(entering)
        if row < 0:
            return -1
        pivot = table[row] / entering[row]
        table[row] = pivot
        entering[row] = 0.0
        self.table = dger(-1.0, entering, pivot, a=table, overwrite_a=True)
        left = int(self.basis[row])
        self.basis[row] = column
        return int(self.labels[left])

    def _leaving_row(self, entering: Array) -> int:
        """The row of lexicographically smallest ratio: right side, then the slacks in order."""
        able = np.flatnonzero(entering > PIVOT)
        if not able.size:
            return -1
        for column in (-1, *self.slack):
            ratios = self.table[able, column] / entering[able]
            least = ratios.min()
            able = able[ratios <= least + TIE * max(1.0, abs(least))]
            if able.size == 1:
                break
        return int(able[0])

    def mix(self, count: int) -> Array:
        """The z of the basic solution, as a distribution."""
        z = np.zeros(self.table.shape[1] - 1)
        z[self.basis] = self.table[:, -1]
        z = np.maximum(z[:count], 0.0)
        return np.asarray(z / z.sum())


def _path(rows: Array, columns: Array, label: int, cap: int) -> tuple[Array | None, int]:
    """Follow the path that drops `label`; None where it does not come back within `cap`."""
    m, k = rows.shape
    first, second = np.arange(m), np.arange(m, m + k)
    mine = _Tableau(columns.T, first, second)  # B'x + s = 1: labels of x, and of s
    theirs = _Tableau(rows, second, first)  # A y + r = 1
    # Both polytopes know every label: x_i and r_i share one, y_j and s_j the other.
    now, other = (mine, theirs) if label < m else (theirs, mine)
    entering = label
    for pivots in range(1, cap + 1):
        entering = now.enter(entering)
        if entering == label:
            return np.concatenate([mine.mix(m), theirs.mix(k)]), pivots
        if entering < 0:
            return None, pivots
        now, other = other, now
    return None, cap


def _gain(rows: Array, columns: Array, point: Array) -> float:
    """What the better placed of both still gains, of payoffs of spread one."""
    m = rows.shape[0]
    x, y = point[:m], point[m:]
    if not np.isfinite(point).all():
        return float(np.inf)
    first, second = rows @ y, x @ columns
    return float(max(first.max() - x @ first, second.max() - second @ y))


def _by_quantecon(rows: Array, columns: Array, options: LemkeHowson) -> Solution:
    from quantecon.game_theory import NormalFormGame, Player, lemke_howson

    game = NormalFormGame([Player(rows), Player(np.ascontiguousarray(columns.T))])
    found, facts = lemke_howson(
        game,
        init_pivot=options.label,
        max_iter=options.max_pivots,
        capping=max(10, sum(rows.shape) // 10),
        full_output=True,
    )
    point = np.concatenate(found)
    gain = _gain(rows, columns, point)
    status = Status.SOLVED if facts.converged and gain <= GOOD else Status.FAILED
    return Solution(point, status, gain, int(facts.num_iter), "quantecon")
