"""Ipopt, the interior-point method inside CasADi's wheel, for nonlinear and smooth programs.

Reference: Waechter and Biegler, "On the implementation of an interior-point filter
line-search algorithm for large-scale nonlinear programming", Mathematical Programming 106
(2006), 25-57.

A Pyomo model reaches it as an .nl file: Pyomo writes, CasADi reads, and values and
multipliers go back into the model. A program in CasADi's own expressions is compiled once
and solved for as many parameter values as wanted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import casadi as ca
import numpy as np

from eqsolve.errors import EqsolveError
from eqsolve.programs.nonlinear import NonlinearProgram
from eqsolve.programs.smooth import SmoothProgram, vector
from eqsolve.results import Solution, Status

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Vector = NDArray[np.float64]

_STATUSES = {
    "Solve_Succeeded": Status.SOLVED,
    "Feasible_Point_Found": Status.SOLVED,
    "Solved_To_Acceptable_Level": Status.STALLED,
    "Search_Direction_Becomes_Too_Small": Status.STALLED,
    "Infeasible_Problem_Detected": Status.INFEASIBLE,
    "Diverging_Iterates": Status.UNBOUNDED,
    "Maximum_Iterations_Exceeded": Status.ITERATION_LIMIT,
    "Maximum_CpuTime_Exceeded": Status.ITERATION_LIMIT,
    "Maximum_WallTime_Exceeded": Status.ITERATION_LIMIT,
}


@dataclass(frozen=True)
class SmoothSolution(Solution):
    """A `Solution` of a `SmoothProgram`, with the multipliers of its bounds.

    With f minimized, gradient f + sum multipliers * gradient g + bound_multipliers = 0:
    a multiplier is positive where an upper limit holds the objective back, negative where a
    lower one does. `residual` is the largest violation of that equation and of
    ``x = clip(x + bound_multipliers, lower, upper)``, likewise for g, in the program's units.

    Attributes
    ----------
    bound_multipliers : ndarray, shape (n,)
        Multipliers of the bounds on the variables; `multipliers` (m,) are the constraints'.
    """

    bound_multipliers: Vector | None = None


@dataclass(frozen=True)
class Ipopt:
    """Options of Ipopt.

    Parameters
    ----------
    tolerance : float
        Relative tolerance on the first-order conditions, in Ipopt's scaling.
    max_iterations : int
        Iterations before giving up with `Status.ITERATION_LIMIT`.
    bound_relaxation : float
        Relative amount by which bounds are loosened while solving. Zero keeps strictly to
        them; 1e-8, Ipopt's own default, helps where a feasible set has no interior, as with
        complementarity written as products.
    warm_start : bool
        Start close to the `previous` solution that is given to `PreparedSolver.solve`, its
        multipliers included, instead of moving to the interior first.
    options : mapping of str to float, int or str
        Further options by Ipopt's own names (https://coin-or.github.io/Ipopt/OPTIONS.html).

    Examples
    --------
    >>> q, rival = ca.SX.sym("q"), ca.SX.sym("rival")
    >>> best_reply = SmoothProgram(q, -q * (100 - q - rival), parameters=rival, lower=0.0)
    >>> prepared = Ipopt().prepare(best_reply)
    >>> [round(prepared.solve(parameters=rival).values.item(), 6) for rival in (0.0, 40.0)]
    [50.0, 30.0]
    """

    tolerance: float = 1e-10
    max_iterations: int = 1000
    bound_relaxation: float = 0.0
    warm_start: bool = False
    options: Mapping[str, float | int | str] = field(default_factory=dict, hash=False)

    name: ClassVar[str] = "ipopt"
    kinds: ClassVar[frozenset[str]] = frozenset({"nonlinear"})

    def prepare(self, program: SmoothProgram) -> PreparedSolver:
        """Take the derivatives of `program` once, to solve it many times.

        Raises
        ------
        EqsolveError
            `options` holds a name or a value that Ipopt does not know.
        """
        prepared = PreparedSolver(program, self)
        _ = prepared.engine
        return prepared

    def solve(
        self, program: NonlinearProgram | SmoothProgram, start: ArrayLike | None = None
    ) -> Solution:
        """Solve a program once.

        Parameters
        ----------
        program : NonlinearProgram or SmoothProgram (without parameters)
        start : array_like, shape (n,), or None
            Where to begin, in the order of ``program.variables``. Default: the values that the
            Pyomo model's variables hold, or the smooth program's own start.

        Returns
        -------
        Solution
            Values in the order of ``program.variables``. For a Pyomo model `multipliers` are in
            the order of ``program.constraints`` and have Pyomo's sign: the change of the
            optimal objective per unit of the constraint's right-hand side. A solution (solved,
            or stalled close to one) is set in the model: values in the variables, multipliers
            in the ``dual`` suffix if it has one that takes them. Otherwise the model is left
            as it was.

        Raises
        ------
        UnsupportedFunction
            The reader of .nl files lacks a function of the model (asinh, acosh, atanh, Expr_if,
            external functions).
        EqsolveError
            The model has free integer variables or components beyond smooth constraints.
        """
        if isinstance(program, SmoothProgram):
            return self.prepare(program).solve(start)
        from eqsolve.solvers.nl_file import read_model, write_back  # brings Pyomo

        reading = read_model(program, start)
        if isinstance(reading, Solution):
            return reading
        found = self.prepare(reading.program).solve()
        return write_back(program, reading, found)

    def _engine_options(self) -> dict[str, Any]:
        ipopt: dict[str, float | int | str] = {
            "tol": self.tolerance,
            "max_iter": self.max_iterations,
            "bound_relax_factor": self.bound_relaxation,
            "honor_original_bounds": "yes",
            # Points that merely look acceptable are not taken for solutions, unless progress
            # has stopped for long: then the status says so.
            "acceptable_tol": max(1e-8, self.tolerance),
            "print_level": 0,
            "sb": "yes",
            # A stray ipopt.opt in the working directory must not change results.
            "option_file_name": "",
        }
        if self.warm_start:
            ipopt |= {"warm_start_init_point": "yes", "mu_init": 1e-7}
            pushes = ("bound_push", "bound_frac", "slack_bound_push", "slack_bound_frac")
            ipopt |= {f"warm_start_{push}": 1e-9 for push in pushes}
            ipopt["warm_start_mult_bound_push"] = 1e-9
        # Quiet: no timings, no warnings where a function is undefined on the way.
        return {
            "ipopt": ipopt | dict(self.options),
            "print_time": False,
            "record_time": False,
            "error_on_fail": False,
            "show_eval_warnings": False,
            "calc_lam_p": False,
        }


@dataclass(frozen=True, eq=False)
class PreparedSolver:
    """Ipopt compiled for one smooth program; made by `Ipopt.prepare`.

    Attributes
    ----------
    program : SmoothProgram
    ipopt : Ipopt
    """

    program: SmoothProgram
    ipopt: Ipopt

    @cached_property
    def engine(self) -> ca.Function:
        """CasADi's solver of the program as it stands."""
        return self._compile(0)

    @cached_property
    def _roomy_engine(self) -> ca.Function:
        # Ipopt refuses more equations than variables, even if some of them repeat the others
        # or a variable is held fixed. With one idle variable a row, driven to zero by the
        # objective, its regularization finds the point that meets all rows, if there is one.
        return self._compile(self.program.constraints.numel())

    @cached_property
    def _conditions(self) -> ca.Function:
        """(x, p, multipliers) -> objective, constraints, gradient of the Lagrangian in x."""
        program = self.program
        multipliers = ca.SX.sym("multipliers", program.constraints.numel())
        lagrangian = program.objective + ca.dot(multipliers, program.constraints)
        return ca.Function(
            "conditions",
            [program.variables, program.parameters, multipliers],
            [
                program.objective,
                program.constraints,
                ca.densify(ca.gradient(lagrangian, program.variables)),
            ],
        )

    def _compile(self, idle: int) -> ca.Function:
        program = self.program
        extra = ca.SX.sym("idle", idle)
        problem = {
            "x": ca.vertcat(program.variables, extra),
            "p": program.parameters,
            "f": program.objective + ca.sumsqr(extra) / 2 if idle else program.objective,
            "g": program.constraints,
        }
        try:
            return ca.nlpsol("ipopt", "ipopt", problem, self.ipopt._engine_options())
        except RuntimeError as error:
            # CasADi has no other class of errors; its last line holds the reason.
            reason = str(error).strip().splitlines()[-1].split(": ", 1)[-1]
            raise EqsolveError(f"Ipopt cannot be set up: {reason}") from error

    def solve(
        self,
        start: ArrayLike | None = None,
        parameters: ArrayLike = (),
        *,
        lower: ArrayLike | None = None,
        upper: ArrayLike | None = None,
        constraint_lower: ArrayLike | None = None,
        constraint_upper: ArrayLike | None = None,
        previous: SmoothSolution | None = None,
    ) -> SmoothSolution:
        """Solve for one value of the parameters.

        Parameters
        ----------
        start : array_like, shape (n,), or None
            Where to begin. Default: `previous`, else the program's own start.
        parameters : array_like, shape (p,)
            Values of the program's parameters.
        lower, upper, constraint_lower, constraint_upper : array_like or None
            Bounds that replace the program's own in this solution.
        previous : SmoothSolution or None
            A solution nearby; with ``Ipopt(warm_start=True)`` its multipliers are used too.

        Returns
        -------
        SmoothSolution

        Raises
        ------
        EqsolveError
            An array has the wrong length or holds NaN.
        """
        program = self.program
        n, m = program.variables.numel(), program.constraints.numel()
        bounds = [
            own if given is None else vector(given, size, name)
            for own, given, size, name in (
                (program.lower, lower, n, "'lower'"),
                (program.upper, upper, n, "'upper'"),
                (program.constraint_lower, constraint_lower, m, "'constraint_lower'"),
                (program.constraint_upper, constraint_upper, m, "'constraint_upper'"),
            )
        ]
        low, high, row_low, row_high = (np.asarray(bound) for bound in bounds)
        values = vector(parameters, program.parameters.numel(), "'parameters'")
        if start is not None:
            guess = vector(start, n, "'start'")
        else:
            guess = program.first_guess if previous is None else previous.values
        if _crossed(low, high) or _crossed(row_low, row_high):
            return self._solution(
                guess, values, np.zeros(m), np.zeros(n), bounds, Status.INFEASIBLE, 0
            )
        equations = np.count_nonzero(low == high) + np.count_nonzero(row_low == row_high)
        idle = m if equations > n else 0
        engine = self._roomy_engine if idle else self.engine
        free = np.full(idle, np.inf)
        arguments = {
            "x0": np.concatenate([guess, np.zeros(idle)]),
            "p": values,
            "lbx": np.concatenate([low, -free]),
            "ubx": np.concatenate([high, free]),
            "lbg": row_low,
            "ubg": row_high,
        }
        if previous is not None:
            bound_multipliers = np.asarray(previous.bound_multipliers)
            arguments["lam_g0"] = np.asarray(previous.multipliers)
            arguments["lam_x0"] = np.concatenate([bound_multipliers, np.zeros(idle)])
        result = engine(**arguments)
        statistics = engine.stats()
        return self._solution(
            _array(result["x"])[:n],
            values,
            _array(result["lam_g"]),
            _array(result["lam_x"])[:n],
            bounds,
            _STATUSES.get(statistics["return_status"], Status.FAILED),
            int(statistics["iter_count"]),
        )

    def _solution(
        self,
        point: Vector,
        parameters: Vector,
        multipliers: Vector,
        bound_multipliers: Vector,
        bounds: list[Any],
        status: Status,
        iterations: int,
    ) -> SmoothSolution:
        low, high, row_low, row_high = bounds
        outputs = self._conditions(point, parameters, multipliers)
        value, rows, gradient = (_array(output) for output in outputs)
        gaps = np.concatenate(
            [
                # Zero, or NaN where the objective is undefined.
                0.0 * value,
                gradient + bound_multipliers,
                point - np.clip(point + bound_multipliers, low, high),
                rows - np.clip(rows + multipliers, row_low, row_high),
            ]
        )
        residual = float(np.abs(gaps).max(initial=0.0))
        return SmoothSolution(
            values=point,
            status=status,
            residual=residual if np.isfinite(residual) else np.inf,
            iterations=iterations,
            solver=self.ipopt.name,
            multipliers=multipliers,
            objective=value.item(),
            bound_multipliers=bound_multipliers,
        )


def _array(matrix: ca.DM) -> Vector:
    return np.asarray(matrix.full(), dtype=np.float64).ravel()


def _crossed(lower: Vector, upper: Vector) -> bool:
    """Whether some interval holds no number at all."""
    return bool(np.any((lower > upper) | (lower == np.inf) | (upper == -np.inf)))
