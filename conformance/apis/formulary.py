"""Reading a US Drug Formulary: plans, formularies, items, drugs, locations, each into one flat value.

Formularies are big, so an item is read in one walk over its extensions (tens of thousands a second). The guide's code
systems are known with and without their ending -TEMPORARY-TRIAL-USE: the guide's own query examples leave it out.
"""

from __future__ import annotations

from collections.abc import Mapping
from sys import intern
from typing import Any, NamedTuple

from conformance.apis.formulary_drugs import RXNORM, Drug, contained_drug, is_number, read_drug
from conformance.apis.formulary_flags import (
    ADDITIONAL_INFORMATION,
    AVAILABILITY_PERIOD,
    AVAILABILITY_STATUS,
    PRIOR_AUTHORIZATION,
    PRIOR_AUTHORIZATION_NEW_STARTS,
    QUANTITY_DETAIL,
    QUANTITY_LIMIT,
    STEP_THERAPY,
    STEP_THERAPY_NEW_STARTS,
    flag,
    flags_of,
    limits_of,
    misused,
)
from conformance.apis.formulary_plans import (
    Cost,
    Formulary,
    Location,
    Plan,
    kind_of,
    read_formulary,
    read_location,
    read_plan,
)
from conformance.apis.formulary_profiles import DRUG_POLICY, FORMULARY_REFERENCE
from conformance.apis.shapes import (
    Coding,
    JsonObject,
    Period,
    code_or_reason,
    codings,
    is_type,
    logical_key,
    period,
    place,
    record,
    records,
    reference_key,
    text,
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
    "has_own_tier",
    "is_number",
    "kind_of",
    "read_drug",
    "read_formulary",
    "read_item",
    "read_location",
    "read_plan",
    "with_formularies",
]

BENEFIT_TYPE = "http://hl7.org/fhir/us/davinci-drug-formulary/StructureDefinition/usdf-PharmacyBenefitType-extension"
DRUG_TIER = "http://hl7.org/fhir/us/davinci-drug-formulary/StructureDefinition/usdf-DrugTierID-extension"

ITEM_TYPES = "http://hl7.org/fhir/us/davinci-drug-formulary/CodeSystem/usdf-InsuranceItemTypeCS"
FORMULARY_ITEM = Coding(ITEM_TYPES, "formulary-item")

TIERS = "http://hl7.org/fhir/us/davinci-drug-formulary/CodeSystem/usdf-DrugTierCS-TEMPORARY-TRIAL-USE"
TIERS_WITHOUT_SUFFIX = "http://hl7.org/fhir/us/davinci-drug-formulary/CodeSystem/usdf-DrugTierCS"
BENEFIT_TYPES = (
    "http://hl7.org/fhir/us/davinci-drug-formulary/CodeSystem/usdf-PharmacyBenefitTypeCS-TEMPORARY-TRIAL-USE"
)
BENEFIT_TYPES_WITHOUT_SUFFIX = "http://hl7.org/fhir/us/davinci-drug-formulary/CodeSystem/usdf-PharmacyBenefitTypeCS"

_SPELT_OUT = frozenset({TIERS, BENEFIT_TYPES})
_SHORTENED = frozenset({TIERS_WITHOUT_SUFFIX, BENEFIT_TYPES_WITHOUT_SUFFIX})


Tiers = tuple[tuple[Coding, ...], ...]  # the codings of each tier that an item names


class Item(NamedTuple):  # made by the hundred thousand, and no other value is made as fast
    """One drug's place in one formulary. The limits are None where the item does not speak of them.

    ``formulary`` and ``drug`` are "Type/id", or "" where an identifier alone names them, which is the number beside
    ("system|value"); a drug that is contained in its item goes by its RxNorm code. ``tiers`` and ``benefit_types`` hold
    one tuple of codings per extension, and for a concept in words only its text, as what a coding without a code
    displays.
    """

    at: str
    id: str
    last_updated: str
    codes: tuple[Coding, ...]
    drug: str
    drug_number: str
    formulary: str
    formulary_number: str
    status: str
    period: Period | None
    tiers: Tiers
    benefit_types: tuple[tuple[Coding, ...], ...]
    prior_authorization: bool | None
    prior_authorization_new_starts: bool | None
    step_therapy: bool | None
    step_therapy_new_starts: bool | None
    quantity_limit: bool | None
    quantity_detail: bool
    additional_information: str
    trial_suffix: bool | None  # whether its codes name the guide's code systems in full; None where they name neither
    misused: tuple[str, ...]  # what is wrong with how its extensions are written

    @property
    def tier(self) -> tuple[Coding, ...]:
        """The codings of its tier; where there are several tiers, of the first."""
        return next(iter(self.tiers), ())

    @property
    def tier_code(self) -> Coding | None:
        """The first coding of its tier that has a code; None for a tier in words."""
        return coded(self.tiers)

    @property
    def limits(self) -> Mapping[str, bool | None]:
        """Each limit by the name that a tester gives it; one told only by its details is told."""
        return limits_of(*flags_of(self))

    @property
    def is_listing(self) -> bool:
        """Whether it is meant as a formulary item at all: other things are Basic resources too."""
        coded = any(each.code == FORMULARY_ITEM.code for each in self.codes)
        return coded or bool(self.formulary or self.tiers or self.benefit_types)

    @property
    def is_offered(self) -> bool:
        """Whether its status lets it count: it is neither retired nor still a draft."""
        return self.status not in ("retired", "draft")


class Terms(NamedTuple):
    """What the extensions of an item say: an item's fields from ``formulary`` on, in the same order."""

    formulary: str
    formulary_number: str
    status: str
    period: Period | None
    tiers: Tiers
    benefit_types: tuple[tuple[Coding, ...], ...]
    prior_authorization: bool | None
    prior_authorization_new_starts: bool | None
    step_therapy: bool | None
    step_therapy_new_starts: bool | None
    quantity_limit: bool | None
    quantity_detail: bool
    additional_information: str
    trial_suffix: bool | None
    misused: tuple[str, ...]


def read_item(resource: Any, at: str = "") -> Item | None:
    """A formulary item; None for any resource that is no Basic. Its extensions may be read already (Terms)."""
    if not is_type(resource, "Basic"):
        return None
    at, ident, updated = place(resource, at)
    said = resource.get("extension")
    terms = said if isinstance(said, Terms) else read_terms(said)
    subject = resource.get("subject")
    drug = intern(reference_key(subject))
    number = "" if drug else logical_key(subject)
    if drug.startswith("#") and (number := contained_drug(resource, drug)):
        drug = ""
    return Item(at, ident, intern(updated), codings(resource.get("code")), drug, number, *terms)


def with_formularies(items: tuple[Item, ...], known: Mapping[str, str]) -> tuple[Item, ...]:
    """The items, each with the formulary that it names by an identifier alone, as far as that is ``known``."""
    return tuple(
        item._replace(formulary=known.get(item.formulary_number, "")) if item.formulary_number else item
        for item in items
    )


def has_own_tier(drug: JsonObject) -> bool:
    """Whether a drug itself says its tier, as in the guide's first releases (1.x), which knew no items. Its extensions
    may be read already (Terms)."""
    said = drug.get("extension")
    return bool(said and (said if isinstance(said, Terms) else read_terms(said)).tiers)


def read_terms(extensions: Any) -> Terms:
    """What the extensions of a formulary item say."""
    said = _by_url(extensions)
    tiers, benefit_types = _concepts(said.get(DRUG_TIER, [])), _concepts(said.get(BENEFIT_TYPE, []))
    listed = said.get(FORMULARY_REFERENCE, [])
    formulary = _first_reference(listed)
    return Terms(
        formulary=formulary,
        formulary_number="" if formulary else _first_number(listed),
        status=_first_code(said.get(AVAILABILITY_STATUS, [])),
        period=_first_period(said.get(AVAILABILITY_PERIOD, [])),
        tiers=tiers,
        benefit_types=benefit_types,
        prior_authorization=flag(said.get(PRIOR_AUTHORIZATION, [])),
        prior_authorization_new_starts=flag(said.get(PRIOR_AUTHORIZATION_NEW_STARTS, [])),
        step_therapy=flag(said.get(STEP_THERAPY, [])),
        step_therapy_new_starts=flag(said.get(STEP_THERAPY_NEW_STARTS, [])),
        quantity_limit=flag(said.get(QUANTITY_LIMIT, [])),
        quantity_detail=any(map(_tells_a_quantity, said.get(QUANTITY_DETAIL, []))),
        additional_information=_first_text(said.get(ADDITIONAL_INFORMATION, []), "valueMarkdown"),
        trial_suffix=_trial_suffix((*tiers, *benefit_types)),
        misused=misused(said),
    )


def _trial_suffix(concepts: tuple[tuple[Coding, ...], ...]) -> bool | None:
    systems = {code.system for codes in concepts for code in codes}
    if systems & _SHORTENED:
        return False
    return True if systems & _SPELT_OUT else None


def _by_url(extensions: Any) -> dict[str, list[JsonObject]]:
    """A resource's extensions by URL."""
    said: dict[str, list[JsonObject]] = {}
    for each in extensions if isinstance(extensions, list) else ():
        if isinstance(each, dict) and isinstance(url := each.get("url"), str):
            if url in said:
                said[url].append(each)
            else:
                said[url] = [each]
    return said


def _first_code(found: list[JsonObject]) -> str:
    for each in found:
        if said := code_or_reason(each, "valueCode"):
            return said
    return ""


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


def _first_number(found: list[JsonObject]) -> str:
    for each in found:
        if number := logical_key(each.get("valueReference")):
            return number
    return ""


def _first_period(found: list[JsonObject]) -> Period | None:
    for each in found:
        if kept := period(each.get("valuePeriod")):
            return kept
    return None


def coded(tiers: Tiers) -> Coding | None:
    """The code of the first of an item's tiers, by the guide's system where it has one; None for a tier in words."""
    codes = [code for code in next(iter(tiers), ()) if code.code]
    return next((code for code in codes if code.system in (TIERS, TIERS_WITHOUT_SUFFIX)), next(iter(codes), None))


def _concepts(found: list[JsonObject]) -> tuple[tuple[Coding, ...], ...]:
    return tuple([codes for each in found if (codes := _concept(each.get("valueCodeableConcept")))])


def _concept(concept: Any) -> tuple[Coding, ...]:
    if codes := codings(concept):
        return codes
    return (Coding(display=words),) if (words := text(record(concept).get("text"))) else ()


def _tells_a_quantity(detail: JsonObject) -> bool:
    """Whether any part of a quantity limit's detail has a value: Description, Rolling, MaximumDaily or DaysSupply."""
    return any(
        text(part.get("valueString")) or part.get("valueTiming") or part.get("valueQuantity")
        for _, part in records(detail.get("extension"))
    )
