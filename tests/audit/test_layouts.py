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


@pytest.mark.parametrize(
    ("day", "time", "late"),
    [
        ("2026-04-09", "10:00:01", True), ("2026-04-09 00:00:00", "10:00:01", True),
        ("4/9/2026 12:00:00 AM", "9:59 AM", False), ("2026-04-09T14:00:01Z", "3", True), ("2026-04-09", "3", False),
    ],
)  # fmt: skip
def test_a_decision_date_and_its_time_are_one_stamp(day: str, time: str, late: bool, tmp_path: Path) -> None:
    headings = "ID,Received,Decision Date,Decision Time,Status,Priority"
    file = tmp_path / "log.csv"
    file.write_text(f"{headings}\n1,4/6/2026 10:00 AM,{day},{time},Approved,Urgent\n", "utf-8")
    with records_of([file], tmp_path, {"payer_type": "ma", "timezones": ["America/New_York"]}) as records:
        timed = records.clocked("prior-auth.decision-time-expedited")
        assert (timed["judged"], timed["late"]) == (1, int(late))


def test_fields_inside_a_column_of_parquet_are_columns(tmp_path: Path) -> None:
    import pyarrow
    from pyarrow import parquet

    dates = {"received_at": "2026-04-06T10:00:00Z", "decided": "2026-04-20T10:00:00Z"}
    row = {"id": "1", "dates": dates, "status": "Approved"}
    parquet.write_table(pyarrow.Table.from_pylist([row]), tmp_path / "log.parquet")
    mapped = mapping.Mapped(columns={"received": ("dates.received_at",), "decided": ("dates.decided",)})
    with records_of([tmp_path / "log.parquet"], tmp_path, {"payer_type": "ma"}, mapped) as records:
        assert records.clocked("prior-auth.decision-time-standard")["late"] == 1
