"""The first-order conditions as a Pyomo model that any nonlinear solver can take.

    min  sum (complementary products)
    s.t. stationarity, feasibility, signs of slacks and multipliers

The optimum is zero exactly at solutions of the conditions. For monotone games with
linear rows the program is convex (Cottle, Pang and Stone 1992, section 1.4), and a
local solver finds them; otherwise a positive optimum is no equilibrium and the
certificate refuses it.
"""

from __future__ import annotations

from typing import Any

import casadi as ca
import numpy as np
from numpy.typing import NDArray

from eqsolve._lazy import LazyModule
from eqsolve.concepts import Nash, VariationalEquilibrium
from eqsolve.formulations.kkt import OptimalityConditions, optimality_conditions
from eqsolve.formulations.recovery import Recovered, weights_of
from eqsolve.programs.casadi_to_pyomo import pyomo_expressions
from eqsolve.programs.nonlinear import NonlinearProgram
from eqsolve.results import Solution

pyo: Any = LazyModule("pyomo.environ")

Array = NDArray[np.float64]


class Nonlinear:
    """Formulation of Nash and variational equilibria as a nonlinear program in Pyomo."""

    name = "nonlinear"
    kind = "nonlinear"

    def refuses(self, game: Any, concept: Any) -> str | None:
        """None, or why this formulation does not apply."""
        if not isinstance(concept, (Nash, VariationalEquilibrium)):
            return f"first-order conditions of simultaneous play do not express {concept!r}."
        return None

    def compile(self, game: Any, concept: Any, start: Array | None = None) -> NonlinearProgram:
        """The Pyomo model, its variables at `start` (n,)."""
        conditions = optimality_conditions(game.symbolic, weights_of(game, concept))
        return NonlinearProgram(kkt_model(conditions, start))

    def recover(self, program: NonlinearProgram, solution: Solution) -> Recovered:
        """The strategies the model's variables hold."""
        return Recovered(np.array([pyo.value(v) for v in program.problem.strategy.values()]))


def kkt_model(conditions: OptimalityConditions, start: Array | None = None) -> Any:
    """First-order conditions as a `pyo.ConcreteModel`; see the module's docstring.

    Its variables are `strategy`, `aggregate`, `aggregate_price`, `multiplier`, `slack`,
    `at_lower` and `at_upper`, indexed by coordinate name or row number.
    """
    game = conditions.game
    x = game.start.copy()
    if start is not None:
        x[: game.declared] = start
    x = np.clip(x, game.lower, game.upper)
    model = pyo.ConcreteModel("equilibrium conditions")
    names = list(game.names)
    _variables(model, names, conditions, x)
    multiplier = list(model.multiplier.values())
    values = [
        *model.strategy.values(),
        *model.aggregate.values(),
        *model.aggregate_price.values(),
        *multiplier,
    ]
    pieces = [conditions.stationarity, conditions.price_residual, game.rows]
    lifted = conditions.residual[game.n : game.n + game.aggregates]
    written = pyomo_expressions(ca.vertcat(*pieces, lifted), [conditions.unknowns], values)
    sizes = np.cumsum([piece.shape[0] for piece in pieces])
    stationarity, prices, rows, aggregates = (
        written[a:b] for a, b in zip([0, *sizes], [*sizes, len(written)], strict=True)
    )

    def stationary(model: Any, name: str) -> Any:
        expression = stationarity[names.index(name)]
        if name in model.at_lower:
            expression = expression - model.at_lower[name]
        if name in model.at_upper:
            expression = expression + model.at_upper[name]
        return _equation(expression)

    model.stationarity = pyo.Constraint(names, rule=stationary)
    model.aggregation = pyo.Constraint(
        range(len(aggregates)), rule=lambda m, k: _equation(aggregates[k])
    )
    model.pricing = pyo.Constraint(range(len(prices)), rule=lambda m, k: _equation(prices[k]))
    model.feasibility = pyo.Constraint(
        range(len(rows)),
        rule=lambda m, r: _equation(rows[r] + (m.slack[r] if not game.equality[r] else 0.0)),
    )
    products = [model.slack[r] * model.multiplier[r] for r in model.slack]
    place = {name: j for j, name in enumerate(names)}
    products += [
        (model.strategy[name] - float(game.lower[place[name]])) * model.at_lower[name]
        for name in model.at_lower
    ]
    products += [
        (float(game.upper[place[name]]) - model.strategy[name]) * model.at_upper[name]
        for name in model.at_upper
    ]
    model.gap = pyo.Objective(expr=sum(products) if products else 0.0)
    return model


def _variables(model: Any, names: list[str], conditions: OptimalityConditions, x: Array) -> None:
    game = conditions.game
    bound = dict(zip(names, zip(game.lower, game.upper, strict=True), strict=True))
    values = dict(zip(names, x.tolist(), strict=True))

    def bounds(model: Any, name: str) -> tuple[float | None, float | None]:
        low, high = bound[name]
        return (
            float(low) if np.isfinite(low) else None,
            float(high) if np.isfinite(high) else None,
        )

    def sign(model: Any, r: int) -> tuple[float | None, None]:
        return (None if game.equality[r] else 0.0), None

    lifted = game.lift(x)
    count = conditions.multipliers.shape[0]
    model.strategy = pyo.Var(names, bounds=bounds, initialize=values)
    model.aggregate = pyo.Var(range(game.aggregates), initialize=lambda m, k: float(lifted[k]))
    model.aggregate_price = pyo.Var(range(conditions.prices.shape[0]), initialize=0.0)
    model.multiplier = pyo.Var(range(count), bounds=sign, initialize=0.0)
    inequalities = [r for r in range(count) if not game.equality[r]]
    model.slack = pyo.Var(inequalities, within=pyo.NonNegativeReals, initialize=1.0)
    model.at_lower = pyo.Var(
        [name for name in names if np.isfinite(bound[name][0])],
        within=pyo.NonNegativeReals,
        initialize=0.0,
    )
    model.at_upper = pyo.Var(
        [name for name in names if np.isfinite(bound[name][1])],
        within=pyo.NonNegativeReals,
        initialize=0.0,
    )


def _equation(expression: Any) -> Any:
    """expression == 0, also where the expression turned out to be a number."""
    if isinstance(expression, (int, float)):
        return pyo.Constraint.Feasible if abs(expression) < 1e-12 else pyo.Constraint.Infeasible
    return expression == 0
