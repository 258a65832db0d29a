"""A target file as it was read: its values, what it extends, and where each of them stands.

Everything wrong with it is a UsageError with the file and line at which the reader has to look.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import tomllib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, time
from functools import cache
from pathlib import Path
from typing import Any

from conformance import paths
from conformance.errors import UsageError
from conformance.target.lines import KeyPath, key_lines

MAX_BYTES = 1_000_000
MAX_DEPTH = 24
MAX_CHAIN = 8
WIDEST = 2**63
BARE = re.compile(r"[A-Za-z0-9_-]+")
AT_LINE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")

Place = tuple[Path, int]


@dataclass(frozen=True)
class Document:
    """The values of a target file and of those it extends, JSON-ready: dates and times are ISO 8601 texts."""

    path: Path
    values: Mapping[str, Any]
    places: Mapping[KeyPath, Place]
    sha256: str

    def get(self, key: KeyPath, default: Any = None) -> Any:
        """The value at a key, or ``default``."""
        value: Any = self.values
        for step in key:
            inside = step < len(value) if isinstance(value, list) and isinstance(step, int) else False
            if not inside and not (isinstance(value, Mapping) and step in value):
                return default
            value = value[step]
        return value

    def place(self, key: KeyPath) -> Place:
        """The file and line of a key, or of the nearest table around it."""
        for length in range(len(key), 0, -1):
            if key[:length] in self.places:
                return self.places[key[:length]]
        return self.path, 1

    def wrong(self, key: KeyPath, message: str) -> UsageError:
        """The error to raise about a key."""
        file, line = self.place(key)
        return UsageError(message, file=str(file), line=line)

    def beside(self, key: KeyPath) -> Path:
        """The path written at a key, which is relative to the file that writes it."""
        path = Path(str(self.get(key)))
        with suppress(RuntimeError):  # ~somebody whom this machine does not know
            path = path.expanduser()
        return self.place(key)[0].parent / path


def read(path: Path) -> Document:
    """Reads a target file and the chain it extends; what is in them is not judged yet."""
    layers = list(_chain(path))
    values: dict[str, Any] = {}
    places: dict[KeyPath, Place] = {}
    for layer in layers:
        places.update({key: place for key, place in layer.places.items() if not _covered(values, key)})
        _lay_under(values, layer.values)
    values.pop("extends", None)
    digest = hashlib.sha256(b"".join(layer.content for layer in layers)).hexdigest()
    return Document(path, values, places, digest)


@dataclass(frozen=True)
class _Layer:
    """One file of a chain."""

    content: bytes
    values: dict[str, Any]
    places: dict[KeyPath, Place]


def _chain(path: Path) -> Iterable[_Layer]:
    seen: list[Path] = []
    if not is_file(path):
        raise UsageError("there is no such file", file=str(path))
    while True:
        layer = _layer(path)
        yield layer
        seen.append(path.resolve())
        further = layer.values.get("extends")
        if further is None:
            return
        line = layer.places.get(("extends",), (path, 1))[1]
        if not isinstance(further, str) or not further:
            raise UsageError("extends: expected the path of another target file", file=str(path), line=line)
        file, path = path, path.parent / further
        if not is_file(path):
            raise UsageError(f"extends: there is no file {path}", file=str(file), line=line)
        if path.resolve() in seen:
            raise UsageError(f"extends: {further} extends this file in turn", file=str(file), line=line)
        if len(seen) == MAX_CHAIN:
            raise UsageError(f"extends: more than {MAX_CHAIN} files in a chain", file=str(file), line=line)


def _layer(path: Path) -> _Layer:
    try:
        with path.open("rb") as opened:
            content = opened.read(MAX_BYTES + 1)
    except OSError as wrong:
        raise UsageError(f"cannot be read: {wrong.strerror}", file=str(path)) from None
    if len(content) > MAX_BYTES:
        raise UsageError("is larger than a megabyte; expected a target file", file=str(path))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        line = content.count(b"\n", 0, wrong.start) + 1
        raise UsageError("is not UTF-8 text", file=str(path), line=line) from None
    values = _parsed(text, path)
    lines = key_lines(text)
    places = {key: (path, line) for key, line in lines.items()}
    return _Layer(content, _plain(values, (), places, path), places)


def _parsed(text: str, path: Path) -> dict[str, Any]:
    too_deep = UsageError(f"is nested more than {MAX_DEPTH} levels deep", file=str(path))
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as wrong:
        at = AT_LINE.search(str(wrong))
        line = int(at[1]) if at and at[1] else max(1, len(text.rstrip("\n").split("\n")))
        message = AT_LINE.sub("", str(wrong))
        raise UsageError(f"is not TOML: {message[:1].lower()}{message[1:]}", file=str(path), line=line) from None
    except ValueError:
        raise UsageError("holds a number that is too long", file=str(path)) from None
    except RecursionError:
        raise too_deep from None
    level: list[Any] = [values]
    for _ in range(MAX_DEPTH):
        level = [inner for each in level for inner in _inside(each)]
        if not level:
            return values
    raise too_deep


def _inside(value: Any) -> list[Any]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [each for each in inner if isinstance(each, dict | list)]


def _plain(value: Any, key: KeyPath, places: Mapping[KeyPath, Place], path: Path) -> Any:
    """The value with dates as texts; a number that JSON cannot carry is refused."""
    if isinstance(value, dict):
        return {name: _plain(inner, (*key, name), places, path) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner, (*key, place), places, path) for place, inner in enumerate(value)]
    if isinstance(value, date | time):  # a datetime is a date
        return value.isoformat()
    odd = (isinstance(value, float) and not math.isfinite(value)) or (isinstance(value, int) and abs(value) >= WIDEST)
    if odd:
        line = places.get(key, (path, 1))[1]
        raise UsageError(f"{dotted(key)}: expected an ordinary number", file=str(path), line=line)
    return value


def _lay_under(values: dict[str, Any], more: Mapping[str, Any]) -> None:
    """Adds to ``values`` what ``more`` has beyond them: tables are merged, anything else of ``values`` stands."""
    for name, value in more.items():
        if name not in values:
            values[name] = value
        elif isinstance(values[name], dict) and isinstance(value, dict):
            _lay_under(values[name], value)


def _covered(values: Any, key: KeyPath) -> bool:
    """Whether ``values`` already say something at a key, or at one above it that is no table."""
    for step in key:
        if not isinstance(values, dict):
            return True
        if step not in values:
            return False
        values = values[step]
    return True


def dotted(key: KeyPath) -> str:
    """A key as a reader would write it; entries of lists are counted from 1."""
    text = ""
    for step in key:
        if isinstance(step, int):
            text += f"[{step + 1}]"
        else:
            text += ("." if text else "") + (step if BARE.fullmatch(step) else json.dumps(step, ensure_ascii=False))
    return text


def is_file(path: Path) -> bool:
    """Whether there is an ordinary file; False too where the path cannot be one."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def is_folder(path: Path) -> bool:
    """Whether there is a folder; False too where the path cannot be one."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


@cache
def schema() -> Mapping[str, Any]:
    """The JSON Schema of a target file (reports/target.schema.json)."""
    found: Mapping[str, Any] = json.loads((paths.reports() / "target.schema.json").read_text("utf-8"))
    return found
