"""One line of FHIR as rows: an answer, the request it answers, or a Bundle of both.

In a Bundle an answer is read together with its request: there, names may mean something only inside that Bundle.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from conformance.audit.resources import Resource
from conformance.audit.rows import COLUMNS, Row, answer, name_of, request

DECODER = msgspec.json.Decoder(Resource)
MISREAD = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
ANSWERS = frozenset({"ClaimResponse", "ExplanationOfBenefit"})
KNOWN = ANSWERS | {"Claim", "Bundle"}


def rows(resource: Resource) -> Iterator[Row]:
    """The rows of one line (COLUMNS); of a Bundle those of its entries; none where it holds neither."""
    if resource.resourceType in ANSWERS:
        yield answer(resource)
    elif resource.resourceType == "Claim":
        yield request(resource)
    elif resource.resourceType == "Bundle":
        yield from _bundled(resource)


def _bundled(bundle: Resource) -> Iterator[Row]:
    asked: dict[str, Resource] = {}
    for entry in bundle.entry:
        claim = entry.resource
        if claim is not None and claim.resourceType == "Claim":
            claim.id = claim.id or name_of(entry.fullUrl)
            names = (claim.id, name_of(entry.fullUrl), *(each.value for each in claim.identifier))
            asked |= {name: claim for name in names if name}
    for entry in bundle.entry:
        resource = entry.resource
        if resource is None:
            continue
        if resource.resourceType in ANSWERS:
            yield answer(resource, _asked(resource, asked))
        else:
            yield from rows(resource)


def _asked(answered: Resource, asked: Mapping[str, Resource]) -> Resource | None:
    """The request in the same Bundle that an answer names; one that names none answers the only one there."""
    named = answered.request or answered.claim
    if named is None:
        return next(iter(asked.values())) if len({id(each) for each in asked.values()}) == 1 else None
    number = named.identifier.value if named.identifier else None
    return asked.get(name_of(named.reference) or "") or asked.get(number or "")


BROKEN, STRANGER = "broken", "stranger"  # roles of lines that hold nothing of ours; the name tells why, or what


def flattened(line: bytes) -> Iterator[Row]:
    """The rows of a line as it is written; where it holds nothing of ours, one that says so."""
    if not line or line.isspace():
        return
    try:
        resource = DECODER.decode(line)
    except MISREAD as wrong:
        yield _aside(*misread(line, wrong))
        return
    if resource.resourceType in KNOWN:
        yield from rows(resource)
    else:
        yield _aside(STRANGER, resource.resourceType)


def misread(line: bytes, wrong: Exception) -> tuple[str, str]:
    """Why a line could not be read: BROKEN and why, or STRANGER and its type, which may use our names for others."""
    try:
        resource = msgspec.json.decode(line)
    except MISREAD:
        return BROKEN, f"no JSON: {wrong}"
    kind = resource.get("resourceType") if isinstance(resource, dict) else None
    if not isinstance(kind, str):
        return BROKEN, "no resource: expected a JSON object with a resourceType"
    if kind in KNOWN:
        return BROKEN, f"{kind} with a value of another type than FHIR's: {wrong}"
    return STRANGER, kind


def _aside(role: str, name: str) -> Row:
    return (role, name, *[None] * (len(COLUMNS) - 2))
