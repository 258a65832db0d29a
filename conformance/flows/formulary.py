"""Drug formularies: everything that is listed, searches, reads; from an endpoint or from a folder of resources."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar

from conformance import clock
from conformance.apis.formulary import (
    DRUG_POLICY,
    RXNORM,
    Drug,
    Item,
    Location,
    Plan,
    kind_of,
    read_drug,
    read_formulary,
    read_item,
    read_plan,
)
from conformance.apis.formulary import (
    Formulary as FormularyList,
)
from conformance.apis.formulary_found import plain_name, rxnorm_of, telling_word
from conformance.apis.formulary_limits import costs_told, used_of
from conformance.apis.raw import raw_problem
from conformance.apis.shapes import JsonObject, Placed, is_type, text
from conformance.errors import NotApplicable, NotTested
from conformance.exchange import Exchange
from conformance.expect import advise
from conformance.flows.declared import Declared, Lists, by_drug
from conformance.flows.formulary_folder import Handed, Raw, read_folder
from conformance.flows.formulary_probes import Probe, probes
from conformance.flows.formulary_searches import (
    AGAIN,
    ENOUGH,
    ITEMS,
    LISTING,
    LISTINGS,
    ONE_PAGE,
    RAW,
    Searches,
    asked,
)
from conformance.flows.paging import Found, Reach
from conformance.flows.recording import Recording, answered, resource_of, unending
from conformance.primitives import wrong
from conformance.target import Claim

T = TypeVar("T")
TYPES = ("InsurancePlan", "Basic", "MedicationKnowledge", "Location")
MOST_READS = 50  # resources that are referred to and not listed


class Formulary:
    """What can be asked of one formulary; every act is recorded."""

    def __init__(self, recording: Recording, claim: Claim) -> None:
        self._recording = recording
        self.claim = claim
        self.guide = recording.guide(claim)
        self._searches = Searches(recording, claim)
        self._advised: set[str] = set()

    # -- what is listed --------------------------------------------------------------------------------------------

    @cached_property
    def handed(self) -> Handed | None:
        """What the folder holds that stands for the endpoint, if one does; read once."""
        folder = self._recording.folder(self.claim)
        if folder is None:
            return None
        return self._recording.act((self.claim, "folder"), lambda: read_folder(folder, TYPES))

    @cached_property
    def plans(self) -> tuple[Plan, ...]:
        """Every insurance plan of the guide's that is listed."""
        if handed := self.handed:
            return handed.plans
        return self._read("InsurancePlan", lambda r: read_plan(r) if kind_of(r) == "plan" else None)

    @cached_property
    def formularies(self) -> tuple[FormularyList, ...]:
        """Every formulary listed: it says that it is one, or an item or plan takes it for one."""
        if handed := self.handed:
            return handed.formularies
        named = {item.formulary for item in self.items} | {key for plan in self.plans for key in plan.formularies}

        def read(resource: Any) -> FormularyList | None:
            kind = kind_of(resource)
            taken = kind is None and f"InsurancePlan/{resource.get('id')}" in named
            return read_formulary(resource) if kind == "formulary" or taken else None

        return self._read("InsurancePlan", read)

    @cached_property
    def items(self) -> tuple[Item, ...]:
        """Every formulary item listed."""
        if handed := self.handed:
            return handed.items
        return self._read("Basic", lambda r: item if (item := read_item(r)) and item.is_listing else None)

    @cached_property
    def drugs(self) -> tuple[Drug, ...]:
        """Every drug of the formularies: those listed that claim the guide's profile or that an item names, and (of an
        endpoint, as far as we read them) those that an item names and no listing shows."""
        if handed := self.handed:
            return handed.drugs
        named = {item.drug for item in self.items}
        listed = self._read("MedicationKnowledge", read_drug)
        unlisted = [self.looked_up(key) for key in self._unlisted if key.startswith("MedicationKnowledge/")]
        return (
            *(drug for drug in listed if drug.claimed or f"MedicationKnowledge/{drug.id}" in named),
            *(drug for each in unlisted if each and (drug := read_drug(each))),
        )

    @property
    def locations(self) -> tuple[Location, ...]:
        """Every location a folder holds; an endpoint is not asked to list them."""
        return handed.locations if (handed := self.handed) else ()

    def raw(self) -> tuple[Raw, ...]:
        """Every answer that lists something, or what was looked at closely of a folder, with what makes it no FHIR."""
        if handed := self.handed:
            return handed.raw
        return tuple(Raw(f"{each.operation} {each.url}", raw_problem(each, ("Bundle",))) for each in self._listings())

    def asides(self) -> tuple[Raw, ...]:
        """What cannot be read of a folder, and may not be the payer's doing."""
        return handed.asides if (handed := self.handed) else ()

    def _listings(self) -> tuple[Exchange, ...]:
        for type_ in LISTINGS:
            with suppress(NotTested):
                self.listing(type_)
        sent = self._recording.exchanges("formulary.search", self.claim)
        again = {asked(each) for each in sent if each.case == AGAIN}
        judged = [
            each
            for each in sent
            if each.case == AGAIN or (each.case == LISTING and ((each.status or 0) < 400 or asked(each) not in again))
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
        keys = ((self.claim, "listing", "Basic"), (self.claim, "folder"))
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

    def changed(self) -> tuple[Declared, ...]:
        """The declared drugs whose change took effect more than one business day ago; NotTested where there is none."""
        dated = [drug for drug in self.declared() if drug.effective]
        target, today = self._recording.target, self.moment().date()
        if not dated:
            raise NotTested(
                "needs a drug with the day from which it is listed so", change="cases.formulary.….effective"
            )
        due = {drug.at: clock.add_business_days(drug.effective, 1, target.holidays) for drug in dated if drug.effective}
        over = tuple(drug for drug in dated if due[drug.at] < today)
        if not over:
            raise NotTested(f"no change is due yet: the first on {min(due.values())}")
        return over

    def looked_up(self, key: str) -> JsonObject | None:
        """The resource that a reference ("MedicationKnowledge/1") leads to at an endpoint, listed or read; or None."""
        if key in self._by_key:
            return self._by_key[key]
        type_, _, id_ = key.partition("/")
        return self.read_resource(type_, id_) if id_ else None

    def leads_to(self, key: str) -> str | None:
        """What a reference leads to: "plan", "formulary" or "" of InsurancePlans, else the type; None for nothing."""
        if handed := self.handed:
            return handed.kinds.get(key)
        found = self.looked_up(key)
        if found is None:
            return None
        return (kind_of(found) or "") if is_type(found, "InsurancePlan") else text(found.get("resourceType"))

    def followed(self) -> tuple[Item, ...]:
        """The items whose references can be followed: all of them, but for those beyond the reads that we allow us."""
        out_of_reach = set(self._unlisted_all) - set(self._unlisted)
        if handed := self.handed:
            out_of_reach = set(filter(handed.may_lack, self._unlisted_all))
        items = [item for item in self.items if item.formulary and item.drug]
        near = tuple(item for item in items if item.formulary not in out_of_reach and item.drug not in out_of_reach)
        if items and not near:
            raise NotTested("no item refers to what is here: plans or drugs are missing", change="apis.formulary.files")
        advise(len(near) == len(items), "few references to what is not listed", got=f"{len(near)} items judged")
        return near

    def dangling(self, item: Item) -> str:
        """Which reference of an item leads to nothing, or to something else than it must; "" where none does."""
        wrong = "" if self.is_formulary(item.formulary) else f"{item.formulary} is no formulary"
        if not item.drug.startswith("MedicationKnowledge/") or self.leads_to(item.drug) is None:
            wrong += f"{' and ' if wrong else ''}{item.drug} is no drug"
        return wrong

    def is_formulary(self, key: str) -> bool:
        """Whether a reference leads to a formulary: to an InsurancePlan that is no plan of its own.

        What may only not have been handed over is taken for one.
        """
        if (handed := self.handed) and key.startswith("InsurancePlan/") and handed.may_lack(key):
            return True
        found = self.leads_to(key) if key.startswith("InsurancePlan/") else None
        return found is not None and found != "plan"

    # -- searches and reads ----------------------------------------------------------------------------------------

    def search(self, type_: str, *params: tuple[str, str], reach: Reach = ENOUGH) -> Found:
        """The pages of a search; NotApplicable where a folder stands for the endpoint."""
        self._recording.endpoint(self.claim)
        return self._recording.act(
            (self.claim, "search", type_, params, reach), lambda: self._searches.search(type_, params, "search", reach)
        )

    def first_page(self, type_: str, *params: tuple[str, str]) -> Found:
        """The first page of a search."""
        return self.search(type_, *params, reach=ONE_PAGE)

    def listing(self, type_: str) -> Found:
        """The search by which all resources of a type are listed."""
        return self._recording.act((self.claim, "listing", type_), lambda: self._searches.list_all(type_))

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

    def drug_with_a_name(self) -> tuple[Drug, str]:
        """A listed drug, and a name of it that can be searched for as it is; NotApplicable where no drug has any."""
        self._recording.endpoint(self.claim)
        listed = {f"MedicationKnowledge/{placed.id}" for placed in self._listed("MedicationKnowledge")}
        named = ((drug, plain_name(drug)) for drug in self.drugs if f"MedicationKnowledge/{drug.id}" in listed)
        found = next(((drug, name) for drug, name in named if name), None)
        if found is None:
            raise NotApplicable("no drug has a name that is searched by: a code's display, or a synonym")
        return found

    def is_of_drug(self, key: str, code: str) -> bool:
        """Whether a drug has an RxNorm code, be it listed or not; one that cannot be read is judged elsewhere."""
        found = self.looked_up(key)
        return found is None or code in rxnorm_of(found)

    def is_lost(self, key: str) -> bool:
        """Whether an item's reference to its drug leads to none: what is not there cannot be brought along."""
        return not key.startswith("MedicationKnowledge/") or self.looked_up(key) is None

    def probes(self, type_: str) -> tuple[Probe, ...]:
        """A search of a type by each parameter that the guide requires; NotTested where there is nothing to find."""
        self._recording.endpoint(self.claim)
        listed = self._areas if type_ == "Location" else self._listed(type_)
        if not listed:
            raise NotTested(f"needs a {type_} to search for", because="usdf.read-by-id" if type_ == "Location" else RAW)
        return tuple(probes(type_, listed, self.search))

    def items_alike(self) -> tuple[Item, ...]:
        """The items that share formulary, tier and status: of the group with fewest."""
        self._recording.endpoint(self.claim)
        groups: dict[object, list[Item]] = {}
        for item in self.items:
            if item.formulary and item.tier_code and item.status:
                groups.setdefault((item.formulary, item.tier_code, item.status), []).append(item)
        if not groups and self.items:
            raise NotApplicable("no item has a formulary, a coded tier and a status")
        if not groups:
            raise NotTested("needs a formulary item", because=RAW)
        fewest: list[Item] = min(groups.values(), key=len)
        return tuple(fewest)

    def carries(self, key: str, brought: Collection[str]) -> bool:
        """Whether what a reference leads to was brought along; what is not there cannot be."""
        return key in brought or self.leads_to(key) is None

    def tiers_in_use(self) -> tuple[Probe, ...]:
        """Each tier and kind of pharmacy that a plan's items use, of the pharmacies that the plan tells costs of."""
        used = used_of(self.items)
        return tuple(
            Probe(plan.at, "" if tier in told[pharmacy] else f"no cost of tier {tier} at {pharmacy}")
            for plan in self.plans
            if (told := costs_told(plan))
            for tier, pharmacy in sorted(set().union(*(used.get(each, ()) for each in plan.formularies)))
            if pharmacy in told
        )

    def one_of_each(self) -> tuple[Placed, ...]:
        """One listed resource of each type."""
        self._recording.endpoint(self.claim)
        return tuple(next(iter(self._listed(type_))) for type_ in LISTINGS if self._listed(type_))

    def read(self, type_: str, id_: str) -> Exchange:
        """The answer to reading one resource; NotTested where the id is none that FHIR knows: its address would be
        another's."""
        self._recording.endpoint(self.claim)
        if wrong("id", id_):
            raise NotTested(f"a {type_} was listed whose id {wrong('id', id_)}", because=RAW)
        read = (self.claim, "read", type_, id_)
        return answered(
            self._recording.act(read, lambda: self._searches.get("formulary.read", f"{type_}/{id_}", "read")), RAW
        )

    def read_resource(self, type_: str, id_: str) -> dict[str, Any] | None:
        """The resource that a read gives, or None where it gives none."""
        try:
            exchange = self.read(type_, id_)
            return resource_of(exchange, RAW) if exchange.status == 200 else None
        except NotTested:
            return None

    def anonymous(self) -> Exchange:
        """The answer to a search for formularies without any credentials."""
        self._recording.endpoint(self.claim)
        params = (("type", f"{DRUG_POLICY.system}|{DRUG_POLICY.code}"),)
        return self._recording.act(
            (self.claim, "anonymous"),
            lambda: answered(
                self._searches.get("formulary.search", "InsurancePlan", "anonymous", params, token="none"),  # noqa: S106
                RAW,
            ),
        )

    # -- how -------------------------------------------------------------------------------------------------------

    @cached_property
    def _by_key(self) -> dict[str, JsonObject]:
        """The resources that an endpoint lists."""
        listed = (placed for type_ in LISTINGS for placed in self._listed(type_))
        return {f"{placed.type}/{placed.id}": placed.resource for placed in listed}

    @cached_property
    def _areas(self) -> tuple[Placed, ...]:
        """The areas of the plans, read one by one."""
        keys = dict.fromkeys(key for plan in self.plans for key in plan.areas if key.startswith("Location/"))
        read = ((key, self.read_resource(*key.split("/"))) for key in list(keys)[:MOST_READS])
        return tuple(Placed(key, resource) for key, resource in read if resource)

    @cached_property
    def _unlisted_all(self) -> tuple[str, ...]:
        """What plans and items refer to and no listing shows, each once."""
        named = [key for plan in self.plans for key in plan.formularies]
        named += [item.formulary for item in self.items] + [item.drug for item in self.items]
        there = handed.kinds if (handed := self.handed) else self._by_key
        return tuple(key for key in dict.fromkeys(named) if key and key not in there)

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

    def _read(self, type_: str, read: Callable[[Any], T | None]) -> tuple[T, ...]:
        """The listed resources of a type as values; the reading itself is remembered too."""
        listed = self._listed(type_)  # outside the act, so that every scenario is told how far the listing went
        return self._recording.act(
            (self.claim, "values", type_, read.__name__, read.__code__.co_firstlineno),
            lambda: tuple(v for placed in listed if (v := read(placed.resource))),
        )

    def _listed(self, type_: str) -> Sequence[Placed]:
        return self._ok(self.listing(type_), type_).matches

    def _ok(self, found: Found, type_: str) -> Found:
        if not found.ok:
            raise NotTested(f"{found.query} is answered with status {found.status}", because=RAW)
        if type_ not in self._advised:
            self._advised.add(type_)
            total = found.total if found.total is not None and found.total > len(found.matches) else "more"
            advise(found.whole, "all there is, judged", at=found.at, got=f"judged {len(found.matches)} of {total}")
        return found
