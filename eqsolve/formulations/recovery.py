"""From a program's numbers back to strategies and multipliers of declared constraints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.concepts import VariationalEquilibrium
from eqsolve.errors import NotAGame
from eqsolve.games.symbolic import SymbolicGame

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Recovered:
    """Strategies with epigraph variables, (n,), and multipliers by constraint label."""

    x: Array
    multipliers: Mapping[str, Array] = field(default_factory=dict)


def weights_of(game: Any, concept: Any) -> Array:
    """Players' weights (players,) in a normalized equilibrium; ones otherwise.

    Raises
    ------
    NotAGame
        When a weight names no player or is not positive.
    """
    weights = np.ones(len(game.player_names))
    given = (concept.weights or {}) if isinstance(concept, VariationalEquilibrium) else {}
    for name, weight in given.items():
        if name not in game.player_names:
            raise NotAGame(
                f"VariationalEquilibrium: {name!r} is no player; they are "
                f"{', '.join(map(repr, game.player_names))}."
            )
        if not weight > 0:
            raise NotAGame(f"VariationalEquilibrium: the weight of {name!r} must be positive.")
        weights[game.player_names.index(name)] = weight
    return weights


def constraint_multipliers(
    game: SymbolicGame, rows: Array, reduced_gradient: Array
) -> dict[str, Array]:
    """Multipliers by declared constraint, from those of rows and the gradient at bounds.

    A row's multiplier is nonnegative for an active inequality. At an active bound the
    stationarity residual is the bound's multiplier: positive at the lower bound.
    """
    out: dict[str, Array] = {}
    for place in game.places:
        at = reduced_gradient[np.clip(place.index, 0, reduced_gradient.size - 1)]
        values = np.zeros(place.index.size)
        general = place.kind == "row"
        values[general] = rows[place.index[general]]
        values = np.where(place.kind == "lower", np.maximum(at, 0) / place.scale, values)
        values = np.where(place.kind == "upper", np.maximum(-at, 0) / place.scale, values)
        values = np.where(place.kind == "both", -at / place.scale, values)
        label, copies = place.label, 1
        while label in out:
            copies += 1
            label = f"{place.label} ({copies})"
        out[label] = values
    return out
