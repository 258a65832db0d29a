"""Searches and reads of a formulary's endpoint: what is sent, and how its pages are followed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from conformance.apis.formulary import FORMULARY_ITEM
from conformance.apis.raw import body_of, raw_problem
from conformance.apis.searchset import no_searchset, read_page
from conformance.apis.shapes import JsonObject
from conformance.errors import NotTested, Unjudgeable
from conformance.exchange import Exchange
from conformance.flows.paging import Found, Reach, Step, gathered, next_page
from conformance.flows.recording import Recording, answered, resource_of
from conformance.target import Claim
from conformance.wire.payer import Request

Params = tuple[tuple[str, str], ...]
RAW = "formulary.answers-are-fhir"
EVERYTHING = Reach(pages=500, matches=20_000, size=128 * 2**20)
ENOUGH = Reach(pages=50, matches=1_000)  # of a search that is asked for its own sake
ONE_PAGE = Reach(pages=1, matches=1_000)
PAGE_SIZE = "100"
LISTING, AGAIN = "listing", "listing-again"

ITEMS: Params = (("code", f"{FORMULARY_ITEM.system}|{FORMULARY_ITEM.code}"),)
ACTIVE: Params = (("status", "active"),)
# How each type is listed, and how where a server refuses that: a plan without a status is not found by one.
LISTINGS: dict[str, tuple[Params, ...]] = {
    "InsurancePlan": ((), ACTIVE),
    "Basic": (ITEMS,),
    "MedicationKnowledge": (ACTIVE,),
}


class Searches:
    """What is sent to one endpoint; remembered by the caller. ``other``: with the target's second credentials."""

    def __init__(self, recording: Recording, claim: Claim, *, other: bool = False) -> None:
        self._recording = recording
        self._claim = claim
        self._other = other

    def get(
        self, operation: str, path: str, case: str, params: Params = (), token: str = "own"  # noqa: S107
    ) -> Exchange:  # fmt: skip
        """One request and its answer."""
        request = Request(
            operation=operation, method="GET", path=path, case=case, claim=self._claim.label, params=params, token=token
        )
        return self._recording.send(self._claim, request, other=self._other)

    def given(self, operation: str, path: str) -> JsonObject | None:
        """The resource that one request gives, or None where it gives none."""
        exchange = answered(self.get(operation, path, "read"), RAW)
        with suppress(NotTested):
            return resource_of(exchange, RAW) if exchange.status == 200 else None
        return None

    def list_all(self, type_: str) -> Found:
        """A listing; where the server refuses to list a type in one way, in the next."""
        first, *others = LISTINGS[type_]
        found = self.search(type_, first, LISTING, EVERYTHING)
        for params in others:
            found = found if found.ok else self.search(type_, params, AGAIN, EVERYTHING)
        return found

    def search(self, type_: str, params: Params, case: str, reach: Reach) -> Found:
        """The pages of a search, as far as ``reach`` goes."""
        query = "?".join((type_, *filter(None, ("&".join(f"{key}={value}" for key, value in params),))))
        exchange = self.get("formulary.search", type_, case, (*params, ("_count", PAGE_SIZE)))
        if exchange.failure is None and exchange.status is not None and not 200 <= exchange.status < 300:
            return Found(query, exchange.status, ok=False)
        try:
            return gathered(query, exchange.status, self._pages(exchange, type_, case, reach))
        except NotTested as unread:
            if case != "search":
                raise
            return Found(query, exchange.status, ok=False, problem=unread.message)

    def _pages(self, exchange: Exchange, type_: str, case: str, reach: Reach) -> Iterator[Step]:
        seen = {exchange.url}
        count = pages = size = 0
        while True:
            page = read_page(resource_of(exchange, RAW), type_)
            if page is None:
                raise NotTested("the search is not answered with a searchset Bundle", because=RAW)
            pages, count, size = pages + 1, count + len(page.matches), size + len(exchange.body)
            there, near = next_page(exchange.url, page.next) if page.next else ("", True)
            looped = there if there in seen else ""
            enough = pages >= reach.pages or count >= reach.matches or size >= reach.size
            cut = bool(there) and near and not looped and enough
            step = Step(page, looped, "" if near else there, cut)
            yield step
            if step.is_last:
                return
            seen.add(there)
            exchange = self.get("formulary.search", there, case)
            if exchange.failure is not None and exchange.failure.actor != "payer":
                raise Unjudgeable(exchange.failure.message, exchange.failure.actor)


def searchset_problem(exchange: Exchange) -> str:
    """What makes an answer no results of a search, as FHIR writes them; "" where it is these."""
    return raw_problem(exchange, ("Bundle",)) or no_searchset(body_of(exchange))


def listings_sent(recording: Recording, claim: Claim) -> tuple[Exchange, ...]:
    """The answers by which an endpoint listed its resources; a refusal is none where the type was asked for again."""
    sent = recording.exchanges("formulary.search", claim)
    again = {_asked(each) for each in sent if each.case == AGAIN}
    return tuple(
        each
        for each in sent
        if each.case == AGAIN or (each.case == LISTING and ((each.status or 0) < 400 or _asked(each) not in again))
    )


def _asked(exchange: Exchange) -> str:
    """The address of a search without what it was searched by."""
    return exchange.url.partition("?")[0]
