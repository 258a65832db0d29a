"""Laying out one message body for the page: JSON in readable lines, what a finding points at marked, cut to size."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Path = tuple[str | int, ...]

ONE_LINE = 96  # characters: a container no longer than this stays on one line
DEEPEST = 60  # levels: anything deeper is shown as it came
LONG_TEXT = 400  # characters of one JSON string
AROUND = 10  # lines kept around a marked line that lies beyond the cut
WHOLE = 40  # lines of one element that are all marked; of a longer one its first line

_encode = json.JSONEncoder(ensure_ascii=False).encode
# "Bundle.entry[2].resource.item[1]" or "Basic/item-7.extension[0]", found anywhere in a finding's ``at``.
_PLACE = re.compile(r"\b([A-Z][A-Za-z]+)(?=[./]\w)")
_NAMED = re.compile(r"\b[A-Z][A-Za-z]+/([A-Za-z0-9-]+)")  # an id with a dot in it is known by its beginning
_STEPS = re.compile(r"(?:\.[A-Za-z_]\w*(?:\(\w*\))?|\[\d+\])*")
_STEP = re.compile(r"\.([A-Za-z_]\w*)(\(\w*\))?|\[(\d+)\]")


class _Number(str):
    """A JSON number as it was written (1.10 stays 1.10)."""


@dataclass(frozen=True)
class Line:
    """One line of laid-out JSON and the element it belongs to; ``whole`` where it holds all of that element."""

    text: str
    path: Path
    whole: bool


@dataclass(frozen=True)
class Sheet:
    """A body read once: its lines, which of them say what, where its resources lie; no lines where it is no JSON."""

    body: str
    document: Any = None
    lines: tuple[Line, ...] = ()
    spans: Mapping[Path, tuple[int, int]] = field(default_factory=dict)
    resources: Mapping[str, Sequence[tuple[Path, str]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Part:
    """A run of lines of one kind; of a gap, ``text`` says how much is left out."""

    kind: Literal["text", "mark", "gap"]
    text: str


@dataclass(frozen=True)
class Shown:
    """A body as the page shows it; ``cut`` where something is left out."""

    parts: tuple[Part, ...]
    cut: bool

    @property
    def size(self) -> int:
        return sum(len(part.text) for part in self.parts)


def sheet(body: str) -> Sheet:
    """The body laid out; as it came where laying it out would not show what came."""
    try:
        document = _read(body)
    except (ValueError, RecursionError):
        return Sheet(body)
    lines = tuple(_lines(document, (), ""))
    spans: dict[Path, tuple[int, int]] = {}
    for number, line in enumerate(lines):
        spans[line.path] = (spans.get(line.path, (number, 0))[0], number)
    resources: dict[str, list[tuple[Path, str]]] = {}
    for path, resource in _resources(document):
        resources.setdefault(str(resource.get("resourceType")), []).append((path, str(resource.get("id"))))
    return Sheet(body, document, lines, spans, resources)


def show(given: Sheet, places: Iterable[str] = (), limit: int = 20 * 1024) -> Shown:
    """The body in at most ``limit`` characters, the elements that ``places`` (FHIR paths) name marked."""
    if not given.lines:
        return _plain(given.body, limit)
    marked = _marked(given, places)
    return _fit(given.lines, marked, [*_near(given.lines, marked), *range(len(given.lines))], limit)


def excerpt(given: Sheet, places: Iterable[str], limit: int = 4 * 1024) -> Shown:
    """The elements that ``places`` name, marked, with the lines around them; nothing where none is found."""
    marked = _marked(given, places)
    return _fit(given.lines, marked, _near(given.lines, marked), limit)


def holds(body: str, places: Iterable[str]) -> bool:
    """Whether the body looks like it holds a resource that ``places`` name by type and id (``Basic/item-7.code``)."""
    named = {re.escape(found[1]) for place in places for found in _NAMED.finditer(place)}
    return bool(named) and re.search(rf'"id"\s*:\s*"(?:{"|".join(sorted(named))})[".]', body) is not None


def _plain(body: str, limit: int) -> Shown:
    if len(body) <= limit:
        return Shown((Part("text", body),) if body else (), False)
    return Shown((Part("text", body[:limit]), Part("gap", f"{len(body) - limit:,} more characters")), True)


def _read(body: str) -> Any:
    """The JSON value with numbers as written; ValueError where laying it out would not show what came."""
    document = json.loads(
        body, parse_int=_Number, parse_float=_Number, parse_constant=_refuse, object_pairs_hook=_without_duplicates
    )
    if not isinstance(document, dict | list) or _depth(document) > DEEPEST:
        raise ValueError("nothing to lay out")
    return document


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


def _without_duplicates(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key occurs twice")
    return found


def _depth(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(_depth, value), default=0)
    return 0


def _lines(value: Any, path: Path, lead: str) -> Iterable[Line]:
    """``value`` in lines without indentation of its parents; ``lead`` stands before its first line."""
    if not isinstance(value, dict | list):
        return [Line(lead + _scalar(value), path, True)]
    opening, closing = ("{", "}") if isinstance(value, dict) else ("[", "]")
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    children = [
        list(_lines(child, (*path, key), f"{_scalar(key)}: " if isinstance(value, dict) else ""))
        for key, child in pairs
    ]
    if all(len(child) == 1 for child in children):
        joined = lead + opening + ", ".join(child[0].text for child in children) + closing
        if len(joined) <= ONE_LINE:
            return [Line(joined, path, True)]
    inside = [
        Line("  " + line.text + ("," if line is child[-1] and child is not children[-1] else ""), line.path, line.whole)
        for child in children
        for line in child
    ]
    return [Line(lead + opening, path, False), *inside, Line(closing, path, False)]


def _scalar(value: Any) -> str:
    if isinstance(value, _Number):
        return str(value)
    if isinstance(value, str) and len(value) > LONG_TEXT:
        return _encode(value[: LONG_TEXT // 2])[:-1] + f'…" ({len(value):,} characters)'
    return _encode(value)


def _marked(given: Sheet, places: Iterable[str]) -> set[int]:
    """The numbers of the lines that say what ``places`` point at; of a long element, its first line."""
    marked: set[int] = set()
    for path in filter(None, (locate(given, place) for place in places)):
        while path not in given.spans:  # the element shares a line with its parent
            path = path[:-1]
        start, end = given.spans[path]
        marked.update(range(start, end + 1) if end - start < WHOLE else (start,))
    return marked


def _near(lines: Sequence[Line], marked: set[int]) -> list[int]:
    """The marked lines, then those around them."""
    around = {n for mark in marked for n in range(max(0, mark - AROUND), min(len(lines), mark + AROUND + 1))}
    return [*sorted(marked), *sorted(around - marked)]


def locate(given: Sheet, place: str) -> Path | None:
    """The path of the element that ``place`` names; where it is the element that is missing, of its parent."""
    for start, steps in _starts(given, place):
        path, here = start, given.document
        for key in start:
            here = here[key]
        for name, function, index in _STEP.findall(steps):
            if function:
                continue
            if name and isinstance(here, list) and len(here) == 1:
                path, here = (*path, 0), here[0]
            key = name or int(index)
            if not _has(here, key):
                if isinstance(key, int):
                    return None  # another answer is meant: in this one nothing stands there
                break
            path, here = (*path, key), here[key]
        return path or None
    return None


def _starts(given: Sheet, place: str) -> Iterator[tuple[Path, str]]:
    """Where the resource that begins ``place`` lies, if only one can be meant, and the steps from it."""
    for found in _PLACE.finditer(place):
        rest, alike = place[found.end() :], given.resources.get(found[1], ())
        if rest.startswith("/"):
            meant = [(path, rest[len(name) + 1 :]) for path, name in alike if _begins(rest[1:], name)]
        else:
            meant = [(path, rest) for path, _ in alike]
        if len(meant) == 1 and (steps := _STEPS.match(meant[0][1])):
            yield meant[0][0], steps[0]


def _begins(text: str, name: str) -> bool:
    """Whether ``text`` begins with all of ``name``: "item-7.code" with item-7, not with item."""
    return text.startswith(name) and re.match(r"[\w-]", text[len(name) :]) is None


def _has(value: Any, key: str | int) -> bool:
    if isinstance(key, int):
        return isinstance(value, list) and key < len(value)
    return isinstance(value, dict) and key in value


def _resources(document: Any) -> Iterable[tuple[Path, dict[str, Any]]]:
    """The document itself and the resources that its entries or parameters hold."""
    if not isinstance(document, dict):
        return
    yield (), document
    for list_name in ("entry", "parameter"):
        children = document.get(list_name)
        for number, child in enumerate(children if isinstance(children, list) else ()):
            if isinstance(child, dict) and isinstance(child.get("resource"), dict):
                for path, resource in _resources(child["resource"]):
                    yield (list_name, number, "resource", *path), resource


def _fit(lines: Sequence[Line], marked: set[int], order: Sequence[int], limit: int) -> Shown:
    """The lines in parts, as many as fit into ``limit`` characters, taken in ``order``."""
    room = limit
    kept: set[int] = set()
    for number in order:
        if number in kept:
            continue
        room -= len(lines[number].text) + 1
        if room < 0:
            break
        kept.add(number)
    return Shown(tuple(_parts(lines, marked, kept)) if kept else (), len(kept) < len(lines))


def _parts(lines: Sequence[Line], marked: set[int], kept: set[int]) -> Iterable[Part]:
    start = 0
    while start < len(lines):
        kind = _kind(start, marked, kept)
        end = start
        while end < len(lines) and _kind(end, marked, kept) == kind:
            end += 1
        text = "\n".join(line.text for line in lines[start:end])
        yield Part(kind, f"{end - start:,} more lines" if kind == "gap" else text)
        start = end


def _kind(number: int, marked: set[int], kept: set[int]) -> Literal["text", "mark", "gap"]:
    if number not in kept:
        return "gap"
    return "mark" if number in marked else "text"
