"""The bodies of prior-authorization requests: a case's submission and inquiry, and the inquiry about what is known."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from conformance import clock
from conformance.cases import body_of, fill, request_facts, template
from conformance.target import Case, Known, Target

NO_SERVICE = {"system": "http://terminology.hl7.org/CodeSystem/data-absent-reason", "code": "not-applicable"}
NPI = "http://hl7.org/fhir/sid/us-npi"
PAS = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition"
EMPTY: Mapping[str, Any] = {"resourceType": "Bundle", "type": "collection"}


def submission_body(target: Target, case: Case, name: str, sent: str) -> dict[str, Any]:
    """The request of a case, known by the identifier ``sent``: the tester's own body, or our template.

    The template's resources get ids of this request alone, so that no payer has one of the same id by chance.
    """
    body: dict[str, Any] = body_of(case, "pas-request", _facts(target, case, sent), f"cases.prior-auth.{name}")
    return body if case.body else minted(body, sent)


def inquiry_body(target: Target, case: Case, sent: str) -> dict[str, Any]:
    """The inquiry about a case that was submitted as ``sent``."""
    body: dict[str, Any] = fill(template("pas-inquiry"), _facts(target, case, sent))
    return body


def known_body(target: Target, known: Known) -> dict[str, Any]:
    """The inquiry about an authorization that exists already, about any service."""
    case = Case(api="prior-auth", name="known", facts={"member": known.member}, body=None, settles=None)
    return look_up_body(target, case, known.identifier, known.identifier)


def look_up_body(target: Target, case: Case, sent: str, number: str = "") -> dict[str, Any]:
    """The inquiry by the identifier ``sent`` and an authorization number, if there is one, about any service."""
    facts = _facts(target, case, sent)
    facts["items"] = [{"sequence": 1, "service": NO_SERVICE, "authorization": number}]
    body: dict[str, Any] = fill(template("pas-inquiry"), facts)
    return body


def asked_by(inquiry: dict[str, Any], who: Mapping[str, Any]) -> dict[str, Any]:
    """The same inquiry in the name of another organization (npi, name)."""
    organization = _named_in(inquiry, "provider")
    organization["identifier"] = [{"system": NPI, "value": who["npi"]}]
    organization["name"] = who["name"]
    return inquiry


def asked_through(inquiry: dict[str, Any], practitioner: Mapping[str, Any]) -> dict[str, Any]:
    """The same inquiry with a practitioner (npi, family, given) in its care team."""
    url = "https://payer-conformance.example/fhir/Practitioner/practitioner"
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


def _facts(target: Target, case: Case, sent: str) -> dict[str, Any]:
    moment = clock.now()
    now, today = moment.isoformat(timespec="seconds"), moment.date().isoformat()
    return request_facts(target, case, sent=sent, now=now, stamp=today)
