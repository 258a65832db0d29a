"""Whether records are mapped to the profiles that PDex names: US Core's for clinical data, CARIN's for claims, its own
for prior authorizations (PDex 2.2.0, datamapping: pdex-74, pdex-75, pdex-76).

A payer may keep any of three versions of US Core, and of one type the profile that fits: only that is asked for which
every profile of the type requires in US Core 3.1.1, 6.1.0 and 7.0.0 alike, beyond what FHIR itself does. Organizations
and practitioners are no clinical information of a member: nothing is asked of them.
"""

from __future__ import annotations

from collections.abc import Mapping

from conformance.apis.carin import claim_faults
from conformance.apis.occurrences import Row, miscounted
from conformance.apis.shapes import JsonObject, text
from conformance.apis.shown_authorization import PROFILE, is_authorization, is_claim, names_profile

US_CORE: Mapping[str, tuple[str, ...]] = {
    "AllergyIntolerance": ("code",),
    "CarePlan": ("category",),
    "CareTeam": ("subject", "participant", "participant.member", "participant.role"),
    "Condition": ("category", "code"),
    "DiagnosticReport": ("category", "subject"),
    "DocumentReference": ("category", "subject", "type"),
    "Encounter": ("identifier.system", "identifier.value", "subject", "type"),
    "Medication": ("code",),
    "Patient": ("gender", "name", "identifier", "identifier.system", "identifier.value"),
    "Procedure": ("code",),
}


def _row(path: str) -> Row:
    *above, element = path.split(".")
    return Row(tuple(above), element, most=None)


ROWS = {kind: tuple(map(_row, paths)) for kind, paths in US_CORE.items()}


def mapping_faults(resource: JsonObject) -> tuple[str, ...]:
    """What a record lacks of the profile that it is to be mapped to."""
    if is_claim(resource):
        return claim_faults(resource)
    if is_authorization(resource):
        return () if names_profile(resource) else (f"not of the profile {PROFILE}",)
    return miscounted(resource, ROWS.get(text(resource.get("resourceType")), ()))
