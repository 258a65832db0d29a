"""Claims of other types than the model payer's own, as members see them: whole, or without what their type asks for."""

from __future__ import annotations

from conformance.sandbox.faults.patient_access import NEW, each_of
from conformance.sandbox.frame import Fault, Resource, Variant

CARIN = "http://hl7.org/fhir/us/carin-bb"
READABLE = ("patient-access.claims-readable",)


def _of(resource: Resource, profile: str, kind: str, information: list[Resource]) -> None:
    resource["meta"]["profile"] = [f"{CARIN}/StructureDefinition/C4BB-ExplanationOfBenefit-{profile}-Basis"]
    resource["type"] = {
        "coding": [{"system": "http://terminology.hl7.org/CodeSystem/claim-type", "code": kind}],
    }
    resource["supportingInfo"] = [{"sequence": number, **each} for number, each in enumerate(information, 1)]


def _about(code: str) -> Resource:
    return {"coding": [{"system": f"{CARIN}/CodeSystem/C4BBSupportingInfoType", "code": code}]}


def of_pharmacy(resource: Resource) -> None:
    """A drug that was dispensed for thirty days."""
    days = {"category": _about("dayssupply"), "valueQuantity": {"value": 30, "unit": "day"}}
    refill = {"category": _about("refillnum"), "valueQuantity": {"value": 1}}
    daw = {"category": _about("dawcode"), "code": {"coding": [{"system": "http://ncpdp.org", "code": "0"}]}}
    _of(resource, "Pharmacy", "pharmacy", [days, refill, daw])


def of_stay(resource: Resource) -> None:
    """A stay in a hospital."""
    period = {"category": _about("admissionperiod"), "timingPeriod": dict(resource["billablePeriod"])}
    _of(resource, "Inpatient-Institutional", "institutional", [period])
    resource["subType"] = {
        "coding": [{"system": f"{CARIN}/CodeSystem/C4BBInstitutionalClaimSubType", "code": "inpatient"}]
    }


def _without_days(resource: Resource) -> None:
    of_pharmacy(resource)
    del resource["supportingInfo"][0]


def _without_period(resource: Resource) -> None:
    of_stay(resource)
    del resource["supportingInfo"]


def _of_an_own_type(resource: Resource) -> None:
    resource["type"]["coding"][0]["system"] = "https://payer.example.org/claim-types"


def _of_another_kind(resource: Resource) -> None:
    of_stay(resource)
    resource["type"]["coding"][0]["code"] = "professional"


FAULTS: tuple[Fault, ...] = (
    Fault(
        "shows_drug_claims_without_days",
        "Claims of the pharmacy type do not say for how many days the drug was dispensed.",
        READABLE,
        bend=each_of("claim", _without_days),
        versions=NEW,
    ),
    Fault(
        "shows_stays_without_a_period",
        "Claims of the inpatient type do not say from when to when the stay was.",
        READABLE,
        bend=each_of("claim", _without_period),
        versions=NEW,
    ),
    Fault(
        "shows_claims_of_a_type_of_its_own",
        "Claims of professionals are of a type that no code system of claims has.",
        READABLE,
        bend=each_of("claim", _of_an_own_type),
        versions=NEW,
    ),
    Fault(
        "shows_two_insurances_in_focus",
        "Claims name the same insurance twice as the one they are about.",
        READABLE,
        bend=each_of("claim", lambda claim: claim["insurance"].append(claim["insurance"][0])),
        versions=NEW,
    ),
    Fault(
        "shows_stays_as_visits",
        "Claims of the inpatient type are of another claim type.",
        READABLE,
        bend=each_of("claim", _of_another_kind),
        versions=NEW,
    ),
)
VARIANTS: tuple[Variant, ...] = (
    Variant("shows_drug_claims", "Claims are of the pharmacy type.", bend=each_of("claim", of_pharmacy)),
    Variant("shows_stays", "Claims are of the inpatient type.", bend=each_of("claim", of_stay)),
)
