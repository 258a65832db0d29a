"""The drugs that a tester declares, and when a change of the list has to be told."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from conformance.flows.declared import Declared
from conformance.target import Case

HOLIDAY = date(2026, 8, 18)  # of the payer's own


@pytest.mark.parametrize(
    ("effective", "still_due", "over"),
    [
        ("2026-08-12", "2026-08-14T11:00", "2026-08-14T13:00"),  # a Wednesday: by the end of Thursday, in any zone
        ("2026-08-14", "2026-08-18T11:00", "2026-08-18T13:00"),  # a Friday: by the end of Monday
        ("2026-08-17", "2026-08-20T11:00", "2026-08-20T13:00"),  # a Monday before a holiday
    ],
)
def test_a_change_is_due_a_business_day_later(effective: str, still_due: str, over: str) -> None:
    due = Declared(Case("formulary", "x", {"effective": effective}), ()).due([HOLIDAY])
    assert due is not None
    before, after = (datetime.fromisoformat(each).replace(tzinfo=UTC) for each in (still_due, over))
    assert before <= due.latest < after


def test_nothing_is_due_where_no_day_is_named() -> None:
    assert Declared(Case("formulary", "x", {}), ()).due([]) is None
