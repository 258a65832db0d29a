"""Others than we ask for an export that is ours: nobody in particular, and another organization's client."""

from __future__ import annotations

from collections.abc import Iterable

from conformance.exchange import Exchange
from conformance.flows.bulk_files import ReadFile
from conformance.flows.bulk_groups import RAW
from conformance.flows.bulk_job import Job
from conformance.flows.bulk_requests import STATUS, Requests
from conformance.flows.recording import answered
from conformance.wire.gateway import REFUSED, origin
from conformance.wire.request import NONE, OWN

NO_TOKEN, ANOTHER = "no-token", "another client"


def without_token(asks: Requests, group: str, job: Job, files: Iterable[ReadFile]) -> tuple[Exchange, ...]:
    """The answers without credentials to the kick-off and, where the manifest says that it takes a token, to the status
    URL and to the first file of an export."""
    return tuple(answered(each, RAW) for each in _asked(asks, NO_TOKEN, NONE, group, job, files))


def with_another_token(asks: Requests, group: str, job: Job, files: Iterable[ReadFile]) -> tuple[Exchange, ...]:
    """The same of another client, which ``asks`` sends as."""
    sent = _asked(asks, ANOTHER, OWN, group, job, files)
    # A client that gets its token is known: a refusal, in whatever words, is about what it asks for.
    return tuple(each if each.status in REFUSED else answered(each, RAW) for each in sent)


def _asked(
    asks: Requests, case: str, token: str, group: str, job: Job, files: Iterable[ReadFile]
) -> tuple[Exchange, ...]:
    sent = [asks.kick_off(group, case, {}, token=token)]
    if job.manifest and job.manifest.requires_token:
        own = [each for each in files if origin(each.url) == origin(asks.claim.base_url)][:1]
        sent.append(asks.get(STATUS, job.status_url, case, token=token))
        sent += [asks.get("bulk.file", each.url, case, token=token) for each in own]
    return tuple(sent)
