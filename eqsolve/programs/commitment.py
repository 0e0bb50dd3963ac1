"""Commitment against one follower: a linear program for each of its answers.

The leader mixes x over its actions. Among the mixes to which answer j is best, the best is

    P_j:  maximise  x'U_j   s.t.   x'(F_j - F_k) >= 0 for every other answer k,   x a distribution,

U the leader's payoffs, F the follower's; the optimal commitment is the best over j (Conitzer and
Sandholm 2006, "Computing the optimal strategy to commit to", EC). All at once, with p_j the part
of the mix that is meant to meet answer j, is the program of Conitzer and Korzhyk (2011).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class CommitmentProgram:
    """The programs P_j of one leader and one follower.

    Attributes
    ----------
    leader, follower : ndarray (leader's actions, follower's actions)
        Payoffs U and F.
    optimistic : bool
        Whether the follower breaks ties for the leader, or against it.
    pure : bool
        Whether the leader must choose one action.
    game : object
        What the program was compiled from.

    Examples
    --------
    >>> program = CommitmentProgram(np.array([[1.0, 3], [0, 2]]), np.array([[1.0, 0], [0, 1]]))
    >>> round(float(program.problem.solve(solver="HIGHS")), 6)
    2.5
    """

    leader: Array
    follower: Array
    optimistic: bool = True
    pure: bool = False
    game: Any = field(default=None, repr=False)
    kind = "multiple linear"

    @cached_property
    def problem(self) -> Any:
        """All programs at once, as a `cp.Problem`: p[:, j] is the mix that meets answer j."""
        import cvxpy as cp  # slow to import, needed only by who reads the program

        m, k = self.leader.shape
        p = cp.Variable((m, k), nonneg=True, name="p")
        prefers = [
            cp.sum(cp.multiply(self.follower[:, [j]] - self.follower, p[:, [j]]), axis=0) >= 0
            for j in range(k)
        ]
        whole = []
        if self.pure:
            choice = cp.Variable(m, boolean=True, name="choice")
            whole = [cp.sum(p, axis=1) == choice]
        goal = cp.Maximize(cp.sum(cp.multiply(self.leader, p)))
        return cp.Problem(goal, [*prefers, cp.sum(p) == 1, *whole])

    def answer_problem(self, answer: int) -> Any:
        """P_j for one answer of the follower, as a `cp.Problem` in the mix x."""
        import cvxpy as cp

        x = cp.Variable(self.leader.shape[0], nonneg=True, name="x")
        better = self.follower[:, [answer]] - self.follower
        return cp.Problem(
            cp.Maximize(self.leader[:, answer] @ x), [better.T @ x >= 0, cp.sum(x) == 1]
        )

    def describe(self) -> str:
        """The programs as cvxpy prints them."""
        return str(self.problem)

    def bound(self, multipliers: Array) -> float:
        """What no commitment exceeds, from any multipliers y >= 0 (answers, answers).

        bound = max over j and actions a of U_aj + sum over k of y_jk (F_aj - F_ak).
        """
        y = np.abs(multipliers)
        reduced = self.leader + self.follower * y.sum(axis=1) - self.follower @ y.T
        return float(reduced.max())
