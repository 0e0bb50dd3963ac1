"""Random finite games of the families that solvers and learners are usually tested on."""

from __future__ import annotations

import difflib
from typing import Any

import numpy as np

from eqsolve.errors import EqsolveError
from eqsolve.games import NormalFormGame
from eqsolve.models._families import FAMILIES

LARGEST = 20_000_000  # numbers in the payoff tensors


def random_game(
    family: str = "uniform",
    players: int = 2,
    actions: int = 2,
    *,
    seed: Any = None,
    normalized: bool = False,
) -> NormalFormGame:
    """A game drawn from a family.

    Parameters
    ----------
    family : str
        "uniform", "covariant", "zero-sum", "common-interest", "coordination", "dispersion",
        "congestion", "majority-voting", "travellers-dilemma", "minimum-effort",
        "prisoners-dilemma", "chicken", "battle-of-the-sexes", "stag-hunt", "grab-the-dollar",
        "war-of-attrition", "location" or "two-thirds".
    players : int
        How many; some families are for two.
    actions : int
        How many each has; the dilemmas of two by two have two.
    seed : int, numpy Generator or None
    normalized : bool
        Shift and stretch all payoffs together, so that they fill [0, 1].

    Returns
    -------
    NormalFormGame

    Raises
    ------
    EqsolveError
        An unknown family, or a number of players or actions that it does not have.

    References
    ----------
    Nudelman, Wortman, Shoham and Leyton-Brown (2004), "Run the GAMUT: a comprehensive approach
    to evaluating game-theoretic algorithms", AAMAS.

    Examples
    --------
    >>> import eqsolve as eq
    >>> game = random_game("travellers-dilemma", players=2, actions=5, seed=0)
    >>> eq.solve(game)[0].round(9)
    array([1., 0., 0., 0., 0.])
    """
    if family not in FAMILIES:
        near = difflib.get_close_matches(str(family), FAMILIES, n=1)
        meant = f"; did you mean {near[0]!r}?" if near else "."
        raise EqsolveError(
            f"random_game: there is no family {family!r}{meant} Families: {', '.join(FAMILIES)}."
        )
    chosen = FAMILIES[family]
    for what, given, fixed in (
        ("players", players, chosen.players),
        ("actions", actions, chosen.actions),
    ):
        if isinstance(given, bool) or not isinstance(given, (int, np.integer)) or given < 1:
            raise EqsolveError(f"random_game: {what} must be a whole number, not {given!r}.")
        if fixed and given != fixed:
            raise EqsolveError(f"random_game: {family} games have {fixed} {what}, not {given}.")
    size = players * float(actions) ** players
    if size > LARGEST:
        raise EqsolveError(
            f"random_game: {players} players with {actions} actions need {size:.3g} payoffs, more "
            f"than {LARGEST:,}; graph_game takes many players without a full tensor."
        )
    payoffs = chosen.draw(np.random.default_rng(seed), int(players), int(actions))
    if normalized:
        low, width = payoffs.min(), np.ptp(payoffs)
        payoffs = (payoffs - low) / (width or 1.0)
    title = f"{family} game" if seed is None else f"{family} game, seed {seed}"
    return NormalFormGame(payoffs, title=title)
