"""Whatever stands in an answer is text to us: on the page, on the console, in every file and in the names of files."""

from __future__ import annotations

import json
import re
import unicodedata
import xml.etree.ElementTree as ET
from collections.abc import Awaitable, Callable, MutableMapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from command import NEWEST, Ran, examine
from leaking import answered, collected, kept, received

from conformance.sandbox.serve import Running

Scope = MutableMapping[str, Any]
MARKUP = "<script>alert(1)</script><img src=x onerror=alert(2)>"
EVIL = f"{MARKUP}\x1b[31m\x07\x00\u202e\u2066\u200b../../evil\u2028]]>&amp;{{{{7*7}}}}"
# Elements that some finding quotes, or by which the page and Allure name things.
ELEMENTS = frozenset({
    "text", "display", "fhirVersion", "code", "disposition", "preAuthRef", "value", "id", "outcome", "diagnostics",
    "status", "use", "system", "url", "token_endpoint", "name",
})  # fmt: skip


class Saying:
    """Stands before an application and writes EVIL into what it answers; which is told from the outset."""

    def __init__(self, inner: Any, key: Callable[[str], bool]) -> None:
        self._inner, self._key = inner, key

    async def __call__(self, scope: Scope, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Any]) -> None:
        sent = await received(receive)
        start, body = await collected(self._inner, scope, sent)
        if b"access_token" not in body:
            body = json.dumps(self._evil(json.loads(body))).encode() if body.startswith(b"{") else body
        length = (b"content-type", dict(start["headers"]).get(b"content-type", b"") + b'; note="<b>../x"')
        await answered(
            send, start["status"], [*kept(start["headers"]), length, (b"x-request-id", b"\xe2\x80\xae<u>")], body
        )

    def _evil(self, node: Any, key: str = "") -> Any:
        if isinstance(node, list):
            return [self._evil(each, key) for each in node]
        if isinstance(node, dict):
            return {name: self._evil(value, name) for name, value in node.items()}
        return f"{node}{EVIL}" if isinstance(node, str) and self._key(key) else node


class Page(HTMLParser):
    """What a browser would make of a page: its elements with their attributes, its scripts, its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.attributes: list[tuple[str, str, str]] = []
        self.scripts: list[str] = []
        self.words: list[str] = []
        self._open = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open = tag
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        self._open = ""

    def handle_data(self, data: str) -> None:
        (self.scripts if self._open == "script" else self.words).append(data)


def obeyed(text: str) -> set[str]:
    """The characters of a text that a terminal or a browser obeys instead of showing them."""
    return {f"U+{ord(each):04X}" for each in text if unicodedata.category(each) in ("Cc", "Cf", "Zl", "Zp")} - {
        "U+000A", "U+0009", "U+000D",
    }  # fmt: skip


# Words alone, then everything at once: the second breaks the shape of most answers, the first is quoted by findings.
WORDS = frozenset({"text", "display", "fhirVersion", "disposition", "diagnostics", "token_endpoint", "name"})


FEWER = ("--suite", "discovery", "--suite", "prior_auth", "--suite", "payer_to_payer")


@pytest.fixture(scope="module", params=[(WORDS, ()), (ELEMENTS, FEWER)], ids=["words", "codes"])
def ran(request: pytest.FixtureRequest, served: Running, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    elements, suites = request.param
    served.become(("renumbers_the_items", "codes_actions_in_the_value_set_url", "names_the_candidates"))
    served.mount(Saying(served.stage.current, elements.__contains__))
    return examine(served.target_file, tmp_path_factory.mktemp("evil") / "out", *NEWEST, *suites, "--intrusive")


def test_the_run_comes_to_its_end(ran: Ran) -> None:
    assert ran.results["complete"] is True
    assert ran.code == 1
    assert "prior-auth.standards" in ran.of("fail") or "discovery.capability-statement" in ran.of("fail")
    # An id that no address can carry is asked for in vain; nothing else is an error.
    rows = [ran.row(each) for each in ran.of("error")]
    told = {each["message"] for row in rows for each in row["scenarios"] if each["verdict"] == "error"}
    assert told <= {"the address or a header holds what HTTP cannot carry"}
    assert not [each for each in ran.of("error") if each.startswith("crd.")], "crd.services fails for such an id"
    assert MARKUP in (ran.folder / "verdicts.jsonl").read_text("utf-8")  # it is quoted, as it should be


def test_the_console_shows_it(ran: Ran) -> None:
    assert obeyed(ran.said) == set()
    assert MARKUP in ran.out
    assert r"\x1b[31m" in ran.out


def test_the_page_shows_it(ran: Ran) -> None:
    page = (ran.folder / "report.html").read_text("utf-8")
    found = Page(page)

    assert obeyed(page) == set()
    assert MARKUP in "".join(found.words)
    assert not [script for script in found.scripts if "alert(" in script]
    assert not [each for each in found.attributes if each[1].startswith("on") or each[0] in ("img", "iframe", "object")]
    assert not [each for each in found.attributes if each[1] in ("href", "src") and "script:" in each[2].lower()]


def test_the_other_files_can_be_read(ran: Ran) -> None:
    junit = ET.parse(ran.folder / "junit.xml")

    assert MARKUP in "".join(junit.getroot().itertext()) + str([e.attrib for e in junit.iter()])
    assert ran.lines("verdicts.jsonl")
    assert ran.lines("exchanges.jsonl")


def test_allures_files_have_names_of_its_own(ran: Ran) -> None:
    outside = {path.name for path in ran.folder.iterdir()}
    files = list((ran.folder / "allure-results").rglob("*"))

    assert outside <= {
        "results.json", "verdicts.jsonl", "exchanges.jsonl", "report.html", "junit.xml", "allure-results",
        "allure-report",
    }  # fmt: skip
    assert files
    assert [path.name for path in files if not re.fullmatch(r"[0-9a-f-]{36}-[a-z]+\.[a-z]+", path.name)] == []
    for path in files:
        if path.suffix in (".json", ".httpexchange"):
            json.loads(path.read_text("utf-8"))


def test_halves_of_characters_in_a_discovery_document_are_a_finding(payer: Running, tmp_path: Path) -> None:
    inner = payer.stage.current

    async def halved(scope: Scope, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Any]) -> None:
        start, body = await collected(inner, scope, await received(receive))
        if b"well-known" in scope["raw_path"] or scope["path"].endswith("/metadata"):
            body = body.replace(b"{", b'{"half": "\\ud800", ', 1)
        await answered(send, start["status"], [*start["headers"][:0], (b"content-type", b"application/json")], body)

    payer.mount(halved)

    found = examine(payer.target_file, tmp_path / "out", *NEWEST, "--suite", "discovery", "--intrusive")

    assert found.results["complete"] is True
    assert found.of("fail") == {"discovery.capability-statement", "smart.configuration", "udap.metadata"}
    assert found.of("advisory") == {"davinci.configuration"}
    assert not found.of("error")
