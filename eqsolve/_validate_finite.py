"""Validate repeated play of a finite game: against the set of equilibria, and against some."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve._predict_rate import point_of
from eqsolve.dynamics.repeated_play import RepeatedPlay
from eqsolve.errors import EqsolveError
from eqsolve.games.batch import GameBatch
from eqsolve.rates.play_report import Band, PlayReport, gap_order
from eqsolve.rates.regret import payoffs_of_joint

Array = NDArray[np.float64]
CONCEPTS = ("coarse correlated", "correlated")


def validate_play(
    play: RepeatedPlay, equilibrium: Any = None, *, concept: str = "coarse correlated"
) -> PlayReport:
    """See `eq.validate`.

    Parameters
    ----------
    play : RepeatedPlay
    equilibrium : Equilibrium, strategies, joint distribution, or a list of them, optional
        Strategies are compared with the average strategies, distributions over profiles
        with average joint play (half the sum of absolute differences).
    concept : "coarse correlated" or "correlated"

    Raises
    ------
    EqsolveError
        For an unknown concept, play without a round, or an equilibrium of another game.
    """
    if concept not in CONCEPTS:
        raise EqsolveError(f"concept must be one of {CONCEPTS}, not {concept!r}.")
    if play.steps[-1] < 1:
        raise EqsolveError("No round has been played; there is nothing to validate.")
    gaps = play.coarse_correlated_gap() if concept == CONCEPTS[0] else play.correlated_gap()
    order, interval, intercept, window = gap_order(play.steps, gaps)
    targets = _listed(equilibrium)
    far = [_distance(play, target) for target in targets]
    return PlayReport(
        play=play,
        concept=concept,
        gaps=gaps,
        bound=_bound(play) if concept == CONCEPTS[0] else None,
        order=order,
        order_interval=interval,
        intercept=intercept,
        window=window,
        distances=np.stack(far, axis=1) if far else np.empty((play.replications, 0)),
        equilibria=tuple(targets),
        find_band=partial(band, play, concept),
    )


def _bound(play: RepeatedPlay) -> Array | None:
    """The largest proven regret of any player, in payoffs, (T,)."""
    shares = play.regret_bound()
    if shares is None:
        return None
    spreads = play.spreads if play.spreads.ndim == 1 else play.spreads.max(axis=0)
    return np.asarray((shares * spreads).max(axis=-1))


def _listed(equilibrium: Any) -> list[Any]:
    if equilibrium is None:
        return []
    if isinstance(equilibrium, Sequence) and not np.isscalar(equilibrium[0]):
        return list(equilibrium)
    return [equilibrium]


def _distance(play: RepeatedPlay, target: Any) -> Array:
    """From the end of each run to one equilibrium, (replications,)."""
    joint = getattr(target, "distribution", None)
    if joint is None and np.shape(target) == play.game.actions and len(play.game.actions) > 1:
        joint = target
    if joint is not None:
        if play.average_joint is None:
            raise EqsolveError("Joint play was not kept, so it has no distance to a distribution.")
        if np.shape(joint) != play.game.actions:
            raise EqsolveError(
                f"The distribution has shape {np.shape(joint)}; profiles of this game have "
                f"{play.game.actions}."
            )
        apart = np.abs(play.average_joint[-1] - np.asarray(joint, dtype=float))
        return np.asarray(apart.reshape(play.replications, -1).sum(axis=1) / 2)
    point = point_of(target, play.game)
    if point.size != play.iterates.shape[2]:
        raise EqsolveError(
            f"The run has {play.iterates.shape[2]} coordinates and the equilibrium {point.size}; "
            "they must be in the same order and number."
        )
    return np.asarray(np.linalg.norm(play.average_strategies[-1] - point, axis=-1))


def band(play: RepeatedPlay, concept: str = "coarse correlated") -> Band:
    """Best and worst payoffs over a game's (coarse) correlated equilibria, and those of play.

    Raises
    ------
    EqsolveError
        For a batch, whose games have different sets: take one with `RepeatedPlay.rows`.
    """
    from eqsolve._solve import solve
    from eqsolve.concepts import CoarseCorrelated, Correlated

    game = play.game
    if isinstance(game, GameBatch):
        raise EqsolveError(
            "Every game of a batch has its own band; take one game's runs, as in "
            "trajectory.rows(0)."
        )
    kind = CoarseCorrelated if concept == CONCEPTS[0] else Correlated
    objectives = [*range(len(game.actions)), "welfare"]
    ends = []
    for sense in ("min", "max"):
        found = [solve(game, kind(objective, sense)).distribution for objective in objectives]
        paid = [payoffs_of_joint(game, np.asarray(each)) for each in found]
        ends.append([*(paid[k][k] for k in range(len(game.actions))), paid[-1].sum()])
    own = play.average_payoffs[-1]
    total = game.payoffs.sum(axis=0)
    units = np.append(play.spreads, max(float(np.ptp(total)), float(play.spreads.max()) * 1e-9))
    return Band(
        names=(*game.player_names, "welfare"),
        worst=np.asarray(ends[0]),
        best=np.asarray(ends[1]),
        measured=np.concatenate([own, own.sum(axis=1, keepdims=True)], axis=1),
        units=np.where(units > 0, units, 1.0),
        concept=concept,
    )
