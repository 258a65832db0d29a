"""Official examples, guide versions, and small answers of our own for the readers' tests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from shared_data import DATA

from conformance import guides, paths

GUIDES = guides.load(paths.suites() / "guides")
PAS_201, PAS_221 = GUIDES["pas", "2.0.1"], GUIDES["pas", "2.2.1"]

PAS = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/"
X12_306 = "https://codesystem.x12.org/005010/306"
X12_886 = "https://codesystem.x12.org/external/886"


def example(name: str) -> Any:
    """An official example, by its name below examples/."""
    return json.loads((DATA / "examples" / name).read_text("utf-8"))


def real(name: str) -> Iterator[Any]:
    """The resources of the real formulary, by type."""
    for line in (DATA / "formulary-real" / f"{name}.ndjson").read_text("utf-8").splitlines():
        yield json.loads(line)


def review_action(code: str, *parts: Any, system: str = X12_306, url: str = f"{PAS}extension-reviewActionCode") -> Any:
    """A reviewAction extension."""
    concept = {"coding": [{"system": system, "code": code}]}
    return {"url": f"{PAS}extension-reviewAction", "extension": [{"url": url, "valueCodeableConcept": concept}, *parts]}


def adjudication(*extensions: Any, **more: Any) -> Any:
    """One adjudication of the category the guide asks for."""
    category = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/adjudication", "code": "submitted"}]}
    return {"extension": list(extensions), "category": category, **more}


def item(sequence: int, *actions: Any, **more: Any) -> Any:
    """One item, each of whose actions has an adjudication of its own."""
    return {
        "itemSequence": sequence,
        "adjudication": [adjudication(each) for each in actions] or [adjudication()],
        **more,
    }


def claim_response(*items: Any, **more: Any) -> Any:
    """A ClaimResponse with these items."""
    return {
        "resourceType": "ClaimResponse",
        "id": "answer",
        "status": "active",
        "use": "preauthorization",
        "outcome": "complete",
        "created": "2027-01-05T10:00:00Z",
        "patient": {"reference": "Patient/member"},
        "insurer": {"reference": "Organization/payer"},
        "item": list(items),
        **more,
    }


def bundle(*resources: Any, base: str = "https://payer.example/fhir") -> Any:
    """A collection of resources, each with its fullUrl."""
    entries = [{"fullUrl": f"{base}/{each['resourceType']}/{each['id']}", "resource": each} for each in resources]
    return {"resourceType": "Bundle", "type": "collection", "timestamp": "2027-01-05T10:00:00Z", "entry": entries}


def patient(name: str = "member", **more: Any) -> Any:
    """A Patient with one identifier."""
    return {
        "resourceType": "Patient",
        "id": name,
        "identifier": [{"system": "https://payer.example/members", "value": f"M-{name}"}],
        "name": [{"family": "Rivera", "given": ["Ana", "Luz"]}],
        "birthDate": "1950-02-03",
        **more,
    }
