"""Stamps, zones, holidays and limits for tests of time: what hypothesis draws them from."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta

from hypothesis import strategies as st

from conformance.clock import Stamp, stamp
from conformance.limits import Limit

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
    st.builds(lambda number: replace(THREE_DAYS, hours=0, seconds=number), st.integers(1, 90)),
    st.builds(lambda number: replace(SEVEN_DAYS, days=number, counted="business"), st.integers(1, 12)),
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
