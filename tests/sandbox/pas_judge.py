"""A second opinion on the model payer's answers: the observed requirements in short, read straight from the JSON.

It shares no line with the suites or the readers, so that a fault that breaks too little or too much is seen here.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from typing import Any

from pas_requests import CASES, FIRST, PAS, Desk, claim, inquiry, request, trace_of

from conformance.sandbox.frame import Answer

ACTION_CODE = f"{PAS}/extension-reviewActionCode"
PERIOD = f"{PAS}/extension-itemPreAuthPeriod"
DECIDED = ("A1", "A2", "A3", "A4", "A6")
KNOWN = {"KNOWN-STD": (20, 7), "KNOWN-EXP": (12, 3)}  # received so many days ago, to be decided within so many


def broken(desk: Desk, version: str) -> set[str]:
    """The requirements that a payer is seen to break in one version."""
    found: set[str] = set()
    newer = version == "2.2.1"
    for case, codes in CASES.items():
        asked = request(*codes)
        answer = desk.submit(asked, version)
        if not structural(answer):
            return {"prior-auth.answers-are-fhir"}
        found |= set(_of_bundle(answer.body, asked, newer=newer))
        found |= set(_of_response(_response(answer.body), asked, case, newer=newer))
        found |= set(_of_inquiry(desk, asked, _response(answer.body), version))
    found |= set(_of_known(desk, version))
    found |= set(_of_refusal(desk, version))
    return found


def structural(answer: Answer) -> bool:
    """Whether it is a resource that FHIR's base allows, with a status that says so."""
    if answer.status not in (200, 201) or not isinstance(answer.body, dict):
        return False
    try:
        validate(json.loads(json.dumps(answer.body)))
    except ValueError:
        return False
    return True


def validate(resource: dict[str, Any]) -> None:
    """Raises ValueError where the resource, or one in it, is not built as FHIR R4B demands."""
    kind = resource["resourceType"]
    module = importlib.import_module(f"fhir.resources.R4B.{kind.lower()}")
    getattr(module, kind).model_validate(resource)
    for entry in (*resource.get("entry", ()), *resource.get("parameter", ())):
        if "resource" in entry:
            validate(entry["resource"])


def inquiry_bundles(body: Any) -> list[Any]:
    """The Bundles of an inquiry's answer."""
    if body["resourceType"] == "Bundle":
        return [body]
    return [one["resource"] for one in body.get("parameter", ())]


def told(response: Any) -> dict[int, str]:
    """The decision of each item by its sequence number; "" for none."""
    return {item["itemSequence"]: _action(item) for item in response.get("item", ())}


def own(element: Any, url: str) -> Any:
    """The extension of an element by its URL, or an empty one."""
    return next((one for one in element.get("extension", ()) if one["url"] == url), {})


def _of_bundle(body: Any, asked: Any, *, newer: bool) -> Iterator[str]:
    kinds = [entry["resource"]["resourceType"] for entry in body["entry"]]
    if body["type"] != "collection" or "timestamp" not in body or kinds[0] != "ClaimResponse":
        yield "pas.response-bundle"
    if newer and not body.get("identifier"):
        yield "pas.response-identifier"
    texts = [json.dumps({**entry["resource"], "id": ""}, sort_keys=True) for entry in body["entry"]]
    if len(texts) > len(set(texts)):
        yield "pas.instances-once"
    sent = {json.dumps({**one["resource"], "id": ""}, sort_keys=True): one for one in asked["entry"]}
    for text, entry in zip(texts, body["entry"], strict=True):
        if text in sent and (entry["fullUrl"], entry["resource"]["id"]) != (
            sent[text]["fullUrl"],
            sent[text]["resource"]["id"],
        ):
            yield "pas.echoed-resources"
    urls = {entry["fullUrl"] for entry in body["entry"]}
    response = _response(body)
    for party in ("patient", "insurer", "requestor"):
        assert response[party]["reference"] in urls, f"{party} is not in the answer"
    patient = next(one["resource"] for one in body["entry"] if one["fullUrl"] == response["patient"]["reference"])
    if FIRST["value"] not in [one["value"] for one in patient["identifier"]]:
        yield "prior-auth.right-member"


def _of_response(response: Any, asked: Any, case: str, *, newer: bool) -> Iterator[str]:
    outcomes = ("complete", "partial", "error") if newer else ("complete", "partial", "error", "queued")
    fixed = response["status"] == "active" and response["use"] == "preauthorization"
    if not fixed or response["outcome"] not in outcomes:
        yield "pas.claim-response-content"
    if newer and not response.get("request"):
        yield "pas.request-reference"
    if set(told(response)) != {item["sequence"] for item in claim(asked)["item"]}:
        yield "pas.item-sequence-echo"
    for item in response["item"]:
        yield from _of_item(item, response, case, newer=newer)


def _of_item(item: Any, response: Any, case: str, *, newer: bool) -> Iterator[str]:
    action, parts = _action(item), _parts(item)
    adjudication = item["adjudication"][0]
    if adjudication["category"]["coding"][0]["code"] != "submitted":
        yield "pas.item-adjudication"
    for part in parts:
        if part["url"] == ACTION_CODE and part["valueCodeableConcept"]["coding"][0]["system"] != (
            "https://codesystem.x12.org/005010/306"
        ):
            yield "pas.review-action-code"
    if case == "pended":
        if action != "A4":
            yield "prior-auth.pended"
    elif action not in DECIDED:
        yield "prior-auth.decision"
    if action == "A3":
        yield from _of_denial(item, parts, response)
    if action in ("A1", "A6"):
        yield from _of_approval(item, parts, response)
    if newer and action == "A6":
        added = [one for one in response.get("addItem", ()) if item["itemSequence"] in one["itemSequence"]]
        if not added or added[0]["quantity"]["value"] != 6:
            yield "pas.modified-add-item"


def _of_denial(item: Any, parts: list[Any], response: Any) -> Iterator[str]:
    coded = [part["valueCodeableConcept"] for part in parts if part["url"] == "reasonCode"]
    words = [item["adjudication"][0].get("reason"), response.get("disposition"), item.get("noteNumber")]
    if not any(coded) and not any(words):
        yield "prior-auth.denial-reason"
    elif not any(one["system"].endswith("/external/886") for concept in coded for one in concept.get("coding", ())):
        yield "pas.denial-reason-code"


def _of_approval(item: Any, parts: list[Any], response: Any) -> Iterator[str]:
    periods = [own(item, PERIOD).get("valuePeriod"), response.get("preAuthPeriod")]
    if not any(period and period.get("end") for period in periods) and not item.get("noteNumber"):
        yield "prior-auth.approval-validity"
    if any(period and period.get("end", "9999-12-31") < period["start"] for period in periods):
        yield "prior-auth.periods-in-order"
    if not any(part["url"] == "number" for part in parts):
        yield "pas.authorization-number"


def _of_inquiry(desk: Desk, asked: Any, submitted: Any, version: str) -> Iterator[str]:
    answer = desk.inquire(inquiry(trace_of(asked)), version)
    assert structural(answer), answer
    if answer.body["resourceType"] != ("Parameters" if version == "2.2.1" else "Bundle"):
        yield "pas.inquiry-response-form"
    found = [one for bundle in inquiry_bundles(answer.body) for one in _responses(bundle)]
    same = [one for one in found if trace_of(asked) in [name["value"] for name in one["identifier"]]]
    if not same:
        yield "pas.inquiry-finds"
    elif told(same[0]) != told(submitted):
        yield "pas.inquiry-agrees"


def _of_known(desk: Desk, version: str) -> Iterator[str]:
    names = {"KNOWN-STD": "prior-auth.decision-time-standard", "KNOWN-EXP": "prior-auth.decision-time-expedited"}
    for identifier, (received, limit) in KNOWN.items():
        answer = desk.inquire(inquiry(identifier), version)
        response = _response(inquiry_bundles(answer.body)[0])
        issued = own(response["item"][0], f"{PAS}/extension-itemPreAuthIssueDate")["valueDate"]
        ago = (desk.clock.today() - type(desk.clock.today()).fromisoformat(issued)).days
        if received - ago > limit:
            yield names[identifier]


def _of_refusal(desk: Desk, version: str) -> Iterator[str]:
    answer = desk.submit(b'{"resourceType": "Bundle", ', version)
    if answer.status >= 500:
        yield "pas.status-semantics"
    elif answer.status < 400:
        yield "pas.invalid-refused"
        assert structural(answer)
        assert _response(answer.body)["outcome"] == "error"
    elif not isinstance(answer.body, dict) or answer.body["resourceType"] != "OperationOutcome":
        yield "pas.error-outcome"
    for operation in ("submit", "inquire"):
        body = inquiry("KNOWN-STD") if operation == "inquire" else request("72148")
        if "ClaimResponse" in json.dumps(_shown(desk.without_a_token(operation, body, version))):
            yield "prior-auth.no-token-no-data"


def _shown(answer: Answer) -> Any:
    return answer.body if isinstance(answer.body, dict) else str(answer.body)


def _response(body: Any) -> Any:
    return next(iter(_responses(body)))


def _responses(body: Any) -> list[Any]:
    return [one["resource"] for one in body["entry"] if one["resource"]["resourceType"] == "ClaimResponse"]


def _parts(item: Any) -> list[Any]:
    actions = [own(one, f"{PAS}/extension-reviewAction") for one in item["adjudication"]]
    return [part for action in actions for part in action.get("extension", ())]


def _action(item: Any) -> str:
    coded = [part["valueCodeableConcept"]["coding"][0]["code"] for part in _parts(item) if part["url"] == ACTION_CODE]
    return str(coded[0]) if coded else ""
