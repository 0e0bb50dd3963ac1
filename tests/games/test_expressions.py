"""The walker against cvxpy's own values and finite differences, atom by atom."""

import casadi as ca
import cvxpy as cp
import numpy as np
import pytest
from cvxpy.reductions.dnlp2smooth.canonicalizers import SMOOTH_CANON_METHODS

import eqsolve as eq
from eqsolve.games.expressions import RULES, WIDE, Walker

RNG = np.random.default_rng(0)
x = cp.Variable(3, name="x")
X = cp.Variable((2, 3), name="X")
s = cp.Variable(name="s")
T = cp.Variable((2, 3, 2), name="T")
VARIABLES = (x, X, s, T)
A = RNG.normal(size=(4, 3))
W = 0.2 + RNG.random((2, 3))

EXPRESSIONS = {
    "index": x[1:],
    "reversed": x[::-1],
    "entry": X[1, 2],
    "fancy index": x[[2, 0, 2]],
    "boolean index": X[W > 0.6],
    "transpose": X.T,
    "permute": cp.transpose(T, (2, 0, 1)),
    "reshape F": cp.reshape(X, (3, 2), order="F"),
    "reshape C": cp.reshape(X, (3, 2), order="C"),
    "vec": cp.vec(X, order="F"),
    "hstack": cp.hstack([x, x + 1]),
    "vstack": cp.vstack([x, x + 1]),
    "stack": cp.stack([x, 2 * x]),
    "concatenate": cp.concatenate([X, X], axis=1),
    "bmat": cp.bmat([[X, 2 * X]]),
    "diag of vector": cp.diag(x),
    "diag of matrix": cp.diag(X @ X.T),
    "upper triangle": cp.upper_tri(X @ X.T),
    "vector to triangle": cp.vec_to_upper_tri(x),
    "broadcast": X + s,
    "broadcast rows": cp.multiply(X, x),
    "add": X + 2 * X - 1,
    "negate": -X,
    "constant times": 3.0 * X,
    "constant matrix": A @ x,
    "matrix constant": X @ A.T,
    "product of matrices": X @ X.T,
    "inner product": x @ x,
    "batched product": T[0] @ x[:2],
    "3-d product": T @ np.ones((2, 2)),
    "outer": cp.outer(x, x),
    "vdot": cp.vdot(x, x),
    "multiply": cp.multiply(W, X),
    "divide": X / s,
    "divide by constant": X / 3,
    "sum": cp.sum(X),
    "sum over columns": cp.sum(X, axis=0),
    "sum keeping dimensions": cp.sum(X, axis=1, keepdims=True),
    "sum over two axes": cp.sum(T, axis=(0, 2)),
    "mean": cp.mean(X, axis=0),
    "trace": cp.trace(X @ X.T),
    "cumsum": cp.cumsum(X, axis=1),
    "cumsum down": cp.cumsum(X, axis=0),
    "cumsum flat": cp.cumsum(X),
    "cumprod": cp.cumprod(X, axis=1),
    "cummax": cp.cummax(X, axis=1),
    "diff": cp.diff(x),
    "kron": cp.kron(np.ones((2, 2)), X),
    "convolve": cp.convolve(np.array([1.0, 2.0]), x),
    "einsum": cp.einsum("ij,kj->ik", X, X),
    "exp": cp.exp(X),
    "log": cp.log(X),
    "log1p": cp.log1p(X),
    "logistic": cp.logistic(40 * (X - 0.7)),
    "xexp": cp.xexp(x),
    "entr": cp.entr(x),
    "kl_div": cp.kl_div(x, x[::-1] + 1),
    "rel_entr": cp.rel_entr(x, 2 * x[::-1] + 1),
    "power 1.7": cp.power(x, 1.7),
    "power -0.9": cp.power(x, -0.9),
    "power 0": cp.power(x, 0),
    "power 3": cp.power(x, 3),
    "square": x**2,
    "inverse": cp.inv_pos(x),
    "sqrt": cp.sqrt(x),
    "exponential base": 2**s,
    "huber": cp.huber(3 * (X - 0.5), 0.7),
    "log_sum_exp": cp.log_sum_exp(30 * X),
    "log_sum_exp by column": cp.log_sum_exp(X, axis=0),
    "norm": cp.norm(x),
    "Frobenius norm": cp.norm(X, "fro"),
    "row norms": cp.norm(X, axis=1),
    "norm1": cp.norm1(X - 0.5),
    "norm_inf": cp.norm_inf(X - 0.5),
    "pnorm 3": cp.pnorm(x, 3),
    "pnorm 0.5": cp.pnorm(x, 0.5),
    "mixed norm": cp.mixed_norm(X),
    "total variation": cp.tv(x),
    "geo_mean": cp.geo_mean(x),
    "weighted geo_mean": cp.geo_mean(x, [1, 2, 1]),
    "harmonic_mean": cp.harmonic_mean(x),
    "max": cp.max(X, axis=0),
    "min": cp.min(X),
    "maximum": cp.maximum(X, s),
    "minimum": cp.minimum(x, 0.5),
    "sum_largest": cp.sum_largest(X, 2),
    "sum_smallest": cp.sum_smallest(x, 2),
    "abs": cp.abs(X - 0.5),
    "pos": cp.pos(x - 0.5),
    "neg": cp.neg(x - 0.5),
    "scalene": cp.scalene(x - 0.5, 1, 2),
    "ptp": cp.ptp(x),
    "var": cp.var(x),
    "std": cp.std(x),
    "quad_form": cp.quad_form(x, A.T @ A),
    "matrix_frac": cp.matrix_frac(x, np.eye(3)),
    "quad_over_lin": cp.quad_over_lin(X, s),
    "sum_squares": cp.sum_squares(X),
    "prod": cp.prod(x),
    "prod by row": cp.prod(X, axis=1),
    "log_normcdf": cp.log_normcdf(x),
    "sin": cp.nlp.sin(x),
    "cos": cp.nlp.cos(X),
    "tan": cp.nlp.tan(x),
    "sinh": cp.nlp.sinh(x),
    "asinh": cp.nlp.asinh(x),
    "tanh": cp.nlp.tanh(x),
    "atanh": cp.nlp.atanh(x / 3),
    "normcdf": cp.nlp.normcdf(x),
}


def symbols():
    leaves = {v.id: ca.SX.sym(v.name(), v.size) for v in VARIABLES}
    return leaves, ca.vertcat(*leaves.values())


def set_values(point):
    place = 0
    for variable in VARIABLES:
        variable.value = point[place : place + variable.size].reshape(variable.shape)
        place += variable.size


def value_of(expression, point):
    set_values(point)
    value = expression.value
    return np.ravel(value.toarray() if hasattr(value, "toarray") else value)


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_value_and_derivative(name):
    expression = EXPRESSIONS[name]
    leaves, everything = symbols()
    column = Walker(leaves, everything)(expression)
    function = ca.Function("f", [everything], [column, ca.jacobian(column, everything)])
    point = np.random.default_rng(1).uniform(0.25, 1.2, everything.shape[0])
    value, slopes = (np.asarray(part) for part in function(point))
    np.testing.assert_allclose(value.ravel(), value_of(expression, point), rtol=1e-10, atol=1e-12)
    for j in np.random.default_rng(2).choice(point.size, 8, replace=False):
        step = np.zeros(point.size)
        step[j] = 1e-5
        difference = value_of(expression, point + step) - value_of(expression, point - step)
        np.testing.assert_allclose(slopes[:, j], difference / 2e-5, rtol=2e-5, atol=1e-6)


def test_every_smooth_canonicalized_atom_has_a_rule_and_a_test():
    tested = {type(node) for e in EXPRESSIONS.values() for node in nodes(e)}
    for atom in SMOOTH_CANON_METHODS:
        kinds = set(atom.__mro__)
        assert kinds & set(RULES), f"{atom.__name__} has no rule"
        related = {kind for kind in tested if issubclass(kind, atom) or issubclass(atom, kind)}
        assert related, f"{atom.__name__} has no test"


def nodes(expression):
    yield expression
    for argument in expression.args:
        yield from nodes(argument)


def test_logarithm_at_zero_times_zero_is_zero():
    leaves, everything = symbols()
    column = Walker(leaves, everything)(cp.entr(x))
    at_zero = ca.Function("f", [everything], [column])(np.zeros(everything.shape[0]))
    assert np.asarray(at_zero).ravel().tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    "expression",
    [
        cp.lambda_max(cp.bmat([[s, s], [s, s]])),
        cp.ceil(s),
        cp.sign(s),
        cp.log_det(cp.bmat([[s, 0], [0, s]])),
    ],
)
def test_what_nobody_can_differentiate_is_refused_by_name(expression):
    atom = type(expression).__name__
    with pytest.raises(eq.NotAGame, match=f"'{atom}'.*cannot differentiate"):
        eq.Game([eq.Player("a", cp.Minimize(expression), [s])])


def test_lifted_sums_change_nothing():
    n = 8 * WIDE
    q = cp.Variable(n, name="q")
    c = np.linspace(1, 2, n)
    total = cp.sum(q)
    weighted = c @ q
    objective = cp.multiply(q, 10 - total) - cp.multiply(cp.square(q), c) + weighted * total
    leaves = {q.id: ca.SX.sym("q", n)}
    plain = Walker(leaves, leaves[q.id])
    lifting = Walker(leaves, leaves[q.id], lift=True)
    expected = ca.Function("f", [leaves[q.id]], [plain(objective)])
    column = lifting(objective)
    aggregates = lifting.aggregates
    assert aggregates.offset().size == 2
    point = np.random.default_rng(0).normal(size=n)
    lifted = ca.Function("g", [leaves[q.id], aggregates.symbol()], [column])
    got = lifted(point, aggregates.matrix(n) @ point + aggregates.offset())
    np.testing.assert_allclose(np.asarray(got), np.asarray(expected(point)), rtol=1e-12)


def test_parameters_need_a_value():
    p = cp.Parameter(name="tax")
    with pytest.raises(eq.NotAGame, match="'tax' has no value"):
        eq.Game([eq.Player("a", cp.Minimize(p * s), [s])])


def test_nan_constants_are_refused():
    with pytest.raises(eq.NotAGame, match="NaN"):
        eq.Game([eq.Player("a", cp.Minimize(np.nan * s), [s])])
