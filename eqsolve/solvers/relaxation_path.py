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
import scipy.sparse as sp
from numpy.typing import NDArray

from eqsolve.programs.mpec import EquilibriumConstrainedProgram
from eqsolve.programs.smooth import SmoothProgram, take
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


NO_BOUND = 0


class _Path:
    """Sides of pairs stand left above right; those that are a variable's bound need no row."""

    def __init__(self, program: EquilibriumConstrainedProgram, options: RelaxationPath) -> None:
        self.program, self.options = program, options
        epsilon = ca.SX.sym("epsilon")
        sides = ca.vertcat(program.left, program.right)
        self.pairs = program.left.shape[0]
        self.bound = _bounds_behind(program, sides)
        self.rows = np.flatnonzero(self.bound == NO_BOUND)
        constraints = ca.vertcat(
            program.equalities,
            program.inequalities,
            take(sides, self.rows),
            program.left * program.right - epsilon,
        )
        e, i = program.equalities.shape[0], program.inequalities.shape[0]
        self.first, self.last = e + i, e + i + self.rows.size
        self.low = np.full(constraints.shape[0], -np.inf)
        self.low[:e] = self.low[self.first : self.last] = 0.0
        self.high = np.zeros(constraints.shape[0])
        self.high[self.first : self.last] = np.inf
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
        self.sides = ca.Function("sides", [program.unknowns], [sides])

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
        left, right = np.asarray(self.sides(w)).reshape(2, self.pairs)
        zero = np.concatenate([left <= right, left > right])
        high = self.high.copy()
        high[self.first : self.last][zero[self.rows]] = 0.0
        high[self.last :] = np.inf
        # lower bounds count from 1, upper ones from -1
        at_lower = self.bound[zero & (self.bound > 0)] - 1
        at_upper = -self.bound[zero & (self.bound < 0)] - 1
        lower, upper = self.program.lower.copy(), self.program.upper.copy()
        upper[at_lower], lower[at_upper] = lower[at_lower], upper[at_upper]
        return self.ipopt.solve(
            np.clip(w, lower, upper), np.array([0.0]), lower=lower, upper=upper,
            constraint_lower=self.low, constraint_upper=high,
        )  # fmt: skip


def _bounds_behind(program: EquilibriumConstrainedProgram, sides: Any) -> NDArray[np.int_]:
    """Of each side: j + 1 if it is w_j - lower_j, -(j + 1) if it is upper_j - w_j, else 0."""
    w = program.unknowns
    behind = np.zeros(sides.shape[0], dtype=int)
    if not sides.shape[0]:
        return behind
    curved = np.asarray(ca.which_depends(sides, w, 2, True), dtype=bool)
    values, slopes = ca.Function("f", [w], [sides, ca.jacobian(sides, w)])(np.zeros(w.shape[0]))
    matrix, offset = sp.csr_matrix(slopes.sparse()), np.asarray(values).ravel()
    single = ~curved & (np.diff(matrix.indptr) == 1)
    for s in np.flatnonzero(single):
        j, slope = int(matrix.indices[matrix.indptr[s]]), matrix.data[matrix.indptr[s]]
        if slope == 1.0 and -offset[s] == program.lower[j]:
            behind[s] = j + 1
        elif slope == -1.0 and offset[s] == program.upper[j]:
            behind[s] = -(j + 1)
    return behind
