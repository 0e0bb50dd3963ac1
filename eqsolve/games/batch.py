"""Many finite games of one shape, played or measured together.

The payoffs have a leading axis of games, and so has everything computed from them: profiles
are (..., games, n), payoffs (..., games, players). What learns in one game learns in a
thousand of them at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from eqsolve.errors import NotAGame
from eqsolve.games.finite import NormalFormGame
from eqsolve.games.finite_players import (
    Array,
    FinitePlayers,
    Name,
    checked_action_names,
    checked_names,
)
from eqsolve.games.multilinear import deviation_payoffs_of_batch, own_first


class GameBatch(FinitePlayers):
    """Finite games with the same players and actions.

    Parameters
    ----------
    payoffs : array_like, shape (games, players, actions_1, ..., actions_players)
    player_names : sequence, optional
    action_names : sequence of sequence of str, optional

    Raises
    ------
    NotAGame
        When a game is none (its place in the batch is named), or there is no game at all.

    Examples
    --------
    >>> batch = GameBatch(np.random.default_rng(0).random((64, 2, 4, 4)))
    >>> len(batch), batch.actions, batch[3].actions
    (64, (4, 4), (4, 4))
    >>> batch.deviation_payoffs(np.tile(batch.uniform(), (64, 1))).shape
    (64, 8)
    """

    def __init__(
        self,
        payoffs: Any,
        *,
        player_names: Sequence[Name] | None = None,
        action_names: Sequence[Sequence[str]] | None = None,
    ) -> None:
        self.payoffs = _checked(payoffs)
        self.payoffs.setflags(write=False)
        self.actions: tuple[int, ...] = self.payoffs.shape[2:]
        self.player_names: tuple[Any, ...] = checked_names(
            player_names, len(self.actions), "player_names", "players"
        )
        self.action_names = checked_action_names(action_names, self.actions, self.player_names)

    @classmethod
    def of(cls, games: Sequence[NormalFormGame]) -> GameBatch:
        """The games of a list, which must have the same numbers of actions.

        Examples
        --------
        >>> pennies = NormalFormGame.bimatrix([[1, -1], [-1, 1]])
        >>> len(GameBatch.of([pennies, pennies]))
        2
        """
        for place, game in enumerate(games):
            if game.actions != games[0].actions:
                raise NotAGame(
                    f"Game {place} has actions {game.actions} and game 0 {games[0].actions}; the "
                    "games of a batch have the same shape."
                )
        if not games:
            raise NotAGame("A batch needs at least one game.")
        first = games[0]
        return cls(
            np.stack([game.payoffs for game in games]),
            player_names=first.player_names,
            action_names=first.action_names,
        )

    def __len__(self) -> int:
        return int(self.payoffs.shape[0])

    def __getitem__(self, place: int) -> NormalFormGame:
        """One of the games."""
        return NormalFormGame(
            self.payoffs[place], player_names=self.player_names, action_names=self.action_names
        )

    def rows(self, places: Any) -> GameBatch:
        """The games at some places (a slice or an array of int), as a batch."""
        return GameBatch(
            self.payoffs[places], player_names=self.player_names, action_names=self.action_names
        )

    @cached_property
    def payoff_range(self) -> tuple[Array, Array]:
        """Every player's smallest and largest payoff in every game, each (games, players)."""
        axes = tuple(range(2, self.payoffs.ndim))
        return self.payoffs.min(axis=axes), self.payoffs.max(axis=axes)

    @cached_property
    def spreads(self) -> Array:
        """Largest payoff difference of every player, (games, players)."""
        low, high = self.payoff_range
        return high - low

    @cached_property
    def _tensors(self) -> tuple[Array, ...]:
        return own_first(np.moveaxis(self.payoffs, 0, -1), self.players)

    def deviation_payoffs(self, vector: Array) -> Array:
        """What each player gets from each action against the others, (..., games, n).

        Parameters
        ----------
        vector : ndarray (..., games, n)
            One profile for every game.
        """
        profile = np.asarray(vector, dtype=float)
        if profile.shape[-2:] != (len(self), self.n):
            raise NotAGame(
                f"Profiles of this batch end in ({len(self)}, {self.n}), games and coordinates; "
                f"given were {profile.shape}."
            )
        return deviation_payoffs_of_batch(self._tensors, profile, self.blocks)

    def __repr__(self) -> str:
        return f"{len(self)} games of {self.players} players with actions {self.actions}"


def _checked(payoffs: Any) -> Array:
    try:
        out = np.array(payoffs, dtype=np.float64)
    except (ValueError, TypeError):
        raise NotAGame(
            "The payoffs of a batch are ragged or no numbers; all its games have one shape."
        ) from None
    if out.ndim < 3 or out.ndim - 2 != out.shape[1] or 0 in out.shape:
        raise NotAGame(
            "The payoffs of a batch have shape (games, players, actions_1, ..., actions_players), "
            f"not {out.shape}."
        )
    if not np.isfinite(out).all():
        where = tuple(int(k) for k in np.argwhere(~np.isfinite(out))[0])
        raise NotAGame(
            f"Game {where[0]}: player {where[1]}'s payoff at profile {where[2:]} is {out[where]}; "
            "payoffs must be finite numbers."
        )
    return out
