"""Attachments at the model payer: a request waits for its document, and is decided when it comes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pas_requests import FIRST, SECOND, Desk, inquiry, request, trace_of
from shared_data import DATA, needs_data

from conformance.cases import template
from conformance.sandbox import attachments
from conformance.sandbox.frame import Answer, Call

DOCUMENT = {
    "resourceType": "DocumentReference",
    "status": "current",
    "content": [{"attachment": {"contentType": "text/plain", "data": "aGVsbG8="}}],
}


def attached(number: Any, member: dict[str, str] = FIRST, **more: Any) -> Any:
    given = {
        "TrackingId": {"valueIdentifier": number},
        "AttachTo": {"valueCode": "preauthorization"},
        "OrganizationId": {"valueIdentifier": {"value": "1397205844"}},
        "MemberId": {"valueIdentifier": {"value": member["value"]}},
        "Attachment": {"part": [{"name": "Content", "resource": DOCUMENT}]},
        **more,
    }
    named = [{"name": name, **value} for name, value in given.items() if value]
    return {"resourceType": "Parameters", "parameter": named}


def send(desk: Desk, body: Any) -> Answer:
    call = Call("", "pas=2.2.1", "POST", "$submit-attachment", body=json.dumps(body).encode())
    return attachments.submit(call, desk.payer)


def asked(desk: Desk, body: Any) -> Any:
    """The number under which a document is asked for."""
    entries = desk.submit(body).resource()["entry"]
    (found,) = [one["resource"] for one in entries if one["resource"]["resourceType"] == "CommunicationRequest"]
    return found["identifier"][0]


def decision(desk: Desk, body: Any) -> str:
    found = desk.inquire(inquiry(trace_of(body))).resource()["parameter"][0]["resource"]["entry"][0]["resource"]
    action = found["item"][0]["adjudication"][0]["extension"][0]["extension"]
    code = next(part["valueCodeableConcept"] for part in action if "valueCodeableConcept" in part)
    return str(code["coding"][0]["code"])


def test_a_request_is_decided_when_its_document_comes() -> None:
    desk, body = Desk(), request("63650")
    number = asked(desk, body)
    before = decision(desk, body)

    assert send(desk, attached(number)) == Answer(200)
    assert (before, decision(desk, body)) == ("A4", "A1")


def answers(form: str = "spinal-stimulator", **more: Any) -> Any:
    item = {"linkId": "1", "answer": [{"valueString": "Chronic pain syndrome"}]}
    canonical = f"https://payer.example.org/Questionnaire/{form}|2.2"
    response = {"resourceType": "QuestionnaireResponse", "questionnaire": canonical, "status": "completed"}
    return {"part": [{"name": "Content", "resource": {**response, "item": [item], **more}}]}


@pytest.mark.parametrize(
    ("attachment", "status", "decided"),
    [
        (answers(), 200, "A1"),
        (answers(form="cervical-fusion"), 422, "A4"),
        (answers(status="in-progress"), 422, "A4"),
        (answers(item=[{"linkId": "1"}]), 422, "A4"),
        ({"part": [{"name": "Content", "resource": DOCUMENT}]}, 422, "A4"),
    ],
)
def test_a_request_that_waits_for_answers_is_decided_by_them_alone(attachment: Any, status: int, decided: str) -> None:
    desk, body = Desk(), request("64555")
    number = asked(desk, body)

    assert send(desk, attached(number, Attachment=attachment)).status == status
    assert decision(desk, body) == decided


@pytest.mark.parametrize("change", [{"number": {"value": "ACN-0"}}, {"member": SECOND}])
def test_what_belongs_to_no_request_is_held_and_decides_nothing(change: Any) -> None:
    desk, body = Desk(), request("63650")
    number = asked(desk, body)
    answer = send(desk, attached(**{"number": number, **change}))

    assert (answer.status, answer.resource()["issue"][0]["severity"]) == (200, "information")
    assert decision(desk, body) == "A4"


@pytest.mark.parametrize("lacking", ["TrackingId", "AttachTo", "OrganizationId", "MemberId", "Attachment"])
def test_what_lacks_something_is_refused(lacking: str) -> None:
    assert send(Desk(), attached({"value": "ACN-0"}, **{lacking: {}})).status == 400


@needs_data
def test_what_is_sent_has_the_parameters_of_the_operation() -> None:
    written = (DATA / "examples/cdex-2.1.0/OperationDefinition-submit-attachment.json").read_text("utf-8")
    wanted = {one["name"]: one for one in json.loads(written)["parameter"]}
    sent = {one.get("$do", one)["name"]: "$if" not in one for one in template("cdex-attachment")["parameter"]}

    assert set(sent) <= set(wanted)
    assert {name for name, one in wanted.items() if one["min"]} <= {name for name, always in sent.items() if always}
