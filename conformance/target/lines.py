"""On which line of a TOML text each key stands: tomllib reads values, and forgets where it found them.

The text must be one that tomllib accepts; nothing is checked here. A key that a newer TOML allows and this reader does
not follow has no line, and the reader of the message is sent to the table it stands in.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from contextlib import suppress

KeyPath = tuple[str | int, ...]  # ("known", "prior-auth", 0, "received"): list places count from 0

BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}' r"|'''.*?'{3,5}" r'|"(?:\\.|[^"\\\n])*"' r"|'[^'\n]*'",
    re.DOTALL,
)
SCALAR = re.compile(r"[^,\[\]{}#\"'\n]+")


def key_lines(text: str) -> dict[KeyPath, int]:
    """The line, counted from 1, of every key, table and list entry of a TOML text."""
    reading = _Reading(text)
    with suppress(_LostError):  # what was found until there is right
        reading.document()
    return reading.found


class _LostError(Exception):
    """The text is not what this reader expects here."""


class _Reading:
    """A place in the text, and what was found before it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.found: dict[KeyPath, int] = {}
        self._starts = [newline.end() for newline in re.finditer("\n", text)]
        self._lengths: dict[KeyPath, int] = {}  # of lists of tables: how many there are so far

    def document(self) -> None:
        table: KeyPath = ()
        self._blank()
        while self.at < len(self.text):
            if self._sees("[["):
                table = self._list_entry()
            elif self._sees("["):
                table = self._table()
            else:
                self._pair(table)
            self._blank()

    def _table(self) -> KeyPath:
        line = self._line()
        self._skip("[")
        table = self._placed(self._key(), line)
        self._skip("]")
        return table

    def _list_entry(self) -> KeyPath:
        line = self._line()
        self._skip("[[")
        *parents, name = self._key()
        entries = (*self._placed(parents, line), name)
        self._note(entries, line)
        count = self._lengths.get(entries, 0)
        self._lengths[entries] = count + 1
        self._note((*entries, count), line)
        self._skip("]]")
        return (*entries, count)

    def _placed(self, names: list[str], line: int) -> KeyPath:
        """A table's path as values have it: a list of tables on the way stands for its last entry."""
        path: KeyPath = ()
        for name in names:
            path = (*path, name)
            self._note(path, line)
            if path in self._lengths:
                path = (*path, self._lengths[path] - 1)
        return path

    def _pair(self, table: KeyPath) -> None:
        line = self._line()
        path = table
        for name in self._key():
            path = (*path, name)
            self._note(path, line)
        self._skip("=")
        self._value(path)

    def _value(self, path: KeyPath) -> None:
        self._blank()
        if self._sees("["):
            self._list(path)
        elif self._sees("{"):
            self._inline_table(path)
        elif string := STRING.match(self.text, self.at):
            self.at = string.end()
        else:
            self._match(SCALAR)

    def _list(self, path: KeyPath) -> None:
        self._skip("[")
        place = 0
        self._blank()
        while not self._sees("]"):
            self._note((*path, place), self._line())
            self._value((*path, place))
            self._separator("]")
            place += 1
        self._skip("]")

    def _inline_table(self, path: KeyPath) -> None:
        self._skip("{")
        self._blank()
        while not self._sees("}"):
            self._pair(path)
            self._separator("}")
        self._skip("}")

    def _separator(self, closing: str) -> None:
        self._blank()
        if not self._sees(closing):
            self._skip(",")
            self._blank()

    def _key(self) -> list[str]:
        names = [self._name()]
        while self._sees("."):
            self._skip(".")
            names.append(self._name())
        return names

    def _name(self) -> str:
        self._blank()
        if self._sees('"') or self._sees("'"):
            name = str(tomllib.loads(f"key = {self._match(STRING)}")["key"])
        else:
            name = self._match(BARE_KEY)
        self._blank()
        return name

    def _note(self, path: KeyPath, line: int) -> None:
        self.found.setdefault(path, line)

    def _line(self) -> int:
        return bisect_right(self._starts, self.at) + 1

    def _blank(self) -> None:
        self._match(BLANK)

    def _sees(self, mark: str) -> bool:
        return self.text.startswith(mark, self.at)

    def _skip(self, mark: str) -> None:
        if not self._sees(mark):
            raise _LostError
        self.at += len(mark)

    def _match(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.text, self.at)
        if found is None:
            raise _LostError
        self.at = found.end()
        return found.group()
