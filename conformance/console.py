"""What a run came to, on the console: what failed, what stands in the way of a verdict, the headlines."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from conformance.judge import in_short
from conformance.launch import Done, pytest_trouble

MARKS = {"fail": "red", "error": "magenta", "not tested": "yellow", "advice": "cyan"}
LINES = 3  # of a message; the report has it whole
Row = Mapping[str, Any]


def tell(done: Done, out: Path) -> int:
    """Prints the end of a run: what failed, the two headlines, where the report lies."""
    if done.results is None:
        click.echo(f"conformance: {pytest_trouble(done.trouble)}", err=True)
        return done.exit_code
    allure_pages(out, required=False)
    for line in _told(done.results):
        click.echo(line)
    click.echo(f"Report: {out / 'report.html'}")
    return done.exit_code


def allure_pages(out: Path, *, required: bool) -> None:
    """Builds Allure's pages where Allure is there, and prints where they lie; UsageError where they are ``required``
    and it is not."""
    from conformance.report.allure_pages import build

    if page := build(out, required=required):
        click.echo(f"Allure: {page}")


def printable(text: str) -> str:
    """A payer's text on our console: control characters are shown, never obeyed."""
    return "".join(each if each.isprintable() else f"\\x{ord(each):02x}" for each in text)


@contextmanager
def progress_line() -> Iterator[Any]:
    """A line that counts along in a terminal; elsewhere nothing but the end is printed."""
    counts: dict[str, int] = {}
    planned = 0
    live = sys.stderr.isatty()

    def follow(line: dict[str, Any]) -> None:
        nonlocal planned
        if line["kind"] == "header":
            planned = sum(len(row["planned"]) for row in line["requirements"])
        elif line["kind"] == "verdict":
            counts[line["verdict"]] = counts.get(line["verdict"], 0) + 1
            if live:
                told = ", ".join(f"{number} {verdict}" for verdict, number in counts.items())
                click.echo(f"\r\x1b[K{sum(counts.values())}/{planned} {told}", nl=False, err=True)

    yield follow
    if live and counts:
        click.echo("\r\x1b[K", nl=False, err=True)


def _told(results: Mapping[str, Any]) -> Iterator[str]:
    from conformance.report.steps import exposed

    rows = [row for row in results["requirements"] if row["standing"] == "in-force"]
    for row in sorted((row for row in rows if row["verdict"] == "fail"), key=exposed, reverse=True):
        yield _head("fail", row)
        if exposed(row):
            yield click.style("      members' data are open to others", fg=MARKS["fail"])
        for scenario in row["scenarios"]:
            if scenario["verdict"] == "fail":
                yield from (f"      {scenario['id']}: {printable(line)}" for line in _lines(scenario["message"]))
    yield from _by_cause("error", ((row, _cause(row, "error")) for row in rows if row["verdict"] == "error"))
    yield from (_head("advice", row) for row in rows if row["verdict"] == "advisory")
    yield from _gaps(results, rows)
    if not results["complete"]:
        yield "The run was cut short; what it knew is in the report."
    if waiting := results.get("waiting"):
        told = "The end of a request, an export or a change is" if waiting == 1 else f"The end of {waiting} things is"
        yield f"{told} still to come; to hear of it: conformance follow-up TARGET --poll"
    yield from (results["headline"][each] for each in ("law", "guides", "disclaimer"))


def _gaps(results: Mapping[str, Any], rows: Iterable[Row]) -> Iterator[str]:
    """Why a run ends with 3 though nothing failed: what could not be judged, excuses without need, nothing at all."""
    for row in results["requirements"]:
        if row["acknowledged_in_vain"]:
            told = f"is acknowledged or attested in the target file, but was judged: {row['verdict']}; remove the entry"
            yield f"{_mark('error')} {row['id']}  {told}"
    if not results["complete"]:
        return
    open_ = (row for row in rows if row["verdict"] == "not-tested" and row["level"] == "shall")
    yield from _by_cause("not tested", ((row, cause) for row in open_ if (cause := _cause(row, "not-tested"))))
    if not any(row["scenarios"] for row in results["requirements"]):
        yield "Nothing was examined: no scenario is both of the suites and of the requirements that were chosen."


def _cause(row: Row, verdict: str) -> str:
    """Why a requirement came to a verdict, and which key changes that; "" where another requirement says it already."""
    own = [each for each in row["scenarios"] if each["verdict"] == verdict and not each["because"]]
    said = (" -> ".join(filter(None, ("\n".join(_lines(each["message"])), each["change"]))) for each in own)
    return "\n".join(dict.fromkeys(said))


def _by_cause(word: str, caused: Iterable[tuple[Row, str]]) -> Iterator[str]:
    """Requirements with what keeps them from a verdict: a cause that several share is told once."""
    found: dict[str, list[Row]] = {}
    for row, cause in caused:
        found.setdefault(cause, []).append(row)
    for cause, rows in found.items():
        if len(rows) == 1:
            yield _head(word, rows[0])
        else:
            yield f"{_mark(word)} {len(rows)} requirements: {in_short([row['id'] for row in rows])}"
        yield from (f"      {printable(line)}" for line in cause.splitlines())


def _head(word: str, row: Row) -> str:
    return f"{_mark(word)} {row['id']}  {row['text']}"


def _mark(word: str) -> str:
    return click.style(f"{word:<5}", fg=MARKS[word])


def _lines(message: str | None) -> list[str]:
    return (message or "").splitlines()[:LINES]
