"""More changes of what $submit and $inquire answer: other members, other forms, things left out or put elsewhere."""

from __future__ import annotations

import copy
import json
from typing import Any

from conformance.sandbox.faults.prior_auth_edits import (
    ACTION_CODE,
    ACTIONS,
    ANOTHER_MEMBER,
    REVIEW_ACTION,
    bundles,
    business_error,
    responses,
    turn_decisions,
)
from conformance.sandbox.frame import Answer, Call, Resource
from conformance.sandbox.prior_auth_extras import CONTEXTS

TRACES = "extension-itemTraceNumber"
NUMBERS = (TRACES, "extension-authorizationNumber", "extension-administrationReferenceNumber")
UNKNOWN_REQUEST: Resource = {
    "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]
}


# -- more than was asked for ------------------------------------------------------------------------------------------


def adding_another_members(call: Call, answer: Answer) -> Answer:
    """A second ClaimResponse in the same Bundle, about somebody else."""
    body = answer.resource()
    for bundle in list(bundles(body))[:1]:
        told = next(iter(responses(body)))
        other = _stranger(told)
        other["patient"] = {"reference": f"{call.base_url}/Patient/{ANOTHER_MEMBER['id']}"}
        bundle["entry"] += [_entry(call, other), _entry(call, ANOTHER_MEMBER)]
    return answer.carrying(body)


def telling_another_first(call: Call, answer: Answer) -> Answer:
    """Before what was asked about stands another authorization of the same member."""
    body = answer.resource()
    found = list(responses(body))
    if not found:
        return answer
    first = next(bundles(body))
    other = _entry(call, _stranger(found[0]))
    if body["resourceType"] == "Bundle":
        body["entry"].insert(0, other)
    else:
        one = {**first, "entry": [other, *first["entry"][1:]]}
        body["parameter"].insert(0, {"name": "return", "resource": one})
    return answer.carrying(body)


def telling_both(call: Call, answer: Answer) -> Answer:
    """Behind what was decided stands the contrary, about the same request."""
    body = answer.resource()
    for bundle in bundles(body):
        told = [one["resource"] for one in bundle["entry"] if one["resource"]["resourceType"] == "ClaimResponse"]
        for response in told:
            other = copy.deepcopy(response)
            other["id"] = f"{response['id']}-2"
            turn_decisions(other)
            bundle["entry"].append(_entry(call, other))
    return answer.carrying(body)


# -- left out ---------------------------------------------------------------------------------------------------------


def drop_the_last_item(response: Resource) -> None:
    """Of several items the last is not told."""
    if len(response.get("item", ())) > 1:
        response["item"].pop()


def drop_reasons(response: Resource) -> None:
    """No review action carries a reason."""
    for item in response.get("item", ()):
        for adjudication in item["adjudication"]:
            for action in adjudication.get("extension", ()):
                action["extension"] = [part for part in action["extension"] if part["url"] != "reasonCode"]


def know_by_id_alone(response: Resource) -> None:
    """Nothing but the resource's own id tells which request it is about."""
    response.pop("identifier", None)
    if "request" in response:
        response["request"] = UNKNOWN_REQUEST
    for item in (*response.get("item", ()), *response.get("addItem", ())):
        kept = [one for one in item.get("extension", ()) if not one["url"].endswith(NUMBERS)]
        item.pop("extension", None)
        item.update({"extension": kept} if kept else {})
        for action in _review_actions(item):
            action["extension"] = [part for part in action["extension"] if part["url"] != "number"]


def queue(response: Resource) -> None:
    """The outcome is queued, and no item is told yet."""
    response["outcome"] = "queued"
    response.pop("item", None)


# -- elsewhere --------------------------------------------------------------------------------------------------------


def decide_the_whole(response: Resource) -> None:
    """What was decided about a single item is told of the whole request."""
    if len(response.get("item", ())) != 1 or "addItem" in response:
        return
    [item] = response.pop("item")
    response["adjudication"] = item["adjudication"]
    for one in item.get("extension", ()):
        if "valuePeriod" in one and one["url"].endswith("extension-itemPreAuthPeriod"):
            response["preAuthPeriod"] = one["valuePeriod"]
        if one.get("valueIdentifier", {}).get("system") == CONTEXTS:
            response["identifier"] = [*response.get("identifier", ()), one["valueIdentifier"]]


def decide_in_added_items(response: Resource) -> None:
    """What was decided about a single item is told by an added item alone."""
    if len(response.get("item", ())) != 1 or "addItem" in response:
        return
    [item] = response.pop("item")
    added = {name: item[name] for name in ("extension", "noteNumber", "adjudication") if name in item}
    service = {"text": "the service that was asked for"}
    response["addItem"] = [{**added, "itemSequence": [item["itemSequence"]], "productOrService": service}]


def decide_beside(response: Resource) -> None:
    """The review action stands at the item, not in its adjudication."""
    for item in response.get("item", ()):
        found = _review_actions(item)
        for adjudication in item["adjudication"]:
            adjudication.pop("extension", None)
        item["extension"] = [*item.get("extension", ()), *found]


def split_the_first_item(response: Resource) -> None:
    """The first item is answered in two lines."""
    response["item"] = [response["item"][0], *response["item"]]


def shorten_the_action(response: Resource) -> None:
    """The action's code goes by the name of its slice."""
    _each_action_code(response, lambda part: part.update(url="code"))


def code_without_a_concept(response: Resource) -> None:
    """The action's code is a Coding where the guide has a CodeableConcept."""
    _each_action_code(response, lambda part: part.update(valueCoding=part.pop("valueCodeableConcept")["coding"][0]))


def categorize_added_as_benefit(response: Resource) -> None:
    """The adjudications of added items are of another category than the profile fixes."""
    for item in response.get("addItem", ()):
        for adjudication in item["adjudication"]:
            adjudication["category"]["coding"][0]["code"] = "benefit"


# -- the Bundle -------------------------------------------------------------------------------------------------------


def search_entries(body: Resource) -> None:
    """Entries say how they were found, as in a search."""
    for bundle in bundles(body):
        for entry in bundle["entry"]:
            entry["search"] = {"mode": "match"}


def call_it_a_searchset(body: Resource) -> None:
    """The Bundle is a searchset without a timestamp."""
    for bundle in bundles(body):
        bundle["type"] = "searchset"
        bundle.pop("timestamp", None)


def wrap_in_parameters(_call: Call, answer: Answer) -> Answer:
    """The Bundle comes in Parameters."""
    parameter = [{"name": "return", "resource": answer.resource()}]
    return answer.carrying({"resourceType": "Parameters", "parameter": parameter})


def with_the_payers_own_insurer(call: Call, answer: Answer) -> Answer:
    """The insurer is the payer's own record, which reads as it was sent."""
    body = answer.resource()
    old = body["entry"][0]["resource"]["insurer"]["reference"]
    new = f"{call.base_url}/Organization/{old.rpartition('/')[2]}"
    return answer.carrying(json.loads(json.dumps(body).replace(json.dumps(old), json.dumps(new))))


def _each_action_code(response: Resource, change: Any) -> None:
    for item in (*response.get("item", ()), *response.get("addItem", ())):
        for action in _review_actions(item):
            for part in action["extension"]:
                if part["url"] == ACTION_CODE:
                    change(part)


def _review_actions(item: Resource) -> list[Resource]:
    every = [one for adjudication in item["adjudication"] for one in adjudication.get("extension", ())]
    return [one for one in every if one["url"] == REVIEW_ACTION]


def _stranger(response: Resource) -> Resource:
    """The same decision about another request: nothing in it names this one."""
    other = copy.deepcopy(response)
    know_by_id_alone(other)
    other["id"] = f"{response['id']}-other"
    other["identifier"] = [{"system": "https://clinic.example.org/requests", "value": f"OTHER-{response['id']}"}]
    return other


def _entry(call: Call, resource: Resource) -> Resource:
    return {"fullUrl": f"{call.base_url}/{resource['resourceType']}/{resource['id']}", "resource": resource}


# -- quantities, records of its own, invalid requests -----------------------------------------------------------------


def leave_units_out(response: Resource) -> None:
    """Quantities of added items are bare numbers."""
    for item in response.get("addItem", ()):
        item["quantity"] = {"value": item["quantity"]["value"]}


def code_units_in_ucum(response: Resource) -> None:
    """Quantities of added items are coded, and not in X12."""
    for item in response.get("addItem", ()):
        item["quantity"].update(system="http://unitsofmeasure.org", code="1")


def code_units_in_x12(response: Resource) -> None:
    """Quantities of added items are coded in X12."""
    for item in response.get("addItem", ()):
        item["quantity"].update(system="https://codesystem.x12.org/005010/673", code="UN")


def describe_the_insurer_twice(call: Call, answer: Answer) -> Answer:
    """A record of the payer's own of the insurer that was sent."""
    body = answer.resource()
    sent = body["entry"][0]["resource"]["insurer"]["reference"]
    insurers = [copy.deepcopy(one["resource"]) for one in body["entry"] if one["fullUrl"] == sent]
    own = [{**one, "id": "insurer-own", "name": f"{one['name']} (own record)"} for one in insurers]
    body["entry"] += [_entry(call, one) for one in own]
    return answer.carrying(body)


def for_less_than_nothing(call: Call, answer: Answer) -> bool:
    """A request for a negative quantity was refused."""
    items = _items_sent(call, answer)
    return isinstance(items, list) and any(item.get("quantity", {}).get("value") == -1 for item in items)


def with_items_as_text(call: Call, answer: Answer) -> bool:
    """A request whose items are a text was refused."""
    return isinstance(_items_sent(call, answer), str)


def approve_anyway(call: Call, answer: Answer) -> Answer:
    """An approval of whatever was asked for."""
    approved = business_error(call, answer)
    body = approved.resource()
    response = body["entry"][0]["resource"]
    response.pop("error")
    code = {"coding": [{"system": ACTIONS, "code": "A1"}]}
    action = {"url": REVIEW_ACTION, "extension": [{"url": ACTION_CODE, "valueCodeableConcept": code}]}
    category = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/adjudication", "code": "submitted"}]}
    item = {"itemSequence": 1, "adjudication": [{"extension": [action], "category": category}]}
    response.update(outcome="complete", item=[item])
    return approved.carrying(body)


def _items_sent(call: Call, answer: Answer) -> Any:
    """The items of the Claim of a request that was refused; None where there are none to read."""
    try:
        entry = call.json()["entry"][0]
        return entry["resource"].get("item") if answer.status == 400 else None
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
