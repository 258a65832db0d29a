"""Until when every decision was due: clock by clock, for every hour of receipt that occurs, worked out by limits.py.

All offsets of American zones are whole hours, and so are the hours at which a day of receipt ends: whatever came in
within one hour has the same local day and the same due day. Elsewhere quarters of an hour are taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from conformance import clock
from conformance.audit.engine import Engine
from conformance.audit.facts import DRUGS
from conformance.audit.payer import Payer
from conformance.limits import Limit, due, limit_for

HOUR, QUARTER = 3600, 900
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
KINDS = ("item", *DRUGS, "")  # the last stands for any other
LONGEST = 1 << 18  # of a year without a month there are fewer quarters of an hour than that


def grain(zones: Iterable[str]) -> int:
    """Seconds within which local days and hours do not change: an hour, or a quarter where a zone needs it."""
    moments = [datetime(2026, month, 1, tzinfo=UTC) for month in (1, 7)]
    offsets = [moment.astimezone(ZoneInfo(zone)).utcoffset() or timedelta() for zone in zones for moment in moments]
    return QUARTER if any(each % timedelta(hours=1) for each in offsets) else HOUR


@dataclass(frozen=True)
class Receipt:
    """What a slot stands for: the hours of earliest and latest receipt, counted from 1970, and what was asked for."""

    slot: int
    first: int
    last: int
    whole_day: bool
    kind: str
    urgency: str


def slot(earliest: Any, latest: Any, whole: Any, kind: Any, urgency: Any, seconds: int) -> Any:
    """One number for all that a due time depends on: a column."""
    import ibis

    first, last = ((each / seconds).floor().cast("int64") for each in (earliest, latest))
    known = kind.cases(*((each, place) for place, each in enumerate(KINDS)), else_=len(KINDS) - 1)
    hours = (first * LONGEST + last - first) * 2 + ibis.ifelse(whole, 1, 0)
    return (hours * len(KINDS) + known) * 2 + ibis.ifelse(urgency == "expedited", 1, 0)


def receipts(engine: Engine, started: Any) -> list[Receipt]:
    """The distinct slots among decisions."""
    known = started.filter(started.slot.notnull())
    return [_receipt(row["slot"]) for row in engine.rows(known.select("slot").distinct())]


def _receipt(slot: int) -> Receipt:
    rest, expedited = divmod(slot, 2)
    rest, kind = divmod(rest, len(KINDS))
    rest, whole = divmod(rest, 2)
    first, more = divmod(rest, LONGEST)
    return Receipt(slot, first, first + more, bool(whole), KINDS[kind], "expedited" if expedited else "standard")


def table(
    engine: Engine, payer: Payer, asked: Mapping[str, frozenset[tuple[str, str]]], received: Iterable[Receipt]
) -> tuple[Any, dict[str, dict[int, Limit]]]:
    """The due table of all requirements, and the clocks of each by number; ``asked`` are their (kind, urgency).

    Per ``which`` (the requirement's place in ``asked``) and slot: ``rule``; ``strict`` and ``late_after`` in seconds
    after receipt, ``late_at`` the second itself where a limit counts days; the same with ``x_`` for a request whose
    time was extended.
    """
    seconds = grain(payer.zones)
    columns: dict[str, list[Any]] = {name: [] for name in ("which", "slot", "rule", *_SPANS)}
    rules: dict[str, dict[int, Limit]] = {requirement: {} for requirement in asked}
    numbers: dict[Limit, int] = {}
    holidays = frozenset(payer.target.holidays)

    @cache
    def spans(limit: Limit, first: int, last: int, whole_day: bool) -> tuple[int | None, ...]:
        received = _stamp(first, last, whole_day, seconds)
        found: list[int | None] = []
        for extended in (False, True):
            until = due(received, limit, payer.zones, holidays, extended=extended)
            found.append(_seconds(until.strict) - _seconds(received.earliest))
            found.append(None if limit.days else _seconds(until.lenient) - _seconds(received.latest))
            found.append(_seconds(until.lenient) if limit.days else None)
        return tuple(found)

    by_requirement = [
        (which, _known(payer, requirement), requirement, kinds)
        for which, (requirement, kinds) in enumerate(asked.items())
    ]
    for each in received:
        stamp = _stamp(each.first, each.last, each.whole_day, seconds)
        for which, known, requirement, kinds in by_requirement:
            if (each.kind, each.urgency) not in kinds:
                continue
            limit = limit_for(known, requirement, payer.asked(each.kind, each.urgency, stamp))
            if limit is None or not _counts(limit, known):
                continue
            number = numbers.setdefault(limit, len(numbers))
            rules[requirement][number] = limit
            values = (which, each.slot, number, *spans(limit, each.first, each.last, each.whole_day))
            for name, value in zip(columns, values, strict=True):
                columns[name].append(value)
    return engine.table(columns, dict.fromkeys(columns, "int64"), "due"), rules


_SPANS = ("strict", "late_after", "late_at", "x_strict", "x_late_after", "x_late_at")


def _known(payer: Payer, requirement: str) -> tuple[Limit, ...]:
    return tuple(limit for limit in payer.clocks if limit.requirement == requirement)


def _counts(limit: Limit, known: Iterable[Limit]) -> bool:
    """Whether a clock is applied at all: a final one that nobody read only where nobody read any of the requirement.

    Such a requirement is shown and never decides; elsewhere a clock that nobody read could fail what another decides.
    """
    return _may_be_shown(limit) or not any(map(_may_be_shown, known))


def _may_be_shown(limit: Limit) -> bool:
    return limit.decides or limit.standing != "final"


def _stamp(first: int, last: int, whole_day: bool, seconds: int) -> clock.Stamp:
    earliest, latest = (EPOCH + timedelta(seconds=each * seconds) for each in (first, last))
    return clock.Stamp("", earliest, latest, whole_day=whole_day)


def _seconds(moment: datetime) -> int:
    return int(clock.instant(moment).timestamp() // 1)
