"""Values that may not be written, found again in any text by one pass over its words, however many they are."""

from __future__ import annotations

import json
import re
import unicodedata
from bisect import insort
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import islice
from urllib.parse import quote, quote_plus

HIDDEN = "[redacted]"
STANDING = re.compile(r"\b(?:member|person)-\d+\b|\[redacted\]")  # what stands in a text for somebody already
LONGEST_STANDING = 16

WORD = re.compile(r"[^\W_]+")
NO_WORD = str.maketrans({each: " " for each in map(chr, range(128)) if not each.isalnum()})
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
PHONE = re.compile(r"\+?1?[\s.(-]*(\d{3})[\s.)-]*(\d{3})[\s.-]*(\d{4})")
# What tells who a stranger is in any text: a social security number, a telephone number.
STRANGERS = re.compile(
    r"(?<![\w.-])(?:\d{3}-\d{2}-\d{4}|(?:\+?1[-. ])?(?:\(\d{3}\) ?|\d{3}[-. ])\d{3}[-. ]\d{4}"
    r"|(?<=tel |fax )\d{3}[-. ]\d{4}|(?<=phone )\d{3}[-. ]\d{4})(?![\w-])",
    re.IGNORECASE,
)
FOUR_DIGITS = re.compile(
    r"[-. ]\d{4}(?![\w-])"
)  # how each of them ends: a body is searched for it in a tenth of the time
CUT = "…"
LONGEST_CUT = 100_000  # characters of a text in which cut values are looked for: messages, not bodies
ANY_CASE = 6  # a value this long is found in capitals and small letters alike, a shorter one could be a common word
UNBOUNDED = 8  # a secret this long is found inside of words as well
LEAST_OF_A_CUT = 4
MOST_CUTS = 20

SHORT = 200  # characters of a text whose telling is remembered
MOST_TOLD = 50_000

Span = tuple[int, int, str]  # start, end, what is to stand there


@dataclass(frozen=True)
class _Value:
    """A value in one of its forms, and what stands for it."""

    text: str
    name: str
    exact: bool

    def is_written(self, written: str) -> bool:
        if written == self.text:
            return True
        if self.exact or written.lower() != self.text.lower():
            return False
        loose = len(self.text) >= ANY_CASE or any(each.isdigit() for each in self.text)
        return loose or written in (self.text.upper(), self.text.title())


class Known:
    """What may not be written, and what stands for each."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        # By their longest word (the first is a house number, or the day of a date), its place in them and their length,
        # and themselves in small letters: of a text that has the word as many slices are looked up as there are
        # lengths, however many names have it.
        self._holding: dict[str, dict[tuple[int, int], dict[str, list[_Value]]]] = {}
        self._beginning: dict[str, list[tuple[int, _Value]]] = {}  # by their first word, with its place in them
        self._secrets: list[tuple[int, str]] = []  # the longest first, so that none is torn by a shorter one inside it
        self._told: dict[str, str] = {}  # short texts come again by the thousand: systems, codes, units

    def __len__(self) -> int:
        return len(self._names)

    def name(self, value: str) -> str:
        """What stands for a value; empty where it is not known."""
        return self._names.get(value, "")

    def learn(self, value: str, name: str, *, exact: bool = False) -> None:
        """From now on ``name`` stands for ``value`` in all its forms (``exact``: in this form only)."""
        if value in self._names:
            return
        self._names[value] = name
        self._told.clear()
        for form in {value} if exact else forms(value):
            if words := list(WORD.finditer(form)):
                first, longest = words[0], max(words, key=lambda word: len(word.group()))
                written = _Value(form, name, exact)
                holding = self._holding.setdefault(longest.group().lower(), {})
                alike = holding.setdefault((longest.start(), len(form)), {})
                alike.setdefault(form.lower(), []).append(written)
                self._beginning.setdefault(first.group().lower(), []).append((first.start(), written))

    def hide(self, secret: str) -> None:
        """From now on ``secret`` is written nowhere, neither as it is nor as URLs and JSON spell it."""
        if len(secret) < UNBOUNDED:
            self.learn(secret, HIDDEN, exact=True)
            return
        for form in {secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1]}:
            if form not in self._names:
                self._names[form] = HIDDEN
                self._told.clear()
                insort(self._secrets, (-len(form), form))

    def replaced(self, text: str) -> str:
        """The text with what stands for each known value in its place."""
        if len(text) > SHORT:
            return self._replaced(text)
        told = self._told.get(text)
        if told is None:
            if len(self._told) >= MOST_TOLD:
                self._told.clear()
            told = self._told[text] = self._replaced(text)
        return told

    def _replaced(self, text: str) -> str:
        for _, secret in self._secrets:
            if secret in text:
                text = text.replace(secret, HIDDEN)
        if FOUR_DIGITS.search(text):
            text = STRANGERS.sub(HIDDEN, text)
        spans = list(self._found(text))
        if CUT in text and len(text) <= LONGEST_CUT:
            spans += self._cut(text)
        return _with(text, [each for each in spans if not _stands(text, each)]) if spans else text

    def _found(self, text: str) -> Iterator[Span]:
        words = words_of(text)
        if self._holding.keys().isdisjoint(map(str.lower, words)):
            return
        for word in words:
            if holding := self._holding.get(word.lower()):
                for place in _places(word, text):
                    yield from _standing(holding, text, place)

    def _cut(self, text: str) -> Iterator[Span]:
        """Values that a message shows the beginning of: shortened before anybody could know what they are."""
        for cut in islice(re.finditer(CUT, text), MOST_CUTS):
            end = cut.start()
            for _, secret in self._secrets:
                tail = text[max(0, end - len(secret)) : end]
                if shown := next((n for n in range(len(tail), LEAST_OF_A_CUT, -1) if secret.startswith(tail[-n:])), 0):
                    yield end - shown, end, HIDDEN
            begin = max(0, end - 200)
            for word in WORD.finditer(text, begin, end):
                begun = word.group().lower()
                torn = word.end() == end and len(begun) >= LEAST_OF_A_CUT
                firsts = [each for each in self._beginning if each.startswith(begun)] if torn else [begun]
                for lead, value in (each for first in firsts for each in self._beginning.get(first, ())):
                    start = max(0, word.start() - lead)
                    written = text[start:end].lower()
                    if LEAST_OF_A_CUT <= len(written) < len(value.text) and value.text.lower().startswith(written):
                        yield start, end, value.name


def words_of(text: str) -> set[str]:
    """The different words of a text; of one in ASCII, as most bodies are, in a third of the time."""
    return set(text.translate(NO_WORD).split()) if text.isascii() else set(WORD.findall(text))


def forms(value: str) -> set[str]:
    """How a payer may write a value: accents composed, decomposed or lost, dates and numbers in other notations."""
    decomposed = unicodedata.normalize("NFD", value)
    plain = "".join(each for each in decomposed if not unicodedata.combining(each))
    written = {value, unicodedata.normalize("NFC", value), decomposed, plain}
    if DATE.fullmatch(value):
        written |= _dates(value)
    elif found := PHONE.fullmatch(value):
        written |= {sign.join(found.groups()) for sign in ("", "-", ".", " ")}
        written |= {f"({found[1]}) {found[2]}-{found[3]}", f"({found[1]}){found[2]}-{found[3]}"}
    elif any(each.isdigit() for each in value):
        joined = "".join(each for each in value if each.isalnum())
        written |= {joined} if len(joined) >= ANY_CASE else set()
    return written


def _dates(value: str) -> set[str]:
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return set()
    american = {f"{day.month}{sign}{day.day}{sign}{day.year}" for sign in "/-."}
    padded = {f"{day:%m}{sign}{day:%d}{sign}{day:%Y}" for sign in "/-."}
    return {f"{day:%Y%m%d}", f"{day:%Y/%m/%d}", f"{day:%m%d%Y}", *american, *padded}


def _places(word: str, text: str) -> Iterator[int]:
    """Where a word stands in a text by itself; of a body of thousands of words only few may begin a value."""
    at = text.find(word)
    while at >= 0:
        if _apart(text, at) and _apart(text, at + len(word)):
            yield at
        at = text.find(word, at + len(word))


def _standing(holding: dict[tuple[int, int], dict[str, list[_Value]]], text: str, place: int) -> Iterator[Span]:
    """The values that stand in a text and whose longest word is found at this place."""
    for (lead, length), values in holding.items():
        start = place - lead
        end = start + length
        for value in values.get(text[start:end].lower(), ()) if start >= 0 else ():
            if value.is_written(text[start:end]) and _apart(text, start) and _apart(text, end):
                yield start, end, value.name


def _apart(text: str, at: int) -> bool:
    """Whether no word runs across this place."""
    return not (0 < at < len(text) and text[at - 1].isalnum() and text[at].isalnum())


def _stands(text: str, span: Span) -> bool:
    """Whether a span is a part of what stands for somebody already: some are called Member."""
    start, end, _ = span
    near = STANDING.finditer(text, max(0, start - LONGEST_STANDING), end + LONGEST_STANDING)
    return any(each.start() <= start and end <= each.end() and each.span() != (start, end) for each in near)


def _with(text: str, spans: list[Span]) -> str:
    """The text with the spans replaced, those that overlap by one name."""
    parts, done = [], 0
    for start, end, name in sorted(spans, key=lambda span: (span[0], -span[1])):
        if start >= done:
            parts += [text[done:start], name]
        done = max(done, end)
    return "".join([*parts, text[done:]])
