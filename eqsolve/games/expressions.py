"""One walker: a cvxpy expression read into CasADi symbols.

Every value is a column of CasADi SX scalars in row-major order of the node's
shape, so that each rule below works whatever the number of dimensions. Three
ideas cover most atoms:

- *rearrangements* (index, reshape, stack, transpose, diag, ...) are read off by
  applying the atom to an array of labels 1, 2, ...: a zero is a structural zero;
- *reductions* (sum, norm, log-sum-exp, ...) see their argument as a matrix with one
  row per result;
- *elementwise* atoms are CasADi's functions on whole columns.

A market-wide sum that many players use would make every player's row dense, so an
affine node that gathers many coordinates is *lifted*: it becomes one symbol
y = R x + r (`Aggregates`), shared by all who mention it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

import casadi as ca
import cvxpy as cp
import numpy as np
import scipy.sparse as sp
from cvxpy.atoms.affine.add_expr import AddExpression
from cvxpy.atoms.affine.affine_atom import AffAtom
from cvxpy.atoms.affine.binary_operators import DivExpression, MulExpression, multiply
from cvxpy.atoms.affine.cumsum import cumsum
from cvxpy.atoms.affine.sum import Sum
from cvxpy.atoms.affine.trace import Trace
from cvxpy.atoms.affine.unary_operators import NegExpression
from cvxpy.atoms.cummax import cummax
from cvxpy.atoms.cumprod import cumprod
from cvxpy.atoms.elementwise import (
    entr,
    exp,
    huber,
    hyperbolic,
    kl_div,
    log,
    log1p,
    logistic,
    maximum,
    minimum,
    normcdf,
    power,
    rel_entr,
    trig,
    xexp,
)
from cvxpy.atoms.elementwise.abs import abs as abs_atom
from cvxpy.atoms.geo_mean import GeoMean
from cvxpy.atoms.log_sum_exp import log_sum_exp
from cvxpy.atoms.max import max as max_atom
from cvxpy.atoms.min import min as min_atom
from cvxpy.atoms.norm1 import norm1
from cvxpy.atoms.norm_inf import norm_inf
from cvxpy.atoms.pnorm import Pnorm
from cvxpy.atoms.prod import Prod
from cvxpy.atoms.quad_form import QuadForm
from cvxpy.atoms.quad_over_lin import quad_over_lin
from cvxpy.atoms.sum_largest import sum_largest

from eqsolve.errors import NotAGame

WIDE = 12  # an affine node gathering this many terms is lifted
TINY = 1e-300  # keeps x log x at its limit 0 when x = 0


@dataclass
class Aggregates:
    """Affine sums shared by many players: y = matrix x + offset, collected while walking."""

    symbols: list[Any] = field(default_factory=list)
    rows: list[Any] = field(default_factory=list)
    offsets: list[Any] = field(default_factory=list)

    def lift(self, value: Any, x: Any) -> Any:
        """Replace the affine column `value` by fresh symbols and remember its rows."""
        origin = ca.Function("value_at_zero", [x], [value])(np.zeros(x.shape))
        jacobian = ca.DM(ca.jacobian(value, x))
        symbol = ca.SX.sym(f"y{len(self.symbols)}", value.shape[0])
        self.symbols.append(symbol)
        self.rows.append(to_csr(jacobian))
        self.offsets.append(np.asarray(origin).ravel())
        return symbol

    def symbol(self) -> Any:
        """All aggregate symbols in one column."""
        return ca.vertcat(ca.SX(0, 1), *self.symbols)

    def matrix(self, n: int) -> Any:
        """The rows R, sparse (aggregates, n)."""
        return sp.csr_matrix(sp.vstack(self.rows)) if self.rows else sp.csr_matrix((0, n))

    def offset(self) -> np.ndarray:
        """The constants r, shape (aggregates,)."""
        return np.concatenate([np.zeros(0), *self.offsets])


def to_csr(matrix: Any) -> Any:
    """A CasADi DM as a scipy CSR matrix."""
    sparsity = matrix.sparsity()
    data = np.asarray(matrix.nonzeros(), dtype=float)
    parts = (data, np.asarray(sparsity.row()), np.asarray(sparsity.colind()))
    return sp.csc_matrix(parts, shape=matrix.shape).tocsr()


class Walker:
    """Reads cvxpy expressions; shared subexpressions are read once.

    Parameters
    ----------
    leaves : dict of int to SX
        cvxpy variable id to its column of symbols, in row-major order.
    x : SX, shape (n, 1)
        All the symbols in one column; needed to lift aggregates.
    lift : bool
        Whether wide affine sums become aggregates.
    """

    def __init__(self, leaves: dict[int, Any], x: Any, lift: bool = False) -> None:
        self.leaves = leaves
        self.x = x
        self.lift = lift
        self.aggregates = Aggregates()
        self._seen: dict[int, tuple[Any, Any]] = {}

    def __call__(self, node: Any) -> Any:
        """The column of symbols for `node`, shape (node.size, 1)."""
        known = self._seen.get(id(node))
        if known is not None:
            return known[1]
        value = self._read(node)
        # The node is kept beside its value so that its id is not reused.
        self._seen[id(node)] = (node, value)
        return value

    def _read(self, node: Any) -> Any:
        if isinstance(node, cp.Variable):
            if node.id not in self.leaves:
                raise NotAGame(f"Variable {node.name()!r} belongs to no player.")
            return self.leaves[node.id]
        if node.is_constant():
            return constant_column(node)
        arguments = [self(argument) for argument in node.args]
        rule = _rule_for(node)
        if rule is None:
            raise NotAGame(
                f"{describe(node)} uses the atom {type(node).__name__!r}, which eqsolve cannot "
                "differentiate; rewrite it with smooth atoms (exp, log, power, norms, ...) or "
                "as constraints."
            )
        value = rule(node, arguments)
        if self.lift and _gathers(node) >= WIDE and node.is_affine():
            depends = ca.which_depends(value, self.x, 1, False) if self.x.shape[0] else []
            if any(depends) and not self._mentions_aggregates(value):
                return self.aggregates.lift(value, self.x)
        return value

    def _mentions_aggregates(self, value: Any) -> bool:
        y = self.aggregates.symbol()
        return bool(y.shape[0]) and bool(ca.depends_on(value, y))


def describe(node: Any) -> str:
    """The expression as the user wrote it, shortened."""
    text = str(node)
    return f"'{text if len(text) <= 60 else text[:57] + '...'}'"


def constant_column(node: Any) -> Any:
    """A constant (or a Parameter with a value) as a numeric column."""
    value = node.value
    if value is None:
        names = ", ".join(repr(p.name()) for p in node.parameters() if p.value is None)
        raise NotAGame(f"Parameter {names} has no value; set its .value before declaring the game.")
    if sp.issparse(value):
        value = value.toarray()
    value = np.asarray(value)
    if np.iscomplexobj(value):
        raise NotAGame(f"{describe(node)} is complex; games are played in real numbers.")
    if np.isnan(value).any():
        raise NotAGame(f"{describe(node)} holds a NaN; every number in a game must be known.")
    return ca.SX(ca.DM(value.astype(float).ravel()))


def _gathers(node: Any) -> int:
    """How many terms each result of an affine node adds up."""
    if isinstance(node, AddExpression):
        return len(node.args)
    if isinstance(node, (Sum, Trace)):
        return int(node.args[0].size // max(node.size, 1))
    if type(node) is MulExpression and all(argument.shape for argument in node.args):
        return int(node.args[0].shape[-1])
    return 1


# ------------------------------------------------------------------ index arithmetic


def labels(shape: tuple[int, ...], start: int = 1) -> np.ndarray:
    """The array start, start + 1, ... in row-major order."""
    return np.arange(start, start + int(np.prod(shape)), dtype=float).reshape(shape)


def gather(column: Any, index: np.ndarray) -> Any:
    """Entries of `column` by one-based label; label 0 is a zero."""
    index = np.asarray(index, dtype=int).ravel()
    if index.size == column.shape[0] and (index == np.arange(1, index.size + 1)).all():
        return column
    return ca.vertcat(ca.SX(1, 1), column)[index.tolist()]


def broadcast(column: Any, shape: tuple[int, ...], target: tuple[int, ...]) -> Any:
    """Repeat `column` of `shape` to `target` as numpy would."""
    return column if shape == target else gather(column, np.broadcast_to(labels(shape), target))


def as_matrix(column: Any, rows: int, columns: int) -> Any:
    """A row-major column as a CasADi matrix."""
    return ca.reshape(column, columns, rows).T


def as_column(matrix: Any) -> Any:
    """A CasADi matrix as a row-major column."""
    return ca.reshape(matrix.T, -1, 1)


def grouped(node: Any, column: Any) -> Any:
    """The argument of an axis atom as a matrix: one row per result, in row-major order."""
    shape = node.args[0].shape
    axis = node.axis
    axes = tuple(range(len(shape))) if axis is None else (axis,) if isinstance(axis, int) else axis
    axes = tuple(a % max(len(shape), 1) for a in axes) if shape else ()
    kept = [a for a in range(len(shape)) if a not in axes]
    index = labels(shape).transpose(*kept, *sorted(axes)) if shape else labels(shape)
    rows = int(np.prod([shape[a] for a in kept], dtype=int))
    return as_matrix(gather(column, index), rows, column.shape[0] // max(rows, 1))


def columns_of(matrix: Any) -> list[Any]:
    """The columns of a CasADi matrix."""
    return list(ca.horzsplit(matrix))


# ------------------------------------------------------------------ rules

Rule = Callable[[Any, list[Any]], Any]


def _rearrange(node: Any, arguments: list[Any]) -> Any:
    start, tagged = 1, []
    for argument in node.args:
        tagged.append(labels(argument.shape, start))
        start += argument.size
    return gather(ca.vertcat(*arguments), np.asarray(node.numeric(tagged)))


def _add(node: Any, arguments: list[Any]) -> Any:
    parts = [broadcast(a, n.shape, node.shape) for a, n in zip(arguments, node.args, strict=True)]
    return ca.sum2(ca.horzcat(*parts))


def _negate(node: Any, arguments: list[Any]) -> Any:
    return -arguments[0]


def _times(node: Any, arguments: list[Any]) -> Any:
    a, b = (broadcast(v, n.shape, node.shape) for v, n in zip(arguments, node.args, strict=True))
    return a * b


def _divide(node: Any, arguments: list[Any]) -> Any:
    a, b = (broadcast(v, n.shape, node.shape) for v, n in zip(arguments, node.args, strict=True))
    return a / b


def _matmul(node: Any, arguments: list[Any]) -> Any:
    (left, right), (a, b) = arguments, (argument.shape for argument in node.args)
    if not a or not b:
        return left * right
    if max(len(a), len(b)) > 2:
        return _through_objects(lambda u, v: u @ v, node, arguments)
    rows = a[0] if len(a) == 2 else 1
    columns = b[1] if len(b) == 2 else 1
    product = ca.mtimes(
        ca.sparsify(as_matrix(left, rows, a[-1])), ca.sparsify(as_matrix(right, b[0], columns))
    )
    return as_column(ca.densify(product))


def _through_objects(operation: Callable[..., Any], node: Any, arguments: Sequence[Any]) -> Any:
    """Apply a numpy operation to object arrays of scalars: slow, for rare shapes."""
    arrays = []
    for column, argument in zip(arguments, node.args, strict=True):
        array = np.empty(argument.size, dtype=object)
        array[:] = ca.vertsplit(column) if argument.size else []
        arrays.append(array.reshape(argument.shape))
    return ca.vertcat(*np.asarray(operation(*arrays), dtype=object).ravel().tolist())


def _linear_map(node: Any, arguments: list[Any]) -> Any:
    """Any other affine atom: its matrix, found by applying it to a basis of its argument."""
    moving = [i for i, argument in enumerate(node.args) if not argument.is_constant()]
    if len(moving) > 1:
        return _through_objects(lambda *arrays: node.numeric(list(arrays)), node, arguments)
    place = moving[0]
    values = [np.asarray(a.value) if a.is_constant() else None for a in node.args]
    shape, size = node.args[place].shape, node.args[place].size
    images = []
    for j in range(size):
        unit = np.zeros(size)
        unit[j] = 1.0
        values[place] = unit.reshape(shape)
        images.append(np.asarray(node.numeric(list(values))).ravel())
    return ca.mtimes(ca.sparsify(ca.DM(np.array(images).T)), arguments[place])


def _cumulate(operation: Callable[[Any, Any], Any]) -> Rule:
    def rule(node: Any, arguments: list[Any]) -> Any:
        shape = node.args[0].shape
        index = labels(shape).ravel() if node.axis is None else labels(shape)
        index = np.moveaxis(index, -1 if node.axis is None else node.axis, -1)
        rows = int(np.prod(index.shape[:-1], dtype=int))
        steps = columns_of(as_matrix(gather(arguments[0], index), rows, index.shape[-1]))
        running = [steps[0]]
        for step in steps[1:]:
            running.append(operation(running[-1], step))
        back = np.empty(index.size)
        back[(index.ravel() - 1).astype(int)] = labels(index.shape).ravel()
        return gather(as_column(ca.horzcat(*running)), back)

    return rule


def _elementwise(function: Callable[[Any], Any]) -> Rule:
    return lambda node, arguments: function(arguments[0])


def _pairwise(function: Callable[[Any, Any], Any]) -> Rule:
    def rule(node: Any, arguments: list[Any]) -> Any:
        parts = [
            broadcast(a, n.shape, node.shape) for a, n in zip(arguments, node.args, strict=True)
        ]
        return reduce(function, parts)

    return rule


def _reduction(function: Callable[[list[Any]], Any]) -> Rule:
    return lambda node, arguments: function(columns_of(grouped(node, arguments[0])))


def _softplus(x: Any) -> Any:
    # log(1 + e^x); above 40 it equals x to the last digit and e^x must not overflow.
    return ca.log1p(ca.exp(ca.fmin(x, 40))) + ca.fmax(x - 40, 0)


def _x_log(x: Any, y: Any) -> Any:
    return x * ca.log(ca.fmax(x, TINY) / y)


def _power(node: Any, arguments: list[Any]) -> Any:
    exponent = float(node.p.value)
    if exponent == 0:
        return ca.SX.ones(*arguments[0].shape)
    if exponent == 0.5:
        return ca.sqrt(arguments[0])
    return arguments[0] ** (int(exponent) if exponent.is_integer() else exponent)


def _huber(node: Any, arguments: list[Any]) -> Any:
    x, bound = arguments[0], float(node.M.value)
    clipped = ca.fmin(ca.fmax(x, -bound), bound)
    return clipped * (2 * x - clipped)


def _log_sum_exp(parts: list[Any]) -> Any:
    # Pairwise, so that the largest term never overflows: log(e^a + e^b) = a + softplus(b - a).
    return reduce(lambda a, b: a + _softplus(b - a), parts)


def _norm(node: Any, arguments: list[Any]) -> Any:
    p = float(node.p)
    parts = columns_of(grouped(node, arguments[0]))
    if p == 2:
        return ca.sqrt(sum(part * part for part in parts))
    # Powers below one are defined on nonnegative entries only, as in cvxpy.
    powers = [(ca.fabs(part) if p > 1 else part) ** p for part in parts]
    return sum(powers) ** (1 / p)


def _geo_mean(node: Any, arguments: list[Any]) -> Any:
    shape = node.args[0].shape
    axes = tuple(range(len(shape))) if node.axis is None else node.axis
    axes = (axes,) if isinstance(axes, int) else tuple(a % len(shape) for a in axes)
    moved = np.moveaxis(labels(shape), axes, range(len(axes)))
    rest = moved.shape[len(axes) :]
    size = int(np.prod(moved.shape[: len(axes)], dtype=int))
    index = moved.reshape((size, -1), order="F")[node._keep]
    order = np.arange(index.shape[1]).reshape(rest, order="F").ravel()
    weights = [float(w) for w in node.w]
    terms = [gather(arguments[0], row[order]) ** w for row, w in zip(index, weights, strict=True)]
    return reduce(lambda a, b: a * b, terms)


def _quad_over_lin(node: Any, arguments: list[Any]) -> Any:
    return sum(part * part for part in columns_of(grouped(node, arguments[0]))) / arguments[1]


def _quad_form(node: Any, arguments: list[Any]) -> Any:
    x, n = arguments[0], arguments[0].shape[0]
    return ca.mtimes(x.T, ca.mtimes(ca.sparsify(as_matrix(arguments[1], n, n)), x))


def _sum_largest(node: Any, arguments: list[Any]) -> Any:
    parts = columns_of(grouped(node, arguments[0]))
    whole, fraction = int(np.floor(node.k)), node.k - np.floor(node.k)
    sorted_down: list[Any] = []
    for part in parts:  # insertion sort, one compare-exchange at a time
        for i, kept in enumerate(sorted_down):
            sorted_down[i], part = ca.fmax(kept, part), ca.fmin(kept, part)
        sorted_down.append(part)
    total = sum(sorted_down[:whole], ca.SX.zeros(parts[0].shape[0], 1))
    return total + fraction * sorted_down[whole] if fraction else total


REARRANGEMENTS = frozenset(
    {
        "index", "special_index", "reshape", "transpose", "Hstack", "Vstack", "Concatenate",
        "diag_vec", "diag_mat", "upper_tri", "broadcast_to", "Promote",
    }
)  # fmt: skip

RULES: dict[type, Rule] = {
    AddExpression: _add,
    NegExpression: _negate,
    multiply: _times,
    DivExpression: _divide,
    MulExpression: _matmul,
    Sum: _reduction(lambda parts: ca.sum2(ca.horzcat(*parts))),
    cumsum: _cumulate(lambda a, b: a + b),
    cumprod: _cumulate(lambda a, b: a * b),
    cummax: _cumulate(ca.fmax),
    exp.exp: _elementwise(ca.exp),
    log.log: _elementwise(ca.log),
    log1p.log1p: _elementwise(ca.log1p),
    logistic.logistic: _elementwise(_softplus),
    xexp.xexp: _elementwise(lambda x: x * ca.exp(x)),
    entr.entr: _elementwise(lambda x: -_x_log(x, 1)),
    trig.sin: _elementwise(ca.sin),
    trig.cos: _elementwise(ca.cos),
    trig.tan: _elementwise(ca.tan),
    hyperbolic.sinh: _elementwise(ca.sinh),
    hyperbolic.asinh: _elementwise(ca.asinh),
    hyperbolic.tanh: _elementwise(ca.tanh),
    hyperbolic.atanh: _elementwise(ca.atanh),
    normcdf.normcdf: _elementwise(lambda x: 0.5 * (1 + ca.erf(x / np.sqrt(2)))),
    abs_atom: _elementwise(ca.fabs),
    kl_div.kl_div: _pairwise(lambda x, y: _x_log(x, y) - x + y),
    rel_entr.rel_entr: _pairwise(_x_log),
    maximum.maximum: _pairwise(ca.fmax),
    minimum.minimum: _pairwise(ca.fmin),
    power.Power: _power,
    huber.huber: _huber,
    log_sum_exp: _reduction(_log_sum_exp),
    Prod: _reduction(lambda parts: reduce(lambda a, b: a * b, parts)),
    norm1: _reduction(lambda parts: sum(ca.fabs(part) for part in parts)),
    norm_inf: _reduction(lambda parts: reduce(ca.fmax, [ca.fabs(part) for part in parts])),
    max_atom: _reduction(lambda parts: reduce(ca.fmax, parts)),
    min_atom: _reduction(lambda parts: reduce(ca.fmin, parts)),
    sum_largest: _sum_largest,
    Pnorm: _norm,
    GeoMean: _geo_mean,
    quad_over_lin: _quad_over_lin,
    QuadForm: _quad_form,
}


def _rule_for(node: Any) -> Rule | None:
    if type(node).__name__ in REARRANGEMENTS:
        return _rearrange
    for kind in type(node).__mro__:
        if kind in RULES:
            return RULES[kind]
    if isinstance(node, AffAtom) and not node.is_complex() and not node.is_imag():
        return _linear_map
    return None
