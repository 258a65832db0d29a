"""The wire against a server that behaves as badly as servers do."""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import ssl
import time
import tracemalloc
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from hostile import PATIENT, Heard, Payer, Script, answer, saying, self_signed, serving, unused_port

from conformance.exchange import Exchange
from conformance.fhir import NotFhir, parse
from conformance.target import Api, Auth, Target
from conformance.wire.payer import Limits, Request, Wire

QUICK = Limits(total_seconds=1.0, connect_seconds=1.0, pause_seconds=0.01)
GOOD = Auth(name="gateway", type="bearer", token="good-token")
API = Api(name="prior-auth", auth=GOOD, headers={"X-Api-Key": "k"})
READ = Request("prior-auth.read", "GET", "Patient/p1", case="c", claim="pas=2.2.1")
WRITE = Request("prior-auth.submit", "POST", "Claim/$submit", body=b'{"resourceType": "Bundle"}')
HTML = "text/html; charset=utf-8"
PAGE = b"<html><body>Access denied. Reference 18.2f3a</body></html>"
MEBIBYTE = 2**20


@contextlib.contextmanager
def wired(limits: Limits = QUICK, **target: Any) -> Iterator[tuple[Wire, list[Exchange]]]:
    journal: list[Exchange] = []
    with Wire(Target(name="x", **target), journal=journal.append, limits=limits) as wire:
        yield wire, journal


def sent(script: Script, request: Request = READ, limits: Limits = QUICK, api: Api = API) -> tuple[Exchange, Payer]:
    """The exchange that one request to such a server comes to."""
    with serving(script) as payer, wired(limits) as (wire, journal):
        exchange = wire.send(payer.url, api, request)
        assert journal[-1] == exchange
        return exchange, payer


def failed(exchange: Exchange) -> str:
    assert exchange.failure is not None
    return exchange.failure.kind


# --- an answer ---------------------------------------------------------------------------------------------------


def test_an_exchange_tells_all_that_was_said() -> None:
    request = Request("prior-auth.submit", "POST", "Claim/$submit", "approved", "pas=2.2.1", body=b"{}")
    exchange, payer = sent(saying(answer(status=201, headers={"X-Request-Id": "7"})), request)

    (heard,) = payer.heard
    assert (heard.method, heard.target, heard.body) == ("POST", "/fhir/Claim/$submit", b"{}")
    assert heard.headers["authorization"] == "Bearer good-token"
    assert heard.headers["user-agent"].startswith("payer-conformance/")
    assert heard.headers["accept"] == heard.headers["content-type"] == "application/fhir+json"
    assert heard.headers["x-api-key"] == "k"
    assert (exchange.id, exchange.operation, exchange.case) == ("x0001", "prior-auth.submit", "approved")
    assert (exchange.claim, exchange.method, exchange.url) == ("pas=2.2.1", "POST", f"{payer.url}/Claim/$submit")
    assert (exchange.status, exchange.body, exchange.media_type) == (201, PATIENT, "application/fhir+json")
    assert exchange.headers["x-request-id"] == "7"
    assert exchange.request_headers["authorization"] == "Bearer good-token"
    assert exchange.request_body == b"{}"
    assert exchange.authorized
    assert exchange.failure is None
    assert 0 < exchange.seconds < 10
    assert exchange.started is not None
    assert abs(exchange.started - datetime.now(UTC)) < timedelta(minutes=5)


def test_params_are_encoded_and_links_of_the_same_origin_are_followed_as_they_are() -> None:
    with serving(saying(answer())) as payer, wired() as (wire, journal):
        params = [("drug-name:contains", "a b&c"), ("code", "http://s|1"), ("_id", "1,2")]
        wire.send(payer.url, API, Request("formulary.search", "GET", "Basic", params=params))
        wire.send(payer.url + "/", API, Request("formulary.search", "GET", f"{payer.url}?_page=a%2Fb"))
        targets = [heard.target for heard in payer.heard]
    assert targets == ["/fhir/Basic?drug-name:contains=a%20b%26c&code=http://s%7C1&_id=1,2", "/fhir?_page=a%2Fb"]
    assert [exchange.id for exchange in journal] == ["x0001", "x0002"]


def test_one_connection_serves_many_requests_to_all_bases_of_an_origin() -> None:
    with serving(saying(answer())) as payer, wired() as (wire, _):
        for number in range(20):
            assert wire.send(f"{payer.url}/{number % 2}", API, READ).failure is None
        assert payer.connections == 1


def test_no_cookie_is_kept() -> None:
    with serving(saying(answer(headers={"Set-Cookie": "session=1; Path=/"}))) as payer, wired() as (wire, _):
        wire.send(payer.url, API, READ)
        wire.send(payer.url, API, Request("prior-auth.read", "GET", "Patient/p1", token="none"))
        assert all("cookie" not in heard.headers for heard in payer.heard)


@pytest.mark.parametrize(
    ("token", "sends"), [("none", None), ("forged", "Bearer forged"), ("own", "Bearer good-token")]
)
def test_which_token_is_sent(token: str, sends: str | None) -> None:
    exchange, payer = sent(saying(answer()), Request("prior-auth.read", "GET", "Patient/p1", token=token))
    assert payer.heard[0].headers.get("authorization") == sends
    assert exchange.authorized is (token == "own")


def test_a_target_without_credentials_sends_none() -> None:
    exchange, payer = sent(saying(answer()), api=Api(name="formulary"))
    assert "authorization" not in payer.heard[0].headers
    assert exchange.failure is None


# --- no answer ---------------------------------------------------------------------------------------------------


def test_a_refused_connection_is_tried_once() -> None:
    with wired() as (wire, journal):
        base = f"http://127.0.0.1:{unused_port()}/fhir"
        first = wire.send(base, API, READ)
        with serving_at(base) as payer:
            second = wire.send(base, API, WRITE)
    assert failed(first) == failed(second) == "refused"
    assert payer.connections == 0
    assert first.status is None
    assert first.failure is not None
    assert first.failure.actor == "network"
    assert "127.0.0.1 refuses the connection" in first.failure.message
    assert [exchange.id for exchange in journal] == ["x0001", "x0002"]


@contextlib.contextmanager
def serving_at(base: str) -> Iterator[Payer]:
    """A listener on the port of ``base``, to see that nobody comes."""
    port = int(base.split(":")[2].split("/")[0])
    with socket.create_server(("127.0.0.1", port)) as listener:
        listener.settimeout(0.1)
        payer = Payer(port, "http")
        yield payer
        with contextlib.suppress(TimeoutError):
            listener.accept()
            payer.connections += 1


def test_an_unknown_name() -> None:
    with wired(Limits()) as (wire, _):
        exchange = wire.send("https://payer.invalid/fhir", API, READ)
    assert failed(exchange) == "unknown-host"
    assert exchange.failure is not None
    assert "payer.invalid is not known" in exchange.failure.message


def test_a_certificate_of_nobodys(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    with serving(saying(answer()), tls) as payer:
        with wired() as (wire, _):
            exchange = wire.send(payer.url, API, READ)
        assert failed(exchange) == "tls"
        assert exchange.failure is not None
        assert "is not trusted" in exchange.failure.message
        assert "ca_file" in exchange.failure.message
        trusting = Auth(name="gateway", type="bearer", token="t", ca_file=str(certificate))
        with wired() as (wire, _):
            assert wire.send(payer.url, Api(name="prior-auth", auth=trusting), READ).body == PATIENT


def test_a_server_that_speaks_no_tls() -> None:
    def plain(payer: Payer, line: socket.socket, heard: Heard) -> None: ...

    with serving(plain) as payer, wired() as (wire, _):
        exchange = wire.send(payer.url.replace("http:", "https:"), API, READ)
    assert failed(exchange) in ("tls", "no-answer")  # it may also just wait for a request it understands
    assert exchange.status is None


def test_a_certificate_file_that_is_none(tmp_path: Path) -> None:
    broken = tmp_path / "ca.pem"
    broken.write_text("no certificate")
    auth = Auth(name="gateway", type="bearer", token="t", ca_file=str(broken))
    with wired() as (wire, _):
        exchange = wire.send("https://127.0.0.1:1/fhir", Api(name="prior-auth", auth=auth), READ)
    assert failed(exchange) == "credentials"
    assert exchange.failure is not None
    assert exchange.failure.message.startswith("auth.gateway.ca_file cannot be used")


def silent(payer: Payer, line: socket.socket, heard: Heard) -> None:
    payer.over.wait(30)


def test_no_answer_is_tried_once_where_nothing_ever_came() -> None:
    with serving(silent) as payer, wired() as (wire, _):
        first = wire.send(payer.url, API, READ)
        second = wire.send(payer.url, API, READ)
        assert len(payer.heard) == 1
    assert failed(first) == failed(second) == "no-answer"
    assert first.failure is not None
    assert "sent nothing within 1 s" in first.failure.message
    assert first.seconds >= 0.9


def test_one_case_without_an_answer_does_not_silence_the_others() -> None:
    def script(payer: Payer, line: socket.socket, heard: Heard) -> object:
        return silent(payer, line, heard) if "slow" in heard.target else line.sendall(answer()) or True

    with serving(script) as payer, wired() as (wire, _):
        assert wire.send(payer.url, API, READ).failure is None
        assert failed(wire.send(payer.url, API, Request("prior-auth.read", "GET", "slow"))) == "no-answer"
        assert wire.send(payer.url, API, READ).failure is None


def test_a_connection_closed_without_a_word() -> None:
    exchange, payer = sent(lambda payer, line, heard: None, WRITE)
    assert failed(exchange) == "no-answer"
    assert len(payer.heard) == 1, "a write is never sent twice"


def trickled(what: bytes, start: bytes = b"") -> Script:
    def script(payer: Payer, line: socket.socket, heard: Heard) -> None:
        line.sendall(start)
        for byte in what * 1000:
            line.sendall(bytes([byte]))
            if payer.over.wait(0.2):
                return

    return script


@pytest.mark.parametrize(
    "script",
    [
        trickled(b"x", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"),
        trickled(b"a", b"HTTP/1.1 200 OK\r\nX-Slow: "),
        trickled(b"HTTP/1.1 200 OK"),
        trickled(b"1\r\nx\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
        trickled(b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
    ids=["body", "header", "status", "chunks", "continue"],
)
def test_a_byte_now_and_then_ends_at_the_deadline(script: Script) -> None:
    started = time.monotonic()
    exchange, _ = sent(script)
    assert failed(exchange) == "deadline"
    assert exchange.failure is not None
    assert "not complete after 1 s" in exchange.failure.message
    assert 0.9 <= exchange.seconds < 20
    assert time.monotonic() - started < 20


def test_a_flood_of_small_chunks_ends_at_the_deadline() -> None:
    """Data is always there to be read, so no time-out of a single read would ever strike."""

    def script(payer: Payer, line: socket.socket, heard: Heard) -> None:
        line.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        while not payer.over.is_set():
            line.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)

    exchange, _ = sent(script)
    assert failed(exchange) == "deadline"


def test_an_answer_that_is_cut_off() -> None:
    exchange, _ = sent(lambda payer, line, heard: line.sendall(answer()[:-5]))
    assert failed(exchange) == "aborted"
    assert exchange.status == 200
    assert exchange.body == PATIENT[:-5]


def test_something_that_is_not_http() -> None:
    exchange, _ = sent(lambda payer, line, heard: line.sendall(b"220 smtp.example ready\r\n"))
    assert failed(exchange) == "aborted"
    assert exchange.failure is not None
    assert "does not speak HTTP" in exchange.failure.message


# --- too much ----------------------------------------------------------------------------------------------------


def peak(script: Script, limits: Limits) -> tuple[Exchange, float]:
    """The exchange, and the most memory it took, in MiB."""
    tracemalloc.start()
    try:
        exchange, _ = sent(script, limits=limits)
        return exchange, tracemalloc.get_traced_memory()[1] / MEBIBYTE
    finally:
        tracemalloc.stop()


def endless(payer: Payer, line: socket.socket, heard: Heard) -> None:
    line.sendall(answer(b"")[:-2].replace(b"Content-Length: 0\r\n", b"") + b"\r\n")
    block = b"x" * MEBIBYTE
    for _ in range(200):
        line.sendall(block)


def test_200_megabytes_are_not_read_to_their_end() -> None:
    exchange, memory = peak(endless, Limits())
    assert failed(exchange) == "oversize"
    assert exchange.failure is not None
    assert exchange.failure.actor == "payer"
    assert "longer than 32 MiB" in exchange.failure.message
    assert len(exchange.body) <= 64 * 1024
    assert memory < 100


def packed(encoding: str, body: bytes) -> Script:
    return saying(answer(body, headers={"Content-Encoding": encoding}))


def test_a_gzip_bomb_is_not_unpacked() -> None:
    pack = zlib.compressobj(9, wbits=31)
    bomb = b"".join(pack.compress(b"\0" * MEBIBYTE) for _ in range(100)) + pack.flush()
    assert len(bomb) < MEBIBYTE
    exchange, memory = peak(packed("gzip", bomb), Limits(body_bytes=4 * MEBIBYTE))
    assert failed(exchange) == "oversize"
    assert set(exchange.body) == {0}
    assert memory < 30


@pytest.mark.parametrize(
    ("encoding", "body", "expected"),
    [
        ("gzip", gzip.compress(PATIENT), PATIENT),
        ("gzip", gzip.compress(PATIENT[:9]) + gzip.compress(PATIENT[9:]), PATIENT),
        ("deflate", zlib.compress(PATIENT), PATIENT),
        ("gzip", PATIENT, PATIENT),
        ("gzip", gzip.compress(PATIENT)[:25], None),
        ("br", b"\x0b\x02\x80", b"\x0b\x02\x80"),
    ],
    ids=["gzip", "two members", "deflate", "said only", "cut off", "not asked for"],
)
def test_packed_answers(encoding: str, body: bytes, expected: bytes | None) -> None:
    exchange, payer = sent(packed(encoding, body))
    assert exchange.failure is None
    assert payer.heard[0].headers["accept-encoding"] == "gzip"
    assert exchange.body == expected if expected is not None else PATIENT.startswith(exchange.body)


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (b"<html><body>Welcome</body></html>", HTML),
        (PATIENT[:-9], "application/fhir+json"),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "application/fhir+json"),
        (b'{"resourceType": "\xff"}', "application/fhir+json"),
        (b'{"resourceType": "Patient", "a": NaN}', "application/fhir+json"),
        (b'{"resourceType": "Patient", "resourceType": "Patient"}', "application/fhir+json"),
        (b"", "application/fhir+json"),
    ],
    ids=["html", "truncated", "10000 levels", "invalid utf-8", "nan", "duplicate keys", "empty"],
)
def test_an_answer_that_is_no_fhir_is_still_an_answer(body: bytes, media_type: str) -> None:
    exchange, _ = sent(saying(answer(body, media_type=media_type)))
    assert exchange.failure is None
    assert exchange.body == body
    with pytest.raises(NotFhir):
        parse(exchange.body)


@pytest.mark.parametrize("media_type", ["text/plain", "application/json; charset=latin-1", "", "nonsense"])
def test_a_wrong_content_type_is_left_to_the_judge(media_type: str) -> None:
    exchange, _ = sent(saying(answer(media_type=media_type)))
    assert exchange.failure is None
    assert exchange.headers["content-type"] == media_type


@pytest.mark.parametrize("status", [400, 404, 409, 422, 500, 503])
def test_an_error_of_the_payer_is_an_answer(status: int) -> None:
    exchange, payer = sent(saying(answer(status=status)))
    assert (exchange.status, exchange.failure, len(payer.heard)) == (status, None, 1)


# --- redirects ---------------------------------------------------------------------------------------------------


def test_redirects_within_the_origin_are_followed_with_the_credentials() -> None:
    moved = answer(b"", 308, headers={"Location": "/new/Claim/$submit"})
    exchange, payer = sent(saying(moved, answer()), WRITE)
    assert exchange.failure is None
    assert exchange.body == PATIENT
    first, second = payer.heard
    assert second.target == "/new/Claim/$submit"
    assert second.method == "POST"
    assert second.body == first.body == WRITE.body
    assert second.headers["authorization"] == "Bearer good-token"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_read_follows_every_kind_of_redirect(status: int) -> None:
    exchange, _ = sent(saying(answer(b"", status, headers={"Location": "elsewhere"}), answer()))
    assert exchange.body == PATIENT


def test_a_write_does_not_follow_a_redirect_that_would_make_it_a_read() -> None:
    exchange, payer = sent(saying(answer(b"", 302, headers={"Location": "/login"}), answer()), WRITE)
    assert failed(exchange) == "redirect"
    assert len(payer.heard) == 1


def test_redirects_without_end() -> None:
    exchange, payer = sent(saying(answer(b"", 302, headers={"Location": "/again"})))
    assert failed(exchange) == "redirect"
    assert exchange.failure is not None
    assert "more than 3 times" in exchange.failure.message
    assert len(payer.heard) == 4


def test_another_host_is_named_and_never_asked() -> None:
    with serving(saying(answer())) as other:
        away = f"http://localhost:{other.port}/secret/path?token=1"
        exchange, _ = sent(saying(answer(b"", 307, headers={"Location": away})))
        assert other.heard == []
    assert failed(exchange) == "redirect"
    assert exchange.failure is not None
    assert exchange.failure.actor == "your file"
    assert "localhost" in exchange.failure.message
    assert "secret" not in exchange.failure.message
    assert exchange.status == 307


@pytest.mark.parametrize("location", ["http://[", "http://127.0.0.1:99999999/", "javascript:alert(1)", "//"])
def test_a_redirect_to_nowhere(location: str) -> None:
    exchange, _ = sent(saying(answer(b"", 302, headers={"Location": location})))
    assert failed(exchange) == "redirect"


@pytest.mark.parametrize("link", ["http://localhost:1/next", "http://127.0.0.1:99999999/next", "https://127.0.0.1/x"])
def test_a_link_to_another_origin_is_not_asked(link: str) -> None:
    exchange, payer = sent(saying(answer()), Request("formulary.search", "GET", link))
    assert failed(exchange) == "redirect"
    assert payer.heard == []


def test_a_link_that_cannot_be_sent_harms_nothing_else() -> None:
    with serving(saying(answer())) as payer, wired() as (wire, _):
        bad = wire.send(payer.url, API, Request("formulary.search", "GET", payer.url + "?_page=" + "x" * 70_000))
        assert failed(bad) == "aborted"
        assert wire.send(payer.url, API, READ).failure is None


# --- gateways ----------------------------------------------------------------------------------------------------


def test_429_is_waited_out_and_only_the_last_try_is_timed() -> None:
    slow_down = answer(b"{}", 429, headers={"Retry-After": "1"})
    started = time.monotonic()
    exchange, payer = sent(saying(slow_down, answer()), WRITE)
    assert exchange.failure is None
    assert exchange.body == PATIENT
    assert len(payer.heard) == 2
    assert time.monotonic() - started >= 1
    assert exchange.seconds < 1


def test_every_try_is_on_record() -> None:
    with serving(saying(answer(b"{}", 429), answer(b"{}", 429), answer())) as payer, wired() as (wire, journal):
        assert wire.send(payer.url, API, READ).status == 200
    assert [each.status for each in journal] == [429, 429, 200]
    assert len({each.id for each in journal}) == 3


def test_a_lock_is_not_put_down_to_our_pace() -> None:
    locked, _ = sent(saying(answer(b"{}", 429, headers={"Retry-After": "3600"})))
    assert locked.failure
    assert locked.failure.message.endswith("it may have locked this client, or a member")
    hurried, _ = sent(saying(answer(b"{}", 429)))
    assert hurried.failure
    assert hurried.failure.message.endswith("set or lower max_rps")


def test_503_with_a_date_to_come_back_is_waited_out() -> None:
    later = format_datetime(datetime.now(UTC) - timedelta(seconds=1), usegmt=True)
    exchange, payer = sent(saying(answer(b"", 503, headers={"Retry-After": later}), answer()))
    assert exchange.failure is None
    assert len(payer.heard) == 2


@pytest.mark.parametrize(
    ("status", "headers", "kind", "tries"),
    [
        (429, {}, "too-many-requests", 4),
        (429, {"Retry-After": "0"}, "too-many-requests", 4),
        (429, {"Retry-After": "tomorrow"}, "too-many-requests", 4),
        (503, {"Retry-After": "0"}, "unavailable", 4),
        (503, {"Retry-After": "86400"}, "unavailable", 1),
        (429, {"Retry-After": "9" * 400}, "too-many-requests", 1),
        (503, {"Retry-After": "Fri, 31 Dec 2100 23:59:59 GMT"}, "unavailable", 1),
    ],
)
def test_a_throttle_that_stays(status: int, headers: dict[str, str], kind: str, tries: int) -> None:
    exchange, payer = sent(saying(answer(b"{}", status, headers=headers)))
    assert failed(exchange) == kind
    assert exchange.status == status
    assert exchange.body == b"{}"
    assert len(payer.heard) == tries


def test_after_a_throttle_the_pace_is_slower() -> None:
    limits = Limits(pause_seconds=0.2)
    with serving(saying(answer(b"", 429), answer())) as payer, wired(limits) as (wire, _):
        wire.send(payer.url, API, READ)
        started = time.monotonic()
        for _ in range(4):
            wire.send(payer.url, API, READ)
        assert time.monotonic() - started >= 0.35


def test_a_payer_that_answers_again_is_asked_as_before_after_a_while() -> None:
    with serving(saying(answer(b"", 429), answer())) as payer, wired(Limits(pause_seconds=0.05)) as (wire, _):
        paces = []
        for _ in range(30):
            wire.send(payer.url, API, READ)
            paces.append(wire.pace)

    assert paces == sorted(paces, reverse=True)
    assert paces[0] >= 0.03
    assert paces[-1] < 0.001


def test_max_rps_spaces_the_requests() -> None:
    with serving(saying(answer())) as payer, wired(max_rps=20) as (wire, _):
        started = time.monotonic()
        exchanges = [wire.send(payer.url, API, READ) for _ in range(11)]
        assert time.monotonic() - started >= 0.45
    assert max(exchange.seconds for exchange in exchanges) < 10


@pytest.mark.parametrize("status", [403, 405, 502, 504])
def test_a_block_page_is_tried_once_more_and_is_no_answer(status: int) -> None:
    exchange, payer = sent(saying(answer(PAGE, status, HTML)))
    assert failed(exchange) == "block-page"
    assert (exchange.status, exchange.body, len(payer.heard)) == (status, PAGE, 2)
    exchange, payer = sent(saying(answer(PAGE, status, HTML), answer()))
    assert exchange.failure is None
    assert exchange.body == PATIENT


def test_a_write_behind_a_block_page_is_not_sent_twice() -> None:
    exchange, payer = sent(saying(answer(PAGE, 504, HTML), answer()), WRITE)
    assert failed(exchange) == "block-page"
    assert len(payer.heard) == 1


@pytest.mark.parametrize("status", [401, 403])
def test_credentials_that_are_refused(status: int) -> None:
    outcome = json.dumps({"resourceType": "OperationOutcome"}).encode()
    exchange, payer = sent(saying(answer(outcome, status)))
    assert failed(exchange) == "credentials"
    assert exchange.failure is not None
    assert exchange.failure.actor == "your file"
    assert "auth.gateway" in exchange.failure.message
    assert (exchange.status, exchange.body, len(payer.heard)) == (status, outcome, 1)


OUTCOME = json.dumps({"resourceType": "OperationOutcome"}).encode()
NARROW = {"WWW-Authenticate": 'Bearer error="insufficient_scope"'}


@pytest.mark.parametrize(
    ("reply", "failure"),
    [
        (answer(OUTCOME, 403), ""),
        (answer(OUTCOME, 403, "application/json"), ""),
        (answer(OUTCOME, 403, headers=NARROW), "credentials"),
        (answer(OUTCOME, 401), "credentials"),
        (answer(b'{"error": "forbidden"}', 403), "credentials"),
        (answer(b"{", 403), "credentials"),
        (answer(b"", 403), "credentials"),
        (answer(OUTCOME, 403, "text/plain"), "credentials"),
        (answer(PAGE, 403, HTML), "block-page"),
    ],
)
def test_a_403_in_fhir_is_an_answer_once_the_token_was_taken(reply: bytes, failure: str) -> None:
    with serving(saying(answer(), reply)) as payer, wired() as (wire, _):
        assert wire.send(payer.url, API, READ).failure is None
        exchange = wire.send(payer.url, API, WRITE)
    assert exchange.status in (401, 403)
    assert (failed(exchange) if exchange.failure else "") == failure


def test_neither_what_is_public_nor_another_api_shows_that_the_token_was_taken() -> None:
    with serving(saying(answer(), answer(), answer(OUTCOME, 403))) as payer, wired() as (wire, _):
        wire.send(payer.url, API, Request("discovery.metadata", "GET", "metadata"))
        wire.send(payer.url + "/other", API, READ)
        assert failed(wire.send(payer.url, API, READ)) == "credentials"


@pytest.mark.parametrize("token", ["none", "forged"])
@pytest.mark.parametrize(
    "reply",
    [
        answer(b"", 401),
        answer(b"", 403),
        answer(PAGE, 403, HTML),
        answer(PAGE, 404, HTML),
        answer(b"", 302, headers={"Location": "https://login.example/"}),
        answer(b"", 302, headers={"Location": "/login"}),
        answer(PAGE, 200, HTML),
    ],
    ids=["401", "403", "403 page", "404 page", "away", "login", "200 page"],
)
def test_without_our_own_token_every_refusal_is_the_answer(reply: bytes, token: str) -> None:
    exchange, payer = sent(saying(reply), Request("prior-auth.read", "GET", "Patient/p1", token=token))
    assert exchange.failure is None
    assert len(payer.heard) == 1
    assert str(exchange.status) in reply.decode()


def test_what_a_server_publishes_is_followed_within_its_origin_by_anybody() -> None:
    metadata = Request("discovery.metadata", "GET", "metadata", token="none")
    exchange, _ = sent(saying(answer(b"", 301, headers={"Location": "/fhir/metadata/"}), answer()), metadata)
    assert exchange.body == PATIENT
