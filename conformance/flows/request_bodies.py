"""The bodies of prior-authorization requests: a case's submission and inquiry, and the inquiry about what is known."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import Any

from conformance import clock
from conformance.apis.same_member import claim_of
from conformance.apis.shapes import entries
from conformance.cases import body_of, fill, request_facts, template
from conformance.errors import NotTested
from conformance.flows.bundles import reached
from conformance.target import Case, Known, Target

NO_SERVICE = {"system": "http://terminology.hl7.org/CodeSystem/data-absent-reason", "code": "not-applicable"}
OURS = "https://payer-conformance.example"
NPI = "http://hl7.org/fhir/sid/us-npi"
PAS = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition"
# Of a submitted Claim and its items: what the inquiry about it has as well (profile-claim-inquiry of both versions).
INQUIRED = (
    "resourceType", "id", "status", "type", "use", "patient", "created", "insurer", "provider", "priority", "careTeam",
    "insurance",
)  # fmt: skip
INQUIRED_OF_ITEM = (
    "sequence", "careTeamSequence", "category", "productOrService", "modifier", "servicedDate", "servicedPeriod",
)  # fmt: skip
EMPTY: Mapping[str, Any] = {"resourceType": "Bundle", "type": "collection"}


def submission_body(target: Target, case: Case, name: str, sent: str) -> dict[str, Any]:
    """The request of a case, known by the identifier ``sent``: the tester's own body, or our template.

    The template's resources get ids of this request alone, so that no payer has one of the same id by chance.
    """
    facts = submission_facts(target, case, sent)
    body: dict[str, Any] = body_of(case, "pas-request", facts, f"cases.prior-auth.{name}")
    return body if case.body else minted(body, sent)


def inquiry_body(target: Target, case: Case, sent: str) -> dict[str, Any]:
    """The inquiry about a case that was submitted as ``sent``."""
    body: dict[str, Any] = fill(template("pas-inquiry"), submission_facts(target, case, sent))
    return body


def known_body(target: Target, known: Known) -> dict[str, Any]:
    """The inquiry about an authorization that exists already, about any service."""
    case = Case(api="prior-auth", name="known", facts={"member": known.member}, body=None, settles=None)
    return look_up_body(target, case, known.identifier, known.identifier)


def look_up_body(target: Target, case: Case, sent: str, number: str = "") -> dict[str, Any]:
    """The inquiry by the identifier ``sent`` and an authorization number, if there is one, about any service."""
    facts = submission_facts(target, case, sent)
    facts["items"] = [{"sequence": 1, "service": NO_SERVICE, "authorization": number}]
    body: dict[str, Any] = fill(template("pas-inquiry"), facts)
    return body


def inquiry_of(request: Mapping[str, Any], sent: str = "", number: str | None = None) -> dict[str, Any]:
    """The inquiry about a request of the tester's own: the same member, parties and services.

    It goes by the request's identifier, or by ``sent``. With a ``number`` it is about any service; "" is no number.
    """
    body = copy.deepcopy(dict(request))
    if not any(each.type == "Claim" and each.resource.get("identifier") for each in entries(body)):
        raise NotTested("the body has no Claim with an identifier to ask about")
    placed = claim_of(body)
    whole = placed.resource
    claim = {key: whole[key] for key in INQUIRED if key in whole}
    claim["meta"] = {"profile": [f"{PAS}/profile-claim-inquiry"]}
    claim["identifier"] = [each for each in whole.get("identifier", ()) if sent in ("", each.get("value"))][:1] or [
        {"system": f"{OURS}/request", "value": sent}
    ]
    if number is None:
        claim["item"] = [{key: each[key] for key in INQUIRED_OF_ITEM if key in each} for each in whole.get("item", ())]
    else:
        by = {"extension": [{"url": f"{PAS}/extension-authorizationNumber", "valueString": number}]} if number else {}
        claim["item"] = [{**by, "sequence": 1, "productOrService": {"coding": [dict(NO_SERVICE)]}}]
    body["meta"] = {"profile": [f"{PAS}/profile-pas-inquiry-request-bundle"]}
    behind = [each for each in body["entry"] if each["resource"] is not whole]
    body["entry"] = [{"fullUrl": placed.full_url, "resource": claim}, *behind]
    led = {id(each.resource) for each in reached(body)}
    body["entry"] = [each for each in body["entry"] if id(each["resource"]) in led]
    return body


def asked_by(inquiry: dict[str, Any], who: Mapping[str, Any]) -> dict[str, Any]:
    """The same inquiry in the name of another organization (npi, name)."""
    organization = _named_in(inquiry, "provider")
    organization["identifier"] = [{"system": NPI, "value": who["npi"]}]
    organization["name"] = who["name"]
    return inquiry


def asked_through(inquiry: dict[str, Any], practitioner: Mapping[str, Any]) -> dict[str, Any]:
    """The same inquiry with a practitioner (npi, family, given) in its care team."""
    url = f"{OURS}/fhir/Practitioner/practitioner"
    name = {"family": practitioner["family"], "given": list(practitioner.get("given", ()))}
    resource = {
        "resourceType": "Practitioner",
        "id": "practitioner",
        "meta": {"profile": [f"{PAS}/profile-practitioner"]},
        "identifier": [{"system": NPI, "value": practitioner["npi"]}],
        "name": [{key: value for key, value in name.items() if value}],
    }
    inquiry["entry"].append({"fullUrl": url, "resource": resource})
    scope = {"url": f"{PAS}/extension-careTeamClaimScope", "valueBoolean": True}
    member = {"extension": [scope], "sequence": 1, "provider": {"reference": url}}
    inquiry["entry"][0]["resource"]["careTeam"] = [member]
    return inquiry


def _named_in(bundle: dict[str, Any], element: str) -> dict[str, Any]:
    """The resource that an element of the first entry, the Claim, refers to."""
    reference = bundle["entry"][0]["resource"][element]["reference"]
    found: dict[str, Any] = next(
        each["resource"] for each in bundle["entry"] if each["fullUrl"].endswith(f"/{reference}")
    )
    return found


def minted(bundle: dict[str, Any], sent: str) -> dict[str, Any]:
    """The same Bundle with the ids of its resources, and whatever refers to them, ending on ``sent``."""
    new: dict[str, str] = {}
    for entry in bundle["entry"]:
        resource = entry["resource"]
        old, ident = resource["id"], re.sub(r"[^A-Za-z0-9.-]", "-", f"{resource['id']}-{sent}")[:64]
        kind = resource["resourceType"]
        new[f"{kind}/{old}"] = f"{kind}/{ident}"
        new[entry["fullUrl"]] = f"{entry['fullUrl'].removesuffix(old)}{ident}"
        resource["id"] = ident
    found: dict[str, Any] = _renamed(bundle, new)
    return found


def _renamed(node: Any, new: Mapping[str, str]) -> Any:
    if isinstance(node, dict):
        return {
            key: new.get(value, value) if key in ("reference", "fullUrl") else _renamed(value, new)
            for key, value in node.items()
        }
    return [_renamed(each, new) for each in node] if isinstance(node, list) else node


def submission_facts(target: Target, case: Case, sent: str) -> dict[str, Any]:
    """What the request of a case is made of, known by the identifier ``sent``."""
    moment = clock.now()
    now, today = moment.isoformat(timespec="seconds"), moment.date().isoformat()
    return request_facts(target, case, sent=sent, now=now, stamp=today)
