"""A request and its answer held side by side: the same member, the same items, the same resources."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any
from unicodedata import normalize

from conformance.apis.prior_auth import Answer
from conformance.apis.shapes import (
    Period,
    Person,
    Placed,
    entries,
    identifiers,
    person,
    record,
    records,
    resolve,
    text,
    whole,
)
from conformance.clock import ANYWHERE, stamp


def claim_of(request: Mapping[str, Any]) -> Placed:
    """The Claim of a request Bundle."""
    return next(each for each in entries(request) if each.type == "Claim")


def sequences(request: Mapping[str, Any]) -> tuple[int, ...]:
    """The sequence numbers of a request's items."""
    listed = records(claim_of(request).resource.get("item"))
    return tuple(number for _, each in listed if (number := whole(each.get("sequence"))) is not None)


def someone_else(request: Mapping[str, Any], answer: Answer) -> str:
    """Who an answer is about where that is not the request's member; "" where it is, or where nothing tells.

    A payer may answer with a Patient of its own: a common identifier, the same name and birth date, or the same
    reference make it the same person; the reference alone, unless the Patient that came with it is somebody else.
    """
    claim = claim_of(request)
    asked = person(claim.resource.get("patient"), "", claim, entries(request))
    told = answer.patient
    known = {each.value for each in (*asked.identifiers, *_coverage_identifiers(request))}
    if known & {each.value for each in told.identifiers}:
        return ""
    named = told.found and all((told.family, told.birth_date, asked.family, asked.birth_date))
    if named and _alike(told, asked):
        return ""
    if not named and told.reference in _names_of(claim, request):
        return ""
    if named or told.identifiers:
        return "another patient: no identifier, nor name and birth date in common"
    return "" if told.reference else "no patient"


def _alike(one: Person, other: Person) -> bool:
    return (_letters(one.family), one.birth_date) == (_letters(other.family), other.birth_date)


def _letters(name: str) -> str:
    """A name as systems agree on it: O'Brien is OBRIEN, Muñoz is MUNOZ."""
    return "".join(each for each in normalize("NFKD", name).casefold() if each.isalnum())


def _names_of(claim: Placed, request: Mapping[str, Any]) -> set[str]:
    """The references by which an answer may name the patient of a request."""
    patient = record(claim.resource.get("patient"))
    found = resolve(patient, claim, entries(request))
    return {each for each in (text(patient.get("reference")), found.full_url if found else "") if each}


def _coverage_identifiers(request: Mapping[str, Any]) -> Iterator[Any]:
    for each in entries(request):
        if each.type == "Coverage":
            yield from identifiers(each.resource.get("identifier"))


def renamed(request: Mapping[str, Any], answer: Answer) -> tuple[str, ...]:
    """The resources of an answer that are the request's own, under another fullUrl or id.

    Echoed is what carries the type and id, or the fullUrl, of a resource in the request, or the very content of one.
    A record of the payer's own about the same person or organization is no echo.
    """
    sent = {(each.type, each.id): each.full_url for each in entries(request) if each.id}
    urls = {each.full_url: (each.type, each.id) for each in entries(request)}
    contents = [(each.type, _content(each)) for each in entries(request)]
    found = []
    for placed in answer.entries:
        here = (placed.type, placed.id)
        if here in sent and placed.full_url != sent[here]:
            found.append(f"{placed.type}/{placed.id} came back as {placed.full_url or 'no fullUrl'}")
        elif placed.full_url in urls and urls[placed.full_url] != here:
            found.append(f"{placed.full_url} came back with the id {placed.id}")
        elif here not in sent and (placed.type, _content(placed)) in contents:
            found.append(f"{placed.type} came back word for word as {placed.full_url or placed.id}")
    return tuple(found)


def _content(placed: Placed) -> dict[str, Any]:
    return {key: value for key, value in placed.resource.items() if key not in ("id", "meta", "text")}


def echoes(request: Mapping[str, Any], answer: Answer) -> int:
    """How many resources of the request an answer repeats: by type and id, by fullUrl, or word for word."""
    sent = {(each.type, each.id) for each in entries(request)} | {each.full_url for each in entries(request)}
    contents = [(each.type, _content(each)) for each in entries(request)]
    return sum(
        (each.type, each.id) in sent or each.full_url in sent or (each.type, _content(each)) in contents
        for each in answer.entries
    )


def repeated(answer: Answer) -> tuple[str, ...]:
    """The resource instances that an answer holds more than once, by fullUrl or by type and id."""
    by_url = Counter(each.full_url for each in answer.entries if each.full_url)
    by_id = Counter(f"{each.type}/{each.id}" for each in answer.entries if each.id)
    return tuple(key for counted in (by_url, by_id) for key, number in counted.items() if number > 1)


def bundle_faults(bundle: Mapping[str, Any]) -> tuple[str, ...]:
    """What a response Bundle lacks: type collection, timestamp, a fullUrl on each entry, the ClaimResponse first."""
    listed = [each for _, each in records(bundle.get("entry"))]
    first = record(listed[0].get("resource")).get("resourceType") if listed else "nothing"
    faults = {
        f"type {bundle.get('type')!r} instead of collection": bundle.get("type") != "collection",
        "no timestamp": not text(bundle.get("timestamp")),
        "an entry without fullUrl": any(not text(each.get("fullUrl")) for each in listed),
        f"first entry is {first} instead of ClaimResponse": first != "ClaimResponse",
    }
    return tuple(told for told, wrong in faults.items() if wrong)


def content_faults(answer: Answer) -> tuple[str, ...]:
    """What a ClaimResponse lacks of its profile's head: status, use, outcome, patient, insurer, created."""
    outcomes = answer.guide["outcomes"]
    faults = {
        f"status {answer.status!r} instead of active": answer.status != "active",
        f"use {answer.use!r} instead of preauthorization": answer.use != "preauthorization",
        f"outcome {answer.outcome!r}, not one of {', '.join(outcomes)}": answer.outcome not in outcomes,
        "no patient": not (answer.patient.reference or answer.patient.identifiers),
        "no insurer": not answer.insurer,
        "no created": not answer.created,
    }
    return tuple(told for told, wrong in faults.items() if wrong)


def disagreements(submitted: Answer, inquired: tuple[Answer, ...]) -> tuple[str, ...]:
    """The items about which an inquiry tells another decision than the submission did.

    What was pended may have been decided since; what the inquiry does not tell at all is another matter.
    """
    found: dict[int | None, set[str]] = {}
    for answer in inquired:
        for item in answer.decided:
            found.setdefault(item.sequence, set()).update(item.actions)
    told = []
    for item in submitted.decided:
        later = found.get(item.sequence)
        if later is None or not item.actions or item.action == "pended":
            continue
        if not set(item.actions) & later:
            told.append(
                f"item {item.sequence}: {item.action} at submission, {', '.join(sorted(later)) or 'nothing'} now"
            )
    return tuple(told)


def periods(answer: Answer) -> tuple[Period, ...]:
    """Every authorization period of an answer: of the items, of the added items, of the whole."""
    own = (item.period for item in answer.items)
    added = (item.period for item in answer.add_items)
    return tuple(each for each in (*own, *added, answer.preauth_period) if each is not None)


def in_order(period: Period) -> bool:
    """Whether a period may start before it ends (FHIR per-1), by the widest reading of its stamps."""
    start, end = stamp(period.start, ANYWHERE), stamp(period.end, ANYWHERE)
    return start is None or end is None or start.earliest <= end.latest
