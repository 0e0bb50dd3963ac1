"""What certificates of finite games share: gains of deviations, and their record."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.results import Certificate

Array = NDArray[np.float64]


def finite_certificate(
    game: Any,
    gains: Array,
    infeasibility: float,
    kind: str = "Nash",
    residual: float | None = None,
    bound: float | None = None,
) -> Certificate:
    """The record of gains (players,) in the players' own units."""
    units = np.where(game.spreads > 0, game.spreads, 1.0)
    each = np.where(np.isnan(gains), np.inf, np.maximum(gains, 0.0))
    return Certificate(
        max_gain=float(each.max()),
        gains=dict(zip(game.player_names, each.tolist(), strict=True)),
        kkt_residual=float(each.max()) if residual is None else residual,
        infeasibility=infeasibility + 0.0,  # never -0.0
        relative_gain=float((each / units).max()),
        payoff_scale=float(max(1.0, units.max())),
        kind=kind,
        bound=bound,
    )


def simplices(game: Any) -> tuple[slice, ...]:
    """Where each mix stands in the profile vector: one a player, or one a type of a player."""
    return tuple(getattr(game, "simplices", game.blocks))


def simplex_infeasibility(game: Any, vector: Array) -> float:
    """How far mixes are from distributions: mass below zero, or a sum that is not one."""
    if not np.isfinite(vector).all():
        return float("inf")
    sums = [abs(float(vector[block].sum()) - 1.0) for block in simplices(game)]
    return float(max(0.0, -vector.min(), *sums))


def nash_gains(game: Any, vector: Array) -> Array:
    """What every player gains by its best deviation, (players,), expected over its types."""
    pays = game.deviation_payoffs(vector)
    owners = getattr(game, "simplex_owners", range(game.players))
    masses = getattr(game, "simplex_masses", np.ones(game.players))
    out = np.zeros(game.players)
    for owner, mass, block in zip(owners, masses, simplices(game), strict=True):
        gain = float(pays[block].max() - pays[block] @ vector[block])
        out[owner] += mass * max(gain, 0.0)
    return out
