"""The matrices of a linear system of optimality conditions against its symbols."""

import casadi as ca
import cvxpy as cp
import numpy as np
import pytest
import scipy.sparse as sp

import eqsolve as eq
from eqsolve.formulations.kkt import optimality_conditions
from eqsolve.games.affine import same_owner, same_owner_product
from eqsolve.games.expressions import to_csr


def market(firms: int, shared: bool, own: bool) -> eq.Game:
    """Two goods a firm; limits on totals that firms share, or that each must respect itself."""
    rng = np.random.default_rng(firms)
    q = cp.Variable((firms, 2), nonneg=True, name="q")
    total = cp.sum(q, axis=0)
    profit = cp.sum(cp.multiply(q, 50 - cp.reshape(total, (1, 2), order="C")), axis=1)
    profit = profit - q @ rng.uniform(1, 9, 2)
    rows = [q[:, 0] + 0.5 * total[1] <= 30, q[:, 0] - q[:, 1] == 1] if own else []
    limits = [total[0] + q[0, 1] <= 40, total[1] - total[0] == 0] if shared else []
    return eq.Game([eq.Population("firm", q, maximize=profit, constraints=rows)], limits)


@pytest.mark.parametrize("firms", [3, 80])  # dense, and with lifted totals
@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("own", [False, True])
def test_matrices_are_the_derivative_of_the_symbols(firms: int, shared: bool, own: bool) -> None:
    game = market(firms, shared, own)
    weights = np.random.default_rng(0).uniform(0.5, 2, firms)
    conditions = optimality_conditions(game.symbolic, weights)
    matrix, offset = conditions.linear
    z = np.random.default_rng(1).normal(size=offset.size)
    value = ca.Function("value", [conditions.unknowns], [conditions.residual])(z)
    slopes = ca.Function("slopes", [conditions.unknowns], [conditions.jacobian])(z)
    assert np.allclose(matrix @ z + offset, np.asarray(value).ravel(), rtol=1e-12, atol=1e-10)
    assert np.allclose(matrix.toarray(), to_csr(slopes).toarray(), atol=1e-12)
    assert matrix.shape == (len(conditions.names),) * 2 == (conditions.bounds[0].size,) * 2


def test_curved_conditions_have_no_matrices() -> None:
    x, y = cp.Variable(name="x"), cp.Variable(name="y")
    curved = eq.Player("curved", cp.Minimize(cp.exp(x) - x * y), [x])
    game = eq.Game([curved, eq.Player("plain", cp.Minimize(cp.square(y - x)), [y])])
    assert optimality_conditions(game.symbolic, np.ones(2)).linear is None


def test_products_between_what_one_owner_has() -> None:
    rng = np.random.default_rng(2)
    left = sp.random_array((30, 7), density=0.3, rng=rng, format="csr")
    right = sp.random_array((7, 20), density=0.3, rng=rng, format="csr")
    rows, columns = rng.integers(-1, 4, 30), rng.integers(0, 4, 20)
    same = rows[:, None] == columns[None, :]
    product = (left @ right).toarray()
    assert np.allclose(same_owner_product(left, right, rows, columns).toarray(), product * same)
    assert np.allclose(same_owner(left @ right, rows, columns).toarray(), product * same)
