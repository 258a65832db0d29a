"""The member match and the matched member's data, in both versions of HRex, and each fault of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import httpx
import payer_client as pc
import pytest
from fhir.resources.R4B import get_fhir_model_class

from conformance.sandbox import app, exchange, seed
from conformance.sandbox.clock import Clock
from conformance.sandbox.faults import exchange as bends
from conformance.sandbox.frame import Call, Seed
from conformance.sandbox.serve import CLIENT_ID, SCOPES, Running, serve
from conformance.sandbox.store import Overlay, Payer

VERSIONS = ("hrex=1.0.0", "hrex=1.2.0")
TYPES = {
    "hrex=1.0.0": ("http://terminology.hl7.org/CodeSystem/v2-0203", "MB"),
    "hrex=1.2.0": ("http://hl7.org/fhir/us/davinci-hrex/CodeSystem/hrex-temp", "UMB"),
}
KINDS = {"Patient", "Coverage", "ExplanationOfBenefit", "Condition", "Encounter", "Organization", "Practitioner"}
MONEY = {"amount", "net", "unitPrice", "total", "payment", "benefitBalance"}


@dataclass(frozen=True)
class Talk:
    """One client's conversation with one version of the exchange."""

    running: Running
    http: httpx.Client
    version: str
    headers: dict[str, str]

    def post(self, body: Any, headers: dict[str, str] | None = None) -> httpx.Response:
        own = self.headers if headers is None else headers
        url = f"{self.running.bases[self.version]}/Patient/$member-match"
        return self.http.post(url, json=body, headers={**own, "content-type": "application/fhir+json"})

    def match(self, member: str, **changes: Any) -> httpx.Response:
        facts = pc.target(self.running)["members"][member]
        return self.post(pc.match_request(self.running, facts, **changes))

    def get(self, path: str, headers: dict[str, str] | None = None, **params: str) -> httpx.Response:
        own = self.headers if headers is None else headers
        return self.http.get(f"{self.running.bases[self.version]}/{path}", params=params, headers=own)

    def refused_consents(self) -> list[httpx.Response]:
        """Matches of the first member with consents that cannot be complied with: ended, sensitive, for another."""
        ended = pc.provision(self.running, period=pc.period(self.running, -60, -1))
        other = pc.provision(self.running)
        other["actor"][0]["reference"] = {"identifier": pc.OTHER_PAYER}
        policy = "http://hl7.org/fhir/us/davinci-hrex/StructureDefinition-hrex-consent.html#sensitive"
        return [
            self.match("first", consent={"provision": ended}),
            self.match("first", consent={"policy": [{"uri": policy}]}),
            self.match("first", consent={"provision": other}),
        ]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serve(directory=tmp_path_factory.mktemp("exchange"), tls=False) as payer:
        yield payer


@pytest.fixture(scope="module")
def http(running: Running) -> Iterator[httpx.Client]:
    with pc.connected(running) as client:
        yield client


@pytest.fixture(params=VERSIONS)
def talk(request: pytest.FixtureRequest, running: Running, http: httpx.Client) -> Talk:
    running.become()
    return Talk(running, http, request.param, pc.token(running, http))


def _resources(bundle: dict[str, Any]) -> list[dict[str, Any]]:
    return [entry["resource"] for entry in bundle["entry"]]


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("reference"), str):
            yield value["reference"]
        for entry in value.values():
            yield from _references(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from _references(entry)


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
        for entry in value.values():
            yield from _keys(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from _keys(entry)


def test_one_member_matches(talk: Talk) -> None:
    answer = talk.match("first")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/fhir+json"
    get_fhir_model_class("Parameters").model_validate(answer.json())
    parameters = {one["name"]: one for one in answer.json()["parameter"]}
    identifier = parameters["MemberIdentifier"]["valueIdentifier"]
    coding = identifier["type"]["coding"][0]
    assert (coding["system"], coding["code"]) == TYPES[talk.version]
    assert identifier["value"] == "MBR-1001"
    assert ("MemberId" in parameters) == (talk.version == "hrex=1.2.0")
    if "MemberId" in parameters:
        assert parameters["MemberId"]["valueReference"] == {"reference": "Patient/first"}


@pytest.mark.parametrize("member", ["second", "dependent"])
def test_members_of_one_subscriber_are_told_apart(talk: Talk, member: str) -> None:
    value = talk.match(member).json()["parameter"][0]["valueIdentifier"]["value"]

    assert value == pc.target(talk.running)["members"][member]["member_id"]


@pytest.mark.parametrize(
    ("member", "words"), [("nobody", "No member matches"), ("twin", "More than one member matches")]
)
def test_none_and_several_are_refused(talk: Talk, member: str, words: str) -> None:
    answer = talk.match(member)

    assert answer.status_code == 422
    assert answer.json()["resourceType"] == "OperationOutcome"
    assert words in answer.json()["issue"][0]["details"]["text"]


def test_a_twin_is_found_by_the_member_number(talk: Talk) -> None:
    twin = {
        **pc.target(talk.running)["members"]["twin"],
        "member_id": "MBR-1005",
        "identifier_system": "https://payer.example.org/members",
    }

    answer = talk.post(pc.match_request(talk.running, twin))

    assert answer.json()["parameter"][0]["valueIdentifier"]["value"] == "MBR-1005"


@pytest.mark.parametrize(
    "changes",
    [
        {"birth_date": "1951-04-18"},
        {"family": "Ashgrave"},
        {"given": ["Lin", "Marta"]},
        {"gender": "male"},
        {"member_id": "MBR-1002", "subscriber_id": "SUB-1002"},
    ],
)
def test_a_near_miss_does_not_match(talk: Talk, changes: dict[str, Any]) -> None:
    facts = {**pc.target(talk.running)["members"]["first"], **changes}

    assert talk.post(pc.match_request(talk.running, facts)).status_code == 422


def test_whoever_guesses_is_locked_out_for_a_while(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {**pc.target(talk.running)["members"]["first"], "birth_date": "1951-04-18"}
    again = [talk.post(pc.match_request(talk.running, wrong)) for _ in range(exchange.MISSES + 1)]
    born = [f"1951-05-{day:02}" for day in range(1, exchange.MISSES + 1)]
    guesses = [talk.post(pc.match_request(talk.running, {**wrong, "birth_date": each})) for each in born]

    assert {each.status_code for each in again} == {422}, "the same again is no other guess"
    assert [each.status_code for each in guesses] == [422] * (exchange.MISSES - 1) + [429]
    assert talk.match("first").status_code == 429, "the right answer too, or guessing would still tell"
    assert guesses[-1].headers["retry-after"] == "180"
    monkeypatch.setattr(exchange, "LOCKED", 0.0)
    assert talk.match("first").status_code == 200


def test_demographics_alone_find_a_member_who_has_no_twin(talk: Talk) -> None:
    request = pc.match_request(talk.running, pc.target(talk.running)["members"]["first"])
    for parameter in request["parameter"][:2]:
        parameter["resource"].pop("identifier")
        parameter["resource"].pop("subscriberId", None)

    assert talk.post(request).status_code == 200


def test_a_consent_that_cannot_be_complied_with_is_refused_and_names_nobody(talk: Talk) -> None:
    for answer in talk.refused_consents():
        assert answer.status_code == 422
        assert answer.json()["resourceType"] == "OperationOutcome"
        assert "consent cannot be complied with" in answer.text
        assert "MBR-1001" not in answer.text
    assert talk.get("Patient/first").status_code == 403


def test_more_consents_that_cannot_be_complied_with(talk: Talk) -> None:
    running = talk.running
    future = pc.provision(running, period=pc.period(running, 2, 30))
    nobody = pc.provision(running)
    nobody["actor"] = nobody["actor"][:1]
    consents: list[dict[str, Any]] = [
        {"status": "inactive"},
        {"provision": future},
        {"provision": nobody},
        {"provision": pc.provision(running, type="deny")},
        {"provision": {}},
        {"policy": []},
    ]
    for consent in consents:
        assert talk.match("first", consent=consent).status_code == 422, consent


def test_a_consent_names_the_payer_in_other_ways(talk: Talk) -> None:
    contained, named = pc.provision(talk.running), pc.provision(talk.running)
    payer = pc.target(talk.running)["payer"]
    contained["actor"][0]["reference"] = {"reference": "#payer"}
    organization = {"resourceType": "Organization", "id": "payer", "identifier": [payer["identifier"]]}
    named["actor"][0]["reference"] = {"display": payer["name"]}
    today = talk.running.clock.today().isoformat()
    last_day = pc.provision(talk.running, period={"start": today[:4], "end": today})

    assert talk.match("first", consent={"provision": contained, "contained": [organization]}).status_code == 200
    assert talk.match("first", consent={"provision": named}).status_code == 200
    assert talk.match("first", consent={"provision": last_day}).status_code == 200


def test_a_consent_is_required_in_the_first_version_only(talk: Talk) -> None:
    answer = talk.match("first", consented=False)

    assert answer.status_code == (400 if talk.version == "hrex=1.0.0" else 200)


@pytest.mark.parametrize(
    "body",
    [
        [],
        {"resourceType": "Bundle"},
        {"resourceType": "Parameters"},
        {"resourceType": "Parameters", "parameter": [{"name": "MemberPatient"}]},
        {"resourceType": "Parameters", "parameter": [{"name": "MemberPatient", "resource": {"resourceType": "Group"}}]},
        {"resourceType": "Parameters", "parameter": "x"},
        {"resourceType": "Parameters", "parameter": 7},
    ],
)
def test_what_is_no_match_request_is_refused(talk: Talk, body: Any) -> None:
    answer = talk.post(body)

    assert answer.status_code == 400
    assert len(answer.json()["issue"]) == 1


def test_strange_elements_are_refused_or_do_not_match(talk: Talk) -> None:
    strange: list[dict[str, Any]] = [
        {"name": "Ashgrove"},
        {"name": [{"family": 7, "given": "Marta"}]},
        {"name": [{"given": [7]}]},
        {"identifier": "MBR-1001"},
        {"birthDate": ["1951-04-17"]},
    ]
    for elements in strange:
        request = pc.match_request(talk.running, pc.target(talk.running)["members"]["first"])
        request["parameter"][0]["resource"].update(elements)
        assert talk.post(request).status_code in (200, 400, 422), elements


def test_nothing_is_given_before_a_match(talk: Talk) -> None:
    assert talk.get("Patient/first/$everything").status_code == 403
    assert talk.get("Patient/first").status_code == 403
    assert talk.get("Patient/nobody").status_code == 403
    assert talk.get("Patient", identifier="MBR-1001").json()["total"] == 0


def test_a_matched_member_is_found_by_identifier_and_read(talk: Talk) -> None:
    talk.match("first")

    found = talk.get("Patient", identifier="https://payer.example.org/members|MBR-1001").json()

    assert [one["id"] for one in _resources(found)] == ["first"]
    assert talk.get("Patient", identifier="MBR-1002").json()["total"] == 0
    assert talk.get("Patient", _id="first").json()["total"] == 1
    assert talk.get("Patient/first").json() == _resources(found)[0]
    assert talk.get("Patient/second").status_code == 403


def test_a_matched_members_records_are_searched_by_type(talk: Talk) -> None:
    assert talk.get("Condition", patient="first").status_code == 403
    talk.match("first")

    for kind in exchange.RECORDS:
        found = _resources(talk.get(kind, patient="Patient/first").json())
        assert {one["resourceType"] for one in found} == {kind}
    assert talk.get("Condition", patient="second").status_code == 403
    assert talk.get("Condition").status_code == 400
    assert talk.get("Condition", code="x", patient="first").status_code == 400


def test_patients_are_searched_by_identifier_only(talk: Talk) -> None:
    assert talk.get("Patient", name="Ashgrove").status_code == 400
    assert talk.get("Patient").status_code == 400


@pytest.mark.parametrize("member", ["first", "second", "dependent"])
def test_everything_of_a_member_is_valid_whole_and_of_nobody_else(talk: Talk, member: str) -> None:
    talk.match(member)

    bundle = talk.get(f"Patient/{member}/$everything").json()

    get_fhir_model_class("Bundle").model_validate(bundle)
    resources = _resources(bundle)
    here = {f"{one['resourceType']}/{one['id']}" for one in resources}
    assert {one["resourceType"] for one in resources} >= KINDS
    assert bundle["total"] == len(resources) == len(here)
    assert [entry["fullUrl"] for entry in bundle["entry"]] == [
        f"{talk.running.bases[talk.version]}/{one['resourceType']}/{one['id']}" for one in resources
    ]
    for one in resources:
        get_fhir_model_class(one["resourceType"]).model_validate(one)
        for reference in _references(one):
            is_subscriber = member == "dependent" and reference == "Patient/second"
            assert reference in here or is_subscriber, reference


def test_the_dependent_names_the_subscriber(talk: Talk) -> None:
    talk.match("dependent")

    resources = _resources(talk.get("Patient/dependent/$everything").json())

    assert [one["subscriber"] for one in resources if one["resourceType"] == "Coverage"] == [
        {"reference": "Patient/second"}
    ]
    assert [one["name"][0]["given"] for one in resources if one["resourceType"] == "RelatedPerson"] == [["Daniel"]]


def test_claims_say_no_amounts(talk: Talk) -> None:
    talk.match("first")

    benefits = [
        one
        for one in _resources(talk.get("Patient/first/$everything").json())
        if one["resourceType"] == "ExplanationOfBenefit"
    ]

    assert {one["use"] for one in benefits} == {"claim", "preauthorization"}
    assert not MONEY & set(_keys(benefits))


def test_everything_is_narrowed_by_type_and_time(talk: Talk) -> None:
    talk.match("first")
    path = "Patient/first/$everything"
    stamp = talk.get(path, _type="Condition").json()["entry"][0]["resource"]["meta"]["lastUpdated"]

    conditions = _resources(talk.get(path, _type="Condition,Encounter").json())
    since = _resources(talk.get(path, _since=stamp).json())

    assert {one["resourceType"] for one in conditions} == {"Condition", "Encounter"}
    assert {one["meta"]["lastUpdated"] >= stamp for one in since} == {True}
    assert len(since) < talk.get(path).json()["total"]
    assert talk.get(path, _since="yesterday").status_code == 400
    assert talk.get(path, _since="2026-01-01").status_code == 400


def test_a_match_is_the_clients_own(talk: Talk) -> None:
    """Another registered client does not see the member that the first client matched."""
    keys = talk.running.policies.trust["clients"][CLIENT_ID]["keys"]
    clients = {name: {"keys": keys, "scopes": list(SCOPES)} for name in (CLIENT_ID, "another")}
    policies = talk.running.policies.changed("trust", clients=clients)
    talk.running.mount(app.build(seed.load(talk.running.clock.today()), talk.running.clock, policies))
    claims = pc.claims(talk.running, iss="another", sub="another")
    other = pc.ask_token(talk.running, talk.http, pc.sign(claims, pc.own_key(talk.running))).json()
    mine = replace(talk, headers=pc.token(talk.running, talk.http))

    mine.match("first")

    assert mine.get("Patient/first").status_code == 200
    theirs = {"authorization": f"Bearer {other['access_token']}"}
    assert mine.get("Patient/first", headers=theirs).status_code == 403


def test_a_match_needs_no_coverage_in_force() -> None:
    """A member who has left is who payer-to-payer is for."""
    known = seed.load(Clock().today())
    payer = Payer(known, Overlay(), seed.policies(), Clock())
    gone = known.members["ended"]
    patient = {"name": [{"family": gone["family"], "given": gone["given"]}], "birthDate": gone["birth_date"]}

    assert exchange.candidates(patient, {"subscriberId": "SUB-1006"}, payer) == [gone]


def test_a_request_shaped_as_the_guides_example_matches_who_is_on_file() -> None:
    from_example = {
        "id": "1",
        "identifier": {"system": "http://example.org/target-payer/identifiers/member", "value": "55678"},
        "subscriber_id": "1",
        "family": "Person",
        "given": ["Patricia", "Ann"],
        "birth_date": "1974-12-25",
        "gender": "female",
    }
    person = {
        "resourceType": "Patient",
        "id": "1",
        "identifier": [{"system": "http://example.org/old-payer/identifiers/member", "value": "55678"}],
        "name": [{"use": "official", "family": "Person", "given": ["Patricia", "Ann"]}],
        "gender": "female",
        "birthDate": "1974-12-25",
    }
    coverage = {"resourceType": "Coverage", "id": "9876B1", "identifier": [{"value": "DH10001235"}]}
    body = {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "MemberPatient", "resource": person},
            {"name": "CoverageToMatch", "resource": coverage},
            {"name": "Consent", "resource": {"resourceType": "Consent"}},
        ],
    }
    policies = seed.policies().changed("exchange", consent_checked=False)
    payer = Payer(Seed(members={"1": from_example}), Overlay(), policies, Clock())
    call = Call("", "hrex=1.0.0", "POST", "Patient/$member-match", body=json.dumps(body).encode())

    answer = exchange.member_match(call, payer).resource()

    assert answer["parameter"][0]["valueIdentifier"]["value"] == "55678"


def _judged(talk: Talk) -> dict[str, bool]:
    """What holds of the exchange, by requirement, in the plainest reading; later ones need earlier ones to hold."""
    one = talk.match("first")
    none, several, consents = talk.match("nobody"), talk.match("twin"), talk.refused_consents()
    refusals = [answer for answer in (none, several, *consents) if answer.status_code == 422]
    strangers = [
        talk.post(pc.match_request(talk.running, pc.target(talk.running)["members"]["first"]), headers={}),
        talk.get("Patient", headers={}, identifier="MBR-1001"),
        talk.get("Patient/first/$everything", headers={}),
    ]
    kept = {
        "answers-are-fhir": "html" not in one.headers["content-type"],
        "standards": talk.get("metadata").json()["fhirVersion"] == "4.0.1",
        "no-match": none.status_code == 422,
        "several-matches": several.status_code == 422,
        "consent-refused": {(each.status_code, "MemberId" in each.text) for each in consents} == {(422, False)},
        "refusal-outcome": all("OperationOutcome" in answer.text for answer in refusals),
        "refusal-reveals-nothing": not any(
            word in f"{answer.headers} {answer.text}"
            for answer in refusals
            for word in ("contained", "MBR-", "Patient/", "Daniel")
        ),
        "no-token-no-data": {answer.status_code for answer in strangers} <= {401, 403, 404, 501},
    }
    if not kept["answers-are-fhir"]:
        return kept
    matched = one.status_code == 200
    kept["one-match"] = matched and one.text.count('"MemberId"') <= 1
    return {**kept, **_judged_match(talk, one)} if matched else kept


def _judged_match(talk: Talk, one: httpx.Response) -> dict[str, bool]:
    parameters = {entry["name"]: entry for entry in one.json()["parameter"]}
    identifier = parameters["MemberIdentifier"]["valueIdentifier"]
    types = {(coding["system"], coding["code"]) for coding in identifier["type"]["coding"]}
    person = _resources(talk.get("Patient", identifier=identifier["value"]).json())[0]
    kept = {
        "member-identifier": TYPES[talk.version] in types,
        "member-id": talk.version == "hrex=1.0.0" or "MemberId" in parameters,
        "right-member": person["name"][0]["family"] == "Ashgrove",
    }
    resources = _all_of(talk, person["id"])
    if resources is None:
        return {**kept, "answers-are-fhir": False}
    subjects = {one[key]["reference"] for one in resources for key in ("subject", "patient") if key in one}
    subjects = {subject for subject in subjects if not subject.startswith("https://earlier.example.org/")}
    return {
        **kept,
        "matched-data": {one["resourceType"] for one in resources} >= set(exchange.RECORDS) - {"DocumentReference"},
        "only-the-matched-member": subjects <= {f"Patient/{person['id']}"},
    }


def _all_of(talk: Talk, member: str) -> list[dict[str, Any]] | None:
    """The member's records, from $everything (its second page too) or by a search each; None for a web page."""
    answer = talk.get(f"Patient/{member}/$everything")
    if answer.status_code in (403, 404, 501):
        bundles = [talk.get(kind, patient=member).json() for kind in exchange.RECORDS]
        return [one for bundle in bundles for one in _resources(bundle)]
    if "html" in answer.headers["content-type"]:
        return None
    resources = _resources(answer.json())
    following = [link["url"] for link in answer.json()["link"] if link["relation"] == "next"]
    if following and "://" not in following[0]:
        resources += _resources(talk.get(f"Patient/{member}/$everything", page="2").json())
    return resources


# What the plainest reading here says nothing of is left to the kill matrix.
MATRIX_ONLY = {"payer-to-payer.near-miss", "payer-to-payer.coverage-to-link", "payer-to-payer.probing"}
NOT_READ = {"takes_consents_for_anybody", "does_not_know_member_match"}
PLAIN = [one for one in bends.FAULTS if not MATRIX_ONLY & set(one.breaks) and one.name not in NOT_READ]
JUDGED = {
    f"payer-to-payer.{what}"
    for what in [
        "answers-are-fhir",
        "standards",
        "no-match",
        "several-matches",
        "consent-refused",
        "refusal-outcome",
        "refusal-reveals-nothing",
        "no-token-no-data",
        "one-match",
        "member-identifier",
        "member-id",
        "right-member",
        "matched-data",
        "only-the-matched-member",
    ]
}
NAMES = ["", *(fault.name for fault in PLAIN), *(variant.name for variant in bends.VARIANTS)]


@pytest.mark.parametrize("name", NAMES)
def test_a_fault_breaks_what_it_names_and_a_variant_nothing(talk: Talk, name: str) -> None:
    known = {one.name: one for one in (*bends.FAULTS, *bends.VARIANTS)}
    if name and known[name].versions and talk.version not in known[name].versions:
        pytest.skip("this version has nothing to bend there")
    talk.running.become((name,) if name else ())
    fresh = replace(talk, headers=pc.token(talk.running, talk.http))
    breaks = getattr(known.get(name), "breaks", ())

    broken = {f"payer-to-payer.{what}" for what, held in _judged(fresh).items() if not held}

    assert broken == {each for each in breaks if each in JUDGED}
