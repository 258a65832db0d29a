"""Reading the insurance plans and the formularies of a US Drug Formulary, both InsurancePlans, and their areas."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from conformance.apis.formulary_profiles import COSTS, DRUG_POLICY, FORMULARY, FORMULARY_REFERENCE, PLAN
from conformance.apis.occurrences import miscounted
from conformance.apis.shapes import (
    Coding,
    Identifier,
    JsonObject,
    Period,
    codings,
    codings_of_all,
    extension,
    extensions,
    identifiers,
    is_type,
    logical_key,
    period,
    place,
    record,
    records,
    reference_key,
    text,
    texts,
)

FORMULARY_PROFILE = "http://hl7.org/fhir/us/davinci-drug-formulary/StructureDefinition/usdf-Formulary"
PLAN_PROFILE = "http://hl7.org/fhir/us/davinci-drug-formulary/StructureDefinition/usdf-PayerInsurancePlan"
AREA_PROFILE = "http://hl7.org/fhir/us/davinci-drug-formulary/StructureDefinition/usdf-InsurancePlanLocation"
BOUNDARY = "http://hl7.org/fhir/StructureDefinition/location-boundary-geojson"


@dataclass(frozen=True, slots=True)
class Cost:
    """What a plan's drug benefit costs its member: per benefit type and tier, a copay or a coinsurance.

    ``unit`` is the system and the code of its value, each "" where it has none. ``qualified``: by codes or by words.
    """

    at: str
    benefit_type: tuple[Coding, ...]
    tier: tuple[Coding, ...]
    kind: tuple[Coding, ...]
    qualifiers: tuple[Coding, ...]
    qualified: bool
    unit: Coding


@dataclass(frozen=True, slots=True)
class Plan:
    """One insurance plan; ``formularies`` are "Type/id", ``numbers`` those that are named by an identifier alone.

    ``bare_coverages`` counts the drug coverages whose references name no formulary. ``lacks`` is what departs from the
    profile's cardinalities, ``cost_lacks`` what of the costs of its drugs does.
    """

    at: str
    id: str
    last_updated: str
    identifiers: tuple[Identifier, ...]
    name: str
    period: Period | None
    areas: tuple[str, ...]
    bare_coverages: int
    formularies: tuple[str, ...]
    numbers: tuple[str, ...]
    costs: tuple[Cost, ...]
    lacks: tuple[str, ...]
    cost_lacks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Formulary:
    """One formulary: the list that items belong to. ``lacks`` is what departs from the profile's cardinalities."""

    at: str
    id: str
    last_updated: str
    identifiers: tuple[Identifier, ...]
    status: str
    types: tuple[Coding, ...]
    name: str
    period: Period | None
    lacks: tuple[str, ...]

    @property
    def is_drug_policy(self) -> bool:
        """Whether its type is DRUGPOL."""
        return any((each.system, each.code) == (DRUG_POLICY.system, DRUG_POLICY.code) for each in self.types)


@dataclass(frozen=True, slots=True)
class Location:
    """One coverage area; ``address`` and ``boundary`` say whether it has these (a boundary is a GeoJSON outline)."""

    at: str
    id: str
    last_updated: str
    name: str
    states: tuple[str, ...]
    address: bool
    boundary: bool
    claimed: bool


def kind_of(resource: Any) -> Literal["plan", "formulary"] | None:
    """Which of the two an InsurancePlan is; None for what is neither: a medical plan, a plan of another guide.

    Without the guide's profile a formulary says DRUGPOL, and a plan has a coverage that names a formulary (or, where no
    other profile is claimed, a drug coverage).
    """
    if not is_type(resource, "InsurancePlan"):
        return None
    profiles = {each.split("|")[0] for each in texts(record(resource.get("meta")).get("profile"))}
    if FORMULARY_PROFILE in profiles:
        return "formulary"
    if PLAN_PROFILE in profiles:
        return "plan"
    if any(each.code == DRUG_POLICY.code for each in codings_of_all(resource.get("type"))):
        return "formulary"
    coverages = [each for _, each in records(resource.get("coverage"))]
    if any(True for each in coverages for _ in extensions(each, FORMULARY_REFERENCE)):
        return "plan"
    return "plan" if not profiles and any(_has(each.get("type"), DRUG_POLICY) for each in coverages) else None


def read_plan(resource: Any, at: str = "") -> Plan | None:
    """An insurance plan; None for any resource that is no InsurancePlan (``kind_of`` tells it from a formulary)."""
    if not is_type(resource, "InsurancePlan"):
        return None
    at, ident, updated = place(resource, at)
    covered = [each for _, each in records(resource.get("coverage")) if _has(each.get("type"), DRUG_POLICY)]
    named = [_formularies(coverage, reference_key) for coverage in covered]
    numbered = [_formularies(coverage, logical_key) for coverage in covered]
    areas = (reference_key(each) for _, each in records(resource.get("coverageArea")))
    return Plan(
        at=at,
        id=ident,
        last_updated=updated,
        identifiers=identifiers(resource.get("identifier")),
        name=text(resource.get("name")),
        period=period(resource.get("period"), f"{at}.period"),
        areas=tuple(key for key in areas if key),
        bare_coverages=sum(
            bool(extension(coverage, FORMULARY_REFERENCE)) and not (keys or numbers)
            for coverage, keys, numbers in zip(covered, named, numbered, strict=True)
        ),
        formularies=tuple(key for each in named for key in each),
        numbers=tuple(number for each in numbered for number in each),
        costs=tuple(_costs(resource, at)),
        lacks=miscounted(resource, PLAN),
        cost_lacks=miscounted(resource, COSTS),
    )


def _formularies(coverage: JsonObject, key_of: Callable[[Any], str]) -> list[str]:
    keys = (key_of(each.get("valueReference")) for _, each in extensions(coverage, FORMULARY_REFERENCE))
    return [key for key in keys if key]


def with_named(plans: tuple[Plan, ...], known: Mapping[str, str]) -> tuple[Plan, ...]:
    """The plans, each with the formularies that it names by an identifier alone, as far as these are ``known``."""
    return tuple(
        replace(
            plan, formularies=tuple(dict.fromkeys((*plan.formularies, *filter(None, map(known.get, plan.numbers)))))
        )
        if plan.numbers
        else plan
        for plan in plans
    )


def by_number(formularies: Iterable[Formulary]) -> dict[str, str]:
    """Each formulary ("InsurancePlan/id") by its identifiers ("system|value"); of two with one number, the first."""
    found: dict[str, str] = {}
    for each in formularies:
        for number in each.identifiers:
            found.setdefault(number.key, f"InsurancePlan/{each.id}")
    return found


def _has(concept: Any, wanted: Coding) -> bool:
    return any((each.system, each.code) == (wanted.system, wanted.code) for each in codings(concept))


def _costs(resource: JsonObject, at: str) -> Iterator[Cost]:
    for p, plan in records(resource.get("plan")):
        for s, specific in records(plan.get("specificCost")):
            benefit_type = codings(specific.get("category"))
            for b, benefit in records(specific.get("benefit")):
                tier = codings(benefit.get("type"))
                for c, cost in records(benefit.get("cost")):
                    amount = record(cost.get("value"))
                    yield Cost(
                        at=f"{at}.plan[{p}].specificCost[{s}].benefit[{b}].cost[{c}]",
                        benefit_type=benefit_type,
                        tier=tier,
                        kind=codings(cost.get("type")),
                        qualifiers=codings_of_all(cost.get("qualifiers")),
                        qualified=bool(cost.get("qualifiers")),
                        unit=Coding(text(amount.get("system")), text(amount.get("code"))),
                    )


def read_formulary(resource: Any, at: str = "") -> Formulary | None:
    """A formulary; None for any resource that is no InsurancePlan (``kind_of`` tells it from a plan)."""
    if not is_type(resource, "InsurancePlan"):
        return None
    at, ident, updated = place(resource, at)
    return Formulary(
        at=at,
        id=ident,
        last_updated=updated,
        identifiers=identifiers(resource.get("identifier")),
        status=text(resource.get("status")),
        types=codings_of_all(resource.get("type")),
        name=text(resource.get("name")),
        period=period(resource.get("period"), f"{at}.period"),
        lacks=miscounted(resource, FORMULARY),
    )


def read_location(resource: Any, at: str = "") -> Location | None:
    """A coverage area; None for any resource that is no Location."""
    if not is_type(resource, "Location"):
        return None
    at, ident, updated = place(resource, at)
    return Location(
        at=at,
        id=ident,
        last_updated=updated,
        name=text(resource.get("name")),
        states=texts(record(resource.get("address")).get("state")),
        address=bool(record(resource.get("address"))),
        boundary=bool(extension(resource, BOUNDARY)),
        claimed=AREA_PROFILE in {each.split("|")[0] for each in texts(record(resource.get("meta")).get("profile"))},
    )
