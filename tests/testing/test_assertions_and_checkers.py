"""The assertions and checkers that users put into their own suites: each rule broken once."""

from dataclasses import dataclass

import numpy as np
import pytest

import eqsolve as eq
from eqsolve import dynamics as dy
from eqsolve.testing import assert_converges, assert_equilibrium, check_dynamics


@pytest.fixture(scope="module")
def duopoly():
    return eq.models.load("duopoly")


@pytest.fixture(scope="module")
def nash(duopoly):
    return eq.solve(duopoly)


def test_an_equilibrium_passes_in_every_form(duopoly, nash):
    assert_equilibrium(duopoly, nash)
    assert_equilibrium(duopoly, nash.vector)
    assert_equilibrium(duopoly, dict(nash.strategies))


def test_whoever_gains_is_named(duopoly, nash):
    off = nash.vector + np.array([3.0, 0.0])
    with pytest.raises(AssertionError, match="player 'firm1' gains"):
        assert_equilibrium(duopoly, off)
    assert_equilibrium(duopoly, off, atol=1.0)


def test_infeasible_points_are_no_equilibria(duopoly, nash):
    with pytest.raises(AssertionError, match="infeasibility"):
        assert_equilibrium(duopoly, np.array([-1.0, nash.vector[1]]))


def test_convergence_of_real_learning(duopoly, nash):
    learner = dy.GradientPlay(step=0.2)
    path = eq.simulate(duopoly, learner, start=[10.0, 10.0], steps=200)
    assert_converges(path, nash, 1e-9, kind="linear", max_rate=0.81, dynamics=learner)
    with pytest.raises(AssertionError, match="final distance"):
        assert_converges(path, nash.vector + 1, 1e-9)


def test_a_run_that_is_not_finite_fails_the_assertion():
    path = np.ones((20, 2))
    path[10:] = np.nan
    with pytest.raises(AssertionError, match="final distance nan exceeds"):
        assert_converges(path, np.zeros(2), 1e-3)


def test_no_rate_is_not_a_small_rate():
    path = np.ones((50, 2))
    with pytest.raises(AssertionError, match="no rate where at most 0.9"):
        assert_converges(path, np.zeros(2), 10.0, max_rate=0.9)


@pytest.mark.parametrize("learner", [
    dy.GradientPlay(step=0.1, noise=1.0), dy.ExtraGradient(step=0.1),
    dy.OptimisticGradient(step=0.1, noise=0.5), dy.BestResponse(),
    dy.BestResponse(order="in turn"), dy.Delayed(dy.OptimisticGradient(step=0.1), 3),
    dy.Delayed(dy.GradientPlay(step=0.1), 0),
    dy.PolicyGradient(step=0.01, sigma=0.1, feedback="score"),
    dy.PolicyGradient(step=0.01, sigma=0.1, feedback="payoff"),
], ids=repr)  # fmt: skip
def test_the_shipped_dynamics_keep_the_protocol(duopoly, learner):
    check_dynamics(learner, duopoly)


@dataclass(frozen=True)
class Sound:
    """Keeps every rule; each culprit below breaks one."""

    def start(self, game, profile):
        return (np.zeros(profile.shape[0]),)

    def step(self, game, profile, state, rng):
        return profile + rng.normal(size=profile.shape), (state[0] + 1,)


class WithoutTuple(Sound):
    def start(self, game, profile):
        return [np.zeros(profile.shape[0])]


class MemoryOfOneRun(Sound):
    def start(self, game, profile):
        return (np.zeros(1),)


class ChangesProfile(Sound):
    def step(self, game, profile, state, rng):
        profile += 1.0
        return profile.copy(), state


class ChangesMemory(Sound):
    def step(self, game, profile, state, rng):
        state[0][:] += 1.0
        return profile.copy(), state


class LosesMemory(Sound):
    def step(self, game, profile, state, rng):
        return profile.copy(), ()


class ReturnsOneProfile(Sound):
    def step(self, game, profile, state, rng):
        return profile[0], state


class OwnRandomness(Sound):
    def step(self, game, profile, state, rng):
        return profile + np.random.default_rng().normal(size=profile.shape), state


def test_a_sound_dynamics_passes(duopoly):
    check_dynamics(Sound(), duopoly)


@pytest.mark.parametrize(("culprit", "rule"), [
    (WithoutTuple, "must return a tuple"), (MemoryOfOneRun, "replications first"),
    (ChangesProfile, "changed the profile"), (ChangesMemory, "changed the memory"),
    (LosesMemory, "memory of the same parts"), (ReturnsOneProfile, "must return profiles"),
    (OwnRandomness, "the same seed gave other numbers"),
])  # fmt: skip
def test_each_broken_rule_is_named(duopoly, culprit, rule):
    with pytest.raises(AssertionError, match=rule):
        check_dynamics(culprit(), duopoly)


def test_what_is_no_dynamics_is_told(duopoly):
    with pytest.raises(AssertionError, match=r"lacks start\(...\) or step\(...\)"):
        check_dynamics(lambda x: x, duopoly)
