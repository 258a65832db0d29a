"""Reading the Groups of a bulk match: who was matched, who was not, whose consent stands against it.

Sources: PDex 2.1.0 and 2.2.0, OperationDefinition BulkMemberMatch and ProviderMemberMatch, profiles
pdex-member-match-group and pdex-member-no-match-group.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from conformance.apis.shapes import (
    JsonObject,
    Placed,
    codings,
    contained,
    extension,
    identifier,
    identifiers,
    is_type,
    record,
    records,
    reference_key,
    reference_text,
    text,
)

RESULTS = "http://hl7.org/fhir/us/davinci-pdex/CodeSystem/PdexMultiMemberMatchResultCS"
SUBMITTED = "http://hl7.org/fhir/us/davinci-pdex/StructureDefinition/base-ext-match-parameters"
COVERAGE = "http://hl7.org/fhir/us/davinci-pdex/StructureDefinition/base-ext-match-coverage"
BY_PARAMETER = {
    "MatchedMembers": "match",
    "NonMatchedMembers": "nomatch",
    "ConsentConstrainedMembers": "consentconstraint",
}


@dataclass(frozen=True)
class GroupMember:
    """One member of a Group: the reference as "Patient/id" (the payer's), the Patient as it was submitted (contained,
    {} where there is none), the submitted Coverage that was matched, a number of the member beside the reference."""

    at: str
    reference: str
    submitted: JsonObject
    coverage: JsonObject
    number: str = ""


@dataclass(frozen=True)
class MatchGroup:
    """One Group; ``code`` is match, nomatch or consentconstraint, "" where it says none of them."""

    at: str
    id: str
    code: str
    type: str
    actual: bool
    members: tuple[GroupMember, ...]
    owners: tuple[str, ...]  # identifier values of the Group and of those its characteristics name

    def holds(self, submitted_id: str, numbers: Iterable[str]) -> bool:
        """Whether one of its members was submitted under this id, or with one of these numbers."""
        wanted = set(numbers)
        return any(
            text(each.submitted.get("id")) == submitted_id
            or reference_key(each.reference).rpartition("/")[2] == submitted_id
            or wanted & {one.value for one in identifiers(each.submitted.get("identifier"))}
            for each in self.members
        )


def is_preserved(sent: Mapping[str, Any], contained: JsonObject) -> bool:
    """Whether a contained Patient is the one that was sent: everything but its metadata and narrative."""
    left = {"meta", "text", "implicitRules", "language"}
    kept = {key: value for key, value in sent.items() if key not in left}
    return kept == {key: value for key, value in contained.items() if key not in left}


def groups_of(resources: Iterable[tuple[str, Any]]) -> tuple[MatchGroup, ...]:
    """The Groups among some resources, each with its place: themselves, or in Parameters by the names of an answer."""
    return tuple(_all_groups(resources))


def _all_groups(resources: Iterable[tuple[str, Any]]) -> Iterator[MatchGroup]:
    for at, resource in resources:
        if is_type(resource, "Group"):
            yield _group(at, resource, "")
        elif is_type(resource, "Parameters"):
            for place, each in records(resource.get("parameter")):
                inside = record(each.get("resource"))
                if is_type(inside, "Group"):
                    named = BY_PARAMETER.get(text(each.get("name")), "")
                    yield _group(f"{at}.parameter[{place}].resource", inside, named)


def _group(at: str, group: JsonObject, named: str) -> MatchGroup:
    said = {code.code for code in codings(group.get("code")) if code.system == RESULTS}
    inside = {each.id: each.resource for each in contained(Placed(at, group))}
    owners = [each.value for each in identifiers(group.get("identifier"))]
    for _, each in records(group.get("characteristic")):
        owners += [one.value for one in identifiers(record(each.get("valueReference")).get("identifier"))]
    members = [(n, record(each.get("entity"))) for n, each in records(group.get("member"))]
    return MatchGroup(
        at,
        text(group.get("id")),
        next(iter(sorted(said)), named),
        text(group.get("type")),
        group.get("actual") is True,
        tuple(_member(f"{at}.member[{n}]", entity, inside) for n, entity in members),
        tuple(owners),
    )


def _member(at: str, entity: JsonObject, inside: dict[str, JsonObject]) -> GroupMember:
    written = reference_text(entity)
    submitted = _named(extension(entity, SUBMITTED), inside)
    if not submitted and written.startswith("#"):
        submitted = inside.get(written[1:], {})
    number = identifier(entity.get("identifier")).value
    return GroupMember(at, written, submitted, _named(extension(entity, COVERAGE), inside), number)


def _named(found: JsonObject, inside: dict[str, JsonObject]) -> JsonObject:
    written = reference_text(found.get("valueReference"))
    return inside.get(written[1:], {}) if written.startswith("#") else {}
