"""Whom a record is about, and whom it mentions.

A record is *about* the patients that its defining element names (patient, subject, beneficiary …). It *mentions*
others lawfully: a dependent's coverage has a subscriber, a claim pays a guarantor, an observation was made by a
relative. To mention somebody is no leak; a record about somebody else is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from conformance.apis.shapes import (
    JsonObject,
    Placed,
    contained,
    entries,
    identifier,
    reference_key,
    reference_text,
)

# The elements that say whom a record is about, by type; for every other type the ones below.
_ABOUT: Mapping[str, tuple[str, ...]] = {
    "Appointment": ("participant.actor",),
    "Binary": ("securityContext",),
    "Coverage": ("beneficiary",),
    "EnrollmentRequest": ("candidate",),
    "Group": ("member.entity",),
    "ResearchSubject": ("individual",),
    "Task": ("for",),
}
_ABOUT_USUALLY = ("patient", "subject")

# Elements that list records instead of mentioning people: what they name is no excuse for sending it.
_LISTS = frozenset({"Provenance.target", "List.entry.item", "Composition.section.entry", "Group.member.entity"})

PEOPLE = frozenset({"Patient", "RelatedPerson"})

# Records that are of somebody, whether or not they say of whom.
_PERSONAL = frozenset(
    {
        "AllergyIntolerance", "CarePlan", "CareTeam", "Claim", "ClaimResponse", "Composition", "Condition", "Coverage",
        "DiagnosticReport", "DocumentReference", "Encounter", "ExplanationOfBenefit", "Goal", "Immunization",
        "MedicationDispense", "MedicationRequest", "Observation", "Procedure", "QuestionnaireResponse",
        "ServiceRequest",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """One record, or one resource contained in a record.

    ``reference`` is its own "Type/id" ("Type/id#id" for a contained one). ``subjects`` are the patients it is about,
    ``mentions`` other people it names, ``links`` the patients it says are the same person; somebody known only by an
    identifier is "system|value", a patient on another server the whole URL. ``of_nobody`` where a personal record does
    not say whose it is.
    """

    at: str
    type: str
    id: str
    reference: str
    subjects: tuple[str, ...] = ()
    mentions: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    of_nobody: bool = False


def told(subject: str) -> str:
    """A subject as a finding names it: never by a number, which the report could not know to be somebody's."""
    return "somebody known by an identifier" if "|" in subject else subject


def held_inside(placed: Placed, reference: str) -> Iterator[tuple[Placed, str]]:
    """The resources inside a record (``reference`` its "Type/id"), each with a reference of its own: contained in it
    ("Type/id#id") or, where it is a Bundle such as a document, in its entries ("Bundle/id#Type/id")."""
    for each in contained(placed):
        yield each, f"{reference}#{each.id}"
    for each in entries(placed.resource, placed.at) if placed.type == "Bundle" else ():
        yield each, f"{reference}#{each.type}/{each.id}"
        yield from held_inside(each, reference)


def entry_of(
    placed: Placed, reference: str, urls: Mapping[str, str], inside: Mapping[str, str], bases: Collection[str]
) -> Entry:
    """A record (``reference`` its own "Type/id") with the people in it.

    ``urls`` are the fullUrls around it with what lies there, ``inside`` the types of contained resources, ``bases``
    the base URLs of the payer's own patients (none where they are not known: then every server is the payer's).
    """
    about = {f"{placed.type}.{name}" for name in _ABOUT.get(placed.type, _ABOUT_USUALLY)}
    subjects = [reference] if placed.type == "Patient" else []
    mentions: list[str] = []
    links: list[str] = []
    said = False
    for path, named in _references(placed):
        key = _key(named, reference.partition("#")[0], urls, bases)
        said = said or path in about
        if not key or key == reference:
            continue
        kind = inside.get(key, "") if "#" in key else "" if "|" in key else reference_key(key).partition("/")[0]
        if path in about:
            # Somebody known by an identifier or a URN alone may be a patient; a group or a device is none.
            subjects += [key] if kind == "Patient" or "|" in key or key.startswith("urn:") else []
        elif kind in PEOPLE and path == "Patient.link.other":
            links.append(key)
        elif kind in PEOPLE and path not in _LISTS:
            mentions.append(key)
    nobody = placed.type in _PERSONAL and "#" not in reference and not said
    return Entry(placed.at, placed.type, placed.id, reference, _once(subjects), _once(mentions), _once(links), nobody)


def _once(keys: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(keys))


def _key(reference: JsonObject, around: str, urls: Mapping[str, str], bases: Collection[str]) -> str:
    written = reference_text(reference)
    if not written:
        named = identifier(reference.get("identifier"))
        return named.key if named.value else ""
    if written.startswith("#"):
        return f"{around}{written}"
    if written in urls:
        return urls[written]
    away = bases and "://" in written and not any(written.startswith(base) for base in bases)
    return written.partition("/_history")[0] if away else reference_key(written)


def _references(placed: Placed) -> Iterator[tuple[str, JsonObject]]:
    """Every Reference in a resource with its element path ("Group.member.entity"); contained resources left out."""
    waiting: list[tuple[str, Any]] = [(placed.type, placed.resource)]
    while waiting:
        path, node = waiting.pop()
        if isinstance(node, list):
            waiting += [(path, each) for each in reversed(node)]
        elif isinstance(node, dict):
            if isinstance(node.get("reference"), str) or isinstance(node.get("identifier"), dict):
                yield path, node
            waiting += [
                (f"{path}.{name}", each)
                for name, each in reversed(node.items())
                if not (name == "contained" and path == placed.type)
            ]
