"""The decisions of a model payer's year, lawful and unlawful, each with what it is known to be.

Every case is built so that what it is follows from how it is built, by arithmetic of its own: margins of days, or
the second on either side of a limit. Nothing here is shared with what audits it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

ZONES = ("America/New_York", "America/Chicago")
YEAR = 2026
LAST_DAYS = 40  # before the end of the year nothing is received but what is left open
SPECIFIC = (
    ("0F", "The imaging criterion of conservative treatment for six weeks is not met."),
    ("0M", "The device is not a covered benefit of this contract."),
    ("0P", "The operative report that was asked for on the second day did not arrive."),
    ("", "Physical therapy notes of the last three months are missing from the request."),
)
BOILERPLATE = ("Your request has been denied.", "Not approved.", "See letter for details.")
SERVICES = ("70551", "72148", "97110", "E0601", "99221", "43239")
SPECIALTIES = ("Rheumatology", "Neurosurgery", "Dermatology", "Gastroenterology", "Cardiology")
CHANNELS = ("api", "portal", "fax", "phone")
Facts = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """One kind of decision: its share among all, what it breaks, how it is built.

    ``is_``: what the audit must find it to be. ``exact``: needs stamps to the second; ``log``: needs facts that no
    FHIR resource carries.
    """

    name: str
    weight: int
    is_: str
    build: Callable[[Random], Facts]
    breaks: tuple[str, ...] = ()
    exact: bool = False
    log: bool = False


def _business_day(random: Random) -> datetime:
    """A moment of an ordinary working day, between eight and four in its zone, far from any holiday and clock change."""
    zone = ZoneInfo(random.choice(ZONES))
    while True:
        day = datetime(YEAR, 1, 5, tzinfo=zone) + timedelta(days=random.randrange(365 - LAST_DAYS))
        if day.weekday() < 5 and (day.month, day.day) not in HOLIDAYS:
            return day.replace(hour=random.randrange(8, 16), minute=random.randrange(60), second=random.randrange(60))


# Federal holidays of 2026, written out: the audit works them out by rule.
HOLIDAYS = frozenset({(1, 1), (1, 19), (2, 16), (5, 25), (6, 19), (7, 3), (7, 4), (9, 7), (10, 12), (11, 11), (11, 26), (12, 25)})  # fmt: skip


def _facts(random: Random, received: datetime, **more: Any) -> Facts:
    return {
        "received": received, "kind": "item", "urgency": "standard", "outcome": "approved", "extended": "no",
        "channel": random.choice(CHANNELS), "service": random.choice(SERVICES), "specialty": random.choice(SPECIALTIES),
        "plan": f"H{random.randrange(1, 4):04d}", "line": "MA", "delegate": random.choice(("", "", "Delegate A")), **more,
    }  # fmt: skip


def decided_within(random: Random, least: timedelta, most: timedelta, **more: Any) -> Facts:
    received = _business_day(random)
    spent = least + (most - least) * random.random()
    decided = _after(received, timedelta(seconds=int(spent.total_seconds())))
    told = _after(decided, timedelta(minutes=random.randrange(1, 50)))
    return _facts(random, received, decided=decided, notified=told, **more)


def reasoned(random: Random) -> Facts:
    code, words = random.choice(SPECIFIC)
    return {"reason_code": code, "reason": words}


def _after(moment: datetime, spent: timedelta) -> datetime:
    """Later by an elapsed time, whatever the clocks do: adding to a time of a zone moves the hands of its clock."""
    return (moment.astimezone(UTC) + spent).astimezone(moment.tzinfo)


HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def _standard(random: Random, **more: Any) -> Facts:
    return decided_within(random, 2 * HOUR, 6 * DAY - 10 * HOUR, **more)


def _expedited(random: Random, **more: Any) -> Facts:
    return decided_within(random, HOUR, 40 * HOUR, urgency="expedited", **more)


def _local(received: datetime, days: int, hour: int, minute: int = 0, second: int = 0) -> datetime:
    """A time of the clock some days later, in the zone of receipt."""
    day = (received + timedelta(days=days)).date()
    return datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=received.tzinfo)


def _ended(random: Random, received: datetime, ended: datetime, **more: Any) -> Facts:
    return _facts(random, received, decided=ended, notified=ended, **more)


def _western(random: Random) -> datetime:
    """A receipt where the day ends last of the payer's zones, on a day after which no clock changes for a month."""
    month = random.choice((1, 4, 5, 6, 7, 8, 9))
    while True:
        moment = datetime(
            YEAR, month, random.randrange(6, 20), random.randrange(9, 15), 30, 15, tzinfo=ZoneInfo(ZONES[-1])
        )
        if (month, moment.day) not in HOLIDAYS:
            return moment


def _after_hours(random: Random) -> Facts:
    # Received at six in the evening: counts, leniently, from the next day. Told on the evening of day eight.
    received = _western(random)
    while ((received + DAY).month, (received + DAY).day) in HOLIDAYS:
        received = _western(random)
    received = received.replace(hour=18)
    return _ended(random, received, _local(received, 8, 20))


def _holiday(random: Random) -> Facts:
    # 3 July 2026 is observed for 4 July: what came in then counts, leniently, from the fifth.
    received = datetime(YEAR, 7, 3, random.randrange(8, 16), 20, tzinfo=ZoneInfo(ZONES[-1]))
    return _ended(random, received, _local(received, 9, 20))


def _spring(random: Random, seconds: int) -> Facts:
    # 72 hours over the night of 8 March 2026, of which the clock shows 73.
    received = datetime(YEAR, 3, 6, random.randrange(9, 15), 0, tzinfo=ZoneInfo(ZONES[0]))
    return _ended(random, received, _after(received, timedelta(hours=72, seconds=seconds)), urgency="expedited")


def _partial_kept(random: Random) -> Facts:
    return _standard(random, outcome="partial", **reasoned(random))


def _impossible(random: Random) -> Facts:
    facts = _standard(random)
    facts["decided"] = facts["notified"] = _after(facts["received"], -3 * DAY)
    return facts


def _without(random: Random, *names: str) -> Facts:
    facts = _standard(random)
    return facts | dict.fromkeys(names)


def _drug(random: Random, most: timedelta, urgency: str = "standard", **more: Any) -> Facts:
    return decided_within(random, HOUR, most, kind="part-b", urgency=urgency, **{"service": "J1745", **more})


def _late_drug(random: Random) -> Facts:
    return decided_within(random, 5 * DAY, 9 * DAY, kind="part-b", service="J1745")


def _open(random: Random) -> Facts:
    # Received in the last two days of the year, when the records were drawn.
    received = datetime(YEAR, 12, 30, random.randrange(9, 15), tzinfo=ZoneInfo(ZONES[0]))
    return _facts(random, received, outcome="pended", decided=None, notified=None)


def _overdue(random: Random) -> Facts:
    # Past its days and past every extension when the records were drawn.
    return _facts(random, _business_day(random), outcome="pended", decided=None, notified=None)


def _extended(random: Random, least: timedelta, most: timedelta, **more: Any) -> Facts:
    facts = decided_within(random, least, most, extended="yes", extended_by="member", **more)
    return {"extension_notice": facts["received"] + 5 * DAY, **facts}


def _upgraded(random: Random, spent: timedelta) -> Facts:
    received = _business_day(random)
    changed = _after(received, 2 * DAY)
    return _ended(
        random, received, _after(changed, spent), urgency="expedited", urgency_asked="standard", urgency_changed=changed
    )


STANDARD, EXPEDITED = "prior-auth.decision-time-standard", "prior-auth.decision-time-expedited"
REASON, PART_B = "prior-auth.denial-reason-any-channel", "drug-decisions.part-b"

LAWFUL: tuple[Case, ...] = (
    Case("approved_in_time", 4200, "in_time", _standard),
    Case("denied_with_a_reason", 700, "in_time", lambda r: _standard(r, outcome="denied", **reasoned(r))),
    Case("partly_approved_with_a_reason", 150, "in_time", _partial_kept),
    Case("expedited_in_time", 900, "in_time", _expedited),
    Case("expedited_denied_with_a_reason", 120, "in_time", lambda r: _expedited(r, outcome="denied", **reasoned(r))),
    Case("decided_at_once", 300, "in_time", lambda r: decided_within(r, timedelta(seconds=2), timedelta(seconds=40))),
    Case("on_the_last_evening", 60, "close", lambda r: (lambda w: _ended(r, w, _local(w, 7, 20)))(_western(r)), exact=True),
    Case("in_the_last_second", 20, "close", lambda r: (lambda w: _ended(r, w, _local(w, 7, 23, 59, 59)))(_western(r)), exact=True),
    Case("received_after_hours", 30, "close", _after_hours, exact=True),
    Case("received_on_a_holiday", 30, "close", _holiday, exact=True),
    Case("expedited_to_the_second_when_clocks_go_forward", 10, "in_time", lambda r: _spring(r, 0), exact=True),
    Case("extended_in_time", 80, "in_time", lambda r: _extended(r, 8 * DAY, 13 * DAY), log=True),
    Case("expedited_later", 30, "in_time", lambda r: _upgraded(r, 60 * HOUR), log=True),
    Case("expedited_was_refused", 40, "in_time", lambda r: _standard(r, urgency_asked="expedited"), log=True),
    Case("part_b_drug_in_time", 120, "in_time", lambda r: _drug(r, 40 * HOUR)),
    Case("part_b_drug_expedited", 40, "in_time", lambda r: _drug(r, 7 * HOUR, "expedited")),
    Case("withdrawn", 60, "excluded:withdrawn", lambda r: _standard(r, outcome="withdrawn")),
    Case("dismissed", 20, "excluded:dismissed", lambda r: _standard(r, outcome="dismissed"), log=True),
    Case("after_the_service", 50, "excluded:post-service", lambda r: decided_within(r, 9 * DAY, 25 * DAY, exclusion="post-service"), log=True),
    Case("concurrent", 30, "excluded:concurrent", lambda r: decided_within(r, 9 * DAY, 20 * DAY, exclusion="concurrent"), log=True),
    Case("no_member", 20, "excluded:not-a-member", lambda r: _standard(r, outcome="denied", exclusion="not-a-member"), log=True),
    Case("an_appeal", 20, "excluded:appeal", lambda r: decided_within(r, 9 * DAY, 25 * DAY, exclusion="appeal")),
    Case("overturned_on_appeal", 50, "in_time", lambda r: _standard(r, outcome="denied", appeal="approved", **reasoned(r)), log=True),
    Case("upheld_on_appeal", 40, "in_time", lambda r: _standard(r, outcome="denied", appeal="denied", **reasoned(r)), log=True),
    Case("still_open", 40, "open", _open),
)  # fmt: skip

UNLAWFUL: tuple[Case, ...] = (
    Case("late_standard", 150, "late", lambda r: decided_within(r, 12 * DAY, 20 * DAY), (STANDARD,)),
    Case("late_by_a_second", 15, "late", lambda r: (lambda w: _ended(r, w, _local(w, 8, 0)))(_western(r)), (STANDARD,), exact=True),
    Case("told_late", 40, "late", lambda r: (lambda f: f | {"notified": f["received"] + 12 * DAY})(_standard(r)), (STANDARD,), log=True),
    Case("late_after_an_extension", 20, "late", lambda r: _extended(r, 25 * DAY, 30 * DAY), (STANDARD,), log=True),
    Case("late_expedited", 60, "late", lambda r: decided_within(r, 5 * DAY, 8 * DAY, urgency="expedited"), (EXPEDITED,)),
    Case("late_by_a_second_when_clocks_go_forward", 10, "late", lambda r: _spring(r, 1), (EXPEDITED,), exact=True),
    Case("late_after_expediting", 10, "late", lambda r: _upgraded(r, 80 * HOUR), (EXPEDITED,), log=True),
    Case("overdue", 20, "overdue", _overdue, (STANDARD,)),
    Case("late_part_b_drug", 20, "late", lambda r: _late_drug(r), (PART_B,)),
    Case("denied_without_a_reason", 80, "in_time", lambda r: _standard(r, outcome="denied", reason_code="", reason=""), (REASON,)),
    Case("denied_with_boilerplate", 40, "in_time", lambda r: _standard(r, outcome="denied", reason_code="", reason=r.choice(BOILERPLATE)), (REASON,)),
)  # fmt: skip

# Neither lawful nor unlawful: records from which nothing can be told.
UNCLEAR: tuple[Case, ...] = (
    Case("decided_before_it_was_received", 30, "before", _impossible),
    Case("without_a_receipt", 20, "no_receipt", lambda r: _without(r, "received")),
    Case("without_an_end", 20, "no_end", lambda r: _without(r, "decided", "notified"), log=True),
    Case("without_a_notice", 30, "in_time", lambda r: _without(r, "notified"), log=True),
)

CASES: Mapping[str, Case] = {case.name: case for case in (*LAWFUL, *UNLAWFUL, *UNCLEAR)}
