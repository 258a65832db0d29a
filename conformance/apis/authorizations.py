"""Prior authorizations among a member's data (PDex: an ExplanationOfBenefit whose use is preauthorization)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from conformance.apis.shapes import JsonObject, identifiers, objects, record, records, reference_key, text
from conformance.apis.shown_authorization import names_of

WHEN = "http://hl7.org/fhir/us/davinci-pdex/StructureDefinition/base-ext-when-adjudicated"
PAS = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition"
HELD, ISSUED = f"{PAS}/extension-itemPreAuthPeriod", f"{PAS}/extension-itemPreAuthIssueDate"  # of an item
ATTACHMENTS = frozenset({"DocumentReference", "QuestionnaireResponse", "Binary", "DiagnosticReport", "Media"})


@dataclass(frozen=True)
class Authorization:
    """One authorization: its own "Type/id", the numbers it is known by, when it ends (""), every date at which it was
    touched, the records that it refers to ("Type/id"), and whether a document is attached in it."""

    at: str
    reference: str
    numbers: frozenset[str]
    ends: str
    touched: tuple[str, ...]
    refers: tuple[str, ...]
    encloses: bool

    def is_called(self, number: str) -> bool:
        """Whether it is known by this number, written with or without a system."""
        return number in self.numbers


def authorization(resource: JsonObject, at: str) -> Authorization | None:
    """The authorization in a record; None for everything else."""
    if resource.get("resourceType") != "ExplanationOfBenefit" or resource.get("use") != "preauthorization":
        return None
    said = list(objects(resource))
    spans = [*_listed(resource.get("preAuthRefPeriod")), *(each.get("valuePeriod") for each in said if _is(each, HELD))]
    ends = [text(each.get("end")) for each in spans if isinstance(each, dict)]
    known = identifiers(resource.get("identifier"))
    meta = resource.get("meta")
    touched = [text(meta.get("lastUpdated")) if isinstance(meta, dict) else "", text(resource.get("created"))]
    touched += [text(each.get("valueDateTime")) for each in said if _is(each, WHEN)]
    touched += [text(each.get("valueDate")) for each in said if _is(each, ISSUED)]
    informed = [each for _, each in records(resource.get("supportingInfo"))]
    refers = (reference_key(each.get("valueReference")) for each in informed)
    return Authorization(
        at,
        f"ExplanationOfBenefit/{text(resource.get('id'))}",
        names_of(resource) | {each.key for each in known},
        max(ends, default="") if all(ends) else "",
        tuple(each for each in touched if each),
        tuple(each for each in refers if each),
        any("valueAttachment" in each for each in informed),
    )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _is(extension: JsonObject, url: str) -> bool:
    return extension.get("url") == url


def belongs_to(document: JsonObject) -> Iterator[str]:
    """What a document says that it belongs to: the "Type/id" of ExplanationOfBenefits, and numbers of whatever kind."""
    for node in objects(document):
        if (key := reference_key(node)).startswith("ExplanationOfBenefit/"):
            yield key
        elif number := text(record(node.get("identifier")).get("value")):
            yield number
