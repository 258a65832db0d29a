"""Requests altered and updated: valid in both versions, for FHIR and for the model payer, and as odd as they say."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from typing import Any

import pytest

from conformance import guides, paths
from conformance.apis.same_member import claim_of
from conformance.apis.shapes import entries, resolve
from conformance.fhir import structure
from conformance.flows.alterations import ALTERATIONS, altered
from conformance.flows.request_bodies import (
    asked_by,
    asked_through,
    inquiry_body,
    inquiry_of,
    look_up_body,
    submission_body,
)
from conformance.flows.updated_bodies import cancelling, changing
from conformance.sandbox.frame import Call
from conformance.sandbox.prior_auth_request import read
from conformance.target import Case, Member, Target

GUIDES = guides.load(paths.suites() / "guides")
VERSIONS = ("2.0.1", "2.2.1")
CPT = "http://www.ama-assn.org/go/cpt"
TARGET = Target(
    "Plan",
    requester={"npi": "1397205844", "name": "Clinic", "practitioner": {"npi": "1", "family": "F", "given": ["G"]}},
    payer={"name": "Plan", "identifier": {"value": "1649830274"}},
    members={
        "first": Member(
            "first",
            {
                "member_id": "M-1", "subscriber_id": "S-1", "family": "Ashgrove", "given": ["Marta"],
                "birth_date": "1951-04-17", "gender": "female", "address": {"city": "Hartford", "postal_code": "06103"},
            },
        )
    },
)  # fmt: skip
FACTS = {"diagnosis": {"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "M54.16"}, "place": "22"}
ONE = Case("prior-auth", "approved", {**FACTS, "service": {"system": CPT, "code": "72148"}, "quantity": 1})
TWO = Case("prior-auth", "approved", {**FACTS, "items": [{"service": {"system": CPT, "code": "72148"}}] * 2})


def request(case: Case = ONE) -> dict[str, Any]:
    return submission_body(TARGET, case, "approved", "pc-1-approved")


def valid(body: dict[str, Any], version: str, *, inquiry: bool = False) -> None:
    """Valid for FHIR's structure and for the model payer, with every reference within the Bundle resolved."""
    assert structure(body) == ()
    call = Call("", f"pas={version}", "POST", "Claim/$submit", body=json.dumps(body).encode())
    read(call, inquiry=inquiry)
    for placed in entries(body):
        for reference in references(placed.resource):
            assert resolve(reference, placed, entries(body)), reference


@pytest.mark.parametrize(("subscriber", "code"), [("", "self"), ("first", "other")])
def test_a_dependent_is_not_its_own_subscriber(subscriber, code):
    target = replace(TARGET, members={"first": replace(TARGET.members["first"], subscriber=subscriber)})
    for body in (submission_body(target, ONE, "approved", "pc-1"), inquiry_body(target, ONE, "pc-1")):
        [coverage] = [each.resource for each in entries(body) if each.type == "Coverage"]
        assert coverage["relationship"]["coding"][0]["code"] == code


def references(value: Any) -> list[Any]:
    if isinstance(value, list):
        return [found for each in value for found in references(each)]
    if not isinstance(value, dict):
        return []
    own = [value] if "reference" in value else []
    return own + [found for each in value.values() for found in references(each)]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("how", ALTERATIONS)
def test_an_altered_request_is_valid(how, version):
    original = request()
    body = altered(original, how, GUIDES["pas", version])

    assert body != original
    valid(body, version)
    sequences = [each["sequence"] for each in claim_of(body).resource.get("supportingInfo", ())]
    assert len(sequences) == len(set(sequences))


def test_each_alteration_is_what_it_is_called():
    made = {how: altered(request(), how, GUIDES["pas", "2.2.1"]) for how in ALTERATIONS}
    kinds = {how: {each.type for each in entries(body)} for how, body in made.items()}

    assert kinds["supporting-information"] >= {"Condition", "Observation"}
    assert "DocumentReference" in kinds["document"]
    assert all(each.full_url.startswith("urn:uuid:") for each in entries(made["uuid-full-urls"]))
    assert "06103-1234" in json.dumps(made["zip-plus-four"])
    assert {"diagnosis", "careTeam", "supportingInfo"}.isdisjoint(claim_of(made["minimal"]).resource)
    assert kinds["minimal"] == {"Claim", "Patient", "Coverage", "Organization"}
    assert "documentInformation" in json.dumps(made["document"])


@pytest.mark.parametrize("version", VERSIONS)
def test_an_update_names_what_it_changes_as_its_version_has_it(version):
    original = request(TWO)
    before = copy.deepcopy(original)
    body = changing(original, "pc-1-update", GUIDES["pas", version])
    valid(body, version)

    claim = claim_of(body).resource
    assert original == before
    assert [each["sequence"] for each in claim["item"]] == [1, 2, 3]
    first, second, third = (json.dumps(each) for each in claim["item"])
    assert '"valueCode": "changed"' in first
    assert "infoCancelled" in second
    assert '"code": "3"' in second
    assert '"valueCode": "added"' in third
    claims = [each for each in entries(body) if each.type == "Claim"]
    if version == "2.0.1":  # one Claim, under the identifier of the one it changes
        assert len(claims) == 1
        assert claim["identifier"] == claim_of(original).resource["identifier"]
        assert "related" not in claim
    else:
        assert claims[1].resource == claim_of(original).resource
        assert claim["related"][0]["claim"]["reference"] == claims[1].full_url
        assert claim["identifier"][0]["value"] == "pc-1-update"


@pytest.mark.parametrize("version", VERSIONS)
def test_a_cancellation_cancels_every_item(version):
    body = cancelling(request(TWO), "pc-1-cancel", GUIDES["pas", version])
    valid(body, version)

    claim = claim_of(body).resource
    assert all("infoCancelled" in json.dumps(each) for each in claim["item"])
    assert ("certificationType" in json.dumps(claim.get("extension", ()))) is (version == "2.2.1")


@pytest.mark.parametrize("version", VERSIONS)
def test_another_system_asks_in_its_own_name(version):
    body = look_up_body(TARGET, ONE, "pc-1-approved", "AUTH-1")
    asked = asked_through(asked_by(body, {"npi": "1999999919", "name": "Other"}), {"npi": "7", "family": "F"})
    valid(asked, version, inquiry=True)

    assert "1999999919" in json.dumps(asked)
    assert "1397205844" not in json.dumps(asked)
    assert "AUTH-1" in json.dumps(asked)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("how", ["must-support", "minimal"])
def test_what_may_stand_once_stays_once(how, version):
    """A request that has it all already: altered again, nothing is there twice."""
    guide = GUIDES["pas", version]
    full = altered(request(), "must-support", guide)
    claim = claim_of(full).resource
    claim["supportingInfo"][0]["sequence"] = 9
    claim["item"][0]["informationSequence"] = [9]
    claim["diagnosis"].append({**claim["diagnosis"][0], "sequence": 2, "type": []})
    again = claim_of(altered(full, how, guide)).resource

    for node in (again, again["item"][0]):
        urls = [each["url"] for each in node.get("extension", ())]
        assert len(urls) == len(set(urls))
    sequences = [each["sequence"] for each in again.get("supportingInfo", ())]
    assert len(sequences) == len(set(sequences))
    assert set(again["item"][0].get("informationSequence", ())) <= set(sequences)
    assert sum("principal" in json.dumps(each) for each in again.get("diagnosis", ())) <= 1


@pytest.mark.parametrize("version", VERSIONS)
def test_a_body_of_the_testers_own_is_asked_about_as_it_was_sent(version):
    body = altered(request(), "must-support", GUIDES["pas", version])
    claim = claim_of(body).resource
    claim["identifier"] = [{"system": "https://clinic.example/requests", "value": "OWN-1"}]
    by_services, by_number = inquiry_of(body), inquiry_of(body, "fresh", "AUTH-1")

    for inquiry in (by_services, by_number):
        valid(inquiry, version, inquiry=True)
        asked = claim_of(inquiry).resource
        assert {key: asked[key] for key in ("patient", "provider", "insurer", "insurance")} == {
            key: claim[key] for key in ("patient", "provider", "insurer", "insurance")
        }
        assert {"supportingInfo", "extension"}.isdisjoint(asked)
    assert claim_of(by_services).resource["identifier"] == claim["identifier"]
    assert claim_of(by_services).resource["item"][0]["productOrService"] == claim["item"][0]["productOrService"]
    assert claim_of(by_number).resource["identifier"][0]["value"] == "fresh"
    assert "AUTH-1" in json.dumps(by_number)
    assert claim_of(inquiry_of(body, "OWN-1", "")).resource["identifier"] == claim["identifier"]
