"""Random zero-sum games: what attracts the Stackelberg flow is a Stackelberg equilibrium.

A thousand with `--thorough`, else a fifth of the slow ones.

Attraction is read off differences of the learning update itself; the class from second
derivatives of the declared game. Both start from the total derivative, whose formula is checked
against followers solved again in tests/formulations/test_total_derivative.py.
"""

import numpy as np
import pytest

import eqsolve as eq
from eqsolve import dynamics as dy

CLEAR = 1e-3  # relative size of eigenvalues; games closer to a change of kind are left out
STEP = 1e-4


def quadratic(rng):
    """Curvatures of any sign, followers usually concave."""
    m, n = rng.integers(1, 4, 2)
    A, C = rng.normal(size=(m, m)), rng.normal(size=(n, n))
    lead, follow = rng.uniform(-1, 2), rng.uniform(-1, 6)
    game = eq.models.quadratic_zero_sum(
        A + A.T + lead * np.eye(m), rng.normal(size=(m, n)), C + C.T - follow * np.eye(n)
    )
    return game, [np.zeros(m + n)]


def polynomial(rng):
    """The published family with random coefficients, and the critical points found."""
    a, b = rng.uniform(-0.5, 0.5, 2)
    game = eq.models.polynomial_zero_sum(a, b)
    found = eq.critical_points(game, (-15, 15), starts=12, seed=int(rng.integers(2**31)))
    return game, [c.point for c in found.points]


def is_clear(verdict):
    """No eigenvalue that decides is near zero."""
    order = verdict.orders["one"]
    values = np.concatenate([order.leader_eigenvalues, *order.follower_eigenvalues.values()])
    own = np.concatenate(list(verdict.own_eigenvalues.values()))
    if not np.isfinite(values).all():
        return False
    size = max(np.abs(values).max(), np.abs(own).max())
    return min(np.abs(values).min(), np.abs(own).min()) > CLEAR * max(size, 1e-6)


def attracts(game, point, leader):
    """Whether every direction of the update with a small step leads back to `point`."""
    jacobian = game.numbers.jacobian(point).toarray()
    step = STEP / max(1.0, np.abs(jacobian).max() ** 2)
    if leader is None:
        learner = dy.GradientPlay(step)
    else:
        learner = dy.StackelbergGradient(leader, step)
    predicted = eq.predict_rate(learner, point, game)
    assert predicted.is_fixed_point
    return predicted.is_stable


@pytest.mark.parametrize("block", range(10))
def test_attractors_are_differential_stackelberg_equilibria(block, share):
    family = quadratic if block < 6 else polynomial
    games = 100 if family is quadratic else round(100 * share)
    attractors = nash = others = 0
    for number in range(games):
        game, points = family(np.random.default_rng([block, number]))
        for point in points:
            verdict = eq.classify(game, point)
            if not is_clear(verdict):
                continue
            is_equilibrium = verdict.orders["one"].is_equilibrium
            assert attracts(game, point, "one") == is_equilibrium, (block, number, point)
            attractors += is_equilibrium
            others += not is_equilibrium
            if verdict.is_nash:
                nash += 1
                assert is_equilibrium
                assert verdict.orders["two"].is_equilibrium
    assert attractors >= 0.15 * games
    assert nash >= 0.05 * games
    assert others >= 0.15 * games
