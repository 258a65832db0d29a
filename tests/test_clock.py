"""Time: stamps as intervals, holidays, the wall clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stamps import ZONES, at, days, holiday_lists, local_times, read, written, written_instants, zone_lists

from conformance import clock
from conformance.clock import instant, stamp

# -- stamps ------------------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(written, zone_lists)
def test_every_precision_is_read_as_an_interval(text, zones):
    found = read(text, zones)

    assert found.text == text
    assert instant(found.earliest) <= instant(found.latest)
    assert found.whole_day is (len(text) <= 10)


@settings(deadline=None)
@given(days, zone_lists)
def test_a_bare_date_lasts_until_its_end_in_the_last_zone(day, zones):
    found = read(day.isoformat(), zones)

    for zone in zones:
        place = ZoneInfo(zone)
        assert instant(found.earliest) <= datetime.combine(day, time(), place).astimezone(UTC)
        assert instant(found.latest) >= datetime.combine(day, time(23, 59, 59, 999999), place).astimezone(UTC)
    assert found.latest.date() == found.earliest.date() == day
    assert stamp(day, zones) == found, "TOML's dates and FHIR's are read alike"


@settings(deadline=None)
@given(written_instants(), zone_lists)
def test_an_instant_is_the_same_in_every_zone(text, zones):
    assert read(text, zones) == read(text, ("UTC",))
    assert instant(read(text).earliest) == datetime.fromisoformat(text).astimezone(UTC)


@settings(deadline=None)
@given(local_times, zone_lists)
def test_a_time_without_zone_is_read_in_every_zone(text, zones):
    found = read(text, zones)

    for zone in zones:
        for fold in (0, 1):
            here = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)
            assert instant(found.earliest) <= here <= instant(found.latest)


@settings(deadline=None)
@given(days)
def test_a_month_and_a_year_hold_their_days(day):
    inside = read(day.isoformat())
    for wider in (read(day.isoformat()[:7]), read(day.isoformat()[:4])):
        assert wider.earliest <= inside.earliest
        assert wider.latest >= inside.latest


@pytest.mark.parametrize(
    ("text", "earliest", "latest"),
    [
        ("2028", "2028-01-01T00:00:00-05:00", "2028-12-31T23:59:59.999999-05:00"),
        ("2028-02", "2028-02-01T00:00:00-05:00", "2028-02-29T23:59:59.999999-05:00"),
        ("2027-12", "2027-12-01T00:00:00-05:00", "2027-12-31T23:59:59.999999-05:00"),
        ("2027-02-01", "2027-02-01T00:00:00-05:00", "2027-02-01T23:59:59.999999-05:00"),
        ("2027-03-14", "2027-03-14T00:00:00-05:00", "2027-03-14T23:59:59.999999-04:00"),
        ("2027-11-07", "2027-11-07T00:00:00-04:00", "2027-11-07T23:59:59.999999-05:00"),
        ("2027-02-01T09:30:00", "2027-02-01T09:30:00-05:00", "2027-02-01T09:30:00-05:00"),
        ("2027-11-07T01:30:00", "2027-11-07T01:30:00-04:00", "2027-11-07T01:30:00-05:00"),
        ("2027-02-01T09:30:00-08:00", "2027-02-01T17:30:00+00:00", "2027-02-01T17:30:00+00:00"),
        ("2027-02-01T09:30:00.25Z", "2027-02-01T09:30:00.25+00:00", "2027-02-01T09:30:00.25+00:00"),
        ("2027-02-01T09:30:00.123456789Z", "2027-02-01T09:30:00.123456+00:00", "2027-02-01T09:30:00.123456+00:00"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00+00:00", "2017-01-01T00:00:00+00:00"),
        ("9999-12-31", "9999-12-31T00:00:00-05:00", "9999-12-31T23:59:59.999999-05:00"),
        ("9999-12", "9999-12-01T00:00:00-05:00", "9999-12-31T23:59:59.999999-05:00"),
        ("9999", "9999-01-01T00:00:00-05:00", "9999-12-31T23:59:59.999999-05:00"),
    ],
)  # fmt: skip
def test_stamps_of_every_precision(text, earliest, latest):
    found = read(text)

    assert instant(found.earliest) == instant(at(earliest))
    assert instant(found.latest) == instant(at(latest))


NONSENSE = [
    None, "", " ", "soon", "2027-02-30", "2027-13", "2027-00", "2027-2-1", "27", "0000", "-027", "+027", "1_00", "٢٠٢٧",
    "2027-W05-1", "20270201", "20270201T101010Z", "2027-02-01 10:00:00Z", " 2027-02-01", "2027-02-01\n", "2027-02-01T",
    "2027-02-01T10", "2027-02-01T25:00:00Z", "2027-02-01T10:61:00Z", "2027-02-01T10:00:61Z", "2027-02-01T10:00:00+1400",
    "2027-02-01T10:00:00EST", "2027-02-01T10:00:00Z/2027-02-02", "9999-12-31T23:59:60Z", "02/01/2027", "Feb 1, 2027",
]  # fmt: skip


@pytest.mark.parametrize("text", NONSENSE)
def test_nonsense_is_no_stamp(text):
    assert stamp(text, ZONES) is None


@settings(deadline=None)
@given(st.one_of(st.text(max_size=30), st.text(alphabet="0123456789-:TZ+. ", max_size=30)), zone_lists)
def test_whatever_a_payer_writes_is_read_or_ignored(text, zones):
    found = stamp(text, zones)

    assert found is None or instant_or_edge(found.earliest) <= instant_or_edge(found.latest)


def instant_or_edge(moment: datetime) -> float:
    # The first and the last days of all have no UTC; a day more or less does not matter here.
    return moment.replace(tzinfo=UTC).timestamp() - (moment.utcoffset() or timedelta()).total_seconds()


# -- holidays ----------------------------------------------------------------------------------------------------------

# 5 U.S.C. 6103(a): January 1; third Monday of January; third Monday of February; last Monday of May; June 19; July 4;
# first Monday of September; second Monday of October; November 11; fourth Thursday of November; December 25. (b): of
# one that falls on a Saturday the Friday before is observed, of a Sunday the Monday after (Executive Order 11582).
HOLIDAYS = {
    2022: "01-01 01-17 02-21 05-30 06-19 06-20 07-04 09-05 10-10 11-11 11-24 12-25 12-26",
    2023: "01-01 01-02 01-16 02-20 05-29 06-19 07-04 09-04 10-09 11-10 11-11 11-23 12-25",
    2024: "01-01 01-15 02-19 05-27 06-19 07-04 09-02 10-14 11-11 11-28 12-25",
    2025: "01-01 01-20 02-17 05-26 06-19 07-04 09-01 10-13 11-11 11-27 12-25",
    2026: "01-01 01-19 02-16 05-25 06-19 07-03 07-04 09-07 10-12 11-11 11-26 12-25",
    2027: "01-01 01-18 02-15 05-31 06-18 06-19 07-04 07-05 09-06 10-11 11-11 11-25 12-24 12-25 12-31",
    2028: "01-01 01-17 02-21 05-29 06-19 07-04 09-04 10-09 11-10 11-11 11-23 12-25",
    2029: "01-01 01-15 02-19 05-28 06-19 07-04 09-03 10-08 11-11 11-12 11-22 12-25",
    2030: "01-01 01-21 02-18 05-27 06-19 07-04 09-02 10-14 11-11 11-28 12-25",
}


@pytest.mark.parametrize("year", HOLIDAYS)
def test_federal_holidays(year):
    assert {day.isoformat()[5:] for day in clock.federal_holidays(year)} == set(HOLIDAYS[year].split())


def test_before_2021_the_nineteenth_of_june_was_none():
    assert date(2020, 6, 19) not in clock.federal_holidays(2020)
    assert date(2021, 6, 18) in clock.federal_holidays(2021), "a Saturday, observed the day before"
    assert date(2021, 12, 31) in clock.federal_holidays(2021), "the New Year's Day of 2022"


@settings(deadline=None)
@given(days, st.integers(1, 30), holiday_lists)
def test_business_days_are_counted_one_by_one(start, number, holidays):
    end = clock.add_business_days(start, number, holidays)

    between = [start + timedelta(days=each) for each in range(1, (end - start).days + 1)]
    working = [day for day in between if day.weekday() < 5 and not clock.is_holiday(day, holidays)]
    assert len(working) == number
    assert working[-1] == end


def test_no_business_day_later_is_the_same_day():
    assert clock.add_business_days(date(2027, 1, 1), 0) == date(2027, 1, 1)


# -- the wall clock ----------------------------------------------------------------------------------------------------


def test_the_wall_clock_can_be_moved_and_the_stopwatch_cannot(monkeypatch):
    monkeypatch.delenv(clock.OFFSET, raising=False)
    here, ticks = clock.now(), clock.monotonic()
    assert clock.offset() == 0

    monkeypatch.setenv(clock.OFFSET, str(86400 * 30))
    assert timedelta(days=30) <= clock.now() - here < timedelta(days=30, hours=1)
    assert 0 <= clock.monotonic() - ticks < 3600
    monkeypatch.setenv(clock.OFFSET, "")
    assert clock.offset() == 0
    assert clock.now().tzinfo is UTC
