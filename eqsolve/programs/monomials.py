"""Sums of monomials in named pieces: the algebra in which expressions are simplified.

A value is::

    sum over terms of  coefficient * product over bases of  base ** exponent

where a base is a variable or an opaque piece such as ``exp(x + y)``. Equal terms meet,
zeros and ones vanish and nested sums come out flat. Numerators and denominators are kept
apart: ``x**2/x`` is not shortened, because the two differ where x is zero.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import Any, NamedTuple

from eqsolve.errors import UnsupportedFunction

# Base number and exponent, sorted; the empty monomial is the constant term.
Monomial = tuple[tuple[int, int], ...]
Sum = dict[Monomial, float]


class Condition(NamedTuple):
    """``<``, ``<=`` or ``==`` of two sums, or ``not``, ``and``, ``or`` of conditions."""

    kind: str
    operands: tuple[Any, ...]


class Guarded(NamedTuple):
    """`value` where `condition` holds, otherwise zero: one branch of an ``if_else``."""

    condition: Condition
    value: Sum


class Base(NamedTuple):
    """A named function of its operands, opaque to the algebra."""

    name: str
    operands: tuple[Any, ...]


def constant_value(value: Sum) -> float | None:
    """The number `value` is, or None where it varies."""
    if not value:
        return 0.0
    return value.get(()) if len(value) == 1 else None


class Algebra:
    """Sums of monomials over a growing table of bases; bases 0..n-1 are the variables."""

    def __init__(self, variables: int) -> None:
        self.variables = variables
        self.bases: list[Base] = [Base("variable", (k,)) for k in range(variables)]
        self._index: dict[Any, int] = {}

    # --- numbers and conditions -------------------------------------------------------

    def constant(self, value: float) -> Sum:
        if not math.isfinite(value):
            raise UnsupportedFunction(f"The expression holds the constant {value}.")
        return {(): value} if value else {}

    def number(self, value: Any) -> Sum:
        """Read a condition as the number one or zero."""
        if isinstance(value, Condition):
            return self.choose(value, {(): 1.0}, {})
        if isinstance(value, Guarded):
            return self.choose(value.condition, value.value, {})
        return dict(value)

    def condition(self, value: Any) -> Condition:
        """Read a number as the condition that it is not zero."""
        if isinstance(value, Condition):
            return value
        return Condition("not", (Condition("==", (self.number(value), {})),))

    def choose(self, condition: Condition, then: Sum, other: Sum) -> Sum:
        """`then` where `condition` holds, `other` elsewhere."""
        kind, operands = condition
        if then == other:
            return dict(then)
        if kind == "not":
            return self.choose(operands[0], other, then)
        if kind == "and":
            return self.choose(operands[0], self.choose(operands[1], then, other), other)
        if kind == "or":
            return self.choose(operands[0], then, self.choose(operands[1], then, other))
        left, right = (constant_value(side) for side in operands)
        if left is not None and right is not None:
            holds = {"<": left < right, "<=": left <= right, "==": left == right}[kind]
            return dict(then if holds else other)
        return self.base(f"if{kind}", *operands, then, other)

    # --- arithmetic -------------------------------------------------------------------

    def add(self, left: Any, right: Any, *, sign: float = 1.0, in_place: bool = False) -> Sum:
        if isinstance(left, Guarded) and isinstance(right, Guarded) and sign > 0:
            for one, two in ((left, right), (right, left)):
                if two.condition == Condition("not", (one.condition,)):
                    return self.choose(one.condition, one.value, two.value)
        total: Sum = left if in_place and isinstance(left, dict) else self.number(left)
        addend = right if isinstance(right, dict) else self.number(right)
        for monomial, coefficient in addend.items():
            changed = total.get(monomial, 0.0) + sign * coefficient
            if changed:
                total[monomial] = changed
            else:
                total.pop(monomial, None)
        return total

    def scale(self, value: Sum, factor: float) -> Sum:
        return {monomial: factor * c for monomial, c in value.items()} if factor else {}

    def multiply(self, left: Sum, right: Sum) -> Sum:
        for one, two in ((left, right), (right, left)):
            constant = constant_value(one)
            if constant is not None:
                return self.scale(two, constant)
        ((first, a),), ((second, b),) = self.factor(left).items(), self.factor(right).items()
        # Like exponents add only within the numerator, or within the denominator.
        exponents: Counter[tuple[int, bool]] = Counter()
        for base, exponent in (*first, *second):
            exponents[base, exponent < 0] += exponent
        merged = sorted((base, exponent) for (base, _), exponent in exponents.items())
        return {tuple(merged): a * b}

    def power(self, value: Sum, exponent: int) -> Sum:
        """Integer power."""
        constant = constant_value(value)
        if constant is not None:
            return self.constant(self._evaluated("pow", constant, exponent))
        if exponent == 0:
            return {(): 1.0}
        ((monomial, c),) = self.factor(value).items()
        if exponent < 0 and any(e < 0 for _, e in monomial):
            # 1/(x/y) is undefined at y = 0, y/x is not: keep the quotient whole.
            monomial, c = ((self.opaque(value), 1),), 1.0
        return {tuple((base, e * exponent) for base, e in monomial): c**exponent}

    def factor(self, value: Sum) -> Sum:
        """`value` itself when it is one monomial, otherwise one base that stands for it."""
        return value if len(value) == 1 else {((self.opaque(value), 1),): 1.0}

    def opaque(self, value: Sum) -> int:
        ((base, _),) = next(iter(self.base("sum", value)))
        return base

    def base(self, name: str, *operands: Sum) -> Sum:
        """The function `name` of `operands`; the same operands give the same base."""
        if name != "sum":
            # Arguments that are sums become bases too, so that repeated ones are noticed.
            operands = tuple(self.factor(value) if len(value) > 1 else value for value in operands)
        key = (name, *(frozenset(operand.items()) for operand in operands))
        if key not in self._index:
            self._index[key] = len(self.bases)
            self.bases.append(Base(name, operands))
        return {((self._index[key], 1),): 1.0}

    def function(self, name: str, operand: Sum) -> Sum:
        constant = constant_value(operand)
        if constant is not None:
            return self.constant(self._evaluated(name, constant))
        return self.base(name, operand)

    def general_power(self, base: Sum, exponent: Sum) -> Sum:
        """Any power; whole constant exponents stay exponents of monomials."""
        root, constant = constant_value(base), constant_value(exponent)
        if constant is not None and constant.is_integer() and abs(constant) < 2**31:
            return self.power(base, int(constant))
        if constant is not None and root is not None:
            return self.constant(self._evaluated("pow", root, constant))
        return self.base("pow", base, exponent)

    def larger(self, left: Sum, right: Sum, sign: float = 1.0) -> Sum:
        """The larger of two; with sign -1 the smaller."""
        # Half of (x + y + |x - y|) rather than a conditional: every solver's reader has abs.
        gap = self.function("fabs", self.add(left, right, sign=-1.0))
        return self.scale(self.add(self.add(left, right), gap, sign=sign), 0.5)

    def sign(self, value: Sum) -> Sum:
        """-1, 0 or 1."""
        negative = self.choose(Condition("<", (value, {})), {(): -1.0}, {})
        return self.choose(Condition("<", ({}, value)), {(): 1.0}, negative)

    def copysign(self, size: Sum, sign: Sum) -> Sum:
        """The size of one with the sign of the other."""
        positive = self.function("fabs", size)
        return self.choose(Condition("<", (sign, {})), self.scale(positive, -1.0), positive)

    @staticmethod
    def _evaluated(name: str, *arguments: float) -> float:
        try:
            return float(getattr(math, name)(*arguments))
        except (ValueError, OverflowError, ZeroDivisionError):
            shown = ", ".join(f"{argument:g}" for argument in arguments)
            raise UnsupportedFunction(
                f"The expression holds {name}({shown}), which is not a number: "
                "part of it became constant. Check the signs of what stands under it."
            ) from None
