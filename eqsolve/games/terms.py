"""An objective split into additive terms, each a cvxpy expression with a sign."""

from __future__ import annotations

from typing import Any

import cvxpy as cp
import numpy as np
from cvxpy.atoms.affine.add_expr import AddExpression
from cvxpy.atoms.affine.binary_operators import MulExpression
from cvxpy.atoms.affine.promote import Promote
from cvxpy.atoms.affine.sum import Sum
from cvxpy.atoms.affine.unary_operators import NegExpression

from eqsolve.games.traversal import mentions


def split(expression: Any, sign: float = 1.0) -> list[tuple[float, Any]]:
    """(factor, term) pairs whose weighted sum is `expression`.

    Examples
    --------
    >>> x = cp.Variable(name="x")
    >>> [(factor, str(term)) for factor, term in split(cp.square(x) - 2 * x)]
    [(1.0, 'PowerApprox(x, 2.0)'), (-2.0, 'x')]
    """
    if isinstance(expression, AddExpression) and all(
        argument.shape == expression.shape for argument in expression.args
    ):
        return [pair for argument in expression.args for pair in split(argument, sign)]
    if isinstance(expression, NegExpression):
        return split(expression.args[0], -sign)
    if isinstance(expression, Sum) and expression.args[0].size == 1:
        inner = expression.args[0]
        return split(inner, sign) if inner.shape == expression.shape else [(sign, expression)]
    if isinstance(expression, MulExpression):
        for constant, other in (expression.args, expression.args[::-1]):
            plain = constant.args[0] if isinstance(constant, Promote) else constant
            if (
                isinstance(plain, cp.Constant)
                and plain.size == 1
                and other.shape == expression.shape
            ):
                return split(other, sign * float(np.asarray(plain.value).item()))
    return [(sign, expression)]


def with_others_fixed(node: Any, own: set[int]) -> Any:
    """`node` seen by one player: other players' variables at their current values.

    Affine parts in the player's own variables become fresh variables, so that cvxpy
    judges only the curvature around them. The variables must carry values.
    """
    if not mentions(node, own):
        return cp.Constant(node.value)
    if node.is_affine():
        return cp.Variable(node.shape)
    return node.copy([with_others_fixed(argument, own) for argument in node.args])
