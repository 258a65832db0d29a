"""Spark and DuckDB come to the same results, of good records and of bad ones."""

from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from conformance.audit.command import audit
from conformance.audit.engines import opened
from conformance.errors import UsageError
from conformance.sandbox.records import generate

COUNT = 120
pyspark = importlib.util.find_spec("pyspark")
needs_spark = pytest.mark.skipif(
    pyspark is None or shutil.which("java") is None, reason="needs the extra audit-spark, and Java"
)
OF_THE_RUN = {"started", "finished", "seconds", "engine", "message"}
BY_LINE = {"unreadable"}  # Spark numbers no lines


def made(folder: Path) -> Path:
    """Records of every form, each with numbers of its own, and with what is wrong with real ones."""
    for seed, form in enumerate(("csv", "parquet", "pdex", "pas"), 1):
        generate(folder / form, COUNT, seed, [form])
    with (folder / "csv" / "csv" / "log.csv").open("a") as log:
        log.writelines(["PA-short,2026-03-02\r\n", "PA-long", ",x" * 40, "\r\n"])
        log.writelines(["  PA-blanks  ", "," * 4, "\tvisit ", "," * 18, "\r\n"])
    with (folder / "pdex" / "pdex" / "ExplanationOfBenefit.ndjson").open("a") as lines:
        lines.write(
            '{"resourceType": "ExplanationOfBenefit", "id": 7}\n\n{"resourceType": "Patient", "id": "1"}\n{"cut'
        )
    other = "\ufeffAuth ID;Received;Decided;Outcome;Denial Reason\r\n1;3/2/2026 9:00 AM;soon;Whatever;\r\n"
    (folder / "other.csv").write_text(other, "utf-8", newline="")
    (folder / "latin.csv").write_text(
        other.lstrip("\ufeff").replace("1;", "é;").replace("Whatever", "Perhaps"), "latin-1", newline=""
    )
    return folder


def told(results: Any) -> Any:
    """Results without what differs from run to run; decisions by their number alone."""
    if isinstance(results, dict):
        kept = {name: each for name, each in results.items() if name not in OF_THE_RUN | BY_LINE}
        return {name: told(each) for name, each in kept.items()}
    if isinstance(results, list):
        return [told(each) for each in results]
    return results.rpartition("(")[2].rstrip(")") if isinstance(results, str) else results


@needs_spark
@pytest.mark.filterwarnings("default")
def test_both_engines_come_to_the_same_results(tmp_path: Path) -> None:
    records = made(tmp_path / "records")
    given = {"map": str(records / "csv" / "audit.toml"), "identify": True}
    results = {}
    for engine in ("duckdb", "spark"):
        (out := tmp_path / engine).mkdir()
        results[engine] = audit([str(records)], out, {**given, "engine": engine})

    known = results["duckdb"]["audit"]["totals"]
    assert told(results["spark"]) == told(results["duckdb"])
    assert known["lines_that_could_not_be_read"] == 4
    assert known["other_resources"] == {"Patient": 1}
    unknown = results["duckdb"]["audit"]["not_understood"]["outcome"]
    assert {each["said"] for each in unknown} == {"visit", "Whatever", "Perhaps"}
    truths = [json.loads(each.read_text())["forms"] for each in sorted(records.glob("*/truth.json"))]
    assert known["decisions"] == sum(form["decisions"] for each in truths for form in each.values()) + 3


@pytest.mark.skipif(pyspark is not None, reason="Spark is there")
def test_a_missing_extra_is_named() -> None:
    with pytest.raises(UsageError, match="needs the extra audit-spark"), opened("spark"):
        pass


def test_an_engine_that_nobody_knows_is_named() -> None:
    with pytest.raises(UsageError, match="expected duckdb, spark, or the address of a Spark"), opened("sparc"):
        pass
