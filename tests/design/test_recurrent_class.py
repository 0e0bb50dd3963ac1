"""Where an arm settles: what the log shows, what it may hide, and what is refused."""

import numpy as np
import pytest

from eqsolve.design.estimation.counts import TransitionCounts
from eqsolve.design.estimation.estimate import estimate
from eqsolve.design.estimation.recurrent_class import pooled_class, recurrent_class
from eqsolve.errors import BadLog


def counts_of(*moves, arms=1, states=None, names=None):
    """From (arm, state, next state, steps); every step earns one."""
    arm, state, after, steps = map(list, zip(*moves, strict=True))
    size = states or max(state + after) + 1
    return TransitionCounts(arm, state, after, steps, steps, steps, arms, size, arm_names=names)


TO_AND_FRO = ((0, 0, 1, 500), (0, 1, 0, 500))


def test_an_irreducible_estimate_keeps_all_states():
    assert recurrent_class(counts_of(*TO_AND_FRO), 0).tolist() == [0, 1]


def test_the_last_state_of_a_log_was_never_left_and_is_left_out():
    counts = counts_of(*TO_AND_FRO, (0, 1, 2, 1))
    assert recurrent_class(counts, 0).tolist() == [0, 1]


def test_states_that_only_lead_into_the_class_are_transient():
    counts = counts_of(*TO_AND_FRO, (0, 3, 2, 20), (0, 2, 2, 5), (0, 2, 0, 20))
    assert recurrent_class(counts, 0).tolist() == [0, 1]


def test_a_state_held_once_is_no_trap():
    # Read literally, state 2 is absorbing and its one step is the arm's whole long run.
    counts = counts_of(*TO_AND_FRO, (0, 1, 2, 1), (0, 2, 2, 1))
    assert recurrent_class(counts, 0).tolist() == [0, 1]


def test_a_trap_held_long_enough_is_where_the_arm_settles():
    # Another arm takes the system back to state 0 again and again; most steps are transient.
    counts = counts_of(*TO_AND_FRO, (0, 1, 2, 100), (0, 2, 2, 900))
    assert recurrent_class(counts, 0).tolist() == [2]


def test_between_a_leak_and_a_trap_the_log_does_not_tell():
    counts = counts_of(*TO_AND_FRO, (0, 1, 2, 10), (0, 2, 2, 100), names=("new",))
    with pytest.raises(BadLog) as refusal:
        recurrent_class(counts, 0)
    sentence = str(refusal.value)
    assert sentence.startswith("Arm 'new' was not seen to go to and fro")
    # Balance of the completed chain with a mass of 1 in state 1: c in the trap, a in state 0.
    c = (10 / 510) / (3 / 100 * 1010 / 1110)
    a = 500 / 510 + c * 3 / 100 * 500 / 1110
    trap = c / (1 + a + c)
    assert f"{{0, 1}} (1010 steps, perhaps {1 - trap:.0%} of the long run)" in sentence
    assert f"{{2}} (100 steps, perhaps {trap:.0%} of the long run)" in sentence
    assert sentence.endswith("or let it borrow the steps of the other arms with prior=1.")


def test_shares_of_classes_are_those_of_the_chain_with_unseen_exits():
    """By hand: into the trap at a tenth of the steps, out of it at 3 in 5 steps."""
    counts = counts_of((0, 0, 0, 810), (0, 0, 1, 90), (0, 1, 1, 5))
    # Those who leave go to state 0 in 900 cases of 905.
    odds = (90 / 900) / (3 / 5 * 900 / 905)
    with pytest.raises(BadLog, match=rf"perhaps {odds / (1 + odds):.0%} of the long run"):
        recurrent_class(counts, 0)


def test_the_only_closed_class_stands_if_it_keeps_the_majority():
    """Twelve steps in the class, and no more outside than inside: a short log, but it tells."""
    counts = counts_of((0, 0, 1, 6), (0, 1, 0, 6), (0, 2, 0, 10))
    assert recurrent_class(counts, 0).tolist() == [0, 1]
    # In three steps it may be left at once, and most of the long run be elsewhere.
    with pytest.raises(BadLog, match="where it settles"):
        recurrent_class(counts_of((0, 1, 1, 2), (0, 2, 2, 60), (0, 2, 1, 10)), 0)


def test_two_sets_of_states_that_the_arm_never_joined_are_named():
    counts = counts_of(*TO_AND_FRO, (0, 2, 3, 200), (0, 3, 2, 200))
    with pytest.raises(BadLog, match=r"\{0, 1\} \(1000 steps.*\{2, 3\} \(400 steps"):
        recurrent_class(counts, 0)


def test_many_sets_of_states_are_counted_not_listed():
    counts = counts_of(*((0, x, x, 10 + x) for x in range(8)))
    with pytest.raises(BadLog, match=r"\{7\} \(17 steps.* and 5 other sets of states no way there"):
        recurrent_class(counts, 0)


def test_a_second_set_hardly_seen_does_not_stand_in_the_way():
    counts = counts_of(*TO_AND_FRO, (0, 2, 2, 3))
    assert recurrent_class(counts, 0).tolist() == [0, 1]


def test_an_arm_never_tried_where_it_often_goes_is_refused_until_it_may_borrow():
    moves = (
        *((0, 0, 1, 100), (0, 1, 0, 100)),
        *((1, 0, 0, 50), (1, 0, 1, 50)),  # arm 1 goes to state 1, where it was never played
    )
    counts = counts_of(*moves, arms=2, names=("old", "new"))
    with pytest.raises(BadLog, match=r"Arm 'new'.*\{1\} \(0 steps, perhaps"):
        estimate(counts)
    # One borrowed step in state 1 goes to state 0; the row of state 0 gains one step, half of it
    # the old arm's.
    stay = (50 + 0.25) / 101
    borrowed = estimate(counts, prior=1.0)
    np.testing.assert_allclose(borrowed.arms[1].law, np.array([1, 1 - stay]) / (2 - stay))


def test_an_arm_never_played_is_refused_by_name():
    counts = counts_of(*TO_AND_FRO, arms=2, names=("old", "new"))
    with pytest.raises(BadLog) as refusal:
        recurrent_class(counts, 1)
    assert str(refusal.value) == (
        "Arm 'new' was never played in this log: its mean reward is unknown."
    )


def test_the_pooled_class_looks_at_no_arm():
    counts = counts_of((0, 0, 1, 50), (1, 1, 0, 49), (1, 1, 2, 1), arms=2)
    assert pooled_class(counts).tolist() == [0, 1]
    with pytest.raises(BadLog, match="never played in this log"):
        pooled_class(TransitionCounts.empty(1, 2))


def test_what_was_decided_does_not_depend_on_how_states_are_numbered():
    rng = np.random.default_rng(0)
    steps = rng.poisson(2, (9, 9)) * (rng.random((9, 9)) < 0.4)
    steps[:6, :6] += 5
    state, after = np.nonzero(steps)
    renumbered = rng.permutation(9)
    first = counts_of(
        *((0, x, y, steps[x, y]) for x, y in zip(state, after, strict=True)), states=9
    )
    second = counts_of(
        *(
            (0, renumbered[x], renumbered[y], steps[x, y])
            for x, y in zip(state, after, strict=True)
        ),
        states=9,
    )
    there = sorted(renumbered[recurrent_class(first, 0)])
    assert recurrent_class(second, 0).tolist() == there
