"""Whether records are mapped to the profiles that PDex names: US Core's for clinical data, CARIN's for claims, its own
for prior authorizations (PDex 2.2.0, datamapping: pdex-74, pdex-75, pdex-76).

A payer may keep any of three versions of US Core, and of one type the profile that fits: only that is asked for which
every profile of the type requires in US Core 3.1.1, 6.1.0 and 7.0.0 alike, beyond what FHIR itself does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from conformance.apis.carin import claim_faults
from conformance.apis.shapes import JsonObject, record, records, text, texts
from conformance.apis.shown_authorization import PROFILE, is_authorization, is_claim

NUMBERED = ("identifier", "identifier.system", "identifier.value")
US_CORE: Mapping[str, tuple[str, ...]] = {
    "AllergyIntolerance": ("code",),
    "CarePlan": ("category",),
    "CareTeam": ("subject", "participant", "participant.member", "participant.role"),
    "Condition": ("category", "code"),
    "DiagnosticReport": ("category", "subject"),
    "DocumentReference": ("category", "subject", "type"),
    "Encounter": ("identifier.system", "identifier.value", "subject", "type"),
    "Medication": ("code",),
    "Organization": ("active", "name"),
    "Patient": ("gender", "name", *NUMBERED),
    "Practitioner": ("name", "name.family", *NUMBERED),
    "Procedure": ("code",),
}


def mapping_faults(resource: JsonObject) -> tuple[str, ...]:
    """What a record lacks of the profile that it is to be mapped to."""
    if is_claim(resource):
        return claim_faults(resource)
    if is_authorization(resource):
        named = {each.partition("|")[0] for each in texts(record(resource.get("meta")).get("profile"))}
        return () if PROFILE in named else (f"not of the profile {PROFILE}",)
    paths = US_CORE.get(text(resource.get("resourceType")), ())
    return tuple(f"no {path}" for path in paths if not _has(resource, path.split(".")))


def _has(element: Mapping[str, Any], steps: Sequence[str]) -> bool:
    """Whether an element is there wherever the one around it is; one that only says why it is absent is there, too."""
    if len(steps) == 1:
        return steps[0] in element or f"_{steps[0]}" in element
    return all(_has(each, steps[1:]) for each in _parts(element.get(steps[0])))


def _parts(value: Any) -> Iterator[JsonObject]:
    """The objects of an element; of one that says why it is absent (an extension, and nothing else), none."""
    for _, each in records(value):
        if set(each) - {"id", "extension"}:
            yield each
