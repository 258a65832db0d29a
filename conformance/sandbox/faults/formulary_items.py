"""What can be wrong with how one formulary item is written, and what may lawfully differ."""

from __future__ import annotations

from conformance.sandbox.faults import formulary_changes as changes
from conformance.sandbox.formulary_rows import TIER, extension_url
from conformance.sandbox.frame import Fault, Resource, Seed, Variant

ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
PLAIN = "item-harbor-311353"  # under no limit, and of a drug that nobody declares
PRIOR = "PriorAuthorization"
LISTED = extension_url("FormularyReference")


def said_twice(item: Resource) -> None:
    """Prior authorization is not needed, and it is."""
    item["extension"].append({"url": extension_url(PRIOR), "valueBoolean": True})


def unknown(item: Resource) -> None:
    """Nobody knows whether it needs prior authorization: the flag says so in the place of its value."""
    changes.without(PRIOR)(item)
    reason = {"extension": [{"url": ABSENT, "valueCode": "unknown"}]}
    item["extension"].append({"url": extension_url(PRIOR), "_valueBoolean": reason})


def named_by_identifier(item: Resource) -> None:
    """The drug is named by its RxNorm number in the place of a URL (FHIR R4, Logical references)."""
    code = item["subject"]["reference"].rpartition("-")[2]
    item["subject"] = {"type": "MedicationKnowledge", "identifier": {"system": RXNORM, "value": code}}


def with_its_drug_inside(item: Resource) -> None:
    """The drug is contained in the item."""
    code = item["subject"]["reference"].rpartition("-")[2]
    coding = {"system": RXNORM, "code": code}
    item["contained"] = [
        {"resourceType": "MedicationKnowledge", "id": "drug", "status": "active", "code": {"coding": [coding]}}
    ]
    item["subject"] = {"reference": "#drug"}


def formulary_by_identifier(seed: Seed) -> Seed:
    """An item names its formulary by an identifier of that."""

    def named(item: Resource) -> None:
        [listed] = (each for each in item["extension"] if each["url"] == LISTED)
        own = listed["valueReference"]["reference"].rpartition("/")[2]
        listed["valueReference"] = {"identifier": seed.insurance_plans[own]["identifier"][0]}

    return changes.item(PLAIN, named)(seed)


def with_own_tiers(item: Resource) -> None:
    """A code of the payer's own stands before each tier's."""
    for each in item["extension"]:
        codes = each.get("valueCodeableConcept", {}).get("coding", [])
        if any(code["system"] == TIER for code in codes):
            codes.insert(0, {"system": "https://payer.example.org/codes/tiers", "code": "T4"})


FAULTS: tuple[Fault, ...] = (
    Fault(
        "says_a_limit_twice",
        "An item says that a drug needs no prior authorization, and says that it does.",
        ("usdf.item-flags",),
        seed=changes.item(PLAIN, said_twice),
    ),
    Fault(
        "says_a_limit_in_words",
        "An item says of prior authorization in words what is true or false.",
        ("usdf.item-flags",),
        seed=changes.item(PLAIN, changes.saying(PRIOR, "valueString", "not needed")),
    ),
    Fault(
        "invents_a_status_of_an_item",
        "An item's availability is a word of the payer's own.",
        ("usdf.item-required",),
        seed=changes.item(PLAIN, changes.saying("AvailabilityStatus", "valueCode", "available")),
    ),
)
VARIANTS: tuple[Variant, ...] = (
    Variant(
        "limit_that_is_unknown",
        "An item says that nobody knows whether a drug needs prior authorization.",
        seed=changes.item(PLAIN, unknown),
    ),
    Variant(
        "drug_by_identifier",
        "An item names its drug by an identifier in the place of a URL.",
        seed=changes.item(PLAIN, named_by_identifier),
        advises=("usdf.item-required",),
    ),
    Variant(
        "drug_inside_its_item",
        "An item contains its drug.",
        seed=changes.item(PLAIN, with_its_drug_inside),
        advises=("usdf.item-required",),
    ),
    Variant(
        "formulary_by_identifier",
        "An item names its formulary by an identifier in the place of a URL.",
        seed=formulary_by_identifier,
        advises=("usdf.item-required",),
    ),
    Variant(
        "own_tiers_beside",
        "Tiers of items have a code of the payer's own before the guide's.",
        seed=changes.every("formulary_items", with_own_tiers),
    ),
)
