"""What came of some members: whose it is, which amounts it has; official examples are read as what they are."""

from __future__ import annotations

import json
from typing import Any

import pytest
from shared_data import DATA, needs_data

from conformance.apis.amounts import amounts, worded_amounts
from conformance.apis.authorizations import authorization
from conformance.apis.harvest import Harvest
from conformance.apis.match_groups import groups_of, is_preserved
from conformance.apis.service_dates import served

OWN = "Patient/a"
OTHER = [{"system": "s", "value": "2"}]
PATIENT = {"resourceType": "Patient", "id": "a", "identifier": [{"system": "s", "value": "1"}],
           "name": [{"family": "Ash"}], "birthDate": "1950-01-01"}  # fmt: skip


NAMED = {"resourceType": "Patient", "id": "p", "name": [{"family": "Birch"}]}


def example(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((DATA / "examples" / name).read_text("utf-8"))
    return found


def harvested(*resources: dict[str, Any], raw: bool = True) -> Harvest:
    harvest = Harvest(frozenset({OWN}), "https://payer.example/fhir")
    for number, each in enumerate((PATIENT, *resources), 1):
        harvest.add(each, f"line {number}", json.dumps(each).encode() if raw else b"")
    return harvest


def condition(subject: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"resourceType": "Condition", "id": "c", "subject": subject, **more}


@pytest.mark.parametrize(
    "resource",
    [
        condition({"reference": "Patient/b"}),
        condition({"reference": "https://payer.example/fhir/Patient/b"}),
        condition({"identifier": {"system": "s", "value": "2"}}),
        condition({"reference": "#p"}, contained=[{**PATIENT, "id": "p", "identifier": OTHER}]),
        condition(
            {"reference": "#p"}, contained=[{"resourceType": "Patient", "id": "p", "name": [{"family": "Birch"}]}]
        ),
        {**PATIENT, "id": "b", "identifier": OTHER},
        {"resourceType": "Group", "id": "g", "member": [{"entity": {"reference": "Patient/b"}}]},
    ],
)
def test_somebody_else_is_a_stranger(resource: dict[str, Any]) -> None:
    for raw in (True, False):
        assert {each.at.partition(".")[0] for each in harvested(resource, raw=raw).strangers.first} == {"line 2"}


@pytest.mark.parametrize(
    "resource",
    [
        condition({"reference": OWN}),
        condition({"reference": "https://payer.example/fhir/Patient/a"}),
        condition({"identifier": {"system": "s", "value": "1"}}),
        condition({"identifier": {"system": "another", "value": "77"}}),
        condition({"reference": "https://earlier.example/fhir/Patient/77"}),
        condition({"reference": "#p"}, contained=[{"resourceType": "Patient", "id": "p", "gender": "female"}]),
        condition({"reference": "#p"}, contained=[{**PATIENT, "id": "p"}]),
        {"resourceType": "Organization", "id": "o"},
        {"resourceType": "DocumentReference", "id": "d", "status": "current"},
    ],
)
def test_what_is_the_members_or_cannot_be_told_is_no_stranger(resource: dict[str, Any]) -> None:
    for raw in (True, False):
        assert harvested(resource, raw=raw).strangers.total == 0


def test_a_subscriber_whom_the_coverage_mentions_is_no_stranger() -> None:
    coverage = {
        "resourceType": "Coverage",
        "id": "v",
        "beneficiary": {"reference": OWN},
        "subscriber": {"reference": "Patient/b"},
    }
    subscriber = {**PATIENT, "id": "b", "identifier": OTHER}

    assert harvested(coverage, subscriber).strangers.total == 0
    assert harvested(coverage, subscriber, condition({"reference": "Patient/b"})).strangers.total == 1


def test_what_is_contained_in_another_record_does_not_stand_for_itself() -> None:
    claim = {"resourceType": "ExplanationOfBenefit", "id": "e", "use": "claim", "patient": {"reference": OWN}}
    holder = {"resourceType": "Basic", "id": "b", "subject": {"reference": OWN}, "contained": [claim]}
    assert not any(each.startswith("ExplanationOfBenefit") for each in harvested(holder).types)


def test_amounts_are_found_by_their_elements_in_claims_only() -> None:
    money = {"value": 12.5, "currency": "USD"}
    claim = {"resourceType": "ExplanationOfBenefit", "use": "claim", "item": [{"adjudication": [{"value": 3}]}]}
    assert amounts(claim) == ()
    assert amounts({**claim, "payment": {"amount": money}}) == ("ExplanationOfBenefit.payment.amount",)
    assert amounts({**claim, "item": [{"net": {"value": 1}}]}) == ("ExplanationOfBenefit.item[0].net",)
    assert amounts({**claim, "use": "preauthorization", "total": [{"amount": money}]}) == ()
    del claim["use"]
    assert amounts({**claim, "item": [{"net": {"value": 1}}]}), "what does not say its use is no authorization"
    assert amounts({"resourceType": "PaymentReconciliation", "paymentAmount": {"value": 1}})


@pytest.mark.parametrize(
    ("code", "system", "is_sum"),
    [
        ("paidtoprovider", "http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBAdjudication", True),
        ("copay", "http://terminology.hl7.org/CodeSystem/adjudication", True),
        ("coinsurance", "http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBAdjudication", False),
        ("allowedunits", "http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBAdjudicationDiscriminator", False),
        ("copay", "https://payer.example/own", False),
    ],
)
def test_the_plain_value_of_an_adjudication_is_a_sum_by_its_category(code: str, system: str, is_sum: bool) -> None:
    judged = {"category": {"coding": [{"system": system, "code": code}]}, "value": 12.5}
    found = amounts({"resourceType": "ExplanationOfBenefit", "use": "claim", "adjudication": [judged]})
    assert found == (("ExplanationOfBenefit.adjudication[0].value",) if is_sum else ())


@pytest.mark.parametrize(
    ("quantity", "is_money"),
    [
        ({"value": 1, "unit": "USD"}, True),
        ({"value": 1, "code": "$"}, True),
        ({"value": 1, "system": "urn:iso:std:iso:4217", "code": "EUR"}, True),
        ({"value": 1, "unit": "mg"}, False),
        ({"value": 1, "code": ["USD"]}, False),
        ({"unit": "USD"}, False),
    ],
)
def test_a_quantity_is_money_by_its_currency(quantity: dict[str, Any], is_money: bool) -> None:
    claim = {"resourceType": "ExplanationOfBenefit", "use": "claim", "supportingInfo": [{"valueQuantity": quantity}]}
    assert bool(amounts(claim)) is is_money


def test_words_about_sums_are_no_amounts() -> None:
    note = {"processNote": [{"text": "Paid $ 12.50"}, {"text": "In network"}], "use": "claim"}
    claim = {"resourceType": "ExplanationOfBenefit", **note}
    assert (amounts(claim), worded_amounts(claim)) == ((), ("ExplanationOfBenefit.processNote[0].text",))
    assert worded_amounts({**claim, "use": "preauthorization"}) == ()
    assert harvested(claim, raw=False).worded.total == harvested(claim).worded.total == 1


@needs_data
def test_the_official_examples_are_read_as_what_they_are() -> None:
    eob = example("pdex-2.2.0/ExplanationOfBenefit-PDexPriorAuth1.json")
    found = authorization(eob, "x")
    assert found
    assert found.is_called("PA123412341234123412341234")
    assert (found.ends, amounts(eob)) == ("2021-10-31", ())
    assert served(eob) == ("2021-10-01", "2021-10-31")

    [group] = groups_of([("Group", example("pdex-2.2.0/Group-07e72a15407547bf9d03f522aa536a72.1.json"))])
    assert (group.code, group.type, group.actual, group.owners) == (
        "match",
        "person",
        True,
        ("0123456789", "0123456789"),
    )
    assert [each.reference for each in group.members] == ["Patient/1001", "Patient/2002"]
    assert [each.submitted["id"] for each in group.members] == ["1", "2"]
    assert [bool(each.coverage) for each in group.members] == [True, False]

    answer = example("pdex-2.2.0/Parameters-payer-multi-member-match-out.json")
    assert [each.code for each in groups_of([("Parameters", answer)])] == ["match", "nomatch", "consentconstraint"]
    sent = example("pdex-2.2.0/Parameters-payer-multi-member-match-in.json")["parameter"][0]["part"][0]["resource"]
    assert is_preserved(sent, {**sent, "meta": {"versionId": "1"}})
    assert not is_preserved(sent, {**sent, "birthDate": "1974-12-26"})
    attributed = example("pdex-2.2.0/Group-Example-PDex-Provider-Group.json")
    assert [each.code for each in groups_of([("Group", attributed)])] == [""]
