"""Reading a refusal: does it say why, does it give anything away?"""

from __future__ import annotations

from typing import Any

from conformance.apis.shapes import record, records

# What may lawfully come without a good token: an explanation, or what the endpoint says of itself.
HARMLESS = frozenset({"OperationOutcome", "CapabilityStatement"})


def outcomes(resource: Any) -> int:
    """How many OperationOutcomes an answer carries: itself one, or one per entry or parameter that is."""
    body = record(resource)
    if body.get("resourceType") == "OperationOutcome":
        return 1
    inside = [record(each.get("resource")) for _, each in records(body.get("entry"))]
    inside += [record(each.get("resource")) for _, each in records(body.get("parameter"))]
    return sum(each.get("resourceType") == "OperationOutcome" for each in inside)


def holds_data(resource: Any) -> bool:
    """Whether an answer gives any data: a resource, or a Bundle or Parameters with anything but outcomes in it."""
    body = record(resource)
    kind = body.get("resourceType")
    if kind == "Bundle":
        return any(
            record(each.get("resource")).get("resourceType") not in HARMLESS for _, each in records(body.get("entry"))
        )
    if kind == "Parameters":
        return any(
            record(each.get("resource")).get("resourceType") not in HARMLESS
            for _, each in records(body.get("parameter"))
        )
    return bool(kind) and kind not in HARMLESS
