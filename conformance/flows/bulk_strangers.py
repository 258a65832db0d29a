"""Others than we ask for an export that is ours: nobody in particular, and another organization's client."""

from __future__ import annotations

from conformance.exchange import Exchange
from conformance.flows.bulk_groups import RAW
from conformance.flows.bulk_requests import STATUS, Requests
from conformance.flows.exported import Export
from conformance.flows.recording import answered, answered_or_refused
from conformance.wire.gateway import origin
from conformance.wire.request import NONE, OWN

NO_TOKEN, ANOTHER = "no-token", "another client"


def without_token(asks: Requests, own: Export) -> tuple[Exchange, ...]:
    """The answers without credentials to the kick-off and, where the manifest says that it takes a token, to the status
    URL and to the first file of an export."""
    return tuple(answered(each, RAW) for each in _asked(asks, own, NO_TOKEN, NONE))


def with_another_token(asks: Requests, own: Export) -> tuple[Exchange, ...]:
    """The same of another client, which ``asks`` sends as."""
    return tuple(answered_or_refused(each, RAW) for each in _asked(asks, own, ANOTHER, OWN))


def _asked(asks: Requests, own: Export, case: str, token: str) -> tuple[Exchange, ...]:
    sent = [asks.kick_off(own.group, case, {}, token=token)]
    if own.job.manifest and own.job.manifest.requires_token:
        here = [each for each in own.files if origin(each.url) == origin(asks.claim.base_url)][:1]
        sent.append(asks.get(STATUS, own.job.status_url, case, token=token))
        sent += [asks.get("bulk.file", each.url, case, token=token) for each in here]
    return tuple(sent)
