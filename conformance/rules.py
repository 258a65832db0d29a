"""The rules of suites/rules applied to what was seen: decisions against their clocks, answers against their limits."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from conformance import clock
from conformance.errors import NotTested
from conformance.exchange import Exchange
from conformance.flows.recording import Recording
from conformance.flows.submission import Decided
from conformance.limits import Asked, Due, Limit, limit_for, limits, timing
from conformance.paths import suites
from conformance.target import Claim, Known, Target


@dataclass(frozen=True)
class LatencyLimit:
    """How long an answer of ``operation`` may take, in seconds."""

    requirement: str
    operation: str
    seconds: float
    cite: str


@cache
def latency_limits() -> tuple[LatencyLimit, ...]:
    """The limits for answers (suites/rules/latency.toml)."""
    rows = tomllib.loads((suites() / "rules" / "latency.toml").read_text("utf-8"))
    return tuple(LatencyLimit(**row) for row in rows.values())


@dataclass(frozen=True)
class Timed:
    """One decision against its clock: ``late`` by the lenient reading, ``close`` between strict and lenient."""

    at: str
    limit: Limit
    received: clock.Stamp
    decided: clock.Stamp | None
    due: Due
    late: bool
    close: bool

    @property
    def told(self) -> str:
        when = self.decided.text if self.decided else "still pended"
        return f"received {self.received.text}, decided {when}, due {self.due.lenient.isoformat(timespec='minutes')}"


class Clocks:
    """The decision clocks of one payer."""

    def __init__(self, target: Target) -> None:
        self._target = target

    def time(self, decided: Decided, requirement: str) -> Timed | None:
        """A known authorization against the clock in force when it was received; None where none was.

        Ends at the notice the target states, else at the decision it states, else at the issue date the payer tells,
        else, still pended, now. Past due and pended is late only when even an extension is over.
        """
        target, known = self._target, decided.known
        received = clock.stamp(known.received, target.timezones)
        if received is None:
            return None
        limit = limit_for(limits(), requirement, self._asked(known, received))
        if limit is None or not limit.decides:
            return None
        pended = bool(decided.answer.pended) and known.notified is None and known.decided is None
        told = clock.now() if pended else known.notified or known.decided
        ended = clock.stamp(told, target.timezones) if told else _issued(decided, target.timezones)
        if ended is None:
            return None
        found = timing(received, ended, limit, target.timezones, target.holidays, extended=pended)
        return Timed(decided.at, limit, received, None if pended else ended, found.due, found.late, found.close)

    def _asked(self, known: Known, received: clock.Stamp) -> Asked:
        target = self._target
        periods = {"rating-period": target.rating_period_start, "plan-year": target.plan_year_start}
        return Asked(
            target.payer_type,
            received,
            urgency=known.urgency,
            part_d=target.part_d,
            periods={name: start for name, start in periods.items() if start},
            zones=target.timezones,
        )

    def judge(self, decided: tuple[Decided, ...], requirement: str) -> tuple[Timed, ...]:
        """All that can be timed.

        NotTested where the environment is not representative, or nothing can be timed.
        """
        if not self._target.representative:
            raise NotTested(
                "a test environment shows that the clock can run, not how long people take", change="representative"
            )
        timed = tuple(each for one in decided if (each := self.time(one, requirement)))
        if not timed:
            raise NotTested("needs a known authorization with its time of receipt", change="known.prior-auth")
        return timed


def _issued(decided: Decided, zones: Sequence[str]) -> clock.Stamp | None:
    """The issue date of the item that was decided last; what is no date says nothing."""
    stamps = [issued for item in decided.answer.decided if (issued := clock.stamp(item.issued, zones))]
    return max(stamps, key=lambda issued: clock.instant(issued.latest), default=None)


class Latency:
    """How long answers took."""

    def __init__(self, recording: Recording, claim: Claim) -> None:
        self._recording = recording
        self._claim = claim

    def limit(self, operation: str) -> float:
        """Seconds an answer of this operation may take."""
        return next(each.seconds for each in latency_limits() if each.operation == operation)

    def samples(self, operation: str) -> tuple[Exchange, ...]:
        """Every answer to a well-formed request of this operation at this claim; failed exchanges are no samples."""
        return samples(self._recording, self._claim, operation)


def samples(recording: Recording, claim: Claim, operation: str) -> tuple[Exchange, ...]:
    """The exchanges of an operation that may stand for its latency."""
    return tuple(
        each
        for each in recording.exchanges(operation, claim)
        if each.failure is None and each.authorized and not each.case.startswith("invalid:")
    )
