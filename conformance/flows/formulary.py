"""Drug formularies: everything that is listed, searches, reads; from an endpoint or from a folder of resources."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar

from conformance import clock
from conformance.apis.formulary import (
    DRUG_POLICY,
    FORMULARY_ITEM,
    RXNORM,
    Drug,
    Item,
    Location,
    Plan,
    kind_of,
    read_drug,
    read_formulary,
    read_item,
    read_location,
    read_plan,
)
from conformance.apis.formulary import (
    Formulary as FormularyList,
)
from conformance.apis.formulary_found import rxnorm_of, telling_word
from conformance.apis.raw import raw_problem, resource_problem
from conformance.apis.searchset import read_page
from conformance.apis.shapes import JsonObject, Placed
from conformance.errors import NotApplicable, NotTested, Unjudgeable
from conformance.exchange import Exchange
from conformance.expect import advise
from conformance.flows.declared import Declared, Lists, by_drug
from conformance.flows.paging import Found, Reach, Step, gathered, next_page
from conformance.flows.recording import Recording, answered, resource_of, unending
from conformance.primitives import wrong
from conformance.target import Claim
from conformance.wire.files import Folder
from conformance.wire.payer import Request

T = TypeVar("T")
Params = tuple[tuple[str, str], ...]
RAW = "formulary.answers-are-fhir"
TYPES = ("InsurancePlan", "Basic", "MedicationKnowledge", "Location")
EVERYTHING = Reach(pages=500, matches=20_000)
ENOUGH = Reach(pages=50, matches=1_000)  # of a search that is asked for its own sake
ONE_PAGE = Reach(pages=1, matches=1_000)
MOST_READS = 50  # resources that are referred to and not listed
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


@dataclass(frozen=True)
class Raw:
    """An answer, or a resource of a folder, and why it is no FHIR; "" where it is."""

    at: str
    problem: str


class Formulary:
    """What can be asked of one formulary; every act is recorded."""

    def __init__(self, recording: Recording, claim: Claim) -> None:
        self._recording = recording
        self.claim = claim
        self.guide = recording.guide(claim)
        self._advised: set[str] = set()

    # -- what is listed --------------------------------------------------------------------------------------------

    @cached_property
    def plans(self) -> tuple[Plan, ...]:
        """Every insurance plan of the guide's that is listed."""
        return self._read("InsurancePlan", lambda r, at: read_plan(r, at) if kind_of(r) == "plan" else None)

    @cached_property
    def formularies(self) -> tuple[FormularyList, ...]:
        """Every formulary listed: it says that it is one, or an item or plan takes it for one."""
        named = {item.formulary for item in self.items} | {key for plan in self.plans for key in plan.formularies}

        def read(resource: Any, at: str) -> FormularyList | None:
            kind = kind_of(resource)
            taken = kind is None and f"InsurancePlan/{resource.get('id')}" in named
            return read_formulary(resource, at) if kind == "formulary" or taken else None

        return self._read("InsurancePlan", read)

    @cached_property
    def items(self) -> tuple[Item, ...]:
        """Every formulary item listed."""
        return self._read("Basic", lambda r, at: item if (item := read_item(r, at)) and item.is_listing else None)

    @cached_property
    def drugs(self) -> tuple[Drug, ...]:
        """Every drug of the formularies: those listed that claim the guide's profile or that an item names, and (of an
        endpoint, as far as we read them) those that an item names and no listing shows."""
        named = {item.drug for item in self.items}
        listed = self._read("MedicationKnowledge", read_drug)
        unlisted = [self.looked_up(key) for key in self._unlisted if key.startswith("MedicationKnowledge/")]
        return (
            *(drug for drug in listed if drug.claimed or f"MedicationKnowledge/{drug.id}" in named),
            *(drug for each in unlisted if each and (drug := read_drug(each))),
        )

    @cached_property
    def locations(self) -> tuple[Location, ...]:
        """Every location a folder holds; an endpoint is not asked to list them."""
        return self._read("Location", read_location)

    def everything(self) -> tuple[Placed, ...]:
        """All resources listed, as they came."""
        return tuple(placed for type_ in LISTINGS for placed in self._listed(type_))

    def raw(self) -> tuple[Raw, ...]:
        """Every answer that lists something, or every resource of the folder, with what makes it no FHIR."""
        folder = self._recording.folder(self.claim)
        if folder is None:
            return tuple(
                Raw(f"{each.operation} {each.url}", raw_problem(each, ("Bundle",))) for each in self._listings()
            )
        return self._recording.act((self.claim, "raw"), lambda: self._raw_folder(folder))

    def _raw_folder(self, folder: Folder) -> tuple[Raw, ...]:
        listed = [placed for type_ in TYPES for placed in self._listed(type_)]
        unread = [Raw(each.at, each.message) for each in folder.problems]
        return (*unread, *(Raw(placed.at, resource_problem(placed.resource)) for placed in listed))

    def _listings(self) -> tuple[Exchange, ...]:
        for type_ in LISTINGS:
            with suppress(NotTested):
                self.listing(type_)
        sent = self._recording.exchanges("formulary.search", self.claim)
        again = {_asked(each) for each in sent if each.case == AGAIN}
        judged = [
            each
            for each in sent
            if each.case == AGAIN or (each.case == LISTING and ((each.status or 0) < 400 or _asked(each) not in again))
        ]
        return tuple(each if unending(each) else answered(each, "") for each in judged)

    def moment(self) -> datetime:
        """The moment whose formulary this is: now, or when a folder's export was made."""
        folder = self._recording.folder(self.claim)
        made = clock.stamp(folder.made) if folder else None
        return made.latest if made else clock.now()

    @property
    def is_dated(self) -> bool:
        """Whether that moment is known: a folder may not say when it was made."""
        folder = self._recording.folder(self.claim)
        return folder is None or clock.stamp(folder.made) is not None

    def was_listed(self) -> bool:
        """Whether this run listed the items already."""
        keys = ((self.claim, "listing", "Basic"), (self.claim, "folder", "Basic"))
        return any(self._recording.done(key) for key in keys)

    @property
    def is_folder(self) -> bool:
        """Whether a folder stands for the endpoint."""
        return self._recording.folder(self.claim) is not None

    def declared(self, *needs: str) -> tuple[Declared, ...]:
        """The drugs that the target declares as having all of ``needs``; NotTested where it declares none."""
        cases = self._recording.target.cases.get("formulary", {}).values()
        wanted = [case for case in cases if set(needs) <= set(case.facts.get("needs", ()))]
        if not wanted:
            what = f"a drug that needs {' and '.join(needs)}" if needs else "a drug"
            raise NotTested(f"needs {what} declared", change="cases.formulary")
        return tuple(self._lists.declared(case) for case in wanted)

    def looked_up(self, key: str) -> JsonObject | None:
        """What a reference ("MedicationKnowledge/1") leads to: listed, or read by id; None where to nothing."""
        if key in self._by_key:
            return self._by_key[key]
        type_, _, id_ = key.partition("/")
        return None if self.is_folder or not id_ else self.read_resource(type_, id_)

    def followed(self) -> tuple[Item, ...]:
        """The items whose references can be followed: all of them, but for those beyond the reads that we allow us."""
        out_of_reach = set(self._unlisted_all) - set(self._unlisted)
        items = [item for item in self.items if item.formulary and item.drug]
        near = tuple(item for item in items if not {item.formulary, item.drug} & out_of_reach)
        advise(len(near) == len(items), "few references to what is not listed", got=f"{len(near)} items judged")
        return near

    def dangling(self, item: Item) -> str:
        """Which reference of an item leads to nothing, or to something else than it must; "" where none does."""
        wrong = "" if self.is_formulary(item.formulary) else f"{item.formulary} is no formulary"
        if not item.drug.startswith("MedicationKnowledge/") or self.looked_up(item.drug) is None:
            wrong += f"{' and ' if wrong else ''}{item.drug} is no drug"
        return wrong

    def is_formulary(self, key: str) -> bool:
        """Whether a reference leads to a formulary: to an InsurancePlan that is no plan of its own."""
        found = self.looked_up(key) if key.startswith("InsurancePlan/") else None
        return found is not None and kind_of(found) != "plan"

    # -- searches and reads ----------------------------------------------------------------------------------------

    def search(self, type_: str, *params: tuple[str, str], reach: Reach = ENOUGH) -> Found:
        """The pages of a search; NotApplicable where a folder stands for the endpoint."""
        self._recording.endpoint(self.claim)
        return self._recording.act(
            (self.claim, "search", type_, params, reach), lambda: self._search(type_, params, "search", reach)
        )

    def first_page(self, type_: str, *params: tuple[str, str]) -> Found:
        """The first page of a search."""
        return self.search(type_, *params, reach=ONE_PAGE)

    def listing(self, type_: str) -> Found:
        """The search by which all resources of a type are listed."""
        return self._recording.act((self.claim, "listing", type_), lambda: self._list(type_))

    def listings(self) -> tuple[Found, ...]:
        """Every listing, for those who judge paging."""
        self._recording.endpoint(self.claim)
        return tuple(self._ok(self.listing(type_), type_) for type_ in LISTINGS)

    def items_of_one(self, what: str) -> tuple[Item, ...]:
        """The items that share a formulary, or a tier: of the group with fewest, so that others would be noticed."""
        self._recording.endpoint(self.claim)
        groups: dict[object, list[Item]] = {}
        for item in self.items:
            if key := item.formulary if what == "formulary" else item.tier_code:
                groups.setdefault(key, []).append(item)
        if not groups and self.items:
            raise NotApplicable(f"no item has a {what} that can be searched by")
        if not groups:
            raise NotTested(f"needs an item with a {what}", because=RAW)
        fewest: list[Item] = min(groups.values(), key=len)
        return tuple(fewest)

    def drug_with_items(self) -> tuple[Drug, tuple[Item, ...]]:
        """A drug with an RxNorm code that is listed, with its items: the one with fewest."""
        self._recording.endpoint(self.claim)
        listed = [
            (drug, items)
            for drug in self.drugs
            if (items := self._items_by_drug.get(f"MedicationKnowledge/{drug.id}")) and drug.number
        ]
        if not listed:
            raise NotTested("needs a drug with an RxNorm code and an item", because="usdf.drug-rxnorm")
        drug, items = min(listed, key=lambda pair: len(pair[1]))
        return drug, tuple(items)

    def drug_with_a_word(self) -> tuple[Drug, str]:
        """A listed drug, and the word of its name that fewest drugs share; NotApplicable where no drug has any."""
        self._recording.endpoint(self.claim)
        drug = next((each for each in self.drugs if telling_word(each, ())), None)
        if drug is None:
            raise NotApplicable("no drug has a name that is searched by: a code's display, or a synonym")
        return drug, telling_word(drug, self.drugs)

    def is_of_drug(self, key: str, code: str) -> bool:
        """Whether a drug has an RxNorm code, be it listed or not; one that cannot be read is judged elsewhere."""
        found = self.looked_up(key)
        return found is None or code in rxnorm_of(found)

    def is_lost(self, key: str) -> bool:
        """Whether an item's reference to its drug leads to none: what is not there cannot be brought along."""
        return not key.startswith("MedicationKnowledge/") or self.looked_up(key) is None

    def one_of_each(self) -> tuple[Placed, ...]:
        """One listed resource of each type."""
        self._recording.endpoint(self.claim)
        return tuple(next(iter(self._listed(type_))) for type_ in LISTINGS if self._listed(type_))

    def read(self, type_: str, id_: str) -> Exchange:
        """One resource by its id; NotTested where the id is none that FHIR knows: its address would be another's."""
        self._recording.endpoint(self.claim)
        if wrong("id", id_):
            raise NotTested(f"a {type_} was listed whose id {wrong('id', id_)}", because=RAW)
        return self._recording.act(
            (self.claim, "read", type_, id_), lambda: self._get("formulary.read", f"{type_}/{id_}", "read")
        )

    def read_resource(self, type_: str, id_: str) -> dict[str, Any] | None:
        """The resource that a read gives, or None where it gives none."""
        exchange = self.read(type_, id_)
        if exchange.status != 200 and exchange.failure is None:
            return None
        try:
            return resource_of(exchange, RAW)
        except NotTested:
            return None

    def anonymous(self) -> Exchange:
        """The answer to a search for formularies without any credentials."""
        self._recording.endpoint(self.claim)
        params = (("type", f"{DRUG_POLICY.system}|{DRUG_POLICY.code}"),)
        return self._recording.act(
            (self.claim, "anonymous"),
            lambda: answered(
                self._get("formulary.search", "InsurancePlan", "anonymous", params, token="none"),  # noqa: S106
                RAW,
            ),
        )

    # -- how -------------------------------------------------------------------------------------------------------

    @cached_property
    def _by_key(self) -> dict[str, JsonObject]:
        return {f"{placed.type}/{placed.id}": placed.resource for placed in self.everything()}

    @cached_property
    def _unlisted_all(self) -> tuple[str, ...]:
        """What plans and items refer to and no listing shows, each once."""
        named = [key for plan in self.plans for key in plan.formularies]
        named += [item.formulary for item in self.items] + [item.drug for item in self.items]
        return tuple(key for key in dict.fromkeys(named) if key and key not in self._by_key)

    @property
    def _unlisted(self) -> tuple[str, ...]:
        """Those of them that are read, one by one: of a folder none has to be."""
        return self._unlisted_all if self.is_folder else self._unlisted_all[:MOST_READS]

    @cached_property
    def _lists(self) -> Lists:
        whole = self.is_folder or (self.listing("Basic").whole and self.listing("MedicationKnowledge").whole)
        moment = self.moment() if self.is_dated else None
        asked = None if whole else self._asked_for
        return Lists(self.items, self.drugs, self.plans, self.formularies, moment, asked)

    def _asked_for(self, code: str) -> list[Item]:
        """The items of a drug, searched for: the listing did not come to its end."""
        found = self.search("Basic", *ITEMS, ("subject:MedicationKnowledge.code", f"{RXNORM}|{code}"))
        if not found.ok:
            raise NotTested(f"{found.query}: {found.said}", because="usdf.search-items-by-drug")
        items = [item for placed in found.matches[:MOST_READS] if (item := read_item(placed.resource))]
        return [item for item in items if code in rxnorm_of(self.looked_up(item.drug))]

    @cached_property
    def _items_by_drug(self) -> dict[str, list[Item]]:
        return by_drug(self.items)

    def _read(self, type_: str, read: Callable[[Any, str], T | None]) -> tuple[T, ...]:
        """The listed resources of a type as values; the reading itself is remembered too."""
        listed = self._listed(type_)  # outside the act, so that every scenario is told how far the listing went
        return self._recording.act(
            (self.claim, "values", type_, read.__name__, read.__code__.co_firstlineno),
            lambda: tuple(v for placed in listed if (v := read(placed.resource, self._where(placed)))),
        )

    def _listed(self, type_: str) -> Sequence[Placed]:
        folder = self._recording.folder(self.claim)
        if folder is not None:
            return self._recording.act(
                (self.claim, "folder", type_),
                lambda: tuple(Placed(each.at, each.resource) for each in folder.resources(type_)),
            )
        return self._ok(self.listing(type_), type_).matches if type_ in LISTINGS else ()

    def _where(self, placed: Placed) -> str:
        # The line of a file is told; "entry 3 of some page" would help nobody, "Basic/1" does.
        return placed.at if self.is_folder else ""

    def _ok(self, found: Found, type_: str) -> Found:
        if not found.ok:
            raise NotTested(f"{found.query} is answered with status {found.status}", because=RAW)
        if type_ not in self._advised:
            self._advised.add(type_)
            total = found.total if found.total is not None and found.total > len(found.matches) else "more"
            advise(found.whole, "all there is, judged", at=found.at, got=f"judged {len(found.matches)} of {total}")
        return found

    def _get(
        self, operation: str, path: str, case: str, params: Params = (), token: str = "own"  # noqa: S107
    ) -> Exchange:  # fmt: skip
        request = Request(
            operation=operation, method="GET", path=path, case=case, claim=self.claim.label, params=params, token=token
        )
        return self._recording.send(self.claim, request)

    def _list(self, type_: str) -> Found:
        """A listing; where the server refuses to list a type in one way, in the next."""
        first, *others = LISTINGS[type_]
        found = self._search(type_, first, LISTING, EVERYTHING)
        for params in others:
            found = found if found.ok else self._search(type_, params, AGAIN, EVERYTHING)
        return found

    def _search(self, type_: str, params: Params, case: str, reach: Reach) -> Found:
        query = "?".join((type_, *filter(None, ("&".join(f"{key}={value}" for key, value in params),))))
        exchange = self._get("formulary.search", type_, case, (*params, ("_count", PAGE_SIZE)))
        if exchange.failure is None and exchange.status is not None and not 200 <= exchange.status < 300:
            return Found(query, exchange.status, ok=False)
        try:
            return gathered(query, exchange.status, self._pages(exchange, case, reach))
        except NotTested as unread:
            if case != "search":
                raise
            return Found(query, exchange.status, ok=False, problem=unread.message)

    def _pages(self, exchange: Exchange, case: str, reach: Reach) -> Iterator[Step]:
        seen = {exchange.url}
        count = pages = 0
        while True:
            page = read_page(resource_of(exchange, RAW))
            if page is None:
                raise NotTested("the search is not answered with a searchset Bundle", because=RAW)
            pages, count = pages + 1, count + len(page.matches)
            there, near = next_page(exchange.url, page.next) if page.next else ("", True)
            looped = there if there in seen else ""
            cut = bool(there) and near and not looped and (pages >= reach.pages or count >= reach.matches)
            step = Step(page, looped, "" if near else there, cut)
            yield step
            if step.is_last:
                return
            seen.add(there)
            exchange = self._get("formulary.search", there, case)
            if exchange.failure is not None and exchange.failure.actor != "payer":
                raise Unjudgeable(exchange.failure.message, exchange.failure.actor)


def _asked(exchange: Exchange) -> str:
    """The address of a search without what it was searched by."""
    return exchange.url.partition("?")[0]
