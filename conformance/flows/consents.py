"""The consents that a match is sent with: as it should be, and in every way that no payer can comply with."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

US_NPI = "http://hl7.org/fhir/sid/us-npi"
POLICY = "http://hl7.org/fhir/us/davinci-hrex/StructureDefinition-hrex-consent.html"
CONSENTS = ("consent-ended", "consent-sensitive", "consent-other-payer")


def consent(case: str, payer: Mapping[str, Any], requester: Mapping[str, Any], today: date) -> dict[str, Any] | None:
    """The consent of a case: as it should be, or ended, sensitive, or given for another payer's data."""
    if case == "consent-absent":
        return None
    ended = case == "consent-ended"
    other = {"identifier": {"system": US_NPI, "value": "1999999992"}, "name": "A payer that is not this one"}
    return {
        "policy": f"{POLICY}#{'sensitive' if case == 'consent-sensitive' else 'regular'}",
        "start": (today - timedelta(days=60)).isoformat(),
        "end": (today + timedelta(days=-30 if ended else 90)).isoformat(),
        "performer": other if case == "consent-other-payer" else dict(payer),
        "recipient": dict(requester),
    }
