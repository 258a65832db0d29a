"""Limits and when they were due: never late by any lawful reading, and by whose rule."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from stamps import (
    EXPEDITED,
    NEW_YORK,
    SEVEN_DAYS,
    STANDARD,
    THREE_DAYS,
    ZONES,
    at,
    days,
    holiday_lists,
    limit_rows,
    read,
    written,
    written_instants,
    zone_lists,
)  # fmt: skip

from conformance import clock, paths
from conformance.catalogue import load as load_catalogue
from conformance.catalogue_file import PAYERS
from conformance.clock import Stamp, instant
from conformance.limits import DRUGS, Asked, Due, binding, due, limit_for, limits, load_limits, timing
from conformance.rules import latency_limits

# -- due ---------------------------------------------------------------------------------------------------------------


@settings(max_examples=150, deadline=None)
@given(written, limit_rows, zone_lists, holiday_lists, st.booleans())
def test_the_lenient_bound_is_never_before_the_strict_one(text, limit, zones, holidays, extended):
    bounds = due(read(text, zones), limit, zones, holidays, extended=extended)

    assert instant(bounds.lenient) >= instant(bounds.strict)


@settings(max_examples=120, deadline=None)
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


def is_late(decided: Stamp, bounds: Due) -> bool:
    """As rules.Clocks has it: only if the whole interval is late by the lenient reading."""
    return instant(decided.earliest) > instant(bounds.lenient)


@settings(max_examples=120, deadline=None)
@given(written_instants(), written_instants(), limit_rows, zone_lists, holiday_lists)
@example("2026-03-07T00:00:01Z", "2026-03-08T00:00:00Z", replace(SEVEN_DAYS, days=1, counted="business"), NEW_YORK, [])
@example(
    "2026-03-08T00:00:00Z", "2026-03-08T10:00:00+10:00", replace(SEVEN_DAYS, days=1, counted="business"), NEW_YORK, []
)
@example("2026-03-06T23:59:59Z", "2026-03-07T00:00:00Z", replace(SEVEN_DAYS, days=1, counted="business"), NEW_YORK, [])
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


@settings(max_examples=120, deadline=None)
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


# -- which limit -------------------------------------------------------------------------------------------------------


def asked(received: str, payer: str | None = "ma", urgency: str = "standard", **more) -> Asked:
    return Asked(payer, read(received), urgency=urgency, zones=NEW_YORK, **more)


@pytest.mark.parametrize(
    ("urgency", "payer", "received", "rule"),
    [
        ("standard", "ma", "2027-02-01", "items-standard"),
        ("standard", "ma", "2026-01-01", "items-standard"),
        ("standard", "ma", "2025-12-31", "items-standard-before-2026"),
        ("standard", "ma", "2010-12-31", None),
        ("standard", "medicaid-ffs", "2026-01-01", "items-standard"),
        ("standard", "medicaid-ffs", "2025-12-31", None),
        ("standard", "chip-mco", "2026-06-01T12:00:00Z", None),  # nobody says when its rating period begins
        ("standard", "chip-mco", "2027-01-01T12:00:00Z", "items-standard-managed-care"),
        ("standard", "qhp-ffe", "2027-02-01", None),
        ("standard", "qhp-shop", "2027-02-01", None),
        ("standard", None, "2027-02-01", None),
        ("expedited", "ma", "2026-01-01", "items-expedited"),
        ("expedited", "ma", "2025-12-31", None),
        ("expedited", "qhp-ffe", "2027-02-01", None),
        # Eight in the evening of the last day of 2025 in New York; only a reading in UTC would see 2026.
        ("standard", "medicaid-ffs", "2026-01-01T01:00:00Z", None),
        ("standard", "ma", "2026-01-01T01:00:00Z", "items-standard-before-2026"),
        ("standard", "medicaid-ffs", "2026-01-01T05:00:00Z", "items-standard"),
    ],
)
def test_the_limit_is_the_one_in_force_at_receipt(urgency, payer, received, rule):
    requirement = STANDARD if urgency == "standard" else EXPEDITED
    found = limit_for(limits(), requirement, asked(received, payer, urgency))

    assert (found.rule if found else None) == rule
    assert limit_for(limits(), "prior-auth.decision", asked(received, payer, urgency)) is None


@pytest.mark.parametrize(
    ("starts", "received", "rule"),
    [
        (date(2026, 7, 1), "2026-06-30", "items-standard-managed-care-before-2026"),
        (date(2026, 7, 1), "2026-07-01", "items-standard-managed-care"),
        (None, "2027-01-01", "items-standard-managed-care"),  # by then every period of twelve months has begun
        (date(2025, 7, 1), "2025-12-31", "items-standard-managed-care-before-2026"),
        (date(2025, 7, 1), "2026-01-01", "items-standard-managed-care-before-2026"),  # the period of July is the first
        (date(2025, 7, 1), "2026-07-01", "items-standard-managed-care"),
    ],
)
def test_managed_care_is_bound_from_its_rating_period(starts, received, rule):
    periods = {"rating-period": starts} if starts else {}
    found = limit_for(limits(), STANDARD, asked(received, "medicaid-mco", periods=periods))

    assert found is not None
    assert found.rule == rule


@pytest.mark.parametrize(
    ("payer", "drug", "urgency", "request_", "rules"),
    [
        ("ma", "part-b", "standard", "authorization", {"part-b-standard": "72 hours"}),
        ("ma", "part-b", "expedited", "authorization", {"part-b-expedited": "24 hours"}),
        ("ma", "part-d", "standard", "authorization", {"part-d-standard": "72 hours"}),
        ("ma", "part-d", "expedited", "exception", {"part-d-expedited": "24 hours"}),
        ("ma", "", "standard", "authorization", {}),
        ("ma", "other", "standard", "authorization", {}),
        ("medicaid-ffs", "covered-outpatient", "expedited", "authorization",
         {"covered-outpatient-medicaid-ffs": "24 hours", "medicaid-drugs": "24 hours"}),
        ("medicaid-mco", "bundled", "standard", "authorization",
         {"bundled-drugs-standard": "7 calendar days", "medicaid-bundled-standard": "7 calendar days"}),
        ("chip-mco", "other", "standard", "authorization", {"medicaid-drugs": "24 hours"}),
        ("chip-ffs", "", "standard", "authorization", {"chip-drugs": "24 hours"}),
        ("qhp-ffe", "", "standard", "authorization", {"issuer-standard": "72 hours"}),
        ("qhp-ffe", "", "standard", "exception", {"issuer-exception-standard": "72 hours"}),
        ("qhp-shop", "", "expedited", "authorization", {"issuer-expedited-shop": "24 hours"}),
    ],
)  # fmt: skip
def test_drugs_run_under_their_own_clocks(payer, drug, urgency, request_, rules):
    one = asked("2027-02-01", payer, urgency, scope="drugs", drug=drug, request=request_, part_d=True)
    found = {each.rule: each.text for each in binding(limits(), one) if each.standing != "advocacy"}

    assert found == rules


def test_a_plan_without_part_d_has_no_part_d_clock():
    assert (
        limit_for(limits(), "drug-decisions.part-d-standard", asked("2027-02-01", scope="drugs", drug="part-d")) is None
    )


def test_only_final_rows_that_somebody_read_decide():
    rows = {each.rule: each for each in limits()}

    assert rows["items-standard"].decides
    assert not rows["items-standard-before-2026"].decides
    assert not rows["issuer-standard"].decides
    assert not rows["real-time"].decides
    assert rows["part-b-standard"].extension_days == 0, "a request for a Part B drug is never put off"


def test_every_row_says_who_how_long_and_since_when():
    catalogue = load_catalogue([paths.suites() / "requirements"])
    for row in load_limits(paths.suites() / "rules" / "clocks.toml"):
        assert sum(map(bool, (row.days, row.hours, row.seconds))) == 1
        assert row.cite
        assert set(row.payers) <= set(PAYERS)
        assert row.payers
        assert row.scope in ("items", "drugs", "both")
        assert row.urgency in ("standard", "expedited", "any")
        assert set(row.drugs) <= set(DRUGS)
        assert set(row.requests) <= {"authorization", "exception"}
        assert row.standing in ("final", "proposed", "advocacy")
        assert row.confidence in ("verified", "secondary", "unverified")
        assert row.counted_from in ("", "rating-period", "plan-year")
        assert (row.starts, row.ends) in (("receipt", "decision"), ("statement", "decision"), ("receipt", "response"))
        assert row.from_ or row.standing == "advocacy"
        assert row.until is None or row.from_ <= row.until
        asks = catalogue.requirements[row.requirement]
        assert asks.status.state == row.standing
        bound = {payer for law in asks.law for payer in law.payers}
        if row.rule not in ("items-standard-before-2026", "items-standard-managed-care-before-2026"):
            assert set(row.payers) <= bound, row.rule
    assert [each.seconds for each in latency_limits() if each.operation == "prior-auth.submit"] == [15]


def test_every_timeframe_of_the_catalogue_has_a_clock():
    catalogue = load_catalogue([paths.suites() / "requirements"])
    timed = re.compile(r"\bwithin \d+ (calendar days|hours)\b|\b24 hours\b|real time")
    asking = {
        row.id for row in catalogue.requirements.values()
        if row.api in ("prior-auth", "drug-decisions") and row.kind == "law" and timed.search(row.text)
    }  # fmt: skip

    assert asking == {each.requirement for each in limits()}


@settings(deadline=None)
@given(
    days, st.sampled_from(PAYERS), st.sampled_from(["standard", "expedited"]), st.sampled_from(["", *DRUGS]),
    st.one_of(st.none(), st.dates(date(2024, 1, 1), date(2027, 12, 31))),
)  # fmt: skip
def test_no_requirement_has_two_clocks_at_once(day, payer, urgency, drug, period):
    periods = {"rating-period": period, "plan-year": period} if period else {}
    for scope in ("items", "drugs"):
        for request in ("authorization", "exception"):
            found = binding(
                limits(),
                Asked(payer, read(day.isoformat()), urgency, scope, drug, request, True, periods, NEW_YORK),
            )
            assert len({each.requirement for each in found}) == len(found)


# -- late --------------------------------------------------------------------------------------------------------------


@settings(max_examples=120, deadline=None)
@given(written, written, limit_rows, zone_lists, holiday_lists, st.booleans())
def test_nothing_is_late_by_one_reading_of_its_stamps_only(received, ended, limit, zones, holidays, extended):
    came, went = read(received, zones), read(ended, zones)
    found = timing(came, went, limit, zones, holidays, extended=extended)

    assert not (found.late and found.close)
    if found.late:
        # Whenever inside its interval it came and went, it was late; and more time would have been needed.
        for sooner in (went.earliest, went.latest):
            assert instant(sooner) > instant(due(came, limit, zones, holidays, extended=extended).lenient)
            assert instant(sooner) > instant(due(came, limit, zones, holidays).lenient)
    else:
        assert not timing(came, went, limit, (*zones, "Pacific/Honolulu"), holidays, extended=extended).late
        assert not timing(came, went, limit, zones, holidays, extended=True).late
    if not found.late and not found.close:
        assert instant(went.latest) <= instant(due(came, limit, zones, holidays).strict)


@settings(max_examples=100, deadline=None)
@given(days, zone_lists, holiday_lists)
def test_seven_days_are_never_fewer_than_seven_nor_more_than_a_fortnight(day, zones, holidays):
    came = read(day.isoformat(), zones)
    bounds = due(came, SEVEN_DAYS, zones, holidays)

    assert instant(bounds.lenient) - instant(came.latest) >= timedelta(days=7, hours=-1)
    assert instant(bounds.lenient) - instant(came.latest) <= timedelta(days=7 + 4 + len(set(holidays)), hours=2)


@settings(max_examples=100, deadline=None)
@given(written, st.integers(1, 12), zone_lists, holiday_lists)
def test_business_days_end_on_a_working_day(received, number, zones, holidays):
    limit = replace(SEVEN_DAYS, days=number, counted="business", extension_days=0)
    bounds = due(read(received, zones), limit, zones, holidays)

    assert bounds.lenient.weekday() < 5
    assert not clock.is_holiday(bounds.lenient.date(), holidays)
