"""How rewards are drawn in a simulation, given arm, state and next state.

An experiment declares means and variances; estimates and their asymptotic variance need no more.
To simulate, a law is chosen: normal, Bernoulli where the variances are those of it, or anyone's.

The sum S and the sum of squares Q of k normal rewards of mean m and variance v are drawn at once:
S ~ N(k m, k v), and Q - S^2 / k ~ v chi2(k - 1), independent of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from eqsolve.errors import BadExperiment

if TYPE_CHECKING:
    from eqsolve.design.simulation.walk import Moves

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

TOLERANCE = 1e-9  # of a Bernoulli variance
AT_ONCE = 1_000_000  # rewards drawn together


class RewardLaw(Protocol):
    """Draws rewards one by one, or their sums."""

    def draw(self, rng: np.random.Generator, moves: Integers) -> Array:
        """One reward a move made, any shape."""

    def sums(self, rng: np.random.Generator, counts: Integers) -> tuple[Array, Array]:
        """Sum and sum of squares of the rewards of each move (..., moves), from its counts."""


class NormalRewards:
    """Normal rewards of the declared means and variances."""

    def __init__(self, moves: Moves) -> None:
        self._mean, self._variance = moves.mean, moves.variance
        self._spread = np.sqrt(moves.variance)

    def draw(self, rng: np.random.Generator, moves: Integers) -> Array:
        noise = rng.standard_normal(moves.shape)
        return np.asarray(self._mean[moves] + self._spread[moves] * noise)

    def sums(self, rng: np.random.Generator, counts: Integers) -> tuple[Array, Array]:
        noise = rng.standard_normal(counts.shape)
        sums = counts * self._mean + np.sqrt(counts) * self._spread * noise
        within = 2 * rng.standard_gamma(np.maximum(counts - 1, 0) / 2)
        squares = self._variance * within + sums**2 / np.maximum(counts, 1)
        return sums, squares


class BernoulliRewards:
    """Rewards zero or one, with the declared means as probabilities.

    Raises
    ------
    BadExperiment
        When the declared variances are not those of such rewards: the arm and state are named.
    """

    def __init__(self, moves: Moves) -> None:
        mean = moves.mean
        wrong = (mean < 0) | (mean > 1) | (np.abs(moves.variance - mean * (1 - mean)) > TOLERANCE)
        if wrong.any():
            move = int(np.flatnonzero(wrong)[0])
            arm, state = moves.arm[move], moves.state[move]
            names = moves.arm_names or range(moves.arms)
            raise BadExperiment(
                f"rewards='bernoulli' needs means q from 0 to 1 and variances q (1 - q); arm "
                f"{names[arm]!r} in state {_name(moves, state)} has mean {mean[move]:g} and "
                f"variance {moves.variance[move]:g}."
            )
        self._mean = mean

    def draw(self, rng: np.random.Generator, moves: Integers) -> Array:
        return (rng.random(moves.shape) < self._mean[moves]).astype(float)

    def sums(self, rng: np.random.Generator, counts: Integers) -> tuple[Array, Array]:
        ones = rng.binomial(counts, self._mean).astype(float)
        return ones, ones


class DrawnRewards:
    """Rewards from a function (rng, arm, state, next_state) of arrays of equal length."""

    def __init__(self, moves: Moves, function: Callable[..., Any]) -> None:
        self._moves, self._function = moves, function

    def draw(self, rng: np.random.Generator, moves: Integers) -> Array:
        flat, known = moves.ravel(), self._moves
        columns = (known.arm[flat], known.state[flat], known.next_state[flat])
        drawn = np.asarray(self._function(rng, *columns), dtype=float)
        if drawn.shape != flat.shape or not np.isfinite(drawn).all():
            raise BadExperiment(
                f"rewards(rng, arm, state, next_state) must return one finite number a step, "
                f"shape {flat.shape}; it returned shape {drawn.shape}"
                f"{'' if drawn.shape != flat.shape else ' with entries that are not finite'}."
            )
        return drawn.reshape(moves.shape)

    def sums(self, rng: np.random.Generator, counts: Integers) -> tuple[Array, Array]:
        flat = counts.ravel()
        sums, squares = np.zeros((2, flat.size))
        made = np.flatnonzero(flat)
        upto = np.cumsum(flat[made])
        for first in range(0, int(upto[-1]) if made.size else 0, AT_ONCE):
            # Which cell the steps first, first + 1, ... belong to, cells in order.
            last = min(first + AT_ONCE, int(upto[-1]))
            cells = made[np.searchsorted(upto, np.arange(first, last), side="right")]
            drawn = self.draw(rng, cells % counts.shape[-1])
            sums += np.bincount(cells, weights=drawn, minlength=flat.size)
            squares += np.bincount(cells, weights=drawn**2, minlength=flat.size)
        return sums.reshape(counts.shape), squares.reshape(counts.shape)


def reward_law(rewards: Any, moves: Moves) -> RewardLaw:
    """The law asked for: "normal", "bernoulli", or a function.

    Raises
    ------
    BadExperiment
        For anything else, or variances that contradict the law.

    Examples
    --------
    >>> from eqsolve.design import MarkovExperiment
    >>> from eqsolve.design.simulation.walk import Moves
    >>> law = reward_law("normal", Moves.of(MarkovExperiment([[[1.0]]], [[3.0]], 0.0)))
    >>> law.draw(np.random.default_rng(0), np.zeros(2, dtype=np.int64)).tolist()
    [3.0, 3.0]
    """
    if callable(rewards):
        return DrawnRewards(moves, rewards)
    if rewards == "normal":
        return NormalRewards(moves)
    if rewards == "bernoulli":
        return BernoulliRewards(moves)
    raise BadExperiment(
        f"rewards={rewards!r}: rewards are drawn 'normal', 'bernoulli', or by a function "
        "(rng, arm, state, next_state)."
    )


def _name(moves: Moves, state: int) -> str:
    return str(state) if moves.state_names is None else repr(moves.state_names[state])
