"""Nash equilibrium of any finite game as a complementarity problem over simplices.

For every simplex (a player, or a type of a player) with mix x_s and value v_s,

    0 <= x_s(a)  complementary to  v_s - u_s(a, x) >= 0,        sum over a of x_s(a) = 1,

u_s(a, x) what action a gets against the others: multilinear in their mixes. Every solution is an
equilibrium and every equilibrium a solution (Nash 1951).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from eqsolve.programs.complementarity import ComplementarityProblem

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class MultilinearProgram:
    """What every action gets at a profile, its derivative, and where the simplices stand.

    Attributes
    ----------
    payoffs : callable, (n,) -> (n,)
        u, in units of the largest spread of payoffs.
    slopes : callable, (n,) -> (n, n)
        Its derivative, dense or sparse.
    simplices : tuple of slice
    names : tuple of str
        Of the n coordinates.
    start : ndarray (n,) or None
        The profile to begin from.
    precision : float or None
        For quantal responses, in one over the units of `payoffs`; None asks for the limit.
    game : object
        What the program was compiled from.
    """

    payoffs: Callable[[Array], Array]
    slopes: Callable[[Array], Any]
    simplices: tuple[slice, ...]
    names: tuple[str, ...]
    start: Array | None = None
    precision: float | None = None
    game: Any = field(default=None, repr=False)
    kind: str = "multilinear"

    @property
    def n(self) -> int:
        return len(self.names)

    @cached_property
    def membership(self) -> Any:
        """Sparse (n, simplices): one where a coordinate belongs to a simplex."""
        owner = np.repeat(
            np.arange(len(self.simplices)), [part.stop - part.start for part in self.simplices]
        )
        shape = (self.n, len(self.simplices))
        return sp.csr_array((np.ones(self.n), (np.arange(self.n), owner)), shape=shape)

    @cached_property
    def problem(self) -> ComplementarityProblem:
        """In the unknowns x (n,) and v (simplices,)."""
        n, member = self.n, self.membership
        dense = n <= 400
        table = member.toarray() if dense else member

        def function(z: Array) -> Array:
            x, v = z[:n], z[n:]
            return np.concatenate([member @ v - self.payoffs(x), member.T @ x - 1.0])

        def jacobian(z: Array) -> Any:
            slopes = self.slopes(z[:n])
            if dense:
                slopes = slopes.toarray() if sp.issparse(slopes) else slopes
                corner = np.zeros((table.shape[1],) * 2)
                return np.block([[-slopes, table], [table.T, corner]])
            return sp.block_array([[-sp.csr_array(slopes), table], [table.T, None]], format="csc")

        values = len(self.simplices)
        return ComplementarityProblem(
            function=function,
            jacobian=jacobian,
            lower=np.concatenate([np.zeros(n), np.full(values, -np.inf)]),
            upper=np.full(n + values, np.inf),
            start=self.with_values(self.even if self.start is None else self.start),
            names=[*self.names, *(f"value {k}" for k in range(values))],
        )

    @cached_property
    def even(self) -> Array:
        """Everybody mixes evenly, (n,)."""
        return np.concatenate(
            [
                np.full(part.stop - part.start, 1.0 / (part.stop - part.start))
                for part in self.simplices
            ]
        )

    def with_values(self, x: Array) -> Array:
        """A profile completed by what everybody's best action gets there."""
        pays = self.payoffs(x)
        return np.concatenate([x, [pays[part].max() for part in self.simplices]])

    def gain(self, x: Array) -> float:
        """What the best placed simplex gains by its best action, in units of the spread."""
        pays = self.payoffs(x)
        return max(float(pays[part].max() - pays[part] @ x[part]) for part in self.simplices)

    def starts(self, count: int, seed: int) -> Iterator[Array]:
        """Profiles to begin from: the given or the even one, answers to it, then random ones."""
        first = self.even if self.start is None else self.start
        yield first
        rng = np.random.default_rng(seed)
        for number in range(count):
            # Few actions are played at most equilibria: sparse mixes as often as full ones.
            weight = (1.0, 0.3, 0.1)[number % 3]
            draws = [
                rng.gamma(weight, size=part.stop - part.start) + 1e-12 for part in self.simplices
            ]
            yield np.concatenate([draw / draw.sum() for draw in draws])

    def describe(self) -> str:
        """The complementarity problem as text."""
        return self.problem.describe()
