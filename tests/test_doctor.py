"""The doctor, at the running model payer: what it finds, whom it sends where, and that it writes nothing."""

from __future__ import annotations

import base64
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from target_files import pem

from conformance import clock
from conformance.apis.discovery import read_capabilities
from conformance.doctor import Check, examine, render
from conformance.doctor.endpoints import statement_notes
from conformance.doctor.tls import Certificate, presented
from conformance.opening import guides, versions_known
from conformance.sandbox import certificates
from conformance.sandbox.serve import Running, serve
from conformance.target import Api, Auth, Member, Target, from_folder, load
from conformance.wire.payer import Limits

INQUIRY = "Claim/$inquiry"
QUICK = Limits(total_seconds=5.0, connect_seconds=2.0, retries=0)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serve(directory=tmp_path_factory.mktemp("doctor")) as payer:
        yield payer


@pytest.fixture
def target(running: Running) -> Target:
    """The model payer's own target, at a payer that is fresh and lawful."""
    running.become(clock_offset=0.0)
    return load(running.target_file, today=date.today(), known=versions_known(guides()))


def found(target: Target, name: str = "") -> list[Check]:
    return [check for check in examine(target, limits=QUICK) if name in check.name]


def stops(target: Target) -> list[Check]:
    return [check for check in found(target) if not check.ok]


def with_auth(target: Target, **changes: Any) -> Target:
    """The target with fields of auth.gateway changed, wherever it is used."""
    gateway = replace(target.auth["gateway"], **changes)
    apis = {
        name: replace(api, auth=gateway) if api.auth.name == "gateway" else api for name, api in target.apis.items()
    }
    return replace(target, apis=apis, auth={**target.auth, "gateway": gateway})


def unsigned(target: Target) -> Auth:
    """No credentials, at the same server."""
    return Auth("open", ca_file=target.auth["gateway"].ca_file)


def only(target: Target, name: str, **changes: Any) -> Target:
    """The target with one of its APIs, changed."""
    return replace(target, apis={name: replace(target.apis[name], **changes)})


def test_nothing_is_wrong_with_the_model_payer(target: Target) -> None:
    checks = examine(target)

    assert {check.name for check in checks} >= {"auth.gateway", "usdf=2.1.0", "members", "known.prior-auth"}
    assert not [check for check in checks if not check.ok or check.change]
    assert any(check.message == "there is a token, good for 300 s" for check in checks)
    assert render(checks).endswith(
        "Nothing stands in the way of a verdict. Next: conformance run with the same target."
    )


def test_nothing_is_sent_but_questions_for_what_is_published(running: Running, target: Target) -> None:
    sent: list[tuple[str, str]] = []
    payer = running.stage.current

    async def listening(scope: Any, receive: Any, send: Any) -> None:
        sent.append((scope["method"], scope["path"].rpartition("/")[2]))
        await payer(scope, receive, send)

    running.mount(listening)
    examine(target)

    assert ("POST", "token") in sent
    published = {"metadata", "smart-configuration", "davinci-configuration", "cds-services"}
    assert {path for method, path in sent if method == "GET"} == published
    assert {path for method, path in sent if method != "GET"} == {"token"}


def test_no_secret_is_shown(target: Target) -> None:
    text = render(examine(target))

    assert target.secrets
    assert not [secret for secret in target.secrets if secret in text]


# -- servers -----------------------------------------------------------------------------------------------------------


def test_a_server_that_is_not_there_is_the_first_thing_to_mend(target: Target) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"https://127.0.0.1:{unused.getsockname()[1]}/pas"
    lost = only(target, "prior-auth", guides={"pas": {"2.2.1": url}})
    text = render(examine(lost, limits=QUICK))

    assert "refuses the connection" in text
    assert '1. on the way: apis.prior-auth.pas."2.2.1" (TLS of 127.0.0.1:' in text
    assert "The other 1 follow from these." in text


def test_a_certificate_that_is_not_trusted_is_shown(target: Target) -> None:
    (tls, *_) = [check for check in stops(with_auth(target, ca_file="")) if check.name.startswith("TLS")]

    assert "is not trusted" in tls.message
    assert "it is for localhost, 127.0.0.1, ::1, good until" in tls.message
    assert tls.change == "auth.gateway.ca_file"


def test_a_server_of_old_tls(running: Running, target: Target) -> None:
    running.become(["speaks_tls_1_1"])
    first, *others = stops(target)

    assert first.message == "only TLSv1.1 is spoken, which no request here will use"
    assert first.actor == "payer"
    assert {check.because for check in others} == {first.name}


def test_a_certificate_that_ends_soon_is_noted(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(clock.OFFSET, str(80 * 86400))
    (tls,) = found(target, "TLS")

    assert tls.ok
    assert tls.change == "a new certificate"
    assert "days from now" in tls.message


def test_the_names_of_a_certificate_are_read_without_trusting_it(tmp_path: Path) -> None:
    files = certificates.make(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.server, files.server_key)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        answering = threading.Thread(target=_handshake, args=(listener, context))
        answering.start()
        shown = presented(f"https://127.0.0.1:{listener.getsockname()[1]}", Auth())
        answering.join()

    assert isinstance(shown, Certificate)
    assert shown.names == ("localhost", "127.0.0.1", "::1")
    assert presented("https://127.0.0.1:1/", Auth(ca_file="nowhere.pem")) is None


def _handshake(listener: socket.socket, context: ssl.SSLContext) -> None:
    connection, _ = listener.accept()
    with context.wrap_socket(connection, server_side=True) as secured:
        secured.recv(1)


def test_a_base_url_that_is_no_fhir_server(running: Running, target: Target) -> None:
    (stop,) = stops(only(target, "formulary", guides={"usdf": {"2.1.0": f"{running.base_url}/nowhere"}}))

    assert "answers metadata with 404 and no CapabilityStatement: is it a FHIR base URL?" in stop.message
    assert (stop.actor, stop.change) == ("your file", 'apis.formulary.usdf."2.1.0"')


def test_a_base_url_of_another_version_or_api(running: Running, target: Target) -> None:
    other = only(target, "prior-auth", guides={"pas": {"2.2.1": running.bases["pas=2.0.1"]}})
    (note,) = [check for check in found(other, "pas=2.2.1") if check.change]
    assert note.message == "names pas 2.0.1; the target claims 2.2.1"

    other = only(target, "prior-auth", guides={"pas": {"2.2.1": running.bases["usdf=2.1.0"]}})
    (note,) = [check for check in found(other, "pas=2.2.1") if check.change]
    assert note.message == "does not declare Claim/$submit, Claim/$inquire: is it the base URL of prior-auth?"


@pytest.mark.parametrize(("paths", "changes"), [({}, ["apis.prior-auth.paths.inquire"]), ({"inquire": INQUIRY}, [])])
def test_an_operation_under_a_name_of_its_own_is_noted(
    target: Target, paths: dict[str, str], changes: list[str]
) -> None:
    declared = [
        {"name": "$submit"},
        {"name": "$inquiry", "definition": "http://hl7.org/fhir/us/davinci-pas/OperationDefinition/Claim-inquiry"},
    ]
    server = {"mode": "server", "resource": [{"type": "Claim", "operation": declared}]}
    capabilities = read_capabilities({"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1", "rest": [server]})
    api = replace(target.apis["prior-auth"], guides={"pas": {"2.2.1": "https://api.example.org"}}, paths=paths)
    assert capabilities
    notes = list(statement_notes(capabilities, api, api.claim_list()))

    assert [note.change for note in notes] == changes
    assert all(note.message == "declares $inquire as Claim/$inquiry; another path is asked" for note in notes)


def test_what_is_published_otherwise_than_claimed_is_noted(running: Running, target: Target) -> None:
    running.become(["declares_fhir_r5", "forgets_davinci_configuration"])
    notes = {check.name: check.message for check in found(target) if check.change}

    assert notes["pas=2.0.1"] == "declares FHIR 5.0.0, not 4.0.1"
    assert notes["hrex=1.2.0 Da Vinci configuration"].startswith("there is none (status ")


def test_another_token_endpoint_than_the_published_one_is_noted(running: Running, target: Target) -> None:
    other = with_auth(target, token_url=f"{running.base_url}/auth/tokens")
    notes = [check for check in found(other, "SMART configuration") if check.change]

    assert notes[0].change == "auth.gateway.token_url"
    assert "names the token endpoint" in notes[0].message


# -- credentials -------------------------------------------------------------------------------------------------------


def test_another_key_than_the_registered_one(target: Target) -> None:
    (stop,) = stops(with_auth(target, key=pem(ec.generate_private_key(ec.SECP384R1()))))

    assert stop.name == "auth.gateway"
    assert "gave no token (status 40" in stop.message
    assert (stop.actor, stop.change) == ("your file", "auth.gateway.client_id")


def test_a_key_that_cannot_sign(target: Target) -> None:
    (stop,) = stops(with_auth(target, key=pem(ec.generate_private_key(ec.SECP256R1()))))

    assert (stop.message, stop.change) == ("the key of auth.gateway cannot sign ES384", "auth.gateway.key_file")


def jwt(**claims: Any) -> str:
    parts = [base64.urlsafe_b64encode(json.dumps(each).encode()).decode().rstrip("=") for each in ({}, claims)]
    return ".".join([*parts, "c2ln"])


@pytest.mark.parametrize(
    ("token", "ok", "message"),
    [
        (jwt(exp=1_000_000_000), False, "the token has run out"),
        (jwt(exp=4_000_000_000), True, "there is a token, good for"),
        (jwt(exp="tomorrow"), True, "there is a token"),
        ("opaque", True, "there is a token"),
        ("a.b.c", True, "there is a token"),
        ("a.é.c", False, "is not one word a header can carry"),
    ],
)
def test_a_bearer_token_that_says_when_it_ends(target: Target, token: str, ok: bool, message: str) -> None:
    (check,) = found(with_auth(target, type="bearer", token=token), "auth.gateway")

    assert check.ok is ok
    assert message in check.message


def test_a_bearer_token_that_ends_within_the_run_is_noted(target: Target) -> None:
    soon = clock.now().timestamp() + 120
    (check,) = found(with_auth(target, type="bearer", token=jwt(exp=soon)), "auth.gateway")

    assert check.ok
    assert "a run may last longer" in check.message


def test_a_token_that_is_not_taken(running: Running, target: Target) -> None:
    payer = running.stage.current

    async def picky(scope: Any, receive: Any, send: Any) -> None:
        if any(name == b"authorization" for name, _ in scope["headers"]):
            await send({"type": "http.response.start", "status": 401, "headers": []})
            await send({"type": "http.response.body", "body": b""})
        else:
            await payer(scope, receive, send)

    running.mount(picky)
    stop, _member = stops(with_auth(target, type="bearer", token="stale"))

    assert stop.message == "the token is not taken: metadata answers it with 401"
    assert stop.change == "auth.gateway.token"


def test_credentials_that_nothing_uses_and_an_api_without_any(target: Target) -> None:
    bare = only(target, "prior-auth", auth=unsigned(target))
    notes = {check.name: check.message for check in found(bare) if check.change}

    assert notes["auth.gateway"] == "is used by no API"
    assert notes["apis.prior-auth"] == "is asked without credentials"


# -- the target file ---------------------------------------------------------------------------------------------------


def test_members_that_are_missing(target: Target) -> None:
    (none,) = found(replace(target, members={}), "members")
    (one,) = found(replace(target, members={"first": target.members["first"]}), "members")

    assert (none.ok, none.change) == (False, "[members.first]")
    assert (one.ok, one.change) == (True, "[members.second]")
    assert not found(only(target, "formulary"), "members")


def test_a_fact_that_a_request_needs(target: Target) -> None:
    facts = {key: fact for key, fact in target.members["first"].facts.items() if key != "family"}
    nameless = replace(target, members={**target.members, "first": Member("first", facts)})
    changes = {check.name: check.change for check in stops(nameless)}

    assert changes["cases.prior-auth.approved"] == "members.….family"
    assert changes["cases.payer-to-payer.one-match"] == "members.….family"
    assert "cases.payer-to-payer.no-match" not in changes


def test_cases_that_are_not_declared(target: Target) -> None:
    prior_auth = {name: case for name, case in target.cases["prior-auth"].items() if name in ("approved", "denied")}
    formulary = {"one": target.cases["formulary"]["step-therapy"]}
    few = replace(target, cases={"prior-auth": prior_auth, "formulary": formulary}, known={})
    checks = {check.name: check for check in found(few)}

    assert checks["cases.prior-auth"].message == "not declared, so not tested: pended, modified, mixed, expedited"
    assert "none that needs prior-authorization, quantity-limit" in checks["cases.formulary"].message
    assert checks["known.prior-auth"].change == "[[known.prior-auth]]"
    assert (checks["cases.payer-to-payer"].ok, checks["cases.payer-to-payer"].change) == (
        False,
        "[cases.payer-to-payer.one-match]",
    )


def test_production_is_told_what_is_not_sent(target: Target) -> None:
    live = replace(target, environment="production", payer_type=None, warnings=("a doubt",))
    notes = [check for check in found(live, "target file") if check.change]

    assert [note.change for note in notes] == [
        "an https URL",
        "payer_type",
        'environment = "test", or allow = ["write"]',
    ]
    (cases,) = found(live, "cases.prior-auth")
    assert cases.message == "10 cases, none of which is sent here"


def test_a_folder_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.ndjson").write_text('{"resourceType": "Basic", "id": "1"}\nnot json\n')
    ok, note = found(from_folder(tmp_path), "apis.formulary.files")

    assert ok.message == f"{tmp_path}: 1 Basic"
    assert note.message.startswith("1 things there cannot be read as they should; the first: ")
    (tmp_path / "a.ndjson").write_text("")
    empty = Target("x", apis={"formulary": Api("formulary", claims={"usdf": "2.0.1"}, files=tmp_path)})
    (stop,) = stops(empty)
    assert "holds no resource that can be read" in stop.message


# -- clocks ------------------------------------------------------------------------------------------------------------


def test_clocks_that_do_not_agree(running: Running, target: Target) -> None:
    running.become(clock_offset=600.0)
    (stop,) = [check for check in stops(target) if check.name.startswith("clock")]

    assert stop.message.startswith(("is 600 s ahead of ours", "is 599 s ahead of ours", "is 601 s ahead of ours"))
    (note,) = found(only(target, "formulary", auth=unsigned(target)), "clock")
    assert note.ok
    assert note.change == "set both clocks by a time server"
    running.become(clock_offset=0.0)


def test_a_request_that_is_never_sent_need_not_be_possible(target: Target) -> None:
    live = replace(target, environment="production", members={"first": Member("first", {"member_id": "M-1"})})

    assert not stops(live)
