"""Faults and variants of the parts of coverage information: their values, and how often each may stand there."""

from __future__ import annotations

from typing import Any

from conformance.sandbox.faults import coverage_edits as edits
from conformance.sandbox.faults.coverage_edits import AIRWAY, NEW, OLD
from conformance.sandbox.frame import Fault, Resource, Variant

CRD_OLD, CRD_NEW = ("crd=2.0.1",), ("crd=2.2.1",)
CONTENT = ("crd.coverage-information-content",)
DAYS = ("2098-12-31", "2099-12-31")
LIMITED = {"url": "category", "valueCode": "cat-limitation"}
CODE = {"url": "code", "valueCodeableConcept": {"coding": [{"system": "urn:details", "code": "allowed-quantity"}]}}
AMOUNT = {"url": "value", "valueQuantity": {"value": 12}}


def _detail(*parts: Resource) -> Any:
    return lambda told: told.append({"url": "detail", "extension": [*parts]})


def _dated_in_words(told: list[Resource]) -> None:
    for part in told:
        if part["url"] == "date":
            part["valueDate"] = "yesterday"


def _reasoned_by_number(parts: list[Resource]) -> None:
    reason = {"url": "reason", "valueCodeableConcept": {"text": 7}}
    parts[:] = [*(part for part in parts if part["url"] != "reason"), reason]


def _as_addresses(told: list[Resource]) -> None:
    for part in told:
        if part["url"] == "questionnaire":
            part["valueUri"] = part.pop("valueCanonical")


def _part(name: str, **value: Any) -> Any:
    return lambda told: told.append({"url": name, **value})


def _about_coverage(reference: str) -> Any:
    def change(told: list[Resource]) -> None:
        told[0]["valueReference"] = {"reference": reference}

    return change


def _in_full(told: list[Resource]) -> None:
    """Every part that both versions have and nothing else calls for, more than once where that is allowed."""
    order = {"reference": "ServiceRequest/another"}
    told += [
        *({"url": "billingCode", "valueCoding": {"code": code}} for code in ("E0601", "E0601-NU")),
        {"url": "dependency", "valueReference": order},
        {"url": "reason", "valueCodeableConcept": {"text": "The plan covers it once in five years."}},
        {"url": "urn:payer:internal", "valueInteger": 7},
    ]


def _in_full_since_2_2(told: list[Resource]) -> None:
    _in_full(told)
    policy = {"url": "value", "valueUrl": "https://payer.example.org/policies/D-012"}
    told += [
        {"url": "contact", "valueContactDetail": {"name": "Utilization management"}},
        {"url": "expiry-date", "valueDate": "2099-12-31"},
        {"url": "detail", "extension": [LIMITED, CODE, policy, {"url": "qualification", "valueString": "In network"}]},
    ]


def _in_full_until_2_0(told: list[Resource]) -> None:
    _in_full(told)
    told.append({"url": "contact", "valueContactPoint": {"system": "phone", "value": "+1 800 555 0100"}})


FAULTS: tuple[Fault, ...] = (
    Fault(
        "dates_in_words",
        "The date of coverage information is a word.",
        CONTENT,
        bend=edits.information(_dated_in_words),
    ),
    Fault(
        "numbers_its_reasons",
        "The reason in coverage information is a number.",
        CONTENT,
        bend=edits.information(_reasoned_by_number, AIRWAY),
    ),
    Fault(
        "names_forms_as_addresses",
        "The questionnaire of coverage information is no canonical.",
        CONTENT,
        bend=edits.information(_as_addresses, AIRWAY),
    ),
    Fault("tells_details_by_half", "A detail has a code and no value.", CONTENT, bend=edits.information(_detail(CODE))),
    Fault(
        "tells_details_of_no_category",
        "A detail has no category.",
        CONTENT,
        bend=edits.information(_detail(CODE, AMOUNT), version=NEW),
        versions=CRD_NEW,
    ),
    Fault(
        "names_whom_to_call_in_words",
        "Whom to ask about coverage information is a text.",
        CONTENT,
        bend=edits.information(_part("contact", valueString="Call us.")),
    ),
    Fault(
        "names_another_coverage",
        "Coverage information is about a coverage that nobody sent.",
        CONTENT,
        bend=edits.information(_about_coverage("Coverage/another")),
    ),
    Fault(
        "ends_coverage_information_twice",
        "Coverage information expires on two days.",
        CONTENT,
        bend=edits.information(lambda told: [_part("expiry-date", valueDate=day)(told) for day in DAYS], version=NEW),
        versions=CRD_NEW,
    ),
    Fault(
        "sorts_details_in_its_own_way",
        "A detail is of a category that the guide does not know.",
        CONTENT,
        bend=edits.information(_detail({**LIMITED, "valueCode": "limits"}, CODE, AMOUNT), version=NEW),
        versions=CRD_NEW,
    ),
)
VARIANTS: tuple[Variant, ...] = (
    Variant(
        "tells_details",
        "Coverage information says how much is allowed.",
        bend=edits.information(_detail(LIMITED, CODE, AMOUNT)),
    ),
    Variant(
        "tells_details_as_2_0",
        "Coverage information says how much is allowed, without the category of later versions.",
        bend=edits.information(_detail(CODE, AMOUNT), version=OLD),
        versions=CRD_OLD,
    ),
    Variant(
        "tells_all_that_may_be_told",
        "Coverage information has every part that the guide gives it, and one of the payer's own.",
        bend=edits.information(_in_full_since_2_2, AIRWAY, NEW),
        versions=CRD_NEW,
    ),
    Variant(
        "tells_all_that_may_be_told_in_2_0",
        "The same in the guide's first version.",
        bend=edits.information(_in_full_until_2_0, AIRWAY, OLD),
        versions=CRD_OLD,
    ),
    Variant(
        "names_the_coverage_by_its_address",
        "Coverage information names the coverage by its whole address, with its version.",
        bend=edits.information(_about_coverage("https://ehr.example.org/fhir/Coverage/coverage/_history/1")),
    ),
)
