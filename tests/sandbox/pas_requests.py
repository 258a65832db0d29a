"""Prior-authorization requests of these tests' own making, and a payer that is asked without a wire between."""

from __future__ import annotations

import copy
import itertools
import json
from collections.abc import Sequence
from datetime import date
from typing import Any

from conformance.sandbox import faults, prior_auth, seed, trust
from conformance.sandbox.clock import Clock
from conformance.sandbox.frame import Answer, Bend, Call
from conformance.sandbox.store import Overlay, Payer

VERSIONS = ("2.0.1", "2.2.1")
CASES = {
    "approved": ("72148",),
    "denied": ("15830",),
    "pended": ("22551",),
    "modified": ("97110",),
    "mixed": ("E0601", "E1399"),
    "expedited": ("74177",),
}
PAS = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition"
HERE = "https://clinic.example.org/fhir"
X12 = "https://codesystem.x12.org/005010"
NPI = "http://hl7.org/fhir/sid/us-npi"
FIRST = {"value": "MBR-1001", "family": "Ashgrove", "given": "Marta", "born": "1951-04-17", "subscriber": "SUB-1001"}
SECOND = {"value": "MBR-1002", "family": "Okonjo", "given": "Daniel", "born": "1948-11-02", "subscriber": "SUB-1002"}
NOBODY = {"value": "MBR-9999", "family": "Nemeth", "given": "Ilka", "born": "1957-02-28", "subscriber": "SUB-9999"}
ENDED = {"value": "MBR-1006", "family": "Brandvold", "given": "Nils", "born": "1946-09-12", "subscriber": "SUB-1006"}

_numbers = itertools.count(1)


class Desk:
    """One payer, clean or bent, asked by calls; ``clock`` may be moved."""

    def __init__(self, *names: str) -> None:
        self.clock = Clock()
        known, policies, bends = faults.bent(seed.load(date.today()), seed.policies(), names)
        self.bends: Sequence[Bend] = bends
        self.payer = Payer(known, Overlay(), policies, self.clock, issuer_url="https://payer.test")

    def submit(self, body: Any, version: str = "2.2.1", **headers: str) -> Answer:
        return self._answer("submit", body, version, headers)

    def inquire(self, body: Any, version: str = "2.2.1", **headers: str) -> Answer:
        return self._answer("inquire", body, version, headers)

    def without_a_token(self, operation: str, body: Any, version: str) -> Answer:
        """The answer that a call without credentials gets."""
        call = self._call(operation, body, version, {})
        closed = trust.authorize(call, self.payer, "system/Claim.r")
        return self._bent(call, closed or getattr(prior_auth, operation)(call, self._at(version)))

    def _answer(self, operation: str, body: Any, version: str, headers: dict[str, str]) -> Answer:
        call = self._call(operation, body, version, headers)
        return self._bent(call, getattr(prior_auth, operation)(call, self._at(version)))

    def _at(self, version: str) -> Payer:
        payer = self.payer
        base = f"https://payer.test/pas/{version}"
        return Payer(payer.seed, payer.overlay, payer.policies, self.clock, base, payer.issuer_url)

    def _call(self, operation: str, body: Any, version: str, headers: dict[str, str]) -> Call:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        base = f"https://payer.test/pas/{version}"
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return Call(f"prior-auth.{operation}", f"pas={version}", "POST", "", base, headers=named, body=raw)

    def _bent(self, call: Call, answer: Answer) -> Answer:
        for bend in self.bends:
            if bend.operation == call.operation and bend.when(call, answer):
                answer = bend.change(call, answer)
        return answer


def request(*codes: str, quantity: float | None = 12, member: dict[str, str] = FIRST, trace: str = "") -> Any:
    """A request for services of these codes, valid in every version."""
    trace = trace or f"TRACE-{next(_numbers)}"
    claim = {
        "resourceType": "Claim",
        "id": "claim",
        "identifier": [{"system": "urn:trnorg:clinic", "value": trace}],
        "status": "active",
        "type": _coded("http://terminology.hl7.org/CodeSystem/claim-type", "professional"),
        "use": "preauthorization",
        "patient": {"reference": "Patient/patient"},
        "created": "2026-11-20T10:00:00Z",
        "insurer": {"reference": "Organization/insurer"},
        "provider": {"reference": "Organization/clinic"},
        "priority": _coded("http://terminology.hl7.org/CodeSystem/processpriority", "normal"),
        "insurance": [{"sequence": 1, "focal": True, "coverage": {"reference": "Coverage/coverage"}}],
        "item": [_item(place, code, quantity, trace) for place, code in enumerate(codes, start=1)],
    }
    return _bundle(claim, member, trace)


def inquiry(trace: str, *codes: str, member: dict[str, str] = FIRST, npi: str = "1397205844", number: str = "") -> Any:
    """An inquiry by trace number; without codes about any service."""
    bundle = request("x", member=member, trace=trace)
    items = [{"sequence": n, "productOrService": _service(code)} for n, code in enumerate(codes, start=1)]
    absent = _coded("http://terminology.hl7.org/CodeSystem/data-absent-reason", "not-applicable")
    bundle["entry"][0]["resource"]["item"] = items or [{"sequence": 1, "productOrService": absent}]
    if number:
        told = {"url": f"{PAS}/extension-authorizationNumber", "valueString": number}
        bundle["entry"][0]["resource"]["item"][0]["extension"] = [told]
    clinic = next(one["resource"] for one in bundle["entry"] if one["resource"]["id"] == "clinic")
    clinic["identifier"][0]["value"] = npi
    return bundle


def claim(bundle: Any) -> Any:
    """The Claim of a request."""
    return bundle["entry"][0]["resource"]


def trace_of(bundle: Any) -> str:
    """The trace number of a request."""
    return str(claim(bundle)["identifier"][0]["value"])


def with_urns(bundle: Any) -> Any:
    """The same request with each resource known by a urn:uuid."""
    text = json.dumps(bundle)
    for number, entry in enumerate(bundle["entry"]):
        urn = f"urn:uuid:00000000-0000-4000-8000-{number:012d}"
        relative = entry["fullUrl"].removeprefix(f"{HERE}/")
        text = text.replace(json.dumps(entry["fullUrl"]), json.dumps(urn)).replace(f'"{relative}"', f'"{urn}"')
    return json.loads(text)


def changed(bundle: Any, path: str, value: Any = None) -> Any:
    """A copy with the element at a dotted path set, or removed where no value is given."""
    found = copy.deepcopy(bundle)
    *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    place: Any = found
    for step in steps:
        place = place[step]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return found


def _bundle(claim: Any, member: dict[str, str], trace: str) -> Any:
    number = {
        "type": _coded("http://terminology.hl7.org/CodeSystem/v2-0203", "MB"),
        "system": "https://payer.example.org/members",
        "value": member["value"],
    }
    resources = [
        claim,
        _organization("clinic", "1397205844", "1P", "Riverbend Orthopedic Group"),
        _organization("insurer", "1649830274", "PR", "Model Payer Health Plan"),
        {
            "resourceType": "Coverage",
            "id": "coverage",
            "identifier": [number],
            "status": "active",
            "subscriberId": member["subscriber"],
            "beneficiary": {"reference": "Patient/patient"},
            "payor": [{"reference": "Organization/insurer"}],
        },
        {
            "resourceType": "Patient",
            "id": "patient",
            "identifier": [number],
            "name": [{"family": member["family"], "given": [member["given"]]}],
            "birthDate": member["born"],
        },
    ]
    return {
        "resourceType": "Bundle",
        "identifier": {"system": "https://clinic.example.org/transactions", "value": trace},
        "type": "collection",
        "timestamp": "2026-11-20T10:00:00Z",
        "entry": [{"fullUrl": f"{HERE}/{one['resourceType']}/{one['id']}", "resource": one} for one in resources],
    }


def _item(place: int, code: str, quantity: float | None, trace: str) -> Any:
    item = {
        "extension": [
            {"url": f"{PAS}/extension-serviceItemRequestType", "valueCodeableConcept": _coded(f"{X12}/1525", "HS")},
            {"url": f"{PAS}/extension-certificationType", "valueCodeableConcept": _coded(f"{X12}/1322", "I")},
            {
                "url": f"{PAS}/extension-itemTraceNumber",
                "valueIdentifier": {"system": "https://clinic.example.org/lines", "value": f"{trace}-{place}"},
            },
        ],
        "sequence": place,
        "category": _coded(f"{X12}/1365", "2"),
        "productOrService": _service(code),
        "servicedDate": "2026-12-01",
        "locationCodeableConcept": _coded(
            "https://www.cms.gov/Medicare/Coding/place-of-service-codes/Place_of_Service_Code_Set", "11"
        ),
    }
    return {**item, "quantity": {"value": quantity, "unit": "unit"}} if quantity else item


def _service(code: str) -> Any:
    hcpcs = "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"
    return _coded(hcpcs if code[:1].isalpha() else "http://www.ama-assn.org/go/cpt", code)


def _organization(name: str, npi: str, kind: str, title: str) -> Any:
    return {
        "resourceType": "Organization",
        "id": name,
        "identifier": [{"system": NPI, "value": npi}],
        "active": True,
        "type": [_coded(f"{X12}/98", kind)],
        "name": title,
    }


def _coded(system: str, code: str) -> Any:
    return {"coding": [{"system": system, "code": code}]}
