"""Buyers who choose among differentiated goods by the logit model, and the prices sellers set.

Of the sellers shown, D, a share of the buyers

    q_i = exp((a_i - p_i) / mu) / (sum over j in D exp((a_j - p_j) / mu) + exp(a_0 / mu))

buys from i (McFadden 1974). Sellers' prices in competition and as one, with everybody shown,
satisfy p_i = c_i + mu / (1 - q_i) and p_i = c_i + mu / (1 - sum over j q_j) where they are alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.results import Table

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LogitMarket:
    """Differentiated goods and buyers who choose one or none.

    Attributes
    ----------
    quality, cost : ndarray (n,)
        a_i and c_i, in the unit of prices.
    spread : float
        mu: how differently buyers value the goods.
    outside : float
        a_0, the worth of buying nothing.
    """

    quality: Array
    cost: Array
    spread: float
    outside: float

    def shares(self, prices: Array, shown: Any = True) -> Array:
        """Shares of buyers (..., n) at prices (..., n) when `shown` (..., n) are shown."""
        pull = self._pull(prices, shown)
        return np.asarray(pull / (pull.sum(axis=-1, keepdims=True) + self._none))

    def surplus(self, prices: Array, shown: Any = True) -> Array:
        """Surplus (...) of a buyer; zero if nothing is shown."""
        total = self._pull(prices, shown).sum(axis=-1) + self._none
        return np.asarray(self.spread * np.log(total) - self.outside)

    def profits(self, prices: Array, shown: Any = True, fee: Any = 0.0) -> Array:
        """What sellers earn (..., n) after a share `fee` (...) of what they sell for."""
        kept = prices * (1.0 - np.asarray(fee)[..., None]) - self.cost
        return np.asarray(kept * self.shares(prices, shown))

    def price_game(self, names: Sequence[str], together: bool = False) -> Any:
        """Sellers who set any prices once, everybody shown and nothing charged, as a `Game`.

        Parameters
        ----------
        names : sequence of str
            Of the sellers.
        together : bool
            One player sets all prices.
        """
        import cvxpy as cp  # slow to import, needed only for the benchmarks

        from eqsolve.games import Game, Player

        p = [cp.Variable(name=f"p{k}") for k in range(self.cost.size)]
        pull = [cp.exp((a - own) / self.spread) for a, own in zip(self.quality, p, strict=True)]
        total = sum(pull) + self._none
        profits = [(own - c) * e / total for own, c, e in zip(p, self.cost, pull, strict=True)]
        # No seller wants a price at which nobody buys: the demand of a monopolist falls by e
        # with every spread above its quality.
        high = float(max(self.quality.max(), self.cost.max()) + 10 * self.spread)
        limits = [[own >= c, own <= high] for own, c in zip(p, self.cost, strict=True)]
        if together:
            every = list(chain.from_iterable(limits))
            return Game([Player("all sellers", cp.Maximize(sum(profits)), p, every)])
        return Game(
            [
                Player(name, cp.Maximize(own), [price], limit)
                for name, own, price, limit in zip(names, profits, p, limits, strict=True)
            ]
        )

    def benchmarks(self, names: Sequence[str]) -> PriceBenchmarks:
        """Competitive and monopoly prices, solved as programs.

        Raises
        ------
        EquilibriumNotFound
            When a program cannot be solved.
        """
        from eqsolve._solve import solve

        found = [solve(self.price_game(names, together)) for together in (False, True)]
        prices = [each.vector for each in found]
        return PriceBenchmarks(
            competitive=prices[0],
            monopoly=prices[1],
            surplus=np.array([float(self.surplus(p)) for p in prices]),
            profits=np.stack([self.profits(p) for p in prices]),
            equilibria=(found[0], found[1]),
        )

    def _pull(self, prices: Array, shown: Any) -> Array:
        return np.asarray(np.exp((self.quality - prices) / self.spread) * shown)

    @property
    def _none(self) -> float:
        return float(np.exp(self.outside / self.spread))


@dataclass(frozen=True, eq=False, repr=False)
class PriceBenchmarks:
    """Prices between which sellers' learning ends, when everybody is shown and nothing charged.

    Attributes
    ----------
    competitive, monopoly : ndarray (n,)
        Prices of the one-shot Nash equilibrium, and of all sellers as one.
    surplus : ndarray (2,)
        Of buyers, at each.
    profits : ndarray (2, n)
    equilibria : tuple of Equilibrium
        As solved, with certificates.
    """

    competitive: Array
    monopoly: Array
    surplus: Array
    profits: Array
    equilibria: tuple[Any, Any]

    def table(self) -> Table:
        """Prices, profits and surplus of both."""
        rows = tuple(
            (name, prices, profits, surplus)
            for name, prices, profits, surplus in zip(
                ("competition", "monopoly"),
                (self.competitive, self.monopoly),
                self.profits,
                self.surplus,
                strict=True,
            )
        )
        return Table(("benchmark", "prices", "profits", "buyers' surplus"), rows)

    def __repr__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()
