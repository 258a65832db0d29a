"""The Groups of a bulk endpoint: the one that is exported, those that are found, and somebody else's."""

from __future__ import annotations

from urllib.parse import urlencode

from conformance.apis.match_groups import MatchGroup, groups_of
from conformance.apis.searchset import read_page
from conformance.errors import NotApplicable, NotTested
from conformance.exchange import Exchange
from conformance.flows.bulk_match import MATCHED
from conformance.flows.bulk_matching import OF_MATCH, BulkMatching
from conformance.flows.bulk_requests import Requests
from conformance.flows.recording import Recording, answered, resource_of, unending
from conformance.flows.target_cases import case_of
from conformance.target import Case, Claim
from conformance.wire.gateway import REFUSED

RAW = "bulk.groups"


class Groups:
    """The Groups at one bulk endpoint; every act is recorded."""

    def __init__(self, recording: Recording, claim: Claim) -> None:
        self._recording = recording
        self.claim = claim
        self._asks = Requests(recording, claim)
        self._matches = BulkMatching(recording, claim)

    def group(self) -> MatchGroup:
        """The Group that is exported; NotApplicable at an API that exchanges nothing in bulk under the same guide."""
        if self.claim.api not in OF_MATCH:
            raise NotApplicable("this API exchanges nothing in bulk")
        if self.claim.api == "payer-to-payer":
            group = self._matches.matched().group(MATCHED)
            if group is None or not group.id:
                raise NotTested("nobody was matched", because="pdex.match-buckets")
            return group
        return self._recording.act((self.claim, "group"), self._attributed)

    def _attributed(self) -> MatchGroup:
        ident = str(self._case("attributed").facts.get("group", ""))
        if not ident:
            raise NotTested("needs the id of a Group", change="cases.provider-access.attributed.group")
        exchange = self._asks.send("bulk.groups", f"{self._asks.path('bulk.groups')}/{ident}", "attributed")
        if exchange.status != 200 and self.claim.ig == "bulk":  # Bulk Data alone asks for no reading of Groups
            return MatchGroup("Group", ident, "", "", actual=True, members=(), owners=())
        found = groups_of([("Group", resource_of(exchange, RAW))])
        if exchange.status != 200 or not found:
            raise NotTested(f"the Group is answered with status {exchange.status}", because=RAW)
        return found[0]

    def group_answer(self) -> Exchange:
        """The answer to reading the Group that is exported, as this client may."""
        path = f"{self._asks.path('bulk.groups')}/{self.group().id}"
        read = self._recording.act(
            (self.claim, "read group"), lambda: self._asks.send("bulk.groups", path, "own group")
        )
        return read if unending(read) else answered(read, RAW)

    def listed(self) -> tuple[MatchGroup, ...]:
        """All Groups that a search finds for this client."""
        number = str(self._recording.target.requester.get("npi", ""))
        exchange = self._recording.act(
            (self.claim, "search groups"),
            lambda: self._asks.send(
                "bulk.groups", f"{self._asks.path('bulk.groups')}?{urlencode({'identifier': number})}", "search"
            ),
        )
        page = read_page(resource_of(exchange, RAW))
        if page is None or exchange.status != 200:
            raise NotTested(f"the search for Groups is answered with status {exchange.status}", because=RAW)
        return groups_of((placed.at, placed.resource) for placed in page.matches)

    def foreign(self) -> tuple[Exchange, ...]:
        """The answers to reading and exporting a Group that is somebody else's."""
        self.group()  # a client that is let in nowhere shows nothing
        ident = str(self._case("foreign-group").facts.get("group", ""))
        return self._recording.act((self.claim, "foreign"), lambda: self._foreign(ident))

    def _foreign(self, ident: str) -> tuple[Exchange, ...]:
        read = self._asks.send("bulk.groups", f"{self._asks.path('bulk.groups')}/{ident}", "foreign")
        asked = read, self._asks.kick_off(ident, "foreign", {})
        # Our own Group was given before: a refusal, in whatever words, is about the other's.
        return tuple(each if each.status in REFUSED else answered(each, RAW) for each in asked)

    def _case(self, name: str) -> Case:
        return case_of(self._recording.target, self.claim.api, name)
