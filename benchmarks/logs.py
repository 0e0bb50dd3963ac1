"""Counting a long Parquet log: seconds and peak memory, each case in an interpreter of its own.

The log is a walk on a ring of 1,000 states with ten moves an arm, written in parts into a
temporary folder (about 16 bytes a row, twice) and deleted afterwards. No time is given before the
number of steps, and where every row is one the counts too, are those added up while it was
written. Beside ours: what one would write in polars and in pandas.

Run: python benchmarks/logs.py [--rows 100_000_000] [--peers 20_000_000] [--folder /some/disk]
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from _common import Fresh, Worker, fresh_interpreter, installed

from eqsolve.results import Table

STATES, RUN, PART = 1_000, 1_000, 2_000_000  # steps of a run; rows written together
MOVES = np.array([[1, 2, 3, 5, 8, 13, 21, -1, -2, -3], [-1, -2, -3, -5, -8, -13, -21, 1, 2, 3]])

OURS = """
import json, time
from eqsolve import TransitionLog
began, worked = time.perf_counter(), time.process_time()
log = TransitionLog.from_table({path!r}, arm="arm", reward="reward", **{keys!r})
print(json.dumps(dict(
    seconds=time.perf_counter() - began, processor=time.process_time() - worked, steps=log.length,
    transitions=log.counts.count.size, total=log.counts.reward_sum.sum(),
    check=int((log.counts.count * (log.counts.count % 1009)).sum()),
)))
"""

POLARS = """
import json, time, polars as pl
began, worked = time.perf_counter(), time.process_time()
rows = pl.scan_parquet({path!r}).select("state", "arm", pl.col("reward").cast(pl.Float64))
rows = rows.with_columns(after=pl.col("state").shift(-1)).drop_nulls()
found = rows.group_by("arm", "state", "after").agg(
    pl.len().cast(pl.Int64).alias("count"), pl.col("reward").sum(),
    (pl.col("reward") ** 2).sum().alias("squares"),
).collect(engine="streaming")
count = found["count"].to_numpy()
print(json.dumps(dict(
    seconds=time.perf_counter() - began, processor=time.process_time() - worked,
    steps=int(count.sum()), transitions=count.size, total=found["reward"].sum(),
    check=int((count * (count % 1009)).sum()),
)))
"""

PANDAS = """
import json, time, numpy as np, pandas as pd
began, worked = time.perf_counter(), time.process_time()
rows = pd.read_parquet({path!r}, columns=["state", "arm", "reward"])
rows["after"] = rows["state"].shift(-1)
rows["reward"] = rows["reward"].astype(float)
rows["squares"] = rows["reward"] ** 2
found = rows.dropna().groupby(["arm", "state", "after"]).agg(
    count=("reward", "size"), reward=("reward", "sum"), squares=("squares", "sum"))
count = found["count"].to_numpy()
print(json.dumps(dict(
    seconds=time.perf_counter() - began, processor=time.process_time() - worked,
    steps=int(count.sum()), transitions=count.size, total=found["reward"].sum(),
    check=int((count * (count % 1009)).sum()),
)))
"""


def write(folder: Path, rows: int) -> np.ndarray:
    """Both files; returns the counts (arms, states, states) as of one run."""
    import pyarrow as pa
    import pyarrow.parquet

    rng = np.random.default_rng(0)
    kinds = [("run", pa.int32()), ("time", pa.int64()), ("state", pa.int16()), ("arm", pa.int8())]
    kinds += [("reward", pa.float32()), ("after", pa.int16()), ("level", pa.float32())]
    schema = pa.schema(kinds)
    counts, here = np.zeros(2 * STATES * STATES, dtype=np.int64), 0
    with (
        pyarrow.parquet.ParquetWriter(folder / "in_order.parquet", schema) as in_order,
        pyarrow.parquet.ParquetWriter(folder / "side_by_side.parquet", schema) as side_by_side,
    ):
        for first in range(0, rows, PART):
            size = min(PART, rows - first)
            arm = rng.integers(0, 2, size)
            moves = MOVES[arm, rng.integers(0, MOVES.shape[1], size)]
            path = (here + np.concatenate([[0], np.cumsum(moves)])) % STATES
            state, after, here = path[:-1], path[1:], int(path[-1])
            reward = (state / STATES + arm + rng.standard_normal(size)).astype(np.float32)
            level = (state + rng.random(size)).astype(np.float32)
            place = np.arange(first, first + size)
            columns = (place // RUN, place, state, arm, reward, after, level)
            table = pa.table(
                [pa.array(c).cast(kind) for c, (_, kind) in zip(columns, kinds, strict=True)],
                schema=schema,
            )
            in_order.write_table(table)
            side_by_side.write_table(table.take(np.argsort(place % RUN, kind="stable")))
            counts += np.bincount((arm * STATES + state) * STATES + after, minlength=counts.size)
    return counts.reshape(2, STATES, STATES)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000_000)
    parser.add_argument("--peers", type=int, default=20_000_000, help="rows of pandas' log")
    parser.add_argument("--folder", type=Path, default=None, help="a disk with room")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        print(measured(Path(folder), asked.rows, asked.peers))


def measured(folder: Path, rows: int, peers: int) -> Table:
    """One line a case."""
    # A process inherits its parent's peak memory, so that the parent stays small.
    writer = Worker()
    counts = writer.run(write, folder, rows, limit=10_000.0)
    in_order, beside = folder / "in_order.parquet", folder / "side_by_side.parquet"
    runs = -(-rows // RUN)
    state, run, time = {"state": "state"}, {"run": "run"}, {"time": "time"}
    given = {"next_state": "after"}
    cases: list[tuple[str, Path, dict[str, Any], int]] = [
        ("one run, state of the next row", in_order, state, rows - 1),
        ("one run, next_state checked", in_order, state | given, rows),
        ("runs and times in order", in_order, state | run | time, rows - runs),
        ("the same, next_state checked", in_order, state | run | time | given, rows),
        ("runs side by side (sorted)", beside, state | run | time, rows - runs),
        ("one run out of order (sorted)", beside, state | time, rows - 1),
        ("a float column in 50 bins", in_order, {"state": "level", "bins": 50}, rows - 1),
    ]
    lines = []
    for name, path, keys, steps in cases:
        found = fresh_interpreter(OURS.format(path=str(path), keys=keys))
        exact = counts if steps == rows and "bins" not in keys else None
        lines.append(line(f"eqsolve: {name}", found, rows, steps, exact))
    for package, code, most in (("polars", POLARS, rows), ("pandas", PANDAS, peers)):
        if not installed(package):
            lines.append((f"{package}: absent", None, None, None, None))
            continue
        path, size = in_order, rows
        if most < rows:
            path, size = folder / "shorter.parquet", most
            writer.run(shorten, in_order, path, most, limit=10_000.0)
        found = fresh_interpreter(code.format(path=str(path)))
        name = f"{package}: one run" + (f", only {size:,} rows" if size < rows else "")
        lines.append(line(name, found, size, size - 1, None))
    writer.stop()
    megabytes = in_order.stat().st_size / 2**20
    version = importlib.metadata.version
    title = (
        f"{rows:,} rows ({megabytes:,.0f} MB of Parquet), {os.cpu_count()} processors, DuckDB "
        f"{version('duckdb')}, ibis {version('ibis-framework')}"
    )
    headers = ("counting", "seconds", "processor s", "peak MB", "million rows/s")
    return Table(headers, tuple(lines), title=title)


def line(
    name: str, found: Fresh, rows: int, steps: int, exact: np.ndarray | None
) -> tuple[Any, ...]:
    """A case's line, once its answer is what it should be."""
    said = found.printed
    if said["steps"] != steps:
        raise SystemExit(f"{name}: {said['steps']} steps instead of {steps}; no times are given.")
    if exact is not None and said["check"] != int((exact * (exact % 1009)).sum()):
        raise SystemExit(f"{name}: counts differ from those of the walk; no times are given.")
    speed = rows / said["seconds"] / 1e6
    return (name, said["seconds"], said["processor"], found.megabytes, speed)


def shorten(path: Path, target: Path, rows: int) -> None:
    """The first rows of a file."""
    import pyarrow.parquet

    source, left = pyarrow.parquet.ParquetFile(path), rows
    with pyarrow.parquet.ParquetWriter(target, source.schema_arrow) as writer:
        for batch in source.iter_batches(PART):
            writer.write_batch(batch.slice(0, min(left, batch.num_rows)))
            left -= min(left, batch.num_rows)
            if not left:
                return


if __name__ == "__main__":
    main()
