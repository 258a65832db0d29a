"""Which of many resources are built alike, so that one of them can be looked at for all.

The shape of a value is its names and types, of each text what kind it is (a date, a code, words), and of a period
whether it runs backwards. Two resources of one shape break the same rules of FHIR's structure, so of a million lines
only those of new shapes need a close look.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from conformance.apis.shapes import reference_key
from conformance.invariants import broken
from conformance.primitives import wrong

# Whatever people read: any words are as good as any others.
WORDS = frozenset(("display", "text", "div", "name", "description", "title", "comment", "author", "synonym",
                   "valueString", "valueMarkdown", "line", "city", "district"))  # fmt: skip
_DATED = re.compile(r"\d{4}(-\d\d(-\d\d(T.+)?)?)?")
_CODE = re.compile(r"[A-Za-z][A-Za-z-]{0,39}")  # told apart by its letters: it may be of a fixed list

ANY_WORDS = 1


def shape(value: Any, name: str = "") -> int:
    """A number that is equal for values that are built alike; ``name`` is the element's own."""
    kind = type(value)
    if kind is str:
        in_words = name in WORDS and value and not (value[0].isspace() or value[-1].isspace())
        return ANY_WORDS if in_words else _of_text(value, name)
    if kind is dict:
        backward = "start" in value and "end" in value and bool(broken("Period", value))
        return hash((backward, *[(key, shape(each, key)) for key, each in value.items()]))
    if kind is list:
        return hash((list, *dict.fromkeys([shape(each, name) for each in value])))
    if kind is int or kind is float:
        return hash((kind, value > 0, value == 0, abs(value) >= 2**31, kind is float and value.is_integer()))
    return hash((kind, value is None))


def outline(value: Any) -> int:
    """A number that is equal for objects or lists of the same names and JSON types: quicker, and blind to what texts
    say."""
    if type(value) is dict:
        return hash((*value, *map(type, value.values()), *map(outline, filter(_is_nested, value.values()))))
    return hash((list, *dict.fromkeys([outline(each) if _is_nested(each) else type(each) for each in value])))


def _is_nested(value: Any) -> bool:
    kind = type(value)
    return kind is dict or kind is list


@lru_cache(maxsize=4096)
def _of_text(text: str, name: str) -> int:
    if not text or text != text.strip():
        return hash(("odd", text))
    if name == "reference":
        return hash(("reference", reference_key(text).partition("/")[0], wrong("uri", text)))
    if name == "url" or _CODE.fullmatch(text):
        return hash(("literal", text))
    if _DATED.fullmatch(text):
        return hash(("date", len(text) if len(text) <= 10 else 11, wrong("dateTime", text), wrong("instant", text)))
    return hash(("text", wrong("id", text), wrong("code", text), wrong("uri", text)))
