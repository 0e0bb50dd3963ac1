"""Multiplicative weights: actions are played in proportion to the exponential of their payoffs.

With u_s(b) what action b would have paid in round s (in units of the player's spread) and
x_1 the strategy at the start,

    multiplicative weights     x_{t+1}(b) ~ x_1(b) exp(eta_{t+1} sum_{s <= t} u_s(b))
    optimistic                 x_{t+1}(b) ~ x_1(b) exp(eta_{t+1} (sum_{s <= t} u_s(b) + u_t(b)))

From even mixing over n actions the average regret after T rounds, whatever the others do, is

    fixed eta                       ln n / (eta T) + eta / 8
    eta = sqrt(8 ln n / T)          sqrt(ln n / 2T)       (Cesa-Bianchi and Lugosi 2006, thm 2.2)
    eta_t = c sqrt(ln n / t)        (1/c + c/4) sqrt(ln n / T), for every T at once: ln n / eta_T
                                    + sum_t eta_t / 8 (there, section 2.3); c = 2 is the best
    optimistic                      ln n / (eta T) + eta / 2 for fixed eta, (1/c + c) sqrt(ln n / T)
                                    for eta_t (Rakhlin and Sridharan 2013); when all players use
                                    it their regrets add to a constant (Syrgkanis and others 2015)
"""

from __future__ import annotations

from abc import ABC
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.dynamics.finite_learner import FiniteLearner, Rounds, rates_at_coordinates, units
from eqsolve.dynamics.protocol import State
from eqsolve.dynamics.simplices import softmax
from eqsolve.dynamics.two_player_rounds import hedge_rounds, plays_in_rounds
from eqsolve.errors import EqsolveError

Array = NDArray[np.float64]
SCHEDULES = ("anytime", "fixed")


class _Hedge(FiniteLearner, ABC):
    """Follow the leader regularised by entropy, with or without a guess of the next payoffs."""

    rate: float | None
    schedule: str
    horizon: int | None
    optimistic = False
    start_counts = True  # in the regret bound
    anytime_rate: float
    curvature: float  # regret a round per unit of eta: 1/8, or 1/2 with a guess

    def _check(self) -> None:
        self._check_options()
        name = type(self).__name__
        if self.schedule not in SCHEDULES:
            raise EqsolveError(
                f"{name}: schedule must be one of {SCHEDULES}, not {self.schedule!r}."
            )
        if self.rate is not None and not (np.isfinite(self.rate) and self.rate > 0):
            raise EqsolveError(f"{name}: rate must be positive, not {self.rate!r}.")
        if self.schedule == "fixed" and (self.rate is None) == (self.horizon is None):
            raise EqsolveError(f"{name}: a fixed schedule needs either rate= or horizon=.")
        if self.schedule == "anytime" and self.horizon is not None:
            raise EqsolveError(f"{name}: horizon= belongs to schedule='fixed'.")
        if self.horizon is not None and self.horizon < 1:
            raise EqsolveError(f"{name}: horizon must be at least 1, not {self.horizon!r}.")

    def rates(self, actions: Any) -> Array:
        """eta, or eta_t sqrt(t) for the anytime schedule, for numbers of actions."""
        entropy = np.log(np.asarray(actions, dtype=float))
        if self.schedule == "anytime":
            multiple = self.anytime_rate if self.rate is None else self.rate
            return np.asarray(multiple * np.sqrt(entropy))
        if self.rate is not None:
            return np.full(np.shape(entropy), float(self.rate))
        assert self.horizon is not None
        return np.asarray(np.sqrt(entropy / (self.curvature * self.horizon)))

    def regret_bound(self, rounds: Any, actions: int, least: float | None = None) -> Array:
        """Proven average regret after `rounds` rounds, in units of the player's spread.

        Parameters
        ----------
        rounds : int or array_like of int
        actions : int
            Of the player.
        least : float, optional
            Smallest probability of an action at the start; default 1 / actions, even mixing.
        """
        T = np.asarray(rounds, dtype=float)
        eta = float(self.rates(actions))
        if actions == 1:
            return np.zeros(T.shape)
        # How far the start is from the best action: its relative entropy, ln n from even mixing.
        with np.errstate(divide="ignore"):
            away = float(np.log(actions) if least is None else -np.log(least))
        if self.schedule == "fixed":
            return np.asarray(away / (eta * T) + self.curvature * eta)
        # The sum of 1 / sqrt(t) up to T is at most 2 sqrt(T).
        return np.asarray((away / eta + 2 * self.curvature * eta) / np.sqrt(T))

    def _memory(self, game: Any, profile: Array) -> State:
        with np.errstate(divide="ignore"):
            prior = np.log(profile)
        zero = np.zeros_like(profile)
        return (prior, zero, zero.copy()) if self.optimistic else (prior, zero)

    def _answer(self, game: Any, profile: Array, told: Array, state: State) -> tuple[Array, State]:
        count, prior, totals = state[:3]
        totals = totals + told
        guessed = totals + told if self.optimistic else totals
        moved = softmax(prior + self._eta(game, int(count[0]) + 2) * guessed, game.blocks)
        return moved, (prior, totals, told) if self.optimistic else (prior, totals)

    def _eta(self, game: Any, number: int) -> Array:
        """The rate of round `number` at every coordinate, (n,)."""
        eta = rates_at_coordinates(self, game.actions)
        return eta / np.sqrt(number) if self.schedule == "anytime" else eta

    def rounds(self, game: Any, replications: int) -> Rounds | None:
        """Many rounds of two players at once, without allocating."""
        if self.feedback != "expected" or not plays_in_rounds(game, replications):
            return None
        return hedge_rounds(
            game,
            units(game, self.unit),
            self.rates(game.actions),
            anytime=self.schedule == "anytime",
            optimistic=self.optimistic,
        )


@dataclass(frozen=True)
class MultiplicativeWeights(_Hedge):
    """Exponential weights, also called Hedge.

    Parameters
    ----------
    rate : float, optional
        Anytime: the c of eta_t = c sqrt(ln n / t), default 2. Fixed: eta itself.
    schedule : "anytime" or "fixed"
    horizon : int, optional
        With the fixed schedule and instead of `rate`: eta = sqrt(8 ln n / horizon).
    feedback : "expected" or "sampled"
    unit : "spread" or float
        What payoffs are divided by; "spread" is each player's largest payoff less its
        smallest. Weights multiplied by (1 + e)^payoff are rate=log(1 + e), unit=1.0.

    Raises
    ------
    EqsolveError
        For options that do not fit together.

    Notes
    -----
    Cesa-Bianchi and Lugosi (2006), chapter 2; Arora, Hazan and Kale (2012).

    Examples
    --------
    >>> float(MultiplicativeWeights(schedule="fixed", horizon=200).regret_bound(200, 4).round(4))
    0.0589
    """

    rate: float | None = None
    schedule: str = "anytime"
    horizon: int | None = None
    feedback: str = "expected"
    unit: str | float = "spread"

    anytime_rate = 2.0
    curvature = 1 / 8

    def __post_init__(self) -> None:
        self._check()


@dataclass(frozen=True)
class OptimisticMultiplicativeWeights(_Hedge):
    """Exponential weights that count the last round twice, as a guess of the next.

    Parameters
    ----------
    rate : float, optional
        Fixed: eta, default 1/8. Anytime: the c of eta_t = c sqrt(ln n / t), default 1.
    schedule : "fixed" or "anytime"
    horizon : int, optional
        With the fixed schedule and instead of `rate`: eta = sqrt(2 ln n / horizon).
    feedback : "expected" or "sampled"
    unit : "spread" or float

    Notes
    -----
    In zero-sum games with one equilibrium its last iterate converges to it (Daskalakis and
    Panageas 2019; linearly for rates up to 1/8, Wei and others 2021).

    Examples
    --------
    >>> OptimisticMultiplicativeWeights().rates((2, 3))
    array([0.125, 0.125])
    """

    rate: float | None = None
    schedule: str = "fixed"
    horizon: int | None = None
    feedback: str = "expected"
    unit: str | float = "spread"

    optimistic = True
    anytime_rate = 1.0
    curvature = 1 / 2

    def __post_init__(self) -> None:
        if self.schedule == "fixed" and self.rate is None and self.horizon is None:
            object.__setattr__(self, "rate", 0.125)
        self._check()
