"""Faults and lawful variants of payer-to-payer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from conformance.sandbox import exchange, people
from conformance.sandbox.faults import changes
from conformance.sandbox.frame import Answer, Bend, Call, Fault, Resource, Seed, Variant
from conformance.sandbox.outcome import refusal

MATCH, EVERYTHING = "payer-to-payer.member-match", "payer-to-payer.everything"
METADATA = "discovery.metadata"
FIRST, SECOND = "first", "second"  # the seed's members of these ids
TWINS = ("twin-a", "twin-b")


def _is_refusal(_call: Call, answer: Answer) -> bool:
    return answer.status == 422


def _refused_as(code: str) -> Callable[[Call, Answer], bool]:
    """Holds for the refusals of a match that give ``code`` as their issue type."""
    return lambda _call, answer: answer.status == 422 and answer.resource()["issue"][0]["code"] == code


def _refuses(_call: Call, _answer: Answer) -> Answer:
    return refusal(422, exchange.NOT_FOUND, "No member matches what was sent.")


def _welcomes_nobody(_call: Call, _answer: Answer) -> Answer:
    return Answer(200, {"resourceType": "Parameters"})


def _says_nothing(_call: Call, answer: Answer) -> Answer:
    return replace(answer, body=None)


def _names_candidates(outcome: Resource) -> None:
    """The refusal with the two members that it could not tell apart: as resources and in its words."""
    numbers = {"twin-a": "MBR-1004", "twin-b": "MBR-1005"}
    outcome["contained"] = [
        {
            "resourceType": "Patient",
            "id": twin,
            "identifier": [{"system": "https://payer.example.org/members", "value": numbers[twin]}],
            "name": [{"family": "Villanueva", "given": ["Rosa"]}],
            "birthDate": "1950-01-30",
        }
        for twin in TWINS
    ]
    found = " and ".join(f"Rosa Villanueva ({numbers[twin]}, Patient/{twin})" for twin in TWINS)
    outcome["issue"][0]["diagnostics"] = f"The candidates are {found}."


def _parameters(change: Callable[[list[Resource]], list[Resource]]) -> changes.Change:
    return changes.resource(lambda found: found.update(parameter=change(found["parameter"])))


def _typed_otherwise(parameters: list[Resource]) -> list[Resource]:
    for parameter in parameters:
        if parameter["name"] == "MemberIdentifier":
            coding = {"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR"}
            parameter["valueIdentifier"]["type"] = {"coding": [coding]}
    return parameters


def _without_member_id(parameters: list[Resource]) -> list[Resource]:
    return [parameter for parameter in parameters if parameter["name"] != "MemberId"]


def _with_unknown_extension(parameters: list[Resource]) -> list[Resource]:
    for parameter in parameters:
        if parameter["name"] == "MemberIdentifier":
            note = {"url": "https://payer.example.org/fhir/StructureDefinition/card-colour", "valueString": "blue"}
            parameter["valueIdentifier"]["extension"] = [note]
    return parameters


def _typed_twice(parameters: list[Resource]) -> list[Resource]:
    for parameter in parameters:
        if parameter["name"] == "MemberIdentifier":
            local = {"system": "https://payer.example.org/fhir/CodeSystem/numbers", "code": "member"}
            parameter["valueIdentifier"]["type"]["coding"].insert(0, local)
            parameter["valueIdentifier"]["type"]["text"] = "Member number"
    return parameters


def _claims_withheld(seed: Seed) -> Seed:
    """No member's records hold an ExplanationOfBenefit."""
    records = {
        member: tuple(resource for resource in found if resource["resourceType"] != "ExplanationOfBenefit")
        for member, found in seed.records.items()
    }
    return replace(seed, records=records)


def _wrong_person(seed: Seed) -> Seed:
    """The enrolment of the first member leads to the second member's file."""
    crossed = {**seed.members[FIRST], "record": SECOND}
    return replace(seed, members={**seed.members, FIRST: crossed})


def _neighbour(seed: Seed) -> Seed:
    """The first member's records hold two of the second member's."""
    strays = tuple(
        resource for resource in seed.records[SECOND] if resource["resourceType"] in ("Condition", "Encounter")
    )
    return replace(seed, records={**seed.records, FIRST: (*seed.records[FIRST], *strays)})


def _subscriber(seed: Seed) -> Seed:
    """The first member is insured through the second: the coverage refers to, and a RelatedPerson names, another."""
    second = seed.members[SECOND]
    spouse: Resource = {
        "resourceType": "RelatedPerson",
        "id": "subscriber-of-first",
        "meta": {"lastUpdated": people.UPDATED},
        "active": True,
        "patient": {"reference": f"Patient/{FIRST}"},
        "relationship": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode", "code": "SPS"}]}],
        "name": [{"family": second["family"], "given": list(second["given"])}],
        "birthDate": second["birth_date"],
    }
    insured = {**seed.members[FIRST], "subscriber": SECOND, "relationship": "spouse"}
    return replace(
        seed,
        members={**seed.members, FIRST: insured},
        records={**seed.records, FIRST: (*seed.records[FIRST], spouse)},
    )


def _without_total(bundle: Resource) -> None:
    """A searchset without its optional total, in the reverse order."""
    bundle.pop("total")
    bundle["entry"].reverse()


def _coded_otherwise(outcome: Resource) -> None:
    """A refusal whose issue is of another type and says what it says in diagnostics."""
    issue = outcome["issue"][0]
    outcome["issue"] = [{"severity": "error", "code": "business-rule", "diagnostics": issue["details"]["text"]}]


FAULTS: tuple[Fault, ...] = (
    Fault(
        "answers_match_with_html",
        "A successful member match is answered with a web page.",
        ("payer-to-payer.answers-are-fhir",),
        bend=Bend(MATCH, changes.to_html, changes.succeeded),
    ),
    Fault(
        "answers_everything_with_html",
        "The matched member's data are answered with a web page.",
        ("payer-to-payer.answers-are-fhir",),
        bend=Bend(EVERYTHING, changes.to_html, changes.succeeded),
    ),
    Fault(
        "declares_exchange_fhir_r5",
        "The capability statement of the exchange declares FHIR 5.0.0.",
        ("payer-to-payer.standards",),
        bend=Bend(METADATA, changes.to_fhir_r5, lambda call, _answer: call.version.startswith("hrex=")),
    ),
    Fault(
        "withholds_the_claims",
        "The data of a matched member lack claims and prior authorizations.",
        ("payer-to-payer.matched-data",),
        seed=_claims_withheld,
    ),
    Fault(
        "refuses_its_member",
        "A member who is on file is answered as if nobody matched.",
        ("payer-to-payer.one-match",),
        bend=Bend(MATCH, _refuses, changes.succeeded),
    ),
    Fault(
        "types_the_identifier_otherwise",
        "The member identifier is typed as a medical record number.",
        ("payer-to-payer.member-identifier",),
        bend=Bend(MATCH, _parameters(_typed_otherwise), changes.succeeded),
    ),
    Fault(
        "leaves_out_the_member_id",
        "A match answers no reference to the member's Patient.",
        ("payer-to-payer.member-id",),
        bend=Bend(MATCH, _parameters(_without_member_id), changes.succeeded),
        versions=("hrex=1.2.0",),
    ),
    Fault(
        "matches_the_wrong_member",
        "A match of the first member leads to the second member's file.",
        ("payer-to-payer.right-member",),
        seed=_wrong_person,
    ),
    Fault(
        "answers_200_for_nobody",
        "A match of a person who is not on file is answered 200, with an empty Parameters.",
        ("payer-to-payer.no-match",),
        bend=Bend(MATCH, _welcomes_nobody, _refused_as(exchange.NOT_FOUND)),
    ),
    Fault(
        "matches_two_members",
        "Where two members match, one of them is answered.",
        ("payer-to-payer.several-matches",),
        policies=changes.rule("exchange", first_of_several=True),
    ),
    Fault(
        "ignores_the_consent",
        "A match is answered whatever the consent says.",
        ("payer-to-payer.consent-refused",),
        policies=changes.rule("exchange", consent_checked=False),
    ),
    Fault(
        "refuses_silently",
        "A refused match has no body.",
        ("payer-to-payer.refusal-outcome",),
        bend=Bend(MATCH, _says_nothing, _is_refusal),
    ),
    Fault(
        "names_the_candidates",
        "A refusal names the members that it could not tell apart.",
        ("payer-to-payer.refusal-reveals-nothing",),
        bend=Bend(MATCH, changes.resource(_names_candidates), _refused_as(exchange.SEVERAL)),
    ),
    Fault(
        "mixes_in_a_neighbour",
        "The first member's data hold a condition and an encounter of the second member.",
        ("payer-to-payer.only-the-matched-member",),
        seed=_neighbour,
    ),
    Fault(
        "gives_everything_without_a_token",
        "Match and data are given to anybody.",
        ("payer-to-payer.no-token-no-data",),
        policies=changes.rule("exchange", open=True),
    ),
)
VARIANTS: tuple[Variant, ...] = (
    Variant(
        "mentions_the_subscriber",
        "The first member is insured through the second, whom the coverage and a RelatedPerson mention.",
        seed=_subscriber,
    ),
    Variant(
        "match_not_found_without_a_token",
        "Without a token a member match answers 404.",
        bend=Bend(MATCH, changes.to_not_found, changes.unauthorized),
    ),
    Variant(
        "everything_not_found_without_a_token",
        "Without a token a member's data answer 404.",
        bend=Bend(EVERYTHING, changes.to_not_found, changes.unauthorized),
    ),
    Variant(
        "match_with_media_type_parameters",
        "The media type of a match carries parameters.",
        bend=Bend(MATCH, changes.with_media_type_parameters),
    ),
    Variant(
        "match_parameters_reordered",
        "A match answers its parameters in another order.",
        bend=Bend(MATCH, _parameters(lambda parameters: parameters[::-1]), changes.succeeded),
        versions=("hrex=1.2.0",),
    ),
    Variant(
        "match_with_unknown_extensions",
        "The member identifier carries an extension of the payer's own.",
        bend=Bend(MATCH, _parameters(_with_unknown_extension), changes.succeeded),
    ),
    Variant(
        "match_identifier_typed_twice",
        "The member identifier's type has a local code before the guide's.",
        bend=Bend(MATCH, _parameters(_typed_twice), changes.succeeded),
    ),
    Variant(
        "refusals_coded_otherwise",
        "A refused match speaks in diagnostics and uses another issue type.",
        bend=Bend(MATCH, changes.resource(_coded_otherwise), _is_refusal),
    ),
    Variant(
        "everything_without_a_total",
        "The data come in another order and without a total.",
        bend=Bend(EVERYTHING, changes.resource(_without_total), changes.succeeded),
    ),
)
