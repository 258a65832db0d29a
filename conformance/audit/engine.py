"""The engine under the expressions: embedded DuckDB, or an existing Spark; loading and keeping tables is all it does.

Expressions are ibis and run alike on both. Tables that are asked more than once are kept: DuckDB holds them in memory
up to a bound and lays the rest into a temporary folder; Spark caches them.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from conformance.errors import UsageError

TOLD = 20  # lines that could not be read, told one by one
SMALL_BUFFER = 4 << 20  # bytes of each of many files that are held at once; DuckDB's own is eight times as large
_SPARK = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "false",
    "spark.sql.caseSensitive": "true",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",  # the console is the report's
    "spark.log.level": "ERROR",
}
MEMORY = "600MB"  # of DuckDB's own: Python, Arrow and the reader's buffers come on top


@dataclass(frozen=True)
class Rejected:
    """Lines of delimited text that could not be read: how many, the first in words, and by file their numbers in order.

    Spark numbers no lines.
    """

    count: int = 0
    told: Sequence[str] = ()
    lines: Mapping[str, Sequence[int]] = field(default_factory=dict)


class Engine(Protocol):
    """What the audit needs of an engine; ``lines`` tells whether it numbers the lines it read."""

    name: str
    version: str
    lines: bool

    def csv(self, files: Sequence[Path], encoding: str, delimiter: str) -> Any:
        """Delimited text with a heading, every column as text, and ``file``; lines that cannot be read are left out."""

    def parquet(self, files: Sequence[Path]) -> Any:
        """Parquet with ``file``."""

    def rejects(self) -> Rejected:
        """The lines of delimited text that could not be read so far."""

    def table(self, rows: Mapping[str, Sequence[Any]], types: Mapping[str, str], name: str) -> Any:
        """A small table of values worked out in Python."""

    def keep(self, name: str, expression: Any) -> Any:
        """The expression's rows under a name, worked out once."""

    def rows(self, expression: Any) -> list[dict[str, Any]]:
        """The rows of an expression as plain dicts."""


@contextmanager
def opened(named: str) -> Iterator[Engine]:
    """The engine that ``--engine`` names, until the block ends: duckdb, spark (local), or spark://host:port."""
    if named == "duckdb":
        with _duckdb() as engine:
            yield engine
    elif named == "spark" or named.startswith(("spark://", "local", "yarn", "k8s://")):
        with _spark("local[*]" if named == "spark" else named) as engine:
            yield engine
    else:
        raise UsageError(
            f"--engine {named}: expected duckdb, spark, or the address of a Spark such as spark://host:7077"
        )


@contextmanager
def _duckdb() -> Iterator[Engine]:
    try:
        import duckdb
        import ibis
        import ibis.backends.duckdb
    except ImportError as missing:
        raise UsageError(
            f"records need the extra audit ({missing.name} is not installed): pip install 'payer-conformance[audit]'"
        ) from missing
    with tempfile.TemporaryDirectory(prefix="conformance-audit-") as folder:
        connection = ibis.duckdb.connect(
            memory_limit=MEMORY,
            temp_directory=folder,
            autoinstall_known_extensions=False,
        )
        connection.raw_sql("SET enable_progress_bar = false")  # the console is the report's
        try:
            yield DuckDb(connection, duckdb.__version__)
        finally:
            connection.disconnect()


@contextmanager
def _spark(master: str) -> Iterator[Engine]:
    try:
        import ibis
        import pyspark
        from pyspark.sql import SparkSession
    except ImportError as missing:
        raise UsageError(
            f"--engine spark needs the extra audit-spark ({missing.name} is not installed): "
            "pip install 'payer-conformance[audit-spark]'"
        ) from missing
    with tempfile.TemporaryDirectory(prefix="conformance-audit-") as folder:
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # the workers' Python must be this one, with the extra
        settings = {"spark.sql.warehouse.dir": folder, **_SPARK}
        if master.startswith("local"):  # elsewhere it is the cluster's to say
            settings |= {"spark.sql.shuffle.partitions": str(os.cpu_count() or 1), "spark.driver.memory": "2g"}
        try:
            builder = SparkSession.builder.master(master).appName("payer-conformance audit")
            session = builder.config(map=settings).getOrCreate()
        except Exception as wrong:  # a missing Java or an unreachable master come as whatever the gateway raises
            raise UsageError(f"--engine {master}: Spark does not start: {wrong}") from wrong
        try:
            yield Spark(ibis.pyspark.connect(session), session, pyspark.__version__)
        finally:
            session.stop()


class DuckDb:
    """DuckDB inside this process."""

    name = "duckdb"
    lines = True

    def __init__(self, connection: Any, version: str) -> None:
        self._connection = connection
        self.version = version
        self._read = 0
        self._delimited = False

    def csv(self, files: Sequence[Path], encoding: str, delimiter: str) -> Any:
        self._delimited = True
        return self._connection.read_csv(
            [str(file.absolute()) for file in files],
            table_name=self._name(),
            all_varchar=True,
            header=True,
            filename="file",
            encoding=encoding,
            delim=delimiter,
            quote='"',
            null_padding=False,
            ignore_errors=True,
            store_rejects=True,
            rejects_limit=0,  # no limit
            **({"buffer_size": SMALL_BUFFER} if len(files) > 1 else {}),
        )

    def parquet(self, files: Sequence[Path]) -> Any:
        return self._connection.read_parquet(
            [str(file.absolute()) for file in files], table_name=self._name(), filename="file", union_by_name=True,
            file_row_number=True,
        )  # fmt: skip

    def rejects(self) -> Rejected:
        if not self._delimited:
            return Rejected()  # DuckDB makes the tables of rejects with the first delimited text it reads
        # A line that is wrong in several ways is there once for each of them.
        lines = (
            "from (select s.file_path as file, e.line, min(e.error_message) as why "
            "from reject_errors e join reject_scans s using (scan_id, file_id) group by all)"
        )
        ask = self._connection.con.execute
        numbers = dict(ask(f"select file, list(line order by line) {lines} group by file").fetchall())
        first = ask(f"select * {lines} order by all limit {TOLD}").fetchall()
        told = [f"{file}:{line}: {why}" for file, line, why in first]
        return Rejected(sum(map(len, numbers.values())), told, numbers)

    def table(self, rows: Mapping[str, Sequence[Any]], types: Mapping[str, str], name: str) -> Any:
        given = f"given_{name}"
        self._connection.con.register(given, _arrow(rows, types))
        self._connection.con.execute(f'CREATE OR REPLACE TABLE "{name}" AS FROM "{given}"')
        self._connection.con.unregister(given)
        return self._connection.table(name)

    def keep(self, name: str, expression: Any) -> Any:
        self._connection.con.execute(f'CREATE OR REPLACE TABLE "{name}" AS {self._connection.compile(expression)}')
        return self._connection.table(name)

    def rows(self, expression: Any) -> list[dict[str, Any]]:
        # Not by ibis's own way out, which takes pandas along.
        cursor = self._connection.con.execute(self._connection.compile(expression))
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def _name(self) -> str:
        self._read += 1
        return f"read_{self._read}"


class Spark:
    """A Spark that exists already, or a local one."""

    name = "spark"
    lines = False

    def __init__(self, connection: Any, session: Any, version: str) -> None:
        self._connection = connection
        self._session = session
        self.version = version
        self._read = 0
        self._delimited: list[Any] = []

    def flattened(self, files: Sequence[Path]) -> Any:
        """Lines of FHIR as rows (lines.COLUMNS), read where the files are; also those that hold nothing of ours."""
        from conformance.audit.lines import COLUMNS

        frame = self._session.read.text([str(file) for file in files])
        return self._view(frame.mapInArrow(_flat, ", ".join(f"`{name}` string" for name in COLUMNS))).drop("file")

    def csv(self, files: Sequence[Path], encoding: str, delimiter: str) -> Any:
        paths = [str(file) for file in files]
        form = {
            "header": True, "sep": delimiter, "quote": '"', "escape": '"', "multiLine": True,
            "encoding": _CHARSETS.get(encoding, encoding),
        }  # fmt: skip
        headings = self._session.read.options(**form).csv(paths[:1]).columns
        schema = ", ".join(f"`{name.replace('`', '``')}` string" for name in (*headings, _BROKEN))
        read = self._session.read.options(**form, columnNameOfCorruptRecord=_BROKEN).csv(paths, schema=schema)
        self._delimited.append(read)
        return self._view(read.filter(read[_BROKEN].isNull()).drop(_BROKEN))

    def parquet(self, files: Sequence[Path]) -> Any:
        return self._view(self._session.read.parquet(*[str(file) for file in files]))

    def rejects(self) -> Rejected:
        from pyspark.sql import functions

        count, told = 0, []
        for read in self._delimited:
            broken = functions.col(_BROKEN).isNotNull().cast("long")
            # Spark refuses to look at nothing but what is broken: the first column goes along.
            files = read.groupBy(functions.input_file_name().alias("file")).agg(
                functions.sum(broken).alias("n"), functions.max(read.columns[0])
            )
            for row in files.filter("n > 0").orderBy("file").collect():
                count += row["n"]
                told.append(f"{row['file']}: {row['n']} lines that have not the columns of the heading")
        return Rejected(count, told[:TOLD])

    def table(self, rows: Mapping[str, Sequence[Any]], types: Mapping[str, str], name: str) -> Any:
        self._session.createDataFrame(_arrow(rows, types)).createOrReplaceTempView(name)
        return self._connection.table(name)

    def keep(self, name: str, expression: Any) -> Any:
        frame = self._session.sql(self._connection.compile(expression)).cache()
        frame.createOrReplaceTempView(name)
        return self._connection.table(name)

    def rows(self, expression: Any) -> list[dict[str, Any]]:
        return [row.asDict() for row in self._session.sql(self._connection.compile(expression)).collect()]

    def _view(self, frame: Any) -> Any:
        from pyspark.sql import functions

        self._read += 1
        name = f"read_{self._read}"
        frame.withColumn("file", functions.input_file_name()).createOrReplaceTempView(name)
        return self._connection.table(name)


def _arrow(rows: Mapping[str, Sequence[Any]], types: Mapping[str, str]) -> Any:
    import pyarrow

    return pyarrow.table({name: pyarrow.array(rows[name], _ARROW[kind]()) for name, kind in types.items()})


def _pyarrow(name: str) -> Any:
    import pyarrow

    return getattr(pyarrow, name)()


_BROKEN = "line that could not be read"  # the column into which Spark puts it
_CHARSETS = {"latin-1": "ISO-8859-1"}  # where Spark has another name for an encoding than Python
_ARROW = {
    "string": lambda: _pyarrow("string"),
    "int64": lambda: _pyarrow("int64"),
    "bool": lambda: _pyarrow("bool_"),
}


def _flat(batches: Iterator[Any]) -> Iterator[Any]:
    """What Spark runs over its shares of lines: batches of text to batches of rows."""
    import pyarrow

    from conformance.audit.lines import COLUMNS, flattened

    for batch in batches:
        found = [row for line in batch.column(0).to_pylist() for row in flattened(line.removeprefix("\ufeff").encode())]
        columns: list[Any] = list(zip(*found, strict=True)) or [[] for _ in COLUMNS]
        arrays = [pyarrow.array(column, pyarrow.string()) for column in columns]
        yield pyarrow.RecordBatch.from_arrays(arrays, names=list(COLUMNS))
