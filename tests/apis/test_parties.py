"""What member, insurer and requester that come along lack of their profiles."""

from __future__ import annotations

from typing import Any

import pytest

from conformance import paths
from conformance.apis.parties import unprofiled
from conformance.apis.prior_auth import read_answer
from conformance.guides import load as load_guides

GUIDE = load_guides(paths.suites() / "guides")["pas", "2.2.1"]
BASE = "https://provider.example.org/fhir"
MEMBER: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "1",
    "identifier": [{"system": "https://payer.example.org/members", "value": "MBR-1"}],
    "name": [{"family": "Ashgrove"}],
    "gender": "female",
}
INSURER: dict[str, Any] = {"resourceType": "Organization", "id": "2", "active": True, "name": "Model Health"}
AT = "Bundle.entry[1].resource"


def lacking(*told: dict[str, Any], sent: tuple[dict[str, Any], ...] = ()) -> tuple[str, ...]:
    response = {
        "resourceType": "ClaimResponse",
        "patient": {"reference": f"{BASE}/Patient/1"},
        "insurer": {"reference": f"{BASE}/Organization/2"},
    }
    answer = read_answer(bundle(response, *told), GUIDE)
    assert answer
    return unprofiled(bundle(*sent), answer)


def bundle(*resources: dict[str, Any]) -> dict[str, Any]:
    listed = [{"fullUrl": f"{BASE}/{each['resourceType']}/{each.get('id', 0)}", "resource": each} for each in resources]
    return {"resourceType": "Bundle", "type": "collection", "entry": listed}


def without(resource: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in resource.items() if key != name}


@pytest.mark.parametrize(
    ("member", "told"),
    [
        (MEMBER, ()),
        (without(MEMBER, "name"), (f"{AT} without name",)),
        (without(MEMBER, "identifier"), (f"{AT} without identifier",)),
        ({**MEMBER, "identifier": [*MEMBER["identifier"], {"value": "7"}]}, (f"{AT} without identifier.system",)),
        ({**without(MEMBER, "gender"), "_gender": {"extension": [{"url": "x"}]}}, ()),
        ({**MEMBER, "identifier": "none", "name": 5}, ()),  # its form is judged elsewhere
    ],
)
def test_a_member_has_identifier_name_and_gender(member, told):
    assert lacking(member, INSURER) == told


def test_what_was_sent_so_is_not_asked_for():
    nameless = without(MEMBER, "name")

    assert lacking(nameless, INSURER, sent=(nameless,)) == ()
    assert lacking(without(nameless, "gender"), INSURER, sent=(nameless,)) == (f"{AT} without gender",)


def test_only_those_are_judged_whom_the_claim_response_refers_to():
    stranger = {"resourceType": "Organization", "id": "3"}

    assert lacking(MEMBER, INSURER, stranger) == ()
    assert lacking(MEMBER, without(INSURER, "active")) == ("Bundle.entry[2].resource without active",)
