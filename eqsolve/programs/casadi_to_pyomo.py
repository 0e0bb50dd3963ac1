"""CasADi expressions as Pyomo expressions that a person can read.

CasADi differentiates; Pyomo prints, writes files and knows every solver. A CasADi
function is a list of elementary operations. Each is carried out on sums of monomials
(`eqsolve.programs.monomials`), so that a derivative prints as one would write it by hand.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import casadi as ca

from eqsolve._lazy import LazyModule
from eqsolve.errors import EqsolveError, UnsupportedFunction
from eqsolve.programs.monomials import Algebra, Condition, Guarded, Monomial, Sum

pyo: Any = LazyModule("pyomo.environ")

_FUNCTIONS: dict[int, str] = {
    getattr(ca, f"OP_{name.upper()}"): name
    for name in (
        *("exp", "log", "sqrt", "fabs", "sin", "cos", "tan", "asin", "acos", "atan"),
        *("sinh", "cosh", "tanh", "asinh", "acosh", "atanh"),
    )
}
_COMPARISONS = {ca.OP_LT: "<", ca.OP_LE: "<=", ca.OP_EQ: "=="}
_FLAT = "its derivative is zero or undefined everywhere, so no first-order condition can use it"
_REFUSED: dict[int, tuple[str, str]] = {
    ca.OP_ERF: ("erf", "replace the normal distribution by the logistic one (cp.logistic)"),
    ca.OP_ERFINV: ("erfinv", "replace the normal distribution by the logistic one (cp.logistic)"),
    ca.OP_ATAN2: ("atan2", "write atan(y/x) where x keeps its sign"),
    ca.OP_FLOOR: ("floor", _FLAT),
    ca.OP_CEIL: ("ceil", _FLAT),
    ca.OP_FMOD: ("fmod", _FLAT),
    ca.OP_REMAINDER: ("remainder", _FLAT),
}
_OPERATION_NAMES = {getattr(ca, name): name for name in dir(ca) if name.startswith("OP_")}
# A piece used twice and larger than this is worth a name of its own.
_WORTH_A_NAME = 8


_ARITHMETIC: dict[int, Callable[..., Sum]] = {
    ca.OP_ASSIGN: lambda algebra, x: x,
    ca.OP_MUL: Algebra.multiply,
    ca.OP_DIV: lambda algebra, x, y: algebra.multiply(x, algebra.power(y, -1)),
    ca.OP_NEG: lambda algebra, x: algebra.scale(x, -1.0),
    ca.OP_TWICE: lambda algebra, x: algebra.scale(x, 2.0),
    ca.OP_INV: lambda algebra, x: algebra.power(x, -1),
    ca.OP_SQ: lambda algebra, x: algebra.power(x, 2),
    ca.OP_POW: Algebra.general_power,
    ca.OP_CONSTPOW: Algebra.general_power,
    ca.OP_FMIN: lambda algebra, x, y: algebra.larger(x, y, -1.0),
    ca.OP_FMAX: Algebra.larger,
    ca.OP_SIGN: Algebra.sign,
    ca.OP_COPYSIGN: Algebra.copysign,
    ca.OP_HYPOT: lambda algebra, x, y: algebra.function(
        "sqrt", algebra.add(algebra.power(x, 2), algebra.power(y, 2))
    ),
    ca.OP_LOG1P: lambda algebra, x: algebra.function("log", algebra.add({(): 1.0}, x)),
    ca.OP_EXPM1: lambda algebra, x: algebra.add(algebra.function("exp", x), {(): -1.0}),
}


def pyomo_expressions(
    expressions: ca.SX,
    symbols: Sequence[ca.SX],
    variables: Sequence[Any],
    shared: Any = None,
) -> list[Any]:
    """Write CasADi expressions in Pyomo's variables.

    Parameters
    ----------
    expressions : casadi.SX, shape (m,) or (m, 1)
        What to translate; a matrix is read column by column.
    symbols : sequence of casadi.SX, n scalars in all
        The symbols the expressions are written in.
    variables : sequence of n Pyomo variables, expressions or numbers
        What takes the place of each symbol, in the same order.
    shared : pyomo Expression or None
        An indexed Pyomo ``Expression`` of the model over ``pyo.Any``. Large pieces that
        are used more than once become its entries, so that a model grows with the number
        of operations; without it they are written out at each use.

    Returns
    -------
    list of m Pyomo expressions (numbers, where an expression is constant)

    Raises
    ------
    UnsupportedFunction
        Pyomo has no such function or no first-order condition can use it (erf, floor, ...);
        the message names it and says what to write instead.

    Examples
    --------
    >>> x, y = ca.SX.sym("x"), ca.SX.sym("y")
    >>> model = pyo.ConcreteModel()
    >>> model.x, model.y = pyo.Var(), pyo.Var()
    >>> profit = x * (100 - (x + y)) - 10 * x
    >>> print(*pyomo_expressions(ca.gradient(profit, x), [x, y], [model.x, model.y]))
    90 - 2*x - y
    """
    inputs = ca.vertcat(ca.SX(0, 1), *symbols)
    if inputs.numel() != len(variables):
        raise EqsolveError(
            f"{inputs.numel()} symbols need as many variables, not {len(variables)}."
        )
    dense = ca.densify(ca.vec(ca.SX(expressions)))
    function = ca.Function("expressions", [inputs], [dense], {"allow_free": True})
    if function.has_free():
        unknown = ", ".join(str(symbol) for symbol in function.free_sx())
        raise EqsolveError(f"The expressions use symbols that were not given: {unknown}.")
    algebra = Algebra(len(variables))
    results = _walk(function, algebra)
    return _Printer(algebra, variables, results, shared).outputs()


def _walk(function: ca.Function, algebra: Algebra) -> list[Sum]:
    """Carry out the instructions of `function` in `algebra`; one sum an output row."""
    count = function.n_instructions()
    codes = [function.instruction_id(k) for k in range(count)]
    # The function reuses the places of its work vector: find which instruction wrote each
    # operand, and how often each result is read.
    written: dict[int, int] = {}
    operands: list[list[int]] = []
    for k, code in enumerate(codes):
        read = [] if code in (ca.OP_INPUT, ca.OP_CONST) else function.instruction_input(k)
        operands.append([written[place] for place in read])
        if code != ca.OP_OUTPUT:
            written[function.instruction_output(k)[0]] = k
    uses = Counter(operand for read in operands for operand in read)
    values: list[Any] = [None] * count
    outputs: list[Sum] = [{} for _ in range(function.numel_out(0))]
    for k, code in enumerate(codes):
        args = [values[operand] for operand in operands[k]]
        if code == ca.OP_INPUT:
            values[k] = {((function.instruction_input(k)[1], 1),): 1.0}
        elif code == ca.OP_CONST:
            values[k] = algebra.constant(function.instruction_constant(k))
        elif code == ca.OP_OUTPUT:
            outputs[function.instruction_output(k)[1]] = algebra.number(args[0])
        elif code in (ca.OP_ADD, ca.OP_SUB):
            # A long sum is a chain of additions; where nobody else reads the left operand
            # it is extended in place, which keeps the whole chain linear in its length.
            sole = uses[operands[k][0]] == 1 and codes[operands[k][0]] in (ca.OP_ADD, ca.OP_SUB)
            values[k] = algebra.add(*args, sign=1 if code == ca.OP_ADD else -1, in_place=sole)
        else:
            values[k] = _apply(algebra, code, args)
    return outputs


def _apply(algebra: Algebra, code: int, args: list[Any]) -> Any:
    """The operation `code` of CasADi on sums and conditions."""
    if code in _COMPARISONS:
        return Condition(_COMPARISONS[code], tuple(algebra.number(arg) for arg in args))
    if code == ca.OP_NE:
        return Condition("not", (Condition("==", tuple(algebra.number(arg) for arg in args)),))
    if code == ca.OP_NOT:
        return Condition("not", (algebra.condition(args[0]),))
    if code in (ca.OP_AND, ca.OP_OR):
        kind = "and" if code == ca.OP_AND else "or"
        return Condition(kind, (algebra.condition(args[0]), algebra.condition(args[1])))
    if code == ca.OP_IF_ELSE_ZERO:
        return Guarded(algebra.condition(args[0]), algebra.number(args[1]))
    if code in _REFUSED:
        name, why = _REFUSED[code]
        raise UnsupportedFunction(f"A Pyomo model cannot hold {name}: {why}.")
    numbers = [algebra.number(arg) for arg in args]
    if code in _FUNCTIONS:
        return algebra.function(_FUNCTIONS[code], numbers[0])
    if code not in _ARITHMETIC:
        name = _OPERATION_NAMES.get(code, str(code)).removeprefix("OP_").lower()
        raise UnsupportedFunction(
            f"A Pyomo model cannot hold CasADi's operation {name}: "
            "write it with arithmetic, powers, exp, log or trigonometric functions."
        )
    return _ARITHMETIC[code](algebra, *numbers)


class _Printer:
    """Builds Pyomo expressions from sums, each base once."""

    def __init__(
        self, algebra: Algebra, variables: Sequence[Any], results: list[Sum], shared: Any
    ) -> None:
        self.algebra = algebra
        self.results = results
        self.shared = shared
        self.built: list[Any] = list(variables)
        self.sizes: list[int] = [1] * len(variables)
        self.uses: Counter[int] = Counter()

    def outputs(self) -> list[Any]:
        bases = self.algebra.bases
        self._count(self.results)
        # Operands always stand before what is made of them: counts run down, building up.
        for base in range(len(bases) - 1, self.algebra.variables - 1, -1):
            if self.uses[base]:
                self._count(bases[base].operands)
        for base in range(self.algebra.variables, len(bases)):
            self._build(base)
        return [self._sum(result) for result in self.results]

    def _count(self, sums: Sequence[Sum]) -> None:
        self.uses.update(base for value in sums for monomial in value for base, _ in monomial)

    def _build(self, index: int) -> None:
        name, operands = self.algebra.bases[index]
        if not self.uses[index]:
            self.built.append(None)
            self.sizes.append(0)
            return
        args = [self._sum(operand) for operand in operands]
        self.sizes.append(1 + sum(self._size(operand) for operand in operands))
        if name == "sum":
            expression = args[0]
        elif name == "pow":
            expression = args[0] ** args[1]
        elif name == "fabs":
            expression = abs(args[0])
        elif name.startswith("if"):
            compare = {"<": operator.lt, "<=": operator.le, "==": operator.eq}[name[2:]]
            expression = pyo.Expr_if(compare(args[0], args[1]), args[2], args[3])
        else:
            expression = getattr(pyo, name)(args[0])
        if self.shared is not None and self.uses[index] > 1 and self.sizes[-1] > _WORTH_A_NAME:
            label = len(self.shared) + 1
            self.shared[label] = expression
            expression = self.shared[label]
        self.built.append(expression)

    def _size(self, value: Sum) -> int:
        return sum(1 + sum(self.sizes[base] for base, _ in monomial) for monomial in value)

    def _sum(self, value: Sum) -> Any:
        terms = [self._term(monomial, c) for monomial, c in value.items()]
        return terms[0] if len(terms) == 1 else pyo.quicksum(terms)

    def _term(self, monomial: Monomial, coefficient: float) -> Any:
        # Whole coefficients print without a point, as long as they stay short.
        short = coefficient.is_integer() and abs(coefficient) < 1e15
        whole = int(coefficient) if short else coefficient
        above = [self._power(base, e) for base, e in monomial if e > 0]
        below = [self._power(base, -e) for base, e in monomial if e < 0]
        minus = whole == -1 and bool(above)
        if above and whole != 1 and not minus:
            above[0] = whole * above[0]
        product = reduce(operator.mul, above) if above else whole
        if below:
            product = product / reduce(operator.mul, below)
        return -product if minus else product

    def _power(self, base: int, exponent: int) -> Any:
        return self.built[base] if exponent == 1 else self.built[base] ** exponent
