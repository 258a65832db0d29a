"""The bulk client against payers that behave badly: jobs that never end, manifests that lead astray, broken files."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import socket
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hostile import Heard, Payer, answer, saying, serving

from conformance import clock
from conformance.apis.bulk_manifest import Manifest, read_manifest
from conformance.apis.harvest import Harvest
from conformance.exchange import Exchange
from conformance.flows import bulk_files
from conformance.flows.bulk_addresses import trouble
from conformance.flows.bulk_files import Budget, Reader, ReadFile
from conformance.flows.bulk_job import Job, run
from conformance.flows.bulk_requests import Requests
from conformance.flows.recording import Recording
from conformance.opening import guides
from conformance.target import Api, Auth, Claim, Target
from conformance.wire.gateway import origin
from conformance.wire.payer import Limits, Request, Wire

QUICK = Limits(total_seconds=5.0, connect_seconds=1.0, pause_seconds=0.01)
API = Api("payer-to-payer", auth=Auth(name="gateway", type="bearer", token="good-token"), headers={"x-api-key": "k"})
NDJSON = "application/fhir+ndjson"
MANIFEST: dict[str, Any] = {
    "transactionTime": "2027-01-05T12:00:00Z", "request": "https://payer.example/export", "requiresAccessToken": True,
    "output": [], "error": [],
}  # fmt: skip


def condition(number: int, patient: str = "a") -> bytes:
    resource = {"resourceType": "Condition", "id": f"c{number}", "subject": {"reference": f"Patient/{patient}"}}
    return json.dumps(resource).encode() + b"\n"


USUAL = Budget()
LINES = b"".join(condition(number) for number in range(3))


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_files, "PAUSE", 0.01)


@contextlib.contextmanager
def wired() -> Iterator[Wire]:
    with Wire(Target(name="x"), journal=lambda _exchange: None, limits=QUICK) as wire:
        yield wire


# -- jobs --------------------------------------------------------------------------------------------------------------


def job(*answers: bytes, patience: float | None = 3.0) -> tuple[Job, Payer]:
    with serving(saying(*answers)) as payer, wired() as wire:
        kick_off = Exchange("x", "bulk.export", "c", "pdex=2.2.0", "POST", payer.url, status=202,
                            headers={"content-location": f"{payer.url}/jobs/1"})  # fmt: skip
        return run(
            kick_off, payer.url, lambda url: wire.send(payer.url, API, Request("bulk.status", "GET", url)), patience
        ), payer


def going(retry_after: str = "") -> bytes:
    return answer(b"", 202, headers={"Retry-After": retry_after} if retry_after else {})


DONE = answer(json.dumps(MANIFEST).encode(), media_type="application/json")


def test_a_job_that_never_ends_is_left_and_not_failed() -> None:
    found, payer = job(going(), patience=1.0)
    assert (found.manifest, found.broken) == (None, "")
    assert "not complete" in found.unfinished
    assert 1 < len(payer.heard) < 20


def test_a_day_is_not_waited_for() -> None:
    found, payer = job(going("86400"), patience=480.0)
    assert "86400 s" in found.unfinished
    assert len(payer.heard) == 1


def test_two_minutes_are_waited_for_where_the_tester_gives_them(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(clock, "sleep", slept.append)

    usual, _ = job(going("120"), DONE, patience=None)
    given, _ = job(going("120"), DONE, patience=480.0)

    assert usual.unfinished == "the job was not complete after 1 polls, and is to be asked again in 120 s"
    assert given.manifest is not None
    assert slept == [120.0]


@pytest.mark.parametrize("retry_after", ["-1", "soon", "Sun, 01 Nov 2020 00:00:00 GMT", ""])
def test_a_time_that_cannot_be_meant_is_passed_over(retry_after: str) -> None:
    found, _ = job(going(retry_after), DONE)
    assert found.manifest is not None
    assert (found.broken, found.unfinished) == ("", "")


def test_a_status_that_fails_once_is_asked_again_and_told() -> None:
    found, _ = job(going(), answer(b"{}", 500), DONE)
    assert found.manifest is not None
    assert [each.status for each in found.mishaps] == [500]


@pytest.mark.parametrize("status", [429, 503])
def test_a_status_that_asks_for_patience_is_asked_again(status: int) -> None:
    found, payer = job(answer(b"", status, headers={"Retry-After": "0"}), going("0"), DONE)
    assert found.manifest is not None
    assert (found.broken, found.unfinished, found.mishaps) == ("", "", ())
    assert len(payer.heard) >= 3


@pytest.mark.parametrize("last", [answer(b"{}", 500), answer(b"{}", 404), answer(b"<html>", media_type="text/html")])
def test_a_status_that_fails_for_good_is_the_payers_fault(last: bytes) -> None:
    found, _ = job(going(), last)
    assert found.broken
    assert found.manifest is None


@pytest.mark.parametrize("wants_a_token", [False, True])
def test_a_status_at_another_host_gets_nothing_of_ours(wants_a_token: bool) -> None:
    said = answer(b"", 401) if wants_a_token else DONE
    with serving(saying()) as payer, serving(saying(said)) as other, wired() as wire:
        elsewhere = other.url.replace("127.0.0.1", "localhost")
        asks = Requests(
            Recording(Target("x", apis={"payer-to-payer": API}), wire, guides(), "pc-1"),
            Claim("payer-to-payer", "pdex", "2.2.0", payer.url),
        )
        kick_off = Exchange("x", "bulk.export", "c", "pdex=2.2.0", "POST", payer.url, status=202,
                            headers={"content-location": f"{elsewhere}/jobs/1"})  # fmt: skip
        found = asks.followed(kick_off, 3.0)

        assert not {"authorization", "x-api-key"} & other.heard[0].headers.keys()
        assert payer.heard == []
    assert found.broken == ""
    assert bool(found.manifest) is not wants_a_token
    assert ("our token does not go" in found.unfinished) is wants_a_token


# -- addresses ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "wrong"),
    [
        ("file:///etc/passwd", "no absolute http or https URL"),
        ("ftp://127.0.0.1/f", "no absolute http or https URL"),
        ("https://10.0.0.1/f", "an address in a private network"),
        ("https://169.254.169.254/latest/meta-data", "an address in a private network"),
        ("http://user:secret@127.0.0.1/f", "a URL with a user name in it"),
        ("http://127.0.0.1:9/f", ""),
        ("http://localhost:9/f", ""),
    ],
)
def test_only_addresses_that_may_be_asked_are_asked(url: str, wrong: str) -> None:
    assert trouble(url, "http://127.0.0.1:8000/fhir") == wrong


def test_a_payer_on_the_internet_leads_nobody_home() -> None:
    assert trouble("http://127.0.0.1/f", "http://93.184.216.34/fhir") == "an address in a private network"


def test_a_payer_with_tls_leads_nobody_away_from_it() -> None:
    assert trouble("http://127.0.0.1/f", "https://127.0.0.1/fhir") == "an address without TLS"
    assert trouble("https://127.0.0.1/f", "http://127.0.0.1/fhir") == ""


# -- files -------------------------------------------------------------------------------------------------------------


def read(
    folder: Path, payer: Payer, wire: Wire, *output: dict[str, Any], take: Callable[..., None] = lambda *_: None,
    budget: Budget = USUAL, token: bool = True,
) -> tuple[ReadFile, ...]:  # fmt: skip
    def fetch(url: str, sent: str, file: Path, most: int, headers: dict[str, str]) -> Exchange:
        base = payer.url if origin(url) == origin(payer.url) else url
        api = API if base == payer.url else Api("payer-to-payer")
        return wire.send(base, api, Request("bulk.file", "GET", url, headers=headers, token=sent, into=file, most=most))

    manifest = read_manifest({**MANIFEST, "output": list(output), "requiresAccessToken": token})
    assert isinstance(manifest, Manifest)
    return Reader(payer.url, fetch, folder, take, budget).read(manifest, f"{payer.url}/jobs/1")


def one(folder: Path, *answers: bytes, count: int | None = 3, **more: Any) -> tuple[ReadFile, Payer]:
    with serving(saying(*answers)) as payer, wired() as wire:
        listed = {"type": "Condition", "url": f"{payer.url}/f/0"} | ({"count": count} if count is not None else {})
        [found] = read(folder, payer, wire, listed, **more)
        return found, payer


def file(body: bytes = LINES, status: int = 200, media_type: str = NDJSON, **headers: str) -> bytes:
    return answer(body, status, media_type, headers)


def test_a_whole_file_is_read_with_its_checksum_and_left_nowhere(tmp_path: Path) -> None:
    packed = file(gzip.compress(LINES), **{"Content-Encoding": "gzip"})
    for given in (file(), packed):
        found, payer = one(tmp_path, given)
        assert (found.faults, found.unread, found.lines) == ([], "", 3)
        assert found.exchange
        assert found.exchange.stored
        assert found.exchange.stored.sha256 == hashlib.sha256(LINES).hexdigest()
        assert payer.heard[0].headers["authorization"] == "Bearer good-token"
        assert list(tmp_path.iterdir()) == []


def test_no_token_is_sent_where_none_is_taken(tmp_path: Path) -> None:
    _, payer = one(tmp_path, file(), token=False)
    assert "authorization" not in payer.heard[0].headers


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (file(LINES[:-20]), "line 3: "),
        (file(LINES + condition(4)), "4 resources instead of 3"),
        (file(LINES[: LINES.index(b"\n") + 1] * 2), "2 resources instead of 3"),
        (file(LINES.replace(b"Condition", b"Procedure")), "line 1: a Procedure instead of Condition"),
        (file(LINES + condition(0, "b")), "line 4: a second version"),
        (file(b"[1]\n" + LINES), "line 1: no resource"),
        (file(media_type="text/html"), "content type text/html"),
        (file(status=404), "status 404"),
        (file(status=500), "status 500"),
    ],
)
def test_a_file_that_is_not_what_it_should_be_has_a_fault(tmp_path: Path, given: bytes, told: str) -> None:
    found, _ = one(tmp_path, given)
    assert told in "; ".join(found.faults)


def test_a_file_that_fails_once_is_fetched_again_and_told(tmp_path: Path) -> None:
    found, _ = one(tmp_path, file(b"{}", 500), file())
    assert (found.faults, found.lines) == ([], 3)
    assert found.advice == ["the file was answered with status 500 before it came"]


def test_a_download_that_breaks_off_goes_on_where_parts_are_given(tmp_path: Path) -> None:
    half = len(LINES) // 2

    def script(payer: Payer, line: socket.socket, heard: Heard) -> bool:
        if len(payer.heard) == 1:
            whole = file(LINES, **{"Accept-Ranges": "bytes", "ETag": '"v1"'})
            line.sendall(whole[: len(whole) - len(LINES) + half])
            return False
        assert heard.headers["range"] == f"bytes={half}-"
        assert heard.headers["if-range"] == '"v1"'
        line.sendall(file(LINES[half:], 206))
        return True

    with serving(script) as payer, wired() as wire:
        [found] = read(tmp_path, payer, wire, {"type": "Condition", "url": f"{payer.url}/f/0", "count": 3})

    assert (found.faults, found.lines) == ([], 3)
    assert found.exchange
    assert found.exchange.stored
    assert found.exchange.stored.sha256 == hashlib.sha256(LINES).hexdigest()


def test_the_first_of_a_type_are_looked_at_closely_and_later_ones_by_how_they_are_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"CLOSELY": 2, "ALL": 4, "EVERY": 3}.items():
        monkeypatch.setattr(bulk_files, name, value)
    sound = json.loads(condition(0))
    wrong = {
        2: {"recordedDate": "yesterday"},
        3: {"recordedDate": "never"},
        4: {"abated": 1},
        5: {"of": 1},
        6: {"to": 1},
    }
    lines = [json.dumps({**sound, "id": f"c{number}", **wrong.get(number, {})}) for number in range(1, 7)]

    read, _ = one(tmp_path, file("\n".join(lines).encode()), count=6)

    assert [each.partition(":")[0] for each in read.unsound] == ["line 2", "line 4", "line 6"]


def test_a_bomb_is_cut_and_the_others_are_read(tmp_path: Path) -> None:
    bomb = file(gzip.compress(b" " * 50_000_000), **{"Content-Encoding": "gzip"})
    with serving(saying(bomb, file())) as payer, wired() as wire:
        outputs = [{"type": "Condition", "url": f"{payer.url}/f/{number}"} for number in range(2)]
        tracemalloc.start()
        bad, good = read(tmp_path, payer, wire, *outputs, budget=Budget(total_bytes=2**20))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert "larger than 1 MiB" in bad.unread
    assert (good.faults, good.unread, good.lines) == ([], "", 3)
    assert peak < 8 * 2**20


def test_a_long_line_is_a_resource_like_any_other(tmp_path: Path) -> None:
    resource = {"resourceType": "Condition", "id": "long", "note": [{"text": "x" * 10_000_000}]}
    found, _ = one(tmp_path, file(json.dumps(resource).encode() + b"\n"), count=1)
    assert (found.faults, found.unread, found.lines) == ([], "", 1)


def test_manifests_that_lead_astray_lead_nowhere(tmp_path: Path) -> None:
    with serving(saying(file())) as payer, wired() as wire:
        astray = [{"type": "Condition", "url": url} for url in ("file:///etc/passwd", "https://10.0.0.1/f")]
        found = read(tmp_path, payer, wire, *astray, {"type": "Condition", "url": f"{payer.url}/f/0"})
        assert [bool(each.faults) for each in found] == [True, True, False]
        assert len(payer.heard) == 1


def test_nothing_of_ours_goes_to_another_host(tmp_path: Path) -> None:
    with serving(saying(file())) as payer, serving(saying(file())) as other, wired() as wire:
        elsewhere = other.url.replace("127.0.0.1", "localhost")
        [found] = read(tmp_path, payer, wire, {"type": "Condition", "url": f"{elsewhere}/f/0"})
        assert (found.faults, found.lines) == ([], 3)
        assert not {"authorization", "x-api-key"} & other.heard[0].headers.keys()
        assert payer.heard == []


def test_a_file_elsewhere_that_wants_our_token_is_not_judged(tmp_path: Path) -> None:
    with serving(saying(file())) as payer, serving(saying(answer(b"", 401))) as other, wired() as wire:
        [found] = read(tmp_path, payer, wire, {"type": "Condition", "url": f"{other.url}/f/0"})
    assert found.faults == []
    assert "our token does not go" in found.unread


def test_a_redirect_to_another_host_takes_no_token_along(tmp_path: Path) -> None:
    with serving(saying(file())) as other:
        away = answer(b"", 302, headers={"Location": f"{other.url}/f/0"})
        with serving(saying(away)) as payer, wired() as wire:
            [found] = read(tmp_path, payer, wire, {"type": "Condition", "url": f"{payer.url}/f/0"})
        assert (found.faults, found.lines) == ([], 3)
        assert not {"authorization", "x-api-key"} & other.heard[0].headers.keys()


@pytest.mark.parametrize("count", [10_000])  # the same with 100,000 takes four seconds
def test_one_stranger_among_thousands_of_lines_is_named_by_file_and_line(tmp_path: Path, count: int) -> None:
    lines = [condition(number) for number in range(count)]
    lines[count * 7 // 10] = condition(count, "somebody-else")
    harvest = Harvest(frozenset({"Patient/a"}))

    found, _ = one(tmp_path, file(b"".join(lines)), count=count, take=harvest.add)

    assert (found.faults, found.lines) == ([], count)
    assert [each.at for each in harvest.strangers.first] == [f"output[0] (Condition), line {count * 7 // 10 + 1}"]
    assert harvest.strangers.total == 1
    assert harvest.of_members["Patient/a"] == count - 1
