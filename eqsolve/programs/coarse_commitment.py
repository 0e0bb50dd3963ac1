"""Commitment against followers that play to a coarse correlated equilibrium: a bilinear program.

The leader mixes x. What remains is a game of the followers; q over their profiles a is a coarse
correlated equilibrium of it when, for every follower and every fixed action of its (row r),

    sum over l of x_l sum over a of q(a) G_r(l, a) >= 0,

G_r the follower's loss from that action at leader's action l. The leader gets x'U q: at best
(optimistic), max over x and q, or at worst (pessimistic), max over x min over q. For fixed x
both are linear; so is the program of a leader with a correlation device, an upper bound.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from eqsolve.programs.linear import LinearProgram

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class CoarseCommitmentProgram:
    """The leader's payoffs and the followers' losses.

    Attributes
    ----------
    leader : ndarray (leader's actions, followers' profiles)
        U.
    losses : ndarray (rows, leader's actions, followers' profiles)
        G, in units of the followers' spreads.
    optimistic : bool
    pure : bool
        Whether the leader must choose one action.
    game : object
        What the program was compiled from.
    """

    leader: Array
    losses: Array
    optimistic: bool = True
    pure: bool = False
    game: Any = field(default=None, repr=False)
    kind = "coarse commitment"

    @cached_property
    def problem(self) -> Any:
        """The program of a leader with a correlation device, as a `cp.Problem` in w(l, a).

        Independent mixing adds w(l, a) = x_l q(a), which no convex program holds.
        """
        import cvxpy as cp  # slow to import, needed only by who reads the program

        m, profiles = self.leader.shape
        w = cp.Variable((m, profiles), nonneg=True, name="w")
        rows = self.losses.reshape(self.losses.shape[0], -1)
        flat = cp.reshape(w, (m * profiles,), order="C")
        goal = cp.Maximize(cp.sum(cp.multiply(self.leader, w)))
        return cp.Problem(goal, [rows @ flat >= 0, cp.sum(w) == 1])

    def describe(self) -> str:
        """The program with a device, as cvxpy prints it."""
        return str(self.problem)

    def at_mix(self, x: Array, worst: bool) -> LinearProgram:
        """Best or worst coarse correlated play of the followers at a mix, over q."""
        rows = np.tensordot(self.losses, x, axes=(1, 0))
        count, profiles = rows.shape
        return LinearProgram(
            objective=x @ self.leader,
            rows=sp.csr_array(np.vstack([rows, np.ones(profiles)])),
            row_lower=np.append(np.zeros(count), 1.0),
            row_upper=np.append(np.full(count, np.inf), 1.0),
            lower=np.zeros(profiles),
            upper=np.full(profiles, np.inf),
            sense="min" if worst else "max",
        )

    def best_mix(self, q: Array) -> LinearProgram:
        """The best mix for which given play q is coarse correlated, over x."""
        rows = self.losses @ q
        m = self.leader.shape[0]
        return LinearProgram(
            objective=self.leader @ q,
            rows=sp.csr_array(np.vstack([rows, np.ones(m)])),
            row_lower=np.append(np.zeros(rows.shape[0]), 1.0),
            row_upper=np.append(np.full(rows.shape[0], np.inf), 1.0),
            lower=np.zeros(m),
            upper=np.ones(m),
            sense="max",
        )

    def best_mix_against(self, y: Array) -> LinearProgram:
        """The mix with the best guarantee that multipliers y >= 0 prove, over (x, v).

        v <= x'U(., a) - sum over r of y_r x'G_r(., a) at every profile a of the followers.
        """
        m, profiles = self.leader.shape
        slopes = self.leader - np.tensordot(y, self.losses, axes=1)
        rows = np.vstack(
            [np.hstack([slopes.T, np.full((profiles, 1), -1.0)]), np.append(np.ones(m), 0.0)]
        )
        return LinearProgram(
            objective=np.append(np.zeros(m), 1.0),
            rows=sp.csr_array(rows),
            row_lower=np.append(np.zeros(profiles), 1.0),
            row_upper=np.append(np.full(profiles, np.inf), 1.0),
            lower=np.append(np.zeros(m), -np.inf),
            upper=np.append(np.ones(m), np.inf),
            sense="max",
        )

    def optimistic_relaxation(self, low: Array, high: Array) -> LinearProgram:
        """An upper bound over mixes between low and high, in (t, q).

        w(l, a) = low_l q(a) + (high_l - low_l) t(l, a) with 0 <= t(l, a) <= q(a) stands for
        w(l, a) = x_l q(a): the perspective of the box over every q(a).
        """
        m, profiles = self.leader.shape
        count, width = self.losses.shape[0], high - low
        eye = sp.identity(profiles, format="csr")
        cells = m * profiles
        # The shares that w leaves to every profile must sum to q(a).
        spread = sp.kron(sp.csr_array(width[None]), eye)
        within = sp.hstack([sp.identity(cells), -sp.kron(sp.csr_array(np.ones((m, 1))), eye)])
        losses = (self.losses * width[:, None]).reshape(count, cells)
        obey = np.hstack([losses, np.tensordot(self.losses, low, axes=(1, 0))])
        matrix = sp.vstack(
            [
                sp.hstack([spread, -(1.0 - low.sum()) * eye]),
                within,
                sp.csr_array(obey),
                sp.csr_array(np.append(np.zeros(cells), np.ones(profiles))[None]),
            ],
            format="csr",
        )
        free, more = np.full(cells, -np.inf), np.full(count, np.inf)
        size = cells + profiles
        return LinearProgram(
            objective=np.concatenate([(self.leader * width[:, None]).ravel(), low @ self.leader]),
            rows=matrix,
            row_lower=np.concatenate([np.zeros(profiles), free, np.zeros(count), [1.0]]),
            row_upper=np.concatenate([np.zeros(profiles + cells), more, [1.0]]),
            lower=np.zeros(size),
            upper=np.full(size, np.inf),
            sense="max",
        )

    def optimistic_mix(self, low: Array, high: Array, values: Array) -> tuple[Array, Array]:
        """The mix of a relaxed point, and how far each action's part is from independence."""
        m, profiles = self.leader.shape
        t, q = values[: m * profiles].reshape(m, profiles), values[m * profiles :]
        w = low[:, None] * q + (high - low)[:, None] * t
        x = w.sum(axis=1)
        return x, np.abs(w - np.outer(x, q)).sum(axis=1)

    def pessimistic_relaxation(self, low: Array, high: Array) -> LinearProgram:
        """An upper bound on guarantees over mixes between low and high, in (x, v, y, t).

        The worst play is bounded by its dual: v + sum over r of y_r x'G_r(., a) <= x'U(., a) at
        every a, y >= 0; low_l y_r + (high_l - low_l) t(r, l) with 0 <= t(r, l) <= y_r stands
        for x_l y_r.
        """
        m, profiles = self.leader.shape
        count, width = self.losses.shape[0], high - low
        cells = count * m
        eye = sp.identity(count, format="csr")
        lifted = (self.losses * width[:, None]).reshape(cells, profiles).T
        at_low = np.tensordot(self.losses, low, axes=(1, 0)).T
        guarantee = np.hstack([-self.leader.T, np.ones((profiles, 1)), at_low, lifted])
        spread = sp.kron(eye, sp.csr_array(width[None]))
        within = sp.kron(eye, sp.csr_array(np.ones((m, 1))))
        matrix = sp.vstack(
            [
                sp.csr_array(guarantee),
                sp.hstack([sp.csr_array((count, m + 1)), -(1.0 - low.sum()) * eye, spread]),
                sp.hstack([sp.csr_array((cells, m + 1)), -within, sp.identity(cells)]),
                sp.csr_array(np.append(np.ones(m), np.zeros(1 + count + cells))[None]),
            ],
            format="csr",
        )
        free = np.full(profiles, -np.inf)
        return LinearProgram(
            objective=np.concatenate([np.zeros(m), [1.0], np.zeros(count + cells)]),
            rows=matrix,
            row_lower=np.concatenate([free, np.zeros(count), np.full(cells, -np.inf), [1.0]]),
            row_upper=np.concatenate([np.zeros(profiles + count + cells), [1.0]]),
            lower=np.concatenate([low, [-np.inf], np.zeros(count + cells)]),
            upper=np.concatenate([high, np.full(1 + count + cells, np.inf)]),
            sense="max",
        )

    def pessimistic_mix(self, low: Array, high: Array, values: Array) -> tuple[Array, Array]:
        """The mix of a relaxed point, and how far each action's part is from the product."""
        m, count = self.leader.shape[0], self.losses.shape[0]
        x, y = values[:m], values[m + 1 : m + 1 + count]
        t = values[m + 1 + count :].reshape(count, m)
        z = low * y[:, None] + (high - low) * t
        return x, np.abs(z - np.outer(y, x)).sum(axis=0)
