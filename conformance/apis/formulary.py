"""Reading a US Drug Formulary: plans, formularies, items, drugs, locations, each into one flat value.

Formularies are big, so an item is read in one walk over its extensions (tens of thousands a second). The guide's code
systems are known with and without their ending -TEMPORARY-TRIAL-USE: the guide's own query examples leave it out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from conformance.apis.formulary_plans import (
    DRUG_POLICY,
    FORMULARY_REFERENCE,
    Cost,
    Formulary,
    Plan,
    kind_of,
    read_formulary,
    read_plan,
)
from conformance.apis.shapes import (
    Coding,
    JsonObject,
    Period,
    codings,
    extension,
    is_type,
    period,
    place,
    record,
    records,
    reference_key,
    text,
    texts,
    truth,
)

__all__ = [
    "BENEFIT_TYPES",
    "BENEFIT_TYPES_WITHOUT_SUFFIX",
    "DRUG_POLICY",
    "FORMULARY_ITEM",
    "RXNORM",
    "TIERS",
    "TIERS_WITHOUT_SUFFIX",
    "Cost",
    "Drug",
    "Formulary",
    "Item",
    "Location",
    "Plan",
    "kind_of",
    "read_drug",
    "read_formulary",
    "read_item",
    "read_location",
    "read_plan",
]

AVAILABILITY_STATUS = (
    "http://hl7.org/fhir/us/davinci-drug-formulary/StructureDefinition/usdf-AvailabilityStatus-extension"
)
AVAILABILITY_PERIOD = (
    "http://hl7.org/fhir/us/davinci-drug-formulary/StructureDefinition/usdf-AvailabilityPeriod-extension"
)
BENEFIT_TYPE = "http://hl7.org/fhir/us/davinci-drug-formulary/StructureDefinition/usdf-PharmacyBenefitType-extension"
DRUG_TIER = "http://hl7.org/fhir/us/davinci-drug-formulary/StructureDefinition/usdf-DrugTierID-extension"
PRIOR_AUTHORIZATION = (
    "http://hl7.org/fhir/us/davinci-drug-formulary/StructureDefinition/usdf-PriorAuthorization-extension"
)
PRIOR_AUTHORIZATION_NEW_STARTS = (
    "http://hl7.org/fhir/us/davinci-drug-formulary/StructureDefinition/usdf-PriorAuthorizationNewStartsOnly-extension"
)
STEP_THERAPY = "http://hl7.org/fhir/us/davinci-drug-formulary/StructureDefinition/usdf-StepTherapyLimit-extension"
STEP_THERAPY_NEW_STARTS = (
    "http://hl7.org/fhir/us/davinci-drug-formulary/StructureDefinition/usdf-StepTherapyLimitNewStartsOnly-extension"
)
QUANTITY_LIMIT = "http://hl7.org/fhir/us/davinci-drug-formulary/StructureDefinition/usdf-QuantityLimit-extension"
QUANTITY_DETAIL = "http://hl7.org/fhir/us/davinci-drug-formulary/StructureDefinition/usdf-QuantityLimitDetail-extension"
ADDITIONAL_INFORMATION = (
    "http://hl7.org/fhir/us/davinci-drug-formulary/StructureDefinition/usdf-AdditionalCoverageInformation-extension"
)
BOUNDARY = "http://hl7.org/fhir/StructureDefinition/location-boundary-geojson"

ITEM_TYPES = "http://hl7.org/fhir/us/davinci-drug-formulary/CodeSystem/usdf-InsuranceItemTypeCS"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
FORMULARY_ITEM = Coding(ITEM_TYPES, "formulary-item")

TIERS = "http://hl7.org/fhir/us/davinci-drug-formulary/CodeSystem/usdf-DrugTierCS-TEMPORARY-TRIAL-USE"
TIERS_WITHOUT_SUFFIX = "http://hl7.org/fhir/us/davinci-drug-formulary/CodeSystem/usdf-DrugTierCS"
BENEFIT_TYPES = (
    "http://hl7.org/fhir/us/davinci-drug-formulary/CodeSystem/usdf-PharmacyBenefitTypeCS-TEMPORARY-TRIAL-USE"
)
BENEFIT_TYPES_WITHOUT_SUFFIX = "http://hl7.org/fhir/us/davinci-drug-formulary/CodeSystem/usdf-PharmacyBenefitTypeCS"

_SPELT_OUT = frozenset({TIERS, BENEFIT_TYPES})
_SHORTENED = frozenset({TIERS_WITHOUT_SUFFIX, BENEFIT_TYPES_WITHOUT_SUFFIX})


@dataclass(frozen=True, slots=True)
class Item:
    """One drug's place in one formulary. The limits are None where the item does not speak of them.

    ``formulary`` and ``drug`` are "Type/id"; ``tiers`` and ``benefit_types`` hold one tuple of codings per extension.
    """

    at: str
    id: str
    last_updated: str
    codes: tuple[Coding, ...]
    formulary: str
    drug: str
    status: str
    period: Period | None
    tiers: tuple[tuple[Coding, ...], ...]
    benefit_types: tuple[tuple[Coding, ...], ...]
    prior_authorization: bool | None
    prior_authorization_new_starts: bool | None
    step_therapy: bool | None
    step_therapy_new_starts: bool | None
    quantity_limit: bool | None
    quantity_detail: bool
    additional_information: str

    @property
    def tier(self) -> tuple[Coding, ...]:
        """The codings of its tier; where there are several tiers, of the first."""
        return next(iter(self.tiers), ())

    @property
    def trial_suffix(self) -> bool | None:
        """Whether its tier and benefit types name the guide's code systems in full; None where they name neither."""
        systems = {code.system for codes in (*self.tiers, *self.benefit_types) for code in codes}
        if systems & _SHORTENED:
            return False
        return True if systems & _SPELT_OUT else None


@dataclass(frozen=True, slots=True)
class Drug:
    """One drug; ``rxnorm`` are its RxNorm codes, ``names`` everything it is called by."""

    at: str
    id: str
    last_updated: str
    status: str
    codes: tuple[Coding, ...]
    rxnorm: tuple[str, ...]
    names: tuple[str, ...]
    dose_form: tuple[Coding, ...]


@dataclass(frozen=True, slots=True)
class Location:
    """One coverage area; ``boundary`` says whether it has a GeoJSON outline."""

    at: str
    id: str
    last_updated: str
    name: str
    states: tuple[str, ...]
    boundary: bool


def read_item(resource: Any, at: str = "") -> Item | None:
    """A formulary item; None for any resource that is no Basic."""
    if not is_type(resource, "Basic"):
        return None
    at, ident, updated = place(resource, at)
    said = _by_url(resource)
    return Item(
        at=at,
        id=ident,
        last_updated=updated,
        codes=codings(resource.get("code")),
        formulary=_first_reference(said.get(FORMULARY_REFERENCE, [])),
        drug=reference_key(resource.get("subject")),
        status=_first_text(said.get(AVAILABILITY_STATUS, []), "valueCode"),
        period=_first_period(said.get(AVAILABILITY_PERIOD, [])),
        tiers=_concepts(said.get(DRUG_TIER, [])),
        benefit_types=_concepts(said.get(BENEFIT_TYPE, [])),
        prior_authorization=_flag(said.get(PRIOR_AUTHORIZATION, [])),
        prior_authorization_new_starts=_flag(said.get(PRIOR_AUTHORIZATION_NEW_STARTS, [])),
        step_therapy=_flag(said.get(STEP_THERAPY, [])),
        step_therapy_new_starts=_flag(said.get(STEP_THERAPY_NEW_STARTS, [])),
        quantity_limit=_flag(said.get(QUANTITY_LIMIT, [])),
        quantity_detail=any(map(_tells_a_quantity, said.get(QUANTITY_DETAIL, []))),
        additional_information=_first_text(said.get(ADDITIONAL_INFORMATION, []), "valueMarkdown"),
    )


def _by_url(resource: JsonObject) -> dict[str, list[JsonObject]]:
    """A resource's extensions by URL."""
    said: dict[str, list[JsonObject]] = {}
    listed = resource.get("extension")
    for each in listed if isinstance(listed, list) else ():
        if isinstance(each, dict) and isinstance(url := each.get("url"), str):
            if url in said:
                said[url].append(each)
            else:
                said[url] = [each]
    return said


def _first_text(found: list[JsonObject], value: str) -> str:
    for each in found:
        if said := text(each.get(value)):
            return said
    return ""


def _first_reference(found: list[JsonObject]) -> str:
    for each in found:
        if key := reference_key(each.get("valueReference")):
            return key
    return ""


def _first_period(found: list[JsonObject]) -> Period | None:
    for each in found:
        if kept := period(each.get("valuePeriod")):
            return kept
    return None


def _flag(found: list[JsonObject]) -> bool | None:
    for each in found:
        if (said := truth(each.get("valueBoolean"))) is not None:
            return said
    return None


def _concepts(found: list[JsonObject]) -> tuple[tuple[Coding, ...], ...]:
    return tuple([codes for each in found if (codes := codings(each.get("valueCodeableConcept")))])


def _tells_a_quantity(detail: JsonObject) -> bool:
    """Whether any part of a quantity limit's detail has a value: Description, Rolling, MaximumDaily or DaysSupply."""
    return any(
        text(part.get("valueString")) or part.get("valueTiming") or part.get("valueQuantity")
        for _, part in records(detail.get("extension"))
    )


def read_drug(resource: Any, at: str = "") -> Drug | None:
    """A drug; None for any resource that is no MedicationKnowledge."""
    if not is_type(resource, "MedicationKnowledge"):
        return None
    at, ident, updated = place(resource, at)
    codes = codings(resource.get("code"))
    called = (
        *(each.display for each in codes),
        text(record(resource.get("code")).get("text")),
        *texts(resource.get("synonym")),
    )
    return Drug(
        at=at,
        id=ident,
        last_updated=updated,
        status=text(resource.get("status")),
        codes=codes,
        rxnorm=tuple(each.code for each in codes if each.system == RXNORM and each.code),
        names=tuple(dict.fromkeys(name for name in called if name)),
        dose_form=codings(resource.get("doseForm")),
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
        boundary=bool(extension(resource, BOUNDARY)),
    )
