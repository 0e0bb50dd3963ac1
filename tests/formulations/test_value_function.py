"""Non-convex followers: published optima, brute force, what is refused, and the parts."""

import sys
from dataclasses import replace
from pathlib import Path

import casadi as ca
import cvxpy as cp
import numpy as np
import pytest

import eqsolve as eq
from eqsolve.formulations import value_function
from eqsolve.games.convexity import convex_at_every_point, convex_players
from eqsolve.programs.smooth import SmoothProgram
from eqsolve.results import Status
from eqsolve.solvers import outer_approximation
from eqsolve.solvers.outer_approximation import OuterApproximation
from eqsolve.solvers.scip import Scip

sys.path.append(str(Path(__file__).parents[1] / "known_answers"))
from bilevel import nonconvex_follower as published

ROUTE = "value-function"
LEADER = eq.Stackelberg("leader")
# Solved too, in 2 to 20 seconds each: benchmarks/nonconvex_followers.py has them all.
SLOW = {
    "mitsos_barton_2007_example_310",
    "mitsos_barton_2007_example_312",
    "mitsos_barton_2007_example_325",
    "mitsos_barton_2007_example_327",
    "mitsos_barton_2007_example_328",
    "an_2009",
    "calvete_gale_1999",
    "nie_wang_ye_2017_example_52",
    "nie_wang_ye_2017_example_61",
}
UNSOLVED = {"lampariello_sagratella_2017_example_23", "sinha_malo_deb_2014_tp7"}
# Printed 1.25, at (1, 1); (0.5, 1) is better, as the grid below finds.
BEATEN = {"ye_zhu_2010_example_43": 1.0}
QUICK = [b for b in published.PROBLEMS if b.__name__ not in SLOW | UNSOLVED]


@pytest.mark.parametrize("build", QUICK, ids=lambda build: build.__name__)
def test_published_optima(build):
    problem = build()
    best = BEATEN.get(problem.name, problem.value)
    found = eq.solve(problem.game, LEADER, formulation=ROUTE)
    value, bound = found.payoffs["leader"], found.certificate.bound
    assert value == pytest.approx(best, rel=1e-3, abs=1e-3)
    assert value - 1e-4 * max(1, abs(value)) <= bound <= value
    assert found.certificate.scope == "global"
    assert found.certificate.kind == "Stackelberg"


def by_grid(leader, follower, x_bounds, y_bounds, allowed=None, points=601):
    """The leader's best value over a grid, the follower answering from a grid of its own."""
    best = np.inf
    y = np.linspace(*y_bounds, 20 * points)
    for x in np.linspace(*x_bounds, points):
        cost = follower(x, y)
        if allowed is not None:
            cost = np.where(allowed(x, y), cost, np.inf)
        near = cost <= cost.min() + 1e-9
        best = min(best, leader(x, y[near]).min())
    return best


def test_the_value_better_than_published_is_what_a_grid_finds():
    value = by_grid(
        lambda x, y: (x - 0.5) ** 2 + (y - 2) ** 2,
        lambda x, y: y**3 - 3 * y,
        (-3, 2),
        (-10, 10),
        lambda x, y: y >= x,
    )
    assert value == pytest.approx(BEATEN["ye_zhu_2010_example_43"], abs=5e-3)


def polynomial_game(seed):
    """A leader and a follower in [-1, 1], the follower's cost a random quartic."""
    rng = np.random.default_rng(seed)
    a, b, c, d = rng.uniform(-1, 1, 4)
    p, q = rng.uniform(-1, 1, 2)
    x = cp.Variable(bounds=[-1, 1], name="x")
    y = cp.Variable(bounds=[-1, 1], name="y")

    def leader(x, y):
        return (x - p) ** 2 + (y - q) ** 2

    def follower(x, y):
        return y**4 + a * y**3 - (1 + b * x) * y**2 + (c + d * x) * y

    game = eq.Game(
        [
            eq.Player("leader", cp.Minimize(leader(x, y)), [x]),
            eq.Player("follower", cp.Minimize(follower(x, y)), [y]),
        ]
    )
    return game, by_grid(leader, follower, (-1, 1), (-1, 1))


@pytest.mark.parametrize("seed", range(6))
def test_random_quartic_followers_agree_with_a_grid(seed):
    game, best = polynomial_game(seed)
    found = eq.solve(game, LEADER)
    assert found.explain()[ROUTE] == "used."
    value = found.payoffs["leader"]
    # The leader's grid misses up to its step; the follower's rounds y by up to 1e-4.
    assert best - 2e-2 <= value <= best + 1e-3
    assert found.certificate.bound <= best + 1e-3


def two_wells(bounds=(-2, 2), cost=None, concept=LEADER):
    """The follower's wells at y = -1 and 1 tie at x = 0; the leader likes y = 1 and x < 0."""
    x = cp.Variable(bounds=[-1, 1], name="x")
    y = cp.Variable(name="y", **({} if bounds is None else {"bounds": list(bounds)}))
    cost = (y**2 - 1) ** 2 - x * y if cost is None else cost(x, y)
    return eq.Game(
        [
            eq.Player("leader", cp.Minimize((y - 1) ** 2 + x), [x]),
            eq.Player("follower", cp.Minimize(cost), [y]),
        ]
    )


def test_a_tie_is_broken_for_the_leader():
    found = eq.solve(two_wells(), LEADER, formulation=ROUTE)
    assert found["leader"] == pytest.approx(0, abs=1e-6)
    assert found["follower"] == pytest.approx(1, abs=1e-4)
    assert found.payoffs["leader"] == pytest.approx(0, abs=1e-6)


def test_a_local_answer_of_the_follower_is_found_out():
    # y near 1 is a local optimum at x = -1; the follower's best answer is near -1.
    local = min(np.roots([4, 0, -4, 1]).real, key=lambda root: abs(root - 0.8))
    sure = eq.certify(two_wells(), np.array([-1.0, local]), LEADER)
    assert sure.gains["follower"] > 1


def test_what_is_refused_says_why():
    def reason(game, concept=LEADER):
        with pytest.raises(eq.NoFormulation) as refusal:
            eq.solve(game, concept, formulation=ROUTE)
        return refusal.value.reasons[ROUTE]

    assert "'y' has no finite" in reason(two_wells(bounds=None))
    assert "convex problem" in reason(two_wells(cost=lambda x, y: (y - x) ** 2))
    assert "best for the leader" in reason(two_wells(), eq.Stackelberg("leader", "pessimistic"))
    assert "concept Stackelberg" in reason(two_wells(), eq.Nash())
    z = cp.Variable(bounds=[-1, 1], name="z")
    three = eq.Game([*two_wells().players, eq.Player("third", cp.Minimize(-(z**2)), [z])])
    assert "one follower, and there are 2" in reason(three)


def test_an_equation_the_leader_enters_is_refused():
    x, y = cp.Variable(bounds=[0, 1], name="x"), cp.Variable(2, bounds=[-2, 2], name="y")
    game = eq.Game(
        [
            eq.Player("leader", cp.Minimize(x + y[0]), [x]),
            eq.Player("follower", cp.Minimize(-(y[0] ** 2)), [y], [y[0] + y[1] == x]),
        ]
    )
    with pytest.raises(eq.NoFormulation, match="enters an equation of follower 'follower'"):
        eq.solve(game, LEADER, formulation=ROUTE)


def test_without_scip_it_is_refused(monkeypatch):
    monkeypatch.setattr(value_function, "scip_is_installed", lambda: False)
    with pytest.raises(eq.NoFormulation, match=r"needs SCIP: pip install 'eqsolve\[global\]'"):
        eq.solve(two_wells(), LEADER, formulation=ROUTE)


def test_bounds_are_read_off_the_constraints():
    x, y = cp.Variable(bounds=[-1, 1], name="x"), cp.Variable(2, name="y")
    game = eq.Game(
        [
            eq.Player("leader", cp.Minimize(x + y[0]), [x]),
            eq.Player("follower", cp.Minimize(-x * y[0] * y[1]), [y], [cp.sum_squares(y) <= 4]),
        ]
    )
    low, high = value_function.bounded(game, (0,)).reach
    np.testing.assert_allclose(low, [-1, -2, -2], atol=1e-3)
    np.testing.assert_allclose(high, [1, 2, 2], atol=1e-3)


def test_an_answer_that_is_not_proven_is_not_returned():
    with pytest.raises(eq.EquilibriumNotFound, match="ran out of"):
        eq.solve(two_wells(), LEADER, formulation=ROUTE, seconds=0.0)


def with_bounds(monkeypatch, *bounds):
    """Relaxations whose bounds are these instead of SCIP's, the last one for the rest."""
    honest, given = outer_approximation._Search.relax, list(bounds)

    def relax(self, seed):
        solution = honest(self, seed)
        bound = given.pop(0) if len(given) > 1 else given[0]
        return solution if bound is None else replace(solution, bound=bound)

    monkeypatch.setattr(outer_approximation._Search, "relax", relax)


def test_a_bound_above_a_known_point_proves_nothing(monkeypatch):
    with_bounds(monkeypatch, 5.0)
    found = OuterApproximation().solve(value_function.bounded(two_wells(), (0,)))
    assert found.status is Status.FAILED
    assert np.isnan(found.values).all()


def test_a_bound_that_a_second_run_does_not_find_is_dropped(monkeypatch):
    with_bounds(monkeypatch, 5.0, None)
    found = OuterApproximation().solve(value_function.bounded(two_wells(), (0,)))
    assert found.status is Status.SOLVED
    assert found.objective == pytest.approx(0, abs=1e-6)
    assert found.bound <= found.objective


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x**3 - 2 * x**2 + 1 / (x + 3),
        lambda x: ca.exp(x) + ca.log(x + 2) + ca.sqrt(x + 4),
        lambda x: ca.sin(2 * x) * ca.cos(x) - ca.fabs(x - 0.2),
        lambda x: (x + 3) ** 0.67 + (x + 3) ** -1.3 + 2 ** (x + 1),
        lambda x: (x + 3) ** (x + 1) + ca.tanh(x) + ca.expm1(x) + ca.log1p(x + 1),
        lambda x: ca.fmax(x, 0.3) + 2 * ca.fmin(x, -0.3) + ca.hypot(x, 2),
    ],
)
@pytest.mark.parametrize("at", [-0.7, 0.1, 0.9])
def test_scip_reads_functions_as_casadi_does(function, at):
    x = ca.SX.sym("x")
    value = float(ca.Function("f", [x], [function(x)])(at))
    found = Scip().solve(SmoothProgram(x, function(x), lower=at, upper=at))
    assert found.objective == pytest.approx(value, abs=1e-6)
    as_parameter = Scip().solve(
        SmoothProgram(ca.SX.sym("z"), function(x) + 0.0, parameters=x), [at]
    )
    assert as_parameter.objective == pytest.approx(value, abs=1e-6)


def test_scip_bounds_what_has_many_minima():
    x = ca.SX.sym("x", 2)
    cost = ca.sumsqr(x) / 10 + ca.sum1(ca.sin(3 * x))
    found = Scip().solve(SmoothProgram(x, cost, lower=-5.0, upper=5.0))
    line = np.linspace(-5, 5, 20001)
    best = 2 * (line**2 / 10 + np.sin(3 * line)).min()
    assert found.bound - 1e-6 <= best <= found.objective + 1e-6
    assert found.objective == pytest.approx(best, abs=1e-5)


def test_one_of_several_conditions_is_enough():
    x = ca.SX.sym("x")
    outside = ca.vertcat(x + 1, 2 - x)  # x <= -1 or x >= 2
    program = SmoothProgram(x, (x - 1) ** 2, lower=-3.0, upper=3.0)
    assert Scip().solve(program, either=[outside]).values == pytest.approx([2.0], abs=1e-5)
    assert Scip().solve(program, either=[ca.vertcat(x + 4, 4 - x)]).status is Status.INFEASIBLE


def test_a_cube_is_convex_only_where_it_is_not_negative():
    def follower(bounds):
        x, y = cp.Variable(name="x"), cp.Variable(bounds=bounds, name="y")
        game = eq.Game(
            [
                eq.Player("leader", cp.Minimize(cp.square(x - y)), [x]),
                eq.Player("follower", cp.Minimize(y**3), [y]),
            ]
        )
        return convex_players(game, np.array([0.0, 0.5]))[1]

    assert follower([0, 1])
    assert not follower([-1, 1])


def test_convexity_is_asked_at_several_points():
    # At x = 0, where problems are read first, the follower's cost y**4 - x y**2 is convex.
    game = two_wells(cost=lambda x, y: y**4 - x * y**2)
    assert convex_players(game, np.zeros(2))[1]
    assert not convex_at_every_point(game, 1)
