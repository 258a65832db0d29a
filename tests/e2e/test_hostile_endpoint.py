"""Endpoints that misbehave: each gets a verdict with a sentence, nobody is blamed wrongly, and the run goes on.

What is answered but no FHIR fails <api>.answers-are-fhir alone; where nothing came that speaks of the payer there is an
error. No answer takes the harness down, fills its memory or holds it up.
"""

from __future__ import annotations

import json
import socket
import ssl
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from command import Ran, changed, examine
from hostile import Heard, Payer, answer, self_signed, serving, unused_port

from conformance.sandbox.serve import Running

MEBIBYTE = 2**20
DEEP = b'{"resourceType": "Bundle", "entry": ' + b"[" * 10_000 + b"]" * 10_000 + b"}"
BUNDLE = b'{"resourceType": "Bundle", "type": "collection", "entry": []}'
OPERATION_OUTCOME = b'{"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}'

Script = Callable[[Payer, socket.socket, Heard], object]


def two_hundred_mebibytes(_payer: Payer, line: socket.socket, _heard: Heard) -> None:
    line.sendall(answer(b"")[: -len(b"\r\n")].replace(b"Content-Length: 0\r\n", b"") + b"\r\n")
    for _ in range(200):
        line.sendall(b" " * MEBIBYTE)


def gzip_bomb(_payer: Payer, line: socket.socket, _heard: Heard) -> bool:
    """A body of 1 MB that unpacks to a GB: a piece that is compressed once, a thousand times over."""
    piece, packer, checksum = bytes(MEBIBYTE), zlib.compressobj(9, wbits=-zlib.MAX_WBITS), 0
    packed = packer.compress(piece) + packer.flush(zlib.Z_FULL_FLUSH)
    for _ in range(1024):
        checksum = zlib.crc32(piece, checksum)
    end = packer.flush() + struct.pack("<II", checksum, 1024 * MEBIBYTE)
    head = bytes.fromhex("1f8b08000000000000ff")
    line.sendall(answer(head + packed * 1024 + end, headers={"Content-Encoding": "gzip"}))
    return True


# What is answered to $submit of a case, and the words by which the finding tells it.
WRONG_ANSWERS: dict[str, tuple[bytes | Script, str]] = {
    "html": (answer(b"<html><body>Welcome</body></html>", media_type="text/html"), "text/html"),
    "html-as-fhir": (answer(b"<html><body>Welcome</body></html>"), "JSON"),
    "wrong-type": (answer(BUNDLE, media_type="application/pdf"), "application/pdf"),
    "no-type": (b"HTTP/1.1 200 OK\r\nContent-Length: 61\r\n\r\n" + BUNDLE, "content type"),
    "truncated": (answer(BUNDLE[:-10]), "breaks off"),
    "empty": (answer(b""), "empty"),
    "deep": (answer(DEEP), "levels deep"),
    "large": (two_hundred_mebibytes, "longer than"),
    "bomb": (gzip_bomb, "longer than"),
    "no-utf8": (answer(b'{"resourceType": "Bundle", "id": "\xff\xfe"}'), "UTF-8"),
    "nan": (answer(b'{"resourceType": "Bundle", "total": NaN}'), "NaN"),
    "twice": (answer(b'{"resourceType": "Bundle", "type": "collection", "type": "batch"}'), "twice"),
    "half-character": (answer(b'{"resourceType": "Bundle", "id": "\\ud800"}'), "half a character"),
    "another-type": (answer(b'{"resourceType": ["Bundle"]}'), "resourceType"),
    "a-number": (answer(b"1" * 5000), "number"),
    "an-outcome": (answer(OPERATION_OUTCOME), "OperationOutcome"),
    "server-error": (answer(OPERATION_OUTCOME, status=500), "500"),
    "moved": (answer(b"", status=300), "300"),
}


def cases() -> str:
    """The tables of one case for each wrong answer."""
    table = """
[cases.prior-auth.{name}]
service = {{ system = "http://www.ama-assn.org/go/cpt", code = "72148" }}
diagnosis = {{ system = "http://hl7.org/fhir/sid/icd-10-cm", code = "M54.16" }}
"""
    return "".join(table.format(name=name) for name in WRONG_ANSWERS)


def without_cases(target: Path) -> str:
    """The tables of the prior-authorization cases of a target file."""
    text = target.read_text("utf-8")
    return text[text.index("[cases.prior-auth.approved]") : text.index("[cases.formulary.covered]")]


@pytest.fixture(scope="module")
def answered_wrongly(served: Running, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """A run at an endpoint that answers every case in another wrong way, and has every path otherwise too."""
    served.become()
    folder = tmp_path_factory.mktemp("wrong")

    def script(payer: Payer, line: socket.socket, heard: Heard) -> object:
        named = next((name for name in WRONG_ANSWERS if f"-{name}-2.2.1".encode() in heard.body), "server-error")
        said = WRONG_ANSWERS[named][0]
        if callable(said):
            return said(payer, line, heard)
        line.sendall(said)
        return True

    with serving(script) as hostile:
        target = changed(
            served.target_file,
            folder,
            (served.bases["pas=2.2.1"], hostile.url),
            (without_cases(served.target_file), cases()),
        )
        return examine(
            target, folder / "out", "--guide", "pas=2.2.1", "--guide", "usdf=2.1.0", "--suite", "prior_auth",
            "--suite", "formulary",
        )  # fmt: skip


@pytest.mark.parametrize("case", WRONG_ANSWERS)
def test_a_wrong_answer_is_told_in_a_sentence(answered_wrongly: Ran, case: str) -> None:
    scenario = answered_wrongly.row("prior-auth.answers-are-fhir")["scenarios"][0]
    findings = {finding["at"]: finding["actual"] for finding in scenario["findings"]}

    assert WRONG_ANSWERS[case][1] in findings[f"prior-auth.submit {case}"]


def test_wrong_answers_fail_one_requirement_and_the_rest_goes_on(answered_wrongly: Ran) -> None:
    ran = answered_wrongly
    empty = {"pas.response-bundle"}  # two of them can be read all the same: Bundles with nothing in them

    assert ran.code == 1
    assert {each for each in ran.of("fail", "advisory") if each.startswith(("prior-auth", "pas"))} == {
        "prior-auth.answers-are-fhir",
        "pas.subscription-created",
        *empty,
    }
    assert not ran.of("error")
    assert ran.row("prior-auth.answers-are-fhir")["scenarios"][0]["failed"] >= len(WRONG_ANSWERS)
    for requirement in ran.of("not-tested"):
        for scenario in ran.row(requirement)["scenarios"]:
            assert scenario["because"] or scenario["change"], scenario
    assert all(ran.verdict(each) == "pass" for each in ("formulary.tier", "usdf.paging", "formulary.answers-are-fhir"))


def test_no_answer_fills_the_memory(answered_wrongly: Ran, served: Running, tmp_path: Path) -> None:
    served.become()
    usual = examine(
        served.target_file, tmp_path / "out", "--guide", "pas=2.2.1", "--requirement", "prior-auth.answers-are-fhir"
    )

    assert answered_wrongly.peak < usual.peak + 200 * MEBIBYTE


def no_answer(payer: Payer, _line: socket.socket, _heard: Heard) -> None:
    payer.over.wait(60)


def a_byte_a_second(payer: Payer, line: socket.socket, _heard: Heard) -> None:
    line.sendall(answer(BUNDLE)[:-20])
    while not payer.over.wait(1):
        line.sendall(b" ")


def cut_off(_payer: Payer, line: socket.socket, _heard: Heard) -> None:
    line.sendall(answer(BUNDLE)[:-20])


def saying(said: bytes) -> Script:
    def script(_payer: Payer, line: socket.socket, _heard: Heard) -> bool:
        line.sendall(said)
        return True

    return script


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Payer]:
    """Where a redirect leads."""
    with serving(saying(answer(BUNDLE))) as payer:
        yield payer


@pytest.fixture(scope="module")
def unreachable(served: Running, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """No server, no such name, a certificate of nobody's."""
    folder = tmp_path_factory.mktemp("unreachable")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*self_signed(folder))
    with serving(saying(answer(BUNDLE)), tls=context) as untrusted:
        nobody = f"http://127.0.0.1:{unused_port()}/fhir"
        return beside_good_ones(served, folder, nobody, "http://payer.invalid/fhir", untrusted.url)


@pytest.fixture(scope="module")
def unresponsive(served: Running, tmp_path_factory: pytest.TempPathFactory, elsewhere: Payer) -> Ran:
    """Silence, a byte a second, a redirect to another host."""
    moved = answer(b"", status=307, headers={"Location": f"{elsewhere.url}/Patient/$member-match"})
    with ExitStack() as stack:
        urls = [stack.enter_context(serving(each)).url for each in (no_answer, a_byte_a_second, saying(moved))]
        return beside_good_ones(served, tmp_path_factory.mktemp("unresponsive"), *urls)


@pytest.fixture(scope="module")
def refusing(served: Running, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """A gateway's page, a service that is away, an answer that is cut off."""
    page = answer(b"<html>blocked</html>", status=403, media_type="text/html")
    later = answer(b"", status=503, headers={"Retry-After": "3600"})
    with ExitStack() as stack:
        urls = [stack.enter_context(serving(each)).url for each in (saying(page), saying(later), cut_off)]
        return beside_good_ones(served, tmp_path_factory.mktemp("refusing"), *urls)


def beside_good_ones(served: Running, folder: Path, *urls: str) -> Ran:
    """The old version of each guide at one of the URLs, the new one at the model payer."""
    served.become()
    guides = ("pas=2.0.1", "usdf=2.0.1", "hrex=1.0.0")
    bases = [(f'"{served.bases[guide]}"', f'"{url}"') for guide, url in zip(guides, urls, strict=True)]
    target = changed(served.target_file, folder, *bases)
    wanted = [f"{api}.answers-are-fhir" for api in ("prior-auth", "formulary", "payer-to-payer")]
    return examine(
        target, folder / "out", *(word for each in wanted for word in ("--requirement", each)),
        env={"CONFORMANCE_TIMEOUT": "3"},
    )  # fmt: skip


class TestAnEndpoint:
    @pytest.mark.parametrize(
        ("endpoints", "api", "told"),
        [
            ("unreachable", "prior-auth", "refuses the connection"),
            ("unreachable", "formulary", "payer.invalid"),
            ("unreachable", "payer-to-payer", "certificate"),
            ("unresponsive", "prior-auth", "3 s"),
            ("unresponsive", "formulary", "3 s"),
            ("unresponsive", "payer-to-payer", "redirect"),
            ("refusing", "prior-auth", "HTML page"),
            ("refusing", "formulary", "503"),
            ("refusing", "payer-to-payer", "127.0.0.1"),
        ],
    )
    def test_that_says_nothing_of_the_payer_is_an_error_with_a_sentence(
        self, request: pytest.FixtureRequest, endpoints: str, api: str, told: str
    ) -> None:
        ran: Ran = request.getfixturevalue(endpoints)

        scenarios = {each["id"].rpartition("[")[2]: each for each in ran.row(f"{api}.answers-are-fhir")["scenarios"]}
        bad, *_, good = (scenarios[version] for version in sorted(scenarios) if not version.startswith("pdex"))
        assert (bad["verdict"], good["verdict"]) == ("error", "pass")
        assert told in bad["message"]
        assert bad["message"] in ran.out
        assert bad["actor"] in ("network", "your file")
        assert ran.code == 3

    def test_that_is_unreachable_is_tried_once(self, unresponsive: Ran) -> None:
        silent = [line for line in unresponsive.lines("exchanges.jsonl") if line["claim"] == "pas=2.0.1"]

        assert len({line["started"] for line in silent if line["seconds"] > 1}) == 1

    def test_elsewhere_never_sees_our_credentials(self, unresponsive: Ran, elsewhere: Payer) -> None:
        assert "redirect" in unresponsive.message("payer-to-payer.answers-are-fhir")
        assert [heard for heard in elsewhere.heard if "authorization" in heard.headers] == []
        assert elsewhere.connections == 0


class TestPaging:
    @pytest.fixture
    def paging(self, payer: Running, tmp_path: Path) -> Callable[[Callable[[int], int]], Ran]:
        """A run at a formulary whose every page names another page, as a function of its number tells."""

        def run(following: Callable[[int], int]) -> Ran:
            def script(hostile: Payer, line: socket.socket, heard: Heard) -> bool:
                line.sendall(answer(self.page(hostile, heard, following)))
                return True

            with serving(script) as hostile:
                target = changed(payer.target_file, tmp_path, (payer.bases["usdf=2.1.0"], hostile.url))
                return examine(
                    target, tmp_path / "out", "--suite", "formulary", "--guide", "usdf=2.1.0",
                    "--requirement", "usdf.paging", "--requirement", "formulary.answers-are-fhir",
                )  # fmt: skip

        return run

    @staticmethod
    def page(hostile: Payer, heard: Heard, following: Callable[[int], int]) -> bytes:
        url = urlsplit(heard.target)
        kind = url.path.rpartition("/")[2]
        number = int(parse_qs(url.query).get("number", ["1"])[0])
        onward = following(number) if kind == "InsurancePlan" else 0
        entry = {"resource": {"resourceType": kind, "id": f"{kind}-{number}"}, "search": {"mode": "match"}}
        link = {"link": [{"relation": "next", "url": f"{hostile.url}/{kind}?number={onward}"}]} if onward else {}
        total = 1 if following(3) == 4 else 3
        page = {"resourceType": "Bundle", "type": "searchset", "total": total, "entry": [entry], **link}
        return json.dumps(page).encode()

    def test_that_leads_back_is_told(self, paging: Callable[[Callable[[int], int]], Ran]) -> None:
        ran = paging(lambda number: 2 if number == 3 else number + 1)

        assert ran.verdict("usdf.paging") == "fail"
        assert "leads back" in ran.message("usdf.paging")
        assert ran.code == 1

    def test_that_never_ends_is_ended(self, paging: Callable[[Callable[[int], int]], Ran]) -> None:
        ran = paging(lambda number: number + 1)

        assert 100 < len(ran.lines("exchanges.jsonl")) < 600
        assert "1 promised" in ran.message("usdf.paging")
        assert ran.code == 1
