"""What the bends of the prior-authorization API do to an answer, and how they know the case that is asked about."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from conformance.sandbox.frame import Answer, Call, Resource
from conformance.sandbox.outcome import refusal

PAS = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition"
REVIEW_ACTION = f"{PAS}/extension-reviewAction"
ACTION_CODE = f"{PAS}/extension-reviewActionCode"
PERIOD = f"{PAS}/extension-itemPreAuthPeriod"
ISSUED = f"{PAS}/extension-itemPreAuthIssueDate"
ACTIONS = "https://codesystem.x12.org/005010/306"
ACTIONS_VALUE_SET = "https://valueset.x12.org/x217/005010/response/2000F/HCR/1/01/00/306"
ANOTHER_MEMBER: Resource = {
    "resourceType": "Patient",
    "id": "somebody-else",
    "identifier": [
        {
            "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MB"}]},
            "system": "https://payer.example.org/members",
            "value": "MBR-1005",
        }
    ],
    "name": [{"family": "Villanueva", "given": ["Rosa"]}],
    "gender": "female",
    "birthDate": "1950-01-30",
}

When = Callable[[Call, Answer], bool]
Change = Callable[[Call, Answer], Answer]


def served(_call: Call, answer: Answer) -> bool:
    """A well-formed request was answered."""
    return answer.status == 200 and isinstance(answer.body, dict)


def refused(_call: Call, answer: Answer) -> bool:
    """An invalid request was refused; a missing token is another matter."""
    return answer.status == 400


def closed(_call: Call, answer: Answer) -> bool:
    """Somebody without a right to it was turned away."""
    return answer.status in (401, 403)


def asking_for(*codes: str) -> When:
    """A request for one of these service codes was answered."""
    return lambda call, answer: served(call, answer) and not codes_asked(call).isdisjoint(codes)


def of_version(version: str) -> When:
    """A well-formed request was answered at the base of one guide version ("pas=2.2.1")."""
    return lambda call, answer: served(call, answer) and call.version == version


def at_prior_auth(call: Call, answer: Answer) -> bool:
    """Something of a prior-authorization base was read."""
    return served(call, answer) and call.version.startswith("pas=")


def about_a_submission(call: Call, answer: Answer) -> bool:
    """An inquiry about something else than the authorizations that a target file names was answered."""
    traces = [str(one.get("value")) for one in _claim(call).get("identifier", ())]
    return served(call, answer) and not any(trace.startswith("KNOWN-") for trace in traces)


def about_a_case(call: Call, answer: Answer) -> bool:
    """An inquiry about the services of a submission was answered, not one about any service."""
    return about_a_submission(call, answer) and "not-applicable" not in codes_asked(call)


def with_one_bundle(call: Call, answer: Answer) -> bool:
    """An inquiry was answered with one Bundle at most."""
    return served(call, answer) and len(list(bundles(answer.resource()))) <= 1


def codes_asked(call: Call) -> frozenset[str]:
    """The service codes of a request's items."""
    concepts = [item.get("productOrService", {}) for item in _claim(call).get("item", ())]
    return frozenset(coding.get("code", "") for concept in concepts for coding in concept.get("coding", ()))


def answering(answer: Answer) -> Change:
    """Another answer instead."""
    return lambda _call, _answer: answer


def editing(edit: Callable[[Resource], None]) -> Change:
    """The same answer with each of its ClaimResponses edited."""

    def change(_call: Call, answer: Answer) -> Answer:
        body = answer.resource()
        for response in responses(body):
            edit(response)
        return answer.carrying(body)

    return change


def editing_body(edit: Callable[[Resource], None]) -> Change:
    """The same answer with the resource in it edited."""

    def change(_call: Call, answer: Answer) -> Answer:
        body = answer.resource()
        edit(body)
        return answer.carrying(body)

    return change


def bundles(body: Resource) -> Iterator[Resource]:
    """The Bundles of an answer: itself, or those in its Parameters."""
    if body.get("resourceType") == "Bundle":
        yield body
    for parameter in body.get("parameter", ()):
        yield from bundles(parameter.get("resource", {}))


def responses(body: Resource) -> Iterator[Resource]:
    """The ClaimResponses of an answer."""
    for bundle in bundles(body):
        for entry in bundle["entry"]:
            if entry["resource"]["resourceType"] == "ClaimResponse":
                yield entry["resource"]


def truncated(_call: Call, answer: Answer) -> Answer:
    """The first two thirds of the JSON."""
    text = json.dumps(answer.body).encode()
    return replace(answer, body=text[: len(text) * 2 // 3])


def about_another_member(call: Call, answer: Answer) -> Answer:
    """The patient is somebody else, known to the payer under another number."""
    body = answer.resource()
    url = f"{call.base_url}/Patient/{ANOTHER_MEMBER['id']}"
    for response in responses(body):
        told = response["patient"]["reference"]
        response["patient"] = {"reference": url}
        for entry in body["entry"]:
            if entry["fullUrl"] == told:
                entry.update(fullUrl=url, resource=ANOTHER_MEMBER)
    return answer.carrying(body)


def invert_periods(response: Resource) -> None:
    """Each authorization period starts on the day after its end."""
    for item in (*response.get("item", ()), *response.get("addItem", ())):
        for extension in item.get("extension", ()):
            if extension["url"] == PERIOD:
                end = date.fromisoformat(extension["valuePeriod"]["end"])
                extension["valuePeriod"]["start"] = (end + timedelta(days=1)).isoformat()


def categorize_as_benefit(response: Resource) -> None:
    """No adjudication is of the category that the profile fixes."""
    for item in (*response.get("item", ()), *response.get("addItem", ())):
        for adjudication in item["adjudication"]:
            adjudication["category"]["coding"][0]["code"] = "benefit"


def code_in_the_value_set(response: Resource) -> None:
    """Review actions name the value set where the code system belongs."""
    for action in actions(response):
        for part in action["extension"]:
            if part["url"] == ACTION_CODE:
                part["valueCodeableConcept"]["coding"][0]["system"] = ACTIONS_VALUE_SET


def drop_numbers(response: Resource) -> None:
    """No review action carries an authorization number."""
    for action in actions(response):
        action["extension"] = [part for part in action["extension"] if part["url"] != "number"]


def turn_decisions(response: Resource) -> None:
    """What was granted is denied, with a reason; what was denied is approved, with number and period."""
    response.pop("addItem", None)
    for item in response.get("item", ()):
        for action in _actions(item):
            code = next((part for part in action["extension"] if part["url"] == ACTION_CODE), None)
            turned = {"A1": "A3", "A6": "A3", "A3": "A1"}.get(_code(code))
            if turned is None:
                continue
            own = {"url": ACTION_CODE, "valueCodeableConcept": {"coding": [{"system": ACTIONS, "code": turned}]}}
            action["extension"] = [
                own,
                _reason() if turned == "A3" else {"url": "number", "valueString": "AUTH-0TURNED"},
            ]
            extensions = [one for one in item.get("extension", ()) if one["url"] != PERIOD]
            start = next(one["valueDate"] for one in extensions if one["url"] == ISSUED)
            period = {"url": PERIOD, "valuePeriod": {"start": start, "end": "9999-12-31"}}
            item["extension"] = [*extensions, period] if turned == "A1" else extensions


def actions(response: Resource) -> Iterator[Resource]:
    """The review actions of all items, added ones too."""
    for item in (*response.get("item", ()), *response.get("addItem", ())):
        yield from _actions(item)


def claim_response_last(body: Resource) -> None:
    """The other resources come first."""
    body["entry"] = [*body["entry"][1:], body["entry"][0]]


def repeat_the_insurer(body: Resource) -> None:
    """The insurer's entry stands in the Bundle twice."""
    insurer = body["entry"][0]["resource"]["insurer"]["reference"]
    body["entry"] += [entry for entry in body["entry"] if entry["fullUrl"] == insurer]


def rename_the_requestor(body: Resource) -> None:
    """The echoed requestor has another id and full URL; everything that points to it follows."""
    old = body["entry"][0]["resource"]["requestor"]["reference"]
    for entry in body["entry"]:
        if entry["fullUrl"] == old:
            entry["resource"]["id"] = f"{entry['resource'].get('id', 'requestor')}-2"
    text = json.dumps(body).replace(json.dumps(old), json.dumps(f"{old}-2"))
    body.update(json.loads(text))


def swap_the_form(_call: Call, answer: Answer) -> Answer:
    """A Bundle comes in Parameters; of Parameters comes the first Bundle alone."""
    body = answer.resource()
    if body["resourceType"] == "Bundle":
        return answer.carrying({"resourceType": "Parameters", "parameter": [{"name": "return", "resource": body}]})
    empty = {"resourceType": "Bundle", "type": "collection", "timestamp": "2026-01-01T00:00:00Z"}
    return answer.carrying(next(bundles(body), empty))


def forget(body: Resource) -> None:
    """Nothing was found."""
    body.pop("parameter", None)
    if "entry" in body:
        body["entry"] = [one for one in body["entry"] if one["resource"]["resourceType"] != "ClaimResponse"]


def business_error(call: Call, _answer: Answer) -> Answer:
    """An invalid request is taken for a valid one that no decision can be made about."""
    response: dict[str, Any] = {
        "resourceType": "ClaimResponse",
        "id": "not-understood",
        "status": "active",
        "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/claim-type", "code": "professional"}]},
        "use": "preauthorization",
        "patient": {"display": "not identified"},
        "created": "2026-11-02T09:00:00Z",
        "insurer": {"identifier": {"system": "http://hl7.org/fhir/sid/us-npi", "value": "1649830274"}},
        "request": {"extension": [_absent()]},
        "outcome": "error",
        "error": [{"code": {"coding": [{"system": "https://codesystem.x12.org/005010/901", "code": "33"}]}}],
    }
    bundle = {
        "resourceType": "Bundle",
        "identifier": {"system": "https://payer.example.org/transactions", "value": "not-understood"},
        "type": "collection",
        "timestamp": response["created"],
        "entry": [{"fullUrl": f"{call.base_url}/ClaimResponse/not-understood", "resource": response}],
    }
    return Answer(200, bundle)


def withhold_the_request(response: Resource) -> None:
    """Which request is answered is said to be unknown, as the profile allows."""
    if "request" in response:
        response["request"] = {"extension": [_absent()]}


def crash(_call: Call, _answer: Answer) -> Answer:
    """500, with an outcome."""
    return refusal(500, "exception", "The request could not be processed.")


def _absent() -> Resource:
    return {"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}


def _actions(item: Resource) -> Iterator[Resource]:
    for adjudication in item["adjudication"]:
        yield from (one for one in adjudication.get("extension", ()) if one["url"] == REVIEW_ACTION)


def _code(part: Resource | None) -> str:
    return str(part["valueCodeableConcept"]["coding"][0]["code"]) if part else ""


def _reason() -> Resource:
    coding = {"system": "https://codesystem.x12.org/external/886", "code": "0F"}
    return {"url": "reasonCode", "valueCodeableConcept": {"coding": [coding], "text": "Not shown to be needed."}}


def _claim(call: Call) -> Resource:
    """The Claim of a request; an empty one where it has none."""
    try:
        body = call.json()
    except (ValueError, RecursionError):
        return {}
    entries = body.get("entry", ()) if isinstance(body, dict) else ()
    claims = [entry["resource"] for entry in entries if entry["resource"]["resourceType"] == "Claim"]
    return claims[0] if claims else {}
