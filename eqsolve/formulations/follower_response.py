"""The followers' answer to a commitment, and what the leader could still gain by another.

This is the independent route behind Stackelberg certificates: the leader's strategy is
moved, the followers' problem is solved afresh, and the leader's cost is read off.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.concepts import Nash
from eqsolve.formulations.complementarity import Complementarity
from eqsolve.formulations.own_problem import Response, own_problem
from eqsolve.formulations.worst_answer import worst_answer
from eqsolve.games.game import Game
from eqsolve.programs.complementarity import ComplementarityProblem
from eqsolve.results import Status
from eqsolve.solvers.semismooth_newton import SemismoothNewton

Array = NDArray[np.float64]
STEPS = (1e-1, 1e-2, 1e-3)  # relative moves of the leader tried around its commitment
RANDOM_DIRECTIONS = 6
FEASIBLE = 1e-7


class FollowerResponse:
    """Answers of the followers in `game` when players `leaders` are committed."""

    def __init__(
        self, game: Game, leaders: tuple[int, ...], convex: bool, worst: bool = False
    ) -> None:
        self.game, self.leaders, self.convex, self.worst = game, leaders, convex, worst
        declared = game.declared
        self.leading = np.flatnonzero(np.isin(declared.owner, leaders))
        self.following = np.flatnonzero(~np.isin(declared.owner, leaders))
        self.followers = sorted(set(range(declared.players)) - set(leaders))

    def confirmed(self, point: Array, answered: Array) -> Array:
        """`answered` where it is sure to be the followers' answer at `point`, or a better one."""
        if self.convex or len(self.followers) > 1:
            return answered
        answer = own_problem(self.game, self.followers[0]).respond_globally(point)
        return answered if answer is None else self._put(point, answer)

    def respond(self, point: Array) -> Array | None:
        """`point` (n,) with the followers' coordinates replaced by their answer, or None.

        With `worst`, by the one of a single follower's best answers that is worst for leaders.
        """
        if self.worst:
            return worst_answer(self.game, self.leaders, self.followers[0], point)
        if len(self.followers) == 1:
            return self._one(point)
        return self._many(point)

    def _one(self, point: Array) -> Array | None:
        problem = own_problem(self.game, self.followers[0])
        answer = problem.respond(point, convex=self.convex)
        return self._put(point, answer) if answer.status is Status.SOLVED else None

    def _put(self, point: Array, answer: Response) -> Array:
        moved = point.copy()
        moved[self.following] = answer.values[: self.following.size]
        return moved

    @cached_property
    def _program(self) -> Any:
        return Complementarity().compile(self.game, Nash())

    def _many(self, point: Array) -> Array | None:
        program = self._program
        symbolic, base = program.conditions.game, program.problem
        lower, upper, start = base.lower.copy(), base.upper.copy(), base.start.copy()
        leading = np.flatnonzero(np.isin(symbolic.owner, self.leaders))
        declared = leading[leading < symbolic.declared]
        lower[declared] = upper[declared] = start[declared] = point[declared]
        start[: self.game.n] = point
        # Rows that do not bind the followers' choice: their multipliers stay at zero.
        rows = base.n - symbolic.rows.shape[0]
        idle = np.isin(symbolic.row_owner, self.leaders) | symbolic.foreign_rows
        own = rows + np.flatnonzero(idle)
        lower[own] = upper[own] = start[own] = 0.0
        fixed = ComplementarityProblem(
            base.function, base.jacobian, lower, upper, start, names=base.names
        )
        solution = SemismoothNewton().solve(fixed)
        return solution.values[: self.game.n] if solution.solved else None


def leader_gain(response: FollowerResponse, point: Array, seed: int = 0) -> float:
    """Largest fall of the leaders' cost found by moving their commitment a little.

    Each coordinate and some random directions are tried at several lengths; the
    followers answer every trial, and trials that break the leaders' rows do not count.
    """
    game = response.game
    numbers = game.numbers
    leaders = list(response.leaders)
    before = float(numbers.costs(point[None])[0, leaders].sum())
    tolerance = max(FEASIBLE, 2 * numbers.infeasibility(point))
    size = response.leading.size
    rng = np.random.default_rng(seed)
    directions = np.vstack([np.eye(size), rng.normal(size=(RANDOM_DIRECTIONS, size))])
    gain = 0.0
    for direction in (*directions, *-directions):
        for step in STEPS:
            trial = point.copy()
            move = step * (1 + np.abs(point[response.leading])) * direction
            places = response.leading
            trial[places] = np.clip(
                point[places] + move, numbers.lower[places], numbers.upper[places]
            )
            answered = response.respond(trial)
            if answered is None or numbers.infeasibility(answered) > tolerance:
                continue
            after = float(numbers.costs(answered[None])[0, leaders].sum())
            if before - after <= gain:
                continue
            answered = response.confirmed(trial, answered)
            if numbers.infeasibility(answered) > tolerance:
                continue
            after = float(numbers.costs(answered[None])[0, leaders].sum())
            gain = max(gain, before - after)
    return gain
