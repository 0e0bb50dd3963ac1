"""Tables of any origin give one and the same log."""

import sqlite3
import subprocess
import sys

import ibis
import numpy as np
import polars
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet
import pytest
from logged import as_cells, assert_same, assert_same_log, by_hand, made

import eqsolve as eq
from eqsolve import TransitionLog
from eqsolve.design.logs.tables import _by_number, open_table

# ibis asks pandas for an option of old, where it goes by pandas (SQLite).
pytestmark = pytest.mark.filterwarnings("ignore:The 'future.infer_string' option")

KEYS = {"state": "queue", "arm": "rule", "reward": "profit", "run": "city"}


def engine(frame):
    """A DuckDB connection of the user's own with the frame as table 'log'."""
    connection = ibis.duckdb.connect()
    connection.create_table("log", pa.Table.from_pandas(frame, preserve_index=False))
    return connection


def sqlite(frame, folder):
    path = folder / "log.db"
    with sqlite3.connect(path) as connection:
        frame.to_sql("log", connection, index=False)
    connection.close()
    return ibis.sqlite.connect(path).table("log")


def given(kind, frame, folder):
    arrow = pa.Table.from_pandas(frame, preserve_index=False)
    if kind == "pandas":
        return frame
    if kind == "pandas with codes":
        return frame.astype({"rule": "category", "city": "category", "queue": "int8"})
    if kind == "polars":
        return polars.from_pandas(frame)
    if kind == "lazy polars":
        return polars.from_pandas(frame).lazy()
    if kind == "Arrow":
        return arrow
    if kind == "Arrow dataset":
        return pyarrow.dataset.dataset(arrow)
    if kind == "CSV":
        frame.to_csv(folder / "log.csv", index=False)
        return folder / "log.csv"
    if kind == "compressed TSV":
        frame.to_csv(folder / "log.tsv.gz", index=False, sep="\t")
        return str(folder / "log.tsv.gz")
    if kind == "DuckDB":
        return engine(frame).table("log")
    if kind == "SQLite":
        return sqlite(frame, folder)
    if kind == "Ibis on polars":
        return ibis.polars.connect({"log": polars.from_pandas(frame)}).table("log")
    if kind == "memory table":
        return ibis.memtable(arrow)
    size = len(frame) // 12 + 1
    for part in range(12):  # part-10 after part-2
        piece = arrow.slice(part * size, size)
        pyarrow.parquet.write_table(piece, folder / f"part-{part}.parquet", row_group_size=50)
    paths = [folder / f"part-{part}.parquet" for part in range(12)]
    return {"pattern": str(folder / "part-*.parquet"), "folder": folder, "list": paths}[kind]


@pytest.mark.parametrize("kind", [
    "pandas", "pandas with codes", "polars", "lazy polars", "Arrow", "Arrow dataset", "CSV",
    "compressed TSV", "pattern", "folder", "list", "DuckDB", "Ibis on polars", "memory table",
])  # fmt: skip
def test_every_kind_of_table_is_counted_as_by_hand(kind, tmp_path):
    frame = made(100)
    log = TransitionLog.from_table(given(kind, frame, tmp_path), **KEYS)
    assert_same(as_cells(log), by_hand(frame, "queue", "rule", "profit", run="city"))
    assert log.arms == ("new", "old")
    assert log.states == (0, 1, 2, 3)
    assert log.length == 297


@pytest.mark.parametrize("bins", [None, 3, {"profit": [-0.5, 0.25, 1.5]}])
def test_another_engine_gives_the_same_log(bins, tmp_path):
    frame = made(200).sample(frac=1, random_state=0)
    keys = KEYS | {"state": ["profit", "queue"] if bins else "queue", "time": "minute"}
    ours = TransitionLog.from_table(frame, **keys, bins=bins)
    theirs = TransitionLog.from_table(given("SQLite", frame, tmp_path), **keys, bins=bins)
    assert theirs._read.query.source.engine == "sqlite"
    assert_same_log(ours, theirs)
    assert ours.bins == theirs.bins
    over, beside = ours.interval_over_time(5), theirs.interval_over_time(5)
    np.testing.assert_array_equal(over.steps, beside.steps)
    np.testing.assert_allclose(over.effects, beside.effects, rtol=1e-10)
    mine, his = ours.steps(), theirs.steps()
    for name in ("arms", "states", "next_states", "rewards", "new_run"):
        np.testing.assert_array_equal(getattr(mine, name), getattr(his, name))


def test_an_engine_without_order_needs_time_or_next_states(tmp_path):
    frame = made(50)
    table = given("SQLite", frame, tmp_path)
    with pytest.raises(Exception, match=r"Table 'log' comes from sqlite, which keeps no order"):
        TransitionLog.from_table(table, **KEYS)
    log = TransitionLog.from_table(table, **KEYS, next_state="after")
    assert_same(as_cells(log), by_hand(frame, "queue", "rule", "profit", "after"))
    assert not log.next_states_checked
    assert any("keeps no order of rows" in problem for problem in log.diagnose().problems)
    for ask in (log.steps, log.interval_over_time):
        with pytest.raises(Exception, match=r"sqlite keeps none; give time="):
            ask()


def test_order_is_known_through_filters_but_not_through_sorting_or_views_of_it():
    connection = engine(made(30))
    table = connection.table("log")
    assert open_table(table).keeps_order
    assert open_table(table.filter(table.queue > 0)[["queue", "rule"]]).keeps_order
    assert not open_table(table.order_by("profit")).keeps_order
    assert not open_table(table.group_by("queue").aggregate(n=table.count())).keeps_order
    assert not open_table(table.join(table.view(), "minute")).keeps_order
    connection.raw_sql("CREATE VIEW plain AS SELECT queue, rule FROM log WHERE queue > 0")
    connection.raw_sql("CREATE VIEW sorted AS SELECT * FROM log ORDER BY profit")
    assert open_table(connection.table("plain")).keeps_order
    assert not open_table(connection.table("sorted")).keeps_order
    rows = ibis.polars.connect({"log": polars.from_pandas(made(9))}).table("log")
    assert open_table(rows).keeps_order
    assert not open_table(rows.order_by("queue")).keeps_order


def test_numbers_in_names_of_files_count_by_value():
    names = ["day-10.csv", "day-9.csv", "day-9b.csv", "a10/2.csv", "a9/10.csv"]
    assert sorted(names, key=_by_number) == [
        "a9/10.csv", "a10/2.csv", "day-9.csv", "day-9b.csv", "day-10.csv",
    ]  # fmt: skip


def test_other_columns_of_a_frame_are_left_alone():
    frame = made(30).assign(note=[{"mixed": 1}, "text", 3.0] * 30)
    assert TransitionLog.from_table(frame, **KEYS).length == 87


def test_nothing_is_left_in_the_folder_or_among_temporary_files(tmp_path):
    frame = made(50)
    frame.to_csv(tmp_path / "log.csv", index=False)
    code = (
        "import eqsolve as eq; log = eq.TransitionLog.from_table('log.csv', state='queue', "
        "arm='rule', reward='profit', run='city'); print(log.length)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={"TMPDIR": str(tmp_path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.stdout.strip(), done.returncode) == ("147", 0), done.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["log.csv"]


@pytest.mark.parametrize("absent", ["ibis", "duckdb"])
def test_without_ibis_or_duckdb_the_line_that_installs_them_is_given(absent, monkeypatch):
    monkeypatch.setitem(sys.modules, absent, None)
    with pytest.raises(eq.NotInstalled) as caught:
        TransitionLog.from_table(made(9), **KEYS)
    assert str(caught.value) == f"Reading a log needs {absent}: pip install 'eqsolve[logs]'."


def test_the_log_is_not_imported_with_eqsolve():
    code = (
        "import sys, eqsolve; print([m for m in ('ibis', 'duckdb', 'pyarrow') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
