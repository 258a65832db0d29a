"""What a payer asks for in an answer, read from the guide's own examples and from answers of our own."""

from __future__ import annotations

from typing import Any

import pytest
from api_examples import PAS, PAS_201, PAS_221, claim_response, example, item
from shared_data import needs_data

from conformance.apis.information_requests import information_request_faults, read_information_requests
from conformance.apis.prior_auth import read_answers
from conformance.guides import Guide

REQUEST_URL = "https://payer.example.org/CommunicationRequest/asks"
ANSWER_URL = "https://payer.example.org/ClaimResponse/answer"

UNCODED = "a category that is no X12 755 code"


def asking(**more: Any) -> Any:
    return {
        "resourceType": "CommunicationRequest",
        "id": "asks",
        "status": "active",
        "identifier": [{"system": "https://payer.example.org/acn", "value": "ACN-1"}],
        "category": [{"coding": [{"system": "https://codesystem.x12.org/005010/755", "code": "15"}]}],
        "payload": [{"contentString": "18776-5"}],
        **more,
    }


def read(request: Any, guide: Guide = PAS_221, reference: str = REQUEST_URL) -> Any:
    response = claim_response(item(1), communicationRequest=[{"reference": reference}])
    entries = [{"fullUrl": ANSWER_URL, "resource": response}, {"fullUrl": REQUEST_URL, "resource": request}]
    (answer,) = read_answers({"resourceType": "Bundle", "type": "collection", "entry": entries}, guide)
    return read_information_requests(answer)


def line(number: int) -> Any:
    return [{"url": f"{PAS}extension-serviceLineNumber", "valuePositiveInt": number}]


@needs_data
@pytest.mark.parametrize("guide", [PAS_201, PAS_221], ids=lambda guide: guide.version)
def test_the_guides_own_example_is_as_its_profile_has_it(guide: Guide) -> None:
    (found,) = read(example(f"pas-{guide.version}/CommunicationRequest-CommunicationRequestExample.json"), guide)

    assert found.lines == (1,)
    assert information_request_faults(found, {1}, guide) == ()


@pytest.mark.parametrize(
    "where", [{"extension": line(2)}, {"payload": [{"contentString": "1-8", "extension": line(2)}]}]
)
def test_the_item_that_it_is_about_is_read_wherever_it_stands(where: Any) -> None:
    (found,) = read(asking(**where))

    assert found.lines == (2,)
    assert information_request_faults(found, {1}, PAS_221) == ("a number of no item",)


@pytest.mark.parametrize(
    ("change", "old", "new"),
    [
        ({"status": "draft"}, ("status 'draft'",), ("status 'draft'",)),
        ({"category": [{"text": "Records"}]}, (UNCODED,), (UNCODED,)),
        ({"payload": [{"contentString": "the records"}]}, (), ("content that is no LOINC code",)),
        ({"payload": [{"contentString": "1-8"}] * 2}, (), ("2 of payload",)),
        ({"payload": 7, "category": "x", "identifier": {}}, (), ()),
    ],
)
def test_what_each_version_asks_of_it(change: Any, old: tuple[str, ...], new: tuple[str, ...]) -> None:
    (before,), (after,) = read(asking(**change), PAS_201), read(asking(**change), PAS_221)

    assert information_request_faults(before, {1}, PAS_201) == old
    assert information_request_faults(after, {1}, PAS_221) == new


def test_what_is_only_referred_to_is_not_read() -> None:
    assert read(asking(), reference="https://elsewhere.example.org/CommunicationRequest/other") == ()
    assert read({"resourceType": "Patient", "id": "asks"}) == ()


def test_a_questionnaire_is_asked_for_by_its_loinc_code() -> None:
    assert read(asking(payload=[{"contentString": "102089-0"}]))[0].by_questionnaire
    assert not read(asking())[0].by_questionnaire
