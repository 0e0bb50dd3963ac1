"""Every sentence with which a log is refused, and nothing left behind."""

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import eqsolve as eq
from eqsolve import TransitionLog
from eqsolve.design.logs import read as log_read

GOOD = pd.DataFrame(
    {
        "state": [0, 1, 2, 0, 1, 2, 0, 1],
        "arm": list("ABABABAB"),
        "reward": np.arange(8.0),
        "after": [1, 2, 0, 1, 2, 0, 1, 2],
        "time": range(8),
        "run": [1] * 4 + [2] * 4,
    }
)


def refused(table, **changed):
    keys = {"state": "state", "arm": "arm", "reward": "reward"} | changed
    with pytest.raises(eq.BadLog) as caught:
        TransitionLog.from_table(table, **keys)
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert sentence.endswith((".", "?")) or "read: " in sentence or "counted by" in sentence
    return sentence


def test_the_good_log_is_good():
    log = TransitionLog.from_table(GOOD, state="state", arm="arm", reward="reward")
    assert log.length == 7


@pytest.mark.parametrize(("changed", "sentence"), [
    ({"state": "stat"}, "state='stat': the log has no such column; did you mean 'state'?"),
    ({"arm": "xyz"}, "arm='xyz': the log has no such column; its columns are 'state', 'arm', 'reward', 'after', 'time', 'run'."),
    ({"state": ["state", "runn"]}, "state='runn': the log has no such column; did you mean 'run'?"),
    ({"time": "tim"}, "time='tim': the log has no such column; did you mean 'time'?"),
    ({"reward": "arm"}, "Column 'arm', the reward, holds text, such as 'A' in row 0; rewards are numbers."),
    ({"state": ["state", "state"]}, "state=['state', 'state'] names a column twice."),
    ({"state": []}, "state= is the name of a column, or several; not []."),
    ({"arm": ["arm"]}, "arm= is the name of one column; not ['arm']."),
    ({"next_state": ["after", "run"]}, "state= and next_state= name 1 and 2 columns; they should be as many, in the same order."),
    ({"next_state": "arm"}, "Column 'state' holds numbers and column 'arm', its next_state=, text; they should hold the same states."),
    ({"arms": ["A", "C"]}, "Arm 'B' occurs in the log but is not among arms=['A', 'C']."),
    ({"arms": ["A", "B", "C"]}, "Arm 'C' is among arms=['A', 'B', 'C'] but never occurs in the log; there are 'A', 'B'."),
    ({"arms": ["A", "B", "B"]}, "arms=['A', 'B', 'B'] names an arm twice."),
    ({"run": "time"}, "The log holds no transition: no row is followed by another of its run; give next_state=, or runs of two rows or more."),
    ({"bins": 1}, "bins= of 'state' is 1; at least two bins make a state."),
    ({"bins": [3, 1]}, "bins= of 'state': the points [3, 1] should grow."),
    ({"bins": {"arm": 3}}, "bins= names 'arm', which is no state column; they are 'state'."),
    ({"state": ["state", "arm"], "bins": {"arm": 3}}, "bins= names 'arm', which does not hold numbers."),
    ({"bins": "many"}, "bins= of 'state' is a number of bins or a list of points to cut at, not 'many'."),
    ({"bins": {"state": [1.0, np.nan]}}, "bins= of 'state' is a number of bins or a list of points to cut at, not [1.0, nan]."),
    ({"state": "arm", "bins": 3}, "bins=3 cuts numeric state columns, a list of points only one; of 'arm' 0 are numeric. Say which to cut, as in bins={'column': 10}."),
    ({"state": ["state", "run"], "bins": [1, 2]}, "bins=[1, 2] cuts numeric state columns, a list of points only one; of 'state', 'run' 2 are numeric. Say which to cut, as in bins={'column': 10}."),
])  # fmt: skip
def test_arguments(changed, sentence):
    assert refused(GOOD, **changed) == sentence


def changed(column, row, value):
    frame = GOOD.astype({column: object}) if value is None else GOOD.copy()
    frame.loc[row, column] = value
    return frame


@pytest.mark.parametrize(("frame", "keys", "sentence"), [
    (changed("reward", 2, np.nan), {}, "Column 'reward' has no value in row 2 (counted from 0)."),
    (changed("reward", 7, None), {}, "Column 'reward' has no value in row 7 (counted from 0)."),
    (changed("reward", 5, -np.inf), {}, "Column 'reward' is infinite in row 5 (counted from 0); rewards are finite numbers."),
    (changed("state", 2, None), {}, "Column 'state' has no value in row 2 (counted from 0)."),
    (changed("state", 7, None), {}, "Column 'state' has no value in row 7 (counted from 0)."),
    (changed("arm", 3, None), {}, "Column 'arm' has no value in row 3 (counted from 0)."),
    (changed("arm", 3, None), {"run": "run", "time": "time"}, "Column 'arm' has no value in row 3 (counted from 0; run 1, time 3)."),
    (changed("time", 3, None), {"time": "time"}, "Column 'time' has no value in row 3 (counted from 0)."),
    (changed("run", 3, None), {"run": "run", "time": "time"}, "Column 'run' has no value in row 3 (counted from 0; time 3)."),
    (changed("after", 6, None), {"next_state": "after"}, "Column 'after' has no value in row 6 (counted from 0)."),
    (changed("time", 3, 2), {"time": "time"}, "Two rows of a run have the same time, so that their order is unknown: row 2 (counted from 0; time 2) and the next; give run= if several runs are mixed, or leave time= out to take rows as they lie."),
    (changed("time", 3, 2), {"time": "time", "run": "run"}, "Two rows of a run have the same time, so that their order is unknown: row 2 (counted from 0; run 1, time 2) and the next; give a finer time=, or leave time= out to take rows as they lie."),
    (changed("after", 3, 2), {"next_state": "after"}, "Column 'after' contradicts the next row: in row 3 (counted from 0) it says 2, but the next row is in state 1; give run= if a new run starts there, or time= if rows are not in order."),
    (changed("after", 4, 0), {"next_state": "after", "run": "run", "time": "time"}, "Column 'after' contradicts the next row: in row 4 (counted from 0; run 2, time 4) it says 0, but the next row is in state 2."),
    (changed("after", 4, 0).iloc[::-1], {"next_state": "after", "time": "time"}, "Column 'after' contradicts the next row: in row 3 (counted from 0; time 4) it says 0, but the next row is in state 2; give run= if a new run starts there."),
    (GOOD.iloc[:0], {}, "The log is empty: it has no rows."),
    (GOOD.assign(arm="A"), {}, "The log has only one arm, 'A'; an effect needs two to compare."),
    (GOOD.assign(state=1), {"bins": 3}, "Column 'state' has only one value in the log; bins= cannot cut it."),
    (GOOD.assign(state=[1.0, np.inf] * 4), {"bins": 3}, "Column 'state' reaches from 1.0 to inf; bins= needs finite numbers."),
    (GOOD.assign(reward=1e308, state=0), {}, "Column 'reward' sums to infinity; its numbers are too large."),
])  # fmt: skip
def test_rows(frame, keys, sentence):
    assert refused(frame, **keys) == sentence


def test_two_columns_contradict_together():
    frame = GOOD.assign(zone=list("xyxyxyxy"), zone_after=list("yxyxyxyy"))
    frame.loc[1, "zone_after"] = "y"
    sentence = refused(
        frame, state=["state", "zone"], next_state=["after", "zone_after"], run="run"
    )
    assert sentence == (
        "Column ('after', 'zone_after') contradicts the next row: in row 1 (counted from 0; run 1) "
        "it says (2, 'y'), but the next row is in state (2, 'x')."
    )


def test_a_contradiction_at_the_first_row_of_a_long_log_is_found():
    n = 200_000
    frame = pd.DataFrame({"state": np.arange(n) % 5, "arm": np.arange(n) % 2, "reward": 1.0})
    frame["after"] = (frame["state"] + 1) % 5
    for row in (199_998, 122_880, 2_047, 0):
        frame.loc[row, "after"] = frame.loc[row, "state"]
        assert f"in row {row} (counted from 0)" in refused(frame, next_state="after")


@pytest.mark.parametrize(("table", "sentence"), [
    ("absent.parquet", "There is no file 'absent.parquet'."),
    ("absent*.csv", "No file matches 'absent*.csv'."),
    (["absent.csv"], "There is no file 'absent.csv'."),
    ([], "The list of files is empty; name one file at least."),
    (".", "The folder '.' holds no .parquet file."),
    ("s3://bucket/log.parquet", "s3://bucket/log.parquet: only local files are opened; give an Ibis table of a connection that reads this address."),
    (3, "A log is a pandas or polars frame, an Arrow table, a path of a CSV or Parquet file or an Ibis table, not builtins.int."),
    (GOOD["state"], "A log is a pandas or polars frame, an Arrow table, a path of a CSV or Parquet file or an Ibis table, not pandas.Series."),
    (GOOD.assign(state=[0, "x", 1.5, 2, 3, 4, 5, 6]), "Column 'state' mixes values of several kinds: Could not convert 'x' with type str: tried to convert to int64."),
    (ibis.table({"state": "int64", "arm": "string", "reward": "float64"}, name="nowhere"), "The Ibis table belongs to no connection; take it from one, as in ibis.duckdb.connect().table('log')."),
])  # fmt: skip
def test_tables(table, sentence, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert refused(table) == sentence
    assert list(tmp_path.iterdir()) == []


def lines(*last, rows=30):
    body = [f"{k % 3},{'AB'[k % 2]},{k}" for k in range(rows)]
    return "\n".join(["state,arm,reward", *body, *last, ""])


@pytest.mark.parametrize(("name", "text", "sentence"), [
    ("log.txt", lines(), "log.txt: a log's name ends in .parquet, .csv or .tsv, so that it can be read."),
    ("log.csv", "", "log.csv is empty: it has no rows."),
    ("log.csv", "state,arm,reward\n", "log.csv is empty: it has no rows."),
    ("log.csv", lines("1,A,oops"), "Column 'reward', the reward, holds text, such as 'oops' in row 30; rewards are numbers."),
    ("log.csv", lines("1,A,oops", rows=25_000), "log.csv, line 25002, column 'reward': 'oops' is no number."),
    ("log.csv", lines("1,A,"), "Column 'reward' has no value in row 30 (counted from 0)."),
])  # fmt: skip
def test_files(name, text, sentence, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_text(text)
    assert refused(name) == sentence
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_a_line_too_short_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "log.csv").write_text(lines("1,A", rows=25_000))
    assert refused("log.csv").startswith("log.csv, line 25002, cannot be read: ")


def test_a_file_that_is_no_parquet(tmp_path):
    file = tmp_path / "log.parquet"
    file.write_text("PAR1 nonsense")
    sentence = f"{file} cannot be read: No magic bytes found at end of file '{file}'"
    assert refused(file) == sentence


def test_csv_and_parquet_do_not_mix(tmp_path):
    GOOD.to_csv(tmp_path / "a.csv")
    GOOD.to_parquet(tmp_path / "b.parquet")
    sentence = refused(str(tmp_path / "*"))
    assert sentence.endswith("CSV and Parquet files cannot be one log; write them alike.")


def test_states_that_are_no_states(monkeypatch):
    monkeypatch.setattr(log_read, "MOST_ROWS", 5)
    frame = GOOD.assign(state=np.linspace(0, 1, 8))
    assert refused(frame) == (
        "The states take so many values that over 5 different transitions occur; give bins= for "
        "numeric columns, or fewer columns in state=."
    )


def test_too_many_combinations_of_values(monkeypatch):
    from eqsolve.design.logs import labels as log_labels

    monkeypatch.setattr(log_labels, "_MOST", 8)
    frame = GOOD.assign(zone=list("abcabcab"))
    assert refused(frame, state=["state", "zone"]) == (
        "The state columns take 3 x 3 values: too many combinations to be numbered; cut them with "
        "bins=."
    )


def test_an_engine_that_cannot(monkeypatch):
    from ibis.common.exceptions import OperationNotDefinedError

    table = ibis.duckdb.connect().create_table("log", pa.Table.from_pandas(GOOD))

    def refuses(query):
        raise OperationNotDefinedError("No translation rule for Lead")

    monkeypatch.setattr(table.get_backend(), "to_pyarrow", refuses)
    assert refused(table) == (
        "Table 'log' cannot be counted by duckdb: No translation rule for Lead"
    )


def test_questions_to_a_good_log():
    log = TransitionLog.from_table(GOOD, state="state", arm="arm", reward="reward")
    with pytest.raises(eq.BadLog, match="No state column of the log is binned"):
        log.bin_sensitivity()
    with pytest.raises(eq.BadLog, match="points=0: one part of the log at least is wanted"):
        log.interval_over_time(0)
    with pytest.raises(eq.BadExperiment, match="it is a probability between 0 and 1"):
        log.interval_over_time(3, level=95)
    with pytest.raises(eq.BadExperiment, match="none of the arms"):
        log.estimate({"C": 1})
    timed = TransitionLog.from_table(
        GOOD, state="state", arm="arm", reward="reward", time=["run", "time"], run="run"
    )
    with pytest.raises(eq.BadLog, match="orders rows but does not measure time"):
        timed.interval_over_time(3)
