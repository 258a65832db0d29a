"""Records that are not what they ought to be: somebody else's among a member's own, unsound, or at odds with itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from conformance.sandbox.faults import bulk_edits, changes
from conformance.sandbox.faults.bulk_edits import of_first
from conformance.sandbox.faults.patient_access import NEW, OWN, SEARCH, each_of
from conformance.sandbox.frame import Answer, Bend, Call, Fault, Resource, Seed, Variant

ABSENT = {"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}
READ, FILE = "patient-access.read", "bulk.file"
MAPPED = ("pdex.mapped-records", "pdex.everything-mapped", "pdex.provider-mapped-records")
CLAIMS = "patient-access.claims-readable"
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
    """A second name, a number of another system, and no more of the birth date than the year."""
    patient["name"].insert(0, {"use": "usual", "family": "Winterbourne", "given": ["Marta"]})
    patient["birthDate"] = patient["birthDate"][:4]
    patient["identifier"] = [{"system": "https://payer.example.org/persons", "value": "P-77"}]


def _ends_later(resource: Resource) -> None:
    for part in (part for item in resource["item"] for part in item.get("extension", ()) if "valuePeriod" in part):
        end = date.fromisoformat(part["valuePeriod"]["end"])
        part["valuePeriod"]["end"] = (end + timedelta(days=30)).isoformat()


def _without_class(resource: Resource) -> None:
    if resource["resourceType"] == "Encounter":
        del resource["class"]


def _of_unknown_gender(resource: Resource) -> None:
    if resource["resourceType"] == "Patient" and resource.pop("gender", ""):
        resource["_gender"] = {"extension": [ABSENT]}


def _backwards(resource: Resource) -> None:
    period = resource["billablePeriod"]
    period["end"] = "2001-01-01"


def _held(kind: str, change: Callable[[Resource], Resource]) -> Callable[[Seed], Seed]:
    """The first member's records of a kind changed."""
    return of_first(lambda found: [change(each) if each["resourceType"] == kind else each for each in found])


def _without(*names: str) -> Callable[[Resource], Resource]:
    return lambda record: {name: value for name, value in record.items() if name not in names}


def _of_no_profile(use: str) -> Callable[[Resource], Resource]:
    def change(record: Resource) -> Resource:
        return {**record, "meta": _without("profile")(record["meta"])} if record["use"] == use else record

    return change


def _unknown(name: str) -> Callable[[Resource], Resource]:
    """An element that says why it is absent."""
    return lambda record: {**_without(name)(record), name: {"extension": [ABSENT]}}


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
        "shows_a_nameless_member",
        "The Patient that a member is shown has no name.",
        ("patient-access.mapped-patient",),
        bend=Bend(READ, changes.resource(lambda patient: patient.pop("name")), changes.succeeded),
        versions=NEW,
    ),
    Fault(
        "shows_claims_that_end_before_they_begin",
        "The billable period of a claim ends years before it begins.",
        (RAW, CLAIMS),
        bend=each_of("claim", _backwards),
    ),
    Fault(
        "shows_other_ends",
        "Authorizations are shown to end a month later than the inquiry tells.",
        ("patient-access.same-story",),
        bend=each_of("preauthorization", _ends_later),
    ),
    Fault(
        "exports_unsound_records",
        "The encounters in the files of an export lack their class.",
        (FILES,),
        bend=Bend(FILE, bulk_edits.lines(_without_class), changes.succeeded),
    ),
    Fault(
        "sends_diagnoses_without_a_code",
        "The first member's conditions do not say of what.",
        MAPPED,
        seed=_held("Condition", _without("code")),
        versions=NEW,
    ),
    Fault(
        "sends_unnumbered_encounters",
        "Of the identifiers of the first member's encounters nobody can say whose they are.",
        MAPPED,
        seed=_held("Encounter", lambda record: {**record, "identifier": [{"value": "ENC-1"}]}),
        versions=NEW,
    ),
    Fault(
        "sends_claims_of_no_type",
        "The first member's claims name no profile.",
        (*MAPPED, CLAIMS),
        seed=_held("ExplanationOfBenefit", _of_no_profile("claim")),
        versions=NEW,
    ),
    Fault(
        "sends_authorizations_of_no_profile",
        "The first member's authorizations name no profile where payers and providers get them.",
        MAPPED,
        seed=_held("ExplanationOfBenefit", _of_no_profile("preauthorization")),
        versions=NEW,
    ),
)
VARIANTS: tuple[Variant, ...] = (
    Variant(
        "says_why_a_code_is_absent",
        "The first member's conditions say that their code is unknown.",
        seed=_held("Condition", _unknown("code")),
    ),
    Variant(
        "says_why_a_gender_is_absent",
        "Patients in the files of an export say that their gender is unknown.",
        bend=Bend(FILE, bulk_edits.lines(_of_unknown_gender), changes.succeeded),
    ),
    Variant(
        "shows_a_married_name",
        "The member's Patient has a second family name, the year of birth alone, and another number.",
        bend=Bend(READ, changes.resource(_married), changes.succeeded),
    ),
)
