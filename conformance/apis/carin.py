"""What every claim of CARIN's types has beyond FHIR (C4BB-ExplanationOfBenefit of CARIN Blue Button 2.0.0 to 2.2.0).

Amounts are not among it: the Basis types, which PDex has for payers and providers, have none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from conformance.apis.shapes import codings, record, records, text
from conformance.apis.shown_authorization import is_carin

UNIQUE_CLAIM = ("http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBIdentifierType", "uc")


def claim_faults(claim: Mapping[str, Any]) -> tuple[str, ...]:
    """What a claim lacks of its CARIN type, whichever it is."""
    numbers = [each for _, each in records(claim.get("identifier")) if text(each.get("value"))]
    kinds = {(code.system, code.code) for each in numbers for code in codings(each.get("type"))}
    lacking = {
        "no profile of a CARIN type": not is_carin(claim),
        "no meta.lastUpdated": not text(record(claim.get("meta")).get("lastUpdated")),
        "no unique claim identifier": UNIQUE_CLAIM not in kinds,
        "no begin of the billable period": not text(record(claim.get("billablePeriod")).get("start")),
        "no item": not list(records(claim.get("item"))),
    }
    return tuple(name for name, is_so in lacking.items() if is_so)
