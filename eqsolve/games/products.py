"""Products with blocks of the pseudo-gradient's Jacobian, without forming them.

With F the pseudo-gradient, y = R x the aggregates, and rows and columns any coordinates:

    forward   J v   = (d F / d x + d F / d y R) v
    adjoint   J' w  = (d F / d x)' w + R' (d F / d y)' w

Both come from algorithmic differentiation and cost a few evaluations of F, whatever the
number of columns (Griewank and Walther 2008, section 3.2).
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import casadi as ca
import numpy as np
from numpy.typing import NDArray

from eqsolve.games.symbolic import SymbolicGame

Array = NDArray[np.float64]
Places = NDArray[np.int_]


class JacobianBlock:
    """The block (rows, columns) of the pseudo-gradient's Jacobian.

    Parameters
    ----------
    game : SymbolicGame
    rows, columns : ndarray of int, optional
        Coordinates; all by default.

    Examples
    --------
    >>> import cvxpy as cp
    >>> from eqsolve import Game, Player
    >>> x, y = cp.Variable(name="x"), cp.Variable(name="y")
    >>> a = Player("a", cp.Minimize(cp.square(x) + 3 * x * y), [x])
    >>> game = Game([a, Player("b", cp.Minimize(cp.square(y)), [y])])
    >>> block = JacobianBlock(game.declared)
    >>> block.forward(np.zeros((1, 2)), np.array([[0.0, 1.0]]))
    array([[3., 2.]])
    >>> block.adjoint(np.zeros((1, 2)), np.array([[1.0, 0.0]]))
    array([[2., 3.]])
    """

    def __init__(
        self, game: SymbolicGame, rows: Places | None = None, columns: Places | None = None
    ) -> None:
        self.game = game
        self.rows = np.arange(game.n) if rows is None else rows
        self.columns = np.arange(game.n) if columns is None else columns
        self._spread = game.matrix.tocsc()[:, self.columns].tocsr()

    @cached_property
    def _value(self) -> Any:
        return self.game.gradient[self.rows.tolist()]

    @cached_property
    def _forward(self) -> Any:
        game = self.game
        direction, lifted = ca.SX.sym("v", self.columns.size), ca.SX.sym("w", game.aggregates)
        whole = ca.SX(game.n, 1)
        whole[self.columns.tolist()] = direction
        slope = ca.jtimes(self._value, game.xy, ca.vertcat(whole, lifted))
        return ca.Function("forward", [game.x, game.y, direction, lifted], [ca.densify(slope)])

    @cached_property
    def _adjoint(self) -> Any:
        game, weight = self.game, ca.SX.sym("w", self.rows.size)
        slope = ca.densify(ca.jtimes(self._value, game.xy, weight, True))
        parts = [slope[self.columns.tolist()], slope[game.n :]]
        return ca.Function("adjoint", [game.x, game.y, weight], parts)

    @cached_property
    def _dense(self) -> Any:
        game = self.game
        slope = ca.jacobian(self._value, game.xy)
        parts = [slope[:, self.columns.tolist()], slope[:, game.n :]]
        return ca.Function("block", [game.x, game.y], [ca.densify(part) for part in parts])

    def forward(self, profiles: Array, directions: Array) -> Array:
        """J v: profiles (replications, n), directions (replications, columns)."""
        lifted = self._spread @ directions.T
        value = self._forward(profiles.T, lift(self.game, profiles), directions.T, lifted)
        return np.asarray(value).T

    def adjoint(self, profiles: Array, weights: Array) -> Array:
        """J' w: profiles (replications, n), weights (replications, rows)."""
        direct, through = self._adjoint(profiles.T, lift(self.game, profiles), weights.T)
        return np.asarray(direct + self._spread.T @ np.asarray(through)).T

    def dense(self, profiles: Array) -> Array:
        """The block itself, (replications, rows, columns); for small blocks."""
        direct, through = self._dense(profiles.T, lift(self.game, profiles))
        count, size = profiles.shape[0], self.rows.size
        whole = np.asarray(direct).reshape(size, count, self.columns.size).transpose(1, 0, 2)
        if self.game.aggregates:
            via = np.asarray(through).reshape(size * count, -1) @ self._spread
            whole = whole + via.reshape(size, count, -1).transpose(1, 0, 2)
        return whole


def lift(game: SymbolicGame, profiles: Array) -> Array:
    """Aggregates as columns, for CasADi: (replications, n) to (aggregates, replications)."""
    return np.asarray(game.matrix @ profiles.T + game.offset[:, None])
