"""Published figures in tables: CSV, and the tables and lines of a web page, by the words of their labels.

What a figure is of is said by its row, its column, the row that heads its part of the table, or the heading above.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any
from urllib.parse import urljoin

from conformance.audit.listed import lists_in
from conformance.audit.page import Grid, Page, page_of
from conformance.audit.printed import YEAR, is_figure, note, note_row, year_of
from conformance.audit.published import Published, Report

_LIST_OF = re.compile(r"(?i)\blist of\b")
_SIGN_IN = re.compile(r"(?i)\W*(please )?(sign|log)[ -]?in\b.*")
_PLAN = re.compile(
    r"(?i)\b([HRSE]\d{4}|\d{5}[A-Z]{2}\d*|plan|contract|medicare|medicaid|chip|marketplace|hmo|ppo|qhp)\b"
)
_CUTS = {
    "service": "service", "procedure": "service", "drug": "service", "medication": "service", "specialty": "specialty",
    "plan": "plan", "contract": "plan", "reason": "reason", "month": "month", "channel": "channel",
    "line of business": "line", "delegate": "delegate",
}  # fmt: skip
_BY = re.compile(rf"\bby (?:the )?(?:denial )?({'|'.join(_CUTS)})\b", re.IGNORECASE)
_CORNER = re.compile(rf"(?:denial )?({'|'.join(_CUTS)})(?: (?:code|category|type|name))?", re.IGNORECASE)


def of_csv(source: str, text: str) -> Published:
    """The figures of delimited text: a label first, then what is printed beside it."""
    rows = [[each.strip() for each in row] for row in csv.reader(io.StringIO(text), dialect=_dialect(text)) if any(row)]
    return Published(source, _reports([Grid((), rows)], year_of([], text)))


def _dialect(text: str) -> Any:
    try:
        return csv.Sniffer().sniff(text[:4096], delimiters=",;\t|")
    except csv.Error:
        return csv.excel


def of_page(source: str, text: str) -> Published:
    """The figures of a page; where it has none, what it has instead."""
    page = page_of(text)
    found = Published(source, _reports(page.grids, year_of(page.headings, " ".join(page.words))))
    # A link is an address, and what a cell says in words is none; "Click here" may be the words of several links.
    whole = ((said, urljoin(source, href) if source.startswith("http") else href) for href, said in page.links)
    links = list(dict.fromkeys(whole))
    alone = Counter(said for said, _ in links)
    addresses = {said: href for said, href in links if alone[said] == 1}
    linked = {each: href for said, href in reversed(links) for each in lists_in(said)}
    for report in found.reports:
        report.lists = linked | {each: addresses.get(said, said) for each, said in report.lists.items()}
    if not any(each.figures or each.none for each in found.reports):
        found.problem, found.behind_login = _instead(page)
    return found


def _instead(page: Page) -> tuple[str, bool]:
    """What a page without figures is in words, and whether it lets in only whom it knows."""
    if page.asks_for_password:
        return "asks for a password", True
    if page.has_form and any(_SIGN_IN.fullmatch(each) for each in page.headings):
        return "asks to sign in", True
    if pdf := next((href for href, _ in page.links if re.search(r"(?i)\.(pdf|xlsx?)\b", href)), None):
        return f"holds no figures that could be read; it links to {pdf}, which is not read: type them into CSV", False
    if page.has_script and len(" ".join(page.words).split()) < 50:
        return "holds no figures that could be read; scripts draw it: save what a browser shows as HTML", False
    return "holds no figures that could be read", False


def _reports(grids: Iterable[Grid], year: int | None) -> list[Report]:
    """The reports that tables hold: one, or one for each plan that a heading or a column names."""
    reports = [Report(year=year)]
    for grid in chain.from_iterable(map(_by_plan, grids)):
        plan = next((each for each in grid.headings if _PLAN.search(each)), "")
        if plan != reports[-1].payer and _again(grid, reports[-1]):
            reports.append(Report(year=year))
        reports[-1].payer = plan if not reports[-1].figures else reports[-1].payer
        _grid(grid, reports[-1])
    return [each for each in reports if each.figures or each.none or each.lists] or reports[:1]


def _by_plan(grid: Grid) -> list[Grid]:
    """A table whose columns are of plans as one for each of them."""
    heads = grid.rows[0] if grid.rows else ()
    plans = [place for place, each in enumerate(heads) if place and _PLAN.search(each)]
    if len(plans) < 2:
        return [grid]
    return [
        Grid((heads[each], *grid.headings), [(row[0], *row[each : each + 1]) for row in grid.rows]) for each in plans
    ]


def _again(grid: Grid, report: Report) -> bool:
    """Whether a table tells anew what a report tells already."""
    other = Report()
    _grid(grid, other)
    return bool(other.figures.keys() & report.figures.keys())


def _grid(grid: Grid, report: Report) -> None:
    """Notes the figures of one table; of columns for several years those of the last year."""
    year = _last_year(grid)
    if cut := _cut(grid):
        report.finer.setdefault(cut, []).extend(_finer(grid, year))
        return
    for row in grid.rows:
        report.lists = dict.fromkeys(_listed(row), row[-1]) | report.lists
    for labels, cell in _cells(grid, year):
        note(report, labels, cell)
        report.year = report.year or year or None


def _finer(grid: Grid, year: int) -> list[Report]:
    """A table of a finer cut: one for each side that its columns tell apart."""
    tables: dict[str, Report] = {}
    rows = set()
    for labels, cell in _cells(grid, year):
        note_row(tables, labels, cell)
        rows.add(labels[0])
    if len(rows) < len(grid.rows) - 1:
        for table in tables.values():
            table.none.add(("rows without figures", "total"))
    return list(tables.values())


def _cells(grid: Grid, year: int) -> Iterator[tuple[tuple[str, ...], str]]:
    """The cells of a table, each with the labels of its row, of its column and of its part, and the headings above.

    Of columns for several years those of ``year``.
    """
    heads: list[Sequence[str]] = []
    part, begun = "", False  # what heads the rows that follow, and whether figures came since the headings
    for row in grid.rows:
        wide = next((place for place, each in enumerate(row) if place and is_figure(each)), len(row))
        label, cells = " ".join(dict.fromkeys(row[:wide])), row[wide:]
        if _listed(row):
            continue
        if not any(map(is_figure, cells)):
            if len(set(filter(None, row))) == 1:
                part = label
            elif not begun or row[0] in ("", *(head[0] for head in heads)):
                heads, begun = [*([] if begun else heads), row], False
            continue
        begun = True
        above = [" ".join(head[place] for head in heads if place < len(head)) for place in range(wide, len(row))]
        for head, cell in _of_year(above, cells, year):
            yield (label, head, part, *grid.headings), cell


def _listed(row: Sequence[str]) -> tuple[str, ...]:
    """Which lists of what requires prior authorization the last cell of a row tells of."""
    label = " ".join(row[:-1])
    return lists_in(label) if _LIST_OF.search(label) else ()


def _last_year(grid: Grid) -> int:
    """The last year that a table has a column for; 0 where it has none."""
    return max((int(found[1]) for row in grid.rows[:2] for each in row if (found := YEAR.fullmatch(each))), default=0)


def _cut(grid: Grid) -> str:
    """By what a table cuts figures finer, as its first heading or the one above it says; "" where it does not."""
    corner = grid.rows[0][0] if len(grid.rows) > 1 and len(grid.rows[0]) > 1 else ""
    above = grid.headings[0] if grid.headings and corner else ""
    found = _BY.search(above) or _CORNER.fullmatch(corner)
    return _CUTS[found[1].casefold()] if found else ""


def _of_year(above: Sequence[str], cells: Sequence[str], year: int) -> list[tuple[str, str]]:
    """The cells of a row with what stands above them; of several years those of the last."""
    both = [(head, cell) for head, cell in zip(above, cells, strict=True) if cell]
    if not year:
        return both
    return [(head, cell) for head, cell in both if not (named := YEAR.search(head)) or int(named[1]) == year]
