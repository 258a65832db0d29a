"""Prior authorizations as members are shown them: the official example, every lawful place, and who is named."""

from __future__ import annotations

import json
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest
from api_examples import example
from shared_data import needs_data

from conformance.apis.authorization_lines import Item
from conformance.apis.carin import claim_faults
from conformance.apis.shapes import Period
from conformance.apis.shown_authorization import (
    ISSUED,
    PAS,
    PDEX,
    VALID,
    content_faults,
    is_authorization,
    is_carin,
    is_claim,
    read_shown,
    undated,
)
from conformance.apis.strangers import tells_of
from conformance.clock import stamp
from conformance.exchange import Exchange
from conformance.flows.member_data import Pages, pages
from conformance.flows.patient_access import PatientAccess
from conformance.flows.shown_to_members import Story
from conformance.target import Known

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
    assert content_faults(found) == ()
    assert undated(found) is (version == "2.0.0")
    assert content_faults(found, stamp("2021-08-01")) == (
        ("x.item[0]: no date of the decision",) if version == "2.0.0" else ()
    )


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


def test_an_institutions_service_is_named_by_its_revenue_code_or_its_kind():
    absent = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/data-absent-reason", "code": "unknown"}]}
    revenue = {"coding": [{"system": "https://www.nubc.org/CodeSystem/RevenueCodes", "code": "0120"}]}
    kind = {"coding": [{"system": "https://x12.org/codes/service-type-codes", "code": "48"}]}

    assert shown("A1", {**DATED, "productOrService": absent, "revenue": revenue}, **ENDED) == ()
    assert shown("A1", {**DATED, "productOrService": absent, "category": kind}, **ENDED) == ()
    assert shown("A1", {**DATED, "productOrService": absent, "category": absent}, **ENDED) != ()


@pytest.mark.parametrize(
    ("disposition", "told"),
    [
        ("Approved", "approved"),
        ("The request is not approved: no trial of physical therapy is on record.", "denied"),
        ("Your authorization was denied.", "denied"),
        ("Received. It will be approved or denied within seven days.", "pended"),
        ("Approved in part; two days denied", "pended"),
    ],
)
def test_a_status_in_words_is_one(disposition, told):
    item = {"sequence": 1, "productOrService": {"coding": [CPT]}}
    found = read_shown({"item": [item], "disposition": disposition, "outcome": "queued"}, "x")

    assert found.actions == {told}
    assert not [each for each in content_faults(found) if "status" in each]


def test_drugs_of_any_type_are_told_from_services():
    billed = {"system": "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets", "code": "J0897"}

    assert read_shown({"item": [{"productOrService": {"coding": [billed]}}]}, "x").is_drug
    assert not read_shown({"item": [{"productOrService": {"coding": [CPT]}}]}, "x").is_drug


def test_an_estimate_is_neither_claim_nor_authorization():
    estimate = {"resourceType": "ExplanationOfBenefit", "use": "predetermination"}

    assert not is_claim(estimate)
    assert not is_authorization(estimate)
    assert is_claim({**estimate, "use": "claim"})


@pytest.mark.parametrize(
    ("numbers", "codes", "differ"),
    [((1, 2), ("A1", "A3"), False), ((10, 20), ("A3", "A1"), False), ((1, 2), ("A3", "A1"), True),
     ((10, 20), ("A4", "A4"), True)],
)  # fmt: skip
def test_a_story_is_the_same_however_its_lines_are_numbered(numbers, codes, differ):
    lines = [{"sequence": n, "adjudication": [adjudicated(code)]} for n, code in zip(numbers, codes, strict=True)]
    items = (Item("a", 1, actions=("approved",)), Item("b", 2, actions=("denied",)))
    story = Story(SimpleNamespace(answer=SimpleNamespace(items=items)), read_shown({"item": lines}, "x"))

    assert bool(story.differences) is differ


@pytest.mark.parametrize(
    ("end", "differ"),
    [("2027-04-11", False), ("2027-04-12T04:59:59Z", False), ("", False), ("2027-04-18", True), ("2026-04-11", True)],
)
def test_a_story_has_one_end(end, differ):
    until = {"url": VALID, "valuePeriod": {"start": "2026-04-01", **({"end": end} if end else {})}}
    line = {"sequence": 1, "adjudication": [adjudicated("A1")], "extension": [until]}
    item = Item("a", 1, actions=("approved",), validity=Period("2026-10-13", "2027-04-11"))
    story = Story(SimpleNamespace(answer=SimpleNamespace(items=(item,))), read_shown({"item": [line]}, "x"))

    assert bool(story.differences) is differ


def test_a_known_authorization_of_a_drug_is_not_looked_for():
    day = date(2027, 1, 4)
    rows = (
        Known("patient-access", "D-1", day, "approved", drug_kind="part-d"),
        Known("prior-auth", "S-1", day, "approved"),
    )
    target = SimpleNamespace(known={"patient-access": rows})
    access = PatientAccess(SimpleNamespace(target=target, guide=lambda _: None), None)

    assert [each.identifier for each in access._known()] == ["S-1"]


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


VISION = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/claim-type", "code": "vision"}]}


def test_a_claim_has_one_insurance_in_focus():
    one, other = {"insurance": [{"focal": True}]}, {"insurance": [{"focal": True}, {"focal": True}]}
    assert set(claim_faults(other)) - set(claim_faults(one)) == {"more than one insurance in focus"}


@pytest.mark.parametrize(
    ("profiles", "lacks"),
    [
        (["Pharmacy-Basis"], 4),
        (["Pharmacy|2.1.0"], 4),
        (["Inpatient-Institutional"], 3),
        (["Outpatient-Institutional-Basis"], 2),
        (["Oral"], 1),
        (["Professional-NonClinician"], 0),
        (["Pharmacy", "Oral"], 1),  # of the two it is nearer to the second
        (["Of-2031"], 0),  # a type that nobody knows yet
    ],
)
def test_what_a_claim_lacks_of_its_own_type(profiles, lacks):
    base = "http://hl7.org/fhir/us/carin-bb/StructureDefinition/C4BB-ExplanationOfBenefit-"
    claim = {"meta": {"profile": [f"{base}{each}" for each in profiles]}, "type": VISION}

    assert len(claim_faults(claim)) == len(claim_faults({})) - 1 + lacks


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


def walked(link: str) -> Pages | None:
    """The walk over pages of one record each, whose next link is ``link`` with the number of the page."""
    count = iter(range(1000))

    def ask(url: str) -> Exchange:
        found = {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": {"resourceType": "Basic"}}]}
        found["link"] = [{"relation": "next", "url": link.format(next(count))}]
        return Exchange(
            "x", "patient-access.search", "", "", "GET", f"https://payer.example/fhir/{url}", status=200,
            headers={"content-type": "application/fhir+json"}, body=json.dumps(found).encode(),
        )  # fmt: skip

    return pages(ask, "Basic?patient=a", "https://payer.example/fhir", "x")


def test_pages_that_nobody_follows_to_their_end_are_told():
    endless = walked("https://payer.example/fhir?page={}")
    assert (len(endless.bundles), endless.lost) == (200, "there are more than 200 pages")
    away = walked("https://data.example/fhir?page={}")
    assert (len(away.bundles), "another origin" in away.lost) == (1, True)
    back = walked("https://payer.example/fhir?page=again")
    assert (back.lost, back.looped) == ("", "the next link of page 2 leads back"), "the payer's doing"
