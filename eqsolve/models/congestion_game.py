"""Congestion games: players share resources, and a resource's delay depends on how many use it.

Player i picks a set a_i of resources and pays, with load_r(a) players on resource r,

    cost_i(a) = sum over r in a_i of  d_r(load_r(a)).

Every such game has the exact potential

    P(a) = sum over r of  d_r(1) + ... + d_r(load_r(a)),

whose change is the cost change of whoever moves; its minima are pure equilibria (Rosenthal 1973,
"A class of games possessing pure-strategy Nash equilibria", Int. J. Game Theory 2, 65-67).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.errors import NotAGame
from eqsolve.games import NormalFormGame

Array = NDArray[np.float64]
LARGEST = 5_000_000  # numbers in the payoff tensors


def congestion_game(
    delays: Mapping[Any, Any],
    strategies: Any,
    players: int | None = None,
    *,
    player_names: Sequence[Any] | None = None,
    action_names: Sequence[Sequence[str]] | None = None,
    title: str = "",
) -> NormalFormGame:
    """A congestion game in normal form; payoffs are minus costs.

    Parameters
    ----------
    delays : dict of resource to delays
        Delay at load 1, 2, ..., one number for every possible load; or a function of the load.
    strategies : list of list of list of resource
        For every player its sets of resources. With `players`, one list of sets for all.
    players : int, optional
        How many players share the one list of sets.
    player_names, action_names
        As for `NormalFormGame`; actions are named by their resources by default.

    Returns
    -------
    NormalFormGame

    Raises
    ------
    NotAGame
        An unknown resource, delays that are too few or no numbers, a player without a set, or
        a game whose tensor would be too large.

    Examples
    --------
    >>> import eqsolve as eq
    >>> game = congestion_game({"a": [1, 4], "b": [3, 5]}, [["a"], ["b"]], players=2)
    >>> game.payoffs[0]
    array([[-4., -1.],
           [-3., -5.]])
    """
    sets = _sets(strategies, players)
    uses, tables = _tables(delays, sets)
    loads = _loads(uses)
    costs = np.zeros((len(sets), *loads.shape[1:]))
    for place, table in enumerate(tables):
        at_load = table[loads[place]]  # delays at load 0 are never paid
        for i, own in enumerate(uses):
            costs[i] += _on_axis(own[:, place], i, len(sets)) * at_load
    if action_names is None:
        action_names = [["+".join(map(str, own)) or "none" for own in part] for part in sets]
        if any(len(set(part)) < len(part) for part in action_names):
            action_names = None
    return NormalFormGame(-costs, player_names=player_names, action_names=action_names, title=title)


def rosenthal_potential(
    delays: Mapping[Any, Any], strategies: Any, players: int | None = None
) -> Array:
    """P at every profile, (actions_1, ..., actions_players); arguments as `congestion_game`.

    Examples
    --------
    >>> rosenthal_potential({"a": [1, 4], "b": [3, 5]}, [["a"], ["b"]], players=2)
    array([[5., 4.],
           [4., 8.]])
    """
    uses, tables = _tables(delays, _sets(strategies, players))
    loads = _loads(uses)
    return np.asarray(
        sum(np.cumsum(table)[load] for table, load in zip(tables, loads, strict=True)), dtype=float
    )


def _sets(strategies: Any, players: int | None) -> list[list[tuple[Any, ...]]]:
    if players is not None:
        if not isinstance(players, (int, np.integer)) or players < 1:
            raise NotAGame(f"congestion_game: players must be a whole number, not {players!r}.")
        strategies = [strategies] * int(players)
    out = []
    for i, part in enumerate(strategies):
        if isinstance(part, str) or any(isinstance(own, str) for own in part):
            raise NotAGame(
                f"congestion_game: player {i}'s strategies must be sets of resources such as "
                f"[['a'], ['a', 'b']], not {part!r}."
            )
        own_sets = [tuple(dict.fromkeys(own)) for own in part]
        if not own_sets:
            raise NotAGame(f"congestion_game: player {i} has no set of resources to choose.")
        out.append(own_sets)
    if not out:
        raise NotAGame("congestion_game: there are no players.")
    size = len(out) * float(np.prod([float(len(part)) for part in out]))
    if size > LARGEST:
        raise NotAGame(
            f"congestion_game: {len(out)} players with {[len(part) for part in out][:6]} ... sets "
            f"need {size:.3g} payoffs, more than {LARGEST:,}."
        )
    return out


def _tables(
    delays: Mapping[Any, Any], sets: list[list[tuple[Any, ...]]]
) -> tuple[list[NDArray[np.int_]], list[Array]]:
    """Who uses what, (actions, resources) a player, and each resource's delays at load 0, 1, ..."""
    places = {resource: k for k, resource in enumerate(delays)}
    uses = []
    for i, part in enumerate(sets):
        own = np.zeros((len(part), len(places)), dtype=int)
        for action, chosen in enumerate(part):
            for resource in chosen:
                if resource not in places:
                    raise NotAGame(
                        f"congestion_game: player {i} uses {resource!r}, which has no delays; "
                        f"there are {', '.join(map(repr, places))}."
                    )
                own[action, places[resource]] = 1
        uses.append(own)
    most = sum(own.max(axis=0) for own in uses)
    return uses, [_table(name, given, int(most[k])) for (name, k), given in
                  zip(places.items(), delays.values(), strict=True)]  # fmt: skip


def _table(name: Any, given: Any, most: int) -> Array:
    values = [given(load) for load in range(1, most + 1)] if callable(given) else given
    try:
        table = np.array(values, dtype=float)
    except (TypeError, ValueError):
        table = np.full(1, np.nan)
    if table.ndim != 1 or not np.isfinite(table).all():
        raise NotAGame(f"congestion_game: the delays of {name!r} must be numbers, not {given!r}.")
    if table.size < most:
        raise NotAGame(
            f"congestion_game: {name!r} may carry {most} players but has {table.size} delays."
        )
    return np.concatenate([[0.0], table])


def _loads(uses: list[NDArray[np.int_]]) -> NDArray[np.int_]:
    """How many use each resource at each profile, (resources, actions_1, ...)."""
    count = len(uses)
    return np.stack(
        [
            sum(
                (_on_axis(own[:, place], i, count) for i, own in enumerate(uses)),
                start=np.zeros((1,) * count, dtype=int),
            )
            for place in range(uses[0].shape[1])
        ]
    )


def _on_axis(values: Any, axis: int, axes: int) -> Any:
    return values.reshape([-1 if k == axis else 1 for k in range(axes)])
