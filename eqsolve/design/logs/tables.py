"""Tables of any origin, opened as one Ibis table: frames, Arrow, CSV and Parquet files, engines.

Files and frames are read by an embedded DuckDB of our own, in row order, with bounded memory;
an Ibis table stays on the engine it comes from (Spark, BigQuery, Snowflake, SQLite, ...), where
every query on it is executed. Nothing is copied into this process.

Whether an engine keeps the order of rows decides whether "the next row" means anything without
a column that tells time: files, frames and DuckDB's own tables do, through filters and
projections; joins, groupings and the tables of other engines do not.
"""

from __future__ import annotations

import difflib
import glob
import os
import re
import shutil
import tempfile
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from eqsolve.errors import BadLog, NotInstalled

MEMORY = 2_500_000_000  # bytes that the embedded DuckDB may hold before it goes to disk
_TEXT = (".csv", ".csv.gz", ".tsv", ".tsv.gz")
_COLUMNAR = (".parquet", ".pq")
_IN_LINE = re.compile(
    r"CSV Error on Line: (\d+).*column \"(.*?)\"\. Could not convert string \"(.*?)\" to '(.*?)'",
    re.S,
)
_IN_LINE_ONLY = re.compile(r"CSV Error on Line: (\d+)")
_KIND = re.compile(r"^\w[\w ]* Error: ")
_KEEP_ORDER = {"DatabaseTable", "InMemoryTable", "Project", "Filter", "DropColumns", "DropNull"}
_LOSE_ORDER = re.compile(r"\b(join|group\s+by|union|distinct|order\s+by|intersect|except)\b", re.I)


@dataclass(frozen=True, eq=False)
class OpenTable:
    """An Ibis table with what is to be known about its engine.

    Attributes
    ----------
    table : ibis.Table
    connection : ibis backend
        Executes every query.
    name : str
        What to call it within a sentence: its path, or "the log".
    engine : str
        "duckdb", "pyspark", "sqlite", ...
    keeps_order : bool
        Rows come in a fixed order, so that the next row is the next step.
    """

    table: Any
    connection: Any
    name: str
    engine: str
    keeps_order: bool

    def arrow(self, query: Any) -> Any:
        """The result of a query as a pyarrow Table."""
        with self._sentences():
            return self.connection.to_pyarrow(query)

    def batches(self, query: Any, rows: int) -> Iterator[Any]:
        """The result of a query, `rows` at a time, as pyarrow record batches."""
        with self._sentences():
            yield from self.connection.to_pyarrow_batches(query, chunk_size=rows)

    def present(self, column: Any) -> Any:
        """A column with floats that are no number made null, so that both are one thing."""
        import ibis
        import ibis.expr.operations as operations

        if not column.type().is_floating() or not self.connection.has_operation(operations.IsNan):
            return column
        return ibis.ifelse(column.isnan(), ibis.null(column.type()), column)

    def column(self, name: str, what: str) -> Any:
        """The column called `name`.

        Raises
        ------
        BadLog
            Where there is none; the nearest names are offered.
        """
        columns = list(self.table.columns)
        if name in columns:
            return self.table[name]
        near = difflib.get_close_matches(str(name), columns, n=3, cutoff=0.5)
        hint = (
            f"did you mean {' or '.join(map(repr, near))}?"
            if near
            else f"its columns are {listed(columns)}."
        )
        raise BadLog(f"{what}={name!r}: {self.name} has no such column; {hint}")

    @property
    def subject(self) -> str:
        """Its name as the first words of a sentence."""
        generic = self.name.startswith(("the log", "table "))
        return self.name[0].upper() + self.name[1:] if generic else self.name

    @contextmanager
    def _sentences(self) -> Iterator[None]:
        """What DuckDB says of unreadable files, or ibis of an engine, in one sentence."""
        from ibis.common.exceptions import IbisError

        try:
            yield
        except IbisError as error:
            raise BadLog(
                f"{self.subject} cannot be counted by {self.engine}: {_one_sentence(str(error))}"
            ) from error
        except Exception as error:
            if not type(error).__module__.startswith(("duckdb", "_duckdb")):
                raise
            raise BadLog(_unreadable(self.subject, str(error))) from error


def open_table(table: Any, wanted: Sequence[str] = ()) -> OpenTable:
    """Open a log of any origin.

    Parameters
    ----------
    table : pandas or polars frame, pyarrow Table or Dataset, path, sequence of paths, ibis.Table
        A path ends in .parquet, .csv or .tsv (also .csv.gz); it may be a pattern such as
        ``"logs/*.parquet"`` or a folder of Parquet files, read in the order of their names,
        numbers in them by value (part-2 before part-10).
    wanted : sequence of str
        Columns that will be asked for; a frame's other columns are left alone.

    Raises
    ------
    BadLog
        For what is none of these, and for files that are absent or unreadable.
    NotInstalled
        Without ibis.

    Examples
    --------
    >>> import pandas as pd
    >>> opened = open_table(pd.DataFrame({"state": [0, 1], "arm": ["a", "b"]}))
    >>> opened.engine, opened.keeps_order, list(opened.table.columns)
    ('duckdb', True, ['state', 'arm'])
    """
    ibis = load_ibis()
    if isinstance(table, ibis.Table):
        return _on_its_engine(table)
    if isinstance(table, (str, os.PathLike)):
        return _files(_found([table]), os.fspath(table))
    if isinstance(table, (list, tuple)) and all(isinstance(p, (str, os.PathLike)) for p in table):
        if not table:
            raise BadLog("The list of files is empty; name one file at least.")
        return _files(_found(table), f"{os.fspath(table[0])} ({len(table)} files)")
    try:
        frame = ibis.memtable(_as_arrow(table, wanted))
        frame.schema()
    except BadLog:
        raise
    except Exception as error:
        said = "; ".join(map(str, error.args))
        raise BadLog(f"The frame cannot be read: {_one_sentence(said)}") from error
    return OpenTable(frame, embedded(), "the log", "duckdb", keeps_order=True)


def _as_arrow(table: Any, wanted: Sequence[str]) -> Any:
    """A frame or Arrow data as what ibis takes without converting it itself."""
    import pyarrow as pa
    import pyarrow.dataset as datasets

    origin, kind = type(table).__module__.partition(".")[0], type(table).__name__
    asked = list(dict.fromkeys(wanted))
    if origin == "pandas" and kind == "DataFrame":
        frame = table[asked] if asked and set(asked) <= set(table.columns) else table
        for name in asked:
            _refuse_mixed(frame, name)
        return pa.Table.from_pandas(frame, preserve_index=False)
    if origin == "polars" and kind in ("DataFrame", "LazyFrame"):
        lazy = table.lazy()
        known = asked and set(asked) <= set(lazy.collect_schema().names())
        return (lazy.select(asked) if known else lazy).collect().to_arrow()
    if isinstance(table, pa.RecordBatch):
        return pa.Table.from_batches([table])
    if isinstance(table, (pa.Table, datasets.Dataset)):
        return table
    raise BadLog(
        "A log is a pandas or polars frame, an Arrow table, a path of a CSV or Parquet file "
        f"or an Ibis table, not {type(table).__module__}.{kind}."
    )


def _refuse_mixed(frame: Any, name: str) -> None:
    """Raise for a pandas column of objects that are not all of one kind."""
    import pyarrow as pa

    if name not in frame.columns or frame[name].dtype != object:
        return
    try:
        pa.Array.from_pandas(frame[name])
    except pa.ArrowException as error:
        raise BadLog(
            f"Column {name!r} mixes values of several kinds: {_one_sentence(str(error))}."
        ) from error


def load_ibis() -> Any:
    """The ibis module, loaded when first needed.

    Raises
    ------
    NotInstalled
        With the line that installs it.
    """
    try:
        import ibis
    except ImportError:
        raise NotInstalled("ibis", "Reading a log", "logs") from None
    return ibis


def embedded() -> Any:
    """A DuckDB of our own, in memory, that goes to disk beyond `MEMORY`.

    Raises
    ------
    NotInstalled
        Without DuckDB.
    """
    ibis = load_ibis()
    try:
        import duckdb  # noqa: F401
    except ImportError:
        raise NotInstalled("duckdb", "Reading a log", "logs") from None
    # DuckDB's default is ".tmp" in the user's folder.
    overflow = tempfile.mkdtemp(prefix="eqsolve-")
    connection = ibis.duckdb.connect(memory_limit=f"{_memory()}B", temp_directory=overflow)
    connection.raw_sql("SET enable_progress_bar = false")
    weakref.finalize(connection, shutil.rmtree, overflow, ignore_errors=True)
    return connection


def number(value: float) -> Any:
    """A float as an Ibis expression that every engine reads to the last digit.

    Written as a plain literal it would be a decimal to DuckDB, and a unit in the last place off.
    """
    return load_ibis().literal(repr(float(value))).cast("float64")


def listed(names: Sequence[Any], most: int = 12) -> str:
    """Names for a sentence, the first few where they are many.

    >>> listed(["a", "b"]), listed(range(5), most=3)
    ("'a', 'b'", '0, 1, 2, ... (5 in all)')
    """
    shown = ", ".join(map(repr, list(names)[:most]))
    return shown if len(names) <= most else f"{shown}, ... ({len(names)} in all)"


def _memory() -> int:
    """Bytes for DuckDB: at most `MEMORY`, and at most four tenths of the machine."""
    try:
        machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # not a POSIX system
        return MEMORY
    return min(MEMORY, int(0.4 * machine))


def _on_its_engine(table: Any) -> OpenTable:
    try:
        connection = table.get_backend()
    except Exception as error:
        raise BadLog(
            "The Ibis table belongs to no connection; take it from one, as in "
            "ibis.duckdb.connect().table('log')."
        ) from error
    if connection.name == "polars":  # has no windows, and lies in memory anyway
        opened = open_table(table.to_pyarrow())
        return replace(opened, keeps_order=_only_kept(table))
    name = getattr(table.op(), "name", None)
    called = f"table {name!r}" if name and not name.startswith("ibis_") else "the log"
    keeps = connection.name == "duckdb" and _order_survives(table, connection)
    return OpenTable(table, connection, called, connection.name, keeps_order=keeps)


def _order_survives(table: Any, connection: Any) -> bool:
    """Whether DuckDB hands out the rows of an expression in the order they are stored in."""
    import ibis.expr.operations as operations

    if not _only_kept(table):
        return False
    relations = table.op().find(operations.Relation)
    stored = [r.name for r in relations if type(r).__name__ == "DatabaseTable"]
    found = connection.raw_sql("SELECT view_name, sql FROM duckdb_views() WHERE NOT internal")
    views = dict(found.fetchall())
    return len(stored) <= 1 and not any(_LOSE_ORDER.search(views.get(name, "")) for name in stored)


def _only_kept(table: Any) -> bool:
    """Whether an expression only filters and projects."""
    import ibis.expr.operations as operations

    relations = table.op().find(operations.Relation)
    return {type(relation).__name__ for relation in relations} <= _KEEP_ORDER


def _found(paths: Sequence[Any]) -> list[str]:
    """The files that paths, patterns and folders stand for, in the order of their names."""
    files: list[str] = []
    for given in paths:
        path = os.fspath(given)
        if "://" in path:
            raise BadLog(
                f"{path}: only local files are opened; give an Ibis table of a connection that "
                "reads this address."
            )
        if os.path.isdir(path):
            matches = [os.fspath(file) for file in Path(path).rglob("*.parquet")]
            if not matches:
                raise BadLog(f"The folder {path!r} holds no .parquet file.")
        elif os.path.exists(path):
            matches = [path]
        else:
            matches = glob.glob(path, recursive=True)
            if not matches:
                what = "No file matches" if glob.has_magic(path) else "There is no file"
                raise BadLog(f"{what} {path!r}.")
        files += sorted(matches, key=_by_number)
    return files


def _by_number(name: str) -> list[tuple[int, int, str]]:
    parts = re.split(r"(\d+)", name)
    return [(1, int(part), "") if part.isdigit() else (0, 0, part) for part in parts]


def _files(files: list[str], name: str) -> OpenTable:
    kinds = {_kind(file) for file in files}
    if len(kinds) > 1:
        raise BadLog(f"{name}: CSV and Parquet files cannot be one log; write them alike.")
    hollow = [file for file in files if not os.path.getsize(file)]
    if hollow:
        raise BadLog(f"{hollow[0]} is empty: it has no rows.")
    connection = embedded()
    read = connection.read_parquet if kinds == {"parquet"} else connection.read_csv
    opened = OpenTable(None, connection, name, "duckdb", keeps_order=True)
    with opened._sentences():
        table = read(files)
    return OpenTable(table, connection, name, "duckdb", keeps_order=True)


def _kind(file: str) -> str:
    small = file.lower()
    if small.endswith(_COLUMNAR):
        return "parquet"
    if small.endswith(_TEXT):
        return "csv"
    raise BadLog(f"{file}: a log's name ends in .parquet, .csv or .tsv, so that it can be read.")


def _unreadable(name: str, message: str) -> str:
    """What DuckDB says of a file, in one sentence."""
    found = _IN_LINE.search(message)
    if found:
        line, column, text, kind = found.groups()
        what = "number" if kind in ("BIGINT", "DOUBLE") else kind
        return f"{name}, line {line}, column {column!r}: {text!r} is no {what}."
    found = _IN_LINE_ONLY.search(message)
    where = f", line {found.group(1)}," if found else ""
    lines = [line for line in map(str.strip, message.splitlines()) if line]
    aside = ("CSV Error", "Original Line", "LINE ", "^")
    said = [line for line in lines if not line.startswith(aside)]
    return f"{name}{where} cannot be read: {_one_sentence(' '.join(said[:2]))}"


def _one_sentence(message: str) -> str:
    """An engine's message without the name of its error, not too long."""
    text = _KIND.sub("", " ".join(message.split()))
    return text if len(text) <= 300 else text[:297] + "..."
