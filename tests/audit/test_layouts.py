"""Ready mappings: logs in a layout that many payers share, read without a word of explanation."""

from __future__ import annotations

from pathlib import Path

import pytest
from opened_records import records_of

from conformance.audit import mapping
from conformance.errors import UsageError

HEADINGS = (
    "Enrollee ID", "Contract ID", "First Tier, Downstream, and Related Entity", "Authorization or Claim Number",
    "Date the request was received", "Time the request was received", "Part B Drug Request?",
    "Was the request processed as Standard or Expedited?", "Was a timeframe extension taken?", "Request Determination",
    "Date of Determination", "Time of Determination", "Date oral notification provided to enrollee",
    "Time oral notification provided to enrollee", "Date written notification provided to enrollee",
    "Time written notification provided to enrollee",
)  # fmt: skip
_ORAL_IN_TIME = ("2026/03/05", "09:00:00", "NA", "E", "N", "Denied", "2026/03/06", "16:00:00", "2026/03/07", "10:00:00")
ROWS = (
    # Told on the second day, and by letter on the fifth.
    ("A1", *_ORAL_IN_TIME, "2026/03/10", "08:00:00"),
    ("A2", *_ORAL_IN_TIME[:8], "NA", "NA", "2026/03/10", "08:00:00"),
    ("A3", "2026/03/02", "NA", "N", "S", "N", "Approved", "2026/03/09", "NA", "NA", "NA", "2026/03/09", "NA"),
    ("A4", "2026/03/02", "NA", "N", "S", "N", "Approved", "2026/03/12", "NA", "NA", "NA", "2026/03/12", "NA"),
    ("A5", "2026/03/02", "NA", "N", "S", "Y", "Approved", "2026/03/20", "NA", "NA", "NA", "2026/03/20", "NA"),
    ("A6", "2026/03/02", "NA", "N", "S", "N", "Dismissed", "2026/03/20", "NA", "NA", "NA", "2026/03/20", "NA"),
    ("A7", "2026/03/02", "09:00:00", "Y", "S", "N", "Approved", "2026/03/06", "09:00:00", *["NA"] * 2, *["NA"] * 2),
)


def universe(path: Path, headings: tuple[str, ...] = HEADINGS) -> Path:
    rows = [headings, *(("1EG4TE5MK73", "H0001", "NA", *row) for row in ROWS)]
    path.write_text("\n".join("\t".join(row) for row in rows) + "\n", "utf-8")
    return path


def test_cms_table_of_organization_determinations_is_read_by_its_ready_mapping(tmp_path: Path) -> None:
    odag = mapping.load(Path("odag"))
    facts = {"payer_type": "ma", "timezones": ["America/New_York"], "extracted": "2026-06-30"}
    with records_of([universe(tmp_path / "OD.txt")], tmp_path, facts, odag) as records:
        standard = records.clocked("prior-auth.decision-time-standard")
        expedited = records.clocked("prior-auth.decision-time-expedited")
        drugs = records.clocked("drug-decisions.part-b")
        assert [each.key for each in standard.late] == ["A4"]
        assert (standard["judged"], standard["extended"], standard["excluded"]) == (3, 1, 1)
        assert [each.key for each in expedited.late] == ["A2"]  # told by letter alone
        assert [each.key for each in drugs.late] == ["A7"]
        assert not records.understood.unknown
        assert not records.understood.unread
    assert "from memory" in str(odag.facts["unverified"])


def test_a_heading_of_another_edition_is_named(tmp_path: Path) -> None:
    other = tuple("Time of Decision" if each == "Time of Determination" else each for each in HEADINGS)
    with (
        pytest.raises(UsageError, match="no column 'Time of Determination'"),
        records_of([universe(tmp_path / "OD.txt", other)], tmp_path, {"payer_type": "ma"}, mapping.load(Path("odag"))),
    ):
        pass
    with pytest.raises(UsageError, match="ready mappings: odag"):
        mapping.load(Path("odga"))
