"""What the model payer writes about an authorization: literal templates of the PAS response profiles.

2.0.1 knows neither ``addItem`` nor the reviewer, and its ``request`` is optional; from 2.1 on a modified item is told
in ``addItem``, and ``request`` is demanded (profile-claimresponse-base of each version).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from conformance.sandbox.frame import Resource
from conformance.sandbox.prior_auth_extras import business_error, in_full
from conformance.sandbox.prior_auth_request import PAS, objects

X12 = "https://codesystem.x12.org"
REVIEW_ACTIONS = f"{X12}/005010/306"
REASONS = f"{X12}/external/886"
ACTIONS = {"approved": "A1", "denied": "A3", "pended": "A4", "modified": "A6", "cancelled": "C"}
GRANTED = ("approved", "modified")
CLAIM_TYPE = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/claim-type", "code": "professional"}]}
SUBMITTED = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/adjudication", "code": "submitted"}]}
BOILERPLATE = "This is not a guarantee of payment."
REMARK = "Performing radiologist: Dr. Susan Watson"
CIRCUMSTANCE = "Valid until the course of treatment that was asked for is complete."
NOTES = {"circumstance": CIRCUMSTANCE, "remark": REMARK}
ENDLESS = ("open", "boilerplate", "remark")  # ways to say no end: nor is it said how much is authorized
TURNED = {
    "applicationSenderCode": "applicationReceiverCode",
    "applicationReceiverCode": "applicationSenderCode",
    "interchangeSenderID": "interchangeReceiverID",
    "interchangeReceiverID": "interchangeSenderID",
}
NO_REASONS = {
    "placeholder": {"system": REASONS, "code": "X", "display": "TODO: unknown"},
    "decision": {"system": REVIEW_ACTIONS, "code": "A3"},
}
OWN_LINES = 100  # what a payer that counts lines in its own way starts from

Item = Mapping[str, Any]


@dataclass(frozen=True)
class Letter:
    """What an answer needs beside the decision: the version, the rules, and the URLs of whom it is about.

    ``rules`` (policies.prior_auth): ``reason_in`` is code, text, note, disposition (the item by its number), service
    (the item by its code), unnamed, adjudication, boilerplate, placeholder or decision; ``validity`` is item, header,
    circumstance, remark, disposition, far, open or boilerplate; ``item_numbers`` is echo or own; ``modified_as``
    is the code of a modified item where an added item tells what is authorized.
    """

    newer: bool
    inquiry: bool
    rules: Mapping[str, Any]
    patient: str
    insurer: str
    requestor: str
    provider: str
    request: Resource
    created: str
    transmission: Resource
    asks: str = ""


def claim_response(record: Mapping[str, Any], letter: Letter) -> Resource:
    """The ClaimResponse about a record."""
    notes = _notes(record["items"], letter.rules)
    texts = [text for _, text in notes]
    found: Resource = {
        "resourceType": "ClaimResponse",
        "id": record["id"],
        "meta": {"profile": [f"{PAS}/{'profile-claiminquiryresponse' if letter.inquiry else 'profile-claimresponse'}"]},
        "extension": _extensions(record, letter),
        "identifier": record["identifiers"],
        "status": "active",
        "type": record.get("type", CLAIM_TYPE),
        "use": "preauthorization",
        "patient": {"reference": letter.patient},
        "created": letter.created,
        "insurer": {"reference": letter.insurer},
        "requestor": {"reference": letter.requestor} if letter.requestor else None,
        "request": letter.request,
        "outcome": "error" if record.get("errors") else "complete",
        "disposition": _disposition(record["items"], letter.rules),
        "preAuthPeriod": _whole_period(record["items"], letter.rules),
        "item": [_item(item, notes, letter) for item in record["items"]],
        "addItem": [
            _added(item, letter) for item in record["items"] if item["decision"] == "modified" and letter.newer
        ],
        "processNote": [{"number": n, "type": "display", "text": text} for n, text in enumerate(texts, start=1)],
        "communicationRequest": [{"reference": letter.asks}] if letter.asks else None,
        "error": [business_error(error, letter.rules, newer=letter.newer) for error in record.get("errors", ())],
    }
    return in_full({name: value for name, value in found.items() if value}, record, newer=letter.newer)


def bundle(
    profile: str, resources: Iterable[tuple[str, Resource]], stamp: str, identifier: Resource | None
) -> Resource:
    """A collection of resources with their full URLs, in their order."""
    found: Resource = {
        "resourceType": "Bundle",
        "meta": {"profile": [f"{PAS}/{profile}"]},
        "identifier": identifier,
        "type": "collection",
        "timestamp": stamp,
        "entry": [{"fullUrl": url, "resource": resource} for url, resource in resources],
    }
    return {name: value for name, value in found.items() if value}


def requestor(record: Mapping[str, Any]) -> Resource:
    """Who asked, as the payer has them on file."""
    return {
        "resourceType": "Organization",
        "id": f"requester-{record['requester']['npi']}",
        "meta": {"profile": [f"{PAS}/profile-requestor"]},
        "identifier": [{"system": "http://hl7.org/fhir/sid/us-npi", "value": record["requester"]["npi"]}],
        "active": True,
        "type": [{"coding": [{"system": f"{X12}/005010/98", "code": "1P"}]}],
        "name": record["requester"]["name"],
    }


def _extensions(record: Mapping[str, Any], letter: Letter) -> list[Resource]:
    """From 2.2 on: who sent it, turned round, and whether a person looked at it before the answer was no, or less."""
    found: list[Resource] = []
    if letter.newer and letter.transmission:
        parts = [one for one in objects(letter.transmission.get("extension")) if {"url", "valueString"} <= one.keys()]
        turned = [{"url": TURNED.get(one["url"], one["url"]), "valueString": one["valueString"]} for one in parts]
        found.append({"url": f"{PAS}/extension-TransmissionIdentifiers", "extension": turned})
    decisions = {item["decision"] for item in record["items"]}
    if letter.newer and decisions & {"approved", "denied", "modified"}:
        person = bool(decisions & {"denied", "modified"})
        flag = {"url": "wasHumanReviewedFlag", "valueBoolean": person}
        found.append({"url": f"{PAS}/extension-claimResponseReviewer", "extension": [flag]})
    return found


def _item(item: Item, notes: list[tuple[int, str]], letter: Letter) -> Resource:
    numbers = [number for number, (sequence, _) in enumerate(notes, start=1) if sequence == item["sequence"]]
    found: Resource = {
        "extension": [*_about(item, letter), *_asked(item), *_authorized(item, letter)],
        "itemSequence": _sequence(item, letter.rules),
        "noteNumber": numbers,
        "adjudication": [_adjudication(item, _action(item, letter), letter.rules)],
    }
    return {name: value for name, value in found.items() if value}


def _action(item: Item, letter: Letter) -> str:
    """The X12 306 code of an item's decision."""
    if item["decision"] == "modified" and letter.newer:
        return str(letter.rules.get("modified_as", ACTIONS["modified"]))
    return ACTIONS.get(item["decision"], "")


def _added(item: Item, letter: Letter) -> Resource:
    """What is authorized instead of what was asked (2.1 and later); the item itself says only that it was modified."""
    found: Resource = {
        "extension": _about(item, letter),
        "itemSequence": [_sequence(item, letter.rules)],
        "provider": [{"reference": letter.provider}] if letter.provider else None,
        "productOrService": concept(item["service"]),
        "modifier": item.get("modifier"),
        "locationCodeableConcept": item.get("location"),
        "quantity": _amount(item, item["units"]),
        "adjudication": [_adjudication({**item, "reason": None}, ACTIONS["approved"], letter.rules)],
    }
    return {name: value for name, value in found.items() if value}


def _about(item: Item, letter: Letter) -> list[Resource]:
    """Trace numbers, when it was issued, how long it holds, under which numbers."""
    found = [_extension("itemTraceNumber", "valueIdentifier", trace) for trace in item.get("traces", ())]
    period = _period(item, letter.rules)
    if "issued" in item:
        found.append(_extension("itemPreAuthIssueDate", "valueDate", item["issued"]))
    if period:
        found.append(_extension("itemPreAuthPeriod", "valuePeriod", period))
    if "number_before" in item:
        found.append(_extension("authorizationNumber", "valueString", item["number_before"]))
    if "reference" in item and item["decision"] not in GRANTED:
        found.append(_extension("administrationReferenceNumber", "valueString", item["reference"]))
    return found


def _asked(item: Item) -> list[Resource]:
    return [{"url": f"{PAS}/extension-itemRequestedServiceDate", **item["requested"]}] if "requested" in item else []


def _authorized(item: Item, letter: Letter) -> list[Resource]:
    """Who may do what: 2.0.1 tells it also of a modified item, later versions tell that in ``addItem``."""
    if item["decision"] not in GRANTED:
        return []
    found: list[Resource] = []
    if letter.provider:
        who = {"url": "provider", "valueReference": {"reference": letter.provider}}
        found.append({"url": f"{PAS}/extension-itemAuthorizedProvider", "extension": [who]})
    if item["decision"] == "approved" or not letter.newer:
        detail: list[Resource] = [{"url": "productOrServiceCode", "valueCodeableConcept": concept(item["service"])}]
        units = item.get("units", item.get("quantity", {}).get("value"))
        told = units and letter.rules.get("validity") not in ENDLESS
        detail += [{"url": "quantity", "valueQuantity": _amount(item, units)}] if told else []
        found.append({"url": f"{PAS}/extension-itemAuthorizedDetail", "extension": detail})
    return found


def _adjudication(item: Item, action: str, rules: Mapping[str, Any]) -> Resource:
    reason = item.get("reason") if item["decision"] in ("denied", "modified") else None
    place = rules.get("reason_in", "code")
    parts: list[Resource] = []
    if item["decision"] in GRANTED and "number" in item:
        parts.append({"url": "number", "valueString": item["number"]})
    if action:
        coded = {"coding": [{"system": REVIEW_ACTIONS, "code": action}]}
        parts.append({"url": f"{PAS}/extension-reviewActionCode", "valueCodeableConcept": coded})
    if reason and place in ("code", "text"):
        parts.append({"url": "reasonCode", "valueCodeableConcept": _reason(reason, coded=place == "code")})
    if reason and place in NO_REASONS:
        parts.append({"url": "reasonCode", "valueCodeableConcept": {"coding": [NO_REASONS[place]]}})
    found: Resource = {"category": SUBMITTED}
    if parts:
        found["extension"] = [{"url": f"{PAS}/extension-reviewAction", "extension": parts}]
    if reason and place == "adjudication":
        found["reason"] = {"text": reason["text"]}
    return found


def _reason(reason: Mapping[str, str], *, coded: bool) -> Resource:
    coding = [{"system": REASONS, "code": reason["code"]}] if coded and "code" in reason else []
    return {**({"coding": coding} if coding else {}), **({"text": reason["text"]} if "text" in reason else {})}


def _notes(items: Iterable[Item], rules: Mapping[str, Any]) -> list[tuple[int, str]]:
    """The notes to items, as (sequence of the item, text), numbered from 1 in their order."""
    found: list[tuple[int, str]] = []
    for item in items:
        if rules.get("reason_in") == "note" and item["decision"] in ("denied", "modified") and item.get("reason"):
            found.append((item["sequence"], item["reason"]["text"]))
        if rules.get("validity") in NOTES and item["decision"] in GRANTED:
            found.append((item["sequence"], NOTES[rules["validity"]]))
    return found


def _disposition(items: Iterable[Item], rules: Mapping[str, Any]) -> str:
    listed = list(items)
    if "boilerplate" in (rules.get("reason_in"), rules.get("validity")):
        return BOILERPLATE
    if rules.get("validity") == "disposition" and any(item["decision"] in GRANTED for item in listed):
        return CIRCUMSTANCE
    if rules.get("reason_in") not in ("disposition", "service", "unnamed"):
        return ""
    told = [item for item in listed if item["decision"] in ("denied", "modified") and item.get("reason")]
    return " ".join(f"{_name(item, rules)}{item['reason']['text']}" for item in told)


def _name(item: Item, rules: Mapping[str, Any]) -> str:
    """How a text about the whole answer names the item it is about."""
    if rules["reason_in"] == "unnamed":
        return ""
    if rules["reason_in"] == "service":
        return f"{concept(item['service'])['coding'][0]['code']}: "
    return f"Item {_sequence(item, rules)}: "


def _period(item: Item, rules: Mapping[str, Any]) -> Resource | None:
    if item["decision"] not in GRANTED or "period" not in item:
        return None
    start = {"start": item["period"]["start"]}
    told: dict[str, Resource] = {
        "item": item["period"],
        "far": {**start, "end": "9999-12-31"},
        "open": start,
        "boilerplate": start,
    }
    return told.get(rules.get("validity", "item"))


def _whole_period(items: Iterable[Item], rules: Mapping[str, Any]) -> Resource | None:
    periods = [item["period"] for item in items if item["decision"] in GRANTED and "period" in item]
    if rules.get("validity") != "header" or not periods:
        return None
    return {"start": min(one["start"] for one in periods), "end": max(one["end"] for one in periods)}


def _sequence(item: Item, rules: Mapping[str, Any]) -> int:
    own = OWN_LINES if rules.get("item_numbers") == "own" else 0
    return int(item["sequence"]) + own


def _amount(item: Item, units: float) -> Resource:
    return {"unit": "unit", **item.get("quantity", {}), "value": units}


def concept(service: Mapping[str, Any]) -> Resource:
    """A service as a CodeableConcept; the authorizations on file hold system and code alone."""
    return dict(service) if "coding" in service or "code" not in service else {"coding": [dict(service)]}


def _extension(name: str, kind: str, value: Any) -> Resource:
    return {"url": f"{PAS}/extension-{name}", kind: value}
