"""Are two Patients one person? Told by identifiers, names and birth dates; what is not there contradicts nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from conformance.apis.naming import letters, surnames_of
from conformance.apis.shapes import Identifier, identifiers, records, text, texts


@dataclass(frozen=True)
class Who:
    """What a Patient says of who it is: names in letters, the birth date as written."""

    identifiers: tuple[Identifier, ...]
    surnames: frozenset[str]
    given: frozenset[str]
    born: str

    @property
    def keys(self) -> frozenset[str]:
        """Every identifier as "system|value"."""
        return frozenset(each.key for each in self.identifiers)


def who(patient: Mapping[str, Any]) -> Who:
    """Who a Patient resource says it is."""
    names = [each for _, each in records(patient.get("name"))]
    given = (letters(word) for name in names for word in texts(name.get("given")))
    return Who(
        identifiers(patient.get("identifier")),
        surnames_of(patient),
        frozenset(filter(None, given)),
        text(patient.get("birthDate")),
    )


def same_person(one: Who, others: Iterable[Who]) -> bool | None:
    """Whether somebody is the person whom all the others are; None where nothing tells.

    A family may share a subscriber's number: another name with another birth date makes two people all the same, and
    so does another value in the same system, unless everything else agrees.
    """
    told = {_same(one, other) for other in others}
    return True if True in told else False if False in told else None


def _same(one: Who, other: Who) -> bool | None:
    shared, alike = bool(one.keys & other.keys), _alike(one, other)
    if _unlike(one, other) or (clash(one.identifiers, other.identifiers) and not (shared and alike)):
        return False
    if shared or alike:
        return True
    if _apart(one.surnames, other.surnames):
        return None if one.born and one.born == other.born else False  # a maiden name, it may be
    return False if one.surnames and other.surnames and one.born and other.born else None


def clash(some: Iterable[Identifier], others: Iterable[Identifier]) -> bool:
    """Whether both have identifiers of one system and kind, and none of them in common."""
    ours, theirs = _by_kind(some), _by_kind(others)
    return any(ours[kind].isdisjoint(theirs[kind]) for kind in ours.keys() & theirs.keys())


def _by_kind(found: Iterable[Identifier]) -> dict[tuple[str, str], set[str]]:
    kinds: dict[tuple[str, str], set[str]] = {}
    for each in found:
        if each.system:
            kinds.setdefault((each.system, each.types[0].code if each.types else ""), set()).add(each.value)
    return kinds


def _alike(one: Who, other: Who) -> bool:
    """Whether a surname and the birth date are the same, and the given names are not others."""
    born = bool(one.born) and one.born == other.born
    return born and bool(one.surnames & other.surnames) and not _apart(one.given, other.given)


def _unlike(one: Who, other: Who) -> bool:
    """Whether the birth dates differ, and a name does: one of both alone may have been written wrong, or changed."""
    born = one.born and other.born and not (one.born.startswith(other.born) or other.born.startswith(one.born))
    return bool(born) and (_apart(one.surnames, other.surnames) or _apart(one.given, other.given))


def _apart(some: frozenset[str], others: frozenset[str]) -> bool:
    return bool(some and others) and some.isdisjoint(others)
