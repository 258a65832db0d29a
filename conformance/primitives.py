"""How the primitive values of FHIR R4 are written in JSON, and what is wrong with one that is not.

A value itself is never repeated: it may be somebody's name or date of birth.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

_ZONE = r"(Z|[+-]((0\d|1[0-3]):[0-5]\d|14:00))"
_CLOCK = r"([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?"
_YEAR, _MONTH, _DAY = r"(?!0000)\d{4}", r"-(0[1-9]|1[0-2])", r"-(0[1-9]|[12]\d|3[01])"
_FORMS: Mapping[str, tuple[str, str]] = {  # http://hl7.org/fhir/R4/datatypes.html, primitive types
    "id": (r"[A-Za-z0-9\-.]{1,64}", "an id (1 to 64 letters, digits, - and .)"),
    "code": (r"\S+(\s\S+)*", "a code (no spaces around it, single ones inside)"),
    "uri": (r"\S+", "a URI (no spaces)"),
    "url": (r"\S+", "a URL (no spaces)"),
    "canonical": (r"\S+", "a canonical URL (no spaces)"),
    "oid": (r"urn:oid:[0-2](\.(0|[1-9]\d*))+", "an OID (urn:oid:…)"),
    "uuid": (r"urn:uuid:[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", "a UUID (urn:uuid:…)"),
    "base64Binary": (r"[0-9A-Za-z+/=\s]+", "base64"),
    "time": (_CLOCK, "a time (hh:mm:ss)"),
    "date": (f"{_YEAR}({_MONTH}({_DAY})?)?", "a date (YYYY, YYYY-MM or YYYY-MM-DD)"),
    "dateTime": (
        f"{_YEAR}({_MONTH}({_DAY}(T{_CLOCK}{_ZONE})?)?)?",
        "a date, or a time with seconds and zone (YYYY-MM-DDThh:mm:ss+zz:zz)",
    ),
    "instant": (f"{_YEAR}{_MONTH}{_DAY}T{_CLOCK}{_ZONE}", "an instant (YYYY-MM-DDThh:mm:ss+zz:zz)"),
}
_WRITTEN = {kind: (re.compile(form, re.ASCII), words) for kind, (form, words) in _FORMS.items()}
_LEAST = {"integer": -(2**31), "unsignedInt": 0, "positiveInt": 1}
_DATED = frozenset(("date", "dateTime", "instant"))


def wrong(kind: str, value: Any) -> str:
    """What is wrong with ``value`` as a primitive of that kind ("dateTime"), to follow its path; empty if nothing."""
    if kind == "boolean":
        return "" if isinstance(value, bool) else f"is {json_type(value)}, but true or false is expected"
    if kind in ("decimal", *_LEAST):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return f"is {json_type(value)}, but a number is expected"
        if kind == "decimal":
            return ""
        whole = (isinstance(value, int) or value.is_integer()) and _LEAST[kind] <= value < 2**31
        return "" if whole else f"is a number out of the range of {kind}, or not a whole one"
    if not isinstance(value, str):
        return f"is {json_type(value)}, but a text is expected"
    if not value:
        return "is an empty text, which FHIR does not allow"
    pattern, words = _WRITTEN.get(kind, (None, ""))
    if pattern and (not pattern.fullmatch(value) or (kind in _DATED and not _on_calendar(value))):
        return f"is not {words}"
    return ""


def _on_calendar(written: str) -> bool:
    try:
        return len(written) < 10 or bool(date.fromisoformat(written[:10]))
    except ValueError:
        return False


def json_type(value: Any) -> str:
    """What a JSON value is, in words."""
    if value is None or isinstance(value, bool):
        return "null" if value is None else "true or false"
    names = {str: "a text", int: "a number", float: "a number", list: "a list", dict: "an object"}
    return names.get(type(value), "something else")
