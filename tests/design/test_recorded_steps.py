"""Steps in their order: runs found, told or refused."""

import numpy as np
import pytest

from eqsolve.design.estimation.recorded_steps import RecordedSteps
from eqsolve.errors import BadLog


def test_runs_start_where_a_step_does_not_go_on_from_the_one_before():
    steps = RecordedSteps([0] * 5, [0, 1, 2, 0, 1], [0.0] * 5, [1, 2, 0, 2, 0])
    assert steps.new_run.tolist() == [True, False, False, False, True]
    assert steps.runs == 2
    assert repr(steps) == "RecordedSteps: 5 steps of 1 arms on 3 states, in 2 runs"


def test_runs_may_be_told_where_states_happen_to_agree():
    told = RecordedSteps([0, 0, 0], [0, 1, 1], [0.0] * 3, [1, 1, 0], new_run=[0, 0, 1])
    assert told.new_run.tolist() == [True, False, True]


def test_without_next_states_the_last_step_of_every_run_is_left_out():
    steps = RecordedSteps([0, 1, 0, 1], [0, 1, 2, 0], [1.0, 2, 3, 4], new_run=[1, 0, 1, 0])
    assert steps.states.tolist() == [0, 2]
    assert steps.next_states.tolist() == [1, 0]
    assert steps.rewards.tolist() == [1.0, 3.0]
    assert steps.new_run.tolist() == [True, True]
    assert RecordedSteps([0, 0], [0, 1], [1.0, 2.0]).next_states.tolist() == [1]


def test_counts_keep_numbers_and_names():
    steps = RecordedSteps(
        [0], [0], [1.0], [0], number_of_states=2, arm_names=("old", "new"), state_names=("a", "b")
    )
    counts = steps.counts
    assert (counts.arms, counts.states) == (2, 2)
    assert (counts.arm_names, counts.state_names) == (("old", "new"), ("a", "b"))


def test_no_steps_are_no_runs():
    empty = RecordedSteps([], [], [])
    assert (empty.total, empty.runs) == (0, 0)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"new_run": [1, 0]},
            "Column 'state', row 1: the run goes on from state 1, but the step before led to "
            "state 0.",
        ),
        ({"rewards": [1.0, np.nan]}, "Column 'reward', row 1: nan is no finite number."),
        (
            {"new_run": [1]},
            "Columns differ in length: arms 2, states 2, rewards 2, new_run 1, next_states 2.",
        ),
        ({"number_of_states": 1}, "Column 'state', row 1: 1 is not among the codes 0 to 0."),
        ({"arms": [0, -3]}, "Column 'arm', row 1: -3 is not among the codes 0 to 0."),
        ({"next_states": [0, -1]}, "Column 'next_state', row 1: -1 is not among the codes 0 to 1."),
    ],
)
def test_steps_that_cannot_be_are_refused_with_their_row(change, sentence):
    given = {"arms": [0, 0], "states": [0, 1], "rewards": [1.0, 2.0], "next_states": [0, 1]}
    with pytest.raises(BadLog) as refusal:
        RecordedSteps(**(given | change))
    assert str(refusal.value) == sentence
