"""One file of requirements read and checked: rows as values, or a UsageError that says where and what is wrong.

    api = "prior-auth"                       once per file
    required_by = "prior-auth.standards"     the row whose law demands the API itself, where one does
    part_of = "prior-auth"                   the API that the law counts this one to, where it does
    ["prior-auth.denial-reason"]             then the rows: text, level, scope, shown or untested, exposes, then
                                             law, guide, status

``until`` is the last day of a rule; a law of which the first day is not settled has no ``from`` and is not final.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

from conformance.errors import UsageError
from conformance.guides import satisfies

LEVELS = ("shall", "should", "may")  # strictest first
SCOPES = ("items", "drugs", "both")
SHOWN = ("live", "records", "document")
STATES = ("final", "proposed", "advocacy", "contract")
CONFIDENCES = ("verified", "secondary", "unverified")
PAYERS = ("ma", "medicaid-ffs", "medicaid-mco", "chip-ffs", "chip-mco", "qhp-ffe", "qhp-shop")
PERIODS = {
    "rating-period": "rating_period_start",
    "plan-year": "plan_year_start",
}  # what to count from: key of target.toml

_ROW = {"text", "level", "scope", "shown", "untested", "exposes", "rule", "law", "guide", "status"}
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_HEADER = re.compile(r"""\s*\[\s*["']?([^"'\]]+?)["']?\s*\]""")
# A text says how things are when all is well, not what is to be done about it.
_NOT_PLAIN = re.compile(r"\b(shall|should|tests? that|checks? that|verif(y|ies)|ensures?|make sure)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Law:
    """One citation: whom it binds, from when to when (last day), counted from which period, for which plans only."""

    payers: tuple[str, ...]
    cite: str
    from_: date | None
    until: date | None = None
    counted_from: str = ""  # "" the calendar | rating-period | plan-year
    requires: str = ""  # part_d


@dataclass(frozen=True)
class GuideRow:
    """What some versions of a guide say: ``statement`` is its key, or the profile, page or resource that says it."""

    ig: str
    versions: str
    level: str
    statement: str

    def holds(self, version: str) -> bool:
        """Whether this version of the guide says it."""
        return satisfies(version, self.versions)


@dataclass(frozen=True)
class Status:
    """How sure the row is: final, proposed, advocacy or contract, as of a day, and how the citation was read."""

    state: str = "final"
    as_of: date | None = None
    confidence: str = "verified"


@dataclass(frozen=True)
class Requirement:
    """One thing asked of a payer, by law or by a guide; ``untested`` says why nothing here can show it.

    ``exposes``: whoever does not meet it was seen to open members' data to somebody who may not have them.
    """

    id: str
    api: str
    kind: Literal["law", "guide"]
    text: str
    level: str
    scope: str
    shown: str
    untested: str
    exposes: bool
    rule: str
    law: tuple[Law, ...]
    guide: tuple[GuideRow, ...]
    status: Status
    file: str
    line: int | None


@dataclass(frozen=True)
class Head:
    """What a file says of its API: the row that demands it, and the API it is a part of, where it names them."""

    api: str
    required_by: str | None
    part_of: str | None


def rows_of(path: Path, content: bytes) -> tuple[Head, list[Requirement]]:
    """The head of a file and its rows in order."""
    try:
        text = content.decode("utf-8")
        table = tomllib.loads(text)
    except ValueError as wrong:  # TOMLDecodeError and UnicodeDecodeError are both
        found = re.search(r"at line (\d+)", str(wrong))
        raise UsageError(str(wrong), file=str(path), line=int(found[1]) if found else None) from wrong
    api, demanding, whole = (table.pop(key, None) for key in ("api", "required_by", "part_of"))
    if not isinstance(api, str) or not _SLUG.fullmatch(api):
        raise UsageError('needs api = "…", lower case with hyphens', file=str(path))
    if demanding is not None and not isinstance(demanding, str):
        raise UsageError("required_by is the id of one row", file=str(path))
    if whole is not None and not isinstance(whole, str):
        raise UsageError("part_of is the name of one API", file=str(path))
    lines = {found[1]: number for number, line in enumerate(text.splitlines(), 1) if (found := _HEADER.match(line))}
    rows = [_requirement(_Place(str(path), lines.get(key), key), api, row) for key, row in table.items()]
    return Head(api, demanding, whole), rows


@dataclass(frozen=True)
class _Place:
    """Where a row stands, for whoever has to mend it."""

    file: str
    line: int | None
    row: str

    def wrong(self, message: str) -> UsageError:
        return UsageError(f'["{self.row}"] {message}', file=self.file, line=self.line)

    def known(self, table: Any, keys: Collection[str], where: str = "") -> Mapping[str, Any]:
        """The table, once it is one and has no keys but these."""
        if not isinstance(table, dict):
            raise self.wrong(f"{where or 'this row'} is no table")
        if strangers := sorted(set(table) - set(keys)):
            raise self.wrong(
                f"unknown key {strangers[0]!r}{where and ' in ' + where}: expected {', '.join(sorted(keys))}"
            )
        return table

    def text(self, table: Mapping[str, Any], key: str, default: str | None = None) -> str:
        value = table.get(key, default)
        if not isinstance(value, str) or (not value.strip() and default is None):
            raise self.wrong(f'needs {key} = "…"')
        return value

    def one_of(self, table: Mapping[str, Any], key: str, choices: tuple[str, ...], default: str | None = None) -> str:
        value = table.get(key, default)
        if value is None or (value != default and value not in choices):
            raise self.wrong(f"{key} is {value!r}: expected one of {', '.join(choices)}")
        return str(value)

    def flag(self, table: Mapping[str, Any], key: str) -> bool:
        value = table.get(key, False)
        if not isinstance(value, bool):
            raise self.wrong(f"{key} is {value!r}: expected true, or no such key")
        return value

    def day(self, table: Mapping[str, Any], key: str) -> date | None:
        value = table.get(key)
        if value is not None and type(value) is not date:
            raise self.wrong(f"{key} is {value!r}: expected a date, such as 2027-01-01")
        return value

    def rows(self, table: Mapping[str, Any], key: str) -> Iterator[Any]:
        value = table[key]
        if not isinstance(value, list) or not value:
            raise self.wrong(f"{key} is a list with at least one entry")
        yield from value


def _requirement(place: _Place, api: str, row: Any) -> Requirement:
    parts = place.row.split(".")
    if len(parts) != 2 or not all(_SLUG.fullmatch(part) for part in parts):
        raise place.wrong('an id is "<slug>.<slug>", quoted, lower case with hyphens')
    table = place.known(row, _ROW)
    if ("law" in table) == ("guide" in table):
        raise place.wrong("has law or guide, one of them and never both")
    if ("shown" in table) == ("untested" in table):
        raise place.wrong("has shown or untested, one of them and never both")
    kind: Literal["law", "guide"] = "law" if "law" in table else "guide"
    if kind == "guide" and (misplaced := sorted({"level", "rule"} & set(table))):
        raise place.wrong(f"{misplaced[0]} belongs to rows of law; a guide's level stands with each of its entries")
    status = _status(place, table, kind)
    guide = tuple(_guide_row(place, each) for each in place.rows(table, "guide")) if kind == "guide" else ()
    level = min((row.level for row in guide), key=LEVELS.index) if guide else place.one_of(table, "level", LEVELS)
    return Requirement(
        id=place.row,
        api=api,
        kind=kind,
        text=_plain(place, place.text(table, "text")),
        level=level,
        scope=place.one_of(table, "scope", SCOPES, None if kind == "law" else "both"),
        shown=place.one_of(table, "shown", SHOWN) if "shown" in table else "",
        untested=place.text(table, "untested") if "untested" in table else "",
        exposes=place.flag(table, "exposes"),
        rule=place.text(table, "rule", ""),
        law=tuple(_law(place, each, status) for each in place.rows(table, "law")) if kind == "law" else (),
        guide=guide,
        status=status,
        file=place.file,
        line=place.line,
    )


def _plain(place: _Place, text: str) -> str:
    if found := _NOT_PLAIN.search(text):
        raise place.wrong(f"text says {found[0]!r}: it tells how things are, in one sentence of the present")
    if not text[0].isupper() or not text.endswith(".") or ". " in text:
        raise place.wrong("text is one sentence, with a capital and a full stop")
    return text


def _status(place: _Place, table: Mapping[str, Any], kind: str) -> Status:
    if "status" not in table:
        if kind == "law":
            raise place.wrong("a row of law needs status = { state, as_of, confidence }")
        return Status()
    status = place.known(table["status"], {"state", "as_of", "confidence"}, "status")
    as_of = place.day(status, "as_of")
    if as_of is None:
        raise place.wrong("status needs as_of, the day it was true")
    return Status(place.one_of(status, "state", STATES), as_of, place.one_of(status, "confidence", CONFIDENCES))


def _law(place: _Place, entry: Any, status: Status) -> Law:
    table = place.known(entry, {"payers", "cite", "from", "until", "counted_from", "requires"}, "law")
    payers, begins, until = table.get("payers"), place.day(table, "from"), place.day(table, "until")
    if not isinstance(payers, list) or not payers:
        raise place.wrong("a law names its payers, a list")
    if strangers := [payer for payer in payers if payer not in PAYERS]:
        raise place.wrong(f"unknown payer {strangers[0]!r}: expected {', '.join(PAYERS)}")
    if begins is None and status.state == "final":
        raise place.wrong("a final law needs from, the day it begins")
    if begins and until and until < begins:
        raise place.wrong(f"until {until.isoformat()} lies before from {begins.isoformat()}")
    return Law(
        payers=tuple(payers),
        cite=place.text(table, "cite"),
        from_=begins,
        until=until,
        counted_from=place.one_of(table, "counted_from", tuple(PERIODS), ""),
        requires=place.one_of(table, "requires", ("part_d",), ""),
    )


def _guide_row(place: _Place, entry: Any) -> GuideRow:
    table = place.known(entry, {"ig", "versions", "level", "statement"}, "guide")
    level = place.one_of(table, "level", LEVELS)
    row = GuideRow(place.text(table, "ig"), place.text(table, "versions"), level, place.text(table, "statement"))
    try:
        row.holds("1")
    except UsageError as wrong:
        raise place.wrong(f"versions: {wrong.message}") from wrong
    return row
