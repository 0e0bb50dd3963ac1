"""Distinct equilibria from many starts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from eqsolve._solve import random_starts, solve
from eqsolve.errors import EquilibriumNotFound
from eqsolve.games.game import Game
from eqsolve.results import Equilibrium, Table


@dataclass(frozen=True)
class EquilibriaFound:
    """Distinct equilibria found from many starts; there may be others.

    Attributes
    ----------
    equilibria : tuple of Equilibrium
        In the order found.
    starts : int
        How many starts were tried.
    failures : int
        How many of them ended nowhere.
    """

    equilibria: tuple[Equilibrium, ...]
    starts: int
    failures: int

    def __len__(self) -> int:
        return len(self.equilibria)

    def __iter__(self) -> Iterator[Equilibrium]:
        return iter(self.equilibria)

    def __getitem__(self, place: int) -> Equilibrium:
        return self.equilibria[place]

    def table(self) -> Table:
        """One row an equilibrium."""
        rows = tuple((k, e.vector, e.certificate.max_gain) for k, e in enumerate(self.equilibria))
        note = (
            f"{len(self.equilibria)} distinct from {self.starts} starts "
            f"({self.failures} without an answer); there may be others."
        )
        return Table(("equilibrium", "strategies", "gain from deviating"), rows, notes=(note,))

    def __repr__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def find_equilibria(
    game: Game,
    concept: Any = None,
    *,
    starts: int | Any = 20,
    seed: int = 0,
    distance: float = 1e-5,
    **how: Any,
) -> EquilibriaFound:
    """Distinct equilibria reached from many starts; never a claim that they are all.

    Parameters
    ----------
    game, concept
        As in `solve`.
    starts : int or sequence of points
        How many random starts inside the bounds (the default start is added), or the
        starts themselves.
    seed : int
        Of the random starts.
    distance : float
        Two answers closer than this, relative to their size, count as one.
    **how
        Passed to `solve`.

    Returns
    -------
    EquilibriaFound

    Examples
    --------
    >>> import cvxpy as cp
    >>> from eqsolve import Player
    >>> x = cp.Variable(bounds=[0, 1], name="x"); y = cp.Variable(bounds=[0, 1], name="y")
    >>> coordination = Game([Player("a", cp.Maximize(x * (2 * y - 1)), [x]),
    ...                      Player("b", cp.Maximize(y * (2 * x - 1)), [y])])
    >>> len(find_equilibria(coordination, starts=20))
    3
    """
    if isinstance(starts, int):
        points = [game.numbers.default_start(), *random_starts(game, starts, seed)]
    else:
        points = [game.pack(point) for point in starts]
    found: list[Equilibrium] = []
    failures = 0
    for point in points:
        try:
            equilibrium = solve(game, concept, start=point, **how)
        except EquilibriumNotFound:
            failures += 1
            continue
        size = distance * (1 + np.abs(equilibrium.vector).max(initial=0.0))
        if all(np.abs(equilibrium.vector - other.vector).max() > size for other in found):
            found.append(equilibrium)
    return EquilibriaFound(tuple(found), len(points), failures)
