"""The audit beside a bare scan: the same columns of the same files, read by DuckDB and each looked at once.

    make bench            or        python tests/bench/records.py [--count N]

One run each. Sizes of three steps show whether time grows as the records do.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from memory import watched

from conformance.sandbox.records import generate

CONFORMANCE = str(Path(sys.executable).with_name("conformance"))
Row = tuple[str, str, str]
_CONCEPT = 'STRUCT(coding STRUCT("system" VARCHAR, code VARCHAR, display VARCHAR)[], "text" VARCHAR)'
_EXTENSION = (
    f"STRUCT(url VARCHAR, valueDate VARCHAR, valueDateTime VARCHAR, valueCodeableConcept {_CONCEPT}, "
    f"extension STRUCT(url VARCHAR, valueString VARCHAR, valueCode VARCHAR, valueCodeableConcept {_CONCEPT})[])"
)
_ADJUDICATION = f"STRUCT(reason {_CONCEPT}, extension {_EXTENSION}[])"
_ITEM = (
    f'STRUCT("sequence" BIGINT, itemSequence BIGINT, noteNumber BIGINT[], productOrService {_CONCEPT}, '
    f"extension {_EXTENSION}[], adjudication {_ADJUDICATION}[])"
)
_REFERENCE = "STRUCT(reference VARCHAR, identifier STRUCT(value VARCHAR))"
# What the audit reads of a resource (conformance/audit/resources.py), as DuckDB would read it; but for the entries of
# Bundles, of which there are none here.
COLUMNS = {
    "resourceType": "VARCHAR", "id": "VARCHAR", "identifier": "STRUCT(value VARCHAR)[]", "use": "VARCHAR",
    "status": "VARCHAR", "created": "VARCHAR", "outcome": "VARCHAR", "disposition": "VARCHAR",
    "request": _REFERENCE, "claim": _REFERENCE, "priority": _CONCEPT,
    "meta": "STRUCT(lastUpdated VARCHAR)",
    "supportingInfo": f'STRUCT(category {_CONCEPT}, timingDate VARCHAR, timingPeriod STRUCT("start" VARCHAR))[]',
    "extension": f"{_EXTENSION}[]",
    "item": f"{_ITEM}[]", "addItem": f"{_ITEM}[]", "adjudication": f"{_ADJUDICATION}[]",
    "processNote": 'STRUCT("number" BIGINT, "text" VARCHAR)[]',
}  # fmt: skip


def rows(count: int, folder: Path) -> Iterator[Row]:
    """NDJSON at three sizes beside a bare scan of each; a Parquet log of ten times as many decisions."""
    for size in (count // 10, count // 3, count):
        made = folder / f"ndjson-{size}"
        generate(made, size, 1, ["pdex"])
        file = made / "pdex" / "ExplanationOfBenefit.ndjson"
        scanned = bare(file)
        seconds, peak, _ = watched(
            [CONFORMANCE, "audit", str(file), "--map", str(made / "audit.toml"), "--out", str(made / "out")],
            dict(os.environ),
            folder,
        )
        weight = f"{file.stat().st_size / 1024**2:.0f} MB"
        yield (
            f"bare DuckDB scan of {size:,} decisions, {weight}",
            f"{scanned:.1f} s",
            "the columns that the audit reads",
        )
        yield (
            "  the whole audit of them, with its report", f"{seconds:.1f} s",
            f"{seconds / scanned:.2f} times that; peak {(peak or 0) / 1024**2:.0f} MB, workers included",
        )  # fmt: skip
        file.unlink()
    for size in (count, count * 3, count * 10):
        log = enlarged(folder, count, size)
        seconds, peak, _ = watched(
            [CONFORMANCE, "audit", str(log), "--map", str(folder / "log" / "audit.toml"), "--out", str(folder / "out")],
            dict(os.environ), folder,
        )  # fmt: skip
        told = f"{log.stat().st_size / 1024**2:.0f} MB; peak {(peak or 0) / 1024**2:.0f} MB"
        yield f"the audit of a Parquet log of {size:,} rows", f"{seconds:.1f} s", told


def bare(file: Path) -> float:
    """Seconds in which DuckDB reads the columns and looks at every value of each, in a process of its own."""
    typed = ", ".join(f"'{name}': '{kind}'" for name, kind in COLUMNS.items())
    seen = ", ".join(f'bit_xor(hash("{name}"))' for name in COLUMNS)
    query = f"select {seen} from read_json('{file}', columns={{{typed}}}, format='newline_delimited')"
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import duckdb, sys; duckdb.sql(sys.argv[1]).fetchall()", query], check=True)
    return time.perf_counter() - began


def enlarged(folder: Path, count: int, size: int) -> Path:
    """A Parquet log of ``size`` rows: made once, and repeated under other numbers."""
    made = folder / "log"
    seed = made / "parquet" / "log.parquet"
    if not seed.exists():
        generate(made, min(count, 100_000), 1, ["parquet"])
    target = folder / f"log-{size}.parquet"
    query = (
        "copy (select auth_id || '-' || n as auth_id, * exclude (auth_id) "
        f"from '{seed}', range({-(-size // min(count, 100_000))}) t(n) limit {size}) to '{target}'"
    )
    subprocess.run([sys.executable, "-c", "import duckdb, sys; duckdb.sql(sys.argv[1])", query], check=True)
    return target


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--count", type=int, default=1_000_000)
    with tempfile.TemporaryDirectory(prefix="conformance-bench-") as folder:
        for what, figure, beside in rows(options.parse_args().count, Path(folder)):
            print(f"{what:<58} {figure:>12}   {beside}", flush=True)


if __name__ == "__main__":
    main()
