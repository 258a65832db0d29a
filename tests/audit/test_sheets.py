"""What an auditor takes along: every finding by file and row, the sample, and a page to sign that belongs to them."""

from __future__ import annotations

import csv
from hashlib import sha256
from pathlib import Path
from random import Random

from opened_records import records_of

from conformance.audit.command import audit
from conformance.audit.evidence import sample
from conformance.audit.sheets import _findings
from conformance.expect import Table
from conformance.report.loads import network_references
from conformance.sandbox.record_cases import CASES, REASON, STANDARD
from conformance.sandbox.record_forms import CsvLog

LATE = 70


def test_every_finding_is_listed_and_the_page_names_what_was_read(tmp_path: Path) -> None:
    random, out = Random(5), tmp_path / "out"
    out.mkdir()
    with CsvLog(tmp_path) as writer:
        for number in range(LATE):
            writer.write(f"late-{number:03}", CASES["late_standard"].build(random), 1)
        for name in ("approved_in_time", "withdrawn", "denied_without_a_reason"):
            writer.write(name, CASES[name].build(random), 1)
    log = tmp_path / "log.csv"

    results = audit([str(log)], out, {"payer_type": "ma", "timezone": ["America/New_York"]})

    [late] = [
        row["scenarios"][0] for row in results["requirements"] if row["id"] == "prior-auth.decision-time-standard"
    ]
    assert (late["failed"], len(late["findings"])) == (LATE, 50)
    listed = list(csv.DictReader((out / "findings.csv").read_text().splitlines()))
    assert [row["where"] for row in listed if row["requirement"] == STANDARD] == [
        f"log.csv, row {2 + number}" for number in range(LATE)
    ]
    assert [row["where"] for row in listed if row["requirement"] == REASON] == ["log.csv, row 74"]
    assert "received 2026-" in late["findings"][0]["actual"]
    assert late["findings"][0]["actual"].endswith(("-04:00", "-05:00")), "as the clocks show it where the payer works"
    assert f"conformance audit RECORDS --requirement {STANDARD}" in (out / "report.html").read_text()
    page = (out / "sign-off.html").read_text()
    for said in (log.read_bytes(), (out / "results.json").read_bytes()):
        assert sha256(said).hexdigest() in page
    assert results["audit"]["sample"]
    assert f"Of the {len(results['audit']['sample'])} decisions in sample.csv (seed 1)" in page
    assert '<th>together</th><th class="n">73</th>' in page
    assert not network_references(page)
    assert sum(results["audit"]["states"].values()) == results["audit"]["totals"]["decisions"] == 73


def test_what_is_too_much_to_be_listed_is_counted() -> None:
    results = {"requirements": [{"id": "a.b", "scenarios": [{"failed": 12}]}]}
    found = {"a.b": Table("Findings", ("expected", "found", "where"), (("in time", "late", "log.csv, row 2"),))}

    assert list(_findings(results, found))[1:] == [("a.b", "", "and 11 more", "")]


def test_the_same_seed_draws_the_same_sample(tmp_path: Path) -> None:
    with CsvLog(tmp_path) as writer:
        random = Random(2)
        for number in range(80):
            writer.write(f"n-{number}", CASES["approved_in_time"].build(random), 1)
    with records_of([tmp_path / "log.csv"], tmp_path, {"payer_type": "ma"}) as records:
        first, again, other = (sample(records, seed) for seed in (1, 1, 2))

    assert first == again != other
