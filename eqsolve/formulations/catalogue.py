"""The formulations there are, found by being in this folder.

A formulation is a class with `name`, `kind`, `refuses(game, concept)`,
`compile(game, concept, start)` and `recover(program, solution)`; one for finite games says so
with `games = "finite"`.
"""

from __future__ import annotations

import inspect
import pkgutil
from functools import cache
from importlib import import_module
from typing import Any

import eqsolve.formulations as folder
from eqsolve.concepts import Nash, Stackelberg

FAMILIES = {"continuous": "continuous variables", "finite": "finitely many actions"}


@cache
def formulations(games: str = "continuous") -> dict[str, Any]:
    """Name to formulation of one family of games, in alphabetical order of their files.

    Parameters
    ----------
    games : "continuous" or "finite"

    Examples
    --------
    >>> "potential" in formulations(), "zero-sum" in formulations("finite")
    (True, True)
    """
    found: dict[str, Any] = {}
    for module in pkgutil.iter_modules(folder.__path__):
        members: list[Any] = [*vars(import_module(f"{folder.__name__}.{module.name}")).values()]
        for member in members:
            if (
                inspect.isclass(member)
                and member.__module__ == f"{folder.__name__}.{module.name}"
                and all(hasattr(member, part) for part in ("refuses", "compile", "recover"))
                and getattr(member, "games", "continuous") == games
            ):
                found[vars(member)["name"]] = member()
    return found


def family_refusal(name: str, games: str, concept: Any = None) -> str | None:
    """Why a formulation is out for a whole family of games, or None.

    Examples
    --------
    >>> family_refusal("zero-sum", "continuous")
    'it is for games with finitely many actions.'
    """
    for family, words in FAMILIES.items():
        if family != games and name in formulations(family):
            return f"it is for games with {words}."
    if games == "continuous":
        if isinstance(concept, Nash) and concept.objective is not None:
            return "an objective chooses among equilibria of finite games only."
        if isinstance(concept, Stackelberg) and (concept.commitment, concept.response) != (
            "mixed",
            "nash",
        ):
            return "kinds of commitment and response are options of finite games."
    return None
