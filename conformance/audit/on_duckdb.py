"""Embedded DuckDB under the audit's expressions: it holds tables in memory up to a bound and lays the rest aside."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from conformance.audit.engine import TOLD, Engine, Rejected, arrow, unfused
from conformance.errors import UsageError

SMALL_BUFFER = 4 << 20  # bytes of each of many files that are held at once; DuckDB's own is eight times as large
MEMORY = "600MB"  # of DuckDB's own: Python, Arrow and the reader's buffers come on top


@contextmanager
def opened() -> Iterator[Engine]:
    """DuckDB with a folder for what it cannot hold, until the block ends; UsageError where the extra is missing."""
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
            with unfused():
                yield DuckDb(connection, duckdb.__version__)
        finally:
            connection.disconnect()


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
        self._connection.con.register(given, arrow(rows, types))
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
