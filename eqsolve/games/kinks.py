"""Kinks of expressions already read into CasADi's symbols, as epigraph variables.

What `epigraph` does for cvxpy's atoms, for abs, min and max in a Pyomo model: a cost that
rises with |u|, u in the player's own variables, becomes one that rises with t, where
t >= u, t >= -u. Where it falls with |u| the kink stays: no best answer lies on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import casadi as ca

BENDS = {ca.OP_FABS: 1, ca.OP_FMAX: 1, ca.OP_FMIN: -1}  # convex or concave


@dataclass(frozen=True)
class Kink:
    """symbol >= both branches (bend 1), or <= both (bend -1); `value` is the kink itself."""

    symbol: Any
    branches: tuple[Any, Any]
    bend: int
    value: Any

    @property
    def rows(self) -> tuple[Any, Any]:
        """Each <= 0."""
        first, second = self.branches
        return self.bend * (first - self.symbol), self.bend * (second - self.symbol)


def smooth_kinks(cost: Any, x: Any, own: Any, name: str) -> tuple[Any, list[Kink]]:
    """A scalar SX that should be low, with its own kinks replaced by new symbols.

    Parameters
    ----------
    cost : SX, scalar
        In the symbols x.
    x, own : SX (n, 1) and (own, 1)
        All strategies, and those of the player.
    name : str
        Of the player, for the new symbols.

    Returns
    -------
    (SX, list of Kink)

    Examples
    --------
    >>> x = ca.SX.sym("x")
    >>> smooth_kinks(x**2 + ca.fabs(x - 1), x, x, "a")[0]
    SX((sq(x)+a_kink0))
    >>> smooth_kinks(x**2 - ca.fabs(x - 1), x, x, "a")[1]
    []
    """
    function = ca.Function("cost", [x], [cost])
    work: dict[int, Any] = {}
    kinks: list[Kink] = []
    value = cost
    for k in range(function.n_instructions()):
        operation = function.instruction_id(k)
        into, outof = function.instruction_input(k), function.instruction_output(k)
        if operation == ca.OP_OUTPUT:
            value = work[into[0]]
        elif operation == ca.OP_INPUT:
            work[outof[0]] = x[into[1]]
        elif operation == ca.OP_CONST:
            work[outof[0]] = ca.SX(function.instruction_constant(k))
        else:
            arguments = [work[j] for j in into]
            result = _apply(operation, arguments)
            if operation in BENDS and ca.depends_on(result, _with_kinks(own, kinks)):
                kink = _kink(operation, arguments, result, f"{name}_kink{len(kinks)}")
                kinks.append(kink)
                result = kink.symbol
            work[outof[0]] = result
    return _only_right_ones(value, kinks)


def _with_kinks(own: Any, kinks: list[Kink]) -> Any:
    return ca.vertcat(own, *(kink.symbol for kink in kinks))


def _apply(operation: int, arguments: list[Any]) -> Any:
    if len(arguments) == 1:
        return ca.SX.unary(operation, *arguments)
    return ca.SX.binary(operation, *arguments)


def _kink(operation: int, arguments: list[Any], value: Any, name: str) -> Kink:
    branches = (arguments[0], -arguments[0] if operation == ca.OP_FABS else arguments[-1])
    return Kink(ca.SX.sym(name), branches, BENDS[operation], value)


def _only_right_ones(value: Any, kinks: list[Kink]) -> tuple[Any, list[Kink]]:
    """Kinks that the cost is known to push the wrong way go back in, outermost first."""
    kept: list[Kink] = []
    for kink in reversed(kinks):
        pushes = [value, *(row for outer in kept for row in outer.rows)]
        slopes = [ca.jacobian(push, kink.symbol) for push in pushes]
        if any(s.is_constant() and kink.bend * float(s) < 0 for s in slopes):
            value = ca.substitute(value, kink.symbol, kink.value)
            kept = [
                Kink(
                    outer.symbol,
                    tuple(ca.substitute(b, kink.symbol, kink.value) for b in outer.branches),
                    outer.bend,
                    ca.substitute(outer.value, kink.symbol, kink.value),
                )
                for outer in kept
            ]
        else:
            kept.append(kink)
    return value, kept[::-1]
