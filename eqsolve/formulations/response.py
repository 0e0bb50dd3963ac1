"""The followers' response, linearised: d x_F = -(d_F F_F)^{-1} d_L F_F d x_L.

Few followers' coordinates: the matrix is formed. Many: only its products are taken, with
conjugate gradients for a single follower, whose d_F F_F is its Hessian and symmetric, and
GMRES for several followers, where it is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from eqsolve.games.products import JacobianBlock
from eqsolve.games.symbolic import SymbolicGame
from eqsolve.solvers import replicated

Array = NDArray[np.float64]
FORMED_UP_TO = 64  # followers' coordinates whose matrix is formed


@dataclass(frozen=True)
class Response:
    """Linear systems with d_F F_F + regularization I, at many profiles at once.

    Parameters
    ----------
    game : SymbolicGame
    leaders : tuple of int
        The players who are not followers.
    regularization : float
    formed_up_to : int
        Followers' coordinates up to which the matrix is formed.
    """

    game: SymbolicGame
    leaders: tuple[int, ...]
    regularization: float = 0.0
    formed_up_to: int = FORMED_UP_TO

    @cached_property
    def leading(self) -> NDArray[np.int_]:
        """Coordinates of the leaders."""
        return np.flatnonzero(np.isin(self.game.owner, self.leaders))

    @cached_property
    def following(self) -> NDArray[np.int_]:
        """Coordinates of the followers."""
        return np.flatnonzero(~np.isin(self.game.owner, self.leaders))

    @cached_property
    def across(self) -> JacobianBlock:
        """d_L F_F."""
        return JacobianBlock(self.game, self.following, self.leading)

    @cached_property
    def within(self) -> JacobianBlock:
        """d_F F_F."""
        return JacobianBlock(self.game, self.following, self.following)

    def free(self, profiles: Array, slope: Array) -> NDArray[np.bool_]:
        """Followers' coordinates that no bound holds, (replications, followers' coordinates).

        `slope` is F_F at `profiles` (replications, n).
        """
        here = profiles[:, self.following]
        low, high = self.game.lower[self.following], self.game.upper[self.following]
        return ~(((here <= low) & (slope > 0)) | ((here >= high) & (slope < 0)))

    def moved(self, profiles: Array, slope: Array, moves: Array) -> Array:
        """The followers' moves along their response when the leaders move by `moves`.

        Parameters
        ----------
        profiles : ndarray (replications, n)
        slope : ndarray (replications, followers' coordinates)
            F_F, which tells the bounds that hold.
        moves : ndarray (replications, leaders' coordinates)
        """
        pushed = self.across.forward(profiles, moves)
        return -self.solve(profiles, pushed, self.free(profiles, slope))

    def solve(
        self, profiles: Array, right: Array, free: NDArray[np.bool_], transposed: bool = False
    ) -> Array:
        """v with (d_F F_F) v = right on the free coordinates, zero on the others.

        Parameters
        ----------
        profiles : ndarray (replications, n)
        right, free : ndarray (replications, followers' coordinates)
        transposed : bool
            Solve with the transpose instead.

        Returns
        -------
        ndarray (replications, followers' coordinates)
            nan where the system is singular.
        """
        right = np.where(free, right, 0.0)
        if self.following.size <= self.formed_up_to:
            return self._formed(profiles, right, free, transposed)
        side = self.within.adjoint if transposed else self.within.forward

        def product(v: Array, which: NDArray[np.int_]) -> Array:
            open_ = free[which]
            image = side(profiles[which], np.where(open_, v, 0.0)) + self.regularization * v
            return np.where(open_, image, v)

        single = np.unique(self.game.owner[self.following]).size == 1
        return replicated.solve(product, right, symmetric=single)

    def _formed(
        self, profiles: Array, right: Array, free: NDArray[np.bool_], transposed: bool
    ) -> Array:
        size = self.following.size
        matrices = self.within.dense(profiles) + self.regularization * np.eye(size)
        if transposed:
            matrices = matrices.transpose(0, 2, 1)
        both = free[:, :, None] & free[:, None, :]
        matrices = np.where(both, matrices, np.eye(size))
        return replicated.solve_formed(matrices, right)
