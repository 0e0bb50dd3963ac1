"""Published bilevel problems: a score by class. Nothing may be returned wrong."""

from __future__ import annotations

import numpy as np
import pytest
from known_answers.bilevel import classes, linear_linear, problems
from known_answers.bilevel.readings import BEATEN
from scipy.optimize import minimize

import eqsolve as eq
from eqsolve.formulations.declared_problem import as_declared

CLASS = {build().name: kind for kind, builders in classes().items() for build in builders}
PROBLEMS = {p.name: p for p in problems() if p.follower == "convex"}
OUTCOMES = ("solved with proof", "solved locally", "better than printed", "refused", "wrong")


def followers_are_right(problem, vector):
    """Each follower's problem solved anew, by cvxpy or SciPy, where the others are."""
    game, leader = problem.game, problem.leader
    # Without a Slater point a convex solver's own answer is off by the root of its tolerance.
    tolerance = 1e-5 if problem.regular else 1e-3
    for player, (name, places) in enumerate(game.coordinates.items()):
        if name == leader:
            continue
        best = vector.copy()
        answer = as_declared(game, player, vector)
        best[places] = by_scipy(game, player, places, vector) if answer is None else answer
        sign = game.signs[player]
        ours, theirs = (sign * game.declared_payoffs(x)[player] for x in (vector, best))
        if ours > theirs + tolerance * max(1.0, abs(theirs)):
            return False
    return True


def by_scipy(game, player, places, vector):
    """For followers with bounds alone whose cost cvxpy does not call convex."""
    assert not game.declared.rows.shape[0]

    def cost(own):
        point = vector.copy()
        point[places] = own
        return game.signs[player] * game.declared_payoffs(point)[player]

    bounds = list(zip(game.numbers.lower[places], game.numbers.upper[places], strict=True))
    return minimize(cost, 1.3 * vector[places] + 0.1, bounds=bounds, method="L-BFGS-B").x


def outcome(problem):
    """One of OUTCOMES, and the leader's value."""
    try:
        found = eq.solve(problem.game, eq.Stackelberg(problem.leader))
    except eq.EqsolveError:
        return "refused", np.nan
    sure, value = found.certificate, found.payoffs[problem.leader]
    if sure.infeasibility > 1e-6 or not followers_are_right(problem, found.vector):
        return "wrong", value
    within = max(problem.half_digit, 1e-4 * max(1.0, abs(problem.value)))
    proven = sure.scope == "global"
    if proven and not np.isclose(sure.bound, value, rtol=1e-5, atol=1e-5):
        return "wrong", value
    if abs(value - problem.value) <= within * (1 + 1e-9):
        return ("solved with proof" if proven else "solved locally"), value
    better = value < problem.value and problem.name in BEATEN
    return ("better than printed" if better else "wrong"), value


@pytest.mark.parametrize("name", PROBLEMS)
def test_published_bilevel_problem(name, record_property):
    how, value = outcome(PROBLEMS[name])
    record_property("bilevel", (CLASS[name], how))
    assert how != "wrong", f"{name}: {value} against {PROBLEMS[name].value}"
    assert (how == "better than printed") == (name in BEATEN)
    if PROBLEMS[name].regular:
        assert how != "refused"


def test_there_are_enough_of_every_kind():
    assert len(PROBLEMS) >= 60
    assert {"linear_linear", "linear_quadratic", "quadratic_quadratic", "convex_nonlinear"} <= set(
        CLASS.values()
    )


def test_an_unbounded_leader_is_named_at_once():
    problem = linear_linear.tuy_2007_example_3()
    with pytest.raises(eq.EquilibriumNotFound, match="Leader 'leader' gains without bound"):
        eq.solve(problem.game, eq.Stackelberg("leader"))
