"""Semismooth Newton on the literature's problems, on thousands of random ones, and where none is.

Every answer is judged by the natural residual recomputed here and by a second route: planted
solutions, linear and quadratic programming, bisection, or brute-force best replies.
"""

from __future__ import annotations

import runpy
from pathlib import Path

import cvxpy as cp
import numpy as np
import pytest
from scipy import sparse
from scipy.optimize import brentq, linprog, lsq_linear, minimize_scalar

from eqsolve.errors import EqsolveError
from eqsolve.programs.complementarity import ComplementarityProblem
from eqsolve.results import Status
from eqsolve.solvers.semismooth_newton import SemismoothNewton

INF = np.inf
KNOWN = runpy.run_path(str(Path(__file__).parents[1] / "known_answers" / "complementarity.py"))[
    "PROBLEMS"
]
OLIGOPOLIES = [known for known in KNOWN if known.name.startswith("Harker")]


def natural_residual(problem, x):
    """max |x - clip(x - F(x), lower, upper)|, from the definition."""
    value = problem.function(x)
    return np.abs(x - np.clip(x - value, problem.lower, problem.upper)).max()


def solve(problem, start=None, **options):
    """Solve, and check all that holds for any solution."""
    solution = SemismoothNewton(**options).solve(problem, start)
    assert solution.status is Status.SOLVED, (solution, problem)
    assert solution.residual <= 1e-10
    assert solution.solver == "semismooth-newton"
    x = solution.values
    assert np.all((problem.lower <= x) & (x <= problem.upper))
    return solution


def affine(slopes, offset, lower=None, upper=None):
    n = len(offset)
    lower = np.zeros(n) if lower is None else lower
    upper = np.full(n, INF) if upper is None else upper
    return ComplementarityProblem(lambda x: slopes @ x + offset, lambda x: slopes, lower, upper)


# The literature --------------------------------------------------------------------------


def known_problem(known):
    return ComplementarityProblem(known.function, known.jacobian, known.lower, known.upper)


@pytest.mark.parametrize("known", KNOWN, ids=str)
def test_known_jacobians(known):
    problem = known_problem(known)
    x = problem.lower + np.random.default_rng(0).uniform(0.5, 2, problem.n)
    step = 1e-6
    differences = [
        (known.function(x + step * e) - known.function(x - step * e)) / (2 * step)
        for e in np.eye(problem.n)
    ]
    assert np.allclose(known.jacobian(x), np.transpose(differences), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("known", KNOWN, ids=str)
def test_known_problems_from_their_usual_starts(known):
    problem = known_problem(known)
    for start in known.starts:
        x = solve(problem, start).values
        assert known.distance(x) <= known.digits, start
        assert natural_residual(problem, x) <= 1e-10 * (1 + np.abs(x).max())


@pytest.mark.parametrize("known", KNOWN, ids=str)
def test_known_problems_from_fifty_random_starts(known):
    problem = known_problem(known)
    rng = np.random.default_rng(2024)
    for _ in range(50):
        start = problem.lower + rng.uniform(0, known.reach, problem.n)
        x = solve(problem, start).values
        assert known.distance(x) <= known.digits, start
        assert natural_residual(problem, x) <= 1e-10 * (1 + np.abs(x).max())


@pytest.mark.parametrize("known", OLIGOPOLIES, ids=str)
def test_no_oligopolist_has_a_better_reply(known):
    """Brute force on each firm's own profit, which the program never sees."""
    c, b, k, g = (known.data[key] for key in "cbkg")
    q = solve(known_problem(known), known.starts[0]).values

    def profit(own, firm):
        price = (5000 / (own + q.sum() - q[firm])) ** (1 / g)
        power = (1 + b[firm]) / b[firm]
        return own * (price - c[firm]) - k[firm] ** (1 / b[firm]) * own**power / power

    for firm in range(len(q)):
        grid = np.linspace(1e-9, 200, 4001)
        coarse = grid[np.argmax(profit(grid, firm))]
        reply = minimize_scalar(
            lambda own, firm=firm: -profit(own, firm),
            bounds=(max(coarse - 0.1, 1e-9), coarse + 0.1),
            method="bounded",
            options={"xatol": 1e-10},
        )
        assert -reply.fun - profit(q[firm], firm) <= 1e-9
        assert reply.x == pytest.approx(q[firm], abs=1e-5)


# Random problems with a planted solution --------------------------------------------------


def planted(slopes, rng, degenerate, lower=None, upper=None):
    """An affine problem solved by a random x; with degenerate > 0 some F vanish at bounds."""
    n = len(slopes)
    lower = np.zeros(n) if lower is None else lower
    upper = np.full(n, INF) if upper is None else upper
    inside = np.clip(rng.standard_normal(n), lower, upper)
    spot = rng.integers(0, 3, n)
    x = np.where((spot == 0) & np.isfinite(lower), lower, inside)
    x = np.where((spot == 1) & np.isfinite(upper), upper, x)
    force = np.where(rng.random(n) < degenerate, 0.0, rng.exponential(size=n))
    value = np.where(x == lower, force, np.where(x == upper, -force, 0.0))
    return affine(slopes, value - slopes @ x, lower, upper), x


def skew(n, rng):
    matrix = rng.standard_normal((n, n))
    return matrix - matrix.T


def strongly_monotone(n, rng):
    root = rng.standard_normal((n, n))
    return root @ root.T / n + 0.05 * np.eye(n) + skew(n, rng)


def semidefinite(n, rng):
    root = rng.standard_normal((n, max(1, n // 2)))
    return root @ root.T


def p_matrix(n, rng):
    """Triangular with a positive diagonal, unknowns shuffled: P, and far from monotone."""
    order = rng.permutation(n)
    matrix = np.triu(2 * rng.standard_normal((n, n)), 1) + np.diag(rng.uniform(0.5, 2, n))
    return matrix[np.ix_(order, order)]


def m_matrix(n, rng):
    matrix = -np.abs(rng.standard_normal((n, n)))
    np.fill_diagonal(matrix, 0)
    return matrix - np.diag(matrix.sum(axis=1) - 0.1)


FAMILIES = {
    "strongly monotone": (strongly_monotone, True),
    "semidefinite": (semidefinite, False),
    "semidefinite plus skew": (lambda n, rng: semidefinite(n, rng) + skew(n, rng), False),
    "skew": (skew, False),
    "P": (p_matrix, True),
    "M": (m_matrix, True),
}


@pytest.mark.parametrize("degenerate", [0.0, 0.5])
@pytest.mark.parametrize("family", FAMILIES)
def test_linear_complementarity(family, degenerate):
    """200 each: 2 to 20 unknowns; uniqueness is checked where the theory promises it."""
    make, unique = FAMILIES[family]
    rng = np.random.default_rng(len(family) + int(10 * degenerate))
    for _ in range(200):
        n = int(rng.integers(2, 13 if family == "P" else 21))
        problem, x = planted(make(n, rng), rng, degenerate)
        found = solve(problem).values
        size = 1 + np.abs(x).max()
        assert natural_residual(problem, found) <= 1e-8 * size
        if unique:
            assert np.abs(found - x).max() <= 1e-6 * size


def random_box(n, rng):
    lower = np.where(rng.random(n) < 0.3, -INF, -rng.exponential(size=n))
    upper = np.where(rng.random(n) < 0.3, INF, rng.exponential(size=n))
    upper = np.where((rng.random(n) < 0.1) & np.isfinite(lower), lower, upper)
    return lower, upper


@pytest.mark.parametrize("degenerate", [0.0, 0.5])
def test_mixed_boxes(degenerate):
    """400 each: bounds finite, infinite or equal; unique solutions."""
    rng = np.random.default_rng(7 + int(10 * degenerate))
    for _ in range(400):
        n = int(rng.integers(1, 21))
        box = random_box(n, rng)
        problem, x = planted(strongly_monotone(n, rng), rng, degenerate, *box)
        found = solve(problem).values
        assert natural_residual(problem, found) <= 1e-10
        assert np.abs(found - x).max() <= 1e-8


@pytest.mark.parametrize("degenerate", [0.0, 0.5])
def test_smooth_monotone_problems(degenerate):
    """250 each: affine plus increasing cubics, exponentials and arctangents, from far starts."""
    rng = np.random.default_rng(11 + int(10 * degenerate))
    for _ in range(250):
        n = int(rng.integers(1, 16))
        base, x = planted(strongly_monotone(n, rng), rng, degenerate, *random_box(n, rng))
        a, b, c = rng.exponential(size=(3, n))

        def bend(z, a=a, b=b, c=c):
            return a * z**3 + b * np.exp(z) + c * np.arctan(4 * z)

        def slopes(z, base=base, a=a, b=b, c=c):
            own = 3 * a * z**2 + b * np.exp(z) + 4 * c / (1 + 16 * z**2)
            return base.jacobian(z) + np.diag(own)

        shift = bend(x)
        problem = ComplementarityProblem(
            lambda z, base=base, shift=shift, bend=bend: base.function(z) + bend(z) - shift,
            slopes,
            base.lower,
            base.upper,
        )
        found = solve(problem, 3 * rng.standard_normal(n)).values
        assert np.abs(found - x).max() <= 1e-8


def test_murty_matrices():
    """Pivoting needs 2^n steps (Murty 1978); the solution is the last unit vector."""
    for n in range(1, 41):
        matrix = np.eye(n) + 2 * np.triu(np.ones((n, n)), 1)
        found = solve(affine(matrix, -np.ones(n)))
        assert np.abs(found.values - np.eye(n)[-1]).max() <= 1e-12
        assert found.iterations <= 100


# Random problems against other solvers -----------------------------------------------------


def test_box_least_squares_against_scipy():
    """300 problems, symmetric semidefinite: the same objective as SciPy's active-set method."""
    rng = np.random.default_rng(21)
    for _ in range(300):
        n = int(rng.integers(2, 16))
        rows = int(rng.integers(1, 2 * n))
        a, b = rng.standard_normal((rows, n)), rng.standard_normal(rows)
        lower, upper = -rng.exponential(size=n), rng.exponential(size=n)
        x = solve(affine(a.T @ a, -a.T @ b, lower, upper)).values
        reference = lsq_linear(a, b, (lower, upper), method="bvls", tol=1e-14)
        assert np.sum((a @ x - b) ** 2) / 2 == pytest.approx(reference.cost, abs=1e-9)


def test_quadratic_programs_against_cvxpy():
    rng = np.random.default_rng(22)
    for _ in range(40):
        n = int(rng.integers(2, 16))
        matrix = semidefinite(n, rng)
        problem, _ = planted(matrix, rng, 0.5)
        offset = problem.function(np.zeros(n))
        x = solve(problem).values
        z = cp.Variable(n, nonneg=True)
        program = cp.Problem(cp.Minimize(cp.quad_form(z, cp.psd_wrap(matrix)) / 2 + offset @ z))
        program.solve(solver=cp.CLARABEL)
        assert x @ matrix @ x / 2 + offset @ x == pytest.approx(program.value, abs=1e-5)


def test_linear_programs_against_highs():
    """200 linear programs min c x, A x >= b, x >= 0, through their optimality conditions."""
    rng = np.random.default_rng(23)
    for _ in range(200):
        m, n = int(rng.integers(1, 8)), int(rng.integers(1, 10))
        a, x, y = rng.standard_normal((m, n)), rng.exponential(size=n), rng.exponential(size=m)
        b, c = a @ x - rng.exponential(size=m), a.T @ y + rng.exponential(size=n)
        matrix = np.block([[np.zeros((n, n)), -a.T], [a, np.zeros((m, m))]])
        found = solve(affine(matrix, np.concatenate([c, -b]))).values
        reference = linprog(c, A_ub=-a, b_ub=-b, bounds=(0, None))
        assert reference.status == 0
        assert c @ found[:n] == pytest.approx(reference.fun, abs=1e-7)
        assert b @ found[n:] == pytest.approx(reference.fun, abs=1e-7)


# Sparse problems ---------------------------------------------------------------------------


def cournot(firms, capacity, seed):
    """Price 100 - Q, marginal costs c_i + d_i q_i, the total Q as an unknown of its own."""
    rng = np.random.default_rng(seed)
    cost, steepness = rng.uniform(10, 60, firms), rng.uniform(0.5, 2, firms)
    top = rng.uniform(0.2, 4, firms) * 50 / firms if capacity else np.full(firms, INF)
    ones = sparse.csc_array(np.ones((firms, 1)))
    slopes = sparse.csc_array(
        sparse.block_array([[sparse.diags_array(1 + steepness), ones], [-ones.T, np.eye(1)]])
    )
    offset = np.append(cost - 100, 0.0)
    bounds = np.append(np.zeros(firms), -INF), np.append(top, INF)
    problem = affine(slopes, offset, *bounds)

    def replies(total):
        return np.clip((100 - cost - total) / (1 + steepness), 0, top)

    total = brentq(lambda q: replies(q).sum() - q, 0, 100, xtol=1e-13)
    return problem, np.append(replies(total), total)


@pytest.mark.parametrize("capacity", [False, True])
@pytest.mark.parametrize("firms", [3, 30, 300, 3000, 10_000])
def test_cournot_with_a_lifted_total_against_bisection(firms, capacity):
    problem, expected = cournot(firms, capacity, seed=firms)
    solution = solve(problem)
    assert np.abs(solution.values - expected).max() <= 1e-9
    assert solution.iterations <= 30


def isoelastic(firms):
    """Murphy, Sherali and Soyster's market with many firms and the total as an unknown.

    Powers are undefined below zero and their slopes infinite at zero.
    """
    rng = np.random.default_rng(firms)
    c, b = rng.uniform(2, 10, firms), rng.uniform(0.8, 1.2, firms)
    k, demand, g = 5.0 ** (-1 / b), 1000.0 * firms, 1.1
    ones = sparse.csc_array(np.ones((firms, 1)))

    def function(z):
        q, total = z[:-1], z[-1]
        price = (demand / total) ** (1 / g)
        marginal = c + k * q ** (1 / b) - price + q * price / (g * total)
        return np.append(marginal, total - q.sum())

    def jacobian(z):
        q, total = z[:-1], z[-1]
        price = (demand / total) ** (1 / g)
        slope = -price / (g * total)
        column = -slope - q * price * (1 + g) / (g * total) ** 2
        own = sparse.diags_array(k / b * q ** (1 / b - 1) - slope)
        return sparse.block_array([[own, sparse.csc_array(column[:, None])], [-ones.T, np.eye(1)]])

    lower, upper = np.zeros(firms + 1), np.full(firms + 1, INF)
    return ComplementarityProblem(function, jacobian, lower, upper)


@pytest.mark.parametrize("firms", [20, 2000])
@pytest.mark.parametrize("begin", ["zero", "one", "far"])
def test_isoelastic_market_from_outside_the_domain(firms, begin):
    problem = isoelastic(firms)
    size = {"zero": 0.0, "one": 1.0, "far": 1e3}[begin]
    start = np.append(np.full(firms, size), size * firms)
    x = solve(problem, start).values
    assert natural_residual(problem, x) <= 1e-7
    reference = solve(problem, np.append(np.full(firms, 50.0), 50.0 * firms)).values
    assert np.abs(x - reference).max() <= 1e-8 * firms


def network(nodes, firms, redundant):
    """Firms produce and sell at every node over lines with limits; w is the price of transport.

    With `redundant`, each firm's balance is stated too: one equation follows from the others.
    """
    rng = np.random.default_rng(nodes + firms)
    pairs, lines = nodes * firms, 2 * nodes
    tail = rng.integers(0, nodes, lines)
    head = (tail + rng.integers(1, nodes, lines)) % nodes
    ends = np.concatenate([np.ones(lines), -np.ones(lines)])
    where = np.concatenate([tail, head]), np.tile(np.arange(lines), 2)
    incidence = sparse.csc_array((ends, where), shape=(nodes, lines))
    at_node = sparse.csc_array(np.tile(np.eye(nodes), (firms, 1)))
    of_firm = sparse.csc_array(np.repeat(np.eye(firms), nodes, axis=0))
    choke, slope = rng.uniform(40, 100, nodes), sparse.diags_array(rng.uniform(0.5, 1.5, nodes))
    cost, top = rng.uniform(10, 50, pairs), rng.uniform(0, 5, pairs)
    own = sparse.diags_array(at_node @ slope.diagonal())
    blocks = [
        [0.1 * sparse.eye_array(pairs), None, None, -at_node, None],
        [None, own, at_node @ slope, at_node, None],
        [None, -at_node.T, sparse.eye_array(nodes), None, None],
        [at_node.T, -at_node.T, None, None, incidence],
        [None, None, None, -incidence.T, 0.01 * sparse.eye_array(lines)],
    ]
    offset = [cost, -at_node @ choke, np.zeros(2 * nodes + lines)]
    lower = [np.zeros(2 * pairs), np.full(2 * nodes, -INF), np.full(lines, -5.0)]
    upper = [top, np.full(pairs, INF), np.full(2 * nodes, INF), np.full(lines, 5.0)]
    if redundant:
        columns = [-of_firm, of_firm, None, None, None]
        blocks = [[*row, column] for row, column in zip(blocks, columns, strict=True)]
        blocks.append([of_firm.T, -of_firm.T, None, None, None, sparse.csc_array((firms, firms))])
        offset.append(np.zeros(firms))
        lower.append(np.full(firms, -INF))
        upper.append(np.full(firms, INF))
    slopes = sparse.csc_array(sparse.block_array(blocks))
    return affine(slopes, np.concatenate(offset), np.concatenate(lower), np.concatenate(upper))


@pytest.mark.parametrize("redundant", [False, True])
@pytest.mark.parametrize(("nodes", "firms"), [(5, 4), (20, 10), (50, 20)])
def test_networks(nodes, firms, redundant):
    problem = network(nodes, firms, redundant)
    x = solve(problem).values
    assert natural_residual(problem, x) <= 1e-9
    lines = x[2 * nodes * firms + 2 * nodes :][: 2 * nodes]
    assert np.any(np.abs(lines) == 5.0)  # congested, or the network would not matter


def test_sparse_and_dense_agree():
    rng = np.random.default_rng(31)
    for _ in range(20):
        n = 140
        root = sparse.random_array((n, n), density=0.01, rng=rng, data_sampler=rng.standard_normal)
        slopes = sparse.csc_array(root @ root.T + 0.1 * sparse.eye_array(n))
        problem, x = planted(slopes.toarray(), rng, 0.3)
        light = affine(slopes, problem.function(np.zeros(n)))
        assert np.abs(solve(light).values - x).max() <= 1e-8
        assert np.abs(solve(problem).values - x).max() <= 1e-8


# Invariance --------------------------------------------------------------------------------


def test_units_of_the_functions_do_not_matter():
    """Rows of F multiplied by 10^-9 to 10^9."""
    rng = np.random.default_rng(41)
    for _ in range(100):
        n = int(rng.integers(1, 15))
        problem, x = planted(strongly_monotone(n, rng), rng, 0.2, *random_box(n, rng))
        units = 10.0 ** rng.uniform(-9, 9, n)
        scaled = ComplementarityProblem(
            lambda z, u=units, p=problem: u * p.function(z),
            lambda z, u=units, p=problem: u[:, None] * p.jacobian(z),
            problem.lower,
            problem.upper,
        )
        assert np.abs(solve(scaled).values - x).max() <= 1e-8


def test_order_of_the_unknowns_does_not_matter():
    rng = np.random.default_rng(42)
    for _ in range(100):
        n = int(rng.integers(2, 15))
        problem, x = planted(strongly_monotone(n, rng), rng, 0.2, *random_box(n, rng))
        order = rng.permutation(n)
        slopes, offset = problem.jacobian(x), problem.function(np.zeros(n))
        shuffled = affine(
            slopes[np.ix_(order, order)],
            offset[order],
            problem.lower[order],
            problem.upper[order],
        )
        assert np.abs(solve(shuffled).values - x[order]).max() <= 1e-8


def test_the_same_seed_gives_the_same_numbers():
    scarf = known_problem(KNOWN[-1])
    start = (1.0, 9.0, 1.0)
    first, second = (SemismoothNewton(seed=5).solve(scarf, start) for _ in range(2))
    assert first.iterations == second.iterations
    assert np.array_equal(first.values, second.values)


# Edges -------------------------------------------------------------------------------------


def one(function, slope, lower=0.0, upper=INF):
    return ComplementarityProblem(
        lambda x: function(x) + 0 * x, lambda x: np.diag(slope(x) + 0 * x), [lower], [upper]
    )


@pytest.mark.parametrize("start", [0.0, 1e-300, 1e-8, 1.0, 1e8])
def test_logarithm_is_defined_inside_only(start):
    x = solve(one(lambda x: np.log(x) - 1, lambda x: 1 / x), [start]).values
    assert x[0] == pytest.approx(np.e, rel=1e-12)


@pytest.mark.parametrize("power", [0.1, 0.5, 0.9, 1.5, 3.0])
@pytest.mark.parametrize("start", [0.0, 1.0, 100.0])
def test_powers_are_undefined_below_zero(power, start):
    problem = one(lambda x: x**power - 0.5, lambda x: power * x ** (power - 1))
    assert solve(problem, [start]).values[0] == pytest.approx(0.5 ** (1 / power), rel=1e-9)


@pytest.mark.parametrize("start", [-700.0, -20.0, 0.0, 20.0, 700.0])
def test_values_that_overflow_when_squared(start):
    """Newton's method on an exponential moves by one a step, hence the patience."""
    problem = one(lambda x: np.sinh(x) - 1, lambda x: np.cosh(x), -INF)
    x = solve(problem, [start], max_iterations=2000).values
    assert x[0] == pytest.approx(np.arcsinh(1), rel=1e-12)


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9, 1e14])
def test_far_and_near_solutions(scale):
    assert solve(one(lambda x: x - 3.3 * scale, lambda x: 1.0)).values[0] == 3.3 * scale


def test_roots_with_a_flat_function():
    x = solve(one(lambda x: (x - 1) ** 3, lambda x: 3 * (x - 1) ** 2, -INF)).values
    assert x[0] == pytest.approx(1.0, abs=1e-5)


def test_fixed_and_empty():
    fixed = affine(np.array([[1.0, 1], [1e3, 0]]), np.array([-5.0, 0]), [0, 2], [INF, 2])
    assert solve(fixed).values.tolist() == [3.0, 2.0]
    everything = affine(np.zeros((2, 2)), np.array([7.0, -7.0]), [2, 3], [2, 3])
    assert solve(everything).values.tolist() == [2.0, 3.0]
    assert solve(affine(np.zeros((0, 0)), np.zeros(0))).values.shape == (0,)


def test_a_solution_is_recognized_without_a_step():
    problem, x = planted(np.eye(3), np.random.default_rng(0), 0.0)
    solution = solve(problem, x, max_iterations=1)
    assert solution.iterations <= 1
    assert np.array_equal(solution.values, x)


UNSOLVABLE = {
    "no root": one(lambda x: x**2 + 1, lambda x: 2 * x, -INF),
    "constant": one(lambda x: 1.0, lambda x: 0.0, -INF),
    "always up": one(lambda x: -1.0, lambda x: 0.0),
    "fading out": one(lambda x: -1 / (1 + x), lambda x: 1 / (1 + x) ** 2),
    "no feasible point": affine(
        np.array([[1.0, -1, 1], [1, 0, 0], [-1, 0, 0]]), np.array([0.0, -2, 1]), [-INF, 0, 0]
    ),
    "sparse": affine(sparse.csc_array((200, 200)), -np.ones(200)),
}


@pytest.mark.parametrize("name", UNSOLVABLE)
def test_unsolvable_problems_say_so(name):
    problem = UNSOLVABLE[name]
    solution = SemismoothNewton(max_iterations=60, restarts=2).solve(problem)
    assert solution.status in {Status.STALLED, Status.ITERATION_LIMIT}
    assert not solution.solved
    assert solution.residual > 1e-10
    assert np.isfinite(solution.values).all()
    assert np.all((problem.lower <= solution.values) & (solution.values <= problem.upper))


def test_a_function_defined_nowhere_fails():
    for problem in (
        one(lambda x: x * np.nan, lambda x: 1.0),
        one(lambda x: x - 1, lambda x: x * np.nan),
    ):
        solution = SemismoothNewton().solve(problem)
        assert solution.status is Status.FAILED
        assert solution.residual == INF


def test_too_few_steps():
    matrix = np.eye(30) + 2 * np.triu(np.ones((30, 30)), 1)
    solution = SemismoothNewton(max_iterations=2, restarts=0).solve(affine(matrix, -np.ones(30)))
    assert solution.status is Status.ITERATION_LIMIT
    assert solution.iterations == 2


def test_refuses_wrong_options_and_starts():
    with pytest.raises(EqsolveError, match="tolerance is 0; it must be positive"):
        SemismoothNewton(tolerance=0)
    with pytest.raises(EqsolveError, match="max_iterations must be at least 1"):
        SemismoothNewton(max_iterations=0)
    problem = affine(np.eye(2), np.zeros(2))
    for start in ([1.0], [np.nan, 0.0]):
        with pytest.raises(EqsolveError, match="start must be 2 finite numbers"):
            SemismoothNewton().solve(problem, start)
    assert SemismoothNewton.kinds == {"complementarity"}
