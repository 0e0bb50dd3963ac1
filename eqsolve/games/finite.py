"""Finite games in normal form: every profile of actions has a payoff for every player.

With mixed strategies x_i in the simplex over player i's actions, the payoff is multilinear,

    u_i(x) = sum over profiles a of  U_i(a) x_1(a_1) ... x_n(a_n),

and what player i gets from action b against the others is the partial derivative
d u_i / d x_i(b) (von Neumann and Morgenstern 1944; Nash 1951).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from eqsolve.errors import NotAGame
from eqsolve.games.finite_players import (
    Array,
    FinitePlayers,
    Name,
    checked_action_names,
    checked_names,
)
from eqsolve.games.multilinear import deviation_payoffs, deviation_slopes, own_first
from eqsolve.results import Table, format_number

SHOWN = 8  # actions a side up to which a bimatrix is printed in full


class NormalFormGame(FinitePlayers):
    """A finite game with a payoff tensor for every player.

    Parameters
    ----------
    payoffs : array_like, shape (players, actions_1, ..., actions_players)
        ``payoffs[i]`` is player i's payoff at every profile of actions. Two matrices of the
        same shape make a bimatrix game, rows the first player's actions.
    player_names : sequence, optional
        Default 0, 1, ...; strategies and payoffs are keyed by them.
    action_names : sequence of sequence of str, optional
        One name an action, player by player; default "0", "1", ...

    Raises
    ------
    NotAGame
        Ragged, missing (NaN) or infinite payoffs, a player without actions, a number of
        axes that does not fit the number of players, or names that do not fit.

    Examples
    --------
    >>> dilemma = NormalFormGame([[[3, 1], [4, 2]], [[3, 4], [1, 2]]])
    >>> dilemma.actions, dilemma.n
    ((2, 2), 4)
    >>> dilemma.expected_payoffs(np.array([0, 1, 0, 1.0]))
    array([2., 2.])
    """

    def __init__(
        self,
        payoffs: Any,
        *,
        player_names: Sequence[Name] | None = None,
        action_names: Sequence[Sequence[str]] | None = None,
        title: str = "",
    ) -> None:
        self.payoffs = _checked_payoffs(payoffs)
        self.payoffs.setflags(write=False)
        self.actions: tuple[int, ...] = self.payoffs.shape[1:]
        self.player_names: tuple[Any, ...] = checked_names(
            player_names, len(self.actions), "player_names", "players"
        )
        self.action_names = checked_action_names(action_names, self.actions, self.player_names)
        self.title = title

    @classmethod
    def bimatrix(cls, rows: Any, columns: Any = None, **names: Any) -> NormalFormGame:
        """A two-player game from the row player's matrix and the column player's.

        Without the second matrix the game is zero-sum.

        Examples
        --------
        >>> NormalFormGame.bimatrix([[1, -1], [-1, 1]]).is_zero_sum
        True
        """
        first = _tensor(0, rows)
        return cls([first, -first if columns is None else columns], **names)

    @classmethod
    def from_nfg(cls, path: str | Path) -> NormalFormGame:
        """The game of a Gambit strategic-form file (.nfg), in either of its two forms.

        Raises
        ------
        NotAGame
            Naming the line that cannot be read.
        """
        from eqsolve.games.nfg_file import read_nfg

        return read_nfg(path)

    def to_nfg(self, path: str | Path) -> Path:
        """Write the game as a Gambit .nfg file; returns the path."""
        from eqsolve.games.nfg_file import write_nfg

        return write_nfg(self, path)

    @cached_property
    def is_zero_sum(self) -> bool:
        """Two players whose payoffs add to the same constant everywhere."""
        if self.players != 2:
            return False
        total = self.payoffs.sum(axis=0)
        return bool(np.ptp(total) <= 1e-12 * max(1.0, float(np.abs(self.payoffs).max())))

    @cached_property
    def payoff_range(self) -> tuple[Array, Array]:
        """Every player's smallest and largest payoff, each (players,)."""
        axes = tuple(range(1, self.payoffs.ndim))
        return self.payoffs.min(axis=axes), self.payoffs.max(axis=axes)

    @cached_property
    def spreads(self) -> Array:
        """Largest payoff difference of every player, (players,)."""
        low, high = self.payoff_range
        return high - low

    @property
    def spread(self) -> float:
        """Largest payoff difference of any one player: the unit in which gains are judged."""
        return float(np.max(self.spreads))

    @property
    def numbers(self) -> NoReturn:
        """Finite games have no gradients; asked for by dynamics of continuous games.

        Raises
        ------
        NotAGame
            Always.
        """
        raise NotAGame(
            "This game is finite, and what was asked for belongs to continuous games; learners "
            "of finite games are MultiplicativeWeights, RegretMatching and their kin in "
            "eq.dynamics."
        )

    def deviation_payoffs(self, vector: Array) -> Array:
        """What each player gets from each of its actions against the others, (..., n).

        Parameters
        ----------
        vector : ndarray (..., n)
            Profiles of mixed strategies.
        """
        profile = np.asarray(vector, dtype=float)
        return deviation_payoffs(self._own_first, profile, self.blocks)

    def deviation_slopes(self, vector: Array) -> Array:
        """Derivative of `deviation_payoffs` at one profile (n,), as (n, n)."""
        return deviation_slopes(self._own_first, vector, self.blocks)

    @cached_property
    def _own_first(self) -> tuple[Array, ...]:
        return own_first(self.payoffs, self.players)

    def table(self) -> Table:
        """The bimatrix with both payoffs in every cell, or the sizes of a larger game."""
        title = self.title or f"{self.players}-player game with actions {self.actions}"
        if self.players != 2 or max(self.actions) > SHOWN:
            rows: tuple[Any, ...] = tuple(zip(self.player_names, self.actions, strict=True))
            return Table(("player", "actions"), rows, title=title)
        first, second = self.payoffs
        rows = tuple(
            (name, *(_cell(a, b) for a, b in zip(first[k], second[k], strict=True)))
            for k, name in enumerate(self.action_names[0])
        )
        return Table(("", *self.action_names[1]), rows, title=title)

    def __repr__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def _cell(first: float, second: float) -> str:
    return f"{format_number(first)}, {format_number(second)}"


def _checked_payoffs(payoffs: Any) -> Array:
    """Payoffs as one float64 tensor, or the sentence that says what is wrong."""
    if isinstance(payoffs, (str, bytes)) or not np.iterable(payoffs):
        raise NotAGame("payoffs must be one tensor a player, not a single value.")
    tensors = list(payoffs)
    if not tensors:
        raise NotAGame("A game needs at least one player; payoffs is empty.")
    read = [_tensor(place, tensor) for place, tensor in enumerate(tensors)]
    for place, tensor in enumerate(read):
        if tensor.shape != read[0].shape:
            raise NotAGame(
                f"Player {place}'s payoffs have shape {tensor.shape} and player 0's "
                f"{read[0].shape}; both must give one number for every profile of actions."
            )
    if read[0].ndim != len(read):
        raise NotAGame(
            f"Payoffs for {len(read)} players need {len(read)} axes each, one a player's actions; "
            f"they have shape {read[0].shape}."
        )
    for place, size in enumerate(read[0].shape):
        if size == 0:
            raise NotAGame(f"Player {place} has no actions.")
    out = np.stack(read)
    if not np.isfinite(out).all():
        where = tuple(int(k) for k in np.argwhere(~np.isfinite(out))[0])
        raise NotAGame(
            f"Player {where[0]}'s payoff at profile {where[1:]} is {out[where]}; payoffs must be "
            "finite numbers."
        )
    return out


def _tensor(place: int, values: Any) -> Array:
    """One player's payoffs as numbers."""
    try:
        return np.array(values, dtype=np.float64)
    except (ValueError, TypeError):
        raise NotAGame(
            f"Player {place}: payoffs are ragged or no numbers; every player needs one number "
            "for every profile of actions."
        ) from None
