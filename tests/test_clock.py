"""Time: stamps as intervals, limits and when they were due, holidays; never late by any lawful reading."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from conformance import clock, paths
from conformance.apis.authorization_lines import Item
from conformance.apis.prior_auth import Answer
from conformance.clock import Limit, Stamp, due, instant, stamp
from conformance.errors import NotTested
from conformance.flows.submission import Decided
from conformance.guides import load as load_guides
from conformance.rules import Clocks, latency_limits, limits
from conformance.target import Known, Target

NEW_YORK = ("America/New_York",)
ZONES = (
    "America/New_York", "America/Chicago", "America/Denver", "America/Phoenix", "America/Los_Angeles",
    "America/Anchorage", "Pacific/Honolulu", "America/Puerto_Rico", "Pacific/Guam", "UTC",
)  # fmt: skip
STANDARD, EXPEDITED = "prior-auth.decision-time-standard", "prior-auth.decision-time-expedited"
SEVEN_DAYS = Limit("seven", STANDARD, "standard", ("ma",), "", date(2026, 1, 1), None, days=7, extension_days=14)
THREE_DAYS = Limit("three", EXPEDITED, "expedited", ("ma",), "", date(2026, 1, 1), None, hours=72, extension_days=14)
# On these nights US clocks change; the 29th of February; the ends of years with holidays on weekends.
CHANGES = (date(2026, 3, 8), date(2026, 11, 1), date(2027, 3, 14), date(2027, 11, 7), date(2028, 2, 29))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def read(text: str, zones: tuple[str, ...] = NEW_YORK) -> Stamp:
    found = stamp(text, zones)
    assert found is not None
    return found


# -- strategies --------------------------------------------------------------------------------------------------------

days = st.one_of(
    st.dates(date(2020, 1, 1), date(2035, 12, 31)),
    st.builds(lambda day, more: day + timedelta(days=more), st.sampled_from(CHANGES), st.integers(-9, 2)),
    st.builds(
        lambda year, more: date(year, 12, 31) + timedelta(days=more), st.integers(2021, 2034), st.integers(-8, 8)
    ),
)
hours = st.one_of(
    st.times(), st.sampled_from([time(0), time(1, 30), time(2, 30), time(16, 59, 59), time(17), time(23)])
)
zone_lists = st.lists(st.sampled_from(ZONES), min_size=1, max_size=4, unique=True).map(tuple)
offsets = st.sampled_from(["Z", "+00:00", "-05:00", "-04:00", "-10:00", "+10:00", "+14:00", "-12:00"])
holiday_lists = st.lists(days, max_size=4)
limit_rows = st.one_of(
    st.just(SEVEN_DAYS),
    st.just(THREE_DAYS),
    st.builds(lambda number: replace(SEVEN_DAYS, days=number), st.integers(1, 30)),
    st.builds(lambda number: replace(THREE_DAYS, hours=number), st.integers(1, 200)),
)


@st.composite
def written_instants(draw):
    """A FHIR instant or dateTime with its zone."""
    moment = datetime.combine(draw(days), draw(hours))
    return moment.isoformat(timespec=draw(st.sampled_from(["seconds", "milliseconds", "microseconds"]))) + draw(offsets)


local_times = st.builds(lambda day, hour: datetime.combine(day, hour).isoformat(timespec="seconds"), days, hours)
dates = days.map(date.isoformat)
months = days.map(lambda day: day.isoformat()[:7])
years = days.map(lambda day: day.isoformat()[:4])
written = st.one_of(written_instants(), local_times, dates, months, years)


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


# -- due ---------------------------------------------------------------------------------------------------------------


@settings(max_examples=400, deadline=None)
@given(written, limit_rows, zone_lists, holiday_lists, st.booleans())
def test_the_lenient_bound_is_never_before_the_strict_one(text, limit, zones, holidays, extended):
    bounds = due(read(text, zones), limit, zones, holidays, extended=extended)

    assert instant(bounds.lenient) >= instant(bounds.strict)


@settings(max_examples=300, deadline=None)
@given(written, limit_rows, zone_lists, st.floats(0, 1))
def test_what_is_decided_within_the_strict_bound_is_never_late(text, limit, zones, share):
    received = read(text, zones)
    bounds = due(received, limit, zones)
    span = instant(bounds.strict) - instant(received.earliest)
    decided = instant(received.earliest) + span * share

    assert decided <= instant(bounds.lenient)
    assert not is_late(read(decided.isoformat(), zones), bounds)
    for zone in zones:
        day = decided.astimezone(ZoneInfo(zone)).date()
        assert not is_late(read(day.isoformat(), zones), bounds), "a bare date counts to its end"


def is_late(decided: Stamp, bounds: clock.Due) -> bool:
    """As rules.Clocks has it: only if the whole interval is late by the lenient reading."""
    return instant(decided.earliest) > instant(bounds.lenient)


@settings(max_examples=300, deadline=None)
@given(written_instants(), written_instants(), limit_rows, zone_lists, holiday_lists)
def test_who_asks_later_is_answered_no_earlier(one, other, limit, zones, holidays):
    first, second = sorted((read(one), read(other)), key=lambda each: instant(each.earliest))
    before, after = (due(each, limit, zones, holidays) for each in (first, second))

    assert instant(before.strict) <= instant(after.strict)
    assert instant(before.lenient) <= instant(after.lenient)


@settings(deadline=None)
@given(days, st.integers(0, 40), limit_rows, zone_lists, holiday_lists)
def test_bare_dates_of_receipt_keep_their_order_too(day, more, limit, zones, holidays):
    before, after = (
        due(read(each.isoformat(), zones), limit, zones, holidays) for each in (day, day + timedelta(days=more))
    )

    assert instant(before.strict) <= instant(after.strict)
    assert instant(before.lenient) <= instant(after.lenient)


@settings(deadline=None)
@given(written, limit_rows, zone_lists, st.sampled_from(ZONES), holiday_lists, days)
def test_more_zones_holidays_and_time_only_help(text, limit, zones, zone, holidays, holiday):
    received = read(text, zones)
    bounds = due(received, limit, zones, holidays)
    wider = due(read(text, (*zones, zone)), limit, (*zones, zone), holidays)
    freer = due(received, limit, zones, [*holidays, holiday])
    longer = due(received, limit, zones, holidays, extended=True)

    assert instant(wider.lenient) >= instant(bounds.lenient)
    assert instant(freer.lenient) >= instant(bounds.lenient)
    # Fourteen days by the calendar may be an hour short of fourteen times twenty-four.
    assert instant(longer.lenient) >= instant(bounds.lenient) + timedelta(days=limit.extension_days, hours=-1)


@settings(max_examples=300, deadline=None)
@given(written, st.integers(1, 200), zone_lists)
@example("2027-03-13", 72, NEW_YORK)
@example("2027-11-06T18:00:00", 72, NEW_YORK)
def test_hours_are_hours_also_when_clocks_change(text, number, zones):
    received = read(text, zones)
    bounds = due(received, replace(THREE_DAYS, hours=number), zones)

    assert instant(bounds.strict) - instant(received.earliest) == timedelta(hours=number)
    assert instant(bounds.lenient) - instant(received.latest) == timedelta(hours=number)


@pytest.mark.parametrize(
    ("received", "lenient"),
    [
        ("2027-02-01T09:30:00-05:00", "2027-02-08T23:59:59.999999-05:00"),  # to the end of the seventh day
        ("2027-02-01", "2027-02-08T23:59:59.999999-05:00"),
        ("2027-02-01T16:59:59-05:00", "2027-02-08T23:59:59.999999-05:00"),
        ("2027-02-01T17:00:00-05:00", "2027-02-09T23:59:59.999999-05:00"),  # after hours: from the next day
        ("2027-02-05T18:00:00-05:00", "2027-02-13T23:59:59.999999-05:00"),  # a Friday evening: from Saturday
        ("2027-02-15T09:00:00-05:00", "2027-02-23T23:59:59.999999-05:00"),  # on Presidents' Day: from Tuesday
        ("2027-02-15", "2027-02-23T23:59:59.999999-05:00"),
        ("2027-02-12T18:00:00-05:00", "2027-02-20T23:59:59.999999-05:00"),
        ("2027-02-14T18:00:00-05:00", "2027-02-23T23:59:59.999999-05:00"),  # Sunday evening before that Monday
        ("2027-12-24T09:00:00-05:00", "2028-01-02T23:59:59.999999-05:00"),  # Christmas observed, then Christmas itself
        ("2027-12-31", "2028-01-09T23:59:59.999999-05:00"),
        ("2027-03-10T09:00:00-05:00", "2027-03-17T23:59:59.999999-04:00"),  # clocks go forward meanwhile
        ("2027-11-03T09:00:00-04:00", "2027-11-10T23:59:59.999999-05:00"),  # and back
        ("2028-02-22", "2028-02-29T23:59:59.999999-05:00"),
        ("2028-02-23", "2028-03-01T23:59:59.999999-05:00"),
    ],
)  # fmt: skip
def test_seven_days_end_with_the_day(received, lenient):
    bounds = due(read(received), SEVEN_DAYS, NEW_YORK)

    assert bounds.lenient == at(lenient)


def test_seven_days_end_with_the_day_in_the_last_zone():
    zones = ("America/New_York", "America/Los_Angeles")

    assert due(read("2027-02-01T09:30:00-05:00", zones), SEVEN_DAYS, zones).lenient == at(
        "2027-02-08T23:59:59.999999-08:00"
    )


def test_a_holiday_of_the_payers_own_counts_where_it_says_so():
    received = read("2027-02-02T09:00:00-05:00")

    assert due(received, SEVEN_DAYS, NEW_YORK, [date(2027, 2, 2)]).lenient == at("2027-02-10T23:59:59.999999-05:00")
    assert due(received, SEVEN_DAYS, NEW_YORK).lenient == at("2027-02-09T23:59:59.999999-05:00")


def test_an_extension_gives_fourteen_days_more():
    received = read("2027-02-01T09:30:00-05:00")

    assert due(received, SEVEN_DAYS, NEW_YORK, extended=True).lenient == at("2027-02-22T23:59:59.999999-05:00")
    assert due(received, THREE_DAYS, NEW_YORK, extended=True).lenient == at("2027-02-18T09:30:00-05:00")


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


# -- limits ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("requirement", "payer", "received", "rule"),
    [
        (STANDARD, "ma", "2027-02-01", "items-standard"),
        (STANDARD, "ma", "2026-01-01", "items-standard"),
        (STANDARD, "ma", "2025-12-31", "items-standard-before-2026"),
        (STANDARD, "ma", "2010-12-31", None),
        (STANDARD, "medicaid-ffs", "2026-01-01", "items-standard"),
        (STANDARD, "medicaid-ffs", "2025-12-31", None),
        (STANDARD, "chip-mco", "2026-06-01T12:00:00Z", "items-standard"),
        (STANDARD, "qhp-ffe", "2027-02-01", None),
        (STANDARD, "qhp-shop", "2027-02-01", None),
        (EXPEDITED, "ma", "2026-01-01", "items-expedited"),
        (EXPEDITED, "ma", "2025-12-31", None),
        (EXPEDITED, "qhp-ffe", "2027-02-01", None),
        ("prior-auth.decision", "ma", "2027-02-01", None),
        # Eight in the evening of the last day of 2025 in New York; only a reading in UTC would see 2026.
        (STANDARD, "medicaid-ffs", "2026-01-01T01:00:00Z", None),
        (STANDARD, "ma", "2026-01-01T01:00:00Z", "items-standard-before-2026"),
        (STANDARD, "medicaid-ffs", "2026-01-01T05:00:00Z", "items-standard"),
    ],
)
def test_the_limit_is_the_one_in_force_at_receipt(requirement, payer, received, rule):
    found = clock.limit_for(limits(), requirement, payer, read(received), None, NEW_YORK)

    assert (found.rule if found else None) == rule


@pytest.mark.parametrize(
    ("starts", "received", "bound"),
    [
        (date(2026, 7, 1), "2026-06-30", False),
        (date(2026, 7, 1), "2026-07-01", True),
        (None, "2026-06-30", True),
        (date(2025, 7, 1), "2025-12-31", False),
        (date(2025, 7, 1), "2026-01-01", True),
    ],
)
def test_managed_care_is_bound_from_its_rating_period(starts, received, bound):
    found = clock.limit_for(limits(), STANDARD, "medicaid-mco", read(received), starts, NEW_YORK)

    assert (found is not None) is bound


def test_the_limits_say_who_how_long_and_since_when():
    rows = {each.rule: each for each in clock.load_limits(paths.suites() / "rules" / "clocks.toml")}

    assert rows["items-standard"].text == "7 calendar days"
    assert rows["items-expedited"].text == "72 hours"
    for row in rows.values():
        assert bool(row.days) != bool(row.hours)
        assert row.cite
        assert row.payers
        assert row.until is None or row.from_ <= row.until
    assert [each.seconds for each in latency_limits() if each.operation == "prior-auth.submit"] == [15]


@settings(deadline=None)
@given(days, st.sampled_from(["ma", "medicaid-ffs", "medicaid-mco", "chip-ffs", "chip-mco", "qhp-ffe", "qhp-shop"]))
def test_no_two_limits_are_in_force_at_once(day, payer):
    for requirement in (STANDARD, EXPEDITED):
        in_force = [
            each for each in limits()
            if each.requirement == requirement and payer in each.payers
            and each.from_ <= day and (each.until is None or day <= each.until)
        ]  # fmt: skip
        assert len(in_force) <= 1
        found = clock.limit_for(limits(), requirement, payer, read(day.isoformat()), None, NEW_YORK)
        assert [found] == (in_force or [None])


# -- decisions against their clocks ------------------------------------------------------------------------------------

GUIDE = load_guides(paths.suites() / "guides")["pas", "2.2.1"]
TARGET = Target("Test", payer_type="ma", timezones=NEW_YORK, environment="test", representative=True)


def answer(*items: Item) -> Answer:
    return Answer("ClaimResponse", GUIDE, {}, {}, (), items=items)


def item(issued: str = "", action: str = "approved") -> Item:
    return Item("item[0]", issued=issued, action=action, actions=(action,))


def known(received: str, **told: str) -> Known:
    return Known("prior-auth", "A-1", at(received), "approved", **{key: at(each) for key, each in told.items()})


RECEIVED = "2027-02-01T09:30:00-05:00"


@pytest.mark.parametrize(
    ("decided", "late", "close"),
    [
        ("2027-02-05T09:30:00-05:00", False, False),
        ("2027-02-08T09:30:00-05:00", False, False),
        ("2027-02-08T09:30:01-05:00", False, True),
        ("2027-02-08T23:59:59-05:00", False, True),
        ("2027-02-09T00:00:00-05:00", True, False),
    ],
)
def test_a_decision_is_timed_by_what_the_tester_states(decided, late, close):
    timed = Clocks(TARGET).time(Decided(known(RECEIVED, decided=decided), answer(item("2030-01-01"))), STANDARD)

    assert timed is not None
    assert (timed.late, timed.close) == (late, close)


def test_the_notice_goes_before_the_decision():
    told = known(RECEIVED, decided="2027-02-05T00:00:00-05:00", notified="2027-02-20T00:00:00-05:00")

    timed = Clocks(TARGET).time(Decided(told, answer(item())), STANDARD)
    assert timed is not None
    assert timed.late
    assert "due 2027-02-08T23:59" in timed.told


@pytest.mark.parametrize(
    ("issued", "late", "close"),
    [
        (["2027-02-07"], False, False),
        (["2027-02-08"], False, True),
        (["2027-02-09"], True, False),
        (["2027-02-03", "2027-02-09"], True, False),
        (["2027-02-09", "2027-02-03"], True, False),
        (["2027-02-03", "soon"], False, False),
        (["2027-02-08T23:00:00-05:00", "2027-02-09T01:00:00Z"], False, True),
        (["2027-02"], False, True),
        (["2027-03"], True, False),
    ],
)
def test_else_the_last_issue_date_counts_to_its_end(issued, late, close):
    timed = Clocks(TARGET).time(Decided(known(RECEIVED), answer(*map(item, issued))), STANDARD)

    assert timed is not None
    assert (timed.late, timed.close) == (late, close)


@pytest.mark.parametrize("issued", [[], [""], ["soon"]])
def test_without_any_date_nothing_is_timed(issued):
    decided = Decided(known(RECEIVED), answer(*map(item, issued)))

    assert Clocks(TARGET).time(decided, STANDARD) is None
    with pytest.raises(NotTested) as raised:
        Clocks(TARGET).judge((decided,), STANDARD)
    assert raised.value.change == "known.prior-auth"


@pytest.mark.parametrize(
    ("waiting", "late", "close"),
    [(timedelta(days=5), False, False), (timedelta(days=10), False, True), (timedelta(days=25), True, False)],
)
def test_what_is_still_pended_is_late_once_no_extension_helps(waiting, late, close):
    received = (clock.now() - waiting).isoformat()
    timed = Clocks(TARGET).time(Decided(known(received), answer(item(action="pended"))), STANDARD)

    assert timed is not None
    assert (timed.late, timed.close) == (late, close)
    assert "still pended" in timed.told


def test_a_rule_that_nobody_read_times_nothing():
    assert (
        Clocks(TARGET).time(Decided(known("2025-06-01T09:00:00-04:00"), answer(item("2025-09-01"))), STANDARD) is None
    )


def test_managed_care_is_timed_from_the_rating_period_it_names():
    decided = Decided(known("2026-03-02T09:00:00-05:00"), answer(item("2026-04-01")))
    mco = replace(TARGET, payer_type="medicaid-mco")

    for target, judged in ((mco, True), (replace(mco, rating_period_start=date(2026, 7, 1)), False)):
        timed = Clocks(target).time(decided, STANDARD)
        assert (timed is not None) is judged


def test_a_test_environment_does_not_show_how_long_people_take():
    decided = Decided(known(RECEIVED), answer(item("2027-03-01")))

    with pytest.raises(NotTested) as raised:
        Clocks(replace(TARGET, representative=False)).judge((decided,), STANDARD)
    assert raised.value.change == "representative"
    assert [each.late for each in Clocks(TARGET).judge((decided,), STANDARD)] == [True]


@settings(max_examples=200, deadline=None)
@given(written_instants(), st.integers(0, 60 * 24 * 12), st.integers(0, 60 * 24), zone_lists)
def test_what_is_late_stays_late(received, minutes, more, zones):
    assume(read(received).earliest.date() >= date(2026, 1, 3))
    clocks = Clocks(replace(TARGET, timezones=zones))

    def timed(after: int):
        decided = at(received.replace("Z", "+00:00")) + timedelta(minutes=after)
        found = clocks.time(Decided(known(received, decided=decided.isoformat()), answer(item())), STANDARD)
        assert found is not None
        return found

    sooner, later = timed(minutes), timed(minutes + more)
    assert not (sooner.late and not later.late)
    assert not (sooner.late and minutes <= 7 * 24 * 60)
    assert later.late or minutes + more <= 9 * 24 * 60 + 60 * 26 or not plain_day(received, zones)


def plain_day(received: str, zones: tuple[str, ...]) -> bool:
    """Whether no holiday lies near the receipt, so that at most one evening is gained."""
    days_near = {
        at(received.replace("Z", "+00:00")).astimezone(ZoneInfo(zone)).date() + timedelta(days=more)
        for zone in zones
        for more in (0, 1)
    }
    return not any(clock.is_holiday(day) for day in days_near)


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
