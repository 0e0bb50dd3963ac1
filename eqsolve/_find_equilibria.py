"""Distinct equilibria from many starts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from eqsolve._solve import random_starts, solve
from eqsolve._solve_finite import every_answer
from eqsolve.concepts import Nash
from eqsolve.errors import EquilibriumNotFound
from eqsolve.formulations.catalogue import family_refusal, formulations
from eqsolve.formulations.certificates import simplices
from eqsolve.formulations.pure_nash import pure_equilibria
from eqsolve.games.finite import NormalFormGame
from eqsolve.games.finite_players import FinitePlayers
from eqsolve.results import Equilibrium, Table

ENUMERATIONS = {
    "support-enumeration": "all extreme ones; every other lies between them.",
    "gambit": "Gambit's enumeration and random starts; there may be others.",
}


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
    note : str
        What is known of others.
    """

    equilibria: tuple[Equilibrium, ...]
    starts: int
    failures: int
    note: str = ""

    def __len__(self) -> int:
        return len(self.equilibria)

    def __iter__(self) -> Iterator[Equilibrium]:
        return iter(self.equilibria)

    def __getitem__(self, place: int) -> Equilibrium:
        return self.equilibria[place]

    def table(self) -> Table:
        """One row an equilibrium."""
        rows = tuple((k, e.vector, e.certificate.max_gain) for k, e in enumerate(self.equilibria))
        note = self.note or (
            f"{len(self.equilibria)} distinct from {self.starts} starts "
            f"({self.failures} without an answer); there may be others."
        )
        return Table(("equilibrium", "strategies", "gain from deviating"), rows, notes=(note,))

    def __repr__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def find_equilibria(
    game: Any,
    concept: Any = None,
    *,
    starts: int | Any = 20,
    seed: int = 0,
    distance: float = 1e-5,
    **how: Any,
) -> EquilibriaFound:
    """Distinct equilibria reached from many starts; never a claim that they are all.

    Small finite games are enumerated instead (`formulation="support-enumeration"` for two
    players, `"gambit"` for more where pygambit is installed), and the note says so.

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
    >>> from eqsolve import Game, Player
    >>> x = cp.Variable(bounds=[0, 1], name="x"); y = cp.Variable(bounds=[0, 1], name="y")
    >>> coordination = Game([Player("a", cp.Maximize(x * (2 * y - 1)), [x]),
    ...                      Player("b", cp.Maximize(y * (2 * x - 1)), [y])])
    >>> len(find_equilibria(coordination, starts=20))
    3
    """
    if isinstance(game, FinitePlayers):
        return _of_finite(game, concept, starts, seed, distance, how)
    if isinstance(starts, int):
        points = [game.numbers.default_start(), *random_starts(game, starts, seed)]
    else:
        points = [game.pack(point) for point in starts]
    return _from(game, concept, points, distance, how)


def _from(
    game: Any, concept: Any, points: list[Any], distance: float, how: dict[str, Any]
) -> EquilibriaFound:
    """Distinct answers of `solve` from given points."""
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


def _of_finite(
    game: Any, concept: Any, starts: Any, seed: int, distance: float, how: dict[str, Any]
) -> EquilibriaFound:
    """By enumeration where the game is small, from many starts otherwise."""
    concept = Nash() if concept is None else concept
    asked = how.pop("formulation", None)
    names = [asked] if asked else [name for name in ENUMERATIONS if isinstance(starts, int)]
    for name in names:
        out = family_refusal(name, "finite", concept) if name in ENUMERATIONS else "no enumeration"
        if out is None and formulations("finite")[name].refuses(game, concept) is None:
            found = every_answer(game, concept, name)
            if name == "gambit":
                # Its enumeration misses some: what starts and pure profiles give is added.
                found += [e for e in _many(game, concept, starts, seed, distance, how) if found]
            found = _distinct(found, distance)
            if found:
                note = f"{len(found)} equilibria: {ENUMERATIONS[name]}"
                return EquilibriaFound(tuple(found), 0, 0, note)
    return _many(game, concept, starts, seed, distance, {"formulation": asked, **how})


def _many(
    game: Any, concept: Any, starts: Any, seed: int, distance: float, how: dict[str, Any]
) -> EquilibriaFound:
    """From the given starts, or from even mixes, random ones and pure profiles without regret."""
    if isinstance(starts, int):
        rng = np.random.default_rng(seed)
        draws = rng.gamma(0.3, size=(starts, game.n)) + 1e-12
        for part in simplices(game):
            draws[:, part] /= draws[:, part].sum(axis=1, keepdims=True)
        points = [game.uniform(), *draws]
        if isinstance(game, NormalFormGame):
            points += [game.pack([int(k) for k in row]) for row in pure_equilibria(game)]
    else:
        points = [game.pack(point) for point in starts]
    return _from(game, concept, points, distance, how)


def _distinct(equilibria: list[Equilibrium], distance: float) -> list[Equilibrium]:
    kept: list[Equilibrium] = []
    for one in equilibria:
        if all(np.abs(one.vector - other.vector).max() > distance for other in kept):
            kept.append(one)
    return kept
