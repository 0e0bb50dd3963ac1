"""Finite games in normal form: every profile of actions has a payoff for every player.

With mixed strategies x_i in the simplex over player i's actions, the payoff is multilinear,

    u_i(x) = sum over profiles a of  U_i(a) x_1(a_1) ... x_n(a_n),

and what player i gets from action b against the others is the partial derivative
d u_i / d x_i(b) (von Neumann and Morgenstern 1944; Nash 1951).
"""

from __future__ import annotations

import string
from collections.abc import Hashable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.errors import NotAGame
from eqsolve.results import Table, format_number

Array = NDArray[np.float64]
Name = Hashable
SHOWN = 8  # actions a side up to which a bimatrix is printed in full


class NormalFormGame:
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
        self.player_names: tuple[Any, ...] = _names(
            player_names, len(self.actions), "player_names", "players"
        )
        self.action_names = _action_names(action_names, self.actions, self.player_names)
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
        first = np.asarray(rows, dtype=float)
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

    @property
    def players(self) -> int:
        """How many players."""
        return len(self.actions)

    @cached_property
    def n(self) -> int:
        """How many coordinates a profile of mixed strategies has: all players' actions."""
        return int(sum(self.actions))

    @cached_property
    def blocks(self) -> tuple[slice, ...]:
        """Where each player's mixed strategy stands in a profile vector (n,)."""
        ends = np.cumsum(self.actions)
        return tuple(
            slice(int(end - size), int(end)) for end, size in zip(ends, self.actions, strict=True)
        )

    @cached_property
    def coordinates(self) -> dict[Any, NDArray[np.int_]]:
        """Player to its coordinates of the profile vector."""
        places = np.arange(self.n)
        return {
            name: places[block] for name, block in zip(self.player_names, self.blocks, strict=True)
        }

    @property
    def coordinate_names(self) -> tuple[str, ...]:
        """One name a coordinate: player and action."""
        return tuple(
            f"{player}: {action}"
            for player, own in zip(self.player_names, self.action_names, strict=True)
            for action in own
        )

    @cached_property
    def is_zero_sum(self) -> bool:
        """Two players whose payoffs add to the same constant everywhere."""
        if self.players != 2:
            return False
        total = self.payoffs.sum(axis=0)
        return bool(np.ptp(total) <= 1e-12 * max(1.0, float(np.abs(self.payoffs).max())))

    @cached_property
    def spread(self) -> float:
        """Largest payoff difference of any one player: the unit in which gains are judged."""
        axes = tuple(range(1, self.payoffs.ndim))
        return float(np.max(self.payoffs.max(axis=axes) - self.payoffs.min(axis=axes)))

    def player(self, who: Any) -> int:
        """The place of a player given by name or by index.

        Raises
        ------
        NotAGame
            When there is no such player.
        """
        if who in self.player_names:
            return self.player_names.index(who)
        if isinstance(who, (int, np.integer)) and 0 <= who < self.players:
            return int(who)
        known = ", ".join(map(repr, self.player_names))
        raise NotAGame(f"There is no player {who!r}; the players are {known}.")

    def uniform(self) -> Array:
        """Everybody mixes evenly over all actions, (n,)."""
        return np.concatenate([np.full(size, 1.0 / size) for size in self.actions])

    def pack(self, strategies: Any) -> Array:
        """Strategies as one vector (n,): from a dict by player, a vector, or a list a player.

        A pure strategy may be given as the number of its action.

        Raises
        ------
        NotAGame
            When a player is missing or unknown, or a strategy has the wrong length.
        """
        if isinstance(strategies, Mapping):
            parts: dict[int, Any] = {self.player(who): value for who, value in strategies.items()}
            missing = [name for k, name in enumerate(self.player_names) if k not in parts]
            if missing:
                raise NotAGame(f"The strategy of player {missing[0]!r} is missing.")
            return self._joined([parts[k] for k in range(self.players)])
        array = np.asarray(strategies, dtype=float) if not _is_ragged(strategies) else None
        if array is not None and array.shape == (self.n,):
            return array.copy()
        if not isinstance(strategies, np.ndarray) and len(strategies) == self.players:
            return self._joined(list(strategies))
        raise NotAGame(
            f"A profile of this game has {self.n} numbers (actions {self.actions}), "
            f"not shape {np.shape(strategies) if array is not None else 'ragged'}."
        )

    def _joined(self, parts: list[Any]) -> Array:
        out = []
        for name, size, part in zip(self.player_names, self.actions, parts, strict=True):
            if np.ndim(part) == 0 and not isinstance(part, float):
                if not 0 <= int(part) < size:
                    raise NotAGame(f"Player {name!r} has actions 0 to {size - 1}, not {part}.")
                out.append(np.eye(size)[int(part)])
                continue
            own = np.asarray(part, dtype=float).ravel()
            if own.size != size:
                raise NotAGame(f"Player {name!r} has {size} actions; {own.size} numbers given.")
            out.append(own)
        return np.concatenate(out)

    def unpack(self, vector: Array) -> dict[Any, Array]:
        """Player to mixed strategy, from a profile vector (n,)."""
        return {
            name: vector[block].copy()
            for name, block in zip(self.player_names, self.blocks, strict=True)
        }

    def joint(self, vector: Array) -> Array:
        """Probability of every profile when players mix independently, (actions_1, ...)."""
        out = np.ones(())
        for block in self.blocks:
            out = np.multiply.outer(out, vector[block])
        return out

    def expected_payoffs(self, vector: Array) -> Array:
        """Payoff of every player at profiles (..., n), as (..., players)."""
        gains = self.deviation_payoffs(vector)
        own = gains * np.asarray(vector, dtype=float)
        return np.stack([own[..., block].sum(axis=-1) for block in self.blocks], axis=-1)

    def deviation_payoffs(self, vector: Array) -> Array:
        """What each player gets from each of its actions against the others, (..., n).

        Parameters
        ----------
        vector : ndarray (..., n)
            Profiles of mixed strategies.
        """
        profile = np.asarray(vector, dtype=float)
        if self.players == 2:
            first, second = (profile[..., block] for block in self.blocks)
            parts = [second @ self.payoffs[0].T, first @ self.payoffs[1]]
        else:
            parts = [self._against(profile, k) for k in range(self.players)]
        return np.concatenate(parts, axis=-1)

    def _against(self, profile: Array, own: int) -> Array:
        """Player `own`'s payoff tensor with the others' mixes summed out, (..., actions)."""
        letters = string.ascii_letters[: self.players]
        others = [k for k in range(self.players) if k != own]
        terms = ",".join([letters, *(f"...{letters[k]}" for k in others)])
        mixes = [profile[..., self.blocks[k]] for k in others]
        rule = f"{terms}->...{letters[own]}"
        return np.asarray(np.einsum(rule, self.payoffs[own], *mixes, optimize=self.players > 2))

    def table(self) -> Table:
        """The bimatrix with both payoffs in every cell, or the sizes of a larger game."""
        title = self.title or f"{self.players}-player game with actions {self.actions}"
        if self.players != 2 or max(self.actions) > SHOWN:
            rows = tuple(zip(self.player_names, self.actions, strict=True))
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


def _is_ragged(values: Any) -> bool:
    try:
        np.asarray(values, dtype=float)
    except (ValueError, TypeError):
        return True
    return False


def _checked_payoffs(payoffs: Any) -> Array:
    """Payoffs as one float64 tensor, or the sentence that says what is wrong."""
    if isinstance(payoffs, (str, bytes)) or not np.iterable(payoffs):
        raise NotAGame("payoffs must be one tensor a player, not a single value.")
    tensors = list(payoffs)
    if not tensors:
        raise NotAGame("A game needs at least one player; payoffs is empty.")
    read: list[Array] = []
    for place, tensor in enumerate(tensors):
        try:
            read.append(np.array(tensor, dtype=np.float64))
        except (ValueError, TypeError):
            raise NotAGame(
                f"Player {place}: payoffs are ragged or no numbers; every player needs one number "
                "for every profile of actions."
            ) from None
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


def _names(given: Any, count: int, what: str, of: str) -> tuple[Any, ...]:
    if given is None:
        return tuple(range(count))
    names = tuple(given)
    if len(names) != count:
        raise NotAGame(f"{what} has {len(names)} entries for {count} {of}.")
    twice = [name for k, name in enumerate(names) if name in names[:k]]
    if twice:
        raise NotAGame(f"{what}: {twice[0]!r} is given twice.")
    return names


def _action_names(
    given: Any, actions: tuple[int, ...], players: tuple[Any, ...]
) -> tuple[tuple[str, ...], ...]:
    if given is None:
        return tuple(tuple(str(k) for k in range(size)) for size in actions)
    if len(given) != len(actions):
        raise NotAGame(f"action_names has {len(given)} entries for {len(actions)} players.")
    return tuple(
        tuple(str(name) for name in _names(own, size, f"action_names of player {who!r}", "actions"))
        for own, size, who in zip(given, actions, players, strict=True)
    )
