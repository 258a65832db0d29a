"""When a service took place, by the elements in which each type of record says so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from conformance.apis.shapes import JsonObject, text

# Element paths; a Period counts by its start (when it began) and its end (when it was over).
_WHERE: Mapping[str, tuple[str, ...]] = {
    "ExplanationOfBenefit": ("billablePeriod", "item.servicedPeriod", "item.servicedDate", "created"),
    "Encounter": ("period",),
    "Procedure": ("performedPeriod", "performedDateTime"),
    "Observation": ("effectivePeriod", "effectiveDateTime"),
    "DiagnosticReport": ("effectivePeriod", "effectiveDateTime"),
    "Immunization": ("occurrenceDateTime",),
    "Condition": ("onsetDateTime", "onsetPeriod", "recordedDate"),
    "MedicationRequest": ("authoredOn",),
    "MedicationDispense": ("whenHandedOver", "whenPrepared"),
    "DocumentReference": ("date",),
}


def served(resource: JsonObject) -> tuple[str, str]:
    """The dates (as written) at which a service began and was over; ("", "") where the record says none."""
    for path in _WHERE.get(str(resource.get("resourceType")), ()):
        found = [span for each in _at(resource, path.split(".")) if any(span := _span(each))]
        if found:
            return min(start or end for start, end in found), max(end or start for start, end in found)
    return "", ""


def _span(value: Any) -> tuple[str, str]:
    if isinstance(value, dict):
        return text(value.get("start")), text(value.get("end"))
    return text(value), text(value)


def _at(node: Any, path: list[str]) -> list[Any]:
    if isinstance(node, list):
        return [found for each in node for found in _at(each, path)]
    if not path:
        return [node]
    return _at(node[path[0]], path[1:]) if isinstance(node, dict) and path[0] in node else []
