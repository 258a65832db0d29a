"""Request bodies: templates walked, facts in their places, missing ones named; requests broken on purpose."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.cases import body_of, broken, fill, invalid_requests, request_facts, template
from conformance.errors import NotTested, UsageError
from conformance.fhir import structure
from conformance.sandbox.frame import Call
from conformance.sandbox.prior_auth_request import Invalid, read
from conformance.target import Case, Member, Target

MEMBER = {
    "member_id": "MBR-1", "subscriber_id": "SUB-1", "identifier_system": "https://payer.example.org/members",
    "family": "Ashgrove", "given": ["Marta"], "birth_date": "1951-04-17", "gender": "female",
    "address": {"line": ["14 Quarry Lane"], "city": "Hartford", "state": "CT", "postal_code": "06103"},
}  # fmt: skip
SERVICE = {"system": "http://www.ama-assn.org/go/cpt", "code": "72148"}
DIAGNOSIS = {"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "M54.16"}
TARGET = Target(
    "Test",
    requester={"npi": "1397205844", "name": "Riverbend", "system_id": "riverbend-ehr"},
    payer={"identifier": {"system": "http://hl7.org/fhir/sid/us-npi", "value": "1649830274"}, "name": "Model"},
    members={"first": Member("first", MEMBER), "second": Member("second", {**MEMBER, "member_id": "MBR-2"})},
)
CASE = Case("prior-auth", "approved", {"service": SERVICE, "diagnosis": DIAGNOSIS, "quantity": 1})
CHANGE = "cases.prior-auth.approved"


def facts(case: Case = CASE, target: Target = TARGET) -> dict[str, Any]:
    return request_facts(target, case, sent="pc-1-approved-2.2.1", now="2027-02-01T12:00:00+00:00", stamp="2027-02-01")


def request(case: Case = CASE, target: Target = TARGET) -> dict[str, Any]:
    body: dict[str, Any] = body_of(case, "pas-request", facts(case, target), CHANGE)
    return body


def claim(body: dict[str, Any]) -> dict[str, Any]:
    first: dict[str, Any] = body["entry"][0]["resource"]
    return first


def walk(node: Any):
    yield node
    for each in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from walk(each)


# -- filling -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_template", "filled"),
    [
        ({"$fact": "a"}, 1),
        ({"x": {"$fact": "b.c"}}, {"x": "two"}),
        ({"x": {"$fact": "none", "$optional": True}, "y": 0}, {"y": 0}),
        ([{"$fact": "none", "$optional": True}, "kept"], ["kept"]),
        ({"x": [{"$fact": "none", "$optional": True}]}, None),
        ({"x": {"y": {"$fact": "empty", "$optional": True}}}, None),
        ({"x": {}}, {"x": {}}),
        ({"$if": "a", "$do": {"x": {"$fact": "a"}}}, {"x": 1}),
        ({"$if": "zero", "$do": {"x": 1}}, None),
        ({"$if": "none.deeper", "$do": {"x": 1}}, None),
        ([{"$if": "zero", "$do": 1}, {"$if": "a", "$do": 2}], [2]),
        ([{"$each": "list", "$do": {"n": {"$fact": "item.n"}, "a": {"$fact": "a"}}}],
         [{"n": 1, "a": 1}, {"n": 2, "a": 1}]),
        ([{"$each": "none", "$do": 1}, "kept"], ["kept"]),
        ([0, {"$each": "list", "$do": {"$fact": "item.n"}}, 3], [0, 1, 2, 3]),
        ({"$fact": "zero"}, 0),
        ({"$fact": "no"}, False),
        ("plain", "plain"),
        (None, None),
    ],
)  # fmt: skip
def test_facts_come_into_their_places(given_template, filled):
    known = {"a": 1, "b": {"c": "two"}, "empty": "", "zero": 0, "no": False, "list": [{"n": 1}, {"n": 2}]}

    assert fill(given_template, known) == filled


@pytest.mark.parametrize(
    ("fact", "change", "named"),
    [
        ("member.birth_date", CHANGE, "members.….birth_date"),
        ("requester.npi", CHANGE, "requester.npi"),
        ("payer.identifier.value", CHANGE, "payer.identifier.value"),
        ("diagnosis.code", CHANGE, "cases.prior-auth.approved.diagnosis.code"),
        ("item.service.code", CHANGE, "cases.prior-auth.approved.service.code"),
        ("item.service.code", "", "service.code"),
        ("diagnosis.code", "", "diagnosis.code"),
    ],
)
def test_a_missing_fact_names_the_key_to_change(fact, change, named):
    for nothing in ({}, {fact.split(".")[0]: None}, {fact.split(".")[0]: "no table"}):
        with pytest.raises(NotTested) as raised:
            fill({"x": [{"$fact": fact}]}, nothing, change)
        assert raised.value.change == named
        assert fact in raised.value.message


values = st.recursive(
    st.one_of(st.text(), st.integers(), st.booleans(), st.just({"$fact": "other"}), st.just({"$if": "a", "$do": "b"})),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=8,
)


@settings(deadline=None)
@given(values.filter(lambda value: value not in (None, "")))
def test_no_fact_breaks_out_of_its_place(value):
    filled = fill({"before": 1, "value": {"$fact": "it"}, "after": 2}, {"it": value, "other": "secret"})

    assert filled == {"before": 1, "value": value, "after": 2}
    assert json.loads(json.dumps(filled)) == json.loads(json.dumps({"before": 1, "value": value, "after": 2}))


def test_facts_are_copied_and_templates_stay_as_they_are():
    shared = {"line": ["14 Quarry Lane"]}
    before = copy.deepcopy(template("pas-request"))
    first = fill([{"$fact": "address"}, {"$fact": "address"}], {"address": shared})
    first[0]["line"].append("second floor")
    body = request()
    for node in walk(body):
        if isinstance(node, dict):
            node.clear()

    assert shared == {"line": ["14 Quarry Lane"]}
    assert first[1] == shared
    assert template("pas-request") == before


# -- requests ----------------------------------------------------------------------------------------------------------


def test_a_request_is_fhir_and_holds_no_instruction():
    body = request()

    assert structure(body) == ()
    assert not [key for node in walk(body) if isinstance(node, dict) for key in node if key.startswith("$")]
    assert claim(body)["identifier"][0]["value"] == "pc-1-approved-2.2.1"
    assert claim(body)["created"] == "2027-02-01T12:00:00+00:00"


def test_everything_a_request_refers_to_is_in_it():
    practitioner = {"npi": "1225183941", "family": "Halloran", "given": ["Imke"]}
    target = replace(TARGET, requester={**TARGET.requester, "practitioner": practitioner})
    for body in (request(), request(target=target)):
        there = {f"{each['resource']['resourceType']}/{each['resource']['id']}" for each in body["entry"]}
        told = {node["reference"] for node in walk(body) if isinstance(node, dict) and "reference" in node}
        assert told <= there
    assert "Practitioner/practitioner" in there


def test_an_urgent_case_says_so():
    urgent = replace(CASE, facts={**CASE.facts, "urgency": "expedited"})

    assert claim(request(urgent))["priority"]["coding"][0]["code"] == "stat"
    assert claim(request())["priority"]["coding"][0]["code"] == "normal"
    assert len(claim(request(urgent))["extension"]) > len(claim(request()).get("extension", []))


def test_items_are_numbered_and_traced():
    other = {"system": SERVICE["system"], "code": "E1399"}
    mixed = replace(
        CASE, facts={"diagnosis": DIAGNOSIS, "items": [{"service": SERVICE}, {"service": other, "quantity": 2}]}
    )
    items = claim(request(mixed))["item"]

    assert [each["sequence"] for each in items] == [1, 2]
    assert [each["productOrService"]["coding"][0]["code"] for each in items] == ["72148", "E1399"]
    assert "quantity" not in items[0]
    assert items[1]["quantity"]["value"] == 2
    traces = {
        extension["valueIdentifier"]["value"]
        for each in items
        for extension in each["extension"]
        if extension["url"].endswith("extension-itemTraceNumber")
    }
    assert traces == {"pc-1-approved-2.2.1-1", "pc-1-approved-2.2.1-2"}


def test_an_item_says_where_and_what_kind_of_service():
    given_items = [{"service": SERVICE}, {"service": SERVICE, "place": "22", "service_type": "2"}]
    items = claim(request(replace(CASE, facts={"diagnosis": DIAGNOSIS, "place": "12", "items": given_items})))["item"]

    assert [each["locationCodeableConcept"]["coding"][0]["code"] for each in items] == ["12", "22"]
    assert [each["category"]["coding"][0]["code"] for each in items] == ["1", "2"]
    assert claim(request())["item"][0]["locationCodeableConcept"]["coding"][0]["code"] == "11"


def test_a_case_names_its_member():
    assert "MBR-2" in json.dumps(request(replace(CASE, facts={**CASE.facts, "member": "second"})))
    assert "MBR-1" in json.dumps(request())
    with pytest.raises(NotTested) as raised:
        request(replace(CASE, facts={**CASE.facts, "member": "stranger"}))
    assert raised.value.change.startswith("members.")


@pytest.mark.parametrize(
    ("missing", "change"),
    [("service", f"{CHANGE}.service.system"), ("diagnosis", f"{CHANGE}.diagnosis.system")],
)
def test_a_case_without_its_facts_is_not_tested(missing, change):
    with pytest.raises(NotTested) as raised:
        request(replace(CASE, facts={key: value for key, value in CASE.facts.items() if key != missing}))

    assert raised.value.change == change


def test_a_body_of_the_testers_own_is_filled_too(tmp_path: Path):
    own = tmp_path / "mine.json"
    own.write_text(
        json.dumps({"resourceType": "Bundle", "id": {"$fact": "request.id"}, "who": {"$fact": "member.family"}})
    )

    assert request(replace(CASE, body=own)) == {
        "resourceType": "Bundle", "id": "pc-1-approved-2.2.1", "who": "Ashgrove",
    }  # fmt: skip


@pytest.mark.parametrize("content", [None, "{", "\udcff"])
def test_a_body_that_cannot_be_read_is_the_testers_mistake(tmp_path: Path, content: str | None):
    own = tmp_path / "mine.json"
    if content is not None:
        own.write_bytes(content.encode("utf-8", "surrogateescape"))

    with pytest.raises(UsageError) as raised:
        request(replace(CASE, body=own))
    assert raised.value.file == str(own)


# -- requests broken on purpose ----------------------------------------------------------------------------------------


def test_every_way_to_break_a_request_breaks_it_in_its_own_way():
    valid = request()
    sent = {name: broken(valid, how) for name, how in invalid_requests().items()}

    assert len(sent) >= 20
    assert len(set(sent.values())) == len(sent)
    assert json.dumps(valid).encode() not in sent.values()
    assert request() == valid
    for how in invalid_requests().values():
        assert how["text"]


@pytest.mark.parametrize("version", ["pas=2.0.1", "pas=2.2.1"])
@pytest.mark.parametrize("name", sorted(invalid_requests()))
def test_what_is_broken_is_invalid_for_the_model_payer_too(name, version):
    valid = Call("prior-auth.submit", version, "POST", "Claim/$submit", body=json.dumps(request()).encode())
    read(valid, inquiry=False)

    with pytest.raises(Invalid):
        read(replace(valid, body=broken(request(), invalid_requests()[name])), inquiry=False)


def test_the_claim_is_found_wherever_it_stands():
    own = {"entry": [{"resource": {"resourceType": "Patient"}}, {"resource": {"resourceType": "Claim", "item": []}}]}

    sent = json.loads(broken(own, {"remove": "entry.Claim.resource.item"}))
    assert sent["entry"] == [own["entry"][0], {"resource": {"resourceType": "Claim"}}]


@pytest.mark.parametrize(
    ("how", "body"),
    [
        ({"send": "nothing"}, b"nothing"),
        ({"remove": "a.0.b"}, {"a": [{"c": 2}], "d": 3}),
        ({"remove": ["d", "a.0"]}, {"a": []}),
        ({"set": {"d": {"e": 4}}}, {"a": [{"b": 1, "c": 2}], "d": {"e": 4}}),
        ({"set": {"a.0.b": None}, "remove": "d"}, {"a": [{"b": None, "c": 2}]}),
    ],
)
def test_paths_reach_into_lists_and_objects(how, body):
    valid = {"a": [{"b": 1, "c": 2}], "d": 3}
    sent = broken(valid, how)

    assert sent == body if isinstance(body, bytes) else json.loads(sent) == body
    assert valid == {"a": [{"b": 1, "c": 2}], "d": 3}


@pytest.mark.parametrize(
    "how", [{"remove": "entry.0.resource.item"}, {"remove": "x"}, {"set": {"entry.3.resource.use": 1}}]
)
@pytest.mark.parametrize(
    "own", [{"resourceType": "Bundle"}, {"entry": []}, {"entry": [{"resource": {}}]}, {"entry": "x"}]
)
def test_what_a_testers_own_body_lacks_cannot_be_broken(own, how):
    with pytest.raises(NotTested, match="a Claim without items"):
        broken(own, {**how, "text": "a Claim without items"})
