"""The regenerative bootstrap: cycles as cut by hand, coverage, and refusals."""

import numpy as np
import pytest

from eqsolve.design.estimation import bootstrap as module
from eqsolve.design.estimation.bootstrap import bootstrap
from eqsolve.design.estimation.estimate import estimate
from eqsolve.design.estimation.recorded_steps import RecordedSteps
from eqsolve.errors import BadExperiment, BadLog
from tests.design.simulated import EFFECT_A, instance_a, one_run, random_pair


def steps_of_instance_a(seed, steps=400):
    transitions, rewards = instance_a()
    rng = np.random.default_rng(seed)
    run = one_run(transitions, rewards, np.ones((2, 3)), np.full((3, 2), 0.5), steps, rng)
    return RecordedSteps(*run, number_of_arms=2, number_of_states=3)


def test_cycles_are_what_lies_between_visits_and_the_rest_are_ends(monkeypatch):
    monkeypatch.setattr(module, "_LEAST", 2)
    state = [1, 0, 1, 2, 0, 0, 2, 1]  # state 0 at steps 1, 4, 5
    steps = RecordedSteps([0] * 8, state, [0.0] * 8, [*state[1:], 2])
    units = module._cut(steps, np.array(state) == 0)
    assert (units.cycles, units.groups, units.ends) == (2, 2, 1)
    assert units.of_step.tolist() == [2, 0, 0, 0, 1, 2, 2, 2]


def test_every_run_has_ends_of_its_own(monkeypatch):
    monkeypatch.setattr(module, "_LEAST", 1)
    state = [0, 1, 0, 1, 0, 1, 1]
    steps = RecordedSteps(
        [0] * 7, state, [0.0] * 7, [1, 0, 0, 0, 1, 1, 0], new_run=[1, 0, 0, 1, 0, 0, 1]
    )
    units = module._cut(steps, np.array([1, 0, 1, 0, 1, 0, 0]))
    assert units.of_step.tolist() == [0, 0, 1, 2, 2, 2, 3]
    weights = units.draw(500, np.random.default_rng(0))
    assert (weights[:, :1] == 1).all()
    assert (weights[:, 1:].sum(axis=1) == 3).all()
    assert weights[:, 1].std() > 0.5


def test_a_draw_with_all_weights_one_is_the_estimate():
    found = estimate(steps_of_instance_a(0))
    units = module._cut(found.recorded, None)
    ones = np.ones((1, units.total))
    for draw in (module._in_full, module._linear_part):
        effect, error = draw(found, found.recorded, units)(ones)
        np.testing.assert_allclose(effect, [[found.effect]], rtol=1e-10)
        np.testing.assert_allclose(error, [[found.standard_error]], rtol=1e-10)


def test_the_linear_part_is_the_derivative_of_the_estimate_in_the_weights():
    """One cycle weighed a little more: the change of the full estimate, to first order."""
    found = estimate(steps_of_instance_a(1))
    units = module._cut(found.recorded, None)
    full = module._in_full(found, found.recorded, units)
    linear = module._linear_part(found, found.recorded, units)
    for unit in (0, 7, units.total - 1):
        more = np.ones((1, units.total))
        more[0, unit] += 1e-4
        slope = (full(more)[0].item() - found.effect) / 1e-4
        assert (linear(more)[0].item() - found.effect) / 1e-4 == pytest.approx(slope, rel=1e-3)


def test_intervals_cover_as_often_as_they_should():
    """100 runs of 600 steps, both methods and both kinds of draw."""
    hits = np.zeros(3)
    for seed in range(100):
        found = estimate(steps_of_instance_a(seed, steps=600))
        draws = bootstrap(found, replications=200, seed=seed)
        assert not draws.linear
        hits[0] += EFFECT_A in draws.interval(0.9)
        hits[1] += EFFECT_A in draws.interval(0.9, method="percentile")
        units = module._cut(found.recorded, None)
        weights = units.draw(200, np.random.default_rng(seed))
        effects, _ = module._linear_part(found, found.recorded, units)(weights)
        low, high = np.quantile(effects, (0.05, 0.95))
        hits[2] += low <= EFFECT_A <= high
    # 0.9 give or take three binomial standard deviations, and a little for 600 steps.
    assert (hits / 100 >= 0.8).all()
    assert (hits / 100 <= 0.98).all()


def test_large_chains_and_borrowed_steps_take_the_linear_part():
    rng = np.random.default_rng(2)
    transitions, by_next, deviations, policy = random_pair(rng, states=45)
    run = one_run(transitions, by_next, deviations, policy, 60_000, rng)
    found = estimate(RecordedSteps(*run, number_of_arms=2, number_of_states=45))
    draws = found.bootstrap(replications=400, seed=0)
    assert draws.linear
    assert draws.cycles > 500
    assert draws.effects.std() == pytest.approx(found.standard_error, rel=0.15)
    assert estimate(steps_of_instance_a(0), prior=1.0).bootstrap(replications=10).linear


def test_many_cycles_are_drawn_in_groups_with_the_same_spread(monkeypatch):
    found = estimate(steps_of_instance_a(3, steps=4000))
    alone = bootstrap(found, replications=800)
    monkeypatch.setattr(module, "_MOST_GROUPS", 200)
    grouped = bootstrap(found, replications=800)
    assert grouped.cycles == alone.cycles > 1000
    assert grouped.effects.std() == pytest.approx(alone.effects.std(), rel=0.12)


def test_the_same_seed_draws_the_same_and_contrasts_keep_their_shapes(monkeypatch):
    found = estimate(steps_of_instance_a(4), [[-1, 1], [1, 1]])
    first = found.bootstrap(replications=50, seed=7)
    monkeypatch.setattr(module, "_AT_ONCE", 1)  # in parts of one draw
    second = found.bootstrap(replications=50, seed=7)
    np.testing.assert_array_equal(first.effects, second.effects)
    interval = first.interval()
    assert interval.low.shape == (2,)
    assert interval.kind == "bootstrap"
    assert len(first.table().rows) == 2
    single = estimate(steps_of_instance_a(4)).interval(kind="bootstrap", replications=50)
    assert isinstance(single.low, float)


def test_a_log_without_doubt_has_an_interval_of_one_point():
    steps = RecordedSteps([0, 1] * 50, [0] * 100, [1.0, 3.0] * 50, [0] * 100)
    found = estimate(steps)
    renewals = np.arange(100) % 2 == 0
    assert tuple(bootstrap(found, renewals=renewals, replications=20).interval()) == (2.0, 2.0)


def test_what_cannot_be_resampled_is_refused():
    few = estimate(steps_of_instance_a(5), prior=1.0)
    with pytest.raises(BadLog) as refusal:
        bootstrap(few, renewals=np.arange(400) % 50 == 0)
    assert str(refusal.value) == (
        "Between visits to the renewals given the log has 7 cycles; the bootstrap needs at least "
        "20. Use the CLT interval, or more steps."
    )
    with pytest.raises(BadLog, match="Columns differ in length: state 400, renewals 3"):
        bootstrap(few, renewals=[True] * 3)
    with pytest.raises(BadLog, match="needs the steps in their order"):
        bootstrap(estimate(few.recorded.counts))
    with pytest.raises(BadExperiment, match="it is one of studentised, percentile"):
        bootstrap(few, replications=5).interval(method="best")
    with pytest.raises(BadLog, match="Between visits to state 0 the log has 9 cycles"):
        bootstrap(estimate(RecordedSteps([0, 1] * 5, [0] * 10, [0.0] * 10, [0] * 10)))


def test_draws_that_do_not_identify_the_effect_are_refused_when_they_are_many():
    """Arm 1 was played in one cycle only, which a third of the draws do not hold."""
    state = np.zeros(90, dtype=int)
    rare = RecordedSteps([0] * 40 + [1] + [0] * 49, state, state + 0.0, state)
    with pytest.raises(BadLog, match=r"Only 6\d% of the drawn logs identify the effect"):
        bootstrap(estimate(rare), replications=500)
