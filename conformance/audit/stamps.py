"""Stamps as written, a million of them, as intervals of whole seconds.

The engine counts the seconds of what is written year-month-day with a time, which every engine counts alike. What
depends on zones and spellings is worked out by clock.py over the distinct hours without a zone, and over the distinct
texts of any other form, and joined back. Parts of a second are dropped: they decide nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from conformance import clock
from conformance.audit.spellings import OFFSETS, as_iso

SECONDS = 19  # characters of "2026-03-01T09:30:15"
HOUR = 3600
_ZONE = re.compile(r"[Zz]|[+-]\d\d(?::?\d\d)?")
_YEARS = (1950, 2200)  # what lies outside is what a system writes for "none" or "open", such as 1900 or 9999
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  as a clock shows it, in no zone


def seconds(text: Any) -> Any:
    """The seconds that the clock of each stamp of a column shows, counted from 1970; null of any other form."""
    import ibis

    whole = _whole(text)
    first, after = map(str, _YEARS)
    plain = (whole >= first) & (whole < after) & whole.like("____-__-_____:__:__%") & (whole.substr(11, 2) < "24")
    shown = ibis.ifelse(plain, whole.substr(0, SECONDS), _nothing()).try_cast("timestamp")
    return shown.epoch_seconds().cast("int64")


def parts(text: Any, n: Any) -> dict[str, Any]:
    """What else a column of stamps says beside its seconds: the ``zone`` behind them, without one the ``hour``.

    All of what has no seconds is its ``word``.
    """
    import ibis

    rest = _whole(text).substr(SECONDS, 32)
    zone = ibis.ifelse(rest.contains("."), rest.re_replace(r"^\.\d+", ""), rest)
    return {
        "hour": ibis.ifelse(zone == "", hour(n), ibis.null("int64")),
        "zone": ibis.ifelse(n.isnull(), _nothing(), zone), "word": ibis.ifelse(n.isnull(), text, _nothing()),
    }  # fmt: skip


def _whole(text: Any) -> Any:
    """A stamp with its seconds, where they were left out."""
    import ibis

    return ibis.ifelse(text.length() == SECONDS - 3, text.concat(":00"), text)


def _nothing() -> Any:
    import ibis

    return ibis.null("string")


def hour(n: Any) -> Any:
    """The hour of a column of seconds, counted from 1970."""
    return (n / HOUR).floor().cast("int64")


def hours(found: Iterable[int], zones: Sequence[str]) -> Mapping[str, list[Any]]:
    """When each hour that was written without a zone began, in the payer's zones: ``early`` and ``late``, seconds."""
    rows: dict[str, list[Any]] = {"hour": [], "early": [], "late": []}
    for each in found:
        written = (_EPOCH + timedelta(hours=each)).strftime("%Y-%m-%dT%H:00:00")
        if local := clock.stamp(f"{written:0>19}", zones or ("UTC",)):
            for name, value in (("hour", each), ("early", _seconds(local.earliest)), ("late", _seconds(local.latest))):
                rows[name].append(value)
    return rows


def words(found: Iterable[str], zones: Sequence[str]) -> Mapping[str, list[Any]]:
    """What each stamp of another form means: ``early`` and ``late``, read in the payer's zones; seconds.

    ``whole``: it is a day without a time; ``form``: iso, us or other. What is no time is left out.
    """
    rows: dict[str, list[Any]] = {"word": [], "early": [], "late": [], "whole": [], "form": []}
    for text in found:
        iso, form = as_iso(text)
        local = clock.stamp(iso, zones or ("UTC",)) if iso else None
        if local is None or not _YEARS[0] <= local.earliest.year < _YEARS[1]:
            continue
        for name, value in (
            ("word", text), ("early", _seconds(local.earliest)), ("late", _seconds(local.latest)),
            ("whole", local.whole_day), ("form", form),
        ):  # fmt: skip
            rows[name].append(value)
    return rows


def east(zone: str) -> int | None:
    """Seconds east of Greenwich that a zone behind a stamp says; None where it is none."""
    zone = OFFSETS.get(zone.strip().upper(), zone.strip())
    if not _ZONE.fullmatch(zone):
        return None
    if zone in "Zz":
        return 0
    ahead, minutes = int(zone[1:3]), int(zone[3:].lstrip(":") or 0)
    seconds = ahead * HOUR + minutes * 60
    return None if ahead > 14 or minutes > 59 else -seconds if zone[0] == "-" else seconds


def _seconds(moment: datetime) -> int:
    return int(clock.instant(moment).timestamp() // 1)
