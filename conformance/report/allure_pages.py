"""Allure pages of a run, built by the one Allure 3 that is pinned, and stripped of what would phone home.

Allure's page loads Google Analytics when it is opened; no setting turns that off. A report about a payer must tell
nobody that it is read, so the block is cut out, a policy that allows no connection is put in, and what is left is
read for anything that would load by itself. A page that fails this is not handed over.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from conformance import paths
from conformance.errors import UsageError
from conformance.report.loads import network_references

__all__ = ["NAMED_BY", "SECONDS", "VERSION", "Unbuilt", "build", "find", "network_references", "stripped"]

VERSION = "3.18.0"  # the same as in .ci/allure/package.json
NAMED_BY = "CONFORMANCE_ALLURE"
SECONDS = 120.0
VERSION_SECONDS = 20.0

CHARSET = '<meta charset="utf-8">'
ALLOWED = " ".join(
    (
        "default-src 'none';",
        "script-src 'unsafe-inline' data: blob:;",
        "style-src 'unsafe-inline' data: blob:;",
        "img-src data: blob:; font-src data: blob:; media-src data: blob:;",
        "connect-src data: blob:; frame-src data: blob:; worker-src data: blob:;",
        "object-src 'none'; form-action 'none'",
    )
)
QUIET = f"""{CHARSET}
    <meta http-equiv="Content-Security-Policy" content="{ALLOWED}">
    <meta http-equiv="x-dns-prefetch-control" content="off">
    <meta name="referrer" content="no-referrer">"""
TELEMETRY = re.compile(
    r'<script async src="https://www\.googletagmanager\.com/gtag/js\?id=[\w-]+"></script>\s*'
    r"<script>\s*window\.dataLayer = window\.dataLayer \|\| \[\];\s*"
    r"function gtag\(\)\{dataLayer\.push\(arguments\);\}[^<]*</script>"
)


class Unbuilt(Exception):
    """Why there are no Allure pages, in one sentence."""


def build(out: Path, *, required: bool) -> Path | None:
    """Builds ``out/allure-report/index.html`` from ``out/allure-results/`` and gives its path back.

    None where there is no pinned Allure (silently) or where it failed (one line on stderr says why); UsageError in
    both cases where the pages are ``required``. An older allure-report folder is removed in any case.
    """
    report = out / "allure-report"
    _clear(report)
    try:
        command = find()
        if command is None:
            if required:
                raise Unbuilt(
                    f"Allure {VERSION} is not here: run `make allure` in a checkout (needs node and npm), or name the "
                    f"command in ${NAMED_BY}"
                )
            return None
        results = out / "allure-results"
        if not results.is_dir() or not any(results.glob("*-result.json")):
            raise Unbuilt(f"{results} holds no results for Allure")
        with tempfile.TemporaryDirectory(prefix="conformance-allure-") as scratch:
            made = Path(scratch) / "report"
            _generate(command, out, Path(scratch), made)
            _quieten(made)
            shutil.move(made, report)  # only now: a page that was not proven silent never lies in the report
    except (Unbuilt, OSError) as wrong:
        if required:
            raise UsageError(f"no Allure pages: {wrong}") from wrong
        print(f"no Allure pages: {wrong}", file=sys.stderr)
        return None
    return report / "index.html"


def find() -> str | None:
    """The pinned Allure's command: named in the environment, in the checkout, or on PATH; None where there is none.

    Nothing is downloaded. Unbuilt where the environment names one that is not the pinned one or does not run.
    """
    if named := os.environ.get(NAMED_BY):
        command = shutil.which(named)
        if command is None or _version(command) != VERSION:
            raise Unbuilt(f"${NAMED_BY} names {named}, which is not Allure {VERSION} ready to run")
        return str(Path(command).absolute())
    places = (str(paths.PACKAGE.parent / ".ci" / "allure" / "node_modules" / ".bin"), None)
    found = (shutil.which("allure", path=place) for place in places)
    return next((str(Path(each).absolute()) for each in found if each and _version(each) == VERSION), None)


def _version(command: str) -> str:
    """What ``command --version`` says; nothing where it cannot be run, or says nothing in time."""
    with suppress(OSError, Unbuilt), tempfile.TemporaryDirectory(prefix="conformance-allure-") as scratch:
        return _run([str(Path(command).absolute()), "--version"], Path(scratch), VERSION_SECONDS).strip()
    return ""


def _generate(command: str, out: Path, scratch: Path, made: Path) -> None:
    config = scratch / "allurerc.json"
    config.write_text(json.dumps(_config(_title(out), made), ensure_ascii=False), "utf-8")
    # "allure-results" is a pattern to Allure: it is given alone, so that no character of the path to it means more
    words = [command, "generate", "--config", str(config), "--cwd", str(out.resolve()), "allure-results"]
    said = _run(words, scratch, SECONDS)
    if not (made / "index.html").is_file():
        raise Unbuilt(f"Allure wrote no page: {_last_line(said)}")


def _config(title: str, made: Path) -> dict[str, Any]:
    """Allure's configuration; it takes no key that it does not know."""
    categories = json.loads((paths.reports() / "allure-categories.json").read_text("utf-8"))
    options = {"reportName": title, "singleFile": True, "reportLanguage": "en", "groupBy": ["epic", "feature", "story"]}
    return {
        "name": title,
        "output": str(made.resolve()),
        "categories": {"rules": categories},
        "plugins": {"awesome": {"options": options}},
    }


def _title(out: Path) -> str:
    """The payer and the day of the run, as its record names them."""
    try:
        results = json.loads((out / "results.json").read_text("utf-8"))
        return f"{results['target']['name']}, {results['started'][:10]}"
    except (OSError, ValueError, KeyError, TypeError):
        return "payer-conformance"


def _run(words: Sequence[str], folder: Path, seconds: float) -> str:
    """Runs a command in ``folder`` without a shell; what it said. Unbuilt where it fails or takes too long."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("ALLURE_")}
    with (folder / "allure.txt").open("w+b") as said:
        process = subprocess.Popen(  # noqa: S603 - the command is the tester's own, its arguments are ours
            [*words],
            cwd=folder,
            env={**kept, "ALLURE_NO_ANALYTICS": "1", "NO_COLOR": "1"},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            status = process.wait(seconds)
        except BaseException as stopped:
            _end(process)
            if isinstance(stopped, subprocess.TimeoutExpired):
                raise Unbuilt(f"Allure was not done after {seconds:.0f} seconds") from stopped
            raise
        said.seek(0)
        text = said.read().decode("utf-8", "replace")
    if status:
        raise Unbuilt(f"Allure failed with exit code {status}: {_last_line(text)}")
    return text


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kills the process and, where the system knows groups, all that it started."""
    with suppress(ProcessLookupError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()


def _quieten(made: Path) -> None:
    """Strips every page of the report and proves it silent; Unbuilt where one is not what we know."""
    for file in sorted(each for each in made.rglob("*") if each.is_file()):
        name = file.relative_to(made)
        if file.suffix == ".json":
            continue  # data: read by nothing when a page is opened
        if file.suffix != ".html":
            raise Unbuilt(f"Allure wrote {name}, which a report in one file does not need")
        page = stripped(file.read_text("utf-8"), str(name))
        if found := network_references(page):
            raise Unbuilt(f"{name} would load {found[0]} when opened; the report was removed")
        file.write_text(page, "utf-8")


def stripped(page: str, name: str = "the page") -> str:
    """The page without Allure's telemetry, and with a policy that lets it connect to nothing.

    Unbuilt where it does not hold exactly one such block and one place for the policy: then it is a page of an
    Allure that we do not know.
    """
    page, cut = TELEMETRY.subn("", page)
    if cut != 1:
        raise Unbuilt(f"{name} holds {cut} telemetry blocks of the known form, not one; the report was removed")
    head, found, rest = page.partition(CHARSET)
    if not found or "<script" in head.lower():
        raise Unbuilt(f"{name} does not begin as an Allure page does; the report was removed")
    return head + QUIET + rest


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    printable = "".join(each for each in (lines[-1] if lines else "it said nothing") if each.isprintable())
    return printable[:300]


def _clear(folder: Path) -> None:
    if folder.is_dir() and not folder.is_symlink():
        shutil.rmtree(folder)
