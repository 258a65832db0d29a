"""Opens the engine that the command names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from conformance.audit import on_duckdb, on_spark
from conformance.audit.engine import Engine
from conformance.errors import UsageError


@contextmanager
def opened(named: str) -> Iterator[Engine]:
    """The engine that ``--engine`` names, until the block ends: duckdb, spark (local), or spark://host:port."""
    if named == "duckdb":
        with on_duckdb.opened() as engine:
            yield engine
    elif named == "spark" or named.startswith(("spark://", "local", "yarn", "k8s://")):
        with on_spark.opened("local[*]" if named == "spark" else named) as engine:
            yield engine
    else:
        raise UsageError(
            f"--engine {named}: expected duckdb, spark, or the address of a Spark such as spark://host:7077"
        )
