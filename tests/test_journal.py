"""exchanges.jsonl: one line per exchange, at once, without anybody's name, with a command that asks again."""

from __future__ import annotations

import hashlib
import json
import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.exchange import Exchange, Failure
from conformance.journal import KEPT_BODY, Journal, curl, shown
from conformance.redaction import HIDDEN, Redactor

MEMBER = {"member_id": "MBR-1001", "family": "Ashgrove", "given": ["Marta"], "birth_date": "1951-04-17"}
FHIR = {"content-type": "application/fhir+json; charset=utf-8"}
URL = "https://payer.example.org/pas/Claim/$submit"


def exchange(**other: Any) -> Exchange:
    return Exchange(**{
        "id": "x0001", "operation": "prior-auth.submit", "case": "approved", "claim": "pas=2.2.1", "method": "POST",
        "url": URL, "request_headers": {"content-type": "application/fhir+json", "authorization": "Bearer tok-998877"},
        "request_body": b'{"resourceType": "Bundle"}', "status": 200, "headers": FHIR,
        "body": b'{"resourceType": "Bundle", "type": "collection"}', "seconds": 0.1234567,
        "started": datetime(2027, 2, 1, 12, 0, tzinfo=UTC), **other,
    })  # fmt: skip


@pytest.fixture
def redactor() -> Redactor:
    return Redactor(["tok-998877"], [MEMBER])


def test_a_line_holds_what_was_said_and_when(redactor):
    line = shown(exchange(), redactor)

    assert (line["id"], line["operation"], line["case"], line["claim"]) == (
        "x0001", "prior-auth.submit", "approved", "pas=2.2.1",
    )  # fmt: skip
    assert (line["method"], line["url"], line["status"]) == ("POST", URL, 200)
    assert line["request_headers"] == {"content-type": "application/fhir+json", "authorization": HIDDEN}
    assert json.loads(line["request_body"]) == {"resourceType": "Bundle"}
    assert json.loads(line["body"]) == {"resourceType": "Bundle", "type": "collection"}
    assert line["bytes"] == len(exchange().body)
    assert line["sha256"] == hashlib.sha256(exchange().body).hexdigest()
    assert line["started"] == "2027-02-01T12:00:00+00:00"
    assert line["seconds"] == 0.123457
    assert line["failure"] is None


def test_an_exchange_without_an_answer_says_why(redactor):
    line = shown(
        exchange(status=None, headers={}, body=b"", started=None, failure=Failure("refused", "Ashgrove refused")),
        redactor,
    )

    assert (line["status"], line["body"], line["bytes"], line["sha256"], line["started"]) == (None, "", 0, "", "")
    assert line["failure"] == {"kind": "refused", "message": "member-1 refused"}


def test_nobody_and_no_secret_is_written(redactor):
    patient = {"resourceType": "Patient", "identifier": [{"value": "MBR-1001"}], "name": [{"family": "Ashgrove"}]}
    body = json.dumps({"resourceType": "Bundle", "entry": [{"resource": patient}]}).encode()
    line = shown(
        exchange(
            url="https://payer.example.org/pas/Patient?identifier=MBR-1001&birthdate=1951-04-17",
            request_body=body,
            body=body,
            headers={
                **FHIR,
                "set-cookie": "session=abc",
                "location": "https://payer.example.org/Patient?name=Ashgrove",
            },
            case="approved",
        ),
        redactor,
    )

    text = json.dumps(line)
    assert not [each for each in ("MBR-1001", "Ashgrove", "1951-04-17", "tok-998877", "session=abc") if each in text]
    assert "member-1" in line["body"]


def test_the_targets_own_secret_headers_are_hidden(redactor):
    sent = exchange(request_headers={"X-Gateway-Key": "abc", "accept": "application/fhir+json"})

    assert shown(sent, redactor, ["x-gateway-key"])["request_headers"] == {
        "X-Gateway-Key": HIDDEN, "accept": "application/fhir+json",
    }  # fmt: skip


@pytest.mark.parametrize("size", [KEPT_BODY - 100, KEPT_BODY + 100, 2 * KEPT_BODY, 8 * KEPT_BODY + 1])
def test_long_bodies_are_cut_and_their_length_and_hash_stay(redactor, size):
    assert KEPT_BODY == 262144
    body = json.dumps({"resourceType": "Bundle", "x": "y" * (size - 38)}).encode()
    line = shown(exchange(body=body), redactor)

    assert len(line["body"]) <= KEPT_BODY + 20
    assert (line["bytes"], line["sha256"]) == (len(body), hashlib.sha256(body).hexdigest())
    assert ("… (cut)" in line["body"] or "not kept" in line["body"]) is (size > KEPT_BODY)


def test_each_exchange_is_written_as_soon_as_it_is_over(redactor, tmp_path: Path):
    file = tmp_path / "exchanges.jsonl"
    journal = Journal(redactor, file, ["x-gateway-key"])
    for number in (1, 2, 3):
        journal.add(exchange(id=f"x{number}", request_headers={"X-Gateway-Key": "abc"}))
        lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
        assert [line["id"] for line in lines] == [f"x{each}" for each in range(1, number + 1)]
        assert lines[-1] == journal.lines[f"x{number}"]
    journal.close()
    assert "abc" not in file.read_text("utf-8")


def test_without_a_file_the_lines_are_kept_all_the_same(redactor):
    journal = Journal(redactor)
    journal.add(exchange())
    journal.close()

    assert list(journal.lines) == ["x0001"]


def test_a_payer_that_repeats_our_token_gives_nothing_away(tmp_path: Path):
    file = tmp_path / "exchanges.jsonl"
    journal = Journal(Redactor(), file)
    told = b'{"resourceType": "OperationOutcome", "issue": [{"diagnostics": "the token eyJhbGciOiJ9.abc is refused"}]}'
    journal.add(exchange(request_headers={"authorization": "Bearer eyJhbGciOiJ9.abc"}, status=401, body=told))
    journal.close()

    assert "eyJhbGciOiJ9.abc" not in file.read_text("utf-8")


@settings(deadline=None)
@given(st.binary(max_size=300), st.sampled_from(["application/fhir+json", "text/html", "", "application/json"]))
def test_whatever_came_makes_one_line(body, media_type):
    line = shown(exchange(body=body, headers={"content-type": media_type}), Redactor())

    assert len(json.dumps(line).splitlines()) == 1
    assert line["bytes"] == len(body)


# -- curl --------------------------------------------------------------------------------------------------------------


def words(sent: Exchange, url: str = URL) -> list[str]:
    return shlex.split(curl(sent, url))


def test_the_command_asks_the_same_again():
    asked = words(exchange())

    assert asked[:5] == ["curl", "-sS", "-X", "POST", URL]
    assert asked[5:] == [
        "-H", "Accept: application/fhir+json", "-H", "Authorization: Bearer $TOKEN",
        "-H", "Content-Type: application/fhir+json", "--data", "@x0001-request.json",
    ]  # fmt: skip
    assert "tok-998877" not in curl(exchange(), URL)


def test_the_token_is_the_shells_to_fill_in_and_the_address_is_not():
    assert '"Authorization: Bearer $TOKEN"' in curl(exchange(), URL), "in double quotes, so that the shell fills it in"
    assert f"'{URL}'" in curl(exchange(), URL), "in single quotes, so that $submit stays"


@pytest.mark.parametrize(
    ("other", "missing"),
    [
        ({"authorized": False}, "Authorization"),
        ({"request_headers": {}}, "Authorization"),
        ({"request_body": b""}, "--data"),
        ({"request_body": b""}, "Content-Type"),
    ],
)
def test_what_was_not_sent_is_not_in_the_command(other, missing):
    assert missing not in curl(exchange(**other), URL)


@settings(deadline=None)
@given(st.text(max_size=60))
def test_no_address_breaks_out_of_the_command(tail):
    asked = words(exchange(), URL + tail)

    assert asked[4] == URL + tail
    assert len(asked) == 13
