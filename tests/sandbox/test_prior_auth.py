"""The model payer's $submit and $inquire: decisions, forms, searches, refusals."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import payer_client as pc
import pytest
from pas_judge import inquiry_bundles, own, structural, told
from pas_requests import (
    CASES,
    ENDED,
    NOBODY,
    PAS,
    SECOND,
    VERSIONS,
    X12,
    Desk,
    changed,
    claim,
    inquiry,
    request,
    trace_of,
    with_urns,
)

from conformance.sandbox import prior_auth, seed
from conformance.sandbox.frame import Answer
from conformance.sandbox.serve import Running, serve

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from shared_data import DATA, needs_data

EXPECTED = {
    "approved": {1: "A1"},
    "denied": {1: "A3"},
    "pended": {1: "A4"},
    "modified": {1: "A6"},
    "mixed": {1: "A1", 2: "A3"},
    "expedited": {1: "A1"},
}
pytestmark = pytest.mark.parametrize("version", VERSIONS)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def response(answer: Answer) -> Any:
    """The ClaimResponse of a submission's answer."""
    assert structural(answer), answer
    assert isinstance(answer.body, dict)
    return answer.body["entry"][0]["resource"]


def found(answer: Answer) -> list[Any]:
    """The ClaimResponses of an inquiry's answer."""
    assert structural(answer), answer
    entries = [entry["resource"] for bundle in inquiry_bundles(answer.body) for entry in bundle["entry"]]
    return [one for one in entries if one["resourceType"] == "ClaimResponse"]


def examples(version: str) -> Iterator[tuple[str, Any]]:
    """The official examples that ask for something: Bundles whose first entry is a Claim."""
    for file in sorted((DATA / "examples" / f"pas-{version}").glob("*.json")):
        body = json.loads(file.read_text("utf-8"))
        entries = body.get("entry", []) if body["resourceType"] == "Bundle" else []
        if entries and entries[0]["resource"]["resourceType"] == "Claim":
            yield file.name, body


class TestDecisions:
    @pytest.mark.parametrize("case", CASES)
    def test_each_case_is_decided_by_its_service_codes(self, desk: Desk, version: str, case: str) -> None:
        answer = desk.submit(request(*CASES[case]), version)

        assert told(response(answer)) == EXPECTED[case]
        assert response(answer)["outcome"] == "complete"

    def test_any_other_service_of_a_member_is_approved(self, desk: Desk, version: str) -> None:
        assert told(response(desk.submit(request("99999"), version))) == {1: "A1"}

    def test_an_approval_says_what_until_when_and_under_which_number(self, desk: Desk, version: str) -> None:
        asked = request("72148")
        item = response(desk.submit(asked, version))["item"][0]
        today = desk.clock.today()

        period = own(item, f"{PAS}/extension-itemPreAuthPeriod")["valuePeriod"]
        assert period == {"start": today.isoformat(), "end": (today + timedelta(days=180)).isoformat()}
        assert own(item, f"{PAS}/extension-itemPreAuthIssueDate")["valueDate"] == today.isoformat()
        trace = own(item, f"{PAS}/extension-itemTraceNumber")["valueIdentifier"]["value"]
        assert trace == f"{trace_of(asked)}-1"
        detail = own(item, f"{PAS}/extension-itemAuthorizedDetail")
        assert own(detail, "quantity")["valueQuantity"]["value"] == 12
        number = own(own(item["adjudication"][0], f"{PAS}/extension-reviewAction"), "number")["valueString"]
        assert number.startswith("AUTH-")

    def test_a_modified_item_says_how_much_is_authorized(self, desk: Desk, version: str) -> None:
        answer = response(desk.submit(request("97110", quantity=12), version))
        detail = own(answer["item"][0], f"{PAS}/extension-itemAuthorizedDetail")

        if version == "2.2.1":
            assert answer["addItem"][0]["itemSequence"] == [1]
            assert answer["addItem"][0]["quantity"] == {"value": 6, "unit": "unit"}
            assert not detail
        else:
            assert "addItem" not in answer
            assert own(detail, "quantity")["valueQuantity"]["value"] == 6

    def test_what_is_within_the_limit_is_approved_whole(self, desk: Desk, version: str) -> None:
        assert told(response(desk.submit(request("97110", quantity=6), version))) == {1: "A1"}

    def test_no_quantity_is_no_crash(self, desk: Desk, version: str) -> None:
        assert told(response(desk.submit(request("97110", "72148", quantity=None), version))) == {1: "A6", 2: "A1"}

    def test_a_pended_request_is_decided_when_its_time_has_come(self, desk: Desk, version: str) -> None:
        asked, other = request("22551"), request("43775")
        desk.submit(asked, version)
        desk.submit(other, version)
        before = [told(found(desk.inquire(inquiry(trace_of(one)), version))[0]) for one in (asked, other)]
        desk.clock.move(11 * 60)
        between = [told(found(desk.inquire(inquiry(trace_of(one)), version))[0]) for one in (asked, other)]
        desk.clock.move(21 * 60)
        after = [told(found(desk.inquire(inquiry(trace_of(one)), version))[0]) for one in (asked, other)]

        assert before == [{1: "A4"}, {1: "A4"}]
        assert between == [{1: "A1"}, {1: "A4"}]
        assert after == [{1: "A1"}, {1: "A3"}]
        last = found(desk.inquire(inquiry(trace_of(other)), version))[0]["item"][0]
        action = own(last["adjudication"][0], f"{PAS}/extension-reviewAction")
        assert own(action, "reasonCode")["valueCodeableConcept"]["coding"][0]["code"] == "0T"

    @pytest.mark.parametrize(
        ("asked", "code"),
        [(request("72148", member=NOBODY), "67"), (request("72148", member=ENDED), "95"), (request("A9270"), "33")],
        ids=["unknown member", "coverage ended", "service refused"],
    )
    def test_a_business_error_decides_nothing(self, desk: Desk, version: str, asked: Any, code: str) -> None:
        answer = response(desk.submit(asked, version))

        assert answer["outcome"] == "error"
        assert "item" not in answer
        assert [error["code"]["coding"][0] for error in answer["error"]] == [
            {"system": "https://codesystem.x12.org/005010/901", "code": code}
        ]
        again = {**asked, "entry": [inquiry(trace_of(asked), "A9270", "72148")["entry"][0], *asked["entry"][1:]]}
        assert found(desk.inquire(again, version)) == []


class TestForms:
    def test_the_version_decides_what_must_be_there(self, desk: Desk, version: str) -> None:
        asked = request("72148")
        answer = desk.submit(asked, version)
        assert isinstance(answer.body, dict)
        newer = version == "2.2.1"

        assert (answer.body.get("identifier") == asked["identifier"]) is newer
        assert bool(own(response(answer), f"{PAS}/extension-claimResponseReviewer")) is newer
        assert response(answer)["request"]["reference"] == asked["entry"][0]["fullUrl"]

    def test_a_person_is_said_to_have_looked_at_a_denial(self, desk: Desk, version: str) -> None:
        for case, person in (("approved", False), ("denied", True), ("mixed", True)):
            answer = response(desk.submit(request(*CASES[case]), version))
            reviewer = own(answer, f"{PAS}/extension-claimResponseReviewer")
            if version == "2.2.1":
                assert own(reviewer, "wasHumanReviewedFlag")["valueBoolean"] is person

    def test_echoed_resources_are_the_ones_that_were_sent(self, desk: Desk, version: str) -> None:
        for asked in (request("72148"), with_urns(request("72148"))):
            answer = desk.submit(asked, version)
            assert isinstance(answer.body, dict)
            _, *others = answer.body["entry"]

            assert others
            assert all(entry in asked["entry"] for entry in others)
            urls = [entry["fullUrl"] for entry in answer.body["entry"]]
            assert len(urls) == len(set(urls))
            named = [response(answer)[party]["reference"] for party in ("patient", "insurer", "requestor")]
            assert set(named) <= set(urls)

    def test_a_role_brings_who_stands_behind_it(self, desk: Desk, version: str) -> None:
        asked = request("72148")
        role = {
            "resourceType": "PractitionerRole",
            "id": "role",
            "practitioner": {"reference": "Practitioner/doctor"},
            "organization": {"reference": "Organization/clinic"},
        }
        doctor = {
            "resourceType": "Practitioner",
            "id": "doctor",
            "identifier": [{"system": "http://hl7.org/fhir/sid/us-npi", "value": "1881437093"}],
            "name": [{"family": "Watson"}],
        }
        base = asked["entry"][0]["fullUrl"].rpartition("Claim/")[0]
        asked["entry"] += [
            {"fullUrl": f"{base}{one['resourceType']}/{one['id']}", "resource": one} for one in (role, doctor)
        ]
        claim(asked)["provider"] = {"reference": "PractitionerRole/role"}
        answer = desk.submit(asked, version)

        assert isinstance(answer.body, dict)
        kinds = [entry["resource"]["resourceType"] for entry in answer.body["entry"]]
        assert sorted(kinds[1:]) == ["Organization", "Organization", "Patient", "Practitioner", "PractitionerRole"]
        provider = own(response(answer)["item"][0], f"{PAS}/extension-itemAuthorizedProvider")
        assert own(provider, "provider")["valueReference"]["reference"] == f"{base}Practitioner/doctor"

    def test_who_sent_it_is_turned_round(self, desk: Desk, version: str) -> None:
        asked = request("72148")
        sent = {"applicationSenderCode": "CLINIC", "applicationReceiverCode": "PAYER", "interchangeSenderID": "C1"}
        parts = [{"url": url, "valueString": value} for url, value in sent.items()]
        claim(asked)["extension"] = [{"url": f"{PAS}/extension-TransmissionIdentifiers", "extension": parts}]
        answer = own(response(desk.submit(asked, version)), f"{PAS}/extension-TransmissionIdentifiers")

        turned = {one["url"]: one["valueString"] for one in answer.get("extension", ())}
        expected = {
            "applicationReceiverCode": "CLINIC",
            "applicationSenderCode": "PAYER",
            "interchangeReceiverID": "C1",
        }
        assert turned == (expected if version == "2.2.1" else {})

    @needs_data
    def test_every_official_request_is_answered(self, desk: Desk, version: str) -> None:
        seen = 0
        for name, body in examples(version):
            inquires = "inquiry" in json.dumps(body["meta"]["profile"])
            answer = desk.inquire(body, version) if inquires else desk.submit(body, version)
            answers = found(answer) if inquires else [response(answer)]

            assert answers, name
            assert {one["outcome"] for one in answers} == {"complete"}, name
            if not inquires:
                assert set(told(answers[0])) == {item["sequence"] for item in claim(body)["item"]}, name
            seen += 1
        assert seen >= 6

    @needs_data
    def test_what_an_official_update_cancels_is_cancelled(self, desk: Desk, version: str) -> None:
        bodies = dict(examples(version))
        first = bodies["Bundle-HomecareAuthorizationBundleExample.json"]
        before = response(desk.submit(first, version))
        update = bodies["Bundle-HomecareAuthorizationUpdateBundleExample.json"]
        after = response(desk.submit(update, version))
        current = found(desk.inquire(inquiry_of(first), version))

        assert told(before) == {1: "A1", 2: "A1"}
        assert told(after) == {1: "A1", 2: "C", 3: "A1"}
        assert [told(one) for one in current] == [told(after)]

    @needs_data
    def test_a_differential_update_leaves_the_rest_as_it_was(self, desk: Desk, version: str) -> None:
        bodies = dict(examples(version))
        name = "Bundle-HomecareAuthorizationDifferentialBundleExample.json"
        if name not in bodies:
            pytest.skip("this version of the guide has no differential update")
        first = bodies["Bundle-HomecareAuthorizationBundleExample.json"]
        desk.submit(first, version)
        after = response(desk.submit(bodies[name], version))
        current = found(desk.inquire(inquiry_of(first), version))

        assert told(after) == {2: "C", 3: "A1"}
        assert [told(one) for one in current] == [{1: "A1", 2: "C", 3: "A1"}]


def inquiry_of(body: Any) -> Any:
    """An inquiry about a request by the parties that sent it."""
    asked = changed(body, "entry.0.resource.item.1")
    asked["entry"] = [entry for entry in asked["entry"] if entry["resource"]["resourceType"] != "Claim"]
    return {**asked, "entry": [body["entry"][0], *asked["entry"]]}


class TestInquiries:
    @pytest.mark.parametrize("case", CASES)
    def test_an_inquiry_tells_what_the_submission_was_answered_with(self, desk: Desk, version: str, case: str) -> None:
        asked = request(*CASES[case])
        submitted = response(desk.submit(asked, version))
        answer = desk.inquire(inquiry(trace_of(asked)), version)

        assert isinstance(answer.body, dict)
        assert answer.body["resourceType"] == ("Parameters" if version == "2.2.1" else "Bundle")
        assert [told(one) for one in found(answer)] == [told(submitted)]
        assert found(answer)[0]["id"] == submitted["id"]

    def test_what_is_submitted_in_one_version_is_found_in_the_other(self, desk: Desk, version: str) -> None:
        asked = request("97110")
        desk.submit(asked, version)
        other = next(one for one in VERSIONS if one != version)

        assert [told(one) for one in found(desk.inquire(inquiry(trace_of(asked)), other))] == [{1: "A6"}]

    def test_nothing_found_is_an_answer(self, desk: Desk, version: str) -> None:
        for member in (NOBODY, SECOND):
            answer = desk.inquire(inquiry("KNOWN-STD", member=member, npi="1003000126"), version)
            assert found(answer) == []
            assert isinstance(answer.body, dict)
            assert "parameter" not in answer.body

    def test_an_authorization_number_finds_it_for_anybody_of_its_member(self, desk: Desk, version: str) -> None:
        by_number = inquiry("other", "27447", number="AUTH-K0000001", npi="1998421378")
        elsewhere = inquiry("other", "27447", number="AUTH-00000009")
        answers = found(desk.inquire(by_number, version))

        assert [one["identifier"][0]["value"] for one in answers] == ["KNOWN-STD"]
        assert found(desk.inquire(elsewhere, version)) == []  # another member's

    def test_a_provider_finds_its_own_of_a_member_by_service(self, desk: Desk, version: str) -> None:
        own_services = inquiry("other", "70553")
        stranger = inquiry("other", "70553", npi="1003000126")
        every = inquiry("other")

        assert [one["identifier"][0]["value"] for one in found(desk.inquire(own_services, version))] == ["KNOWN-EXP"]
        assert found(desk.inquire(stranger, version)) == []
        values = [one["identifier"][0]["value"] for one in found(desk.inquire(every, version))]
        assert values == ["KNOWN-EXP", "KNOWN-STD", "KNOWN-DENIED"]  # the newest first

    def test_who_asked_is_named_to_somebody_else(self, desk: Desk, version: str) -> None:
        answer = desk.inquire(inquiry("KNOWN-STD", npi="1998421378"), version)
        bundle = inquiry_bundles(answer.body)[0]
        url = found(answer)[0]["requestor"]["reference"]

        requestor = next(entry["resource"] for entry in bundle["entry"] if entry["fullUrl"] == url)
        assert requestor["identifier"][0]["value"] == "1397205844"

    def test_an_old_number_finds_what_it_became(self, desk: Desk, version: str) -> None:
        asked = request("72148", "74177")
        old = response(desk.submit(asked, version))["item"][0]
        number = own(own(old["adjudication"][0], f"{PAS}/extension-reviewAction"), "number")["valueString"]
        update = changed(asked, "entry.0.resource.item.0.productOrService.coding.0.code", "15830")
        claim(update)["identifier"][0]["value"] = "UPDATE-1"
        claim(update)["related"] = [{"claim": {"identifier": claim(asked)["identifier"][0]}}]
        claim(update)["item"][0]["extension"].append({"url": f"{PAS}/extension-infoChanged", "valueCode": "changed"})
        after = response(desk.submit(update, version))
        answers = found(desk.inquire(inquiry("other", "72148", number=number), version))

        assert told(after) == {1: "A3", 2: "A1"}
        assert [one["id"] for one in answers] == [after["id"]]
        assert [one["value"] for one in answers[0]["identifier"]] == ["UPDATE-1", trace_of(asked)]

    def test_a_whole_request_can_be_cancelled(self, desk: Desk, version: str) -> None:
        asked = request("72148", "15830")
        desk.submit(asked, version)
        update = changed(asked, "entry.0.resource.related", [{"claim": {"identifier": claim(asked)["identifier"][0]}}])
        cancel = {"coding": [{"system": f"{X12}/1322", "code": "3"}]}
        claim(update)["extension"] = [{"url": f"{PAS}/extension-certificationType", "valueCodeableConcept": cancel}]

        assert told(response(desk.submit(update, version))) == {1: "C", 2: "C"}
        assert [told(one) for one in found(desk.inquire(inquiry(trace_of(asked)), version))] == [{1: "C", 2: "C"}]


GOOD = request("72148", "74177")
SENT = [{"url": "applicationSenderCode", "valueString": "CLINIC"}]
claim(GOOD)["extension"] = [{"url": f"{PAS}/extension-TransmissionIdentifiers", "extension": SENT}]
INVALID = {
    "no JSON": b'{"resourceType": "Bundle", ',
    "no number": json.dumps(GOOD).encode().replace(b'"sequence": 1', b'"sequence": NaN'),
    "no text": b"\xff\xfe\x00",
    "too deep": b"[" * 200_000,
    "deep": changed(GOOD, "entry.1.resource.name", json.loads("[" * 150 + "1" + "]" * 150)),
    "a list": [GOOD],
    "another resource": claim(GOOD),
    "an empty Bundle": {"resourceType": "Bundle", "type": "collection"},
    "another type": changed(GOOD, "type", "batch"),
    "no Bundle identifier": changed(GOOD, "identifier"),
    "no timestamp": changed(GOOD, "timestamp"),
    "no entries": changed(GOOD, "entry", []),
    "an entry that is none": changed(GOOD, "entry.1", "clinic"),
    "no fullUrl": changed(GOOD, "entry.1.fullUrl"),
    "one fullUrl twice": changed(GOOD, "entry.1.fullUrl", GOOD["entry"][2]["fullUrl"]),
    "no Claim": changed(GOOD, "entry.0"),
    "three Claims": changed(GOOD, "entry.1.resource", claim(GOOD) | {"id": "clinic"})
    | {
        "entry": [
            *changed(GOOD, "entry.1.resource", claim(GOOD))["entry"],
            {"fullUrl": "urn:x", "resource": claim(GOOD)},
        ]
    },
    "no patient": changed(GOOD, "entry.0.resource.patient"),
    "no insurer": changed(GOOD, "entry.0.resource.insurer"),
    "no provider": changed(GOOD, "entry.0.resource.provider"),
    "no priority": changed(GOOD, "entry.0.resource.priority"),
    "no insurance": changed(GOOD, "entry.0.resource.insurance"),
    "no items": changed(GOOD, "entry.0.resource.item"),
    "no identifier": changed(GOOD, "entry.0.resource.identifier"),
    "another use": changed(GOOD, "entry.0.resource.use", "claim"),
    "another status": changed(GOOD, "entry.0.resource.status", "draft"),
    "a patient who is not there": changed(GOOD, "entry.0.resource.patient", {"reference": "Patient/nobody"}),
    "an insurer who is a person": changed(GOOD, "entry.0.resource.insurer", {"reference": "Patient/patient"}),
    "a coverage that is not there": changed(GOOD, "entry.0.resource.insurance.0.coverage", {"display": "mine"}),
    "items that are none": changed(GOOD, "entry.0.resource.item", "all of it"),
    "one sequence twice": changed(GOOD, "entry.0.resource.item.1.sequence", 1),
    "sequence zero": changed(GOOD, "entry.0.resource.item.1.sequence", 0),
    "no service": changed(GOOD, "entry.0.resource.item.1.productOrService"),
    "no category": changed(GOOD, "entry.0.resource.item.1.category"),
    "less than nothing": changed(GOOD, "entry.0.resource.item.1.quantity.value", -1),
    "an empty name": changed(GOOD, "entry.1.resource.name", ""),
    "null": json.dumps(GOOD).replace('"active": true', '"active": null').encode(),
}


class TestRefusals:
    @pytest.mark.parametrize("what", INVALID)
    def test_an_invalid_request_is_refused_with_one_outcome(self, desk: Desk, version: str, what: str) -> None:
        answer = desk.submit(INVALID[what], version)

        assert answer.status == 400
        assert isinstance(answer.body, dict)
        assert answer.body["resourceType"] == "OperationOutcome"
        assert [issue["severity"] for issue in answer.body["issue"]] == ["error"]
        assert answer.body["issue"][0]["details"]["text"]

    def test_where_it_is_wrong_is_told(self, desk: Desk, version: str) -> None:
        answer = desk.submit(INVALID["no service"], version)
        assert isinstance(answer.body, dict)

        assert answer.body["issue"][0]["expression"] == ["Bundle.entry[0].resource.item[1].productOrService"]

    def test_only_the_version_that_demands_it_refuses(self, desk: Desk, version: str) -> None:
        """2.0.1 leaves place, request type and certification type open, and lets the Claim stand anywhere."""
        newer = version == "2.2.1"
        moved = changed(GOOD, "entry.0")
        lenient = [
            changed(GOOD, "entry.0.resource.item.0.locationCodeableConcept"),
            changed(GOOD, "entry.0.resource.item.0.extension.0"),
            changed(GOOD, "entry.0.resource.item.0.extension.1"),
            changed(GOOD, "entry.0.resource.identifier.0.system"),
            {**moved, "entry": [*moved["entry"], GOOD["entry"][0]]},
        ]

        assert {desk.submit(body, version).status for body in lenient} == {400 if newer else 200}

    def test_an_inquiry_may_name_no_item_where_its_version_says_so(self, desk: Desk, version: str) -> None:
        asked = changed(inquiry("KNOWN-STD"), "entry.0.resource.item")

        assert desk.inquire(asked, version).status == (200 if version == "2.2.1" else 400)

    def test_only_json_is_read(self, desk: Desk, version: str) -> None:
        answer = desk.submit(GOOD, version, content_type="application/fhir+xml")

        assert answer.status == 415
        assert isinstance(answer.body, dict)
        assert answer.body["resourceType"] == "OperationOutcome"
        assert desk.submit(GOOD, version, content_type="application/fhir+json; charset=utf-8").status == 200

    def test_odd_values_are_no_crash(self, desk: Desk, version: str) -> None:
        """Whatever else is wrong inside, the payer answers: 200 or 400."""
        for path in _paths(GOOD):
            desk.payer.overlay.submissions.clear()
            for odd in (7, "x", ["x"], [{"x": "y"}], {"x": "y"}, True):
                for ask in (desk.submit, desk.inquire):
                    answer = ask(changed(GOOD, path, odd), version)
                    assert answer.status in (200, 400), (path, odd)


def _paths(value: Any, at: str = "") -> Iterator[str]:
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, child in children:
        yield f"{at}{name}"
        yield from _paths(child, f"{at}{name}.")


def test_what_is_on_file_is_of_every_kind(version: str) -> None:
    today = date(2026, 11, 21)
    held = seed.load(today).authorizations
    items = [item for record in held.values() for item in record["items"]]

    assert len(held) >= 30
    assert {item["decision"] for item in items} == {"approved", "denied", "pended", "modified", "cancelled"}
    assert len({record["member"] for record in held.values()}) >= 6
    assert {record["urgency"] for record in held.values()} == {"standard", "expedited"}
    reasons = [item["reason"] for item in items if item["decision"] == "denied"]
    assert {"code" in reason for reason in reasons} == {True, False}
    assert all(reason["text"] for reason in reasons)
    received = sorted(record["received"] for record in held.values())
    assert received[0] < "2025-01-01" < "2026-11-01" < received[-1]
    desk = Desk()
    for record in held.values():  # each can be told in this version
        member = desk.payer.seed.members[record["member"]]
        person = {"value": member["identifier"]["value"], "family": "-", "given": "-", "born": "-", "subscriber": "-"}
        asked = inquiry(record["id"], member=person)
        for entry in asked["entry"][-2:]:
            entry["resource"]["identifier"][0]["system"] = member["identifier"]["system"]
        assert [one["identifier"][0]["value"] for one in found(desk.inquire(_born(asked), version))] == [record["id"]]


def _born(asked: Any) -> Any:
    asked["entry"][-1]["resource"]["birthDate"] = "1950-01-01"
    return asked


def test_known_authorizations_were_decided_in_time(version: str) -> None:
    today = date(2026, 11, 21)
    held = seed.load(today)
    known = {entry["identifier"]: entry for entry in prior_auth.known(held, today, "ma")}

    drug = known.pop("KNOWN-DRUG")
    assert (drug["member"], drug["drug_kind"], drug["urgency"]) == ("second", "part-b", "standard")
    assert known.pop("KNOWN-FULL")["decision"] == "modified"
    assert set(known) == {"KNOWN-STD", "KNOWN-EXP", "KNOWN-DENIED"}
    assert {entry["member"] for entry in known.values()} == {"first"}
    assert {name: (entry["decision"], entry["urgency"]) for name, entry in known.items()} == {
        "KNOWN-STD": ("approved", "standard"),
        "KNOWN-EXP": ("approved", "expedited"),
        "KNOWN-DENIED": ("denied", "standard"),
    }
    for name, entry in known.items():
        issued = date.fromisoformat(held.authorizations[name]["items"][0]["issued"])
        end = datetime(issued.year, issued.month, issued.day, tzinfo=UTC) + timedelta(days=1)
        assert end - entry["received"] <= timedelta(hours=72 if entry["urgency"] == "expedited" else 7 * 24)
        assert found(Desk().inquire(inquiry(name), version))
    assert prior_auth.known(held, today - timedelta(days=365), "ma") == []


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serve(directory=tmp_path_factory.mktemp("payer")) as payer:
        yield payer


def test_it_is_served_over_https_to_who_has_a_token(running: Running, version: str) -> None:
    base = running.bases[f"pas={version}"]
    asked = request("15830")
    with pc.connected(running) as client:
        headers = pc.token(running, client)
        submitted = client.post(f"{base}/Claim/$submit", json=asked, headers=headers)
        inquired = client.post(f"{base}/Claim/$inquire", json=inquiry(trace_of(asked)), headers=headers)
        refused = client.post(f"{base}/Claim/$submit", json={"resourceType": "Bundle"}, headers=headers)
        closed = [client.post(f"{base}/Claim/{name}", json=asked).status_code for name in ("$submit", "$inquire")]

    assert submitted.headers["content-type"] == "application/fhir+json"
    assert told(response(Answer(submitted.status_code, submitted.json()))) == {1: "A3"}
    assert [told(one) for one in found(Answer(inquired.status_code, inquired.json()))] == [{1: "A3"}]
    assert refused.status_code == 400
    assert closed == [401, 401]


def test_its_target_file_names_cases_and_known_authorizations(running: Running, version: str) -> None:
    target = pc.target(running)
    cases = target["cases"]["prior-auth"]

    asked = {name: [case.get("service", {}), *case.get("items", ())] for name, case in cases.items()}
    codes = {
        name: tuple(one.get("service", one)["code"] for one in services if one) for name, services in asked.items()
    }
    assert codes == {
        **CASES,
        "settling": ("29881",),
        "information": ("63650",),
        "questionnaire": ("64555",),
        "drug": ("J1745",),
    }
    assert {entry["identifier"] for entry in target["known"]["prior-auth"]} == {
        "KNOWN-STD",
        "KNOWN-EXP",
        "KNOWN-DENIED",
        "KNOWN-DRUG",
        "KNOWN-FULL",
    }
