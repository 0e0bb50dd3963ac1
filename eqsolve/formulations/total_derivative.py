"""The leader's derivative along the followers' response.

With followers' first-order conditions F_F(x_L, x_F) = 0, implicitly x_F = r(x_L):

    D c_L   = d_L c_L - (d_L F_F)' v,       (d_F F_F)' v = d_F c_L
    D^2 c_L = d_L (D c_L) - d_F (D c_L) (d_F F_F)^{-1} d_L F_F

For two players in a zero-sum game D^2 c_L is the Schur complement of the Hessian
(Fiez, Chasnov and Ratliff 2020, definition 2 and section 3). The first derivative takes
followers of any size: see `eqsolve.formulations.response`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import casadi as ca
import numpy as np
from numpy.typing import NDArray

from eqsolve.errors import NotAGame
from eqsolve.formulations.response import Response
from eqsolve.games.products import lift
from eqsolve.games.symbolic import SymbolicGame

Array = NDArray[np.float64]


@dataclass(frozen=True)
class TotalDerivative:
    """D c_L and D^2 c_L of a game with leaders, at any point.

    Parameters
    ----------
    game : SymbolicGame
    leaders : tuple of int
        Players whose costs are added and who move first.
    regularization : float
        Added to the diagonal of d_F F_F in D c_L, for followers with a singular Hessian.
    """

    game: SymbolicGame
    leaders: tuple[int, ...]
    regularization: float = 0.0

    @cached_property
    def response(self) -> Response:
        """The followers' response, linearised."""
        return Response(self.game, self.leaders, self.regularization)

    @property
    def leading(self) -> NDArray[np.int_]:
        """Coordinates of the leaders."""
        return self.response.leading

    @property
    def following(self) -> NDArray[np.int_]:
        """Coordinates of the followers."""
        return self.response.following

    @cached_property
    def _slopes(self) -> Any:
        """x, y -> d c_L / d x, d c_L / d y and F_F."""
        game = self.game
        slope = ca.densify(ca.gradient(ca.sum1(game.costs[list(self.leaders)]), game.xy))
        parts = [slope[: game.n], slope[game.n :], game.gradient[self.following.tolist()]]
        return ca.Function("slopes", [game.x, game.y], parts)

    def gradients(self, profiles: Array) -> tuple[Array, Array]:
        """D c_L and F_F at profiles (replications, n).

        Followers at a bound that holds them stay there, so they do not respond.

        Returns
        -------
        (replications, leaders' coordinates), (replications, followers' coordinates)
            D c_L is nan where the followers' system is singular.
        """
        slope, follower = self._read(profiles)
        free = self.response.free(profiles, follower)
        wanted = slope[:, self.following]
        adjoint = self.response.solve(profiles, wanted, free, transposed=True)
        bent = self.response.across.adjoint(profiles, adjoint)
        return np.asarray(slope[:, self.leading] - bent), follower

    def partial_gradients(self, profiles: Array) -> tuple[Array, Array]:
        """d_L c_L and F_F at profiles (replications, n), shapes as in `gradients`."""
        slope, follower = self._read(profiles)
        return slope[:, self.leading], follower

    def _read(self, profiles: Array) -> tuple[Array, Array]:
        """The leaders' cost by every coordinate, and F_F."""
        game = self.game
        direct, through, own = self._slopes(profiles.T, lift(game, profiles))
        slope = np.asarray(direct) + game.matrix.T @ np.asarray(through)
        return np.asarray(slope.T), np.asarray(own).T

    def gradient(self, point: Array) -> Array:
        """D c_L at `point` (n,), shape (leaders' coordinates,)."""
        total, _ = self.gradients(np.asarray(point, dtype=float)[None])
        return np.asarray(total[0])

    def follower_gradient(self, point: Array) -> Array:
        """F_F at `point` (n,)."""
        x = np.asarray(point, dtype=float)
        return np.asarray(self._slopes(x, self.game.lift(x))[2]).ravel()

    @cached_property
    def _pieces(self) -> Any:
        """x -> d_L c_L, d_F c_L, d_L F_F, d_F F_F."""
        game, lead, follow = self.game, self.leading.tolist(), self.following.tolist()
        if game.aggregates:
            raise NotAGame(
                f"Second total derivatives are offered for games of up to 64 coordinates; this "
                f"one has {game.n}."
            )
        slope = ca.gradient(ca.sum1(game.costs[list(self.leaders)]), game.x)
        both = ca.jacobian(game.gradient[follow], game.x)
        parts = [slope[lead], slope[follow], both[:, lead], both[:, follow]]
        return ca.Function("pieces", [game.x], [ca.densify(part) for part in parts])

    @cached_property
    def _total_slopes(self) -> Any:
        """x -> the Jacobian of D c_L in x."""
        x = ca.MX.sym("x", self.game.n)
        by_leader, by_follower, across, within = self._pieces(x)
        total = by_leader - ca.mtimes(across.T, ca.solve(within.T, by_follower, "qr"))
        return ca.Function("total_slopes", [x], [ca.jacobian(total, x)])

    def follower_jacobian(self, point: Array) -> Array:
        """d_F F_F at `point` (n,), dense; of one follower it is the own Hessian."""
        return np.asarray(self._pieces(point)[3])

    def hessian(self, point: Array) -> Array:
        """D^2 c_L at `point`, symmetric (leaders' coordinates, same)."""
        slopes = np.asarray(self._total_slopes(point))
        _, _, across, within = (np.asarray(part) for part in self._pieces(point))
        response = -np.linalg.solve(within, across)
        total = slopes[:, self.leading] + slopes[:, self.following] @ response
        return np.asarray((total + total.T) / 2)

    def own_hessian(self, point: Array, player: int) -> Array:
        """The own Hessian block of one follower."""
        mine = self.game.owner[self.following] == player
        block = self.follower_jacobian(point)[np.ix_(mine, mine)]
        return np.asarray((block + block.T) / 2)
