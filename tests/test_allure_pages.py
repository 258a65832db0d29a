"""The Allure pages: built by the pinned Allure or not at all, asking the network for nothing when they are opened."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from browser import Page, needs_chromium, opened

from conformance import paths
from conformance.errors import UsageError
from conformance.report import allure_pages
from conformance.report.allure_pages import build, network_references, stripped

CHECKOUT = Path(__file__).resolve().parents[1]
BLOCK = """    <script async src="https://www.googletagmanager.com/gtag/js?id=G-ABC123"></script>
    <script>
        window.dataLayer = window.dataLayer || [];
        function gtag(){dataLayer.push(arguments);}
        gtag('js', new Date());
        gtag('config', 'G-ABC123', {
          "report": "awesome",
          "single_file": "true"
        });
    </script>
"""
PAGE = f"""<!DOCTYPE html>
<html dir="ltr" lang="en">
<head>
    <meta charset="utf-8">
    <title> A run </title>
</head>
<body>
    <div id="app"></div>
{BLOCK}    <script>window.kept = true;</script>
</body>
</html>
"""


def _data(kind: str, text: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(text.encode()).decode()}"


LOADING = {
    "script": '<script src="https://cdn.example/x.js"></script>',
    "script without a scheme": "<script src=//cdn.example/x.js></script>",
    "script with a torn address": '<script src="ht\ntps://cdn.example/x.js"></script>',
    "stylesheet": '<link rel="stylesheet" href="http://cdn.example/x.css">',
    "preconnect": '<link rel="preconnect" href="https://fonts.example">',
    "icon": '<link rel="alternate icon" href="https://cdn.example/i.png">',
    "image": '<IMG SRC="HTTPS://cdn.example/x.png">',
    "image set": '<img src="x.png" srcset="data:image/png;base64,AA 1x, https://cdn.example/2.png 2x">',
    "svg image": '<svg><image xlink:href="https://cdn.example/x.png"/></svg>',
    "frame": '<iframe src="https://cdn.example/"></iframe>',
    "frame of its own text": '<iframe srcdoc="&lt;img src=https://cdn.example/x.png&gt;"></iframe>',
    "video poster": '<video poster="https://cdn.example/p.png"></video>',
    "object": '<object data="https://cdn.example/x.swf"></object>',
    "base": '<base href="https://cdn.example/">',
    "refresh": '<meta http-equiv="refresh" content="0; URL=https://cdn.example/">',
    "style": "<style>body { background: url(https://cdn.example/x.png) }</style>",
    "style import": "<style>@import '//cdn.example/x.css';</style>",
    "style attribute": "<p style=\"background:url('http://cdn.example/x.png')\">",
    "fetch": '<script>fetch("https://collect.example/hit")</script>',
    "fetch after an end in a string": '<script>var a = "</b>"; fetch("https://collect.example/hit")</script>',
    "request": '<script>r = new XMLHttpRequest(); r.open("POST", "https://collect.example/hit")</script>',
    "beacon": "<script>navigator.sendBeacon('//collect.example/hit', x)</script>",
    "socket": "<script>new WebSocket(`wss://collect.example/`)</script>",
    "module": '<script type="module">import a from "https://cdn.example/a.js"</script>',
    "image made by a script": '<script>new Image().src = "https://collect.example/hit.gif"</script>',
    "escaped address": r'<script>fetch("https:\/\/collect.example\/hit")</script>',
    "event": "<body onload=\"fetch('https://collect.example/hit')\">",
    "tag manager": "<script>(function(w,d){var h='www.googletagmanager.com'})(window,document)</script>",
    "gtag": "<script>gtag('js', new Date())</script>",
    "script in a data address": f'<script src="{_data("text/javascript", "fetch(`https://collect.example`)")}"></script>',
    "style in a data address": f'<link rel="stylesheet" href="{_data("text/css", "@import url(https://x.example/a.css)")}">',
    "page in a data address": '<iframe src="data:text/html,%3Cimg%20src=%22https://cdn.example/x.png%22%3E"></iframe>',
}
RESTING = {
    "a link to follow": '<a href="https://hl7.org/fhir/">R4</a>',
    "a canonical link": '<link rel="canonical" href="https://example.org/report">',
    "a name space": '<svg xmlns="http://www.w3.org/2000/svg"><use href="#a"/></svg>',
    "an address in text": "<p>fetch('https://payer.example/fhir')</p>",
    "an address as data": '<script type="application/json">{"fetch": "https://payer.example"}</script>',
    "an address in a script": '<script>const system = "http://loinc.org"; show(system)</script>',
    "a file beside it": '<script src="data/a.js"></script><img src="./x.png">',
    "an image within": f'<img src="{_data("image/png", "x")}">',
    "a comment": "<!-- <script src='https://cdn.example/x.js'></script> -->",
}


@pytest.mark.parametrize("html", LOADING.values(), ids=LOADING.keys())
def test_what_loads_by_itself_is_found(html: str) -> None:
    assert network_references(html)


@pytest.mark.parametrize("html", RESTING.values(), ids=RESTING.keys())
def test_what_rests_until_asked_is_not(html: str) -> None:
    assert network_references(html) == ()


def test_stripping_cuts_the_telemetry_and_nothing_else() -> None:
    assert network_references(PAGE)

    page = stripped(PAGE)

    assert network_references(page) == ()
    assert "gtag" not in page
    assert "<script>window.kept = true;</script>" in page
    without_policy = "".join(
        line for line in page.splitlines(True) if "http-equiv" not in line and "referrer" not in line
    )
    assert "".join(without_policy.split()) == "".join(PAGE.replace(BLOCK, "").split())


def test_a_stripped_page_may_connect_to_nothing() -> None:
    head = stripped(PAGE).partition("<title>")[0]

    assert "default-src 'none'" in head
    assert "http:" not in head
    assert "https:" not in head


@pytest.mark.parametrize(
    "page",
    [
        PAGE.replace(BLOCK, ""),
        PAGE.replace(BLOCK, BLOCK * 2),
        PAGE.replace("function gtag()", "function other()"),
        PAGE.replace('<meta charset="utf-8">', ""),
        PAGE.replace("<head>", '<head><script src="data:text/javascript,1"></script>'),
    ],
    ids=["none", "two", "another form", "no place for a policy", "a script before the policy"],
)
def test_a_page_of_an_unknown_form_is_refused(page: str) -> None:
    with pytest.raises(allure_pages.Unbuilt):
        stripped(page)


# ---------------------------------------------------------------------------------------------------------------------
# Where Allure is not there, is another, or fails: a command of our own stands in for it.


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    (folder / "allure-results").mkdir(parents=True)
    (folder / "allure-results" / "1-result.json").write_text("{}")
    (folder / "allure-report").mkdir()
    (folder / "allure-report" / "index.html").write_text("of an older run")
    return folder


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without Allure: no checkout around the package, and a PATH with this one empty folder."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.delenv(allure_pages.NAMED_BY, raising=False)
    monkeypatch.setenv("PATH", str(folder))
    reports = paths.reports()
    monkeypatch.setattr(paths, "PACKAGE", tmp_path / "site-packages" / "conformance")
    monkeypatch.setattr(paths, "reports", lambda: reports)
    return folder


def _command(folder: Path, does: str, version: str = allure_pages.VERSION) -> Path:
    file = folder / "allure"
    file.write_text(
        f"#!{sys.executable}\nimport json, os, pathlib, subprocess, sys, time\n"
        f"if sys.argv[1:] == ['--version']:\n    sys.exit(print({version!r}))\n"
        "config = json.loads(pathlib.Path(sys.argv[sys.argv.index('--config') + 1]).read_text())\n"
        "made = pathlib.Path(config['output'])\n" + does
    )
    file.chmod(0o755)
    return file


def _writes(page: str, name: str = "index.html") -> str:
    return f"made.mkdir(exist_ok=True)\n(made / {name!r}).write_text({page!r})\n"


def test_without_allure_there_are_no_pages_and_nothing_is_said(
    out: Path, elsewhere: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert build(out, required=False) is None

    assert capfd.readouterr() == ("", "")
    assert not (out / "allure-report").exists(), "an older report would pass for this run's"


def test_without_allure_required_pages_say_what_to_do(out: Path, elsewhere: Path) -> None:
    with pytest.raises(UsageError, match="make allure"):
        build(out, required=True)


def test_another_version_on_the_path_is_left_alone(out: Path, elsewhere: Path) -> None:
    _command(elsewhere, _writes(PAGE), version="2.34.0")

    assert build(out, required=False) is None


def test_the_pinned_version_on_the_path_is_used(out: Path, elsewhere: Path) -> None:
    _command(elsewhere, _writes(PAGE))

    page = build(out, required=False)

    assert page == out / "allure-report" / "index.html"
    assert network_references(page.read_text()) == ()


def test_a_named_command_that_is_none_is_said(
    out: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(allure_pages.NAMED_BY, str(elsewhere / "no-such-command"))

    assert build(out, required=False) is None

    said = capfd.readouterr().err
    assert "no-such-command" in said
    assert said.count("\n") == 1
    with pytest.raises(UsageError, match="no-such-command"):
        build(out, required=True)


@pytest.mark.parametrize(
    ("does", "reason"),
    [
        ("print('heap out of memory')\nsys.exit(3)", "exit code 3: heap out of memory"),
        ("pass", "wrote no page"),
        (_writes(PAGE.replace(BLOCK, "")), "0 telemetry blocks"),
        (_writes(PAGE.replace("<div", '<img src="https://cdn.example/x.png"><div')), "cdn.example"),
        (_writes(PAGE) + _writes("fetch(1)", "app.js"), "app.js"),
        (_writes(PAGE) + _writes(PAGE.replace(BLOCK, ""), "second.html"), "second.html holds 0 telemetry blocks"),
    ],
    ids=["fails", "writes nothing", "no telemetry found", "loads more", "writes a script", "a second page"],
)
def test_a_failed_generation_leaves_one_line_and_no_report(
    out: Path, elsewhere: Path, capfd: pytest.CaptureFixture[str], does: str, reason: str
) -> None:
    _command(elsewhere, does)

    assert build(out, required=False) is None

    said = capfd.readouterr().err
    assert reason in said
    assert said.count("\n") == 1
    assert not (out / "allure-report").exists()
    with pytest.raises(UsageError):
        build(out, required=True)


def test_a_generation_that_hangs_is_ended_with_all_that_it_started(
    out: Path, elsewhere: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(allure_pages, "SECONDS", 1.0)
    child = tmp_path / "child"
    _command(
        elsewhere,
        f"child = subprocess.Popen([{sys.executable!r}, '-c', 'import time; time.sleep(600)'])\n"
        f"pathlib.Path({str(child)!r}).write_text(str(child.pid))\ntime.sleep(600)\n",
    )

    assert build(out, required=False) is None

    assert "not done after 1 second" in capfd.readouterr().err
    state, ends = Path(f"/proc/{child.read_text()}/stat"), time.monotonic() + 10
    while not _is_over(state) and time.monotonic() < ends:  # who is told to end may need a moment for it
        time.sleep(0.05)
    assert _is_over(state)


def _is_over(state: Path) -> bool:
    with suppress(FileNotFoundError, ProcessLookupError):
        return state.read_text().rpartition(")")[2].split()[0] in "ZX"
    return True


def test_allure_is_told_nothing_of_the_testers_own_allure_settings(
    out: Path, elsewhere: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALLURE_TOKEN", "secret")
    seen = tmp_path / "seen.json"
    _command(elsewhere, f"pathlib.Path({str(seen)!r}).write_text(json.dumps(dict(os.environ)))\n" + _writes(PAGE))

    assert build(out, required=True)

    told = {key: value for key, value in json.loads(seen.read_text()).items() if key.startswith("ALLURE_")}
    assert told == {"ALLURE_NO_ANALYTICS": "1"}


# ---------------------------------------------------------------------------------------------------------------------
# What is pinned


def test_the_pinned_version_is_the_one_that_is_installed() -> None:
    folder = CHECKOUT / ".ci" / "allure"
    package = json.loads((folder / "package.json").read_text())
    lock = json.loads((folder / "package-lock.json").read_text())

    assert package["dependencies"] == {"allure": allure_pages.VERSION}
    assert lock["packages"]["node_modules/allure"]["version"] == allure_pages.VERSION


def test_the_lockfile_holds_hashes_and_names_no_registry() -> None:
    lock = json.loads((CHECKOUT / ".ci" / "allure" / "package-lock.json").read_text())
    pinned = {name: entry for name, entry in lock["packages"].items() if name}

    assert len(pinned) > 50
    assert all(entry["integrity"].startswith("sha512-") for entry in pinned.values())
    assert not any("resolved" in entry for entry in pinned.values())
    assert not any(entry.get("hasInstallScript") for entry in pinned.values())


# ---------------------------------------------------------------------------------------------------------------------
# The real Allure, and a real browser

SCENARIOS = """
import allure
import pytest
from conformance import evidence
from conformance.exchange import Exchange
from conformance.journal import shown
from conformance.redaction import Redactor

def place(title, feature, verdict):
    allure.dynamic.title(title)
    allure.dynamic.label("feature", feature)
    allure.dynamic.label("story", title)
    allure.dynamic.label("standing", "in-force")
    allure.dynamic.label("verdict", verdict)

def exchange():
    return Exchange(
        id="x0001", operation="prior-auth.submit", case="denied", claim="pas=2.2.1", method="POST",
        url="https://payer.example/pas/Claim/$submit", status=418,
        request_headers={"authorization": "Bearer abcdef", "content-type": "application/fhir+json"},
        request_body=b'{"resourceType": "Bundle", "id": "asked"}',
        headers={"content-type": "application/fhir+json"},
        body=b'{"resourceType": "OperationOutcome", "id": "answered"}',
    )

def test_exchange():
    place("with an exchange", "Law", "pass")
    evidence.attach(shown(exchange(), Redactor()))

def test_law():
    place("breaks the law", "Law", "fail")
    assert False, "expected a reason; got none"

def test_guide():
    place("breaks a guide", "Guide", "fail")
    assert False, "expected a code; got none"

def test_network():
    place("cannot be judged", "Law", "error")
    raise RuntimeError("no answer")

def test_nothing():
    place("has nothing to judge", "Law", "not-tested")
    pytest.skip("no case")

def test_hostile():
    place("speaks of an image", "Law", "pass")
    allure.dynamic.description("![x](ADDRESS/described.png)")
    allure.attach('<img src="ADDRESS/attached.png">', "page", attachment_type="text/html", extension="html")
"""


class _Listener(BaseHTTPRequestHandler):
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(404)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def listener() -> Iterator[str]:
    """A server on loopback that a page might ask; what was asked is in ``_Listener.asked``."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Listener) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def command() -> str:
    command = allure_pages.find()
    if command is None:
        pytest.skip(f"Allure {allure_pages.VERSION} is not here: make allure")
    return command


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, listener: str) -> Path:
    """The folder of a run, under a name with characters that mean something in patterns, with real Allure results."""
    folder = tmp_path_factory.mktemp("run") / "of [a] payer {b} *"
    folder.mkdir()
    scenarios = folder.parent / "test_scenarios.py"
    scenarios.write_text(SCENARIOS.replace("ADDRESS", listener))
    words = ["-p", "allure_pytest", "-p", "no:cacheprovider", "--alluredir", str(folder / "allure-results")]
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--rootdir", str(folder.parent), *words, str(scenarios)],
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": "", "PYTHONPATH": str(CHECKOUT)},
        cwd=folder.parent,
        stdout=subprocess.DEVNULL,
    )
    (folder / "results.json").write_text(
        json.dumps({"target": {"name": 'Plan "A" <b>&c'}, "started": "2027-07-01T09:00:00+00:00"})
    )
    return folder


@pytest.fixture(scope="module")
def page(run: Path, command: str) -> Path:
    """The built page."""
    page = build(run, required=True)
    assert page is not None
    return page


@pytest.fixture(scope="module")
def raw(run: Path, command: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page as Allure alone makes it of the same results."""
    made = tmp_path_factory.mktemp("raw") / "report"
    words = [command, "awesome", "--single-file", "--cwd", str(run), "--output", str(made), "allure-results"]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, cwd=made.parent)
    return made / "index.html"


def test_the_pinned_allure_builds_pages_that_load_nothing(page: Path, raw: Path) -> None:
    assert network_references(raw.read_text("utf-8")), "Allure as it is phones home: else this test shows nothing"

    assert network_references(page.read_text("utf-8")) == ()
    assert [each.name for each in page.parent.rglob("*") if each.suffix not in (".html", ".json")] == []


def _open(browser: Page, page: Path, title: str) -> None:
    """Opens the page at one result and unfolds its attachments."""
    results = json.loads((page.parent / "test-results.json").read_text("utf-8"))["byId"]
    identifier = next(key for key, result in results.items() if result["name"] == title)
    buttons = "document.querySelectorAll('[data-testid=\"test-result-attachment-header\"] button')"
    for _ in range(6):  # now and then a page of Allure's stays empty
        browser.open("about:blank")
        browser.open(f"{page.as_uri()}#{identifier}")
        if browser.within(30, f"{buttons}.length > 0"):
            break
    browser.until(f"{buttons}.length > 0")
    browser.script(f"{buttons}.forEach(each => each.click())")


@needs_chromium
def test_an_exchange_is_rendered_as_one(page: Path, tmp_path: Path) -> None:
    with opened(tmp_path) as browser:
        _open(browser, page, "with an exchange")
        exchange = "document.querySelector('[data-testid=\"http-attachment-content\"]')"
        browser.until(f"{exchange} !== null")
        told = browser.script(
            f"{exchange}.querySelectorAll('details').forEach(each => {{ each.open = true }}), {exchange}.innerText"
        )
        panels = browser.script(
            f"[...{exchange}.querySelectorAll('[data-http-panel]')].map(each => each.dataset.httpPanel)"
        )

    assert told.startswith("POST\nhttps://payer.example/pas/Claim/$submit")
    assert "418" in told
    assert panels == ["request", "response"]
    for shown in ('"id": "asked"', '"id": "answered"', "application/fhir+json"):
        assert shown in told
    assert "abcdef" not in told


@needs_chromium
def test_the_page_is_named_after_the_run_and_sorts_what_failed(page: Path, tmp_path: Path) -> None:
    with opened(tmp_path) as browser:
        browser.open(page.as_uri())
        told = browser.until(
            "document.querySelector('#app')?.innerText.includes('2027-07-01') && document.body.innerText"
        )
        complaints = browser.complaints()

    assert 'Plan "A" <b>&c, 2027-07-01' in told
    assert complaints == []
    data = json.dumps(_widget(page, "categories.json"))
    for name in (
        "A requirement of law in force is not met",
        "A requirement of a claimed guide is not met",
        "Not judged: something other than the payer went wrong",
        "Not tested: nothing could be judged",
    ):
        assert name in data


def _widget(page: Path, name: str) -> Any:
    """One of the data files that a page in one file carries inside."""
    found = [part for part in page.read_text("utf-8").split('d("') if part.startswith(f'widgets/default/{name}"')]
    found = found or [part for part in page.read_text("utf-8").split('d("') if part.startswith(f'widgets/{name}"')]
    return json.loads(base64.b64decode(found[0].split('"')[2]))


@needs_chromium
def test_opening_the_page_asks_the_network_for_nothing(page: Path, raw: Path, listener: str, tmp_path: Path) -> None:
    for file, silent in ((raw, False), (page, True)):
        _Listener.asked.clear()
        with opened(tmp_path / file.parent.parent.name) as browser:
            _open(browser, file, "speaks of an image")
            browser.until("document.querySelectorAll('iframe').length >= 1")
            browser.pause(1.5)
            requests = browser.requests()
        if silent:
            assert requests == []
            assert _Listener.asked == []
        else:  # the same browser sees what Allure's own page asks for: the instrument works
            assert any("googletagmanager" in url for url in requests)
            assert "/described.png" in _Listener.asked
