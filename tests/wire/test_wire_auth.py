"""How tokens are got, kept, refused and got again; and what an assertion says."""

from __future__ import annotations

import base64
import json
import socket
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from urllib.parse import parse_qsl

import pytest
from hostile import PATIENT, Heard, Payer, answer, serving, unused_port
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from conformance import clock
from conformance.exchange import Exchange
from conformance.target import Api, Auth, Target
from conformance.wire import auth as tokens
from conformance.wire.assertions import assertion, unsigned_assertion
from conformance.wire.auth import access_token
from conformance.wire.payer import Limits, Request, Wire

READ = Request("prior-auth.read", "GET", "Patient/p1")
QUICK = Limits(total_seconds=5.0, connect_seconds=2.0, pause_seconds=0.01)
SECRET = Auth(name="gateway", type="client-secret", client_id="a client", client_secret="s:cr%t", scope="system/*.rs")


class Gateway:
    """A token endpoint and an API in one: ``grants`` answers at /token, the API takes the ``valid`` tokens only."""

    def __init__(self, *grants: bytes) -> None:
        self.grants = grants
        self.forms: list[dict[str, str]] = []
        self.authorizations: list[str] = []
        self.valid: set[str] | None = None

    def __call__(self, payer: Payer, line: socket.socket, heard: Heard) -> bool:
        if heard.target == "/token":
            self.forms.append(dict(parse_qsl(heard.body.decode())))
            self.authorizations.append(heard.headers.get("authorization", ""))
            line.sendall(self.grants[min(len(self.forms), len(self.grants)) - 1])
        else:
            given = heard.headers.get("authorization", "").removeprefix("Bearer ")
            refused = self.valid is not None and given not in self.valid
            line.sendall(answer(b"{}", 401) if refused else answer())
        return True


def grant(token: str = "t-1", **more: object) -> bytes:
    said = {"access_token": token, "token_type": "bearer", **more}
    return answer(json.dumps(said).encode(), media_type="application/json")


def at(payer: Payer, auth: Auth) -> Api:
    return Api(name="prior-auth", auth=replace(auth, token_url=payer.url.replace("/fhir", "/token")))


def run(gateway: Gateway, auth: Auth, use: Callable[[Wire, Payer, Api], None]) -> list[Exchange]:
    """What is in the journal after ``use``."""
    journal: list[Exchange] = []
    with serving(gateway) as payer, Wire(Target(name="x"), journal=journal.append, limits=QUICK) as wire:
        use(wire, payer, at(payer, auth))
    return journal


def test_a_client_secret_is_sent_as_basic_and_its_token_kept() -> None:
    gateway = Gateway(grant(expires_in=300))

    def use(wire: Wire, payer: Payer, api: Api) -> None:
        for _ in range(3):
            assert wire.send(payer.url, api, READ).body == PATIENT
        assert payer.heard[1].headers["authorization"] == "Bearer t-1"

    journal = run(gateway, SECRET, use)
    assert gateway.forms == [{"grant_type": "client_credentials", "scope": "system/*.rs"}]
    basic = base64.b64decode(gateway.authorizations[0].removeprefix("Basic ")).decode()
    assert basic == "a+client:s%3Acr%25t"
    assert [exchange.operation for exchange in journal] == ["discovery.token", *["prior-auth.read"] * 3]
    assert [exchange.id for exchange in journal] == ["x0001", "x0002", "x0003", "x0004"]
    assert journal[0].request_headers["content-type"] == "application/x-www-form-urlencoded"


@pytest.mark.parametrize(("lasts", "asked"), [(300, 1), (100, 2), (None, 1), ("soon", 1), (True, 1)])
def test_a_token_is_asked_for_again_before_it_expires(
    monkeypatch: pytest.MonkeyPatch, lasts: object, asked: int
) -> None:
    gateway = Gateway(grant("t-1", expires_in=lasts), grant("t-2", expires_in=300))
    real = clock.monotonic

    def use(wire: Wire, payer: Payer, api: Api) -> None:
        wire.send(payer.url, api, READ)
        monkeypatch.setattr(clock, "monotonic", lambda: real() + 90)
        assert wire.send(payer.url, api, READ).failure is None

    run(gateway, SECRET, use)
    assert len(gateway.forms) == asked


def test_a_token_that_runs_out_early_is_replaced_once() -> None:
    gateway = Gateway(grant("t-1"), grant("t-2"), grant("t-3"))

    def use(wire: Wire, payer: Payer, api: Api) -> None:
        assert wire.send(payer.url, api, READ).failure is None
        gateway.valid = {"t-2"}
        assert wire.send(payer.url, api, READ).body == PATIENT
        gateway.valid = set()
        refused = wire.send(payer.url, api, READ)
        assert refused.failure is not None
        assert refused.failure.kind == "credentials"
        wire.send(payer.url, api, READ)

    run(gateway, SECRET, use)
    assert len(gateway.forms) == 3


def test_a_token_that_never_worked_is_not_asked_for_again() -> None:
    gateway = Gateway(grant())
    gateway.valid = set()

    def use(wire: Wire, payer: Payer, api: Api) -> None:
        for _ in range(3):
            assert wire.send(payer.url, api, READ).status == 401

    run(gateway, SECRET, use)
    assert len(gateway.forms) == 1


@pytest.mark.parametrize(
    ("refusal", "says"),
    [
        (answer(b'{"error": "invalid_client", "error_description": "s:cr%t"}', 401), "(status 401: invalid_client)"),
        (answer(b'{"error": "<script>"}', 400), "(status 400)"),
        (answer(b"<html>", 200, "text/html"), "(status 200)"),
        (answer(b"{}", 302, headers={"Location": "/login"}), "(status 302)"),
        (answer(b'{"access_token": 7}'), "(status 200)"),
        (answer(b'{"access_token": "two words"}'), "not one word"),
    ],
)
def test_a_refused_token_request_is_told_once_and_nothing_else_is_sent(refusal: bytes, says: str) -> None:
    gateway = Gateway(refusal)

    def use(wire: Wire, payer: Payer, api: Api) -> None:
        for _ in range(2):
            exchange = wire.send(payer.url, api, READ)
            assert exchange.failure is not None
            assert exchange.failure.kind == "credentials"
            assert exchange.failure.actor == "your file"
            assert says in exchange.failure.message
            assert "s:cr%t" not in exchange.failure.message
            assert exchange.status is None
        assert [heard.target for heard in payer.heard] == ["/token"]

    run(gateway, SECRET, use)


def test_a_token_endpoint_that_breaks_says_nothing_of_the_credentials() -> None:
    def use(wire: Wire, payer: Payer, api: Api) -> None:
        failure = wire.send(payer.url, api, READ).failure
        assert failure is not None
        assert (failure.kind, failure.actor) == ("unavailable", "network")
        assert "gave no token (status 500)" in failure.message

    run(Gateway(answer(b"", 500)), SECRET, use)


def test_of_two_that_find_the_token_run_out_early_one_asks_for_another_and_both_go_on() -> None:
    both = threading.Barrier(2)

    class Both(Gateway):
        """Answers two requests with the old token only when both are there."""

        def __call__(self, payer: Payer, line: socket.socket, heard: Heard) -> bool:
            if self.valid and heard.headers.get("authorization") == "Bearer t-1":
                both.wait(5)
            return super().__call__(payer, line, heard)

    gateway = Both(grant("t-1"), grant("t-2"))

    def use(wire: Wire, payer: Payer, api: Api) -> None:
        assert wire.send(payer.url, api, READ).status == 200
        gateway.valid = {"t-2"}
        with ThreadPoolExecutor(2) as two:
            statuses = [each.status for each in two.map(lambda _: wire.send(payer.url, api, READ), range(2))]
        assert statuses == [200, 200]

    run(gateway, SECRET, use)
    assert len(gateway.forms) == 2


def test_a_refresh_token_that_is_replaced_is_used_no_more() -> None:
    auth = Auth(name="member", type="refresh-token", client_id="app", refresh_token="r-1")
    gateway = Gateway(grant("t-1", refresh_token="r-2"), grant("t-2"), grant("t-3"))

    def use(wire: Wire, payer: Payer, api: Api) -> None:
        for _ in range(3):
            wire.tokens.forget(api.auth)
            wire.send(payer.url, api, READ)

    run(gateway, auth, use)
    assert [form["refresh_token"] for form in gateway.forms] == ["r-1", "r-2", "r-2"]


def test_requests_without_our_token_need_no_token_endpoint() -> None:
    gateway = Gateway(answer(b"{}", 401))

    def use(wire: Wire, payer: Payer, api: Api) -> None:
        assert wire.send(payer.url, api, replace(READ, token="none")).body == PATIENT

    assert len(run(gateway, SECRET, use)) == 1


def test_a_token_endpoint_that_is_not_there() -> None:
    auth = replace(SECRET, token_url=f"http://127.0.0.1:{unused_port()}/token")
    journal: list[Exchange] = []
    with serving(Gateway()) as payer, Wire(Target(name="x"), journal=journal.append, limits=QUICK) as wire:
        exchange = wire.send(payer.url, Api(name="prior-auth", auth=auth), READ)
        assert payer.heard == []
    assert exchange.failure is not None
    assert exchange.failure.kind == "refused"
    assert exchange.failure.message.startswith("no token for auth.gateway: 127.0.0.1 refuses")
    assert [each.operation for each in journal] == ["discovery.token", "prior-auth.read"]


# --- backend services --------------------------------------------------------------------------------------------

KEYS = {"RS384": RSAKey.generate_key(2048), "ES384": ECKey.generate_key("P-384")}


def backend(algorithm: str, form: str) -> Auth:
    key = KEYS[algorithm]
    text = key.as_pem(private=True).decode() if form == "pem" else json.dumps(key.as_dict(private=True))
    return Auth(
        name="gateway", type="backend-services", client_id="c-1", key=text, key_id="k-1", algorithm=algorithm,
        token_url="https://payer.example/token", scope="system/Claim.c",
    )  # fmt: skip


@pytest.mark.parametrize("form", ["pem", "jwk"])
@pytest.mark.parametrize("algorithm", ["RS384", "ES384"])
def test_an_assertion_says_what_smart_asks(algorithm: str, form: str) -> None:
    auth = backend(algorithm, form)
    read = jwt.decode(assertion(auth), KEYS[algorithm], algorithms=[algorithm])
    assert read.header == {"alg": algorithm, "typ": "JWT", "kid": "k-1"}
    claims = read.claims
    assert claims["iss"] == claims["sub"] == "c-1"
    assert claims["aud"] == "https://payer.example/token"
    now = clock.now().timestamp()
    assert now < claims["exp"] <= now + 300
    assert assertion(auth) != assertion(auth)
    again = jwt.decode(assertion(auth, jti="once", lifetime=-60), KEYS[algorithm], algorithms=[algorithm]).claims
    assert again["jti"] == "once"
    assert again["exp"] < now


def test_an_assertion_can_be_signed_with_a_foreign_key() -> None:
    foreign = ECKey.generate_key("P-384")
    signed = assertion(backend("ES384", "pem"), key=foreign.as_pem(private=True).decode())
    assert jwt.decode(signed, foreign, algorithms=["ES384"]).claims["iss"] == "c-1"


@pytest.mark.parametrize("key", ["", "no key", "{", '{"kty": "EC"}', '{"kty": "oct", "k": "c2VjcmV0"}'])
def test_a_key_that_cannot_sign_is_told_without_what_it_holds(key: str) -> None:
    auth = replace(backend("ES384", "pem"), key=key)
    with pytest.raises(ValueError, match=r"^the key of auth\.gateway cannot sign ES384$"):
        assertion(auth)
    with Wire(Target(name="x"), journal=lambda exchange: None, limits=QUICK) as wire:
        exchange = wire.send("http://127.0.0.1:1/fhir", Api(name="prior-auth", auth=auth), READ)
    assert exchange.failure is not None
    assert exchange.failure.kind == "credentials"


def test_backend_services_ask_for_their_token_with_an_assertion() -> None:
    gateway = Gateway(grant("t-1", scope="system/Claim.c", expires_in=300), grant("t-2"))
    asked: list[Exchange | None] = []

    def use(wire: Wire, payer: Payer, api: Api) -> None:
        assert wire.send(payer.url, api, READ).body == PATIENT
        asked.append(wire.tokens.answer(api.auth))
        narrower = wire.tokens.ask(api.auth, assertion(api.auth), "system/Patient.rs", claim="smart=2.2.0")
        asked.append(narrower)
        wire.send(payer.url, api, replace(READ, token=access_token(narrower)))
        assert [heard.headers["authorization"] for heard in payer.heard if heard.target != "/token"] == [
            "Bearer t-1",
            "Bearer t-2",
        ]

    journal = run(gateway, backend("ES384", "pem"), use)
    assert [form["scope"] for form in gateway.forms] == ["system/Claim.c", "system/Patient.rs"]
    for form in gateway.forms:
        assert form["grant_type"] == "client_credentials"
        assert form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        jwt.decode(form["client_assertion"], KEYS["ES384"], algorithms=["ES384"])
    assert asked == [journal[0], journal[2]]
    assert journal[2].claim == "smart=2.2.0"
    assert not journal[2].authorized


@pytest.mark.parametrize("reply", [answer(b"{}", 401), answer(b"[]"), answer(b'{"access_token": 1}'), answer(b"<")])
def test_an_answer_without_a_token_gives_none(reply: bytes) -> None:
    asked: list[Exchange] = []

    def use(wire: Wire, payer: Payer, api: Api) -> None:
        asked.append(wire.tokens.ask(api.auth, "an assertion"))

    run(Gateway(reply), backend("ES384", "pem"), use)
    assert access_token(asked[0]) == ""
    assert asked[0].failure is None, "whether it should have been refused is for the scenario to judge"


# --- commands ----------------------------------------------------------------------------------------------------


def command(code: str) -> Auth:
    return Auth(name="gateway", type="token-command", command=(sys.executable, "-S", "-c", code))


@pytest.mark.parametrize(
    "code",
    [
        "print('t-1')",
        "print('t-1'); print('never mind')",
        'print(\'{"access_token": "t-1", "expires_in": 300}\')',
        "import sys; print('noise', file=sys.stderr); print(' t-1 ')",
    ],
)
def test_a_token_from_a_command(code: str) -> None:
    gateway = Gateway()
    gateway.valid = {"t-1"}

    def use(wire: Wire, payer: Payer, api: Api) -> None:
        assert wire.send(payer.url, api, READ).body == PATIENT
        assert wire.tokens.answer(api.auth) is None

    run(gateway, command(code), use)


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("import sys; print('t-1'); sys.exit(3)", "ended with status 3"),
        ("pass", "is not one word a header can carry"),
        ("print('two words')", "is not one word a header can carry"),
        ('print(\'{"error": "no"}\')', "is not one word a header can carry"),
        ("import time; time.sleep(60)", "did not end within"),
    ],
)
def test_a_command_that_brings_no_token(monkeypatch: pytest.MonkeyPatch, code: str, says: str) -> None:
    monkeypatch.setattr(tokens, "COMMAND_SECONDS", 0.3 if "sleep" in code else 30.0)

    def use(wire: Wire, payer: Payer, api: Api) -> None:
        exchange = wire.send(payer.url, api, READ)
        assert exchange.failure is not None
        assert exchange.failure.kind == "credentials"
        assert says in exchange.failure.message
        assert payer.heard == []

    run(Gateway(), command(code), use)


def test_a_command_that_is_none() -> None:
    def use(wire: Wire, payer: Payer, api: Api) -> None:
        exchange = wire.send(payer.url, api, READ)
        assert exchange.failure is not None
        assert "cannot be run" in exchange.failure.message

    run(Gateway(), Auth(name="gateway", type="token-command", command=("/nowhere/at-all",)), use)


def test_a_token_is_not_shown_by_its_repr() -> None:
    assert "secret" not in repr(tokens.Token("secret"))


def test_an_assertion_may_be_wrong_on_purpose() -> None:
    """Each of them is sent to see it refused."""
    auth = Auth(
        name="a",
        client_id="us",
        token_url="https://payer.example/token",
        key=KEYS["ES384"].as_pem(private=True).decode(),
        algorithm="ES384",
    )

    def claims(written: str) -> dict[str, object]:
        middle = written.split(".")[1]
        found: dict[str, object] = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
        return found

    assert claims(assertion(auth, aud="elsewhere"))["aud"] == "elsewhere"
    assert claims(assertion(auth, iss="x", sub="x"))["iss"] == "x"
    ahead, usual = claims(assertion(auth, ahead=5)), claims(assertion(auth))
    assert 4 <= int(str(ahead["iat"])) - int(str(usual["iat"])) <= 6
    unsigned = unsigned_assertion(auth)
    assert unsigned.endswith(".")
    assert claims(unsigned)["sub"] == "us"


def test_a_cds_hooks_token_is_for_one_service() -> None:
    auth = Auth(
        name="a",
        type="cds-hooks",
        client_id="https://ehr.example",
        key=KEYS["ES384"].as_pem(private=True).decode(),
        algorithm="ES384",
    )
    auth = replace(auth, key_id="k1", key_set_url="https://ehr.example/jwks")
    asked = [lambda *_: pytest.fail("nobody is asked")] * 2
    token = tokens.Tokens(*asked).own(auth, "https://payer.example/cds-services/x")
    decoded = jwt.decode(token.value, KEYS["ES384"], algorithms=["ES384"])

    assert (decoded.claims["iss"], decoded.claims["aud"]) == (
        "https://ehr.example", "https://payer.example/cds-services/x",
    )  # fmt: skip
    assert (decoded.header["kid"], decoded.header["jku"]) == ("k1", "https://ehr.example/jwks")
    assert "sub" not in decoded.claims
