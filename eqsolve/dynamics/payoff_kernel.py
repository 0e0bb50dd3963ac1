"""Payoffs of many profiles in few matrix products, where the game's form allows.

In most markets player i's payoff is a_i (B_i . a + s_i) + k_i with one coordinate a
player: the quantity times a margin linear in all quantities. Then payoffs of all
players are a * (a B' + s) + k. Otherwise the compiled expressions are used.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class BilinearPayoffs:
    """profit = a * (a slopes' + margins) + constants, (replications, n) to the same.

    Attributes
    ----------
    slopes : ndarray (n, n)
        B: how each quantity lowers each player's margin.
    margins, constants : ndarray (n,)
    """

    slopes: Array
    margins: Array
    constants: Array

    def __call__(self, actions: Array) -> Array:
        payoffs = actions @ self.slopes.T
        payoffs += self.margins
        payoffs *= actions
        if self.constants.any():
            payoffs += self.constants
        return payoffs


def bilinear_payoffs(game: Any) -> BilinearPayoffs | None:
    """The form above, read off the game's derivatives, or None when it does not hold.

    Found once a game and checked against the compiled payoffs.
    """
    if "_bilinear_payoffs" not in game.__dict__:
        game.__dict__["_bilinear_payoffs"] = _read(game)
    return game.__dict__["_bilinear_payoffs"]  # type: ignore[no-any-return]


def _read(game: Any) -> BilinearPayoffs | None:
    symbolic, numbers = game.declared, game.numbers
    n = symbolic.n
    one_each = n == symbolic.players and (symbolic.owner == np.arange(n)).all()
    if not one_each or numbers.affine is None:
        return None
    constants = -numbers.costs(np.zeros((1, n)))[0]
    if not np.isfinite(constants).all():
        return None
    matrix, offset = numbers.affine
    # d c_i / d a_i = 2 B_ii a_i + sum_j B_ij a_j + s_i with the sign of costs.
    slopes = -matrix.copy()
    slopes[np.diag_indices(n)] /= 2
    form = BilinearPayoffs(slopes, -offset, constants)
    sample = np.random.default_rng(0).uniform(-3, 3, (8, n))
    agrees = np.allclose(form(sample), -numbers.costs(sample), rtol=1e-9, atol=1e-9)
    return form if agrees else None


def payoff_kernel(game: Any) -> Callable[[Array], Array]:
    """Profits (minus costs) of each player: (replications, n) to (replications, players)."""
    form = bilinear_payoffs(game)
    if form is not None:
        return form
    return lambda actions: -game.numbers.costs(actions)
