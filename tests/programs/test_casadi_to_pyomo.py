"""CasADi to Pyomo: same values operation by operation, and prints a person can read."""

from __future__ import annotations

import casadi as ca
import numpy as np
import pyomo.environ as pyo
import pytest

from eqsolve.errors import EqsolveError, UnsupportedFunction
from eqsolve.programs.casadi_to_pyomo import pyomo_expressions
from eqsolve.programs.nonlinear import NonlinearProgram

X, Y = ca.SX.sym("x"), ca.SX.sym("y")
BOTH = ca.vertcat(X, Y)

# Every operation with an interval of x and y in which it and its derivatives are defined.
OPERATIONS = {
    "add": (X + Y, -2, 2),
    "subtract": (X - Y, -2, 2),
    "multiply": (X * Y, -2, 2),
    "divide": (X / Y, 0.3, 2),
    "quotient of quotients": ((X / Y) / (Y / (X + 1)), 0.3, 2),
    "negate": (-(X * Y), -2, 2),
    "twice": (X + X, -2, 2),
    "inverse": (1 / X + 1 / (X * Y), 0.3, 2),
    "square": ((X + Y) ** 2 + X**2, -2, 2),
    "cube": (X**3 * Y, -2, 2),
    "negative power": (X**-2 / Y, 0.3, 2),
    "constant power": (X**1.7 + (X + Y) ** -0.3, 0.3, 2),
    "variable power": (X**Y, 0.3, 2),
    "power of a constant": (ca.SX(3) ** X, -2, 2),
    "exp": (ca.exp(X * Y), -2, 2),
    "log": (ca.log(X + Y), 0.3, 2),
    "sqrt": (ca.sqrt(X * Y), 0.3, 2),
    "sin": (ca.sin(X * Y), -2, 2),
    "cos": (ca.cos(X + Y), -2, 2),
    "tan": (ca.tan(X), -1, 1),
    "sinh": (ca.sinh(X), -2, 2),
    "cosh": (ca.cosh(X * Y), -2, 2),
    "tanh": (ca.tanh(X - Y), -2, 2),
    "asin": (ca.asin(X), -0.9, 0.9),
    "acos": (ca.acos(X * Y), -0.9, 0.9),
    "atan": (ca.atan(X * Y), -2, 2),
    "asinh": (ca.asinh(X * Y), -2, 2),
    "acosh": (ca.acosh(X + Y), 0.6, 2),
    "atanh": (ca.atanh(X * Y), -0.9, 0.9),
    "log1p": (ca.log1p(X), 0.3, 2),
    "expm1": (ca.expm1(X * Y), -2, 2),
    "fabs": (ca.fabs(X - Y), -2, 2),
    "fmin": (ca.fmin(X, Y), -2, 2),
    "fmax": (ca.fmax(X * Y, Y), -2, 2),
    "sign": (ca.sign(X - Y), -2, 2),
    "copysign": (ca.copysign(X, Y), -2, 2),
    "hypot": (ca.hypot(X, Y), -2, 2),
    "conditional": (ca.if_else(X < Y, X**2, Y), -2, 2),
    "nested conditional": (ca.if_else(X <= 0, ca.if_else(Y < 0, X, Y), X * Y), -2, 2),
    "both": (ca.if_else(ca.logic_and(X < Y, Y < 1), X, Y**2), -2, 2),
    "either": (ca.if_else(ca.logic_or(X < Y, Y < 1), X, Y**2), -2, 2),
    "not": (ca.if_else(ca.logic_not(X < Y), X, Y**2), -2, 2),
    "equal and unequal": (ca.if_else(X == X, X, Y) + ca.if_else(X * Y != Y, X, Y), -2, 2),
    "comparison as a number": ((X < Y) * X + (X <= Y), -2, 2),
    "number as a condition": (ca.if_else(ca.fmax(X, 0), Y, X), -2, 2),
    "log of a sum of exps": (ca.logsumexp(BOTH), -2, 2),
    "norm": (ca.norm_2(BOTH), 0.3, 2),
    "entropy": (-X * ca.log(X), 0.3, 2),
}


def model_of_two() -> pyo.ConcreteModel:
    model = pyo.ConcreteModel()
    model.x, model.y = pyo.Var(), pyo.Var()
    model.shared = pyo.Expression(pyo.Any)
    return model


def translate(expressions, model, **options):
    return pyomo_expressions(expressions, [X, Y], [model.x, model.y], **options)


def values(expressions, model, point):
    model.x.value, model.y.value = point
    return np.array([pyo.value(expression) for expression in expressions])


@pytest.mark.parametrize("named", [False, True], ids=["written out", "shared pieces named"])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_value_and_both_derivatives_agree(operation, named):
    expression, low, high = OPERATIONS[operation]
    hessian, gradient = ca.hessian(expression, BOTH)
    everything = ca.vertcat(expression, gradient, ca.vec(hessian))
    model = model_of_two()
    translated = translate(everything, model, shared=model.shared if named else None)
    exact = ca.Function("exact", [BOTH], [everything])
    for point in np.random.default_rng(0).uniform(low, high, (8, 2)).tolist():
        expected = exact(point).full().ravel()
        assert np.isfinite(expected).all()
        np.testing.assert_allclose(
            values(translated, model, point), expected, rtol=1e-11, atol=1e-11
        )


def test_larger_and_smaller_of_equal_numbers():
    model = model_of_two()
    pair = translate(ca.vertcat(ca.fmax(X, Y), ca.fmin(X, Y), ca.sign(X - Y)), model)
    np.testing.assert_array_equal(values(pair, model, (0.7, 0.7)), [0.7, 0.7, 0.0])


@pytest.mark.parametrize(
    ("expression", "printed"),
    [
        (ca.gradient(X * (100 - (X + Y)) - 10 * X, X), "90 - 2*x - y"),
        (X * (X * X), "x**3"),
        (ca.gradient(X**4 * Y, X), "4*x**3*y"),
        (0 * X + 1 * Y, "y"),
        (X**1, "x"),
        ((X - Y) ** 2 + (X - Y) * (X - Y), "2*(x - y)**2"),
        (X**-2 / Y, "1/(x**2*y)"),
        (X**2 / X, "x**2/x"),
        (1 / (X / Y), "1/(x/y)"),
        (-(X * Y), "- x*y"),
        (-(2 * X - 3) * 4, "-8*x + 12"),
        (ca.gradient(ca.sqrt(X * Y), X), "0.5*y/sqrt(x*y)"),
        (ca.gradient(ca.exp(-(X**2) - Y**2), X), "-2*x*exp(- x**2 - y**2)"),
        (ca.if_else(X < Y, X**2, Y), "Expr_if( ( x  <  y ), then=( x**2 ), else=( y ) )"),
        (ca.log1p(X), "log(1 + x)"),
        (ca.SX(3), "3"),
        (X - X, "0"),
    ],
)
def test_prints_as_written_by_hand(expression, printed):
    assert str(translate(expression, model_of_two())[0]) == printed


def test_matrices_are_read_column_by_column_and_keep_their_zeros():
    model = model_of_two()
    jacobian = ca.jacobian(ca.vertcat(X * Y, 3 * Y), BOTH)
    assert [str(entry) for entry in translate(jacobian, model)] == ["y", "0", "x", "3"]


def test_vector_symbols_and_expressions_or_numbers_in_place_of_variables():
    model = model_of_two()
    z = ca.SX.sym("z", 3)
    result = pyomo_expressions(z[0] * z[1] + z[2], [z], [model.x + 1, model.y, 5.0])
    assert str(result[0]) == "(x + 1)*y + 5.0"


def test_large_repeated_pieces_get_a_name():
    model = model_of_two()
    piece = ca.exp(X + Y) * ca.log(X) + ca.sin(X * Y) + ca.sqrt(X)
    (row,) = translate(piece**2 + ca.cos(piece), model, shared=model.shared)
    model.row = pyo.Constraint(expr=row == 1)
    assert NonlinearProgram(model).describe() == (
        "Nonlinear program: 2 variables, 1 constraint.\n"
        "find values such that\n"
        "  row: shared[1]**2 + cos(shared[1]) == 1\n"
        "with\n"
        "  shared[1] = exp(x + y)*log(x) + sin(x*y) + sqrt(x)"
    )


def test_deeply_shared_expressions_stay_small_when_named():
    model = model_of_two()
    piece = X
    for _ in range(60):
        piece = ca.sin(piece) * ca.cos(piece) + ca.exp(-piece)
    row = translate(piece, model, shared=model.shared)[0]
    exact = ca.Function("exact", [BOTH], [piece])
    model.x.value = 0.3
    # Named pieces are valued once each from the first on; unnamed, 3^60 nodes would be.
    for entry in model.shared.values():
        entry.expr = pyo.value(entry.expr)
    assert pyo.value(row) == pytest.approx(float(exact([0.3, 0.0])), rel=1e-12)


def test_a_long_sum_is_one_flat_sum():
    symbols = ca.SX.sym("q", 3000)
    model = pyo.ConcreteModel()
    model.q = pyo.Var(range(3000))
    (total,) = pyomo_expressions(
        100 - sum(ca.vertsplit(symbols)) - symbols[7], [symbols], list(model.q.values())
    )
    assert total.nargs() == 3001
    assert str(total).startswith("100 - q[0] - q[1] - q[2]")
    assert "- 2*q[7]" in str(total)


@pytest.mark.parametrize(
    ("expression", "name"),
    [
        (ca.erf(X), "erf"),
        (ca.floor(X), "floor"),
        (ca.ceil(X), "ceil"),
        (ca.fmod(X, Y), "fmod"),
        (ca.remainder(X, Y), "remainder"),
        (ca.atan2(X, Y), "atan2"),
        (ca.erfinv(X), "erfinv"),
    ],
)
def test_functions_without_meaning_there_are_refused_by_name(expression, name):
    with pytest.raises(UnsupportedFunction, match=rf"cannot hold {name}: \w+"):
        translate(expression, model_of_two())


def test_constants_that_are_no_numbers_are_refused():
    with pytest.raises(UnsupportedFunction, match="the constant nan"):
        translate(X * np.nan, model_of_two())
    with pytest.raises(UnsupportedFunction, match=r"log\(0\), which is not a number"):
        translate(ca.log(2 * (X + Y) - 2 * X - 2 * Y), model_of_two())
    with pytest.raises(UnsupportedFunction, match="not a number"):
        translate(1 / (2 * (X + Y) - 2 * X - 2 * Y), model_of_two())


def test_unknown_symbols_and_wrong_counts_are_refused():
    model = model_of_two()
    with pytest.raises(EqsolveError, match="not given: other"):
        translate(X + ca.SX.sym("other"), model)
    with pytest.raises(EqsolveError, match="2 symbols need as many variables, not 1"):
        pyomo_expressions(X, [X, Y], [model.x])
