"""What a text or a code says: more than the decision, an end, or nothing (suites/rules/denial_reasons.toml)."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from conformance.apis.shapes import Coding
from conformance.paths import suites

REASON_SYSTEM = "https://codesystem.x12.org/external/886"
ACTION_SYSTEM = "https://codesystem.x12.org/005010/306"
ACTION_VALUE_SET = "https://valueset.x12.org/x217/005010/response/2000F/HCR/1/01/00/306"

# Codes of these systems say that there is no reason, or which decision it is.
NO_REASON_SYSTEMS = frozenset(
    {
        "http://terminology.hl7.org/CodeSystem/data-absent-reason",
        "http://terminology.hl7.org/CodeSystem/v3-NullFlavor",
        ACTION_SYSTEM,
        ACTION_VALUE_SET,
    }
)

_LINES = re.compile(
    r"\b(?:items?|lines?|services?|sequences?|seq|position)\W{0,3}(?:no\W{0,2}|number )?"
    r"(\d+(?:\s*(?:,|&|and|or)\s*\d+)*)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class _Rules:
    words: frozenset[str]
    phrases: tuple[re.Pattern[str], ...]
    placeholders: frozenset[str]
    shape: re.Pattern[str]
    ends: re.Pattern[str]
    denied: re.Pattern[str]
    granted: re.Pattern[str]
    open: re.Pattern[str]


@cache
def _rules() -> _Rules:
    raw: Any = tomllib.loads((suites() / "rules" / "denial_reasons.toml").read_text("utf-8"))
    return _Rules(
        words=frozenset(raw["generic"]["words"].split()),
        phrases=tuple(re.compile(rf"\b(?:{each})(?!\w)") for each in raw["generic"]["phrases"]),
        placeholders=frozenset(raw["codes"]["placeholders"]),
        shape=re.compile(raw["codes"]["reason_shape"]),
        ends=_any_of(raw["end"]["cues"]),
        denied=_any_of(raw["decision"]["denied"]),
        granted=_any_of(raw["decision"]["granted"]),
        open=_any_of(raw["decision"]["open"]),
    )


def _any_of(cues: list[str]) -> re.Pattern[str]:
    return re.compile("|".join(rf"\b(?:{each})\b" for each in cues))


def specific(value: str) -> tuple[str, ...]:
    """The sentences of a text, normalised and without generic phrases; those that then say nothing are left out."""
    rules, found = _rules(), []
    for sentence in re.split(r"[.;!?\n\r]+(?=\s|$)", value.casefold()):
        said = " ".join(re.findall(r"\w+", sentence.replace("_", " ").replace("'", "").replace("’", "")))
        for phrase in rules.phrases:
            said = " ".join(phrase.sub(" ", said).split())
        if any(word not in rules.words and not word.isdigit() for word in said.split()):
            found.append(said)
    return tuple(found)


def says_something(value: str) -> bool:
    """Whether a text tells more than that there is a decision, and which; boilerplate tells nothing."""
    return bool(specific(value))


def tells_end(value: str) -> bool:
    """Whether a text tells when, or under which circumstance, something ends."""
    return any(_rules().ends.search(each) for each in specific(value))


def decision_told(value: str) -> Literal["approved", "denied", ""]:
    """The decision that a text tells; "" where it tells none, more than one, or one that is still to come."""
    rules, said = _rules(), _plain(value)
    left, denied = rules.denied.subn(" ", said)
    granted = bool(rules.granted.search(left))
    if rules.open.search(said) or granted == bool(denied):
        return ""
    return "denied" if denied else "approved"


def is_reason_code(each: Coding, actions: frozenset[str]) -> bool:
    """Whether a code is a reason: none of the decision's own codes (``actions``), no placeholder, 886 in its shape."""
    rules, code = _rules(), each.code.casefold()
    if not code or each.system in NO_REASON_SYSTEMS or code in rules.placeholders:
        return False
    if each.system == REASON_SYSTEM:
        return bool(rules.shape.fullmatch(each.code))
    if not each.system and each.code.upper() in actions:
        return False
    return code.isdigit() or says_something(re.sub(r"[^\w]|_", " ", code)) or bool(re.search(r"\d", code))


def lines_named(value: str) -> frozenset[int]:
    """The numbers of the lines that a text names: "Item 2: …", "lines 1 and 3 …"."""
    return frozenset(int(number) for named in _LINES.findall(value) for number in re.findall(r"\d{1,6}", named))


def names_any(value: str, names: frozenset[str]) -> bool:
    """Whether a text holds one of these names (of a service: its code, what it displays) as whole words."""
    said = f" {_plain(value)} "
    return any(each and f" {each} " in said for each in map(_plain, names))


def _plain(value: str) -> str:
    return " ".join(re.findall(r"\w+", value.casefold()))
