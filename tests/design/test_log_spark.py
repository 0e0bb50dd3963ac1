"""The same log on Spark as on DuckDB. Needs Java and pyspark: `pip install 'eqsolve[spark]'`."""

import shutil
import sys
import warnings

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from logged import assert_same_log, made

import eqsolve as eq
from eqsolve import TransitionLog

if shutil.which("java") is None:
    pytest.skip("There is no Java.", allow_module_level=True)
pyspark = pytest.importorskip("pyspark")

# Spark speaks of pandas 3, and of windows over one long run.
pytestmark = [
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas"),
    pytest.mark.filterwarnings("ignore:.*:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:The 'future.infer_string' option"),
]

KEYS = {"state": ["queue", "zone"], "arm": "rule", "reward": "profit", "time": "minute"}
SETTINGS = {
    "spark.ui.enabled": "false",
    "spark.sql.shuffle.partitions": "1",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.adaptive.enabled": "false",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.driver.memory": "1g",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.pyspark.python": sys.executable,
}


@pytest.fixture(scope="module")
def frame():
    made_up = made(120)
    return made_up.assign(zone=np.where(made_up["profit"] > 1, "far", "near"))


@pytest.fixture(scope="module")
def table(frame, tmp_path_factory):
    import ibis
    from pyspark.sql import SparkSession

    folder = tmp_path_factory.mktemp("spark")
    shuffled = frame.sample(frac=1, random_state=0)
    pyarrow.parquet.write_table(
        pa.Table.from_pandas(shuffled, preserve_index=False), folder / "log.parquet"
    )
    builder = SparkSession.builder.master("local[1]").config("spark.local.dir", str(folder))
    builder = builder.config("spark.sql.warehouse.dir", str(folder / "warehouse"))
    for name, value in SETTINGS.items():
        builder = builder.config(name, value)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        session = builder.getOrCreate()
        yield ibis.pyspark.connect(session).read_parquet(str(folder / "log.parquet"))
        session.stop()


@pytest.mark.parametrize("changed", [
    {"run": "city", "bins": {"queue": [1, 3]}},
    {"run": "city", "state": ["profit", "zone"], "bins": 3},
    {"run": "city", "next_state": "after", "state": "queue"},
])  # fmt: skip
def test_spark_counts_the_same_log(changed, frame, table):
    on_spark = TransitionLog.from_table(table, **KEYS | changed)
    assert on_spark._read.query.source.engine == "pyspark"
    log = TransitionLog.from_table(frame, **KEYS | changed)
    assert_same_log(on_spark, log)
    assert on_spark.bins == log.bins


def test_what_needs_the_order_is_the_same_too(frame, table):
    on_spark = TransitionLog.from_table(table, **KEYS, run="city")
    log = TransitionLog.from_table(frame, **KEYS, run="city")
    mine, theirs = log.steps(), on_spark.steps()
    for name in ("arms", "states", "next_states", "rewards", "new_run"):
        np.testing.assert_array_equal(getattr(mine, name), getattr(theirs, name))
    over, beside = log.interval_over_time(4), on_spark.interval_over_time(4)
    np.testing.assert_array_equal(over.steps, beside.steps)
    np.testing.assert_allclose(over.effects, beside.effects)


def test_spark_refuses_in_the_same_sentences(frame, table):
    with pytest.raises(eq.BadLog, match=r"comes from pyspark, which keeps no order of rows here"):
        TransitionLog.from_table(table, **{k: v for k, v in KEYS.items() if k != "time"})
    wrong = table.mutate(after=(table.minute == 61).ifelse(table.after + 10, table.after))
    with pytest.raises(eq.BadLog) as caught:
        TransitionLog.from_table(
            wrong, **KEYS | {"state": "queue", "next_state": "after"}, run="city"
        )
    row = frame[frame["minute"] == 61].iloc[0]
    assert str(caught.value) == (
        f"Column 'after' contradicts the next row: in the row of city {row['city']!r}, minute 61 "
        f"it says {row['after'] + 10}, but the next row is in state {row['after']}."
    )
