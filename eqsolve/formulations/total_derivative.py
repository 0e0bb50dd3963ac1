"""The leader's derivative along the followers' response.

With followers' first-order conditions F_F(x_L, x_F) = 0, implicitly x_F = r(x_L):

    D c_L   = d_L c_L - (d_L F_F)' v,       (d_F F_F)' v = d_F c_L
    D^2 c_L = d_L (D c_L) - d_F (D c_L) (d_F F_F)^{-1} d_L F_F

For two players in a zero-sum game D^2 c_L is the Schur complement of the Hessian
(Fiez, Chasnov and Ratliff 2020, definition 2 and section 3).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import casadi as ca
import numpy as np
from numpy.typing import NDArray

from eqsolve.errors import NotAGame
from eqsolve.games.symbolic import SymbolicGame

Array = NDArray[np.float64]


@dataclass(frozen=True)
class TotalDerivative:
    """D c_L and D^2 c_L of a game with leaders, at any point.

    Parameters
    ----------
    game : SymbolicGame
        Without aggregates (games of up to 64 coordinates are always so).
    leaders : tuple of int
        Players whose costs are added and who move first.
    """

    game: SymbolicGame
    leaders: tuple[int, ...]

    def __post_init__(self) -> None:
        if self.game.aggregates:
            raise NotAGame(
                f"Total derivatives are offered for games of up to 64 coordinates; this one has "
                f"{self.game.n}."
            )

    @cached_property
    def leading(self) -> NDArray[np.int_]:
        """Coordinates of the leaders."""
        return np.flatnonzero(np.isin(self.game.owner, self.leaders))

    @cached_property
    def following(self) -> NDArray[np.int_]:
        """Coordinates of the followers."""
        return np.flatnonzero(~np.isin(self.game.owner, self.leaders))

    @cached_property
    def _pieces(self) -> Any:
        """x -> d_L c_L, d_F c_L, F_F, d_L F_F, d_F F_F."""
        game, lead, follow = self.game, self.leading.tolist(), self.following.tolist()
        cost = ca.sum1(game.costs[list(self.leaders)])
        slope = ca.gradient(cost, game.x)
        answer = game.gradient[follow]
        both = ca.jacobian(answer, game.x)
        parts = [slope[lead], slope[follow], answer, both[:, lead], both[:, follow]]
        return ca.Function("pieces", [game.x], [ca.densify(part) for part in parts])

    @cached_property
    def _total(self) -> Any:
        """x -> D c_L and its Jacobian in x."""
        x = ca.MX.sym("x", self.game.n)
        by_leader, by_follower, _, across, within = self._pieces(x)
        sensitivity = ca.solve(within.T, by_follower, "qr")
        total = by_leader - ca.mtimes(across.T, sensitivity)
        return ca.Function("total", [x], [total, ca.jacobian(total, x)])

    def gradient(self, point: Array) -> Array:
        """D c_L at `point` (n,), shape (leaders' coordinates,)."""
        return np.asarray(self._total(point)[0]).ravel()

    def follower_gradient(self, point: Array) -> Array:
        """F_F at `point` (n,)."""
        return np.asarray(self._pieces(point)[2]).ravel()

    def hessian(self, point: Array) -> Array:
        """D^2 c_L at `point`, symmetric (leaders' coordinates, same)."""
        slopes = np.asarray(self._total(point)[1])
        _, _, _, across, within = (np.asarray(part) for part in self._pieces(point))
        response = -np.linalg.solve(within, across)
        total = slopes[:, self.leading] + slopes[:, self.following] @ response
        return np.asarray((total + total.T) / 2)

    def own_hessian(self, point: Array, player: int) -> Array:
        """The own Hessian block of one follower."""
        within = np.asarray(self._pieces(point)[4])
        mine = self.game.owner[self.following] == player
        block = within[np.ix_(mine, mine)]
        return np.asarray((block + block.T) / 2)
