"""Linear programs with many more variables than rows: few variables at a time.

    minimise c'z   s.t.   row_lower <= A z <= row_upper,   z >= 0

A program of some columns gives multipliers y; columns with c_k - a_k'y < 0 could improve it and
join, and when there are none the answer is optimal for all (Dantzig and Wolfe 1960; "sifting",
Bixby, Gregory, Lustig, Marsten and Shanno 1992). Rows that the first columns cannot meet are met
by artificial ones at a price, which must be gone in the end.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from eqsolve._lazy import LazyModule
from eqsolve.programs.linear import LinearProgram
from eqsolve.results import Status
from eqsolve.solvers.branch_on_complementarity import BoundedSolution

Array = NDArray[np.float64]
highspy: Any = LazyModule("highspy")
FEWEST = 2000  # variables from which choosing among them pays
PER_ROW = 20  # variables a row from which it pays
ROUNDS = 200
PRICES = (1e2, 1e4, 1e6)  # of artificial columns, in units of the largest cost
PRIMAL = 4  # HiGHS's number of the primal simplex method


def has_many_columns(program: LinearProgram) -> bool:
    """Whether a program has the shape that this pays for."""
    rows, columns = program.rows.shape
    return (
        program.kind == "linear"
        and columns >= max(FEWEST, PER_ROW * rows)
        and not program.lower.any()
        and bool(np.isposinf(program.upper).all())
    )


def solve_by_columns(
    program: LinearProgram, engine: Any, tolerance: float
) -> BoundedSolution | None:
    """The optimum and its multipliers, or None where artificial columns stay.

    Parameters
    ----------
    program : LinearProgram
    engine : highspy.Highs
        Fresh, with its options set.
    tolerance : float
        Reduced cost, in units of the largest cost, that counts as none.
    """
    sign = 1.0 if program.sense == "min" else -1.0
    costs, columns = sign * program.objective, sp.csc_array(program.rows)
    size = float(np.abs(costs).max()) or 1.0
    for price in PRICES:
        found = _sift(program, costs / size, columns, engine, tolerance, price)
        if found is not None:
            values, multipliers, iterations = found
            objective = program.value(values)
            return BoundedSolution(
                values=values,
                status=Status.SOLVED,
                residual=0.0,
                iterations=iterations,
                solver="highs",
                multipliers=sign * size * multipliers,
                objective=objective,
                bound=objective,
            )
    return None


def _sift(
    program: LinearProgram, costs: Array, columns: Any, engine: Any, tolerance: float, price: float
) -> tuple[Array, Array, int] | None:
    rows, n = columns.shape
    engine.clearModel()
    engine.setOptionValue("simplex_strategy", PRIMAL)
    engine.passModel(_artificial(program, price))
    # To begin with the cheapest, and some at random for the rows.
    rng = np.random.default_rng(0)
    chosen = np.unique(np.append(np.argsort(costs)[: 2 * rows], rng.integers(0, n, 2 * rows)))
    order, inside, iterations = [], np.zeros(n, dtype=bool), 0
    for _ in range(ROUNDS):
        part = columns[:, chosen]
        open_ = np.full(chosen.size, np.inf)
        engine.addCols(
            chosen.size,
            costs[chosen],
            np.zeros(chosen.size),
            open_,
            part.nnz,
            part.indptr[:-1].astype(np.int32),
            part.indices.astype(np.int32),
            part.data,
        )
        order.append(chosen)
        inside[chosen] = True
        engine.run()
        iterations += max(int(engine.getInfo().simplex_iteration_count), 0)
        if engine.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        solution = engine.getSolution()
        multipliers = np.asarray(solution.row_dual)
        reduced = costs - columns.T @ multipliers
        reduced[inside] = 0.0
        better = np.flatnonzero(reduced < -tolerance)
        if not better.size:
            found = np.asarray(solution.col_value)
            used = np.concatenate(order)
            count = found.size - used.size
            if np.abs(found[:count]).max(initial=0.0) > tolerance:
                return None
            values = np.zeros(n)
            values[used] = found[count:]
            return values, multipliers, iterations
        most = max(50, rows)
        if better.size > most:
            better = better[np.argpartition(reduced[better], most)[:most]]
        chosen = better
    return None


def _artificial(program: LinearProgram, price: float) -> Any:
    """The program of artificial columns alone: one for every side of every row."""
    rows = program.row_lower.size
    sides = [np.isfinite(program.row_lower), np.isfinite(program.row_upper)]
    eye = sp.identity(rows, format="csc")
    matrix = sp.hstack([eye[:, sides[0]], -eye[:, sides[1]]], format="csc")
    model = highspy.HighsLp()
    model.num_row_, model.num_col_ = matrix.shape
    model.col_cost_ = np.full(matrix.shape[1], price)
    model.col_lower_ = np.zeros(matrix.shape[1])
    model.col_upper_ = np.full(matrix.shape[1], np.inf)
    model.row_lower_, model.row_upper_ = program.row_lower, program.row_upper
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_ = matrix.indptr
    model.a_matrix_.index_ = matrix.indices
    model.a_matrix_.value_ = matrix.data
    return model
