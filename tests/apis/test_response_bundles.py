"""The Bundles of an answer, as they came."""

from __future__ import annotations

import json
from typing import Any

import pytest

from conformance.apis.response_bundles import response_bundles
from conformance.exchange import Exchange

EMPTY = {"resourceType": "Bundle", "type": "collection", "timestamp": "2026-01-05T10:00:00Z"}


def came(body: Any, operation: str = "prior-auth.submit", status: int = 200) -> Exchange:
    return Exchange(
        "1", operation, "denied", "pas=2.2.1", "POST", "https://x", status=status, body=json.dumps(body).encode()
    )


def test_a_submission_without_a_claim_response_is_told():
    [found] = response_bundles(came(EMPTY))

    assert found.at == "prior-auth.submit denied, Bundle"
    assert found.faults(first=True) == ("first entry is nothing instead of ClaimResponse",)


def test_an_inquiry_that_finds_nothing_breaks_nothing():
    parameters = {"resourceType": "Parameters", "parameter": [{"name": "x"}, {"name": "return", "resource": EMPTY}]}

    [found] = response_bundles(came(parameters, "prior-auth.inquire"))

    assert found.at == "prior-auth.inquire denied, Parameters.parameter[1].resource"
    assert found.faults(first=True) == ()


@pytest.mark.parametrize(("body", "status"), [(EMPTY, 400), ({"resourceType": "OperationOutcome"}, 200), ("text", 200)])
def test_what_is_no_answer_holds_no_bundle(body, status):
    assert response_bundles(came(body, status=status)) == ()
