"""Records that are not what they ought to be: somebody else's among a member's own, unsound, or at odds with itself."""

from __future__ import annotations

from conformance.sandbox.faults import bulk_edits, changes
from conformance.sandbox.faults.patient_access import OWN, SEARCH, each_of
from conformance.sandbox.frame import Answer, Bend, Call, Fault, Resource, Variant

READ, FILE = "patient-access.read", "bulk.file"
OPEN, RAW, FILES = "patient-access.api", "patient-access.answers-are-fhir", "bulk.files"


def _found_own(call: Call, answer: Answer) -> bool:
    """Holds for claims and authorizations that were found by the first member's own id."""
    return call.path == "ExplanationOfBenefit" and dict(call.query) == {"patient": "first"} and answer.status == 200


def _with_a_strangers(bundle: Resource) -> None:
    """The last claim is one of somebody who is no member at all."""
    bundle["entry"][-1]["resource"]["patient"] = {"reference": "Patient/of-another-plan"}


def _of_a_namesake(patient: Resource) -> None:
    patient["birthDate"] = "1978-11-02"


def _renumbered(patient: Resource) -> None:
    for each in patient["identifier"]:
        each["value"] = "MBR-9999"


def _married(patient: Resource) -> None:
    """A second name, no number, and no more of the birth date than the year."""
    patient["name"].insert(0, {"use": "usual", "family": "Winterbourne", "given": ["Marta"]})
    patient["birthDate"] = patient["birthDate"][:4]
    del patient["identifier"]


def _without_class(resource: Resource) -> None:
    if resource["resourceType"] == "Encounter":
        del resource["class"]


def _backwards(resource: Resource) -> None:
    period = resource["billablePeriod"]
    period["end"] = "2001-01-01"


FAULTS: tuple[Fault, ...] = (
    Fault(
        "mixes_in_a_strangers_claim",
        "Among the claims that a member finds is one of somebody else.",
        (OWN,),
        bend=Bend(SEARCH, changes.resource(_with_a_strangers), _found_own),
    ),
    Fault(
        "shows_a_namesake",
        "The Patient that a member is shown was born on another day.",
        (OPEN,),
        bend=Bend(READ, changes.resource(_of_a_namesake), changes.succeeded),
    ),
    Fault(
        "shows_another_number",
        "The Patient that a member is shown has another member's number.",
        (OPEN,),
        bend=Bend(READ, changes.resource(_renumbered), changes.succeeded),
    ),
    Fault(
        "shows_claims_that_end_before_they_begin",
        "The billable period of a claim ends years before it begins.",
        (RAW, "patient-access.claims-readable"),
        bend=each_of("claim", _backwards),
    ),
    Fault(
        "exports_unsound_records",
        "The encounters in the files of an export lack their class.",
        (FILES,),
        bend=Bend(FILE, bulk_edits.lines(_without_class), changes.succeeded),
    ),
)
VARIANTS: tuple[Variant, ...] = (
    Variant(
        "shows_a_married_name",
        "The member's Patient has a second family name, the year of birth alone, and no number.",
        bend=Bend(READ, changes.resource(_married), changes.succeeded),
    ),
)
