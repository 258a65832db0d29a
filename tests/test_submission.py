"""A request of our own making, and which answers of an inquiry are about it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from conformance import clock, paths
from conformance.apis.prior_auth import Answer, read_answer
from conformance.flows.histories import of_submission
from conformance.flows.request_bodies import minted
from conformance.flows.settling import settled
from conformance.flows.submission import (
    Submission,
    Told,
    decided,
    holds,
    numbers_of,
    same_request,
    undecided,
)
from conformance.guides import load as load_guides

GUIDE = load_guides(paths.suites() / "guides")["pas", "2.2.1"]
PAS = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition"
SENT = "https://payer-conformance.example/fhir"
REQUEST: dict[str, Any] = {
    "resourceType": "Bundle",
    "entry": [
        {
            "fullUrl": f"{SENT}/Claim/request",
            "resource": {
                "resourceType": "Claim", "id": "request", "identifier": [{"value": "R-1"}],
                "patient": {"reference": "Patient/member"}, "insurer": {"reference": f"{SENT}/Organization/payer"},
                "item": [{"sequence": 2, "productOrService": {"coding": [{"code": "E1399", "display": "Accessory"}]}}],
            },
        },
        {"fullUrl": f"{SENT}/Patient/member", "resource": {"resourceType": "Patient", "id": "member"}},
        {"fullUrl": f"{SENT}/Organization/payer", "resource": {"resourceType": "Organization", "id": "payer"}},
    ],
}  # fmt: skip

SENT_AT = datetime(2027, 2, 1, 12, tzinfo=UTC)


def answer(ident: str = "a", action: str = "A1", **more: Any) -> Answer:
    coded = {"coding": [{"system": "https://codesystem.x12.org/005010/306", "code": action}]}
    parts = [{"url": f"{PAS}/extension-reviewActionCode", "valueCodeableConcept": coded}]
    if number := more.pop("number", ""):
        parts.append({"url": "number", "valueString": number})
    review = {"url": f"{PAS}/extension-reviewAction", "extension": parts}
    traces = [
        {"url": f"{PAS}/extension-itemTraceNumber", "valueIdentifier": {"value": each}}
        for each in more.pop("traces", ())
    ]
    line = {"itemSequence": 2, "adjudication": [{"extension": [review]}], "extension": traces}
    response = {"resourceType": "ClaimResponse", "id": ident, "item": [line], **more}
    entry = {"fullUrl": f"https://payer.example/fhir/ClaimResponse/{ident}", "resource": response}
    found = read_answer({"resourceType": "Bundle", "entry": [entry]}, GUIDE)
    assert found is not None
    return found


def submission(first: Answer) -> Submission:
    return Submission("approved", REQUEST, first, first, "here", (first,))


def test_the_ids_of_a_request_are_its_own_and_whatever_refers_to_them_follows():
    sent = minted(json.loads(json.dumps(REQUEST)), "run_1-approved-2.2.1")
    written = json.dumps(sent)

    ids = [each["resource"]["id"] for each in sent["entry"]]
    assert ids == [f"{name}-run-1-approved-2.2.1" for name in ("request", "member", "payer")]
    assert all(re.fullmatch(r"[A-Za-z0-9.-]{1,64}", each) for each in ids)
    assert [each["fullUrl"].rpartition("/")[2] for each in sent["entry"]] == ids
    assert sent["entry"][0]["resource"]["patient"]["reference"] == f"Patient/{ids[1]}"
    assert sent["entry"][0]["resource"]["insurer"]["reference"] == f"{SENT}/Organization/{ids[2]}"
    assert '"Patient/member"' not in written


def test_a_long_name_does_not_make_an_id_too_long():
    sent = minted(json.loads(json.dumps(REQUEST)), "x" * 90)

    assert {len(each["resource"]["id"]) for each in sent["entry"]} == {64}


@pytest.mark.parametrize(
    ("told", "mine"),
    [
        ({"identifier": [{"value": "R-1"}]}, True),
        ({"request": {"identifier": {"value": "R-1"}}}, True),
        ({"identifier": [{"value": "PAYER-7"}]}, True),  # as the submission's answer was called
        ({"number": "AUTH-1"}, True),
        ({"traces": ["R-1-2"]}, True),
        ({"ident": "first"}, True),  # the same resource
        (
            {"identifier": [{"value": "R-1"}], "outcome": "error", "item": [], "error": [{"code": {}}]},
            False,
        ),  # not found
        ({"request": {"reference": f"{SENT}/Claim/request"}}, True),
        ({"request": {"reference": f"{SENT}/Claim/request"}, "identifier": [{"value": "R-2"}]}, False),
        ({"identifier": [{"value": "R-2"}], "number": "AUTH-2", "traces": ["R-2-1"]}, False),
        ({}, False),
    ],
)
def test_an_answer_about_the_submission_is_recognised(told, mine):
    first = answer("first", identifier=[{"value": "PAYER-7"}], number="AUTH-1", traces=["R-1-2"])

    assert same_request(answer(**told), submission(first)) is mine


@pytest.mark.parametrize(
    ("told", "mine"),
    [
        ({"number": "AUTH-9"}, True),
        ({"identifier": [{"value": "AUTH-9"}]}, True),
        ({"traces": ["AUTH-9"]}, True),
        ({"preAuthRef": "AUTH-9"}, True),
        ({"request": {"identifier": {"value": "AUTH-9"}}}, True),
        ({"number": "AUTH-8"}, False),
    ],
)
def test_a_known_authorization_is_found_by_what_it_is_called(told, mine):
    assert holds(answer(**told), "AUTH-9") is mine


@pytest.mark.parametrize(("action", "open_"), [("A1", False), ("A4", True), ("A3", False)])
def test_what_is_pended_is_still_to_be_decided(action, open_):
    assert undecided(answer(action=action)) is open_


def test_a_reason_said_of_all_that_names_the_service_is_the_items():
    other = {"itemSequence": 1, "adjudication": []}
    read = answer(action="A3", disposition="E1399: not a benefit of this plan")
    both = {**read.claim_response, "item": [other, *read.claim_response["item"]]}
    mixed = read_answer({"resourceType": "Bundle", "entry": [{"resource": both}]}, GUIDE)
    assert mixed is not None

    reasons = {each.item.sequence: [one.text for one in each.reasons] for each in Told("here", REQUEST, mixed).items()}
    assert reasons == {1: [], 2: ["E1399: not a benefit of this plan"]}


def test_a_request_for_nothing_but_drugs_is_told_of_drugs_however_it_is_answered():
    asked = json.loads(json.dumps(REQUEST))
    line = asked["entry"][0]["resource"]["item"][0]
    line["productOrService"] = {"coding": [{"system": "http://hl7.org/fhir/sid/ndc", "code": "00002143380"}]}
    adjudication = answer(action="A3").claim_response["item"][0]["adjudication"]
    for item, whole in ([], adjudication), ([{"itemSequence": 101, "adjudication": adjudication}], []):
        denied = answer(item=item, adjudication=whole)
        sent = Submission("denied", asked, denied, denied, "here", (denied,))

        assert len(decided([sent.tell(denied)], ("denied",), drugs=True)) == 1
        assert decided([sent.tell(denied)], ("denied",), drugs=False) == ()


def test_who_asked_for_more_is_remembered_though_a_later_answer_does_not_tell():
    asking, decided_then = answer(communicationRequest=[{"reference": "CommunicationRequest/1"}]), answer()
    moment = datetime(2027, 2, 1, tzinfo=UTC)
    followed = Submission(
        "pended", REQUEST, decided_then, decided_then, "here", sent=moment, answered=moment, followed=True
    )

    assert submission(asking).asks_more
    for sent, asks_more in ((followed, False), (replace(followed, asked_more=True), True)):
        history = of_submission(sent, "", "ma")
        assert history is not None
        assert (history.asks_more, history.extended) == (asks_more, False)


def test_an_id_under_another_server_is_another_resource():
    first, other = answer("1"), answer("1")
    (placed,) = other.entries
    elsewhere = replace(other, entries=(replace(placed, full_url="https://other.example/fhir/ClaimResponse/1"),))

    assert same_request(other, submission(first))
    assert not same_request(elsewhere, submission(first))
    assert not set(numbers_of(elsewhere)) & set(numbers_of(first))


def test_the_number_to_ask_by_is_no_reference_of_the_payers():
    item = answer(number="AUTH-1").items[0]
    told = replace(answer(), items=(replace(item, number="", reference_number="REF-1"), replace(item, sequence=3)))

    assert told.number == "AUTH-1"
    assert replace(told, items=told.items[:1]).number == ""


class _Pending:
    """The inquiries of a payer that never decides: ``slept`` are the pauses before each."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.slept: list[float] = []
        self.since = 0.0
        monkeypatch.setattr(clock, "monotonic", lambda: self.since)
        monkeypatch.setattr(clock, "sleep", self._sleep)

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.since += seconds

    def ask(self, _case: str, _name: str) -> None:
        return None

    def found(self, _asked: None) -> tuple[Answer, ...]:
        return ()


@pytest.mark.parametrize(
    ("ago", "first"),
    [
        (timedelta(0), 0.25),
        (timedelta(seconds=0.2), 0.05),
        (timedelta(minutes=9), 0.0),
        (timedelta(hours=-1), 0.25),  # the clock was set back meanwhile
    ],
)
def test_what_is_pended_is_waited_for_from_its_answer_on(monkeypatch, ago: timedelta, first: float):
    monkeypatch.setattr(clock, "now", lambda: SENT_AT)
    pended = replace(submission(answer(action="A4")), answered=SENT_AT - ago)

    inquiries = _Pending(monkeypatch)
    settled(inquiries, pended, timedelta(seconds=10))

    assert inquiries.slept == pytest.approx([first, 0.5, 1.0, 2.0, 4.0])
