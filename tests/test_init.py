"""A first target file: what the endpoint says is in it, what only the tester knows is asked, and it always is TOML."""

from __future__ import annotations

import itertools
import json
import re
import socket
import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from target_files import KNOWN

from conformance.errors import UsageError
from conformance.init import plan_target
from conformance.sandbox.serve import Running, serve
from conformance.self_description import FORMULARY, MOST_TYPES, plain
from conformance.target import Target, load

QUESTION = re.compile(r"^# (\[|[a-z_\"0-9.-]+ = )")
USDF = "http://hl7.org/fhir/us/davinci-drug-formulary"
PDEX = "http://hl7.org/fhir/us/davinci-pdex"
PAS = "http://hl7.org/fhir/us/davinci-pas"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serve(directory=tmp_path_factory.mktemp("init")) as payer:
        yield payer


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A payer without TLS, whose answers a test may replace."""
    with serve(directory=tmp_path_factory.mktemp("init"), tls=False) as payer:
        yield payer


CLAIM = {
    "type": "Claim",
    "operation": [
        {"name": "$submit", "definition": f"{PAS}/OperationDefinition/Claim-submit"},
        {"name": "$inquiry", "definition": f"{PAS}/OperationDefinition/Claim-inquiry"},
    ],
}
EVERYTHING = {
    "mode": "server",
    "resource": [{"type": each} for each in (*sorted(FORMULARY), *(f"Type{n}" for n in range(MOST_TYPES)))],
}


def loaded(folder: Path, text: str) -> Target:
    (folder / "target.toml").write_text(text, "utf-8")
    return load(folder / "target.toml", today=date.today(), known=KNOWN, env={"CLIENT_SECRET": "s3cret"})


def answered(text: str) -> str:
    """The file with every question answered: its # taken away."""
    return "\n".join(line[2:] if QUESTION.match(line) else line for line in text.splitlines())


def publishing(bare: Running, documents: dict[str, Any], status: int = 200) -> str:
    """The base URL of a payer that publishes these documents: bytes as they are, anything else as JSON."""

    async def application(scope: Any, receive: Any, send: Any) -> None:
        document = documents.get(scope["path"].rpartition("/")[2])
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 404 if document is None else status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    bare.mount(application)
    return f"{bare.base_url}/fhir"


@pytest.mark.parametrize("label", ["pas=2.0.1", "pas=2.2.1", "usdf=2.0.1", "usdf=2.1.0", "hrex=1.0.0", "hrex=1.2.0"])
def test_the_model_payer_is_recognised(running: Running, tmp_path: Path, label: str) -> None:
    url = running.bases[label]
    text = plan_target(f"{url}/metadata", payer_type="ma", ca_file=str(running.ca_file), known=KNOWN)
    target = loaded(tmp_path, text)

    found = [label, "cdex=2.1.0"] if label.startswith("pas") else [label]
    assert [(claim.label, claim.base_url) for claim in target.claim_list()] == [(each, url) for each in found]
    assert (target.name, target.payer_type) == ("Model Payer Health Plan", "ma")
    assert all(api.auth.ca_file == str(running.ca_file) for api in target.apis.values())
    assert f'# token_url = "{running.token_url}"' in text
    assert "offered: private_key_jwt" in text
    assert ("davinci_pas_submission_endpoint" in text) == label.startswith("hrex")


@pytest.mark.parametrize("label", ["pas=2.2.1", "usdf=2.1.0", "hrex=1.2.0"])
def test_every_question_is_a_line_that_can_be_answered(running: Running, tmp_path: Path, label: str) -> None:
    text = answered(plan_target(running.bases[label], ca_file=str(running.ca_file), known=KNOWN))
    numbers = itertools.count(1)
    text = text.replace('key_file = "…"', 'key = "env:CLIENT_SECRET"')
    text = re.sub("…", lambda _blank: f"answer {next(numbers)}", text)
    tomllib.loads(text)

    # All that is wrong with it is what the answers are: no key is unknown, no table missing.
    with pytest.raises(UsageError) as caught:
        loaded(tmp_path, text)
    assert "auth.gateway.key: holds no PEM and no JWK" in caught.value.message


def test_a_question_left_open_is_refused(running: Running, tmp_path: Path) -> None:
    text = answered(plan_target(running.bases["pas=2.2.1"], ca_file=str(running.ca_file), known=KNOWN))

    with pytest.raises(UsageError, match="is still to be filled in"):
        loaded(tmp_path, text)


def test_only_what_is_published_is_read(bare: Running) -> None:
    asked: list[tuple[str, str, bool]] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        authorized = any(name == b"authorization" for name, _ in scope["headers"])
        asked.append((scope["method"], scope["path"].rpartition("/")[2], authorized))
        await send({"type": "http.response.start", "status": 404, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    bare.mount(application)
    plan_target(bare.base_url)

    assert asked == [("GET", each, False) for each in ("metadata", "smart-configuration", "davinci-configuration")]


def test_nothing_there_gives_a_file_to_fill_in() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        text = plan_target(f"http://127.0.0.1:{unused.getsockname()[1]}")

    assert "# Nothing could be read there: 127.0.0.1 refuses the connection" in text
    for api in KNOWN:
        assert f"# [apis.{api}]" in text
    tomllib.loads(answered(text).replace('auth = "gateway"\n', "", 2))


def test_an_untrusted_certificate_asks_for_its_authority(running: Running) -> None:
    text = plan_target(running.bases["pas=2.2.1"], known=KNOWN)

    assert "is not trusted" in text
    assert "# Which authority signed its certificate?" in text


def test_something_else_there_is_said(bare: Running) -> None:
    text = plan_target(publishing(bare, {"metadata": b"<html>"}))

    assert "# Its metadata (status 200) is no CapabilityStatement: is this the base URL?" in text


@pytest.mark.parametrize(
    ("statement", "lines"),
    [
        (
            {"implementationGuide": [f"{USDF}/ImplementationGuide/x|2.0.1", f"{USDF}/ImplementationGuide/x|2.1.0"]},
            ['usdf = { "2.0.1" = "URL", "2.1.0" = "URL" }'],
        ),
        (
            {"instantiates": [f"{USDF}/CapabilityStatement/usdf-server"]},
            ['# usdf = { "2.1.0" = "URL" }', "# Which version? 2.0.1 or 2.1.0"],
        ),
        (
            {"instantiates": [f"{USDF}/CapabilityStatement/usdf-server|1.2.0"]},
            ["# It names usdf 1.2.0: there are no scenarios for that, only for 2.0.1, 2.1.0.", '# usdf = { "2.1.0"'],
        ),
        (
            {"implementationGuide": [f"{PDEX}/ImplementationGuide/x|2.1.0"]},
            ["[apis.payer-to-payer]", "# Which version? 1.0.0 or 1.2.0"],
        ),
        ({"rest": [{"mode": "server", "resource": [CLAIM]}]}, ['paths = { inquire = "Claim/$inquiry" }']),
        (
            {"publisher": "Not provided", "title": "A server of everything", "rest": [EVERYTHING]},
            ['name = "A server of everything"', "# Nothing here says which API is served."],
        ),
    ],
)
def test_what_it_cannot_know_it_asks(bare: Running, statement: dict[str, Any], lines: list[str]) -> None:
    url = publishing(bare, {"metadata": {"resourceType": "CapabilityStatement", **statement}})
    text = plan_target(url, known=KNOWN)

    for line in lines:
        assert line.replace("URL", url) in text


@pytest.mark.parametrize(
    ("methods", "kind"),
    [
        (["client_secret_basic"], "client-secret"),
        (["client_secret_basic", "private_key_jwt"], "backend-services"),
        (["self_signed_tls_client_auth"], "backend-services"),
        ([], "backend-services"),
    ],
)
def test_credentials_are_guessed_from_what_is_offered(bare: Running, methods: list[str], kind: str) -> None:
    smart = {"token_endpoint_auth_methods_supported": methods}
    text = plan_target(publishing(bare, {"smart-configuration": smart}))

    assert f'# type = "{kind}"' in text


@pytest.mark.parametrize(
    ("url", "payer_type", "message"),
    [("example.org", None, "is not a URL that starts with"), ("https://example.org", "medicare", "no payer type")],
)
def test_what_is_no_url_or_payer_type_is_refused(url: str, payer_type: str | None, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        plan_target(url, payer_type=payer_type)


HOSTILE = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ['"\n[apis.x]\n', "\x1b[2J", "\x7f", "\ud800", '\\"', "\u2028x = 1", "# x", f"{USDF}/a|2.1.0", f"{USDF}/\n|x\n"]
    ),
)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), HOSTILE),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(HOSTILE, inner, max_size=3)),
    max_leaves=6,
)


def members(*names: str) -> Any:
    return st.fixed_dictionaries({}, optional={name: st.one_of(JSON, st.lists(HOSTILE, max_size=3)) for name in names})


@given(
    statement=members("publisher", "title", "name", "fhirVersion", "instantiates", "implementationGuide", "rest"),
    smart=members(
        "token_endpoint", "token_endpoint_auth_methods_supported", "scopes_supported",
        "token_endpoint_auth_signing_alg_values_supported",
    ),
    davinci=members("endpoints", "identifier"),
)  # fmt: skip
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_it_says_the_file_is_toml(bare: Running, statement: Any, smart: Any, davinci: Any) -> None:
    documents = {
        "metadata": {"resourceType": "CapabilityStatement", **statement},
        "smart-configuration": smart,
        "davinci-configuration": davinci,
    }
    text = plan_target(publishing(bare, documents), known=KNOWN)

    assert set(tomllib.loads(text)) <= {"name", "apis"}
    assert all(char.isprintable() or char == "\n" for char in text)
    text.encode()


def test_a_strangers_text_is_one_short_line() -> None:
    assert plain("a\x1b[2J\nb\t c") == "a [2J b c"
    assert plain("x" * 200) == "x" * 100 + "…"
