"""Two-player games from two matrices, and where to find the classics.

The classics are data with known answers: `eq.models.load("escape")`, and likewise
`battle_of_the_sexes`, `chicken`, `conitzer`, `dominant_follower`, `inspection`, `maintain`,
`moulin_vial`, `pennies`, `prisoners_dilemma`, `rock_paper_scissors`, `shapley`, `stag_hunt`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from eqsolve.games import NormalFormGame


def bimatrix(
    rows: Any,
    columns: Any = None,
    *,
    row_actions: Sequence[str] | None = None,
    column_actions: Sequence[str] | None = None,
    player_names: Sequence[str] | None = None,
    title: str = "",
) -> NormalFormGame:
    """A game of two players, each with a matrix.

    Parameters
    ----------
    rows : array_like, shape (m, n)
        Payoffs of the row player, who has m actions.
    columns : array_like, shape (m, n), optional
        Payoffs of the column player, who has n; default the negative of `rows` (zero-sum).
    row_actions, column_actions : sequence of str, optional
        Default "0", "1", ... for both, unless one of them is named.
    player_names : sequence of str, optional
        Default 0 and 1.

    Returns
    -------
    NormalFormGame

    Raises
    ------
    NotAGame
        Ragged or missing payoffs, matrices of different shapes, names that do not fit.

    Examples
    --------
    >>> bimatrix([[3, 1], [4, 2]], [[3, 4], [1, 2]], row_actions=["quiet", "talk"])
    2-player game with actions (2, 2)
           0     1
    quiet  3, 3  1, 4
    talk   4, 1  2, 2
    """
    game = NormalFormGame.bimatrix(rows, columns, player_names=player_names, title=title)
    if row_actions is None and column_actions is None:
        return game
    names = [
        list(default) if given is None else list(given)
        for given, default in zip((row_actions, column_actions), game.action_names, strict=True)
    ]
    return NormalFormGame(game.payoffs, player_names=player_names, action_names=names, title=title)
