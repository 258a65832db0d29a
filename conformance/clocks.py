"""Decisions against their clocks: which limits bind a payer, and what its requests came to under each of them.

A clock starts at the receipt that the target states, else at our own sending. It ends at the notice, else at the
decision date that the target or the payer's answer states, else when the answer that decides was first seen. PAS says
nothing of extensions: where one may have been taken, what is past due is advised until the extension too is over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from conformance import clock
from conformance.catalogue_file import PERIODS
from conformance.clock import Stamp
from conformance.errors import NotTested
from conformance.expect import only_if, show_table
from conformance.flows.histories import History
from conformance.limits import Asked, Limit, Timing, binding, limits, timing
from conformance.target import OwnClock, Target

CONTRACT = "prior-auth.contract-decision-time"


@dataclass(frozen=True)
class Timed:
    """One request against one clock; ``ended`` is None while it is pended, ``by`` says what ended it."""

    history: History
    limit: Limit
    received: Stamp
    ended: Stamp | None
    by: str
    timing: Timing

    @property
    def at(self) -> str:
        return self.history.at

    @property
    def late(self) -> bool:
        """Whether no lawful reading has it in time."""
        return self.timing.late

    @property
    def close(self) -> bool:
        """Whether only a lenient reading, or an extension, has it in time."""
        return self.timing.close

    @property
    def open(self) -> bool:
        """Whether it is still undecided, and nothing can be said yet."""
        return self.ended is None and not self.late and not self.close

    @property
    def state(self) -> str:
        """In a word: late, close, open or in time."""
        return next((word for word in ("late", "close", "open") if getattr(self, word)), "in time")

    @property
    def told(self) -> str:
        """What was measured, for a finding."""
        when = f"{self.by} {self.ended.text}" if self.ended else "still pended"
        due = self.timing.due.lenient.isoformat(timespec="minutes")
        unsure = f" (its urgency is unclear: {conflict})" if (conflict := self.history.urgency.conflict) else ""
        return f"received {self.received.text}, {when}, due {due} by {self.limit.cite}{unsure}"


class Clocks:
    """The decision clocks that run for one payer."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._limits = limits_of(target)

    def judge(self, histories: Iterable[History], requirement: str) -> tuple[Timed, ...]:
        """Every request that a requirement's clock can be judged by; what is open and not yet due is left out.

        NotApplicable where no such clock binds payers of this type; NotTested where the environment is not
        representative, or nothing can be judged.
        """
        only_if(self._bound(requirement), "payers whom this clock binds")
        found = [each for each in self.timed(histories) if each.limit.requirement == requirement]
        show_table("Decisions against their clocks", COLUMNS, [row_of(each) for each in found])
        if not self._target.representative:
            raise NotTested(
                "a test environment shows that the clock can run, not how long people take", change="representative"
            )
        over = tuple(each for each in found if not each.open)
        if not over and found:
            until = min(each.timing.due.lenient for each in found).isoformat(timespec="minutes")
            raise NotTested(f"what was asked for is still open, and not due before {until}: conformance follow-up")
        if not over and (key := self._unsaid(requirement)):
            raise NotTested("nobody says when the period begins from which this clock runs", change=key)
        if not over:
            raise NotTested("needs a known authorization with its time of receipt", change="known.prior-auth")
        return over

    def timed(self, histories: Iterable[History]) -> Iterator[Timed]:
        """Every request against every clock that runs for it, as far as its stamps can be read."""
        for history in histories:
            received = self._received(history)
            if received is None:
                continue
            for limit in binding(self._limits, self._asked(history, received)):
                if limit.decides or limit.standing != "final":
                    yield from self._against(history, limit, received)

    def _bound(self, requirement: str) -> bool:
        rows = (row for row in self._limits if row.requirement == requirement)
        return any(row.standing == "contract" or self._target.payer_type in row.payers for row in rows)

    def _unsaid(self, requirement: str) -> str:
        """The key of the target that a clock of the requirement waits for, if there is one."""
        target = self._target
        counted = {
            row.counted_from
            for row in self._limits
            if row.requirement == requirement and target.payer_type in row.payers and row.counted_from
        }
        return next((PERIODS[each] for each in counted if getattr(target, PERIODS[each]) is None), "")

    def _received(self, history: History) -> Stamp | None:
        given = history.received
        return given if isinstance(given, Stamp) else clock.stamp(given, self._target.timezones)

    def _asked(self, history: History, received: Stamp) -> Asked:
        target = self._target
        periods = {"rating-period": target.rating_period_start, "plan-year": target.plan_year_start}
        return Asked(
            target.payer_type,
            received,
            urgency=history.urgency.word,
            scope=history.scope,
            drug=history.drug,
            part_d=target.part_d,
            periods={name: start for name, start in periods.items() if start},
            zones=target.timezones,
        )

    def _against(self, history: History, limit: Limit, received: Stamp) -> Iterator[Timed]:
        zones, pended = self._target.timezones, history.pended and limit.ends == "decision"
        ended, by = (clock.stamp(clock.now()), "") if pended else self._end(history, limit)
        if ended is not None:
            extended = history.extended or history.pended or history.asks_more
            found = timing(received, ended, limit, zones, self._target.holidays, extended=extended)
            yield Timed(history, limit, received, None if pended else ended, by, found)

    def _end(self, history: History, limit: Limit) -> tuple[Stamp | None, str]:
        """When what the clock runs for was done, and by what that is known; None where nothing tells."""
        zones = self._target.timezones
        answered = clock.stamp(history.answered) if history.answered else None
        if limit.ends == "response" and answered:
            return answered, "answered"
        seen = clock.between(history.pended_at or history.seen, history.seen) if history.seen else None
        if limit.seconds:
            return seen, "first seen"  # a day says nothing of seconds
        for stated, by in ((history.notified, "notice"), (history.decided, "decided")):
            if stated is not None:
                return clock.stamp(stated, zones), by
        stamps = [stamp for issued in history.issued if (stamp := clock.stamp(issued, zones))]
        last = max(stamps, key=lambda stamp: clock.instant(stamp.latest), default=None)
        # What was already seen cannot have been decided later, whatever date it bears.
        if last and not (seen and clock.instant(seen.latest) < clock.instant(last.earliest)):
            return _no_later(last, seen), "issued"
        return seen, "first seen"


def _no_later(stamp: Stamp, seen: Stamp | None) -> Stamp:
    """The part of a stamp that lies before the moment at which its answer was seen."""
    if seen is None or clock.instant(stamp.latest) <= clock.instant(seen.latest):
        return stamp
    return replace(stamp, latest=seen.latest)


def limits_of(target: Target) -> tuple[Limit, ...]:
    """The clocks of law, proposals and advocates, as the target's agreements move them, and its contracts' own."""
    later = {each.rule: each for each in target.clocks if each.rule}
    rows = [_later(row, later.get(row.rule)) for row in limits()]
    contracts = [
        Limit(
            f"contract-{number}", CONTRACT, own.urgency, (), own.document, own.from_, own.until, own.days, own.hours,
            counted=own.counted, extension_days=own.extension_days, scope=own.scope, drugs=own.drugs,
            standing="contract", document=own.document,
        )
        for number, own in enumerate((each for each in target.clocks if not each.rule), 1)
    ]  # fmt: skip
    return (*rows, *contracts)


def _later(row: Limit, moved: OwnClock | None) -> Limit:
    return replace(row, from_=moved.from_, counted_from="", document=moved.document) if moved else row


COLUMNS = ("request", "urgency", "received", "ended", "by", "limit", "source", "due", "result")


def row_of(timed: Timed) -> tuple[str, ...]:
    """One line of the table of decisions and clocks, in the order of COLUMNS."""
    history = timed.history
    conflict = f" (unclear: {history.urgency.conflict})" if history.urgency.conflict else ""
    return (
        history.at,
        history.urgency.word + conflict,
        timed.received.text,
        timed.ended.text if timed.ended else "pended",
        timed.by,
        timed.limit.text,
        timed.limit.cite,
        timed.timing.due.lenient.isoformat(timespec="minutes"),
        timed.state,
    )


def timelines(clocks: Clocks, histories: Iterable[History], claim: str) -> list[dict[str, Any]]:
    """The member ``timelines`` of results.json: a row per request, with its clocks."""
    rows: dict[str, dict[str, Any]] = {}
    for each in clocks.timed(histories):
        rows.setdefault(each.at, _timeline(each, claim))["clocks"].append(_against(each))
    return list(rows.values())


def _timeline(timed: Timed, claim: str) -> dict[str, Any]:
    history = timed.history
    return {
        "request": history.at,
        "claim": claim,
        "source": history.source,
        "urgency": history.urgency.word,
        "conflict": history.urgency.conflict,
        "scope": history.scope,
        "drug": history.drug,
        "received": timed.received.earliest.isoformat(timespec="seconds"),
        "pended": history.pended,
        "clocks": [],
    }


def _against(timed: Timed) -> dict[str, str]:
    return {
        "rule": timed.limit.rule,
        "requirement": timed.limit.requirement,
        "limit": timed.limit.text,
        "cite": timed.limit.cite,
        "standing": timed.limit.standing,
        "due": timed.timing.due.lenient.isoformat(timespec="seconds"),
        "ended": timed.ended.latest.isoformat(timespec="seconds") if timed.ended else "",
        "by": timed.by,
        "state": timed.state,
    }
