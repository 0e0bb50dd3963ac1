"""Random games: solved and independently checked, or raised; none wrong.

Two thousand with `--thorough`, else every block's first fifth.

Concave games on compact sets have an equilibrium (Rosen 1965), so on those families a
raise is a defect too. The check re-solves each player's problem with the others put in
as numbers, by cvxpy or by a grid, without eqsolve.
"""

import collections
import warnings

import cvxpy as cp
import numpy as np
import pytest

import eqsolve as eq

BLOCK = 50
FAMILIES = ("monotone", "concave", "degenerate", "smooth", "wild")
BLOCKS = [(family, block) for family in FAMILIES for block in range(8)]
TOLERANCE = 1e-6


def sizes(rng):
    players = int(rng.integers(2, 9))
    widths = rng.integers(1, 5, players)
    while widths.sum() > 30:
        widths[widths.argmax()] -= 1
    return widths


def game_matrix(family, rng, widths):
    """Pseudo-gradient M x + q with own blocks positive semidefinite but for "wild"."""
    n = widths.sum()
    owner = np.repeat(np.arange(widths.size), widths)
    if family == "wild":
        matrix = rng.normal(size=(n, n))
        return (matrix + matrix.T * (rng.random() < 0.5)), 3 * rng.normal(size=n)
    root = rng.normal(size=(n, int(rng.integers(1, n + 1))))
    matrix = root @ root.T / np.sqrt(n) + rng.normal() * np.triu(rng.normal(size=(n, n)), 1)
    matrix = np.triu(matrix) + np.triu(matrix, 1).T * rng.choice([-1, 1])
    if family == "concave":
        matrix += 2 * rng.normal(size=(n, n)) * (owner[:, None] != owner)
    if family == "degenerate":
        matrix = np.round(matrix) * (rng.random((n, n)) < 0.5)
    for player in range(widths.size):
        block = np.ix_(owner == player, owner == player)
        symmetric = (matrix[block] + matrix[block].T) / 2
        values, vectors = np.linalg.eigh(symmetric)
        matrix[block] = vectors @ np.diag(np.maximum(values, 0)) @ vectors.T
    q = 3 * rng.normal(size=n)
    return matrix, np.round(q) if family == "degenerate" else q


def draw(family, seed):
    """(game, costs, constraints): the last two take a list of values or variables."""
    rng = np.random.default_rng(seed)
    widths = sizes(rng)
    owner = np.repeat(np.arange(widths.size), widths)
    matrix, q = game_matrix(family, rng, widths)
    half = rng.uniform(0.5, 2, widths.sum())
    rows = rng.normal(size=(int(rng.integers(0, 3)), widths.sum()))
    if family == "degenerate" and rows.size:
        rows = np.vstack([rows, rows[:1]])
    room = rng.uniform(0.2, 1.5, rows.shape[0])
    own_rows = [rng.normal(size=w) if rng.random() < 0.4 else None for w in widths]
    kinds = rng.integers(0, 5, widths.size) if family == "smooth" else np.full(widths.size, -1)
    weight = rng.uniform(0.2, 1.5, widths.size)

    def curved(i, z):
        shapes = (
            lambda: -cp.sum(cp.log(z + 3)),
            lambda: -cp.sum(cp.sqrt(z + 2.5)),
            lambda: cp.sum(cp.exp(z / 2)),
            lambda: cp.sum(cp.power(z + 2.5, 1.7)),
            lambda: cp.sum(cp.logistic(2 * z)),
        )
        return weight[i] * shapes[kinds[i]]() if kinds[i] >= 0 else 0.0

    def cost(i, xs):
        z, mine = xs[i], owner == i
        block = matrix[np.ix_(mine, mine)]
        block = (block + block.T) / 2
        total = q[mine] @ z + curved(i, z)
        total += (
            0.5 * cp.quad_form(z, block, assume_PSD=True)
            if family != "wild"
            else 0.5 * (z @ (block @ z))
        )
        for j, other in enumerate(xs):
            if j != i:
                total = total + z @ (matrix[np.ix_(mine, owner == j)] @ other)
        return total

    def own(i, z):
        limits = [z <= half[owner == i], z >= -half[owner == i]]
        return [*limits, own_rows[i] @ z <= 0.5] if own_rows[i] is not None else limits

    def joint(xs):
        return [sum(rows[:, owner == j] @ x for j, x in enumerate(xs)) <= room] if rows.size else []

    variables = [cp.Variable(int(w), name=f"x{i}") for i, w in enumerate(widths)]
    players = [
        eq.Player(f"p{i}", cp.Minimize(cost(i, variables)), [x], own(i, x))
        for i, x in enumerate(variables)
    ]
    return eq.Game(players, joint(variables)), cost, own, joint


def largest_gain(found, cost, own, joint):
    """Each player's problem with numbers for the others, by cvxpy alone."""
    values = [np.asarray(v) for v in found.strategies.values()]
    worst = 0.0
    for i, value in enumerate(values):
        z = cp.Variable(value.size)
        mixed = [z if j == i else other for j, other in enumerate(values)]
        problem = cp.Problem(cp.Minimize(cost(i, mixed)), [*own(i, z), *joint(mixed)])
        with warnings.catch_warnings():
            # An inaccurate reference answer is still a deviation to compare with.
            warnings.simplefilter("ignore", UserWarning)
            problem.solve(solver=cp.CLARABEL)
        fixed = [cp.Constant(v) for v in values]
        now = float(cost(i, fixed).value)
        worst = max(worst, (now - problem.value) / max(1.0, abs(now)))
    return worst


def sampled_gain(found, cost, own, joint, rng):
    """For players without convex problems: a thousand feasible deviations each."""
    values = [np.asarray(v) for v in found.strategies.values()]
    worst = 0.0
    for i, value in enumerate(values):
        z = cp.Variable(value.size)
        mixed = [z if j == i else cp.Constant(other) for j, other in enumerate(values)]
        expression, limits = cost(i, mixed), [*own(i, z), *joint(mixed)]
        z.value = value
        now = float(np.asarray(expression.value).item())
        for scale in (1e-3, 0.1, 1.0):
            for _ in range(20):
                z.value = value + scale * rng.normal(size=value.size)
                if all((np.asarray(c.violation()) <= 0).all() for c in limits):
                    gain = now - float(np.asarray(expression.value).item())
                    worst = max(worst, gain / max(1.0, abs(now)))
    return worst


@pytest.mark.parametrize(("family", "block"), BLOCKS)
def test_random_games(family, block, share, record_property):
    outcomes = collections.Counter()
    rng = np.random.default_rng(block)
    for seed in range(block * BLOCK, block * BLOCK + round(share * BLOCK)):
        game, cost, own, joint = draw(family, seed)
        try:
            found = eq.solve(game)
        except eq.EquilibriumNotFound:
            outcomes["raised"] += 1
            assert family == "wild", f"{family} game {seed} has an equilibrium, none was found"
            continue
        assert found.certificate.relative_gain <= TOLERANCE
        if family == "wild":
            gain = sampled_gain(found, cost, own, joint, rng)
        else:
            gain = largest_gain(found, cost, own, joint)
        assert gain <= 2e-6, f"{family} game {seed}: somebody gains {gain:.1e} of the payoff"
        outcomes["solved"] += 1
    record_property("outcomes", {"family": family, **outcomes})
