"""How long a payer takes to give the data that it was asked for, against the business day that the law gives it.

A job lasts from its kick-off until its manifest is there: the bulk match and the export after it each by itself. The
limit is a row of suites/rules/response.toml.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from conformance import clock
from conformance.errors import NotApplicable, NotTested
from conformance.exchange import ended
from conformance.flows.bulk import Bulk
from conformance.flows.bulk_job import Job
from conformance.flows.bulk_matching import KICK_OFF, MANIFEST
from conformance.flows.payer_to_payer import PayerToPayer
from conformance.flows.recording import Recording
from conformance.flows.target_cases import representative
from conformance.limits import Limit, Timing, load_limits, timing
from conformance.paths import suites
from conformance.target import Claim

RESPONSES = "responses"  # the act by which they are remembered


@dataclass(frozen=True)
class Response:
    """A request for data: when it was sent, when it was last seen without its end, when that was seen first (None: it
    has not come yet)."""

    at: str
    asked: datetime
    pended_at: datetime
    seen: datetime | None


@dataclass(frozen=True)
class TimedResponse:
    """A request for data against its limit."""

    response: Response
    limit: Limit
    timing: Timing

    @property
    def at(self) -> str:
        return self.response.at

    @property
    def late(self) -> bool:
        """Whether no lawful reading has it in time."""
        return self.timing.late

    @property
    def close(self) -> bool:
        """Whether only a lenient reading has it in time."""
        return self.timing.close

    @property
    def open(self) -> bool:
        """Whether its end has not come yet."""
        return self.response.seen is None

    @property
    def due(self) -> str:
        """By when it had to be answered at the latest."""
        return self.timing.due.lenient.isoformat(timespec="minutes")

    @property
    def told(self) -> str:
        """What was measured, for a finding."""
        last = self.response.seen or self.response.pended_at
        when = f"{'not ' if self.open else ''}complete at {last.isoformat(timespec='minutes')}"
        return f"asked {self.response.asked.isoformat(timespec='minutes')}, {when}, due {self.due} by {self.limit.cite}"


class ResponseTimes:
    """The requests for data at one endpoint, with how long they took."""

    def __init__(self, recording: Recording, claim: Claim) -> None:
        self._recording = recording
        self.claim = claim

    def judge(self) -> tuple[TimedResponse, ...]:
        """Every request against its limit; NotTested where one is open and not late yet, or where the
        environment does not work at the speed of the real thing."""
        representative(self._recording.target)
        timed = self.timed()
        waiting = next((each for each in timed if each.open), None)
        if waiting and not any(each.late for each in timed):
            raise NotTested(f"{waiting.at} is not complete, and not due before {waiting.due}: conformance follow-up")
        return timed

    def timed(self) -> tuple[TimedResponse, ...]:
        """Every request against its limit, whether its end has come or not."""
        target, limit = self._recording.target, limits()[self.claim.api]
        found = []
        for each in self._recording.act((self.claim, RESPONSES), self._responses):
            received = clock.between(each.asked, each.asked)
            last = clock.between(each.pended_at, each.seen or each.pended_at)
            found.append(TimedResponse(each, limit, timing(received, last, limit, target.timezones, target.holidays)))
        return tuple(found)

    def _responses(self) -> tuple[Response, ...]:
        if self.claim.api == "payer-to-payer" and not PayerToPayer(self._recording, self.claim).in_bulk:
            raise NotApplicable("the data of one member come at once, or are missing: payer-to-payer.matched-data")
        bulk = Bulk(self._recording, self.claim)
        bulk.exported()  # a match alone gives no data
        return tuple(_of_job(bulk, job) for job in bulk.jobs())


def _of_job(bulk: Bulk, job: Job) -> Response:
    asked = job.kick_off.started or clock.now()
    if job.unfinished:
        return Response(job.at, asked, job.pended_at or asked, None)
    if not bulk.has_manifest(job):
        raise NotTested(f"{job.at} has no whole manifest", because=MANIFEST if job.polls else KICK_OFF)
    return Response(job.at, asked, job.pended_at or asked, ended(job.polls[-1]))


@cache
def limits() -> Mapping[str, Limit]:
    """The limits for giving data, by API (suites/rules/response.toml)."""
    return {each.rule: each for each in load_limits(suites() / "rules" / "response.toml")}
