"""Which of many equilibria is asked for: what both records of concepts and programs read.

An objective is "welfare" (sum of payoffs), "egalitarian" (the smallest payoff), "entropy"
(of the distribution over profiles), a player, or an array with one number for every profile
of actions.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np

from eqsolve.errors import NotAGame

SENSES = ("max", "min")


def check_sense(concept: str, sense: Any) -> None:
    """Refuse a sense that is neither "max" nor "min".

    Raises
    ------
    NotAGame
        Naming the concept.
    """
    if sense not in SENSES:
        raise NotAGame(f"{concept}: sense must be one of {SENSES}, not {sense!r}.")


def same_objective(first: Any, second: Any) -> bool:
    """Whether two objectives ask for the same; arrays are compared entry by entry.

    >>> same_objective("welfare", "welfare"), same_objective(np.eye(2), "welfare")
    (True, False)
    """
    if isinstance(first, np.ndarray) or isinstance(second, np.ndarray):
        return isinstance(first, type(second)) and np.array_equal(first, second)
    return bool(first == second)


def same(record: Any, other: Any) -> bool:
    """Whether two concepts ask for the same, entry by entry where arrays are meant."""
    return type(record) is type(other) and all(
        same_objective(getattr(record, part.name), getattr(other, part.name))
        for part in fields(record)
    )


def shown(record: Any) -> str:
    """A record with those fields only that differ from their defaults."""
    parts = []
    for part in fields(record):
        value = getattr(record, part.name)
        if not same_objective(value, part.default):
            parts.append(f"{part.name}={_brief(value)}")
    return f"{type(record).__name__}({', '.join(parts)})"


def _brief(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"<array {value.shape}>"
    return repr(value)
