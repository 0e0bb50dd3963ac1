"""Programs with equilibrium constraints by a path of relaxations, from many starts.

The products left_k right_k = 0 become left_k right_k <= epsilon, epsilon falls to zero, and
Ipopt follows (Scholtes 2001). At the end each pair's smaller side is fixed at zero and
the program is solved once more, so that the answer is complementary to the last digit.
The answer is local.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import casadi as ca
import numpy as np
from numpy.typing import NDArray

from eqsolve.programs.mpec import EquilibriumConstrainedProgram
from eqsolve.programs.smooth import SmoothProgram
from eqsolve.results import Solution, Status
from eqsolve.solvers.nonlinear import Ipopt

Array = NDArray[np.float64]


@dataclass(frozen=True)
class RelaxationPath:
    """Options of the path.

    Parameters
    ----------
    relaxations : tuple of float
        The falling bounds on products. Much below 1e-6 the programs are so degenerate that
        factorizations fill in and take a hundred times as long, to no more digits: the last
        program, with sides fixed, gives those.
    starts : int
        Random starts besides the given one.
    seed : int
    """

    relaxations: tuple[float, ...] = (1.0, 1e-1, 1e-2, 1e-4, 1e-6)
    starts: int = 6
    seed: int = 0

    name: ClassVar[str] = "relaxation-path"
    kinds: ClassVar[frozenset[str]] = frozenset({"mpec"})

    def solve(self, program: EquilibriumConstrainedProgram, start: Any = None) -> Solution:
        """The best of the local answers found."""
        path = _Path(program, self)
        rng = np.random.default_rng(self.seed)
        first = program.start if start is None else np.asarray(start, dtype=float)
        found: list[Solution] = []
        statuses = []
        for _ in range(self.starts + 1):
            answer = path.follow(first)
            statuses.append(answer.status)
            usable = answer.solved or (
                # Degenerate followers keep Ipopt from its tolerance; the certificate judges.
                answer.status is Status.STALLED and np.isfinite(answer.values).all()
            )
            if usable and all(_differ(answer, other) for other in found):
                found.append(answer)
            spread = 5 * (1 + np.abs(program.start))
            low = np.maximum(program.lower, program.start - spread)
            high = np.minimum(program.upper, program.start + spread)
            first = rng.uniform(low, high)
        if found:
            # To a hair equal values leave the order of the starts: the given one comes first.
            best, *others = sorted(found, key=lambda s: (not s.solved, round(_value(s), 9)))
            return replace(best, others=tuple(others))
        unbounded = Status.UNBOUNDED in statuses
        return Solution(
            program.start, Status.UNBOUNDED if unbounded else statuses[0], np.inf, 0, self.name
        )


def _differ(one: Solution, other: Solution) -> bool:
    return bool(np.abs(one.values - other.values).max() > 1e-6 * (1 + np.abs(one.values).max()))


def _value(solution: Solution) -> float:
    return np.inf if solution.objective is None else solution.objective


class _Path:
    def __init__(self, program: EquilibriumConstrainedProgram, options: RelaxationPath) -> None:
        self.program, self.options = program, options
        epsilon = ca.SX.sym("epsilon")
        pairs = program.left.shape[0]
        constraints = ca.vertcat(
            program.equalities,
            program.inequalities,
            program.left,
            program.right,
            program.left * program.right - epsilon,
        )
        e, i = program.equalities.shape[0], program.inequalities.shape[0]
        self.e, self.i, self.pairs = e, i, pairs
        self.low = np.concatenate(
            [np.zeros(e), np.full(i, -np.inf), np.zeros(2 * pairs), np.full(pairs, -np.inf)]
        )
        self.high = np.concatenate(
            [np.zeros(e), np.zeros(i), np.full(2 * pairs, np.inf), np.zeros(pairs)]
        )
        smooth = SmoothProgram(
            variables=program.unknowns,
            parameters=epsilon,
            objective=program.objective,
            constraints=constraints,
            lower=program.lower,
            upper=program.upper,
            constraint_lower=self.low,
            constraint_upper=self.high,
        )
        self.ipopt = Ipopt(bound_relaxation=1e-9).prepare(smooth)
        self.sides = ca.Function("sides", [program.unknowns], [program.left, program.right])

    def follow(self, start: Array) -> Solution:
        w, answer = start, None
        for epsilon in self.options.relaxations if self.pairs else (0.0,):
            answer = self.ipopt.solve(w, np.array([epsilon]))
            if answer.status in (Status.INFEASIBLE, Status.UNBOUNDED, Status.FAILED):
                return answer
            w = answer.values
        assert answer is not None
        return self.finish(w) if self.pairs else answer

    def finish(self, w: Array) -> Solution:
        """Each pair's smaller side fixed at zero, the products dropped."""
        left, right = (np.asarray(side).ravel() for side in self.sides(w))
        zero = left <= right
        high, low = self.high.copy(), self.low.copy()
        first = self.e + self.i
        high[first : first + self.pairs][zero] = 0.0
        high[first + self.pairs : first + 2 * self.pairs][~zero] = 0.0
        high[first + 2 * self.pairs :] = np.inf
        return self.ipopt.solve(w, np.array([0.0]), constraint_lower=low, constraint_upper=high)
