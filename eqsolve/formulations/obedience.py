"""The inequalities of correlated play: no gain from answering a recommendation otherwise.

p is a distribution over outcomes (types theta, actions a); games without types have one type a
player. For player i of type t, told a, no gain from b (Aumann 1974; Bergemann and Morris 2016):

    sum over outcomes with theta_i = t, a_i = a of  p (U_i(theta, a) - U_i(theta, b, a_-i)) >= 0;

coarse (Moulin and Vial 1978; Hartline, Syrgkanis and Tardos 2015): the same summed over a.
The types have their prior law: sum over a of p(theta, a) = prior(theta).

Bound. For any y >= 0 no obedient p has an expectation of w above

    sum over theta of prior(theta) max over a of (w + rows' y)(theta, a)        (weak duality).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

Array = NDArray[np.float64]
Places = NDArray[np.int_]


@dataclass(frozen=True, eq=False)
class Obedience:
    """The rows of a finite game, with or without types.

    Attributes
    ----------
    payoffs : ndarray (players, types_1, ..., types_n, actions_1, ..., actions_n)
    prior : ndarray (types_1, ..., types_n)
    coarse : bool
        One action instead of any recommendation, or one for each.
    """

    payoffs: Array
    prior: Array
    coarse: bool

    @classmethod
    def of(cls, game: Any, coarse: bool) -> Obedience:
        """Of a game in normal form, or of one with types."""
        prior = getattr(game, "prior", None)
        if prior is not None:
            return cls(game.payoffs, prior, coarse)
        ones = (1,) * game.players
        return cls(game.payoffs.reshape(game.players, *ones, *game.actions), np.ones(ones), coarse)

    @property
    def players(self) -> int:
        return int(self.payoffs.shape[0])

    @property
    def shape(self) -> tuple[int, ...]:
        """Of outcomes: types, then actions."""
        return tuple(self.payoffs.shape[1:])

    @property
    def outcomes(self) -> int:
        return int(np.prod(self.shape))

    def _own_first(self, tensor: NDArray[Any], player: int) -> NDArray[Any]:
        """(types_i, actions_i, everything else)."""
        moved = np.moveaxis(tensor, (player, self.players + player), (0, 1))
        return moved.reshape(*moved.shape[:2], -1)

    @cached_property
    def spreads(self) -> Array:
        """Each player's largest payoff difference, or one where it has none, (players,)."""
        flat = self.payoffs.reshape(self.players, -1)
        wide = np.ptp(flat, axis=1)
        return np.where(wide > 0, wide, 1.0)

    @cached_property
    def owners(self) -> Places:
        """Which player each row belongs to, (rows,)."""
        sizes = []
        for k in range(self.players):
            types, actions = self.shape[k], self.shape[self.players + k]
            sizes.append(types * actions * (1 if self.coarse else actions - 1))
        return np.repeat(np.arange(self.players), sizes)

    @cached_property
    def rows(self) -> Any:
        """Sparse (rows, outcomes): loss from the deviation as a share of the player's spread."""
        return sp.vstack([self._rows_of(k) for k in range(self.players)], format="csr")

    def _rows_of(self, player: int) -> Any:
        own = self._own_first(self.payoffs[player], player) / self.spreads[player]
        where = self._own_first(np.arange(self.outcomes).reshape(self.shape), player)
        types, actions, _ = own.shape
        loss = own[:, :, None, :] - own[:, None, :, :]  # told a, doing b: (types, a, b, rest)
        told, done = np.meshgrid(np.arange(actions), np.arange(actions), indexing="ij")
        if self.coarse:
            number = np.broadcast_to(done, (types, actions, actions))
            count = actions
        else:
            # Rows run over b without a itself.
            number = np.broadcast_to(
                told * (actions - 1) + done - (done > told), (types, actions, actions)
            )
            count = actions * (actions - 1)
        number = number + count * np.arange(types)[:, None, None]
        kept = np.broadcast_to(told != done, number.shape)
        i = np.broadcast_to(number[..., None], loss.shape)[kept].ravel()
        j = np.broadcast_to(where[:, :, None, :], loss.shape)[kept].ravel()
        matrix = sp.csr_array((loss[kept].ravel(), (i, j)), shape=(types * count, self.outcomes))
        matrix.eliminate_zeros()
        return matrix

    @cached_property
    def types_law(self) -> tuple[Any, Array]:
        """Sparse (type profiles, outcomes) and the prior they must sum to."""
        profiles = self.prior.size
        each = self.outcomes // profiles
        rows = np.repeat(np.arange(profiles), each)
        ones = np.ones(self.outcomes)
        matrix = sp.csr_array(
            (ones, (rows, np.arange(self.outcomes))), shape=(profiles, self.outcomes)
        )
        return matrix, self.prior.ravel()

    def gains(self, distribution: Array) -> Array:
        """Largest gain of every player in its own units, (players,).

        For recommendations: the sum over types and recommendations of the best deviation's
        gain, which is what the best swap of actions gains. For coarse play: over types.
        """
        p = np.asarray(distribution, dtype=float).reshape(self.shape)
        out = []
        for k in range(self.players):
            own, law = self._own_first(self.payoffs[k], k), self._own_first(p, k)
            # now[t, a]: paid when told a; then[t, a, b]: paid when told a and doing b.
            if self.coarse:
                total = law.sum(axis=1)
                then = np.einsum("tbr,tr->tb", own, total)
                now = (own * law).sum(axis=(1, 2))
                out.append(float(np.maximum(then.max(axis=1) - now, 0.0).sum()))
            else:
                then = np.einsum("tbr,tar->tab", own, law)
                now = np.einsum("taa->ta", then)
                out.append(float(np.maximum(then.max(axis=2) - now, 0.0).sum()))
        return np.array(out)

    def infeasibility(self, distribution: Array) -> float:
        """Largest mass below zero, or departure from the law of types."""
        p = np.asarray(distribution, dtype=float).ravel()
        matrix, law = self.types_law
        return float(max(0.0, -p.min(initial=0.0), np.abs(matrix @ p - law).max()))

    @staticmethod
    def entries(game: Any) -> int:
        """How many numbers the rows of a game hold, before they are written."""
        outcomes = game.payoffs[0].size
        return int(outcomes * sum(size - 1 for size in game.actions))

    def bound(self, weights: Array, multipliers: Array) -> float:
        """No obedient distribution's expectation of `weights` exceeds this, whatever y.

        Parameters
        ----------
        weights : ndarray, shape of outcomes
        multipliers : ndarray (rows,)
            Their sizes count; a bound needs them nonnegative.
        """
        reduced = np.ravel(weights) + self.rows.T @ np.abs(multipliers)
        best = reduced.reshape(self.prior.size, -1).max(axis=1)
        return float(self.prior.ravel() @ best)
