"""The formulations there are, found by being in this folder.

A formulation is a class with `name`, `kind`, `refuses(game, concept)`,
`compile(game, concept, start)` and `recover(program, solution)`.
"""

from __future__ import annotations

import inspect
import pkgutil
from functools import cache
from importlib import import_module
from typing import Any

import eqsolve.formulations as folder


@cache
def formulations() -> dict[str, Any]:
    """Name to formulation, in alphabetical order of their files."""
    found: dict[str, Any] = {}
    for module in pkgutil.iter_modules(folder.__path__):
        members: list[Any] = [*vars(import_module(f"{folder.__name__}.{module.name}")).values()]
        for member in members:
            if (
                inspect.isclass(member)
                and member.__module__ == f"{folder.__name__}.{module.name}"
                and all(hasattr(member, part) for part in ("refuses", "compile", "recover"))
            ):
                found[vars(member)["name"]] = member()
    return found
