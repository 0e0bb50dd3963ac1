"""Assert that learners have no regret, and say who has how much when they do."""

from __future__ import annotations

from typing import Any

import numpy as np

from eqsolve.dynamics.repeated_play import RepeatedPlay
from eqsolve.rates.play_report import gap_order


def assert_no_regret(
    trajectory: RepeatedPlay,
    atol: float | None = None,
    *,
    bound: Any = None,
    min_order: float | None = None,
    players: Any = None,
) -> None:
    """Average regret ends small, stays under its bound, and falls fast enough.

    Parameters
    ----------
    trajectory : RepeatedPlay
        From `eq.simulate`, or recorded: `RepeatedPlay.from_profiles`, `.from_actions`.
    atol : float, optional
        Largest average regret at the end, in shares of the player's payoff spread. Default:
        0.05 where neither `bound` nor `min_order` is given.
    bound : object with ``regret_bound(rounds, actions)``, or callable alike, optional
        Regret, in shares of the spread, stays below it at every record. An `eq.dynamics`
        learner will do, or the proof of your own: ``lambda rounds, actions: ...``.
    min_order : float, optional
        Regret falls at least like k^-min_order: the fitted order is not significantly
        smaller. A quarter tells learning from none; theory promises a half.
    players : name, index, or list of them, optional
        Whose regret is meant; default everybody's.

    Raises
    ------
    AssertionError
        Naming the player, its regret, and the action it should have played.

    Examples
    --------
    >>> import eqsolve as eq
    >>> pennies = eq.NormalFormGame.bimatrix([[1, -1], [-1, 1]])
    >>> learner = eq.dynamics.RegretMatching()
    >>> path = eq.simulate(pennies, learner, start=[0, [0.4, 0.6]], steps=1000)
    >>> assert_no_regret(path, bound=learner, min_order=0.25)
    """
    if atol is None and bound is None and min_order is None:
        atol = 0.05
    failures = []
    for player in _places(trajectory, players):
        failures += _failures(trajectory, player, atol, bound, min_order)
    if failures:
        raise AssertionError("; ".join(failures) + ".\n" + str(trajectory.table()))


def _places(trajectory: RepeatedPlay, players: Any) -> list[int]:
    if players is None:
        return list(range(len(trajectory.game.actions)))
    asked = players if isinstance(players, (list, tuple)) else [players]
    return [trajectory.game.player(who) for who in asked]


def _failures(
    play: RepeatedPlay, player: int, atol: float | None, bound: Any, min_order: float | None
) -> list[str]:
    """What is wrong with one player's regret, as clauses."""
    regrets = play.relative_regrets()[..., player]
    name, rounds, found = play.game.player_names[player], play.steps, []
    if atol is not None and not (regrets[-1] <= atol).all():
        worst = int(np.argmax(regrets[-1]))
        block = play.game.blocks[player]
        best = int(np.argmax(play.average_deviations[-1, worst, block]))
        action = play.game.action_names[player][best]
        found.append(
            f"player {name!r} has average regret {regrets[-1, worst]:.3g} of its payoff spread "
            f"after {rounds[-1]} rounds (replication {worst}; allowed {atol:g}): always playing "
            f"{action!r} would have paid that much more"
        )
    played = rounds > 0
    if bound is not None:
        proven = play.regret_bound(bound)
        assert proven is not None, "bound has no regret_bound and cannot be called"
        allowed = proven[played, player, None]
        excess = regrets[played] - allowed
        if not (excess <= 1e-12).all():
            place, run = np.unravel_index(int(np.argmax(excess)), excess.shape)
            found.append(
                f"player {name!r} has average regret {regrets[played][place, run]:.3g} after "
                f"{rounds[played][place]} rounds (replication {run}), over its bound "
                f"{float(allowed[place, 0]):.3g}"
            )
    if min_order is not None:
        order, interval, _, _ = gap_order(rounds, np.maximum(regrets, 0.0))
        if interval is not None and interval[1] < min_order:
            found.append(
                f"player {name!r}'s regret falls like k^-{order:.2g}, slower than k^-{min_order:g}"
            )
    return found
