"""What a tester declares that the payer holds of a member, and whether it came."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from conformance.apis.harvest import Harvest
from conformance.errors import NotTested
from conformance.target import Case


@dataclass(frozen=True)
class Oldest:
    """A type of record, and the service date of the oldest that the payer holds."""

    type: str
    date: str

    @property
    def at(self) -> str:
        return self.type


@dataclass(frozen=True)
class Documented:
    """A declared authorization, and where its documents are: those that it refers to, or that refer to it, and what is
    attached in it."""

    number: str
    came: bool
    documents: tuple[str, ...]

    @property
    def at(self) -> str:
        return f"authorization {self.number}"


def kinds(case: Case, at: str) -> tuple[str, ...]:
    """The resource types that the payer holds of the case's member; claims are "ExplanationOfBenefit?use=claim"."""
    return tuple(_declared(case, at, "holds", "needs the kinds of data the payer holds"))


def oldest(case: Case, at: str, since: date) -> tuple[Oldest, ...]:
    """The declared oldest records by type, as far as they are not from before ``since``, where no duty reaches."""
    declared: Mapping[str, str] = _declared(case, at, "oldest", "needs the service dates of the oldest records held")
    found = tuple(Oldest(kind, day) for kind, day in declared.items() if day >= since.isoformat())
    if not found:
        raise NotTested(f"needs a record from {since.isoformat()} or later", change=f"{at}.oldest")
    return found


def documented(case: Case, at: str, harvest: Harvest, key: str = "documented") -> tuple[Documented, ...]:
    """The declared authorizations with what came of them."""
    numbers = _declared(case, at, key, "needs the numbers of authorizations")
    found = []
    for number in numbers:
        own = [each for each in harvest.authorizations if each.is_called(number)]
        there = [harvest.documents[key] for each in own for key in each.refers if key in harvest.documents]
        there += [harvest.attached[key] for each in own for key in {each.reference, number} & harvest.attached.keys()]
        there += [each.at for each in own if each.encloses]
        found.append(Documented(number, bool(own), tuple(there)))
    return tuple(found)


def _declared(case: Case, at: str, key: str, what: str) -> Any:
    declared = case.facts.get(key)
    if not declared:
        raise NotTested(what, change=f"{at}.{key}")
    return declared
