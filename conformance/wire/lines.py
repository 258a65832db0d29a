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


ORDINARY_ID, ORDINARY_TEXT = 1, 2  # the shapes of an id that is one, and of a plain narrative
Condense = Callable[[Any], Any]


class Reader:
    """Reads one resource after the other; the values that it gives share their parts, and are only to be read.

    ``condense`` makes less of some members before they are kept: what it gives stands in the place of their values.
    """

    def __init__(self, condense: Mapping[str, Condense]) -> None:
        self._condense = condense
        # By a hash of their text, which Python makes anew in every process: nobody can aim at another's.
        self._members: dict[int, Part] = {}
        self._entries: dict[int, Part] = {}

    def read(self, body: bytes) -> Part:
        """The JSON value that ``body`` is, and its shape; NotJson otherwise."""
        line = body.strip()
        members = _cut(line, _of_objects())
        if not members:
            return whole_part(load(body))
        known, value, shapes, digests = self._members, {}, [], []
        written = 1
        try:
            for name, cut in members.items():
                raw = bytes(cut)
                part = known.get(hash((name, raw))) or self._new(name, raw)
                value[name], shape_of, digest = part
                shapes.append(shape_of)
                digests.append(digest)
                written += len(name) + len(raw) + 4
        except NotJson:
            return whole_part(load(body))  # the whole says where it is
        # {"name":value,"name":value} and nothing beside it: no name stands twice.
        if (written != len(line) and not _is_spaced(line, members)) or not "".join(value).isascii():
            return whole_part(load(body))
        return Part(value, hash(tuple(shapes)), hash(tuple(digests)))

    def _new(self, name: str, raw: bytes) -> Part:
        if name in OF_ITS_OWN:
            return self._own(name, raw)
        return _kept(self._members, hash((name, raw)), self._read(name, raw))

    def _own(self, name: str, raw: bytes) -> Part:
        if name == "id" and ID.fullmatch(raw):
            return Part(raw[1:-1].decode(), ORDINARY_ID, hash(raw))
        if name == "text" and name in self._condense and NARRATIVE.fullmatch(raw) and _is_utf8(raw):
            return Part(None, ORDINARY_TEXT, hash(raw))
        return self._read(name, raw)

    def _read(self, name: str, raw: bytes) -> Part:
        entries = _entries(raw) if raw.startswith(b"[{") else None
        part = _part(name, raw) if entries is None else _list([self._entry(name, each) for each in entries])
        condense = self._condense.get(name)
        value = condense(part.value) if condense else part.value
        return Part(value, hash((name, part.shape)), hash((name, raw)))

    def _entry(self, name: str, raw: bytes) -> Part:
        key = hash((name, raw))
        part = self._entries.get(key)
        if part is None:
            part = _kept(self._entries, key, _part(name, raw))
        return part


def _kept(parts: dict[int, Part], key: int, part: Part) -> Part:
    if len(parts) >= MOST_KEPT:
        parts.clear()
    parts[key] = part
    return part


def _part(name: str, raw: bytes) -> Part:
    value = load(raw)
    return Part(value, shape(value, name))


def _list(parts: list[Part]) -> Part:
    """A list of its entries; its shape is what ``alike.shape`` makes of it as a whole."""
    return Part([part.value for part in parts], hash((list, *dict.fromkeys([part.shape for part in parts]))))


def _is_spaced(line: bytes, members: Mapping[str, Any]) -> bool:
    """Whether an object is these members and nothing else, with a space after each colon and comma."""
    written = [b'"' + name.encode() + b'": ' + bytes(cut) for name, cut in members.items()]
    return line == b"{" + b", ".join(written) + b"}"


def _entries(raw: bytes) -> list[bytes] | None:
    """The entries of a list as they are written; None where it cannot be cut."""
    entries = _cut(raw, _of_lists())
    return None if entries is None else list(map(bytes, entries))


def _cut(text: bytes, decoder: Any) -> Any:
    import msgspec

    try:
        return decoder.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


@cache
def _of_objects() -> Any:
    import msgspec

    return msgspec.json.Decoder(dict[str, msgspec.Raw])


@cache
def _of_lists() -> Any:
    import msgspec

    return msgspec.json.Decoder(list[msgspec.Raw])


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
