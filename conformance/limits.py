"""How long a decision may take: the clocks of suites/rules/clocks.toml, which of them run for a request, until when.

Pure functions of stamps and rows; nothing here asks what time it is. A request is late only if no lawful reading of
its stamps and of its limit has it in time; between that and the strictest reading it is close.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from conformance.catalogue import first_period
from conformance.clock import CLOSING_HOUR, Stamp, add_business_days, instant, is_holiday
from conformance.paths import suites

Urgency = Literal["standard", "expedited"]
Scope = Literal["items", "drugs"]
DRUGS = ("part-b", "part-d", "covered-outpatient", "bundled", "other")
ANTICIPATED = ("proposed", "advocacy")  # shown as if they held already; they never decide
_END_OF_DAY = time(23, 59, 59, 999999)


@dataclass(frozen=True)
class Limit:
    """One clock: a row of clocks.toml (its columns are described there), or of a payer's contract (``document``)."""

    rule: str
    requirement: str
    urgency: str
    payers: tuple[str, ...]
    cite: str
    from_: date | None = None
    until: date | None = None
    days: int = 0
    hours: int = 0
    seconds: int = 0
    counted: str = "calendar"
    extension_days: int = 0
    scope: str = "items"
    drugs: tuple[str, ...] = ()
    requests: tuple[str, ...] = ("authorization",)
    requires: str = ""
    counted_from: str = ""
    starts: str = "receipt"
    ends: str = "decision"
    standing: str = "final"
    confidence: str = "verified"
    document: str = ""

    @property
    def text(self) -> str:
        """The limit in words: "7 calendar days"."""
        unit, number = next((name, number) for name, number in self._length() if number)
        return f"{number} {unit if number != 1 else unit[:-1]}"

    def _length(self) -> tuple[tuple[str, int], ...]:
        return (f"{self.counted} days", self.days), ("hours", self.hours), ("seconds", self.seconds)

    @property
    def decides(self) -> bool:
        """Whether somebody may be failed by it: it is final, and somebody read it."""
        return self.standing == "final" and self.confidence != "unverified"


@dataclass(frozen=True)
class Due:
    """When a decision was due: ``strict`` by the first possible instant, ``lenient`` by the last lawful one."""

    strict: datetime
    lenient: datetime


@dataclass(frozen=True)
class Asked:
    """What the clocks of a request depend on.

    ``periods`` has the first day of the payer's rating period and plan year, where the target names them; ``drug`` is
    one of DRUGS, or "" where nobody said which.
    """

    payer: str | None
    received: Stamp
    urgency: Urgency = "standard"
    scope: Scope = "items"
    drug: str = ""
    request: str = "authorization"
    part_d: bool = False
    periods: Mapping[str, date] = field(default_factory=dict)
    zones: tuple[str, ...] = ()

    @property
    def day(self) -> date:
        """The day of receipt: the earliest it can be in any zone, so that a shorter limit does not begin too soon."""
        earliest = self.received.earliest
        return min((earliest.astimezone(ZoneInfo(zone)).date() for zone in self.zones), default=earliest.date())


@cache
def limits() -> tuple[Limit, ...]:
    """The decision clocks of law, proposals and advocates (suites/rules/clocks.toml)."""
    return load_limits(suites() / "rules" / "clocks.toml")


def load_limits(path: Path) -> tuple[Limit, ...]:
    """The rows of a file of clocks."""
    return tuple(limit_of(name, row) for name, row in tomllib.loads(path.read_text("utf-8")).items())


def limit_of(name: str, row: Mapping[str, Any]) -> Limit:
    """One row as a Limit."""
    values: dict[str, Any] = {key: tuple(each) if isinstance(each, list) else each for key, each in row.items()}
    return Limit(rule=name, from_=values.pop("from", None), **values)


def binding(rows: Iterable[Limit], asked: Asked) -> tuple[Limit, ...]:
    """Every clock that runs for a request: in force when it came in, or anticipated."""
    return tuple(each for each in rows if _binds(each, asked))


def limit_for(rows: Iterable[Limit], requirement: str, asked: Asked) -> Limit | None:
    """The clock by which a requirement judges a request, or None."""
    return next((each for each in rows if each.requirement == requirement and _binds(each, asked)), None)


def _binds(limit: Limit, asked: Asked) -> bool:
    return (
        (limit.standing == "contract" or asked.payer in limit.payers)
        and limit.urgency in ("any", asked.urgency)
        and limit.scope in ("both", asked.scope)
        and (asked.scope == "items" or not limit.drugs or asked.drug in limit.drugs)
        and asked.request in limit.requests
        and (limit.requires != "part_d" or asked.part_d)
        and (limit.standing in ANTICIPATED or _in_force(limit, asked))
    )


def _in_force(limit: Limit, asked: Asked) -> bool:
    begins, ends, start = limit.from_, limit.until, asked.periods.get(limit.counted_from)
    if limit.counted_from and begins and not start:
        begins = begins.replace(year=begins.year + 1)  # the payer's period, of twelve months, may begin that late
    if start:  # bound, and set free, with a period of the payer's own
        begins = first_period(start, begins) if begins else None
        ends = first_period(start, ends + timedelta(days=1)) - timedelta(days=1) if ends else None
    return (begins is None or begins <= asked.day) and (ends is None or asked.day <= ends)


def due(
    received: Stamp, limit: Limit, zones: Sequence[str], holidays: Iterable[date] = (), *, extended: bool = False
) -> Due:
    """When the decision on a request received at ``received`` was due under ``limit``.

    Hours and seconds run from the stamp. Days end with the day, in the last zone; a request that came in after hours
    or on a holiday counts, leniently, from the next day that is no holiday.
    """
    more = timedelta(days=limit.extension_days if extended else 0)
    if not limit.days:
        span = timedelta(hours=limit.hours, seconds=limit.seconds) + more
        return Due(_later(received.earliest, span), _later(received.latest, span))
    observed = frozenset(holidays)
    lenient = []
    for zone in zones or ("UTC",):
        place = ZoneInfo(zone)
        local = received.latest.astimezone(place)
        day = local.date()
        if is_holiday(day, observed) or (not received.whole_day and local.time() >= CLOSING_HOUR):
            day = _next_working_date(day, observed)
        lenient.append(datetime.combine(_days_on(day, limit, observed) + more, _END_OF_DAY, place))
    last = max(lenient, key=instant)
    return Due(min(_strict(received, limit, zones, more), last, key=instant), last)


def _strict(received: Stamp, limit: Limit, zones: Sequence[str], more: timedelta) -> datetime:
    if limit.counted == "calendar":
        return _later(received.earliest, timedelta(days=limit.days) + more)
    return min((_strict_in(ZoneInfo(zone), received, limit, more) for zone in zones or ("UTC",)), key=instant)


def _strict_in(place: ZoneInfo, received: Stamp, limit: Limit, more: timedelta) -> datetime:
    # The strictest count of business days knows no holiday of the payer's own. What came in on a day that is none
    # waited for the beginning of the next.
    arrived = received.earliest.astimezone(place)
    day = add_business_days(arrived.date() - timedelta(days=1), 1)
    hour = arrived.time() if day == arrived.date() else time.min
    return datetime.combine(add_business_days(day, limit.days) + more, hour, place)


def _days_on(day: date, limit: Limit, holidays: Iterable[date]) -> date:
    if limit.counted == "calendar":
        return day + timedelta(days=limit.days)
    return add_business_days(day, limit.days, holidays)


def _later(moment: datetime, span: timedelta) -> datetime:
    # Adding to a datetime of a zone moves the hands of the clock: 72 of those hours are 71 when clocks go forward.
    return (moment.astimezone(UTC) + span).astimezone(moment.tzinfo)


def _next_working_date(day: date, holidays: frozenset[date]) -> date:
    day += timedelta(days=1)
    while is_holiday(day, holidays):
        day += timedelta(days=1)
    return day


@dataclass(frozen=True)
class Timing:
    """A decision against one clock: ``late`` by every reading; ``close``: in time by the lenient reading only."""

    due: Due
    late: bool
    close: bool


def timing(
    received: Stamp,
    ended: Stamp,
    limit: Limit,
    zones: Sequence[str],
    holidays: Iterable[date] = (),
    *,
    extended: bool = False,
) -> Timing:
    """Whether what ended at ``ended`` was in time; ``extended``: the payer had, or may have had, its extension."""
    observed = frozenset(holidays)
    last = due(received, limit, zones, observed, extended=extended)
    first = due(received, limit, zones, observed)
    late = instant(ended.earliest) > instant(last.lenient)
    return Timing(last, late, not late and instant(ended.latest) > instant(first.strict))
