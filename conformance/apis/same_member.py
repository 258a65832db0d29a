"""Is an answer about the member of its request? Only what contradicts says no; what tells nothing accuses nobody."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any
from unicodedata import normalize

from conformance.apis.prior_auth import Answer
from conformance.apis.shapes import Identifier, Person, Placed, entries, identifiers, person, record, resolve, text

MEMBER_NUMBER = "MB"  # of HL7's identifier types (v2-0203)


def claim_of(request: Mapping[str, Any]) -> Placed:
    """The Claim of a request Bundle."""
    return next(each for each in entries(request) if each.type == "Claim")


def someone_else(request: Mapping[str, Any], answer: Answer) -> str:
    """Who an answer is about where that is not the request's member; "" where it is, or where nothing tells.

    A payer may answer with a Patient of its own: a common identifier, or one of its names with the birth date, make
    it the same person. Another member number, another name with birth date, or a reference to another Patient of the
    request make it somebody else; a number of the payer's own kind does not.
    """
    claim = claim_of(request)
    told, asked, known = answer.patient, _asked(request), _known(request)
    if _common(told, known):
        return ""
    if _named(told, asked):
        return "" if _alike(told, asked) else "another patient: no identifier, nor name and birth date in common"
    if told.reference in _names_of(claim, request):
        return ""
    if any(_contradict(one, other) for one in told.identifiers for other in known):
        return "another patient: a member number that is not the member's"
    if _another_of_the_request(told, claim, request):
        return "another patient of the request"
    return "" if told.reference or told.identifiers else "no patient"


def tells_whom(request: Mapping[str, Any], answer: Answer) -> bool:
    """Whether an answer tells its member by anything that the request knows, too.

    A reference of the payer's own to somebody who did not come along tells nobody who that is.
    """
    told = answer.patient
    return (
        _common(told, _known(request))
        or _named(told, _asked(request))
        or told.reference in _names_of(claim_of(request), request)
    )


def _asked(request: Mapping[str, Any]) -> Person:
    claim = claim_of(request)
    return person(claim.resource.get("patient"), "", claim, entries(request))


def _known(request: Mapping[str, Any]) -> tuple[Identifier, ...]:
    return (*_asked(request).identifiers, *_coverage_identifiers(request))


def _common(told: Person, known: Collection[Identifier]) -> bool:
    return bool({each.value for each in known} & {each.value for each in told.identifiers})


def _named(told: Person, asked: Person) -> bool:
    return told.found and all((_families(told), told.birth_date, _families(asked), asked.birth_date))


def _alike(one: Person, other: Person) -> bool:
    names = {_letters(each) for each in _families(one)} & {_letters(each) for each in _families(other)}
    born = sorted((one.birth_date, other.birth_date), key=len)
    return bool(names) and born[1].startswith(born[0])  # a payer may know the year alone


def _families(told: Person) -> tuple[str, ...]:
    return tuple(each for each in told.families if each)


def _contradict(one: Identifier, other: Identifier) -> bool:
    """Whether two identifiers are of the same kind and tell different people."""
    numbers = all(any(code.code == MEMBER_NUMBER for code in each.types) for each in (one, other))
    same_kind = numbers or (bool(one.system) and one.system == other.system)
    return same_kind and one.value != other.value


def _letters(name: str) -> str:
    """A name as systems agree on it: O'Brien is OBRIEN, Muñoz is MUNOZ."""
    return "".join(each for each in normalize("NFKD", name).casefold() if each.isalnum())


def _names_of(claim: Placed, request: Mapping[str, Any]) -> set[str]:
    """The references by which an answer may name the patient of a request."""
    patient = record(claim.resource.get("patient"))
    found = resolve(patient, claim, entries(request))
    return {each for each in (text(patient.get("reference")), found.full_url if found else "") if each}


def _another_of_the_request(told: Person, claim: Placed, request: Mapping[str, Any]) -> bool:
    """Whether the reference names a Patient that the request holds beside its member: a subscriber, say."""
    others = (each for each in entries(request) if each.type == "Patient")
    return not told.found and any(
        each.full_url == told.reference for each in others if each.full_url not in _names_of(claim, request)
    )


def _coverage_identifiers(request: Mapping[str, Any]) -> Iterator[Identifier]:
    for each in entries(request):
        if each.type == "Coverage":
            yield from identifiers(each.resource.get("identifier"))
