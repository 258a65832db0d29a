"""Figures made of decisions: of which year each is, which drugs count, and what the page to be posted says."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opened_records import records_of

from conformance.audit import metrics
from conformance.audit.cuts import cuts
from conformance.audit.engine import Engine
from conformance.audit.engines import opened
from conformance.audit.publishing import publish
from conformance.audit.usage import usage
from conformance.errors import UsageError

COLUMNS = ("id", "received", "decided", "outcome", "kind", "urgency", "appeal")


def log(folder: Path, *rows: tuple[str, ...]) -> Path:
    with (folder / "log.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows((f"{number}", *row) for number, row in enumerate(rows))
    return folder / "log.csv"


ABOUT_NEW_YEAR = (
    ("2026-12-28", "2026-12-31", "approved", "item", "standard", ""),
    ("2026-12-28", "2027-01-01", "approved", "item", "standard", ""),
    # Ten in the evening of New Year's Eve in New York, and an hour after midnight there.
    ("2026-12-28", "2027-01-01T03:00:00Z", "denied", "item", "standard", ""),
    ("2026-12-28", "2027-01-01T06:00:00Z", "denied", "item", "standard", ""),
)


@pytest.mark.parametrize(
    ("zones", "denied"), [(["America/New_York"], 1), (["America/New_York", "America/Los_Angeles"], 1), ([], 0)]
)
def test_a_decision_is_of_the_year_of_its_day_where_the_payer_works(
    tmp_path: Path, zones: list[str], denied: int
) -> None:
    with records_of([log(tmp_path, *ABOUT_NEW_YEAR)], tmp_path, {"payer_type": "ma", "timezones": zones}) as records:
        of_2026 = metrics.computed(records, 2026)["counts"]["standard"]
        of_2027 = metrics.computed(records, 2027)["counts"]["standard"]

    assert (of_2026["approved"], of_2027["approved"]) == (1, 1)
    assert (of_2026["denied"], of_2027["denied"]) == (denied, 2 - denied)


def test_a_request_is_of_the_month_of_its_day_where_the_payer_works(tmp_path: Path) -> None:
    # Eight in the evening of March 31 in New York, and days without a time, which every zone of the payer's has.
    received = ["2026-04-01T00:00:00Z"] * 11 + ["2026-04-01"] * 12
    rows = [(each, "2026-04-02T00:00:00Z", "approved", "item", "standard", "") for each in received]
    facts = {"payer_type": "ma", "timezones": ["America/Los_Angeles", "America/New_York"]}
    with records_of([log(tmp_path, *rows)], tmp_path, facts) as records:
        months = {row["value"]: row["total"] for row in cuts(records, metrics.decided(records, None))["month"]}

    assert months == {"2026-03": 11, "2026-04": 12}


DRUGS = (
    ("2027-02-01T10:00:00Z", "2027-02-01T14:00:00Z", "approved", "Part B", "standard", ""),
    ("2027-02-01T10:00:00Z", "2027-02-01T18:00:00Z", "denied", "Part B", "standard", "upheld"),
    ("2027-02-01T10:00:00Z", "2027-02-01T20:00:00Z", "denied", "Part D", "standard", "overturned"),
    ("2027-02-01T10:00:00Z", "2027-02-01T22:00:00Z", "denied", "exception", "standard", ""),
)


@pytest.mark.parametrize(
    ("payer", "expected"),
    [
        ("ma", {"total": 2, "approved_pct": 50.0, "mean_hours": 6.0, "appeals": 1, "approved_after_appeal": 0}),
        ("chip-ffs", {"total": 3, "denied": 2, "median_hours": 8.0, "appeals": 2, "approved_after_appeal": 1}),
    ],
)
def test_drugs_have_figures_of_their_own(tmp_path: Path, payer: str, expected: dict[str, Any]) -> None:
    with records_of([log(tmp_path, *DRUGS)], tmp_path, {"payer_type": payer}) as records:
        computed = metrics.computed(records)
        publish(records, tmp_path / "site", 2027)

    found = computed["figures"]["mcpar"]["drugs"]
    assert {name: found[name] for name in expected} == expected
    assert found["denied_after_appeal"] == 1
    assert sum(each["total"] for each in computed["counts"].values()) == len(DRUGS)
    posted = json.loads((tmp_path / "site" / "metrics.json").read_text())
    assert (posted["year"], posted["due"], posted["drugs"]) == (2027, "2028-03-31", found)
    page = (tmp_path / "site" / "metrics.html").read_text()
    assert "Figures of calendar year 2027, to be posted by 31 Mar 2028" in page
    assert "N/A (no such requests)" in page, "no item was decided"


@pytest.mark.parametrize(("payer", "told"), [("ma", 31), ("chip-ffs", 44)])
def test_finer_figures_are_of_what_the_figures_beside_them_are_of(tmp_path: Path, payer: str, told: int) -> None:
    kinds = ["item"] * 20 + ["Part B"] * 11 + ["Part D"] * 13
    rows = [("2026-04-01T10:00:00Z", "2026-04-02T10:00:00Z", "approved", kind, "standard", "") for kind in kinds]
    with records_of([log(tmp_path, *rows)], tmp_path, {"payer_type": payer}) as records:
        publish(records, tmp_path / "site", 2026)

    posted = json.loads((tmp_path / "site" / "metrics.json").read_text())
    assert sum(posted[side]["total"] for side in ("standard", "expedited", "drugs")) == told
    assert [row["total"] for row in posted["finer"]["month"]] == [told]


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with opened("duckdb") as running:
        yield running


TRANSFERS = """member_id,app,sent
m-1,Health,2026-12-31
m-1,Health,12/31/2026 9:00 PM
m-2,Health,2026-05-01T10:00:00Z
m-2,Health,2027-01-01
,Health,2026-06-01
m-3,Other,soon
m-4,Other,2026-01-01,one,too,many
"""


@pytest.mark.parametrize(
    ("year", "expected"),
    [
        (None, {"transfers": 6, "members": 3, "members_more_than_once": 2, "transfers_without_a_member": 1}),
        (2026, {"transfers": 4, "members": 2, "members_more_than_once": 1, "transfers_without_a_time": 1}),
        (2025, {"transfers": 0, "members": 0, "members_more_than_once": 0}),
    ],
)
def test_members_are_counted_once_and_more_often(
    engine: Engine, tmp_path: Path, year: int | None, expected: dict[str, int]
) -> None:
    (tmp_path / "access.csv").write_text(TRANSFERS)

    found = usage(engine, str(tmp_path / "access.csv"), year, ("America/New_York",))

    assert {name: found[name] for name in expected} == expected
    assert found["lines_that_could_not_be_read"] == 1
    assert "m-1" not in json.dumps(found)


def test_a_log_of_transfers_that_cannot_be_counted_is_told(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "access.csv").write_text("app,sent\nHealth,2026-01-01\n")
    with pytest.raises(UsageError, match="no column for the member"):
        usage(engine, str(tmp_path / "access.csv"), None, ())
