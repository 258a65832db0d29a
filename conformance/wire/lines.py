"""Lines of NDJSON into resources: each line is read strictly, and what repeats from line to line is read once.

A formulary says the same of thousands of drugs: in a line of three kilobytes only the id, the drug and the narrative
are new. So a line is first cut into its members, unread, and a member that was read before is not read again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import IO, Any, NamedTuple

from conformance.apis.alike import shape
from conformance.strict_json import NotJson, load, load_or_none

LONGEST_LINE = 50 * 1024 * 1024  # bytes of a line, and of a .json file
MOST_KEPT = 32768  # members
OF_ITS_OWN = frozenset(("id", "text"))  # members that no two resources share
# A narrative without anything unusual: where nobody wants it (it is condensed), it need not be read.
NARRATIVE = re.compile(rb'\{"status": ?"(generated|additional)", ?"div": ?"(?:[^"\\\x00-\x1f]++|\\["\\/nrt])++"\}')
ID = re.compile(rb'"[A-Za-z0-9\-.]{1,64}"')


class Part(NamedTuple):
    """A value, how it is built (``alike.shape``), and a number that tells its text from others."""

    value: Any
    shape: int
    digest: int = 0


ORDINARY = 0  # the shape of an id that is one, and of a plain narrative
NO_PART = Part(None, ORDINARY)
Condense = Callable[[Any], Any]


class Reader:
    """Reads one resource after the other; the values that it gives share their parts, and are only to be read.

    ``condense`` makes less of some members before they are kept: what it gives stands in the place of their values.
    """

    def __init__(self, condense: Mapping[str, Condense]) -> None:
        self._condense = condense
        # By a hash of their text, which Python makes anew in every process: nobody can aim at another's.
        self._known: dict[int, Part] = {}

    def read(self, body: bytes) -> Part:
        """The JSON value that ``body`` is, and its shape; NotJson otherwise."""
        members = _members(body)
        try:
            parts = None if members is None else {name: self._part(name, raw) for name, raw in members.items()}
        except NotJson:
            parts = None  # the whole says where it is
        if parts is None:
            return whole_part(load(body))
        built = hash(tuple([(name, part.shape) for name, part in parts.items()]))
        return Part({name: part.value for name, part in parts.items()}, built, hash(body.strip()))

    def _part(self, name: str, raw: bytes) -> Part:
        if name == "id" and ID.fullmatch(raw):
            return Part(raw[1:-1].decode(), ORDINARY)
        if name in OF_ITS_OWN:
            plain = name == "text" and name in self._condense and NARRATIVE.fullmatch(raw) and _is_utf8(raw)
            return NO_PART if plain else self._read(name, raw)
        key = hash((name, raw))
        part = self._known.get(key)
        if part is None:
            if len(self._known) >= MOST_KEPT:
                self._known.clear()
            part = self._known[key] = self._read(name, raw)
        return part

    def _read(self, name: str, raw: bytes) -> Part:
        value = load(raw)
        condense = self._condense.get(name)
        return Part(condense(value) if condense else value, shape(value, name))


def _members(body: bytes) -> dict[str, bytes] | None:
    """The members of an object as they are written; None where it is none, or cannot be put together again from them
    (a name given twice, white space of any other kind): then it is read as a whole."""
    import msgspec

    line = body.strip()
    try:
        members = {name: bytes(raw) for name, raw in _decoder().decode(line).items()}
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    between, after = (b", ", b": ") if line[len(next(iter(members), "")) + 3 :][:2] == b": " else (b",", b":")
    whole = between.join([b'"' + name.encode() + b'"' + after + raw for name, raw in members.items()])
    return members if line == b"{" + whole + b"}" and all(map(_is_plain, members)) else None


@cache
def _decoder() -> Any:
    import msgspec

    return msgspec.json.Decoder(dict[str, msgspec.Raw])


@cache
def _is_plain(name: str) -> bool:
    return name.isascii() and name.isprintable()


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def whole_part(value: Any) -> Part:
    """A value that was read already, as a part."""
    return Part(value, shape(value), hash(json.dumps(value)))


def bounded_lines(opened: IO[bytes], longest: int) -> Iterator[tuple[int, bytes | None]]:
    """Every line with its number from 1; None for one of more than ``longest`` bytes."""
    number = 0
    while line := opened.readline(longest + 1):
        number += 1
        if len(line) <= longest:
            yield number, line
            continue
        while line and not line.endswith(b"\n"):
            line = opened.readline(2**20)
        yield number, None


def holds_lines(body: bytes) -> bool:
    """Whether a .json file is NDJSON by another name: several lines, the first a whole object."""
    first, _, rest = body.strip().partition(b"\n")
    return bool(rest.strip()) and isinstance(load_or_none(first), dict)
