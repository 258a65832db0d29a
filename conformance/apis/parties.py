"""Whom an answer is about, as their profiles ask: the member, the insurer and who requested, where they come along."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from conformance.apis.prior_auth import Answer
from conformance.apis.shapes import JsonObject, Placed, entries, records, resolve

# What profile-beneficiary, profile-insurer, profile-requestor and profile-practitionerrole of PAS 2.0.1 and 2.2.1 ask
# for beyond FHIR itself, by the type of resource; below a dot, in every one that is there.
NEEDED: Mapping[str, tuple[str, ...]] = {
    "Patient": ("identifier", "identifier.system", "identifier.value", "name", "gender"),
    "Organization": ("active", "name"),
    "PractitionerRole": ("practitioner",),
}
REFERRED = ("patient", "insurer", "requestor")  # elements of the ClaimResponse whose targets have these profiles


def unprofiled(request: Mapping[str, Any], answer: Answer) -> tuple[str, ...]:
    """What the member, the insurer and who requested lack of their profiles, with their places.

    What the request's own resource lacks too was the tester's to send: nobody is asked to add it.
    """
    sent = {key: set(_lacking(each.resource)) for each in entries(request) for key in _keys(each)}
    found = []
    for placed in parties(answer):
        excused = set().union(*(sent.get(key, set()) for key in _keys(placed)))
        found += [f"{placed.at} without {name}" for name in _lacking(placed.resource) if name not in excused]
    return tuple(found)


def parties(answer: Answer) -> Sequence[Placed]:
    """The member, the insurer and who requested, as far as they came along."""
    response = answer.claim_response
    holder = next((each for each in answer.entries if each.resource is response), Placed(answer.at, response))
    found = (resolve(response.get(name), holder, answer.entries) for name in REFERRED)
    return tuple({each.at: each for each in found if each}.values())


def _keys(placed: Placed) -> tuple[str, ...]:
    return tuple(key for key in (placed.full_url, f"{placed.type}/{placed.id}" if placed.id else "") if key)


def _lacking(resource: JsonObject) -> Iterator[str]:
    """The needed elements that are not there; one that has extensions alone is: they may say why it is absent."""
    for path in NEEDED.get(str(resource.get("resourceType")), ()):
        outer, _, inner = path.rpartition(".")
        holders = [each for _, each in records(resource.get(outer))] if outer else [resource]
        if any(not {inner, f"_{inner}"} & each.keys() for each in holders):
            yield path
