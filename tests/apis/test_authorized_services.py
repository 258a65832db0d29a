"""Which service is authorized: in a code, or in words alone."""

from __future__ import annotations

from typing import Any

import pytest

from conformance import paths
from conformance.apis.answer_content import uncoded_services
from conformance.apis.authorization_lines import AUTHORIZED_DETAIL
from conformance.apis.prior_auth import read_answer
from conformance.apis.review_actions import REVIEW_ACTION, REVIEW_ACTION_CODE
from conformance.guides import load as load_guides

GUIDES = load_guides(paths.suites() / "guides")
CODED: dict[str, Any] = {"coding": [{"system": "http://www.ama-assn.org/go/cpt", "code": "15830"}], "text": "a service"}
WORDS: dict[str, Any] = {"text": "a service"}
IN_ITEM, ADDED = "item[0], extension[0].productOrServiceCode", "addItem[0].productOrService"


def told(detail: Any, added: Any, asked: Any = CODED, version: str = "2.2.1") -> tuple[str, ...]:
    part = {"url": "productOrServiceCode", "valueCodeableConcept": detail}
    response = {
        "resourceType": "ClaimResponse",
        "item": [{"extension": [{"url": AUTHORIZED_DETAIL, "extension": [part]}]}],
        "addItem": [{"productOrService": added}],
    }
    claim = {"resourceType": "Claim", "item": [{"sequence": 1, "productOrService": asked}]}
    answer = read_answer(response, GUIDES["pas", version])
    assert answer
    return uncoded_services({"resourceType": "Bundle", "entry": [{"resource": claim}]}, answer)


@pytest.mark.parametrize(
    ("detail", "added", "found"),
    [
        (CODED, CODED, ()),
        (WORDS, CODED, (IN_ITEM,)),
        (CODED, WORDS, (ADDED,)),
        ({"coding": [{"display": "x"}], "text": "y"}, WORDS, (IN_ITEM, ADDED)),
        ({"extension": [{"url": "x"}]}, "no concept", ()),
    ],
)
def test_words_alone_are_found(detail, added, found):
    assert told(detail, added) == found


def test_an_added_item_that_is_denied_authorizes_nothing():
    code = {"coding": [{"system": "https://codesystem.x12.org/005010/306", "code": "A3"}]}
    action = {"url": REVIEW_ACTION, "extension": [{"url": REVIEW_ACTION_CODE, "valueCodeableConcept": code}]}
    denied = {"productOrService": WORDS, "adjudication": [{"extension": [action]}]}
    answer = read_answer({"resourceType": "ClaimResponse", "addItem": [denied]}, GUIDES["pas", "2.2.1"])
    claim = {"resourceType": "Claim", "item": [{"sequence": 1, "productOrService": CODED}]}

    assert answer
    assert uncoded_services({"resourceType": "Bundle", "entry": [{"resource": claim}]}, answer) == ()


def test_added_items_are_profiled_by_the_newer_version_alone():
    assert told(CODED, WORDS, version="2.0.1") == ()


def test_a_request_in_words_may_be_answered_so():
    assert told(WORDS, WORDS, asked=WORDS) == ()
