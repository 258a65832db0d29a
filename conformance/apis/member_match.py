"""Reading $member-match and $everything: who was matched, and whose records came."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from conformance.apis.same_person import Who, same_person, who
from conformance.apis.shapes import (
    Coding,
    Identifier,
    Person,
    Placed,
    codings,
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
from conformance.apis.subjects import PEOPLE, Entry, entry_of, held_inside


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

    @property
    def is_single(self) -> bool:
        """Whether there is one MemberIdentifier, and at most one MemberId."""
        return len(self.identifiers) == 1 and self.names.count("MemberId") <= 1


@dataclass(frozen=True)
class Everything:
    """All that was returned of a member; ``patients`` are the Patient resources in it, contained ones too.

    ``people`` is who each of those says it is; ``lost`` says why not
    all pages were asked for; ``records`` the resources of all entries.
    """

    at: str
    patients: tuple[tuple[str, Person], ...]
    entries: tuple[Entry, ...]
    people: tuple[tuple[str, Who], ...] = ()
    lost: str = ""
    looped: str = ""
    records: tuple[Placed, ...] = ()
    refused: tuple[str, ...] = ()

    @property
    def types(self) -> frozenset[str]:
        """The resource types that are there as records; what is contained in a record is part of it."""
        return frozenset(entry.type for entry in self.entries if "#" not in entry.reference)

    def unplaced(self, member: str) -> tuple[Entry, ...]:
        """The records of which nobody can say whether they are the member's: about a patient of another server, or one
        who is told neither from the member nor as the member, or without a word about whose they are."""
        same, strange = self._told(reference_key(member))
        return tuple(
            entry
            for entry in self.entries
            if entry.of_nobody
            or any(key not in same and key not in strange for key in entry.subjects if key != entry.reference)
        )

    def strangers(self, member: str) -> tuple[Entry, ...]:
        """The records about somebody other than ``member`` ("Patient/id"), whom no record of the member mentions.

        Nobody is taken for a stranger on the strength of an identifier that cannot be compared with the member's.
        """
        same, strange = self._told(reference_key(member))
        own = [entry for entry in self.entries if same.intersection(entry.subjects)]
        mentioned = {key for entry in own for key in entry.mentions}
        return tuple(
            entry
            for entry in self.entries
            if strange.intersection(entry.subjects)
            and not (entry.type in PEOPLE and mentioned.intersection((entry.reference, *entry.subjects)))
        )

    def _told(self, member: str) -> tuple[frozenset[str], frozenset[str]]:
        """Everything the member goes by (references, "system|value", linked and contained Patients), and everything
        that somebody else goes by."""
        linked = {key for entry in self.entries if entry.reference == member for key in entry.links}
        own = [found for key, found in self.people if key == member or key in linked]
        alike = {key: same_person(found, own) for key, found in self.people}
        mine = {key for key, told in alike.items() if told} | {member} | linked
        known = {number for key, found in self.people if key in mine for number in found.keys}
        subjects = {key for entry in self.entries for key in entry.subjects}
        same = mine | known | {key for key in subjects if _elsewhere(key) and reference_key(key) == member}
        # A Patient of its own id is somebody else unless it is told to be the member; a contained one may be a copy.
        others = {key for key, told in alike.items() if key not in same and (told is False or "#" not in key)}
        numbers = {number for key, found in self.people if key in others for number in found.keys}
        systems = {number.partition("|")[0] for number in known} - {""}
        strange = {
            key
            for key in subjects - same
            if key in others
            or ("|" in key and (key in numbers or key.partition("|")[0] in systems))
            or not ("|" in key or "#" in key or _elsewhere(key))
        }
        return frozenset(same), frozenset(strange)


def _elsewhere(key: str) -> bool:
    return "://" in key and "|" not in key


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


def everything(bundles: Iterable[Any], base_url: str = "", lost: str = "") -> Everything:
    """The records of several pages as one.

    ``base_url`` is the payer's own: a subject that is neither there nor where the Patients of the pages are is on
    another server.
    """
    pages = [(f"Bundle[{n}]" if n else "Bundle", bundle) for n, bundle in enumerate(bundles)]
    placed = tuple(each for at, bundle in pages for each in entries(bundle, at))
    urls = {each.full_url: _own(each) for each in placed if each.full_url}
    found = [pair for each in placed for pair in _with_contained(each)]
    inside = {reference: each.type for each, reference in found if "#" in reference}
    people = [(ref, each) for each, ref in found if each.type == "Patient"]
    bases = _bases(base_url, [each for each in placed if each.type == "Patient"])
    return Everything(
        at="Bundle",
        patients=tuple((ref, person_of(each.resource, each.at, ref)) for ref, each in people),
        entries=tuple(entry_of(each, reference, urls, inside, bases) for each, reference in found),
        people=tuple((ref, who(each.resource)) for ref, each in people),
        lost=lost,
        records=placed,
    )


def _bases(base_url: str, patients: Iterable[Placed]) -> frozenset[str]:
    """The base URLs at which a payer's own patients are, each with a slash at its end."""
    found = {each.full_url.removesuffix(f"Patient/{each.id}") for each in patients if "://" in each.full_url}
    return frozenset(
        {each for each in found if each.endswith("/")} | ({f"{base_url.rstrip('/')}/"} if base_url else set())
    )


def _own(placed: Placed) -> str:
    return f"{placed.type}/{placed.id}" if placed.id else placed.full_url or placed.at


def _with_contained(placed: Placed) -> Iterator[tuple[Placed, str]]:
    """A record and the resources in it, each with its reference."""
    yield placed, _own(placed)
    yield from held_inside(placed, _own(placed))
