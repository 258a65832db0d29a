"""The payer itself and its members as FHIR resources, written out from the seed's plain facts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from conformance.sandbox.frame import Resource

MEMBER_NUMBER = {"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MB"}
UNIQUE_MEMBER = {"system": "http://hl7.org/fhir/us/davinci-hrex/CodeSystem/hrex-temp", "code": "UMB"}
PAYER_ID = {"system": "http://hl7.org/fhir/sid/us-npi", "value": "1649830274"}
PAYER_NAME = "Model Payer Health Plan"
UPDATED = "2026-10-01T06:00:00Z"


def organization() -> Resource:
    """The payer as an Organization."""
    return {
        "resourceType": "Organization",
        "id": "model-payer",
        "meta": {"lastUpdated": UPDATED},
        "identifier": [PAYER_ID],
        "active": True,
        "type": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/organization-type", "code": "pay"}]}],
        "name": PAYER_NAME,
        "telecom": [{"system": "phone", "value": "1-800-555-0142"}],
        "address": [{"line": ["1 Assurance Plaza"], "city": "Hartford", "state": "CT", "postalCode": "06103"}],
    }


def patient(member: Mapping[str, Any]) -> Resource:
    """A member as a Patient, known by the unique member number and, as on the card, the member number."""
    return {
        "resourceType": "Patient",
        "id": member["id"],
        "meta": {"lastUpdated": UPDATED},
        "identifier": [
            {"type": {"coding": [UNIQUE_MEMBER]}, **member["identifier"]},
            {"type": {"coding": [MEMBER_NUMBER]}, **member["identifier"]},
        ],
        "active": True,
        "name": [{"use": "official", "family": member["family"], "given": list(member["given"])}],
        "gender": member["gender"],
        "birthDate": member["birth_date"],
        "address": [_address(member["address"])],
    }


def coverage(member: Mapping[str, Any]) -> Resource:
    """A member's Coverage; a dependent's names the subscriber, as another Patient of the payer."""
    own = member["coverage"]
    period = {key: own[key] for key in ("start", "end") if key in own}
    found: Resource = {
        "resourceType": "Coverage",
        "id": own["id"],
        "meta": {"lastUpdated": UPDATED},
        "identifier": [{"type": {"coding": [MEMBER_NUMBER]}, **member["identifier"]}],
        "status": own["status"],
        "subscriberId": member["subscriber_id"],
        "beneficiary": {"reference": f"Patient/{member['id']}"},
        "relationship": {
            "coding": [
                {
                    "system": "http://terminology.hl7.org/CodeSystem/subscriber-relationship",
                    "code": member.get("relationship", "self"),
                }
            ]
        },
        "period": period,
        "payor": [{"reference": "Organization/model-payer", "identifier": PAYER_ID, "display": PAYER_NAME}],
        "class": [_class("group", member["group"]), _class("plan", member["plan"])],
    }
    subscriber = member.get("subscriber", member["id"])
    found["subscriber"] = {"reference": f"Patient/{subscriber}"}
    return found


def _address(address: Mapping[str, Any]) -> Resource:
    return {
        "use": "home",
        "line": list(address["line"]),
        "city": address["city"],
        "state": address["state"],
        "postalCode": address["postal_code"],
        "country": "US",
    }


def _class(kind: str, value: str) -> Resource:
    system = "http://terminology.hl7.org/CodeSystem/coverage-class"
    return {"type": {"coding": [{"system": system, "code": kind}]}, "value": value}
