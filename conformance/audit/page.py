"""A web page as a reader sees it: its headings, its tables with merged cells spread out, its lines, links and forms."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser

HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6", "legend", "summary", "caption")  # from the widest to the nearest
_LINES = frozenset({"li", "p", "dt", "dd"})
_HOLDING_LINES = frozenset({"ul", "ol", "dl", "div", "section", "body"})
_CLOSED_BY = {  # tags that need no end: what begins after them ends them
    "li": {"li"}, "p": {"p", *HEADINGS, "table", "ul", "ol"}, "dt": {"dt", "dd"}, "dd": {"dt", "dd"},
}  # fmt: skip
_MOST_SPANNED = 100


@dataclass(frozen=True)
class Grid:
    """A table under the ``headings`` above it, the nearest first; ``rows`` have a cell in each column.

    A line of text is a row of its own.
    """

    headings: tuple[str, ...]
    rows: Sequence[Sequence[str]]


@dataclass
class Page:
    """What a page shows, in its order."""

    grids: list[Grid] = field(default_factory=list)
    headings: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)
    asks_for_password: bool = False
    has_form: bool = False
    has_script: bool = False


def page_of(text: str) -> Page:
    """The page that a text of HTML makes."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return reader.page


class _Table:
    """A table while it is read: cells by row and column, and how far those before reach into later rows."""

    def __init__(self, headings: tuple[str, ...]) -> None:
        self.headings = headings
        self.rows: list[dict[int, str]] = []
        self.reaching: dict[int, tuple[int, str]] = {}  # column -> rows still to fill, with what
        self.cell: list[str] | None = None
        self.spans = (1, 1)

    def row(self) -> None:
        self.end_cell()
        self.rows.append({})
        for column, (more, text) in list(self.reaching.items()):
            self.rows[-1][column] = text
            self.reaching[column] = (more - 1, text)
            if more == 1:
                del self.reaching[column]

    def end_cell(self) -> None:
        if self.cell is None:
            return
        text, self.cell = _one_line(self.cell), None
        if not self.rows:
            self.row()
        across, down = self.spans
        for _ in range(across):
            column = next(each for each in range(len(self.rows[-1]) + 1) if each not in self.rows[-1])
            self.rows[-1][column] = text
            if down > 1:
                self.reaching[column] = (down - 1, text)

    def grid(self) -> Grid:
        self.end_cell()
        rows = [[row.get(column, "") for column in range(max(row) + 1)] for row in self.rows if row]
        return Grid(self.headings, rows)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.page = Page()
        self._tables: list[_Table] = []
        self._silent = 0
        self._above: dict[int, str] = {}  # the headings that stand, by their place among HEADINGS
        self._said: dict[str, list[str]] = {}  # open headings, lines and links, with what was said in them

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        for open_, closing in _CLOSED_BY.items():
            if tag in closing and open_ in self._said:
                self.handle_endtag(open_)
        if tag in ("script", "style"):
            self._silent += 1
            self.page.has_script |= tag == "script"
        elif tag == "table":
            self._tables.append(_Table(self._headings()))
        elif tag == "tr" and self._tables:
            self._tables[-1].row()
        elif tag in ("td", "th") and self._tables:
            table = self._tables[-1]
            table.end_cell()
            table.cell, table.spans = [], (_span(given.get("colspan")), _span(given.get("rowspan")))
        elif tag in ("input", "form"):
            self.page.has_form = True
            self.page.asks_for_password |= given.get("type") == "password"
        elif tag == "a" and given.get("href"):
            self.page.links.append((str(given["href"]), ""))
            self._said["a"] = []
        elif tag == "br":
            self.handle_data(" ")
        elif tag in HEADINGS or tag == "title" or (tag in _LINES and not self._tables):
            self._said[tag] = []

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self._silent = max(0, self._silent - 1)
        elif tag in ("td", "th") and self._tables:
            self._tables[-1].end_cell()
        elif tag in _HOLDING_LINES:
            for line in _LINES & self._said.keys():
                self.handle_endtag(line)
        elif tag == "table" and self._tables:
            self.page.grids.append(self._tables.pop().grid())
        elif tag in self._said:
            self._end(tag, _one_line(self._said.pop(tag)))

    def _end(self, tag: str, text: str) -> None:
        if tag == "a":
            self.page.links[-1] = (self.page.links[-1][0], text)
        elif tag in _LINES:
            label, _, value = text.rpartition(":")
            self.page.grids.append(Grid(self._headings(), [[label, value.strip()]]))
        elif text:
            self.page.headings.append(text)
            if tag == "caption" and self._tables:
                self._tables[-1].headings = (text, *self._tables[-1].headings)
            elif tag in HEADINGS:
                level = HEADINGS.index(tag)
                self._above = {each: said for each, said in self._above.items() if each < level} | {level: text}

    def _headings(self) -> tuple[str, ...]:
        return tuple(said for _, said in sorted(self._above.items(), reverse=True))

    def handle_data(self, data: str) -> None:
        if self._silent:
            return
        self.page.words.append(data)
        for said in self._said.values():
            said.append(data)
        if self._tables and self._tables[-1].cell is not None:
            self._tables[-1].cell.append(data)

    def close(self) -> None:
        super().close()
        while self._tables:
            self.page.grids.append(self._tables.pop().grid())


def _span(said: str | None) -> int:
    return min(int(said), _MOST_SPANNED) if said and re.fullmatch(r"[1-9]\d{0,3}", said.strip()) else 1


def _one_line(said: list[str]) -> str:
    return " ".join("".join(said).split())
