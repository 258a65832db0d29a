"""A bulk job from its kick-off to its manifest: asked again when the payer says so, and not for ever.

Source: Bulk Data 2.0.0 (STU2), Bulk Data Status Request; FHIR R4 Asynchronous Request Pattern.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urljoin

from conformance import clock
from conformance.apis.bulk_manifest import ACCEPTED, OK, Manifest, read_manifest
from conformance.exchange import Exchange
from conformance.strict_json import load_or_none
from conformance.wire.gateway import retry_after, throttled

Ask = Callable[[str], Exchange]  # a GET at a URL

PAUSES = (
    0.05,
    0.2,
    0.5,
    1.0,
    2.0,
    5.0,
    10.0,
)  # seconds between polls where the payer names none, and after them the last
USUAL, LONGEST_PAUSE = 300.0, 60.0  # seconds that a job is waited for, and a pause kept, where the target names none
GONE = (404, 410)  # a job, or a file of it, that is no longer kept
MISHAPS = 1  # answers with a 5xx that are asked again


@dataclass(frozen=True)
class Job:
    """One job: its kick-off, the answers of its status URL, and its manifest, or why there is none.

    ``broken`` says what the payer did wrong on the way to a manifest; ``unfinished`` why we did not wait for one.
    """

    kick_off: Exchange
    status_url: str = ""
    polls: tuple[Exchange, ...] = ()
    manifest: Manifest | None = None
    broken: str = ""
    unfinished: str = ""

    @property
    def at(self) -> str:
        return f"{self.kick_off.operation} {self.kick_off.case}"

    @property
    def begun(self) -> bool:
        """Whether the kick-off was accepted, with the absolute URL of a status that can be asked for."""
        return bool(self.status_url) and "://" in self.kick_off.headers.get("content-location", "")

    @property
    def pended_at(self) -> datetime | None:
        """When it was last known to be going on."""
        going = [each.started for each in self.polls if each.status == ACCEPTED and each.started]
        return max(going, default=self.kick_off.started)

    @property
    def mishaps(self) -> tuple[Exchange, ...]:
        """The answers of the status URL that failed, although the job went on."""
        return tuple(each for each in self.polls[:-1] if (each.status or 0) >= 500)


def status_url_of(kick_off: Exchange, base_url: str) -> str:
    """Where the status of what was kicked off is asked for; "" where it was not begun, or nothing says where."""
    there = kick_off.headers.get("content-location", "") if kick_off.status == ACCEPTED else ""
    return urljoin(f"{base_url}/", there) if there else ""


def run(kick_off: Exchange, base_url: str, ask: Ask, patience: float | None) -> Job:
    """Follows a job that was kicked off until its manifest is there; ``patience`` is in seconds, those of the target.

    Where the target names none, a payer that asks for a long pause is not waited for: runs are to end.
    """
    status_url = status_url_of(kick_off, base_url)
    if not status_url:
        return Job(kick_off, broken=f"the kick-off is answered with status {kick_off.status} and no status URL")
    given, longest = (USUAL, LONGEST_PAUSE) if patience is None else (patience, patience)
    ends = clock.monotonic() + given
    polls: list[Exchange] = []
    mishaps = 0
    while True:
        polls.append(ask(status_url))
        last = polls[-1]
        if last.failure and not throttled(last.status, last.headers):
            return Job(kick_off, status_url, tuple(polls), unfinished=last.failure.message)
        if last.status == OK:
            manifest = read_manifest(load_or_none(last.body), last.media_type)
            said = "" if manifest else "what the status URL answers with 200 is no JSON object"
            return Job(kick_off, status_url, tuple(polls), manifest, broken=said)
        going = last.status == ACCEPTED or throttled(last.status, last.headers)
        if not going and ((last.status or 0) < 500 or mishaps >= MISHAPS):
            return Job(kick_off, status_url, tuple(polls), broken=f"the status URL answers with status {last.status}")
        mishaps += not going
        pause = _pause(last, len(polls))
        if pause > longest or clock.monotonic() + pause > ends:
            waited = f"the job was not complete after {len(polls)} polls"
            asked = f", and is to be asked again in {pause:.0f} s" if pause > PAUSES[-1] else f" and {given:.0f} s"
            return Job(kick_off, status_url, tuple(polls), unfinished=waited + asked)
        clock.sleep(pause)


def _pause(answer: Exchange, asked: int) -> float:
    """Seconds until the next poll: what the payer asks for, where it says it in a way that can be meant."""
    usual = PAUSES[min(asked, len(PAUSES)) - 1]
    return max(retry_after(answer.headers, clock.now()) or 0.0, usual)
