"""Pyomo expressions as CasADi expressions, so that users' Pyomo models can be differentiated.

The tree is read from the leaves up without recursion over its depth, so that sums of
thousands of terms pose no problem. Named expressions are read once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce
from operator import add, mul
from typing import Any

import casadi as ca
import pyomo.environ as pyo
from pyomo.core.expr import (
    AbsExpression,
    AndExpression,
    DivisionExpression,
    EqualityExpression,
    Expr_ifExpression,
    ExternalFunctionExpression,
    InequalityExpression,
    LinearExpression,
    MaxExpression,
    MinExpression,
    MonomialTermExpression,
    NegationExpression,
    NotExpression,
    OrExpression,
    PowExpression,
    ProductExpression,
    RangedExpression,
    SumExpression,
    UnaryFunctionExpression,
    native_numeric_types,
)
from pyomo.core.expr.visitor import StreamBasedExpressionVisitor

from eqsolve.errors import EqsolveError, UnsupportedFunction

_UNARY: dict[str, Callable[[Any], Any]] = {
    name: getattr(ca, name)
    for name in (
        *("exp", "log", "log10", "sqrt", "sin", "cos", "tan", "asin", "acos", "atan"),
        *("sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "floor", "ceil"),
    )
}


def casadi_expression(expression: Any, symbols: Mapping[Any, ca.SX]) -> ca.SX:
    """Write a Pyomo expression in CasADi's symbols.

    Parameters
    ----------
    expression : Pyomo expression, variable, parameter or number
        Fixed variables and parameters are read at their present values.
    symbols : pyomo.common.collections.ComponentMap of variable to casadi.SX scalar
        The symbol of each variable that is not fixed.

    Returns
    -------
    casadi.SX, scalar

    Raises
    ------
    UnsupportedFunction
        The expression calls an external function, or holds an operation that has no place in
        a smooth program; the message names it.
    EqsolveError
        A variable has no symbol, or a fixed variable or parameter no value.

    Examples
    --------
    >>> from pyomo.common.collections import ComponentMap
    >>> model = pyo.ConcreteModel()
    >>> model.q = pyo.Var([1, 2])
    >>> symbols = ComponentMap((q, ca.SX.sym(q.name)) for q in model.q.values())
    >>> casadi_expression(model.q[1] * (100 - sum(model.q.values())), symbols)
    SX((q[1]*(100-(q[1]+q[2]))))
    """
    reader = _Reader(symbols)
    visitor = StreamBasedExpressionVisitor(
        initializeWalker=reader.start, beforeChild=reader.leaf, exitNode=reader.node
    )
    translated: ca.SX = visitor.walk_expression(expression)
    return translated


class _Reader:
    """Callbacks of Pyomo's expression walker."""

    def __init__(self, symbols: Mapping[Any, ca.SX]) -> None:
        self.symbols = symbols
        self.named: dict[int, Any] = {}

    def start(self, expression: Any) -> tuple[bool, Any]:
        return self.leaf(None, expression, 0)

    def leaf(self, _node: Any, child: Any, _place: int) -> tuple[bool, Any]:
        """(False, value) where `child` needs no further walking."""
        if type(child) in native_numeric_types:
            return False, ca.SX(float(child))
        if child.is_expression_type():
            if id(child) in self.named:
                return False, self.named[id(child)]
            return True, None
        if child.is_variable_type() and not child.fixed:
            if child not in self.symbols:
                raise EqsolveError(
                    f"The Pyomo variable '{child.name}' belongs to no player and is not fixed."
                )
            return False, self.symbols[child]
        number = pyo.value(child, exception=False)
        if number is None:
            raise EqsolveError(f"'{child.name}' is held constant but has no value.")
        return False, ca.SX(float(number))

    def node(self, node: Any, args: list[Any]) -> Any:
        """The value of `node` from those of its operands."""
        if node.is_named_expression_type():
            self.named[id(node)] = args[0]
            return args[0]
        for kind, operation in _OPERATIONS:
            if isinstance(node, kind):
                return operation(node, args)
        raise UnsupportedFunction(
            f"The Pyomo expression '{node}' is a {type(node).__name__}, which has no derivative: "
            "write it with arithmetic and elementary functions."
        )


def _unary(node: Any, args: list[Any]) -> Any:
    name = node.getname()
    if name not in _UNARY:
        raise UnsupportedFunction(f"Pyomo's function '{name}' has no counterpart in CasADi.")
    return _UNARY[name](args[0])


def _inequality(node: Any, args: list[Any]) -> Any:
    return args[0] < args[1] if node.strict else args[0] <= args[1]


def _ranged(node: Any, args: list[Any]) -> Any:
    low = args[0] < args[1] if node.strict[0] else args[0] <= args[1]
    high = args[1] < args[2] if node.strict[1] else args[1] <= args[2]
    return ca.logic_and(low, high)


def _external(node: Any, _args: list[Any]) -> Any:
    raise UnsupportedFunction(
        f"The external function '{node.getname()}' is compiled code that cannot be read or "
        "differentiated: write it with Pyomo's own functions."
    )


# First match counts: subclasses stand before what they derive from.
_OPERATIONS: tuple[tuple[Any, Callable[[Any, list[Any]], Any]], ...] = (
    (ExternalFunctionExpression, _external),
    ((SumExpression, LinearExpression), lambda node, args: reduce(add, args)),
    ((ProductExpression, MonomialTermExpression), lambda node, args: mul(*args)),
    (DivisionExpression, lambda node, args: args[0] / args[1]),
    (PowExpression, lambda node, args: ca.power(*args)),
    (NegationExpression, lambda node, args: -args[0]),
    (AbsExpression, lambda node, args: ca.fabs(args[0])),
    (UnaryFunctionExpression, _unary),
    (Expr_ifExpression, lambda node, args: ca.if_else(*args)),
    (RangedExpression, _ranged),
    (InequalityExpression, _inequality),
    (EqualityExpression, lambda node, args: args[0] == args[1]),
    (NotExpression, lambda node, args: ca.logic_not(args[0])),
    (AndExpression, lambda node, args: reduce(ca.logic_and, args)),
    (OrExpression, lambda node, args: reduce(ca.logic_or, args)),
    (MinExpression, lambda node, args: reduce(ca.fmin, args)),
    (MaxExpression, lambda node, args: reduce(ca.fmax, args)),
)
