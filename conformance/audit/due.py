"""Until when every decision was due: clock by clock, for every hour of receipt that occurs, worked out by limits.py.

All offsets of American zones are whole hours, and so are the hours at which a day of receipt ends: whatever came in
within one hour has the same local day and the same due day. Elsewhere quarters of an hour are taken.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from conformance import clock
from conformance.audit.engine import Engine
from conformance.audit.payer import Payer
from conformance.limits import Limit, due, limit_for

HOUR, QUARTER = 3600, 900
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
KEYS = ("be", "bl", "r_w", "kind", "urgency")


def grain(zones: Iterable[str]) -> int:
    """Seconds within which local days and hours do not change: an hour, or a quarter where a zone needs it."""
    moments = [datetime(2026, month, 1, tzinfo=UTC) for month in (1, 7)]
    offsets = [moment.astimezone(ZoneInfo(zone)).utcoffset() or timedelta() for zone in zones for moment in moments]
    return QUARTER if any(each % timedelta(hours=1) for each in offsets) else HOUR


def receipts(engine: Engine, started: Any) -> list[dict[str, Any]]:
    """The distinct (hour of earliest receipt, of latest, whole day, kind, urgency) among decisions."""
    return engine.rows(started.filter(started.be.notnull()).select(*KEYS).distinct())


def table(
    engine: Engine, payer: Payer, requirement: str, receipts_: list[dict[str, Any]], seconds: int
) -> tuple[Any, dict[int, Limit]]:
    """The due table of one requirement, keyed by KEYS, and its clocks by number.

    Per key: ``rule``; ``strict`` and ``late_after`` in seconds after receipt, ``late_at`` the second itself where a
    limit counts days; the same with ``x_`` for a request whose time was extended.
    """
    columns: dict[str, list[Any]] = {name: [] for name in (*KEYS, "rule", *_SPANS)}
    rules: dict[Limit, int] = {}
    rows = _known(payer, requirement)
    holidays = frozenset(payer.target.holidays)

    @cache
    def spans(limit: Limit, be: int, bl: int, whole: bool) -> tuple[int | None, ...]:
        received = _stamp(be, bl, whole, seconds)
        found: list[int | None] = []
        for extended in (False, True):
            until = due(received, limit, payer.zones, holidays, extended=extended)
            found.append(_seconds(until.strict) - _seconds(received.earliest))
            found.append(None if limit.days else _seconds(until.lenient) - _seconds(received.latest))
            found.append(_seconds(until.lenient) if limit.days else None)
        return tuple(found)

    for key in receipts_:
        received = _stamp(key["be"], key["bl"], key["r_w"], seconds)
        limit = limit_for(rows, requirement, payer.asked(key["kind"], key["urgency"], received))
        if limit is None or not _counts(limit):
            continue
        values = (*(key[name] for name in KEYS), rules.setdefault(limit, len(rules)))
        values += spans(limit, key["be"], key["bl"], key["r_w"])
        for name, value in zip(columns, values, strict=True):
            columns[name].append(value)
    types = {"be": "int64", "bl": "int64", "r_w": "bool", "kind": "string", "urgency": "string", "rule": "int64"}
    types |= dict.fromkeys(_SPANS, "int64")
    name = "due_" + "".join(each if each.isalnum() else "_" for each in requirement)
    return engine.table(columns, types, name), {number: limit for limit, number in rules.items()}


_SPANS = ("strict", "late_after", "late_at", "x_strict", "x_late_after", "x_late_at")


def _known(payer: Payer, requirement: str) -> tuple[Limit, ...]:
    return tuple(limit for limit in payer.clocks if limit.requirement == requirement)


def _counts(limit: Limit) -> bool:
    """Whether a clock is applied at all: a final one only if somebody read it; the others never decide anyway."""
    return limit.decides or limit.standing != "final"


def _stamp(be: int, bl: int, whole: bool, seconds: int) -> clock.Stamp:
    earliest, latest = (_EPOCH + timedelta(seconds=each * seconds) for each in (be, bl))
    return clock.Stamp("", earliest, latest, whole_day=whole)


def _seconds(moment: datetime) -> int:
    return int(clock.instant(moment).timestamp() // 1)
