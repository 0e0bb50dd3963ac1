"""Options given to a verb, put into the record of the engine that takes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from eqsolve.errors import EqsolveError


def with_options(engine: Any, options: Mapping[str, Any]) -> Any:
    """The engine's record with some fields changed.

    Raises
    ------
    EqsolveError
        When the engine has no such option.
    """
    if not options:
        return engine
    known = {field.name for field in fields(engine)}
    unknown = sorted(set(options) - known)
    if unknown:
        raise EqsolveError(
            f"Solver {engine.name!r} has no option {unknown[0]!r}; it has "
            f"{', '.join(sorted(known))}."
        )
    return replace(engine, **options)
