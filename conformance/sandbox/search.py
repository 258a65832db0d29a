"""FHIR search over resources in memory: what a query asks for, as a condition on one resource.

Four kinds of parameter (token, string, date, reference) with their modifiers and comparators, a comma for "or",
repetition for "and", and chains of one step (FHIR R4, section 3.1.1). What cannot be done is refused, never guessed.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from conformance.sandbox.frame import Resource

Condition = Callable[[Resource], bool]
Query = tuple[tuple[str, str], ...]
Span = tuple[datetime, datetime]  # from the first instant, to the first instant after

BEGINNING = datetime.min.replace(tzinfo=UTC)
END = datetime.max.replace(tzinfo=UTC)
COMPARATORS = ("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb")
TEXT_MODIFIERS = ("exact", "contains")
STAMP = re.compile(
    r"(?P<year>\d{4})(-(?P<month>\d\d)(-(?P<day>\d\d)"
    r"(T(?P<hour>\d\d):(?P<minute>\d\d)(:(?P<second>\d\d)(\.(?P<fraction>\d+))?)?(?P<zone>Z|[+-]\d\d:\d\d)?)?)?)?"
)


class Misasked(Exception):
    """A query that cannot be answered as it was asked: a 400."""


@dataclass(frozen=True)
class Parameter:
    """A search parameter: its kind, and the values a resource has for it.

    Values of a token are (system, code) pairs, of a string texts, of a date spans, of a reference "Type/id".
    ``target`` is the type that a reference points to, where chains may follow it.
    """

    kind: str
    values: Callable[[Resource], Iterable[Any]]
    target: str = ""


@dataclass(frozen=True)
class Asked:
    """One parameter of a query taken apart: ``subject:MedicationKnowledge.drug-name:contains=pill``."""

    name: str
    modifier: str
    chained: str  # what follows the dot, "" without a chain
    value: str

    @property
    def path(self) -> str:
        """The parameter without its modifiers and type: "subject.drug-name"."""
        return f"{self.name}.{self.chained.partition(':')[0]}" if self.chained else self.name


def asked(name: str, value: str) -> Asked:
    """One name and value of a query string, taken apart."""
    own, _, chained = name.partition(".")
    plain, _, modifier = own.partition(":")
    return Asked(plain, modifier, chained, value)


def condition(parameter: Parameter, modifier: str, value: str, base_url: str = "") -> Condition:
    """What ``parameter`` with ``modifier`` and ``value`` asks of a resource; Misasked where it makes no sense."""
    if modifier == "missing":
        if value not in ("true", "false"):
            raise Misasked("The modifier :missing takes true or false.")
        return lambda resource: any(True for _ in parameter.values(resource)) != (value == "true")
    typed = parameter.kind == "reference" and modifier == parameter.target
    if modifier and not typed and not (parameter.kind == "string" and modifier in TEXT_MODIFIERS):
        raise Misasked(f"The modifier :{modifier} is not supported here.")
    choices = [choice for choice in split(value) if choice]
    if not choices:
        raise Misasked("A parameter has no value.")
    tests = [KINDS[parameter.kind](choice, modifier, base_url) for choice in choices]
    return lambda resource: any(test(found) for found in parameter.values(resource) for test in tests)


def pointing(parameter: Parameter, targets: Collection[str]) -> Condition:
    """The condition that a reference points to one of ``targets`` ("Type/id")."""
    return lambda resource: any(found in targets for found in parameter.values(resource))


def names(asked: str, tokens: Iterable[tuple[str, str]]) -> bool:
    """Whether one of these (system, code) is asked for; what is no token names nothing."""
    try:
        return condition(Parameter("token", lambda _resource: tokens), "", asked)({})
    except Misasked:
        return False


def split(value: str, at: str = ",") -> list[str]:
    r"""``value`` cut at each ``at`` that no backslash precedes; pieces keep their escapes (\, \| \$ \\)."""
    pieces, piece, escaped = [], "", False
    for letter in value:
        if letter == at and not escaped:
            pieces.append(piece)
            piece = ""
        else:
            piece += letter
        escaped = letter == "\\" and not escaped
    return [*pieces, piece]


def span(value: str) -> Span:
    """The instants that a FHIR date, dateTime or instant covers; UTC where it names no zone. Misasked if it is none."""
    found = STAMP.fullmatch(value)
    if not found:
        raise Misasked(f"{value!r} is not a date.")
    parts = found.groupdict()
    zone = "+00:00" if parts["zone"] in (None, "Z") else parts["zone"]
    text = (
        f"{parts['year']}-{parts['month'] or '01'}-{parts['day'] or '01'}"
        f"T{parts['hour'] or '00'}:{parts['minute'] or '00'}:{parts['second'] or '00'}{zone}"
    )
    try:
        start = datetime.fromisoformat(text)
    except ValueError as error:
        raise Misasked(f"{value!r} is not a date.") from error
    try:
        return _covered(start, parts)
    except (ValueError, OverflowError):  # the end of 9999-12-31
        return start, END


def period(found: Mapping[str, str]) -> Span:
    """The instants that a FHIR Period covers, open where it has no start or end."""
    start = span(found["start"])[0] if "start" in found else BEGINNING
    return start, span(found["end"])[1] if "end" in found else END


def cursor(query: Query, offset: int) -> str:
    """An opaque mark of a place in the results of ``query``."""
    return base64.urlsafe_b64encode(json.dumps([query, offset]).encode()).decode().rstrip("=")


def opened(mark: str) -> tuple[Query, int]:
    """The query and offset that ``cursor`` wrote; Misasked where it did not."""
    try:
        query, offset = json.loads(base64.urlsafe_b64decode(mark + "=" * (-len(mark) % 4)))
        return tuple((str(name), str(value)) for name, value in query), max(0, int(offset))
    except (binascii.Error, ValueError, TypeError, OverflowError) as error:
        raise Misasked("The page asked for is unknown.") from error


def _covered(start: datetime, parts: Mapping[str, str | None]) -> Span:
    if parts["fraction"]:
        start += timedelta(seconds=float(f"0.{parts['fraction']}"))
        return start, start + timedelta(seconds=10.0 ** -len(parts["fraction"]))
    for part, length in (("second", 1), ("minute", 60), ("day", 86400)):
        if parts[part]:
            return start, start + timedelta(seconds=length)
    if parts["month"]:
        return start, start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)
    return start, start.replace(year=start.year + 1)


def _plain(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value)


def _folded(text: str) -> str:
    """A text as strings are compared: without case and accents."""
    return "".join(
        letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter)
    ).casefold()


def _token(choice: str, _modifier: str, _base_url: str) -> Callable[[tuple[str, str]], bool]:
    pieces = [_plain(piece) for piece in split(choice, "|")]
    if len(pieces) == 1:
        return lambda found: found[1] == pieces[0]
    if len(pieces) > 2 or not any(pieces):
        raise Misasked(f"{choice!r} is not a token.")
    system, code = pieces
    if not code:
        return lambda found: found[0] == system
    return lambda found: found == (system, code)


def _string(choice: str, modifier: str, _base_url: str) -> Callable[[str], bool]:
    text = _plain(choice)
    if modifier == "exact":
        return lambda found: found == text
    wanted = _folded(text)
    if modifier == "contains":
        return lambda found: wanted in _folded(found)
    return lambda found: _folded(found).startswith(wanted)


def _reference(choice: str, modifier: str, base_url: str) -> Callable[[str], bool]:
    wanted = _plain(choice).removeprefix(f"{base_url}/") if base_url else _plain(choice)
    if modifier and "/" not in wanted:
        wanted = f"{modifier}/{wanted}"
    if "/" in wanted:
        return lambda found: found == wanted
    return lambda found: found.rpartition("/")[2] == wanted


def _date(choice: str, _modifier: str, _base_url: str) -> Callable[[Span], bool]:
    comparator, text = (choice[:2], choice[2:]) if choice[:2].isalpha() else ("eq", choice)
    if comparator not in COMPARATORS:
        raise Misasked(f"The comparator {comparator!r} is not supported.")
    low, high = span(text)

    def within(found: Span) -> bool:
        return low <= found[0] and found[1] <= high

    tests: dict[str, Callable[[Span], bool]] = {
        "eq": within,
        "ne": lambda found: not within(found),
        "gt": lambda found: found[1] > high,
        "lt": lambda found: found[0] < low,
        "ge": lambda found: found[1] > high or within(found),
        "le": lambda found: found[0] < low or within(found),
        "sa": lambda found: found[0] >= high,
        "eb": lambda found: found[1] <= low,
    }
    return tests[comparator]


KINDS: Mapping[str, Callable[[str, str, str], Callable[[Any], bool]]] = {
    "token": _token,
    "string": _string,
    "date": _date,
    "reference": _reference,
}
