"""Pyomo to CasADi: same values for every kind of expression, refusals by name."""

from __future__ import annotations

import casadi as ca
import numpy as np
import pyomo.environ as pyo
import pytest
from pyomo.common.collections import ComponentMap
from pyomo.core.expr import MaxExpression, MinExpression

from eqsolve.errors import EqsolveError, UnsupportedFunction
from eqsolve.programs.casadi_to_pyomo import pyomo_expressions
from eqsolve.programs.pyomo_to_casadi import casadi_expression


@pytest.fixture
def model():
    model = pyo.ConcreteModel()
    model.x, model.y = pyo.Var(), pyo.Var()
    model.fixed = pyo.Var(initialize=2.5)
    model.fixed.fix()
    model.rate = pyo.Param(initialize=0.3, mutable=True)
    model.firm = pyo.Param(initialize=4.0)
    model.total = pyo.Expression(expr=model.x + model.y)
    return model


def symbols_of(model):
    return ComponentMap(((model.x, ca.SX.sym("x")), (model.y, ca.SX.sym("y"))))


def check(expression, model, low=0.1, high=0.9):
    symbols = symbols_of(model)
    translated = casadi_expression(expression, symbols)
    assert isinstance(translated, ca.SX)
    function = ca.Function("f", list(symbols.values()), [translated])
    for x, y in np.random.default_rng(1).uniform(low, high, (6, 2)):
        model.x.value, model.y.value = x, y
        expected = float(pyo.value(expression))
        assert float(function(x, y)) == pytest.approx(expected, rel=1e-13, abs=1e-13)
    return translated


@pytest.mark.parametrize(
    "write",
    [
        lambda m: m.x + m.y - 3,
        lambda m: 2 * m.x - m.y * m.rate,
        lambda m: m.rate * 2 + m.firm,
        lambda m: m.rate**2 / m.firm * m.x,
        lambda m: m.x * m.y * (m.x + 1) / (m.y + 2),
        lambda m: m.x**2 + m.x**m.y + 3**m.x + m.x**-1,
        lambda m: -(m.x * m.y) - (m.x + m.y),
        lambda m: abs(m.x - m.y),
        lambda m: m.fixed * m.x + m.fixed**2,
        lambda m: m.total * m.total + pyo.exp(m.total),
        lambda m: pyo.Expr_if(m.x <= m.y, m.x, m.y**2),
        lambda m: pyo.Expr_if(m.x < m.y, 1.0, m.y),
        lambda m: pyo.Expr_if(m.x == m.y, 1.0, m.y),
        lambda m: pyo.Expr_if(pyo.inequality(0.2, m.x, 0.6), m.x, -m.x),
        lambda m: MinExpression([m.x, m.y, 0.5]) + MaxExpression([m.x, m.y]),
        lambda m: m.x,
        lambda m: 5,
        lambda m: m.rate,
        lambda m: m.firm,
        lambda m: m.total,
    ],
)
def test_every_kind_of_expression(write, model):
    check(write(model), model)


@pytest.mark.parametrize(
    "name",
    [
        *("exp", "log", "log10", "sqrt", "sin", "cos", "tan", "asin", "acos", "atan"),
        *("sinh", "cosh", "tanh", "asinh", "atanh", "floor", "ceil"),
    ],
)
def test_every_unary_function(name, model):
    check(getattr(pyo, name)(model.x * model.y), model)


def test_acosh(model):
    check(pyo.acosh(1 + model.x), model)


def test_there_and_back_again(model):
    """Pyomo to CasADi to Pyomo prints the same."""
    expression = model.x * (100 - model.x - model.y) - pyo.exp(-model.x) / (model.y + 1)
    symbols = symbols_of(model)
    (back,) = pyomo_expressions(
        casadi_expression(expression, symbols), list(symbols.values()), [model.x, model.y]
    )
    assert str(back) == "x*(100 - x - y) - exp(- x)/(y + 1)"


def test_named_expressions_are_read_once(model):
    """A chain in which each entry uses the one before twice has 2^200 leaves when written out."""
    model.chain = pyo.Expression(range(200))
    model.chain[0].expr = model.x
    for k in range(1, 200):
        model.chain[k].expr = 0.5 * model.chain[k - 1] + 0.5 * pyo.sin(model.chain[k - 1])
    symbols = symbols_of(model)
    translated = casadi_expression(model.chain[199], symbols)
    assert ca.Function("f", list(symbols.values()), [translated]).n_instructions() < 1000


def test_long_sums_and_deep_nesting_do_not_exhaust_the_stack(model):
    symbols = symbols_of(model)
    deep = model.x
    for _ in range(5000):
        deep = 1 / (1 + deep)
    wide = sum((k % 3) * model.x + model.x * model.y for k in range(20_000))
    for expression in (deep, wide):
        translated = casadi_expression(expression, symbols)
        model.x.value, model.y.value = 0.4, 0.7
        function = ca.Function("f", list(symbols.values()), [translated])
        expected = 20_000 * 0.28 + 0.4 * sum(k % 3 for k in range(20_000))
        golden = (np.sqrt(5) - 1) / 2
        value = float(function(0.4, 0.7))
        assert value == pytest.approx(golden if expression is deep else expected, rel=1e-12)


def test_derivative_of_a_profit(model):
    """Two firms, price 100 - x - y, cost 10 x: d profit / d x = 90 - 2x - y."""
    symbols = symbols_of(model)
    profit = casadi_expression(model.x * (100 - model.x - model.y) - 10 * model.x, symbols)
    gradient = ca.gradient(profit, symbols[model.x])
    assert float(ca.Function("g", list(symbols.values()), [gradient])(20.0, 30.0)) == 20.0


def test_external_functions_are_refused_by_name(model):
    model.spline = pyo.ExternalFunction(lambda a: a**2)
    with pytest.raises(UnsupportedFunction, match="external function 'spline'"):
        casadi_expression(1 + model.spline(model.x), symbols_of(model))


def test_strangers_are_refused_by_name(model):
    model.stranger = pyo.Var()
    with pytest.raises(EqsolveError, match="'stranger' belongs to no player"):
        casadi_expression(model.x + model.stranger, symbols_of(model))


def test_constants_without_a_value_are_refused(model):
    model.empty = pyo.Var()
    model.empty.fixed = True
    with pytest.raises(EqsolveError, match="'empty' is held constant but has no value"):
        casadi_expression(model.x * model.empty, symbols_of(model))


def test_what_is_no_smooth_operation_is_refused(model):
    with pytest.raises(UnsupportedFunction, match="XorExpression"):
        casadi_expression(
            pyo.Expr_if(pyo.xor(model.y <= 1, model.x <= 1), model.x, 1.0), symbols_of(model)
        )
