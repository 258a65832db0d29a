"""Published figures in tables: CSV, and the tables of a web page in the words of CMS's template."""

from __future__ import annotations

import csv
import io
import re
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any

from conformance.audit.published import NOT_APPLICABLE, PRINTED, Number, Published, Report


def _dialect(text: str) -> Any:
    try:
        return csv.Sniffer().sniff(text[:4096], delimiters=",;\t|")
    except csv.Error:
        return csv.excel


class _Tables(HTMLParser):
    """The rows of a page's tables, its words, and whether it asks for a password."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.rows: list[list[str]] = []
        self.words: list[str] = []
        self.links: list[tuple[str, str]] = []
        self.password = False
        self._cell: list[str] | None = None
        self._row: list[str] | None = None
        self._silent = 0
        self._link: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in ("script", "style"):
            self._silent += 1
        elif tag == "tr":
            self._row = []
        elif tag in ("td", "th"):
            self._cell = []
        elif tag == "input" and given.get("type") == "password":
            self.password = True
        elif tag == "a" and given.get("href"):
            self.links.append((str(given["href"]), ""))
            self._link = []

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self._silent = max(0, self._silent - 1)
        elif tag in ("td", "th") and self._cell is not None and self._row is not None:
            self._row.append(" ".join("".join(self._cell).split()))
            self._cell = None
        elif tag == "tr" and self._row:
            self.rows.append(self._row)
            self._row = None
        elif tag == "a" and self._link is not None and self.links:
            self.links[-1] = (self.links[-1][0], " ".join("".join(self._link).split()))
            self._link = None

    def handle_data(self, data: str) -> None:
        if self._silent:
            return
        self.words.append(data)
        for kept in (self._cell, self._link):
            if kept is not None:
                kept.append(data)


def of_csv(source: str, text: str) -> Published:
    """The figures of delimited text: a label first, then what is printed beside it."""
    return _table(source, [row for row in csv.reader(io.StringIO(text), dialect=_dialect(text)) if any(row)], text)


def of_page(source: str, text: str) -> Published:
    """The figures in the tables of a page; behind a login where it asks for a password instead."""
    tables = _Tables()
    tables.feed(text)
    tables.close()
    words = " ".join(tables.words)
    found = _table(source, tables.rows, words)
    for href, said in tables.links:
        if re.search(r"(?i)(list|items|services).*(prior auth|require)|prior auth.*(list|lookup|look-up)", said):
            for report in found.reports:
                report.list_url = report.list_url or href
    if tables.password and not any(each.figures for each in found.reports):
        found.problem, found.behind_login = "asks for a password", True
    return found


# What a label speaks of: the first pattern that fits. Percentages get _pct, averages and medians their unit.
_LABELS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("appeals", re.compile(r"(?:number|total|count) of .*appeal(?!.*approved)|^appeals", re.I)),
    ("approved_after_appeal", re.compile(r"approv\w* .*(?:after|upon|on) appeal|overturned|appeal.*approv", re.I)),
    ("extended_approved", re.compile(r"exten(?:ded|sion).*approv|approv.*exten(?:ded|sion)", re.I)),
    (
        "time",
        re.compile(r"\b(?:average|mean|median)\b.*(?:time|elapsed|days|hours)|\btime\b.*(?:average|mean|median)", re.I),
    ),
    ("approved", re.compile(r"\bapproved\b|\bapprovals?\b", re.I)),
    ("denied", re.compile(r"\bdenied\b|\bdenials?\b", re.I)),
    ("list", re.compile(r"list of (?:all )?(?:items|services)", re.I)),
    ("total", re.compile(r"\btotal\b|number of .*requests|requests received", re.I)),
)
_EXPEDITED = re.compile(r"\bexpedited\b|\burgent\b", re.I)
_STANDARD = re.compile(r"\bstandard\b|\bnon-?urgent\b", re.I)
_YEAR = re.compile(
    r"\b(?:calendar year|CY|reporting (?:period|year)|year|plan year)\W{0,3}(20\d\d)\b|\b(20\d\d)\b", re.I
)


def _table(source: str, rows: list[list[str]], words: str) -> Published:
    report = Report(year=_year(words))
    side = "standard"
    for row in rows:
        label, cells = row[0], [cell for cell in row[1:] if cell]
        if _EXPEDITED.search(label):
            side = "expedited"
        elif _STANDARD.search(label):
            side = "standard"
        name = next((name for name, pattern in _LABELS if pattern.search(label)), "")
        if name == "list":
            report.list_url = next((cell for cell in cells if "http" in cell or "/" in cell), "") or (
                cells[0] if cells else ""
            )
        elif name and cells:
            _cells(report, side, name, label, cells)
    return Published(source, [report])


def _year(words: str) -> int | None:
    named = re.search(r"(?i)\b(?:calendar year|CY|reporting (?:period|year)|measurement year)\W{0,3}(20\d\d)\b", words)
    years = {int(each) for each in re.findall(r"\b(20\d\d)\b", words)}
    return int(named[1]) if named else years.pop() if len(years) == 1 else None


def _cells(report: Report, side: str, name: str, label: str, cells: list[str]) -> None:
    side = "" if name == "extended_approved" else side
    text = " ; ".join(cells)
    if all(NOT_APPLICABLE.fullmatch(cell) for cell in cells):
        report.none |= (
            {(side, each) for each in (name, f"{name}_pct")} if name != "time" else {(side, "mean"), (side, "median")}
        )
        return
    if name == "time":
        _times(report, side, label, text)
        return
    for found in PRINTED.finditer(text):
        number = Number(Decimal(found[1].replace(",", "")), found[0].strip())
        percent = (found[2] or "").casefold() in ("%", "percent")
        of = re.search(r"(?:\bof|/|out of)\s*$", text[: found.start()], re.I)
        key = f"{name}_pct" if percent or (re.search(r"percent|%", label, re.I) and "." in found[1]) else name
        if of and not percent:
            key = "after_appeal_of" if name == "approved_after_appeal" else "total"
        report.figures.setdefault((side, key), number)


def _times(report: Report, side: str, label: str, text: str) -> None:
    unit = (
        "hours"
        if re.search(r"hours?|hrs?", f"{text} {label}", re.I) and not re.search(r"\bdays?\b", text, re.I)
        else "days"
    )
    numbers = [Number(Decimal(each[1].replace(",", "")), each[0].strip()) for each in PRINTED.finditer(text)]
    mean, median = re.search(r"average|mean", label, re.I), re.search(r"median", label, re.I)
    if mean and median and len(numbers) >= 2:
        report.figures[side, f"mean_{unit}"], report.figures[side, f"median_{unit}"] = numbers[:2]
    elif numbers:
        report.figures[side, f"{'median' if median and not mean else 'mean'}_{unit}"] = numbers[0]
