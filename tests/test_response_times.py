"""Requests for data against the business day that they may take: zones, holidays, and what was only seen later."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from stamps import NEW_YORK

from conformance.errors import NotTested
from conformance.flows.recording import Options, Recording
from conformance.flows.response_times import RESPONSES, Response, ResponseTimes
from conformance.target import Claim, Target
from conformance.wire.payer import Wire

CLAIM = Claim("provider-access", "pdex", "2.2.0", "https://payer.example/pdex")
FRIDAY = "2027-02-12T10:00:00-05:00"  # before Presidents' Day


def times(asked: str, pended: str, seen: str, *, representative: bool = True, holidays=()) -> ResponseTimes:
    target = Target("Test", timezones=NEW_YORK, holidays=holidays, representative=representative)
    recording = Recording(target, Wire(target, journal=lambda _: None), {}, "pc-1", Options())
    asked_at, pended_at = datetime.fromisoformat(asked), datetime.fromisoformat(pended or asked)
    response = Response("export", asked_at, pended_at, datetime.fromisoformat(seen) if seen else None)
    recording.recall((CLAIM, RESPONSES), (response,))
    return ResponseTimes(recording, CLAIM)


@pytest.mark.parametrize(
    ("asked", "pended", "seen", "late", "close"),
    [
        ("2027-02-01T10:00:00-05:00", "", "2027-02-01T10:05:00-05:00", False, False),
        ("2027-02-01T10:00:00-05:00", "", "2027-02-02T09:00:00-05:00", False, False),
        ("2027-02-01T10:00:00-05:00", "", "2027-02-02T23:00:00-05:00", False, True),
        ("2027-02-01T10:00:00-05:00", "2027-02-03T00:30:00-05:00", "2027-02-03T09:00:00-05:00", True, False),
        # Seen complete too late, seen incomplete in time: it was complete somewhere between.
        ("2027-02-01T10:00:00-05:00", "2027-02-02T10:00:00-05:00", "2027-02-03T10:00:00-05:00", False, True),
        # After hours it may count as received on the next day.
        ("2027-02-01T18:00:00-05:00", "2027-02-03T20:00:00-05:00", "2027-02-03T21:00:00-05:00", False, True),
        # A weekend and a federal holiday lie between.
        (FRIDAY, "2027-02-15T10:00:00-05:00", "2027-02-16T09:00:00-05:00", False, False),
        (FRIDAY, "2027-02-17T00:30:00-05:00", "2027-02-17T09:00:00-05:00", True, False),
    ],
)
def test_a_response_is_late_only_if_no_reading_has_it_in_time(asked, pended, seen, late, close):
    [timed] = times(asked, pended, seen).judge()

    assert (timed.late, timed.close) == (late, close), timed.told


def test_the_payers_own_holidays_are_no_business_days():
    asked, pended, seen = "2027-02-01T10:00:00-05:00", "2027-02-03T10:00:00-05:00", "2027-02-03T11:00:00-05:00"

    assert times(asked, pended, seen).judge()[0].late
    assert not times(asked, pended, seen, holidays=(date(2027, 2, 2),)).judge()[0].late


def test_what_is_still_open_is_judged_once_it_is_late():
    with pytest.raises(NotTested, match=r"not due before 2027-02-02T23:59-05:00: conformance follow-up"):
        times("2027-02-01T10:00:00-05:00", "2027-02-02T20:00:00-05:00", "").judge()

    [timed] = times("2027-02-01T10:00:00-05:00", "2027-02-03T01:00:00-05:00", "").judge()
    assert timed.late
    assert "not complete at 2027-02-03T01:00-05:00" in timed.told


def test_a_test_environment_shows_nothing_of_a_business_day():
    with pytest.raises(NotTested) as raised:
        times(FRIDAY, "", FRIDAY, representative=False).judge()
    assert raised.value.change == "representative"
