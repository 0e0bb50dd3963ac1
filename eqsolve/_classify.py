"""Classify critical points: differential Nash, differential Stackelberg, or neither."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import root

from eqsolve.errors import NotAGame
from eqsolve.formulations.total_derivative import TotalDerivative
from eqsolve.games.game import Game
from eqsolve.results import Table

Array = NDArray[np.float64]
CRITICAL = 1e-6  # gradient norm, relative, below which a point counts as critical
FLAT = 1e-9  # relative curvature below which a Hessian counts as singular


@dataclass(frozen=True)
class OrderOfPlay:
    """What a point is when one player moves first.

    Attributes
    ----------
    leader : str
    gradient_norm : float
        Of the leader's total derivative and the followers' derivatives together.
    is_critical : bool
    is_equilibrium : bool
        Differential Stackelberg: critical, the leader's total second derivative and
        every follower's own Hessian positive definite.
    leader_eigenvalues : ndarray
        Of the total second derivative (the Schur complement in zero-sum games).
    follower_eigenvalues : dict of str to ndarray
    """

    leader: str
    gradient_norm: float
    is_critical: bool
    is_equilibrium: bool
    leader_eigenvalues: Array
    follower_eigenvalues: Mapping[str, Array]


@dataclass(frozen=True)
class Classification:
    """What a point is: see `kind`, or the table.

    Attributes
    ----------
    point : ndarray (n,)
    gradient_norm : float
        Of the pseudo-gradient.
    is_critical : bool
        Of simultaneous play.
    is_nash : bool
        Differential Nash: critical, every own Hessian positive definite.
    own_eigenvalues : dict of str to ndarray
        Of each player's own Hessian.
    orders : dict of str to OrderOfPlay
        By leader.
    """

    point: Array
    gradient_norm: float
    is_critical: bool
    is_nash: bool
    own_eigenvalues: Mapping[str, Array]
    orders: Mapping[str, OrderOfPlay]

    @property
    def stackelberg_leaders(self) -> tuple[str, ...]:
        """Leaders for whose order of play the point is a differential Stackelberg equilibrium."""
        return tuple(name for name, order in self.orders.items() if order.is_equilibrium)

    @property
    def kind(self) -> str:
        """In words."""
        parts = ["differential Nash"] if self.is_nash else []
        leaders = ", ".join(map(repr, self.stackelberg_leaders))
        parts += [f"differential Stackelberg (leader {leaders})"] if leaders else []
        if parts:
            return " and ".join(parts)
        critical = self.is_critical or any(order.is_critical for order in self.orders.values())
        return "critical, but no equilibrium" if critical else "not critical"

    def table(self) -> Table:
        """The eigenvalues that decide."""
        rows: list[tuple[Any, ...]] = [("simultaneous", self.gradient_norm, "", "", self.is_nash)]
        rows[0] = ("simultaneous play", self.gradient_norm, "", self._smallest(), self.is_nash)
        for order in self.orders.values():
            smallest = min(
                (float(e.min()) for e in order.follower_eigenvalues.values()), default=np.inf
            )
            rows.append(
                (
                    f"{order.leader} leads",
                    order.gradient_norm,
                    float(order.leader_eigenvalues.min()),
                    smallest,
                    order.is_equilibrium,
                )
            )
        headers = (
            "order of play", "gradient norm", "leader's smallest eigenvalue",
            "others' smallest eigenvalue", "equilibrium",
        )  # fmt: skip
        return Table(headers, tuple(rows), title=self.kind)

    def _smallest(self) -> float:
        return min(float(values.min()) for values in self.own_eigenvalues.values())

    def __repr__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def classify(game: Game, point: Any, tolerance: float = CRITICAL) -> Classification:
    """What a point of a smooth game is, by first and second derivatives.

    Parameters
    ----------
    game : Game
        Of up to 64 coordinates.
    point : dict of str to array, or array (n,)
    tolerance : float
        Gradient norm, relative to the Jacobian's size, that still counts as zero.

    Returns
    -------
    Classification

    Raises
    ------
    NotAGame
        When the point lies on a bound or the game has constraints: derivatives alone do
        not decide there, `eq.certify` does.

    Notes
    -----
    Fiez, Chasnov and Ratliff (2020), definitions 3 and 4.

    Examples
    --------
    >>> import cvxpy as cp
    >>> from eqsolve import Player
    >>> x, y = cp.Variable(name="x"), cp.Variable(name="y")
    >>> f = -0.5 * cp.square(x) + 2 * x * y - cp.square(y)
    >>> game = Game([Player("a", cp.Minimize(f), [x]), Player("b", cp.Maximize(f), [y])])
    >>> classify(game, [0.0, 0.0]).kind
    "differential Stackelberg (leader 'a')"
    """
    vector = game.pack(point)
    symbolic = game.declared
    _check_free(game, vector)
    numbers = game.numbers
    jacobian = numbers.jacobian(vector).toarray()
    size = tolerance * max(1.0, float(np.abs(jacobian).max(initial=0.0)))
    flat = FLAT * max(1.0, float(np.abs(jacobian).max(initial=0.0)))
    own = {
        name: _eigenvalues(_symmetric(jacobian[np.ix_(places, places)]))
        for name, places in game.coordinates.items()
    }
    norm = float(np.linalg.norm(numbers.gradient(vector)))
    definite = all(values.min() > flat for values in own.values())
    orders = {}
    for index, name in enumerate(game.player_names):
        if len(game.player_names) > 1:
            orders[name] = _order(game, TotalDerivative(symbolic, (index,)), vector, size, flat)
    return Classification(
        point=vector,
        gradient_norm=norm,
        is_critical=bool(norm <= size),
        is_nash=bool(norm <= size and definite),
        own_eigenvalues=own,
        orders=orders,
    )


def _eigenvalues(matrix: Array) -> Array:
    return np.asarray(np.linalg.eigvalsh(matrix), dtype=np.float64)


def _symmetric(matrix: Array) -> Array:
    return (matrix + matrix.T) / 2


def _check_free(game: Game, vector: Array) -> None:
    symbolic = game.declared
    if symbolic.rows.shape[0]:
        raise NotAGame(
            "classify() reads derivatives, and this game has constraints; use certify()."
        )
    width = 1e-9 * (1 + np.abs(vector))
    on = (vector <= symbolic.lower + width) | (vector >= symbolic.upper - width)
    if on.any():
        name = symbolic.names[int(np.flatnonzero(on)[0])]
        raise NotAGame(f"classify() needs an interior point, and {name!r} is at its bound.")


def _order(
    game: Game, total: TotalDerivative, vector: Array, size: float, flat: float
) -> OrderOfPlay:
    leader = game.player_names[total.leaders[0]]
    followers = {
        name: _eigenvalues(total.own_hessian(vector, index))
        for index, name in enumerate(game.player_names)
        if index not in total.leaders
    }
    within = total.follower_jacobian(vector)
    if np.linalg.cond(within) > 1 / np.finfo(float).eps:
        nothing = np.full(total.leading.size, np.nan)
        return OrderOfPlay(leader, np.inf, False, False, nothing, followers)
    gradient = np.concatenate([total.gradient(vector), total.follower_gradient(vector)])
    eigenvalues = _eigenvalues(total.hessian(vector))
    norm = float(np.linalg.norm(gradient))
    definite = eigenvalues.min() > flat and all(e.min() > flat for e in followers.values())
    holds = bool(norm <= size and definite)
    return OrderOfPlay(leader, norm, bool(norm <= size), holds, eigenvalues, followers)


@dataclass(frozen=True)
class CriticalPoints:
    """Distinct critical points found from many starts; there may be others."""

    points: tuple[Classification, ...]
    starts: int

    def __len__(self) -> int:
        return len(self.points)

    def __getitem__(self, place: int) -> Classification:
        return self.points[place]

    def table(self) -> Table:
        """One row a point."""
        rows = tuple((c.point, c.kind) for c in self.points)
        note = f"{len(self.points)} distinct from {self.starts} starts; there may be others."
        return Table(("point", "kind"), rows, notes=(note,))

    def __repr__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def critical_points(
    game: Game,
    box: Any,
    starts: int = 100,
    *,
    leader: str | None = None,
    seed: int = 0,
    distance: float = 1e-5,
) -> CriticalPoints:
    """Map the critical points of a smooth game inside a box.

    Parameters
    ----------
    game : Game
    box : (low, high)
        Numbers or arrays (n,): where starts are drawn and points are kept.
    starts : int
        Random starts of a root finder.
    leader : str, optional
        Critical points of this order of play instead of simultaneous play.
    seed : int
    distance : float
        Points closer than this, relative to the box, count as one.

    Returns
    -------
    CriticalPoints
        Each classified; never a claim that they are all.

    Examples
    --------
    >>> import cvxpy as cp
    >>> from eqsolve import Player
    >>> x, y = cp.Variable(name="x"), cp.Variable(name="y")
    >>> f = cp.power(x, 4) / 4 - cp.square(x) / 2 - cp.square(y)
    >>> game = Game([Player("a", cp.Minimize(f), [x]), Player("b", cp.Maximize(f), [y])])
    >>> [round(c.point[0]) for c in critical_points(game, (-2, 2), starts=30)]
    [-1, 0, 1]
    """
    low, high = (np.broadcast_to(np.asarray(side, dtype=float), game.n) for side in box)
    rng = np.random.default_rng(seed)
    numbers = game.numbers
    function: Callable[[Array], Array] = numbers.gradient
    if leader is not None:
        total = TotalDerivative(game.declared, (game.player_names.index(leader),))
        function = partial(_led_gradient, total)
    found: list[Array] = []
    for _ in range(starts):
        answer = root(function, rng.uniform(low, high), method="hybr", options={"xtol": 1e-12})
        size = 1e-8 * (1 + np.abs(answer.x).max(initial=0.0))
        inside = ((answer.x >= low) & (answer.x <= high)).all()
        if not inside or np.abs(answer.fun).max(initial=0.0) > size:
            continue
        apart = distance * (high - low)
        if all((np.abs(answer.x - other) > apart).any() for other in found):
            found.append(answer.x)
    found.sort(key=lambda x: np.round(x, 6).tolist())
    return CriticalPoints(tuple(classify(game, x) for x in found), starts)


def _led_gradient(total: TotalDerivative, x: Array) -> Array:
    """Leaders' total and followers' own derivatives, in the game's order of coordinates."""
    slopes = np.zeros(x.size)
    slopes[total.leading], slopes[total.following] = total.gradient(x), total.follower_gradient(x)
    return slopes
