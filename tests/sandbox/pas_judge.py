"""A second opinion on the model payer's answers: the observed requirements in short, read straight from the JSON.

It shares no line with the suites or the readers, so that a fault that breaks too little or too much is seen here.
"""

from __future__ import annotations

import importlib
import json
import time
from collections.abc import Iterator
from typing import Any

from pas_requests import CASES, FIRST, PAS, Desk, claim, inquiry, request, trace_of

from conformance.sandbox import prior_auth_answer as written
from conformance.sandbox.frame import Answer

ACTION_CODE = f"{PAS}/extension-reviewActionCode"
PERIOD = f"{PAS}/extension-itemPreAuthPeriod"
DECIDED = ("A1", "A2", "A3", "A4", "A6")
KNOWN = {"KNOWN-STD": (20, 7), "KNOWN-EXP": (12, 3)}  # received so many days ago, to be decided within so many


def broken(desk: Desk, version: str) -> set[str]:
    """The requirements that a payer is seen to break in one version."""
    found: set[str] = set()
    newer = version == "2.2.1"
    sent = {case: request(*codes) for case, codes in CASES.items()}
    answers = {case: desk.submit(asked, version) for case, asked in sent.items()}
    if not any(answer.status in (200, 201) for answer in answers.values()):
        crashed = any(answer.status >= 500 for answer in answers.values())
        return {"prior-auth.exchange"} | ({"prior-auth.answers-are-fhir"} if crashed else set())
    for case, asked in sent.items():
        answer = answers[case]
        if answer.status == 404:  # not handled here
            continue
        if not structural(answer) or answer.body["resourceType"] != "Bundle":
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
    return {item["itemSequence"]: _action(item) for item in lines(response)}


def lines(response: Any) -> list[Any]:
    """The items; where there are none, the added items or the whole request as such."""
    if response.get("item"):
        return list(response["item"])
    if "adjudication" in response:
        return [{"itemSequence": 1, "adjudication": response["adjudication"]}]
    return [{**added, "itemSequence": added["itemSequence"][0]} for added in response.get("addItem", ())]


def own(element: Any, url: str) -> Any:
    """The extension of an element by its URL, or an empty one."""
    return next((one for one in element.get("extension", ()) if one["url"] == url), {})


def _of_bundle(body: Any, asked: Any, *, newer: bool) -> Iterator[str]:
    kinds = [entry["resource"]["resourceType"] for entry in body["entry"]]
    if not _collected(body) or kinds[0] != "ClaimResponse" or kinds.count("ClaimResponse") > 1:
        yield "pas.response-bundle"
    if newer and not body.get("identifier"):
        yield "pas.response-identifier"
    texts = [json.dumps({**entry["resource"], "id": ""}, sort_keys=True) for entry in body["entry"]]
    if len(texts) > len(set(texts)):
        yield "pas.instances-once"
    sent = {json.dumps({**one["resource"], "id": ""}, sort_keys=True): one for one in asked["entry"]}
    for text, entry in zip(texts, body["entry"], strict=True):
        if entry["resource"]["resourceType"] == "Organization" and "payer.test" in entry["fullUrl"]:
            continue  # the payer's own record
        if text in sent and (entry["fullUrl"], entry["resource"]["id"]) != (
            sent[text]["fullUrl"],
            sent[text]["resource"]["id"],
        ):
            yield "pas.echoed-resources"
    urls = {entry["fullUrl"] for entry in body["entry"]}
    response = _response(body)
    for party in ("patient", "insurer", "requestor"):
        assert response[party]["reference"] in urls, f"{party} is not in the answer"
    if not _about_the_member(body):
        yield "prior-auth.right-member"


def _collected(body: Any) -> bool:
    return body["type"] == "collection" and "timestamp" in body and not any("search" in one for one in body["entry"])


def _about_the_member(body: Any) -> bool:
    """Whether every ClaimResponse of a Bundle is about the first member."""
    named = {one["fullUrl"]: one["resource"] for one in body["entry"]}
    patients = [named[response["patient"]["reference"]] for response in _responses(body)]
    return all(
        FIRST["value"] in [one["value"] for one in patient["identifier"]]
        or (FIRST["family"] in [one["family"] for one in patient["name"]] and patient["birthDate"] == FIRST["born"])
        for patient in patients
    )


def _of_response(response: Any, asked: Any, case: str, *, newer: bool) -> Iterator[str]:
    outcomes = ("complete", "partial", "error") if newer else ("complete", "partial", "error", "queued")
    fixed = response["status"] == "active" and response["use"] == "preauthorization"
    if not fixed or response["outcome"] not in outcomes:
        yield "pas.claim-response-content"
    if newer and not response.get("request"):
        yield "pas.request-reference"
    asked_for = {item["sequence"] for item in claim(asked)["item"]}
    if response.get("item") and not set(told(response)) <= asked_for:
        yield "pas.item-sequence-echo"
    if response["outcome"] == "queued" and not lines(response):
        return
    if len(lines(response)) < len(asked_for):
        yield "prior-auth.decision"
    if any(_category(added) != "submitted" for added in response.get("addItem", ()) if newer):
        yield "pas.item-adjudication"
    for item in lines(response):
        yield from _of_item(item, response, case, newer=newer)


def _of_item(item: Any, response: Any, case: str, *, newer: bool) -> Iterator[str]:
    action, parts = _action(item), _parts(item)
    if _category(item) != "submitted":
        yield "pas.item-adjudication"
    if action and not _as_profiled(item, parts):
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


def _category(item: Any) -> str:
    return str(item["adjudication"][0]["category"]["coding"][0]["code"])


def _as_profiled(item: Any, parts: list[Any]) -> bool:
    concepts = [part.get("valueCodeableConcept") for part in parts if part["url"] == ACTION_CODE]
    inside = any("extension" in one for one in item["adjudication"])
    systems = [concept["coding"][0]["system"] for concept in concepts if concept]
    return inside and systems == ["https://codesystem.x12.org/005010/306"]


def _of_denial(item: Any, parts: list[Any], response: Any) -> Iterator[str]:
    coded = [part["valueCodeableConcept"] for part in parts if part["url"] == "reasonCode"]
    reasons = [one for concept in coded for one in concept.get("coding", ()) if one["system"].endswith("/external/886")]
    codes = [one["code"] for one in reasons if len(one["code"]) == 2]
    words = [concept["text"] for concept in coded if concept.get("text")]
    words += [item["adjudication"][0].get("reason"), item.get("noteNumber"), _said_of(item, response)]
    if not codes and not any(words):
        yield "prior-auth.denial-reason"
    if not codes and (any(words) or _said(response)):
        yield "pas.denial-reason-code"


def _said(response: Any) -> str:
    """What the disposition says, if that is more than boilerplate."""
    said = str(response.get("disposition", ""))
    return "" if said == written.BOILERPLATE else said


def _said_of(item: Any, response: Any) -> str:
    """… and of this item: it is the only one, or named."""
    said = _said(response)
    alone = len(lines(response)) == 1
    return said if alone or f"Item {item['itemSequence']}:" in said or "E1399:" in said else ""


def _of_approval(item: Any, parts: list[Any], response: Any) -> Iterator[str]:
    periods = [own(item, PERIOD).get("valuePeriod"), response.get("preAuthPeriod")]
    notes = [one["text"] for one in response.get("processNote", ()) if one["number"] in item.get("noteNumber", ())]
    ends = written.CIRCUMSTANCE in (*notes, _said(response))
    if not any(period and period.get("end") for period in periods) and not ends:
        yield "prior-auth.approval-validity"
    if any(period and period.get("end", "9999-12-31") < period["start"] for period in periods):
        yield from ("prior-auth.periods-in-order", "prior-auth.answers-are-fhir")
    if not any(part["url"] == "number" for part in parts):
        yield "pas.authorization-number"


def _of_inquiry(desk: Desk, asked: Any, submitted: Any, version: str) -> Iterator[str]:
    answer = desk.inquire(_inquiry_about(asked), version)
    assert structural(answer), answer
    if answer.body["resourceType"] != ("Parameters" if version == "2.2.1" else "Bundle"):
        yield "pas.inquiry-response-form"
    if not _found(answer, asked, submitted):
        time.sleep(0.7)  # it may be filed a moment later
        answer = desk.inquire(_inquiry_about(asked), version)
    bundles = inquiry_bundles(answer.body)
    if not all(_collected(bundle) for bundle in bundles if bundle.get("entry")):
        yield "pas.response-bundle"
    if not all(_about_the_member(bundle) for bundle in bundles if bundle.get("entry")):
        yield "prior-auth.right-member"
    every = [one for bundle in bundles for one in _responses(bundle)]
    if any((one["use"], one["status"]) != ("preauthorization", "active") for one in every):
        yield "pas.claim-response-content"
    same = _found(answer, asked, submitted)
    if not same:
        yield "pas.inquiry-finds"
    before = told(submitted)
    for one in same:
        later = told(one)
        if not set(before) <= set(later) or any(later[n] != before[n] for n in before if before[n] != "A4"):
            yield "pas.inquiry-agrees"
        if _silent(one):
            yield "prior-auth.denial-reason" if _silent(submitted) else "pas.reasons-agree"


def _silent(response: Any) -> bool:
    """Whether it denies an item without saying why."""
    denied = [item for item in response.get("item", ()) if _action(item) == "A3"]
    return any("prior-auth.denial-reason" in _of_denial(item, _parts(item), response) for item in denied)


def _inquiry_about(asked: Any) -> Any:
    """An inquiry by the trace number of a request, about its services."""
    codes = [one["code"] for item in claim(asked)["item"] for one in item["productOrService"]["coding"]]
    return inquiry(trace_of(asked), *codes)


def _found(answer: Answer, asked: Any, submitted: Any) -> list[Any]:
    """The ClaimResponses of an inquiry about a request: by its trace number, or the same resource."""
    every = [one for bundle in inquiry_bundles(answer.body) for one in _responses(bundle)]
    trace = trace_of(asked)
    return [
        one
        for one in every
        if trace in [name["value"] for name in one.get("identifier", ())] or one["id"] == submitted["id"]
    ]


def _of_known(desk: Desk, version: str) -> Iterator[str]:
    names = {"KNOWN-STD": "prior-auth.decision-time-standard", "KNOWN-EXP": "prior-auth.decision-time-expedited"}
    for identifier, (received, limit) in KNOWN.items():
        answer = desk.inquire(inquiry(identifier), version)
        every = [one for bundle in inquiry_bundles(answer.body) for one in _responses(bundle)]
        response = next(one for one in every if identifier in [name["value"] for name in one["identifier"]])
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
    return [one["resource"] for one in body.get("entry", ()) if one["resource"]["resourceType"] == "ClaimResponse"]


def _parts(item: Any) -> list[Any]:
    places = (*item["adjudication"], item)
    actions = [one for place in places if (one := own(place, f"{PAS}/extension-reviewAction"))]
    return [part for action in actions for part in action.get("extension", ())]


def _action(item: Any) -> str:
    coded = [part for part in _parts(item) if part["url"] in (ACTION_CODE, "code")]
    codings = [part.get("valueCoding") or part["valueCodeableConcept"]["coding"][0] for part in coded]
    return str(codings[0]["code"]) if codings else ""
