"""JSON read strictly, and every refusal told with its place: for bytes that a payer sent.

The standard library's reader takes NaN, repeated names and any depth; here they are refused (RFC 8259, and what no
FHIR reader agrees on). Everything is linear in the length of the text, whatever it holds.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from itertools import accumulate
from typing import Any

MAX_DEPTH = 100  # levels of lists and objects: more than any profile uses, fewer than the interpreter's stack
MAX_DIGITS = 4300  # of an integer: the interpreter reads no more
INFINITE = float("inf")

_STRING = r'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)'  # possessive, and closed by the end of the text: linear on any input
_STRINGS = re.compile(_STRING, re.DOTALL)
_NO_BRACKETS = bytes(set(range(256)) - set(b"{}[]"))
_STEPS = {ord(each): step for step, brackets in ((1, "{["), (-1, "}]")) for each in brackets}
_BRACKET = re.compile(_STRING + r"|[{}\[\]]", re.DOTALL)
_TOKEN = re.compile(_BRACKET.pattern + r"|NaN|-?Infinity|-?\d[-+.\deE]*+", re.DOTALL)
_COLON = re.compile(r"\s*+:")
_HALF_CHARACTER = re.compile(r"\\u[dD][89a-fA-F]")
_BROKEN: Mapping[str, str] = {  # the decoder's message -> ours
    "Extra data": "more text follows the JSON",
    "Expecting value": "a value is missing",
    "Expecting ',' delimiter": "a comma or a closing bracket is missing",
    "Expecting ':' delimiter": "a colon is missing",
    "Expecting property name enclosed in double quotes": "a property name is missing",
    "Illegal trailing comma before end of object": "a comma stands before the end of an object",
    "Illegal trailing comma before end of array": "a comma stands before the end of a list",
    "Invalid control character at": "a control character stands inside a string",
}


class NotJson(Exception):
    """The bytes are no JSON: ``reason`` says in one sentence why, and where."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


def load(body: bytes) -> Any:
    """Strict JSON (RFC 8259): UTF-8, no repeated names, no NaN, at most 100 levels deep; NotJson otherwise.

    A byte order mark is tolerated as the RFC allows; ``has_byte_order_mark`` tells.
    """
    try:
        text = body.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as wrong:
        raise NotJson(f"the text is not UTF-8: byte {wrong.start + 1} begins no character") from None
    if not text.strip():
        raise NotJson("the text is empty")
    if text.lstrip().startswith("<"):
        raise NotJson("the text is HTML or XML, not JSON")
    _bounded(text)
    try:
        content = _DECODER.decode(text)
    except json.JSONDecodeError as wrong:
        raise NotJson(_broken(text, wrong)) from None
    except ValueError:  # ours, or the interpreter's about a number of thousands of digits
        raise NotJson(_refusal(text)) from None
    if _HALF_CHARACTER.search(text):
        _whole_characters(text)
    return content


def load_or_none(body: bytes) -> Any:
    """What ``load`` gives; None where the body is no strict JSON, or is null."""
    try:
        return load(body)
    except NotJson:
        return None


def load_object(body: bytes) -> dict[str, Any]:
    """The members of a JSON object; none where the body is anything else."""
    content = load_or_none(body)
    return content if isinstance(content, dict) else {}


def has_byte_order_mark(body: bytes) -> bool:
    """Whether the body starts with a UTF-8 byte order mark, which RFC 8259 forbids senders to add."""
    return body.startswith(b"\xef\xbb\xbf")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        raise ValueError("repeated name")
    return content


def _refused(constant: str) -> Any:
    raise ValueError(constant)


def _number(digits: str) -> float:
    number = float(digits)
    if number in (INFINITE, -INFINITE):
        raise ValueError("too large")
    return number


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_refused, parse_float=_number)


def _place(text: str, offset: int) -> str:
    line = text.count("\n", 0, offset) + 1
    return f"line {line}, column {offset - text.rfind(chr(10), 0, offset)}"


def _broken(text: str, wrong: json.JSONDecodeError) -> str:
    if wrong.pos >= len(text.rstrip()) or wrong.msg.startswith("Unterminated string"):
        return f"the JSON breaks off: something is left open at {_place(text, wrong.pos)}"
    what = _BROKEN.get(wrong.msg, "an escape in a string is wrong" if "escape" in wrong.msg else "it cannot be read")
    return f"the JSON is broken: {what} at {_place(text, wrong.pos)}"


def _bounded(text: str) -> None:
    if text.count("{") + text.count("[") <= MAX_DEPTH:
        return
    brackets = "".join(_STRINGS.split(text)).encode().translate(None, _NO_BRACKETS)
    if max(accumulate(map(_STEPS.__getitem__, brackets)), default=0) > MAX_DEPTH:
        raise NotJson(f"the JSON is nested more than {MAX_DEPTH} levels deep at {_place(text, _too_deep(text))}")


def _too_deep(text: str) -> int:
    """Where the first bracket is opened that is one too many."""
    tokens = [token for token in _BRACKET.finditer(text) if not token.group().startswith('"')]
    depths = accumulate(_STEPS[ord(token.group())] for token in tokens)
    return next(token.start() for token, depth in zip(tokens, depths, strict=True) if depth > MAX_DEPTH)


def _refusal(text: str) -> str:
    """What the decoder's hooks refused in this text, found again with its place."""
    names: list[set[str]] = []
    for token in _TOKEN.finditer(text):
        written = token.group()
        if written in ("{", "["):
            names.append(set())
        elif written in ("}", "]"):
            names.pop()
        elif written in ("NaN", "Infinity", "-Infinity"):
            return f"the JSON holds {written}, which is no JSON number, at {_place(text, token.start())}"
        elif written[0] != '"':
            if len(written) > MAX_DIGITS or float(written) in (INFINITE, -INFINITE):
                return f"the JSON holds a number too large to read at {_place(text, token.start())}"
        elif _COLON.match(text, token.end()):
            if (name := json.loads(written)) in names[-1]:
                return f"the JSON names the property {name[:60]!r} twice in one object at {_place(text, token.start())}"
            names[-1].add(name)
    return "the JSON holds a value that cannot be read"


def _whole_characters(text: str) -> None:
    """Refuses half of a surrogate pair: no UTF-8 text can hold it, so no record of the answer could be written."""
    for token in _TOKEN.finditer(text):
        if _HALF_CHARACTER.search(token.group()):
            try:
                json.loads(token.group()).encode()
            except UnicodeEncodeError:
                where = _place(text, token.start())
                raise NotJson(f"the JSON holds half a character (a lone surrogate) in the string at {where}") from None
