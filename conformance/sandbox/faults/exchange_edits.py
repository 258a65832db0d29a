"""Changes of payer-to-payer answers and of what is held of members, for its faults and variants."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from conformance.sandbox import exchange, people
from conformance.sandbox.faults import changes
from conformance.sandbox.frame import Answer, Call, Resource, Seed
from conformance.sandbox.outcome import refusal

FIRST, SECOND = "first", "second"  # the seed's members of these ids
TWINS = ("twin-a", "twin-b")


def is_refusal(_call: Call, answer: Answer) -> bool:
    return answer.status == 422


def refused_as(code: str) -> Callable[[Call, Answer], bool]:
    """Holds for the refusals of a match that give ``code`` as their issue type."""
    return lambda _call, answer: answer.status == 422 and answer.resource()["issue"][0]["code"] == code


def at_payers_exchange(call: Call, _answer: Answer) -> bool:
    """Holds at the bases of payer-to-payer exchange."""
    return "/hrex/" in call.base_url or "/pdex/" in call.base_url


NEWER = ("pdex=2.1.0", "pdex=2.2.0")  # where $everything and searches are demanded


def at_pdex(call: Call, answer: Answer) -> bool:
    """Holds for what is given at the newer bases of PDex."""
    return answer.status == 200 and call.version in NEWER


def of_conditions(call: Call, answer: Answer) -> bool:
    """Holds for a search for conditions there."""
    return at_pdex(call, answer) and call.path == "Condition"


def elsewhere(call: Call, _answer: Answer) -> bool:
    """Holds where nobody demands $everything."""
    return call.version.startswith("hrex=")


def about_nobody(call: Call, answer: Answer) -> bool:
    """Holds for the refusals of a match of a person whose numbers nobody here has."""
    return refused_as(exchange.NOT_FOUND)(call, answer) and b"SUB-9999" in call.body


def links_without(element: str) -> Callable[[Call, Answer], bool]:
    """Holds where a match's coverage to be linked lacks an element."""
    return lambda call, answer: answer.status == 200 and element not in _to_link(call)


def links_with(element: str) -> Callable[[Call, Answer], bool]:
    """Holds where a match's coverage to be linked has an element."""
    return lambda call, answer: answer.status == 200 and element in _to_link(call)


def _to_link(call: Call) -> Resource:
    found = (each["resource"] for each in call.json()["parameter"] if each["name"] == "CoverageToLink")
    return next(found, {})


def refuses(_call: Call, _answer: Answer) -> Answer:
    return refusal(422, exchange.NOT_FOUND, "No member matches what was sent.")


def welcomes_nobody(_call: Call, _answer: Answer) -> Answer:
    return Answer(200, {"resourceType": "Parameters"})


def says_nothing(_call: Call, answer: Answer) -> Answer:
    return replace(answer, body=None)


def names_candidates(outcome: Resource) -> None:
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


def writes_ids(outcome: Resource) -> None:
    outcome["issue"][0]["diagnostics"] = "Patient/twin-a and Patient/twin-b answer this description."


def suggests(outcome: Resource) -> None:
    outcome["issue"][0]["diagnostics"] = "Did you mean Daniel Okonjo, born 1948-11-02?"


def suggests_in_a_header(_call: Call, answer: Answer) -> Answer:
    return replace(answer, headers={**answer.headers, "x-nearest": "MBR-1002"})


def refers_nevertheless(_call: Call, answer: Answer) -> Answer:
    """The refusal with a reference to the member whose consent was refused."""
    member = {"name": "MemberId", "valueReference": {"reference": f"Patient/{FIRST}"}}
    outcome = {"name": "outcome", "resource": answer.resource()}
    return answer.carrying({"resourceType": "Parameters", "parameter": [member, outcome]})


def with_transaction(outcome: Resource) -> None:
    """A refusal with a number of its own, by which the payer finds it in its log."""
    number = {"system": "https://payer.example.org/transactions", "value": "tx-00017"}
    outcome["extension"] = [{"url": "https://payer.example.org/fhir/transaction", "valueIdentifier": number}]


def forbids(_call: Call, _answer: Answer) -> Answer:
    return refusal(403, "forbidden", "No member of yours matches what was sent.")


def does_not_do(_call: Call, _answer: Answer) -> Answer:
    return refusal(501, "not-supported", "This operation is not implemented.")


def does_not_know(_call: Call, _answer: Answer) -> Answer:
    return refusal(400, "not-supported", "This server does not know how to handle this operation.")


def keeps_to_itself(_call: Call, _answer: Answer) -> Answer:
    return refusal(403, "forbidden", "This operation is for members themselves.")


FIRST_PAGE = 3  # entries


def paged(following: str) -> changes.Change:
    """The data on two pages; ``following`` is the link to the second, with {id} for the member."""

    def changed(call: Call, answer: Answer) -> Answer:
        bundle = answer.resource()
        if any(name == "page" for name, _ in call.query):
            bundle["entry"] = bundle["entry"][FIRST_PAGE:]
            return answer.carrying(bundle)
        bundle["entry"] = bundle["entry"][:FIRST_PAGE]
        bundle["link"].append({"relation": "next", "url": following.format(id=call.path.split("/")[1])})
        return answer.carrying(bundle)

    return changed


def own_patient(change: Callable[[Resource], object]) -> Callable[[Resource], None]:
    """``change`` done to the Patients of the data."""

    def changed(bundle: Resource) -> None:
        for entry in bundle["entry"]:
            if entry["resource"]["resourceType"] == "Patient":
                change(entry["resource"])

    return changed


def maiden(patient: Resource) -> None:
    patient["name"].insert(0, {"use": "maiden", "family": "Sorensen", "given": patient["name"][0]["given"]})


def hyphenated(patient: Resource) -> None:
    family = patient["name"][0]["family"]
    patient["name"][0]["family"] = f"{family[:3]}-{family[3:].capitalize()}"


def with_records(*more: Resource) -> changes.Change:
    """The data with further records of the payer's."""

    def changed(bundle: Resource) -> None:
        for one in more:
            url = f"https://payer.example.org/fhir/{one['resourceType']}/{one['id']}"
            bundle["entry"].append({"fullUrl": url, "resource": one, "search": {"mode": "match"}})
        bundle["total"] = len(bundle["entry"])

    return changes.resource(changed)


EARLIER: Resource = {
    "resourceType": "Condition",
    "id": "from-an-earlier-payer",
    "category": [{"text": "Problem"}],
    "subject": {"reference": "https://earlier.example.org/fhir/Patient/77"},
    "code": {"text": "Hypertension"},
}
LETTER: Resource = {
    "resourceType": "QuestionnaireResponse",
    "id": "letter",
    "status": "completed",
    "item": [{"linkId": "1", "text": "Letter"}],
}


def parameters(change: Callable[[list[Resource]], list[Resource]]) -> changes.Change:
    return changes.resource(lambda found: found.update(parameter=change(found["parameter"])))


def typed_otherwise(parameters: list[Resource]) -> list[Resource]:
    for parameter in parameters:
        if parameter["name"] == "MemberIdentifier":
            coding = {"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR"}
            parameter["valueIdentifier"]["type"] = {"coding": [coding]}
    return parameters


def without_member_id(parameters: list[Resource]) -> list[Resource]:
    return [parameter for parameter in parameters if parameter["name"] != "MemberId"]


def with_second_member_id(parameters: list[Resource]) -> list[Resource]:
    more = [
        {**each, "valueReference": {"reference": "Patient/second"}} for each in parameters if each["name"] == "MemberId"
    ]
    return [*parameters, *more]


def with_unknown_extension(parameters: list[Resource]) -> list[Resource]:
    for parameter in parameters:
        if parameter["name"] == "MemberIdentifier":
            note = {"url": "https://payer.example.org/fhir/StructureDefinition/card-colour", "valueString": "blue"}
            parameter["valueIdentifier"]["extension"] = [note]
    return parameters


def typed_twice(parameters: list[Resource]) -> list[Resource]:
    for parameter in parameters:
        if parameter["name"] == "MemberIdentifier":
            local = {"system": "https://payer.example.org/fhir/CodeSystem/numbers", "code": "member"}
            parameter["valueIdentifier"]["type"]["coding"].insert(0, local)
            parameter["valueIdentifier"]["type"]["text"] = "Member number"
    return parameters


def wrong_person(seed: Seed) -> Seed:
    """The enrolment of the first member leads to the second member's file."""
    crossed = {**seed.members[FIRST], "record": SECOND}
    return replace(seed, members={**seed.members, FIRST: crossed})


def neighbour(seed: Seed) -> Seed:
    """The first member's records hold two of the second member's."""
    strays = tuple(
        resource for resource in seed.records[SECOND] if resource["resourceType"] in ("Condition", "Encounter")
    )
    return replace(seed, records={**seed.records, FIRST: (*seed.records[FIRST], *strays)})


def subscriber(seed: Seed) -> Seed:
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


def without_total(bundle: Resource) -> None:
    """A searchset without its optional total, in the reverse order."""
    bundle.pop("total")
    bundle["entry"].reverse()


def coded_otherwise(outcome: Resource) -> None:
    """A refusal whose issue is of another type and says what it says in diagnostics."""
    issue = outcome["issue"][0]
    outcome["issue"] = [{"severity": "error", "code": "business-rule", "diagnostics": issue["details"]["text"]}]
