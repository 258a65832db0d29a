"""A member's consent: by the server's own word, by a command, by a person; never with a foreign state."""

from __future__ import annotations

import hashlib
import sys
import threading
import urllib.request
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from hostile import Heard, answer, serving

from conformance.errors import UsageError
from conformance.exchange import Exchange
from conformance.login import log_in
from conformance.sandbox.serve import Running, serve
from conformance.target import Api, Auth, Target
from conformance.wire.consent import Consent
from conformance.wire.payer import Limits, Request, Wire

QUICK = Limits(total_seconds=5.0, connect_seconds=1.0, pause_seconds=0.01)
# A page that asks first, as most servers show one: the command says yes, and prints where it is sent.
SAYS_YES = """
import sys, urllib.request
class Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_): return None
try:
    urllib.request.build_opener(Stay).open(sys.argv[1], data=b"yes")
except urllib.error.HTTPError as sent:
    print(sent.headers["location"])
"""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serve(directory=tmp_path_factory.mktemp("consent"), tls=False) as payer:
        yield payer


def member(running: Running, **other: object) -> Auth:
    base = running.bases["patient-access,pdex=2.2.0"]
    return Auth("launch", "smart-launch", token_url=running.token_url, client_id="member-app", audience=base,
                authorize_url=f"{running.base_url}/auth/authorize", **other)  # type: ignore[arg-type]  # fmt: skip


def test_the_challenge_is_the_verifiers_hash_and_both_are_new_each_time(running: Running) -> None:
    one, other = Consent(member(running)), Consent(member(running))
    asked = parse_qs(urlsplit(one.url).query)
    assert asked["code_challenge"] == [
        urlsafe_b64encode(hashlib.sha256(one.verifier.encode()).digest()).decode().rstrip("=")
    ]
    assert asked["code_challenge_method"] == ["S256"]
    assert one.verifier not in one.url
    assert len(one.verifier) >= 43
    assert {one.state, one.verifier}.isdisjoint({other.state, other.verifier})


def test_the_token_of_a_launch_opens_the_members_data(running: Running) -> None:
    journal: list[Exchange] = []
    auth = member(running)
    with Wire(Target(name="x"), journal=journal.append, limits=QUICK) as wire:
        for _ in range(2):
            found = wire.send(auth.audience, Api("patient-access", auth=auth), Request("x", "GET", "Patient/first"))
            assert found.status == 200
        wire.tokens.forget(auth)
        assert wire.send(auth.audience, Api("patient-access", auth=auth), Request("x", "GET", "Patient/first")).body
    asked = [each.operation for each in journal]
    assert asked.count("discovery.authorize") == 1, "afterwards the refresh token serves"
    assert asked.count("discovery.token") == 2


def test_a_page_that_asks_is_left_to_a_command_or_to_a_person() -> None:
    def script(payer: object, line: object, heard: Heard) -> bool:
        # Said, or the next request may meet the connection as it is closed.
        page = answer(b"<html>Do you agree?</html>", media_type="text/html", headers={"Connection": "close"})
        if heard.method == "POST":
            asked = parse_qs(urlsplit(heard.target).query)
            there = f"{asked['redirect_uri'][0]}?code=c1&state={asked['state'][0]}"
            page = answer(b"", 302, headers={"Location": there})
        line.sendall(page)  # type: ignore[attr-defined]
        return False

    with serving(script) as payer, Wire(Target(name="x"), journal=lambda _each: None, limits=QUICK) as wire:
        auth = Auth("launch", "smart-launch", authorize_url=payer.url, token_url=payer.url, client_id="c", audience="a")
        alone = wire.tokens.consent(Consent(auth))
        assert alone.failure
        assert "conformance login" in alone.failure.message
        helped = Auth(**{**vars(auth), "command": (sys.executable, "-c", SAYS_YES)})
        consent = Consent(helped)
        found = wire.tokens.consent(consent)
        assert (found.failure, found.said) == (None, {"code": "c1", "state": consent.state})


def test_a_foreign_state_is_no_code_of_ours() -> None:
    def script(payer: object, line: object, heard: Heard) -> bool:
        there = f"{parse_qs(urlsplit(heard.target).query)['redirect_uri'][0]}?code=c1&state=another"
        line.sendall(answer(b"", 302, headers={"Location": there}))  # type: ignore[attr-defined]
        return False

    with serving(script) as payer, Wire(Target(name="x"), journal=lambda _each: None, limits=QUICK) as wire:
        auth = Auth("launch", "smart-launch", authorize_url=payer.url, token_url=payer.url, client_id="c", audience="a")
        refused = wire.send(payer.url, Api("patient-access", auth=auth), Request("x", "GET", "Patient/first"))
        assert refused.failure
        assert "no code of its own" in refused.failure.message
        assert len(payer.heard) == 1


def test_a_person_logs_in_and_the_token_is_the_owners_alone(running: Running, tmp_path: Path) -> None:
    said: list[str] = []

    def browser(words: str) -> None:
        said.append(words)
        address = next((each for each in words.split() if each.startswith("http")), "")
        if address:
            threading.Thread(target=lambda: urllib.request.urlopen(address).close()).start()

    out = tmp_path / "member.token"
    assert log_in(str(running.target_file), None, out, 10.0, browser) == 0
    assert out.stat().st_mode & 0o777 == 0o600
    assert 'type = "refresh-token"' in said[-1]
    assert out.read_text().strip() not in "".join(said)
    with pytest.raises(UsageError, match="--auth other"):
        log_in(str(running.target_file), "other", out, 0.1, browser)
    assert log_in(str(running.target_file), "launch", out, 0.05, lambda _words: None) == 3
