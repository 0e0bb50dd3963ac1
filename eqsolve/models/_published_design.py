"""The section [published] of a file whose model is an experiment, not a game.

[published]
status = "derived"
concept = "design"
tolerance = 1e-7                # relative, of every figure below
effect = -0.972973              # second arm minus first
own_variances = [2.64, 3.12]    # n Var of each arm's mean when used alone
variance = 11.35                # n Var of the effect under the optimal design
occupancy = [[...], [...]]      # of the optimal design, one row an arm; where it is unique
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.errors import EqsolveError

Array = NDArray[np.float64]

FIGURES = ("effect", "own_variances", "variance", "occupancy")
KEYS = {"status", "concept", "tolerance", "note", *FIGURES}


@dataclass(frozen=True, eq=False)
class PublishedDesign:
    """What is known of an experiment, and where it is from.

    Attributes
    ----------
    name, title, model : str
        Of the instance; `model` is the function that builds the experiment.
    source : dict of str to str
        Authors, year, title, place.
    status : str
        "published", "derived" or "computed", as for games.
    effect : float
        Long-run mean of the second arm minus that of the first.
    own_variances : ndarray (A,)
        n times the variance of each arm's mean when only that arm is used.
    variance : float
        n times the variance of the effect under the optimal design.
    tolerance : float
        Relative, of every figure.
    occupancy : ndarray (A, S) or None
        Of the optimal design, where it is unique and worth printing.
    note : str
    """

    name: str
    title: str
    model: str
    source: Mapping[str, str]
    status: str
    effect: float
    own_variances: Array
    variance: float
    tolerance: float
    occupancy: Array | None = None
    note: str = ""

    concept = "design"

    @property
    def half_and_half(self) -> float:
        """n times the variance of the effect when each arm has its own half of the run."""
        return float(2 * self.own_variances.sum())

    @property
    def asked(self) -> Any:
        """A game has a concept to be solved for; this is none.

        Raises
        ------
        EqsolveError
            Always.
        """
        raise EqsolveError(f"{self.name} is an experiment, not a game: eq.optimal_design takes it.")

    def __repr__(self) -> str:
        cited = ", ".join(str(self.source[k]) for k in ("authors", "year") if k in self.source)
        lines = [
            f"{self.title} ({self.status}; {cited})",
            f"  effect: {self.effect:.8g}",
            f"  n Var, half and half: {self.half_and_half:.8g}",
            f"  n Var, optimal design: {self.variance:.8g}",
        ]
        return "\n".join([*lines, *([f"  Note: {self.note}"] if self.note else [])])


def published_design(
    name: str, data: Mapping[str, Any], statuses: tuple[str, ...]
) -> PublishedDesign:
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
    if table.get("status") not in statuses:
        raise EqsolveError(
            f"{name}: published.status must be one of {', '.join(statuses)}, "
            f"not {table.get('status')!r}."
        )
    figures = {
        key: _numbers(table[key], f"{name}: published.{key}") for key in FIGURES if key in table
    }
    for key in FIGURES[:3]:
        if key not in figures:
            raise EqsolveError(f"{name}: the key published.{key} is missing.")
    for key, size in (("effect", 0), ("own_variances", 1), ("variance", 0), ("occupancy", 2)):
        if key in figures and figures[key].ndim != size:
            raise EqsolveError(
                f"{name}: published.{key} must be {('a number', 'a list', 'rows')[size]}."
            )
    return PublishedDesign(
        name=name,
        title=str(data.get("title", name)),
        model=data["model"],
        source=dict(data.get("source", {})),
        status=table["status"],
        effect=float(figures["effect"]),
        own_variances=figures["own_variances"],
        variance=float(figures["variance"]),
        tolerance=float(table.get("tolerance", 1e-6)),
        occupancy=figures.get("occupancy"),
        note=str(table.get("note", "")),
    )


def _numbers(value: Any, where: str) -> Array:
    try:
        return np.array(value, dtype=float)
    except (TypeError, ValueError):
        raise EqsolveError(f"{where} must be numbers, not {value!r}.") from None
