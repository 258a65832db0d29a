"""The Groups of a bulk endpoint: the one that is exported, those that are found, and somebody else's."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlencode

from conformance.apis.bulk_manifest import OK
from conformance.apis.match_groups import MatchGroup, groups_of
from conformance.apis.raw import body_of
from conformance.apis.search_values import token
from conformance.apis.shapes import JsonObject, codings, entries, identifiers
from conformance.errors import NotApplicable, NotTested
from conformance.exchange import Exchange
from conformance.flows.bulk_match import MATCHED
from conformance.flows.bulk_matching import OF_MATCH, BulkMatching
from conformance.flows.bulk_requests import Requests
from conformance.flows.member_data import Pages, is_refused, pages
from conformance.flows.recording import Recording, answered, answered_or_refused, resource_of, unending
from conformance.flows.target_cases import case_of
from conformance.target import Case, Claim
from conformance.wire.gateway import REFUSED

RAW = "bulk.groups"
GROUP = "cases.provider-access.attributed.group"


class Groups:
    """The Groups at one bulk endpoint; every act is recorded."""

    def __init__(self, recording: Recording, claim: Claim) -> None:
        self._recording = recording
        self.claim = claim
        self._asks = Requests(recording, claim)
        self._matches = BulkMatching(recording, claim)

    def group(self) -> MatchGroup:
        """The Group that is exported; NotApplicable at an API that exchanges nothing in bulk under the same guide."""
        return self._matched() if self.claim.api == "payer-to-payer" else self._attributed()

    def _matched(self) -> MatchGroup:
        group = self._matches.matched().group(MATCHED)
        if group is None or not group.id:
            raise NotTested("nobody was matched", because="pdex.match-buckets")
        return group

    def _attributed(self) -> MatchGroup:
        exchange = self._read()
        if exchange.status != 200 and self.claim.ig == "bulk":  # Bulk Data alone asks for no reading of Groups
            return MatchGroup("Group", self._own_id(), "", "", actual=True, members=(), owners=())
        found = groups_of([("Group", resource_of(exchange, RAW))])
        if is_refused(exchange):
            raise NotTested(f"the Group is answered with status {exchange.status}", change=GROUP)
        if exchange.status != 200 or not found:
            raise NotTested(f"the Group is answered with status {exchange.status}", because=RAW)
        return found[0]

    def _own_id(self) -> str:
        """The id of the Group that is exported."""
        if self.claim.api not in OF_MATCH:
            raise NotApplicable("this API exchanges nothing in bulk")
        if self.claim.api == "payer-to-payer":
            return self._matched().id
        ident = str(self._case("attributed").facts.get("group", ""))
        if not ident:
            raise NotTested("needs the id of a Group", change=GROUP)
        return ident

    def _read(self) -> Exchange:
        path = f"{self._asks.path('bulk.groups')}/{self._own_id()}"
        return self._recording.act(
            (self.claim, "read group"), lambda: self._asks.send("bulk.groups", path, "own group")
        )

    def read(self, ident: str) -> MatchGroup | None:
        """A Group as it is read by its id; None where it cannot be had."""
        asked = self._asks.send("bulk.groups", f"{self._asks.path('bulk.groups')}/{ident}", "own group")
        return next(iter(groups_of([("Group", body_of(asked))])), None) if asked.status == OK else None

    def group_answer(self) -> Exchange:
        """The answer to reading the Group that is exported, as this client may; NotTested where a Group that the target
        names is refused."""
        read = self._read()
        if unending(read):
            return read
        if self.claim.api == "provider-access" and is_refused(answered(read, RAW)):
            raise NotTested(f"the Group is answered with status {read.status}", change=GROUP)
        return answered(read, RAW)

    def unfound(self) -> str:
        """Why a search for the Group that is exported, by what it says of itself, does not find it; "" where it does.

        NotTested where nothing of it can be searched by, or where not all pages could be looked at.
        """
        own = body_of(self.group_answer()) or {}
        found = self._recording.act((self.claim, "search groups"), lambda: self._searched(_by(own)))
        if isinstance(found, str):
            return found
        listed = [each for bundle in found.bundles for each in entries(bundle)]
        if any((each.type, each.id) == ("Group", own.get("id")) for each in listed):
            return ""
        if found.lost:
            raise NotTested(f"not all pages could be looked at: {found.lost}", change=f"apis.{self.claim.api}.base_url")
        return f"not among the {len(listed)} resources that came"

    def _searched(self, query: str) -> Pages | str:
        """What a search for Groups finds, or what came in its place."""

        def ask(url: str) -> Exchange:
            found = self._asks.send("bulk.groups", url, "search")
            # Our own Group was given before: a refusal, in whatever words, is about the search.
            return replace(found, failure=None) if found.status in REFUSED else found

        try:
            found = pages(ask, f"{self._asks.path('bulk.groups')}?{query}", self.claim.base_url, RAW)
        except NotTested as unread:
            if unread.because != RAW:
                raise
            return unread.message
        return found or "the search is refused"

    def foreign(self) -> tuple[Exchange, ...]:
        """The answers to reading and exporting a Group that is somebody else's."""
        self._recording.guarded(self.claim)
        self.group()  # a client that is let in nowhere shows nothing
        ident = str(self._case("foreign-group").facts.get("group", ""))
        return self._recording.act((self.claim, "foreign"), lambda: self._foreign(ident))

    def _foreign(self, ident: str) -> tuple[Exchange, ...]:
        read = self._asks.send("bulk.groups", f"{self._asks.path('bulk.groups')}/{ident}", "foreign")
        asked = read, self._asks.kick_off(ident, "foreign", {})
        return tuple(answered_or_refused(each, RAW) for each in asked)

    def _case(self, name: str) -> Case:
        return case_of(self._recording.target, self.claim.api, name)


def _by(group: JsonObject) -> str:
    """The query that finds a Group: by its identifier, else by its code (CapabilityStatement pdex-*-access-server)."""
    tokens = [("identifier", each.system, each.value) for each in identifiers(group.get("identifier"))]
    tokens += [("code", each.system, each.code) for each in codings(group.get("code"))]
    for name, system, value in tokens:
        if value:
            return urlencode({name: token(system, value)})
    raise NotTested("the Group has neither identifier nor code to be searched by", because="pdex.match-groups")
