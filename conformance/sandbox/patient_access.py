"""Patient Access: a member's own claims and prior authorizations, with the member's own token.

``policies.patient_access``: ``leaks`` names the kinds of question that see everybody (read, search, chained, include,
revinclude, everything; none of a lawful payer), ``keeps_days`` how long an authorization is shown after its last
change, ``shows_after_days`` how long it takes until a new one is, ``stale`` whether decisions are left out,
``documents_apart`` whether documents are shown as DocumentReferences that refer to their authorization.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from conformance.sandbox import member_tokens, people, prior_auth
from conformance.sandbox.frame import Answer, Call, Resource, Seed
from conformance.sandbox.outcome import refusal
from conformance.sandbox.store import Payer

PDEX = "http://hl7.org/fhir/us/davinci-pdex"
PAS = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition"
X12 = "https://codesystem.x12.org"
ACTIONS = {"approved": "A1", "denied": "A3", "pended": "A4", "modified": "A6", "cancelled": "C"}
GRANTED = ("approved", "modified")
KINDS = ("Coverage", "DocumentReference", "ExplanationOfBenefit", "Patient")
SEARCHES = ("patient", "patient.identifier", "identifier", "use", "_id", "_include", "_revinclude", "_format", "_count")


def search(call: Call, payer: Payer) -> Answer:
    """{type}?…: the member's own resources of a type that fit the question."""
    own = member_tokens.member_of(call, payer)
    if isinstance(own, Answer):
        return own
    asked = dict(call.query)
    if unknown := [name for name in asked if name not in SEARCHES]:
        return refusal(400, "not-supported", f"Nothing is searched by {unknown[0]}.")
    found = [
        resource
        for member in _seen(own, _kind(asked), payer)
        for resource in _resources(member, payer)
        if resource["resourceType"] == call.path and _fits(resource, asked, payer)
    ]
    beside = list(_beside(found, asked, payer, own))
    return Answer(200, _bundle(call, payer, found, beside))


def read(call: Call, payer: Payer) -> Answer:
    """{type}/{id}: one of the member's own resources; 404 for whatever is not, so that nobody is given away."""
    own = member_tokens.member_of(call, payer)
    if isinstance(own, Answer):
        return own
    kind, _, ident = call.path.partition("/")
    for member in _seen(own, "read", payer):
        for resource in _resources(member, payer):
            if (resource["resourceType"], resource["id"]) == (kind, ident):
                return Answer(200, resource)
    return refusal(404, "not-found", "There is no such resource.")


def everything(call: Call, payer: Payer) -> Answer:
    """Patient/{id}/$everything: the member's own."""
    own = member_tokens.member_of(call, payer)
    if isinstance(own, Answer):
        return own
    wanted = call.path.split("/")[1]
    if wanted not in _seen(own, "everything", payer):
        return refusal(404, "not-found", "There is no such resource.")
    return Answer(200, _bundle(call, payer, list(_resources(wanted, payer)), []))


def known(known_before: Seed) -> list[dict[str, Any]]:
    """The authorizations that a target file names for the first member: when decided, and whether with documents."""
    found = []
    for key, record in known_before.authorizations.items():
        if "patient-access" not in record.get("told", ()):
            continue
        stamps = {name: datetime.fromisoformat(record[name]) for name in ("received", "decided")}
        told = {"identifier": key, **stamps, "decision": record["items"][0]["decision"]}
        found.append({**told, **({"facts.documents": True} if record.get("documents") else {})})
    return found


def explanation(record: Mapping[str, Any], payer: Payer) -> Resource:
    """An authorization as an ExplanationOfBenefit, by the profile of PDex."""
    stale = bool(payer.policies.patient_access.get("stale"))
    items = [{**item, "decision": "pended"} if stale else dict(item) for item in record["items"]]
    found: Resource = {
        "resourceType": "ExplanationOfBenefit",
        "id": f"authorization-{record['id']}"[:64],
        "meta": {
            "lastUpdated": record.get("decided") or record["received"],
            "profile": [f"{PDEX}/StructureDefinition/pdex-priorauthorization"],
        },
        "identifier": list(record["identifiers"]),
        "status": "active",
        "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/claim-type", "code": "professional"}]},
        "use": "preauthorization",
        "patient": {"reference": f"Patient/{record['member']}"},
        "created": record["received"],
        "insurer": {"reference": "Organization/model-payer"},
        "provider": {"display": record["requester"]["name"]},
        "outcome": "queued" if any(item["decision"] == "pended" for item in items) else "complete",
        "insurance": [
            {
                "focal": True,
                "coverage": {"reference": f"Coverage/{payer.seed.members[record['member']]['coverage']['id']}"},
            }
        ],
        "item": [_item(item) for item in items],
    }
    if record.get("documents") and not payer.policies.patient_access.get("documents_apart"):
        found["supportingInfo"] = [_document(number) for number in range(1, record["documents"] + 1)]
    return found


def _item(item: Mapping[str, Any]) -> Resource:
    parts: list[Resource] = []
    decided = item["decision"] in (*GRANTED, "denied")
    if decided and item.get("issued"):
        parts.append({"url": f"{PAS}/extension-itemPreAuthIssueDate", "valueDate": item["issued"]})
    if item["decision"] in GRANTED and item.get("period"):
        parts.append({"url": f"{PAS}/extension-itemPreAuthPeriod", "valuePeriod": item["period"]})
    found: Resource = {
        "sequence": item["sequence"],
        "productOrService": {"coding": [item["service"]]} if "code" in item["service"] else item["service"],
        "adjudication": [_adjudication(item), *_denial(item)],
    }
    return {"extension": parts, **found} if parts else found


def _adjudication(item: Mapping[str, Any]) -> Resource:
    code = {"coding": [{"system": f"{X12}/005010/306", "code": ACTIONS[item["decision"]]}]}
    review = [{"url": f"{PDEX}/StructureDefinition/extension-reviewActionCode", "valueCodeableConcept": code}]
    if item.get("number"):
        review.insert(0, {"url": "number", "valueString": item["number"]})
    category = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/adjudication", "code": "submitted"}]}
    extension = {"url": f"{PDEX}/StructureDefinition/extension-reviewAction", "extension": review}
    return {"extension": [extension], "category": category}


def _denial(item: Mapping[str, Any]) -> Iterator[Resource]:
    if item["decision"] == "denied" and item.get("reason"):
        system = f"{PDEX}/CodeSystem/PDexAdjudicationDiscriminator"
        yield {
            "category": {"coding": [{"system": system, "code": "denialreason"}]},
            "reason": _reason(item["reason"]),
        }


def _reason(reason: Mapping[str, Any]) -> Resource:
    """Why it was denied: a code, a text, or both, as it is on file."""
    found: Resource = {"text": reason["text"]} if reason.get("text") else {}
    if reason.get("code"):
        found["coding"] = [{"system": f"{X12}/external/886", "code": reason["code"]}]
    return found


def _document(number: int) -> Resource:
    attachment = {"contentType": "application/pdf", "url": f"https://payer.example.org/documents/{number}"}
    category = {"text": "Documents that the provider sent"}
    return {"sequence": number, "category": category, "valueAttachment": attachment}


def _document_apart(shown: Resource, number: int) -> Resource:
    """A document of the provider's that refers to its authorization."""
    return {
        "resourceType": "DocumentReference",
        "id": f"document-{number}-of-{shown['id']}"[:64],
        "meta": {"lastUpdated": shown["meta"]["lastUpdated"]},
        "status": "current",
        "subject": shown["patient"],
        "content": [{"attachment": _document(number)["valueAttachment"]}],
        "context": {"related": [{"reference": f"ExplanationOfBenefit/{shown['id']}"}]},
    }


def _resources(member: str, payer: Payer) -> Iterator[Resource]:
    """Everything of a member that is shown to them."""
    person = payer.seed.members[member]
    yield people.patient(person)
    yield people.coverage(person)
    yield from (each for each in payer.seed.records.get(member, ()) if each.get("use") == "claim")
    for record in prior_auth.records_of(person, payer):
        if record["member"] == member and _is_shown(record, payer):
            shown = explanation(record, payer)
            yield shown
            if payer.policies.patient_access.get("documents_apart"):
                yield from (_document_apart(shown, number) for number in range(1, record.get("documents", 0) + 1))


def _is_shown(record: Mapping[str, Any], payer: Payer) -> bool:
    rules, now = payer.policies.patient_access, payer.clock.now()
    received = datetime.fromisoformat(record["received"])
    last = datetime.fromisoformat(record.get("decided") or record["received"])
    ends = max((item["period"]["end"] for item in record["items"] if item.get("period", {}).get("end")), default="")
    active = bool(ends) and date.fromisoformat(ends[:10]) >= now.date() and rules.get("keeps_active", True)
    kept = last > now - timedelta(days=rules.get("keeps_days", 366))
    return (kept or active) and received <= now - timedelta(days=rules.get("shows_after_days", 0))


def _kind(asked: Mapping[str, str]) -> str:
    for name, kind in (("_revinclude", "revinclude"), ("_include", "include"), ("patient.identifier", "chained")):
        if name in asked:
            return kind
    return "both" if "," in asked.get("patient", "") else "search"


def _seen(own: str, kind: str, payer: Payer) -> tuple[str, ...]:
    """The members that a kind of question may see."""
    return tuple(payer.seed.members) if kind in payer.policies.patient_access.get("leaks", ()) else (own,)


def _fits(resource: Resource, asked: Mapping[str, str], payer: Payer) -> bool:
    whose = _whose(resource)
    tests: Mapping[str, Callable[[str], bool]] = {
        "patient": lambda value: whose in [each.removeprefix("Patient/") for each in value.split(",")],
        "patient.identifier": lambda value: _is_number(payer.seed.members[whose], value),
        "identifier": lambda value: value.rpartition("|")[2] in [each["value"] for each in resource["identifier"]],
        "use": lambda value: value == resource.get("use"),
        "_id": lambda value: resource["id"] in value.split(","),
    }
    return all(tests[name](value) for name, value in asked.items() if name in tests)


def _beside(found: list[Resource], asked: Mapping[str, str], payer: Payer, own: str) -> Iterator[Resource]:
    """What _include and _revinclude bring beside the matches."""
    members = dict.fromkeys(_whose(each) for each in found)
    for member in members:
        if asked.get("_include") == "ExplanationOfBenefit:patient":
            yield people.patient(payer.seed.members[member])
        if asked.get("_revinclude") == "ExplanationOfBenefit:patient" and member in _seen(own, "revinclude", payer):
            yield from (each for each in _resources(member, payer) if each["resourceType"] == "ExplanationOfBenefit")


def _whose(resource: Resource) -> str:
    if resource["resourceType"] == "Patient":
        return str(resource["id"])
    reference = resource.get("patient") or resource.get("beneficiary") or resource["subject"]
    return str(reference["reference"]).removeprefix("Patient/")


def _is_number(member: Mapping[str, Any], value: str) -> bool:
    own = member["identifier"]
    return value in (own["value"], f"{own['system']}|{own['value']}")


def _bundle(call: Call, payer: Payer, found: list[Resource], beside: list[Resource]) -> Resource:
    entries = [(each, "match") for each in found] + [(each, "include") for each in beside]
    bundle: Resource = {
        "resourceType": "Bundle",
        "id": payer.new_id(),
        "type": "searchset",
        "total": len(found),
        "link": [{"relation": "self", "url": f"{payer.base_url}/{call.path}"}],
    }
    if entries:
        bundle["entry"] = [
            {
                "fullUrl": f"{payer.base_url}/{each['resourceType']}/{each['id']}",
                "resource": each,
                "search": {"mode": mode},
            }
            for each, mode in entries
        ]
    return bundle
