"""The consents that a match is sent with: as it should be, and in every way that no payer can comply with."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

US_NPI = "http://hl7.org/fhir/sid/us-npi"
POLICY = "http://hl7.org/fhir/us/davinci-hrex/StructureDefinition-hrex-consent.html"
CONSENTS = (
    "consent-ended", "consent-not-begun", "consent-sensitive", "consent-other-payer", "consent-other-recipient",
)  # fmt: skip


def consent(
    case: str, payer: Mapping[str, Any], requester: Mapping[str, Any], today: date, ends: str = ""
) -> dict[str, Any] | None:
    """The consent of a case: as it should be, or ended, not begun, sensitive, or about other payers' exchanges.

    ``ends`` is an instant at which it ends, where that is not a day long ago or far away.
    """
    if case == "consent-absent":
        return None
    first, last = {"consent-ended": (-60, -30), "consent-not-begun": (30, 90)}.get(case, (-60, 90))
    other = {"identifier": {"system": US_NPI, "value": "1999999992"}, "name": "A payer that is not this one"}
    return {
        "policy": f"{POLICY}#{'sensitive' if case == 'consent-sensitive' else 'regular'}",
        "start": (today + timedelta(days=first)).isoformat(),
        "end": ends or (today + timedelta(days=last)).isoformat(),
        "performer": other if case == "consent-other-payer" else dict(payer),
        "recipient": other if case == "consent-other-recipient" else dict(requester),
    }
