"""Valid requests that differ from the usual one where the guide leaves room: richer, barer, odder."""

from __future__ import annotations

import copy
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from conformance.apis.same_member import claim_of
from conformance.apis.shapes import codings, entries, objects, record, records, resolve, text
from conformance.cases import fill, template
from conformance.flows.bundles import reached
from conformance.guides import Guide

PAS = "http://hl7.org/fhir/us/davinci-pas"
TEMPORARY = f"{PAS}/CodeSystem/PASTempCodes"
OURS = "https://payer-conformance.example"
# Of a Claim: what its profiles do not demand (profile-claim of both versions).
OPTIONAL = ("careTeam", "supportingInfo", "diagnosis", "accident", "extension")
OPTIONAL_OF_ITEM = (
    "careTeamSequence", "diagnosisSequence", "informationSequence", "servicedDate", "servicedPeriod", "quantity",
    "unitPrice",
)  # fmt: skip
OPTIONAL_OF_PATIENT = ("address", "telecom")
DEMANDED_OF_ITEM = ("extension-serviceItemRequestType", "extension-certificationType")

Body = dict[str, Any]


def altered(request: Mapping[str, Any], how: str, guide: Guide) -> Body:
    """A request altered in one of the ways of ``ALTERATIONS``; the given one stays as it is."""
    body = copy.deepcopy(dict(request))
    ALTERATIONS[how](body, guide)
    return body


def _supported(body: Body, guide: Guide) -> None:
    """With clinical resources of US Core as supporting information."""
    _attach(body, "supporting", guide)


def _documented(body: Body, guide: Guide) -> None:
    """With a PDF in a DocumentReference as supporting information."""
    _attach(body, "document", guide)


def _by_uuid(body: Body, _guide: Guide) -> None:
    """With each entry known by a urn:uuid, and references to it by that."""
    urls = {each.full_url: f"urn:uuid:{uuid.uuid4()}" for each in entries(body)}
    for each in entries(body):
        for node in objects(each.resource):
            found = resolve(node, each, entries(body)) if isinstance(node.get("reference"), str) else None
            if found is not None and found.full_url in urls:
                node["reference"] = urls[found.full_url]
    for entry in body["entry"]:
        entry["fullUrl"] = urls[entry["fullUrl"]]
        entry["resource"]["id"] = entry["fullUrl"].removeprefix("urn:uuid:")


def _in_full(body: Body, guide: Guide) -> None:
    """With the elements that are marked must support and fit any service (profile-claim)."""
    claim = claim_of(body).resource
    if not _has(claim, "extension-levelOfServiceCode"):
        claim.setdefault("extension", []).append(_coded("extension-levelOfServiceCode", "1338", "E"))
    for each in claim.get("careTeam", ()):
        role = {"system": "https://codesystem.x12.org/005010/98", "code": "DK"}
        each["role"] = {"coding": [role]}
    today = text(claim["created"])[:10]
    for number, each in enumerate(claim.get("diagnosis", ())):
        if number == 0:
            each["type"] = [{"coding": [{"system": TEMPORARY, "code": "principal"}]}]
        each["extension"] = [{"url": _pas("extension-diagnosisRecordedDate"), "valueDate": today}]
    information = claim.setdefault("supportingInfo", [])
    for category, said in (
        ("patientEvent", {"timingPeriod": {"start": today, "end": today}}),
        ("freeFormMessage", {"valueString": "Please call the clinic with questions."}),
    ):
        if not any(code.code == category for each in information for code in codings(each.get("category"))):
            information.append(_information(_next(information), category, said))
    for item in claim["item"]:
        item["informationSequence"] = [each["sequence"] for each in information]
        item["modifier"] = [{"coding": [{"system": "http://www.ama-assn.org/go/cpt", "code": "59"}]}]
        item["unitPrice"] = {"value": 100.0, "currency": "USD"}
    if _has(claim["item"][0], "extension-requestedService"):
        return
    _attach(body, "order", guide)
    order = entries(body)[-1]
    claim["item"][0].setdefault("extension", []).append(
        {"url": _pas("extension-requestedService"), "valueReference": {"reference": order.full_url}}
    )


def _bare(body: Body, _guide: Guide) -> None:
    """Without anything that its profiles leave optional."""
    placed = claim_of(body)
    claim = placed.resource
    for name in OPTIONAL:
        claim.pop(name, None)
    for item in claim["item"]:
        for name in OPTIONAL_OF_ITEM:
            item.pop(name, None)
        demanded = [each for each in item.get("extension", ()) if text(each.get("url")).endswith(DEMANDED_OF_ITEM)]
        item.pop("extension", None)
        item.update({"extension": demanded} if demanded else {})
    patient = resolve(claim.get("patient"), placed, entries(body))
    for name in OPTIONAL_OF_PATIENT:
        (patient.resource if patient else {}).pop(name, None)
    needed = {each.full_url for each in reached(body)}
    body["entry"] = [each for each in body["entry"] if each["fullUrl"] in needed]


def _with_strange_elements(body: Body, _guide: Guide) -> None:
    """With extensions and elements that no payer need know."""
    placed = claim_of(body)
    claim = placed.resource
    own = {"url": f"{OURS}/extension/work-queue", "valueString": "orthopedics-2"}
    claim.setdefault("extension", []).append(own)
    claim["fundsReserve"] = {
        "coding": [{"system": "http://terminology.hl7.org/CodeSystem/fundsreserve", "code": "none"}]
    }
    for item in claim["item"]:
        item.setdefault("extension", []).append(own)
    if patient := resolve(claim.get("patient"), placed, entries(body)):
        patient.resource.setdefault("extension", []).append(own)
        patient.resource["communication"] = [
            {"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": "en"}]}, "preferred": True}
        ]


def _with_a_long_zip_code(body: Body, _guide: Guide) -> None:
    """With the nine digits of the patient's ZIP code, and the dash between them."""
    placed = claim_of(body)
    patient = resolve(placed.resource.get("patient"), placed, entries(body))
    if patient:
        address = patient.resource.setdefault("address", [{}])[0]
        address["postalCode"] = f"{text(address.get('postalCode'))[:5] or '06103'}-1234"


ALTERATIONS: Mapping[str, Callable[[Body, Guide], None]] = {
    "supporting-information": _supported,
    "document": _documented,
    "uuid-full-urls": _by_uuid,
    "must-support": _in_full,
    "minimal": _bare,
    "unsupported-elements": _with_strange_elements,
    "zip-plus-four": _with_a_long_zip_code,
}


def _attach(body: Body, kind: str, guide: Guide) -> None:
    """Adds the resources of a kind (fixtures/cases/pas-additions.json), each pointed to as supporting information."""
    placed = claim_of(body)
    claim = placed.resource
    for resource in fill(template("pas-additions")[kind], _facts(body)):
        url = f"{OURS}/fhir/{resource['resourceType']}/{_ident(claim, resource)}"
        resource["id"] = url.rpartition("/")[2]
        body["entry"].append({"fullUrl": url, "resource": resource})
        information = claim.setdefault("supportingInfo", [])
        said = {"valueReference": {"reference": url}}
        entry = _information(_next(information), "additionalInformation", said)
        if guide["request_document_information"]:
            report = {"coding": [{"system": "https://codesystem.x12.org/005010/755", "code": "77"}]}
            part = {"url": "reportTypeCode", "valueCodeableConcept": report}
            entry["extension"] = [{"url": _pas("extension-documentInformation"), "extension": [part]}]
        information.append(entry)


def _facts(body: Body) -> dict[str, Any]:
    placed = claim_of(body)
    claim = placed.resource
    patient = resolve(claim.get("patient"), placed, entries(body))
    diagnosis = next((record(each.get("diagnosisCodeableConcept")) for _, each in records(claim.get("diagnosis"))), {})
    unknown = {"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "R69"}
    return {
        "patient": patient.full_url if patient else text(record(claim.get("patient")).get("reference")),
        "created": claim["created"],
        "date": text(claim["created"])[:10],
        "diagnosis": next(iter(diagnosis.get("coding", ())), unknown),
        "service": record(claim["item"][0].get("productOrService")).get("coding", [unknown])[0],
    }


def _ident(claim: Mapping[str, Any], resource: Mapping[str, Any]) -> str:
    kind = str(resource["resourceType"]).lower()
    return f"{kind}-{claim.get('id', 'request')}"[:64]


def _information(sequence: int, category: str, said: Mapping[str, Any]) -> Body:
    return {"sequence": sequence, "category": {"coding": [{"system": TEMPORARY, "code": category}]}, **said}


def _next(information: list[Body]) -> int:
    """A sequence number that no supporting information has yet."""
    return max((each["sequence"] for each in information), default=0) + 1


def _has(node: Mapping[str, Any], name: str) -> bool:
    """Whether a Claim or an item has an extension already that may stand there once."""
    return any(each.get("url") == _pas(name) for each in node.get("extension", ()))


def _coded(name: str, table: str, code: str) -> Body:
    coding = {"system": f"https://codesystem.x12.org/005010/{table}", "code": code}
    return {"url": _pas(name), "valueCodeableConcept": {"coding": [coding]}}


def _pas(name: str) -> str:
    return f"{PAS}/StructureDefinition/{name}"
