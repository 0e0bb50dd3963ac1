"""Counts against a loop over rows: runs, times, next states, many columns, large rewards."""

import decimal

import numpy as np
import pandas as pd
import polars
import pyarrow as pa
import pyarrow.parquet
import pytest
from logged import as_cells, assert_same, by_hand, made

import eqsolve as eq
from eqsolve import TransitionLog
from eqsolve.design.logs import read

KEYS = {"state": "queue", "arm": "rule", "reward": "profit"}
ORDERS = {
    "as recorded": lambda frame: frame,
    "runs side by side": lambda frame: frame.sort_values("minute", kind="stable"),
    "backwards": lambda frame: frame.iloc[::-1],
    "shuffled": lambda frame: frame.sample(frac=1, random_state=3),
}


@pytest.mark.parametrize("next_state", [None, "after"])
@pytest.mark.parametrize("order", list(ORDERS))
def test_time_and_run_make_the_order_of_rows_indifferent(order, next_state):
    frame = made(150)
    log = TransitionLog.from_table(
        ORDERS[order](frame), **KEYS, run="city", time="minute", next_state=next_state
    )
    wanted = by_hand(frame, "queue", "rule", "profit", next_state, run="city")
    assert_same(as_cells(log), wanted)
    assert log._read.query.order == ("streamed" if order == "as recorded" else "sorted")
    assert log.length == (450 if next_state else 447)


@pytest.mark.parametrize("keys", [{"time": "minute"}, {}])
def test_disorder_late_in_a_log_is_found_too(keys, monkeypatch):
    """The first rows lie in order; the last two runs lie side by side, or backwards."""
    monkeypatch.setattr(read, "_FIRST", 100)
    frame = made(150)
    late = frame.iloc[150:].sort_values("minute", ascending=not keys, kind="stable")
    mixed = pd.concat([frame.iloc[:150], late])
    log = TransitionLog.from_table(mixed, **KEYS, run="city", **keys)
    assert log._read.query.order == "sorted"
    assert_same(as_cells(log), by_hand(frame, "queue", "rule", "profit", run="city"))


def test_runs_side_by_side_without_a_time_go_on_in_the_order_of_rows():
    frame = made(150)
    log = TransitionLog.from_table(ORDERS["runs side by side"](frame), **KEYS, run="city")
    assert_same(as_cells(log), by_hand(frame, "queue", "rule", "profit", run="city"))
    wrong = TransitionLog.from_table(ORDERS["runs side by side"](frame), **KEYS)
    assert set(as_cells(wrong)) != set(as_cells(log)) or wrong.length != log.length


def test_a_single_run_needs_neither():
    frame = made(300, runs=1)
    assert_same(
        as_cells(TransitionLog.from_table(frame, **KEYS)),
        by_hand(frame, "queue", "rule", "profit"),
    )
    shuffled = TransitionLog.from_table(ORDERS["shuffled"](frame), **KEYS, time="minute")
    assert_same(as_cells(shuffled), by_hand(frame, "queue", "rule", "profit"))


def test_next_states_alone_need_no_order():
    frame = made(100)
    log = TransitionLog.from_table(frame, **KEYS, run="city", next_state="after")
    assert_same(as_cells(log), by_hand(frame, "queue", "rule", "profit", "after"))


def test_the_next_state_of_a_runs_last_row_may_be_absent():
    frame = made(100)
    frame["after"] = frame.groupby("city")["queue"].shift(-1)  # floats, with NaN
    log = TransitionLog.from_table(frame, **KEYS, run="city", next_state="after")
    assert log.states == (0, 1, 2, 3)
    assert_same(as_cells(log), by_hand(frame, "queue", "rule", "profit", run="city"))


@pytest.mark.parametrize("seed", range(4))
def test_random_logs_of_many_columns_and_kinds(seed):
    rng = np.random.default_rng(seed)
    n = 700
    frame = pd.DataFrame(
        {
            "zone": rng.choice(["north", "south", "east, far", "'quoted'"], n),
            "level": rng.choice([0.5, 1.0, 2.25], n),
            "open": rng.choice([True, False], n),
            "size": rng.integers(-2, 3, n).astype("int8"),
            "arm": rng.choice([3, 1, 2], n),
            "gain": rng.integers(-5, 5, n),
            "day": pd.to_datetime("2026-01-01") + pd.to_timedelta(np.sort(rng.integers(0, 9, n)), "D"),
            "clock": rng.permutation(n),
        }
    )  # fmt: skip
    state = ["zone", "level", "open", "size"][: seed + 1]
    log = TransitionLog.from_table(frame, state=state, arm="arm", reward="gain", run="day")
    assert_same(as_cells(log), by_hand(frame, state, "arm", "gain", run="day"))
    assert log.arms == (1, 2, 3)
    assert list(log.states) == sorted(log.states)
    ordered = frame.sort_values(["day", "clock"])
    timed = TransitionLog.from_table(
        frame, state=state, arm="arm", reward="gain", time=["day", "clock"]
    )
    assert_same(as_cells(timed), by_hand(ordered, state, "arm", "gain"))


@pytest.mark.parametrize("kind", ["bool", "int8", "uint64", "float32", "decimal"])
def test_rewards_of_every_kind_of_number(kind):
    frame = made(100, runs=1)
    whole = (frame["profit"] > 1).astype(int)
    reward = (
        whole.map(lambda value: decimal.Decimal(value)) if kind == "decimal" else whole.astype(kind)
    )
    log = TransitionLog.from_table(frame.assign(profit=reward), **KEYS)
    plain = TransitionLog.from_table(frame.assign(profit=whole), **KEYS)
    np.testing.assert_array_equal(log.counts.reward_sum, plain.counts.reward_sum)


def test_absent_numbers_of_polars_are_absent():
    """polars tells NaN from null; a log does not."""
    frame = polars.from_pandas(made(50, runs=1))
    for column in ("profit", "queue"):
        broken = frame.with_columns(pl_nan(column))
        with pytest.raises(eq.BadLog, match=rf"Column '{column}' has no value in row 7"):
            TransitionLog.from_table(broken, **KEYS)


def pl_nan(column):
    """The column as floats, with NaN in row 7."""
    row = polars.int_range(polars.len())
    return polars.when(row == 7).then(float("nan")).otherwise(polars.col(column)).alias(column)


def test_identifiers_beyond_63_bits_are_states_like_others():
    """Hashes as states: text, since they are no numbers that int64 holds."""
    frame = made(80, runs=1)
    frame["queue"] = frame["queue"].to_numpy().astype("uint64") + np.uint64(2**64 - 9)
    log = TransitionLog.from_table(frame, **KEYS)
    assert log.states == tuple(str(2**64 - 9 + k) for k in range(4))
    np.testing.assert_array_equal(
        log.counts.count, TransitionLog.from_table(made(80, runs=1), **KEYS).counts.count
    )


def test_many_row_groups_and_files_keep_their_order(tmp_path):
    """Chunks are read by several threads, and next rows lie in other chunks."""
    rng = np.random.default_rng(0)
    n = 300_000
    columns = {
        "state": np.arange(n) % 7919,
        "arm": rng.integers(0, 2, n).astype("int8"),
        "reward": rng.normal(size=n),
    }
    table = pa.table(columns)
    for part in range(3):
        piece = table.slice(part * n // 3, n // 3)
        pyarrow.parquet.write_table(piece, tmp_path / f"{part}.parquet", row_group_size=1000)
    keys = {"state": "state", "arm": "arm", "reward": "reward"}
    for given in (table, tmp_path):
        log = TransitionLog.from_table(given, **keys)
        assert log.length == n - 1
        steps = (log.counts.next_state - log.counts.state) % 7919
        assert set(steps.tolist()) == {1}
        np.testing.assert_array_equal(log.steps().rewards, columns["reward"][:-1])


def test_rewards_far_from_zero_keep_their_variance():
    frame = made(400)
    near = TransitionLog.from_table(frame, **KEYS, run="city")
    far = TransitionLog.from_table(frame.assign(profit=frame["profit"] + 1e9), **KEYS, run="city")
    assert near.reward_origin == 0.0
    assert far.reward_origin == pytest.approx(1e9)
    one, other = near.estimate(), far.estimate()
    assert other.effect == pytest.approx(one.effect, abs=1e-5)
    assert other.standard_error == pytest.approx(one.standard_error, rel=1e-6)
    np.testing.assert_allclose(other.arm_means - 1e9, one.arm_means, atol=1e-5)
    np.testing.assert_allclose(
        far.experiment().averages - 1e9, near.experiment().averages, atol=1e-5
    )
    single = {"old": 1.0}
    assert far.estimate(single).effect - 1e9 == pytest.approx(
        near.estimate(single).effect, abs=1e-5
    )
    assert near.table().rows[0][2] == pytest.approx(far.table().rows[0][2] - 1e9, abs=1e-5)
    ends = [tuple(found.interval(kind="bootstrap", replications=200)) for found in (one, other)]
    np.testing.assert_allclose(*ends, atol=1e-5)
    over, beside = far.interval_over_time(4, single), near.interval_over_time(4, single)
    np.testing.assert_allclose(over.effects - 1e9, beside.effects, atol=1e-5)


def test_arms_in_the_order_declared():
    frame = made(200)
    log = TransitionLog.from_table(frame, **KEYS, run="city", arms=["old", "new"])
    other = TransitionLog.from_table(frame, **KEYS, run="city")
    assert (log.arms, other.arms) == (("old", "new"), ("new", "old"))
    assert log.estimate().effect == pytest.approx(-other.estimate().effect)
    assert log.steps().counts.arm_names == ("old", "new")
    numbered = frame.assign(rule=(frame["rule"] == "new").astype(int))
    as_text = TransitionLog.from_table(numbered, **KEYS, run="city", arms=["1", "0"])
    assert as_text.arms == (1, 0)
    np.testing.assert_array_equal(as_text.counts.count, other.counts.count)


def test_estimates_and_diagnostics_are_those_of_the_counts():
    frame = made(500)
    log = TransitionLog.from_table(frame, **KEYS, run="city")
    steps = log.steps()
    np.testing.assert_array_equal(steps.counts.count, log.counts.count)
    np.testing.assert_allclose(steps.counts.reward_sum, log.counts.reward_sum)
    assert (steps.runs, steps.total) == (3, 1497)
    found = log.estimate()
    plain = log.estimate(ordered=False)
    assert found.recorded is not None
    assert plain.recorded is None
    assert found.effect == pytest.approx(plain.effect)
    assert found.standard_error == pytest.approx(plain.standard_error)
    with pytest.raises(eq.BadLog, match="needs the steps in their order"):
        plain.interval(kind="bootstrap")
    assert log.diagnose().problems == ()
    assert len(log.diagnose().tests) == 3


def test_steps_are_refused_beyond_what_memory_is_meant_for():
    log = TransitionLog.from_table(made(100), **KEYS, run="city")
    with pytest.raises(eq.BadLog, match=r"has 297 steps, more than the 100 that are taken"):
        log.steps(most=100)


def test_the_log_shows_what_it_is():
    log = TransitionLog.from_table(made(100), **KEYS, run="city")
    assert repr(log) == ("TransitionLog of the log: 297 steps, 2 arms ('new', 'old'), 4 states")
    assert "<table>" in log._repr_html_()
    shown = str(log.table())
    assert shown.splitlines()[0].split() == ["arm", "steps", "mean", "reward", "states"]
    assert log.state_columns == ("queue",)
    assert log.next_states_checked
    with pytest.raises(AttributeError):
        log.name = "other"
