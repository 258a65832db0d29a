"""What an answer of the model payer holds beside the decision: errors, requests for more, what few answers need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from conformance.sandbox.frame import Resource
from conformance.sandbox.prior_auth_request import PAS
from conformance.sandbox.store import Payer

X12 = "https://codesystem.x12.org/005010"
LOINC = "http://loinc.org"
BY_QUESTIONNAIRE = "102089-0"  # LOINC: the questionnaire that is to be had for the trace number of the item
CONTEXTS = "https://payer.example.org/questionnaire-contexts"  # whose the trace numbers of questionnaires are
ACNS = "https://payer.example.org/attachments"  # whose the numbers are that attachments refer to
ROOMS = {"item": "item", "added": "addItem"}


def in_full(response: Resource, record: Mapping[str, Any], *, newer: bool) -> Resource:
    """The ClaimResponse with everything that the record has to be told: ``in_full`` of an authorization.

    Its rooms are ``response``, ``item`` (of every item) and ``added`` (of every added item); what only later versions
    profile stands in the same rooms of ``newer``.
    """
    told = record.get("in_full", {})
    for rooms in (told, told.get("newer", {}) if newer else {}):
        response = _joined(response, rooms.get("response", {}))
        for room, element in ROOMS.items():
            if room in rooms and element in response:
                response[element] = [_joined(one, rooms[room]) for one in response[element]]
    return response


def communication_request(record: Mapping[str, Any], *, newer: bool, requester: str, recipient: str) -> Resource | None:
    """The request for a document about the first item that waits for one; None where none does.

    2.0.1 names the line in the payload, later versions in the request itself (profile-communicationrequest).
    """
    waiting = next((item for item in record["items"] if item["decision"] == "pended" and "asks" in item), None)
    if waiting is None:
        return None
    asks = waiting["asks"]
    document = BY_QUESTIONNAIRE if "questionnaire" in asks else asks["document"]
    line = {"url": f"{PAS}/extension-serviceLineNumber", "valuePositiveInt": waiting["sequence"]}
    diagnosis = _coded("communicatedDiagnosis", "http://hl7.org/fhir/sid/icd-10-cm", asks["diagnosis"])
    span = _coded("contentModifier", LOINC, asks["span"])
    return {
        "resourceType": "CommunicationRequest",
        "id": f"asks-{record['id']}",
        "meta": {"profile": [f"{PAS}/profile-communicationrequest"]},
        **({"extension": [line]} if newer else {}),
        "identifier": [{"system": ACNS, "value": control_number(record)}],
        "status": "active",
        "category": [{"coding": [{"system": f"{X12}/755", "code": asks["report"]}]}],
        "medium": [{"coding": [{"system": f"{X12}/756", "code": asks["by"]}]}],
        "payload": [
            {"extension": [*([] if newer else [line]), diagnosis, span], "contentString": document},
        ],
        "requester": {"reference": requester},
        "recipient": [{"reference": recipient}],
        "sender": {"reference": recipient},
    }


def control_number(record: Mapping[str, Any]) -> str:
    """The number that what is sent for a record has to refer to."""
    return f"ACN-{record['id'][:8]}"


def questionnaire_for(context: str, payer: Payer) -> str:
    """The questionnaire that a pended item waits for, by the trace number that it was asked for with; "" for none."""
    with payer.overlay.lock:
        items = [item for record in payer.overlay.submissions.values() for item in record["items"]]
    known = {"system": CONTEXTS, "value": context}
    return next((item["asks"]["questionnaire"] for item in items if known in item.get("traces", ())), "")


def business_error(error: Mapping[str, str], rules: Mapping[str, Any], *, newer: bool) -> Resource:
    """An error of the answer: its X12 901 code, the element by its X12 and its FHIR name, what to do about it."""
    element: Resource = {"valueString": error["element"]}
    if newer:  # from 2.2 on with room for a note beside it
        element = {"extension": [{"url": "error", **element}]}
    follow_up = _coded("errorFollowupAction", f"{X12}/889", "C")
    return {
        "extension": [
            *([follow_up] if rules.get("says_what_to_do", True) else []),
            {"url": f"{PAS}/extension-errorElement", **element},
            {"url": f"{PAS}/extension-errorPath", "valueString": error["path"]},
        ],
        "code": {"coding": [{"system": f"{X12}/901", "code": error["code"]}]},
    }


def _coded(name: str, system: str, code: str) -> Resource:
    return {"url": f"{PAS}/extension-{name}", "valueCodeableConcept": {"coding": [{"system": system, "code": code}]}}


def _joined(one: Mapping[str, Any], more: Mapping[str, Any]) -> Resource:
    """Both together: lists one after the other, of anything else what is more."""
    both = {name: [*one[name], *more[name]] for name in one.keys() & more if isinstance(one[name], list)}
    return {**one, **more, **both}
