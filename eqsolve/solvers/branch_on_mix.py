"""Branch and bound on the leader's mix, for followers that play to coarse correlation.

A node is a box of mixes. Its relaxation bounds what the leader gets in it; the mix of the
relaxation, improved by solving for followers and leader in turn, is a candidate. The box with
the largest bound is split in two where its relaxation departs most from independent mixing.
A pessimistic bound is capped by the optimistic one of the same box: multipliers of the worst
play may grow without bound where the followers' play jumps, and the former alone is infinite
there. Such a box stays open if the best play in it is better than the value found: value and
bound then remain apart, and the status says so.
"""

from __future__ import annotations

import heapq
import itertools
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from eqsolve.programs.coarse_commitment import CoarseCommitmentProgram
from eqsolve.programs.linear import LinearProgram
from eqsolve.results import Status
from eqsolve.solvers.branch_on_complementarity import BoundedSolution
from eqsolve.solvers.highs import Highs

Array = NDArray[np.float64]
EDGE = 0.15  # share of a box that both halves of a split keep at least
TURNS = 6  # improvements of a candidate


@dataclass(frozen=True)
class BranchOnMix:
    """Options of the branch and bound.

    Parameters
    ----------
    gap : float
        Difference between bound and value, as a share of the leader's spread of payoffs, at
        which it stops.
    max_nodes : int
        Boxes before giving up with the bound reached.
    """

    gap: float = 1e-4
    max_nodes: int = 500

    name: ClassVar[str] = "branch-on-mix"
    kinds: ClassVar[frozenset[str]] = frozenset({"coarse commitment"})

    def solve(self, program: CoarseCommitmentProgram, start: Any = None) -> BoundedSolution:
        """`values` are the mix and the followers' play; `bound` holds also when it stops early."""
        # In units of the leader's spread: tolerances of the engine are absolute.
        low, unit = float(program.leader.min()), float(np.ptp(program.leader)) or 1.0
        found = _Search(replace(program, leader=(program.leader - low) / unit), self).run()
        return replace(
            found,
            residual=unit * found.residual,
            objective=low + unit * float(found.objective or 0.0),
            bound=low + unit * found.bound,
        )


class _Search:
    def __init__(self, program: CoarseCommitmentProgram, options: BranchOnMix) -> None:
        self.program, self.options = program, options
        self.engine, self.looser = Highs(feasibility=1e-9), Highs(feasibility=1e-7)
        self.m, self.profiles = program.leader.shape
        self.best = -np.inf
        self.mix = np.full(self.m, np.nan)
        self.play = np.full(self.profiles, np.nan)
        self.nodes = 0

    def run(self) -> BoundedSolution:
        for action in range(self.m):
            self.consider(np.eye(self.m)[action], turns=0 if self.program.pure else TURNS)
        if self.program.pure:
            return self.answer(self.best, Status.SOLVED)
        order = itertools.count()
        heap: list[tuple[float, int, Array, Array, int]] = []

        def add(low: Array, high: Array, above: float) -> None:
            # No mix outside these sharper sides sums to one.
            low, high = (
                np.maximum(low, 1.0 - (high.sum() - high)),
                np.minimum(high, 1.0 - (low.sum() - low)),
            )
            if (low > high + 1e-12).any():
                return
            bound, x, split = self.relax(low, np.maximum(high, low))
            bound = min(bound, above)
            if x is not None:
                self.consider(x)
            if bound > self.best + self.slack():
                heapq.heappush(heap, (-bound, next(order), low, high, split))

        add(np.zeros(self.m), np.ones(self.m), np.inf)
        while heap:
            bound = -heap[0][0]
            if bound <= self.best + self.slack():
                return self.answer(max(bound, self.best), Status.SOLVED)
            if self.nodes >= self.options.max_nodes:
                return self.answer(bound, Status.ITERATION_LIMIT)
            _, _, low, high, split = heapq.heappop(heap)
            if high[split] - low[split] < 1e-9:
                split = int(np.argmax(high - low))
            margin = EDGE * (high[split] - low[split])
            centre = self.mix[split] if np.isfinite(self.mix[split]) else 0.0
            middle = (low[split] + high[split]) / 2
            inside = low[split] + margin < centre < high[split] - margin
            cut = 0.5 * (middle + centre) if inside else middle
            for side in (0, 1):
                a, b = low.copy(), high.copy()
                (b if side == 0 else a)[split] = cut
                add(a, b, bound)
        return self.answer(self.best + self.slack(), Status.SOLVED)

    def slack(self) -> float:
        return self.options.gap

    def relax(self, low: Array, high: Array) -> tuple[float, Array | None, int]:
        """Bound of a box, a mix inside it, and the action whose share should be split."""
        self.nodes += 1
        program = self.program
        first = self.solved(program.optimistic_relaxation(low, high))
        if first is None:
            return np.inf, None, int(np.argmax(high - low))
        bound = float(first.objective or 0.0)
        x, departure = program.optimistic_mix(low, high, first.values)
        if not program.optimistic:
            second = self.solved(program.pessimistic_relaxation(low, high))
            if second is not None and float(second.objective or 0.0) < bound:
                bound = float(second.objective or 0.0)
                x, departure = program.pessimistic_mix(low, high, second.values)
        # A wide side with little departure still has to be split some time.
        return bound, x, int(np.argmax(departure * (high - low) + 1e-9 * (high - low)))

    def solved(self, relaxation: LinearProgram) -> BoundedSolution | None:
        """A relaxation solved, to a looser tolerance where rounding forbids the first."""
        for engine in (self.engine, self.looser):
            found = engine.solve(relaxation)
            if found.status is Status.SOLVED and found.objective is not None:
                return found
        return None

    def consider(self, mix: Array, turns: int = TURNS) -> None:
        """Value of a mix, improved by turns; kept where it is the best so far."""
        x = np.maximum(mix, 0.0)
        x /= x.sum()
        before = -np.inf
        for _ in range(turns + 1):
            at = self.engine.solve(self.program.at_mix(x, worst=not self.program.optimistic))
            if at.objective is None or at.multipliers is None or at.objective <= before + 1e-12:
                return
            before = at.objective
            if before > self.best:
                play = np.maximum(at.values, 0.0)
                self.best, self.mix, self.play = before, x, play / play.sum()
            if self.program.optimistic:
                better = self.engine.solve(self.program.best_mix(at.values))
            else:
                y = np.abs(at.multipliers[:-1])
                better = self.engine.solve(self.program.best_mix_against(y))
            if better.objective is None:
                return
            x = np.maximum(better.values[: self.m], 0.0)
            x = x / x.sum()

    def answer(self, bound: float, status: Status) -> BoundedSolution:
        return BoundedSolution(
            values=np.concatenate([self.mix, self.play]),
            status=status,
            residual=bound - self.best,
            iterations=self.nodes,
            solver=BranchOnMix.name,
            objective=self.best,
            bound=max(bound, self.best),
            nodes=self.nodes,
        )
