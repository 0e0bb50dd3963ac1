"""Transition counts against counting by hand, and every sentence of refusal."""

import collections

import numpy as np
import pytest

from eqsolve.design.estimation import counts as counts_module
from eqsolve.design.estimation.counts import TransitionCounts
from eqsolve.errors import BadLog


def some_steps(rng, steps=2000, arms=3, states=5):
    arm, state, after = (rng.integers(0, size, steps) for size in (arms, states, states))
    return arm, state, rng.normal(size=steps), after


def by_hand(arm, state, reward, after):
    table = collections.defaultdict(list)
    for key, value in zip(zip(arm, state, after, strict=True), reward, strict=True):
        table[tuple(map(int, key))].append(value)
    return table


@pytest.mark.parametrize("most_dense", [counts_module._DENSE_CELLS, 0])
def test_counting_is_what_a_dictionary_counts(most_dense, monkeypatch):
    monkeypatch.setattr(counts_module, "_DENSE_CELLS", most_dense)
    rng = np.random.default_rng(0)
    steps = some_steps(rng, steps=90)  # fewer steps than cells, so that both ways are taken
    counts, table = TransitionCounts.from_steps(*steps), by_hand(*steps)
    rows = list(zip(counts.arm, counts.state, counts.next_state, strict=True))
    assert rows == sorted(table)
    for row, count, total, squares in zip(
        rows, counts.count, counts.reward_sum, counts.reward_squares, strict=True
    ):
        rewards = np.array(table[row])
        assert count == rewards.size
        np.testing.assert_allclose((total, squares), (rewards.sum(), (rewards**2).sum()))


def test_sums_over_next_states_are_those_of_the_steps():
    rng = np.random.default_rng(1)
    arm, state, reward, after = some_steps(rng)
    counts = TransitionCounts.from_steps(arm, state, reward, after)
    for place in np.ndindex(3, 5):
        own = reward[(arm == place[0]) & (state == place[1])]
        assert counts.visits[place] == own.size
        np.testing.assert_allclose(counts.rewards[place], own.mean())
        np.testing.assert_allclose(counts.reward_variances[place], own.var())
    assert counts.total == 2000


def test_frequencies_are_rows_that_sum_to_one_or_are_empty():
    counts = TransitionCounts.from_steps([0, 0, 1], [0, 0, 2], [1.0, 2.0, 3.0], [1, 2, 0])
    first, second = (matrix.toarray() for matrix in counts.transitions)
    np.testing.assert_array_equal(first, [[0, 0.5, 0.5], [0, 0, 0], [0, 0, 0]])
    np.testing.assert_array_equal(second, [[0, 0, 0], [0, 0, 0], [1, 0, 0]])
    assert np.isnan(counts.rewards[0, 1])
    assert np.isnan(counts.reward_variances[1, 0])


def test_counts_of_parts_add_to_counts_of_the_whole():
    rng = np.random.default_rng(2)
    steps = some_steps(rng)
    size = {"number_of_arms": 3, "number_of_states": 5}
    whole = TransitionCounts.from_steps(*steps, **size)
    parts = [
        TransitionCounts.from_steps(*(column[part] for column in steps), **size)
        for part in (slice(0, 7), slice(7, 1000), slice(1000, None))
    ]
    added = parts[0] + parts[1] + parts[2]
    for name in counts_module.COLUMNS:
        np.testing.assert_allclose(getattr(added, name), getattr(whole, name))
    assert added.count.dtype == np.int64


def test_rows_come_in_any_order_and_any_number():
    counts = TransitionCounts(
        arm=[1, 0, 1, 0],
        state=[0, 1, 0, 0],
        next_state=[1, 0, 1, 1],
        count=[2, 3, 4, 0],
        reward_sum=[2.0, 3.0, 4.0, 0.0],
        reward_squares=[2.0, 3.0, 4.0, 0.0],
        arms=2,
        states=2,
    )
    assert counts.arm.tolist() == [0, 1]
    assert counts.count.tolist() == [3, 6]
    assert counts.reward_sum.tolist() == [3.0, 6.0]


def test_without_next_states_the_next_row_tells_and_the_last_step_is_left_out():
    told = TransitionCounts.from_steps([0, 1, 0], [0, 1, 0], [1.0, 2.0, 9.0])
    assert told.arm.tolist() == [0, 1]
    assert told.next_state.tolist() == [1, 0]
    assert told.reward_sum.tolist() == [1.0, 2.0]


def test_weights_are_counts_too():
    weighted = TransitionCounts([0], [0], [0], [2.5], [5.0], [10.0], 1, 1)
    assert weighted.total == 2.5
    assert isinstance(weighted.total, float)
    assert weighted.rewards[0, 0] == 2.0


def test_counts_cannot_be_changed():
    counts = TransitionCounts.from_steps([0], [0], [1.0], [0])
    with pytest.raises(ValueError, match="read-only"):
        counts.count[0] = 7


def test_an_empty_log_counts_nothing():
    empty = TransitionCounts.empty(2, 3, arm_names=("old", "new"))
    assert empty.total == 0
    assert empty.visits.tolist() == [[0, 0, 0], [0, 0, 0]]
    assert (empty + empty).total == 0
    assert TransitionCounts.from_steps([], [], [], []).total == 0


def test_names_stand_in_tables():
    counts = TransitionCounts.from_steps(
        [1], [0], [2.0], [1], arm_names=("old", "new"), state_names=("idle", "busy")
    )
    assert str(counts.table()).splitlines()[1].split() == ["new", "idle", "busy", "1", "2"]
    assert (counts.arm_label(0), counts.arm_name(0), counts.state_name(1)) == (
        "'old'",
        "old",
        "busy",
    )
    assert (
        repr(counts) == "TransitionCounts: 1 steps of 2 arms on 2 states, 1 different transitions"
    )


STEPS = {"arms": [0, 1], "states": [0, 1], "rewards": [1.0, 2.0], "next_states": [1, 0]}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"arms": [0, -1]}, "Column 'arm', row 1: -1 is not among the codes 0 to 0."),
        ({"number_of_arms": 1}, "Column 'arm', row 1: 1 is not among the codes 0 to 0."),
        ({"number_of_states": 1}, "Column 'state', row 1: 1 is not among the codes 0 to 0."),
        ({"next_states": [1, -2]}, "Column 'next_state', row 1: -2 is not among the codes 0 to 1."),
        ({"states": [0, 0.5]}, "Column 'state', row 1: 0.5 is no code 0, 1, 2, ..."),
        ({"states": [0, np.nan]}, "Column 'state', row 1: nan is no code 0, 1, 2, ..."),
        ({"arms": ["a", "b"]}, "Column 'arm' holds <U1; it should hold codes 0, 1, 2, ..."),
        ({"rewards": ["1", "b"]}, "Column 'reward' holds <U1; it should hold numbers."),
        ({"rewards": [1.0, np.inf]}, "Column 'reward', row 1: inf is no finite number."),
        ({"rewards": [1.0]}, "Columns differ in length: arm 2, state 2, reward 1."),
        ({"next_states": [1]}, "Columns differ in length: state 2, next_state 1."),
        ({"states": [[0, 1]]}, "Column 'state' has shape (1, 2); it should be one number a row."),
        ({"arm_names": ("old",)}, "Column 'arm', row 1: 1 is not among the codes 0 to 0."),
        ({"arm_names": ("old", "old")}, "The arm name 'old' is given twice."),
        ({"number_of_arms": 3, "arm_names": ("a", "b")}, "There are 3 arms but 2 arm_names."),
    ],
)
def test_steps_that_cannot_be_are_refused_with_their_row(change, sentence):
    with pytest.raises(BadLog) as refusal:
        TransitionCounts.from_steps(**(STEPS | change))
    assert str(refusal.value) == sentence


ROWS = {
    "arm": [0],
    "state": [0],
    "next_state": [0],
    "count": [2],
    "reward_sum": [2.0],
    "reward_squares": [3.0],
    "arms": 1,
    "states": 1,
}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"count": [-2]}, "Column 'count', row 0: -2 is negative."),
        ({"count": [np.nan]}, "Column 'count', row 0: nan is no finite number."),
        ({"reward_squares": [-1.0]}, "Column 'reward_squares', row 0: -1.0 is negative."),
        (
            {"reward_squares": [1.0]},
            "Column 'reward_squares', row 0: 1 times the count is less than reward_sum^2 = 4; it "
            "should be the sum of the squared rewards.",
        ),
        ({"state": [1]}, "Column 'state', row 0: 1 is not among the codes 0 to 0."),
    ],
)
def test_counts_that_cannot_be_are_refused_with_their_row(change, sentence):
    with pytest.raises(BadLog) as refusal:
        TransitionCounts(**(ROWS | change))
    assert str(refusal.value) == sentence


def test_only_counts_of_the_same_arms_and_states_add():
    small, large = TransitionCounts.empty(2, 3), TransitionCounts.empty(2, 4)
    with pytest.raises(BadLog, match="states differ: 3 and 4"):
        small + large
    with pytest.raises(BadLog, match="arm_names differ"):
        small + TransitionCounts.empty(2, 3, arm_names=("old", "new"))
    with pytest.raises(TypeError):
        small + 1
