"""Reading a refusal: does it say why, does it give anything away?"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any

from conformance.apis.shapes import JsonObject, identifiers, objects, record, records, reference_key, text, texts

# What may lawfully come without a good token: an explanation, or what the endpoint says of itself.
PERSONAL = frozenset({"Patient", "RelatedPerson", "Person", "Coverage"})
HARMLESS = frozenset({"OperationOutcome", "CapabilityStatement"})
PATIENT = re.compile(r"\bPatient/(?!member-match)([A-Za-z0-9.-]{0,63}[A-Za-z0-9-])")
NO_WORD = re.compile(r"[0-9]|[A-Za-z]-[A-Za-z]")  # "Patient/Coverage" are two words, "Patient/twin-a" is somebody
PATHS = frozenset({"expression", "location"})
MOST_WORDS = 200  # characters
LEAST = 4  # a shorter value would be found in any text


def outcomes(resource: Any) -> int:
    """How many OperationOutcomes an answer carries: itself one, or one per entry or parameter that is."""
    body = record(resource)
    if body.get("resourceType") == "OperationOutcome":
        return 1
    inside = [record(each.get("resource")) for _, each in records(body.get("entry"))]
    inside += [record(each.get("resource")) for _, each in records(body.get("parameter"))]
    return sum(each.get("resourceType") == "OperationOutcome" for each in inside)


def issue_codes(resource: Any) -> tuple[str, ...]:
    """What each issue of an answer's OperationOutcomes is called."""
    found = (each for each in objects(resource) if each.get("resourceType") == "OperationOutcome")
    return tuple(text(issue.get("code")) for each in found for _, issue in records(each.get("issue")))


def words(resource: Any) -> str:
    """What the first issue of an answer's OperationOutcomes says in words: one line, not too long; "" where nothing."""
    for each in objects(resource):
        for _, issue in records(each.get("issue") if each.get("resourceType") == "OperationOutcome" else None):
            if said := " ".join(
                (text(record(issue.get("details")).get("text")) or text(issue.get("diagnostics"))).split()
            ):
                return said if len(said) <= MOST_WORDS else f"{said[:MOST_WORDS]}…"
    return ""


def says_why(resource: Any) -> bool:
    """Whether any OperationOutcome of an answer has an issue."""
    return bool(issue_codes(resource))


def identifying(resource: Any) -> tuple[str, ...]:
    """The values in a refusal that say who somebody is: those of person and coverage resources, wherever they stand
    (contained, in an entry or a parameter), and those of the parameters of a match (MemberIdentifier, MemberId).

    Other identifiers, of a transaction say, are nobody's.
    """
    found: list[str] = []
    for node in objects(resource):
        if node.get("resourceType") in PERSONAL:
            names = (name for _, name in records(node.get("name")))
            found += [each.value for each in identifiers(node.get("identifier"))]
            found += [text(name.get("family")) for name in names]
            found += [text(node.get(key)) for key in ("subscriberId", "birthDate")]
        if text(node.get("name")).startswith("Member"):
            found += [each.value for each in identifiers(node.get("valueIdentifier"))]
            found += [reference_key(node.get("valueReference"))]
    return tuple(dict.fromkeys(value for value in found if value))


def patients_named(resource: Any) -> tuple[str, ...]:
    """The patients that an answer names as "Patient/id": by reference, or in words where the id is no word itself."""
    referred = [reference_key(node) for node in objects(resource)]
    found = [key for key in referred if key.startswith("Patient/") and PATIENT.fullmatch(key)]
    for written in _words(resource):
        found += [each[0] for each in PATIENT.finditer(written) if NO_WORD.search(each[1])]
    return tuple(dict.fromkeys(found))


def revealed(
    told: str, resource: Any, sent: bytes, values: Collection[str], people: Collection[tuple[str, str]]
) -> tuple[str, ...]:
    """What a refusal (its text, and the resource in it) gives away of anybody: see ``identifying``, ``patients_named``.

    ``values`` are known numbers of members, ``people`` their family names with their birth dates. What was sent and
    comes back is no leak.
    """
    asked = sent.decode("utf-8", "replace")
    found = {value for value in values if len(value) >= LEAST and _stands_in(told, value)} | set(identifying(resource))
    known = {value for value in found if value not in asked}
    known |= {key for key in patients_named(resource) if key not in asked and f'"{key[8:]}"' not in asked}
    known |= {
        f"{family}, {born}" for family, born in people if _tells(told, family, born) and not _tells(asked, family, born)
    }
    return tuple(sorted(known))


def _stands_in(told: str, value: str) -> bool:
    """Whether a value stands in a text as such, and not by chance in the middle of another number."""
    begins = r"(?:(?<![A-Za-z0-9])|(?<=\\[bfnrt])|(?<=\\u[0-9A-Fa-f]{4}))"  # JSON may write what stands before it as \n
    return bool(re.search(rf"{begins}{re.escape(value)}(?![A-Za-z0-9])", told))


def _tells(written: str, family: str, born: str) -> bool:
    named = family and re.search(rf"\b{re.escape(family)}\b", written, re.IGNORECASE)
    return bool(named and born and born in written)


def _words(resource: Any) -> Iterator[str]:
    """Every text in a resource but paths: an expression may well speak of "Patient/name"."""
    for node in objects(resource):
        for key, value in node.items():
            if key not in PATHS:
                yield from texts(value)


def holds_data(resource: Any) -> bool:
    """Whether an answer gives any data: a resource, or a Bundle or Parameters with anything but outcomes in it."""
    body = record(resource)
    kind = body.get("resourceType")
    if kind == "Bundle":
        return any(_given(record(each.get("resource"))) for _, each in records(body.get("entry")))
    if kind == "Parameters":
        return any(
            _given(record(each["resource"])) if "resource" in each else bool(each.keys() - {"id", "name"})
            for _, each in records(body.get("parameter"))
        )
    return bool(kind) and kind not in HARMLESS


def _given(inside: JsonObject) -> bool:
    return holds_data(inside) if "resourceType" in inside else bool(inside)
