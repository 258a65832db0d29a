"""The official examples of matches, Groups, claims and authorizations, every version at hand, read as what they are."""

from __future__ import annotations

import json
import tarfile
from typing import Any

import pytest
from api_examples import example
from shared_data import DATA, needs_data

from conformance.apis.amounts import amounts
from conformance.apis.authorizations import authorization
from conformance.apis.carin import claim_faults
from conformance.apis.harvest import Harvest
from conformance.apis.match_groups import groups_of
from conformance.apis.service_dates import served
from conformance.apis.shown_authorization import content_faults, is_authorization, is_carin, is_claim, read_shown

GROUPS = {  # code, members (reference, id of the submitted Patient, whether with the submitted Coverage)
    "Group-07e72a15407547bf9d03f522aa536a72.1": (
        "match",
        [("Patient/1001", "1", True), ("Patient/2002", "2", False)],
    ),
    "Group-example-pdex-member-no-match-group": ("nomatch", [("#3", "3", False)]),
    "Group-example-pdex-member-consent-constraint-group": ("consentconstraint", [("#4", "4", False)]),
    "Group-example-provider-matched-group": ("match", [("Patient/payer-member-001", "prov-patient-1", False)]),
    "Group-example-provider-nomatch-group": ("nomatch", [("#prov-patient-2", "prov-patient-2", False)]),
    "Group-example-provider-consent-constrained-group": (
        "consentconstraint",
        [("#prov-patient-3", "prov-patient-3", False)],
    ),
    "Group-Example-PDex-Provider-Group": ("", [("Patient/1001", None, False)]),
    "Group-member-opt-out-group-001": ("consentconstraint", [("Patient/1", None, False)]),
}


@needs_data
@pytest.mark.parametrize("name", GROUPS)
def test_a_group_holds_its_members(name):
    [group] = groups_of([("Group", example(f"pdex-2.2.0/{name}.json"))])

    code, members = GROUPS[name]
    assert (group.code, group.type, group.actual) == (code, "person", True)
    assert [(each.reference, each.submitted.get("id"), bool(each.coverage)) for each in group.members] == members


@needs_data
@pytest.mark.parametrize(
    ("name", "members"),
    [("payer-multi-member-match-out", [2, 1, 1]), ("provider-member-match-response-001", [2, 1, 1])],
)
def test_the_parameters_of_a_match_hold_three_groups(name, members):
    found = groups_of([("Parameters", example(f"pdex-2.2.0/Parameters-{name}.json"))])

    assert [each.code for each in found] == ["match", "nomatch", "consentconstraint"]
    assert [len(each.members) for each in found] == members


@needs_data
def test_a_group_of_practitioners_is_of_no_members():
    [group] = groups_of([("Group", example("pdex-2.2.0/Group-example-pdex-treatment-relationship-group.json"))])

    assert group.type == "practitioner"
    assert not any(each.reference.startswith("Patient/") for each in group.members)


@needs_data
@pytest.mark.parametrize("version", ["2.0.0", "2.2.0"])
def test_an_authorization_is_one(version):
    eob = example(f"pdex-{version}/ExplanationOfBenefit-PDexPriorAuth1.json")
    found = authorization(eob, "x")
    shown = read_shown(eob, "x")

    assert found
    assert found.is_called("PA123412341234123412341234")
    assert found.ends == "2021-10-31"
    assert (is_authorization(eob), is_claim(eob), amounts(eob)) == (True, False, ())
    assert (shown.actions, shown.is_drug, content_faults(shown)) == ({"approved"}, False, ())


def carin() -> list[dict[str, Any]]:
    with tarfile.open(DATA / "packages" / "hl7.fhir.us.carin-bb-2.0.0.tgz") as package:
        members = [each for each in package if "/example/ExplanationOfBenefit-" in each.name]
        return [json.load(opened) for each in members if (opened := package.extractfile(each))]


@needs_data
def test_claims_are_claims_with_their_amounts():
    found = carin()

    assert len(found) == 10
    for each in found:
        assert (is_claim(each), is_authorization(each), is_carin(each)) == (True, False, True), each["id"]
        assert claim_faults(each) == (), each["id"]
        bare = {key: value for key, value in each.items() if key not in ("identifier", "billablePeriod", "item")}
        assert len(claim_faults({**bare, "meta": {}})) == 5
        assert authorization(each, "x") is None
        assert amounts(each), "a full CARIN claim says what was paid"
        assert all(served(each)), each["id"]


@needs_data
def test_claims_of_one_patient_are_that_patients():
    found = carin()
    owners = {each["patient"]["reference"] for each in found}
    assert len(owners) > 1

    harvest = Harvest(frozenset({found[0]["patient"]["reference"]}))
    for number, each in enumerate(found, 1):
        harvest.add(each, f"line {number}", json.dumps(each).encode())

    others = [n for n, each in enumerate(found, 1) if each["patient"]["reference"] not in harvest.members]
    assert [each.at for each in harvest.strangers.first] == [f"line {number}" for number in others]
