"""How urgent a request says it is: by its level of service, its priority, and the word of whoever sent it.

PAS profiles the level of service (extension-levelOfServiceCode, X12 1338) and leaves FHIR's Claim.priority alone; its
own examples ask urgently with a normal priority. Where they contradict each other nobody is held to the shorter clock,
unless the tester says so: but of a request that nowhere says that it is urgent no payer can know it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from conformance.apis.same_member import claim_of
from conformance.apis.shapes import codings, extension

LEVEL_OF_SERVICE = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/extension-levelOfServiceCode"
URGENT_LEVELS = frozenset({"U", "03"})  # X12 1338: urgent, emergency
URGENT_PRIORITY = "stat"  # http://terminology.hl7.org/CodeSystem/processpriority


@dataclass(frozen=True)
class Urgency:
    """Which clock a request runs under, and how it contradicts itself about that ("" where it does not)."""

    word: Literal["standard", "expedited"]
    conflict: str = ""


def read_urgency(request: Mapping[str, Any], stated: str = "") -> Urgency:
    """The urgency of a request Bundle; ``stated`` is the tester's own word, which settles what it contradicts."""
    claim = claim_of(request).resource
    levels = [each.code for each in codings(extension(claim, LEVEL_OF_SERVICE).get("valueCodeableConcept"))]
    priorities = [each.code for each in codings(claim.get("priority"))]
    said = [(f"level of service {levels[0]}", bool(URGENT_LEVELS & set(levels)))] if levels else []
    said += [(f"priority {priorities[0]}", URGENT_PRIORITY in priorities)] if priorities else []
    told = [urgent for _, urgent in said]
    said += [(f"the case's urgency {stated}", stated == "expedited")] if stated else []
    conflict = ", but ".join(name for name, _ in said) if len({urgent for _, urgent in said}) > 1 else ""
    urgent = (any(told) or not told) and stated == "expedited" if stated else bool(told) and all(told)
    return Urgency("expedited" if urgent else "standard", conflict)
