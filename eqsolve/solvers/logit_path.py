"""The logit path: quantal responses from even mixes to an equilibrium, by continuation.

With l = log x, at precision r the responses of a simplex solve

    l_a - l_0 - r (u_a(x) - u_0(x)) = 0  for a > 0,        sum over a of exp(l_a) = 1.

These n equations in (l, r) draw a curve that begins at even mixes with r = 0 and, but for
degenerate games, never branches; steps go along it, each corrected back onto it (McKelvey and
Palfrey 1995; Turocy 2005, "A dynamic homotopy interpretation of the logistic quantal response
equilibrium correspondence", Games and Economic Behavior 51, 243-263).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from eqsolve.programs.multilinear import MultilinearProgram
from eqsolve.results import Solution, Status
from eqsolve.solvers.many_starts import on_simplices
from eqsolve.solvers.semismooth_newton import SemismoothNewton

Array = NDArray[np.float64]
SHORTEST, LONGEST = 1e-9, 50.0  # arc lengths of a step
CLOSE = 1e-11  # residual of the equations that counts as on the path


@dataclass(frozen=True)
class PathSolution(Solution):
    """A point of the logit path, and the path that led to it.

    Attributes
    ----------
    precisions : ndarray (points,)
        In one over the units of the program's payoffs.
    profiles : ndarray (points, n)
    """

    precisions: Array | None = None
    profiles: Array | None = None


@dataclass(frozen=True)
class LogitPath:
    """Options of the continuation.

    Parameters
    ----------
    tolerance : float
        Gain from deviating, as a share of the spread of payoffs, that ends a path to the limit.
    max_steps : int
        Steps along the path before giving up.
    max_precision : float
        Precision, in one over the spread of payoffs, at which a path to the limit ends.
    """

    tolerance: float = 1e-10
    max_steps: int = 5000
    max_precision: float = 1e7

    name: ClassVar[str] = "logit-path"
    kinds: ClassVar[frozenset[str]] = frozenset({"logit path"})

    def solve(self, program: MultilinearProgram, start: Any = None) -> PathSolution:
        """Follow the path to the program's precision, or to its limit."""
        curve = _Curve(program)
        point = np.append(np.log(program.even), 0.0)
        heading = np.append(np.zeros(program.n), 1.0)
        path, length, wanted = [point], 0.1, program.precision
        milestone = 1.0
        for steps in range(1, self.max_steps + 1):
            if wanted is not None and wanted <= 0:
                return self._answer(program, path, point, steps, Status.SOLVED)
            tangent = curve.tangent(point, heading)
            ahead, effort = curve.correct(point + length * tangent, tangent)
            if ahead is None or np.abs(ahead - point).max() > 3 * length + 1e-12:
                length /= 2
                if length < SHORTEST:
                    return self._answer(program, path, point, steps, Status.STALLED)
                continue
            if wanted is not None and ahead[-1] >= wanted:
                across = np.append(np.zeros(program.n), 1.0)
                share = (wanted - point[-1]) / (ahead[-1] - point[-1])
                guess = point + share * (ahead - point)
                guess[-1] = wanted
                target, _ = curve.correct(guess, across)
                if target is not None:
                    path.append(target)
                    return self._answer(program, path, target, steps, Status.SOLVED)
                length /= 2
                continue
            point, heading = ahead, tangent
            path.append(point)
            length = min(length * (1.6 if effort <= 3 else 1.0 if effort <= 5 else 0.6), LONGEST)
            if wanted is None and (point[-1] >= milestone or steps % 50 == 0):
                milestone = max(milestone, 2 * point[-1])
                ended = self._ended(program, path, point, steps)
                if ended is not None:
                    return ended
                if point[-1] > self.max_precision:
                    break
        return self._answer(program, path, point, self.max_steps, Status.ITERATION_LIMIT)

    def _ended(
        self, program: MultilinearProgram, path: list[Array], point: Array, steps: int
    ) -> PathSolution | None:
        """The equilibrium near a point of the path, where Newton's method reaches one."""
        x = np.exp(point[:-1])
        if program.gain(x) > 0.1:
            return None
        near = SemismoothNewton(restarts=0, max_iterations=40).solve(
            program.problem, program.with_values(x)
        )
        found = on_simplices(program, near.values[: program.n])
        if found is None or program.gain(found) > self.tolerance:
            return None
        return PathSolution(
            values=found,
            status=Status.SOLVED,
            residual=program.gain(found),
            iterations=steps,
            solver=self.name,
            precisions=np.array([place[-1] for place in path]),
            profiles=np.exp(np.array(path)[:, :-1]),
        )

    def _answer(
        self,
        program: MultilinearProgram,
        path: list[Array],
        point: Array,
        steps: int,
        status: Status,
    ) -> PathSolution:
        return PathSolution(
            values=np.exp(point[:-1]),
            status=status,
            residual=float(np.abs(_Curve(program).residual(point)).max()),
            iterations=steps,
            solver=self.name,
            precisions=np.array([place[-1] for place in path]),
            profiles=np.exp(np.array(path)[:, :-1]),
        )


class _Curve:
    """The equations of a program's quantal responses in (log mixes, precision)."""

    def __init__(self, program: MultilinearProgram) -> None:
        self.program = program
        self.firsts = np.array([part.start for part in program.simplices])
        rest = np.ones(program.n, dtype=bool)
        rest[self.firsts] = False
        self.rest = np.flatnonzero(rest)
        self.lead = np.concatenate(
            [np.full(part.stop - part.start, part.start) for part in program.simplices]
        )[self.rest]

    def residual(self, point: Array) -> Array:
        """(n,): sums first, one a simplex at its first action, then the responses."""
        logs, precision = point[:-1], point[-1]
        x = np.exp(logs)
        pays = self.program.payoffs(x)
        out = np.empty(logs.size)
        out[self.firsts] = np.add.reduceat(x, self.firsts) - 1.0
        out[self.rest] = (
            logs[self.rest] - logs[self.lead] - precision * (pays[self.rest] - pays[self.lead])
        )
        return out

    def jacobian(self, point: Array) -> Array:
        """(n, n + 1)."""
        logs, precision = point[:-1], point[-1]
        x = np.exp(logs)
        slopes = self.program.slopes(x)
        slopes = (slopes.toarray() if sp.issparse(slopes) else slopes) * x
        pays = self.program.payoffs(x)
        n = logs.size
        out = np.zeros((n, n + 1))
        for part in self.program.simplices:
            out[part.start, part] = x[part]
        out[self.rest, :n] = -precision * (slopes[self.rest] - slopes[self.lead])
        out[self.rest, self.rest] += 1.0
        out[self.rest, self.lead] -= 1.0
        out[self.rest, n] = -(pays[self.rest] - pays[self.lead])
        return out

    def tangent(self, point: Array, heading: Array) -> Array:
        """The unit direction of the curve that goes on from `heading`."""
        system = np.vstack([self.jacobian(point), heading])
        wanted = np.append(np.zeros(point.size - 1), 1.0)
        try:
            direction = np.linalg.solve(system, wanted)
        except np.linalg.LinAlgError:
            direction = np.linalg.lstsq(system, wanted, rcond=None)[0]
        return np.asarray(direction / np.linalg.norm(direction))

    def correct(self, point: Array, normal: Array) -> tuple[Array | None, int]:
        """Newton's method back onto the curve, across `normal`; with the steps it took."""
        for effort in range(1, 9):
            with np.errstate(all="ignore"):
                value = self.residual(point)
            if not np.isfinite(value).all():
                return None, effort
            scale = 1.0 + np.abs(point[-1])
            if np.abs(value).max() <= CLOSE * scale:
                return point, effort
            system = np.vstack([self.jacobian(point), normal])
            try:
                point = point - np.linalg.solve(system, np.append(value, 0.0))
            except np.linalg.LinAlgError:
                return None, effort
            if point[:-1].max() > 1.0:
                return None, effort
        return None, 9
