"""What an auditor takes along: every finding, the sample for review by hand, and the page to sign."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from conformance import paths
from conformance.expect import Table
from conformance.report.text import cell

_SAMPLED = ("at", "received", "ended", "outcome", "urgency", "kind")


def write_sheets(out: Path, results: Mapping[str, Any], found: Mapping[str, Table]) -> None:
    """findings.csv (decision by decision), sample.csv (to be looked up by hand), sign-off.html (to be printed)."""
    _write(out / "findings.csv", ("requirement", "expected", "found", "where"), _findings(results, found))
    sample = results["audit"]["sample"] or ()
    rows = ([each[name] for name in _SAMPLED] + ["", ""] for each in sample)
    _write(out / "sample.csv", ("where", *_SAMPLED[1:], "looked up by", "agrees"), rows)
    (out / "sign-off.html").write_text(_page(out, results), "utf-8")


def _findings(results: Mapping[str, Any], found: Mapping[str, Table]) -> Iterable[Sequence[str]]:
    failed = {row["id"]: sum(each["failed"] for each in row["scenarios"]) for row in results["requirements"]}
    for requirement, table in found.items():
        yield from ((requirement, *row) for row in table.rows)
        if more := failed[requirement] - len(table.rows):
            yield requirement, "", f"and {more:,} more", ""


def _write(path: Path, heading: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(heading)
        writer.writerows(map(cell, row) for row in rows)


def _page(out: Path, results: Mapping[str, Any]) -> str:
    from conformance.report.page import environment

    judged = [row for row in results["requirements"] if row["scenarios"]]
    digest = sha256((out / "results.json").read_bytes()).hexdigest()
    page = environment(paths.reports() / "templates").get_template("sign_off.html.j2")
    return page.render(r=results, a=results["audit"], judged=judged, digest=digest)
