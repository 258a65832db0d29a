"""The token endpoint refuses every assertion that SMART Backend Services forbids, and a token opens what it may."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import payer_client as pc
import pytest
from joserfc import jws
from joserfc.jwk import ECKey, OctKey, RSAKey

from conformance.sandbox import app, seed
from conformance.sandbox.clock import Clock
from conformance.sandbox.serve import Running, serve


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serve(directory=tmp_path_factory.mktemp("trust"), tls=False) as payer:
        yield payer


@pytest.fixture(autouse=True)
def _fresh(running: Running) -> None:
    running.become(clock_offset=0.0)


@pytest.fixture(scope="module")
def client(running: Running) -> Iterator[httpx.Client]:
    with pc.connected(running) as http:
        yield http


def test_a_good_assertion_gets_a_token(running: Running, client: httpx.Client) -> None:
    answer = pc.ask_token(running, client)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert (body["token_type"], body["expires_in"], body["scope"]) == ("bearer", 300, pc.ALL_SCOPES)
    assert len(body["access_token"]) >= 32


@pytest.fixture(scope="module")
def rsa_key() -> RSAKey:
    return RSAKey.generate_key(2048, private=True)


def test_an_assertion_signed_with_rsa_is_good_too(running: Running, client: httpx.Client, rsa_key: RSAKey) -> None:
    registered = {"keys": [rsa_key.as_dict(private=False)], "scopes": ["system/*.rs"]}
    policies = running.policies.changed("trust", clients={running.client_id: registered})
    running.mount(app.build(seed.load(running.clock.today()), running.clock, policies))

    answer = pc.ask_token(running, client, pc.sign(pc.claims(running), rsa_key, "RS384"), scope="system/Patient.r")

    assert answer.json()["scope"] == "system/Patient.r"


WRONG: dict[str, dict[str, Any]] = {
    "another audience": {"aud": "http://127.0.0.1:1/auth/token"},
    "no audience": {"aud": None},
    "another subject": {"sub": "somebody"},
    "an unknown client": {"iss": "somebody", "sub": "somebody"},
    "a list as issuer": {"iss": ["conformance-client"]},
    "expired": {"exp": int(time.time()) - 60},
    "expires tomorrow": {"exp": int(time.time()) + 86_400},
    "no expiry": {"exp": None},
    "an expiry in words": {"exp": "soon"},
    "no identifier": {"jti": None},
    "an empty identifier": {"jti": ""},
}


@pytest.mark.parametrize("changes", WRONG.values(), ids=WRONG.keys())
def test_an_assertion_with_a_wrong_claim_is_refused(
    running: Running, client: httpx.Client, changes: dict[str, Any]
) -> None:
    answer = pc.ask_token(running, client, pc.sign(pc.claims(running, **changes), pc.own_key(running)))

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_an_assertion_signed_with_another_key_is_refused(running: Running, client: httpx.Client) -> None:
    answer = pc.ask_token(running, client, pc.sign(pc.claims(running), ECKey.generate_key("P-384", private=True)))

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_an_assertion_with_another_algorithm_is_refused(
    running: Running, client: httpx.Client, rsa_key: RSAKey
) -> None:
    forged = [
        pc.sign(pc.claims(running), ECKey.generate_key("P-256", private=True), "ES256"),
        pc.sign(pc.claims(running), rsa_key, "RS256"),
        jws.serialize_compact({"alg": "HS256"}, "{}", OctKey.generate_key(256), algorithms=["HS256"]),
        "eyJhbGciOiJub25lIn0.eyJpc3MiOiJjb25mb3JtYW5jZS1jbGllbnQifQ.",
        "eyJhbGciOiJFUzM4NCJ9.W10.c2lnbmF0dXJl",
        "not.a.token",
        "nothing",
    ]
    for assertion in forged:
        answer = pc.ask_token(running, client, assertion)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client"), assertion


def test_a_key_set_url_is_refused(running: Running, client: httpx.Client) -> None:
    assertion = pc.sign(pc.claims(running), pc.own_key(running), header={"jku": "http://example.org/keys"})

    assert pc.ask_token(running, client, assertion).json()["error"] == "invalid_client"


def test_an_assertion_is_good_once(running: Running, client: httpx.Client) -> None:
    assertion = pc.sign(pc.claims(running), pc.own_key(running))

    assert pc.ask_token(running, client, assertion).status_code == 200
    assert pc.ask_token(running, client, assertion).json()["error"] == "invalid_client"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": ""}, "invalid_request"),
        ({"scope": ""}, "invalid_scope"),
        ({"scope": "system/*.cruds"}, "invalid_scope"),
        ({"scope": "system/Claim.d"}, "invalid_scope"),
        ({"scope": "patient/*.rs"}, "invalid_scope"),
        ({"scope": "system/*.sr"}, "invalid_scope"),
    ],
)
def test_a_wrong_request_is_refused(
    running: Running, client: httpx.Client, changes: dict[str, str], error: str
) -> None:
    answer = pc.ask_token(running, client, **changes)

    assert (answer.status_code, answer.json()["error"]) == (400, error)


def test_a_request_in_json_and_a_repeated_parameter_are_refused(running: Running, client: httpx.Client) -> None:
    form = {"content-type": "application/x-www-form-urlencoded"}
    twice = client.post(running.token_url, content="grant_type=client_credentials&grant_type=x", headers=form)
    in_json = client.post(running.token_url, json={"grant_type": "client_credentials"})

    assert [one.status_code for one in (twice, in_json)] == [400, 400]
    assert [one.json()["error"] for one in (twice, in_json)] == ["invalid_request", "invalid_request"]


def _patients(running: Running, client: httpx.Client, headers: dict[str, str]) -> httpx.Response:
    return client.get(f"{running.bases['hrex=1.2.0']}/Patient", params={"identifier": "x"}, headers=headers)


def test_without_a_good_token_nothing_is_given(running: Running, client: httpx.Client) -> None:
    for headers in ({}, {"authorization": "Bearer made-up"}, {"authorization": "Basic eDp5"}):
        answer = _patients(running, client, headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer ")
        assert answer.json()["resourceType"] == "OperationOutcome"


def test_a_token_ends_when_the_payers_clock_says_so(running: Running, client: httpx.Client) -> None:
    headers = pc.token(running, client)
    assert _patients(running, client, headers).status_code == 200

    moved = client.post(f"{running.control_url}/clock", json={"offset_seconds": 301})

    assert moved.json() == {"offset_seconds": 301}
    assert _patients(running, client, headers).status_code == 401


def test_the_clock_is_moved_by_a_number_only(running: Running, client: httpx.Client) -> None:
    for body in (b"", b"[]", b'{"offset_seconds": "soon"}'):
        assert client.post(f"{running.control_url}/clock", content=body).status_code == 400


def test_a_token_opens_only_what_its_scope_covers(running: Running, client: httpx.Client) -> None:
    narrow = pc.token(running, client, scope="system/Coverage.rs")
    wide = pc.token(running, client, scope="system/Patient.rs")

    refused = _patients(running, client, narrow)

    assert refused.status_code == 403
    assert "insufficient_scope" in refused.headers["www-authenticate"]
    assert _patients(running, client, wide).status_code == 200


def test_a_fresh_payer_knows_no_token_of_the_last_one(running: Running, client: httpx.Client) -> None:
    headers = pc.token(running, client)
    running.become()

    assert _patients(running, client, headers).status_code == 401


FAULTS = {
    "forgets_the_token_type": "token-answer",
    "issues_hour_long_tokens": "token-lifetime",
    "accepts_replayed_assertions": "assertion-replay",
    "accepts_any_signature": "assertion-signature",
    "ignores_scopes": "scope-enforced",
}


@pytest.mark.parametrize("lenient", ["refuses_narrow_scopes", "widens_narrow_scopes"])
def test_a_narrow_scope_is_refused_or_widened_and_the_answer_says_so(
    running: Running, client: httpx.Client, lenient: str
) -> None:
    running.become((lenient,))

    answer = pc.ask_token(running, client, scope="system/Location.rs")

    if lenient == "refuses_narrow_scopes":
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")
    else:
        assert answer.json()["scope"] == pc.ALL_SCOPES
        headers = {"authorization": f"Bearer {answer.json()['access_token']}"}
        assert _patients(running, client, headers).status_code == 200
    assert pc.ask_token(running, client).json()["scope"] == pc.ALL_SCOPES


@pytest.mark.parametrize("fault", ["", "capitalises_bearer", "issues_minute_long_tokens", *FAULTS])
def test_a_fault_of_the_token_endpoint_breaks_what_it_names_and_nothing_else(
    running: Running, client: httpx.Client, fault: str
) -> None:
    running.become((fault,) if fault else ())

    assertion = pc.sign(pc.claims(running), pc.own_key(running))
    good = pc.ask_token(running, client, assertion).json()
    again = pc.ask_token(running, client, assertion)
    forged = pc.ask_token(running, client, pc.sign(pc.claims(running), ECKey.generate_key("P-384", private=True)))
    narrow = pc.ask_token(running, client, scope="system/Coverage.rs").json()["access_token"]
    kept = {
        "token-answer": {"access_token", "token_type", "expires_in", "scope"} <= good.keys(),
        "token-lifetime": good["expires_in"] <= 300,
        "assertion-replay": again.status_code == 401,
        "assertion-signature": forged.status_code == 401,
        "scope-enforced": _patients(running, client, {"authorization": f"Bearer {narrow}"}).status_code == 403,
    }

    assert [name for name, held in kept.items() if not held] == ([FAULTS[fault]] if fault in FAULTS else [])
    assert _patients(running, client, {}).status_code == 401


def test_the_payers_clock_is_set_not_added_to() -> None:
    clock = Clock(60)
    clock.move(30)

    assert clock.offset == 30
    assert clock.stamp().endswith("Z")
