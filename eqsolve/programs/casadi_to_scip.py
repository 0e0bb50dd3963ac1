"""CasADi expressions as SCIP expressions, operation by operation.

CasADi reads the game; SCIP bounds it from below over a whole box. A CasADi function is a list
of elementary operations, each carried out on SCIP's expression trees, unexpanded: a power of a
sum keeps its shape, which SCIP relaxes more tightly than its monomials.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import casadi as ca

from eqsolve._lazy import LazyModule
from eqsolve.errors import UnsupportedFunction

scip: Any = LazyModule("pyscipopt.scip")


def _unary(name: str) -> Callable[[Any], Any]:
    def apply(x: Any) -> Any:
        return getattr(math, name)(x) if isinstance(x, float) else getattr(scip, name)(x)

    return apply


def _larger(x: Any, y: Any) -> Any:
    return 0.5 * (x + y + abs(x - y))


def _power(x: Any, y: Any) -> Any:
    if isinstance(y, float):
        return _fixed_power(x, y)
    # A varying exponent: x must be positive for the power to be defined at all.
    return _EXP(y * _LOG(x))


def _fixed_power(x: Any, exponent: float) -> Any:
    return x ** int(exponent) if exponent.is_integer() else x**exponent


_EXP, _LOG, _SQRT = _unary("exp"), _unary("log"), _unary("sqrt")
_OPERATIONS: dict[int, Callable[..., Any]] = {
    ca.OP_ASSIGN: lambda x: x,
    ca.OP_ADD: lambda x, y: x + y,
    ca.OP_SUB: lambda x, y: x - y,
    ca.OP_MUL: lambda x, y: x * y,
    ca.OP_DIV: lambda x, y: x / y,
    ca.OP_NEG: lambda x: -1.0 * x,
    ca.OP_TWICE: lambda x: 2.0 * x,
    ca.OP_INV: lambda x: 1.0 / x,
    ca.OP_SQ: lambda x: x**2,
    ca.OP_POW: _power,
    ca.OP_CONSTPOW: _power,
    ca.OP_EXP: _EXP,
    ca.OP_LOG: _LOG,
    ca.OP_SQRT: _SQRT,
    ca.OP_SIN: _unary("sin"),
    ca.OP_COS: _unary("cos"),
    ca.OP_FABS: abs,
    ca.OP_FMAX: _larger,
    ca.OP_FMIN: lambda x, y: -1.0 * _larger(-1.0 * x, -1.0 * y),
    ca.OP_HYPOT: lambda x, y: _SQRT(x**2 + y**2),
    ca.OP_LOG1P: lambda x: _LOG(1.0 + x),
    ca.OP_EXPM1: lambda x: _EXP(x) - 1.0,
    ca.OP_TANH: lambda x: 1.0 - 2.0 / (_EXP(2.0 * x) + 1.0),
}
_NAMES = {getattr(ca, name): name[3:].lower() for name in dir(ca) if name.startswith("OP_")}


def scip_expressions(
    expressions: Any, symbols: Sequence[Any], variables: Sequence[Any]
) -> list[Any]:
    """Write CasADi expressions in SCIP's variables.

    Parameters
    ----------
    expressions : casadi.SX, shape (m,) or (m, 1)
    symbols : sequence of casadi.SX, n scalars in all
        Every symbol the expressions are written in.
    variables : sequence of n pyscipopt variables or floats
        What takes the place of each symbol, in the same order.

    Returns
    -------
    list of m pyscipopt expressions (floats, where an expression is constant)

    Raises
    ------
    UnsupportedFunction
        SCIP has no such function; the message names it.
    """
    function = _function(expressions, symbols)
    places: list[Any] = [
        float(v) if isinstance(v, (int, float)) else scip.buildGenExprObj(v) for v in variables
    ]
    work: dict[int, Any] = {}
    outputs: list[Any] = [0.0] * function.numel_out(0)
    for k in range(function.n_instructions()):
        code = function.instruction_id(k)
        if code == ca.OP_CONST:
            work[function.instruction_output(k)[0]] = float(function.instruction_constant(k))
        elif code == ca.OP_INPUT:
            work[function.instruction_output(k)[0]] = places[function.instruction_input(k)[1]]
        elif code == ca.OP_OUTPUT:
            outputs[function.instruction_output(k)[1]] = work[function.instruction_input(k)[0]]
        elif code not in _OPERATIONS:
            raise UnsupportedFunction(f"SCIP has no function {_NAMES.get(code, code)}.")
        else:
            read = (work[place] for place in function.instruction_input(k))
            work[function.instruction_output(k)[0]] = _OPERATIONS[code](*read)
    return outputs


def refused_by_scip(expressions: Any, symbols: Sequence[Any]) -> str | None:
    """The first operation SCIP does not have, or None. Needs no SCIP.

    Examples
    --------
    >>> x = ca.SX.sym("x")
    >>> refused_by_scip(ca.atan(x) + x**2, [x]), refused_by_scip(ca.sin(x), [x])
    ('atan', None)
    """
    function = _function(expressions, symbols)
    for k in range(function.n_instructions()):
        code = function.instruction_id(k)
        if code not in _OPERATIONS and code not in (ca.OP_CONST, ca.OP_INPUT, ca.OP_OUTPUT):
            return _NAMES.get(code, str(code))
    return None


def _function(expressions: Any, symbols: Sequence[Any]) -> Any:
    dense = ca.densify(ca.vec(ca.SX(expressions)))
    return ca.Function("expressions", [ca.vertcat(ca.SX(0, 1), *symbols)], [dense])
