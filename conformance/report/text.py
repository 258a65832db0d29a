"""Making text that a payer wrote harmless to look at: nothing invisible, nothing that turns the line around."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

# Control characters but tab and line feed, format characters (bidi overrides, zero-width, tags), fillers, private use,
# lone surrogates, noncharacters. Written out because asking unicodedata for each character of a megabyte is slow.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5\u180b-\u180e"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff\ue000-\uf8ff\ufdd0-\ufdef\ufeff\uffa0\ufff0-\ufffb"
    "\ufffe\uffff\U000110bd\U000110cd\U00013430-\U0001345f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U0010ffff]"
)
_MARK = "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
_STACKED = re.compile(f"({_MARK}{{3}})({_MARK}+)")
_NAMES = {0x00: "NUL", 0x07: "BEL", 0x08: "BS", 0x0D: "CR", 0x1B: "ESC", 0x7F: "DEL"}


def visible(text: str) -> str:
    """The text with every invisible or direction-changing character named: ``⟨ESC⟩``, ``⟨U+202E⟩``.

    Tab and line feed stay, CR LF becomes LF, and of marks stacked on one letter three stay.
    """
    text = text.replace("\r\n", "\n")
    text = _HIDDEN.sub(_named, text)
    return _STACKED.sub(lambda found: f"{found[1]}⟨+{len(found[2])} marks⟩", text)


def _named(found: re.Match[str]) -> str:
    code = ord(found.group())
    return f"⟨{_NAMES.get(code) or f'U+{code:04X}'}⟩"


def folded(text: str, head: int = 280, most: int = 4000) -> tuple[str, str]:
    """What is shown of a long value at once, and the rest, which is cut too where it never ends."""
    if len(text) <= head + 40:
        return text, ""
    rest = text[head:]
    if len(rest) > most:
        rest = f"{rest[:most]}… ({len(text):,} characters in all)"
    return text[:head], rest


def one_line(text: str, most: int = 160) -> str:
    """The text on one line, cut."""
    flat = " ".join(text.split())
    return flat if len(flat) <= most else flat[: most - 1] + "…"


def cell(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def csv_text(columns: Sequence[str], rows: Iterable[Iterable[str]]) -> str:
    """A table as CSV; no cell is taken for a formula by whoever opens it in a spreadsheet."""
    written = io.StringIO()
    lines = csv.writer(written, lineterminator="\n")
    lines.writerow(columns)
    lines.writerows(map(cell, row) for row in rows)
    return written.getvalue()
