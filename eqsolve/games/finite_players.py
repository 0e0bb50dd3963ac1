"""Players with finitely many actions, and the vector that holds all their mixed strategies.

A profile is one vector (n,): the players' mixed strategies, one after the other, n the sum
of their numbers of actions.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.errors import NotAGame

Array = NDArray[np.float64]
Name = Hashable


class FinitePlayers(ABC):
    """What every finite game shares: who plays, with which actions, and how profiles are kept.

    A subclass sets `actions`, `player_names` and `action_names`, and says what every action
    pays against the others' mixes.
    """

    actions: tuple[int, ...]
    player_names: tuple[Any, ...]
    action_names: tuple[tuple[str, ...], ...]

    @abstractmethod
    def deviation_payoffs(self, vector: Array) -> Array:
        """What each player gets from each of its actions against the others, (..., n)."""

    @property
    @abstractmethod
    def spreads(self) -> Array:
        """Largest payoff difference of every player, (players,), or (games, players)."""

    @cached_property
    def coordinate_spreads(self) -> Array:
        """Each player's spread at each of its coordinates, one where it is zero, (..., n)."""
        spreads = np.asarray(self.spreads, dtype=float)
        return np.repeat(np.where(spreads > 0, spreads, 1.0), self.actions, axis=-1)

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


def _is_ragged(values: Any) -> bool:
    try:
        np.asarray(values, dtype=float)
    except (ValueError, TypeError):
        return True
    return False


def checked_names(given: Any, count: int, what: str, of: str) -> tuple[Any, ...]:
    """Names as given or 0, 1, ...; refused when their number is wrong or one comes twice."""
    if given is None:
        return tuple(range(count))
    names = tuple(given)
    if len(names) != count:
        raise NotAGame(f"{what} has {len(names)} entries for {count} {of}.")
    twice = [name for k, name in enumerate(names) if name in names[:k]]
    if twice:
        raise NotAGame(f"{what}: {twice[0]!r} is given twice.")
    return names


def checked_action_names(
    given: Any, actions: tuple[int, ...], players: tuple[Any, ...]
) -> tuple[tuple[str, ...], ...]:
    if given is None:
        return tuple(tuple(str(k) for k in range(size)) for size in actions)
    if len(given) != len(actions):
        raise NotAGame(f"action_names has {len(given)} entries for {len(actions)} players.")
    return tuple(
        tuple(
            str(name)
            for name in checked_names(own, size, f"action_names of player {who!r}", "actions")
        )
        for own, size, who in zip(given, actions, players, strict=True)
    )
