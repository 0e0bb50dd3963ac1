"""Competitive gradient descent: the Nash equilibrium of the game's local bilinear model.

Players minimise their own first-order change plus its interaction with the others' moves
plus |d_i|^2 / 2g. With J' the Jacobian of the pseudo-gradient F without each player's own
block, the moves solve

    (I + g J') d = -g F.

For two players that is d_1 = -g (I - g^2 D12 f1 D21 f2)^{-1} (D1 f1 - g D12 f1 D2 f2)
(Schafer and Anandkumar 2019, equation 4); for more, Ma and others (2021).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.dynamics.gradient import noisy
from eqsolve.dynamics.protocol import Schedule, State, Stepped, at, counter
from eqsolve.errors import EqsolveError
from eqsolve.games.products import JacobianBlock
from eqsolve.games.symbolic import SymbolicGame
from eqsolve.solvers import replicated

Array = NDArray[np.float64]
FORMED_UP_TO = 64  # coordinates up to which the matrix is formed


@dataclass(frozen=True)
class Interaction:
    """J without each player's own block.

    Parameters
    ----------
    game : SymbolicGame
    formed_up_to : int
        Coordinates up to which the matrix is formed.
    """

    game: SymbolicGame
    formed_up_to: int = FORMED_UP_TO

    @cached_property
    def blocks(self) -> tuple[JacobianBlock, ...]:
        """Each player's own slopes by the others' coordinates."""
        mine = [self.game.owner == player for player in range(self.game.players)]
        return tuple(JacobianBlock(self.game, np.flatnonzero(m), np.flatnonzero(~m)) for m in mine)

    @cached_property
    def whole(self) -> JacobianBlock:
        """J."""
        return JacobianBlock(self.game)

    def product(self, profiles: Array, directions: Array) -> Array:
        """J' v, both (replications, n)."""
        image = np.empty_like(directions)
        for block in self.blocks:
            image[:, block.rows] = block.forward(profiles, directions[:, block.columns])
        return image

    def moves(self, profiles: Array, slope: Array, length: float) -> Array:
        """d with (I + g J') d = -g F; nan where there is none."""
        if self.game.n <= self.formed_up_to:
            owner = self.game.owner
            others = owner[:, None] != owner[None, :]
            matrices = np.eye(self.game.n) + length * others * self.whole.dense(profiles)
            return replicated.solve_formed(matrices, -length * slope)

        def product(v: Array, which: NDArray[np.int_]) -> Array:
            return v + length * self.product(profiles[which], v)

        return replicated.solve(product, -length * slope, symmetric=False)


@dataclass(frozen=True, init=False, repr=False)
class CompetitiveGradient(Stepped):
    """Every player anticipates the others' moves, to first order, and they theirs.

    Parameters
    ----------
    step : float or callable k -> float
        Step length; a schedule is called with k = 1, 2, ...
    noise : float
        Standard deviation of Gaussian noise added to every gradient coordinate.

    Raises
    ------
    EqsolveError
        Where the local game has no single equilibrium; a smaller step helps.

    Examples
    --------
    Simultaneous gradients spiral outwards in this game, whatever the step:

    >>> import cvxpy as cp, eqsolve as eq
    >>> x, y = cp.Variable(name="x"), cp.Variable(name="y")
    >>> a, b = eq.Player("a", cp.Minimize(x * y), [x]), eq.Player("b", cp.Maximize(x * y), [y])
    >>> learner = CompetitiveGradient(step=1.0)
    >>> path = eq.simulate(eq.Game([a, b]), learner, start=[1.0, 1.0], steps=60)
    >>> bool(abs(path.final).max() < 1e-8)
    True
    """

    step_length: Schedule
    noise: float

    def __init__(self, step: Schedule, noise: float = 0.0) -> None:
        self._set(step, noise=noise)

    def start(self, game: Any, profile: Array) -> State:
        """A step counter; the Jacobian's products are compiled here."""
        interaction = game.numbers.once("interaction", Interaction)
        interaction.moves(profile, np.zeros_like(profile), 1.0)
        return (counter(profile),)

    def step(
        self, game: Any, profile: Array, state: State, rng: np.random.Generator
    ) -> tuple[Array, State]:
        """x <- P(x + d) with (I + g J') d = -g F."""
        slope = noisy(game.numbers.pseudo_gradient(profile), self.noise, rng)
        interaction = game.numbers.once("interaction", Interaction)
        length = at(self.step_length, state[0])
        moves = interaction.moves(profile, slope, length)
        within_range = (np.abs(slope) < replicated.OVERFLOWING).all(axis=1)
        if (np.isnan(moves).any(axis=1) & within_range).any():
            raise EqsolveError(
                f"CompetitiveGradient: with step {length:g} the local game at a point of the "
                "run has no single equilibrium; give a smaller step."
            )
        return game.numbers.project(profile + moves), (state[0] + 1,)
