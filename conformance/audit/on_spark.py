"""Spark under the audit's expressions: one that exists already, or a local one; it caches the tables it keeps."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from conformance.audit.engine import TOLD, Engine, Rejected, arrow, unfused
from conformance.errors import UsageError

_SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "false",
    "spark.sql.caseSensitive": "true",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",  # the console is the report's
    "spark.log.level": "ERROR",
}
BROKEN = "line that could not be read"  # the column into which Spark puts it
CHARSETS = {"latin-1": "ISO-8859-1"}  # where Spark has another name for an encoding than Python


@contextmanager
def opened(master: str) -> Iterator[Engine]:
    """The Spark at an address, until the block ends; UsageError where it does not start or the extra is missing."""
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
        settings = {"spark.sql.warehouse.dir": folder, **_SETTINGS}
        if master.startswith("local"):  # elsewhere it is the cluster's to say
            settings |= {"spark.sql.shuffle.partitions": str(os.cpu_count() or 1), "spark.driver.memory": "2g"}
        try:
            builder = SparkSession.builder.master(master).appName("payer-conformance audit")
            session = builder.config(map=settings).getOrCreate()
        except Exception as wrong:  # a missing Java or an unreachable master come as whatever the gateway raises
            raise UsageError(f"--engine {master}: Spark does not start: {wrong}") from wrong
        try:
            with unfused():
                yield Spark(ibis.pyspark.connect(session), session, pyspark.__version__)
        finally:
            session.stop()


class Spark:
    """A session of Spark."""

    name = "spark"
    lines = False

    def __init__(self, connection: Any, session: Any, version: str) -> None:
        self._connection = connection
        self._session = session
        self.version = version
        self._read = 0
        self._delimited: list[Any] = []

    def flattened(self, files: Sequence[Path]) -> Any:
        """Lines of FHIR as rows (rows.COLUMNS), read where the files are; also those that hold nothing of ours."""
        from conformance.audit.rows import COLUMNS

        if whole := [file for file in files if file.name.lower().removesuffix(".gz").endswith(".json")]:
            raise UsageError(f"{whole[0]}: --engine spark reads lines of FHIR (.ndjson), no documents")
        frame = self._session.read.text([str(file) for file in files])
        return self._view(frame.mapInArrow(_flat, ", ".join(f"`{name}` string" for name in COLUMNS))).drop("file")

    def csv(self, files: Sequence[Path], encoding: str, delimiter: str) -> Any:
        paths = [str(file) for file in files]
        form = {
            "header": True, "sep": delimiter, "quote": '"', "escape": '"', "multiLine": True,
            "encoding": CHARSETS.get(encoding, encoding),
        }  # fmt: skip
        headings = self._session.read.options(**form).csv(paths[:1]).columns
        schema = ", ".join(f"`{name.replace('`', '``')}` string" for name in (*headings, BROKEN))
        read = self._session.read.options(**form, columnNameOfCorruptRecord=BROKEN).csv(paths, schema=schema)
        self._delimited.append(read)
        return self._view(read.filter(read[BROKEN].isNull()).drop(BROKEN))

    def parquet(self, files: Sequence[Path]) -> Any:
        return self._view(self._session.read.parquet(*[str(file) for file in files]))

    def rejects(self) -> Rejected:
        from pyspark.sql import functions

        count, told = 0, []
        for read in self._delimited:
            broken = functions.col(BROKEN).isNotNull().cast("long")
            # Spark refuses to look at nothing but what is broken: the first column goes along.
            files = read.groupBy(functions.input_file_name().alias("file")).agg(
                functions.sum(broken).alias("n"), functions.max(read.columns[0])
            )
            for row in files.filter("n > 0").orderBy("file").collect():
                count += row["n"]
                told.append(f"{row['file']}: {row['n']} lines that have not the columns of the heading")
        return Rejected(count, told[:TOLD])

    def table(self, rows: Mapping[str, Sequence[Any]], types: Mapping[str, str], name: str) -> Any:
        self._session.createDataFrame(arrow(rows, types)).createOrReplaceTempView(name)
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


def _flat(batches: Iterator[Any]) -> Iterator[Any]:
    """What Spark runs over its shares of lines: batches of text to batches of rows."""
    import pyarrow

    from conformance.audit.lines import flattened
    from conformance.audit.rows import COLUMNS

    for batch in batches:
        found = [row for line in batch.column(0).to_pylist() for row in flattened(line.removeprefix("\ufeff").encode())]
        columns: list[Any] = list(zip(*found, strict=True)) or [[] for _ in COLUMNS]
        arrays = [pyarrow.array(column, pyarrow.string()) for column in columns]
        yield pyarrow.RecordBatch.from_arrays(arrays, names=list(COLUMNS))
