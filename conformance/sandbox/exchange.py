"""Payer-to-payer: the member match of HRex 1.0.0, 1.1.0 and 1.2.0, and what a matched member's data are.

A client sees only the members that it matched before, and of the others not even that they exist.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from conformance.sandbox import consent, people, trust
from conformance.sandbox.frame import Answer, Call, Resource
from conformance.sandbox.outcome import refusal
from conformance.sandbox.search import names
from conformance.sandbox.shape import objects, one_object, text, texts
from conformance.sandbox.store import Payer

NOT_FOUND, SEVERAL, CONSENT = "not-found", "multiple-matches", "suppressed"  # issue types of the three refusals
# PDex 2.0.0 builds on HRex 1.0.0: the answer is the member number alone, and a consent is wanted.
OLD = ("hrex=1.0.0", "pdex=2.0.0")
MISSES, LOCKED = 5, 180.0  # different guesses at one number that lock it, and the seconds that each of them counts
SEARCHES = ("identifier", "_id", "_format")
RECORDS = ("Condition", "Coverage", "DocumentReference", "Encounter", "ExplanationOfBenefit")  # searched by patient


def member_match(call: Call, payer: Payer) -> Answer:
    """Patient/$member-match: 200 with one member, 422 for none, several or a consent that cannot be complied with."""
    try:
        given = _parameters(call)
    except ValueError as error:
        return refusal(400, "invalid", f"The body is no member match request: {error}")
    missing = [name for name in _required(call.version, payer) if name not in given]
    if missing:
        return refusal(400, "required", f"The parameter {missing[0]} is missing.", expression="Parameters.parameter")
    rules = payer.policies.exchange
    if _is_probing(call, given, payer):
        headers = {"retry-after": f"{LOCKED:.0f}"}
        return refusal(429, "throttled", "Too many matches of this kind have failed.", headers=headers)
    found = candidates(given["MemberPatient"], given["CoverageToMatch"], payer)
    if not found:
        _miss(call, given, payer)
        return refusal(422, NOT_FOUND, "No member matches what was sent.")
    if len(found) > 1 and not rules.get("first_of_several"):
        return refusal(422, SEVERAL, "More than one member matches what was sent.")
    if rules.get("consent_checked", True) and "Consent" in given:
        objection = consent.objection(given["Consent"], payer.clock.now(), recipient(call, payer))
        if objection:
            return refusal(422, CONSENT, f"The consent cannot be complied with. {objection}")
    member = payer.seed.members[found[0].get("record", found[0]["id"])]
    _remember(call, payer, member["id"])
    return Answer(200, _match_answer(call.version, member))


def candidates(patient: Resource, coverage: Resource, payer: Payer) -> list[Mapping[str, Any]]:
    """The members whose name, birth date and, where sent, gender and numbers are those that were sent.

    A number that names one member alone (the member number) decides between several; numbers that none of them has
    leave nobody.
    """
    numbers = _numbers(patient, coverage)
    by_subscriber = [member for member in payer.seed.members.values() if member["subscriber_id"] in numbers]
    if payer.policies.exchange.get("number_suffices") and len(by_subscriber) == 1:
        return list(by_subscriber)
    found = [member for member in payer.seed.members.values() if _is_person(patient, member)]
    if not numbers:
        return found
    by_member_number = [member for member in found if member["identifier"]["value"] in numbers]
    return by_member_number or [member for member in found if member["subscriber_id"] in numbers]


def search(call: Call, payer: Payer) -> Answer:
    """Patient?identifier=[system|]value or ?_id=: the members among those that this client matched."""
    unknown = [name for name, _ in call.query if name not in SEARCHES]
    if unknown:
        return refusal(400, "not-supported", f"Patients are not searched by {unknown[0]}.")
    asked = [(name, value) for name, value in call.query if name != "_format"]
    if not asked:
        return refusal(400, "required", "A search for patients needs an identifier.")
    visible = [member for key, member in payer.seed.members.items() if may_see(call, payer, key)]
    found = [member for member in visible if all(_fits(member, name, value) for name, value in asked)]
    return Answer(200, searchset(call, payer, [people.patient(member) for member in found]))


def read(call: Call, payer: Payer) -> Answer:
    """Patient/{id}: the member, 403 where this client has not matched that id."""
    member = call.path.split("/")[1]
    if not may_see(call, payer, member):
        return _hidden()
    return Answer(200, people.patient(payer.seed.members[member]))


def everything(call: Call, payer: Payer) -> Answer:
    """Patient/{id}/$everything: a searchset of the member and all records; _type and _since narrow it."""
    member = call.path.split("/")[1]
    if not may_see(call, payer, member):
        return _hidden()
    person = payer.seed.members[member]
    resources = [people.patient(person), people.coverage(person), people.organization()]
    resources += held(member, payer)
    query = dict(call.query)
    try:
        since = datetime.fromisoformat(query["_since"]) if "_since" in query else None
        kept = [
            resource
            for resource in resources
            if since is None or datetime.fromisoformat(resource["meta"]["lastUpdated"]) >= since
        ]
    except (ValueError, TypeError):  # no instant, or one without its zone
        return refusal(400, "invalid", "_since is no instant.")
    types = query["_type"].split(",") if query.get("_type") else None
    return Answer(200, searchset(call, payer, [one for one in kept if types is None or one["resourceType"] in types]))


def records(call: Call, payer: Payer) -> Answer:
    """{type}?patient=: a matched member's records of one type."""
    asked = dict(call.query)
    unknown = [name for name in asked if name not in ("patient", "_format")]
    if unknown or "patient" not in asked:
        return refusal(400, "not-supported", "Records are searched by their patient.")
    member = asked["patient"].removeprefix("Patient/")
    if not may_see(call, payer, member):
        return _hidden()
    found = [people.coverage(payer.seed.members[member]), *held(member, payer)]
    return Answer(200, searchset(call, payer, [one for one in found if one["resourceType"] == call.path]))


def held(member: str, payer: Payer) -> list[Resource]:
    """The records of a member that may leave this payer for another, or for a provider."""
    withheld = payer.policies.exchange.get("withholds", ())  # types, or what an ExplanationOfBenefit is used for
    kept = payer.seed.records.get(member, ())
    return [each for each in kept if each["resourceType"] not in withheld and each.get("use") not in withheld]


def may_see(call: Call, payer: Payer, member: str) -> bool:
    """Whether this call may see the member: its client matched it before (or the payer asks nobody who they are)."""
    if member not in payer.seed.members:
        return False
    grant = trust.granted(call, payer)
    if grant is None:
        return trust.is_open(payer.policies.exchange, call.operation)
    if payer.policies.exchange.get("gives_unmatched"):
        return True
    if payer.policies.exchange.get("matches_shared"):
        return any(member in each for each in payer.overlay.matches.values())
    return member in payer.overlay.matches.get(grant.client, set())


def recipient(call: Call, payer: Payer) -> str:
    """The NPI that a consent must name as the one that receives; "" where none must."""
    return trust.npi(call, payer) if payer.policies.exchange.get("recipients_checked", True) else ""


def _is_probing(call: Call, given: Mapping[str, Resource], payer: Payer) -> bool:
    """Whether this client failed too often of late to name the person behind the numbers that it sent."""
    allowed = payer.policies.exchange.get("misses_allowed", MISSES)
    counted = payer.clock.monotonic() - LOCKED
    failed = (payer.overlay.misses.get(key, {}) for key in _guessed(call, given, payer))
    return any(sum(when > counted for when in each.values()) >= allowed for each in failed)


def _miss(call: Call, given: Mapping[str, Resource], payer: Payer) -> None:
    """Notes a guess; who says the same again, as a run that is repeated does, guesses no more than before."""
    patient = given["MemberPatient"]
    guess = json.dumps([patient.get(each) for each in ("name", "birthDate", "gender")], sort_keys=True)
    with payer.overlay.lock:
        for key in _guessed(call, given, payer):
            payer.overlay.misses.setdefault(key, {})[guess] = payer.clock.monotonic()


def _guessed(call: Call, given: Mapping[str, Resource], payer: Payer) -> list[tuple[str, str, str]]:
    """Client, version and each number that was sent: whose demographics are being guessed."""
    grant = trust.granted(call, payer)
    numbers = _numbers(given["MemberPatient"], given["CoverageToMatch"])
    return [(grant.client if grant else "", call.version, number) for number in numbers]


def _remember(call: Call, payer: Payer, member: str) -> None:
    grant = trust.granted(call, payer)
    if grant is not None:
        with payer.overlay.lock:
            payer.overlay.matches.setdefault(grant.client, set()).add(member)


def _required(version: str, payer: Payer) -> tuple[str, ...]:
    consented = ("Consent",) if version in OLD and payer.policies.exchange.get("consent_wanted", True) else ()
    return ("MemberPatient", "CoverageToMatch", *consented)


def _parameters(call: Call) -> dict[str, Resource]:
    """The request's parameters by name; ValueError where the body is no Parameters of resources, each once."""
    body = call.json()
    if not isinstance(body, dict) or body.get("resourceType") != "Parameters":
        raise ValueError("it is no Parameters")
    types = {"MemberPatient": "Patient", "CoverageToMatch": "Coverage", "CoverageToLink": "Coverage"}
    given: dict[str, Resource] = {}
    for parameter in objects(body.get("parameter")):
        name, resource = text(parameter.get("name")), one_object(parameter.get("resource"))
        if not resource or resource.get("resourceType") != types.get(name, name):
            raise ValueError(f"the parameter {name} holds the wrong resource")
        if name in given:
            raise ValueError(f"the parameter {name} is repeated")
        given[name] = resource
    return given


def _is_person(patient: Resource, member: Mapping[str, Any]) -> bool:
    """Whether family name, a first given name and birth date are the member's, and no other gender was sent."""
    if patient.get("birthDate") != member["birth_date"]:
        return False
    if patient.get("gender", member["gender"]) != member["gender"]:
        return False
    own = (member["family"].casefold(), [member["given"][0].casefold()])
    return any(
        (text(name.get("family")).casefold(), [given.casefold() for given in texts(name.get("given"))][:1]) == own
        for name in objects(patient.get("name"))
    )


def _numbers(patient: Resource, coverage: Resource) -> set[str]:
    """The member and subscriber numbers that were sent."""
    identifiers = objects(patient.get("identifier")) + objects(coverage.get("identifier"))
    found = [text(identifier.get("value")) for identifier in identifiers] + [text(coverage.get("subscriberId"))]
    return {number for number in found if number}


def _match_answer(version: str, member: Mapping[str, Any]) -> Resource:
    identifier = {
        "type": {"coding": [people.MEMBER_NUMBER if version in OLD else people.UNIQUE_MEMBER]},
        **member["identifier"],
        "assigner": {"display": people.PAYER_NAME},
    }
    parameters: list[Resource] = [{"name": "MemberIdentifier", "valueIdentifier": identifier}]
    if version not in OLD:
        parameters.append({"name": "MemberId", "valueReference": {"reference": f"Patient/{member['id']}"}})
    return {"resourceType": "Parameters", "parameter": parameters}


def _fits(member: Mapping[str, Any], name: str, value: str) -> bool:
    """Whether a member has one of the comma-separated identifiers (or ids)."""
    if name == "_id":
        return member["id"] in value.split(",")
    own = member["identifier"]
    return names(value, [(own["system"], own["value"])])


def searchset(call: Call, payer: Payer, resources: list[Resource]) -> Resource:
    """A searchset of these resources."""
    query = "&".join(f"{name}={value}" for name, value in call.query)
    found: Resource = {
        "resourceType": "Bundle",
        "id": payer.new_id(),
        "meta": {"lastUpdated": payer.clock.stamp()},
        "type": "searchset",
        "timestamp": payer.clock.stamp(),
        "total": len(resources),
        "link": [{"relation": "self", "url": f"{payer.base_url}/{call.path}" + (f"?{query}" if query else "")}],
        "entry": [
            {
                "fullUrl": f"{payer.base_url}/{resource['resourceType']}/{resource['id']}",
                "resource": resource,
                "search": {"mode": "match"},
            }
            for resource in resources
        ],
    }
    return {key: value for key, value in found.items() if value != []}  # FHIR knows no empty lists


def _hidden() -> Answer:
    return refusal(403, "forbidden", "Only the data of a member that this client has matched are given.")
