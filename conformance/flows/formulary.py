"""Drug formularies: everything that is listed, searches, reads; from an endpoint or from a folder of resources."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar

from conformance import clock
from conformance.apis.formulary import (
    DRUG_POLICY,
    FORMULARY_ITEM,
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
from conformance.apis.raw import raw_problem, resource_problem
from conformance.apis.searchset import Page, read_page
from conformance.apis.shapes import Placed
from conformance.errors import NotApplicable, NotTested, Unjudgeable
from conformance.exchange import Exchange
from conformance.flows.paging import Found, gathered
from conformance.flows.recording import Recording, answered, resource_of, unending
from conformance.target import Case, Claim
from conformance.wire.files import Folder
from conformance.wire.payer import Request

T = TypeVar("T")
Params = tuple[tuple[str, str], ...]
RAW = "formulary.answers-are-fhir"
TYPES = ("InsurancePlan", "Basic", "MedicationKnowledge", "Location")
MOST_PAGES = 500
MOST_RESOURCES = 20_000
PAGE_SIZE = "100"

ITEMS: Params = (("code", f"{FORMULARY_ITEM.system}|{FORMULARY_ITEM.code}"),)
LISTINGS: dict[str, Params] = {
    "InsurancePlan": (("status", "active"),),
    "Basic": ITEMS,
    "MedicationKnowledge": (("status", "active"),),
}


@dataclass(frozen=True)
class Raw:
    """An answer, or a resource of a folder, and why it is no FHIR; "" where it is."""

    at: str
    problem: str


@dataclass(frozen=True)
class Declared:
    """A drug that the tester declares, with the items that list it."""

    case: Case
    items: tuple[Item, ...]

    @property
    def code(self) -> str:
        return str(self.case.facts.get("drug", ""))

    @property
    def needs(self) -> frozenset[str]:
        return frozenset(self.case.facts.get("needs", ()))

    @property
    def at(self) -> str:
        return f"cases.formulary.{self.case.name} (RxNorm {self.code})"


class Formulary:
    """What can be asked of one formulary; every act is recorded."""

    def __init__(self, recording: Recording, claim: Claim) -> None:
        self._recording = recording
        self.claim = claim
        self.guide = recording.guide(claim)

    # -- what is listed --------------------------------------------------------------------------------------------

    @cached_property
    def plans(self) -> tuple[Plan, ...]:
        """Every insurance plan listed."""
        return self._read("InsurancePlan", lambda r, at: read_plan(r, at) if kind_of(r) == "plan" else None)

    @cached_property
    def formularies(self) -> tuple[FormularyList, ...]:
        """Every formulary listed."""
        return self._read("InsurancePlan", lambda r, at: read_formulary(r, at) if kind_of(r) == "formulary" else None)

    @cached_property
    def items(self) -> tuple[Item, ...]:
        """Every formulary item listed."""
        return self._read("Basic", read_item)

    @cached_property
    def drugs(self) -> tuple[Drug, ...]:
        """Every drug listed."""
        return self._read("MedicationKnowledge", read_drug)

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
        sent = [each for each in self._recording.exchanges("formulary.search", self.claim) if each.case == "listing"]
        return tuple(each if unending(each) else answered(each, "") for each in sent)

    def moment(self) -> datetime:
        """The moment whose formulary this is: now, or when a folder's export was made."""
        folder = self._recording.folder(self.claim)
        made = clock.stamp(folder.made) if folder else None
        return made.latest if made else clock.now()

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
        by_drug: dict[str, list[Item]] = {}
        for item in self.items:
            by_drug.setdefault(item.drug, []).append(item)
        listed: dict[str, list[Item]] = {}
        for drug in self.drugs:
            for code in drug.rxnorm:
                listed.setdefault(code, []).extend(by_drug.get(f"MedicationKnowledge/{drug.id}", ()))
        return tuple(
            Declared(case, self._of_plan(case, listed.get(str(case.facts.get("drug")), ()))) for case in wanted
        )

    def resolves(self, key: str) -> bool:
        """Whether a reference ("MedicationKnowledge/1") leads to something: listed, or read by id."""
        type_, _, id_ = key.partition("/")
        if not id_:
            return False
        if key in self._keys:
            return True
        if self.is_folder:
            return False
        exchange = self.read(type_, id_)
        return exchange.status == 200

    # -- searches and reads ----------------------------------------------------------------------------------------

    def search(self, type_: str, *params: tuple[str, str]) -> Found:
        """All pages of a search; NotApplicable where a folder stands for the endpoint."""
        self._recording.endpoint(self.claim)
        return self._recording.act((self.claim, "search", type_, params), lambda: self._search(type_, params, "search"))

    def listing(self, type_: str) -> Found:
        """The search by which all resources of a type are listed."""
        return self._recording.act(
            (self.claim, "listing", type_), lambda: self._search(type_, LISTINGS[type_], "listing")
        )

    def listings(self) -> tuple[Found, ...]:
        """Every listing, for those who judge paging."""
        self._recording.endpoint(self.claim)
        return tuple(self._ok(self.listing(type_)) for type_ in LISTINGS)

    def items_of_one(self, what: str) -> tuple[Item, ...]:
        """The items that share a formulary, or a tier: of the group with fewest, so that others would be noticed."""
        self._recording.endpoint(self.claim)
        groups: dict[object, list[Item]] = {}
        for item in self.items:
            key = item.formulary if what == "formulary" else item.tier[:1]
            if key:
                groups.setdefault(key, []).append(item)
        if len(groups) < 2:
            # Where there is but one, a search that ignores it finds nothing else.
            raise NotApplicable(f"all items share one {what}")
        return tuple(min(groups.values(), key=lambda group: len(list(group))))

    def drug_with_items(self, *, named: bool = False) -> tuple[Drug, tuple[Item, ...]]:
        """A drug with an RxNorm code (and a name) that is listed, with its items: the one with fewest."""
        self._recording.endpoint(self.claim)
        by_drug: dict[str, list[Item]] = {}
        for item in self.items:
            by_drug.setdefault(item.drug, []).append(item)
        listed = [
            (drug, by_drug[key])
            for drug in self.drugs
            if (key := f"MedicationKnowledge/{drug.id}") in by_drug and drug.rxnorm and (drug.names or not named)
        ]
        if not listed:
            raise NotTested("needs a drug with an RxNorm code and an item", because="usdf.drug-rxnorm")
        drug, items = min(listed, key=lambda pair: len(pair[1]))
        return drug, tuple(items)

    def drug_keys(self, code: str) -> frozenset[str]:
        """The drugs ("MedicationKnowledge/id") that carry an RxNorm code."""
        return frozenset(f"MedicationKnowledge/{drug.id}" for drug in self.drugs if code in drug.rxnorm)

    def one_of_each(self) -> tuple[Placed, ...]:
        """One listed resource of each type."""
        self._recording.endpoint(self.claim)
        return tuple(next(iter(self._listed(type_))) for type_ in LISTINGS if self._listed(type_))

    def read(self, type_: str, id_: str) -> Exchange:
        """One resource by its id."""
        self._recording.endpoint(self.claim)
        return self._recording.act(
            (self.claim, "read", type_, id_), lambda: self._get("formulary.read", f"{type_}/{id_}", "read")
        )

    def read_resource(self, type_: str, id_: str) -> dict[str, Any] | None:
        """The resource that a read gives, or None where it gives none."""
        exchange = self.read(type_, id_)
        if exchange.status != 200:
            return None
        return resource_of(exchange, RAW)

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
    def _keys(self) -> frozenset[str]:
        return frozenset(f"{placed.type}/{placed.id}" for placed in self.everything())

    def _of_plan(self, case: Case, items: Iterable[Item]) -> tuple[Item, ...]:
        """The items of the plan or formulary that a case names; all of them where it names none."""
        named = str(case.facts.get("formulary") or case.facts.get("plan") or "")
        if not named:
            return tuple(items)
        lists = {named, f"InsurancePlan/{named}"}
        for plan in self.plans:
            if named in (plan.id, plan.name, *(each.value for each in plan.identifiers)):
                lists |= set(plan.formularies)
        for each in self.formularies:
            if named in (each.id, each.name, *(identifier.value for identifier in each.identifiers)):
                lists.add(f"InsurancePlan/{each.id}")
        return tuple(item for item in items if item.formulary in lists)

    def _read(self, type_: str, read: Callable[[Any, str], T | None]) -> tuple[T, ...]:
        """The listed resources of a type as values; the reading itself is remembered too."""
        return self._recording.act(
            (self.claim, "values", type_, read.__name__, read.__code__.co_firstlineno),
            lambda: tuple(v for placed in self._listed(type_) if (v := read(placed.resource, self._where(placed)))),
        )

    def _listed(self, type_: str) -> Sequence[Placed]:
        folder = self._recording.folder(self.claim)
        if folder is not None:
            return self._recording.act(
                (self.claim, "folder", type_),
                lambda: tuple(Placed(each.at, each.resource) for each in folder.resources(type_)),
            )
        return self._ok(self.listing(type_)).matches if type_ in LISTINGS else ()

    def _where(self, placed: Placed) -> str:
        # The line of a file is told; "entry 3 of some page" would help nobody, "Basic/1" does.
        return placed.at if self.is_folder else ""

    @staticmethod
    def _ok(found: Found) -> Found:
        if not found.ok:
            raise NotTested(f"{found.query} is answered with status {found.status}", because=RAW)
        return found

    def _get(
        self, operation: str, path: str, case: str, params: Params = (), token: str = "own"  # noqa: S107
    ) -> Exchange:  # fmt: skip
        request = Request(
            operation=operation, method="GET", path=path, case=case, claim=self.claim.label, params=params, token=token
        )
        return self._recording.send(self.claim, request)

    def _search(self, type_: str, params: Params, case: str) -> Found:
        query = f"{type_}?{'&'.join(f'{key}={value}' for key, value in params)}"
        exchange = self._get("formulary.search", type_, case, (*params, ("_count", PAGE_SIZE)))
        if exchange.failure is None and exchange.status is not None and not 200 <= exchange.status < 300:
            return Found(query, exchange.status, ok=False)
        return gathered(query, exchange.status, self._pages(exchange, case))

    def _pages(self, exchange: Exchange, case: str) -> Iterator[tuple[Page, str, bool]]:
        """Each page with the address of a next link that leads back, if it does, and whether we stop for its length."""
        seen = {exchange.url}
        count = pages = 0
        while True:
            page = read_page(resource_of(exchange, RAW))
            if page is None:
                raise NotTested("the search is not answered with a searchset Bundle", because=RAW)
            pages, count = pages + 1, count + len(page.matches)
            looped = page.next if page.next in seen else ""
            cut = bool(page.next) and not looped and (pages >= MOST_PAGES or count >= MOST_RESOURCES)
            yield page, looped, cut
            if not page.next or looped or cut:
                return
            seen.add(page.next)
            exchange = self._get("formulary.search", page.next, case)
            if exchange.failure is not None and exchange.failure.actor != "payer":
                raise Unjudgeable(exchange.failure.message, exchange.failure.actor)
