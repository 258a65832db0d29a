"""How a payer's log says what a decision is: audit.toml, or what can be told from the headings themselves.

payer_type = "ma"                        what target.toml would say, for an audit without one
timezones = ["America/New_York"]
extracted = 2027-01-31                   the day the records were drawn: what is open then is judged as of then
[columns]                                fact = heading, or [headings] whose texts are joined (a date and a time)
received = ["Date received", "Time received"]
[values.outcome]                         the log's word = ours
"APPR" = "approved"
[only]                                   rows with other values are left out, and counted
line = "MA"
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from conformance import paths
from conformance.audit.facts import BY_NAME, FACTS, WORDS, Fact, heading, plain
from conformance.audit.withheld import headings_told
from conformance.errors import UsageError

KEYS = frozenset({
    "name", "payer_type", "part_d", "timezones", "holidays", "extracted", "population",
    "rating_period_start", "plan_year_start", "unverified",
    "columns", "values", "only",
})  # fmt: skip
NEEDED = ("key", "received", "outcome")


@dataclass(frozen=True)
class Mapped:
    """One audit.toml; ``columns`` is fact -> headings, ``values`` fact -> the log's word in plain form -> ours."""

    file: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    only: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def layouts() -> dict[str, Path]:
    """The mappings that are ready: of layouts that many payers share, by name."""
    return {path.stem: path for path in sorted((paths.suites() / "layouts").glob("*.toml"))}


def load(path: Path) -> Mapped:
    """An audit.toml, or a ready mapping by its name, read and checked; UsageError in the reader's words."""
    if not path.exists():
        path = layouts().get(str(path), path)
    try:
        said = tomllib.loads(path.read_text("utf-8-sig"))
    except OSError as wrong:
        ready = ", ".join(layouts())
        raise UsageError(f"--map {path}: {wrong.strerror}; ready mappings: {ready}") from wrong
    except ValueError as wrong:
        raise UsageError(f"--map: {wrong}", file=str(path)) from wrong
    for key in said:
        if key not in KEYS:
            raise UsageError(f"unknown key {key!r}{_near(key, KEYS)}", file=str(path))
    columns = {}
    for fact, named in _table(said, "columns", path).items():
        if fact not in BY_NAME:
            raise UsageError(f"[columns] knows no {fact!r}{_near(fact, BY_NAME)}", file=str(path))
        headings = (named,) if isinstance(named, str) else tuple(named) if isinstance(named, list) else ()
        if not headings or not all(isinstance(each, str) and each for each in headings):
            raise UsageError(f"columns.{fact}: expected a heading, or a list of headings", file=str(path))
        columns[fact] = headings
    values = {}
    for fact, words in _table(said, "values", path).items():
        if fact not in WORDS:
            raise UsageError(f"[values.{fact}]: expected one of {', '.join(WORDS)}", file=str(path))
        for theirs, ours in words.items():
            if ours not in WORDS[fact]:
                raise UsageError(
                    f"values.{fact}.{theirs!r}: {ours!r} is none of {', '.join(WORDS[fact])}", file=str(path)
                )
        values[fact] = {plain(theirs): ours for theirs, ours in words.items()}
    only = {}
    for fact, wanted in _table(said, "only", path).items():
        if fact not in BY_NAME:
            raise UsageError(f"[only] knows no {fact!r}{_near(fact, BY_NAME)}", file=str(path))
        only[fact] = (wanted,) if isinstance(wanted, str) else tuple(map(str, wanted))
    if (day := said.get("extracted")) is not None and not isinstance(day, date | datetime):
        raise UsageError(f"extracted is {day!r}: expected a date such as 2027-01-31", file=str(path))
    facts = {key: value for key, value in said.items() if key not in ("columns", "values", "only")}
    return Mapped(str(path), facts, columns, values, only)


def _table(said: Mapping[str, Any], key: str, path: Path) -> Mapping[str, Any]:
    table = said.get(key, {})
    if not isinstance(table, dict):
        raise UsageError(f"[{key}] is a table", file=str(path))
    return table


def _near(word: str, known: Any) -> str:
    near = get_close_matches(word, list(known), 1)
    return f"; did you mean {near[0]!r}?" if near else f"; expected one of {', '.join(sorted(known))}"


def columns_of(headings: Sequence[str], mapped: Mapped, file: str) -> dict[str, tuple[str, ...]]:
    """Which of these headings hold which fact: as mapped, else as headings are commonly named.

    UsageError where a mapped heading is not there, or no heading gives a fact that every decision needs.
    """
    by_plain = {plain(each): each for each in headings}
    by_words = {heading(each): each for each in reversed(headings)}
    found: dict[str, tuple[str, ...]] = {}
    for fact, wanted in mapped.columns.items():
        missing = [each for each in wanted if plain(each) not in by_plain]
        if missing:
            told = headings_told(headings, [each for named in mapped.columns.values() for each in named])
            raise UsageError(
                f"columns.{fact}: {file} has no column {missing[0]!r}{_hint(missing[0], headings)}; it has {told}",
                file=mapped.file,
            )
        found[fact] = tuple(by_plain[plain(each)] for each in wanted)
    taken = {each for headings_ in found.values() for each in headings_}
    for known in FACTS:
        if known.name not in found and (named := _named(known, by_words, taken)):
            found[known.name] = named
            taken.update(named)
    lost = [fact for fact in NEEDED if fact not in found]
    if lost:
        raise UsageError(
            f"{file}: no column for {' and '.join(lost)} among {headings_told(headings)}; "
            f"name it under [columns] of a mapping (conformance audit --init audit.toml {file})"
        )
    return found


def _named(fact: Fact, by_words: Mapping[frozenset[str], str], taken: Collection[str]) -> tuple[str, ...]:
    """The headings that say a fact, of those not taken: none, one, or that of a date and that of its time."""
    names = [heading(name) for name in (fact.name, *fact.names)]
    words = next((each for each in names if by_words.get(each) not in (None, *taken)), None)
    if words is None:
        return ()
    twin = words - {"date"} | {"time"}
    if not fact.stamp or twin == words or twin not in by_words:
        return (by_words[words],)
    return (by_words[words], by_words[twin])


def _hint(word: str, headings: Sequence[str]) -> str:
    near = get_close_matches(word, list(headings), 1)
    return f" (did you mean {near[0]!r}?)" if near else ""


def proposal(file: str, headings: Sequence[str]) -> str:
    """A first audit.toml for a log with these headings: what could be told, and the rest as comments."""
    by_words = {heading(each): each for each in reversed(headings)}
    lines = [
        f"# How {file} says what a decision is: proposed from its headings. Check every line.",
        'payer_type = "ma"                 # ma medicaid-ffs medicaid-mco chip-ffs chip-mco qhp-ffe qhp-shop',
        'timezones = ["America/New_York"]  # where the payer works: stamps without a zone, ends of days',
        "# extracted = 2027-01-31          # the day the records were drawn: what is open then is judged as of then",
        "# rating_period_start = 2026-07-01  # Medicaid and CHIP plans: from when the clocks of 2026 bind them",
        '# population = "…"                # in your words: what was drawn, from where, by whom',
        "",
        "[columns]",
    ]
    taken: set[str] = set()
    for fact in FACTS:
        if both := _named(fact, by_words, taken):
            taken.update(both)
            quoted = _quoted(both[0]) if len(both) == 1 else f"[{', '.join(map(_quoted, both))}]"
            lines.append(f"{fact.name} = {quoted}  # {fact.means}")
        else:
            lines.append(f'# {fact.name} = "…"  # {fact.means}')
    left = [each for each in headings if each not in taken]
    if left:
        lines += ["", f"# Not used: {', '.join(left)}"]
    lines += [
        "",
        "# [values.outcome]               # the log's word = approved, denied, partial, pended, withdrawn, dismissed …",
        '# "APPR" = "approved"',
        "",
        "# [only]                         # rows with other values are left out, and counted",
        '# line = "MA"',
    ]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    import json

    return json.dumps(text, ensure_ascii=False)
