"""Time: what it is now, what a stamp can mean, which days are holidays.

Nothing else in the harness asks the system for the time. A stamp is an interval of its precision: "2027-02-01" is the
whole day in every zone the payer works in. How long a decision may take is in conformance/limits.py.
"""

from __future__ import annotations

import calendar
import os
import re
import time as _time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

OFFSET = "CONFORMANCE_CLOCK_OFFSET"
_EARLIEST, _LATEST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
_CLOCK = r"T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?"
_WRITTEN = re.compile(rf"(\d{{4}})(?:-(\d\d)(?:-(\d\d)({_CLOCK})?)?)?", re.ASCII)
ANYWHERE = ("Etc/GMT-14", "Etc/GMT+12")  # where a day begins first and ends last
CLOSING_HOUR = time(17, 0)  # after it, a request may lawfully count as received on the next day


def offset() -> float:
    """Seconds by which this process's wall clock is moved: demo and prove move both sides alike."""
    return float(os.environ.get(OFFSET, "0") or 0)


def now() -> datetime:
    """The wall clock, aware, in UTC."""
    return datetime.fromtimestamp(_time.time() + offset(), UTC)


def monotonic() -> float:
    """Seconds for measuring; never moved."""
    return _time.perf_counter()


def sleep(seconds: float) -> None:
    """Waits."""
    _time.sleep(seconds)


@dataclass(frozen=True)
class Stamp:
    """What a written time can mean: no earlier than ``earliest``, no later than ``latest``; both aware."""

    text: str
    earliest: datetime
    latest: datetime
    whole_day: bool = False


def stamp(written: str | date | datetime | None, zones: Sequence[str] = ("UTC",)) -> Stamp | None:
    """Reads a FHIR date, dateTime or instant (or a TOML one) as an interval; None where it is none.

    A bare date, month or year lasts from its start in the easternmost of ``zones`` to its end in the westernmost; a
    time without zone is read in every one of ``zones``.
    """
    text = written.isoformat() if isinstance(written, date) else str(written)
    found = _WRITTEN.fullmatch(text)
    if found is None:
        return None
    places = [ZoneInfo(zone) for zone in zones or ("UTC",)]
    try:
        if found[4] is None:
            return _days(text, *_first_and_last(found), places)
        moment = _moment(text)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is not None:
        return Stamp(text, moment, moment)
    # When clocks go back an hour comes twice: it may have been either.
    local = [moment.replace(tzinfo=place, fold=fold) for place in places for fold in (0, 1)]
    return Stamp(text, min(local, key=instant), max(local, key=instant))


def between(pended: datetime, seen: datetime) -> Stamp:
    """When that happened which was first seen at ``seen``, and had not happened yet at ``pended``."""
    return Stamp(seen.isoformat(timespec="seconds"), min(pended, seen), seen)


def _first_and_last(found: re.Match[str]) -> tuple[date, date]:
    first = date(int(found[1]), int(found[2] or 1), int(found[3] or 1))
    if found[3]:
        return first, first
    month = first.month if found[2] else 12
    return first, date(first.year, month, calendar.monthrange(first.year, month)[1])


def _moment(text: str) -> datetime:
    leap = text[16:19] == ":60"  # FHIR allows leap seconds, Python has none
    moment = datetime.fromisoformat(f"{text[:17]}59{text[19:]}" if leap else text)
    return moment + timedelta(seconds=leap)


def _days(text: str, first: date, last: date, places: Iterable[ZoneInfo]) -> Stamp:
    starts = [datetime.combine(first, time.min, place) for place in places]
    ends = [datetime.combine(last, time(23, 59, 59, 999999), place) for place in places]
    return Stamp(text, min(starts, key=instant), max(ends, key=instant), whole_day=True)


def instant(moment: datetime) -> datetime:
    """The moment in UTC, to compare by: two datetimes of one zone are compared by the hands of its clock alone."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:  # 9999-12-31 is an ordinary end date, also west of Greenwich
        return _LATEST if moment.year > 1 else _EARLIEST


@lru_cache(maxsize=64)
def federal_holidays(year: int) -> frozenset[date]:
    """The eleven US federal holidays in ``year`` (5 U.S.C. 6103), also as observed where they fall on a weekend.

    A New Year's Day may be observed in December.
    """
    fixed = [date(year, 1, 1), date(year, 7, 4), date(year, 11, 11), date(year, 12, 25), date(year + 1, 1, 1)]
    if year >= 2021:
        fixed.append(date(year, 6, 19))
    fixed += [_observed(day) for day in fixed]
    floating = {
        _nth(year, 1, 0, 3), _nth(year, 2, 0, 3), _last_monday(year, 5), _nth(year, 9, 0, 1),
        _nth(year, 10, 0, 2), _nth(year, 11, 3, 4),
    }  # fmt: skip
    return frozenset(day for day in {*fixed, *floating} if day.year == year)


def _observed(day: date) -> date:
    return day + timedelta(days={5: -1, 6: 1}.get(day.weekday(), 0))


def _nth(year: int, month: int, weekday: int, n: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (n - 1))


def _last_monday(year: int, month: int) -> date:
    last = date(year, month + 1, 1) - timedelta(days=1)
    return last - timedelta(days=last.weekday())


def is_holiday(day: date, extra: Iterable[date] = ()) -> bool:
    """A federal holiday, or one that the payer observes (``extra``)."""
    return day in federal_holidays(day.year) or day in set(extra)


def add_business_days(start: date, days: int, extra: Iterable[date] = ()) -> date:
    """The ``days``-th day after ``start`` that is neither weekend nor holiday."""
    holidays = set(extra)
    day = start
    while days > 0:
        day += timedelta(days=1)
        if day.weekday() < 5 and not is_holiday(day, holidays):
            days -= 1
    return day


def is_business_day_over(written: str | datetime | None, zones: Sequence[str], extra: Iterable[date] = ()) -> bool:
    """Whether a business day has gone by since, by the lenient reading: its end in the last of the zones."""
    begun = stamp(written, zones)
    if begun is None:
        return False
    due = stamp(add_business_days(begun.latest.date(), 1, extra), zones)
    return due is not None and now() > due.latest
