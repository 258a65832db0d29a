"""Reading $member-match and $everything: who was matched, and whose records came.

A record is *about* the patients that its defining element names (patient, subject, beneficiary …). It *mentions*
others lawfully: a dependent's coverage has a subscriber, a claim pays a guarantor, an observation was made by a
relative. To mention somebody is no leak; a record about somebody else is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from conformance.apis.shapes import (
    Coding,
    Identifier,
    JsonObject,
    Person,
    Placed,
    codings,
    contained,
    entries,
    identifier,
    is_type,
    person_of,
    record,
    records,
    reference_key,
    reference_text,
    text,
)

# The elements that say whom a record is about, by type; for every other type the ones below.
_ABOUT: Mapping[str, tuple[str, ...]] = {
    "Appointment": ("participant.actor",),
    "Coverage": ("beneficiary",),
    "EnrollmentRequest": ("candidate",),
    "Group": ("member.entity",),
    "ResearchSubject": ("individual",),
    "Task": ("for",),
}
_ABOUT_USUALLY = ("patient", "subject")

# Elements that list records instead of mentioning people: what they name is no excuse for sending it.
_LISTS = frozenset({"Provenance.target", "List.entry.item", "Composition.section.entry", "Group.member.entity"})

_PEOPLE = frozenset({"Patient", "RelatedPerson"})


@dataclass(frozen=True)
class MemberIdentifier:
    """The identifier by which a payer knows the matched member."""

    at: str
    system: str
    value: str
    type_codings: tuple[Coding, ...]


@dataclass(frozen=True)
class Match:
    """The answer to $member-match: its MemberIdentifiers, its first MemberId as written, every parameter's name."""

    at: str
    identifiers: tuple[MemberIdentifier, ...]
    member_id: str
    names: tuple[str, ...]

    @property
    def member(self) -> str:
        """The matched patient as "Patient/id"; "" where no MemberId was given."""
        return reference_key(self.member_id)


@dataclass(frozen=True)
class Entry:
    """One record, or one resource contained in a record.

    ``reference`` is its own "Type/id" ("Type/id#id" for a contained one). ``subjects`` are the patients it is about,
    ``mentions`` other people it names, ``links`` the patients it says are the same person; somebody known only by an
    identifier is "system|value".
    """

    at: str
    type: str
    id: str
    reference: str
    subjects: tuple[str, ...] = ()
    mentions: tuple[str, ...] = ()
    links: tuple[str, ...] = ()


@dataclass(frozen=True)
class Everything:
    """All that $everything returned; ``patients`` are the Patient resources in it, contained ones too."""

    at: str
    patients: tuple[tuple[str, Person], ...]
    entries: tuple[Entry, ...]

    @property
    def types(self) -> frozenset[str]:
        """The resource types that are there."""
        return frozenset(entry.type for entry in self.entries)

    def strangers(self, member: str) -> tuple[Entry, ...]:
        """The records about somebody other than ``member`` ("Patient/id"), whom no record of the member mentions.

        Nobody is taken for a stranger on the strength of an identifier that cannot be compared with the member's.
        """
        same = self._same_person(reference_key(member))
        own = [entry for entry in self.entries if same.intersection(entry.subjects)]
        mentioned = {key for entry in own for key in entry.mentions}
        others = {key for entry in self.entries for key in entry.subjects} - same
        strange = {key for key in others if "|" not in key or self._contradicts(key, same)}
        return tuple(
            entry
            for entry in self.entries
            if strange.intersection(entry.subjects)
            and not (entry.type in _PEOPLE and mentioned.intersection((entry.reference, *entry.subjects)))
        )

    def _same_person(self, member: str) -> frozenset[str]:
        """Everything the member goes by: references, "system|value", linked and contained Patients."""
        linked = {key for entry in self.entries if entry.reference == member for key in entry.links}
        own = [found for key, found in self.patients if key == member or key in linked]
        known = {each.key for found in own for each in found.identifiers}
        alike = {key for key, found in self.patients if known & {each.key for each in found.identifiers}}
        # A contained copy may bear no identifier at all: then its name and birth date must be the member's.
        copies = {
            key
            for key, found in self.patients
            if "#" in key and not found.identifiers and (not found.family or any(_alike(found, each) for each in own))
        }
        return frozenset({member} | linked | known | alike | copies)

    def _contradicts(self, key: str, same: frozenset[str]) -> bool:
        """Whether an identifier is another patient's, or another value of a system the member is known by."""
        system = key.partition("|")[0]
        others = {each.key for name, found in self.patients if name not in same for each in found.identifiers}
        return key in others or (bool(system) and any(each.partition("|")[0] == system for each in same if "|" in each))


def _alike(one: Person, other: Person) -> bool:
    return (one.family.casefold(), one.birth_date) == (other.family.casefold(), other.birth_date)


def read_match(resource: Any) -> Match | None:
    """The answer to $member-match; None for anything but Parameters."""
    if not is_type(resource, "Parameters"):
        return None
    named = [
        (f"Parameters.parameter[{n}]", text(each.get("name")), each) for n, each in records(resource.get("parameter"))
    ]
    found = [(at, each.get("valueIdentifier")) for at, name, each in named if name == "MemberIdentifier"]
    ids = (reference_text(each.get("valueReference")) for _, name, each in named if name == "MemberId")
    return Match(
        at="Parameters",
        identifiers=tuple(_member_identifier(value, f"{at}.valueIdentifier") for at, value in found),
        member_id=next((each for each in ids if each), ""),
        names=tuple(name for _, name, _ in named),
    )


def _member_identifier(value: Any, at: str) -> MemberIdentifier:
    found: Identifier = identifier(value)
    return MemberIdentifier(at, found.system, found.value, codings(record(value).get("type")))


def read_everything(bundle: Any) -> Everything | None:
    """The records of a searchset (or of one page of it); None for anything but a Bundle."""
    return everything([bundle]) if is_type(bundle, "Bundle") else None


def everything(bundles: Iterable[Any]) -> Everything:
    """The records of several pages as one."""
    pages = [(f"Bundle[{n}]" if n else "Bundle", bundle) for n, bundle in enumerate(bundles)]
    placed = tuple(each for at, bundle in pages for each in entries(bundle, at))
    urls = {each.full_url: _own(each) for each in placed if each.full_url}
    found = [pair for each in placed for pair in _with_contained(each)]
    inside = {reference: each.type for each, reference in found if "#" in reference}
    return Everything(
        at="Bundle",
        patients=tuple((ref, person_of(each.resource, each.at, ref)) for each, ref in found if each.type == "Patient"),
        entries=tuple(_entry(each, reference, urls, inside) for each, reference in found),
    )


def _own(placed: Placed) -> str:
    return f"{placed.type}/{placed.id}" if placed.id else placed.full_url or placed.at


def _with_contained(placed: Placed) -> Iterator[tuple[Placed, str]]:
    """A record and the resources in it, each with its reference."""
    yield placed, _own(placed)
    for each in contained(placed):
        yield each, f"{_own(placed)}#{each.id}"


def _entry(placed: Placed, reference: str, urls: Mapping[str, str], inside: Mapping[str, str]) -> Entry:
    about = {f"{placed.type}.{name}" for name in _ABOUT.get(placed.type, _ABOUT_USUALLY)}
    subjects = [reference] if placed.type == "Patient" else []
    mentions: list[str] = []
    links: list[str] = []
    for path, named in _references(placed):
        key = _key(named, reference.partition("#")[0], urls)
        kind = inside.get(key, "") if "#" in key else key.partition("/")[0]
        if not key or key == reference:
            continue
        if path in about:
            # Somebody known by an identifier or a URN alone may be a patient; a group or a device is none.
            subjects += [key] if kind == "Patient" or "|" in key or key.startswith("urn:") else []
        elif kind in _PEOPLE and path == "Patient.link.other":
            links.append(key)
        elif kind in _PEOPLE and path not in _LISTS:
            mentions.append(key)
    return Entry(placed.at, placed.type, placed.id, reference, _once(subjects), _once(mentions), _once(links))


def _once(keys: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(keys))


def _key(reference: JsonObject, around: str, urls: Mapping[str, str]) -> str:
    written = reference_text(reference)
    if not written:
        named = identifier(reference.get("identifier"))
        return named.key if named.value else ""
    if written.startswith("#"):
        return f"{around}{written}"
    return urls.get(written) or reference_key(written)


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
