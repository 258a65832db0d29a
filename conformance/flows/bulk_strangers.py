"""Who asks for an export that is ours: nobody in particular, and another organization's client."""

from __future__ import annotations

from conformance.errors import NotTested
from conformance.exchange import Exchange
from conformance.flows.bulk import Bulk, Export
from conformance.flows.bulk_groups import RAW
from conformance.flows.bulk_requests import STATUS, Requests
from conformance.flows.recording import Recording, answered
from conformance.target import Claim
from conformance.wire.gateway import REFUSED, origin
from conformance.wire.request import NONE, OWN

NO_TOKEN, ANOTHER = "no-token", "another client"


class Strangers:
    """What others than we come to at one bulk endpoint; every act is recorded."""

    def __init__(self, recording: Recording, claim: Claim) -> None:
        self._recording = recording
        self.claim = claim
        self._bulk = Bulk(recording, claim)

    def without_token(self) -> tuple[Exchange, ...]:
        """The answers without credentials: to the kick-off and, where the manifest says that it takes a token, to the
        status URL and to the first file of the export."""
        self._recording.guarded(self.claim)
        asks, whole = Requests(self._recording, self.claim), self._bulk.export()
        sent = self._recording.act((self.claim, NO_TOKEN), lambda: self._asked(whole, asks, NO_TOKEN, NONE))
        return tuple(answered(each, RAW) for each in sent)

    def another_client(self) -> tuple[Exchange, ...]:
        """The same of a second client, of another organization; NotTested where nothing tells that it is one."""
        asks, whole = Requests(self._recording, self.claim, other=True), self._bulk.export()
        target = self._recording.target
        if target.other_requester.get("npi") in (None, target.requester.get("npi")):
            raise NotTested("needs to know whose system the second client is", change="other_requester.npi")
        sent = self._recording.act((self.claim, ANOTHER), lambda: self._asked(whole, asks, ANOTHER, OWN))
        # A client that gets its token is known: a refusal, in whatever words, is about what it asks for.
        return tuple(each if each.status in REFUSED else answered(each, RAW) for each in sent)

    def _asked(self, whole: Export, asks: Requests, case: str, token: str) -> tuple[Exchange, ...]:
        sent = [asks.kick_off(whole.group, case, {}, token=token)]
        manifest = whole.job.manifest
        if manifest and manifest.requires_token:
            own = [each for each in whole.files if origin(each.url) == origin(self.claim.base_url)][:1]
            sent.append(asks.get(STATUS, whole.job.status_url, case, token=token))
            sent += [asks.get("bulk.file", each.url, case, token=token) for each in own]
        return tuple(sent)
