"""report.html: one self-contained page that loads nothing and works without JavaScript.

Everything a payer wrote is hostile: each value is autoescaped and passes ``visible`` on its way into the page, links
come from the catalogue only, and a Content-Security-Policy of hashes lets nothing run or load but our own two parts.
"""

from __future__ import annotations

import json
import os
import re
import sys
from base64 import b64encode
from collections.abc import Mapping, Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemBytecodeCache, FileSystemLoader, StrictUndefined
from markupsafe import Markup

import conformance
from conformance import paths
from conformance.report import chart, words
from conformance.report.text import folded, one_line, visible
from conformance.report.view import View, build
from conformance.verdict import ORDER

UNSHOWN = ("error", "not-tested", "waived", "attested")
# The folder of hl7.org under which a guide is published.
GUIDE_HOMES = {
    "pas": "davinci-pas",
    "usdf": "davinci-drug-formulary",
    "hrex": "davinci-hrex",
    "pdex": "davinci-pdex",
    "bulk": "bulkdata",
    "smart": "smart-app-launch",
    "qhp": "CMSgov",
}
_SECTION = re.compile(r"\d+\.\d+")
_ADDRESS = re.compile(r"https?://[A-Za-z0-9.-]+(:\d+)?(/[A-Za-z0-9._~!$&'()*+,;=:@%/?#-]*)?")


def write_page(results: Mapping[str, Any], exchanges: Mapping[str, Mapping[str, Any]], out: Path) -> None:
    """Writes the page of one run to ``out``; ``exchanges`` are the redacted lines of exchanges.jsonl by id."""
    out.write_text(page(results, exchanges), encoding="utf-8", newline="\n")


def page(results: Mapping[str, Any], exchanges: Mapping[str, Mapping[str, Any]]) -> str:
    """The page of one run as HTML."""
    templates = paths.reports() / "templates"
    css, js = (_part(templates / name) for name in ("page.css", "page.js"))
    view = build(results, exchanges)
    return (
        environment(templates)
        .get_template("report.html.j2")
        .render(
            view=view,
            css=css,
            js=js,
            policy=policy(css, js),
            told=frozenset(_told(view)),
            rows={row["id"]: row for row in results["requirements"]},
        )
    )


def _part(file: Path) -> Markup:
    """Our own style sheet or script, which goes into the page as it is."""
    return Markup("\n" + file.read_text(encoding="utf-8"))  # noqa: S704  a file of ours, no data


def _told(view: View) -> list[str]:
    """The requirements that have a card of their own."""
    cards = [*view.failures, *view.advisories, *view.coming]
    return [card.requirement["id"] for card in cards]


def policy(css: str, js: str) -> str:
    """The Content-Security-Policy: nothing but this style sheet, this script and images inside the page."""
    return (
        f"default-src 'none'; style-src '{_hash(css)}'; script-src '{_hash(js)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return "sha256-" + b64encode(sha256(text.encode()).digest()).decode()


def _compiled(templates: Path) -> FileSystemBytecodeCache | None:
    """Where compiled templates are kept: beside them, as Python keeps what it compiles, and only where it may.

    To compile them takes longer than to write most pages.
    """
    folder = templates / "__pycache__"
    if sys.dont_write_bytecode:
        return None
    try:
        folder.mkdir(exist_ok=True)
    except OSError:
        return None
    # Jinja minds its own version, Python's and the source; the filters that it may have applied are ours.
    kept = f"{conformance.__version__}-%s.cache"
    return FileSystemBytecodeCache(str(folder), kept) if os.access(folder, os.W_OK) else None


@cache
def environment(templates: Path) -> Environment:
    """Jinja with autoescape everywhere, strict names, and ``visible`` on every printed value."""
    room = Environment(
        loader=FileSystemLoader(templates),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        bytecode_cache=_compiled(templates),
    )
    room.filters.update(
        api=words.api,
        day=words.day,
        instant=words.instant,
        size=words.size,
        seconds=chart.seconds_in_words,
        several=words.several,
        segments=chart.bar,
        tally_in_words=lambda tally: words.tally(tally, chart.BAR_ORDER),
        unshown=lambda tally: sum(tally.get(verdict, 0) for verdict in UNSHOWN),
        over=lambda entry: sum(each > entry["limit"] for each in entry["seconds"]),
        folded=lambda value: folded(visible(str(value))),
        one_line=lambda value: one_line(visible(str(value))),
        cited=cited,
        by_expectation=by_expectation,
        option=option,
    )
    room.globals.update(
        actors=words.ACTORS,
        bar_order=chart.BAR_ORDER,
        confidence=words.CONFIDENCE,
        exits=words.EXITS,
        order=list(ORDER),
        payers=words.PAYERS,
        short=words.SHORT,
        shown_by=words.SHOWN,
        standings=words.STANDINGS,
    )
    return room


def _finalize(value: Any) -> Any:
    """What is printed for a value of the template: nothing for None, text made visible, our own markup as it is."""
    if value is None:
        return ""
    if isinstance(value, str) and not isinstance(value, Markup):
        return visible(value)
    return value


def by_expectation(findings: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """The findings by what was expected, in order: most scenarios expect one thing of many items."""
    grouped: dict[str, list[Mapping[str, Any]]] = {}
    for finding in findings:
        grouped.setdefault(finding["expected"], []).append(finding)
    return grouped


def cited(row: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Each citation with the address where it can be read, of the row's own links only; empty where none fits.

    Links come without duplicates, so several citations may share one.
    """
    links = [link for link in row["links"] if _ADDRESS.fullmatch(link)]
    together = len(links) == len(row["cites"])
    return [
        (cite, next((link for link in (links[n : n + 1] if together else []) + links if _fits(cite, link)), ""))
        for n, cite in enumerate(row["cites"])
    ]


def _fits(cite: str, link: str) -> bool:
    """Whether a link leads to what is cited: the same section of the CFR, or the same guide."""
    section = _SECTION.search(link.partition("/section-")[2])
    if section:
        return section[0] in _SECTION.findall(cite)
    guide = GUIDE_HOMES.get(cite.partition(" ")[0])
    return guide is not None and f"/{guide}/" in link


def option(value: object) -> str:
    """An option of the run as text."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or value == [] or value == "":
        return "not given"
    if isinstance(value, list):
        return ", ".join(map(option, value))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
