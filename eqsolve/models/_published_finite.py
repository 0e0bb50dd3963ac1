"""The section [published] of a file whose model is a finite game.

[published]
status = "published"            # or "derived", "computed"
concept = "finite"
tolerance = 1e-6                # absolute, of payoffs and of strategies
equilibria = [[[0.0, 1.0], [0.0, 1.0]]]     # Nash equilibria: one mix a player
complete = true                 # these are all extreme ones
commitment = {pure = 2.0, mixed = 2.5, correlated = 2.5}    # what the leader gets
leader = 0                      # player, default the first
mix = [0.5, 0.5]                # the mixed commitment
welfare = {correlated = [3.0, 4.0], coarse = [3.0, 4.0]}    # worst and best sum of payoffs
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.concepts import Nash, Stackelberg
from eqsolve.errors import EqsolveError
from eqsolve.models._instances import STATUSES

Array = NDArray[np.float64]

KEYS = {
    "status", "concept", "tolerance", "note", "equilibria", "complete", "commitment", "leader",
    "mix", "welfare",
}  # fmt: skip
COMMITMENTS = ("pure", "mixed", "correlated")
SETS = ("correlated", "coarse")
KINDS = ("game", "finite", "experiment")
OF_CONCEPT = {"finite": "finite", "design": "experiment"}


@dataclass(frozen=True, eq=False)
class PublishedFinite:
    """What is known of a finite game, and where it is from.

    Attributes
    ----------
    name, title, model : str
        Of the instance; `model` is the function that builds the game.
    source : dict of str to str
        Authors, year, title, place.
    status : str
        "published", "derived" or "computed", as for other games.
    tolerance : float
        Absolute, of payoffs and of strategies.
    equilibria : tuple of tuple of ndarray
        Nash equilibria, one mix a player.
    complete : bool
        Whether these are all extreme equilibria.
    commitment : dict of str to float
        What the leader gets by "pure", "mixed" and "correlated" commitment.
    leader : int or str
        Who commits.
    mix : ndarray or None
        The mixed commitment; of a security game the coverage.
    welfare : dict of str to (float, float)
        Worst and best sum of payoffs over the "correlated" and the "coarse" correlated
        equilibria.
    note : str
    """

    name: str
    title: str
    model: str
    source: Mapping[str, str]
    status: str
    tolerance: float
    equilibria: tuple[tuple[Array, ...], ...] = ()
    complete: bool = False
    commitment: Mapping[str, float] = field(default_factory=dict)
    leader: Any = 0
    mix: Array | None = None
    welfare: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    note: str = ""

    concept = "finite"

    @property
    def asked(self) -> Nash | Stackelberg:
        """The concept to give `eq.solve`: Nash, or commitment where only that is known."""
        return Nash() if self.equilibria or not self.commitment else Stackelberg(self.leader)

    def __repr__(self) -> str:
        cited = ", ".join(str(self.source[k]) for k in ("authors", "year") if k in self.source)
        lines = [f"{self.title} ({self.status}; {cited})"]
        lines += [
            f"  Nash: {', '.join(str(mix.tolist()) for mix in one)}" for one in self.equilibria
        ]
        lines += [f"  {kind} commitment: {value:g}" for kind, value in self.commitment.items()]
        lines += [
            f"  welfare of {kind} equilibria: {low:g} to {high:g}"
            for kind, (low, high) in self.welfare.items()
        ]
        return "\n".join([*lines, *([f"  Note: {self.note}"] if self.note else [])])


def kind_of(data: Mapping[str, Any]) -> str:
    """What a file declares, read off its answer: one of `KINDS`.

    >>> kind_of({"published": {"concept": "finite"}}), kind_of({})
    ('finite', 'game')
    """
    table = data.get("published")
    concept = table.get("concept") if isinstance(table, Mapping) else None
    return OF_CONCEPT.get(str(concept), "game")


def published_finite(name: str, data: Mapping[str, Any]) -> PublishedFinite:
    """The section [published] as a record.

    Raises
    ------
    EqsolveError
        When one of its keys is wrong.
    """
    table = data["published"]
    unknown = set(table) - KEYS
    if unknown:
        raise EqsolveError(f"{name}: unknown key published.{sorted(unknown)[0]}.")
    if table.get("status") not in STATUSES:
        raise EqsolveError(
            f"{name}: published.status must be one of {', '.join(STATUSES)}, "
            f"not {table.get('status')!r}."
        )
    if not set(table) & {"equilibria", "commitment", "welfare"}:
        raise EqsolveError(
            f"{name}: published must hold equilibria, commitment or welfare of the finite game."
        )
    return PublishedFinite(
        name=name,
        title=str(data.get("title", name)),
        model=data["model"],
        source=dict(data.get("source", {})),
        status=table["status"],
        tolerance=float(table.get("tolerance", 1e-6)),
        equilibria=tuple(
            tuple(_numbers(mix, f"{name}: published.equilibria[{place}]", 1) for mix in one)
            for place, one in enumerate(table.get("equilibria", ()))
        ),
        complete=bool(table.get("complete", False)),
        commitment={
            kind: float(_numbers(value, f"{name}: published.commitment.{kind}", 0))
            for kind, value in _keyed(table, "commitment", COMMITMENTS, name)
        },
        leader=table.get("leader", 0),
        mix=_numbers(table["mix"], f"{name}: published.mix", 1) if "mix" in table else None,
        welfare={
            kind: _ends(value, f"{name}: published.welfare.{kind}")
            for kind, value in _keyed(table, "welfare", SETS, name)
        },
        note=str(table.get("note", "")),
    )


def _keyed(
    table: Mapping[str, Any], key: str, known: tuple[str, ...], name: str
) -> list[tuple[str, Any]]:
    part = table.get(key, {})
    if not isinstance(part, Mapping) or set(part) - set(known):
        raise EqsolveError(f"{name}: published.{key} must be a table with {', '.join(known)}.")
    return list(part.items())


def _ends(value: Any, where: str) -> tuple[float, float]:
    ends = _numbers(value, where, 1)
    if ends.size != 2 or ends[0] > ends[1]:
        raise EqsolveError(f"{where} must be the worst and the best, not {value!r}.")
    return float(ends[0]), float(ends[1])


def _numbers(value: Any, where: str, axes: int) -> Array:
    try:
        out = np.array(value, dtype=float)
    except (TypeError, ValueError):
        out = np.empty((0,) * 3)
    if out.ndim != axes:
        raise EqsolveError(f"{where} must be {('a number', 'numbers')[axes]}, not {value!r}.")
    return out
