"""Games with quadratic costs and linear constraints, from their matrices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cvxpy as cp
import numpy as np
from numpy.typing import NDArray

from eqsolve.errors import EqsolveError
from eqsolve.games import Game, Player

Array = NDArray[np.float64]


def quadratic_game(
    players: Mapping[str, int],
    matrix: Any,
    offset: Any,
    *,
    lower: Any = -np.inf,
    upper: Any = np.inf,
    limits: Mapping[str, Mapping[str, Any]] | None = None,
    shared: Mapping[str, Any] | None = None,
    start: Any = None,
) -> Game:
    """A game whose pseudo-gradient is the affine map M x + q.

    Player i minimises x_i' M_ii x_i / 2 + x_i' (sum_{j != i} M_ij x_j + q_i), where the
    coordinates of all players stand in one vector x in the order declared.

    Parameters
    ----------
    players : mapping of str to int
        Names and numbers of coordinates; together n.
    matrix : array_like, shape (n, n)
        M. Each player's diagonal block must be symmetric. M symmetric as a whole: an exact
        potential game.
    offset : array_like, shape (n,)
        q.
    lower, upper : number or array_like, shape (n,)
        Bounds; infinite ones are none.
    limits : mapping of str to {"matrix": (rows, n), "bound": (rows,)}, optional
        Rows A x <= b that bind the named player alone, though they may mention all.
    shared : {"matrix": (rows, n), "bound": (rows,)}, optional
        Rows A x <= b that bind every player (generalized Nash).
    start : array_like, shape (n,), optional
        Suggested start.

    Returns
    -------
    Game
        One `Player` each, with a variable of its name, scalar where it has one coordinate.

    Raises
    ------
    EqsolveError
        When a shape disagrees or a diagonal block is not symmetric.

    Examples
    --------
    Two players who pull towards (1, 1/2) under x + y <= 1:

    >>> import eqsolve as eq
    >>> game = quadratic_game(
    ...     {"x": 1, "y": 1}, [[2, 0], [0, 2]], [-2, -1],
    ...     shared={"matrix": [[1, 1]], "bound": [1]},
    ... )
    >>> equilibrium = eq.solve(game, eq.VariationalEquilibrium())
    >>> [round(float(x), 6) for x in equilibrium.vector]
    [0.75, 0.25]
    """
    sizes = list(players.values())
    if not sizes or any(not isinstance(size, int) or size < 1 for size in sizes):
        raise EqsolveError("quadratic_game: players must map names to positive whole numbers.")
    n = sum(sizes)
    whole = _array("matrix", matrix, (n, n))
    linear = _array("offset", offset, (n,))
    low, high = _spread("lower", lower, n), _spread("upper", upper, n)
    ends = np.cumsum([0, *sizes])
    variables = [
        _variable(name, low[a:b], high[a:b])
        for name, a, b in zip(players, ends[:-1], ends[1:], strict=True)
    ]
    if start is not None:
        first = _array("start", start, (n,))
        for variable, a, b in zip(variables, ends[:-1], ends[1:], strict=True):
            variable.value = first[a:b].reshape(variable.shape)
    everything = cp.hstack(variables)
    limits = limits or {}
    unknown = set(limits) - set(players)
    if unknown:
        raise EqsolveError(f"quadratic_game: limits names the unknown player {unknown.pop()!r}.")
    declared = []
    for name, a, b, variable in zip(players, ends[:-1], ends[1:], variables, strict=True):
        own = whole[a:b, a:b]
        if not np.allclose(own, own.T):
            raise EqsolveError(f"quadratic_game: the block of player {name!r} is not symmetric.")
        cost = _quadratic(own, variable)
        across = whole[a:b].copy()
        across[:, a:b] = 0.0
        tilt = across @ everything + linear[a:b] if across.any() else linear[a:b]
        cost = cost + (variable @ tilt if variable.shape else variable * tilt[0])
        rows = _rows(f"limits.{name}", limits[name], everything, n) if name in limits else []
        declared.append(Player(name, cp.Minimize(cost), [variable], rows))
    return Game(declared, _rows("shared", shared, everything, n) if shared else [])


def _quadratic(own: Array, variable: Any) -> Any:
    if not own.any():
        return 0.0
    if not variable.shape:
        return float(own[0, 0]) / 2 * cp.square(variable)
    return 0.5 * cp.quad_form(variable, own)


def _variable(name: str, low: Array, high: Array) -> Any:
    shape = () if low.size == 1 else (low.size,)
    if np.isinf(low).all() and np.isinf(high).all():
        return cp.Variable(shape, name=name)
    return cp.Variable(shape, bounds=[low.reshape(shape), high.reshape(shape)], name=name)


def _rows(where: str, table: Any, everything: Any, n: int) -> list[Any]:
    if not isinstance(table, Mapping) or set(table) != {"matrix", "bound"}:
        raise EqsolveError(f"quadratic_game: {where} must hold exactly 'matrix' and 'bound'.")
    bound = np.atleast_1d(np.asarray(table["bound"], dtype=float))
    weights = _array(f"{where}.matrix", table["matrix"], (bound.size, n))
    return [(weights @ everything <= bound).set_label(where.split(".")[0])]


def _array(what: str, value: Any, shape: tuple[int, ...]) -> Array:
    try:
        array = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        raise EqsolveError(f"quadratic_game: {what} must be an array of numbers.") from None
    if array.shape != shape or not np.isfinite(array).all():
        raise EqsolveError(
            f"quadratic_game: {what} must be finite of shape {shape}, not shape {array.shape}."
        )
    return array


def _spread(what: str, value: Any, n: int) -> Array:
    array = np.asarray(value, dtype=float)
    if array.shape not in {(), (n,)} or np.isnan(array).any():
        raise EqsolveError(f"quadratic_game: {what} must be a number or {n} numbers.")
    return np.broadcast_to(array, (n,)).copy()
