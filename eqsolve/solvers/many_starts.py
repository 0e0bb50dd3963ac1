"""Complementarity over simplices from many starts, until one is an equilibrium."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from eqsolve.programs.multilinear import MultilinearProgram
from eqsolve.results import Solution, Status
from eqsolve.solvers.semismooth_newton import SemismoothNewton

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ManyStarts:
    """Semismooth Newton from one start after another.

    Parameters
    ----------
    starts : int
        Random profiles tried after the given one.
    max_iterations : int
        Newton steps from each.
    tolerance : float
        Gain from deviating, as a share of the spread of payoffs, that ends the search.
    seed : int
        Of the random profiles.
    """

    starts: int = 40
    max_iterations: int = 100
    tolerance: float = 1e-10
    seed: int = 0

    name: ClassVar[str] = "many-starts"
    kinds: ClassVar[frozenset[str]] = frozenset({"multilinear"})

    def solve(self, program: MultilinearProgram, start: Any = None) -> Solution:
        """The first equilibrium found, or the point of the smallest gain."""
        newton = SemismoothNewton(restarts=0, max_iterations=self.max_iterations)
        best, least, steps = np.full(program.n, np.nan), np.inf, 0
        for place in program.starts(self.starts, self.seed):
            found = newton.solve(program.problem, program.with_values(place))
            steps += found.iterations
            point = on_simplices(program, found.values[: program.n])
            gain = np.inf if point is None else program.gain(point)
            if point is not None and gain < least:
                best, least = point, gain
            if least <= self.tolerance:
                return Solution(best, Status.SOLVED, least, steps, self.name)
        return Solution(best, Status.STALLED, least, steps, self.name)


def on_simplices(program: MultilinearProgram, x: Array) -> Array | None:
    """A profile with dust and rounding removed; None where a mix is far from a distribution."""
    if not np.isfinite(x).all():
        return None
    out = np.maximum(x, 0.0)
    for part in program.simplices:
        total = out[part].sum()
        if not 0.5 < total < 2.0:
            return None
        out[part] /= total
    return out
