"""Prior authorizations as members are shown them: the official example, every lawful place, and who is named."""

from __future__ import annotations

from typing import Any

import pytest
from api_examples import example
from shared_data import needs_data

from conformance.apis.shown_authorization import (
    ISSUED,
    PAS,
    PDEX,
    VALID,
    content_faults,
    is_authorization,
    is_carin,
    read_shown,
)
from conformance.apis.strangers import tells_of

CPT = {"system": "http://www.ama-assn.org/go/cpt", "code": "72148"}


def adjudicated(code: str, base: str = PDEX, **more: Any) -> dict[str, Any]:
    concept = {"coding": [{"system": "https://codesystem.x12.org/005010/306", "code": code}]}
    review = [{"url": f"{base}extension-reviewActionCode", "valueCodeableConcept": concept}]
    return {"extension": [{"url": f"{base}extension-reviewAction", "extension": review}], **more}


def shown(code: str, item: dict[str, Any] | None = None, **top: Any) -> tuple[str, ...]:
    """What is missing of an authorization with one line about which this was decided."""
    line = {"sequence": 1, "productOrService": {"coding": [CPT]}, "adjudication": [adjudicated(code)], **(item or {})}
    return content_faults(read_shown({"resourceType": "ExplanationOfBenefit", "item": [line], **top}, "x"))


DATED = {"extension": [{"url": ISSUED, "valueDate": "2027-01-04"}]}
ENDED = {"preAuthRefPeriod": [{"end": "2027-06-30"}]}


@needs_data
@pytest.mark.parametrize("version", ["2.0.0", "2.2.0"])
def test_the_official_example_is_an_approval_that_tells_what_the_law_names(version):
    resource = example(f"pdex-{version}/ExplanationOfBenefit-PDexPriorAuth1.json")
    found = read_shown(resource, "x")

    assert is_authorization(resource)
    assert found.actions == {"approved"}
    assert {"PA123412341234123412341234", "AUTH0001"} <= found.names
    assert content_faults(found) == (() if found.lines[0].dated else ("x.item[0]: no date of the decision",))


@needs_data
def test_a_denial_with_a_reason_is_read():
    found = read_shown(example("hand-written/ExplanationOfBenefit-pa-denied.json"), "x")

    assert "denied" in found.actions
    assert not [each for each in content_faults(found) if "reason" in each]


def test_an_approval_needs_date_end_and_service():
    assert shown("A1", DATED, **ENDED) == ()
    assert shown("A1", **ENDED) == ("x.item[0]: no date of the decision",)
    assert shown("A1", DATED) == ("x.item[0]: no end date or circumstance",)
    unnamed = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/data-absent-reason", "code": "unknown"}]}
    assert shown("A1", {**DATED, "productOrService": unnamed}, **ENDED) == ("x.item[0]: no service that was approved",)
    assert shown("A1", {**DATED, "productOrService": {"text": "An MRI"}}, **ENDED) == ()


@pytest.mark.parametrize(
    ("item", "top"),
    [
        ({"extension": [*DATED["extension"], {"url": VALID, "valuePeriod": {"end": "2027-06-30"}}]}, {}),
        (DATED, ENDED),
        (DATED, {"disposition": "Valid until the course of treatment is complete."}),
        ({"adjudication": [adjudicated("A1", PAS)], **DATED}, ENDED),
        (
            {
                "adjudication": [
                    {
                        "extension": [
                            *adjudicated("A1")["extension"],
                            {"url": f"{PDEX}base-ext-when-adjudicated", "valueDateTime": "2027-01-04"},
                        ]
                    }
                ]
            },
            ENDED,
        ),
    ],
)
def test_every_lawful_place_is_looked_at(item, top):
    assert shown("A1", item, **top) == ()


@pytest.mark.parametrize(
    ("more", "top", "told"),
    [
        ([{"reason": {"text": "No trial of physical therapy is on record."}}], {}, True),
        (
            [{"reason": {"coding": [{"system": "https://x12.org/codes/claim-adjustment-reason-codes", "code": "50"}]}}],
            {},
            True,
        ),
        ([], {"processNote": [{"number": 1, "text": "No trial of physical therapy is on record."}]}, True),
        ([], {"disposition": "No trial of physical therapy is on record."}, True),
        ([], {"disposition": "Denied."}, False),
        ([], {}, False),
    ],
)
def test_a_denial_needs_a_reason_in_any_place(more, top, told):
    faults = shown("A3", {**DATED, "adjudication": [adjudicated("A3"), *more]}, **top)

    assert faults == (() if told else ("x.item[0]: no specific reason of the denial",))


def test_a_note_to_another_line_is_no_reason_for_this_one():
    line = {"productOrService": {"coding": [CPT]}, "adjudication": [adjudicated("A3")], **DATED}
    note = {"number": 1, "text": "No trial of physical therapy is on record."}
    resource = {"item": [{**line, "sequence": 1, "noteNumber": [1]}, {**line, "sequence": 2}], "processNote": [note]}

    assert content_faults(read_shown(resource, "x")) == ("x.item[1]: no specific reason of the denial",)


def test_what_tells_no_decision_has_no_status():
    assert shown("A9") == ("x.item[0]: no status",)
    assert shown("A9", outcome="queued") == ()
    assert shown("A9", status="cancelled") == ()
    assert shown("A4") == ()


def test_claims_of_carin_types():
    base = "http://hl7.org/fhir/us/carin-bb/StructureDefinition/"
    assert is_carin({"meta": {"profile": [f"{base}C4BB-ExplanationOfBenefit-Pharmacy|2.1.0"]}})
    assert not is_carin({"meta": {"profile": [f"{base}C4BB-Coverage"]}})
    assert not is_carin({})


def test_who_is_named():
    facts = {"patient_id": "p2", "member_id": "M-2"}
    claim = {"resourceType": "ExplanationOfBenefit", "patient": {"reference": "https://x.example/fhir/Patient/p2"}}

    assert tells_of({"resourceType": "Patient", "id": "p2"}, facts) == ("Patient.id",)
    assert tells_of({"entry": [{"resource": claim}]}, facts) == ("entry[0].resource.patient.reference",)
    assert tells_of({"identifier": [{"value": "M-2"}]}, facts) == ("identifier[0].value",)
    assert tells_of({"resourceType": "OperationOutcome", "issue": [{"diagnostics": "Patient/p2"}]}, facts) == ()
    assert tells_of({"link": [{"url": "https://x.example/Patient?_id=p2"}]}, facts) == ()
    assert tells_of({"patient": {"reference": "Patient/p22"}}, facts) == ()
    assert tells_of(None, facts) == ()
