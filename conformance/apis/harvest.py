"""What came of some members, gathered record by record in one walk, so that a million records take no more room.

Nobody else's records may be among them. A record that plainly is a member's, and names no other patient anywhere in its
text, is counted at once; every other one is looked at closely (see ``subjects``).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from conformance.apis.amounts import amounts, worded_amounts
from conformance.apis.authorizations import ATTACHMENTS, Authorization, authorization, belongs_to
from conformance.apis.mapped import mapping_faults
from conformance.apis.same_person import Who, same_person, who
from conformance.apis.service_dates import served
from conformance.apis.shapes import JsonObject, Placed, records, text
from conformance.apis.subjects import PEOPLE, Entry, entry_of, held_inside, told

KEPT = 200  # findings of a kind; the rest are counted
MOST_PEOPLE = 20_000  # subjects, mentions and documents that are remembered
PATIENT = re.compile(rb"Patient/[A-Za-z0-9.-]{1,64}")
# What the short look would not see through.
UNUSUAL = (rb"\/", rb"\u", b'"contained"', b"RelatedPerson/", b"/_history")
SIGNS = (b"$", b"USD")  # without which no text speaks of a sum
MADE = frozenset({"Provenance", "OperationOutcome"})  # by an export
TRANSMITTER = ("http://hl7.org/fhir/us/core/CodeSystem/us-core-provenance-participant-type", "transmitter")


@dataclass(frozen=True)
class Found:
    """Something about one record: where it stands (file and line, or place in a Bundle), its type, and what."""

    at: str
    type: str
    what: str


@dataclass
class Pile:
    """Findings of one kind: the first of them, and how many there are."""

    first: list[Found] = field(default_factory=list)
    total: int = 0

    def add(self, found: Found) -> None:
        """One more."""
        self.total += 1
        if len(self.first) < KEPT:
            self.first.append(found)


@dataclass
class Harvest:
    """All that came of the members ("Patient/id"); ``base_url`` is the payer's own.

    ``types`` counts the records by type, ExplanationOfBenefits by their use too ("ExplanationOfBenefit?use=claim");
    ``oldest`` is the earliest service date by type, as written; ``too_old`` are the claims and encounters that ended
    before ``cutoff`` (a date, "" for none).
    """

    members: frozenset[str]
    base_url: str = ""
    cutoff: str = ""
    types: Counter[str] = field(default_factory=Counter)
    oldest: dict[str, str] = field(default_factory=dict)
    updated: tuple[str, str] = ("", "")  # the earliest meta.lastUpdated, and where
    newest: tuple[str, str] = ("", "")  # the latest, of what the export itself did not make
    too_old: Pile = field(default_factory=Pile)
    amounts: Pile = field(default_factory=Pile)
    worded: Pile = field(default_factory=Pile)  # texts of claims that speak of sums
    unplaced: Pile = field(default_factory=Pile)
    unmapped: Pile = field(default_factory=Pile)  # records that lack what the profile for them requires
    authorizations: list[Authorization] = field(default_factory=list)
    documents: dict[str, str] = field(default_factory=dict)
    attached: dict[str, str] = field(default_factory=dict)  # what documents say that they belong to
    transmitted: Pile = field(default_factory=Pile)
    of_members: Counter[str] = field(default_factory=Counter)
    lost: str = ""  # why not all pages were asked for
    looped: str = ""  # a next link that leads back
    _others: dict[str, Pile] = field(default_factory=dict)
    _mentioned: set[str] = field(default_factory=set)
    _linked: set[str] = field(default_factory=set)
    _people: dict[str, Who] = field(default_factory=dict)  # every Patient that came, contained ones too

    def add(self, resource: JsonObject, at: str, raw: bytes = b"") -> None:
        """One more record; ``raw`` is its text, where it is at hand."""
        kind = text(resource.get("resourceType"))
        self.types[kind] += 1
        self._date(resource, kind, at)
        if not self._is_plainly_own(resource, raw):
            self._look(resource, at)
        if faults := mapping_faults(resource):
            self.unmapped.add(Found(at, kind, "; ".join(faults)))
        for path in amounts(resource)[:1]:
            self.amounts.add(Found(at, kind, path))
        if not raw or any(sign in raw for sign in SIGNS):
            for path in worded_amounts(resource)[:1]:
                self.worded.add(Found(at, kind, path))
        if kind == "ExplanationOfBenefit":
            self.types[f"{kind}?use={text(resource.get('use'))}"] += 1  # a claim, or an authorization
            if (one := authorization(resource, at)) and len(self.authorizations) < MOST_PEOPLE:
                self.authorizations.append(one)
        elif kind in ATTACHMENTS and len(self.documents) < MOST_PEOPLE:
            self.documents[f"{kind}/{text(resource.get('id'))}"] = at
            self.attached.update((key, at) for key in belongs_to(resource))
        elif kind == "Provenance" and _transmits(resource):
            self.transmitted.add(Found(at, kind, "transmitter"))

    def knows(self, numbers: Collection[str]) -> bool:
        """Whether a Patient came who has one of these numbers (identifier values, or ids), or a record about one."""
        named = {key.rpartition("|" if "|" in key else "/")[2] for key in (*self.of_members, *self._others)}
        return bool(named.intersection(numbers)) or any(
            {each.value for each in person.identifiers} & set(numbers) or key.rpartition("/")[2] in numbers
            for key, person in self._people.items()
        )

    @property
    def strangers(self) -> Pile:
        """The records about somebody else, whom no record of a member mentions."""
        pile = Pile()
        own = [person for key, person in self._people.items() if key in self.members | self._linked]
        for key, found in self._others.items():
            if key in self._linked or not self._is_another(key, own):
                continue
            excused = key in self._mentioned
            left = [each for each in found.first if not (excused and each.type in PEOPLE)]
            pile.first += left[: KEPT - len(pile.first)]
            pile.total += found.total - (len(found.first) - len(left))
        return pile

    def _is_another(self, key: str, own: Sequence[Who]) -> bool:
        """Whether a subject is somebody else for sure: nobody is, on the strength of what cannot be compared."""
        if "|" in key:
            known = {number for each in own for number in each.keys}
            return key not in known and key.partition("|")[0] in {number.partition("|")[0] for number in known} - {""}
        person = self._people.get(key)
        same = same_person(person, own) if person else None
        return same is False if "#" in key else same is not True and not key.startswith("urn:")

    def _is_plainly_own(self, resource: JsonObject, raw: bytes) -> bool:
        about = resource.get("subject") or resource.get("patient") or resource.get("beneficiary")
        subject = about.get("reference") if isinstance(about, dict) else None
        if subject not in self.members or not raw or any(each in raw for each in UNUSUAL):
            return False
        wanted = subject.encode()
        if any(each != wanted and each.decode() not in self.members for each in PATIENT.findall(raw)):
            return False
        self.of_members[subject] += 1
        return True

    def _look(self, resource: JsonObject, at: str) -> None:
        placed = Placed(at, resource)
        reference = f"{placed.type}/{placed.id}"
        held = list(held_inside(placed, reference))
        inside = {key: each.type for each, key in held}
        bases = (f"{self.base_url.rstrip('/')}/",) if self.base_url else ()
        for each, key in [(placed, reference), *held]:
            entry = entry_of(each, key, {}, inside, bases)
            if each.type == "Patient" and len(self._people) < MOST_PEOPLE:
                self._people[key] = who(each.resource)
            self._note(entry)

    def _note(self, entry: Entry) -> None:
        mine = self.members.intersection(entry.subjects)
        self.of_members.update(mine)
        if mine:
            self._linked.update(entry.links)
            self._mentioned.update(_few(entry.mentions, self._mentioned))
        if entry.of_nobody:
            self.unplaced.add(Found(entry.at, entry.type, "says of nobody whose it is"))
        holder = entry.reference.partition("#")[0]
        for key in entry.subjects:
            if key in self.members or (key.partition("#")[0] == holder and "#" in key and holder in self.members):
                continue
            if "://" in key and "|" not in key:
                self.unplaced.add(Found(entry.at, entry.type, told(key)))
            elif key in self._others or len(self._others) < MOST_PEOPLE:
                self._others.setdefault(key, Pile()).add(Found(entry.at, entry.type, told(key)))

    def _date(self, resource: JsonObject, kind: str, at: str) -> None:
        begun, ended = served(resource)
        if begun and begun < self.oldest.get(kind, "9999"):
            self.oldest[kind] = begun
        if self.cutoff and ended and ended < self.cutoff and _is_service(resource, kind):
            self.too_old.add(Found(at, kind, ended))
        meta = resource.get("meta")
        stamp = text(meta.get("lastUpdated")) if isinstance(meta, dict) else ""
        if stamp and (not self.updated[0] or stamp < self.updated[0]):
            self.updated = (stamp, at)
        if stamp > self.newest[0] and kind not in MADE:
            self.newest = (stamp, at)


def _is_service(resource: JsonObject, kind: str) -> bool:
    """Whether a record is of a service: a claim or an encounter. A condition may have begun long ago."""
    return kind == "Encounter" or (kind == "ExplanationOfBenefit" and resource.get("use") == "claim")


def _few(found: Iterable[str], known: Collection[str]) -> Iterable[str]:
    return found if len(known) < MOST_PEOPLE else ()


def _transmits(resource: JsonObject) -> bool:
    """Whether a Provenance says that somebody transmits records."""
    targets = list(records(resource.get("target")))
    return bool(targets) and any(
        TRANSMITTER in set(_codes(agent.get("type"))) and isinstance(agent.get("who"), dict) and agent["who"]
        for _, agent in records(resource.get("agent"))
    )


def _codes(concept: Any) -> Iterator[tuple[str, str]]:
    for _, each in records(concept.get("coding") if isinstance(concept, dict) else None):
        yield text(each.get("system")), text(each.get("code"))
