"""Requests that change an earlier one: items added, changed and cancelled, or all of it cancelled."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from conformance.apis.same_member import claim_of
from conformance.guides import Guide

PAS = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition"
PRIOR = {"system": "http://terminology.hl7.org/CodeSystem/ex-relatedclaimrelationship", "code": "prior"}
CERTIFICATION = f"{PAS}/extension-certificationType"
CANCEL = "3"  # X12 1322
KEPT, CANCELLED, ADDED = 1, 2, 3  # sequence numbers of the items of an update

Body = dict[str, Any]


def changing(original: Mapping[str, Any], sent: str, guide: Guide) -> Body:
    """The update of a request for two items: one more of the first, the second cancelled, a third like the first.

    ``sent`` is the identifier of the update where the guide's version lets it have one of its own.
    """
    body, claim = _update(original, sent, guide)
    first, second = claim["item"]
    third = copy.deepcopy(first)
    third["sequence"] = ADDED
    for trace in _extensions(third, "extension-itemTraceNumber"):
        trace["valueIdentifier"] = {**trace["valueIdentifier"], "value": f"{sent}-{ADDED}"}
    _mark(third, "added")
    amount = first.get("quantity", {}).get("value", 1)
    first["quantity"] = {"unit": "unit", **first.get("quantity", {}), "value": amount + 1}
    _mark(first, "changed")
    _cancel(second)
    claim["item"].append(third)
    return body


def cancelling(original: Mapping[str, Any], sent: str, guide: Guide) -> Body:
    """The update that cancels all of a request."""
    body, claim = _update(original, sent, guide)
    for item in claim["item"]:
        _cancel(item)
    if guide["update_all_cancelled"]:
        claim["extension"] = [*claim.get("extension", ()), _certification(CANCEL)]
    return body


def _update(original: Mapping[str, Any], sent: str, guide: Guide) -> tuple[Body, Body]:
    """A Bundle with a Claim that stands for an update of the original's, still with the same items; and that Claim.

    Where the version has it, the Claim that is changed is named, and comes along behind all that it refers to.
    """
    body = copy.deepcopy(dict(original))
    body["identifier"] = {**body["identifier"], "value": f"{sent}-bundle"}
    prior = claim_of(body)
    place = next(number for number, entry in enumerate(body["entry"]) if entry["resource"] is prior.resource)
    claim = copy.deepcopy(prior.resource)
    claim["id"] = f"{claim['id'][:40]}-update"
    claim["meta"] = {"profile": [f"{PAS}/profile-claim-update"]}
    url = f"{prior.full_url.removesuffix(prior.id)}{claim['id']}"
    if guide["update_related"]:
        claim["identifier"] = [{**claim["identifier"][0], "value": sent}]
        claim["related"] = [{"claim": {"reference": prior.full_url}, "relationship": {"coding": [dict(PRIOR)]}}]
        body["entry"].append(body["entry"][place])
    body["entry"][place] = {"fullUrl": url, "resource": claim}
    return body, claim


def _mark(item: Body, how: str) -> None:
    """Says that an item was added, or changed."""
    item["extension"] = [*item.get("extension", ()), {"url": f"{PAS}/extension-infoChanged", "valueCode": how}]


def _cancel(item: Body) -> None:
    kept = [each for each in item.get("extension", ()) if each["url"] != CERTIFICATION]
    item["extension"] = [*kept, _certification(CANCEL)]
    item["modifierExtension"] = [{"url": f"{PAS}/modifierextension-infoCancelled", "valueBoolean": True}]
    _mark(item, "changed")


def _certification(code: str) -> Body:
    coding = {"system": "https://codesystem.x12.org/005010/1322", "code": code}
    return {"url": CERTIFICATION, "valueCodeableConcept": {"coding": [coding]}}


def _extensions(item: Body, name: str) -> Iterator[Body]:
    return (each for each in item.get("extension", ()) if each["url"] == f"{PAS}/{name}")
