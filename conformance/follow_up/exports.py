"""Exports that were not complete when a run ended: their status is asked for, and how long they take is judged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from conformance.apis.bulk_manifest import ACCEPTED, OK, read_manifest
from conformance.errors import NotTested
from conformance.exchange import Exchange, ended
from conformance.flows.bulk import Bulk
from conformance.flows.bulk_job import Job
from conformance.flows.bulk_matching import OF_MATCH
from conformance.flows.bulk_requests import STATUS, Requests
from conformance.flows.recording import Recording
from conformance.flows.response_times import RESPONSES, Response, ResponseTimes
from conformance.follow_up.kind import Kind, Stand
from conformance.follow_up.ledger import Entry
from conformance.run import Subject
from conformance.strict_json import load_or_none
from conformance.target import Claim, Target

EXPORTS = {api: f"{api}.export" for api in OF_MATCH}


def incomplete(recording: Recording, claim: Claim) -> Iterator[Job]:
    """The export of a run that was begun and is not complete, where how long it takes can be judged at all."""
    if not recording.target.representative:
        return
    with suppress(Exception):  # whatever it is, a scenario has told it
        job = Bulk(recording, claim).exported().job
        if job.begun and job.unfinished:
            yield job


def _view(target: Target, _entry: Entry) -> Target:
    """The target, with nothing that writes allowed."""
    return replace(target, environment="production", allow=frozenset())


def _ask(recording: Recording, claim: Claim, entry: Entry) -> Exchange:
    return Requests(recording, claim).get(STATUS, entry.numbers[0], f"{entry.name}:follow-up")


def _stand(subject: Subject, claim: Claim, entry: Entry, asked: Exchange) -> Stand:
    manifest = read_manifest(load_or_none(asked.body)) if asked.status == OK else None
    if asked.status != ACCEPTED and (manifest is None or manifest.faults):
        raise NotTested(f"the status of an export is answered with status {asked.status} and no whole manifest")
    if manifest is None:
        entry = replace(entry, pended_at=asked.started or entry.asked)
    response = Response(f"{STATUS} {entry.name}", entry.sent, entry.pended_at, ended(asked) if manifest else None)
    subject.recording.recall((claim, RESPONSES), (response,), [asked])
    [timed] = ResponseTimes(subject.recording, claim).timed()
    return Stand(entry, manifest is None, timed.late)


def _seen(_subject: Subject, _claim: Claim) -> Mapping[str, Any]:
    return {}


KIND = Kind(_view, _ask, _stand, _seen, (STATUS,))
