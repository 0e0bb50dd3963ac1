"""Gambit's solvers, through pygambit (extra `games`).

Savani and Turocy (2025), "Gambit: the package for computation in game theory".
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, ClassVar

import numpy as np

from eqsolve.errors import EqsolveError, NotInstalled
from eqsolve.programs.strategic_file import StrategicFile
from eqsolve.results import Solution, Status

METHODS = ("all", "enummixed", "enumpoly", "enumpure", "gnm", "lcp")


def gambit_is_installed() -> bool:
    """Whether `pygambit` can be imported."""
    return find_spec("pygambit") is not None


@dataclass(frozen=True)
class Gambit:
    """Options of Gambit's methods for Nash equilibria.

    Parameters
    ----------
    method : str
        "all" enumerates: extreme equilibria of two players ("enummixed"), isolated ones of
        more ("enumpoly"). Others are Gambit's own names.

    Raises
    ------
    EqsolveError
        An unknown method.

    Examples
    --------
    >>> Gambit("lcp").method
    'lcp'
    """

    method: str = "all"

    name: ClassVar[str] = "gambit"
    kinds: ClassVar[frozenset[str]] = frozenset({"strategic file"})

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise EqsolveError(f"method must be one of {METHODS}, not {self.method!r}.")

    def solve(self, program: StrategicFile, start: Any = None) -> Solution:
        """The first equilibrium in `values`, further ones in `others`.

        Raises
        ------
        NotInstalled
            When pygambit is absent.
        """
        if not gambit_is_installed():
            raise NotInstalled("pygambit", "Gambit's methods", "games")
        import pygambit

        game = pygambit.read_nfg(io.BytesIO(program.problem.encode()))
        found = [_vector(profile) for profile in self._run(pygambit, game, program.players)]
        if not found:
            return Solution(np.full(0, np.nan), Status.FAILED, np.inf, 0, self.name)
        solutions = [Solution(point, Status.SOLVED, 0.0, 0, self.name) for point in found]
        return Solution(found[0], Status.SOLVED, 0.0, 0, self.name, others=tuple(solutions[1:]))

    def _run(self, pygambit: Any, game: Any, players: int) -> list[Any]:
        nash = pygambit.nash
        method = self.method
        if method == "all":
            method = "enummixed" if players == 2 else "enumpoly"
        if method in ("enummixed", "lcp"):
            return list(getattr(nash, f"{method}_solve")(game, rational=False).equilibria)
        return list(getattr(nash, f"{method}_solve")(game).equilibria)


def _vector(profile: Any) -> Any:
    """A profile as one vector: the players' mixes in order."""
    return np.array([float(share) for mix in profile for _, share in mix])
