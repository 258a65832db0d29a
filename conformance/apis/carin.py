"""What a claim of one of CARIN's types has beyond FHIR (C4BB-ExplanationOfBenefit of CARIN Blue Button 2.0.0 to 2.2.0).

Amounts are not among it: the Basis types, which PDex has for payers and providers, have none. Nor is what only one of
these versions asks for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from conformance.apis.shapes import codings, record, records, text, texts
from conformance.apis.shown_authorization import CARIN, is_carin

SYSTEMS = "http://hl7.org/fhir/us/carin-bb/CodeSystem"
UNIQUE_CLAIM = (f"{SYSTEMS}/C4BBIdentifierType", "uc")

CLAIM_TYPES = "http://terminology.hl7.org/CodeSystem/claim-type"
INFORMATION = f"{SYSTEMS}/C4BBSupportingInfoType"


@dataclass(frozen=True)
class ClaimType:
    """What one type asks for: one of its claim types, its subtype, the supporting information that is always there."""

    kinds: tuple[str, ...]
    subtype: str = ""
    information: tuple[str, ...] = ()


TYPES: Mapping[str, ClaimType] = {
    "Inpatient-Institutional": ClaimType(("institutional",), "inpatient", ("admissionperiod",)),
    "Outpatient-Institutional": ClaimType(("institutional",), "outpatient"),
    "Professional-NonClinician": ClaimType(("professional", "vision")),
    "Oral": ClaimType(("oral",)),
    "Pharmacy": ClaimType(("pharmacy",), information=("dayssupply", "dawcode", "refillnum")),
}


def claim_faults(claim: Mapping[str, Any]) -> tuple[str, ...]:
    """What a claim lacks of its CARIN type; of several that it names, of the one that it is nearest to."""
    numbers = [each for _, each in records(claim.get("identifier")) if text(each.get("value"))]
    kinds = {(code.system, code.code) for each in numbers for code in codings(each.get("type"))}
    focal = [each for _, each in records(claim.get("insurance")) if each.get("focal") is True]
    lacking = {
        "no profile of a CARIN type": not is_carin(claim),
        "no meta.lastUpdated": not text(record(claim.get("meta")).get("lastUpdated")),
        "no unique claim identifier": UNIQUE_CLAIM not in kinds,
        "no begin of the billable period": not text(record(claim.get("billablePeriod")).get("start")),
        "no item": not list(records(claim.get("item"))),
        "more than one insurance in focus": len(focal) > 1,
    }
    own = min((tuple(_of_type(claim, each)) for each in _types(claim)), key=len, default=())
    return (*(name for name, is_so in lacking.items() if is_so), *own)


def _types(claim: Mapping[str, Any]) -> Iterator[ClaimType]:
    """The types that a claim says it is of, Basis or not."""
    for profile in texts(record(claim.get("meta")).get("profile")):
        name = profile.partition("|")[0].removeprefix(CARIN).removeprefix("-").removesuffix("-Basis")
        if profile.startswith(CARIN) and name in TYPES:
            yield TYPES[name]


def _of_type(claim: Mapping[str, Any], wanted: ClaimType) -> Iterator[str]:
    kinds = {each.code for each in codings(claim.get("type")) if each.system == CLAIM_TYPES}
    subtypes = {each.code for each in codings(claim.get("subType"))}
    told = {
        each.code
        for _, information in records(claim.get("supportingInfo"))
        for each in codings(information.get("category"))
        if each.system == INFORMATION
    }
    if kinds.isdisjoint(wanted.kinds):
        yield f"not of the type {' or '.join(wanted.kinds)}"
    if wanted.subtype and wanted.subtype not in subtypes:
        yield f"not of the subtype {wanted.subtype}"
    yield from (f"no supporting information {each}" for each in wanted.information if each not in told)
