"""Whether an answer tells anything of somebody it must not tell of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from conformance.apis.shapes import reference_key

ECHOES = frozenset({"link", "text"})  # a Bundle's own address repeats the question; narrative is a copy of the rest


def tells_of(resource: Any, facts: Mapping[str, Any]) -> tuple[str, ...]:
    """Where a resource names a member: their Patient, a reference to it, or their number. Outcomes name nobody.

    ``facts`` are those of the member: patient_id, member_id, identifier_system.
    """
    patient, number = str(facts.get("patient_id", "")), str(facts.get("member_id", ""))
    return tuple(_places(resource, "", patient, number))


def _places(node: Any, at: str, patient: str, number: str) -> Iterator[str]:
    if isinstance(node, list):
        for place, each in enumerate(node):
            yield from _places(each, f"{at}[{place}]", patient, number)
    elif isinstance(node, dict):
        kind = node.get("resourceType")
        if kind == "OperationOutcome":
            return
        if kind == "Patient" and patient and node.get("id") == patient:
            yield f"{at or 'Patient'}.id"
        for key, value in node.items():
            here = f"{at}.{key}" if at else key
            if isinstance(value, str):
                referred = bool(patient) and key == "reference" and reference_key(value) == f"Patient/{patient}"
                if referred or (bool(number) and key == "value" and value == number):
                    yield here
            elif key not in ECHOES:
                yield from _places(value, here, patient, number)
