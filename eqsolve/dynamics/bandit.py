"""Learning from one's own realised payoffs alone.

Player i draws a_t from its mix x_t and sees its payoff there, nothing else. With loss
l = (highest payoff - payoff) / spread in [0, 1], losses of all actions are estimated by

    l^_t(b) = l_t 1{a_t = b} / (x_t(b) + gamma_t),

and over n actions, from even mixing:

    Exp3         x_{t+1} ~ exp(-eta_t sum l^), gamma = 0, eta_t = sqrt(ln n / (n t));
                 expected regret at most 2 sqrt(n ln n / T) a round
                 (Auer and others 2002; Bubeck and Cesa-Bianchi 2012, theorem 3.1)
    Exp3-IX      gamma_t = eta_t / 2: with probability 1 - d the regret is at most
                 4 sqrt(n ln n / T) + (2 sqrt(n / (T ln n)) + 1/T) ln(2 / d)   (Neu 2015)
    Tsallis-INF  x_{t+1} minimises <x, sum l^> - (4 / eta_t) sum_b sqrt(x(b)), that is
                 x(b) = 4 / (eta_t (L(b) - z))^2, eta_t = 2 / sqrt(t); expected regret at most
                 4 sqrt(n / T) + 1/T   (Audibert and Bubeck 2009; Zimmert and Seldin 2021)

The bounds are on the regret against losses fixed in advance; against learners who answer they
hold for the regret measured along the realised play of the others.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.dynamics.finite_learner import (
    FiniteLearner,
    per_coordinate,
    pure_payoffs,
    rates_at_coordinates,
)
from eqsolve.dynamics.protocol import State
from eqsolve.dynamics.simplices import drawn, softmax
from eqsolve.errors import EqsolveError

Array = NDArray[np.float64]
NEWTON = 60  # steps at most for the normaliser of Tsallis-INF
NORMALISED = 1e-13  # how near to one its probabilities add up


class _Bandit(FiniteLearner, ABC):
    """Importance-weighted losses of drawn actions, and a policy that follows their sums."""

    feedback = "bandit"
    unit = "spread"
    implicit = 0.0  # gamma as a share of eta

    def step(
        self, game: Any, profile: Array, state: State, rng: np.random.Generator
    ) -> tuple[Array, State]:
        """Draw, be paid, estimate, move."""
        count, losses = state
        pure = drawn(profile, game.blocks, rng)
        highest = per_coordinate(np.asarray(game.payoff_range[1]), game)
        lost = (highest - pure_payoffs(game, pure)) / game.coordinate_spreads
        number = int(count[0]) + 1
        against = profile + self.implicit * self._eta(game, number)
        losses = losses + np.divide(lost, against, out=np.zeros_like(lost), where=pure > 0)
        return self._policy(game, losses, number + 1), (count + 1, losses)

    @abstractmethod
    def _eta(self, game: Any, number: int) -> Array:
        """The rate of round `number`, at every coordinate (n,)."""

    @abstractmethod
    def _policy(self, game: Any, losses: Array, number: int) -> Array:
        """What is played in round `number`."""

    def _check_game(self, game: Any) -> None:
        super()._check_game(game)
        if not hasattr(game, "payoff_range"):
            raise EqsolveError(
                f"{type(self).__name__} counts losses from the highest payoff, and "
                f"{type(game).__name__} has no payoff_range; take its normal form."
            )

    def _memory(self, game: Any, profile: Array) -> State:
        return (np.zeros_like(profile),)

    def _answer(self, game: Any, profile: Array, told: Array, state: State) -> tuple[Array, State]:
        raise AssertionError("bandit learners answer in step()")


class _Exponential(_Bandit, ABC):
    rate: float

    def _check_rate(self) -> None:
        if not (np.isfinite(self.rate) and self.rate > 0):
            raise EqsolveError(f"{type(self).__name__}: rate must be positive, not {self.rate!r}.")

    def rates(self, actions: Any) -> Array:
        """eta_t sqrt(t) for numbers of actions."""
        sizes = np.asarray(actions, dtype=float)
        return np.asarray(self.rate * np.sqrt(np.log(sizes) / sizes))

    def _eta(self, game: Any, number: int) -> Array:
        return np.asarray(rates_at_coordinates(self, game.actions) / np.sqrt(number))

    def _policy(self, game: Any, losses: Array, number: int) -> Array:
        return softmax(-self._eta(game, number) * losses, game.blocks)


@dataclass(frozen=True)
class Exp3(_Exponential):
    """Exponential weights on estimated losses.

    Parameters
    ----------
    rate : float
        The c of eta_t = c sqrt(ln n / (n t)).
    exploration : float in [0, 1)
        Probability of drawing any action evenly, mixed into the policy (the gamma of Auer
        and others 2002). The regret grows by at most as much a round.

    Examples
    --------
    >>> Exp3().regret_bound(40_000, 2).round(4)
    np.float64(0.0118)
    """

    rate: float = 1.0
    exploration: float = 0.0

    def __post_init__(self) -> None:
        self._check_rate()
        if not 0 <= self.exploration < 1:
            raise EqsolveError(f"Exp3: exploration must lie in [0, 1), not {self.exploration!r}.")

    def regret_bound(self, rounds: Any, actions: int) -> Array:
        """Bound on the expected average regret, in units of the player's spread."""
        T, n = np.asarray(rounds, dtype=float), actions
        # ln n / eta_T + (n / 2) sum_t eta_t; mixing in exploration enlarges no estimate.
        size = np.sqrt(n * np.log(n) / T)
        mixed = 1 / (1 - self.exploration)
        return np.asarray((1 / self.rate + self.rate * mixed) * size + self.exploration)

    def _policy(self, game: Any, losses: Array, number: int) -> Array:
        learned = super()._policy(game, losses, number)
        if not self.exploration:
            return learned
        mixed = (1 - self.exploration) * learned + self.exploration * game.uniform()
        return np.asarray(mixed)


@dataclass(frozen=True)
class Exp3IX(_Exponential):
    """Exp3 with implicit exploration, whose regret is small with high probability.

    Parameters
    ----------
    rate : float
        The c of eta_t = c sqrt(ln n / (n t)).

    Examples
    --------
    >>> Exp3IX()
    Exp3IX(rate=1.0)
    """

    rate: float = 1.0

    implicit = 0.5

    def __post_init__(self) -> None:
        self._check_rate()

    def regret_bound(self, rounds: Any, actions: int, chance: float = 0.05) -> Array:
        """Bound on the average regret that fails with probability `chance` at most (rate 1)."""
        if self.rate != 1:
            raise EqsolveError("Exp3IX: the bound is proven for rate=1.")
        T, n = np.asarray(rounds, dtype=float), actions
        if n == 1:
            return np.zeros(T.shape)
        tail = (2 * np.sqrt(n / (T * np.log(n))) + 1 / T) * np.log(2 / chance)
        return np.asarray(4 * np.sqrt(n * np.log(n) / T) + tail)


@dataclass(frozen=True)
class TsallisINF(_Bandit):
    """Follow the leader regularised by Tsallis entropy: optimal order without knowing T.

    Parameters
    ----------
    rate : float
        The c of eta_t = c / sqrt(t).

    Examples
    --------
    >>> TsallisINF().regret_bound(10_000, 4)
    array(0.0801)
    """

    rate: float = 2.0

    def __post_init__(self) -> None:
        if not (np.isfinite(self.rate) and self.rate > 0):
            raise EqsolveError(f"TsallisINF: rate must be positive, not {self.rate!r}.")

    def regret_bound(self, rounds: Any, actions: int) -> Array:
        """Bound on the expected average regret for rate 2, in units of the player's spread."""
        if self.rate != 2:
            raise EqsolveError("TsallisINF: the bound is proven for rate=2.")
        T = np.asarray(rounds, dtype=float)
        return np.asarray(4 * np.sqrt(actions / T) + 1 / T)

    def _eta(self, game: Any, number: int) -> Array:
        return np.full(game.n, self.rate / np.sqrt(number))

    def _policy(self, game: Any, losses: Array, number: int) -> Array:
        eta = self.rate / np.sqrt(number)
        out = np.empty_like(losses)
        for block in game.blocks:
            out[:, block] = tsallis_weights(eta * losses[:, block])
        return out


def tsallis_weights(scores: Array) -> Array:
    """x(b) = 4 / (scores(b) - z)^2 with z such that they add to one, (replications, n).

    Newton's method from z = min - 2, where the best action alone has weight one: the sum is
    convex and rises in z, so that z falls towards the root without overshooting.

    >>> tsallis_weights(np.array([[0.0, 0.0]]))
    array([[0.5, 0.5]])
    """
    z = scores.min(axis=1, keepdims=True) - 2.0
    for _ in range(NEWTON):
        roots = 2.0 / (scores - z)
        weights = roots * roots
        excess = weights.sum(axis=1, keepdims=True) - 1.0
        if (np.abs(excess) <= NORMALISED).all():
            break
        z = z - excess / (weights * roots).sum(axis=1, keepdims=True)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))
