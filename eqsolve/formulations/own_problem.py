"""One player's problem with the others fixed: best responses and deviation gains.

    min over z  c_i(z, x_-i)   s.t.  own bounds, own rows, shared rows at (z, x_-i)

Three routes, chosen by the problem's form: a quadratic program, a safeguarded search
on the line for one coordinate, and Ipopt from several starts for the rest. None of
them starts from, or knows of, the program that produced the strategies.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeVar, cast

import casadi as ca
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from eqsolve.formulations.declared_problem import as_declared
from eqsolve.formulations.scalar_search import minimize_on_line
from eqsolve.games.affine import has_kinks
from eqsolve.games.expressions import to_csr
from eqsolve.games.game import Game
from eqsolve.games.numbers import GameNumbers
from eqsolve.games.symbolic import SHARED, to_dm
from eqsolve.programs.casadi_to_scip import refused_by_scip
from eqsolve.programs.smooth import SmoothProgram, take
from eqsolve.results import Status
from eqsolve.solvers.nonlinear import Ipopt
from eqsolve.solvers.quadratic import solve_quadratic
from eqsolve.solvers.scip import Scip, scip_is_installed

Array = NDArray[np.float64]
T = TypeVar("T")
ENDED = (Status.SOLVED, Status.UNBOUNDED, Status.INFEASIBLE)
NEAR = 1e-7  # relative violation of a row that counts as rounding
WIDENED = 1e-6  # at most, by which rows are widened to admit the point itself
FAR = 1e3  # how far random starts reach along unbounded coordinates, relative to the point


@dataclass(frozen=True)
class Response:
    """A player's best answer: full own coordinates (epigraph included), gain, and how it ended.

    The gain is infinite where the problem is unbounded, has no feasible point, or the cost at
    the point itself is undefined; where the status is none of SOLVED, UNBOUNDED or INFEASIBLE
    it is what the best answer met would gain, and more may be possible.
    """

    values: Array
    gain: float
    status: Status


class OwnProblem:
    """The problem of one player; `player` is its index.

    Points are (n,) vectors of the game's declared coordinates.
    """

    def __init__(self, game: Game, player: int) -> None:
        self.game, self.player = game, player
        self.symbolic = game.symbolic
        self.own = np.flatnonzero(self.symbolic.owner == player)
        touched = np.diff(self.symbolic.row_pattern[:, self.own].tocsr().indptr) > 0
        binding = np.isin(self.symbolic.row_owner, (player, SHARED))
        self.rows = np.flatnonzero(binding & touched)

    # -------------------------------------------------------------- as a function of own z

    @cached_property
    def _cost_on_line(self) -> tuple[Any, NDArray[np.int_], NDArray[np.int_]]:
        """c_i as a function of the few coordinates and aggregates it mentions, and which."""
        symbolic = self.symbolic
        cost = symbolic.costs[self.player]
        mentioned = np.asarray(ca.jacobian_sparsity(cost, symbolic.xy).get_col(), dtype=int)
        near = mentioned[mentioned < symbolic.n]
        through = mentioned[mentioned >= symbolic.n] - symbolic.n
        inputs = [take(symbolic.x, near), take(symbolic.y, through)]
        return ca.Function("cost", inputs, [cost]), near, through

    @cached_property
    def _in_own(self) -> tuple[Any, Any, Any, Any]:
        """(z, x, cost(z), rows(z)): own coordinates replaced by z, aggregates moved along."""
        symbolic = self.symbolic
        z = ca.SX.sym("z", self.own.size)
        x = ca.SX(symbolic.x)
        replaced = ca.SX(x)
        replaced[self.own.tolist()] = z
        lifted = ca.mtimes(to_dm(symbolic.matrix), replaced) + ca.DM(symbolic.offset)
        rows = symbolic.rows[self.rows.tolist()] if self.rows.size else ca.SX(0, 1)
        value = ca.Function("own", [x, symbolic.y], [symbolic.costs[self.player], rows])
        cost, own_rows = value(replaced, lifted)
        return z, x, cost, own_rows

    @cached_property
    def is_quadratic(self) -> bool:
        """Quadratic in z with affine rows."""
        if linear_quadratic(self.game):
            return True
        z, others, cost, rows = self._in_own
        hessian = ca.hessian(cost, z)[0]
        curved = bool(rows.shape[0]) and any(ca.which_depends(rows, z, 2, True))
        smooth = not has_kinks(ca.vertcat(cost, rows), ca.vertcat(z, others))
        return smooth and not ca.depends_on(hessian, z) and not curved

    @cached_property
    def _pieces(self) -> Any:
        """Function of (z, x): cost, gradient, Hessian, rows, their slopes."""
        z, x, cost, rows = self._in_own
        hessian, gradient = ca.hessian(cost, z)
        return ca.Function("pieces", [z, x], [cost, gradient, hessian, rows, ca.jacobian(rows, z)])

    def complete(self, point: Array) -> Array:
        """The declared point with epigraph coordinates at their start."""
        missing = self.symbolic.start[self.symbolic.declared :]
        return np.concatenate([np.asarray(point, dtype=float), missing])

    # -------------------------------------------------------------- best response

    def respond(
        self, point: Array, *, convex: bool = False, starts: int = 4, seed: int = 0
    ) -> Response:
        """The best answer to `point` (n,).

        Parameters
        ----------
        point : ndarray (n,)
        convex : bool
            Known convex: the first local answer is taken.
        starts : int
            Random starts besides the given and the default point, for problems that
            are neither quadratic and convex nor one-dimensional.
        """
        x = self.complete(point)
        answer = self._by_quadratic_program(x) if self.is_quadratic else None
        if answer is not None and answer.status in ENDED:
            return answer
        if self.own.size == 1 and not self.rows.size:
            return self._on_line(x)
        answer = self._by_ipopt(x, convex, starts, seed)
        if answer.status in ENDED or not convex:
            return answer
        # What Ipopt cannot differentiate, as a norm at zero, a conic solver may still hold.
        z = as_declared(self.game, self.player, x[: self.symbolic.declared])
        if z is None:
            return answer
        values = answer.values.copy()
        values[self.own < self.symbolic.declared] = z
        return Response(values, max(answer.gain, self.gain(x, values)), Status.SOLVED)

    def with_declared_fixed(self, point: Array) -> Response:
        """The best epigraph coordinates at the player's declared strategy in `point` (n,)."""
        x = self.complete(point)
        kept = self.own < self.symbolic.declared
        low = np.where(kept, x[self.own], self.symbolic.lower[self.own])
        high = np.where(kept, x[self.own], self.symbolic.upper[self.own])
        if self.is_quadratic:
            answer = self._by_quadratic_program(x, (low, high))
            if answer is not None:
                return answer
        solution = self._ipopt.solve(x[self.own], x, lower=low, upper=high)
        return Response(solution.values, 0.0, solution.status)

    def gain(self, x: Array, z: Array) -> float:
        """How much the player's cost falls by moving from x to z."""
        declared = self.own < self.symbolic.declared
        moved = x[: self.symbolic.declared].copy()
        moved[self.own[declared]] = z[declared]
        both = np.stack([x[: self.symbolic.declared], moved])
        now, then = self._declared_cost(both)
        if not np.isfinite(now):
            return np.inf
        return float(now - then) if then < np.inf else -np.inf

    def _declared_cost(self, points: Array) -> Array:
        declared = self.game.declared
        lifted = declared.matrix @ points.T + declared.offset[:, None]
        return np.asarray(self._declared_function(points.T, lifted)).ravel()

    @cached_property
    def _declared_function(self) -> Any:
        declared = self.game.declared
        return ca.Function("cost", [declared.x, declared.y], [declared.costs[self.player]])

    def _by_quadratic_program(
        self, x: Array, box: tuple[Array, Array] | None = None
    ) -> Response | None:
        """None when the quadratic is not convex."""
        P, q, offset, matrix = self._matrices(x)
        if not self._is_convex(P):
            return None
        bounds = self.symbolic.lower[self.own], self.symbolic.upper[self.own]
        low, high = bounds if box is None else box
        if self.own.size == 1 and not self.rows.size and P[0, 0] > 1e-12 * _scale(P):
            z = np.clip(-q / P[0, 0], low, high)
            return Response(z, self.gain(x, z), Status.SOLVED)
        equal = self.symbolic.equality[self.rows]
        eye = sp.identity(self.own.size, format="csr")
        lower, upper = np.isfinite(low), np.isfinite(high)
        A = sp.vstack([matrix[equal], matrix[~equal], eye[upper], -eye[lower]], format="csc")
        b = np.concatenate([-offset[equal], -offset[~equal], high[upper], -low[lower]])
        b = admitting(A, b, x[self.own], int(equal.sum()))
        solution = solve_quadratic(P, q, A, b, int(equal.sum()))
        if solution.status in (Status.UNBOUNDED, Status.INFEASIBLE):
            return Response(x[self.own], np.inf, solution.status)
        z = np.clip(solution.values, low, high)
        if not np.isfinite(z).all():
            return Response(x[self.own], 0.0, Status.FAILED)
        return Response(z, self.gain(x, z), solution.status)

    def _is_convex(self, P: Any) -> bool:
        return self._constant_is_convex if linear_quadratic(self.game) else _is_semidefinite(P)

    @cached_property
    def _constant_is_convex(self) -> bool:
        return _is_semidefinite(self._matrices(np.zeros(self.symbolic.n))[0])

    def _matrices(self, x: Array) -> tuple[Any, Array, Array, Any]:
        """P, q, r, A of the own problem: 1/2 z'Pz + q'z subject to r + A z <= 0 (or = 0)."""
        if not linear_quadratic(self.game):
            _, gradient, hessian, rows, slopes = self._pieces(np.zeros(self.own.size), x)
            return (
                to_csr(hessian),
                np.asarray(gradient).ravel(),
                np.asarray(rows).ravel(),
                to_csr(slopes),
            )
        form, own = quadratic_form(self.game), self.own
        lifted = self.symbolic.lift(x)
        P = form.direct[own][:, own] + form.through[own] @ form.aggregates[:, own]
        gradient = form.direct[own] @ x + form.through[own] @ lifted + form.offset[own]
        A = form.rows[self.rows][:, own]
        values = form.rows[self.rows] @ x + form.row_offset[self.rows]
        return sp.csr_matrix(P), gradient - P @ x[own], values - A @ x[own], sp.csr_matrix(A)

    def _on_line(self, x: Array) -> Response:
        place = int(self.own[0])

        function, near, through = self._cost_on_line
        aggregates = self.symbolic.lift(x)[through]
        slopes = self.symbolic.matrix[through][:, [place]].toarray()
        spot = np.flatnonzero(near == place)

        def cost(z: Array) -> Array:
            points = np.repeat(x[near][:, None], z.size, axis=1)
            points[spot] = z
            return np.asarray(
                function(points, aggregates[:, None] + slopes * (z - x[place]))
            ).ravel()

        low, high = self.symbolic.lower[place], self.symbolic.upper[place]
        z, bounded = minimize_on_line(cost, float(low), float(high), float(x[place]))
        status = Status.SOLVED if bounded else Status.UNBOUNDED
        gain = self.gain(x, np.array([z])) if bounded else np.inf
        return Response(np.array([z]), gain, status)

    @cached_property
    def program(self) -> SmoothProgram:
        """The player's problem in z, the whole point x as parameters."""
        z, x, cost, rows = self._in_own
        equal = self.symbolic.equality[self.rows]
        return SmoothProgram(
            variables=z,
            parameters=x,
            objective=cost,
            constraints=rows,
            lower=self.symbolic.lower[self.own],
            upper=self.symbolic.upper[self.own],
            constraint_lower=np.where(equal, 0.0, -np.inf),
            constraint_upper=np.zeros(self.rows.size),
        )

    @cached_property
    def _ipopt(self) -> Any:
        return Ipopt().prepare(self.program)

    def respond_globally(self, point: Array, seconds: float = 5.0) -> Response | None:
        """The best answer of all to `point` (n,), by SCIP and Ipopt's last digits.

        None where SCIP is not installed, lacks a function, or does not finish.
        """
        program = self.program
        if not scip_is_installed():
            return None
        if refused_by_scip(
            ca.vertcat(program.objective, program.constraints),
            [program.variables, program.parameters],
        ):
            return None
        x = self.complete(point)
        rows = np.asarray(self._rows_in_own(x[self.own], x)).ravel().clip(-WIDENED, WIDENED)
        equal = self.symbolic.equality[self.rows]
        admitting = replace(
            program,
            constraint_lower=np.where(equal, np.minimum(rows, 0.0), -np.inf),
            constraint_upper=np.maximum(rows, 0.0),
        )
        found = Scip(gap=1e-9, seconds=seconds).solve(admitting, x)
        if found.status is not Status.SOLVED:
            return None
        low, high = self.symbolic.lower[self.own], self.symbolic.upper[self.own]
        z = np.clip(found.values, low, high)
        near = self._ipopt.solve(z, x)
        sharp = np.clip(near.values, low, high)
        # SCIP's gain is a little too large where it uses up the violation that rows may have.
        if near.solved and self.gain(x, sharp) >= self.gain(x, z) - WIDENED:
            z = sharp
        return Response(z, self.gain(x, z), Status.SOLVED)

    def _by_ipopt(self, x: Array, convex: bool, starts: int, seed: int) -> Response:
        low, high = self.symbolic.lower[self.own], self.symbolic.upper[self.own]
        rng = np.random.default_rng(seed)
        reach = FAR * (1 + np.abs(x[self.own]))
        box = (np.maximum(low, x[self.own] - reach), np.minimum(high, x[self.own] + reach))
        spread = [rng.uniform(*box) for _ in range(starts)]
        best, status = Response(x[self.own], 0.0, Status.FAILED), Status.FAILED
        for start in (self.symbolic.start[self.own], x[self.own], *spread):
            solution = self._ipopt.solve(start, x)
            if solution.status is Status.UNBOUNDED:
                # Ipopt also diverges, uphill, from kinks; unbounded is what pays far out.
                if self.gain(x, solution.values) > 0:
                    return Response(solution.values, np.inf, solution.status)
                continue
            if solution.solved:
                status = Status.SOLVED
            # A feasible deviation that pays is one, however the solver ended.
            elif not np.isfinite(solution.values).all() or self._broken(solution.values, x) > NEAR:
                continue
            z = np.clip(solution.values, low, high)
            gain = self.gain(x, z)
            if best.status is Status.FAILED or gain > best.gain:
                best = Response(z, gain, Status.STALLED)
            if convex and solution.solved:
                break
        return Response(best.values, best.gain, status)

    def _broken(self, z: Array, x: Array) -> float:
        """Largest violation of the player's rows at z."""
        rows = np.asarray(self._rows_in_own(z, x)).ravel()
        equal = self.symbolic.equality[self.rows]
        broken = np.where(equal, np.abs(rows), rows)
        return float(broken.max(initial=0.0)) if np.isfinite(broken).all() else np.inf

    @cached_property
    def _rows_in_own(self) -> Any:
        z, x, _, rows = self._in_own
        return ca.Function("rows", [z, x], [rows])


def _scale(P: Any) -> float:
    return max(1.0, float(np.abs(P.data).max(initial=0.0)))


def _is_semidefinite(P: Any) -> bool:
    """No eigenvalue below zero but for rounding: by Gershgorin's circles, else by Cholesky."""
    diagonal, slack = P.diagonal(), 1e-9 * _scale(P)
    others = np.asarray(abs(P).sum(axis=1)).ravel() - np.abs(diagonal)
    if (diagonal - others >= -slack).all():
        return True
    try:
        np.linalg.cholesky(P.toarray() + slack * np.eye(P.shape[0]))
    except np.linalg.LinAlgError:
        return False
    return True


def admitting(A: Any, b: Array, z: Array, equalities: int) -> Array:
    """Right sides that admit z where it breaks a row by rounding only.

    Else a feasible set without interior, as 0 <= z <= 1 - y at y = 1 + 1e-12, would count as
    empty. The wider set can only show a larger gain.
    """
    gap = A @ z - b
    near = np.abs(gap) <= NEAR * (1 + np.abs(b))
    near[equalities:] &= gap[equalities:] > 0
    return np.where(near, b + gap, b)


def linear_quadratic(game: Game) -> bool:
    """Whether every cost is quadratic in own strategies and every row affine."""
    return bool(game.symbolic.is_affine and game.symbolic.linear_rows.all())


def numbers_with_epigraphs(game: Game) -> GameNumbers:
    """The game's numbers over declared and epigraph coordinates, built once a game."""
    if game.symbolic is game.declared:
        return game.numbers
    return _remembered(game, "_full_numbers", lambda: GameNumbers(game.symbolic, game.signs))


@dataclass(frozen=True)
class QuadraticForm:
    """The matrices of a linear-quadratic game: F = direct x + through y + offset.

    Attributes
    ----------
    direct, through : csr (n, n) and (n, aggregates)
    aggregates : csc (aggregates, n)
        y = aggregates x + constant.
    offset : ndarray (n,)
    rows : csr (rows, n), row_offset : ndarray (rows,)
        g = rows x + row_offset, aggregates followed.
    """

    direct: Any
    through: Any
    aggregates: Any
    offset: Array
    rows: Any
    row_offset: Array


def quadratic_form(game: Game) -> QuadraticForm:
    """Matrices of a linear-quadratic game over all its coordinates, built once a game."""

    def build() -> QuadraticForm:
        numbers = numbers_with_epigraphs(game)
        zero = np.zeros(numbers.symbolic.n)
        direct, through = numbers.jacobian_parts(zero)
        return QuadraticForm(
            direct=direct,
            through=through,
            aggregates=numbers.symbolic.matrix.tocsc(),
            offset=numbers.gradient(zero) - through @ numbers.symbolic.offset,
            rows=numbers.row_jacobian(zero),
            row_offset=numbers.rows(zero),
        )

    return _remembered(game, "_quadratic_form", build)


def own_problem(game: Game, player: int) -> OwnProblem:
    """The player's problem, built once a game."""
    problems: dict[int, OwnProblem] = _remembered(game, "_own_problems", dict)
    if player not in problems:
        problems[player] = OwnProblem(game, player)
    return problems[player]


def _remembered(game: Game, name: str, build: Callable[[], T]) -> T:
    """A value that belongs to the game, computed on first use."""
    if name not in game.__dict__:
        game.__dict__[name] = build()
    return cast("T", game.__dict__[name])


def best_response(game: Game, profiles: Array, player: int) -> Array:
    """Best answers of `player` to many profiles.

    Parameters
    ----------
    game : Game
    profiles : ndarray (replications, n)
    player : int
        Index in `game.player_names`.

    Returns
    -------
    ndarray (replications, own coordinates)
    """
    profiles = np.atleast_2d(np.asarray(profiles, dtype=float))
    problem = own_problem(game, player)
    if problem.own.size == 1 and not problem.rows.size and linear_quadratic(game):
        slope = problem._matrices(problem.complete(profiles[0]))[0][0, 0]
        if slope > 0:
            place = int(problem.own[0])
            gradient = game.numbers.pseudo_gradient(profiles)[:, place]
            numbers = game.numbers
            wanted = profiles[:, place] - gradient / slope
            bounds = numbers.lower[place], numbers.upper[place]
            return np.asarray(np.clip(wanted, *bounds)[:, None])
    declared = problem.own < game.symbolic.declared
    return np.stack([problem.respond(profile).values[declared] for profile in profiles])
