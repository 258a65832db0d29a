"""Exports that were not complete when a run ended: their status is asked for, how long they take and what they bring
is judged."""

from __future__ import annotations

from dataclasses import replace

from conformance.apis.bulk_manifest import ACCEPTED, OK, read_manifest
from conformance.errors import NotTested, Unjudgeable
from conformance.exchange import Exchange, ended
from conformance.flows.bulk import Bulk
from conformance.flows.bulk_job import GONE, Job
from conformance.flows.bulk_matching import OF_MATCH
from conformance.flows.bulk_requests import STATUS, Requests
from conformance.flows.recording import Recording
from conformance.flows.response_times import RESPONSES, Response, ResponseTimes
from conformance.follow_up.again import rules
from conformance.follow_up.kind import Kind, Stand
from conformance.follow_up.ledger import Entry
from conformance.run import Subject
from conformance.strict_json import load_or_none
from conformance.target import Claim, Target

EXPORTS = {api: f"{api}.export" for api in OF_MATCH}


def _view(target: Target, _entry: Entry) -> Target:
    """The target, with nothing that writes allowed."""
    return replace(target, environment="production", allow=frozenset())


def _ask(recording: Recording, claim: Claim, entry: Entry) -> Exchange:
    return Requests(recording, claim).get(STATUS, entry.numbers[0], f"{entry.name}:follow-up")


def _stand(subject: Subject, claim: Claim, entry: Entry, asked: Exchange) -> Stand:
    recording, told = subject.recording, ""
    manifest = read_manifest(load_or_none(asked.body)) if asked.status == OK else None
    if asked.status != ACCEPTED and (manifest is None or manifest.faults):
        raise NotTested(f"the status of an export is answered with status {asked.status} and no whole manifest")
    if manifest is None:
        entry = replace(entry, pended_at=asked.started or entry.asked, gone=0)
    else:
        status_url, group = (*entry.numbers, "")[:2]
        job = Job(_kick_off(claim, entry), status_url, (asked,), manifest)
        last = entry.gone + 1 >= rules().gone
        try:
            Bulk(recording, claim).taken_up(group, job, last=last)
        except NotTested as reason:
            told = reason.message
        except Unjudgeable as reason:
            return Stand(replace(entry, gone=entry.gone + 1), True, False, reason.message)
    response = Response(f"{STATUS} {entry.name}", entry.sent, entry.pended_at, ended(asked) if manifest else None)
    recording.recall((claim, RESPONSES), (response,), [asked])
    [timed] = ResponseTimes(recording, claim).timed()
    return Stand(entry, manifest is None, timed.late and subject.target.representative, told)


def _kick_off(claim: Claim, entry: Entry) -> Exchange:
    """The kick-off of an earlier run, as far as the ledger knows it."""
    return Exchange("", "bulk.export", entry.name, claim.label, "POST", "", status=ACCEPTED, started=entry.sent)


def _gone(asked: Exchange) -> bool:
    return asked.status in GONE


KIND = Kind(_view, _ask, _stand, (STATUS, "bulk.groups", "bulk.file"), gone=_gone)
