"""Reading what an answer holds: changed items, quantities, somebody described twice."""

from __future__ import annotations

from typing import Any

import pytest
from api_examples import PAS_221, adjudication, bundle, claim_response, item, patient, review_action

from conformance.apis.answer_content import amounts, changed_items, described_twice
from conformance.apis.prior_auth import read_answer

A1, A6 = review_action("A1"), review_action("A6")


def service(code: str) -> dict[str, Any]:
    return {"coding": [{"system": "http://www.ama-assn.org/go/cpt", "code": code}]}


def request(code: str = "97110", amount: Any = 12) -> dict[str, Any]:
    asked = {"sequence": 1, "productOrService": service(code), "quantity": {"value": amount}}
    return {"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Claim", "item": [asked]}}]}


def answer(action: Any, **added: Any) -> Any:
    one = {"itemSequence": [1], "productOrService": service("97110"), "adjudication": [adjudication(A1)], **added}
    return read_answer(bundle(claim_response(item(1, action), addItem=[one]), patient()), PAS_221)


@pytest.mark.parametrize(
    ("added", "changed"),
    [
        ({"quantity": {"value": 6}}, True),
        ({"quantity": {"value": 12}}, False),
        ({}, False),
        ({"productOrService": service("97112")}, True),
        ({"productOrService": {"text": "therapy"}}, False),
        ({"itemSequence": [7], "quantity": {"value": 6}}, False),
        ({"quantity": {"value": 12.0}}, False),
    ],
)
def test_an_item_is_changed_where_service_or_amount_are_others(added, changed):
    found = changed_items(request(), answer(A6, **added))

    assert bool(found) is changed
    assert all(each.codes == ("A6",) for each in found)


@pytest.mark.parametrize(
    ("quantity", "measured", "coded"),
    [
        ({"value": 6, "unit": "visits"}, True, ""),
        ({"value": 6, "system": "https://codesystem.x12.org/005010/673", "code": "VS"}, True, "x12"),
        ({"value": 6, "system": "http://unitsofmeasure.org", "code": "1"}, True, "other"),
        ({"value": 6}, False, ""),
        ({"unit": "visits"}, False, ""),
        ({"value": True, "unit": "visits"}, False, ""),
    ],
)
def test_a_quantity_has_a_value_and_a_unit(quantity, measured, coded):
    [amount] = amounts(answer(A6, quantity=quantity))

    assert amount.measured is measured
    assert bool(amount.coded) is bool(coded)
    assert amount.in_x12 is (coded == "x12")


def organization(ident: str, npi: str) -> dict[str, Any]:
    number = {"system": "http://hl7.org/fhir/sid/us-npi", "value": npi}
    return {"resourceType": "Organization", "id": ident, "identifier": [number]}


@pytest.mark.parametrize(
    ("others", "told"),
    [
        ((organization("a", "1"), organization("b", "2")), 0),
        ((organization("a", "1"), organization("b", "1")), 1),
        ((organization("a", "1"), {**organization("b", "1"), "resourceType": "Practitioner"}), 0),
        ((patient(), {**patient(), "id": "subscriber"}), 0),
    ],
)
def test_somebody_is_described_twice_by_one_identifier(others, told):
    found = read_answer(bundle(claim_response(item(1, A1)), *others), PAS_221)
    assert found is not None

    assert len(described_twice(found)) == told
