"""No reader raises, whatever stands where: arbitrary values in any place of an answer, and arbitrary answers."""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from api_examples import PAS, PAS_221, adjudication, bundle, claim_response, item, patient, review_action
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conformance.apis.discovery import read_capabilities, read_davinci, read_smart
from conformance.apis.formulary import kind_of, read_drug, read_formulary, read_item, read_location, read_plan
from conformance.apis.member_match import everything, read_everything, read_match
from conformance.apis.prior_auth import inquiry_form, parameter_names, read_answer, read_inquiry
from conformance.apis.shapes import reference_key
from conformance.guides import Guide

USDF = "http://hl7.org/fhir/us/davinci-drug-formulary/StructureDefinition/usdf-"
CODED = {"coding": [{"system": "http://s", "code": "c", "display": "d"}], "text": "t"}
REFERENCE = {"reference": "Patient/member", "identifier": {"system": "http://s", "value": "v"}, "type": "Patient"}
PERIOD = {"start": "2027-01-01", "end": "2027-12-31"}


def extension(url: str, **value: Any) -> dict[str, Any]:
    return {"url": url, **value}


def full_answer() -> dict[str, Any]:
    reason = {"url": "reasonCode", "valueCodeableConcept": CODED}
    said = review_action("A3", reason, {"url": "number", "valueString": "N"})
    extensions = [
        extension(f"{PAS}extension-itemPreAuthIssueDate", valueDate="2027-01-01"),
        extension(f"{PAS}extension-itemPreAuthPeriod", valuePeriod=PERIOD),
        extension(
            f"{PAS}extension-itemTraceNumber", valueIdentifier={"system": "http://s", "value": "v", "type": CODED}
        ),
        extension(f"{PAS}extension-authorizationNumber", valueString="P"),
        extension(f"{PAS}extension-itemAuthorizedDetail", extension=[]),
        extension(f"{PAS}extension-dischargeDate", valueDate="2027-01-02"),
    ]
    note = {"url": "processNote", "valuePositiveInt": 2}
    response = claim_response(
        {**item(1, said), "noteNumber": [1], "extension": extensions},
        {"itemSequence": 2, "adjudication": [adjudication(reason=CODED)]},
        addItem=[
            {"itemSequence": [1], "productOrService": CODED, "quantity": {"value": 1}, "extension": extensions,
             "adjudication": [adjudication(said)], "noteNumber": [1]}
        ],
        adjudication=[adjudication(review_action("A4"), reason=CODED)],
        processNote=[{"number": 1, "text": "criteria"}, {"number": 2, "text": "an error"}],
        error=[{"code": CODED, "extension": [extension(f"{PAS}extension-errorElement", extension=[note])]}],
        disposition="because", preAuthPeriod=PERIOD, preAuthRef="N", patient=REFERENCE, request=REFERENCE,
        identifier=[{"system": "http://s", "value": "v"}], communicationRequest=[REFERENCE], contained=[patient("p")],
    )  # fmt: skip
    return bundle(response, patient(), {"resourceType": "Claim", "id": "c", "identifier": [{"value": "v"}]})


def full_inquiry() -> dict[str, Any]:
    return {"resourceType": "Parameters", "parameter": [{"name": "return", "resource": full_answer()}]}


def full_item() -> dict[str, Any]:
    detail = {"url": "Description", "valueString": "30"}
    return {
        "resourceType": "Basic", "id": "1", "meta": {"lastUpdated": "2027"}, "code": CODED, "subject": REFERENCE,
        "extension": [
            extension(f"{USDF}FormularyReference-extension", valueReference=REFERENCE),
            extension(f"{USDF}AvailabilityStatus-extension", valueCode="active"),
            extension(f"{USDF}AvailabilityPeriod-extension", valuePeriod=PERIOD),
            extension(f"{USDF}PharmacyBenefitType-extension", valueCodeableConcept=CODED),
            extension(f"{USDF}DrugTierID-extension", valueCodeableConcept=CODED),
            extension(f"{USDF}PriorAuthorization-extension", valueBoolean=True),
            extension(f"{USDF}QuantityLimitDetail-extension", extension=[detail]),
            extension(f"{USDF}AdditionalCoverageInformation-extension", valueMarkdown="m"),
        ],
    }  # fmt: skip


def full_plan() -> dict[str, Any]:
    drugs = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "DRUGPOL"}]}
    listed = extension(f"{USDF}FormularyReference-extension", valueReference=REFERENCE)
    cost = {"type": CODED, "qualifiers": [CODED], "value": {"value": 20, "code": "USD"}}
    return {
        "resourceType": "InsurancePlan", "id": "1", "meta": {"lastUpdated": "2027", "profile": ["http://p"]},
        "identifier": [{"value": "v"}], "status": "active", "type": [CODED], "name": "n", "period": PERIOD,
        "coverageArea": [REFERENCE],
        "coverage": [{"type": drugs, "extension": [listed]}],
        "plan": [{"specificCost": [{"category": CODED, "benefit": [{"type": CODED, "cost": [cost]}]}]}],
    }  # fmt: skip


def full_everything() -> dict[str, Any]:
    copied = patient("p", identifier=patient()["identifier"])
    return bundle(
        patient(link=[{"other": {"reference": "Patient/old"}}]),
        {
            "resourceType": "Coverage",
            "id": "1",
            "beneficiary": REFERENCE,
            "subscriber": REFERENCE,
            "payor": [REFERENCE],
        },
        {"resourceType": "Group", "id": "1", "member": [{"entity": REFERENCE}]},
        {"resourceType": "Condition", "id": "1", "subject": {"reference": "#p"}, "contained": [copied]},
    )


def full_statement() -> dict[str, Any]:
    room = {
        "type": "Claim", "operation": [{"name": "submit", "definition": "http://d"}], "searchInclude": ["*"],
        "searchParam": [{"name": "p"}], "interaction": [{"code": "read"}],
    }  # fmt: skip
    return {
        "resourceType": "CapabilityStatement", "status": "active", "kind": "instance", "fhirVersion": "4.0.1",
        "format": ["json"], "instantiates": ["http://i"], "implementationGuide": ["http://g"],
        "rest": [{"mode": "server", "resource": [room], "security": {"service": [CODED]}}],
    }  # fmt: skip


ANSWERS = {
    "answer": full_answer(),
    "inquiry": full_inquiry(),
    "item": full_item(),
    "plan": full_plan(),
    "drug": {"resourceType": "MedicationKnowledge", "id": "1", "code": CODED, "synonym": ["s"], "doseForm": CODED},
    "location": {
        "resourceType": "Location", "id": "1", "name": "n", "address": {"state": "CT"},
        "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/location-boundary-geojson"}],
    },
    "match": {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "MemberIdentifier", "valueIdentifier": {"system": "http://s", "value": "v", "type": CODED}},
            {"name": "MemberId", "valueReference": REFERENCE},
        ],
    },
    "everything": full_everything(),
    "statement": full_statement(),
    "smart": {"token_endpoint": "https://t", "capabilities": ["c"], "grant_types_supported": ["g"]},
    "davinci": {"identifier": {"value": "v"}, "endpoints": {"a": "https://a"}},
}  # fmt: skip


def read_answers(resource: Any) -> None:
    asked(read_answer(resource, PAS_221))
    asked(read_inquiry(resource, PAS_221))
    inquiry_form(resource)
    parameter_names(resource)


def read_formularies(resource: Any) -> None:
    for read in (kind_of, read_item, read_plan, read_formulary, read_drug, read_location):
        asked(read(resource))


def read_exchange(resource: Any) -> None:
    asked(read_match(resource))
    asked(read_everything(resource))
    everything([resource, resource]).strangers("Patient/member")
    reference_key(resource)


def read_discovery(resource: Any) -> None:
    statement, smart, davinci = read_capabilities(resource), read_smart(resource), read_davinci(resource)
    for each in (statement, smart, davinci):
        asked(each)
    if statement is not None:
        statement.declares("Claim", "submit", "http://d")
        statement.claims("http://i")
    if davinci is not None:
        davinci.endpoint("a", "1.2.0")


ALL = (read_answers, read_formularies, read_exchange, read_discovery)
READERS = {
    "answer": (read_answers, read_exchange),
    "inquiry": (read_answers,),
    "item": (read_formularies,),
    "plan": (read_formularies,),
    "drug": (read_formularies,),
    "location": (read_formularies,),
    "match": (read_exchange,),
    "everything": (read_exchange,),
    "statement": (read_discovery,),
    "smart": (read_discovery,),
    "davinci": (read_discovery,),
}


def read_all(resource: Any, readers: Any = ALL) -> None:
    """Every reader, and everything that can be asked of what it gives."""
    for read in readers:
        read(resource)


@cache
def properties(kind: type) -> tuple[str, ...]:
    return tuple(name for name, part in vars(kind).items() if isinstance(part, property))


def asked(value: Any) -> None:
    """Every property of a value, and of the values in it."""
    if isinstance(value, tuple):
        for each in value:
            asked(each)
    elif dataclasses.is_dataclass(value) and not isinstance(value, Guide):
        for field in dataclasses.fields(value):
            asked(getattr(value, field.name))
        for name in properties(type(value)):
            getattr(value, name)


def places(node: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield at
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, each in children:
        yield from places(each, (*at, key))


def put(resource: Any, at: tuple[Any, ...], value: Any) -> Any:
    if not at:
        return value
    changed = copy.deepcopy(resource)
    parent = changed
    for step in at[:-1]:
        parent = parent[step]
    parent[at[-1]] = value
    return changed


# Through JSON, so that no part is shared and a change in one place stays there.
ANSWERS = {name: json.loads(json.dumps(each)) for name, each in ANSWERS.items()}
PLACES = {name: tuple(places(resource)) for name, resource in ANSWERS.items()}
NAMES = """resourceType id entry resource extension url valueCodeableConcept valueReference reference identifier system
value coding code text item adjudication itemSequence noteNumber parameter name contained subject patient"""
KEYS = st.sampled_from(NAMES.split()) | st.text(max_size=3)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=8)
    | st.sampled_from(
        ["Bundle", "ClaimResponse", "Parameters", "Patient", "#", "#p", "urn:", "/", "//", "Patient/", "a|b#c"]
    )
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=8,
)
QUIET = settings(
    max_examples=80, deadline=None, derandomize=True, database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip


@QUIET
@given(VALUES)
def test_arbitrary_answers_are_read_without_raising(value):
    read_all(value)


@pytest.mark.parametrize("name", ANSWERS)
@QUIET
@given(data=st.data())
def test_arbitrary_values_in_any_place_are_read_without_raising(name, data):
    at = data.draw(st.sampled_from(PLACES[name]))
    changed = put(ANSWERS[name], at, data.draw(VALUES))
    if data.draw(st.booleans()):
        changed = put(changed, data.draw(st.sampled_from(tuple(places(changed)))), data.draw(VALUES))
    read_all(changed, READERS[name])


ODD = [None, True, -1, " ", [], {}, [[]], [{}], {"": None}, {"reference": []}]


@pytest.mark.parametrize("name", ANSWERS)
def test_every_place_takes_every_odd_value(name):
    for number, at in enumerate(PLACES[name]):
        for odd in (ODD[number % len(ODD)], ODD[(number // 3) % len(ODD)], None, {}):
            try:
                read_all(put(ANSWERS[name], at, odd), READERS[name])
            except Exception as raised:
                pytest.fail(f"{name} at {at} with {odd!r}: {type(raised).__name__}: {raised}")


def test_the_untouched_answers_are_read_in_full():
    answer = read_answer(ANSWERS["answer"], PAS_221)
    assert answer.denied
    assert answer.denied[0].reasons
    assert answer.errors
    assert answer.denied[0].traces
    assert read_inquiry(ANSWERS["inquiry"], PAS_221)
    item_read = read_item(ANSWERS["item"])
    assert item_read.tier
    assert item_read.quantity_detail
    assert read_plan(ANSWERS["plan"]).costs
    assert read_match(ANSWERS["match"]).member
    assert read_everything(ANSWERS["everything"]).strangers("Patient/member") == ()
    assert read_capabilities(ANSWERS["statement"]).security


def test_depth_is_no_danger():
    node: Any = {"reference": "Patient/x"}
    for _ in range(20_000):
        node = {"extension": [node]}
    deep = bundle(patient(), {"resourceType": "Condition", "id": "1", **node})
    assert read_everything(deep).entries[1].mentions == ("Patient/x",)
    assert read_answer(deep, PAS_221) is None
