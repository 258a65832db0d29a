"""Reading a refusal: does it say why, does it give anything away?"""

from __future__ import annotations

from typing import Any

from conformance.apis.shapes import identifiers, record, records, text

# What may lawfully come without a good token: an explanation, or what the endpoint says of itself.
PERSONAL = frozenset({"Patient", "RelatedPerson", "Person", "Coverage"})
HARMLESS = frozenset({"OperationOutcome", "CapabilityStatement"})


def outcomes(resource: Any) -> int:
    """How many OperationOutcomes an answer carries: itself one, or one per entry or parameter that is."""
    body = record(resource)
    if body.get("resourceType") == "OperationOutcome":
        return 1
    inside = [record(each.get("resource")) for _, each in records(body.get("entry"))]
    inside += [record(each.get("resource")) for _, each in records(body.get("parameter"))]
    return sum(each.get("resourceType") == "OperationOutcome" for each in inside)


def identifying(resource: Any) -> tuple[str, ...]:
    """The values in a refusal that say who somebody is: those of person and coverage resources, wherever they stand
    (contained, in an entry or a parameter), and member identifiers."""
    found: list[str] = []
    waiting: list[Any] = [resource]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += node
        elif isinstance(node, dict):
            if node.get("resourceType") in PERSONAL:
                names = (name for _, name in records(node.get("name")))
                found += [each.value for each in identifiers(node.get("identifier"))]
                found += [text(name.get("family")) for name in names]
                found += [text(node.get(key)) for key in ("subscriberId", "birthDate")]
            found += [each.value for each in identifiers(node.get("valueIdentifier"))]
            waiting += node.values()
    return tuple(dict.fromkeys(value for value in found if value))


def holds_data(resource: Any) -> bool:
    """Whether an answer gives any data: a resource, or a Bundle or Parameters with anything but outcomes in it."""
    body = record(resource)
    kind = body.get("resourceType")
    if kind == "Bundle":
        inside = (record(each.get("resource")) for _, each in records(body.get("entry")))
        return any(each and each.get("resourceType") not in HARMLESS for each in inside)
    if kind == "Parameters":
        return any(
            record(each.get("resource")).get("resourceType") not in HARMLESS
            for _, each in records(body.get("parameter"))
        )
    return bool(kind) and kind not in HARMLESS
