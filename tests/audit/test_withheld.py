"""No member's data is told unless asked for: neither from a wrong column, nor from a row that cannot be read."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from conformance.audit import cuts
from conformance.audit.decisions import Understood
from conformance.audit.engine import Rejected
from conformance.audit.mapping import Mapped, columns_of
from conformance.audit.payer import payer
from conformance.audit.records import Records
from conformance.audit.sources import Source
from conformance.audit.table import Said
from conformance.audit.withheld import shape
from conformance.cli import main
from conformance.errors import UsageError
from conformance.sandbox.record_cases import CASES
from conformance.sandbox.record_forms import COLUMNS, Pdex
from conformance.sandbox.records import population
from conformance.target import Target

NAME = "Zebulon Canary"
KEPT = ("resourceType", "url", "use", "system")  # without these a line is read as nothing at all


def poisoned(node: Any) -> Any:
    """A resource in which the name stands wherever a text may stand."""
    if isinstance(node, dict):
        return {key: value if key in KEPT else poisoned(value) for key, value in node.items()}
    if isinstance(node, list):
        return [poisoned(each) for each in node]
    return NAME if isinstance(node, str) else node


@pytest.fixture
def records(tmp_path: Path) -> Path:
    """A log with the name in every column, one at a time and in all, and lines of FHIR that hold it everywhere."""
    folder = tmp_path / "records"
    folder.mkdir()
    lawful = next(each for each in population(1, 1, [CASES["denied_with_a_reason"]]))
    with Pdex(folder) as writer:
        writer.write("PA-1", lawful.facts, 1)
    [line] = (folder / "ExplanationOfBenefit.ndjson").read_text().splitlines()
    said = poisoned(json.loads(line))
    lines = [line, json.dumps(said), json.dumps({**said, "resourceType": NAME}), f'{{"{NAME}', f'"{NAME}"']
    lines.append(json.dumps({**json.loads(line), "item": NAME}))
    (folder / "ExplanationOfBenefit.ndjson").write_text("\n".join(lines) + "\n")
    good = ["1", "2026-03-02", "2026-03-03", "2026-03-03", "denied", *[""] * (len(COLUMNS) - 5)]
    with (folder / "log.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerow(good)
        for place in range(len(COLUMNS)):
            writer.writerow([NAME if here == place else said or "" for here, said in enumerate(good)])
        writer.writerow([NAME] * len(COLUMNS))
        writer.writerow([NAME] * (len(COLUMNS) + 1))
        writer.writerow(["2", f"2026-03-02T00:00:00 {NAME}", *good[2:]])
    return folder


@pytest.mark.parametrize("asked", [False, True])
def test_nothing_that_is_written_tells_a_name(records: Path, tmp_path: Path, asked: bool) -> None:
    out = tmp_path / "out"
    words = ["audit", str(records), "--payer-type", "ma", "--out", str(out), *(["--identify"] if asked else [])]
    done = CliRunner().invoke(main, words)

    told = {file.name for file in out.rglob("*") if file.is_file() and "Zebulon" in file.read_text("utf-8")}
    assert done.exit_code in (1, 3), done.output
    assert (told >= {"results.json", "report.html"}) is asked
    assert asked or not told
    assert asked or "Zebulon" not in done.output
    audited = json.loads((out / "results.json").read_text())["audit"]
    assert audited["totals"]["lines_that_could_not_be_read"] == 4
    assert ("Aaaaaaa Aaaaaa" in audited["totals"]["other_resources"]) is True
    by_name = {row["first"] for rows in audited["not_understood"].values() for row in rows}
    assert "log.csv, row 7" in {each.partition(" (")[0] for each in by_name}  # the column of outcomes


def test_a_first_line_that_is_no_heading_is_told_by_its_shape() -> None:
    with pytest.raises(UsageError, match="among Aaaaaaa Aaaaaa, 9999-99-99, aaaaaaaa") as raised:
        columns_of([NAME, "1956-04-01", "approved"], Mapped(), "log.csv")
    assert "Zebulon" not in str(raised.value)
    with pytest.raises(UsageError, match="among auth_id, decided_at, Remarks"):
        columns_of(["auth_id", "decided_at", "Remarks"], Mapped(), "log.csv")


def test_a_shape_has_no_letter_and_no_digit_of_its_text() -> None:
    assert shape("José 4/1/56 李") == "Aaaa 9/9/99 a"
    assert len(shape("x" * 500)) <= 41


def test_a_column_that_holds_names_is_no_cut() -> None:
    def rows(*values: str, each: int) -> list[dict[str, Any]]:
        return [{"value": value, "total": each} for value in values]

    assert cuts._holds_categories("specialty", rows("Rheumatology", "Cardiology", each=40))
    assert not cuts._holds_categories("specialty", rows("Jane Doe", "John Doe", "Zoe Doe", each=3))
    assert cuts._holds_categories("service", [*rows("70551", each=12), *rows("E0601", "J1745", each=1)])
    assert not cuts._holds_categories("service", [*rows("Doe", each=12), *rows("Roe", "Poe", each=1)])


def test_rows_are_numbered_as_they_stand_between_those_that_could_not_be_read(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    said = Said(None, (Source(log, "csv", 1),), rejected=Rejected(3, lines={str(log): (3, 4, 9)}))
    records = Records(None, said, Understood(None), payer(Target(name="Test"), None))  # type: ignore[arg-type]

    there = [records.at("1", 0, 0, place) for place in range(2, 9)]
    assert there == [f"log.csv, row {row}" for row in (2, 5, 6, 7, 8, 10, 11)]
