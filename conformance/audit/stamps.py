"""Stamps as written, a million of them, as intervals of whole seconds.

What depends on zones, calendars and spellings is worked out by clock.py over the distinct days and hours ("heads") that
occur, and joined back; minutes, seconds and offsets are integers, which every engine adds alike. Parts of a second are
dropped: they decide nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from conformance import clock

MEANING = ("utc", "early", "late", "whole")  # what calendar() tells of each head
HEAD = 13  # "2026-03-01T09": a day and its hour
_SLASHES = re.compile(
    r"(\d{1,2})[/-](\d{1,2})[/-](\d{4})(?:[ T,]+(\d{1,2})(?::(\d\d))?(?::(\d\d)(?:\.\d+)?)?\s*([AaPp]\.?[Mm]\.?)?)?"
)
_YEAR_FIRST = re.compile(r"(\d{4})[/.](\d{1,2})[/.](\d{1,2})(?:[ T]+(\d{1,2}):(\d\d)(?::(\d\d)(?:\.\d+)?)?)?")
_DIGITS = re.compile(r"(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?")
_TAIL = re.compile(r"(?::(\d\d)(?::(\d\d))?([Zz]|[+-]\d\d(?::?\d\d)?)?)?")
_MONTHS = {
    name: n
    for n, name in enumerate(["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1)
}
_NAMED = re.compile(r"(\d{1,2})[- ]([A-Za-z]{3})[A-Za-z]*[- ,]+(\d{4})")


def is_iso_time(text: Any) -> Any:
    """Whether a stamp is written year-month-day with a time: those are split, others are read whole."""
    return (text.length() > HEAD) & (text.substr(4, 1) == "-") & (text.substr(7, 1) == "-")


def head(text: Any) -> Any:
    """The part of a stamp (an ibis column of text) that Python reads: day and hour, or all of it."""
    import ibis

    return ibis.ifelse(is_iso_time(text), text.substr(0, HEAD), text)


def calendar(heads: Iterable[str], zones: Sequence[str]) -> Mapping[str, list[Any]]:
    """What each head means: ``utc`` read in UTC, ``early`` and ``late`` read in the payer's zones; seconds.

    ``whole``: it is a day without a time; ``form``: iso, us or other. What is no time is left out.
    """
    rows: dict[str, list[Any]] = {"text": [], "utc": [], "early": [], "late": [], "whole": [], "form": []}
    for text in heads:
        iso, form = _as_iso(text)
        local = clock.stamp(iso, zones or ("UTC",)) if iso else None
        if local is None:
            continue
        in_utc = clock.stamp(iso, ("UTC",)) if iso else None
        utc = _seconds(in_utc.earliest) if in_utc else 0
        for name, value in (
            ("text", text), ("utc", utc), ("early", _seconds(local.earliest)), ("late", _seconds(local.latest)),
            ("whole", local.whole_day), ("form", form),
        ):  # fmt: skip
            rows[name].append(value)
    return rows


def _seconds(moment: datetime) -> int:
    return int(clock.instant(moment).timestamp() // 1)


def _as_iso(text: str) -> tuple[str, str]:
    """A head or a whole stamp in ISO form, and how it was written; "" where it is no time."""
    said = text.strip()
    if re.fullmatch(r"\d{4}-\d\d-\d\d[T ]\d\d", said):
        return f"{said[:10]}T{said[11:]}:00", "iso"
    if re.fullmatch(r"\d{4}(-\d\d){0,2}", said):
        return said, "iso"
    if found := _SLASHES.fullmatch(said):
        month, day, year, hour, minute, second, half = found.groups()
        return _iso(year, month, day, _hour(hour, half), minute, second), "us"
    if found := _YEAR_FIRST.fullmatch(said) or _DIGITS.fullmatch(said):
        year, month, day, hour, minute, second = found.groups()
        return _iso(year, month, day, hour, minute, second), "other"
    if found := _NAMED.fullmatch(said):
        day, month_name, year = found.groups()
        number = _MONTHS.get(month_name.casefold())
        return (_iso(year, str(number), day, None, None, None), "other") if number else ("", "")
    return (said, "iso") if clock.stamp(said) else ("", "")


def _hour(hour: str | None, half: str | None) -> str | None:
    if hour is None or not half:
        return hour
    number = int(hour) % 12 + (12 if half.casefold().startswith("p") else 0)
    return str(number) if 1 <= int(hour) <= 12 else "99"


def _iso(year: str, month: str, day: str, hour: str | None, minute: str | None, second: str | None) -> str:
    try:
        date(int(year), int(month), int(day))
    except ValueError:
        return ""
    said = f"{year}-{int(month):02d}-{int(day):02d}"
    return said if hour is None else f"{said}T{int(hour):02d}:{minute or '00'}:{second or '00'}"


def tail(text: Any) -> Any:
    """What follows the hour of a stamp (a column of text), without parts of a second; "" where it is read whole."""
    import ibis

    rest = text.substr(HEAD, 32)
    plain = ibis.ifelse(rest.contains("."), rest.re_replace(r"^(:\d\d:\d\d)\.\d+", r"\1"), rest)
    return ibis.ifelse(is_iso_time(text), plain, ibis.literal(""))


def tails(found: Iterable[str]) -> Mapping[str, list[Any]]:
    """What each tail (":30:15-05:00") adds to its hour: ``more`` seconds; ``east`` of Greenwich where it says so."""
    rows: dict[str, list[Any]] = {"end": [], "more": [], "east": []}
    for text in found:
        if not (read := _TAIL.fullmatch(text)):
            continue
        minute, second, zone = int(read[1] or 0), int(read[2] or 0), read[3]
        if minute < 60 and second <= 60 and (zone is None or _east(zone) is not None):
            for name, value in (("end", text), ("more", minute * 60 + second), ("east", zone and _east(zone))):
                rows[name].append(value)
    return rows


def _east(zone: str) -> int | None:
    if zone in "Zz":
        return 0
    hours, minutes = int(zone[1:3]), int(zone[3:].lstrip(":") or 0)
    seconds = hours * 3600 + minutes * 60
    return None if hours > 14 or minutes > 59 else -seconds if zone[0] == "-" else seconds


def interval(known: Mapping[str, Any]) -> tuple[Any, Any]:
    """A stamp's earliest and latest second, of the columns of both tables that it was joined to."""
    import ibis

    more, east = known["more"], known["east"]
    exact = known["utc"] + more - east
    early, late = (ibis.ifelse(east.isnull(), local + more, exact) for local in (known["early"], known["late"]))
    return early, late
