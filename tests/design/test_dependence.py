"""Tests of the Markov assumption: exact moments, size under the null, power against the rest."""

import numpy as np
import pytest
from scipy import stats

from eqsolve.design.estimation import dependence
from eqsolve.design.estimation.dependence import lumping_tests, markov_tests
from eqsolve.design.estimation.estimate import estimate
from eqsolve.design.estimation.recorded_steps import RecordedSteps
from eqsolve.errors import BadLog
from tests.design.simulated import instance_a, one_run


def run_of_instance_a(seed, steps=600):
    transitions, rewards = instance_a()
    rng = np.random.default_rng(seed)
    return one_run(transitions, rewards, np.ones((2, 3)), np.full((3, 2), 0.5), steps, rng)


def one_stratum(group, outcome, numbers=False):
    stratum = np.zeros(group.size, dtype=int)
    if numbers:
        table, names = dependence._numbers(stratum, group, outcome, stratum)
    else:
        table, names = dependence._classes(stratum, group, outcome)
    return table.test("outcome", "group", names, 1)


def test_the_statistic_of_classes_is_pearsons():
    rng = np.random.default_rng(0)
    group, outcome = rng.integers(0, 4, 90), rng.integers(0, 3, 90)
    table = np.zeros((4, 3))
    np.add.at(table, (group, outcome), 1)
    wanted = stats.chi2_contingency(table)
    found = one_stratum(group, outcome)
    assert found.statistic == pytest.approx(wanted.statistic, rel=1e-12)
    assert found.degrees == wanted.dof == 6
    assert found.p_value == pytest.approx(wanted.pvalue, abs=0.02)


def test_the_statistic_of_numbers_is_the_share_between_groups():
    rng = np.random.default_rng(1)
    group, value = rng.integers(0, 4, 90), rng.normal(size=90)
    f = stats.f_oneway(*(value[group == g] for g in range(4)))
    share = f.statistic * 3 / (f.statistic * 3 + 86)
    found = one_stratum(group, value, numbers=True)
    assert found.statistic == pytest.approx(90 * share, rel=1e-10)
    assert found.degrees == 3
    assert found.p_value == pytest.approx(f.pvalue, abs=0.02)


@pytest.mark.parametrize("numbers", [False, True])
def test_mean_and_variance_are_those_of_all_permutations(numbers):
    """Thin and lopsided; every one of 9! orders is equally likely, 40,000 of them are drawn."""
    group = np.array([0, 0, 0, 0, 1, 1, 2, 2, 3])
    outcome = np.array([0.0, 0, 0, 0, 0, 1, 1, 2, 9] if numbers else [0, 0, 0, 0, 0, 1, 1, 2, 2])
    rng = np.random.default_rng(2)
    stratum = np.repeat(np.arange(40_000), 9)
    orders = np.concatenate([rng.permutation(outcome) for _ in range(40_000)])
    groups = np.tile(group, 40_000)
    if numbers:
        table, _ = dependence._numbers(stratum, groups, orders, stratum)
    else:
        table, _ = dependence._classes(stratum, groups, orders.astype(int))
    n, (r, c) = 9.0, (ranks[:1] for ranks in table.ranks)
    mean = n / (n - 1) * (r - 1) * (c - 1)
    (va, wa), (vb, wb) = (
        dependence._parts(n, rank, diagonal[:1])
        for rank, diagonal in zip((r, c), table.diagonals, strict=True)
    )
    variance = 2 * n / (n - 3) * (va - wa) * (vb - wb) + n**2 / (n - 1) * wa * wb
    assert table.statistic.mean() == pytest.approx(mean.item(), rel=0.02)
    assert table.statistic.var() == pytest.approx(variance.item(), rel=0.03)


def test_a_markov_chain_is_rejected_as_often_as_it_should_be():
    """Instance A over 120 short runs: p-values below 5 % in 5 % of them."""
    p_values = []
    for seed in range(120):
        steps = RecordedSteps(*run_of_instance_a(seed, steps=250), number_of_states=3)
        tests = markov_tests(steps, estimate(steps, prior=0.5).arms)
        assert [test.outcome for test in tests] == ["next state", "reward", "reward plus bias"]
        p_values.append([test.p_value for test in tests])
    low = (np.array(p_values) < 0.05).mean(axis=0)
    assert (low <= 0.11).all()  # three standard deviations of 120 draws
    assert np.mean(p_values) == pytest.approx(0.5, abs=0.06)


def test_a_walk_that_remembers_its_direction_is_found_out():
    rng = np.random.default_rng(3)
    turns = np.where(rng.random(1500) < 0.3, -1, 1)
    walk = np.cumsum(np.cumprod(turns)) % 7
    steps = RecordedSteps(np.zeros(1500, dtype=int), walk, np.zeros(1500))
    next_state, reward = markov_tests(steps)
    assert next_state.p_value < 1e-10
    assert next_state.explained == pytest.approx(0.4**2, abs=0.04)  # correlation of directions
    assert np.isnan(reward.p_value)
    assert reward.worst is None


def test_rewards_that_remember_the_step_before_are_found_out_at_their_state():
    arm, state, reward, after = run_of_instance_a(4, steps=2000)
    before = np.append(0, state[:-1])
    reward = reward + 1.5 * (state == 1) * (before == 2)
    steps = RecordedSteps(arm, state, reward, after)
    next_state, rewards = markov_tests(steps)
    assert next_state.p_value > 0.001
    assert rewards.p_value < 1e-10
    assert rewards.worst[1] == 1


def test_lumps_of_unlike_states_are_told_from_lumps_of_like_ones():
    """Six states on a ring, in pairs: like ones move alike, unlike ones do not."""
    rng = np.random.default_rng(5)
    for unlike in (False, True):
        finer = np.zeros(3000, dtype=int)
        for step in range(1, 3000):
            lump = finer[step - 1] // 2
            stay = 0.8 if unlike and finer[step - 1] % 2 else 0.4
            lump = lump if rng.random() < stay else (lump + 1) % 3
            finer[step] = 2 * lump + rng.integers(0, 2)
        steps = RecordedSteps(np.zeros(3000, dtype=int), finer // 2, np.zeros(3000))
        (next_state, _) = lumping_tests(steps, finer[:-1])
        assert next_state.group == "finer state"
        assert (next_state.p_value < 1e-10) == unlike


def test_steps_across_the_start_of_a_run_are_not_compared():
    """Two-step runs: the second step's predecessor counts, the first has none."""
    state = np.tile([0, 1], 50)
    steps = RecordedSteps(
        np.zeros(100, dtype=int), state, np.zeros(100), 1 - state, new_run=state == 0
    )
    (next_state, _) = markov_tests(steps)
    assert next_state.degrees == 0
    assert np.isnan(next_state.p_value)


def test_finer_states_that_cannot_be_are_refused():
    steps = RecordedSteps([0, 0], [0, 0], [1.0, 2.0], [0, 0])
    with pytest.raises(BadLog, match="Columns differ in length: state 2, finer state 1"):
        lumping_tests(steps, [0])
    with pytest.raises(BadLog, match="Column 'finer state' holds <U1"):
        lumping_tests(steps, ["a", "b"])
