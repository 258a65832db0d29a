"""A drug formulary: everything that is listed, searches and reads; from an endpoint or from a folder of resources."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar

from conformance import clock
from conformance.apis.formulary import (
    Drug,
    Item,
    Location,
    Plan,
    has_own_tier,
    kind_of,
    read_drug,
    read_formulary,
    read_item,
    read_location,
    read_plan,
    with_formularies,
)
from conformance.apis.formulary import (
    Formulary as FormularyList,
)
from conformance.apis.formulary_found import version_of
from conformance.apis.formulary_plans import by_number, with_named
from conformance.apis.raw import raw_problem
from conformance.apis.shapes import JsonObject, Placed, is_type, text
from conformance.errors import NotTested
from conformance.exchange import Exchange
from conformance.expect import advise
from conformance.flows.formulary_folder import Handed, Raw, read_folder
from conformance.flows.formulary_searches import (
    ENOUGH,
    LISTINGS,
    ONE_PAGE,
    RAW,
    Searches,
    listings_sent,
    searchset_problem,
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
            return self._known(handed.plans)
        listed = self._values("plans", "InsurancePlan", lambda r: read_plan(r) if kind_of(r) == "plan" else None)
        return self._known(with_named(listed, self._numbers) if any(plan.numbers for plan in listed) else listed)

    @cached_property
    def formularies(self) -> tuple[FormularyList, ...]:
        """Every formulary listed: it says that it is one, or an item or plan takes it for one."""
        if handed := self.handed:
            return self._known(handed.formularies)
        named = {item.formulary for item in self.items} | {key for plan in self.plans for key in plan.formularies}

        def read(resource: Any) -> FormularyList | None:
            kind = kind_of(resource)
            taken = kind is None and f"InsurancePlan/{resource.get('id')}" in named
            return read_formulary(resource) if kind == "formulary" or taken else None

        return self._values("formularies", "InsurancePlan", read)

    @cached_property
    def items(self) -> tuple[Item, ...]:
        """Every formulary item listed."""
        if handed := self.handed:
            return self._known(handed.items)

        def read(resource: Any) -> Item | None:
            return item if (item := read_item(resource)) and item.is_listing else None

        listed = self._values("items", "Basic", read)
        tied = any(item.formulary_number for item in listed)
        return self._known(with_formularies(listed, self._numbers) if tied else listed)

    @cached_property
    def drugs(self) -> tuple[Drug, ...]:
        """Every drug of the formularies: those listed that claim the guide's profile or that an item names, and (of an
        endpoint, as far as we read them) those that an item names and no listing shows."""
        named = {item.drug for item in self.items}
        if handed := self.handed:
            return handed.drugs
        listed = self._values("drugs", "MedicationKnowledge", read_drug)
        read = [self.looked_up(key) for key in self.unlisted[:MOST_READS] if key.startswith("MedicationKnowledge/")]
        return (
            *(drug for drug in listed if drug.claimed or f"MedicationKnowledge/{drug.id}" in named),
            *(drug for each in read if each and (drug := read_drug(each))),
        )

    @cached_property
    def locations(self) -> tuple[Location, ...]:
        """Every area: of a folder those that claim the guide's profile or that a plan names, of an endpoint those that
        plans name, as far as we read them."""
        if handed := self.handed:
            return handed.locations
        return tuple(each for placed in self.areas if (each := read_location(placed.resource)))

    @cached_property
    def areas(self) -> tuple[Placed, ...]:
        """The areas of the plans, read one by one at an endpoint."""
        keys = dict.fromkeys(key for plan in self.plans for key in plan.areas if key.startswith("Location/"))
        read = ((key, self.read_resource(*key.split("/"))) for key in list(keys)[:MOST_READS])
        return tuple(Placed(key, found) for key, found in read if found and is_type(found, "Location"))

    def raw(self) -> tuple[Raw, ...]:
        """Every answer that lists something or gives an area, or what we saw of a folder; what makes it no FHIR."""
        if handed := self.handed:
            return handed.raw
        wrong = [(each, searchset_problem(each)) for each in self._listings()]
        wrong += [(each, raw_problem(each, ("Location",))) for each in self._areas_given()]
        return tuple(Raw(f"{each.operation} {each.url}", problem) for each, problem in wrong)

    def asides(self) -> tuple[Raw, ...]:
        """What cannot be read of a folder, and may not be the payer's doing."""
        return handed.asides if (handed := self.handed) else ()

    def _listings(self) -> tuple[Exchange, ...]:
        for type_ in LISTINGS:
            with suppress(NotTested):
                self.listing(type_)
        return tuple(
            each if unending(each) else answered(each, "") for each in listings_sent(self._recording, self.claim)
        )

    def _areas_given(self) -> list[Exchange]:
        with suppress(NotTested):
            self.areas  # noqa: B018 - they are read now, if they were not before
        read = self._recording.exchanges("formulary.read", self.claim)
        return [each for each in read if each.status == 200 and "/Location/" in each.url]

    def moment(self) -> datetime:
        """The moment whose formulary this is: now, or when a folder's export was made."""
        made = self._made
        return made.latest if made else clock.now()

    @property
    def is_dated(self) -> bool:
        """Whether that moment is known: a folder may not say when it was made."""
        return self._recording.folder(self.claim) is None or self._made is not None

    @property
    def _made(self) -> clock.Stamp | None:
        """When the export in a folder was made: read with its files, which are read once."""
        folder = self._recording.folder(self.claim)
        return clock.stamp(folder.made) if folder and self.handed else None

    def was_listed(self) -> bool:
        """Whether this run listed the items already."""
        keys = ((self.claim, "listing", "Basic"), (self.claim, "folder"))
        return any(self._recording.done(key) for key in keys)

    @property
    def is_whole(self) -> bool:
        """Whether all items and drugs are listed, as far as the payer lists them: we may have stopped before."""
        return self.handed is not None or all(self.listing(type_).whole for type_ in ("Basic", "MedicationKnowledge"))

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

    @cached_property
    def unlisted(self) -> tuple[str, ...]:
        """What plans and items refer to ("Type/id") and no listing shows, each once."""
        named = [key for plan in self.plans for key in plan.formularies]
        named += [item.formulary for item in self.items] + [item.drug for item in self.items]
        there = handed.kinds if (handed := self.handed) else self._by_key
        return tuple(key for key in dict.fromkeys(named) if key and key not in there)

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

    def listed(self, type_: str) -> Sequence[Placed]:
        """The resources of a type as an endpoint lists them; NotTested where it does not."""
        return self._ok(self.listing(type_), type_).matches

    def listings(self) -> tuple[Found, ...]:
        """Every listing, for those who judge paging."""
        self._recording.endpoint(self.claim)
        return tuple(self._ok(self.listing(type_), type_) for type_ in LISTINGS)

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

    def version(self, listed: Placed) -> JsonObject | None:
        """What a read of the version that a listed resource tells gives, or None where it gives nothing."""
        return self._given("formulary.vread", f"{listed.type}/{listed.id}/_history/{version_of(listed.resource)}")

    def history(self, listed: Placed) -> JsonObject | None:
        """What is given as the history of a listed resource, or None."""
        return self._given("formulary.history", f"{listed.type}/{listed.id}/_history")

    # -- how -------------------------------------------------------------------------------------------------------

    @cached_property
    def _by_key(self) -> dict[str, JsonObject]:
        """The resources that an endpoint lists."""
        listed = (placed for type_ in LISTINGS for placed in self.listed(type_))
        return {f"{placed.type}/{placed.id}": placed.resource for placed in listed}

    def _given(self, operation: str, path: str) -> JsonObject | None:
        return self._recording.act((self.claim, path), lambda: self._searches.given(operation, path))

    def _values(self, what: str, type_: str, read: Callable[[Any], T | None]) -> tuple[T, ...]:
        """The listed resources of a type as values; the reading itself is remembered too."""
        listed = self.listed(type_)  # outside the act, so that every scenario is told how far the listing went
        return self._recording.act(
            (self.claim, "values", what), lambda: tuple(v for placed in listed if (v := read(placed.resource)))
        )

    @cached_property
    def _numbers(self) -> dict[str, str]:
        """The formularies that an endpoint lists, by their identifiers."""
        listed = (each.resource for each in self.listed("InsurancePlan") if kind_of(each.resource) == "formulary")
        return by_number(found for each in listed if (found := read_formulary(each)))

    def _known(self, values: tuple[T, ...]) -> tuple[T, ...]:
        """The values; NotTested where there are none as the formulary is of a release that nothing here reads."""
        if not values and self._older:
            raise NotTested(self._older)
        return values

    @cached_property
    def _older(self) -> str:
        """What shows that the formulary follows the guide's first releases: no items, and drugs that say their tier
        themselves; "" where nothing does."""
        if handed := self.handed:
            tiered = 0 if handed.items else handed.tiered
        elif self.listing("Basic").matches:
            tiered = 0
        else:
            tiered = sum(has_own_tier(each.resource) for each in self.listing("MedicationKnowledge").matches)
        known = " and ".join(version for ig, version in self._recording.guides if ig == self.claim.ig)
        found = f"there are no formulary items, and {tiered} tiers on drugs themselves"
        return f"{found}: US Drug Formulary 1.x is not judged, {known} are" if tiered else ""

    def _ok(self, found: Found, type_: str) -> Found:
        if not found.ok:
            raise NotTested(f"{found.query} is answered with status {found.status}", because=RAW)
        if type_ not in self._advised:
            self._advised.add(type_)
            total = found.total if found.total is not None and found.total > len(found.matches) else "more"
            advise(found.whole, "all there is, judged", at=found.at, got=f"judged {len(found.matches)} of {total}")
        return found
