"""Prior authorizations among a member's data (PDex: an ExplanationOfBenefit whose use is preauthorization)."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.apis.shapes import JsonObject, identifiers, objects, records, reference_key, text, texts

WHEN = "http://hl7.org/fhir/us/davinci-pdex/StructureDefinition/base-ext-when-adjudicated"
ATTACHMENTS = frozenset({"DocumentReference", "QuestionnaireResponse", "Binary", "DiagnosticReport", "Media"})


@dataclass(frozen=True)
class Authorization:
    """One authorization: the numbers it is known by, when it ends (""), every date at which it was touched, and the
    records that it refers to ("Type/id")."""

    at: str
    numbers: tuple[str, ...]
    ends: str
    touched: tuple[str, ...]
    refers: tuple[str, ...]

    def is_called(self, number: str) -> bool:
        """Whether it is known by this number, written with or without a system."""
        return number in self.numbers


def authorization(resource: JsonObject, at: str) -> Authorization | None:
    """The authorization in a record; None for everything else."""
    if resource.get("resourceType") != "ExplanationOfBenefit" or resource.get("use") != "preauthorization":
        return None
    periods = resource.get("preAuthRefPeriod")
    spans = periods if isinstance(periods, list) else [periods]
    ends = [text(each.get("end")) for each in spans if isinstance(each, dict)]
    known = identifiers(resource.get("identifier"))
    meta = resource.get("meta")
    touched = [text(meta.get("lastUpdated")) if isinstance(meta, dict) else "", text(resource.get("created"))]
    touched += [text(each.get("valueDateTime")) for each in objects(resource) if each.get("url") == WHEN]
    refers = (reference_key(each.get("valueReference")) for _, each in records(resource.get("supportingInfo")))
    return Authorization(
        at,
        (*(each.value for each in known), *(each.key for each in known), *texts(resource.get("preAuthRef"))),
        max(ends, default="") if all(ends) else "",
        tuple(each for each in touched if each),
        tuple(each for each in refers if each),
    )
