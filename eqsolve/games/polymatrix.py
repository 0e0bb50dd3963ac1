"""Polymatrix games: everybody plays a matrix game with each neighbour, with one mix for all.

    u_i(x) = sum over neighbours j of  x_i' A_ij x_j

Many players need a matrix for every pair that meets, not a tensor over all profiles (Yanovskaya
1968; Cai, Candogan, Daskalakis and Papadimitriou 2016).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp

from eqsolve.errors import NotAGame
from eqsolve.games.finite import NormalFormGame
from eqsolve.games.finite_players import (
    Array,
    FinitePlayers,
    Name,
    checked_action_names,
    checked_names,
)
from eqsolve.results import Table

LARGEST = 2_000_000  # profiles up to which the full tensor is built on demand


class PolymatrixGame(FinitePlayers):
    """A finite game whose payoffs are sums over pairs of players.

    Parameters
    ----------
    matrices : mapping of (player, player) to array_like (own actions, neighbour's actions)
        ``matrices[i, j]`` is what player i gets from j; a pair that is missing pays nothing.
        Players are indices, or names where `player_names` gives them.
    player_names : sequence, optional
        Default: 0, 1, ... up to the largest index that a pair names.
    action_names : sequence of sequence of str, optional

    Raises
    ------
    NotAGame
        A matrix that is ragged, not finite, of a player with itself, of an unknown player, or
        whose size contradicts another's; a player without any matrix.

    Examples
    --------
    Three friends on a line, who want to do what their neighbours do:

    >>> same = np.eye(2)
    >>> line = PolymatrixGame({(0, 1): same, (1, 0): same, (1, 2): same, (2, 1): same})
    >>> line.actions, line.expected_payoffs(line.pack([0, 0, 0]))
    ((2, 2, 2), array([1., 2., 1.]))
    """

    def __init__(
        self,
        matrices: Mapping[tuple[Name, Name], Any],
        *,
        player_names: Sequence[Name] | None = None,
        action_names: Sequence[Sequence[str]] | None = None,
        title: str = "",
    ) -> None:
        if not matrices:
            raise NotAGame("A polymatrix game needs at least one pair of players.")
        count = len(player_names) if player_names is not None else _count(matrices)
        self.player_names = checked_names(player_names, count, "player_names", "players")
        self.actions = (0,) * count  # until the matrices say how many
        read = {self._pair(pair): _matrix(pair, value) for pair, value in matrices.items()}
        self.actions = _actions(read, self.player_names)
        self.matrices = read
        self.action_names = checked_action_names(action_names, self.actions, self.player_names)
        self.title = title

    def _pair(self, pair: Any) -> tuple[int, int]:
        if not (isinstance(pair, tuple) and len(pair) == 2):
            raise NotAGame(f"Matrices are keyed by pairs of players, not by {pair!r}.")
        own, other = (self.player(who) for who in pair)
        if own == other:
            raise NotAGame(f"Player {pair[0]!r} cannot be its own neighbour.")
        return own, other

    @cached_property
    def coupling(self) -> Any:
        """All matrices as one sparse (n, n): `deviation_payoffs` is its product with a profile."""
        out = sp.lil_array((self.n, self.n))
        for (own, other), matrix in self.matrices.items():
            out[self.blocks[own], self.blocks[other]] = matrix
        return out.tocsr()

    @cached_property
    def spreads(self) -> Array:
        """Largest payoff difference that every player could see, (players,)."""
        low, high = np.zeros(self.players), np.zeros(self.players)
        for (own, _), matrix in self.matrices.items():
            low[own] += matrix.min()
            high[own] += matrix.max()
        return high - low

    @property
    def spread(self) -> float:
        """Largest payoff difference of any one player: the unit in which gains are judged."""
        return float(self.spreads.max())

    def deviation_payoffs(self, vector: Array) -> Array:
        """What each player gets from each of its actions against the others, (..., n)."""
        profile = np.asarray(vector, dtype=float)
        flat = profile.reshape(-1, self.n)
        return np.asarray(self.coupling @ flat.T).T.reshape(profile.shape)

    def deviation_slopes(self, vector: Array) -> Any:
        """Derivative of `deviation_payoffs`: the same sparse (n, n) everywhere."""
        return self.coupling

    def normal_form(self) -> NormalFormGame:
        """The same game with its full payoff tensors.

        Raises
        ------
        NotAGame
            When there are too many profiles for that.
        """
        size = int(np.prod([float(k) for k in self.actions]))
        if size > LARGEST:
            raise NotAGame(f"The tensor of this game has {size:.3g} profiles, too many to hold.")
        payoffs = np.zeros((self.players, *self.actions))
        for (own, other), matrix in self.matrices.items():
            shape = [1] * self.players
            shape[own], shape[other] = matrix.shape
            payoffs[own] += (matrix if own < other else matrix.T).reshape(shape)
        return NormalFormGame(
            payoffs,
            player_names=self.player_names,
            action_names=self.action_names,
            title=self.title,
        )

    def table(self) -> Table:
        """One row a player: actions and neighbours."""
        rows = []
        for place, name in enumerate(self.player_names):
            near = [str(self.player_names[j]) for i, j in sorted(self.matrices) if i == place]
            rows.append((name, self.actions[place], ", ".join(near)))
        title = self.title or f"Polymatrix game of {self.players} players"
        return Table(("player", "actions", "gets payoffs from"), tuple(rows), title=title)

    def __repr__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def _count(matrices: Mapping[Any, Any]) -> int:
    """How many players the pairs name, when they are indices."""
    found = [who for pair in matrices if isinstance(pair, tuple) for who in pair]
    wrong = [who for who in found if not isinstance(who, (int, np.integer)) or who < 0]
    if wrong or not found:
        who = wrong[0] if wrong else next(iter(matrices))
        raise NotAGame(f"The player {who!r} is no index; give player_names to use names.")
    return int(max(found)) + 1


def _matrix(pair: Any, value: Any) -> Array:
    try:
        matrix = np.array(value, dtype=np.float64)
    except (ValueError, TypeError):
        raise NotAGame(f"Pair {pair!r}: payoffs are ragged or no numbers.") from None
    if matrix.ndim != 2 or 0 in matrix.shape:
        raise NotAGame(
            f"Pair {pair!r}: payoffs need one row an own action and one column an action of the "
            f"neighbour, not shape {matrix.shape}."
        )
    if not np.isfinite(matrix).all():
        raise NotAGame(f"Pair {pair!r}: payoffs must be finite numbers.")
    return matrix


def _actions(read: Mapping[tuple[int, int], Array], names: tuple[Any, ...]) -> tuple[int, ...]:
    sizes: list[int] = [0] * len(names)
    for pair, matrix in read.items():
        for who, size in zip(pair, matrix.shape, strict=True):
            if sizes[who] not in (0, size):
                raise NotAGame(
                    f"Player {names[who]!r} has {sizes[who]} actions in one matrix and {size} in "
                    f"that of {names[pair[0]]!r} with {names[pair[1]]!r}."
                )
            sizes[who] = size
    if 0 in sizes:
        raise NotAGame(f"Player {names[sizes.index(0)]!r} meets nobody: no matrix names it.")
    return tuple(sizes)
