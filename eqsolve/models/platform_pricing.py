"""A marketplace whose sellers learn their prices, and the rules that keep them from colluding.

Sellers of one good each set prices p_i from a common grid; the marketplace sees the prices,
shows buyers a set D of the sellers, and keeps a share f of what they sell for. Buyers choose among
those shown and buying nothing, shares q_i by the logit model (`eqsolve.models._logit_market`).
Sellers earn (p_i (1 - f) - c_i) q_i, and buyers' surplus, per buyer, is

    mu ln(sum over j in D exp((a_j - p_j) / mu) + exp(a_0 / mu)) - a_0.

Sellers who learn by Q-learning and remember the last prices come to charge more than in
competition (Calvano, Calzolari, Denicolo and Pastorello 2020), with nobody telling them to. Rules
about who is shown at which prices can prevent it, though they show less (Johnson, Rhodes and
Wildenbeest 2023). A rule is an answer to every profile of prices, so that there are too many to
list: 6^25 with the defaults.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.commitment.batch_game import BatchGame, State
from eqsolve.commitment.responses.q_learning import QLearning
from eqsolve.errors import BadCommitment
from eqsolve.models._logit_market import LogitMarket, PriceBenchmarks

Array = NDArray[np.float64]
Integers = NDArray[np.int64]
MOST_PROFILES = 100_000  # profiles of prices
RULES = ("none", "cheapest")
LEFT = 5.0  # exploration has faded to exp(-LEFT) when learning ends


@dataclass(frozen=True)
class Fading:
    """Exploration exp(-rate k) in the k-th play.

    >>> round(Fading(0.01)(100), 4)
    0.3679
    """

    rate: float

    def __call__(self, play: int) -> float:
        return float(np.exp(-self.rate * play))


class PlatformPricing(BatchGame):
    """One round of the market: sellers set prices, then the marketplace shows and charges.

    Attributes
    ----------
    market : LogitMarket
    prices : ndarray (levels,)
        What a seller's action charges.
    fees : ndarray (fees,)
    shown : ndarray (sets, n) of bool
        Which sellers are shown, all of them first. The leader's action s * fees.size + f shows
        ``shown[s]`` and keeps the share ``fees[f]``.
    fee_weight : float
        What a unit of fees counts in the leader's reward beside a unit of buyers' surplus.
    """

    horizon = 2

    def __init__(self, market: LogitMarket, prices: Array, fees: Array, fee_weight: float) -> None:
        n = market.quality.size
        self.market, self.prices, self.fees, self.fee_weight = market, prices, fees, fee_weight
        sets = [some for some in itertools.product((False, True), repeat=n) if any(some)]
        self.shown = np.array(sorted(sets, key=lambda some: (-sum(some), some[::-1])))
        self.leader_observations = prices.size**n
        self.leader_actions = len(self.shown) * fees.size
        self.types, self.actions = (1,) * n, (prices.size,) * n
        self.prior = np.ones(1)
        self.title = f"Platform pricing, {n} sellers and {prices.size} prices"
        self.follower_names = tuple(f"seller {k}" for k in range(n))
        self.leader_name = "marketplace"

    @cached_property
    def profiles(self) -> Array:
        """Prices (observations, n) that the leader may see."""
        own = np.unravel_index(np.arange(self.leader_observations), self.actions)
        return np.stack([self.prices[level] for level in own], axis=1)

    @cached_property
    def _rewards(self) -> Array:
        """Everybody's, (observations, leader's actions, 1 + n)."""
        which, charged = np.divmod(np.arange(self.leader_actions), self.fees.size)
        prices, shown, fee = self.profiles[:, None], self.shown[which], self.fees[charged]
        sold = self.market.shares(prices, shown)
        taken = fee * (prices * sold).sum(axis=2)
        leader = self.market.surplus(prices, shown) + self.fee_weight * taken
        paid = self.market.profits(prices, shown, fee)
        return np.concatenate([leader[:, :, None], paid], axis=2)

    def start(self, deals: NDArray[Any]) -> State:
        """No prices yet."""
        return (np.full(len(deals), -1),)

    def leader_observation(self, state: State) -> Integers:
        """The profile of prices, in C order."""
        return state[0]

    def follower_observations(self, state: State) -> Integers:
        """Nothing to know, until prices are set."""
        return np.where(state[0] < 0, 0, -1)[:, None].repeat(self.followers, axis=1)

    def step(
        self, state: State, leader_action: Integers, follower_actions: Integers
    ) -> tuple[State, Array, NDArray[np.bool_]]:
        """Prices are set; then buyers choose among those shown."""
        priced = state[0] >= 0
        levels = np.maximum(follower_actions, 0)
        seen = np.where(priced, state[0], np.ravel_multi_index(tuple(levels.T), self.actions))
        paid = self._rewards[seen, np.maximum(leader_action, 0)] * priced[:, None]
        return (seen,), paid, priced

    def rule(self, name: str) -> Integers:
        """A rule by name, as a pure policy (observations,).

        Parameters
        ----------
        name : "none" or "cheapest"
            No intervention: everybody is shown, and charged the first fee. Or the cheapest
            seller alone is shown (the first of several): prominence for low prices.

        Raises
        ------
        BadCommitment
            For another name.
        """
        if name not in RULES:
            raise BadCommitment(f"{self.name}: rule must be one of {RULES}, not {name!r}.")
        if name == "none":
            return np.zeros(self.leader_observations, dtype=np.int64)
        only = np.eye(self.followers, dtype=bool)[self.profiles.argmin(axis=1)]
        place = (self.shown[None] == only[:, None]).all(axis=2).argmax(axis=1)
        return np.asarray(place * self.fees.size)

    def learners(self, plays: int = 500) -> QLearning:
        """Sellers as in Calvano and others (2020), who explore less and less over `plays`.

        Learning rate 0.15, discount 0.95, memory of the last prices; their exploration falls
        as exp(-5 k / plays), thousands of times faster than there, so that a rule can be
        judged in a second.
        """
        return QLearning(
            rate=0.15, discount=0.95, memory=1, epsilon=Fading(LEFT / plays), initial=2.0
        )

    def benchmarks(self) -> PriceBenchmarks:
        """Competitive and monopoly prices where everybody is shown and nothing charged.

        Any prices may be set there, on the grid or not.

        Raises
        ------
        EquilibriumNotFound
            When a program cannot be solved.
        """
        return self.market.benchmarks(self.follower_names)


def platform_pricing(
    sellers: int = 2,
    levels: int = 5,
    *,
    fees: Sequence[float] = (0.0, 0.2),
    quality: float | Sequence[float] = 2.0,
    cost: float | Sequence[float] = 1.0,
    spread: float = 0.25,
    outside: float = 0.0,
    low: float = 1.2,
    high: float = 2.0,
    fee_weight: float = 0.0,
) -> PlatformPricing:
    """A marketplace that sets fees and what it shows, before sellers who learn their prices.

    Parameters
    ----------
    sellers : int
        n.
    levels : int
        How many prices there are, evenly from `low` to `high`.
    fees : sequence of float
        Shares of the price, in [0, 1), that the marketplace can keep; the first is what no
        intervention charges.
    quality, cost : float or sequence of float (n,)
        Of the sellers' goods, in the unit of prices.
    spread : float
        mu, how differently buyers value the goods; positive.
    outside : float
        Worth of buying nothing.
    low, high : float
        Ends of the grid of prices.
    fee_weight : float
        What a unit of fees counts beside a unit of buyers' surplus; 0 or more.

    Returns
    -------
    PlatformPricing
        A `BatchGame`. The leader sees the prices and decides who is shown and what is charged;
        its reward is buyers' surplus, per buyer. By default the market of Calvano and others:
        competition at prices of 1.473 (surplus 0.715), monopoly at 1.925 (0.327).
        `benchmarks()` computes them, `rule(name)` gives known rules, `learners()` the sellers.

    Raises
    ------
    BadCommitment
        Naming the argument out of range.

    References
    ----------
    Calvano, Calzolari, Denicolo and Pastorello (2020), "Artificial intelligence, algorithmic
    pricing, and collusion", American Economic Review 110; Johnson, Rhodes and Wildenbeest (2023),
    "Platform design when sellers use pricing algorithms", Econometrica 91.

    Examples
    --------
    >>> import eqsolve as eq
    >>> game = platform_pricing()
    >>> game.benchmarks().competitive.round(3), game.benchmarks().monopoly.round(3)
    (array([1.473, 1.473]), array([1.925, 1.925]))
    >>> lead = eq.StackelbergPOMDP(
    ...     game, response=game.learners(300), response_plays=300, reward_plays=20
    ... )
    >>> surplus = [lead.play(game.rule(name), seed=0, batch=64).rewards.mean() for name in RULES]
    >>> bool(surplus[1] > surplus[0])  # showing the cheapest alone keeps prices down
    True
    """
    _check(sellers, levels, fees, spread, low, high, fee_weight)
    each = []
    for name, value in (("quality", quality), ("cost", cost)):
        given = np.asarray(value, dtype=float)
        if given.shape not in ((), (sellers,)) or not np.isfinite(given).all():
            raise BadCommitment(
                f"platform_pricing: {name} must be a number, or one for each of {sellers} sellers, "
                f"not {value!r}."
            )
        each.append(np.broadcast_to(given, (sellers,)).copy())
    market = LogitMarket(each[0], each[1], float(spread), float(outside))
    shares = np.asarray(fees, dtype=float)
    return PlatformPricing(market, np.linspace(low, high, levels), shares, float(fee_weight))


def _check(
    sellers: int,
    levels: int,
    fees: Sequence[float],
    spread: float,
    low: float,
    high: float,
    fee_weight: float,
) -> None:
    for name, count in (("sellers", sellers), ("levels", levels)):
        if count < 2:
            raise BadCommitment(f"platform_pricing: {name} must be 2 or more, not {count!r}.")
    if float(levels) ** sellers > MOST_PROFILES:
        raise BadCommitment(
            f"platform_pricing: {sellers} sellers with {levels} prices have "
            f"{float(levels) ** sellers:.3g} profiles, more than {MOST_PROFILES}."
        )
    shares = np.asarray(fees, dtype=float)
    if shares.ndim != 1 or not shares.size or not ((shares >= 0) & (shares < 1)).all():
        raise BadCommitment(f"platform_pricing: fees must lie in [0, 1), not {list(fees)}.")
    if not (np.isfinite(spread) and spread > 0):
        raise BadCommitment(f"platform_pricing: spread must be positive, not {spread!r}.")
    if not (np.isfinite([low, high]).all() and low < high):
        raise BadCommitment(f"platform_pricing: low must be below high, not {low!r} and {high!r}.")
    if not (np.isfinite(fee_weight) and fee_weight >= 0):
        raise BadCommitment(f"platform_pricing: fee_weight must be 0 or more, not {fee_weight!r}.")
