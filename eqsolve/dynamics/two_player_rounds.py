"""Many rounds of a two-player game in one replication, without allocating in any of them.

Both players' weights w stand in one buffer (2, m), m the larger number of actions; one
stacked matrix product gives what every action pays against the other's weights and, by a
last row of ones, the weights' sums, so that nothing has to be normalised inside the loop:

    [ A_1  ]            [ A_2' ]
    [ 1'   ] w_2,       [ 1'   ] w_1.

Missing actions of the smaller player have weight zero and pay less than anything else.
Payoffs are shifted to start at zero, which changes no strategy.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.dynamics.finite_learner import Rounds
from eqsolve.dynamics.protocol import State
from eqsolve.dynamics.simplices import LEAST

Array = NDArray[np.float64]
RECENTRED = 64  # rounds after which scores are counted from the best action again
LARGEST = 600.0  # score that exp() bears, with room for the sum


def plays_in_rounds(game: Any, replications: int) -> bool:
    """Whether the game is one bimatrix, played once."""
    return replications == 1 and len(game.actions) == 2 and np.ndim(_payoffs(game)) == 3


def _payoffs(game: Any) -> Any:
    return getattr(game, "payoffs", None)


class _Stacked:
    """The two matrices with their row of ones, and the places of real actions."""

    def __init__(self, game: Any, units: Array) -> None:
        self.actions = game.actions
        size = max(game.actions)
        low, high = game.payoff_range
        self.height = float(((high - low) / units).max())
        self.matrices = np.full((2, size + 1, size), -1.0 - self.height)
        self.real = np.zeros((2, size), dtype=bool)
        for own, payoffs in enumerate((game.payoffs[0], game.payoffs[1].T)):
            rows, columns = payoffs.shape
            self.matrices[own, :rows, :columns] = (payoffs - low[own]) / units[own]
            self.real[own, :rows] = True
        self.matrices[:, size] = 1.0

    def padded(self, vector: Array, filled: float) -> Array:
        """A profile-shaped vector (n,) as (2, m)."""
        out = np.full(self.real.shape, filled)
        out[self.real] = vector
        return out

    def plain(self, values: Array) -> Array:
        """(..., 2, m) back to (..., n)."""
        if self.real.all():
            return values.reshape(*values.shape[:-2], -1)
        return values[..., self.real]


class _Buffers:
    """Weights of every round with the views that the loop needs, made once."""

    def __init__(self, stacked: _Stacked, count: int) -> None:
        size = stacked.real.shape[1]
        self.weights = np.empty((count, 2, size))
        self.rows = list(self.weights)
        self.others = [row[::-1, :, None] for row in self.rows]
        self.product = np.empty((2, size + 1, 1))
        self.paid = self.product[:, :size, 0]
        self.sums = self.product[:, size:, 0]  # of the other player's weights
        self.own_sums = self.sums[::-1]
        self.told = np.empty((2, size))

    def strategies(self, stacked: _Stacked) -> Array:
        """The profiles of all rounds, (count, 1, n)."""
        self.weights /= self.weights.sum(axis=2, keepdims=True)
        return stacked.plain(self.weights)[:, None, :]


def hedge_rounds(
    game: Any, units: Array, rates: Array, *, anytime: bool, optimistic: bool
) -> Rounds | None:
    """Rounds of (optimistic) multiplicative weights; None where scores could overflow.

    Parameters
    ----------
    game : NormalFormGame
        Of two players.
    units, rates : ndarray (2,)
        Of payoffs, and eta (anytime: eta_t sqrt(t)).
    """
    stacked = _Stacked(game, units)
    rates = np.where(rates > 0, rates, 1.0)  # of a player with one action it does not matter
    growth = np.sqrt(RECENTRED) if anytime else RECENTRED
    if 2 * growth * stacked.height * float(rates.max()) > LARGEST:
        return None

    def play(profile: Array, state: State, count: int) -> tuple[Array, Array, State]:
        first, prior = int(state[0][0]), stacked.padded(state[1][0], -np.inf)
        totals = np.where(prior > -np.inf, stacked.padded(state[2][0], -np.inf), -np.inf)
        last = stacked.padded(state[3][0], 0.0) if optimistic else None
        even = bool((state[1][0] == np.repeat(prior[:, 0], stacked.actions)).all())
        buffers = _Buffers(stacked, count + 1)
        numbers = np.arange(first + 1, first + count + 2, dtype=float)
        times = 1 / np.sqrt(numbers) if anytime else np.ones(count + 1)
        if rates[0] == rates[1]:  # arrays without axes: nothing has to be broadcast
            etas = [np.asarray(eta) for eta in times * rates[0]]
        else:
            etas = list((times[:, None] * rates)[..., None])
        _hedge_loop(stacked, buffers, etas, totals, last, None if even else prior, first)
        played = buffers.strategies(stacked)
        memory = tuple(stacked.plain(part)[None] for part in (totals, last) if part is not None)
        return played[:-1], played[-1], (state[0] + count, state[1], *memory)

    return play


def _hedge_loop(
    stacked: _Stacked,
    buffers: _Buffers,
    etas: list[Array],
    totals: Array,
    last: Array | None,
    prior: Array | None,
    first: int,
) -> None:
    """Fill the rows of weights; `totals` and `last` move with them."""
    matmul, multiply, divide, add, exp = np.matmul, np.multiply, np.divide, np.add, np.exp
    matrices, product, paid, sums = stacked.matrices, buffers.product, buffers.paid, buffers.sums
    told = buffers.told if last is None else last
    end = len(buffers.rows) - 1
    for place, (row, others, eta) in enumerate(
        zip(buffers.rows, buffers.others, etas, strict=True)
    ):
        if (first + place) % RECENTRED == 0:
            totals -= totals.max(axis=1, keepdims=True)
        if last is None:
            multiply(totals, eta, row)
        else:
            add(totals, last, row)
            multiply(row, eta, row)
        if prior is not None:
            add(row, prior, row)
        exp(row, row)
        if place == end:
            return
        matmul(matrices, others, product)
        divide(paid, sums, told)
        add(totals, told, totals)


def regret_rounds(game: Any, *, clipped: bool, predictive: bool) -> Rounds:
    """Rounds of regret matching; `clipped` is the plus, `predictive` counts the last twice.

    Parameters
    ----------
    game : NormalFormGame
        Of two players.
    """
    stacked = _Stacked(game, np.ones(2))
    # Probability even where no regret is positive, none at all for actions that do not exist.
    least = np.where(stacked.real, LEAST, 0.0)

    def play(profile: Array, state: State, count: int) -> tuple[Array, Array, State]:
        regrets = stacked.padded(state[1][0], 0.0)
        last = stacked.padded(state[2][0], 0.0) if predictive else np.zeros_like(regrets)
        buffers = _Buffers(stacked, count + 1)
        # Weights as the loop has them, so that runs do not depend on where they are cut.
        begun = np.maximum(regrets + last if predictive else regrets, least)
        fresh = int(state[0][0]) == 0
        buffers.weights[0] = stacked.padded(profile[0], 0.0) if fresh else begun
        _regret_loop(stacked, buffers, regrets, last, least, clipped, predictive)
        played = buffers.strategies(stacked)
        played[played <= LEAST] = 0.0
        memory = [stacked.plain(part)[None] for part in ((regrets, last)[: 1 + predictive])]
        return played[:-1], played[-1], (state[0] + count, *memory)

    return play


def _regret_loop(
    stacked: _Stacked,
    buffers: _Buffers,
    regrets: Array,
    last: Array,
    least: Array,
    clipped: bool,
    predictive: bool,
) -> None:
    """Fill the rows of weights after the first; `regrets` and `last` move with them."""
    matmul, divide, add, subtract = np.matmul, np.divide, np.add, np.subtract
    maximum, vecdot = np.maximum, np.vecdot
    matrices, product, paid, sums = stacked.matrices, buffers.product, buffers.paid, buffers.sums
    own_sums, own, zero = buffers.own_sums, np.empty((2, 1)), np.zeros(())
    flat = own[:, 0]
    for row, others, following in zip(buffers.rows, buffers.others, buffers.rows[1:], strict=False):
        matmul(matrices, others, product)
        divide(paid, sums, last)
        vecdot(row, last, out=flat)
        divide(own, own_sums, own)
        subtract(last, own, last)
        add(regrets, last, regrets)
        if clipped:
            maximum(regrets, zero, out=regrets)
        if predictive:
            add(regrets, last, following)
            maximum(following, least, out=following)
        else:
            maximum(regrets, least, out=following)
