"""What the audit needs of the engine under its expressions: loading and keeping tables is all it does.

Expressions are ibis and run alike on embedded DuckDB and on Spark (on_duckdb.py, on_spark.py; engines.py opens them).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

TOLD = 20  # lines that could not be read, told one by one


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
def unfused() -> Iterator[None]:
    """Lets ibis write an expression step by step: fusing the steps takes it seconds, and repeats what they share."""
    import ibis

    options = ibis.options.sql
    before, options.fuse_selects = options.fuse_selects, False
    try:
        yield
    finally:
        options.fuse_selects = before


def arrow(rows: Mapping[str, Sequence[Any]], types: Mapping[str, str]) -> Any:
    """Columns of values as an Arrow table; ``types`` are string, int64 and bool, by column."""
    import pyarrow

    kinds = {"string": pyarrow.string(), "int64": pyarrow.int64(), "bool": pyarrow.bool_()}
    return pyarrow.table({name: pyarrow.array(rows[name], kinds[kind]) for name, kind in types.items()})
